"""Makes the Word template that `checker report` starts from: its styles, and where words go."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor, Twips

from checker.legal.word import NAMESPACE, settled

TARGET = Path(__file__).parent.parent / "checker" / "legal" / "report.docx"

GRID = '<w:gridCol w:w="1300"/>'
BODY, CODE = "Times New Roman", "Courier New"
INK, SOFT, LINK = RGBColor(0, 0, 0), RGBColor(0x4A, 0x4F, 0x57), RGBColor(0x12, 0x3F, 0x7A)


def template() -> bytes:
    """The template; the same bytes each time."""
    document = Document()
    _styles(document)
    section = document.sections[0]
    section.left_margin = section.right_margin = Twips(1250)
    section.top_margin, section.bottom_margin = Twips(900), Twips(900)
    _footer(section.footer.paragraphs[0])
    _body(document)
    _settings(document)
    properties = document.core_properties
    properties.author, properties.comments, properties.language = "checker", "", "en-US"
    properties.created = properties.modified = datetime(1980, 1, 1)
    out = io.BytesIO()
    document.save(out)
    return settled(out.getvalue())


# Styles ------------------------------------------------------------------------------------------


def _styles(document: Any) -> None:
    styles = document.styles
    _font(styles["Normal"], BODY, 10.5)
    _space(styles["Normal"], 0, 4)
    for name, size, before, after in (
        ("Title", 21, 0, 3), ("Subtitle", 12.5, 0, 4), ("Heading 1", 15.5, 16, 5),
        ("Heading 2", 12.5, 15, 5), ("Heading 3", 11, 12, 4), ("Caption", 9.5, 8, 4),
    ):  # fmt: skip
        _font(styles[name], BODY, size, bold=name not in ("Subtitle",))
        _space(styles[name], before, after)
        styles[name].paragraph_format.keep_with_next = True
        styles[name].font.italic = False
        _plain_borders(styles[name])
    for tabs in list(styles["Footer"].element.iter(qn("w:tabs"))):
        tabs.getparent().remove(tabs)  # its own stop is the only one
    _font(styles["Footer"], BODY, 9, color=SOFT)
    _paragraph_styles(styles)
    _character_styles(styles)


def _paragraph_styles(styles: Any) -> None:
    for name, size, before, after, color in (
        ("Report Lead", 12.5, 5, 5, INK), ("Report Label", 10.5, 5, 2, INK),
        ("Report Item", 10.5, 0, 2, INK), ("Report Note", 9.5, 2, 4, SOFT),
        ("Contract Words", 10.5, 5, 8, INK), ("Formula", 10.5, 1, 2, INK),
        ("Table Text", 9, 1, 1, INK), ("Table Figures", 9, 1, 1, INK),
        ("Table Head", 9, 2, 2, INK), ("TOC Heading", 15.5, 0, 6, INK),
        ("Table Caption", 10, 9, 3, INK), ("Figure", 9, 6, 2, INK),
        ("Table Gap", 5, 0, 0, INK),
    ):  # fmt: skip
        known = name in [style.name for style in styles]
        style = styles[name] if known else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style, style.quick_style = styles["Normal"], True
        _font(
            style,
            BODY,
            size,
            color=color,
            bold=name in ("Table Head", "Table Caption", "TOC Heading"),
        )
        _space(style, before, after)
    for name in ("Report Label", "Table Caption", "Figure"):
        styles[name].paragraph_format.keep_with_next = True
    styles["Table Figures"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    styles["Formula"].paragraph_format.left_indent = Twips(300)
    item = styles["Report Item"].paragraph_format
    item.left_indent, item.first_line_indent = Twips(260), Twips(-260)
    words = styles["Contract Words"]
    words.paragraph_format.left_indent = words.paragraph_format.right_indent = Twips(120)
    spacing = words.element.pPr.find(qn("w:spacing"))  # borders and shade stand before it
    spacing.addprevious(parse_xml(
        f'<w:pBdr {NAMESPACE}><w:left w:val="single" w:sz="16" w:space="6" w:color="9AA0A8"/>'
        "</w:pBdr>"
    ))  # fmt: skip
    spacing.addprevious(
        parse_xml(f'<w:shd {NAMESPACE} w:val="clear" w:color="auto" w:fill="EEF0F3"/>')
    )
    for level, indent, before in ((1, 0, 4), (2, 260, 0)):
        style = styles.add_style(f"TOC {level}", WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        style.paragraph_format.left_indent = Twips(indent)
        _space(style, before, 1)


def _character_styles(styles: Any) -> None:
    for name in (
        "Marked Words",
        "Unruled Words",
        "Words Letter",
        "Code Words",
        "Aside",
        "Hyperlink",
    ):
        styles.add_style(name, WD_STYLE_TYPE.CHARACTER)
    styles["Marked Words"].font.underline = True
    styles["Unruled Words"].element.get_or_add_rPr().append(
        parse_xml(f'<w:u {NAMESPACE} w:val="dotted"/>')
    )
    styles["Words Letter"].font.superscript = styles["Words Letter"].font.bold = True
    _font(styles["Code Words"], CODE, 8)
    styles["Aside"].font.color.rgb = SOFT
    styles["Hyperlink"].font.color.rgb = LINK
    styles["Hyperlink"].font.underline = True


def _font(style: Any, name: str, size: float, *, bold: bool = False, color: RGBColor = INK) -> None:
    style.font.name, style.font.size, style.font.bold = name, Pt(size), bold
    style.font.color.rgb = color
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{script}"), name)


def _space(style: Any, before: float, after: float, line: float = 1.05) -> None:
    form = style.paragraph_format
    form.space_before, form.space_after, form.line_spacing = Pt(before), Pt(after), line


def _plain_borders(style: Any) -> None:
    properties = style.element.get_or_add_pPr()
    for border in properties.findall(qn("w:pBdr")):
        properties.remove(border)


def _settings(document: Any) -> None:
    """As the Word of today writes documents, and without the picture of another document."""
    for setting in document.settings.element.iter(qn("w:compatSetting")):
        if setting.get(qn("w:name")) == "compatibilityMode":
            setting.set(qn("w:val"), "15")
    relations = document.part.package.rels
    for name in [name for name, each in relations.items() if each.reltype.endswith("thumbnail")]:
        del relations[name]


# What stands where -------------------------------------------------------------------------------


def _footer(paragraph: Any) -> None:
    paragraph.style = "Footer"
    paragraph.text = "{{ report.foot }}\tpage "
    for field, between in (("PAGE", " of "), ("NUMPAGES", "")):
        for kind, inside in (
            ("begin", ""),
            ("", field),
            ("separate", ""),
            ("text", "1"),
            ("end", ""),
        ):
            paragraph._p.append(_field_run(kind, inside))
        if between:
            paragraph.add_run(between)
    tabs = paragraph.paragraph_format.tab_stops
    tabs.clear_all()
    tabs.add_tab_stop(Twips(9740), WD_TAB_ALIGNMENT.RIGHT)


def _field_run(kind: str, inside: str) -> Any:
    inner = f'<w:fldChar w:fldCharType="{kind}"/>'
    if kind == "":
        inner = f'<w:instrText xml:space="preserve"> {inside} </w:instrText>'
    if kind == "text":
        inner = f"<w:t>{inside}</w:t>"
    return parse_xml(f"<w:r {NAMESPACE}>{inner}</w:r>")


def _body(document: Any) -> None:
    def line(words: str, style: str = "Normal") -> None:
        document.add_paragraph(words, style)

    line("{{ report.title }}", "Title")
    line("{{ report.subtitle }}", "Subtitle")
    line("{%p for detail in report.details %}")
    line("{{ detail.label }}: {{r detail.runs }}")
    line("{%p endfor %}")
    line("{{ report.disclaimer }}", "Report Note")
    line("{%p set section = answer %}")
    _section(document)
    line("Contents", "TOC Heading")
    document.paragraphs[-1].paragraph_format.page_break_before = True
    line("{%p for entry in contents %}")
    line("{%p if entry.level == 1 %}")
    line("{{r entry.runs }}", "TOC 1")
    line("{%p else %}")
    line("{{r entry.runs }}", "TOC 2")
    line("{%p endif %}")
    line("{%p endfor %}")
    line("{%p for section in sections %}")
    _section(document)
    line("{%p endfor %}")


def _section(document: Any) -> None:
    """A heading of its level, and the blocks beneath."""
    for level, word in ((1, "if"), (2, "elif"), (3, "elif")):
        document.add_paragraph(f"{{%p {word} section.level == {level} %}}")
        document.add_paragraph("{{r section.heading }}", f"Heading {level}")
    document.add_paragraph("{%p endif %}")
    document.add_paragraph("{%p for block in section.blocks %}")
    styles = {
        "lead": "Report Lead", "label": "Report Label", "item": "Report Item",
        "words": "Contract Words", "formula": "Formula", "note": "Report Note", "body": "Normal",
    }  # fmt: skip
    word = "if"
    for style, name in styles.items():
        document.add_paragraph(f"{{%p {word} block.style == '{style}' %}}")
        dash = "–\t" if style == "item" else ""
        document.add_paragraph(f"{dash}{{{{r block.runs }}}}", name)
        word = "elif"
    document.add_paragraph("{%p elif block.kind == 'picture' %}")
    document.add_paragraph("{{ block.drawing }}", "Figure")
    document.add_paragraph("{{ block.title }}. {{ block.description }}", "Report Note")
    document.add_paragraph("{%p elif block.kind == 'table' %}")
    _table(document, head=True)
    document.add_paragraph("{%p else %}")
    _table(document, head=False)
    document.add_paragraph("{%p endif %}")
    document.add_paragraph("{%p endfor %}")


def _table(document: Any, *, head: bool) -> None:
    document.add_paragraph("{%p if not block.quiet %}")
    document.add_paragraph("{{ block.caption }}", "Table Caption")
    document.add_paragraph("{%p endif %}")
    rows = [_row(["{%tr for row in block.rows %}"], "Table Text")]
    cell = ["{%tc for cell in row %}", "{%tc if cell.figures %}", "{{r cell.runs }}",
            "{%tc else %}", "{{r cell.runs }}", "{%tc endif %}", "{%tc endfor %}"]  # fmt: skip
    rows.append(_row(cell, "Table Text", figures=2))
    rows.append(_row(["{%tr endfor %}"], "Table Text"))
    if head:
        names = ["{%tc for column in block.columns %}", "{%tc if column.figures %}",
                 "{{ column.title }}", "{%tc else %}", "{{ column.title }}", "{%tc endif %}",
                 "{%tc endfor %}"]  # fmt: skip
        rows.insert(0, _row(names, "Table Head", figures=2, header=True))
    border = 'w:val="single" w:space="0" w:color="7A8089"'
    table = parse_xml(
        f'<w:tbl {NAMESPACE}><w:tblPr><w:tblW w:w="5000" w:type="pct"/><w:tblBorders>'
        f'<w:top w:sz="8" {border}/><w:bottom w:sz="4" {border}/><w:insideH w:sz="4" {border}/>'
        '</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/>'
        '<w:right w:w="60" w:type="dxa"/></w:tblCellMar>'
        f'<w:tblLook w:val="00A0" w:firstRow="{int(head)}" w:lastRow="0" w:firstColumn="1" '
        'w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>'
        '<w:tblCaption w:val="{{ block.caption }}"/></w:tblPr>'
        f"<w:tblGrid>{GRID * 7}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )
    document.element.body.insert(len(document.element.body) - 1, table)
    document.add_paragraph("", "Table Gap")  # two tables that touch would become one


def _row(cells: list[str], style: str, *, figures: int | None = None, header: bool = False) -> str:
    told = ""
    for number, words in enumerate(cells):
        name = style.replace(" ", "")
        side = '<w:jc w:val="right"/>' if header and number == figures else ""
        if number == figures and not header:
            name = "TableFigures"
        told += (
            '<w:tc><w:tcPr><w:tcW w:w="700" w:type="pct"/></w:tcPr>'
            f'<w:p><w:pPr><w:pStyle w:val="{name}"/>{side}</w:pPr>'
            f"<w:r><w:t>{words}</w:t></w:r></w:p></w:tc>"
        )
    again = "<w:tblHeader/>" if header else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{again}</w:trPr>{told}</w:tr>"


if __name__ == "__main__":
    TARGET.write_bytes(template())
