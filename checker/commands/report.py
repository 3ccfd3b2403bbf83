"""`checker report`: the legal review report, as HTML, PDF and Word."""

from __future__ import annotations

import gc
import io
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import click

from checker.commands.answer import begun
from checker.commands.asked import Asked, Given, facts_options
from checker.commands.output import outputs, rendered, write_all
from checker.commands.progress import covered
from checker.dates import iso
from checker.inquiry import Inquiry
from checker.legal.attached import files_attached, records_of, report_attached
from checker.legal.build import build
from checker.legal.case import Case
from checker.legal.history import history
from checker.legal.html import render as as_html
from checker.legal.locale import DEFAULT, Locale
from checker.legal.model import Report
from checker.legal.pdf import Attachment
from checker.legal.pdf import render as as_pdf
from checker.legal.redaction import Redaction
from checker.legal.speaker import Speaker
from checker.legal.word import render as as_word
from checker.model import Problem, WrongInput
from checker.questions.cure import cure
from checker.questions.readings import readings

FORMATS = ("html", "pdf", "docx")


@dataclass(frozen=True)
class Manner:
    """How the report is to be written."""

    locale: Locale
    redact: bool
    every: bool  # every combination of readings, not each alone
    template: Path | None


@click.command()
@facts_options
@click.option(
    "--output", multiple=True, required=True, metavar="FORMAT=PATH",
    help="Write the report: html, pdf or docx.",
)  # fmt: skip
@click.option("--template", metavar="FILE.docx", help="Write Word with this template.")
@click.option("--locale", default=DEFAULT, show_default=True, help="How days and amounts look.")
@click.option("--redact", is_flag=True, help="Hide amounts, names and what people wrote.")
@click.option("--all-readings", is_flag=True, help="Cover every combination of readings as well.")
def report(
    facts: tuple[str, ...],
    output: tuple[str, ...],
    template: str | None,
    locale: str,
    redact: bool,
    all_readings: bool,
    **given: Unpack[Given],
) -> int:
    """Writes the report that can be read without this tool, and traced to words and records.

    The PDF carries the report as data and the facts, as attachments; hidden, it carries neither.
    Exit codes: 0 written, 2 wrong usage, rules or facts, 4 an internal fault.
    """
    inputs = [*facts, *([template] if template else [])]
    asked, targets, chosen = _all_of(
        lambda: Asked.of(**given), lambda: outputs(output, inputs, FORMATS), lambda: Locale(locale)
    )
    manner = Manner(chosen, redact, all_readings, Path(template) if template else None)
    if template and "docx" not in dict(targets):
        raise click.UsageError("--template goes with --output docx=PATH")
    files = _kept(facts)
    gc.disable()  # all that is made stays to the end: there is nothing to collect
    with asked.engines() as engines, covered() as progress:
        inquiry = begun(asked, asked.inquiry(engines, facts))
        answers = readings(inquiry, progress if all_readings else None, all_=all_readings)
        case = _case(inquiry, manner, answers, files, _command(given, inquiry, files, manner))
        made = build(case)
        attached = [] if redact else _attachments(asked, inquiry, files)
    written = [(path, _render(made, name, attached, manner)) for name, path in targets]
    write_all(written)
    for path, content in written:
        click.echo(f"{path.name}: {len(content):,} bytes", err=True)
    return 0


def _all_of(*made: Callable[[], Any]) -> list[Any]:
    """All of these, or WrongInput with the problems of all of them."""
    found, problems = [], list[Problem]()
    for make in made:
        try:
            found.append(make())
        except WrongInput as error:
            problems += error.problems
    if problems:
        raise WrongInput(problems)
    return found


def _kept(facts: Sequence[str]) -> list[tuple[str, bytes]]:
    """The files of facts by name; standard input is kept, to be read once more."""
    found = []
    for path in facts:
        if path == "-":
            content = sys.stdin.buffer.read()
            sys.stdin = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")
            found.append(("facts.jsonl", content))
        elif Path(path).is_file():  # what is no file is told with the rest that is wrong in it
            found.append((Path(path).name, Path(path).read_bytes()))
    return found


def _case(
    inquiry: Inquiry, manner: Manner, answers: dict[str, Any], files: Sequence[tuple[str, bytes]],
    command: str,
) -> Case:  # fmt: skip
    speaker = Speaker(manner.locale, Redaction(inquiry) if manner.redact else None)
    names = [name for name, _content in files]
    if manner.redact:
        names = [f"facts-{number}" for number in range(1, len(files) + 1)]
    paying = cure(inquiry, brief=True)
    return Case(inquiry, speaker, answers, paying, history(inquiry), tuple(names), command)


def _attachments(
    asked: Asked, inquiry: Inquiry, files: Sequence[tuple[str, bytes]]
) -> list[Attachment]:
    """The report as data, and the facts; out of a file of many contracts, only this one's."""
    if asked.contract is not None:
        files = [("facts.jsonl", records_of(inquiry.facts, asked.pack.kinds))]
    return [report_attached(rendered(inquiry.report, "json")), *files_attached(files)]


def _command(
    given: Given, inquiry: Inquiry, files: Sequence[tuple[str, bytes]], manner: Manner
) -> str:
    """The one command that makes the report again, its files by their names."""
    words = ["checker", "report"]
    if manner.redact:
        words += ["PACK", "FACTS"]
    else:
        words += [Path(given["pack"]).resolve().name, *(name for name, _content in files)]
    words += ["--as-of", iso(inquiry.as_of)]
    if inquiry.known_on is not None:
        words += ["--known-on", iso(inquiry.known_on)]
    if given["contract"] is not None:
        words += ["--contract", "CONTRACT" if manner.redact else given["contract"]]
    words += [word for each in given["reading"] for word in ("--reading", each)]
    if not manner.redact:
        words += [word for each in given["term"] for word in ("--term", each)]
    words += ["--locale", manner.locale.name]
    words += ["--redact"] if manner.redact else []
    words += ["--all-readings"] if manner.every else []
    words += ["--template", manner.template.name] if manner.template else []
    words += [word for name in FORMATS for word in ("--output", f"{name}=report.{name}")]
    return " ".join(shlex.quote(word) for word in words)


def _render(made: Report, name: str, attached: Sequence[Attachment], manner: Manner) -> bytes:
    layouts: dict[str, Callable[[], bytes]] = {
        "html": partial(as_html, made),
        "pdf": partial(as_pdf, made, attached),
        "docx": partial(as_word, made, manner.template),
    }
    return layouts[name]()
