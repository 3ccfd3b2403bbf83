"""`checker verify`: whether a report still follows from its inputs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any

import click

from checker.commands.answer import answer_options, answered
from checker.commands.asked import Asked
from checker.commands.engine import engine_option
from checker.commands.progress import covered
from checker.evaluate import Engines
from checker.inquiry import Inquiry
from checker.loader import load_pack
from checker.model import Fact, WrongInput
from checker.pack import Pack
from checker.questions.readings import labelled
from checker.questions.since import changes, earlier
from checker.questions.submitted import Submitted, submitted
from checker.questions.verify import Made, choices_of, days_of, labelled_by_readings, render
from checker.questions.verify import verify as ask
from checker.report import facts_hash
from checker.timeline import effective

MOST_ORDERS = 120
"""In so many orders the files attached to a PDF are tried, which does not keep their order."""


@click.command()
@click.argument("report")
@click.argument("pack")
@click.argument("facts", nargs=-1)
@click.option("--baseline", metavar="REPORT.json", help="The earlier report, where it names one.")
@engine_option
@answer_options
def verify(
    report: str,
    pack: str,
    facts: tuple[str, ...],
    baseline: str | None,
    engine: str | None,
    format_: str,
    output: tuple[str, ...],
) -> int:
    """Says whether a REPORT still follows from the rules and facts, and if not, what differs.

    REPORT is a report as JSON, or a PDF that carries it. The day, what was known, the contract,
    readings and terms are those of the report. Without FACTS, those attached to the PDF are taken.
    Exit codes: 0 it follows, 1 it does not, 2 wrong usage, rules or facts, 4 an internal fault.
    """
    given = submitted(report)
    if not facts and given.kind == "json":
        raise click.UsageError("a report as JSON carries no facts: name their files")
    if not facts and not given.files:
        raise click.UsageError("the PDF carries no facts: name their files")
    if "changes" in given.report and baseline is None:
        message = "the report tells what changed since an earlier one: give that with --baseline"
        raise click.UsageError(message)
    old = None if baseline is None else earlier(baseline)
    again = _Again(given, load_pack(Path(pack)), engine)

    with again.asked(None).engines() as engines:

        def answer() -> dict[str, Any]:
            made = _made(again, engines, facts)
            if old is not None:
                made = replace(made, report=made.report | {"changes": changes(made.inquiry, old)})
            return ask(given, made)

        inputs = [report, *facts, *([baseline] if baseline else [])]
        return answered(
            answer, render, format_, output, inputs, code=lambda data: 0 if data["follows"] else 1
        )


def _made(again: _Again, engines: Engines, facts: Sequence[str]) -> Made:
    """The report made anew, from the facts given or else from those attached."""
    given = again.given
    if not facts:
        inquiry = again.attached(engines)
        return Made(inquiry, _report(given, inquiry))
    inquiry = again.inquiry(engines, facts)
    files = [(Path(name).name, Path(name).read_bytes()) for name in facts if name != "-"]
    attached = again.attached(engines).facts if given.files else None
    return Made(inquiry, _report(given, inquiry), files, attached)


def _report(given: Submitted, inquiry: Inquiry) -> dict[str, Any]:
    if not labelled_by_readings(given.report):
        return inquiry.report
    with covered() as progress:
        return labelled(inquiry, progress)


@dataclass(frozen=True)
class _Again:
    """What a report says that it was made with, ready to be asked of other facts."""

    given: Submitted
    pack: Pack
    engine: str | None

    def inquiry(self, engines: Engines, paths: Sequence[str]) -> Inquiry:
        """The facts in these files, as the report says that they were looked at."""
        made: list[Inquiry] = []
        wrong: list[WrongInput] = []
        for contract in self._contracts():
            try:
                made.append(self.asked(contract).inquiry(engines, paths))
            except WrongInput as error:
                wrong.append(error)
                continue
            if self._hash(made[-1].facts) == self._reported:
                return made[-1]
        if not made:
            raise wrong[0]
        return made[0]

    def attached(self, engines: Engines) -> Inquiry:
        """The facts attached to the PDF, in the order that has the hash of the report."""
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for name, content in self.given.files.items():
                paths.append(Path(folder) / name)
                paths[-1].write_bytes(content)
            try:
                first = self.inquiry(engines, [str(path) for path in paths])
                for order in self._orders(first, paths):
                    other = self.inquiry(engines, order)
                    if self._hash(other.facts) == self._reported:
                        return other
            except WrongInput as error:
                raise WrongInput(list(self._placed(error, folder))) from error
        return first

    def _orders(self, first: Inquiry, paths: Sequence[Path]) -> Iterator[list[str]]:
        """Other orders of the files, where the first has not the hash of the report."""
        if self._hash(first.facts) == self._reported or len(paths) > 5:  # 5! is MOST_ORDERS
            return
        for order in list(permutations(map(str, paths)))[1:MOST_ORDERS]:
            yield list(order)

    def _placed(self, error: WrongInput, folder: str) -> Iterator[Any]:
        """The problems, told of the PDF and not of the folder in which its files were read."""
        for problem in error.problems:
            name = problem.place.file.replace(folder, self.given.name)
            yield replace(problem, place=replace(problem.place, file=name))

    @property
    def _reported(self) -> Any:
        return self.given.report["receipt"].get("facts_sha256")

    def _hash(self, facts: Sequence[Fact]) -> str:
        return facts_hash(effective(facts, *days_of(self.given.report)))

    def _contracts(self) -> list[str | None]:
        """The contracts that it may be: one that bears the pack's name may be named nowhere."""
        named = str(self.given.report["contract"])
        return [None, named] if named == self.pack.name else [named, None]

    def asked(self, contract: str | None) -> Asked:
        """The pack with the days, readings and terms of the report."""
        as_of, known_on = days_of(self.given.report)
        choices = choices_of(self.given.report, self.pack)
        return Asked(self.pack, as_of, known_on, contract, choices, self.engine)
