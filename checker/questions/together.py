"""One evaluation under all combinations of answers together: what is the same is done once.

The accounts are courses, one for all combinations that have moved it alike. What they tell the
rules, and what these conclude, is held once for all combinations under which it is so, whatever
course they are on.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from itertools import groupby
from typing import Any, TypeVar

from checker.account import BALANCES, Occurrence
from checker.dates import Day
from checker.evaluate import (
    MOST_ROUNDS,
    Act,
    Conclusion,
    Engines,
    Judging,
    as_blocker,
    endless,
    tells_at_close,
)
from checker.findings import Finding, finding_occurrences, is_finding
from checker.language import Sentence
from checker.model import Fact, Value, WrongInput
from checker.occasions import Calendar
from checker.pack import Pack, Power
from checker.patterns import Record
from checker.questions.courses import (
    Course,
    Days,
    PowerState,
    Reading,
    ReadTerms,
    Sometimes,
    Step,
    Undecided,
    Varied,
)
from checker.questions.diagrams import Assignment, Diagrams, Node
from checker.questions.matching import Found, Matching
from checker.rules import BLOCKER, Rule
from checker.terms import Choices

T = TypeVar("T")

Told = list[tuple[Node, Occurrence]]
"""What is told, in its order under each combination, and under which ones it is."""

Progress = Callable[[Day, Day, int], None]
"""Is told up to which day all combinations have been lived, until when, and on how many courses."""


class _Firsts(dict[str, Mapping[str, Value]]):
    """What the rules of findings first matched, written down with the order in which they did."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.varied: Varied[tuple[int, Mapping[str, Value]]] = Varied(reading)
        self.number = 0

    def __setitem__(self, name: str, value: Mapping[str, Value]) -> None:
        self.varied[name] = (self.number, value)


class Together(Judging):
    """The rules under all combinations, over the courses that these have taken so far."""

    def __init__(self, pack: Pack, engines: Engines, choices: Choices, diagrams: Diagrams) -> None:
        super().__init__(pack, engines)
        self.choices, self.diagrams = choices, diagrams
        own = {name: choices.readings.get(name, q.default) for name, q in pack.questions.items()}
        self.reading = Reading(diagrams, own)
        self.findings = Varied[Finding](self.reading)
        self.days_by_terms: dict[Hashable, Days] = {}
        self._surviving: dict[Hashable, Node] = {}  # where powers survive cure
        self.state, self.moved = Varied[Any](self.reading), Varied[bool](self.reading)
        self._calendars: Varied[tuple[int, Day | None]] = Varied(self.reading)
        self._next: dict[Hashable, Day | None] = {}
        self._occasions: dict[tuple[str, Day], list[Occurrence]] = {}
        self.courses: list[Course] = []
        self._numbered: list[Course] = []  # in the order in which they came to be
        self._whose = diagrams.leaf(None)  # the number of the course of each combination
        self.firsts = self._firsts = _Firsts(self.reading)
        self.rules = {name: _unspoken(rule) for name, rule in pack.rules.items()}
        loop = [rule for rule in pack.rules.values() if rule.id not in pack.standing]
        self._matching = Matching([each for rule in loop for each in rule.patterns], diagrams)
        self._read = 0  # how much of what was written of findings courses have taken note of
        self._told: list[Occurrence] = []
        self._kept: Told = []
        self.lived = 0  # courses, from the beginning to where they part
        self._begin()
        for condition, course in self.reading.each(diagrams.always, self._begun):
            course.condition = condition
            self._number(course)
            self.courses.append(course)
        self._all_take(self.courses, Course.looks_ahead)

    def _begin(self) -> None:
        """What is in force at first, and no occasion so far."""
        self._terms = ReadTerms(self.pack, self.choices, self.reading)
        for name, state in self.pack.states.items():
            starts = partial(state.starts.evaluate, {}, self)
            named = state.type == "names"
            self.state.parts[name] = [
                (where, frozenset() if named else value)
                for where, value in self.reading.each(self.diagrams.always, starts)
            ]
        for name in self.pack.occasions:
            self._calendars.parts[name] = [(self.diagrams.always, (0, None))]

    def _begun(self, again: Course | None = None, last: int = 0) -> Course:
        self.lived += 1
        return Course(self, again, last)

    def _number(self, course: Course) -> None:
        number = self.diagrams.leaf(len(self._numbered))
        self._whose = self.diagrams.choose(course.condition, number, self._whose)
        self._numbered.append(course)

    def _on(self, condition: Node) -> list[tuple[Course, Node]]:
        """The courses of some combinations, in their order, each with those that are on it."""
        whose = self.diagrams.choose(condition, self._whose, self.diagrams.leaf(None))
        numbers = self.diagrams.values_of(whose) - {None}
        found = [self._numbered[number] for number in numbers]
        if len(found) > 1:
            places = {course: at for at, course in enumerate(self.courses)}
            found.sort(key=places.__getitem__)
        return [(each, self.diagrams.both(each.condition, condition)) for each in found]

    # What rules may ask ---------------------------------------------------------------------------

    def lookup(self, name: str) -> Any:
        """The value in force of a term, a state, a balance, a power's state, or `today`."""
        if name == "today":
            return self.today
        if name in self.pack.states:
            return self.state[name]
        if name in BALANCES:
            return self._alike(lambda course: course.ledger.balance(name))
        if name.startswith("power.") and name[6:] in self.pack.powers:
            return self.state_of_power(name[6:], self.courses)
        terms = self.courses[0].terms if self.courses else self._terms
        if self.reading.amended:
            self._alike(lambda course: course.terms.history)
            terms = self._here.terms
        return terms.lookup(name)

    def next_occasion(self, name: str, day: Day) -> Day | None:
        """The first day after `day` that is an occasion under any combination."""
        key = (name, day, self.reading.amended, len(self.state.log))  # whatever it may follow
        if key not in self._next:
            after = partial(Calendar(self.pack.occasions[name], self).next_after, day)
            days = [each for _where, each in self.reading.each(self.diagrams.always, after)]
            self._next[key] = min((each for each in days if each is not None), default=None)
        return self._next[key]

    def occasion(self, name: str, day: Day) -> list[Occurrence]:
        """The occasions of a day, each with the condition under which it is one."""
        if (name, day) not in self._occasions:

            def told() -> list[Occurrence]:
                calendar = Calendar(self.pack.occasions[name], self, *self._calendars[name])
                found = list(calendar.tell(day))
                self._calendars[name] = (calendar.number, calendar.last)
                return found

            self._occasions[name, day] = [
                each._replace(values=Sometimes(where, each.values))
                for where, found in self.reading.each(self.diagrams.always, told)
                for each in found
            ]
        return self._occasions[name, day]

    @property
    def _here(self) -> Course:
        """The course that is taken under the combination under which code runs."""
        number: int = self.diagrams.at(self._whose, self.reading.answers)
        return self._numbered[number]

    def _alike(self, of: Callable[[Course], T]) -> T:
        """What is so of the course, from then on for all combinations of which it is so."""
        value = of(self._here)
        self.reading.narrow(self._where(self.courses, lambda course: of(course) == value))
        return value

    def _where(self, courses: Iterable[Course], is_so: Callable[[Course], bool]) -> Node:
        """The combinations on these courses for which something is so."""
        found = self.diagrams.never
        for course in courses:
            for condition, so in self.reading.each(course.condition, partial(is_so, course)):
                found = self.diagrams.either(found, condition) if so else found
        return found

    def state_of_power(self, name: str, courses: Sequence[Course]) -> str:
        """A power's state, with the accounts of these courses."""
        if len(courses) == 1 and len(only := self._states_on(courses[0], name)) == 1:
            return only[0][1][0]
        states: dict[str, Node] = {}
        for course in courses:
            for condition, (state, _since) in self._states_on(course, name):
                before = states.get(state, self.diagrams.never)
                states[state] = self.diagrams.either(before, condition)
        if len(states) == 1:  # on all of these courses
            return next(iter(states))
        state = next(state for state, where in states.items() if self.reading.holds(where))
        self.reading.narrow(states[state])
        return state

    def power(self, name: str) -> Iterator[tuple[Node, PowerState]]:
        """A power's states, and since when the oldest default has stood that supports each."""
        for course in self.courses:
            yield from self._power_on(course, name, dated=True)

    def _states_on(self, course: Course, name: str) -> list[tuple[Node, PowerState]]:
        """A power's states on one course, asked anew when anything that they follow has moved."""
        if course.ledger.stuck:  # then they follow the days as well
            return self._power_on(course, name, dated=False)
        self.take_note()
        own = len(course.terms.history), len(course.cured), course.turns
        stands = (course.condition, course.moves, *own)
        known = course.states.get(name)
        if known is None or known[0] != stands:
            known = course.states[name] = stands, self._power_on(course, name, dated=False)
        return known[1]

    def _power_on(self, course: Course, name: str, *, dated: bool) -> list[tuple[Node, PowerState]]:
        """A power's states on one course; what supports it most lately is looked at first."""
        diagrams, power = self.diagrams, self.pack.powers[name]
        available: dict[Day, Node] = {}
        found, left = list[tuple[Node, PowerState]](), course.condition
        doubts, arisen = diagrams.never, list[Node]()
        self.take_note()
        if not course.heeded and not course.ledger.stuck:
            return [(left, ("not-arisen", None))]
        latest = (part for parts in reversed(course.heeded.values()) for part in parts)
        for where, finding in latest:
            if finding.rule == power.in_doubt_on:
                doubts = diagrams.either(doubts, where)
            if finding.rule in power.arises_on:
                arisen.append(where)
                day = finding.date if dated else 0
                stands = diagrams.both(where, self._supports(course, power, finding))
                available[day] = diagrams.either(available.get(day, diagrams.never), stands)
                if not dated and available[day] == left:
                    return [(left, ("available", None))]
        if course.ledger.stuck:
            in_doubt = self._where([course], lambda each: each.ledger.in_doubt(each.today))
            doubts = diagrams.either(doubts, in_doubt)
        states: list[tuple[PowerState, Iterable[Node]]] = [
            *((("available", day), (available[day],)) for day in sorted(available)),
            (("undetermined", None), (doubts,)),
            (("lapsed", None), arisen),
            (("not-arisen", None), (diagrams.always,)),
        ]
        for state, places in states:
            if left == diagrams.never:
                break
            where = reduce(diagrams.either, places, diagrams.never)
            if (condition := diagrams.both(left, where)) != diagrams.never:
                found.append((condition, state))
                left = diagrams.without(left, condition)
        return found

    def _supports(self, course: Course, power: Power, finding: Finding) -> Node:
        """Where a default lets a power stand, with the account of a course."""
        if finding.outcome == "waived":
            return self.diagrams.never
        if course.continuing(finding):
            return self.diagrams.always
        return self._survives(course, power)

    def _survives(self, course: Course, power: Power) -> Node:
        """Where cure does not end a power."""
        key = (power.id, course.condition, *course.terms.history)
        if key not in self._surviving:
            self._surviving[key] = self._survives_cure(course, power)
        return self._surviving[key]

    def _survives_cure(self, course: Course, power: Power) -> Node:
        found = self.diagrams.never
        survives = partial(power.survives_cure.evaluate, {}, self)
        for where, does in self.reading.each(course.condition, survives):
            found = self.diagrams.either(found, where) if does else found
        return found

    def take_note(self) -> None:
        """Courses take note of what was written about findings on which any power hangs."""
        new = self.findings.log[self._read :]
        self._read += len(new)
        for name, where, finding in new:
            if finding.rule in self.pack.supporting:
                for course, here in self._on(where):
                    self._heed(course, name, here, finding)

    def _heed(self, course: Course, name: str, here: Node, finding: Finding) -> None:
        both, without, never = self.diagrams.both, self.diagrams.without, self.diagrams.never
        before = [
            (left, old)
            for where, old in course.heeded.get(name, ())
            if (left := both(without(where, here), course.condition)) != never
        ]
        course.heeded[name] = [*before, (here, finding)]
        course.moves += 1

    # Time -----------------------------------------------------------------------------------------

    def run(self, facts: Sequence[Fact], until: Day, progress: Progress | None = None) -> None:
        """Feeds facts, sorted by day, and lives through all days to the close of `until`."""
        for day, of_day in groupby(facts, key=lambda fact: fact.date):
            self._live_until(day - 1)
            self._live(day, list(of_day), self.courses)
            if progress is not None:
                progress(day, until, len(self.courses))
        self._live_until(until)
        self.today = until
        for course in self.courses:
            course.today = until

    def _live_until(self, day: Day) -> None:
        while (coming := min(course.coming for course in self.courses)) <= day:
            self._live(coming, [], [each for each in self.courses if each.coming == coming])

    def _live(self, day: Day, facts: Sequence[Fact], living: Sequence[Course]) -> None:
        """Takes some courses through a day; what they say on one step is told together."""
        self.today = day
        self._all_take(living, lambda course: course.begins(day, facts))
        while living := [each for each in self.courses if each.today == day and each.said]:
            step = min(course.step for course in living)
            said = [(each.condition, each.said or ()) for each in living if each.step == step]
            self._tell(self._unified(said))
            living = [each for each in self.courses if each.today == day and each.said]
            self._all_take([each for each in living if each.step == step], Course.goes_on)

    def _all_take(self, courses: Iterable[Course], step: Step) -> list[tuple[Course, Any]]:
        return [each for course in list(courses) for each in self._take(course, step)]

    def _take(self, course: Course, step: Step) -> list[tuple[Course, Any]]:
        """A course takes a step; where combinations part on it, so do courses."""
        found: list[tuple[Course, Any]] = []
        while True:
            before = course.condition
            course.condition, result = self.reading.once(before, partial(course.does, step))
            found.append((course, result))
            if course.condition == before:
                return found
            rest = self.diagrams.without(before, course.condition)
            course = self._part(course, rest, last=1)

    def _part(self, course: Course, condition: Node, last: int = 0) -> Course:
        """Another course for some combinations, up to where this one is, or some steps before."""
        under, made = self.reading.once(condition, lambda: self._begun(course, last))
        assert under == condition  # whatever it asked had been asked, and was the same
        self._number(made)
        self.courses.insert(self.courses.index(course) + 1, made)
        return made

    def _unified(self, told: Iterable[tuple[Node, Iterable[Occurrence]]]) -> Told:
        """What courses tell, each once, in an order that is that of every one of them.

        How a figure was worked out, and whether it is provisional, is left out: no rule asks.
        """
        keys: list[Hashable] = []
        known = set[Hashable]()
        found: Told = []
        for course, said in told:
            at = 0
            for condition, each in (part for one in said for part in self._spelled(course, one)):
                key = (each.kind, tuple(each.values.items()), each.facts)
                if key in known and key in keys[at:]:
                    at = keys.index(key, at)
                    found[at] = (self.diagrams.either(found[at][0], condition), found[at][1])
                else:
                    known.add(key)
                    keys.insert(at, key)
                    found.insert(at, (condition, each._replace(working=(), provisional=False)))
                at += 1
        return found

    def _spelled(self, condition: Node, told: Occurrence) -> Told:
        """What is told, once for each of the days that are still undecided in it."""
        if isinstance(told.values, Sometimes):
            both = self.diagrams.both(condition, told.values.condition)
            return [] if both == self.diagrams.never else [(both, told)]
        undecided = told.values.get("last_day")
        if not isinstance(undecided, Undecided):
            return [(condition, told)]
        return [
            (both, told._replace(values={**told.values, **until._asdict()}))
            for under, until in undecided.days
            if (both := self.diagrams.both(condition, under)) != self.diagrams.never
        ]

    # Rules ----------------------------------------------------------------------------------------

    def _tell(self, waiting: Told) -> None:
        """Tells the rules what is so, and follows what they conclude until nothing new follows."""
        rounds, asked = 0, list[str]()
        loop_kinds, late_kinds = self.engines.loop_kinds, self.engines.late_kinds
        while waiting:
            rounds += 1
            if rounds > MOST_ROUNDS:
                raise WrongInput([endless(self.pack, asked)])
            self._kept += [
                (condition, each)
                for condition, each in waiting
                if each.kind in late_kinds and not is_finding(each)
            ]
            seen = [(where, each) for where, each in waiting if each.kind in loop_kinds]
            asked, waiting = [], []
            for condition, rule, found in self._matched(self._matching, self._told, seen):
                asked.append(rule.id)
                waiting += self._concluded(condition, rule, found)

    def _matched(
        self, matching: Matching, known: list[Occurrence], seen: Told
    ) -> list[tuple[Node, Rule, dict[str, Occurrence]]]:
        """What rules match that are told of these; all that they were told is `known`."""
        records: list[tuple[Node, Record]] = []
        for condition, occurrence in seen:
            record = partial(self.pack.projections.record, occurrence, self)
            for under, made in self.reading.each(condition, record):
                known.append(occurrence)
                records.append((under, made))
        found = []
        for match in self._distinct(matching.add(records)):
            rule = self.rules[match.rule]
            places = zip(rule.aliases, match.places, strict=True)
            found.append((match.condition, rule, {alias: known[at] for alias, at in places}))
        return found

    def _distinct(self, matches: Iterable[Found]) -> list[Found]:
        """Matches by rule, each once however many branches found it, in the order of records."""
        seen: dict[tuple[str, tuple[int, ...]], Node] = {}
        for match in matches:
            key = (match.rule.rpartition("#")[0], match.places)
            where = seen.get(key, self.diagrams.never)
            seen[key] = self.diagrams.either(where, match.condition)
        found = [Found(*key, condition) for key, condition in seen.items()]
        order = self.pack.order
        return sorted(found, key=lambda each: (max(each.places), order[each.rule], each.places))

    def _concluded(self, condition: Node, rule: Rule, found: Mapping[str, Occurrence]) -> Told:
        """What follows from a match, and what is done on it."""
        self._firsts.number += 1
        told: Told = []
        for under, (said, act, new) in self.reading.each(
            condition, partial(self._judged, rule, found)
        ):
            told += [(under, each) for each in said]
            if act is not None:
                told += self._done(under, act, new=new)
        return told

    def _judged(
        self, rule: Rule, found: Mapping[str, Occurrence]
    ) -> tuple[list[Occurrence], Act | None, bool]:
        act = Act(self, rule, found) if rule.acts else None
        new = act is not None and act.finding not in self.findings
        return Conclusion(self, rule, found, self.findings).record(), act, new

    def _done(self, condition: Node, act: Act, *, new: bool) -> Told:
        """An act is done on the courses of the combinations for which it is."""
        told = []
        for course, part in self._on(condition):
            if act.rule.only_sets:  # no part of the account is moved
                self.reading.each(part, partial(act.done, course, new=new))
                continue
            if part != course.condition:
                self._part(course, self.diagrams.without(course.condition, part))
                course.condition = part
            for each, said in self._take(course, lambda evaluation: act.done(evaluation, new=new)):
                told.append((each.condition, said))
        return self._unified(told)

    def close(self) -> None:
        """Lets go of the courses, so that nothing is left that only a collector could free."""
        for course in self.courses:
            vars(course.ledger.deadlines).clear()
            vars(course).clear()
        self.courses.clear()
        self._numbered.clear()

    # The close of the as-of day -------------------------------------------------------------------

    def findings_at_close(self) -> Varied[Finding]:
        """The loop's findings and those of the rules that are asked at the close of the day."""
        findings, told = self.findings.copied(), [*self._kept, *self._standing()]
        so_far = [one for parts in findings.parts.values() for _where, one in parts]
        seen = self.engines.asked_at_close((each for _where, each in told), so_far)
        told += self._found(seen)
        late = [each for rule in self.engines.late for each in rule.patterns]
        matching, known = Matching(late, self.diagrams), list[Occurrence]()
        waiting = [(c, as_blocker(each)) for c, each in told if BLOCKER + each.kind in seen] + told
        while waiting:
            waiting = [(where, each) for where, each in waiting if each.kind in seen]
            matches, waiting = self._matched(matching, known, waiting), []
            for condition, rule, found in matches:
                conclusion = Conclusion(self, rule, found, findings)
                self._firsts.number += 1
                for under, said in self.reading.each(condition, conclusion.record):
                    waiting += [(under, each) for each in said]
        return findings

    def _standing(self) -> Told:
        """What stands at the close of the day on each course."""
        return self._unified(
            (where, said)
            for course in self.courses
            for where, said in self.at_close(course, lambda each: list(each.standing_occurrences()))
        )

    def _found(self, seen: Container[str]) -> Told:
        """The loop's findings, in the order in which they were first found."""
        found: list[tuple[int, Node, list[Occurrence]]] = []
        for name, parts in self.findings.parts.items():
            for condition, finding in parts:
                if not tells_at_close(finding, seen):
                    continue
                for other, (number, first) in self._firsts.varied.parts[name]:
                    where = self.diagrams.both(condition, other)
                    if where != self.diagrams.never:
                        found.append((number, where, finding_occurrences(finding, first)))
        found.sort(key=lambda each: each[0])
        return [(where, each) for _number, where, said in found for each in said]

    def at_close(self, course: Course, of: Callable[[Course], T]) -> list[tuple[Node, T]]:
        """What is so of a course at the close of the day, which it is not to live beyond."""
        found, left = list[tuple[Node, T]](), course.condition
        while left != self.diagrams.never:
            found.append(self.reading.once(left, partial(of, course)))
            left = self.diagrams.without(left, found[-1][0])
            if len(found) > 1 or left != self.diagrams.never:
                course.forget()
        return found

    def under(self, answers: Assignment, of: Callable[[Course], T]) -> T:
        """What is so at the close of the day of the course taken under one combination."""
        course = self._numbered[self.diagrams.at(self._whose, answers)]
        try:
            return self.reading.under(answers, partial(of, course))
        finally:
            course.forget()


def _unspoken(rule: Rule) -> Rule:
    """A rule whose findings say nothing; what a revision says is part of what makes it another."""
    return rule if rule.revises else replace(rule, says=Sentence(("",), ()), needs=())
