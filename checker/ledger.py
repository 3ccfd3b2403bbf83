"""What is owed, day by day: obligations, the application of payments, deadlines, the facility."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from checker.accrual import Accrual, Fixing, Period
from checker.arrangement import COMPONENTS, Arrangement
from checker.dates import Day, adjust, iso
from checker.model import Value
from checker.money import grouped


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that is so on a day: a fact as given, or what the ledger derives from facts.

    `values` are the fields of its kind; `facts` the ids of the records that it rests on;
    `working` the arithmetic of its amounts, a line a step.
    """

    kind: str
    values: Mapping[str, Value]
    facts: tuple[str, ...] = ()
    working: tuple[str, ...] = ()
    provisional: bool = False


@dataclass
class Obligation:
    """An amount that fell due, and what became of it."""

    id: str
    component: str
    cause: str  # schedule, maturity, acceleration, advance, incurred, opening
    due: Day
    payable: Day
    last_day: Day
    amount: int
    unpaid: int
    facts: list[str]
    working: tuple[str, ...] = ()
    paid_on: Day | None = None
    missed_on: Day | None = None
    released_on: Day | None = None

    def state(self, day: Day) -> str:
        """Its state at the close of `day`."""
        if self.released_on is not None:
            return "released"
        if self.unpaid:
            return "defaulted" if self.missed_on is not None else "due"
        if self.missed_on is not None:
            return "paid-after-default"
        return "paid-in-grace" if (self.paid_on or day) > self.payable else "paid"


@dataclass
class Split:
    """How one payment was applied, in cents; the parts add up to `amount`."""

    fact: str
    day: Day
    amount: int
    due_interest: int = 0
    due_principal: int = 0
    costs: int = 0
    accrued: int = 0
    prepaid: int = 0
    excess: int = 0
    unapplied: int = 0
    period: Period | None = None  # on whose figure, not final that day, the split relied
    working: tuple[str, ...] = ()

    @property
    def interest(self) -> int:
        """All that went to interest, due or accrued."""
        return self.due_interest + self.accrued

    @property
    def principal(self) -> int:
        """All that went to principal, due or prepaid."""
        return self.due_principal + self.prepaid


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
    costs_due: int
    interest_due: int | None
    accrued: int | None
    credit: int | None
    per_diem: int | None
    available: int
    provisional: bool

    @property
    def total(self) -> int | None:
        """All that is owed, due or not."""
        if self.interest_due is None or self.accrued is None:
            return None
        return self.principal + self.interest_due + self.accrued + self.costs_due


@dataclass
class Facility:
    """What was advanced, and what repaid principal may be drawn again."""

    advanced: int = 0
    redrawn: int = 0
    restored: dict[str, int] = field(
        default_factory=lambda: {"prepaid": 0, "paid-while-accelerated": 0}
    )

    def initial_room(self, commitment: int) -> int:
        """What may still be advanced in the first place."""
        return max(0, commitment - self.advanced + self.redrawn)

    def redraw_room(self, replenished_by: str) -> int:
        """Repaid principal that was not yet drawn again."""
        return max(0, self.restored.get(replenished_by, 0) - self.redrawn)


class Ledger:
    """The account of one contract; every method that takes a day expects days in their order."""

    def __init__(self, arrangement: Arrangement) -> None:
        self.arrangement = arrangement
        self.accrual = Accrual(arrangement)
        self._begins = arrangement.accrues_from  # a later amendment of it cannot undo a period
        self.obligations: dict[str, Obligation] = {}
        self.splits: list[Split] = []
        self.surpluses: list[Surplus] = []
        self.facility = Facility()
        self.stuck = False  # a closed period cannot be figured: no payment can be split any more
        self.unapplied = 0  # paid, and left without application for want of a rate
        self._open: dict[str, list[Obligation]] = {component: [] for component in COMPONENTS}
        self._deadlines: list[tuple[Day, int, Obligation]] = []
        self._doubtful: Day | None = None  # the last day to pay interest that is not known
        self._count = 0
        self._matured = False
        self._also_closed = False

    # What falls due -------------------------------------------------------------------------------

    def next_day(self, after: Day) -> Day:
        """The first day after `after` on which something falls due or a last day has passed."""
        settled = self.arrangement
        days = [self.accrual.arrangement.interest_due.next_after(after)]
        days += [d for d in (settled.matures, settled.also_closes_on) if d is not None]
        days += [max(self._deadlines[0][0], after) + 1] if self._deadlines else []
        return min(day for day in days if day > after)

    def fall_due(self, day: Day) -> list[Occurrence]:
        """Closes what closes today, makes due what falls due, and tells which last days passed."""
        self.accrual.count_until(day)
        found: list[Occurrence] = []
        if self._closes(day):
            with_day = self.arrangement.closing_day == "included"
            found += self._close_period(day, "schedule", with_day=with_day)
        if self.arrangement.matures <= day and not self._matured:
            self._matured = True
            found += self._principal_due(day, "maturity", [self.accrual.mover])
        return found + self._passed_deadlines(day)

    def _closes(self, day: Day) -> bool:
        settled, also = self.arrangement, self.arrangement.also_closes_on
        if also is not None and also <= day and not self._also_closed:
            self._also_closed = True
            return also >= self._begins
        first = settled.interest_due.next_after(self._begins)
        return day >= first and settled.interest_due.last_until(day) == day

    def _close_period(self, day: Day, cause: str, *, with_day: bool) -> list[Occurrence]:
        period = self.accrual.close(day, with_day=with_day)
        if period is None:
            return []
        if period.interest is None or period.fixing is None:
            self.stuck = True
            last = self._last_day("interest", day)
            self._doubtful = last if self._doubtful is None else min(last, self._doubtful)
            return []
        credit = self.accrual.period.paid
        if credit and not self.accrual.principal:
            self.accrual.period.paid = 0
            self._hold(period.payer, day, credit)
        elif credit:
            self.accrual.period.payer = period.payer
        owed = period.interest - period.paid
        if owed <= 0:
            return []
        working = self.working_of(period)
        facts = (*period.facts, *period.fixing.facts)
        return [self._fall(period.obligation, "interest", cause, day, owed, facts, working)]

    def working_of(self, period: Period) -> tuple[str, ...]:
        """The arithmetic of a period that can be figured, down to what was left to pay."""
        if period.interest is None or period.fixing is None or period.fixing.rate is None:
            return ()
        convention = self.arrangement.day_count
        lines = period.working(convention, period.fixing.rate, period.interest)
        if period.paid:
            left = period.interest - period.paid
            total, paid = grouped(period.interest), grouped(period.paid)
            lines += (f"{total} − {paid} paid on account = {grouped(left)}",)
        return lines

    def _principal_due(self, day: Day, cause: str, facts: Iterable[str]) -> list[Occurrence]:
        amount = self.principal_not_due
        if amount <= 0:
            return []
        return [self._fall(f"principal/{iso(day)}", "principal", cause, day, amount, facts)]

    @property
    def principal_not_due(self) -> int:
        """Principal outstanding that has not fallen due."""
        return self.accrual.principal - self.due("principal")

    def due(self, component: str) -> int:
        """What is due and unpaid of a component."""
        return sum(obligation.unpaid for obligation in self._open[component])

    def _fall(
        self,
        id_: str,
        component: str,
        cause: str,
        day: Day,
        amount: int,
        facts: Iterable[str],
        working: tuple[str, ...] = (),
    ) -> Occurrence:  # the seven things that make an obligation, all told by position
        sources = list(dict.fromkeys(fact for fact in facts if fact))
        same = self.obligations.get(id_)
        if same is not None:  # of one component and one day there is one obligation
            same.amount += amount
            same.unpaid += amount
            same.facts += [fact for fact in sources if fact not in same.facts]
            same.working += (*working, f"together {grouped(same.amount)}")
            return self._tell("obligation", same, {})
        obligation = Obligation(
            id_, component, cause, day, day, day, amount, amount, sources, working
        )
        self._settle_deadline(obligation)
        self.obligations[id_] = obligation
        self._open[component].append(obligation)
        return self._tell("obligation", obligation, {})

    def in_doubt(self, day: Day) -> bool:
        """Whether the last day to pay interest has passed that could not be figured."""
        return self._doubtful is not None and self._doubtful < day

    def _payable(self, due: Day) -> Day:
        settled = self.arrangement
        return max(due, adjust(due, settled.payable_convention, settled.deadline_calendar))

    def _last_day(self, component: str, due: Day) -> Day:
        settled, calendar = self.arrangement, self.arrangement.deadline_calendar
        payable = self._payable(due)
        last = settled.grace(component).after(payable, calendar)
        return max(payable, adjust(last, settled.last_day_convention, calendar))

    def _settle_deadline(self, obligation: Obligation) -> None:
        obligation.payable = self._payable(obligation.due)
        obligation.last_day = self._last_day(obligation.component, obligation.due)
        self._count += 1
        heapq.heappush(self._deadlines, (obligation.last_day, self._count, obligation))

    def terms_changed(self, day: Day) -> None:
        """What is open follows the terms in force; no deadline is moved behind yesterday.

        A maturity that has come comes again only where it is moved to a day that is still to come.
        """
        also = self.arrangement.also_closes_on
        self._matured = self._matured and self.arrangement.matures <= day
        self._also_closed = self._also_closed and also is not None and also <= day
        self.accrual.terms_changed(day)
        self._deadlines = []
        for component in COMPONENTS:
            for obligation in self._open[component]:
                if obligation.missed_on is None:
                    self._settle_deadline(obligation)
                    obligation.last_day = max(obligation.last_day, day - 1)

    def _passed_deadlines(self, day: Day) -> list[Occurrence]:
        found = []
        while self._deadlines and self._deadlines[0][0] < day:
            obligation = heapq.heappop(self._deadlines)[2]
            if not obligation.unpaid or obligation.missed_on is not None:
                continue
            obligation.missed_on = day
            found.append(self._tell("deadline", obligation, {"date": day}))
        return found

    def _tell(self, kind: str, obligation: Obligation, more: Mapping[str, Value]) -> Occurrence:
        values: dict[str, Value] = {
            "obligation": obligation.id,
            "component": obligation.component,
            "cause": obligation.cause,
            "of": obligation.facts[0] if obligation.facts else "",
            "date": obligation.due,
            "due": obligation.due,
            "payable": obligation.payable,
            "last_day": obligation.last_day,
            "amount": obligation.amount,
            "unpaid": obligation.unpaid,
            "unapplied": self.unapplied,
            **more,
        }
        working = obligation.working
        if 0 < obligation.unpaid < obligation.amount:
            paid = grouped(obligation.amount - obligation.unpaid)
            left = grouped(obligation.unpaid)
            working += (f"{grouped(obligation.amount)} − {paid} paid = {left}",)
        return Occurrence(kind, values, tuple(obligation.facts), working)

    # What happens ---------------------------------------------------------------------------------

    def open_with(self, principal: int, interest: int, day: Day, fact: str) -> list[Occurrence]:
        """Takes over what was owed when the records begin."""
        self.accrual.count_until(day)
        self.accrual.move(principal, fact)
        self.facility.advanced += principal
        found = []
        if interest:
            found.append(
                self._fall(f"interest/{iso(day)}", "interest", "opening", day, interest, [fact])
            )
        if (
            self._matured and principal
        ):  # what is taken over after maturity is due when it is taken over
            found += self._principal_due(day, "opening", [fact])
        return found

    def incur(self, amount: int, day: Day, fact: str) -> list[Occurrence]:
        """Costs are due when incurred."""
        return [self._fall(f"costs/{iso(day)}/{fact}", "costs", "incurred", day, amount, [fact])]

    def accelerate(self, day: Day, fact: str) -> list[Occurrence]:
        """Closes the period, that day left to the next, and makes all that is not yet due due."""
        found = self._close_period(day, "acceleration", with_day=False)
        return found + self._principal_due(day, "acceleration", [self.accrual.mover, fact])

    def release(self, id_: str, day: Day) -> None:
        """What is unpaid of an obligation, if there is one of that id, is no longer owed."""
        obligation = self.obligations.get(id_)
        if obligation is not None and obligation.unpaid:
            obligation.unpaid = 0
            obligation.released_on = day
            self._open[obligation.component].remove(obligation)

    def advance(self, amount: int, day: Day, fact: str) -> list[Occurrence]:
        """Pays out principal, and tells what of it was drawn again, and within what room."""
        settled, facility = self.arrangement, self.facility
        self.accrual.count_until(day)
        initial = min(amount, facility.initial_room(settled.commitment))
        room = facility.redraw_room(settled.replenished_by)
        redrawn = amount - initial
        facility.advanced += amount
        facility.redrawn += redrawn
        self.accrual.move(amount, fact)
        working: list[str] = []
        if redrawn and initial:
            working.append(f"{grouped(amount)} − {grouped(initial)} = {grouped(redrawn)}")
        if redrawn > room:
            working.append(f"{grouped(redrawn)} − {grouped(room)} = {grouped(redrawn - room)}")
        values: dict[str, Value] = {
            "advance": fact,
            "date": day,
            "amount": amount,
            "initial": initial,
            "redrawn": redrawn,
            "room": room,
            "over": max(0, redrawn - room),
        }
        found = [Occurrence("drawing", values, (fact,), tuple(working))]
        if self._matured:
            id_ = f"principal/{iso(day)}/{fact}"
            found.append(self._fall(id_, "principal", "advance", day, amount, [fact]))
        return found

    def refund(self, amount: int, day: Day, fact: str) -> list[Occurrence]:
        """Pays back what is held beyond what was owed, oldest first."""
        left = amount
        for surplus in self.surpluses:
            part = min(left, surplus.held)
            surplus.held -= part
            left -= part
        values: dict[str, Value] = {
            "refund": fact, "date": day, "amount": amount, "beyond": left,
        }  # fmt: skip
        return [Occurrence("repayment", values, (fact,))]

    # The application of payments ------------------------------------------------------------------

    def pay(
        self, amount: int, day: Day, fact: str, designation: str = "", *, good: bool = True
    ) -> list[Occurrence]:
        """Applies a payment, and tells how it was split and which obligations it discharged."""
        self.accrual.count_until(day)
        split = Split(fact, day, amount)
        self.splits.append(split)
        earned, fixing = self.accrual.earned(day)
        if not good or self.stuck or earned is None:
            split.unapplied = amount
            if good:
                self.unapplied += amount
                self._starve(day, fact, here=earned is None)
            return [self._tell_split(split)]
        discharged: list[Obligation] = []
        left = amount
        if designation != "prepayment":
            left = self._discharge_due(split, left, designation, discharged)
        left = self._prepay(split, left, earned, fixing)
        if left:
            split.excess = left
            self._hold(fact, day, left)
        paid = [self._tell("discharge", o, {"date": day, "paid_on": day}) for o in discharged]
        return [self._tell_split(split), *paid]

    def _hold(self, of: str, day: Day, amount: int) -> None:
        """Money is held that is more than was owed; what comes of one payment is told together."""
        for surplus in self.surpluses:
            if surplus.of == of:
                surplus.amount += amount
                surplus.held += amount
                return
        self.surpluses.append(Surplus(of, day, amount, amount, (of,)))

    def _starve(self, day: Day, fact: str, *, here: bool) -> None:
        """A payment is left for want of a rate: of the open period, or of the first that lacked it.

        What that payment did is not known from then on, so neither is what later ones do.
        """
        accrual = self.accrual
        first = next((p for p in (*accrual.closed, accrual.period) if p.lacks_rate), None)
        lacking = accrual.period if here or first is None else first
        lacking.starved.append((day, fact))
        self.stuck = True

    def _discharge_due(
        self, split: Split, left: int, designation: str, discharged: list[Obligation]
    ) -> int:
        order = self.arrangement.order_due
        order = tuple(sorted(order, key=lambda component: component != designation))
        for component in order:
            queue = self._open[component]
            while left and queue:
                left -= self._discharge(split, queue[0], left)
                if not queue[0].unpaid:
                    discharged.append(queue.pop(0))
        return left

    def _discharge(self, split: Split, obligation: Obligation, left: int) -> int:
        part = min(left, obligation.unpaid)
        obligation.unpaid -= part
        obligation.facts.append(split.fact)
        if not obligation.unpaid:
            obligation.paid_on = split.day
        if obligation.component == "interest":
            split.due_interest += part
        elif obligation.component == "costs":
            split.costs += part
        else:
            split.due_principal += part
            self.accrual.move(-part, split.fact)
            if obligation.cause == "acceleration":
                self.facility.restored["paid-while-accelerated"] += part
        return part

    def _prepay(self, split: Split, left: int, earned: int, fixing: Fixing) -> int:
        period = self.accrual.period
        if left and not fixing.final and period.bears:
            split.period = period
        for component in self.arrangement.order_prepayment:
            if component == "interest":
                split.accrued = min(left, max(0, earned - period.paid))
                left -= split.accrued
                if split.accrued:
                    split.working = self._working_of_accrued(period, fixing, earned)
                    period.paid += split.accrued
                    period.facts.append(split.fact)
                    period.payer = split.fact
            elif component == "principal":
                split.prepaid = min(left, max(0, self.principal_not_due))
                left -= split.prepaid
                if split.prepaid:
                    self.accrual.move(-split.prepaid, split.fact)
                    self.facility.restored["prepaid"] += split.prepaid
        return left

    def _working_of_accrued(self, period: Period, fixing: Fixing, earned: int) -> tuple[str, ...]:
        if fixing.rate is None:
            return ()
        lines = period.working(self.arrangement.day_count, fixing.rate, earned, most=12)
        if period.paid:
            left = grouped(earned - period.paid)
            lines += (f"{grouped(earned)} − {grouped(period.paid)} paid before = {left}",)
        return lines

    def _tell_split(self, split: Split) -> Occurrence:
        values: dict[str, Value] = {
            "payment": split.fact,
            "date": split.day,
            "amount": split.amount,
            "interest": split.interest,
            "principal": split.principal,
            "due_interest": split.due_interest,
            "due_principal": split.due_principal,
            "accrued": split.accrued,
            "prepaid": split.prepaid,
            "prepayment": split.accrued + split.prepaid,
            "costs": split.costs,
            "excess": split.excess,
            "unapplied": split.unapplied,
        }
        return Occurrence(
            "allocation", values, (split.fact,), split.working, split.period is not None
        )

    # What stands ----------------------------------------------------------------------------------

    def position(self, day: Day) -> Position:
        """The balances at the close of `day`, that day's own interest included."""
        accrual = self.accrual
        earned, fixing = accrual.earned_through(day)
        known = not self.stuck and earned is not None
        paid = accrual.period.paid
        per_diem = 0 if not accrual.principal else None
        if accrual.principal and fixing.rate is not None:
            per_diem = accrual.per_diem(day, fixing.rate)
        return Position(
            principal=accrual.principal,
            principal_due=self.due("principal"),
            costs_due=self.due("costs"),
            interest_due=None if self.stuck else self.due("interest"),
            accrued=max(0, earned - paid) if known and earned is not None else None,
            credit=max(0, paid - earned) if known and earned is not None else None,
            per_diem=per_diem,
            available=self._available(day),
            provisional=not fixing.final and accrual.bears_through(day),
        )

    def _available(self, day: Day) -> int:
        settled, facility = self.arrangement, self.facility
        room = facility.initial_room(settled.commitment) if day < settled.matures else 0
        if settled.redraw_until is None or day < settled.redraw_until:
            room += facility.redraw_room(settled.replenished_by)
        return room
