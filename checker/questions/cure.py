"""What cures: for each amount due or in default, what to pay, by when, and what that achieves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import IO, Any

from checker.account import Obligation
from checker.dates import Day, iso, parse_day
from checker.inquiry import Inquiry
from checker.language import show
from checker.model import Fact, Value
from checker.money import plain
from checker.pack import plain_words
from checker.questions import identity
from checker.questions.telling import Page, money, told
from checker.report import BROKEN, OPEN
from checker.timeline import effective

Data = dict[str, Any]

PAYMENT = "the payment that cures"
"""The id of the payment that is tried; no person's record can bear it, for it has blanks."""

MOST_READ = 6
"""Of how many amounts in default each is tried under other readings; of more, the last alone."""

_BAD = (*BROKEN, *OPEN)
_LATE = ("defaulted", "undetermined")

_MOMENTS = {
    "on-time": "on time",
    "within-grace": "within grace",
    "within-window": "within the time to cure",
    "after-default": "after default",
}


def cure(inquiry: Inquiry, *, brief: bool = False) -> Data:
    """For each amount due or in default, and what falls due next, what paying it takes and does.

    A brief answer tells amounts and days alone: what paying avoids and achieves, under other
    readings too, takes many evaluations.
    """
    return _Cure(inquiry, brief).answer()


def moment_of(inquiry: Inquiry, id_: str) -> str | None:
    """The smallest payment on the inquiry's day that discharges an obligation."""
    asked = _Cure(inquiry)
    before = asked.stands_before(id_, inquiry.as_of)
    amount = asked.smallest(id_, inquiry.as_of, sum(row.unpaid for row in before))
    return None if amount is None else plain(amount)


def known_then(inquiry: Inquiry) -> Inquiry:
    """The same, holding only what stands and is known: looked at later, nothing more has come."""
    facts = effective(inquiry.facts, inquiry.as_of, inquiry.known_on)
    return replace(inquiry, known_on=None).with_facts(facts)


def paying(inquiry: Inquiry, amount: int, day: Day, designation: str = "") -> Inquiry:
    """The same, with a payment of this amount after all others of the day."""
    values: dict[str, Value] = {"amount": amount}
    if designation:
        values["designation"] = designation
    return inquiry.and_facts([Fact(PAYMENT, "payment", day, day, 0, values)])


def alternatives(*asked: Inquiry) -> Iterator[tuple[str, str]]:
    """The other answers, each alone, under which one of the evaluations may come out otherwise."""
    for name, question in asked[0].pack.questions.items():
        same = set(question.answers)
        for each in asked:
            _ = each.report  # what it asks for counts as well
            same &= each.result.evaluation.terms.indistinct[name]
        for answer in question.answers:
            if answer not in same:
                yield name, answer


@dataclass
class _Cure:
    inquiry: Inquiry
    brief: bool = False
    days: dict[Day, Inquiry] = field(default_factory=dict)
    paid: dict[tuple[int, Day, str], Inquiry] = field(default_factory=dict)
    read: dict[tuple[str, str], _Cure] = field(default_factory=dict)

    @cached_property
    def now(self) -> Inquiry:
        return known_then(self.inquiry)

    def at(self, day: Day) -> Inquiry:
        """The contract at the close of a day, if nothing more happens."""
        if day not in self.days:
            self.days[day] = self.now if day == self.now.as_of else self.now.at(day)
        return self.days[day]

    def paying(self, amount: int, day: Day, designation: str = "") -> Inquiry:
        """The contract at the close of a day, with this payment on it."""
        key = (amount, day, designation)
        if key not in self.paid:
            self.paid[key] = paying(self.at(day), amount, day, designation)
        return self.paid[key]

    def reading(self, question: str, answer: str) -> _Cure:
        """The same, with another answer."""
        key = (question, answer)
        if key not in self.read:
            self.read[key] = _Cure(self.inquiry.read({question: answer}))
        return self.read[key]

    def answer(self) -> Data:
        """The answer as plain data."""
        report = self.now.report
        amounts = [self._open(row) for row in report["obligations"] if row["unpaid"] != "0.00"]
        late = [amount for amount in amounts if amount["state"] in _LATE]
        for amount in () if self.brief else late:
            told = len(late) <= MOST_READ or amount is late[-1]
            amount["achieves"] = self._achieves(amount["id"], amount["moments"][0], told=told)
        amounts += self._coming()
        due = [a for a in amounts if a["state"] != "coming"]
        return {
            "schema": identity("cure"),
            "contract": report["contract"],
            "pack": report["pack"],
            "title": report["title"],
            "as_of": report["as_of"],
            "known_on": self.inquiry.report["known_on"],
            "manner": self._manner(),
            "amounts": amounts,
            "together": {
                "due": _sum(a["unpaid"] for a in due if not a["accelerated"]),
                "accelerated": _sum(a["unpaid"] for a in due if a["accelerated"]),
            },
            "not_by_paying": self._not_by_paying(report),
            "missing": [missing["fact"] for missing in report["missing"]],
        }

    def _manner(self) -> Data | None:
        """To whom, where and in what funds, as it stands at the close of the day."""
        evaluation = self.now.result.evaluation
        manner = evaluation.pack.payments
        if manner is None:
            return None
        return {
            "to": str(evaluation.state[manner.to]),
            "place": show(manner.place.evaluate({}, evaluation), "name"),
            "funds": manner.funds,
            "clause": manner.clause,
        }

    def _not_by_paying(self, report: Data) -> list[Data]:
        """Defaults that continue and are of no amount: a payment does not end them."""
        owed = {row["id"] for row in report["obligations"]}
        findings = self.now.result.findings
        return [
            {"id": found["id"], "says": found["says"]}
            for found in report["findings"]
            if found["outcome"] == "event-of-default" and found["continuing"]
            if findings[found["id"]].about not in owed and not found["amount"]
        ]

    # One amount -----------------------------------------------------------------------------------

    def _open(self, row: Data) -> Data:
        missed = row["state"] in _LATE
        moments = [self._after(row)] if missed else list(self._in_time(row, self.now.as_of))
        moments += self._windows(row["id"])
        state = "in-grace" if row["in_grace"] else row["state"]
        return self._amount(row, state, moments)

    def _coming(self) -> Iterator[Data]:
        """What falls due next, as it will if nothing more happens."""
        report = self.now.report
        ahead = {row["date"] for row in report["next"] if "falls due" in row["what"]}
        if not ahead:
            return
        known = {row["id"] for row in report["obligations"]}
        next_ = parse_day(min(ahead))
        for row in self.at(next_).report["obligations"]:
            if row["id"] not in known and row["unpaid"] != "0.00":
                found = self._amount(row, "coming", list(self._in_time(row, next_)))
                by_rate = row["component"] == "interest" and report["balances"]["provisional"]
                yield found | {"provisional": by_rate}

    @staticmethod
    def _amount(row: Data, state: str, moments: list[Data]) -> Data:
        names = ("id", "component", "clause", "due", "payable", "last_day", "unpaid", "provisional")
        return {
            **{name: row[name] for name in names},
            "state": state,
            "accelerated": row["cause"] == "acceleration",
            "moments": moments,
            "achieves": None,
        }

    def _in_time(self, row: Data, since: Day) -> Iterator[Data]:
        payable, last = parse_day(row["payable"]), parse_day(row["last_day"])
        if payable >= since:
            yield self._moment("on-time", row["id"], payable)
        if last > payable and last >= since:
            yield self._moment("within-grace", row["id"], last)

    def _windows(self, id_: str) -> Iterator[Data]:
        """The times to cure that still run for it, by a rule of the contract."""
        evaluation = self.now.result.evaluation
        for _day, _count, _rule, name, values in sorted(evaluation.windows.pending):
            finding, until = evaluation.findings[name], int(values["until"])
            if finding.about == id_ and evaluation.unanswered(finding) and until >= self.now.as_of:
                yield self._moment("within-window", id_, until) | {"window": name}

    def _after(self, row: Data) -> Data:
        return self._moment("after-default", row["id"], self.now.as_of)

    def _moment(self, moment: str, id_: str, day: Day) -> Data:
        before = self.stands_before(id_, day)
        amount = self.smallest(id_, day, sum(row.unpaid for row in before))
        return {
            "moment": moment,
            "by": iso(day),
            "amount": None if amount is None else plain(amount),
            "designated": None
            if amount is None or self.brief
            else self._designated(id_, day, before),
            "first": [
                {"id": o.id, "amount": plain(o.unpaid), "accelerated": o.cause == "acceleration"}
                for o in before[:-1]
            ],
            "avoids": [] if amount is None or self.brief else self._avoids(day, amount),
            "window": None,
        }

    def _designated(self, id_: str, day: Day, before: Sequence[Obligation]) -> Data | None:
        """The smaller payment that does, where the payer says what it is for; None if none is."""
        target = before[-1] if before else None
        choices = self.now.pack.kinds["payment"].fields["designation"].choices
        if target is None or target.component not in choices:
            return None
        own = [row.unpaid for row in before if row.component == target.component]
        if len(own) == len(before):
            return None
        amount = self.smallest(id_, day, sum(own), target.component)
        if amount is None:
            return None
        return {"designation": target.component, "amount": plain(amount)}

    # The amount, found by evaluating --------------------------------------------------------------

    def stands_before(self, id_: str, day: Day) -> list[Obligation]:
        """What a payment on the day discharges up to this amount, in the contract's order."""
        queue = self.at(day).result.evaluation.ledger.unpaid_in_order()
        names = [obligation.id for obligation in queue]
        return queue[: names.index(id_) + 1] if id_ in names else []

    def smallest(self, id_: str, day: Day, guess: int, designation: str = "") -> int | None:
        """The smallest payment on the day that discharges it; None where none can be applied."""

        def pays(amount: int) -> bool:
            if amount < 1:
                return False
            ledger = self.paying(amount, day, designation).result.evaluation.ledger
            return ledger.unpaid_of(id_) == 0

        if pays(guess) and not pays(guess - 1):
            return guess
        total = sum(o.unpaid for o in self.at(day).result.evaluation.ledger.obligations.values())
        return _least(pays, 2 * total + 1)

    def _avoids(self, day: Day, amount: int) -> list[str]:
        """What is found on the next day where this is not paid, and is not found where it is."""
        without = self.at(day + 1).report["findings"]
        paid = paying(self.now, amount, day).at(day + 1).report["findings"]
        stands = {found["id"]: found["outcome"] for found in paid}
        next_day = iso(day + 1)
        return [
            found["id"]
            for found in without
            if (found["date"] == next_day and found["id"] not in stands)
            or (found["outcome"] in _BAD and stands.get(found["id"]) != found["outcome"])
        ]

    # What paying after default achieves -----------------------------------------------------------

    def _achieves(self, id_: str, moment: Data, *, told: bool) -> Data | None:
        if moment["amount"] is None:
            return None
        paid = self.paying(_cents(moment["amount"]), self.now.as_of)
        still = {f["id"] for f in paid.report["findings"] if f["continuing"]}
        plainly = self._under(id_, moment["amount"])
        otherwise = list(self._otherwise(id_, plainly, paid)) if told else None
        return {
            **plainly,
            "ends": [
                f["id"] for f in self.now.report["findings"]
                if f["continuing"] and f["outcome"] in BROKEN and f["id"] not in still
            ],
            "readings": otherwise,
        }  # fmt: skip

    def _otherwise(self, id_: str, plainly: Data, paid: Inquiry) -> Iterator[Data]:
        """The answers under which paying what is then due leaves it, or a power, otherwise."""
        for question, answer in alternatives(self.now, paid):
            other = self.reading(question, answer)
            due = sum(row.unpaid for row in other.stands_before(id_, self.now.as_of))
            amount = other.smallest(id_, self.now.as_of, due) if due else None
            under = other._under(id_, None if amount is None else plain(amount))
            another = under["state"] not in (None, plainly["state"])
            if another or under["powers"] != plainly["powers"]:
                phrase = plain_words(self.now.pack.questions[question].phrase)
                yield {"question": question, "answer": answer, "phrase": phrase} | under

    def _under(self, id_: str, amount: str | None) -> Data:
        """How it stands once this much is paid, and every power before and after."""
        after = self.now if amount is None else self.paying(_cents(amount), self.now.as_of)
        now = {power["id"]: power["state"] for power in self.now.report["powers"]}
        rows = (row["state"] for row in after.report["obligations"] if row["id"] == id_)
        return {
            "pay": amount,
            "state": next(rows, None),
            "powers": [
                {"id": power["id"], "before": now[power["id"]], "after": power["state"]}
                for power in after.report["powers"]
            ],
        }


def _least(holds: Callable[[int], bool], most: int) -> int | None:
    """The least number for which it holds, if it holds for `most`; once it holds it does so on."""
    if not holds(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _cents(amount: str) -> int:
    return int(amount.replace(".", ""))


def _sum(amounts: Iterable[str]) -> str:
    return plain(sum(_cents(amount) for amount in amounts))


# As text -----------------------------------------------------------------------------------------


def render(data: Data, out: IO[str] | None = None) -> str:
    """The answer as text."""
    return told(lambda page: _show(page, data), out)


def _show(page: Page, data: Data) -> None:
    known = f", as known on {data['known_on']}" if data["known_on"] else ""
    page.line(data["title"], "bold")
    page.line(f"What is to be paid, at the close of {data['as_of']}{known}")
    manner = data["manner"]
    if manner:
        page.line()
        page.indented(
            f"Pay {manner['to']}, in {manner['funds']}, at {manner['place']} "
            f"(clause {manner['clause']})."
        )
    if not data["amounts"]:
        page.line()
        page.line("  Nothing is due, and nothing falls due.")
    for title in _TITLES:
        rows = [amount for amount in data["amounts"] if _title(amount) == title]
        if rows:
            page.heading(title)
        for amount in rows:
            _show_amount(page, amount)
    _show_rest(page, data)


_TITLES = ("In default", "Due", "Made due by acceleration", "Falls due next")


def _title(amount: Data) -> str:
    if amount["accelerated"]:
        return "Made due by acceleration"
    if amount["state"] == "coming":
        return "Falls due next"
    return "In default" if amount["state"] in _LATE else "Due"


def _show_amount(page: Page, amount: Data) -> None:
    when = amount["payable"] if amount["payable"] != amount["due"] else amount["due"]
    mark = ", provisional" if amount["provisional"] else ""
    page.indented(
        f"{amount['id']}: {money(amount['unpaid'])} of {amount['component']} payable {when}, "
        f"last day {amount['last_day']} ({amount['state']}{mark})"
    )
    for moment in amount["moments"]:
        _show_moment(page, moment)
    if amount["achieves"]:
        _show_achieved(page, amount["achieves"])


def _show_moment(page: Page, moment: Data) -> None:
    name = _MOMENTS[moment["moment"]]
    if moment["amount"] is None:
        page.indented(f"{name}: no payment can be applied yet for want of a fact", 6)
        return
    when = "on" if moment["moment"] == "after-default" else "by"
    page.indented(f"{name}: pay {money(moment['amount'])} {when} {moment['by']}", 6)
    if moment["first"]:
        stands = ", ".join(_first(row) for row in moment["first"])
        page.indented(f"it takes in what the contract has paid first: {stands}", 10, "dim")
    if moment["designated"]:
        other = moment["designated"]
        page.indented(
            f"or {money(other['amount'])}, where the payer designates it to {other['designation']}",
            10,
        )
    if moment["avoids"]:
        page.indented(f"avoids {', '.join(moment['avoids'])}", 10, "dim")


def _first(row: Data) -> str:
    mark = ", accelerated" if row["accelerated"] else ""
    return f"{row['id']} ({money(row['amount'])}{mark})"


def _show_achieved(page: Page, achieved: Data) -> None:
    ends = ", ".join(achieved["ends"]) or "nothing that continues"
    page.indented(f"paying then ends {ends}; {_powers(achieved)}", 6)
    for row in achieved["readings"] or ():
        page.indented(
            f"under {row['question']}={row['answer']} (“{row['phrase']}”): {_standing(row)}; "
            f"{_powers(row)}",
            10,
        )


def _standing(row: Data) -> str:
    if row["state"] is None:
        return "there is no such amount"
    if row["pay"] is None:
        return f"{row['state']}, and no payment can be applied"
    return f"{row['state']} by paying {money(row['pay'])}"


def _powers(row: Data) -> str:
    found = [
        f"{power['id']} is {power['after']}"
        if power["before"] == power["after"]
        else f"{power['id']} is {power['after']}, before {power['before']}"
        for power in row["powers"]
    ]
    return "; ".join(found) or "the contract gives no power"


def _show_rest(page: Page, data: Data) -> None:
    if data["together"]["due"] != "0.00" or data["together"]["accelerated"] != "0.00":
        page.heading("Together")
        page.indented(f"{money(data['together']['due'])} due otherwise than by acceleration")
        page.indented(f"{money(data['together']['accelerated'])} made due by acceleration")
    if data["not_by_paying"]:
        page.heading("No payment ends")
        for row in data["not_by_paying"]:
            page.indented(f"{row['id']}: {row['says']}")
    if data["missing"]:
        page.heading("Missing")
        for missing in data["missing"]:
            page.indented(missing)
