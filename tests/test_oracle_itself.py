"""The oracle against the figures that the page works out by hand, and against itself."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from tests.histories import FEATURES, features, random_history
from tests.oracle import (
    INDEX,
    Fact,
    cents,
    evaluate,
    interest_cents,
    is_business_day,
    money,
    prior_business_day,
)

DUE_DATES = ["2000-12-31", "2001-12-31", "2002-12-31"]


def fact(id: str, day: str, kind: str, **fields: str | bool) -> Fact:  # noqa: A002 - its name
    return {"id": id, "date": day, "kind": kind, **fields}


def rate(id: str, day: str, value: str) -> Fact:  # noqa: A002 - its name
    return fact(id, day, "rate", index=INDEX, value=value)


LOAN = fact("a1", "2000-11-27", "advance", amount="15,000,000.00")
RATES = [
    rate("r0", "1999-12-31", "8.50%"),
    rate("r1", "2000-12-29", "9.50%"),
    rate("r2", "2001-12-31", "4.75%"),
]
FIRST_INTEREST = fact("p1", "2001-01-02", "payment", amount="146,712.33")


def finding(report: dict[str, Any], key: str) -> dict[str, Any] | None:
    return next((found for found in report["findings"] if found["id"] == key), None)


def obligation(report: dict[str, Any], key: str) -> dict[str, Any]:
    return next(row for row in report["obligations"] if row["id"] == key)


@pytest.mark.parametrize(
    ("day_count", "determination", "amounts"),
    [
        ("actual/365", "in-arrears", ["146712.33", "862500.00", "862500.00"]),
        ("actual/360", "in-arrears", ["148750.00", "874479.17", "874479.17"]),
        ("actual/actual", "in-arrears", ["146311.48", "862493.54", "862500.00"]),
        ("actual/365", "in-advance", ["132739.73", "1575000.00", "862500.00"]),
        ("actual/360", "in-advance", ["134583.33", "1596875.00", "874479.17"]),
    ],
)
def test_the_table_of_three_due_dates(
    day_count: str, determination: str, amounts: list[str]
) -> None:
    readings = {"day-count": day_count, "rate-determination": determination}
    report = evaluate([LOAN, *RATES], "2002-12-31", readings)
    due = [row for row in report["obligations"] if row["component"] == "interest"]
    assert [row["due"] for row in due] == DUE_DATES
    assert [row["amount"] for row in due] == amounts


@pytest.mark.parametrize(
    ("day_count", "amounts"),
    [
        ("actual/365", ["146712.33", "1411458.90", "514664.38"]),
        ("actual/360", ["148750.00", "1431062.50", "521812.50"]),
    ],
)
def test_the_arithmetic_of_three_balances(day_count: str, amounts: list[str]) -> None:
    steps = {
        date(2000, 11, 27): 1_500_000_000,
        date(2001, 6, 15): 1_100_000_000,
        date(2001, 10, 1): 1_350_000_000,
    }
    table: dict[date, int] = {}
    day, balance = date(2000, 11, 27), 0
    while day < date(2002, 8, 30):
        balance = steps.get(day, balance)
        table[day] = balance
        day += timedelta(days=1)
    bounds = [date(2000, 11, 27), date(2000, 12, 31), date(2001, 12, 31), date(2002, 8, 30)]
    rates = [Fraction(105, 1000), Fraction(105, 1000), Fraction(575, 10000)]
    borne = [
        money(interest_cents(table, start, end, rate, day_count))
        for start, end, rate in zip(bounds, bounds[1:], rates, strict=False)
    ]
    assert borne == amounts


def test_the_worked_split_and_its_true_up() -> None:
    prepayment = fact("p2", "2001-06-29", "payment", amount="5,000,000.00")
    facts = [LOAN, *RATES[1:], FIRST_INTEREST, prepayment]
    early = evaluate(facts, "2001-06-29")
    assert early["payments"][1]["interest"] == "776712.33"
    assert early["payments"][1]["principal"] == "4223287.67"
    assert early["payments"][1]["provisional"] is True
    late = evaluate(facts, "2001-12-31")
    assert late["payments"] == early["payments"]
    assert late["periods"][1]["interest"] == "739417.20"
    assert [row["id"] for row in late["obligations"]] == ["interest/2000-12-31"]
    # the credit, less the interest that 31 December itself has earned: 10,776,712.33 at 5.75%
    of_one_day = cents(late["balances"]["per_diem"])
    assert of_one_day == 169_770  # 1,697.6999 rounded
    assert cents(late["balances"]["interest_credit"]) == 3_729_513 - of_one_day


def test_the_report_that_the_interface_shows() -> None:
    report = evaluate([LOAN, RATES[1]], "2001-01-10")
    default = finding(report, "event-of-default/interest/2000-12-31")
    assert default is not None
    assert (default["date"], default["amount"]) == ("2001-01-06", "146712.33")
    assert default["continuing"] is True
    assert report["periods"][1]["interest"] == "47465.75"
    assert report["balances"]["per_diem"] == "4315.07"
    assert report["powers"][0]["since"] == "2001-01-06"


@pytest.mark.parametrize(
    ("drawn", "earned", "unexplained"),
    [
        ("5,000,000.00", 45_595_890, 1_226_588_810),
        ("15,000,000.00", 136_787_671, 135_397_029),
    ],
)
def test_the_stated_total_of_the_real_loan(drawn: str, earned: int, unexplained: int) -> None:
    facts = [fact("a1", "2000-11-27", "advance", amount=drawn), RATES[1]]
    balances = evaluate(facts, "2001-10-09")["balances"]  # the opening of 2001-10-10
    assert cents(balances["interest_due"]) + cents(balances["accrued_interest"]) == earned
    assert 1_772_184_700 - cents(drawn) - earned == unexplained


def test_business_days_of_the_two_calendars() -> None:
    assert prior_business_day(date(2000, 12, 31), "federal-reserve") == date(2000, 12, 29)
    for day in (date(1999, 12, 31), date(2004, 12, 31), date(2010, 12, 31)):
        assert is_business_day(day, "federal-reserve")
        assert not is_business_day(day, "federal-offices")
    assert is_business_day(date(2020, 6, 19))
    assert not is_business_day(date(2023, 6, 19))
    assert not is_business_day(date(2001, 11, 22))
    assert not is_business_day(date(2002, 5, 27))


@pytest.mark.parametrize(
    ("paid_on", "amount", "state"),
    [
        ("2000-12-31", "146712.33", "paid"),
        ("2001-01-05", "146712.33", "paid-in-grace"),
        ("2001-01-05", "146712.32", "defaulted"),
        ("2001-01-06", "146712.33", "paid-after-default"),
    ],
)
def test_the_boundaries_of_grace(paid_on: str, amount: str, state: str) -> None:
    payment = fact("p1", paid_on, "payment", amount=amount)
    report = evaluate([LOAN, *RATES, payment], "2001-01-06")
    assert obligation(report, "interest/2000-12-31")["state"] == state


@pytest.mark.parametrize(
    ("answer", "last_day"),
    [
        # 31 December 2000 was a Sunday, 1 January a holiday; the 7th of January was a Sunday.
        ("as-written", "2001-01-05"),
        ("due-date", "2001-01-07"),
        ("due-date-and-last-day", "2001-01-08"),
    ],
)
def test_what_a_holiday_moves(answer: str, last_day: str) -> None:
    report = evaluate([LOAN, *RATES], "2001-01-03", {"due-on-holiday": answer})
    assert obligation(report, "interest/2000-12-31")["last_day"] == last_day


def test_the_closing_day_included_makes_35_days() -> None:
    report = evaluate([LOAN, *RATES], "2001-01-01", {"closing-day": "included"})
    assert obligation(report, "interest/2000-12-31")["amount"] == "151027.40"
    assert report["periods"][1]["from"] == "2001-01-01"
    assert report["balances"]["accrued_interest"] == "4315.07"


@pytest.mark.parametrize(
    ("answer", "amount"),
    # 166 days from 2000-12-31 to 2001-06-15, at 6.00% + 1 or at 9.50% + 1
    [("latest-observation", "477534.25"), ("last-determined", "716301.37")],
)
def test_the_rate_of_a_period_closed_by_acceleration(answer: str, amount: str) -> None:
    facts = [
        LOAN,
        *RATES,
        rate("r3", "2001-05-01", "6.00%"),
        fact("x1", "2001-06-15", "acceleration"),
    ]
    report = evaluate(facts, "2001-06-16", {"early-close-rate": answer})
    assert obligation(report, "interest/2001-06-15")["amount"] == amount
    assert obligation(report, "interest/2001-06-15")["last_day"] == "2001-06-20"
    default = finding(report, "event-of-default/principal/2001-06-15")
    assert default is not None
    assert default["date"] == "2001-06-16"


def test_the_option_survives_or_lapses_with_the_default() -> None:
    facts = [
        LOAN,
        *RATES,
        fact("p1", "2001-01-06", "payment", amount="146712.33"),
        fact("x1", "2001-01-07", "acceleration"),
    ]
    key = "acceleration-without-default/x1"
    assert finding(evaluate(facts, "2001-01-07"), key) is None
    lapsed = evaluate(facts, "2001-01-07", {"option-after-cure": "lapses"})
    assert finding(lapsed, key) is not None
    waived = [*facts, fact("w1", "2001-01-07", "waiver", of="interest/2000-12-31", by="lender")]
    report = evaluate(waived, "2001-01-07")
    assert finding(report, key) is not None
    default = finding(report, "event-of-default/interest/2000-12-31")
    assert default is not None
    assert default["outcome"] == "waived"


@pytest.mark.parametrize(
    ("day", "amount", "rule"),
    [
        ("2002-08-29", "4223287.67", None),
        ("2002-08-29", "4223287.68", "reborrow-over-limit"),
        ("2002-08-30", "0.01", "reborrow-after-cutoff"),
    ],
)
def test_the_boundaries_of_reborrowing(day: str, amount: str, rule: str | None) -> None:
    facts = [
        LOAN,
        *RATES,
        FIRST_INTEREST,
        fact("p2", "2001-06-29", "payment", amount="5,000,000.00"),
        fact("a2", day, "advance", amount=amount),
    ]
    report = evaluate(facts, day)
    rules = {found["rule"] for found in report["findings"]}
    assert rules & {"reborrow-over-limit", "reborrow-after-cutoff"} == ({rule} if rule else set())
    if rule == "reborrow-over-limit":
        assert finding(report, "reborrow-over-limit/a2")["amount"] == "0.01"  # type: ignore[index]


def test_a_correction_holds_from_the_day_it_was_recorded() -> None:
    facts = [
        LOAN,
        *RATES,
        FIRST_INTEREST,
        fact("k1", "2001-02-01", "correction", of="p1", void=True),
    ]
    before = evaluate(facts, "2001-03-01", known_on="2001-01-31")
    after = evaluate(facts, "2001-03-01")
    assert obligation(before, "interest/2000-12-31")["state"] == "paid-in-grace"
    assert obligation(after, "interest/2000-12-31")["state"] == "defaulted"


def test_a_missing_rate_leaves_payments_unapplied() -> None:
    report = evaluate(
        [LOAN, *RATES[1:], FIRST_INTEREST],
        "2001-03-01",
        {
            "rate-determination": "in-advance",
        },
    )
    assert finding(report, "rate-missing/interest/2000-12-31") is not None
    assert report["payments"][0]["unapplied"] == "146712.33"
    assert report["outcome"] == "undetermined"


@cache
def histories() -> list[tuple[list[Fact], str, dict[str, str]]]:
    return [random_history(seed) for seed in range(600)]


def test_every_feature_occurs_in_at_least_50_of_600_histories() -> None:
    counts = dict.fromkeys(FEATURES, 0)
    for facts, as_of, readings in histories():
        for name in features(facts, evaluate(facts, as_of, readings), readings):
            counts[name] += 1
    assert min(counts.values()) >= 50, counts


def test_no_cent_is_lost() -> None:
    for facts, as_of, readings in histories():
        report = evaluate(facts, as_of, readings)
        parts = ("interest", "principal", "costs", "excess", "unapplied")
        for payment in report["payments"]:
            assert sum(cents(payment[part]) for part in parts) == cents(payment["amount"])
        lent = sum(cents(row["initial"]) + cents(row["reborrowed"]) for row in report["advances"])
        lent += sum(cents(f["principal"]) for f in facts if opens(f, as_of))
        repaid = sum(cents(payment["principal"]) for payment in report["payments"])
        assert cents(report["balances"]["principal"]) == lent - repaid


def opens(record: Fact, as_of: str) -> bool:
    return bool(record["kind"] == "opening-balance" and record["date"] <= as_of)


def test_interest_is_conserved_over_the_periods() -> None:
    # What all periods bear is what was paid, what is due, what is open and what is credited.
    for facts, as_of, readings in histories():
        report = evaluate(facts, as_of, readings)
        balances = report["balances"]
        if report["missing"]:
            continue
        borne = sum(cents(period["interest"]) for period in report["periods"])
        borne += sum(cents(f["interest"]) for f in facts if opens(f, as_of))
        paid = sum(cents(payment["interest"]) for payment in report["payments"])
        still = cents(balances["interest_due"]) + cents(balances["accrued_interest"])
        late_excess = sum(
            cents(found["amount"]) for found in report["findings"] if found["rule"] == "overpaid"
        ) - sum(cents(payment["excess"]) for payment in report["payments"])
        assert borne == paid - late_excess + still - cents(balances["interest_credit"])


def test_nothing_looks_ahead() -> None:
    for facts, as_of, readings in histories()[:200]:
        if any(record["kind"] == "correction" for record in facts):
            continue
        whole = evaluate(facts, as_of, readings)
        for day in sorted({record["date"] for record in facts if record["date"] < as_of}):
            part = evaluate(facts, day, readings)
            for name in ("payments", "advances", "accelerations"):
                assert whole[name][: len(part[name])] == part[name]
            kept = {f["id"]: (f["date"], f["amount"]) for f in whole["findings"]}
            for found in part["findings"]:
                if found["rule"] in {"event-of-default", "late-in-grace", "payment-misapplied"}:
                    assert kept[found["id"]] == (found["date"], found["amount"])
