"""Exact money and rates: integers of cents, integers of ten-billionths, one rounding."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

RATE_ONE = 10**10
"""The integer that stands for a rate of 1 (100%): rates are exact to 10 decimals."""

_MAX_CENTS = 10**17  # far below int64, so that sums of many amounts still reach the engine exactly
_MONEY = re.compile(
    r"(?:(?P<currency>[A-Z]{3})\s)?(?P<sign>-)?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<cents>\d{1,2}))?",
    re.ASCII,
)
_RATIO = re.compile(r"(?P<whole>\d{1,4})(?:\.(?P<part>\d{1,8}))? to 1(?:\.0+)?", re.ASCII)
_ROUNDING = re.compile(
    r"(?P<way>up|down|nearest)(?: to)? "
    r"(?:(?P<one>1)/(?P<of>\d{1,4})|(?P<step>\d(?:\.\d{1,8})?))%",
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
    return f"{cents // 100:,}.{cents % 100:02d}" if cents >= 0 else f"-{grouped(-cents)}"


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


def parse_ratio(text: str) -> int:
    """Ten-billionths of `3.50 to 1.00`; ValueError where it is not so written."""
    found = _RATIO.fullmatch(text)
    if found is None:
        raise ValueError("not a ratio: write 3.50 to 1.00, with at most 8 decimals")
    return int(found["whole"]) * RATE_ONE + int((found["part"] or "").ljust(8, "0")) * 100


def ratio(value: int) -> str:
    """`3.50 to 1.00`: at least two decimals, and as many more as it has."""
    whole, part = divmod(value, RATE_ONE)
    return f"{whole}.{f'{part:010d}'.rstrip('0').ljust(2, '0')} to 1.00"


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a rate is brought to a step: `up to 1/16%`, `down to 0.01%`, `nearest 1/8%`."""

    text: str
    way: str
    step: int  # in ten-billionths

    def apply(self, rate: int) -> int:
        """The rate brought to the step; the nearest, where halves go away from zero."""
        if self.way == "nearest":
            return half_up(rate, self.step) * self.step
        return (-(-rate // self.step) if self.way == "up" else rate // self.step) * self.step

    def __str__(self) -> str:
        return self.text


def parse_rounding(text: str) -> Rounding:
    """`up to 1/16%`, `down to 0.01%`, `nearest 1/8%`; ValueError where it is none of these."""
    found = _ROUNDING.fullmatch(" ".join(text.split()))
    if found is None:
        raise ValueError("not a rounding: write up to 1/16%, down to 0.01% or nearest 1/8%")
    if found["one"]:
        step, rest = divmod(RATE_ONE // 100, max(1, int(found["of"])))
    else:
        step, rest = parse_rate(f"{found['step']}%"), 0
    if rest or not step or found["of"] == "0":
        raise ValueError("a rounding has a step above zero, of at most 8 decimals")
    return Rounding(found[0], found["way"], step)


def settled(value: object) -> object:
    """A product as an amount: rounded half up to the cent; everything else as it is."""
    if type(value) is Fraction:  # asked of its abstract base, the same takes ten times as long
        return half_up(value.numerator, value.denominator)
    return value


def half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded to an integer, halves away from zero (denominator above zero)."""
    quotient, rest = divmod(abs(numerator), denominator)
    rounded = quotient + (2 * rest >= denominator)
    return -rounded if numerator < 0 else rounded
