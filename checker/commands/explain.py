"""`checker explain`: why something is so, or why it is not."""

from __future__ import annotations

from typing import Unpack

import click

from checker.commands.answer import answer_options, answered, begun
from checker.commands.asked import Asked, Given, facts_options
from checker.questions.explain import explain as ask
from checker.questions.explain import render


@click.command()
@facts_options
@answer_options
def explain(
    facts: tuple[str, ...],
    format_: str,
    output: tuple[str, ...],
    **given: Unpack[Given],
) -> int:
    """Explains what bears the ID that stands behind the FACTS.

    An ID is that of a finding, a rule, an obligation, an instalment, a period
    (period/2024-06-30), a record, a power or a term. Of what was not found it says what came
    nearest, and what that lacked.
    Exit codes: 0 answered, 2 wrong usage, rules or facts, 4 an internal fault.
    """
    *paths, id_ = facts
    if not paths:
        raise click.UsageError("Missing argument 'ID': it stands behind the FACTS")
    asked = Asked.of(**given)
    with asked.engines() as engines:
        return answered(
            lambda: ask(begun(asked, asked.inquiry(engines, paths)), id_),
            render,
            format_,
            output,
            paths,
        )
