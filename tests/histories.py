"""Random histories of the note, realistic and adversarial, and the names of what they contain."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from tests.oracle import (
    ANSWERS,
    CUTOFF,
    INDEX,
    MATURITY,
    NOTE_DATE,
    PLACE,
    Fact,
    cents,
    evaluate,
    is_business_day,
    money,
    prior_business_day,
)

FEATURES = (
    "mid-period-prepayment",
    "provisional-true-up",
    "valid-acceleration",
    "invalid-acceleration",
    "reborrow-within-limit",
    "reborrow-over-limit",
    "payment-in-grace",
    "date-on-holiday",
)
PRIME = {1999: "8.50", 2000: "9.50", 2001: "4.75", 2002: "4.25", 2003: "4.00", 2004: "5.25"}
HOLDERS = ("Baccarat Electronics, Inc.", "Berg & Berg Enterprises")
ELSEWHERE = "1307 South Mary Avenue, Sunnyvale, CA 94087"
LETTERS = {
    "advance": "a",
    "payment": "p",
    "rate": "r",
    "lawful-maximum": "l",
    "acceleration": "x",
    "costs": "c",
    "waiver": "w",
    "refund": "f",
    "amendment": "m",
    "correction": "k",
    "opening-balance": "o",
    "assignment": "s",
    "place-of-payment": "n",
}


class Story:
    """A history as it is being made up, one dated deed after the other."""

    def __init__(self, seed: int) -> None:
        """Roll what holds for the whole history."""
        self.dice = random.Random(seed)
        self.facts: list[Fact] = []
        self.readings = self.roll_readings()
        self.horizon = self.roll_horizon()
        self.with_place = self.dice.random() < 0.8
        self.assigned: str | None = None
        self.place = PLACE
        self.first = NOTE_DATE
        # an orderly borrower and lender, so that not every history is in breach
        self.orderly = self.chance(0.25)

    # -- what holds for the whole history

    def roll_readings(self) -> dict[str, str]:
        """Any combination of answers; the defaults somewhat more often."""
        if self.dice.random() < 0.15:
            return {}
        lean = self.dice.choice([0.0, 0.4, 0.7])
        return {
            question: choices[0] if self.dice.random() < lean else self.dice.choice(choices)
            for question, choices in ANSWERS.items()
        }

    def roll_horizon(self) -> date:
        """The last day that is looked at."""
        roll = self.dice.random()
        if roll < 0.06:
            return self.between(NOTE_DATE, date(2000, 12, 31))
        if roll < 0.14:  # where something is due and not yet late
            year = self.dice.choice([2000, 2001, 2002])
            first = self.dice.choice([date(year, 12, 28), date(year, 12, 31), MATURITY])
            return first + timedelta(days=self.dice.randint(0, 8))
        if roll < 0.25:
            return self.between(date(2001, 1, 1), date(2002, 1, 10))
        if roll < 0.8:
            return self.between(date(2002, 1, 11), date(2003, 2, 28))
        return self.between(date(2003, 3, 1), date(2006, 12, 31))

    def between(self, first: date, last: date) -> date:
        """A random day, both ends included."""
        return first + timedelta(days=self.dice.randint(0, max(0, (last - first).days)))

    def chance(self, probability: float) -> bool:
        """Whether something happens."""
        return self.dice.random() < probability

    # -- writing and looking

    def add(self, day: date, kind: str, **fields: str | bool) -> Fact:
        """Write one record."""
        number = 1 + sum(fact["kind"] == kind for fact in self.facts)
        fact: Fact = {"id": f"{LETTERS[kind]}{number}", "date": day.isoformat(), "kind": kind}
        fact |= fields
        if "recorded" not in fields and self.chance(0.04):
            fact["recorded"] = (day + timedelta(days=self.dice.randint(1, 40))).isoformat()
        self.facts.append(fact)
        return fact

    def look(self, day: date) -> dict[str, Any]:
        """The report at the close of a day, on what is written so far."""
        return evaluate(self.facts, day.isoformat(), self.readings)

    def quote(self, day: date) -> dict[str, int]:
        """What a payment on a day would meet: amounts due, accrued interest, principal, room."""
        probe: Fact = {"id": "probe", "date": day.isoformat(), "kind": "payment"}
        probe |= {"amount": "900000000.00"}
        seen = evaluate([*self.facts, probe], day.isoformat(), self.readings)
        split = seen["payments"][-1]
        before = self.look(day)
        due = {
            name: sum(cents(o["unpaid"]) for o in before["obligations"] if o["component"] == name)
            for name in ("interest", "principal", "costs")
        }
        return {
            **due,
            "due": sum(due.values()),
            "accrued": cents(split["accrued"]),
            "outstanding": cents(before["balances"]["principal"]),
            "payoff": 90_000_000_000 - cents(split["excess"]) - cents(split["unapplied"]),
            "room": cents(before["balances"]["available_to_draw"]),
        }

    def round_amount(self, low: int, high: int) -> int:
        """An amount in cents: of whole thousands, or with odd cents."""
        if self.chance(0.7):
            return self.dice.randint(low, high) * 100_000
        return self.dice.randint(low * 100_000, high * 100_000)

    # -- deeds

    def pay(self, day: date, amount: int, **fields: str | bool) -> None:
        """A payment, with the particulars that a record may carry."""
        if amount <= 0 or day < self.first:
            return
        if "designation" not in fields and self.chance(0.12):
            choices = ["interest", "principal", "costs", "prepayment"]
            fields["designation"] = self.dice.choices(choices, [3, 4, 2, 2])[0]
        if self.with_place:
            checks = [("immediately-available", 0.93), ("check", 0.07)]
            fields["funds"] = self.dice.choices(*zip(*checks, strict=True))[0]
            fields["place"] = self.place if self.chance(0.92) else ELSEWHERE
            if self.orderly:
                fields |= {"funds": "immediately-available", "place": self.place}
        if self.chance(0.06) and not self.orderly:
            fields["fee"] = str(money(self.round_amount(1, 50)))
        if self.assigned:
            told = day.isoformat() >= self.assigned
            fields["payee"] = HOLDERS[told and self.chance(0.75)]
        fact = self.add(day, "payment", amount=str(money(amount)), **fields)
        if self.chance(0.25):
            self.book(fact, day)

    def book(self, fact: Fact, day: date) -> None:
        """Somebody's booking of a payment: right, all to principal, or a cent off."""
        split = self.look(day)["payments"][-1]
        interest, principal = cents(split["interest"]), cents(split["principal"])
        roll = 1.0 if self.orderly else self.dice.random()
        if roll < 0.25:
            interest, principal = 0, interest + principal
        elif roll < 0.4 and interest:
            interest, principal = interest - 1, principal + 1
        elif roll < 0.5 and principal:
            interest, principal = interest + 1, principal - 1
        fact["applied_interest"], fact["applied_principal"] = (
            str(money(interest)),
            str(money(principal)),
        )

    def pay_what_is_due(self, due: date) -> None:
        """The dues of one date, paid in one of the ways in which people pay."""
        ways = {"exact": 3, "grace": 5, "last": 6, "late": 6, "short": 4, "early": 2, "part": 3}
        ways |= {"over": 3, "split": 3, "never": 7}
        if self.orderly:
            ways = {"exact": 5, "grace": 5, "last": 4, "early": 3, "over": 1, "split": 2}
        way = self.dice.choices(list(ways), list(ways.values()))[0]
        offset = {"grace": self.dice.randint(1, 4), "last": 5, "late": 6, "early": -1}.get(way, 0)
        if way in {"short", "part", "over", "split"} and not self.orderly:
            offset = self.dice.choice([0, 1, 5, 5, 6])
        if due == MATURITY and self.orderly:
            offset = 0
        if self.chance(0.1) and not self.orderly:
            offset += self.dice.choice([1, 2, 3])  # holidays may move a deadline by so much
        day = due + timedelta(days=offset)
        if way == "never" or day > self.horizon:
            return
        found = self.quote(day)
        amount = found["accrued"] if way == "early" else found["due"]
        if way == "short":
            amount -= 1
        elif way == "part":
            amount = amount * self.dice.randint(1, 99) // 100
        elif way == "over":
            amount += self.dice.choice([1, 100, self.round_amount(1, 3000)])
        elif way == "split":
            part = amount * self.dice.randint(1, 99) // 100
            self.pay(day, part)
            self.pay(day + timedelta(days=self.dice.choice([0, 0, 1, 5])), amount - part)
            return
        self.pay(day, amount)

    def cure(self, day: date) -> None:
        """All that is due, to the cent."""
        self.pay(day, self.quote(day)["due"])

    def prepay(self, day: date) -> None:
        """A prepayment: a round sum, the accrued interest exactly, or all of it."""
        found = self.quote(day)
        roll = self.dice.random()
        if roll < 0.72:
            amount = found["due"] * self.chance(0.6) + self.round_amount(50, 6000)
        elif roll < 0.8:
            amount = found["due"] + found["accrued"] + self.dice.choice([-1, 0, 1])
        else:
            amount = found["payoff"] + self.dice.choice([-1, 0, 0, 0, 1, 50_000])
        self.pay(day, amount)

    def draw(self, day: date) -> None:
        """An advance measured by what may be drawn."""
        room = self.quote(day)["room"]
        if not room and self.chance(0.7):
            return
        roll = self.dice.random()
        if roll < 0.5 and room > 100:
            amount = self.dice.randint(1, room)
        elif roll < 0.75 and room:
            amount = room
        elif roll < 0.85:
            amount = room + 1
        else:
            amount = room + self.round_amount(1, 2000)
        self.add(day, "advance", amount=str(money(amount)))

    def accelerate(self, day: date) -> None:
        """An acceleration, sometimes said twice."""
        self.add(day, "acceleration", by="lender")
        if self.chance(0.15):
            self.add(day + timedelta(days=self.dice.choice([0, 1, 30])), "acceleration")

    def answer_default(self, day: date) -> None:
        """What a lender or a borrower does while something is in default on a day."""
        state = self.look(day)
        defaults = [f for f in state["findings"] if f["rule"] == "event-of-default"]
        if not defaults:
            return
        roll = self.dice.random()
        if roll < 0.45:
            self.accelerate(day)
        elif roll < 0.7:
            finding = self.dice.choice(defaults)
            of = self.dice.choice([finding["id"], finding["obligation"]])
            self.add(day, "waiver", of=of, by="lender", reason="goodwill")
            if self.chance(0.4):
                self.accelerate(day + timedelta(days=self.dice.choice([0, 1, 20])))
        elif roll < 0.9:
            self.cure(day)
            if self.chance(0.6):
                self.accelerate(day + timedelta(days=self.dice.choice([0, 1, 1, 15])))

    # -- the whole

    def observe_rates(self) -> None:
        """Observations of the index: at determination dates, in between, wrong days, gaps."""
        style = self.dice.choices(["full", "moving", "gaps", "none"], [40, 40, 17, 3])[0]
        real = self.chance(0.5)
        seen: dict[date, str] = {}
        for year in range(1999, 2007):
            day = prior_business_day(date(year, 12, 31), self.dice.choice(ANSWERS_OF_CALENDAR))
            if self.chance(0.12):
                day = date(year, 12, 31)
            rate = PRIME.get(year, "7.25") if real else self.roll_rate()
            if style == "none" or (style == "gaps" and self.chance(0.5)):
                continue
            seen[day] = rate
            if style == "moving":
                for _ in range(self.dice.randint(0, 3)):
                    seen[self.between(date(year, 1, 1), date(year, 12, 31))] = self.roll_rate()
                if self.chance(0.3):
                    after = self.dice.choice([-1, 1, 2])
                    seen[day + timedelta(days=after)] = self.roll_rate()
        if style != "none" and self.chance(0.7):
            seen[date(1999, 12, 30)] = seen.pop(date(1999, 12, 31), "8.50")
        for day, rate in sorted(seen.items()):
            self.add(day, "rate", index=INDEX, value=f"{rate}%")
        self.chance(0.1)  # keeps the dice where they were when the features were counted

    def roll_rate(self) -> str:
        """A rate as banks quote it."""
        return f"{self.dice.choice([0.5, 0.25, 0.125]) * self.dice.randint(12, 28):.3f}"

    def observe_caps(self) -> None:
        """The lawful maximum: sometimes known, sometimes low, before or after the note."""
        if self.chance(0.55):
            return
        days = [date(2000, 10, 25), NOTE_DATE, self.between(NOTE_DATE, date(2002, 12, 31))]
        for day in sorted(set(self.dice.sample(days, self.dice.choice([1, 1, 2])))):
            value = self.dice.choice(["11.00", "10.00", "7.125", "6.00", "5.50"])
            self.add(day, "lawful-maximum", value=f"{value}%")

    def begin(self) -> None:
        """The first money: one advance, several, or an opening balance."""
        if self.chance(0.12):
            day = self.dice.choice([NOTE_DATE, date(2000, 12, 15), date(2001, 10, 10)])
            principal = self.dice.choice([10_000_000_00, 12_265_888_10, 15_000_000_00])
            interest = self.dice.choice([0, 1, 95_000_00])
            self.first = day  # what came before is not in the records
            self.add(
                day,
                "opening-balance",
                principal=str(money(principal)),
                interest=str(money(interest)),
            )
            return
        total = 0
        day = self.dice.choice([NOTE_DATE, NOTE_DATE, NOTE_DATE, date(2000, 12, 31)])
        if self.chance(0.1):
            day = self.between(NOTE_DATE, date(2001, 6, 30))
        for _ in range(self.dice.choice([1, 1, 1, 2, 3])):
            if total >= 1_500_000_000 and self.chance(0.85):
                break
            amount = self.dice.choice([15_000_000_00, 5_000_000_00, self.round_amount(1000, 9000)])
            if self.chance(0.85):
                amount = max(100, min(amount, 1_500_000_000 - total))
            total += amount
            self.add(day, "advance", amount=str(money(amount)))
            day += timedelta(days=self.dice.randint(0, 200))

    def change_the_terms(self) -> None:
        """Assignments, places, amendments of the maturity: few histories have them."""
        if self.chance(0.1):
            day = self.between(NOTE_DATE, date(2002, 6, 30))
            fields = {"to": HOLDERS[1]}
            if self.chance(0.8):
                fields["notified"] = (day + timedelta(days=self.dice.randint(0, 60))).isoformat()
            self.add(day, "assignment", **fields)
            self.assigned = day.isoformat()
        if self.chance(0.08):
            day = self.between(NOTE_DATE, date(2002, 6, 30))
            written = self.chance(0.6)
            self.add(day, "place-of-payment", place=ELSEWHERE, in_writing=written)
            self.place = self.dice.choice([PLACE, ELSEWHERE])
        if self.chance(0.16):
            day = self.between(date(2001, 2, 1), date(2002, 8, 30))
            later = ["2005-09-30", "2006-09-30", "2002-12-31", "2003-06-29", "2002-08-31"]
            self.add(
                day,
                "amendment",
                document="Amendment No. 8",
                term="maturity",
                value=self.dice.choice([*later, (day + timedelta(days=20)).isoformat()]),
                agreed_by=self.dice.choice(["both", "both", "both", "lender", "borrower"]),
            )

    def plan(self) -> list[tuple[date, str]]:
        """Which deed comes on which day."""
        deeds: list[tuple[date, str]] = []
        for year in range(2000, self.horizon.year + 1):
            deeds.append((date(year, 12, 31), "dues"))
            if self.chance(0.45):
                deeds.append((date(year + 1, 1, self.dice.choice([5, 6, 7, 20])), "default"))
            if year in (2001, 2002) and self.chance(0.35):
                # around the determination date and the due date
                on = date(year, 12, 31) - timedelta(days=self.dice.choice([3, 2, 1, 0]))
                deeds.append((on, self.dice.choice(["accelerate", "prepay", "draw", "default"])))
        for day in (MATURITY, CUTOFF - timedelta(days=1), CUTOFF + timedelta(days=1)):
            if self.chance(0.3):
                deeds.append((day, self.dice.choice(["dues", "draw", "draw", "accelerate"])))
        deeds.append((MATURITY, "dues"))
        last = min(self.horizon, date(2003, 3, 1))
        for deed, most in (("prepay", 3), ("draw", 3), ("costs", 1), ("default", 2), ("refund", 1)):
            for _ in range(self.dice.randint(0, most)):
                deeds.append((self.between(NOTE_DATE + timedelta(days=10), last), deed))
        if self.chance(0.25):
            deeds.append((self.between(NOTE_DATE, last), "accelerate"))
        if self.chance(0.15):
            holiday = self.dice.choice(["2001-07-04", "2001-12-25", "2002-01-01", "2001-09-03"])
            deeds.append((date.fromisoformat(holiday), self.dice.choice(["prepay", "draw"])))
        return sorted(pair for pair in deeds if self.first <= pair[0] <= self.horizon)

    def do(self, day: date, deed: str) -> None:
        """One deed of the plan; orderly people leave out the unruly ones."""
        if self.orderly and deed in {"accelerate", "costs"} and self.chance(0.8):
            return
        if deed == "dues":
            self.pay_what_is_due(day)
        elif deed == "default":
            self.answer_default(day)
        elif deed == "prepay":
            self.prepay(day)
        elif deed == "draw":
            self.draw(day)
        elif deed == "accelerate":
            self.accelerate(day)
        elif deed == "costs":
            kind = self.dice.choice(["attorneys-fees", "other"])
            amount = self.round_amount(1, 40)
            self.add(day, "costs", amount=str(money(amount)), type=kind)
            if self.chance(0.5):
                self.pay(day + timedelta(days=self.dice.choice([0, 5, 6])), amount)
        elif deed == "refund":
            excess = cents(self.look(day)["balances"]["excess"])
            if excess:
                amount = self.dice.choice([excess, excess, max(1, excess - 1), excess // 2 + 1])
                self.add(day, "refund", amount=str(money(amount)))

    def correct(self) -> None:
        """A record that turns out to be wrong."""
        kinds = {"payment", "advance", "rate", "acceleration", "lawful-maximum", "waiver"}
        wrong = [f for f in self.facts if f["kind"] in kinds and f["date"] < str(self.horizon)]
        if not wrong:
            return
        fact = self.dice.choice(wrong)
        since = max(date.fromisoformat(fact.get("recorded") or fact["date"]), NOTE_DATE)
        if since > self.horizon:
            return
        day = self.between(since, self.horizon).isoformat()
        correction: Fact = {"id": "k1", "date": day, "kind": "correction", "of": fact["id"]}
        if self.chance(0.4) or fact["kind"] in {"acceleration", "waiver"}:
            correction["void"] = True
        elif "amount" in fact:
            change = self.dice.choice([-1, 1, 100_000])
            correction["amount"] = money(max(1, cents(fact["amount"]) + change))
        else:
            correction["value"] = f"{self.roll_rate()}%"
        self.facts.append(correction)

    def tell(self) -> None:
        """Make up all of it."""
        self.observe_rates()
        self.observe_caps()
        self.begin()
        self.change_the_terms()
        for day, deed in self.plan():
            self.do(day, deed)
        if self.chance(0.12):
            self.correct()
        self.facts.sort(key=lambda fact: fact["date"])  # stable: the order within a day stays
        if self.chance(0.2):
            # "A file need not be sorted; records of one day keep their order."
            days = sorted({fact["date"] for fact in self.facts})
            self.dice.shuffle(days)
            self.facts.sort(key=lambda fact: days.index(fact["date"]))


ANSWERS_OF_CALENDAR = ANSWERS["banking-calendar"]


def random_history(seed: int) -> tuple[list[Fact], str, dict[str, str]]:
    """Facts, the day they are looked at, and the readings; the same seed gives the same."""
    story = Story(seed)
    story.tell()
    return story.facts, story.horizon.isoformat(), story.readings


def payment_features(result: dict[str, Any]) -> set[str]:
    """What the payments of a report show."""
    found: set[str] = set()
    starts = {period["from"] for period in result["periods"]}
    closed = [period for period in result["periods"][:-1] if period["rate"]]
    for payment in result["payments"]:
        accrued = cents(payment["accrued"])
        if accrued + cents(payment["prepaid"]) and payment["date"] not in starts:
            found.add("mid-period-prepayment")
        if accrued and payment["provisional"]:
            at = [p["rate"] for p in closed if p["from"] <= payment["date"] < p["to"]]
            if at and at[0] != payment["rate"]:
                found.add("provisional-true-up")
    return found


def features(
    facts: Iterable[Fact],
    result: dict[str, Any],
    readings: dict[str, str] | None = None,  # noqa: ARG001 - what they turn is in the report
) -> set[str]:
    """Which of FEATURES a history contains, by its facts and the oracle's report on them."""
    found = payment_features(result)
    for acceleration in result["accelerations"]:
        found.add("valid-acceleration" if acceleration["valid"] else "invalid-acceleration")
    for advance in result["advances"]:
        if cents(advance["over_limit"]):
            found.add("reborrow-over-limit")
        elif cents(advance["reborrowed"]) and not advance["after_cutoff"]:
            found.add("reborrow-within-limit")
    if any(finding["rule"] == "late-in-grace" for finding in result["findings"]):
        found.add("payment-in-grace")
    deeds = {"advance", "payment", "acceleration", "costs", "waiver", "refund"}
    days = [f["date"] for f in facts if f["kind"] in deeds and f["date"] <= result["as_of"]]
    if not all(is_business_day(date.fromisoformat(day)) for day in days):
        found.add("date-on-holiday")
    return found
