"""A template of the facts: a table with every column, and a row of each kind to write over."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from checker.dates import iso
from checker.facts import base_kinds
from checker.model import Field, Kind
from checker.pack import Pack
from checker.records import NEEDED
from checker.timeline import CORRECTION

COLUMNS = ("id", "date", "recorded", "kind", "contract", "source")
_DAY = "2001-01-31"  # stands where the pack names no day
_FIGURES = {"money": "1000.00", "rate": "5.00%", "boolean": "true", "number": "1",
            "ratio": "2.00 to 1.00"}  # fmt: skip


def facts_csv(pack: Pack | None = None) -> str:
    """The template as CSV: a row of each kind whose values are right by their types.

    With a pack, its own kinds are among them, and the names that it has stand in the rows, so that
    it loads as it is; kinds of which no row could be right are left out.
    """
    kinds = dict(pack.kinds if pack else base_kinds())
    fields = dict.fromkeys(name for kind in kinds.values() for name in kind.fields)
    columns = [*COLUMNS, *(name for name in fields if name not in COLUMNS)]
    sampler = _Sampler(pack, kinds, _first_day(pack))
    out = io.StringIO()
    table = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    table.writeheader()
    for kind in kinds.values():
        row = sampler.row(kind)
        if all(row.get(field.name) for field in kind.fields.values() if field.required):
            table.writerow(row)
    return out.getvalue()


def _first_day(pack: Pack | None) -> str:
    """A day on which every kind may be dated: the last one before which some are refused."""
    if pack is None:
        return _DAY
    terms = {name: term.value for name, term in pack.terms.items()}
    begins = pack.vocabulary(terms).not_before.values()
    if begins:
        return iso(max(begins))
    days = [t.value for t in pack.terms.values() if t.type == "date" and isinstance(t.value, int)]
    return iso(min(days)) if days else _DAY


@dataclass(frozen=True)
class _Sampler:
    """Makes rows; what a field tells stands in it where any text would do."""

    pack: Pack | None
    kinds: Mapping[str, Kind]
    day: str

    def row(self, kind: Kind) -> dict[str, str]:
        """A row of this kind; a required field is empty where the pack has nothing to name."""
        contract = self.pack.name if self.pack else ""
        row = dict(zip(NEEDED, (f"{kind.name}-1", self.day, kind.name), strict=True))
        row |= {"recorded": self.day, "contract": contract, "source": "where it comes from"}
        left_out = kind.one_of[1:]
        row |= {
            field.name: self._value(kind, field)
            for field in kind.fields.values()
            if field.name not in left_out
        }
        return row | self._special(kind)

    def _value(self, kind: Kind, field: Field) -> str:
        known: Mapping[str, Iterable[str]] = {
            "index": tuple(self.pack.indices) if self.pack else ("an-index",),
            "term": self.pack.terms if self.pack else ("a-term",),
        }
        names = field.choices or known.get(field.type)
        if names is not None:
            return next(iter(names), "")
        texts = {
            "date": self.day,
            "fact": f"{self._named(kind, field)}-1",
            "target": f"interest/{self.day}",
        }
        return (_FIGURES | texts).get(field.type) or field.describes or field.name

    def _named(self, kind: Kind, field: Field) -> str:
        """The kind of the record that the field names: never the row's own."""
        others = [name for name in self.kinds if name != kind.name]
        return field.of[0] if field.of else "payment" if "payment" in others else others[0]

    def _special(self, kind: Kind) -> dict[str, str]:
        """What the fields of one record have to do with each other."""
        if kind.name == CORRECTION:
            return {"void": "true"}
        if self.pack is None:
            return {}
        if kind.name == "amendment":
            term = next(iter(self.pack.terms.values()), None)
            return {"value": term.text if term else ""}
        if kind.name == "judgment":
            for question, judgment in self.pack.judgments.items():
                about = f"{judgment.about[0]}/payment-1"
                answer = next(iter(judgment.answers))
                return {"about": about, "question": question, "answer": answer}
            return {"question": ""}
        return {}
