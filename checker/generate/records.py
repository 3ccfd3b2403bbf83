"""The records of one made-up contract: what happens, and what a pack's habits put beside it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.dates import Day
from checker.generate.habits import Around, Habit
from checker.generate.outline import Outline
from checker.model import Value


@dataclass(slots=True)
class Made:
    """One made-up record, with the fields of its kind."""

    id: str
    kind: str
    date: Day
    recorded: Day
    values: dict[str, Value]


@dataclass
class Records:
    """A contract's records as they come to be, and the habits that go with them.

    A habit may date its record before what it goes with: the records are put in order at the end.
    """

    outline: Outline
    dice: random.Random
    commitment: int
    made: list[Made] = field(default_factory=list)

    def __post_init__(self) -> None:
        outline = self.outline
        self._around = Around({name: term.value for name, term in outline.pack.terms.items()})
        if outline.scale_term:
            self._around.values[outline.scale_term] = self.commitment

    def begin(self, last: Day, reports_until: Day) -> None:
        """What comes with the contract itself, by a schedule, and once in a life up to `last`."""
        first = self.outline.first
        self.happened("start", {"date": first})
        for habit in self.outline.habits.scheduled:
            assert habit.schedule is not None  # what is scheduled has a schedule
            for day in habit.schedule.between(first, reports_until):
                self._live(habit, "occasion", {"date": day})
        for habit in self.outline.habits.single:
            day = self.dice.randint(first, max(first, last))
            self._live(habit, "occasion", {"date": day})

    def add(self, kind: str, day: Day, values: dict[str, Value]) -> str:
        """Puts something on record, mostly the same day; gives the record's id."""
        id_ = f"{kind[0]}{len(self.made) + 1}"
        recorded = day if self.dice.random() < 0.7 else day + self.dice.randint(1, 4)
        self.made.append(Made(id_, kind, day, recorded, values))
        return id_

    def happened(self, event: str, values: Mapping[str, Value]) -> None:
        """Something happened: habits that go with it put their own records beside it."""
        for habit in self.outline.habits.by_event.get(event, ()):
            if habit.how != "on":
                self._live(habit, event, values)

    def more(self, event: str, values: Mapping[str, Value]) -> dict[str, Value]:
        """What habits put on the record of an event itself."""
        more: dict[str, Value] = {}
        for habit in self.outline.habits.by_event.get(event, ()):
            if habit.how == "on" and self._applies(habit, event, values):
                more |= self._fields(habit)
        return more

    def _applies(self, habit: Habit, event: str, values: Mapping[str, Value]) -> bool:
        if self.dice.random() >= habit.share:
            return False
        for name, value in values.items():
            self._around.values[f"{event}.{name}"] = value
        return habit.where is None or habit.where.holds(self._around)

    def _fields(self, habit: Habit) -> dict[str, Value]:
        made = {name: make(self.dice, self._around) for name, make in habit.fields.items()}
        return {name: value for name, value in made.items() if value is not None}

    def _live(self, habit: Habit, event: str, values: Mapping[str, Value]) -> None:
        if not self._applies(habit, event, values):
            return
        day = habit.days(self.dice, int(values["date"]))
        if day > self.outline.until:
            return
        fields = self._fields(habit)
        id_ = self.add(habit.kind, day, fields)
        self.happened(habit.name, {"id": id_, "date": day, **fields})
