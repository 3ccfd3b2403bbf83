"""The runs under fixtures/formats/: command lines as typed, and the files of formats they write.

Each folder holds `run.txt`, a command line of `check` as it is typed in the project's folder, and
beside it the golden reports `out.sarif` and `out.xml`. `python -m tests.formats` writes them anew;
the difference is then read before it is kept.
"""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path

from checker.cli import cli
from checker.commands.output import write_whole
from tests.product import ROOT

RUNS = ROOT / "fixtures" / "formats"
FORMATS = {"sarif": "out.sarif", "junit": "out.xml"}


def runs() -> list[Path]:
    """The folders of all runs."""
    return sorted(path.parent for path in RUNS.glob("*/run.txt"))


def written(run: Path, format_: str) -> str:
    """What the command line of a run prints in a format."""
    _checker, *words = shlex.split((run / "run.txt").read_text(encoding="utf-8"))
    out = io.StringIO()
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(out):
        cli.main([*words, "--format", format_], "checker", standalone_mode=False)
    return out.getvalue()


def golden(run: Path, format_: str) -> Path:
    """Where the golden file of a run stands."""
    return run / FORMATS[format_]


def write_goldens() -> None:
    """Writes every golden anew."""
    for run in runs():
        for format_ in FORMATS:
            write_whole(golden(run, format_), written(run, format_))


if __name__ == "__main__":
    write_goldens()
