"""durable-rules used as its own documentation shows, on the defaults of the Second Amended Note.

Rules in `durable.lang`, one ruleset, every record asserted as a fact. What is owed is figured by
the script written by hand, since rules cannot add; they find events of default, their waivers and
valid accelerations. Run alone, as it may not survive:

    python -m bench.as_documented FACTS AS-OF CONTRACTS SECONDS SESSIONS OUT

SESSIONS is `kept` (each contract has a session of its own), `deleted` (and it is deleted when the
contract is done) or `one` (all contracts share the session that the documentation uses). OUT takes
a line of JSON after each contract, so that what was found stays when the process does not.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from durable.engine import MessageNotHandledException
from durable.lang import assert_fact, c, delete_state, m, ruleset, when_all

from bench import by_hand

defaults: dict[str, tuple[str, int]] = {}
waived: set[str] = set()
accelerations: set[str] = set()
unhandled: Counter[str] = Counter()

with ruleset("note"):

    @when_all((m.kind == "deadline") & (m.unpaid > 0))
    def event_of_default(c: Any) -> None:
        """An amount is unpaid when its last day has passed."""
        defaults[c.m.obligation] = (c.m.day, c.m.unpaid)

    @when_all(
        c.default << (m.kind == "deadline") & (m.unpaid > 0),
        c.waiver << (m.kind == "waiver")
        & (m.contract == c.default.contract)
        & (m.of == c.default.obligation),
    )
    def default_waived(c: Any) -> None:
        """The lender forgives it."""
        waived.add(c.default.obligation)

    @when_all(
        c.default << (m.kind == "deadline") & (m.unpaid > 0),
        c.notice << (m.kind == "acceleration")
        & (m.contract == c.default.contract)
        & (m.sequence > c.default.sequence),
    )
    def accelerated(c: Any) -> None:
        """A default gave the lender that option."""
        accelerations.add(c.notice.fact)


class Told(by_hand.Note):
    """The note of the script by hand, that asserts what happens in a session of the engine."""

    def __init__(
        self, observations: by_hand.Observations, contract: str, *, own_session: bool
    ) -> None:
        super().__init__(observations)
        self.own_session = own_session
        self.contract, self.sequence = contract, 0

    def missed_on(self, day: date, owed: by_hand.Obligation) -> None:
        """A last day has passed."""
        super().missed_on(day, owed)
        self.tell(kind="deadline", obligation=owed.id, day=str(day), unpaid=owed.unpaid)

    def happened(self, fact: dict[str, Any]) -> None:
        """A record of the contract."""
        super().happened(fact)
        cents = int(fact["amount"] * 100) if fact["amount"] is not None else 0
        told = {"kind": fact["kind"], "fact": fact["id"], "day": str(fact["date"]), "cents": cents}
        if fact["kind"] == "waiver":
            told["of"] = fact["of"]
        self.tell(**told)

    def tell(self, **fact: Any) -> None:
        """Asserts a fact; the documentation has the engine raise where no rule looks for it."""
        self.sequence += 1
        if self.own_session:
            fact["sid"] = self.contract
        try:
            assert_fact("note", {"contract": self.contract, "sequence": self.sequence, **fact})
        except MessageNotHandledException:
            unhandled[fact["kind"]] += 1


def main(facts: str, as_of: str, most: str, seconds: str, sessions: str, out: str) -> None:
    """Checks contracts until there are no more, so many are done, or the time is up."""
    observations = by_hand.Observations([])
    began = time.perf_counter()
    done = asserted = 0
    with Path(out).open("w", encoding="utf-8") as lines:
        for contract, rows in by_hand.contracts(facts):
            if not contract:
                observations = by_hand.Observations(rows)
                continue
            for found in (defaults, waived, accelerations):
                found.clear()
            told = Told(observations, contract, own_session=sessions != "one")
            by_hand.live(told, rows, date.fromisoformat(as_of))
            if sessions == "deleted":
                delete_state("note", contract)
            done, asserted = done + 1, asserted + told.sequence
            spent = time.perf_counter() - began
            expected = {id_: [str(day), amount] for id_, (day, amount) in told.defaults.items()}
            line = {
                "contract": contract, "contracts": done, "asserted": asserted, "seconds": spent,
                "expected": expected, "found": {k: list(v) for k, v in defaults.items()},
                "waived": [sorted(told.waived & expected.keys()), sorted(waived)],
                "unhandled": dict(unhandled),
            }  # fmt: skip
            lines.write(json.dumps(line) + "\n")
            lines.flush()
            if done >= int(most) or spent > float(seconds):
                break


if __name__ == "__main__":
    main(*sys.argv[1:])
