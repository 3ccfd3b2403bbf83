"""The answer on one page: outcome, gravest findings, what is owed, what is open, what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checker.legal.case import Case, Data
from checker.legal.model import (
    Block,
    Column,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    joined,
    text,
    told,
)
from checker.legal.speaker import NOTHING, cents

MOST_GRAVE = 3
MOST_TURNING = 3
MOST_MISSING = 3
MOST_STEPS = 4
MOST_NAMED = 6
NOW = "now"
MOST_LETTERS = 260
"""How much of a sentence stands on the first page; the finding itself holds all of it."""

_COUNTS = (
    ("event-of-default", "event of default", "events of default"),
    ("breach", "breach", "breaches"),
    ("needs-judgment", "question for a person to judge", "questions for a person to judge"),
    ("needs-fact", "finding that lacks a fact", "findings that lack a fact"),
    ("waived", "finding waived", "findings waived"),
)
_BY_RATE = ("accrued_interest", "per_diem", "interest_credit", "total")


def answer(case: Case) -> Section:
    """The first page."""
    blocks: list[Block] = [
        Paragraph(text(Span(outcome(case), "strong")), "lead"),
        *_gravest(case),
        _owed(case),
        *_turning(case),
        *_missing(case),
        *_steps(case),
    ]
    return Section(1, "1", "The answer", "answer", tuple(blocks))


def outcome(case: Case) -> str:
    """The outcome in one sentence."""
    found = case.report["findings"]
    counts = []
    for kind, one, many in _COUNTS:
        of_kind = [finding for finding in found if finding["outcome"] == kind]
        if not of_kind:
            continue
        told = f"{case.speaker.locale.count(len(of_kind))} {one if len(of_kind) == 1 else many}"
        if kind == "event-of-default":
            going_on = sum(finding["continuing"] for finding in of_kind)
            told += f" ({going_on or 'none'} continuing)"
        counts.append(told)
    tail = f": {', '.join(counts)}." if counts else "."
    return {
        "breach": "The contract was broken",
        "undetermined": "Whether the contract was kept cannot be said yet",
        "compliant": "The contract was kept; no breach was found",
    }[case.report["outcome"]] + tail


def _label(words: str) -> Paragraph:
    return Paragraph(text(Span(words, "strong")), "label")


def _short(words: str) -> str:
    """A sentence that fits the first page."""
    if len(words) <= MOST_LETTERS:
        return words
    return words[:MOST_LETTERS].rsplit(" ", 1)[0] + " …"


def _gravest(case: Case) -> Iterator[Block]:
    if not case.gravest:
        return
    count = len(case.gravest)
    yield _label("The most serious findings" if count > 1 else "The finding")
    for finding in case.gravest[:MOST_GRAVE]:
        yield Paragraph(
            text(
                case.finding(finding["id"]),
                f" ({case.citations.cite(finding['clause'], finding['quote'])}): ",
                _short(case.speaker.prose(finding["says"])),
            ),
            "item",
        )
    if count > MOST_GRAVE:
        more = f"and {case.speaker.locale.count(count - MOST_GRAVE)} more, in "
        yield Paragraph(text(more, _to("clauses", "part 3")), "item")


def _to(anchor: str, words: str) -> Span:
    return Span(words, "", anchor)


def _owed(case: Case) -> Table:
    """What is owed on the day, line by line."""
    balances, say = case.report["balances"], case.speaker
    currency = case.inquiry.pack.currency
    rows = []
    for label, key, always in (
        ("Principal outstanding", "principal", True),
        ("of it due and unpaid", "principal_due", False),
        ("Interest due and unpaid", "interest_due", True),
        ("Interest accrued, not yet due", "accrued_interest", True),
        ("Interest paid in advance (credit)", "interest_credit", False),
        ("Costs and charges due", "costs_due", False),
        ("Excess held, to be refunded", "excess", False),
        ("Interest of one more day", "per_diem", False),
        ("May still be drawn", "available_to_draw", False),
        ("Owed together", "total", True),
    ):
        if always or balances[key] not in ("0.00", None):
            by_rate = balances["provisional"] and key in _BY_RATE and balances[key] != "0.00"
            remark = "provisional" if by_rate else ""
            if balances[key] is None:
                remark = "cannot be figured; see what is missing"
            rows.append((text(label), text(say.money(balances[key])), text(remark)))
    return told(Table(
        f"What is owed at the close of {say.day(case.report['as_of'])}, in {currency}",
        (Column("What", 50), Column("Amount", 24, figures=True), Column("Remark", 26)),
        tuple(rows),
        sums=True,
    ))  # fmt: skip


# Readings ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Turn:
    """Another answer to a question, and how much it matters."""

    question: Data
    other: Data
    weight: tuple[bool, int, int]


def turns(case: Case) -> list[Turn]:
    """The answers that change something, those that change most first."""
    found = []
    for question in case.readings["questions"]:
        for other in question["others"]:
            if other["changes"]:
                verdict = other["outcome"] != case.report["outcome"]
                grave = sum(1 for change in other["findings"] if _is_grave(change))
                by = max((abs(cents(moved["by"])) for moved in other["money"]), default=0)
                found.append(Turn(question, other, (verdict, grave, by)))
    return sorted(found, key=lambda turn: turn.weight, reverse=True)


def _is_grave(change: Data) -> bool:
    sides = [side["outcome"] for side in (change["before"], change["after"]) if side]
    return any(outcome in ("breach", "event-of-default") for outcome in sides)


def _turning(case: Case) -> Iterator[Block]:
    found = turns(case)
    yield _label("What turns on a reading")
    if not found:
        yield Paragraph(text("Nothing: every other reading, taken alone, gives the same."), "item")
        return
    for turn in found[:MOST_TURNING]:
        question, other = turn.question, turn.other
        cite = case.citations.cite(question["clause"], question["phrase"])
        yield Paragraph(
            text(
                f"“{_short(case.speaker.verbatim(question['phrase']))}” ({cite}), read as ",
                case.speaker.code(other["answer"]),
                " instead of ",
                case.speaker.code(question["baseline"]),
                f": {effect(case, other)}",
            ),
            "item",
        )
    if len(found) > MOST_TURNING:
        more = f"and {len(found) - MOST_TURNING} more answers that change something, in "
        yield Paragraph(text(more, _to("readings", "part 7")), "item")


def effect(case: Case, other: Data) -> str:
    """What another answer changes, in a sentence."""
    say, parts = case.speaker, []
    if other["outcome"] != case.report["outcome"]:
        parts.append(f"the outcome is {other['outcome']}")
    for change, one, many in (
        ("appears", "appears", "appear"), ("goes", "falls away", "fall away"),
        ("moves", "changes", "change"),
    ):  # fmt: skip
        count = sum(1 for found in other["findings"] if found["change"] == change)
        if count:
            verb = f"finding {one}" if count == 1 else f"findings {many}"
            parts.append(f"{say.locale.count(count)} {verb}")
    figured = [m for m in other["money"] if None not in (m["before"], m["after"])]
    if figured:
        largest = say.prose(max(figured, key=lambda moved: abs(cents(moved["by"])))["says"])
        several = len(figured) > 1
        amounts = "amounts differ, the largest by" if several else "amount differs, by"
        parts.append(f"{say.locale.count(len(figured))} {amounts} {largest}")
    parts += [moved["says"] for moved in other["money"] if moved["says"].endswith("be figured")][:1]
    return f"{'; '.join(parts) or 'obligations are dated otherwise'}."


# What is missing, and what to do -----------------------------------------------------------------


def _missing(case: Case) -> Iterator[Block]:
    missing = case.report["missing"]
    yield _label("What is missing")
    if not missing:
        yield Paragraph(text("No fact that the evaluation asked for is missing."), "item")
    for entry in missing[:MOST_MISSING]:
        yield Paragraph(text(_short(case.speaker.prose(entry["fact"]))), "item")
    if len(missing) > MOST_MISSING:
        yield Paragraph(
            text(f"and {len(missing) - MOST_MISSING} more, in ", _to("open", "part 9")), "item"
        )


@dataclass(frozen=True)
class Step:
    """Something to be done, and by when (an ISO date), if there is a last day; else `when`."""

    by: str | None
    what: Text
    when: str = NOTHING


def steps(case: Case) -> list[Step]:
    """What to do next: at once, then what has a last day in its order, then the rest."""
    found = [*_payments(case), *_windows(case), *_powers(case), *_judgments(case), *_facts(case)]
    return sorted(found, key=lambda step: (step.when != NOW, step.by is None, step.by or ""))


_WHEN = {
    "on-time": "to pay when due",
    "within-grace": "the last day of grace",
    "within-window": "the last day to cure",
}


def _payments(case: Case) -> Iterator[Step]:
    say = case.speaker
    yield from _late(case)
    for amount in case.cure["amounts"]:
        for moment in amount["moments"]:
            if moment["amount"] is None or moment["moment"] not in _WHEN:
                continue
            with_ = " with what is paid before it" if moment["first"] else ""
            mark = ", figured at a provisional rate" if amount["provisional"] else ""
            words = f"{with_}): {_WHEN[moment['moment']]}{mark}."
            pay = f"Pay {say.money(moment['amount'])} ("
            yield Step(moment["by"], text(pay, say.code(amount["id"]), words))


def _late(case: Case) -> Iterator[Step]:
    """What ends what is in default: a payment that takes in others stands for them all."""
    late = {
        amount["id"]: moment
        for amount in case.cure["amounts"]
        for moment in amount["moments"]
        if moment["moment"] == "after-default" and moment["amount"] is not None
    }
    for id_, moment in sorted(late.items(), key=lambda pair: -cents(pair[1]["amount"])):
        if id_ not in late:
            continue
        first = [row["id"] for row in moment["first"]]
        taken = [each for each in first if late.pop(each, None)]
        told_ = joined([case.speaker.code(each) for each in [*taken, id_][:MOST_NAMED]])
        more = len(taken) + 1 - MOST_NAMED
        rest = f" and {more} more" if more > 0 else ""
        besides = ", with what the contract has paid before it" if len(first) > len(taken) else ""
        pay = f"Pay {case.speaker.money(moment['amount'])} for what is in default: "
        yield Step(None, text(pay, told_, f"{rest}{besides}."), NOW)


def _windows(case: Case) -> Iterator[Step]:
    for entry in case.report["next"]:
        if entry["what"] == "last day":
            yield Step(entry["date"], text("Last day to answer ", case.finding(entry["id"]), "."))


def _powers(case: Case) -> Iterator[Step]:
    for power in case.report["powers"]:
        if power["state"] == "available":
            since, cite = case.speaker.day(power["since"]), case.citations.cite(power["clause"])
            says = case.speaker.prose(power["says"])
            yield Step(None, text(f"{says} (Available since {since}; {cite}.)"), "any time")


def _judgments(case: Case) -> Iterator[Step]:
    for finding in case.gravest:
        if finding["outcome"] == "needs-judgment":
            words = text("Have judged: ", _short(case.speaker.prose(finding["says"])), " (")
            yield Step(None, text(words, case.finding(finding["id"]), ")"))


def _facts(case: Case) -> Iterator[Step]:
    for entry in case.report["missing"]:
        waiting = [case.finding(id_) for id_ in entry["needed_for"] if id_ in case.numbers]
        obtain = text("Obtain ", _short(case.speaker.prose(entry["fact"])))
        behind = joined(waiting[:3])
        yield Step(None, text(obtain, text(" (for ", behind, ")") if behind else ""))


def _steps(case: Case) -> Iterator[Block]:
    found = steps(case)
    yield _label("What to do next, and by when")
    if not found:
        yield Paragraph(text("Nothing is due, and nothing falls due."), "item")
        return
    yield _table(case, found[:MOST_STEPS])
    if len(found) > MOST_STEPS:
        yield Paragraph(
            text(f"and {len(found) - MOST_STEPS} more, in ", _to("steps", "part 9")), "item"
        )
    if any(step.by for step in found) and (manner := case.payer_words()):
        yield Paragraph(text(f"Payments go {manner}."), "note")


def _table(case: Case, found: Sequence[Step]) -> Table:
    return steps_table(case, found, "The next steps", quiet=True)


def steps_table(case: Case, found: Sequence[Step], caption: str, *, quiet: bool = False) -> Table:
    """Steps as a table."""
    rows = tuple(
        (text(case.speaker.short(step.by) if step.by else step.when), step.what) for step in found
    )
    return Table(caption, (Column("By", 18), Column("What", 82)), rows, quiet=quiet)
