"""The second engine: the same rules as plain Python, every record looked at once.

What it is asked and answers stands in `patterns`. For each kind of record one function is written
and compiled: it reads each field that rules name once, and each value strikes out, by one `&` on an
integer with a bit for every distinct pattern of that kind, all that it does not fit. The bits that
are left are the key to a plan: which rules fire on the record alone, and which join it to others.
Records that others may be joined to are kept by kind. They are found by the fields that joins want
equal, in indices that are made when first asked, so that what nobody asks for costs nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from checker import __version__
from checker.language import MIRROR, OPERATORS
from checker.patterns import (
    INT64,
    ORDERINGS,
    EngineRule,
    Match,
    Pattern,
    Primitive,
    Record,
    Schema,
    Test,
    Types,
    checked,
)

COMPILED_NAME = f"compiled {__version__}"

_MOST_PLANS = 4_096  # of a kind; beyond, all are made anew: rules without number make no leak

_Fields = Mapping[str, Primitive]
_Held = tuple[int, _Fields, int]  # a record that is kept: its index, its fields, the bits it fits
_Found = tuple[int, tuple[int, ...]]  # number of the rule, indices of the records
_Look = Callable[[_Fields, Types], int]


# ---- joins ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Index:
    """Kept records of a kind that fit a pattern, by the values of some of their fields."""

    number: int
    kind: str
    bit: int
    fields: tuple[str, ...]

    def key(self, fields: _Fields) -> object:
        """What a record is found by."""
        if len(self.fields) == 1:
            return fields[self.fields[0]]
        return tuple(fields[name] for name in self.fields)


@dataclass(frozen=True, slots=True)
class _Step:
    """How the records for one more place of a match are found, when others are.

    `key` names, as (place, field), the values that they are looked up by; `rest` the comparisons
    that are left: a field of theirs, how, and the (place, field) it is compared with.
    """

    place: int
    index: _Index
    key: tuple[tuple[int, str], ...]
    rest: tuple[tuple[str, Callable[[Any, Any], bool], int, str], ...]

    def wanted(self, bound: Sequence[_Held | None]) -> object:
        """What the index is asked for; None where a field of it is not there."""
        values = [_value(bound, place, name) for place, name in self.key]
        if None in values:
            return None
        return values[0] if len(values) == 1 else tuple(values)

    def fits(self, fields: _Fields, bound: Sequence[_Held | None]) -> bool:
        """Whether what is left holds as well; where a field is not there, it does not."""
        for own, compare, place, name in self.rest:
            value = _value(bound, place, name)
            if value is None or not compare(fields[own], value):
                return False
        return True


def _value(bound: Sequence[_Held | None], place: int, name: str) -> Primitive | None:
    held = bound[place]
    assert held is not None  # steps speak of places that earlier steps have filled
    return held[1].get(name)


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be done when a record arrives that may stand in one place of a rule's matches."""

    rule: int
    width: int
    place: int
    steps: tuple[_Step, ...]
    unless: _Step | None


class _Indices:
    """Numbers the indices that the steps of all rules ask; equal ones are one."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, int, tuple[str, ...]], _Index] = {}

    def of(self, kind: str, bit: int, fields: tuple[str, ...]) -> _Index:
        """The index of these."""
        made = _Index(len(self._made), kind, bit, fields)
        return self._made.setdefault((kind, bit, fields), made)


def _comparisons(
    rule: EngineRule, own: Pattern, bound: Mapping[str, int]
) -> Iterator[tuple[str, str, int, str]]:
    """Field of `own`, operator, place and field: all joins between it and what is bound."""
    for join in own.joins:
        if join.alias in bound:
            yield join.field, join.op, bound[join.alias], join.other
    for other in rule.patterns:
        if other.alias in bound:
            for join in other.joins:
                if join.alias == own.alias:
                    yield join.other, MIRROR[join.op], bound[other.alias], join.field


def _step(
    rule: EngineRule, own: Pattern, place: int, bound: Mapping[str, int], bit: int, made: _Indices
) -> _Step:
    compared = sorted(set(_comparisons(rule, own, bound)))
    equal = [each for each in compared if each[1] == "=="]
    rest = [each for each in compared if each[1] != "=="]
    return _Step(
        place,
        made.of(own.kind, bit, tuple(name for name, *_ in equal)),
        tuple((where, name) for _own, _op, where, name in equal),
        tuple((name, OPERATORS[op], where, other) for name, op, where, other in rest),
    )


def _tasks(
    number: int, rule: EngineRule, bits: Mapping[str, int], made: _Indices
) -> Iterator[_Task]:
    """A task for each place; the others are filled first where an equality leads to them."""
    places = {pattern.alias: place for place, pattern in enumerate(rule.patterns)}
    unless = None
    if rule.unless is not None:
        bit = bits[rule.unless.alias]
        unless = _step(rule, rule.unless, len(places), places, bit, made)
    for place, arriving in enumerate(rule.patterns):
        bound, steps = {arriving.alias: place}, []
        left = [pattern for pattern in rule.patterns if pattern is not arriving]
        while left:
            ready = [
                _step(rule, own, places[own.alias], bound, bits[own.alias], made) for own in left
            ]
            best = max(ready, key=lambda step: len(step.key))
            steps.append(best)
            bound[rule.patterns[best.place].alias] = best.place
            left = [own for own in left if own.alias not in bound]
        yield _Task(number, len(places), place, tuple(steps), unless)


# ---- what one kind of record fits ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    """What follows from the patterns that a record fits."""

    fires: tuple[int, ...]  # rules
    tasks: tuple[tuple[str, tuple[_Task, ...]], ...]  # by the kind that must be there; "" for none
    keeps: bool


@dataclass(slots=True)
class _Kind:
    """The patterns of one kind, each distinct one with a bit of its own, and what each is for."""

    name: str
    bits: dict[tuple[frozenset[Test], frozenset[str]], int] = field(default_factory=dict)
    fires: dict[int, list[int]] = field(default_factory=dict)
    tasks: dict[int, list[_Task]] = field(default_factory=dict)
    kept: int = 0  # the bits of patterns that a later record may need
    plans: dict[int, _Plan] = field(default_factory=dict)

    def bit(self, rule: EngineRule, pattern: Pattern) -> int:
        """The bit of a pattern: of its tests, and of the fields without which no join holds."""
        needed = {join.field for join in pattern.joins}
        if pattern is not rule.unless:  # a match stands without what its negation speaks of
            needed |= {
                join.other
                for later in rule.patterns
                for join in later.joins
                if join.alias == pattern.alias
            }
        known = (frozenset(pattern.tests), frozenset(needed))
        return self.bits.setdefault(known, 1 << len(self.bits))

    def plan(self, alive: int) -> _Plan:
        """What follows where these bits are left."""
        own = [bit for bit in self.bits.values() if bit & alive]
        by_kind: dict[str, list[_Task]] = {}
        for task in (task for bit in own for task in self.tasks.get(bit, ())):
            first = task.steps[0].index.kind if task.steps else ""
            by_kind.setdefault(first, []).append(task)
        made = _Plan(
            tuple(number for bit in own for number in self.fires.get(bit, ())),
            tuple((kind, tuple(tasks)) for kind, tasks in by_kind.items()),
            bool(alive & self.kept),
        )
        if len(self.plans) >= _MOST_PLANS:
            self.plans.clear()
        self.plans[alive] = made
        return made


class _Writer:
    """Writes the function that looks at a record of one kind: fields and types in, bits out."""

    def __init__(self, kind: _Kind, schema: Schema) -> None:
        self.kind, self.schema = kind, schema
        self.all = (1 << len(kind.bits)) - 1
        self.constants: dict[str, Any] = {"L": bisect_left, "R": bisect_right}
        self.lines: list[str] = []

    def function(self) -> _Look:
        """The function; ValueError comes out of it where a value is refused."""
        names = list(self.schema.kinds[self.kind.name].numbers)
        self.lines = [
            "def look(fields, types):",
            " get, alive, seen = fields.get, ALL, 0",
            *(line for name in names for line in self._field(name)),
            " if seen != len(fields):",  # fields that no rule names are held to one type as well
            "  types.meet_all(KIND, fields)",
            " return alive",
        ]
        self.constants |= {"ALL": self.all, "KIND": self.kind.name}
        exec("\n".join(self.lines), self.constants)  # numbers and names made here, no text of rules
        look: _Look = self.constants["look"]
        return look

    def _field(self, name: str) -> Iterator[str]:
        """Lines that read one field, hold it to its type, and strike out what it does not fit."""
        place = (self.kind.name, name)
        root = self.schema.root(place)
        type_ = self.schema.types.get(root)
        yield f" value = get({self._constant(name)})"
        yield " if value is not None:"
        yield "  seen += 1"
        yield f"  if {self._wrong(root, type_)}:"
        yield f"   types.meet(KIND, {self._constant(name)}, value)"
        tests = {
            bit: [test for test in tests if test.field == name]
            for (tests, _needed), bit in self.kind.bits.items()
        }
        if any(tests.values()):
            yield f"  alive &= {self._struck(tests)}"
        absent = self._mask(
            {
                bit: not tests[bit] and name not in needed
                for (_tests, needed), bit in self.kind.bits.items()
            }
        )
        if absent != self.all:
            yield " else:"
            yield f"  alive &= {absent}"

    def _wrong(self, root: object, type_: type | None) -> str:
        """When a value is not, or not yet, known to be of the field's type and within bounds."""
        wide, nul = f"not {-INT64} <= value < {INT64}", "'\\0' in value"
        if type_ is int:
            return f"type(value) is not int or {wide}"
        if type_ is str:
            return f"type(value) is not str or {nul}"
        if type_ is bool:
            return "type(value) is not bool"
        known = f"types.known.get({self._constant(root)})"
        return (
            f"type(value) is not {known}"
            f" or type(value) is int and {wide} or type(value) is str and {nul}"
        )

    def _struck(self, tests: Mapping[int, Sequence[Test]]) -> str:
        """An expression for the bits that a value leaves."""
        of_field = [test for each in tests.values() for test in each]
        constants = sorted({test.value for test in of_field})
        if type(constants[0]) is bool:
            return f"{self._left(tests, True)} if value else {self._left(tests, False)}"
        if not any(test.op in ORDERINGS for test in of_field):
            table = {value: self._left(tests, value) for value in constants}
            return f"{self._constant(table)}.get(value, {self._left(tests, None)})"
        return self._ordered(tests, [int(value) for value in constants])

    def _ordered(self, tests: Mapping[int, Sequence[Test]], bounds: Sequence[int]) -> str:
        """The same for integers that are compared by size: by where the value lies among bounds."""
        masks = [self._left(tests, bounds[0] - 1)]
        for bound in bounds:  # at the bound, and between it and the next, if anything is
            masks += [self._left(tests, bound), self._left(tests, bound + 1)]
        if len(bounds) > 1:
            names = self._constant(tuple(masks)), self._constant(tuple(bounds))
            return f"{names[0]}[L({names[1]}, value) + R({names[1]}, value)]"
        below, at, above = masks
        if below == at:
            return f"{above} if value > {bounds[0]} else {below}"
        if at == above:
            return f"{below} if value < {bounds[0]} else {above}"
        return f"{above} if value > {bounds[0]} else {at} if value == {bounds[0]} else {below}"

    def _left(self, tests: Mapping[int, Sequence[Test]], value: Primitive | None) -> int:
        """The bits that a value leaves; None stands for a value that no rule names."""
        return self._mask(
            {bit: all(_holds(test, value) for test in each) for bit, each in tests.items()}
        )

    def _mask(self, holds: Mapping[int, bool]) -> int:
        return sum(bit for bit, held in holds.items() if held)

    def _constant(self, value: object) -> str:
        """The name under which the function finds a value."""
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name


def _holds(test: Test, value: Primitive | None) -> bool:
    return test.op == "!=" if value is None else OPERATORS[test.op](value, test.value)


# ---- rules and sessions --------------------------------------------------------------------------


def _put(kinds: Mapping[str, _Kind], number: int, rule: EngineRule, made: _Indices) -> None:
    """Says at the kinds of a rule's patterns what their records do for it."""
    patterns = (*rule.patterns, *([rule.unless] if rule.unless else []))
    bits = {pattern.alias: kinds[pattern.kind].bit(rule, pattern) for pattern in patterns}
    if len(patterns) == 1:
        kinds[patterns[0].kind].fires.setdefault(bits[patterns[0].alias], []).append(number)
        return
    for task in _tasks(number, rule, bits, made):
        pattern = rule.patterns[task.place]
        tasks = kinds[pattern.kind].tasks
        tasks.setdefault(bits[pattern.alias], []).append(task)
    for pattern in patterns if len(rule.patterns) > 1 else patterns[1:]:
        kinds[pattern.kind].kept |= bits[pattern.alias]


class CompiledRuleset:
    """Rules compiled once, for any number of sessions."""

    name = COMPILED_NAME

    def __init__(self, rules: Sequence[EngineRule]) -> None:
        self._schema = checked(rules)
        kinds = {name: _Kind(name) for name in self._schema.kinds}
        self._names = [(rule.name, tuple(p.alias for p in rule.patterns)) for rule in rules]
        made = _Indices()
        for number, rule in enumerate(rules):
            _put(kinds, number, rule, made)
        self._kinds = {
            name: (_Writer(kind, self._schema).function(), kind) for name, kind in kinds.items()
        }
        self._closed = False

    def session(self) -> CompiledSession:
        """Begin an empty stream."""
        if self._closed:
            raise ValueError("the ruleset is closed")
        return CompiledSession(self._schema, self._kinds, self._names)

    def close(self) -> None:
        """No session begins any more; one still open lives on until it is closed."""
        self._closed = True


@dataclass(slots=True)
class _Indexed:
    """The kept records of an index by their keys, as far as it was brought up to date."""

    done: int = 0  # of the records that are kept of the kind
    by_key: dict[object, list[_Held]] = field(default_factory=dict)


class CompiledSession:
    """One stream of records; `asserted` counts those added, `matches` those found."""

    def __init__(
        self,
        schema: Schema,
        kinds: Mapping[str, tuple[_Look, _Kind]],
        names: Sequence[tuple[str, tuple[str, ...]]],
    ) -> None:
        self.asserted = 0
        self.matches = 0
        self._kinds, self._names = kinds, names
        self._types = Types(schema)
        self._kept: dict[str, list[_Held]] = {}
        self._indexed: dict[int, _Indexed] = {}
        self._open = True

    def add(self, records: Sequence[Record]) -> list[Match]:
        """Matches these records complete, by rule and indices; records of unknown kinds count.

        After a ValueError nothing was added. After any other exception the session is closed.
        """
        if not self._open:
            raise ValueError("the session is closed")
        at, types, kinds = self.asserted, self._types, self._kinds
        fitting = []
        try:
            for record in records:  # all are looked at before any is entered
                kind, fields = record
                known = kinds.get(kind)
                if known is not None and (alive := known[0](fields, types)):
                    fitting.append((known[1], (at, fields, alive)))
                at += 1
        except ValueError:
            types.forget()
            raise
        if types.fresh:
            types.keep()
        found = self._entered(fitting) if fitting else []
        self.asserted = at
        self.matches += len(found)
        return found

    def _entered(self, fitting: Sequence[tuple[_Kind, _Held]]) -> list[Match]:
        """The matches that records complete which fit something; some of them are kept."""
        found: list[_Found] = []
        try:
            for kind, held in fitting:
                plan = kind.plans.get(held[2]) or kind.plan(held[2])
                found += [(rule, (held[0],)) for rule in plan.fires]
                for needed, tasks in plan.tasks:
                    if not needed or needed in self._kept:
                        self._join(tasks, held, found)
                if plan.keeps:
                    self._kept.setdefault(kind.name, []).append(held)
        except BaseException:
            self._open = False  # half of the records may be there: no result is better
            raise
        if len(found) > 1:
            found.sort()
        names, made = self._names, []
        for rule, indices in found:
            name, aliases = names[rule]
            lone = len(indices) == 1
            facts = {aliases[0]: indices[0]} if lone else dict(zip(aliases, indices, strict=True))
            made.append(Match(name, facts))
        return made

    def _join(self, tasks: Sequence[_Task], held: _Held, found: list[_Found]) -> None:
        """Finds what a record completes together with others."""
        for task in tasks:
            bound: list[_Held | None] = [None] * task.width
            bound[task.place] = held
            self._complete(task, bound, 0, found)

    def _complete(
        self, task: _Task, bound: list[_Held | None], at: int, found: list[_Found]
    ) -> None:
        """Fills the places that are left, from step `at` on, in every way there is."""
        if at == len(task.steps):
            if task.unless is None or not any(self._others(task.unless, bound)):
                indices = tuple(held[0] for held in bound if held is not None)
                found.append((task.rule, indices))
            return
        step = task.steps[at]
        for held in self._others(step, bound):
            bound[step.place] = held
            self._complete(task, bound, at + 1, found)
            bound[step.place] = None

    def _others(self, step: _Step, bound: Sequence[_Held | None]) -> Iterator[_Held]:
        """The kept records that fit a step and stand in no place yet."""
        kept = self._kept.get(step.index.kind)
        key = step.wanted(bound)
        if kept is None or key is None:
            return
        indexed = self._indexed.setdefault(step.index.number, _Indexed())
        for held in kept[indexed.done :]:
            if held[2] & step.index.bit:
                indexed.by_key.setdefault(step.index.key(held[1]), []).append(held)
        indexed.done = len(kept)
        for held in indexed.by_key.get(key, ()):
            if held not in bound and step.fits(held[1], bound):
                yield held

    def close(self) -> None:
        """Free what was kept."""
        self._open = False
        self._kept, self._indexed = {}, {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
