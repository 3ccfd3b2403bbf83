"""What the report rests on: parties, document, dates, records; what is provisional; the receipt."""

from __future__ import annotations

from collections.abc import Iterator

from checker.dates import iso
from checker.language import show
from checker.legal.case import Case
from checker.legal.model import Block, Column, Paragraph, Section, Span, Table, Text, text, told
from checker.legal.speaker import NOTHING
from checker.model import Fact
from checker.pack import Term
from checker.timeline import CORRECTION

LABELS = (Column("What", 32), Column("Which", 68))


def basis(case: Case) -> list[Section]:
    """Parties, document, dates, and the records with their sources."""
    return [
        Section(1, "2", "Parties, document, dates and records", "basis", ()),
        Section(2, "2.1", "The parties", "parties", (_parties(case),)),
        Section(2, "2.2", "The document", "document", tuple(_document(case))),
        Section(2, "2.3", "The days looked at", "dates", (_dates(case),)),
        Section(2, "2.4", "The records and their sources", "records", tuple(_records(case))),
    ]


def _parties(case: Case) -> Table:
    say, parties = case.speaker, case.inquiry.pack.parties
    rows = []
    for role, party in parties.items():
        now = case.report["parties"][role]
        rows.append((
            text(role.replace("-", " ").capitalize()),
            text(say.name(party.name), f", {party.described}" if party.described else ""),
            text("the same" if now == party.name else say.name(now)),
        ))  # fmt: skip
    columns = (Column("Role", 18), Column("At signing", 47), Column("On the day looked at", 35))
    caption = "The parties, at signing and on the day looked at"
    return Table(caption, columns, tuple(rows), quiet=True)


def _document(case: Case) -> Iterator[Block]:
    pack, report, say = case.inquiry.pack, case.report, case.speaker
    rows: list[tuple[str, Text]] = [
        ("Title", text(say.prose(pack.title))),
        ("Rules used", text(say.code(pack.name))),
        ("Currency", text(f"{pack.currency}; every amount in this report is in it")),
    ]
    if report["contract"] != pack.name:
        rows.insert(1, ("Contract", text(say.typed(report["contract"]))))
    rows += [
        ("External rate", text(say.code(name), f": {words}"))
        for name, words in pack.indices.items()
    ]
    yield _labelled("The document", rows)
    terms = [term for term in pack.terms.values() if _matters(case, term)]
    if terms:
        yield _terms(case, terms)
    if report["amendments"]:
        yield _amendments(case)


def _labelled(caption: str, rows: list[tuple[str, Text]]) -> Table:
    named = tuple((text(label), value) for label, value in rows)
    return Table(caption, LABELS, named, bare=True, quiet=True)


def _matters(case: Case, term: Term) -> bool:
    """Whether a term is told: words of the contract fix it, or somebody set it otherwise."""
    amended = {amended.term for amended in case.inquiry.result.evaluation.terms.history}
    return bool(term.words) or term.name in amended or term.name in case.inquiry.choices.terms


def _terms(case: Case, terms: list[Term]) -> Table:
    say, values = case.speaker, case.inquiry.result.evaluation.terms.values
    rows = []
    for term in terms:
        now = show(values[term.name], term.type)
        signed = show(term.value, term.type)
        cite = case.citations.cite(term.clause, term.words[0] if term.words else "")
        changed = text(f"at signing {say.cell(signed)}") if now != signed else ()
        about = " ".join(
            part for part in (say.prose(term.describes), say.prose(term.source)) if part
        )
        rows.append((
            say.code(term.name), text(say.cell(now)), text(cite),
            text(changed, "; " if changed and about else "", about),
        ))  # fmt: skip
    columns = (
        Column("Term", 24, code=True), Column("Value in force", 26), Column("Fixed by", 26),
        Column("Remark", 24),
    )  # fmt: skip
    cells = tuple(tuple(text(cell) for cell in row) for row in rows)
    return told(Table("The terms that the words fix", columns, cells))


def _amendments(case: Case) -> Table:
    say = case.speaker
    rows = tuple(
        (
            text(say.short(row["from"])), text(say.code(row["term"])),
            text(say.cell(row["before"])), text(say.cell(row["value"])),
            text(say.typed(row["document"])),
        )
        for row in case.report["amendments"]
    )  # fmt: skip
    columns = (
        Column("From", 15), Column("Term", 20), Column("Before", 17), Column("Since then", 17),
        Column("By", 31),
    )  # fmt: skip
    return Table("Amendments that took effect", columns, rows)


def _dates(case: Case) -> Table:
    say, report, facts = case.speaker, case.report, case.inquiry.result.facts
    known = report["known_on"]
    rows = [
        ("Looked at", text(f"the close of {say.day(report['as_of'])}")),
        (
            "As known",
            text(f"on {say.day(known)}; what was recorded later is left out" if known else
                 "by all records given"),
        ),
    ]  # fmt: skip
    if facts:
        first, last = min(f.date for f in facts), max(f.date for f in facts)
        rows.append(("Records", text(f"from {say.day(first)} to {say.day(last)}")))
    return _labelled("The days looked at", rows)


def _records(case: Case) -> Iterator[Block]:
    say, facts = case.speaker, case.inquiry.result.facts
    names = [Span(say.id(name), "code") for name in case.files]
    files = text(*(part for name in names for part in (name, ", ")))[:-1]
    count = f"{say.locale.count(len(facts))} record{'s' if len(facts) != 1 else ''} in force, from "
    held = " Amounts, names and what people wrote are hidden." if say.hides else ""
    yield Paragraph(text(count, files, ".", held))
    rows = tuple(_record(case, fact) for fact in facts)
    columns = (
        Column("Record", 15, code=True), Column("Date", 16), Column("What it says", 40),
        Column("Source", 29),
    )  # fmt: skip
    if rows:
        caption = "The records in force, in the order of their days"
        yield told(Table(caption, columns, rows, quiet=True))


def _record(case: Case, fact: Fact) -> tuple[Text, ...]:
    say = case.speaker
    late = f" (recorded {say.short(fact.recorded)})" if fact.recorded != fact.date else ""
    return (
        text(say.code(fact.id)), text(say.short(fact.date), late), case.said(fact),
        text(say.typed(fact.source) if fact.source else ""),
    )  # fmt: skip


# What is not final -------------------------------------------------------------------------------


def marks(case: Case) -> Section:
    """What was known when, and which figures are provisional."""
    blocks: list[Block] = [*_known(case), *_provisional(case)]
    return Section(1, "12", "What was known, and what is provisional", "marks", tuple(blocks))


def _known(case: Case) -> Iterator[Block]:
    say, known = case.speaker, case.inquiry.known_on
    if known is not None:
        kept = sum(fact.recorded > known for fact in case.inquiry.facts)
        yield Paragraph(text(
            f"The report tells what was known on {say.day(known)}: "
            f"{say.locale.count(kept)} record{'s' if kept != 1 else ''} of a later day "
            f"{'are' if kept != 1 else 'is'} left out."
        ))  # fmt: skip
    else:
        yield Paragraph(text("The report rests on all records given, whenever they were recorded."))
    rows = [
        (text(say.code(fact.id)), text(say.short(fact.date)), text(say.short(fact.recorded)))
        for fact in case.inquiry.result.facts
        if fact.recorded > fact.date
    ]
    columns = (Column("Record", 40, code=True), Column("Happened", 30), Column("Recorded", 30))
    if rows:
        yield Table("Records made after the day they tell of", columns, tuple(rows))
    corrections = [
        fact
        for fact in case.inquiry.facts
        if fact.kind == CORRECTION
        and (fact.date <= case.inquiry.as_of if known is None else fact.recorded <= known)
    ]
    if corrections:
        yield _corrections(case, corrections)


def _corrections(case: Case, corrections: list[Fact]) -> Table:
    say = case.speaker
    rows = []
    for fact in corrections:
        taken_back = fact.values.get("void") is True
        fields = {name: v for name, v in fact.values.items() if name not in ("of", "void")}
        names = ", ".join(name.replace("_", " ") for name in fields)
        rows.append((
            text(say.code(fact.id)), text(say.short(fact.recorded)),
            text(say.code(str(fact.values["of"]))),
            text("takes it back" if taken_back else f"replaces {names}"),
        ))  # fmt: skip
    columns = (
        Column("Correction", 22, code=True), Column("Recorded", 20), Column("Of", 26, code=True),
        Column("What it does", 32),
    )  # fmt: skip
    return Table("Corrections of records", columns, tuple(rows))


def _provisional(case: Case) -> Iterator[Block]:
    say, report = case.speaker, case.report
    periods = [p for p in report["periods"] if p["provisional"]]
    payments = [p for p in report["payments"] if p["provisional"]]
    findings = [f for f in report["findings"] if f["provisional"]]
    if not (periods or payments or findings):
        yield Paragraph(text("No figure is provisional."))
        return
    yield Paragraph(text(
        "A figure is provisional while the rate of its interest period is not determined: it "
        "stands at the latest value observed, and is figured anew when the rate is determined."
    ))  # fmt: skip
    for period in periods:
        yield Paragraph(
            text(f"The interest from {say.day(period['from'])} is provisional."), "item"
        )
    for label, rows in (
        ("Payments split by a provisional figure: ", [say.code(p["fact"]) for p in payments]),
        ("Findings that rest on one: ", [case.finding(f["id"]) for f in findings]),
    ):
        if rows:
            listed = [part for row in rows[:24] for part in (row, Span(", "))][:-1]
            more = f" and {say.locale.count(len(rows) - 24)} more" if len(rows) > 24 else ""
            yield Paragraph(text(label, *listed, f"{more}."), "item")


# The receipt -------------------------------------------------------------------------------------


def receipt(case: Case) -> Section:
    """Versions and hashes, how the contract was read, and the command that makes the report."""
    say, report = case.speaker, case.report
    receipt_ = report["receipt"]
    asserted, matches = (say.locale.count(receipt_[n]) for n in ("facts_asserted", "matches"))
    rows: list[tuple[str, Text]] = [
        ("Checker", text(receipt_["checker"])),
        ("Rule engine", text(receipt_["engine"])),
        ("Facts asserted, rules matched", text(f"{asserted}, {matches}")),
    ]
    for label, key in (
        ("Rules, SHA-256", "pack_sha256"),
        ("Records in force, SHA-256", "facts_sha256"),
    ):
        hidden = "held back: whoever guesses an amount could try it against the hash"
        rows.append((label, text(hidden if say.hides else Span(receipt_[key], "code"))))
    read = ", ".join(f"{question}={answer}" for question, answer in report["readings"].items())
    rows.append(("Read with", text(Span(read or NOTHING, "code"))))
    if report["terms"]:
        terms = ", ".join(f"{name}={value}" for name, value in report["terms"].items())
        rows.append(("Terms set by the user", text(Span(say.cell(terms), "code"))))
    rows.append(("The command that made it", text(Span(case.command, "code"))))
    words = "The same records, rules and version give the same report, byte for byte."
    blocks = (_labelled("What made this report", rows), Paragraph(text(words), "note"))
    return Section(1, "13", "Receipt", "receipt", blocks)


def last_day(case: Case) -> str:
    """The ISO date that the documents bear as theirs: nothing else is later in them."""
    return iso(case.inquiry.as_of)
