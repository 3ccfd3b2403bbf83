"""Which engine matches the rules: durable-rules, the compiled one, or both side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from checker.compiled import COMPILED_NAME, CompiledRuleset
from checker.engine import Ruleset, import_fault
from checker.patterns import EngineRule, Match, Matcher, MatchSession, Record

Make = Callable[[Sequence[EngineRule]], Matcher]
"""What makes an engine of rules."""

_TOLD = 5  # of the matches in which two engines differ, and of the records
_Answer = list[Match] | ValueError


class EnginesDiffer(Exception):
    """Two engines that were asked the same answered differently: an internal fault of one."""


class SideBySide:
    """Two engines that are asked the same and must answer the same, in the same order."""

    def __init__(
        self,
        rules: Sequence[EngineRule],
        one: Make = Ruleset,
        other: Make = CompiledRuleset,
    ) -> None:
        self._engines = (one(rules), other(rules))
        self.name = " and ".join(engine.name for engine in self._engines)

    def session(self) -> SessionsSideBySide:
        """Begin an empty stream in each."""
        sessions = [(engine.name, engine.session()) for engine in self._engines]
        return SessionsSideBySide(sessions)

    def close(self) -> None:
        """Free the rules of both."""
        for engine in self._engines:
            engine.close()


class SessionsSideBySide:
    """One stream of records, added to two engines."""

    def __init__(self, sessions: Sequence[tuple[str, MatchSession]]) -> None:
        self.asserted = 0
        self.matches = 0
        self._sessions = sessions

    def add(self, records: Sequence[Record]) -> list[Match]:
        """What both answer; EnginesDiffer where they do not, ValueError where both refuse."""
        one, other = (_answer(session, records) for _name, session in self._sessions)
        if isinstance(one, ValueError) and isinstance(other, ValueError):
            raise one
        counts = [(session.asserted, session.matches) for _name, session in self._sessions]
        if isinstance(one, ValueError) or isinstance(other, ValueError) or one != other:
            raise EnginesDiffer(self._difference(records, one, other))
        if counts[0] != counts[1]:
            raise EnginesDiffer(f"{self._preface(records)} they count {counts[0]} and {counts[1]}")
        self.asserted, self.matches = counts[0]
        return one

    def _preface(self, records: Sequence[Record]) -> str:
        names = " and ".join(name for name, _session in self._sessions)
        first, last = self.asserted + 1, self.asserted + len(records)
        what = f"record {first}" if first == last else f"records {first} to {last}"
        return f"{names} differ on {what} of what they were told:"

    def _difference(self, records: Sequence[Record], one: _Answer, other: _Answer) -> str:
        """Who found what the other did not, and the records that were added."""
        (name, _), (name_of_other, _) = self._sessions
        told = [_alone(name, one, other), _alone(name_of_other, other, one)]
        what = "; ".join(line for line in told if line) or "the same matches, not in one order"
        given = "; ".join(f"{record.kind} {dict(record.fields)}" for record in records[:_TOLD])
        return f"{self._preface(records)} {what}. Told was: {given}"

    def close(self) -> None:
        """End both."""
        for _name, session in self._sessions:
            session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _answer(session: MatchSession, records: Sequence[Record]) -> _Answer:
    try:
        return session.add(records)
    except ValueError as refused:
        return refused


def _alone(name: str, mine: _Answer, others: _Answer) -> str:
    """What one engine answers and the other does not."""
    if isinstance(mine, ValueError):
        return f"{name} refuses: {mine}"
    known = [] if isinstance(others, ValueError) else others
    own = [match for match in mine if match not in known]
    if not own:
        return ""
    more = f" and {len(own) - _TOLD} more" if len(own) > _TOLD else ""
    return f"{name} alone finds {', '.join(map(_spell, own[:_TOLD]))}{more}"


def _spell(match: Match) -> str:
    facts = ", ".join(f"{alias} {index + 1}" for alias, index in match.facts.items())
    return f"{match.rule} ({facts})"


# ---- the choice ----------------------------------------------------------------------------------


class StandIn(CompiledRuleset):
    """The compiled engine, where durable-rules was to be used and does not load."""

    name = f"{COMPILED_NAME} (durable-rules does not load)"


ENGINES: dict[str, Make] = {
    "durable": Ruleset,
    "compiled": CompiledRuleset,
    "both": SideBySide,
}
"""What `--engine` takes, and what it makes."""


def usual(rules: Sequence[EngineRule]) -> Matcher:
    """durable-rules; where it does not load, the compiled engine, which says so in its name."""
    return StandIn(rules) if import_fault() else Ruleset(rules)


def stand_in_notice() -> str:
    """What a person is told where durable-rules does not load; nothing where it does."""
    fault = import_fault()
    return f"the compiled engine stands in, for {fault}" if fault else ""
