"""The SARIF Multitool, which knows the rules of the standard besides its schema, finds no fault."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.external.conftest import EXTERNAL, _npm
from tests.formats import golden, runs

TOOL = "@microsoft/sarif-multitool"
VERSION = "5"  # the major version whose rules are tested

UNMET = {"SARIF2005"}
"""That a tool name its page on the web: this one has none."""


@pytest.fixture(scope="session")
def multitool() -> Path:
    """The multitool, installed from npm once."""
    program = EXTERNAL / "node_modules" / ".bin" / "sarif-multitool"
    if not program.exists():
        EXTERNAL.mkdir(exist_ok=True)
        try:
            done = _npm(EXTERNAL, "install", "--no-save", f"{TOOL}@{VERSION}")
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install {TOOL} in time")
        if done.returncode or not program.exists():
            pytest.skip(f"npm cannot install {TOOL}")
    return program


@pytest.mark.parametrize("run", runs(), ids=lambda path: path.name)
def test_the_multitool_finds_no_fault(multitool: Path, run: Path, tmp_path: Path) -> None:
    found = tmp_path / "found.sarif"
    done = subprocess.run(
        [str(multitool), "validate", str(golden(run, "sarif")), "--output", str(found)],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert found.exists(), done.stdout + done.stderr
    (told,) = json.loads(found.read_text(encoding="utf-8-sig"))["runs"]
    faults = [row for row in told.get("results", ()) if row["ruleId"] not in UNMET]
    assert [(row["ruleId"], row["message"]) for row in faults] == []
