"""The hash of the facts in a receipt, beside a library that knows the canonical form alone."""

from __future__ import annotations

import hashlib

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from checker.dates import FIRST_DAY, LAST_DAY, iso
from checker.model import Fact
from checker.report import facts_hash, line_end, line_ends, told_day, told_value

DAYS = st.integers(FIRST_DAY, LAST_DAY)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
VALUES = st.dictionaries(NAMES, st.one_of(st.booleans(), st.integers(), TEXTS), max_size=5)
FACTS = st.builds(
    Fact, TEXTS, NAMES, DAYS, DAYS, st.just(0), VALUES, contract=TEXTS, source=TEXTS
)  # fmt: skip


@given(st.lists(FACTS, max_size=4))
def test_the_hash_of_facts_is_of_canonical_json(facts: list[Fact]) -> None:
    lines = [
        rfc8785.dumps(
            {
                "id": fact.id,
                "kind": fact.kind,
                "date": iso(fact.date),
                "recorded": iso(fact.recorded),
                "contract": fact.contract,
                "source": fact.source,
                "values": {name: str(value) for name, value in fact.values.items()},
            }
        )
        for fact in facts
    ]
    assert facts_hash(facts) == hashlib.sha256(b"".join(x + b"\n" for x in lines)).hexdigest()


@given(
    st.lists(st.tuples(TEXTS, DAYS, DAYS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=4),
    st.lists(NAMES, min_size=2, max_size=2, unique=True),
    st.integers(0, 2),
)
def test_lines_by_columns_are_those_of_each_fact(
    rows: list[tuple[str, int, int, str, str, str]], names: list[str], fields: int
) -> None:
    held = names[:fields]
    facts = [
        Fact(id_, "kind", date, recorded, 0, dict(zip(held, told, strict=False)), source=source)
        for id_, date, recorded, source, *told in rows
    ]
    common = (
        [told_day(fact.date) for fact in facts],
        [told_value(fact.id) for fact in facts],
        [told_day(fact.recorded) for fact in facts],
        [told_value(fact.source) for fact in facts],
    )
    values = {name: [told_value(fact.values[name]) for fact in facts] for name in held}
    assert list(line_ends("kind", common, values)) == [line_end(fact) for fact in facts]
