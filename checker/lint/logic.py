"""Lints of the rules' logic: what never or always holds, stands twice, or contradicts itself."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from checker.language import Comparison, Condition, Logic, Presence, branches, parse_condition
from checker.lint.conditions import (
    Branch,
    Holds,
    Reader,
    in_words,
    names_in,
    negation,
    satisfiable,
    together,
)
from checker.lint.desk import Bench, Flaw, Written
from checker.model import Place
from checker.pack import plain_words
from checker.rulebook import derived_kinds
from checker.rules import kinds_and_condition

FOR = frozenset({"met", "met-in-grace"})
AGAINST = frozenset({"breach", "event-of-default"})
ASIDE = frozenset({"date", "amount", "under", "about", "outcome", "against"})
"""Parts of a conclusion that are compared apart from its effects, or not at all."""


def never(bench: Bench) -> dict[str, Flaw]:
    """The rules that never fire, by their ids, each with what is wrong in it."""
    return {written.rule.id: flaw for written, flaw in _never(bench)}


def logic(bench: Bench, dead: Collection[str]) -> Iterator[Flaw]:
    """What else is wrong in the logic of the rules; those that never fire are left out."""
    told = _told(bench, set(dead))
    for name, written in bench.rules.items():
        if name not in dead:
            yield from _conditions(bench, written)
            yield from _exception(bench, written, told)
    alive = [written for name, written in bench.rules.items() if name not in dead]
    for one, other in itertools.combinations(alive, 2):
        yield from _pair(bench, one, other)


# Never --------------------------------------------------------------------------------------------


def _never(bench: Bench) -> Iterator[tuple[Written, Flaw]]:
    """Rules whose conditions no facts can meet, and those that rest on what is never found."""
    dead: set[str] = set()
    for name, written in bench.rules.items():
        message = _contradicts_itself(bench, written)
        if message:
            dead.add(name)
            yield written, Flaw("rule-never-fires", _first_place(bench, written), message)
    while True:
        told = _told(bench, dead)
        resting = [
            (written, alias, kinds)
            for name, written in bench.rules.items()
            if name not in dead
            for alias, kinds in written.rule.aliases.items()
            if not told & set(kinds)
        ]
        if not resting:
            return
        for written, alias, kinds in resting:
            if written.rule.id not in dead:
                dead.add(written.rule.id)
                named = " or ".join(kinds)
                message = f"no rule ever finds '{named}', on which '{written.rule.id}' rests"
                yield written, Flaw("rule-never-fires", written.place("when", alias), message)


def _told(bench: Bench, dead: set[str]) -> set[str]:
    """The kinds of fact that may be told; a finding is told under the name that its rule gives."""
    alive = [r for name, r in bench.pack.rules.items() if name not in dead]
    found = {rule.under for rule in alive if not rule.revises}
    rules = set(bench.rules)
    others = {kind for rule in alive for kind in rule.kinds if kind not in rules}
    return found | others | set(bench.pack.kinds) | set(derived_kinds()) | {"finding"}


def _contradicts_itself(bench: Bench, written: Written) -> str:
    """Why no facts can meet the rule's conditions; nothing where some can."""
    reader = bench.reader(written.rule)
    found = [
        [b for b in reader.alternatives(alias, text) if satisfiable(b)]
        for alias, text in written.patterns.items()
    ]
    if not all(found):
        return f"no fact can meet this condition, so '{written.rule.id}' never fires"
    if not together(*found):
        return f"the conditions of '{written.rule.id}' exclude each other: it never fires"
    return ""


def _first_place(bench: Bench, written: Written) -> Place:
    """The place of the first pattern that nothing can meet, or of the rule."""
    reader = bench.reader(written.rule)
    for alias, text in written.patterns.items():
        if not any(satisfiable(b) for b in reader.alternatives(alias, text)):
            return written.place("when", alias)
    return written.place()


# Parts of conditions ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """A condition of a pattern, and how to tell whether parts of it can hold together."""

    reader: Reader
    alias: str
    kinds: tuple[str, ...]

    def branches(self, condition: Condition) -> list[Branch]:
        return self.reader.branches(self.alias, self.kinds, condition)

    def both(self, *conditions: Condition) -> bool:
        """Whether all of the conditions can hold at once."""
        return together(*(self.branches(condition) for condition in conditions))

    def without(self, condition: Condition) -> list[Branch]:
        """How it may fail to hold, be it that a field is absent that it asks about."""
        found = self.branches(negation(condition))
        for name in names_in(condition):
            known = self.reader.find(name.text, self.alias)
            if known is not None and known.alias == self.alias and not known.known.always:
                found.append(frozenset([Holds(f"{known.variable} is there", true=False)]))
        return found


def _conditions(bench: Bench, written: Written) -> Iterator[Flaw]:
    """Conditions, or parts of them, that decide nothing."""
    reader = bench.reader(written.rule)
    for alias, text in written.patterns.items():
        kinds, rest = kinds_and_condition(text)
        if not rest.strip():
            continue
        condition = parse_condition(rest, bench.currency)
        asked = _Asked(reader, alias, kinds)
        place = written.place("when", alias)
        if not any(satisfiable(b) for b in asked.branches(negation(condition))):
            yield Flaw(
                "rule-always-fires", place,
                f"this condition of '{written.rule.id}' is always true: it holds back nothing",
            )  # fmt: skip
            continue
        for branch in branches(condition):
            if not any(satisfiable(b) for b in _branch(asked, branch)):
                message = f"this alternative can never hold: {in_words(branch)}"
                yield Flaw("alternative-never-holds", place, message)
        for part in _idle(asked, condition):
            yield Flaw("condition-idle", place, f"the rest decides without this: {part}")


def _exception(bench: Bench, written: Written, told: set[str]) -> Iterator[Flaw]:
    """An `unless` that never stands in the way."""
    reader = bench.reader(written.rule)
    asked = [reader.alternatives(alias, text) for alias, text in written.patterns.items()]
    for alias, found in _unless(written, reader):
        kinds = kinds_and_condition(written.part.unless[alias])[0]
        if not (told & set(kinds) and together(*asked, found)):
            message = f"this never stands in the way of '{written.rule.id}'"
            yield Flaw("unless-idle", written.place("unless", alias), message)


def _branch(asked: _Asked, branch: Sequence[Comparison | Presence]) -> list[Branch]:
    return asked.branches(Logic("and", tuple(branch)))


def _idle(asked: _Asked, condition: Condition) -> Iterator[str]:
    """The parts joined by `and` or `or` that the others make superfluous, in words."""
    if not isinstance(condition, Logic) or condition.op == "not":
        return
    for number, part in enumerate(condition.parts):
        if isinstance(part, Presence) and part.present:
            continue  # said for the reader's sake
        others = condition.parts[:number] + condition.parts[number + 1 :]
        rest = Logic(condition.op, others) if len(others) > 1 else others[0]
        if condition.op == "and":
            decides = together(asked.branches(rest), asked.without(part))
        else:
            decides = together(asked.branches(part), asked.without(rest))
        alone = any(satisfiable(b) for b in asked.branches(part))
        if not decides and alone and asked.both(rest):
            yield " or ".join(in_words(branch) for branch in branches(part))
            return  # what is left may be needed once this one is gone


# Two rules ----------------------------------------------------------------------------------------


def _pair(bench: Bench, one: Written, other: Written) -> Iterator[Flaw]:
    """What is wrong between two rules that look for the same things."""
    for tags in _alignments(one, other):
        tied = {alias: alias for alias in one.rule.aliases}
        if _conclusion(one, tied) == _conclusion(other, tags) and (
            _canonical(bench, one, tied) == _canonical(bench, other, tags)
        ):
            message = f"'{other.rule.id}' asks and concludes the same as '{one.rule.id}'"
            yield Flaw("rule-duplicate", other.place(), message)
            return
        if _conflict(bench, one, tied, other, tags) and together(
            *_all_alternatives(bench, one, tied), *_all_alternatives(bench, other, tags)
        ):
            message = (
                f"on the same facts '{other.rule.id}' finds {other.rule.outcome} where "
                f"'{one.rule.id}' finds {one.rule.outcome}, and neither has precedence"
            )
            yield Flaw("rule-contradiction", other.place(), message)
            return


def _alignments(one: Written, other: Written) -> Iterator[dict[str, str]]:
    """The ways to take the other rule's facts for the first one's: its alias to the first's."""
    mine, theirs = list(one.rule.aliases.items()), list(other.rule.aliases.items())
    if len(mine) != len(theirs):
        return
    for order in itertools.permutations(mine):
        if all(set(kinds) & set(theirs[i][1]) for i, (_alias, kinds) in enumerate(order)):
            yield {theirs[i][0]: alias for i, (alias, _kinds) in enumerate(order)}


def _all_alternatives(
    bench: Bench, written: Written, tags: Mapping[str, str]
) -> list[list[Branch]]:
    reader = Reader(bench, written.rule.aliases, tags)
    found = [reader.alternatives(alias, text) for alias, text in written.patterns.items()]
    return [[branch for branch in each if satisfiable(branch)] for each in found]


def _canonical(bench: Bench, written: Written, tags: Mapping[str, str]) -> set[object]:
    """The patterns without regard to the order and the names in which they are written."""
    reader = Reader(bench, written.rule.aliases, tags)
    asked: set[object] = {
        (tags[alias], frozenset(reader.alternatives(alias, text)))
        for alias, text in written.patterns.items()
    }
    unless = {("unless", frozenset(found)) for _alias, found in _unless(written, reader)}
    return asked | unless


def _unless(written: Written, reader: Reader) -> Iterator[tuple[str, list[Branch]]]:
    """The ways in which what `unless` looks for may be found."""
    for alias, text in written.part.unless.items():
        blocking = reader.with_alias(alias, kinds_and_condition(text)[0], "unless")
        yield alias, blocking.alternatives(alias, text)


def _conclusion(written: Written, tags: Mapping[str, str]) -> tuple[str, ...]:
    """What a rule concludes and does, without the names of its aliases."""
    then = written.part.then.model_dump(by_alias=True)
    effects = {key: value for key, value in then.items() if value and key not in ASIDE}
    return (written.rule.outcome, written.rule.against, _about(written, tags),
            _tagged(str(effects), tags))  # fmt: skip


def _about(written: Written, tags: Mapping[str, str]) -> str:
    """What a finding of the rule is about: as it is written, or the first fact."""
    then = written.part.then
    if then.revises:
        return tags[then.revises]
    return _tagged(then.about, tags) if then.about else tags[next(iter(written.patterns))]


def _tagged(text: str, tags: Mapping[str, str]) -> str:
    aliases = "|".join(map(re.escape, sorted(tags, key=len, reverse=True)))
    return re.sub(rf"(?<![\w.-])({aliases})(?![\w-])", lambda m: f"<{tags[m[1]]}>", text)


def _conflict(
    bench: Bench, one: Written, tied: Mapping[str, str], other: Written, tags: Mapping[str, str]
) -> bool:
    """Whether the two would say opposite things of one matter, and neither gives way."""
    a, b = one.rule, other.rule
    if a.outcome == b.outcome or bool(a.revises) != bool(b.revises):
        return False
    if a.blocker in (b.id, b.under) or b.blocker in (a.id, a.under):
        return False
    if _about(one, tied) != _about(other, tags):
        return False
    opposite = any(a.outcome in x and b.outcome in y for x, y in ((FOR, AGAINST), (AGAINST, FOR)))
    if a.under == b.under and not a.revises:
        return "information" not in (a.outcome, b.outcome)
    if not opposite or a.clause != b.clause or not _same_words(one, other):
        return False
    mine, theirs = _looked_at(bench, one, tied), _looked_at(bench, other, tags)
    return mine <= theirs or theirs <= mine


def _same_words(one: Written, other: Written) -> bool:
    """Whether the two speak of the same words of their clause."""
    mine, theirs = ([plain_words(w) for w in rule.part.words] for rule in (one, other))
    return any(a in b or b in a for a in mine for b in theirs)


def _looked_at(bench: Bench, written: Written, tags: Mapping[str, str]) -> set[str]:
    """The fields that the conditions ask about."""
    reader = Reader(bench, written.rule.aliases, tags)
    found = set()
    for alias, text in written.patterns.items():
        rest = kinds_and_condition(text)[1]
        for name in names_in(parse_condition(rest, bench.currency)) if rest.strip() else ():
            known = reader.find(name.text, alias)
            if known is not None and known.alias:
                found.add(known.variable)
    return found
