"""`checker new`: a folder with a pack that passes, to read and then to write over."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from checker.commands.output import write_all
from checker.model import Place, Problem, WrongInput
from checker.schema import schema_texts
from checker.starter import starter

SCHEMAS = ".schema"
"""The folder beside the packs in which their first lines look for the schemas."""


@click.command()
@click.argument("name")
@click.option(
    "--in",
    "within",
    metavar="DIR",
    help="The folder of packs.  [default: rules, where there is one, else here]",
)
def new(name: str, within: str | None) -> int:
    """Makes a pack: a short note with its rules and cases, which pass and explain themselves.

    Beside the packs stand the schemas by which editors complete and check them; where they are
    already there, they are left as they are. What exists is never written over.
    """
    around = Path(within) if within is not None else Path("rules" if Path("rules").is_dir() else "")
    texts = starter(name, around / name)
    if not around.is_dir():
        _refuse("--in", within or "", f"there is no folder '{within}'")
    folder = around / name
    if folder.exists() or folder.is_symlink():
        _refuse(str(folder), "", "this exists already, and is not written over")
    schemas = around / SCHEMAS
    missing = {n: text for n, text in schema_texts().items() if not (schemas / n).exists()}
    with _whole(folder) as part:
        write_all([(part / file, text) for file, text in texts.items()])
        schemas.mkdir(exist_ok=True)
        write_all([(schemas / file, text) for file, text in missing.items()])
    for file in texts:
        click.echo(str(folder / file))
    return 0


def _refuse(name: str, excerpt: str, message: str) -> None:
    raise WrongInput([Problem(Place(name, 1, 1, excerpt), message)])


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder beside the one wanted, which takes its name once all has gone well."""
    part = folder.with_name(f".{os.getpid()}.part")
    try:
        part.mkdir()
        yield part
        part.rename(folder)
    except OSError as error:
        place = Place(str(folder), 1, 1)
        raise WrongInput([Problem(place, f"cannot be made: {error.strerror}")]) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
