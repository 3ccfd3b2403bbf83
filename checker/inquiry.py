"""One evaluation, asked again with something replaced: what every question rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from checker.dates import Day
from checker.evaluate import Engines, Result, evaluate
from checker.language import TermValue
from checker.model import Fact
from checker.pack import Pack
from checker.report import report
from checker.terms import Choices


@dataclass
class Meter:
    """How many evaluations were made; inquiries that come of one another share it."""

    evaluations: int = 0


@dataclass(frozen=True)
class Inquiry:
    """A contract, its facts as given, the day looked at and the choices; evaluated when asked.

    `facts` are all that were given, in their order, before the two clocks and corrections.
    """

    pack: Pack
    engines: Engines
    facts: Sequence[Fact]
    as_of: Day
    known_on: Day | None = None
    choices: Choices = field(default_factory=Choices)
    meter: Meter = field(default_factory=Meter, compare=False)

    @cached_property
    def result(self) -> Result:
        """The evaluation."""
        self.meter.evaluations += 1
        return evaluate(
            self.pack, self.engines, self.facts, self.as_of, self.known_on, self.choices
        )

    @cached_property
    def report(self) -> dict[str, Any]:
        """Its report."""
        return report(self.result)

    def at(self, as_of: Day) -> Inquiry:
        """The same, looked at on another day."""
        return replace(self, as_of=as_of)

    def read(self, answers: Mapping[str, str]) -> Inquiry:
        """The same, with these questions answered otherwise."""
        readings = {**self.choices.readings, **answers}
        return replace(self, choices=replace(self.choices, readings=readings))

    def with_terms(self, terms: Mapping[str, TermValue]) -> Inquiry:
        """The same, with other values of some terms."""
        changed = {**self.choices.terms, **terms}
        return replace(self, choices=replace(self.choices, terms=changed))

    def with_facts(self, facts: Iterable[Fact]) -> Inquiry:
        """The same, with these facts instead; they take their order from the sequence."""
        ordered = [replace(fact, order=number) for number, fact in enumerate(facts)]
        return replace(self, facts=ordered)

    def and_facts(self, more: Iterable[Fact]) -> Inquiry:
        """The same, with some facts besides, after all others of their day."""
        return self.with_facts([*self.facts, *more])
