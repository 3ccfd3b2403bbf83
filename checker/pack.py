"""A pack, checked and compiled: all that is particular to one kind of contract, as values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from checker import packfile
from checker.arrangement import COMPONENTS, moves_days
from checker.language import Circumstance, Naming, TermValue, Typed, fold, parse_literal
from checker.model import Kind, Vocabulary
from checker.rules import FieldTypes, Projections, Rule

POWER_STATES = ("not-arisen", "available", "lapsed", "undetermined")
OWN_WORDS = "in-own-words"
"""Stands for the question of a judgment that asks it in the decider's own words."""


@dataclass(frozen=True)
class Term:
    """A term of the contract: its type, its value at signing, and the words that fix it."""

    name: str
    type: str
    value: TermValue
    text: str
    choices: tuple[str, ...] = ()
    clause: str = ""
    words: tuple[str, ...] = ()
    source: str = ""
    describes: str = ""

    def parse(self, text: str, currency: str) -> TermValue:
        """A value for this term as a person writes it; ValueError where it cannot be one.

        Only what the contract leaves open may be `none`.
        """
        if text == "none" and self.type != "word" and self.value is None:
            return None
        value = parse_literal(text, self.type, currency)
        if self.choices and value not in self.choices:
            raise ValueError(f"'{text}' is none of: {', '.join(self.choices)}")
        return value


@dataclass(frozen=True)
class Question:
    """A reading: the phrase, and for each answer which terms it sets to which expression."""

    name: str
    clause: str
    phrase: str
    asks: str
    answers: Mapping[str, str]  # answer -> because
    sets: Mapping[str, Mapping[str, Typed]]  # answer -> term -> expression

    @property
    def default(self) -> str:
        """The first answer."""
        return next(iter(self.answers))


@dataclass(frozen=True)
class Power:
    """A party's power: what it arises on, what exercises it, and whether cure ends it."""

    id: str
    clause: str
    holder: str
    arises_on: tuple[str, ...]
    in_doubt_on: str  # the rule that finds that it cannot be said whether it arose
    survives_cure: Typed
    exercised_by: str
    says: str


@dataclass(frozen=True)
class State:
    """Something in force over time, and the expression for what it is at first."""

    name: str
    type: str
    starts: Typed
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Varying:
    """A setting that depends on state: the first value whose condition holds, else the last."""

    cases: tuple[tuple[Circumstance, Typed | tuple[str, ...] | None], ...]
    otherwise: Typed | tuple[str, ...] | None

    def under(self, naming: Naming) -> Typed | tuple[str, ...] | None:
        """What is chosen as things stand."""
        for condition, value in self.cases:
            if condition.holds(naming):
                return value
        return self.otherwise

    @property
    def names(self) -> frozenset[str]:
        """The terms and states that it asks for."""
        values = [value for _condition, value in self.cases] + [self.otherwise]
        asked = [value.names for value in values if isinstance(value, Typed)]
        return frozenset().union(*(condition.names for condition, _ in self.cases), *asked)

    @property
    def days(self) -> tuple[Typed, ...]:
        """The days on which, or after which, another value may be in force."""
        return tuple(day for condition, _value in self.cases for day in condition.days)


Chosen = Typed | tuple[str, ...] | Varying | None
"""What a pack chose for a setting."""


@dataclass(frozen=True)
class Charge:
    """A component of what is owed besides interest, principal and costs."""

    name: str
    clause: str
    describes: str
    fee: bool  # it accrues by the day


@dataclass(frozen=True)
class Occasion:
    """Days on which rules are asked, after a first day."""

    name: str
    clause: str
    on: Typed
    since: Typed
    describes: str


@dataclass(frozen=True)
class Counter:
    """How many findings were counted in the length of time that ends on a day."""

    name: str
    clause: str
    within: Typed
    describes: str


@dataclass(frozen=True)
class Register:
    """Who holds which share at first; the shares are 100% together."""

    name: str
    clause: str
    starts: Mapping[str, int]  # role or name -> ten-billionths
    describes: str


@dataclass(frozen=True)
class Tally:
    """What those who voted for something hold together, by a register."""

    name: str
    clause: str
    register: str
    describes: str


@dataclass(frozen=True)
class Supposition:
    """Principal brought up to a figure from a day: a case put beside a stated figure."""

    name: str
    says: str
    principal: Typed
    since: Typed


@dataclass(frozen=True)
class Manner:
    """To whom, where and in what funds payments are to be made."""

    clause: str
    to: str  # a party's role
    place: Typed
    funds: str  # the clause's own words


@dataclass(frozen=True)
class Claim:
    """Words of the document that something in the pack answers for."""

    clause: str
    phrase: str
    by: str  # "rule event-of-default", "term maturity", "unruled: because …"


@dataclass(frozen=True)
class ClauseText:
    """A clause's number, heading and words."""

    clause: str
    heading: str
    text: str
    slips: tuple[tuple[str, str], ...] = ()
    unruled: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Party:
    """A role's name at signing and the other names it goes by."""

    role: str
    name: str
    also: tuple[str, ...]
    described: str


@dataclass(frozen=True)
class Pack:
    """All that is particular to one kind of contract, checked and compiled."""

    name: str
    title: str
    currency: str
    business_days: str  # the calendar by which they are counted
    folder: str
    sha256: str
    note: str
    parties: Mapping[str, Party]
    kinds: Mapping[str, Kind]
    indices: Mapping[str, str]  # name -> what it is
    terms: Mapping[str, Term]
    questions: Mapping[str, Question]
    settings: Mapping[str, Chosen]
    volatile: frozenset[str]  # paths of the settings that depend on state
    charges: Mapping[str, Charge]
    occasions: Mapping[str, Occasion]
    counters: Mapping[str, Counter]
    registers: Mapping[str, Register]
    tallies: Mapping[str, Tally]
    states: Mapping[str, State]
    powers: Mapping[str, Power]
    payments: Manner | None
    judgments: Mapping[str, packfile.Judgment]
    suppositions: Mapping[str, Supposition]
    clauses: tuple[ClauseText, ...]
    claims: tuple[Claim, ...]
    rules: Mapping[str, Rule]
    standing: frozenset[str]  # ids of the rules that are asked at the close of the as-of day
    projections: Projections
    names: FieldTypes  # what rules may speak of besides the fields of facts
    fields: Mapping[str, FieldTypes]  # of every kind of fact that rules may look for
    falls_due: Mapping[str, str]  # component -> clause
    begins: Mapping[str, tuple[str, ...]]  # date term -> kinds refused before it

    @cached_property
    def components(self) -> tuple[str, ...]:
        """What obligations are of."""
        return (*COMPONENTS, *self.charges)

    @cached_property
    def order(self) -> dict[str, int]:
        """The rules' order of definition."""
        return {rule: number for number, rule in enumerate(self.rules)}

    @cached_property
    def aliases(self) -> dict[str, str]:
        """The other names of parties, folded, each with the party's own."""
        return {
            fold(name, "name"): fold(party.name, "name")
            for party in self.parties.values()
            for name in party.also
        }

    @cached_property
    def asked_of(self) -> dict[str, str]:
        """The terms on which readings bear, each with the question."""
        return {
            term: name
            for name, question in self.questions.items()
            for sets in question.sets.values()
            for term in sets
        }

    @cached_property
    def followers(self) -> dict[str, list[str]]:
        """The settings that follow states and powers alone, by the name of each that they follow.

        Party names are compared by who the parties are: what follows anything follows them too.
        """
        powers = {f"power.{name}" for name in self.powers}
        found: dict[str, list[str]] = {name: [] for name in (*self.states, *powers)}
        for path in sorted(self.volatile):
            chosen = self.settings[path]
            followed = chosen.names - set(self.terms) if isinstance(chosen, Typed | Varying) else ()
            if found.keys() >= set(followed):
                for name in {*followed, *self.parties}:
                    found[name].append(path)
        return found

    @cached_property
    def awaits(self) -> bool:
        """Whether any finding may be answered up to a last day, and lapses after that."""
        return any(rule.until is not None for rule in self.rules.values())

    @cached_property
    def followed(self) -> tuple[str, ...]:
        """The powers that any setting follows."""
        return tuple(name for name in self.powers if self.followers[f"power.{name}"])

    @cached_property
    def turning(self) -> tuple[Typed, ...]:
        """The days on which, or after which, a setting that asks for today may be another."""
        varying = [self.settings[path] for path in sorted(self.volatile)]
        return tuple(day for each in varying if isinstance(each, Varying) for day in each.days)

    @cached_property
    def restless(self) -> bool:
        """Whether the days on which something comes may move with more than terms."""
        varying = [self.settings[path] for path in self.volatile]
        unforeseen = any(
            isinstance(each, Typed | Varying)
            and "today" in each.names
            and not (isinstance(each, Varying) and each.days)
            for each in varying
        )
        by_terms = all(day.names <= self.terms.keys() for day in self.turning)
        return unforeseen or not by_terms or any(map(moves_days, self.volatile))

    @cached_property
    def by_account(self) -> frozenset[str]:
        """The settings that follow powers or balances, and so what is paid."""
        states = {*self.terms, *self.states, "today"}
        chosen = {path: self.settings[path] for path in self.volatile}
        return frozenset(
            path
            for path, each in chosen.items()
            if isinstance(each, Typed | Varying) and not each.names <= states
        )

    @cached_property
    def supporting(self) -> frozenset[str]:
        """The rules on whose findings powers hang."""
        powers = self.powers.values()
        return frozenset(rule for each in powers for rule in (*each.arises_on, each.in_doubt_on))

    def clause_of(self, component: str) -> str:
        """The clause by which amounts of a component fall due."""
        charge = self.charges.get(component)
        return self.falls_due.get(component, charge.clause if charge else "")

    def vocabulary(self, terms: Mapping[str, TermValue]) -> Vocabulary:
        """What facts may say under these values of the terms."""
        not_before = {
            kind: day
            for term, kinds in self.begins.items()
            for kind in kinds
            if isinstance(day := terms[term], int)
        }
        return Vocabulary(
            currency=self.currency,
            kinds=self.kinds,
            indices=frozenset(self.indices),
            components=frozenset([*self.components, "instalment", *self.occasions]),
            rules=frozenset(self.rules),
            terms={name: self._term_parser(term) for name, term in self.terms.items()},
            not_before=not_before,
            answers={name: frozenset(j.answers) for name, j in self.judgments.items()},
        )

    def _term_parser(self, term: Term) -> Callable[[str], object]:
        return lambda text: term.parse(text, self.currency)


def plain_words(text: str) -> str:
    """The text with every run of blanks folded to one."""
    return " ".join(text.split())


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The spans of the sentences of a text whose blanks are folded."""
    start = 0
    for end in re.finditer(r"(?<=[.;:])\s+(?=[\"A-Z])", text):
        if end.start() > start:
            yield start, end.start()
        start = end.end()
    if start < len(text):
        yield start, len(text)


def is_heading(words: str, heading: str) -> bool:
    """Whether a sentence is only a clause's number or heading: `4.`, `DEFAULT.`."""
    numbered = re.fullmatch(r"\d+\.|[A-Z .]+\.", words) is not None
    return numbered or words.rstrip(".:").casefold() == heading.casefold()


@dataclass(frozen=True)
class Unclaimed:
    """A sentence, or a stretch outside all clauses, that nothing in the pack answers for."""

    clause: str
    words: str


def unclaimed(pack: Pack) -> list[Unclaimed]:
    """The sentences of the document that no rule, term, reading or reason claims."""
    found = []
    for clause in pack.clauses:
        spans = [
            (m.start(), m.end())
            for claim in pack.claims
            if claim.clause == clause.clause
            for m in re.finditer(re.escape(claim.phrase), clause.text)
        ]
        for start, end in sentences(clause.text):
            words = clause.text[start:end]
            claimed = any(s < end and start < e for s, e in spans)
            if not claimed and not is_heading(words, clause.heading):
                found.append(Unclaimed(clause.clause, words))
    rest = plain_words(pack.note)
    for words in [c.text for c in pack.clauses] + [c.phrase for c in pack.claims if not c.clause]:
        rest = rest.replace(words, "\0", 1)
    found += [Unclaimed("", words.strip()) for words in rest.split("\0") if words.strip()]
    return found
