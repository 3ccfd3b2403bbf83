"""`checker readings`: what turns on how a phrase is read, and by how much."""

from __future__ import annotations

from typing import Unpack

import click

from checker.commands.answer import answer_options, answered
from checker.commands.asked import Asked, Given, facts_options
from checker.commands.progress import covered
from checker.questions.readings import readings as ask
from checker.questions.readings_text import render


@click.command()
@facts_options
@click.option("--all", "all_", is_flag=True, help="Cover every combination of answers as well.")
@answer_options
def readings(
    facts: tuple[str, ...],
    all_: bool,
    format_: str,
    output: tuple[str, ...],
    **given: Unpack[Given],
) -> int:
    """Varies the answer to every question, and tells what turns on it.

    The baseline is the pack's own answers, or those of --reading; beside it stands every other
    answer alone, and with --all every combination of them.
    Exit codes: 0 answered, 2 wrong usage, rules or facts, 4 an internal fault.
    """
    asked = Asked.of(**given)
    with asked.engines() as engines, covered() as progress:
        return answered(
            lambda: ask(asked.inquiry(engines, facts), progress, all_=all_),
            render, format_, output, facts,
        )  # fmt: skip
