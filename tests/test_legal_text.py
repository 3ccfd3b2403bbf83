"""What people write in records: hostile text is text, and what is hidden is nowhere."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import docx
import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from checker.legal.locale import Locale
from checker.legal.redaction import _AMOUNTS, Names
from checker.legal.speaker import HIDDEN, visible
from checker.model import WrongInput
from tests.legal_reports import FORMATS, facts_of, html_text, pdf_text, text_of, written

HOSTILE = {
    "markup": "<script>alert(1)</script> <b>bold</b> & &amp; ]]> <!-- c --> \"quotes\" 'single'",
    "word": "</w:t></w:r></w:p><w:p><w:r><w:t>forged</w:t></w:r></w:p>",
    "jinja": "{{ report.title }} {% for x in y %} {# no #} {_{ a }_} {_% b %_} {%p if %} {{r x }}",
    "typst": '#strong[x] $ x^2 $ *bold* _it_ `raw` #read("/etc/passwd") @ref <l> \\u{41} = Head',
    "formula": '=HYPERLINK("http://x.invalid","y") +1+1 -2 @SUM(A1)',
    "marks": "left \u202eright\u202c \u200f\u2067iso\u2069 end \u200b\ufeff\u00ad!",
    "scripts": "中文 😀 שלום مرحبا हिन्दी Ελληνικά кириллица é e\u0301 ﬁ \ue000",
    "dates": "2001-02-03 and 1,234.56 as somebody wrote them",
}
LONG = "x" * 5_000 + " " + "word " * 1_000


def hostile_facts(tmp_path: Path) -> Path:
    """A contract whose records hold hostile text in every place that takes any."""
    records: list[dict[str, Any]] = [
        {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15000000.00"},
        {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
         "value": "9.50%"},
        {"id": "<i>{{x}}#$&", "date": "2001-01-03", "kind": "payment", "amount": "1000.00",
         "payee": HOSTILE["markup"], "place": HOSTILE["typst"]},
        {"id": "f", "date": "2001-01-04", "kind": "costs", "amount": "10.00",
         "type": "attorneys-fees"},
        {"id": "j", "date": "2001-01-05", "kind": "judgment", "about": "f",
         "question": "attorneys-fees-reasonable", "answer": "reasonable", "by": HOSTILE["scripts"],
         "reason": HOSTILE["jinja"]},
        {"id": "w", "date": "2001-01-08", "kind": "waiver", "of": "interest/2000-12-31",
         "by": "lender", "reason": LONG},
    ]  # fmt: skip
    for number, text in enumerate(HOSTILE.values()):
        records.append({"id": f"s{number}", "date": "2001-01-09", "kind": "costs",
                        "amount": "1.00", "source": text})  # fmt: skip
    path = tmp_path / "facts.jsonl"
    lines = [json.dumps(record, ensure_ascii=False) + "\n" for record in records]
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return written(hostile_facts(tmp_path_factory.mktemp("hostile")))


def solid(text: str) -> str:
    """Without blanks: layouts end lines where they will."""
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("kind", ["markup", "word", "jinja", "typst", "formula", "dates"])
def test_hostile_text_appears_as_text(hostile: dict[str, bytes], format_: str, kind: str) -> None:
    assert solid(HOSTILE[kind]) in solid(text_of(hostile, format_))


@pytest.mark.parametrize("format_", FORMATS)
def test_marks_of_direction_are_seen_and_turn_nothing(
    hostile: dict[str, bytes], format_: str
) -> None:
    text = text_of(hostile, format_)
    assert solid("left [U+202E]right[U+202C]") in solid(text)
    assert not re.search("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", text)


def test_scripts_are_shown_where_there_is_a_sign_for_them(hostile: dict[str, bytes]) -> None:
    page = html_text(hostile["html"])
    assert "中文 😀" in page
    text = solid(pdf_text(hostile["pdf"]))
    assert "[U+4E2D][U+6587][U+1F600]" in text
    assert "кириллица" in text
    assert "Ελληνικά" in text


@pytest.mark.parametrize("format_", FORMATS)
def test_ten_thousand_characters_appear_and_break_nothing(
    hostile: dict[str, bytes], format_: str
) -> None:
    text = solid(text_of(hostile, format_))
    assert text.count("x" * 40) >= 100
    assert "word" * 50 in text


def test_no_markup_of_a_record_is_markup_of_the_page(hostile: dict[str, bytes]) -> None:
    page = hostile["html"].decode()
    assert "<script" not in page
    assert "<b>bold" not in page


def test_no_markup_of_a_record_is_a_paragraph_of_the_document(hostile: dict[str, bytes]) -> None:
    document = docx.Document(io.BytesIO(hostile["docx"]))
    assert "forged" not in [paragraph.text for paragraph in document.paragraphs]


def test_no_long_word_leaves_the_page(hostile: dict[str, bytes]) -> None:
    for page in PdfReader(io.BytesIO(hostile["pdf"])).pages:
        right: list[float] = []

        def seen(
            text: str, _cm: Any, matrix: list[float], _font: Any, _size: float,
            right: list[float] = right,
        ) -> None:  # fmt: skip
            if text.strip():
                right.append(matrix[4])

        page.extract_text(visitor_text=seen)
        assert max(right, default=0) < float(page.mediabox.right)


@given(st.text(st.characters(codec="utf-8"), max_size=80))
def test_what_is_made_visible_holds_no_mark_that_turns_text(words: str) -> None:
    shown = visible(words)
    assert not re.search("[\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\x00-\x1f]", shown)
    assert visible(shown) == shown


# Locale ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "amount", "day"),
    [
        ("en_US", "12,345,678.90", "November 27, 2000"),
        ("en-GB", "12,345,678.90", "27 November 2000"),
        ("de_DE", "12.345.678,90", "27.11.2000"),
        ("de_CH", "12'345'678.90", "27.11.2000"),
        ("fr_FR", "12\u202f345\u202f678,90", "27/11/2000"),
        ("en_IN", "1,23,45,678.90", "27 November 2000"),
        ("ja_JP", "12,345,678.90", "2000/11/27"),
    ],
)
def test_amounts_and_days_are_as_the_reader_writes_them(name: str, amount: str, day: str) -> None:
    locale = Locale(name)
    assert locale.money(1_234_567_890) == amount
    assert locale.prose("2000-11-27") == day


def test_what_only_looks_like_a_figure_stays_as_it_is() -> None:
    locale = Locale("de_DE")
    for words in ("interest/2000-12-31", "2.0.28", "0000-00-00", "34 / 365", "file-2001-01-01.csv"):
        assert locale.prose(words) == words
    assert locale.prose("1,234.50 × 10.50% = 1.2345") == "1.234,50 × 10,50% = 1,2345"


@given(st.integers(-(10**17), 10**17))
def test_an_amount_in_another_locale_is_the_same_amount(cents: int) -> None:
    english, german = Locale("en_US").money(cents), Locale("de_DE").money(cents)
    swapped = german.translate(str.maketrans(".,", ",."))
    assert swapped == english
    assert int(re.sub(r"[.,]", "", german)) == cents


def test_an_unknown_locale_is_refused_with_a_near_one() -> None:
    with pytest.raises(WrongInput) as wrong:
        Locale("de_XX")
    assert wrong.value.problems[0].hint.startswith("did you mean 'de_")


# Hiding ------------------------------------------------------------------------------------------


SECRETS = (
    "Zebra Holdings", "Quagga Bank", "Old Foundry Road", "cancelled the tournament", "okapi",
    "7,654,321.99", "7654321.99", "12,345.67", "12345.67",
)  # fmt: skip


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A report of which amounts, names and ids are all hidden."""
    records: list[dict[str, Any]] = [
        {"id": "okapi-1", "date": "2000-11-27", "kind": "advance", "amount": "7654321.99",
         "contract": "Zebra Holdings", "source": "Zebra Holdings letter, $7,654,321.99"},
        {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
         "value": "9.50%"},
        {"id": "okapi-2", "date": "2001-01-03", "kind": "payment", "amount": "12345.67",
         "payee": "Zebra Holdings", "place": "1 Old Foundry Road", "funds": "check"},
        {"id": "okapi-3", "date": "2001-01-04", "kind": "assignment", "to": "Quagga Bank",
         "notified": "2001-01-05"},
        {"id": "okapi-4", "date": "2001-01-08", "kind": "waiver", "of": "interest/2000-12-31",
         "by": "Zebra Holdings", "reason": "cancelled the tournament"},
        {"id": "okapi-5", "date": "2001-01-09", "kind": "amendment", "document": "Old Foundry Road",
         "term": "face", "value": "USD 7,654,321.99", "agreed_by": "both"},
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("Zebra Holdings") / "Quagga Bank.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return written(path, "--redact", "--contract", "Zebra Holdings")


def every_byte(made: dict[str, bytes]) -> dict[str, str]:
    """All that is in the files: text, alternatives of pictures, attachments, metadata, parts."""
    with pikepdf.open(io.BytesIO(made["pdf"])) as pdf:
        told = [str(each) for each in pdf.objects]
        told += [
            each.read_bytes().decode("latin-1")
            for each in pdf.objects
            if isinstance(each, pikepdf.Stream)
        ]
        told.append(str(dict(pdf.docinfo)))
    with zipfile.ZipFile(io.BytesIO(made["docx"])) as archive:
        parts = [archive.read(name).decode("latin-1") for name in archive.namelist()]
    return {
        "html": made["html"].decode(),
        "pdf": pdf_text(made["pdf"]) + "".join(told),
        "docx": "".join(parts),
    }


@pytest.mark.parametrize("secret", [*SECRETS, "Valence", "Baccarat", "Bandley", "15,000,000"])
def test_what_is_hidden_is_nowhere_in_any_file(hidden: dict[str, bytes], secret: str) -> None:
    for format_, text in every_byte(hidden).items():
        assert secret.casefold() not in " ".join(text.split()).casefold(), format_


def test_what_is_hidden_is_neither_attached_nor_drawn_nor_hashed(hidden: dict[str, bytes]) -> None:
    reader = PdfReader(io.BytesIO(hidden["pdf"]))
    assert dict(reader.attachments) == {}
    text = html_text(hidden["html"])
    assert "The picture of what was owed is left out" in text
    assert not re.search(r"\b[0-9a-f]{64}\b", text)
    assert "checker report PACK FACTS" in text


def test_a_hidden_report_still_tells_what_was_found(hidden: dict[str, bytes]) -> None:
    for format_ in FORMATS:
        text = " ".join(text_of(hidden, format_).split())
        assert f"{HIDDEN} × 10.50% × 34 / 365 = {HIDDEN}" in text
        assert "[borrower]" in text
        assert "January 6, 2001" in text


def test_what_nobody_claims_is_held_back_where_names_are_hidden() -> None:
    made = written(facts_of("second-amended-note", "on-time"), "--redact", formats=["html"])
    assert "King" not in html_text(made["html"])  # who signed stands in no list of names


@pytest.mark.parametrize(
    ("words", "hides"),
    [
        ("$15,000,000 and USD 12.50", f"{HIDDEN} and {HIDDEN}"),
        ("Fifteen Million Dollars ($15,000,000)", f"{HIDDEN} Dollars ({HIDDEN})"),
        ("fifty dollars", f"{HIDDEN} dollars"),
        ("$15M, drawn", f"{HIDDEN}, drawn"),
        ("425,342.4658 of 0.01", f"{HIDDEN} of {HIDDEN}"),
        ("10.50% × 34 / 365, due 2000-12-31", "10.50% × 34 / 365, due 2000-12-31"),
        ("five (5) calendar days, one percent (1%)", "five (5) calendar days, one percent (1%)"),
        ("one hundred twenty (120) days", "one hundred twenty (120) days"),
        ("durable-rules 2.0.28, interest/2000-12-31", "durable-rules 2.0.28, interest/2000-12-31"),
    ],
)
def test_amounts_are_told_from_rates_days_and_counts(words: str, hides: str) -> None:
    assert _AMOUNTS.sub(HIDDEN, words) == hides


@given(
    st.text("abcXYZ éÉ.&-", min_size=1, max_size=12).filter(lambda name: name.strip(" .&-")),
    st.sampled_from(["", "The ", "(", "“"]),
    st.sampled_from(["", ", who", ")", ".", " pays"]),
)
def test_a_name_is_hidden_whatever_stands_around_it(name: str, before: str, after: str) -> None:
    names = Names()
    folded = " ".join(name.split())
    names.add(folded, "[borrower]")
    hidden_ = names.hide(f"{before}{folded.swapcase()}{after}")
    assert hidden_ == f"{before}[borrower]{after}"


def test_a_name_within_a_longer_word_is_another_word() -> None:
    names = Names()
    names.add("Ann", "[name 1]")
    assert names.hide("Anna met Ann, annually") == "Anna met [name 1], annually"


def test_the_longer_of_two_names_is_hidden_first() -> None:
    names = Names()
    names.add("Berg", "[name 1]")
    names.add("Berg & Berg Enterprises", "[name 2]")
    assert names.hide("Berg & Berg Enterprises and Berg") == "[name 2] and [name 1]"
