"""Functions of the answers to questions, as decision diagrams: equal functions are one node."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations as pairs
from itertools import repeat
from math import prod
from typing import Any

Node = int
"""A function, by its number."""

Assignment = Mapping[str, str]

Pick = Sequence[int]
"""A combination of answers by their places, a place for each question."""


@dataclass
class Diagrams:
    """Functions of the answers: a leaf is a value, another node asks a question.

    A node that asks has a child for each answer. Functions whose values are `ALWAYS` and `NEVER`
    are conditions, and stand for the combinations of answers under which they hold.
    """

    answers: Mapping[str, Sequence[str]]
    measure: Callable[[Any], int] = int  # what of a value counts where one asks how wide it is
    nodes: list[tuple[int, tuple[Node, ...]]] = field(default_factory=list)
    values: dict[Node, Any] = field(default_factory=dict)
    _known: dict[Hashable, Node] = field(default_factory=dict)
    _chosen: dict[tuple[Node, Node, Node], Node] = field(default_factory=dict)
    _both: dict[tuple[Node, Node], Node] = field(default_factory=dict)
    _either: dict[tuple[Node, Node], Node] = field(default_factory=dict)
    _answered: dict[tuple[str, tuple[str, ...]], Node] = field(default_factory=dict)
    _sets: dict[Node, tuple[frozenset[tuple[int, str]], ...]] = field(default_factory=dict)
    _sizes: dict[Node, dict[Node, int]] = field(default_factory=dict)
    _below_it: dict[Node, frozenset[int]] = field(default_factory=dict)
    _equal: dict[tuple[Node, Hashable], Node] = field(default_factory=dict)
    _spans: dict[Node, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.questions = tuple(self.answers)
        self.counts = [len(of) for of in self.answers.values()]
        self.never, self.always = self.leaf(value=False), self.leaf(value=True)

    def leaf(self, value: Hashable) -> Node:
        """The function that is this value everywhere."""
        key = (type(value), value)  # 1 is no True
        if key not in self._known:
            self._known[key] = len(self.nodes)
            self.values[len(self.nodes)] = value
            self.nodes.append((len(self.questions), ()))
        return self._known[key]

    def branch(self, level: int, children: tuple[Node, ...]) -> Node:
        """The function that asks the question of a level, unless its answers all lead to one."""
        if children.count(children[0]) == len(children):
            return children[0]
        key = (level, children)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = len(self.nodes)
            self.nodes.append((level, children))
        return known

    # Conditions -----------------------------------------------------------------------------------

    def choose(self, condition: Node, one: Node, other: Node) -> Node:
        """The function that is one where a condition holds, and another elsewhere."""
        never, always = self.never, self.always
        if condition == always or one == other:
            return one
        if condition == never:
            return other
        one = always if one == condition else one
        other = never if other == condition else other
        if one == other:
            return one
        if one == always and other == never:
            return condition
        key = (condition, one, other)
        known = self._chosen.get(key)
        if known is None:
            nodes = self.nodes
            (a, of_a), (b, of_b), (c, of_c) = nodes[condition], nodes[one], nodes[other]
            level = min(a, b, c)
            conditions = of_a if a == level else repeat(condition)
            ones = of_b if b == level else repeat(one)
            others = of_c if c == level else repeat(other)
            known = self._chosen[key] = self.branch(
                level, tuple(map(self.choose, conditions, ones, others))
            )
        return known

    def both(self, one: Node, other: Node) -> Node:
        """Where two conditions hold."""
        if other in (one, self.always):
            return one
        if other == self.never or one == self.always:
            return other
        if one == self.never:
            return one
        key = (one, other) if one < other else (other, one)
        known = self._both.get(key)
        if known is None:
            known = self._both[key] = self._by_level(self.both, one, other)
        return known

    def either(self, one: Node, other: Node) -> Node:
        """Where one of two conditions holds."""
        if other in (one, self.never):
            return one
        if other == self.always or one == self.never:
            return other
        if one == self.always:
            return one
        key = (one, other) if one < other else (other, one)
        known = self._either.get(key)
        if known is None:
            known = self._either[key] = self._by_level(self.either, one, other)
        return known

    def _by_level(self, of: Callable[[Node, Node], Node], one: Node, other: Node) -> Node:
        """A function of two others, from the same below the first question that either asks."""
        (a, of_a), (b, of_b) = self.nodes[one], self.nodes[other]
        if a == b:
            return self.branch(a, tuple(map(of, of_a, of_b)))
        if a < b:
            return self.branch(a, tuple([of(each, other) for each in of_a]))
        return self.branch(b, tuple([of(one, each) for each in of_b]))

    def without(self, one: Node, other: Node) -> Node:
        """Where one condition holds and another does not."""
        if one == other:
            return self.never
        return self.choose(other, self.never, one)

    def answered(self, question: str, answers: Iterable[str]) -> Node:
        """The condition that a question has one of these answers."""
        wanted = tuple(answers)
        known = self._answered.get((question, wanted))
        if known is None:
            of = self.answers[question]
            children = tuple(self.always if answer in wanted else self.never for answer in of)
            known = self.branch(self.questions.index(question), children)
            self._answered[question, wanted] = known
        return known

    def nearest(self, condition: Node, own: Assignment) -> Assignment:
        """A combination under which a condition holds: as near to one's own as there is."""
        found = dict(own)
        while condition != self.always:
            level, children = self.nodes[condition]
            name = self.questions[level]
            of = self.answers[name]
            by_answer = dict(zip(of, children, strict=True))
            ordered = (own[name], *of)
            found[name] = next(a for a in ordered if by_answer[a] != self.never)
            condition = by_answer[found[name]]
        return found

    def at(self, node: Node, answers: Assignment) -> Any:
        """The value of a function under a combination."""
        return self.picked(node, self.pick(answers))

    def pick(self, answers: Assignment) -> Pick:
        """A combination of answers by their places."""
        return [of.index(answers[name]) for name, of in self.answers.items()]

    def picked(self, node: Node, pick: Pick) -> Any:
        """The value of a function under a combination that is given by places."""
        nodes = self.nodes
        level, children = nodes[node]
        while children:
            node = children[pick[level]]
            level, children = nodes[node]
        return self.values[node]

    # What a function depends on -------------------------------------------------------------------

    def reached(self, node: Node) -> Iterator[Node]:
        """A node and all below it, each once."""
        waiting, seen = [node], {node}
        while waiting:
            one = waiting.pop()
            yield one
            new = set(self.nodes[one][1]) - seen
            seen |= new
            waiting += new

    def values_of(self, node: Node) -> set[Any]:
        """The values that a function has somewhere."""
        return {self.values[leaf] for leaf in self._below(node)}

    def asks(self, node: Node) -> list[str]:
        """The questions on which a function depends."""
        levels = self._levels(node)
        return [name for level, name in enumerate(self.questions) if level in levels]

    def _levels(self, node: Node) -> frozenset[int]:
        """The levels of a node and of all below it, but for the leaves."""
        known = self._below_it.get(node)
        if known is None:
            level, children = self.nodes[node]
            own = {level} if children else set()
            known = self._below_it[node] = frozenset(own.union(*map(self._levels, children)))
        return known

    def mapped(
        self, node: Node, value: Callable[[Any], Hashable], made: dict[Node, Node] | None = None
    ) -> Node:
        """The function of another's value; `made` are those that were made so of others before."""
        return self._mapped(node, value, {} if made is None else made)

    def _mapped(
        self, node: Node, value: Callable[[Any], Hashable], made: dict[Node, Node]
    ) -> Node:  # `made` are the functions of nodes already seen
        if node not in made:
            level, children = self.nodes[node]
            made[node] = (
                self.branch(level, tuple([self._mapped(each, value, made) for each in children]))
                if children
                else self.leaf(value(self.values[node]))
            )
        return made[node]

    def equals(self, node: Node, value: Hashable) -> Node:
        """The condition that a function has a value."""
        known = self._equal.get((node, value))
        if known is None:
            known = self._equal[node, value] = self.mapped(node, lambda own: bool(own == value))
        return known

    def sizes(self, node: Node) -> dict[Any, int]:
        """How many combinations have each value, a function's values in the order of answers."""
        weight = self._weight(0, self.nodes[node][0])
        return {self.values[leaf]: size * weight for leaf, size in self._below(node).items()}

    def _below(self, node: Node) -> dict[Node, int]:
        """How many combinations of the questions from a node's own on lead to each leaf."""
        if node not in self._sizes:
            level, children = self.nodes[node]
            found: dict[Node, int] = {} if children else {node: 1}
            for child in children:
                weight = self._weight(level + 1, self.nodes[child][0])
                for leaf, size in self._below(child).items():
                    found[leaf] = found.get(leaf, 0) + size * weight
            self._sizes[node] = found
        return self._sizes[node]

    def _weight(self, since: int, until: int) -> int:
        return prod(self.counts[since:until])

    def smallest(self, node: Node) -> tuple[frozenset[tuple[int, str]], ...]:
        """The sets of answers, minimal by inclusion, under which a condition holds."""
        if node == self.always:
            return (frozenset(),)
        if node == self.never:
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

    def widths(self, node: Node) -> dict[str, int]:
        """How far apart, at most, two values are whose combinations differ in one answer alone.

        By the question that is answered otherwise, of those that make any difference.
        """
        found: dict[int, int] = {}
        least, most = self._extremes(node)
        if least == most:
            return {}
        for one in self.reached(node):
            level, children = self.nodes[one]
            widest = found.get(level, 0)
            if children and widest < most - least:  # as wide as it can be, it is asked no more
                found[level] = self._widest(children, widest)
        return {self.questions[level]: width for level, width in found.items()}

    def _widest(self, functions: Iterable[Node], most: int) -> int:
        """How far apart any two functions are under one combination, if by more than `most`."""
        seen: set[tuple[Node, Node]] = set()
        waiting = list(pairs(dict.fromkeys(functions), 2))
        extremes = self._extremes
        while waiting:
            pair = a, b = waiting.pop()
            if a == b or pair in seen:
                continue
            seen.add(pair)
            (least_a, most_a), (least_b, most_b) = extremes(a), extremes(b)
            if most_a - least_b <= most and most_b - least_a <= most:
                continue
            (a_level, of_a), (b_level, of_b) = self.nodes[a], self.nodes[b]
            below = min(a_level, b_level)
            if below == len(self.questions):
                most = abs(most_a - most_b)
                continue
            ones = of_a if a_level == below else repeat(a, self.counts[below])
            others = of_b if b_level == below else repeat(b, self.counts[below])
            waiting += zip(ones, others, strict=True)
        return most

    def _extremes(self, node: Node) -> tuple[int, int]:
        """The least and the greatest that counts of what a function's values are."""
        known = self._spans.get(node)
        if known is None:
            children = self.nodes[node][1]
            if children:
                least, most = zip(*map(self._extremes, children), strict=True)
                known = min(least), max(most)
            else:
                known = (self.measure(self.values[node]),) * 2
            self._spans[node] = known
        return known
