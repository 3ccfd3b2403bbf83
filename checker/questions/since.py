"""What changed since an earlier report, and which records changed it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from checker.dates import Day, iso, parse_day
from checker.inquiry import Inquiry
from checker.model import Fact, Place, Problem, WrongInput, did_you_mean
from checker.questions.telling import Page, money
from checker.records import shown
from checker.report import SCHEMA, facts_hash
from checker.source import Source, read_source
from checker.timeline import CORRECTION, effective

Data = dict[str, Any]

MOST_SINGLY = 100
"""How many records are tried one by one; where there are more, they answer together."""

PARTS = ("findings", "obligations", "powers")


# The earlier report ------------------------------------------------------------------------------


def earlier(path: str) -> Data:
    """An earlier report from its file; WrongInput where it is none."""
    return report_in(read_source(Path(path)))


def report_in(source: Source) -> Data:
    """A report from its text; WrongInput where it is none.

    A name that stands twice in one object is refused: readers differ in which of the two they see.
    """
    try:
        data = json.loads(source.text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        place = source.place(error.lineno, error.colno)
        raise WrongInput([Problem(place, f"not JSON: {error.msg}")]) from error
    except RecursionError as error:
        raise WrongInput([Problem(source.place(1), "not a report: nested too deeply")]) from error
    except ValueError as error:  # a name twice, or a figure too long for any report
        raise WrongInput([Problem(source.place(1), f"not a report: {error}")]) from error
    wrong = _misshapen(data)
    if wrong:
        raise WrongInput([Problem(source.place(1), wrong)])
    return dict(data)


def _once(pairs: Sequence[tuple[str, Any]]) -> Data:
    data = dict(pairs)
    if len(data) < len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{shown(twice)} stands twice in one object")
    return data


def _misshapen(data: Any) -> str:
    """What makes it no report of this shape; nothing where it is one."""
    if not isinstance(data, dict):
        return "a report is expected: what `check --format json` prints"
    if data.get("schema") != SCHEMA:
        named = f"is {data['schema']}" if data.get("schema") else "names no shape"
        return f"a report of the shape {SCHEMA} is expected, and this {named}"
    texts = ("contract", "pack", "as_of", "outcome")
    lacking = [name for name in texts if not isinstance(data.get(name), str)]
    for part, fields in _NEEDED.items():
        rows = data.get(part)
        lacking += [part] if not isinstance(rows, list) else _lacking(part, rows, fields)
    lacking += [name for name in ("balances", "receipt") if not isinstance(data.get(name), dict)]
    lacking += [name for name in ("readings", "terms") if not _is_words(data.get(name))]
    lacking += [name for name in ("as_of", "known_on") if not _is_day(data.get(name))]
    return f"the report is not whole: {', '.join(dict.fromkeys(lacking))}" if lacking else ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_words(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_money(value: Any) -> bool:
    return _is_text(value) and re.fullmatch(r"-?\d+\.\d\d", value, re.ASCII) is not None


def _is_day(value: Any) -> bool:
    """A day, or nothing: where one must be, that is told of as no text."""
    try:
        return value is None or bool(parse_day(value))
    except (TypeError, ValueError):
        return False


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _are_revisions(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict) and _is_texts(row.get("facts")) for row in value
    )


_NEEDED: dict[str, dict[str, Callable[[Any], bool]]] = {
    "findings": {
        "id": _is_text, "outcome": _is_text, "date": _is_text, "amount": _or_null(_is_money),
        "continuing": lambda value: isinstance(value, bool), "facts": _is_texts,
        "revisions": _are_revisions,
    },
    "obligations": {
        "id": _is_text, "amount": _is_money, "unpaid": _is_money, "last_day": _is_text,
        "state": _is_text,
    },
    "powers": {"id": _is_text, "state": _is_text, "since": _or_null(_is_text)},
    "payments": {"fact": _is_text},
}  # fmt: skip
"""What every entry of a part has, and what may stand there."""


def _lacking(
    part: str, rows: Sequence[Any], fields: Mapping[str, Callable[[Any], bool]]
) -> Iterator[str]:
    """The fields that lack what they must hold: `findings[3].amount`."""
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            yield f"{part}[{number}]"
            continue
        for name, fits in fields.items():
            if name not in row or not fits(row[name]):
                yield f"{part}[{number}].{name}"


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


def more_and_fewer(inquiry: Inquiry, old: Data) -> tuple[list[Fact], list[str]]:
    """The records given that an earlier report of the same day did not have, and the ids of those
    that it names and that are not given, as far as its hash and its words tell."""
    since = _Since(inquiry, old)
    return since.left_out(inquiry.facts) or [], since.gone


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
        """Those that may have been given since, though they say they were known.

        By the hash where that can be told, else any that the report is silent about.
        """
        found = self.left_out(facts)
        return [fact for fact in facts if fact.id not in self.told] if found is None else found

    def left_out(self, facts: Sequence[Fact]) -> list[Fact] | None:
        """Those without which the facts have the hash of the report; None where that is not seen.

        Mostly they are the last that were given, or one alone.
        """
        silent = [fact for fact in facts if fact.id not in self.told]
        tried = [silent[at:] for at in range(len(silent), max(-1, len(silent) - MOST_SINGLY), -1)]
        tried += [[fact] for fact in silent[-MOST_SINGLY:]]
        for some in tried:
            left = [fact for fact in facts if fact not in some]
            if facts_hash(effective(left, *self.seen)) == self.old["receipt"].get("facts_sha256"):
                return some
        return None

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
    for part in PARTS:
        found |= {(part, row["id"]): in_words(part, row) for row in report[part]}
    for name, figure in report["balances"].items():
        if isinstance(figure, str):
            found["balances", name] = figure
    return found


def in_words(part: str, row: Data) -> str:
    """How an entry of one of the `PARTS` stands."""
    return {"findings": _finding, "obligations": _obligation, "powers": _power}[part](row)


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
