"""Instalments of principal: level payments, equal parts, and what a prepayment does to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from checker.accrual import Period
from checker.arrangement import Arrangement
from checker.dates import Day, Duration, iso
from checker.money import RATE_ONE, grouped, half_up, percent


class Part(Protocol):
    """An obligation, as far as an instalment is concerned with it."""

    component: str
    amount: int
    unpaid: int
    payable: Day
    last_day: Day
    facts: list[str]


@dataclass(eq=False)
class Instalment:
    """The interest and the principal that fell due together."""

    due: Day
    parts: list[Part] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Its id."""
        return f"instalment/{iso(self.due)}"

    @property
    def unpaid(self) -> int:
        """What of it is unpaid, in cents."""
        return sum(part.unpaid for part in self.parts)


class Instalments:
    """What of principal falls due with each period's interest."""

    def __init__(self, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        self.fallen: dict[str, Instalment] = {}
        self._all: list[Instalment] = []  # two may fall due on one day
        self.amount: int | None = None  # the level payment, or the equal part, once it is known
        self.told: tuple[str, ...] = ()  # how that amount was found
        self.number = 0  # of those that principal was part of
        self.ahead = 0  # prepaid principal that stands for the next instalments

    def principal_of(self, period: Period, outstanding: int) -> int | None:
        """The principal, in cents, that falls due with a period's interest.

        None where there are no instalments, or the interest that it depends on is not known.
        """
        settled = self.arrangement
        if settled.instalments == "none" or period.interest is None:
            return None
        first = settled.instalments_first_on
        if first is not None and period.due < first:
            return 0
        amount = self._amount(period, outstanding)
        self.number += 1
        part = amount if settled.instalments == "equal-principal" else amount - period.interest
        part = max(0, min(part, outstanding + self.ahead))
        ahead = min(part, self.ahead)
        self.ahead -= ahead
        return min(part - ahead, outstanding)

    def _amount(self, period: Period, outstanding: int) -> int:
        written = self.arrangement.instalment_amount
        if written is not None:
            self.told = ()
            return written
        if self.amount is None:
            self.amount = self._figured(period, outstanding)
        return self.amount

    def _figured(self, period: Period, outstanding: int) -> int:
        """The amount that repays what is outstanding over the instalments that are left."""
        settled = self.arrangement
        a_year = len(settled.interest_dates.dates)
        left = max(1, _count(settled.amortised_over, a_year) - self.number)
        if settled.instalments == "equal-principal":
            amount = half_up(outstanding, left)
            self.told = (f"{grouped(outstanding)} / {left} = {grouped(amount)}",)
            return amount
        fixing = (
            period.fixing
        )  # the contract's own rate: what a maximum cuts off is owed all the same
        rate = fixing.uncapped(0) if fixing is not None and fixing.base is not None else 0
        each = Fraction(rate, RATE_ONE * a_year)
        if each:
            level = outstanding * each / (1 - (1 + each) ** -left)
        else:
            level = Fraction(outstanding, left)
        amount = half_up(level.numerator, level.denominator)
        self.told = (
            f"{grouped(outstanding)} at {percent(rate)} / {a_year} over {left} instalments: "
            f"{grouped(amount)} each",
        )
        return amount

    def fell_due(self, day: Day, parts: Sequence[Part]) -> Instalment:
        """The instalment of that day."""
        instalment = Instalment(day, list(parts))
        self.fallen[instalment.id] = instalment
        self._all.append(instalment)
        return instalment

    def prepaid(self, amount: int) -> None:
        """Principal was prepaid."""
        if self.arrangement.prepaid_instalments == "next-first":
            self.ahead += amount
        elif self.arrangement.prepaid_instalments == "recast":
            self.amount = None


def working_of(kind: str, told: Sequence[str], period: Period, part: int) -> Sequence[str]:
    """How the principal of an instalment follows from its amount, as told, and the interest."""
    if kind == "equal-principal" or period.interest is None:
        return told
    whole = part + period.interest
    line = f"{grouped(whole)} − {grouped(period.interest)} interest = {grouped(part)}"
    return (*told, line)


def _count(over: Duration | None, a_year: int) -> int:
    """How many instalments there are in a length of time; one where none is given."""
    if over is None:
        return 1
    months = over.count * 12 if over.unit == "years" else over.count
    return max(1, months * a_year // 12)
