"""Portfolios for the tests of batch: every story of every pack as a contract of its own."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from checker.batch.plan import Request
from checker.batch.results import TABLES, Rows
from checker.batch.run import Batch, Ran
from checker.dates import parse_day
from checker.evaluate import Result, evaluate
from checker.facts import load_facts
from checker.records import read_records
from checker.source import read_source
from tests.product import ROOT, engines, pack
from tests.stories import FIXTURES, stories

AS_OF = "2003-01-15"
OUTPUTS = (*(f"{table}.parquet" for table in TABLES), "summary.json", "summary.html", "plan.json")

Row = dict[str, Any]


class Silent:
    """Is told, and says nothing."""

    def stage(self, what: str) -> None:
        """Nothing."""

    def begun(self, parts: int, contracts: int, parts_done: int, contracts_done: int) -> None:
        """Nothing."""

    def part(self, contracts: int, facts: int, outcomes: Mapping[str, int]) -> None:
        """Nothing."""

    def beat(self) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Made:
    """A portfolio in a folder: its table, and its facts in one file."""

    portfolio: Path
    facts: Path
    contracts: tuple[str, ...]

    def request(self, out: Path, **more: Any) -> Request:
        """A request for it, in one process of its own."""
        given: dict[str, Any] = {
            "portfolio": str(self.portfolio),
            "facts": (str(self.facts),),
            "out": out,
            "as_of": parse_day(AS_OF),
            "packs": ROOT / "rules",
            "workers": 0,
        }
        return Request(**{**given, **more})

    def run(self, out: Path, **more: Any) -> Ran:
        """The batch."""
        return Batch(self.request(out, **more), Silent()).run()


def story_name(story: Path) -> str:
    """The name of a story as a contract."""
    return f"{story.name}@{story.parent.name}"


@cache
def told() -> tuple[tuple[str, str, tuple[dict[str, Any], ...]], ...]:
    """Every story in its contract: name, pack, and its records as cells."""
    found = []
    for story in stories():
        (path,) = story.glob("facts.*")
        rules = pack(ROOT / "rules" / story.parent.name)
        fields = {name for kind in rules.kinds.values() for name in kind.fields}
        records, problems = read_records(read_source(path), path.suffix, fields)
        assert not problems
        name = story_name(story)
        cells = tuple({**record.cells, "contract": name} for record in records)
        found.append((name, story.parent.name, cells))
    return tuple(found)


def all_stories(folder: Path, times: int = 1, suffix: str = ".csv") -> Made:
    """All stories of all packs, each so many times under another name, their facts interleaved."""
    contracts, records = [], []
    for number in range(times):
        for name, rules, cells in told():
            again = f"{number:03d}-{name}"
            contracts.append((again, rules))
            records.append([{**each, "contract": again} for each in cells])
    longest = max(map(len, records))
    mixed = [each[at] for at in range(longest) for each in records if at < len(each)]
    return made(folder, contracts, mixed, suffix)


def made(
    folder: Path, contracts: Sequence[tuple[str, str]], records: Iterable[Row], suffix: str = ".csv"
) -> Made:
    """A portfolio of these contracts (name, pack) and records."""
    folder.mkdir(parents=True, exist_ok=True)
    portfolio, facts = folder / "portfolio.csv", folder / f"facts{suffix}"
    with portfolio.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("contract", "pack"), *contracts])
    if suffix == ".jsonl":
        lines = [json.dumps(each, ensure_ascii=False) + "\n" for each in records]
        facts.write_text("".join(lines), encoding="utf-8")
    else:
        write_csv(facts, list(records))
    return Made(portfolio, facts, tuple(name for name, _rules in contracts))


def write_csv(path: Path, records: Sequence[Row]) -> None:
    """Records as CSV, with all columns that occur."""
    columns = list(dict.fromkeys(name for each in records for name in each))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for each in records:
            words = {k: str(v).lower() if isinstance(v, bool) else v for k, v in each.items()}
            writer.writerow(words)


def checked(story: Path, contract: str | None = None) -> Result:
    """What `check` makes of a story, as the facts of a contract."""
    (path,) = story.glob("facts.*")
    rules = ROOT / "rules" / story.parent.name
    chosen = pack(rules)
    vocabulary = chosen.vocabulary({name: term.value for name, term in chosen.terms.items()})
    facts = load_facts([str(path)], vocabulary, contract)
    return evaluate(chosen, engines(rules), facts, parse_day(AS_OF))


def rows_of(contract: str, result: Result) -> dict[str, list[Row]]:
    """The rows of an evaluation, as batch writes them."""
    rows = Rows()
    rows.add(contract, result)
    return {name: table.to_pylist() for name, table in rows.tables().items()}


def read(out: Path, table: str) -> list[Row]:
    """The rows of a table of results."""
    rows: list[Row] = pq.read_table(out / f"{table}.parquet").to_pylist()
    return rows


def files(out: Path) -> dict[str, bytes]:
    """Everything that a batch gives to its reader, by name."""
    given = [out / name for name in OUTPUTS] + sorted((out / "reports").glob("*"))
    return {str(path.relative_to(out)): path.read_bytes() for path in given}


__all__ = ["AS_OF", "FIXTURES", "Made", "all_stories", "checked", "files", "made", "read", "told"]
