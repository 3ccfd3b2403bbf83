"""Cells as parts hold them: the text that a person wrote, and true and false told from words."""

from __future__ import annotations

from checker.records import COMMON, NEEDED, Cell

OTHER = "?"
"""The column of a part for fields that no kind has: a JSON object of them, where there are any."""

OWN = tuple(name for name in COMMON if name != "contract")
"""The columns that every part has, besides its contract's number and the record's position."""

__all__ = ["COMMON", "NEEDED", "OTHER", "OWN", "Cell", "decoded", "encoded"]

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
