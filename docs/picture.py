"""Draws the picture of a report that the README shows, as SVG that needs no network."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from rich.text import Text

from checker.commands.output import write_whole
from checker.text import WIDTH, show_on
from tests.stories import FIXTURES, runs

STORY = FIXTURES / "second-amended-note" / "default-and-acceleration"
TARGET = Path(__file__).with_name("report.svg")
LINES = 58


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


if __name__ == "__main__":
    write_whole(TARGET, picture())
