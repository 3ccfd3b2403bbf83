"""Fact by fact equals all at once: folding what a stream tells gives the report's findings."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from checker.dates import parse_day
from checker.report import report
from checker.stream import Stream
from checker.terms import Choices
from tests.histories import random_history
from tests.product import check, engines, pack


def fold(changes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    standing: dict[str, dict[str, Any]] = {}
    for change in changes:
        if change["change"] == "withdrawn":
            del standing[change["id"]]
            continue
        assert (change["change"] == "revised") == (change["id"] in standing)
        standing[change["id"]] = {
            k: v for k, v in change.items() if k not in ("change", "as_of_told")
        }
    return standing


def streamed(
    records: list[dict[str, Any]],
    as_of: str,
    readings: dict[str, str],
    contract: str | None = None,
) -> Any:
    chosen = pack()
    vocabulary = chosen.vocabulary({name: term.value for name, term in chosen.terms.items()})
    stream = Stream(
        chosen,
        engines(),
        vocabulary,
        Choices(readings=readings),
        as_of=parse_day(as_of) if as_of else None,
        contract=contract,
    )
    changes: list[dict[str, Any]] = []
    try:
        for number, record in enumerate(records):
            changes += stream.take_line(json.dumps(record).encode(), number)
        changes += stream.finish()
        assert stream.result is not None
        return changes, report(stream.result)
    finally:
        stream.close()


@pytest.mark.parametrize("seed", range(24))
def test_folding_a_stream_gives_the_findings_of_the_report(seed: int) -> None:
    records, as_of, readings = random_history(seed)
    dice = random.Random(seed)
    if seed % 2:  # as books are kept: by date, with some records late
        records = sorted(records, key=lambda r: (str(r["date"]), dice.random()))
        for _ in range(2):
            records.append(records.pop(dice.randrange(len(records))))
    changes, last = streamed(records, as_of, readings)
    whole = check(records, as_of, readings)
    told = fold(changes)
    assert {k: {**v, "as_of": None} for k, v in told.items()} == {
        f["id"]: {**f, "as_of": None} for f in whole["findings"]
    }
    assert {k: v for k, v in last.items() if k != "receipt"} == {
        k: v for k, v in whole.items() if k != "receipt"
    }


def test_a_correction_revises_what_was_told() -> None:
    records: list[dict[str, Any]] = [
        {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15000000.00"},
        {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
         "value": "9.50%"},
        {"id": "p1", "date": "2001-01-03", "kind": "payment", "amount": "146712.33"},
        {"id": "s1", "date": "2001-02-01", "kind": "statement", "principal": "15000000.00"},
        {"id": "c1", "date": "2001-02-05", "kind": "correction", "of": "p1", "void": True},
    ]  # fmt: skip
    changes, last = streamed(records, "2001-02-05", {})
    late = [(c["change"], c["as_of"]) for c in changes if c["id"].startswith("late-in-grace")]
    assert late == [("found", "2001-01-31"), ("withdrawn", "2001-02-05")]
    assert last["outcome"] == "breach"
