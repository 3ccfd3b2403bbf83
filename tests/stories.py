"""The stories under fixtures/: facts, what is expected of them by hand, and the golden reports.

`python -m tests.stories` writes the goldens anew, of all packs or of those that are named; the
difference is then read before it is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checker.commands.output import rendered, write_whole
from checker.dates import parse_day
from checker.engines import Make, usual
from checker.evaluate import evaluate
from checker.facts import load_facts
from checker.report import report
from checker.source import load_yaml, read_source
from checker.terms import Choices
from checker.timeline import last_date
from tests.product import ROOT, engines, pack

FIXTURES = ROOT / "fixtures"
GOLDENS = ("text", "json")


@dataclass(frozen=True)
class Run:
    """One evaluation of a story: its day, its readings, and what it must give."""

    story: Path
    name: str
    as_of: str = ""
    known_on: str = ""
    readings: Mapping[str, str] = field(default_factory=dict)
    exit: int | None = None
    expect: Mapping[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> Path:
        """The story's facts, whatever their format."""
        (path,) = self.story.glob("facts.*")
        return path

    @property
    def rules(self) -> Path:
        """The pack of the story: the folder of rules with the name of its folder of stories."""
        return ROOT / "rules" / self.story.parent.name

    def report(self, make: Make = usual) -> dict[str, Any]:
        """The report of this run, by an engine."""
        chosen = pack(self.rules)
        vocabulary = chosen.vocabulary({name: t.value for name, t in chosen.terms.items()})
        facts = load_facts([str(self.facts)], vocabulary)
        known = parse_day(self.known_on) if self.known_on else None
        day = parse_day(self.as_of) if self.as_of else last_date(facts, known)
        choices = Choices(readings=dict(self.readings))
        return report(evaluate(chosen, engines(self.rules, make), facts, day, known, choices))


def stories(pack_name: str = "*") -> list[Path]:
    """The folders of all stories, or of those of one pack."""
    return sorted(path.parent for path in FIXTURES.glob(f"{pack_name}/*/expect.yaml"))


def title(story: Path) -> str:
    """The story's name, with that of its pack: two packs may have stories of one name."""
    return f"{story.parent.name}/{story.name}"


def runs(story: Path) -> Iterator[Run]:
    """The runs that a story's expect.yaml asks for."""
    data = load_yaml(read_source(story / "expect.yaml")).data
    for run in data["runs"]:
        unknown = set(run) - {"name", "as-of", "known-on", "readings", "exit", "expect"}
        assert not unknown, (story, unknown)
        yield Run(
            story,
            run["name"],
            run.get("as-of", ""),
            run.get("known-on", ""),
            run.get("readings", {}),
            run.get("exit"),
            run["expect"],
        )


KEYS = {
    "findings": "id",
    "obligations": "id",
    "payments": "fact",
    "periods": "from",
    "powers": "id",
}


def differences(data: Mapping[str, Any], expect: Mapping[str, Any]) -> list[str]:
    """What the report lacks of what is expected: entries are found by their key."""
    found: list[str] = []
    ids = {f["id"] for f in data["findings"]} | {f["rule"] for f in data["findings"]}
    found += [f"{name}: found, and must not be" for name in expect.get("absent", ()) if name in ids]
    for part, key in KEYS.items():
        entries = {entry[key]: entry for entry in data[part]}
        for wanted in expect.get(part, ()):
            entry = entries.get(wanted[key])
            found += _lacking(f"{part} {wanted[key]}", entry, wanted)
    found += _lacking("balances", data["balances"], expect.get("balances", {}))
    if "outcome" in expect and data["outcome"] != expect["outcome"]:
        found.append(f"outcome: {data['outcome']}, expected {expect['outcome']}")
    if "as_of" in expect and data["as_of"] != expect["as_of"]:
        found.append(f"as_of: {data['as_of']}, expected {expect['as_of']}")
    unknown = set(expect) - {*KEYS, "balances", "outcome", "absent", "as_of"}
    return found + [f"expect.yaml: unknown key {name}" for name in sorted(unknown)]


def _lacking(name: str, entry: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> list[str]:
    if entry is None:
        return [f"{name}: not there"]
    return [
        f"{name}: {field} is {entry.get(field)!r}, expected {value!r}"
        for field, value in wanted.items()
        if entry.get(field) != value
    ]


def golden(story: Path, format_: str) -> Path:
    """Where a story's golden report stands: of its last run."""
    return story / f"report.{ {'text': 'txt', 'json': 'json'}[format_] }"


def golden_text(story: Path, format_: str) -> str:
    """What the golden must hold."""
    *_, last = runs(story)
    return rendered(last.report(), format_)


def write_goldens(packs: Sequence[str] = ()) -> None:
    """Writes every golden anew, or those of some packs."""
    for story in [story for name in packs or ["*"] for story in stories(name)]:
        for format_ in GOLDENS:
            write_whole(golden(story, format_), golden_text(story, format_))


if __name__ == "__main__":
    write_goldens(sys.argv[1:])
