"""Stand-ins for the engine: one of plain loops as oracle, one silent, one that records."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from itertools import product
from typing import Self

from checker.patterns import EngineRule, Match, Matcher, MatchSession, Pattern, Primitive, Record

_OPERATORS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _compare(op: str, left: Primitive, right: Primitive) -> bool:
    return type(left) is type(right) and bool(_OPERATORS[op](left, right))


def _fits(pattern: Pattern, record: Record, bound: dict[str, Record]) -> bool:
    """Every test and join true; on a field that is not there, false."""
    fields = record.fields
    return (
        record.kind == pattern.kind
        and all(
            test.field in fields and _compare(test.op, fields[test.field], test.value)
            for test in pattern.tests
        )
        and all(
            join.field in fields
            and join.other in bound[join.alias].fields
            and _compare(join.op, fields[join.field], bound[join.alias].fields[join.other])
            for join in pattern.joins
        )
    )


def _holds(rule: EngineRule, records: Sequence[Record], indices: tuple[int, ...]) -> bool:
    bound: dict[str, Record] = {}
    for pattern, index in zip(rule.patterns, indices, strict=True):
        if not _fits(pattern, records[index], bound):
            return False
        bound[pattern.alias] = records[index]
    if rule.unless is None:
        return True
    return not any(
        _fits(rule.unless, records[index], bound)
        for index in range(max(indices))
        if index not in indices
    )


class _Base:
    """What all sessions here share."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.found: list[Match] = []

    @property
    def _counts(self) -> tuple[int, int]:
        return len(self.records), len(self.found)

    asserted = 0
    matches = 0

    def close(self) -> None:
        """Nothing to free."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class NaiveSession(_Base):
    """The meaning of a session, read off its definition."""

    def __init__(self, rules: Sequence[EngineRule]) -> None:
        super().__init__()
        self._rules = rules

    def add(self, records: Sequence[Record]) -> list[Match]:
        first = len(self.records)
        self.records += records
        found = [
            Match(rule.name, dict(zip((p.alias for p in rule.patterns), indices, strict=True)))
            for rule in self._rules
            for indices in product(*(self._of_kind(pattern) for pattern in rule.patterns))
            if max(indices) >= first and len(set(indices)) == len(indices)
            if _holds(rule, self.records, indices)
        ]
        self.found += found
        self.asserted, self.matches = self._counts
        return found

    def _of_kind(self, pattern: Pattern) -> list[int]:
        """The places of the records that the pattern may be of."""
        return [at for at, record in enumerate(self.records) if record.kind == pattern.kind]


class NaiveRuleset:
    """The oracle, in place of `Ruleset`."""

    name = "plain loops"

    def __init__(self, rules: Sequence[EngineRule]) -> None:
        self.rules = tuple(rules)

    def session(self) -> NaiveSession:
        return NaiveSession(self.rules)

    def close(self) -> None:
        """Nothing to free."""


class SilentRuleset(NaiveRuleset):
    """An engine that finds nothing: what a test still sees without it came from elsewhere."""

    def __init__(self, rules: Sequence[EngineRule] = ()) -> None:
        super().__init__(())
        self.silenced = tuple(rules)


class RecordingSession(_Base):
    """Hands all on to another session, and keeps it."""

    def __init__(self, inner: MatchSession) -> None:
        super().__init__()
        self._inner = inner

    def add(self, records: Sequence[Record]) -> list[Match]:
        found = self._inner.add(records)
        self.records += records
        self.found += found
        self.asserted, self.matches = self._counts
        return found

    def close(self) -> None:
        self._inner.close()


class RecordingRuleset:
    """Wraps a ruleset; `sessions` holds every record and match, session by session."""

    def __init__(self, inner: Matcher) -> None:
        self.inner = inner
        self.sessions: list[RecordingSession] = []

    @property
    def name(self) -> str:
        return self.inner.name

    def session(self) -> RecordingSession:
        self.sessions.append(RecordingSession(self.inner.session()))
        return self.sessions[-1]

    @property
    def records(self) -> list[Record]:
        return [record for session in self.sessions for record in session.records]

    @property
    def matches(self) -> list[Match]:
        return [match for session in self.sessions for match in session.found]

    def close(self) -> None:
        self.inner.close()
