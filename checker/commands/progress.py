"""How far a long answer has come, told on a terminal and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from checker.dates import Day, iso
from checker.questions.together import Progress


@contextmanager
def covered() -> Iterator[Progress | None]:
    """Tells up to which day the combinations have been lived, in one line that goes at the end."""
    if not sys.stderr.isatty():
        yield None
        return
    width = 0

    def tell(day: Day, until: Day, courses: int) -> None:
        nonlocal width
        text = f"all combinations up to {iso(day)} of {iso(until)}, on {courses:,} courses"
        width = max(width, len(text))
        print(f"\r{text:{width}}", end="", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if width:
            print(f"\r{'':{width}}\r", end="", file=sys.stderr, flush=True)
