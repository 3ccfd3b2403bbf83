"""What a batch found, as a whole: outcomes, breaches by clause, amounts at risk, what is new."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, PackageLoader, StrictUndefined

from checker.batch.results import OUTCOMES, TABLES
from checker.batch.sources import text
from checker.model import Place, Problem, WrongInput
from checker.questions.telling import Page, told

SCHEMA = "https://contract-compliance-checker.invalid/schema/batch-summary-1"
WORST = 20
"""How many of the worst contracts of each currency are named, with their reports."""

LISTED = 100
"""How many new findings, and how many contracts that were not evaluated, are listed."""

_BROKEN = "outcome IN ('breach', 'event-of-default')"
_READERS = {
    "parquet": "read_parquet({0})",
    "csv": "read_csv({0}, all_varchar=true)",
    "jsonl": "read_json({0}, format='newline_delimited')",
}

Data = dict[str, Any]


@dataclass(frozen=True)
class Tables:
    """The tables of a batch's directory, whatever their format."""

    connection: duckdb.DuckDBPyConnection
    folder: Path

    def of(self, table: str) -> str:
        """SQL for a table's rows."""
        for format_, reader in _READERS.items():
            path = self.folder / f"{table}.{format_}"
            if path.is_file():
                return reader.format(text(str(path)))
        message = f"the directory holds no {table}: it is of no batch that was completed"
        raise WrongInput([Problem(Place(str(self.folder), 1, 1), message)])

    def rows(self, sql: str) -> list[Data]:
        """What a query gives; money and days as text."""
        cursor = self.connection.execute(sql)
        names = [each[0] for each in cursor.description or ()]
        return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return value if value is None or isinstance(value, bool | int | str | list) else str(value)


def baseline(connection: duckdb.DuckDBPyConnection, folder: Path) -> Tables:
    """An earlier batch to compare with; WrongInput where it was not completed."""
    earlier = Tables(connection, folder)
    for table in TABLES:
        earlier.of(table)
    return earlier


def summary(tables: Tables, head: Mapping[str, Any], earlier: Tables | None) -> Data:
    """The summary as data; `head` is what the tables do not tell."""
    contracts, findings = tables.of("contracts"), tables.of("findings")
    counted = tables.rows(f"SELECT outcome, count(*) AS n FROM {contracts} GROUP BY outcome")
    of_outcome = {row["outcome"]: row["n"] for row in counted}
    return {
        "schema": SCHEMA,
        **head,
        "outcomes": {name: of_outcome.get(name, 0) for name in OUTCOMES},
        "packs": _packs(tables, contracts),
        "broken": tables.rows(
            f"SELECT f.pack, c.currency, f.clause, f.rule, f.outcome, f.against,"
            f" count(*) AS findings, count(DISTINCT f.contract) AS contracts,"
            f" count(*) FILTER (CAST(f.continuing AS BOOLEAN)) AS continuing,"
            f" sum(CAST(f.amount AS DECIMAL(38, 2))) AS amount"
            f" FROM {findings} AS f JOIN {contracts} AS c USING (contract) WHERE f.{_BROKEN}"
            " GROUP BY ALL ORDER BY findings DESC, f.pack, f.clause, f.rule, f.outcome, f.against"
        ),
        "at_risk": tables.rows(
            f"SELECT currency, count(*) AS contracts, {_sum('overdue')}, {_OWED},"
            " count(*) FILTER (total IS NULL) AS unfigured"
            f" FROM {contracts} WHERE CAST(continuing AS INTEGER) > 0"
            " GROUP BY currency ORDER BY currency"
        ),
        "worst": _worst(tables, contracts),
        "not_evaluated": tables.rows(
            f"SELECT contract, pack, outcome, errors FROM {contracts}"
            f" WHERE outcome IN ('invalid', 'quarantined') ORDER BY contract LIMIT {LISTED}"
        ),
        "since": None if earlier is None else since(tables, earlier),
    }


_OWED = (
    "sum(coalesce(CAST(total AS DECIMAL(38, 2)), CAST(principal AS DECIMAL(38, 2))"
    " + CAST(costs_due AS DECIMAL(38, 2)) + coalesce(CAST(interest_due AS DECIMAL(38, 2)), 0)))"
    " AS total"
)
"""What is owed: where interest cannot be figured, what is known of it."""


def _sum(column: str) -> str:
    return f"sum(CAST({column} AS DECIMAL(38, 2))) AS {column}"


def _packs(tables: Tables, contracts: str) -> list[Data]:
    each = ", ".join(f"count(*) FILTER (outcome = '{name}') AS {name}" for name in OUTCOMES)
    return tables.rows(
        f"SELECT pack, count(*) AS contracts, {each} FROM {contracts} GROUP BY pack ORDER BY pack"
    )


def _worst(tables: Tables, contracts: str) -> list[Data]:
    """Contracts in breach that goes on: the most overdue first, of each currency."""
    return tables.rows(
        "SELECT * EXCLUDE (place) FROM (SELECT contract, pack, currency, outcome,"
        " CAST(continuing AS INTEGER) AS continuing,"
        " CAST(overdue AS DECIMAL(38, 2)) AS overdue, CAST(total AS DECIMAL(38, 2)) AS total,"
        " row_number() OVER (PARTITION BY currency ORDER BY CAST(overdue AS DECIMAL(38, 2)) DESC,"
        " CAST(total AS DECIMAL(38, 2)) DESC NULLS LAST, contract) AS place"
        f" FROM {contracts} WHERE CAST(continuing AS INTEGER) > 0) WHERE place <= {WORST}"
        " ORDER BY currency, overdue DESC, total DESC NULLS LAST, contract"
    )


def since(tables: Tables, earlier: Tables) -> Data:
    """What is broken now and was not, what was and is not, and contracts whose outcome changed."""
    now, then = (
        "(SELECT contract, pack, id, clause, outcome, date, amount, says"
        f" FROM {each.of('findings')} WHERE {_BROKEN})"
        for each in (tables, earlier)
    )
    new = f"{now} AS f ANTI JOIN {then} AS g USING (contract, id)"
    gone = f"{then} AS f ANTI JOIN {now} AS g USING (contract, id)"
    (new_count,) = tables.rows(f"SELECT count(*) AS n FROM {new}")
    (gone_count,) = tables.rows(f"SELECT count(*) AS n FROM {gone}")
    return {
        "new": new_count["n"],
        "gone": gone_count["n"],
        "new_findings": tables.rows(
            "SELECT f.contract, f.pack, f.id, f.clause, f.outcome,"
            " CAST(f.date AS VARCHAR) AS date,"
            f" CAST(f.amount AS DECIMAL(38, 2)) AS amount, f.says FROM {new}"
            f" ORDER BY amount DESC NULLS LAST, f.contract, f.id LIMIT {LISTED}"
        ),
        "outcomes": tables.rows(
            "SELECT g.outcome AS was, f.outcome AS now, count(*) AS contracts"
            f" FROM {tables.of('contracts')} AS f"
            f" FULL JOIN {earlier.of('contracts')} AS g USING (contract)"
            " WHERE f.outcome IS DISTINCT FROM g.outcome GROUP BY ALL ORDER BY ALL NULLS FIRST"
        ),
    }


def named(worst: Sequence[Data]) -> list[Data]:
    """The worst contracts with the files of their reports."""
    return [
        {**row, "report": f"reports/{place:03d}-{safe(row['contract'])}"}
        for place, row in enumerate(worst, 1)
    ]


def safe(contract: str) -> str:
    """A contract's name as part of a file's."""
    return re.sub(r"[^\w.-]+", "_", contract, flags=re.ASCII)[:80]


def as_json(data: Data) -> str:
    """The summary for programs."""
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def as_html(data: Data) -> str:
    """The summary as a page that needs nothing else."""
    pages = Environment(
        loader=PackageLoader("checker.batch", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"grouped": grouped, "of": of}
    return pages.get_template("summary.html").render(data)


def of(count: int, what: str) -> str:
    """`1 contract`, `2,000 contracts`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def grouped(amount: str | int | None) -> str:
    """`1,234.56` of `1234.56`, `1,234` of a count; a dash where there is nothing."""
    if amount is None:
        return "–"
    return f"{Decimal(amount):,}"


def as_text(data: Data) -> str:
    """The summary for a terminal."""
    return told(lambda page: _show(page, data))


def _show(page: Page, data: Data) -> None:
    total = sum(data["outcomes"].values())
    page.line(f"{of(total, 'contract')} at the close of {data['as_of']}", "bold")
    page.line()
    for name in OUTCOMES:
        count = data["outcomes"][name]
        if count or name in OUTCOMES[:3]:
            page.line(f"  {name:13} {count:>10,}")
    if data["broken"]:
        page.heading("Broken")
        words = ("pack", "clause", "rule", "against")
        columns = [(name, False) for name in words]
        columns += [(name, True) for name in ("contracts", "findings", "continuing", "amount")]
        page.table(
            columns,
            [
                [
                    row["pack"], row["clause"], row["rule"], row["against"] or "–",
                    *(f"{row[name]:,}" for name in ("contracts", "findings", "continuing")),
                    _in(row, "amount"),
                ]
                for row in data["broken"][:20]
            ],
        )  # fmt: skip
        if len(data["broken"]) > 20:
            page.line(f"  … {len(data['broken']) - 20} more")
    for row in data["at_risk"]:
        page.line()
        least = "at least " if row["unfigured"] else ""
        page.line(
            f"{_in(row, 'overdue')} overdue and {least}{_in(row, 'total')} owed in all"
            f" by {of(row['contracts'], 'contract')} in a breach that goes on"
        )
    if data["since"] is not None:
        page.line()
        page.line(
            f"Since the earlier batch: {data['since']['new']:,} breaches new,"
            f" {data['since']['gone']:,} gone"
        )


def _in(row: Data, name: str) -> str:
    return "–" if row[name] is None else f"{row['currency'] or ''} {grouped(row[name])}".strip()


def exit_code(data: Data) -> int:
    """4 where a contract was not evaluated, 1 for a breach, 3 for undetermined, else 0."""
    outcomes = data["outcomes"]
    if outcomes["invalid"] or outcomes["quarantined"]:
        return 4
    return 1 if outcomes["breach"] else 3 if outcomes["undetermined"] else 0
