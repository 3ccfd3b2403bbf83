"""What stands on a day, as far as it was known: facts cut by date, and corrected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from checker.model import Fact

CORRECTION = "correction"
CORRECTION_FIELDS = ("of", "void")
"""The fields of a correction itself; every other one replaces a field of what it corrects."""


def effective(facts: Sequence[Fact], as_of: int | None, known_on: int | None) -> list[Fact]:
    """The facts dated until `as_of` and recorded until `known_on` (None: no limit), corrected.

    In the order of their dates, and of one day as they were given. What was taken back is left
    out, and so are the corrections themselves. A correction that came later wins; what was taken
    back stays so until the correction that took it back is itself taken back.
    """
    seen = [
        fact
        for fact in facts
        if (known_on is None or fact.recorded <= known_on)
        and (as_of is None or fact.date <= as_of or _hindsight(fact, known_on))
    ]
    return sorted(corrected(seen), key=lambda fact: (fact.date, fact.order))


def _hindsight(fact: Fact, known_on: int | None) -> bool:
    """A correction belongs to what is known, not to what happened: asked what was known on a day,
    all that had been recorded by then counts, on whatever day one looks at."""
    return known_on is not None and fact.kind == CORRECTION


def last_date(facts: Sequence[Fact], known_on: int | None) -> int:
    """The last day of the facts known on that day; a record taken back has no say in it.

    Corrections do count: looked at on an earlier day they would not yet have been made. Where
    nothing was known, nothing is later than `known_on` itself. ValueError where there are no facts.
    """
    known = [fact for fact in facts if known_on is None or fact.recorded <= known_on]
    days = [fact.date for fact in corrected(known)]
    days += [fact.date for fact in known if fact.kind == CORRECTION]
    if known_on is not None and facts:
        return max(days, default=known_on)
    return max(days)


def corrected(facts: Sequence[Fact]) -> Iterable[Fact]:
    """The facts as their corrections leave them, without those taken back and the corrections."""
    corrections = sorted(
        (fact for fact in facts if fact.kind == CORRECTION),
        key=lambda fact: (fact.recorded, fact.order),
    )
    if not corrections:
        return facts
    of: dict[str, list[Fact]] = {}
    for correction in corrections:
        of.setdefault(str(correction.values["of"]), []).append(correction)
    settled = _settle(facts, of)
    standing = (settled.get(fact.id, fact) for fact in facts if fact.kind != CORRECTION)
    return [fact for fact in standing if fact is not None]


def _settle(facts: Sequence[Fact], of: dict[str, list[Fact]]) -> dict[str, Fact | None]:
    """What became of every record that has corrections; None: it was taken back.

    Corrections are reached from the records they are of, and settled backwards, so that each is
    itself corrected before it is used. No recursion: a chain may be as long as the file.
    """
    reached = [fact for fact in facts if fact.kind != CORRECTION and fact.id in of]
    for fact in reached:  # grows while it is walked
        reached += of.get(fact.id, ())
    settled: dict[str, Fact | None] = {}
    for fact in reversed(reached):
        settled[fact.id] = _apply(fact, [settled[each.id] for each in of.get(fact.id, ())])
    return settled


def _apply(fact: Fact, corrections: Sequence[Fact | None]) -> Fact | None:
    values = dict(fact.values)
    for correction in corrections:
        if correction is None:
            continue
        if correction.values.get("void") is True:
            return None
        if fact.kind == CORRECTION:
            values.pop("void", None)  # given fields, it replaces from now on instead
        for name, value in correction.values.items():
            if name not in CORRECTION_FIELDS:
                values[name] = value
    return fact if values == fact.values else replace(fact, values=values)
