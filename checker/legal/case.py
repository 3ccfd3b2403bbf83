"""What every part of the report draws on: the evaluation, the questions asked, the numbering."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checker.findings import SEVERITY
from checker.inquiry import Inquiry
from checker.language import show
from checker.legal.citations import Citations
from checker.legal.history import History
from checker.legal.model import Span, Text, joined, text
from checker.legal.speaker import Speaker, cents
from checker.model import Fact, Field
from checker.report import BROKEN, OPEN

Data = Mapping[str, Any]

OUTCOMES = {
    "event-of-default": "Event of default",
    "breach": "Breach",
    "needs-judgment": "To be judged",
    "needs-fact": "A fact is missing",
    "waived": "Waived",
    "met-in-grace": "Met within the days of grace",
    "met": "Met",
    "not-applicable": "Not applicable",
    "information": "For information",
}
SERIOUS = (*BROKEN, *OPEN)
STATES = {
    "not-due": "not yet due",
    "due": "due",
    "paid": "paid when due",
    "paid-in-grace": "paid within grace",
    "defaulted": "unpaid, in default",
    "paid-after-default": "paid after default",
    "released": "released",
    "undetermined": "cannot be said yet",
}
MOST_RECORDS = 8
"""How many records are told behind a finding; of more, how many there are."""


@dataclass(frozen=True)
class Case:
    """One contract as it is reported: `readings` and `cure` are the answers to these questions."""

    inquiry: Inquiry
    speaker: Speaker
    readings: Data
    cure: Data
    history: History
    files: tuple[str, ...]  # the names of the files of facts
    command: str  # what reproduces the report

    @cached_property
    def report(self) -> Data:
        """The report as data."""
        return self.inquiry.report

    @cached_property
    def citations(self) -> Citations:
        """The clauses, ready to be cited."""
        return Citations(self.inquiry.pack)

    # Findings -------------------------------------------------------------------------------------

    @cached_property
    def by_clause(self) -> dict[str, list[Data]]:
        """The findings under every clause, the gravest first."""
        order = [clause.clause for clause in self.inquiry.pack.clauses]
        found: dict[str, list[Data]] = {clause: [] for clause in order}
        for finding in self.report["findings"]:
            found.setdefault(finding["clause"], []).append(finding)
        return {clause: sorted(rows, key=_grave) for clause, rows in found.items()}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of every finding, in the order in which the report tells them."""
        told = [finding["id"] for rows in self.by_clause.values() for finding in rows]
        return {id_: number for number, id_ in enumerate(told, start=1)}

    @cached_property
    def gravest(self) -> list[Data]:
        """The breaches and what is open, the most serious first."""
        found = [f for f in self.report["findings"] if f["outcome"] in SERIOUS]
        return sorted(found, key=_grave)

    def finding(self, id_: str) -> Span:
        """`Finding 3`, leading to it."""
        number = self.numbers.get(id_)
        if number is None:
            return self.speaker.code(id_)
        return Span(f"Finding {self.speaker.locale.count(number)}", "", f"finding-{number}")

    @cached_property
    def turns_on(self) -> dict[str, list[Data]]:
        """The readings on which each finding turns, asked alone."""
        return {f["id"]: f["depends_on"] for f in self.readings["findings"] if f["depends_on"]}

    # Records --------------------------------------------------------------------------------------

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """The records in force, by their ids."""
        return {fact.id: fact for fact in self.inquiry.result.facts}

    def said(self, fact: Fact) -> Text:
        """What a record says: its kind and its fields."""
        fields = self.inquiry.pack.kinds[fact.kind].fields
        values = dict(fact.values)
        head = fact.kind.replace("-", " ")
        if fields.get("amount") and "amount" in values:
            head += f" of {self.value(fields['amount'], values.pop('amount'))}"
        parts = [f"{_spoken(name)} {self.value(fields.get(name), v)}" for name, v in values.items()]
        return text(head, ": " if parts else "", "; ".join(parts))

    def value(self, field: Field | None, value: object) -> str:
        """The value of a record's field."""
        type_ = field.type if field else "text"
        if type_ in ("name", "text"):
            told = str(value)
            return self.speaker.name(told) if type_ == "name" else self.speaker.typed(told)
        if type_ in ("fact", "target"):
            return self.speaker.id(str(value))
        if type_ == "boolean":
            return "yes" if value else "no"
        return self.speaker.cell(show(value, type_))

    def records(self, ids: Iterable[str]) -> Text:
        """The records behind something, each with its day and what it says."""
        known = [self.facts[id_] for id_ in ids if id_ in self.facts]
        say = self.speaker
        told = [
            text(say.code(fact.id), f" ({say.short(fact.date)}, ", self.said(fact), ")")
            for fact in known[:MOST_RECORDS]
        ]
        more = len(known) - MOST_RECORDS
        return text(joined(told, "; "), f"; and {more} more" if more > 0 else "")

    def payer_words(self) -> str:
        """To whom, where and in what funds payments are to be made."""
        manner = self.cure["manner"]
        if manner is None:
            return ""
        say = self.speaker
        return (
            f"to {say.name(manner['to'])}, in {say.verbatim(manner['funds'])}, "
            f"at {say.name(manner['place'])} ({self.citations.cite(manner['clause'])})"
        )


def _grave(finding: Data) -> tuple[object, ...]:
    """Breaches before the rest, what continues before what is past, large before small."""
    amount = cents(finding["amount"]) if finding["amount"] else 0
    severity = SEVERITY.index(finding["outcome"])
    told = finding["outcome"] in SERIOUS
    return (severity, not finding["continuing"] if told else 0, -amount if told else 0,
            finding["date"], finding["id"])  # fmt: skip


def _spoken(name: str) -> str:
    return name.replace("_", " ").replace("-", " ")
