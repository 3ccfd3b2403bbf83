"""The report as JUnit's XML: what CI systems show as tests that passed, failed or were skipped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from checker.evidence import Records, described
from checker.junit import Case, Suite, junit
from checker.model import Fact
from checker.pack import Pack
from checker.report import BROKEN, OPEN
from checker.text import revised

Data = Mapping[str, Any]


def report_junit(data: Data, pack: Pack, facts: Iterable[Fact], fail_on: str) -> str:
    """The report: a suite for each clause, a test case for each finding.

    What is broken fails, as far as `fail_on` counts it; what a person must judge, or what lacks a
    fact, is an error, for it could not be decided; what is waived or not applicable is skipped. A
    rule that looks for what is broken or open, and found nothing, is a test case that passes.
    """
    records = Records(facts)
    found: dict[str, list[Case]] = {clause.clause: [] for clause in pack.clauses}
    for finding in data["findings"]:
        case = _case(finding, _classname(data, finding["clause"]), records, fail_on)
        found.setdefault(finding["clause"], []).append(case)
    guards = [rule for rule in pack.rules.values() if rule.outcome in (*BROKEN, *OPEN)]
    silent = {rule.under: rule.clause for rule in guards if not rule.revises}
    for rule in dict.fromkeys(finding["rule"] for finding in data["findings"]):
        silent.pop(rule, None)
    for rule, clause in silent.items():
        case = Case(_classname(data, clause), rule, text="Nothing of this kind was found.")
        found.setdefault(clause, []).append(case)
    headings = {clause.clause: clause.heading for clause in pack.clauses}
    properties = {
        "contract": data["contract"],
        "as_of": data["as_of"],
        "known_on": data["known_on"] or "",
        "outcome": data["outcome"],
        "pack_sha256": data["receipt"]["pack_sha256"],
        "facts_sha256": data["receipt"]["facts_sha256"],
    }
    suites = [
        Suite(f"{clause} {headings.get(clause, '')}".strip(), cases, properties)
        for clause, cases in found.items()
        if cases
    ]
    return junit(data["title"], suites)


def _classname(data: Data, clause: str) -> str:
    return f"{data['contract']}.{clause}"


def _case(finding: Data, classname: str, records: Records, fail_on: str) -> Case:
    became, text = _became(finding, fail_on), "\n".join(_lines(finding, records))
    # A finding that counts as passed tells what it found; else it stands as the message.
    message = _last_word(finding) if became else ""
    kind = finding["outcome"] if became in ("failure", "error") else ""
    behind = records.behind(finding)
    place = behind[0].place if behind else None
    return Case(classname, finding["id"], place, became, message, kind, text)


def _became(finding: Data, fail_on: str) -> str:
    outcome = finding["outcome"]
    if outcome in BROKEN:
        counts = fail_on != "continuing" or finding["continuing"]
        return "failure" if counts else ""
    if outcome in OPEN:
        return "error"
    return "skipped" if outcome in ("waived", "not-applicable") else ""


def _last_word(finding: Data) -> str:
    """What the finding says, or the last word that revised it."""
    if finding["outcome"] == "waived" and finding["revisions"]:
        return str(finding["revisions"][-1]["says"])
    return str(finding["says"])


def _lines(finding: Data, records: Records) -> Iterable[str]:
    yield f"{finding['outcome']}: {finding['says']}"
    for revision in finding["revisions"]:
        yield revised(revision)
    yield from finding["working"]
    if finding["quote"]:
        yield f"clause {finding['clause']}: “{finding['quote']}”"
    yield from (f"{fact.place}: {described(fact)}" for fact in records.behind(finding))
