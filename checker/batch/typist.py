"""A part's cells typed by its pack in bulk, where that gives just what `check` would give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from checker.batch.cells import OTHER, OWN, Cell, decoded, rows_of
from checker.facts import COMMON_TYPES, OPENING_BALANCE, Typist, contradictions
from checker.model import Fact, Field, Kind, Place, Value, Vocabulary
from checker.pack import Pack
from checker.records import Record
from checker.report import line_end, line_ends

CORRECTION = "correction"
REFERENCES = ("fact", "target")
REMEMBERED = 200_000
"""How many different cells of a field are remembered with what they mean."""

_PLAIN_MONEY = re.compile(r"(?:\d{1,15}\.\d\d\n)*+\d{1,15}\.\d\d", re.ASCII)
_NOWHERE = Place("", 0, 0)


class _Odd:
    """Stands for a cell that only the exact way may judge."""


ODD: Any = _Odd()

_Cells = list[Any]


class _Column:
    """One column of a part as a list of cells, or as few different cells and where they stand."""

    def __init__(self, array: Any) -> None:
        self.valid = np.asarray(pc.is_valid(array).to_numpy(zero_copy_only=False))
        self._array = array
        self._cells: Any = None

    def cells(self, rows: Any) -> _Cells:
        """The cells of these rows, all of which have one."""
        if self._cells is None:
            encoded = self._array.dictionary_encode()
            words = encoded.dictionary
            if len(words) * 4 < len(encoded):  # equal cells share one word, whose hash is kept
                indices = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
                known = words.to_numpy(zero_copy_only=False)
                self._cells = known[indices] if len(known) else np.full(len(indices), None)
            else:
                self._cells = self._array.to_numpy(zero_copy_only=False)
        listed: _Cells = self._cells[rows].tolist()
        return listed


@dataclass(frozen=True)
class Batched:
    """The facts of a part by contract: typed where `check` would take each record as it stands.

    `facts[i]` are those of contract `i` in the order of the input; `odd[i]`: only the exact way
    may judge them, and `facts[i]` is not whole; `alone[i]`: nothing in them bears on another
    record, but for their ids.
    """

    facts: list[list[Fact]]
    odd: list[bool]
    alone: list[bool]


class PackTypist:
    """Types parts of one pack; what a cell means is remembered from part to part."""

    def __init__(self, pack: Pack, vocabulary: Vocabulary) -> None:
        self.pack, self.vocabulary = pack, vocabulary
        self._typist = Typist(vocabulary)
        self._meant: dict[Field | str, dict[str, Any]] = {}
        self.indexed = {
            kind.name
            for kind in vocabulary.kinds.values()
            if any(field.type == "index" for field in kind.fields.values())
        }
        self._together = {
            kind.name
            for kind in vocabulary.kinds.values()
            if kind.name in self.indexed or kind.name == OPENING_BALANCE or _names(kind)
        }

    def typed(self, table: Any, numbers: Any, names: Sequence[str], bounds: Any) -> Batched:
        """The facts of a table of cells, sorted by contract and position.

        `numbers` gives for each row the contract's place in `names`; `bounds[i]:bounds[i + 1]`
        are the rows of contract `i`.
        """
        there = {
            each: column
            for each in table.column_names
            if each not in ("number", "position")
            and (column := table.column(each)).null_count < len(column)
        }
        columns = {each: _Column(_whole(column)) for each, column in there.items()}
        made: list[Fact | None] = [None] * len(table)
        positions = table.column("position").to_numpy()
        owners = np.array([*names, None], dtype=object)
        together = np.zeros(len(names) + 1, dtype=bool)
        for rows in _groups(columns, len(table)):
            for row, fact in zip(
                rows.tolist(), self._group(columns, rows, positions, owners[numbers[rows]]),
                strict=False,
            ):  # fmt: skip
                made[row] = fact
            if self._word(columns, int(rows[0])) in self._together:
                together[numbers[rows]] = True
        facts: list[list[Fact]] = []
        odd, alone = [], []
        ids: Any = [None if fact is None else fact.id for fact in made]
        for at, (begin, end) in enumerate(pairwise(bounds)):
            some: Any = made[begin:end]
            names_ = set(ids[begin:end])
            odd.append(None in names_)
            alone.append(not together[at] and len(names_) == end - begin)
            facts.append(some)
        return Batched(facts, odd, alone)

    def _group(
        self, columns: Mapping[str, _Column], rows: Any, positions: Any, owners: Any
    ) -> Iterable[Fact | None]:
        """The facts of rows of one kind that have the same cells; None for an odd one."""
        first = int(rows[0])
        present = [each for each, column in columns.items() if column.valid[first]]
        kind = self._kind(columns, first)
        if kind is None or not self._fits(kind, present):
            return ()
        typed = {each: self._column(columns[each].cells(rows), each, kind) for each in present}
        ids, dates = typed["id"], typed["date"]
        recorded = typed.get("recorded", dates)
        sources: Iterable[Any] = typed.get("source", repeat(""))
        fields = [each for each in present if each not in OWN]
        values: Iterable[Any]
        if len(fields) == 1:  # by far the most: an amount
            (only,) = fields
            values = [{only: value} for value in typed[only]]
        elif len(fields) == 2:
            one, two = fields
            values = [{one: a, two: b} for a, b in zip(typed[one], typed[two], strict=True)]
        else:
            across = zip(*(typed[each] for each in fields), strict=True) if fields else repeat(())
            values = [
                dict(zip(fields, cells, strict=True))
                for _id, cells in zip(ids, across, strict=False)
            ]
        odd = self._odd(kind, typed, values, len(ids))
        ends: Iterable[str] = repeat("")
        if not odd:
            told = {each: typed[each] for each in fields}
            ends = line_ends(kind.name, ids, dates, recorded, sources, told)
        facts = _facts(
            map(_Draft, ids, repeat(kind.name), dates, recorded, positions[rows].tolist(), values,
                owners.tolist(), sources, ends)
        )  # fmt: skip
        return [None if at in odd else fact for at, fact in enumerate(facts)] if odd else facts

    def _word(self, columns: Mapping[str, _Column], row: int) -> str | None:
        """The kind of a row, as it is written."""
        if "kind" not in columns or not columns["kind"].valid[row]:
            return None
        return str(columns["kind"].cells(np.array([row]))[0])

    def _kind(self, columns: Mapping[str, _Column], row: int) -> Kind | None:
        word = self._word(columns, row)
        return None if word is None else self.vocabulary.kinds.get(word)

    def _fits(self, kind: Kind, present: Sequence[str]) -> bool:
        """Whether a record of the kind may hold just these cells."""
        if kind.name == CORRECTION or OTHER in present or not {"id", "date"}.issubset(present):
            return False
        fields = [each for each in present if each not in OWN]
        if any(each not in kind.fields for each in fields):
            return False
        if any(field.required and field.name not in present for field in kind.fields.values()):
            return False
        return not kind.one_of or any(each in present for each in kind.one_of)

    def _odd(
        self, kind: Kind, typed: Mapping[str, _Cells], values: Iterable[Any], count: int
    ) -> set[int]:
        """Which rows of a group the exact way must judge."""
        odd: set[int] = set()
        for cells in typed.values():
            if ODD in cells:
                odd.update(at for at, cell in enumerate(cells) if cell is ODD)
        first = self.vocabulary.not_before.get(kind.name, 0)
        if first:  # what is dated too early is told by the exact way
            odd |= {at for at, day in enumerate(typed["date"]) if day is not ODD and day < first}
        if kind.happens and "recorded" in typed:
            pairs = zip(typed["recorded"], typed["date"], strict=True)
            odd |= {
                at
                for at, (known, day) in enumerate(pairs)
                if known is not ODD and day is not ODD and known < day
            }
        if kind.name in ("judgment", "amendment"):
            odd |= {
                at
                for at, each in enumerate(values)
                if at not in odd and any(self._typist.disagreements(kind, each))
            }
        return odd if count else set()

    # Columns --------------------------------------------------------------------------------------

    def _column(self, cells: _Cells, name: str, kind: Kind) -> _Cells:
        """What the cells of a field mean; ODD for a cell that would be refused, or is blank."""
        field = kind.fields.get(name)
        if name == "id":
            return _ids(cells)
        if name == "kind":
            return cells
        if field is None:
            return self._remembered(cells, name, COMMON_TYPES[name])
        if field.type == "money" and (amounts := _amounts(cells, field)) is not None:
            return amounts
        return self._remembered(cells, field, lambda cell: self._typist.value(field, cell))

    def _remembered(
        self, cells: _Cells, field: Field | str, parse: Callable[[Any], Value]
    ) -> _Cells:
        meant = self._meant.setdefault(_key(field), {})
        found = list(map(meant.get, cells))
        if None not in found:
            return found
        if len(meant) > REMEMBERED:
            meant.clear()
        for at, value in enumerate(found):
            if value is None:
                cell = cells[at]
                if cell not in meant:
                    meant[cell] = _meaning(cell, isinstance(field, str), parse)
                found[at] = meant[cell]
        return found


def _key(field: Field | str) -> Any:
    """Fields of one type and the same bounds share what is remembered."""
    return field if isinstance(field, str) else (field.type, field.choices, field.positive)


def _meaning(written: str, common: bool, parse: Callable[[Any], Value]) -> Any:
    cell = decoded(written)
    if isinstance(cell, str):
        cell = cell.strip()
    if cell == "" or (common and isinstance(cell, bool)):
        return ODD
    try:
        return parse(cell)
    except ValueError:
        return ODD


def _ids(cells: _Cells) -> _Cells:
    """Ids as they stand, if all of them may; the few that may not are odd."""
    together = "".join(cells)
    if (
        together.isprintable()
        and "/" not in together
        and " " not in together
        and max(map(len, cells)) <= 200
        and all(cells)
    ):
        return cells
    return [_meaning(cell, True, COMMON_TYPES["id"]) for cell in cells]


def _amounts(cells: _Cells, field: Field) -> list[int] | None:
    """Cents of amounts that are all written plainly, `1234.56`; None where one is not."""
    together = "\n".join(cells)
    if not _PLAIN_MONEY.fullmatch(together):
        return None
    amounts = list(map(int, together.replace(".", "").split("\n")))
    return None if field.positive and 0 in amounts else amounts


# Rows --------------------------------------------------------------------------------------------


def _whole(column: Any) -> Any:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _groups(columns: Mapping[str, _Column], count: int) -> list[Any]:
    """The rows by their kind and by which cells they have."""
    if not count:
        return []
    code = np.zeros(count, dtype=np.int64)
    if "kind" in columns:
        code = columns["kind"]._array.dictionary_encode().indices.fill_null(-1).to_numpy() + 1
        code = code.astype(np.int64)
    for column in columns.values():
        if column.valid.all():
            continue
        code = code * 2 + column.valid
        if code.max() > 1 << 55:
            code = np.unique(code, return_inverse=True)[1]
    order = np.argsort(code, kind="stable")
    cuts = np.flatnonzero(np.diff(code[order])) + 1
    return list(np.split(order, cuts))


class _Draft:
    """A fact while it is made: of the same shape, and quicker to fill than a frozen one."""

    __slots__ = tuple(Fact.__slots__)

    def __init__(
        self, id: str, kind: str, date: int, recorded: int, order: int,  # noqa: A002  # as in Fact
        values: Mapping[str, Value], contract: str, source: str, line_end: str,
    ) -> None:  # fmt: skip
        self.id = id
        self.kind = kind
        self.date = date
        self.recorded = recorded
        self.order = order
        self.values = values
        self.contract = contract
        self.source = source
        self.place = _NOWHERE
        self.line_end = line_end


def _facts(drafts: Iterable[Any]) -> list[Fact]:
    """Drafts become facts; several times as quick as the constructor of a frozen class."""
    made = list(drafts)
    for draft in made:
        draft.__class__ = Fact
    return made


# Together ----------------------------------------------------------------------------------------


def stand(facts: Sequence[Fact], typist: PackTypist, vocabulary: Vocabulary) -> bool:
    """Whether the records of a contract can stand together; False: the exact way must say.

    Each is right in itself and none is a correction. What `check` judges of them together: ids,
    what they name, two values of one index on one day, what is dated too early.
    """
    ids = {fact.id for fact in facts}
    if len(ids) < len(facts):
        return False
    kinds, first = {fact.kind for fact in facts}, vocabulary.not_before
    if any(fact.date < first.get(fact.kind, 0) for fact in facts):
        return False
    if any(_names(vocabulary.kinds[kind]) for kind in kinds) and not _found(facts, vocabulary):
        return False
    if kinds & typist.indexed or OPENING_BALANCE in kinds:
        return not contradictions(facts, vocabulary)
    return True


def _names(kind: Kind) -> list[Field]:
    """The fields of a kind that name a record."""
    return [field for field in kind.fields.values() if field.type in REFERENCES]


def _found(facts: Sequence[Fact], vocabulary: Vocabulary) -> bool:
    """Whether every record that is named is there, and is of a kind that may be named."""
    of_kind = {fact.id: fact.kind for fact in facts}
    for fact in facts:
        for field in _names(vocabulary.kinds[fact.kind]):
            named = fact.values.get(field.name)
            if not isinstance(named, str) or "/" in named:
                continue
            kind = of_kind.get(named)
            if kind is None or (field.of and kind not in field.of):
                return False
    return True


def as_records(
    table: Any, find: Callable[[int, dict[str, Cell]], Record], rows: range, contract: str
) -> list[Record]:
    """A contract's rows as the records `check` would read; `find` makes one with its places."""
    part = table.slice(rows.start, len(rows))
    return [find(position, {"contract": contract, **cells}) for position, cells in rows_of(part)]


def written(facts: Iterable[Fact]) -> list[Fact]:
    """The same facts with the ends of their lines, which they share with all that follow them."""
    return _facts(
        _Draft(f.id, f.kind, f.date, f.recorded, f.order, f.values, f.contract, f.source,
               line_end(f))
        for f in facts
    )  # fmt: skip


def renamed(facts: Iterable[Fact], contract: str) -> list[Fact]:
    """Shared facts as those of one contract."""
    return _facts(
        _Draft(f.id, f.kind, f.date, f.recorded, f.order, f.values, contract, f.source, f.line_end)
        for f in facts
    )
