"""What must hold for every history: no cent is lost, and nothing looks ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from checker.dates import parse_day
from checker.evaluate import Evaluation, conclude, evaluate
from checker.report import report
from checker.terms import Choices
from checker.timeline import effective
from tests.agreement import history
from tests.oracle import NOTE_DATE, Fact, cents, money
from tests.product import as_facts, check, engines, pack

Report = dict[str, Any]

seeds = st.integers(min_value=0, max_value=20_000)
often = settings(max_examples=60, deadline=None, derandomize=True, database=None)

FIRST_PARTS = ("interest", "principal", "costs", "excess", "unapplied")
DEEDS = ("payment", "advance", "costs", "acceleration", "waiver", "refund")


def total(rows: Iterable[Mapping[str, Any]], *names: str) -> int:
    """The sum of some columns, in cents."""
    return sum(cents(row[name]) for row in rows for name in names)


def of_kind(facts: list[Fact], kind: str, as_of: str) -> list[Fact]:
    """The facts of a kind until a day."""
    return [fact for fact in facts if fact["kind"] == kind and fact["date"] <= as_of]


def without_corrections(facts: list[Fact]) -> list[Fact]:
    """A history in which nobody was ever wrong."""
    return [fact for fact in facts if fact["kind"] != "correction"]


def some_day(data: st.DataObject, last: str) -> str:
    """A day from the date of the note to the last day."""
    days = (date.fromisoformat(last) - NOTE_DATE).days
    return (NOTE_DATE + timedelta(days=data.draw(st.integers(0, max(0, days))))).isoformat()


# Money -------------------------------------------------------------------------------------------


@often
@given(seed=seeds)
def test_no_cent_is_lost(seed: int) -> None:
    history_, as_of, readings = history(seed)
    facts = without_corrections(history_)
    told = check(facts, as_of, readings)
    payments, obligations, balances = told["payments"], told["obligations"], told["balances"]
    for payment in payments:
        assert total([payment], *FIRST_PARTS) == total([payment], "amount")
        assert cents(payment["accrued"]) <= cents(payment["interest"])
        assert cents(payment["prepaid"]) <= cents(payment["principal"])
    lent = total(of_kind(facts, "advance", as_of), "amount")
    lent += total(of_kind(facts, "opening-balance", as_of), "principal")
    assert cents(balances["principal"]) == lent - total(payments, "principal")
    assert total(payments, "amount") == total(of_kind(facts, "payment", as_of), "amount")
    incurred = total(of_kind(facts, "costs", as_of), "amount")
    assert cents(balances["costs_due"]) == incurred - total(payments, "costs")
    for component in ("principal", "costs"):
        due = [o for o in obligations if o["component"] == component]
        assert cents(balances[f"{component}_due"]) == total(due, "unpaid")
        assert total(payments, component) >= total(due, "amount") - total(due, "unpaid")


@often
@given(seed=seeds)
def test_the_interest_of_all_periods_is_paid_or_owed_or_credited(seed: int) -> None:
    history_, as_of, readings = history(seed)
    facts = without_corrections(history_)
    told = check(facts, as_of, readings)
    payments, balances = told["payments"], told["balances"]
    assume(balances["interest_due"] is not None and balances["accrued_interest"] is not None)
    borne = total(told["periods"], "interest")
    borne += total(of_kind(facts, "opening-balance", as_of), "interest")
    owed = total([balances], "interest_due", "accrued_interest")
    # What was paid on account beyond all interest, once no principal was left, is to be refunded.
    surplus = [f for f in told["findings"] if f["rule"] == "overpaid"]
    on_account = total(payments, "interest") + total(payments, "excess") - total(surplus, "amount")
    assert borne == on_account + owed - cents(balances["interest_credit"])
    refunds = total(of_kind(facts, "refund", as_of), "amount")
    beyond = [f for f in told["findings"] if f["rule"] == "refund-beyond-excess"]
    held = total(surplus, "amount") - (refunds - total(beyond, "amount"))
    assert cents(balances["excess"]) == held


# Order within a day ------------------------------------------------------------------------------


def split_up(data: st.DataObject, facts: list[Fact]) -> list[Fact]:
    """The history with some payments and advances made in two parts on the same day."""
    parts: list[Fact] = []
    for fact in facts:
        amount = cents(fact["amount"]) if fact["kind"] in {"payment", "advance"} else 0
        if amount < 2 or data.draw(st.booleans()):
            parts.append(fact)
            continue
        first = data.draw(st.integers(1, amount - 1))
        bare: Fact = {name: fact[name] for name in ("date", "kind", "payee") if name in fact}
        for letter, part in (("x", first), ("y", amount - first)):
            more: Fact = {"id": f"{fact['id']}{letter}", "amount": money(part)}
            if fact["kind"] == "payment":
                designations = [None, "interest", "principal", "costs", "prepayment"]
                designation = data.draw(st.sampled_from(designations))
                more |= {"designation": designation} if designation else {}
            parts.append({**bare, **more})
    return parts


def owed(told: Report) -> dict[str, Any]:
    """What is owed, whichever payment paid it."""
    columns = ("id", "component", "due", "last_day", "amount", "unpaid", "paid_on", "state")
    return {
        "balances": told["balances"],
        "obligations": sorted(tuple(o[name] for name in columns) for o in told["obligations"]),
        "periods": [(p["from"], p["to"], p["rate"], p["interest"]) for p in told["periods"]],
    }


@often
@given(seed=seeds, data=st.data())
def test_the_order_of_one_days_records_of_one_kind_does_not_change_what_is_owed(
    seed: int, data: st.DataObject
) -> None:
    history_, as_of, readings = history(seed)
    facts = split_up(data, without_corrections(history_))
    kinds: dict[tuple[str, str], list[int]] = {}
    for at, fact in enumerate(facts):
        if fact["kind"] in DEEDS:
            kinds.setdefault((fact["date"], fact["kind"]), []).append(at)
    moved = list(facts)
    for places in kinds.values():
        for place, other in zip(places, reversed(places), strict=True):
            moved[place] = facts[other]
    assume(moved != facts)
    assert owed(check(moved, as_of, readings)) == owed(check(facts, as_of, readings))


# Time --------------------------------------------------------------------------------------------


@often
@given(seed=seeds, data=st.data())
def test_facts_as_they_arrive_give_what_all_at_once_gives(seed: int, data: st.DataObject) -> None:
    records, last, readings = history(seed)
    as_of, choices = parse_day(last), Choices(readings=readings)
    facts = effective(as_facts(records), as_of, None)
    evaluation = Evaluation(pack(), engines(), choices)
    with closing(evaluation):
        for day, of_day in groupby(facts, key=lambda fact: fact.date):
            evaluation.run(list(of_day), day)
            if data.draw(st.integers(0, 3)) == 0:  # somebody asks in between
                arrived = [fact for fact in facts if fact.date <= day]
                so_far = report(conclude(evaluation, day, None, arrived, choices))
                at_once = evaluate(pack(), engines(), arrived, day, None, choices)
                assert so_far == report(at_once)
        evaluation.run([], as_of)
        told = report(conclude(evaluation, as_of, None, facts, choices))
    assert told == check(records, last, readings)


@often
@given(seed=seeds, data=st.data())
def test_facts_after_the_day_change_nothing(seed: int, data: st.DataObject) -> None:
    facts, last, readings = history(seed)
    as_of = some_day(data, last)
    happened = [fact for fact in facts if fact["date"] <= as_of]
    assert check(happened, as_of, readings) == check(facts, as_of, readings)


@often
@given(seed=seeds, data=st.data())
def test_facts_not_yet_known_change_nothing(seed: int, data: st.DataObject) -> None:
    history_, as_of, readings = history(seed)
    known_on = some_day(data, as_of)
    known, facts = [], []
    for fact in without_corrections(history_):
        happened, day = date.fromisoformat(fact["date"]), date.fromisoformat(known_on)
        if happened > day or data.draw(st.integers(0, 4)) > 0:
            recorded = happened
        else:  # known some days after it happened: until `known_on`, or too late for it
            recorded = max(happened, day + timedelta(days=data.draw(st.integers(-1, 1))))
        facts.append({**fact, "recorded": recorded.isoformat()})
        if recorded <= day:
            known.append(facts[-1])
    told = check(facts, as_of, readings, known_on)
    assert check(known, as_of, readings, known_on) == told
    told["known_on"] = None
    assert check(known, as_of, readings) == told


WRONG_FACTS = ("payment", "advance", "costs", "acceleration", "lawful-maximum", "amendment")


def wrong_fact(data: st.DataObject, day: str) -> Fact:
    """A record that somebody will take back."""
    kind = data.draw(st.sampled_from(WRONG_FACTS))
    fact: Fact = {"id": "wrong", "date": day, "kind": kind}
    if kind in {"payment", "advance", "costs"}:
        fact["amount"] = money(data.draw(st.integers(1, 2_000_000_000)))
    elif kind == "lawful-maximum":
        fact["value"] = "4.00%"
    elif kind == "amendment":
        fact |= {"document": "No. 8", "term": "maturity", "value": "2005-09-30"}
        fact["agreed_by"] = "both"
    return fact


@often
@given(seed=seeds, data=st.data())
def test_what_was_taken_back_leaves_no_trace(seed: int, data: st.DataObject) -> None:
    facts, as_of, readings = history(seed)
    wrong = wrong_fact(data, some_day(data, as_of))
    assume(all(f["kind"] != "lawful-maximum" or f["date"] != wrong["date"] for f in facts))
    void: Fact = {"id": "back", "kind": "correction", "of": "wrong", "void": True}
    void["date"] = max(wrong["date"], some_day(data, as_of))
    told = check([*facts, wrong, void], as_of, readings)
    never = check(facts, as_of, readings)
    del told["receipt"], never["receipt"]
    assert told == never


# Decisions ---------------------------------------------------------------------------------------


def decisions(told: Report, day: str) -> dict[str, Any]:
    """What a report says was decided until the close of a day; later days must not change it."""
    asked_at_close = pack().standing
    return {
        "payments": [
            {name: value for name, value in payment.items() if name != "trued_up_on"}
            for payment in told["payments"]
            if payment["date"] <= day
        ],
        "obligations": {
            o["id"]: (o["amount"], o["due"], o["cause"])
            for o in told["obligations"]
            if o["due"] <= day
        },
        "periods": [p for p in told["periods"][:-1] if p["to"] <= day],
        "findings": {
            f["id"]: (f["date"], f["amount"], f["says"], f["facts"], f["working"], f["against"])
            for f in told["findings"]
            if f["date"] <= day and f["rule"] not in asked_at_close
        },
        "outcomes": {
            f["id"]: f["outcome"]
            for f in told["findings"]
            if f["date"] <= day
            and f["rule"] not in asked_at_close
            and all(revision["date"] <= day for revision in f["revisions"])
        },
        "amendments": [a for a in told["amendments"] if a["from"] <= day],
    }


@often
@given(seed=seeds, data=st.data())
def test_what_was_decided_until_a_day_is_never_decided_otherwise(
    seed: int, data: st.DataObject
) -> None:
    history_, as_of, readings = history(seed)
    facts = without_corrections(history_)
    day = some_day(data, as_of)
    then, later = check(facts, day, readings), check(facts, as_of, readings)
    before, after = decisions(then, day), decisions(later, day)
    # A finding that was waived later has another outcome now; the waiver says from when.
    before["outcomes"] = {name: before["outcomes"][name] for name in after["outcomes"]}
    assert after == before
