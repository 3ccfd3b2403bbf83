"""Words that choose cases by their titles: substrings joined by `and`, `or` and `not`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

Takes = Callable[[str], bool]

_TOKEN = re.compile(r"\(|\)|[^\s()]+")
_JOINS = ("and", "or", "not", "(", ")")


@dataclass(frozen=True)
class Selection:
    """What a person chose: words that stand together are looked for together, in any case."""

    takes: Takes

    @classmethod
    def of(cls, words: str) -> Selection:
        """The selection that these words mean; ValueError where they mean nothing."""
        reader = _Reader(_TOKEN.findall(words))
        takes = reader.either()
        if reader.tokens:
            raise ValueError(f"'{reader.tokens[0]}' stands where nothing can follow")
        return cls(takes)


class _Reader:
    """Reads the tokens from the left; `or` binds least, `not` most."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def _next(self, word: str) -> bool:
        if self.tokens[:1] != [word]:
            return False
        del self.tokens[0]
        return True

    def either(self) -> Takes:
        found = [self._both()]
        while self._next("or"):
            found.append(self._both())
        return lambda text: any(takes(text) for takes in found)

    def _both(self) -> Takes:
        found = [self._one()]
        while self._next("and"):
            found.append(self._one())
        return lambda text: all(takes(text) for takes in found)

    def _one(self) -> Takes:
        if self._next("not"):
            refused = self._one()
            return lambda text: not refused(text)
        if self._next("("):
            inner = self.either()
            if not self._next(")"):
                raise ValueError("a bracket is opened and not closed")
            return inner
        phrase: list[str] = []
        while self.tokens and self.tokens[0] not in _JOINS:
            phrase.append(self.tokens.pop(0))
        if not phrase:
            what = f"before '{self.tokens[0]}'" if self.tokens else "at the end"
            raise ValueError(f"words are missing {what}")
        wanted = " ".join(phrase).casefold()
        return lambda text: wanted in text.casefold()
