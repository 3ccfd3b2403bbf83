"""The report as frozen, plain data: sections of paragraphs, tables and pictures, all of it said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text: how it is marked, and the anchor in the report to which it leads.

    `mark` is one of: nothing, `strong`, `marked` (words of the contract that something answers
    for), `unruled` (words that nothing serves), `letter` (the letter behind such words), `code`
    (an id or a command, as it is typed), `soft` (an aside), `break` (a new line). `at` is the
    anchor that the stretch itself bears.
    """

    text: str
    mark: str = ""
    to: str = ""
    at: str = ""


Text = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; `style` is `body`, `lead`, `item`, `words`, `formula`, `label` or `note`."""

    spans: Text
    style: str = "body"
    kind: str = field(default="paragraph", init=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: `figures` stand to the right; `width` is a share of the line."""

    title: str
    width: int
    figures: bool = False
    code: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; the first column names the row, the last row may be a sum.

    A `bare` table is a list of names with their values, whose columns need no names. The caption
    of a `quiet` one is seen by those alone who cannot see the heading above it.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    sums: bool = False
    bare: bool = False
    quiet: bool = False
    kind: str = field(default="table", init=False)

    @property
    def total(self) -> int:
        """The shares of all columns together."""
        return sum(column.width for column in self.columns)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as SVG, what it is called, and what it shows in words; sizes in points."""

    name: str
    title: str
    description: str
    svg: str
    width: int
    height: int
    kind: str = field(default="picture", init=False)


Block = Paragraph | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report under a numbered heading, of level 1, 2 or 3."""

    level: int
    number: str
    title: str
    anchor: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the report says, in the order in which it is read."""

    title: str
    subtitle: str
    details: tuple[tuple[str, Text], ...]  # label and value, beneath the title
    disclaimer: str
    foot: str  # at the foot of every page
    paper: str  # us-letter or a4
    made_on: str  # the ISO date that documents bear as theirs
    sections: tuple[Section, ...]
    redacted: bool = False

    @property
    def contents(self) -> tuple[Section, ...]:
        """The sections that the table of contents names."""
        return tuple(section for section in self.sections if section.level < 3)


def text(*parts: str | Span | Text) -> Text:
    """Spans of their parts; what is empty is left out."""
    spans: list[Span] = []
    for part in parts:
        if isinstance(part, tuple):
            spans += part
        else:
            spans.append(part if isinstance(part, Span) else Span(part))
    return tuple(span for span in spans if span.text)


def joined(parts: Iterable[str | Span | Text], between: str | Span = ", ") -> Text:
    """Spans with something between each two."""
    spans: list[str | Span | Text] = []
    for part in parts:
        spans += [between, part] if spans else [part]
    return text(*spans)


LINE = Span(" ", "break")
"""A new line within a paragraph or a cell."""


def told(table: Table) -> Table:
    """The table without the columns that say nothing, the first aside."""
    keep = [
        number
        for number in range(len(table.columns))
        if number == 0 or any(row[number] for row in table.rows)
    ]
    return replace(
        table,
        columns=tuple(table.columns[number] for number in keep),
        rows=tuple(tuple(row[number] for number in keep) for row in table.rows),
    )


def mapped(value: T, change: Callable[[str], str]) -> T:
    """The same value with every text in it changed."""
    changed: Any = value
    if isinstance(value, str):
        changed = change(value)
    elif isinstance(value, tuple):
        changed = tuple(mapped(part, change) for part in value)
    elif is_dataclass(value) and not isinstance(value, type):
        inner = {
            part.name: mapped(getattr(value, part.name), change)
            for part in fields(value)
            if part.init
        }
        changed = replace(value, **inner)
    return changed  # type: ignore[no-any-return]  # of the type that was given


def as_data(report: Report) -> dict[str, Any]:
    """The report as what JSON can hold."""
    data = asdict(report)
    data["contents"] = [asdict(section) | {"blocks": ()} for section in report.contents]
    return data
