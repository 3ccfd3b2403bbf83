"""What every question's command does with its answer: prints it, and writes it to files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import IO, Any, Protocol

import click

from checker.commands.asked import Asked
from checker.commands.output import outputs, write_all
from checker.dates import Day, iso
from checker.inquiry import Inquiry
from checker.model import Place, Problem, WrongInput

FORMATS = ("text", "json")

Data = dict[str, Any]


class Render(Protocol):
    """Gives an answer as text, or writes it to a terminal."""

    def __call__(self, data: Data, out: IO[str] | None = None) -> str:
        """The text; nothing where it was written to `out`."""
        ...


def options_of(formats: Sequence[str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options that say where an answer goes, and in which of these formats."""

    def optioned(command: Callable[..., Any]) -> Callable[..., Any]:
        chosen = click.option(
            "--format", "format_", type=click.Choice(formats), default="text", show_default=True
        )
        written = click.option(
            "--output", multiple=True, metavar="FORMAT=PATH", help="Write the answer to a file."
        )
        return chosen(written(command))

    return optioned


answer_options = options_of(FORMATS)


def answered(
    ask: Callable[[], Data], render: Render, format_: str, output: Sequence[str],
    inputs: Sequence[str], *, more: Mapping[str, Callable[[Data], str]] = MappingProxyType({}),
    code: Callable[[Data], int] = lambda _data: 0,
) -> int:  # fmt: skip
    """Asks, shows the answer and writes it; 0, for it was answered, unless `code` says otherwise.

    `more` are the formats that an answer has besides text and JSON.
    """
    targets = outputs(output, inputs, (*FORMATS, *more))
    data = ask()

    def told(name: str) -> str:
        return more[name](data) if name in more else as_text(data, render, name)

    if format_ == "text" and sys.stdout.isatty():
        render(data, sys.stdout)
    else:
        sys.stdout.write(told(format_))
        sys.stdout.flush()
    write_all([(path, told(name)) for name, path in targets])
    return code(data)


def begun(asked: Asked, inquiry: Inquiry) -> Inquiry:
    """The inquiry; WrongInput where it is about a day on which the contract had not begun."""
    if problems := not_begun(asked, inquiry.as_of, "--as-of"):
        raise WrongInput(problems)
    return inquiry


def not_begun(asked: Asked, day: Day, option: str) -> list[Problem]:
    """What is wrong with a question about a day before the contract's first."""
    first = min(asked.vocabulary.not_before.values(), default=day)
    if day >= first:
        return []
    message = f"on {iso(day)} the contract had not begun: it does on {iso(first)}"
    return [Problem(Place(option, 1, 1, iso(day)), message)]


def as_text(data: Mapping[str, Any], render: Render, format_: str) -> str:
    """The answer in one of the formats."""
    if format_ == "json":
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    return render(dict(data))
