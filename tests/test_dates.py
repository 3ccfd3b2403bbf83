"""Day counts, calendars, schedules and accrual against QuantLib, holidays and plain loops."""

from __future__ import annotations

import warnings
from datetime import date, timedelta
from fractions import Fraction

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

with warnings.catch_warnings():
    # QuantLib's SWIG types lack __module__, which Python 3.12 and newer warn of at import
    warnings.simplefilter("ignore", DeprecationWarning)
    import QuantLib as ql  # noqa: N813  # the name that its own documentation uses

from checker.accrual import Capping, Fixing, Period
from checker.arrangement import Settled
from checker.dates import (
    add_business_days,
    adjust,
    day_count,
    is_business_day,
    iso,
    parse_day,
    parse_duration,
    parse_schedule,
)
from checker.money import RATE_ONE

FIRST, LAST = date(1999, 1, 1).toordinal(), date(2030, 12, 31).toordinal()
DAYS = st.integers(FIRST, LAST)


def quant(day: int) -> ql.Date:
    on = date.fromordinal(day)
    return ql.Date(on.day, on.month, on.year)


def test_the_federal_reserve_calendar_is_quantlibs_from_1999_to_2030() -> None:
    theirs = ql.UnitedStates(ql.UnitedStates.FederalReserve)
    differ = [
        iso(day)
        for day in range(FIRST, LAST + 1)
        if is_business_day(day, "federal-reserve") != theirs.isBusinessDay(quant(day))
    ]
    assert differ == []


def test_the_calendar_of_federal_offices_is_that_of_holidays_but_for_one_day() -> None:
    theirs = holidays.country_holidays("US", years=range(1999, 2032), observed=True)
    special = {"Inauguration Day", "National Day of Mourning"}
    differ = [
        iso(day)
        for day in range(FIRST, LAST + 1)
        if (date.fromordinal(day).weekday() < 5)
        and is_business_day(day, "federal-offices")
        != (
            date.fromordinal(day) not in theirs
            or any(name in theirs[date.fromordinal(day)] for name in special)
        )
    ]
    # Juneteenth became law on 17 June 2021; offices closed the next day, this calendar from 2022
    assert differ == ["2021-06-18"]


@pytest.mark.parametrize("text", ["1999-12-31", "2004-12-31", "2010-12-31"])
def test_the_friday_before_a_saturday_new_year(text: str) -> None:
    assert is_business_day(parse_day(text), "federal-reserve")
    assert not is_business_day(parse_day(text), "federal-offices")
    assert iso(adjust(parse_day("2000-12-31"), "preceding", "federal-reserve")) == "2000-12-29"


@given(DAYS, st.sampled_from(["preceding", "following", "modified-following"]))
def test_conventions_are_quantlibs(day: int, convention: str) -> None:
    theirs = ql.UnitedStates(ql.UnitedStates.FederalReserve)
    names = {
        "preceding": ql.Preceding,
        "following": ql.Following,
        "modified-following": ql.ModifiedFollowing,
    }
    moved = theirs.adjust(quant(day), names[convention])
    assert quant(adjust(day, convention, "federal-reserve")) == moved


@given(DAYS, st.integers(-20, 20))
def test_business_days_are_counted_as_quantlib_counts_them(day: int, count: int) -> None:
    theirs = ql.UnitedStates(ql.UnitedStates.FederalReserve)
    start = adjust(day, "following", "federal-reserve")
    moved = theirs.advance(quant(start), count, ql.Days)
    assert quant(add_business_days(start, count, "federal-reserve")) == moved


COUNTERS = {
    "actual/365": ql.Actual365Fixed(),
    "actual/360": ql.Actual360(),
    "actual/actual": ql.ActualActual(ql.ActualActual.ISDA),
    "30/360": ql.Thirty360(ql.Thirty360.BondBasis),
    "30E/360": ql.Thirty360(ql.Thirty360.EurobondBasis),
}


@given(DAYS, st.integers(0, 1500), st.sampled_from(sorted(COUNTERS)))
def test_day_counts_are_quantlibs(start: int, length: int, convention: str) -> None:
    counted = day_count(convention, start, start + length)
    fraction = sum((Fraction(days, per) for per, days in counted.items()), Fraction(0))
    theirs = COUNTERS[convention].yearFraction(quant(start), quant(start + length))
    assert float(fraction) == pytest.approx(theirs, abs=1e-12)


def at_rate(rate: int) -> Fixing:
    """A fixed rate without margin, limit or cap."""
    uncapped = Settled(Capping(wanted=False))
    return Fixing(0, 0, True, "", None, None, 0, uncapped, rate, None, None, ())


@given(
    DAYS,
    st.lists(st.tuples(st.integers(1, 200), st.integers(0, 10**9)), min_size=1, max_size=6),
    st.integers(0, 30 * RATE_ONE // 100),
    st.sampled_from(["actual/365", "actual/360", "actual/actual"]),
)
def test_accrual_is_the_sum_of_every_day(
    start: int, stretches: list[tuple[int, int]], rate: int, convention: str
) -> None:
    period, day, exact = Period(start, start), start, Fraction(0)
    for days, balance in stretches:
        period.add(convention, day + days, day, balance)
        for each in range(day, day + days):
            theirs = COUNTERS[convention]
            basis = {"actual/365": 365, "actual/360": 360}.get(convention)
            if basis is None:
                basis = 366 if ql.Date.isLeap(date.fromordinal(each).year) else 365
            assert theirs.dayCount(quant(each), quant(each + 1)) == 1
            exact += Fraction(balance * rate, RATE_ONE * basis)
        day += days
    rounded = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    assert period.total(at_rate(rate)) == rounded


@given(DAYS, st.lists(st.integers(1, 60), min_size=1, max_size=8), st.sampled_from(["30/360", "30E/360"]))  # fmt: skip  # noqa: E501
def test_stretches_of_thirty_days_add_up_to_the_period(
    start: int, lengths: list[int], convention: str
) -> None:
    period, day = Period(start, start), start
    for length in lengths:
        period.add(convention, day + length, day, 100)
        day += length
    assert period.sums[360, 0] == 100 * day_count(convention, start, day)[360]


def test_schedules_keep_month_ends() -> None:
    monthly = parse_schedule("every month on the 31st")
    assert [iso(d) for d in monthly.between(parse_day("2004-01-31"), parse_day("2004-04-30"))] == [
        "2004-01-31",
        "2004-02-29",
        "2004-03-31",
        "2004-04-30",
    ]
    quarterly = parse_schedule("every 3 months from 2000-12-31")
    assert iso(quarterly.next_after(parse_day("2001-03-31"))) == "2001-06-30"
    assert iso(quarterly.last_before(parse_day("2001-03-31"))) == "2000-12-31"
    listed = parse_schedule("every 31 March, 30 June, 30 September and 31 December")
    days = parse_day("2000-01-01"), parse_day("2003-12-31")
    assert list(listed.between(*days)) == list(quarterly.between(*days))


@pytest.mark.parametrize(
    "text",
    ["", "every", "every 31 Febuary", "every 31 February", "every 5 months from 2000-01-01",
     "every month on the 32nd", "every 0 months from 2000-01-01", "each 31 December"],
)  # fmt: skip
def test_a_schedule_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_schedule(text)


@given(DAYS, st.integers(0, 60))
def test_durations_are_dateutils_and_plain_days(day: int, count: int) -> None:
    assert parse_duration(f"{count} calendar days").after(day) == day + count
    on = date.fromordinal(day)
    later = date.fromordinal(parse_duration(f"{count} months").after(day))
    months = (later.year - on.year) * 12 + later.month - on.month
    assert months == count
    assert later.day == on.day or (later + timedelta(days=1)).day == 1
