"""The bench's rivals tell the same as the checker, and the bench prints what it should."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import duckdb
import pytest

from bench import by_hand
from bench.portfolio import differences
from checker.dates import iso
from checker.generate.portfolio import Order, generate
from checker.money import plain
from tests.made_up import read
from tests.product import NOTE, ROOT, pack

Rows = Counter[tuple[str, ...]]
CONTRACTS = 400


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A portfolio of the note in both formats, and the day to look at it."""
    folder = tmp_path_factory.mktemp("portfolio")
    order = Order((str(NOTE),), CONTRACTS, CONTRACTS * 40, seed=3)
    for format_ in ("parquet", "csv"):
        written = generate(order, folder, format_, workers=1)
    return folder, iso(written.as_of)


@pytest.fixture(scope="module")
def checked(portfolio: tuple[Path, str]) -> tuple[Rows, Rows]:
    """The obligations and the events of default that the checker finds."""
    folder, as_of = portfolio
    day = date.fromisoformat(as_of).toordinal()
    owed, defaults = Rows(), Rows()
    for contract, result in read(pack(), folder, day).results():
        for o in result.evaluation.ledger.obligations.values():
            figures = (iso(o.due), iso(o.last_day), plain(o.amount), plain(o.unpaid))
            owed[contract.id, o.id, *figures, o.state(day)] += 1
        for f in result.findings.values():
            if f.rule == "event-of-default":
                told = (f.about, iso(f.date), plain(f.amount or 0), str(f.outcome == "waived"))
                defaults[contract.id, *told] += 1
    return owed, defaults


def found_by_hand(portfolio: tuple[Path, str], out: Path) -> tuple[Rows, Rows]:
    folder, as_of = portfolio
    by_hand.main(str(folder / "facts.parquet"), as_of, str(out))
    return rows(out / "obligations.csv"), rows(out / "defaults.csv")


def rows(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return Rows(tuple(row) for row in list(csv.reader(file))[1:])


def lowered(defaults: Rows) -> Rows:
    return Rows({(*key[:-1], key[-1].lower()): count for key, count in defaults.items()})


def test_the_script_by_hand_finds_the_same_obligations_and_defaults(
    portfolio: tuple[Path, str], checked: tuple[Rows, Rows], tmp_path: Path
) -> None:
    owed, defaults = found_by_hand(portfolio, tmp_path)
    assert owed == checked[0]
    assert defaults == lowered(checked[1])
    states = Counter(row[-1] for row in owed)
    assert min(states[s] for s in ("paid", "paid-in-grace", "paid-after-default", "defaulted")) > 0


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("GRACE", {"interest": 4, "principal": 0, "costs": 5}),
        ("MARGIN", 100_000_001),
        ("MATURITY", date(2002, 8, 31)),
    ],
)
def test_a_script_that_reads_the_note_otherwise_finds_others(
    name: str,
    wrong: object,
    portfolio: tuple[Path, str],
    checked: tuple[Rows, Rows],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(by_hand, name, wrong)
    owed, _defaults = found_by_hand(portfolio, tmp_path)
    assert owed != checked[0]


def test_the_bench_prints_who_checked_what_how_fast_and_whether_they_agree() -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "bench.run", "--contracts", "12", "--facts", "480",
            "--engine", "compiled", "--part", "portfolio", "--patience", "3",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    number = r"[\d,]+(?:\.\d+)?"
    measured = rf"(?: +{number}){{5}}"
    for line in (
        rf"a made-up portfolio of one note: 12 contracts, {number} facts \(made up in {number} s\)",
        r" +seconds +processor +contracts/s +facts/s +peak MB +by hand",
        rf"  a script by hand, one process{measured} +1\.00 ×",
        rf"  batch --engine compiled{measured} +{number} ×",
        rf"    {number} obligations, the same as by hand; {number} events of default, the same .*",
        r"  where the time goes, compiled: reading \d+%, engine \d+%, ledger \d+%, writing \d+%",
        r"  durable-rules as documented, a session each",
        r"  durable-rules as documented, one session for all",
    ):
        assert re.search(f"^{line}$", done.stdout, re.MULTILINE), (line, done.stdout)


def test_the_bench_counts_what_one_of_two_has_otherwise(tmp_path: Path) -> None:
    by_hand_, batch = tmp_path / "hand", tmp_path / "batch"
    by_hand_.mkdir()
    batch.mkdir()
    head = "contract,id,due,last_day,amount,unpaid,state"
    line = "C1,interest/2001-01-01,2001-01-01,2001-01-06,1.00,{},paid"
    (by_hand_ / "obligations.csv").write_text(f"{head}\n{line.format('0.00')}\n", encoding="utf-8")
    (by_hand_ / "defaults.csv").write_text(
        "contract,obligation,date,amount,waived\n", encoding="utf-8"
    )
    (batch / "o.csv").write_text(f"{head}\n{line.format('0.01')}\n", encoding="utf-8")
    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT * FROM read_csv('{batch}/o.csv', all_varchar = true)) "
            f"TO '{batch}/obligations.parquet' (FORMAT parquet)"
        )
        db.execute(
            "COPY (SELECT 'C1' AS contract, 'x' AS obligation, DATE '2001-01-07' AS date, "
            "'1.00' AS amount, 'waived' AS outcome, 'event-of-default' AS rule) "
            f"TO '{batch}/findings.parquet' (FORMAT parquet)"
        )
    assert differences(by_hand_, batch) == {"obligations": (1, 2), "events of default": (0, 1)}
