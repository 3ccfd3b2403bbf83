"""Money and rates: read strictly, kept exactly, rounded half up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.money import grouped, half_up, parse_money, parse_rate, percent, plain

CENTS = st.integers(-(10**15), 10**15)


@given(CENTS)
def test_money_is_written_and_read_alike(cents: int) -> None:
    for text in (plain(cents), grouped(cents), f"USD {plain(cents)}"):
        assert parse_money(text, "USD") == cents


@given(st.integers(-(10**11), 10**12 - 1))
def test_rates_are_written_and_read_alike(rate: int) -> None:
    assert parse_rate(percent(rate)) == rate


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**9))
def test_halves_are_rounded_up(numerator: int, denominator: int) -> None:
    exact = Decimal(numerator) / Decimal(denominator)
    if (numerator * 10**6) % denominator == 0:  # what Decimal holds exactly
        assert half_up(numerator, denominator) == int(exact.to_integral_value(ROUND_HALF_UP))
    rounded = half_up(numerator, denominator)
    assert abs(2 * (rounded * denominator - numerator)) <= denominator


@pytest.mark.parametrize(("numerator", "rounded"), [(5, 1), (4, 0), (15, 2), (-5, -1), (-4, 0)])
def test_a_half_is_a_cent(numerator: int, rounded: int) -> None:
    assert half_up(numerator, 10) == rounded


@pytest.mark.parametrize(
    "text",
    ["", "1.234", "1,23.00", "1_000", "1e3", "١٢٣", "EUR 1.00", "$1", "1.", ".5", "9" * 30,
     "1 000", "+1", "--1", "usd 1.00", "USD1.00", "0x10", "1.00 USD", "nan", "inf"],
)  # fmt: skip
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_money(text, "USD")


@pytest.mark.parametrize("text", ["9.50", "9,50%", "%", "1e1%", "9.123456789%", "٩%", "9 %"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_rate(text)
