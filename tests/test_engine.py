"""The engines equal plain loops, and each measured hazard of the C code stays out of reach."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import checker.engine as module
from checker.compiled import COMPILED_NAME, CompiledRuleset
from checker.engine import ENGINE_NAME, EngineUnavailable, Ruleset
from checker.engines import ENGINES, Make, SideBySide
from checker.patterns import (
    FIELDS_OF_A_KIND,
    EngineRule,
    Join,
    Match,
    Matcher,
    Pattern,
    Primitive,
    Record,
    Schema,
    Test,
)
from tests.naive import NaiveRuleset, RecordingRuleset, SilentRuleset

LOW, HIGH = -(2**63), 2**63 - 1
TEXT = 'quote " brace {"id":7} slash \\ é 漢 😀 \u2028'

every_engine = pytest.mark.parametrize("make", ENGINES.values(), ids=list(ENGINES))

# ---- the engines equal the naive matcher ---------------------------------------------------------

_TYPES: dict[str, type] = {"id": int, "n": int, "sid": str, "t": str, "k": bool}
_VALUES: dict[type, list[Primitive]] = {
    int: [LOW, HIGH, 0, 1, 2, -1, 2**53, 2**53 + 1],
    str: ["", "5", "true", "True", TEXT],
    bool: [True, False],
}
_EQUALITIES = ["==", "!="]
_ALL = ["==", "!=", "<", "<=", ">", ">="]
_kinds = st.sampled_from(["id", "sid", "k"])
_fields = st.sampled_from(sorted(_TYPES))


@st.composite
def _test(draw: st.DrawFn) -> Test:
    name = draw(_fields)
    ops = _ALL if _TYPES[name] is int else _EQUALITIES
    return Test(name, draw(st.sampled_from(ops)), draw(st.sampled_from(_VALUES[_TYPES[name]])))


@st.composite
def _join(draw: st.DrawFn, aliases: Sequence[str]) -> Join:
    name = draw(_fields)
    ops = _ALL if _TYPES[name] is int else _EQUALITIES
    others = [other for other, kind in _TYPES.items() if kind is _TYPES[name]]
    return Join(
        name,
        draw(st.sampled_from(ops)),
        draw(st.sampled_from(list(aliases))),
        draw(st.sampled_from(others)),
    )


@st.composite
def _pattern(draw: st.DrawFn, alias: str, earlier: Sequence[str]) -> Pattern:
    tests = tuple(draw(st.lists(_test(), max_size=2)))
    joins = tuple(draw(st.lists(_join(earlier), max_size=2))) if earlier else ()
    return Pattern(alias, draw(_kinds), tests, joins)


@st.composite
def _rules(draw: st.DrawFn) -> list[EngineRule]:
    rules = []
    for number in range(draw(st.integers(1, 5))):
        aliases = ["m", "id", "b"][: draw(st.integers(1, 3))]
        patterns = [draw(_pattern(alias, aliases[:at])) for at, alias in enumerate(aliases)]
        unless = draw(_pattern("u", aliases)) if draw(st.booleans()) else None
        rules.append(EngineRule(f"rule {number}", tuple(patterns), unless))
    return rules


@st.composite
def _record(draw: st.DrawFn) -> Record:
    kind = draw(st.sampled_from(["id", "sid", "k", "unknown"]))
    names = [name for name in _TYPES if draw(st.integers(0, 3))]
    return Record(kind, {name: draw(st.sampled_from(_VALUES[_TYPES[name]])) for name in names})


_adds = st.lists(st.lists(_record(), max_size=5), max_size=4).filter(
    lambda batches: sum(map(len, batches)) <= 11
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rules=_rules(),
    sessions=st.lists(_adds, min_size=1, max_size=3),
    segment=st.sampled_from([3, 4, 5, 6, 7, 8, 50_000]),
)
def test_the_engines_equal_plain_loops(
    rules: list[EngineRule], sessions: list[list[list[Record]]], segment: int
) -> None:
    naive = NaiveRuleset(rules)
    durable, compiled = Ruleset(rules, segment_size=segment), CompiledRuleset(rules)
    try:
        for batches in sessions:
            with durable.session() as one, compiled.session() as two, naive.session() as oracle:
                for batch in batches:
                    expected = oracle.add(batch)
                    assert one.add(batch) == expected
                    assert two.add(batch) == expected
                counts = (oracle.asserted, oracle.matches)
                assert (one.asserted, one.matches) == counts
                assert (two.asserted, two.matches) == counts
    finally:
        durable.close()


_WRONG: list[Any] = [1, "1", True, 1.0, None, 2**63, "\0"]


@st.composite
def _any_record(draw: st.DrawFn) -> Record:
    """A record whose values are now and then of the wrong type, or what no engine takes."""
    record = draw(_record())
    fields = dict(record.fields)
    for name in draw(st.lists(st.sampled_from([*_TYPES, "unnamed"]), max_size=2)):
        fields[name] = draw(st.sampled_from(_WRONG))
    return Record(record.kind, fields)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules=_rules(), batches=st.lists(st.lists(_any_record(), max_size=4), max_size=5))
def test_the_engines_refuse_the_same_records_and_go_on_alike(
    rules: list[EngineRule], batches: list[list[Record]]
) -> None:
    both = SideBySide(rules)
    with both.session() as session:
        for batch in batches:
            with contextlib.suppress(ValueError):  # which both raise, or EnginesDiffer comes
                session.add(batch)
    both.close()


@every_engine
@settings(max_examples=60, deadline=None)
@given(rules=_rules(), one=_adds, two=_adds, split=st.booleans())
def test_two_live_sessions_do_not_touch_each_other(
    make: Make,
    rules: list[EngineRule],
    one: list[list[Record]],
    two: list[list[Record]],
    split: bool,
) -> None:
    first = make(rules)
    second = make(rules[::-1]) if split else first
    rules_of_second = rules[::-1] if split else rules
    a, b = first.session(), second.session()
    oracle_a, oracle_b = NaiveRuleset(rules).session(), NaiveRuleset(rules_of_second).session()
    for at in range(max(len(one), len(two))):
        for session, oracle, adds in ((a, oracle_a, one), (b, oracle_b, two)):
            if at < len(adds):
                assert session.add(adds[at]) == oracle.add(adds[at])
            else:
                session.close()
    for closing in (a, b, first, second):
        closing.close()


# ---- helpers of the cases below ------------------------------------------------------------------


def _run(
    rules: Sequence[EngineRule], *batches: Sequence[Record], segment: int = 50_000
) -> list[tuple[str, tuple[int, ...]]]:
    """What both engines find; they must find the same in each batch."""
    durable, compiled = Ruleset(rules, segment_size=segment), CompiledRuleset(rules)
    found = []
    with durable.session() as one, compiled.session() as two:
        for batch in batches:
            matches = one.add(batch)
            assert two.add(batch) == matches
            found += matches
        assert (two.asserted, two.matches) == (one.asserted, one.matches)
    durable.close()
    return [(match.rule, tuple(match.facts.values())) for match in found]


def _one(name: str, kind: str, *tests: Test) -> EngineRule:
    return EngineRule(name, (Pattern("m", kind, tests),))


def _r(kind: str, **fields: Primitive) -> Record:
    return Record(kind, fields)


def _resident() -> int:
    """Bytes of memory in use."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# ---- meaning -------------------------------------------------------------------------------------


def test_every_rule_fires_for_the_same_record() -> None:
    rules = [_one(f"r{i}", "a", Test("n", ">", i)) for i in range(3)]
    assert _run(rules, [_r("a", n=2), _r("a", n=9)]) == [
        ("r0", (0,)), ("r0", (1,)), ("r1", (0,)), ("r1", (1,)), ("r2", (1,)),
    ]  # fmt: skip


@every_engine
def test_a_match_names_its_aliases_and_counts_all_records_of_the_session(make: Make) -> None:
    rule = EngineRule("r", (Pattern("x", "a"), Pattern("y", "b")))
    ruleset = make([rule])
    with ruleset.session() as session:
        assert session.add([_r("nobody"), _r("b")]) == []
        assert session.add([_r("a")]) == [Match("r", {"x": 2, "y": 1})]
        assert (session.asserted, session.matches) == (3, 1)
    ruleset.close()


def test_one_record_does_not_stand_for_two_aliases() -> None:
    rule = EngineRule("r", (Pattern("x", "a"), Pattern("y", "a")))
    assert _run([rule], [_r("a")]) == []
    assert _run([rule], [_r("a"), _r("a")]) == [("r", (0, 1)), ("r", (1, 0))]


def test_equal_records_are_two_records() -> None:
    assert _run([_one("r", "a")], [_r("a", n=1), _r("a", n=1)]) == [("r", (0,)), ("r", (1,))]


_UNLESS = EngineRule("r", (Pattern("x", "a"),), Pattern("z", "stop"))


@pytest.mark.parametrize("apart", [True, False])
def test_only_an_earlier_blocker_blocks(apart: bool) -> None:
    records = [_r("a"), _r("stop"), _r("a")]
    batches = [[record] for record in records] if apart else [records]
    assert _run([_UNLESS], *batches) == [("r", (0,))]


def test_a_blocker_withdraws_nothing_from_its_own_batch() -> None:
    # In one call of the engine it did, for rules of three patterns under our aliases.
    patterns = tuple(Pattern(alias, alias) for alias in "abc")
    for count in (1, 2, 3):
        rule = EngineRule("r", patterns[:count], Pattern("z", "stop"))
        records = [*(_r(alias) for alias in "abc"[:count]), _r("stop")]
        assert _run([rule], records) == [("r", tuple(range(count)))]
        assert _run([rule], records[::-1]) == []


def test_a_record_does_not_block_its_own_match() -> None:
    rule = EngineRule("r", (Pattern("x", "a"), Pattern("y", "b")), Pattern("z", "a"))
    assert _run([rule], [_r("a"), _r("b")]) == [("r", (0, 1))]
    assert _run([rule], [_r("a"), _r("a"), _r("b")]) == []


@pytest.mark.parametrize("alias", list("abcdefghijklnopqrstuvwxyz"))
def test_a_blocker_of_one_rule_takes_nothing_from_another(alias: str) -> None:
    # In one engine ruleset it did, for the aliases e and u, whose hashes are multiples of 16.
    joined = EngineRule("j", (Pattern(alias, "a"), Pattern("yy", "b")))
    negated = EngineRule("n", (Pattern(alias, "a"),), Pattern("zz", "stop"))
    pair = EngineRule("p", (Pattern(alias, "a"), Pattern("yy", "b")), Pattern("zz", "other"))
    records = [_r("a"), _r("stop"), _r("b")]
    expected = [("j", (0, 2)), ("p", (0, 2))]
    rules = [negated, joined, pair]
    assert _run(rules, *[[record] for record in records]) == [("n", (0,)), *expected]
    assert sorted(_run(rules, records)) == [*expected[:1], ("n", (0,)), *expected[1:]]


@pytest.mark.parametrize("op", _ALL)
def test_a_test_on_a_missing_field_is_false(op: str) -> None:
    assert _run([_one("r", "a", Test("n", op, 0))], [_r("a"), _r("a", other=0)]) == []


@pytest.mark.parametrize("op", _ALL)
def test_a_join_on_a_missing_field_is_false_on_either_side(op: str) -> None:
    join = Join("n", op, "x", "n")
    rule = EngineRule("r", (Pattern("x", "a"), Pattern("y", "b", (), (join,))))
    records = [_r("a"), _r("b", n=0), _r("b"), _r("a"), _r("b", n=0)]
    assert _run([rule], records) == []
    negated = EngineRule("r", (Pattern("x", "a"),), Pattern("y", "b", (), (join,)))
    assert _run([negated], [_r("b", n=0), _r("b"), _r("a")]) == [("r", (2,))]


def test_range_joins_hold_when_they_are_the_last_condition() -> None:
    rule = EngineRule("r", (Pattern("x", "a"), Pattern("y", "b", (), (Join("n", "<", "x", "n"),))))
    records = [_r("a", n=5), *(_r("b", n=i) for i in range(10))]
    assert _run([rule], records) == [("r", (0, 1 + i)) for i in range(5)]


def test_the_last_condition_of_a_join_is_always_true() -> None:
    # The C code reads past its array otherwise, which shows only now and then.
    joins = (Join("n", "<", "x", "n"),)
    rule = EngineRule("r", (_A, Pattern("y", "b", (), joins)), Pattern("z", "c", (), joins))
    schema = Schema([rule])
    for pattern in (rule.patterns[1], rule.unless):
        assert pattern is not None
        terms = module._conditions(schema, rule, pattern)["$and"]
        assert isinstance(terms, list)
        assert terms[-1] == {"o": {"a": "o"}}


def test_matches_come_by_rule_and_then_by_records() -> None:
    rules = [EngineRule("z", (Pattern("x", "a"), Pattern("y", "b"))), _one("a", "b")]
    records = [_r("b"), _r("a"), _r("b"), _r("a")]
    expected = [
        ("z", (1, 0)),
        ("z", (1, 2)),
        ("z", (3, 0)),
        ("z", (3, 2)),
        ("a", (0,)),
        ("a", (2,)),
    ]
    assert _run(rules, records) == expected


# ---- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [LOW, LOW + 1, -1, 0, 2**53, 2**53 + 1, HIGH - 1, HIGH])
def test_integers_are_exact_to_the_ends_of_int64(value: int) -> None:
    rules = [_one("eq", "a", Test("n", "==", value)), _one("lt", "a", Test("n", "<", value))]
    numbers = [n for n in (value - 1, value, value + 1) if LOW <= n <= HIGH]
    expected = [("eq", (numbers.index(value),))]
    expected += [("lt", (at,)) for at, number in enumerate(numbers) if number < value]
    assert _run(rules, [_r("a", n=number) for number in numbers]) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", TEXT, "'", "a" * 10_000, "漢" * 10_000, '"},{"id":1', "\n\t\x01\x7f", "\\u0041"],
)
def test_texts_are_compared_whole(text: str) -> None:
    tested = _one("eq", "a", Test("t", "==", text))
    unlike = _one("ne", "a", Test("t", "!=", text))
    joined = EngineRule(
        "j", (Pattern("x", "a"), Pattern("y", "b", (), (Join("t", "==", "x", "t"),)))
    )
    records = [_r("a", t=text), _r("a", t=text + "x"), _r("b", t=text), _r("b", t=text + "y")]
    expected = [("eq", (0,)), ("ne", (1,)), ("j", (0, 2))]
    assert _run([tested, unlike, joined], records) == expected


def test_texts_that_no_rule_knows_differ_from_each_other() -> None:
    join = Join("t", "==", "x", "t")
    rule = EngineRule("j", (Pattern("x", "a"), Pattern("y", "b", (), (join,))))
    assert _run([rule], [_r("a", t="one"), _r("b", t="two")], [_r("b", t="one")]) == [("j", (0, 2))]


@pytest.mark.parametrize(("given", "constant"), [("5", 5), (5, "5"), ("true", True), (1, True)])
def test_a_value_of_another_type_than_the_constant_is_refused(
    given: Primitive, constant: Primitive
) -> None:
    with pytest.raises(ValueError, match="field 'f' of kind 'a'"):
        _run([_one("r", "a", Test("f", "==", constant))], [_r("a", f=given)])


@every_engine
@pytest.mark.parametrize(
    "value",
    [1.0, Decimal(1), date(2000, 1, 1), None, 2**63, LOW - 1, "nul \0", b"bytes", [1], {"a": 1}],
)
def test_unsafe_values_are_refused_and_leave_the_session_as_it_was(
    make: Make, value: Primitive
) -> None:
    for rules in ([_one("r", "a", Test("g", "==", 1))], [_one("r", "a")]):
        ruleset = make(rules)
        with ruleset.session() as session:
            with pytest.raises(ValueError, match="field 'f' of kind 'a'"):
                session.add([_r("a", g=1), _r("a", f=value)])
            assert session.asserted == 0
            assert session.add([_r("a", g=1)]) == [Match("r", {"m": 0})]
        ruleset.close()
    with pytest.raises(ValueError, match="rule 'r'"):
        make([_one("r", "a", Test("f", "==", value))])


@every_engine
def test_a_field_keeps_its_type_within_a_session(make: Make) -> None:
    rule = EngineRule("j", (Pattern("x", "a"), Pattern("y", "b", (), (Join("f", "==", "x", "g"),))))
    ruleset = make([rule])
    values: list[Primitive] = [1, "1", True]
    for first, second in permutations(values, 2):
        with ruleset.session() as session:
            session.add([_r("a", g=first)])
            with pytest.raises(ValueError, match="earlier records"):
                session.add([_r("b", f=second)])
            session.add([_r("a", note=first)])
            with pytest.raises(ValueError, match="earlier records"):
                session.add([_r("a", note=second)])
    ruleset.close()


@every_engine
def test_what_refused_records_showed_of_a_type_is_forgotten(make: Make) -> None:
    rule = EngineRule("j", (Pattern("x", "a"), Pattern("y", "b", (), (Join("f", "==", "x", "g"),))))
    matcher = make([rule])
    with matcher.session() as session:
        with pytest.raises(ValueError, match="field 'h' of kind 'a'"):
            session.add([_r("a", g=1, note=True, h=2**63)])
        assert session.add([_r("a", g="1", note="text", h=1), _r("b", f="1")]) == [
            Match("j", {"x": 0, "y": 1})
        ]
        with pytest.raises(ValueError, match="earlier records"):
            session.add([_r("a", g=1)])
    matcher.close()


@every_engine
def test_integers_late_in_a_session_are_checked_too(make: Make) -> None:
    ruleset = make([_one("r", "a", Test("n", ">", 0))])
    with ruleset.session() as session:
        session.add([_r("a", n=1, t="")])
        for record in (_r("a", n=2**63), _r("a", t="\0")):
            with pytest.raises(ValueError, match="of kind 'a'"):
                session.add([record])
    ruleset.close()


def test_names_that_mean_something_inside_the_engine_are_free() -> None:
    names = ["id", "sid", "m", "k", "o", "f0", "$and", "$s", "all", 'a"b', "", "a.b"]
    for name in names:
        tests = (Test(name, "==", 3),)
        joins = (Join(name, "==", name, name),)
        rule = EngineRule(name, (Pattern(name, name, tests), Pattern("other", "b", (), joins)))
        records = [Record(name, {name: 3, "id": 3}), Record("b", {"sid": 3, name: 3})]
        assert _run([rule], records) == [(name, (0, 1))]


def test_the_names_inside_the_engine_have_hashes_of_their_own() -> None:
    def fnv(text: str) -> int:
        value = 0x811C9DC5
        for byte in text.encode():
            value = (value ^ byte) * 16777619 % 2**32
        return value

    names = ["id", "sid", "$s", "k", "o", "$forward", "$i", "$and", "$or", "$eq", "$neq", "$lt"]
    names += ["$lte", "$gt", "$gte", "$ex", "$nex", "$mt", "$imt", "$iall", "$iany", "m", "$m"]
    names += ["$add", "$sub", "$mul", "$div", "all", "any", "pri", "count", "cap", "dist"]
    names += [f"{letter}{i}" for letter in "fpj" for i in range(FIELDS_OF_A_KIND + 1)]
    assert len({fnv(name) for name in names}) == len(names)
    ids = [*map(str, range(2 * module._SEGMENT_LIMIT + 1)), "sid-0"]
    assert len({fnv(name) for name in ids}) == len(ids)


# ---- rules that are refused ----------------------------------------------------------------------

_A, _B = Pattern("x", "a"), Pattern("y", "b")


@every_engine
@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([EngineRule("r", ())], "0 patterns"),
        ([EngineRule("r", tuple(Pattern(a, "a") for a in "pqrs"))], "4 patterns"),
        ([EngineRule("r", (_A, _A))], "alias stands twice"),
        ([EngineRule("r", (_A,), _A)], "alias stands twice"),
        ([_one("r", "a"), _one("r", "b")], "stand twice: 'r'"),
        ([_one("r", "a", Test("n", "/", 1))], "no operator /"),
        ([_one("r", "a", Test("n", "<", "a"))], "integers only"),
        ([_one("r", "a", Test("n", "<", True))], "integers only"),
        ([_one("r", "a", Test("n", "==", 1), Test("n", "==", "1"))], "int and str"),
        ([EngineRule("r", (Pattern("x", "a", (), (Join("n", "==", "x", "n"),)),))], "no earlier"),
        ([EngineRule("r", (_A, Pattern("y", "b", (), (Join("n", "=~", "x", "n"),))))], "no operat"),
        (
            [EngineRule("r", (_A, Pattern("y", "b", (), (Join("n", "==", "x", "n"),) * 13)))],
            "more than 12 joins",
        ),
        (
            [
                EngineRule("r", (_A, Pattern("y", "b", (), (Join("n", "<", "x", "n"),)))),
                _one("s", "a", Test("n", "==", "text")),
            ],
            "int and str",
        ),
        (
            [_one("s", "a", Test("n", "==", "t")), _one("t", "b", Test("n", "==", 1)),
             EngineRule("r", (_A, Pattern("y", "b", (), (Join("n", "==", "x", "n"),))))],
            "str and int",
        ),
        ([_one("r", "a", *(Test(f"f{i}", "==", 1) for i in range(81)))], "81 fields"),
    ],
)  # fmt: skip
def test_rules_that_the_engine_gets_wrong_are_refused(
    make: Make, rules: list[EngineRule], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        make(rules)


@pytest.mark.parametrize("size", [0, -1, 100_001])
def test_segments_beyond_the_safe_ids_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="segment_size"):
        Ruleset([], segment_size=size)


# ---- sizes ---------------------------------------------------------------------------------------


def test_several_hundred_patterns_on_one_kind() -> None:
    rules = [_one(f"r{i}", "a", Test("n", ">=", i)) for i in range(500)]
    joins = (Join("n", "==", "x", "n"),)
    rules += [
        EngineRule(
            f"j{i}", (Pattern("x", "a", (Test("n", "==", i),)), Pattern("y", "a", (), joins))
        )
        for i in range(100)
    ]
    found = _run(rules, [_r("a", n=499)], [_r("a", n=3)], [_r("a", n=3)])
    assert len(found) == 500 + 4 + 4 + 2
    assert found[-2:] == [("j3", (1, 2)), ("j3", (2, 1))]


def test_several_hundred_kinds_and_as_many_fields_as_are_allowed() -> None:
    rules = [_one(f"r{i}", f"k{i}", Test("n", "==", i)) for i in range(700)]
    records = [_r(f"k{i}", n=i) for i in range(700)]
    assert _run(rules, records) == [(f"r{i}", (i,)) for i in range(700)]
    wide = _one("wide", "a", *(Test(f"field {i}", "==", i) for i in range(80)))
    fields: dict[str, Primitive] = {f"field {i}": i for i in range(80)}
    assert _run([wide], [Record("a", fields), Record("a", fields | {"field 79": 0})]) == [
        ("wide", (0,))
    ]


def test_as_many_joins_as_are_allowed() -> None:
    joins = tuple(Join(f"f{i}", "<=", "x", f"f{i}") for i in range(12))
    rule = EngineRule("r", (_A, Pattern("y", "b", (), joins)))
    low: dict[str, Primitive] = {f"f{i}": i for i in range(12)}
    records = [Record("a", low), Record("b", low), Record("b", low | {"f11": 12})]
    assert _run([rule], records) == [("r", (0, 1))]
    negated = EngineRule("r", (_A,), Pattern("y", "b", (), joins))
    assert _run([negated], [records[2], records[0]]) == [("r", (1,))]
    assert _run([negated], [records[1], records[0]]) == []


def test_more_matches_than_one_call_returns() -> None:
    rule = EngineRule("r", (_A, _B))
    records = [_r("a")] * 60 + [_r("b")] * 60
    assert len(set(_run([rule], records))) == 3600


@pytest.mark.parametrize("segment", [1, 2, 3, 7])
def test_records_beyond_a_segment_change_nothing(segment: int) -> None:
    joins = (Join("n", "==", "x", "n"),)
    rules = [
        _one("one", "a"),
        EngineRule("two", (_A, Pattern("y", "b", (), joins))),
        EngineRule("no", (_A, Pattern("y", "b", (), joins)), Pattern("z", "c", (), joins)),
    ]
    records = [_r("abc"[i * 7 % 3], n=i * 5 % 4) for i in range(24)]
    oracle = NaiveRuleset(rules).session().add(records)
    expected = [(match.rule, tuple(match.facts.values())) for match in oracle]
    assert _run(rules, records, segment=segment) == expected
    assert sorted(_run(rules, records[:5], records[5:], segment=segment)) == sorted(expected)


def test_lone_records_beyond_any_segment() -> None:
    rule = _one("r", "a", Test("n", "==", 7))
    records = [_r("a", n=i % 1000) for i in range(5000)]
    assert _run([rule], records) == [("r", (i,)) for i in range(7, 5000, 1000)]


def test_the_compiled_engine_finds_joins_by_their_keys_and_not_by_looking_at_all() -> None:
    joins = (Join("n", "==", "x", "n"), Join("t", "==", "x", "t"), Join("m", ">", "x", "m"))
    rule = EngineRule("r", (_A, Pattern("y", "b", (), joins)), Pattern("z", "c", (), joins[:1]))
    many = range(20_000)  # all pairs of them would take minutes
    session = CompiledRuleset([rule]).session()
    session.add([_r("a", n=i, t=str(i), m=i % 2) for i in many])
    session.add([_r("c", n=i) for i in many[::4]])
    found = session.add([_r("b", n=i, t=str(i), m=1) for i in many])
    assert [match.facts["x"] for match in found] == [i for i in many if i % 2 == 0 and i % 4]


def test_records_of_ever_new_shapes_do_not_fill_the_memory() -> None:
    names = [f"f{i}" for i in range(13)]
    rules = [_one(name, "a", Test(name, "==", True)) for name in names]
    compiled = CompiledRuleset(rules)
    session = compiled.session()
    for number in range(2 ** len(names)):
        fields = {name: bool(number >> i & 1) for i, name in enumerate(names)}
        found = session.add([Record("a", fields)])
        assert [match.rule for match in found] == [name for name in names if fields[name]]
    _look, kind = compiled._kinds["a"]
    assert 0 < len(kind.plans) <= 4_096


# ---- life ----------------------------------------------------------------------------------------


@every_engine
def test_a_session_never_used_and_one_without_any_match(make: Make) -> None:
    ruleset = make([_one("r", "a", Test("n", "==", 1))])
    ruleset.session().close()
    for records in ([], [_r("b")], [_r("a")], [_r("a", n=2)]):
        with ruleset.session() as session:
            assert session.add(records) == []
            assert session.add([]) == []
            assert session.asserted == len(records)
    ruleset.close()
    make([]).close()
    assert _run([], [_r("a")]) == []


@every_engine
@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_two_rulesets_and_their_sessions_close_in_any_order(
    make: Make, order: tuple[int, ...]
) -> None:
    one, two = make([_UNLESS, _one("s", "a")]), make([_UNLESS])
    a, b = one.session(), two.session()
    assert len(a.add([_r("a")])) == 2
    assert len(b.add([_r("stop")])) == 0
    alive = {2, 3}
    for closing in order:
        (one, two, a, b)[closing].close()
        alive.discard(closing)
        assert not alive & {2} or len(a.add([_r("a")])) == 2
        assert not alive & {3} or len(b.add([_r("a")])) == 0


@every_engine
def test_sessions_of_one_ruleset_live_side_by_side(make: Make) -> None:
    ruleset = make([EngineRule("r", (_A, _B))])
    sessions = [ruleset.session() for _ in range(40)]
    for session in sessions:
        assert session.add([_r("a")]) == []
    for session in sessions[::2]:
        session.close()
    for session in sessions[1::2]:
        assert session.add([_r("b")]) == [Match("r", {"x": 0, "y": 1})]
        session.close()
    ruleset.close()


@every_engine
def test_what_is_closed_says_so(make: Make) -> None:
    ruleset = make([_one("r", "a")])
    session = ruleset.session()
    session.add([_r("a")])
    for _ in range(2):
        session.close()
        ruleset.close()
    with pytest.raises(ValueError, match="session is closed"):
        session.add([_r("a")])
    with pytest.raises(ValueError, match="ruleset is closed"):
        ruleset.session()


@pytest.mark.parametrize("fault", ["assert_facts", "start_action_for_state"])
def test_a_fault_within_the_engine_closes_the_session_and_spares_the_next(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Faulty:
        def __getattr__(self, name: str) -> object:
            if name == fault:
                raise KeyboardInterrupt
            return getattr(real, name)

    real = module._durable
    ruleset = Ruleset([_one("r", "a")])
    session = ruleset.session()
    monkeypatch.setattr(module, "_durable", Faulty())
    with pytest.raises(KeyboardInterrupt):
        session.add([_r("a"), _r("a")])
    monkeypatch.undo()
    with pytest.raises(ValueError, match="session is closed"):
        session.add([_r("a")])
    session.close()
    with ruleset.session() as another:
        assert another.add([_r("a")]) == [Match("r", {"m": 0})]
    ruleset.close()


def test_a_batch_that_the_engine_drops_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Losing:
        def __getattr__(self, name: str) -> object:
            if name == "assert_facts":
                return lambda handle, text: real.assert_facts(
                    handle, text[: text.rindex(",{")] + "]"
                )
            return getattr(real, name)

    real = module._durable
    ruleset = Ruleset([_one("r", "a")])
    monkeypatch.setattr(module, "_durable", Losing())
    with ruleset.session() as session, pytest.raises(RuntimeError, match="lost part of a batch"):
        session.add([_r("a"), _r("a")])
    ruleset.close()


def test_without_the_extension_a_ruleset_says_what_mends_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_durable", None)
    monkeypatch.setattr(module, "_IMPORT_FAULT", "undefined symbol: PyEval_CallObject")
    with pytest.raises(EngineUnavailable, match="CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject"):
        Ruleset([])
    monkeypatch.setattr(module, "_IMPORT_FAULT", "No module named 'durable_rules_engine'")
    with pytest.raises(EngineUnavailable, match=r"No module named .* pip install"):
        Ruleset([])


def test_the_engine_gives_its_name_and_has_one_importer() -> None:
    assert ENGINE_NAME == "durable-rules 2.0.28"
    sources = Path(module.__file__).parent.rglob("*.py")
    importers = [path.name for path in sources if "import durable" in path.read_text("utf-8")]
    assert importers == ["engine.py"]


def test_each_engine_gives_its_name() -> None:
    names = [make([]).name for make in ENGINES.values()]
    assert names == [ENGINE_NAME, COMPILED_NAME, f"{ENGINE_NAME} and {COMPILED_NAME}"]


# ---- memory --------------------------------------------------------------------------------------


@needs_proc
def test_memory_stays_flat_over_sessions_and_rulesets() -> None:
    rules = [_UNLESS, _one("s", "a"), EngineRule("j", (_A, _B))]
    records = [_r("a", t="x" * 100), _r("b"), _r("stop")] * 20

    def rounds(count: int) -> None:
        for _ in range(count):
            ruleset = Ruleset(rules)
            for _ in range(4):
                with ruleset.session() as session:
                    session.add(records)
                    session.add(records[:1])
            ruleset.close()

    rounds(30)
    before = _resident()
    rounds(150)
    assert _resident() - before < 4_000_000


@needs_proc
def test_memory_stays_flat_within_a_session_of_lone_records() -> None:
    ruleset = Ruleset([_one(f"r{i}", "a", Test("n", "==", i)) for i in range(10)])
    records = [_r("a", n=i % 500, t=f"text {i}") for i in range(10_000)]
    with ruleset.session() as session:
        for _ in range(3):
            session.add(records)
        before = _resident()
        for _ in range(20):
            session.add(records)
        assert _resident() - before < 4_000_000
        assert session.asserted == 230_000
    ruleset.close()


# ---- the stand-ins -------------------------------------------------------------------------------


def test_the_stand_ins_serve_where_the_engine_does() -> None:
    rules = [_one("r", "a")]
    recording = RecordingRuleset(Ruleset(rules))
    matchers: list[Matcher] = [Ruleset(rules), NaiveRuleset(rules), SilentRuleset(rules), recording]
    for matcher, expected in zip(matchers, (1, 1, 0, 1), strict=True):
        with matcher.session() as session:
            assert len(session.add([_r("a"), _r("b")])) == expected
            assert (session.asserted, session.matches) == (2, expected)
        matcher.close()
    assert recording.records == [_r("a"), _r("b")]
    assert recording.matches == [Match("r", {"m": 0})]
