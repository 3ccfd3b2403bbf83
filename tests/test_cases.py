"""Every case of every pack passes, and the cases show every rule, boundary and reading."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from checker.cases import Case, cases_of, coverage, load_cases, run_case
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
