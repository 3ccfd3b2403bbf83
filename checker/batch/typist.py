"""A part's cells typed by its pack in bulk, where that gives just what `check` would give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, repeat
from operator import lt
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from checker.batch.cells import OTHER, OWN, Cell, decoded, rows_of
from checker.facts import COMMON_TYPES, OPENING_BALANCE, Typist, contradictions
from checker.model import Fact, Field, Kind, Place, Value, Vocabulary
from checker.pack import Pack
from checker.records import Record
from checker.report import line_end, line_ends, told_day, told_value

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


class _Meant(NamedTuple):
    """What cells mean, how the lines that facts are hashed by tell it, and whether any is ODD.

    What an ODD one is told as, says nothing.
    """

    values: Any
    told: Any
    odd: bool


class _Column:
    """One column of a part: a list of cells, or few different ones and where each stands."""

    def __init__(self, array: Any) -> None:
        self.valid = np.asarray(pc.is_valid(array).to_numpy(zero_copy_only=False))
        self.encoded = array.dictionary_encode()
        self._cells: Any = None
        self._few: list[str] | None = None
        self._meant: dict[Any, _Meant] = {}  # of the few
        if len(self.encoded.dictionary) * 4 < len(array):
            self._few = self.encoded.dictionary.to_pylist()
            self._at = self.encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
        else:
            self._cells = array.to_numpy(zero_copy_only=False)

    def word(self, row: int) -> str:
        """The cell of a row that has one."""
        return str(self._cells[row] if self._few is None else self._few[self._at[row]])

    def meant(self, rows: Any, key: Any, mean: Callable[[_Cells], _Meant]) -> _Meant:
        """What the cells of these rows mean, all of which have one.

        Each of few is asked for once: what it means does not depend on its row. `key` stands for
        `mean`.
        """
        if self._few is None:
            return mean(self._cells[rows].tolist())
        known = self._meant.get(key)
        if known is None:
            each = mean(self._few)
            values, told = (np.array(some, dtype=object) for some in (each.values, each.told))
            known = self._meant[key] = _Meant(values, told, each.odd)
        at = self._at[rows]
        return _Meant(known.values[at].tolist(), known.told[at].tolist(), known.odd)


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
        meant = {
            each: self._column(columns[each], rows, each, kind)
            for each in present
            if each != "kind"
        }
        typed = {each: column.values for each, column in meant.items()}
        ids, dates = typed["id"], typed["date"]
        recorded = typed.get("recorded", dates)
        sources: Iterable[Any] = typed.get("source", repeat(""))
        fields = [each for each in present if each not in OWN]
        values = _values(fields, typed)
        doubtful = [each for each, column in meant.items() if column.odd]
        odd = self._odd(kind, typed, doubtful, values)
        ends = repeat("") if odd else _ends(kind, meant, fields)
        facts = _facts(
            map(_Draft, ids, repeat(kind.name), dates, recorded, positions[rows].tolist(), values,
                owners.tolist(), sources, ends)
        )  # fmt: skip
        return [None if at in odd else fact for at, fact in enumerate(facts)] if odd else facts

    def _word(self, columns: Mapping[str, _Column], row: int) -> str | None:
        """The kind of a row, as it is written."""
        if "kind" not in columns or not columns["kind"].valid[row]:
            return None
        return columns["kind"].word(row)

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
        self,
        kind: Kind,
        typed: Mapping[str, _Cells],
        doubtful: Iterable[str],
        values: Iterable[Any],
    ) -> set[int]:
        """Which rows of a group the exact way must judge; cells of the doubtful fields may be."""
        odd = {at for each in doubtful for at, cell in enumerate(typed[each]) if cell is ODD}
        dates, recorded = typed["date"], typed.get("recorded")
        first = self.vocabulary.not_before.get(kind.name, 0)
        if first:  # what is dated too early is told by the exact way
            odd |= {at for at, day in enumerate(dates) if day is not ODD and day < first}
        if kind.happens and recorded is not None and (odd or any(map(lt, recorded, dates))):
            odd |= {
                at
                for at, (known, day) in enumerate(zip(recorded, dates, strict=True))
                if known is not ODD and day is not ODD and known < day
            }
        if kind.name in ("judgment", "amendment"):
            odd |= {
                at
                for at, each in enumerate(values)
                if at not in odd and any(self._typist.disagreements(kind, each))
            }
        return odd

    # Columns --------------------------------------------------------------------------------------

    def _column(self, column: _Column, rows: Any, name: str, kind: Kind) -> _Meant:
        """What the cells of a field mean, ODD for one that would be refused or is blank."""
        field = kind.fields.get(name)
        if field is None:
            return column.meant(rows, name, partial(self._mean_common, name))
        return column.meant(rows, _key(field), partial(self._mean, field))

    def _mean_common(self, name: str, cells: _Cells) -> _Meant:
        if name == "id":
            return _told(_ids(cells), told_value)
        values = self._remembered(cells, name, COMMON_TYPES[name])
        return _told(values, told_day if name in ("date", "recorded") else told_value)

    def _mean(self, field: Field, cells: _Cells) -> _Meant:
        if field.type == "money" and (amounts := _amounts(cells, field)) is not None:
            return _told(amounts, told_value)
        values = self._remembered(cells, field, partial(self._typist.value, field))
        return _told(values, told_value)

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


def _values(fields: Sequence[str], typed: Mapping[str, _Cells]) -> list[dict[str, Value]]:
    """The values of facts that have the same fields."""
    if len(fields) == 1:  # by far the most: an amount
        (only,) = fields
        return [{only: value} for value in typed[only]]
    if len(fields) == 2:
        one, two = fields
        return [{one: a, two: b} for a, b in zip(typed[one], typed[two], strict=True)]
    if not fields:
        return [{} for _id in typed["id"]]
    across = zip(*(typed[each] for each in fields), strict=True)
    return [dict(zip(fields, cells, strict=True)) for cells in across]


def _told(values: _Cells, tell: Callable[[Any], str]) -> _Meant:
    odd = ODD in values
    told = (
        ["" if each is ODD else tell(each) for each in values] if odd else list(map(tell, values))
    )
    return _Meant(values, told, odd)


def _ends(kind: Kind, meant: Mapping[str, _Meant], fields: Iterable[str]) -> Iterator[str]:
    """The ends of the lines of facts of one kind that have the same fields."""
    date, nothing = meant["date"], _Meant((), repeat(told_value("")), odd=False)
    common = date, meant["id"], meant.get("recorded", date), meant.get("source", nothing)
    told = {each: meant[each].told for each in fields}
    return line_ends(kind.name, [column.told for column in common], told)


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
        code = columns["kind"].encoded.indices.fill_null(-1).to_numpy() + 1
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
