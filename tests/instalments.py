"""A naive second opinion on the instalment note: its days walked one by one, in Fractions.

It shares no code with the checker, and knows the note from its own words alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

FACE = 180_000_000  # cents
RATE = Fraction(720, 10_000)
DEFAULT_MARGIN = Fraction(400, 10_000)
NOTE_DATE = date(2019, 2, 1)
FIRST_LEVEL = date(2020, 3, 1)
MATURITY = date(2026, 2, 1)
ONE_DAY = timedelta(days=1)


def cents(amount: Fraction) -> int:
    """Half up to the cent."""
    return int((2 * amount + 1) // 2)


def money(amount: int) -> str:
    """Two decimals."""
    return f"{amount // 100}.{amount % 100:02d}"


def month_after(day: date) -> date:
    """The first of the next month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def level(principal: int, months: int, rate: Fraction = RATE) -> int:
    """The payment that leaves nothing after so many months: found by trying, not by a formula.

    With the payment p a balance b becomes b·(1 + r/12) − p each month; the balance that is left at
    the end is linear in p, so two tries give the p that leaves nothing.
    """

    def left(payment: Fraction) -> Fraction:
        balance = Fraction(principal)
        for _ in range(months):
            balance += balance * rate / 12 - payment
        return balance

    without, with_one = left(Fraction(0)), left(Fraction(1))
    return cents(without / (without - with_one))


def weight(day: date, convention: str) -> int:
    """How many days of a year of 360 this one counts for."""
    if convention == "actual/360":
        return 1
    following = day + ONE_DAY
    whole = 30 * (following.month - day.month + 12 * (following.year - day.year))
    return whole + following.day - day.day


# Bank holidays of the Federal Reserve on which the first of a month falls: New Year's Day (kept on
# Monday where it is a Sunday) and Labor Day.


def works(day: date) -> bool:
    """Whether the banks are open on one of the first days of a month."""
    if day.weekday() >= 5:
        return False
    new_year = day.month == 1 and (day.day == 1 or (day.day == 2 and day.weekday() == 0))
    labor_day = day.month == 9 and day.weekday() == 0 and day.day <= 7
    return not new_year and not labor_day


def payable(day: date) -> date:
    """The due date, or the next day on which the banks are open."""
    while not works(day):
        day += ONE_DAY
    return day


@dataclass(frozen=True)
class Row:
    """What fell due on a day, in cents, and what was outstanding at its opening."""

    due: date
    interest: int
    principal: int
    outstanding: int
    deferred: int = 0


@dataclass(frozen=True)
class History:
    """How a loan was paid.

    `paid` maps a due date to the day on which its principal was paid (None: never); the others are
    paid on the day they are payable. `prepaid` maps a day to principal paid beyond what was due;
    `defaults` are stretches at the default rate, their last day not counted; `maxima` the lawful
    maximum from each day on.
    """

    convention: str = "30/360"
    months: int = 240
    paid: Mapping[date, date | None] = field(default_factory=dict)
    prepaid: Mapping[date, int] = field(default_factory=dict)
    defaults: Sequence[tuple[date, date]] = ()
    maxima: Sequence[tuple[date, Fraction]] = ()

    def rate(self, day: date) -> Fraction:
        """The contract's rate of a day, any maximum aside."""
        bad = any(first <= day < end for first, end in self.defaults)
        return RATE + (DEFAULT_MARGIN if bad else 0)

    def maximum(self, day: date) -> Fraction | None:
        """The lawful maximum in force on a day."""
        known = [value for since, value in self.maxima if since <= day]
        return known[-1] if known else None

    def rows(self, until: date) -> list[Row]:
        """What fell due up to a day: interest of each month, and the principal with it."""
        found: list[Row] = []
        balance = unscheduled = FACE
        repaid: dict[date, int] = {}
        payment: int | None = None
        brought, start = 0, NOTE_DATE
        while (due := month_after(start)) <= until:
            wanted = allowed = Fraction(0)
            cap, day = self.maximum(start), start
            while day < due:
                prepaid = self.prepaid.get(day, 0)
                balance -= repaid.pop(day, 0) + prepaid
                unscheduled -= prepaid
                share = Fraction(balance * weight(day, self.convention), 360)
                wanted += share * self.rate(day)
                allowed += share * (self.rate(day) if cap is None else cap)
                day += ONE_DAY
            full = brought + cents(wanted)
            interest = full if cap is None else min(full, cents(allowed))
            brought = full - interest
            part = 0
            if FIRST_LEVEL <= due < MATURITY:
                payment = payment or level(balance, self.months)
                part = min(max(0, payment - interest), unscheduled)
            elif due >= MATURITY:
                part = unscheduled
            unscheduled -= part
            found.append(Row(due, interest, part, balance, brought))
            when = self.paid.get(due, payable(due))
            if when is not None and part:
                repaid[when] = repaid.get(when, 0) + part
            start = due
        return found
