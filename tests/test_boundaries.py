"""Further cases at the boundaries: what is varied, what is left out, how they are pasted."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from checker.cases import Case, cases_of, load_cases
from checker.cases.boundaries import boundary_cases
from checker.cases.coverage import Survey, step_of
from checker.cases.writing import case_text
from checker.loader import load_pack
from checker.source import Source, load_yaml
from tests.product import NOTE, pack

DEFAULT = "4"


def made(folder: Path, clause: str) -> str:
    """The further cases of one clause."""
    loaded = load_pack(folder)
    cases = cases_of(loaded)
    return "".join(boundary_cases(loaded, cases, [clause], cases))


@pytest.fixture(scope="module")
def pasted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Case]]:
    """A copy of the note's pack with the further cases of clause 4 pasted, and these."""
    copy = tmp_path_factory.mktemp("boundaries") / "pack"
    shutil.copytree(NOTE, copy)
    path = copy / "4-default-more.cases.yaml"
    path.write_text(made(NOTE, DEFAULT), encoding="utf-8")
    return copy, load_cases(load_pack(copy), path)


def test_what_is_made_passes_as_it_is_pasted(pasted: tuple[Path, list[Case]]) -> None:
    folder, cases = pasted
    with Survey(load_pack(folder)) as survey:
        for case in cases:
            assert survey.run(case) == [], case.title
    assert len(cases) > 40


def test_every_case_says_in_a_sentence_of_its_own_what_was_varied(
    pasted: tuple[Path, list[Case]],
) -> None:
    titles = [case.title for case in pasted[1]]
    assert len(set(titles)) == len(titles)
    assert all(re.fullmatch(r"The .+\.", title) for title in titles)
    for words in (
        "on the day before.", "on the day after.", "one cent under.", "the day before the date of",
        " is dated Saturday ", " is dated Sunday ", " is dated the leap day 20",
        "(payment) is recorded before", "and recorded after it.",
    ):  # fmt: skip
        assert [title for title in titles if words in title], words


def test_what_is_made_is_no_case_that_is_there(pasted: tuple[Path, list[Case]]) -> None:
    def plain(cases: Sequence[Case]) -> list[object]:
        return [
            (
                [sorted(map(str, record.items())) for record in case.records],
                case.as_of,
                case.known_on,
                case.choices.readings,
                case.choices.terms,
            )
            for case in cases
        ]

    cases, there = plain(pasted[1]), plain(cases_of(pack()))
    assert not [case for case in cases if case in there]
    assert all(cases.count(case) == 1 for case in cases)


def test_what_the_files_show_is_not_made_again(pasted: tuple[Path, list[Case]]) -> None:
    again = made(pasted[0], DEFAULT)
    assert again == ""


def test_a_boundary_is_put_where_the_title_says(pasted: tuple[Path, list[Case]]) -> None:
    """On a day before, on and after the last day; what the pack shows already is not among them."""
    folder, cases = pasted
    rules = load_pack(folder)
    rule = rules.rules["late-in-grace"]
    (boundary,) = (b for b in rule.boundaries if b.text == "paid_on <= last_day")
    with Survey(rules) as survey:
        for case in cases_of(pack()):
            survey.look(case)
        shown = survey.shown_at(rule, boundary)
        mine = [case for case in cases if f"'{boundary.text}' of {rule.id}" in case.title]
        found = set()
        for case in mine:
            survey.look(case)
            found |= survey.distances(rule, boundary) & {-1, 0, 1}
    assert step_of(boundary) == 1
    assert found >= {-1, 0, 1} - shown
    assert len(mine) == len({-1, 0, 1} - shown)


def test_a_clause_without_cases_has_none_made() -> None:
    assert made(NOTE, "Signature") == ""


def test_the_dates_say_which_days_of_the_week_they_are(pasted: tuple[Path, list[Case]]) -> None:
    for case in pasted[1]:
        found = re.search(r"dated (Saturday|Sunday) (\S+) instead of (\w+day) (\S+)\.", case.title)
        if found:
            for name, day in ((found[1], found[2]), (found[3], found[4])):
                assert f"{date.fromisoformat(day):%A}" == name


def test_a_written_case_is_read_as_it_was() -> None:
    case = {
        "title": "A: b, #c 'd' \"e\" \\ é no.",
        "facts": [
            {"id": "a1", "date": "2001-02-28", "amount": "1,000.00", "value": "9.50%",
             "yes": "no", "word": "true", "truth": True, "count": 12, "text": "12", "blank": " x "},
        ],
        "readings": {},
        "terms": {"grace.interest": "5 calendar days"},
        "known-on": None,
        "expect": {"outcome": "compliant", "absent": ["a", "b"], "balances": {"principal": "1.00"}},
    }  # fmt: skip
    text = "cases:\n" + case_text(case, "made by\nhand")
    (read,) = load_yaml(Source("x", text)).data["cases"]
    assert read == {key: value for key, value in case.items() if value not in ({}, None)}
    assert "  # made by hand\n" in text
