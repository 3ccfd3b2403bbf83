"""The loop: facts in time order through ledger and rules, nothing looking ahead."""

from __future__ import annotations

from bisect import insort
from collections.abc import (
    Collection,
    Container,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from itertools import groupby
from operator import attrgetter
from typing import Any
from weakref import proxy

from checker.account import BALANCES, Occurrence
from checker.accrual import Capping, Fixing
from checker.arrangement import SETTINGS, Arrangement
from checker.dates import Day
from checker.engines import Make, usual
from checker.findings import SETTLED, Finding, Revision, finding_occurrences, is_finding
from checker.language import Naming, Typed, fold
from checker.ledger import Ledger
from checker.model import Fact, Place, Problem, Step, Value, WrongInput
from checker.money import grouped
from checker.occasions import Calendar, Shares, Windows
from checker.pack import OWN_WORDS, Chosen, Pack, Power, Supposition, Varying
from checker.patterns import Match, MatchSession, Record
from checker.rules import BLOCKER, Rule, distinct
from checker.terms import Amended, Choices, Terms
from checker.timeline import effective

HEEDED = {
    "opening-balance": "", "advance": "", "payment": "", "refund": "", "costs": "", "rate": "",
    "lawful-maximum": "", "correction": "", "statement": "reconciliation",
    "assignment": "notification", "succession": "notification",
}  # fmt: skip
"""Kinds that are heeded even if no rule looks for them: by the ledger, or as what they tell."""

OBSERVED = frozenset({"rate", "lawful-maximum"})
"""Kinds that the ledger takes in as observations; no more comes of them."""

_STEPS = len(Step)
_NOTHING: list[list[Fact]] = [[] for _step in range(_STEPS)]

MOST_ROUNDS = 200
"""How often, within one step of a day, rules may follow from what rules concluded."""


class Engines:
    """A pack's two rulesets, made once and used for one contract after another."""

    def __init__(self, pack: Pack, make: Make = usual) -> None:
        self.make = make
        loop = [r for r in pack.rules.values() if r.id not in pack.standing]
        late = [r for r in pack.rules.values() if r.id in pack.standing]
        self.loop = make([e for rule in loop for e in rule.patterns])
        self.standing = make([e for rule in late for e in rule.patterns])
        self.late = late
        self.loop_kinds = {k for rule in loop for k in (*rule.kinds, rule.blocker)}
        self.late_kinds = {k for rule in late for k in (*rule.kinds, rule.blocker)}
        self.kinds = self.loop_kinds | self.late_kinds
        self.unheard = OBSERVED - self.kinds  # observations that no rule looks at

    @property
    def name(self) -> str:
        """What the receipt calls the engine."""
        return self.loop.name

    def heeds(self, kind: str) -> bool:
        """Whether the ledger or a rule does anything with facts of a kind."""
        told = HEEDED.get(kind)
        return kind in self.kinds or told == "" or told in self.kinds

    def asked_at_close(self, told: Iterable[Occurrence], findings: Iterable[Finding]) -> set[str]:
        """The kinds that can matter at the close: of rules that may find all their patterns."""
        there = {occurrence.kind for occurrence in told} | {finding.rule for finding in findings}
        there |= {"finding", *(rule.under for rule in self.late)}
        return {
            kind
            for rule in self.late
            if all(there.intersection(kinds) for kinds in rule.aliases.values())
            for kind in (*rule.kinds, BLOCKER + rule.blocker)
        }

    def close(self) -> None:
        """Frees what the engine holds."""
        self.loop.close()
        self.standing.close()

    def __enter__(self) -> Engines:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True)
class _Read:
    """What the pack's readings make of its settings."""

    pack: Pack
    terms: Terms

    def alternatives(self, path: str) -> Mapping[str, Any] | None:
        """A setting's value under each answer to the question that bears on its term."""
        term = self._term(path)
        return None if self.terms.question_of(term) is None else self.terms.alternatives(term)

    def told_apart(self, path: str, results: Mapping[str, Any]) -> Any:
        """The result under the answer given."""
        return self.terms.told_apart(str(self.terms.question_of(self._term(path))), results)

    def _term(self, path: str) -> str:
        chosen = self.pack.settings.get(path)
        return chosen.name if isinstance(chosen, Typed) and chosen.names else ""


class Judging(Naming):
    """What conclusions are drawn in: one evaluation, or several of them together."""

    pack: Pack
    engines: Engines
    today: Day
    firsts: MutableMapping[str, Mapping[str, Value]]  # finding -> what its rule first matched

    def __init__(self, pack: Pack, engines: Engines) -> None:
        self.pack, self.engines = pack, engines
        self.today = 0
        self.firsts = {}
        self._folded: dict[str, str] = {}

    def canonical(self, name: str) -> str:
        """The folded name; a role's own word means the party in force."""
        folded = self._folded.get(name)
        if folded is None:
            folded = fold(name, "name")
            folded = self._folded[name] = self.pack.aliases.get(folded, folded)
        if folded in self.pack.parties:
            return self.canonical(str(self.lookup(folded)))
        return folded

    def finds(self, finding: Finding) -> None:
        """Takes note of what was found, or of a new word on it."""


class Evaluation(Judging):
    """One contract on its way through time; days are fed in their order, and none twice.

    Settings are kept until what they follow has moved.
    """

    def __init__(
        self,
        pack: Pack,
        engines: Engines,
        choices: Choices | None = None,
        *,
        compared: bool = True,
        terms: Terms | None = None,
    ) -> None:
        super().__init__(pack, engines)
        self.terms = terms or Terms(pack, choices or Choices(), compared=compared)
        charges = [charge.name for charge in pack.charges.values() if not charge.fee]
        fees = [charge.name for charge in pack.charges.values() if charge.fee]
        self.readings = _Read(pack, self.terms) if compared else None
        own: Evaluation = proxy(self)  # so that nothing of it is left when it is let go

        def setting(path: str) -> Any:
            return own._setting(path)

        def powers_moved() -> None:
            own._powers_moved()

        self.arrangement = Arrangement(
            setting, charges, fees, pack.volatile, self.readings, pack.followers
        )
        self.state: dict[str, Any] = {}
        self._moved: set[str] = set()  # states that a rule has set; the others follow their term
        for name, state in pack.states.items():
            start = state.starts.evaluate({}, self)
            self.state[name] = frozenset() if state.type == "names" else start
        self.findings: MutableMapping[str, Finding] = {}
        # Rule on which powers hang -> its findings, the earliest first.
        self._supporting: dict[str, list[tuple[Day, str]]] = {}
        self._powers: dict[str, tuple[str, Day | None]] = {}  # as they stand
        self._on_paid = powers_moved
        self.cured: set[str] = set()  # findings that no longer continue, by a rule's word
        self.ledger = self.opened()
        self.ledger.begin()
        self.calendars = [Calendar(occasion, own) for occasion in pack.occasions.values()]
        self.windows = Windows()
        self.shares = Shares(pack, own)
        self.disregarded: set[str] = set()
        self.reconciled: list[Occurrence] = []
        self._told: list[Occurrence] = []
        self._kept: list[Occurrence] = []
        self._notifications: list[tuple[Day, Fact]] = []
        self._turning: list[Day] | None = None  # days, once they are known, until a term changes
        self._stirred = True
        self._following: Day = 0

    @cached_property
    def session(self) -> MatchSession:
        """What the rules of the loop are told, and have been told so far."""
        return self.engines.loop.session()

    def opened(self) -> Ledger:
        """The account of the contract as it begins."""
        return Ledger(self.arrangement, self.engines.kinds)

    # What rules and settings may ask --------------------------------------------------------------

    def lookup(self, name: str) -> Any:
        """The value in force of a term, a state, a power's state, or `today`."""
        if name == "today":
            return self.today
        if name in self.state:
            return self.state[name]
        if name in self.pack.terms:
            return self.terms.lookup(name)
        if name in BALANCES:
            return self.ledger.balance(name)
        if name.startswith("power.") and name[6:] in self.pack.powers:
            return self.power(name[6:])[0]
        return self.terms.lookup(name)

    def _setting(self, path: str) -> Any:
        chosen: Chosen = self.pack.settings.get(path)
        if isinstance(chosen, Varying):
            chosen = chosen.under(self)
        if isinstance(chosen, Typed):
            return chosen.settled({}, self if path in self.pack.volatile else self.terms)
        return SETTINGS[path].default if chosen is None else chosen

    def power(self, name: str) -> tuple[str, Day | None]:
        """A power's state, and since when the oldest default that supports it has stood."""
        if name not in self._powers:
            self._powers[name] = self._power(self.pack.powers[name])
        return self._powers[name]

    def _power(self, power: Power) -> tuple[str, Day | None]:
        found = [each for rule in power.arises_on if (each := self._supporting.get(rule))]
        for day, id_ in merge(*found):
            if self._supports(power, self.findings[id_]):
                return "available", day
        if power.in_doubt_on in self._supporting or self.ledger.in_doubt(self.today):
            return "undetermined", None
        return ("lapsed" if found else "not-arisen"), None

    def _supports(self, power: Power, finding: Finding) -> bool:
        if finding.outcome == "waived":
            return False
        return self.continuing(finding) or bool(power.survives_cure.evaluate({}, self.terms))

    def continuing(self, finding: Finding) -> bool:
        """Whether what was found still stands: unpaid, unanswered, not cured."""
        if not self.unanswered(finding):
            return False
        if finding.outcome == "information":
            # Of a surplus that was refunded nothing is held any more.
            return finding.standing and self.firsts[finding.id].get("held") != 0
        return self.ledger.unpaid_of(finding.about) != 0

    def unanswered(self, finding: Finding) -> bool:
        """Whether no later word has settled it."""
        return finding.outcome not in SETTLED and finding.id not in self.cured

    def finds(self, finding: Finding) -> None:
        """Takes note of what was found, or of a new word on it."""
        rule = finding.rule
        if rule in self.pack.supporting and not finding.standing:
            known, own = self._supporting.setdefault(rule, []), (finding.date, finding.id)
            if own not in known:
                insort(known, own)
            self.ledger.on_paid = self._on_paid
            self._powers_moved()

    def cure(self, finding: str) -> None:
        """A finding no longer continues, by a rule's word."""
        self.cured.add(finding)
        self._powers_moved()

    def _powers_moved(self) -> None:
        """What powers follow has moved: they are asked anew, and the settings that follow them."""
        self._powers.clear()
        for name in self.pack.powers:
            self.arrangement.moved(f"power.{name}")

    # Time -----------------------------------------------------------------------------------------

    def run(self, facts: Sequence[Fact], until: Day) -> None:
        """Feeds facts, sorted by day, and lives through all days to the close of `until`."""
        for day, of_day in groupby(facts, key=attrgetter("date")):
            self._live_until(day - 1)
            self._live(day, list(of_day))
        self._live_until(until)

    def _live_until(self, day: Day) -> None:
        while (following := self.next_day()) <= day:
            self._live(following, [])
        self.becomes(max(self.today, day))

    def becomes(self, day: Day) -> None:
        """It is this day; where interest is not known, powers hang on the day itself."""
        self.today = day
        if self.ledger.stuck:
            self._powers_moved()

    def _live(self, day: Day, facts: Sequence[Fact]) -> None:
        if (
            facts
            and not self._comes(day)
            and self.engines.unheard.issuperset(f.kind for f in facts)
        ):
            self.becomes(day)
            for fact in facts:
                self._observe(fact)
            return
        for told in self.day(day, facts):
            if told:  # most of what might happen on a day does not
                self._tell(told)

    def next_day(self) -> Day:
        """The next day on which anything comes by itself; worked out anew where that may move."""
        ledger = self.ledger
        if self._stirred or ledger.stirred or self._following <= self.today:
            self._following = self._coming_day()
            self._stirred, ledger.stirred = self.pack.restless or not self.today, False
        return self._following

    def _coming_day(self) -> Day:
        today = self.today
        days = [self.ledger.next_day(today) if today else self.arrangement.accrues_from]
        if self._notifications:
            days += [day for day, _fact in self._notifications if day > today]
        if today:
            coming = [each.coming(today) for each in self.calendars]
            days += [day for day in (*coming, self.windows.next()) if day is not None]
            days += self._turning_days()
        return min(days)

    def _turning_days(self) -> list[Day]:
        """The coming days on which a setting that asks for today may have another value."""
        turning = self._turning
        if turning is None:
            asked = (typed.settled({}, self) for typed in self.pack.turning)
            days = {day for day in asked if isinstance(day, int)}
            turning = [*days, *(day + 1 for day in days)]
            if not self.pack.restless:
                self._turning = turning
        return [day for day in turning if day > self.today]

    def day(self, day: Day, facts: Sequence[Fact]) -> Iterator[Sequence[Occurrence]]:
        """Lives through a day: what is told to the rules step by step.

        What they conclude of a step is done before the next one is asked for. The steps of a day
        are as many under every reading.
        """
        self.becomes(day)
        opening, observed, due, notices, elections, payments, advances, last = self._by_step(facts)
        if opening:
            yield from self._opening(opening)
        yield from map(self._observed, observed)
        comes = self._comes(day)
        if not comes and len(observed) == len(facts):
            return  # something was observed, and nothing that is owed moves by it
        yield self._lapsed(day) if comes else ()
        for calendar in self.calendars:
            yield calendar.tell(day) if comes else ()
        for fact in due:
            yield self._as_told(fact)
            if fact.kind == "costs":
                yield self.ledger.incur(_cents(fact, "amount"), day, fact.id)
        if comes or self._stirred or self.ledger.stirred:
            yield self.ledger.fall_due(day)
        else:
            self.ledger.count_until(day)
            yield ()
        yield from map(self._as_told, notices)
        if self._notifications or notices:
            yield from self._notify(day, notices)
        yield from map(self._as_told, elections)
        if payments:
            yield from self._payments(payments, day)
        for fact in advances:
            yield self._as_told(fact)
            if fact.kind == "advance":
                yield self.ledger.advance(_cents(fact, "amount"), day, fact.id)
        yield from map(self._as_told, last)
        yield self.ledger.settle(day)

    def _comes(self, day: Day) -> bool:
        """Whether anything comes by itself on a day, or may."""
        return day >= self._following or self._stirred or self.ledger.stirred

    def _observe(self, fact: Fact) -> None:
        index = str(fact.values.get("index", ""))
        self.ledger.accrual.observe(index, fact.date, _cents(fact, "value"), fact.id)

    def _observed(self, fact: Fact) -> Sequence[Occurrence]:
        if fact.kind in OBSERVED:
            self._observe(fact)
        return self._as_told(fact)

    def _by_step(self, facts: Sequence[Fact]) -> list[list[Fact]]:
        """The facts of a day, by the steps in which they are heard."""
        if not facts:
            return _NOTHING
        steps: list[list[Fact]] = [[] for _step in range(_STEPS)]
        kinds = self.pack.kinds
        for fact in facts:
            steps[kinds[fact.kind].step].append(fact)
        return steps

    def _payments(self, facts: Sequence[Fact], day: Day) -> Iterator[Sequence[Occurrence]]:
        """The payments of a day, in their order; then the charges that they brought about fall due.

        Where a contract has charges, what is paid for costs waits for them, in whatever order the
        records stand.
        """
        charged = bool(self.pack.charges)
        waiting = [f for f in facts if charged and f.values.get("designation") == "costs"]
        self.ledger.paying = True
        for fact in facts:
            if fact not in waiting:
                yield from self._payment(fact)
        self.ledger.paying = False
        yield self.ledger.charges_coming_due(day)
        for fact in waiting:
            yield from self._payment(fact)

    def _lapsed(self, day: Day) -> Sequence[Occurrence]:
        """The windows that have passed without what was to be done, with what is unpaid still."""
        told = []
        for rule, id_, values in self.windows.lapsed(day):
            told += self.lapse(rule, id_, values, day)
        return told

    def lapse(self, rule: str, id_: str, values: Mapping[str, Value], day: Day) -> list[Occurrence]:
        """A window has passed: nothing comes of it where the finding has been settled."""
        finding = self.findings[id_]
        if not self.unanswered(finding):
            return []
        unpaid = self.ledger.unpaid_of(finding.about)
        more = {} if unpaid is None else {"unpaid": unpaid}
        return [Occurrence(f"{rule}-lapsed", {**values, "date": day, **more}, finding.facts)]

    def await_answer(self, rule: str, id_: str, until: Day, first: Mapping[str, Value]) -> None:
        """A finding may be answered up to a last day; it lapses when that has passed."""
        if id_ in self.findings:
            told = finding_occurrences(self.findings[id_], first)[0].values
            self.stir()
            self.windows.open(rule, id_, until, self.today, {**told, "until": until})

    def _opening(self, facts: Sequence[Fact]) -> Iterator[Sequence[Occurrence]]:
        for fact in facts:
            if fact.kind == "opening-balance":
                principal, interest = _cents(fact, "principal"), _cents(fact, "interest")
                yield self._as_told(fact)
                yield self.ledger.open_with(principal, interest, self.today, fact.id)
        for fact in facts:
            if fact.kind != "opening-balance":
                reconciled = self._reconcile(fact) if fact.kind == "statement" else ()
                yield [self._given(fact), *reconciled]

    def _reconcile(self, fact: Fact) -> Iterator[Occurrence]:
        """What a statement says, beside the ledger at the opening of the day."""
        position = self.ledger.position(self.today - 1)
        interest = None
        if position.interest_due is not None and position.accrued is not None:
            interest = position.interest_due + position.accrued
        parts = {"total": position.total, "principal": position.principal, "interest": interest}
        for part, figured in parts.items():
            if part not in fact.values:
                continue
            stated = _cents(fact, part)
            values: dict[str, Value] = {
                "statement": fact.id, "date": self.today, "part": part, "stated": stated,
                "principal": position.principal,
            }  # fmt: skip
            working: tuple[str, ...] = ()
            if interest is not None:
                values["interest"] = interest
            if figured is not None:
                values |= {"figured": figured, "difference": stated - figured}
                working = (f"{grouped(stated)} − {grouped(figured)} = {grouped(stated - figured)}",)
            if part == "total" and interest is not None and figured is not None:
                costs = f" + {grouped(position.costs_due)} costs" if position.costs_due else ""
                working = (
                    f"{grouped(position.principal)} principal + {grouped(interest)} interest"
                    f"{costs} = {grouped(figured)}",
                    *working,
                )
            told = Occurrence("reconciliation", values, (fact.id,), working, position.provisional)
            self.reconciled.append(told)
            yield told

    def _notify(self, day: Day, facts: Sequence[Fact]) -> Iterator[Sequence[Occurrence]]:
        for fact in facts:
            if isinstance(told := fact.values.get("notified"), int):
                self._stirred = True
                self._notifications.append((max(told, fact.date), fact))
        due = [fact for when, fact in self._notifications if when == day]
        self._notifications = [(when, f) for when, f in self._notifications if when > day]
        for fact in due:
            values: dict[str, Value] = {
                "of": fact.id, "date": day, "deed": fact.kind, "to": fact.values["to"],
            }  # fmt: skip
            yield [Occurrence("notification", values, (fact.id,))]

    def _payment(self, fact: Fact) -> Iterator[Sequence[Occurrence]]:
        yield self._as_told(fact)
        amount = _cents(fact, "amount")
        if fact.kind == "refund":
            yield self.ledger.refund(amount, self.today, fact.id)
        if fact.kind != "payment":
            return
        designation = str(fact.values.get("designation", ""))
        good = fact.id not in self.disregarded
        split, *rest = self.ledger.pay(amount, self.today, fact.id, designation, good=good)
        values = {**fact.values, **split.values}
        booked = [
            abs(_cents(fact, f"applied_{part}") - int(split.values[part]))
            for part in ("interest", "principal")
            if f"applied_{part}" in fact.values
        ]
        if booked:
            values["misbooked"] = max(booked)
        told = Occurrence(split.kind, values, split.facts, split.working, split.provisional)
        yield [told, *rest]

    def _as_told(self, fact: Fact) -> Sequence[Occurrence]:
        """A fact as it is given, if any rule looks for its kind."""
        return (self._given(fact),) if fact.kind in self.engines.kinds else ()

    def _given(self, fact: Fact) -> Occurrence:
        values: dict[str, Value] = {
            **fact.values,
            "id": fact.id,
            "kind": fact.kind,
            "date": fact.date,
            "recorded": fact.recorded,
        }
        if fact.kind == "judgment":
            question = str(fact.values["question"])
            values["asked"] = question if question in self.pack.judgments else OWN_WORDS
        return Occurrence(fact.kind, values, (fact.id,))

    # Rules ----------------------------------------------------------------------------------------

    def _tell(self, waiting: Sequence[Occurrence]) -> None:
        """Tells the engine what is so, and follows what it concludes until nothing new follows."""
        rounds = 0
        asked: list[str] = []
        loop_kinds, late_kinds = self.engines.loop_kinds, self.engines.late_kinds
        record = self.pack.projections.record
        while waiting:
            rounds += 1
            if rounds > MOST_ROUNDS:
                raise WrongInput([endless(self.pack, asked)])
            records = []
            for occurrence in waiting:
                if occurrence.kind in loop_kinds:
                    self._told.append(occurrence)
                    records.append(record(occurrence, self))
                if occurrence.kind in late_kinds and not is_finding(occurrence):
                    self._kept.append(occurrence)
            if not records or not (matches := self.session.add(records)):
                return
            asked = []
            following: list[Occurrence] = []
            for rule, match in distinct(matches, self.pack.order):
                asked.append(rule)
                following += self._conclude(self.pack.rules[rule], match)
            waiting = following

    def _conclude(self, rule: Rule, match: Match) -> list[Occurrence]:
        found = {alias: self._told[at] for alias, at in match.facts.items()}
        if not rule.acts:
            return Conclusion(self, rule, found, self.findings).record()
        act = Act(self, rule, found)  # all that it does is figured before any of it is done
        new = act.finding not in self.findings
        told = Conclusion(self, rule, found, self.findings).record()
        return [*told, *act.done(self, new=new)]

    def stir(self) -> None:
        """Something may come on another day than was last worked out."""
        self._stirred = True

    def set_state(self, name: str, value: Any) -> None:
        """A state has another value from now on."""
        self._stirred = True
        self._moved.add(name)
        if value is None:  # what the fact does not say changes nothing
            return
        if self.pack.states[name].type == "names":
            self.state[name] |= {self.canonical(str(value))}
        else:
            role = fold(str(value), "name")  # a role's own word means the party in force
            self.state[name] = self.state[role] if role in self.pack.parties else value
        self.arrangement.moved(name)

    def amend(self, occurrence: Occurrence) -> None:
        """A term has another value from now on."""
        values = occurrence.values
        self._stirred = True
        self.ledger.count_until(self.today)  # the days before go by the term as it was
        self.terms.amend(
            Amended(
                str(values["term"]),
                self.today,
                str(values["value"]),
                str(values["document"]),
                str(values["id"]),
            )
        )
        for state in self.pack.states.values():
            if state.starts.name == values["term"] and state.name not in self._moved:
                self.state[state.name] = state.starts.evaluate({}, self)
        self.arrangement.forget()
        self._powers.clear()
        self._turning = None
        for calendar in self.calendars:
            calendar.forget()
        self.ledger.terms_changed(self.today)

    # The close of the as-of day -------------------------------------------------------------------

    def close(self) -> None:
        """Ends the engine's session."""
        self.session.close()

    def findings_at_close(self) -> tuple[dict[str, Finding], int, int]:
        """The loop's findings and those of the rules that are asked at the close of the day.

        Changes nothing, so that days may still follow; with them, how many facts the engine was
        given for it and how many matches it made.
        """
        findings = dict(self.findings)
        told = [*self._kept, *self.standing_occurrences()]
        seen = self.engines.asked_at_close(told, findings.values())
        for finding in findings.values():
            if tells_at_close(finding, seen):
                told += finding_occurrences(finding, self.firsts[finding.id])
        waiting = self._projected((as_blocker(o) for o in told if BLOCKER + o.kind in seen), seen)
        waiting += self._projected(told, seen)
        known: list[Occurrence] = []
        with self.engines.standing.session() as session:
            while waiting:
                known += [occurrence for occurrence, _record in waiting]
                matches = session.add([record for _occurrence, record in waiting])
                new: list[Occurrence] = []
                for rule_id, match in distinct(matches, self.pack.order):
                    rule = self.pack.rules[rule_id]
                    found = {alias: known[at] for alias, at in match.facts.items()}
                    new += Conclusion(self, rule, found, findings).record()
                waiting = self._projected(new, seen)
            return findings, session.asserted, session.matches

    def _projected(
        self, occurrences: Iterable[Occurrence], seen: set[str]
    ) -> list[tuple[Occurrence, Record]]:
        projections = self.pack.projections
        return [(o, projections.record(o, self)) for o in occurrences if o.kind in seen]

    def limited(self, fixing: Fixing) -> tuple[Capping, int | None]:
        """The lawful maximum of a rate, and the rate as limited by it."""
        return fixing.limited()

    def standing_occurrences(self) -> Iterator[Occurrence]:
        """What stands at the close of the day: the periods, and what is held in excess."""
        accrual = self.ledger.accrual
        for period in (*accrual.closed, accrual.period):
            interest, fixing = period.interest, period.fixing
            if fixing is None:
                interest, fixing = accrual.earned_through(self.today)
            starved = [day for day, _fact in period.starved]
            seen = self.today if period.closed_on is None else period.closed_on
            bears = period.bears if period.closed else accrual.bears_through(self.today)
            capping, rate = self.limited(fixing)
            given: dict[str, Value | None] = {
                "obligation": period.obligation,
                "date": seen,
                "index": fixing.reference or None,
                "start": period.start,
                "end": period.due,
                "bears": bears,
                "closed": period.closed,
                "needed_on": min(fixing.read_on, *starved) if starved else fixing.read_on,
                "missed_on": min(seen, *starved) if starved else seen,
                "starved": bool(starved),
                "observed": fixing.observed,
                "observed_on": fixing.observed_on,
                "cap_wanted": capping.wanted,
                "cap": capping.value,
                "rate": rate,
                "interest": interest,
                "deferred": period.deferred,
            }
            values = {name: value for name, value in given.items() if value is not None}
            payments = [fact for _day, fact in period.starved]
            yield Occurrence("period", values, (*fixing.facts, *payments), (), not fixing.final)
        for surplus in self.ledger.surpluses:
            values = {
                "of": surplus.of, "date": surplus.day, "amount": surplus.amount,
                "held": surplus.held,
            }  # fmt: skip
            yield Occurrence("surplus", values, surplus.facts)


@dataclass
class Conclusion:
    """What follows from one match of a rule."""

    evaluation: Judging
    rule: Rule
    found: Mapping[str, Occurrence]
    findings: MutableMapping[str, Finding]

    def record(self) -> list[Occurrence]:
        """Puts the finding, or the new word on one, among the findings; tells it as a fact."""
        if self.rule.revises:
            return self._revise()
        finding, naming = self.finding(), self.evaluation
        if finding.id in self.findings:
            before = self.findings[finding.id]
            merged = self.findings[finding.id] = before.merged(finding)
            naming.finds(merged)
            changed = merged.outcome != before.outcome
            return finding_occurrences(merged, {})[1:] if changed else []
        self.findings[finding.id] = finding
        naming.firsts[finding.id] = self.first
        naming.finds(finding)
        return self.told(finding)

    @property
    def first(self) -> Mapping[str, Value]:
        """What was first matched."""
        return next(iter(self.found.values())).values

    def told(self, finding: Finding) -> list[Occurrence]:
        """A new finding as facts, where anybody looks for them."""
        if finding.standing or self.rule.under in self.evaluation.engines.kinds:
            return finding_occurrences(finding, self.first)
        return []

    def finding(self) -> Finding:
        """The finding of this match alone."""
        rule, naming, found = self.rule, self.evaluation, self.found
        facts = {alias: occurrence.values for alias, occurrence in found.items()}
        says = rule.says.fill(facts, naming)
        first = next(iter(found.values()))
        whole = first if len(found) == 1 else _together(found.values())
        about = str(rule.about.evaluate(facts, naming))
        date = rule.date.evaluate(facts, naming) if rule.date else first.values["date"]
        amount = rule.amount.settled(facts, naming) if rule.amount else None
        standing, id_ = rule.id in naming.pack.standing, f"{rule.under}/{about}"
        return Finding(
            id_,
            rule.under,
            rule.clause,
            about,
            rule.outcome,
            rule.against,
            date if isinstance(date, int) else naming.today,
            amount if isinstance(amount, int) else None,
            says,
            rule.quote,
            whole.facts if len(whole.facts) < 2 else tuple(dict.fromkeys(whole.facts)),
            whole.working,
            tuple([need.fill(facts, naming) for need in rule.needs]) if rule.needs else (),
            whole.provisional,
            standing,
        )

    def _revise(self) -> list[Occurrence]:
        """Puts a new word on a finding, and tells it as a finding anew.

        The word bears the date of the latest fact that made it.
        """
        facts_of = {alias: occurrence.values for alias, occurrence in self.found.items()}
        says = self.rule.says.fill(facts_of, self.evaluation)
        finding = str(facts_of[self.rule.revises]["id"])
        others = [o for alias, o in self.found.items() if alias != self.rule.revises]
        day = max(int(o.values["date"]) for o in others)
        facts = _unique(others)
        revision = Revision(self.rule.id, day, self.rule.outcome, says, facts)
        if revision in self.findings[finding].revisions:
            return []
        revised = self.findings[finding] = self.findings[finding].revised(revision)
        self.evaluation.finds(revised)
        return finding_occurrences(revised, {})[1:]


class Act:
    """What the ledger, the state and the loop do on a conclusion, figured beforehand."""

    def __init__(self, judging: Judging, rule: Rule, found: Mapping[str, Occurrence]) -> None:
        self.judging, self.rule, self.found = judging, rule, found
        self.facts = {alias: occurrence.values for alias, occurrence in found.items()}
        self.first = next(iter(found.values()))
        self.sources = _unique(found.values())
        self.about = "" if rule.revises else str(self._value(rule.about))
        self.finding = f"{rule.under}/{self.about}"
        self.sets = {name: self._value(typed) for name, typed in rule.sets.items()}
        self.releases = self._value(rule.releases)
        self.until = self._value(rule.until)
        self.charge = self._charge()
        self.call = self._call()
        self.vote = self._vote()
        self.transfer = self._transfer()

    def _value(self, typed: Typed | None) -> Any:
        return None if typed is None else typed.settled(self.facts, self.judging)

    def _charge(self) -> tuple[int, Day] | None:
        if self.rule.charges is None:
            return None
        due = self._value(self.rule.charges.due) if self.rule.charges.due else self.judging.today
        return _both(self._value(self.rule.charges.amount), due)

    def _call(self) -> tuple[int, Day] | None:
        call = self.rule.calls
        return _both(self._value(call.amount), self._value(call.due)) if call else None

    def _vote(self) -> tuple[str, str] | None:
        vote = self.rule.votes
        if vote is None or self._value(vote.by) is None:
            return None
        return str(self._value(vote.of)), str(self._value(vote.by))

    def _transfer(self) -> tuple[str, str, int] | None:
        passing = self.rule.transfers
        if passing is None:
            return None
        values = [self._value(each) for each in (passing.giver, passing.taker, passing.share)]
        return None if None in values else (str(values[0]), str(values[1]), int(values[2]))

    def done(self, evaluation: Evaluation, *, new: bool) -> list[Occurrence]:
        """Does it all; what follows is told. What is done once for a finding needs it `new`.

        What is awaited is written down last: nothing that comes after could part it by readings.
        """
        rule, ledger = self.rule, evaluation.ledger
        if rule.disregards:
            evaluation.disregarded.add(str(self.facts[rule.disregards]["id"]))
        for name, value in self.sets.items():
            evaluation.set_state(name, value)
        if rule.amends:
            evaluation.amend(self.found[rule.amends])
        if rule.cures:
            evaluation.cure(str(self.facts[rule.cures]["id"]))
        if self.releases is not None:
            ledger.release(str(self.releases), evaluation.today)
        told = self._accelerated(evaluation)
        if new:
            told += [*self._money(evaluation), *self._counted(evaluation)]
        told += self._voices(evaluation)
        if new and isinstance(self.until, int):
            evaluation.await_answer(rule.id, self.finding, self.until, self.first.values)
        return told

    def _money(self, evaluation: Evaluation) -> list[Occurrence]:
        ledger, rule, today = evaluation.ledger, self.rule, evaluation.today
        key, told = self.about.partition("/")[2] or self.about, []
        if self.charge is not None and rule.charges is not None:
            amount, due = self.charge
            working = tuple(self.first.working)
            told += ledger.charge(rule.charges.of, amount, due, key, self.sources, working, today)
        if self.call is not None:
            told += ledger.call(*self.call, key, self.sources)
        return told

    def _accelerated(self, evaluation: Evaluation) -> list[Occurrence]:
        if not self.rule.accelerates:
            return []
        source = self.found[self.rule.accelerates]
        given, sources = str(source.values.get("id", "")), ["", *self.sources]
        fact = given if given in source.facts else sources[-1]
        return evaluation.ledger.accelerate(evaluation.today, fact)

    def _counted(self, evaluation: Evaluation) -> list[Occurrence]:
        counter, shares = self.rule.counts, evaluation.shares
        if not counter:
            return []
        return [shares.counted(counter, self.finding, evaluation.today, self.sources)]

    def _voices(self, evaluation: Evaluation) -> list[Occurrence]:
        shares, rule, today = evaluation.shares, self.rule, evaluation.today
        told = []
        if self.transfer is not None and rule.transfers is not None:
            giver, taker, share = self.transfer
            register = rule.transfers.register
            told.append(shares.transferred(register, giver, taker, share, today, self.first))
        if self.vote is not None and rule.votes is not None:
            told += shares.voted(rule.votes.tally, *self.vote, today, self.sources)
        return told


def _together(found: Collection[Occurrence]) -> Occurrence:
    """Several occurrences as one: the records, the arithmetic and the doubts of all of them."""
    facts = tuple(fact for occurrence in found for fact in occurrence.facts)
    working = [line for occurrence in found for line in occurrence.working]
    return Occurrence("", {}, facts, working, any(occurrence.provisional for occurrence in found))


def _unique(occurrences: Iterable[Occurrence]) -> tuple[str, ...]:
    """The records that occurrences rest on, each once."""
    return tuple(dict.fromkeys(fact for occurrence in occurrences for fact in occurrence.facts))


def _both(amount: object, day: object) -> tuple[int, Day] | None:
    return (amount, day) if isinstance(amount, int) and isinstance(day, int) else None


def endless(pack: Pack, rules: Sequence[str]) -> Problem:
    """What one of these rules brings about makes it find the same again, without end."""
    names = ", ".join(dict.fromkeys(rules))
    message = f"these rules bring each other about without end: {names}"
    return Problem(Place(pack.folder, 1, 1), message)


def tells_at_close(finding: Finding, seen: Container[str]) -> bool:
    """Whether a finding is told at the close, where kinds that can matter are these."""
    return finding.rule in seen or BLOCKER + finding.rule in seen or "finding" in seen


def as_blocker(occurrence: Occurrence) -> Occurrence:
    """Under the name by which `unless` looks for it, so that all of it is told beforehand."""
    return occurrence._replace(kind=BLOCKER + occurrence.kind)


def _cents(fact: Fact, name: str) -> int:
    value = fact.values.get(name, 0)
    return value if isinstance(value, int) else 0


@dataclass(frozen=True)
class Supposed:
    """What a supposition makes of a statement: the ledger's figure, and what is left over."""

    supposition: Supposition
    occurrence: Occurrence


@dataclass(frozen=True)
class Result:
    """An evaluation at its close: everything that a report tells."""

    evaluation: Evaluation
    as_of: Day
    known_on: Day | None
    facts: tuple[Fact, ...]
    choices: Choices
    findings: Mapping[str, Finding]
    supposed: Mapping[str, tuple[Supposed, ...]]  # by statement
    asserted: int
    matches: int

    @cached_property
    def doubtful(self) -> frozenset[str]:
        """What findings are about that wait for a fact."""
        return frozenset(f.about for f in self.findings.values() if f.outcome == "needs-fact")


def evaluate(
    pack: Pack,
    engines: Engines,
    facts: Sequence[Fact],
    as_of: Day,
    known_on: Day | None = None,
    choices: Choices | None = None,
    *,
    compared: bool = True,
) -> Result:
    """The one evaluation: what the contract says of these facts at the close of `as_of`.

    With `compared` it also learns which other answers would have given just the same.
    """
    standing = effective(facts, as_of, known_on)
    evaluation = Evaluation(pack, engines, choices, compared=compared)
    try:
        evaluation.run(standing, as_of)
        return conclude(evaluation, as_of, known_on, standing, choices or Choices())
    finally:
        evaluation.close()


def conclude(
    evaluation: Evaluation,
    as_of: Day,
    known_on: Day | None,
    facts: Sequence[Fact],
    choices: Choices,
) -> Result:
    """What an evaluation that has lived to the close of `as_of` finds; it may live on."""
    findings, asserted, matches = evaluation.findings_at_close()
    supposed = {
        str(told.values["statement"]): tuple(_suppose(evaluation, facts, told, choices))
        for told in evaluation.reconciled
        if told.values.get("difference")
    }
    asserted += evaluation.session.asserted
    matches += evaluation.session.matches
    return Result(
        evaluation, as_of, known_on, tuple(facts), choices, findings, supposed, asserted, matches
    )


def _suppose(
    evaluation: Evaluation, facts: Sequence[Fact], told: Occurrence, choices: Choices
) -> Iterator[Supposed]:
    """The same evaluation under each supposition of the pack, up to the day of a statement."""
    pack, engines = evaluation.pack, evaluation.engines
    day = int(told.values["date"])
    before = [fact for fact in facts if fact.date <= day]
    for supposition in pack.suppositions.values():
        terms = Terms(pack, choices)
        since = supposition.since.evaluate({}, terms)
        principal = supposition.principal.evaluate({}, terms)
        evaluation.terms.also_told_apart_by(terms)
        if not isinstance(since, int) or not isinstance(principal, int) or since >= day:
            continue
        recorded = _run(pack, engines, [f for f in before if f.date <= since], since, choices)
        evaluation.terms.also_told_apart_by(recorded.terms)
        lacking = principal - recorded.ledger.accrual.principal
        if lacking <= 0:
            continue
        values: dict[str, Value] = {"amount": lacking}
        drawn = Fact(f"supposing {supposition.name}", "advance", since, since, len(facts), values)
        supposed = sorted([*before, drawn], key=lambda fact: fact.date)
        run = _run(pack, engines, supposed, day, choices)
        evaluation.terms.also_told_apart_by(run.terms)
        for other in run.reconciled:
            same = ("statement", "part")
            if all(other.values[name] == told.values[name] for name in same):
                yield Supposed(supposition, other)


def _run(
    pack: Pack, engines: Engines, facts: Sequence[Fact], until: Day, choices: Choices
) -> Evaluation:
    evaluation = Evaluation(pack, engines, choices)
    try:
        evaluation.run(facts, until)
    finally:
        evaluation.close()
    return evaluation
