"""The portfolio: which contracts there are, by which pack, with which terms of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from checker.batch.columns import Columns
from checker.batch.tables import read_query, read_workbook, rows_as_records, text_of
from checker.loader import load_pack
from checker.model import Place, Problem, WrongInput, did_you_mean
from checker.pack import Pack
from checker.records import MAX_PROBLEMS, Record, parse_record, read_table, shown
from checker.source import Source, read_source, render

NEEDED = ("contract", "pack")
TERM = "term."
MAX_ERRORS = 100
"""How many errors of one contract are kept; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Contract:
    """One contract: its pack by the portfolio's word, and its own terms as written.

    `errors` are what is wrong with its row, each as it is shown; with any it is not evaluated.
    """

    name: str
    pack: str
    terms: Mapping[str, str]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Portfolio:
    """The contracts in the order of their names, and their packs by the portfolio's word."""

    contracts: tuple[Contract, ...]
    packs: Mapping[str, Pack]
    rows: Mapping[str, Record]  # where each contract stands


def read_portfolio(path: str, packs: Path, columns: Columns) -> Portfolio:
    """The portfolio at `path`: a table, a workbook, or a query; `packs` is where packs are kept.

    WrongInput where the table cannot be read, a contract stands twice, a pack does not load, or
    no row can be evaluated. What is wrong in one row otherwise is that contract's own.
    """
    problems: list[Problem] = []
    records = _records(path, columns, problems)
    words = {str(word) for record in records if (word := record.cells.get("pack"))}
    loaded = _packs(sorted(words), packs, columns, problems)
    named = _named(records, path, problems)
    if problems:
        raise WrongInput(problems)
    judge = _Judge(loaded, packs)
    contracts = [judge.contract(name, named[name]) for name in sorted(named)]
    if not any(not contract.errors for contract in contracts):
        raise WrongInput(judge.problems)
    return Portfolio(tuple(contracts), {word: pack for word, pack in loaded.items() if pack}, named)


def _named(records: Iterable[Record], path: str, problems: list[Problem]) -> dict[str, Record]:
    """The rows by their contracts; a contract that stands twice is a problem."""
    named: dict[str, Record] = {}
    for record in records:
        name = record.cells.get("contract")
        if not isinstance(name, str):
            problems.append(Problem(record.value("contract"), "the row names no contract"))
        elif len(name) > 200 or not name.isprintable():
            message = "the name of a contract is printable, of at most 200 characters"
            problems.append(Problem(record.value("contract"), message))
        elif name in named:
            first = named[name].value("contract")
            message = f"the contract {shown(name)} stands twice"
            problems.append(Problem(record.value("contract"), message, f"first at {first}"))
        else:
            named[name] = record
        if len(problems) >= MAX_PROBLEMS:
            break
    if not named and not problems:
        problems.append(Problem(Place(path, 1, 1), "the portfolio holds no contracts"))
    return named


def _packs(
    words: Iterable[str], folder: Path, columns: Columns, problems: list[Problem]
) -> dict[str, Pack | None]:
    """The packs that the portfolio names, loaded; None for a word that names none."""
    loaded: dict[str, Pack | None] = {}
    by_path: dict[Path, Pack] = {}
    for word in words:
        path = _folder(columns.packs.get(word, word), folder)
        if path is not None and path not in by_path:
            try:
                by_path[path] = load_pack(path)
            except WrongInput as error:
                problems += error.problems
                continue
        loaded[word] = None if path is None else by_path[path]
    return loaded


def _folder(word: str, packs: Path) -> Path | None:
    """The pack's folder: a path as it stands, or a name among the packs."""
    for path in (packs / word, Path(word)):
        if (path / "contract.yaml").is_file():
            return path
    return None


class _Judge:
    """Reads rows as contracts, and says what is wrong with each."""

    def __init__(self, packs: Mapping[str, Pack | None], folder: Path) -> None:
        self.packs, self.folder = packs, folder
        self.problems: list[Problem] = []

    def contract(self, name: str, record: Record) -> Contract:
        """The contract of a row, with its errors."""
        word = record.cells.get("pack")
        pack = self.packs.get(str(word)) if isinstance(word, str) else None
        terms = {
            column.removeprefix(TERM): cell if isinstance(cell, str) else str(cell).lower()
            for column, cell in record.cells.items()
            if column.startswith(TERM)
        }
        if pack is None:
            problems = [self._no_pack(record, word)]
        else:
            problems = [*self._terms(record, pack, terms)]
        self.problems += problems[: max(0, MAX_PROBLEMS - len(self.problems))]
        errors = tuple(render(problem) for problem in problems[:MAX_ERRORS])
        return Contract(name, str(word or ""), terms, errors)

    def _no_pack(self, record: Record, word: object) -> Problem:
        place = record.value("pack")
        if word is None:
            return Problem(place, "the row names no pack")
        known = [path.parent.name for path in sorted(self.folder.glob("*/contract.yaml"))]
        hint = did_you_mean(str(word), known) or f"packs are looked for in {self.folder}"
        return Problem(place, f"there is no pack {shown(word)}", hint)

    def _terms(self, record: Record, pack: Pack, terms: Mapping[str, str]) -> Iterable[Problem]:
        for name, text in terms.items():
            column = TERM + name
            if name not in pack.terms:
                message = f"'{pack.name}' has no term '{name}'"
                yield Problem(record.value(column), message, did_you_mean(name, pack.terms))
                continue
            try:
                pack.terms[name].parse(text, pack.currency)
            except ValueError as error:
                yield Problem(record.value(column), f"{name} {shown(text)}: {error}")


# Reading -----------------------------------------------------------------------------------------


def _records(path: str, columns: Columns, problems: list[Problem]) -> list[Record]:
    """The rows with their cells by our names."""
    if path.startswith(("sqlite:", "postgresql:", "postgres:")):
        found = _judged(path, *read_query(path, problems), columns, problems)
    else:
        suffix = Path(path).suffix.lower()
        if suffix not in _READERS:
            if not Path(path).exists():
                raise WrongInput([Problem(Place(path, 1, 1), "there is no such file")])
            known = ", ".join([*_READERS, "sqlite:FILE?query=…"])
            message = f"a portfolio is not read from {suffix or 'files without a suffix'}"
            raise WrongInput([Problem(Place(path, 1, 1), message, f"known: {known}")])
        found = _READERS[suffix](path, columns, problems)
    names = columns.portfolio
    if not names.columns and not names.ignored:
        return found
    return [
        Record(
            {of: cell for column, cell in record.cells.items() if (of := names.of(column))},
            record.place,
            partial(_find_by_name, names.column, record),
        )
        for record in found
    ]


def _find_by_name(column: object, record: Record, _place: Place, name: str, key: bool) -> Place:
    assert callable(column)
    return record.key(column(name)) if key else record.value(column(name))


def _fits(column: str, columns: Columns) -> bool:
    names = columns.portfolio
    of = names.of(column)
    return column in names.ignored or of in NEEDED or of.startswith(TERM)


def _judged(
    path: str, header: list[str], found: list[Record], columns: Columns, problems: list[Problem]
) -> list[Record]:
    """The rows of a table without text, whose columns are judged by their names."""
    place = Place(path, 1, 1)
    for name in header:
        if name and not _fits(name, columns):
            known = columns.portfolio.known([*NEEDED])
            hint = did_you_mean(name, known) or "a term's column is term.<name>"
            problems.append(Problem(place, f"unknown column {shown(name)}", hint))
    problems += [
        Problem(place, f"the table lacks the column '{name}'")
        for name in map(columns.portfolio.column, NEEDED)
        if name not in header
    ]
    return found


def _csv(path: str, columns: Columns, problems: list[Problem]) -> list[Record]:
    source = read_source(Path(path), path)
    header = next((line for line in source.lines() if line.strip()), "")
    terms = [word for each in header.split(",") if _fits(word := each.strip(' "'), columns)]
    needed = [columns.portfolio.column(name) for name in NEEDED]
    records, wrong = read_table(source, {*columns.portfolio.known(NEEDED), *terms}, needed)
    problems += wrong
    return records


def _lines(path: str, columns: Columns, problems: list[Problem]) -> list[Record]:
    source: Source = read_source(Path(path), path)
    records = []
    for number, line in enumerate(source.lines(), 1):
        if not line or line.isspace():
            continue
        try:
            record = parse_record(line, path, number)
        except WrongInput as error:
            problems += error.problems
            continue
        records.append(record)
        problems += [
            Problem(record.key(name), f"unknown field {shown(name)}")
            for name in record.cells
            if not _fits(name, columns)
        ]
        if len(problems) >= MAX_PROBLEMS:
            break
    return records


def _parquet(path: str, columns: Columns, problems: list[Problem]) -> list[Record]:
    import pyarrow.lib  # noqa: PLC0415  # loaded where a table is read
    import pyarrow.parquet  # noqa: PLC0415  # likewise

    try:
        table = pyarrow.parquet.read_table(path)
    except (OSError, pyarrow.lib.ArrowException) as error:
        raise WrongInput([Problem(Place(path, 1, 1), f"cannot be read: {error}")]) from error
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    found = rows_as_records(path, table.column_names, rows, 1, text_of, problems)
    return _judged(path, table.column_names, list(found), columns, problems)


def _workbook(path: str, columns: Columns, problems: list[Problem]) -> list[Record]:
    header, records = read_workbook(path, problems)
    return _judged(path, header, records, columns, problems)


_READERS = {
    ".csv": _csv,
    ".jsonl": _lines,
    ".ndjson": _lines,
    ".parquet": _parquet,
    ".xlsx": _workbook,
    ".xls": _workbook,
    ".ods": _workbook,
}
