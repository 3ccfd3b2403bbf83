"""Batch: a portfolio in one command, the same as `check` of each contract, in documented tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checker.batch.columns import load_columns
from checker.batch.results import BALANCES, TABLES
from checker.model import WrongInput
from checker.report import report
from tests.portfolios import (
    AS_OF,
    Made,
    all_stories,
    checked,
    files,
    made,
    read,
    rows_of,
    story_name,
)
from tests.product import ROOT
from tests.stories import stories
from tests.test_cli import Ran, run  # noqa: F401  # a fixture

NOTE = "second-amended-note"
DRAWN = {"contract": "A", "id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "1000.00"}
RATE = {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
        "value": "9.50%"}  # fmt: skip


@pytest.fixture(scope="module")
def told_all(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path]:
    folder = tmp_path_factory.mktemp("all")
    portfolio = all_stories(folder)
    portfolio.run(folder / "out", part_facts=100)
    return portfolio, folder / "out"


def problems_of(wrong: pytest.ExceptionInfo[WrongInput]) -> str:
    return "\n".join(f"{p.place}: {p.message}; {p.hint}" for p in wrong.value.problems)


# What comes out ----------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_a_portfolio_of_three_packs_gives_what_check_gives_of_each(
    told_all: tuple[Made, Path], table: str
) -> None:
    _portfolio, out = told_all
    names = {f"000-{story_name(story)}": story for story in stories()}
    expected = {name: checked(story, name) for name, story in names.items()}
    rows = [row for name in sorted(expected) for row in rows_of(name, expected[name])[table]]
    assert read(out, table) == rows


def test_rows_say_what_the_report_says() -> None:
    story = next(each for each in stories(NOTE) if each.name == "default-waived-then-accelerated")
    result = checked(story)
    data, rows = report(result), rows_of("A", result)
    assert [(r["id"], r["outcome"], r["amount"], r["says"]) for r in rows["findings"]] == [
        (f["id"], f["outcome"], None if f["amount"] is None else Decimal(f["amount"]), f["says"])
        for f in data["findings"]
    ]
    assert [(r["id"], str(r["due"]), f"{r['unpaid']}") for r in rows["obligations"]] == [
        (o["id"], o["due"], o["unpaid"]) for o in data["obligations"]
    ]
    (contract,) = rows["contracts"]
    assert contract["outcome"] == data["outcome"]
    assert {name: f"{contract[name]}" for name in BALANCES} == {
        name: data["balances"][name] for name in BALANCES
    }
    assert contract["facts_sha256"] == data["receipt"]["facts_sha256"]


def test_money_is_decimal_and_days_are_dates(told_all: tuple[Made, Path]) -> None:
    schema = pq.read_schema(told_all[1] / "findings.parquet")
    assert pa.types.is_decimal(schema.field("amount").type)
    assert schema.field("amount").type.scale == 2
    assert pa.types.is_date(schema.field("date").type)


def test_contracts_stand_in_the_order_of_their_names(told_all: tuple[Made, Path]) -> None:
    names = [row["contract"] for row in read(told_all[1], "contracts")]
    assert names == sorted(names)
    assert len({row["pack"] for row in read(told_all[1], "contracts")}) == 3


def test_a_part_is_of_one_pack_and_of_neighbours(told_all: tuple[Made, Path]) -> None:
    plan = json.loads((told_all[1] / "plan.json").read_text())
    assert len(plan["parts"]) > 6
    numbers = [n for part in plan["parts"] for first, last in part["contracts"]
               for n in range(first, last + 1)]  # fmt: skip
    assert sorted(numbers) == list(range(len(told_all[0].contracts)))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_formats_parts_and_workers_change_no_byte(
    told_all: tuple[Made, Path], tmp_path: Path, suffix: str
) -> None:
    again = all_stories(tmp_path, suffix=suffix)
    again.run(tmp_path / "out", workers=2, part_facts=5_000)
    for table in TABLES:
        assert read(tmp_path / "out", table) == read(told_all[1], table)


def test_one_plan_gives_the_same_bytes_whatever_runs_it(
    told_all: tuple[Made, Path], tmp_path: Path
) -> None:
    told_all[0].run(tmp_path, workers=2, part_facts=100)
    assert files(tmp_path) == files(told_all[1])


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
def test_other_formats_hold_the_same_rows(
    told_all: tuple[Made, Path], tmp_path: Path, format_: str
) -> None:
    told_all[0].run(tmp_path, format=format_, part_facts=100)
    rows = read(told_all[1], "findings")
    if format_ == "jsonl":
        lines = (tmp_path / "findings.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        assert [row["facts"] for row in found] == [row["facts"] for row in rows]
    else:
        options = "header=true, all_varchar=true"
        query = f"SELECT * FROM read_csv('{tmp_path}/findings.csv', {options})"
        found = as_rows(query)
        assert [json.loads(row["facts"]) for row in found] == [row["facts"] for row in rows]
    for name in ("contract", "id", "says", "clause", "quote"):
        assert [row[name] for row in found] == [row[name] for row in rows]
    amounts = [None if row["amount"] is None else f"{row['amount']:.2f}" for row in rows]
    assert [row["amount"] for row in found] == amounts
    assert [row["date"] for row in found] == [row["date"].isoformat() for row in rows]
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary == json.loads((told_all[1] / "summary.json").read_text())


def test_the_worst_contracts_have_the_reports_that_check_gives(told_all: tuple[Made, Path]) -> None:
    summary = json.loads((told_all[1] / "summary.json").read_text())
    overdue = [Decimal(row["overdue"]) for row in summary["worst"]]
    assert overdue == sorted(overdue, reverse=True)
    row = summary["worst"][0]
    story = next(each for each in stories() if f"000-{story_name(each)}" == row["contract"])
    told = json.loads((told_all[1] / f"{row['report']}.json").read_text())
    alone = report(checked(story))
    for part in ("findings", "obligations", "payments", "periods", "balances", "powers"):
        assert told[part] == alone[part]
    page = (told_all[1] / "summary.html").read_text()
    assert f'href="{row["report"].replace("@", "%40")}.txt"' in page
    assert "http" not in page


def test_names_that_are_not_safe_stand_in_a_page_as_text(tmp_path: Path) -> None:
    name = "<script>alert('x')</script>/../A & B"
    drawn = {**DRAWN, "contract": name, "amount": "15000000"}
    made(tmp_path, [(name, NOTE)], [drawn, RATE]).run(tmp_path / "out")
    page = (tmp_path / "out" / "summary.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert {path.suffix for path in (tmp_path / "out" / "reports").iterdir()} == {".json", ".txt"}


# What goes in ------------------------------------------------------------------------------------


def as_rows(query: str) -> list[dict[str, Any]]:
    cursor = duckdb.connect().execute(query)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def outcome(out: Path, contract: str = "A") -> Any:
    (row,) = [row for row in read(out, "contracts") if row["contract"] == contract]
    return row["outcome"]


def row_of(out: Path, contract: str = "A") -> dict[str, Any]:
    (row,) = [row for row in read(out, "contracts") if row["contract"] == contract]
    return row


def test_terms_of_a_contract_stand_in_the_portfolio(tmp_path: Path) -> None:
    portfolio = tmp_path / "p.csv"
    portfolio.write_text(
        'contract,pack,term.face,term.commitment\nA,second-amended-note,"1,000.00",\n'
        "B,second-amended-note,,\nC,revolving-note,,5000000\n"
    )
    records = [
        {**DRAWN, "amount": "1500.00"}, {**DRAWN, "contract": "B", "amount": "1500.00"},
        {**DRAWN, "contract": "C", "date": "2024-11-27"},
    ]  # fmt: skip
    base = made(tmp_path, [], records)
    Made(portfolio, base.facts, ()).run(tmp_path / "out", as_of=date(2025, 1, 15).toordinal())
    over = [r["contract"] for r in read(tmp_path / "out", "findings")
            if r["rule"] == "reborrow-over-limit" and r["pack"] == NOTE]  # fmt: skip
    assert over == ["A"]


def test_an_invalid_contract_stops_nobody_else(tmp_path: Path, run: Any) -> None:  # noqa: F811
    contracts = [(name, NOTE) for name in "ABCDE"]
    portfolio = tmp_path / "p.csv"
    rows = [f"{name},{NOTE}," for name in "ABCDE"]
    rows[3] = f"D,{NOTE},12.345"
    portfolio.write_text("\n".join(["contract,pack,term.face", *rows, "F,no-such-pack,"]) + "\n")
    records = [
        DRAWN, {**DRAWN, "contract": "B", "kind": "advanse"},
        {**DRAWN, "contract": "C", "date": "2000-02-30"}, {**DRAWN, "contract": "D"},
    ]  # fmt: skip
    base = made(tmp_path, contracts, records)
    out = tmp_path / "out"
    ran: Ran = run("batch", portfolio, base.facts, "--as-of", AS_OF, "--out", out, "--workers", 1)
    assert ran.code == 4
    assert "invalid                5" in ran.out
    errors = {row["contract"]: row["errors"] for row in read(out, "contracts")}
    assert errors["A"] is None
    assert errors["B"] == [
        f"{base.facts}:3:17: error: unknown kind 'advanse'\n"
        "    B,a1,2000-11-27,advanse,1000.00\n                    ^\n"
        "    did you mean 'advance'?"
    ]
    assert f"{base.facts}:4:6: error: date '2000-02-30'" in errors["C"][0]
    assert f"{portfolio}:5:23: error: face '12.345': money has at most two" in errors["D"][0]
    assert f"{portfolio}:6:1: error: no fact is of the contract 'E'" in errors["E"][0]
    assert f"{portfolio}:7:3: error: there is no pack 'no-such-pack'" in errors["F"][0]


def test_what_is_wrong_in_several_records_is_told_as_check_tells_it(
    tmp_path: Path,
    run: Any,  # noqa: F811
) -> None:
    records: list[dict[str, Any]] = [
        DRAWN, {**DRAWN, "id": "a1", "amount": "5"}, {**DRAWN, "id": "a2", "date": "2000-01-01"},
        {"contract": "A", "id": "w1", "date": "2001-01-01", "kind": "correction", "of": "a9",
         "void": True},
        {"contract": "A", "id": "p 1", "date": "2001-01-01", "kind": "payment",
         "amount": "EUR 5.00", "index": "x"},
    ]  # fmt: skip
    for suffix in (".csv", ".jsonl"):
        base = made(tmp_path / suffix, [("A", NOTE), ("B", NOTE)],
                    [*records, {**DRAWN, "contract": "B"}], suffix)  # fmt: skip
        out = tmp_path / suffix / "out"
        base.run(out)
        ran: Ran = run("check", ROOT / "rules" / NOTE, base.facts, "--contract", "A")
        told = ran.err.replace("\n6 errors; nothing was evaluated\n", "")
        assert ran.code == 2
        assert "\n".join(row_of(out)["errors"]) == told


def test_facts_of_contracts_that_nobody_named_are_counted(tmp_path: Path, run: Any) -> None:  # noqa: F811
    records = [DRAWN, *({**DRAWN, "contract": f"Z{n}"} for n in range(5))]
    base = made(tmp_path, [("A", NOTE)], records)
    ran: Ran = run(
        "batch", base.portfolio, base.facts, "--as-of", AS_OF, "--out", tmp_path / "out",
        "--workers", 0,
    )  # fmt: skip
    assert (
        "of 5 contracts that the portfolio does not name (Z0, Z1, Z2, …), 5 facts came in"
        in ran.err
    )
    strangers = json.loads((tmp_path / "out" / "summary.json").read_text())["strangers"]
    assert (strangers["facts"], strangers["contracts"]) == (5, 5)


def test_shared_records_reach_every_contract_of_the_packs_that_know_them(tmp_path: Path) -> None:
    market = {**RATE, "id": "m1", "index": "base-rate", "date": "2024-12-01"}
    base = made(
        tmp_path, [("A", NOTE), ("B", NOTE), ("C", "revolving-note")],
        [RATE, market, DRAWN, {**DRAWN, "contract": "B"},
         {**DRAWN, "contract": "C", "date": "2024-11-27"}],
    )  # fmt: skip
    base.run(tmp_path / "out", as_of=date(2025, 1, 15).toordinal())
    counts = {row["contract"]: row["facts"] for row in read(tmp_path / "out", "contracts")}
    assert counts == {"A": 2, "B": 2, "C": 2}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({**DRAWN, "contract": ""}, "a advance in a file of many contracts needs its 'contract'"),
        ({**RATE, "kind": "rte"}, "unknown kind 'rte'"),
        ({**RATE, "index": "no-such"}, "index 'no-such': unknown index"),
        ({**RATE, "value": "9.5"}, "a rate carries its percent sign"),
    ],
)
def test_what_is_wrong_for_all_contracts_stops_all(
    tmp_path: Path, record: dict[str, Any], message: str
) -> None:
    base = made(tmp_path, [("A", NOTE)], [DRAWN, record])
    with pytest.raises(WrongInput) as wrong:
        base.run(tmp_path / "out")
    assert message in problems_of(wrong)
    assert f"{base.facts}:3:" in problems_of(wrong)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("contract,pack\nA,x\nA,x\n", ":3:1: the contract 'A' stands twice; first at"),
        ("contract,pack,trm.face\nA,second-amended-note,1\n", ":1:15: unknown column 'trm.face'"),
        ("contract\nA\n", ":1:1: the header lacks the column 'pack'"),
        ("contract,pack\nA,nowhere\n", ":2:3: there is no pack 'nowhere'"),
        ("contract,pack\n", "the portfolio holds no contracts"),
    ],
)  # fmt: skip
def test_a_portfolio_that_cannot_be_used_stops_all(tmp_path: Path, text: str, message: str) -> None:
    base = made(tmp_path, [("A", NOTE)], [DRAWN])
    base.portfolio.write_text(text)
    with pytest.raises(WrongInput) as wrong:
        base.run(tmp_path / "out")
    assert message in problems_of(wrong)
    assert not (tmp_path / "out").exists()


def test_columns_that_nobody_knows_are_told_with_their_place(tmp_path: Path) -> None:
    base = made(tmp_path, [("A", NOTE)], [{**DRAWN, "amont": "5"}])
    with pytest.raises(WrongInput) as wrong:
        base.run(tmp_path / "out")
    assert ":1:30: unknown column 'amont'; did you mean 'amount'?" in problems_of(wrong)


def parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet_holds_money_as_decimal_and_days_as_dates(tmp_path: Path) -> None:
    facts = parquet(
        tmp_path / "f.parquet",
        contract=pa.array(["A", "A", None]),
        id=pa.array(["a1", "p1", "r1"]),
        date=pa.array([date(2000, 11, 27), date(2001, 1, 3), date(2000, 12, 29)]),
        kind=pa.array(["advance", "payment", "rate"]),
        amount=pa.array([Decimal("15000000.000"), Decimal("12.500"), None], pa.decimal128(20, 3)),
        index=pa.array([None, None, "lender-line-of-credit"]),
        value=pa.array([None, None, "9.50%"]),
    )
    base = made(tmp_path, [("A", NOTE)], [])
    Made(base.portfolio, facts, ()).run(tmp_path / "out")
    assert row_of(tmp_path / "out")["principal"] == Decimal("15000000.00")
    assert row_of(tmp_path / "out")["facts"] == 3


@pytest.mark.parametrize(
    ("unit", "value"), [("percent", "9.5"), ("fraction", "0.095"), ("basis-points", "950")]
)
def test_a_decimal_rate_says_in_the_schema_what_it_counts(
    tmp_path: Path, unit: str, value: str
) -> None:
    field = pa.field("value", pa.decimal128(12, 4), metadata={"unit": unit})
    table = pa.table(
        [["A"], ["r1"], ["2000-12-29"], ["rate"], ["lender-line-of-credit"], [Decimal(value)]],
        pa.schema(
            [*((n, pa.string()) for n in ("contract", "id", "date", "kind", "index")), field]
        ),
    )
    pq.write_table(table, tmp_path / "f.parquet")
    base = made(tmp_path, [("A", NOTE)], [])
    Made(base.portfolio, tmp_path / "f.parquet", ()).run(tmp_path / "out")
    assert outcome(tmp_path / "out") == "compliant"


def test_binary_floats_are_refused_with_the_reason(tmp_path: Path) -> None:
    facts = parquet(
        tmp_path / "f.parquet", contract=["A"], id=["a1"], date=["2000-11-27"], kind=["advance"],
        amount=[1000.0],
    )  # fmt: skip
    base = made(tmp_path, [("A", NOTE)], [])
    with pytest.raises(WrongInput) as wrong:
        Made(base.portfolio, facts, ()).run(tmp_path / "out")
    assert "'amount' is DOUBLE: binary floats cannot hold cents" in problems_of(wrong)


def test_a_row_of_parquet_that_is_wrong_is_told_with_its_number(tmp_path: Path) -> None:
    facts = parquet(
        tmp_path / "f.parquet", contract=["A", "A"], id=["a1", "p1"],
        date=["2000-11-27", "2001-01-03"], kind=["advance", "payment"],
        amount=["1000.00", "12.345"],
    )  # fmt: skip
    base = made(tmp_path, [("A", NOTE)], [])
    Made(base.portfolio, facts, ()).run(tmp_path / "out")
    (error,) = row_of(tmp_path / "out")["errors"]
    assert f"{facts}:2:" in error
    assert "amount '12.345': money has at most two decimals" in error
    line, caret = error.split("\n")[1:3]
    assert line[caret.index("^") :].startswith('"12.345"')


def test_a_query_on_sqlite_is_a_portfolio(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "loans.db") as loans:
        loans.execute("CREATE TABLE loan (no TEXT, product TEXT, face NUMERIC, live INTEGER)")
        loans.execute("INSERT INTO loan VALUES ('A', 'second-amended-note', '1000.00', 1)")
        loans.execute("INSERT INTO loan VALUES ('B', 'second-amended-note', '1000.00', 0)")
    loans.close()
    query = 'SELECT no AS contract, product AS pack, face AS "term.face" FROM loan WHERE live'
    base = made(tmp_path, [], [{**DRAWN, "amount": "1500.00"}])
    url = f"sqlite:{tmp_path}/loans.db?query={query}"
    base.run(tmp_path / "out", portfolio=url)
    assert [row["contract"] for row in read(tmp_path / "out", "contracts")] == ["A"]
    assert "reborrow-over-limit" in {row["rule"] for row in read(tmp_path / "out", "findings")}


def workbook(path: Path, *rows: Sequence[str | float]) -> Path:
    """A workbook of one sheet: text as text, numbers as the floats that workbooks hold."""
    lines = []
    for row in rows:
        cells = [
            f'<c t="inlineStr"><is><t>{cell}</t></is></c>' if isinstance(cell, str)
            else f"<c><v>{cell!r}</v></c>"
            for cell in row
        ]  # fmt: skip
        lines.append(f"<row>{''.join(cells)}</row>")
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/s.xml"/>'
        "</Relationships>",
        "xl/worksheets/s.xml": f'<worksheet xmlns="{main}"><sheetData>{"".join(lines)}'
        "</sheetData></worksheet>",
    }
    with ZipFile(path, "w") as file:
        for name, text in parts.items():
            file.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return path


HEADER = ("contract", "id", "date", "kind", "amount")


def test_workbooks_are_read_to_fifteen_digits(tmp_path: Path) -> None:
    facts = workbook(
        tmp_path / "f.xlsx", HEADER, ("A", "a1", "2000-11-27", "advance", 15000000.0),
        ("A", "p1", "2001-01-03", "payment", 146712.32 + 0.01),
    )  # fmt: skip
    portfolio = workbook(tmp_path / "p.xlsx", ("contract", "pack"), ("A", NOTE))
    Made(portfolio, facts, ()).run(tmp_path / "out")
    assert row_of(tmp_path / "out")["facts"] == 2


def test_a_number_of_more_digits_than_a_workbook_holds_is_refused(tmp_path: Path) -> None:
    facts = workbook(tmp_path / "f.xlsx", HEADER, ("A", "a1", "2000-11-27", "advance", 1e15))
    base = made(tmp_path, [("A", NOTE)], [])
    with pytest.raises(WrongInput) as wrong:
        Made(base.portfolio, facts, ()).run(tmp_path / "out")
    assert "f.xlsx:2:" in problems_of(wrong)
    assert "a number in a workbook is exact to 15 digits" in problems_of(wrong)


MAP = """
portfolio:
  columns: {Loan No: contract, Product: pack}
  packs: {FLOATER: second-amended-note}
  ignore: [Branch]
facts:
  columns: {Loan No: contract, Ref: id, Value Date: date, Type: kind, Amt: amount, Rate: value}
  kinds: {DRAW: advance, PMT: payment, FIX: rate}
  units: {Rate: percent}
  ignore: [User]
"""


def mapped(folder: Path) -> Made:
    (folder / "p.csv").write_text("Loan No,Product,Branch\nA,FLOATER,12\n")
    (folder / "f.csv").write_text(
        "Ref,Value Date,Type,Loan No,Amt,index,Rate,User\n"
        "a1,2000-11-27,DRAW,A,15000000,,,me\nr1,2000-12-29,FIX,,,lender-line-of-credit,9.5,me\n"
        "p1,2001-01-03,PMT,A,146712.33,,,me\n"
    )
    (folder / "map.yaml").write_text(MAP)
    return Made(folder / "p.csv", folder / "f.csv", ("A",))


def test_other_systems_names_are_mapped(tmp_path: Path) -> None:
    portfolio = mapped(tmp_path)
    portfolio.run(tmp_path / "out", columns=load_columns(str(tmp_path / "map.yaml")))
    rows = {row["id"]: row for row in read(tmp_path / "out", "obligations")}
    assert rows["interest/2000-12-31"]["state"] == "paid-in-grace"
    assert rows["interest/2000-12-31"]["amount"] == Decimal("146712.33")


def test_errors_of_mapped_files_point_into_them(tmp_path: Path) -> None:
    portfolio = mapped(tmp_path)
    text = portfolio.facts.read_text().replace("146712.33", "1.234")
    portfolio.facts.write_text(text)
    portfolio.run(tmp_path / "out", columns=load_columns(str(tmp_path / "map.yaml")))
    (error,) = row_of(tmp_path / "out")["errors"]
    assert error.startswith(f"{portfolio.facts}:4:21: error: amount '1.234'")


def test_a_map_that_is_wrong_is_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text("facts:\n  colums: {}\n  units: {Rate: percnt}\n  columns: {A: id, B: id}\n")
    with pytest.raises(WrongInput) as wrong:
        load_columns(str(path))
    assert "unknown key 'colums'; did you mean 'columns'?" in problems_of(wrong)
    assert "unknown unit 'percnt'" in problems_of(wrong)
    assert "'id' is what 'A' holds already" in problems_of(wrong)
    assert len(wrong.value.problems) == 3


def test_several_files_and_globs_are_one_input(tmp_path: Path) -> None:
    base = made(tmp_path, [("A", NOTE)], [DRAWN])
    (tmp_path / "more-1.jsonl").write_text(json.dumps({**DRAWN, "id": "a2"}) + "\n")
    (tmp_path / "more-2.jsonl").write_text(json.dumps({**DRAWN, "id": "a3"}) + "\n")
    base.run(tmp_path / "out", facts=(str(base.facts), str(tmp_path / "more-*.jsonl")))
    assert row_of(tmp_path / "out")["principal"] == Decimal("3000.00")


# Since the last run, and again -------------------------------------------------------------------


def test_a_baseline_says_what_is_new(tmp_path: Path) -> None:
    contracts = [("A", NOTE), ("B", NOTE)]
    both = [DRAWN, {**DRAWN, "contract": "B"}, RATE]
    made(tmp_path / "1", contracts, both).run(
        tmp_path / "1" / "out", as_of=date(2001, 1, 2).toordinal()
    )
    made(tmp_path / "2", [*contracts, ("C", NOTE)], [*both, {**DRAWN, "contract": "C"}]).run(
        tmp_path / "2" / "out", as_of=date(2001, 1, 10).toordinal(),
        baseline=tmp_path / "1" / "out",
    )  # fmt: skip
    since = json.loads((tmp_path / "2" / "out" / "summary.json").read_text())["since"]
    assert (since["new"], since["gone"]) == (3, 0)
    assert {row["id"] for row in since["new_findings"]} == {"event-of-default/interest/2000-12-31"}
    assert {(row["was"], row["now"], row["contracts"]) for row in since["outcomes"]} == {
        ("compliant", "breach", 2), (None, "breach", 1),
    }  # fmt: skip


def test_a_directory_is_not_written_over_unasked(
    told_all: tuple[Made, Path], tmp_path: Path
) -> None:
    portfolio = made(tmp_path, [("A", NOTE)], [DRAWN])
    portfolio.run(tmp_path / "out")
    before = files(tmp_path / "out")
    with pytest.raises(WrongInput, match="holds this batch already"):
        portfolio.run(tmp_path / "out")
    with pytest.raises(WrongInput, match="holds another batch already"):
        told_all[0].run(tmp_path / "out")
    assert files(tmp_path / "out") == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(WrongInput, match="the directory holds something else"):
        portfolio.run(tmp_path / "mine", resume=True)


def test_a_finished_batch_is_completed_to_the_same_bytes(tmp_path: Path) -> None:
    portfolio = made(tmp_path, [("A", NOTE)], [DRAWN, RATE])
    portfolio.run(tmp_path / "out")
    before = files(tmp_path / "out")
    ran = portfolio.run(tmp_path / "out", resume=True)
    assert ran.kept == len(ran.plan.parts)
    assert files(tmp_path / "out") == before


def test_only_parts_that_changed_are_done_again(tmp_path: Path) -> None:
    first = all_stories(tmp_path / "1")
    first.run(tmp_path / "out", part_facts=100)
    text = first.facts.read_text()
    lines = text.splitlines(keepends=True)
    of = next(at for at, line in enumerate(lines) if ",advance," in line and ".00" in line)
    changed = [*lines[:of], lines[of].replace(".00", ".01", 1), *lines[of + 1 :]]
    first.facts.write_text("".join(changed))
    ran = first.run(tmp_path / "out", part_facts=100, resume=True)
    assert ran.kept == len(ran.plan.parts) - 1
    first.run(tmp_path / "anew", part_facts=100)
    assert files(tmp_path / "out") == files(tmp_path / "anew")


def test_choices_of_the_call_reach_the_packs_that_know_them(tmp_path: Path) -> None:
    base = made(tmp_path, [("A", NOTE), ("B", "instalment-note")], [
        DRAWN, RATE, {**DRAWN, "contract": "B", "date": "2024-11-27"},
    ])  # fmt: skip
    with pytest.raises(WrongInput) as wrong:
        base.run(tmp_path / "out", readings=("day-cont=actual/360",), terms=("face",))
    assert "unknown name 'day-cont'; did you mean 'day-count'?" in problems_of(wrong)
    assert "write it as face=VALUE" in problems_of(wrong)
    base.run(tmp_path / "out", readings=("day-count=actual/360",), terms=("face=500",))
    rules = {row["rule"] for row in read(tmp_path / "out", "findings") if row["contract"] == "A"}
    assert "reborrow-over-limit" in rules


def test_exit_codes_and_progress(tmp_path: Path, run: Any) -> None:  # noqa: F811
    quiet = made(tmp_path / "1", [("A", NOTE)], [DRAWN, RATE])
    at = ("--as-of", "2000-12-30", "--workers", 0)
    ran: Ran = run("batch", quiet.portfolio, quiet.facts, *at, "--out", tmp_path / "o1")
    assert (ran.code, ran.err) == (0, "")
    ran = run("batch", quiet.portfolio, quiet.facts, "--as-of", "2001-01-10", "--workers", 0,
              "--out", tmp_path / "o2", "--progress", "plain")  # fmt: skip
    assert ran.code == 1
    assert "1 of 1 parts, 1 of 1 contracts" in ran.err
    assert "1 in breach" in ran.err
    lacking = made(tmp_path / "3", [("A", NOTE)], [DRAWN])
    ran = run("batch", lacking.portfolio, lacking.facts, "--as-of", "2001-01-10", "--workers", 0,
              "--out", tmp_path / "o3")  # fmt: skip
    assert ran.code == 3
    ran = run("batch", quiet.portfolio, quiet.facts, "--as-of", "soon", "--out", tmp_path / "o4")
    assert ran.code == 2
    assert "--as-of:1:1: error: not a date" in ran.err
