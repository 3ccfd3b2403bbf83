"""An account that leaves open what differs between combinations and moves nothing in it.

Until when something may be paid, on which day a rate is fixed, and which charges are owed: each is
held in parts, and told in parts. Who asks for one of them has it told apart, and from then on all
is for those combinations alone for which it is the same.
"""

from __future__ import annotations

import heapq
import operator
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial, reduce
from typing import Any, NamedTuple, Protocol, TypeVar

from checker.account import Obligation, Occurrence, Split
from checker.accrual import Accrual, Fixing, Period
from checker.arrangement import FIXING_SETTINGS, Arrangement, Open
from checker.dates import Day
from checker.deadlines import SETTINGS as DEADLINE_SETTINGS
from checker.deadlines import Deadlines
from checker.evaluate import Engines
from checker.instalments import Instalment, Part
from checker.ledger import Ledger
from checker.model import Value
from checker.pack import Pack
from checker.questions.conditional import Reading, Sometimes
from checker.questions.diagrams import Diagrams, Node
from checker.terms import Terms

T = TypeVar("T")

UNSAID = Occurrence("", {})
"""Stands for what a course had said when the step that it relives was first taken."""


class Shared(Protocol):
    """What lives have in common: how they are read, and what is settled once for all of them."""

    reading: Reading
    days_by_terms: dict[Hashable, Days]
    fixings: dict[Hashable, list[tuple[Node, Fixing]]]


class Lived(Protocol):
    """A life by an open account, under all combinations that have moved it alike so far."""

    pack: Pack
    engines: Engines
    terms: Terms
    arrangement: Arrangement
    today: Day
    condition: Node
    where: Node  # under which that is so which it is about to do

    @property
    def common(self) -> Shared:
        """What it has in common with others."""

    @property
    def relives(self) -> bool:
        """Whether it takes steps that another has taken."""

    @property
    def states_written(self) -> int:
        """How often a state has been set, in any life."""

    def elsewhere(self) -> Arrangement:
        """The settings, to be asked under combinations of which each may have its own."""

    def hear(self, ask: Callable[[], T]) -> T:
        """What is so outside the account, as it stood when the step was first taken."""

    def unpaid_moved(self, of: Iterable[str]) -> None:
        """What is owed under these ids was paid in full, or something of it is owed again."""


class OpenLedger(Ledger):
    """An account that tells in parts what differs between combinations and moves nothing in it."""

    def __init__(self, course: Lived) -> None:
        self.course, self.elsewhere = course, course.elsewhere()
        super().__init__(course.arrangement, course.engines.kinds, OpenDeadlines(course))
        self.apart: dict[str, list[OpenCharge]] = {}  # charges of one id, each where it is one
        self._standing: dict[str, Node] = {}  # where what is owed under an id stands
        # Of each component, the charges as they stood, and their sum up to each.
        self._summed: dict[str, list[tuple[Hashable, Node]]] = {c: [] for c in self._open}
        self._paid: list[str] | None = None  # what is paid at once, until that is told
        self.obligations: _OpenObligations = _OpenObligations(self.apart)

    def accruing(self) -> Accrual:
        """The accrual, with fixings whose days may differ between combinations."""
        return OpenAccrual(self.course)

    def owed(self, id_: str) -> Obligation | None:
        """The obligation of an id, from then on for all combinations that have the same."""
        charges = self.apart.get(id_, ())
        return next((each for each in charges if each.stands), self.obligations.get(id_))

    def _enter(self, obligation: Obligation) -> list[Occurrence]:
        if isinstance(obligation, OpenCharge):
            if self._alone(obligation):  # what else is owed under its id need not be asked
                return self._entered(obligation)
            if not obligation.stands:
                return []
        return super()._enter(obligation)

    def _alone(self, charge: OpenCharge) -> bool:
        """Whether nothing else of its id is owed under any combination under which it is."""
        diagrams = self.course.common.reading.diagrams
        return charge.id not in self.obligations and all(
            diagrams.both(charge.where, other.where) == diagrams.never
            for other in self.apart.get(charge.id, ())
        )

    def due(self, component: str) -> int:
        """What is unpaid of a component, due or called."""
        if not self._charges(component):
            return super().due(component)
        reading, due = self.course.common.reading, self._due(component)
        total: int = reading.diagrams.picked(due, reading.pick)
        reading.narrow(reading.diagrams.equals(due, total))
        return total

    def _due_within(self, component: str, left: int) -> int | None:
        """What is unpaid of a component, where it is not more than this; None where it is more."""
        reading, due = self.course.common.reading, self._due(component)
        more = reading.diagrams.mapped(due, lambda unpaid: bool(unpaid > left))
        return None if reading.decides(more) else self.due(component)

    def _charges(self, component: str) -> list[OpenCharge]:
        """What is open of a component under some combinations only."""
        return [each for each in self._open[component] if isinstance(each, OpenCharge)]

    def _due(self, component: str) -> Node:
        """What is unpaid of a component under each combination."""
        diagrams, known = self.course.common.reading.diagrams, self._summed[component]
        node = diagrams.leaf(0)
        for at, each in enumerate(self._open[component]):
            place = _place_of(each, diagrams)
            stands = (self.course.condition, each, each.unpaid, place)
            if at == len(known) or known[at][0] != stands:
                where = diagrams.both(place, self.course.condition)
                if where != diagrams.never:
                    node = diagrams.choose(where, diagrams.mapped(node, each.unpaid.__add__), node)
                known[at:] = [(stands, node)]
            node = known[at][1]
        return node

    def _discharge_component(
        self, split: Split, component: str, left: int, discharged: list[Obligation]
    ) -> int:
        """Of all that it pays it is told at once; no setting is asked meanwhile."""
        paid: list[str] = []
        self._paid = paid
        served = self._discharge_alike(split, component, left, discharged)
        self._paid = None
        if paid:
            self.course.unpaid_moved(paid)
        return served

    def _discharge_alike(
        self, split: Split, component: str, left: int, discharged: list[Obligation]
    ) -> int:
        """What discharges charges need be told apart by no more than how much that takes."""
        if not left or not self._charges(component):
            return super()._discharge_component(split, component, left, discharged)
        queue = self._open[component]
        total: int | None = self.course.hear(partial(self._due_within, component, left))
        if total is None:
            total, served = left, self._in_turn(queue, left)
        else:
            served = [(obligation, obligation.unpaid) for obligation in queue]
        for obligation, part in served:
            self._serve(obligation, part, split)
            if not obligation.unpaid:
                discharged.append(obligation)
                queue.remove(obligation)
        if total:
            split.charges[component] = split.charges.get(component, 0) + total
        return total

    def _in_turn(self, queue: list[Obligation], left: int) -> list[tuple[Obligation, int]]:
        """What each gets, in their order, of a payment that does not reach for all of them."""
        served: list[tuple[Obligation, int]] = []
        shares = self.course.hear(partial(self._shares, queue, left))
        for obligation, parts in zip(queue.copy(), shares, strict=True):
            if isinstance(obligation, OpenCharge):
                for where, part in parts[1:]:
                    served.append((self._split_off(obligation, where), part))
                if len(parts) > 1:
                    obligation.under(parts[0][0])
            served += [(obligation, part) for _where, part in parts[:1]]
        return [(obligation, part) for obligation, part in served if part]

    def _shares(self, queue: Iterable[Obligation], left: int) -> list[list[tuple[Node, int]]]:
        """What each gets, and where; of what is owed under all combinations it must be the same."""
        reading, diagrams = self.course.common.reading, self.course.common.reading.diagrams
        spare, nothing = diagrams.leaf(left), diagrams.leaf(None)
        shares: list[list[tuple[Node, int]]] = []
        for obligation in queue:
            share = diagrams.mapped(spare, partial(min, obligation.unpaid))
            if not isinstance(obligation, OpenCharge):
                reading.narrow(diagrams.equals(share, diagrams.picked(share, reading.pick)))
            here = diagrams.both(_place_of(obligation, diagrams), reading.condition)
            share = diagrams.choose(here, share, nothing)
            parts = [part for part in diagrams.sizes(share) if part is not None]
            shares.append([(diagrams.equals(share, part), part) for part in parts])
            for where, part in shares[-1]:
                spare = diagrams.choose(where, diagrams.mapped(spare, part.__rsub__), spare)
        return shares

    def _split_off(self, charge: OpenCharge, where: Node) -> OpenCharge:
        """The same charge under some of its combinations, by itself."""
        made, queue = charge.split_off(where), self._open[charge.component]
        self.obligations.put_beside(charge, made)
        queue.insert(queue.index(charge) + 1, made)
        return made

    def stands(self, id_: str) -> Node:
        """Where it is not so that all of what is owed under an id has been paid."""
        if id_ not in self._standing:
            diagrams, other = self.course.common.reading.diagrams, self.unpaid_everywhere(id_)
            found = diagrams.never if other == 0 else diagrams.always
            for charge in self.apart.get(id_, ()):
                there = diagrams.either if charge.unpaid else diagrams.without
                found = there(found, charge.where)
            self._standing[id_] = found
        return self._standing[id_]

    def unpaid_everywhere(self, id_: str) -> int | None:
        """What is unpaid of what is owed under all combinations; None where there is none such."""
        found = self.obligations.get(id_) or self.instalments.fallen.get(id_)
        return None if found is None else found.unpaid

    def _standing_moved(self, of: Obligation) -> None:
        whole = of.instalment
        moved = (of.id,) if whole is None else (of.id, whole.id)
        for id_ in moved:
            self._standing.pop(id_, None)
        if self._paid is None:
            self.course.unpaid_moved(moved)
        else:
            self._paid += moved

    def working_of(self, period: Period) -> tuple[str, ...]:  # noqa: ARG002  # as it is overridden
        """Nothing: no rule asks how a figure was worked out, and nobody is told of it here."""
        return ()

    def _working_of_accrued(self, *_: object) -> Sequence[str]:
        return ()

    def _tell(self, kind: str, obligation: Obligation, more: Mapping[str, Value]) -> Occurrence:
        if self.course.relives:
            return UNSAID
        return super()._tell(kind, obligation, more)

    def _tell_instalment(
        self, instalment: Instalment, parts: Iterable[Part], more: Mapping[str, Value]
    ) -> Occurrence:
        if self.course.relives:
            return UNSAID
        return super()._tell_instalment(instalment, parts, more)

    def _drawings(self, drawing: Callable[[Arrangement], Occurrence]) -> list[Occurrence]:
        reading = self.course.common.reading

        def told() -> Occurrence:
            self.elsewhere.forget()
            return drawing(self.elsewhere)

        return self.course.hear(
            lambda: [
                each._replace(values=Sometimes(where, each.values))
                for where, each in reading.each(reading.condition, told)
            ]
        )


def _place_of(obligation: Obligation, diagrams: Diagrams) -> Node:
    """Where something is owed."""
    return obligation.where if isinstance(obligation, OpenCharge) else diagrams.always


class _OpenObligations(dict[str, Obligation]):
    """What is owed, by id; what is not owed under all combinations, by an id of its own."""

    def __init__(self, apart: dict[str, list[OpenCharge]]) -> None:
        super().__init__()
        self.apart = apart

    def __setitem__(self, id_: str, obligation: Obligation) -> None:
        if isinstance(obligation, OpenCharge):
            known = self.apart.setdefault(id_, [])
            known.append(obligation)
            id_ = f"{id_} {len(known)}"
        super().__setitem__(id_, obligation)

    def put_beside(self, charge: OpenCharge, other: OpenCharge) -> None:
        """Another charge of the same id stands right after it, in the order of what is owed."""
        known = self.apart[charge.id]
        known.append(other)
        items = list(self.items())
        at = next(at for at, (_name, each) in enumerate(items) if each is charge)
        items.insert(at + 1, (f"{charge.id} {len(known)}", other))
        self.clear()
        self.update(items)


# Fixings -----------------------------------------------------------------------------------------


class OpenFixing(Fixing):
    """A rate that is the same whenever it is fixed: who asks for the day has them told apart."""

    variants: Sequence[tuple[Node, Fixing]]
    reading: Reading

    @property
    def taken_on(self) -> Day:
        """When it is fixed."""
        return self._asked("taken_on")

    @property
    def read_on(self) -> Day:
        """Of which day the index is read."""
        return self._asked("read_on")

    def _asked(self, name: str) -> Day:
        of, diagrams = operator.attrgetter(name), self.reading.diagrams
        day: Day = next(of(each) for where, each in self.variants if self.reading.holds(where))
        places = (where for where, each in self.variants if of(each) == day)
        self.reading.narrow(reduce(diagrams.either, places, diagrams.never))
        return day


class OpenAccrual(Accrual):
    """Accrual whose rates are fixed for all combinations at once, whichever course they are on."""

    def __init__(self, course: Lived) -> None:
        self.course, self.elsewhere = course, course.elsewhere()
        super().__init__(course.arrangement)

    def earned(self, day: Day) -> tuple[int | None, Fixing]:
        """The open period's interest of the days before `day`, and the rate it stands at."""
        return self.course.hear(partial(super().earned, day))

    def figures(self, period: Period, fixing: Fixing) -> tuple[int, int]:
        """The interest of a period at its close, and what the lawful maximum still keeps back."""
        return self.course.hear(partial(super().figures, period, fixing))

    def fixing(self, day: Day, *, closing: bool = False) -> Fixing:
        """The open period's rate, from then on for all combinations that have the same."""
        return self.course.hear(partial(self._fixing_heard, day, closing=closing))

    def _fixing_heard(self, day: Day, *, closing: bool) -> Fixing:
        if not self.elsewhere.steady(*FIXING_SETTINGS):
            return super().fixing(day, closing=closing)
        reading = self.course.common.reading
        fixings = self._fixings(day, closing=closing)
        where, fixing = next(each for each in fixings if reading.holds(each[0]))
        reading.narrow(where)
        return fixing

    def _fixings(self, day: Day, *, closing: bool) -> list[tuple[Node, Fixing]]:
        """What the rate is under all combinations, each from which something else follows once."""
        period, common = self.period, self.course.common
        observed = [len(series.days) for series in (self.maximum, *self.indices.values())]
        asked = (period.start, period.due, period.index, period.fixed, self.added, day, closing)
        key = (*asked, *observed, *self.course.terms.history)
        if key not in common.fixings:
            anew = partial(self._fixed_anew, day, closing=closing)
            variants = common.reading.each(common.reading.diagrams.always, anew)
            common.fixings[key] = _by_effect(variants, common.reading)
        return common.fixings[key]

    def _fixed_anew(self, day: Day, *, closing: bool) -> Fixing:
        """By settings that are asked for it alone."""
        own, known = self.arrangement, self._fixing_days
        self.elsewhere.forget()
        self.arrangement, self._fixing_days = self.elsewhere, {}
        try:
            return super().fixing(day, closing=closing)
        finally:
            self.arrangement, self._fixing_days = own, known


def _by_effect(
    variants: Iterable[tuple[Node, Fixing]], reading: Reading
) -> list[tuple[Node, Fixing]]:
    """Fixings of which nothing follows but their days as one, each where it is so."""
    alike: dict[tuple[object, ...], list[tuple[Node, Fixing]]] = {}
    for where, each in variants:
        alike.setdefault(_effect(each), []).append((where, each))
    found = list[tuple[Node, Fixing]]()
    for same in alike.values():
        where, fixing = same[0]
        if len(same) > 1:
            where = reduce(reading.diagrams.either, (each for each, _fixing in same))
            fixing = OpenFixing(*fixing)
            fixing.variants, fixing.reading = same, reading
        found.append((where, fixing))
    return found


def _effect(fixing: Fixing) -> tuple[object, ...]:
    """All that follows from a fixing, in the account and in what is told, but its days."""
    undated = fixing._replace(taken_on=0, read_on=0)
    return tuple(each.key() if isinstance(each, Open) else each for each in undated)


# Deadlines ---------------------------------------------------------------------------------------


class Until(NamedTuple):
    """Until when something may be paid."""

    payable: Day
    last_day: Day


Days = list[tuple[Node, Until]]


_PAYABLE, _LAST_DAY = (operator.attrgetter(name) for name in Until._fields)


class Undecided(NamedTuple):
    """Stands in what is told for a day that differs."""

    days: Days


class OpenObligation(Obligation):
    """An obligation whose days differ between combinations: who asks for one has them told apart.

    They are settled and told in parts, so that nothing is to be set.
    """

    deadlines: OpenDeadlines  # that settle it
    days: Days

    @cached_property
    def missed(self) -> list[tuple[Node, Day]]:
        """When its last day had passed, and where."""
        return []

    @property
    def payable(self) -> Day:
        """When it is payable."""
        return self.deadlines.asked(self, _PAYABLE)

    @payable.setter
    def payable(self, _day: Day) -> None: ...

    @property
    def last_day(self) -> Day:
        """The last day to pay it."""
        return self.deadlines.asked(self, _LAST_DAY)

    @last_day.setter
    def last_day(self, _day: Day) -> None: ...

    @property
    def missed_on(self) -> Day | None:
        """When its last day had passed, if it was not paid by then."""
        return self.deadlines.asked_missed(self)

    @missed_on.setter
    def missed_on(self, _day: Day | None) -> None: ...


class OpenCharge(OpenObligation):
    """A charge that is owed under some combinations only, so that no course parts on it alone."""

    where: Node

    @property
    def stands(self) -> bool:
        """Whether it is owed, from then on for all combinations under which that is the same."""
        return self.deadlines.reading.decides(self.where)

    def split_off(self, where: Node) -> OpenCharge:
        """The same charge under some of its combinations, by itself."""
        amounts = (self.amount, self.unpaid)
        of = (self.id, self.component, self.cause, *(self.due,) * 3, *amounts)
        made = OpenCharge(*of, self.facts.copy(), self.working)
        made.deadlines, made.days = self.deadlines, self.days
        made.missed += self.missed
        made.under(where)
        self.deadlines.await_too(made, self)
        return made

    def under(self, where: Node) -> None:
        """It is owed under these combinations only."""
        both, never = self.deadlines.reading.diagrams.both, self.deadlines.reading.diagrams.never
        missed = [(both(other, where), day) for other, day in self.missed]
        self.where, self.days = where, self.deadlines.within(where, self.days)
        self.missed[:] = [part for part in missed if part[0] != never]


class OpenDeadlines(Deadlines):
    """Deadlines settled for every combination at once, so that no course parts on them alone."""

    def __init__(self, course: Lived) -> None:
        super().__init__(course.elsewhere())
        self.obligation = self._made
        self.course, self.reading = course, course.common.reading
        self._waiting: list[tuple[Day, tuple[int, ...], OpenObligation, Node]] = []
        self._telling: Node = self.reading.diagrams.always

    def settle(self, obligation: Obligation, earliest: Day = 0) -> None:
        """An obligation gets its days under every combination."""
        assert isinstance(obligation, OpenObligation)  # made here
        obligation.days = self.course.hear(partial(self._days_of, obligation, earliest))
        for condition, days in obligation.days:
            self._count += 1
            heapq.heappush(self._waiting, (days.last_day, (self._count,), obligation, condition))

    def await_too(self, obligation: OpenObligation, like: OpenObligation) -> None:
        """The last days of an obligation are those of another, and pass right after it."""
        for last_day, number, other, condition in self._waiting.copy():
            if other is like:
                self._count += 1
                place = (*number, self._count)
                heapq.heappush(self._waiting, (last_day, place, obligation, condition))

    def _made(self, *told: Any) -> OpenObligation:
        """An obligation of the course, or under the condition for which it is at work."""
        made: OpenObligation
        if self.course.where == self.reading.diagrams.always:
            made = OpenObligation(*told)
        else:
            made = OpenCharge(*told)
            made.where = self.course.where
        made.deadlines = self
        return made

    def within(self, where: Node, days: Days) -> Days:
        """The days of those combinations that are under a condition."""
        if where == self.reading.diagrams.always:
            return days
        both, never = self.reading.diagrams.both, self.reading.diagrams.never
        parts = ((both(condition, where), until) for condition, until in days)
        return [part for part in parts if part[0] != never]

    def _days_of(self, obligation: OpenObligation, earliest: Day) -> Days:
        days = self._days(obligation.component, obligation.due, earliest)
        if isinstance(obligation, OpenCharge):
            return self.within(obligation.where, days)
        return days

    def _days(self, component: str, due: Day, earliest: Day) -> Days:
        """Until when something may be paid, asked once for all courses where none has a say."""

        def until() -> Until:
            self.arrangement.forget()
            last_day = max(self.last_day(component, due), earliest)
            return Until(self.payable(due), last_day)

        def once(*version: Hashable) -> Days:
            known = self.course.common.days_by_terms
            key = (component, due, earliest, *self.course.terms.history, *version)
            if key not in known:
                known[key] = self.reading.each(self.reading.diagrams.always, until)
            return known[key]

        paths = (*DEADLINE_SETTINGS, f"grace.{component}")
        if self.arrangement.steady(*paths):
            return once()
        if self.course.pack.by_account.isdisjoint(paths):
            return once(self.course.today, self.course.states_written)
        return self.reading.each(self.reading.condition, until)

    def settle_anew(self, obligations: Iterable[Obligation], day: Day) -> None:
        """What may still be paid in time follows settings that changed; the rest stays."""
        self._waiting = []
        diagrams = self.reading.diagrams
        for obligation in obligations:
            assert isinstance(obligation, OpenObligation)  # made here
            before, missed = obligation.days, diagrams.never
            for condition, _day in obligation.missed:
                missed = diagrams.either(missed, condition)
            self.settle(obligation, day)
            parts = [(diagrams.both(c, missed), until) for c, until in before]
            parts += [(diagrams.without(c, missed), until) for c, until in obligation.days]
            obligation.days = [part for part in parts if part[0] != diagrams.never]

    def next_after(self, day: Day) -> list[Day]:
        """The first day after `day` by which another last day has passed, if there is one."""
        days = [last for last, _, owed, _ in self._waiting if owed.unpaid or not owed.amount]
        return [max(min(days), day) + 1] if days else []

    def payable_days(self, obligation: Obligation) -> list[Day]:
        """The days on which it may be payable."""
        assert isinstance(obligation, OpenObligation)  # made here
        return sorted({until.payable for _condition, until in obligation.days})

    def passed(self, day: Day) -> Iterator[Obligation]:
        """What was not paid by its last day; what is told of each meanwhile is so where that is."""
        diagrams = self.reading.diagrams
        while self._waiting and self._waiting[0][0] < day:
            _last, _number, obligation, where = heapq.heappop(self._waiting)
            where = diagrams.both(where, _place_of(obligation, diagrams))
            for condition, _day in obligation.missed:
                where = diagrams.without(where, condition)
            if obligation.unpaid and where != diagrams.never:
                obligation.missed.append((where, day))
                self._telling = where
                yield obligation
        self._telling = diagrams.always

    def told(self, parts: Sequence[Part]) -> dict[str, Any]:
        """From when to when these parts may be paid in time, where it is told."""
        days: Days = []
        diagrams = self.reading.diagrams
        for part in parts:
            assert isinstance(part, OpenObligation)  # made here
            if not days:
                days = part.days
            elif part.days != days:
                days = [
                    (both, Until(one.payable, max(one.last_day, other.last_day)))
                    for condition, one in days
                    for under, other in part.days
                    if (both := diagrams.both(condition, under)) != diagrams.never
                ]
        undecided = Undecided(self.within(self._telling, days))
        return {"payable": undecided, "last_day": undecided}

    def asked(self, obligation: OpenObligation, of: Callable[[Until], Day]) -> Day:
        """One of its days, from then on for all combinations that have the same."""
        if len(obligation.days) == 1:
            return of(obligation.days[0][1])
        day = next(of(until) for where, until in obligation.days if self.reading.holds(where))
        same = self.reading.diagrams.never
        for where, until in obligation.days:
            if of(until) == day:
                same = self.reading.diagrams.either(same, where)
        self.reading.narrow(same)
        return day

    def asked_missed(self, obligation: OpenObligation) -> Day | None:
        """When its last day had passed, from then on for all combinations for which it is so."""
        diagrams, left = self.reading.diagrams, self.reading.diagrams.always
        for where, day in obligation.missed:
            if self.reading.holds(where):
                self.reading.narrow(where)
                return day
            left = diagrams.without(left, where)
        self.reading.narrow(left)
        return None
