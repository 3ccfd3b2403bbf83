"""Where two reports on the same facts differ: the product's and the oracle's, or two of one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from checker.report import outcome
from tests import oracle
from tests.histories import random_history
from tests.oracle import Fact
from tests.product import check

Report = Mapping[str, Any]
Flat = dict[str, Any]

RULES = {
    "acceleration-undetermined",
    "acceleration-without-default",
    "advance-after-maturity",
    "amendment-not-agreed",
    "cap-unknown",
    "default-undetermined",
    "event-of-default",
    "late-in-grace",
    "overpaid",
    "payment-funds",
    "payment-misapplied",
    "payment-payee",
    "payment-place",
    "prepayment-fee",
    "rate-missing",
    "rate-stale",
    "reborrow-after-cutoff",
    "reborrow-over-limit",
}
"""The rules that the oracle has a second opinion on."""

CONTINUING = {"default-undetermined", "event-of-default", "overpaid"}

ROWS = {
    "periods": ("from", ("to", "determined_on", "observed", "observed_on", "margin", "cap", "rate",
                         "interest", "provisional")),
    "obligations": ("id", ("component", "due", "last_day", "amount", "unpaid", "paid_on", "state",
                           "in_grace")),
    "payments": ("fact", ("date", "amount", "interest", "principal", "accrued", "prepaid", "costs",
                          "excess", "unapplied", "provisional")),
}  # fmt: skip
"""The lists of a report: what names a row, and what is compared of it."""

BALANCES = (
    "principal",
    "principal_due",
    "interest_due",
    "accrued_interest",
    "interest_credit",
    "costs_due",
    "excess",
    "available_to_draw",
    "per_diem",
    "provisional",
)


def flat(report: Report) -> Flat:
    """What both tell, each thing under a name that says what it is."""
    told: Flat = {}
    for part, (key, columns) in ROWS.items():
        told[f"how many {part}"] = len(report[part])
        for row in report[part]:
            told |= {f"{part} {row[key]} {column}": row[column] for column in columns}
    told |= {f"balances {name}": report["balances"][name] for name in BALANCES}
    for power in report["powers"]:
        told[f"power {power['id']}"] = (power["state"] == "available", power["since"])
    for finding in report["findings"]:
        if finding["rule"] in RULES:
            told[finding["id"]] = (finding["outcome"], finding["date"], finding["amount"])
        if finding["rule"] in CONTINUING:
            told[f"{finding['id']} continuing"] = finding["continuing"]
    # The oracle leaves it to persons whether attorneys' fees are reasonable.
    told["outcome"] = outcome(f for f in report["findings"] if f["rule"] != "attorneys-fees")
    return told


def differences(ours: Report, theirs: Report) -> list[str]:
    """Every thing that the two tell differently, or that one of them does not tell."""
    left, right = flat(ours), flat(theirs)
    return [
        f"{name}: {left.get(name, 'nothing')} against {right.get(name, 'nothing')}"
        for name in sorted({*left, *right})
        if left.get(name, "nothing") != right.get(name, "nothing")
    ]


@cache
def history(seed: int) -> tuple[list[Fact], str, dict[str, str]]:
    """A random history, the day on which it is looked at and the readings, made up once."""
    return random_history(seed)


@cache
def opinion(seed: int) -> dict[str, Any]:
    """The oracle's report on a random history."""
    return oracle.evaluate(*history(seed))


def disagreement(seed: int) -> list[str]:
    """Where product and oracle differ on a random history."""
    facts, as_of, readings = history(seed)
    return differences(check(facts, as_of, readings), opinion(seed))
