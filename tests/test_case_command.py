"""`checker test` as its user meets it: exit codes, choice, tables, coverage, JUnit."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from checker import cli
from checker.cases import cases_of
from checker.cases.coverage import Survey
from checker.cases.results import aligned, safe
from checker.cases.selection import Selection
from tests.product import NOTE, ROOT, pack


@dataclass(frozen=True)
class Ran:
    """What a run of the command left: its exit code and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def runs(*arguments: object) -> Ran:
        with pytest.raises(SystemExit) as left:
            cli.main(["test", *map(str, arguments)])
        printed = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Ran(left.value.code, printed.out, printed.err)

    return runs


def copied(tmp_path: Path, *cases: str, keep: bool = False) -> Path:
    """A copy of the note's pack with these cases, and with its own where `keep` says so."""
    copy = tmp_path / "pack"
    without = shutil.ignore_patterns() if keep else shutil.ignore_patterns("*.cases.yaml")
    shutil.copytree(NOTE, copy, ignore=without)
    if cases:
        text = "\n".join(["cases:", *cases]) + "\n"
        (copy / "0-own.cases.yaml").write_text(text, encoding="utf-8")
    return copy


ADVANCE = "{id: a1, date: 2002-08-30, kind: advance, amount: 1.00}"
GOOD = f"""\
- title: An advance on the day of maturity is noted.
  facts: [{ADVANCE}]
  expect: {{findings: [{{id: advance-after-maturity/a1, amount: '1.00'}}]}}"""
BAD = f"""\
- title: "An advance <on> & \\"after\\" \\e[31m maturity is a breach."
  facts: [{ADVANCE}]
  expect: {{outcome: breach, findings: [{{id: advance-after-maturity/a1, amount: '2.00'}}]}}"""


# Exit codes ---------------------------------------------------------------------------------------


def test_all_cases_of_the_note_pass_and_show_everything(run: Run) -> None:
    ran = run(NOTE, "--strict")
    assert ran.code == 0
    count = len(cases_of(pack()))
    assert ran.out.startswith(f"{count} passed, 0 failed\ncovered:\n")
    assert "missing" not in ran.out


def test_a_case_that_fails_is_1_and_told_as_a_table(run: Run, tmp_path: Path) -> None:
    folder = copied(tmp_path, GOOD, BAD)
    ran = run(folder)
    assert ran.code == 1
    heads, first, second, blank, count, *_rest = ran.out.splitlines()
    assert heads.split() == ["case", "place", "what", "expected", "found"]
    starts = [heads.index(word) for word in ("place", "what", "expected", "found")]
    title = 'An advance <on> & "after" \N{REPLACEMENT CHARACTER}[31m maturity is a breach.'
    place = f"{folder / '0-own.cases.yaml'}:5:10"
    for line, cells in (
        (first, (title, place, "outcome", "breach", "undetermined")),
        (second, (title, place, "findings advance-after-maturity/a1, amount", "2.00", "1.00")),
    ):
        ends = [*starts[1:], None]
        found = [line[: starts[0]], *(line[a:b] for a, b in zip(starts, ends, strict=True))]
        assert tuple(cell.strip() for cell in found) == cells
    assert (blank, count) == ("", "1 passed, 1 failed")
    assert "\x1b" not in ran.out


def test_missing_coverage_is_told_and_only_strictly_a_failure(run: Run, tmp_path: Path) -> None:
    folder = copied(tmp_path, GOOD)
    ran = run(folder)
    assert ran.code == 0
    assert "  rules that fire in a case" in ran.out
    assert "\nmissing:\n" in ran.out
    assert "  event-of-default: no case makes it fire\n" in ran.out
    assert "  day-count=actual/360: no case takes this answer\n" in ran.out
    assert run(folder, "--strict").code == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--strict", "-k", "x"], "leave out -k"),
        (["--clause", "4"], "--clause goes with --boundaries"),
        (["--boundaries", "--coverage"], "goes with -k and --clause alone"),
        (["--boundaries", "--clause", "44"], "the pack has no clause '44'"),
        (["-k", "no such words anywhere"], "no case has these words"),
        (["-k", "advance and"], "words are missing at the end"),
        (["-k", "(advance"], "a bracket is opened and not closed"),
        (["-k", "advance )"], "')' stands where nothing can follow"),
        (["--output", "xml=x"], "unknown format 'xml'"),
        (["--output", f"junit={NOTE / 'note.txt'}"], "is read or written already"),
    ],
)
def test_wrong_usage_is_2(run: Run, arguments: list[str], words: str) -> None:
    ran = run(NOTE, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_wrong_cases_and_a_pack_without_any_are_2(run: Run, tmp_path: Path) -> None:
    empty = run(copied(tmp_path))
    assert empty.code == 2
    assert "the pack has no case" in empty.err
    (tmp_path / "pack" / "1.cases.yaml").write_text("cases: [{titel: x}]\n", encoding="utf-8")
    wrong = run(tmp_path / "pack")
    assert wrong.code == 2
    assert "unknown key 'titel'" in wrong.err
    assert run(tmp_path / "nothing").code == 2


# Choice -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "text", "takes"),
    [
        ("grace", "4-default\nWithin the days of Grace.", True),
        ("days of grace", "4-default\nWithin the days of grace.", True),
        ("grace days", "4-default\nWithin the days of grace.", False),
        ("default and not grace", "4-default\nWithin the days of grace.", False),
        ("grace or maturity", "1-principal\nAt maturity.", True),
        ("not (grace or maturity)", "1-principal\nAt maturity.", False),
        ("a and b or c", "c", True),
        ("a and (b or c)", "c", False),
    ],
)
def test_words_choose(words: str, text: str, takes: bool) -> None:
    assert Selection.of(words).takes(text) is takes


def test_chosen_cases_alone_are_run_and_coverage_is_not_told(run: Run) -> None:
    ran = run(NOTE, "-k", "3-place and check")
    chosen = [c for c in cases_of(pack()) if c.stem == "3-place" and "check" in c.title]
    assert ran.out == f"{len(chosen)} passed, 0 failed\n"
    assert 0 < len(chosen) < 10


# Coverage -----------------------------------------------------------------------------------------


def test_the_full_list_names_the_case_that_shows_each(run: Run, tmp_path: Path) -> None:
    lines = [
        " ".join(line.split())
        for line in run(copied(tmp_path, GOOD), "--coverage").out.splitlines()
    ]
    title = "An advance on the day of maturity is noted."
    assert f"Promise advance-after-maturity fires {title}" in lines
    assert f"Promise advance-after-maturity date >= maturity: just true {title}" in lines
    assert "Promise advance-after-maturity date >= maturity: just false NO CASE" in lines
    assert "day-count=actual/360 is taken NO CASE" in lines


def test_an_answer_counts_as_shown_where_it_changes_a_report(tmp_path: Path) -> None:
    """Of a day count nothing follows where no interest is figured, and something where it is."""
    taken = f"{GOOD}\n  readings: {{day-count: actual/360}}"
    idle = copied(tmp_path, taken)
    with Survey(pack(idle)) as survey:
        for case in cases_of(pack(idle)):
            survey.run(case)
        found = {a.answer: a for a in survey.answers() if a.question == "day-count"}
    assert found["actual/360"].taken
    assert found["actual/360"].missing() == [
        "day-count=actual/360: this answer changes nothing in any case"
    ]
    assert found["actual/actual"].missing() == [
        "day-count=actual/actual: no case takes this answer"
    ]


# Outputs ------------------------------------------------------------------------------------------


def test_as_json(run: Run, tmp_path: Path) -> None:
    ran = run(copied(tmp_path, GOOD, BAD), "--format", "json")
    data = json.loads(ran.out)
    assert (ran.code, data["passed"], data["failed"]) == (1, 1, 1)
    good, bad = data["cases"]
    assert (good["passed"], good["line"], good["differences"]) == (True, 2, [])
    assert bad["differences"][0] == {
        "what": "outcome",
        "expected": "breach",
        "found": "undetermined",
    }
    rules = {rule["rule"]: rule for rule in data["coverage"]["rules"]}
    assert rules["advance-after-maturity"]["fires"] == good["title"]
    assert rules["event-of-default"]["fires"] is None


def test_junit_holds_every_case_and_survives_hostile_titles(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    assert run(copied(tmp_path, GOOD, BAD), "--output", f"junit={path}").code == 1
    suite = ElementTree.parse(path).getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    good, bad = suite
    assert (good.get("classname"), good.get("name")) == (
        "0-own",
        "An advance on the day of maturity is noted.",
    )
    assert list(good) == []
    escaped = 'An advance <on> & "after" \N{REPLACEMENT CHARACTER}[31m maturity is a breach.'
    assert bad.get("name") == escaped
    failure = bad[0]
    assert failure.get("message") == (
        "outcome: expected 'breach', found 'undetermined' (and 1 more)"
    )
    assert "0-own.cases.yaml:5:10" in str(failure.text)
    assert "amount: expected '2.00', found '1.00'" in str(failure.text)


def test_further_cases_are_printed_as_a_file_of_cases(run: Run, tmp_path: Path) -> None:
    folder = copied(tmp_path, GOOD)
    (folder / "0-own.cases.yaml").rename(folder / "0-promise.cases.yaml")
    ran = run(folder, "--boundaries", "--clause", "Promise")
    assert (ran.code, ran.err) == (0, "")
    head = "cases:\n  # made from line 2 of 0-promise.cases.yaml\n  - title: The "
    assert ran.out.startswith(head)
    (folder / "0-promise-more.cases.yaml").write_text(ran.out, encoding="utf-8")
    assert run(folder).code == 0
    none = run(folder, "--boundaries", "--clause", "7")
    assert (none.code, none.out) == (0, "")
    assert "no further case is made" in none.err


def test_nothing_is_written_unless_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    folder = copied(tmp_path, GOOD, BAD)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    run(folder)
    run(folder, "--boundaries")
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.parametrize("colour", [True, False], ids=["colour", "NO_COLOR"])
def test_a_terminal_is_given_a_table_drawn(tmp_path: Path, colour: bool) -> None:
    folder, (ours, theirs) = copied(tmp_path, BAD), pty.openpty()
    environment = {"PATH": "", "TERM": "xterm-256color", "COLUMNS": "140", "PYTHONPATH": str(ROOT)}
    if not colour:
        environment["NO_COLOR"] = "1"
    command = [sys.executable, "-m", "checker", "test", str(folder), "-k", "breach"]
    with subprocess.Popen(command, stdout=theirs, env=environment) as process:
        os.close(theirs)
        data = b""
        with contextlib.suppress(OSError):  # so ends a terminal whose other end is closed
            while chunk := os.read(ours, 4096):
                data += chunk
        os.close(ours)
    assert process.returncode == 1
    text = data.decode()
    assert "─" in text
    assert "0 passed, 1 failed" in text
    assert ("\x1b[32m" in text) is colour


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert list(aligned([("a", "b"), ("long", "c"), ("", "d")])) == [
        "a     b",
        "long  c",
        "      d",
    ]
    assert safe("a\n b\x1b\u202e") == "a b" + 2 * "\N{REPLACEMENT CHARACTER}"
