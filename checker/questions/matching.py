"""The rule engine's meaning for records that hold under some combinations of answers only."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from checker.patterns import EngineRule, Primitive, Record
from checker.questions.diagrams import Diagrams, Node

OPERATORS = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


_Test = tuple[str, Callable[[Any, Any], bool], Primitive]
"""A field, and how it must compare with what."""


class Found(NamedTuple):
    """A match: its rule, the places of its records in the order of patterns, and where it is so."""

    rule: str
    places: tuple[int, ...]
    condition: Node


class _Seen(NamedTuple):
    place: int
    fields: Mapping[str, Primitive]
    condition: Node


class _Check(NamedTuple):
    """One join: a field of one pattern's record against a field of another's."""

    left: int
    field: str
    op: str
    right: int
    other: str


@dataclass(slots=True)
class _Bucket:
    """The records that pass the tests of one pattern, and where those with a value are found."""

    seen: list[_Seen] = field(default_factory=list)
    by_value: dict[str, dict[Primitive, list[_Seen]]] = field(default_factory=dict)

    def put(self, one: _Seen) -> None:
        self.seen.append(one)
        for name, values in self.by_value.items():
            if name in one.fields:
                values.setdefault(one.fields[name], []).append(one)


class _Step(NamedTuple):
    """Which pattern is looked for next, the joins that it closes, and by which field, if any."""

    at: int
    checks: tuple[_Check, ...]
    own: str
    by: tuple[int, str]


class _Rule:
    """A rule with what was seen of each of its patterns; the last is the negated one, if any."""

    def __init__(self, rule: EngineRule) -> None:
        self.name, self.width = rule.name, len(rule.patterns)
        self.patterns = (*rule.patterns, *([rule.unless] if rule.unless else []))
        self.buckets = [_Bucket() for _ in self.patterns]
        aliases = {pattern.alias: at for at, pattern in enumerate(self.patterns)}
        self.joins = [
            _Check(at, join.field, join.op, aliases[join.alias], join.other)
            for at, pattern in enumerate(self.patterns)
            for join in pattern.joins
        ]
        self.plans = [self._plan([at], self.width) for at in range(self.width)]
        whole = len(self.patterns)
        self.looks_back = whole > 1 or bool(self.joins)  # for what was told before, or in itself
        self.negated = self._plan(list(range(self.width)), whole) if rule.unless else []

    def _plan(self, bound: list[int], until: int) -> list[_Step]:
        """In which order the other patterns are looked for once these have their records."""
        plan, left = [], [at for at in range(until) if at not in bound]
        while left:
            linked = {at: self._checks(at, bound) for at in left}
            at = next((at for at in left if any(c.op == "==" for c in linked[at])), left[0])
            own, by = "", (0, "")
            for check in linked[at]:
                if check.op == "==":
                    mine, theirs = (check.field, check.other), (check.left, check.right)
                    mine, theirs = (
                        (mine, theirs) if check.left == at else (mine[::-1], theirs[::-1])
                    )
                    own, by = mine[0], (theirs[1], mine[1])
                    self.buckets[at].by_value.setdefault(own, {})
                    break
            plan.append(_Step(at, linked[at], own, by))
            bound, left = [*bound, at], [each for each in left if each != at]
        return plan

    def _checks(self, at: int, bound: Sequence[int]) -> tuple[_Check, ...]:
        """The joins between a pattern and those whose records are known, and within itself."""
        known = {at, *bound}
        return tuple(
            c for c in self.joins if at in (c.left, c.right) and {c.left, c.right} <= known
        )


class Matching:
    """One stream of records, each with the condition under which it is told.

    For every combination it finds what an engine session finds that is told those records alone.
    """

    def __init__(self, rules: Sequence[EngineRule], diagrams: Diagrams) -> None:
        self.diagrams, self.count = diagrams, 0
        self._of_kind: dict[str, list[tuple[_Rule, int, list[_Test]]]] = {}
        for rule in map(_Rule, rules):
            for at, pattern in enumerate(rule.patterns):
                tests = [(test.field, OPERATORS[test.op], test.value) for test in pattern.tests]
                self._of_kind.setdefault(pattern.kind, []).append((rule, at, tests))

    def add(self, records: Sequence[tuple[Node, Record]]) -> list[Found]:
        """The matches that these records complete."""
        found: list[Found] = []
        for condition, record in records:
            fields, place = record.fields, self.count
            seen = _Seen(place, fields, condition)
            fitting: list[tuple[_Rule, int]] = []
            self.count += 1
            for rule, at, tests in self._of_kind.get(record.kind, ()):
                if not _passes(tests, fields):
                    continue
                if not rule.looks_back:
                    found.append(Found(rule.name, (place,), condition))
                    continue
                fitting.append((rule, at))
                if at < rule.width:
                    found += self._completed(rule, at, seen)
            for rule, at in fitting:
                rule.buckets[at].put(seen)
        return found

    def _completed(self, rule: _Rule, at: int, seen: _Seen) -> Iterator[Found]:
        for bound, condition in self._joined(rule, rule.plans[at], {at: seen}, seen.condition):
            left = condition
            if rule.negated:
                for _blocked, under in self._joined(rule, rule.negated, bound, condition):
                    left = self.diagrams.without(left, under)
            if left != self.diagrams.never:
                yield Found(rule.name, tuple(bound[n].place for n in range(rule.width)), left)

    def _joined(
        self, rule: _Rule, plan: Sequence[_Step], bound: Mapping[int, _Seen], condition: Node
    ) -> Iterator[tuple[Mapping[int, _Seen], Node]]:
        """Every way to give the patterns of a plan their records, and where it is one."""
        if not plan:
            yield bound, condition
            return
        step, rest = plan[0], plan[1:]
        taken = {seen.place for seen in bound.values()}
        for seen in _candidates(rule.buckets[step.at], step, bound):
            more = {**bound, step.at: seen}
            if seen.place in taken or not all(_holds(check, more) for check in step.checks):
                continue
            both = self.diagrams.both(condition, seen.condition)
            if both != self.diagrams.never:
                yield from self._joined(rule, rest, more, both)


def _candidates(bucket: _Bucket, step: _Step, bound: Mapping[int, _Seen]) -> Sequence[_Seen]:
    if not step.own:
        return bucket.seen
    at, name = step.by
    value = bound[at].fields.get(name)
    return () if value is None else bucket.by_value[step.own].get(value, ())


def _passes(tests: Iterable[_Test], fields: Mapping[str, Primitive]) -> bool:
    for name, holds, value in tests:
        if name not in fields or not holds(fields[name], value):
            return False
    return True


def _holds(check: _Check, bound: Mapping[int, _Seen]) -> bool:
    left, right = bound[check.left].fields, bound[check.right].fields
    return (
        check.field in left
        and check.other in right
        and bool(OPERATORS[check.op](left[check.field], right[check.other]))
    )
