"""What must hold under every pack: the stories' facts, bent at random, lose no cent or day."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from checker.compiled import COMPILED_NAME, CompiledRuleset
from checker.dates import LAST_DAY
from checker.engine import ENGINE_NAME, Ruleset
from checker.evaluate import Engines, Evaluation, conclude, evaluate
from checker.facts import check_together, contradictions, load_facts, uncollected
from checker.inquiry import Inquiry
from checker.model import Fact, Vocabulary
from checker.questions.courses import Course
from checker.questions.readings import readings
from checker.report import report
from checker.terms import Choices
from checker.timeline import CORRECTION, effective
from tests.naive import NaiveRuleset
from tests.oracle import cents
from tests.product import ROOT, engines, pack
from tests.stories import runs, stories

PACKS = sorted(path.parent for path in (ROOT / "rules").glob("*/contract.yaml"))
DEEDS = ("payment", "advance", "costs", "refund")
PARTS = ("interest", "principal", "costs", "excess", "unapplied")

often = settings(max_examples=25, deadline=None, derandomize=True, database=None)
of_every_pack = pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)


@cache
def told(folder: Path) -> list[tuple[list[Fact], Choices]]:
    """The facts of a pack's stories, with the readings of each run."""
    found = []
    for story in stories():
        if story.parent.name != folder.name:
            continue
        for run in runs(story):
            facts = load_facts([str(run.facts)], vocabulary(folder))
            found.append((facts, Choices(readings=dict(run.readings))))
    return found


@cache
def vocabulary(folder: Path) -> Vocabulary:
    terms = pack(folder).terms
    return pack(folder).vocabulary({name: term.value for name, term in terms.items()})


def bent(folder: Path, seed: int) -> tuple[list[Fact], Choices]:
    """A story's facts with some left out, moved by days or changed in amount, and any readings."""
    some = random.Random(seed)
    facts, choices = some.choice(told(folder))
    found: list[Fact] = []
    for fact in facts:
        chance = some.random()
        if chance < 0.08:
            continue
        day, values = fact.date, dict(fact.values)
        if chance < 0.3:
            day = min(LAST_DAY, day + some.choice([-31, -10, -2, -1, 1, 2, 3, 5, 11, 31, 61]))
        amount = values.get("amount")
        if fact.kind in DEEDS and isinstance(amount, int) and some.random() < 0.3:
            values["amount"] = max(1, amount + some.choice([-1, 1, -amount // 2, amount]))
        recorded = fact.recorded + day - fact.date
        found.append(Fact(fact.id, fact.kind, day, recorded, fact.order, values))
    if some.random() < 0.5:
        readings = {
            name: some.choice(list(question.answers))
            for name, question in pack(folder).questions.items()
        }
        choices = Choices(readings=readings)
    known = vocabulary(folder)
    assume(found and not check_together(found, known) and not contradictions(found, known))
    return found, choices


def last_day(facts: list[Fact], seed: int) -> int:
    return max(fact.date for fact in facts) + seed % 120


def borne(data: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The interest of every period, with its rate."""
    return [(p["from"], p["rate"], p["interest"]) for p in data["periods"]]


seeds = st.integers(0, 100_000)


@of_every_pack
def test_every_pack_has_stories_enough(folder: Path) -> None:
    assert len(told(folder)) >= 12


@of_every_pack
@often
@given(seed=seeds)
def test_no_cent_is_lost(folder: Path, seed: int) -> None:
    facts, choices = bent(folder, seed)
    as_of = last_day(facts, seed)
    result = evaluate(pack(folder), engines(folder), facts, as_of, None, choices)
    data, ledger = report(result), result.evaluation.ledger
    paid = sum(f.values["amount"] for f in result.facts if f.kind == "payment")  # type: ignore[misc]
    assert sum(cents(p["amount"]) for p in data["payments"]) == paid
    for payment in data["payments"]:
        assert sum(cents(payment[part]) for part in PARTS) == cents(payment["amount"])
        assert sum(cents(part) for part in payment["charges"].values()) == cents(payment["costs"])
    for component, queue in ledger._open.items():  # the ledger's own account
        of_it = [o for o in ledger.obligations.values() if o.component == component]
        assert ledger.due(component) == sum(o.unpaid for o in of_it), component
        assert sorted(o.id for o in queue) == sorted(o.id for o in of_it if o.unpaid)
        assert all(0 <= o.unpaid <= o.amount for o in of_it)
    assert ledger.accrual.principal >= ledger.due("principal")
    assert ledger.accrual.overdue >= 0
    lent = sum(
        int(f.values.get(name, 0))
        for f in result.facts
        for kind, name in (("advance", "amount"), ("opening-balance", "principal"))
        if f.kind == kind
    )
    assert ledger.accrual.principal == lent - sum(cents(p["principal"]) for p in data["payments"])


@of_every_pack
@often
@given(seed=seeds)
def test_facts_as_they_arrive_give_what_all_at_once_gives(folder: Path, seed: int) -> None:
    records, choices = bent(folder, seed)
    as_of, some = last_day(records, seed), random.Random(seed)
    facts = effective(records, as_of, None)
    evaluation = Evaluation(pack(folder), engines(folder), choices)
    with closing(evaluation):
        for day, of_day in groupby(facts, key=lambda fact: fact.date):
            evaluation.run(list(of_day), day)
            if some.random() < 0.2:  # somebody asks in between
                arrived = [fact for fact in facts if fact.date <= day]
                so_far = report(conclude(evaluation, day, None, arrived, choices))
                once = evaluate(pack(folder), engines(folder), arrived, day, None, choices)
                assert so_far == report(once)
        evaluation.run([], as_of)
        stepwise = report(conclude(evaluation, as_of, None, facts, choices))
    once = evaluate(pack(folder), engines(folder), records, as_of, None, choices)
    assert stepwise == report(once)


@of_every_pack
@often
@given(seed=seeds)
def test_facts_after_the_day_change_nothing(folder: Path, seed: int) -> None:
    facts, choices = bent(folder, seed)
    some = random.Random(seed)
    as_of = some.choice(facts).date + some.randint(-3, 40)
    happened = [fact for fact in facts if fact.date <= as_of]
    assume(happened)
    of, by = pack(folder), engines(folder)
    before = report(evaluate(of, by, happened, as_of, None, choices))
    assert before == report(evaluate(of, by, facts, as_of, None, choices))


@of_every_pack
@often
@given(seed=seeds)
def test_the_order_of_one_days_records_of_one_kind_does_not_change_what_is_owed(
    folder: Path, seed: int
) -> None:
    facts, choices = bent(folder, seed)
    assume(not any(fact.kind == CORRECTION or "designation" in fact.values for fact in facts))
    halves: list[Fact] = []
    for fact in facts:  # every payment and advance in two unequal parts of one day
        amount = fact.values.get("amount")
        if fact.kind not in ("payment", "advance") or not isinstance(amount, int) or amount < 3:
            halves.append(fact)
            continue
        bare = {n: v for n, v in fact.values.items() if n in ("funds", "place", "payee")}
        for letter, part in (("", amount // 3), ("y", amount - amount // 3)):
            one = {**bare, "amount": part}
            halves.append(Fact(fact.id + letter, fact.kind, fact.date, fact.date, 0, one))
    ordered = [Fact(f.id, f.kind, f.date, f.recorded, n, f.values) for n, f in enumerate(halves)]
    turned: list[Fact] = []
    for _day, of_day in groupby(sorted(ordered, key=lambda f: f.date), key=lambda f: f.date):
        same = list(of_day)
        for kind in dict.fromkeys(f.kind for f in same):
            of_kind = [f for f in same if f.kind == kind]
            turned += reversed(of_kind) if kind in ("payment", "advance") else of_kind
    turned = [Fact(f.id, f.kind, f.date, f.recorded, n, f.values) for n, f in enumerate(turned)]
    as_of = last_day(facts, seed)
    of, by = pack(folder), engines(folder)
    told_so = report(evaluate(of, by, ordered, as_of, None, choices))
    told_other = report(evaluate(of, by, turned, as_of, None, choices))
    # A charge on each payment is rounded for each: as many cents at most may lie between.
    charged = told_so["balances"]["costs_due"] != "0.00"
    apart = len(told_so["payments"]) if charged else 0
    for name, owed in told_so["balances"].items():
        if isinstance(owed, str):
            assert abs(cents(owed) - cents(told_other["balances"][name])) <= apart, name
    assert borne(told_so) == borne(told_other)


@of_every_pack
@often
@given(seed=seeds)
def test_the_compiled_engine_gives_what_durable_rules_gives(folder: Path, seed: int) -> None:
    facts, choices = bent(folder, seed)
    as_of = last_day(facts, seed)
    of = pack(folder)
    durable = report(evaluate(of, engines(folder, Ruleset), facts, as_of, None, choices))
    compiled = report(evaluate(of, engines(folder, CompiledRuleset), facts, as_of, None, choices))
    assert compiled["receipt"].pop("engine") == COMPILED_NAME
    assert durable["receipt"].pop("engine") == ENGINE_NAME
    assert compiled == durable


@of_every_pack
@settings(max_examples=12, deadline=None, derandomize=True, database=None)
@given(seed=seeds)
def test_the_engine_gives_what_plain_loops_give(folder: Path, seed: int) -> None:
    facts, choices = bent(folder, seed)
    assume(len(facts) < 60)
    as_of = last_day(facts, seed)
    of = pack(folder)
    found = report(evaluate(of, engines(folder), facts, as_of, None, choices))
    with Engines(of, NaiveRuleset) as plain:
        naive = report(evaluate(of, plain, facts, as_of, None, choices))
    assert naive["receipt"].pop("engine") != found["receipt"].pop("engine")
    assert found == naive


def left_behind(kind: type, do: Callable[[], object]) -> int:
    """How many of a kind are still there when what made them is over, and nothing was collected."""
    gc.collect()
    before = sum(type(each) is kind for each in gc.get_objects())
    with uncollected():
        do()
        return sum(type(each) is kind for each in gc.get_objects()) - before


@of_every_pack
def test_what_is_over_leaves_nothing_that_only_a_collector_would_free(folder: Path) -> None:
    facts, choices = max(told(folder), key=lambda each: len(each[0]))
    until = max(fact.date for fact in facts)

    def evaluated() -> None:
        report(evaluate(pack(folder), engines(folder), facts, until, None, choices))

    def explored() -> None:
        asked = Inquiry(pack(folder), engines(folder), facts, until, None, choices)
        readings(asked, all_=True)

    assert left_behind(Evaluation, evaluated) == 0
    assert left_behind(Course, explored) == 0
