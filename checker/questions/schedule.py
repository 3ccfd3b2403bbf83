"""What falls due and by when: amounts, last days, windows and the dates that the contract fixes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import IO, Any

from checker.account import Obligation
from checker.arrangement import SETTINGS, Arrangement
from checker.dates import Day, Duration, iso, parse_day
from checker.evaluate import Evaluation
from checker.inquiry import Inquiry
from checker.language import Typed
from checker.ledger import Ledger
from checker.model import Place, Problem, WrongInput
from checker.money import plain
from checker.pack import Term
from checker.questions import identity
from checker.questions.hypothetical import known, standing, supposed
from checker.questions.telling import Page, money, told
from checker.report import BROKEN

Data = dict[str, Any]

WHAT = (
    "overdue", "due", "last-day", "window", "cutoff", "determination", "maturity", "date",
    "occasion",
)  # fmt: skip
"""What may happen on a day, in the order in which one day's entries are told."""

AHEAD = Duration(1, "years")
"""How far one looks, unless another day is asked for."""

MOST_STEPS = 1_000
"""So many dates interest and fees may have; a horizon farther away is refused."""

_ROUNDS = 4
"""How often a supposed payment is mended by what else it is applied to."""


def horizon(inquiry: Inquiry) -> Day:
    """The last day that is looked at where none is asked for: a year ahead."""
    return AHEAD.after(inquiry.as_of)


def schedule(inquiry: Inquiry, until: Day) -> Data:
    """What is open, and what comes up to `until` as things stand, as data in the order of days.

    What is still to come is seen by evaluating later days, as if each amount were paid on the day
    on which it is payable, with whatever the contract has paid before it.
    """
    return _Schedule(standing(inquiry), until).answer()


@dataclass
class _Schedule:
    now: Inquiry
    until: Day
    entries: list[Data] = field(default_factory=list)
    told: set[tuple[str, str]] = field(default_factory=set)

    def answer(self) -> Data:
        """The answer as plain data."""
        report = self.now.report
        for obligation in self._ledger(self.now).obligations.values():
            if obligation.unpaid:
                self._amount(obligation, "open", ())
        self._windows(self.now, "open", ())
        self._coming()
        self._dates()
        order = {what: at for at, what in enumerate(WHAT)}
        self.entries.sort(key=lambda row: (row["date"], order[row["what"]], row["id"]))
        return {
            "schema": identity("schedule"),
            "contract": report["contract"],
            "pack": report["pack"],
            "title": report["title"],
            "as_of": report["as_of"],
            "known_on": report["known_on"],
            "until": iso(self.until),
            "readings": report["readings"],
            "terms": report["terms"],
            "entries": self.entries,
            "missing": [missing["fact"] for missing in report["missing"]],
        }

    @staticmethod
    def _ledger(seen: Inquiry) -> Ledger:
        return seen.result.evaluation.ledger

    @cached_property
    def evaluation(self) -> Evaluation:
        """The contract at the close of the as-of day."""
        return self.now.result.evaluation

    def _put(self, what: str, day: Day, id_: str, says: str, **more: Any) -> None:
        """One entry; what has been told of is not told again."""
        if (what, id_) in self.told:
            return
        self.told.add((what, id_))
        entry: Data = {
            "date": iso(day), "what": what, "id": id_, "state": "coming", "component": None,
            "clause": "", "amount": None, "last_day": None, "provisional": False, "says": says,
            "words": None, "broken_by_then": [],
        }  # fmt: skip
        self.entries.append(entry | more)

    # Amounts --------------------------------------------------------------------------------------

    def _amount(self, obligation: Obligation, state: str, broken: Sequence[str]) -> None:
        """When an amount is payable and the last day to pay it; of what is overdue, that it is."""
        id_, component = obligation.id, obligation.component
        amount = plain(obligation.unpaid)
        more = {
            "state": state,
            "component": component,
            "clause": self.now.pack.clause_of(component),
            "amount": amount,
            "last_day": iso(obligation.last_day),
            "provisional": state == "coming",
            "broken_by_then": list(broken),
        }
        payable, last = obligation.payable, obligation.last_day
        of = f"{money(amount)} of {component}"
        if obligation.missed_on is not None:
            says = f"{of} is overdue; {iso(last)} was the last day to pay it."
            self._put("overdue", last, id_, says, **more | {"state": "overdue"})
            return
        moved = "" if payable == obligation.due else f" It is due {iso(obligation.due)}."
        marked = " at maturity" if obligation.cause == "maturity" else ""
        marked += " as things stand" if state == "coming" else ""
        says = f"{of} is payable{marked}; {iso(last)} is the last day to pay it.{moved}"
        self._put("due", payable, id_, says, **more)
        if last > payable:
            says = f"This is the last day to pay {of}{marked}, payable {iso(payable)}."
            self._put("last-day", last, id_, says, **more)

    def _coming(self) -> None:
        """What comes on each later day, evaluated as things stand on that day."""
        old = {obligation.id for obligation in self._ledger(self.now).obligations.values()}
        was_broken = _broken(self.now.report)
        seen = self.now
        for seen in self._steps():
            broken = [id_ for id_ in _broken(seen.report) if id_ not in was_broken]
            ledger = self._ledger(seen)
            for obligation in ledger.obligations.values():
                if obligation.id not in old and obligation.unpaid:
                    self._amount(obligation, "coming", broken)
            self._unfigured(seen)
            self._windows(seen, "coming", broken)
            if seen.as_of > self.now.as_of:
                self._occasions(seen)
        self._determinations(seen)
        self._maturity(seen)

    def _steps(self) -> Iterator[Inquiry]:
        """The contract on each day on which something may fall due, and on the last one."""
        self._refuse_what_is_too_far()
        seen, day = self._paid(self.now), self.now.as_of
        while (day := self._next(seen, day)) < self.until:
            seen = seen.at(day)
            yield seen
            seen = self._paid(seen)
        yield seen.at(self.until)

    def _refuse_what_is_too_far(self) -> None:
        """WrongInput where the schedules of interest and fees have too many dates."""
        ledger = self._ledger(self.now)
        dates = [ledger.arrangement.interest_dates, *(fee.dates for fee in ledger.fees)]
        count = 0
        for each in dates:
            day = self.now.as_of
            while (day := each.next_after(day)) <= self.until:
                count += 1
                if count > MOST_STEPS:
                    raise WrongInput([_too_far(self.until)])

    def _next(self, seen: Inquiry, day: Day) -> Day:
        evaluation = seen.result.evaluation
        days = [self._ledger(seen).next_due(day)]
        days += [found for each in evaluation.calendars if (found := each.next_after(day))]
        paydays = (self._payday(o) for o in evaluation.ledger.unpaid_in_order())
        days += [payday for payday in paydays if payday is not None and payday > day]
        return min(days)

    def _payday(self, obligation: Obligation) -> Day | None:
        """When it is supposed to be paid: what is overdue, not at all by itself."""
        if obligation.missed_on is not None:
            return None
        late = obligation.payable < self.now.as_of
        return obligation.last_day if late else obligation.payable

    def _paid(self, seen: Inquiry) -> Inquiry:
        """The same with what is payable that day paid, as far as a payment can be applied."""
        ledger, day = self._ledger(seen), seen.as_of
        queue = ledger.unpaid_in_order()
        due = [o.id for o in queue if (payday := self._payday(o)) is not None and payday <= day]
        if not due or ledger.stuck:
            return seen
        last = max(number for number, o in enumerate(queue) if o.id in due)
        amount = sum(o.unpaid for o in queue[: last + 1])
        paid = self._with_payment(seen, amount)
        for _round in range(_ROUNDS):
            short = sum(self._ledger(paid).unpaid_of(id_) or 0 for id_ in due)
            if not short:
                break
            amount += short  # something else was served before
            paid = self._with_payment(seen, amount)
        return paid

    @staticmethod
    def _with_payment(seen: Inquiry, amount: int) -> Inquiry:
        place = Place("", 0, 0)
        fact = supposed(seen.facts, "payment", seen.as_of, {"amount": amount}, place, "schedule")
        return seen.and_facts([known(fact, seen.known_on)])

    def _unfigured(self, seen: Inquiry) -> None:
        """Interest that falls due and cannot be figured for want of a rate."""
        ledger = self._ledger(seen)
        for period in ledger.accrual.closed:
            due = period.due if period.payable is None else period.payable
            if period.interest is not None or due <= self.now.as_of:
                continue
            payable, last = ledger.deadline("interest", due)
            clause = self.now.pack.clause_of("interest")
            more = {"component": "interest", "clause": clause, "last_day": iso(last)}
            says = "Interest is payable that cannot be figured for want of a rate."
            self._put("due", payable, period.obligation, says, **more)
            if last > payable:
                says = f"This is the last day to pay the interest payable {iso(payable)}."
                self._put("last-day", last, period.obligation, says, **more)

    # Windows, occasions, determinations -----------------------------------------------------------

    @staticmethod
    def _moot(seen: Inquiry, id_: str) -> bool:
        """Whether a window is about an amount that has been paid."""
        about = seen.result.findings[id_].about
        return seen.result.evaluation.ledger.unpaid_of(about) == 0

    def _windows(self, seen: Inquiry, state: str, broken: Sequence[str]) -> None:
        """The last days of findings that are unanswered; not of what is broken only by then."""
        found = {row["id"]: row for row in seen.report["findings"]}
        for row in seen.report["next"]:
            finding = found.get(row["id"])
            if row["what"] != "last day" or finding is None or self._moot(seen, row["id"]):
                continue
            if state == "coming" and finding["outcome"] in BROKEN:
                continue
            day = parse_day(row["date"])
            if state == "open" or day <= self.until:
                told = finding["amount"] is not None and state == "coming"
                self._put("window", day, row["id"], finding["says"], state=state,
                          clause=finding["clause"], amount=finding["amount"], provisional=told,
                          words=finding["quote"] or None, broken_by_then=list(broken))  # fmt: skip

    def _occasions(self, seen: Inquiry) -> None:
        """The occasions of the day."""
        for calendar in seen.result.evaluation.calendars:
            if calendar.next_after(seen.as_of - 1) == seen.as_of:
                occasion = calendar.occasion
                says = f"{occasion.describes.rstrip('.') or occasion.name}."
                id_ = f"{occasion.name}/{iso(seen.as_of)}"
                self._put("occasion", seen.as_of, id_, says, clause=occasion.clause)

    def _determinations(self, seen: Inquiry) -> None:
        """The days on which rates are fixed by an index, for the periods that bear interest."""
        fixed: dict[tuple[Day, str], tuple[str, str]] = {}
        for period in seen.report["periods"]:
            if period["index"] and period["determined_on"] and period["interest"] != "0.00":
                key = (parse_day(period["determined_on"]), period["index"])
                since = fixed[key][0] if key in fixed else period["from"]
                fixed[key] = (since, period["to"])
        clause = self.now.pack.clause_of("interest")
        for (day, index), (since, until) in fixed.items():
            if day > self.now.as_of:
                says = f"The rate from {since} to {until} is determined by {index}."
                self._put("determination", day, f"{index}/{iso(day)}", says, clause=clause)

    # Dates that the contract fixes ----------------------------------------------------------------

    def _maturity(self, seen: Inquiry) -> None:
        """When all principal falls due, however far that is."""
        matures = self.evaluation.arrangement.matures
        if matures is None or matures <= self.now.as_of:
            return
        id_ = f"principal/{iso(matures)}"
        if ("due", id_) in self.told:  # told already, with its amount
            return
        ledger = self._ledger(seen)
        payable, last = ledger.deadline("principal", matures)
        amount = plain(ledger.principal_not_due) if ledger.principal_not_due else None
        stands = f"{money(amount)} of it" if amount else "none of it"
        says = (
            f"All principal falls due on {iso(matures)}; as things stand, {stands} is outstanding."
        )
        self._put("maturity", payable, id_, says, component="principal", last_day=iso(last),
                  clause=self.now.pack.clause_of("principal"), amount=amount,
                  provisional=amount is not None, words=self._words(_MATURES))  # fmt: skip

    def _dates(self) -> None:
        """The dates of the contract that are still to come, each by the name of its term."""
        paths = {
            chosen.name: path
            for path, chosen in self.now.pack.settings.items()
            if isinstance(chosen, Typed) and chosen.name
        }
        for name, term in self.now.pack.terms.items():
            day = self.evaluation.lookup(name) if term.type == "date" else None
            path = paths.get(name, "")
            if not isinstance(day, int) or day <= self.now.as_of or path == _MATURES:
                continue
            words = _first(term)
            if path == _REDRAW:
                says = f"Drawing again is allowed before {iso(day)}: this is the last day."
                self._put("cutoff", day - 1, f"term/{name}", says, clause=term.clause, words=words)
            else:
                setting = SETTINGS.get(path)
                says = setting.describes if setting else f"{name.replace('-', ' ').capitalize()}."
                self._put("date", day, f"term/{name}", says, clause=term.clause, words=words)

    def _words(self, path: str) -> str | None:
        chosen = self.now.pack.settings.get(path)
        term = self.now.pack.terms.get(chosen.name) if isinstance(chosen, Typed) else None
        return _first(term) if term else None


_MATURES = Arrangement.matures.path
_REDRAW = Arrangement.redraw_until.path


def _first(term: Term) -> str | None:
    return term.words[0] if term.words else None


def _broken(report: Data) -> list[str]:
    return [row["id"] for row in report["findings"] if row["outcome"] in BROKEN]


def _too_far(until: Day) -> Problem:
    message = f"interest and fees fall due more than {MOST_STEPS:,} times by then"
    return Problem(Place("--until", 1, 1, iso(until)), message, "choose an earlier day")


# As text ------------------------------------------------------------------------------------------

NAMES = {
    "overdue": "overdue",
    "due": "payable",
    "last-day": "last day to pay",
    "window": "last day",
    "cutoff": "last day to draw again",
    "determination": "rate determined",
    "maturity": "principal matures",
    "date": "date of the contract",
    "occasion": "occasion",
}
"""What happens, in words."""

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TOLD_BELOW = ("window", "cutoff", "determination", "maturity", "date", "occasion")
_MARK = "†"


def render(data: Mapping[str, Any], out: IO[str] | None = None) -> str:
    """The answer as text; with `out` it is written there."""
    return told(lambda page: _show(page, data), out)


def _show(page: Page, data: Mapping[str, Any]) -> None:
    known_by = f", as known on {data['known_on']}" if data["known_on"] else ""
    page.line(data["title"], "bold")
    page.line(f"What falls due, at the close of {data['as_of']}{known_by}, up to {data['until']}")
    page.line()
    if data["entries"]:
        _show_table(page, data["entries"])
    else:
        page.line("  Nothing is due, and nothing falls due.")
    _show_words(page, data["entries"])
    _show_basis(page, data["entries"])
    if data["missing"]:
        page.heading("Missing")
        for missing in data["missing"]:
            page.indented(missing)


def _show_table(page: Page, entries: Sequence[Mapping[str, Any]]) -> None:
    """The entries, the last day of an amount in the line in which it is payable."""
    rows = [
        (
            f"{row['date']} {weekday(row['date'])}",
            NAMES[row["what"]],
            row["id"],
            money(row["amount"]) if row["amount"] else "",
            row["last_day"] or "",
            _mark(row),
        )
        for row in entries
        if row["what"] != "last-day"
    ]
    titles = (("Date", False), ("What", False), ("Of", False), ("Amount", True),
              ("Last day", False), ("", False))  # fmt: skip
    page.table(titles, rows)


def _show_words(page: Page, entries: Sequence[Mapping[str, Any]]) -> None:
    """What the entries are that are no amounts: of those by one rule or name, the first."""
    of: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in entries:
        if row["what"] in _TOLD_BELOW:
            name = row["id"] if row["what"] in ("cutoff", "date") else row["id"].partition("/")[0]
            of.setdefault((row["what"], name), []).append(row)
    if of:
        page.heading("What they are")
    for (what, name), rows in of.items():
        first, more = rows[0], f" And {len(rows) - 1} more." if len(rows) > 1 else ""
        words = f" “{first['words']}”" if first["words"] else ""
        clause = f" (clause {first['clause']})" if first["clause"] else ""
        page.indented(f"{NAMES[what]}, {name}{clause}: {first['says']}{more}{words}")


def _show_basis(page: Page, entries: Sequence[Mapping[str, Any]]) -> None:
    """What the figures of days to come rest on."""
    if not any(row["provisional"] for row in entries):
        return
    page.line()
    page.indented(
        "As things stand: as if each amount were paid on the day on which it is payable, with what "
        "the contract has paid before it; nothing else were done; and the rates stayed as they "
        "were observed.", 2, "dim",
    )  # fmt: skip
    broken = list(dict.fromkeys(id_ for row in entries for id_ in row["broken_by_then"]))
    if broken:
        some, more = ", ".join(broken[:6]), len(broken) - 6
        tail = f" and {more} more, in JSON" if more > 0 else ""
        page.indented(f"{_MARK} By then, if nothing else is done: {some}{tail}.", 2, "dim")


def _mark(row: Mapping[str, Any]) -> str:
    if not row["provisional"]:
        unknown = row["what"] == "due" and row["amount"] is None
        return "cannot be figured" if unknown else ""
    return f"as things stand {_MARK}" if row["broken_by_then"] else "as things stand"


def weekday(day: str) -> str:
    """The weekday of an ISO date in three letters."""
    return _WEEKDAYS[date.fromisoformat(day).weekday()]
