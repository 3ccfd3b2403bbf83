"""The account of a contract under all combinations of answers that have moved it alike so far.

Code runs under one combination, and every answer that it asks for narrows the combinations for
which it has run (`Reading`); what is left runs again. A thing that is not the same under all of
them is held in parts, each with the condition under which it is so (`Varied`). A `Course` is an
evaluation without rules: where combinations part on a step that it takes, another is lived anew.
"""

from __future__ import annotations

import heapq
import operator
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial, reduce
from typing import Any, NamedTuple, Protocol, TypeVar

from checker.account import Obligation, Occurrence
from checker.accrual import Period
from checker.arrangement import Arrangement
from checker.dates import Day
from checker.deadlines import SETTINGS as DEADLINE_SETTINGS
from checker.deadlines import Deadlines
from checker.evaluate import Engines, Evaluation
from checker.findings import Finding
from checker.instalments import Instalment, Part
from checker.language import TermValue
from checker.ledger import Ledger
from checker.model import Fact, Value
from checker.occasions import Calendar
from checker.pack import Pack
from checker.questions.diagrams import Assignment, Diagrams, Node
from checker.terms import Amended, Choices, Terms

T = TypeVar("T")
Step = Callable[["Course"], Any]
PowerState = tuple[str, Day | None]
"""A power's state, and since when the oldest default has stood that supports it."""


class Reading:
    """Code that runs under one combination, and for all under which it would do the same."""

    def __init__(self, diagrams: Diagrams, own: Assignment) -> None:
        self.diagrams, self.own = diagrams, own
        self.condition = diagrams.always
        self.answers: Assignment = own
        self.written: list[Varied[Any]] = []
        self.amended = 0  # how often a term became another, on any course
        self._nearest: dict[Node, Assignment] = {}

    def once(
        self, condition: Node, do: Callable[[], T], answers: Assignment | None = None
    ) -> tuple[Node, T]:
        """What comes of it under one combination of a condition, and for which it is the same.

        What it writes to things that vary is written under the condition that is left.
        """
        outer = self.condition, self.answers, self.written
        self.condition, self.written = condition, []
        self.answers = answers or self._near(condition)
        try:
            result = do()
            for varied in self.written:
                varied.settle(self.condition)
            return self.condition, result
        finally:
            self.condition, self.answers, self.written = outer

    def _near(self, condition: Node) -> Assignment:
        """The combination of a condition that is nearest to one's own answers."""
        if condition not in self._nearest:
            self._nearest[condition] = self.diagrams.nearest(condition, self.own)
        return self._nearest[condition]

    def under(self, answers: Assignment, do: Callable[[], T]) -> T:
        """What comes of it under one combination."""
        return self.once(self.diagrams.never, do, answers)[1]  # none is left to be narrowed

    def each(self, condition: Node, do: Callable[[], T]) -> list[tuple[Node, T]]:
        """What comes of it under every combination of a condition, in parts."""
        found = []
        while condition != self.diagrams.never:
            found.append(self.once(condition, do))
            condition = self.diagrams.without(condition, found[-1][0])
        return found

    def narrow(self, condition: Node) -> None:
        """It runs on for those combinations alone for which this is so, its own among them."""
        if condition != self.diagrams.always:
            self.condition = self.diagrams.both(self.condition, condition)

    def holds(self, condition: Node) -> bool:
        """Whether it is so under the combination under which it runs."""
        return bool(self.diagrams.at(condition, self.answers))


class Varied(dict[str, T]):
    """Things by name, each as it is under each combination of answers; none where it is not."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading
        self.parts: dict[str, list[tuple[Node, T]]] = {}
        self.log: list[tuple[str, Node, T]] = []  # what was written, and where
        self._there: dict[str, Node] = {}  # where there is a thing of a name

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name):
            return True
        diagrams, there = self.reading.diagrams, self._where(str(name))
        is_there = self.reading.holds(there)
        self.reading.narrow(there if is_there else diagrams.without(diagrams.always, there))
        return is_there

    def __getitem__(self, name: str) -> T:
        if super().__contains__(name):
            return super().__getitem__(name)
        for condition, value in self.parts.get(name, ()):
            if self.reading.holds(condition):
                self.reading.narrow(condition)
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: T) -> None:
        if not self:
            self.reading.written.append(self)
        super().__setitem__(name, value)

    def settle(self, condition: Node) -> None:
        """What was written is so under a condition."""
        for name, value in self.items():
            self.log.append((name, condition, value))
            there = self._where(name)
            new = self.reading.diagrams.both(there, condition) == self.reading.diagrams.never
            self.parts[name] = self._with(self.parts.get(name, []), condition, value, new=new)
            self._there[name] = self.reading.diagrams.either(there, condition)
        self.clear()

    def _where(self, name: str) -> Node:
        """The combinations under which there is a thing of a name."""
        if name not in self._there:
            either, never = self.reading.diagrams.either, self.reading.diagrams.never
            places = (condition for condition, _value in self.parts.get(name, ()))
            self._there[name] = reduce(either, places, never)
        return self._there[name]

    def _with(
        self, parts: Iterable[tuple[Node, T]], condition: Node, value: T, *, new: bool
    ) -> list[tuple[Node, T]]:
        diagrams, found = self.reading.diagrams, []
        for other, old in parts:
            if old == value:
                condition = diagrams.either(condition, other)
            elif new:  # it takes nothing from what is so elsewhere
                found.append((other, old))
            elif (left := diagrams.without(other, condition)) != diagrams.never:
                found.append((left, old))
        return [*found, (condition, value)]

    def copied(self) -> Varied[T]:
        """A copy, in which other things may be written."""
        made = Varied[T](self.reading)
        made.parts = {name: list(parts) for name, parts in self.parts.items()}
        return made


class ReadTerms(Terms):
    """The terms in force under the combination under which code runs."""

    def __init__(self, pack: Pack, choices: Choices, reading: Reading) -> None:
        super().__init__(pack, choices)
        self.reading = reading
        self._cases: dict[tuple[str, str], tuple[TermValue, Node]] = {}

    def lookup(self, name: str) -> TermValue:
        """The value in force; from then on all is so where it is the same."""
        question = self.question_of(name)
        if question is None:
            return self.values[name]
        case = (name, self.reading.answers[question])
        if case not in self._cases:
            self._cases[case] = self._case(question, self.alternatives(name))
        value, where = self._cases[case]
        self.reading.narrow(where)
        return value

    def told_apart(self, question: str, results: Mapping[str, TermValue]) -> TermValue:
        """The result under the answer given; from then on all is so where it is the same."""
        result, where = self._case(question, results)
        self.reading.narrow(where)
        return result

    def _case(self, question: str, results: Mapping[str, TermValue]) -> tuple[TermValue, Node]:
        result = results[self.reading.answers[question]]
        same = tuple(answer for answer, other in results.items() if other == result)
        if len(same) == len(results):
            return result, self.reading.diagrams.always
        return result, self.reading.diagrams.answered(question, same)

    def amend(self, amended: Amended) -> None:
        """The term has another value from now on."""
        super().amend(amended)
        self._cases.clear()
        self.reading.amended += 1


class Common(Protocol):
    """What courses have in common: how they are read, and what stands outside the account."""

    pack: Pack
    engines: Engines
    choices: Choices
    reading: Reading
    findings: Varied[Finding]
    state: Varied[Any]
    moved: Varied[bool]
    days_by_terms: dict[Hashable, Days]

    def state_of_power(self, name: str, courses: Sequence[Course]) -> str:
        """A power's state, with the accounts of these courses."""

    def take_note(self) -> None:
        """Courses take note of what was written about findings on which any power hangs."""

    def next_occasion(self, name: str, day: Day) -> Day | None:
        """The first day after `day` that is an occasion under any combination."""

    def occasion(self, name: str, day: Day) -> list[Occurrence]:
        """The occasions of a day, each with the condition under which it is one."""


class _Settled(NamedTuple):
    """A setting as it was last asked for, and all that had moved by then that it may follow."""

    written: tuple[int, int]  # of findings and of states, on any course
    own: tuple[int, int, int]  # terms, cures and payments on this one
    moves: int  # of findings on which its powers hang
    value: Any


class Course(Evaluation):
    """The account under all combinations that have moved it alike; rules are asked elsewhere.

    It keeps what it has done, and what it was then told of findings, so that it can be lived anew.
    """

    def __init__(self, common: Common, again: Course | None = None, last: int = 0) -> None:
        """With `again`, the steps of that one but the `last` are taken, hearing what it heard."""
        self.common, self.condition = common, common.reading.condition
        self.journal: list[tuple[Step, list[Any]]] = []
        self.coming: Day = 0  # when next anything comes by itself
        # The findings on which powers hang, and how often something of them was written.
        self.heeded: dict[str, list[tuple[Node, Finding]]] = dict(again.heeded) if again else {}
        self.moves = 0
        self.turns = 0  # how often something was paid in full, or was owed again
        self.states: dict[str, tuple[Hashable, list[tuple[Node, PowerState]]]] = {}  # of powers
        self._settled: dict[str, _Settled] = {}  # settings that follow states and powers
        self.step = 0  # of the day
        self.said: list[Occurrence] | None = None  # on it; None where the day is over
        self.first_heard: list[Any] = []
        self._heard, self._hearing = self.first_heard, False
        self._before = None if again is None else iter(again.first_heard)
        terms = ReadTerms(common.pack, common.choices, common.reading)
        super().__init__(common.pack, common.engines, terms=terms)
        self.findings = _Heard(self, common.findings)
        self.state, self._moved = _State(self, common.state), _Moved(self, common.moved)
        self.calendars = [_Occasions(each.occasion, self) for each in self.calendars]
        for step, heard in again.journal[: len(again.journal) - last] if again else ():
            self._before = iter(heard)
            step(self)
            self.journal.append((step, heard))
        self._before = None

    def opened(self) -> Ledger:
        """The account as it begins, with deadlines that may differ between combinations."""
        return _OpenLedger(self)

    def elsewhere(self) -> Arrangement:
        """The settings, to be asked under combinations of which each may have its own."""
        return Arrangement(super()._setting, (), (), self.pack.volatile, self.readings)

    def _setting(self, path: str) -> Any:
        if path not in self.pack.volatile:
            return super()._setting(path)
        return self.hear(partial(self._stands, path))

    def _stands(self, path: str) -> Any:
        """A setting that follows states and powers, asked anew when one of these may have moved."""
        account = vars(self).get("ledger")  # none yet where it is about to be opened
        if account is None or account.stuck or path not in self.pack.following:
            return super()._setting(path)
        written = len(self.common.findings.log), len(self.common.state.log)
        own = len(self.terms.history), len(self.cured), self.turns
        known = self._settled.get(path)
        if known is not None and known.own == own:
            if known.written == written:
                return known.value
            self.common.take_note()
            if known.moves == self.moves and known.written[1] == written[1]:
                self._settled[path] = known._replace(written=written)
                return known.value
        value = super()._setting(path)
        self._settled[path] = _Settled(written, own, self.moves, value)
        return value

    def does(self, step: Step) -> Any:
        """Takes one more step, and keeps it in mind."""
        self._heard = []
        result = step(self)
        self.journal.append((step, self._heard))
        return result

    def hear(self, ask: Callable[[], T]) -> T:
        """What is so outside the account, as it stood when the step was first taken."""
        if self._hearing:  # a part of what is asked
            return ask()
        if self._before is None:
            self._hearing = True
            try:
                answer = ask()
            finally:
                self._hearing = False
        else:
            answer = next(self._before)
        self._heard.append(answer)
        return answer

    @property
    def relives(self) -> bool:
        """Whether it takes steps that another has taken: what they wrote elsewhere is written."""
        return self._before is not None

    def power(self, name: str) -> tuple[str, Day | None]:
        """A power's state; since when is nothing that an account asks."""
        return self.hear(partial(self.common.state_of_power, name, [self])), None

    def begins(self, day: Day, facts: Sequence[Fact]) -> None:
        """Lives through a day up to the first step on which it has something to say."""
        self._steps = enumerate(self.day(day, facts))
        self.goes_on()

    def goes_on(self) -> None:
        """Lives on to the next such step, or to the end of the day."""
        heeded = self.engines.kinds
        for step, told in self._steps:
            if said := [each for each in told if each.kind in heeded]:
                self.step, self.said = step, said
                return
        self.said = None
        self.looks_ahead()

    def forget(self) -> None:
        """What was settled when it was asked under some of its combinations alone is forgotten."""
        self.arrangement.forget()
        self._settled.clear()
        self.ledger.accrual.forget()

    def looks_ahead(self) -> None:
        """When next anything comes by itself."""
        self.coming = self.next_day()


UNSAID = Occurrence("", {})
"""Stands for what a course had said when the step that it relives was first taken."""


class _OpenLedger(Ledger):
    """An account that tells in parts what differs between combinations and moves nothing in it."""

    def __init__(self, course: Course) -> None:
        super().__init__(course.arrangement, course.engines.kinds, OpenDeadlines(course))
        self.course, self.elsewhere = course, course.elsewhere()

    def _standing_moved(self) -> None:
        if self.course.heeded:  # else no power hangs on what is unpaid
            self.course.turns += 1

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


class _Heard(dict[str, Finding]):
    """The findings, as a course is told of them."""

    def __init__(self, course: Course, findings: Varied[Finding]) -> None:
        super().__init__()
        self.course, self.findings = course, findings

    def __contains__(self, name: object) -> bool:
        return self.course.hear(lambda: name in self.findings)

    def __getitem__(self, name: str) -> Finding:
        return self.course.hear(lambda: self.findings[name])


class _State(dict[str, Any]):
    """What is in force over time, as a course is told of it: it is no part of the account."""

    def __init__(self, course: Course, state: Varied[Any]) -> None:
        super().__init__()
        self.course, self.varied = course, state

    def __contains__(self, name: object) -> bool:
        return name in self.course.pack.states

    def __getitem__(self, name: str) -> Any:
        return self.course.hear(lambda: self.varied[name])

    def __setitem__(self, name: str, value: Any) -> None:
        if not self.course.relives:
            self.varied[name] = value


class _Moved(set[str]):
    """The states that a rule has set, as a course is told of them."""

    def __init__(self, course: Course, moved: Varied[bool]) -> None:
        super().__init__()
        self.course, self.varied = course, moved

    def __contains__(self, name: object) -> bool:
        return self.course.hear(lambda: name in self.varied)

    def add(self, name: str) -> None:
        """It has been set."""
        if not self.course.relives:
            self.varied[name] = True


class Sometimes(dict[str, Value]):
    """The values of what is told under a condition only."""

    def __init__(self, condition: Node, values: Mapping[str, Value]) -> None:
        super().__init__(values)
        self.condition = condition


class _Occasions(Calendar):
    """A series of occasions, which is no part of the account either."""

    naming: Course

    def next_after(self, day: Day) -> Day | None:
        """The first day after `day` that is an occasion under any combination."""
        course, name = self.naming, self.occasion.name
        return course.hear(lambda: course.common.next_occasion(name, day))

    def tell(self, day: Day) -> list[Occurrence]:
        """The occasions of `day`, each where it is one."""
        course, name = self.naming, self.occasion.name
        return course.hear(lambda: course.common.occasion(name, day))


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


class OpenDeadlines(Deadlines):
    """Deadlines settled for every combination at once, so that no course parts on them alone."""

    obligation = OpenObligation

    def __init__(self, course: Course) -> None:
        super().__init__(course.elsewhere())
        self.course, self.reading = course, course.common.reading
        self._waiting: list[tuple[Day, int, OpenObligation, Node]] = []
        self._telling: Node = self.reading.diagrams.always

    def settle(self, obligation: Obligation, earliest: Day = 0) -> None:
        """An obligation gets its days under every combination."""
        assert isinstance(obligation, OpenObligation)  # made here
        obligation.deadlines = self
        obligation.days = self._days(obligation.component, obligation.due, earliest)
        for condition, days in obligation.days:
            self._count += 1
            heapq.heappush(self._waiting, (days.last_day, self._count, obligation, condition))

    def _days(self, component: str, due: Day, earliest: Day) -> Days:
        """Until when something may be paid, asked once for all courses where none has a say."""

        def until() -> Until:
            self.arrangement.forget()
            last_day = max(self.last_day(component, due), earliest)
            return Until(self.payable(due), last_day)

        if not self.arrangement.steady(*DEADLINE_SETTINGS, f"grace.{component}"):
            return self.course.hear(lambda: self.reading.each(self.reading.condition, until))
        known, key = self.course.common.days_by_terms, (component, due, earliest)
        version = (*key, *self.course.terms.history)
        if version not in known:
            known[version] = self.reading.each(self.reading.diagrams.always, until)
        return known[version]

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
        return [max(self._waiting[0][0], day) + 1] if self._waiting else []

    def payable_days(self, obligation: Obligation) -> list[Day]:
        """The days on which it may be payable."""
        assert isinstance(obligation, OpenObligation)  # made here
        return sorted({until.payable for _condition, until in obligation.days})

    def passed(self, day: Day) -> Iterator[Obligation]:
        """What was not paid by its last day; what is told of each meanwhile is so where that is."""
        diagrams = self.reading.diagrams
        while self._waiting and self._waiting[0][0] < day:
            _last, _count, obligation, where = heapq.heappop(self._waiting)
            where = diagrams.both(where, self.reading.condition)
            for condition, _day in obligation.missed:
                where = diagrams.without(where, condition)
            if obligation.unpaid and where != diagrams.never:
                obligation.missed.append((where, day))
                self._telling = where
                yield obligation
        self._telling = diagrams.always

    def told(self, parts: Sequence[Part]) -> dict[str, Any]:
        """From when to when these parts may be paid in time, where it is told."""
        diagrams, days = self.reading.diagrams, list[tuple[Node, Until]]()
        for part in parts:
            assert isinstance(part, OpenObligation)  # made here
            before = days or [(self._telling, Until(0, 0))]
            days = [
                (both, Until(one.payable or other.payable, max(one.last_day, other.last_day)))
                for condition, one in before
                for under, other in part.days
                if (both := diagrams.both(condition, under)) != diagrams.never
            ]
        return {"payable": Undecided(days), "last_day": Undecided(days)}

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
