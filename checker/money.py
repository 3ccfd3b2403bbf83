"""Exact money and rates: integers of cents, integers of ten-billionths, one rounding."""

from __future__ import annotations

import re

RATE_ONE = 10**10
"""The integer that stands for a rate of 1 (100%): rates are exact to 10 decimals."""

_MAX_CENTS = 10**17  # far below int64, so that sums of many amounts still reach the engine exactly
_MONEY = re.compile(
    r"(?:(?P<currency>[A-Z]{3})\s)?(?P<sign>-)?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<cents>\d{1,2}))?",
    re.ASCII,
)
_RATE = re.compile(r"(?P<sign>-)?(?P<whole>\d{1,4})(?:\.(?P<part>\d{1,8}))?%", re.ASCII)


def parse_money(text: str, currency: str) -> int:
    """Cents of `1,234.56`, `1234.56` or `USD 1234.56`; ValueError says what is wrong."""
    found = _MONEY.fullmatch(text)
    if found is None:
        if re.fullmatch(r"(?:[A-Z]{3}\s)?-?[\d,]+\.\d{3,}", text, re.ASCII):
            raise ValueError("money has at most two decimals")
        raise ValueError(f"not an amount of money: write 1,234.56 or 1234.56 or {currency} 1234.56")
    if found["currency"] not in (None, currency):
        raise ValueError(f"the contract is in {currency}, not in {found['currency']}")
    whole = int(found["whole"].replace(",", ""))
    cents = whole * 100 + int((found["cents"] or "0").ljust(2, "0"))
    if cents > _MAX_CENTS:
        raise ValueError("the amount is too large: at most 1,000,000,000,000,000.00")
    return -cents if found["sign"] else cents


def plain(cents: int) -> str:
    """`146712.33`: the form of reports for programs."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def grouped(cents: int) -> str:
    """`146,712.33`: the form of sentences for people."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def parse_rate(text: str) -> int:
    """Ten-billionths of `9.50%`; ValueError where the percent sign or a digit is wrong."""
    found = _RATE.fullmatch(text)
    if found is None:
        if re.fullmatch(r"-?\d+(\.\d+)?", text, re.ASCII):
            raise ValueError(f"a rate carries its percent sign: write {text}%")
        raise ValueError("not a rate: write 9.50%, with at most 8 decimals")
    value = int(found["whole"] + (found["part"] or "").ljust(8, "0"))
    return -value if found["sign"] else value


def percent(rate: int) -> str:
    """`10.50%`: at least two decimals, and as many more as the rate has."""
    sign = "-" if rate < 0 else ""
    whole, part = divmod(abs(rate), RATE_ONE // 100)
    return f"{sign}{whole}.{f'{part:08d}'.rstrip('0').ljust(2, '0')}%"


def half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to an integer, halves away from zero (denominator above zero)."""
    quotient, rest = divmod(abs(numerator), denominator)
    rounded = quotient + (2 * rest >= denominator)
    return -rounded if numerator < 0 else rounded
