"""A contract with and without changes that somebody supposes: what each of them does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from checker.dates import Day, iso, parse_day
from checker.inquiry import Inquiry
from checker.model import Fact, Place, Problem
from checker.money import parse_rate, percent, plain
from checker.questions import identity
from checker.questions.changes import Changed
from checker.questions.hypothetical import known, row, standing, words_of

Data = Mapping[str, Any]
Rates = tuple[int, int] | None
"""The lowest and the highest value of the index that a user thinks of."""

_FIGURES = (
    "principal",
    "principal_due",
    "interest_due",
    "accrued_interest",
    "interest_credit",
    "costs_due",
    "total",
    "excess",
    "available_to_draw",
    "per_diem",
)
_SPLIT = ("date", "amount", "interest", "principal", "accrued", "prepaid", "costs", "excess",
          "unapplied", "provisional", "trued_up_on")  # fmt: skip
_FOUND = ("outcome", "date", "amount", "continuing", "provisional", "says")
_OWED = ("due", "last_day", "amount", "unpaid", "paid_on", "state")
_COMING = ("interest falls due", "principal falls due", "a fee falls due")


def rates_of(text: str) -> tuple[Rates, list[Problem]]:
    """`3%..9%` as a lowest and a highest value."""
    place = Place("--rate-range", 1, 1, text)
    low, dots, high = text.partition("..")
    if not dots:
        return None, [Problem(place, "write it as 3.00%..9.00%")]
    found, problems = [], []
    for part, column in ((low, 1), (high, len(low) + 3)):
        try:
            found.append(parse_rate(part))
        except ValueError as error:
            problems.append(Problem(Place("--rate-range", 1, column, text), str(error)))
    if not problems and found[0] > found[1]:
        problems.append(Problem(place, "the lowest rate stands first"))
    return (None, problems) if problems else ((found[0], found[1]), [])


def what_if(base: Inquiry, scenarios: Sequence[Changed], rates: Rates) -> dict[str, Any]:
    """What each scenario changes, as data; all are looked at on the day of `base`."""
    before = _Looked(standing(base), rates)
    report = before.report
    return {
        "schema": identity("what-if"),
        "contract": report["contract"],
        "pack": report["pack"],
        "title": report["title"],
        "as_of": report["as_of"],
        "known_on": report["known_on"],
        "readings": report["readings"],
        "terms": report["terms"],
        "outcome": report["outcome"],
        "rate_range": None if rates is None else _range(percent(rates[0]), percent(rates[1])),
        "scenarios": [
            _Compared(before, _Looked(standing(each.inquiry), rates), each).data()
            for each in scenarios
        ],
    }


def _range(lowest: str | None, highest: str | None) -> dict[str, str | None]:
    return {"lowest": lowest, "highest": highest}


def _cents(text: str) -> int:
    return int(text.replace(".", ""))


def _apart(one: str | None, other: str | None) -> str | None:
    return None if one is None or other is None else plain(_cents(one) - _cents(other))


# One contract, looked at on its day and later -----------------------------------------------------


@dataclass(frozen=True)
class Borne:
    """The interest borne until a day, and the other charges; interest None: it is not known."""

    interest: str | None
    charges: str
    provisional: bool


class _Looked:
    """A contract as it stands on its day: seen later as if nothing more happened."""

    def __init__(self, inquiry: Inquiry, rates: Rates) -> None:
        self.inquiry, self.rates = inquiry, rates
        self._later: dict[Day, Inquiry] = {inquiry.as_of: inquiry}
        self._bounded: dict[tuple[Day, int], Inquiry] = {}

    @property
    def report(self) -> dict[str, Any]:
        """The report on its day."""
        return self.inquiry.report

    def at(self, day: Day) -> Inquiry:
        """The same on a later day."""
        if day not in self._later:
            self._later[day] = self.inquiry.at(day)
        return self._later[day]

    def bounded(self, day: Day, value: int) -> Inquiry:
        """The same on a later day, where the index has this value whenever a rate is fixed."""
        if (day, value) not in self._bounded:
            facts = [
                Fact(f"the index on {iso(when)}", "rate", when, when, 0,
                     {"index": index, "value": value})
                for when, index in sorted(self._fixings(day))
            ]  # fmt: skip
            shown = [known(fact, self.inquiry.known_on) for fact in facts]
            self._bounded[day, value] = self.at(day).and_facts(shown)
        return self._bounded[day, value]

    def _fixings(self, day: Day) -> set[tuple[Day, str]]:
        """The days until then on which the index is still to be observed, the next one among them.

        Until a rate is fixed it is figured by the latest value: that of the next day.
        """
        accrual, today = self.at(day).result.evaluation.ledger.accrual, self.inquiry.as_of
        fixings = [period.fixing for period in accrual.closed]
        of_index = [fixing for fixing in fixings if fixing and fixing.reference]
        found = {(each.read_on, each.reference) for each in of_index if each.read_on > today}
        index = self.report["periods"][-1]["index"]
        return found | ({(today + 1, index)} if index and day > today else set())

    @cached_property
    def matures(self) -> Day | None:
        """When principal falls due, if that is still to come."""
        day = self.inquiry.result.evaluation.arrangement.matures
        return day if day is not None and day > self.inquiry.as_of else None

    def next_of(self, *what: str) -> Day | None:
        """The next day on which one of these comes."""
        days = [parse_day(e["date"]) for e in self.report["next"] if e["what"] in what]
        return min((day for day in days if day > self.inquiry.as_of), default=None)

    def borne(self, until: Day, value: int | None = None) -> Borne:
        """The interest of the days until a day, that day itself counted only where it falls due."""
        report = self._seen(until, value).report
        if any(p["to"] == iso(until) for p in report["periods"]):
            periods = [p for p in report["periods"] if p["from"] < iso(until)]
        else:
            report = self._seen(until - 1, value).report
            periods = report["periods"]
        figures = [p["interest"] for p in periods]
        charges = [
            o["amount"]
            for o in report["obligations"]
            if o["component"] not in ("interest", "principal")
        ]
        return Borne(
            None if None in figures else plain(sum(map(_cents, figures))),
            plain(sum(map(_cents, charges))),
            any(self.undetermined(p) for p in periods),
        )

    def _seen(self, day: Day, value: int | None) -> Inquiry:
        return self.at(day) if value is None else self.bounded(day, value)

    def undetermined(self, period: Data) -> bool:
        """Whether a period's rate hangs on an observation that is still to come."""
        if not period["index"] or period["interest"] in ("0.00", None):
            return False
        fixed = period["determined_on"]
        return fixed is None or fixed > iso(self.inquiry.as_of)

    def owed(self, day: Day, value: int | None = None) -> dict[str, Data]:
        """What is unpaid on a later day, by id."""
        obligations = self._seen(day, value).report["obligations"]
        return {o["id"]: o for o in obligations if o["unpaid"] != "0.00"}

    def hangs(self, obligation: Data, day: Day) -> bool:
        """Whether an amount hangs on an observation that is still to come."""
        if obligation["component"] != "interest":
            return False
        ends = [p for p in self.at(day).report["periods"] if p["to"] == obligation["due"]]
        return any(self.undetermined(period) for period in ends)

    def draws(self) -> dict[str, Any]:
        """What may still be drawn, and the last day on which some of it may be."""
        evaluation = self.inquiry.result.evaluation
        settled, facility = evaluation.arrangement, evaluation.ledger.facility
        amount, bounds = self.report["balances"]["available_to_draw"], list[Day | None]()
        if facility.initial_room(settled.commitment):
            bounds.append(settled.matures)
        if facility.redraw_room(settled.replenished_by):
            bounds.append(settled.redraw_until)
        days = [day for day in bounds if day is not None]
        ends = amount != "0.00" and days and None not in bounds
        return {"amount": amount, "last_day": iso(max(days) - 1) if ends else None}


# Two contracts, side by side ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Compared:
    """The contract before and after a scenario."""

    before: _Looked
    after: _Looked
    changed: Changed

    def data(self) -> dict[str, Any]:
        """All that the scenario changes."""
        return {
            "name": self.changed.name,
            "changes": [{"kind": kind, "says": says} for kind, says in self.changed.says],
            "outcome": self.after.report["outcome"],
            "balances": self._balances(),
            "payments": list(self._payments()),
            "interest": list(self._interest()),
            "due": list(self._due()),
            "findings": _differences(self.before.report, self.after.report, "findings", _FOUND),
            "obligations": _differences(
                self.before.report, self.after.report, "obligations", _OWED
            ),
            "draws": {"before": self.before.draws(), "after": self.after.draws()},
            "true_ups": list(self._true_ups()),
            "missing": self.after.report["missing"],
        }

    def _balances(self) -> list[dict[str, Any]]:
        one, other = self.before.report["balances"], self.after.report["balances"]
        return [
            {
                "figure": name,
                "before": one[name],
                "after": other[name],
                "change": _apart(other[name], one[name]),
            }
            for name in _FIGURES
        ]

    def _payments(self) -> Iterator[dict[str, Any]]:
        """The payments that are added, gone, or applied otherwise, with the words for it."""
        one, other = self.before.report, self.after.report
        for fact in dict.fromkeys(p["fact"] for p in (*one["payments"], *other["payments"])):
            was, will = row(one, fact), row(other, fact)
            left, right = _of(was, _SPLIT), _of(will, _SPLIT)
            if left == right:
                continue
            kind = "changed" if was and will else "added" if will else "gone"
            words = words_of(self.after.inquiry.pack, other, will) if will else []
            working = list(will["working"]) if will else []
            yield {
                "fact": fact, "change": kind, "before": left, "after": right,
                "words": words, "working": working,
            }  # fmt: skip

    # Later days -----------------------------------------------------------------------------------

    def _interest(self) -> Iterator[dict[str, Any]]:
        """What is saved to the next due date, and to maturity."""
        due = _first(self.before.next_of(_COMING[0]), self.after.next_of(_COMING[0]))
        matures = self.before.matures or self.after.matures
        days: dict[Day, list[str]] = {}
        for day, name in ((due, "the next due date"), (matures, "maturity")):
            if day is not None:
                days.setdefault(day, []).append(name)
        for day, names in sorted(days.items()):
            one, other = self.before.borne(day), self.after.borne(day)
            yield {
                "until": iso(day),
                "what": " and ".join(names),
                "before": one.interest,
                "after": other.interest,
                "saved": _apart(one.interest, other.interest),
                "charges": _apart(other.charges, one.charges),
                "provisional": one.provisional or other.provisional,
                "range": self._bounds(partial(self._saved, day)),
            }

    def _saved(self, day: Day, value: int) -> str | None:
        one, other = self.before.borne(day, value), self.after.borne(day, value)
        return _apart(one.interest, other.interest)

    def _bounds(self, figure: Callable[[int], str | None]) -> dict[str, str | None] | None:
        """A figure at the lowest and at the highest rate."""
        rates = self.before.rates
        return None if rates is None else _range(figure(rates[0]), figure(rates[1]))

    def _due(self) -> Iterator[dict[str, Any]]:
        """What is unpaid when the next amounts fall due, if nothing more is paid until then."""
        day = _first(self.before.next_of(*_COMING), self.after.next_of(*_COMING))
        day = self.after.inquiry.as_of if day is None else day
        one, other = self.before.owed(day), self.after.owed(day)
        for id_ in sorted(
            {*one, *other}, key=lambda id_: ((other.get(id_) or one[id_])["due"], id_)
        ):
            owed = other.get(id_) or one[id_]
            hangs = any(
                looked.hangs(found[id_], day)
                for looked, found in ((self.before, one), (self.after, other))
                if id_ in found
            )
            later = partial(self._unpaid_after, id_, day)
            yield {
                "id": id_,
                "due": owed["due"],
                "last_day": owed["last_day"],
                "before": _unpaid(one, id_),
                "after": _unpaid(other, id_),
                "provisional": hangs,
                "range": self._bounds(later) if hangs else None,
            }

    def _unpaid_after(self, id_: str, day: Day, value: int) -> str:
        return _unpaid(self.after.owed(day, value), id_)

    def _true_ups(self) -> Iterator[dict[str, Any]]:
        """The periods on whose provisional figures payments relied, and what came of it."""
        report = self.after.report
        provisional = [p for p in report["payments"] if p["provisional"]]
        for period in report["periods"]:
            closed = period is not report["periods"][-1]
            until = period["to"] if closed else None
            relied = [p["fact"] for p in provisional if p["trued_up_on"] == until]
            if not relied:
                continue
            apart = _apart(period["interest"], period["paid_on_account"])
            yield {
                "from": period["from"],
                "to": period["to"],
                "determined_on": period["determined_on"],
                "payments": relied,
                "paid_on_account": period["paid_on_account"],
                "interest": period["interest"] if closed else None,
                "difference": apart if closed else None,
                "range": None if closed else self._bounds(partial(self._trued_up, period)),
            }

    def _trued_up(self, period: Data, value: int) -> str | None:
        report = self.after.bounded(parse_day(period["to"]), value).report
        for closed in report["periods"]:
            if closed["from"] == period["from"]:
                return _apart(closed["interest"], closed["paid_on_account"])
        return None


def _first(*days: Day | None) -> Day | None:
    return min((day for day in days if day is not None), default=None)


def _unpaid(owed: Mapping[str, Data], id_: str) -> str:
    return str(owed[id_]["unpaid"]) if id_ in owed else "0.00"


def _of(entry: Data | None, fields: Sequence[str]) -> dict[str, Any] | None:
    return None if entry is None else {name: entry[name] for name in fields}


def _differences(
    before: Data, after: Data, part: str, fields: Sequence[str]
) -> list[dict[str, Any]]:
    """The entries of a part of the two reports that appear, go or change."""
    one, other = ({entry["id"]: entry for entry in report[part]} for report in (before, after))
    found = []
    for id_ in dict.fromkeys([*other, *one]):
        was, will = _of(one.get(id_), fields), _of(other.get(id_), fields)
        if was == will:
            continue
        entry = other.get(id_) or one[id_]
        difference = {
            "id": id_,
            "clause": entry["clause"],
            "change": "changes" if was and will else "appears" if will else "goes",
            "before": was,
            "after": will,
        }
        if "quote" in entry:
            difference["quote"] = entry["quote"]
        found.append(difference)
    return found
