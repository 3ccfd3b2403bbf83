"""What batch takes a fact for is what `check` takes it for, however a cell is written."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from checker.batch.cells import decoded, encoded
from checker.batch.columns import Columns
from checker.batch.intake import UNASSIGNED, Facts, Range, connected
from checker.batch.part import Asked, Job, PackFiles, PartFacts, Task, kit, read_cells
from checker.batch.portfolio import Contract, Portfolio
from checker.batch.shared import reach, shared_records, vocabulary_of
from checker.batch.sources import Finder, Reading, files
from checker.batch.store import cells_of
from checker.batch.whole import told
from checker.dates import parse_day
from checker.facts import contradictions, load_facts
from checker.model import Fact, WrongInput
from checker.source import render
from checker.timeline import effective
from tests.product import NOTE, pack

CONTRACTS = ("A", "B")
DAY = parse_day("2002-12-31")
Told = tuple[str, Any]

# What is asked of both ---------------------------------------------------------------------------


def as_data(facts: Sequence[Fact]) -> list[tuple[Any, ...]]:
    ordered = sorted(facts, key=lambda fact: fact.order)
    return [
        (f.id, f.kind, f.date, f.recorded, dict(f.values),
         {name: type(value) for name, value in f.values.items()}, f.contract, f.source)
        for f in ordered
    ]  # fmt: skip


def check_says(path: Path, contract: str) -> Told:
    """The facts of a contract as `check` has them, or all that is wrong."""
    vocabulary = vocabulary_of(pack())
    try:
        facts = load_facts([str(path)], vocabulary, contract)
        if problems := contradictions(effective(facts, DAY, None), vocabulary):
            raise WrongInput(problems)
    except WrongInput as wrong:
        return "wrong", [render(problem) for problem in wrong.problems]
    return "facts", as_data(facts)


@cache
def pack_files() -> PackFiles:
    return PackFiles.of(pack())


def batch_says(path: Path, folder: Path) -> dict[str, Told] | list[str]:
    """The same of all contracts by way of a part; or what is wrong with the file as a whole."""
    rules = pack()
    contracts = tuple(Contract(name, "note", {}) for name in CONTRACTS)
    portfolio = Portfolio(contracts, {"note": rules}, {})
    fields = frozenset(name for kind in rules.kinds.values() for name in kind.fields)
    try:
        with connected(folder / "spill", 1) as connection:
            reading = Reading(fields, Columns(), folder)
            facts = Facts(files([str(path)]), reading, connection)
            intake = facts.count(portfolio)
            part = Range(0, "note", (0, 1), sum(intake.counts.values()))
            facts.cut({0: part}, contracts, folder / "cells")
        finder = Finder(facts.inputs, Columns())
        names = [(each.path, each.suffix) for each in facts.inputs]
        records = shared_records(cells_of(folder / "cells", UNASSIGNED), names, finder)
        shared = reach(records, portfolio.packs)["note"]
    except WrongInput as wrong:
        return [render(problem) for problem in wrong.problems]
    asked = Asked(pack_files(), {}, {}, tuple(shared))
    job = Job(DAY, None, "compiled", {"note": asked}, tuple(names), key=repr((shared, names)))
    task = Task(0, "note", cells_of(folder / "cells", 0), tuple(enumerate(contracts)), 0, 2)
    made = PartFacts(kit(job, "note"), task.contracts, read_cells(task))
    answers: dict[str, Told] = {}
    for at, contract in enumerate(contracts):
        try:
            answers[contract.name] = "facts", as_data(made.of(at, contract, made.made.vocabulary))
        except WrongInput as wrong:
            problems = told(wrong.problems, finder)
            answers[contract.name] = "wrong", [render(problem) for problem in problems]
    return answers


def agree(path: Path) -> None:
    """Both say the same of every contract that the file has facts of."""
    expected = {name: check_says(path, name) for name in CONTRACTS}
    with TemporaryDirectory() as folder:
        said = batch_says(path, Path(folder))
    if isinstance(said, list):  # the file as a whole: then `check` refuses it for all of them
        for kind, problems in expected.values():
            assert kind == "wrong"
            missing = [p for p in said if p not in problems and "of many contracts" not in p]
            assert missing == [] or all("no record is of" in p for p in problems)
        return
    for name, answer in said.items():
        absent = answer[0] == "wrong" and answer[1][0].startswith(":0:0: error: no fact is of")
        if not absent:
            assert answer == expected[name]


# Cells that a person might write -----------------------------------------------------------------

GOOD = {
    "amount": ["1.00", "1000", "1,000.00", "USD 5.00", "12.5", "999999999999999.99"],
    "date": ["2000-11-27", "2001-01-03", "2001-06-29"],
    "recorded": ["2001-01-05", "2001-07-01"],
    "index": ["lender-line-of-credit"],
    "value": ["9.50%", "4.75%", "0.12345678%"],
    "funds": ["immediately-available", "check", "a word, and another"],
    "place": ["20 South Santa Cruz Avenue", "somewhere"],
    "designation": ["interest", "principal"],
    "of": ["a1", "p1", "c1", "event-of-default/interest/2000-12-31"],
    "void": ["true"],
    "source": ["ledger, p. 3", "letter"],
    "reason": ["it was so"],
    "by": ["the lender"],
    "term": ["maturity", "face"],
    "document": ["Amendment 1"],
    "agreed_by": ["both"],
    "question": ["is it reasonable?"],
    "answer": ["yes"],
    "about": ["a1"],
    "principal": ["1.00"],
}
NASTY = [
    "", " ", "0", "0.00", "-5.00", "1.005", "1e3", "1,00", "٣.٠٠", "EUR 5.00", "USD  5", "1_000",
    "1000000000000000.01", " 7.00 ", "2001-02-29", "20010103", "2001-1-3", " 2001-01-03", "9.5",
    "9.50 %", "true", "True", "NULL", "null", "a b", "a/b", "x" * 201, "\u00a0a1\u2003", "\u2003",
    "é", 'say "so"', "two\nlines", "tab\there", "\x1f", "#a", "'", "\\N", "\ufeff", "-", "a1",
]  # fmt: skip
KINDS = ["advance", "payment", "rate", "lawful-maximum", "waiver", "correction", "amendment",
         "judgment", "opening-balance", "statement", "costs", "refund"]  # fmt: skip
USUAL = {
    "advance": ["amount"], "payment": ["amount", "funds"], "rate": ["index", "value"],
    "lawful-maximum": ["value"], "waiver": ["of"], "correction": ["of", "amount"],
    "amendment": ["document", "term", "value", "agreed_by"], "opening-balance": ["principal"],
    "judgment": ["about", "question", "answer", "by", "reason"], "statement": ["principal"],
    "costs": ["amount"], "refund": ["amount"],
}  # fmt: skip


@st.composite
def cells(draw: st.DrawFn) -> dict[str, str]:
    """A record, mostly as it should be."""

    def cell(name: str) -> str:
        nasty = draw(st.integers(0, 11)) == 0
        return draw(st.sampled_from(NASTY if nasty or name not in GOOD else GOOD[name]))

    kind = draw(st.sampled_from(KINDS))
    names = list(USUAL[kind])
    if draw(st.integers(0, 4)) == 0:
        names.append(draw(st.sampled_from(sorted(GOOD))))
    made = {name: cell(name) for name in names}
    made["id"] = draw(st.sampled_from(["a1", "p1", "c1", "x1", "x2", "x3", "x4", "x5", " x6"]))
    made["date"] = cell("date")
    made["kind"] = kind if draw(st.integers(0, 15)) else draw(st.sampled_from(NASTY))
    made["contract"] = draw(st.sampled_from(["A", "A", "A", "B", " B ", "A\u00a0"]))
    return made


def csv_text(records: Sequence[dict[str, str]], quoted: bool) -> str:
    columns = list(dict.fromkeys(["id", "date", "kind", *(n for r in records for n in r)]))
    out = io.StringIO()
    style: Any = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.DictWriter(out, columns, lineterminator="\n", quoting=style)
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


BENT = {
    "as it is": lambda text: text,
    "carriage returns": lambda text: text.replace("\n", "\r\n"),
    "a mark of byte order": lambda text: "\ufeff" + text,
    "no end of line": lambda text: text.rstrip("\n"),
    "blank lines within": lambda text: text.replace("\n", "\n\n", 2),
    "blank lines behind": lambda text: text + "\n\n",
    "blanks behind commas": lambda text: text.replace(",", ", "),
    "a row too long": lambda text: text + "A,b,c" + ",d" * 60 + "\n",
    "an open quote": lambda text: text + 'A,"b\n',
    "a short row": lambda text: text + "x9\n",
    "rows of commas": lambda text: text + ",,,,\n  \n",
    "a lone return": lambda text: text.replace("a1", "a\r1", 1),
}
SLOW = settings(  # each example makes a database: what fails is not made smaller
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)


@SLOW
@given(st.lists(cells(), min_size=1, max_size=8), st.booleans(), st.sampled_from(sorted(BENT)))
def test_a_table_is_read_as_check_reads_it(
    records: list[dict[str, str]], quoted: bool, bent: str
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "facts.csv")
        path.write_bytes(BENT[bent](csv_text(records, quoted)).encode())
        agree(path)


JSON_CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 10**17), st.sampled_from([1.5, 1.005, 1e3, 0.3]),
    st.sampled_from(["\u0000true", "\u0000", "x\u0000y", *NASTY]),
)  # fmt: skip


@SLOW
@given(
    st.lists(st.tuples(cells(), st.dictionaries(
        st.sampled_from([*GOOD, "id", "kind", "amont"]), JSON_CELLS, max_size=2
    ), st.integers(0, 3)), min_size=1, max_size=8)
)  # fmt: skip
def test_json_lines_are_read_as_check_reads_them(
    records: list[tuple[dict[str, str], dict[str, Any], int]],
) -> None:
    lines = [json.dumps(own | (other if dice == 0 else {})) for own, other, dice in records]
    with TemporaryDirectory() as folder:
        path = Path(folder, "facts.jsonl")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        agree(path)


@SLOW
@given(st.lists(cells(), min_size=1, max_size=8))
def test_a_table_of_text_in_parquet_is_read_as_the_same_in_json(
    records: list[dict[str, str]],
) -> None:
    columns = list(dict.fromkeys(["id", "date", "kind", *(n for r in records for n in r)]))
    with TemporaryDirectory() as folder:
        lines, table = Path(folder, "facts.jsonl"), Path(folder, "facts.parquet")
        lines.write_text("".join(json.dumps(each) + "\n" for each in records), encoding="utf-8")
        made = {name: pa.array([each.get(name) for each in records], pa.string())
                for name in columns}  # fmt: skip
        pq.write_table(pa.table(made), table)
        (Path(folder) / "1").mkdir()
        (Path(folder) / "2").mkdir()
        said = [batch_says(each, Path(folder, at)) for each, at in ((lines, "1"), (table, "2"))]
    assert _without_places(said[0]) == _without_places(said[1])


def _without_places(said: Any) -> Any:
    """Messages alone: rows of Parquet are shown otherwise."""

    def message(text: str) -> str:
        places = r"^\S*?facts\.\w+:\d+:\d+: |(?:at )?\S*facts\.\w+:\d+:\d+"
        return re.sub(places, "", text).split("\n")[0]

    if isinstance(said, list):
        return sorted(map(message, said))
    return {
        name: (kind, sorted(map(message, data)) if kind == "wrong" else data)
        for name, (kind, data) in said.items()
    }


@pytest.mark.parametrize("bent", sorted(BENT))
@pytest.mark.parametrize("quoted", [True, False])
def test_each_bend_of_a_good_table(bent: str, quoted: bool, tmp_path: Path) -> None:
    records = [
        {"contract": "A", "id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "1,000"},
        {"contract": "B", "id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "5"},
        {"contract": "A", "id": "p1", "date": "2001-01-03", "kind": "payment", "amount": "1.00",
         "funds": 'so "called"'},
        {"contract": "", "id": "r1", "date": "2000-12-29", "kind": "rate", "value": "9.50%",
         "index": "lender-line-of-credit"},
    ]  # fmt: skip
    path = tmp_path / "facts.csv"
    path.write_bytes(BENT[bent](csv_text(records, quoted)).encode())
    agree(path)


@given(st.one_of(st.booleans(), st.text()))
@example("\0true")
@example("\0\0")
def test_cells_come_back_as_they_were(cell: str | bool) -> None:
    assert decoded(encoded(cell)) == cell
    assert type(decoded(encoded(cell))) is type(cell)


def test_the_quick_way_is_taken_where_nothing_is_odd(tmp_path: Path) -> None:
    records = [
        {"contract": "A", "id": f"p{n}", "date": f"2001-01-{n + 1:02d}", "kind": "payment",
         "amount": f"{n + 1}.00", "funds": "check"}
        for n in range(20)
    ]  # fmt: skip
    path = tmp_path / "facts.csv"
    path.write_text(csv_text(records, quoted=False), encoding="utf-8")
    said = batch_says(path, tmp_path)
    assert isinstance(said, dict)
    assert said["A"] == check_says(path, "A")
    assert NOTE.is_dir()
