"""What changed since an earlier report, and which records changed it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from checker.dates import Day, iso, parse_day
from checker.inquiry import Inquiry
from checker.model import Fact, Place, Problem, WrongInput, did_you_mean
from checker.questions.telling import Page, money
from checker.report import SCHEMA, facts_hash
from checker.source import read_source
from checker.timeline import CORRECTION, effective

Data = dict[str, Any]

MOST_SINGLY = 100
"""How many records are tried one by one; where there are more, they answer together."""

PARTS = ("findings", "obligations", "powers")


# The earlier report ------------------------------------------------------------------------------


def earlier(path: str) -> Data:
    """An earlier report from its file; WrongInput where it is none."""
    source = read_source(Path(path))
    try:
        data = json.loads(source.text)
    except json.JSONDecodeError as error:
        place = source.place(error.lineno, error.colno)
        raise WrongInput([Problem(place, f"not JSON: {error.msg}")]) from error
    except RecursionError as error:
        raise WrongInput([Problem(source.place(1), "not a report: nested too deeply")]) from error
    wrong = _misshapen(data)
    if wrong:
        raise WrongInput([Problem(source.place(1), wrong)])
    return dict(data)


def _misshapen(data: Any) -> str:
    """What makes it no report of this shape; nothing where it is one."""
    if not isinstance(data, dict):
        return "a report is expected: what `check --format json` prints"
    if data.get("schema") != SCHEMA:
        named = f"is {data['schema']}" if data.get("schema") else "names no shape"
        return f"a report of the shape {SCHEMA} is expected, and this {named}"
    texts = {"contract", "pack", "as_of", "outcome"}
    lacking = [name for name in sorted(texts) if not isinstance(data.get(name), str)]
    for part, names in _NEEDED.items():
        rows = data.get(part)
        if not isinstance(rows, list) or any(not _has(row, names) for row in rows):
            lacking.append(part)
    mappings = ("balances", "readings", "terms", "receipt")
    lacking += [name for name in mappings if not isinstance(data.get(name), dict)]
    try:
        for day in (data.get("as_of"), data.get("known_on")):
            parse_day(str(day)) if day is not None else None
    except ValueError:
        lacking.append("as_of")
    return f"the report is not whole: {', '.join(dict.fromkeys(lacking))}" if lacking else ""


_NEEDED = {
    "findings": ("id", "outcome", "date", "amount", "continuing", "facts", "revisions"),
    "obligations": ("id", "amount", "unpaid", "last_day", "state"),
    "powers": ("id", "state", "since"),
    "payments": ("fact",),
}


def _has(row: Any, names: Iterable[str]) -> bool:
    return isinstance(row, dict) and set(names) <= row.keys()


def of_same(old: Data, inquiry: Inquiry, path: str) -> None:
    """WrongInput where the earlier report is of another contract, or by another pack."""
    problems = []
    for name in ("pack", "contract"):
        was, now = str(old[name]), str(inquiry.report[name])
        if was != now:
            message = f"the report is of the {name} '{was}', and this is '{now}'"
            problems.append(Problem(Place(path, 1, 1), message, did_you_mean(was, [now])))
    if problems:
        raise WrongInput(problems[:1])


# What changed ------------------------------------------------------------------------------------

Standing = Mapping[tuple[str, str], str]
"""How everything stands in a report, in words: by part and id."""


def changes(inquiry: Inquiry, old: Data) -> Data:
    """What is new, changed or gone since an earlier report of the contract, and by what."""
    return _Since(inquiry, old).answer()


@dataclass
class _Since:
    inquiry: Inquiry
    old: Data

    def answer(self) -> Data:
        """The changes as plain data."""
        before, after = _standing(self.old), self.after
        ids = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        rows = {key: self._changed(key, before.get(key), after.get(key)) for key in ids}
        parts = {
            part: [row for key, row in rows.items() if key[0] == part]
            for part in ("outcome", *PARTS, "balances")
        }
        return {
            "since": self.old["as_of"],
            "known_on": self.old.get("known_on"),
            "settings": self.settings,
            "gone": self.gone,
            **parts,
            "facts": list(self._facts([row for part in PARTS for row in parts[part]])),
        }

    def _facts(self, rows: Sequence[Data]) -> Iterator[Data]:
        """The later records, and which may have been later if they changed anything."""
        for fact in self.later:
            alone = [r["id"] for r in rows if r["why"] == "facts" and fact.id in r["because"]]
            if alone or self._came_later(fact):
                yield {
                    "id": fact.id,
                    "kind": fact.kind,
                    "date": iso(fact.date),
                    "recorded": iso(fact.recorded),
                    "changed": alone,
                }

    @cached_property
    def after(self) -> Standing:
        return _standing(self.inquiry.report)

    @cached_property
    def settings(self) -> list[Data]:
        """What was chosen otherwise, and by what rules and version it was evaluated."""
        found, report = [], self.inquiry.report
        for part, name in (("readings", "reading"), ("terms", "term")):
            was, now = self.old[part], report[part]
            found += [_row(f"{name} {key}", was.get(key), now.get(key), "settings")
                      for key in {**was, **now} if was.get(key) != now.get(key)]  # fmt: skip
        for key, name in (("pack_sha256", "rules"), ("checker", "checker")):
            was, now = self.old["receipt"].get(key), report["receipt"][key]
            if was != now:
                found.append(_row(name, was and str(was)[:12], now[:12], "settings"))
        return found

    @cached_property
    def seen(self) -> tuple[Day, Day | None]:
        """The day of the earlier report, and the day by which it knew what it knew."""
        known = self.old.get("known_on")
        return parse_day(self.old["as_of"]), parse_day(known) if known else None

    @cached_property
    def told(self) -> set[str]:
        """The records that the earlier report names."""
        return _mentioned(self.old)

    @cached_property
    def later(self) -> list[Fact]:
        """The records that the earlier report did not have: dated or recorded later, or unknown."""
        asked = self.inquiry
        there = [
            fact for fact in asked.facts
            if fact.date <= asked.as_of
            and (asked.known_on is None or fact.recorded <= asked.known_on)
        ]  # fmt: skip
        sure = [fact for fact in there if self._came_later(fact)]
        before = [fact for fact in asked.facts if fact not in sure]
        unsure = self._unsure(before)
        return [fact for fact in there if fact in sure or fact in unsure]

    def _unsure(self, facts: Sequence[Fact]) -> list[Fact]:
        """Those that may have been given since, though they say they were known: by the hash.

        Mostly they are the last that were given, or one alone; else any that the report is silent
        about.
        """
        silent = [fact for fact in facts if fact.id not in self.told]
        tried = [silent[at:] for at in range(len(silent), max(-1, len(silent) - MOST_SINGLY), -1)]
        tried += [[fact] for fact in silent[-MOST_SINGLY:]]
        for some in tried:
            left = [fact for fact in facts if fact not in some]
            if facts_hash(effective(left, *self.seen)) == self.old["receipt"].get("facts_sha256"):
                return some
        return silent

    def _came_later(self, fact: Fact) -> bool:
        seen, known = self.seen
        if fact.date > seen or (known is not None and fact.recorded > known):
            return True
        unknown = fact.id not in self.told
        return unknown and (fact.kind == "payment" or fact.recorded > (known or seen))

    @cached_property
    def gone(self) -> list[str]:
        """The records on which the earlier report rested, and that are no longer given."""
        return sorted(self.told - {fact.id for fact in self.inquiry.facts})

    def _without(self, facts: Sequence[Fact]) -> Standing:
        gone = {fact.id for fact in facts}
        left = [
            fact for fact in self.inquiry.facts
            if fact.id not in gone
            and not (fact.kind == CORRECTION and fact.values.get("of") in gone)
        ]  # fmt: skip
        return _standing(self.inquiry.with_facts(left).report)

    @cached_property
    def _without_all(self) -> Standing:
        return self._without(self.later) if self.later else self.after

    @cached_property
    def _without_each(self) -> dict[str, Standing]:
        singly = self.later if len(self.later) <= MOST_SINGLY else []
        return {fact.id: self._without([fact]) for fact in singly}

    def _changed(self, key: tuple[str, str], before: str | None, after: str | None) -> Data:
        """What changed it: with which records left out it would not stand as it does."""
        because: list[str] = []
        why = "time" if self.inquiry.report["as_of"] != self.old["as_of"] else "settings"
        if self._without_all.get(key) != after:
            because = [id_ for id_, left in self._without_each.items() if left.get(key) != after]
            why = "facts" if because else "facts-together"
            because = because or [fact.id for fact in self.later]
        elif self.gone and why == "settings" and not self.settings:
            why, because = "gone", self.gone
        elif self.settings and why == "time" and self._as_before.get(key) == before:
            why = "settings"
        return _row(key[1], before, after, why, because)

    @cached_property
    def _as_before(self) -> Standing:
        """On the day of the earlier report, with what was known then: as it is read now."""
        seen, known = self.seen
        inquiry = self.inquiry.at(seen)
        return _standing(inquiry.report) if known is None else {}


def _row(
    id_: str, before: str | None, after: str | None, why: str, because: Sequence[str] = ()
) -> Data:
    change = "new" if before is None else "gone" if after is None else "changed"
    return {"id": id_, "change": change, "before": before, "after": after, "why": why,
            "because": list(because)}  # fmt: skip


def _mentioned(report: Data) -> set[str]:
    """The records that a report names."""
    found = {str(payment["fact"]) for payment in report["payments"]}
    for finding in report["findings"]:
        found |= {*finding["facts"]}
        found |= {fact for revision in finding["revisions"] for fact in revision["facts"]}
    return found


def _standing(report: Data) -> dict[tuple[str, str], str]:
    """Everything that may change, each thing in words."""
    found = {("outcome", "outcome"): str(report["outcome"])}
    tell: tuple[tuple[str, Callable[[Data], str]], ...] = (
        ("findings", _finding), ("obligations", _obligation), ("powers", _power),
    )  # fmt: skip
    for part, words in tell:
        found |= {(part, row["id"]): words(row) for row in report[part]}
    for name, figure in report["balances"].items():
        if isinstance(figure, str):
            found["balances", name] = figure
    return found


def _finding(row: Data) -> str:
    amount = f", {money(row['amount'])}" if row["amount"] else ""
    going_on = ", continuing" if row["continuing"] and row["outcome"] in _HARD else ""
    return f"{row['outcome']} on {row['date']}{amount}{going_on}"


_HARD = ("event-of-default", "breach")


def _obligation(row: Data) -> str:
    left = f", {money(row['unpaid'])} unpaid" if row["unpaid"] != "0.00" else ""
    return f"{row['state']}, {money(row['amount'])}{left}, last day {row['last_day']}"


def _power(row: Data) -> str:
    return f"{row['state']} since {row['since']}" if row["since"] else str(row["state"])


# As text -----------------------------------------------------------------------------------------


def show(page: Page, data: Data) -> None:
    """The changes as a part of the report's text."""
    known = f", as known on {data['known_on']}" if data["known_on"] else ""
    page.heading(f"Since the report of {data['since']}{known}")
    titles = ("settings", "outcome", *PARTS, "balances")
    if not any(data[part] for part in titles):
        page.indented("Nothing changed.")
    for part in titles:
        for line in _told(part, data[part]):
            page.indented(line)
    for id_ in data["gone"]:
        page.indented(f"{id_}, on which the earlier report rested, is no longer given", 2, "dim")
    for fact in data["facts"]:
        late = f", recorded {fact['recorded']}" if fact["recorded"] != fact["date"] else ""
        changed = f"changed {', '.join(fact['changed'])}" if fact["changed"] else "changed none"
        page.indented(f"{fact['id']} ({fact['kind']} of {fact['date']}{late}) {changed}", 2, "dim")


def _told(part: str, rows: Iterable[Data]) -> Iterator[str]:
    for row in rows:
        name = f"balance {row['id'].replace('_', ' ')}" if part == "balances" else row["id"]
        figure = money if part == "balances" else str
        if row["change"] == "new":
            stands = f"new: {figure(row['after'])}"
        elif row["change"] == "gone":
            stands = f"gone; it was {figure(row['before'])}"
        else:
            stands = f"{figure(row['after'])}; it was {figure(row['before'])}"
        yield f"{name}: {stands}{_why(part, row)}"


def _why(part: str, row: Data) -> str:
    if part == "settings":
        return ""
    names = ", ".join(row["because"][:12])
    return {
        "facts": f" (by {names})",
        "facts-together": f" (by what came since together: {names})",
        "gone": f" (for want of {names})",
        "time": " (by the days that passed)",
        "settings": " (by what was chosen otherwise)",
    }[str(row["why"])]
