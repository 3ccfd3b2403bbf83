"""Until when what is owed may be paid: the day on which it is payable, the last day of grace."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from checker.account import Obligation
from checker.arrangement import Arrangement
from checker.dates import Day
from checker.instalments import Part

SETTINGS = (
    "deadline.payable-convention", "deadline.last-day-convention", "deadline.calendar",
)  # fmt: skip
"""The paths of the settings that, with the grace of each component, make deadlines."""


class Deadlines:
    """The last days of all that is owed, in the order in which they pass."""

    def __init__(self, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        # What is made of an amount that falls due; its days are then to be settled.
        self.obligation: Callable[..., Obligation] = Obligation
        self._coming: list[tuple[Day, int, Obligation]] = []
        self._count = 0

    def payable(self, due: Day) -> Day:
        """The day on which is payable what falls due on `due`."""
        settled = self.arrangement
        return max(due, settled.adjusted(due, "deadline.payable-convention", "deadline.calendar"))

    def last_day(self, component: str, due: Day) -> Day:
        """The last day to pay what falls due of a component on `due`."""
        return self._last_day(component, self.payable(due))

    def _last_day(self, component: str, payable: Day) -> Day:
        settled = self.arrangement
        grace = settled.grace(component)
        last = grace.after(payable, settled.deadline_calendar if grace.in_business_days else "")
        moved = settled.adjusted(last, "deadline.last-day-convention", "deadline.calendar")
        return max(payable, moved)

    def settle(self, obligation: Obligation, earliest: Day = 0) -> None:
        """An obligation gets its days by the settings in force, the last none before `earliest`."""
        payable = obligation.payable = self.payable(obligation.due)
        obligation.last_day = max(self._last_day(obligation.component, payable), earliest)
        self._await(obligation)

    def _await(self, obligation: Obligation) -> None:
        self._count += 1
        heapq.heappush(self._coming, (obligation.last_day, self._count, obligation))

    def settle_anew(self, obligations: Iterable[Obligation], day: Day) -> None:
        """What may still be paid in time follows settings that changed; none goes behind `day`."""
        self._coming = []
        for obligation in obligations:
            if obligation.missed_on is None:
                self.settle(obligation, day)

    def next_after(self, day: Day) -> list[Day]:
        """The first day after `day` by which another last day has passed, if there is one.

        Of what has been paid nothing passes; an amount of nothing stands for one that is unknown.
        """
        days = [last for last, _, owed in self._coming if owed.unpaid or not owed.amount]
        return [max(min(days), day) + 1] if days else []

    def payable_days(self, obligation: Obligation) -> list[Day]:
        """The days on which it may be payable."""
        return [obligation.payable]

    def told(self, parts: Sequence[Part]) -> dict[str, Any]:
        """From when to when something may be paid in time that falls due in these parts."""
        return {"payable": parts[0].payable, "last_day": max([part.last_day for part in parts])}

    def passed(self, day: Day) -> Iterator[Obligation]:
        """What was not paid by its last day, which has passed on `day` for the first time."""
        while self._coming and self._coming[0][0] < day:
            obligation = heapq.heappop(self._coming)[2]
            if obligation.unpaid and obligation.missed_on is None:
                obligation.missed_on = day
                yield obligation
