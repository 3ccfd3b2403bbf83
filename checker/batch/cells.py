"""Cells as parts hold them: the text that a person wrote, and true and false told from words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from checker.records import COMMON, NEEDED, Cell

FILE_BITS = 40
"""A record's position in the input: the file's number before this many bits of the row's."""

OTHER = "?"
"""The column of a part for fields that no kind has: a JSON object of them, where there are any."""

OWN = tuple(name for name in COMMON if name != "contract")
"""The columns that every part has, besides its contract's number and the record's position."""

__all__ = ["COMMON", "FILE_BITS", "NEEDED", "OTHER", "OWN", "Cell", "decoded", "encoded", "rows_of"]

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
