"""The tables of a made-up portfolio: rows as text first, then files that are whole."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import duckdb

from checker.dates import iso
from checker.model import Kind, Value
from checker.money import percent, plain, ratio

PORTFOLIO, FACTS = "portfolio", "facts"
FORMATS = ("parquet", "csv")

_COMMON = {
    "contract": "text", "id": "text", "date": "date", "kind": "text", "recorded": "date",
}  # fmt: skip
_STORED = {"money": "DECIMAL(18,2)", "date": "DATE", "boolean": "BOOLEAN", "number": "BIGINT"}
"""How values are stored by their types; what is not among them is text, as people write it."""

_TEXTS: Mapping[str, Callable[[int], str]] = {
    "money": plain,
    "rate": percent,
    "ratio": ratio,
    "date": lru_cache(65536)(iso),
    "number": str,
}


class Columns:
    """The columns of the table of facts: what every record has, and the fields of these kinds."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.types = dict(_COMMON)
        self._texts: dict[str, dict[str, tuple[int, Callable[[int], str] | None]]] = {}
        kinds = list(kinds)
        for kind in kinds:
            for field in kind.fields.values():
                known = self.types.setdefault(field.name, field.type)
                if known != field.type:  # one column, two meanings: as text, it holds both
                    self.types[field.name] = "text"
        self.at = {name: number for number, name in enumerate(self.types)}
        for kind in kinds:
            texts = self._texts.setdefault(kind.name, {})
            for field in kind.fields.values():
                texts[field.name] = (self.at[field.name], _TEXTS.get(field.type))

    def row(
        self,
        contract: str,
        id_: str,
        day: int,
        kind: str,
        recorded: int,
        values: Mapping[str, Value],
    ) -> list[str]:
        """A record as the cells of the table."""
        shown = _TEXTS["date"]
        row = [contract, id_, shown(day), kind, "" if recorded == day else shown(recorded)]
        row += [""] * (len(self.at) - len(row))
        texts = self._texts[kind]
        for name, value in values.items():  # a correction holds fields of the record it corrects
            at, text = texts.get(name) or (self.at[name], _TEXTS.get(self.types[name]))
            if isinstance(value, bool):
                row[at] = "true" if value else "false"
            else:
                row[at] = text(value) if text is not None and isinstance(value, int) else str(value)
        return row


def write_rows(path: Path, rows: Iterable[Sequence[str]]) -> int:
    """Writes rows as CSV without a header; gives their number."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def write_table(
    parts: Sequence[Path], types: Mapping[str, str], target: Path, format_: str
) -> None:
    """The rows of the parts, in their order, as one file; a blank cell is an absent value.

    One thread writes, so that the same rows give the same bytes.
    """
    columns = ", ".join(f"{_name(name)}: 'VARCHAR'" for name in types)
    stored = {name: _STORED.get(type_, "VARCHAR") for name, type_ in types.items()}
    if format_ == "csv":
        stored = dict.fromkeys(types, "VARCHAR")
    chosen = ", ".join(f'CAST("{name}" AS {type_}) AS "{name}"' for name, type_ in stored.items())
    options = "FORMAT csv, HEADER" if format_ == "csv" else "FORMAT parquet, COMPRESSION zstd"
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.execute(
            f"COPY (SELECT {chosen} FROM read_csv(?, header = false, delim = ',', quote = '\"', "
            f"escape = '\"', auto_detect = false, nullstr = '', columns = {{{columns}}})) "
            f"TO '{_quoted(target)}' ({options})",
            [[str(part) for part in parts]],
        )


def _name(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
