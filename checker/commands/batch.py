"""`checker batch`: a portfolio of contracts, evaluated and written in columns."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from checker.batch.columns import Columns, load_columns
from checker.batch.executors import HaltedError, NoWorkersError, processors
from checker.batch.merge import FORMATS
from checker.batch.plan import Request
from checker.batch.progress import KINDS, Progress, watcher
from checker.batch.run import Batch
from checker.batch.store import DiskFull
from checker.batch.summary import as_text, exit_code
from checker.dates import Day, parse_day
from checker.engines import ENGINES
from checker.model import Place, Problem, WrongInput

FAULT = 4


@click.command()
@click.argument("portfolio")
@click.argument("facts", nargs=-1, required=True)
@click.option("--as-of", metavar="DATE", required=True, help="Look at the close of this day.")
@click.option("--known-on", metavar="DATE", help="Leave out what was recorded later.")
@click.option("--contract", metavar="ID", help="One contract of the portfolio.")
@click.option("--reading", multiple=True, metavar="QUESTION=ANSWER", help="Choose a reading.")
@click.option("--term", multiple=True, metavar="NAME=VALUE", help="Override a term.")
@click.option("--out", required=True, metavar="DIR", help="Where the results go.")
@click.option("--packs", default="rules", show_default=True, metavar="DIR",
              help="Where the packs are that the portfolio names.")  # fmt: skip
@click.option("--columns", metavar="MAP.yaml", help="The names that another system gives.")
@click.option("--engine", type=click.Choice(list(ENGINES)), default="compiled", show_default=True)
@click.option("--workers", type=click.IntRange(0), metavar="N",
              help="As many as processors unless given; 0: this process alone.")  # fmt: skip
@click.option("--memory", type=click.IntRange(0), default=0, metavar="MB",
              help="What one worker may have.")  # fmt: skip
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="The Dask cluster to work on.")
@click.option("--part-facts", type=click.IntRange(1), metavar="N",
              help="How many facts a part has, about.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Complete what stands in DIR.")
@click.option("--baseline", metavar="DIR", help="Say what is new since the batch in DIR.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="parquet",
              show_default=True)  # fmt: skip
@click.option("--progress", type=click.Choice(KINDS), default="auto", show_default=True)
def batch(
    portfolio: str, facts: tuple[str, ...], as_of: str, known_on: str | None, contract: str | None,
    reading: tuple[str, ...], term: tuple[str, ...], out: str, packs: str, columns: str | None,
    engine: str, workers: int | None, memory: int, scheduler: str | None, part_facts: int | None,
    resume: bool, baseline: str | None, format_: str, progress: str,
) -> int:  # fmt: skip
    """Evaluates every contract of a portfolio, and writes what was found in columns.

    Exit codes: 0 no breach, 1 a breach or an event of default, 2 wrong usage, rules or input
    (nothing was evaluated), 3 undetermined, 4 incomplete, or with contracts not evaluated.
    """
    request = Request(
        portfolio, facts, Path(out), _day("--as-of", as_of),
        None if known_on is None else _day("--known-on", known_on), Path(packs),
        Columns() if columns is None else load_columns(columns), reading, term, contract, engine,
        processors() if workers is None else workers, memory << 20, scheduler, format_,
        None if baseline is None else Path(baseline), resume, part_facts,
    )  # fmt: skip
    with watcher(progress) as watched, _stoppable():
        try:
            ran = Batch(request, watched).run()
        except (DiskFull, HaltedError, NoWorkersError, KeyboardInterrupt) as error:
            watched.end()
            _tell_stopped(str(error) or "stopped", watched)
            return FAULT
    for warning in ran.warnings():
        click.echo(f"checker: warning: {warning}", err=True)
    click.echo(as_text(ran.summary), nl=False)
    click.echo(f"\nThe results stand in {out}; {Path(out) / 'summary.html'} shows them.")
    return exit_code(ran.summary)


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM stops a batch as Ctrl-C does: what is done stays whole."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt("stopped by SIGTERM")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _tell_stopped(why: str, watched: Progress) -> None:
    click.echo(f"checker: error: {why}", err=True)
    if watched.parts:
        done = f"{watched.done:,} of {watched.parts:,} parts are done"
        click.echo(f"{done}; the same command with --resume completes the rest", err=True)
    else:
        click.echo("nothing was evaluated yet; begin again with --resume", err=True)


def _day(option: str, text: str) -> Day:
    try:
        return parse_day(text)
    except ValueError as error:
        raise WrongInput([Problem(Place(option, 1, 1, text), str(error))]) from error
