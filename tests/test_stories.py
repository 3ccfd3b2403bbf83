"""Every story gives what was worked out for it by hand, and the golden report to the byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.report import exit_code
from tests.stories import GOLDENS, Run, differences, golden, golden_text, runs, stories

RUNS = [run for story in stories() for run in runs(story)]


def test_there_are_stories_enough() -> None:
    assert len([s for s in stories() if s.parent.name == "second-amended-note"]) >= 14
    assert len(RUNS) == len({(run.story, run.name) for run in RUNS})


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.story.name}: {run.name}")
def test_a_story_gives_what_was_worked_out(run: Run) -> None:
    data = run.report()
    assert differences(data, run.expect) == []
    if run.exit is not None:
        assert exit_code(data, "breach") == run.exit


@pytest.mark.parametrize("format_", GOLDENS)
@pytest.mark.parametrize("story", stories(), ids=lambda story: story.name)
def test_a_story_gives_its_golden_report(story: Path, format_: str) -> None:
    assert golden_text(story, format_) == golden(story, format_).read_text(encoding="utf-8")
