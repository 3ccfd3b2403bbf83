"""The terms in force: the pack's, the user's, those amended since, and the readings of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.dates import Day
from checker.language import TermValue, Typed
from checker.pack import Pack


@dataclass(frozen=True, slots=True)
class Choices:
    """What a user chose: an answer for some questions, and the values of some terms."""

    readings: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, TermValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Amended:
    """One change of a term by an agreed amendment."""

    term: str
    date: Day
    value: str
    document: str
    fact: str


class _Before:
    """The terms as they are before readings: what a reading's expressions speak of."""

    def __init__(self, values: Mapping[str, TermValue]) -> None:
        self.values = values

    def lookup(self, name: str) -> TermValue:
        return self.values[name]


class Terms:
    """The terms in force: pack, then the user's, then amendments by date, then readings."""

    def __init__(self, pack: Pack, choices: Choices) -> None:
        self.pack = pack
        self.values = {name: term.value for name, term in pack.terms.items()} | dict(choices.terms)
        self.answers = {
            name: choices.readings.get(name, question.default)
            for name, question in pack.questions.items()
        }
        self.history: list[Amended] = []
        self.consulted: set[str] = set()
        self._readings: dict[str, tuple[str, Typed | None]] = {}
        for name, question in pack.questions.items():
            for term in {t for sets in question.sets.values() for t in sets}:
                chosen = question.sets[self.answers[name]].get(term)
                self._readings[term] = (name, chosen)

    def lookup(self, name: str) -> TermValue:
        """The value in force of a term; a question that bears on it counts as consulted."""
        question, chosen = self._readings.get(name, ("", None))
        if question:
            self.consulted.add(question)
        return chosen.settled({}, _Before(self.values)) if chosen else self.values[name]

    def amend(self, amended: Amended) -> None:
        """The term has another value from now on."""
        term = self.pack.terms[amended.term]
        self.values[amended.term] = term.parse(amended.value, self.pack.currency)
        self.history.append(amended)
