"""A rule's conditions over what it was shown: which of them held, with the values compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from checker.account import Occurrence
from checker.cases.recording import Recording, RecordingEngines
from checker.inquiry import Inquiry
from checker.language import (
    OPERATORS,
    OPPOSITE,
    Comparison,
    Condition,
    Logic,
    Naming,
    Presence,
    Scope,
    Typed,
    comparable,
    fold,
    parse_condition,
    show,
)
from checker.model import Value
from checker.money import grouped, percent, settled
from checker.pack import Pack
from checker.patterns import Record
from checker.rulebook import derived_kinds
from checker.rules import BLOCKER, Projections, Rule, kinds_and_condition, unparse

NEAREST = 3
"""How many of the nearest facts are told of a rule that found nothing."""

_NAMES = ("id", "about", "of", "payment", "statement", "obligation")


@dataclass(frozen=True)
class Side:
    """One side of a comparison, and the alias that it speaks of; "" is the pattern's own."""

    typed: Typed
    alias: str
    how: str

    def seen(self, values: Mapping[str, Value], naming: Naming) -> tuple[Any, Any]:
        """Its value, and the form in which it is compared."""
        value = self.typed.evaluate({self.alias: values}, naming)
        if not isinstance(value, str):
            return value, value
        folded = naming.canonical if self.how in ("name", "names") else None
        return value, folded(value) if folded else fold(value, self.how)


@dataclass(frozen=True)
class Leaf:
    """One comparison, or the presence of a field."""

    text: str
    op: str
    left: Side | None = None
    right: Side | None = None
    field: str = ""


@dataclass(frozen=True)
class Branch:
    """Conditions of which all must hold, or any."""

    op: str  # and, or
    parts: tuple[Leaf | Branch, ...]


@dataclass
class Looked:
    """One pattern of a rule: what it looks for, as it is written."""

    alias: str
    kinds: tuple[str, ...]
    text: str
    tree: Leaf | Branch | None
    negated: bool = False

    def leaves(self) -> Iterator[Leaf]:
        """All its comparisons."""
        return _leaves(self.tree)


@dataclass(frozen=True)
class Seen:
    """Something that a pattern was shown, with the values of all sides that speak of it."""

    occurrence: Occurrence
    values: Mapping[int, tuple[Any, Any]]

    @property
    def subject(self) -> str:
        """What it is about: an obligation, a fact, a finding."""
        values = self.occurrence.values
        derived = derived_kinds().get(self.occurrence.kind)
        names = (derived[1], *_NAMES) if derived else _NAMES
        return next((str(values[name]) for name in names if name in values), self.occurrence.kind)


def _leaves(tree: Leaf | Branch | None) -> Iterator[Leaf]:
    if isinstance(tree, Branch):
        for part in tree.parts:
            yield from _leaves(part)
    elif tree is not None:
        yield tree


# A rule read again -------------------------------------------------------------------------------


def looked_for(pack: Pack, rule: Rule) -> list[Looked]:
    """The patterns of a rule in their order, the one that must find nothing last."""
    found: list[Looked] = []
    patterns = [(*item, False) for item in rule.when.items()]
    patterns += [(*item, True) for item in rule.unless.items()]
    for alias, text, negated in patterns:
        kinds, rest = kinds_and_condition(text)
        fields = {each.alias: _fields(pack, each.kinds) for each in found} | {
            "": _fields(pack, kinds)
        }
        scope = Scope(fields, pack.names, pack.currency, pack.business_days)
        tree = _tree(parse_condition(rest, pack.currency), scope) if rest.strip() else None
        found.append(Looked(alias, kinds, " ".join(text.split()), tree, negated))
    return found


def _fields(pack: Pack, kinds: Iterable[str]) -> dict[str, tuple[str, tuple[str, ...]]]:
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for kind in kinds:
        for name, (type_, choices) in pack.fields[kind].items():
            before = found.get(name, (type_, ()))
            found[name] = (before[0], tuple(dict.fromkeys((*before[1], *choices))))
    return found


def _tree(condition: Condition, scope: Scope) -> Leaf | Branch:
    if isinstance(condition, Logic) and condition.op == "not":
        return _negated(_tree(condition.parts[0], scope))
    if isinstance(condition, Logic):
        return Branch(condition.op, tuple(_tree(part, scope) for part in condition.parts))
    if isinstance(condition, Presence):
        name = scope.resolve(condition.name).name
        return Leaf(f"{name} is {'present' if condition.present else 'absent'}",
                    "==" if condition.present else "!=", field=name)  # fmt: skip
    return _comparison(condition, scope)


def _negated(tree: Leaf | Branch) -> Leaf | Branch:
    """As the engine is asked it: the opposite comparisons, which fail on what is not there."""
    if isinstance(tree, Branch):
        return Branch({"and": "or", "or": "and"}[tree.op], tuple(map(_negated, tree.parts)))
    op = OPPOSITE[tree.op]
    if tree.field:
        return replace(tree, op=op, text=f"{tree.field} is {'present' if op == '==' else 'absent'}")
    return replace(tree, op=op, text=tree.text.replace(f" {tree.op} ", f" {op} ", 1))


def _comparison(atom: Comparison, scope: Scope) -> Leaf:
    left, right = scope.sides(atom)
    how = comparable(left, right, atom.op) or ""
    text = f"{unparse(atom.left, '')} {atom.op} {unparse(atom.right, '')}"
    one, other = (Side(typed, next(iter(typed.aliases), ""), how) for typed in (left, right))
    return Leaf(text, atom.op, one, other)


# What passes before a rule -----------------------------------------------------------------------


@dataclass
class Watch(Projections):
    """Projections that keep what the rules under watch are shown, as it was when it was shown."""

    rules: Sequence[Sequence[Looked]] = ()  # the patterns of each
    kept: dict[int, tuple[Record, Seen]] = field(default_factory=dict)

    def record(self, occurrence: Occurrence, naming: Naming) -> Record:
        """What the engine sees of an occurrence; what it is made of is kept."""
        made = super().record(occurrence, naming)
        kind = occurrence.kind.removeprefix(BLOCKER)
        sides = [side for patterns in self.rules for side in _sides(patterns, kind)]
        if sides or any(kind in each.kinds for patterns in self.rules for each in patterns):
            values = {id(side): side.seen(occurrence.values, naming) for side in sides}
            self.kept[id(made)] = (made, Seen(occurrence, values))
        return made


def _sides(patterns: Sequence[Looked], kind: str) -> Iterator[Side]:
    """The sides of a rule's comparisons that speak of what may be of this kind."""
    of = {pattern.alias for pattern in patterns if kind in pattern.kinds}
    for pattern in patterns:
        for leaf in pattern.leaves() if of else ():
            for side in (leaf.left, leaf.right):
                if side and (side.alias in of or (not side.alias and pattern.alias in of)):
                    yield side


@dataclass(frozen=True)
class Watched:
    """One rule, what it was shown in an evaluation, and what it found."""

    rule: Rule
    patterns: tuple[Looked, ...]
    seen: tuple[Seen | None, ...]  # as the engine counts what it was told
    matches: tuple[Mapping[str, int], ...]

    def shown(self, pattern: Looked) -> list[Seen]:
        """What was of the kinds that a pattern looks for, in the order in which it was told."""
        return [
            each
            for each in self.seen
            if each is not None and each.occurrence.kind.removeprefix(BLOCKER) in pattern.kinds
        ]

    def found(self) -> Iterator[dict[str, Seen]]:
        """What stood for each alias, each time that the rule applied."""
        for match in self.matches:
            bound = {alias: self.seen[at] for alias, at in match.items()}
            yield {alias: seen for alias, seen in bound.items() if seen is not None}


def watch(inquiry: Inquiry, rules: Sequence[Rule]) -> list[Watched]:
    """These rules in the evaluation of the inquiry, made once more with all that they see kept."""
    patterns = {rule.id: looked_for(inquiry.pack, rule) for rule in rules}
    kept = Watch(inquiry.pack.projections.fields, list(patterns.values()))
    pack = replace(inquiry.pack, projections=kept)
    with closing(RecordingEngines(pack, inquiry.engines.make)) as engines:
        _ = replace(inquiry, pack=pack, engines=engines).result
        return [_watched(rule, patterns[rule.id], kept, engines.seen(rule)) for rule in rules]


def _watched(rule: Rule, patterns: Sequence[Looked], kept: Watch, recording: Recording) -> Watched:
    seen = [kept.kept.get(id(record)) for record in recording.records]
    matches = [match for match in recording.found if match.rule.rpartition("#")[0] == rule.id]
    distinct = {tuple(match.facts.values()): match.facts for match in matches}
    return Watched(
        rule, tuple(patterns), tuple(each and each[1] for each in seen), tuple(distinct.values())
    )


# Which conditions hold ---------------------------------------------------------------------------

Row = dict[str, Any]


def holds(tree: Leaf | Branch | None, own: Seen, bound: Mapping[str, Seen]) -> bool:
    """Whether a condition holds of what a pattern is shown, beside what stands for the others."""
    if tree is None:
        return True
    if isinstance(tree, Branch):
        parts = [holds(part, own, bound) for part in tree.parts]
        return all(parts) if tree.op == "and" else any(parts)
    if tree.left is None or tree.right is None:
        return (tree.field in own.occurrence.values) == (tree.op == "==")
    left, right = (_value(side, own, bound)[1] for side in (tree.left, tree.right))
    if isinstance(left, frozenset) or isinstance(right, frozenset):
        name, names = (right, left) if isinstance(left, frozenset) else (left, right)
        return bool(OPERATORS[tree.op](name in names, True))
    return left is not None and right is not None and bool(OPERATORS[tree.op](left, right))


def _value(side: Side, own: Seen, bound: Mapping[str, Seen]) -> tuple[Any, Any]:
    of = own if not side.alias else bound.get(side.alias)
    return (None, None) if of is None else of.values.get(id(side), (None, None))


def lacking(tree: Leaf | Branch | None, own: Seen, bound: Mapping[str, Seen]) -> int:
    """How many comparisons would have to come out otherwise for it to hold."""
    if tree is None or holds(tree, own, bound):
        return 0
    if isinstance(tree, Branch):
        parts = [lacking(part, own, bound) for part in tree.parts]
        return sum(parts) if tree.op == "and" else min(parts)
    return 1


def conditions(
    tree: Leaf | Branch | None, own: Seen, bound: Mapping[str, Seen], level: int = 0
) -> Iterator[Row]:
    """The tree as rows, each with its depth: the condition, whether it holds, what it compared."""
    if isinstance(tree, Branch):
        if (member := _membership(tree)) is not None:
            yield _row(member, tree.parts[0], holds(tree, own, bound), level, own, bound)
            return
        text = "all of these" if tree.op == "and" else "any of these"
        yield {"level": level, "text": text, "holds": holds(tree, own, bound),
               "left": None, "right": None, "by": None}  # fmt: skip
        for part in tree.parts:
            yield from conditions(part, own, bound, level + 1)
    elif tree is not None:
        yield _row(tree.text, tree, holds(tree, own, bound), level, own, bound)


def _membership(tree: Branch) -> str | None:
    """`x in (a, b)`, where the parts are what such a condition is made of."""
    op = {"or": "==", "and": "!="}.get(tree.op)
    leaves = [part for part in tree.parts if isinstance(part, Leaf) and part.right is not None]
    heads = {leaf.text.split(f" {leaf.op} ")[0] for leaf in leaves}
    if len(leaves) < len(tree.parts) or len(heads) != 1 or {leaf.op for leaf in leaves} != {op}:
        return None
    words = ", ".join(leaf.text.split(f" {leaf.op} ", 1)[1] for leaf in leaves)
    return f"{heads.pop()} {'in' if op == '==' else 'not in'} ({words})"


def _row(
    text: str, of: Leaf | Branch, held: bool, level: int, own: Seen, bound: Mapping[str, Seen]
) -> Row:  # the condition, and all that its values are found by
    row: Row = {"level": level, "text": text, "holds": held, "left": None, "right": None}
    row["by"] = None
    if isinstance(of, Branch) or of.left is None or of.right is None:
        return row
    left, right = _value(of.left, own, bound)[0], _value(of.right, own, bound)[0]
    row["left"] = None if of.left.typed.literal else _shown(left, of.left.typed)
    row["right"] = None if of.right.typed.literal else _shown(right, of.right.typed)
    if of.op not in ("==", "!=") and isinstance(left, int | Fraction):
        row["by"] = _apart(left, right, of.left.how)
    return row


def _shown(value: Any, typed: Typed) -> str:
    if value is None:
        return "not there"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return show(settled(value), typed.type)


def _apart(left: int | Fraction, right: Any, how: str) -> str | None:
    if not isinstance(right, int | Fraction) or isinstance(right, bool):
        return None
    apart = settled(abs(left - right))
    if not isinstance(apart, int):
        return None
    if how == "date":
        return f"{apart} day{'' if apart == 1 else 's'}"
    return {"money": grouped, "rate": percent}.get(how, str)(apart)


def nearest(watched: Watched, about: str = "") -> list[dict[str, Seen]]:
    """What came nearest to the rule without fitting it; with `about`, of what concerns that."""
    first, *rest = [pattern for pattern in watched.patterns if not pattern.negated]
    shown = watched.shown(first)
    if about:
        shown = [each for each in shown if about in each.occurrence.values.values()]
    ranked = sorted(shown, key=lambda each: lacking(first.tree, each, {}))[:NEAREST]
    found = []
    for each in ranked:
        bound = {first.alias: each}
        for pattern in rest:
            others = [o for o in watched.shown(pattern) if o not in bound.values()]
            ranks = [lacking(pattern.tree, other, bound) for other in others]
            if others:
                bound[pattern.alias] = others[ranks.index(min(ranks))]
        found.append(bound)
    return found
