"""The desk on which a pack is read: its files, and the list of all that is wrong in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from checker import packfile
from checker.language import Misspoken
from checker.model import Place, Problem
from checker.pack import Claim, plain_words
from checker.source import Document

M = TypeVar("M", bound=BaseModel)
Path_ = tuple[str | int, ...]


@dataclass
class File:
    """One clause's file."""

    document: Document
    clause: packfile.Clause

    def place(self, *path: str | int) -> Place:
        """The place of the value at `path`."""
        return self.document.place(path)


@dataclass
class Desk:
    """The files read so far, the words that are claimed, and the problems found.

    `faulty` are names whose own definition is wrong: what only follows from that is not told.
    """

    files: list[File] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    faulty: set[str] = field(default_factory=set)

    def wrong(self, place: Place, message: str, hint: str = "") -> None:
        """Takes note of a problem, but not of one that only follows from another."""
        unknown = re.match(r"unknown .*'(.+)'$", message)
        if not (unknown and unknown[1] in self.faulty):
            self.problems.append(Problem(place, message, hint))

    def misspoken(self, file: File, path: Path_, text: str, error: Misspoken) -> None:
        """Takes note of an expression that means nothing, at the word at fault."""
        place = file.document.within(path, text[: error.offset])
        self.wrong(place, error.message, error.hint)

    def definition(self, *path: str) -> Place:
        """Where a named part of a clause is defined: its own name."""
        for file in self.files:
            if path in file.document.keys:
                return file.document.keys[path]
        return self.files[0].place()

    def once(self, part: str) -> Iterator[tuple[File, str, Any]]:
        """The named parts of all clauses; a name that stands twice is a problem."""
        seen: dict[str, Place] = {}
        for file in self.files:
            for name, value in getattr(file.clause, part).items():
                place = file.place(part, name)
                if name in seen:
                    self.wrong(place, f"'{name}' stands twice", f"first at {seen[name]}")
                    continue
                seen[name] = place
                yield file, name, value

    def in_text(self, file: File, phrase: str, *path: str | int) -> str:
        """The phrase, blanks folded; a problem where it does not stand in the clause."""
        words = plain_words(phrase)
        if words not in plain_words(file.clause.text):
            self.wrong(file.place(*path), f"the words '{words}' do not stand in this clause")
        return words

    def claim(self, file: File, phrases: Iterable[str], by: str, *path: str | int) -> None:
        """Notes that something in the pack answers for these words."""
        for phrase in phrases:
            words = self.in_text(file, phrase, *path)
            self.claims.append(Claim(file.clause.clause, words, by))

    def model(self, model: type[M], document: Document | None) -> M | None:
        """The document as a model, or None with its problems noted."""
        if document is None:
            return None
        try:
            return model.model_validate(document.data)
        except ValidationError as error:
            self.problems += packfile.model_problems(document, model, error)
            return None

    def clause(self, document: Document | None) -> packfile.Clause | None:
        """The clause, without those of its parts that are wrong in themselves."""
        if document is None:
            return None
        try:
            return packfile.Clause.model_validate(document.data)
        except ValidationError as error:
            self.problems += packfile.model_problems(document, packfile.Clause, error)
            rest = self._without(document.data, [e["loc"] for e in error.errors()])
        try:
            return packfile.Clause.model_validate(rest)
        except ValidationError:
            return None

    def _without(self, data: Any, wrong: Iterable[Path_]) -> Any:
        """The file's data without the named parts at fault, whose names are noted."""
        if not isinstance(data, dict):
            return data
        rest = {key: dict(part) if isinstance(part, dict) else part for key, part in data.items()}
        for section, *path in wrong:
            if path and isinstance(part := rest.get(str(section)), dict):
                part.pop(path[0], None)
                self.faulty.add(str(path[0]))
            else:
                rest.pop(str(section), None)
        return rest
