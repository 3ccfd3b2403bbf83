"""Further cases at the boundaries of a clause, made from its cases by one small change each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from checker import packfile
from checker.cases.coverage import Survey, step_of
from checker.cases.reading import SUFFIX, Case, case_report, read_cases
from checker.cases.recording import RecordingEngines, distances
from checker.cases.writing import case_text
from checker.dates import Day, iso, parse_day
from checker.engines import Make, usual
from checker.language import parse_literal, show
from checker.model import WrongInput
from checker.pack import Pack
from checker.rules import Boundary, Rule
from checker.source import Source, load_yaml, read_source

Entry = Mapping[str, Any]
Records = tuple[Entry, ...]
Key = tuple[object, ...]

TRIES = 60
"""Changes that are tried for one distance from one boundary before it is given up."""

_STEPS = {
    "date": ("on the day before", "on the very day", "on the day after"),
    "money": ("one cent under", "exactly even", "one cent over"),
    "rate": ("0.01% under", "exactly even", "0.01% over"),
    "ratio": ("0.01 to 1 under", "exactly even", "0.01 to 1 over"),
    "": ("one under", "exactly even", "one over"),
}
_DAYS = ("the day before the date of", "the day on which", "the day after the date of")


@dataclass(frozen=True)
class Change:
    """A case with something changed: what, in a whole sentence, and its new facts and day."""

    base: Case
    title: str
    records: Records
    as_of: Day


def boundary_cases(
    pack: Pack,
    cases: Sequence[Case],
    clauses: Sequence[str],
    bases: Sequence[Case],
    make: Make = usual,
) -> Iterator[str]:
    """A file of cases, in parts: those of these clauses that `cases` do not show already.

    Every case is made from one of the `bases` by one change, and expects what the pack says of it.
    """
    with _Maker(pack, cases, make) as maker:
        begun = False
        for clause in clauses:
            own = [case for case in bases if maker.clause_of(case) == clause]
            for text in maker.of_clause(clause, own):
                yield f"\n{text}" if begun else f"cases:\n{text}"
                begun = True


@dataclass
class _Maker:
    pack: Pack
    cases: Sequence[Case]
    make: Make = usual
    titles: set[str] = field(default_factory=set)
    known: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.stems = _stems(self.pack)
        self.survey = Survey(self.pack, self.make)
        self.trial = RecordingEngines(self.pack, self.make)
        self.reports: dict[str, Mapping[str, Any]] = {}
        self.reached: dict[tuple[str, str, str], list[tuple[int, Case]]] = {}
        for case in self.cases:
            self.titles.add(case.title)
            self.known.add(_key(case.records, case.as_of, case))
            self.reports[str(case.place)] = self.survey.look(case)
            self._reach(case)

    def __enter__(self) -> _Maker:
        self.survey.__enter__()
        return self

    def __exit__(self, *ended: object) -> None:
        self.survey.__exit__(*ended)
        self.trial.close()

    def _reach(self, case: Case) -> None:
        for rule in self.pack.rules.values():
            for boundary in rule.boundaries:
                for distance in self.survey.distances(rule, boundary):
                    at = (rule.id, boundary.alias, boundary.text)
                    self.reached.setdefault(at, []).append((distance, case))

    def clause_of(self, case: Case) -> str:
        """The clause beside whose file the case stands: the one whose name its file begins with."""
        fitting = [stem for stem in self.stems if case.stem.startswith(stem)]
        return self.stems[max(fitting, key=len)] if fitting else ""

    def of_clause(self, clause: str, bases: Sequence[Case]) -> Iterator[str]:
        """The texts of the further cases of one clause."""
        for change in (
            *self._orderings(clause, bases), *self._days(clause, bases),
            *self._same_day(bases), *self._calendar(bases),
        ):  # fmt: skip
            if text := self._made(clause, change):
                yield text

    # A change, made a case ------------------------------------------------------------------------

    def _entry(self, change: Change) -> dict[str, Any]:
        base, types = change.base, self.pack.terms
        return {
            "title": change.title,
            "facts": list(change.records),
            "as-of": iso(change.as_of),
            "known-on": None if base.known_on is None else iso(base.known_on),
            "readings": dict(base.choices.readings),
            "terms": {n: show(value, types[n].type) for n, value in base.choices.terms.items()},
        }

    def _read(self, entry: Entry) -> Case | None:
        """The case as it will be read from a file; None where its facts cannot be."""
        text = f"cases:\n{case_text(entry)}"
        try:
            (case,) = read_cases(self.pack, load_yaml(Source(f"generated{SUFFIX}", text)))
        except WrongInput:
            return None
        return case

    def _tried(self, change: Change) -> Case | None:
        if _key(change.records, change.as_of, change.base) in self.known:
            return None
        return self._read({**self._entry(change), "expect": {"outcome": "compliant"}})

    def _made(self, clause: str, change: Change) -> str:
        """The text of the case with what the pack says of it; nothing where it is known already."""
        case = self._tried(change)
        if case is None:
            return ""
        self.known.add(_key(change.records, change.as_of, change.base))
        title, number = change.title, 1
        while title in self.titles:
            number += 1
            title = f"{change.title[:-1]} ({number})."
        self.titles.add(title)
        data = self.survey.look(case)
        before = self.reports[str(change.base.place)]
        entry = {**self._entry(change), "title": title, "expect": _expect(clause, before, data)}
        name = Path(change.base.place.file).name
        return case_text(entry, f"made from line {change.base.place.line} of {name}")

    # What a rule orders ---------------------------------------------------------------------------

    def _orderings(self, clause: str, bases: Sequence[Case]) -> Iterator[Change]:
        for rule in self.pack.rules.values():
            if rule.clause != clause:
                continue
            for boundary in {(b.alias, b.text): b for b in rule.boundaries}.values():
                shown = self.survey.shown_at(rule, boundary)
                for wanted in sorted({-1, 0, 1} - shown):
                    change = self._reaching(rule, boundary, wanted, bases)
                    if change is not None:
                        yield change

    def _reaching(
        self, rule: Rule, boundary: Boundary, wanted: int, bases: Sequence[Case]
    ) -> Change | None:
        """The nearest change of a case that puts the boundary's sides so far apart."""
        step, allowed = step_of(boundary), {str(case.place) for case in bases}
        near = [
            (abs(wanted * step - distance), str(case.place), wanted * step - distance, case)
            for distance, case in self.reached.get((rule.id, boundary.alias, boundary.text), [])
            if str(case.place) in allowed and distance != wanted * step
        ]
        words = _STEPS.get(boundary.type, _STEPS[""])[wanted + 1]
        tail = f"which puts '{boundary.text}' of {rule.id} {words}."
        tries = 0
        for _near, _place, amount, case in sorted(near, key=lambda each: each[:3]):
            for change in self._shifts(case, boundary, amount, tail):
                tries += 1
                if tries > TRIES:
                    return None
                if self._lies(change, rule, boundary, wanted * step):
                    return change
        return None

    def _lies(self, change: Change, rule: Rule, boundary: Boundary, wanted: int) -> bool:
        case = self._tried(change)
        if case is None:
            return False
        self.trial.clear()
        case_report(self.pack, self.trial, case)
        seen = self.trial.seen(rule).records
        return any(distance == wanted for distance, _holds in distances(rule, boundary, seen))

    def _shifts(self, case: Case, boundary: Boundary, amount: int, tail: str) -> Iterator[Change]:
        """The case with one of its figures or dates moved by that much, one way or the other."""
        measure = boundary.type
        for number in reversed(range(len(case.records))):
            for by in (amount, -amount):
                if measure == "date":
                    yield from _dated(case, number, by, tail)
                else:
                    yield from self._figured(case, number, by, measure, tail)
        if measure == "date" and abs(amount) < 5000:
            day = case.as_of + amount
            yield Change(case, f"The facts are looked at on {iso(day)}, {tail}", case.records, day)

    def _figured(
        self, case: Case, number: int, by: int, measure: str, tail: str
    ) -> Iterator[Change]:
        """The case with one figure of one of its records moved."""
        record = case.records[number]
        kind = self.pack.kinds.get(str(record.get("kind")))
        for name, given in (kind.fields if kind else {}).items():
            if given.type != measure or name not in record:
                continue
            old = parse_literal(str(record[name]), given.type, self.pack.currency)
            if not isinstance(old, int) or old + by < 0:
                continue
            new = show(old + by, given.type)
            was = show(old, given.type)
            title = f"{_called(record)} has the {name} {new} instead of {was}, {tail}"
            yield Change(case, title, _with(case, number, **{name: new}), case.as_of)

    # Days on which it is looked at ----------------------------------------------------------------

    def _days(self, clause: str, bases: Sequence[Case]) -> Iterator[Change]:
        """The day before, on and after each rule of the clause finds something."""
        shown = self._days_shown()
        for case in bases:
            for finding in self.reports[str(case.place)]["findings"]:
                rule, day = str(finding["rule"]), parse_day(str(finding["date"]))
                if finding["clause"] != clause or day <= _first_day(case):
                    continue
                for step, words in zip((-1, 0, 1), _DAYS, strict=True):
                    if (rule, step) not in shown:
                        shown.add((rule, step))
                        told = f"{words} {finding['id']}{' is dated' if step == 0 else ''}"
                        title = f"The facts are looked at on {iso(day + step)}, {told}."
                        yield Change(case, title, case.records, day + step)

    def _days_shown(self) -> set[tuple[str, int]]:
        """Rules, and how many days after their findings' dates the same facts are looked at."""
        dated: dict[Key, set[tuple[str, Day]]] = {}
        looked: dict[Key, set[Day]] = {}
        for case in self.cases:
            facts = _key(case.records, 0, case)
            looked.setdefault(facts, set()).add(case.as_of)
            for finding in self.reports[str(case.place)]["findings"]:
                found = (str(finding["rule"]), parse_day(str(finding["date"])))
                dated.setdefault(facts, set()).add(found)
        return {
            (rule, day - date_)
            for facts, found in dated.items()
            for rule, date_ in found
            for day in looked[facts]
        }

    # Order within a day ---------------------------------------------------------------------------

    def _same_day(self, bases: Sequence[Case]) -> Iterator[Change]:
        """Two records of one day, one before the other and the other way round."""
        shown = {
            (str(one.get("kind")), str(other.get("kind")))
            for case in bases
            for _i, _j, one, other in _pairs(case.records)
            if one.get("date") == other.get("date")
        }
        for case in bases:
            for i, j, one, other in _pairs(case.records):
                kinds = (str(one.get("kind")), str(other.get("kind")))
                if kinds[0] == kinds[1] or kinds[::-1] in shown:
                    continue
                if one.get("date") == other.get("date"):
                    shown.add(kinds[::-1])
                    yield _exchanged(case, i, j)
                elif kinds not in shown and _next_to(case.records, i, j):
                    shown |= {kinds, kinds[::-1]}
                    yield from _brought_together(case, i, j)

    # Weekends and leap days -----------------------------------------------------------------------

    def _calendar(self, bases: Sequence[Case]) -> Iterator[Change]:
        """For each kind of fact, one on a Saturday, on a Sunday and on 29 February."""
        shown = {
            (str(record.get("kind")), special)
            for case in bases
            for record in case.records
            for special in _SPECIAL
            if _SPECIAL[special](parse_day(str(record["date"])))
        }
        for case in bases:
            for number in reversed(range(len(case.records))):
                record = case.records[number]
                for special, fits in _SPECIAL.items():
                    if (str(record.get("kind")), special) in shown:
                        continue
                    day = parse_day(str(record["date"]))
                    new = next(d for d in range(day + 1, day + 3000) if fits(d))
                    title = (
                        f"{_called(record)} is dated {special} {iso(new)} instead of"
                        f" {_weekday(day)} {iso(day)}."
                    )
                    moved = _with(case, number, date=iso(new))
                    change = Change(case, title, moved, max(case.as_of, new))
                    if self._tried(change) is not None:
                        shown.add((str(record.get("kind")), special))
                        yield change


# Changes of records ------------------------------------------------------------------------------

_SPECIAL: dict[str, Callable[[Day], bool]] = {
    "Saturday": lambda day: date.fromordinal(day).weekday() == 5,
    "Sunday": lambda day: date.fromordinal(day).weekday() == 6,
    "the leap day": lambda day: iso(day)[5:] == "02-29",
}


def _weekday(day: Day) -> str:
    return f"{date.fromordinal(day):%A}"


def _called(record: Entry, the: str = "The") -> str:
    return f"{the} record {record.get('id')} ({record.get('kind')})"


def _with(case: Case, number: int, **fields: str) -> Records:
    """The case's records with other fields in one of them."""
    changed = {**case.records[number], **fields}
    return (*case.records[:number], changed, *case.records[number + 1 :])


def _dated(case: Case, number: int, by: int, tail: str) -> Iterator[Change]:
    record = case.records[number]
    old = parse_day(str(record["date"]))
    if abs(by) < 5000:
        title = f"{_called(record)} is dated {iso(old + by)} instead of {iso(old)}, {tail}"
        records = _with(case, number, date=iso(old + by))
        yield Change(case, title, records, max(case.as_of, old + by))


def _pairs(records: Records) -> Iterator[tuple[int, int, Entry, Entry]]:
    for i, one in enumerate(records):
        for j in range(i + 1, len(records)):
            yield i, j, one, records[j]


def _next_to(records: Records, i: int, j: int) -> bool:
    """Whether no third record is dated between the two."""
    days = sorted(str(records[at]["date"]) for at in (i, j))
    others = [str(r["date"]) for at, r in enumerate(records) if at not in (i, j)]
    return not any(days[0] <= day <= days[1] for day in others)


def _exchanged(case: Case, i: int, j: int) -> Change:
    one, other = case.records[i], case.records[j]
    records = list(case.records)
    records[i], records[j] = other, one
    title = (
        f"{_called(other)} is recorded before {_called(one, 'the')} of the same day"
        f" {one['date']}, and not after it."
    )
    return Change(case, title, tuple(records), case.as_of)


def _brought_together(case: Case, i: int, j: int) -> Iterator[Change]:
    """The earlier of two records on the day of the later, first before and then after it."""
    days = [str(case.records[at]["date"]) for at in (i, j)]
    earlier, later = (i, j) if days[0] < days[1] else (j, i)
    day = str(case.records[later]["date"])
    records = list(_with(case, earlier, date=day))
    for where in ("before", "after"):
        first, second = (earlier, later) if where == "before" else (later, earlier)
        ordered = list(records)
        ordered[min(i, j)], ordered[max(i, j)] = records[first], records[second]
        title = (
            f"{_called(records[earlier])} is dated {day}, as is"
            f" {_called(records[later], 'the')}, and recorded {where} it."
        )
        yield Change(case, title, tuple(ordered), case.as_of)


def _first_day(case: Case) -> Day:
    return min((parse_day(str(record["date"])) for record in case.records), default=case.as_of)


def _key(records: Records, as_of: Day, case: Case) -> Key:
    """What makes two cases the same, whatever their titles."""
    told = tuple(tuple(sorted((k, str(v)) for k, v in record.items())) for record in records)
    choices = case.choices
    terms = tuple(sorted((name, str(value)) for name, value in choices.terms.items()))
    return told, as_of, case.known_on, tuple(sorted(choices.readings.items())), terms


def _stems(pack: Pack) -> dict[str, str]:
    """The names of the clauses' files, without what they end in, and the clauses in them."""
    stems = {}
    for path in sorted(Path(pack.folder).glob("*.yaml")):
        if packfile.is_clause(path.name):
            data = load_yaml(read_source(path)).data
            stems[path.name.removesuffix(".yaml")] = str(data["clause"])
    return stems


# What a case expects -----------------------------------------------------------------------------

_FINDING = ("id", "outcome", "date", "amount")
_OBLIGATION = ("id", "last_day", "unpaid", "state")
_PAYMENT = ("fact", "interest", "principal", "costs", "excess")
_BALANCES = ("principal", "principal_due", "interest_due", "accrued_interest")


def _expect(clause: str, before: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome, the clause's findings and obligations, every payment's split, the balances."""
    found = [f for f in data["findings"] if f["clause"] == clause]
    ids = {f["id"] for f in data["findings"]}
    gone = [f["id"] for f in before["findings"] if f["clause"] == clause and f["id"] not in ids]
    owed = [o for o in data["obligations"] if o["clause"] == clause]
    return {
        "outcome": data["outcome"],
        "findings": [_some(f, _FINDING) for f in found],
        "absent": gone,
        "obligations": [_some(o, _OBLIGATION) for o in owed],
        "payments": [_some(p, _PAYMENT) for p in data["payments"]],
        "balances": _some(data["balances"], _BALANCES),
    }


def _some(entry: Entry, names: Sequence[str]) -> dict[str, Any]:
    return {name: entry[name] for name in names if entry.get(name) is not None}
