"""Changes that somebody supposes: read from options or a file, and made to facts and choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import Field, ValidationError

from checker.dates import Day, iso, parse_day
from checker.facts import Book, contradictions, facts_alone, parse_line
from checker.inquiry import Inquiry
from checker.language import TermValue
from checker.model import Fact, Place, Problem, Vocabulary, WrongInput, did_you_mean
from checker.money import grouped, parse_money
from checker.pack import Pack
from checker.packfile import Part, Phrases, Text, Written, model_problems
from checker.questions.hypothetical import known, supposed
from checker.source import Document
from checker.timeline import CORRECTION, effective

_DEEDS = {"pay": ("payment", "paid"), "draw": ("advance", "drawn")}


class ScenarioPart(Part):
    """One scenario as it is written."""

    pay: dict[Text, Written] = Field(default={}, description="Days, each with an amount paid.")
    draw: dict[Text, Written] = Field(default={}, description="Days, each with an amount drawn.")
    drop: Phrases = Field(default=[], description="Records that are left out.")
    move: dict[Text, Written] = Field(default={}, description="Records, each with its other day.")
    facts: list[dict[str, Any]] = Field(default=[], description="Further records.")
    reading: dict[Text, Written] = Field(default={}, description="Questions with their answers.")
    term: dict[Text, Written] = Field(default={}, description="Terms with their values.")


@dataclass(frozen=True)
class Entry:
    """One change as it is written, with the places of its two sides."""

    kind: str  # pay, draw, drop, move, reading, term
    name: str
    value: str
    at: Place
    to: Place


@dataclass(frozen=True)
class Scenario:
    """Changes that are made together, under a name."""

    name: str
    entries: tuple[Entry, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Changed:
    """A contract with the changes of a scenario, and what they are in words."""

    name: str
    inquiry: Inquiry
    says: tuple[tuple[str, str], ...]  # kind of change, sentence
    last: Day | None  # the last day that a change names
    begins: tuple[Day, ...] = ()  # of each change of facts the day from which it can be seen


# As written --------------------------------------------------------------------------------------


def from_options(
    given: Mapping[str, Sequence[str]], facts: Sequence[str], vocabulary: Vocabulary
) -> tuple[Scenario, list[Problem]]:
    """The changes of the command line as one scenario: by option, `NAME=VALUE` or a name alone."""
    problems: list[Problem] = []
    entries = [
        entry
        for kind, texts in given.items()
        for text in texts
        if (entry := _entry(kind, text, problems)) is not None
    ]
    more = []
    for text in facts:
        try:
            more.append(parse_line(text, "--fact", 1, vocabulary))
        except WrongInput as error:
            problems += error.problems
    return Scenario("as asked", tuple(entries), tuple(more)), problems


def _entry(kind: str, text: str, problems: list[Problem]) -> Entry | None:
    at = Place(f"--{kind}", 1, 1, text)
    if kind == "drop":
        return Entry(kind, text, "", at, at)
    name, equals, value = text.partition("=")
    if not equals:
        left, right = _SIDES[kind]
        problems.append(Problem(at, f"write it as {left}={right}"))
        return None
    return Entry(kind, name, value, at, Place(f"--{kind}", 1, len(name) + 2, text))


_SIDES = {
    "pay": ("DATE", "AMOUNT"),
    "draw": ("DATE", "AMOUNT"),
    "move": ("FACT", "DATE"),
    "reading": ("QUESTION", "ANSWER"),
    "term": ("NAME", "VALUE"),
}


def from_document(
    document: Document, vocabulary: Vocabulary
) -> tuple[list[Scenario], list[Problem]]:
    """The scenarios of a file, by their names."""
    if not isinstance(document.data, dict):
        place = document.place(())
        return [], [Problem(place, "a mapping is expected here: names with their changes")]
    problems: list[Problem] = []
    found = []
    for name, data in document.data.items():
        try:
            part = ScenarioPart.model_validate(data)
        except ValidationError as error:
            problems += model_problems(document, ScenarioPart, error, (name,))
            continue
        facts: list[Fact] = []
        wrong: list[Problem] = []
        if part.facts:
            facts, wrong = facts_alone(document, (name, "facts"), vocabulary)
        problems += wrong
        found.append(Scenario(name, tuple(_written(document, name, part)), tuple(facts)))
    return found, problems


def _written(document: Document, name: str, part: ScenarioPart) -> Iterator[Entry]:
    for number, fact in enumerate(part.drop):
        at = document.place((name, "drop", number))
        yield Entry("drop", fact, "", at, at)
    for kind in _SIDES:
        for left, right in getattr(part, kind).items():
            path = (name, kind, left)
            yield Entry(kind, left, right, document.keys[path], document.place(path))


# As made -----------------------------------------------------------------------------------------


def apply(
    inquiry: Inquiry, scenario: Scenario, currency: str
) -> tuple[Changed | None, list[Problem]]:
    """The contract with these changes; None, and all that is wrong, where they cannot be made."""
    maker = _Maker(inquiry, currency)
    for entry in scenario.entries:
        maker.make(entry)
    for fact in scenario.facts:
        maker.add(fact)
    changed = maker.changed(scenario.name) if not maker.problems else None
    return changed, maker.problems


def judged(changed: Changed) -> list[Problem]:
    """What cannot stand together on its day, though on another it may."""
    inquiry = changed.inquiry
    facts = effective(inquiry.facts, inquiry.as_of, inquiry.known_on)
    return contradictions(facts, _vocabulary(inquiry))


def _vocabulary(inquiry: Inquiry) -> Vocabulary:
    pack = inquiry.pack
    values: dict[str, TermValue] = {name: term.value for name, term in pack.terms.items()}
    return pack.vocabulary(values | dict(inquiry.choices.terms))


@dataclass
class _Maker:
    """Makes one change after another, and collects what is wrong with them."""

    inquiry: Inquiry
    currency: str
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.facts = {fact.id: fact for fact in self.inquiry.facts}
        self.own = dict(self.facts)  # as recorded
        self.readings: dict[str, str] = {}
        self.terms: dict[str, TermValue] = {}
        self.says: list[tuple[str, str]] = []
        self.days: list[Day] = []
        self.begins: list[Day] = []
        self.doubled: list[Fact] = []

    @property
    def pack(self) -> Pack:
        return self.inquiry.pack

    def make(self, entry: Entry) -> None:
        """Makes a change."""
        makers = {
            "pay": self._deed,
            "draw": self._deed,
            "drop": self._drop,
            "move": self._move,
            "reading": self._read,
            "term": self._term,
        }
        makers[entry.kind](entry)

    def add(self, fact: Fact) -> None:
        """Adds a fact that is written out."""
        contract = next((f.contract for f in self.own.values() if f.contract), "")
        fact = replace(fact, contract=fact.contract or contract)
        if fact.id in self.facts:
            self.doubled.append(fact)  # told with its place, together with all else
        else:
            self._put(fact)
        self.says.append(("fact", f"{fact.id}, a {fact.kind} of {iso(fact.date)}, is added"))

    def _put(self, fact: Fact) -> None:
        self.facts[fact.id] = known(fact, self.inquiry.known_on)
        self._dated(fact.date, fact.date)

    def _dated(self, begins: Day, ends: Day) -> None:
        self.begins.append(begins)
        self.days.append(ends)

    def _wrong(self, place: Place, message: str, hint: str = "") -> None:
        self.problems.append(Problem(place, message, hint))

    def _day(self, text: str, place: Place) -> Day | None:
        try:
            return parse_day(text)
        except ValueError as error:
            self._wrong(place, str(error))
            return None

    def _deed(self, entry: Entry) -> None:
        kind, done = _DEEDS[entry.kind]
        day = self._day(entry.name, entry.at)
        try:
            amount = parse_money(entry.value, self.currency)
        except ValueError as error:
            self._wrong(entry.to, str(error))
            return
        if amount <= 0:
            self._wrong(entry.to, "an amount is more than zero")
        elif day is not None:
            taken = [*self.own.values(), *self.facts.values()]
            self._put(supposed(taken, kind, day, {"amount": amount}, entry.at, entry.kind))
            self.says.append((entry.kind, f"{grouped(amount)} is {done} on {iso(day)}"))

    def _of(self, entry: Entry) -> Fact | None:
        fact = self.facts.get(entry.name)
        if fact is None and entry.name in self.own:
            self._wrong(entry.at, f"'{entry.name}' is left out already")
        elif fact is None:
            hint = did_you_mean(entry.name, self.own)
            self._wrong(entry.at, f"no record has the id '{entry.name}'", hint)
        return fact

    def _drop(self, entry: Entry) -> None:
        fact = self._of(entry)
        if fact is None:
            return
        gone = {fact.id}
        del self.facts[fact.id]
        while more := [f for f in self.facts.values() if _corrects(f, gone)]:
            for each in more:  # what corrects it has nothing to correct any more
                gone.add(each.id)
                del self.facts[each.id]
        self._dated(fact.date, fact.date)
        self.says.append(("drop", f"{fact.id}, a {fact.kind} of {iso(fact.date)}, is left out"))

    def _move(self, entry: Entry) -> None:
        fact, day = self._of(entry), self._day(entry.value, entry.to)
        if fact is None or day is None:
            return
        moved = replace(
            fact, date=day, recorded=fact.recorded + day - fact.date, place=entry.to
        )  # it becomes known as long after it as before
        known_on = self.inquiry.known_on
        if known_on is None or fact.recorded <= known_on:
            moved = known(moved, known_on)
        self.facts[fact.id] = moved
        self._dated(min(fact.date, day), day)
        self.says.append(
            ("move", f"{fact.id}, a {fact.kind}, is moved from {iso(fact.date)} to {iso(day)}")
        )

    def _read(self, entry: Entry) -> None:
        question = self.pack.questions.get(entry.name)
        if question is None:
            hint = did_you_mean(entry.name, self.pack.questions)
            self._wrong(entry.at, f"unknown name '{entry.name}'", hint)
        elif entry.value not in question.answers:
            hint = did_you_mean(entry.value, question.answers)
            self._wrong(entry.to, f"'{entry.name}' has no answer '{entry.value}'", hint)
        elif self.readings.setdefault(entry.name, entry.value) != entry.value:
            self._wrong(entry.at, f"'{entry.name}' is given twice, with different values")
        else:
            self.says.append(("reading", f"{entry.name} is read as {entry.value}"))

    def _term(self, entry: Entry) -> None:
        term = self.pack.terms.get(entry.name)
        if term is None:
            hint = did_you_mean(entry.name, self.pack.terms)
            self._wrong(entry.at, f"unknown name '{entry.name}'", hint)
            return
        try:
            self.terms[entry.name] = term.parse(entry.value, self.pack.currency)
        except ValueError as error:
            self._wrong(entry.to, str(error))
            return
        self.says.append(("term", f"{entry.name} is {entry.value}"))

    def changed(self, name: str) -> Changed | None:
        """The contract with all changes, unless the facts no longer fit together."""
        inquiry = self.inquiry
        if self.readings:
            inquiry = inquiry.read(self.readings)
        if self.terms:
            inquiry = inquiry.with_terms(self.terms)
        last = max(self.days, default=None)
        if not self.days and not self.doubled:
            return Changed(name, inquiry, tuple(self.says), last)
        book = Book(_vocabulary(inquiry))
        for order, fact in enumerate([*self.facts.values(), *self.doubled]):
            book.add(replace(fact, order=order))
        self.problems += book.close()
        facts = sorted(book.facts, key=lambda fact: fact.order)
        says, begins = tuple(self.says), tuple(self.begins)
        return Changed(name, inquiry.with_facts(facts), says, last, begins)


def _corrects(fact: Fact, ids: Iterable[str]) -> bool:
    return fact.kind == CORRECTION and str(fact.values["of"]) in ids
