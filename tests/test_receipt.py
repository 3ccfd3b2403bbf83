"""The hash of the facts in a receipt, beside a library that knows the canonical form alone."""

from __future__ import annotations

import hashlib

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from checker.dates import FIRST_DAY, LAST_DAY, iso
from checker.model import Fact
from checker.report import facts_hash

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
