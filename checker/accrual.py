"""Daily accrual: balances by day, interest periods, and the fixing of their rates."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import lcm
from typing import NamedTuple

from checker.arrangement import Arrangement, Open
from checker.dates import PLAIN_YEARS, Day, Duration, day_count, iso
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


class Capping(NamedTuple):
    """Whether a lawful maximum limits a rate, which one, and what record says so, if any does."""

    wanted: bool
    value: int | None = None
    fact: str = ""


class Fixing(NamedTuple):
    """A period's rate: what was observed and when, the margin, the cap, and whether it is final.

    `reference` is the index that served; `observed`, `base` and `rate` are None where no value had
    been observed up to `read_on`.
    `base` is the index as it counts, rounded and not below its floor, or the fixed rate; `rate` is
    what days earn to whose rate nothing is added.
    """

    taken_on: Day
    read_on: Day
    final: bool
    reference: str
    observed: int | None
    observed_on: Day | None
    margin: int
    capping: Open[Capping]
    base: int | None
    floor: int | None
    ceiling: int | None
    facts: tuple[str, ...]
    limits_before_added: bool = False  # floor and ceiling leave out what is added day by day

    @property
    def rate(self) -> int | None:
        """The rate of days to which nothing is added."""
        return None if self.base is None else self.at(0)

    def uncapped(self, added: int) -> int:
        """The contract's rate for a day on which so much is added, the lawful maximum aside."""
        assert self.base is not None  # asked only where there is one
        over = added if self.limits_before_added else 0
        rate = self.base + self.margin + added - over
        if self.ceiling is not None:
            rate = min(rate, self.ceiling)
        return (rate if self.floor is None else max(rate, self.floor)) + over

    def at(self, added: int) -> int:
        """The rate for a day on which so much is added, never above the lawful maximum."""
        rate = self.uncapped(added)
        return self.capping.decide(
            lambda capping: rate if capping.value is None else min(rate, capping.value)
        )

    def limited(self) -> tuple[Capping, int | None]:
        """The lawful maximum, and the rate of days to which nothing is added, as limited by it."""
        full = None if self.base is None else self.uncapped(0)

        def under(capping: Capping) -> tuple[Capping, int | None]:
            most = capping.value
            rate = full if full is None or most is None else min(full, most)
            return Capping(capping.wanted, most), rate

        return self.capping.decide(under)

    @property
    def cap(self) -> int | None:
        """The lawful maximum, where one is known and limits the rate."""
        return self.capping.decide(lambda capping: capping.value)


class Segment(NamedTuple):
    """A stretch of days on which the same balance earned at the same rate."""

    since: Day
    until: Day  # not counted
    balance: int
    added: int  # to the period's rate


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days of one balance, one rate and one year's length: a line that a calculator redoes."""

    since: Day
    until: Day  # not counted
    balance: int
    days: int
    denominator: int
    rate: int

    @property
    def product(self) -> str:
        """`15,000,000.00 × 10.50% × 34 / 365`."""
        return f"{grouped(self.balance)} × {percent(self.rate)} × {self.days} / {self.denominator}"

    @property
    def exact(self) -> str:
        """Its interest to four decimals: what is rounded is the sum."""
        value = half_up(self.balance * self.days * self.rate * 100, self.denominator * RATE_ONE)
        sign = "-" if value < 0 else ""
        return f"{sign}{abs(value) // 10_000:,}.{abs(value) % 10_000:04d}"


@dataclass
class Period:
    """One interest period: its days and balances, and what was paid on account of it."""

    start: Day
    due: Day  # when its interest falls due; while it is open, when it would by the schedule
    index: str = ""
    payable: Day | None = None  # when its interest falls due, if not on the day on which it closes
    segments: list[Segment] = field(default_factory=list)
    sums: dict[tuple[int, int], int] = field(default_factory=dict)  # (denominator, added) -> ¢ × d
    paid: int = 0
    brought: int = 0  # what the lawful maximum had cut off and was not made up when it began
    deferred: int = 0  # the same at its close
    facts: list[str] = field(default_factory=list)  # what moved principal, or was paid on account
    fixing: Fixing | None = None  # set when it closes
    interest: int | None = None  # set when it closes
    closed: bool = False
    closed_on: Day | None = None
    payer: str = ""  # the last payment that was paid on account of it
    starved: list[tuple[Day, str]] = field(default_factory=list)  # payments left for want of a rate
    fixed: int | None = None  # the fixed rate when it began
    catches_up: bool = False  # what the lawful maximum cuts off is made up later

    @property
    def obligation(self) -> str:
        """The id of the obligation to pay this period's interest."""
        return f"interest/{iso(self.due if self.payable is None else self.payable)}"

    @property
    def bears(self) -> bool:
        """Whether any principal was outstanding on any of its days."""
        return any(self.sums.values())

    @property
    def lacks_rate(self) -> bool:
        """Whether it closed, or a payment came, when no value had been observed for it."""
        return bool(self.starved) or (self.closed and self.interest is None)

    def as_it_stands(self) -> Period:
        """A copy that later days leave as it is."""
        stood = object.__new__(Period)
        own = {"segments": list(self.segments), "sums": dict(self.sums)}
        vars(stood).update(vars(self), **own)
        return stood

    def add(self, convention: str, until: Day, since: Day, balance: int, added: int = 0) -> None:
        """Counts `balance` from `since` up to `until`, which is not counted itself."""
        if until <= since:
            return
        self._count(self.sums, convention, until, since, balance, added)
        if self.segments:
            before, last_until, last_balance, last_added = self.segments[-1]
            if last_until == since and last_balance == balance and last_added == added:
                since = before
                self.segments.pop()
        self.segments.append(Segment(since, until, balance, added))

    def _count(
        self,
        sums: dict[tuple[int, int], int],
        convention: str,
        until: Day,
        since: Day,
        balance: int,
        added: int,
    ) -> None:  # what a stretch of days is made of
        if not balance:
            return
        plain = PLAIN_YEARS.get(convention)
        if plain:
            sums[plain, added] = sums.get((plain, added), 0) + balance * (until - since)
            return
        for denominator, days in _days_within(convention, self.start, since, until).items():
            at = (denominator, added)
            sums[at] = sums.get(at, 0) + balance * days

    def total(self, fixing: Fixing) -> int:
        """The interest of all days so far, rounded once, half up, to the cent."""
        return self._earned(self.sums, fixing)[0]

    def owed_and_deferred(self, fixing: Fixing) -> tuple[int, int]:
        """The interest of all days so far, and what the lawful maximum still keeps back."""
        return self._earned(self.sums, fixing)

    def total_until(
        self, convention: str, until: Day, since: Day, balance: int, added: int, fixing: Fixing
    ) -> int:  # a total with one stretch more
        """The total as if `balance` had also stood from `since` up to `until`."""
        sums = dict(self.sums)
        if until > since:
            self._count(sums, convention, until, since, balance, added)
        return self._earned(sums, fixing)[0]

    def _earned(self, sums: dict[tuple[int, int], int], fixing: Fixing) -> tuple[int, int]:
        if not self.catches_up:
            return _rounded(sums, fixing.at), 0
        wanted = self.brought + _rounded(sums, fixing.uncapped)

        def limited(capping: Capping) -> tuple[int, int]:
            cap = capping.value
            allowed = wanted if cap is None else min(wanted, _rounded(sums, lambda _added: cap))
            return allowed, wanted - allowed

        return fixing.capping.decide(limited)

    def working(
        self, convention: str, fixing: Fixing, total: int, *, most: int | None = None
    ) -> tuple[str, ...]:
        """The multiplication of each stretch of equal balance and rate, and their rounded sum.

        Beyond `most` stretches, their sum of balance × days is multiplied instead: a payment's
        working costs the same however many came before it.
        """
        if most is not None and len(self.segments) > most:
            sums = (
                f"{grouped(s)} × {percent(fixing.at(added))} / {d}"
                for (d, added), s in self.sums.items()
                if s
            )
            return (
                f"{len(self.segments):,} stretches of equal balance, balance × days summed",
                f"{' + '.join(sums)} = {grouped(total)}",
            )
        parts = list(self.stretches(convention, fixing))
        caught_up = self._caught_up(fixing, total)
        plain = self.plain_total(fixing)
        if len(parts) == 1:
            return (f"{parts[0].product} = {grouped(plain)}", *caught_up)
        lines = [f"{part.product} = {part.exact}" for part in parts]
        return (*lines, f"in sum, rounded: {grouped(plain)}", *caught_up)

    def stretches(self, convention: str, fixing: Fixing) -> Iterator[Stretch]:
        """What the interest is the sum of, in the order of the days; nothing for no balance."""
        for segment in self.segments:
            counted = _days_within(convention, self.start, segment.since, segment.until)
            for denominator, days in counted.items():
                if days and segment.balance:
                    rate = fixing.at(segment.added)
                    yield Stretch(
                        segment.since, segment.until, segment.balance, days, denominator, rate
                    )

    def plain_total(self, fixing: Fixing) -> int:
        """The interest of all days so far at their rates, nothing made up."""
        return _rounded(self.sums, fixing.at)

    def _caught_up(self, fixing: Fixing, total: int) -> tuple[str, ...]:
        """How what was cut off before is made up, as far as the lawful maximum allows."""
        plain = self.plain_total(fixing)
        if not self.catches_up or total == plain:
            return ()
        cap = fixing.cap
        at_most = "" if cap is None else (
            f", at most {grouped(_rounded(self.sums, lambda _added: cap))} at {percent(cap)}"
        )  # fmt: skip
        return (
            f"{grouped(plain)} + {grouped(total - plain)} of {grouped(self.brought)} "
            f"cut off before{at_most} = {grouped(total)}",
        )


def _rounded(sums: Mapping[tuple[int, int], int], rate: Callable[[int], int]) -> int:
    """Sums of balance × days, each times its rate, over their denominators, in cents."""
    if not sums:
        return 0
    if len(sums) == 1:
        (((denominator, added), value),) = sums.items()
        return half_up(value * rate(added), denominator * RATE_ONE)
    common = lcm(*(denominator for denominator, _added in sums))
    weighed = sum(
        value * (common // denominator) * rate(added)
        for (denominator, added), value in sums.items()
    )
    return half_up(weighed, common * RATE_ONE)


def _days_within(convention: str, start: Day, since: Day, until: Day) -> dict[int, int]:
    """Days of a stretch, counted so that the stretches of a period add up to the period."""
    if not convention.startswith("30") or since == start:
        return day_count(convention, since, until)
    whole, before = day_count(convention, start, until), day_count(convention, start, since)
    return {denominator: days - before[denominator] for denominator, days in whole.items()}


class Accrual:
    """Principal by day, the open period and the closed ones, and the series that fix rates."""

    def __init__(self, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        self.indices: dict[str, Series] = {}
        self.maximum = Series()
        self.principal = 0
        self.overdue = 0  # interest that itself earns interest
        self.added = 0  # to the rate of each day, until it is settled otherwise
        self.counted = arrangement.accrues_from  # days before it are in the sums
        self.closed: list[Period] = []
        self.mover = ""  # the fact that last moved principal
        self._fixing_days: dict[Day, Day] = {}  # dates of fixing as moved, until terms change
        self.period = self._new_period(self.counted, self.counted)

    @property
    def balance(self) -> int:
        """What earns interest."""
        return self.principal + self.overdue

    def _new_period(self, start: Day, after: Day) -> Period:
        period = Period(start, self._due_after(after), self.arrangement.index or "")
        period.payable = self._payable_after(period.due)
        period.catches_up = self.arrangement.catch_up
        if not period.index:
            period.fixed = self.arrangement.fixed
        if self.mover:
            period.facts.append(self.mover)
        return period

    def _due_after(self, day: Day) -> Day:
        due = self.arrangement.interest_dates.next_after(day)
        return self.arrangement.decide(
            "interest.also-closes-on",
            lambda also: due if also is None or also <= day else min(due, also),
        )

    def _payable_after(self, close: Day) -> Day | None:
        """When the interest of a period falls due that closes by the schedule on `close`."""
        dates = self.arrangement.payable_on
        if dates is None or self.arrangement.decide(
            "interest.also-closes-on", lambda also: bool(also == close)
        ):
            return None
        return dates.next_after(close)

    @property
    def addition(self) -> int:
        """What is now added to the period's rate, day by day.

        A fixed rate that changes within a period is what it was for the days before.
        """
        moved = 0
        if self.period.fixed is not None and self.arrangement.fixed is not None:
            moved = self.arrangement.fixed - self.period.fixed
        return self.arrangement.daily_margin + moved

    def forget(self) -> None:
        """Dates of fixing are moved anew from now on."""
        self._fixing_days.clear()

    def terms_changed(self, day: Day) -> None:
        """The open period falls due by the terms in force, unless it closes this very day."""
        self.forget()
        self.period.due = self._due_after(day)
        self.period.payable = self._payable_after(self.period.due)

    def count_until(self, day: Day) -> None:
        """The balance as it stands earns the interest of the days before `day`."""
        if day > self.counted:
            self.period.add(self.arrangement.day_count, day, self.counted, self.balance, self.added)
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
        settled, period = self.arrangement, self.period
        if not period.index:
            return self._take(period.start, final=True)
        dates = settled.fixing_dates
        if settled.fixing == "in-arrears":
            own = self._fixing_day(period.due if dates is None else dates.next_after(period.start))
            if day >= own:
                return self._take(own, final=True)
            if not closing or settled.early_close == "latest-observation":
                return self._take(day, final=closing)
        before = period.start if dates is None else dates.last_until(period.start)
        return self._take(self._fixing_day(before), final=True)

    def _fixing_day(self, day: Day) -> Day:
        adjusted = self._fixing_days.get(day)
        if adjusted is None:
            paths = ("rate.fixing-convention", "rate.fixing-calendar")
            adjusted = self.arrangement.adjusted(day, *paths)
            if self.arrangement.steady(*paths):
                self._fixing_days[day] = adjusted
        return adjusted

    def _take(self, day: Day, *, final: bool) -> Fixing:
        settled, name = self.arrangement, self.period.index
        read_on = day if settled.look_back is None or not name else self._look_back(day)
        index, observed = self._observed(name, read_on) if name else ("", None)
        base = self._base(observed[0] if observed else None)
        fixing = Fixing(
            taken_on=day,
            read_on=read_on,
            final=final,
            reference=index,
            observed=observed[0] if observed else None,
            observed_on=observed[1] if observed else None,
            margin=settled.margin,
            capping=settled.left_open("rate.cap", lambda taken: self._capping(taken, day)),
            base=base,
            floor=settled.floor,
            ceiling=settled.ceiling,
            facts=(observed[2],) if observed else (),
            limits_before_added=settled.limits_on == "before-daily-margin",
        )
        if base is None:
            return fixing
        rate = fixing.uncapped(self.added)
        limiting = fixing.capping.decide(
            lambda cap: cap.fact if cap.value is not None and cap.value < rate else ""
        )
        return fixing._replace(facts=(*fixing.facts, limiting)) if limiting else fixing

    def _look_back(self, day: Day) -> Day:
        back = self.arrangement.look_back
        assert back is not None  # asked only where there is one
        return Duration(-back.count, back.unit).after(day, self.arrangement.fixing_calendar)

    def _observed(self, name: str, day: Day) -> tuple[str, tuple[int, Day, str] | None]:
        """The index that serves on `day`, and its value in force."""
        settled = self.arrangement
        found = self._value_on(name, day)
        if settled.fallback and (found is None or self._stale(found[1], day)):
            other = self._value_on(settled.fallback, day)
            return (settled.fallback, other) if other else (name, found)
        return name, found

    def _value_on(self, name: str, day: Day) -> tuple[int, Day, str] | None:
        series = self.indices.get(name)
        return None if series is None else series.on(day)

    def _stale(self, observed_on: Day, day: Day) -> bool:
        lasts, calendar = self.arrangement.stale_after, self.arrangement.fixing_calendar
        return lasts is not None and lasts.after(observed_on, calendar) < day

    def _base(self, observed: int | None) -> int | None:
        """The rate to which margins are added: the fixed one, or the index as it counts."""
        settled = self.arrangement
        if not self.period.index:
            return self.period.fixed
        if observed is None:
            return None
        counts = settled.rounding.apply(observed) if settled.rounding else observed
        return counts if settled.index_floor is None else max(counts, settled.index_floor)

    def _capping(self, taken: str, day: Day) -> Capping:
        if taken == "exempt":
            return Capping(wanted=False)
        executed = self.arrangement.executed_on
        known = self.maximum.on(executed if taken == "at-execution" and executed else day)
        return Capping(wanted=True) if known is None else Capping(True, known[0], known[2])

    # Figures --------------------------------------------------------------------------------------

    def earned(self, day: Day) -> tuple[int | None, Fixing]:
        """The open period's interest of the days before `day`, and the rate it stands at.

        None where the period bears interest and no rate had been observed; `day` must have been
        counted up to.
        """
        fixing = self.fixing(day)
        if not self.period.bears:
            return 0, fixing
        return (None if fixing.base is None else self.period.total(fixing)), fixing

    def bears_through(self, day: Day) -> bool:
        """Whether the open period bears interest at the close of `day`, that day's own included."""
        return self.period.bears or (self.balance > 0 and day >= self.counted)

    def earned_through(self, day: Day) -> tuple[int | None, Fixing]:
        """The open period's interest at the close of `day`, that day's own included."""
        fixing = self.fixing(day)
        if not self.bears_through(day):
            return 0, fixing
        if fixing.base is None:
            return None, fixing
        convention = self.arrangement.day_count
        total = self.period.total_until(
            convention, day + 1, self.counted, self.balance, self.added, fixing
        )
        return total, fixing

    def as_if_closed(self, day: Day) -> Period:
        """A copy of the open period as it stands at the close of `day`, that day counted."""
        interest, fixing = self.earned_through(day)
        period = self.period.as_it_stands()
        period.add(self.arrangement.day_count, day + 1, self.counted, self.balance, self.added)
        period.interest, period.fixing = interest, fixing
        if fixing.base is not None:
            period.deferred = period.owed_and_deferred(fixing)[1]
        return period

    def per_diem(self, day: Day, fixing: Fixing) -> int:
        """What one more day's interest on the balance comes to."""
        convention = self.arrangement.day_count
        denominator = next(iter(day_count(convention, day, day + 1)))
        return half_up(self.balance * fixing.at(self.added), denominator * RATE_ONE)

    def figures(self, period: Period, fixing: Fixing) -> tuple[int, int]:
        """The interest of a period at its close, and what the lawful maximum still keeps back."""
        return period.owed_and_deferred(fixing)

    def close(self, day: Day, *, with_day: bool, scheduled: bool = True) -> Period | None:
        """Closes the open period on `day`, that day counted or not; None where it has no days.

        What was paid beyond its interest is carried to the account of the next period.
        """
        self.count_until(day + 1 if with_day else day)
        period = self.period
        if self.counted <= period.start:
            return None
        fixing = self.fixing(day, closing=True)
        period.closed, period.due, period.fixing, period.closed_on = True, day, fixing, day
        period.payable = self._payable_after(day) if scheduled else None
        if not period.bears:
            period.interest = 0
            period.deferred = period.brought
        elif fixing.base is not None:
            period.interest, period.deferred = self.figures(period, fixing)
        self.closed.append(period)
        self.period = self._new_period(self.counted, day)
        self.added = self.addition
        self.period.brought = period.deferred
        if period.interest is not None:
            self.period.paid = max(0, period.paid - period.interest)
        return period
