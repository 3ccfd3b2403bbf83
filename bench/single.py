"""One contract: what it costs, where the time goes, growth with its facts, and questions of it."""

from __future__ import annotations

import gc
import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median

from bench.clock import Clock, TimedRuleset
from bench.made_up import facts as made_up
from checker.dates import iso
from checker.engine import Ruleset
from checker.evaluate import Engines, evaluate
from checker.facts import load_facts
from checker.inquiry import Inquiry, Meter
from checker.loader import load_pack
from checker.model import Fact, Place
from checker.money import RATE_ONE, percent, plain
from checker.pack import Pack
from checker.questions.changes import Entry, Scenario, apply
from checker.questions.payoff import payoff
from checker.questions.readings import readings
from checker.questions.whatif import what_if
from checker.report import report
from checker.timeline import last_date

ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2003, 1, 15).toordinal()
CONTRACTS, FACTS = 2_000, 50
SIZES = (10_000, 30_000, 100_000)
TIMES = 5
WITHIN = 60  # evaluations' time, in which every combination of answers is to be told


def write_csv(facts: Sequence[Fact], path: Path) -> None:
    """The facts as a file of CSV."""
    rows = ["id,date,kind,amount,index,value,funds"]
    for fact in facts:
        values = fact.values
        amount = plain(int(values["amount"])) if "amount" in values else ""
        rate = percent(int(values["value"])) if "value" in values else ""
        index, funds = values.get("index", ""), values.get("funds", "")
        rows.append(f"{fact.id},{iso(fact.date)},{fact.kind},{amount},{index},{rate},{funds}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def many_contracts(folder: Path) -> None:
    """A contract of 50 facts, 2,000 times."""
    clock = Clock()
    with clock.of("loading the pack"):
        pack = load_pack(ROOT / "rules" / "second-amended-note")
    vocabulary = pack.vocabulary({name: term.value for name, term in pack.terms.items()})
    path = folder / "facts.csv"
    write_csv(made_up(FACTS), path)
    engines = Engines(pack, lambda rules: TimedRuleset(Ruleset(rules), clock))
    started = time.process_time()
    for _ in range(CONTRACTS):
        with clock.of("reading"):
            facts = load_facts([str(path)], vocabulary)
        with clock.of("evaluation"):
            result = evaluate(pack, engines, facts, AS_OF)
        with clock.of("report"):
            json.dumps(report(result))
    spent = time.process_time() - started
    engines.close()
    clock.spent["ledger and loop"] = clock.spent.pop("evaluation") - clock.spent["engine"]
    print(f"{CONTRACTS:,} contracts of {FACTS} facts: {spent:.1f} s of one core")
    print(f"  {CONTRACTS / spent:,.0f} contracts a second, {CONTRACTS * FACTS / spent:,.0f} facts")
    for what in ("reading", "ledger and loop", "engine", "report"):
        print(f"  {what:16} {clock.spent[what] / spent:6.1%}")
    print(f"  (loading the pack, once: {clock.spent['loading the pack']:.2f} s)")


def one_contract(folder: Path) -> None:
    """One contract of more and more facts, each as a multiple of the smallest."""
    pack = load_pack(ROOT / "rules" / "second-amended-note")
    vocabulary = pack.vocabulary({name: term.value for name, term in pack.terms.items()})
    print("one contract of many facts:")
    first = 0.0
    gc.disable()  # as the command does
    for size in SIZES:
        path = folder / f"{size}.csv"
        write_csv(made_up(size), path)
        gc.collect()
        started = time.process_time()
        with Engines(pack) as engines:
            facts = load_facts([str(path)], vocabulary)
            text = json.dumps(report(evaluate(pack, engines, facts, AS_OF)))
        spent = time.process_time() - started
        first = first or spent
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  {size:8,} facts: {spent:6.1f} s, {spent / first:5.2f} times the first, "
            f"peak {memory:5.0f} MB, report {len(text) / 2**20:5.1f} MB"
        )


def small(folder: Path) -> tuple[Pack, list[Fact]]:
    """A pack, and the facts of one contract under it."""
    pack = load_pack(ROOT / "rules" / "second-amended-note")
    vocabulary = pack.vocabulary({name: term.value for name, term in pack.terms.items()})
    path = folder / "small.csv"
    write_csv(made_up(FACTS), path)
    return pack, load_facts([str(path)], vocabulary)


def one_question(folder: Path) -> None:
    """What a question costs, as a multiple of one evaluation of the same contract."""
    pack, facts = small(folder)
    print(f"questions about one contract of {FACTS} facts:")
    with Engines(pack) as engines:
        asked = Inquiry(pack, engines, facts, AS_OF)
        for name, ask in QUESTIONS.items():
            once = spent_on(lambda: report(replace(asked).result))
            meter = Meter()
            spent = spent_on(partial(ask, replace(asked, meter=meter)))
            made = meter.evaluations // TIMES
            print(f"  {name:16} {spent / once:6.1f} times one evaluation, {made:5,} evaluations")


def every_story() -> None:
    """What every combination of answers costs on each story of a pack, in the same measure."""
    print("readings --all of the stories of each pack:")
    for folder in sorted(path.parent for path in (ROOT / "rules").glob("*/contract.yaml")):
        pack = load_pack(folder)
        vocabulary = pack.vocabulary({name: term.value for name, term in pack.terms.items()})
        ratios: dict[str, float] = {}
        with Engines(pack) as engines:
            for path in sorted((ROOT / "fixtures" / folder.name).glob("*/facts.*")):
                facts = load_facts([str(path)], vocabulary)
                if facts:
                    asked = Inquiry(pack, engines, facts, last_date(facts, None))
                    once = spent_on(lambda asked=asked: report(replace(asked).result))
                    spent = spent_on(lambda asked=asked: readings(replace(asked), all_=True))
                    ratios[path.parent.name] = spent / once
        heaviest, middle = max(ratios, key=ratios.__getitem__), median(ratios.values())
        within = sum(ratio <= WITHIN for ratio in ratios.values())
        print(
            f"  {folder.name:20} {middle:5.1f} times one evaluation in the middle; "
            f"{within} of {len(ratios)} within {WITHIN}; most {ratios[heaviest]:.1f}, {heaviest}"
        )


def spent_on(ask: Callable[[], object]) -> float:
    """Processor seconds of the quickest of `TIMES` runs: what else runs here makes none quicker."""
    found = []
    for _ in range(TIMES):
        started = time.process_time()
        ask()
        found.append(time.process_time() - started)
    return min(found)


def _what_if(base: Inquiry) -> object:
    """A payment, a draw and another reading, with a range of rates."""
    place = Place("", 1, 1)
    day = iso(AS_OF)
    entries = (
        Entry("pay", day, "1000000.00", place, place),
        Entry("draw", day, "500.00", place, place),
        Entry("reading", "day-count", "actual/360", place, place),
    )
    changed, problems = apply(base, Scenario("asked", entries), base.pack.currency)
    assert changed is not None, problems
    return what_if(replace(base), [changed], (RATE_ONE * 3 // 100, RATE_ONE * 9 // 100))


QUESTIONS: dict[str, Callable[[Inquiry], object]] = {
    "what-if": _what_if,
    "payoff": lambda base: payoff(replace(base), AS_OF, 7),
    "readings": lambda base: readings(replace(base)),
    "readings --all": lambda base: readings(replace(base), all_=True),
}
