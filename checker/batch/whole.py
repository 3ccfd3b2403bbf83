"""A part put together from its pieces, with what is wrong in it told with its places."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from checker.batch.executors import Lost
from checker.batch.faults import Piece
from checker.batch.part import MARK, Task, as_bytes
from checker.batch.portfolio import Contract
from checker.batch.results import LIST, TABLES, Rows, Rules
from checker.batch.sources import Finder
from checker.model import Place, Problem
from checker.source import render

_MARKED = re.compile(rf"{MARK}(\d+):(\d+):([kv]):([^{MARK}]*){MARK}(?::-?\d+:-?\d+)?")


@dataclass
class Whole:
    """What came of a part: its tables, and of each contract that was not evaluated, why."""

    key: str = ""
    tables: dict[str, bytes] = field(default_factory=dict)  # as Arrow streams
    quarantined: dict[str, str] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    facts: int = 0
    places: bool = False  # whether places of records stand in it

    def note(self) -> dict[str, Any]:
        """What is noted beside them; a part in which places stand serves no other plan."""
        return {
            "key": self.key,
            "outcomes": dict(sorted(self.outcomes.items())),
            "facts": self.facts,
            "reusable": not self.places and not self.quarantined,
        }


def whole(pieces: Sequence[Piece], packs: Mapping[str, Rules], finder: Finder) -> Whole:
    """The pieces of a part, in their order; `packs` tells of packs by the portfolio's word."""
    made = Whole()
    tables: dict[str, list[bytes]] = {name: [] for name in TABLES}
    errors: dict[str, list[str]] = {}
    for task, came in pieces:
        contracts = [contract for _n, contract in task.contracts[task.begin : task.end]]
        errors |= {each.name: list(each.errors) for each in contracts if each.errors}
        if isinstance(came, Lost):
            _add_lost(made, task, contracts[0], came, packs, tables)
            continue
        made.key = came.key
        made.facts += came.facts
        made.quarantined |= came.faults
        for outcome, count in came.outcomes.items():
            made.outcomes[outcome] = made.outcomes.get(outcome, 0) + count
        for contract, problems in came.problems.items():
            made.places = True
            errors[contract] = [render(each) for each in told(problems, finder)]
        for name, data in came.tables.items():
            tables[name].append(data)
    errors |= {
        contract: [f"not evaluated: {why.strip().splitlines()[-1]}"]
        for contract, why in made.quarantined.items()
    }
    made.tables = {name: _together(some) for name, some in tables.items()}
    if errors:
        made.tables["contracts"] = _with_errors(made.tables["contracts"], errors)
    return made


def _add_lost(
    made: Whole,
    task: Task,
    contract: Contract,
    came: Lost,
    packs: Mapping[str, Rules],
    tables: dict[str, list[bytes]],
) -> None:
    """A contract with which a worker died twice."""
    made.quarantined[contract.name] = came.reason
    made.outcomes["quarantined"] = made.outcomes.get("quarantined", 0) + 1
    rows = Rows()
    rows.refused(contract.name, "quarantined", packs.get(task.pack, Rules(task.pack)))
    for name, table in rows.tables().items():
        tables[name].append(as_bytes(table))


def _together(some: Sequence[bytes]) -> bytes:
    """Pieces of a table as one; most parts have a single piece, which stays as it is."""
    if len(some) == 1:
        return some[0]
    return as_bytes(pa.concat_tables(map(_table, some)).unify_dictionaries().combine_chunks())


def _table(data: bytes) -> Any:
    return pa.ipc.open_stream(data).read_all()


def _with_errors(data: bytes, errors: Mapping[str, list[str]]) -> bytes:
    table = _table(data)
    told_ = [errors.get(contract) for contract in table.column("contract").to_pylist()]
    at = table.schema.get_field_index("errors")
    return as_bytes(table.set_column(at, table.schema.field(at), pa.array(told_, LIST)))


def told(problems: Sequence[Problem], finder: Finder) -> list[Problem]:
    """Problems with the places that only the reader of the files can tell, in their order."""

    def place(found: re.Match[str]) -> Place:
        file, row, which, name = found.groups()
        return finder.place(int(file), int(row), name, key=which == "k")

    def words(text: str) -> str:
        return _MARKED.sub(lambda found: str(place(found)), text)

    made = []
    for each in problems:
        found = _MARKED.fullmatch(each.place.file)
        where = each.place if found is None else place(found)
        made.append(Problem(where, words(each.message), words(each.hint)))
    return sorted(made, key=lambda p: (p.place.file, p.place.line, p.place.column, p.message))


def inputs_of(contract: Contract, why: str, pack: str) -> bytes:
    """What is kept of a contract in quarantine besides its facts."""
    data = {"contract": contract.name, "pack": pack, "terms": dict(contract.terms), "why": why}
    return (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()
