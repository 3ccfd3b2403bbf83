"""The product and the oracle, which share no code, agree on random histories to the cent."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from tests import oracle
from tests.agreement import differences, disagreement, history, opinion
from tests.histories import FEATURES, features
from tests.oracle import INDEX, Fact
from tests.product import check

HISTORIES = 600
CHUNK = 25
AT_LEAST = 50


@pytest.mark.parametrize("first", range(0, HISTORIES, CHUNK))
def test_product_and_oracle_agree(first: int) -> None:
    for seed in range(first, first + CHUNK):
        assert disagreement(seed) == [], f"random history {seed}"


def test_every_feature_is_in_at_least_50_of_these_histories() -> None:
    counts: Counter[str] = Counter()
    for seed in range(HISTORIES):
        facts, _as_of, readings = history(seed)
        counts.update(features(facts, opinion(seed), readings))
    assert {name: counts[name] for name in FEATURES if counts[name] < AT_LEAST} == {}


def recorded(fact: Fact) -> str:
    """When a record became known."""
    return str(fact.get("recorded") or fact["date"])


@pytest.mark.parametrize("first", range(0, HISTORIES, 3 * CHUNK))
def test_they_agree_on_what_was_known_before_the_last_late_record(first: int) -> None:
    for seed in range(first, first + 3 * CHUNK):
        facts, as_of, readings = history(seed)
        late = [recorded(f) for f in facts if f["kind"] == "correction" or "recorded" in f]
        if not late:
            continue
        known_on = (date.fromisoformat(max(late)) - timedelta(days=1)).isoformat()
        ours = check(facts, as_of, readings, known_on)
        theirs = oracle.evaluate(facts, as_of, readings, known_on)
        assert differences(ours, theirs) == [], f"random history {seed} known on {known_on}"


def a(kind: str, name: str, day: str, **fields: str) -> Fact:
    """One record."""
    return {"id": name, "date": day, "kind": kind, **fields}


def rate(name: str, day: str, value: str) -> Fact:
    """One observation of the lender's line."""
    return a("rate", name, day, index=INDEX, value=value)


LOAN = [
    a("advance", "a1", "2000-11-27", amount="10000000.00"),
    rate("r1", "2000-12-29", "9.50%"),
    rate("r2", "2001-12-31", "4.75%"),
]


def both(facts: list[Fact], as_of: str, readings: dict[str, str] | None = None) -> list[str]:
    """Where the two differ on a story."""
    return differences(check(facts, as_of, readings), oracle.evaluate(facts, as_of, readings))


@pytest.mark.parametrize("as_of", ["2000-12-31", "2001-12-31", "2002-08-30", "2002-12-31"])
@pytest.mark.parametrize("final_interest", ["next-december-31", "with-principal"])
def test_a_period_that_begins_tomorrow_bears_nothing_today(as_of: str, final_interest: str) -> None:
    readings = {"closing-day": "included", "final-interest": final_interest}
    assert both(LOAN, as_of, readings) == []
    assert both(LOAN[:1], as_of, readings) == []


def test_a_fee_for_a_designated_prepayment_that_could_not_be_applied() -> None:
    paid = a("payment", "p1", "2001-03-01", amount="5000.00", fee="50.00")
    for designation in ("prepayment", "interest"):
        assert both([LOAN[0], {**paid, "designation": designation}], "2001-03-01") == []


@pytest.mark.parametrize("refund", ["0.01", "100.00", "100.01", "300.00", "300.01", "999.00"])
def test_a_refund_clears_what_is_held_that_day_and_nothing_that_comes_later(refund: str) -> None:
    # The first payment is on account of interest figured at 9.50% + 1; what of it is too much is
    # only known when the period closes, and is told with the excess of the same payment.
    facts = [
        *LOAN,
        a("payment", "p1", "2001-01-03", amount="97808.22"),
        a("payment", "p2", "2001-06-29", amount="10517908.22"),
        a("payment", "p3", "2001-07-02", amount="200.00"),
        a("refund", "f1", "2001-08-01", amount=refund),
        a("payment", "p4", "2001-09-03", amount="1.00"),
    ]
    for as_of in ("2001-07-02", "2001-08-01", "2001-12-30", "2001-12-31", "2002-01-01"):
        assert both(facts, as_of) == []


AMENDED_ON = ["2002-03-01", "2002-08-30", "2002-10-01", "2003-01-15"]
NEW_MATURITIES = ["2001-06-01", "2002-08-31", "2002-12-31", "2003-01-01", "2003-06-30"]
AMENDED_AGAIN = [("2002-11-15", "2002-08-15"), ("2003-02-01", "2004-06-30")]


@pytest.mark.parametrize("closing_day", ["excluded", "included"])
@pytest.mark.parametrize("amended_on", AMENDED_ON)
def test_maturity_moved_forward_and_back_before_and_after_it_came(
    amended_on: str, closing_day: str
) -> None:
    readings = {"final-interest": "with-principal", "closing-day": closing_day}
    common = {"document": "Amendment No. 8", "term": "maturity", "agreed_by": "both"}
    deeds = [
        *LOAN,
        a("payment", "p1", "2001-12-31", amount="2000000.00"),
        a("payment", "p2", "2002-09-10", amount="3000000.00"),
        a("advance", "a2", "2002-10-20", amount="1000000.00"),
    ]
    for value in NEW_MATURITIES:
        facts = [*deeds, a("amendment", "m1", amended_on, value=value, **common)]
        for again, then in [("", ""), *AMENDED_AGAIN]:
            more = [a("amendment", "m2", again, value=then, **common)] if again else []
            for as_of in ("2002-12-31", "2003-09-01"):
                story = f"maturity {value}, then {then} from {again}, as of {as_of}"
                assert both([*facts, *more], as_of, readings) == [], story
