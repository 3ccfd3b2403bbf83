"""Daily accrual: balances by day, interest periods, and the fixing of their rates."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from math import lcm

from checker.arrangement import Arrangement
from checker.dates import Day, adjust, day_count, iso
from checker.money import RATE_ONE, grouped, half_up, percent


@dataclass
class Series:
    """An external series of values by day; a value holds until the next."""

    days: list[Day] = field(default_factory=list)
    values: list[int] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def observe(self, day: Day, value: int, fact: str) -> None:
        """Observations come in the order of their days."""
        self.days.append(day)
        self.values.append(value)
        self.facts.append(fact)

    def on(self, day: Day) -> tuple[int, Day, str] | None:
        """The value in force at the close of `day`, when it was observed, and by which fact."""
        at = bisect_right(self.days, day) - 1
        return (self.values[at], self.days[at], self.facts[at]) if at >= 0 else None


@dataclass(frozen=True, slots=True)
class Fixing:
    """A period's rate: what was observed and when, the margin, the cap, and whether it is final.

    `observed` and `rate` are None where no value had been observed up to `taken_on`.
    """

    taken_on: Day
    final: bool
    observed: int | None
    observed_on: Day | None
    margin: int
    cap: int | None
    cap_wanted: bool
    rate: int | None
    facts: tuple[str, ...]


@dataclass
class Period:
    """One interest period: its days and balances, and what was paid on account of it."""

    start: Day
    due: Day  # when its interest falls due; while it is open, when it would by the schedule
    segments: list[tuple[Day, Day, int]] = field(default_factory=list)
    sums: dict[int, int] = field(default_factory=dict)  # denominator -> cents × days
    paid: int = 0
    facts: list[str] = field(default_factory=list)  # what moved principal, or was paid on account
    fixing: Fixing | None = None  # set when it closes
    interest: int | None = None  # set when it closes
    closed: bool = False
    closed_on: Day | None = None
    payer: str = ""  # the last payment that was paid on account of it
    starved: list[tuple[Day, str]] = field(default_factory=list)  # payments left for want of a rate

    @property
    def obligation(self) -> str:
        """The id of the obligation to pay this period's interest."""
        return f"interest/{iso(self.due)}"

    @property
    def bears(self) -> bool:
        """Whether any principal was outstanding on any of its days."""
        return any(self.sums.values())

    @property
    def lacks_rate(self) -> bool:
        """Whether it closed, or a payment came, when no value had been observed for it."""
        return bool(self.starved) or (self.closed and self.interest is None)

    def add(self, convention: str, until: Day, since: Day, balance: int) -> None:
        """Counts `balance` from `since` up to `until`, which is not counted itself."""
        if until <= since:
            return
        for denominator, days in _days_within(convention, self.start, since, until).items():
            self.sums[denominator] = self.sums.get(denominator, 0) + balance * days
        if self.segments and self.segments[-1][1] == since and self.segments[-1][2] == balance:
            since = self.segments.pop()[0]
        self.segments.append((since, until, balance))

    def total(self, rate: int) -> int:
        """The interest of all days so far at `rate`, rounded once, half up, to the cent."""
        return self._rounded(self.sums, rate)

    def total_until(self, convention: str, until: Day, since: Day, balance: int, rate: int) -> int:
        """The total as if `balance` had also stood from `since` up to `until`."""
        sums = dict(self.sums)
        if until > since:
            for denominator, days in _days_within(convention, self.start, since, until).items():
                sums[denominator] = sums.get(denominator, 0) + balance * days
        return self._rounded(sums, rate)

    @staticmethod
    def _rounded(sums: dict[int, int], rate: int) -> int:
        if not sums:
            return 0
        common = lcm(*sums)
        weighed = sum(value * (common // denominator) for denominator, value in sums.items())
        return half_up(weighed * rate, common * RATE_ONE)

    def working(
        self, convention: str, rate: int, total: int, *, most: int | None = None
    ) -> tuple[str, ...]:
        """The multiplication of each stretch of equal balance, and their rounded sum.

        Beyond `most` stretches, their sum of balance × days is multiplied instead: a payment's
        working costs the same however many came before it.
        """
        if most is not None and len(self.segments) > most:
            sums = (f"{grouped(s)} × {percent(rate)} / {d}" for d, s in self.sums.items() if s)
            return (
                f"{len(self.segments):,} stretches of equal balance, balance × days summed",
                f"{' + '.join(sums)} = {grouped(total)}",
            )
        parts = [
            (balance, days, denominator)
            for since, until, balance in self.segments
            if balance
            for denominator, days in _days_within(convention, self.start, since, until).items()
            if days
        ]
        if len(parts) == 1:
            return (f"{_product(*parts[0], rate)} = {grouped(total)}",)
        lines = [f"{_product(*part, rate)} = {_four_decimals(*part, rate)}" for part in parts]
        return (*lines, f"in sum, rounded: {grouped(total)}")


def _days_within(convention: str, start: Day, since: Day, until: Day) -> dict[int, int]:
    """Days of a stretch, counted so that the stretches of a period add up to the period."""
    if not convention.startswith("30") or since == start:
        return day_count(convention, since, until)
    whole, before = day_count(convention, start, until), day_count(convention, start, since)
    return {denominator: days - before[denominator] for denominator, days in whole.items()}


def _product(balance: int, days: int, denominator: int, rate: int) -> str:
    return f"{grouped(balance)} × {percent(rate)} × {days} / {denominator}"


def _four_decimals(balance: int, days: int, denominator: int, rate: int) -> str:
    value = half_up(balance * days * rate * 100, denominator * RATE_ONE)
    sign = "-" if value < 0 else ""
    return f"{sign}{abs(value) // 10_000:,}.{abs(value) % 10_000:04d}"


class Accrual:
    """Principal by day, the open period and the closed ones, and the series that fix rates."""

    def __init__(self, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        self.indices: dict[str, Series] = {}
        self.maximum = Series()
        self.principal = 0
        self.counted = arrangement.accrues_from  # days before it are in the sums
        self.closed: list[Period] = []
        self.mover = ""  # the fact that last moved principal
        self.period = self._new_period(self.counted, self.counted)

    def _new_period(self, start: Day, after: Day) -> Period:
        period = Period(start, self._due_after(after))
        if self.mover:
            period.facts.append(self.mover)
        return period

    def _due_after(self, day: Day) -> Day:
        also = self.arrangement.also_closes_on
        due = self.arrangement.interest_due.next_after(day)
        return min(due, also) if also is not None and also > day else due

    def terms_changed(self, day: Day) -> None:
        """The open period falls due by the terms in force, unless it closes this very day."""
        self.period.due = self._due_after(day)

    def count_until(self, day: Day) -> None:
        """The balance as it stands earns the interest of the days before `day`."""
        if day > self.counted:
            self.period.add(self.arrangement.day_count, day, self.counted, self.principal)
            self.counted = day

    def move(self, amount: int, fact: str) -> None:
        """Principal moves by `amount` cents from this day on."""
        self.principal += amount
        self.mover = fact
        if not self.period.facts or self.period.facts[-1] != fact:
            self.period.facts.append(fact)

    def observe(self, index: str, day: Day, value: int, fact: str) -> None:
        """An index was observed; without a name, the lawful maximum."""
        series = self.indices.setdefault(index, Series()) if index else self.maximum
        series.observe(day, value, fact)

    # Rates ----------------------------------------------------------------------------------------

    def fixing(self, day: Day, *, closing: bool = False) -> Fixing:
        """The open period's rate as it stands on `day`; where it closes that day, its final one."""
        settled, start = self.arrangement, self.period.start
        before = self._fixing_day(settled.fixing_dates.last_until(start))
        if settled.fixing == "in-advance":
            return self._take(before, final=True)
        own = self._fixing_day(settled.fixing_dates.next_after(start))
        if day >= own:
            return self._take(own, final=True)
        if closing and settled.early_close == "last-determined":
            return self._take(before, final=True)
        return self._take(day, final=closing)

    def _fixing_day(self, day: Day) -> Day:
        settled = self.arrangement
        return adjust(day, settled.fixing_convention, settled.fixing_calendar)

    def _take(self, day: Day, *, final: bool) -> Fixing:
        settled = self.arrangement
        observed = self.indices.get(settled.index, Series()).on(day)
        cap = self._cap(day)
        facts = [observed[2]] if observed else []
        rate = None
        if observed:
            rate = observed[0] + settled.margin
            if cap and cap[0] < rate:
                rate = cap[0]
                facts.append(cap[2])
        return Fixing(
            taken_on=day,
            final=final,
            observed=observed[0] if observed else None,
            observed_on=observed[1] if observed else None,
            margin=settled.margin,
            cap=cap[0] if cap else None,
            cap_wanted=settled.cap_taken != "exempt",
            rate=rate,
            facts=tuple(facts),
        )

    def _cap(self, day: Day) -> tuple[int, Day, str] | None:
        taken = self.arrangement.cap_taken
        if taken == "exempt":
            return None
        return self.maximum.on(self.arrangement.executed_on if taken == "at-execution" else day)

    # Figures --------------------------------------------------------------------------------------

    def earned(self, day: Day) -> tuple[int | None, Fixing]:
        """The open period's interest of the days before `day`, and the rate it stands at.

        None where the period bears interest and no rate had been observed; `day` must have been
        counted up to.
        """
        fixing = self.fixing(day)
        if not self.period.bears:
            return 0, fixing
        return (None if fixing.rate is None else self.period.total(fixing.rate)), fixing

    def bears_through(self, day: Day) -> bool:
        """Whether the open period bears interest at the close of `day`, that day's own included."""
        return self.period.bears or (self.principal > 0 and day >= self.counted)

    def earned_through(self, day: Day) -> tuple[int | None, Fixing]:
        """The open period's interest at the close of `day`, that day's own included."""
        fixing = self.fixing(day)
        if not self.bears_through(day):
            return 0, fixing
        if fixing.rate is None:
            return None, fixing
        convention = self.arrangement.day_count
        total = self.period.total_until(
            convention, day + 1, self.counted, self.principal, fixing.rate
        )
        return total, fixing

    def as_if_closed(self, day: Day) -> Period:
        """A copy of the open period as it stands at the close of `day`, that day counted."""
        interest, fixing = self.earned_through(day)
        period = replace(
            self.period, segments=list(self.period.segments), sums=dict(self.period.sums)
        )
        period.add(self.arrangement.day_count, day + 1, self.counted, self.principal)
        period.interest, period.fixing = interest, fixing
        return period

    def per_diem(self, day: Day, rate: int) -> int:
        """What one more day's interest on the balance comes to."""
        convention = self.arrangement.day_count
        denominator = next(iter(day_count(convention, day, day + 1)))
        return half_up(self.principal * rate, denominator * RATE_ONE)

    def close(self, day: Day, *, with_day: bool) -> Period | None:
        """Closes the open period on `day`, that day counted or not; None where it has no days.

        What was paid beyond its interest is carried to the account of the next period.
        """
        self.count_until(day + 1 if with_day else day)
        period = self.period
        if self.counted <= period.start:
            return None
        fixing = self.fixing(day, closing=True)
        period.closed, period.due, period.fixing, period.closed_on = True, day, fixing, day
        if not period.bears:
            period.interest = 0
        elif fixing.rate is not None:
            period.interest = period.total(fixing.rate)
        self.closed.append(period)
        self.period = self._new_period(self.counted, day)
        if period.interest is not None:
            self.period.paid = max(0, period.paid - period.interest)
        return period
