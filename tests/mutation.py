"""Mutation of rules: one small change of a pack at a time, which lint or a case must notice.

`python -m tests.mutation rules/second-amended-note --seed 1 --count 100` prints how many of the
changes were caught, by operator, and each that was not with its difference.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from functools import partial
from itertools import zip_longest
from pathlib import Path
from types import FrameType

from checker.cases import SUFFIX, load_cases, run_case
from checker.evaluate import Engines
from checker.lint import lint
from checker.loader import load_pack
from checker.model import WrongInput
from tests.mutation_operators import Mutant, mutants
from tests.product import ROOT

SURVIVORS = ROOT / "tests" / "mutation_survivors.md"
LONGEST = 120
"""Seconds that the cases of a mutant may take before it counts as caught: it does not end."""


@dataclass(frozen=True)
class Fate:
    """A mutant with what caught it, or nothing."""

    mutant: Mutant
    caught: str


def sample(pack: Path, seed: int, count: int) -> list[Mutant]:
    """That many mutants of a pack, by turns of every operator, the same for the same seed."""
    chance = random.Random(seed)
    by_operator: dict[str, list[Mutant]] = {}
    for mutant in mutants(pack):
        by_operator.setdefault(mutant.operator, []).append(mutant)
    for group in by_operator.values():
        chance.shuffle(group)
    rounds = zip_longest(*by_operator.values())
    return [mutant for turn in rounds for mutant in turn if mutant is not None][:count]


# Catching ----------------------------------------------------------------------------------------


class _Endless(Exception):
    """The cases of a mutant ran too long."""


def _ring(_number: int, _frame: FrameType | None) -> None:
    raise _Endless


def catch(mutant: Mutant, pack: Path, linting: bool = True) -> str:
    """What notices the mutant, in a copy of the pack made for it; nothing where it survives."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / pack.name
        shutil.copytree(pack, copy)
        (copy / mutant.file).write_text(mutant.new, encoding="utf-8")
        signal.signal(signal.SIGALRM, _ring)
        signal.alarm(LONGEST)
        try:
            found = _noticed(copy, mutant.file)
        except WrongInput as error:
            return f"refused: {error.problems[0].message}"
        except _Endless:
            return "its cases do not end"
        except Exception as error:  # noqa: BLE001  # whatever breaks a run of cases is seen
            return f"a fault: {type(error).__name__}"
        finally:
            signal.alarm(0)
        return found or (_linted(copy, pack) if linting else "")


def _noticed(folder: Path, changed: str) -> str:
    """The first case that fails, those of the changed clause before the others."""
    pack = load_pack(folder)
    own = changed.removesuffix(".yaml")
    paths = sorted(folder.glob(f"*{SUFFIX}"), key=lambda p: (not p.name.startswith(own), p.name))
    with Engines(pack) as engines:
        for path in paths:
            for case in load_cases(pack, path):
                if found := run_case(pack, engines, case):
                    return f"{case.title} {found[0]}"
    return ""


def _linted(folder: Path, original: Path) -> str:
    """The first error that lint finds in the mutant and not in the pack as it was."""
    known = Counter(_errors(original))
    return next((f"lint: {error}" for error in Counter(_errors(folder)) - known), "")


def _errors(folder: Path) -> list[str]:
    return [f"{flaw.id}: {flaw.message}" for flaw in lint(folder) if flaw.severity == "error"]


def fates(
    found: Sequence[Mutant], pack: Path, workers: int, linting: bool = True
) -> Iterator[Fate]:
    """What became of each mutant of the pack, in their order."""
    judged = partial(_fate, pack=pack, linting=linting)
    if workers <= 1:
        yield from map(judged, found)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(judged, found)


def _fate(mutant: Mutant, pack: Path, linting: bool) -> Fate:
    return Fate(mutant, catch(mutant, pack, linting))


# Survivors that change nothing -------------------------------------------------------------------


def diff(mutant: Mutant) -> list[str]:
    """The lines that the mutant changes, as a unified difference."""
    lines = unified_diff(
        mutant.old.splitlines(), mutant.new.splitlines(), mutant.file, mutant.file, lineterm="", n=1
    )
    return list(lines)


def changed(lines: Sequence[str]) -> tuple[str, ...]:
    """The changed lines of a difference without their blanks: what it says, wherever it stands."""
    plain = [line for line in lines if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    return tuple(f"{line[0]}{' '.join(line[1:].split())}" for line in plain if line[1:].strip())


def argued(pack: str, path: Path = SURVIVORS) -> set[tuple[str, ...]]:
    """The survivors of that pack that are argued to change nothing, by their changed lines."""
    _before, _heading, behind = path.read_text(encoding="utf-8").partition(f"\n## {pack}\n")
    blocks = behind.partition("\n## ")[0].split("```diff\n")[1:]
    return {changed(block.split("```")[0].splitlines()) for block in blocks}


# The command -------------------------------------------------------------------------------------


def main() -> int:
    """Prints the count by operator and the survivors; 1 where fewer than 95 of 100 were caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packs", nargs="+", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    asked = parser.parse_args()
    enough = True
    for pack in asked.packs:
        chosen = sample(pack, asked.seed, asked.count)
        seen = list(fates(chosen, pack, asked.workers))
        enough = _told(pack, asked.seed, seen) and enough
    return 0 if enough else 1


def _told(pack: Path, seed: int, seen: Sequence[Fate]) -> bool:
    known = argued(pack.name)
    total, caught = Counter[str](), Counter[str]()
    for fate in seen:
        total[fate.mutant.operator] += 1
        caught[fate.mutant.operator] += bool(fate.caught)
    for fate in seen:
        if not fate.caught:
            lines = diff(fate.mutant)
            note = " (argued to change nothing)" if changed(lines) in known else ""
            print(f"survives: {fate.mutant.operator}{note}\n" + "\n".join(lines) + "\n")
    print(f"{pack.name}, seed {seed}: {sum(caught.values())} of {len(seen)} caught")
    for operator in total:
        print(f"  {operator:<12} {caught[operator]:>4} of {total[operator]}")
    return sum(caught.values()) * 100 >= 95 * len(seen)


if __name__ == "__main__":
    sys.exit(main())
