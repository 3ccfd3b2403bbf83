"""The command line: what a user types, and the exit code that he gets."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from checker import __version__
from checker.dates import Day, parse_day
from checker.engine import EngineUnavailable
from checker.evaluate import Engines, Result, evaluate
from checker.facts import contradictions, load_facts
from checker.language import TermValue
from checker.loader import load_pack
from checker.model import Fact, Place, Problem, WrongInput, did_you_mean
from checker.pack import Pack
from checker.report import exit_code, report
from checker.source import render
from checker.stream import Stream
from checker.terms import Choices
from checker.text import render_text
from checker.timeline import effective, last_date

WRONG, FAULT = 2, 4
FORMATS = ("text", "json", "jsonl")
SHOWN = 100  # of the problems found; the rest is counted


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and leaves with its exit code; no traceback is shown for wrong input."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")  # reports hold × and § wherever they are read
    try:
        code = cli.main(args=arguments, prog_name="checker", standalone_mode=False)
    except WrongInput as error:
        _tell_problems(error.problems)
        code = WRONG
    except click.ClickException as error:
        error.show()
        code = WRONG
    except (EngineUnavailable, click.Abort) as error:
        click.echo(f"checker: error: {error or 'stopped'}", err=True)
        code = FAULT
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing more can be told, and Python must not try to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAULT
    except OSError as error:
        click.echo(f"checker: error: {error}", err=True)
        code = FAULT
    except Exception:  # noqa: BLE001  # the last resort: our own fault is told as such, exit 4
        click.echo(
            f"checker: an internal fault; please report it:\n{traceback.format_exc()}", err=True
        )
        code = FAULT
    finally:
        gc.enable()  # a command may have paused it
    sys.exit(code)


def _tell_problems(problems: Sequence[Problem]) -> None:
    for problem in problems[:SHOWN]:
        click.echo(render(problem), err=True)
    more = len(problems) - SHOWN
    count = f"{len(problems)} error{'s' if len(problems) != 1 else ''}"
    click.echo(
        f"{count}{f', {more} not shown' if more > 0 else ''}; nothing was evaluated", err=True
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="checker")
def cli() -> None:
    """Checks dated facts against every clause of a contract, to the cent, citing the words."""


Command = Callable[..., Any]


def facts_options(command: Command) -> Command:
    """The arguments and options of every command that takes facts."""
    for option in reversed(
        (
            click.argument("pack"),
            click.argument("facts", nargs=-1, required=True),
            click.option("--as-of", metavar="DATE", help="Look at the close of this day."),
            click.option("--known-on", metavar="DATE", help="Leave out what was recorded later."),
            click.option("--contract", metavar="ID", help="One contract out of a file of many."),
            click.option(
                "--reading", multiple=True, metavar="QUESTION=ANSWER", help="Choose a reading."
            ),
            click.option("--term", multiple=True, metavar="NAME=VALUE", help="Override a term."),
        )
    ):
        command = option(command)
    return command


@cli.command()
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
    outputs = _outputs(output, facts)
    with Engines(asked.pack) as engines:
        if facts == ("-",) and format_ == "jsonl":
            data = _stream(asked, engines)
        else:
            gc.disable()  # all that is made stays to the end: there is nothing to collect
            data = report(asked.evaluate(engines, facts))
            _show(data, format_)
    write_all([(path, rendered(data, name)) for name, path in outputs])
    return exit_code(data, fail_on)


class Asked:
    """A pack with what the user chose: dates, contract, readings, terms."""

    def __init__(
        self,
        pack: Pack,
        as_of: Day | None,
        known_on: Day | None,
        contract: str | None,
        choices: Choices,
    ) -> None:
        self.pack, self.as_of, self.known_on = pack, as_of, known_on
        self.contract, self.choices = contract, choices
        values: dict[str, TermValue] = {name: term.value for name, term in pack.terms.items()}
        self.vocabulary = pack.vocabulary(values | dict(choices.terms))

    @classmethod
    def of(
        cls,
        pack: str,
        as_of: str | None,
        known_on: str | None,
        contract: str | None,
        readings: Sequence[str],
        terms: Sequence[str],
    ) -> Asked:
        """What the options say; WrongInput carries all that is wrong in them at once."""
        loaded = load_pack(Path(pack))
        problems: list[Problem] = []
        days = [_day(option, text, problems) for option, text in
                (("--as-of", as_of), ("--known-on", known_on))]  # fmt: skip
        choices = Choices(
            _readings(loaded, readings, problems), _term_values(loaded, terms, problems)
        )
        if problems:
            raise WrongInput(problems)
        return cls(loaded, days[0], days[1], contract, choices)

    def evaluate(self, engines: Engines, paths: Sequence[str]) -> Result:
        """The evaluation of the facts in these files."""
        facts = load_facts(paths, self.vocabulary, self.contract)
        day = self.day(facts)
        # What a later correction mends stands in the way still, seen from an earlier day.
        if problems := contradictions(effective(facts, day, self.known_on), self.vocabulary):
            raise WrongInput(problems)
        return evaluate(self.pack, engines, facts, day, self.known_on, self.choices)

    def day(self, facts: Sequence[Fact]) -> Day:
        """The as-of day: as asked, else that of the last fact known."""
        if self.as_of is not None:
            return self.as_of
        known = [f for f in facts if self.known_on is None or f.recorded <= self.known_on]
        if not known:
            place = Place("--known-on", 1, 1)
            raise WrongInput([Problem(place, "no fact was known by then: give --as-of as well")])
        return last_date(facts, self.known_on)


def _day(option: str, text: str | None, problems: list[Problem]) -> Day | None:
    if text is None:
        return None
    try:
        return parse_day(text)
    except ValueError as error:
        problems.append(Problem(Place(option, 1, 1, text), str(error)))
        return None


def _pairs(
    option: str, given: Sequence[str], known: Mapping[str, Any], problems: list[Problem]
) -> Iterator[tuple[str, str, Place]]:
    """`NAME=VALUE` options whose names are known, each with the place of its value."""
    seen: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        place = Place(option, 1, 1, text)
        if not equals:
            problems.append(Problem(place, f"write it as {name or 'NAME'}=VALUE"))
        elif name not in known:
            problems.append(Problem(place, f"unknown name '{name}'", did_you_mean(name, known)))
        elif seen.setdefault(name, value) != value:
            problems.append(Problem(place, f"'{name}' is given twice, with different values"))
        else:
            yield name, value, Place(option, 1, len(name) + 2, text)


def _readings(pack: Pack, given: Sequence[str], problems: list[Problem]) -> dict[str, str]:
    chosen = {}
    for name, answer, place in _pairs("--reading", given, pack.questions, problems):
        if answer in pack.questions[name].answers:
            chosen[name] = answer
        else:
            hint = did_you_mean(answer, pack.questions[name].answers)
            problems.append(Problem(place, f"'{name}' has no answer '{answer}'", hint))
    return chosen


def _term_values(pack: Pack, given: Sequence[str], problems: list[Problem]) -> dict[str, TermValue]:
    chosen = {}
    for name, text, place in _pairs("--term", given, pack.terms, problems):
        try:
            chosen[name] = pack.terms[name].parse(text, pack.currency)
        except ValueError as error:
            problems.append(Problem(place, str(error)))
    return chosen


# Streaming ---------------------------------------------------------------------------------------


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


# Output ------------------------------------------------------------------------------------------


def rendered(data: Mapping[str, Any], format_: str) -> str:
    """The report in one of the formats; the same data gives the same text."""
    if format_ == "json":
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    if format_ == "jsonl":
        lines = [{"change": "found", "as_of": data["as_of"], **f} for f in data["findings"]]
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return render_text(data)


def _show(data: Mapping[str, Any], format_: str) -> None:
    if format_ == "text" and sys.stdout.isatty():
        render_text(data, sys.stdout)
    else:
        sys.stdout.write(rendered(data, format_))
        sys.stdout.flush()


def _outputs(given: Sequence[str], inputs: Sequence[str]) -> list[tuple[str, Path]]:
    problems: list[Problem] = []
    found: list[tuple[str, Path]] = []
    taken = {Path(path).resolve() for path in inputs}
    for text in given:
        name, equals, path = text.partition("=")
        place, target = Place("--output", 1, 1, text), Path(path).resolve()
        if not equals or not path:
            problems.append(Problem(place, "write it as FORMAT=PATH"))
        elif name not in FORMATS:
            problems.append(Problem(place, f"unknown format '{name}'", did_you_mean(name, FORMATS)))
        elif not _writable(target):
            problems.append(Problem(place, f"no file can be written at '{path}'"))
        elif target in taken:
            problems.append(Problem(place, f"'{path}' is read or written already"))
        else:
            taken.add(target)
            found.append((name, target))
    if problems:
        raise WrongInput(problems)
    return found


def _writable(target: Path) -> bool:
    """Whether a plain file stands or may come to stand there."""
    try:
        return target.parent.is_dir() and (target.is_file() or not target.exists())
    except OSError:  # no file can have such a name
        return False


def write_whole(path: Path, text: str) -> None:
    """Writes beside and renames, so that nobody ever sees half a file."""
    write_all([(path, text)])


def write_all(texts: Sequence[tuple[Path, str]]) -> None:
    """Writes all files beside their places, and renames them when every one is whole."""
    beside: list[tuple[Path, Path]] = []
    try:
        for number, (path, text) in enumerate(texts):
            part = path.with_name(f".{os.getpid()}-{number}.part")
            beside.append((part, path))
            part.write_text(text, encoding="utf-8", newline="\n")
        for part, path in beside:
            part.replace(path)
    except OSError as error:
        place = Place(str(error.filename2 or error.filename or beside[-1][1]), 1, 1)
        raise WrongInput([Problem(place, f"cannot be written: {error.strerror}")]) from error
    finally:
        for part, _path in beside:
            with contextlib.suppress(OSError):  # the name itself may be what is wrong
                part.unlink(missing_ok=True)
