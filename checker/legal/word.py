"""The report as a Word document, from a template whose styles and words a firm may replace."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Pt
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from lxml import etree
from markupsafe import Markup

from checker.legal.model import Block, Paragraph, Picture, Report, Section, Span, Table, Text
from checker.legal.pdf import picture_as_png
from checker.model import Place, Problem, WrongInput

TEMPLATE = "report.docx"
PAPERS = {"us-letter": (12240, 15840), "a4": (11906, 16838)}
"""Widths and heights in twentieths of a point."""

_STYLES = {
    "strong": "Strong", "marked": "MarkedWords", "unruled": "UnruledWords",
    "letter": "WordsLetter", "code": "CodeWords", "soft": "Aside",
}  # fmt: skip
_FIRST = datetime(1980, 1, 1, tzinfo=UTC)  # the first day that a zip archive can tell


def render(report: Report, template: Path | None = None) -> bytes:
    """The whole file; the same report and template give the same bytes.

    WrongInput where the template is no Word document, or asks for what the report does not have.
    """
    try:
        document = DocxTemplate(io.BytesIO(_template(template)))
        document.render(_context(report, document), _environment(), autoescape=True)
    except (TemplateError, zipfile.BadZipFile, KeyError, ValueError, etree.XMLSyntaxError) as error:
        if template is None:
            raise
        place = Place(str(template), 1, 1)
        message = f"no template for Word: {_reason(error)}"
        raise WrongInput([Problem(place, message)]) from error
    body = document.docx.element.body
    shares = _shares(report)
    for table in body.iter(qn("w:tbl")):
        _set_widths(table, shares)
    if template is None:
        _set_paper(body, report.paper)
    _set_properties(document.docx.core_properties, report)
    out = io.BytesIO()
    document.save(out)
    return settled(out.getvalue())


def _template(path: Path | None) -> bytes:
    if path is None:
        return files("checker.legal").joinpath(TEMPLATE).read_bytes()
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise WrongInput([Problem(Place(str(path), 1, 1), message)]) from error


def _reason(error: Exception) -> str:
    told = str(error).splitlines()
    return told[0] if told else type(error).__name__


def _environment() -> SandboxedEnvironment:
    """Where the template's own expressions are worked out: it may ask for values and no more."""
    return SandboxedEnvironment(undefined=StrictUndefined, finalize=_as_xml)


def _as_xml(value: Any) -> Any:
    return _escaped(value) if type(value) is str else value


def _escaped(words: str) -> Markup:
    """Words as XML; braces as numbers, since docxtpl looks for some of its own afterwards."""
    told = escape(words).replace("{", "&#123;").replace("}", "&#125;").replace("%", "&#37;")
    return Markup(told)


# What the template may ask for -------------------------------------------------------------------


@dataclass(frozen=True)
class Runs:
    """Runs of text, put into a paragraph by `{{r … }}`; each bears a style of the template."""

    xml: str

    def __html__(self) -> str:
        return self.xml


@dataclass
class Drawing:
    """A picture, put into a paragraph by `{{ … }}`, with its words for those who cannot see it."""

    picture: Picture
    document: Any

    def __html__(self) -> str:
        png = picture_as_png(self.picture.svg, self.picture.width, self.picture.height)
        part = self.document.current_rendering_part
        inline = part.new_pic_inline(io.BytesIO(png), width=Pt(484))
        properties = inline.find(qn("wp:docPr"))
        properties.set("name", self.picture.title)
        properties.set("descr", f"{self.picture.title}. {self.picture.description}")
        xml = (
            etree.tostring(inline, encoding="unicode").replace("{", "&#123;").replace("}", "&#125;")
        )
        text = '<w:t xml:space="preserve">'
        return f"</w:t></w:r><w:r><w:drawing>{xml}</w:drawing></w:r><w:r>{text}"


class Marks:
    """Bookmarks: their names as Word takes them, and their numbers."""

    def __init__(self) -> None:
        self.count = 0

    def around(self, anchor: str, xml: str) -> str:
        """The runs within a bookmark."""
        self.count += 1
        name = f'w:id="{self.count}" w:name="{_name(anchor)}"'
        return f'<w:bookmarkStart {name}/>{xml}<w:bookmarkEnd w:id="{self.count}"/>'


def _name(anchor: str) -> str:
    return "p_" + anchor.replace("-", "_").replace(".", "_")


def _run(words: str, style: str = "") -> str:
    styled = f'<w:rPr><w:rStyle w:val="{style}"/></w:rPr>' if style else ""
    return f'<w:r>{styled}<w:t xml:space="preserve">{_escaped(words)}</w:t></w:r>'


def _runs(spans: Text, marks: Marks, *, strong: bool = False) -> Runs:
    return Runs("".join(_span(span, marks, strong=strong) for span in spans))


def _span(span: Span, marks: Marks, *, strong: bool) -> str:
    if span.mark == "break":
        return "<w:r><w:br/></w:r>"
    style = _STYLES.get(span.mark, "Strong" if strong else "")
    if span.to:
        linked = _run(span.text, style if span.mark == "code" else "Hyperlink")
        return f'<w:hyperlink w:anchor="{_name(span.to)}" w:history="1">{linked}</w:hyperlink>'
    run = _run(span.text, style)
    return marks.around(span.at, run) if span.at else run


def _context(report: Report, document: Any) -> dict[str, Any]:
    """What the template may ask for, by name."""
    marks = Marks()
    return {
        "report": {
            "title": report.title, "subtitle": report.subtitle, "foot": report.foot,
            "disclaimer": report.disclaimer,
            "details": [
                {"label": label, "runs": _runs(value, marks)} for label, value in report.details
            ],
        },
        "answer": _section(report.sections[0], marks, document),
        "contents": list(_contents(report.contents)),
        "sections": [_section(section, marks, document) for section in report.sections[1:]],
    }  # fmt: skip


def _field(kind: str, instruction: str = "") -> str:
    told = f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'
    if instruction:
        told += f'<w:r><w:instrText xml:space="preserve"> {instruction} </w:instrText></w:r>'
    return told


def _contents(sections: Sequence[Section]) -> Iterator[dict[str, Any]]:
    """The entries of a table of contents that Word can make anew, as it would make them."""
    for number, section in enumerate(sections):
        words = f"{section.number}  {section.title}".strip()
        xml = f'<w:hyperlink w:anchor="{_name(section.anchor)}">{_run(words)}</w:hyperlink>'
        if number == 0:
            xml = _field("begin", r'TOC \o "1-2" \h \z \u') + _field("separate") + xml
        if number == len(sections) - 1:
            xml += _field("end")
        yield {"level": section.level, "runs": Runs(xml)}


def _section(section: Section, marks: Marks, document: Any) -> dict[str, Any]:
    number = f"{section.number}  " if section.number else ""
    heading = marks.around(section.anchor, _run(number + section.title))
    return {
        "level": section.level, "heading": Runs(heading),
        "blocks": [_block(block, marks, document) for block in section.blocks],
    }  # fmt: skip


def _block(block: Block, marks: Marks, document: Any) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "style": block.style, "runs": _runs(block.spans, marks)}
    if isinstance(block, Picture):
        return {
            "kind": "picture", "style": "", "drawing": Drawing(block, document),
            "title": block.title, "description": block.description,
        }  # fmt: skip
    return {
        "kind": "list" if block.bare else "table", "style": "", "caption": block.caption,
        "quiet": block.quiet,
        "columns": [{"title": c.title, "figures": c.figures} for c in block.columns],
        "rows": [list(_cells(block, number, row, marks)) for number, row in enumerate(block.rows)],
    }  # fmt: skip


def _cells(
    table: Table, number: int, row: Sequence[Text], marks: Marks
) -> Iterator[Mapping[str, Any]]:
    strong = table.sums and number == len(table.rows) - 1
    for column, cell in zip(table.columns, row, strict=True):
        yield {"figures": column.figures, "runs": _runs(cell, marks, strong=strong)}


# What no template says ---------------------------------------------------------------------------


def _set_widths(table: Any, known: Mapping[str, tuple[int, ...]]) -> None:
    """The widths of a table's columns, as the report shares them out; other tables stay alone."""
    caption = table.tblPr.find(qn("w:tblCaption"))
    shares = known.get("" if caption is None else caption.get(qn("w:val")))
    if shares is None:
        return
    whole, total = 5000, sum(shares)  # fiftieths of a percent
    grid = table.find(qn("w:tblGrid"))
    for column in list(grid):
        grid.remove(column)
    for share in shares:
        xml = f'<w:gridCol {NAMESPACE} w:w="{round(9360 * share / total)}"/>'
        grid.append(parse_xml(xml))
    for row in table.iterchildren(qn("w:tr")):
        for share, cell in zip(shares, row.iterchildren(qn("w:tc")), strict=False):
            width = cell.find(qn("w:tcPr")).find(qn("w:tcW"))
            width.set(qn("w:w"), str(round(whole * share / total)))
            width.set(qn("w:type"), "pct")


NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def _shares(report: Report) -> Mapping[str, tuple[int, ...]]:
    return {
        block.caption: tuple(column.width for column in block.columns)
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Table)
    }


def _set_paper(body: Any, paper: str) -> None:
    width, height = PAPERS[paper]
    size = body.find(qn("w:sectPr")).find(qn("w:pgSz"))
    size.set(qn("w:w"), str(width))
    size.set(qn("w:h"), str(height))


def _set_properties(properties: Any, report: Report) -> None:
    day = max(_FIRST, datetime.fromisoformat(report.made_on).replace(tzinfo=UTC))
    properties.title = f"{report.title}. {report.subtitle}"[:255]
    properties.subject = report.disclaimer
    properties.created = properties.modified = day.replace(tzinfo=None)
    properties.last_modified_by = "checker"
    properties.revision = 1


def settled(content: bytes) -> bytes:
    """The same archive with its entries in order, and none bearing the time it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as made, zipfile.ZipFile(out, "w") as kept:
        for name in sorted(made.namelist()):
            entry = zipfile.ZipInfo(name, _FIRST.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            entry.create_system = 3
            kept.writestr(entry, made.read(name), compresslevel=6)
    return out.getvalue()
