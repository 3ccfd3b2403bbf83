"""The frozen values that pass between the rooms: places, problems, kinds, facts."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import overload

Value = int | bool | str
"""Cents, day ordinals, ten-billionths of a rate, yes or no, and whole words: all exact."""


class Lines(Sequence[str]):
    """Lines of text that are written when somebody first reads them; most never are."""

    def __init__(self, write: Callable[[], Iterable[str]]) -> None:
        """`write` must give the same whenever it is called."""
        self._write = write

    @cached_property
    def _written(self) -> tuple[str, ...]:
        return tuple(self._write())

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        return self._written[at]

    def __len__(self) -> int:
        return len(self._written)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._written == tuple(other)

    def __hash__(self) -> int:
        return hash(self._written)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in what a person wrote; lines and columns count from 1."""

    file: str
    line: int
    column: int
    excerpt: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in rules or facts, told to the person who wrote it."""

    place: Place
    message: str
    hint: str = ""


class WrongInput(Exception):
    """Carries every problem found in rules or facts up to the command; nothing was evaluated."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(
            problems, key=lambda p: (p.place.file, p.place.line, p.place.column, p.message)
        )
        super().__init__("; ".join(f"{p.place}: {p.message}" for p in self.problems))


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?` where a known name is near, the known names where they are few."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(names)}" if 0 < len(names) <= 20 else ""


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What may have been meant by a key of a YAML file that is not known."""
    if " " in key:  # no key has blanks: a comma within braces ended a text that went on
        return "a comma ended the text before it: put that text in quotes"
    return did_you_mean(key, known)


class Step(IntEnum):
    """The order of one day: what stands in an earlier step is known to the later ones."""

    OPENING = 0
    OBSERVATION = 1
    DUE = 2
    NOTICE = 3
    ELECTION = 4
    PAYMENT = 5
    ADVANCE = 6
    CLOSE = 7


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind of fact.

    `type` is one of money, rate, ratio, number, date, boolean, word (one of `choices`), text, name
    (of a party or place, compared without regard to case and punctuation), fact (id of another
    fact), target (id of a fact, an obligation or a finding), index (a declared index) and term (a
    declared term's name).
    """

    name: str
    type: str
    required: bool = False
    choices: tuple[str, ...] = ()
    positive: bool = True  # money: zero and less are refused; else only less than zero
    of: tuple[str, ...] = ()  # type fact: the kinds that may be named
    describes: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact: given by people, or derived by the ledger, with its step of the day."""

    name: str
    fields: Mapping[str, Field]
    step: Step
    happens: bool = True  # it cannot be recorded before it happened
    one_of: tuple[str, ...] = ()  # fields of which at least one must be there
    shared: bool = False  # one record without a contract reaches every contract
    describes: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One dated record as given; `values` hold the kind's own fields that are present.

    Days are proleptic ordinals, money cents, rates ten-billionths. `order` is the place among
    all records of the input, which decides between records of one day. `line_end` is what
    `report.facts_hash` is of besides the contract, where that was written beforehand.
    """

    id: str
    kind: str
    date: int
    recorded: int
    order: int
    values: Mapping[str, Value]
    contract: str = ""
    source: str = ""
    place: Place = field(default=Place("", 0, 0), compare=False)
    line_end: str = field(default="", init=False, repr=False, compare=False)


@dataclass(frozen=True)
class Vocabulary:
    """All that a pack lets a fact say, so that facts are refused with their place before a run."""

    currency: str
    kinds: Mapping[str, Kind]
    indices: frozenset[str]
    components: frozenset[str]  # what obligations are of: the first part of their ids
    rules: frozenset[str]  # the first part of findings' ids
    terms: Mapping[str, Callable[[str], object]]  # name -> parser, which raises ValueError
    not_before: Mapping[str, int] = field(default_factory=dict)  # kind -> first day allowed
    answers: Mapping[str, frozenset[str]] = field(default_factory=dict)  # question -> answers
