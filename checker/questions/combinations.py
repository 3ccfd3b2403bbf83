"""Every combination of answers: what of a report is so under which."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from operator import itemgetter
from typing import Any, NamedTuple

from checker.account import Obligation
from checker.dates import Day, iso, parse_day
from checker.findings import Finding
from checker.inquiry import Inquiry
from checker.ledger import Ledger
from checker.money import plain
from checker.questions.courses import Course
from checker.questions.diagrams import Assignment, Diagrams, Node
from checker.questions.open_account import OpenCharge
from checker.questions.together import Progress, Together
from checker.report import figures as balances
from checker.report import outcome
from checker.timeline import effective

Data = dict[str, Any]
Figures = dict[tuple[str, str], int | None]
"""Amounts in cents, by what they are of and their name; None where one cannot be figured."""

BALANCES = (
    "principal", "principal_due", "interest_due", "accrued_interest", "interest_credit",
    "costs_due", "total", "excess", "available_to_draw", "per_diem",
)  # fmt: skip
OWED = ("amount", "unpaid")
PARTS = ("interest", "principal", "prepaid", "accrued", "costs", "excess", "unapplied")
STANDS = ("due", "last_day", "amount", "unpaid", "state")


class Standing(NamedTuple):
    """What of a finding must be the same for it to be the same finding."""

    outcome: str
    date: Day
    amount: int | None  # in cents

    def told(self) -> Data:
        """The same as a report tells it."""
        return {"outcome": self.outcome, "date": iso(self.date), "amount": told(self.amount)}


@dataclass(frozen=True)
class Told:
    """What readings may move of a report: its outcome, findings, obligations and amounts."""

    outcome: str
    findings: Mapping[str, Standing]
    owed: Mapping[str, Data]
    figures: Figures

    @staticmethod
    def of(report: Mapping[str, Any]) -> Told:
        """The same of a report as it is."""
        return Told(
            report["outcome"],
            {found["id"]: stands(found) for found in report["findings"]},
            {row["id"]: {name: row[name] for name in STANDS} for row in report["obligations"]},
            figures(report),
        )


def figures(report: Mapping[str, Any]) -> Figures:
    """Every amount of a report that readings may move, by what it is of and its name."""
    found: Figures = {}
    for name in OWED:
        found |= {(row["id"], name): _cents(row[name]) for row in report["obligations"]}
    for row in report["payments"]:
        found |= {(row["fact"], name): _cents(row[name]) for name in PARTS}
    return found | {("balances", name): _cents(report["balances"][name]) for name in BALANCES}


def stands(finding: Mapping[str, Any]) -> Standing:
    """A finding of a report as it stands."""
    return Standing(finding["outcome"], parse_day(finding["date"]), _cents(finding["amount"]))


def count(inquiry: Inquiry) -> int:
    """How many combinations of answers the pack has."""
    return prod(len(question.answers) for question in inquiry.pack.questions.values())


def explored(inquiry: Inquiry, progress: Progress | None = None) -> Combinations:
    """All combinations, evaluated together."""
    questions = inquiry.pack.questions
    diagrams = Diagrams({name: tuple(q.answers) for name, q in questions.items()}, at_stake)
    together = Together(inquiry.pack, inquiry.engines, inquiry.choices, diagrams)
    facts = effective(inquiry.facts, inquiry.as_of, inquiry.known_on)
    together.run(facts, inquiry.as_of, progress)
    inquiry.meter.evaluations += together.lived
    return Combinations(together)


class Combinations:
    """What is so at the close of the day, as functions of the answers."""

    def __init__(self, together: Together) -> None:
        self.together, self.diagrams = together, together.diagrams
        self._partitions: dict[tuple[Node, ...], Node] = {}  # which part is where
        self._ordered: dict[tuple[Node, frozenset[Any]], list[list[tuple[int, str]]]] = {}
        self.powers = {name: self._power(name) for name in together.pack.powers}
        self._found = together.findings_at_close().parts
        self.findings = {
            id_: self._in_parts([(where, _standing(found)) for where, found in parts])
            for id_, parts in self._found.items()
        }

    def __enter__(self) -> Combinations:
        return self

    def __exit__(self, *_: object) -> None:
        self.together.close()

    def _power(self, name: str) -> Node:
        states = self.together.power(name)
        told = [(at, (state, None if day is None else iso(day))) for at, (state, day) in states]
        return self._function(told)

    @property
    def total(self) -> int:
        """How many combinations there are."""
        return prod(self.diagrams.counts)

    @cached_property
    def outcome(self) -> Node:
        """The outcome of the whole."""
        by_outcome: dict[str, Node] = {}
        for parts in self._found.values():
            for where, found in parts:
                before = by_outcome.get(found.outcome, self.diagrams.never)
                by_outcome[found.outcome] = self.diagrams.either(before, where)
        wholes = [(where, outcome([{"outcome": one}])) for one, where in by_outcome.items()]
        worst = ("undetermined", "breach")
        wholes.sort(key=lambda each: worst.index(each[1]) if each[1] in worst else -1)
        return self._function([(self.diagrams.always, outcome([])), *wholes])

    @cached_property
    def figures(self) -> dict[tuple[str, str], Node]:
        """Every amount."""
        together = self.together
        accounts = [
            (course.condition, _amounts(course.ledger, _everywhere(course)))
            for course in together.courses
        ]
        standing = [
            (where, {("balances", name): told[name] for name in BALANCES})
            for course in together.courses
            for where, told in together.at_close(course, balances)
        ]
        found = self._functions(accounts) | self._functions(standing)
        nothing = self.diagrams.leaf(None)
        for course in together.courses:
            for where, charge in course.charges():
                for key, amount in _amounts_owed([charge]).items():
                    value = self.diagrams.leaf(amount)
                    found[key] = self.diagrams.choose(where, value, found.get(key, nothing))
        return found

    def told(self, answers: Assignment) -> Told:
        """What is so under one combination."""
        pick, picked = self.diagrams.pick(answers), self.diagrams.picked
        all_ = ((id_, picked(node, pick)) for id_, node in self.findings.items())
        there = (one for one in all_ if one[1] is not None)
        findings = dict(sorted(there, key=lambda one: (one[1].date, one[0])))
        unsure = (id_ for id_, one in findings.items() if one.outcome == "needs-fact")
        doubtful = {self._found[id_][0][1].about for id_ in unsure}
        together = self.together

        def account(course: Course) -> tuple[dict[str, Data], Figures]:
            owed = [each for each in course.ledger.obligations.values() if each.stands]
            return _owed(owed, course.today, doubtful), _amounts(course.ledger, owed)

        owed, amounts = together.under(answers, account)
        at = (("balances", name) for name in BALANCES)
        amounts |= {key: picked(self.figures[key], pick) for key in at}
        whole = outcome([{"outcome": one.outcome} for one in findings.values()])
        return Told(whole, findings, owed, amounts)

    def _function(self, parts: Iterable[tuple[Node, Hashable]]) -> Node:
        """The function that has a value where a part is so: of the last, where several are."""
        node = self.diagrams.leaf(None)
        for where, value in parts:
            node = self.diagrams.choose(where, self.diagrams.leaf(value), node)
        return node

    def _in_parts(self, parts: Sequence[tuple[Node, Hashable]]) -> Node:
        """The same where no two parts are so at once; parts of many things are the same."""
        parts = sorted(parts, key=itemgetter(0))
        places = tuple(where for where, _value in parts)
        which = self._partitions.get(places)
        if which is None:
            numbered = [(where, ("part", at)) for at, where in enumerate(places)]
            which = self._partitions[places] = self._function(numbered)
        return self._of_part(which, [value for _where, value in parts])

    def _functions(self, parts: Sequence[tuple[Node, Figures]]) -> dict[tuple[str, str], Node]:
        """Functions that are told together, in parts that leave no combination out."""
        which = self._function([(where, ("part", at)) for at, (where, _told) in enumerate(parts)])
        made: dict[tuple[Hashable, ...], Node] = {}
        found = {}
        for key in dict.fromkeys(key for _where, told in parts for key in told):
            values = tuple(told.get(key) for _where, told in parts)
            if values not in made:
                alike = len(set(values)) == 1
                made[values] = (
                    self.diagrams.leaf(values[0]) if alike else self._of_part(which, values)
                )
            found[key] = made[values]
        return found

    def _of_part(self, which: Node, values: Sequence[Hashable]) -> Node:
        """The function that has for each part its value, and none where there is no part."""
        return self.diagrams.mapped(which, lambda part: None if part is None else values[part[1]])

    def asks(self, node: Node) -> list[str]:
        """The questions on which a function depends."""
        return self.diagrams.asks(node)

    def sizes(self, node: Node) -> dict[Any, int]:
        """How many combinations have each value; that of one's own answers comes first."""
        own = self.diagrams.at(node, self.together.reading.own)
        sizes = self.diagrams.sizes(node)
        return {own: sizes.pop(own), **sizes}

    def sets(self, node: Node, wanted: Iterable[Hashable]) -> list[dict[str, str]]:
        """The sets of answers, minimal by inclusion, that lead to one of these values."""
        of, questions = frozenset(wanted), self.diagrams.questions
        if (node, of) not in self._ordered:  # many a figure is the same function
            found = self.diagrams.smallest(self.diagrams.mapped(node, of.__contains__))
            self._ordered[node, of] = [sorted(each) for each in found]
        ordered = self._ordered[node, of]
        return [
            {questions[level]: answer for level, answer in each}
            for each in sorted(ordered, key=lambda each: (len(each), each))
        ]

    def widths(self, node: Node) -> dict[str, int]:
        """By how many cents at most one answer alone moves it, by the questions that matter."""
        widths = self.diagrams.widths(node)
        return {name: widths.get(name, 0) for name in self.asks(node)}


def _standing(finding: Finding) -> Standing:
    return Standing(finding.outcome, finding.date, finding.amount)


def _everywhere(course: Course) -> list[Obligation]:
    """What is owed under all combinations that are on a course."""
    return [each for each in course.ledger.obligations.values() if not isinstance(each, OpenCharge)]


def _amounts(ledger: Ledger, owed: Iterable[Obligation]) -> Figures:
    """The amounts of what is owed and of payments, as a report tells them."""
    found = _amounts_owed(owed)
    for split in ledger.splits:
        found |= {(split.fact, name): getattr(split, name) for name in PARTS}
    return found


def _amounts_owed(owed: Iterable[Obligation]) -> Figures:
    in_order = sorted(owed, key=lambda each: each.due)
    return {(each.id, name): getattr(each, name) for name in OWED for each in in_order}


def _owed(owed: Iterable[Obligation], day: int, doubtful: Iterable[str]) -> dict[str, Data]:
    """What is owed, as a report tells it."""
    found = {}
    for each in sorted(owed, key=lambda each: each.due):
        state = each.state(day)
        found[each.id] = {
            "due": iso(each.due),
            "last_day": iso(each.last_day),
            "amount": plain(each.amount),
            "unpaid": plain(each.unpaid),
            "state": "undetermined" if state == "defaulted" and each.id in doubtful else state,
        }
    return found


def told(amount: int | None) -> str | None:
    """An amount as a report tells it."""
    return None if amount is None else plain(amount)


def _cents(amount: str | None) -> int | None:
    return None if amount is None else int(amount.replace(".", ""))


def at_stake(value: Any) -> int:
    """The cents of a figure, or of a finding as it stands; none where there are none."""
    amount = value.amount if isinstance(value, Standing) else value
    return amount if isinstance(amount, int) else 0
