"""Cases: facts beside a clause with what the report must say of them, and what they cover."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import Field, ValidationError

from checker.dates import Day, parse_day
from checker.engine import (
    EngineRule,
    Join,
    Match,
    Matcher,
    MatchSession,
    Pattern,
    Primitive,
    Record,
    Ruleset,
    Test,
)
from checker.evaluate import Engines, evaluate
from checker.facts import facts_in
from checker.language import TermValue
from checker.model import Fact, Place, Problem, WrongInput, did_you_mean
from checker.money import RATE_ONE
from checker.pack import Pack
from checker.packfile import Id, Part, Text, Written, model_problems
from checker.report import report
from checker.rulebook import derived_kinds
from checker.rules import Boundary, Rule
from checker.source import Document, load_yaml, read_source
from checker.terms import Choices
from checker.timeline import last_date

T = TypeVar("T")
Path_ = tuple[str | int, ...]
Entry = dict[str, Any]

NAMED_BY = {
    "findings": "id",
    "obligations": "id",
    "payments": "fact",
    "periods": "from",
    "powers": "id",
    "amendments": "fact",
    "missing": "fact",
}
"""The lists of a report that a case may expect something of, and the field that names an entry."""


class Expect(Part):
    """What the report must hold: of each entry the fields that are listed, and nothing `absent`."""

    outcome: Literal["compliant", "breach", "undetermined"] | None = None
    findings: list[Entry] = Field(default=[])
    absent: list[Text] = Field(default=[], description="Rules or findings not found.")
    obligations: list[Entry] = Field(default=[])
    payments: list[Entry] = Field(default=[])
    periods: list[Entry] = Field(default=[])
    powers: list[Entry] = Field(default=[])
    amendments: list[Entry] = Field(default=[])
    missing: list[Entry] = Field(default=[])
    balances: Entry = Field(default={})
    parties: Entry = Field(default={})


class CasePart(Part):
    """One case as it is written: facts, choices, and what is expected of the report."""

    title: Text
    given: list[Text] = Field(default=[])
    facts: list[Entry] = Field(default=[])
    as_of: Text | None = None
    known_on: Text | None = None
    readings: dict[str, Written] = Field(default={})
    terms: dict[str, Written] = Field(default={})
    expect: Expect


class CasesPart(Part):
    """A file of cases; the facts that several of them share stand once, under a name."""

    given: dict[Id, list[Entry]] = Field(default={})
    cases: list[CasePart] = Field(min_length=1)


@dataclass(frozen=True)
class Case:
    """One case ready to run."""

    title: str
    place: Place
    facts: tuple[Fact, ...]
    as_of: Day
    known_on: Day | None
    choices: Choices
    expect: Expect


@dataclass(frozen=True)
class Difference:
    """Where a report departs from what a case expects."""

    what: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected!r}, found {self.found!r}"


# Reading -----------------------------------------------------------------------------------------


def load_cases(pack: Pack, path: Path) -> list[Case]:
    """The cases of one file; WrongInput carries every problem, with its place."""
    document = load_yaml(read_source(path))
    try:
        file = CasesPart.model_validate(document.data)
    except ValidationError as error:
        raise WrongInput(model_problems(document, CasesPart, error)) from error
    reader = _Reader(pack, document, file)
    cases = [reader.case(number, part) for number, part in enumerate(file.cases)]
    if reader.problems:
        raise WrongInput(set(reader.problems))  # what is wrong in shared facts is told once
    return [case for case in cases if case is not None]


def cases_of(pack: Pack) -> list[Case]:
    """All cases of a pack, file by file; WrongInput carries the problems of all files."""
    cases: list[Case] = []
    problems: list[Problem] = []
    for path in sorted(Path(pack.folder).glob("*.cases.yaml")):
        try:
            cases += load_cases(pack, path)
        except WrongInput as error:
            problems += error.problems
    if problems:
        raise WrongInput(problems)
    return cases


@dataclass
class _Reader:
    pack: Pack
    document: Document
    file: CasesPart
    problems: list[Problem] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)

    def case(self, number: int, part: CasePart) -> Case | None:
        before, path = len(self.problems), ("cases", number)
        if part.title in self.titles:
            self._wrong((*path, "title"), "another case has this title")
        self.titles.add(part.title)
        self._expect((*path, "expect"), part.expect)
        terms = self._terms((*path, "terms"), part.terms)
        self._readings((*path, "readings"), part.readings)
        known_on = self._day((*path, "known-on"), part.known_on)
        as_of = self._day((*path, "as-of"), part.as_of)
        facts = self._facts(path, part, terms)
        if as_of is None and facts:
            as_of = last_date(facts, known_on)
        if as_of is None and len(self.problems) == before:
            self._wrong(path, "a case without facts says as of which day it is looked at")
        if as_of is None or len(self.problems) > before:
            return None
        return Case(
            title=part.title,
            place=self.document.place((*path, "title")),
            facts=tuple(facts),
            as_of=as_of,
            known_on=known_on,
            choices=Choices(readings=part.readings, terms=terms),
            expect=part.expect,
        )

    def _wrong(self, path: Path_, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.document.place(path), message, hint))

    def _unknown(self, path: Path_, what: str, known: Iterable[str]) -> None:
        name = str(path[-1])
        message, hint = f"the pack has no {what} '{name}'", did_you_mean(name, known)
        self.problems.append(Problem(self.document.keys[path], message, hint))

    def _try(self, path: Path_, parse: Callable[[str], T], text: str) -> T | None:
        try:
            return parse(text)
        except ValueError as error:
            self._wrong(path, str(error))
            return None

    def _day(self, path: Path_, text: str | None) -> Day | None:
        return None if text is None else self._try(path, parse_day, text)

    def _readings(self, path: Path_, readings: Mapping[str, str]) -> None:
        for name, answer in readings.items():
            question = self.pack.questions.get(name)
            if question is None:
                self._unknown((*path, name), "reading", self.pack.questions)
            elif answer not in question.answers:
                hint = did_you_mean(answer, question.answers)
                self._wrong((*path, name), f"'{answer}' is no answer to '{name}'", hint)

    def _terms(self, path: Path_, terms: Mapping[str, str]) -> dict[str, TermValue]:
        chosen: dict[str, TermValue] = {}
        for name, text in terms.items():
            term = self.pack.terms.get(name)
            if term is None:
                self._unknown((*path, name), "term", self.pack.terms)
                continue
            try:
                chosen[name] = term.parse(text, self.pack.currency)
            except ValueError as error:
                self._wrong((*path, name), str(error))
        return chosen

    def _facts(self, path: Path_, part: CasePart, terms: Mapping[str, TermValue]) -> list[Fact]:
        """The given facts and the case's own, checked together: they may name each other."""
        lists: list[Path_] = []
        for number, name in enumerate(part.given):
            if name in self.file.given:
                lists.append(("given", name))
            else:
                hint = did_you_mean(name, self.file.given)
                self._wrong((*path, "given", number), f"no facts are given as '{name}'", hint)
        if part.facts:
            lists.append((*path, "facts"))
        values = {name: term.value for name, term in self.pack.terms.items()} | dict(terms)
        try:
            return facts_in(_joined(self.document, lists), (), self.pack.vocabulary(values))
        except WrongInput as error:
            self.problems += error.problems
            return []

    def _expect(self, path: Path_, expect: Expect) -> None:
        if not expect.model_fields_set:
            self._wrong(path, "the case expects nothing")
        for part, name in NAMED_BY.items():
            for number, entry in enumerate(getattr(expect, part)):
                if name not in entry:
                    self._wrong((*path, part, number), f"the field '{name}' says which one")
        rules = {rule.under for rule in self.pack.rules.values() if not rule.revises}
        for number, absent in enumerate(expect.absent):
            rule = absent.partition("/")[0]
            if rule not in rules:
                message = f"no finding bears the name of a rule '{rule}'"
                self._wrong((*path, "absent", number), message, did_you_mean(rule, rules))


def _joined(document: Document, lists: Iterable[Path_]) -> Document:
    """Several lists of records of a document as one, every record in its own place."""
    records: list[Any] = []
    places: dict[Path_, Place] = {}
    keys: dict[Path_, Place] = {}
    for path in lists:
        data = document.data
        for step in path:
            data = data[step]
        for number, record in enumerate(data):
            at: Path_ = (len(records),)
            places[at] = document.place((*path, number))
            for name in record:
                places[(*at, name)] = document.place((*path, number, name))
                keys[(*at, name)] = document.keys[(*path, number, name)]
            records.append(record)
    return Document(document.source, records, places, keys)


# Running -----------------------------------------------------------------------------------------


def run_case(pack: Pack, engines: Engines, case: Case) -> list[Difference]:
    """What the report on the case's facts says otherwise than expected; empty where it passes."""
    result = evaluate(pack, engines, case.facts, case.as_of, case.known_on, case.choices)
    return list(_differences(case.expect, report(result)))


def _differences(expect: Expect, data: Mapping[str, Any]) -> Iterator[Difference]:
    if expect.outcome is not None and expect.outcome != data["outcome"]:
        yield Difference("outcome", expect.outcome, data["outcome"])
    for part, name in NAMED_BY.items():
        found = {entry[name]: entry for entry in data[part]}
        for entry in getattr(expect, part):
            what = f"{part} {entry[name]}"
            if entry[name] in found:
                yield from _departures(what, entry, found[entry[name]])
            else:
                yield Difference(what, "an entry", f"none; there are: {', '.join(found)}")
    yield from _departures("balances", expect.balances, data["balances"])
    yield from _departures("parties", expect.parties, data["parties"])
    for absent in expect.absent:
        for finding in data["findings"]:
            if absent in (finding["id"], finding["rule"]):
                yield Difference(f"findings {finding['id']}", "absent", finding["says"])


def _departures(what: str, expected: Entry, found: Entry) -> Iterator[Difference]:
    for name, value in expected.items():
        wanted = str(value) if type(value) is int else value  # the report writes its figures
        if name not in found:
            yield Difference(f"{what}, {name}", wanted, "no such field")
        elif found[name] != wanted:
            yield Difference(f"{what}, {name}", wanted, found[name])


# Coverage ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sides:
    """An ordering of a rule, and a case on each side of it at the nearest step, or nothing."""

    boundary: Boundary
    inside: str
    outside: str


@dataclass(frozen=True)
class Covered:
    """Titles of cases that show a rule: one that fires, one that is silent, its boundaries."""

    rule: Rule
    fires: str
    silent: str
    sides: tuple[Sides, ...]

    def missing(self) -> list[str]:
        """What no case shows, in words."""
        name = self.rule.id
        found = [] if self.fires else [f"{name}: no case makes it fire"]
        if not self.silent:
            found.append(f"{name}: no case that might make it fire leaves it silent")
        for side in self.sides:
            text = f"{name}: no case shows '{side.boundary.text}'"
            found += [] if side.inside else [f"{text} true by the least distance"]
            found += [] if side.outside else [f"{text} false by the least distance"]
        return found


def coverage(pack: Pack, cases: Iterable[Case]) -> list[Covered]:
    """For every rule of the pack, judgments' included, the first cases that show it."""
    shown = {rule.id: _Shown() for rule in pack.rules.values()}
    steps = {b: _step(pack, b) for rule in pack.rules.values() for b in rule.boundaries}
    recorders: list[_Recorder] = []

    def recording(rules: Sequence[EngineRule]) -> Matcher:
        recorders.append(_Recorder(Ruleset(rules)))
        return recorders[-1]

    with Engines(pack, recording) as engines:
        for case in cases:
            for recorder in recorders:
                recorder.sessions.clear()
            run_case(pack, engines, case)
            # Sessions after the first belong to the suppositions beside a stated figure.
            loop, late = (recorder.sessions[0] for recorder in recorders)
            for rule in pack.rules.values():
                seen = late if rule.id in pack.standing else loop
                shown[rule.id].look(rule, seen, case.title, steps)
    return [
        Covered(rule, seen.fires, seen.silent, tuple(seen.sides(rule)))
        for rule in pack.rules.values()
        for seen in (shown[rule.id],)
    ]


@dataclass
class _Shown:
    fires: str = ""
    silent: str = ""
    inside: dict[tuple[str, str], str] = field(default_factory=dict)
    outside: dict[tuple[str, str], str] = field(default_factory=dict)

    def look(self, rule: Rule, seen: _Recording, title: str, steps: Mapping[Boundary, int]) -> None:
        """Takes the case down for all that it is the first to show."""
        if any(match.rule.rpartition("#")[0] == rule.id for match in seen.found):
            self.fires = self.fires or title
        elif _could_fire(rule, {record.kind for record in seen.records}):
            self.silent = self.silent or title
        for boundary in rule.boundaries:
            for distance, holds in _distances(rule, boundary, seen.records):
                side = _side(boundary.op, distance, steps[boundary])
                if side == "inside":
                    self.inside.setdefault((boundary.alias, boundary.text), title)
                elif side == "outside" and not holds:
                    self.outside.setdefault((boundary.alias, boundary.text), title)

    def sides(self, rule: Rule) -> Iterator[Sides]:
        """Each ordering as it is written, once, in however many alternatives it stands."""
        for at, boundary in {(b.alias, b.text): b for b in rule.boundaries}.items():
            yield Sides(boundary, self.inside.get(at, ""), self.outside.get(at, ""))


def _could_fire(rule: Rule, told: set[str]) -> bool:
    """Whether there was a fact of each kind that it looks for under a condition.

    A rule without any condition fires on every fact of its kind: it is silent where there is none.
    """
    asks = any(pattern.tests or pattern.joins for e in rule.patterns for pattern in e.patterns)
    if not asks and not rule.blocker:
        return True
    return all(told & set(kinds) for kinds in rule.aliases.values())


def _step(pack: Pack, boundary: Boundary) -> int:
    """The least distance: one cent, one day, one; for rates 0.01%, the least that people write."""
    types = {f.name: f.type for kind in pack.kinds.values() for f in kind.fields.values()}
    for fields, _named_by, _standing in derived_kinds().values():
        types |= {name: type_ for name, (type_, _choices) in fields.items()}
    types |= {name: term.type for name, term in pack.terms.items()}
    words = boundary.text.replace("(", " ").replace(")", " ").split()
    rates = [word for word in words if types.get(word.rpartition(".")[2]) == "rate"]
    return RATE_ONE // 10_000 if rates else 1


def _side(op: str, distance: int, step: int) -> str:
    """On which side of an ordering a distance lies, at the nearest step; nothing where farther."""
    away = 0 < (distance if op in (">", "<=") else -distance) <= step
    if distance and not away:
        return ""
    return "inside" if away == (op in (">", "<")) else "outside"


def _distances(
    rule: Rule, boundary: Boundary, records: Sequence[Record]
) -> Iterator[tuple[int, bool]]:
    """How far the boundary's sides lie apart wherever all else that the rule asks for holds.

    With each, whether the rule holds for these facts all the same, by another alternative.
    """
    for engine_rule in rule.patterns:
        blocker = [engine_rule.unless] if engine_rule.unless else []
        own = [p for p in (*engine_rule.patterns, *blocker) if p.alias == boundary.alias]
        condition = next((c for p in own for c in _conditions(p) if _is(c, boundary)), None)
        if condition is None:
            continue
        negated = own == blocker
        patterns = (*engine_rule.patterns, *blocker) if negated else engine_rule.patterns
        for bound in _bindings(patterns, records, condition, {}):
            sides = _two_sides(condition, bound[boundary.alias], bound)
            if sides is None or (not negated and _blocked(engine_rule, records, bound)):
                continue
            holds = not negated and any(_holds(e, records, bound) for e in rule.patterns)
            yield int(sides[0]) - int(sides[1]), holds


def _conditions(pattern: Pattern) -> tuple[Test | Join, ...]:
    return (*pattern.tests, *pattern.joins)


def _is(condition: Test | Join, boundary: Boundary) -> bool:
    if (condition.field, condition.op) != (boundary.key, boundary.op):
        return False
    if isinstance(condition, Join):
        return boundary.other == (condition.alias, condition.other)
    return boundary.other is None and condition.value == boundary.value


# What the engine was told, and the plain meaning of its rules -------------------------------------

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_Bound = dict[str, Record]


@dataclass
class _Recording:
    """A session that keeps what passes through it."""

    inner: MatchSession
    records: list[Record] = field(default_factory=list)
    found: list[Match] = field(default_factory=list)
    asserted: int = 0
    matches: int = 0

    def add(self, records: Sequence[Record]) -> list[Match]:
        found = self.inner.add(records)
        self.records += records
        self.found += found
        return found

    def close(self) -> None:
        self.inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class _Recorder:
    """A ruleset whose sessions keep what passes through them."""

    inner: Matcher
    sessions: list[_Recording] = field(default_factory=list)

    def session(self) -> _Recording:
        self.sessions.append(_Recording(self.inner.session()))
        return self.sessions[-1]

    def close(self) -> None:
        self.inner.close()


def _two_sides(
    condition: Test | Join, record: Record, bound: _Bound
) -> tuple[Primitive, Primitive] | None:
    """The two values that a condition compares; None where a field is not there."""
    if condition.field not in record.fields:
        return None
    if isinstance(condition, Test):
        return record.fields[condition.field], condition.value
    other = bound[condition.alias].fields
    return (
        (record.fields[condition.field], other[condition.other])
        if condition.other in other
        else None
    )


def _fits(
    pattern: Pattern, record: Record, bound: _Bound, left_out: Test | Join | None = None
) -> bool:
    """Every test and join true but the one that is left out; on a field not there, false."""
    if record.kind != pattern.kind:
        return False
    for condition in _conditions(pattern):
        if condition == left_out:
            continue
        sides = _two_sides(condition, record, bound)
        if sides is None or not _OPERATORS[condition.op](*sides):
            return False
    return True


def _bindings(
    patterns: Sequence[Pattern], records: Sequence[Record], left_out: Test | Join, bound: _Bound
) -> Iterator[_Bound]:
    """Every choice of records, no two the same, that fits the patterns in their order."""
    if not patterns:
        yield bound
        return
    first, *rest = patterns
    for record in records:
        if all(record is not other for other in bound.values()) and _fits(
            first, record, bound, left_out
        ):
            yield from _bindings(rest, records, left_out, {**bound, first.alias: record})


def _blocked(rule: EngineRule, records: Sequence[Record], bound: _Bound) -> bool:
    return rule.unless is not None and any(_fits(rule.unless, r, bound) for r in records)


def _holds(rule: EngineRule, records: Sequence[Record], bound: _Bound) -> bool:
    fits = all(_fits(pattern, bound[pattern.alias], bound) for pattern in rule.patterns)
    return fits and not _blocked(rule, records, bound)
