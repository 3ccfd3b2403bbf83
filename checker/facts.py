"""What records mean: kinds as declared, values exactly typed, records as they stand together."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar

from checker.dates import iso, parse_day
from checker.model import (
    Fact,
    Field,
    Kind,
    Place,
    Problem,
    Step,
    Value,
    Vocabulary,
    WrongInput,
    did_you_mean,
    unknown_key,
)
from checker.money import parse_money, parse_rate, parse_ratio
from checker.records import (
    COMMON,
    MAX_PROBLEMS,
    READERS,
    Record,
    document_records,
    parse_record,
    read_records,
    shown,
)
from checker.source import Document, Path_, Source, decode, load_yaml, read_source
from checker.timeline import CORRECTION, CORRECTION_FIELDS, corrected

OPENING_BALANCE = "opening-balance"
MAX_ID = 200
MAX_TARGET = 600  # a finding id is a rule's name, an obligation's and a fact's
MAX_TEXT = 20_000
MAX_NUMBER = 40  # characters of an amount, a rate or a date: enough for every one that is allowed

_T = TypeVar("_T")

Locate = Callable[[Fact, str], Place]
"""The place of a fact's field; needed only where something is wrong with it."""


# Kinds -------------------------------------------------------------------------------------------

FIELD_TYPES = frozenset(
    "money rate ratio number date boolean word text name fact target index term".split()  # noqa: SIM905 (words)
)
_FIELD_KEYS = ("type", "required", "choices", "may-be-zero", "of", "describes")
_KIND_KEYS = ("describes", "step", "happens", "shared", "needs-one-of", "fields")
_STEPS = {step.name.lower(): step for step in Step}
_KIND_NAME = re.compile(r"[a-z][a-z0-9-]{0,60}")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9_-]{0,60}")


def load_kinds(
    document: Document, section: str, known: Mapping[str, Kind] | None = None
) -> dict[str, Kind]:
    """The kinds declared under `section`; WrongInput carries all that is wrong with them.

    `known` are the kinds that exist already: they may be named by `of`, not declared again.
    """
    declared = _Declared(document)
    kinds = declared.kinds(section, known or {})
    if declared.problems:
        raise WrongInput(declared.problems)
    return kinds


@cache
def _base_kinds() -> dict[str, Kind]:
    path = Path(__file__).with_name("kinds.yaml")
    return load_kinds(load_yaml(read_source(path)), "given")


def base_kinds() -> dict[str, Kind]:
    """The kinds that every contract has."""
    return dict(_base_kinds())


class _Declared:
    """Reads the declarations of kinds, and collects what is wrong with them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []

    def _wrong(self, path: Path_, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.document.place(path), message, hint))

    def _wrong_key(self, path: Path_, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self.document.keys[path], message, hint))

    def kinds(self, section: str, known: Mapping[str, Kind]) -> dict[str, Kind]:
        root = self._mapping((), self.document.data)
        bodies = self._mapping((section,), root.get(section))
        kinds = {name: self._kind((section, name), name, body) for name, body in bodies.items()}
        for name, kind in kinds.items():
            if name in known:
                kinds[name] = self._widened((section, name), known[name], kind, bodies[name])
            for field in kind.fields.values():
                for number, other in enumerate(field.of):
                    if other not in kinds and other not in known:
                        path = (section, name, "fields", field.name, "of", number)
                        hint = did_you_mean(other, {*kinds, *known})
                        self._wrong(path, f"unknown kind {shown(other)}", hint)
        return kinds

    def _widened(self, path: Path_, given: Kind, kind: Kind, body: Any) -> Kind:
        """A kind that is given already, with fields of the pack's own besides."""
        if set(body or ()) - {"fields"}:
            message = f"the kind '{given.name}' is given already: only fields may be added to it"
            self._wrong_key(path, message)
        for name in kind.fields:
            if name in given.fields or name in CORRECTION_FIELDS:
                self._wrong_key((*path, "fields", name), f"the field '{name}' is given already")
        return replace(given, fields={**given.fields, **kind.fields})

    def _mapping(self, path: Path_, data: Any, keys: Sequence[str] | None = None) -> dict[str, Any]:
        if data is None:
            return {}
        if not isinstance(data, dict):
            self._wrong(path, "a mapping is expected: names with what they hold")
            return {}
        for key in data:
            if keys is not None and key not in keys:
                self._wrong_key((*path, key), f"unknown key {shown(key)}", unknown_key(key, keys))
        return data

    def _flag(self, path: Path_, body: Mapping[str, Any], key: str, default: bool) -> bool:
        value = body.get(key, default)
        if not isinstance(value, bool):
            self._wrong((*path, key), f"'{key}' is true or false")
            return default
        return value

    def _text(self, path: Path_, body: Mapping[str, Any], key: str, default: str = "") -> str:
        value = body.get(key, default)
        if not isinstance(value, str):
            self._wrong((*path, key), f"'{key}' is text")
            return default
        return " ".join(value.split())

    def _words(self, path: Path_, body: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = body.get(key, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self._wrong((*path, key), f"'{key}' is a list of words", 'write "true" in quotes')
            return ()
        if len(set(value)) < len(value) or (key in body and not value):
            self._wrong((*path, key), f"'{key}' names different words, one at least")
        return tuple(value)

    def _kind(self, path: Path_, name: str, data: Any) -> Kind:
        body = self._mapping(path, data, _KIND_KEYS)
        if not _KIND_NAME.fullmatch(name):
            self._wrong_key(path, "a kind's name is of small letters, digits and hyphens")
        step = self._text(path, body, "step", "notice")
        if step not in _STEPS:
            self._wrong((*path, "step"), f"unknown step {shown(step)}", did_you_mean(step, _STEPS))
        at = (*path, "fields")
        fields = self._mapping(at, body.get("fields"))
        return Kind(
            name,
            {each: self._field((*at, each), each, data) for each, data in fields.items()},
            _STEPS.get(step, Step.NOTICE),
            happens=self._flag(path, body, "happens", default=True),
            shared=self._flag(path, body, "shared", default=False),
            one_of=self._words(path, body, "needs-one-of"),
            describes=self._text(path, body, "describes"),
        )

    def _field(self, path: Path_, name: str, data: Any) -> Field:
        body = self._mapping(path, data, _FIELD_KEYS)
        if not _FIELD_NAME.fullmatch(name):
            self._wrong_key(path, "a field's name is of small letters, digits, _ and -")
        if name in COMMON:
            self._wrong_key(path, f"every record has '{name}' already: take another name")
        kind = self._text(path, body, "type")
        if kind not in FIELD_TYPES:
            message = f"unknown type {shown(kind)}" if kind else "the field lacks its 'type'"
            self._wrong((*path, "type"), message, did_you_mean(kind, FIELD_TYPES))
        for key, belongs in (("choices", "word"), ("may-be-zero", "money"), ("of", "fact")):
            if key in body and kind != belongs:
                self._wrong_key((*path, key), f"'{key}' belongs to the type {belongs}")
        if kind == "word" and "choices" not in body:
            self._wrong(path, "a word needs its 'choices'")
        return Field(
            name,
            kind,
            required=self._flag(path, body, "required", default=False),
            choices=self._words(path, body, "choices"),
            positive=not self._flag(path, body, "may-be-zero", default=False),
            of=self._words(path, body, "of"),
            describes=self._text(path, body, "describes"),
        )


# Values ------------------------------------------------------------------------------------------

_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""No document could show these: control characters, halves of pairs, what is no character."""

_day = lru_cache(65536)(parse_day)
_rate = lru_cache(65536)(parse_rate)


class _RefusedError(ValueError):
    """A value that cannot be taken, with what may have been meant."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _short(text: str) -> str:
    if len(text) > MAX_NUMBER:
        raise _RefusedError(f"too long: at most {MAX_NUMBER} characters")
    return text


def _text(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise _RefusedError(f"the text is longer than {MAX_TEXT:,} characters")
    if not text.isprintable() and (unfit := _UNFIT.search(text)):
        raise _RefusedError(f"the character U+{ord(unfit.group()):04X} is not allowed in text")
    return text


def _id(text: str) -> str:
    if len(text) > MAX_ID:
        raise _RefusedError(f"an id has at most {MAX_ID} characters")
    if "/" in text or " " in text or not text.isprintable():
        raise _RefusedError("an id is one word, without '/', blanks and control characters")
    return text


def _contract(text: str) -> str:
    if len(text) > MAX_ID or not text.isprintable():
        raise _RefusedError(f"the name of a contract is printable, of at most {MAX_ID} characters")
    return text


def _yes_or_no(field: Field, cell: bool) -> bool:
    if field.type != "boolean":
        raise _RefusedError(f"a {field.type} is expected")
    return cell


def _boolean(_field: Field, text: str) -> bool:
    if text not in ("true", "false"):
        raise _RefusedError("neither true nor false")
    return text == "true"


def _number(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,12}", text, re.ASCII):
        raise _RefusedError("not a whole number of at most 12 digits")
    return int(text)


def _one_of(text: str, known: Iterable[str], what: str) -> str:
    if text not in known:
        raise _RefusedError(what, did_you_mean(text, known))
    return text


COMMON_TYPES: Mapping[str, Callable[[str], Value]] = {
    "id": _id, "date": _day, "recorded": _day, "source": _text, "contract": _contract,
}  # fmt: skip
"""How the cells that a record of any kind has are typed; ValueError says what is wrong."""


class Typist:
    """Types the cells of records by the vocabulary, and collects what is wrong with them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []
        self._types: dict[str, Callable[[Field, str], Value]] = {
            "money": self._money,
            "rate": lambda _, text: _rate(_short(text)),
            "ratio": lambda _, text: parse_ratio(_short(text)),
            "number": lambda _, text: _number(text),
            "date": lambda _, text: _day(_short(text)),
            "boolean": _boolean,
            "word": lambda field, text: _one_of(text, field.choices, "not one of the words"),
            "text": lambda _, text: _text(text),
            "name": lambda _, text: _text(text),
            "fact": lambda _, text: _id(text),
            "target": self._target,
            "index": lambda _, text: _one_of(text, vocabulary.indices, "unknown index"),
            "term": lambda _, text: _one_of(text, vocabulary.terms, "unknown term"),
        }
        self._required: dict[str, list[str]] = {}  # by kind, as they occur: a line has only one

    def fact(self, record: Record, order: int) -> Fact | None:
        """The record as a fact; None where something is wrong with it.

        What a correction replaces stays as written: only its target says what it means.
        """
        before, cells = len(self.problems), record.cells
        kind = self._kind(record)
        name = self._common(record, "id", _id)
        date = self._common(record, "date", _day)
        recorded = self._common(record, "recorded", _day) if "recorded" in cells else date
        contract = self._common(record, "contract", _contract) if "contract" in cells else ""
        source = self._common(record, "source", _text) if "source" in cells else ""
        values = {} if kind is None else self._values(record, kind)
        if kind and kind.happens and date and recorded and recorded < date:
            message = f"recorded on {iso(recorded)}, before it happened on {iso(date)}"
            self._wrong(record.value("recorded"), message)
        if len(self.problems) > before:
            return None
        # None is impossible from here on: each was reported above
        assert kind is not None
        assert name is not None
        assert date is not None
        assert recorded is not None
        assert contract is not None
        assert source is not None
        return Fact(name, kind.name, date, recorded, order, values, contract, source, record.place)

    def _wrong(self, place: Place, message: str, hint: str = "") -> None:
        self.problems.append(Problem(place, message, hint))

    def _kind(self, record: Record) -> Kind | None:
        word = record.cells.get("kind")
        kind = self.vocabulary.kinds.get(word) if isinstance(word, str) else None
        if word is None:
            self._wrong(record.value("kind"), "the record has no 'kind'")
        elif kind is None:
            hint = did_you_mean(str(word), self.vocabulary.kinds)
            self._wrong(record.value("kind"), f"unknown kind {shown(word)}", hint)
        return kind

    def _common(self, record: Record, name: str, parse: Callable[[str], _T]) -> _T | None:
        cell = record.cells.get(name)
        if cell is None:
            self._wrong(record.value(name), f"the record has no '{name}'")
            return None
        try:
            if isinstance(cell, bool):
                raise _RefusedError("text is expected")
            return parse(cell)
        except ValueError as error:
            self._refuse(record.value(name), name, cell, error)
            return None

    def _values(self, record: Record, kind: Kind) -> dict[str, Value]:
        values: dict[str, Value] = {}
        before, fields = len(self.problems), kind.fields
        for name, cell in record.cells.items():
            field = fields.get(name)
            if field is None and name in COMMON:
                continue
            if field is not None:
                try:
                    values[name] = self.value(field, cell)
                except ValueError as error:
                    self._refuse(record.value(name), name, cell, error)
            elif kind.name == CORRECTION:
                values[name] = cell
            else:
                self._wrong(record.key(name), *self.foreign(name, kind))
        required = self._required.get(kind.name)
        if required is None:
            required = [field.name for field in kind.fields.values() if field.required]
            self._required[kind.name] = required
        for name in required:
            if name not in values and name not in record.cells:
                self._wrong(record.value(name), f"the {kind.name} has no '{name}'")
        if kind.one_of and not any(name in record.cells for name in kind.one_of):
            wanted = " or ".join(f"'{name}'" for name in kind.one_of)
            self._wrong(record.value("kind"), f"the {kind.name} has none of {wanted}")
        if len(self.problems) == before:
            for name, message, hint in self.disagreements(kind, values):
                self._wrong(record.value(name), message, hint)
        return values

    def value(self, field: Field, cell: Value) -> Value:
        """The typed value; ValueError says what is wrong. What is typed already passes."""
        if isinstance(cell, str):
            return self._types[field.type](field, cell)
        return _yes_or_no(field, cell) if isinstance(cell, bool) else cell

    def _refuse(self, place: Place, name: str, cell: Value, error: ValueError) -> None:
        self._wrong(place, f"{name} {shown(cell)}: {error}", getattr(error, "hint", ""))

    def foreign(self, name: str, kind: Kind) -> tuple[str, str]:
        """What is wrong with a field that its record's kind does not have, and a suggestion."""
        owners = [each.name for each in self.vocabulary.kinds.values() if name in each.fields]
        if not owners:
            hint = did_you_mean(name, [*kind.fields, *COMMON])
            return f"unknown field {shown(name)} in a {kind.name}", hint
        hint = f"fields of '{kind.name}': {', '.join(kind.fields)}"
        return f"field '{name}' belongs to kind '{owners[0]}', not to '{kind.name}'", hint

    def _money(self, field: Field, text: str) -> int:
        cents = parse_money(_short(text), self.vocabulary.currency)
        if cents < 0 or (cents == 0 and field.positive):
            raise _RefusedError(
                f"an amount is {'more than zero' if field.positive else 'not negative'}"
            )
        return cents

    def _target(self, _field: Field, text: str) -> str:
        first, slash, _ = text.partition("/")
        if not slash:
            return _id(text)
        if len(text) > MAX_TARGET or not text.isprintable():
            raise _RefusedError("not the id of a finding or an obligation")
        known = self.vocabulary.rules | self.vocabulary.components
        return text if first in known else _one_of(first, known, "no finding or obligation has it")

    def disagreements(
        self, kind: Kind, values: Mapping[str, Value]
    ) -> Iterator[tuple[str, str, str]]:
        """What is wrong between the values of one record: the field, the message, a hint."""
        if kind.name == "judgment":
            yield from self._answer(str(values["question"]), str(values["answer"]))
        elif kind.name == "amendment":
            try:
                self.vocabulary.terms[str(values["term"])](str(values["value"]))
            except ValueError as error:
                yield "value", f"value {shown(values['value'])}: {error}", ""

    def _answer(self, question: str, answer: str) -> Iterator[tuple[str, str, str]]:
        """Questions in the decider's own words are taken, if the answer is one to some question."""
        answers = self.vocabulary.answers
        known = answers.get(question, frozenset().union(*answers.values()))
        if answer in known:
            return
        asked = f"to the question '{question}'" if question in answers else "to any question"
        yield "answer", f"{shown(answer)} is no answer {asked}", did_you_mean(answer, known)


# Together ----------------------------------------------------------------------------------------

_AFTER_OPENING = (Step.DUE, Step.ELECTION, Step.PAYMENT, Step.ADVANCE)


def _own_place(fact: Fact, _field: str) -> Place:
    return fact.place


class Book:
    """Takes records one by one, in any order, and collects what is wrong between them.

    `problems` are those found so far. A record costs the same however many came before it. With
    `live`, what stands is judged after each record, for streams; else once, by `close`.
    """

    def __init__(
        self, vocabulary: Vocabulary, locate: Locate = _own_place, *, live: bool = False
    ) -> None:
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []
        self.facts: list[Fact] = []
        self._typist = Typist(vocabulary)
        self._locate = locate
        self._live = _Live(vocabulary, locate) if live else None
        self._seen: dict[str, Fact] = {}
        self._broken: set[str] = set()
        self._doubtful = False  # a correction is wrong in itself
        self._roots: dict[str, Fact] = {}  # id -> itself, or what a correction in the end corrects
        self._waiting: dict[str, list[Fact]] = {}  # id not yet known -> its corrections
        self._open: dict[str, list[tuple[Fact, Field]]] = {}  # id not yet known -> who names it
        self._references = {
            kind.name: [f for f in kind.fields.values() if f.type in ("fact", "target")]
            for kind in vocabulary.kinds.values()
        }

    def _wrong(self, fact: Fact, field: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(self._locate(fact, field), message, hint))

    def skip(self, name: str, kind: str) -> None:
        """Takes note of a record that is wrong in itself: what names it is not wrong for that.

        Where it may have been a correction, what stands cannot be judged.
        """
        self._broken.add(name)
        self._doubtful |= kind == CORRECTION or kind not in self.vocabulary.kinds

    def add(self, fact: Fact) -> list[Fact]:
        """Takes a record; gives those now complete: a correction waits for what it corrects."""
        first = self._seen.setdefault(fact.id, fact)
        if first is not fact:
            self._wrong(fact, "id", f"the id '{fact.id}' stands twice", f"first at {first.place}")
            return []
        done: list[Fact] = []
        ready = [fact]
        while ready:
            each = ready.pop()
            root: Fact | None = each
            if each.kind == CORRECTION:
                root = self._root(each)
                completed = root and self._complete(each, root)
                if completed is None:
                    continue
                each = completed
            assert root is not None
            self._roots[each.id] = root
            self._refer(each, root)
            done.append(each)
            ready += self._waiting.pop(each.id, ())
        self.facts += done
        if self._live:
            # Corrections that waited are known before what they correct is judged.
            for each in sorted(done, key=lambda fact: fact.kind != CORRECTION):
                waited = [fact for fact in done if fact.kind == CORRECTION]
                self.problems += self._live.add(each, self._roots[each.id], waited)
        return done

    def _root(self, correction: Fact) -> Fact | None:
        target = str(correction.values["of"])
        root = self._roots.get(target)
        if target == correction.id:
            self._wrong(correction, "of", "a correction cannot correct itself")
            self.skip(correction.id, CORRECTION)
        elif root is None:
            self._waiting.setdefault(target, []).append(correction)
        return root

    def _complete(self, correction: Fact, root: Fact) -> Fact | None:
        """The correction with its replacing values typed by the kind of what it corrects."""
        kind, before = self.vocabulary.kinds[root.kind], len(self.problems)
        replacing = {k: v for k, v in correction.values.items() if k not in CORRECTION_FIELDS}
        values = dict(correction.values)
        for name, cell in replacing.items():
            field = kind.fields.get(name)
            if field is None:
                self._wrong(correction, name, *self._typist.foreign(name, kind))
                continue
            try:
                values[name] = self._typist.value(field, cell)
            except ValueError as error:
                message, hint = f"{name} {shown(cell)}: {error}", getattr(error, "hint", "")
                self._wrong(correction, name, message, hint)
        if values.get("void") and replacing:
            message = "a correction takes the record back or replaces fields of it, not both"
            self._wrong(correction, min(replacing), message)
        elif not values.get("void") and not replacing:
            message = "the correction neither takes the record back nor replaces a field of it"
            self._wrong(correction, "void", message, "write void: true, or the fields that replace")
        elif len(self.problems) == before:
            for name, message, hint in self._typist.disagreements(kind, {**root.values, **values}):
                self._wrong(correction, name, message, hint)
        if len(self.problems) > before:
            self.skip(correction.id, CORRECTION)
            return None
        return replace(correction, values=values)

    def _refer(self, fact: Fact, root: Fact) -> None:
        """Checks what the record names; what is not yet known waits."""
        references = self._references[root.kind]
        if not references and not self._open:
            return
        for field in references:
            name = fact.values.get(field.name)
            if (
                not isinstance(name, str)
                or "/" in name
                or (fact is not root and field.name == "of")
            ):
                continue
            if name in self._seen:
                self._fits(fact, field, self._seen[name])
            else:
                self._open.setdefault(name, []).append((fact, field))
        for other, field in self._open.pop(fact.id, ()):
            self._fits(other, field, fact)

    def _fits(self, fact: Fact, field: Field, named: Fact) -> None:
        if field.of and named.kind not in field.of:
            message = (
                f"'{named.id}' is a {named.kind}; {field.name} names a {' or '.join(field.of)}"
            )
            self._wrong(fact, field.name, message)

    def close(self) -> list[Problem]:
        """All problems, with those that only the end can tell: what is named never came."""
        for name, references in self._open.items():
            for fact, field in references:
                self._unknown(fact, field.name, name)
        for name, corrections in self._waiting.items():
            if name not in self._seen:
                for fact in corrections:
                    self._unknown(fact, "of", name)
        self._circles()
        if self._live is None and not self._doubtful:
            standing = corrected(self.facts)
            self.problems += contradictions(standing, self.vocabulary, self._locate)
        return self.problems

    def _unknown(self, fact: Fact, field: str, name: str) -> None:
        if name in self._broken or len(self.problems) >= MAX_PROBLEMS:
            return
        near: Iterable[str] = self._seen
        if len(self._seen) > 1000:  # the search for a near one costs as much as there are ids
            few = len(self.problems) < 20
            near = [i for i in self._seen if i[:2] == name[:2]][:1000] if few else ()
        hint = did_you_mean(name, near)
        self._wrong(fact, field, f"no record has the id {shown(name)}", hint)

    def _circles(self) -> None:
        """Corrections that wait for one another: each circle is told once."""
        waiting = {fact.id: fact for facts in self._waiting.values() for fact in facts}
        walked: set[str] = set()
        for start in waiting:
            path: dict[str, None] = {}
            name = start
            while name in waiting and name not in walked and name not in path:
                path[name] = None
                name = str(waiting[name].values["of"])
            if name in path:
                self._wrong(waiting[name], "of", f"the correction '{name}' comes to correct itself")
            walked.update(path)


class _Live:
    """Judges what stands after each record of a stream, looking only at what it can touch."""

    def __init__(self, vocabulary: Vocabulary, locate: Locate) -> None:
        self.rules = _Standing(vocabulary, locate)
        self.all: list[Fact] = []
        self.openings: list[Fact] = []
        self.days: dict[int, list[Fact]] = {}  # observations of a day, with their corrections

    def add(self, fact: Fact, root: Fact, waited: Sequence[Fact]) -> list[Problem]:
        self.all.append(fact)
        near = [*self.openings, fact, *(each for each in waited if each is not fact)]
        if root.kind == OPENING_BALANCE:  # seldom: it may come after what it forbids
            self.openings.append(fact)
            near = self.all
        elif root.kind in self.rules.indices:
            day = self.days.setdefault(root.date, [])
            day.append(fact)
            near = [*self.openings, *day, *(each for each in waited if each not in day)]
        elif fact is not root:  # a correction cannot move its record to another day
            return []
        return self.rules.problems(list(corrected(near)))


class _Standing:
    """What cannot stand together, or not so early, among facts as corrected."""

    def __init__(self, vocabulary: Vocabulary, locate: Locate) -> None:
        self.vocabulary, self.locate = vocabulary, locate
        kinds = vocabulary.kinds
        self.after_opening = {name for name in kinds if kinds[name].step in _AFTER_OPENING}
        self.indices = {name: at for name in kinds if (at := _index_field(kinds[name]))}

    def problems(self, facts: Sequence[Fact]) -> list[Problem]:
        found: list[Problem] = []
        openings = [fact for fact in facts if fact.kind == OPENING_BALANCE]
        opening = min(openings, key=lambda fact: fact.date, default=None)
        for fact in openings:
            if opening is not None and fact is not opening:
                place, hint = self.locate(fact, "kind"), f"first at {opening.place}"
                found.append(Problem(place, "a second opening balance", hint))
        observed: dict[tuple[str, Value, int], Fact] = {}
        for fact in facts:
            if len(found) >= MAX_PROBLEMS:
                break
            if early := self._early(fact, opening):
                found.append(Problem(self.locate(fact, "date"), *early))
            elif fact.kind in self.indices:
                index = fact.values.get(self.indices[fact.kind], "")
                other = observed.setdefault((fact.kind, index, fact.date), fact)
                field = _differs(fact, other, self.vocabulary.kinds[fact.kind])
                if field:
                    message = f"a second, different {field} of '{index}' on {iso(fact.date)}"
                    hint = f"'{other.id}' at {other.place} gives another: correct one of them"
                    found.append(Problem(self.locate(fact, field), message, hint))
        return found

    def _early(self, fact: Fact, opening: Fact | None) -> tuple[str, str] | None:
        first = self.vocabulary.not_before.get(fact.kind, 0)
        if fact.date < first:
            hint = f"what was owed before is one record of the kind '{OPENING_BALANCE}'"
            return f"the first {fact.kind} is of {iso(first)} or later", hint
        if opening and fact.date < opening.date and fact.kind in self.after_opening:
            hint = f"the opening balance at {opening.place} holds what went before"
            message = f"the {fact.kind} is dated before the opening balance of {iso(opening.date)}"
            return message, hint
        return None


def contradictions(
    facts: Iterable[Fact], vocabulary: Vocabulary, locate: Locate = _own_place
) -> list[Problem]:
    """What cannot stand together among facts as corrected (`timeline.effective`).

    Two values of one index on one day, two opening balances, and what is dated before the
    opening balance or before the first day of its kind.
    """
    return _Standing(vocabulary, locate).problems(list(facts))


def _index_field(kind: Kind) -> str:
    return next((field.name for field in kind.fields.values() if field.type == "index"), "")


def _differs(fact: Fact, other: Fact, kind: Kind) -> str:
    """The first field in which two observations measure differently; empty where none does."""
    if fact is other:
        return ""
    for field in kind.fields.values():
        measured = field.type in ("rate", "money")
        if measured and fact.values.get(field.name) != other.values.get(field.name):
            return field.name
    return ""


def check_together(
    facts: Sequence[Fact], vocabulary: Vocabulary, locate: Locate = _own_place
) -> list[Problem]:
    """All that is wrong between records: ids, references, corrections, contradictions."""
    book = Book(vocabulary, locate)
    for fact in facts:
        book.add(fact)
    return book.close()


# Files -------------------------------------------------------------------------------------------


@contextmanager
def uncollected() -> Iterator[None]:
    """Keeps the garbage collector from walking, over and over, a million things that all stay."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@uncollected()
def load_facts(
    paths: Sequence[str], vocabulary: Vocabulary, contract: str | None = None
) -> list[Fact]:
    """The facts of the files in the order given; WrongInput carries every problem of all of them.

    Formats go by the suffix; `-` is standard input, as JSON lines. `contract` chooses one out of
    files of many. Corrections hold their replacing values typed as their target has them.
    """
    records: list[Record] = []
    problems: list[Problem] = []
    fields = {name for kind in vocabulary.kinds.values() for name in kind.fields}
    for path in paths:
        try:
            source, suffix = _open(path)
            found, wrong = read_records(source, suffix, fields)
        except WrongInput as error:
            found, wrong = [], error.problems
        records += found
        problems += wrong
    return _facts(records, problems, vocabulary, contract)


def facts_in(document: Document, path: Path_, vocabulary: Vocabulary) -> list[Fact]:
    """The facts listed at `path` of a YAML document: a case's, a scenario's."""
    records, problems = document_records(document, path)
    return _facts(records, problems, vocabulary, None)


def facts_alone(
    document: Document, path: Path_, vocabulary: Vocabulary
) -> tuple[list[Fact], list[Problem]]:
    """The facts listed at `path`, each typed by itself: what they name may stand elsewhere."""
    records, problems = document_records(document, path)
    typist = Typist(vocabulary)
    facts = [typist.fact(record, order) for order, record in enumerate(records)]
    return [fact for fact in facts if fact is not None], [*problems, *typist.problems]


def judged(records: Iterable[Record], vocabulary: Vocabulary, contract: str) -> list[Fact]:
    """The records of one contract as facts, in their order; WrongInput carries every problem."""
    return _facts(list(records), [], vocabulary, contract)


def parse_line(text: str, name: str, number: int, vocabulary: Vocabulary) -> Fact:
    """The fact on one line of JSON lines, line `number` (and in that order) of `name`.

    What a correction replaces stays as written until a `Book` knows its target.
    """
    typist = Typist(vocabulary)
    fact = typist.fact(parse_record(text, name, number), number)
    if fact is None:
        raise WrongInput(typist.problems)
    return fact


def _open(path: str) -> tuple[Source, str]:
    if path == "-":
        return decode(sys.stdin.buffer.read(), "-"), ".jsonl"
    suffix = Path(path).suffix.lower()
    if suffix not in READERS and Path(path).exists() and not Path(path).is_dir():
        message = f"facts are not read from {suffix or 'files without a suffix'}"
        raise WrongInput([Problem(Place(path, 1, 1), message, f"known: {', '.join(READERS)}")])
    return read_source(Path(path), path), suffix


def _facts(
    records: list[Record], problems: list[Problem], vocabulary: Vocabulary, contract: str | None
) -> list[Fact]:
    contract, chosen = _choose(records, problems, vocabulary, contract)
    typist = Typist(vocabulary)
    typist.problems = problems
    book = Book(vocabulary, lambda fact, field: records[fact.order].value(field))
    book.problems = problems
    for order in chosen:
        fact = typist.fact(records[order], order)
        if fact is not None:
            book.add(fact if fact.contract == contract else replace(fact, contract=contract))
        else:
            cells = records[order].cells
            book.skip(str(cells.get("id")), str(cells.get("kind")))
        if len(problems) >= MAX_PROBLEMS:
            break
    else:
        book.close()
    if problems:
        raise WrongInput(_capped(problems))
    return sorted(book.facts, key=lambda fact: fact.order)


def _capped(problems: list[Problem]) -> list[Problem]:
    if len(problems) < MAX_PROBLEMS:
        return problems
    kept = problems[:MAX_PROBLEMS]
    last = max((p.place for p in kept), key=lambda place: (place.file, place.line, place.column))
    end = replace(last, column=max(last.column, len(last.excerpt)) + 1)
    message = f"{MAX_PROBLEMS:,} problems and perhaps more: the rest is not read"
    return [*kept, Problem(end, message)]


def _choose(
    records: list[Record], problems: list[Problem], vocabulary: Vocabulary, contract: str | None
) -> tuple[str, list[int]]:
    """The contract, and which records are its own: all, unless the files hold several contracts."""
    first: dict[str, Record] = {}
    for record in records:
        if isinstance(name := record.cells.get("contract"), str):
            first.setdefault(name, record)
    if contract is not None and first and contract not in first:
        place = next(iter(first.values())).value("contract")
        message = f"no record is of the contract {shown(contract)}"
        problems.append(Problem(place, message, did_you_mean(contract, list(first)[:1000])))
    elif contract is None and len(first) > 1:
        place = list(first.values())[1].value("contract")
        some = ", ".join(map(shown, list(first)[:3])) + (", …" if len(first) > 3 else "")
        message = f"the facts are of {len(first):,} contracts: {some}"
        problems.append(Problem(place, message, "choose one with --contract"))
    else:
        return contract or next(iter(first), ""), _of(
            records, problems, vocabulary, contract, first
        )
    raise WrongInput(_capped(problems))


def _of(
    records: list[Record],
    problems: list[Problem],
    vocabulary: Vocabulary,
    contract: str | None,
    first: Mapping[str, Record],
) -> list[int]:
    if len(first) < 2:
        return list(range(len(records)))
    chosen = []
    for order, record in enumerate(records):
        name = record.cells.get("contract")
        kind = vocabulary.kinds.get(str(record.cells.get("kind")))
        if name == contract or (name is None and (kind is None or kind.shared)):
            chosen.append(order)
        elif name is None:
            message = f"a {record.cells['kind']} in a file of many contracts needs its 'contract'"
            problems.append(Problem(record.value("contract"), message))
    return chosen
