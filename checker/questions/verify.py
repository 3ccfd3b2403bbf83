"""Whether a report still follows from its inputs: it is made anew, and every word is compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from checker.cases.results import safe
from checker.dates import Day, iso, parse_day
from checker.inquiry import Inquiry
from checker.language import TermValue
from checker.model import Fact
from checker.pack import Pack
from checker.questions import identity
from checker.questions.since import PARTS, in_words, more_and_fewer
from checker.questions.submitted import Submitted
from checker.questions.telling import Page, told
from checker.report import facts_hash
from checker.terms import Choices
from checker.timeline import effective

Data = dict[str, Any]

MOST = 40
"""How many differences of a sort the text tells; JSON holds all."""

_VERSIONS = ("checker", "engine")
_COUNTS = ("facts_asserted", "matches")
_HASHES = ("pack_sha256", "facts_sha256")
_NAMED_BY = {
    "findings": "id", "obligations": "id", "powers": "id", "payments": "fact", "periods": "from",
    "missing": "fact",
}  # fmt: skip


@dataclass(frozen=True)
class Made:
    """A report made anew from inputs, with these: `report` has all that the submitted one has.

    `attached` are the facts that a PDF carries, where others were given; `given` the bytes of the
    files that were given.
    """

    inquiry: Inquiry
    report: Data
    given: Sequence[tuple[str, bytes]] = ()
    attached: Sequence[Fact] | None = None


# What the report says it was made with ------------------------------------------------------------


def days_of(report: Data) -> tuple[Day, Day | None]:
    """The day of a report, and the day by which it knew what it knew."""
    known = report.get("known_on")
    return parse_day(report["as_of"]), parse_day(known) if known else None


def choices_of(report: Data, pack: Pack) -> Choices:
    """The readings and terms of a report, as far as the pack has such; the rest will differ."""
    readings = {
        name: answer
        for name, answer in report["readings"].items()
        if name in pack.questions and answer in pack.questions[name].answers
    }
    terms: dict[str, TermValue] = {}
    for name, text in report["terms"].items():
        if name in pack.terms and isinstance(text, str):
            try:
                terms[name] = pack.terms[name].parse(text, pack.currency)
            except ValueError:  # no value of this term: it is told as a difference
                continue
    return Choices(readings, terms)


def labelled_by_readings(report: Data) -> bool:
    """Whether its findings were labelled by all readings."""
    return any("robust" in finding for finding in report["findings"])


# The answer ---------------------------------------------------------------------------------------


def verify(submitted: Submitted, made: Made) -> Data:
    """What of a report does not follow from the inputs from which it was made anew."""
    report, found = submitted.report, made.report
    inputs = list(_inputs(submitted, made))
    results = list(_results(report, found))
    return {
        "schema": identity("verify"),
        "contract": found["contract"],
        "pack": found["pack"],
        "title": found["title"],
        "as_of": found["as_of"],
        "known_on": found["known_on"],
        "report": {"file": submitted.name, "kind": submitted.kind, "sha256": submitted.sha256},
        "follows": all(row["same"] for row in inputs) and not results,
        "inputs": inputs,
        "files": list(_files(submitted, made)),
        "records": list(_records(submitted, made)),
        "results": results,
        "versions": list(_versions(report["receipt"], found["receipt"])),
        "unchecked": list(_unchecked(submitted)),
    }


def _inputs(submitted: Submitted, made: Made) -> Iterator[Data]:
    """The hashes of what the report was made from, beside those of what was given."""
    reported, found = submitted.report["receipt"], made.report["receipt"]
    for name in _HASHES:
        yield _input(name, reported.get(name, _NOTHING), found[name])
    if made.attached is not None:
        hashed = facts_hash(effective(made.attached, *days_of(submitted.report)))
        yield _input("attached_facts_sha256", reported.get("facts_sha256", _NOTHING), hashed)


def _input(name: str, reported: Any, found: str) -> Data:
    return {"what": name, "reported": _shown(reported), "found": found, "same": reported == found}


def _files(submitted: Submitted, made: Made) -> Iterator[Data]:
    """The files attached to a PDF, beside those that were given: by their names and bytes."""
    if submitted.kind != "pdf" or made.attached is None:
        return
    given = {name: _sha256(text) for name, text in made.given}
    attached = {name: _sha256(text) for name, text in submitted.files.items()}
    for name in dict.fromkeys([*attached, *given]):
        hashes = attached.get(name), given.get(name)
        yield {"name": name, "attached": hashes[0], "given": hashes[1],
               "same": hashes[0] == hashes[1]}  # fmt: skip


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _records(submitted: Submitted, made: Made) -> Iterator[Data]:
    """The records that are new, gone or otherwise than those of the report, as far as one can tell.

    A PDF carries the records themselves. A report as JSON holds their hash, and the names of some.
    """
    if made.attached is not None:
        yield from _compared(made.attached, made.inquiry.facts)
    elif made.report["receipt"]["facts_sha256"] != submitted.report["receipt"].get("facts_sha256"):
        more, fewer = more_and_fewer(made.inquiry, submitted.report)
        yield from (_record(fact, "new") for fact in more)
        yield from (
            {"id": id_, "change": "gone", "kind": None, "date": None, "fields": []} for id_ in fewer
        )


def _compared(before: Iterable[Fact], after: Iterable[Fact]) -> Iterator[Data]:
    was, now = ({fact.id: fact for fact in facts} for facts in (before, after))
    for id_ in dict.fromkeys([*was, *now]):
        if id_ not in was:
            yield _record(now[id_], "new")
        elif id_ not in now:
            yield _record(was[id_], "gone")
        elif fields := _changed_fields(was[id_], now[id_]):
            yield _record(now[id_], "changed") | {"fields": fields}


def _changed_fields(was: Fact, now: Fact) -> list[str]:
    common = ("kind", "date", "recorded", "contract", "source")
    fields = [name for name in common if getattr(was, name) != getattr(now, name)]
    names = dict.fromkeys([*was.values, *now.values])
    return fields + [name for name in names if was.values.get(name) != now.values.get(name)]


def _record(fact: Fact, change: str) -> Data:
    return {"id": fact.id, "change": change, "kind": fact.kind, "date": iso(fact.date),
            "fields": []}  # fmt: skip


def _versions(reported: Data, found: Data) -> Iterator[Data]:
    """Where another version or engine made the report: told, and no difference by itself."""
    names = _VERSIONS if _same_engine(reported, found) else (*_VERSIONS, *_COUNTS)
    for name in names:
        if not _same(was := reported.get(name, _NOTHING), found[name]):
            yield {"what": name, "reported": _shown(was), "found": _shown(found[name])}


def _same_engine(reported: Data, found: Data) -> bool:
    return all(_same(reported.get(name), found[name]) for name in _VERSIONS)


def _unchecked(submitted: Submitted) -> Iterator[str]:
    """What of the report was not compared with anything."""
    if submitted.kind == "pdf":
        yield "the pages of the PDF: the report that is attached to it was verified"
    if submitted.others:
        yield f"what else is attached to it: {', '.join(submitted.others)}"


# Differences --------------------------------------------------------------------------------------


def _results(report: Data, found: Data) -> Iterator[Data]:
    """Every place of the report at which something else stands than in the one made anew."""
    for part in dict.fromkeys([*found, *report]):
        if part != "receipt":
            yield from _part(part, report.get(part, _NOTHING), found.get(part, _NOTHING))
    reported, stands = report["receipt"], found["receipt"]
    told_apart = {*_VERSIONS, *_HASHES}
    if not _same_engine(reported, stands) or any(
        not _same(reported.get(name), stands[name]) for name in _HASHES
    ):
        told_apart |= {*_COUNTS}  # of other inputs, or by another engine, there may be others
    for name in dict.fromkeys([*stands, *reported]):
        if name not in told_apart:
            was, now = reported.get(name, _NOTHING), stands.get(name, _NOTHING)
            yield from _leaves("receipt", "", name, was, now)


_NOTHING = object()
"""Stands where a report has nothing at all, which is not the same as null."""


def _part(part: str, reported: Any, found: Any) -> Iterator[Data]:
    """The differences in one part; entries that bear a name are compared by it."""
    was, now = _by_name(part, reported), _by_name(part, found)
    if was is None or now is None:
        yield from _leaves(part, "", "", reported, found)
        return
    for id_ in dict.fromkeys([*now, *was]):
        one, other = was.get(id_, _NOTHING), now.get(id_, _NOTHING)
        if one is _NOTHING or other is _NOTHING:
            yield _row(part, id_, "", _entry(part, one), _entry(part, other))
        else:
            yield from _leaves(part, id_, "", one, other)
    both = [id_ for id_ in now if id_ in was]
    if both != [id_ for id_ in was if id_ in now]:
        yield _row(part, "", "order", ", ".join(was), ", ".join(now))


def _entry(part: str, row: Any) -> Any:
    """A whole entry as it is told: in words where there are such."""
    return in_words(part, row) if row is not _NOTHING and part in PARTS else row


def _by_name(part: str, rows: Any) -> dict[str, Data] | None:
    """The entries of a part by their names; None where they have none, or two have the same."""
    name = _NAMED_BY.get(part)
    if name is None or not isinstance(rows, list):
        return None
    if not all(isinstance(row, dict) and isinstance(row.get(name), str) for row in rows):
        return None
    named = {row[name]: row for row in rows}
    return named if len(named) == len(rows) else None


def _leaves(part: str, id_: str, at: str, reported: Any, found: Any) -> Iterator[Data]:
    """The differences within an entry, down to single words and figures."""
    if isinstance(reported, dict) and isinstance(found, dict):
        for name in dict.fromkeys([*found, *reported]):
            inner = f"{at}.{name}" if at else str(name)
            was, now = reported.get(name, _NOTHING), found.get(name, _NOTHING)
            yield from _leaves(part, id_, inner, was, now)
    elif isinstance(reported, list) and isinstance(found, list):
        for number in range(max(len(reported), len(found))):
            was, now = (rows[number] if number < len(rows) else _NOTHING
                        for rows in (reported, found))  # fmt: skip
            yield from _leaves(part, id_, f"{at}[{number}]", was, now)
    elif not _same(reported, found):
        yield _row(part, id_, at, reported, found)


def _same(one: Any, other: Any) -> bool:
    """Equal and of one type: 1 is not true, and 1.0 is not 1."""
    return type(one) is type(other) and one == other


def _row(part: str, id_: str, at: str, reported: Any, found: Any) -> Data:
    change = "new" if reported is _NOTHING else "gone" if found is _NOTHING else "changed"
    return {
        "part": part,
        "id": id_ or None,
        "field": at or None,
        "change": change,
        "reported": _shown(reported),
        "found": _shown(found),
    }


def _shown(value: Any) -> str | None:
    """A value as text, in JSON unless it is text; nothing where nothing stands."""
    if value is _NOTHING:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# As text ------------------------------------------------------------------------------------------


def render(data: Mapping[str, Any], out: IO[str] | None = None) -> str:
    """The answer as text; with `out` it is written there."""
    return told(lambda page: _show(page, data), out)


def _show(page: Page, data: Mapping[str, Any]) -> None:
    known = f", as known on {data['known_on']}" if data["known_on"] else ""
    page.line(data["title"], "bold")
    page.line(f"The report {data['report']['file']}, at the close of {data['as_of']}{known}")
    page.line()
    if data["follows"]:
        page.line("It follows from these inputs.", "bold green")
    else:
        page.line("It does NOT follow from these inputs.", "bold red")
    for line in _summary(data):
        page.indented(line)
    _show_inputs(page, data)
    _show_results(page, data)
    if data["versions"]:
        page.heading("Made by another version or engine")
        for row in data["versions"]:
            page.indented(f"{row['what']}: {_cut(row['reported'] or 'none')}; here {row['found']}")
    if data["unchecked"]:
        page.heading("Not looked at")
        for line in data["unchecked"]:
            page.indented(_cut(line))


def _summary(data: Mapping[str, Any]) -> Iterator[str]:
    """What may be the matter, told by which of inputs and results differ."""
    differ = any(not row["same"] for row in data["inputs"])
    count = len(data["results"])
    results = f"{count} thing{'' if count == 1 else 's'}"
    if differ and count:
        yield f"It was made from other inputs, or was altered; {results} in it would be otherwise."
    elif differ:
        yield "Every result would be the same; the inputs are not those that it names."
    elif count and data["versions"]:
        yield f"The inputs are its own, and {results} in it would be otherwise: it was altered, or "
        yield "the version or engine that made it came to something else."
    elif count:
        yield f"The inputs are its own, and {results} in it would be otherwise: it was altered."
    else:
        yield "Every word and figure, and the hashes of rules and facts, are the same."


_INPUTS = {
    "pack_sha256": "rules",
    "facts_sha256": "facts",
    "attached_facts_sha256": "facts attached to it",
}


def _show_inputs(page: Page, data: Mapping[str, Any]) -> None:
    page.heading("Inputs")
    for row in data["inputs"]:
        if row["same"]:
            page.indented(f"{_INPUTS[row['what']]}: the same ({row['found'][:12]})")
        else:
            page.indented(f"{_INPUTS[row['what']]}: others", 2, "bold red")
            page.indented(f"in the report  {_cut(row['reported'] or 'none', 64)}", 6)
            page.indented(f"here           {row['found']}", 6)
    for row in data["files"]:
        if not row["same"]:
            page.indented(f"{_cut(row['name'])}: {_file(row)}", 6)
    for row in data["records"][:MOST]:
        page.indented(_told_record(row), 6)
    _more(page, len(data["records"]))
    facts = next(row for row in data["inputs"] if row["what"] == "facts_sha256")
    if not facts["same"] and not data["records"]:
        page.indented("Which record differs is not seen from the hash alone.", 6)


def _file(row: Mapping[str, Any]) -> str:
    if row["given"] is None:
        return "attached, and not given"
    if row["attached"] is None:
        return "given, and not attached"
    return "other bytes than the file attached"


def _told_record(row: Mapping[str, Any]) -> str:
    of = f" ({row['kind']} of {row['date']})" if row["kind"] else ""
    stands = {
        "new": "given, and not a record of the report",
        "gone": "a record of the report, and not given",
        "changed": f"otherwise in {', '.join(row['fields'])}",
    }[row["change"]]
    return f"{_cut(row['id'])}{of}: {stands}"


def _show_results(page: Page, data: Mapping[str, Any]) -> None:
    if not data["results"]:
        return
    page.heading("What differs")
    last = None
    for row in data["results"][:MOST]:
        name = _cut(f"{row['part']} {row['id']}" if row["id"] else row["part"])
        if name != last:
            page.indented(name, 2, "bold")
            last = name
        field = f"{_cut(row['field'])}: " if row["field"] else ""
        page.indented(f"{field}{_stands(row)}", 6)
    _more(page, len(data["results"]))


def _stands(row: Mapping[str, Any]) -> str:
    if row["change"] == "new":
        return f"not in the report; {_cut(row['found'])}"
    if row["change"] == "gone":
        return f"in the report alone: {_cut(row['reported'])}"
    return f"reported {_cut(row['reported'])}; found {_cut(row['found'])}"


def _cut(text: str, most: int = 300) -> str:
    """The words of a report that anybody may have written, short and safe for a terminal."""
    return safe(text if len(text) <= most else f"{text[:most]}…")


def _more(page: Page, count: int) -> None:
    if count > MOST:
        page.indented(f"… and {count - MOST:,} more, in JSON", 6, "dim")
