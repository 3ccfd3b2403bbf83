"""`checker what-if`: the same contract with and without a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from checker.commands.answer import answer_options, answered
from checker.commands.asked import Asked, facts_options
from checker.dates import iso
from checker.inquiry import Inquiry
from checker.model import Place, Problem, WrongInput
from checker.questions.changes import (
    Changed,
    Scenario,
    apply,
    from_document,
    from_options,
    judged,
)
from checker.questions.whatif import Rates, rates_of
from checker.questions.whatif import what_if as ask
from checker.questions.whatif_text import render
from checker.source import load_yaml, read_source

_CHANGES = (
    ("--pay", "DATE=AMOUNT", "Suppose a payment."),
    ("--draw", "DATE=AMOUNT", "Suppose an advance."),
    ("--move", "FACT=DATE", "Suppose a record on another day."),
    ("--drop", "FACT", "Leave a record out."),
    ("--fact", "JSON", "Suppose a record, written as a line of JSON."),
)


@click.command("what-if")
@facts_options
@click.option("--base-reading", multiple=True, metavar="QUESTION=ANSWER",
              help="A reading on both sides; --reading is a change.")  # fmt: skip
@click.option("--base-term", multiple=True, metavar="NAME=VALUE",
              help="A term on both sides; --term is a change.")  # fmt: skip
@click.option("--scenario", metavar="FILE", help="Several named scenarios, in YAML.")
@click.option("--rate-range", metavar="LOW..HIGH", help="What the index may come to: 3%..9%.")
@answer_options
def what_if(
    pack: str,
    facts: tuple[str, ...],
    as_of: str | None,
    known_on: str | None,
    contract: str | None,
    base_reading: tuple[str, ...],
    base_term: tuple[str, ...],
    scenario: str | None,
    rate_range: str | None,
    engine: str | None,
    format_: str,
    output: tuple[str, ...],
    **changes: tuple[str, ...],
) -> int:
    """Says what a change would do: payments, draws, other days, readings, terms, other records.

    The facts are not written to. A change that the contract forbids is answered with its finding.
    Exit codes: 0 answered, 2 wrong usage, rules or facts, 4 an internal fault.
    """
    problems: list[Problem] = []
    try:
        asked = Asked.of(pack, as_of, known_on, contract, base_reading, base_term, engine)
    except WrongInput as error:
        problems += error.problems
        asked = Asked.of(pack, None, None, contract, (), (), engine)
    wanted = _Wanted(asked, changes, scenario, rate_range)
    scenarios, rates = wanted.read(problems)
    with asked.engines() as engines:
        try:
            inquiry = asked.inquiry(engines, facts)
        except WrongInput as error:
            raise WrongInput([*problems, *error.problems]) from error
        made = _made(inquiry, scenarios, problems, as_of)
        base, *rest = made
        inputs = [*facts, scenario] if scenario else facts
        return answered(lambda: ask(base.inquiry, rest, rates), render, format_, output, inputs)


for _name, _metavar, _help in reversed(_CHANGES):
    what_if = click.option(_name, multiple=True, metavar=_metavar, help=_help)(what_if)


@dataclass
class _Wanted:
    """What the options say of the changes."""

    asked: Asked
    changes: dict[str, tuple[str, ...]]
    scenario: str | None
    rate_range: str | None

    def read(self, problems: list[Problem]) -> tuple[list[Scenario], Rates]:
        """The scenarios and the range of rates, with all that is wrong in them."""
        rates: Rates = None
        if self.rate_range is not None:
            rates, wrong = rates_of(self.rate_range)
            problems += wrong
        given = dict(self.changes)
        more = given.pop("fact", ())
        one, wrong = from_options(given, more, self.asked.vocabulary)
        problems += wrong
        if self.scenario is None:
            return [one], rates
        if any(self.changes.values()):
            place = Place("--scenario", 1, 1, self.scenario)
            message = "changes stand in the file or on the command line, not in both"
            problems.append(Problem(place, message))
        return self._from_file(self.scenario, problems), rates

    def _from_file(self, name: str, problems: list[Problem]) -> list[Scenario]:
        try:
            document = load_yaml(read_source(Path(name)))
        except WrongInput as error:
            problems += error.problems
            return []
        found, wrong = from_document(document, self.asked.vocabulary)
        problems += wrong
        return found


def _unseen(changed: Changed, as_of: str) -> list[Problem]:
    """The changes of which nothing could be seen on the day that was asked for."""
    place = Place("--as-of", 1, 1, as_of)
    return [
        Problem(place, f"a change of {iso(day)} lies after this day: nothing of it would be seen")
        for day in changed.begins
        if day > changed.inquiry.as_of
    ]


def _made(
    inquiry: Inquiry, scenarios: Sequence[Scenario], problems: list[Problem], as_of: str | None
) -> list[Changed]:
    """The contract unchanged, then changed by each scenario, all looked at on one day."""
    made = [Changed("", inquiry, (), None)]
    for scenario in scenarios:
        changed, wrong = apply(inquiry, scenario, inquiry.pack.currency)
        problems += wrong
        if changed is not None:
            made.append(changed)
            if as_of is not None:
                problems += _unseen(changed, as_of)
    if problems:
        raise WrongInput(problems)
    last = [each.last for each in made if each.last is not None]
    day = max([inquiry.as_of, *last]) if as_of is None else inquiry.as_of
    made = [replace(each, inquiry=each.inquiry.at(day)) for each in made]
    for each in made:
        problems += judged(each)
    if problems:
        raise WrongInput(problems)
    return made
