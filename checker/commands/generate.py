"""`checker generate`: a made-up portfolio to measure and to try things with."""

from __future__ import annotations

from pathlib import Path

import click

from checker.commands.progress import one_line
from checker.dates import iso
from checker.generate.portfolio import Order, check, default_workers
from checker.generate.portfolio import generate as made_up
from checker.generate.tables import FACTS, FORMATS, PORTFOLIO
from checker.model import Place, Problem, WrongInput

_COUNT = click.IntRange(min=1)


@click.command()
@click.option("--contracts", type=_COUNT, required=True, help="How many contracts.")
@click.option("--facts", type=_COUNT, required=True, help="About how many records in all.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same gives the same.")
@click.option("--out", required=True, metavar="DIR", help="The folder of the two tables.")
@click.option(
    "--pack",
    "packs",
    multiple=True,
    metavar="PACK",
    help="A pack of these contracts, any number.  [default: all in rules/]",
)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="parquet")
@click.option("--workers", type=_COUNT, help="How many processes.  [default: one a processor]")
def generate(
    contracts: int,
    facts: int,
    seed: int,
    out: str,
    packs: tuple[str, ...],
    format_: str,
    workers: int | None,
) -> int:
    """Makes up a portfolio: its contracts, and the records of what everybody did.

    Most people pay what is due when it is due; some are late, within their days of grace or after
    them, some pay a little too little, a few nothing. The same call gives the same bytes.
    """
    folder = Path(out)
    order = Order(packs or _all_packs(), contracts, facts, seed)
    if folder.exists() and not folder.is_dir():
        raise WrongInput([Problem(Place("--out", 1, 1, out), f"'{out}' is not a folder")])
    check(order)
    folder.mkdir(parents=True, exist_ok=True)
    with one_line() as show:
        tell = None if show is None else lambda done: show(f"{done:,} of {contracts:,} contracts")
        written = made_up(order, folder, format_, workers or default_workers(), tell)
    click.echo(f"{folder / f'{PORTFOLIO}.{format_}'}: {contracts:,} contracts")
    click.echo(f"{folder / f'{FACTS}.{format_}'}: {written.facts:,} records")
    click.echo(f"look at them as of {iso(written.as_of)} or later")
    return 0


def _all_packs() -> tuple[str, ...]:
    found = sorted(path.parent for path in Path("rules").glob("*/contract.yaml"))
    if not found:
        message = "there is no pack in rules/: name one with --pack"
        raise WrongInput([Problem(Place("--pack", 1, 1), message)])
    return tuple(str(path) for path in found)
