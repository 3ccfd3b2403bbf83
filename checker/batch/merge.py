"""Parts put together: rows in the order of contracts, one file a table, always the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from checker.batch.intake import Range
from checker.batch.results import CONTRACTS, DAY, MONEY, TABLES, schema
from checker.batch.sources import name, text
from checker.batch.store import Kept

GROUP = 100_000
"""Rows of a table that are written together."""

_COUNTED = {name: at for at, (name, _type, _says) in enumerate(CONTRACTS)}
"""Where the table of contracts tells how many rows another table has of each."""

FORMATS = ("parquet", "csv", "jsonl")


@dataclass(frozen=True)
class _Run:
    """Contracts that are neighbours in the output and in one part."""

    part: int
    begin: int
    end: int


def runs(parts: Sequence[Range]) -> Iterator[_Run]:
    """The contracts of all parts in the order of the portfolio, in runs."""
    owner = np.concatenate([np.full(len(p.contracts), at) for at, p in enumerate(parts)])
    place = np.concatenate([np.arange(len(p.contracts)) for p in parts])
    order = np.argsort(np.concatenate([p.contracts for p in parts]))
    owner, place = owner[order], place[order]
    breaks = np.flatnonzero((np.diff(owner) != 0) | (np.diff(place) != 1)) + 1
    for first, last in pairwise([0, *breaks.tolist(), len(owner)]):
        begin = int(place[first])
        yield _Run(int(owner[first]), begin, begin + last - first)


def merge(parts: Sequence[Range], read: Callable[[int], Kept], path: Callable[[str], Path]) -> None:
    """Writes each table of all parts to `path(table)`, as Parquet."""
    order = list(runs(parts))
    kept = [read(part.number) for part in parts]
    for table in TABLES:
        with pq.ParquetWriter(path(table), schema(table), compression="zstd") as writer:
            for batch in _batches(order, kept, table):
                writer.write_table(batch)


def _batches(order: Sequence[_Run], kept: Sequence[Kept], table: str) -> Iterator[Any]:
    last_use = {run.part: at for at, run in enumerate(order)}
    loaded: dict[int, tuple[Any, Any]] = {}
    some: list[Any] = []
    rows = 0
    for at, run in enumerate(order):
        if run.part not in loaded:
            loaded[run.part] = _loaded(kept[run.part], table)
        whole, bounds = loaded[run.part]
        piece = whole.slice(bounds[run.begin], bounds[run.end] - bounds[run.begin])
        if last_use[run.part] == at:
            del loaded[run.part]
        some.append(piece)
        rows += len(piece)
        if rows >= GROUP:
            yield _together(some)
            some, rows = [], 0
    if rows:
        yield _together(some)


def _together(some: Sequence[Any]) -> Any:
    return pa.concat_tables(some).unify_dictionaries().combine_chunks()


def _loaded(kept: Kept, table: str) -> tuple[Any, Any]:
    """A part's table, and where each of its contracts begins in it."""
    whole = kept.table(table)
    if table == "contracts":
        return whole, np.arange(len(whole) + 1)
    counts = kept.table("contracts", [_COUNTED[table]]).column(0).fill_null(0).to_numpy()
    return whole, np.concatenate([[0], np.cumsum(counts)])


def rewritten(
    connection: duckdb.DuckDBPyConnection, table: str, parquet: Path, path: Path, format_: str
) -> None:
    """The same rows as CSV or JSON lines: money as text with two decimals, lists as JSON."""
    chosen = []
    for column, type_, _says in TABLES[table]:
        sql = name(column)
        if type_ in (MONEY, DAY):
            sql = f"CAST({sql} AS VARCHAR)"
        elif pa.types.is_map(type_):
            sql = f"to_json(CAST({sql} AS MAP(VARCHAR, VARCHAR)))"
        elif pa.types.is_nested(type_) and format_ == "csv":
            sql = f"to_json({sql})"
        chosen.append(f"{sql} AS {name(column)}")
    options = "FORMAT csv, HEADER true" if format_ == "csv" else "FORMAT json"
    connection.execute(
        f"COPY (SELECT {', '.join(chosen)} FROM read_parquet({text(str(parquet))})) "
        f"TO {text(str(path))} ({options})"
    )
