"""Fees: charges that accrue by the day on a balance, and fall due by a schedule."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import lcm

from checker.arrangement import Arrangement
from checker.dates import Day, Moved, Schedule, day_count
from checker.money import RATE_ONE, grouped, half_up, percent


@dataclass
class Stretch:
    """Days on which the same balance accrued at the same rate."""

    since: Day
    until: Day  # not counted
    balance: int
    rate: int


@dataclass
class Fee:
    """One fee: what has accrued since it last fell due, day by day.

    `balance` and `rate` are those at which the days from `counted` on accrue.
    """

    name: str
    arrangement: Arrangement
    counted: Day
    balance: int = 0
    rate: int = 0
    stretches: list[Stretch] = field(default_factory=list)

    def value(self, setting: str) -> object:
        """The value in force of one of its settings."""
        return self.arrangement.value(f"{self._path}.{setting}")

    @cached_property
    def _path(self) -> str:
        return f"fees.{self.name}"

    @property
    def dates(self) -> Schedule | Moved:
        """When it falls due."""
        return self.arrangement.due_dates(self._path)

    def count_until(self, day: Day) -> None:
        """The balance as it stands accrues for the days before `day`."""
        if day <= self.counted:
            return
        if self.balance and self.rate:
            last = self.stretches[-1] if self.stretches else None
            if last and (last.until, last.balance, last.rate) == (
                self.counted, self.balance, self.rate,
            ):  # fmt: skip
                last.until = day
            else:
                self.stretches.append(Stretch(self.counted, day, self.balance, self.rate))
        self.counted = day

    def stands_at(self, balance: int) -> None:
        """From the days not yet counted on it accrues on this balance, at the rate in force."""
        rate = self.value("rate")
        self.balance, self.rate = balance, rate if isinstance(rate, int) else 0

    def accrued(self) -> int:
        """What has accrued, rounded once, half up, to the cent."""
        sums: dict[int, int] = {}
        for denominator, weighed in self._parts():
            sums[denominator] = sums.get(denominator, 0) + weighed
        if not sums:
            return 0
        common = lcm(*sums)
        weight = sum(value * (common // denominator) for denominator, value in sums.items())
        return half_up(weight, common * RATE_ONE)

    def _parts(self) -> list[tuple[int, int]]:
        convention = str(self.value("day-count"))
        return [
            (denominator, stretch.balance * stretch.rate * days)
            for stretch in self.stretches
            for denominator, days in day_count(convention, stretch.since, stretch.until).items()
        ]

    def working(self) -> tuple[str, ...]:
        """The multiplication of each stretch, and their rounded sum."""
        convention, total = str(self.value("day-count")), grouped(self.accrued())
        lines = [
            f"{grouped(s.balance)} × {percent(s.rate)} × {days} / {denominator}"
            for s in self.stretches
            for denominator, days in day_count(convention, s.since, s.until).items()
            if days
        ]
        if len(lines) == 1:
            return (f"{lines[0]} = {total}",)
        return (*lines, f"in sum, rounded: {total}") if lines else ()

    def close(self) -> None:
        """What had accrued has fallen due: it begins anew."""
        self.stretches = []
