"""Writes what the commands of the guide print into its pages anew, where it is not so any more.

An output of which parts are left out (`…`) is kept while it is true, and else written whole.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from checker.commands.output import write_whole
from docs.blocks import Block, Desk, blocks, is_true, pages


def updated(text: str, folder: Path) -> str:
    """A page with the outputs of its commands as they are, run in an empty folder."""
    desk, parts, at = Desk(folder), [], 0
    for block in blocks(text):
        if block.path:
            desk.write(block)
            continue
        parts += [text[at : block.span[0]], _ran(block, desk)]
        at = block.span[1]
    return "".join([*parts, text[at:]])


def _ran(block: Block, desk: Desk) -> str:
    lines = []
    for command, shown in block.steps:
        printed = desk.run(command)
        lines += [f"$ {command}\n", shown if is_true(shown, printed) else printed]
    return "".join(lines)


def update() -> None:
    """Updates every page."""
    for page in pages():
        before = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            after = updated(before, Path(folder))
        if after != before:
            write_whole(page, after)
            print(page.name)


if __name__ == "__main__":
    update()
