"""The small changes that mutation makes to the rules of a pack, each at a place in its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from checker.cases import SUFFIX
from checker.loader import load_pack
from checker.pack import POWER_STATES, Pack
from checker.packfile import OUTCOMES
from checker.rules import kinds_and_condition
from checker.source import load_yaml, read_source
from tests.yaml_places import Path_, Span, Text, flow_end

Types = Mapping[str, tuple[str, tuple[str, ...]]]
"""Names with their type, and the words that they may be."""

EFFECTS = (
    "under", "against", "about", "date", "amount", "revises", "accelerates", "disregards",
    "releases", "amends", "sets", "until", "charges", "calls", "counts", "votes", "transfers",
)  # fmt: skip
SETTLED = (
    "terms", "readings", "ledger", "state", "powers", "suppositions", "charges", "fees",
    "occasions", "counters", "registers", "tallies",
)  # fmt: skip
KEYWORDS = {"where", "and", "or", "not", "in", "is", "absent", "present", "true", "false", "none"}

_WORD = re.compile(r"'[^']*'|(?<![\w.%-])[a-z][a-z0-9_]*(?:[.-][a-z0-9_]+)*(?![\w-])")
_OPERATOR = re.compile(r"<=|>=|==|!=|<|>")
_OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
_NEGATED = re.compile(r"\b(?:absent|present|is not|not in|in(?= \()|is(?! absent| present| not))\b")
_OPPOSITE = {
    "absent": "present", "present": "absent", "is not": "is", "is": "is not",
    "in": "not in", "not in": "in",
}  # fmt: skip
_MONEY = re.compile(r"(?<![\w.,%-])\d[\d,]*\.\d\d(?![\d%])")
_RATE = re.compile(r"(?<![\w.])-?\d+\.\d+%")
_COUNT = re.compile(r"(?<![\w.,%-])(\d+)(?= (?:calendar |business )?(?:days?|months?|years?)\b)")
_MEASURE = re.compile(r"\b(?:calendar|business)(?= days?\b)")
_ISO = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_DAY = re.compile(r"\b\d{1,2}(?= (?:January|February|March|April|May|June|July|August|September"
                  r"|October|November|December)\b)")  # fmt: skip
_ORDINAL = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b")
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Mutant:
    """One change of one file of a pack."""

    operator: str
    file: str
    old: str
    new: str


def mutants(folder: Path) -> list[Mutant]:
    """All mutants of a pack, file by file in the order of their places, none twice."""
    pack, found = load_pack(folder), dict[tuple[str, str], Mutant]()
    texts = [
        Text(load_yaml(read_source(path, path.name)))
        for path in sorted(folder.glob("*.yaml"))
        if not path.name.endswith(SUFFIX)
    ]
    known = _Known(pack, texts)
    for text in texts:
        for operator, (start, end), new in _File(text, known).edits():
            old = text.text
            whole = old[:start] + new + old[end:]
            if whole != old:
                mutant = Mutant(operator, text.document.source.name, old, whole)
                found.setdefault((mutant.file, whole), mutant)
    return list(found.values())


@dataclass
class _Known:
    """What the names of a pack mean."""

    pack: Pack
    texts: list[Text]

    @cached_property
    def rules(self) -> list[str]:
        """Every rule that the clauses write out."""
        return [name for text in self.texts for name in text.document.data.get("rules", {})]

    @cached_property
    def names(self) -> Types:
        """Terms, states and powers."""
        names = {name: (term.type, term.choices) for name, term in self.pack.terms.items()}
        names |= {name: (state.type, state.choices) for name, state in self.pack.states.items()}
        names |= {f"power.{name}": ("word", POWER_STATES) for name in self.pack.powers}
        return {**names, "today": ("date", ())}

    def fields(self, kinds: Iterable[str]) -> Types:
        """The fields of these kinds together."""
        return {
            name: field for kind in kinds for name, field in self.pack.fields.get(kind, {}).items()
        }

    def kinds_like(self, kind: str) -> list[str]:
        """Other kinds of the same sort: given, derived, or findings of a rule."""
        given = set(self.pack.kinds)
        derived = set(self.pack.fields) - given - set(self.rules)
        for group in (given, derived, set(self.rules)):
            if kind in group:
                return _others(kind, sorted(group))
        return []


Edit = tuple[str, Span, str]


@dataclass
class _File:
    """The edits of one file."""

    text: Text
    known: _Known
    aliases: dict[str, Types] = field(default_factory=dict)

    def edits(self) -> Iterator[Edit]:
        data = self.text.document.data
        for path, words in self.text.scalars():
            if path[0] in SETTLED:
                yield from self._settled(path, words)
        for name, part in data.get("rules", {}).items():
            yield from self._rule(("rules", name), part)
        for name, part in data.get("judgments", {}).items():
            yield from self._judgment(("judgments", name), part)
        for name, part in data.get("readings", {}).items():
            yield from self._answers(("readings", name, "answers"), part["answers"])
        yield from self._lists()

    def _put(
        self, operator: str, path: Path_, words: str, found: Span, new: Iterable[str]
    ) -> Iterator[Edit]:
        """Replaces the letters of a scalar by each of the new words."""
        span = self.text.span(path, words, *found)
        if span is not None and self.text.text[slice(*span)] == words[slice(*found)]:
            yield from ((operator, span, other) for other in new)

    # Literals -------------------------------------------------------------------------------------

    def _literals(
        self, path: Path_, words: str, start: int = 0, end: int | None = None
    ) -> Iterator[Edit]:
        part = words[start:end]
        for operator, pattern, change in _LITERALS:
            for match in pattern.finditer(part):
                at = (match.start() + start, match.end() + start)
                yield from self._put(operator, path, words, at, change(match))

    def _settled(self, path: Path_, words: str) -> Iterator[Edit]:
        """Terms, settings, powers, states, suppositions, and what readings set."""
        key = next((str(step) for step in reversed(path) if isinstance(step, str)), "")
        if key in ("words", "source", "describes", "type", "choices", "says", "phrase", "asks",
                   "because"):  # fmt: skip
            return
        yield from self._literals(path, words)
        yield from self._sums(path, words)
        if path[0] == "terms":
            name = ".".join(str(step) for step in path[1:] if step != "value")
            term = self.known.pack.terms.get(name)
            choices = term.choices if term else ()
            if term and term.type == "boolean":
                choices = ("true", "false")
            yield from self._put("name", path, words, (0, len(words)), _others(words, choices))
        elif path[0] == "powers":
            yield from self._put("name", path, words, (0, len(words)), self._power(key, words))
        else:
            yield from self._names(path, words, 0, len(words), {})

    def _power(self, key: str, words: str) -> list[str]:
        pack = self.known.pack
        groups: dict[str, Iterable[str]] = {
            "holder": pack.parties,
            "arises-on": self.known.rules,
            "in-doubt-on": self.known.rules,
            "exercised-by": pack.kinds,
            "survives-cure": [n for n, (t, _c) in self.known.names.items() if t == "boolean"],
        }
        return _others(words, groups.get(key, ()))[:2]

    def _sums(self, path: Path_, words: str) -> Iterator[Edit]:
        for match in re.finditer(r"(?<=\s)[+-](?=\s)", words):
            new = ["-" if match[0] == "+" else "+"]
            yield from self._put("sign", path, words, match.span(), new)

    # Rules ----------------------------------------------------------------------------------------

    def _rule(self, path: Path_, part: Mapping[str, Any]) -> Iterator[Edit]:
        self.aliases = {}
        for section in ("when", "unless"):
            for alias, pattern in part.get(section, {}).items():
                yield from self._pattern((*path, section, alias), str(pattern))
                self.aliases[alias] = self.known.fields(kinds_and_condition(str(pattern))[0])
        if "unless" in part:
            yield "unless", self.text.entry((*path, "unless")), ""
        yield from self._then((*path, "then"), part["then"])
        yield from self._said((*path, "says"))
        yield from self._said((*path, "needs"))

    def _pattern(self, path: Path_, words: str) -> Iterator[Edit]:
        kinds, _condition = kinds_and_condition(words)
        where = re.search(r"\swhere\s", words)
        head = where.start() if where else len(words)
        for match in _WORD.finditer(words, 0, head):
            if match[0] in kinds:
                like = self.known.kinds_like(match[0])
                yield from self._put("name", path, words, match.span(), like[:1])
        if not where:
            return
        own = self.known.fields(kinds)
        yield from self._names(path, words, where.end(), len(words), own)
        yield from self._literals(path, words, where.end())
        yield from self._sums(path, words)
        for match in _OPERATOR.finditer(words, where.end()):
            yield from self._put("bound", path, words, match.span(), [_OTHER[match[0]]])
        for match in _NEGATED.finditer(words, where.end()):
            yield from self._put("bound", path, words, match.span(), [_OPPOSITE[match[0]]])
        for start, end in _conjuncts(words, where.end(), where.start() + 1):
            span = self.text.span(path, words, start, end)
            if span is not None:
                yield "where", span, ""

    def _names(self, path: Path_, words: str, start: int, end: int, own: Types) -> Iterator[Edit]:
        """Another field, term, state or choice of the same type for each name."""
        spoken: tuple[str, ...] = ()  # the words that the name before may be
        for match in _WORD.finditer(words, start, end):
            word = match[0]
            if word in KEYWORDS or word.startswith("'"):
                continue
            others = self._like(word, own)
            alias, dot, name = word.partition(".")
            type_ = own.get(word) or self.known.names.get(word)
            if dot and alias in self.aliases:
                type_ = self.aliases[alias].get(name)
            if type_ is None:
                others = _others(word, spoken)[:1] if word in spoken else []
            elif type_[1]:
                spoken = type_[1]
            yield from self._put("name", path, words, match.span(), others)

    def _like(self, word: str, own: Types) -> list[str]:
        """At most two names that might stand there as well: of the same place and type."""
        alias, dot, name = word.partition(".")
        if dot and alias in self.aliases:
            fields = self.aliases[alias]
            return [f"{alias}.{other}" for other in _same_type(name, fields)][:2]
        if word in own:
            return _same_type(word, own)[:2]
        return _same_type(word, self.known.names)[:2]

    def _then(self, path: Path_, then: Mapping[str, Any]) -> Iterator[Edit]:
        pack = self.known.pack
        for effect, words in then.items():
            at, whole = (*path, effect), (0, len(str(words)))
            if effect == "outcome":
                yield from self._put("outcome", at, words, whole, _others(words, OUTCOMES)[:2])
            elif effect == "against":
                yield from self._put("against", at, words, whole, _others(words, pack.parties))
            elif effect == "under":
                yield from self._put("name", at, words, whole, _others(words, self.known.rules)[:1])
            elif isinstance(words, str) and words in self.aliases:
                yield from self._put("name", at, words, whole, _others(words, self.aliases))
            if effect in EFFECTS:
                yield "then", self.text.entry(at), ""
        for at, words in self.text.scalars(path):
            if at[-1] not in ("outcome", "against", "under") and words not in self.aliases:
                yield from self._literals(at, words)
                yield from self._sums(at, words)
                yield from self._names(at, words, 0, len(words), {})

    def _said(self, path: Path_) -> Iterator[Edit]:
        if path not in self.text.document.places:
            return
        for at, words in self.text.scalars(path):
            for match in _BRACES.finditer(words):
                yield from self._names(at, words, match.start(1), match.end(1), {})

    # Judgments, readings, lists -------------------------------------------------------------------

    def _judgment(self, path: Path_, part: Mapping[str, Any]) -> Iterator[Edit]:
        for number, rule in enumerate(part["about"]):
            others = _others(rule, self.known.rules)[:1]
            yield from self._put("name", (*path, "about", number), rule, (0, len(rule)), others)
        self.aliases = {
            "ruling": self.known.fields(["judgment"]),
            "found": self.known.fields(part["about"]),
        }
        for answer, ruling in part["answers"].items():
            at, words = (*path, "answers", answer), ruling["outcome"]
            others = _others(words, OUTCOMES)[:2]
            yield from self._put("outcome", (*at, "outcome"), words, (0, len(words)), others)
            if "releases" in ruling:
                yield "then", self.text.entry((*at, "releases")), ""
            yield from self._said((*at, "says"))
        yield from self._dropped((*path, "answers"), part["answers"])

    def _answers(self, path: Path_, answers: Mapping[str, Any]) -> Iterator[Edit]:
        yield from self._dropped(path, answers)
        spans = [self.text.entry((*path, answer)) for answer in answers]
        one, other = spans[:2]  # the first answer is the default
        if one[1] == other[0]:
            first, second = self.text.text[slice(*one)], self.text.text[slice(*other)]
            yield "order", (one[0], other[1]), second + first

    def _dropped(self, path: Path_, answers: Mapping[str, Any]) -> Iterator[Edit]:
        for answer in answers:
            yield "answer", self.text.entry((*path, answer)), ""

    def _lists(self) -> Iterator[Edit]:
        """Lists whose order counts, and components that fall due."""
        data = self.text.document.data
        components = ("interest", "principal", "costs")
        for number, word in enumerate(data.get("falls-due", [])):
            others = _others(word, components)[:1]
            yield from self._put("name", ("falls-due", number), word, (0, len(word)), others)
        for path, place in self.text.document.places.items():
            value = self.text.value(path)
            if path[:1] != ("ledger",) or not isinstance(value, list):
                continue
            starts = [self.text.document.places[*path, n] for n in range(len(value))]
            spans = [(i, flow_end(self.text.text, i)) for i in map(self.text.index, starts)]
            if self.text.text[self.text.index(place)] != "[":  # each behind a dash, in one line
                spans = [(i, _line_end(self.text.text, i)) for i, _end in spans]
                spans = [span for span in spans if self.text.text[span[0]] == "{"]
            for one, other in pairwise(spans):
                first, second = self.text.text[slice(*one)], self.text.text[slice(*other)]
                between = self.text.text[one[1] : other[0]]
                yield "order", (one[0], other[1]), second + between + first


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _others(word: str, group: Iterable[str]) -> list[str]:
    """The group without the word, those that follow it first."""
    names = list(group)
    at = names.index(word) + 1 if word in names else 0
    return [name for name in (*names[at:], *names[:at]) if name != word]


def _same_type(name: str, group: Types) -> list[str]:
    if name not in group:
        return []
    type_ = group[name][0]
    return [other for other in _others(name, group) if group[other][0] == type_]


def _conjuncts(words: str, start: int, bare: int) -> Iterator[Span]:
    """What goes away with each part of `and` and `or`; from `bare` on where it is the only one."""
    stack: list[list[tuple[int, int, str]]] = [[]]
    opened = [start]
    token = re.compile(r"'[^']*'|\(|\)|\b(?:and|or)\b")
    groups: list[tuple[int, int, list[tuple[int, int, str]]]] = []
    for match in token.finditer(words, start):
        if match[0] == "(":
            stack.append([])
            opened.append(match.end())
        elif match[0] == ")" and len(stack) > 1:
            groups.append((opened.pop(), match.start(), stack.pop()))
        elif match[0] in ("and", "or"):
            stack[-1].append((match.start(), match.end(), match[0]))
    groups.append((start, len(words.rstrip()), stack[0]))
    for first, last, links in groups:
        if not links and first == start:
            yield bare, last
        for number, (begins, ends, _word) in enumerate(links):
            following = links[number + 1][0] if number + 1 < len(links) else last
            yield begins, len(words[:following].rstrip())
            if number == 0:
                yield first, ends


def _cent(match: re.Match[str]) -> list[str]:
    whole = int(match[0].replace(",", "").replace(".", ""))
    return [f"{cents // 100:,}.{cents % 100:02d}" for cents in (whole + 1, whole - 1) if cents >= 0]


def _rate(match: re.Match[str]) -> list[str]:
    value, places = match[0].rstrip("%"), len(match[0].rstrip("%").partition(".")[2])
    places = max(places, 2)
    return [f"{float(value) + step:.{places}f}%" for step in (0.01, -0.01)]


def _day(match: re.Match[str]) -> list[str]:
    day = date.fromisoformat(match[0])
    return [str(day + timedelta(days=step)) for step in (1, -1)]


def _near(match: re.Match[str]) -> list[str]:
    number = int(match[0])
    return [str(other) for other in (number + 1, number - 1) if other >= 0]


def _month_day(match: re.Match[str]) -> list[str]:
    return [str(other) for other in (int(match[0]) + 1, int(match[0]) - 1) if 1 <= other <= 31]


def _ordinal(match: re.Match[str]) -> list[str]:
    number = int(match[1])
    ends = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
    return [f"{n}{ends.get(n, 'th')}" for n in (number + 1, number - 1) if 1 <= n <= 31]


def _calendar(match: re.Match[str]) -> list[str]:
    return ["business" if match[0] == "calendar" else "calendar"]


_LITERALS = (
    ("cent", _MONEY, _cent),
    ("cent", re.compile(r"(?<=[<>=] )0(?![.\d\w])"), lambda _m: ["0.01"]),
    ("rate", _RATE, _rate),
    ("sign", _RATE, lambda m: [m[0][1:] if m[0].startswith("-") else f"-{m[0]}"]),
    ("day", _ISO, _day),
    ("day", _COUNT, _near),
    ("day", _MEASURE, _calendar),
    ("day", _DAY, _month_day),
    ("day", _ORDINAL, _ordinal),
)
