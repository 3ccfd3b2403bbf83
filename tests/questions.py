"""The runs under fixtures/questions/: command lines as typed, and the answers they must give.

Each folder holds `run.txt`, the command line as it is typed in the project's folder, and beside it
the golden answers `out.txt` and `out.json`, and those of other formats that stand there. It leaves
with 0, unless `exit.txt` says with what. `python -m tests.questions` writes them anew, of all
commands or of those that are named; the difference is then read before it is kept.
"""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from checker.cli import cli, main
from checker.commands.output import write_whole
from tests.product import ROOT

RUNS = ROOT / "fixtures" / "questions"
FORMATS = {"text": "out.txt", "json": "out.json"}
MORE = {"ics": "out.ics"}


def runs(command: str = "*") -> list[Path]:
    """The folders of all runs, or of those of one command."""
    return sorted(path.parent for path in RUNS.glob(f"{command}/*/run.txt"))


def title(run: Path) -> str:
    """The command and the run's name."""
    return f"{run.parent.name}/{run.name}"


def answer(run: Path, format_: str) -> str:
    """What the command line of a run prints in a format; it must be answered."""
    _checker, *words = shlex.split((run / "run.txt").read_text(encoding="utf-8"))
    exit_ = run / "exit.txt"
    code = int(exit_.read_text(encoding="utf-8")) if exit_.exists() else 0
    return printed([*words, "--format", format_], code)


def printed(words: Sequence[str], leaves_with: int = 0) -> str:
    """What a command prints that leaves with this code."""
    out = io.StringIO()
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(out):
        code = cli.main(list(words), "checker", standalone_mode=False)
    assert code == leaves_with, (words, code)
    return out.getvalue()


def refused(words: Sequence[str]) -> str:
    """What a command says to wrong input; it leaves with 2, and prints no answer."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(ROOT),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as left,
    ):
        main(list(words))
    assert left.value.code == 2, err.getvalue()
    assert err.getvalue().endswith("nothing was evaluated\n"), err.getvalue()
    assert out.getvalue() == ""
    return err.getvalue()


def formats(run: Path) -> list[str]:
    """The formats in which the answer of a run stands beside it: text, JSON, and what there is."""
    return [*FORMATS, *(name for name in MORE if (run / MORE[name]).exists())]


def golden(run: Path, format_: str) -> Path:
    """Where the golden answer of a run stands."""
    return run / {**FORMATS, **MORE}[format_]


def golden_text(run: Path, format_: str) -> str:
    """The golden answer, with the ends of its lines as they are."""
    return golden(run, format_).read_bytes().decode("utf-8")


def write_goldens(commands: Sequence[str] = ()) -> None:
    """Writes every golden anew, or those of some commands."""
    for run in [run for command in commands or ["*"] for run in runs(command)]:
        for format_ in formats(run):
            write_whole(golden(run, format_), answer(run, format_))


if __name__ == "__main__":
    write_goldens(sys.argv[1:])
