"""One made-up contract from its first draw to its end: what its borrower and its lender do."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from checker.dates import Day, adjust
from checker.generate.account import Account, Applied, Owed
from checker.generate.outline import WORKING, Outline
from checker.model import Value

CENT, DOLLAR = 1, 100
PAYMENT, ADVANCE, NOTICE = 5, 6, 3  # the order of what is done in one day

Deed = Callable[[Day], None]

KINDS = (
    "rate", "lawful-maximum", "advance", "payment", "refund", "acceleration", "costs", "judgment",
    "waiver", "correction",
)  # fmt: skip
"""The kinds of record that every contract may come to have here."""

working_day = lru_cache(65536)(adjust)


@dataclass(frozen=True, slots=True)
class Habit:
    """How a borrower treats what falls due: chances in hundredths, the rest is paid on time."""

    in_grace: int
    late: int
    missed: int
    short: int


PROMPT, SLACK, TROUBLED = Habit(8, 1, 0, 1), Habit(30, 6, 2, 4), Habit(25, 25, 20, 8)
REASONS = ("a delay at the bank", "goodwill", "a disputed invoice", "a holiday")


@dataclass(slots=True)
class Made:
    """One made-up record, with the fields of its kind."""

    id: str
    kind: str
    date: Day
    recorded: Day
    values: dict[str, Value]


@dataclass
class Story:
    """A contract being made up; `facts` about so many records are wanted of it.

    `tell` gives them in the order of their days. What is done follows from what is owed that day
    and from `dice`, so that the same dice give the same story.
    """

    outline: Outline
    dice: random.Random
    commitment: int
    facts: int
    made: list[Made] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.account = Account(self.outline, self.commitment)
        self._agenda: list[tuple[Day, int, int, Deed]] = []
        self._number = 0
        self._stopped = self._left = False
        roll = self.dice.random()
        self.habit = PROMPT if roll < 0.72 else SLACK if roll < 0.94 else TROUBLED

    def tell(self) -> list[Made]:
        """The contract's records."""
        self._plan()
        while self._agenda:
            day, _rank, _number, deed = heapq.heappop(self._agenda)
            if day > self.outline.until:
                break
            deed(day)
        if self._chance(0.04):
            self._correct()
        self.made.sort(key=lambda made: made.date)
        return self.made

    # Planning -------------------------------------------------------------------------------------

    def _plan(self) -> None:
        """The first draw, what falls due, an end, and as much besides as there is room for."""
        outline, dice = self.outline, self.dice
        dues = sorted({span.owing.due for span in outline.spans})
        self._at(outline.first, ADVANCE, self._first_draw)
        last = dues[-1] if outline.matures is None else outline.matures
        within = [due for due in dues if due < last]
        room = max(1, self.facts - 2)
        if len(within) > room:  # it is paid off before its time
            end = within[room - 1] + dice.randint(3, 25)
        else:
            end = last
            if within and self._chance(0.08):
                end = dice.randint(outline.first + (last - outline.first) // 2, last)
        for due in dues:
            self._at(due, PAYMENT, self._due)
        self._ends = working_day(end, "following", WORKING)
        self._at(self._ends, PAYMENT, self._end)
        lived = sum(due < end for due in dues)
        for _ in range(max(0, self.facts - lived - 2)):
            day = working_day(
                dice.randint(outline.first + 2, max(end - 1, outline.first + 2)),
                "following",
                WORKING,
            )
            self._at(day, PAYMENT if dice.random() < 0.5 else ADVANCE, self._move)
        if self._chance(0.006):
            self._at(self._some_day(), NOTICE, self._accelerate)
        if self._chance(0.02):
            self._at(self._some_day(), NOTICE, self._costs)
        cutoff = outline.arrangement.redraw_until
        if cutoff is not None and self._chance(0.02):
            self._at(
                working_day(cutoff + dice.randint(0, 4), "following", WORKING),
                ADVANCE,
                self._draw_late,
            )

    def _some_day(self) -> Day:
        first = self.outline.first
        return working_day(
            self.dice.randint(first + 20, max(first + 21, self._ends)), "following", WORKING
        )

    def _at(self, day: Day, rank: int, deed: Deed) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (day, rank, self._number, deed))

    def _chance(self, share: float) -> bool:
        return self.dice.random() < share

    # Records --------------------------------------------------------------------------------------

    def _record(self, kind: str, day: Day, **values: Value) -> str:
        id_ = f"{kind[0]}{len(self.made) + 1}"
        recorded = day if self._chance(0.7) else day + self.dice.randint(1, 4)
        self.made.append(Made(id_, kind, day, recorded, values))
        return id_

    def _pay(self, day: Day, amount: int) -> None:
        """A payment, mostly with its evidence on record."""
        if amount <= 0:
            return
        outline, values = self.outline, dict[str, Value](amount=amount)
        if self._chance(0.9):
            values["funds"] = "immediately-available" if self._chance(0.995) else "check"
        if outline.place and self._chance(0.9):
            values |= {"place": outline.place, "payee": outline.payee}
        applied = self.account.pay(day, amount)
        if applied.prepaid and self._chance(0.1):
            values |= self._booked(applied)
        self._record("payment", day, **values)

    def _booked(self, applied: Applied) -> dict[str, Value]:
        wrong = applied.interest if self._chance(0.05) else 0
        return {
            "applied_interest": applied.interest - wrong,
            "applied_principal": applied.principal + wrong,
        }

    # Deeds ----------------------------------------------------------------------------------------

    def _first_draw(self, day: Day) -> None:
        commitment, settled = self.commitment, self.outline.arrangement
        whole = settled.instalments != "none" or settled.replenished_by == "nothing"
        share = 100 if whole or self._chance(0.3) else self.dice.randint(30, 90)
        self._draw(day, self._rounded(commitment * share // 100))

    def _draw(self, day: Day, amount: int) -> None:
        self.account.advance(day, amount, self._record("advance", day, amount=amount))

    def _rounded(self, amount: int) -> int:
        """An amount as people draw and prepay: of whole thousands where it is large."""
        step = 100_000 if amount > 2_000_000 else 10_000 if amount > 100_000 else 1
        return max(step, amount // step * step)

    def _due(self, day: Day) -> None:
        """Something fell due: when, and how much of it, will be paid."""
        fallen = self.account.live_until(day)
        if self._stopped or not self.account.owed:
            return
        dice, habit = self.dice, self.habit
        owing = [owed.owing for owed in self.account.owed]
        payable, last = max(o.payable for o in owing), max(o.last_day for o in owing)
        roll, short = dice.randrange(100), dice.randrange(100) < habit.short
        if roll < habit.missed:
            self._missed(last, fallen)
            return
        if roll < habit.missed + habit.late:
            self._missed(last, fallen)
            when = last + dice.choice((1, 2, 3, 5, 8, 13, 21))
        elif roll < habit.missed + habit.late + habit.in_grace:
            when = dice.randint(payable, last)
        else:
            when = payable
        self._at(max(when, day), PAYMENT, self._pay_short if short else self._pay_due)

    def _pay_due(self, day: Day) -> None:
        self.account.live_until(day)
        self._pay(day, self.account.due)

    def _pay_short(self, day: Day) -> None:
        """A little is missing: a cent, a bank's fee, a figure misread; mostly made good soon."""
        self.account.live_until(day)
        due = self.account.due
        lacking = self.dice.choice((CENT, 25 * DOLLAR, 100 * DOLLAR, due // 100 + 1))
        self._pay(day, due - min(lacking, due - 1))
        if self._chance(0.8):
            self._at(day + self.dice.randint(1, 12), PAYMENT, self._pay_due)

    def _missed(self, last: Day, fallen: list[Owed]) -> None:
        """What a lender does about a default, if anything."""
        day = last + self.dice.randint(1, 10)
        if not fallen:
            return
        if self._chance(0.2):
            of = self.dice.choice(fallen).owing.id
            self._at(day, NOTICE, lambda day: self._waive(day, of))
        elif self._chance(0.3):
            self._at(day + self.dice.randint(0, 60), NOTICE, self._accelerate)

    def _waive(self, day: Day, of: str) -> None:
        if any(owed.owing.id == of for owed in self.account.owed):
            reason = self.dice.choice(REASONS)
            self._record("waiver", day, of=of, by=self.outline.lender, reason=reason)

    def _accelerate(self, day: Day) -> None:
        """All is called due; mostly all is then paid."""
        if self._left:
            return
        self._record("acceleration", day, by=self.outline.lender)
        if self.account.owed and self._chance(0.8):
            self._at(day + self.dice.randint(0, 20), PAYMENT, self._end)
        elif self.account.owed:
            self._stopped = True

    def _costs(self, day: Day) -> None:
        amount = self.dice.randrange(200_00, 9_000_00, 50_00)
        kind = self.dice.choice(("attorneys-fees", "other"))
        cost = self._record("costs", day, amount=amount, type=kind)
        self.account.incur(day, amount, cost)
        self._at(day + self.dice.randint(0, 6), PAYMENT, self._pay_due)
        for question, answer in self._questions("costs"):
            if kind == "attorneys-fees":
                self._at(
                    day + self.dice.randint(5, 40), NOTICE, self._judgment(question, cost, answer)
                )

    def _questions(self, kind: str) -> Iterator[tuple[str, str]]:
        """The questions that may be asked about records of a kind, with an answer to each."""
        pack = self.outline.pack
        for question, judgment in pack.judgments.items():
            rule = pack.rules.get(judgment.about[0])
            if rule is not None and kind in rule.kinds:
                yield (
                    f"{judgment.about[0]}/{{}}|{question}",
                    self.dice.choice(list(judgment.answers)),
                )

    def _judgment(self, question: str, fact: str, answer: str) -> Deed:
        about, _, asked = question.format(fact).partition("|")

        def judge(day: Day) -> None:
            self._record(
                "judgment", day, about=about, question=asked, answer=answer,
                by="the credit committee", reason="the invoices were compared with the work done",
            )  # fmt: skip

        return judge

    def _move(self, day: Day) -> None:
        """A draw or a prepayment, whichever there is more room for."""
        account, dice = self.account, self.dice
        account.live_until(day)
        if self._left or self._stopped:
            return
        room = account.room(day)
        redraws = self.outline.arrangement.replenished_by != "nothing"
        if redraws and self._chance(room / max(1, room + account.principal)):
            if self._chance(0.003):
                self._draw(day, room + self._rounded(self.commitment // 50))
            elif room > self.commitment // 100:
                self._draw(day, self._rounded(room * dice.randint(5, 60) // 100))
            return
        share = dice.randint(2, 40) if redraws else dice.randint(1, 4)
        amount = self._rounded(account.principal * share // 100) + account.due
        self._pay(day, min(amount, account.payoff(day)))

    def _draw_late(self, day: Day) -> None:
        """A draw when drawing has ended, repaid soon."""
        self._draw(day, self._rounded(self.commitment * self.dice.randint(1, 10) // 100))
        self._at(day + self.dice.randint(0, 9), PAYMENT, self._end)

    def _end(self, day: Day) -> None:
        """All is paid, mostly; a few never do."""
        account = self.account
        account.live_until(day)
        if self._left or self._stopped:
            return
        if self.habit is TROUBLED and self._chance(0.3):
            self._stopped = True
            return
        self._left = True
        self._pay(day, account.payoff(day))

    # Records that prove wrong ---------------------------------------------------------------------

    def _correct(self) -> None:
        """A payment that was booked with a wrong figure, or twice, and set right later."""
        payments = [made for made in self.made if made.kind == "payment"]
        if not payments:
            return
        made = self.dice.choice(payments)
        day = made.recorded + self.dice.randint(1, 30)
        if self._chance(0.5):
            twice = Made(f"{made.id}b", "payment", made.date, made.recorded, dict(made.values))
            self.made.append(twice)
            self._record("correction", day, of=twice.id, void=True)
        else:
            right = made.values["amount"]
            made.values["amount"] = int(right) * 10 + 5
            self._record("correction", day, of=made.id, amount=right)
