"""Amounts, rates and days as a reader's locale writes them: the one place that formats any."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import cached_property, lru_cache

import babel
from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol

from checker.dates import Day, parse_day
from checker.model import Place, Problem, WrongInput, did_you_mean
from checker.money import percent, plain

DEFAULT = "en_US"

LETTER = frozenset({"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US"})
"""Where letters are written on US letter paper; elsewhere it is A4."""

_DATE = r"(?P<date>(?<![\w/.-])\d{4}-\d{2}-\d{2}(?![\w/-]))"
_FIGURE = (
    r"(?P<figure>(?<![\w/.,-])-?(?:\d{1,3}(?:,\d{3})+|\d+)\.\d{2,8})(?P<percent>%?)(?![\w]|[.,]\d)"
)
_TOLD = re.compile(f"{_DATE}|{_FIGURE}", re.ASCII)
"""Days and figures as sentences of the evaluation tell them; those inside an id are left alone."""

_UNSEEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks of direction: some locales put them around days; here every figure stands by itself."""


class Locale:
    """How a reader writes amounts, rates and days; the words of the report are English."""

    def __init__(self, name: str = DEFAULT) -> None:
        try:
            self._babel = babel.Locale.parse(name.replace("-", "_"))
        except (ValueError, babel.UnknownLocaleError):
            known, language = babel.localedata.locale_identifiers(), re.split("[-_]", name)[0]
            near = [each for each in known if each.partition("_")[0] == language]
            hint = did_you_mean(name.replace("-", "_"), near or known)
            place = Place("--locale", 1, 1, name)
            raise WrongInput([Problem(place, f"unknown locale '{name}'", hint)]) from None
        self.money = lru_cache(65536)(self._money)
        self.day = lru_cache(8192)(self._day)
        self.short = lru_cache(8192)(self._short)

    @property
    def name(self) -> str:
        """`en_US`."""
        return str(self._babel)

    @property
    def paper(self) -> str:
        """The paper that is used there."""
        territory = self._babel.territory or ("US" if self._babel.language == "en" else "")
        return "us-letter" if territory in LETTER else "a4"

    @cached_property
    def _symbols(self) -> tuple[str, str, tuple[int, int]]:
        """The signs between groups of digits and before decimals, and the sizes of the groups."""
        sizes = self._babel.decimal_formats[None].grouping
        return get_group_symbol(self._babel), get_decimal_symbol(self._babel), sizes

    @cached_property
    def _days(self) -> tuple[str, str]:
        """The patterns of a day, in sentences and in tables.

        English names the month; elsewhere the words around it are not the reader's, and a day is
        written in figures, its year with four.
        """
        if self._babel.language == "en":
            formats = self._babel.date_formats
            return str(formats["long"].pattern), str(formats["medium"].pattern)
        figures = re.sub(r"y+", "yyyy", str(self._babel.date_formats["short"].pattern))
        return figures, figures

    def figure(self, written: str) -> str:
        """A decimal with point and commas, as the reader writes it, with as many decimals.

        Babel's own formatting loses an apostrophe where it groups more than once.
        """
        group, point, (last, others) = self._symbols
        whole, dot, decimals = written.replace(",", "").partition(".")
        sign, digits, groups = "-" if whole.startswith("-") else "", whole.lstrip("-"), list[str]()
        size = last
        while len(digits) > size:
            groups.insert(0, digits[-size:])
            digits, size = digits[:-size], others
        return f"{sign}{group.join([digits, *groups])}{point if dot else ''}{decimals}"

    def _money(self, cents: int) -> str:
        return self.figure(plain(cents))

    def count(self, number: int) -> str:
        """A whole number: of days, of records."""
        return self.figure(str(number))

    def rate(self, rate: int) -> str:
        """`10.50%`, from ten-billionths."""
        return self.prose(percent(rate))

    def _day(self, day: Day) -> str:
        """A day in a sentence."""
        return self._dated(day, self._days[0])

    def _short(self, day: Day) -> str:
        """A day in a table."""
        return self._dated(day, self._days[1])

    def _dated(self, day: Day, pattern: str) -> str:
        return _visible(format_date(date.fromordinal(day), pattern, self._babel))

    def prose(self, words: str) -> str:
        """A sentence of the evaluation, its days and figures as the reader writes them."""
        return self._told(words, self.day)

    def cell(self, words: str) -> str:
        """The same for a table."""
        return self._told(words, self.short)

    def _told(self, words: str, day: Callable[[Day], str]) -> str:
        def told(found: re.Match[str]) -> str:
            if found["figure"]:
                return self.figure(found["figure"]) + found["percent"]
            try:
                return day(parse_day(found["date"]))
            except ValueError:  # it only looks like a day
                return found[0]

        return _TOLD.sub(told, words)


def _visible(words: str) -> str:
    return _UNSEEN.sub("", words)
