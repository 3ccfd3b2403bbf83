"""Rows of tables that have no text of their own: Parquet, SQLite, Postgres, workbooks."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

from checker.batch.cells import Cell
from checker.model import Place, Problem, WrongInput
from checker.records import Record

_DIGITS = 15
"""What a number in a workbook holds exactly: a binary float of 53 bits."""


def shown_row(cells: Mapping[str, Cell]) -> str:
    """A row as a message shows it: one line, each value after its name."""
    return json.dumps(dict(cells), ensure_ascii=False)


def record(name: str, number: int, cells: Mapping[str, Cell]) -> Record:
    """A row as a record whose places point into the row as it is shown; rows count from 1."""
    return Record(dict(cells), Place(name, number, 1), partial(_find, cells))


def _find(cells: Mapping[str, Cell], place: Place, name: str, key: bool) -> Place:
    excerpt, column = shown_row(cells), 2
    for each, value in cells.items():
        word, text = json.dumps(each, ensure_ascii=False), json.dumps(value, ensure_ascii=False)
        if each == name:
            at = column if key else column + len(word) + 2
            return Place(place.file, place.line, at, excerpt)
        column += len(word) + 2 + len(text) + 2
    return Place(place.file, place.line, 1, excerpt)


class Unfit(ValueError):
    """A value that cannot stand for what a person wrote."""


def text_of(value: object) -> Cell | None:
    """A value of a database as the text that a person would have written; None: it is absent.

    Unfit for binary floats, which cannot hold cents exactly, and for what is no single value.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, Decimal):
        return _trimmed(format(value, "f"))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        raise Unfit("a binary float cannot hold an amount exactly: cast it to text or DECIMAL")
    return _day(value)


def _day(value: object) -> str:
    if isinstance(value, datetime):
        if (value.hour, value.minute, value.second, value.microsecond) != (0, 0, 0, 0):
            raise Unfit("a time of day stands here: a date is expected")
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise Unfit(f"a {type(value).__name__} cannot be read: cast it to text")


def _trimmed(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number


def text_of_workbook(value: object) -> Cell | None:
    """A cell of a workbook as text. Numbers there are floats, exact to 15 digits: beyond, Unfit."""
    if isinstance(value, float) and not isinstance(value, bool):
        if abs(value) >= 10**_DIGITS:
            raise Unfit(f"a number in a workbook is exact to {_DIGITS} digits: write it as text")
        return _trimmed(format(Decimal(format(value, f".{_DIGITS}g")), "f"))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**_DIGITS:
        raise Unfit(f"a number in a workbook is exact to {_DIGITS} digits: write it as text")
    return text_of(value)


def rows_as_records(
    name: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    first: int,
    text: Callable[[object], Cell | None],
    problems: list[Problem],
) -> Iterator[Record]:
    """Rows of values as records, the first of them number `first`; what is unfit is a problem."""
    for number, row in enumerate(rows, first):
        cells: dict[str, Cell] = {}
        wrong: list[tuple[str, str]] = []
        for column, value in zip(columns, row, strict=False):
            try:
                cell = text(value)
            except Unfit as error:
                wrong.append((column, str(error)))
                cell = str(value)
            if cell is not None and column:
                cells[column] = cell
        if cells:
            made = record(name, number, cells)
            problems += [Problem(made.value(column), f"{column}: {why}") for column, why in wrong]
            yield made


# Workbooks ---------------------------------------------------------------------------------------


def read_workbook(path: str, problems: list[Problem]) -> tuple[list[str], list[Record]]:
    """The columns and the rows of the first sheet; its first row names the columns."""
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415  # seldom wanted

    try:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (OSError, CalamineError, IndexError) as error:
        raise WrongInput([Problem(Place(path, 1, 1), f"cannot be read: {error}")]) from error
    if not rows:
        raise WrongInput([Problem(Place(path, 1, 1), "the file is empty")])
    columns = [str(name).strip() for name in rows[0]]
    blanks = (tuple(None if cell == "" else cell for cell in row) for row in rows[1:])
    return columns, list(rows_as_records(path, columns, blanks, 2, text_of_workbook, problems))


# Databases ---------------------------------------------------------------------------------------


def read_query(url: str, problems: list[Problem]) -> tuple[list[str], list[Record]]:
    """The columns and rows of `sqlite:FILE?query=SELECT …` or `postgresql://…?query=SELECT …`."""
    address, _, rest = url.partition("?")
    asked = parse_qs(rest, keep_blank_values=True)
    query = asked.pop("query", [""])[0]
    if not query:
        place = Place(url, 1, 1)
        raise WrongInput([Problem(place, "the query is missing: write …?query=SELECT …")])
    if address.startswith("sqlite:"):
        columns, rows = _sqlite(address.removeprefix("sqlite:"), query)
    else:
        columns, rows = _postgres(address, asked, query)
    name = address.rpartition("@")[2] if "@" in address else address  # no password in messages
    return columns, list(rows_as_records(name, columns, rows, 1, text_of, problems))


Table = tuple[list[str], list[Sequence[object]]]


def _sqlite(file: str, query: str) -> Table:
    path = Path(unquote(file))
    if not path.is_file():
        raise WrongInput([Problem(Place(str(path), 1, 1), "there is no such database")])
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            cursor = database.execute(query)
            return [str(each[0]) for each in cursor.description or ()], cursor.fetchall()
    except sqlite3.Error as error:
        place = Place("query", 1, 1, query)
        raise WrongInput([Problem(place, f"the database refused it: {error}")]) from error


def _postgres(address: str, options: Mapping[str, list[str]], query: str) -> Table:
    try:
        import psycopg  # noqa: PLC0415  # an extra that few install
    except ImportError as error:
        message = "Postgres needs an extra: pip install 'contract-compliance-checker[postgres]'"
        raise WrongInput([Problem(Place("postgresql", 1, 1), message)]) from error
    settings: dict[str, Any] = {name: values[0] for name, values in options.items()}
    try:
        with psycopg.connect(address, **settings) as database:
            database.read_only = True
            cursor = database.execute(query)
            return [each.name for each in cursor.description or ()], cursor.fetchall()
    except psycopg.Error as error:
        place = Place("query", 1, 1, query)
        raise WrongInput([Problem(place, f"the database refused it: {error}")]) from error
