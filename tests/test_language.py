"""The words of rules: what parses and how, what is misspoken and where, and what it comes to."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.dates import Duration, iso, parse_day
from checker.language import (
    MAX_BRANCHES,
    MAX_DEPTH,
    MAX_TOKENS,
    Comparison,
    Condition,
    Expression,
    Extreme,
    Literal,
    Logic,
    Misspoken,
    Name,
    Presence,
    Product,
    Scope,
    Sum,
    TermValue,
    branches,
    comparable,
    fold,
    infer_type,
    parse_condition,
    parse_expression,
    parse_literal,
    parse_sentence,
)


def spoken(tree: Condition | Expression) -> str:  # noqa: PLR0911  # one for each kind of node
    """The tree written out with all its parentheses."""
    if isinstance(tree, Literal):
        return f"{tree.type}:{tree.value}"
    if isinstance(tree, Name):
        return tree.text
    if isinstance(tree, Sum | Comparison):
        return f"({spoken(tree.left)} {tree.op} {spoken(tree.right)})"
    if isinstance(tree, Presence):
        return f"({'has' if tree.present else 'lacks'} {tree.name.text})"
    if isinstance(tree, Product):
        return f"({spoken(tree.left)} of {spoken(tree.right)})"
    if isinstance(tree, Extreme):
        return f"{tree.op}({', '.join(spoken(part) for part in tree.parts)})"
    if tree.op == "not":
        return f"(not {spoken(tree.parts[0])})"
    return f"({f' {tree.op} '.join(spoken(part) for part in tree.parts)})"


# The parser --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a > b", "(a > b)"),
        ("a or b and c", "((a == boolean:True) or ((b == boolean:True) and (c == boolean:True)))"),
        ("(a > b or c > d) and e > f", "(((a > b) or (c > d)) and (e > f))"),
        ("not a > b and c > d", "((not (a > b)) and (c > d))"),
        ("not (a > b and c > d)", "(not ((a > b) and (c > d)))"),
        ("5.00% of a + b > c of d", "(((rate:500000000 of a) + b) > (c of d))"),
        ("of == a.of", "(of == a.of)"),
        (
            "lesser(a, b + c, 1.00) < greater(d, e)",
            "(lesser(a, (b + c), money:100) < greater(d, e))",
        ),
        ("a >= 3.50 to 1.00 of b", "(a >= (ratio:35000000000 of b))"),
        ("not not a == b", "(not (not (a == b)))"),
        ("a > b and c > d and e > f", "((a > b) and (c > d) and (e > f))"),
        ("a in (x, y)", "((a == x) or (a == y))"),
        ("a not in (x, y)", "((a != x) and (a != y))"),
        ("a in holders", "(a == holders)"),
        ("a not in holders", "(a != holders)"),
        ("a is x", "(a == x)"),
        ("a is not x", "(a != x)"),
        ("a is present", "(has a)"),
        ("a is absent", "(lacks a)"),
        ("a is not present", "(lacks a)"),
        ("a is not absent", "(has a)"),
        ("a >= b + 5 calendar days", "(a >= (b + duration:5 calendar days))"),
        ("a - b - c > 0", "(((a - b) - c) > number:0)"),
        ("a-b > c-d", "(a-b > c-d)"),
        ("a - b > 1", "((a - b) > number:1)"),
        ("paid.on <= 2001-12-31", f"(paid.on <= date:{parse_day('2001-12-31')})"),
        ("a == true or b == false", "((a == boolean:True) or (b == boolean:False))"),
        ("funds is 'in cash'", "(funds == text:in cash)"),
        ('funds is "in cash"', "(funds == text:in cash)"),
        ("x > 1,234.56", "(x > money:123456)"),
        ("x > USD 1,234.56", "(x > money:123456)"),
        ("rate > 9.50%", "(rate > rate:950000000)"),
        ("due + 1 year < today", "((due + duration:1 year) < today)"),
        ("due + 2 business days < today", "((due + duration:2 business days) < today)"),
        ("inside is android", "(inside == android)"),
        ("  a\n  >\tb  ", "(a > b)"),
    ],
)
def test_a_condition_is_parsed_as_it_reads(text: str, tree: str) -> None:
    assert spoken(parse_condition(text, "USD")) == tree


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "a value is missing here"),
        ("a >", 3, "a value is missing here"),
        ("a > > b", 4, "a value is missing here"),
        ("(a > b", 6, "expected ')'"),
        ("a > b)", 5, "not expected here: ')'"),
        ("a b", 2, "not expected here: 'b'"),
        ("a not b", 6, "expected 'in' after 'not'"),
        ("a in (x y)", 8, "expected ')'"),
        ("a in ()", 6, "a value is missing here"),
        ("a => b", 2, "not understood: '=> b'"),
        ("a > 2001-02-30", 4, "the date 2001-02-30 does not exist"),
        ("a > 1.5", 4, "not understood: '1.5'"),
        ("a > 1,23.45", 4, "not an amount of money"),
        ("a > EUR 1.00", 4, "the contract is in USD, not in EUR"),
        ("a > 99999 days", 4, "not a length of time"),
        ("5 is present", 2, "only a field can be present or absent"),
        ("a + b is absent", 6, "only a field can be present or absent"),
        ("a > 'x", 4, "not understood"),
        ("a > b¤", 5, "not understood"),
        ("a # b", 2, "not understood"),
        ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), MAX_DEPTH, "nested too deeply"),
        ("not " * (MAX_DEPTH + 1) + "a", 4 * MAX_DEPTH, "nested too deeply"),
        ("a" + " + a" * MAX_TOKENS, 2 * MAX_TOKENS, "too long"),
    ],
)
def test_what_is_no_condition_is_misspoken_at_its_place(
    text: str, offset: int, message: str
) -> None:
    with pytest.raises(Misspoken) as caught:
        parse_condition(text, "USD")
    assert caught.value.offset == offset
    assert message in caught.value.message


def test_literals_know_where_they_stand() -> None:
    parsed = parse_condition("due >= 2001-12-31 and amount > 5.00 or rate < 9.50%", "USD")
    assert isinstance(parsed, Logic)
    both, last = parsed.parts
    assert isinstance(both, Logic)
    found = [part.right for part in (*both.parts, last) if isinstance(part, Comparison)]
    assert [(right.type, right.offset) for right in found if isinstance(right, Literal)] == [
        ("date", 7),
        ("money", 31),
        ("rate", 46),
    ]


def test_an_expression_is_no_condition() -> None:
    assert spoken(parse_expression("a + b - 3 months", "USD")) == "((a + b) - duration:3 months)"
    for text in ("a > b", "(a + b)", "a and b", "not a", ""):
        with pytest.raises(Misspoken):
            parse_expression(text, "USD")


WORDS = (
    "a b due paid.on and or not in is present absent ( ( ) ) , == != < <= > >= + - 0 1 12.34 "
    "2001-12-31 2001-02-30 9.50% 5 calendar days 3 months 'x' \" ' {} . .. é \f 1e9 １"
)
words = st.sampled_from(WORDS.split(" "))
TEXTS = st.one_of(st.text(max_size=60), st.lists(words, max_size=40).map(" ".join))


def misspoken(parse: Callable[[], object]) -> Misspoken | None:
    try:
        parse()
    except Misspoken as error:
        return error
    return None


@settings(max_examples=400, deadline=None)
@given(TEXTS)
def test_any_text_parses_or_is_misspoken_inside_itself(text: str) -> None:
    for parse in (parse_condition, parse_expression):
        error = misspoken(partial(parse, text, "USD"))
        assert error is None or (error.message and 0 <= error.offset <= len(text))


@settings(max_examples=200, deadline=None)
@given(st.one_of(TEXTS, TEXTS.map("due: {{{}}}".format)))
def test_any_sentence_parses_or_is_misspoken_inside_itself(text: str) -> None:
    error = misspoken(lambda: parse_sentence(text, SCOPE))
    assert error is None or 0 <= error.offset <= len(text)


def test_long_and_deep_texts_are_refused_at_once() -> None:
    for text in ("(" * 100_000, "not " * 100_000, "a" + " and a" * 100_000, "- " * 100_000):
        with pytest.raises(Misspoken):
            parse_condition(text, "USD")


# Branches ----------------------------------------------------------------------------------------

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FIELDS = ("a", "b", "c")
names = st.sampled_from(FIELDS).map(Name)
numbers = st.integers(0, 2).map(lambda number: Literal(number, "number"))
atoms = st.one_of(
    st.builds(Comparison, st.sampled_from(sorted(OPERATORS)), names, st.one_of(names, numbers)),
    st.builds(Presence, names, st.booleans()),
)
conditions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        inner.map(lambda part: Logic("not", (part,))),
        st.builds(
            Logic,
            st.sampled_from(("and", "or")),
            st.lists(inner, min_size=2, max_size=3).map(tuple),
        ),
    ),
    max_leaves=6,
)


def truth(condition: Condition, values: dict[str, int]) -> bool:
    """The plain meaning, for values that are all there."""
    if isinstance(condition, Presence):
        return (condition.name.text in values) == condition.present
    if isinstance(condition, Comparison):
        sides = [
            values[side.text] if isinstance(side, Name) else side.value
            for side in (condition.left, condition.right)
            if isinstance(side, Name | Literal)
        ]
        return bool(OPERATORS[condition.op](*sides))
    found = [truth(part, values) for part in condition.parts]
    return {"not": not found[0], "and": all(found), "or": any(found)}[condition.op]


@settings(max_examples=300, deadline=None)
@given(conditions, st.fixed_dictionaries(dict.fromkeys(FIELDS, st.integers(0, 2))))
def test_branches_mean_what_the_condition_means(
    condition: Condition, values: dict[str, int]
) -> None:
    if misspoken(lambda: branches(condition)):  # there are too many
        return
    found = branches(condition)
    assert any(all(truth(atom, values) for atom in b) for b in found) == truth(condition, values)


def test_a_rule_has_no_more_alternatives_than_an_engine_can_hold() -> None:
    six = " and ".join(["(a > b or c > d)"] * 6)
    assert len(branches(parse_condition(six, "USD"))) == 64 == MAX_BRANCHES
    with pytest.raises(Misspoken, match="too many alternatives"):
        branches(parse_condition(f"{six} and (a > b or c > d)", "USD"))
    with pytest.raises(Misspoken, match="too many alternatives"):
        branches(parse_condition(" or ".join([six, six]), "USD"))


# Meaning -----------------------------------------------------------------------------------------

SCOPE = Scope(
    fields={
        "": {"due": ("date", ()), "amount": ("money", ()), "state": ("word", ("open", "shut"))},
        "paid": {"on": ("date", ()), "amount": ("money", ()), "place": ("name", ())},
    },
    names={
        "maturity": ("date", ()),
        "grace": ("duration", ()),
        "margin": ("rate", ()),
        "today": ("date", ()),
        "holders": ("names", ()),
    },
    currency="USD",
)


class Terms:
    def lookup(self, name: str) -> TermValue:
        values: dict[str, TermValue] = {
            "maturity": parse_day("2002-08-30"),
            "grace": Duration(5, "days"),
            "margin": 100_000_000,
            "today": parse_day("2001-01-31"),
        }
        return values[name]


def value(text: str, **paid: Any) -> TermValue:
    own = {"due": parse_day("2000-12-31"), "amount": 150}
    return SCOPE.resolve(parse_expression(text, "USD")).evaluate({"": own, "paid": paid}, Terms())


def test_days_and_lengths_of_time_add_up() -> None:
    def day(text: str) -> str:
        found = value(text)
        assert isinstance(found, int)
        return iso(found)

    assert day("due + 5 calendar days") == "2001-01-05"
    assert day("due + grace") == "2001-01-05"
    assert day("due - 1 month") == "2000-11-30"  # November has no 31st
    assert day("today + 1 month") == "2001-02-28"  # nor has February
    assert day("maturity - 2 years") == "2000-08-30"
    assert day("due + 2 business days") == "2001-01-03"  # Sunday; Monday is New Year's Day
    assert value("maturity - due") == 607  # 365 days of 2001, and 242 until 30 August 2002
    assert value("amount + 1.00 - 0.25") == 225
    assert value("margin + 0.25%") == 125_000_000


def test_what_needs_a_field_that_is_absent_is_nothing() -> None:
    assert value("paid.amount + amount") is None
    assert value("paid.amount + amount", amount=1) == 151
    assert value("paid.on + grace") is None


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("due + maturity", "a date + a date means nothing", ""),
        ("amount + due", "a money + a date means nothing", ""),
        ("grace + grace", "a duration + a duration means nothing", ""),
        ("amount + 1", "a money + a number means nothing", ""),
        ("margin + amount", "a rate + a money means nothing", ""),
        ("dew", "unknown name 'dew'", "did you mean 'due'?"),
        ("paid.plaice", "'paid' has no field 'plaice'", "did you mean 'place'?"),
        ("payed.on", "unknown name 'payed.on'", "did you mean 'paid.on'?"),
    ],
)
def test_what_has_no_meaning_is_misspoken(text: str, message: str, hint: str) -> None:
    with pytest.raises(Misspoken) as caught:
        SCOPE.resolve(parse_expression(text, "USD"))
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("left", "right", "op", "how"),
    [
        ("due", "maturity", "<", "date"),
        ("amount", "1.00", ">=", "money"),
        ("amount", "maturity", "==", None),
        ("amount", "1", ">", None),
        ("paid.place", "'Cupertino'", "==", "name"),
        ("paid.place", "'Cupertino'", "<", None),
        ("paid.place", "holders", "==", "names"),
        ("paid.place", "holders", "<", None),
        ("state", "'open'", "!=", "text"),
        ("grace", "5 days", "==", None),
        ("true", "false", "==", "boolean"),
        ("true", "false", "<", None),
    ],
)
def test_only_what_is_of_one_measure_is_compared(
    left: str, right: str, op: str, how: str | None
) -> None:
    sides = [SCOPE.resolve(parse_expression(text, "USD")) for text in (left, right)]
    assert comparable(sides[0], sides[1], op) == how


def test_a_bare_word_is_one_of_the_words_that_may_stand_there() -> None:
    state = SCOPE.resolve(parse_expression("state", "USD"))
    assert SCOPE.resolve(Name("shut"), state).literal
    with pytest.raises(Misspoken, match="'shutt' is none of the words") as caught:
        SCOPE.resolve(Name("shutt"), state)
    assert caught.value.hint == "did you mean 'shut'?"


def test_names_are_compared_without_case_and_punctuation() -> None:
    assert fold("Berg & Berg Enterprises, Inc.", "name") == fold(
        "berg & berg  enterprises inc", "name"
    )
    assert fold("Berg & Berg", "name") != fold("Berg Berg", "name")
    assert fold("A  b", "text") == "a b"
    assert fold("A  b", "word") == "A  b"


# Literals and sentences --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("2002-08-30", "date"),
        ("2002-02-30", "date"),
        ("2002-8-3", "date"),
        ("1.00%", "rate"),
        ("9.5 %", "rate"),
        ("5 calendar days", "duration"),
        ("5 calender days", "duration"),
        ("3months", "duration"),
        ("every 31 December", "schedule"),
        ("every Sunday", "schedule"),
        ("12", "number"),
        ("true", "boolean"),
        ("USD 5.00", "money"),
        ("USD 5", "money"),
        ("actual/365", "word"),
        ("30E/360", "word"),
        ("none", "word"),
    ],
)
def test_a_literal_shows_its_type_by_its_shape(text: str, type_: str) -> None:
    assert infer_type(text) == type_


@pytest.mark.parametrize("text", ["1.00", "1,000.00", "5 Days", "10050 Bandley Drive", "a b"])
def test_a_literal_that_may_be_this_or_that_needs_its_type(text: str) -> None:
    with pytest.raises(ValueError, match=r"rate or money\?|give its type"):
        infer_type(text)


def test_a_literal_is_read_as_its_type_or_refused() -> None:
    assert parse_literal("9.50%", "rate", "USD") == 950_000_000
    assert parse_literal("-3", "number", "USD") == -3
    for text, type_ in (("yes", "boolean"), ("1.5", "number"), ("9.5", "rate"), ("x", "date")):
        with pytest.raises(ValueError, match=r"write|not a"):
            parse_literal(text, type_, "USD")


def test_a_sentence_shows_values_as_people_write_them() -> None:
    sentence = parse_sentence("{amount} was due {due}, at {margin}; {paid.on}.", SCOPE)
    facts = {"": {"amount": 14671233, "due": parse_day("2000-12-31")}, "paid": {}}
    assert sentence.fill(facts, Terms()) == "146,712.33 was due 2000-12-31, at 1.00%; none."


@pytest.mark.parametrize(
    ("text", "offset"),
    [("a {dew} b", 3), ("{amount} {due + maturity}", 14), ("a {due", 2), ("due} b", 3), ("{}", 1)],
)
def test_a_sentence_is_misspoken_at_its_place(text: str, offset: int) -> None:
    with pytest.raises(Misspoken) as caught:
        parse_sentence(text, SCOPE)
    assert caught.value.offset == offset
