"""The product as the tests call it: facts as JSON objects in, the report as data out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from checker.dates import parse_day
from checker.engines import Make, usual
from checker.evaluate import Engines, Result, evaluate
from checker.facts import Book, parse_line
from checker.loader import load_pack
from checker.model import Fact, WrongInput
from checker.pack import Pack
from checker.report import report
from checker.terms import Choices
from checker.timeline import last_date

ROOT = Path(__file__).resolve().parent.parent
NOTE = ROOT / "rules" / "second-amended-note"


@cache
def pack(folder: Path = NOTE) -> Pack:
    """The pack in a folder, loaded once."""
    return load_pack(folder)


@cache
def engines(folder: Path = NOTE, make: Make = usual) -> Engines:
    """The rulesets of the pack in a folder, made once for each engine."""
    return Engines(pack(folder), make)


def as_facts(records: Sequence[Mapping[str, Any]], of: Pack | None = None) -> list[Fact]:
    """Records as in JSON lines, checked as the command checks them."""
    chosen = of or pack()
    vocabulary = chosen.vocabulary({name: term.value for name, term in chosen.terms.items()})
    book = Book(vocabulary)
    for number, record in enumerate(records):
        book.add(parse_line(json.dumps(record), "facts.jsonl", number + 1, vocabulary))
    if problems := book.close():
        raise WrongInput(problems)
    return book.facts


def result(
    records: Sequence[Mapping[str, Any]],
    as_of: str = "",
    readings: Mapping[str, str] | None = None,
    known_on: str = "",
    *,
    folder: Path = NOTE,
    make: Make = usual,
) -> Result:
    """The evaluation of these records."""
    facts = as_facts(records, pack(folder))
    known = parse_day(known_on) if known_on else None
    day = parse_day(as_of) if as_of else last_date(facts, known)
    choices = Choices(readings=dict(readings or {}))
    if make is usual:
        return evaluate(pack(folder), engines(folder), facts, day, known, choices)
    with Engines(pack(folder), make) as own:
        return evaluate(pack(folder), own, facts, day, known, choices)


def check(records: Sequence[Mapping[str, Any]], *args: Any, **named: Any) -> dict[str, Any]:
    """The report on these records."""
    return report(result(records, *args, **named))
