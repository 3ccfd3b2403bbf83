"""The README's commands are run as written, and print what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.product import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)


def shell(script: str) -> str:
    """What a person's shell prints, standard error included, with the command on its path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "NO_COLOR": "1", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def steps(block: str) -> list[tuple[str, str]]:
    """The commands of a block, each with what the README shows beneath it."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[0::2], parts[1::2], strict=True))


def as_pattern(shown: str) -> str:
    """What is shown as a pattern: a line `…` stands for any lines, `…` in a line for any text."""
    lines = []
    for line in shown.splitlines():
        if line == "…":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(re.escape(line).replace("…", ".*") + r"\n")
    return "".join(lines) + (r"(?:.*\n)*" if shown.rstrip().endswith("…") else "")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][2:60])
def test_a_block_of_the_readme_is_true(block: str) -> None:
    before = ""
    for command, shown in steps(block):
        # `echo $?` speaks of the command before it
        printed = shell(f"{before} > /dev/null 2>&1; {command}" if "$?" in command else command)
        assert re.fullmatch(as_pattern(shown), printed), printed
        before = command


def test_the_two_commands_stand_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_the_gate_passes_what_is_kept_and_stops_what_is_not(tmp_path: Path) -> None:
    stories = ROOT / "fixtures" / "second-amended-note"
    pack, gate = ROOT / "rules" / "second-amended-note", ROOT / "examples" / "gate.sh"
    kept = f"{gate} {pack} {tmp_path} {stories / 'on-time' / 'facts.csv'}; echo code $?"
    assert "code 0" in shell(kept)
    assert (tmp_path / "on-time.json").exists()
    broken = f"{gate} {pack} {tmp_path} {stories / 'history' / 'facts.csv'}; echo code $?"
    assert "code 1" in shell(broken)
