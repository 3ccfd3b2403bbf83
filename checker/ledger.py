"""What is owed, day by day: obligations, the application of payments, deadlines, the facility."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from weakref import ref

from checker.account import Facility, Obligation, Occurrence, Position, Split, Surplus
from checker.accrual import Accrual, Fixing, Period
from checker.arrangement import ACCRUED, Arrangement, Settled
from checker.dates import Day, iso
from checker.deadlines import Deadlines
from checker.fees import Fee
from checker.instalments import Instalment, Instalments, Part, working_of
from checker.model import Lines, Value
from checker.money import grouped


class Ledger:
    """The account of one contract; every method that takes a day expects days in their order.

    `heard` are the kinds of occurrence that anybody looks for: what is outstanding, and what comes
    of instalments, is told only where somebody does.
    """

    def __init__(
        self,
        arrangement: Arrangement,
        heard: Container[str],
        deadlines: Deadlines | None = None,
    ) -> None:
        self.arrangement, self._heard = arrangement, heard
        self.deadlines = deadlines or Deadlines(arrangement)
        self.accrual = self.accruing()
        self._begins = arrangement.accrues_from  # a later amendment of it cannot undo a period
        self.obligations: dict[str, Obligation] = {}
        self.splits: list[Split] = []
        self.surpluses: list[Surplus] = []
        self.facility = Facility()
        self.stuck = False  # a closed period cannot be figured: no payment can be split any more
        self.unapplied = 0  # paid, and left without application for want of a rate
        self._open: dict[str, list[Obligation]] = {c: [] for c in arrangement.components}
        self.instalments = Instalments(arrangement)
        self.fees = [
            Fee(name, arrangement, arrangement.value(f"fees.{name}.from"))
            for name in arrangement.fees
        ]
        self._exposure: tuple[int, int | None] = (0, None)
        self._coming: list[tuple[Day, int, Obligation]] = []  # charges that fall due later
        self._later: list[tuple[Day, int, Obligation]] = []  # owed, and due on a later day
        self._turning: list[tuple[Day, Obligation]] = []  # when what is unpaid may earn interest
        self._doubtful: list[Obligation] = []  # to pay interest that is not known
        self.today: Day = 0
        self.stirred = True  # something may come on another day than was last said
        self.paying = False  # in the midst of a day's payments
        self.on_paid: Callable[[], None] | None = None  # told where it is asked what is unpaid
        self._count = 0
        self._matured = False
        self._also_closed = False

    def accruing(self) -> Accrual:
        """The accrual of the account, as it begins."""
        return Accrual(self.arrangement)

    def begin(self) -> None:
        """What depends on state is settled for the first time."""
        self.accrual.added = self.accrual.addition
        self._settle_fees()
        self._exposure = (0, self._limit)

    # What falls due -------------------------------------------------------------------------------

    def next_day(self, after: Day) -> Day:
        """The first day after `after` on which something falls due or a last day has passed."""
        days = [self.next_due(after)]
        days += self.deadlines.next_after(after)
        days += [max(day, after + 1) for day, owed in self._turning if owed.unpaid]
        return min(days)

    def next_due(self, after: Day) -> Day:
        """The first day after `after` on which something may fall due."""
        settled = self.arrangement
        days = [settled.interest_dates.next_after(after)]
        days += [fee.dates.next_after(after) for fee in self.fees]
        days += [max(heap[0][0], after + 1) for heap in (self._coming, self._later) if heap]
        # Another day on which a period may close is lived through if any reading has it.
        others = (settled.matures, *settled.all_days("interest.also-closes-on"))
        days += [day for day in others if day is not None and day > after]
        return min(days)

    def deadline(self, component: str, due: Day) -> tuple[Day, Day]:
        """When an amount that falls due on a day is payable, and the last day to pay it."""
        return self.deadlines.payable(due), self.deadlines.last_day(component, due)

    def unpaid_in_order(self) -> list[Obligation]:
        """What is unpaid, in the order in which the contract applies a payment."""
        return [
            obligation
            for component in self.arrangement.order_due
            for obligation in self.obligations.values()
            if obligation.component == component and obligation.unpaid
        ]

    def count_until(self, day: Day) -> None:
        """Balances as they stand earn the interest and the fees of the days before `day`."""
        self.today = day
        self.accrual.count_until(day)
        for fee in self.fees:
            fee.count_until(day)

    def fall_due(self, day: Day) -> list[Occurrence]:
        """Closes what closes today, makes due what falls due, and tells which last days passed."""
        self.count_until(day)
        found: list[Occurrence] = []
        matures = self.arrangement.matures
        if self._closes(day):
            with_day = self.arrangement.closing_day == "included"
            found += self._close_period(day, "schedule", with_day=with_day)
            if matures is None or day < matures:
                found += self._instalment(day)
        if matures is not None and matures <= day and not self._matured:
            self._matured = True
            found += self._principal_due(day, "maturity", [self.accrual.mover])
        for fee in self.fees:
            if fee.dates.next_after(day - 1) == day:
                found += self._fee_due(fee, day)
        if self._later:
            found += self._fallen_later(day)
        if self._coming:
            found += self.charges_coming_due(day)
        found += [
            self._tell("deadline", each, {"date": day}) for each in self.deadlines.passed(day)
        ]
        return found

    def _instalment(self, day: Day) -> list[Occurrence]:
        """The principal of an instalment, and the instalment whole."""
        if not self.accrual.closed or self.accrual.closed[-1].due != day:
            return []
        period = self.accrual.closed[-1]
        part = self.instalments.principal_of(period, self.principal_not_due)
        if part is None:
            return []
        due = day if period.payable is None else period.payable
        found: list[Occurrence] = []
        owed = [self.owed(period.obligation)]
        if part:
            id_ = f"principal/{iso(due)}"
            working = self._working_of_instalment(period, part)
            facts = [self.accrual.mover]
            found += self._fall(id_, "principal", "schedule", due, part, facts, working)
            owed.append(self.obligations[id_])
        parts = [obligation for obligation in owed if obligation is not None]
        if parts:
            instalment = self.instalments.fell_due(due, parts)
            for obligation in parts:
                obligation.whole = ref(instalment)
            self._standing_moved(parts[0])
            if "instalment" in self._heard:
                found.append(self._tell_instalment(instalment, parts, {}))
        return found

    def _working_of_instalment(self, period: Period, part: int) -> Sequence[str]:
        of, told = self.arrangement.instalments, self.instalments.told
        return Lines(lambda: working_of(of, told, period, part))

    def _tell_instalment(
        self, instalment: Instalment, parts: Iterable[Part], more: Mapping[str, Value]
    ) -> Occurrence:
        sums = {"interest": 0, "principal": 0}
        facts: list[str] = []
        for part in parts:
            sums[part.component] += part.amount
            facts += part.facts
        values: dict[str, Value] = {
            "instalment": instalment.id,
            "date": instalment.due,
            "due": instalment.due,
            "amount": sum(sums.values()),
            **sums,
            **self.deadlines.told(instalment.parts),
            "unpaid": instalment.unpaid,
            **more,
        }
        kind = "instalment-paid" if more else "instalment"
        return Occurrence(kind, values, tuple(dict.fromkeys(facts)))

    def _fee_due(self, fee: Fee, day: Day) -> list[Occurrence]:
        amount, working = fee.accrued(), fee.working()
        fee.close()
        if not amount:
            return []
        id_ = f"{fee.name}/{iso(day)}"
        return self._fall(id_, fee.name, "fee", day, amount, [self.accrual.mover], working)

    def charges_coming_due(self, day: Day) -> list[Occurrence]:
        """The charges that fall due by today.

        What the payments of a day bring about falls due when the last of them has been applied,
        so that their order changes nothing.
        """
        found = []
        while self._coming and self._coming[0][0] <= day:
            found += self._come_due(heapq.heappop(self._coming)[2], day)
        return found

    def _come_due(self, charge: Obligation, day: Day) -> list[Occurrence]:
        return [*self._enter(charge), *self._serve_from_excess(charge, day)]

    def _settle_overdue(self, day: Day) -> None:
        """Unpaid interest that was payable before today earns interest, where it does now."""
        if self._turning:
            self._turning = [each for each in self._turning if each[0] > day]
        compounds = self.arrangement.compounding == "overdue"
        if not compounds and not self.accrual.overdue:
            return
        bearing = 0
        for obligation in self._open["interest"]:
            obligation.bears = compounds and obligation.payable < day
            bearing += obligation.unpaid * obligation.bears
        if bearing != self.accrual.overdue:
            self.count_until(day)
            self.accrual.overdue = bearing

    def settle(self, day: Day) -> list[Occurrence]:
        """What depends on state follows it from `day` on; tells where what is outstanding moved."""
        if self.accrual.added != self.accrual.addition:
            self.count_until(day)
            self.accrual.added = self.accrual.addition
        self._settle_overdue(day)
        self._settle_fees()
        return self._tell_exposure(day)

    def _settle_fees(self) -> None:
        for fee in self.fees:
            fee.stands_at(self._fee_balance(str(fee.value("on"))))

    def _fee_balance(self, on: str) -> int:
        principal = self.accrual.principal
        if on == "principal":
            return principal
        most = (self._limit if on == "available" else self.arrangement.commitment) or 0
        return most if on == "commitment" else max(0, most - principal)

    @property
    def _limit(self) -> int | None:
        limit = self.arrangement.limit
        return self.arrangement.commitment if limit is None else limit

    def _tell_exposure(self, day: Day) -> list[Occurrence]:
        if "exposure" not in self._heard:
            return []
        principal, limit = self.accrual.principal, self._limit
        if (principal, limit) == self._exposure or limit is None:
            return []
        self._exposure = (principal, limit)
        values: dict[str, Value] = {
            "id": f"exposure/{iso(day)}",
            "date": day,
            "principal": principal,
            "limit": limit,
            "over": max(0, principal - limit),
            "undrawn": max(0, limit - principal),
            "called": sum(o.unpaid for o in self._open["principal"] if o.cause == "call"),
        }
        working: tuple[str, ...] = ()
        if principal > limit:
            over = grouped(principal - limit)
            working = (f"{grouped(principal)} outstanding − {grouped(limit)} = {over}",)
        facts = (self.accrual.mover,) if self.accrual.mover else ()
        return [Occurrence("exposure", values, facts, working)]

    def _closes(self, day: Day) -> bool:
        settled = self.arrangement
        if not self._also_closed and settled.decide(
            "interest.also-closes-on", lambda also: also is not None and also <= day
        ):
            self._also_closed = True
            return settled.decide(
                "interest.also-closes-on", lambda also: also is not None and also >= self._begins
            )
        return day > self._begins and settled.interest_dates.next_after(day - 1) == day

    def _close_period(self, day: Day, cause: str, *, with_day: bool) -> list[Occurrence]:
        period = self.accrual.close(day, with_day=with_day, scheduled=cause == "schedule")
        if period is None:
            return []
        due = day if period.payable is None else period.payable
        if period.interest is None or period.fixing is None:
            self.stuck = True
            unknown = self._owed(period.obligation, "interest", cause, due, 0, ())
            self._settle_deadline(unknown)
            self._doubtful.append(unknown)
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
        if self.arrangement.compounding == "when-due":
            return [self._capitalise(period, day, owed, facts, working)]
        return self._fall(period.obligation, "interest", cause, due, owed, facts, working)

    def _capitalise(
        self, period: Period, day: Day, owed: int, facts: tuple[str, ...], working: Sequence[str]
    ) -> Occurrence:
        """Interest that is not paid when it falls due is principal from then on."""
        self.accrual.move(owed, facts[-1] if facts else "")
        values: dict[str, Value] = {
            "obligation": period.obligation, "date": day, "amount": owed,
        }  # fmt: skip
        return Occurrence("capitalisation", values, facts, working)

    def working_of(self, period: Period) -> Sequence[str]:
        """The arithmetic of a period that can be figured, down to what was left to pay."""
        interest, fixing, paid = period.interest, period.fixing, period.paid
        if interest is None or fixing is None or fixing.base is None:
            return ()
        convention = self.arrangement.day_count

        def write() -> Iterator[str]:
            yield from period.working(convention, fixing, interest)
            if paid:
                left = grouped(interest - paid)
                yield f"{grouped(interest)} − {grouped(paid)} paid on account = {left}"

        # Where a reading bears on the lawful maximum, it is asked for now, and not later.
        return Lines(write) if isinstance(fixing.capping, Settled) else tuple(write())

    def _principal_due(self, day: Day, cause: str, facts: Iterable[str]) -> list[Occurrence]:
        amount = self.principal_not_due
        if amount <= 0:
            return []
        return self._fall(f"principal/{iso(day)}", "principal", cause, day, amount, facts)

    @property
    def principal_not_due(self) -> int:
        """Principal outstanding that has not fallen due."""
        return self.accrual.principal - self.due("principal")

    def due(self, component: str) -> int:
        """What is unpaid of a component, due or called."""
        return sum(each.unpaid for each in self._open[component] if each.stands)

    def _fall(
        self,
        id_: str,
        component: str,
        cause: str,
        day: Day,
        amount: int,
        facts: Iterable[str],
        working: Sequence[str] = (),
    ) -> list[Occurrence]:  # the seven things that make an obligation, all told by position
        return self._enter(self._owed(id_, component, cause, day, amount, facts, working))

    def _owed(
        self,
        id_: str,
        component: str,
        cause: str,
        due: Day,
        amount: int,
        facts: Iterable[str],
        working: Sequence[str] = (),
    ) -> Obligation:  # the seven things that make an obligation, all told by position
        sources = list(dict.fromkeys([fact for fact in facts if fact]))
        days, amounts = (due, due, due), (amount, amount)
        return self.deadlines.obligation(id_, component, cause, *days, *amounts, sources, working)

    def _enter(self, obligation: Obligation) -> list[Occurrence]:
        """An obligation takes its place among those that are owed; of one id there is one.

        What falls due later may be paid from now on, and is told when it falls due.
        """
        same = self.owed(obligation.id)
        if same is None:
            return self._entered(obligation)
        if not same.unpaid:  # it had been discharged: what is added to it is open again
            same.paid_on = None
            self._open[obligation.component].append(same)
        same.amount += obligation.amount
        same.unpaid += obligation.amount
        self._standing_moved(same)
        same.facts += [fact for fact in obligation.facts if fact not in same.facts]
        together = f"together {grouped(same.amount)}"
        same.working = (*same.working, *obligation.working, together)
        return [self._tell("obligation", same, {})] if same.due <= self.today else []

    def _entered(self, obligation: Obligation) -> list[Occurrence]:
        """An obligation is owed of whose id nothing else is."""
        self._settle_deadline(obligation)
        self.obligations[obligation.id] = obligation
        self._open[obligation.component].append(obligation)
        if obligation.component == "interest":
            self.stirred = True
            days = self.deadlines.payable_days(obligation)
            self._turning += [(payable + 1, obligation) for payable in days]
        if obligation.due > self.today:
            heapq.heappush(self._later, (obligation.due, self._count, obligation))
            return []
        return [self._tell("obligation", obligation, {})]

    def owed(self, id_: str) -> Obligation | None:
        """The obligation of an id, if there is one."""
        return self.obligations.get(id_)

    def _fallen_later(self, day: Day) -> list[Occurrence]:
        """What was owed before and falls due today, as far as it was not paid before."""
        found = []
        while self._later and self._later[0][0] <= day:
            obligation = heapq.heappop(self._later)[2]
            if obligation.unpaid:
                found.append(self._tell("obligation", obligation, {}))
        return found

    def charge(
        self, component: str, amount: int, due: Day, key: str, facts: Iterable[str],
        working: tuple[str, ...], day: Day,
    ) -> list[Occurrence]:  # fmt: skip
        """A charge is due, on this day or later; of one component, day and key it is one sum."""
        id_ = f"{component}/{iso(due)}/{key}"
        if amount <= 0:
            return []
        made = self._owed(id_, component, "charge", due, amount, facts, working)
        self.stirred = True
        if due <= day and not self.paying:
            return self._come_due(made, day)
        self._count += 1
        heapq.heappush(self._coming, (due, self._count, made))
        return []

    def _serve_from_excess(self, obligation: Obligation, day: Day) -> list[Occurrence]:
        """What this day's payments left over serves a charge that one of them brought about."""
        if not self.splits or self.splits[-1].day != day:
            return []
        today = list(takewhile(lambda split: split.day == day, reversed(self.splits)))[::-1]
        if not any(split.fact in obligation.facts for split in today):
            return []
        spare = [split for split in today if split.excess]
        if not spare or not obligation.stands:
            return []
        owed = self.owed(obligation.id) or obligation  # it may have been added to another
        for split in spare:
            if owed.unpaid:
                surplus = next(s for s in self.surpluses if s.of == split.fact)
                part = self._discharge(split, owed, min(split.excess, surplus.held))
                split.excess -= part
                surplus.amount -= part
                surplus.held -= part
        self.surpluses = [surplus for surplus in self.surpluses if surplus.amount]
        if owed.unpaid:
            return []
        self._open[owed.component].remove(owed)
        return [self._tell("discharge", owed, {"date": day, "paid_on": day})]

    def call(self, amount: int, due: Day, key: str, facts: Iterable[str]) -> list[Occurrence]:
        """So much principal is to be repaid by a day; a payment may discharge it before."""
        called = min(amount, self.principal_not_due)
        id_ = f"principal/{iso(due)}/{key}"
        if called <= 0:
            return []
        return self._fall(id_, "principal", "call", due, called, facts)

    def unpaid_of(self, id_: str) -> int | None:
        """What is unpaid of an obligation or an instalment; None where there is none such."""
        found = self.owed(id_) or self.instalments.fallen.get(id_)
        return None if found is None else found.unpaid

    def _standing_moved(self, _of: Obligation) -> None:
        """Of it, or of what it is part of, nothing is unpaid any more, or something is again."""
        if self.on_paid is not None:
            self.on_paid()

    def in_doubt(self, day: Day) -> bool:
        """Whether the last day to pay interest has passed that could not be figured."""
        return any(unknown.last_day < day for unknown in self._doubtful)

    def _settle_deadline(self, obligation: Obligation) -> None:
        self._count += 1
        self.stirred = True
        self.deadlines.settle(obligation)

    def terms_changed(self, day: Day) -> None:
        """What is open follows the terms in force; no deadline is moved behind yesterday.

        A maturity that has come comes again only where it is moved to a day that is still to come.
        """
        self.stirred = True
        also = self.arrangement.also_closes_on if self._also_closed else None
        matures = self.arrangement.matures
        self._matured = self._matured and matures is not None and matures <= day
        self._also_closed = self._also_closed and also is not None and also <= day
        self.accrual.terms_changed(day)
        self.deadlines.settle_anew((o for queue in self._open.values() for o in queue), day - 1)

    def _tell(self, kind: str, obligation: Obligation, more: Mapping[str, Value]) -> Occurrence:
        values: dict[str, Value] = {
            "obligation": obligation.id,
            "component": obligation.component,
            "cause": obligation.cause,
            "of": obligation.facts[0] if obligation.facts else "",
            "date": obligation.due,
            "due": obligation.due,
            **self.deadlines.told([obligation]),
            "amount": obligation.amount,
            "unpaid": obligation.unpaid,
            "unapplied": self.unapplied,
            **more,
        }
        working = obligation.working
        if 0 < obligation.unpaid < obligation.amount:
            paid = grouped(obligation.amount - obligation.unpaid)
            left = grouped(obligation.unpaid)
            working = (*working, f"{grouped(obligation.amount)} − {paid} paid = {left}")
        return Occurrence(kind, values, tuple(obligation.facts), working)

    # What happens ---------------------------------------------------------------------------------

    def open_with(self, principal: int, interest: int, day: Day, fact: str) -> list[Occurrence]:
        """Takes over what was owed when the records begin."""
        self.count_until(day)
        self.accrual.move(principal, fact)
        self.facility.advanced += principal
        found: list[Occurrence] = []
        if interest:
            id_ = f"interest/{iso(day)}"
            found += self._fall(id_, "interest", "opening", day, interest, [fact])
        if (
            self._matured and principal
        ):  # what is taken over after maturity is due when it is taken over
            found += self._principal_due(day, "opening", [fact])
        return found

    def incur(self, amount: int, day: Day, fact: str) -> list[Occurrence]:
        """Costs are due when incurred."""
        return self._fall(f"costs/{iso(day)}/{fact}", "costs", "incurred", day, amount, [fact])

    def accelerate(self, day: Day, fact: str) -> list[Occurrence]:
        """Closes the period, that day left to the next, and makes all that is not yet due due."""
        for obligation in (o for queue in self._open.values() for o in queue if o.due > day):
            obligation.due, obligation.cause = day, "acceleration"
            self._settle_deadline(obligation)
        self._later = [(day, number, each) for _due, number, each in self._later]
        found = self._fallen_later(day)
        found += self._close_period(day, "acceleration", with_day=False)
        return found + self._principal_due(day, "acceleration", [self.accrual.mover, fact])

    def release(self, id_: str, day: Day) -> None:
        """What is unpaid of an obligation, if there is one of that id, is no longer owed."""
        obligation = self.owed(id_)
        if obligation is not None and obligation.unpaid:
            if obligation.bears:
                self.accrual.overdue -= obligation.unpaid
            obligation.unpaid = 0
            self._standing_moved(obligation)
            obligation.released_on = day
            self._open[obligation.component].remove(obligation)

    def advance(self, amount: int, day: Day, fact: str) -> list[Occurrence]:
        """Pays out principal, and tells what of it was drawn again, and within what room."""
        facility = self.facility
        self.count_until(day)
        first_room = facility.initial_room(self.arrangement.commitment)
        initial = amount if first_room is None else min(amount, first_room)
        found = self._drawings(lambda settled: self._drawing(settled, amount, initial, day, fact))
        facility.advanced += amount
        facility.redrawn += amount - initial
        self.accrual.move(amount, fact)
        if self._matured:
            id_ = f"principal/{iso(day)}/{fact}"
            found += self._fall(id_, "principal", "advance", day, amount, [fact])
        return found

    def _drawings(self, drawing: Callable[[Arrangement], Occurrence]) -> list[Occurrence]:
        """A drawing by the settings in force; nothing in the account follows from its room."""
        return [drawing(self.arrangement)]

    def _drawing(
        self, settled: Arrangement, amount: int, initial: int, day: Day, fact: str
    ) -> Occurrence:  # what is drawn and by what, and the settings that make its room
        room = settled.decide("facility.replenished-by", self.facility.redraw_room)
        redrawn = amount - initial
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
        limit = settled.commitment if settled.limit is None else settled.limit
        if limit is not None:
            values["available"] = self._available(settled, day)
            values["beyond_limit"] = max(0, self.accrual.principal + amount - limit)
        return Occurrence("drawing", values, (fact,), tuple(working))

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
        self.count_until(day)
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
        told = [self._tell_split(split)]
        if discharged:
            on = {"date": day, "paid_on": day}
            told += [self._tell("discharge", obligation, on) for obligation in discharged]
            told += self._instalments_paid(discharged, day)
        return told

    def _instalments_paid(self, discharged: Iterable[Obligation], day: Day) -> list[Occurrence]:
        if "instalment-paid" not in self._heard:
            return []
        of = dict.fromkeys(whole for o in discharged if (whole := o.instalment) is not None)
        return [
            self._tell_instalment(instalment, instalment.parts, {"date": day, "paid_on": day})
            for instalment in of
            if not instalment.unpaid
        ]

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
        if designation:
            order = tuple(sorted(order, key=lambda component: component != designation))
        for component in order:
            if component == ACCRUED:
                earned, fixing = self.accrual.earned(split.day)
                served = self._serve_accrued(split, left, earned or 0, fixing)
                split.accrued_in_turn += served
                left -= served
                continue
            left -= self._discharge_component(split, component, left, discharged)
        return left

    def _discharge_component(
        self, split: Split, component: str, left: int, discharged: list[Obligation]
    ) -> int:
        """Discharges what is due of a component, as far as it reaches; what that takes."""
        served, queue = 0, self._open[component]
        for obligation in queue.copy():
            if served == left:
                break
            if obligation.stands:
                served += self._discharge(split, obligation, left - served)
                if not obligation.unpaid:
                    discharged.append(obligation)
                    queue.remove(obligation)
        return served

    def _discharge(self, split: Split, obligation: Obligation, left: int) -> int:
        part = min(left, obligation.unpaid)
        self._serve(obligation, part, split)
        if obligation.bears:
            self.accrual.overdue -= part
        if obligation.component == "interest":
            split.due_interest += part
        elif obligation.component == "principal":
            split.due_principal += part
            self._repaid(part, split.fact)
            if obligation.cause == "acceleration":
                self.facility.restored["paid-while-accelerated"] += part
        else:
            charges = split.charges
            charges[obligation.component] = charges.get(obligation.component, 0) + part
        return part

    def _serve(self, obligation: Obligation, part: int, split: Split) -> None:
        obligation.unpaid -= part
        obligation.facts.append(split.fact)
        if not obligation.unpaid:
            self._standing_moved(obligation)
            obligation.paid_on = split.day

    def _repaid(self, amount: int, fact: str) -> None:
        self.accrual.move(-amount, fact)
        self.facility.restored["any-repayment"] += amount

    def _prepay(self, split: Split, left: int, earned: int, fixing: Fixing) -> int:
        period = self.accrual.period
        if left and not fixing.final and period.bears:
            split.period = period
        for component in self.arrangement.order_prepayment:
            if component == "interest":
                left -= self._serve_accrued(split, left, earned, fixing)
            elif component == "principal":
                split.prepaid = min(left, max(0, self.principal_not_due))
                left -= split.prepaid
                if split.prepaid:
                    self._repaid(split.prepaid, split.fact)
                    self.facility.restored["prepaid"] += split.prepaid
                    self.instalments.prepaid(split.prepaid)
        return left

    def _serve_accrued(self, split: Split, left: int, earned: int, fixing: Fixing) -> int:
        """What goes to interest that the open period has earned and that is not yet paid."""
        period = self.accrual.period
        part = min(left, max(0, earned - period.paid))
        if part:
            if not fixing.final:
                split.period = period
            split.working = self._working_of_accrued(period, fixing, earned)
            split.accrued += part
            period.paid += part
            period.facts.append(split.fact)
            period.payer = split.fact
        return part

    def _working_of_accrued(self, period: Period, fixing: Fixing, earned: int) -> Sequence[str]:
        if fixing.base is None:
            return ()
        convention, stood = self.arrangement.day_count, period.as_it_stands()

        def write() -> Iterator[str]:
            yield from stood.working(convention, fixing, earned, most=12)
            if stood.paid:
                paid, left = grouped(stood.paid), grouped(earned - stood.paid)
                yield f"{grouped(earned)} − {paid} paid before = {left}"

        return Lines(write)

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
            "prepayment": split.accrued - split.accrued_in_turn + split.prepaid,
            "costs": split.costs,
            "excess": split.excess,
            "unapplied": split.unapplied,
        }
        return Occurrence(
            "allocation", values, (split.fact,), split.working, split.period is not None
        )

    # What stands ----------------------------------------------------------------------------------

    def balance(self, name: str) -> int:
        """One of the balances that rules and settings may ask for, as it stands now."""
        if name == "balance.principal":
            return self.accrual.principal
        asked: dict[str, Callable[[Obligation], bool]] = {
            "balance.principal-due": lambda o: o.component == "principal" and o.due <= self.today,
            "balance.principal-called": lambda o: o.cause == "call",
            "balance.interest-due": lambda o: o.component == "interest" and o.due <= self.today,
            "balance.costs-due": lambda o: o.component not in ("interest", "principal"),
            "balance.overdue": lambda o: o.missed_on is not None,
        }
        counts = asked[name]
        found = (o for queue in self._open.values() for o in queue if counts(o))
        return sum(each.unpaid for each in found if each.stands)

    def position(self, day: Day) -> Position:
        """The balances at the close of `day`, that day's own interest included."""
        accrual = self.accrual
        earned, fixing = accrual.earned_through(day)
        known = not self.stuck and earned is not None
        paid = accrual.period.paid
        closed = sum(o.unpaid for o in self._open["interest"] if o.due > day)
        per_diem = 0 if not accrual.balance else None
        if accrual.balance and fixing.base is not None:
            per_diem = accrual.per_diem(day, fixing)
        return Position(
            principal=accrual.principal,
            principal_due=sum(o.unpaid for o in self._open["principal"] if o.due <= day),
            charges_due={
                component: self.due(component)
                for component in self._open
                if component not in ("interest", "principal")
            },
            interest_due=None if self.stuck else self.due("interest") - closed,
            accrued=max(0, earned - paid) + closed if known and earned is not None else None,
            credit=max(0, paid - earned) if known and earned is not None else None,
            per_diem=per_diem,
            available=self._available(self.arrangement, day),
            provisional=not fixing.final and accrual.bears_through(day),
        )

    def _available(self, settled: Arrangement, day: Day) -> int:
        facility = self.facility
        matured = settled.matures is not None and day >= settled.matures
        room = 0 if matured else facility.initial_room(settled.commitment) or 0
        if settled.redraw_until is None or day < settled.redraw_until:
            room += settled.decide("facility.replenished-by", facility.redraw_room)
        if settled.limit is not None:
            room = max(0, min(room, settled.limit - self.accrual.principal))
        return room
