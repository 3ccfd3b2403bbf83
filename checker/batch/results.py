"""The rows that a contract gives, in columns: findings, obligations, and one row for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import repeat
from typing import Any

import pyarrow as pa

from checker.evaluate import Result
from checker.report import (
    BROKEN,
    Findings,
    balances,
    facts_hash,
    in_order,
    obligations,
    overall,
)

MONEY = pa.decimal128(24, 2)
"""Wide enough for ten million amounts of the largest that a fact may hold."""

DAY = pa.date32()
TEXT, FLAG, COUNT = pa.string(), pa.bool_(), pa.int32()
WORD = pa.dictionary(pa.int32(), pa.string())
"""Text of which few different ones occur."""

LIST = pa.list_(pa.string())
REVISION = pa.list_(
    pa.struct([("date", DAY), ("outcome", TEXT), ("says", TEXT), ("facts", LIST), ("by", TEXT),
               ("reason", TEXT), ("about", TEXT)])
)  # fmt: skip
CHARGES = pa.map_(TEXT, MONEY)

OUTCOMES = ("breach", "undetermined", "compliant", "invalid", "quarantined")
"""Of contracts: the report's own, and the two of contracts that were not evaluated."""

Columns = tuple[tuple[str, Any, str], ...]

FINDINGS: Columns = (
    ("contract", TEXT, "The contract."),
    ("pack", WORD, "Its pack."),
    ("id", TEXT, "The finding: its rule, and the obligation or fact that it is about."),
    ("rule", WORD, "The rule that found it."),
    ("clause", WORD, "The clause of that rule."),
    ("outcome", WORD, "breach, event-of-default, needs-judgment, needs-fact, met, …"),
    ("against", WORD, "The party who broke it."),
    ("date", DAY, "The day that it is of."),
    ("amount", MONEY, "Its amount, if it has one."),
    ("obligation", TEXT, "The obligation that it is about, if it is one."),
    ("continuing", FLAG, "Whether it still stands: unpaid, unanswered, not cured."),
    ("facts", LIST, "The records that it rests on."),
    ("says", TEXT, "What was found, in a sentence."),
    ("quote", WORD, "The words of the clause."),
    ("provisional", FLAG, "Whether it rests on a rate that is not yet final."),
    ("revisions", REVISION, "Later words on it: waivers and judgments."),
)

OBLIGATIONS: Columns = (
    ("contract", TEXT, "The contract."),
    ("pack", WORD, "Its pack."),
    ("id", TEXT, "The obligation."),
    ("component", WORD, "interest, principal, costs, or a charge."),
    ("clause", WORD, "The clause by which it fell due."),
    ("due", DAY, "When it fell due."),
    ("payable", DAY, "The day it is payable, moved where the contract moves it."),
    ("last_day", DAY, "The last day to pay it without default."),
    ("amount", MONEY, "What fell due."),
    ("unpaid", MONEY, "What of it is unpaid."),
    ("paid_on", DAY, "When the last of it was paid."),
    ("state", WORD, "not-due, due, paid, paid-in-grace, defaulted, paid-after-default, …"),
    ("in_grace", FLAG, "Whether it is due and within the days of grace."),
    ("cause", WORD, "Why it fell due: schedule, maturity, acceleration, …"),
    ("provisional", FLAG, "Whether it rests on a rate that is not yet final."),
)

BALANCES = (
    "principal", "principal_due", "interest_due", "accrued_interest", "interest_credit",
    "costs_due", "total", "excess", "available_to_draw", "per_diem",
)  # fmt: skip

CONTRACTS: Columns = (
    ("contract", TEXT, "The contract."),
    ("pack", WORD, "Its pack."),
    ("currency", WORD, "What its amounts are in."),
    ("outcome", WORD, "breach, undetermined, compliant; invalid or quarantined: not evaluated."),
    ("findings", COUNT, "How many findings there are."),
    ("breaches", COUNT, "Findings that are breaches."),
    ("events_of_default", COUNT, "Findings that are events of default."),
    ("continuing", COUNT, "Breaches and events of default that still stand."),
    ("needs_judgment", COUNT, "Findings that wait for a person."),
    ("needs_fact", COUNT, "Findings that wait for a fact."),
    ("obligations", COUNT, "How many obligations there are."),
    ("overdue", MONEY, "What is unpaid of obligations whose last day to pay has passed."),
    *((name, MONEY, "A balance at the close of the day, as in the report.") for name in BALANCES),
    ("charges_due", CHARGES, "What is due of costs, charges and fees, by name."),
    ("provisional", FLAG, "Whether the balances rest on a rate that is not yet final."),
    ("facts", COUNT, "How many facts were in force."),
    ("facts_sha256", TEXT, "Their hash, as in the report's receipt."),
    ("pack_sha256", WORD, "The hash of the rules, as in the receipt."),
    ("errors", LIST, "What is wrong with it, where it was not evaluated."),
)

_OUTCOME = [name for name, _type, _says in CONTRACTS].index("outcome")

TABLES: Mapping[str, Columns] = {
    "findings": FINDINGS, "obligations": OBLIGATIONS, "contracts": CONTRACTS,
}  # fmt: skip
"""The tables of results with their columns: name, type, meaning."""


def schema(table: str) -> Any:
    """The Arrow schema of a table, the meanings of its columns with it."""
    return pa.schema(
        [pa.field(name, type_, metadata={"describes": says}) for name, type_, says in TABLES[table]]
    )


# Columns from rows -------------------------------------------------------------------------------

_EPOCH = date(1970, 1, 1).toordinal()
_NO_EXPONENT = Decimal(1).scaleb(-2)


def money_array(cents: Sequence[int | None]) -> Any:
    """Cents as DECIMAL, exactly: the same digits with the point moved."""
    try:
        whole = pa.array(cents, pa.int64())
    except (OverflowError, pa.ArrowInvalid):
        exact = [None if each is None else Decimal(each).scaleb(-2) for each in cents]
        return pa.array(exact, MONEY)
    wide = whole.cast(pa.decimal128(24, 0))
    return pa.Array.from_buffers(MONEY, len(wide), wide.buffers(), offset=wide.offset)


def day_array(ordinals: Sequence[int | None]) -> Any:
    """Day ordinals as DATE."""
    days = [None if day is None else day - _EPOCH for day in ordinals]
    return pa.array(days, pa.int32()).cast(DAY)


def _array(values: Sequence[Any], type_: Any) -> Any:
    if type_ == MONEY:
        return money_array(values)
    if type_ == DAY:
        return day_array(values)
    if type_ == WORD:
        return pa.array(values, TEXT).dictionary_encode()
    return pa.array(values, type_)


def as_table(name: str, rows: Sequence[tuple[Any, ...]]) -> Any:
    """Rows of a table in columns: money as cents and days as ordinals in them."""
    columns = TABLES[name]
    across: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else repeat((), len(columns))
    arrays = [
        _array(values, type_) for values, (_n, type_, _s) in zip(across, columns, strict=True)
    ]
    return pa.table(arrays, schema=schema(name))


# Rows from results -------------------------------------------------------------------------------


def _cents(amount: str | None) -> int | None:
    return None if amount is None else int(amount.replace(".", ""))


def _day(day: str | None) -> int | None:
    return None if day is None else date.fromisoformat(day).toordinal()


@dataclass(frozen=True)
class Rules:
    """What a row tells of its pack; nothing but the portfolio's word where there is none."""

    pack: str
    currency: str = ""
    sha256: str = ""


@dataclass
class Rows:
    """The rows of one contract after another; money in cents, days as ordinals."""

    findings: list[tuple[Any, ...]] = field(default_factory=list)
    obligations: list[tuple[Any, ...]] = field(default_factory=list)
    contracts: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, contract: str, result: Result) -> str:
        """The rows of an evaluation; gives its outcome.

        They say what its report says; the arithmetic of a finding stands in the report alone.
        """
        evaluation, told = result.evaluation, Findings(result)
        pack, standing = evaluation.pack.name, Counter[str]()
        for found in in_order(result.findings.values()):
            continuing = evaluation.continuing(found)
            standing[found.outcome] += continuing
            self.findings.append(
                (contract, pack, found.id, found.rule, found.clause, found.outcome,
                 found.against or None, found.date, found.amount, told.obligation_of(found),
                 continuing, told.facts_of(found), found.says, found.quote, found.provisional,
                 [_revision(revision) for revision in told.revisions_of(found)])
            )  # fmt: skip
        owed = obligations(result)
        for each in owed:
            self.obligations.append(
                (contract, pack, each["id"], each["component"], each["clause"], _day(each["due"]),
                 _day(each["payable"]), _day(each["last_day"]), _cents(each["amount"]),
                 _cents(each["unpaid"]), _day(each["paid_on"]), each["state"], each["in_grace"],
                 each["cause"], each["provisional"])
            )  # fmt: skip
        outcomes = Counter(finding.outcome for finding in result.findings.values())
        row = _contract(contract, result, outcomes, standing, owed)
        self.contracts.append(row)
        return str(row[_OUTCOME])

    def refused(self, contract: str, outcome: str, rules: Rules) -> None:
        """The row of a contract that was not evaluated; its errors are put in later."""
        nothing = (None,) * (len(CONTRACTS) - 6)
        first = (contract, rules.pack, rules.currency or None, outcome)
        self.contracts.append((*first, *nothing, rules.sha256 or None, None))

    def tables(self) -> dict[str, Any]:
        """All of it in columns."""
        return {
            "findings": as_table("findings", self.findings),
            "obligations": as_table("obligations", self.obligations),
            "contracts": as_table("contracts", self.contracts),
        }


def _revision(given: Mapping[str, Any]) -> dict[str, Any]:
    return {**given, "date": date.fromisoformat(given["date"])}


def _contract(
    contract: str,
    result: Result,
    outcomes: Counter[str],
    standing: Counter[str],
    owed: Sequence[Mapping[str, Any]],
) -> tuple[Any, ...]:  # `standing` counts the findings that still stand, by their outcomes
    pack = result.evaluation.pack
    missed = ("defaulted", "undetermined")
    overdue = sum(int(_cents(each["unpaid"]) or 0) for each in owed if each["state"] in missed)
    stands = balances(result.evaluation)
    charges = [(name, Decimal(due)) for name, due in sorted(stands["charges_due"].items())]
    return (
        contract, pack.name, pack.currency, overall(outcomes.keys()), len(result.findings),
        outcomes["breach"], outcomes["event-of-default"], sum(standing[each] for each in BROKEN),
        outcomes["needs-judgment"], outcomes["needs-fact"], len(owed), overdue,
        *(_cents(stands[name]) for name in BALANCES), charges, stands["provisional"],
        len(result.facts), facts_hash(result.facts), pack.sha256, None,
    )  # fmt: skip
