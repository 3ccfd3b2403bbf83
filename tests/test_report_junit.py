"""JUnit of a report: what fails, what errs, what is skipped, and XML whatever the facts say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.dates import parse_day
from checker.inquiry import Inquiry
from checker.junit import Case, Suite, junit
from checker.report_junit import report_junit
from tests.product import NOTE, ROOT, as_facts, engines, pack
from tests.test_cli import run

__all__ = ["run"]  # the fixture that runs the command

STORIES = ROOT / "fixtures" / "second-amended-note"
DEFAULT = "event-of-default/interest/2000-12-31"


def suites(text: str) -> ElementTree.Element:
    root = ElementTree.fromstring(text)
    for each in (root, *root.iter("testsuite")):
        cases = list(each.iter("testcase"))
        for count, element in (("failures", "failure"), ("errors", "error"),
                               ("skipped", "skipped")):  # fmt: skip
            assert each.get(count) == str(sum(case.find(element) is not None for case in cases))
        assert each.get("tests") == str(len(cases))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(names)) == len(names)
    return root


def cases(text: str) -> dict[str, ElementTree.Element]:
    return {str(case.get("name")): case for case in suites(text).iter("testcase")}


def became(case: ElementTree.Element) -> str:
    (child,) = case
    return child.tag


def test_what_is_broken_fails_and_stands_at_its_record(run: Any) -> None:
    facts = STORIES / "a-cent-short" / "facts.csv"
    ran = run("check", NOTE, facts, "--format", "junit")
    assert ran.code == 1
    case = cases(ran.out)[DEFAULT]
    assert (case.get("classname"), case.get("file"), case.get("line")) == (
        "second-amended-note.4", str(facts), "5",
    )  # fmt: skip
    (failure,) = case
    assert (failure.tag, failure.get("type")) == ("failure", "event-of-default")
    assert str(failure.get("message")).startswith("0.01 of the interest due 2000-12-31")
    assert "p1, the payment of 2001-01-05" in str(failure.text)


def test_what_the_exit_code_does_not_count_does_not_fail(run: Any) -> None:
    facts = STORIES / "a-cent-short" / "facts.csv"
    ran = run("check", NOTE, facts, "--format", "junit", "--fail-on", "continuing")
    assert ran.code == 0
    assert suites(ran.out).get("failures") == "0"
    assert became(cases(ran.out)[DEFAULT]) == "system-out"


def test_what_cannot_be_decided_is_an_error(run: Any) -> None:
    judged = STORIES / "subordination-refused-and-judged" / "facts.yaml"
    ran = run("check", NOTE, judged, "--format", "junit", "--as-of", "2001-05-01")
    assert ran.code == 3
    (error,) = cases(ran.out)["subordination-withheld/n1"]
    assert (error.tag, error.get("type")) == ("error", "needs-judgment")
    ran = run("check", NOTE, STORIES / "no-rate-at-all" / "facts.csv", "--format", "junit")
    assert (ran.code, suites(ran.out).get("failures")) == (3, "0")
    assert {e.get("type") for e in suites(ran.out).iter("error")} == {"needs-fact"}


def test_what_is_waived_or_not_applicable_is_skipped(run: Any) -> None:
    waived = STORIES / "default-waived-then-accelerated" / "facts.jsonl"
    (skipped,) = cases(run("check", NOTE, waived, "--format", "junit").out)[DEFAULT]
    assert skipped.tag == "skipped"
    assert "waived" in str(skipped.get("message"))
    assert "Wire delayed" in str(skipped.text)
    other = STORIES / "subordination-not-engaged" / "facts.yaml"
    facts = other if other.exists() else next(other.parent.glob("facts.*"))
    data = run("check", NOTE, facts, "--format", "junit").out
    assert any(case.find("skipped") is not None for case in suites(data).iter("testcase"))


def test_a_rule_that_could_have_found_something_broken_and_did_not_passes(run: Any) -> None:
    text = run("check", NOTE, STORIES / "on-time" / "facts.csv", "--format", "junit").out
    assert became(cases(text)["event-of-default"]) == "system-out"
    assert DEFAULT not in cases(text)


def test_a_file_is_written_beside_what_is_shown(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    facts = STORIES / "a-cent-short" / "facts.csv"
    ran = run("check", NOTE, facts, "--output", f"junit={path}", "--output",
              f"sarif={tmp_path / 'out.sarif'}")  # fmt: skip
    assert ran.out.startswith("Second Amended Promissory Note")
    assert suites(path.read_text(encoding="utf-8")).get("failures") == "1"


def test_a_baseline_does_not_go_with_junit(run: Any, tmp_path: Path) -> None:
    old = tmp_path / "old.json"
    facts = STORIES / "on-time" / "facts.csv"
    run("check", NOTE, facts, "--output", f"json={old}")
    assert run("check", NOTE, facts, "--format", "junit", "--baseline", old).code == 2


def hostile(reason: str) -> str:
    records: list[Mapping[str, Any]] = [
        {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15,000,000.00"},
        {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
         "value": "9.50%"},
        {"id": "w1", "date": "2001-01-08", "kind": "waiver", "of": "interest/2000-12-31",
         "by": "lender", "reason": reason},
    ]  # fmt: skip
    inquiry = Inquiry(pack(NOTE), engines(NOTE), as_facts(records), parse_day("2001-01-08"))
    return report_junit(inquiry.report, inquiry.pack, inquiry.facts, "breach")


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=60))
def test_whatever_a_reason_says_the_document_is_well_formed(reason: str) -> None:
    reason = f"x{reason}x"
    (skipped,) = cases(hostile(reason))[DEFAULT]
    assert " ".join(reason.split()) in " ".join(str(skipped.text).split())


@pytest.mark.parametrize(
    "text", ["<a>&\"'", "]]>", "a\x00b\x1b[31m", "\ud800", "\ufffe", "a\tb\nc"]
)
def test_what_no_document_may_hold_is_replaced(text: str) -> None:
    case = Case(text, text, became="failure", message=text, type=text, text=text)
    root = suites(junit(text, [Suite(text, [case], {"p": text})]))
    told = str(root[0][1][0].text)
    assert told.isprintable() or {*told} & {"\t", "\n"}
