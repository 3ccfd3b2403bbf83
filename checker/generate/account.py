"""What a made-up contract owes: the ledger's arithmetic on an outline, without rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checker.account import Facility
from checker.accrual import Period
from checker.arrangement import ACCRUED
from checker.dates import LAST_DAY, Day, iso
from checker.fees import Fee
from checker.generate.outline import Outline, Owing, Span
from checker.instalments import Instalments


@dataclass
class Owed:
    """An amount that has fallen due, in cents, and what is left of it."""

    owing: Owing
    amount: int
    unpaid: int


@dataclass(frozen=True)
class Applied:
    """How a payment was applied, in cents."""

    interest: int
    principal: int
    prepaid: int
    excess: int


class Account:
    """One contract's money, as far as its schedule goes.

    Days come in their order: `live_until` a day comes before what happens on it.

    What rules bring about (charges, calls, margins by state, acceleration) is not known here: who
    makes up payments from it pays what the contract asks of those who keep it.
    """

    def __init__(self, outline: Outline, commitment: int) -> None:
        self.outline, self.commitment = outline, commitment
        settled = self.settled = outline.arrangement
        self.principal = self.paid = 0
        self.held = 0  # paid beyond all that was owed
        self.counted = outline.first
        self.facility = Facility()
        self.owed: list[Owed] = []
        self.instalments = Instalments(settled)
        self.fees = [
            Fee(name, settled, settled.value(f"fees.{name}.from")) for name in settled.fees
        ]
        self._fee_dates = {fee.name: iter(outline.fees[fee.name]) for fee in self.fees}
        self._next_fee = {fee.name: next(self._fee_dates[fee.name], None) for fee in self.fees}
        self._spans = iter(outline.spans)
        self.span: Span | None = next(self._spans, None)
        self.period = self._new_period(outline.first)
        self.matured = False
        self.overdue = 0
        self._wakes = self._next_after(outline.first)
        self._stand_fees()

    # Time -----------------------------------------------------------------------------------------

    def live_until(self, day: Day) -> list[Owed]:
        """What fell due up to `day`, that day included and before its payments."""
        fallen: list[Owed] = []
        while self._wakes <= day:
            coming = self._wakes
            self._count(coming)
            if self.span is not None and self.span.end == coming:
                fallen += self._close(self.span)
            fallen += self._fees_due(coming)
            matures = self.outline.at_maturity
            if matures is not None and matures.due == coming:
                self.matured = True
                fallen += self._fall(matures, self.not_due)
            self.overdue = self._bearing(coming)
            self._wakes = self._next_after(coming)
        self._count(day)
        return fallen

    def _next_after(self, day: Day) -> Day:
        """The next day on which something falls due by the schedule, or begins to earn interest."""
        days = [owing.due for owing in self._next_fee.values() if owing is not None]
        if self.span is not None:
            days.append(self.span.end)
        if self.outline.at_maturity is not None and not self.matured:
            days.append(self.outline.at_maturity.due)
        if self.settled.compounding == "overdue":
            turns = (owed.owing.payable + 1 for owed in self.owed)
            days += [turn for turn in turns if turn > day]
        return min(days, default=LAST_DAY)

    def _bearing(self, day: Day) -> int:
        """The unpaid interest that itself earns interest from this day on."""
        if self.settled.compounding != "overdue":
            return 0
        interest = (owed for owed in self.owed if owed.owing.component == "interest")
        return sum(owed.unpaid for owed in interest if owed.owing.payable < day)

    def _count(self, day: Day) -> None:
        if day > self.counted:
            bears = self.principal + self.overdue
            self.period.add(self.settled.day_count, day, self.counted, bears, self.outline.added)
            for fee in self.fees:
                fee.count_until(day)
            self.counted = day

    def _new_period(self, start: Day) -> Period:
        return Period(start, self.span.end if self.span is not None else start)

    def _close(self, span: Span) -> Iterator[Owed]:
        following = next(self._spans, None)
        starts = span.end if following is None else following.start
        self._count(starts)  # where the closing day's own interest belongs to the period, it too
        period = self.period
        period.interest = period.total(span.fixing)
        period.fixing = span.fixing
        due = period.interest - self.paid
        self.paid = max(0, -due)
        if self.paid and not self.principal:
            self.held += self.paid
            self.paid = 0
        if self.settled.compounding == "when-due":
            self.principal += max(0, due)
        else:
            yield from self._fall(span.owing, due)
        if self.outline.matures is None or span.end < self.outline.matures:
            part = self.instalments.principal_of(period, self.not_due)
            yield from self._fall(span.instalment, part or 0)
        self.span = following
        self.period = self._new_period(starts)

    def _fees_due(self, day: Day) -> Iterator[Owed]:
        for fee in self.fees:
            owing = self._next_fee[fee.name]
            if owing is not None and owing.due == day:
                yield from self._fall(owing, fee.accrued())
                fee.close()
                self._next_fee[fee.name] = next(self._fee_dates[fee.name], None)

    def _stand_fees(self) -> None:
        room = max(0, self.commitment - self.principal)
        for fee in self.fees:
            balances = {"principal": self.principal, "commitment": self.commitment}
            fee.stands_at(balances.get(str(fee.value("on")), room))

    def _fall(self, owing: Owing, amount: int) -> Iterator[Owed]:
        if amount > 0:
            owed = Owed(owing, amount, amount)
            self.owed.append(owed)
            yield owed

    # What stands ----------------------------------------------------------------------------------

    @property
    def due(self) -> int:
        """All that is due and unpaid."""
        return sum(owed.unpaid for owed in self.owed)

    @property
    def not_due(self) -> int:
        """Principal that has not fallen due."""
        due = sum(o.unpaid for o in self.owed if o.owing.component == "principal")
        return self.principal - due

    def accrued(self, day: Day) -> int:
        """Interest earned up to `day` and neither due nor paid, at the rate as it stands."""
        if self.span is None:
            return 0
        return max(0, self.period.total(self.span.standing(day)) - self.paid)

    def payoff(self, day: Day) -> int:
        """What pays everything on `day`, as far as it can be said that day."""
        return self.due + self.not_due + self.accrued(day)

    def room(self, day: Day) -> int:
        """What may be drawn on `day`, before any limit that depends on state."""
        settled = self.settled
        room = 0
        if self.outline.matures is None or day < self.outline.matures:
            room = self.facility.initial_room(self.commitment) or 0
        if settled.redraw_until is None or day < settled.redraw_until:
            room += self.facility.redraw_room(settled.replenished_by)
        return room

    # What happens ---------------------------------------------------------------------------------

    def advance(self, day: Day, amount: int, fact: str) -> list[Owed]:
        """Principal is paid out; gives what falls due with it."""
        initial = min(amount, self.facility.initial_room(self.commitment) or 0)
        self.facility.advanced += amount
        self.facility.redrawn += amount - initial
        self.principal += amount
        self._stand_fees()
        return self._alone("principal", day, amount, fact) if self.matured else []

    def incur(self, day: Day, amount: int, fact: str) -> list[Owed]:
        """Costs are due when incurred."""
        return self._alone("costs", day, amount, fact)

    def _alone(self, component: str, day: Day, amount: int, fact: str) -> list[Owed]:
        id_ = f"{component}/{iso(day)}/{fact}"
        last = self.outline.deadline(component, day)
        return list(self._fall(Owing(component, day, day, last, id_), amount))

    def pay(self, day: Day, amount: int) -> Applied:
        """A payment without designation, applied in the contract's order."""
        left, interest, principal = amount, 0, 0
        for component in self.settled.order_due:
            if component == ACCRUED:
                part = min(left, self.accrued(day))
                self.paid += part
            else:
                part = self._discharge(component, left)
            interest += part if component in ("interest", ACCRUED) else 0
            principal += part if component == "principal" else 0
            left -= part
        prepaid = 0
        for component in self.settled.order_prepayment:
            if component == "interest":
                part = min(left, self.accrued(day))
                self.paid += part
                interest += part
                left -= part
            elif component == "principal":
                prepaid = min(left, max(0, self.not_due))
                self._repay(prepaid, "prepaid")
                self.instalments.prepaid(prepaid)
                left -= prepaid
        self.held += left
        self.overdue = self._bearing(day)
        self._stand_fees()
        return Applied(interest, principal + prepaid, prepaid, left)

    def _discharge(self, component: str, left: int) -> int:
        served = 0
        for owed in self.owed:
            if owed.owing.component == component and left > served:
                part = min(left - served, owed.unpaid)
                owed.unpaid -= part
                served += part
        if served:
            self.owed = [owed for owed in self.owed if owed.unpaid]
        if component == "principal":
            self._repay(served, "")
        return served

    def _repay(self, amount: int, how: str) -> None:
        self.principal -= amount
        self.facility.restored["any-repayment"] += amount
        if how:
            self.facility.restored[how] += amount
