"""`checker cure`: what to pay, by when, where and in what funds."""

from __future__ import annotations

from typing import Unpack

import click

from checker.commands.answer import answer_options, answered, begun
from checker.commands.asked import Asked, Given, facts_options
from checker.questions.cure import cure as ask
from checker.questions.cure import render


@click.command()
@facts_options
@answer_options
def cure(
    facts: tuple[str, ...],
    format_: str,
    output: tuple[str, ...],
    **given: Unpack[Given],
) -> int:
    """Says what to pay, by when, so that no default arises, and what paying later achieves.

    The amounts are the smallest that do, in the order in which the contract applies payments.
    Exit codes: 0 answered, 2 wrong usage, rules or facts, 4 an internal fault.
    """
    asked = Asked.of(**given)
    with asked.engines() as engines:
        return answered(
            lambda: ask(begun(asked, asked.inquiry(engines, facts))), render, format_, output, facts
        )
