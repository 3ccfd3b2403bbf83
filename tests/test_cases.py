"""Every case of every pack passes, and the cases show every rule, boundary and reading."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from checker.cases import Case, cases_of, load_cases, run_case
from checker.cases.coverage import coverage, side_of
from checker.model import WrongInput
from tests.product import ROOT, engines, pack

PACKS = sorted(path.parent for path in (ROOT / "rules").glob("*/contract.yaml"))
FILES = [path for folder in PACKS for path in sorted(folder.glob("*.cases.yaml"))]


@cache
def _cases(path: Path) -> list[Case]:
    return load_cases(pack(path.parent), path)


def _all() -> list[object]:
    """Every case by its title; a file that cannot be read is told by a test of its own."""
    found: list[object] = []
    for path in FILES:
        try:
            cases = _cases(path)
        except WrongInput:
            continue
        found += [pytest.param(path.parent, case, id=case.title) for case in cases]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_file_of_cases_can_be_read(path: Path) -> None:
    _cases(path)


@pytest.mark.parametrize(("folder", "case"), _all())
def test_case(folder: Path, case: Case) -> None:
    differences = run_case(pack(folder), engines(folder), case)
    assert not differences, "\n".join([str(case.place), *map(str, differences)])


@pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)
def test_every_rule_has_a_case_that_fires_one_that_is_silent_and_both_sides_of_its_boundaries(
    folder: Path,
) -> None:
    missing = [
        line for rule in coverage(pack(folder), cases_of(pack(folder))) for line in rule.missing()
    ]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)
def test_every_answer_of_every_reading_is_taken_in_a_case(folder: Path) -> None:
    taken = {pair for case in cases_of(pack(folder)) for pair in case.choices.readings.items()}
    questions = pack(folder).questions.values()
    wanted = {(q.name, answer) for q in questions for answer in q.answers if answer != q.default}
    assert not wanted - taken


# The harness itself -------------------------------------------------------------------------------

ADVANCE = "{id: a1, date: 2002-08-30, kind: advance, amount: %s}"


def _written(tmp_path: Path, *cases: str) -> Path:
    path = tmp_path / "1.cases.yaml"
    path.write_text("\n".join(["cases:", *cases]), encoding="utf-8")
    return path


def test_what_a_report_says_otherwise_is_told(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        "- title: One.",
        f"  facts: [{ADVANCE % '1.00'}]",
        "  expect:",
        "    outcome: compliant",
        "    findings:",
        "      - {id: advance-after-maturity/a1, amount: '1.01', outcom: breach}",
        "      - {id: overpaid/p1}",
        "    absent: [cap-unknown]",
        "    balances: {principal: 1}",
    )
    (case,) = load_cases(pack(), path)
    found = [difference.what for difference in run_case(pack(), engines(), case)]
    assert found == [
        "outcome",
        "findings advance-after-maturity/a1, amount",
        "findings advance-after-maturity/a1, outcom",
        "findings overpaid/p1",
        "balances, principal",
        "findings cap-unknown/interest/2002-12-31",
    ]


def test_all_that_is_wrong_in_a_file_is_told_with_its_place(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        "- title: One.",
        "  given: [drawn]",
        "  as-of: 2002-02-30",
        "  readings: {day-count: actual/361, day-cont: actual/360}",
        "  terms: {margin: '2', margn: 2.00%}",
        "  expect: {absent: [over-paid], payments: [{id: p1}]}",
        "- title: One.",
        "  facts: [{id: k1, date: 2001-01-01, kind: correction, of: a2, void: true}]",
        "  expect: {}",
    )
    with pytest.raises(WrongInput) as wrong:
        load_cases(pack(), path)
    assert [(p.place.line, p.place.column) for p in wrong.value.problems] == [
        (3, 11),
        (4, 10),
        (5, 25),
        (5, 37),
        (6, 19),
        (6, 24),
        (7, 21),
        (7, 44),
        (8, 10),
        (9, 60),
        (10, 11),
    ]


@pytest.mark.parametrize(
    ("amount", "shown"), [("0.01", True), ("0.02", False)], ids=["one cent", "two cents"]
)
def test_only_the_least_distance_shows_a_boundary(tmp_path: Path, amount: str, shown: bool) -> None:
    lines = ("- title: One.", f"  facts: [{ADVANCE % amount}]", "  expect: {outcome: undetermined}")
    cases = load_cases(pack(), _written(tmp_path, *lines))
    (rule,) = [c for c in coverage(pack(), cases) if c.rule.id == "advance-after-maturity"]
    sides = {side.boundary.text: side for side in rule.sides}
    assert bool(sides["initial > 0"].inside) == shown
    assert not sides["initial > 0"].outside
    assert sides["date >= maturity"].inside == "One."
    assert rule.fires == "One."
    assert not rule.silent


@pytest.mark.parametrize(
    ("op", "distances"),
    [
        (">", {1: "inside", 0: "outside", 2: "", -1: ""}),
        (">=", {0: "inside", -1: "outside", 1: "", -2: ""}),
        ("<", {-1: "inside", 0: "outside", -2: "", 1: ""}),
        ("<=", {0: "inside", 1: "outside", -1: "", 2: ""}),
    ],
)
def test_the_sides_of_an_ordering(op: str, distances: dict[int, str]) -> None:
    assert {distance: side_of(op, distance, 1) for distance in distances} == distances
