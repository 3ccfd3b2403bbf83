"""Days as ordinals: parsing, calendars, business days, durations, schedules, day counts."""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

from dateutil.relativedelta import relativedelta

Day = int
"""A day as its proleptic Gregorian ordinal (`date.toordinal`)."""

FIRST_DAY = date(1900, 1, 1).toordinal()
LAST_DAY = date(2299, 12, 31).toordinal()

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_day(text: str) -> Day:
    """The day of an ISO date between 1900 and 2299; ValueError says what is wrong."""
    if not _ISO.fullmatch(text):
        raise ValueError("not a date: write it as 2001-06-29")
    try:
        day = date(int(text[:4]), int(text[5:7]), int(text[8:])).toordinal()
    except ValueError:
        raise ValueError(f"the date {text} does not exist") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("dates lie between 1900 and 2299")
    return day


@lru_cache(1 << 16)
def iso(day: Day) -> str:
    """`2001-06-29`."""
    return date.fromordinal(day).isoformat()


# Calendars ---------------------------------------------------------------------------------------


def _nth(year: int, month: int, weekday: int, n: int) -> Day:
    first = date(year, month, 1)
    return first.toordinal() + (weekday - first.weekday()) % 7 + 7 * (n - 1)


def _last_monday(year: int, month: int) -> Day:
    last = date(year, month, calendar.monthrange(year, month)[1])
    return last.toordinal() - last.weekday()


@cache
def _federal_holidays(year: int, saturday_moves: bool) -> frozenset[Day]:
    """The eleven holidays of 5 U.S.C. 6103 as kept in that year's days (a moved one may leave it).

    A Sunday holiday is kept on Monday. A Saturday one is kept the Friday before by federal
    offices (Executive Order 11582) and not moved by the Federal Reserve.
    """
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= 2022:  # Juneteenth: a law of 17 June 2021, kept by the Reserve Banks from 2022
        fixed.append(date(year, 6, 19))
    days = {_nth(year, 1, 0, 3), _nth(year, 2, 0, 3), _last_monday(year, 5), _nth(year, 9, 0, 1)}
    days |= {_nth(year, 10, 0, 2), _nth(year, 11, 3, 4)}
    if saturday_moves:
        fixed.append(date(year + 1, 1, 1))  # its Friday is 31 December of this year
    for holiday in fixed:
        shift = {6: 1, 5: -1 if saturday_moves else 0}.get(holiday.weekday(), 0)
        days.add(holiday.toordinal() + shift)
    return frozenset(days)


CALENDARS = ("every-day", "weekdays", "federal-reserve", "federal-offices")


def is_business_day(day: Day, calendar_name: str) -> bool:
    """Whether the named calendar works on that day."""
    if calendar_name == "every-day":
        return True
    if (day + 6) % 7 >= 5:  # ordinal 1 was a Monday
        return False
    if calendar_name == "weekdays":
        return True
    year = date.fromordinal(day).year
    return day not in _federal_holidays(year, calendar_name == "federal-offices")


@cache
def works_everywhere(day: Day) -> bool:
    """Whether every calendar works on that day: no convention then moves it."""
    return all(is_business_day(day, name) for name in CALENDARS)


CONVENTIONS = ("none", "preceding", "following", "modified-following")


@lru_cache(1 << 16)
def adjust(day: Day, convention: str, calendar_name: str) -> Day:
    """The day moved to a business day by the named convention (ISDA's names)."""
    if convention == "none":
        return day
    step = -1 if convention == "preceding" else 1
    moved = day
    while not is_business_day(moved, calendar_name):
        moved += step
    crossed = date.fromordinal(moved).month != date.fromordinal(day).month
    if convention == "modified-following" and crossed:
        return adjust(day, "preceding", calendar_name)
    return moved


@lru_cache(1 << 12)
def add_business_days(day: Day, count: int, calendar_name: str) -> Day:
    """The `count`-th business day after `day` (before it where the count is below zero)."""
    step = 1 if count >= 0 else -1
    for _ in range(abs(count)):
        day += step
        while not is_business_day(day, calendar_name):
            day += step
    return day


# Durations ---------------------------------------------------------------------------------------

_DURATION = re.compile(
    r"(?P<count>\d{1,4}) (?P<unit>(?:calendar |business )?days?|months?|years?)", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as contracts say it: `5 calendar days`, `2 business days`, `3 months`."""

    count: int
    unit: str  # days, business days, months, years

    def after(self, day: Day, calendar_name: str = "federal-reserve") -> Day:
        """The day this long after `day`; month ends are kept inside their month."""
        if self.unit == "days":
            return day + self.count
        if self.unit == "business days":
            return add_business_days(day, self.count, calendar_name)
        return _months_after(day, self.count * (12 if self.unit == "years" else 1))

    @property
    def in_business_days(self) -> bool:
        """Whether a calendar is needed to count it."""
        return self.unit == "business days"

    def __str__(self) -> str:
        unit = {"days": "calendar days"}.get(self.unit, self.unit)
        return f"{self.count} {unit[:-1] if self.count == 1 else unit}"


@lru_cache(1 << 12)
def _months_after(day: Day, months: int) -> Day:
    return (date.fromordinal(day) + relativedelta(months=months)).toordinal()


def parse_duration(text: str) -> Duration:
    """`5 calendar days` (or `5 days`), `2 business days`, `3 months`, `1 year`."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("not a length of time: write 5 calendar days, 2 business days, 3 months")
    unit = found["unit"].removeprefix("calendar ")
    if unit.startswith("year") and len(found["count"]) > 3:  # it would lead out of the calendar
        raise ValueError("a length of time has at most 999 years")
    return Duration(int(found["count"]), unit if unit.endswith("s") else unit + "s")


# Schedules ---------------------------------------------------------------------------------------

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_EVERY_DATES = re.compile(r"every (?P<dates>.+)")
_DATE_OF_YEAR = re.compile(r"(?P<day>\d{1,2}) (?P<month>[a-z]+)")
_DAY_OF_MONTH = re.compile(r"every month on the (?P<day>\d{1,2})(?:st|nd|rd|th)")
_EVERY_MONTHS = re.compile(r"every (?P<count>\d{1,2}) months from (?P<anchor>\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Recurring dates: a day of each of some months of every year, without end or beginning.

    A day that a month lacks (31 of April) is that month's last day.
    """

    text: str
    dates: tuple[tuple[int, int], ...]  # (month, day), sorted

    def __hash__(self) -> int:
        return hash(self.text)  # cheaper than that of the dates, and asked for with every day

    def next_after(self, day: Day) -> Day:
        """The first of the dates after `day`."""
        near = _dates_around(self, day >> _STRETCH)
        return near[bisect_right(near, day)]

    def last_before(self, day: Day) -> Day:
        """The last of the dates before `day`."""
        near = _dates_around(self, day >> _STRETCH)
        return near[bisect_left(near, day) - 1]

    def last_until(self, day: Day) -> Day:
        """The last of the dates on or before `day`."""
        return self.last_before(day + 1)

    def between(self, first: Day, last: Day) -> Iterator[Day]:
        """The dates from `first` to `last`, both included."""
        day = self.next_after(first - 1)
        while day <= last:
            yield day
            day = self.next_after(day)

    def __str__(self) -> str:
        return self.text


_STRETCH = 9
"""The days are cut into stretches of 2⁹: the dates around one are worked out once."""


@lru_cache(1 << 12)
def _dates_around(schedule: Schedule, stretch: int) -> tuple[Day, ...]:
    """The days of a schedule in the years of a stretch of days, and in those around them."""
    first, last = (
        date.fromordinal(max(1, each << _STRETCH)).year for each in (stretch, stretch + 1)
    )
    return tuple(
        date(year, month, min(day, calendar.monthrange(year, month)[1])).toordinal()
        for year in range(first - 1, last + 2)
        for month, day in schedule.dates
    )


@dataclass(frozen=True, slots=True)
class Moved:
    """A schedule whose dates are moved to business days; the dates so moved are what it has."""

    schedule: Schedule
    convention: str
    calendar: str

    def next_after(self, day: Day) -> Day:
        """The first of the moved dates after `day`."""
        return _first_moved(self, day)

    def last_until(self, day: Day) -> Day:
        """The last of the moved dates on or before `day`."""
        return _last_moved(self, day)

    @property
    def dates(self) -> tuple[tuple[int, int], ...]:
        """The dates before they are moved."""
        return self.schedule.dates


_FARTHEST = 10  # no convention moves a date farther: no run of days without business is so long


@lru_cache(1 << 16)
def _first_moved(dates: Moved, day: Day) -> Day:
    found = dates.schedule.next_after(day - _FARTHEST)
    while (moved := adjust(found, dates.convention, dates.calendar)) <= day:
        found = dates.schedule.next_after(found)
    return moved


@lru_cache(1 << 16)
def _last_moved(dates: Moved, day: Day) -> Day:
    found = dates.schedule.last_until(day + _FARTHEST)
    while (moved := adjust(found, dates.convention, dates.calendar)) > day:
        found = dates.schedule.last_before(found)
    return moved


@lru_cache(1 << 10)
def moved(schedule: Schedule, convention: str, calendar_name: str) -> Schedule | Moved:
    """The schedule as its dates fall by a business day convention."""
    return schedule if convention == "none" else Moved(schedule, convention, calendar_name)


def parse_schedule(text: str) -> Schedule:
    """`every 31 December`, `every 31 March and 30 September`, `every month on the 1st`,
    `every 3 months from 2001-06-29`."""
    lowered = " ".join(text.lower().split())
    if found := _DAY_OF_MONTH.fullmatch(lowered):
        dates = [(month, int(found["day"])) for month in range(1, 13)]
    elif found := _EVERY_MONTHS.fullmatch(lowered):
        dates = _every_months(int(found["count"]), date.fromordinal(parse_day(found["anchor"])))
    elif found := _EVERY_DATES.fullmatch(lowered):
        dates = [_date_of_year(part) for part in re.split(r", and |, | and ", found["dates"])]
    else:
        raise ValueError("not a schedule: write every 31 December, or every month on the 1st")
    if any(not 1 <= day <= 31 for _, day in dates):
        raise ValueError("a day of a month lies between 1 and 31")
    return Schedule(" ".join(text.split()), tuple(sorted(dates)))


def _every_months(count: int, anchor: date) -> list[tuple[int, int]]:
    if count == 0 or 12 % count:
        raise ValueError("a schedule repeats every 1, 2, 3, 4, 6 or 12 months")
    return [((anchor.month - 1 + step) % 12 + 1, anchor.day) for step in range(0, 12, count)]


def _date_of_year(text: str) -> tuple[int, int]:
    found = _DATE_OF_YEAR.fullmatch(text)
    if found is None or found["month"] not in _MONTHS:
        raise ValueError(f"not a day of the year: '{text}' (write 31 December)")
    day, month = int(found["day"]), _MONTHS[found["month"]]
    if day > calendar.monthrange(2000, month)[1]:
        raise ValueError(f"{found['month'].title()} has no day {day}")
    return month, day


# Day counts --------------------------------------------------------------------------------------

PLAIN_YEARS = {"actual/365": 365, "actual/360": 360}
"""The conventions that count days as they are over years of one length."""

DAY_COUNTS = ("actual/365", "actual/360", "actual/actual", "30/360", "30E/360")


def day_count(convention: str, start: Day, end: Day) -> dict[int, int]:
    """Days from `start` (counted) to `end` (not counted), by the denominator they stand over.

    actual/actual is ISDA's: each day over the length of its own calendar year. 30/360 is the US
    bond basis, 30E/360 the Eurobond basis (ISDA 2006, section 4.16).
    """
    if convention == "actual/actual":
        return _by_year_length(start, end)
    if convention.startswith("30"):
        return {360: _thirty_days(start, end, european=convention == "30E/360")}
    return {PLAIN_YEARS[convention]: end - start}


def _by_year_length(start: Day, end: Day) -> dict[int, int]:
    counts: dict[int, int] = {}
    while start < end:
        year = date.fromordinal(start).year
        until = min(end, date(year + 1, 1, 1).toordinal())
        length = 366 if calendar.isleap(year) else 365
        counts[length] = counts.get(length, 0) + until - start
        start = until
    return counts


@lru_cache(1 << 14)
def _thirty_days(start: Day, end: Day, *, european: bool) -> int:
    first, last = date.fromordinal(start), date.fromordinal(end)
    first_day = min(first.day, 30)
    capped = last.day == 31 and (european or first_day == 30)
    last_day = 30 if capped else last.day
    months = (last.year - first.year) * 12 + last.month - first.month
    return months * 30 + last_day - first_day
