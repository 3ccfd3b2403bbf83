"""How the report speaks: in a locale, with what no page can show made visible, and with hiding."""

from __future__ import annotations

import re
from typing import Protocol

from checker.dates import Day, parse_day
from checker.legal.locale import Locale
from checker.legal.model import Span

NOTHING = "—"
"""Stands for an amount that cannot be figured, and for a day that has not come."""

HIDDEN = "█████"
"""Stands for what is hidden."""

_INVISIBLE = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
"""What shows nothing by itself and may turn the text around it: told by its number instead."""

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no document can hold."""


def visible(words: str) -> str:
    """The words on one line, with what nobody would see told as `[U+202E]`."""
    folded = " ".join(words.split())
    shown = _INVISIBLE.sub(lambda found: f"[U+{ord(found[0]):04X}]", folded)
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", shown)


class Hiding(Protocol):
    """Takes amounts and names out of words."""

    def words(self, words: str) -> str:
        """Words of the evaluation or the contract, without amounts and names."""
        ...

    def names(self, words: str) -> str:
        """The words without names and the ids that people gave to records."""
        ...


class Speaker:
    """Puts values into words; with a `hiding`, without amounts and names."""

    def __init__(self, locale: Locale, hiding: Hiding | None = None) -> None:
        self.locale, self.hiding = locale, hiding

    @property
    def hides(self) -> bool:
        """Whether amounts and names are hidden."""
        return self.hiding is not None

    def cents(self, cents: int | None) -> str:
        """An amount."""
        if cents is None:
            return NOTHING
        return HIDDEN if self.hides else self.locale.money(cents)

    def money(self, amount: str | None) -> str:
        """An amount of a report: `146712.33`."""
        return self.cents(None if amount is None else cents(amount))

    def day(self, day: Day | str | None) -> str:
        """A day in a sentence."""
        if day is None:
            return NOTHING
        return self.locale.day(parse_day(day) if isinstance(day, str) else day)

    def short(self, day: Day | str | None) -> str:
        """A day in a table."""
        if day is None:
            return NOTHING
        return self.locale.short(parse_day(day) if isinstance(day, str) else day)

    def prose(self, words: str) -> str:
        """A sentence of the evaluation or of the pack."""
        return self.locale.prose(self._hidden(words))

    def cell(self, words: str) -> str:
        """The same in a table."""
        return self.locale.cell(self._hidden(words))

    def verbatim(self, words: str) -> str:
        """Words of the contract, as they stand."""
        return self._hidden(words)

    def typed(self, words: str) -> str:
        """What a person wrote of his own: shown as it is, or held back as a whole."""
        if not words:
            return NOTHING
        return "[held back]" if self.hides else visible(words)

    def name(self, words: str) -> str:
        """The name of somebody or of a place; hidden, what stands for it."""
        return self.id(words) if words else NOTHING

    def id(self, id_: str) -> str:
        """An id, as one would type it."""
        return self.hiding.names(visible(id_)) if self.hiding else visible(id_)

    def code(self, id_: str, to: str = "") -> Span:
        """The same as a span."""
        return Span(self.id(id_), "code", to)

    def _hidden(self, words: str) -> str:
        return self.hiding.words(visible(words)) if self.hiding else visible(words)


def cents(amount: str) -> int:
    """The cents of `146712.33`."""
    return int(amount.replace(".", ""))
