"""The names that another system gives to columns, kinds and packs, read from a map in YAML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checker.model import Problem, WrongInput, did_you_mean
from checker.source import Document, Path_, load_yaml, read_source

UNITS = ("percent", "fraction", "basis-points")
"""What a bare number of a rate may count."""


@dataclass(frozen=True)
class Names:
    """What stands in the columns of one table: `columns` their field, `units` of bare rates."""

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()

    def of(self, column: str) -> str:
        """The field that a column holds; empty where it is left out."""
        return "" if column in self.ignored else self.columns.get(column, column)

    def column(self, name: str) -> str:
        """The column that holds a field."""
        return next((column for column, of in self.columns.items() if of == name), name)

    def known(self, fields: Iterable[str]) -> set[str]:
        """The columns that may stand in a table of these fields."""
        unnamed = set(fields) - set(self.columns.values())
        return {*unnamed, *self.columns, *self.ignored}


@dataclass(frozen=True)
class Columns:
    """Another system's words: columns and packs of the portfolio, columns and kinds of facts."""

    portfolio: Names = field(default_factory=Names)
    facts: Names = field(default_factory=Names)
    packs: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)


_SECTIONS = {"portfolio": ("columns", "ignore", "packs"),
             "facts": ("columns", "ignore", "units", "kinds")}  # fmt: skip


def load_columns(path: str) -> Columns:
    """The map in a YAML file; WrongInput carries all that is wrong in it."""
    return _Reader(load_yaml(read_source(Path(path), path))).read()


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def read(self) -> Columns:
        root = self._mapping((), self.document.data, _SECTIONS)
        parts = {
            name: self._mapping((name,), root.get(name), keys) for name, keys in _SECTIONS.items()
        }
        portfolio, facts = parts["portfolio"], parts["facts"]
        units = self._words(("facts", "units"), facts.get("units"))
        for column, unit in units.items():
            if unit not in UNITS:
                self._wrong(("facts", "units", column), f"unknown unit '{unit}'", UNITS)
        columns = Columns(
            self._names("portfolio", portfolio, {}),
            self._names("facts", facts, units),
            self._words(("portfolio", "packs"), portfolio.get("packs")),
            self._words(("facts", "kinds"), facts.get("kinds")),
        )
        if self.problems:
            raise WrongInput(self.problems)
        return columns

    def _names(self, part: str, body: Mapping[str, Any], units: Mapping[str, str]) -> Names:
        columns = self._words((part, "columns"), body.get("columns"))
        ignored = body.get("ignore") or []
        if not isinstance(ignored, list) or not all(isinstance(name, str) for name in ignored):
            self._wrong((part, "ignore"), "'ignore' is a list of columns")
            ignored = []
        seen: dict[str, str] = {}
        for column, of in columns.items():
            if seen.setdefault(of, column) != column:
                path = (part, "columns", column)
                self._wrong(path, f"'{of}' is what '{seen[of]}' holds already")
        return Names(columns, units, frozenset(ignored))

    def _words(self, path: Path_, data: Any) -> dict[str, str]:
        words = {}
        for key, value in self._mapping(path, data).items():
            if isinstance(value, str):
                words[key] = value
            else:
                self._wrong((*path, key), f"'{key}' is given one word")
        return words

    def _mapping(self, path: Path_, data: Any, known: Iterable[str] | None = None) -> Any:
        if data is None:
            return {}
        if not isinstance(data, dict):
            self._wrong(path, "a mapping is expected: their names with ours")
            return {}
        for key in data:
            if known is not None and key not in known:
                self._wrong((*path, key), f"unknown key '{key}'", known)
        return data

    def _wrong(self, path: Path_, message: str, known: Iterable[str] = ()) -> None:
        word = str(path[-1]) if path else ""
        hint = did_you_mean(word, known) if known else ""
        self.problems.append(Problem(self.document.place(path), message, hint))
