"""What the engines take for the same records: those of the stories, and of a made-up contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date

from bench.made_up import facts as made_up
from checker.compiled import CompiledRuleset
from checker.engine import Ruleset
from checker.evaluate import Engines, evaluate
from checker.patterns import EngineRule, Match, Matcher, Record
from tests.naive import RecordingRuleset, RecordingSession
from tests.product import NOTE, pack
from tests.stories import runs, stories

AS_OF = date(2003, 1, 15).toordinal()
ROUNDS = 7
LEAST = 10_000  # records in a round

Batches = list[list[Record]]
Asked = list[tuple[Sequence[EngineRule], list[Batches]]]
"""Rules, and what was added to each of their sessions, call by call."""


class _Kept(RecordingSession):
    """A session that keeps what is added, call by call."""

    def __init__(self, inner: RecordingSession) -> None:
        super().__init__(inner)
        self.batches: Batches = []

    def add(self, records: Sequence[Record]) -> list[Match]:
        """Adds, and keeps."""
        self.batches.append(list(records))
        return super().add(records)


class _Keeping(RecordingRuleset):
    """A ruleset whose sessions keep what is added to them."""

    def __init__(self, rules: Sequence[EngineRule]) -> None:
        super().__init__(CompiledRuleset(rules))
        self.rules, self.kept = rules, list[_Kept]()

    def session(self) -> _Kept:
        """A session that is kept."""
        self.kept.append(_Kept(super().session()))
        return self.kept[-1]


def asked(evaluations: Callable[[Callable[[Sequence[EngineRule]], Matcher]], None]) -> Asked:
    """What is asked of the engines in some evaluations."""
    made: list[_Keeping] = []

    def make(rules: Sequence[EngineRule]) -> Matcher:
        made.append(_Keeping(rules))
        return made[-1]

    evaluations(make)
    return [(each.rules, [session.batches for session in each.kept]) for each in made]


def _one_contract(make: Callable[[Sequence[EngineRule]], Matcher]) -> None:
    with Engines(pack(NOTE), make) as engines:
        evaluate(pack(NOTE), engines, made_up(50), AS_OF)


def _every_story(make: Callable[[Sequence[EngineRule]], Matcher]) -> None:
    for story in stories():
        for run in runs(story):
            run.report(make)


def _spent(asked: Asked, make: Callable[[Sequence[EngineRule]], Matcher], times: int) -> float:
    """Processor seconds of the best of several rounds; the rules are compiled beforehand."""
    engines = [(make(rules), sessions) for rules, sessions in asked]
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            for engine, sessions in engines:
                for batches in sessions:
                    _replay(engine, batches)
        best = min(best, (time.process_time() - started) / times)
    for engine, _sessions in engines:
        engine.close()
    return best


def _replay(engine: Matcher, batches: Batches) -> None:
    with engine.session() as session:
        for batch in batches:
            session.add(batch)


def main() -> None:
    """Prints what each engine takes for each set of records, and how often one goes into it."""
    print("the engines alone, from records to matches, on one core:")
    sets = {"a contract of 50 facts": _one_contract, "every story": _every_story}
    for name, evaluations in sets.items():
        told = asked(evaluations)
        count = sum(len(b) for _rules, sessions in told for batches in sessions for b in batches)
        times = max(1, LEAST // count)
        durable, compiled = (_spent(told, make, times) for make in (Ruleset, CompiledRuleset))
        print(
            f"  {name:24} {count:7,} records: durable-rules {count / durable:9,.0f} a second,"
            f" compiled {count / compiled:9,.0f}, {durable / compiled:4.1f} times as many"
        )


if __name__ == "__main__":
    main()
