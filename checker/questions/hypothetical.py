"""Facts that are only supposed: their ids, when they count as known, and words for a split."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from checker.dates import Day, iso
from checker.inquiry import Inquiry
from checker.model import Fact, Place, Value
from checker.pack import Pack
from checker.rules import Rule
from checker.timeline import effective

Data = Mapping[str, Any]

_BOOKED = "applied_"
"""Begins the fields of a split as somebody booked it: a rule that asks for them says how it is."""

_OPS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def supposed(
    facts: Sequence[Fact], kind: str, day: Day, values: Mapping[str, Value], place: Place, name: str
) -> Fact:
    """A fact that nobody recorded; its id is `name` with its day, or the next that is free."""
    taken = {fact.id for fact in facts}
    wanted = f"{name}-{iso(day)}"
    free, number = wanted, 1
    while free in taken:
        number += 1
        free = f"{wanted}-{number}"
    contract = next((fact.contract for fact in facts if fact.contract), "")
    return Fact(free, kind, day, day, len(facts), values, contract, place=place)


def known(fact: Fact, known_on: Day | None) -> Fact:
    """What is supposed counts as known, whatever day one asks about."""
    if known_on is None or fact.recorded <= known_on:
        return fact
    return replace(fact, recorded=known_on)


def standing(inquiry: Inquiry) -> Inquiry:
    """The same, with the facts in force on its day alone: seen on a later day nothing is added."""
    return inquiry.with_facts(effective(inquiry.facts, inquiry.as_of, inquiry.known_on))


def row(report: Data, payment: str) -> Data | None:
    """How a payment was applied; None where it is not among the facts in force."""
    return next((p for p in report["payments"] if p["fact"] == payment), None)


# The words that require a split ------------------------------------------------------------------


def words_of(pack: Pack, report: Data, payment: Data) -> list[dict[str, str]]:
    """The clauses' words by which a payment is applied so, each once, in the order of clauses.

    Those of the findings about its split, of the rules that compare a booked split with it, and
    of what it discharged.
    """
    found = [*_of_findings(pack, report, payment), *_of_rules(pack, payment)]
    order = {clause.clause: at for at, clause in enumerate(pack.clauses)}
    unique = dict.fromkeys(found)
    shorter = [one for one in unique if not _within(one, unique)]
    return [
        {"clause": clause, "words": words}
        for clause, words in sorted(shorter, key=lambda one: order.get(one[0], len(order)))
    ]


def _within(one: tuple[str, str], others: Iterable[tuple[str, str]]) -> bool:
    """Whether longer words of the same clause hold these."""
    return any(one != other and one[0] == other[0] and one[1] in other[1] for other in others)


def _of_findings(pack: Pack, report: Data, payment: Data) -> Iterator[tuple[str, str]]:
    splitting = {rule.under for rule in pack.rules.values() if "allocation" in rule.kinds}
    discharged = {
        o["id"] for o in report["obligations"] if payment["fact"] in _payers(report, o["id"])
    }
    for finding in report["findings"]:
        if finding["outcome"] not in ("information", "met") or not finding["quote"]:
            continue
        of_split = finding["rule"] in splitting and finding["id"].endswith(f"/{payment['fact']}")
        owed = str(finding["obligation"]).partition("/")[0]
        fell_due = finding["obligation"] in discharged and finding["clause"] == pack.clause_of(owed)
        if of_split or fell_due:
            yield finding["clause"], finding["quote"]


def _payers(report: Data, obligation: str) -> set[str]:
    """The records named by what was found about an obligation."""
    found = [f["facts"] for f in report["findings"] if f["obligation"] == obligation]
    return {fact for facts in found for fact in facts}


def _of_rules(pack: Pack, payment: Data) -> Iterator[tuple[str, str]]:
    """The words of the rules that a wrong booking of this very split would break."""
    figures = {
        name: _cents(payment[name])
        for name in ("interest", "principal", "accrued", "prepaid", "costs", "excess", "unapplied")
    }
    figures["prepayment"] = figures["accrued"] + figures["prepaid"]
    for rule in pack.rules.values():
        if rule.quote and _compares_with_booked(rule, figures):
            yield rule.clause, rule.quote


def _compares_with_booked(rule: Rule, figures: Mapping[str, int]) -> bool:
    for each in rule.patterns:
        tests = [test for pattern in each.patterns for test in pattern.tests]
        asked = [test for test in tests if _BOOKED in test.field]
        others = [test for test in tests if _BOOKED not in test.field]
        if asked and all(
            test.field in figures
            and isinstance(test.value, int)
            and _OPS[test.op](figures[test.field], test.value)
            for test in others
        ):
            return True
    return False


def _cents(text: str) -> int:
    return int(text.replace(".", ""))
