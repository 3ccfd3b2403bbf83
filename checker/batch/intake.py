"""Facts of any size cut into parts: DuckDB counts, ranges are drawn, and rows go to their parts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from checker.batch.cells import FILE_BITS, OTHER, OWN, keep_rows
from checker.batch.columns import UNITS
from checker.batch.portfolio import Contract, Portfolio
from checker.batch.sources import (
    STRIPPED,
    Input,
    Reading,
    by_python,
    decimal_text,
    name,
    opened,
    text,
)
from checker.batch.store import cell_file
from checker.model import WrongInput

UNASSIGNED = -1
"""The part of facts that name no contract."""

MEMORY = "400MB"
"""What DuckDB may hold before it goes to disk."""


@dataclass(frozen=True)
class Range:
    """A part as planned: contracts of one pack, neighbours by name, with all their facts.

    `contracts` are numbers in the portfolio, in their order; `facts` how many there are.
    """

    number: int
    pack: str
    contracts: tuple[int, ...]
    facts: int


@dataclass
class Intake:
    """The facts of a batch: how many of which contract, and which of contracts unknown here."""

    counts: dict[str, int] = field(default_factory=dict)  # of the contracts of the portfolio
    facts: int = 0  # in all files
    strangers: dict[str, int] = field(default_factory=dict)  # some contracts that are not known
    strange_contracts: int = 0
    strange_facts: int = 0


def connected(folder: Path, threads: int) -> duckdb.DuckDBPyConnection:
    """A connection that keeps to a bounded memory, and to `folder` beyond it."""
    return duckdb.connect(
        config={
            "threads": threads,
            "memory_limit": MEMORY,
            "temp_directory": str(folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


class Facts:
    """The files of facts as one relation of text."""

    def __init__(
        self, paths: Sequence[str], reading: Reading, connection: duckdb.DuckDBPyConnection
    ) -> None:
        self.reading, self.connection = reading, connection
        problems = []
        self.inputs: list[Input] = []
        for number, path in enumerate(paths):
            try:
                self.inputs.append(opened(number, path, reading))
            except WrongInput as error:
                problems += error.problems
        if problems:
            raise WrongInput(problems)

    def count(self, portfolio: Portfolio) -> Intake:
        """How many facts there are of each contract."""
        try:
            found = self._counted()
        except duckdb.Error:
            self._judge_anew()  # what DuckDB cannot read, `check` may: it says what is wrong
            found = self._counted()
        intake = Intake(facts=sum(count for _name, count in found))
        known = {contract.name for contract in portfolio.contracts}
        strange = []
        for contract, count in found:
            if contract in known:
                intake.counts[contract] = count
            elif contract is not None:
                strange.append((contract, count))
        strange.sort()
        intake.strangers = dict(strange[:10])
        intake.strange_contracts = len(strange)
        intake.strange_facts = sum(count for _name, count in strange)
        return intake

    def _counted(self) -> list[tuple[str | None, int]]:
        each = " UNION ALL ".join(f"SELECT contract FROM ({self._sql(i, ())})" for i in self.inputs)
        return self.connection.execute(
            f"SELECT contract, count(*) FROM ({each}) GROUP BY contract"
        ).fetchall()

    def _judge_anew(self) -> None:
        problems = []
        for number, made in enumerate(self.inputs):
            if made.suffix != ".csv":
                continue
            try:
                self.connection.execute(f"SELECT count(*) FROM ({self._sql(made, ())})").fetchall()
            except duckdb.Error:
                try:
                    self.inputs[number] = by_python(made, self.reading)
                except WrongInput as error:
                    problems += error.problems
        if problems:
            raise WrongInput(problems)

    def _sql(self, made: Input, fields: Iterable[str] | None = None) -> str:
        """A file's rows by our names, as text; blanks around it are the typist's to take off."""
        names, ignored = self.reading.names, self.reading.names.ignored
        wanted = {"contract", *fields} if fields is not None else None
        chosen = [f"CAST({made.number} AS BIGINT) << {FILE_BITS} | row AS position"]
        for column in made.columns:
            of = column if column == OTHER else names.of(column)
            if column in ignored or not of or (wanted is not None and of not in wanted):
                continue
            sql = name(column)
            if of == "contract":
                plain = f"ascii({sql}) > 32 AND ascii(right({sql}, 1)) BETWEEN 33 AND 126"
                stripped = (
                    f"nullif(trim({sql}, {text(STRIPPED)}), '')"  # slow: only where it matters
                )
                sql = f"CASE WHEN {plain} THEN {sql} ELSE {stripped} END"
            if of == "kind" and self.reading.columns.kinds:
                sql = f"trim({sql})"
                cases = " ".join(
                    f"WHEN {text(theirs)} THEN {text(ours)}"
                    for theirs, ours in sorted(self.reading.columns.kinds.items())
                )
                sql = f"CASE {sql} {cases} ELSE {sql} END"
            if names.units.get(column) in UNITS and column not in made.decimals:
                sql = _with_unit(sql, names.units[column])
            chosen.append(f"{sql} AS {name(of)}")
        if wanted is not None and "contract" not in map(names.of, made.columns):
            chosen.append("CAST(NULL AS VARCHAR) AS contract")
        return f"SELECT {', '.join(chosen)} FROM ({made.rows})"

    def cut(self, parts: Mapping[int, Range], contracts: Sequence[Contract], folder: Path) -> None:
        """Puts every fact into the file of its part, and those without contract into another."""
        of_part = [(number, part.number) for part in parts.values() for number in part.contracts]
        owners = pa.table(
            {
                "contract": pa.array([contracts[n].name for n, _part in of_part], pa.string()),
                "number": pa.array([n for n, _part in of_part], pa.int32()),
                "part": pa.array([part for _n, part in of_part], pa.int32()),
            }
        )
        con = self.connection
        con.register("owners", owners)
        there = {self.reading.names.of(each) for made in self.inputs for each in made.columns}
        columns = [*OWN, *sorted(self.reading.fields & there), OTHER]
        empty = ", ".join(f"CAST(NULL AS VARCHAR) AS {name(each)}" for each in columns)
        rows = " UNION ALL BY NAME ".join(
            [f"SELECT CAST(0 AS BIGINT) AS position, {empty} WHERE false"]
            + [self._sql(made) for made in self.inputs]
        )
        chosen = ", ".join(f"facts.{name(each)}" for each in columns)
        found = con.sql(
            f"SELECT coalesce(part, {UNASSIGNED}) AS part, number, position, {chosen} "
            f"FROM ({rows}) AS facts LEFT JOIN owners ON facts.contract = owners.contract "
            "WHERE part IS NOT NULL OR facts.contract IS NULL"
        )
        folder.mkdir(parents=True, exist_ok=True)
        for batch in pa.RecordBatchReader.from_stream(found):
            for part, some in _by_part(batch):
                keep_rows(some, cell_file(folder, part))


def _by_part(rows: Any) -> Iterator[tuple[int, Any]]:
    """The rows of each part. DuckDB, asked to put them apart, takes four times as long."""
    parts = rows.column("part").to_numpy()
    rows = rows.drop_columns(["part"])
    if np.any(np.diff(parts) < 0):
        order = np.argsort(parts, kind="stable")
        parts, rows = parts[order], rows.take(pa.array(order))
    bounds = [0, *(np.flatnonzero(np.diff(parts)) + 1).tolist(), len(parts)]
    for begin, end in pairwise(bounds if len(parts) else ()):
        yield int(parts[begin]), rows.slice(begin, end - begin)


def _with_unit(sql: str, unit: str) -> str:
    """SQL for a rate that was written as a bare number."""
    bare = f"regexp_full_match({sql}, '-?[0-9]{{1,8}}([.][0-9]{{1,10}})?')"
    rate = decimal_text(f"CAST({sql} AS DECIMAL(18, 10))", unit, 10)
    return f"CASE WHEN {bare} THEN {rate} ELSE {sql} END"


def ranges(portfolio: Portfolio, counts: Mapping[str, int], target: int) -> list[Range]:
    """The parts: contracts of one pack, neighbours by name, about `target` facts together.

    A part ends after a contract whose name bears a mark (one name in so many does, by its hash),
    so that a contract more or less moves the bounds of the parts near it and of no other.
    """
    made: list[Range] = []
    by_pack: dict[str, list[int]] = {}
    for number, contract in enumerate(portfolio.contracts):
        by_pack.setdefault(contract.pack, []).append(number)
    for pack, numbers in sorted(by_pack.items()):
        total = sum(counts.get(portfolio.contracts[n].name, 0) for n in numbers)
        every = max(1, round(len(numbers) * target / max(1, total)))  # contracts a part
        for some, facts in _cut(portfolio, numbers, counts, target, every):
            made.append(Range(len(made), pack, tuple(some), facts))
    return made


def _cut(
    portfolio: Portfolio, numbers: Sequence[int], counts: Mapping[str, int], target: int, every: int
) -> Iterator[tuple[list[int], int]]:
    some: list[int] = []
    facts = 0
    every = 1 << max(0, (every // 2).bit_length() - 1)  # a little change moves no bound
    for number in numbers:
        contract = portfolio.contracts[number].name
        some.append(number)
        facts += counts.get(contract, 0)
        marked = int.from_bytes(hashlib.sha256(contract.encode()).digest()[:4]) % every == 0
        if (marked and facts * 2 >= target) or facts >= 2 * target or len(some) >= 4 * target:
            yield some, facts
            some, facts = [], 0
    if some:
        yield some, facts
