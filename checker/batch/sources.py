"""Files of facts of any size: judged whole, told to DuckDB as rows of text, and found again."""

from __future__ import annotations

import csv
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from checker.batch.cells import COMMON, NEEDED, OTHER, Cell, encoded
from checker.batch.columns import Columns, Names
from checker.batch.tables import read_workbook
from checker.model import Place, Problem, WrongInput, did_you_mean
from checker.records import (
    MAX_PROBLEMS,
    parse_record,
    read_table,
    row_places,
    shown,
)
from checker.source import decode, read_source

BLOCK = 1 << 18
LONGEST = 131_000
"""The longest line that DuckDB reads for us: Python's reader of CSV takes no longer cell."""

STRIPPED = "".join(
    map(chr, (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B),
              0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)  # fmt: skip
"""What `str.strip` takes off."""

ROWS_AT_ONCE = 50_000


def text(word: str) -> str:
    """A word as SQL writes it."""
    return "'" + word.replace("'", "''") + "'"


def name(word: str) -> str:
    """A column's name as SQL writes it."""
    return '"' + word.replace('"', '""') + '"'


@dataclass
class Input:
    """One file of facts: what it is, and its rows for DuckDB.

    `rows` is SQL that gives every column as text and `row`, the row's number: its line less one
    where the file has lines. `marks` are places in the file at which a line begins, for finding
    one again: (line, offset in bytes).
    """

    number: int
    path: str
    suffix: str
    sha256: str
    columns: list[str] = field(default_factory=list)
    rows: str = ""
    marks: list[tuple[int, int]] = field(default_factory=list)
    decimals: frozenset[str] = frozenset()


def files(patterns: Sequence[str]) -> list[str]:
    """The files that the patterns name, each pattern's in the order of their names."""
    found: list[str] = []
    problems: list[Problem] = []
    for pattern in patterns:
        names = [pattern]
        if has_magic(pattern) and not Path(pattern).exists():
            names = sorted(glob(pattern, recursive=True))  # noqa: PTH207  # a pattern has no folder
        if not names:
            problems.append(Problem(Place(pattern, 1, 1), "no file has such a name"))
        for each in names:
            if each in found:
                problems.append(Problem(Place(each, 1, 1), "the file is given twice"))
            elif Path(each).suffix.lower() not in READERS:
                suffix = Path(each).suffix or "files without a suffix"
                message, hint = f"facts are not read from {suffix}", f"known: {', '.join(READERS)}"
                problems.append(Problem(Place(each, 1, 1), message, hint))
            elif not Path(each).is_file():
                problems.append(Problem(Place(each, 1, 1), "there is no such file"))
            found.append(each)
    if problems:
        raise WrongInput(problems)
    return found


@dataclass(frozen=True)
class Reading:
    """How files of facts are read: what columns may hold, by whose names, and where rows wait."""

    fields: frozenset[str]  # of all kinds of all packs
    columns: Columns
    folder: Path  # for rows of files that Python reads

    @property
    def names(self) -> Names:
        """What columns are called."""
        return self.columns.facts

    def header(self, names: Sequence[str], place: Place) -> list[Problem]:
        """What is wrong with the columns of a table without text."""
        known = self.names.known({*COMMON, *self.fields})
        problems = [
            Problem(place, f"unknown column {shown(each)}", did_you_mean(each, known))
            for each in names
            if each not in known
        ]
        return problems + [
            Problem(place, f"the table lacks the column '{each}'")
            for each in map(self.names.column, NEEDED)
            if each not in names
        ]


def opened(number: int, path: str, reading: Reading) -> Input:
    """A file, judged as a whole; WrongInput where its rows cannot be told apart."""
    return READERS[Path(path).suffix.lower()](number, path, reading)


# CSV ---------------------------------------------------------------------------------------------


@dataclass
class _Scan:
    """One walk over a text file: its hash, where lines begin, and whether it is plainly CSV.

    Plain is what DuckDB and Python's reader take alike, so that each line is one row: no blank
    line within, no carriage return but before a line's end, quotes about whole cells only.
    """

    sha256: str
    marks: list[tuple[int, int]]
    plain: bool


def _scan(path: str) -> _Scan:
    digest, marks, plain = hashlib.sha256(), list[tuple[int, int]](), True
    line, offset, ended = 1, 0, False
    for block in _blocks(path):
        digest.update(block)
        marks.append((line, offset))
        body = block.rstrip(b"\r\n") if ended or block.endswith((b"\n\n", b"\r\n\r\n")) else block
        plain = plain and not (ended and body) and _plain(body)
        ended = ended or len(body) < len(block)
        line, offset = line + block.count(b"\n"), offset + len(block)
    return _Scan(digest.hexdigest(), marks, plain)


def _blocks(path: str) -> Iterator[bytes]:
    """The file in blocks of whole lines."""
    with Path(path).open("rb") as file:
        while block := file.read(BLOCK):
            yield block if block.endswith(b"\n") else block + file.readline()


def _plain(block: bytes) -> bool:
    if b"\0" in block or b"\n\n" in block or block.startswith((b"\n", b"\r")):
        return False
    if b"\r" in block and (
        block.count(b"\r") != block.count(b"\r\n") + block.endswith(b"\r") or b"\n\r" in block
    ):
        return False
    if max(map(len, block.split(b"\n"))) > LONGEST:
        return False
    return b'"' not in block or _plainly_quoted(block)


def _plainly_quoted(block: bytes) -> bool:
    """Whether every quote is about a whole cell of one line, or doubled within one."""
    pieces = block.split(b'"')  # by turns outside and inside of quotes
    if len(pieces) % 2 == 0 or any(b"\n" in piece for piece in pieces[1::2]):
        return False
    outside = pieces[::2]
    return all(not piece or piece[:1] in b",\r\n" for piece in outside[1:]) and all(
        not piece or piece[-1:] in b",\n" for piece in outside[:-1]
    )


def _csv(number: int, path: str, reading: Reading) -> Input:
    scan = _scan(path)
    made = Input(number, path, ".csv", scan.sha256, marks=scan.marks)
    if not scan.plain:
        return by_python(made, reading)
    header = next(_blocks(path)).partition(b"\n")[0]
    source = decode(header, path)
    known = reading.names.known({*COMMON, *reading.fields})
    needed = list(map(reading.names.column, NEEDED))
    _records, problems = read_table(source, known, needed)
    if problems:
        raise WrongInput(problems)
    made.columns = _cells_of(source.text)
    types = ", ".join(f"{text(f'c{at}')}: 'VARCHAR'" for at in range(len(made.columns)))
    chosen = ", ".join(f"c{at} AS {name(each)}" for at, each in enumerate(made.columns))
    options = "header=true, delim=',', quote='\"', escape='\"', auto_detect=false"
    quoted = "parallel=false, " if any(b'"' in block for block in _blocks(path)) else ""
    made.rows = (
        f"SELECT {chosen}, row_number() OVER () AS row FROM read_csv({text(path)}, "
        f"columns={{{types}}}, {options}, {quoted}null_padding=true, strict_mode=true)"
    )
    return made


def _cells_of(row: str) -> list[str]:
    """The cells of a header that was found right."""
    return [cell.strip() for cell in next(csv.reader([row], skipinitialspace=True))]


def by_python(made: Input, reading: Reading) -> Input:
    """The same file read row by row, exactly as `check` reads it, and kept in columns."""
    source = read_source(Path(made.path), made.path)
    known = reading.names.known({*COMMON, *reading.fields})
    needed = list(map(reading.names.column, NEEDED))
    records, problems = read_table(source, known, needed)
    if problems:
        raise WrongInput(problems)
    made.columns = sorted(known)
    rows = ((record.place.line - 1, record.cells) for record in records)
    return _kept(made, rows, reading)


# JSON lines --------------------------------------------------------------------------------------


def _jsonl(number: int, path: str, reading: Reading) -> Input:
    digest, marks = hashlib.sha256(), list[tuple[int, int]]()
    line, offset = 1, 0
    for block in _blocks(path):
        digest.update(block)
        marks.append((line, offset))
        line, offset = line + block.count(b"\n"), offset + len(block)
    made = Input(number, path, ".jsonl", digest.hexdigest(), marks=marks)
    made.columns = sorted(reading.names.known({*COMMON, *reading.fields}) - reading.names.ignored)
    return _kept(made, _lines_of(path, reading), reading)


def _lines_of(path: str, reading: Reading) -> Iterator[tuple[int, Mapping[str, Cell]]]:
    problems: list[Problem] = []
    number, ignored = 0, reading.names.ignored
    for block in _blocks(path):
        lines = _decoded(block, path, number).split("\n")
        for at, line in enumerate(lines):
            if not line or line.isspace():
                continue
            try:
                cells = parse_record(line, path, number + at + 1).cells
            except WrongInput as error:
                problems += error.problems
                if len(problems) >= MAX_PROBLEMS:
                    raise WrongInput(problems) from error
                continue
            if ignored:
                cells = {key: cell for key, cell in cells.items() if key not in ignored}
            yield number + at, cells
        number += len(lines) - 1
    if problems:
        raise WrongInput(problems)


def _decoded(block: bytes, path: str, before: int) -> str:
    """The block as text; what is wrong with it is told with its place in the whole file."""
    if before:
        block = b"\n" + block  # a mark of the order of bytes stands at the file's beginning only
    try:
        return decode(block, path).text[1 if before else 0 :]
    except WrongInput as error:
        raise WrongInput(
            [
                Problem(replace(p.place, line=p.place.line + before - bool(before)), p.message)
                for p in error.problems
            ]
        ) from error


# Rows that Python has read -----------------------------------------------------------------------


def _kept(made: Input, rows: Iterable[tuple[int, Mapping[str, Cell]]], reading: Reading) -> Input:
    """Rows put into columns beside the parts, some at a time; fields that no kind has go apart."""
    path = reading.folder / f"rows-{made.number}.parquet"
    columns = made.columns
    schema = pa.schema([(each, pa.string()) for each in (*columns, OTHER)] + [("row", pa.int64())])
    known, there = set(columns), set[str]()
    with pq.ParquetWriter(path, schema, compression="snappy") as writer:
        some: list[tuple[int, Mapping[str, Cell]]] = []
        for row in rows:
            some.append(row)
            there.update(row[1])
            if len(some) >= ROWS_AT_ONCE:
                writer.write_table(_in_columns(some, columns, known, schema))
                some = []
        writer.write_table(_in_columns(some, columns, known, schema))
    made.columns = [each for each in columns if each in there]
    made.columns += [] if there <= known else [OTHER]
    made.rows = f"SELECT * FROM read_parquet({text(str(path))})"
    return made


def _in_columns(
    rows: Sequence[tuple[int, Mapping[str, Cell]]],
    columns: Sequence[str],
    known: set[str],
    schema: Any,
) -> Any:
    made: list[Any] = [
        pa.array([None if (c := cells.get(each)) is None else encoded(c) for _row, cells in rows],
                 pa.string())
        for each in columns
    ]  # fmt: skip
    made.append(pa.array([_others(cells, known) for _row, cells in rows], pa.string()))
    made.append(pa.array([row for row, _cells in rows], pa.int64()))
    return pa.table(made, schema=schema)


def _others(cells: Mapping[str, Cell], known: set[str]) -> str | None:
    if known.issuperset(cells):
        return None
    return json.dumps({key: cell for key, cell in cells.items() if key not in known})


# Tables without text -----------------------------------------------------------------------------


def _workbook(number: int, path: str, reading: Reading) -> Input:
    problems: list[Problem] = []
    made = Input(number, path, ".xlsx", hashlib.sha256(Path(path).read_bytes()).hexdigest())
    header, records = read_workbook(path, problems)
    problems += reading.header([each for each in header if each], Place(path, 1, 1))
    if problems:
        raise WrongInput(problems)
    made.columns = sorted(reading.names.known({*COMMON, *reading.fields}))
    return _kept(made, ((r.place.line - 1, r.cells) for r in records), reading)


def _parquet(number: int, path: str, reading: Reading) -> Input:
    place = Place(path, 1, 1)
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise WrongInput([Problem(place, f"not a Parquet file: {error}")]) from error
    digest = hashlib.sha256()
    for block in iter_file(path):
        digest.update(block)
    made = Input(number, path, ".parquet", digest.hexdigest(), columns=list(schema.names))
    problems = reading.header(made.columns, place)
    units = dict(reading.names.units)
    chosen = []
    for each in schema:
        if each.name in reading.names.ignored:
            continue
        units.setdefault(each.name, _unit(each, schema))
        sql, wrong = _as_text(each, units[each.name])
        chosen.append(f"{sql} AS {name(each.name)}")
        problems += [Problem(place, f"the column '{each.name}' {wrong}")] if wrong else []
    if problems:
        raise WrongInput(problems)
    made.decimals = frozenset(each.name for each in schema if pa.types.is_decimal(each.type))
    made.rows = (
        f"SELECT {', '.join(chosen)}, file_row_number AS row "
        f"FROM read_parquet({text(path)}, file_row_number=true)"
    )
    return made


def iter_file(path: str) -> Iterator[bytes]:
    """The bytes of a file, some at a time."""
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            yield block


def _unit(column: Any, schema: Any) -> str:
    """What a DECIMAL of a rate counts, by the schema: of the column, or of the file."""
    own = (column.metadata or {}).get(b"unit")
    of_file = (schema.metadata or {}).get(f"unit:{column.name}".encode())
    return (own or of_file or b"").decode()


def _as_text(column: Any, unit: str) -> tuple[str, str]:
    """SQL for a column as the text a person would have written, and what is wrong with it."""
    sql, kind = name(column.name), column.type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_decimal(kind):
        return decimal_text(sql, unit, kind.scale), ""
    for fits, written in _WRITTEN.items():
        if fits(kind):
            return written.format(sql), ""
    wrong = next((says for fits, says in _REFUSED.items() if fits(kind)), None)
    return "NULL", wrong or f"is {kind}: write text, DECIMAL, DATE or BOOLEAN"


_MARKED = "CASE WHEN starts_with({0}, chr(0)) THEN chr(0) || {0} ELSE {0} END"
_WRITTEN: Mapping[Callable[[Any], bool], str] = {
    pa.types.is_string: _MARKED,
    pa.types.is_large_string: _MARKED,
    pa.types.is_integer: "CAST({0} AS VARCHAR)",
    pa.types.is_date: "CAST({0} AS VARCHAR)",
    pa.types.is_boolean: "chr(0) || CASE WHEN {0} THEN 'true' WHEN NOT {0} THEN 'false' END",
    pa.types.is_null: "CAST(NULL AS VARCHAR)",
}
"""How columns of a type are written as text, true and false as `cells.encoded` does it."""

_REFUSED: Mapping[Callable[[Any], bool], str] = {
    pa.types.is_floating: "is DOUBLE: binary floats cannot hold cents; write DECIMAL or text",
    pa.types.is_timestamp: "is a TIMESTAMP: facts are dated by the day; write DATE or text",
}


# What a bare rate is multiplied by to count percent.
_FACTOR = {"percent": "1", "fraction": "100", "basis-points": "CAST(0.01 AS DECIMAL(3, 2))"}


def decimal_text(sql: str, unit: str, scale: int) -> str:
    """SQL for a decimal as text, without the zeros that only its type gave it; a rate with `%`."""
    if unit in _FACTOR:
        sql = sql if unit == "percent" else f"{sql} * {_FACTOR[unit]}"
        scale = 10
    written = f"CAST({sql} AS VARCHAR)"
    written = f"rtrim(rtrim({written}, '0'), '.')" if scale > 2 else written
    return f"{written} || '%'" if unit in _FACTOR else written


READERS = {
    ".csv": _csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
    ".xlsx": _workbook,
    ".xls": _workbook,
    ".ods": _workbook,
}
"""The formats of facts by the suffix of the file's name."""


# Rows found again --------------------------------------------------------------------------------


class Finder:
    """Finds rows of text files again, to say exactly where something in them stands."""

    def __init__(self, inputs: Sequence[Input], columns: Columns) -> None:
        self.inputs, self.columns = inputs, columns
        self._kept: dict[tuple[int, int], tuple[str, Place]] = {}

    def place(self, file: int, row: int, field_: str, key: bool) -> Place:
        """Where the field (its name, with `key`) of a row stands, or the row itself."""
        made = self.inputs[file]
        line = row + 1
        column = self.columns.facts.column(field_) if field_ else ""
        if made.suffix == ".csv":
            written = self._row(made, line)
            places = row_places(written, made.path, line)
            if column in (header := self._header(made)):
                at = header.index(column)
                return places[at] if at < len(places) else places[0]
            return Place(made.path, line, 1, written.split("\n")[0])
        found = parse_record(self._row(made, line), made.path, line)
        if not column:
            return found.place
        return found.key(column) if key else found.value(column)

    def _header(self, made: Input) -> list[str]:
        block = next(_blocks(made.path)).decode("utf-8-sig", "replace").replace("\r\n", "\n")
        first = next(line for line in block.split("\n") if line.strip())
        return _cells_of(first)

    def _row(self, made: Input, line: int) -> str:
        """The text of the row that begins on a line."""
        at = bisect_right(made.marks, (line, 1 << 62)) - 1
        first, offset = made.marks[at]
        with Path(made.path).open("rb") as file:
            file.seek(offset)
            for _ in range(line - first):
                file.readline()
            data = file.readline()
            while data.count(b'"') % 2 and made.suffix == ".csv" and (more := file.readline()):
                data += more
        return data.decode("utf-8-sig", "replace").replace("\r\n", "\n").rstrip("\n")
