"""Every story gives what was worked out for it by hand, and the golden report to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.report import exit_code
from tests.product import ROOT
from tests.stories import GOLDENS, Run, differences, golden, golden_text, runs, stories, title

PACKS = sorted(path.parent.name for path in (ROOT / "rules").glob("*/contract.yaml"))
RUNS = [run for story in stories() for run in runs(story)]


@pytest.mark.parametrize("name", PACKS)
def test_there_are_stories_enough_of_every_pack(name: str) -> None:
    assert len(stories(name)) >= 14


def test_every_story_is_of_a_pack_and_its_runs_have_names_of_their_own() -> None:
    assert {story.parent.name for story in stories()} == set(PACKS)
    assert len(RUNS) == len({(run.story, run.name) for run in RUNS})


@pytest.mark.parametrize("story", stories(), ids=title)
def test_a_story_shows_its_working_before_its_runs(story: Path) -> None:
    text = (story / "expect.yaml").read_text(encoding="utf-8")
    assert text.startswith("#"), "the arithmetic, or the counting of days, stands first"
    assert "\nshows: " in text


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{title(run.story)}: {run.name}")
def test_a_story_gives_what_was_worked_out(run: Run) -> None:
    data = run.report()
    assert differences(data, run.expect) == []
    if run.exit is not None:
        assert exit_code(data, "breach") == run.exit


@pytest.mark.parametrize("format_", GOLDENS)
@pytest.mark.parametrize("story", stories(), ids=title)
def test_a_story_gives_its_golden_report(story: Path, format_: str) -> None:
    assert golden_text(story, format_) == golden(story, format_).read_text(encoding="utf-8")
