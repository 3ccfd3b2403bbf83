"""The rules decide, and nothing beside them: without matches no finding, other rules, others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from checker.compiled import CompiledRuleset
from checker.engine import Ruleset
from checker.engines import Make
from checker.evaluate import Engines, evaluate
from checker.facts import load_facts
from checker.patterns import EngineRule, Match, Matcher, Record
from checker.report import report
from checker.rulebook import derived_kinds
from checker.timeline import last_date
from tests.histories import random_history
from tests.naive import NaiveRuleset, NaiveSession, SilentRuleset, _holds
from tests.product import NOTE, ROOT, check, pack
from tests.wrong_rules import (
    AGREEMENTS,
    DEFAULT,
    INTEREST,
    PLACE,
    PRINCIPAL,
    SUBORDINATION,
    SUCCESSORS,
    Edit,
    edited,
)

Records = Sequence[Mapping[str, Any]]

OPENED: Records = (
    {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15,000,000.00"},
    {
        "id": "r1",
        "date": "2000-12-29",
        "kind": "rate",
        "index": "lender-line-of-credit",
        "value": "9.50%",
    },
)
"""9.50% + 1.00% = 10.50%; 15,000,000.00 × 10.50% × 34 / 365 = 146,712.33 due 2000-12-31."""


def fact(name: str, date: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "date": date, "kind": kind, **fields}


def pay(name: str, date: str, amount: str, **fields: Any) -> dict[str, Any]:
    return fact(name, date, "payment", amount=amount, **fields)


def fresh(rules: Any) -> Matcher:
    """An engine that is closed with the evaluation, for packs that are used once."""
    return Ruleset(rules)


def found(data: Mapping[str, Any]) -> dict[str, str]:
    return {finding["id"]: finding["outcome"] for finding in data["findings"]}


# Without the engine ------------------------------------------------------------------------------

ACCELERATED: Records = (*OPENED, fact("x1", "2001-01-10", "acceleration", by="lender"))


def test_an_engine_that_matches_nothing_finds_nothing() -> None:
    story = (
        *ACCELERATED,
        pay("p1", "2001-02-01", "1,000.00", fee="5.00", funds="check", payee="Nobody"),
        fact("s1", "2001-02-02", "statement", total="1.00"),
    )
    spoken = check(story, "2001-03-01")
    assert len(spoken["findings"]) > 8
    assert spoken["outcome"] == "breach"
    silent = check(story, "2001-03-01", make=SilentRuleset)
    assert silent["findings"] == []
    assert silent["missing"] == []
    assert silent["outcome"] == "compliant"
    assert [power["state"] for power in silent["powers"]] == ["not-arisen"]


def test_without_the_engine_no_acceleration_is_recognised_while_plain_dues_stand() -> None:
    spoken = check(ACCELERATED, "2001-01-10")
    assert [o["id"] for o in spoken["obligations"]] == [
        "interest/2000-12-31",
        "interest/2001-01-10",
        "principal/2001-01-10",
    ]
    silent = check(ACCELERATED, "2001-01-10", make=SilentRuleset)
    (due,) = silent["obligations"]
    assert (due["id"], due["amount"], due["unpaid"], due["state"]) == (
        "interest/2000-12-31",
        "146712.33",
        "146712.33",
        "defaulted",  # its last day has passed: a state of the account, not a finding
    )
    # 31 December to 10 January, its own day counted: 11 days of 4,315.0685 are 47,465.75.
    assert [(p["from"], p["to"], p["interest"]) for p in silent["periods"]] == [
        ("2000-11-27", "2000-12-31", "146712.33"),
        ("2000-12-31", "2001-12-31", "47465.75"),
    ]
    assert silent["balances"]["principal"] == "15000000.00"
    assert silent["balances"]["principal_due"] == "0.00"
    assert silent["balances"]["accrued_interest"] == "47465.75"


def test_without_the_engine_nobody_takes_the_lenders_place_and_no_term_is_amended() -> None:
    story = (
        *OPENED,
        fact("s1", "2001-01-02", "assignment", to="Berg & Berg", notified="2001-01-02"),
        fact("m1", "2001-02-01", "amendment", document="No. 8", term="maturity",
             value="2005-09-30", agreed_by="both"),
        pay("p1", "2001-03-01", "100.00", payee="Baccarat"),
    )  # fmt: skip
    spoken, silent = (check(story, "2001-03-01", make=m) for m in (fresh, SilentRuleset))
    assert (spoken["parties"]["lender"], len(spoken["amendments"])) == ("Berg & Berg", 1)
    assert spoken["payments"][0]["unapplied"] == "100.00"
    assert (silent["parties"]["lender"], silent["amendments"]) == ("Baccarat Electronics, Inc.", [])
    assert silent["payments"][0]["unapplied"] == "0.00"


# Another word in a rule --------------------------------------------------------------------------


@dataclass(frozen=True)
class Changed:
    """An edit of one rule, a story, and the finding with its outcome before and after."""

    name: str
    edit: Edit
    records: Records
    as_of: str
    finding: str
    before: str | None
    after: str | None


DUE_PAID = (*OPENED, pay("p1", "2000-12-31", "146,712.33"))
REBORROWED: Records = (  # 1,000,000.00 is prepaid, and drawn again on the first day too late
    *DUE_PAID,
    pay("p2", "2001-01-01", "1,004,315.07"),  # one day's interest, 4,315.07, and principal
    fact("a2", "2002-08-30", "advance", amount="500,000.00"),
)
WAIVED: Records = (
    *OPENED,
    fact("w1", "2001-01-10", "waiver", of="interest/2000-12-31", by="lender", reason="goodwill"),
)
FINANCED: Records = (
    *DUE_PAID,
    fact("f1", "2001-03-01", "financing", provider="Silicon Valley Bank", provider_kind="bank",
         form="loan", secured_by="inventory", conventional=True),
    fact("q1", "2001-03-02", "subordination-request", financing="f1", by="Silicon Valley Bank"),
    fact("c1", "2001-03-09", "subordination-consent", request="q1"),
)  # fmt: skip
PREPAID = (*DUE_PAID, pay("p2", "2001-01-01", "10,000.00", fee="25.00"))
OLD_HOLDER = (
    *OPENED,
    fact("s1", "2001-01-02", "assignment", to="Berg & Berg", notified="2001-01-03"),
    pay("p1", "2001-01-04", "146,712.33", payee="Baccarat Electronics, Inc."),
)
DEFAULTED = "event-of-default/interest/2000-12-31"

CHANGED = [
    Changed(
        "a part unpaid is no default where all must be unpaid",
        (
            DEFAULT,
            "missed: deadline where unpaid > unapplied",
            "missed: deadline where unpaid >= amount",
        ),
        (*OPENED, pay("p1", "2000-12-31", "146,712.32")),
        "2001-01-06",
        DEFAULTED,
        "event-of-default",
        None,
    ),
    Changed(
        "all unpaid is a default under both",
        (
            DEFAULT,
            "missed: deadline where unpaid > unapplied",
            "missed: deadline where unpaid >= amount",
        ),
        OPENED,
        "2001-01-06",
        DEFAULTED,
        "event-of-default",
        "event-of-default",
    ),
    Changed(
        "default of principal alone",
        (
            DEFAULT,
            "where unpaid > unapplied",
            "where unpaid > unapplied and component is principal",
        ),
        OPENED,
        "2001-01-06",
        DEFAULTED,
        "event-of-default",
        None,
    ),
    Changed(
        "the day of the cutoff",
        (
            DEFAULT,
            "redrawn > 0 and date >= reborrow-cutoff",
            "redrawn > 0 and date > reborrow-cutoff",
        ),
        REBORROWED,
        "2002-08-30",
        "reborrow-after-cutoff/a2",
        "breach",
        None,
    ),
    Changed(
        "re-borrowing on the day of the cutoff allowed",
        (
            DEFAULT,
            "over is 0.00 and date < reborrow-cutoff",
            "over is 0.00 and date <= reborrow-cutoff",
        ),
        REBORROWED,
        "2002-08-30",
        "reborrowed/a2",
        None,
        "met",
    ),
    Changed(
        "paid on the very day",
        (DEFAULT, "paid_on > payable and", "paid_on >= payable and"),
        DUE_PAID,
        "2001-01-06",
        "late-in-grace/interest/2000-12-31",
        None,
        "met-in-grace",
    ),
    Changed(
        "paid on the last day of grace",
        (DEFAULT, "and paid_on <= last_day", "and paid_on < last_day"),
        (*OPENED, pay("p1", "2001-01-05", "146,712.33")),
        "2001-01-06",
        "late-in-grace/interest/2000-12-31",
        "met-in-grace",
        None,
    ),
    Changed(
        "a waiver joined to what it does not name",
        (
            DEFAULT,
            "event-of-default where id == forgiven.of or about == forgiven.of",
            "event-of-default where id != forgiven.of and about != forgiven.of",
        ),
        WAIVED,
        "2001-01-10",
        DEFAULTED,
        "waived",
        "event-of-default",
    ),
    Changed(
        "an acceleration where there is no power",
        (DEFAULT, "where power.accelerate is available", "where power.accelerate is not available"),
        ACCELERATED,
        "2001-01-10",
        "accelerated/x1",
        "information",
        None,
    ),
    Changed(
        "an acceleration without default allowed",
        (DEFAULT, "where power.accelerate is available", "where power.accelerate is not available"),
        (*DUE_PAID, ACCELERATED[-1]),
        "2001-01-10",
        "accelerated/x1",
        None,
        "information",
    ),
    Changed(
        "a request joined to other financings than its own",
        (
            SUBORDINATION,
            "subordination-request where financing == sought.id\n        and (by",
            "subordination-request where financing != sought.id\n        and (by",
        ),
        FINANCED,
        "2001-03-31",
        "subordination-engaged/q1",
        "information",
        None,
    ),
    Changed(
        "a consent joined to other requests than its own",
        (
            SUBORDINATION,
            "subordination-engaged where about == consent.request",
            "subordination-engaged where about != consent.request",
        ),
        FINANCED,
        "2001-03-31",
        "subordination-met/q1",
        "met",
        None,
    ),
    Changed(
        "an answer that is not looked for",
        (
            SUBORDINATION,
            "    unless:\n      answered: subordination-answered where request == engaged.about\n",
            "",
        ),
        FINANCED,
        "2001-03-31",
        "subordination-open/q1",
        None,
        "information",
    ),
    Changed(
        "a fee of more than 25 dollars",
        (
            PRINCIPAL,
            "allocation where fee > 0 and (prepayment",
            "allocation where fee > 25.00 and (prepayment",
        ),
        PREPAID,
        "2001-01-01",
        "prepayment-fee/p2",
        "breach",
        None,
    ),
    Changed(
        "a stale rate",
        (INTEREST, "bears and observed_on < start", "bears and observed_on <= end"),
        DUE_PAID,
        "2000-12-31",
        "rate-stale/interest/2000-12-31",
        None,
        "information",
    ),
    Changed(
        "checks taken for money",
        (PLACE, "payment where funds not in", "payment where funds in"),
        (*OPENED, pay("p1", "2000-12-31", "146,712.33", funds="check")),
        "2000-12-31",
        "payment-funds/p1",
        "breach",
        None,
    ),
    Changed(
        "payment to the old holder",
        (
            SUCCESSORS,
            "payee in told-off and payee != lender",
            "payee in told-off and payee == lender",
        ),
        OLD_HOLDER,
        "2001-01-04",
        "payment-payee/p1",
        "needs-judgment",
        None,
    ),
    Changed(
        "a statement a dollar off",
        (
            AGREEMENTS,
            "reconciliation where difference != 0.00",
            "reconciliation where difference > 1.00",
        ),
        (*DUE_PAID, fact("s1", "2000-12-31", "statement", principal="15,000,001.00")),
        "2000-12-31",
        "statement-differs/s1",
        "needs-fact",
        None,
    ),
]


@pytest.mark.parametrize("changed", CHANGED, ids=lambda changed: changed.name)
def test_another_word_in_a_rule_moves_its_finding(changed: Changed, tmp_path: Path) -> None:
    other = edited(tmp_path, changed.edit)
    assert found(check(changed.records, changed.as_of)).get(changed.finding) == changed.before
    moved = check(changed.records, changed.as_of, folder=other, make=fresh)
    assert found(moved).get(changed.finding) == changed.after


def test_the_ledger_follows_the_rule_that_accelerates(tmp_path: Path) -> None:
    words = "where power.accelerate is available"
    other = edited(tmp_path, (DEFAULT, words, words.replace("is available", "is not available")))
    plain = [o["id"] for o in check(ACCELERATED, "2001-01-10")["obligations"]]
    turned = check(ACCELERATED, "2001-01-10", folder=other, make=fresh)
    assert "principal/2001-01-10" in plain
    assert [o["id"] for o in turned["obligations"]] == ["interest/2000-12-31"]
    unfounded = check((*DUE_PAID, ACCELERATED[-1]), "2001-01-10", folder=other, make=fresh)
    assert "principal/2001-01-10" in [o["id"] for o in unfounded["obligations"]]


# What the ledger tells ---------------------------------------------------------------------------

MEASURES = {"money", "rate", "date", "number"}
REFERENCES = {"fact", "target", "index", "name", "component", "text"}
WORDS = {
    "cause": (
        "schedule",
        "maturity",
        "acceleration",
        "advance",
        "incurred",
        "opening",
        "call",
        "charge",
        "fee",
    ),
    "designation": ("interest", "principal", "costs", "prepayment"),
    "part": ("total", "principal", "interest"),
    "deed": ("assignment", "succession"),
}
"""Which of several things something is; none of them says whether that is as it should be."""
FLAGS = {
    "bears": "some principal was outstanding in the period",
    "closed": "the period has closed",
    "starved": "a payment in the period found no observation",
    "cap_wanted": "the pack wants a cap to be looked for",
}
"""What is so of a period and its observations."""
VERDICTS = (
    "breach default valid lawful late timely allowed forbidden wrong met waived compl viol "
    "ok_ is_ overdue excus unreason"
)


def test_the_ledger_tells_amounts_dates_and_states_and_no_verdict() -> None:
    words: dict[str, tuple[str, ...]] = {}
    flags: set[str] = set()
    for fields, _named_by, _standing in derived_kinds().values():
        for name, (type_, choices) in fields.items():
            if type_ == "boolean":
                flags.add(name)
            elif type_ == "word":
                assert words.setdefault(name, choices) == choices
            else:
                assert type_ in MEASURES | REFERENCES, (name, type_)
    assert words == WORDS
    assert flags == set(FLAGS)


def test_no_name_of_what_the_ledger_tells_is_a_verdict() -> None:
    for kind, (fields, _named_by, _standing) in derived_kinds().items():
        choices = [word for _type, words in fields.values() for word in words]
        for name in (kind, *fields, *choices):
            assert not [v for v in VERDICTS.split() if v in name], (kind, name)


# Another engine ----------------------------------------------------------------------------------


def without_receipt(data: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in data.items() if name != "receipt"}


class ByKind(NaiveSession):
    """Plain loops that look only among the records of a pattern's kind: long histories pass."""

    def __init__(self, rules: Sequence[EngineRule]) -> None:
        super().__init__(rules)
        self.rules = rules

    def add(self, records: Sequence[Record]) -> list[Match]:
        first = len(self.records)
        self.records += records
        of_kind: dict[str, list[int]] = {}
        for at, record in enumerate(self.records):
            of_kind.setdefault(record.kind, []).append(at)
        found = [
            Match(rule.name, dict(zip((p.alias for p in rule.patterns), indices, strict=True)))
            for rule in self.rules
            for indices in product(*(of_kind.get(p.kind, ()) for p in rule.patterns))
            if max(indices) >= first
            and len(set(indices)) == len(indices)
            and _holds(rule, self.records, indices)
        ]
        self.found += found
        self.asserted, self.matches = self._counts
        return found


class PlainRuleset(NaiveRuleset):
    def session(self) -> NaiveSession:
        return ByKind(self.rules)


TINY = partial(Ruleset, segment_size=3)


@pytest.mark.parametrize("seed", range(5000, 5070))
def test_engines_differ_only_in_the_receipt_on_random_histories(seed: int) -> None:
    records, as_of, readings = random_history(seed)
    data = without_receipt(check(records, as_of, readings))
    for make in (PlainRuleset, TINY, CompiledRuleset, *([NaiveRuleset] * (len(records) <= 12))):
        assert without_receipt(check(records, as_of, readings, make=make)) == data


STORIES = sorted((ROOT / "fixtures" / NOTE.name).glob("*/facts.*"))


def told(path: Path, make: Make) -> dict[str, Any]:
    chosen = pack()
    values = {name: term.value for name, term in chosen.terms.items()}
    facts = load_facts([str(path)], chosen.vocabulary(values))
    with Engines(chosen, make) as engines:
        return without_receipt(report(evaluate(chosen, engines, facts, last_date(facts, None))))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.parent.name)
def test_engines_differ_only_in_the_receipt_on_every_story(story: Path) -> None:
    data = told(story, fresh)
    for make in (PlainRuleset, TINY):
        assert told(story, make) == data


def test_the_stories_are_all_there() -> None:
    assert len(STORIES) >= 40
