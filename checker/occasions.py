"""What time and repetition bring: occasions, windows that lapse, counts, registers and tallies."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.account import Occurrence
from checker.dates import Day, Duration, Schedule, iso
from checker.language import Naming
from checker.model import Value
from checker.pack import Occasion, Pack


@dataclass
class Calendar:
    """One series of occasions on its way through time; it hangs on terms alone."""

    occasion: Occasion
    naming: Naming
    number: int = 0
    last: Day | None = None
    _known: range = range(0)  # the days after which the one at its end is the next

    def coming(self, day: Day) -> Day | None:
        """The first occasion after `day`, worked out once until it is there or a term changes."""
        if day in self._known:
            return self._known.stop
        found = self.next_after(day)
        if found is not None:
            self._known = range(day, found)
        return found

    def forget(self) -> None:
        """A term has another value."""
        self._known = range(0)

    def next_after(self, day: Day) -> Day | None:
        """The first occasion after `day`."""
        schedule = self.occasion.on.evaluate({}, self.naming)
        since = self.occasion.since.evaluate({}, self.naming)
        if not isinstance(schedule, Schedule) or not isinstance(since, int):
            return None
        return schedule.next_after(max(day, since))

    def tell(self, day: Day) -> list[Occurrence]:
        """The occasion of `day`, where there is one."""
        if self.coming(day - 1) != day:
            return []
        since = self.occasion.since.evaluate({}, self.naming)
        self.number += 1
        values: dict[str, Value] = {
            "id": f"{self.occasion.name}/{iso(day)}",
            "date": day,
            "number": self.number,
        }
        start = self.last if self.last is not None else since
        if isinstance(start, int):
            values["start"] = start
        self.last = day
        return [Occurrence(self.occasion.name, values)]


@dataclass
class Windows:
    """Findings with a last day, until they are answered or have lapsed."""

    pending: list[tuple[Day, int, str, str, Mapping[str, Value]]] = field(default_factory=list)
    count: int = 0

    def open(
        self, rule: str, finding: str, last: Day, today: Day, values: Mapping[str, Value]
    ) -> None:
        """The finding lapses on the day after `last`, and not before tomorrow."""
        self.count += 1
        heapq.heappush(self.pending, (max(last, today) + 1, self.count, rule, finding, values))

    def next(self) -> Day | None:
        """The day on which the next one lapses."""
        return self.pending[0][0] if self.pending else None

    def lapsed(self, day: Day) -> list[tuple[str, str, Mapping[str, Value]]]:
        """Those that lapse by `day`: rule, finding, and what it told."""
        found = []
        while self.pending and self.pending[0][0] <= day:
            _day, _count, rule, finding, values = heapq.heappop(self.pending)
            found.append((rule, finding, values))
        return found


class Shares:
    """Counters, registers and tallies: what was counted, who holds what, who voted for what."""

    def __init__(self, pack: Pack, naming: Naming) -> None:
        self.pack, self.naming = pack, naming
        self.days: dict[str, list[Day]] = {name: [] for name in pack.counters}
        self.votes: dict[tuple[str, str], set[str]] = {}
        self.holders: dict[str, dict[str, int]] = {
            name: {self._party(holder): share for holder, share in register.starts.items()}
            for name, register in pack.registers.items()
        }

    def _party(self, name: str) -> str:
        party = self.pack.parties.get(name)
        return self.naming.canonical(party.name if party else name)

    def counted(self, counter: str, of: str, day: Day, facts: tuple[str, ...]) -> Occurrence:
        """One more is counted; how many there are in the length of time that ends today."""
        within = self.pack.counters[counter].within.evaluate({}, self.naming)
        days = self.days[counter]
        days.append(day)
        if isinstance(within, Duration):
            first = Duration(-within.count, within.unit).after(day)
            days = [each for each in days if each > first]
        values: dict[str, Value] = {"of": of, "date": day, "count": len(days)}
        return Occurrence(counter, values, facts)

    def voted(
        self, tally: str, of: str, by: str, day: Day, facts: tuple[str, ...]
    ) -> list[Occurrence]:
        """Another voice; what all who voted for it hold together."""
        voters = self.votes.setdefault((tally, of), set())
        voters.add(self.naming.canonical(by))
        held = self.holders[self.pack.tallies[tally].register]
        share = sum(held.get(voter, 0) for voter in voters)
        values: dict[str, Value] = {"of": of, "by": by, "date": day, "share": share}
        return [Occurrence(tally, values, facts)]

    def transferred(
        self, register: str, giver: str, taker: str, share: int, day: Day, of: Occurrence
    ) -> Occurrence:  # the parties and the share, when, and on the strength of what
        """A share passes, as far as the giver holds it."""
        held = self.holders[register]
        from_, to = self.naming.canonical(giver), self.naming.canonical(taker)
        moved = min(share, held.get(from_, 0))
        held[from_] = held.get(from_, 0) - moved
        held[to] = held.get(to, 0) + moved
        values: dict[str, Value] = {
            "of": str(of.values.get("id", "")), "date": day, "register": register, "from": giver,
            "to": taker, "share": share, "moved": moved, "short": share - moved,
        }  # fmt: skip
        return Occurrence("transfer", values, of.facts)
