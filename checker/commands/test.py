"""`checker test`: the cases of a pack, run; what they cover; more of them at the boundaries."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from checker.cases import Case, cases_of
from checker.cases.boundaries import boundary_cases
from checker.cases.coverage import Survey
from checker.cases.results import Outcome, Ran, as_data, as_junit, as_text
from checker.cases.selection import Selection
from checker.commands.engine import engine_option, make_of
from checker.commands.output import outputs, write_all
from checker.engines import Make
from checker.loader import load_pack
from checker.model import Place, Problem, WrongInput, did_you_mean
from checker.pack import Pack

FORMATS = ("text", "json", "junit")


@click.command()
@click.argument("pack")
@click.option("-k", "words", metavar="WORDS", help="Only cases whose title or file has the words.")
@click.option("--coverage", "full", is_flag=True, help="List what shows each rule and answer.")
@click.option("--strict", is_flag=True, help="Leave with 1 where something is not covered.")
@click.option("--boundaries", is_flag=True, help="Print further cases at the boundaries instead.")
@click.option("--clause", metavar="ID", help="With --boundaries: of this clause alone.")
@engine_option
@click.option(
    "--format", "format_", type=click.Choice(FORMATS[:2]), default="text", show_default=True
)
@click.option(
    "--output", multiple=True, metavar="FORMAT=PATH", help="Write it to a file, as junit too."
)
def test(
    pack: str,
    words: str | None,
    full: bool,
    strict: bool,
    boundaries: bool,
    clause: str | None,
    engine: str | None,
    format_: str,
    output: tuple[str, ...],
) -> int:
    """Runs the cases of a pack, and tells what they cover.

    WORDS may be joined by `and`, `or` and `not`. Nothing is written unless --output is given.
    Exit codes: 0 all cases pass, 1 one fails, 2 wrong usage, rules or cases.
    """
    if boundaries and (output or full or strict or format_ != "text"):
        raise click.UsageError("--boundaries prints cases, and goes with -k and --clause alone")
    if clause is not None and not boundaries:
        raise click.UsageError("--clause goes with --boundaries")
    if strict and words is not None:
        raise click.UsageError("--strict looks at what all cases cover: leave out -k")
    loaded = load_pack(Path(pack))
    every = cases_of(loaded)
    chosen = _chosen(every, words)
    if not chosen and not boundaries:
        place = Place(pack, 1, 1)
        raise WrongInput([Problem(place, "the pack has no case: write some in *.cases.yaml")])
    make = make_of(engine)
    if boundaries:
        return _boundaries(loaded, every, chosen, clause, make)
    targets = outputs(output, [str(path) for path in Path(pack).iterdir()], FORMATS)
    outcome = _run(loaded, chosen, make, covering=words is None or full)
    _show(outcome, format_, full)
    write_all([(path, _WRITERS[name](outcome)) for name, path in targets])
    return 1 if outcome.failed or (strict and outcome.missing) else 0


def _chosen(cases: Sequence[Case], words: str | None) -> list[Case]:
    if words is None:
        return list(cases)
    place = Place("-k", 1, 1, words)
    try:
        selection = Selection.of(words)
    except ValueError as error:
        raise WrongInput([Problem(place, str(error))]) from error
    chosen = [case for case in cases if selection.takes(f"{case.stem}\n{case.title}")]
    if not chosen:
        raise WrongInput([Problem(place, "no case has these words in its title or file")])
    return chosen


def _run(pack: Pack, cases: Sequence[Case], make: Make, *, covering: bool) -> Outcome:
    with Survey(pack, make) as survey:
        ran = tuple(Ran(case, tuple(survey.run(case))) for case in cases)
        if not covering:
            return Outcome(pack.name, ran)
        return Outcome(pack.name, ran, tuple(survey.rules()), tuple(survey.answers()))


def _show(outcome: Outcome, format_: str, full: bool) -> None:
    if format_ == "text" and sys.stdout.isatty():
        as_text(outcome, full=full, out=sys.stdout)
    else:
        text = as_text(outcome, full=full) if format_ == "text" else _json(outcome)
        sys.stdout.write(text)
    sys.stdout.flush()


def _json(outcome: Outcome) -> str:
    return json.dumps(as_data(outcome), ensure_ascii=False, indent=1) + "\n"


_WRITERS: dict[str, Callable[[Outcome], str]] = {
    "text": as_text,
    "json": _json,
    "junit": as_junit,
}


def _boundaries(
    pack: Pack, every: Sequence[Case], chosen: Sequence[Case], clause: str | None, make: Make
) -> int:
    clauses = [part.clause for part in pack.clauses]
    if clause is not None and clause not in clauses:
        place = Place("--clause", 1, 1, clause)
        hint = did_you_mean(clause, clauses)
        raise WrongInput([Problem(place, f"the pack has no clause '{clause}'", hint)])
    wanted = clauses if clause is None else [clause]
    found = False
    for text in boundary_cases(pack, every, wanted, chosen, make):
        click.echo(text, nl=False)
        found = True
    if not found:
        click.echo(
            "no further case is made: the cases show every boundary, or come near none of them "
            "(cases are made from cases: write one that makes the rule fire)",
            err=True,
        )
    return 0
