"""How far a batch has come: parts, contracts a second, breaches so far, time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

KINDS = ("auto", "plain", "none")
EVERY = 5.0
"""Seconds between plain lines."""

RECENT = 30.0
"""Seconds over which the pace is taken."""


class Progress:
    """Counts, and says; `put` shows a line, `soon` whether one is due."""

    def __init__(
        self, put: Callable[[str], None], every: float, clock: Callable[[], float]
    ) -> None:
        self._put, self._every, self._clock = put, every, clock
        self._shown = 0.0
        self._said = ""
        self.parts = self.contracts = self.done = self.contracts_done = 0
        self.breaches = self.refused = 0
        self._pace: list[tuple[float, int]] = []

    def stage(self, what: str) -> None:
        """What is under way."""
        self._say(what, now=True)

    def begun(self, parts: int, contracts: int, parts_done: int, contracts_done: int) -> None:
        """How many parts and contracts there are, and how many were done before."""
        self.parts, self.contracts = parts, contracts
        self.done, self.contracts_done = parts_done, contracts_done
        self._pace = [(self._clock(), contracts_done)]
        if parts_done:
            self._say(f"{parts_done:,} of {parts:,} parts were done before", now=True)

    def part(self, contracts: int, facts: int, outcomes: Mapping[str, int]) -> None:  # noqa: ARG002  # not shown
        """A part is done."""
        self.done += 1
        self.contracts_done += contracts
        self.breaches += outcomes.get("breach", 0)
        self.refused += outcomes.get("invalid", 0) + outcomes.get("quarantined", 0)
        now = self._clock()
        self._pace.append((now, self.contracts_done))
        while len(self._pace) > 2 and self._pace[0][0] < now - RECENT:
            del self._pace[0]
        self._say(self.line(), now=self.done == self.parts)

    def beat(self) -> None:
        """Time goes by."""
        if self.done:
            self._say(self.line(), now=False)

    def end(self) -> None:
        """Nothing more will be told here."""
        self._put("")

    def line(self) -> str:
        """Where it stands, in a line."""
        (since, before), now = self._pace[0], self._clock()
        pace = (self.contracts_done - before) / (now - since) if now > since else 0.0
        told = [
            f"{self.done:,} of {self.parts:,} parts",
            f"{self.contracts_done:,} of {self.contracts:,} contracts",
        ]
        if pace:
            told.append(f"{pace:,.0f} a second")
        told.append(f"{self.breaches:,} in breach")
        if self.refused:
            told.append(f"{self.refused:,} not evaluated")
        if pace and self.done < self.parts:
            told.append(f"{_lasting((self.contracts - self.contracts_done) / pace)} left")
        return ", ".join(told)

    def _say(self, line: str, *, now: bool) -> None:
        time_ = self._clock()
        if line != self._said and (now or time_ - self._shown >= self._every):
            self._shown, self._said = time_, line
            self._put(line)


def _lasting(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


@contextmanager
def watcher(kind: str) -> Iterator[Progress]:
    """Tells on standard error: one line that changes on a terminal, plain lines where asked."""
    if kind == "auto" and sys.stderr.isatty():
        yield from _on_terminal()
    elif kind == "plain":
        yield Progress(_plainly, EVERY, time.monotonic)
    else:
        yield Progress(lambda line: None, EVERY, time.monotonic)  # noqa: ARG005  # nothing is told


def _plainly(line: str) -> None:
    if line:
        print(line, file=sys.stderr, flush=True)


def _on_terminal() -> Iterator[Progress]:
    width = 0

    def put(line: str) -> None:
        nonlocal width
        width = max(width, len(line))
        print(f"\r{line:{width}}", end="", file=sys.stderr, flush=True)

    try:
        yield Progress(put, 0.2, time.monotonic)
    finally:
        if width:
            print(f"\r{'':{width}}\r", end="", file=sys.stderr, flush=True)
