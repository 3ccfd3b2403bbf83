"""One evaluation under all combinations of answers together: what is the same is done once.

The accounts are courses, one for all combinations that have moved it alike. What they tell the
rules, and what these conclude, is held once for all combinations under which it is so, whatever
course they are on.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from itertools import chain, groupby
from operator import methodcaller
from typing import Any, NamedTuple, TypeVar

from checker.account import BALANCES, Occurrence
from checker.accrual import Capping, Fixing
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
from checker.questions.conditional import Reading, ReadTerms, Sometimes, Varied
from checker.questions.courses import Course, PowerState, PowerStates, Step, Supports
from checker.questions.diagrams import Assignment, Diagrams, Node
from checker.questions.matching import Found, Matching
from checker.questions.open_account import Days, Undecided
from checker.rules import BLOCKER, Rule
from checker.terms import Choices

T = TypeVar("T")

Told = list[tuple[Node, Occurrence]]
"""What is told, in its order under each combination, and under which ones it is."""

Progress = Callable[[Day, Day, int], None]
"""Is told up to which day all combinations have been lived, until when, and on how many courses."""


class Window(NamedTuple):
    """A finding that may be answered up to a last day: where it is, and what it tells."""

    where: Node
    rule: str
    finding: str
    values: Mapping[str, Value]


class Known:
    """What rules were told: by the place of each record, and of the first of what it tells."""

    def __init__(self) -> None:
        self.told: list[Occurrence] = []
        self.first: list[int] = []

    def add(self, occurrence: Occurrence, records: int) -> None:
        """Something is told in so many records, each under some combinations."""
        self.first += [len(self.told)] * records
        self.told += [occurrence] * records


class _Firsts(dict[str, Mapping[str, Value]]):
    """What the rules of findings first matched, written down with the order in which they did."""

    def __init__(self, reading: Reading, late: Container[str]) -> None:
        super().__init__()
        self.varied: Varied[tuple[int, Mapping[str, Value]]] = Varied(reading)
        self.number, self.late = 0, late

    def __setitem__(self, name: str, value: Mapping[str, Value]) -> None:
        if self._is_late(name):
            self.varied[name] = (self.number, value)

    def add(self, name: str, condition: Node, value: Mapping[str, Value]) -> None:
        """The same under a condition, where there is nothing of that name."""
        if self._is_late(name):
            self.varied.add(name, condition, (self.number, value), new=True)

    def _is_late(self, finding: str) -> bool:
        """Whether it may be told at the close."""
        return "finding" in self.late or finding.partition("/")[0] in self.late


class Together(Judging):
    """The rules under all combinations, over the courses that these have taken so far."""

    def __init__(self, pack: Pack, engines: Engines, choices: Choices, diagrams: Diagrams) -> None:
        super().__init__(pack, engines)
        self.choices, self.diagrams = choices, diagrams
        own = {name: choices.readings.get(name, q.default) for name, q in pack.questions.items()}
        self.reading = Reading(diagrams, own)
        self.findings = Varied[Finding](self.reading)
        self.days_by_terms: dict[Hashable, Days] = {}
        self.fixings: dict[Hashable, list[tuple[Node, Fixing]]] = {}
        # How rates are limited, and where; each with the fixing itself, which keeps its id its own.
        self._limits: dict[int, tuple[Fixing, list[tuple[Node, tuple[Capping, int | None]]]]] = {}
        self._surviving: dict[tuple[str, int], Node] = {}  # where powers survive cure
        self.state, self.moved = Varied[Any](self.reading), Varied[bool](self.reading)
        self._calendars: Varied[tuple[int, Day | None]] = Varied(self.reading)
        self._next: dict[Hashable, Day | None] = {}
        self._windows: dict[Day, list[Window]] = {}  # by the day on which they lapse
        self._lapsing_on: Day = 0
        self._lapsing_by: dict[Course, list[Window]] = {}  # on that day, by course
        self._occasions: dict[tuple[str, Day], list[Occurrence]] = {}
        self.moves = 0  # how often powers may have moved on any course
        self._powers: dict[str, tuple[int, Mapping[str, Node]]] = {}  # as they stood by then
        self.courses: list[Course] = []
        self._numbered: list[Course] = []  # in the order in which they came to be
        self._whose = diagrams.leaf(None)  # the number of the course of each combination
        self.firsts = self._firsts = _Firsts(self.reading, engines.late_kinds)
        self._termed = pack.terms.keys() - pack.states.keys() - BALANCES.keys()
        self._steady = {"today", *(pack.terms.keys() - pack.asked_of.keys())}
        self._plain: dict[str, bool] = {}  # of rules, whether they ask for steady terms alone
        self.rules = {name: _unspoken(rule) for name, rule in pack.rules.items()}
        loop = [rule for rule in pack.rules.values() if rule.id not in pack.standing]
        self._matching = Matching([each for rule in loop for each in rule.patterns], diagrams)
        self._read = 0  # how much of what was written of findings courses have taken note of
        self._told = Known()
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
        self.moves += 1
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
        if name in self._termed and not self.reading.amended:
            return self._terms.lookup(name)
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

    def limited(self, fixing: Fixing) -> tuple[Capping, int | None]:
        """How the lawful maximum limits a rate, from then on for all for which it does so."""
        known = self._limits.get(id(fixing))
        if known is None:
            told = self.reading.each(self.diagrams.always, fixing.limited)
            known = self._limits[id(fixing)] = fixing, told
        where, limited = next(each for each in known[1] if self.reading.holds(each[0]))
        self.reading.narrow(where)
        return limited

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
        number: int = self.diagrams.picked(self._whose, self.reading.pick)
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
        if len(courses) == 1 and len(only := self.states_on(courses[0], name)) == 1:
            return only[0][0]
        on_all = courses is self.courses
        states = self._states_on_all(name) if on_all else self._union(courses, name)
        if len(states) == 1:  # on all of these courses
            return next(iter(states))
        state = next(state for state, where in states.items() if self.reading.holds(where))
        self.reading.narrow(states[state])
        return state

    def _states_on_all(self, name: str) -> Mapping[str, Node]:
        """A power's states on all courses, asked anew when on any of them they may have moved."""
        self.take_note()
        known = self._powers.get(name)
        if known is None or known[0] != self.moves:
            known = self._powers[name] = self.moves, self._union(self.courses, name)
        return known[1]

    def _union(self, courses: Iterable[Course], name: str) -> Mapping[str, Node]:
        states: dict[str, Node] = {}
        for course in courses:
            for state, condition in self.states_on(course, name):
                before = states.get(state, self.diagrams.never)
                states[state] = self.diagrams.either(before, condition)
        return states

    def power(self, name: str) -> Iterator[tuple[Node, PowerState]]:
        """A power's states, and since when the oldest default has stood that supports each."""
        self.take_note()
        for course in self.courses:
            power = self.pack.powers[name]
            doubtful, arisen = self._doubtful(course, power), self._arisen(course, power)
            since = self._available_since(course, power)
            yield from self._states(course, since, doubtful, arisen)

    def states_on(self, course: Course, name: str) -> Sequence[tuple[str, Node]]:
        """A power's states on one course, asked anew when anything that they follow has moved."""
        self.take_note()
        stands = (course.condition, course.moves, course.turns)
        known = course.states.get(name)
        if known is None or known.stands != stands:
            power = self.pack.powers[name]
            available, doubtful = self._available(course, power), self._doubtful(course, power)
            follows = (course.condition, available, doubtful, self._arisen(course, power))
            if known is not None and known.follows == follows:
                told = known.told
            else:
                states = self._states(course, [(None, available)], *follows[2:])
                told = [(state, where) for where, (state, _since) in states]
            known = course.states[name] = PowerStates(stands, follows, told)
        return known.told

    def _states(
        self, course: Course, available: Iterable[tuple[Day | None, Node]], doubtful: Node,
        arisen: Node,
    ) -> list[tuple[Node, PowerState]]:  # fmt: skip
        """A power's states on one course, by where it is available, in doubt, and has arisen."""
        diagrams = self.diagrams
        states: list[tuple[PowerState, Node]] = [
            *((("available", day), where) for day, where in available),
            (("undetermined", None), doubtful),
            (("lapsed", None), arisen),
            (("not-arisen", None), diagrams.always),
        ]
        found: list[tuple[Node, PowerState]] = []
        left = course.condition
        for state, where in states:
            if (condition := diagrams.both(left, where)) != diagrams.never:
                found.append((condition, state))
                left = diagrams.without(left, condition)
        return found

    def _doubtful(self, course: Course, power: Power) -> Node:
        """Where it cannot be said whether a power has arisen."""
        doubts = course.arisen.get(power.in_doubt_on, self.diagrams.never)
        if course.ledger.stuck:
            in_doubt = self._where([course], lambda each: each.ledger.in_doubt(each.today))
            doubts = self.diagrams.either(doubts, in_doubt)
        return doubts

    def _arisen(self, course: Course, power: Power) -> Node:
        """Where any default has been found that a power arises on."""
        places = (course.arisen[rule] for rule in power.arises_on if rule in course.arisen)
        return reduce(self.diagrams.either, places, self.diagrams.never)

    def _available(self, course: Course, power: Power) -> Node:
        """Where a power stands; what supports it is asked anew where it has moved."""
        never, either = self.diagrams.never, self.diagrams.either
        stands = course.supports.get(power.id)
        if stands is None:
            stands = course.supports[power.id] = Supports(never, {}, set(course.heeded))
        found, less = stands.available, False
        for name in stands.moved:
            before, now = stands.by_finding.pop(name, never), self._support(course, power, name)
            if now != never:
                stands.by_finding[name], found = now, either(found, now)
            less = less or either(before, now) != now
        stands.moved.clear()
        stands.available = reduce(either, stands.by_finding.values(), never) if less else found
        return stands.available

    def _support(self, course: Course, power: Power, name: str) -> Node:
        """Where a finding lets a power stand."""
        found = self.diagrams.never
        for where, finding in course.heeded[name]:
            if finding.rule in power.arises_on:
                there = self.diagrams.both(where, self._supports(course, power, finding))
                found = self.diagrams.either(found, there)
        return found

    def _available_since(self, course: Course, power: Power) -> list[tuple[Day, Node]]:
        """Since when a power has stood that stands, and where: by the day, the earliest first."""
        found: dict[Day, Node] = {}
        for parts in course.heeded.values():
            for where, finding in parts:
                if finding.rule in power.arises_on:
                    stands = self.diagrams.both(where, self._supports(course, power, finding))
                    before = found.get(finding.date, self.diagrams.never)
                    found[finding.date] = self.diagrams.either(before, stands)
        return sorted(found.items())

    def _supports(self, course: Course, power: Power, finding: Finding) -> Node:
        """Where a default lets a power stand, with the account of a course."""
        if finding.outcome == "waived":
            return self.diagrams.never
        continues = course.continues(finding)
        if continues == self.diagrams.always:
            return continues
        return self.diagrams.either(continues, self._survives(power))

    def _survives(self, power: Power) -> Node:
        """Where cure does not end a power."""
        key = (power.id, self.reading.amended)
        if key not in self._surviving:
            survives = partial(power.survives_cure.evaluate, {}, self)
            told = self.reading.each(self.diagrams.always, survives)
            places = (where for where, does in told if does)
            self._surviving[key] = reduce(self.diagrams.either, places, self.diagrams.never)
        return self._surviving[key]

    def take_note(self) -> None:
        """Courses take note of what was written about findings on which any power hangs."""
        if self._read == len(self.findings.log):
            return
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
        arisen = course.arisen.get(finding.rule, never)
        course.arisen[finding.rule] = self.diagrams.either(arisen, here)
        course.written.append(name)
        course.support_anew([name])
        course.moves += 1
        self.moves += 1

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
            course.becomes(until)

    def _live_until(self, day: Day) -> None:
        while (coming := min([*self._windows, *(each.coming for each in self.courses)])) <= day:
            self._live(coming, [], [each for each in self.courses if self._comes_to(each, coming)])

    def _comes_to(self, course: Course, day: Day) -> bool:
        return course.coming == day or (day in self._windows and self.lapses(day, course))

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
        self._windows.pop(day, None)

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
        numbers: dict[Hashable, int] = {}  # of what is told, whoever tells it
        order: list[int] = []
        found: Told = []
        for course, said in told:
            at = 0
            for condition, each in chain.from_iterable(self._spelled(course, one) for one in said):
                values = each.values
                key = (each.kind, each.facts, tuple(values), tuple(values.values()))
                new = len(numbers)
                number = numbers.setdefault(key, new)
                place = -1 if number == new else _place(order, number, at)
                if place >= 0:
                    at = place
                    found[at] = (self.diagrams.either(found[at][0], condition), found[at][1])
                else:
                    order.insert(at, number)
                    found.insert(at, (condition, Occurrence(each.kind, values, each.facts)))
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
        found: Told = []
        for under, (payable, last_day) in undecided.days:
            if (both := self.diagrams.both(condition, under)) != self.diagrams.never:
                values = {**told.values, "payable": payable, "last_day": last_day}
                found.append((both, Occurrence(told.kind, values, told.facts)))
        return found

    # Rules ----------------------------------------------------------------------------------------

    def _tell(self, waiting: Told) -> None:
        """Tells the rules what is so, and follows what they conclude until nothing new follows."""
        rounds = 0
        asked: list[str] = []
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
        self, matching: Matching, known: Known, seen: Told
    ) -> list[tuple[Node, Rule, dict[str, Occurrence]]]:
        """What rules match that are told of these; all that they were told is `known`."""
        records: list[tuple[Node, Record]] = []
        for condition, occurrence in seen:
            record = partial(self.pack.projections.record, occurrence, self)
            made = self.reading.each(condition, record)
            known.add(occurrence, len(made))
            records += made
        found = []
        for match in self._distinct(matching.add(records), known.first):
            rule = self.rules[match.rule]
            places = zip(rule.aliases, match.places, strict=True)
            told = {alias: known.told[at] for alias, at in places}
            found.append((match.condition, rule, told))
        return found

    def _distinct(self, matches: Iterable[Found], first: Sequence[int]) -> list[Found]:
        """Matches by rule, in the order of what is told: each once, however many branches found it
        and whatever records stand for the same under different combinations."""
        seen: dict[tuple[str, tuple[int, ...]], Node] = {}
        for match in matches:
            places = tuple([first[at] for at in match.places])
            key = (match.rule.rpartition("#")[0], places)
            where = seen.get(key, self.diagrams.never)
            seen[key] = self.diagrams.either(where, match.condition)
        found = [Found(*key, condition) for key, condition in seen.items()]
        order = self.pack.order
        return sorted(found, key=lambda each: (max(each.places), order[each.rule], each.places))

    def _concluded(self, condition: Node, rule: Rule, found: Mapping[str, Occurrence]) -> Told:
        """What follows from a match, and what is done on it."""
        self._firsts.number += 1
        if self._asks_nothing(rule):
            conclusion = Conclusion(self, rule, found, self.findings)
            finding = conclusion.finding()
            if self.findings.absent(finding.id, condition):
                self.findings.add(finding.id, condition, finding)
                self._firsts.add(finding.id, condition, conclusion.first)
                if rule.until is not None:
                    facts = {alias: occurrence.values for alias, occurrence in found.items()}
                    until = rule.until.settled(facts, self)
                    if isinstance(until, int):
                        self._awaits(condition, rule.id, finding, until, conclusion.first)
                return [(condition, each) for each in conclusion.told(finding)]
        told: Told = []
        for under, (said, act, new) in self.reading.each(
            condition, partial(self._judged, rule, found)
        ):
            told += [(under, each) for each in said]
            if act is not None:
                told += self._done(under, act, new=new)
        return told

    def _asks_nothing(self, rule: Rule) -> bool:
        """Whether all follows from what it matched alone, and nothing is done on it but to wait."""
        plain = self._plain.get(rule.id)
        if plain is None:
            given = (rule.about, rule.date, rule.amount, rule.until)
            open_ = set().union(*(each.names for each in given if each)) - self._steady
            does = rule.acts and not rule.only_waits
            plain = self._plain[rule.id] = not (does or rule.revises or rule.needs or open_)
        return plain and not self.reading.amended

    def _judged(
        self, rule: Rule, found: Mapping[str, Occurrence]
    ) -> tuple[list[Occurrence], Act | None, bool]:
        act = Act(self, rule, found) if rule.acts else None
        new = act is not None and act.finding not in self.findings
        return Conclusion(self, rule, found, self.findings).record(), act, new

    def _done(self, condition: Node, act: Act, *, new: bool) -> Told:
        """An act is done on the courses of the combinations for which it is."""
        if act.rule.only_waits:
            if new and isinstance(act.until, int):
                self.await_answer(condition, act.rule.id, act.finding, act.until, act.first.values)
            return []
        told = []
        for course, part in self._on(condition):
            if act.rule.only_sets:  # no part of the account is moved
                self.reading.each(part, partial(act.done, course, new=new))
                course.does(Course.state_was_set)
                continue
            step: Step = partial(act.done, new=new)
            if part != course.condition and act.rule.stands_apart:
                step = methodcaller("does_apart", act, part, new=new)
            elif part != course.condition:
                self._part(course, self.diagrams.without(course.condition, part))
                course.condition = part
            for each, said in self._take(course, step):
                if said:
                    told.append((each.condition, said))
        return self._unified(told) if told else []

    def await_answer(
        self, where: Node, rule: str, id_: str, until: Day, first: Mapping[str, Value]
    ) -> None:
        """A finding may be answered up to a last day, under a condition; it lapses after that."""

        def awaited() -> Finding | None:
            found = id_ in self.findings  # from then on for all for which that is the same
            return self.findings[id_] if found else None

        for under, finding in self.reading.each(where, awaited):
            if finding is not None:
                self._awaits(under, rule, finding, until, first)

    def _awaits(
        self, where: Node, rule: str, finding: Finding, until: Day, first: Mapping[str, Value]
    ) -> None:
        told = finding_occurrences(finding, first)[0].values
        lapsing = self._windows.setdefault(max(until, self.today) + 1, [])
        lapsing.append(Window(where, rule, finding.id, {**told, "until": until}))

    def lapses(self, day: Day, course: Course) -> bool:
        """Whether anything lapses on a day under any combination that is on a course."""
        both, never = self.diagrams.both, self.diagrams.never
        windows = self._lapsing(day, course)
        return any(both(window.where, course.condition) != never for window in windows)

    def _lapsing(self, day: Day, course: Course) -> Sequence[Window]:
        """The windows that pass on a day under any combination that is on a course."""
        windows = self._windows.get(day)
        if not windows:
            return ()
        if self._lapsing_on != day:
            self._lapsing_on, self._lapsing_by = day, {each: [] for each in self.courses}
            for window in windows:
                for each, _part in self._on(window.where):
                    self._lapsing_by[each].append(window)
        return self._lapsing_by.get(course, windows)  # of one that has parted since, all of them

    def lapsed(self, day: Day, course: Course) -> list[Occurrence]:
        """What lapses on a day on a course, each where it does."""
        told: list[Occurrence] = []
        both = self.diagrams.both
        for where, rule, id_, values in self._lapsing(day, course):
            if (part := both(where, self.reading.condition)) == self.diagrams.never:
                continue
            lapse = partial(course.lapse, rule, id_, values, day)
            for under, found in self.reading.each(part, lapse):
                told += [each._replace(values=Sometimes(under, each.values)) for each in found]
        return told

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
        matching, known = Matching(late, self.diagrams), Known()
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
        found: list[tuple[Node, T]] = []
        left = course.condition
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


def _place(order: Sequence[int], number: int, since: int) -> int:
    """Where a number stands, from a place on; -1 where it does not."""
    try:
        return order.index(number, since)
    except ValueError:
        return -1


def _unspoken(rule: Rule) -> Rule:
    """A rule whose findings say nothing; what a revision says is part of what makes it another."""
    return rule if rule.revises else replace(rule, says=Sentence(("",), ()), needs=())
