"""What was owed on each day that mattered: one evaluation, read while it lives through time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from checker.account import Position
from checker.dates import Day, parse_day
from checker.evaluate import Evaluation
from checker.inquiry import Inquiry

MOST = 60
"""How many days are drawn; of more, those that matter most and some of the others, evenly."""


@dataclass(frozen=True, slots=True)
class Point:
    """What was owed at the close of a day, in cents; None where interest cannot be figured."""

    day: Day
    principal: int
    interest: int | None  # due or accrued, and unpaid


@dataclass(frozen=True)
class History:
    """What was owed on some days, out of all on which it moved."""

    points: tuple[Point, ...]
    thinned: bool  # whether there were more days than are told


def history(inquiry: Inquiry, most: int = MOST) -> History:
    """What was owed on the days that matter, up to the as-of day."""
    days, thinned = _days(inquiry, most)
    return History(tuple(_points(inquiry, days)), thinned)


def _days(inquiry: Inquiry, most: int) -> tuple[list[Day], bool]:
    """The days on which figures move or are judged, and their eves; at most so many."""
    result, report = inquiry.result, inquiry.report
    accrual = result.evaluation.ledger.accrual
    turning = {inquiry.as_of, *(period.start for period in (*accrual.closed, accrual.period))}
    turning |= {parse_day(row["due"]) for row in report["obligations"]}
    turning |= {
        parse_day(found["date"]) for found in report["findings"]
        if found["outcome"] == "event-of-default"
    }  # fmt: skip
    moving = {split.day for split in result.evaluation.ledger.splits}
    moving |= {fact.date for fact in result.facts if _moves(inquiry, fact.kind)}
    eves = {day - 1 for day in (*turning, *moving)}
    first = min(turning)
    days = {day for day in (turning | moving | eves) if first <= day <= inquiry.as_of}
    if len(days) <= most:
        return sorted(days), False
    kept = sorted(day for day in turning if first <= day <= inquiry.as_of)[-most // 2 :]
    rest = sorted(days - set(kept))
    step = len(rest) / (most - len(kept))
    evenly = {rest[int(number * step)] for number in range(most - len(kept))}
    return sorted({*kept, *evenly}), True


def _moves(inquiry: Inquiry, kind: str) -> bool:
    """Whether records of a kind carry an amount, or fix what interest comes to."""
    return any(
        field.type in ("money", "rate") for field in inquiry.pack.kinds[kind].fields.values()
    )


def _points(inquiry: Inquiry, days: Iterable[Day]) -> Iterator[Point]:
    facts, fed = inquiry.result.facts, 0
    with closing(Evaluation(inquiry.pack, inquiry.engines, inquiry.choices)) as evaluation:
        for day in days:
            upto = fed
            while upto < len(facts) and facts[upto].date <= day:
                upto += 1
            evaluation.run(facts[fed:upto], day)
            fed = upto
            yield _point(day, evaluation.ledger.position(day))


def _point(day: Day, position: Position) -> Point:
    known = position.interest_due is not None and position.accrued is not None
    interest = (position.interest_due or 0) + (position.accrued or 0)
    return Point(day, position.principal, interest if known else None)
