"""A whole portfolio: which contract has which pack and which size, and everybody's records."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from checker.dates import Day
from checker.generate.habits import load_habits
from checker.generate.outline import Outline, outline
from checker.generate.story import KINDS, Story
from checker.generate.tables import FACTS, PORTFOLIO, Columns, write_rows, write_table
from checker.loader import load_pack
from checker.model import Problem, WrongInput
from checker.money import plain

CHUNK = 500  # contracts that one worker makes up at a time


@dataclass(frozen=True)
class Order:
    """What is to be made up: packs by their folders, how many contracts, about how many facts."""

    packs: tuple[str, ...]
    contracts: int
    facts: int
    seed: int


@dataclass(frozen=True)
class Written:
    """What was made up: how many records, and the day on which all of them are behind."""

    facts: int
    as_of: Day


def check(order: Order) -> None:
    """Loads the packs; WrongInput carries what is wrong in any of them or in their habits."""
    problems: list[Problem] = []
    for pack in order.packs:
        try:
            load_habits(load_pack(Path(pack)))
        except WrongInput as error:
            problems += error.problems
    if problems:
        raise WrongInput(problems)


def generate(
    order: Order,
    folder: Path,
    format_: str,
    workers: int,
    tell: Callable[[int], None] | None = None,
) -> Written:
    """Writes `portfolio` and `facts` into the folder, in one of `tables.FORMATS`.

    `tell` hears how many contracts have been made up, from time to time.

    Contracts are made up in chunks, each with dice of its own: the same order gives the same bytes
    whatever the workers.
    """
    drafts = _drafts(order)
    with TemporaryDirectory(dir=folder, prefix=".generate-") as beside:
        chunks = range(0, order.contracts, CHUNK)
        tasks = [(order, first, Path(beside) / f"{first:09d}.csv") for first in chunks]
        shared = Path(beside) / "shared.csv"
        count = write_rows(shared, _shared_rows(drafts))
        with _pool(min(workers, len(tasks))) as pool:
            run = map if pool is None else pool.map
            for done, written in enumerate(run(_write_chunk, tasks), 1):
                count += written
                if tell is not None:
                    tell(min(done * CHUNK, order.contracts))
        contracts = Path(beside) / "contracts.csv"
        write_rows(contracts, _portfolio_rows(order))
        terms = _terms(drafts.outlines)
        types = {"contract": "text", "pack": "text"} | {f"term.{name}": "text" for name in terms}
        made = [
            (Path(beside) / f"{PORTFOLIO}.{format_}", [contracts], types),
            (Path(beside) / f"{FACTS}.{format_}", [shared, *(t[2] for t in tasks)], drafts.types),
        ]
        for target, parts, columns in made:
            write_table(parts, columns, target, format_)
        for target, _parts, _columns in made:
            target.replace(folder / target.name)
    return Written(count, max(each.until for each in drafts.outlines))


def _pool(workers: int) -> AbstractContextManager[ProcessPoolExecutor | None]:
    if workers < 2:
        return nullcontext(None)
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))


@dataclass(frozen=True)
class _Drafts:
    """The outlines of the packs, and the columns of all their records."""

    outlines: tuple[Outline, ...]
    columns: Columns

    @property
    def types(self) -> dict[str, str]:
        return self.columns.types


@cache
def _drafts(order: Order) -> _Drafts:
    outlines = tuple(outline(load_pack(Path(pack)), order.seed) for pack in order.packs)
    kinds = [each.pack.kinds[kind] for each in outlines for kind in _kinds(each)]
    return _Drafts(outlines, Columns(kinds))


def _kinds(outline_: Outline) -> Iterator[str]:
    yield from dict.fromkeys([*KINDS, *(habit.kind for habit in outline_.habits.all)])


def _terms(outlines: Sequence[Outline]) -> list[str]:
    return sorted({each.scale_term for each in outlines if each.scale_term})


@dataclass(frozen=True)
class _Contract:
    """One line of the portfolio."""

    id: str
    pack: int
    commitment: int  # cents
    facts: int


def _contract(
    order: Order, outlines: Sequence[Outline], number: int
) -> tuple[_Contract, random.Random]:
    """A contract and the dice with which the rest of it is thrown."""
    dice = random.Random(order.seed * 2_000_003 + number)
    pack = dice.randrange(len(outlines))
    commitment = outlines[pack].commitment
    if outlines[pack].scale_term and dice.random() < 0.5:  # a loan of another size
        commitment = max(1_000_00, commitment * dice.randint(10, 150) // 100 // 1_000_00 * 1_000_00)
    facts = order.facts * dice.randint(70, 130) // (100 * order.contracts)
    width = max(6, len(str(order.contracts)))
    return _Contract(f"C{number + 1:0{width}d}", pack, commitment, facts), dice


def _portfolio_rows(order: Order) -> Iterator[list[str]]:
    outlines = _drafts(order).outlines
    terms = _terms(outlines)
    for number in range(order.contracts):
        contract, _dice = _contract(order, outlines, number)
        own = outlines[contract.pack]
        other = contract.commitment != own.commitment
        sizes = [
            plain(contract.commitment) if other and own.scale_term == term else "" for term in terms
        ]
        yield [contract.id, order.packs[contract.pack], *sizes]


def _shared_rows(drafts: _Drafts) -> Iterator[list[str]]:
    number = 0
    for each in drafts.outlines:
        for fact in each.shared:
            number += 1
            yield drafts.columns.row(
                "", f"market-{number}", fact.date, fact.kind, fact.recorded, fact.values
            )


def _write_chunk(task: tuple[Order, int, Path]) -> int:
    """Makes up one chunk of contracts; in a worker or here."""
    order, first, path = task
    drafts = _drafts(order)
    return write_rows(path, _chunk_rows(order, drafts, first))


def _chunk_rows(order: Order, drafts: _Drafts, first: int) -> Iterator[list[str]]:
    row = drafts.columns.row
    for number in range(first, min(first + CHUNK, order.contracts)):
        contract, dice = _contract(order, drafts.outlines, number)
        story = Story(drafts.outlines[contract.pack], dice, contract.commitment, contract.facts)
        for made in story.tell():
            yield row(contract.id, made.id, made.date, made.kind, made.recorded, made.values)


def default_workers() -> int:
    """As many as the machine lets this process use."""
    return len(os.sched_getaffinity(0))
