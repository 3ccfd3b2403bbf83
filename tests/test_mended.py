"""What was once broken stays mended: each with the smallest facts that showed it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checker import cli
from checker.model import WrongInput
from tests.product import NOTE, check
from tests.test_cli import STORIES
from tests.test_stream import fold, streamed

INDEX = "lender-line-of-credit"
DRAWN: dict[str, Any] = {
    "id": "a1",
    "date": "2000-11-27",
    "kind": "advance",
    "amount": "15000000.00",
}
RATE: dict[str, Any] = {
    "id": "r1",
    "date": "2000-12-29",
    "kind": "rate",
    "index": INDEX,
    "value": "9.50%",
}


def amendment(date: str, term: str, value: str) -> dict[str, Any]:
    return {
        "id": f"m-{term}", "date": date, "kind": "amendment", "document": "Amendment",
        "term": term, "value": value, "agreed_by": "both",
    }  # fmt: skip


def by_id(report: dict[str, Any], part: str) -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for entry in report[part]}


@pytest.mark.parametrize(("kind", "to"), [("assignment", "lender"), ("succession", "Borrower")])
def test_a_party_may_be_named_by_its_role_in_a_deed(kind: str, to: str) -> None:
    deed = {"id": "s1", "date": "2001-01-02", "kind": kind, "to": to}
    report = check([DRAWN, RATE, deed])
    assert report["parties"] == {
        "borrower": "Valence Technology, Inc.", "lender": "Baccarat Electronics, Inc.",
    }  # fmt: skip


def test_a_last_day_is_never_before_the_amount_is_due_and_its_passing_is_seen() -> None:
    advance = {"id": "a2", "date": "2002-08-31", "kind": "advance", "amount": "1000.00"}
    convention = amendment("2001-06-01", "last-day-of-grace", "preceding")
    rate = {**RATE, "id": "r2", "date": "2001-12-31"}
    report = check([RATE, rate, convention, advance], "2002-12-30")
    assert by_id(report, "obligations")["principal/2002-08-31/a2"]["last_day"] == "2002-08-31"
    found = by_id(report, "findings")["event-of-default/principal/2002-08-31/a2"]
    assert found["date"] == "2002-09-01"


def test_principal_taken_over_after_maturity_is_due_when_taken_over() -> None:
    opening = {
        "id": "o1", "date": "2003-06-01", "kind": "opening-balance",
        "principal": "1000000.00", "interest": "0.00",
    }  # fmt: skip
    rate = {**RATE, "date": "2002-12-31"}
    payment = {"id": "p1", "date": "2003-06-01", "kind": "payment", "amount": "400000.00"}
    report = check([opening, rate, payment], "2003-06-02")
    owed = by_id(report, "obligations")["principal/2003-06-01"]
    assert (owed["amount"], owed["unpaid"], owed["state"]) == (
        "1000000.00", "600000.00", "defaulted",
    )  # fmt: skip


def test_interest_taken_over_on_a_due_date_is_of_one_obligation_with_what_falls_due() -> None:
    opening = {
        "id": "o1", "date": "2001-12-31", "kind": "opening-balance",
        "principal": "1000000.00", "interest": "500.00",
    }  # fmt: skip
    report = check([opening, RATE], "2002-01-10", {"closing-day": "included"})
    # 1,000,000.00 × 10.50% × 1 / 365 = 287.67, and 500.00
    owed = by_id(report, "obligations")["interest/2001-12-31"]
    assert (owed["amount"], owed["unpaid"]) == ("787.67", "787.67")
    assert report["balances"]["interest_due"] == "787.67"


def test_an_amended_day_count_leaves_the_days_before_it_alone() -> None:
    amended = [DRAWN, RATE, amendment("2001-02-01", "day-count", "actual/360")]
    plea = {"id": "q1", "date": "2001-01-31", "kind": "plea", "what": "demand"}
    # 32 days of 365 are 138,082.1918, 333 days of 360 are 1,456,875.00
    for facts in (amended, [*amended, plea]):
        owed = by_id(check(facts, "2001-12-31"), "obligations")["interest/2001-12-31"]
        assert owed["amount"] == "1594957.19"


def test_a_date_of_the_note_amended_later_undoes_no_period() -> None:
    moved = amendment("2001-06-01", "date-of-note", "2002-01-15")
    report = check([DRAWN, RATE, moved], "2002-01-10")
    assert by_id(report, "obligations")["interest/2001-12-31"]["amount"] == "1575000.00"


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main([str(argument) for argument in arguments])
    assert isinstance(left.value.code, int)
    return left.value.code


def written(path: Path, *facts: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(fact) + "\n" for fact in facts), encoding="utf-8")
    return path


def test_a_contradiction_counts_until_the_day_of_its_correction(tmp_path: Path) -> None:
    other = {**RATE, "id": "r2", "value": "9.60%"}
    mended = {"id": "k1", "date": "2001-06-01", "kind": "correction", "of": "r2", "void": True}
    facts = written(tmp_path / "f.jsonl", DRAWN, RATE, other, mended)
    assert run("check", NOTE, facts, "--as-of", "2001-01-01") == 2
    assert run("check", NOTE, facts) == 1


def test_an_output_never_takes_the_place_of_anything_but_its_file(tmp_path: Path) -> None:
    story = STORIES / "on-time" / "facts.csv"
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)
    assert run("check", NOTE, story, "--output", f"text={link}") == 0
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8").startswith("Second Amended")
    facts = written(tmp_path / "f.jsonl", DRAWN, RATE)
    before = facts.read_bytes()
    assert run("check", NOTE, facts, "--output", f"text={facts}") == 2
    assert facts.read_bytes() == before
    same = tmp_path / "same"
    assert run("check", NOTE, story, "--output", f"json={same}", "--output", f"text={same}") == 2
    assert not same.exists()
    assert run("check", NOTE, story, "--output", "text=/dev/null") == 2
    assert run("check", NOTE, story, "--output", f"text={tmp_path / ('x' * 250)}") == 0
    assert run("check", NOTE, story, "--output", f"text={tmp_path / ('x' * 300)}") == 2
    assert [path for path in tmp_path.iterdir() if path.suffix == ".part"] == []


def test_a_stream_takes_a_correction_before_what_it_corrects() -> None:
    early: dict[str, Any] = {
        "id": "k1", "date": "2000-12-20", "recorded": "2001-01-10", "kind": "correction",
        "of": "r2", "void": True,
    }  # fmt: skip
    facts = [DRAWN, early, RATE, {**RATE, "id": "r2", "value": "9.60%"}]
    changes, _last = streamed(facts, "2001-01-10", {})
    assert fold(changes).keys() == by_id(check(facts, "2001-01-10"), "findings").keys()


def test_a_stream_keeps_to_its_contract() -> None:
    of_a = {**DRAWN, "contract": "A"}
    with pytest.raises(WrongInput, match="no record is of the contract 'AA'"):
        streamed([of_a, RATE], "2001-01-10", {}, contract="AA")
    payment = {"id": "p1", "date": "2001-01-02", "kind": "payment", "amount": "50.00"}
    of_b = {**DRAWN, "id": "b1", "contract": "B"}
    with pytest.raises(WrongInput, match="needs its 'contract'"):
        streamed([of_a, of_b, RATE, payment], "2001-01-10", {}, contract="A")
    with pytest.raises(WrongInput, match="choose one with --contract"):
        streamed([of_a, of_b], "2001-01-10", {})


def test_a_stream_without_an_as_of_day_ends_where_the_report_does() -> None:
    void = {"id": "k1", "date": "2001-01-10", "recorded": "2001-07-01", "kind": "correction",
            "of": "p1", "void": True}  # fmt: skip
    facts = [DRAWN, RATE, {"id": "p1", "date": "2001-06-01", "kind": "payment", "amount": "1.00"}]
    changes, last = streamed([*facts, void], "", {})
    assert last["as_of"] == check([*facts, void])["as_of"] == "2001-01-10"
    assert fold(changes).keys() == by_id(last, "findings").keys()


def test_a_correction_counts_on_an_earlier_day_for_who_knows_of_it() -> None:
    paid = {"id": "p1", "date": "2001-01-02", "kind": "payment", "amount": "146712.33"}
    void = {"id": "k1", "date": "2001-02-01", "kind": "correction", "of": "p1", "void": True}
    facts = [DRAWN, RATE, paid, void]
    assert check(facts, "2001-01-10", {}, "2001-01-31")["outcome"] == "compliant"
    assert check(facts, "2001-01-10", {}, "2001-02-01")["outcome"] == "breach"
