"""What a user asks of one contract: the pack, the facts, the days, readings and terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import click

from checker.commands.engine import engine_option, make_of
from checker.dates import Day, parse_day
from checker.evaluate import Engines, Result
from checker.facts import contradictions, load_facts
from checker.inquiry import Inquiry
from checker.language import TermValue
from checker.loader import load_pack
from checker.model import Fact, Place, Problem, WrongInput, did_you_mean
from checker.pack import Pack
from checker.terms import Choices
from checker.timeline import effective, last_date

Command = Callable[..., Any]


def facts_options(command: Command) -> Command:
    """The arguments and options of every command that takes facts."""
    for option in reversed(
        (
            click.argument("pack"),
            click.argument("facts", nargs=-1, required=True),
            click.option("--as-of", metavar="DATE", help="Look at the close of this day."),
            click.option("--known-on", metavar="DATE", help="Leave out what was recorded later."),
            click.option("--contract", metavar="ID", help="One contract out of a file of many."),
            click.option(
                "--reading", multiple=True, metavar="QUESTION=ANSWER", help="Choose a reading."
            ),
            click.option("--term", multiple=True, metavar="NAME=VALUE", help="Override a term."),
            engine_option,
        )
    ):
        command = option(command)
    return command


class Given(TypedDict):
    """What `facts_options` gives a command besides the facts."""

    pack: str
    as_of: str | None
    known_on: str | None
    contract: str | None
    reading: tuple[str, ...]
    term: tuple[str, ...]
    engine: str | None


class Asked:
    """A pack with what the user chose: dates, contract, readings, terms."""

    def __init__(
        self,
        pack: Pack,
        as_of: Day | None,
        known_on: Day | None,
        contract: str | None,
        choices: Choices,
        engine: str | None = None,
    ) -> None:
        self.pack, self.as_of, self.known_on = pack, as_of, known_on
        self.contract, self.choices, self.engine = contract, choices, engine
        values: dict[str, TermValue] = {name: term.value for name, term in pack.terms.items()}
        self.vocabulary = pack.vocabulary(values | dict(choices.terms))

    @classmethod
    def of(
        cls,
        pack: str,
        as_of: str | None,
        known_on: str | None,
        contract: str | None,
        reading: Sequence[str],
        term: Sequence[str],
        engine: str | None = None,
    ) -> Asked:
        """What the options say; WrongInput carries all that is wrong in them at once."""
        loaded = load_pack(Path(pack))
        problems: list[Problem] = []
        days = [day_of(option, text, problems) for option, text in
                (("--as-of", as_of), ("--known-on", known_on))]  # fmt: skip
        choices = Choices(
            _readings(loaded, reading, problems), _term_values(loaded, term, problems)
        )
        if problems:
            raise WrongInput(problems)
        return cls(loaded, days[0], days[1], contract, choices, engine)

    def engines(self) -> Engines:
        """The pack's rules in the engine that was asked for; close it."""
        return Engines(self.pack, make_of(self.engine))

    def evaluate(self, engines: Engines, paths: Sequence[str]) -> Result:
        """The evaluation of the facts in these files."""
        return self.inquiry(engines, paths).result

    def inquiry(self, engines: Engines, paths: Sequence[str]) -> Inquiry:
        """The facts in these files, ready to be evaluated and asked about."""
        facts = load_facts(paths, self.vocabulary, self.contract)
        day = self.day(facts)
        # What a later correction mends stands in the way still, seen from an earlier day.
        if problems := contradictions(effective(facts, day, self.known_on), self.vocabulary):
            raise WrongInput(problems)
        return Inquiry(self.pack, engines, facts, day, self.known_on, self.choices)

    def day(self, facts: Sequence[Fact]) -> Day:
        """The as-of day: as asked, else that of the last fact known."""
        if self.as_of is not None:
            return self.as_of
        known = [f for f in facts if self.known_on is None or f.recorded <= self.known_on]
        if not known:
            place = Place("--known-on", 1, 1)
            raise WrongInput([Problem(place, "no fact was known by then: give --as-of as well")])
        return last_date(facts, self.known_on)


def day_of(option: str, text: str | None, problems: list[Problem]) -> Day | None:
    """The day that an option names; None where it is not given, or is none: that is noted."""
    if text is None:
        return None
    try:
        return parse_day(text)
    except ValueError as error:
        problems.append(Problem(Place(option, 1, 1, text), str(error)))
        return None


def _pairs(
    option: str, given: Sequence[str], known: Mapping[str, Any], problems: list[Problem]
) -> Iterator[tuple[str, str, Place]]:
    """`NAME=VALUE` options whose names are known, each with the place of its value."""
    seen: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        place = Place(option, 1, 1, text)
        if not equals:
            problems.append(Problem(place, f"write it as {name or 'NAME'}=VALUE"))
        elif name not in known:
            problems.append(Problem(place, f"unknown name '{name}'", did_you_mean(name, known)))
        elif seen.setdefault(name, value) != value:
            problems.append(Problem(place, f"'{name}' is given twice, with different values"))
        else:
            yield name, value, Place(option, 1, len(name) + 2, text)


def _readings(pack: Pack, given: Sequence[str], problems: list[Problem]) -> dict[str, str]:
    chosen = {}
    for name, answer, place in _pairs("--reading", given, pack.questions, problems):
        if answer in pack.questions[name].answers:
            chosen[name] = answer
        else:
            hint = did_you_mean(answer, pack.questions[name].answers)
            problems.append(Problem(place, f"'{name}' has no answer '{answer}'", hint))
    return chosen


def _term_values(pack: Pack, given: Sequence[str], problems: list[Problem]) -> dict[str, TermValue]:
    chosen = {}
    for name, text, place in _pairs("--term", given, pack.terms, problems):
        try:
            chosen[name] = pack.terms[name].parse(text, pack.currency)
        except ValueError as error:
            problems.append(Problem(place, str(error)))
    return chosen
