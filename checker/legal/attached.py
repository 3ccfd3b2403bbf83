"""What a PDF carries with it: the report as data, and the records of the one contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from checker.dates import iso
from checker.legal.pdf import Attachment
from checker.model import Fact, Field, Kind, Value
from checker.money import percent, plain, ratio
from checker.timeline import CORRECTION

REPORT = "report.json"
_MIMES = {
    ".csv": "text/csv", ".json": "application/json", ".jsonl": "application/jsonl",
    ".yaml": "application/yaml", ".yml": "application/yaml",
}  # fmt: skip


def report_attached(text: str) -> Attachment:
    """The report as `checker check --format json` prints it."""
    return Attachment(REPORT, text.encode(), "application/json", "The report as data")


def files_attached(files: Sequence[tuple[str, bytes]]) -> list[Attachment]:
    """Files of facts under their own names; of two of one name, the later bears a number."""
    taken, found = {REPORT}, []
    for given, content in files:
        path, name, number = Path(given), given, 1
        while name in taken:
            number += 1
            name = f"{path.stem}-{number}{path.suffix}"
        taken.add(name)
        mime = _MIMES.get(path.suffix.lower(), "application/octet-stream")
        found.append(
            Attachment(name, content, mime, "The facts that the report rests on", "source")
        )
    return found


def records_of(facts: Sequence[Fact], kinds: Mapping[str, Kind]) -> bytes:
    """The records of one contract as JSON lines: out of a file of many, nobody else's."""
    by_id = {fact.id: fact for fact in facts}
    lines = [json.dumps(_record(fact, by_id, kinds), ensure_ascii=False) for fact in facts]
    return "".join(f"{line}\n" for line in lines).encode()


def _record(
    fact: Fact, by_id: Mapping[str, Fact], kinds: Mapping[str, Kind]
) -> dict[str, str | bool]:
    told: dict[str, str | bool] = {"id": fact.id, "date": iso(fact.date), "kind": fact.kind}
    if fact.recorded != fact.date:
        told["recorded"] = iso(fact.recorded)
    for name, value in (("contract", fact.contract), ("source", fact.source)):
        if value:
            told[name] = value
    fields = _fields(fact, by_id, kinds)
    return told | {name: _written(fields.get(name), v) for name, v in fact.values.items()}


def _fields(
    fact: Fact, by_id: Mapping[str, Fact], kinds: Mapping[str, Kind]
) -> Mapping[str, Field]:
    """The fields of a record; those of what it corrects as well, where it is a correction."""
    own = dict(kinds[fact.kind].fields)
    target = fact
    while target.kind == CORRECTION:
        target = by_id[str(target.values["of"])]
    return {**kinds[target.kind].fields, **own} if fact.kind == CORRECTION else own


def _written(field: Field | None, value: Value) -> str | bool:
    """A value as a person writes it in a record."""
    if isinstance(value, bool | str):
        return value
    forms: dict[str, Callable[[int], str]] = {
        "money": plain,
        "rate": percent,
        "ratio": ratio,
        "date": iso,
    }
    return forms.get(field.type if field else "", str)(value)
