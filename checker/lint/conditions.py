"""Whether conditions can hold together: orderings, words and presence, and where they conflict."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Protocol

from checker.dates import Duration
from checker.language import (
    ORDERED,
    Comparison,
    Condition,
    Expression,
    Literal,
    Logic,
    Name,
    Presence,
    Sum,
    branches,
    fold,
    parse_condition,
)
from checker.rules import kinds_and_condition, unparse

SCALE = 1000
"""Into how many steps a cent or a day is divided: products of a rate may lie between two."""
MOST = 4000  # alternatives looked at together; beyond these, they are taken to hold


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a field, term or state: its type, its words, its least value.

    `choices` are the words that may be written for it, `among` those that it ever holds;
    `always` says that it is never absent.
    """

    type: str
    choices: tuple[str, ...] = ()
    among: tuple[str, ...] = ()
    least: int | None = None
    always: bool = False


class Lexicon(Protocol):
    """What names mean in the conditions of a pack."""

    currency: str

    def field(self, kind: str, name: str) -> Known | None:
        """A field of a kind of fact."""

    def name(self, name: str) -> Known | None:
        """A term, a state, a power's state, or the day."""


# Constraints -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Order:
    """`left - right` is at most `most` steps; a side without a name is zero."""

    left: str
    right: str
    most: int


@dataclass(frozen=True, slots=True)
class Apart:
    """`left - right` is not `by` steps."""

    left: str
    right: str
    by: int


@dataclass(frozen=True, slots=True)
class Alike:
    """Two words are the same, or are not; a word written out begins with `=`."""

    left: str
    right: str
    same: bool


def alike(one: str, other: str, *, same: bool) -> Alike:
    """The two words in their one order, so that equal constraints are equal values."""
    left, right = sorted([one, other])
    return Alike(left, right, same)


@dataclass(frozen=True, slots=True)
class Among:
    """A word is one of these."""

    name: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Holds:
    """Something that is not looked into holds, or does not."""

    what: str
    true: bool


Constraint = Order | Apart | Alike | Among | Holds
Branch = frozenset[Constraint]
NEVER: Branch = frozenset({Holds("never", true=True), Holds("never", true=False)})
"""What cannot be."""


def satisfiable(constraints: Iterable[Constraint]) -> bool:
    """Whether some facts could meet all constraints; where it cannot be told, yes."""
    found = list(constraints)
    held = {c.what: c.true for c in found if isinstance(c, Holds)}
    if any(isinstance(c, Holds) and held[c.what] != c.true for c in found):
        return False
    return _orders_agree(found) and _words_agree(found)


def together(*alternatives: Sequence[Branch]) -> bool:
    """Whether one branch of each can hold at once."""
    for number, chosen in enumerate(itertools.product(*alternatives)):
        if number >= MOST or satisfiable(frozenset().union(*chosen)):
            return True
    return False


def _orders_agree(constraints: Sequence[Constraint]) -> bool:
    """Shortest paths between the values: a way round that is less than nothing is a conflict."""
    orders = [c for c in constraints if isinstance(c, Order)]
    names = sorted({"", *(name for c in orders for name in (c.left, c.right))})
    most: dict[tuple[str, str], int] = {(name, name): 0 for name in names}
    for c in orders:
        most[c.left, c.right] = min(c.most, most.get((c.left, c.right), c.most))
    for via, left, right in itertools.product(names, names, names):
        if (left, via) in most and (via, right) in most:
            way = most[left, via] + most[via, right]
            most[left, right] = min(way, most.get((left, right), way))
    if any(most[name, name] < 0 for name in names):
        return False
    return not any(
        most.get((c.left, c.right)) == c.by and most.get((c.right, c.left)) == -c.by
        for c in constraints
        if isinstance(c, Apart)
    )


def _words_agree(constraints: Sequence[Constraint]) -> bool:
    """Words that are the same form one group, which needs a word that it may be."""
    group: dict[str, str] = {}

    def of(name: str) -> str:
        while group.setdefault(name, name) != name:
            name = group[name]
        return name

    equalities = [c for c in constraints if isinstance(c, Alike)]
    for equality in equalities:
        if equality.same:
            group[of(equality.left)] = of(equality.right)
    unlike = [(of(c.left), of(c.right)) for c in equalities if not c.same]
    may_be: dict[str, frozenset[str]] = {}
    for c in constraints:
        if isinstance(c, Among):
            may_be[of(c.name)] = may_be.get(of(c.name), c.words) & c.words
    for name in [name for name in group if name.startswith("=")]:
        own = frozenset([name])
        may_be[of(name)] = may_be.get(of(name), own) & own
    if any(left == right for left, right in unlike) or not all(may_be.values()):
        return False
    for left, right in [*unlike, *(pair[::-1] for pair in unlike)]:
        if left in may_be and len(may_be.get(right, ())) == 1:
            may_be[left] -= may_be[right]
    return all(may_be.values())


# Reading conditions ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """What a name means: its variable, what is known of it, and of which alias it speaks."""

    variable: str
    known: Known
    alias: str


@dataclass(frozen=True)
class Reader:
    """Reads the patterns of a rule; `tags` names its aliases as they are to be compared."""

    lexicon: Lexicon
    aliases: Mapping[str, tuple[str, ...]]
    tags: Mapping[str, str]

    def alternatives(self, alias: str, text: str) -> list[Branch]:
        """All the ways in which a pattern may find its fact: for each kind, each branch."""
        kinds, rest = kinds_and_condition(text)
        if not rest.strip():
            return [self._of_kind(alias, kind) for kind in kinds]
        return self.branches(alias, kinds, parse_condition(rest, self.lexicon.currency))

    def with_alias(self, alias: str, kinds: tuple[str, ...], tag: str) -> Reader:
        """The same with one more alias."""
        return replace(self, aliases={**self.aliases, alias: kinds}, tags={**self.tags, alias: tag})

    def branches(self, alias: str, kinds: Iterable[str], condition: Condition) -> list[Branch]:
        """The ways in which a condition may hold of a fact of one of these kinds."""
        return [
            _Atoms(self, alias, kind).read(branch) | self._of_kind(alias, kind)
            for kind in kinds
            for branch in branches(condition)
        ]

    def _of_kind(self, alias: str, kind: str) -> Branch:
        return frozenset([alike(f"{self.tags[alias]}.kind", f"={kind}", same=True)])

    def find(self, text: str, own: str) -> _Found | None:
        """What a name means in a pattern; None where it is a word that means itself."""
        alias, _, name = text.rpartition(".")
        speaks_of = alias if alias in self.aliases else own if not alias else ""
        known = self._merged(speaks_of, name) if speaks_of else None
        if known is not None:
            return _Found(f"{self.tags[speaks_of]}.{name}", known, speaks_of)
        known = self.lexicon.name(text)
        return None if known is None else _Found(text, known, "")

    def _merged(self, alias: str, name: str) -> Known | None:
        """What is known of a field, whichever of the alias's kinds the fact is of."""
        found = [k for kind in self.aliases[alias] if (k := self.lexicon.field(kind, name))]
        if not found:
            return None
        least = [k.least for k in found if k.least is not None]
        among = [k.among for k in found if k.among]
        return replace(
            found[0],
            choices=tuple(dict.fromkeys(word for k in found for word in k.choices)),
            among=tuple(sorted({w for a in among for w in a})) if len(among) == len(found) else (),
            least=min(least) if len(least) == len(found) else None,
            always=len(found) == len(self.aliases[alias]) and all(k.always for k in found),
        )


@dataclass
class _Atoms:
    """Reads the tests of one branch of one pattern, for a fact of one kind."""

    reader: Reader
    alias: str
    kind: str

    def read(self, branch: Iterable[Comparison | Presence]) -> Branch:
        return frozenset(c for atom in branch for c in self._atom(atom))

    def _atom(self, atom: Comparison | Presence) -> Iterator[Constraint]:
        if isinstance(atom, Presence):
            found = self.reader.find(atom.name.text, self.alias)
            own = self.reader.lexicon.field(self.kind, atom.name.text.rpartition(".")[2])
            impossible = own.always if own and not atom.present else own is None and atom.present
            if found is None or impossible:
                yield from NEVER
            else:
                yield Holds(f"{found.variable} is there", atom.present)
            return
        yield from self._given(atom)
        left, right = self._word(atom.left, atom.right), self._word(atom.right, atom.left)
        types = {self._type(atom.left, left), self._type(atom.right, right)}
        if atom.op not in ("==", "!=") or types <= {*ORDERED}:
            yield from self._ordered(atom)
        elif types & {"names", "name", "duration", "schedule"}:
            yield from self._opaque(atom, left, right)
        else:
            yield from self._alike(atom, left, right, as_text="text" in types)

    def _given(self, atom: Comparison) -> Iterator[Constraint]:
        """What a comparison says of each name in it, however it comes out."""
        for side, other in ((atom.left, atom.right), (atom.right, atom.left)):
            place = self._place(side)
            for name in names_in(side):
                found = self.reader.find(name.text, self.alias)
                if found is None or (name is side and self._word(name, other) is not None):
                    continue
                variable, known = self._variable(found, place), found.known
                own_kind = self.reader.lexicon.field(self.kind, name.text.rpartition(".")[2])
                if found.alias == self.alias and own_kind is None:
                    yield from NEVER
                elif found.alias == self.alias and own_kind is not None:
                    known = own_kind
                if found.alias:
                    yield Holds(f"{variable} is there", true=True)
                yield from _range(variable, known)

    def _place(self, side: Expression) -> str:
        """The alias on whose fact a side is figured: there terms and states are looked up."""
        spoken = (self.reader.find(name.text, self.alias) for name in names_in(side))
        return next((f.alias for f in spoken if f is not None and f.alias), self.alias)

    def _variable(self, found: _Found, place: str) -> str:
        return found.variable if found.alias else f"{self.reader.tags[place]}!{found.variable}"

    def _word(self, side: Expression, other: Expression) -> str | None:
        """The word that a side is, written out or bare; None where it is none."""
        if isinstance(side, Literal):
            if isinstance(side.value, bool):
                return "true" if side.value else "false"
            return side.value if isinstance(side.value, str) else None
        if not isinstance(side, Name):
            return None
        beside = self.reader.find(other.text, self.alias) if isinstance(other, Name) else None
        bare = beside is not None and side.text in beside.known.choices
        return side.text if bare or self.reader.find(side.text, self.alias) is None else None

    def _type(self, side: Expression, word: str | None) -> str:
        if isinstance(side, Literal):
            return side.type
        if isinstance(side, Name):
            found = self.reader.find(side.text, self.alias)
            return "word" if word is not None or found is None else found.known.type
        if isinstance(side, Sum):
            types = (self._type(side.left, None), self._type(side.right, None))
            return "number" if types == ("date", "date") else types[0]
        return "money"  # whatever else is put together is an ordered figure

    def _operand(self, side: Expression, word: str | None, *, as_text: bool = False) -> str:
        if word is not None:
            return f"={fold(word, 'text') if as_text else word}"
        return self._plain(side) + ("~text" if as_text else "")

    def _plain(self, side: Expression) -> str:
        """The text of an expression, its names told apart by the facts that they speak of."""
        place = self._place(side)

        def named(name: Name) -> Name:
            found = self.reader.find(name.text, self.alias)
            return name if found is None else Name(self._variable(found, place))

        return unparse(_renamed(side, named), "")

    def _opaque(self, atom: Comparison, left: str | None, right: str | None) -> Branch:
        sides = sorted([self._operand(atom.left, left), self._operand(atom.right, right)])
        if sides[0] == sides[1]:
            return frozenset() if atom.op == "==" else NEVER
        return frozenset([Holds(" is ".join(sides), atom.op == "==")])

    def _alike(
        self, atom: Comparison, left: str | None, right: str | None, *, as_text: bool
    ) -> Branch:
        one = self._operand(atom.left, left, as_text=as_text)
        other = self._operand(atom.right, right, as_text=as_text)
        return frozenset([alike(one, other, same=atom.op == "==")])

    def _ordered(self, atom: Comparison) -> Branch:
        """`left - right` against nothing, as a difference of two values where it is one."""
        weights, constant, whole = self._difference(atom)
        more = [name for name, weight in weights.items() if weight == 1]
        less = [name for name, weight in weights.items() if weight == -1]
        if len(more) > 1 or len(less) > 1 or any(abs(w) > 1 for w in weights.values()):
            first = sorted(weights)[0]
            sign = 1 if weights[first] > 0 else -1
            text = " ".join(f"{sign * weights[name]}×{name}" for name in sorted(weights))
            more, less = ([text], []) if sign > 0 else ([], [text])
        left, right = "".join(more), "".join(less)
        step = SCALE if whole else 1
        made: dict[str, list[Constraint]] = {
            "<": [Order(left, right, -constant - step)],
            "<=": [Order(left, right, -constant)],
            ">": [Order(right, left, constant - step)],
            ">=": [Order(right, left, constant)],
            "==": [Order(left, right, -constant), Order(right, left, constant)],
            "!=": [Apart(left, right, -constant), Order(left, right, 10**30)],
        }
        return frozenset(made[atom.op])

    def _difference(self, atom: Comparison) -> tuple[dict[str, int], int, bool]:
        """The weights of the values in `left - right`, what is added, and if all are whole."""
        weights: dict[str, int] = {}
        constant, whole = 0, True
        for side, sign in ((atom.left, 1), (atom.right, -1)):
            parts = self._parts(side, sign, self._place(side))
            if parts is None:
                parts, whole = [(self._plain(side), sign)], False
            for part, weight in parts:
                if isinstance(part, int):
                    constant += part * weight * SCALE
                else:
                    weights[part] = weights.get(part, 0) + weight
        return {name: weight for name, weight in weights.items() if weight}, constant, whole

    def _parts(self, side: Expression, sign: int, place: str) -> list[tuple[str | int, int]] | None:
        """The values and figures that a side adds up; None where it does more than that."""
        if isinstance(side, Literal):
            value = side.value
            if isinstance(value, Duration):
                return [(value.count, sign)] if value.unit == "days" else None
            return [(value, sign)] if isinstance(value, int) else None
        if isinstance(side, Name):
            found = self.reader.find(side.text, self.alias)
            if found is None or found.known.type not in ORDERED:
                return None
            return [(self._variable(found, place), sign)]
        if isinstance(side, Sum):
            left = self._parts(side.left, sign, place)
            right = self._parts(side.right, sign if side.op == "+" else -sign, place)
            return None if left is None or right is None else left + right
        return None


def _range(variable: str, known: Known) -> Iterator[Constraint]:
    words = known.among or known.choices
    if known.type == "boolean":
        words = ("true", "false")
    if words:
        yield Among(variable, frozenset(f"={word}" for word in words))
    if known.least is not None:
        yield Order("", variable, -known.least * SCALE)


def names_in(expression: Any) -> Iterator[Name]:
    """The names in an expression, whatever it is put together of."""
    if isinstance(expression, Name):
        yield expression
    elif isinstance(expression, tuple):
        for part in expression:
            yield from names_in(part)
    elif is_dataclass(expression) and not isinstance(expression, Literal):
        for each in fields(expression):
            yield from names_in(getattr(expression, each.name))


def _renamed(expression: Any, named: Any) -> Any:
    """The expression with other names."""
    if isinstance(expression, Name):
        return named(expression)
    if isinstance(expression, tuple):
        return tuple(_renamed(part, named) for part in expression)
    if not is_dataclass(expression) or isinstance(expression, Literal | type):
        return expression
    made = {e.name: _renamed(getattr(expression, e.name), named) for e in fields(expression)}
    return replace(expression, **made)


def negation(condition: Condition) -> Condition:
    """What holds where the condition does not, and all that it asks about is there."""
    return Logic("not", (condition,))


def in_words(branch: Iterable[Comparison | Presence]) -> str:
    """A branch of a condition as it would be written."""
    said = []
    for atom in branch:
        if isinstance(atom, Presence):
            said.append(f"{atom.name.text} is {'present' if atom.present else 'absent'}")
        else:
            said.append(f"{unparse(atom.left, '')} {atom.op} {unparse(atom.right, '')}")
    return " and ".join(said)
