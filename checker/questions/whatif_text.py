"""What a change does, as text: several scenarios side by side, then each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from checker.findings import SEVERITY
from checker.questions.telling import Page, money, told

Data = Mapping[str, Any]

MOST = 12
"""How many findings and obligations of a scenario are shown; the JSON answer holds all."""

_NAMES = {
    "principal": "Principal outstanding",
    "principal_due": "  of it due",
    "interest_due": "Interest due",
    "accrued_interest": "Interest accrued, not yet due",
    "interest_credit": "Interest paid in advance (credit)",
    "costs_due": "Costs and charges due",
    "total": "Together",
    "excess": "Excess held, to be refunded",
    "available_to_draw": "May still be drawn",
    "per_diem": "Interest a day",
}
_PARTS = ("amount", "interest", "principal", "prepaid", "costs", "excess", "unapplied")
_CHANGES = {"appears": "new", "goes": "gone", "changes": "changed"}


def render(data: dict[str, Any], out: IO[str] | None = None) -> str:
    """The answer as text; with `out` it is written there."""
    return told(lambda page: _show(page, data), out)


def _show(page: Page, data: Data) -> None:
    known = f", as known on {data['known_on']}" if data["known_on"] else ""
    page.line(str(data["title"]), "bold")
    page.line(f"What if, at the close of {data['as_of']}{known}")
    if len(data["scenarios"]) > 1:
        _show_side_by_side(page, data)
    for scenario in data["scenarios"]:
        _show_scenario(page, data, scenario)


def _show_side_by_side(page: Page, data: Data) -> None:
    scenarios = data["scenarios"]
    page.heading("Side by side")
    rows = [["Outcome", data["outcome"], *(s["outcome"] for s in scenarios)]]
    for at, figure in enumerate(scenarios[0]["balances"]):
        values = [money(s["balances"][at]["after"]) for s in scenarios]
        rows.append([_NAMES[figure["figure"]], money(figure["before"]), *values])
    for until in dict.fromkeys(i["until"] for s in scenarios for i in s["interest"]):
        saved = [next((i for i in s["interest"] if i["until"] == until), None) for s in scenarios]
        told_so = [money(i["saved"]) + _mark(i) if i else "—" for i in saved]
        rows.append([f"Interest saved to {until}", "", *told_so])
    counts = [str(sum(f["change"] == "appears" for f in s["findings"])) for s in scenarios]
    rows.append(["New findings", "", *counts])
    names = [("", False), ("Without", True), *((s["name"], True) for s in scenarios)]
    page.table(names, rows)


def _mark(entry: Data) -> str:
    return " *" if entry["provisional"] else ""


def _show_scenario(page: Page, data: Data, scenario: Data) -> None:
    page.heading(f"{scenario['name'][:1].upper()}{scenario['name'][1:]}")
    for change in scenario["changes"]:
        page.indented(f"{change['says']}.", 2)
    if not scenario["changes"]:
        page.indented("Nothing is changed.", 2)
    page.line()
    style = "bold red" if scenario["outcome"] == "breach" else "bold"
    page.line(f"Outcome: {data['outcome'].upper()} → {scenario['outcome'].upper()}", style)
    _show_balances(page, scenario)
    _show_payments(page, scenario)
    _show_interest(page, scenario)
    _show_due(page, scenario)
    _show_draws(page, scenario)
    _show_true_ups(page, scenario)
    _show_findings(page, scenario)
    _show_obligations(page, scenario)
    for missing in scenario["missing"]:
        page.indented(f"Missing: {missing['fact']}", 2, "bold yellow")


def _show_balances(page: Page, scenario: Data) -> None:
    rows = [
        (_NAMES[b["figure"]], money(b["before"]), money(b["after"]), money(b["change"]))
        for b in scenario["balances"]
        if b["before"] != b["after"] or b["figure"] in ("principal", "total")
    ]
    page.table((("", False), ("Without", True), ("With", True), ("Change", True)), rows)


def _show_payments(page: Page, scenario: Data) -> None:
    if not scenario["payments"]:
        return
    page.heading("Payments, as the contract applies them")
    for payment in scenario["payments"]:
        page.indented(f"{payment['fact']} ({payment['change']})", 2, "bold")
        for side, name in (("without", "before"), ("with", "after")):
            if payment[name] is not None:
                page.indented(f"{side}: {_split(payment[name])}", 4)
        for line in payment["working"]:
            page.indented(line, 6, "dim")
        for each in payment["words"]:
            page.indented(f"§ {each['clause']}  “{each['words']}”", 6, "italic")


def _split(split: Data) -> str:
    names = {"amount": "paid", "prepaid": "of it prepaid"}
    parts = [
        f"{money(split[name])} {names.get(name, name)}"
        for name in _PARTS
        if split[name] != "0.00" or name == "amount"
    ]
    remark = "; provisional" if split["provisional"] else ""
    if split["trued_up_on"]:
        remark += f", trued up {split['trued_up_on']}"
    return f"{split['date']}  {', '.join(parts)}{remark}"


def _range(entry: Data) -> str:
    """Provisional, and between which figures."""
    if not entry["provisional"]:
        return ""
    span = entry["range"]
    if span is None:
        return "provisional"
    return f"provisional: {money(span['lowest'])} to {money(span['highest'])}"


def _show_interest(page: Page, scenario: Data) -> None:
    if not scenario["interest"]:
        return
    page.heading("Interest saved, if nothing more is paid or drawn")
    rows = [
        (f"to {i['until']}, {i['what']}", money(i["before"]), money(i["after"]),
         money(i["saved"]), money(i["charges"]), _range(i))
        for i in scenario["interest"]
    ]  # fmt: skip
    names = ("Without", "With", "Saved", "More charges")
    page.table((("", False), *((name, True) for name in names), ("", False)), rows)


def _show_due(page: Page, scenario: Data) -> None:
    if not scenario["due"]:
        return
    page.heading("Unpaid when the next amounts fall due")
    rows = [
        (d["id"], d["due"], d["last_day"], money(d["before"]), money(d["after"]), _range(d))
        for d in scenario["due"]
    ]
    page.table(
        (("Obligation", False), ("Due", False), ("Last day", False), ("Without", True),
         ("With", True), ("", False)),
        rows,
    )  # fmt: skip


def _show_draws(page: Page, scenario: Data) -> None:
    before, after = scenario["draws"]["before"], scenario["draws"]["after"]
    until = f", until {after['last_day']}" if after["last_day"] else ""
    page.heading("What may be drawn")
    page.indented(f"{money(after['amount'])}{until}; without the change {money(before['amount'])}.")


def _show_true_ups(page: Page, scenario: Data) -> None:
    if not scenario["true_ups"]:
        return
    page.heading("Provisional splits, and what comes of them")
    for each in scenario["true_ups"]:
        paid = f"{money(each['paid_on_account'])} paid on account of the interest of the period "
        paid += f"{each['from']} – {each['to']} ({', '.join(each['payments'])}): "
        page.indented(paid + _came_of(each), 2)


def _came_of(each: Data) -> str:
    if each["difference"] is None:
        span = each["range"]
        wide = ""
        if span is not None:
            low, high = money(span["lowest"]), money(span["highest"])
            wide = f", between {low} and {high} more"
        return f"provisional until the rate is determined{wide}."
    apart = str(each["difference"])
    bears = f"determined on {each['determined_on']}, it bears {money(each['interest'])}; "
    if apart.startswith("-"):
        return f"{bears}{money(apart[1:])} stands to the credit of later interest."
    return f"{bears}{money(apart)} more fell due."


def _show_findings(page: Page, scenario: Data) -> None:
    if not scenario["findings"]:
        return
    page.heading("Findings")
    weighty = sorted(scenario["findings"], key=_weight)
    for each in weighty[:MOST]:
        now = each["after"] or each["before"]
        page.indented(f"{_CHANGES[each['change']]}: {now['outcome']}  {each['id']}", 2, "bold")
        was = each["before"]
        if each["change"] == "changes" and (was["says"], was["outcome"]) != (
            now["says"], now["outcome"],
        ):  # fmt: skip
            page.indented(f"without: {was['outcome']}. {was['says']}", 6)
        page.indented(now["says"], 6)
        if each["change"] == "changes" and was["continuing"] != now["continuing"]:
            page.indented("It continues." if now["continuing"] else "It no longer continues.", 6)
        if each["change"] == "appears" and each["quote"]:
            page.indented(f"§ {each['clause']}  “{each['quote']}”", 6, "italic")
    _show_more(page, len(weighty) - MOST)


def _weight(finding: Data) -> int:
    """Breaches and what ends them stand before what is for information."""
    sides = [finding[name]["outcome"] for name in ("before", "after") if finding[name]]
    return min(SEVERITY.index(outcome) for outcome in sides)


def _show_more(page: Page, count: int) -> None:
    if count > 0:
        page.indented(f"… and {count:,} more, in the JSON answer", 2, "dim")


def _show_obligations(page: Page, scenario: Data) -> None:
    if not scenario["obligations"]:
        return
    page.heading("Obligations")
    rows = [
        (each["id"], _CHANGES[each["change"]], _owed(each["before"]), _owed(each["after"]))
        for each in scenario["obligations"][:MOST]
    ]
    page.table((("Obligation", False), ("", False), ("Without", False), ("With", False)), rows)
    _show_more(page, len(scenario["obligations"]) - MOST)


def _owed(owed: Data | None) -> str:
    if owed is None:
        return "—"
    unpaid = "" if owed["unpaid"] == "0.00" else f", {money(owed['unpaid'])} unpaid"
    return f"{money(owed['amount'])} {owed['state']}{unpaid}"
