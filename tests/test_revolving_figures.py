"""The figures of the revolving note's stories, figured again day by day without the checker.

Calendars are QuantLib's, rates and amounts are exact fractions, and every day is counted alone.
"""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.stories import Run, runs, stories

with warnings.catch_warnings():
    # QuantLib's SWIG types lack __module__, which Python 3.12 and newer warn of at import
    warnings.simplefilter("ignore", DeprecationWarning)
    import QuantLib as ql  # noqa: N813  # the name that its own documentation uses

NOTE = "revolving-note"
RESERVE = ql.UnitedStates(ql.UnitedStates.FederalReserve)
BEGINS, MATURES = date(2024, 1, 2), date(2027, 1, 4)
ONE = timedelta(days=1)
YEAR = 360
STEP = Fraction(1, 1600)  # one sixteenth of one percent
LEVELS = {"one": Fraction(2, 100), "two": Fraction(5, 200), "three": Fraction(3, 100)}
FEE = Fraction(375, 100_000)
CEILING, LEAST = Fraction(85, 1000), Fraction(1, 100)

Record = dict[str, str]


def half_up(amount: Fraction) -> int:
    """Whole cents."""
    return int((amount * 2 + 1) // 2)


def cents(text: str) -> int:
    """Cents of 1,234.56."""
    return int(Fraction(text.replace(",", "")) * 100)


def rate(text: str) -> Fraction:
    """A rate of 5.25%."""
    return Fraction(text.rstrip("%")) / 100


def shown(amount: int) -> str:
    """1234.56, as reports write it."""
    return f"{amount // 100}.{amount % 100:02d}"


def quant(day: date) -> ql.Date:
    """The day as QuantLib has it."""
    return ql.Date(day.day, day.month, day.year)


def plain(day: ql.Date) -> date:
    """The day as Python has it."""
    return date(day.year(), day.month(), day.dayOfMonth())


def moved(day: date) -> date:
    """The day by the modified-following convention."""
    return plain(RESERVE.adjust(quant(day), ql.ModifiedFollowing))


def business_days(day: date, count: int) -> date:
    """So many business days after the day, or before it."""
    return plain(RESERVE.advance(quant(day), count, ql.Days))


def records(path: Path) -> list[Record]:
    """The facts of a story in the order of their days, every field as text."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        found = [dict(row) for row in csv.DictReader(text.splitlines())]
    elif path.suffix == ".jsonl":
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    else:
        found = yaml.load(text, Loader=yaml.BaseLoader)
    clean = [{name: value for name, value in row.items() if value} for row in found]
    return sorted(clean, key=lambda row: row["date"])


@dataclass
class Owed:
    """An amount that fell due."""

    component: str
    due: date
    payable: date
    amount: int
    unpaid: int


@dataclass
class Span:
    """An interest period: its first day, and what its days have earned."""

    start: date
    index: str
    earned: Fraction = Fraction(0)
    rates: set[Fraction] = field(default_factory=set)


@dataclass
class Account:
    """The note lived through day by day."""

    facts: Sequence[Record]
    readings: Mapping[str, str]
    commitment: int = 500_000_000
    base: int = 0
    principal: int = 0
    level: str = "two"
    index: str = "three-month-market-rate"
    fee: Fraction = Fraction(0)
    fees: dict[date, int] = field(default_factory=dict)
    owed: dict[str, Owed] = field(default_factory=dict)
    closed: dict[date, tuple[date, int, set[Fraction]]] = field(default_factory=dict)
    prepaid_interest: int = 0
    reported: set[str] = field(default_factory=set)
    elections: dict[date, str] = field(default_factory=dict)
    crossed: bool = False  # an event of default by other debt
    span: Span = field(default_factory=lambda: Span(BEGINS, "three-month-market-rate"))
    previous: tuple[int, int] = (0, 0)

    def live(self, until: date) -> None:
        """All days to the close of the last one."""
        day = BEGINS
        while day <= until:
            self._opens(day)
            self._happens([fact for fact in self.facts if fact["date"] == day.isoformat()], day)
            self._closes(day)
            day += ONE

    # What time brings --------------------------------------------------------------------------

    def _opens(self, day: date) -> None:
        self.index = self.elections.get(day, self.index)
        ends = [date(y, m, d) for y in range(2024, 2027) for m, d in QUARTER_ENDS]
        for end in ends:
            if day == end + timedelta(days=46) and end.isoformat() not in self.reported:
                self.level = "three"
        if day > BEGINS and day in self._interest_days(day):
            self._close_span(day)
        if day.day == 1 and day.month in (1, 4, 7, 10) and day > BEGINS:
            self._owe("unused-fee", day, moved(day), half_up(self.fee))
            self.fee = Fraction(0)
        if day == MATURES:
            due = sum(o.unpaid for o in self.owed.values() if o.component == "principal")
            self._owe("principal", day, moved(day), self.principal - due)

    def _interest_days(self, day: date) -> set[date]:
        first = day.replace(day=1)
        unmoved = self.readings.get("moved-interest-day") == "to-the-first"
        return {first if unmoved else moved(first)}

    def _close_span(self, day: date) -> None:
        interest = half_up(self.span.earned)
        self.closed[self.span.start] = (day, interest, self.span.rates)
        self._owe("interest", day, moved(day), interest - self.prepaid_interest)
        self.prepaid_interest = 0
        self.span = Span(day, self.index)

    def _owe(self, component: str, due: date, payable: date, amount: int, key: str = "") -> None:
        if amount > 0:
            id_ = f"{component}/{due}{key}"
            self.owed[id_] = Owed(component, due, payable, amount, amount)

    # What people do ----------------------------------------------------------------------------

    def _happens(self, facts: Sequence[Record], day: date) -> None:
        for fact in facts:
            self._notice(fact, day)
        for fact in facts:
            if fact["kind"] == "payment":
                self._pay(cents(fact["amount"]), fact.get("designation", ""))
        for fact in facts:
            if fact["kind"] == "advance":
                self.principal += cents(fact["amount"])

    def _notice(self, fact: Record, day: date) -> None:
        kind = fact["kind"]
        if kind == "borrowing-base-certificate":
            receivables, inventory = cents(fact["receivables"]), cents(fact["inventory"])
            self.base = half_up(Fraction(85 * receivables + 50 * inventory, 100))
        elif kind == "financial-statements" and fact["covers"] == "quarter":
            self.reported.add(fact["period_end"])
            debt, earnings = cents(fact["debt"]), cents(fact["earnings"])
            self.level = (
                "one" if debt <= 2 * earnings else "two" if debt <= 3 * earnings else "three"
            )
        elif kind == "rate-election":
            starts = date.fromisoformat(fact["takes_effect"])
            if starts >= business_days(day, 3):
                self.elections[starts] = fact["index"]
        elif kind == "amendment" and fact["agreed_by"] == "both" and fact["term"] == "commitment":
            self.commitment = cents(fact["value"].removeprefix("USD "))
        elif kind == "other-debt-default":
            self.crossed = self.crossed or cents(fact["amount"]) >= 25_000_000
        elif kind == "acceleration" and self.crossed:
            self._close_span(day)
            self._owe("principal", day, moved(day), self.principal)
        elif kind == "costs":
            self._owe("costs", day, moved(day), cents(fact["amount"]), f"/{fact['id']}")

    def _pay(self, amount: int, designation: str) -> None:
        order = ["costs", "unused-fee", "interest", "principal"]
        order.sort(key=lambda component: component != designation)
        for component in order if designation != "prepayment" else []:
            for owed in self.owed.values():
                if owed.component == component and owed.unpaid:
                    part = min(amount, owed.unpaid)
                    owed.unpaid -= part
                    amount -= part
                    self.principal -= part if component == "principal" else 0
        due = sum(o.unpaid for o in self.owed.values() if o.component == "principal")
        part = min(amount, self.principal - due)
        self.principal -= part
        self.prepaid_interest += min(amount - part, half_up(self.span.earned))

    # What the day earns ------------------------------------------------------------------------

    @property
    def limit(self) -> int:
        """The most that may be outstanding."""
        return min(self.commitment, self.base)

    def _closes(self, day: date) -> None:
        called = sum(
            o.unpaid for id_, o in self.owed.items() if id_.startswith("principal/") and "/" in
            id_.removeprefix("principal/")
        )  # fmt: skip
        over = max(0, self.principal - self.limit)
        if (self.principal, self.limit) != self.previous and over > called:
            due = business_days(day, 2)
            self._owe("principal", due, due, over - called, f"/{day}")
        self.previous = (self.principal, self.limit)
        overdue = sum(
            o.unpaid for o in self.owed.values() if o.component == "interest" and o.payable < day
        )
        of_day = self._rate() if self.principal + overdue else None
        if of_day is not None:
            self.span.earned += Fraction(self.principal + overdue) * of_day / YEAR
            self.span.rates.add(of_day)
        available = self.readings.get("unused-portion") == "what-might-be-drawn"
        room = (self.limit if available else self.commitment) - self.principal
        if day < MATURES:
            self.fee += Fraction(max(0, room)) * FEE / YEAR

    def _rate(self) -> Fraction | None:
        start = self.span.start
        quarter = date(start.year, 3 * ((start.month - 1) // 3) + 1, 1)
        read = business_days(quarter, -2)
        value = self._observed(self.span.index, read, read - timedelta(days=10))
        value = self._observed("base-rate", read) if value is None else value
        if value is None:
            return None
        index = -(-value // STEP) * STEP
        whole = self.readings.get("least-rate") == "whole-rate"
        total = (index if whole else max(index, LEAST)) + LEVELS[self.level]
        total = min(total, CEILING)
        total = max(total, LEAST) if whole else total
        lawful = [f for f in self.facts if f["kind"] == "lawful-maximum"]
        lawful = [f for f in lawful if f["date"] <= quarter.isoformat()]
        return min([total, *(rate(f["value"]) for f in lawful[-1:])])

    def _observed(self, index: str, day: date, since: date = date.min) -> Fraction | None:
        found = [
            rate(fact["value"])
            for fact in self.facts
            if fact["kind"] == "rate"
            and fact["index"] == index
            and since.isoformat() <= fact["date"] <= day.isoformat()
        ]
        return found[-1] if found else None


QUARTER_ENDS = ((3, 31), (6, 30), (9, 30), (12, 31))


def figured(run: Run, as_of: str) -> Account:
    """The account of a run at the close of its day."""
    account = Account(records(run.facts), run.readings)
    account.live(date.fromisoformat(as_of))
    return account


def all_runs() -> list[Any]:
    """Every run of every story of the note."""
    return [
        pytest.param(run, id=f"{story.name}-{run.name}")
        for story in stories()
        if story.parent.name == NOTE
        for run in runs(story)
    ]


@pytest.mark.parametrize("run", all_runs())
def test_the_figures_of_a_story_agree(run: Run) -> None:
    report = run.report()
    account = figured(run, report["as_of"])
    owed = {
        id_: (shown(o.amount), shown(o.unpaid), o.due.isoformat())
        for id_, o in account.owed.items()
    }
    assert {o["id"]: (o["amount"], o["unpaid"], o["due"]) for o in report["obligations"]} == owed
    closed = {
        start.isoformat(): (due.isoformat(), shown(interest))
        for start, (due, interest, _rates) in account.closed.items()
    }
    *past, still_open = report["periods"]
    assert {p["from"]: (p["to"], p["interest"]) for p in past} == closed
    assert still_open["interest"] == shown(half_up(account.span.earned))
    balances = report["balances"]
    assert balances["principal"] == shown(account.principal)
    for component in ("interest", "principal"):
        due = sum(
            o.unpaid
            for o in account.owed.values()
            if o.component == component and o.due.isoformat() <= report["as_of"]
        )
        assert balances[f"{component}_due"] == shown(due), component


@pytest.mark.parametrize("run", all_runs())
def test_the_rates_of_a_story_agree(run: Run) -> None:
    report = run.report()
    account = figured(run, report["as_of"])
    spans = {start: rates for start, (_due, _interest, rates) in account.closed.items()}
    spans[account.span.start] = account.span.rates
    for period in report["periods"]:
        told = {rate(each["rate"]) for each in period.get("rates", ())}
        if not told and period["rate"]:
            told = {rate(period["rate"])}
        wanted = spans[date.fromisoformat(period["from"])]
        assert not wanted or told == wanted, period["from"]
