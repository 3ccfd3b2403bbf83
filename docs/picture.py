"""Draws the pictures that the README shows: a report in the terminal, pages of a legal report."""

from __future__ import annotations

import io
import re
from io import StringIO
from pathlib import Path

from pypdf import PdfReader
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

from checker.commands.asked import Asked
from checker.commands.output import write_all, write_whole
from checker.evaluate import Engines
from checker.legal.build import build
from checker.legal.case import Case
from checker.legal.history import history
from checker.legal.locale import Locale
from checker.legal.pdf import pages, render
from checker.legal.speaker import Speaker
from checker.questions.cure import cure
from checker.questions.readings import readings
from checker.text import WIDTH, show_on
from tests.stories import FIXTURES, runs

STORY = FIXTURES / "second-amended-note" / "default-and-acceleration"
TARGET = Path(__file__).with_name("report.svg")
LINES = 58
PAGES = {
    "legal-answer.png": "The most serious findings",
    "legal-interest.png": "The figures of the picture",
}
"""Pages of the legal report, by the words for which they are chosen."""


def picture() -> str:
    """The first lines of a story's report, as a terminal shows them."""
    *_, run = runs(STORY)
    console = Console(file=StringIO(), record=True, width=WIDTH, force_terminal=True)
    show_on(console, run.report())
    lines = console.export_text(styles=True).splitlines()[:LINES]
    page = Console(file=StringIO(), record=True, width=WIDTH, force_terminal=True)
    page.print(Text.from_ansi("\n".join(lines)))
    svg = page.export_svg(title="checker check", theme=DEFAULT_TERMINAL_THEME, unique_id="report")
    svg = svg.replace("Fira Code, monospace", "monospace")
    # The fonts that rich would fetch from a server: the reader's own monospace font does as well.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


def legal_pages() -> dict[str, bytes]:
    """Pages of a story's legal report, by the names of their pictures."""
    asked = Asked.of(str(FIXTURES.parent / "rules" / STORY.parent.name), None, None, None, (), ())
    with Engines(asked.pack) as engines:
        inquiry = asked.inquiry(engines, [str(STORY / "facts.csv")])
        answers, paying = readings(inquiry), cure(inquiry, brief=True)
        speaker, files = Speaker(Locale()), ("facts.csv",)
        report = build(Case(inquiry, speaker, answers, paying, history(inquiry), files, "checker"))
    texts = [page.extract_text() for page in PdfReader(io.BytesIO(render(report))).pages]
    made = pages(report)
    return {
        name: next(made[at] for at, text in enumerate(texts) if words in text)
        for name, words in PAGES.items()
    }


if __name__ == "__main__":
    write_whole(TARGET, picture())
    write_all([(TARGET.with_name(name), content) for name, content in legal_pages().items()])
