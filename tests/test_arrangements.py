"""What the ledger makes of its settings, beside a loop that counts every day by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from math import ceil, floor
from types import MappingProxyType
from typing import Any

import pytest
import QuantLib as ql  # noqa: N813  # as its own examples call it
from hypothesis import given
from hypothesis import strategies as st

from checker.account import Occurrence
from checker.arrangement import SETTINGS, Arrangement
from checker.dates import Duration, parse_day, parse_schedule
from checker.ledger import Ledger
from checker.money import RATE_ONE, parse_money, parse_rate, parse_ratio, parse_rounding, ratio

START = parse_day("2020-01-15")
PERCENT = RATE_ONE // 100
NO_GRACE = Duration(0, "days")


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


@dataclass
class Account:
    """A ledger with settings, driven day by day as the loop drives it."""

    settings: dict[str, Any]
    charges: tuple[str, ...] = ()
    fees: tuple[str, ...] = ()
    told: list[Occurrence] = field(default_factory=list)

    def __post_init__(self) -> None:
        plain: dict[str, Any] = {
            "interest.accrues-from": START,
            "interest.day-count": "actual/360",
            "interest.due": parse_schedule("every month on the 1st"),
            "rate.fixed": 6 * PERCENT,
            "application.due": ("interest", "principal", "costs", *self.charges, *self.fees),
            "application.prepayment": ("interest", "principal"),
        }
        self.settings = plain | self.settings
        known = frozenset([*self.settings, "rate.daily-margin"])
        arrangement = Arrangement(self._value, self.charges, self.fees, volatile=known)
        self.ledger = Ledger(arrangement, heard={"exposure"})
        self.ledger.begin()

    def _value(self, path: str) -> Any:
        if path in self.settings:
            return self.settings[path]
        return NO_GRACE if path.startswith("grace.") else SETTINGS[path].default

    def day(
        self,
        day: int,
        *,
        pay: int = 0,
        designation: str = "",
        advance: int = 0,
        settings: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """One day: what falls due, a payment, an advance, and the close with changed settings."""
        self.told += self.ledger.fall_due(day)
        if pay:
            self.told += self.ledger.pay(pay, day, f"p{day}", designation)
        if advance:
            self.told += self.ledger.advance(advance, day, f"a{day}")
        self.settings |= {
            name.replace("__", ".").replace("_", "-"): v for name, v in settings.items()
        }
        self.told += self.ledger.settle(day)

    def of(self, kind: str) -> list[Occurrence]:
        return [told for told in self.told if told.kind == kind]


def months(first: int, last: int) -> list[int]:
    return [d for d in range(first, last + 1) if date.fromordinal(d).day == 1]


# The rate of each day ----------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 900), st.integers(0, 400)), max_size=8),
    st.integers(200, 1200),
    st.sampled_from([None, 300, 700]),
    st.sampled_from([None, 600, 900]),
)
def test_days_earn_at_what_is_added_that_day_within_floor_and_ceiling(
    moves: list[tuple[int, int, int]], base: int, least: int | None, most: int | None
) -> None:
    scaled = {
        "rate.floor": None if least is None else least * PERCENT // 100,
        "rate.ceiling": None if most is None else most * PERCENT // 100,
        "rate.fixed": base * PERCENT // 100,
    }
    account = Account(scaled)
    balance, added, moved = 0, 0, {}
    at = START
    for gap, amount, margin in moves:
        moved[at] = (amount * 1000, margin * PERCENT // 100)
        at += gap
    sums: dict[int, Fraction] = {}
    total = Fraction(0)
    for day in range(START, START + 150):
        if date.fromordinal(day).day == 1:
            sums[day], total = total, Fraction(0)
        amount, margin = moved.get(day, (0, added))
        account.day(day, advance=amount, settings={"rate.daily-margin": margin})
        balance, added = balance + amount, margin
        rate = scaled["rate.fixed"] + added  # type: ignore[operator]  # never None
        rate = rate if most is None else min(rate, most * PERCENT // 100)
        rate = rate if least is None else max(rate, least * PERCENT // 100)
        total += Fraction(balance * rate, 360 * RATE_ONE)
    owed = {o.values["due"]: o.values["amount"] for o in account.of("obligation")}
    assert owed == {day: half_up(exact) for day, exact in sums.items() if half_up(exact)}


@given(
    st.dictionaries(st.integers(0, 120), st.integers(-200, 120_000), max_size=8),
    st.sampled_from(["up to 1/16%", "down to 0.01%", "nearest 1/8%"]),
    st.sampled_from([0, 1, 2, 3]),
    st.integers(0, 300),
)
def test_the_index_is_read_two_days_back_rounded_and_not_below_its_floor(
    observed: dict[int, int], rounding: str, back: int, least: int
) -> None:
    seen = sorted((START - 10 + at, value * PERCENT // 10_000) for at, value in observed.items())
    account = Account(
        {
            "rate.fixed": None,
            "rate.index": "prime",
            "rate.margin": 2 * PERCENT,
            "rate.look-back": Duration(back, "business days"),
            "rate.fixing-calendar": "federal-reserve",
            "rate.rounding": parse_rounding(rounding),
            "rate.index-floor": least * PERCENT // 100,
        }
    )
    calendar = ql.UnitedStates(ql.UnitedStates.FederalReserve)
    waiting = list(seen)
    for day in range(START - 10, START + 130):
        while waiting and waiting[0][0] == day:
            account.ledger.accrual.observe("prime", day, waiting.pop(0)[1], f"r{day}")
        if day >= START:
            account.day(day, advance=1_000_000 if day == START else 0)
    for period in account.ledger.accrual.closed:
        start = date.fromordinal(period.start)
        read = ql.Date(start.day, start.month, start.year)
        if back:
            read = calendar.advance(read, -back, ql.Days)
        known = [value for at, value in seen if at <= read.to_date().toordinal()]
        assert period.fixing is not None
        if not known:
            assert period.fixing.rate is None
            continue
        step = {"up to 1/16%": 16, "down to 0.01%": 100, "nearest 1/8%": 8}[rounding]
        steps = Fraction(known[-1] * step, PERCENT)
        away = floor(abs(steps) + Fraction(1, 2)) * (1 if steps >= 0 else -1)
        whole = {"up": ceil(steps), "down": floor(steps), "ne": away}[rounding[:2].replace("do", "down")]  # fmt: skip  # noqa: E501
        expected = max(whole * PERCENT // step, least * PERCENT // 100) + 2 * PERCENT
        assert period.fixing.rate == expected


def test_a_stale_index_is_replaced_by_its_fallback() -> None:
    account = Account(
        {
            "rate.fixed": None, "rate.index": "first", "rate.fallback": "second",
            "rate.stale-after": Duration(10, "days"),
        }
    )  # fmt: skip
    for index, day, value in (("first", -5, 5), ("second", -4, 7)):
        account.ledger.accrual.observe(index, START + day, value * PERCENT, index)
    for day in range(START, parse_day("2020-03-02")):
        account.day(day, advance=36_000_000 if day == START else 0)
    first, second = account.ledger.accrual.closed
    assert first.fixing is not None
    assert second.fixing is not None
    assert (first.fixing.reference, first.fixing.rate) == ("first", 5 * PERCENT)
    assert (second.fixing.reference, second.fixing.rate) == ("second", 7 * PERCENT)


def test_interest_through_a_months_end_falls_due_on_a_day_of_the_next() -> None:
    # 360,000.00 × 6.00% × 17 / 360 = 1,020.00 from 15 to 31 January, and 29 days of February:
    # 1,740.00; each is payable on the 10th of the next month, and may be paid before.
    account = Account(
        {
            "interest.due": parse_schedule("every month on the 31st"),
            "interest.closing-day": "included",
            "interest.payable-on": parse_schedule("every month on the 10th"),
        }
    )
    account.day(START, advance=36_000_000)
    closed, paid, due = (parse_day(f"2020-02-{day}") for day in ("01", "05", "10"))
    account.day(closed - 1)
    owed = account.ledger.obligations["interest/2020-02-10"]
    assert (owed.amount, owed.due, owed.state(closed)) == (102_000, due, "not-due")
    assert account.of("obligation") == []
    position = account.ledger.position(closed)
    assert (position.interest_due, position.accrued) == (0, 102_000 + 6_000)  # with one day more
    account.day(paid, pay=100_000)
    account.day(due)
    (told,) = account.of("obligation")
    assert (told.values["date"], told.values["unpaid"]) == (due, 2_000)
    account.day(parse_day("2020-02-29"))
    assert account.ledger.obligations["interest/2020-03-10"].amount == 174_000
    account.told += account.ledger.accelerate(parse_day("2020-03-02"), "x")
    assert account.ledger.obligations["interest/2020-03-10"].due == parse_day("2020-03-02")
    assert account.ledger.position(parse_day("2020-03-02")).accrued == 6_000


# What the lawful maximum cuts off ----------------------------------------------------------------


@given(st.lists(st.integers(300, 900), min_size=6, max_size=6), st.integers(300, 900))
def test_what_the_maximum_cuts_off_is_made_up_and_never_beyond_it(
    maxima: list[int], wanted: int
) -> None:
    account = Account(
        {
            "rate.fixed": wanted * PERCENT // 100,
            "rate.cap": "at-determination",
            "rate.catch-up": True,
        }
    )
    days = [START, *months(START, START + 190)]
    for day in range(START, days[6] + 1):
        if day in days[:6]:
            maximum = maxima[days.index(day)] * PERCENT // 100
            account.ledger.accrual.observe("", day, maximum, f"m{day}")
        account.day(day, advance=1_234_567_00 if day == START else 0, pay=0)
    kept = 0
    for number, period in enumerate(account.ledger.accrual.closed):
        length = Fraction((days[number + 1] - days[number]) * 1_234_567_00, 360 * RATE_ONE)
        plain = half_up(length * (wanted * PERCENT // 100))
        most = half_up(length * (maxima[number] * PERCENT // 100))
        interest = min(plain + kept, most)
        kept = plain + kept - interest
        assert (period.interest, period.deferred) == (interest, kept)
        assert interest <= most


# Interest on interest ----------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(1, 2_000_00)), max_size=6))
def test_overdue_interest_earns_interest_from_the_day_after_it_was_payable(
    payments: list[tuple[int, int]],
) -> None:
    account = Account({"interest.compounding": "overdue"})
    paid: dict[int, int] = {}
    for at, amount in payments:
        paid[START + at] = paid.get(START + at, 0) + amount
    due: list[list[int]] = []  # day, unpaid
    total, account_paid, expected = Fraction(0), 0, {}
    for day in range(START, START + 130):
        principal = account.ledger.accrual.principal
        if date.fromordinal(day).day == 1:
            owed = half_up(total) - account_paid
            total, account_paid = Fraction(0), 0
            if owed > 0:
                expected[day] = owed
                due.append([day, owed])
        left = paid.get(day, 0)
        for each in due:
            part = min(left, each[1])
            each[1] -= part
            left -= part
        if left:  # what is left goes to what has accrued, and the rest to principal
            account_paid += min(left, max(0, half_up(total) - account_paid))
        account.day(day, pay=paid.get(day, 0), advance=50_000_000 if day == START else 0)
        principal = account.ledger.accrual.principal
        overdue = sum(unpaid for when, unpaid in due if when < day)
        total += Fraction((principal + overdue) * 6, 36_000)
    told = {o.values["due"]: o.values["amount"] for o in account.of("obligation")}
    assert told == expected


def test_interest_that_is_capitalised_is_principal_and_no_obligation() -> None:
    account = Account({"interest.compounding": "when-due"})
    balance, last = 36_000_000, START
    for day in range(START, parse_day("2020-07-02")):
        account.day(day, advance=balance if day == START else 0)
    for due in months(START, parse_day("2020-07-01")):
        balance += half_up(Fraction(balance * 6 * (due - last), 36_000))
        last = due
    assert account.ledger.accrual.principal == balance
    assert account.of("obligation") == []
    assert len(account.of("capitalisation")) == 6


# Fees --------------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 150), st.integers(1, 900_000)), max_size=8),
    st.sampled_from(["undrawn", "principal", "commitment", "available"]),
)
def test_a_fee_accrues_on_its_balance_at_the_close_of_every_day(
    draws: list[tuple[int, int]], on: str
) -> None:
    commitment, limit = 200_000_000, 150_000_000
    account = Account(
        {
            "facility.commitment": commitment,
            "facility.limit": limit,
            "fees.unused.rate": PERCENT // 2,
            "fees.unused.on": on,
            "fees.unused.due": parse_schedule("every 3 months from 2020-03-31"),
            "fees.unused.day-count": "actual/360",
            "fees.unused.from": START,
            "fees.unused.due-convention": "none",
            "fees.unused.due-calendar": "every-day",
        },
        fees=("unused",),
    )
    drawn: dict[int, int] = {}
    for at, amount in draws:
        drawn[START + at] = drawn.get(START + at, 0) + amount * 100
    total, expected, principal = Fraction(0), {}, 0
    for day in range(START, parse_day("2020-07-02")):
        if day in (parse_day("2020-03-31"), parse_day("2020-06-30")):
            expected[day], total = half_up(total), Fraction(0)
        account.day(day, advance=drawn.get(day, 0))
        principal += drawn.get(day, 0)
        balance = {
            "undrawn": max(0, commitment - principal),
            "available": max(0, limit - principal),
            "principal": principal,
            "commitment": commitment,
        }[on]
        total += Fraction(balance, 200 * 360)
    fees = {
        o.values["due"]: o.values["amount"]
        for o in account.of("obligation")
        if o.values["component"] == "unused"
    }
    assert fees == {day: amount for day, amount in expected.items() if amount}


# Instalments -------------------------------------------------------------------------------------


@given(st.integers(100_000, 900_000_000), st.integers(1, 1500), st.integers(2, 40))
def test_level_instalments_on_thirty_day_months_repay_all_in_their_number(
    principal: int, hundredths: int, years: int
) -> None:
    start = parse_day("2020-01-01")
    account = Account(
        {
            "interest.accrues-from": start,
            "interest.day-count": "30/360",
            "rate.fixed": hundredths * PERCENT // 100,
            "instalments.kind": "level",
            "instalments.amortised-over": Duration(years, "years"),
            "principal.matures": parse_day("2021-07-01"),
        }
    )
    account.day(start, advance=principal)
    rate = hundredths / 10_000 / 12
    level = principal * rate / (1 - (1 + rate) ** (-12 * years))
    left = principal
    for due in months(start + 1, parse_day("2021-07-01")):
        account.day(due)
        interest = half_up(Fraction(left * hundredths, 120_000))
        told = {
            o.values["component"]: int(o.values["amount"])
            for o in account.of("obligation")
            if o.values["due"] == due
        }
        assert told.get("interest", 0) == interest
        if due == parse_day("2021-07-01"):
            assert told["principal"] == left  # what is left at maturity
            break
        whole = sum(told.values())
        if told.get("principal", 0) < left:
            assert abs(whole - level) <= 0.5 + 1e-6 * level  # floats know it to a few digits only
        left -= told.get("principal", 0)
        account.ledger.pay(whole, due, f"p{due}")
        assert account.ledger.accrual.principal == left


@pytest.mark.parametrize(
    ("prepaid", "third"),
    [
        # Equal parts of 1,000.00; 1,500.00 prepaid after the first. In inverse order the next part
        # is untouched; taken from the next ones it leaves nothing of the second and 500.00 of the
        # third; cast anew, 12,000.00 − 1,000.00 − 1,500.00 = 9,500.00 over 11 are 863.64 each.
        ("inverse-order", [100_000, 100_000]),
        ("next-first", [0, 50_000]),
        ("recast", [86_364, 86_364]),
    ],
)
def test_a_prepayment_stands_for_the_last_or_the_next_instalments_or_a_part_of_each(
    prepaid: str, third: list[int]
) -> None:
    account = Account(
        {
            "rate.fixed": 0,
            "instalments.kind": "equal-principal",
            "instalments.amortised-over": Duration(12, "months"),
            "instalments.prepaid": prepaid,
        }
    )
    account.day(START, advance=1_200_000)
    dates = months(START, parse_day("2020-05-01"))
    account.day(dates[0])
    account.day(dates[0] + 1, pay=100_000)
    account.day(dates[0] + 2, pay=150_000)
    account.day(dates[1])
    account.day(dates[2])
    owed = {o.values["due"]: o.values["amount"] for o in account.of("obligation")}
    assert [owed.get(dates[1], 0), owed.get(dates[2], 0)] == third


def test_accrued_interest_may_come_before_principal_that_is_due() -> None:
    # 10 days of 360,000.00 at 6.00% / 360: 600.00 accrued when 100,000.00 of principal is called.
    account = Account({"application.due": ("interest", "accrued", "principal", "costs")})
    account.day(START, advance=36_000_000)
    day = START + 10
    account.told += account.ledger.fall_due(day)
    account.told += account.ledger.call(10_000_000, day, "d", ["d"])
    account.told += account.ledger.pay(160_000, day, "p", "")
    (split,) = account.ledger.splits
    assert (split.accrued, split.due_principal, split.prepaid) == (60_000, 100_000, 0)
    (told,) = account.of("allocation")
    assert told.values["prepayment"] == 0  # nothing went beyond what was due in its turn


@pytest.mark.parametrize(("limits", "rate"), [("whole-rate", 8), ("before-daily-margin", 10)])
def test_a_floor_limits_the_rate_with_or_without_the_margin_of_the_day(
    limits: str, rate: int
) -> None:
    account = Account(
        {
            "rate.fixed": 5 * PERCENT,
            "rate.floor": 7 * PERCENT,
            "rate.daily-margin": 3 * PERCENT,
            "rate.limits-on": limits,
        }
    )
    assert account.ledger.accrual.fixing(START).at(account.ledger.accrual.added) == rate * PERCENT


# Calls and charges -------------------------------------------------------------------------------


def test_called_principal_is_discharged_before_anything_is_prepaid() -> None:
    account = Account({"facility.limit": 80_000, "rate.fixed": 0})
    account.day(START, advance=100_000)
    (seen,) = account.of("exposure")
    assert (seen.values["over"], seen.values["called"]) == (20_000, 0)
    account.told += account.ledger.call(20_000, START + 2, "x", ["a"])
    state = account.ledger.obligations[f"principal/{date.fromordinal(START + 2)}/x"]
    assert state.state(START) == "not-due"
    account.day(START + 1, pay=20_000)
    assert (state.unpaid, state.state(START + 1)) == (0, "paid")


def test_a_charge_that_a_payment_brings_about_takes_what_that_payment_left_over() -> None:
    account = Account({"rate.fixed": 0}, charges=("premium",))
    account.day(START, advance=100_000)
    account.day(START + 1, pay=103_000)
    fact = f"p{START + 1}"
    account.ledger.charge("premium", 3_000, START + 1, fact, [fact], (), START + 1)
    (split,) = account.ledger.splits
    assert (split.principal, split.charges, split.excess) == (100_000, {"premium": 3_000}, 0)
    assert account.ledger.surpluses == []


def test_charges_of_one_id_that_a_payment_brings_about_take_what_it_left_over_together() -> None:
    account = Account({"rate.fixed": 0}, charges=("premium",))
    account.day(START, advance=100_000)
    account.day(START + 1, pay=101_000)
    fact = f"p{START + 1}"
    for amount in (300, 500, 900):
        account.ledger.charge("premium", amount, START + 1, fact, [fact], (), START + 1)
    (split,) = account.ledger.splits
    (owed,) = account.ledger.obligations.values()
    assert (owed.amount, owed.unpaid, owed.paid_on) == (1_700, 700, None)
    assert (split.charges, split.excess, account.ledger.surpluses) == ({"premium": 1_000}, 0, [])


def test_a_charge_makes_no_other_fall_due_before_its_time() -> None:
    account = Account({"rate.fixed": 0}, charges=("late-charge", "premium"))
    account.day(START, advance=100_000)
    account.ledger.charge("late-charge", 500, START + 5, "k", ["a"], (), START)
    account.ledger.count_until(START + 5)
    told = account.ledger.charge("premium", 100, START + 5, "k", ["a"], (), START + 5)
    assert [each.values["component"] for each in told] == ["premium"]
    told = account.ledger.fall_due(START + 5)
    assert [each.values["component"] for each in told] == ["late-charge"]


def test_charges_for_a_later_day_fall_due_on_it_and_add_up() -> None:
    account = Account({"rate.fixed": 0}, charges=("late-charge",))
    account.day(START, advance=100_000)
    for _ in range(2):
        account.ledger.charge("late-charge", 500, START + 5, "k", ["a"], (), START)
    account.day(START + 4)
    assert account.of("obligation") == []
    account.day(START + 5)
    assert [o.values["amount"] for o in account.of("obligation")] == [500, 1_000]
    assert [o.amount for o in account.ledger.obligations.values()] == [1_000]


# Figures as they are written ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rate", "rounded"),
    [
        ("up to 1/16%", "5.3312%", "5.375%"),
        ("up to 1/16%", "5.375%", "5.375%"),
        ("nearest 1/8%", "5.3125%", "5.375%"),
        ("down to 0.01%", "5.3399%", "5.33%"),
        ("nearest to 0.5%", "5.24%", "5.00%"),
    ],
)
def test_a_rounding_brings_a_rate_to_its_step(text: str, rate: str, rounded: str) -> None:
    assert parse_rounding(text).apply(parse_rate(rate)) == parse_rate(rounded)


@pytest.mark.parametrize("text", ["up to 1/3%", "up to 1/0%", "up to 0%", "upwards", "up 1/16"])
def test_what_is_no_rounding_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="rounding"):
        parse_rounding(text)


def test_a_ratio_is_written_to_one() -> None:
    assert ratio(parse_ratio("3.50 to 1.00")) == "3.50 to 1.00"
    assert ratio(parse_ratio("1.125 to 1")) == "1.125 to 1.00"
    with pytest.raises(ValueError, match="ratio"):
        parse_ratio("3.5")
    assert parse_money("3.50", "USD") == 350
