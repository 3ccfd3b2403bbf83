"""The words of rules: expressions over facts, terms and state, parsed, typed and compiled."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, Protocol

from checker.dates import Duration, iso, parse_day, parse_duration, parse_schedule
from checker.model import Value, did_you_mean
from checker.money import (
    RATE_ONE,
    grouped,
    parse_money,
    parse_rate,
    parse_ratio,
    parse_rounding,
    percent,
    ratio,
    settled,
)

TEXTS = ("word", "text", "name", "fact", "target", "index", "term")
ORDERED = ("money", "rate", "ratio", "date", "number")
TYPES = (*ORDERED, "boolean", "duration", "schedule", "rounding", *TEXTS)

TermValue = Value | Duration | object
"""What a term may hold: a fact's value, a length of time, a schedule, a rounding, a product that
is not yet rounded (a Fraction of cents), or None for `none`."""


class Misspoken(Exception):
    """An expression that means nothing, with the offset of the word at fault."""

    def __init__(self, message: str, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.offset, self.hint = message, offset, hint


# Literals ----------------------------------------------------------------------------------------


def parse_literal(text: str, type_: str, currency: str) -> TermValue:
    """The value of `text` as a literal of that type; ValueError where it is none."""
    if type_ == "money":
        return parse_money(text, currency)
    if type_ == "number":
        if not re.fullmatch(r"-?\d{1,12}", text, re.ASCII):
            raise ValueError("not a whole number")
        return int(text)
    if type_ == "boolean":
        if text not in ("true", "false"):
            raise ValueError("write true or false")
        return text == "true"
    parsers: dict[str, Callable[[str], TermValue]] = {
        "rate": parse_rate,
        "ratio": parse_ratio,
        "rounding": parse_rounding,
        "date": parse_day,
        "duration": parse_duration,
        "schedule": parse_schedule,
    }
    return parsers[type_](text) if type_ in parsers else text


_SHAPES = {
    "date": r"\d{4}-\d+-\d+",
    "rate": r"-?[\d.,]+ ?%",
    "ratio": r"[\d.]+ to [\d.]+",
    "rounding": r"(?:up|down|nearest)(?: to)? [\d./]+ ?%",
    "schedule": r"every .+",
    "number": r"-?\d+",
    "boolean": r"true|false",
    "money": r"[A-Z]{3} ?-?\d[\d.,]*",
    "duration": r"\d+ ?[a-z][a-z ]*",
}


def infer_type(text: str) -> str:
    """The type that a literal shows by its shape, even where it is not quite a value of it.

    ValueError where the shape is that of two types, or of none and of more than a word.
    """
    if re.fullmatch(r"-?[\d,]*\.\d+", text, re.ASCII):
        raise ValueError(f"rate or money? write {text}%, or USD {text} in the contract's currency")
    fitting = (t for t, shape in _SHAPES.items() if re.fullmatch(shape, text, re.ASCII))
    type_ = next(fitting, "word")
    if type_ == "word" and " " in text:
        raise ValueError("neither a figure nor a single word: give its type, such as name or text")
    return type_


@lru_cache(maxsize=4096)
def fold(text: str, type_: str) -> str:
    """The form in which texts are compared: names without case and punctuation, words as such."""
    if type_ == "name":
        return " ".join(re.sub(r"[^\w\s&]", " ", text.casefold()).split())
    return " ".join(text.casefold().split()) if type_ == "text" else text


def show(value: object, type_: str) -> str:
    """A value as sentences show it: 146,712.33, 2001-06-29, 10.50%."""
    value = settled(value)
    if type(value) is int:
        return _SHOWN.get(type_, str)(value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


_SHOWN: dict[str, Callable[[int], str]] = {
    "money": grouped, "rate": percent, "ratio": ratio, "date": iso,
}  # fmt: skip


# The tree ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out, with its type."""

    value: TermValue
    type: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Name:
    """A word that names a field, an alias's field, a term, a state, or itself."""

    text: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Sum:
    """`left + right` or `left - right`."""

    op: str
    left: Expression
    right: Expression
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Product:
    """`left of right`: a share of an amount, such as `5.00% of unpaid`."""

    left: Expression
    right: Expression
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Extreme:
    """`lesser(a, b)` or `greater(a, b)`, of two or more."""

    op: str
    parts: tuple[Expression, ...]
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left op right`, op one of == != < <= > >=."""

    op: str
    left: Expression
    right: Expression
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Presence:
    """`field is present` or `field is absent`."""

    name: Name
    present: bool
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Logic:
    """`and`, `or` over its parts, or `not` over one."""

    op: str
    parts: tuple[Condition, ...]
    offset: int = 0


Expression = Literal | Name | Sum | Product | Extreme
Condition = Comparison | Presence | Logic

OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
MIRROR = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

# The parser --------------------------------------------------------------------------------------

MAX_TOKENS = 300
MAX_DEPTH = 40
MAX_BRANCHES = 64  # each becomes a rule of the engine

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<date>\d{4}-\d{2}-\d{2}(?![\w-]))
    | (?P<ratio>\d+(?:\.\d+)?\ to\ 1(?:\.0+)?(?![\w.]))
    | (?P<rate>\d+(?:\.\d+)?%)
    | (?P<duration>\d+\ (?:calendar\ |business\ )?(?:days?|months?|years?)(?![\w-]))
    | (?P<money>(?:[A-Z]{3}\ )?\d[\d,]*\.\d\d(?!\d))
    | (?P<number>\d+(?![\w.,]))
    | (?P<text>'[^']*'|"[^"]*")
    | (?P<op><=|>=|==|!=|<|>|\+|-(?=\s)|\(|\)|,)
    | (?P<word>[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)
    )""",
    re.VERBOSE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


def _tokens(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            offset = end - len(text[at:end].lstrip())
            raise Misspoken(f"not understood: '{text[offset : offset + 12]}'", offset)
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], found.start(kind))
        at = found.end()


class _Parser:
    def __init__(self, text: str, currency: str) -> None:
        self.tokens = [*islice(_tokens(text), MAX_TOKENS + 1), _Token("end", "", len(text))]
        self.at, self.currency, self.depth = 0, currency, 0
        if len(self.tokens) > MAX_TOKENS + 1:  # nobody could read it, and what follows recurses
            raise Misspoken("too long: write several", self.tokens[MAX_TOKENS].offset)

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self, *texts: str) -> _Token | None:
        """The next token, taken, where it is one of these words or signs."""
        token = self.next
        if token.text in texts and token.kind in ("word", "op"):
            self.at += 1
            return token
        return None

    def expect(self, text: str) -> None:
        if self.take(text) is None:
            raise Misspoken(f"expected '{text}'", self.next.offset)

    def end(self) -> None:
        if self.next.kind != "end":
            raise Misspoken(f"not expected here: '{self.next.text}'", self.next.offset)

    def condition(self) -> Condition:
        return self._logic("or", lambda: self._logic("and", self._unary))

    def _logic(self, op: str, part: Callable[[], Condition]) -> Condition:
        offset, parts = self.next.offset, [part()]
        while self.take(op):
            parts.append(part())
        return parts[0] if len(parts) == 1 else Logic(op, tuple(parts), offset)

    def _unary(self) -> Condition:
        token = self.take("not", "(")
        if token is None:
            return self._comparison()
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Misspoken("nested too deeply", token.offset)
        if token.text == "not":
            inner: Condition = Logic("not", (self._unary(),), token.offset)
        else:
            inner = self.condition()
            self.expect(")")
        self.depth -= 1
        return inner

    def _comparison(self) -> Condition:
        left, offset = self.sum(), self.next.offset
        if op := self.take("==", "!=", "<", "<=", ">", ">="):
            return Comparison(op.text, left, self.sum(), offset)
        if self.take("is"):
            negated = self.take("not") is not None
            if word := self.take("present", "absent"):
                return self._presence(left, (word.text == "present") != negated, offset)
            return Comparison("!=" if negated else "==", left, self.sum(), offset)
        negated = self.take("not") is not None
        if self.take("in"):
            return self._membership(left, negated, offset)
        if negated:
            raise Misspoken("expected 'in' after 'not'", self.next.offset)
        return Comparison("==", left, Literal(True, "boolean", offset), left.offset)

    def _presence(self, left: Expression, present: bool, offset: int) -> Presence:
        if not isinstance(left, Name):
            raise Misspoken("only a field can be present or absent", offset)
        return Presence(left, present, offset)

    def _membership(self, left: Expression, negated: bool, offset: int) -> Condition:
        if not self.take("("):  # in a state that holds several names
            return Comparison("!=" if negated else "==", left, self._operand(), offset)
        choices = [self.sum()]
        while self.take(","):
            choices.append(self.sum())
        self.expect(")")
        op, joined = ("!=", "and") if negated else ("==", "or")
        return Logic(joined, tuple(Comparison(op, left, c, offset) for c in choices), offset)

    def sum(self) -> Expression:
        left = self._product()
        while op := self.take("+", "-"):
            left = Sum(op.text, left, self._product(), op.offset)
        return left

    def _product(self) -> Expression:
        left = self._operand()
        while op := self.take("of"):
            left = Product(left, self._operand(), op.offset)
        return left

    def _extreme(self, token: _Token) -> Expression:
        self.expect("(")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Misspoken("nested too deeply", token.offset)
        parts = [self.sum()]
        while self.take(","):
            parts.append(self.sum())
        self.expect(")")
        self.depth -= 1
        if len(parts) == 1:
            raise Misspoken(f"'{token.text}' is of two or more", token.offset)
        return Extreme(token.text, tuple(parts), token.offset)

    def _operand(self) -> Expression:
        token = self.next
        self.at += 1
        if token.kind == "word":
            if token.text in ("true", "false"):
                return Literal(token.text == "true", "boolean", token.offset)
            if token.text in ("lesser", "greater") and self.next.text == "(":
                return self._extreme(token)
            return Name(token.text, token.offset)
        if token.kind == "text":
            return Literal(token.text[1:-1], "text", token.offset)
        if token.kind in ("op", "end"):
            raise Misspoken("a value is missing here", token.offset)
        try:
            value = parse_literal(token.text, token.kind, self.currency)
        except ValueError as error:
            raise Misspoken(str(error), token.offset) from None
        return Literal(value, token.kind, token.offset)


def parse_expression(text: str, currency: str) -> Expression:
    """An expression such as `missed.due + 5 calendar days`; Misspoken where it is none."""
    parser = _Parser(text, currency)
    parsed = parser.sum()
    parser.end()
    return parsed


def parse_condition(text: str, currency: str) -> Condition:
    """A condition such as `unpaid > 0.00 and not in_writing`; Misspoken where it is none."""
    parser = _Parser(text, currency)
    parsed = parser.condition()
    parser.end()
    return parsed


def branches(condition: Condition) -> list[list[Comparison | Presence]]:
    """The condition as alternatives of conjunctions; the engine takes one rule a branch.

    Misspoken where there are more of them than a rule should have.
    """
    if isinstance(condition, Comparison | Presence):
        return [[condition]]
    if condition.op == "not":
        return branches(_negate(condition.parts[0]))
    found: list[list[Comparison | Presence]] = [] if condition.op == "or" else [[]]
    for part in condition.parts:
        of_part = branches(part)
        if condition.op == "or":
            found += of_part
        else:
            found = [done + branch for done in found for branch in of_part]
        if len(found) > MAX_BRANCHES:
            raise Misspoken("too many alternatives: write several rules", condition.offset)
    return found


def _negate(condition: Condition) -> Condition:
    if isinstance(condition, Comparison):
        return Comparison(OPPOSITE[condition.op], condition.left, condition.right, condition.offset)
    if isinstance(condition, Presence):
        return Presence(condition.name, not condition.present, condition.offset)
    if condition.op == "not":
        return condition.parts[0]
    op = {"and": "or", "or": "and"}[condition.op]
    return Logic(op, tuple(_negate(part) for part in condition.parts), condition.offset)


# Meaning -----------------------------------------------------------------------------------------


class Surroundings(Protocol):
    """What an expression may speak of besides facts: terms, state and the day."""

    def lookup(self, name: str) -> TermValue:
        """The value in force of a term, a state variable, a power's state or `today`."""


class Naming(Surroundings):
    """Surroundings that also know by which names a party goes."""

    def canonical(self, name: str) -> str:
        """The folded name of the party in force where the name is one of its, else the fold."""
        raise NotImplementedError


Facts = Mapping[str, Mapping[str, Value]]
"""Alias to the values of the fact that stands for it; the pattern's own fact is under ``""``."""

Compiled = Callable[[Facts, Surroundings], TermValue]


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression with its type, the aliases it speaks of, and how to evaluate it.

    `choices` are the words it may hold, where these are known; `evaluate` gives None where a
    field that it needs is absent. `name` is the plain field or term, where it is only that.
    `names` are the terms and states that it asks for; `whole` is false where it may give a
    product that is not yet rounded.
    """

    type: str
    aliases: frozenset[str]
    evaluate: Compiled
    choices: tuple[str, ...] = ()
    name: str = ""
    literal: bool = False
    names: frozenset[str] = frozenset()
    whole: bool = True

    def settled(self, facts: Facts, surroundings: Surroundings) -> TermValue:
        """The value, a product rounded half up to the cent."""
        return settled(self.evaluate(facts, surroundings))


@dataclass(frozen=True)
class Scope:
    """What names mean: fields of the aliases' kinds (own kind under ``""``), and surroundings.

    `fields` maps alias -> field -> (type, choices); `names` maps the names of terms, states and
    powers to (type, choices).
    """

    fields: Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]]
    names: Mapping[str, tuple[str, tuple[str, ...]]]
    currency: str
    calendar: str = "federal-reserve"  # by which `2 business days` are counted

    def resolve(self, expression: Expression, expected: Typed | None = None) -> Typed:
        """The typed meaning of an expression; `expected` lets a bare word be one of its choices."""
        if isinstance(expression, Literal):
            value = expression.value
            return Typed(
                expression.type, frozenset(), lambda _f, _s: value, name=str(value), literal=True
            )
        if isinstance(expression, Sum):
            return self._sum(expression)
        if isinstance(expression, Product):
            return self._product(expression)
        if isinstance(expression, Extreme):
            return self._extreme(expression)
        return self._name(expression, expected)

    def sides(self, atom: Comparison) -> tuple[Typed, Typed]:
        """Both sides with their meaning; a bare word means one of the other side's choices."""
        try:
            left = self.resolve(atom.left)
        except Misspoken as unknown:
            try:
                right = self.resolve(atom.right)
            except Misspoken:
                raise unknown from None
            left = self.resolve(atom.left, right)
        else:
            right = self.resolve(atom.right, left)
        for side, other in ((left, right), (right, left)):
            _check_words(side, other, atom)
        return _zero(left, right), _zero(right, left)

    def _name(self, name: Name, expected: Typed | None) -> Typed:
        if expected is not None and name.text in expected.choices:
            word = name.text
            return Typed("word", frozenset(), lambda _f, _s: word, name=word, literal=True)
        alias, _, field = name.text.rpartition(".")
        if alias in self.fields and field in self.fields[alias]:
            return self._field(alias, field)
        if name.text in self.names:
            type_, choices = self.names[name.text]
            text = name.text
            names = frozenset([text])
            return Typed(
                type_, frozenset(), lambda _f, s: s.lookup(text), choices, text, names=names
            )
        raise Misspoken(*self._unknown(name, alias, expected))

    def _field(self, alias: str, field: str) -> Typed:
        type_, choices = self.fields[alias][field]

        def evaluate(facts: Facts, _s: Surroundings) -> TermValue:
            return facts[alias].get(field)

        return Typed(type_, frozenset([alias]), evaluate, choices, field)

    def _unknown(self, name: Name, alias: str, expected: Typed | None) -> tuple[str, int, str]:
        if expected is not None and expected.choices and not alias:
            message = f"'{name.text}' is none of the words that '{expected.name}' may be"
            return message, name.offset, did_you_mean(name.text, expected.choices)
        if alias and alias in self.fields:
            field = name.text.rpartition(".")[2]
            hint = did_you_mean(field, self.fields[alias])
            return f"'{alias}' has no field '{field}'", name.offset, hint
        known = [*self.names, *self.fields.get("", ())]
        known += [f"{a}.{f}" for a, fields in self.fields.items() if a for f in fields]
        return f"unknown name '{name.text}'", name.offset, did_you_mean(name.text, known)

    def _sum(self, expression: Sum) -> Typed:
        left, right = self.resolve(expression.left), self.resolve(expression.right)
        type_ = _sum_type(expression.op, left.type, right.type)
        if type_ is None:
            raise Misspoken(
                f"a {left.type} {expression.op} a {right.type} means nothing", expression.offset
            )
        sign, calendar = 1 if expression.op == "+" else -1, self.calendar

        def evaluate(facts: Facts, surroundings: Surroundings) -> TermValue:
            a, b = left.evaluate(facts, surroundings), right.evaluate(facts, surroundings)
            if type(a) is int and type(b) is int:
                return a + sign * b
            if isinstance(b, Duration) and isinstance(a, int):
                length = b if sign > 0 else Duration(-b.count, b.unit)
                return length.after(a, calendar)
            if isinstance(a, int | Fraction) and isinstance(b, int | Fraction):
                return a + sign * b
            return None

        return _made_of(type_, evaluate, (left, right))

    def _product(self, expression: Product) -> Typed:
        left, right = self.resolve(expression.left), self.resolve(expression.right)
        if left.type not in ("rate", "ratio") or right.type != "money":
            raise Misspoken(f"a {left.type} of a {right.type} means nothing", expression.offset)

        def evaluate(facts: Facts, surroundings: Surroundings) -> TermValue:
            a, b = left.evaluate(facts, surroundings), right.evaluate(facts, surroundings)
            if isinstance(a, int) and isinstance(b, int | Fraction):
                return Fraction(b.numerator * a, b.denominator * RATE_ONE)
            return None

        return _made_of("money", evaluate, (left, right), whole=False)

    def _extreme(self, expression: Extreme) -> Typed:
        parts = [self.resolve(part) for part in expression.parts]
        odd = next((p.type for p in parts if p.type != parts[0].type), "")
        if odd or parts[0].type not in ORDERED:
            what = f"a {parts[0].type} and a {odd}" if odd else f"a {parts[0].type}"
            raise Misspoken(f"'{expression.op}' cannot compare {what}", expression.offset)
        pick: Callable[..., Any] = min if expression.op == "lesser" else max

        def evaluate(facts: Facts, surroundings: Surroundings) -> TermValue:
            values = [part.evaluate(facts, surroundings) for part in parts]
            # What is absent, or left open, sets no limit.
            known = [value for value in values if isinstance(value, int | Fraction)]
            return pick(known) if known else None

        return _made_of(parts[0].type, evaluate, parts)


def _made_of(
    type_: str, evaluate: Compiled, parts: Sequence[Typed], *, whole: bool = True
) -> Typed:
    """The meaning of something put together: it speaks of all that its parts speak of."""
    return Typed(
        type_,
        frozenset().union(*(part.aliases for part in parts)),
        evaluate,
        names=frozenset().union(*(part.names for part in parts)),
        whole=whole and all(part.whole for part in parts),
    )


def _check_words(side: Typed, other: Typed, atom: Comparison) -> None:
    if not (side.literal and other.choices and isinstance(atom.right, Literal)):
        return
    if side.type in TEXTS and side.name not in other.choices:
        raise Misspoken(
            f"'{side.name}' is none of the words that '{other.name}' may be",
            atom.right.offset,
            did_you_mean(side.name, other.choices),
        )


def _zero(side: Typed, other: Typed) -> Typed:
    """A plain 0 stands for nothing of any measure."""
    if side.literal and side.type == "number" and side.name == "0" and other.type in ORDERED:
        return Typed(other.type, side.aliases, side.evaluate, name="0", literal=True)
    return side


def _sum_type(op: str, left: str, right: str) -> str | None:
    if left == "date" and right == "duration":
        return "date"
    if left == right == "date":
        return "number" if op == "-" else None
    return left if left == right and left in ("money", "rate", "ratio", "number") else None


def comparable(left: Typed, right: Typed, op: str) -> str | None:
    """How two sides are compared: the fold for texts, else their type; None where they cannot."""
    if "names" in (left.type, right.type) and {left.type, right.type} & set(TEXTS):
        return "names" if op in ("==", "!=") else None
    if left.type in TEXTS and right.type in TEXTS:
        if op not in ("==", "!="):
            return None
        types = {left.type, right.type}
        return "name" if "name" in types else "text" if "text" in types else "word"
    if left.type != right.type or left.type in ("duration", "schedule", "rounding"):
        return None
    return left.type if op in ("==", "!=") or left.type in ORDERED else None


# Conditions over what stands --------------------------------------------------------------------

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Circumstance:
    """A condition over terms, state and the day; `names` are those that it asks for.

    `days` are what it compares with today: on such a day, or the one after it, it may turn.
    """

    holds: Callable[[Naming], bool]
    names: frozenset[str]
    days: tuple[Typed, ...] = ()


def circumstance(text: str, scope: Scope) -> Circumstance:
    """The condition of a setting that depends on state; Misspoken where it means nothing."""
    alternatives = [
        [_atom(atom, scope) for atom in branch]
        for branch in branches(parse_condition(text, scope.currency))
    ]
    atoms = [atom for branch in alternatives for atom in branch]
    together = [_held_by([atom.holds for atom in branch], all) for branch in alternatives]
    return Circumstance(
        _held_by(together, any),
        frozenset().union(*(atom.names for atom in atoms)),
        tuple(day for atom in atoms for day in atom.days),
    )


def _held_by(
    parts: Sequence[Callable[[Naming], bool]], how: Callable[[Iterable[bool]], bool]
) -> Callable[[Naming], bool]:
    """Whether all of them hold, or any does; most conditions have one part alone."""
    if len(parts) == 1:
        return parts[0]
    return lambda naming: how(part(naming) for part in parts)


def _atom(atom: Comparison | Presence, scope: Scope) -> Circumstance:
    if isinstance(atom, Presence):
        typed, present = scope.resolve(atom.name), atom.present
        return Circumstance(
            lambda naming: (typed.evaluate({}, naming) is not None) == present, typed.names
        )
    left, right = scope.sides(atom)
    how = comparable(left, right, atom.op)
    if how is None:
        raise Misspoken(
            f"a {left.type} and a {right.type} cannot stand around '{atom.op}'", atom.offset
        )
    compare = OPERATORS[atom.op]

    def holds(naming: Naming) -> bool:
        a = _comparable_value(left.evaluate({}, naming), how, naming)
        b = _comparable_value(right.evaluate({}, naming), how, naming)
        if isinstance(a, frozenset) or isinstance(b, frozenset):
            return compare(a in b if isinstance(b, frozenset) else b in a, True)
        return a is not None and b is not None and compare(a, b)

    days = [
        other
        for side, other in ((left, right), (right, left))
        if "today" in side.names and other.type == "date"
    ]
    return Circumstance(holds, left.names | right.names, tuple(days))


def _comparable_value(value: Any, how: str, naming: Naming) -> Any:
    if not isinstance(value, str):
        return value
    return naming.canonical(value) if how in ("name", "names") else fold(value, how)


# Sentences ---------------------------------------------------------------------------------------

_HOLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Sentence:
    """A sentence with holes: its fixed pieces, and what fills the holes between them."""

    pieces: tuple[str, ...]
    holes: tuple[Typed, ...]

    def fill(self, facts: Facts, surroundings: Surroundings) -> str:
        """The sentence with its values shown as a person writes them."""
        if not self.holes:
            return self.pieces[0]
        return self._form % tuple([shown(facts, surroundings) for shown in self._shown])

    @cached_property
    def _form(self) -> str:
        return "%s".join(piece.replace("%", "%%") for piece in self.pieces)

    @cached_property
    def _shown(self) -> tuple[Callable[[Facts, Surroundings], str], ...]:
        return tuple(_shown(hole) for hole in self.holes)


def _shown(hole: Typed) -> Callable[[Facts, Surroundings], str]:
    """What writes the value of a hole."""
    evaluate, type_ = hole.evaluate, hole.type
    of_whole = _SHOWN.get(type_, str)

    def shown(facts: Facts, surroundings: Surroundings) -> str:
        value = evaluate(facts, surroundings)
        if type(value) is int:
            return of_whole(value)
        return value if isinstance(value, str) else show(value, type_)

    return shown


def parse_sentence(text: str, scope: Scope) -> Sentence:
    """A sentence whose `{…}` are expressions of the scope; Misspoken where one is not."""
    parts = _HOLE.split(text)
    holes = []
    for index, piece in enumerate(parts[0::2]):
        if stray := re.search("[{}]", piece):
            offset = len("".join(parts[: 2 * index])) + 2 * index + stray.start()
            raise Misspoken(f"this '{stray.group()}' stands alone", offset)
    for index, hole in enumerate(parts[1::2]):
        offset = len("".join(parts[: 2 * index + 1])) + 2 * index + 1
        try:
            holes.append(scope.resolve(parse_expression(hole, scope.currency)))
        except Misspoken as error:
            raise Misspoken(error.message, offset + error.offset, error.hint) from None
    return Sentence(tuple(parts[0::2]), tuple(holes))
