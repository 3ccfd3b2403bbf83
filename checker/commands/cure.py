"""`checker cure`: what to pay, by when, where and in what funds."""

from __future__ import annotations

import click

from checker.commands.answer import answer_options, answered, begun
from checker.commands.asked import Asked, facts_options
from checker.evaluate import Engines
from checker.questions.cure import cure as ask
from checker.questions.cure import render


@click.command()
@facts_options
@answer_options
def cure(
    pack: str,
    facts: tuple[str, ...],
    as_of: str | None,
    known_on: str | None,
    contract: str | None,
    reading: tuple[str, ...],
    term: tuple[str, ...],
    format_: str,
    output: tuple[str, ...],
) -> int:
    """Says what to pay, by when, so that no default arises, and what paying later achieves.

    The amounts are the smallest that do, in the order in which the contract applies payments.
    Exit codes: 0 answered, 2 wrong usage, rules or facts, 4 an internal fault.
    """
    asked = Asked.of(pack, as_of, known_on, contract, reading, term)
    with Engines(asked.pack) as engines:
        return answered(
            lambda: ask(begun(asked, asked.inquiry(engines, facts))), render, format_, output, facts
        )
