"""Every kind of wrong fact is refused with its place, its line and what was expected."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from checker.facts import load_facts
from checker.model import WrongInput
from checker.source import render
from tests.wrong_facts import WRONG, Wrong, vocabulary

VOCABULARY = vocabulary()


def write(wrong: Wrong, folder: Path) -> Path:
    path = folder / wrong.file
    if wrong.content == "directory":
        path.mkdir()
    elif wrong.content is not None:
        content = wrong.content() if callable(wrong.content) else wrong.content
        assert isinstance(content, bytes)
        path.write_bytes(content)
    return path


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_wrong_fact_is_refused_with_its_place(wrong: Wrong, tmp_path: Path) -> None:
    path = write(wrong, tmp_path)
    started = time.process_time()
    with pytest.raises(WrongInput) as caught:
        load_facts([str(path)], VOCABULARY)
    assert time.process_time() - started < 5
    first, *others = caught.value.problems
    assert str(first.place) == f"{path}:{wrong.line}:{wrong.column}"
    assert wrong.message in first.message
    assert wrong.hint in first.hint
    assert first.place.excerpt.startswith(wrong.excerpt[:200])
    assert bool(first.place.excerpt) == bool(wrong.excerpt)
    assert len(others) == len(wrong.also), [other.message for other in others]
    for other, words in zip(others, wrong.also, strict=True):
        assert words in other.message
    assert f"{path}:{wrong.line}:{wrong.column}: error: " in render(first)
    assert all(c.isprintable() for c in first.message)


def test_the_wrong_facts_have_names_of_their_own() -> None:
    names = [wrong.name for wrong in WRONG]
    assert len(set(names)) == len(names) >= 45


def test_the_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    table, lines = tmp_path / "a.csv", tmp_path / "b.jsonl"
    table.write_text("id,date,kind,amount\np1,2001-01-02,payment,x\n", encoding="utf-8")
    lines.write_text('{"id": "p1"}\n{', encoding="utf-8")
    paths = [str(table), str(lines), str(tmp_path / "c.csv")]
    with pytest.raises(WrongInput) as caught:
        load_facts(paths, VOCABULARY)
    places = [str(problem.place) for problem in caught.value.problems]
    assert places == [
        f"{table}:2:23",
        f"{lines}:1:1",
        f"{lines}:1:1",
        f"{lines}:2:2",
        f"{tmp_path / 'c.csv'}:1:1",
    ]
