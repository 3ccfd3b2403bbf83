"""The plugin of pytest: cases of packs are items, and nothing else is touched."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from checker.cases import cases_of
from tests.product import NOTE, ROOT, pack
from tests.test_case_command import BAD, GOOD, copied

LOADED = "import sys; print([n for n in sys.modules if n.startswith('checker')], file=sys.stderr)"


def ran(*arguments: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Pytest in a process of its own, with the plugin and without any other."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "checker.pytest_plugin",
        "-p",
        "no:cacheprovider",
    ]
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_pack_is_run_by_naming_its_folder() -> None:
    done = ran("rules/second-amended-note", "-v")
    assert done.returncode == 0, done.stdout
    assert f"{len(cases_of(pack()))} passed" in done.stdout


def test_cases_run_without_durable_rules_and_that_is_said(tmp_path: Path) -> None:
    folder = copied(tmp_path, GOOD)
    blocked = 'import sys\nsys.modules["durable_rules_engine"] = None\n'
    (tmp_path / "conftest.py").write_text(blocked, encoding="utf-8")
    done = ran(folder, "--rootdir", tmp_path, "--confcutdir", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("the compiled engine stands in, for durable-rules does not load") == 1
    assert "stands in" not in ran("rules/second-amended-note", "-k", "grace").stdout


def test_an_item_bears_the_title_and_can_be_chosen(tmp_path: Path) -> None:
    folder = copied(tmp_path, GOOD, BAD)
    done = ran(folder, "-v", "-k", "noted", cwd=tmp_path)
    assert done.returncode == 0
    assert "0-own.cases.yaml::An advance on the day of maturity is noted. PASSED" in done.stdout
    assert "1 passed, 1 deselected" in done.stdout


def test_a_failure_is_told_by_the_table_of_what_differs(tmp_path: Path) -> None:
    done = ran(copied(tmp_path, GOOD, BAD), cwd=tmp_path)
    assert done.returncode == 1
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "what expected found" in lines
    assert "outcome breach undetermined" in lines
    assert "findings advance-after-maturity/a1, amount 2.00 1.00" in lines
    assert any(line.endswith("0-own.cases.yaml:5:10") for line in lines)
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("0-own.cases.yaml", "cases: [{titel: x}]\n", "unknown key 'titel'"),
        ("9-agreements.yaml", "clause: 9\n", "the key 'heading' is missing"),
    ],
)
def test_wrong_cases_and_rules_are_told_with_their_places(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    folder = copied(tmp_path, GOOD)
    (folder / name).write_text(text, encoding="utf-8")
    done = ran(folder, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stdout
    assert f"{name}:1:" in done.stdout


def test_files_of_cases_outside_a_pack_are_left_alone_and_nothing_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "1.cases.yaml").write_text("not: ours\n", encoding="utf-8")
    (tmp_path / "test_one.py").write_text(f"def test_one():\n    {LOADED}\n", encoding="utf-8")
    done = ran(tmp_path, "-s", cwd=tmp_path)
    assert done.returncode == 0
    assert "1 passed" in done.stdout
    assert "['checker', 'checker.pytest_plugin']" in done.stderr


def test_it_is_found_where_the_package_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    entry = project["project"]["entry-points"]["pytest11"]
    assert entry == {"checker": "checker.pytest_plugin"}


def test_a_plain_run_of_the_tests_collects_no_case_of_a_pack_by_it() -> None:
    """The suite runs the cases by a module of its own; the plugin must not run them again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["pytest"]["ini_options"]["testpaths"] == ["tests"]
    assert not list((ROOT / "tests").rglob("*.cases.yaml"))
    assert list(NOTE.glob("*.cases.yaml"))
