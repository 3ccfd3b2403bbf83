"""Findings: what rules found, how it stands, and how it is told to other rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from checker.account import Occurrence
from checker.dates import Day
from checker.model import Value

SEVERITY = (
    "event-of-default",
    "breach",
    "needs-judgment",
    "needs-fact",
    "met-in-grace",
    "met",
    "information",
    "waived",
    "not-applicable",
)
"""Which outcome stands where one rule finds two about one thing."""

SETTLED = ("met", "met-in-grace", "waived", "not-applicable")


class Revision(NamedTuple):
    """A later word on a finding: a waiver, or a judgment."""

    rule: str
    date: Day
    outcome: str
    says: str
    facts: tuple[str, ...]


class Finding(NamedTuple):
    """What a rule found: the outcome as it stands, and everything that it rests on."""

    id: str
    rule: str
    clause: str
    about: str
    outcome: str
    against: str
    date: Day
    amount: int | None
    says: str
    quote: str
    facts: tuple[str, ...]
    working: Sequence[str]
    needs: tuple[str, ...]
    provisional: bool
    standing: bool
    revisions: tuple[Revision, ...] = ()

    def revised(self, revision: Revision) -> Finding:
        """The finding after a later word on it."""
        return self._replace(outcome=revision.outcome, revisions=(*self.revisions, revision))

    def merged(self, other: Finding) -> Finding:
        """Two matches of one rule about one thing, told as one finding."""
        amounts = [a for a in (self.amount, other.amount) if a is not None]
        return self._replace(
            outcome=min(self.outcome, other.outcome, key=SEVERITY.index),
            amount=sum(amounts) if amounts else None,
            says=self.says if self.says == other.says else f"{self.says} {other.says}",
            facts=tuple(dict.fromkeys((*self.facts, *other.facts))),
            working=(*self.working, *(w for w in other.working if w not in self.working)),
        )


def finding_occurrences(finding: Finding, first: Mapping[str, Value]) -> list[Occurrence]:
    """A finding as facts that other rules may look for: under its rule's name, and as a finding."""
    own: dict[str, Value] = {
        "id": finding.id,
        "about": finding.about,
        "rule": finding.rule,
        "clause": finding.clause,
        "date": finding.date,
        "outcome": finding.outcome,
        "against": finding.against,
    }
    if finding.amount is not None:
        own["amount"] = finding.amount
    facts, provisional = finding.facts, finding.provisional
    return [
        Occurrence(finding.rule, {**first, **own}, facts, (), provisional),
        Occurrence("finding", own, facts, (), provisional),
    ]


def is_finding(occurrence: Occurrence) -> bool:
    """Whether it tells a finding."""
    return "rule" in occurrence.values and "outcome" in occurrence.values
