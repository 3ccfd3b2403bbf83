"""What pays a contract off: the evaluation itself finds nothing owed, and the true-up is exact."""

from __future__ import annotations

import json
import random
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from checker.dates import Day, iso, parse_day
from checker.facts import contradictions
from checker.inquiry import Inquiry
from checker.model import Fact, Value
from checker.money import RATE_ONE, half_up, parse_rate
from checker.questions.hypothetical import standing
from checker.questions.payoff import Quote, payoff, quote, render, true_up
from checker.timeline import effective
from tests.oracle import cents
from tests.product import NOTE, ROOT, as_facts, engines, pack
from tests.questions import printed, refused
from tests.test_every_pack import of_every_pack, vocabulary
from tests.test_what_if import INDEX, of_bent, of_history, seeds

STORY = ROOT / "fixtures" / "second-amended-note" / "mid-year-prepayment-trued-up" / "facts.csv"

often = settings(max_examples=30, deadline=None, derandomize=True, database=None)
sometimes = settings(max_examples=10, deadline=None, derandomize=True, database=None)


def quoted(inquiry: Inquiry, folder: Path, seed: int) -> tuple[Inquiry, Quote]:
    """What pays off on some day on which a payment can be made."""
    some = random.Random(seed)
    first = min(fact.date for fact in inquiry.facts)
    day = some.randint(first, max(first, inquiry.as_of))
    probe = Fact("probe", "payment", day, day, len(inquiry.facts), {"amount": 1})
    facts = effective([*inquiry.facts, probe], day, None)
    assume(not contradictions(facts, vocabulary(folder)))
    seen = standing(inquiry.at(day))
    return seen, quote(seen, day)


def paying(seen: Inquiry, amount: int) -> dict[str, Any]:
    """The report on the day, with a payment of so much after all others."""
    values: dict[str, Value] = {"amount": amount}
    return seen.and_facts([Fact("paid", "payment", seen.as_of, seen.as_of, 0, values)]).report


def pays_off(seen: Inquiry, asked: Quote) -> None:
    """Nothing is owed or open when that amount is paid, and something when it is a cent less."""
    if asked.amount is None:
        balances = seen.report["balances"]
        lost = sum(cents(p["unapplied"]) for p in paying(seen, 100)["payments"])
        assert balances["total"] is None or lost
        return
    left = cents(paying(seen, 10**14)["balances"]["total"])  # what comes after the payments
    assert asked.left == left
    if asked.amount == 0:
        assert cents(seen.report["balances"]["total"]) == left
        return
    report = paying(seen, asked.amount)
    assert cents(report["balances"]["total"]) == left
    assert report["balances"]["excess"] == seen.report["balances"]["excess"]
    if not left:
        assert report["balances"]["principal"] == "0.00"
        assert all(o["unpaid"] == "0.00" for o in report["obligations"])
    if asked.amount > 1:
        assert cents(paying(seen, asked.amount - 1)["balances"]["total"]) > left


@often
@given(seed=seeds)
def test_the_amount_pays_off_and_a_cent_less_does_not(seed: int) -> None:
    pays_off(*quoted(of_history(seed), NOTE, seed))


@of_every_pack
@sometimes
@given(seed=seeds)
def test_the_amount_pays_off_under_every_pack(folder: Path, seed: int) -> None:
    pays_off(*quoted(of_bent(folder, seed), folder, seed))


# The true-up -----------------------------------------------------------------------------------


def by_formula(formula: str, rate: int) -> int:
    """What a person gets who follows the formula to the letter, in cents."""
    product, _minus, paid = formula.rpartition(" − ")
    text = product.replace(",", "").replace("×", "*").replace("%", "/100")
    text = text.replace("−", "-")
    text = re.sub(r"\d+(?:\.\d+)?", lambda n: f"Fraction('{n[0]}')", text)
    text = text.replace("final rate", f"Fraction({rate}, {RATE_ONE})")
    interest = Fraction(eval(text, {"Fraction": Fraction}))  # our own figures
    return half_up((interest * 100).numerator, (interest * 100).denominator) - cents(paid)


def determined(seen: Inquiry, asked: Quote, told: dict[str, Any], value: int) -> Inquiry:
    """The contract paid off, when the period has closed at a rate that was observed later."""
    later = asked.paid
    day = parse_day(told["determined_on"])
    if day > seen.as_of:
        fact = Fact("seen", "rate", day, day, 0, {"index": INDEX, "value": value})
        later = later.and_facts([fact])
    return later.at(parse_day(told["to"]))


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(seed=seeds, value=st.integers(1, 2000))
def test_a_later_determination_gives_exactly_the_true_up(seed: int, value: int) -> None:
    seen, asked = quoted(of_history(seed), NOTE, seed)
    assume(asked.split is not None and asked.split["provisional"] and not asked.left)
    told = true_up(asked)
    assert told is not None
    closed = determined(seen, asked, told, value * RATE_ONE // 10_000).report
    (period,) = (p for p in closed["periods"] if p["from"] == told["from"])
    assert not period["provisional"]
    figured = by_formula(told["formula"], parse_rate(period["rate"]))
    fell_due = [o for o in closed["obligations"] if o["id"] == f"interest/{told['to']}"]
    held = cents(closed["balances"]["excess"]) - cents(asked.paid.report["balances"]["excess"])
    if figured > 0:
        assert [cents(o["amount"]) for o in fell_due] == [figured]
    else:
        assert fell_due == []
    assert held == max(0, -figured)
    if told["by_difference"] is not None:
        by_difference = by_formula(f"{told['by_difference']} − 0.00", parse_rate(period["rate"]))
        assert abs(by_difference - figured) <= 1


def worked(on: str, **readings: str) -> dict[str, Any]:
    """The payoff of the worked split's loan, with nothing paid but the first interest."""
    facts = [
        {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15000000.00"},
        {"id": "r0", "date": "1999-12-31", "kind": "rate", "index": INDEX, "value": "8.50%"},
        {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": INDEX, "value": "9.50%"},
        {"id": "p1", "date": "2001-01-02", "kind": "payment", "amount": "146712.33"},
        {"id": "p2", "date": "2001-11-29", "kind": "payment", "amount": "5000000.00"},
    ]
    day: Day = parse_day(on)
    return payoff(Inquiry(pack(), engines(), as_facts(facts), day).read(readings), day, 2)


def test_the_worked_payoff_is_redone_by_hand() -> None:
    told = worked("2001-06-29")
    assert told["total"] == "15776712.33"
    assert told["principal"] == "15000000.00"
    assert told["accrued_interest"] == "776712.33"
    assert told["interest_due"] == told["costs"] == "0.00"
    assert told["per_diem"] == "4315.07"
    assert told["good_through"] == "2001-06-29"
    assert told["provisional"] is True
    assert [d["total"] for d in told["days"]] == ["15776712.33", "15781027.40", "15785342.47"]
    later = told["true_up"]
    assert later["formula"] == "15,000,000.00 × 180 / 365 × final rate − 776,712.33"
    assert later["by_difference"] == "15,000,000.00 × 180 / 365 × (final rate − 10.50%)"
    assert later["determined_on"] == "2001-12-31"
    assert later["sums"] == [
        {"balance_days": "2700000000.00", "denominator": 365, "added": "0.00%"}
    ]
    assert by_formula(later["formula"], parse_rate("5.75%")) == 42534247 - 77671233


def test_in_advance_the_payoff_is_final() -> None:
    told = worked("2001-06-29", **{"rate-determination": "in-advance"})
    assert told["provisional"] is False
    assert told["true_up"] is None


def test_readings_that_matter_are_told_and_no_others() -> None:
    told = worked("2001-06-29")
    read = {(r["question"], r["answer"]): r["difference"] for r in told["range"]["readings"]}
    assert read == {
        ("rate-determination", "in-advance"): "-14246.16",
        ("day-count", "actual/360"): "12825.34",
        ("day-count", "actual/actual"): "-412.64",
    }
    assert told["range"]["lowest"] == "15762466.17"
    assert told["range"]["highest"] == "15789537.67"


def test_a_due_date_that_counts_its_own_day_stands_in_the_amount() -> None:
    excluded, included = worked("2001-12-31"), worked("2001-12-31", **{"closing-day": "included"})
    assert cents(included["total"]) > cents(excluded["total"])


def test_without_a_rate_the_missing_fact_is_named() -> None:
    facts = [{"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15000000.00"}]
    day = parse_day("2001-06-29")
    told = payoff(Inquiry(pack(), engines(), as_facts(facts), day), day, 1)
    assert told["total"] is None
    assert told["missing"][0]["fact"].startswith("rate of lender-line-of-credit")


def test_what_is_advanced_the_same_day_is_told_to_stay_open() -> None:
    facts = [
        {"id": "r1", "date": "2000-11-27", "kind": "rate", "index": INDEX, "value": "9.50%"},
        {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "100.00"},
        {"id": "a2", "date": "2000-12-01", "kind": "advance", "amount": "70.00"},
    ]
    day = parse_day("2000-12-01")
    told = payoff(Inquiry(pack(), engines(), as_facts(facts), day), day, 0)
    assert told["principal"] == "100.00"
    assert cents(told["left"]) == 7002  # with that day's own interest


def test_a_premium_that_the_payment_itself_brings_about_is_in_the_amount() -> None:
    story = ROOT / "fixtures" / "instalment-note" / "on-time" / "facts.csv"
    words = ["payoff", "rules/instalment-note", str(story), "--on", "2019-09-16"]
    told = json.loads(printed([*words, "--format", "json", "--days", "0"]))
    assert told["charges"]["premium"] == "54000.00"
    assert told["total"] == "1859400.00"


# The command -----------------------------------------------------------------------------------


def ask(*options: str) -> list[str]:
    return ["payoff", str(NOTE), str(STORY), *options]


def answer(*options: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(printed([*ask(*options), "--format", "json"]))
    return told


def test_facts_after_the_day_do_not_matter(tmp_path: Path) -> None:
    lines = STORY.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.startswith("id,") or line.split(",")[1] <= "2001-03-01"]
    path = tmp_path / "facts.csv"
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    short = json.loads(
        printed(["payoff", str(NOTE), str(path), "--on", "2001-03-01", "--format", "json"])
    )
    assert short == answer("--on", "2001-03-01")


def test_as_of_leaves_out_what_came_after_it() -> None:
    told = answer("--on", "2001-07-15", "--as-of", "2001-06-01")
    assert told["principal"] == "15000000.00"
    assert answer("--on", "2001-07-15")["principal"] == "10776712.33"


def test_what_was_known_by_a_day_pays_off_later() -> None:
    told = answer("--on", "2001-07-15", "--known-on", "2001-05-01")
    assert told["principal"] == "15000000.00"
    assert told["total"] is not None


def test_before_anything_was_drawn_nothing_is_to_be_paid() -> None:
    story = "fixtures/instalment-note/on-time/facts.csv"
    words = [
        "payoff",
        "rules/instalment-note",
        story,
        "--on",
        "2019-02-01",
        "--as-of",
        "2019-01-20",
    ]
    told = json.loads(printed([*words, "--format", "json"]))
    assert told["total"] == "0.00"
    assert told["good_through"] == "2019-02-08"


def test_a_grid_has_as_many_further_days_as_asked_for() -> None:
    told = answer("--on", "2003-01-01", "--days", "3")
    days = [parse_day(d["date"]) for d in told["days"]]
    assert days == [days[0] + n for n in range(4)]
    assert iso(days[0]) == "2003-01-01"


WRONG = {
    "a day before the note": (["--on", "2000-01-01"], "on 2000-01-01 the contract had not begun"),
    "no day": (["--on", "tomorrow"], "--on:1:1: error: not a date"),
    "an unknown reading": (["--on", "2001-06-29", "--reading", "day-cuont=x"],
                           "did you mean 'day-count'"),
    "an unknown term": (["--on", "2001-06-29", "--term", "margn=2%"], "did you mean 'margin'?"),
    "all at once": (["--on", "never", "--as-of", "ever"], "2 errors"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_told_with_its_place(name: str) -> None:
    options, told = WRONG[name]
    assert told in refused(ask(*options))


def test_records_that_contradict_each_other_on_that_day_are_wrong(tmp_path: Path) -> None:
    path = tmp_path / "facts.csv"
    path.write_text(
        "id,date,kind,principal,amount\no1,2001-05-01,opening-balance,100.00,\n", encoding="utf-8"
    )
    told = refused(["payoff", str(NOTE), str(path), "--on", "2001-04-01", "--as-of", "2001-06-01"])
    assert "opening balance" in told


def test_what_is_held_in_excess_is_told_where_nothing_is_owed() -> None:
    facts = [{"id": "p1", "date": "2001-01-05", "kind": "payment", "amount": "5.00"}]
    day = parse_day("2001-06-01")
    inquiry = Inquiry(pack(), engines(), as_facts(facts), day)
    data = payoff(inquiry, day, 0)
    assert (data["total"], data["excess"]) == ("0.00", "5.00")
    assert "5.00 is held in excess, to be refunded." in render(data)
    assert "Nothing is owed" in render(data)
