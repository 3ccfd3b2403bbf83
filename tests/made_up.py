"""Made-up portfolios as tests take them: every contract's facts typed as the command types them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checker.dates import Day
from checker.engines import ENGINES, Make
from checker.evaluate import Engines, Result, evaluate
from checker.facts import load_facts
from checker.generate.portfolio import Order, generate
from checker.loader import load_pack
from checker.model import Fact
from checker.pack import Pack
from checker.terms import Choices


@dataclass(frozen=True)
class Contract:
    """One contract of a portfolio of one pack, its terms as its line has them."""

    id: str
    choices: Choices
    facts: list[Fact]


@dataclass(frozen=True)
class Portfolio:
    """A portfolio of one pack, and the day to look at it."""

    pack: Pack
    as_of: Day
    contracts: list[Contract]
    shared: list[dict[str, str]]

    def results(self, make: Make = ENGINES["compiled"]) -> Iterator[tuple[Contract, Result]]:
        """The evaluation of every contract."""
        with Engines(self.pack, make) as engines:
            for contract in self.contracts:
                yield (
                    contract,
                    evaluate(
                        self.pack, engines, contract.facts, self.as_of, None, contract.choices
                    ),
                )


def portfolio(pack: Path, contracts: int, facts: int, folder: Path, seed: int = 1) -> Portfolio:
    """A portfolio of one pack, made up, written as CSV and read again."""
    folder.mkdir(exist_ok=True)
    order = Order((str(pack),), contracts, facts, seed)
    written = generate(order, folder, "csv", workers=1)
    return read(load_pack(pack), folder, written.as_of)


def read(pack: Pack, folder: Path, as_of: Day) -> Portfolio:
    """A portfolio of one pack that stands in a folder as CSV."""
    with (folder / "facts.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with (folder / "portfolio.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    by_contract: dict[str, list[list[str]]] = {"": []}
    for row in rows:
        by_contract.setdefault(row[header.index("contract")], []).append(row)
    contracts = []
    for line in lines:
        terms = {
            name.removeprefix("term."): pack.terms[name.removeprefix("term.")].parse(text, "USD")
            for name, text in line.items()
            if name.startswith("term.") and text
        }
        values = {name: term.value for name, term in pack.terms.items()} | terms
        path = folder / "one.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            own = by_contract.get(line["contract"], [])
            csv.writer(file).writerows([header, *by_contract[""], *own])
        found = load_facts([str(path)], pack.vocabulary(values), line["contract"])
        contracts.append(Contract(line["contract"], Choices(terms=terms), found))
    shared = [dict(zip(header, row, strict=True)) for row in by_contract[""]]
    return Portfolio(pack, as_of, contracts, shared)
