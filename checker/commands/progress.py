"""How far a long answer has come, told on a terminal and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from checker.questions.combinations import Progress


@contextmanager
def covered() -> Iterator[Progress | None]:
    """Tells how many combinations are covered, in one line that goes when all is done."""
    if not sys.stderr.isatty():
        yield None
        return
    width = 0

    def tell(done: int, total: int, evaluations: int) -> None:
        nonlocal width
        text = f"{done:,} of {total:,} combinations, {evaluations:,} evaluations"
        width = max(width, len(text))
        print(f"\r{text:{width}}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if width:
            print(f"\r{'':{width}}\r", end="", file=sys.stderr, flush=True)
