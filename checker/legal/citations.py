"""Where words stand in the contract: citations by clause and sentence, and marked clauses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from checker.legal.model import Span, Text
from checker.pack import ClauseText, Pack, is_heading, sentences

_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth", "seventeenth",
    "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip

UNRULED = "unruled: "
"""Begins what is said to answer for words that nothing serves."""

BETWEEN = " … "
"""Stands between the phrases of a quotation."""


@dataclass(frozen=True)
class Claimed:
    """Words of a clause, the letter that they bear, and what in the pack answers for them."""

    letter: str
    phrase: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """A clause's words with what answers for them."""

    clause: ClauseText
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # phrase -> by

    @cached_property
    def ruled(self) -> tuple[Claimed, ...]:
        """The phrases that something serves, in the order in which they end, each with a letter."""
        served = {
            phrase: tuple(by for by in bys if not by.startswith(UNRULED))
            for phrase, bys in self.claims.items()
        }
        ends = {p: self._spans(p)[0][1] for p, bys in served.items() if bys and self._spans(p)}
        order = sorted(ends, key=lambda phrase: (ends[phrase], len(phrase)))
        return tuple(Claimed(_letters(n), phrase, served[phrase]) for n, phrase in enumerate(order))

    def _spans(self, phrase: str) -> list[tuple[int, int]]:
        found = re.finditer(re.escape(phrase), self.clause.text)
        return [(match.start(), match.end()) for match in found]

    def marked(self) -> Text:
        """The words, those that are served marked, and a letter behind each phrase."""
        text = self.clause.text
        ruled = [span for claimed in self.ruled for span in self._spans(claimed.phrase)]
        bare = [
            span
            for phrase, bys in self.claims.items()
            if all(by.startswith(UNRULED) for by in bys)
            for span in self._spans(phrase)
        ]
        letters: dict[int, list[str]] = {}
        for claimed in self.ruled:
            letters.setdefault(self._spans(claimed.phrase)[0][1], []).append(claimed.letter)
        cuts = sorted({0, len(text), *(at for span in [*ruled, *bare] for at in span)})
        spans: list[Span] = []
        for start, end in pairwise(cuts):
            mark = "marked" if _covers(ruled, start) else "unruled" if _covers(bare, start) else ""
            spans.append(Span(text[start:end], mark))
            if end in letters:
                spans.append(Span(f" {' '.join(letters[end])}", "letter"))
        return tuple(spans)

    def sentence_numbers(self, phrase: str) -> list[int]:
        """The sentences in which the phrase stands first, counted from 1 without the heading."""
        found = self._spans(phrase)
        if not found:
            return []
        (start, end), numbers = found[0], list[int]()
        for number, (begins, ends) in enumerate(self._sentences, start=1):
            if begins < end and start < ends:
                numbers.append(number)
        return numbers

    @cached_property
    def _sentences(self) -> list[tuple[int, int]]:
        text, heading = self.clause.text, self.clause.heading
        return [(s, e) for s, e in sentences(text) if not is_heading(text[s:e], heading)]

    def cite(self, quote: str) -> str:
        """`§ 4, second sentence`, of a quotation of one phrase or several."""
        label = clause_label(self.clause)
        numbers = sorted({n for part in quote.split(BETWEEN) for n in self.sentence_numbers(part)})
        if not numbers or len(self._sentences) < 2:
            return label
        *most, last = [_ordinal(number) for number in numbers]
        told = f"{', '.join(most)} and {last}" if most else last
        return f"{label}, {told} sentence{'s' if most else ''}"


def _covers(spans: Iterable[tuple[int, int]], at: int) -> bool:
    return any(start <= at < end for start, end in spans)


def _letters(number: int) -> str:
    """a … z, aa, ab …"""
    more, last = divmod(number, 26)
    return (_letters(more - 1) if more else "") + chr(ord("a") + last)


def _ordinal(number: int) -> str:
    if number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    return f"{number}{'th' if number % 100 in (11, 12, 13) else _ends(number % 10)}"


def _ends(digit: int) -> str:
    return {1: "st", 2: "nd", 3: "rd"}.get(digit, "th")


def clause_label(clause: ClauseText) -> str:
    """`§ 4`; a clause that bears no number is called by its heading."""
    return f"§ {clause.clause}" if clause.clause[:1].isdigit() else clause.heading


@dataclass(frozen=True)
class Citations:
    """The clauses of a pack, ready to be cited."""

    pack: Pack

    @cached_property
    def words(self) -> Mapping[str, Words]:
        """The words of every clause by its name."""
        return {
            clause.clause: Words(clause, dict(self._claims(clause))) for clause in self.pack.clauses
        }

    def _claims(self, clause: ClauseText) -> Iterator[tuple[str, tuple[str, ...]]]:
        found: dict[str, list[str]] = {}
        for claim in self.pack.claims:
            if claim.clause == clause.clause:
                found.setdefault(claim.phrase, []).append(claim.by)
        for phrase, bys in found.items():
            yield phrase, tuple(dict.fromkeys(bys))

    def cite(self, clause: str, quote: str = "") -> str:
        """Where a quotation stands; the clause alone where nothing is quoted."""
        words = self.words.get(clause)
        if words is None:
            return f"§ {clause}" if clause[:1].isdigit() else clause
        return words.cite(quote) if quote else clause_label(words.clause)

    def outside(self) -> Sequence[tuple[str, str]]:
        """Words of the document that belong to no clause, and why nothing serves them."""
        return [
            (claim.phrase, claim.by.removeprefix(UNRULED))
            for claim in self.pack.claims
            if not claim.clause
        ]
