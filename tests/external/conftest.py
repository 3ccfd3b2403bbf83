"""What these checks need is installed under .external; where that cannot be, they are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.schema import schema_texts
from tests.external.lsp import Server
from tests.product import ROOT

EXTERNAL = ROOT / ".external"
"""Ignored by git; everything that is installed or cached stands in it."""

SERVER, AXE = "yaml-language-server", "axe-core"
PACKAGES = {SERVER: "1", AXE: "4"}  # with the major versions whose answers are tested


def _npm(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("npm is not installed")
    settings = {
        "npm_config_cache": str(EXTERNAL / "npm-cache"),
        "npm_config_fetch_retries": "1",
        "npm_config_fetch_timeout": "60000",
        "npm_config_audit": "false",
        "npm_config_fund": "false",
        "npm_config_update_notifier": "false",
    }
    command = [npm, "--prefix", str(folder), *arguments]
    return subprocess.run(
        command,
        check=False,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=300,
    )


def _installed(package: str, version: str, file: str) -> Path:
    """A file of a package of npm, installed once; the check is skipped where that cannot be."""
    path = EXTERNAL / "node_modules" / package / file
    if not path.exists():
        EXTERNAL.mkdir(exist_ok=True)
        try:
            # npm takes away what an earlier call brought and this one does not name.
            wanted = [f"{name}@{major}" for name, major in PACKAGES.items()]
            done = _npm(EXTERNAL, "install", "--no-save", *wanted)
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install {package} in time")
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if "npm error code" in line]
            reason = errors[0].partition("npm error code ")[2] if errors else "it failed"
            pytest.skip(f"npm cannot install {package} {version}: {reason}")
    return path


@pytest.fixture(scope="session")
def server_program() -> Path:
    """The language server for YAML, installed from npm once."""
    return _installed(SERVER, PACKAGES[SERVER], f"bin/{SERVER}")


@pytest.fixture(scope="session")
def axe() -> Path:
    """The accessibility checker that runs within a page, installed from npm once."""
    return _installed(AXE, PACKAGES[AXE], "axe.min.js")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packs as a user has one: the schemas beside a pack."""
    root = tmp_path_factory.mktemp("rules")
    (root / ".schema").mkdir()
    (root / "pack").mkdir()
    for name, text in schema_texts().items():
        (root / ".schema" / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def editor(server_program: Path, workspace: Path) -> Iterator[Server]:
    """A running language server that looks at the workspace."""
    node = shutil.which("node")
    if node is None:  # the server was installed when it was there
        pytest.skip("node is not installed")
    with Server([node, str(server_program), "--stdio"], workspace) as server:
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Names each check that was skipped, and why."""
    for report in terminalreporter.stats.get("skipped", []):
        _path, _line, reason = report.longrepr
        name = report.nodeid.rpartition("::")[2].replace("_", " ")
        terminalreporter.write_line(f"skipped: {name}: {reason.removeprefix('Skipped: ')}")
