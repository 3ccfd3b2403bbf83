"""The first engine: the only door to durable-rules, narrowed to what was measured to be right.

What it is asked and answers stands in `patterns`. How it is kept safe: the C code sees small
integers only: kinds, fields and rules are numbered, strings interned, booleans 0 and 1, so that no
text, quote, name or type can confuse it. Rules lie in shards (see `_shard_key`), and each session
has a handle of its own for each shard, so that a handle never holds two live states.
"""

from __future__ import annotations

import json
import re
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from itertools import combinations
from math import comb
from typing import Any, Self

from checker.patterns import (
    INT64,
    EngineRule,
    Match,
    Pattern,
    Record,
    Schema,
    Types,
    check_value,
    checked,
    spell,
)

_durable: Any = None
try:
    import durable_rules_engine

    _durable = durable_rules_engine
    _IMPORT_FAULT = ""
except ImportError as fault:
    _IMPORT_FAULT = str(fault)

try:
    ENGINE_NAME = f"durable-rules {metadata.version('durable-rules')}"
except metadata.PackageNotFoundError:
    ENGINE_NAME = "durable-rules (not installed)"

_GONE = "PyEval_CallObject"  # what the C code calls, and Python 3.13 took away under this name

_OPERATORS = {"==": "", "!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_ALIASES = "abc"  # names inside the engine; "m" would mean the message itself
_MARKER = 0  # the kind of our end marker, and the name of the rule that answers it

# The C code's limits, each with room to spare; those of one rule stand in `patterns`.
_PATTERNS_OF_A_KIND = 60  # its stack of alpha nodes holds 64
_KINDS_OF_A_SHARD = 100  # its table holds 512, and 700 kinds hung the process
_MATCHES_A_CALL = 1_000  # `cap`: how many matches come back as one text
_FACTS_A_CALL = 1_000
# A stored fact takes 6.9 KB and is looked up in 512 chains: short states are faster and smaller.
_LONE_FACTS = 1_000
_SEGMENT_LIMIT = 100_000  # ids are free of hash collisions up to "200000"; a fact may need two


def import_fault() -> str:
    """Why the C extension does not load, and what mends that; nothing where it does."""
    if _durable is not None:
        return ""
    renamed = sys.version_info >= (3, 13) or _GONE in _IMPORT_FAULT
    flags = f"CPPFLAGS=-D{_GONE}=PyObject_CallObject " if renamed else ""
    return (
        f"durable-rules does not load ({_IMPORT_FAULT}); where there is a C compiler this mends it:"
        f" {flags}pip install --force-reinstall --no-binary :all: durable-rules"
    )


class EngineUnavailable(Exception):  # a state of the machine, named as such
    """The C extension cannot be imported; the message holds the line that mends it."""


# ---- what the rules say, in the engine's numbers -------------------------------------------------

_Names = dict[int, tuple[str, tuple[str, ...]]]  # a rule's number -> its name and aliases


def _compare(op: str, left: str, right: object) -> dict[str, object]:
    return {_OPERATORS[op]: {left: right}} if op != "==" else {left: right}


def _conditions(schema: Schema, rule: EngineRule, pattern: Pattern) -> dict[str, object]:
    """A pattern in the engine's JSON: its kind, guards, tests, joins, and one join always true."""
    names = {known.alias: name for known, name in zip(rule.patterns, _ALIASES, strict=False)}
    places = {known.alias: schema.kinds[known.kind].numbers for known in rule.patterns}
    own = schema.kinds[pattern.kind]
    terms: list[dict[str, object]] = [{"k": own.code}]
    # A join that meets a record without the field fails the whole call: ask for the field first.
    needed = {
        join.other for later in rule.patterns for join in later.joins if join.alias == pattern.alias
    }
    terms += [{"$ex": {f"f{own.numbers[name]}": 1}} for name in sorted(needed)]
    for test in pattern.tests:
        value = schema.strings[test.value] if isinstance(test.value, str) else int(test.value)
        terms.append(_compare(test.op, f"f{own.numbers[test.field]}", value))
    for join in pattern.joins:
        other, letter = places[join.alias][join.other], "f"
        if pattern is rule.unless:
            # The match stands without the field, so its record says in p whether it has it.
            letter = "j"
            terms.append({"o": {names[join.alias]: f"p{other}"}})
        right = {names[join.alias]: f"{letter}{other}"}
        terms.append(_compare(join.op, f"f{own.numbers[join.field]}", right))
    if pattern is not rule.patterns[0]:
        # When the last term is false, the C code reads past its array (measured: a crash).
        terms.append({"o": {"a": "o"}})
    return {"$and": terms}


@dataclass(slots=True)
class _Shard:
    """Rules that share one engine ruleset, and its handles that no session is using."""

    schema: Schema
    remembers: bool  # whether a record can take part in a match that a later one completes
    reach: int  # how many earlier records can decide over a match
    rules: dict[int, EngineRule] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)  # patterns of each kind
    makers: set[str] = field(default_factory=set)  # kinds that can complete a match
    blockers: set[str] = field(default_factory=set)
    idle: list[int] = field(default_factory=list)
    closed: bool = False

    def has_room(self, rule: EngineRule) -> bool:
        total = self.counts + _kinds_of(rule)
        return len(total) <= _KINDS_OF_A_SHARD and max(total.values()) <= _PATTERNS_OF_A_KIND

    def put(self, number: int, rule: EngineRule) -> None:
        self.rules[number] = rule
        self.counts += _kinds_of(rule)
        self.makers |= {pattern.kind for pattern in rule.patterns}
        if rule.unless:
            self.blockers.add(rule.unless.kind)

    def take(self) -> int:
        """An engine handle without a live state."""
        if self.idle:
            return self.idle.pop()
        source: dict[str, object] = {
            str(_MARKER): {"all": [{"a": {"$and": [{"k": _MARKER}]}}], "cap": 1}
        }
        for number, rule in self.rules.items():
            terms = [
                {name: _conditions(self.schema, rule, pattern)}
                for name, pattern in zip(_ALIASES, rule.patterns, strict=False)
            ]
            if rule.unless:
                terms.append({"d$not": _conditions(self.schema, rule, rule.unless)})
            source[str(number)] = {"all": terms, "cap": _MATCHES_A_CALL}
        handle: int = _durable.create_ruleset("s", json.dumps(source))
        return handle

    def give_back(self, handle: int) -> None:
        if self.closed:
            _durable.delete_ruleset(handle)
        else:
            self.idle.append(handle)

    def close(self) -> None:
        self.closed = True
        while self.idle:
            _durable.delete_ruleset(self.idle.pop())


def _kinds_of(rule: EngineRule) -> Counter[str]:
    patterns = (*rule.patterns, *([rule.unless] if rule.unless else []))
    return Counter(pattern.kind for pattern in patterns)


def _shard_key(rule: EngineRule) -> tuple[bool, bool, int]:
    """Rules that may share an engine: alone, joined, or negated with as many positive patterns.

    A blocker deletes whatever holds all records of a tuple it blocks, in any rule (measured: it
    took a frame away from a rule without negation, dependent on the hash of an alias). Where all
    rules are negated and have the same number of positive patterns, nothing larger exists.
    """
    alone, negated = len(rule.patterns) == 1, rule.unless is not None
    return (not alone or negated, negated, len(rule.patterns) if negated else 0)


def _make_shards(schema: Schema, rules: Sequence[EngineRule]) -> list[_Shard]:
    groups: dict[tuple[bool, bool, int], list[_Shard]] = {}
    for number, rule in enumerate(rules, _MARKER + 1):
        key = _shard_key(rule)
        shards = groups.setdefault(key, [])
        shard = next((shard for shard in shards if shard.has_room(rule)), None)
        if shard is None:
            shard = _Shard(schema, remembers=key[0], reach=0)
            shards.append(shard)
        shard.put(number, rule)
        shard.reach = max(shard.reach, len(rule.patterns) - 1 + (rule.unless is not None))
    return [shard for shards in groups.values() for shard in shards]


class Ruleset:
    """Rules compiled once, for any number of sessions; close it, or 245 KB leak."""

    name = ENGINE_NAME

    def __init__(self, rules: Sequence[EngineRule], segment_size: int = 50_000) -> None:
        """`segment_size`: the most records that one engine state holds, at 6.9 KB each."""
        if fault := import_fault():
            raise EngineUnavailable(fault)
        if not 1 <= segment_size <= _SEGMENT_LIMIT:
            raise ValueError(f"segment_size {segment_size} is not within 1 to {_SEGMENT_LIMIT}")
        self._schema = checked(rules)
        self._segment_size = segment_size
        self._shards = _make_shards(self._schema, rules)
        self._names: _Names = {
            number: (rule.name, tuple(pattern.alias for pattern in rule.patterns))
            for number, rule in enumerate(rules, _MARKER + 1)
        }
        self._closed = False

    def session(self) -> Session:
        """Begin an empty stream, with engine handles of its own."""
        if self._closed:
            raise ValueError("the ruleset is closed")
        lanes = [_Lane(shard, self._segment_size) for shard in self._shards]
        return Session(self._schema, self._names, lanes)

    def close(self) -> None:
        """Free the engine; the handles of a session still open go when it is closed."""
        self._closed = True
        for shard in self._shards:
            shard.close()


# ---- one stream of records -----------------------------------------------------------------------

_Fact = tuple[int, str, str]  # index in the session, kind, the rest of its JSON after the id
_Found = tuple[int, tuple[int, ...]]  # number of the rule, indices of the records
_find_ids = re.compile(r'"id":(\d+)').findall  # exact: we write numbers only, no text


class _Lane:
    """One shard's engine state within one session."""

    def __init__(self, shard: _Shard, segment_size: int) -> None:
        self.shard = shard
        self._limit = segment_size if shard.remembers else min(segment_size, _LONE_FACTS)
        self._handle: int | None = None
        self._state = 0  # where the engine keeps the state; 0 while there is none
        self._indices: list[int] = []  # id within the state -> index in the session
        self._history: list[_Fact] = []

    def feed(self, facts: Sequence[_Fact]) -> list[_Found]:
        """Matches that these facts complete."""
        if not self.shard.remembers:
            return self._feed_alone(facts)
        if len(self._history) + len(facts) <= self._limit:
            self._history += facts
            return self._run(facts)
        found: list[_Found] = []
        size = max(1, self._limit // (self.shard.reach + 1))
        for start in range(0, len(facts), size):
            chunk = facts[start : start + size]
            found += self._run_blocks(chunk, size)
            self._history += chunk
        return found

    def _feed_alone(self, facts: Sequence[_Fact]) -> list[_Found]:
        found: list[_Found] = []
        start = 0
        while start < len(facts):
            if len(self._indices) >= self._limit:
                self.reset()
            end = start + self._limit - len(self._indices)
            found += self._run(facts[start:end])
            start = end
        return found

    def _run_blocks(self, chunk: Sequence[_Fact], size: int) -> list[_Found]:
        """The same when an engine state cannot hold all: every choice of earlier blocks in turn.

        A match stands if every choice that holds its records makes it: the one that holds its
        blocker, if there is one, does not. Slow, and exact.
        """
        earlier = [self._history[i : i + size] for i in range(0, len(self._history), size)]
        firsts = [block[0][0] for block in earlier]
        width = min(self.shard.reach, len(earlier))
        times: Counter[_Found] = Counter()
        for chosen in combinations(earlier, width):
            self.reset()
            self._run([fact for block in chosen for fact in block])
            times.update(self._run(chunk))
        found = []
        for match, count in times.items():
            held = len({bisect_right(firsts, i) for i in match[1] if i < chunk[0][0]})
            if count == comb(len(earlier) - held, width - held):
                found.append(match)
        return found

    def _run(self, facts: Sequence[_Fact]) -> list[_Found]:
        """Assert in batches that change no meaning.

        A blocker withdraws matches of its own batch that came before it, so that these are read
        first: the batch is cut before it.
        """
        found: list[_Found] = []
        batch: list[_Fact] = []
        makes = False
        for fact in facts:
            if len(batch) >= _FACTS_A_CALL or (makes and fact[1] in self.shard.blockers):
                found += self._assert(batch)
                batch, makes = [], False
            batch.append(fact)
            makes = makes or fact[1] in self.shard.makers
        if batch:
            found += self._assert(batch)
        return found

    def _assert(self, batch: Sequence[_Fact]) -> list[_Found]:
        if self._handle is None:
            self._handle = self.shard.take()
        base = len(self._indices)
        self._indices += [fact[0] for fact in batch]
        texts = [f'{{"id":{at},{fact[2]}}}' for at, fact in enumerate(batch, base)]
        markers = 0
        if len(texts) == 1 and self._state:
            code, self._state = _durable.assert_fact(self._handle, texts[0])
        else:
            # The marker shows that no fact was dropped (the C code stops at what it cannot parse
            # and says nothing), and makes the later delete_state safe, which frees wild pointers
            # of a state in which no action ever ran.
            markers = 1
            texts.append(f'{{"id":{len(self._indices)},"k":{_MARKER}}}')
            self._indices.append(-1)
            code, self._state = _durable.assert_facts(self._handle, f"[{','.join(texts)}]")
        if code > 1:  # 0 all matched a pattern, 1 some did not
            raise RuntimeError(f"the engine refused a batch of facts, code {code}")
        if code and not markers:  # the only fact fits nothing
            return []
        found = self._read()
        if sum(1 for match in found if match[0] == _MARKER) != markers:
            raise RuntimeError("the engine lost part of a batch of facts")
        return [match for match in found if match[0] != _MARKER] if markers else found

    def _read(self) -> list[_Found]:
        """All matches that wait; the state must be left without any."""
        found: list[_Found] = []
        rules, indices = self.shard.rules, self._indices
        started = _durable.start_action_for_state(self._handle, self._state)
        text = started[1] if started else None
        while text is not None:  # {"12":[{"a":{"id":0,...},"b":{"id":4,...}},...]}
            number = int(text[2 : text.index('"', 2)])
            width = len(rules[number].patterns) if number != _MARKER else 1
            ids = [indices[int(digits)] for digits in _find_ids(text)]
            tuples = zip(*[iter(ids)] * width, strict=True)
            found += [(number, match) for match in tuples]
            text = _durable.complete_and_start_action(self._handle, self._state)
        return found

    def reset(self) -> None:
        """Drop the state."""
        if self._state:
            _durable.delete_state(self._handle, None)
        self._state = 0
        self._indices = []

    def abandon(self) -> None:
        """Drop the handle and leak the state: after a fault not even delete_state is safe."""
        if self._handle is not None:
            _durable.delete_ruleset(self._handle)
        self._handle, self._state = None, 0

    def close(self) -> None:
        """Drop the state and hand back the handle."""
        self.reset()
        if self._handle is not None:
            self.shard.give_back(self._handle)
            self._handle = None


@dataclass(frozen=True, slots=True)
class _Writer:
    """How the values of one field of one kind are written."""

    type: type
    prefix: str  # empty if no rule names the field
    echo: str  # what stands before the second copy that negations read, if there is one
    strings: dict[str, int]
    interns: bool  # whether unknown strings get a number, or all share -1


class Session:
    """One stream of records; `asserted` counts those added, `matches` those found."""

    def __init__(self, schema: Schema, names: _Names, lanes: list[_Lane]) -> None:
        self.asserted = 0
        self.matches = 0
        self._schema = schema
        self._names = names
        self._lanes = lanes
        self._types = Types(schema)
        self._strings = dict(schema.strings) if schema.joined else schema.strings
        self._writers: dict[str, dict[str, _Writer]] = {kind: {} for kind in schema.kinds}
        self._open = True
        self._buckets: list[list[_Fact]] = [[] for _ in lanes]
        self._routes: dict[str, list[list[_Fact]]] = {kind: [] for kind in schema.kinds}
        for lane, bucket in zip(lanes, self._buckets, strict=True):
            for kind in lane.shard.counts:
                self._routes[kind].append(bucket)

    def add(self, records: Sequence[Record]) -> list[Match]:
        """Matches these records complete, by rule and indices; records of unknown kinds count.

        After a ValueError nothing was added. After any other exception the session is closed.
        """
        if not self._open:
            raise ValueError("the session is closed")
        try:
            self._fill(records)
        except ValueError:
            self._empty()
            self._types.forget()
            self._writers = {kind: {} for kind in self._writers}
            raise
        self._types.keep()
        found: list[_Found] = []
        try:
            for lane, bucket in zip(self._lanes, self._buckets, strict=True):
                if bucket:
                    found += lane.feed(bucket)
        except BaseException:
            self._open = False  # the engine may hold half of the records: no result is better
            for lane in self._lanes:
                lane.abandon()
            raise
        self._empty()
        self.asserted += len(records)
        self.matches += len(found)
        found.sort()
        return [self._match(*match) for match in found]

    def _match(self, number: int, indices: tuple[int, ...]) -> Match:
        name, aliases = self._names[number]
        if len(aliases) == 1:  # a third of the whole time of rules that fire much
            return Match(name, {aliases[0]: indices[0]})
        return Match(name, dict(zip(aliases, indices, strict=True)))

    def _empty(self) -> None:
        for bucket in self._buckets:
            bucket.clear()

    def _fill(self, records: Sequence[Record]) -> None:
        routes = self._routes
        for index, record in enumerate(records, self.asserted):
            route = routes.get(record.kind)
            if route is not None:
                fact = (index, record.kind, self._write(record))
                for bucket in route:
                    bucket.append(fact)

    def _write(self, record: Record) -> str:
        kind, fields = record.kind, record.fields
        known, writers = self._schema.kinds[kind], self._writers[kind]
        parts = [f'"k":{known.code},"o":1']
        for name, value in fields.items():
            writer = writers.get(name)
            if writer is None or type(value) is not writer.type:
                writer = self._meet(kind, name, value)
            number: int
            if type(value) is str:
                if "\0" in value:
                    check_value(value, spell((kind, name)))
                number = writer.strings.get(value, -1)
                if number < 0 and writer.interns:
                    writer.strings[value] = number = len(writer.strings)
            else:
                number = int(value)
                if not -INT64 <= number < INT64:
                    check_value(value, spell((kind, name)))
            if writer.prefix:
                parts.append(f"{writer.prefix}{number}")
            if writer.echo:
                parts.append(f"{writer.echo}{number}")
        for name in known.echoed:
            if name not in fields:
                parts.append(f'"p{known.numbers[name]}":0,"j{known.numbers[name]}":0')
        return ",".join(parts)

    def _meet(self, kind: str, name: str, value: object) -> _Writer:
        """Learn a field's type from its first value, and refuse another."""
        self._types.meet(kind, name, value)
        schema = self._schema.kinds[kind]
        number = schema.numbers.get(name)
        prefix = "" if number is None else f'"f{number}":'
        echo = f'"p{number}":1,"j{number}":' if name in schema.echoed else ""
        interns = self._schema.root((kind, name)) in self._schema.joined
        writer = _Writer(type(value), prefix, echo, self._strings, interns)
        self._writers[kind][name] = writer
        return writer

    def close(self) -> None:
        """Free the engine's state; the handles serve the next session."""
        self._open = False
        for lane in self._lanes:
            lane.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
