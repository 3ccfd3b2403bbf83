"""Reads what people write: text with its places, and YAML without YAML's traps."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from checker.model import Place, Problem, WrongInput

MAX_LINE = 1_000_000
MAX_YAML_BYTES = 20_000_000
MAX_DEPTH = 40
EXCERPT = 160

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Source:
    """The text of one file, decoded, with a name for messages."""

    name: str
    text: str

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.split("\n")

    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self._lines

    def place(self, line: int, column: int = 1) -> Place:
        """A place with its excerpt; `line` and `column` count from 1."""
        lines = self.lines()
        return Place(self.name, line, column, lines[line - 1] if 0 < line <= len(lines) else "")


def read_source(path: Path, name: str | None = None) -> Source:
    """The file's text (UTF-8, BOM and CRLF accepted); WrongInput says why it cannot be read."""
    name = str(path) if name is None else name
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = "is a directory" if path.is_dir() else (error.strerror or str(error)).lower()
        raise WrongInput([Problem(Place(name, 1, 1), f"cannot be read: {reason}")]) from error
    return decode(data, name)


def decode(data: bytes, name: str) -> Source:
    """Bytes as text: UTF-8 only, no NUL, no line longer than a person could have written."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        message = f"byte 0x{data[error.start]:02x} is not UTF-8 text"
        raise WrongInput([Problem(Place(name, line, column), message)]) from error
    text = text.replace("\r\n", "\n")
    if "\0" in text:
        line, column = _line_column(text, text.index("\0"))
        raise WrongInput([Problem(Place(name, line, column), "a NUL byte stands here")])
    if len(text) > MAX_LINE:
        _refuse_long_line(text, name)
    return Source(name, text)


def _line_column(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def _refuse_long_line(text: str, name: str) -> None:
    start, number = 0, 1
    while start <= len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > MAX_LINE:
            place = Place(name, number, 1, text[start : start + EXCERPT])
            message = f"the line is longer than {MAX_LINE:,} characters"
            raise WrongInput([Problem(place, message)])
        start, number = end + 1, number + 1


def render(problem: Problem, error: str = "error") -> str:
    """`file:line:column: error: …`, the line itself with a caret, and the hint."""
    text = f"{problem.place}: {error}: {problem.message}"
    excerpt, column = problem.place.excerpt, problem.place.column
    if excerpt:
        start = max(0, column - EXCERPT // 2) if column > EXCERPT else 0
        shown = excerpt[start : start + EXCERPT].replace("\t", " ")
        text += f"\n    {shown}\n    {' ' * (column - 1 - start)}^"
    return text + (f"\n    {problem.hint}" if problem.hint else "")


@dataclass(frozen=True)
class Document:
    """A YAML document as plain data, and the place of every value and key by its path."""

    source: Source
    data: Any
    places: dict[Path_, Place]
    keys: dict[Path_, Place]

    def place(self, path: Path_) -> Place:
        """The place of the value at `path`, or of the nearest value around it."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path) or self.source.place(1)

    def within(self, path: Path_, before: str) -> Place:
        """The place in the text at `path` that comes after the words `before`, however folded.

        Where no text that begins so stands there, the place of the value.
        """
        place, value = self.place(path), self.data
        while path not in self.places and path:
            path = path[:-1]
        for step in path:
            value = value[step]
        words, all_words = "".join(before.split()), "".join(str(value).split())
        if not isinstance(value, str) or not all_words.startswith(words):
            return place
        text = self.source.text
        at = sum(len(line) + 1 for line in self.source.lines()[: place.line - 1]) + place.column - 1
        at = _TEXT_BEGINS.match(text, at).end()  # type: ignore[union-attr]  # it can match nothing
        for letter in words:
            at = _skip_blanks(text, at)
            if text[at : at + 1] != letter:  # an escape in a quoted text: nearer is not known
                return place
            at += 1
        at = at if words == all_words else _skip_blanks(text, at)
        return self.source.place(*_line_column(text, at))


_TEXT_BEGINS = re.compile(r"[|>][-+\d]*[ \t]*(?:#.*)?\n\s*|['\"]?")


def _skip_blanks(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def load_yaml(source: Source) -> Document:
    """The one document of the text; true/false, plain integers and null resolve, the rest is text.

    Refused with the place: duplicate keys, anchors, aliases, tags, several documents, keys that
    are not words, depth over 40.
    """
    if len(source.text) > MAX_YAML_BYTES:
        raise WrongInput([Problem(source.place(1), "the file is too large for YAML: use CSV")])
    _Reader(source)  # depth, anchors and tags are refused on the event stream, before composing
    try:
        root = yaml.compose(source.text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise WrongInput([_yaml_problem(source, error)]) from error
    if root is None:
        raise WrongInput([Problem(source.place(1), "the file is empty")])
    builder = _Builder(source)
    data = builder.build(root, ())
    if builder.problems:
        raise WrongInput(builder.problems)
    return Document(source, data, builder.places, builder.keys)


def _yaml_problem(source: Source, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None)
    message = str(getattr(error, "problem", None) or error).splitlines()[0]
    place = source.place(mark.line + 1, mark.column + 1) if mark else source.place(1)
    column = min(place.column, len(place.excerpt) + 1)  # it may stand behind the line's end
    return Problem(replace(place, column=column), f"not YAML: {message}")


class _Reader:
    """Walks the events, so that depth is known before the recursive composer meets it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        depth = documents = 0
        # The C parser recurses on flow collections while it scans: brackets are counted first.
        self._refuse_brackets()
        try:
            for event in yaml.parse(source.text, Loader=yaml.CSafeLoader):
                if isinstance(event, yaml.CollectionStartEvent):
                    depth += 1
                elif isinstance(event, yaml.CollectionEndEvent):
                    depth -= 1
                documents += isinstance(event, yaml.DocumentStartEvent)
                self._refuse(event, depth, documents)
        except yaml.YAMLError as error:
            raise WrongInput([_yaml_problem(source, error)]) from error

    def _refuse_brackets(self) -> None:
        run = re.search(rf"(?:[\[{{]\s*){{{MAX_DEPTH + 1},}}", self.source.text)
        if run:
            line, column = _line_column(self.source.text, run.start())
            self._raise(self.source.place(line, column), "nested too deeply")

    def _refuse(self, event: yaml.Event, depth: int, documents: int) -> None:
        mark = event.start_mark
        place = self.source.place(mark.line + 1, mark.column + 1) if mark else self.source.place(1)
        if depth > MAX_DEPTH:
            self._raise(place, "nested too deeply")
        if documents > 1:
            self._raise(place, "a second document begins here; one file holds one")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._raise(place, "anchors and aliases are not allowed: write the value out")
        if getattr(event, "tag", None) not in (None, "!"):
            self._raise(place, "tags are not allowed")

    def _raise(self, place: Place, message: str) -> None:
        raise WrongInput([Problem(place, message)])


class _Builder:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.lines = source.lines()
        self.places: dict[Path_, Place] = {}
        self.keys: dict[Path_, Place] = {}
        self.problems: list[Problem] = []

    def _place(self, node: yaml.Node) -> Place:
        line = node.start_mark.line
        excerpt = self.lines[line] if line < len(self.lines) else ""
        return Place(self.source.name, line + 1, node.start_mark.column + 1, excerpt)

    def build(self, node: yaml.Node, path: Path_) -> Any:
        self.places[path] = self._place(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)  # aliases were refused, nothing else is left
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(Problem(place, "a key is a single word"))
                continue
            key = str(key_node.value)
            if key in built:
                first = self.keys[(*path, key)]
                self.problems.append(
                    Problem(place, f"the key '{key}' stands twice", f"first on line {first.line}")
                )
                continue
            self.keys[(*path, key)] = place
            built[key] = self.build(value_node, (*path, key))
        return built


def _scalar(node: yaml.ScalarNode) -> str | int | bool | None:
    text = str(node.value)
    if node.style:  # the C loader says '' for a plain word
        return text
    if text in ("true", "false"):
        return text == "true"
    if text in ("null", "~", ""):
        return None
    if re.fullmatch(r"-?(0|[1-9]\d{0,17})", text, re.ASCII):
        return int(text)
    return text
