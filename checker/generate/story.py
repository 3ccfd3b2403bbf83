"""One made-up contract from its first draw to its end: what its borrower and its lender do."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from checker.dates import Day, adjust
from checker.generate.account import Account, Applied, Owed
from checker.generate.outline import WORKING, Outline, Owing
from checker.generate.records import Made, Records
from checker.model import Value

KINDS = (
    "rate", "lawful-maximum", "advance", "payment", "refund", "acceleration", "costs", "judgment",
    "waiver", "correction",
)  # fmt: skip
"""The kinds of record that every contract may come to have here, its pack's habits aside."""

CENT, DOLLAR = 1, 100
NOTICE, PAYMENT, ADVANCE = 3, 5, 6  # the order of what is done in one day
REASONS = ("a delay at the bank", "goodwill", "a disputed invoice", "a holiday")

Deed = Callable[[Day], None]


@lru_cache(65536)
def working(day: Day) -> Day:
    """The day, or the next on which banks work."""
    return adjust(day, "following", WORKING)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a borrower treats what falls due: chances in hundredths; the rest is paid on time."""

    in_grace: int
    late: int
    missed: int
    short: int


PROMPT, SLACK, TROUBLED = Manner(6, 0, 0, 0), Manner(30, 4, 2, 3), Manner(20, 20, 15, 10)


class Story:
    """A contract being made up, of about `facts` records.

    What is done follows from what is owed that day and from `dice`: the same dice, the same story.
    """

    def __init__(self, outline: Outline, dice: random.Random, commitment: int, facts: int) -> None:
        self.outline, self.dice, self.commitment, self.facts = outline, dice, commitment, facts
        self.account = Account(outline, commitment)
        self.records = Records(outline, dice, commitment)
        self._agenda: list[tuple[Day, int, int, Deed]] = []
        self._planned = 0
        self._stopped = False  # nothing is paid any more
        self._called = False  # all was called due: what is owed cannot be said to the cent
        self._leaving = False  # all will be paid soon
        roll = dice.random()
        self.manner = PROMPT if roll < 0.74 else SLACK if roll < 0.95 else TROUBLED

    def tell(self) -> list[Made]:
        """The contract's records, in the order of their days."""
        self._plan()
        while self._agenda:
            day, _rank, _number, deed = heapq.heappop(self._agenda)
            if day > self.outline.until:
                break
            self._note(self.account.live_until(day))
            deed(day)
        if self._chance(0.04):
            self._correct()
        return sorted(self.records.made, key=lambda made: made.date)

    def _at(self, day: Day, rank: int, deed: Deed) -> None:
        self._planned += 1
        heapq.heappush(self._agenda, (day, rank, self._planned, deed))

    def _chance(self, share: float) -> bool:
        return self.dice.random() < share

    # Planning -------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """The first draw, what falls due, an end, and as much besides as there is room for."""
        outline, dice = self.outline, self.dice
        lead = outline.habits.lead("advance")
        first = working(outline.first if lead is None else lead.after(outline.first))
        end, moves = self._life()
        # What is reported goes on when all is paid, unless so few records are wanted.
        enough = self.facts > outline.regular + len(outline.interest_dues) // 4
        self.records.begin(end, outline.until if enough else end)
        self._at(first, ADVANCE, self._first_draw)
        for day in outline.dues:
            self._at(day, PAYMENT, self._due)
        if end < outline.last:
            self._at(working(end), PAYMENT, self._pay_off)
        for _ in range(moves):
            day = working(dice.randint(first + 2, max(end - 1, first + 2)))
            self._at(day, PAYMENT, self._move)
        if self._chance(0.006):
            self._at(working(dice.randint(first + 20, end + 20)), NOTICE, self._accelerate)
        if self._chance(0.02):
            self._at(working(dice.randint(first + 20, end + 20)), NOTICE, self._costs)
        cutoff = outline.arrangement.redraw_until
        if cutoff is not None and self._chance(0.02):
            self._at(working(cutoff + dice.randint(0, 4)), ADVANCE, self._draw_late)

    def _life(self) -> tuple[Day, int]:
        """When all is paid off, and how many draws and prepayments there are besides.

        A contract of few records is paid off before its time; fees go on to its end.
        """
        outline, habits = self.outline, self.outline.habits
        left = int(self.facts - 2 - outline.regular - habits.companions("advance"))
        within = [day for day in outline.interest_dues if day < outline.last]
        draw, prepay = (1 + habits.companions(event) for event in ("advance", "prepayment"))
        each = (draw + prepay) / 2 if self._redraws else prepay
        end = outline.last
        if len(within) > left:
            end = within[max(0, left * 9 // 10 - 1)] + self.dice.randint(3, 25)
        elif within and self._chance(0.08):
            end = self.dice.randint((outline.first + end) // 2, end - 1)
        lived = bisect_right(within, end)
        return end, max(0, round((left - lived) / each))

    @property
    def _redraws(self) -> bool:
        return self.outline.arrangement.replenished_by != "nothing"

    # Records --------------------------------------------------------------------------------------

    def _pay(self, day: Day, amount: int) -> None:
        """A payment, mostly with its evidence on record."""
        if amount <= 0:
            return
        outline, values = self.outline, dict[str, Value](amount=amount)
        if self._chance(0.92):
            values["funds"] = "immediately-available" if self._chance(0.998) else "check"
        if outline.place and self._chance(0.92):
            values |= {"place": outline.place, "payee": outline.payee}
        applied = self.account.pay(day, amount)
        told: dict[str, Value] = {"date": day, "amount": amount}
        values |= self.records.more("payment", told)
        if applied.prepaid:
            told["prepaid"] = applied.prepaid
            values |= self.records.more("prepayment", told)
            values |= self._booked(applied) if self._chance(0.1) else {}
        told["id"] = self.records.add("payment", day, values)
        self.records.happened("payment", told)
        if applied.prepaid:
            self.records.happened("prepayment", told)
        self._refund_later(day)

    def _booked(self, applied: Applied) -> dict[str, Value]:
        """The split as the lender booked it, seldom another than the contract's."""
        wrong = applied.interest if self._chance(0.03) else 0
        return {
            "applied_interest": applied.interest - wrong,
            "applied_principal": applied.principal + wrong,
        }

    def _draw(self, amount: int, day: Day) -> None:
        id_ = self.records.add("advance", day, {"amount": amount})
        self.records.happened("advance", {"id": id_, "date": day, "amount": amount})
        self._note(self.account.advance(day, amount, id_))

    def _rounded(self, amount: int) -> int:
        """An amount as people draw and prepay: of whole thousands where it is large."""
        step = 100_000 if amount > 2_000_000 else 10_000 if amount > 100_000 else 1
        return max(step, amount // step * step)

    # What falls due -------------------------------------------------------------------------------

    def _note(self, fallen: Iterable[Owed]) -> None:
        """The day after the last day to pay, something is in default unless it was paid."""
        for owed in fallen:
            self._at(owed.owing.last_day + 1, NOTICE, partial(self._late, owed))
        if self.account.held:
            self._refund_later(self.account.counted)

    def _due(self, day: Day) -> None:
        """Something fell due: when, and how much of it, will be paid."""
        dice, manner = self.dice, self.manner
        if manner is TROUBLED and self._chance(0.01):
            self._stopped = True
        if self._stopped or not self.account.owed:
            return
        owing = self.account.owed[-1].owing
        roll, short = dice.randrange(100), dice.randrange(100) < manner.short
        if roll < manner.missed:
            return
        if roll < manner.missed + manner.late:
            when = working(owing.last_day + dice.choice((1, 2, 3, 5, 8, 13, 21)))
        elif roll < manner.missed + manner.late + manner.in_grace:
            when = dice.randint(owing.payable, owing.payable + self._patience(owing))
        else:
            when = owing.payable
        if when <= owing.last_day:  # banks pay on working days, where the grace allows it
            when = min(working(when), owing.last_day)
        self._at(max(when, day), PAYMENT, self._pay_short if short else self._pay_due)

    def _owed_on(self, day: Day) -> int:
        """What a borrower pays who pays what is owed: after maturity, accrued interest as well."""
        matures = self.outline.matures
        matured = matures is not None and day >= matures
        return self.account.payoff(day) if matured else self.account.due

    def _pay_due(self, day: Day) -> None:
        if not self._stopped:
            self._pay(day, self._owed_on(day))

    def _pay_short(self, day: Day) -> None:
        """A little is missing: a cent, a bank's fee, a figure misread; mostly made good soon."""
        due = self._owed_on(day)
        lacking = self.dice.choice((CENT, 25 * DOLLAR, 100 * DOLLAR, due // 100 + 1))
        self._pay(day, due - min(lacking, due - 1))
        if self._chance(0.8):
            most = 4 if self.outline.by_rules else 12
            self._at(day + self.dice.randint(1, most), PAYMENT, self._pay_due)

    def _patience(self, owing: Owing) -> int:
        """How many days of grace a borrower takes; not all, where rules may be stricter."""
        grace = owing.last_day - owing.payable
        return grace * 2 // 3 if self.outline.by_rules else grace

    def _late(self, owed: Owed, day: Day) -> None:
        """The last day has passed: what the lender does about it, and the borrower."""
        if not owed.unpaid:
            return
        dice, of = self.dice, owed.owing.id
        self.records.happened("default", {"of": of, "date": day, "amount": owed.unpaid})
        roll = dice.random()
        if roll < 0.15:
            self._at(working(day + dice.randint(0, 15)), NOTICE, partial(self._waive, of))
        elif roll < 0.35:
            self._at(working(day + dice.randint(0, 60)), NOTICE, self._accelerate)
        if self.outline.by_rules and not self._stopped and not self._leaving:
            # What a default costs besides is not known here: the loan is soon refinanced.
            self._leaving = self._called = True
            self._at(working(day + dice.randint(1, 50)), PAYMENT, self._pay_off)

    def _waive(self, of: str, day: Day) -> None:
        reason = self.dice.choice(REASONS)
        self.records.add("waiver", day, {"of": of, "by": self.outline.lender, "reason": reason})

    def _accelerate(self, day: Day) -> None:
        """All is called due; mostly all is then paid."""
        if not self.account.principal or (self._called and not self._leaving):
            return
        id_ = self.records.add("acceleration", day, {"by": self.outline.lender})
        self.records.happened("acceleration", {"id": id_, "date": day})
        if not self.account.owed:  # nothing is in default: nobody heeds it
            return
        self._called = True
        if self._stopped or self._chance(0.25):
            self._stopped = True
        else:
            self._at(working(day + self.dice.randint(0, 20)), PAYMENT, self._pay_off)

    def _costs(self, day: Day) -> None:
        """Costs of collection, and where they are attorneys' fees, somebody's word on them."""
        amount = self.dice.randrange(200 * DOLLAR, 9_000 * DOLLAR, 50 * DOLLAR)
        type_ = self.dice.choice(("attorneys-fees", "other"))
        cost = self.records.add("costs", day, {"amount": amount, "type": type_})
        self._note(self.account.incur(day, amount, cost))
        self._at(working(day + self.dice.randint(0, 3)), PAYMENT, self._pay_due)
        for judgment in self._judgments(cost) if type_ == "attorneys-fees" else ():
            when = working(day + self.dice.randint(5, 40))
            self._at(when, NOTICE, partial(self._judge, judgment))

    def _judgments(self, fact: str) -> Iterator[dict[str, Value]]:
        """What may be asked of a record of costs, with an answer."""
        pack = self.outline.pack
        for question, judgment in pack.judgments.items():
            for rule in judgment.about:
                if rule in pack.rules and "costs" in pack.rules[rule].kinds:
                    answer = self.dice.choice(list(judgment.answers))
                    yield {"about": f"{rule}/{fact}", "question": question, "answer": answer}

    def _judge(self, told: dict[str, Value], day: Day) -> None:
        reason = "the invoices were compared with the work done"
        self.records.add("judgment", day, told | {"by": "the credit committee", "reason": reason})

    # What is done besides -------------------------------------------------------------------------

    def _first_draw(self, day: Day) -> None:
        share = 100 if not self._redraws or self._chance(0.3) else self.dice.randint(30, 90)
        amount = self._rounded(self.commitment * share // 100)
        self._draw(min(amount, self._room(day)) if self._redraws else self.commitment, day)

    def _room(self, day: Day) -> int:
        """What may be drawn; where a limit moves with the contract's state, a tenth is left."""
        room = self.account.room(day)
        if self.outline.limited:
            room = min(room, self.commitment * 9 // 10 - self.account.principal)
        return max(0, room)

    def _move(self, day: Day) -> None:
        """A draw or a prepayment, whichever there is more room for."""
        account, dice = self.account, self.dice
        if self._stopped or self._leaving:
            return
        room = self._room(day)
        if self._redraws and self._chance(room / max(1, room + account.principal)):
            if self._chance(0.003):
                over = account.room(day) + self._rounded(self.commitment // 50)
                self._at(day, ADVANCE, partial(self._draw, over))
            elif room > self.commitment // 40:
                amount = self._rounded(room * dice.randint(10, 60) // 100)
                self._at(day, ADVANCE, partial(self._draw, amount))
            return
        share = dice.randint(2, 40) if self._redraws else dice.randint(1, 4)
        wanted = account.due + account.accrued(day) + account.principal * share // 100
        self._pay(day, min(self._rounded(wanted), account.payoff(day)))

    def _draw_late(self, day: Day) -> None:
        """A draw when drawing has ended, repaid soon."""
        self._draw(self._rounded(self.commitment * self.dice.randint(1, 10) // 100), day)
        self._at(working(day + self.dice.randint(0, 9)), PAYMENT, self._pay_off)

    def _pay_off(self, day: Day) -> None:
        """All is paid, with something over where what is owed cannot be said to the cent."""
        if self._stopped:
            return
        self._leaving = True
        owed = self.account.payoff(day)
        self._pay(day, self._rounded(owed * 103 // 100 + 1_000 * DOLLAR) if self._called else owed)
        self._called = False

    def _refund_later(self, day: Day) -> None:
        """What was paid beyond all that is owed is mostly paid back."""
        held, self.account.held = self.account.held, 0
        if held and self._chance(0.8):
            when = working(day + self.dice.randint(3, 20))
            self._at(when, PAYMENT, partial(self._refund, held))

    def _refund(self, amount: int, day: Day) -> None:
        self.records.add("refund", day, {"amount": amount})

    # Records that prove wrong ---------------------------------------------------------------------

    def _correct(self) -> None:
        """A payment that was booked with a wrong figure, or twice, and set right later."""
        made = self.records.made
        payments = [each for each in made if each.kind == "payment"]
        if not payments:
            return
        wrong = self.dice.choice(payments)
        day = min(wrong.recorded + self.dice.randint(1, 30), self.outline.until)
        if self._chance(0.5):
            twice = Made(f"{wrong.id}b", "payment", wrong.date, wrong.recorded, dict(wrong.values))
            made.append(twice)
            self.records.add("correction", day, {"of": twice.id, "void": True})
        else:
            right = wrong.values["amount"]
            wrong.values["amount"] = int(right) * 10 + 5
            self.records.add("correction", day, {"of": wrong.id, "amount": right})
