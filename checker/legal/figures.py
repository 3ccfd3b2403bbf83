"""Obligations, the calculation of interest, and payments: tables that a calculator redoes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checker.accrual import Period, Stretch
from checker.dates import parse_day
from checker.legal import pictures
from checker.legal.case import STATES, Case, Data
from checker.legal.model import Block, Column, Paragraph, Picture, Section, Table, Text, text, told
from checker.legal.speaker import NOTHING

MOST_WORKINGS = 40
"""Of how many payments the arithmetic is told line by line; the JSON report holds all of it."""


# Obligations -------------------------------------------------------------------------------------


def obligations(case: Case) -> Section:
    """What fell due, by when it was to be paid, and what became of it."""
    rows = case.report["obligations"]
    blocks: list[Block] = []
    if rows:
        blocks += [_timeline(case), _obligations(case, rows)]
    else:
        blocks.append(Paragraph(text("Nothing has fallen due.")))
    return Section(1, "4", "Obligations", "obligations", tuple(blocks))


def _timeline(case: Case) -> Picture:
    rows, say = case.report["obligations"], case.speaker
    drawn = pictures.told_of(rows)
    late = sum(row["state"] in ("defaulted", "paid-after-default") for row in drawn)
    unpaid = sum(row["unpaid"] != "0.00" for row in drawn)
    some = (
        f"{len(drawn)} of {say.locale.count(len(rows))} obligations are drawn"
        if len(drawn) < len(rows)
        else f"{len(drawn)} obligation{'s are' if len(drawn) != 1 else ' is'} drawn"
    )
    description = (
        f"{some}, a line each, from the day it fell due to the day it was paid in full; "
        f"{late} went into default, {unpaid} unpaid on {say.day(case.report['as_of'])}. "
        f"The table beneath holds the same days."
    )  # fmt: skip
    svg, height = pictures.timeline(drawn, case.inquiry.as_of, say, description)
    title = "When obligations fell due, and when they were met"
    return Picture("timeline", title, description, svg, pictures.WIDTH, height)


def _obligations(case: Case, rows: Sequence[Data]) -> Table:
    say = case.speaker
    cells = tuple(
        (
            text(say.code(row["id"])),
            text(case.citations.cite(row["clause"])),
            text(say.short(row["due"]), _payable(case, row)),
            text(say.short(row["last_day"])),
            text(say.money(row["amount"])),
            text(say.money(row["unpaid"])),
            text(say.short(row["paid_on"])),
            text(
                STATES.get(row["state"], str(row["state"])), ", in grace" if row["in_grace"] else ""
            ),
        )
        for row in rows
    )
    columns = (
        Column("Obligation", 19, code=True), Column("Clause", 9), Column("Due", 12),
        Column("Last day", 12), Column("Amount", 14, figures=True),
        Column("Unpaid", 14, figures=True), Column("Paid on", 12), Column("State", 12),
    )  # fmt: skip
    caption = "Obligations, in the order in which they fell due"
    return Table(caption, columns, cells)


def _payable(case: Case, row: Data) -> str:
    if row["payable"] == row["due"]:
        return ""
    return f" (payable {case.speaker.short(row['payable'])})"


# Interest ----------------------------------------------------------------------------------------


def interest(case: Case) -> list[Section]:
    """Period by period, and within each the days of one balance and one rate."""
    accrual = case.inquiry.result.evaluation.ledger.accrual
    periods = [*accrual.closed, accrual.as_if_closed(case.inquiry.as_of)]
    blocks: list[Block] = [
        Paragraph(text(
            "Interest is balance × rate × days ÷ days of the year, summed over each period and "
            "rounded once, half up, to the cent. A stretch runs from its first day to the day on "
            "which something changed, that day not counted."
        )),
        *_owed(case),
        _periods(case),
    ]  # fmt: skip
    found = [Section(1, "5", "The calculation of interest", "interest", tuple(blocks))]
    for number, (row, period) in enumerate(
        zip(case.report["periods"], periods, strict=True), start=1
    ):
        found.append(_period(case, row, period, number))
    return found


def _owed(case: Case) -> Iterator[Block]:
    """The picture of what was owed, with its data; hidden amounts are not drawn to scale."""
    say, points = case.speaker, case.history.points
    if say.hides:
        words = "The picture of what was owed is left out: its heights would tell the amounts."
        yield Paragraph(text(words), "note")
        return
    if len(points) < 2 or not any(point.principal or point.interest for point in points):
        return
    report = case.report
    marks = pictures.Marks(
        advances=[f.date for f in case.inquiry.result.facts if f.kind == "advance"],
        payments=[parse_day(row["date"]) for row in report["payments"]],
        obligations=report["obligations"],
        defaults=[
            parse_day(found["date"]) for found in report["findings"]
            if found["outcome"] == "event-of-default"
        ],
    )  # fmt: skip
    most = max(points, key=lambda point: point.principal)
    description = (
        f"Above, principal outstanding from {say.day(points[0].day)} to {say.day(points[-1].day)}: "
        f"at most {say.cents(most.principal)}, at the end {say.cents(points[-1].principal)}. "
        f"Below, interest due or accrued and unpaid: at the end {say.cents(points[-1].interest)}. "
        f"{len(marks.payments)} payments, {len(marks.defaults)} events of default. The table "
        f"beneath holds the figures drawn."
    )
    svg, height = pictures.owed(points, marks, say, description)
    yield Picture("owed", "What was owed, day by day", description, svg, pictures.WIDTH, height)
    yield _drawn(case)


def _drawn(case: Case) -> Table:
    say, history = case.speaker, case.history
    rows = tuple(
        (text(say.short(p.day)), text(say.cents(p.principal)), text(say.cents(p.interest)))
        for p in history.points
    )
    some = f", {len(history.points)} days of many" if history.thinned else ""
    columns = (
        Column("At the close of", 34), Column("Principal outstanding", 33, figures=True),
        Column("Interest due or accrued, unpaid", 33, figures=True),
    )  # fmt: skip
    return Table(f"The figures of the picture{some}", columns, rows)


def _periods(case: Case) -> Table:
    say = case.speaker
    rows = []
    for number, row in enumerate(case.report["periods"], start=1):
        observed = NOTHING if row["observed"] is None else say.cell(row["observed"])
        observed += f" on {say.short(row['observed_on'])}" if row["observed_on"] else ""
        fixed = f"determined {say.short(row['determined_on'])}" if row["determined_on"] else ""
        if not row["index"]:
            observed, fixed = "fixed rate", ""
        rows.append((
            text(f"5.{number}"),
            text(f"{say.short(row['from'])} to {say.short(row['to'])}"),
            text(observed),
            text(say.cell(row["margin"])),
            text(say.cell(row["cap"] or "none")),
            text(say.cell(row["rate"] or NOTHING)),
            text(say.money(row["interest"])),
            text("provisional" if row["provisional"] else fixed),
        ))  # fmt: skip
    columns = (
        Column("Part", 7), Column("Period", 18), Column("Observed", 17),
        Column("Margin", 9, figures=True), Column("Cap", 9, figures=True),
        Column("Rate", 9, figures=True), Column("Interest", 15, figures=True),
        Column("Mark", 16),
    )  # fmt: skip
    return told(Table("Interest, period by period", columns, tuple(rows)))


def _period(case: Case, row: Data, period: Period, number: int) -> Section:
    say = case.speaker
    ends = say.day(row["to"])
    title = f"From {say.day(row['from'])} to {ends}"
    fixing = period.fixing
    blocks: list[Block] = []
    if fixing is None or fixing.base is None:
        index = f"of {say.id(row['index'])} " if row["index"] else ""
        words = f"The interest cannot be figured: no value {index}had been observed."
        blocks.append(Paragraph(text(words)))
        return Section(2, f"5.{number}", title, f"period-{number}", tuple(blocks))
    arrangement = case.inquiry.result.evaluation.arrangement
    stretches = list(period.stretches(arrangement.day_count, fixing))
    if not stretches:
        blocks.append(Paragraph(text("No principal was outstanding, so no interest was earned.")))
    else:
        blocks.append(_stretches(case, stretches, period.plain_total(fixing), number))
    later = row["working"][1 if len(stretches) == 1 else len(stretches) + 1 :]
    blocks += [Paragraph(text(say.prose(line)), "formula") for line in later if stretches]
    if row["deferred"] != "0.00":
        kept = f"{say.money(row['deferred'])} cut off by the lawful maximum is still to be made up."
        blocks.append(Paragraph(text(kept), "item"))
    return Section(2, f"5.{number}", title, f"period-{number}", tuple(blocks))


def _stretches(case: Case, stretches: Sequence[Stretch], total: int, number: int) -> Table:
    say = case.speaker
    rows = [
        (
            text(say.short(each.since)), text(say.short(each.until)), text(str(each.days)),
            text(say.cents(each.balance)), text(say.locale.rate(each.rate)),
            text(str(each.denominator)), text(say.cell(each.exact)),
        )
        for each in stretches
    ]  # fmt: skip
    empty: Text = ()
    days = say.locale.count(sum(each.days for each in stretches))
    rows.append((
        text("In sum, rounded"), empty, text(days), empty, empty, empty, text(say.cents(total)),
    ))  # fmt: skip
    columns = (
        Column("From", 16), Column("To, not counted", 16), Column("Days", 8, figures=True),
        Column("Balance", 19, figures=True), Column("Rate", 11, figures=True),
        Column("Year", 8, figures=True), Column("Interest", 22, figures=True),
    )  # fmt: skip
    caption = f"The stretches of period 5.{number}"
    return Table(caption, columns, tuple(rows), sums=True, quiet=True)


# Payments ----------------------------------------------------------------------------------------

_PARTS = (
    ("interest", "Interest"), ("principal", "Principal"), ("prepaid", "of it prepaid"),
    ("costs", "Costs, charges"), ("excess", "Excess"), ("unapplied", "Not applied"),
)  # fmt: skip


def payments(case: Case) -> Section:
    """Every payment, and how the contract splits it."""
    rows = case.report["payments"]
    if not rows:
        blocks: tuple[Block, ...] = (Paragraph(text("No payment is on record.")),)
        return Section(1, "6", "Payments", "payments", blocks)
    found: list[Block] = [_payments(case, rows)]
    if len(rows) <= MOST_WORKINGS:
        found += _workings(case, rows)
    return Section(1, "6", "Payments, as the contract applies them", "payments", tuple(found))


def _payments(case: Case, rows: Sequence[Data]) -> Table:
    say = case.speaker
    shown = [
        (part, title) for part, title in _PARTS
        if part in ("interest", "principal") or any(row[part] != "0.00" for row in rows)
    ]  # fmt: skip
    cells = tuple(
        (
            text(say.code(row["fact"])), text(say.short(row["date"])),
            text(say.money(row["amount"])),
            *(text(say.money(row[part])) for part, _title in shown), text(_mark(case, row)),
        )
        for row in rows
    )  # fmt: skip
    columns = (
        Column("Payment", 14, code=True), Column("Date", 14), Column("Amount", 16, figures=True),
        *(Column(title, 15, figures=True) for _part, title in shown), Column("Mark", 14),
    )  # fmt: skip
    return told(Table("Payments and their parts", columns, cells, quiet=True))


def _mark(case: Case, row: Data) -> str:
    if row["trued_up_on"]:
        return f"provisional; trued up {case.speaker.short(row['trued_up_on'])}"
    return "provisional" if row["provisional"] else ""


def _workings(case: Case, rows: Sequence[Data]) -> Iterator[Block]:
    worked = [row for row in rows if row["working"]]
    if worked:
        yield Paragraph(text("The arithmetic of what went to accrued interest:"), "label")
    for row in worked:
        lines = row["working"]
        kept = lines if len(lines) <= 8 else [*lines[:6], "…", lines[-1]]
        for number, line in enumerate(kept):
            head = text(case.speaker.code(row["fact"]), "   ") if number == 0 else text("        ")
            yield Paragraph(text(head, case.speaker.prose(line)), "formula")
