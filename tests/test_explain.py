"""Why and why not: every id is explained, and the conditions told hold as the engine found them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from checker.dates import parse_day
from checker.inquiry import Inquiry
from checker.model import WrongInput
from checker.questions.explain import explain, render
from checker.questions.tree import holds, watch
from checker.schema import schema
from tests.product import NOTE, as_facts, engines, pack
from tests.test_every_pack import bent, last_day, of_every_pack

SHAPE = Draft7Validator(schema("explain"))
BASE: list[dict[str, Any]] = [
    {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15,000,000.00"},
    {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
     "value": "9.50%", "source": "letter of the lender"},
    {"id": "p1", "date": "2001-01-04", "kind": "payment", "amount": "100,000.00"},
]  # fmt: skip


def note(as_of: str, *more: Mapping[str, Any]) -> Inquiry:
    facts = as_facts([*BASE, *more])
    return Inquiry(pack(NOTE), engines(NOTE), facts, parse_day(as_of))


@of_every_pack
@settings(max_examples=10, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 100_000))
def test_the_conditions_told_hold_where_and_only_where_the_engine_found_the_rule(
    folder: Path, seed: int
) -> None:
    facts, choices = bent(folder, seed)
    assume(len(facts) < 40)
    inquiry = Inquiry(
        pack(folder), engines(folder), facts, last_day(facts, seed), None, choices
    )  # fmt: skip
    rules = [rule for rule in pack(folder).rules.values() if not rule.unless]
    for watched in watch(inquiry, random.Random(seed).sample(rules, 3)):
        fitting = 0
        for bound in bindings(watched):
            others = {p.alias: {a: s for a, s in bound.items() if a != p.alias}
                      for p in watched.patterns}  # fmt: skip
            fitting += all(holds(p.tree, bound[p.alias], others[p.alias]) for p in watched.patterns)
        assert fitting == len(list(watched.found())), watched.rule.id


def bindings(watched: Any) -> Iterator[dict[str, Any]]:
    """Every choice of what the patterns were shown, no two the same."""
    found: list[dict[str, Any]] = [{}]
    for pattern in watched.patterns:
        found = [
            {**bound, pattern.alias: seen}
            for bound in found
            for seen in watched.shown(pattern)
            if all(seen is not other for other in bound.values())
        ]
    yield from found


@of_every_pack
@settings(max_examples=3, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 100_000))
def test_whatever_bears_an_id_is_explained_and_has_its_shape(folder: Path, seed: int) -> None:
    facts, choices = bent(folder, seed)
    assume(len(facts) < 30)
    inquiry = Inquiry(pack(folder), engines(folder), facts, last_day(facts, seed), None, choices)
    report, some = inquiry.report, random.Random(seed)
    ids = {
        "finding": [row["id"] for row in report["findings"]],
        "obligation": [row["id"] for row in report["obligations"]],
        "period": [f"period/{row['to']}" for row in report["periods"]],
        "payment": [row["fact"] for row in report["payments"]],
        "rule": list(inquiry.pack.rules),
        "power": list(inquiry.pack.powers),
        "term": list(inquiry.pack.terms),
        "instalment": list(inquiry.result.evaluation.ledger.instalments.fallen),
    }
    for what, known in ids.items():
        if not known:
            continue
        told = explain(inquiry, id_ := some.choice(known))
        assert told["what"] == what, id_
        assert [fault.message for fault in SHAPE.iter_errors(told)] == []
        assert id_ in render(told)
        if what == "finding":
            assert any(rule["fired"] for rule in told["rules"]), id_


def test_a_default_is_told_with_its_conditions_words_figures_and_what_would_have_avoided_it() -> (
    None
):
    told = explain(note("2001-01-10"), "event-of-default/interest/2000-12-31")
    (rule,) = told["rules"]
    assert rule["when"] == [{"alias": "missed", "text": "deadline where unpaid > unapplied"}]
    (seen,) = rule["looked_at"][0]["seen"]
    assert seen["conditions"] == [
        {"level": 0, "text": "unpaid > unapplied", "holds": True, "left": "46,712.33",
         "right": "0.00", "by": "46,712.33"}
    ]  # fmt: skip
    assert "a payment of 46,712.33 on 2001-01-05, the last day" in told["avoided"]
    assert "15,000,000.00 × 10.50% × 34 / 365 = 146,712.33" in told["working"]
    (rate,) = [fact for fact in told["facts"] if fact["id"] == "r1"]
    assert (rate["source"], rate["place"]) == ("letter of the lender", "facts.jsonl:2")
    assert {row["question"] for row in told["turns_on"]} >= {"day-count", "rate-determination"}


def test_a_rule_that_found_nothing_is_told_with_what_came_nearest_and_what_it_lacked() -> None:
    late = {"id": "p2", "date": "2001-01-08", "kind": "payment", "amount": "46,712.33"}
    told = explain(note("2001-01-10", late), "late-in-grace/interest/2000-12-31")
    assert told["what"] == "no-finding"
    (looked,) = told["rules"][0]["looked_at"]
    assert looked["lacks"] == "paid_on <= last_day"
    assert "interest/2000-12-31: paid_on <= last_day failed by 3 days" in told["avoided"]
    silent = explain(note("2001-01-10"), "subordination-withheld")
    assert "found nothing" in silent["says"][0]
    assert all("was told" in r["looked_at"][0]["lacks"] for r in silent["rules"])


def test_a_payment_a_period_and_a_term_say_what_made_them() -> None:
    paid = explain(note("2001-01-10"), "p1")
    assert {"name": "interest/2000-12-31", "value": "146,712.33 unpaid, then 46,712.33"} in paid[
        "figures"
    ]
    period = explain(note("2001-01-10"), "interest/2001-12-31")
    assert (period["what"], period["figures"][0]["value"]) == ("period", "2000-12-31")
    term = explain(note("2001-01-10").read({"grace-scope": "all-amounts"}), "grace.principal")
    assert term["says"] == [
        "grace.principal is 5 calendar days, set by the reading grace-scope=all-amounts."
    ]
    assert [row["instead"] for row in term["turns_on"]] == ["0 calendar days"]
    signed = explain(note("2001-01-10"), "grace.principal")
    assert signed["says"] == ["grace.principal is 0 calendar days, set by the contract as signed."]
    user = note("2001-01-10").with_terms({"reborrow-cutoff": parse_day("2002-09-30")})
    assert "set by the user (--term)" in explain(user, "reborrow-cutoff")["says"][0]


def test_a_term_that_was_amended_names_the_amendment() -> None:
    amended = {"id": "m1", "date": "2001-01-08", "kind": "amendment", "document": "Amendment No. 1",
               "term": "maturity", "value": "2005-09-30", "agreed_by": "both"}  # fmt: skip
    told = explain(note("2001-01-10", amended), "maturity")
    assert told["says"] == [
        "maturity is 2005-09-30, set by the amendment m1 of 2001-01-08, Amendment No. 1."
    ]
    assert [fact["id"] for fact in told["facts"]] == ["m1"]


def test_a_judgment_on_which_a_finding_hangs_is_told_with_who_decided_and_why() -> None:
    waived = {"id": "w1", "date": "2001-01-09", "kind": "waiver", "of": "interest/2000-12-31",
              "by": "Baccarat Electronics, Inc.", "reason": "a delayed wire"}  # fmt: skip
    told = explain(note("2001-01-10", waived), "event-of-default/interest/2000-12-31")
    (revision,) = told["revisions"]
    assert (revision["by"], revision["reason"], revision["about"]) == (
        "Baccarat Electronics, Inc.", "a delayed wire", "interest/2000-12-31",
    )  # fmt: skip
    assert [rule["rule"] for rule in told["rules"]] == ["event-of-default", "default-waived"]
    assert "Decided by Baccarat Electronics, Inc.: a delayed wire" in " ".join(render(told).split())


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("event-of-defualt/interest/2000-12-31", "event-of-default/interest/2000-12-31"),
        ("interest/2000-12-30", "interest/2000-12-31"),
        ("period/2001-12-30", "period/2001-12-31"),
        ("reborow-cutoff", "reborrow-cutoff"),
        ("acelerate", "accelerate"),
    ],
)
def test_an_unknown_id_is_refused_with_the_nearest(wrong: str, meant: str) -> None:
    with pytest.raises(WrongInput) as refused:
        explain(note("2001-01-10"), wrong)
    (problem,) = refused.value.problems
    assert (str(problem.place), problem.place.excerpt) == ("ID:1:1", wrong)
    assert problem.hint == f"did you mean '{meant}'?"
