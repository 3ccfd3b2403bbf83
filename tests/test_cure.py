"""What cures: the smallest payment on the last moment does, one cent or one day less does not."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from checker.cli import main
from checker.dates import Day, parse_day
from checker.evaluate import evaluate
from checker.inquiry import Inquiry
from checker.model import Fact
from checker.questions.cure import cure, render
from checker.report import report
from checker.terms import Choices
from checker.timeline import effective
from tests.agreement import history
from tests.oracle import cents
from tests.product import NOTE, ROOT, as_facts, engines, pack
from tests.test_every_pack import PACKS, bent, of_every_pack

A_FEW = settings(max_examples=12, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 100_000)


def asked(folder: Path, facts: Sequence[Fact], as_of: Day, choices: Choices) -> Inquiry:
    return Inquiry(pack(folder), engines(folder), facts, as_of, None, choices)


def a_day(inquiry: Inquiry, seed: int) -> Day:
    """A day on which something is due, or about to be, or late."""
    some = random.Random(seed)
    owed = inquiry.report["obligations"]
    assume(owed)
    row = some.choice(owed[:6])  # what is never paid adds up: an early day has all there is to see
    return parse_day(row["due"]) + some.choice([-20, 0, 0, 1, 3, 5, 6, 9, 40])


def paid(inquiry: Inquiry, amount: int, day: Day) -> dict[str, Any]:
    """The report on the day after the last moment, where this is paid on a day."""
    facts = effective(inquiry.facts, inquiry.as_of, None)
    last = [Fact("cured", "payment", day, day, 10**6, {"amount": amount})] if amount else []
    facts = sorted([*facts, *last], key=lambda fact: fact.date)
    return report(evaluate(inquiry.pack, inquiry.engines, facts, day + 1, None, inquiry.choices))


def moments(data: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for amount in data["amounts"]:
        for moment in amount["moments"]:
            if moment["amount"] is not None:
                yield amount, moment


def standing(told: Mapping[str, Any], id_: str) -> dict[str, Any]:
    return next(row for row in told["obligations"] if row["id"] == id_)


def found(told: Mapping[str, Any], ids: Sequence[str]) -> set[tuple[str, str]]:
    return {(f["id"], f["outcome"]) for f in told["findings"] if f["id"] in ids}


def hold(inquiry: Inquiry) -> int:
    """Holds every moment of the answer against plain evaluations; how many there were."""
    count = 0
    for amount, moment in moments(cure(inquiry)):
        id_, day, least = amount["id"], parse_day(moment["by"]), cents(moment["amount"])
        does, lacks = paid(inquiry, least, day), paid(inquiry, least - 1, day)
        assert standing(does, id_)["unpaid"] == "0.00", (id_, moment)
        assert standing(lacks, id_)["unpaid"] == "0.01" if least > 1 else True
        count += 1
        if moment["moment"] == "after-default":
            continue
        late = paid(inquiry, least, day + 1)
        nothing = paid(inquiry, 0, day)
        assert not found(does, moment["avoids"]) & found(nothing, moment["avoids"])
        if moment["moment"] == "within-window":
            assert found(nothing, moment["avoids"]) <= found(lacks, moment["avoids"])
            continue
        wanted = "paid" if moment["moment"] == "on-time" else "paid-in-grace"
        assert standing(does, id_)["state"] == wanted
        if moment["by"] != amount["last_day"]:
            assert standing(late, id_)["state"] != "paid"
            continue
        assert standing(lacks, id_)["state"] in ("defaulted", "undetermined")
        assert standing(late, id_)["state"] in ("paid-after-default", "defaulted", "undetermined")
        if moment["avoids"]:
            assert found(lacks, moment["avoids"])
            assert found(late, moment["avoids"])
    return count


@A_FEW
@given(seed=seeds)
def test_the_amount_on_the_last_moment_cures_in_every_history(seed: int) -> None:
    records, as_of, readings = history(seed)
    whole = asked(NOTE, as_facts(records), parse_day(as_of), Choices(readings=readings))
    hold(whole.at(a_day(whole, seed)))


@of_every_pack
@A_FEW
@given(seed=seeds)
def test_the_amount_on_the_last_moment_cures_in_every_pack(folder: Path, seed: int) -> None:
    facts, choices = bent(folder, seed)
    assume(len(facts) < 40)
    whole = asked(folder, facts, max(fact.date for fact in facts), choices)
    hold(whole.at(a_day(whole, seed)))


BASE = [
    {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15,000,000.00"},
    {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
     "value": "9.50%"},
]  # fmt: skip


def note(as_of: str, *more: Mapping[str, Any], **readings: str) -> Inquiry:
    choices = Choices(readings={name.replace("_", "-"): a for name, a in readings.items()})
    return asked(NOTE, as_facts([*BASE, *more]), parse_day(as_of), choices)


def test_the_moments_of_an_amount_in_grace_and_of_what_falls_due_next() -> None:
    data = cure(note("2001-01-02"))
    due, coming = data["amounts"]
    assert [(m["moment"], m["by"], m["amount"]) for m in due["moments"]] == [
        ("within-grace", "2001-01-05", "146712.33")
    ]
    assert due["moments"][0]["avoids"] == ["event-of-default/interest/2000-12-31"]
    assert (coming["id"], coming["state"], coming["provisional"]) == (
        "interest/2001-12-31", "coming", True,
    )  # fmt: skip
    assert [m["moment"] for m in coming["moments"]] == ["on-time", "within-grace"]
    assert hold(note("2001-01-02")) == 3


def test_what_paying_after_default_achieves_turns_on_the_readings_of_the_power() -> None:
    (owed,) = [a for a in cure(note("2001-02-01"))["amounts"] if a["state"] == "defaulted"]
    achieved = owed["achieves"]
    assert achieved["ends"] == ["event-of-default/interest/2000-12-31"]
    assert achieved["powers"] == [{"id": "accelerate", "before": "available", "after": "available"}]
    lapses = next(r for r in achieved["readings"] if r["answer"] == "lapses")
    assert lapses["powers"] == [{"id": "accelerate", "before": "available", "after": "lapsed"}]


def test_accelerated_principal_is_told_apart() -> None:
    more = {"id": "x1", "date": "2001-01-10", "kind": "acceleration"}
    data = cure(note("2001-01-10", more))
    told = {a["id"]: a["accelerated"] for a in data["amounts"] if a["state"] != "coming"}
    assert told == {
        "interest/2000-12-31": False, "interest/2001-01-10": True, "principal/2001-01-10": True,
    }  # fmt: skip
    assert data["together"]["due"] == "146712.33"
    assert cents(data["together"]["accelerated"]) == 15_000_000_00 + cents(
        next(a["unpaid"] for a in data["amounts"] if a["id"] == "interest/2001-01-10")
    )


def test_what_the_contract_has_paid_first_is_counted_unless_it_is_designated() -> None:
    more = {"id": "c1", "date": "2001-01-02", "kind": "costs", "amount": "1,000.00",
            "type": "other"}  # fmt: skip
    data = cure(note("2001-01-03", more))
    (costs,) = [a for a in data["amounts"] if a["component"] == "costs"]
    (moment,) = [m for m in costs["moments"] if m["moment"] == "within-grace"]
    assert moment["amount"] == "147712.33"
    assert [row["id"] for row in moment["first"]] == ["interest/2000-12-31"]
    assert moment["designated"] == {"designation": "costs", "amount": "1000.00"}


def test_the_place_in_force_is_told_with_the_funds_and_the_party() -> None:
    moved = {"id": "pl", "date": "2001-01-02", "kind": "place-of-payment",
             "place": "1 Harbour Street, Oakland", "in_writing": True}  # fmt: skip
    before, after = cure(note("2001-01-01", moved))["manner"], cure(note("2001-01-02", moved))
    assert before["place"] == "10050 Bandley Drive, Cupertino, CA 95014"
    assert after["manner"] == {
        "to": "Baccarat Electronics, Inc.", "place": "1 Harbour Street, Oakland",
        "funds": "immediately available funds", "clause": "3",
    }  # fmt: skip
    assert "1 Harbour Street, Oakland" in render(after)


def test_a_pack_that_does_not_say_where_to_pay_has_its_answer_all_the_same() -> None:
    inquiry = note("2001-01-02")
    silent = replace(inquiry, pack=replace(inquiry.pack, payments=None))
    data = cure(silent)
    assert data["manner"] is None
    assert data["amounts"] == cure(inquiry)["amounts"]


def test_where_a_rate_is_missing_no_amount_is_made_up() -> None:
    facts = as_facts([{"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "100.00"}])
    data = cure(asked(NOTE, facts, parse_day("2002-09-03"), Choices()))
    (owed,) = [a for a in data["amounts"] if a["component"] == "principal"]
    assert [m["amount"] for m in owed["moments"]] == [None]
    assert owed["achieves"] is None
    assert data["missing"]
    assert "want of a fact" in render(data)


def test_nothing_due_is_an_answer_too() -> None:
    told = cure(asked(NOTE, as_facts(BASE[1:]), parse_day("2001-01-10"), Choices()))
    assert told["amounts"] == []
    assert "Nothing is due" in render(told)


@pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)
def test_every_pack_says_how_payments_are_made(folder: Path) -> None:
    manner = pack(folder).payments
    assert manner is not None
    assert manner.to in pack(folder).parties


FACTS = "fixtures/second-amended-note/default-waived-then-accelerated/facts.jsonl"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cure", "--as-of", "1999-01-01"], "--as-of:1:1: error: on 1999-01-01 the contract had"),
        (["cure", "--as-of", "2001-02-30"], "the date 2001-02-30 does not exist"),
        (["cure", "--reading", "day-cont=actual/360"], "did you mean 'day-count'?"),
        (["cure", "--term", "maturty=2005-01-01"], "did you mean 'maturity'?"),
        (["cure", "--output", "jsn=x.json"], "unknown format 'jsn'"),
        (["cure", "--output", f"json={FACTS}"], "is read or written already"),
        (["explain", "event-of-defalt", "--as-of", "2001-01-10"], "'event-of-default'?"),
        (["explain", "maturity", "--as-of", "1999-01-01"], "the contract had not begun"),
        (["explain"], "Missing argument 'ID'"),
    ],
)
def test_wrong_input_is_refused_and_nothing_is_answered(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit) as left:
        main([words[0], "rules/second-amended-note", FACTS, *words[1:]])
    printed = capsys.readouterr()
    assert (left.value.code, printed.out) == (2, "")
    assert message in printed.err


def test_an_answer_is_written_to_files_as_it_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    given = ["cure", "rules/second-amended-note", FACTS, "--as-of", "2001-01-03"]
    files = [f"text={tmp_path / 'out.txt'}", f"json={tmp_path / 'out.json'}"]
    for format_, name in (("text", "out.txt"), ("json", "out.json")):
        with pytest.raises(SystemExit) as left:
            main([*given, "--format", format_, "--output", files[0], "--output", files[1]])
        assert left.value.code == 0
        assert capsys.readouterr().out == (tmp_path / name).read_text(encoding="utf-8")
