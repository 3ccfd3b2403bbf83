"""Where results go: formats, standard output, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from checker.model import Place, Problem, WrongInput, did_you_mean
from checker.text import render_text

FORMATS = ("text", "json", "jsonl", "sarif", "junit")


def rendered(data: Mapping[str, Any], format_: str) -> str:
    """The report in one of the formats; the same data gives the same text."""
    if format_ == "json":
        return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    if format_ == "jsonl":
        lines = [{"change": "found", "as_of": data["as_of"], **f} for f in data["findings"]]
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    return render_text(data)


def show(data: Mapping[str, Any], format_: str) -> None:
    """Puts a report on standard output, in colour where a terminal shows it."""
    if format_ == "text" and sys.stdout.isatty():
        render_text(data, sys.stdout)
    else:
        sys.stdout.write(rendered(data, format_))
        sys.stdout.flush()


def outputs(
    given: Sequence[str], inputs: Sequence[str], formats: Sequence[str] = FORMATS
) -> list[tuple[str, Path]]:
    """The files that `--output FORMAT=PATH` asks for; none of them may be one of the inputs."""
    problems: list[Problem] = []
    found: list[tuple[str, Path]] = []
    taken = {Path(path).resolve() for path in inputs}
    for text in given:
        name, equals, path = text.partition("=")
        place, target = Place("--output", 1, 1, text), Path(path).resolve()
        if not equals or not path:
            problems.append(Problem(place, "write it as FORMAT=PATH"))
        elif name not in formats:
            problems.append(Problem(place, f"unknown format '{name}'", did_you_mean(name, formats)))
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


def write_all(texts: Sequence[tuple[Path, str | bytes]]) -> None:
    """Writes all files beside their places, and renames them when every one is whole."""
    beside: list[tuple[Path, Path]] = []
    try:
        for number, (path, text) in enumerate(texts):
            part = path.with_name(f".{os.getpid()}-{number}.part")
            beside.append((part, path))
            part.write_bytes(text.encode() if isinstance(text, str) else text)
        for part, path in beside:
            part.replace(path)
    except OSError as error:
        place = Place(str(error.filename2 or error.filename or beside[-1][1]), 1, 1)
        raise WrongInput([Problem(place, f"cannot be written: {error.strerror}")]) from error
    finally:
        for part, _path in beside:
            with contextlib.suppress(OSError):  # the name itself may be what is wrong
                part.unlink(missing_ok=True)
