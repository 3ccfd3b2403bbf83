"""What pays a contract off on a day: asked of the evaluation itself, with no sum of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from checker.accrual import Period
from checker.dates import Day, iso
from checker.inquiry import Inquiry
from checker.model import Place
from checker.money import grouped, percent, plain
from checker.questions import identity
from checker.questions.hypothetical import known, row, standing, supposed, words_of
from checker.questions.telling import Page, money, told
from checker.report import BROKEN, OPEN

_PROBE = 10**15
"""Cents: a payment that leaves an excess, whatever is owed."""

_ROUNDS = 12
"""How often an amount is mended by what its payment brings about."""

_SEGMENTS = 4
"""Up to so many stretches of equal balance are written out in a formula."""

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Quote:
    """What pays off on a day: the contract without and with that payment, and how it is applied.

    `amount` is None where no amount can be told: interest cannot be figured. `left` is what stays
    open whatever is paid that day, because it comes after the day's payments.
    """

    day: Day
    amount: int | None
    without: Inquiry
    paid: Inquiry
    split: Data | None
    left: int

    @property
    def text(self) -> str | None:
        """The amount as data."""
        return None if self.amount is None else plain(self.amount)


def quote(inquiry: Inquiry, day: Day) -> Quote:
    """The smallest payment, the last of its day, after which nothing is owed.

    A payment far beyond all that is owed leaves an excess; the rest of it was needed. Where what a
    payment brings about depends on its amount, the amount is mended until it fits.
    """
    amount, without = _PROBE, inquiry.at(day)
    held = _cents(without.report["balances"]["excess"])
    paid, split = _with_payment(inquiry, day, amount)
    left = paid.report["balances"]["total"]
    if left is None or split is None or split["unapplied"] != "0.00":
        return Quote(day, None, without, without, None, 0)
    for _round in range(_ROUNDS):
        # Other payments of the day may come after it, and be too much with it.
        beyond = _cents(paid.report["balances"]["excess"]) - held
        lacking = _cents(paid.report["balances"]["total"]) - _cents(left)
        if not beyond and not lacking:
            return Quote(day, amount, without, paid, split, _cents(left))
        amount += lacking - beyond
        if amount <= 0:
            return Quote(day, 0, without, without, None, _cents(left))
        paid, split = _with_payment(inquiry, day, amount)
    return Quote(day, None, without, without, None, 0)


def _with_payment(inquiry: Inquiry, day: Day, amount: int) -> tuple[Inquiry, Data | None]:
    fact = supposed(inquiry.facts, "payment", day, {"amount": amount}, Place("", 0, 0), "payoff")
    paid = inquiry.at(day).and_facts([known(fact, inquiry.known_on)])
    return paid, row(paid.report, fact.id)


def _cents(text: str) -> int:
    return int(text.replace(".", ""))


def payoff(inquiry: Inquiry, on: Day, days: int) -> dict[str, Any]:
    """What pays off on a day and on the days after it, as data; facts after that day are unseen."""
    seen = standing(inquiry.at(on))
    asked = quote(seen, on)
    grid = [asked, *(quote(seen, day) for day in range(on + 1, on + days + 1))]
    without, report = asked.without.report, asked.paid.report
    return {
        "schema": identity("payoff"),
        "contract": report["contract"],
        "pack": report["pack"],
        "title": report["title"],
        "on": iso(on),
        "known_on": report["known_on"],
        "readings": report["readings"],
        "terms": report["terms"],
        "total": asked.text,
        **_parts(asked),
        "left": plain(asked.left),
        "excess": without["balances"]["excess"],
        "per_diem": without["balances"]["per_diem"],
        "good_through": iso(_good_through(grid)),
        "provisional": bool(asked.split and asked.split["provisional"]),
        "true_up": true_up(asked),
        "working": list(asked.split["working"]) if asked.split else [],
        "words": words_of(seen.pack, report, asked.split) if asked.split else [],
        "brings_about": _brought_about(without, report),
        "days": [_day(each) for each in grid],
        "range": _range(seen, asked),
        "missing": without["missing"] if asked.amount is None else [],
        "next": report["next"] if asked.amount is not None else [],
    }


def _parts(asked: Quote) -> dict[str, Any]:
    """What the amount is made of, as the payment is applied."""
    split = asked.split
    if split is None:
        nothing = "0.00" if asked.amount == 0 else None
        return {
            "principal": nothing, "interest_due": nothing, "accrued_interest": nothing,
            "costs": nothing, "charges": {},
        }  # fmt: skip
    return {
        "principal": split["principal"],
        "interest_due": plain(_cents(split["interest"]) - _cents(split["accrued"])),
        "accrued_interest": split["accrued"],
        "costs": split["costs"],
        "charges": split["charges"],
    }


def _brought_about(without: Data, report: Data) -> list[dict[str, Any]]:
    """The breaches and open questions that the payment itself brings about."""
    before = {finding["id"] for finding in without["findings"]}
    return [
        {name: finding[name] for name in ("id", "clause", "outcome", "says", "quote")}
        for finding in report["findings"]
        if finding["id"] not in before and finding["outcome"] in (*BROKEN, *OPEN)
    ]


def _good_through(grid: list[Quote]) -> Day:
    """The last day up to which the amount asked for is enough, among those looked at."""
    first, good = grid[0], grid[0].day
    for each in grid[1:]:
        if each.amount is None or first.amount is None or each.amount > first.amount:
            break
        good = each.day
    return good


def _day(each: Quote) -> dict[str, Any]:
    parts = _parts(each)
    return {
        "date": iso(each.day),
        "total": each.text,
        "principal": parts["principal"],
        "interest_due": parts["interest_due"],
        "accrued_interest": parts["accrued_interest"],
        "costs": parts["costs"],
        "per_diem": each.without.report["balances"]["per_diem"],
        "provisional": bool(each.split and each.split["provisional"]),
    }


# Readings ----------------------------------------------------------------------------------------


def _range(seen: Inquiry, asked: Quote) -> dict[str, Any]:
    """The amount under each other answer that matters, alone, and the least and the most of all."""
    evaluation = asked.paid.result.evaluation
    answers, questions = evaluation.terms.answers, seen.pack.questions
    found = []
    for name, same in evaluation.terms.indistinct.items():
        for answer in questions[name].answers:
            if answer in same or answer == answers[name]:
                continue
            other = quote(seen.read({name: answer}), asked.day)
            if other.amount == asked.amount:
                continue
            apart = None
            if other.amount is not None and asked.amount is not None:
                apart = plain(other.amount - asked.amount)
            found.append(
                {
                    "question": name,
                    "answer": answer,
                    "phrase": questions[name].phrase,
                    "total": other.text,
                    "difference": apart,
                }
            )
    totals = [_cents(f["total"]) for f in found if f["total"] is not None]
    totals += [] if asked.amount is None else [asked.amount]
    return {
        "lowest": plain(min(totals)) if totals else None,
        "highest": plain(max(totals)) if totals else None,
        "readings": found,
    }


# The true-up -------------------------------------------------------------------------------------


def true_up(asked: Quote) -> dict[str, Any] | None:
    """What a rate that is determined later adds or takes off, as a formula for a person."""
    if asked.split is None or not asked.split["provisional"]:
        return None
    evaluation = asked.paid.result.evaluation
    period = evaluation.ledger.accrual.period
    stands = asked.paid.report["periods"][-1]
    later = asked.paid.at(period.due).report["periods"]
    closed = next((p for p in later if p["from"] == stands["from"]), stands)
    figures = {
        "from": stands["from"],
        "to": stands["to"],
        "determined_on": closed["determined_on"],
        "index": stands["index"],
        "margin": stands["margin"],
        "cap": stands["cap"],
        "rate": stands["rate"],
        "paid_on_account": plain(period.paid),
        "sums": [
            {"balance_days": plain(total), "denominator": denominator, "added": percent(added)}
            for (denominator, added), total in sorted(period.sums.items())
            if total
        ],
    }
    earned, _fixing = evaluation.ledger.accrual.earned(asked.day)
    convention = evaluation.arrangement.day_count
    return figures | _formula(period, convention, figures, all_of_it=earned == period.paid)


def _formula(
    period: Period, convention: str, figures: Data, *, all_of_it: bool
) -> dict[str, str | None]:
    """The formula in figures and in words, and by the difference of rates where that is the same.

    By the difference it may be a cent off, as each of the two interests is rounded for itself.
    """
    if period.catches_up:  # what a maximum cut off before may be made up: no product gives that
        return {"formula": None, "by_difference": None, "words": _in_words(figures)}
    factors = _factors(period, convention)
    parts = [f"{factor} × {_final_rate(added)}" for factor, added in factors]
    by_difference = None
    if all_of_it and len(factors) == 1 and not factors[0][1]:
        by_difference = f"{factors[0][0]} × (final rate − {figures['rate']})"
    return {
        "formula": f"{' + '.join(parts)} − {grouped(period.paid)}",
        "by_difference": by_difference,
        "words": _in_words(figures),
    }


def _final_rate(added: int) -> str:
    return f"(final rate + {percent(added)})" if added else "final rate"


def _factors(period: Period, convention: str) -> list[tuple[str, int]]:
    """Balances × days over the days of a year, each with what is added to the rate on those days.

    A few stretches of equal balance are written out; of many, or where years have other lengths,
    the sums of balance × days.
    """
    stretches = [s for s in period.segments if s.balance]
    plainly = convention in ("actual/365", "actual/360") and len(stretches) <= _SEGMENTS
    factors = []
    for (denominator, added), total in sorted(period.sums.items()):
        of_it = [s for s in stretches if s.added == added]
        text = " + ".join(f"{grouped(s.balance)} × {s.until - s.since}" for s in of_it)
        if not plainly:
            text = grouped(total)
        elif len(of_it) > 1:
            text = f"({text})"
        if total:
            factors.append((f"{text} / {denominator}", added))
    return factors


def _in_words(figures: Data) -> str:
    """What a person does when the rate is known."""
    index = figures["index"]
    at_most = f", at most {figures['cap']}" if figures["cap"] else ""
    margin = "" if figures["margin"] == "0.00%" else f" + {figures['margin']}"
    when = f" on {figures['determined_on']}" if figures["determined_on"] else ""
    return (
        f"The final rate of the period from {figures['from']} to {figures['to']} is that determined"
        f"{when}: the value of {index} then in force{margin}{at_most}. Figure the interest of the "
        f"period's days at the final rate, round it half up to the cent, and take off the "
        f"{money(figures['paid_on_account'])} paid on account: so much falls due on "
        f"{figures['to']}, or, where it is less than nothing, is to be refunded."
    )


# Text --------------------------------------------------------------------------------------------


def render(data: dict[str, Any], out: IO[str] | None = None) -> str:
    """The answer as text; with `out` it is written there."""
    return told(lambda page: _show(page, data), out)


def _show(page: Page, data: Data) -> None:
    page.line(f"{data['title']}: payoff on {data['on']}", "bold")
    page.line()
    if data["total"] is None:
        page.line("It cannot be told: interest cannot be figured.", "bold yellow")
        for missing in data["missing"]:
            page.indented(f"{missing['fact']}, needed for {', '.join(missing['needed_for'])}")
        return
    mark = " (provisional)" if data["provisional"] else ""
    page.line(f"To be paid: {money(data['total'])}{mark}", "bold")
    if data["excess"] != "0.00":
        page.indented(f"{money(data['excess'])} is held in excess, to be refunded.", 2, "bold")
    if data["total"] == data["left"] == "0.00" and data["per_diem"] in (None, "0.00"):
        page.indented("Nothing is owed, and nothing more accrues.", 2)
        _show_next(page, data)
        return
    _show_parts(page, data)
    _show_true_up(page, data)
    _show_days(page, data)
    _show_range(page, data)
    _show_words(page, data)
    _show_brought_about(page, data)
    _show_next(page, data)


def _show_parts(page: Page, data: Data) -> None:
    accrued = "provisional" if data["provisional"] else ""
    rows = [("Principal", money(data["principal"]), "")]
    rows.append(("Interest due", money(data["interest_due"]), ""))
    rows.append(("Interest accrued, not yet due", money(data["accrued_interest"]), accrued))
    rows += [
        (name.capitalize(), money(amount), "")
        for name, amount in data["charges"].items()
        if amount != "0.00"
    ]
    page.table((("", False), ("", True), ("", False)), rows)
    for line in data["working"]:
        page.indented(line, 4, "dim")
    page.line()
    page.indented(
        f"Good through {data['good_through']}; each further day adds about "
        f"{money(data['per_diem'])} of interest. The day of payment itself earns nothing in it, "
        "unless that day's interest belongs to what falls due on it.",
        2,
    )
    if data["left"] != "0.00":
        page.indented(
            f"{money(data['left'])} stays open whatever is paid that day: it comes after the day's "
            "payments.",
            2,
            "bold yellow",
        )


def _show_true_up(page: Page, data: Data) -> None:
    told_so = data["true_up"]
    if told_so is None:
        return
    page.heading("When the rate is determined")
    if told_so["formula"]:
        page.indented(f"True-up = {told_so['formula']}", 2, "bold")
    if told_so["by_difference"]:
        page.indented(f"which is, to the cent or one beside it, {told_so['by_difference']}", 2)
    page.indented(told_so["words"], 2)


def _show_days(page: Page, data: Data) -> None:
    if len(data["days"]) < 2:
        return
    page.heading("Day by day")
    names = ("principal", "interest_due", "accrued_interest", "costs", "total")
    titles = ("Principal", "Interest due", "Accrued", "Costs, charges", "To be paid")
    rows = [
        (d["date"], *(money(d[name]) for name in names), "provisional" if d["provisional"] else "")
        for d in data["days"]
    ]
    columns = [("Paid on", False), *((title, True) for title in titles), ("", False)]
    page.table(columns, rows)


def _show_range(page: Page, data: Data) -> None:
    span = data["range"]
    page.heading("Under other readings")
    if not span["readings"]:
        page.indented("No other reading alone changes the amount.")
        return
    rows = [
        (f"{r['question']}={r['answer']}", money(r["total"]), money(r["difference"]))
        for r in span["readings"]
    ]
    page.table((("Read alone", False), ("To be paid", True), ("Difference", True)), rows)
    page.indented(f"From {money(span['lowest'])} to {money(span['highest'])}.", 2)


def _show_words(page: Page, data: Data) -> None:
    if not data["words"]:
        return
    page.heading("By the words")
    for each in data["words"]:
        page.indented(f"§ {each['clause']}  “{each['words']}”", 2, "italic")


def _show_brought_about(page: Page, data: Data) -> None:
    if not data["brings_about"]:
        return
    page.heading("What such a payment brings about")
    for finding in data["brings_about"]:
        page.indented(f"{finding['outcome']}  {finding['id']}", 2, "bold yellow")
        page.indented(finding["says"], 6)
        page.indented(f"§ {finding['clause']}  “{finding['quote']}”", 6, "italic")


def _show_next(page: Page, data: Data) -> None:
    if not data["next"]:
        return
    page.heading("What still comes after it")
    for entry in data["next"]:
        amount = f", {money(entry['amount'])}" if entry.get("amount") else ""
        page.indented(f"{entry['date']}  {entry['what']}: {entry['id']}{amount}", 2)
