"""Cases: facts beside a clause with what the report must say of them, read and run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from checker.dates import Day, parse_day
from checker.evaluate import Engines, evaluate
from checker.facts import facts_in
from checker.language import TermValue
from checker.model import Fact, Place, Problem, WrongInput, did_you_mean
from checker.pack import Pack
from checker.packfile import Id, Part, Text, Written, model_problems
from checker.report import report
from checker.source import Document, load_yaml, read_source
from checker.terms import Choices
from checker.timeline import last_date

T = TypeVar("T")
Path_ = tuple[str | int, ...]
Entry = dict[str, Any]

SUFFIX = ".cases.yaml"

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
    """One case ready to run; `records` are its facts as they are written, in their order."""

    title: str
    place: Place
    facts: tuple[Fact, ...]
    as_of: Day
    known_on: Day | None
    choices: Choices
    expect: Expect
    records: tuple[Entry, ...] = ()

    @property
    def stem(self) -> str:
        """The name of its file, without what all such files end in."""
        return Path(self.place.file).name.removesuffix(SUFFIX)


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
    return read_cases(pack, load_yaml(read_source(path)))


def read_cases(pack: Pack, document: Document) -> list[Case]:
    """The cases of a document; WrongInput carries every problem, with its place."""
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
    for path in sorted(Path(pack.folder).glob(f"*{SUFFIX}")):
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
            records=tuple(self._records(part)),
        )

    def _records(self, part: CasePart) -> Iterator[Entry]:
        for name in part.given:
            yield from self.file.given[name]
        yield from part.facts

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
                hint = did_you_mean(rule, rules)
                if rule in self.pack.rules:
                    hint = "it gives a new word on what another rule found: expect that finding"
                self._wrong((*path, "absent", number), message, hint)


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
    return differences(case, case_report(pack, engines, case))


def case_report(pack: Pack, engines: Engines, case: Case) -> dict[str, Any]:
    """The report on the case's facts."""
    result = evaluate(pack, engines, case.facts, case.as_of, case.known_on, case.choices)
    return report(result)


def differences(case: Case, data: Mapping[str, Any]) -> list[Difference]:
    """Where a report on the case's facts departs from what the case expects."""
    return list(_differences(case.expect, data))


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
        elif not _meets(found[name], wanted):
            yield Difference(f"{what}, {name}", wanted, found[name])


def _meets(found: Any, wanted: Any) -> bool:
    """Whether a field holds what is wanted; of entries in a list, the fields that are listed."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(name in found and _meets(found[name], value) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_meets, found, wanted))
    return bool(found == wanted)
