"""What a pack says of its own kinds of record, so that they can be made up: its `generate.yaml`."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field as Key
from pydantic import ValidationError

from checker.dates import Day, Duration, Schedule, parse_duration, parse_schedule
from checker.language import (
    Circumstance,
    Misspoken,
    Naming,
    Scope,
    TermValue,
    Typed,
    circumstance,
    fold,
    parse_literal,
)
from checker.model import Field, Kind, Place, Problem, Value, WrongInput, did_you_mean
from checker.money import RATE_ONE, parse_rate
from checker.pack import Pack
from checker.packfile import Id, Part, Text, model_problems
from checker.rules import resolve_text
from checker.source import Document, load_yaml, read_source

FILE = "generate.yaml"

Fields = Mapping[str, tuple[str, tuple[str, ...]]]

EVENTS: Mapping[str, tuple[str, Fields]] = {
    "start": ("The first day that earns interest.", {"date": ("date", ())}),
    "advance": (
        "Principal is advanced.",
        {"id": ("fact", ()), "date": ("date", ()), "amount": ("money", ())},
    ),
    "payment": (
        "Money is paid.",
        {"id": ("fact", ()), "date": ("date", ()), "amount": ("money", ())},
    ),
    "prepayment": (
        "A payment repays principal that is not due, so much of it `prepaid`.",
        {"id": ("fact", ()), "date": ("date", ()), "amount": ("money", ()),
         "prepaid": ("money", ())},
    ),
    "default": (
        "The last day to pay something has passed; `of` is the obligation.",
        {"of": ("target", ()), "date": ("date", ()), "amount": ("money", ())},
    ),
    "acceleration": ("All is called due.", {"id": ("fact", ()), "date": ("date", ())}),
}  # fmt: skip
"""What a generator makes happen by itself: what it means, and what may be asked of it."""

_OCCASION: Fields = {"date": ("date", ())}
_ORDERED = ("money", "rate", "ratio", "number", "date")
_SPAN = re.compile(r"(?:(?P<least>\d{1,4}) to )?(?P<most>\d{1,4} .+)")


class HabitPart(Part):
    """Records of one kind that go with something else, or come by themselves."""

    record: Id
    every: Text | None = None
    before: Id | None = None
    after: Id | None = None
    on: Id | None = None
    once: bool | None = None
    days: Text = "0 days"
    share: Text = "100%"
    where: Text | None = None
    fields: dict[str, Any] = Key(default={})


class GeneratePart(Part):
    """A pack's own habits, for `checker generate`."""

    habits: dict[Id, HabitPart] = Key(default={})


Make = Callable[[random.Random, Naming], Value | None]


@dataclass(frozen=True)
class Habit:
    """A habit ready to be lived by.

    `how` is one of every, before, after, on, once; `of` what it goes with, or its schedule. The
    days between the two are `least` to `most` of a unit.
    """

    name: str
    kind: str
    how: str
    of: str
    schedule: Schedule | None
    least: int
    most: Duration
    share: float
    where: Circumstance | None
    fields: Mapping[str, Make]

    def days(self, dice: random.Random, day: Day) -> Day:
        """A day before or after `day`, as the habit says."""
        count = dice.randint(self.least, self.most.count)
        return Duration(-count if self.how == "before" else count, self.most.unit).after(day)


class Around(Naming):
    """What the expressions of a habit may ask: terms, and what it goes with."""

    def __init__(self, terms: Mapping[str, TermValue]) -> None:
        self.terms = terms
        self.values: dict[str, Value] = {}

    def lookup(self, name: str) -> TermValue:
        """The value of a term, or of a field of what the habit goes with."""
        return self.values[name] if name in self.values else self.terms[name]

    def canonical(self, name: str) -> str:
        """The folded name."""
        return fold(name, "name")


@dataclass(frozen=True)
class Habits:
    """All habits of a pack."""

    all: tuple[Habit, ...] = ()

    @cached_property
    def by_event(self) -> Mapping[str, tuple[Habit, ...]]:
        """Those that go with an event or another habit, by its name."""
        names = {habit.of for habit in self.all if habit.how in ("before", "after", "on")}
        return {name: tuple(h for h in self.all if h.of == name and h.how != "every")
                for name in names}  # fmt: skip

    @cached_property
    def scheduled(self) -> tuple[Habit, ...]:
        """Those that come by a schedule."""
        return tuple(habit for habit in self.all if habit.how == "every")

    @cached_property
    def single(self) -> tuple[Habit, ...]:
        """Those that come once."""
        return tuple(habit for habit in self.all if habit.how == "once")

    def lead(self, event: str) -> Duration | None:
        """The longest time by which a record comes before an event."""
        found = [h.most for h in self.by_event.get(event, ()) if h.how == "before"]
        return max(found, key=lambda most: most.count, default=None)

    def companions(self, event: str) -> float:
        """How many records go with an event, on an average."""
        return sum(
            habit.share * (1 + self.companions(habit.name))
            for habit in self.by_event.get(event, ())
            if habit.how != "on"
        )


def load_habits(pack: Pack) -> Habits:
    """The habits of a pack; none where it has no such file. WrongInput tells what is wrong."""
    path = Path(pack.folder) / FILE
    if not path.exists():
        return Habits()
    document = load_yaml(read_source(path))
    try:
        part = GeneratePart.model_validate(document.data)
    except ValidationError as error:
        raise WrongInput(model_problems(document, GeneratePart, error)) from error
    reader = _Reader(pack, document, part)
    habits = tuple(reader.habits())
    if reader.problems:
        raise WrongInput(reader.problems)
    return Habits(habits)


@dataclass
class _Reader:
    pack: Pack
    document: Document
    part: GeneratePart
    problems: list[Problem] = field(default_factory=list)

    def habits(self) -> Iterator[Habit]:
        """The habits that are right, in their order; the others leave problems."""
        for name, part in self.part.habits.items():
            before = len(self.problems)
            if name in EVENTS:
                self._wrong("this is the name of an event", name)
            kind = self.pack.kinds.get(part.record)
            if kind is None:
                hint = did_you_mean(part.record, self.pack.kinds)
                self._wrong(f"unknown kind '{part.record}'", name, "record", hint=hint)
            how, of = self._how(name, part)
            least, most = self._days(name, part.days)
            schedule = self._schedule(name, of) if how == "every" else None
            sound = len(self.problems) == before
            if kind is not None:
                self._lacking(name, part, kind)
            if kind is None or not sound:  # what its fields may speak of is not known
                continue
            scope = self._scope(how, of)
            habit = Habit(
                name, kind.name, how, of, schedule, least, most,
                self._share(name, part.share), self._where(name, part.where, scope),
                self._fields(name, part, kind, scope),
            )  # fmt: skip
            if len(self.problems) == before:
                yield habit

    def _wrong(self, message: str, *path: str | int, hint: str = "") -> None:
        self.problems.append(Problem(self._place(*path), message, hint))

    def _place(self, *path: str | int) -> Place:
        return self.document.place(("habits", *path))

    def _how(self, name: str, part: HabitPart) -> tuple[str, str]:
        given = {
            "every": part.every, "before": part.before, "after": part.after, "on": part.on,
            "once": "once" if part.once else None,
        }  # fmt: skip
        ways = [(how, of) for how, of in given.items() if of is not None]
        if len(ways) != 1:
            self._wrong("one of every, before, after, on and once says when it comes", name)
            return "once", ""
        how, of = ways[0]
        others = [other for other in self.part.habits if other != name]
        if how in ("before", "after", "on") and of not in (*EVENTS, *others):
            self._wrong(
                f"unknown event '{of}'", name, how, hint=did_you_mean(of, [*EVENTS, *others])
            )
        elif how == "on" and (of not in EVENTS or part.record != _RECORD_OF.get(of)):
            self._wrong(f"a {part.record} is not the record of '{of}'", name, how)
        elif self._circles(name):
            self._wrong("these habits go with one another without end", name, how)
        return how, of

    def _circles(self, name: str) -> bool:
        """Whether a habit comes, by way of others, to go with itself."""
        walked: set[str] = set()
        while name in self.part.habits and name not in walked:
            walked.add(name)
            part = self.part.habits[name]
            name = part.before or part.after or ""
        return name in walked

    def _schedule(self, name: str, text: str) -> Schedule | None:
        term = self.pack.terms.get(text)
        if term is not None and isinstance(term.value, Schedule):
            return term.value
        try:
            return parse_schedule(text)
        except ValueError as error:
            self._wrong(str(error), name, "every")
            return None

    def _days(self, name: str, text: str) -> tuple[int, Duration]:
        found = _SPAN.fullmatch(text)
        try:
            most = parse_duration(found["most"] if found else text)
        except ValueError:
            self._wrong("not a number of days: write 3 to 8 business days, or 5 days", name, "days")
            return 0, Duration(0, "days")
        least = int(found["least"]) if found and found["least"] else most.count
        if least > most.count:
            self._wrong("the lesser number of days comes first", name, "days")
        return least, most

    def _share(self, name: str, text: str) -> float:
        try:
            return parse_rate(text) / RATE_ONE
        except ValueError as error:
            self._wrong(str(error), name, "share")
            return 1.0

    def _scope(self, how: str, of: str) -> Scope:
        names: dict[str, tuple[str, tuple[str, ...]]] = {
            name: (term.type, term.choices) for name, term in self.pack.terms.items()
        }
        asked: Fields = _OCCASION
        if how in ("every", "once"):
            of = "occasion"
        elif of in EVENTS:
            asked = EVENTS[of][1]
        else:
            kind = self.pack.kinds.get(self.part.habits[of].record)
            fields = kind.fields.values() if kind is not None else ()
            own = {each.name: (each.type, each.choices) for each in fields}
            asked = {"id": ("fact", ()), **_OCCASION, **own}
        names |= {f"{of}.{name}": type_ for name, type_ in asked.items()}
        return Scope({}, names, self.pack.currency, self.pack.business_days)

    def _where(self, name: str, text: str | None, scope: Scope) -> Circumstance | None:
        if text is None:
            return None
        try:
            return circumstance(text, scope)
        except Misspoken as error:
            self._wrong(error.message, name, "where", hint=error.hint)
            return None

    def _fields(self, name: str, part: HabitPart, kind: Kind, scope: Scope) -> dict[str, Make]:
        made: dict[str, Make] = {}
        for key, given in part.fields.items():
            field_ = kind.fields.get(key)
            if field_ is None:
                hint = did_you_mean(key, kind.fields)
                self._wrong(f"a {kind.name} has no field '{key}'", name, "fields", key, hint=hint)
                continue
            texts = given if isinstance(given, list) else [given]
            sides = [self._value(text, field_, scope, name, "fields", key) for text in texts]
            values = [side for side in sides if side is not None]
            if len(values) < len(texts):
                continue
            if field_.type in _ORDERED and len(values) > 1:
                if len(values) == 2:
                    made[key] = _between(values[0], values[1], field_.type)
                else:
                    self._wrong("two bounds are expected here", name, "fields", key)
            else:
                made[key] = _one_of(values)
        return made

    def _lacking(self, name: str, part: HabitPart, kind: Kind) -> None:
        """What a record of its own needs."""
        for key, field_ in kind.fields.items():
            if part.on is None and field_.required and key not in part.fields:
                self._wrong(f"a {kind.name} needs its '{key}'", name, "fields")

    def _value(self, given: Any, field_: Field, scope: Scope, *path: str | int) -> Typed | None:
        text = {True: "true", False: "false"}[given] if isinstance(given, bool) else str(given)
        try:
            if text in scope.names or field_.type in _ORDERED:
                typed = resolve_text(text, scope)
            else:
                value = parse_literal(text, field_.type, self.pack.currency)
                if field_.choices and text not in field_.choices:
                    raise ValueError(f"'{text}' is none of: {', '.join(field_.choices)}")
                return Typed(field_.type, frozenset(), lambda _f, _s: value, literal=True)
        except Misspoken as error:
            self._wrong(error.message, *path, hint=error.hint)
            return None
        except ValueError as error:
            self._wrong(str(error), *path)
            return None
        if typed.type != field_.type and {typed.type, field_.type} != {"fact", "target"}:
            self._wrong(f"a {field_.type} is expected here, not a {typed.type}", *path)
            return None
        return typed


_RECORD_OF = {
    "advance": "advance", "payment": "payment", "prepayment": "payment",
    "acceleration": "acceleration",
}  # fmt: skip
"""The kind of record by which an event comes on record, so that more can be put on it."""


def _one_of(values: list[Typed]) -> Make:
    def make(dice: random.Random, around: Naming) -> Value | None:
        value = dice.choice(values) if len(values) > 1 else values[0]
        made = value.settled({}, around)
        return made if isinstance(made, int | str) else None

    return make


def _between(low: Typed, high: Typed, type_: str) -> Make:
    def make(dice: random.Random, around: Naming) -> Value | None:
        least, most = low.settled({}, around), high.settled({}, around)
        if not isinstance(least, int) or not isinstance(most, int) or most < least:
            return None
        value = dice.randint(least, most)
        step = {"money": 100_000, "rate": RATE_ONE // 10_000, "ratio": RATE_ONE // 100}.get(
            type_, 1
        )
        return max(least, value // step * step)

    return make
