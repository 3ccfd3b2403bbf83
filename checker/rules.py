"""Rules made ready for the engine: patterns become tests and joins over projected facts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from checker.account import Occurrence
from checker.language import (
    MIRROR,
    ORDERED,
    TEXTS,
    Comparison,
    Condition,
    Expression,
    Extreme,
    Literal,
    Misspoken,
    Naming,
    Presence,
    Product,
    Scope,
    Sentence,
    Sum,
    Typed,
    branches,
    comparable,
    fold,
    parse_condition,
    parse_expression,
    show,
)
from checker.model import Value, did_you_mean
from checker.patterns import EngineRule, Join, Match, Pattern, Primitive, Record, Test

BLOCKER = "unless "
"""Stands before a kind that only `unless` looks for, where all of it is told beforehand."""

Choices = tuple[str, ...]
FieldTypes = Mapping[str, tuple[str, Choices]]
Projector = Callable[[Mapping[str, Value], Naming], Primitive | None]


@dataclass(frozen=True, slots=True)
class Boundary:
    """An ordering in a rule, whose two sides a rule's cases should show."""

    rule: str
    branch: str
    alias: str
    text: str
    op: str
    key: str
    value: int | None  # the literal that `key` is tested against; None for a join
    other: tuple[str, str] | None = None  # alias and key on the other side of a join
    type: str = ""  # of what is compared: money, date, rate, ratio, number


@dataclass(frozen=True, slots=True)
class _AsGiven:
    """A field that the engine sees as it stands."""

    name: str

    def __call__(self, values: Mapping[str, Value], _naming: Naming) -> Primitive | None:
        return values.get(self.name)


@dataclass(frozen=True, slots=True)
class _Whether:
    """Whether a field is there."""

    name: str

    def __call__(self, values: Mapping[str, Value], _naming: Naming) -> bool:
        return self.name in values


View = Callable[[Mapping[str, Value], Naming], dict[str, Primitive]]


def _view(fields: Mapping[str, Projector]) -> View:
    """What makes all that rules look at in one kind, as far as it is present.

    It is written as one function, in which most fields take no call.
    """
    lines = ["def view(values, naming):", " get, seen = values.get, {}"]
    makers: dict[str, Any] = {}
    for number, (key, make) in enumerate(fields.items()):
        if isinstance(make, _Whether):
            lines.append(f" seen[{key!r}] = {make.name!r} in values")
            continue
        makers[f"make{number}"] = make
        value = (
            f"get({make.name!r})" if isinstance(make, _AsGiven) else f"make{number}(values, naming)"
        )
        lines.append(f" if (value := {value}) is not None: seen[{key!r}] = value")
    exec("\n".join([*lines, " return seen"]), makers)  # names as literals, no text of rules
    view: View = makers["view"]
    return view


@dataclass
class Projections:
    """Per kind, the fields that rules look at, each with how it is made from a fact."""

    fields: dict[str, dict[str, Projector]] = field(default_factory=dict)
    _views: dict[str, View] = field(default_factory=dict, init=False, repr=False, compare=False)

    def add(self, kind: str, key: str, projector: Projector) -> str:
        """Registers a field of a kind; the same key always means the same."""
        self.fields.setdefault(kind, {})[key] = projector
        self._views.pop(kind, None)
        return key

    def record(self, occurrence: Occurrence, naming: Naming) -> Record:
        """What the engine sees of an occurrence: the fields that rules look at, where present."""
        kind = occurrence.kind
        view = self._views.get(kind)
        if view is None:
            view = self._views[kind] = _view(self.fields[kind])
        return Record(kind, view(occurrence.values, naming))


def unparse(expression: Expression, alias: str) -> str:
    """The expression's text, an alias's own fields without its prefix."""
    if isinstance(expression, Literal):
        return show(expression.value, expression.type)
    if isinstance(expression, Sum | Product):
        left, right = unparse(expression.left, alias), unparse(expression.right, alias)
        return f"({left} {expression.op if isinstance(expression, Sum) else 'of'} {right})"
    if isinstance(expression, Extreme):
        return f"{expression.op}({', '.join(unparse(part, alias) for part in expression.parts)})"
    return expression.text.removeprefix(f"{alias}.") if alias else expression.text


def kinds_and_condition(text: str) -> tuple[tuple[str, ...], str]:
    """The kinds that a pattern names, and what it says after `where`."""
    named, *rest = re.split(r"\swhere\s", text, maxsplit=1)
    return tuple(" ".join(named.split()).split(" or ")), "".join(rest)


def _alike(one: str, other: str) -> bool:
    return one == other or {one, other} <= set(TEXTS)


@dataclass
class _Side:
    expression: Expression
    typed: Typed

    def key(self, alias: str, fold_: str) -> str:
        text = unparse(self.expression, alias)
        return text if fold_ not in ("name", "text") else f"{text}~{fold_}"


class PatternCompiler:
    """Compiles the patterns of one rule, in their order; later ones may speak of earlier ones."""

    def __init__(
        self,
        rule: str,
        kinds: Mapping[str, FieldTypes],
        names: FieldTypes,
        currency: str,
        projections: Projections,
        calendar: str = "federal-reserve",
    ) -> None:
        self.rule, self.kinds, self.names = rule, kinds, names
        self.currency, self.projections, self.calendar = currency, projections, calendar
        self.aliases: dict[str, tuple[str, ...]] = {}
        self.boundaries: list[Boundary] = []

    def scope(self, own: tuple[str, ...] = ()) -> Scope:
        """Names that may be used: of all aliases so far, and of the own kind without a prefix."""
        fields = {alias: self._fields(kinds) for alias, kinds in self.aliases.items()}
        if own:
            fields[""] = self._fields(own)
        return Scope(fields, self.names, self.currency, self.calendar)

    def _fields(self, kinds: tuple[str, ...]) -> FieldTypes:
        """The fields of all the kinds together, without those that are of two types in them."""
        fields: dict[str, tuple[str, Choices]] = {}
        torn = set()
        for kind in kinds:
            for name, field_ in self.kinds[kind].items():
                type_, choices = fields.setdefault(name, field_)
                if not _alike(type_, field_[0]):
                    torn.add(name)
                fields[name] = (type_, tuple(dict.fromkeys((*choices, *field_[1]))))
        return {name: field_ for name, field_ in fields.items() if name not in torn}

    def pattern(
        self, alias: str, text: str, *, negated: bool = False, beforehand: bool = False
    ) -> list[Pattern]:
        """The alternatives of one pattern; each goes into an engine rule of its own.

        A negated one looks for facts told `beforehand`, or else for those told until then.
        """
        kinds, rest = kinds_and_condition(text)
        for kind in kinds:
            if kind not in self.kinds:
                raise Misspoken(f"unknown kind of fact '{kind}'", 0, did_you_mean(kind, self.kinds))
        if alias in self.names or alias in self.aliases:
            raise Misspoken(f"the alias '{alias}' already names something else", 0)
        try:
            found = [
                pattern
                for kind in kinds
                for pattern in self._alternatives(
                    alias, kinds, BLOCKER + kind if beforehand else kind, rest
                )
            ]
        except Misspoken as error:
            offset = len(text) - len(rest) + error.offset
            raise Misspoken(error.message, offset, error.hint) from None
        if not negated:
            self.aliases[alias] = kinds
        return found

    def _alternatives(
        self, alias: str, kinds: tuple[str, ...], seen_as: str, text: str
    ) -> list[Pattern]:
        self.projections.fields.setdefault(seen_as, {})
        if not text.strip():
            return [Pattern(alias, seen_as)]
        condition: Condition = parse_condition(text, self.currency)
        found = []
        for number, branch in enumerate(branches(condition)):
            tests: list[Test] = []
            joins: list[Join] = []
            for atom in branch:
                made = self._atom(alias, kinds, seen_as, atom, f"{alias}#{number}")
                if isinstance(made, Test):
                    tests.append(made)
                else:
                    joins.append(made)
            found.append(Pattern(alias, seen_as, tuple(tests), tuple(joins)))
        return found

    def _atom(
        self,
        alias: str,
        kinds: tuple[str, ...],
        seen_as: str,
        atom: Comparison | Presence,
        branch: str,
    ) -> Test | Join:
        scope = self.scope(kinds)
        if isinstance(atom, Presence):
            return self._presence(seen_as, atom, scope)
        left, right = (
            _Side(expression, typed)
            for expression, typed in zip((atom.left, atom.right), scope.sides(atom), strict=True)
        )
        op = atom.op
        how = comparable(left.typed, right.typed, op)
        if how is None:
            raise Misspoken(
                f"a {left.typed.type} and a {right.typed.type} cannot stand around '{op}'",
                atom.offset,
            )
        spoken = left.typed.aliases | right.typed.aliases
        if spoken <= {""}:
            return self._test(seen_as, left, right, op, how, alias, branch)
        return self._join(seen_as, left, right, op, how, alias, branch, atom.offset)

    def _presence(self, kind: str, atom: Presence, scope: Scope) -> Test:
        typed = scope.resolve(atom.name)
        if typed.aliases != {""}:
            raise Misspoken("only a field of this kind can be present or absent", atom.offset)
        name = typed.name
        key = self.projections.add(kind, f"?{name}", _Whether(name))
        return Test(key, "==", atom.present)

    def _test(
        self, kind: str, left: _Side, right: _Side, op: str, how: str, alias: str, branch: str
    ) -> Test:  # all that a boundary later tells about itself
        if left.typed.literal and not right.typed.literal:
            left, right, op = right, left, MIRROR[op]
        text = f"{unparse(left.expression, '')} {op} {unparse(right.expression, '')}"
        if right.typed.literal and left.typed.name and left.typed.aliases:
            key = self.projections.add(kind, left.key("", how), _projector(left.typed, "", how))
            value = right.typed.evaluate({}, _NOWHERE)
            value = fold(value, how) if isinstance(value, str) else value
        else:
            key = f"({left.key('', how)} − {right.key('', how)})"
            self.projections.add(kind, key, _difference(left.typed, right.typed, how))
            value = 0
        assert isinstance(value, int | bool | str)  # what comparable() lets through
        if op not in ("==", "!="):
            self.boundaries.append(
                Boundary(self.rule, branch, alias, text, op, key, int(value), type=how)
            )
        return Test(key, op, value)

    def _join(
        self,
        kind: str,
        left: _Side,
        right: _Side,
        op: str,
        how: str,
        alias: str,
        branch: str,
        offset: int,
    ) -> Join:  # a comparison's two sides, its meaning, and where it stands
        if left.typed.aliases != {""}:
            left, right, op = right, left, MIRROR[op]
        if left.typed.aliases != {""} or len(right.typed.aliases) != 1 or "" in right.typed.aliases:
            raise Misspoken(
                "each side may speak of one fact only, and one side of this pattern's own", offset
            )
        if not (left.typed.whole and right.typed.whole):
            raise Misspoken("a product is compared with fields of the same fact only", offset)
        (other,) = right.typed.aliases
        key = self.projections.add(kind, left.key("", how), _projector(left.typed, "", how))
        other_key = right.key(other, how)
        for other_kind in self.aliases[other]:
            self.projections.add(other_kind, other_key, _projector(right.typed, other, how))
        if op not in ("==", "!="):
            text = f"{unparse(left.expression, '')} {op} {unparse(right.expression, '')}"
            self.boundaries.append(
                Boundary(self.rule, branch, alias, text, op, key, None, (other, other_key), how)
            )
        return Join(key, op, other, other_key)


class _Nowhere:
    def lookup(self, name: str) -> Value:
        raise KeyError(name)  # a literal asks for nothing


_NOWHERE = _Nowhere()


def _given(typed: Typed, alias: str) -> str:
    """The field that an expression is, where it is no more than a field."""
    return typed.name if typed.aliases == {alias} else ""


def _projector(typed: Typed, alias: str, how: str) -> Projector:
    evaluate, given = typed.evaluate, _given(typed, alias)
    if how == "name":

        def names(values: Mapping[str, Value], naming: Naming) -> Primitive | None:
            value = values.get(given) if given else evaluate({alias: values}, naming)
            return naming.canonical(value) if isinstance(value, str) else None

        return names
    if given and how != "text":
        return _AsGiven(given)

    def project(values: Mapping[str, Value], naming: Naming) -> Primitive | None:
        value = values.get(given) if given else evaluate({alias: values}, naming)
        if isinstance(value, str):
            return fold(value, how)
        return value if isinstance(value, int) else None

    return project


def _difference(left: Typed, right: Typed, how: str) -> Projector:
    """How far the left side is from the right: the operator itself stays with the engine."""
    if how == "names":
        return _membership(left, right)
    if not (left.whole and right.whole):
        return _exact_difference(left, right)
    needed = _given(left, "")
    if needed and how in ORDERED:
        return _gap(needed, right)
    if right.literal and how != "name":
        return _apart(left, right, how)
    first, second = _projector(left, "", how), _projector(right, "", how)

    def difference(values: Mapping[str, Value], naming: Naming) -> Primitive | None:
        if needed and needed not in values:  # then nobody asks what the other side is
            return None
        a, b = first(values, naming), second(values, naming)
        if a is None or b is None:
            return None
        if isinstance(a, str) or isinstance(b, str):
            return 0 if a == b else 1
        return int(a) - int(b)

    return difference


def _gap(name: str, right: Typed) -> Projector:
    """How far a field is above the right side, both of them whole numbers."""
    given, evaluate = _given(right, ""), right.evaluate

    def gap(values: Mapping[str, Value], naming: Naming) -> Primitive | None:
        own = values.get(name)
        if own is None:
            return None
        other = values.get(given) if given else evaluate({"": values}, naming)
        return int(own) - other if isinstance(other, int) else None

    return gap


def _apart(left: Typed, right: Typed, how: str) -> Projector:
    """How far the left side is from a literal."""
    given, evaluate = _given(left, ""), left.evaluate
    wanted = right.evaluate({}, _NOWHERE)
    assert isinstance(wanted, int | str)  # what comparable() lets through
    text, number = (fold(wanted, how), 0) if isinstance(wanted, str) else ("", int(wanted))

    def apart(values: Mapping[str, Value], naming: Naming) -> Primitive | None:
        value = values.get(given) if given else evaluate({"": values}, naming)
        if isinstance(value, str):
            return 0 if fold(value, how) == text else 1
        return int(value) - number if isinstance(value, int) else None

    return apart


def _exact_difference(left: Typed, right: Typed) -> Projector:
    """The difference where a side is a product: away from zero, so that its sign is exact."""

    def difference(values: Mapping[str, Value], naming: Naming) -> Primitive | None:
        facts = {"": values}
        a = left.evaluate(facts, naming)
        if not isinstance(a, int | Fraction):  # then nobody asks what the other side is
            return None
        b = right.evaluate(facts, naming)
        if not isinstance(b, int | Fraction):
            return None
        apart = a.numerator * b.denominator - b.numerator * a.denominator
        whole = abs(apart) + a.denominator * b.denominator - 1
        size = whole // (a.denominator * b.denominator)
        return size if apart > 0 else -size

    return difference


def _membership(left: Typed, right: Typed) -> Projector:
    """0 where the name is one of the names, else 1."""
    one, several = (right, left) if left.type == "names" else (left, right)
    needed = _given(one, "")

    def member(values: Mapping[str, Value], naming: Naming) -> Primitive | None:
        if needed and needed not in values:
            return None
        facts = {"": values}
        name = one.evaluate(facts, naming)
        if not isinstance(name, str):
            return None
        names = several.evaluate(facts, naming)
        return int(not isinstance(names, frozenset) or naming.canonical(name) not in names)

    return member


# Conclusions -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Charge:
    """An amount of a component that falls due on a conclusion."""

    of: str
    amount: Typed
    due: Typed | None  # None: the day itself


@dataclass(frozen=True)
class Call:
    """Principal that is to be repaid by a day."""

    amount: Typed
    due: Typed


@dataclass(frozen=True)
class Vote:
    """A party's voice on something, weighed by a register of shares."""

    tally: str
    of: Typed
    by: Typed


@dataclass(frozen=True)
class Transfer:
    """A share that passes, in a register, from one party to another."""

    register: str
    giver: Typed
    taker: Typed
    share: Typed


@dataclass(frozen=True)
class Rule:
    """A rule ready to run: what the engine matches, and what follows from a match."""

    id: str
    under: str  # the name under which its findings are told: its own, or another rule's
    clause: str
    aliases: Mapping[str, tuple[str, ...]]  # alias -> the kinds it may be, in their order
    blocker: str  # the kind that `unless` looks for, or nothing
    outcome: str
    against: str
    about: Typed
    date: Typed | None
    amount: Typed | None
    says: Sentence
    needs: tuple[Sentence, ...]
    quote: str
    revises: str
    accelerates: str
    disregards: str
    amends: str
    releases: Typed | None
    sets: Mapping[str, Typed]
    until: Typed | None
    charges: Charge | None
    calls: Call | None
    counts: str
    votes: Vote | None
    transfers: Transfer | None
    cures: str
    patterns: tuple[EngineRule, ...]
    boundaries: tuple[Boundary, ...]
    question: str = ""  # the judgment that it applies
    when: Mapping[str, str] = field(default_factory=dict)  # the patterns as they are written
    unless: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of fact that it looks for."""
        return frozenset(kind for kinds in self.aliases.values() for kind in kinds)

    @cached_property
    def acts(self) -> bool:
        """Whether the ledger, the state or the loop does something on it."""
        return bool(self.sets) or self._moves

    @cached_property
    def only_sets(self) -> bool:
        """Whether it sets states and does nothing else."""
        return bool(self.sets) and not self._moves

    @cached_property
    def stands_apart(self) -> bool:
        """Whether it charges, or waits for a last day, and does nothing else.

        Nothing else in the account moves by it until something is paid.
        """
        named = (self.sets, self.accelerates, self.disregards, self.amends, self.counts, self.cures)
        made = (self.releases, self.calls, self.votes, self.transfers)
        apart = self.until is not None or self.charges is not None
        return apart and not any(named) and all(effect is None for effect in made)

    @cached_property
    def only_waits(self) -> bool:
        """Whether it waits for a last day, and does nothing else."""
        return self.stands_apart and self.charges is None

    @property
    def _moves(self) -> bool:
        named = (self.accelerates, self.disregards, self.amends, self.counts, self.cures)
        made = (self.releases, self.until, self.charges, self.calls, self.votes, self.transfers)
        return any(named) or any(effect is not None for effect in made)


def engine_rules(
    rule: str, alternatives: Sequence[Sequence[Pattern]], unless: Sequence[Pattern]
) -> tuple[EngineRule, ...]:
    """One engine rule for each choice of branches; all branches of a negation must find nothing."""
    if len(unless) > 1:
        raise Misspoken("'unless' takes a condition without 'or': write a rule for each", 0)
    blocker = unless[0] if unless else None
    combined = itertools.product(*alternatives)
    return tuple(
        EngineRule(f"{rule}#{number}", tuple(patterns), blocker)
        for number, patterns in enumerate(combined)
    )


def resolve_text(text: str, scope: Scope, expected: Typed | None = None) -> Typed:
    """An expression of the scope, parsed and typed."""
    return scope.resolve(parse_expression(text, scope.currency), expected)


def distinct(matches: Sequence[Match], order: Mapping[str, int]) -> list[tuple[str, Match]]:
    """Matches by rule, each once however many branches found it, as their last fact arrived."""
    if len(matches) < 2:
        return [(match.rule.rpartition("#")[0], match) for match in matches]
    seen: dict[tuple[str, tuple[int, ...]], tuple[str, Match]] = {}
    for match in matches:
        rule = match.rule.rpartition("#")[0]
        seen.setdefault((rule, tuple(match.facts.values())), (rule, match))
    return sorted(
        seen.values(),
        key=lambda pair: (
            max(pair[1].facts.values()), order[pair[0]], tuple(pair[1].facts.values())
        ),
    )  # fmt: skip
