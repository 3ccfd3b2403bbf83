"""A new pack: it is whole, passes what the checker asks of a pack, and writes over nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from checker.cases import cases_of, run_case
from checker.cases.coverage import coverage
from checker.evaluate import Engines
from checker.lint import lint
from checker.loader import load_pack
from checker.pack import Pack, unclaimed
from checker.schema import schema_texts
from checker.starter import NAME, TEMPLATE
from tests.test_cli import run

__all__ = ["run"]  # the fixture that runs the command


@pytest.fixture
def folder(run: Any, tmp_path: Path) -> Path:
    assert run("new", "bakers-note", "--in", tmp_path).code == 0
    return tmp_path / "bakers-note"


@pytest.fixture
def made(folder: Path) -> Pack:
    return load_pack(folder)


def test_the_new_pack_bears_the_name_and_no_trace_of_the_template_s(folder: Path) -> None:
    assert load_pack(folder).name == "bakers-note"
    for path in folder.iterdir():
        assert NAME not in path.read_text(encoding="utf-8"), path


def test_the_comments_show_commands_that_name_the_folder(folder: Path) -> None:
    words = (folder / "contract.yaml").read_text(encoding="utf-8")
    assert f"checker check {folder.as_posix()} {folder.as_posix()}/example.csv" in words


def test_every_sentence_of_it_is_claimed(made: Pack) -> None:
    assert unclaimed(made) == []


def test_every_case_of_it_passes_and_every_title_is_a_sentence(made: Pack) -> None:
    cases = cases_of(made)
    assert len(cases) >= 20
    with Engines(made) as engines:
        for case in cases:
            assert run_case(made, engines, case) == [], case.title
            assert case.title.endswith("."), case.title
            assert len(case.title.split()) >= 6, case.title


def test_its_cases_show_every_rule_bound_and_answer(made: Pack) -> None:
    cases = cases_of(made)
    assert [line for rule in coverage(made, cases) for line in rule.missing()] == []
    taken = {pair for case in cases for pair in case.choices.readings.items()}
    others = {(q.name, a) for q in made.questions.values() for a in q.answers if a != q.default}
    assert others <= taken


def test_it_has_one_of_everything_that_a_reader_should_see(made: Pack) -> None:
    kinds = {claim.by.partition(" ")[0].rstrip(":") for claim in made.claims}
    assert kinds == {"rule", "term", "reading", "power", "judgment", "unruled"}
    assert any(rule.revises for rule in made.rules.values())


def test_lint_finds_nothing_in_it(folder: Path) -> None:
    assert lint(folder) == []


def test_the_example_facts_are_checked(run: Any, folder: Path) -> None:
    ran = run("check", folder, folder / "example.csv")
    assert (ran.code, ran.err) == (1, "")
    assert "event-of-default/interest/2026-01-15" in ran.out


def test_the_schemas_stand_beside_it_where_its_first_lines_look(folder: Path) -> None:
    schemas = folder.parent / ".schema"
    assert {p.name: p.read_text(encoding="utf-8") for p in schemas.iterdir()} == schema_texts()


def test_schemas_that_are_there_are_left_as_they_are(run: Any, tmp_path: Path) -> None:
    own = tmp_path / ".schema" / "cases.schema.json"
    own.parent.mkdir()
    own.write_text("{}", encoding="utf-8")
    assert run("new", "one", "--in", tmp_path).code == 0
    assert own.read_text(encoding="utf-8") == "{}"
    assert len(list(own.parent.iterdir())) == len(schema_texts())


def test_the_command_says_what_it_wrote(run: Any, tmp_path: Path) -> None:
    written = run("new", "one", "--in", tmp_path).out.split("\n")[:-1]
    assert written == [str(tmp_path / "one" / path.name) for path in sorted(TEMPLATE.iterdir())]


@pytest.mark.parametrize("rules", [True, False])
def test_a_pack_is_made_among_the_rules_where_there_are_some(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    if rules:
        Path("rules").mkdir()
    assert run("new", "one").code == 0
    assert Path("rules/one" if rules else "one", "note.txt").exists()


def test_what_exists_is_not_written_over(run: Any, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    ran = run("new", "one", "--in", tmp_path)
    assert ran.code == 2
    assert "exists already" in ran.err
    assert [path.name for path in tmp_path.rglob("*")] == ["one"]


@pytest.mark.parametrize("name", ["", "One", "../one", "a b", "-a", "."])
def test_what_is_no_name_is_refused(run: Any, tmp_path: Path, name: str) -> None:
    ran = run("new", "--in", tmp_path, "--", name)
    assert ran.code == 2
    assert "is no name" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(run: Any, tmp_path: Path) -> None:
    ran = run("new", "one", "--in", tmp_path / "none")
    assert ran.code == 2
    assert "there is no folder" in ran.err


def test_nothing_is_left_where_the_writing_fails(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "rename", full)
    ran = run("new", "one", "--in", tmp_path)
    assert ran.code == 2
    assert "cannot be made" in ran.err
    assert [
        path for path in tmp_path.rglob("*") if "one" in path.parts or ".part" in path.name
    ] == []
