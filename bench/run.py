"""`make bench`: portfolios beside what one would do without; contracts; engines alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import engines, legal, portfolio, single

ENGINES = ("durable", "compiled")
PARTS = ("portfolio", "mixed", "single", "legal", "engines")


def asked() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument("--contracts", type=int, default=1_000)
    parser.add_argument("--facts", type=int, default=50_000)
    parser.add_argument("--workers", type=int, help="processes of a batch")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="any number; else both")
    parser.add_argument("--part", action="append", choices=PARTS, help="any number; else all")
    parser.add_argument("--no-rivals", action="store_true", help="batch alone")
    parser.add_argument("--patience", type=float, default=30.0, help="seconds as documented")
    return parser


def main() -> None:
    """Prints all that is asked for."""
    given = asked().parse_args()
    parts = given.part or PARTS
    sizes = portfolio.Asked(
        given.contracts, given.facts, tuple(given.engine or ENGINES), given.workers,
        not given.no_rivals, given.patience,
    )  # fmt: skip
    with TemporaryDirectory() as name:
        folder = Path(name)
        if "portfolio" in parts:
            portfolio.compare(sizes, folder)
        if "mixed" in parts:
            portfolio.mixed(sizes, folder)
        if "single" in parts:
            single.many_contracts(folder)
            single.one_contract(folder)
            single.one_question(folder)
            single.every_story()
        if "legal" in parts:
            legal.one_report(folder)
        if "engines" in parts:
            engines.main()


if __name__ == "__main__":
    main()
