"""The primitives of the rule language, by program, and where the files of a pack use them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from checker.account import BALANCES
from checker.arrangement import FEE_SETTINGS, SETTINGS
from checker.facts import base_kinds
from checker.language import infer_type
from checker.packfile import OUTCOMES, Clause, Contract, Then, means
from checker.rules import kinds_and_condition
from checker.schema.shapes import keys
from checker.source import Document, load_yaml, read_source

HERE = Path(__file__).parent
PACKS = HERE.parent / "rules"

Loc = tuple[str | int, ...]


@dataclass(frozen=True)
class Primitive:
    """Something that a pack may say: its group, its name, and what it means."""

    group: str
    name: str
    describes: str

    @property
    def id(self) -> str:
        """The name by which examples say that they show it."""
        return f"{self.group} {self.name}"

    @property
    def anchor(self) -> str:
        """The anchor of its heading; signs are spelled."""
        name = "minus" if self.name == "-" else self.name.lower()
        spelled = "".join(_SPELLED.get(c, c) for c in f"{self.group} {name}")
        return re.sub(r"[^a-z0-9]+", "-", spelled).strip("-")


_SPELLED = {
    "=": "eq",
    "!": "not-",
    "<": "lt",
    ">": "gt",
    "+": "plus",
    "{": "braces",
    "(": "brackets",
}
_UNSHOWN = {"section": {"clause", "heading", "text"}, "contract": {"contract", "title", "unruled"}}
"""Keys that every pack has, or that a clause has too: no example shows them by itself."""


@cache
def meanings() -> Mapping[str, Mapping[str, str]]:
    """What the words of the language mean, by group."""
    data: Mapping[str, Mapping[str, str]] = load_yaml(read_source(HERE / "meanings.yaml")).data
    return data


@cache
def told() -> Mapping[str, Any]:
    """The kinds that the ledger tells, as kinds.yaml has them."""
    path = HERE.parent / "checker" / "kinds.yaml"
    kinds: Mapping[str, Any] = load_yaml(read_source(path)).data["derived"]
    return kinds


@cache
def primitives() -> tuple[Primitive, ...]:
    """All primitives, group by group."""
    return tuple(_all())


def _all() -> Iterator[Primitive]:
    yield from _keys_of_files()
    for name in OUTCOMES:
        yield Primitive("outcome", name, keys()["outcomes"][name])
    for group, settings in (("setting", SETTINGS), ("fee", FEE_SETTINGS)):
        for path, setting in settings.items():
            yield Primitive(group, path, setting.describes)
    yield Primitive("fee", "grace", keys()["clause"]["fees.*.grace"])
    for name, given in base_kinds().items():
        yield Primitive("kind", name, given.describes)
    for name, kind in told().items():
        yield Primitive("told", name, " ".join(kind["describes"].split()))
    yield from _TOLD_BESIDES
    for group, named in meanings().items():
        if group != "literal":
            yield from (Primitive(group, name, says) for name, says in named.items())


def _keys_of_files() -> Iterator[Primitive]:
    contract, clause = keys()["contract"], keys()["clause"]
    for model, group, says in ((Contract, "contract", contract), (Clause, "section", clause)):
        for field in model.model_fields.values():
            if field.alias not in _UNSHOWN[group]:
                yield Primitive(group, str(field.alias), says[str(field.alias)])
    for field in Then.model_fields.values():
        yield Primitive("then", str(field.alias), clause[f"rules.*.then.{field.alias}"])


_TOLD_BESIDES = (
    Primitive("told", "finding", "What any rule found, at the close of the as-of day."),
    Primitive(
        "told",
        "RULE",
        "What one rule found. Its name is a kind: its fields are those of a finding and of what "
        "the rule first looked for.",
    ),
    Primitive(
        "told",
        "RULE-lapsed",
        "The last day that a rule set by `until` has passed. Its fields are those of the finding, "
        "`until`, and `unpaid` where the finding is about an amount that was due.",
    ),
    Primitive("told", "OCCASION", "A day of an occasion has come: id, date, start, number."),
    Primitive("told", "COUNTER", "One more was counted: of, date, count."),
    Primitive("told", "TALLY", "Somebody voted: of, by, date, share."),
)

# Where they stand --------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Use:
    """A place in a pack that uses a primitive."""

    pack: str
    file: str
    line: int
    primitive: str


@cache
def packs() -> tuple[Path, ...]:
    """The packs of the project."""
    return tuple(sorted(path.parent for path in PACKS.glob("*/contract.yaml")))


@cache
def uses_in_packs() -> Mapping[str, tuple[Use, ...]]:
    """The places in all packs, by primitive."""
    found: dict[str, set[Use]] = {}
    for folder in packs():
        paths = [p for p in folder.glob("*.yaml") if means(p.name)]
        documents = {path.name: load_yaml(read_source(path)) for path in paths}
        names = declared(document.data for document in documents.values())
        for name, document in documents.items():
            for primitive, loc in uses(document, names):
                line = document.keys.get(loc, document.place(loc)).line
                found.setdefault(primitive, set()).add(Use(folder.name, name, line, primitive))
    order = [path.name for path in packs()]
    return {
        name: tuple(sorted(set_, key=lambda u: (order.index(u.pack), _number(u.file), u.line)))
        for name, set_ in found.items()
    }


def _number(file: str) -> tuple[int, str]:
    found = re.match(r"\d+", file)
    return (int(found[0]) if found else -1, file)


def declared(data: Iterable[Mapping[str, Any]]) -> Mapping[str, str]:
    """The kinds of fact that the files of a pack declare, each with what tells it."""
    names: dict[str, str] = {}
    for part in data:
        for section, what in (("rules", "RULE"), ("occasions", "OCCASION"),
                              ("counters", "COUNTER"), ("tallies", "TALLY")):  # fmt: skip
            names |= dict.fromkeys(part.get(section, {}), what)
    return names


def uses(document: Document, names: Mapping[str, str]) -> Iterator[tuple[str, Loc]]:
    """The ids of the primitives that a file of a pack uses, each with where."""
    data = document.data
    # An example holds parts of contract.yaml and of a clause in one.
    groups = ["section"] if "clause" in data else ["contract"] if "contract" in data else _GROUPS
    for group in groups:
        yield from _keys(data, group)
    for loc, value in _leaves(data, ()):
        yield from _words(loc, value)
    yield from _settled(data)
    for name, rule in data.get("rules", {}).items():
        yield from _rule(rule, ("rules", name), names)
    yield from _judged(data)
    for loc, text in _expressions(data):
        yield from _spoken(text, loc)


def _settled(data: Mapping[str, Any]) -> Iterator[tuple[str, Loc]]:
    for loc, value in _settings(data.get("ledger", {}), ("ledger",)):
        yield f"setting {'.'.join(str(p) for p in loc[1:])}", loc
        if isinstance(value, list) and any(isinstance(v, dict) for v in value):
            yield "setting-list while", loc
    for name, fee in data.get("fees", {}).items():
        for key in fee:
            if key != "describes":
                yield f"fee {key}", ("fees", name, key)


def _judged(data: Mapping[str, Any]) -> Iterator[tuple[str, Loc]]:
    for name, judgment in data.get("judgments", {}).items():
        for answer, ruling in judgment.get("answers", {}).items():
            loc = ("judgments", name, "answers", answer)
            yield f"outcome {ruling['outcome']}", loc
            yield "kind judgment", loc
            if "releases" in ruling:
                yield "then releases", loc


_GROUPS = ["contract", "section"]


def _keys(data: Mapping[str, Any], group: str) -> Iterator[tuple[str, Loc]]:
    model = Clause if group == "section" else Contract
    known = {field.alias for field in model.model_fields.values()} - _UNSHOWN[group]
    for key in data:
        if key in known:
            yield f"{group} {key}", (key,)


def _leaves(data: Any, loc: Loc) -> Iterator[tuple[Loc, Any]]:
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _leaves(value, (*loc, key))
    else:
        yield loc, data


def _settings(data: Any, loc: Loc) -> Iterator[tuple[Loc, Any]]:
    if ".".join(str(part) for part in loc[1:]) in SETTINGS:
        yield loc, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _settings(value, (*loc, key))


_ENUMERATED = ("day-count", "calendar", "convention")
_DURATIONS = r"\b\d+ (?:calendar )?{}s?\b"
_SCHEDULES = {
    "every N months from DATE": r"^every \d+ months from",
    "every month on the DAY": r"^every month on the",
    "every DAY MONTH": r"^every \d+ (?!months)[A-Za-z]+",
}


def _words(loc: Loc, value: Any) -> Iterator[tuple[str, Loc]]:
    """What a single value shows: types, day counts, calendars, lengths of time, schedules."""
    text, key = str(value).lower() if isinstance(value, bool) else str(value), str(loc[-1])
    if key in ("says", "describes", "because", "asks", "phrase", "note", "text", "words"):
        return
    inside = loc[:1] in (("ledger",), ("fees",), ("terms",), ("business-days",)) or "set" in loc
    for group in _ENUMERATED:
        if inside and text in meanings()[group] and _fits(group, loc):
            yield f"{group} {text}", loc
    if key == "type" and text in meanings()["type"]:
        yield f"type {text}", loc
    if loc[0] == "terms" and key not in ("type", "source", "choices") and _inferred(text):
        yield f"type {_inferred(text)}", loc
    for primitive in _measures(text):
        yield primitive, loc


def _measures(text: str) -> Iterator[str]:
    """Lengths of time, schedules and roundings."""
    for name, unit in (("days", "day"), ("months", "month"), ("years", "year")):
        if re.search(_DURATIONS.format(unit), text):
            yield f"duration {name}"
    if re.search(r"\b\d+ business days?\b", text):
        yield "duration business days"
    schedule = next((n for n, pattern in _SCHEDULES.items() if re.search(pattern, text)), "")
    if schedule:
        yield from (f"schedule {schedule}", "type schedule")
    if found := re.match(r"(up|down|nearest) (to )?[\d./]+ ?%$", text):
        yield from (f"rounding {found[1]}", "type rounding")


def _fits(group: str, loc: Loc) -> bool:
    """Whether a word such as `none` stands where one of the group may stand."""
    where = ".".join(str(part) for part in loc)
    if group == "convention":
        return "convention" in where or loc[0] == "terms"
    return True


def _inferred(text: str) -> str:
    try:
        return infer_type(text)
    except ValueError:
        return ""


def _rule(rule: Mapping[str, Any], loc: Loc, names: Mapping[str, str]) -> Iterator[tuple[str, Loc]]:
    for key in rule:
        yield f"rule {key}", (*loc, key)
    then = rule.get("then", {})
    for key in then:
        yield f"then {key}", (*loc, "then", key)
    if "outcome" in then:
        yield f"outcome {then['outcome']}", (*loc, "then", "outcome")
    for part in ("when", "unless"):
        for alias, text in rule.get(part, {}).items():
            at = (*loc, part, alias)
            kinds, _condition = kinds_and_condition(" ".join(text.split()))
            if len(kinds) > 1:
                yield "operator or", at
            for kind in kinds:
                yield _kind(kind, names), at


def _kind(kind: str, names: Mapping[str, str]) -> str:
    if kind in told() or kind == "finding":
        return f"told {kind}"
    if kind.endswith("-lapsed") and names.get(kind.removesuffix("-lapsed")) == "RULE":
        return "told RULE-lapsed"
    return f"told {names[kind]}" if kind in names else f"kind {kind}"


# Expressions -------------------------------------------------------------------------------------

_THEN = ("about", "date", "amount", "until", "releases")


def _expressions(data: Mapping[str, Any]) -> Iterator[tuple[Loc, str]]:
    for name, rule in data.get("rules", {}).items():
        yield from _of_rule(rule, ("rules", name))
    for name, reading in data.get("readings", {}).items():
        for answer, part in reading.get("answers", {}).items():
            for term, text in part.get("set", {}).items():
                yield ("readings", name, "answers", answer, "set", term), str(text)
    for at, value in _leaves(data.get("ledger", {}), ("ledger",)):
        if at[-1] == "while" or _is_expression(str(value)):
            yield at, str(value)


def _of_rule(rule: Mapping[str, Any], loc: Loc) -> Iterator[tuple[Loc, str]]:
    for part in ("when", "unless"):
        for alias, text in rule.get(part, {}).items():
            yield (*loc, part, alias), kinds_and_condition(" ".join(text.split()))[1]
    for key, value in rule.get("then", {}).items():
        if key in _THEN:
            yield (*loc, "then", key), str(value)
        elif isinstance(value, dict):
            for inner, text in value.items():
                if inner not in ("in", "of"):
                    yield (*loc, "then", key, inner), str(text)
    for hole in re.findall(r"\{([^}]*)\}", rule.get("says", "")):
        yield (*loc, "says"), f"{{{hole}}}"


def _is_expression(text: str) -> bool:
    return bool(re.search(r"\b(lesser|greater)\(| of | [+-] ", text))


_OPERATORS = {
    "==": r"==", "!=": r"!=", "<=": r"<=", ">=": r">=", "<": r"<(?!=)", ">": r">(?!=)",
    "is": r"\bis (?!not\b|present\b|absent\b)", "is not": r"\bis not (?!present|absent)",
    "is present": r"\bis present\b", "is absent": r"\bis absent\b",
    "in": r"(?<!not) in [\w(]", "not in": r"\bnot in\b", "and": r"\band\b", "or": r"\bor\b",
    "not": r"\bnot (?!in\b)(?<!is not )", "( )": r"(?:^|[ (])\(", "+": r" \+ ", "-": r" - ",
    "of": r" of ", "lesser": r"\blesser\(", "greater": r"\bgreater\(",
    "alias.field": r"\b(?!power\.|balance\.)[a-z][\w-]*\.[a-z]", "today": r"\btoday\b",
    "power.NAME": r"\bpower\.", "{ }": r"^\{",
    **{name: rf"{re.escape(name)}(?![\w-])" for name in BALANCES},
}  # fmt: skip
_LITERALS = {
    "date": r"\b\d{4}-\d\d-\d\d\b", "rate": r"\d%", "ratio": r"\d to 1\b",
    "money": r"(?<![\d.])\d[\d,]*\.\d\d(?![\d%]| to )", "boolean": r"\b(true|false)\b",
    "number": r"(?<![\w.,-])\d+(?![\w.,%/-]| to| \w*\s?(?:day|month|year))", "text": r"'[^']*'",
}  # fmt: skip


def _spoken(text: str, loc: Loc) -> Iterator[tuple[str, Loc]]:
    """The operators and literals of an expression."""
    bare = re.sub(r"'[^']*'", "''", text)
    for name, pattern in _OPERATORS.items():
        if re.search(pattern, bare):
            yield f"operator {name}", loc
    for name, pattern in _LITERALS.items():
        if re.search(pattern, text):
            yield f"type {name}", loc
