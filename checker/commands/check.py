"""`checker check`: one contract, evaluated and reported."""

from __future__ import annotations

import contextlib
import gc
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

import click

from checker.commands.asked import Asked, Given, facts_options
from checker.commands.output import FORMATS, outputs, rendered, show, write_all
from checker.commands.progress import covered
from checker.evaluate import Engines
from checker.inquiry import Inquiry
from checker.model import Fact, Place, Problem, WrongInput
from checker.pack import Pack
from checker.questions.readings import labelled
from checker.questions.since import changes, earlier, of_same
from checker.questions.since import show as show_changes
from checker.questions.telling import told
from checker.report import exit_code, report
from checker.stream import Stream


@click.command()
@facts_options
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", multiple=True, metavar="FORMAT=PATH", help="Write a report to a file.")
@click.option("--baseline", metavar="REPORT.json", help="Say what changed since this report.")
@click.option(
    "--fail-on",
    type=click.Choice(["breach", "continuing", "undetermined"]),
    default="breach",
    show_default=True,
    help="What the exit code counts.",
)
@click.option("--robustness", is_flag=True, help="Label each finding by all readings.")
def check(
    facts: tuple[str, ...],
    format_: str,
    output: tuple[str, ...],
    baseline: str | None,
    fail_on: str,
    robustness: bool,  # a flag of the command line
    **given: Unpack[Given],
) -> int:
    """Evaluates one contract and reports, clause by clause.

    Exit codes: 0 no breach, 1 a breach or an event of default, 2 wrong usage, rules or facts,
    3 undetermined, 4 an internal fault.
    """
    streams = facts == ("-",) and format_ == "jsonl"
    if baseline is not None and format_ in ("jsonl", "junit"):
        raise click.UsageError("--baseline goes with --format text, json and sarif")
    if robustness and streams:
        raise click.UsageError("--robustness cannot be told while facts arrive")
    old = None if baseline is None else earlier(baseline)
    asked = Asked.of(**given)
    targets = outputs(output, [*facts, *([baseline] if baseline else [])])
    with asked.engines() as engines:
        if streams:
            data, known = _stream(asked, engines)
        else:
            if not robustness:
                gc.disable()  # all that is made stays to the end: there is nothing to collect
            inquiry = asked.inquiry(engines, facts)
            data = _report(inquiry, robustness=robustness)
            if old is not None and baseline is not None:
                of_same(old, inquiry, baseline)
                data = {**data, "changes": changes(inquiry, old)}
            known = inquiry.facts
            _show(data, format_, asked.pack, known, fail_on)
    write_all([(path, _as(name, data, asked.pack, known, fail_on)) for name, path in targets])
    return exit_code(data, fail_on)


def _show(
    data: dict[str, Any], format_: str, pack: Pack, facts: Sequence[Fact], fail_on: str
) -> None:
    """Puts the report on standard output, in colour where a terminal shows it."""
    if format_ == "text":
        show(data, format_)
        sys.stdout.write(_tail(data))
    else:
        sys.stdout.write(_as(format_, data, pack, facts, fail_on))
    sys.stdout.flush()


def _as(format_: str, data: dict[str, Any], pack: Pack, facts: Sequence[Fact], fail_on: str) -> str:
    """The report in one of the formats; `facts` are the records as given, with their places."""
    if format_ == "sarif":
        from checker.sarif import report_sarif  # noqa: PLC0415  # written seldom: not to be loaded

        return report_sarif(data, pack, facts, exit_code(data, fail_on))
    if format_ == "junit":
        from checker.report_junit import report_junit  # noqa: PLC0415  # the same

        return report_junit(data, pack, facts, fail_on)
    return rendered(data, format_) + (_tail(data) if format_ == "text" else "")


def _tail(data: Mapping[str, Any]) -> str:
    """What stands behind the text of a report: the changes since an earlier one."""
    if "changes" not in data:
        return ""
    return told(lambda page: show_changes(page, data["changes"]))


def _report(inquiry: Inquiry, *, robustness: bool) -> dict[str, Any]:
    if not robustness:
        return inquiry.report
    with covered() as progress:
        return labelled(inquiry, progress)


def _stream(asked: Asked, engines: Engines) -> tuple[dict[str, Any], Sequence[Fact]]:
    """Evaluates JSON lines as they arrive; the report at the end of the input, and the records."""
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
        return report(stream.result), stream.facts


def _put(data: Mapping[str, Any]) -> None:
    click.echo(json.dumps(data, ensure_ascii=False))
