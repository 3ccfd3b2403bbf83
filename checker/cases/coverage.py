"""What cases cover: the rules, both sides of their boundaries, and the answers of the readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from checker.cases.reading import Case, Difference, case_report, differences
from checker.cases.recording import Recording, RecordingEngines, could_fire, distances, fired
from checker.engines import Make, usual
from checker.money import RATE_ONE
from checker.pack import Pack, Question
from checker.rules import Boundary, Rule
from checker.terms import Choices

At = tuple[str, str]
"""An ordering as it is written, in however many alternatives it stands: its alias and text."""


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


@dataclass(frozen=True)
class Answered:
    """An answer of a reading: the first case that takes it, and the first in which it matters.

    An answer matters in a case where the report is another one under another answer.
    """

    question: str
    answer: str
    taken: str
    matters: str

    def missing(self) -> list[str]:
        """What no case shows, in words."""
        name = f"{self.question}={self.answer}"
        if not self.taken:
            return [f"{name}: no case takes this answer"]
        return [] if self.matters else [f"{name}: this answer changes nothing in any case"]


class Survey:
    """Runs cases one after another, and keeps what they show."""

    def __init__(self, pack: Pack, make: Make = usual) -> None:
        self.pack = pack
        self._engines = RecordingEngines(pack, make)
        self._steps = {b: step_of(b) for rule in pack.rules.values() for b in rule.boundaries}
        self._shown = {rule: _Shown() for rule in pack.rules}
        self._taken: dict[tuple[str, str], str] = {}
        self._matters: dict[tuple[str, str], str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._engines.close()

    def run(self, case: Case) -> list[Difference]:
        """What the report says otherwise than expected; what the case shows is kept."""
        data = self.look(case)
        self._readings(case, data)
        return differences(case, data)

    def look(self, case: Case) -> dict[str, Any]:
        """The report on a case; which rules and boundaries it shows is kept."""
        self._engines.clear()
        data = case_report(self.pack, self._engines, case)
        for rule in self.pack.rules.values():
            self._shown[rule.id].look(rule, self._engines.seen(rule), case.title, self._steps)
        return data

    def distances(self, rule: Rule, boundary: Boundary) -> set[int]:
        """How far the boundary's sides lay apart in the case that was looked at last."""
        seen = self._engines.seen(rule)
        return {distance for distance, _holds in distances(rule, boundary, seen.records)}

    def _readings(self, case: Case, data: Mapping[str, Any]) -> None:
        for name, question in self.pack.questions.items():
            answer = case.choices.readings.get(name)
            chosen = question.default if answer is None else answer
            if answer is not None:
                self._taken.setdefault((name, answer), case.title)
            if answer is not None and not self._settled(question, chosen):
                self._compare(case, question, chosen, data)

    def _settled(self, question: Question, answer: str) -> bool:
        return all((question.name, a) in self._matters for a in {answer, question.default})

    def _compare(
        self, case: Case, question: Question, chosen: str, data: Mapping[str, Any]
    ) -> None:
        """Runs the case under the default answer, or where that is chosen under the others."""
        others = [a for a in question.answers if a != chosen]
        for other in others if chosen == question.default else [question.default]:
            readings = {**case.choices.readings, question.name: other}
            asked = replace(case, choices=Choices(readings, case.choices.terms))
            if _told(case_report(self.pack, self._engines, asked)) != _told(data):
                for answer in (chosen, other):
                    self._matters.setdefault((question.name, answer), case.title)

    def rules(self) -> list[Covered]:
        """For every rule of the pack, judgments' included, the first cases that show it."""
        return [
            Covered(rule, shown.fires, shown.silent, tuple(shown.sides(rule)))
            for rule in self.pack.rules.values()
            for shown in (self._shown[rule.id],)
        ]

    def answers(self) -> list[Answered]:
        """For every answer of every reading, the first cases that take it and in which it matters.

        The default is taken in a case that matters under another answer, though it is not named.
        """
        found = []
        for name, question in self.pack.questions.items():
            for answer in question.answers:
                matters = self._matters.get((name, answer), "")
                taken = self._taken.get((name, answer), "")
                if answer == question.default:
                    taken = taken or matters
                found.append(Answered(name, answer, taken, matters))
        return found

    def shown_at(self, rule: Rule, boundary: Boundary) -> frozenset[int]:
        """The steps from a boundary (-1, 0, 1) at which the cases so far have shown it."""
        steps = self._shown[rule.id].steps
        return frozenset(steps.get((boundary.alias, boundary.text), ()))


def coverage(pack: Pack, cases: Iterable[Case]) -> list[Covered]:
    """For every rule of the pack, judgments' included, the first cases that show it."""
    with Survey(pack) as survey:
        for case in cases:
            survey.look(case)
        return survey.rules()


def _told(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a report says of the facts, without what it was asked."""
    return {name: part for name, part in data.items() if name not in ("readings", "receipt")}


@dataclass
class _Shown:
    fires: str = ""
    silent: str = ""
    inside: dict[At, str] = field(default_factory=dict)
    outside: dict[At, str] = field(default_factory=dict)
    steps: dict[At, set[int]] = field(default_factory=dict)

    def look(self, rule: Rule, seen: Recording, title: str, steps: Mapping[Boundary, int]) -> None:
        """Takes the case down for all that it is the first to show."""
        if fired(rule, seen):
            self.fires = self.fires or title
        elif could_fire(rule, seen):
            self.silent = self.silent or title
        for boundary in rule.boundaries:
            at, step = (boundary.alias, boundary.text), steps[boundary]
            for distance, holds in distances(rule, boundary, seen.records):
                if distance in (-step, 0, step):
                    self.steps.setdefault(at, set()).add(distance // step)
                side = side_of(boundary.op, distance, step)
                if side == "inside":
                    self.inside.setdefault(at, title)
                elif side == "outside" and not holds:
                    self.outside.setdefault(at, title)

    def sides(self, rule: Rule) -> Iterator[Sides]:
        """Each ordering as it is written, once."""
        for at, boundary in {(b.alias, b.text): b for b in rule.boundaries}.items():
            yield Sides(boundary, self.inside.get(at, ""), self.outside.get(at, ""))


# The measure of a boundary -----------------------------------------------------------------------


def step_of(boundary: Boundary) -> int:
    """The least distance: one cent, one day, one; for rates and ratios 0.01% and 0.01 to 1."""
    return {"rate": RATE_ONE // 10_000, "ratio": RATE_ONE // 100}.get(boundary.type, 1)


def side_of(op: str, distance: int, step: int) -> str:
    """On which side of an ordering a distance lies, at the nearest step; nothing where farther."""
    away = 0 < (distance if op in (">", "<=") else -distance) <= step
    if distance and not away:
        return ""
    return "inside" if away == (op in (">", "<")) else "outside"
