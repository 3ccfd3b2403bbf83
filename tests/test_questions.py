"""The answers to questions: what each run prints is what stands beside it, and has its shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from checker.questions import QUESTIONS
from checker.schema import schema
from tests.questions import answer, formats, golden, golden_text, runs, title

every_run = pytest.mark.parametrize("run", runs(), ids=title)


@every_run
def test_a_run_answers_what_stands_beside_it(run: Path) -> None:
    for format_ in formats(run):
        assert answer(run, format_) == golden_text(run, format_)


@every_run
def test_an_answer_has_its_published_shape(run: Path) -> None:
    data = json.loads(golden(run, "json").read_text(encoding="utf-8"))
    faults = [e.message for e in Draft7Validator(schema(run.parent.name)).iter_errors(data)]
    assert faults == []


@pytest.mark.parametrize("command", QUESTIONS)
def test_every_question_has_runs_enough(command: str) -> None:
    assert len(runs(command)) >= 2
