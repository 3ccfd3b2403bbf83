"""The command line: what a user types, and the exit code that he gets."""

from __future__ import annotations

import gc
import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence

import click

from checker import __version__
from checker.engine import EngineUnavailable
from checker.engines import EnginesDiffer
from checker.model import Problem, WrongInput
from checker.source import render

WRONG, FAULT = 2, 4
SHOWN = 100  # of the problems found; the rest is counted

COMMANDS = (
    "batch",
    "check",
    "cure",
    "explain",
    "generate",
    "lint",
    "new",
    "payoff",
    "readings",
    "report",
    "schedule",
    "schema",
    "test",
    "verify",
    "what-if",
)
"""Each stands in the module of `checker.commands` that bears its name, with `_` for `-`."""


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
    except EnginesDiffer as error:
        click.echo(f"checker: an internal fault; please report it:\n{error}", err=True)
        code = FAULT
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


class _Commands(click.Group):
    """The commands by name; a module is imported when its command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f"checker.commands.{name}")
        command: click.Command = getattr(module, name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="checker")
def cli() -> None:
    """Checks dated facts against every clause of a contract, to the cent, citing the words."""
