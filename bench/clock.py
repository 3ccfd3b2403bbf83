"""Where time goes: processor seconds by what they were spent on, the engine's apart."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from checker.patterns import Match, Matcher, MatchSession, Record


class Clock:
    """Processor seconds by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Counts the time inside as spent on `what`."""
        started = time.process_time()
        try:
            yield
        finally:
            self.spent[what] = self.spent.get(what, 0.0) + time.process_time() - started


class TimedRuleset:
    """A ruleset whose sessions count the time that the engine takes."""

    def __init__(self, inner: Matcher, clock: Clock) -> None:
        self.inner, self.clock = inner, clock

    @property
    def name(self) -> str:
        """The engine's."""
        return self.inner.name

    def session(self) -> TimedSession:
        """A session that counts its time."""
        return TimedSession(self.inner.session(), self.clock)

    def close(self) -> None:
        """Closes the ruleset."""
        self.inner.close()


class TimedSession:
    """A session that counts the time of its calls."""

    def __init__(self, inner: MatchSession, clock: Clock) -> None:
        self.inner, self.clock = inner, clock

    @property
    def asserted(self) -> int:
        """Facts asserted."""
        return self.inner.asserted

    @property
    def matches(self) -> int:
        """Matches made."""
        return self.inner.matches

    def add(self, records: Sequence[Record]) -> list[Match]:
        """Adds records, counting the time."""
        with self.clock.of("engine"):
            return self.inner.add(records)

    def close(self) -> None:
        """Closes the session."""
        with self.clock.of("engine"):
            self.inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
