"""Finds values, words and entries of a YAML document in its text, so that they can be edited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checker.model import Place
from checker.source import Document

Path_ = tuple[str | int, ...]
Span = tuple[int, int]


@dataclass
class Text:
    """A document with the index in its text of everything that its paths name."""

    document: Document

    @property
    def text(self) -> str:
        return self.document.source.text

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.document.source.lines():
            starts.append(starts[-1] + len(line) + 1)
        return starts

    def index(self, place: Place) -> int:
        """Where a place is in the text."""
        return self._starts[place.line - 1] + place.column - 1

    def value(self, path: Path_) -> Any:
        """The data at a path."""
        data = self.document.data
        for step in path:
            data = data[step]
        return data

    def scalars(self, path: Path_ = ()) -> Iterator[tuple[Path_, str]]:
        """Every value that is text, with its path; numbers and truth values by their text."""
        data = self.value(path)
        if isinstance(data, dict):
            for key in data:
                yield from self.scalars((*path, key))
        elif isinstance(data, list):
            for number in range(len(data)):
                yield from self.scalars((*path, number))
        elif data is not None:
            yield (
                path,
                {True: "true", False: "false"}[data] if isinstance(data, bool) else str(data),
            )

    def span(self, path: Path_, text: str, start: int, end: int) -> Span | None:
        """Where the letters from `start` to `end` of the text at `path` stand in the file."""
        first = self._letter(path, text, start)
        last = self._letter(path, text, end - 1)
        return None if first is None or last is None else (first, last + 1)

    def _letter(self, path: Path_, text: str, at: int) -> int | None:
        if at == 0 and not isinstance(self.value(path), str):
            return self.index(self.document.place(path))
        if not isinstance(self.value(path), str):  # a number: its letters follow one another
            return self.index(self.document.place(path)) + at
        found = self.index(self.document.within(path, text[:at]))
        return found if self.text[found : found + 1] == text[at] else None

    def entry(self, path: Path_) -> Span:
        """A key with its value, and the comma or the lines that belong to it."""
        start = self.index(self.document.keys[path])
        before = self.text[:start].rstrip()
        if before.endswith(("{", ",")):
            return self._flow_entry(start, self.index(self.document.place(path)), before)
        return self._block_entry(start)

    def _flow_entry(self, start: int, value: int, before: str) -> Span:
        end = flow_end(self.text, value)
        if before.endswith(","):
            return len(before) - 1, end
        rest = re.compile(r"\s*,\s*").match(self.text, end)
        return start, rest.end() if rest else end

    def _block_entry(self, start: int) -> Span:
        line = self.text.rfind("\n", 0, start) + 1
        indent = start - line
        end = self.text.find("\n", start) + 1 or len(self.text)
        while end < len(self.text):
            following = self.text.find("\n", end) + 1 or len(self.text)
            words = self.text[end:following]
            if words.strip() and len(words) - len(words.lstrip()) <= indent:
                break
            end = following
        while self.text[:end].endswith("\n\n"):  # a blank line belongs to what comes after it
            end -= 1
        return line, end


def flow_end(text: str, at: int) -> int:
    """Where the value that begins at `at` in braces or brackets ends."""
    depth, quote = 0, ""
    for index in range(at, len(text)):
        letter = text[index]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'" and (depth or index == at):
            quote = letter
        elif letter in "[{":
            depth += 1
        elif letter in "]}" and depth:
            depth -= 1
        elif letter in ",]}" and not depth:
            return index
    return len(text)
