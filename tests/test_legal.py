"""The legal review report: what it says equals what was evaluated, whatever the format."""

from __future__ import annotations

import io
import json
import re
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import docx
import pikepdf
import pytest
from docx.oxml.ns import qn
from lxml import etree
from pypdf import PdfReader

from checker.commands.asked import Asked
from checker.commands.output import rendered
from checker.dates import iso
from checker.evaluate import Engines
from checker.inquiry import Inquiry
from checker.legal.attached import files_attached, records_of
from checker.legal.build import build
from checker.legal.case import Case
from checker.legal.history import History, history
from checker.legal.locale import Locale
from checker.legal.model import Paragraph, Report, Section, Table, Text
from checker.legal.speaker import Speaker
from checker.model import Fact
from checker.money import plain
from checker.questions.cure import cure
from checker.questions.readings import readings
from checker.terms import Choices
from docs.word_template import TARGET, template
from tests.legal_reports import (
    FORMATS,
    NAMED,
    amounts_in,
    days_in,
    facts_of,
    html_text,
    pdf_text,
    story,
    strings,
    text_of,
    word_text,
    written,
)
from tests.product import NOTE, ROOT, engines
from tests.product import pack as loaded
from tests.questions import refused
from tests.stories import stories, title

DEFAULT = ("second-amended-note", "default-and-acceleration")


def inquiry(pack: str, name: str) -> Inquiry:
    """The inquiry about a story."""
    folder = ROOT / "rules" / pack
    asked = Asked(loaded(folder), None, None, None, Choices())
    return asked.inquiry(engines(folder), [str(facts_of(pack, name))])


def everything(asked: Inquiry) -> tuple[set[str], set[str]]:
    """Every amount and day that the evaluation and the questions give, or that people wrote."""
    told = [
        asked.report, readings(asked), cure(asked, brief=True), asked.pack.note,
        [list(map(str, fact.values.values())) for fact in asked.facts],
        [term.text for term in asked.pack.terms.values()],
        [fact.source for fact in asked.facts],
    ]  # fmt: skip
    texts = list(strings(told))
    amounts = {found for text in texts for found in amounts_in(text)}
    days = {found for text in texts for found in days_in(text)}
    for fact in asked.facts:
        days |= {iso(fact.date), iso(fact.recorded)}
        fields = asked.pack.kinds[fact.kind].fields
        amounts |= {
            plain(value)
            for name, value in fact.values.items()
            if fields[name].type == "money" and isinstance(value, int)
        }
        days |= {
            iso(value) for name, value in fact.values.items()
            if fields[name].type == "date" and isinstance(value, int)
        }  # fmt: skip
    for point in history(asked).points:
        days.add(iso(point.day))
        amounts |= {
            plain(cents) for cents in (point.principal, point.interest) if cents is not None
        }
    return amounts, days | _stretches(asked)


def _stretches(asked: Inquiry) -> set[str]:
    """The days on which balances or rates changed."""
    accrual = asked.result.evaluation.ledger.accrual
    periods = [*accrual.closed, accrual.as_if_closed(asked.as_of)]
    return {iso(day) for p in periods for s in p.segments for day in (s.since, s.until)}


# What it says ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pack", "name"), NAMED, ids=str)
def test_every_amount_and_day_equals_the_evaluation_in_every_format(pack: str, name: str) -> None:
    asked = inquiry(pack, name)
    amounts, days = everything(asked)
    made = story(pack, name)
    parts = {section.number for section in built(pack, name).sections}  # 3.10 is no amount
    found = {format_: amounts_in(text_of(made, format_)) - parts for format_ in FORMATS}
    dated = {format_: days_in(text_of(made, format_)) for format_ in FORMATS}
    assert found["html"] - amounts == set()
    assert found["html"] == found["pdf"] == found["docx"]
    assert dated["html"] - days == set()
    assert dated["html"] == dated["docx"]
    assert dated["html"] <= dated["pdf"]  # a PDF's pictures tell the days of their axes as text


@pytest.mark.parametrize(("pack", "name"), NAMED, ids=str)
def test_nothing_of_the_report_as_data_is_left_out(pack: str, name: str) -> None:
    data = inquiry(pack, name).report
    made = story(pack, name)
    for format_ in FORMATS:
        text = " ".join(text_of(made, format_).split())
        amounts, days, solid = amounts_in(text), days_in(text), re.sub(r"\s", "", text)
        for row in data["obligations"]:
            assert {row["amount"], row["unpaid"]} <= amounts
            assert {row["due"], row["last_day"]} <= days
            assert row["id"] in solid
        for row in data["payments"]:
            assert {row["amount"], row["interest"], row["principal"]} <= amounts
        for row in data["periods"]:
            assert row["interest"] is None or row["interest"] in amounts
        for row in data["findings"]:
            assert row["amount"] is None or row["amount"] in amounts
        assert {data["balances"][name] for name in ("principal", "interest_due")} <= amounts
        for value in data["receipt"].values():
            told = f"{value:,}" if isinstance(value, int) else re.sub(r"\s", "", value)
            assert told in solid


@pytest.mark.parametrize(("pack", "name"), NAMED, ids=str)
def test_the_history_is_what_the_evaluation_gives_on_each_of_its_days(pack: str, name: str) -> None:
    asked = inquiry(pack, name)
    for point in history(asked).points[::5]:
        balances = asked.at(point.day).report["balances"]
        assert plain(point.principal) == balances["principal"]
        parts = (balances["interest_due"], balances["accrued_interest"])
        if point.interest is None:
            assert None in parts
        else:
            assert point.interest == sum(int(part.replace(".", "")) for part in parts)


def built(pack: str, name: str, locale: str = "en_US") -> Report:
    """The model of a story's report."""
    asked = inquiry(pack, name)
    case = Case(
        asked, Speaker(Locale(locale)), readings(asked), cure(asked, brief=True), history(asked),
        ("facts.csv",), "checker report",
    )  # fmt: skip
    return build(case)


def spans_of(report: Report) -> list[Text]:
    """Every text of a report."""
    found = [value for _label, value in report.details]
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Paragraph):
                found.append(block.spans)
            elif isinstance(block, Table):
                found += [cell for row in block.rows for cell in row]
    return found


@pytest.mark.parametrize("one", stories(), ids=title)
def test_of_every_story_the_links_lead_somewhere_and_tables_are_whole(one: Path) -> None:
    report = built(one.parent.name, one.name)
    spans = [span for text in spans_of(report) for span in text]
    anchors = [section.anchor for section in report.sections] + [s.at for s in spans if s.at]
    assert len(anchors) == len(set(anchors))
    assert {span.to for span in spans if span.to} <= set(anchors)
    for section in report.sections:
        for block in section.blocks:
            if isinstance(block, Table):
                assert all(len(row) == len(block.columns) for row in block.rows)
                assert block.rows


def test_headings_go_down_one_level_at_a_time() -> None:
    for pack, name in NAMED:
        levels = [section.level for section in built(pack, name).sections]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_answer_names_the_gravest_findings_and_what_to_do() -> None:
    answer = built(*DEFAULT).sections[0]
    said = _said(answer)
    assert "The contract was broken: 2 events of default (none continuing)." in said
    assert "15,000,000.00 of the principal due January 16, 2001 was unpaid" in said
    assert "The lender may declare all unpaid principal" in said


def test_a_payment_that_takes_in_others_stands_for_them_all() -> None:
    said = _said(built("second-amended-note", "history").sections[0])
    assert said.count("for what is in default") == 1
    late = "Pay 1,162,260.27 for what is in default: interest/2000-12-31, interest/2001-12-31"
    assert late in said


def test_the_first_page_of_the_pdf_holds_the_answer_and_nothing_else() -> None:
    full = [*NAMED, ("instalment-note", "accelerated-after-notice")]  # with much to do
    for pack, name in full:
        pages = PdfReader(io.BytesIO(story(pack, name)["pdf"])).pages
        first, second = pages[0].extract_text(), pages[1].extract_text()
        assert "What to do next, and by when" in first
        assert second.lstrip().startswith("Contents")


def _said(section: Section) -> str:
    lines = []
    for block in section.blocks:
        if isinstance(block, Paragraph):
            lines.append("".join(span.text for span in block.spans))
        elif isinstance(block, Table):
            lines += [
                "  ".join("".join(s.text for s in cell) for cell in row) for row in block.rows
            ]
    return "\n".join(lines)


def test_a_finding_in_a_clause_bears_its_words_its_arithmetic_and_its_records() -> None:
    report = built(*DEFAULT)
    (section,) = [s for s in report.sections if s.title == "Event of default, January 6, 2001"]
    said = _said(section)
    assert "15,000,000.00 × 10.50% × 34 / 365 = 146,712.33" in said
    assert "(§ 4, first sentence)" in said
    assert "a1 (Nov 27, 2000, advance of 15,000,000.00)" in said
    assert "Id  event-of-default/interest/2000-12-31" in said


def test_interest_is_told_so_that_a_calculator_redoes_it() -> None:
    for pack, name in NAMED:
        for section in built(pack, name).sections:
            if not section.anchor.startswith("period-"):
                continue
            for table in (block for block in section.blocks if isinstance(block, Table)):
                exact = 0
                for row in table.rows[:-1]:
                    _f, _t, days, balance, rate, year, interest = map(_plain, row)
                    percent = float(rate.rstrip("%")) / 100  # a pocket calculator has no more
                    redone = float(balance.replace(",", "")) * percent * int(days) / int(year)
                    told = float(interest.replace(",", ""))
                    assert abs(redone - told) < 0.0001
                    exact += round(told * 10_000)
                total = float(_plain(table.rows[-1][-1]).replace(",", ""))
                assert abs(total - exact / 10_000) < 0.006


def _plain(cell: Text) -> str:
    return "".join(span.text for span in cell)


# Bytes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_input_gives_the_same_bytes(format_: str) -> None:
    pack, name = DEFAULT
    again = written(facts_of(pack, name), pack=pack, formats=[format_])
    assert again[format_] == story(pack, name)[format_]


def test_the_html_needs_no_network_and_runs_no_script() -> None:
    page = story(*DEFAULT)["html"].decode()
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?!#)[^"]*"', page) == []
    assert re.findall(r"url\((?!#)", page) == []
    assert "default-src 'none'" in page


def test_the_html_is_well_formed_and_its_tables_have_headers() -> None:
    page = story(*DEFAULT)["html"].decode()
    tree = etree.fromstring(page.replace("<!DOCTYPE html>", ""), etree.HTMLParser())
    for table in tree.iter("table"):
        assert table.find("caption") is not None
        assert table.find(".//th[@scope]") is not None
    assert [svg.get("role") for svg in tree.iter("svg")] == ["img", "img"]
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {a.get("href").removeprefix("#") for a in tree.iter("a") if a.get("href")} <= set(ids)


# PDF ---------------------------------------------------------------------------------------------


def test_the_pdf_is_tagged_and_archival() -> None:
    with pikepdf.open(io.BytesIO(story(*DEFAULT)["pdf"])) as pdf:
        root = pdf.Root
        assert bool(root.MarkInfo.Marked)
        assert str(root.Lang) == "en"
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        assert "/StructTreeRoot" in root
        assert "/OpenAction" not in root or "/JS" not in str(root.OpenAction)
        with pdf.open_metadata() as metadata:
            assert metadata["pdfaid:part"] == "3"
            assert metadata["pdfaid:conformance"] == "A"
            assert metadata["pdfuaid:part"] == "1"
            assert metadata["dc:title"].startswith("Review of the Second Amended Promissory Note")
        roles = {str(each.S) for each in _structure(root.StructTreeRoot)}
        assert {"/H1", "/H2", "/H3", "/Table", "/TH", "/TD", "/Link", "/Figure"} <= roles
        figures = [each for each in _structure(root.StructTreeRoot) if str(each.S) == "/Figure"]
        assert all(str(each.Alt) for each in figures)
        for page in pdf.pages:
            for font in page.Resources.get("/Font", pikepdf.Dictionary()).values():
                inner = font.DescendantFonts[0] if "/DescendantFonts" in font else font
                descriptor = inner.FontDescriptor
                assert any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))


def _structure(node: Any) -> list[Any]:
    found, waiting = [], [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, pikepdf.Array):
            waiting += list(each)
        elif isinstance(each, pikepdf.Dictionary):
            if "/S" in each and "/K" in each:
                found.append(each)
            if "/K" in each:
                waiting.append(each.K)
    return found


def test_the_pdf_carries_the_report_as_check_prints_it_and_the_facts_as_they_are() -> None:
    pack, name = DEFAULT
    reader = PdfReader(io.BytesIO(story(pack, name)["pdf"]))
    attached = {key: contents[0] for key, contents in reader.attachments.items()}
    assert set(attached) == {"report.json", "facts.csv"}
    assert attached["facts.csv"] == facts_of(pack, name).read_bytes()
    assert attached["report.json"].decode() == rendered(inquiry(pack, name).report, "json")
    with pikepdf.open(io.BytesIO(story(pack, name)["pdf"])) as pdf:
        relations = {str(each.F): str(each.AFRelationship) for each in pdf.Root.AF}
    assert relations == {"report.json": "/Data", "facts.csv": "/Source"}


def test_out_of_a_file_of_many_contracts_only_its_own_records_are_attached(tmp_path: Path) -> None:
    lines = []
    for contract, amount in (("one", "1000000.00"), ("two", "7654321.00")):
        lines.append(
            {"id": f"a-{contract}", "date": "2000-11-27", "kind": "advance", "amount": amount,
             "contract": contract, "source": f"loan ledger of {contract}"}
        )  # fmt: skip
    lines.append({"id": "r", "date": "2000-12-29", "kind": "rate",
                  "index": "lender-line-of-credit", "value": "9.50%"})  # fmt: skip
    path = tmp_path / "facts.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    made = written(path, "--contract", "one", formats=["pdf"])
    reader = PdfReader(io.BytesIO(made["pdf"]))
    (content,) = reader.attachments["facts.jsonl"]
    assert b"two" not in content
    assert b"7654321" not in content
    again = tmp_path / "again.jsonl"
    again.write_bytes(content)
    (report,) = reader.attachments["report.json"]
    asked = Asked.of(str(NOTE), None, None, None, (), ())
    with Engines(asked.pack) as own:
        data = asked.inquiry(own, [str(again)]).report
    assert data["receipt"]["facts_sha256"] == json.loads(report)["receipt"]["facts_sha256"]


@pytest.mark.parametrize("one", stories(), ids=title)
def test_records_that_are_written_out_are_read_as_they_were(one: Path, tmp_path: Path) -> None:
    asked = inquiry(one.parent.name, one.name)
    path = tmp_path / "facts.jsonl"
    path.write_bytes(records_of(asked.facts, asked.pack.kinds))
    again = Asked(asked.pack, asked.as_of, None, None, Choices())
    read = again.inquiry(asked.engines, [str(path)]).facts
    assert [_bare(fact) for fact in read] == [_bare(fact) for fact in asked.facts]


def _bare(fact: Fact) -> tuple[Any, ...]:
    return (fact.id, fact.kind, fact.date, fact.recorded, fact.source, dict(fact.values))


def test_two_files_of_one_name_are_both_attached() -> None:
    names = [
        each.name
        for each in files_attached([("f.csv", b"1"), ("f.csv", b"2"), ("report.json", b"3")])
    ]
    assert names == ["f.csv", "f-2.csv", "report-2.json"]


# Word --------------------------------------------------------------------------------------------


def test_the_template_is_what_its_maker_makes() -> None:
    assert template() == TARGET.read_bytes()


def test_the_word_document_has_real_headings_tables_and_fields() -> None:
    document = docx.Document(io.BytesIO(story(*DEFAULT)["docx"]))
    styles = [paragraph.style.name for paragraph in document.paragraphs if paragraph.style]
    assert styles[0] == "Title"
    assert {"Heading 1", "Heading 2", "Heading 3", "TOC 1", "TOC 2", "Contract Words"} <= set(
        styles
    )
    table = next(t for t in document.tables if t.rows[0].cells[0].text == "Obligation")
    heads = [row for row in table.rows if row._tr.trPr.find(qn("w:tblHeader")) is not None]
    assert [head.cells[0].text for head in heads] == ["Obligation"]
    codes = " ".join(node.text for node in document.element.iter(qn("w:instrText")))
    footer = document.sections[0].footer._element
    codes += " ".join(node.text for node in footer.iter(qn("w:instrText")))
    assert "TOC" in codes
    assert "NUMPAGES" in codes
    drawings = [node for node in document.element.iter() if node.tag.endswith("}docPr")]
    assert len(drawings) == 2
    assert all(node.get("descr") for node in drawings)


def test_every_link_in_word_leads_to_a_bookmark() -> None:
    document = docx.Document(io.BytesIO(story(*DEFAULT)["docx"]))
    names = [node.get(qn("w:name")) for node in document.element.iter(qn("w:bookmarkStart"))]
    assert len(names) == len(set(names))
    links = {node.get(qn("w:anchor")) for node in document.element.iter(qn("w:hyperlink"))}
    assert links <= set(names)


def test_a_firm_may_bring_its_own_template(tmp_path: Path) -> None:
    own = docx.Document()
    own.add_heading("Brown & White LLP", 1)
    own.add_paragraph("{{ report.title }}")
    own.add_paragraph("{%p for section in sections %}")
    own.add_paragraph("{{r section.heading }}")
    own.add_paragraph("{%p endfor %}")
    path = tmp_path / "firm.docx"
    own.save(str(path))
    made = written(facts_of(*DEFAULT), "--template", str(path), formats=["docx"])
    text = word_text(made["docx"])
    assert "Brown & White LLP" in text
    assert "Review of the Second Amended Promissory Note" in text
    assert "13  Receipt" in text


def test_a_template_can_ask_for_values_and_no_more(tmp_path: Path) -> None:
    facts = str(facts_of(*DEFAULT).relative_to(ROOT))
    words = [
        "report",
        "rules/second-amended-note",
        facts,
        "--output",
        f"docx={tmp_path / 'r.docx'}",
    ]
    for asked, said in (
        ("{{ report.titel }}", "titel"),
        ("{{ report.title.__class__.__mro__ }}", "unsafe"),
        ("{{ report.title ", "no template for Word"),
    ):
        own = docx.Document()
        own.add_paragraph(asked)
        path = tmp_path / "firm.docx"
        own.save(str(path))
        assert said in refused([*words, "--template", str(path)])
    (tmp_path / "no.docx").write_text("no archive", encoding="utf-8")
    assert "no template for Word" in refused([*words, "--template", str(tmp_path / "no.docx")])
    assert "cannot be read" in refused([*words, "--template", str(tmp_path / "nowhere.docx")])
    assert not (tmp_path / "r.docx").exists()


def test_the_archive_bears_no_time_at_which_it_was_made() -> None:
    with zipfile.ZipFile(io.BytesIO(story(*DEFAULT)["docx"])) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist() == sorted(archive.namelist())


# The command -------------------------------------------------------------------------------------


def test_the_report_is_of_the_day_and_the_reading_that_were_asked() -> None:
    facts = ROOT / "fixtures" / "second-amended-note" / "principal-three-days-late" / "facts.csv"
    options = ("--as-of", "2002-09-10", "--reading", "grace-scope=all-amounts", "--locale", "en_GB")
    text = html_text(written(facts, *options, formats=["html"])["html"])
    assert "At the close of 10 September 2002" in text
    assert "The contract was kept" in text
    assert "--as-of 2002-09-10 --reading grace-scope=all-amounts --locale en_GB" in text


def test_what_was_recorded_later_is_left_out_where_it_was_not_known() -> None:
    facts = facts_of("second-amended-note", "voided-payment")
    known = ("--as-of", "2001-01-12", "--known-on", "2001-01-11")
    text = html_text(written(facts, *known, formats=["html"])["html"])
    assert "The contract was kept" in text
    assert "takes it back" not in text
    assert "2 records of a later day are left out" in " ".join(text.split())
    text = html_text(written(facts, "--as-of", "2001-01-12", formats=["html"])["html"])
    assert "The contract was broken" in text
    assert "takes it back" in text


def test_every_combination_of_readings_is_told_where_it_is_asked() -> None:
    facts = facts_of("revolving-note", "quiet-quarters")
    made = written(facts, "--all-readings", pack="revolving-note", formats=["html"])
    text = html_text(made["html"])
    assert "The outcome in every combination of answers" in text


def test_wrong_input_is_told_all_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    facts = str(facts_of(*DEFAULT).relative_to(ROOT))
    words = ["report", "rules/second-amended-note", facts]
    said = refused(
        [*words, "--output", f"pfd={tmp_path / 'r.pdf'}", "--locale", "en_UX", "--as-of", "never"]
    )
    assert "unknown format 'pfd'" in said
    assert "did you mean 'pdf'?" in said
    assert "unknown locale 'en_UX'" in said
    assert "--as-of:1:1: error: not a date" in said
    assert list(tmp_path.iterdir()) == []


def test_a_day_before_the_contract_is_refused(tmp_path: Path) -> None:
    facts = str(facts_of(*DEFAULT).relative_to(ROOT))
    words = ["report", "rules/second-amended-note", facts, "--output", f"pdf={tmp_path / 'r.pdf'}"]
    assert "the contract had not begun" in refused([*words, "--as-of", "2000-01-01"])


def test_the_history_of_many_days_keeps_those_that_matter() -> None:
    asked = inquiry("instalment-note", "accelerated-after-notice")
    full, some = history(asked, most=10_000), history(asked, most=20)
    assert not full.thinned
    assert some.thinned
    assert len(some.points) == 20
    assert set(some.points) <= set(full.points)
    assert isinstance(some, History)


def test_every_story_can_be_told_in_another_locale() -> None:
    text = pdf_text(written(facts_of(*DEFAULT), "--locale", "de_DE", formats=["pdf"])["pdf"])
    assert "15.000.000,00 × 10,50% × 34 / 365 = 146.712,33" in " ".join(text.split())
    assert "06.01.2001" in text
