"""Faults seeded one at a time into the product, each of which the comparison must catch."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from tests import oracle
from tests.agreement import differences, disagreement
from tests.oracle import INDEX, Fact
from tests.product import check

HISTORIES = 150


@dataclass(frozen=True)
class Fault:
    """One wrong change of the source: what stands there, and what is written instead."""

    what: str
    module: str
    right: str
    wrong: str


FAULTS = [
    Fault(
        "a day too many is counted",
        "accrual",
        "self.arrangement.day_count, day, self.counted, self.balance, self.added",
        "self.arrangement.day_count, day + 1, self.counted, self.balance, self.added",
    ),
    Fault(
        "the due date is counted in the closing period",
        "accrual",
        "self.count_until(day + 1 if with_day else day)",
        "self.count_until(day + 1)",
    ),
    Fault(
        "the day of an acceleration is counted in the period that it closes",
        "ledger",
        'self._close_period(day, "acceleration", with_day=False)',
        'self._close_period(day, "acceleration", with_day=True)',
    ),
    Fault(
        "what was paid on account beyond a period's interest is forgotten",
        "accrual",
        "self.period.paid = max(0, period.paid - period.interest)",
        "self.period.paid = 0",
    ),
    Fault(
        "the determination date is not moved to the preceding business day",
        "accrual",
        "adjusted = self.arrangement.adjusted(day, *paths)",
        "adjusted = day",
    ),
    Fault(
        "the determination date is moved to the following business day",
        "dates",
        'step = -1 if convention == "preceding" else 1',
        "step = 1",
    ),
    Fault(
        "the provisional rate is taken from the day before",
        "accrual",
        "return self._take(day, final=closing)",
        "return self._take(day if closing else day - 1, final=closing)",
    ),
    Fault(
        "a rate is final only after its determination date",
        "accrual",
        "if day >= own:",
        "if day > own:",
    ),
    Fault(
        "a value does not hold yet on the day of its observation",
        "accrual",
        "at = bisect_right(self.days, day) - 1",
        "at = bisect_right(self.days, day - 1) - 1",
    ),
    Fault(
        "the rate of an early close is always the latest observation",
        "accrual",
        'if not closing or settled.early_close == "latest-observation":',
        'if not closing or settled.early_close != "never":',
    ),
    Fault(
        "the higher of rate and lawful maximum is taken",
        "accrual",
        "rate if capping.value is None else min(rate, capping.value)",
        "rate if capping.value is None else max(rate, capping.value)",
    ),
    Fault(
        "the margin is left out",
        "accrual",
        "rate = self.base + self.margin + added",
        "rate = self.base + added",
    ),
    Fault(
        "a leap year has 365 days",
        "dates",
        "length = 366 if calendar.isleap(year) else 365",
        "length = 365",
    ),
    Fault(
        "cents are cut off and not rounded",
        "money",
        "rounded = quotient + (2 * rest >= denominator)",
        "rounded = quotient",
    ),
    Fault(
        "what is due is discharged in the opposite order",
        "ledger",
        "order = self.arrangement.order_due",
        "order = self.arrangement.order_due[::-1]",
    ),
    Fault(
        "a designation puts its component last",
        "ledger",
        "key=lambda component: component != designation",
        "key=lambda component: component == designation",
    ),
    Fault(
        "the newest of what is due is discharged first",
        "ledger",
        "for obligation in queue.copy():",
        "for obligation in queue[::-1]:",
    ),
    Fault(
        "principal is prepaid before accrued interest is paid",
        "ledger",
        "for component in self.arrangement.order_prepayment:",
        "for component in reversed(self.arrangement.order_prepayment):",
    ),
    Fault(
        "a designated prepayment discharges what is due first",
        "ledger",
        'if designation != "prepayment":',
        'if designation != "prepaid":',
    ),
    Fault(
        "grace is one day longer",
        "deadlines",
        "grace.after(payable, ",
        "grace.after(payable + 1, ",
    ),
    Fault(
        "grace is counted from the due date and not from the day on which it is payable",
        "deadlines",
        "self._last_day(obligation.component, payable)",
        "self._last_day(obligation.component, obligation.due)",
    ),
    Fault(
        "a default is dated two days after the last day",
        "deadlines",
        "while self._coming and self._coming[0][0] < day:",
        "while self._coming and self._coming[0][0] < day - 1:",
    ),
    Fault(
        "one cent short is as good as paid",
        "deadlines",
        "if obligation.unpaid and obligation.missed_on is None:",
        "if obligation.unpaid > 1 and obligation.missed_on is None:",
    ),
    Fault(
        "only what was allowed of a drawing counts as drawn again",
        "ledger",
        "facility.redrawn += amount - initial",
        "facility.redrawn += min(amount - initial, facility.redraw_room('prepaid'))",
    ),
    Fault(
        "paid principal that was due may be drawn again like prepaid principal",
        "ledger",
        'self.facility.restored["paid-while-accelerated"] += part',
        'self.facility.restored["prepaid"] += part',
    ),
    Fault(
        "principal falls due a day late",
        "ledger",
        "if matures is not None and matures <= day and not self._matured:",
        "if matures is not None and matures < day and not self._matured:",
    ),
    Fault(
        "what is advanced after maturity does not fall due",
        "ledger",
        "if self._matured:",
        "if False:",
    ),
    Fault(
        "a credit is kept although nothing is owed any more",
        "ledger",
        "if credit and not self.accrual.principal:",
        "if False:",
    ),
    Fault(
        "payments are applied although a closed period cannot be figured",
        "ledger",
        "if not good or self.stuck or earned is None:",
        "if not good or earned is None:",
    ),
    Fault(
        "a payment to the wrong payee is applied",
        "ledger",
        "if not good or self.stuck or earned is None:",
        "if self.stuck or earned is None:",
    ),
]


LOAN: list[Fact] = [
    {"id": "a1", "date": "2000-12-31", "kind": "advance", "amount": "5.00"},
    {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": INDEX, "value": "9.50%"},
]
PREPAID: Fact = {"id": "p1", "date": "2001-03-01", "kind": "payment", "amount": "4.00"}

RARE = [
    # 5.00 at 10.50% for 73 of 365 days is 10.5 cents; random balances hardly ever make a half.
    (
        Fault(
            "half a cent is rounded to the even cent",
            "money",
            "quotient + (2 * rest >= denominator)",
            "quotient + (2 * rest > denominator - quotient % 2)",
        ),
        LOAN,
        "2001-03-13",
        {},
    ),
    # 31 December 2005 was a Saturday, and New Year's Day a Sunday.
    (
        Fault(
            "a Sunday holiday is not kept on Monday",
            "dates",
            "shift = {6: 1, 5: -1 if saturday_moves else 0}",
            "shift = {6: 0, 5: -1 if saturday_moves else 0}",
        ),
        LOAN,
        "2005-12-31",
        {"due-on-holiday": "due-date"},
    ),
    # Few people look on the very day of the cutoff while something could still be drawn before it.
    (
        Fault(
            "drawing again is still offered on the cutoff",
            "ledger",
            "day < settled.redraw_until",
            "day <= settled.redraw_until",
        ),
        [*LOAN, PREPAID],
        "2002-08-30",
        {},
    ),
]
"""Faults that random histories seldom show, each with a story that does."""


def functions(namespace: Mapping[str, Any], module: str) -> Iterator[tuple[str, FunctionType]]:
    """The functions of a module and of its classes, by their qualified names."""
    for thing in namespace.values():
        if isinstance(thing, type) and thing.__module__ == module:
            yield from functions(vars(thing), module)
            continue
        for name in ("fget", "__func__", "__wrapped__"):  # properties, static and cached functions
            thing = getattr(thing, name, thing)  # noqa: PLW2901 - unwrapped, step by step
        if isinstance(thing, FunctionType) and thing.__module__ == module:
            yield thing.__qualname__, thing


def forget(namespace: Mapping[str, Any]) -> None:
    """Clears what the functions of a module remember."""
    for thing in namespace.values():
        if isinstance(thing, _lru_cache_wrapper):
            thing.cache_clear()


@contextmanager
def seeded(fault: Fault) -> Iterator[None]:
    """The product with one fault: its functions run the code of a changed copy of the source."""
    module = importlib.import_module(f"checker.{fault.module}")
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    assert source.count(fault.right) == 1, f"not once in checker/{fault.module}.py: {fault.right}"
    changed = source.replace(fault.right, fault.wrong)
    copy: dict[str, Any] = {"__name__": module.__name__}
    exec(compile(changed, str(module.__file__), "exec"), copy)
    wrong = {name: function.__code__ for name, function in functions(copy, module.__name__)}
    ours = dict(functions(vars(module), module.__name__))
    right = {name: function.__code__ for name, function in ours.items()}
    forget(vars(module))
    try:
        for name, code in wrong.items():
            ours[name].__code__ = code
        yield
    finally:
        for name, code in right.items():
            ours[name].__code__ = code
        forget(vars(module))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_seeded_fault_is_caught(fault: Fault) -> None:
    with seeded(fault):
        caught = any(disagreement(seed) for seed in range(HISTORIES))
    assert caught, f"{HISTORIES} histories do not show that {fault.what}"


@pytest.mark.parametrize(
    ("fault", "facts", "as_of", "readings"), RARE, ids=[fault.what for fault, *_ in RARE]
)
def test_a_fault_that_is_seldom_seen_is_caught_by_its_story(
    fault: Fault, facts: list[Fact], as_of: str, readings: dict[str, str]
) -> None:
    theirs = oracle.evaluate(facts, as_of, readings)
    assert differences(check(facts, as_of, readings), theirs) == []
    with seeded(fault):
        assert differences(check(facts, as_of, readings), theirs) != []


def test_what_was_seeded_is_gone_afterwards() -> None:
    assert not any(disagreement(seed) for seed in range(10))
    with seeded(FAULTS[0]):
        assert any(disagreement(seed) for seed in range(10))
    assert not any(disagreement(seed) for seed in range(10))


def test_the_seeding_alone_changes_nothing() -> None:
    line = FAULTS[0].right
    with seeded(Fault("nothing is wrong", FAULTS[0].module, line, line)):
        assert not any(disagreement(seed) for seed in range(10))
