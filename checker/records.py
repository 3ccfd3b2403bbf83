"""Reads files of facts into raw records, every cell with its place; what they mean is not known."""

from __future__ import annotations

import csv
import io
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate, islice
from typing import Any

from checker.model import Place, Problem, WrongInput, did_you_mean
from checker.source import MAX_LINE, Document, Path_, Source, load_yaml

Cell = str | bool
"""Text as written, numbers too; true and false where the format has them."""

MAX_PROBLEMS = 1000
NEEDED = ("id", "date", "kind")
COMMON = (*NEEDED, "contract", "recorded", "source")
"""The fields that a record of any kind has."""


@dataclass(slots=True)
class Record:
    """One record: the cells that are present, without surrounding blanks, and where it begins."""

    cells: dict[str, Cell]
    place: Place
    find: Callable[[Place, str, bool], Place]  # reads the record again: only errors need columns

    def value(self, name: str) -> Place:
        """Where the value of that field stands, or else the record."""
        return self.find(self.place, name, False)

    def key(self, name: str) -> Place:
        """Where the name of that field stands (in a table: its cell)."""
        return self.find(self.place, name, True)


Found = tuple[list[Record], list[Problem]]


def read_records(source: Source, suffix: str, fields: Collection[str]) -> Found:
    """The records of one file, and its problems; `fields` are all that a column may name."""
    records, problems = READERS[suffix](source, fields)
    if not records and not problems:
        empty = "is empty" if not source.text.strip() else "holds no facts"
        problems.append(Problem(source.place(1), f"the file {empty}"))
    return records, problems


def shown(raw: object) -> str:
    """The found words as a message quotes them: short, and safe for a terminal."""
    text = str(raw).lower() if isinstance(raw, bool) else str(raw)
    text = text if len(text) <= 60 else text[:60] + "…"
    return "'" + "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text) + "'"


# CSV ---------------------------------------------------------------------------------------------

_CSV_CELL = re.compile(r' *(?:(?P<quoted>"(?:[^"]++|"")*+")|(?P<open>")|[^,\n]*)(?P<end>,|\n|\Z)?')


class _Table:
    """A CSV file: its columns, its rows, and on demand the place of one cell."""

    def __init__(
        self,
        source: Source,
        fields: Collection[str],
        needed: Sequence[str] = NEEDED,
        common: Sequence[str] = COMMON,
    ) -> None:
        self.source, self.needed, self.common = source, needed, common
        self.lines = source.lines()
        self.reader = csv.reader(
            io.StringIO(source.text, newline="\n"), strict=True, skipinitialspace=True
        )
        self.problems: list[Problem] = []
        self.columns: list[str] = []
        self.header = 1
        rows = self._rows()
        self.records = list(self._records(rows)) if self._read_header(rows, fields) else []

    def _wrong(self, place: Place, message: str, hint: str = "") -> None:
        self.problems.append(Problem(place, message, hint))

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row that is not blank, with its first line."""
        while len(self.problems) < MAX_PROBLEMS:
            line = self.reader.line_num + 1
            try:
                row = next(self.reader)
            except StopIteration:
                return
            except csv.Error as error:
                if self._broken(line, str(error)):
                    return
                continue
            if row:
                yield line, row

    def _broken(self, line: int, reason: str) -> bool:
        """Tells what is wrong with the row that begins on `line`; true where no row can follow."""
        for found in self._cells(line):
            begin = found.end() if found["end"] is None and found["quoted"] else _begin(found)
            place = self._place(begin)
            if found["open"]:
                self._wrong(place, "the quote that opens here is never closed")
                return True
            if found["end"] is None:
                message = "after a quoted cell comes a comma: double the quotes that belong to it"
                self._wrong(place, message)
                return False
            if found.end() - found.start() > csv.field_size_limit():
                self._wrong(place, "the cell is too long: is a quote left open?")
                return True
            if not found["quoted"] and (bare := found.group().find("\r")) >= 0:
                self._wrong(self._place(found.start() + bare), "a carriage return stands here")
                return False
        self._wrong(self.source.place(line), f"not CSV: {reason}")
        return False

    def _read_header(self, rows: Iterator[tuple[int, list[str]]], fields: Collection[str]) -> bool:
        self.header, names = next(rows, (1, []))
        if not names:
            return False
        names = [name.strip() for name in names]
        places = [self._place(_begin(found)) for found in self._cells(self.header)]
        known = {*self.common, *fields}
        for number, (name, place) in enumerate(zip(names, places, strict=False)):
            if not name:
                self._wrong(place, f"column {number + 1} has no name")
            elif name in names[:number]:
                self._wrong(place, f"the column {shown(name)} stands twice")
            elif name not in known:
                self._wrong(place, f"unknown column {shown(name)}", did_you_mean(name, known))
            if len(self.problems) >= MAX_PROBLEMS:
                break
        self.columns = [name if name in known else "" for name in names]
        missing = [name for name in self.needed if name not in names]
        if missing:
            message = f"the header lacks the column '{missing[0]}'"
            if len(missing) == len(self.needed):
                expected = ", ".join(self.needed)
                message = f"the first line is not a header: it names {expected} and the fields"
            self._wrong(self.source.place(self.header), message)
        return not missing

    def _records(self, rows: Iterable[tuple[int, list[str]]]) -> Iterator[Record]:
        columns, width, find = self.columns, len(self.columns), self._find
        name, lines = self.source.name, self.lines
        for line, row in rows:
            cells: dict[str, Cell] = {
                column: word
                for column, cell in zip(columns, row, strict=False)
                if (word := cell.strip()) and column
            }
            if len(row) > width:
                extra = next(islice(self._cells(line), width, None))
                place = self._place(_begin(extra))
                self._wrong(place, f"the row has {len(row)} cells, the header has {width}")
            elif cells:
                yield Record(cells, Place(name, line, 1, lines[line - 1]), find)

    @cached_property
    def _starts(self) -> list[int]:
        return _line_starts(self.lines)

    def _place(self, index: int) -> Place:
        line = bisect_right(self._starts, index)
        column = index - self._starts[line - 1] + 1
        return Place(self.source.name, line, column, self.lines[line - 1])

    def _cells(self, line: int) -> Iterator[re.Match[str]]:
        """The cells of the row that begins on `line`, up to the first that is not well formed."""
        index, end = self._starts[line - 1], ","
        while end == ",":
            found = _CSV_CELL.match(self.source.text, index)
            assert found is not None  # the pattern can match nothing
            yield found
            index, end = found.end(), found["end"]

    def _spots(self, line: int) -> list[Place]:
        return [self._place(_begin(found)) for found in self._cells(line)]

    def _find(self, place: Place, name: str, _key: bool) -> Place:
        if name not in self.columns:
            return place
        spots = self._spots(place.line)
        column = self.columns.index(name)
        return spots[column] if column < len(spots) else place


def _line_starts(lines: Iterable[str]) -> list[int]:
    return list(accumulate((len(line) + 1 for line in lines), initial=0))


def _begin(found: re.Match[str]) -> int:
    """Where the cell begins behind the blanks before it."""
    blanks = len(found.group()) - len(found.group().lstrip(" \t"))
    return found.start() + blanks


def read_table(source: Source, columns: Collection[str], needed: Sequence[str]) -> Found:
    """The rows of a CSV file of another kind than facts: `columns` are all that it may have."""
    table = _Table(source, columns, needed, ())
    return table.records, table.problems


def row_places(text: str, name: str, line: int) -> list[Place]:
    """Where the cells of a well-formed row begin, given the row alone and its first line."""
    lines = text.split("\n")
    starts, places = _line_starts(lines), []
    index, end = 0, ","
    while end == ",":
        found = _CSV_CELL.match(text, index)
        assert found is not None  # the pattern can match nothing
        begin = _begin(found)
        row = bisect_right(starts, begin)
        places.append(Place(name, line + row - 1, begin - starts[row - 1] + 1, lines[row - 1]))
        index, end = found.end(), found["end"]
    return places


def _read_csv(source: Source, fields: Collection[str]) -> Found:
    table = _Table(source, fields)
    return table.records, table.problems


# JSON --------------------------------------------------------------------------------------------

_BLANK = re.compile(r"[ \t\n\r]*")
_STRING = r'"([^"\\\x00-\x1f]*)"'
_PLAIN = r"[-+.\w]+"
_PAIR = re.compile(
    rf"[ \t\n\r]*{_STRING}[ \t\n\r]*:[ \t\n\r]*(?:{_STRING}|({_PLAIN}))[ \t\n\r]*([,}}])", re.ASCII
)
_WORD = re.compile(_PLAIN, re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_text_of = json.JSONDecoder(strict=True).raw_decode  # only ever called where a string begins


class _NotJsonError(Exception):
    """Where in the text a record ceases to be a flat JSON object, and why."""

    def __init__(self, index: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.index, self.message, self.hint = index, message, hint


def _object(
    text: str, at: int, spots: dict[str, tuple[int, int]] | None = None
) -> tuple[dict[str, Cell], int]:
    """The flat object that opens at `at`, and the index behind it.

    A record holds single values, so nothing here recurses, whatever is nested. Numbers are kept
    as written. `spots` receives where the key and the value of each field begin.
    """
    pairs: dict[str, Cell | None] = {}
    at = _skip(text, at + 1)
    end = "}" if text.startswith("}", at) else ","
    at += end == "}"
    while end == ",":
        found = _PAIR.match(text, at)
        if found is None:
            key, value, where, at, end = _careful_pair(text, at)
        else:
            key, string, plain, end = found.groups()
            value = string if plain is None else _plain(plain, found.start(3))
            where = (found.start(1) - 1, found.start(3) if plain else found.start(2) - 1)
            at = found.end()
        if key in pairs:
            raise _NotJsonError(where[0], f"the field {shown(key)} stands twice")
        if spots is not None:
            spots[key] = where
        pairs[key] = value
    cells: dict[str, Cell] = {}
    for key, value in pairs.items():
        cell = value.strip() if isinstance(value, str) else value
        if cell is not None and cell != "":
            cells[key] = cell
    return cells, at


def _skip(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _plain(word: str, at: int) -> str | bool | None:
    if word in _WORDS:
        return _WORDS[word]
    if not _NUMBER.fullmatch(word):
        raise _NotJsonError(at, f"{shown(word)} is not a JSON value")
    return word


def _careful_pair(text: str, at: int) -> tuple[str, Cell | None, tuple[int, int], int, str]:
    """One pair with escapes in it, or with the fault that this finds."""
    begin = _skip(text, at)
    key, at = _string(text, begin, "a field's name in double quotes is expected")
    at = _skip(text, at)
    if not text.startswith(":", at):
        raise _NotJsonError(at, "a colon is expected")
    at = _skip(text, at + 1)
    where, value = (begin, at), None
    if text.startswith(("[", "{"), at):
        raise _NotJsonError(at, f"{shown(key)} holds more than a single value")
    word = _WORD.match(text, at)
    if word:
        value, at = _plain(word.group(), at), word.end()
    else:
        value, at = _string(text, at, "a value is expected")
    at = _skip(text, at)
    if not text.startswith((",", "}"), at):
        raise _NotJsonError(at, "a comma or a closing brace is expected")
    return key, value, where, at + 1, text[at]


def _string(text: str, at: int, expected: str) -> tuple[str, int]:
    if not text.startswith('"', at):
        raise _NotJsonError(at, f"not JSON: {expected}")
    try:
        value, end = _text_of(text, at)
    except json.JSONDecodeError as error:
        raise _NotJsonError(error.pos, f"not JSON: {error.msg.lower()}") from None
    return str(value), end


def parse_record(text: str, name: str, number: int) -> Record:
    """The record on one line of JSON lines, line `number` of `name`; WrongInput gives the place."""
    text = text.rstrip("\r\n")
    if len(text) > MAX_LINE:
        place = Place(name, number, 1, text[:200])
        raise WrongInput([Problem(place, f"the line is longer than {MAX_LINE:,} characters")])
    try:
        begin = _skip(text, 0)
        if not text.startswith("{", begin):
            raise _NotJsonError(begin, "a line is one record: a JSON object in braces")
        cells, end = _object(text, begin)
        end = _skip(text, end)
        if end < len(text):
            raise _NotJsonError(end, "more stands behind the record: one line is one record")
    except _NotJsonError as wrong:
        place = Place(name, number, wrong.index + 1, text)
        raise WrongInput([Problem(place, wrong.message, wrong.hint)]) from None
    return Record(cells, Place(name, number, begin + 1, text), _find_in_line)


def _find_in_line(place: Place, name: str, key: bool) -> Place:
    spots: dict[str, tuple[int, int]] = {}
    _object(place.excerpt, place.column - 1, spots)
    if name not in spots:
        return place
    return Place(place.file, place.line, spots[name][not key] + 1, place.excerpt)


def _read_lines(source: Source, _fields: Collection[str]) -> Found:
    records, problems = [], []
    for number, line in enumerate(source.lines(), 1):
        if line and not line.isspace():
            try:
                records.append(parse_record(line, source.name, number))
            except WrongInput as wrong:
                problems += wrong.problems
                if len(problems) >= MAX_PROBLEMS:
                    break
    return records, problems


class _Array:
    """A JSON file that holds one list of records."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = source.lines()
        self.starts = _line_starts(self.lines)
        self.records: list[Record] = []
        self.problems: list[Problem] = []
        if not source.text.strip():
            return
        try:
            self._read(source.text)
        except _NotJsonError as wrong:  # what follows cannot be told apart: the rest waits
            self.problems.append(Problem(self._place(wrong.index), wrong.message, wrong.hint))

    def _read(self, text: str) -> None:
        at = _skip(text, 0)
        if not text.startswith("[", at):
            raise _NotJsonError(at, "a list of records is expected: [{…}, {…}]")
        at = _skip(text, at + 1)
        more = not text.startswith("]", at)
        while more:
            if not text.startswith("{", at):
                raise _NotJsonError(at, "a record is expected: a JSON object in braces")
            cells, end = _object(text, at)
            self.records.append(Record(cells, self._place(at), self._find))
            at = _skip(text, end)
            more = text.startswith(",", at)
            at = _skip(text, at + 1) if more else at
        if not text.startswith("]", at):
            raise _NotJsonError(at, "a comma or the closing bracket is expected")
        at = _skip(text, at + 1)
        if at < len(text):
            raise _NotJsonError(at, "more stands behind the list")

    def _place(self, index: int) -> Place:
        line = bisect_right(self.starts, index, hi=len(self.lines))
        column = index - self.starts[line - 1] + 1
        return Place(self.source.name, line, column, self.lines[line - 1])

    def _find(self, place: Place, name: str, key: bool) -> Place:
        spots: dict[str, tuple[int, int]] = {}
        _object(self.source.text, self.starts[place.line - 1] + place.column - 1, spots)
        return self._place(spots[name][not key]) if name in spots else place


def _read_json(source: Source, _fields: Collection[str]) -> Found:
    array = _Array(source)
    return array.records, array.problems


# YAML --------------------------------------------------------------------------------------------


def _read_yaml(source: Source, _fields: Collection[str]) -> Found:
    if not source.text.strip():
        return [], []
    try:
        document = load_yaml(source)
    except WrongInput as wrong:
        return [], wrong.problems
    return document_records(document, ())


def document_records(document: Document, path: Path_) -> Found:
    """The records listed at `path` of a YAML document."""
    data: Any = document.data
    for step in path:
        data = data[step]
    if data is None:
        return [], []
    if not isinstance(data, list):
        return [], [Problem(document.place(path), "a list of records is expected: - {id: …}")]
    records: list[Record] = []
    problems: list[Problem] = []
    for number, item in enumerate(data):
        where = (*path, number)
        if not isinstance(item, dict):
            problems.append(Problem(document.place(where), "a record is expected: fields by name"))
            continue
        nested = [name for name, value in item.items() if isinstance(value, list | dict)]
        problems += [
            Problem(document.place((*where, name)), f"{shown(name)} holds more than a single value")
            for name in nested
        ]
        if not nested:
            find = partial(_find_yaml, document, where)
            records.append(Record(_yaml_cells(item), document.place(where), find))
    return records, problems


def _yaml_cells(item: dict[str, Any]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    for name, value in item.items():
        cell = value if isinstance(value, bool) else str("" if value is None else value).strip()
        if cell != "":
            cells[name] = cell
    return cells


def _find_yaml(document: Document, where: Path_, place: Place, name: str, key: bool) -> Place:
    path = (*where, name)
    return (document.keys if key else document.places).get(path, place)


READERS: dict[str, Callable[[Source, Collection[str]], Found]] = {
    ".csv": _read_csv,
    ".jsonl": _read_lines,
    ".ndjson": _read_lines,
    ".json": _read_json,
    ".yaml": _read_yaml,
    ".yml": _read_yaml,
}
"""The formats of facts by the suffix of the file's name."""
