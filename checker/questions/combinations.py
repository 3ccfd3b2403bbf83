"""Every combination of answers: those that the same evaluation serves share it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Any

from checker.inquiry import Inquiry

Box = Mapping[str, frozenset[str]]
"""Combinations: for every question, the answers that it may have."""

Progress = Callable[[int, int, int], None]
"""Is told how many combinations are covered, of how many, by how many evaluations."""

Assignment = Mapping[str, str]


@dataclass(frozen=True)
class Cell:
    """Combinations that one evaluation serves, and its report under the one that was tried."""

    box: Box
    tried: Assignment
    report: Mapping[str, Any]

    @property
    def size(self) -> int:
        """How many combinations it has."""
        return prod(len(answers) for answers in self.box.values())

    def holds(self, answers: Assignment) -> bool:
        """Whether a combination is one of them."""
        return all(answers[question] in same for question, same in self.box.items())


def count(inquiry: Inquiry) -> int:
    """How many combinations of answers the pack has."""
    return prod(len(question.answers) for question in inquiry.pack.questions.values())


def explored(inquiry: Inquiry, progress: Progress | None = None) -> Combinations:
    """All combinations, in cells; the first is that of the inquiry's own answers."""
    questions = inquiry.pack.questions
    total, covered = count(inquiry), 0
    waiting: list[Box] = [{name: frozenset(q.answers) for name, q in questions.items()}]
    cells: list[Cell] = []
    bits = _bits({name: q.answers for name, q in questions.items()})
    covering: list[int] = []  # the answers of each cell as bits: quick to look through
    while waiting:
        region = waiting.pop()
        answers = _representative(inquiry, region)
        own = sum(bits[answer] for answer in answers.items())
        at = next((at for at, mask in enumerate(covering) if mask & own == own), None)
        if at is not None:
            cell = cells[at]
        else:
            cell = _evaluated(inquiry, answers)
            cells.append(cell)
            covering.append(sum(bits[name, a] for name, of in cell.box.items() for a in of))
            covered += cell.size
            if progress is not None:
                progress(covered, total, len(cells))
        waiting += _rest(region, cell.box)
    return Combinations({name: tuple(q.answers) for name, q in questions.items()}, cells)


def _bits(answers: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], int]:
    """A bit of its own for every answer to every question."""
    pairs = [(name, answer) for name, of in answers.items() for answer in of]
    return {pair: 1 << at for at, pair in enumerate(pairs)}


def _evaluated(inquiry: Inquiry, answers: Assignment) -> Cell:
    own = all(answers[name] == inquiry.choices.readings.get(name, question.default)
              for name, question in inquiry.pack.questions.items())  # fmt: skip
    asked = inquiry if own else inquiry.read(answers)
    report = asked.report  # the report looks settings up as well: what it asks for counts
    return Cell(dict(asked.result.evaluation.terms.indistinct), answers, report)


def _representative(inquiry: Inquiry, region: Box) -> dict[str, str]:
    """One combination of a region: as near to the inquiry's own answers as there is."""
    found = {}
    for name, question in inquiry.pack.questions.items():
        own = inquiry.choices.readings.get(name, question.default)
        found[name] = next(a for a in (own, *question.answers) if a in region[name])
    return found


def _rest(region: Box, cell: Box) -> Iterator[Box]:
    """What a cell leaves of a region, in parts that have nothing in common."""
    left = dict(region)
    for question, answers in region.items():
        if outside := answers - cell[question]:
            yield {**left, question: outside}
        left[question] = answers & cell[question]


# What a result depends on ------------------------------------------------------------------------

Node = int


@dataclass
class Diagrams:
    """Functions of the answers as decision diagrams: equal functions are one node.

    A leaf is made of a value; another node asks a question and has a child for each answer.
    """

    questions: Sequence[str]
    answers: Mapping[str, Sequence[str]]
    nodes: list[tuple[int, tuple[Node, ...]]] = field(default_factory=list)
    values: dict[Node, Hashable] = field(default_factory=dict)
    _known: dict[Hashable, Node] = field(default_factory=dict)
    _both: dict[tuple[Node, Node], Node] = field(default_factory=dict)
    _sets: dict[Node, tuple[frozenset[tuple[int, str]], ...]] = field(default_factory=dict)

    def leaf(self, value: Hashable) -> Node:
        """The function that is this value everywhere."""
        key = ("leaf", value)
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.values[len(self.nodes)] = value
            self.nodes.append((len(self.questions), ()))
        return self._known[key]

    def branch(self, level: int, children: tuple[Node, ...]) -> Node:
        """The function that asks the question of a level, unless its answers all lead to one."""
        if len(set(children)) == 1:
            return children[0]
        key = ("branch", level, children)
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.nodes.append((level, children))
        return self._known[key]

    def child(self, node: Node, level: int, at: int) -> Node:
        """What is left of a function when a question has been answered."""
        own, children = self.nodes[node]
        return children[at] if own == level else node

    def reached(self, node: Node) -> Iterator[Node]:
        """A node and all below it, each once."""
        waiting, seen = [node], {node}
        while waiting:
            one = waiting.pop()
            yield one
            new = set(self.nodes[one][1]) - seen
            seen |= new
            waiting += new

    def asks(self, node: Node) -> list[str]:
        """The questions on which a function depends."""
        levels = {self.nodes[one][0] for one in self.reached(node)}
        return [name for level, name in enumerate(self.questions) if level in levels]

    def where(self, node: Node, wanted: Callable[[Hashable], bool]) -> Node:
        """The function that says whether another's value is wanted."""
        made: dict[Node, Node] = {}

        def visit(one: Node) -> Node:
            if one not in made:
                level, children = self.nodes[one]
                made[one] = (
                    self.branch(level, tuple(visit(child) for child in children))
                    if children
                    else self.leaf(wanted(self.values[one]))
                )
            return made[one]

        return visit(node)

    def both(self, one: Node, other: Node) -> Node:
        """Whether two such functions are both true."""
        true, false = self.leaf(value=True), self.leaf(value=False)
        if false in (one, other):
            return false
        if other in (one, true):
            return one
        if one == true:
            return other
        key = (min(one, other), max(one, other))
        if key not in self._both:
            level = min(self.nodes[one][0], self.nodes[other][0])
            width = len(self.answers[self.questions[level]])
            self._both[key] = self.branch(
                level,
                tuple(
                    self.both(self.child(one, level, at), self.child(other, level, at))
                    for at in range(width)
                ),
            )
        return self._both[key]

    def smallest(self, node: Node) -> tuple[frozenset[tuple[int, str]], ...]:
        """The sets of answers, minimal by inclusion, under which such a function is true."""
        if node == self.leaf(value=True):
            return (frozenset(),)
        if node == self.leaf(value=False):
            return ()
        if node not in self._sets:
            level, children = self.nodes[node]
            always = children[0]
            for child in children[1:]:
                always = self.both(always, child)
            general = self.smallest(always)
            found = list(general)
            for answer, child in zip(self.answers[self.questions[level]], children, strict=True):
                found += [
                    each | {(level, answer)}
                    for each in self.smallest(child)
                    if not any(known <= each for known in general)
                ]
            self._sets[node] = tuple(found)
        return self._sets[node]

    def widest(self, node: Node, question: str, apart: Callable[[Any, Any], int]) -> int:
        """How far apart, at most, two values are whose combinations differ in one answer alone."""
        level, most = self.questions.index(question), 0
        seen: set[tuple[Node, Node]] = set()
        for one in self.reached(node):
            if self.nodes[one][0] != level:
                continue
            children = self.nodes[one][1]
            waiting = [(a, b) for at, a in enumerate(children) for b in children[at + 1 :]]
            while waiting:
                a, b = waiting.pop()
                if a == b or (a, b) in seen:
                    continue
                seen.add((a, b))
                below = min(self.nodes[a][0], self.nodes[b][0])
                if below == len(self.questions):
                    most = max(most, apart(self.values[a], self.values[b]))
                    continue
                width = len(self.answers[self.questions[below]])
                waiting += [
                    (self.child(a, below, at), self.child(b, below, at)) for at in range(width)
                ]
        return most


@dataclass(frozen=True)
class Combinations:
    """All combinations of answers, in cells that have none in common and leave none out."""

    answers: Mapping[str, Sequence[str]]
    cells: Sequence[Cell]

    @property
    def total(self) -> int:
        """How many combinations there are."""
        return prod(len(answers) for answers in self.answers.values())

    @cached_property
    def turning(self) -> list[str]:
        """The questions on whose answer anything turns."""
        return [
            name
            for name, answers in self.answers.items()
            if any(len(cell.box[name]) < len(answers) for cell in self.cells)
        ]

    @cached_property
    def diagrams(self) -> Diagrams:
        """The functions of the answers, made so far."""
        return Diagrams(self.turning, self.answers)

    def at(self, answers: Assignment) -> Cell:
        """The cell of a combination."""
        return next(cell for cell in self.cells if cell.holds(answers))

    @cached_property
    def _tree(self) -> Node:
        """The function that gives the number of a combination's cell."""
        made: dict[tuple[int, frozenset[int]], Node] = {}
        diagrams = self.diagrams

        def visit(level: int, left: frozenset[int]) -> Node:
            if len(left) == 1:
                return diagrams.leaf(("cell", *left))
            if (level, left) not in made:
                name = self.turning[level]
                made[level, left] = diagrams.branch(
                    level,
                    tuple(
                        visit(
                            level + 1,
                            frozenset(at for at in left if answer in self.cells[at].box[name]),
                        )
                        for answer in self.answers[name]
                    ),
                )
            return made[level, left]

        return visit(0, frozenset(range(len(self.cells))))

    def function(self, values: Sequence[Hashable]) -> Node:
        """The function that gives the value of a combination's cell."""
        diagrams = self.diagrams
        made: dict[Node, Node] = {}

        def visit(one: Node) -> Node:
            if one not in made:
                level, children = diagrams.nodes[one]
                if children:
                    made[one] = diagrams.branch(level, tuple(visit(child) for child in children))
                else:
                    cell: Any = diagrams.values[one]
                    made[one] = diagrams.leaf(values[cell[1]])
            return made[one]

        return visit(self._tree)

    def sets(self, node: Node, wanted: Iterable[Hashable]) -> list[dict[str, str]]:
        """The sets of answers, minimal by inclusion, that lead to one of these values."""
        diagrams, of = self.diagrams, set(wanted)
        found = diagrams.smallest(diagrams.where(node, of.__contains__))
        ordered = [sorted(each) for each in found]
        return [
            {self.turning[level]: answer for level, answer in each}
            for each in sorted(ordered, key=lambda each: (len(each), each))
        ]

    def sizes(self, values: Sequence[Hashable]) -> dict[Hashable, int]:
        """How many combinations have each value, in the order of the cells."""
        found: dict[Hashable, int] = {}
        for cell, value in zip(self.cells, values, strict=True):
            found[value] = found.get(value, 0) + cell.size
        return found
