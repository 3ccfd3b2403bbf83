"""One part of a batch evaluated: a pure function of its cells, its pack and the choices."""

from __future__ import annotations

import gc
import hashlib
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from checker import __version__
from checker.batch.cells import FILE_BITS, Cell, kept_rows
from checker.batch.portfolio import MAX_ERRORS, Contract
from checker.batch.results import Rows, Rules
from checker.batch.tables import record
from checker.batch.typist import PackTypist, as_records, renamed, stand, written
from checker.dates import Day
from checker.engines import ENGINES, EnginesDiffer
from checker.evaluate import Engines, Result, evaluate
from checker.facts import contradictions, judged
from checker.language import TermValue
from checker.loader import load_pack
from checker.model import Fact, Place, Problem, Vocabulary, WrongInput
from checker.pack import Pack
from checker.records import Record
from checker.terms import Choices
from checker.timeline import effective

COLLECTED = 100
"""After how many contracts what they left is collected."""

TEXT_FILES = (".csv", ".jsonl")


@dataclass(frozen=True)
class PackFiles:
    """A pack as its files, so that a worker elsewhere needs none of its own."""

    rules: Rules
    folder: str
    files: Mapping[str, bytes]

    @classmethod
    def of(cls, pack: Pack) -> PackFiles:
        """The files of a pack that was loaded."""
        folder = Path(pack.folder)
        files = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in (".yaml", ".txt")
        }
        return cls(Rules(pack.name, pack.currency, pack.sha256), pack.folder, files)

    def load(self) -> Pack:
        """The pack, with the name of the folder that it came from in its messages."""
        with tempfile.TemporaryDirectory() as folder:
            for name, data in self.files.items():
                path = Path(folder, self.rules.pack, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            return replace(load_pack(Path(folder, self.rules.pack)), folder=self.folder)


@dataclass(frozen=True)
class Shared:
    """A record that reaches every contract of a pack: its place in the input, and its cells."""

    position: int
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Asked:
    """What is asked of one pack's contracts: its files, readings and terms, its shared records."""

    pack: PackFiles
    readings: Mapping[str, str]
    terms: Mapping[str, str]
    shared: tuple[Shared, ...]


@dataclass(frozen=True)
class Job:
    """What all parts of a batch have in common.

    `files` are the names and suffixes of the files of facts; `known`, the keys of parts that are
    done already; `packs`, by the portfolio's word.
    """

    as_of: Day
    known_on: Day | None
    engine: str
    packs: Mapping[str, Asked]
    files: tuple[tuple[str, str], ...]
    known: frozenset[str] = frozenset()
    key: str = ""


@dataclass(frozen=True)
class Task:
    """Some contracts of a part: those from `begin` to before `end`.

    `cells` are the part's files, or their bytes; `contracts` all of its contracts, each with its
    number in the portfolio.
    """

    number: int
    pack: str
    cells: tuple[str | bytes, ...]
    contracts: tuple[tuple[int, Contract], ...]
    begin: int
    end: int

    def carried(self) -> Task:
        """The same with its cells in it, for a worker that sees none of our files."""
        cells = (c if isinstance(c, bytes) else Path(c).read_bytes() for c in self.cells)
        return replace(self, cells=tuple(cells))

    def halves(self) -> tuple[Task, Task]:
        """The same in two."""
        middle = (self.begin + self.end) // 2
        return replace(self, end=middle), replace(self, begin=middle)

    def __str__(self) -> str:
        return f"part {self.number}, contracts {self.begin} to {self.end}"


@dataclass
class Done:
    """What came of a task: tables as bytes, or none where all was known already.

    `problems` are of invalid contracts, with places that only the reader of the files can tell;
    `faults` of contracts in which the checker itself failed, with the trace.
    """

    number: int
    begin: int
    end: int
    key: str
    tables: dict[str, bytes] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    facts: int = 0


# Places ------------------------------------------------------------------------------------------

MARK = "\0"
"""Stands around a place that is told later, in messages too: file, row, field, `k` for its name."""


def _later(file: int, row: int, place: Place, name: str, key: bool) -> Place:
    return Place(f"{MARK}{file}:{row}:{'k' if key else 'v'}:{name}{MARK}", place.line, place.column)


class _Places:
    """Makes records whose places can be told: at once for tables, later for text."""

    def __init__(self, files: Sequence[tuple[str, str]]) -> None:
        self.files = files

    def record(self, position: int, cells: dict[str, Cell]) -> Record:
        """A record at its position in the input."""
        file, row = position >> FILE_BITS, position & ((1 << FILE_BITS) - 1)
        path, suffix = self.files[file]
        if suffix not in TEXT_FILES:
            return record(path, row + 1, cells)
        place = Place(f"{MARK}{file}:{row}:v:{MARK}", row, 0)
        return Record(cells, place, partial(_later, file, row))


# A pack at work ----------------------------------------------------------------------------------


class Kit:
    """A pack loaded and compiled for many contracts."""

    def __init__(self, asked: Asked, job: Job) -> None:
        self.pack = asked.pack.load()
        self.job = job
        self.make = ENGINES[job.engine]
        self.engines = Engines(self.pack, self.make)
        self.readings = dict(asked.readings)
        self.terms = self._values(asked.terms)
        self.values: dict[str, TermValue] = {n: t.value for n, t in self.pack.terms.items()}
        self.choices = Choices(self.readings, self.terms)
        self.vocabulary = self.pack.vocabulary(self.values | self.terms)
        self.typist = PackTypist(self.pack, self.vocabulary)
        self.places = _Places(job.files)
        records = [self.places.record(s.position, dict(s.cells)) for s in asked.shared]
        self.shared_records = list(zip((s.position for s in asked.shared), records, strict=True))
        facts = judged(records, self.vocabulary, "") if records else []
        self.shared = written(
            replace(fact, order=given.position)
            for fact, given in zip(facts, asked.shared, strict=True)
        )
        self.shared_ids = frozenset(fact.id for fact in self.shared)

    def _values(self, terms: Mapping[str, str]) -> dict[str, TermValue]:
        known, currency = self.pack.terms, self.pack.currency
        return {name: known[name].parse(text, currency) for name, text in terms.items()}

    def chosen(self, contract: Contract) -> tuple[Choices, Vocabulary]:
        """A contract's own terms over those of all, and what its facts may then say."""
        if not contract.terms:
            return self.choices, self.vocabulary
        terms = self.terms | self._values(contract.terms)
        choices = Choices(self.readings, terms)
        if self.pack.begins.keys().isdisjoint(contract.terms):
            return choices, self.vocabulary
        return choices, self.pack.vocabulary(self.values | terms)

    def evaluate(self, facts: Sequence[Fact], choices: Choices) -> Result:
        """The evaluation of a contract."""
        job = self.job
        return evaluate(
            self.pack, self.engines, facts, job.as_of, job.known_on, choices, compared=False
        )

    def exactly(
        self,
        rows: list[Record],
        positions: Sequence[int],
        contract: Contract,
        vocabulary: Vocabulary,
    ) -> list[Fact]:
        """The facts of a contract just as `check` takes them; WrongInput says what is wrong."""
        placed = [*zip(positions, rows, strict=True), *self.shared_records]
        placed.sort(key=lambda each: each[0])
        facts = judged([each for _position, each in placed], vocabulary, contract.name)
        standing = effective(facts, self.job.as_of, self.job.known_on)
        if problems := contradictions(standing, vocabulary):
            raise WrongInput(problems)
        return facts

    def renew(self) -> None:
        """New engines, where the old ones may be spoilt."""
        self.engines = Engines(self.pack, self.make)


_kits: dict[tuple[str, str], Kit] = {}


def kit(job: Job, pack: str) -> Kit:
    """The pack at work in this process, made once."""
    known = _kits.get((job.key, pack))
    if known is None:
        if any(key != job.key for key, _pack in _kits):
            _kits.clear()
        known = _kits[job.key, pack] = Kit(job.packs[pack], job)
        gc.collect()
        gc.freeze()
    return known


# A part ------------------------------------------------------------------------------------------


def read_cells(task: Task) -> Any:
    """The cells of all contracts of the part, by contract and by position."""
    table = kept_rows(task.cells)
    if table is None:
        return None
    numbers, positions = table.column("number").to_numpy(), table.column("position").to_numpy()
    more = np.diff(numbers)
    if np.all((more > 0) | ((more == 0) & (np.diff(positions) > 0))):  # as most files have them
        return table
    return table.take(np.lexsort((positions, numbers)))


def key_of(task: Task, job: Job, table: Any) -> str:
    """The hash of all that bears on what comes of a part, but for where its records stand."""
    asked = job.packs.get(task.pack)
    digest = hashlib.blake2b(
        f"{__version__} {job.engine} {job.as_of} {job.known_on}".encode(), digest_size=32
    )
    shared = () if asked is None else asked.shared
    own = [(c.name, sorted(c.terms.items()), c.errors) for _n, c in task.contracts]
    if asked is not None:
        choices = (sorted(asked.readings.items()), sorted(asked.terms.items()))
        digest.update(repr((asked.pack.rules.sha256, choices)).encode())
    digest.update(repr((own, [sorted(s.cells.items()) for s in shared])).encode())
    if table is None:
        return digest.hexdigest()
    numbers = np.array([number for number, _contract in task.contracts])
    digest.update(np.searchsorted(numbers, table.column("number").to_numpy()).tobytes())
    among = np.array([s.position for s in shared], dtype=np.int64)
    digest.update(np.searchsorted(among, table.column("position").to_numpy()).tobytes())
    for name in sorted(table.column_names):
        if name not in ("number", "position"):
            column = table.column(name)
            if column.null_count < len(column):
                digest.update(name.encode())
                _digest(digest, column)
    return digest.hexdigest()


def _digest(digest: Any, column: Any) -> None:
    """Takes in the lengths of all cells and their text, one after the other."""
    for chunk in column.chunks:
        lengths = pc.binary_length(chunk).fill_null(-1).cast(pa.int32())
        digest.update(lengths.buffers()[1])
        texts, ends = chunk.buffers()[2], np.frombuffer(chunk.buffers()[1], np.int32)
        if texts is not None:
            begin, end = ends[chunk.offset], ends[chunk.offset + len(chunk)]
            digest.update(memoryview(texts)[begin:end])


def run_part(job: Job, task: Task) -> Done:
    """Evaluates the contracts of a task; the same job and task give the same."""
    table = read_cells(task)
    done = Done(task.number, task.begin, task.end, key_of(task, job, table))
    if done.key in job.known:
        return done
    gc.disable()
    try:
        rows = Rows()
        for contract, result in _results(job, task, table, done):
            if result is None:
                asked = job.packs.get(contract.pack)
                rules = Rules(contract.pack) if asked is None else asked.pack.rules
                outcome = "quarantined" if contract.name in done.faults else "invalid"
                rows.refused(contract.name, outcome, rules)
            else:
                outcome = rows.add(contract.name, result)
            done.outcomes[outcome] = done.outcomes.get(outcome, 0) + 1
        done.tables = {name: as_bytes(made) for name, made in rows.tables().items()}
    finally:
        gc.enable()
        gc.collect()
    return done


def as_bytes(table: Any) -> bytes:
    """A table as an Arrow stream."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _results(
    job: Job, task: Task, table: Any, done: Done
) -> Iterator[tuple[Contract, Result | None]]:
    """Each contract of the task with its evaluation; None where it was not evaluated."""
    some = task.contracts[task.begin : task.end]
    if task.pack not in job.packs:
        for _number, contract in some:
            yield contract, None
        return
    made = kit(job, task.pack)
    facts = PartFacts(made, some, table)
    gc.freeze()  # they stay to the end: nothing need be looked for among them
    for at, (_number, contract) in enumerate(some):
        result = None
        try:
            if not contract.errors:
                result = facts.result(at, contract)
        except WrongInput as error:
            done.problems[contract.name] = _kept(error.problems)
        except (MemoryError, EnginesDiffer):
            raise
        except Exception:  # noqa: BLE001  # a fault of ours in one contract stops nobody else
            done.faults[contract.name] = traceback.format_exc()
            made.renew()
        yield contract, result
        if at % COLLECTED == COLLECTED - 1:
            gc.collect(0)
    done.facts = facts.count


def _kept(problems: Sequence[Problem]) -> list[Problem]:
    if len(problems) <= MAX_ERRORS:
        return list(problems)
    more = Problem(Place("", 0, 0), f"{len(problems) - MAX_ERRORS} more errors are not shown")
    return [*problems[:MAX_ERRORS], more]


def evaluation(job: Job, task: Task) -> Result:
    """The evaluation of the one contract of a task, for its report."""
    ((_number, contract),) = task.contracts
    return PartFacts(kit(job, task.pack), task.contracts, read_cells(task)).result(0, contract)


class PartFacts:
    """The facts of some contracts of a part, typed in bulk; exactly where that is not enough."""

    def __init__(self, made: Kit, some: Sequence[tuple[int, Contract]], table: Any) -> None:
        self.made = made
        if table is None or not some:
            self.table, self.bounds, self.count = None, [0] * (len(some) + 1), 0
            return
        numbers = np.array([number for number, _contract in some])
        of_row = table.column("number").to_numpy()
        first, last = np.searchsorted(of_row, [numbers[0], numbers[-1] + 1])
        self.table = table.slice(first, last - first)
        of_row = of_row[first:last]
        bounds = np.searchsorted(of_row, [*numbers, numbers[-1] + 1])
        self.bounds, self.count = bounds.tolist(), int(last - first)
        names = [contract.name for _number, contract in some]
        places = np.searchsorted(numbers, of_row)
        self.typed = made.typist.typed(self.table, places, names, self.bounds)

    def result(self, at: int, contract: Contract) -> Result:
        """The evaluation of contract `at`; WrongInput where it cannot be evaluated."""
        choices, vocabulary = self.made.chosen(contract)
        return self.made.evaluate(self.of(at, contract, vocabulary), choices)

    def of(self, at: int, contract: Contract, vocabulary: Vocabulary) -> list[Fact]:
        """The facts of contract `at`; WrongInput where `check` would not take them."""
        made = self.made
        own = range(self.bounds[at], self.bounds[at + 1])
        if not own:
            message = f"no fact is of the contract '{contract.name}'"
            raise WrongInput([Problem(Place("", 0, 0), message)])
        if not self.typed.odd[at]:
            facts = self.typed.facts[at]
            alone = self.typed.alone[at] and vocabulary is made.vocabulary
            if made.shared:  # in what order they stand here is all one: their own decides
                alone = alone and made.shared_ids.isdisjoint(fact.id for fact in facts)
                facts = [*facts, *renamed(made.shared, contract.name)]
            if alone or stand(facts, made.typist, vocabulary):
                return facts
        assert self.table is not None
        rows = as_records(self.table, made.places.record, own, contract.name)
        positions = self.table.column("position").slice(own.start, len(own)).to_pylist()
        return made.exactly(rows, positions, contract, vocabulary)
