"""What an engine is asked and answers: patterns, records and matches, and what none of them takes.

Meaning. A match is one record for each positive pattern, two aliases never the same record, with
every test and join true; a test or join on a field that a record lacks is false, `!=` too. Every
rule fires for every such tuple: nothing is consumed. `unless` looks back only: the match stands
when its last record arrives, if no record added before that, other than the records of the match
itself, fits the negated pattern. Refusals are `ValueError`: they are our own faults. What one
engine must not be given no engine takes, so that any of them can stand for another.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

Primitive = int | bool | str

_OPERATORS = frozenset({"==", "!=", "<", "<=", ">", ">="})
ORDERINGS = frozenset({"<", "<=", ">", ">="})
INT64 = 2**63
_LONG = 2 ** (8 * struct.calcsize("l") - 1)  # a constant of a rule is a C long: 32 bits on Windows
_PATTERNS_OF_A_RULE = 3
FIELDS_OF_A_KIND = 80  # a message of durable-rules holds 254 properties; a field takes up to three
_JOINS_OF_A_PATTERN = 12  # its expression sequence holds 31; a join of a negation takes two


@dataclass(frozen=True, slots=True)
class Test:
    """A record's field against a constant; `<` and its like are for integers only."""

    __test__ = False  # pytest would take the name for a test class
    field: str
    op: str
    value: Primitive


@dataclass(frozen=True, slots=True)
class Join:
    """A record's field against the field `other` of the record of an earlier pattern."""

    field: str
    op: str
    alias: str
    other: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """One record of a kind for which all tests and joins are true."""

    alias: str
    kind: str
    tests: tuple[Test, ...] = ()
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineRule:
    """One to three patterns, and at most one pattern of which no record may have come before."""

    name: str
    patterns: tuple[Pattern, ...]
    unless: Pattern | None = None


class Record(NamedTuple):  # one is made for every fact, and a tuple is made in half the time
    """One fact; a field must have one type (exactly int, bool or str) within a session."""

    kind: str
    fields: Mapping[str, Primitive]


class Match(NamedTuple):
    """A rule that fired; alias -> index of the record, from 0 over all records of the session."""

    rule: str
    facts: Mapping[str, int]


class MatchSession(Protocol):
    """What a stream of records is added to."""

    asserted: int
    matches: int

    def add(self, records: Sequence[Record]) -> list[Match]:
        """Add records; the matches they complete, by rule and then by record indices."""
        ...

    def close(self) -> None:
        """Free what the session holds."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Matcher(Protocol):
    """What makes sessions: an engine, or a stand-in for one in tests."""

    @property
    def name(self) -> str:
        """What the receipt calls it, with its version."""
        ...

    def session(self) -> MatchSession:
        """Begin an empty stream."""
        ...

    def close(self) -> None:
        """Free the rules; a session still open lives on until it is closed."""
        ...


# ---- what rules and records must keep to ---------------------------------------------------------

_Place = tuple[str, str]  # a kind and one of its fields


@dataclass(slots=True)
class KindSchema:
    """One kind of record, as its records are written for the engine."""

    code: int
    numbers: dict[str, int] = field(default_factory=dict)  # field -> its number
    echoed: set[str] = field(default_factory=set)  # fields that the join of an `unless` points at


class Schema:
    """Numbers of kinds, fields and strings, and which fields must share one type."""

    def __init__(self, rules: Sequence[EngineRule]) -> None:
        self.kinds: dict[str, KindSchema] = {}
        self.strings: dict[str, int] = {}
        self.types: dict[_Place, type] = {}  # by root
        self.joined: set[_Place] = set()  # roots of fields that meet other fields
        self._parents: dict[_Place, _Place] = {}
        for rule in rules:
            self.read_rule(rule)
        self.joined = {self.root(place) for place in self.joined}

    def root(self, place: _Place) -> _Place:
        """Stand-in for all fields that joins make comparable with this one."""
        while (parent := self._parents.get(place, place)) != place:
            place = parent
        return place

    def read_rule(self, rule: EngineRule) -> None:
        """Takes note of a rule's kinds, fields and strings; ValueError where they do not fit."""
        kinds: dict[str, str] = {}
        for pattern in (*rule.patterns, *([rule.unless] if rule.unless else [])):
            known = self.kinds.setdefault(pattern.kind, KindSchema(len(self.kinds) + 1))
            for test in pattern.tests:
                place = self._place(pattern.kind, test.field)
                self._require(place, type(test.value))
                if type(test.value) is str:
                    self.strings.setdefault(test.value, len(self.strings))
            for join in pattern.joins:
                here = self._place(pattern.kind, join.field)
                there = self._place(kinds[join.alias], join.other)
                self._unite(here, there)
                if join.op in ORDERINGS:
                    self._require(here, int)
                if pattern is rule.unless:
                    self.kinds[kinds[join.alias]].echoed.add(join.other)
            kinds[pattern.alias] = pattern.kind
            if len(known.numbers) > FIELDS_OF_A_KIND:
                raise ValueError(
                    f"rules name {len(known.numbers)} fields of {pattern.kind!r};"
                    f" the engine takes {FIELDS_OF_A_KIND}"
                )

    def _place(self, kind: str, name: str) -> _Place:
        numbers = self.kinds[kind].numbers
        numbers.setdefault(name, len(numbers))
        return kind, name

    def _require(self, place: _Place, needed: type) -> None:
        known = self.types.setdefault(self.root(place), needed)
        if known is not needed:
            raise ValueError(f"{spell(place)} is {known.__name__} and {needed.__name__} in rules")

    def _unite(self, here: _Place, there: _Place) -> None:
        self.joined.add(here)
        one, two = self.root(here), self.root(there)
        if one != two:
            self._parents[one] = two
            if one in self.types:
                self._require(two, self.types.pop(one))


def spell(place: _Place) -> str:
    """The field as messages name it."""
    return f"field {place[1]!r} of kind {place[0]!r}"


class Types:
    """The type of each field in one session: as the rules have it, or as its first value had it.

    `known` holds them by the field that stands in for all that must be of one type; `fresh` tells
    which of them were learned of records that may yet be refused.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self.known = dict(schema.types)
        self.fresh: list[_Place] = []

    def meet(self, kind: str, name: str, value: object) -> None:
        """Learn a field's type from its first value; ValueError where no engine takes the value."""
        place = (kind, name)
        root = self._schema.root(place)
        if type(value) is int and self.known.get(root) is int and -INT64 <= value < INT64:
            return
        check_value(value, spell(place))
        if root not in self.known:
            self.fresh.append(root)
        known = self.known.setdefault(root, type(value))
        if known is not type(value):
            raise ValueError(
                f"{spell(place)}: {value!r} is {type(value).__name__}, but the rules or earlier"
                f" records have {known.__name__}"
            )

    def meet_all(self, kind: str, fields: Mapping[str, object]) -> None:
        """The same for all fields of a record."""
        for name, value in fields.items():
            self.meet(kind, name, value)

    def keep(self) -> None:
        """What was learned since the last `keep` or `forget` stays."""
        self.fresh.clear()

    def forget(self) -> None:
        """What was learned since is learned no more: the records were refused."""
        for root in self.fresh:
            del self.known[root]
        self.fresh.clear()


def checked(rules: Sequence[EngineRule]) -> Schema:
    """What all these rules say of kinds and fields; ValueError where no engine takes them."""
    names = Counter(rule.name for rule in rules)
    if twice := [name for name, count in names.items() if count > 1]:
        raise ValueError(f"rules that stand twice: {', '.join(map(repr, twice))}")
    for rule in rules:
        _check_rule(rule)
    return Schema(rules)


def refused(rules: Sequence[EngineRule]) -> list[tuple[str, str]]:
    """The rules that a ruleset of all these would not take, each with the reason."""
    found, schema = [], Schema(())
    for rule in rules:
        try:
            _check_rule(rule)
            schema.read_rule(rule)
        except ValueError as error:
            found.append((rule.name, str(error)))
    return found


def check_value(value: object, where: str, limit: int = INT64) -> None:
    """Refuse what the engine gets wrong: floats, other types, wide integers, NUL."""
    if type(value) not in {int, bool, str}:
        raise ValueError(f"{where}: {value!r} is {type(value).__name__}, not int, bool or str")
    if type(value) is int and not -limit <= value < limit:
        raise ValueError(f"{where}: {value} does not fit the engine's integers")
    if type(value) is str and "\0" in value:
        raise ValueError(f"{where}: the text holds a NUL")


def _check_rule(rule: EngineRule) -> None:
    if not 1 <= len(rule.patterns) <= _PATTERNS_OF_A_RULE:
        raise ValueError(f"rule {rule.name!r} has {len(rule.patterns)} patterns, not 1 to 3")
    aliases: set[str] = set()
    for pattern in (*rule.patterns, *([rule.unless] if rule.unless else [])):
        where = f"rule {rule.name!r}, {pattern.alias!r}"
        if pattern.alias in aliases:
            raise ValueError(f"{where}: the alias stands twice")
        if len(pattern.joins) > _JOINS_OF_A_PATTERN:
            raise ValueError(f"{where}: more than {_JOINS_OF_A_PATTERN} joins")
        for test in pattern.tests:
            check_value(test.value, where, _LONG)
            if test.op in ORDERINGS and type(test.value) is not int:
                raise ValueError(f"{where}: {test.op} is for integers only")
        for join in pattern.joins:
            if join.alias not in aliases:
                raise ValueError(f"{where}: no earlier pattern is called {join.alias!r}")
        operators = {test.op for test in pattern.tests} | {join.op for join in pattern.joins}
        if unknown := operators - _OPERATORS:
            raise ValueError(f"{where}: no operator {', '.join(sorted(unknown))}")
        aliases.add(pattern.alias)
