"""Makes contracts to measure with: the same seed gives the same facts."""

from __future__ import annotations

import random
from datetime import date

from checker.model import Fact

DAY = date.toordinal


def facts(count: int, seed: int = 1) -> list[Fact]:
    """A contract of about `count` facts: a draw, rates, many small payments and re-borrowings."""
    dice = random.Random(seed)
    first = DAY(date(2000, 11, 27))
    made: list[Fact] = []

    def add(kind: str, day: int, **values: int | str) -> None:
        at = len(made)
        made.append(Fact(f"{kind[0]}{at}", kind, day, day, at, values))

    add("lawful-maximum", DAY(date(2000, 11, 1)), value=1_100_000_000)
    add("advance", first, amount=1_500_000_000)
    for year in range(2000, 2006):
        day = DAY(date(year, 12, 29))
        add("rate", day, index="lender-line-of-credit", value=dice.randrange(30, 90) * 10_000_000)
    payments = max(0, count - len(made))
    for number in range(payments):
        day = first + 1 + number * 630 // max(1, payments)
        if number % 5 == 4:
            add("advance", day, amount=dice.randrange(1, 4_000))
        else:
            add("payment", day, amount=dice.randrange(1, 40_000), funds="immediately-available")
    return sorted(made, key=lambda fact: fact.date)
