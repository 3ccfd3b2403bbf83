"""The plan of a batch: everything that its results follow from, and the parts it is cut into."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checker import __version__
from checker.batch.columns import Columns
from checker.batch.intake import Range
from checker.batch.portfolio import Portfolio
from checker.batch.sources import Input
from checker.dates import Day, iso

PLAN = "plan.json"
SCHEMA = "https://contract-compliance-checker.invalid/schema/batch-plan-1"

LEAST, MOST, PARTS = 1 << 10, 1 << 15, 32


def part_facts(facts: int) -> int:
    """How many facts a part has, about, of so many: a power of two, so that it seldom changes.

    Enough to type in bulk, few enough to be tried again, and parts enough for several workers.
    """
    return min(MOST, max(LEAST, 1 << max(0, (facts // PARTS).bit_length() - 1)))


@dataclass(frozen=True)
class Request:
    """What a user asks of a portfolio."""

    portfolio: str
    facts: tuple[str, ...]
    out: Path
    as_of: Day
    known_on: Day | None = None
    packs: Path = Path("rules")
    columns: Columns = field(default_factory=Columns)
    readings: tuple[str, ...] = ()  # QUESTION=ANSWER
    terms: tuple[str, ...] = ()  # NAME=VALUE
    contract: str | None = None
    engine: str = "compiled"
    workers: int = 1
    memory: int = 0  # bytes a worker may have; 0: no limit
    scheduler: str | None = None
    format: str = "parquet"
    baseline: Path | None = None
    resume: bool = False
    part_facts: int | None = None  # as many as suit


@dataclass(frozen=True)
class Plan:
    """What a batch's results follow from, as data, and its parts."""

    data: Mapping[str, Any]
    parts: tuple[Range, ...] = ()

    @property
    def key(self) -> str:
        """The hash of it."""
        text = json.dumps(self.data, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def as_text(self) -> str:
        """The plan as it stands in its file."""
        parts = [
            {"part": part.number, "pack": part.pack, "facts": part.facts,
             "contracts": _spans(part.contracts)}
            for part in self.parts
        ]  # fmt: skip
        data = {"schema": SCHEMA, "key": self.key, "plan": self.data, "parts": parts}
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _spans(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers as spans, both ends in them."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return spans


def plan_of(request: Request, portfolio: Portfolio, inputs: Sequence[Input]) -> Plan:
    """The plan of a request, before its parts are drawn."""
    contracts = hashlib.sha256()
    for contract in portfolio.contracts:
        own = (contract.name, contract.pack, sorted(contract.terms.items()), contract.errors)
        contracts.update(repr(own).encode())
    return Plan(
        {
            "checker": __version__,
            "engine": request.engine,
            "as_of": iso(request.as_of),
            "known_on": None if request.known_on is None else iso(request.known_on),
            "readings": sorted(request.readings),
            "terms": sorted(request.terms),
            "contracts": len(portfolio.contracts),
            "portfolio_sha256": contracts.hexdigest(),
            "packs": {word: pack.sha256 for word, pack in sorted(portfolio.packs.items())},
            "columns_sha256": hashlib.sha256(repr(request.columns).encode()).hexdigest(),
            "facts": [{"file": each.path, "sha256": each.sha256} for each in inputs],
            "part_facts": request.part_facts,
        }
    )


def read_plan(folder: Path) -> dict[str, Any] | None:
    """The plan that stands in a directory; None where there is none that can be read."""
    try:
        data = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("schema") == SCHEMA else None


def parts_of(data: Mapping[str, Any]) -> tuple[Range, ...]:
    """The parts as a plan's file has them."""
    return tuple(
        Range(
            part["part"],
            part["pack"],
            tuple(n for first, last in part["contracts"] for n in range(first, last + 1)),
            part["facts"],
        )
        for part in data["parts"]
    )
