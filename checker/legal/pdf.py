"""The report as a PDF: tagged (PDF/UA-1) and archival (PDF/A-3), with its data attached."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typst

from checker.legal.model import Report, as_data

STANDARDS: list[typst.PDFStandard] = ["a-3a", "ua-1"]

_PLAIN = frozenset(chr(code) for code in (*range(0x20, 0x7F), *range(0xA1, 0x180))) | frozenset(
    "‐–—‘’“”…′″•█−×÷≤≥→§¶\u00a0\u202f\u2009\n"
)
"""What the fonts are known to have; everything else is tried."""

_SHORT = 14  # an id that fits into any column
_LONG = re.compile(r"\S{25,}")
_ID = re.compile(r"(?<=[/_.=])|(?<=-)(?=[a-z])")


@dataclass(frozen=True)
class Attachment:
    """A file within the PDF."""

    name: str
    content: bytes
    mime: str
    description: str
    relationship: str = "data"  # or source


class NotTypeset(RuntimeError):
    """The typesetter refused what it was given: a fault of ours."""


def render(report: Report, attachments: Sequence[Attachment] = ()) -> bytes:
    """The whole file; the same report and attachments give the same bytes."""
    return _typeset(_source(), _contents(report, attachments), made_on=report.made_on)


def pages(report: Report) -> list[bytes]:
    """The pages as PNG, as they look in the PDF."""
    with _laid_out(_source(), _contents(report)) as (main, folder):
        made = typst.compile(main, root=folder, font_paths=_fonts(), format="png", ppi=120.0)
        return made if isinstance(made, list) else [made]


def _contents(report: Report, attachments: Sequence[Attachment] = ()) -> dict[str, bytes]:
    """The files that the layout reads: the report as JSON, its pictures, and what is attached."""
    data = as_data(report)
    data["attachments"] = [
        {
            "name": each.name, "mime": each.mime, "description": each.description,
            "relationship": each.relationship,
        }
        for each in attachments
    ]  # fmt: skip
    pictures = [b for part in data["sections"] for b in part["blocks"] if b["kind"] == "picture"]
    contents = {f"attached-{number}": each.content for number, each in enumerate(attachments)}
    for picture in pictures:
        picture["file"] = f"{picture['name']}.svg"
        contents[picture["file"]] = picture.pop("svg").encode()
    contents["report.json"] = json.dumps(_printable(data), ensure_ascii=False).encode()
    return contents


def picture_as_png(svg: str, width: int, height: int) -> bytes:
    """A picture of the report as PNG, for documents that hold no SVG."""
    page = f"#set page(width: {width}pt, height: {height}pt, margin: 0pt)"
    source = f'{page}\n#image("picture.svg", width: 100%)'
    with _laid_out(source, {"picture.svg": svg.encode()}) as (main, folder):
        return typst.compile(main, root=folder, font_paths=_fonts(), format="png", ppi=216.0)


@cache
def _source() -> str:
    return files("checker.legal").joinpath("report.typ").read_text(encoding="utf-8")


@cache
def _fonts() -> typst.Fonts:
    """The fonts that come with the typesetter, and no others: every machine sets the same page."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def _typeset(source: str, contents: Mapping[str, bytes], made_on: str) -> bytes:
    day = date.fromisoformat(made_on)
    stamp = max(0, int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))
    with _laid_out(source, contents) as (main, folder):
        try:
            return typst.compile(
                main, root=folder, font_paths=_fonts(), format="pdf",
                pdf_standards=STANDARDS, timestamp=stamp,
            )  # fmt: skip
        except typst.TypstError as error:
            raise NotTypeset(error.message) from error


@contextmanager
def _laid_out(source: str, contents: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """The source and the files that it reads, in a folder that goes; where both are."""
    with TemporaryDirectory() as folder:
        main = Path(folder, "main.typ")
        main.write_text(source, encoding="utf-8")
        for name, content in contents.items():
            Path(folder, name).write_bytes(content)
        yield str(main), folder


# What the fonts can show -------------------------------------------------------------------------


def _printable(data: Any) -> Any:
    """The data with what no font here has told by its number, and long words in pieces."""
    lacking = _lacking(_unusual(data))
    return _pieced(_shown(data, lacking))


def _unusual(data: Any) -> frozenset[str]:
    if isinstance(data, str):
        return frozenset(data) - _PLAIN
    parts = (
        data.values() if isinstance(data, dict) else data if isinstance(data, list | tuple) else ()
    )
    return frozenset().union(*(_unusual(part) for part in parts))


def _shown(data: Any, lacking: frozenset[str]) -> Any:
    if isinstance(data, str):
        return (
            "".join(_numbered(char) if char in lacking else char for char in data)
            if (lacking.intersection(data))
            else data
        )
    if isinstance(data, dict):
        return {name: _shown(part, lacking) for name, part in data.items()}
    return [_shown(part, lacking) for part in data] if isinstance(data, list | tuple) else data


def _numbered(char: str) -> str:
    return f"[U+{ord(char):04X}]"


@cache
def _lacking(chars: frozenset[str]) -> frozenset[str]:
    """Those characters for which no font here has a sign; found by trying, halves at a time."""
    alone = [char for char in sorted(chars) if unicodedata.category(char)[0] not in "MC"]
    marks = chars - set(alone)  # combining marks and formats: what they join to cannot be foreseen
    return frozenset(marks) | frozenset(_refused(alone))


def _refused(chars: Sequence[str]) -> Iterable[str]:
    if not chars or _can_be_set(chars):
        return []
    if len(chars) == 1:
        return chars
    half = len(chars) // 2
    return [*_refused(chars[:half]), *_refused(chars[half:])]


_TRIAL = """
#set document(title: [t], date: datetime(year: 1970, month: 1, day: 1))
#let serif = ("Libertinus Serif", "New Computer Modern", "DejaVu Sans Mono")
#let mono = ("DejaVu Sans Mono", "Libertinus Serif", "New Computer Modern")
#set text(lang: "en", font: serif)
#for c in json("report.json") [#c #strong(c) #text(font: mono, c) ]
"""


def _can_be_set(chars: Sequence[str]) -> bool:
    contents = {"report.json": json.dumps(list(chars), ensure_ascii=False).encode()}
    try:
        _typeset(_TRIAL, contents, "1970-01-01")
    except NotTypeset:
        return False
    return True


def _pieced(data: Any) -> Any:
    """Spans whose words are too long for a line, in the pieces between which it may end."""
    if isinstance(data, dict):
        if "mark" in data:
            code = data["mark"] == "code" and len(data["text"]) > _SHORT
            long = code or _LONG.search(data["text"])
            return {**data, "pieces": _pieces(data["text"], code)} if long else data
        return {name: _pieced(part) for name, part in data.items()}
    return [_pieced(part) for part in data] if isinstance(data, list) else data


def _pieces(words: str, code: bool) -> list[str]:
    found: list[str] = []
    for word in re.split(r"(\s+)", words):
        parts = [p for p in _ID.split(word) if p] if code else [word]
        for part in parts:
            found += [part[at : at + 24] for at in range(0, len(part), 24)] or [""]
    return [piece for piece in found if piece]
