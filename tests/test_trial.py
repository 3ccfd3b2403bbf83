"""The note that a reader encoded from the guide alone, and what was mended for it since."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checker.cases import cases_of, run_case
from checker.dates import parse_day
from checker.evaluate import Engines, evaluate
from checker.facts import load_facts
from checker.lint import lint
from checker.loader import load_pack
from checker.report import report
from tests.product import ROOT

TRIAL = ROOT / "docs" / "trial"
PACK = TRIAL / "demand-note"

SINCE = {
    # The floor stands as the note has it, and the default rate above the rate so found.
    "3-interest.yaml": {
        "    index-floor: least-rate - margin\n": (
            "    floor: least-rate\n    limits-on: before-daily-margin\n"
        )
    },
    # Accrued interest before principal, due or called.
    "7-application.yaml": {
        "    due: [costs, late-charge, interest, principal]\n": (
            "    due:\n"
            "      - {while: interest-first is payable,"
            " value: [costs, late-charge, interest, principal]}\n"
            "      - {value: [costs, late-charge, interest, accrued, principal]}\n"
        )
    },
}
"""What the reader could not say, said with what the language has since."""

# Worked in stories/working.md, before the pack ran: by the note's own order of payments.
# In the second story the reader rounded the nine days since the set-off alone (73.3951, 73.40); a
# period is rounded as a whole: 26.2728 + 13.1364 + 73.3951 = 112.8043, less 39.41 paid, 73.39.
BY_HAND = {
    ("b-demand", "2018-05-31"): {"principal": "32620.04", "accrued_interest": "73.39"},
    ("c-part", "2020-06-10"): {"principal": "41623.10", "interest_due": "40.47"},
    ("a-performing", "2018-06-12"): {"principal": "72729.60", "accrued_interest": "145.46"},
}


def test_the_pack_is_clean_and_its_cases_pass_as_the_reader_left_it() -> None:
    assert lint(PACK) == []
    pack = load_pack(PACK)
    with Engines(pack) as engines:
        assert [d for case in cases_of(pack) for d in run_case(pack, engines, case)] == []


@pytest.fixture(scope="module")
def mended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trial") / "demand-note"
    shutil.copytree(PACK, folder)
    for name, changes in SINCE.items():
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in changes.items():
            assert text.count(old) == 1
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("story", "day"), BY_HAND)
def test_the_stories_give_what_the_reader_worked_out_by_hand(
    story: str, day: str, mended: Path
) -> None:
    pack = load_pack(mended)
    terms = {name: term.value for name, term in pack.terms.items()}
    facts = load_facts([str(TRIAL / "stories" / f"{story}.csv")], pack.vocabulary(terms))
    with Engines(pack) as engines:
        told = report(evaluate(pack, engines, facts, parse_day(day)))
    expected = BY_HAND[story, day]
    assert {name: told["balances"][name] for name in expected} == expected
