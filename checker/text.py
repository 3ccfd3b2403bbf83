"""The report as text for a terminal: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import IO, Any

from rich import box
from rich.console import Console
from rich.constrain import Constrain
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDTH = 112

MOST = 200
"""How many rows or findings of a sort a terminal is given; the other formats hold all."""

MOST_LINES = 12
"""How many lines of one working are shown."""

Data = Mapping[str, Any]

_STYLES = {
    "breach": "bold red",
    "event-of-default": "bold red",
    "needs-judgment": "bold yellow",
    "needs-fact": "bold yellow",
    "met-in-grace": "cyan",
    "met": "green",
    "waived": "magenta",
    "undetermined": "bold yellow",
    "compliant": "bold green",
}
_GROUPS = (
    ("Broken", ("event-of-default", "breach")),
    ("Open: a person must judge, or a fact is missing", ("needs-judgment", "needs-fact")),
    ("Waived", ("waived",)),
    ("Kept within the days of grace", ("met-in-grace",)),
    ("Kept", ("met",)),
    ("Not applicable", ("not-applicable",)),
)


def render_text(data: Data, out: IO[str] | None = None, *, color: bool | None = None) -> str:
    """The report's data as text; with `out` it is written there, in colour where that can be."""
    target = StringIO() if out is None else out
    console = Console(
        file=target,
        width=1_000,  # tables keep their natural width: no figure is ever cut off
        highlight=False,
        emoji=False,
        markup=False,
        no_color=True if color is False else None,
        color_system="auto" if out is not None else None,
        soft_wrap=False,
    )
    show_on(console, data)
    if not isinstance(target, StringIO):
        return ""
    return "".join(f"{line.rstrip()}\n" for line in target.getvalue().splitlines())


def show_on(console: Console, data: Data) -> None:
    """Prints the report on a console."""
    _Page(console, data).show()


def money(text: str | None) -> str:
    """`146,712.33` for `146712.33`, and a dash for what cannot be figured."""
    if text is None:
        return "—"
    whole, _, cents = text.partition(".")
    return f"{int(whole):,}.{cents}" if whole != "-0" else f"-0.{cents}"


class _Page:
    def __init__(self, console: Console, data: Data) -> None:
        self.console, self.data = console, data

    def show(self) -> None:
        """Prints the report, its parts in the order in which they are read."""
        self._answer()
        self._obligations()
        self._findings()
        self._information()
        self._payments()
        self._periods()
        self._powers()
        self._missing()
        self._warnings()
        self._next()
        self._foot()

    def _line(self, text: str = "", style: str = "") -> None:
        self.console.print(Text(text, style=style))

    def _heading(self, text: str) -> None:
        self._line()
        self._line(text, "bold")

    def _indented(self, text: str, left: int, style: str = "") -> None:
        self.console.print(Constrain(Padding(Text(text, style=style), (0, 0, 0, left)), WIDTH))

    # The answer -----------------------------------------------------------------------------------

    def _answer(self) -> None:
        data = self.data
        known = f", as known on {data['known_on']}" if data["known_on"] else ""
        name = "" if data["contract"] == data["pack"] else f" ({data['contract']})"
        self._line(f"{data['title']}{name}", "bold")
        self._line(f"At the close of {data['as_of']}{known}")
        self._line()
        outcome = data["outcome"]
        self._line(f"Outcome: {outcome.upper()}", _STYLES.get(outcome, "bold"))
        for sentence in self._counts():
            self._indented(sentence, 2)
        self._line()
        self._balances()

    def _counts(self) -> Iterable[str]:
        found = self.data["findings"]
        for outcome, one, many in (
            ("event-of-default", "event of default", "events of default"),
            ("breach", "breach", "breaches"),
            ("needs-judgment", "question for a person to judge", "questions for a person to judge"),
            ("needs-fact", "finding that lacks a fact", "findings that lack a fact"),
            ("waived", "finding waived", "findings waived"),
        ):
            of_kind = [f for f in found if f["outcome"] == outcome]
            if not of_kind:
                continue
            going_on = sum(f["continuing"] for f in of_kind)
            tail = ""
            if outcome == "event-of-default":
                tail = f", {going_on} continuing" if going_on else ", none continuing"
            yield f"{len(of_kind)} {one if len(of_kind) == 1 else many}{tail}"

    def _balances(self) -> None:
        balances = self.data["balances"]
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column()
        table.add_column(justify="right")
        table.add_column()
        for label, key in (
            ("Principal outstanding", "principal"),
            ("  of it due", "principal_due"),
            ("Interest due", "interest_due"),
            ("Interest accrued, not yet due", "accrued_interest"),
            ("Interest paid in advance (credit)", "interest_credit"),
            ("Costs and charges due", "costs_due"),
            ("Excess held, to be refunded", "excess"),
            ("Together", "total"),
            ("Interest a day", "per_diem"),
            ("May still be drawn", "available_to_draw"),
        ):
            optional = key in ("interest_credit", "excess", "costs_due")
            if optional and balances[key] in ("0.00", None):
                continue
            mark = "provisional" if balances["provisional"] and key in _BY_RATE else ""
            table.add_row(label, money(balances[key]), mark)
            if key == "costs_due":
                for name, due in balances["charges_due"].items():
                    if due not in ("0.00", balances[key]):
                        table.add_row(f"  of it {name}", money(due), "")
        self.console.print(table)

    # Tables ---------------------------------------------------------------------------------------

    def _table(self, columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> None:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
        for name, number in columns:
            table.add_column(name, justify="right" if number else "left", no_wrap=name != "Due")
        for row in rows[:MOST]:
            table.add_row(*(Text(cell) for cell in row))
        self.console.print(table)
        self._more(len(rows) - MOST)

    def _more(self, count: int) -> None:
        if count > 0:
            self._line(f"  … and {count:,} more, in the JSON report", "dim")

    def _working(self, lines: Sequence[str], left: int) -> None:
        for line in lines[:MOST_LINES]:
            self._indented(line, left)
        if len(lines) > MOST_LINES + 1:
            self._indented(f"… {len(lines) - MOST_LINES - 1:,} lines more …", left, "dim")
        if len(lines) > MOST_LINES:
            self._indented(lines[-1], left)

    def _obligations(self) -> None:
        rows = [
            (
                o["id"],
                o["due"] if o["payable"] == o["due"] else f"{o['due']} (payable {o['payable']})",
                o["last_day"],
                money(o["amount"]),
                money(o["unpaid"]),
                o["paid_on"] or "—",
                f"{o['state']} (in grace)" if o["in_grace"] else o["state"],
            )
            for o in self.data["obligations"]
        ]
        self._heading("Obligations")
        if not rows:
            self._line("  Nothing has fallen due.")
            return
        names = ("Obligation", "Due", "Last day", "Amount", "Unpaid", "Paid on", "State")
        self._table([(name, name in ("Amount", "Unpaid")) for name in names], rows)

    def _payments(self) -> None:
        payments = self.data["payments"]
        if not payments:
            return
        self._heading("Payments, as the contract applies them")
        parts = ("amount", "interest", "principal", "prepaid", "costs", "excess", "unapplied")
        shown = [
            part
            for part in parts
            if part in ("amount", "interest", "principal")
            or any(p[part] != "0.00" for p in payments)
        ]
        rows = [
            (p["fact"], p["date"], *(money(p[part]) for part in shown), _remark(p))
            for p in payments
        ]
        titles = [("Payment", False), ("Date", False)]
        names = {"prepaid": "of it prepaid", "costs": "Costs, charges"}
        titles += [(names.get(part, part.capitalize()), True) for part in shown]
        self._table([*titles, ("", False)], rows)

    def _periods(self) -> None:
        rows = [
            (
                f"{p['from']} – {p['to']}",
                _observed(p),
                p["margin"],
                p["cap"] or "none",
                p["rate"] or "—",
                money(p["interest"]),
                _fixed(p),
            )
            for p in self.data["periods"]
        ]
        self._heading("Interest, period by period")
        self._table(
            [
                ("Period", False),
                ("Observed", False),
                ("Margin", True),
                ("Cap", True),
                ("Rate", True),
                ("Interest", True),
                ("", False),
            ],
            rows,
        )
        for period in self.data["periods"]:
            if period["working"] and period["interest"] not in (None, "0.00"):
                self._indented(f"{period['from']} – {period['to']}:", 2)
                self._working(period["working"], 6)
            for stretch in period["rates"]:
                self._indented(
                    f"{stretch['from']} – {stretch['to']} at {stretch['rate']}", 6, "dim"
                )
            if period["deferred"] != "0.00":
                kept = money(period["deferred"])
                self._indented(f"{kept} cut off by the lawful maximum is still to be made up", 6)

    # Findings -------------------------------------------------------------------------------------

    def _findings(self) -> None:
        for title, outcomes in _GROUPS:
            found = [f for f in self.data["findings"] if f["outcome"] in outcomes]
            if not found:
                continue
            self._heading(title)
            for finding in found[:MOST]:
                self._finding(finding)
            self._more(len(found) - MOST)

    def _finding(self, finding: Data) -> None:
        head = Text("  ")
        head.append(finding["outcome"], style=_STYLES.get(finding["outcome"], ""))
        head.append(f"  {finding['id']}", style="bold")
        self.console.print(head)
        against = f", against the {finding['against']}" if finding["against"] else ""
        amount = f", {money(finding['amount'])}" if finding["amount"] else ""
        self._indented(f"clause {finding['clause']}, {finding['date']}{against}{amount}", 6, "dim")
        self._indented(finding["says"], 6)
        for revision in finding["revisions"]:
            self._indented(revised(revision), 6, "magenta")
        if finding["outcome"] in ("met",):
            for mark in _robustness(finding):
                self._indented(mark, 6, "dim")
            return
        self._working(finding["working"], 8)
        if finding["quote"]:
            self._indented(f"“{finding['quote']}”", 6, "italic")
        marks = [f"facts: {', '.join(finding['facts'][:12])}{_more(finding['facts'])}"]
        if finding["outcome"] == "event-of-default":
            marks.append("continuing" if finding["continuing"] else "no longer continuing")
        if finding["provisional"]:
            marks.append("figured at a provisional rate")
        marks += _robustness(finding)
        self._indented("; ".join(marks), 6, "dim")

    def _information(self) -> None:
        """Information, one line a sentence; where a rule says much, how often it says it."""
        by_rule: dict[str, list[Data]] = {}
        for finding in self.data["findings"]:
            if finding["outcome"] == "information":
                by_rule.setdefault(finding["rule"], []).append(finding)
        if not by_rule:
            return
        self._heading("For information")
        for rule, found in by_rule.items():
            for finding in found[:3]:
                self._indented(f"§ {finding['clause']}  {finding['says']}", 2)
                for revision in finding["revisions"]:
                    self._indented(revised(revision), 6, "magenta")
            if len(found) > 3:
                self._indented(f"… and {len(found) - 3} more of {rule}", 6, "dim")

    # The rest -------------------------------------------------------------------------------------

    def _powers(self) -> None:
        if not self.data["powers"]:
            return
        self._heading("Powers")
        for power in self.data["powers"]:
            since = f" since {power['since']}" if power["since"] else ""
            holder = f"{power['id']} ({power['holder']}, clause {power['clause']})"
            self._indented(f"{holder}: {power['state']}{since}. {power['says']}", 2)

    def _missing(self) -> None:
        if not self.data["missing"]:
            return
        self._heading("Missing")
        for missing in self.data["missing"]:
            waiting = missing["needed_for"]
            self._indented(f"{missing['fact']}", 2)
            self._indented(f"needed for {', '.join(waiting[:6])}{_more(waiting, 6)}", 6, "dim")

    def _warnings(self) -> None:
        if not self.data["warnings"]:
            return
        self._heading("Warnings")
        for warning in self.data["warnings"]:
            self._indented(f"{warning['fact']}: {warning['says']}", 2, "yellow")

    def _next(self) -> None:
        self._heading("What comes next")
        for entry in self.data["next"]:
            amount = f", {money(entry['amount'])}" if entry.get("amount") else ""
            self._indented(f"{entry['date']}  {entry['what']}: {entry['id']}{amount}", 2)
        if not self.data["next"]:
            self._line("  Nothing falls due.")

    def _foot(self) -> None:
        data, receipt = self.data, self.data["receipt"]
        for amended in data["amendments"]:
            self._line()
            self._indented(
                f"From {amended['from']} the term {amended['term']} is {amended['value']} "
                f"(before: {amended['before']}), by {amended['document']}.",
                2,
            )
        self._heading("Read with")
        readings = ", ".join(f"{q}={a}" for q, a in data["readings"].items())
        self._indented(readings, 2, "dim")
        if data["terms"]:
            terms = ", ".join(f"{name}={value}" for name, value in data["terms"].items())
            self._indented(f"terms set by the user: {terms}", 2)
        self._indented(
            f"checker {receipt['checker']}, {receipt['engine']}; "
            f"pack {receipt['pack_sha256'][:12]}, facts {receipt['facts_sha256'][:12]}",
            2,
            "dim",
        )


_BY_RATE = ("accrued_interest", "per_diem", "interest_credit", "total")


def revised(revision: Data) -> str:
    """A later word on a finding: when, what, and who decided it and why, unless it says so."""
    told = f"{revision['date']}: {revision['says']}"
    who, why = revision["by"], revision["reason"]
    if who and who not in told:
        told += f" Decided by {who}{f': {why}' if why and why not in told else ''}"
    elif why and why not in told:
        told += f" Reason: {why}"
    return told


def _observed(period: Data) -> str:
    if period["observed"]:
        return f"{period['observed']} on {period['observed_on']}"
    return "none" if period["index"] else "fixed rate"


def _fixed(period: Data) -> str:
    if period["rate"] is None:
        return "no rate was observed"
    return "provisional" if period["provisional"] else f"fixed {period['determined_on']}"


def _remark(payment: Data) -> str:
    if payment["trued_up_on"]:
        return f"provisional, trued up {payment['trued_up_on']}"
    return "provisional" if payment["provisional"] else ""


def _robustness(finding: Data) -> list[str]:
    """Whether readings matter to it, where that was asked."""
    if "robust" not in finding:
        return []
    asked = ", ".join(finding["depends_on"])
    return [f"turns on how it is read: {asked}" if asked else "robust under every reading"]


def _more(items: Sequence[str], shown: int = 12) -> str:
    return f" and {len(items) - shown} more" if len(items) > shown else ""
