"""Whether a report follows from its inputs: whatever was altered is found, and told by its name."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfWriter

from checker.dates import parse_day
from checker.facts import load_facts
from checker.inquiry import Inquiry
from checker.language import show
from checker.model import WrongInput
from checker.questions.since import report_in
from checker.questions.submitted import Submitted
from checker.questions.verify import Made, render, verify
from checker.source import Source
from tests.product import NOTE, ROOT, engines, pack
from tests.stories import golden, stories, title
from tests.test_cli import Ran, run
from tests.test_every_pack import PACKS

__all__ = ["run"]  # the fixture that runs the command

STORIES = ROOT / "fixtures" / "second-amended-note"
STORY = STORIES / "default-waived-then-accelerated"
PAID = STORIES / "a-cent-short"
VERSIONS = ("checker", "engine")
COUNTS = ("facts_asserted", "matches")
HASHES = ("pack_sha256", "facts_sha256")


def facts_of(story: Path) -> Path:
    (path,) = story.glob("facts.*")
    return path


def told(ran: Ran) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(ran.out)
    return data


def named(data: Mapping[str, Any]) -> list[str]:
    """What differs, each in one line: the part, the entry, the field."""
    return [
        " ".join(str(row[name]) for name in ("part", "id", "field") if row[name])
        for row in data["results"]
    ]


@pytest.fixture
def altered(run: Any, tmp_path: Path) -> Any:
    """Verifies a story's report with words of it replaced; gives the answer as data."""

    def verified(story: Path, old: str, new: str, *, folder: Path = NOTE) -> tuple[int, Any]:
        text = golden(story, "json").read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "report.json"
        path.write_text(text.replace(old, new), encoding="utf-8")
        ran = run("verify", path, folder, facts_of(story), "--format", "json")
        return ran.code, told(ran)

    return verified


# What follows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("story", stories(), ids=title)
def test_the_report_of_every_story_follows_from_its_facts(run: Any, story: Path) -> None:
    folder = ROOT / "rules" / story.parent.name
    ran = run("verify", golden(story, "json"), folder, facts_of(story))
    assert (ran.code, ran.err) == (0, "")
    assert "It follows from these inputs." in ran.out


def test_the_days_readings_and_terms_are_those_of_the_report(run: Any, tmp_path: Path) -> None:
    path, facts = tmp_path / "report.json", facts_of(STORIES / "voided-payment")
    chosen = ["--as-of", "2001-01-12", "--known-on", "2001-01-11", "--reading",
              "day-count=actual/360", "--term", "grace.interest=7 calendar days"]  # fmt: skip
    run("check", NOTE, facts, *chosen, "--output", f"json={path}")
    assert run("verify", path, NOTE, facts).code == 0


def test_a_report_with_labels_of_robustness_is_made_anew_with_them(
    run: Any, tmp_path: Path
) -> None:
    path, facts = tmp_path / "report.json", facts_of(PAID)
    run("check", NOTE, facts, "--robustness", "--output", f"json={path}")
    assert run("verify", path, NOTE, facts).code == 0
    data = json.loads(path.read_text(encoding="utf-8"))
    data["findings"][0]["robust"] = not data["findings"][0]["robust"]
    path.write_text(json.dumps(data), encoding="utf-8")
    ran = run("verify", path, NOTE, facts, "--format", "json")
    assert (ran.code, named(told(ran))) == (1, [f"findings {data['findings'][0]['id']} robust"])


def test_what_changed_since_an_earlier_report_needs_that_report(run: Any, tmp_path: Path) -> None:
    old, path, facts = tmp_path / "old.json", tmp_path / "report.json", facts_of(PAID)
    run("check", NOTE, facts, "--as-of", "2001-01-03", "--output", f"json={old}")
    run("check", NOTE, facts, "--baseline", old, "--output", f"json={path}")
    assert run("verify", path, NOTE, facts).code == 2
    assert run("verify", path, NOTE, facts, "--baseline", old).code == 0


def test_one_contract_out_of_a_file_of_many(run: Any, tmp_path: Path) -> None:
    many, path = tmp_path / "many.jsonl", tmp_path / "report.json"
    rows = [
        {"id": f"{name}-a", "date": "2000-11-27", "kind": "advance", "amount": amount,
         "contract": name}
        for name, amount in (("one", "100.00"), ("two", "200.00"))
    ]  # fmt: skip
    rate = {"id": "r", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
            "value": "9.50%"}  # fmt: skip
    many.write_text("\n".join(map(json.dumps, [*rows, rate])), encoding="utf-8")
    run("check", NOTE, many, "--contract", "two", "--output", f"json={path}")
    assert run("verify", path, NOTE, many).code == 0
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"contract": "two"', '"contract": "one"'), encoding="utf-8")
    assert run("verify", path, NOTE, many).code == 1


@pytest.mark.parametrize("chosen", [[], ["--contract", "second-amended-note"]])
def test_a_contract_that_bears_the_name_of_the_pack(
    run: Any, tmp_path: Path, chosen: list[str]
) -> None:
    path = tmp_path / "report.json"
    run("check", NOTE, facts_of(PAID), *chosen, "--output", f"json={path}")
    assert run("verify", path, NOTE, facts_of(PAID)).code == 0


@pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)
def test_every_term_reads_as_it_is_shown(folder: Path) -> None:
    own = pack(folder)
    for term in own.terms.values():
        assert term.parse(show(term.value, term.type), own.currency) == term.value


# What was altered ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ('"outcome": "breach",\n "findings"', '"outcome": "compliant",\n "findings"', "outcome"),
        ("was unpaid at the close", "was paid at the close",
         "findings event-of-default/interest/2000-12-31 says"),
        ('"unpaid": "0.00"', '"unpaid": "0.01"', "obligations interest/2000-12-31 unpaid"),
        ('"amount": "146712.32"', '"amount": "146712.33"', "payments p1 amount"),
        ("× 10.50% × 9 / 365", "× 10.50% × 8 / 365", "periods 2000-12-31 working[0]"),
        ('"per_diem": "4315.07"', '"per_diem": "4315.70"', "balances per_diem"),
        ('"borrower": "Valence', '"borrower": "Violence', "parties borrower"),
        ('"closing-day": "excluded"', '"closing-day": "never"', "readings closing-day"),
    ],
)  # fmt: skip
def test_a_figure_or_word_that_was_altered_is_named(
    altered: Any, old: str, new: str, name: str
) -> None:
    code, data = altered(PAID, old, new)
    assert (code, data["follows"], named(data)) == (1, False, [name])
    assert all(row["same"] for row in data["inputs"])


@pytest.mark.parametrize("name", ["pack_sha256", "facts_sha256"])
def test_a_hash_that_was_altered_is_named(altered: Any, name: str) -> None:
    receipt = json.loads(golden(PAID, "json").read_text(encoding="utf-8"))["receipt"]
    code, data = altered(PAID, receipt[name], receipt[name][:-1] + "x")
    differ = [row["what"] for row in data["inputs"] if not row["same"]]
    assert (code, differ, data["results"]) == (1, [name], [])


def test_another_version_or_engine_alone_is_told_and_no_difference(altered: Any) -> None:
    receipt = json.loads(golden(PAID, "json").read_text(encoding="utf-8"))["receipt"]
    old = f'"checker": "{receipt["checker"]}"'
    code, data = altered(PAID, old, '"checker": "9.9.9"')
    assert (code, data["follows"]) == (0, True)
    assert data["versions"] == [
        {"what": "checker", "reported": "9.9.9", "found": receipt["checker"]}
    ]
    assert "9.9.9" in render(data)


def test_what_the_engine_counted_is_a_figure_too(altered: Any) -> None:
    receipt = json.loads(golden(PAID, "json").read_text(encoding="utf-8"))["receipt"]
    count = f'"matches": {receipt["matches"]}'
    code, data = altered(PAID, count, '"matches": 999')
    assert (code, named(data)) == (1, ["receipt matches"])


def test_a_finding_that_was_taken_out_put_in_or_moved_is_named(run: Any, tmp_path: Path) -> None:
    data = json.loads(golden(PAID, "json").read_text(encoding="utf-8"))
    first, *others = data["findings"]
    path = tmp_path / "report.json"
    for findings, name in (
        (others, f"findings {first['id']}"),
        ([*data["findings"], first | {"id": "made/up"}], "findings made/up"),
        ([*others, first], "findings order"),
    ):
        path.write_text(json.dumps(data | {"findings": findings}), encoding="utf-8")
        ran = run("verify", path, NOTE, facts_of(PAID), "--format", "json")
        assert (ran.code, named(told(ran))) == (1, [name])


Path_ = tuple[str | int, ...]


@cache
def report_of(story: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(golden(story, "json").read_text(encoding="utf-8"))
    return data


def leaves(data: Any, path: Path_ = ()) -> Iterator[Path_]:
    items: Sequence[tuple[Any, Any]] = ()
    if isinstance(data, dict):
        items = list(data.items())
    elif isinstance(data, list):
        items = list(enumerate(data))
    else:
        yield path
    for key, value in items:
        yield from leaves(value, (*path, key))


def put(data: Any, path: Path_, value: Any) -> Any:
    """A copy with another value at the path."""
    if not path:
        return value
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = put(data[path[0]], path[1:], value)
    return copy


def at(data: Any, path: Path_) -> Any:
    for step in path:
        data = data[step]
    return data


@cache
def made_of(story: Path) -> Made:
    """The report of a story, made anew from its facts."""
    folder = ROOT / "rules" / story.parent.name
    own = pack(folder)
    vocabulary = own.vocabulary({name: term.value for name, term in own.terms.items()})
    facts = load_facts([str(facts_of(story))], vocabulary)
    inquiry = Inquiry(own, engines(folder), facts, parse_day(report_of(story)["as_of"]))
    return Made(inquiry, inquiry.report)


SOME = [STORY, PAID, STORIES / "subordination-refused-and-judged",
        ROOT / "fixtures" / "revolving-note" / "quiet-quarters"]  # fmt: skip
anything = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(allow_nan=False), st.text(max_size=8),
    st.just([]), st.just({}), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)  # fmt: skip


def submitted(report: Any) -> Submitted | WrongInput:
    """The report as it is handed in, or why it is none."""
    try:
        text = json.dumps(report)
        return Submitted("report.json", "json", "", report_in(Source("report.json", text)))
    except WrongInput as wrong:
        return wrong


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_is_altered_is_found_and_told_by_its_place(data: st.DataObject) -> None:
    story = data.draw(st.sampled_from(SOME))
    report = report_of(story)
    leaf = data.draw(st.sampled_from(list(leaves(report))))
    path = leaf[: data.draw(st.integers(1, len(leaf)))]  # it, or something around it
    old, new = at(report, path), data.draw(anything)
    if type(old) is type(new) and old == new:
        new = f"{old}, and more"
    given_in = submitted(put(report, path, new))
    if isinstance(given_in, WrongInput):  # it is no report any more: that is told, by the part
        assert str(path[0]) in given_in.problems[0].message
        return
    answer = verify(given_in, made_of(story))
    assert render(answer)  # whatever stands there can be told
    if path[0] == "receipt" and path[-1] in VERSIONS:
        assert answer["versions"][0]["what"] == path[1]
        return
    assert not answer["follows"]
    if path[0] == "receipt" and path[-1] not in COUNTS:
        differ = [row["what"] for row in answer["inputs"] if not row["same"]]
        assert differ == ([path[1]] if len(path) > 1 else list(HASHES))
    else:
        assert str(path[0]) in {row["part"] for row in answer["results"]}


# Other inputs -------------------------------------------------------------------------------------


def test_other_rules_are_told_by_their_hash(run: Any, tmp_path: Path) -> None:
    other = tmp_path / "second-amended-note"
    shutil.copytree(NOTE, other)
    clause = other / "4-default.yaml"
    text = clause.read_text(encoding="utf-8")
    assert "5 calendar days" in text
    clause.write_text(text.replace("5 calendar days", "9 calendar days"), encoding="utf-8")
    ran = run("verify", golden(PAID, "json"), other, facts_of(PAID), "--format", "json")
    data = told(ran)
    assert ran.code == 1
    assert [row["what"] for row in data["inputs"] if not row["same"]] == ["pack_sha256"]
    assert "obligations interest/2000-12-31 last_day" in named(data)


def test_a_question_that_the_rules_no_longer_ask_is_a_difference(run: Any, tmp_path: Path) -> None:
    data = dict(report_of(PAID))
    data["readings"] = data["readings"] | {"no-such-question": "yes"}
    data["terms"] = {"no-such-term": "1", "maturity": "some day"}
    path = tmp_path / "report.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    ran = run("verify", path, NOTE, facts_of(PAID), "--format", "json")
    assert (ran.code, named(told(ran))) == (
        1, ["readings no-such-question", "terms no-such-term", "terms maturity"],
    )  # fmt: skip


def lines(story: Path) -> list[str]:
    return facts_of(story).read_text(encoding="utf-8").splitlines()


def test_a_record_more_and_a_record_fewer_are_named(run: Any, tmp_path: Path) -> None:
    facts = tmp_path / "facts.jsonl"
    more = {"id": "k1", "date": "2001-01-10", "kind": "costs", "amount": "10.00"}
    facts.write_text("\n".join([*lines(STORY), json.dumps(more)]), encoding="utf-8")
    data = told(run("verify", golden(STORY, "json"), NOTE, facts, "--format", "json"))
    assert [(row["id"], row["change"]) for row in data["records"]] == [("k1", "new")]
    facts.write_text("\n".join(line for line in lines(STORY) if '"w1"' not in line), "utf-8")
    ran = run("verify", golden(STORY, "json"), NOTE, facts, "--format", "json")
    assert ran.code == 1
    assert [(row["id"], row["change"]) for row in told(ran)["records"]] == [("w1", "gone")]


def test_where_the_hash_alone_differs_it_says_that_the_record_is_not_seen(
    run: Any, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.jsonl"
    text = facts_of(STORY).read_text(encoding="utf-8")
    facts.write_text(text.replace("Wire delayed", "Wire was delayed"), encoding="utf-8")
    ran = run("verify", golden(STORY, "json"), NOTE, facts)
    assert ran.code == 1
    assert "Which record differs is not seen from the hash alone." in ran.out
    assert "found Wire was delayed" in " ".join(ran.out.split())


# PDF ----------------------------------------------------------------------------------------------


def pdf(path: Path, *files: tuple[str, bytes]) -> Path:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    for name, content in files:
        writer.add_attachment(name, content)
    out = io.BytesIO()
    writer.write(out)
    path.write_bytes(out.getvalue())
    return path


def bundle(tmp_path: Path, *more: tuple[str, bytes], facts: bytes | None = None) -> Path:
    content = facts_of(STORY).read_bytes() if facts is None else facts
    report = golden(STORY, "json").read_bytes()
    return pdf(tmp_path / "report.pdf", ("report.json", report), ("facts.jsonl", content), *more)


def test_a_pdf_is_verified_by_what_is_attached_to_it(run: Any, tmp_path: Path) -> None:
    ran = run("verify", bundle(tmp_path, ("note.txt", b"x")), NOTE)
    assert (ran.code, ran.err) == (0, "")
    assert "the pages of the PDF: the report that is attached to it was verified" in ran.out
    assert "what else is attached to it: note.txt" in ran.out


def test_facts_given_are_compared_with_those_attached(run: Any, tmp_path: Path) -> None:
    path = bundle(tmp_path)
    same = told(run("verify", path, NOTE, facts_of(STORY), "--format", "json"))
    assert (same["follows"], [row["same"] for row in same["files"]]) == (True, [True])
    facts = tmp_path / "facts.jsonl"
    text = facts_of(STORY).read_text(encoding="utf-8")
    facts.write_text(text.replace("Wire delayed", "Wire was delayed"), encoding="utf-8")
    ran = run("verify", path, NOTE, facts, "--format", "json")
    data = told(ran)
    assert (ran.code, [row["same"] for row in data["files"]]) == (1, [False])
    assert [(r["id"], r["change"], r["fields"]) for r in data["records"]] == [
        ("w1", "changed", ["reason"])
    ]
    assert {row["what"]: row["same"] for row in data["inputs"]} == {
        "pack_sha256": True, "facts_sha256": False, "attached_facts_sha256": True,
    }  # fmt: skip


def test_attached_facts_that_were_altered_are_found_with_and_without_facts_given(
    run: Any, tmp_path: Path
) -> None:
    text = facts_of(STORY).read_bytes().replace(b"Wire delayed", b"Wire was delayed")
    path = bundle(tmp_path, facts=text)
    assert run("verify", path, NOTE).code == 1
    ran = run("verify", path, NOTE, facts_of(STORY), "--format", "json")
    assert ran.code == 1
    assert [r["what"] for r in told(ran)["inputs"] if not r["same"]] == ["attached_facts_sha256"]


def test_the_same_records_in_other_bytes_are_told_and_no_difference(
    run: Any, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.jsonl"
    facts.write_bytes(facts_of(STORY).read_bytes() + b"\n\n")
    ran = run("verify", bundle(tmp_path), NOTE, facts)
    assert ran.code == 0
    assert "other bytes than the file attached" in ran.out


def test_the_order_of_attached_files_is_found(run: Any, tmp_path: Path) -> None:
    """Records of one day keep the order of their files, and a PDF does not keep that."""
    drawn = '{"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15000000.00"}'
    costs = [
        json.dumps({"id": id_, "date": "2000-12-01", "kind": "costs", "amount": "1.00"})
        for id_ in ("k1", "k2", "k3")
    ]
    contents = {"z.jsonl": drawn, "y.jsonl": costs[0], "b.jsonl": costs[1], "a.jsonl": costs[2]}
    for name, content in contents.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    paths = [tmp_path / name for name in contents]
    report = tmp_path / "report.json"
    run("check", NOTE, *paths, "--output", f"json={report}")
    files = sorted((path.name, path.read_bytes()) for path in paths)
    path = pdf(tmp_path / "report.pdf", ("report.json", report.read_bytes()), *files)
    assert run("verify", path, NOTE).code == 0


def test_wrong_facts_in_a_pdf_are_told_of_the_pdf(run: Any, tmp_path: Path) -> None:
    path = bundle(tmp_path, facts=b'{"id": "a1"}\n')
    ran = run("verify", path, NOTE)
    assert (ran.code, ran.out) == (2, "")
    assert f"{path}/facts.jsonl:1:1: error: the record has no 'kind'" in ran.err


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "the PDF carries no report.json"),
        ([("facts.jsonl", b"x")], "it carries facts.jsonl"),
        ([("report.json", b"{}")], "a report of the shape"),
        ([("report.json", b"{}"), ("report.json", b"{}")], "two files named 'report.json'"),
        ([("a/report.json", b"{}"), ("report.json", b"{}")], "two files named 'report.json'"),
    ],
)
def test_a_pdf_without_one_report_is_refused(
    run: Any, tmp_path: Path, files: list[tuple[str, bytes]], words: str
) -> None:
    ran = run("verify", pdf(tmp_path / "x.pdf", *files), NOTE)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_a_broken_or_locked_pdf_is_refused(run: Any, tmp_path: Path) -> None:
    path = bundle(tmp_path)
    whole = path.read_bytes()
    writer = PdfWriter(clone_from=io.BytesIO(whole))
    writer.encrypt("secret", algorithm="RC4-128")
    locked = io.BytesIO()
    writer.write(locked)
    for data in (whole[:300], b"%PDF-1.7\n", locked.getvalue(), b"%PDF-1.7\n" + bytes(range(256))):
        path.write_bytes(data)
        ran = run("verify", path, NOTE)
        assert (ran.code, ran.out) == (2, "")
        assert "report.pdf:1:1: error: the PDF" in ran.err


def test_an_attachment_writes_nothing_outside(run: Any, tmp_path: Path) -> None:
    name = "../../../../../../tmp/escaped.jsonl"
    path = pdf(tmp_path / "report.pdf", ("report.json", golden(STORY, "json").read_bytes()),
               (name, facts_of(STORY).read_bytes()))  # fmt: skip
    assert run("verify", path, NOTE).code == 0
    assert not Path("/tmp/escaped.jsonl").exists()


# Wrong usage --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("\n<!doctype html>", "verify the report as JSON, or the PDF that carries it"),
        ("PK\x03\x04", "a page or a document holds no report as data"),
        ("[]", "a report is expected"),
        ('{"schema": "x", "schema": "x"}', "'schema' stands twice in one object"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schema": ' + "9" * 5_000 + "}", "not a report"),
        ('{"schema": "https://example.invalid/other"}', "and this is https://example.invalid"),
    ],
)
def test_what_is_no_report_is_refused(run: Any, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text, encoding="utf-8")
    ran = run("verify", path, NOTE, facts_of(PAID))
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_wrong_usage_is_2(run: Any, tmp_path: Path) -> None:
    report = golden(PAID, "json")
    assert "name their files" in run("verify", report, NOTE).err
    assert run("verify", tmp_path / "none.json", NOTE, facts_of(PAID)).code == 2
    assert run("verify", report, NOTE, facts_of(PAID), "--output", f"json={report}").code == 2
    assert run("verify", report, NOTE, facts_of(PAID), "--as-of", "2001-01-01").code == 2
    no_facts = pdf(tmp_path / "x.pdf", ("report.json", report.read_bytes()))
    assert "the PDF carries no facts" in run("verify", no_facts, NOTE).err


def test_words_that_a_terminal_might_obey_are_shown_harmless(run: Any, tmp_path: Path) -> None:
    data = dict(report_of(PAID))
    data["title"] = "\x1b[2Jgone\x07"
    path = tmp_path / "report.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    ran = run("verify", path, NOTE, facts_of(PAID))
    assert ran.code == 1
    assert "\x1b" not in ran.out
