"""`checker payoff`: what pays the contract off on a day."""

from __future__ import annotations

from typing import Unpack

import click

from checker.commands.answer import answer_options, answered, not_begun
from checker.commands.asked import Asked, Given, day_of, facts_options
from checker.dates import Day
from checker.facts import contradictions
from checker.inquiry import Inquiry
from checker.model import Place, Problem, WrongInput
from checker.questions.hypothetical import standing, supposed
from checker.questions.payoff import payoff as ask
from checker.questions.payoff import render
from checker.timeline import effective

MOST_DAYS = 366


@click.command()
@facts_options
@click.option("--on", required=True, metavar="DATE", help="The day of the payment.")
@click.option(
    "--days",
    type=click.IntRange(0, MOST_DAYS),
    default=7,
    show_default=True,
    help="How many further days to tell.",
)
@answer_options
def payoff(
    facts: tuple[str, ...],
    on: str,
    days: int,
    format_: str,
    output: tuple[str, ...],
    **given: Unpack[Given],
) -> int:
    """Says what pays the contract off on a day: its parts, day by day, and under other readings.

    Records after that day do not matter, nor, with --as-of, records after that one.
    Exit codes: 0 answered, 2 wrong usage, rules or facts, 4 an internal fault.
    """
    problems: list[Problem] = []
    day = day_of("--on", on, problems)
    try:
        asked = Asked.of(**given)
    except WrongInput as error:
        raise WrongInput([*problems, *error.problems]) from error
    with asked.engines() as engines:
        try:
            inquiry = asked.inquiry(engines, facts)
        except WrongInput as error:
            raise WrongInput([*problems, *error.problems]) from error
        if given["as_of"] is not None:
            inquiry = standing(inquiry)
        if day is not None:
            problems += _too_early(inquiry, asked, day, on)
        if day is None or problems:
            raise WrongInput(problems)
        return answered(lambda: ask(inquiry, day, days), render, format_, output, facts)


def _too_early(inquiry: Inquiry, asked: Asked, day: Day, text: str) -> list[Problem]:
    """Where no payment could be made on that day, or the records contradict each other then."""
    if early := not_begun(asked, day, "--on"):
        return early
    place = Place("--on", 1, 1, text)
    paid = supposed(inquiry.facts, "payment", day, {"amount": 1}, place, "payoff")
    facts = [*inquiry.facts, paid]
    found = [
        problem
        for until in (day, None)  # records that begin later do not know what was owed before
        for problem in contradictions(effective(facts, until, None), asked.vocabulary)
    ]
    return list(dict.fromkeys(found))
