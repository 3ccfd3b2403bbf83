"""What turns on readings, as text: each answer alone, and the ranges over every combination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

from checker.questions.telling import Page, money, told

Data = Mapping[str, Any]

MOST = 6
"""How many sets of answers are shown of one thing; the JSON holds all."""

MOST_CHANGES = 12
"""How many findings, obligations or amounts that one answer changes are shown; as above."""


def render(data: Data, out: IO[str] | None = None) -> str:
    """The answer as text; with `out` it is written there."""
    return told(lambda page: _show(page, data), out)


def _show(page: Page, data: Data) -> None:
    known = f", as known on {data['known_on']}" if data["known_on"] else ""
    page.line(data["title"], "bold")
    page.line(f"At the close of {data['as_of']}{known}")
    page.line()
    page.line(f"Outcome as read at first: {data['outcome'].upper()}", "bold")
    count = len(data["questions"])
    page.indented(
        f"{count} questions, {data['combinations']:,} combinations of answers; "
        f"{data['covers']} is covered, by {data['evaluations']:,} evaluations"
    )
    for question in data["questions"]:
        _question(page, question, data["outcome"])
    _findings(page, data)
    if data["outcomes"]:
        _outcomes(page, data)
        _powers(page, data["powers"])
        _figures(page, data["figures"])


# Each answer alone -------------------------------------------------------------------------------


def _question(page: Page, question: Data, outcome: str) -> None:
    page.heading(f"{question['question']} (clause {question['clause']})")
    page.indented(f"“{question['phrase']}”", 2, "italic")
    page.indented(question["asks"])
    page.indented(f"{question['baseline']}, as read at first: {question['because']}")
    for other in question["others"]:
        page.indented(f"{other['answer']}: {other['because']}", 2, "bold")
        _other(page, other, outcome)


def _other(page: Page, other: Data, outcome: str) -> None:
    if not other["changes"]:
        page.indented("nothing changes", 6, "dim")
        return
    if other["outcome"] != outcome:
        page.indented(f"the outcome is {other['outcome'].upper()}", 6, "bold")
    found = [_change(change, "outcome", "date", "amount") for change in other["findings"]]
    owed = [_change(c, "due", "last_day", "amount", "state") for c in other["obligations"]]
    _lines(page, found, "findings", "")
    _lines(page, owed, "obligations", "")
    _lines(page, [moved["says"] for moved in other["money"]], "amounts", "cyan")


def _lines(page: Page, lines: Sequence[str], what: str, style: str) -> None:
    for line in lines[:MOST_CHANGES]:
        page.indented(line, 6, style)
    if len(lines) > MOST_CHANGES:
        page.indented(f"… and {len(lines) - MOST_CHANGES} more {what}", 6, "dim")


def _change(change: Data, *names: str) -> str:
    """`appears: …`, `goes: …`, or what of it moves from what to what."""
    one, other = change["before"], change["after"]
    if one is None or other is None:
        stands = other or one
        said = ", ".join(
            f"{_NAMED.get(name, '')}{_value(name, stands[name])}"
            for name in names
            if stands[name] is not None
        )
        return f"{change['change']}: {change['id']} ({said})"
    moved = [
        f"{name.replace('_', ' ')} {_value(name, one[name])} → {_value(name, other[name])}"
        for name in names
        if one[name] != other[name]
    ]
    return f"moves: {change['id']} ({', '.join(moved) or 'what of it is unpaid'})"


_NAMED = {"due": "due ", "last_day": "last day "}


def _value(name: str, value: str | None) -> str:
    return money(value) if name == "amount" else value or "—"


# What depends on what ----------------------------------------------------------------------------


def _findings(page: Page, data: Data) -> None:
    page.heading("Findings")
    if not data["findings"]:
        page.line("  Nothing is found.")
    for finding in data["findings"]:
        label = finding["label"].replace("-", " ")
        page.indented(f"{label}  {finding['id']}", 2, "" if finding["depends_on"] else "green")
        if finding["outcome"] is not None:
            amount = f", {money(finding['amount'])}" if finding["amount"] else ""
            page.indented(f"{finding['outcome']}, {finding['date']}{amount}", 6, "dim")
        else:
            page.indented("not found as read at first", 6, "dim")
        for on in finding["depends_on"]:
            page.indented(f"turns on “{on['phrase']}” ({on['question']}){_by(on)}", 6)
        for when in finding["when"]:
            page.indented(f"{_outcome(when)}: {_sets(when, data)}", 6, "dim")


def _by(on: Data) -> str:
    return "" if on["by"] == "0.00" else f", by as much as {money(on['by'])}"


def _outcome(when: Data) -> str:
    if when["outcome"] is None:
        return "not found"
    range_ = ""
    if when["lowest"] is not None:
        range_ = f", {money(when['lowest'])}"
        if when["highest"] != when["lowest"]:
            range_ += f" to {money(when['highest'])}"
    return f"{when['outcome']}, {when['date']}{range_}"


def _sets(when: Data, data: Data) -> str:
    share = f"{when['combinations']:,} of {data['combinations']:,}"
    sets = when["sets"]
    if sets == [{}]:
        return "in every combination"
    shown = [
        " and ".join(f"{question}={answer}" for question, answer in each.items())
        for each in sets[:MOST]
    ]
    more = f"; or {len(sets) - MOST} sets more" if len(sets) > MOST else ""
    return f"in {share}, whenever {'; or '.join(shown)}{more}"


# Every combination -------------------------------------------------------------------------------


def _outcomes(page: Page, data: Data) -> None:
    page.heading("Outcome over every combination")
    for when in data["outcomes"]:
        page.indented(f"{when['outcome'].upper()}: {_sets(when, data)}")


def _powers(page: Page, powers: Sequence[Data]) -> None:
    if not powers:
        return
    page.heading("Powers over every combination")
    for power in powers:
        if power["robust"]:
            page.indented(f"{power['id']}: {power['state']} in every combination")
            continue
        states = list(dict.fromkeys(when["state"] for when in power["when"]))
        page.indented(f"{power['id']}: {power['state']} as read at first; {' or '.join(states)}")
        for on in power["depends_on"]:
            page.indented(f"turns on “{on['phrase']}” ({on['question']})", 6)


def _figures(page: Page, figures: Sequence[Data]) -> None:
    page.heading("Amounts over every combination")
    turning = [figure for figure in figures if not figure["robust"]]
    page.indented(
        f"{len(figures) - len(turning)} of {len(figures)} amounts are the same in every combination"
    )
    if not turning:
        return
    rows = [
        (
            f"{figure['of']}: {figure['figure'].replace('_', ' ')}",
            money(figure["baseline"]),
            money(figure["lowest"]),
            money(figure["highest"]),
            ", ".join(on["question"] for on in figure["depends_on"]),
        )
        for figure in turning
    ]
    names = ("Amount", "As read at first", "Lowest", "Highest", "Turns on")
    page.table([(name, name in names[1:4]) for name in names], rows)
