"""A contract of 100,000 facts, longer than the engine holds at once, is checked in one run."""

from __future__ import annotations

from collections import Counter
from datetime import date

from bench.made_up import facts as made_up
from checker.evaluate import evaluate
from checker.report import report
from tests.product import engines, pack


def test_a_contract_of_a_hundred_thousand_facts() -> None:
    facts = made_up(100_000)
    data = report(evaluate(pack(), engines(), facts, date(2003, 1, 15).toordinal()))
    payments = [fact for fact in facts if fact.kind == "payment"]
    assert len(data["payments"]) == len(payments)
    paid = sum(int(fact.values["amount"]) for fact in payments)
    parts = ("interest", "principal", "costs", "excess", "unapplied")
    split = sum(int(p[part].replace(".", "")) for p in data["payments"] for part in parts)
    assert split == paid
    advanced = sum(int(f.values["amount"]) for f in facts if f.kind == "advance")
    repaid = sum(int(p["principal"].replace(".", "")) for p in data["payments"])
    assert int(data["balances"]["principal"].replace(".", "")) == advanced - repaid
    # each payment lacks its place on record: the rule is asked of every one of them, and once
    found = Counter(finding["rule"] for finding in data["findings"])
    assert found["payment-place"] == len(payments)
