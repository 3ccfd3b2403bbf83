"""The terms in force: the pack's, the user's, those amended since, and the readings of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.dates import Day
from checker.language import TermValue
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
    """The terms in force: pack, then the user's, then amendments by date, then readings.

    `indistinct` holds, for every question, the answers that would so far have given just the same
    evaluation: what was asked for had the same value under each of them. Where nobody compares
    answers, none but the one given is looked at.
    """

    def __init__(self, pack: Pack, choices: Choices, *, compared: bool = True) -> None:
        self.pack, self.compared = pack, compared
        self.values = {name: term.value for name, term in pack.terms.items()} | dict(choices.terms)
        self.answers = {
            name: choices.readings.get(name, question.default)
            for name, question in pack.questions.items()
        }
        self.history: list[Amended] = []
        self.indistinct = {
            name: frozenset(question.answers) for name, question in pack.questions.items()
        }
        self._question = pack.asked_of
        self._alternatives: dict[str, dict[str, TermValue]] = {}
        self._read: dict[str, TermValue] = {}  # under the answers given, where none is compared

    def lookup(self, name: str) -> TermValue:
        """The value in force of a term; what it is under other answers is taken note of."""
        question = self._question.get(name)
        if question is None:
            return self.values[name]
        if self.compared:
            return self.told_apart(question, self.alternatives(name))
        if name not in self._read:
            self._read[name] = self._under(self.answers[question], question, name)
        return self._read[name]

    def question_of(self, name: str) -> str | None:
        """The question that bears on a term."""
        return self._question.get(name)

    def alternatives(self, name: str) -> Mapping[str, TermValue]:
        """What a term is under each answer to the question that bears on it."""
        known = self._alternatives.get(name)
        if known is None:
            question = self._question[name]
            known = self._alternatives[name] = {
                answer: self._under(answer, question, name)
                for answer in self.pack.questions[question].sets
            }
        return known

    def _under(self, answer: str, question: str, name: str) -> TermValue:
        setting = self.pack.questions[question].sets[answer].get(name)
        return self.values[name] if setting is None else setting.settled({}, _Before(self.values))

    def told_apart(self, question: str, results: Mapping[str, TermValue]) -> TermValue:
        """The result under the answer given; answers with another result are distinct from it."""
        result = results[self.answers[question]]
        same = self.indistinct[question]
        if len(same) > 1:
            self.indistinct[question] = frozenset(a for a in same if results[a] == result)
        return result

    def also_told_apart_by(self, other: Terms) -> None:
        """What is distinct in a further evaluation that this one makes is distinct in this one."""
        for question, same in other.indistinct.items():
            self.indistinct[question] &= same

    def amend(self, amended: Amended) -> None:
        """The term has another value from now on."""
        term = self.pack.terms[amended.term]
        self.values[amended.term] = term.parse(amended.value, self.pack.currency)
        self.history.append(amended)
        self._alternatives.clear()
        self._read.clear()
