"""Cells as parts hold them: the text that a person wrote, and true and false told from words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from checker.records import COMMON, NEEDED, Cell

FILE_BITS = 40
"""A record's position in the input: the file's number before this many bits of the row's."""

OTHER = "?"
"""The column of a part for fields that no kind has: a JSON object of them, where there are any."""

OWN = tuple(name for name in COMMON if name != "contract")
"""The columns that every part has, besides its contract's number and the record's position."""

__all__ = [
    "COMMON", "FILE_BITS", "NEEDED", "OTHER", "OWN", "Cell", "decoded", "encoded", "keep_rows",
    "kept_rows", "rows_of",
]  # fmt: skip

_MARK = "\0"  # no text file holds it; where a JSON text or a table does, it is doubled
_TRUE, _FALSE = _MARK + "true", _MARK + "false"


def encoded(cell: Cell) -> str:
    """The cell as text from which `decoded` gives it back."""
    if isinstance(cell, bool):
        return _TRUE if cell else _FALSE
    return _MARK + cell if cell.startswith(_MARK) else cell


def decoded(text: str) -> Cell:
    """What `encoded` was given."""
    if not text.startswith(_MARK):
        return text
    if text in (_TRUE, _FALSE):
        return text == _TRUE
    return text[1:]


def rows_of(table: Any) -> Iterator[tuple[int, dict[str, Cell]]]:
    """The rows of cells as they were read: position, and the cells that are there."""
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    positions = columns.pop("position")
    columns.pop("number", None)
    for at, position in enumerate(positions):
        cells: dict[str, Cell] = {}
        for name, column in columns.items():
            if column[at] is None:
                continue
            if name == OTHER:
                cells |= json.loads(column[at])
                continue
            cell = decoded(column[at])
            cell = cell.strip() if isinstance(cell, str) else cell
            if cell != "":
                cells[name] = cell
        yield position, cells


# Files of cells ----------------------------------------------------------------------------------

_ALONE = pa.ipc.IpcReadOptions(use_threads=False)
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="zstd", use_threads=False)


def keep_rows(rows: Any, path: Path) -> None:
    """Puts rows behind those of a file, as an Arrow stream of their own; empty columns stay out."""
    there = [n for n, column in zip(rows.schema.names, rows.columns, strict=True)
             if column.null_count < len(column)]  # fmt: skip
    some = rows.select(there)
    with path.open("ab") as file, pa.ipc.new_stream(file, some.schema, options=_COMPRESSED) as end:
        end.write_batch(some)


def kept_rows(files: Iterable[str | bytes]) -> Any:
    """All rows of files of cells, or of their bytes; None where there is no file."""
    tables = [table for each in files for table in _streams(each)]
    if not tables:
        return None
    return pa.concat_tables(tables, promote_options="permissive").combine_chunks()


def _streams(file: str | bytes) -> Iterator[Any]:
    data = pa.BufferReader(file if isinstance(file, bytes) else Path(file).read_bytes())
    while data.tell() < data.size():
        yield pa.ipc.open_stream(data, options=_ALONE).read_all()
