"""`checker schedule`: what falls due, when, and by when at the latest."""

from __future__ import annotations

from typing import Any, Unpack

import click

from checker.commands.answer import answered, begun, options_of
from checker.commands.asked import Asked, Given, day_of, facts_options
from checker.dates import Day
from checker.inquiry import Inquiry
from checker.model import Place, Problem, WrongInput
from checker.questions.schedule import horizon, render
from checker.questions.schedule import schedule as ask


@click.command()
@facts_options
@click.option("--until", metavar="DATE", help="The last day looked at.  [default: a year ahead]")
@options_of(("text", "json", "ics"))
def schedule(
    facts: tuple[str, ...],
    until: str | None,
    format_: str,
    output: tuple[str, ...],
    **given: Unpack[Given],
) -> int:
    """Says what is payable and what falls due, last days, windows, and dates of the contract.

    With --output ics=PATH, as a calendar with alarms. What is still to come is told as things
    stand.
    Exit codes: 0 answered, 2 wrong usage, rules or facts, 4 an internal fault.
    """
    problems: list[Problem] = []
    last = day_of("--until", until, problems)
    try:
        asked = Asked.of(**given)
    except WrongInput as error:
        raise WrongInput([*problems, *error.problems]) from error
    if problems:
        raise WrongInput(problems)
    with asked.engines() as engines:

        def answer() -> dict[str, Any]:
            inquiry = begun(asked, asked.inquiry(engines, facts))
            return ask(inquiry, _until(inquiry, last, until))

        return answered(answer, render, format_, output, facts, more={"ics": _calendar})


def _calendar(data: dict[str, Any]) -> str:
    from checker.questions.calendar import calendar  # noqa: PLC0415  # slow to import, for ics alone

    return calendar(data)


def _until(inquiry: Inquiry, last: Day | None, text: str | None) -> Day:
    if last is None:
        return horizon(inquiry)
    if last < inquiry.as_of:
        message = "this day lies before the one at whose close the contract is looked at"
        raise WrongInput([Problem(Place("--until", 1, 1, str(text)), message)])
    return last
