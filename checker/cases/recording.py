"""What the engine was told and found, kept; and the plain meaning of its rules over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

from checker.engines import Make, usual
from checker.evaluate import Engines
from checker.language import OPERATORS
from checker.pack import Pack
from checker.patterns import (
    EngineRule,
    Join,
    Match,
    Matcher,
    MatchSession,
    Pattern,
    Primitive,
    Record,
    Test,
)
from checker.rules import Boundary, Rule

Bound = dict[str, Record]
"""A record for each alias."""


@dataclass
class Recording:
    """A session that keeps what passes through it."""

    inner: MatchSession
    records: list[Record] = field(default_factory=list)
    found: list[Match] = field(default_factory=list)
    asserted: int = 0
    matches: int = 0

    def add(self, records: Sequence[Record]) -> list[Match]:
        """Passes records on, and keeps them with what they complete."""
        found = self.inner.add(records)
        self.records += records
        self.found += found
        self.asserted, self.matches = self.inner.asserted, self.inner.matches
        return found

    def close(self) -> None:
        """Ends the inner session; what was kept stays."""
        self.inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass
class _Recorder:
    """A ruleset whose sessions keep what passes through them."""

    inner: Matcher
    sessions: list[Recording] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.inner.name

    def session(self) -> Recording:
        self.sessions.append(Recording(self.inner.session()))
        return self.sessions[-1]

    def close(self) -> None:
        self.inner.close()


class RecordingEngines(Engines):
    """A pack's engines, which keep what passes through them from one `clear` to the next."""

    def __init__(self, pack: Pack, make: Make = usual) -> None:
        self._recorders: list[_Recorder] = []
        self._make = make
        super().__init__(pack, self._recording)
        self.make = make
        self._standing = pack.standing

    def _recording(self, rules: Sequence[EngineRule]) -> Matcher:
        self._recorders.append(_Recorder(self._make(rules)))
        return self._recorders[-1]

    def clear(self) -> None:
        """Forgets what was kept."""
        for recorder in self._recorders:
            recorder.sessions.clear()

    def seen(self, rule: Rule) -> Recording:
        """What passed through the engine that is asked this rule, in the run since `clear`."""
        loop, late = self._recorders
        # Sessions after the first belong to the suppositions beside a stated figure.
        return (late if rule.id in self._standing else loop).sessions[0]


# The plain meaning of rules ----------------------------------------------------------------------


def fired(rule: Rule, seen: Recording) -> bool:
    """Whether the engine found the rule."""
    return any(match.rule.rpartition("#")[0] == rule.id for match in seen.found)


def could_fire(rule: Rule, seen: Recording) -> bool:
    """Whether there was a fact of each kind that it looks for under a condition.

    A rule without any condition fires on every fact of its kind: it is silent where there is none.
    """
    asks = any(pattern.tests or pattern.joins for e in rule.patterns for pattern in e.patterns)
    if not asks and not rule.blocker:
        return True
    told = {record.kind for record in seen.records}
    return all(told & set(kinds) for kinds in rule.aliases.values())


def distances(
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


def _two_sides(
    condition: Test | Join, record: Record, bound: Bound
) -> tuple[Primitive, Primitive] | None:
    """The two values that a condition compares; None where a field is not there."""
    if condition.field not in record.fields:
        return None
    if isinstance(condition, Test):
        return record.fields[condition.field], condition.value
    other = bound[condition.alias].fields
    if condition.other not in other:
        return None
    return record.fields[condition.field], other[condition.other]


def _fits(
    pattern: Pattern, record: Record, bound: Bound, left_out: Test | Join | None = None
) -> bool:
    """Every test and join true but the one that is left out; on a field not there, false."""
    if record.kind != pattern.kind:
        return False
    for condition in _conditions(pattern):
        if condition == left_out:
            continue
        sides = _two_sides(condition, record, bound)
        if sides is None or not OPERATORS[condition.op](*sides):
            return False
    return True


def _bindings(
    patterns: Sequence[Pattern], records: Sequence[Record], left_out: Test | Join, bound: Bound
) -> Iterator[Bound]:
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


def _blocked(rule: EngineRule, records: Sequence[Record], bound: Bound) -> bool:
    return rule.unless is not None and any(_fits(rule.unless, r, bound) for r in records)


def _holds(rule: EngineRule, records: Sequence[Record], bound: Bound) -> bool:
    fits = all(_fits(pattern, bound[pattern.alias], bound) for pattern in rule.patterns)
    return fits and not _blocked(rule, records, bound)
