"""`checker check`: one contract, evaluated and reported."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
from collections.abc import Mapping
from typing import Any

import click

from checker.commands.asked import Asked, facts_options
from checker.commands.output import FORMATS, outputs, rendered, show, write_all
from checker.evaluate import Engines
from checker.model import Place, Problem, WrongInput
from checker.report import exit_code, report
from checker.stream import Stream


@click.command()
@facts_options
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", multiple=True, metavar="FORMAT=PATH", help="Write a report to a file.")
@click.option(
    "--fail-on",
    type=click.Choice(["breach", "continuing", "undetermined"]),
    default="breach",
    show_default=True,
    help="What the exit code counts.",
)
def check(
    pack: str,
    facts: tuple[str, ...],
    as_of: str | None,
    known_on: str | None,
    contract: str | None,
    reading: tuple[str, ...],
    term: tuple[str, ...],
    format_: str,
    output: tuple[str, ...],
    fail_on: str,
) -> int:
    """Evaluates one contract and reports, clause by clause.

    Exit codes: 0 no breach, 1 a breach or an event of default, 2 wrong usage, rules or facts,
    3 undetermined, 4 an internal fault.
    """
    asked = Asked.of(pack, as_of, known_on, contract, reading, term)
    targets = outputs(output, facts)
    with Engines(asked.pack) as engines:
        if facts == ("-",) and format_ == "jsonl":
            data = _stream(asked, engines)
        else:
            gc.disable()  # all that is made stays to the end: there is nothing to collect
            data = report(asked.evaluate(engines, facts))
            show(data, format_)
    write_all([(path, rendered(data, name)) for name, path in targets])
    return exit_code(data, fail_on)


def _stream(asked: Asked, engines: Engines) -> dict[str, Any]:
    """Evaluates JSON lines as they arrive; the report at the end of the input."""
    stream = Stream(
        asked.pack,
        engines,
        asked.vocabulary,
        asked.choices,
        as_of=asked.as_of,
        known_on=asked.known_on,
        contract=asked.contract,
    )
    with contextlib.closing(stream):
        for number, line in enumerate(sys.stdin.buffer, start=1):
            for change in stream.take_line(line, number):
                _put(change)
        for change in stream.finish():
            _put(change)
        if stream.result is None or not stream.facts:
            raise WrongInput([Problem(Place("-", 1, 1), "the input holds no facts")])
        return report(stream.result)


def _put(data: Mapping[str, Any]) -> None:
    click.echo(json.dumps(data, ensure_ascii=False))
