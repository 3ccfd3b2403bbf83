"""Lints a pack: what the loader refuses, and what a careful reviewer would want mended."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from checker.generate.habits import load_habits
from checker.lint.desk import Bench, Flaw, Lint, lints, refused
from checker.lint.logic import logic, never
from checker.lint.whole import shown, whole
from checker.loader import load_pack
from checker.model import Problem, WrongInput

__all__ = ["Flaw", "Lint", "lint", "lints"]

TOLD = {
    "do not stand in": "words-not-in-note",
    "never reaches": "obligation-nobody-bears",
}
"""Words by which a problem of the loader is known as that of a lint; all others are `load`."""


def lint(pack_folder: Path, *, cases: bool = True) -> list[Flaw]:
    """All that is wrong in the pack of a folder, by its place; with `cases`, these are run too.

    Where the pack does not load, what is refused in it is all that can be told.
    """
    try:
        bench = Bench(load_pack(pack_folder))
        load_habits(bench.pack)
    except WrongInput as error:
        return _sorted(_refused(problem) for problem in error.problems)
    dead = never(bench)
    flaws = [*whole(bench), *dead.values(), *logic(bench, dead)]
    if cases:
        flaws += shown(bench, dead)
    return _sorted(flaws)


def _refused(problem: Problem) -> Flaw:
    id_ = next((id_ for words, id_ in TOLD.items() if words in problem.message), "load")
    return refused(problem, id_)


def _sorted(flaws: Iterable[Flaw]) -> list[Flaw]:
    def where(flaw: Flaw) -> tuple[str, int, int, str, str]:
        place = flaw.place
        return (place.file, place.line, place.column, flaw.id, flaw.message)

    return sorted(set(flaws), key=where)
