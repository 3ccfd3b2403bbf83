"""How far a long answer has come, told on a terminal and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from checker.dates import iso
from checker.questions.together import Progress


@contextmanager
def one_line() -> Iterator[Callable[[str], None] | None]:
    """Shows texts over one another, in a line that goes when all is done."""
    if not sys.stderr.isatty():
        yield None
        return
    width = 0

    def tell(text: str) -> None:
        nonlocal width
        width = max(width, len(text))
        print(f"\r{text:{width}}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if width:
            print(f"\r{'':{width}}\r", end="", file=sys.stderr, flush=True)


@contextmanager
def covered() -> Iterator[Progress | None]:
    """Tells up to which day the combinations have been lived."""
    with one_line() as show:
        if show is None:
            yield None
            return
        yield lambda day, until, courses: show(
            f"all combinations up to {iso(day)} of {iso(until)}, on {courses:,} courses"
        )
