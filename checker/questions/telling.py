"""Answers as text for a terminal: headings, tables and sentences in the style of the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO
from typing import IO

from rich import box
from rich.console import Console
from rich.constrain import Constrain
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from checker.text import WIDTH, money

__all__ = ["Page", "money", "told"]


class Page:
    """What an answer is printed on."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def line(self, text: str = "", style: str = "") -> None:
        """One line, however long."""
        self.console.print(Text(text, style=style))

    def heading(self, text: str) -> None:
        """A heading, with a blank line before it."""
        self.line()
        self.line(text, "bold")

    def indented(self, text: str, left: int = 2, style: str = "") -> None:
        """A paragraph, folded to the width of a report."""
        self.console.print(Constrain(Padding(Text(text, style=style), (0, 0, 0, left)), WIDTH))

    def table(self, columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> None:
        """Rows under named columns, those of figures (True) to the right; no cell is cut off."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
        for name, number in columns:
            table.add_column(name, justify="right" if number else "left", no_wrap=True)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self.console.print(table)


def told(show: Callable[[Page], None], out: IO[str] | None = None) -> str:
    """What `show` prints, as text; with `out` it is written there, in colour where that can be."""
    target = StringIO() if out is None else out
    console = Console(
        file=target,
        width=1_000,  # tables keep their natural width: no figure is ever cut off
        highlight=False,
        emoji=False,
        markup=False,
        color_system="auto" if out is not None else None,
        soft_wrap=False,
    )
    show(Page(console))
    if not isinstance(target, StringIO):
        return ""
    return "".join(f"{line.rstrip()}\n" for line in target.getvalue().splitlines())
