"""The option that chooses the engine, and what is told where durable-rules does not load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from checker.engines import ENGINES, Make, stand_in_notice, usual

Command = Callable[..., Any]


def engine_option(command: Command) -> Command:
    """The option `--engine`; None where it is not given."""
    return click.option(
        "--engine",
        type=click.Choice(tuple(ENGINES)),
        show_default="durable",
        help="What matches the rules: durable-rules, the same in plain Python, or both side by"
        " side, which stops where they differ.",
    )(command)


def make_of(engine: str | None) -> Make:
    """What makes the engine that was asked for.

    Where none was, and durable-rules does not load, that is told once and the compiled one serves.
    """
    if engine is not None:
        return ENGINES[engine]
    if notice := stand_in_notice():
        click.echo(f"checker: note: {notice}", err=True)
    return usual
