"""The command as a user meets it: exit codes, outputs, options, and wrong input of every kind."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from checker import cli
from tests.product import NOTE, ROOT
from tests.test_wrong_facts import write
from tests.wrong_facts import WRONG, Wrong
from tests.wrong_rules import WRONG as WRONG_RULES
from tests.wrong_rules import Wrong as WrongRule
from tests.wrong_rules import edited

STORIES = ROOT / "fixtures" / "second-amended-note"
DRAWN = '{"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15000000.00"}'
SEEN = (
    '{"id": "r1", "date": "2000-12-29", "kind": "rate", '
    '"index": "lender-line-of-credit", "value": "9.50%"}'
)


@dataclass(frozen=True)
class Ran:
    """What a run of the command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def runs(*arguments: object, stdin: str = "") -> Ran:
        source = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", source)
        with pytest.raises(SystemExit) as left:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        code = left.value.code
        assert isinstance(code, int)
        return Ran(code, printed.out, printed.err)

    return runs


def facts(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "facts.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# Exit codes --------------------------------------------------------------------------------------


def test_nothing_broken_is_0(run: Any) -> None:
    assert run("check", NOTE, STORIES / "on-time" / "facts.csv").code == 0


def test_a_breach_is_1_and_a_cured_one_does_not_count_as_continuing(run: Any) -> None:
    story = STORIES / "a-cent-short" / "facts.csv"
    assert run("check", NOTE, story).code == 1
    assert run("check", NOTE, story, "--fail-on", "continuing").code == 0
    assert run("check", NOTE, story, "--as-of", "2001-01-07", "--fail-on", "continuing").code == 1


def test_a_missing_judgment_or_fact_is_3(run: Any) -> None:
    assert run("check", NOTE, STORIES / "no-rate-at-all" / "facts.csv").code == 3


def test_wrong_usage_is_2(run: Any) -> None:
    for arguments in (["check"], ["check", NOTE], ["chek"], ["check", NOTE, "x.csv", "--formt"]):
        ran = run(*arguments)
        assert ran.code == 2
        assert ran.err
        assert "Traceback" not in ran.err


def test_an_internal_fault_is_4(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise RuntimeError("broken inside")

    monkeypatch.setattr("checker.inquiry.report", fault)
    ran = run("check", NOTE, STORIES / "on-time" / "facts.csv")
    assert ran.code == 4
    assert "broken inside" in ran.err


# Wrong input -------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_wrong_facts_are_refused_and_nothing_is_written(
    run: Any, wrong: Wrong, tmp_path: Path
) -> None:
    path = write(wrong, tmp_path)
    before = sorted(tmp_path.iterdir())
    target = tmp_path / "report.json"
    ran = run("check", NOTE, path, "--output", f"json={target}")
    assert ran.code == 2
    assert f"{path}:{wrong.line}:{wrong.column}: error: " in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("wrong", WRONG_RULES, ids=lambda wrong: wrong.name)
def test_wrong_rules_are_refused_and_nothing_is_written(
    run: Any, wrong: WrongRule, tmp_path: Path
) -> None:
    pack = edited(tmp_path, (wrong.file, wrong.old, wrong.new), *wrong.more)
    before = sorted(tmp_path.iterdir())
    target = tmp_path / "report.json"
    ran = run("check", pack, STORIES / "on-time" / "facts.csv", "--output", f"json={target}")
    assert ran.code == 2
    assert wrong.message in ran.err
    assert "nothing was evaluated" in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--as-of", "2001-02-30"], "the date 2001-02-30 does not exist"),
        (["--known-on", "soon"], "not a date"),
        (["--reading", "grace-scope"], "write it as grace-scope=VALUE"),
        (["--reading", "grace-scop=x"], "did you mean 'grace-scope'?"),
        (["--reading", "grace-scope=all-amount"], "did you mean 'all-amounts'?"),
        (["--reading", "day-count=actual/365", "--reading", "day-count=actual/360"], "given twice"),
        (["--term", "maturty=2003-01-01"], "did you mean 'maturity'?"),
        (["--term", "maturity=2003-02-31"], "does not exist"),
        (["--term", "margin=1"], "a rate carries its percent sign"),
        (["--term", "grace.interest=5"], "not a length of time"),
        (["--contract", "nobody"], "known: c-1"),
        (["--known-on", "1999-01-01"], "no fact was known by then"),
        (["--output", "jsn=/tmp/x"], "did you mean 'json'?"),
        (["--output", "json"], "FORMAT=PATH"),
        (["--output", "json=/nowhere/x"], "no file can be written"),
    ],
)
def test_wrong_options_are_refused(
    run: Any, tmp_path: Path, options: list[str], message: str
) -> None:
    named = DRAWN.replace('"id"', '"contract": "c-1", "id"')
    path = facts(tmp_path, named, SEEN.replace('"id"', '"contract": "c-1", "id"'))
    ran = run("check", NOTE, path, *options)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert "Traceback" not in ran.err


def test_all_that_is_wrong_in_the_options_is_told_at_once(run: Any) -> None:
    story = STORIES / "on-time" / "facts.csv"
    ran = run("check", NOTE, story, "--as-of", "x", "--reading", "a=b", "--term", "c=d")
    assert "3 errors; nothing was evaluated" in ran.err


# Reports -----------------------------------------------------------------------------------------

TOP = {
    "schema", "contract", "as_of", "known_on", "readings", "terms", "outcome", "findings",
    "obligations", "payments", "periods", "balances", "powers", "missing", "receipt",
}  # fmt: skip
FIELDS = {
    "findings": {
        "id", "rule", "clause", "outcome", "against", "date", "amount", "obligation", "continuing",
        "facts", "says", "quote", "working", "provisional",
    },
    "obligations": {
        "id", "component", "clause", "due", "last_day", "amount", "unpaid", "paid_on", "state",
        "provisional",
    },
    "payments": {
        "fact", "date", "amount", "interest", "principal", "prepaid", "costs", "excess",
        "unapplied", "provisional",
    },
    "periods": {
        "from", "to", "determined_on", "observed", "observed_on", "margin", "cap", "rate",
        "interest", "provisional",
    },
    "powers": {"id", "holder", "state", "since"},
}  # fmt: skip
BALANCES = {
    "principal", "principal_due", "interest_due", "accrued_interest", "costs_due",
    "available_to_draw", "per_diem", "interest_credit", "provisional",
}  # fmt: skip
RECEIPT = {"checker", "engine", "facts_asserted", "matches", "pack_sha256", "facts_sha256"}


def test_the_example_of_the_published_shape_comes_out(run: Any, tmp_path: Path) -> None:
    path = facts(tmp_path, DRAWN, SEEN)
    ran = run("check", NOTE, path, "--as-of", "2001-01-10", "--format", "json")
    assert ran.code == 1
    data = json.loads(ran.out)
    assert set(data) >= TOP
    assert set(data["balances"]) >= BALANCES
    assert set(data["receipt"]) >= RECEIPT
    assert (data["contract"], data["as_of"], data["known_on"]) == (
        "second-amended-note", "2001-01-10", None,
    )  # fmt: skip
    finding = next(f for f in data["findings"] if f["outcome"] == "event-of-default")
    assert set(finding) >= FIELDS["findings"]
    assert finding["id"] == "event-of-default/interest/2000-12-31"
    assert (finding["date"], finding["amount"]) == ("2001-01-06", "146712.33")
    assert finding["facts"] == ["a1", "r1"]
    assert finding["working"] == ["15,000,000.00 × 10.50% × 34 / 365 = 146,712.33"]
    assert data["obligations"][0]["state"] == "defaulted"
    assert [p["interest"] for p in data["periods"]] == ["146712.33", "47465.75"]
    assert [p["provisional"] for p in data["periods"]] == [False, True]
    assert [p["determined_on"] for p in data["periods"]] == ["2000-12-29", None]
    balances = {**data["balances"]}
    assert balances["interest_due"] == "146712.33"
    assert balances["accrued_interest"] == "47465.75"
    assert (balances["per_diem"], balances["available_to_draw"]) == ("4315.07", "0.00")
    assert data["powers"][0] == {
        **data["powers"][0],
        "id": "accelerate", "holder": "lender", "state": "available", "since": "2001-01-06",
    }  # fmt: skip


def test_every_entry_has_every_published_field(run: Any) -> None:
    for story in ("on-time", "history", "reborrow-over-limit", "costs-and-pleas"):
        (path,) = (STORIES / story).glob("facts.*")
        data = json.loads(run("check", NOTE, path, "--format", "json").out)
        for part, fields in FIELDS.items():
            for entry in data[part]:
                assert set(entry) >= fields, (story, part)


def no_numbers_for_money(data: Any, path: str = "") -> Sequence[str]:
    if isinstance(data, float):
        return [path]
    if isinstance(data, dict):
        return [w for k, v in data.items() for w in no_numbers_for_money(v, f"{path}/{k}")]
    if isinstance(data, list):
        return [w for v in data for w in no_numbers_for_money(v, path)]
    return []


def test_the_same_input_gives_the_same_bytes_and_money_is_text(run: Any, tmp_path: Path) -> None:
    story = STORIES / "default-and-acceleration" / "facts.csv"
    one, two = tmp_path / "1.json", tmp_path / "2.json"
    shown = run("check", NOTE, story, "--output", f"json={one}", "--output", f"json={two}")
    assert one.read_bytes() == two.read_bytes()
    data = json.loads(one.read_text(encoding="utf-8"))
    assert no_numbers_for_money(data) == []
    assert "Outcome: BREACH" in shown.out
    assert run("check", NOTE, story, "--format", "json").out == one.read_text(encoding="utf-8")


def test_crlf_and_bom_change_nothing(run: Any, tmp_path: Path) -> None:
    story = STORIES / "on-time" / "facts.csv"
    other = tmp_path / "facts.csv"
    other.write_bytes(b"\xef\xbb\xbf" + story.read_bytes().replace(b"\n", b"\r\n"))
    given = run("check", NOTE, story, "--format", "json").out
    assert run("check", NOTE, other, "--format", "json").out == given


def test_the_three_forms_of_facts_give_the_same_report(run: Any, tmp_path: Path) -> None:
    rows = [json.loads(DRAWN), json.loads(SEEN)]
    (tmp_path / "f.jsonl").write_text(f"{DRAWN}\n{SEEN}\n", encoding="utf-8")
    (tmp_path / "f.yaml").write_text(
        "".join(f"- {json.dumps(row)}\n" for row in rows), encoding="utf-8"
    )
    (tmp_path / "f.csv").write_text(
        "id,date,kind,amount,index,value\n"
        'a1,2000-11-27,advance,"15,000,000.00",,\n'
        "r1,2000-12-29,rate,,lender-line-of-credit,9.50%\n",
        encoding="utf-8",
    )
    reports = {
        run("check", NOTE, tmp_path / name, "--as-of", "2001-01-10", "--format", "json").out
        for name in ("f.jsonl", "f.yaml", "f.csv")
    }
    assert len(reports) == 1


def test_one_contract_out_of_a_file_of_many(run: Any, tmp_path: Path) -> None:
    lines = [
        DRAWN.replace('"id": "a1"', f'"id": "{name}", "contract": "{name}"') for name in ("x", "y")
    ]
    path = facts(tmp_path, *lines, SEEN)
    assert run("check", NOTE, path).code == 2
    ran = run("check", NOTE, path, "--contract", "y", "--format", "json", "--as-of", "2001-01-10")
    data = json.loads(ran.out)
    assert data["contract"] == "y"
    default = next(f for f in data["findings"] if f["rule"] == "event-of-default")
    assert default["facts"] == ["y", "r1"]


def test_jsonl_of_files_is_a_finding_a_line(run: Any) -> None:
    story = STORIES / "a-cent-short" / "facts.csv"
    lines = run("check", NOTE, story, "--format", "jsonl").out.splitlines()
    found = [json.loads(line) for line in lines]
    assert {entry["change"] for entry in found} == {"found"}
    assert "event-of-default/interest/2000-12-31" in {entry["id"] for entry in found}


def test_text_says_what_falls_due_next(run: Any, tmp_path: Path) -> None:
    ran = run("check", NOTE, facts(tmp_path, DRAWN, SEEN))
    assert "What comes next" in ran.out
    assert "2000-12-31  interest falls due: interest/2000-12-31" in ran.out


# Streams -----------------------------------------------------------------------------------------


def test_facts_on_standard_input_are_told_as_they_settle(run: Any) -> None:
    late = '{"id": "p1", "date": "2001-01-03", "recorded": "2001-02-01", "kind": "payment", '
    late += '"amount": "146712.33"}'
    after = SEEN.replace("r1", "r2").replace("2000-12-29", "2001-01-31")
    lines = f"{DRAWN}\n{SEEN}\n{after}\n{late}\n"
    ran = run("check", NOTE, "-", "--format", "jsonl", stdin=lines)
    changes = [json.loads(line) for line in ran.out.splitlines()]
    told = [
        (c["change"], c["as_of"])
        for c in changes
        if c["id"] == "event-of-default/interest/2000-12-31"
    ]
    assert told == [("found", "2001-01-30"), ("withdrawn", "2001-01-30")]
    assert ran.code == 0


def test_wrong_lines_of_a_stream_are_refused(run: Any) -> None:
    ran = run("check", NOTE, "-", "--format", "jsonl", stdin=f"{DRAWN}\n{{\n")
    assert ran.code == 2
    assert "-:2:" in ran.err
    assert run("check", NOTE, "-", "--format", "jsonl", stdin="").code == 2
    assert run("check", NOTE, "-", "--format", "json", stdin="").code == 2


def test_standard_input_may_be_a_whole_file_too(run: Any) -> None:
    ran = run("check", NOTE, "-", "--format", "json", stdin=f"{DRAWN}\n{SEEN}\n")
    assert json.loads(ran.out)["balances"]["principal"] == "15000000.00"
