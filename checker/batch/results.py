"""The rows that a contract gives, in columns: findings, obligations, and one row for itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import accumulate, chain, repeat
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from checker.account import Obligation
from checker.evaluate import Result
from checker.findings import Finding
from checker.report import (
    BROKEN,
    Findings,
    facts_hash,
    figures,
    in_grace,
    in_order,
    overall,
    owed,
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
    return pc.subtract(pa.array(ordinals, pa.int32()), pa.scalar(_EPOCH, pa.int32())).cast(DAY)


def word_array(words: Sequence[str | None]) -> Any:
    """Text of which few different ones occur: each is looked at once."""
    different = dict.fromkeys(words)
    different.pop(None, None)
    at = dict(zip(different, range(len(different)), strict=True))
    indices = pa.array(list(map(at.get, words)), pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(different), TEXT))


def list_array(lists: Sequence[Sequence[str] | None]) -> Any:
    """Lists of text, one after the other."""
    if None in lists:
        return pa.array(lists, LIST)
    each: Any = lists
    bounds = pa.array(list(accumulate(map(len, each), initial=0)), pa.int32())
    return pa.ListArray.from_arrays(bounds, pa.array(list(chain.from_iterable(each)), TEXT))


def charges_array(charges: Sequence[Sequence[tuple[str, int]] | None]) -> Any:
    """Amounts in cents by their names."""
    each = [() if charged is None else charged for charged in charges]
    bounds = list(accumulate(map(len, each), initial=0))
    named = list(chain.from_iterable(each))
    starts = [None if c is None else at for c, at in zip(charges, bounds, strict=False)]
    return pa.MapArray.from_arrays(
        pa.array([*starts, bounds[-1]], pa.int32()),
        pa.array([name for name, _cents in named], TEXT),
        money_array([cents for _name, cents in named]),
    )


_ARRAYS: Mapping[Any, Callable[[Any], Any]] = {
    MONEY: money_array, DAY: day_array, WORD: word_array, LIST: list_array, CHARGES: charges_array,
}  # fmt: skip


def _array(values: Sequence[Any], type_: Any) -> Any:
    make = _ARRAYS.get(type_)
    return pa.array(values, type_) if make is None else make(values)


def as_table(name: str, columns: Sequence[Sequence[Any]]) -> Any:
    """A table of columns: money as cents and days as ordinals in them."""
    arrays = [
        _array(values, type_) for values, (_n, type_, _s) in zip(columns, TABLES[name], strict=True)
    ]
    return pa.table(arrays, schema=schema(name))


# Rows from results -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rules:
    """What a row tells of its pack; nothing but the portfolio's word where there is none."""

    pack: str
    currency: str = ""
    sha256: str = ""


def _empty(columns: Columns) -> list[list[Any]]:
    return [[] for _column in columns]


@dataclass
class Rows:
    """The rows of one contract after another, by columns; money in cents, days as ordinals."""

    findings: list[list[Any]] = field(default_factory=lambda: _empty(FINDINGS))
    obligations: list[list[Any]] = field(default_factory=lambda: _empty(OBLIGATIONS))
    contracts: list[list[Any]] = field(default_factory=lambda: _empty(CONTRACTS))

    def add(self, contract: str, result: Result) -> str:
        """The rows of an evaluation; gives its outcome.

        They say what its report says; the arithmetic of a finding stands in the report alone.
        """
        found = in_order(result.findings.values())
        stands = list(map(result.evaluation.continuing, found))
        due = owed(result)
        own = _contract(contract, result, found, stands, due)
        _extend(self.findings, _findings(contract, result, found, stands))
        _extend(self.obligations, _obligations(contract, result, due))
        _extend(self.contracts, [(value,) for value in own])
        return str(own[_OUTCOME])

    def refused(self, contract: str, outcome: str, rules: Rules) -> None:
        """The row of a contract that was not evaluated; its errors are put in later."""
        nothing = (None,) * (len(CONTRACTS) - 6)
        first = (contract, rules.pack, rules.currency or None, outcome)
        own = (*first, *nothing, rules.sha256 or None, None)
        _extend(self.contracts, [(value,) for value in own])

    def tables(self) -> dict[str, Any]:
        """All of it in columns."""
        return {
            "findings": as_table("findings", self.findings),
            "obligations": as_table("obligations", self.obligations),
            "contracts": as_table("contracts", self.contracts),
        }


def _extend(columns: Sequence[list[Any]], more: Iterable[Iterable[Any]]) -> None:
    for column, values in zip(columns, more, strict=True):
        column.extend(values)


def _of(things: Iterable[Any], *names: str) -> list[Iterable[Any]]:
    """What things hold by each of these names: a column each."""
    return [map(attrgetter(name), things) for name in names]


def _findings(
    contract: str, result: Result, found: Sequence[Finding], stands: Sequence[bool]
) -> Iterable[Iterable[Any]]:
    told = Findings(result)
    return (
        repeat(contract, len(found)), repeat(result.evaluation.pack.name, len(found)),
        *_of(found, "id", "rule", "clause", "outcome"), [each.against or None for each in found],
        *_of(found, "date", "amount"), map(told.obligation_of, found), stands,
        # By far the most rest on one record, and have no later word: there is nothing to order.
        [each.facts if len(each.facts) == 1 else told.facts_of(each) for each in found],
        *_of(found, "says", "quote", "provisional"),
        [_revisions(told, each) if each.revisions else () for each in found],
    )  # fmt: skip


def _revisions(told: Findings, finding: Finding) -> list[dict[str, Any]]:
    return [
        {**each, "date": date.fromisoformat(each["date"])} for each in told.revisions_of(finding)
    ]


def _obligations(
    contract: str, result: Result, due: Sequence[tuple[Obligation, str]]
) -> Iterable[Iterable[Any]]:
    pack, each = result.evaluation.pack, [obligation for obligation, _state in due]
    return (
        repeat(contract, len(due)), repeat(pack.name, len(due)), *_of(each, "id", "component"),
        [pack.clause_of(obligation.component) for obligation in each],
        *_of(each, "due", "payable", "last_day", "amount", "unpaid", "paid_on"),
        [state for _obligation, state in due],
        [in_grace(obligation, state, result.as_of) for obligation, state in due],
        *_of(each, "cause"), repeat(False, len(due)),
    )  # fmt: skip


def _contract(
    contract: str,
    result: Result,
    found: Sequence[Finding],
    stands: Sequence[bool],
    due: Sequence[tuple[Obligation, str]],
) -> tuple[Any, ...]:
    pack, outcomes = result.evaluation.pack, Counter([finding.outcome for finding in found])
    broken = sum(
        stand and finding.outcome in BROKEN for finding, stand in zip(found, stands, strict=True)
    )
    overdue = sum(each.unpaid for each, state in due if state in ("defaulted", "undetermined"))
    balances = figures(result.evaluation)
    return (
        contract, pack.name, pack.currency, overall(outcomes.keys()), len(found),
        outcomes["breach"], outcomes["event-of-default"], broken,
        outcomes["needs-judgment"], outcomes["needs-fact"], len(due), overdue,
        *(balances[name] for name in BALANCES), sorted(balances["charges_due"].items()),
        balances["provisional"], len(result.facts), facts_hash(result.facts), pack.sha256, None,
    )  # fmt: skip
