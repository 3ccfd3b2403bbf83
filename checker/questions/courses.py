"""The account of a contract under all combinations of answers that have moved it alike so far.

A `Course` is an evaluation without rules: where combinations part on a step that it takes, another
is lived anew for those that are left.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from checker.account import Obligation, Occurrence
from checker.accrual import Capping, Fixing
from checker.arrangement import Arrangement
from checker.dates import Day
from checker.evaluate import Act, Engines, Evaluation
from checker.findings import Finding
from checker.model import Fact, Value
from checker.occasions import Calendar
from checker.pack import Pack
from checker.questions.conditional import ReadTerms, Varied
from checker.questions.diagrams import Node
from checker.questions.open_account import OpenLedger, Shared
from checker.terms import Choices

T = TypeVar("T")
Step = Callable[["Course"], Any]
PowerState = tuple[str, Day | None]
"""A power's state, and since when the oldest default has stood that supports it."""


class Common(Shared, Protocol):
    """What courses have in common, and what stands outside the account."""

    pack: Pack
    engines: Engines
    choices: Choices
    findings: Varied[Finding]
    state: Varied[Any]
    moved: Varied[bool]
    moves: int  # how often powers may have moved on any course

    def state_of_power(self, name: str, courses: Sequence[Course]) -> str:
        """A power's state, with the accounts of these courses."""

    def states_on(self, course: Course, name: str) -> Sequence[tuple[str, Node]]:
        """A power's states on one course, each with where it is so."""

    def await_answer(
        self, where: Node, rule: str, id_: str, until: Day, first: Mapping[str, Value]
    ) -> None:
        """A finding may be answered up to a last day, under a condition; it lapses after that."""

    def lapses(self, day: Day, course: Course) -> bool:
        """Whether anything lapses on a day under any combination that is on a course."""

    def lapsed(self, day: Day, course: Course) -> Sequence[Occurrence]:
        """What lapses on a day on a course, each where it does."""

    def take_note(self) -> None:
        """Courses take note of what was written about findings on which any power hangs."""

    def limited(self, fixing: Fixing) -> tuple[Capping, int | None]:
        """How the lawful maximum limits a rate, from then on for all for which it does so."""

    def next_occasion(self, name: str, day: Day) -> Day | None:
        """The first day after `day` that is an occasion under any combination."""

    def occasion(self, name: str, day: Day) -> list[Occurrence]:
        """The occasions of a day, each with the condition under which it is one."""


@dataclass
class Supports:
    """Where a power stands on a course, and by which finding; some may have moved since."""

    available: Node
    by_finding: dict[str, Node]
    moved: set[str]


class PowerStates(NamedTuple):
    """A power's states on a course: as of which moves, by what they follow, and where each is."""

    stands: Hashable
    follows: Hashable
    told: Sequence[tuple[str, Node]]


class Course(Evaluation):
    """The account under all combinations that have moved it alike; rules are asked elsewhere.

    It keeps what it has done, and what it was then told of findings, so that it can be lived anew.
    """

    def __init__(self, common: Common, again: Course | None = None, last: int = 0) -> None:
        """With `again`, the steps of that one but the `last` are taken, hearing what it heard."""
        self.common, self.condition = common, common.reading.condition
        # The steps, what was heard on each, and of which findings more was written before it.
        self.journal: list[tuple[Step, list[Any], Sequence[tuple[str, str]]]] = []
        self.coming: Day = 0  # when next anything comes by itself
        self.where = common.reading.diagrams.always  # where that is so which it is about to do
        # The findings on which powers hang; where any of a rule is; how often one was written.
        self.heeded: dict[str, list[tuple[Node, Finding]]] = dict(again.heeded) if again else {}
        self.arisen: dict[str, Node] = dict(again.arisen) if again else {}
        self.moves = 0
        self.written: list[str] = []  # those that its settings do not follow yet
        self._about: dict[str, set[str]] = {}  # those that they follow, by what these are about
        # Powers: how often they may have moved; their states, and as settings follow them.
        self.turns = 0
        self.supports: dict[str, Supports] = {}
        self.states: dict[str, PowerStates] = {}
        self._stood: dict[str, dict[str, Node]] = {}
        self.step = 0  # of the day
        self.said: list[Occurrence] | None = None  # on it; None where the day is over
        self.first_heard: list[Any] = []
        self._heard, self._hearing = self.first_heard, False
        self._before = None if again is None else iter(again.first_heard)
        self.ledger: OpenLedger
        terms = ReadTerms(common.pack, common.choices, common.reading)
        super().__init__(common.pack, common.engines, terms=terms)
        self.findings = _Heard(self, common.findings)
        self.state, self._moved = _State(self, common.state), _Moved(self, common.moved)
        self.calendars = [_Occasions(each.occasion, self) for each in self.calendars]
        for step, heard, more in again.journal[: len(again.journal) - last] if again else ():
            self._before = iter(heard)
            self._lives(step, heard, more)
            assert next(self._before, self) is self, "it took a step and heard less than before"
        self._before, self._heard = None, []
        self.written = list(self.heeded)  # whichever that one heard of when it took the last

    def opened(self) -> OpenLedger:
        """The account as it begins, with deadlines that may differ between combinations."""
        return OpenLedger(self)

    def elsewhere(self) -> Arrangement:
        """The settings, to be asked under combinations of which each may have its own."""
        return Arrangement(super()._setting, (), (), self.pack.volatile, self.readings)

    def _setting(self, path: str) -> Any:
        if path not in self.pack.volatile:
            return super()._setting(path)
        return self.hear(partial(super()._setting, path))

    def does(self, step: Step) -> Any:
        """Takes one more step, and keeps it in mind."""
        heard: list[Any] = []
        self._heard = heard
        result = self._lives(step, heard, self._found_more())
        self._heard = []  # what is heard between steps is nothing to live by again
        return result

    def _lives(self, step: Step, heard: list[Any], more: Sequence[tuple[str, str]]) -> Any:
        """A step, with settings that follow what others have concluded before it."""
        for about, name in more:
            self._about.setdefault(about, set()).add(name)
        if more:
            self._powers_moved()
        result = step(self)
        self.journal.append((step, heard, more))
        return result

    def _found_more(self) -> Sequence[tuple[str, str]]:
        """Of which findings on which its powers hang more was written, after what each is about."""
        self.common.take_note()
        if not self.written:
            return ()
        written, self.written = dict.fromkeys(self.written), []
        return [(self.heeded[name][0][1].about, name) for name in written]

    def state_was_set(self) -> None:
        """A state has another value, which is no part of the account but for what follows it."""
        self.stir()
        for name in self.pack.states:
            self.arrangement.moved(name)

    def unpaid_moved(self, of: Iterable[str]) -> None:
        """What is owed under these ids was paid in full, or something of it is owed again."""
        moved = [name for id_ in of for name in self._about.get(id_, ())]
        if moved:
            self._supports_moved(moved)

    def _supports_moved(self, findings: Iterable[str]) -> None:
        self.support_anew(findings)
        self._powers_moved()

    def support_anew(self, findings: Iterable[str]) -> None:
        """Where these findings let powers stand is asked anew."""
        for supports in self.supports.values():
            supports.moved.update(findings)

    def cure(self, finding: str) -> None:
        """A finding no longer continues, by a rule's word."""
        self.support_anew(self.heeded.keys() & {finding})
        super().cure(finding)

    def _powers_moved(self) -> None:
        self.turns += 1
        self.common.moves += 1
        for name in self.hear(self._turned):
            self.arrangement.moved(f"power.{name}")

    def _turned(self) -> list[str]:
        """The powers that settings follow, and whose states are no longer what they were."""
        both, never = self.common.reading.diagrams.both, self.common.reading.diagrams.never
        found = []
        for name in self.pack.followed:
            before, now = self._stood.get(name), self.common.states_on(self, name)
            if before is None or any(
                both(before.get(state, never), self.condition) != where for state, where in now
            ):
                self._stood[name] = dict(now)
                found.append(name)
        return found

    def limited(self, fixing: Fixing) -> tuple[Capping, int | None]:
        """How the lawful maximum limits a rate."""
        return self.common.limited(fixing)

    def amend(self, occurrence: Occurrence) -> None:
        """A term has another value from now on."""
        super().amend(occurrence)
        self._supports_moved(self.heeded)

    def does_apart(self, act: Act, where: Node, *, new: bool) -> list[Occurrence]:
        """Does what is so under a condition only, and moves nothing else in the account."""
        self.where = where
        try:
            return act.done(self, new=new)
        finally:
            self.where = self.common.reading.diagrams.always

    def await_answer(self, rule: str, id_: str, until: Day, first: Mapping[str, Value]) -> None:
        """A finding may be answered up to a last day; others say when it lapses."""
        if not self.relives:
            reading = self.common.reading
            where = reading.diagrams.both(self.where, reading.condition)
            self.common.await_answer(where, rule, id_, until, first)

    def _comes(self, day: Day) -> bool:
        if super()._comes(day):
            return True
        return self.pack.awaits and self.hear(partial(self.common.lapses, day, self))

    def _coming_day(self) -> Day:
        return self.hear(super()._coming_day)

    def _lapsed(self, day: Day) -> Sequence[Occurrence]:
        return self.hear(partial(self.common.lapsed, day, self)) if self.pack.awaits else ()

    def continues(self, finding: Finding) -> Node:
        """Where what was found still stands."""
        diagrams = self.common.reading.diagrams
        if finding.outcome != "information" and self.unanswered(finding):
            return self.ledger.stands(finding.about)
        return diagrams.always if self.continuing(finding) else diagrams.never

    def charges(self) -> Iterator[tuple[Node, Obligation]]:
        """What is owed under some of the combinations that are on it, each with those."""
        diagrams = self.common.reading.diagrams
        for charges in self.ledger.apart.values():
            for each in charges:
                where = diagrams.both(each.where, self.condition)
                if where != diagrams.never:
                    yield where, each

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
    def states_written(self) -> int:
        """How often a state has been set, on any course."""
        return len(self.common.state.log)

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
            if told and (said := [each for each in told if each.kind in heeded]):
                self.step, self.said = step, said
                return
        self.said = None
        self.looks_ahead()

    def forget(self) -> None:
        """What was settled when it was asked under some of its combinations alone is forgotten."""
        self.arrangement.forget()
        self.ledger.accrual.forget()

    def looks_ahead(self) -> None:
        """When next anything comes by itself."""
        self.coming = self.next_day()


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
