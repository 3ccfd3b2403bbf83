"""Code under one combination of answers, and under all others under which it would do the same.

Every answer that code asks for narrows the combinations for which it has run (`Reading`); what is
left runs again. A thing that is not the same under all of them is held in parts, each with the
condition under which it is so (`Varied`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, TypeVar

from checker.language import TermValue
from checker.model import Value
from checker.pack import Pack
from checker.questions.diagrams import Assignment, Diagrams, Node, Pick
from checker.terms import Amended, Choices, Terms

T = TypeVar("T")


class Reading:
    """Code that runs under one combination, and for all under which it would do the same."""

    def __init__(self, diagrams: Diagrams, own: Assignment) -> None:
        self.diagrams, self.own = diagrams, own
        self.condition = diagrams.always
        self.answers: Assignment = own
        self.pick: Pick = diagrams.pick(own)
        self.written: list[Varied[Any]] = []
        self.amended = 0  # how often a term became another, on any course
        self._nearest: dict[Node, tuple[Assignment, Pick]] = {}

    def once(
        self, condition: Node, do: Callable[[], T], answers: Assignment | None = None
    ) -> tuple[Node, T]:
        """What comes of it under one combination of a condition, and for which it is the same.

        What it writes to things that vary is written under the condition that is left.
        """
        outer = self.condition, self.answers, self.pick, self.written
        self.condition, self.written = condition, []
        if answers is None:
            self.answers, self.pick = self._near(condition)
        else:
            self.answers, self.pick = answers, self.diagrams.pick(answers)
        try:
            result = do()
            for varied in self.written:
                varied.settle(self.condition)
            return self.condition, result
        finally:
            self.condition, self.answers, self.pick, self.written = outer

    def _near(self, condition: Node) -> tuple[Assignment, Pick]:
        """The combination of a condition that is nearest to one's own answers."""
        known = self._nearest.get(condition)
        if known is None:
            near = self.diagrams.nearest(condition, self.own)
            known = self._nearest[condition] = near, self.diagrams.pick(near)
        return known

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

    def decides(self, condition: Node) -> bool:
        """Whether it is so, from then on for all combinations for which that is the same."""
        holds = self.holds(condition)
        self.narrow(condition if holds else self.diagrams.without(self.diagrams.always, condition))
        return holds

    def holds(self, condition: Node) -> bool:
        """Whether it is so under the combination under which it runs."""
        return bool(self.diagrams.picked(condition, self.pick))


class Varied(dict[str, T]):
    """Things by name, each as it is under each combination of answers; none where it is not."""

    def __init__(self, reading: Reading) -> None:
        super().__init__()
        self.reading = reading
        self.parts: dict[str, list[tuple[Node, T]]] = {}
        self.log: list[tuple[str, Node, T]] = []  # what was written, and where
        self._there: dict[str, Node] = {}  # where there is a thing of a name

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self.reading.decides(self._where(str(name)))

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
            if self.absent(name, condition):
                self.add(name, condition, value)
            else:
                self._replace(name, condition, value)
        self.clear()

    def absent(self, name: str, condition: Node) -> bool:
        """Whether there is nothing of a name under any combination of a condition."""
        diagrams = self.reading.diagrams
        return (
            name not in self.parts or diagrams.both(self._where(name), condition) == diagrams.never
        )

    def add(self, name: str, condition: Node, value: T, *, new: bool = False) -> None:
        """A thing is so under a condition under which there is none of its name.

        A `new` one is like no other of that name.
        """
        self.log.append((name, condition, value))
        parts = self.parts.get(name)
        if parts is None:
            self.parts[name], self._there[name] = [(condition, value)], condition
            return
        either = self.reading.diagrams.either
        self._there[name] = either(self._where(name), condition)
        for at, (other, old) in enumerate(() if new else parts):
            if old == value:
                parts[at] = (either(condition, other), value)
                return
        parts.append((condition, value))

    def _replace(self, name: str, condition: Node, value: T) -> None:
        self.log.append((name, condition, value))
        found: list[tuple[Node, T]] = []
        diagrams = self.reading.diagrams
        self._there[name] = diagrams.either(self._where(name), condition)
        for other, old in self.parts[name]:
            if old == value:
                condition = diagrams.either(condition, other)
            elif (left := diagrams.without(other, condition)) != diagrams.never:
                found.append((left, old))
        self.parts[name] = [*found, (condition, value)]

    def _where(self, name: str) -> Node:
        """The combinations under which there is a thing of a name."""
        if name not in self._there:
            either, never = self.reading.diagrams.either, self.reading.diagrams.never
            places = (condition for condition, _value in self.parts.get(name, ()))
            self._there[name] = reduce(either, places, never)
        return self._there[name]

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
        question = self._question.get(name)
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
        values = iter(results.values())
        first = next(values)
        if all(other == first for other in values):
            return first
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


class Sometimes(dict[str, Value]):
    """The values of what is told under a condition only."""

    def __init__(self, condition: Node, values: Mapping[str, Value]) -> None:
        super().__init__(values)
        self.condition = condition
