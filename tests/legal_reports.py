"""The legal review report as the tests read it: its text out of HTML, PDF and Word."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import docx
from docx.oxml.ns import qn
from pypdf import PdfReader

from checker.cli import cli
from tests.product import ROOT

FORMATS = ("html", "pdf", "docx")
STORIES = {
    "second-amended-note": ("on-time", "default-and-acceleration", "history"),
    "instalment-note": ("late-with-late-charge",),
    "revolving-note": ("over-limit-not-repaid",),
}
"""The stories whose reports are read; of each pack one at least."""

NAMED = [(pack, story) for pack, stories in STORIES.items() for story in stories]


def facts_of(pack: str, story: str) -> Path:
    """A story's facts."""
    (path,) = (ROOT / "fixtures" / pack / story).glob("facts.*")
    return path


def written(
    facts: Path,
    *options: str,
    pack: Path | str = "second-amended-note",
    formats: Sequence[str] = FORMATS,
) -> dict[str, bytes]:
    """What `checker report` writes, by format."""
    folder_of = pack if isinstance(pack, Path) else ROOT / "rules" / pack
    with TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()) as err:
        paths = {name: Path(folder, f"report.{name}") for name in formats}
        outputs = [word for name, path in paths.items() for word in ("--output", f"{name}={path}")]
        words = ["report", str(folder_of), str(facts), *options, *outputs]
        code = cli.main(words, "checker", standalone_mode=False)
        assert code == 0, err.getvalue()
        return {name: path.read_bytes() for name, path in paths.items()}


@cache
def story(pack: str, name: str, *options: str) -> Mapping[str, bytes]:
    """The report of a story in all formats, made once."""
    return written(facts_of(pack, name), *options, pack=pack)


# Text --------------------------------------------------------------------------------------------


class _Words(HTMLParser):
    """The text of a page, a line for each cell and paragraph, without what no reader sees."""

    BLOCKS = frozenset("p h1 h2 h3 h4 td th caption li dt dd figcaption title br text desc".split())  # noqa: SIM905 (words)

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # as it is called
        self.inside.append(tag)
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass
        if tag in self.BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.inside):
            self.parts.append(data)


def html_text(content: bytes) -> str:
    """The text of the HTML."""
    words = _Words()
    words.feed(content.decode())
    return "".join(words.parts)


def pdf_text(content: bytes) -> str:
    """The text of the PDF, page after page."""
    reader = PdfReader(io.BytesIO(content))
    return "\n".join(page.extract_text() for page in reader.pages)


def word_text(content: bytes) -> str:
    """The text of the document, a line for each paragraph, those of tables among them."""
    document = docx.Document(io.BytesIO(content))
    lines = []
    for paragraph in document.element.body.iter(qn("w:p")):
        texts = [
            "\n" if node.tag == qn("w:br") else node.text or ""
            for node in paragraph.iter(qn("w:t"), qn("w:br"))
        ]
        lines.append("".join(texts))
    return "\n".join(lines)


TEXTS = {"html": html_text, "pdf": pdf_text, "docx": word_text}


def text_of(made: Mapping[str, bytes], format_: str) -> str:
    """The text of one of the formats."""
    return TEXTS[format_](made[format_])


# Figures -----------------------------------------------------------------------------------------

_AMOUNT = re.compile(r"(?<![\d.,/])-?(?:\d{1,3}(?:,\d{3})+|\d+)\.\d{2}(?![\d%]|[.,]\d)")
_LONG = re.compile(r"\b(January|February|March|April|May|June|July|August|September|October|"
                   r"November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
                   r"(\d{1,2}), (\d{4})\b")  # fmt: skip
_ISO = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


def amounts_in(text: str) -> set[str]:
    """The amounts of a text, as `146712.33`."""
    return {found.replace(",", "") for found in _AMOUNT.findall(text)}


def days_in(text: str) -> set[str]:
    """The days of a text that are written with the month's name, and those in ids, as ISO dates."""
    folded = " ".join(text.split())
    named = {
        datetime.strptime(f"{m[:3]} {d} {y}", "%b %d %Y").date().isoformat()
        for m, d, y in _LONG.findall(folded)
    }
    return named | set(_ISO.findall(folded))


def strings(data: Any) -> Iterator[str]:
    """Every text in a piece of data."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for part in data.values():
            yield from strings(part)
    elif isinstance(data, Sequence):
        for part in data:
            yield from strings(part)
