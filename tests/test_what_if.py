"""What a change does: nothing where nothing is changed, and what the worked split says."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from checker.dates import iso, parse_day
from checker.inquiry import Inquiry
from checker.model import Place, WrongInput
from checker.money import plain
from checker.questions.changes import Changed, Entry, Scenario, apply, judged
from checker.questions.whatif import what_if
from checker.terms import Choices
from tests.agreement import history
from tests.product import NOTE, ROOT, as_facts, engines, pack
from tests.questions import printed, refused
from tests.test_every_pack import bent, last_day, of_every_pack

STORY = ROOT / "fixtures" / "second-amended-note" / "mid-year-prepayment-trued-up" / "facts.csv"

seeds = st.integers(0, 20_000)
often = settings(max_examples=25, deadline=None, derandomize=True, database=None)
sometimes = settings(max_examples=8, deadline=None, derandomize=True, database=None)
HERE = Place("", 1, 1)


def of_history(seed: int) -> Inquiry:
    facts, as_of, readings = history(seed)
    choices = Choices(readings=readings)
    return Inquiry(pack(), engines(), as_facts(facts), parse_day(as_of), None, choices)


def of_bent(folder: Path, seed: int) -> Inquiry:
    facts, choices = bent(folder, seed)
    day = last_day(facts, seed)
    return Inquiry(pack(folder), engines(folder), facts, day, None, choices)


def change(kind: str, name: str, value: str = "") -> Entry:
    return Entry(kind, name, value, HERE, HERE)


def made(inquiry: Inquiry, *entries: Entry) -> Inquiry | None:
    """The contract with these changes; None where they cannot be made to it."""
    done, _problems = apply(inquiry, Scenario("", entries), inquiry.pack.currency)
    return None if done is None or judged(done) else done.inquiry


def changed(inquiry: Inquiry, *entries: Entry) -> Inquiry:
    """The same; a history to which they cannot be made is passed over."""
    done = made(inquiry, *entries)
    if done is None:
        assume(False)  # hypothesis looks elsewhere
    assert done is not None
    return done


def unchanged(data: dict[str, Any]) -> bool:
    """Whether an answer says that nothing is changed."""
    (scenario,) = data["scenarios"]
    lists = ("changes", "payments", "findings", "obligations")
    return (
        not any(scenario[name] for name in lists)
        and scenario["outcome"] == data["outcome"]
        and all(b["before"] == b["after"] for b in scenario["balances"])
        and all(i["saved"] in ("0.00", None) for i in scenario["interest"])
        and all(i["charges"] == "0.00" for i in scenario["interest"])
        and all(d["before"] == d["after"] for d in scenario["due"])
        and scenario["draws"]["before"] == scenario["draws"]["after"]
    )


# No change -------------------------------------------------------------------------------------


@often
@given(seed=seeds)
def test_a_what_if_with_no_change_changes_nothing(seed: int) -> None:
    base = of_history(seed)
    done, problems = apply(base, Scenario("nothing"), "USD")
    assert done is not None
    assert problems == []
    assert unchanged(what_if(base, [done], None))
    assert done.inquiry.report == base.report


@of_every_pack
@sometimes
@given(seed=seeds)
def test_no_change_changes_nothing_under_any_pack(folder: Path, seed: int) -> None:
    base = of_bent(folder, seed)
    assert unchanged(what_if(base, [Changed("", changed(base), (), None)], None))


@often
@given(seed=seeds)
def test_to_pay_and_then_to_drop_that_payment_is_the_identity(seed: int) -> None:
    base, some = of_history(seed), random.Random(seed)
    day = iso(base.as_of - some.randrange(400))
    paid = changed(base, change("pay", day, plain(some.randrange(1, 10**9))))
    (added,) = {fact.id for fact in paid.facts} - {fact.id for fact in base.facts}
    assert changed(paid, change("drop", added)).report == base.report


@of_every_pack
@sometimes
@given(seed=seeds)
def test_a_record_moved_away_and_back_is_as_it_was(folder: Path, seed: int) -> None:
    base, some = of_bent(folder, seed), random.Random(seed)
    fact = some.choice(list(base.facts))
    away = changed(base, change("move", fact.id, iso(fact.date + some.randrange(1, 40))))
    assert changed(away, change("move", fact.id, iso(fact.date))).report == base.report


@sometimes
@given(seed=seeds)
def test_a_reading_is_changed_as_the_evaluation_reads_it(seed: int) -> None:
    base, some = of_history(seed), random.Random(seed)
    question = some.choice(list(base.pack.questions.values()))
    answer = some.choice(list(question.answers))
    read = changed(base, change("reading", question.name, answer))
    assert read.report == base.read({question.name: answer}).report


# The worked split ------------------------------------------------------------------------------


def worked(day: str, first: str = "146712.33", **readings: str) -> dict[str, Any]:
    """$5,000,000 paid on 2001-06-29 after the first interest, with and without, seen on a day."""
    facts = [
        {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15000000.00"},
        {"id": "r0", "date": "1999-12-31", "kind": "rate", "index": INDEX, "value": "8.50%"},
        {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": INDEX, "value": "9.50%"},
        {"id": "p1", "date": "2001-01-02", "kind": "payment", "amount": first},
        {"id": "r2", "date": "2001-12-31", "kind": "rate", "index": INDEX, "value": "4.75%"},
    ]
    choices = Choices(readings=readings)
    base = Inquiry(pack(), engines(), as_facts(facts), parse_day(day), None, choices)
    paid = changed(base, change("pay", "2001-06-29", "5000000.00"))
    rates = (300_000_000, 900_000_000)
    data = what_if(base, [Changed("paid", paid, (), None)], rates)
    scenario: dict[str, Any] = data["scenarios"][0]
    return scenario


INDEX = "lender-line-of-credit"


def test_the_worked_split_is_provisional_the_day_after() -> None:
    told = worked("2001-06-30")
    (payment,) = told["payments"]
    assert payment["change"] == "added"
    assert payment["after"]["interest"] == "776712.33"
    assert payment["after"]["principal"] == "4223287.67"
    assert payment["after"]["provisional"] is True
    assert payment["working"] == ["15,000,000.00 × 10.50% × 180 / 365 = 776,712.33"]
    assert any("applied first to unpaid accrued interest" in w["words"] for w in payment["words"])
    (true_up,) = told["true_ups"]
    assert true_up["difference"] is None
    assert true_up["range"] == {"lowest": "-262335.15", "highest": "509230.62"}
    saved = told["interest"][0]
    assert (saved["until"], saved["provisional"]) == ("2001-12-31", True)
    assert saved["range"] == {"lowest": "85622.82", "highest": "214057.05"}


def test_the_worked_split_is_trued_up_when_the_rate_is_determined() -> None:
    told = worked("2001-12-31")
    (payment,) = told["payments"]
    assert payment["after"]["trued_up_on"] == "2001-12-31"
    (true_up,) = told["true_ups"]
    assert true_up["determined_on"] == "2001-12-31"
    assert true_up["interest"] == "739417.20"
    assert true_up["difference"] == "-37295.13"


def test_the_worked_split_is_final_at_once_in_advance() -> None:
    told = worked("2001-06-30", "132739.73", **{"rate-determination": "in-advance"})
    (payment,) = told["payments"]
    assert payment["after"]["interest"] == "776712.33"
    assert payment["after"]["provisional"] is False
    assert told["true_ups"] == []
    assert told["interest"][0]["provisional"] is False


def test_what_may_be_drawn_ends_with_the_day_before_the_cutoff() -> None:
    draws = worked("2001-06-30")["draws"]
    assert draws["before"] == {"amount": "0.00", "last_day": None}
    assert draws["after"] == {"amount": "4223287.67", "last_day": "2002-08-29"}


# The command -----------------------------------------------------------------------------------


def ask(*options: str) -> list[str]:
    return ["what-if", str(NOTE), str(STORY), *options]


def answer(words: list[str]) -> Any:
    return json.loads(printed([*words, "--format", "json"]))


def test_a_forbidden_draw_is_answered_with_its_finding() -> None:
    (told,) = answer(ask("--draw", "2002-08-30=1,000,000.00"))["scenarios"]
    (found,) = [f for f in told["findings"] if f["after"]["outcome"] == "breach"]
    assert found["id"] == "reborrow-after-cutoff/draw-2002-08-30"
    assert told["outcome"] == "breach"


def test_nothing_is_written_to_the_facts() -> None:
    before = STORY.read_bytes()
    answer(ask("--drop", "p2", "--pay", "2001-07-02=5,000,000.00"))
    assert STORY.read_bytes() == before


def test_the_day_looked_at_is_the_last_that_a_change_names() -> None:
    assert answer(ask())["as_of"] == "2001-12-31"
    assert answer(ask("--pay", "2001-06-01=1.00"))["as_of"] == "2001-12-31"
    assert answer(ask("--pay", "2002-03-01=1.00"))["as_of"] == "2002-03-01"
    assert answer(ask("--move", "p2=2002-02-01"))["as_of"] == "2002-02-01"
    given = '{"id": "x1", "date": "2002-05-01", "kind": "costs", "amount": "10.00"}'
    assert answer(ask("--fact", given))["as_of"] == "2002-05-01"
    assert answer(ask("--pay", "2001-03-01=1.00", "--as-of", "2001-07-01"))["as_of"] == "2001-07-01"


def test_a_payment_that_would_have_come_later_is_seen_to_be_missing_before() -> None:
    (told,) = answer(ask("--move", "p2=2001-07-15", "--as-of", "2001-07-01"))["scenarios"]
    assert [(p["fact"], p["change"]) for p in told["payments"]] == [("p2", "gone")]


def test_what_is_supposed_counts_as_known() -> None:
    words = ["--pay", "2001-06-15=9.00", "--known-on", "2001-05-01"]
    data = answer(ask(*words))
    assert (data["as_of"], data["known_on"]) == ("2001-06-15", "2001-05-01")
    assert [p["fact"] for p in data["scenarios"][0]["payments"]] == ["pay-2001-06-15"]


def test_all_changes_go_together() -> None:
    given = '{"id": "x1", "date": "2002-05-01", "kind": "costs", "amount": "10.00"}'
    (told,) = answer(
        ask("--pay", "2002-03-01=7.00", "--draw", "2002-03-02=5.00", "--drop", "p1",
            "--fact", given, "--move", "p2=2001-07-02", "--reading", "day-count=actual/360",
            "--term", "margin=2.00%")
    )["scenarios"]  # fmt: skip
    kinds = ["pay", "draw", "drop", "move", "reading", "term", "fact"]
    assert sorted(c["kind"] for c in told["changes"]) == sorted(kinds)
    assert {"p1", "p2", "pay-2002-03-01"} <= {p["fact"] for p in told["payments"]}


def test_what_corrects_a_record_that_is_left_out_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "facts.csv"
    more = 'k1,2001-07-01,correction,p2,"4,000,000.00"\n'
    path.write_text(
        "id,date,kind,of,amount\na1,2000-11-27,advance,,100.00\n"
        f"p2,2001-06-29,payment,,50.00\n{more}", encoding="utf-8",
    )  # fmt: skip
    (told,) = answer(["what-if", str(NOTE), str(path), "--drop", "p2"])["scenarios"]
    assert [p["change"] for p in told["payments"]] == ["gone"]


def test_scenarios_of_a_file_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.yaml"
    path.write_text(
        "now:\n  pay: {2002-01-10: 1000000}\nlater:\n  pay: {2002-03-01: '1,000,000.00'}\n"
        "  facts:\n    - {id: c9, date: 2002-02-01, kind: costs, amount: 10.00}\n",
        encoding="utf-8",
    )
    data = answer(ask("--scenario", str(path)))
    assert [s["name"] for s in data["scenarios"]] == ["now", "later"]
    assert data["as_of"] == "2002-03-01"
    first, second = (s["interest"][0]["saved"] for s in data["scenarios"])
    assert int(first.replace(".", "")) > int(second.replace(".", "")) > 0


# Wrong input -----------------------------------------------------------------------------------

WRONG = {
    "a day before the note": (["--pay", "2000-01-01=5.00"], "--pay:1:1: error: the first payment"),
    "a record moved before the note": (["--move", "a1=2000-01-01"], "--move:1:4: error: the first"),
    "a change after the day": (["--pay", "2002-03-01=1.00", "--as-of", "2001-07-01"],
                               "--as-of:1:1: error: a change of 2002-03-01 lies after this day"),
    "an amount of zero": (["--pay", "2001-06-29=0.00"], "--pay:1:12: error: an amount is"),
    "no amount": (["--draw", "2001-06-29"], "--draw:1:1: error: write it as DATE=AMOUNT"),
    "no date": (["--draw", "2001-06-31=5.00"], "--draw:1:1: error: the date 2001-06-31 does not"),
    "an unknown record": (["--drop", "p9"], "--drop:1:1: error: no record has the id 'p9'"),
    "an unknown record moved": (["--move", "q2=2001-07-01"], "known: a1, lm1, p1, p2"),
    "a bad day": (["--move", "p2=soon"], "--move:1:4: error: not a date"),
    "an unknown reading": (["--reading", "day-cuont=actual/360"], "did you mean 'day-count'?"),
    "an unknown answer": (["--reading", "day-count=actual/36"], "--reading:1:11: error: 'day"),
    "an unknown term": (["--term", "margn=2%"], "did you mean 'margin'?"),
    "a term of another type": (["--term", "margin=2"], "--term:1:8: error: a rate carries its"),
    "bad JSON": (["--fact", '{"id": '], "--fact:1:"),
    "an unknown kind": (["--fact", '{"id": "x", "date": "2001-01-01", "kind": "pament"}'],
                        "did you mean 'payment'?"),
    "a bad range": (["--rate-range", "3%-9%"], "--rate-range:1:1: error: write it as"),
    "a range turned round": (["--rate-range", "9%..3%"], "--rate-range:1:1: error: the lowest"),
    "a range without signs": (["--rate-range", "3%..9"], "--rate-range:1:5: error: a rate carries"),
    "an unknown base reading": (["--base-reading", "x=y"], "unknown name 'x'"),
    "an id that is taken": (["--fact", '{"id": "p2", "date": "2001-01-01", "kind": "rate", '
                             '"index": "lender-line-of-credit", "value": "4%"}'],
                            "the id 'p2' stands twice"),
    "no such file": (["--scenario", "nowhere.yaml"], "nowhere.yaml:1:1: error: cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_told_with_its_place(name: str) -> None:
    options, told = WRONG[name]
    assert told in refused(ask(*options))


def test_all_that_is_wrong_is_told_at_once() -> None:
    options = ["--as-of", "yesterday", "--pay", "2001-06-29=0.00", "--drop", "p9", "--term", "x=1"]
    found = refused(ask(*options, "--rate-range", "9"))
    for part in ("--as-of", "--pay", "--drop", "--term", "--rate-range"):
        assert f"{part}:1:" in found
    assert "5 errors" in found


def test_a_scenario_file_is_checked_with_places(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.yaml"
    path.write_text(
        "one:\n  pay: {2001-06-29: 0.00}\n  drop: [p9]\ntwo:\n  pays: {}\n"
        "three:\n  facts: [{id: x, date: 2001-01-01, kind: pament}]\n",
        encoding="utf-8",
    )
    found = refused(ask("--scenario", str(path), "--pay", "2001-06-29=5.00"))
    for told in (":2:21: error: an amount", ":3:10: error: no record has the id",
                 ":5:3: error: unknown key", ":7:", "did you mean 'payment'?",
                 "not in both"):  # fmt: skip
        assert told in found


def test_contradictory_changes_are_wrong() -> None:
    found = refused(ask("--drop", "p2", "--move", "p2=2001-07-01"))
    assert "--move:1:1: error: 'p2' is left out already" in found


def test_what_names_a_record_that_is_left_out_is_wrong() -> None:
    records = [
        {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "100.00"},
        {"id": "j1", "date": "2001-01-01", "kind": "waiver", "of": "a1"},
    ]
    base = Inquiry(pack(), engines(), as_facts(records), parse_day("2001-02-01"))
    _made, problems = apply(base, Scenario("", (change("drop", "a1"),)), "USD")
    with pytest.raises(WrongInput, match="no record has the id"):
        raise WrongInput(problems)
