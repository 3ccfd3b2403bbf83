"""The instalment note's figures against QuantLib, and against days that are walked one by one."""

from __future__ import annotations

import random
import warnings
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

with warnings.catch_warnings():
    # QuantLib's SWIG types lack __module__, which Python 3.12 and newer warn of at import
    warnings.simplefilter("ignore", DeprecationWarning)
    import QuantLib as ql  # noqa: N813  # the name that its own documentation uses

from tests.instalments import (
    FACE,
    FIRST_LEVEL,
    MATURITY,
    NOTE_DATE,
    ONE_DAY,
    RATE,
    History,
    Row,
    cents,
    level,
    money,
    month_after,
    payable,
)
from tests.product import ROOT, check

NOTE = ROOT / "rules" / "instalment-note"
CONVENTIONS = ("30/360", "actual/360")
TERMS = {"from-level-instalments": 240, "from-date-of-note": 228}
ON_THE_DAY = {month_after(date(2019 + n // 12, n % 12 + 1, 1)): None for n in range(1, 84)}


def quant(day: date) -> Any:
    return ql.Date(day.day, day.month, day.year)


def report(
    records: list[dict[str, str]], as_of: date, readings: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return check(records, as_of.isoformat(), readings or {}, folder=NOTE)


def advance() -> dict[str, str]:
    amount = money(FACE)
    return {"id": "a1", "date": NOTE_DATE.isoformat(), "kind": "advance", "amount": amount}


def payment(name: str, day: date, amount: int) -> dict[str, str]:
    return {"id": name, "date": day.isoformat(), "kind": "payment", "amount": money(amount)}


def regular(rows: list[Row]) -> list[dict[str, str]]:
    """The advance, and every instalment paid on the day on which it is payable."""
    paid = [
        payment(f"p{number}", payable(row.due), row.interest + row.principal)
        for number, row in enumerate(rows, 1)
        if row.interest + row.principal
    ]
    return [advance(), *paid]


def fallen(data: Mapping[str, Any], due: date) -> tuple[str, str]:
    """What the report says fell due on a day, of interest and of principal."""
    amounts = {entry["id"]: entry["amount"] for entry in data["obligations"]}
    day = due.isoformat()
    return amounts.get(f"interest/{day}", "0.00"), amounts.get(f"principal/{day}", "0.00")


def told(row: Row) -> tuple[str, str]:
    return money(row.interest), money(row.principal)


# The second opinion itself, and the report, against QuantLib --------------------------------------


@pytest.mark.parametrize("years", [19, 20])
def test_the_level_payment_is_quantlibs(years: int) -> None:
    first, second, *_ = ql.sinkingNotionals(
        ql.Period(years, ql.Years), ql.Monthly, float(RATE), FACE / 100
    )
    theirs = FACE / 100 * float(RATE) / 12 + first - second
    assert level(FACE, 12 * years) == round(theirs * 100)


def test_the_residue_of_equal_months_is_quantlibs_but_for_the_rounding_of_cents() -> None:
    """Paid on the first of each month, 71 of 240 payments leave QuantLib's 72nd notional."""
    history = History(paid={due: due for due in ON_THE_DAY})
    *_, last = history.rows(MATURITY)
    notionals = ql.sinkingNotionals(ql.Period(20, ql.Years), ql.Monthly, float(RATE), FACE / 100)
    # Each month's interest is rounded by half a cent at most, and so is the payment itself; the
    # differences bear interest at 0.60% a month: 71 × 1.006^71 cents are 1.09.
    assert abs(last.outstanding / 100 - notionals[71]) < 1.09
    assert last.principal == last.outstanding


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_days_of_every_month_are_quantlibs(convention: str) -> None:
    counter = ql.Thirty360(ql.Thirty360.USA) if convention == "30/360" else ql.Actual360()
    for row in History(convention).rows(MATURITY):
        if row.due > FIRST_LEVEL:
            break
        start = date(row.due.year - (row.due.month == 1), (row.due.month - 2) % 12 + 1, 1)
        days = counter.dayCount(quant(start), quant(row.due))
        assert row.interest == cents(FACE * RATE * Fraction(days, 360)), row.due


def test_the_days_of_payment_are_those_of_quantlibs_calendar() -> None:
    theirs = ql.UnitedStates(ql.UnitedStates.FederalReserve)
    for due in (*ON_THE_DAY, MATURITY):
        assert quant(payable(due)) == theirs.adjust(quant(due), ql.Following)


# The whole table, to the cent ---------------------------------------------------------------------


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("term", TERMS)
def test_all_84_months_are_as_the_second_opinion_has_them(convention: str, term: str) -> None:
    rows = History(convention, TERMS[term]).rows(MATURITY)
    readings = {"day-count": convention, "amortisation-term": term}
    data = report(regular(rows[:-1]), MATURITY, readings)
    assert len(rows) == 84
    assert [fallen(data, row.due) for row in rows] == [told(row) for row in rows]
    assert data["balances"]["principal_due"] == money(rows[-1].outstanding)
    assert data["outcome"] == "compliant"


def test_a_prepayment_in_inverse_order_ends_the_table_early() -> None:
    prepaid = 140_000_000
    history = History(prepaid={date(2020, 6, 1): prepaid})
    rows = history.rows(date(2023, 6, 1))
    records = [
        *regular(rows),
        {
            "id": "n1", "date": "2020-05-20", "kind": "prepayment-notice",
            "prepays_on": "2020-06-01", "in_writing": "true",
        },
        payment("pp", date(2020, 6, 1), prepaid),
        payment("premium", date(2020, 6, 1), prepaid * 2 // 100) | {"designation": "costs"},
    ]  # fmt: skip
    data = report(records, date(2023, 6, 1))
    assert [fallen(data, row.due) for row in rows] == [told(row) for row in rows]
    assert {told(row)[1] for row in rows[-6:]} == {"0.00"}
    assert data["balances"]["total"] == "0.00"


# The lawful maximum -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(20))
def test_what_a_maximum_cuts_off_is_made_up_as_the_second_opinion_has_it(seed: int) -> None:
    chance = random.Random(seed)
    until = date(2021, 2, 1)
    days = sorted(chance.sample(range((until - NOTE_DATE).days), 10))
    maxima = [
        (NOTE_DATE + timedelta(days=days_on), Fraction(chance.randrange(500, 1000), 10_000))
        for days_on in [0, *days[1:]]
    ]
    convention = chance.choice(CONVENTIONS)
    rows = History(convention, maxima=maxima).rows(until)
    observed = [
        {
            "id": f"m{number}", "date": day.isoformat(), "kind": "lawful-maximum",
            "value": f"{value.numerator * 10_000 // value.denominator / 100:.2f}%",
        }
        for number, (day, value) in enumerate(maxima)
    ]  # fmt: skip
    data = report([*observed, *regular(rows)], until, {"day-count": convention})
    found = {period["to"]: period for period in data["periods"]}
    assert [fallen(data, row.due) for row in rows] == [told(row) for row in rows]
    assert [found[row.due.isoformat()]["deferred"] for row in rows] == [
        money(row.deferred) for row in rows
    ]
    assert any(row.deferred for row in rows)
    assert data["outcome"] == "compliant"


# The default rate ---------------------------------------------------------------------------------


def late_history(seed: int) -> tuple[History, list[dict[str, str]], list[Row]]:
    """A history in which some instalments are paid late, with their late charges, and why."""
    chance = random.Random(seed)
    convention = chance.choice(CONVENTIONS)
    until = date(2020, 9, 1)
    paid: dict[date, date] = {}
    defaults: list[tuple[date, date]] = []
    records: list[dict[str, str]] = [advance()]
    due = month_after(NOTE_DATE)
    while due < until:
        when = payable(due) + timedelta(days=chance.choice([0, 0, 0, *range(1, 26)]))
        paid[due] = when
        if (default := payable(due) + timedelta(days=11)) <= when:
            defaults.append((default, when))
        *_, row = History(convention, paid=paid, defaults=defaults).rows(due)
        owed = row.interest + row.principal
        # By the due date, the default in the reading: the charge falls due on the eleventh day.
        charge = cents(Fraction(owed * 5, 100)) if when >= due + timedelta(days=11) else 0
        records.append(payment(f"p{due.isoformat()}", when, owed + charge))
        due = month_after(due)
    history = History(convention, paid=paid, defaults=defaults)
    return history, records, history.rows(until)


@pytest.mark.parametrize("seed", range(20))
def test_the_days_at_the_default_rate_are_as_the_second_opinion_has_them(seed: int) -> None:
    history, records, rows = late_history(seed)
    data = report(records, rows[-1].due, {"day-count": history.convention})
    assert [fallen(data, row.due) for row in rows] == [told(row) for row in rows]
    found = [f for f in data["findings"] if f["rule"] == "event-of-default"]
    # A late charge may be in default as well, while its instalment is.
    of_instalments = [f for f in found if not f["obligation"].startswith("late-charge/")]
    first_days = {first.isoformat() for first, _end in history.defaults}
    assert {f["date"] for f in of_instalments} == first_days
    assert not [f for f in found if f["continuing"]]


def test_the_random_histories_hold_defaults_that_reach_into_the_level_instalments() -> None:
    histories = [late_history(seed)[0] for seed in range(20)]
    assert sum(len(history.defaults) for history in histories) >= 20
    assert any(first > FIRST_LEVEL for history in histories for first, _end in history.defaults)
    assert all(
        end - first >= ONE_DAY or end == first for h in histories for first, end in h.defaults
    )
