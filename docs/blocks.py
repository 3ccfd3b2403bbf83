"""The blocks of the guide's pages: files that a reader writes, commands with what they print."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checker.cli import main

HERE = Path(__file__).parent
ROOT = HERE.parent
ADD = "add to "
"""Stands before the path in the title of a block that is put at the end of a file."""

_FENCE = re.compile(
    r'^``` *(?:\{ *\.\w+ title="(?P<title>[^"]+)" *\}|(?P<console>console))\n(?P<body>.*?)^```$',
    flags=re.DOTALL | re.MULTILINE,
)
_COMMAND = re.compile(r"^\$ (.*)\n", flags=re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block of a page: a file's text under its path, or commands with what they print."""

    path: str  # empty for commands
    add: bool
    body: str
    span: tuple[int, int]  # of the body in the page

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The commands, each with what the page shows beneath it."""
        parts = _COMMAND.split(self.body)[1:]
        return list(zip(parts[0::2], parts[1::2], strict=True))


def pages() -> list[Path]:
    """The pages that are written by hand."""
    return sorted(HERE.glob("*.md"))


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a page, in their order."""
    for found in _FENCE.finditer(text):
        title = found["title"] or ""
        add = title.startswith(ADD)
        yield Block(title.removeprefix(ADD), add, found["body"], found.span("body"))


class Desk:
    """A folder in which the commands of one page are run, as a reader would run them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.code = folder, 0
        (folder / "rules").mkdir()
        for path in (ROOT / "rules").glob("[!.]*"):
            (folder / "rules" / path.name).symlink_to(path)
        (folder / "fixtures").symlink_to(ROOT / "fixtures")

    def write(self, block: Block) -> None:
        """Puts a block's text into its file."""
        path = self.folder / block.path
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if block.add else ""
        path.write_text(before + block.body, encoding="utf-8")

    def run(self, command: str) -> str:
        """What a command prints, what it says of errors included."""
        words = shlex.split(command)
        if words[0] == "checker":
            return self._checker(words[1:])
        if words == ["echo", "$?"]:
            return f"{self.code}\n"
        if words[0] == "cat":
            return "".join((self.folder / w).read_text(encoding="utf-8") for w in words[1:])
        if words[0] == "rm":
            for path in [p for word in words[1:] for p in self.folder.glob(word)]:
                path.unlink()
            return ""
        if words[0] == "cp":
            shutil.copy(self.folder / words[1], self.folder / words[2])
            return ""
        raise ValueError(f"the guide runs no '{words[0]}'")

    def _checker(self, words: list[str]) -> str:
        out, here = io.StringIO(), Path.cwd()
        self.code = 0
        os.chdir(self.folder)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                main(words)
        except SystemExit as left:
            self.code = int(left.code or 0)
        finally:
            os.chdir(here)
        return out.getvalue()


def as_pattern(shown: str) -> str:
    """What is shown as a pattern: a line `…` stands for any lines, `…` in a line for any text."""
    lines = []
    for line in shown.splitlines():
        if line == "…":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(re.escape(line).replace("…", ".*") + r"\n")
    return "".join(lines) + (r"(?:.*\n)*" if shown.rstrip().endswith("\n…") else "")


def is_true(shown: str, printed: str) -> bool:
    """Whether a command printed what the page shows."""
    return re.fullmatch(as_pattern(shown), printed) is not None
