"""What the ledger keeps and tells: occurrences, obligations, splits, surpluses, positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import ref

from checker.accrual import Period
from checker.dates import Day
from checker.instalments import Instalment
from checker.model import Value


class Occurrence(NamedTuple):
    """Something that is so on a day: a fact as given, or what the ledger derives from facts.

    `values` are the fields of its kind; `facts` the ids of the records that it rests on;
    `working` the arithmetic of its amounts, a line a step.
    """

    kind: str
    values: Mapping[str, Value]
    facts: tuple[str, ...] = ()
    working: Sequence[str] = ()
    provisional: bool = False


@dataclass(slots=True, eq=False)
class Obligation:
    """An amount that fell due, and what became of it."""

    id: str
    component: str
    cause: str  # schedule, maturity, acceleration, advance, incurred, opening, call, charge, fee
    due: Day
    payable: Day
    last_day: Day
    amount: int
    unpaid: int
    facts: list[str]
    working: Sequence[str] = ()
    paid_on: Day | None = None
    missed_on: Day | None = None
    released_on: Day | None = None
    bears: bool = False  # interest that itself earns interest
    whole: ref[Instalment] | None = None  # weak, for it holds its parts

    @property
    def stands(self) -> bool:
        """Whether it is owed at all: asked where not all that go by one account owe it."""
        return True

    @property
    def instalment(self) -> Instalment | None:
        """What it is part of."""
        return None if self.whole is None else self.whole()

    def state(self, day: Day) -> str:
        """Its state at the close of `day`."""
        if self.released_on is not None:
            return "released"
        if self.unpaid and self.missed_on is None:
            return "due" if day >= self.due else "not-due"
        if self.unpaid:
            return "defaulted"
        if self.missed_on is not None:
            return "paid-after-default"
        return "paid-in-grace" if (self.paid_on or day) > self.payable else "paid"


@dataclass(slots=True)
class Split:
    """How one payment was applied, in cents; the parts add up to `amount`."""

    fact: str
    day: Day
    amount: int
    due_interest: int = 0
    due_principal: int = 0
    charges: dict[str, int] = field(default_factory=dict)  # neither interest nor principal
    accrued: int = 0
    accrued_in_turn: int = 0  # of it, what was served in the order of what is due
    prepaid: int = 0
    excess: int = 0
    unapplied: int = 0
    period: Period | None = None  # on whose figure, not final that day, the split relied
    working: Sequence[str] = ()

    @property
    def interest(self) -> int:
        """All that went to interest, due or accrued."""
        return self.due_interest + self.accrued

    @property
    def principal(self) -> int:
        """All that went to principal, due or prepaid."""
        return self.due_principal + self.prepaid

    @property
    def costs(self) -> int:
        """All that went to neither interest nor principal."""
        return sum(self.charges.values())


@dataclass
class Surplus:
    """Money held beyond what was owed, until it is refunded."""

    of: str  # the payment that it comes of
    day: Day
    amount: int
    held: int
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """What is owed at the close of a day, in cents; None where interest cannot be figured."""

    principal: int
    principal_due: int
    charges_due: Mapping[str, int]  # neither interest nor principal, by component
    interest_due: int | None
    accrued: int | None
    credit: int | None
    per_diem: int | None
    available: int
    provisional: bool

    @property
    def costs_due(self) -> int:
        """All that is due of neither interest nor principal."""
        return sum(self.charges_due.values())

    @property
    def total(self) -> int | None:
        """All that is owed, due or not."""
        if self.interest_due is None or self.accrued is None:
            return None
        return self.principal + self.interest_due + self.accrued + self.costs_due


BALANCES = {
    "balance.principal": "The principal outstanding.",
    "balance.principal-due": "The principal that is due and unpaid.",
    "balance.principal-called": "Called principal that is unpaid, due or not yet.",
    "balance.interest-due": "The interest that is due and unpaid.",
    "balance.costs-due": "The costs, charges and fees that are due and unpaid.",
    "balance.overdue": "What is unpaid of everything whose last day to pay has passed.",
}
"""What rules and settings may ask of the ledger, as it stands when they ask; all are money."""


@dataclass
class Facility:
    """What was advanced, and what repaid principal may be drawn again."""

    advanced: int = 0
    redrawn: int = 0
    restored: dict[str, int] = field(
        default_factory=lambda: {"prepaid": 0, "paid-while-accelerated": 0, "any-repayment": 0}
    )

    def initial_room(self, commitment: int | None) -> int | None:
        """What may still be advanced in the first place; None: as much as there may be."""
        return None if commitment is None else max(0, commitment - self.advanced + self.redrawn)

    def redraw_room(self, replenished_by: str) -> int:
        """Repaid principal that was not yet drawn again."""
        return max(0, self.restored.get(replenished_by, 0) - self.redrawn)
