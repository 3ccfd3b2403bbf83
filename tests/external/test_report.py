"""The legal report in the programs in which people read it: a browser, an office, a validator."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.legal_reports import NAMED, amounts_in, days_in, story, word_text

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OFFICES = ("soffice", "libreoffice")
PATIENCE = 240  # seconds for a program: a machine under load is slow to start a browser


def program(names: tuple[str, ...], what: str) -> str:
    """The first of these that is installed; the check is skipped by name where none is."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"{what} is not installed")
    return found


def ran(*command: str) -> str:
    """What a program prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, (command[0], done.stderr[-2_000:])
    return done.stdout


# HTML --------------------------------------------------------------------------------------------


def dom(page: Path, folder: Path) -> str:
    """A page as a browser holds it once its scripts have run."""
    browser = program(BROWSERS, "a Chromium browser")
    return ran(
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=120000", "--dump-dom",
        page.as_uri(),
    )  # fmt: skip


@pytest.mark.parametrize(("pack", "name"), NAMED, ids=str)
def test_a_browser_finds_nothing_inaccessible_in_the_html(
    pack: str, name: str, axe: Path, tmp_path: Path
) -> None:
    content = story(pack, name)["html"].decode()
    # The page itself forbids every script; this copy lets the checker in.
    content = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", content)
    script = (
        f"<script>{axe.read_text(encoding='utf-8')}</script><script>axe.run().then(found => {{"
        "const told = document.createElement('pre'); told.id = 'axe-found';"
        "told.textContent = JSON.stringify(found.violations.map(v => "
        "({id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map(n => n.html)})));"
        "document.body.append(told);});</script>"
    )
    page = tmp_path / "report.html"
    page.write_text(content.replace("</body>", script + "</body>"), encoding="utf-8")
    told = re.search(r'<pre id="axe-found">(.*?)</pre>', dom(page, tmp_path), re.DOTALL)
    assert told is not None
    found: list[dict[str, Any]] = json.loads(html.unescape(told[1]))
    assert [each for each in found if each["impact"] in ("serious", "critical")] == []


def test_a_browser_runs_no_script_of_the_page_and_asks_for_nothing(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    content = story(*NAMED[0])["html"].decode()
    hook = "<script>document.title = 'a script ran'</script>"
    page.write_text(content.replace("</body>", hook + "</body>"), encoding="utf-8")
    assert "<title>Review of" in dom(page, tmp_path)


# Word --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pack", "name"), NAMED, ids=str)
def test_an_office_opens_the_word_document_and_reads_the_same_text(
    pack: str, name: str, tmp_path: Path
) -> None:
    office = program(OFFICES, "LibreOffice")
    source = tmp_path / "report.docx"
    source.write_bytes(story(pack, name)["docx"])
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    ran(office, profile, "--headless", "--convert-to", "txt:Text (encoded):UTF8", "--outdir",
        str(tmp_path), str(source))  # fmt: skip
    theirs = (tmp_path / "report.txt").read_text(encoding="utf-8-sig")
    ours = word_text(source.read_bytes())
    assert amounts_in(theirs) == amounts_in(ours)
    assert days_in(theirs) == days_in(ours)
    lines = {_solid(line) for line in theirs.splitlines()}
    missing = [line for line in ours.splitlines() if _solid(line) and _solid(line) not in lines]
    assert missing == []


def _solid(line: str) -> str:
    return re.sub(r"\s", "", line)


# PDF ---------------------------------------------------------------------------------------------


def test_a_validator_finds_the_pdf_archival_and_accessible(tmp_path: Path) -> None:
    validator = program(("verapdf",), "veraPDF")
    path = tmp_path / "report.pdf"
    for pack, name in NAMED:
        path.write_bytes(story(pack, name)["pdf"])
        for flavour in ("3a", "ua1"):
            told = ran(validator, "--format", "text", "--flavour", flavour, str(path))
            assert told.startswith("PASS"), (pack, name, told)


def test_a_reader_of_another_maker_finds_the_pdf_tagged(tmp_path: Path) -> None:
    info = program(("pdfinfo",), "poppler-utils")
    path = tmp_path / "report.pdf"
    path.write_bytes(story(*NAMED[0])["pdf"])
    facts: Mapping[str, str] = dict(
        re.findall(r"^(\w[\w ]*):\s+(.*)$", ran(info, str(path)), re.MULTILINE)
    )
    assert facts["Tagged"] == "yes"
    assert facts["JavaScript"] == "no"
    assert facts["Encrypted"] == "no"
