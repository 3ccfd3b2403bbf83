"""Two runs of one contract under fixtures/baselines/, and what changed from one to the other.

Each folder holds `runs.yaml`, the two command lines as they are typed in the project's folder, and
beside it what changed: `out.txt` and `out.json`. `python -m tests.baselines` writes them anew; the
difference is then read before it is kept.
"""

from __future__ import annotations

import contextlib
import io
import json
import shlex
import tempfile
from pathlib import Path

from checker.cli import cli
from checker.commands.output import write_whole
from checker.source import load_yaml, read_source
from tests.product import ROOT

BASELINES = ROOT / "fixtures" / "baselines"
FORMATS = {"text": "out.txt", "json": "out.json"}


def pairs() -> list[Path]:
    """The folders of all pairs of runs."""
    return sorted(path.parent for path in BASELINES.glob("*/runs.yaml"))


def printed(line: str, *more: str) -> str:
    """What a command line prints."""
    out = io.StringIO()
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(out):
        cli.main([*shlex.split(line), *more], "checker", standalone_mode=False)
    return out.getvalue()


def changed(pair: Path, format_: str) -> str:
    """What changed from the first run to the second, in a format."""
    lines = load_yaml(read_source(pair / "runs.yaml")).data
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        report.write_text(printed(lines["earlier"], "--format", "json"), encoding="utf-8")
        told = printed(lines["later"], "--baseline", str(report), "--format", format_)
    if format_ == "json":
        return json.dumps(json.loads(told)["changes"], ensure_ascii=False, indent=1) + "\n"
    return told[told.index("Since the report of") :]


def write_goldens() -> None:
    """Writes every golden anew."""
    for pair in pairs():
        for format_, name in FORMATS.items():
            write_whole(pair / name, changed(pair, format_))


if __name__ == "__main__":
    write_goldens()
