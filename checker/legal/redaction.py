"""Hides amounts and names: in every sentence, in the contract's own words, in ids and pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from checker.inquiry import Inquiry
from checker.legal.speaker import HIDDEN, visible
from checker.model import Fact

_NUMBER = (
    "(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
)
_GREAT = "(?:hundred|thousand|million|billion)"
_LENGTH = r"(?!\s*\(\d+\)\s*(?:\w+\s+)?(?:days?|months?|years?|percent))"
_AMOUNTS = re.compile(
    # $15,000,000, USD 1,234.56, $15M
    r"(?:[$€£¥₹]\s?|(?-i:\b[A-Z]{3}\s))\d[\d,.]*+(?:\s?(?:[kmb]|bn|thousand|million|billion)\b)?"
    # 146,712.33 and 15,000,000, but no rate
    r"|(?<![\w.,/-])-?\d{1,3}(?:,\d{3})++(?:\.\d++)?(?![%\d])"
    r"|(?<![\w.,/-])-?\d++\.\d{2,8}+(?![%\d]|\.\d)"
    # Fifteen Million, but no length of time
    rf"|\b(?:{_NUMBER}[\s-]+)*+{_GREAT}\b(?:[\s-]+(?:and\s+)?(?:{_NUMBER}|{_GREAT})\b)*+{_LENGTH}"
    # fifty dollars
    rf"|\b{_NUMBER}(?:[\s-]+{_NUMBER})*+(?=\s+(?:dollars?|cents?|euros?|pounds?)\b)",
    re.IGNORECASE | re.ASCII,
)
"""Amounts as sentences, contracts and people write them; rates, days and counts are none."""

_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"[^\s/]+")
_AROUND = ".,;:!?()[]{}“”\"'’"


@dataclass
class Names:
    """What stands for names and for other words that people wrote, wherever they stand."""

    by_word: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)
    bare: dict[str, str] = field(default_factory=dict)  # without any letter: replaced as they are
    ids: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, stands: str) -> None:
        """From now on `stands` stands for the name, without regard to case."""
        low = _lower(visible(name))
        first = _WORD.search(low)
        if first is None:
            self.bare.setdefault(low, stands)
            return
        known = self.by_word.setdefault(first[0], [])
        if all(low != other for _at, other, _stands in known):
            known.append((first.start(), low, stands))
            known.sort(key=lambda entry: -len(entry[1]))

    def hide(self, words: str) -> str:
        """The words with every name and id replaced."""
        for bare, stands in self.bare.items():
            words = words.replace(bare, stands) if bare else words
        low, parts, done = _lower(words), list[str](), 0
        for word in _WORD.finditer(low):
            if word.start() < done:
                continue
            found = self._at(low, word)
            if found is not None and found[0] >= done:
                begin, end, stands = found
                parts += [words[done:begin], stands]
                done = end
        return _TOKEN.sub(self._id, "".join([*parts, words[done:]]))

    def _at(self, low: str, word: re.Match[str]) -> tuple[int, int, str] | None:
        for offset, name, stands in self.by_word.get(word[0], ()):
            begin = word.start() - offset
            end = begin + len(name)
            if begin >= 0 and low.startswith(name, begin) and not _goes_on(low, begin, end):
                return begin, end, stands
        return None

    def _id(self, token: re.Match[str]) -> str:
        """A token that is the id of a record, with the signs of the sentence around it."""
        whole = token[0]
        if whole in self.ids:
            return self.ids[whole]
        core = whole.strip(_AROUND)
        return whole.replace(core, self.ids[core], 1) if core in self.ids else whole


def _goes_on(low: str, begin: int, end: int) -> bool:
    """Whether what stands there is only a part of a longer word."""
    before, after = low[begin - 1 : begin], low[end : end + 1]
    inside = low[begin : begin + 1], low[end - 1 : end]
    return bool(
        (_WORD.match(before) and _WORD.match(inside[0]))
        or (_WORD.match(after) and _WORD.match(inside[1]))
    )


def _lower(words: str) -> str:
    """Small letters, each in the place of its own."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in words)


class Redaction:
    """Takes the amounts, names and ids of one contract and its facts out of words."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._names = Names()
        for name, stands in _named(inquiry):
            self._names.add(name, stands)
        ordered = sorted(inquiry.facts, key=lambda fact: (fact.date, fact.order))
        for number, fact in enumerate(ordered, start=1):
            self._names.ids.setdefault(visible(fact.id), f"r{number}")

    def words(self, words: str) -> str:
        """Words of the evaluation or the contract, without amounts and names."""
        return _AMOUNTS.sub(HIDDEN, self.names(words))

    def names(self, words: str) -> str:
        """The words without names and the ids that people gave to records."""
        return self._names.hide(words)


def _named(inquiry: Inquiry) -> Iterator[tuple[str, str]]:
    """Everything that names somebody or something, with what stands for it instead."""
    pack = inquiry.pack
    for role, party in pack.parties.items():
        for name in (party.name, *party.also):
            yield name, f"[{role}]"
    for term in pack.terms.values():
        if term.type in ("name", "text"):
            yield term.text, f"[{term.name}]"
    for name, value in inquiry.choices.terms.items():
        if pack.terms[name].type in ("name", "text"):
            yield str(value), f"[{name}]"
    for register in pack.registers.values():
        yield from (
            (holder, "[holder]") for holder in register.starts if holder not in pack.parties
        )
    yield from _written(inquiry)


def _written(inquiry: Inquiry) -> Iterator[tuple[str, str]]:
    """What people wrote in the records: names bear a number, everything else is held back."""
    roles, numbers = set(inquiry.pack.parties), dict[str, int]()
    for fact in inquiry.facts:
        yield from ((given, "[held back]") for given in (fact.source, fact.contract) if given)
        for name, value in fact.values.items():
            type_ = _type(inquiry, fact, name)
            if not isinstance(value, str) or value in roles or not value.strip():
                continue
            if type_ == "name":
                number = numbers.setdefault(_lower(visible(value)), len(numbers) + 1)
                yield value, f"[name {number}]"
            elif type_ == "text":
                yield value, "[held back]"


def _type(inquiry: Inquiry, fact: Fact, name: str) -> str:
    """The type of a record's field; what a correction replaces is as its target has it."""
    field_ = inquiry.pack.kinds[fact.kind].fields.get(name)
    if field_ is not None:
        return field_.type
    kinds: Iterable[Mapping[str, object]] = (kind.fields for kind in inquiry.pack.kinds.values())
    types = {getattr(fields[name], "type", "") for fields in kinds if name in fields}
    return "name" if "name" in types else "text" if types & {"text", ""} else ""
