"""Builds the report: every part from one evaluation and the questions asked of it."""

from __future__ import annotations

from checker.legal.answer import answer
from checker.legal.basis import basis, last_day, marks, receipt
from checker.legal.case import Case
from checker.legal.clauses import clauses
from checker.legal.figures import interest, obligations, payments
from checker.legal.model import Report, Section, Text, mapped, text
from checker.legal.open_points import open_points, powers, readings, slips, unruled

DISCLAIMER = (
    "A reading of the contract by rules, made by software for a person to review. "
    "It is not legal advice."
)


def build(case: Case) -> Report:
    """Everything that the report says; where amounts and names are hidden, none is in it."""
    report = Report(
        title=f"Review of the {case.speaker.prose(case.inquiry.pack.title)}",
        subtitle=f"At the close of {case.speaker.day(case.report['as_of'])}",
        details=tuple(_details(case)),
        disclaimer=DISCLAIMER,
        foot=f"{case.speaker.prose(case.inquiry.pack.title)}, "
        f"at the close of {case.speaker.day(case.report['as_of'])}",
        paper=case.speaker.locale.paper,
        made_on=last_day(case),
        sections=tuple(_sections(case)),
        redacted=case.speaker.hides,
    )
    hiding = case.speaker.hiding
    # Each part has hidden what it says already; names that slipped through do not pass here.
    return mapped(report, hiding.names) if hiding else report


def _sections(case: Case) -> list[Section]:
    return [
        answer(case),
        *basis(case),
        *clauses(case),
        obligations(case),
        *interest(case),
        payments(case),
        readings(case),
        powers(case),
        *open_points(case),
        slips(case),
        unruled(case),
        marks(case),
        receipt(case),
    ]


def _details(case: Case) -> list[tuple[str, Text]]:
    say, report = case.speaker, case.report
    parties = [
        f"{say.name(name)} ({role.replace('-', ' ')})" for role, name in report["parties"].items()
    ]
    found = [("Parties", text("; ".join(parties)))]
    if report["contract"] != report["pack"]:
        found.append(("Contract", text(say.typed(report["contract"]))))
    if report["known_on"]:
        found.append(("As known", text(f"on {say.day(report['known_on'])}")))
    if say.hides:
        found.append(("Hidden", text("amounts, names, and what people wrote in the records")))
    return found
