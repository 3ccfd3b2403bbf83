"""What a generator reads from a pack: when what falls due, at which rates, in what size."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from checker.accrual import Fixing
from checker.arrangement import Arrangement
from checker.dates import Day, add_business_days, adjust
from checker.evaluate import Engines, Evaluation
from checker.generate.habits import Habits, load_habits
from checker.language import Typed
from checker.model import Fact
from checker.money import RATE_ONE
from checker.pack import Pack
from checker.patterns import EngineRule, Match, MatchSession, Record

WORKING = "federal-reserve"
"""The calendar by which people pay, draw and observe, whatever the contract counts by."""

_USUAL = 100_000_000  # cents advanced where a pack sets no commitment
_LEAST, _FIRST, _MOST = RATE_ONE * 2 // 100, RATE_ONE * 6 // 100, RATE_ONE * 9 // 100
_STEP = RATE_ONE // 800  # an eighth of a percent
_LAWFUL = RATE_ONE * 18 // 100
_OPEN_ENDED = 5 * 365  # days that a contract without maturity is followed
_AFTER = 45  # days that it is followed after its last interest date


class _Silent:
    """Rules that find nothing: an evaluation by them is the ledger's alone."""

    name = "none"
    asserted = matches = 0

    def __init__(self, _rules: Sequence[EngineRule] = ()) -> None:
        return

    def session(self) -> MatchSession:
        return _Silent()

    def add(self, _records: Sequence[Record]) -> list[Match]:
        return []

    def close(self) -> None:
        return

    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return


@dataclass(frozen=True)
class Owing:
    """One amount that falls due by the schedule: its component, its days, and its id."""

    component: str
    due: Day
    payable: Day
    last_day: Day
    id: str


@dataclass(frozen=True)
class Span:
    """An interest period, the same for every contract that keeps its schedule.

    `marks` are the days from which another fixing stands while the period is open, with it.
    """

    start: Day
    end: Day  # when it closes
    owing: Owing  # its interest
    fixing: Fixing  # its final one
    marks: tuple[tuple[Day, Fixing], ...]

    @cached_property
    def instalment(self) -> Owing:
        """The principal that falls due with its interest, where there are instalments."""
        own = self.owing
        id_ = own.id.replace(own.component, "principal", 1)
        return Owing("principal", own.due, own.payable, own.last_day, id_)

    def standing(self, day: Day) -> Fixing:
        """The fixing as it stands on a day of the open period."""
        at = bisect_right(self.marks, day, key=lambda mark: mark[0]) - 1
        return self.marks[max(at, 0)][1]


@dataclass(frozen=True)
class Outline:
    """What every contract of a pack has in common, before any of them is made up.

    Days are ordinals, money cents. `until` is the last day of which anything is told; `shared` are
    the observations that reach every contract.
    """

    pack: Pack
    arrangement: Arrangement  # as it is at first
    first: Day
    matures: Day | None
    until: Day
    commitment: int
    scale_term: str  # the term that is the commitment, and nothing else
    added: int  # to the period's rate, at first
    spans: tuple[Span, ...]
    fees: dict[str, tuple[Owing, ...]]  # by name, in their order
    at_maturity: Owing | None
    shared: tuple[Fact, ...]
    habits: Habits
    place: str
    payee: str
    lender: str

    @property
    def last(self) -> Day:
        """Maturity; without one, the last day on which interest falls due."""
        dues = self.interest_dues or (self.until,)
        return dues[-1] if self.matures is None else self.matures

    @cached_property
    def interest_dues(self) -> tuple[Day, ...]:
        """The days on which interest falls due, and with it instalments."""
        return tuple(sorted({span.owing.due for span in self.spans}))

    @cached_property
    def dues(self) -> tuple[Day, ...]:
        """All days on which something falls due by the schedule."""
        days = {*self.interest_dues, *self._fee_days}
        return tuple(sorted(days if self.at_maturity is None else {*days, self.at_maturity.due}))

    @cached_property
    def _fee_days(self) -> frozenset[Day]:
        return frozenset(owing.due for fee in self.fees.values() for owing in fee)

    @cached_property
    def regular(self) -> float:
        """How many records come of themselves, draws and interest aside: habits and fees."""
        counts = [
            habit.share * sum(1 for _day in habit.schedule.between(self.first, self.until))
            for habit in self.habits.scheduled
            if habit.schedule is not None
        ]
        single = sum(
            habit.share * (1 + self.habits.companions(habit.name)) for habit in self.habits.single
        )
        fees = len(self._fee_days - {*self.interest_dues})
        return sum(counts) + single + fees + self.habits.companions("start")

    @property
    def limited(self) -> bool:
        """Whether the most that may be outstanding moves with the contract's state."""
        return self.pack.settings.get("facility.limit") is not None

    @property
    def by_rules(self) -> bool:
        """Whether rules bring about amounts: charges, or settings that depend on state."""
        return bool(self.pack.volatile) or any(not c.fee for c in self.pack.charges.values())

    def deadline(self, component: str, due: Day) -> Day:
        """The last day to pay something of a component that falls due outside the schedule."""
        settled = self.arrangement
        calendar = settled.deadline_calendar
        payable = max(due, adjust(due, settled.value("deadline.payable-convention"), calendar))
        grace = settled.grace(component)
        last = grace.after(payable, calendar if grace.in_business_days else "")
        return max(payable, adjust(last, settled.value("deadline.last-day-convention"), calendar))


def outline(pack: Pack, seed: int) -> Outline:
    """The outline of a pack, with observations made up from `seed`.

    A contract that draws half on its first day and pays nothing is lived through without rules,
    first to learn on which days a rate is read, then with rates observed on those days.
    """
    engines = Engines(pack, _Silent)
    evaluation = Evaluation(pack, engines)
    first, matures = evaluation.arrangement.accrues_from, evaluation.arrangement.matures
    last = first + _OPEN_ENDED if matures is None else matures
    until = evaluation.arrangement.interest_dates.next_after(last) + _AFTER
    commitment = evaluation.arrangement.commitment
    drawn = Fact("reference", "advance", first, first, 0, {"amount": (commitment or _USUAL) // 2})
    flat = [
        _observed(index, first - 1, _FIRST, number) for number, index in enumerate(pack.indices)
    ]
    read = _live(pack, engines, [*flat, drawn], until)
    closed = read.ledger.accrual.closed
    needed = sorted({p.fixing.read_on for p in closed if p.fixing is not None and p.index})
    shared = tuple(_observations(pack, needed, first, until, random.Random(f"{seed}/{pack.name}")))
    marks: list[tuple[Day, Fixing]] = []
    lived = _live(pack, engines, [*shared, drawn], until, marks)
    fresh = Evaluation(pack, engines)
    settled = Arrangement(
        partial(_setting_of, fresh),
        [charge.name for charge in pack.charges.values() if not charge.fee],
        [charge.name for charge in pack.charges.values() if charge.fee],
    )
    return Outline(
        pack=pack,
        arrangement=settled,
        first=first,
        matures=matures,
        until=until,
        commitment=commitment or _USUAL,
        scale_term=_scale_term(pack),
        added=fresh.ledger.accrual.added,
        spans=tuple(_spans(lived, marks)),
        fees={fee: tuple(_owing(lived, fee)) for fee in settled.fees},
        at_maturity=next((o for o in _owing(lived, "principal") if o.due == matures), None),
        shared=shared,
        habits=load_habits(pack),
        place=str(pack.payments.place.evaluate({}, fresh)) if pack.payments else "",
        payee=pack.parties[pack.payments.to].name if pack.payments else "",
        lender=_lender(pack),
    )


def _setting_of(evaluation: Evaluation, path: str) -> Any:
    return evaluation.arrangement.value(path)


def _live(
    pack: Pack,
    engines: Engines,
    facts: Sequence[Fact],
    until: Day,
    marks: list[tuple[Day, Fixing]] | None = None,
) -> Evaluation:
    """Lives through the facts; `marks` takes the open period's fixing on each day it may move."""
    evaluation = Evaluation(pack, engines)
    ordered = sorted(facts, key=lambda fact: fact.date)
    days = {fact.date for fact in ordered if fact.date >= evaluation.arrangement.accrues_from}
    days |= set(_closes(evaluation, until)) | {until}
    at = 0
    for day in sorted(day for day in days if day <= until):
        reach = at
        while reach < len(ordered) and ordered[reach].date <= day:
            reach += 1
        evaluation.run(ordered[at:reach], day)
        at = reach
        if marks is not None:
            marks.append((day, evaluation.ledger.accrual.fixing(day)))
    return evaluation


def _closes(evaluation: Evaluation, until: Day) -> Iterator[Day]:
    dates = evaluation.arrangement.interest_dates
    day = dates.next_after(evaluation.arrangement.accrues_from)
    while day <= until:
        yield day
        day = dates.next_after(day)


def _spans(lived: Evaluation, marks: Sequence[tuple[Day, Fixing]]) -> Iterator[Span]:
    owing = {each.id: each for each in _owing(lived, "interest")}
    for period in lived.ledger.accrual.closed:
        if period.fixing is None or period.obligation not in owing:
            continue  # it bore nothing, or no rate was observed for it
        inside = tuple(mark for mark in marks if period.start <= mark[0] < period.due)
        own = owing[period.obligation]
        yield Span(period.start, period.due, own, period.fixing, inside or ((0, period.fixing),))


def _owing(lived: Evaluation, component: str) -> Iterator[Owing]:
    for each in lived.ledger.obligations.values():
        if each.component == component:
            yield Owing(component, each.due, each.payable, each.last_day, each.id)


def _scale_term(pack: Pack) -> str:
    """The term by which another size of the contract is told, where its commitment is one."""
    chosen = pack.settings.get("facility.commitment")
    name = chosen.name if isinstance(chosen, Typed) else ""
    return name if name in pack.terms else ""


def _lender(pack: Pack) -> str:
    """Who is owed: the holder of a power, else to whom payments go, else the last party named."""
    holders = [power.holder for power in pack.powers.values() if power.holder in pack.parties]
    roles = [pack.payments.to] if pack.payments else [*holders, list(pack.parties)[-1]]
    return pack.parties[roles[0]].name


# The market --------------------------------------------------------------------------------------


def _observations(
    pack: Pack, needed: Sequence[Day], first: Day, until: Day, dice: random.Random
) -> Iterator[Fact]:
    """Rates on every day on which one is read, and about once a month between; a lawful maximum."""
    maximum = pack.kinds["lawful-maximum"]
    if maximum.shared:
        day = add_business_days(first - 30, 1, WORKING)
        yield Fact("", maximum.name, day, day, 0, {"value": _LAWFUL})
    for index in pack.indices:
        value = dice.randrange(_LEAST * 2, _MOST - _STEP * 16, _STEP)
        days = {add_business_days(first, -1, WORKING), *needed}
        day = first
        while (day := day + dice.randint(20, 45)) < until:
            days.add(adjust(day, "preceding", WORKING))
        for number, day in enumerate(sorted(days)):
            value += _STEP * dice.choice((-4, -2, -1, 0, 0, 0, 1, 2, 4))
            value = min(max(value, _LEAST), _MOST)
            yield _observed(index, day, value, number)


def _observed(index: str, day: Day, value: int, order: int) -> Fact:
    return Fact("", "rate", day, day, order, {"index": index, "value": value})
