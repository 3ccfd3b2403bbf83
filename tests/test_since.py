"""What changed since an earlier report, what changed it, and what warns of records of nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from checker.cli import main
from checker.dates import parse_day
from checker.inquiry import Inquiry
from checker.model import WrongInput
from checker.questions.since import PARTS, changes, earlier, of_same
from checker.report import exit_code
from checker.schema import schema
from checker.text import render_text
from tests.baselines import FORMATS, changed, pairs
from tests.product import NOTE, ROOT, as_facts, check, engines, pack
from tests.test_every_pack import bent, last_day, of_every_pack

BASE: list[dict[str, Any]] = [
    {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15,000,000.00"},
    {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
     "value": "9.50%"},
]  # fmt: skip
PAID = {"id": "p1", "date": "2001-01-04", "recorded": "2001-02-10", "kind": "payment",
        "amount": "146,712.33"}  # fmt: skip


def note(as_of: str, *more: Mapping[str, Any], known_on: str = "") -> Inquiry:
    known = parse_day(known_on) if known_on else None
    facts = as_facts([*BASE, *more])
    return Inquiry(pack(NOTE), engines(NOTE), facts, parse_day(as_of), known)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("pair", pairs(), ids=lambda path: path.name)
def test_a_pair_of_runs_tells_the_changes_that_stand_beside_it(pair: Path, format_: str) -> None:
    assert changed(pair, format_) == (pair / FORMATS[format_]).read_text(encoding="utf-8")


def test_there_are_pairs_enough() -> None:
    assert len(pairs()) >= 2


def test_a_payment_recorded_later_turns_a_default_into_payment_in_grace() -> None:
    old = note("2001-01-31", PAID, known_on="2001-01-31").report
    told = changes(note("2001-01-31", PAID), old)
    rows = {row["id"]: row for row in told["findings"]}
    gone = rows["event-of-default/interest/2000-12-31"]
    new = rows["late-in-grace/interest/2000-12-31"]
    assert (gone["change"], gone["why"], gone["because"]) == ("gone", "facts", ["p1"])
    assert (new["change"], new["why"], new["because"]) == ("new", "facts", ["p1"])
    assert told["outcome"][0]["before"] == "breach"
    (fact,) = told["facts"]
    assert (fact["id"], fact["recorded"]) == ("p1", "2001-02-10")
    assert "event-of-default/interest/2000-12-31" in fact["changed"]


def test_what_the_days_alone_changed_is_told_apart() -> None:
    told = changes(note("2001-01-10"), note("2001-01-03").report)
    rows = {row["id"]: row for row in told["findings"]}
    assert rows["event-of-default/interest/2000-12-31"]["why"] == "time"
    assert told["facts"] == []


def test_what_only_two_records_together_changed_names_both() -> None:
    halves = [
        {"id": id_, "date": "2001-01-04", "kind": "payment", "amount": "146,712.33"}
        for id_ in ("p1", "p2")
    ]
    told = changes(note("2001-01-31", *halves), note("2001-01-31").report)
    gone = next(row for row in told["findings"] if row["id"].startswith("event-of-default"))
    assert (gone["why"], gone["because"]) == ("facts-together", ["p1", "p2"])


def test_a_record_given_later_without_saying_so_is_found_by_the_facts_hash() -> None:
    rate, advance = BASE[1], BASE[0]
    facts = as_facts([advance])
    old = Inquiry(pack(NOTE), engines(NOTE), facts, parse_day("2001-01-31")).report
    told = changes(note("2001-01-31"), old)
    assert [fact["id"] for fact in told["facts"]] == [rate["id"]]


def test_another_reading_or_term_is_told_as_a_setting_and_blamed() -> None:
    told = changes(note("2001-01-10").read({"day-count": "actual/360"}), note("2001-01-10").report)
    (setting,) = told["settings"]
    assert (setting["id"], setting["before"], setting["after"]) == (
        "reading day-count", "actual/365", "actual/360",
    )  # fmt: skip
    assert {row["why"] for part in PARTS for row in told[part]} == {"settings"}


def test_a_record_that_is_no_longer_given_is_named() -> None:
    told = changes(note("2001-02-15"), note("2001-02-15", PAID).report)
    assert told["gone"] == ["p1"]
    assert told["outcome"][0]["why"] == "gone"


@of_every_pack
@settings(max_examples=6, deadline=None, derandomize=True, database=None)
@given(seed=st.integers(0, 100_000))
def test_nothing_changes_since_the_same_report_and_all_is_new_since_none(
    folder: Path, seed: int
) -> None:
    facts, choices = bent(folder, seed)
    assume(len(facts) < 30)
    day = last_day(facts, seed)
    inquiry = Inquiry(pack(folder), engines(folder), facts, day, None, choices)
    same = changes(inquiry, inquiry.report)
    assert not any(same[part] for part in ("settings", "gone", "outcome", *PARTS, "balances"))
    last = max(facts, key=lambda fact: (fact.date, fact.order))
    before = inquiry.with_facts(fact for fact in facts if fact is not last)
    told = changes(inquiry, before.report)
    stood = {row["id"]: row for row in before.report["findings"]}
    stands = {row["id"]: row for row in inquiry.report["findings"]}
    assert {r["id"] for r in told["findings"] if r["change"] == "new"} == stands.keys() - stood
    assert {r["id"] for r in told["findings"] if r["change"] == "gone"} == stood.keys() - stands
    assert all(last.id in row["because"] for part in PARTS for row in told[part])


# Wrong input --------------------------------------------------------------------------------------


def whole() -> dict[str, Any]:
    return dict(note("2001-01-10").report)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "a report is expected"),
        (json.dumps({"schema": "other"}), "and this is other"),
        (json.dumps(whole() | {"findings": [1]}), "not whole: findings"),
        (json.dumps(whole() | {"as_of": "2001-02-30"}), "not whole: as_of"),
        (json.dumps(whole() | {"balances": None}), "not whole: balances"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_baseline_that_is_no_report_is_refused_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "old.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongInput) as refused:
        earlier(str(path))
    (problem,) = refused.value.problems
    assert message in problem.message
    assert problem.place.file == str(path)


@pytest.mark.parametrize("name", ["pack", "contract"])
def test_a_baseline_of_another_contract_or_pack_is_refused(name: str) -> None:
    with pytest.raises(WrongInput) as refused:
        of_same(whole() | {name: "second-amended-notes"}, note("2001-01-10"), "old.json")
    (problem,) = refused.value.problems
    assert f"is of the {name} 'second-amended-notes'" in problem.message


def test_the_command_refuses_a_baseline_and_writes_no_changes_over_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts, old = tmp_path / "facts.jsonl", tmp_path / "old.json"
    facts.write_text("".join(f"{json.dumps(record)}\n" for record in BASE), encoding="utf-8")
    old.write_text(json.dumps(whole()), encoding="utf-8")
    given = ["check", str(ROOT / "rules/second-amended-note"), str(facts), "--baseline"]
    for more, words in (
        ([str(tmp_path / "none.json")], "cannot be read"),
        ([str(old), "--output", f"json={old}"], "read or written already"),
        ([str(old), "--format", "jsonl"], "--baseline goes with"),
    ):
        with pytest.raises(SystemExit) as left:
            main([*given, *more])
        assert left.value.code == 2
        assert words in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*given, str(old), "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert report["changes"]["since"] == "2001-01-10"
    assert list(Draft7Validator(schema("report")).iter_errors(report)) == []


# Judgments and waivers ----------------------------------------------------------------------------


def test_a_waiver_of_what_has_not_occurred_warns_and_changes_no_outcome() -> None:
    waiver = {"id": "w1", "date": "2000-12-30", "kind": "waiver", "of": "interest/2001-12-31",
              "by": "Baccarat Electronics, Inc.", "reason": "too soon"}  # fmt: skip
    paid = PAID | {"recorded": "2001-01-04"}
    plain, warned = check([*BASE, paid], "2001-01-10"), check([*BASE, paid, waiver], "2001-01-10")
    (warning,) = warned["warnings"]
    assert warning["fact"] == "w1"
    assert "interest/2001-12-31" in warning["says"]
    assert plain["warnings"] == []
    assert (warned["outcome"], exit_code(warned, "breach")) == (plain["outcome"], 0)
    assert warning["says"].split()[0] in render_text(warned)
    assert "Warnings" not in render_text(plain)


def test_a_waiver_of_an_amount_or_a_finding_that_there_is_does_not_warn() -> None:
    for of in ("interest/2000-12-31", "event-of-default/interest/2000-12-31"):
        waiver = {"id": "w1", "date": "2001-01-08", "kind": "waiver", "of": of,
                  "by": "Baccarat Electronics, Inc.", "reason": "a delayed wire"}  # fmt: skip
        told = check([*BASE, waiver], "2001-01-10")
        assert told["warnings"] == []
        (found,) = [f for f in told["findings"] if f["rule"] == "event-of-default"]
        assert found["outcome"] == "waived"  # shown, never hidden
        (revision,) = found["revisions"]
        assert (revision["by"], revision["reason"], revision["about"]) == (
            "Baccarat Electronics, Inc.", "a delayed wire", of,
        )  # fmt: skip
        assert "Decided by Baccarat Electronics, Inc.: a delayed wire" in " ".join(
            render_text(told).split()
        )


def test_a_judgment_of_an_unknown_finding_warns() -> None:
    judged = {"id": "j1", "date": "2001-01-08", "kind": "judgment", "about": "costs/2001-01-02/c9",
              "question": "fees-reasonable", "answer": "reasonable", "by": "J. Doe",
              "reason": "it was"}  # fmt: skip
    assert [w["fact"] for w in check([*BASE, judged], "2001-01-10")["warnings"]] == ["j1"]
