"""What the lints look at: a pack that loads, its files with their places, and what names mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from checker import packfile
from checker.desk import Desk, File
from checker.lint.conditions import Known, Reader
from checker.model import Place, Problem
from checker.pack import POWER_STATES, Pack
from checker.rulebook import derived_kinds
from checker.rules import Rule, kinds_and_condition
from checker.source import Source, load_yaml, read_source

SIGNED = frozenset(
    {("drawing", "room"), ("reconciliation", "difference"), ("reconciliation", "interest"),
     ("reconciliation", "figured"), ("period", "interest")}
)  # fmt: skip
"""Amounts that the ledger tells and that may be less than nothing: kinds and their fields."""
CERTAIN = frozenset({"id", "date", "recorded", "kind"})
"""Fields that every given fact has."""
PROSE = frozenset(
    {"text", "heading", "words", "phrase", "because", "describes", "described", "asks", "note",
     "source", "title", "name", "also"}
)  # fmt: skip
"""Keys under which people are spoken to, and nothing is named."""
HOLED = frozenset({"says", "needs"})
"""Keys of sentences: what is named in them stands in braces."""

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Lint:
    """One thing that is looked for: what it finds, why that matters, and how it is mended."""

    id: str
    severity: str  # error or warning
    finds: str
    why: str
    mend: str
    bad: str  # parts of a pack's files, in YAML
    good: str


@cache
def lints() -> dict[str, Lint]:
    """All lints by their ids, in the order in which they are explained."""
    data = load_yaml(read_source(Path(__file__).with_name("lints.yaml"))).data
    return {
        name: Lint(name, **{key: str(value).strip() for key, value in part.items()})
        for name, part in data.items()
    }


@dataclass(frozen=True)
class Flaw:
    """Something that a lint found, and where."""

    id: str
    place: Place
    message: str
    refused: bool = False  # nothing can be evaluated, or run, for it

    @property
    def lint(self) -> Lint:
        """What is known of it in general."""
        return lints()[self.id]

    @property
    def severity(self) -> str:
        """`error` or `warning`."""
        return self.lint.severity


def refused(problem: Problem, lint: str = "load") -> Flaw:
    """A problem of what could not be read, as a finding."""
    hint = f" ({problem.hint})" if problem.hint else ""
    return Flaw(lint, problem.place, problem.message + hint, refused=True)


@dataclass(frozen=True)
class Written:
    """A rule as it is written, beside what was made of it."""

    rule: Rule
    part: packfile.RulePart
    file: File

    @property
    def patterns(self) -> dict[str, str]:
        """Its patterns by their aliases."""
        return self.part.when

    def place(self, *path: str | int) -> Place:
        """The place of a part of it; without a path, of its name."""
        at: Path_ = ("rules", self.rule.id)
        return self.file.place(*at, *path) if path else self.file.document.keys[at]


class Bench:
    """A pack and its files; it also tells what names mean in conditions."""

    def __init__(self, pack: Pack) -> None:
        self.pack, self.currency = pack, pack.currency
        folder = Path(pack.folder)
        self.note: Source = read_source(folder / "note.txt")
        self.contract_document = load_yaml(read_source(folder / "contract.yaml"))
        self.contract = packfile.Contract.model_validate(self.contract_document.data)
        self.files = [_file(path) for path in clause_paths(folder)]
        self.desk = Desk(files=self.files)
        self.by_clause = {file.clause.clause: file for file in self.files}

    @cached_property
    def rules(self) -> dict[str, Written]:
        """The rules that the clauses write out, in their order."""
        return {
            name: Written(self.pack.rules[name], part, file)
            for file in self.files
            for name, part in file.clause.rules.items()
        }

    @cached_property
    def looked_for(self) -> frozenset[str]:
        """The kinds of fact that rules look for."""
        return frozenset(kind for w in self.rules.values() for kind in w.rule.kinds)

    def reader(self, rule: Rule) -> Reader:
        """Reads the patterns of a rule, its aliases told by their own names."""
        return Reader(self, rule.aliases, {alias: alias for alias in rule.aliases})

    # What names mean ------------------------------------------------------------------------------

    def field(self, kind: str, name: str) -> Known | None:
        """A field of a kind of fact; a finding has those of what its rule first looked for."""
        found = self.pack.fields.get(kind, {}).get(name)
        if found is None:
            return None
        type_, choices = found
        among = self._outcomes(kind) if name == "outcome" and self._is_finding(kind) else ()
        given = self.pack.kinds.get(kind)
        always = given is not None and (
            name in CERTAIN or (name in given.fields and given.fields[name].required)
        )
        least = self._least(kind, name, ()) if type_ == "money" else None
        return Known(type_, choices, among, least, always)

    def name(self, name: str) -> Known | None:
        """A term, a state, a power's state, or the day."""
        if name in self.pack.terms:
            return Known(self.pack.terms[name].type, self.pack.terms[name].choices)
        if name in self.pack.states:
            state = self.pack.states[name]
            return Known(state.type, state.choices)
        if name.startswith("power.") and name[6:] in self.pack.powers:
            return Known("word", POWER_STATES)
        return Known("date") if name == "today" else None

    def _is_finding(self, kind: str) -> bool:
        return kind == "finding" or kind in self.rules

    def _least(self, kind: str, name: str, trail: tuple[str, ...]) -> int | None:
        """The least amount that a field ever holds, in cents; None where that is not known."""
        given = self.pack.kinds.get(kind)
        if given is not None and name in given.fields:
            return 1 if given.fields[name].positive else 0
        if kind in derived_kinds():
            return None if (kind, name) in SIGNED else 0
        if kind in self.rules and kind not in trail and name != "amount":
            first = next(iter(self.rules[kind].patterns.values()))
            least = [
                self._least(k, name, (*trail, kind))
                for k in kinds_and_condition(first)[0]
                if name in self.pack.fields.get(k, {})
            ]
            known = [each for each in least if each is not None]
            return min(known) if known and len(known) == len(least) else None
        return None

    def _outcomes(self, kind: str) -> tuple[str, ...]:
        """The outcomes that findings of a rule may have, from the first or since a later word."""
        if kind == "finding":
            return tuple(sorted({rule.outcome for rule in self.pack.rules.values()}))
        return tuple(sorted(self.outcomes_of(kind)))

    def outcomes_of(self, name: str) -> set[str]:
        """The outcomes of the rules that tell findings of this name, and of those that revise."""
        return {
            rule.outcome
            for rule in self.pack.rules.values()
            if (rule.under == name and not rule.revises)
            or (rule.revises and {name, "finding"} & set(rule.aliases.get(rule.revises, ())))
        }

    # What the files name --------------------------------------------------------------------------

    @cached_property
    def named(self) -> set[str]:
        """Every word that stands where something is named: in conditions, settings, conclusions."""
        return self._named_in(*packfile.Clause.model_fields)

    @cached_property
    def named_by_rules(self) -> set[str]:
        """The words that rules name, and the tallies that they vote in."""
        return self._named_in("rules", "tallies")

    def _named_in(self, *fields: str) -> set[str]:
        sections = {field.replace("_", "-") for field in fields}
        return {
            word
            for file in self.files
            for section, data in file.document.data.items()
            if section in sections
            for word in _named(data, section, section)
        }


def clause_paths(folder: Path) -> list[Path]:
    """The files of the clauses."""
    return [path for path in sorted(folder.glob("*.yaml")) if packfile.is_clause(path.name)]


def _file(path: Path) -> File:
    document = load_yaml(read_source(path))
    return File(document, packfile.Clause.model_validate(document.data))


_WORD = re.compile(r"[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)*")
_HOLE = re.compile(r"\{([^{}]*)\}")
_FIGURE = re.compile(r"\b\d[\w.,/%-]*(?: (?:calendar |business )?(?:day|month|year)s?\b)?")


def _named(data: Any, key: str, section: str) -> Iterator[str]:
    """The words of a part of a file that may name something.

    Names stand in values; in a register's `starts` they are keys.
    """
    if key in PROSE or section == "terms":  # a term's own value names nothing
        return
    if isinstance(data, dict):
        for inner, value in data.items():
            if section == "registers" and key == "starts":
                yield inner
            yield from _named(value, inner, section)
    elif isinstance(data, list):
        for value in data:
            yield from _named(value, key, section)
    elif isinstance(data, str):
        texts = _HOLE.findall(data) if key in HOLED else [data]
        for text in texts:
            yield from _WORD.findall(_FIGURE.sub(" ", text))
