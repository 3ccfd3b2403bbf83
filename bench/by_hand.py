"""The Second Amended Note checked by a script of its own: what a person writes who needs no more.

It shares no code with the checker. It knows one note, by its default readings, and tells its
obligations and its events of default:

    python bench/by_hand.py FACTS AS-OF OUT

reads Parquet and writes OUT/obligations.csv and OUT/defaults.csv.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

NOTE_DATE = date(2000, 11, 27)
MATURITY = date(2002, 8, 30)
MARGIN = 100_000_000  # rates are in units of 1e-10
GRACE = {"interest": 5, "principal": 0, "costs": 5}
LENDER = {"", "lender", "baccarat electronics, inc."}
DAY = timedelta(days=1)

COLUMNS = (
    "contract", "id", "date", "kind", "amount", "value", "of", "void", "by", "about", "answer",
)  # fmt: skip


def holidays(year: int) -> set[date]:
    """The days of a year on which the Federal Reserve is closed (before Juneteenth)."""

    def monday(month: int, nth: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(0 - first.weekday()) % 7 + 7 * (nth - 1))

    last_of_may = date(year, 5, 31)
    november = date(year, 11, 1)
    days = {monday(1, 3), monday(2, 3), monday(9, 1), monday(10, 2)}
    days.add(last_of_may - timedelta(days=last_of_may.weekday()))
    days.add(november + timedelta(days=(3 - november.weekday()) % 7 + 21))
    for month, day in ((1, 1), (7, 4), (11, 11), (12, 25)):
        fixed = date(year, month, day)
        days.add(fixed + DAY if fixed.weekday() == 6 else fixed)
    return days


def determination(year: int) -> date:
    """31 December of a year, or the closest prior business day."""
    day = date(year, 12, 31)
    while day.weekday() > 4 or day in holidays(year):
        day -= DAY
    return day


DETERMINED = {year: determination(year) for year in range(1999, 2100)}


class Observations:
    """The shared observations: the lender's line of credit, and the lawful maximum."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self.rates: list[tuple[date, int]] = []
        self.cap: int | None = None
        for row in sorted(rows, key=itemgetter(2)):
            fact = dict(zip(COLUMNS, row, strict=True))
            value = int(Decimal(fact["value"].rstrip("%")) * 10**8)
            if fact["kind"] == "rate":
                self.rates.append((fact["date"], value))
            elif fact["kind"] == "lawful-maximum" and fact["date"] <= NOTE_DATE:
                self.cap = value
        self._known: dict[date, int] = {}

    def on(self, day: date) -> int:
        """The note's rate by the latest value observed up to a day."""
        if day not in self._known:
            values = [value for observed, value in self.rates if observed <= day]
            if not values:
                raise ValueError(f"no rate had been observed by {day}")
            rate = values[-1] + MARGIN
            self._known[day] = rate if self.cap is None else min(rate, self.cap)
        return self._known[day]


class Obligation:
    """An amount due."""

    def __init__(self, id_: str, component: str, due: date, amount: int) -> None:
        self.id, self.component, self.due = id_, component, due
        self.last_day = due + timedelta(days=GRACE[component])
        self.amount = self.unpaid = amount
        self.paid_on: date | None = None
        self.missed = self.released = False

    def state(self) -> str:
        """What became of it."""
        if self.released:
            return "released"
        if self.unpaid:
            return "defaulted" if self.missed else "due"
        if self.missed:
            return "paid-after-default"
        return "paid-in-grace" if self.paid_on is not None and self.paid_on > self.due else "paid"


class Note:
    """One contract on its way through its facts."""

    def __init__(self, observations: Observations) -> None:
        self.observations = observations
        self.principal = 0
        self.start = self.counted = NOTE_DATE  # of the open period; days before it are counted
        self.december = date(2000, 12, 31)  # the end of the open period
        self.weight = 0  # cents of principal times days, of the open period
        self.on_account = 0  # paid on account of the open period's interest
        self.matured = False
        self.obligations: dict[str, Obligation] = {}
        self.open: list[Obligation] = []
        self.defaults: dict[str, tuple[date, int]] = {}
        self.waived: set[str] = set()

    # Time

    def go_to(self, day: date) -> None:
        """Lives through what falls due, and what is missed, up to a day and before its notices."""
        while True:
            coming = [self.december]
            if not self.matured:
                coming.append(MATURITY)
            coming += [owed.last_day + DAY for owed in self.open if not owed.missed]
            following = min(coming)
            if following > day:
                break
            self.count(following)
            if following == self.december:
                self.close(following)
                self.december = date(following.year + 1, 12, 31)
            if following == MATURITY and not self.matured:
                self.matured = True
                self.owe("principal", following, self.not_due())
            for owed in self.open:
                if owed.last_day < following and not owed.missed:
                    self.missed_on(following, owed)
        self.count(day)

    def missed_on(self, day: date, owed: Obligation) -> None:
        """The last day to pay something has passed: an event of default."""
        owed.missed = True
        self.defaults[owed.id] = (day, owed.unpaid)

    def count(self, day: date) -> None:
        """Principal earns interest for the days before this one."""
        if day > self.counted:
            self.weight += self.principal * (day - self.counted).days
            self.counted = day

    def rate(self, day: date) -> int:
        """The open period's rate as it stands on a day."""
        return self.observations.on(min(day, DETERMINED[self.december.year]))

    def earned(self, day: date) -> int:
        """The interest of the open period so far, rounded half up to the cent."""
        over = 365 * 10**10
        return (2 * self.weight * self.rate(day) + over) // (2 * over)

    def close(self, day: date) -> None:
        """The period ends: what it earned and was not paid on account falls due."""
        owed = self.earned(day) - self.on_account
        self.start, self.weight = day, 0
        self.on_account = max(0, -owed) if self.principal else 0
        self.owe("interest", day, owed)

    def owe(self, component: str, day: date, amount: int, fact: str = "") -> None:
        """Something falls due."""
        if amount <= 0:
            return
        id_ = f"{component}/{day}" + (f"/{fact}" if fact else "")
        owed = self.obligations.get(id_)
        if owed is None:
            owed = self.obligations[id_] = Obligation(id_, component, day, amount)
            self.open.append(owed)
            return
        owed.amount += amount
        owed.unpaid += amount
        if owed not in self.open:
            owed.paid_on = None
            self.open.append(owed)

    def not_due(self) -> int:
        """Principal that is not due."""
        return self.principal - sum(o.unpaid for o in self.open if o.component == "principal")

    # What happens

    def happened(self, fact: dict[str, Any]) -> None:
        """A record, whatever it is."""
        day, kind = fact["date"], fact["kind"]
        cents = int(fact["amount"] * 100) if fact["amount"] is not None else 0
        if kind == "payment":
            self.pay(day, cents)
        elif kind == "advance":
            self.advance(day, cents, fact["id"])
        elif kind == "costs":
            self.owe("costs", day, cents, fact["id"])
        elif kind == "waiver" and (fact["by"] or "").lower() in LENDER:
            self.waived.add(fact["of"].removeprefix("event-of-default/"))
        elif kind == "acceleration" and (fact["by"] or "").lower() in LENDER:
            self.accelerate(day)
        elif kind == "judgment":
            self.judge(fact["about"], fact["answer"])

    def pay(self, day: date, amount: int) -> None:
        """Interest due, principal due, costs due; then accrued interest, then principal."""
        for component in ("interest", "principal", "costs"):
            for owed in self.open:
                if owed.component == component and amount:
                    part = min(amount, owed.unpaid)
                    owed.unpaid -= part
                    amount -= part
                    if component == "principal":
                        self.principal -= part
                    if not owed.unpaid:
                        owed.paid_on = day
        self.open = [owed for owed in self.open if owed.unpaid]
        part = min(amount, max(0, self.earned(day) - self.on_account))
        self.on_account += part
        self.principal -= min(amount - part, max(0, self.not_due()))

    def advance(self, day: date, amount: int, fact: str) -> None:
        """Principal is paid out; after maturity it is due at once."""
        self.principal += amount
        if self.matured:
            self.owe("principal", day, amount, fact)

    def accelerate(self, day: date) -> None:
        """All is due, if a default that was not waived gave the lender that option."""
        if not any(id_ not in self.waived for id_ in self.defaults):
            return
        if self.counted > self.start:
            self.close(day)
        self.owe("principal", day, self.not_due())

    def judge(self, about: str, answer: str) -> None:
        """Attorneys' fees that are unreasonable are not owed as far as they are unpaid."""
        fact = about.removeprefix("attorneys-fees/")
        for owed in self.open:
            costs = owed.component == "costs" and owed.id.endswith(f"/{fact}")
            if costs and answer == "unreasonable":
                owed.released, owed.unpaid = True, 0
        self.open = [owed for owed in self.open if owed.unpaid]


ORDER = {"costs": 0, "judgment": 1, "waiver": 1, "acceleration": 2, "payment": 3, "advance": 4}
"""The order of one day; other records change nothing of what is owed."""


def corrected(rows: list[tuple[Any, ...]], as_of: date) -> list[dict[str, Any]]:
    """The records of a contract up to a day as their corrections leave them."""
    facts = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    facts = [fact for fact in facts if fact["date"] <= as_of]
    by_id = {fact["id"]: fact for fact in facts}
    for fact in facts:
        if fact["kind"] == "correction":
            target = by_id[fact["of"]]
            if fact["void"]:
                target["kind"] = "void"
            elif fact["amount"] is not None:
                target["amount"] = fact["amount"]
    return [fact for fact in facts if fact["kind"] in ORDER]


def live(note: Note, rows: list[tuple[Any, ...]], as_of: date) -> Note:
    """Lives through one contract's records to the close of a day."""
    facts = corrected(rows, as_of)
    facts.sort(key=lambda fact: (fact["date"], ORDER[fact["kind"]]))
    for fact in facts:
        note.go_to(fact["date"])
        note.happened(fact)
    note.go_to(as_of)
    return note


def contracts(facts: str) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """The records by contract; those without one come first, under an empty name."""
    quoted = (f'"{column}"' for column in COLUMNS[1:])
    with duckdb.connect() as db:
        found = db.execute(
            f"SELECT coalesce(contract, ''), {', '.join(quoted)} "
            "FROM read_parquet(?, file_row_number = true) ORDER BY 1, date, file_row_number",
            [facts],
        )
        rows = iter(lambda: found.fetchmany(100_000), [])
        yield from (
            (name, list(group))
            for name, group in groupby((row for chunk in rows for row in chunk), itemgetter(0))
        )


def main(facts: str, as_of: str, out: str) -> None:
    """Checks every contract, and writes what is owed and what was missed."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    day = date.fromisoformat(as_of)
    observations = Observations([])
    with (
        (folder / "obligations.csv").open("w", encoding="utf-8", newline="") as owed_file,
        (folder / "defaults.csv").open("w", encoding="utf-8", newline="") as default_file,
    ):
        owed_rows, default_rows = csv.writer(owed_file), csv.writer(default_file)
        owed_rows.writerow(["contract", "id", "due", "last_day", "amount", "unpaid", "state"])
        default_rows.writerow(["contract", "obligation", "date", "amount", "waived"])
        for contract, rows in contracts(facts):
            if not contract:
                observations = Observations(rows)
                continue
            note = live(Note(observations), rows, day)
            owed_rows.writerows(
                [contract, o.id, o.due, o.last_day, money(o.amount), money(o.unpaid), o.state()]
                for o in note.obligations.values()
            )
            default_rows.writerows(
                [contract, id_, missed, money(amount), str(id_ in note.waived).lower()]
                for id_, (missed, amount) in note.defaults.items()
            )


def money(cents: int) -> str:
    """Two decimals."""
    return f"{cents // 100}.{cents % 100:02d}"


if __name__ == "__main__":
    main(*sys.argv[1:])
