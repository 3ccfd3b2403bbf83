"""Pieces of JSON Schema for what facts, cases and reports hold: types, records, entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from checker.model import Field, Kind
from checker.records import COMMON, NEEDED
from checker.source import load_yaml, read_source
from checker.timeline import CORRECTION

Shape = dict[str, Any]
"""A JSON Schema, or a part of one."""

_PATTERNS = {
    "money": r"^([A-Z]{3}\s?)?-?[0-9][0-9,]*(\.[0-9]{1,2})?$",
    "rate": r"^-?[0-9]{1,4}(\.[0-9]{1,8})?%$",
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "number": r"^-?[0-9]+$",
    "ratio": r"^[0-9][0-9.,]* to [0-9][0-9.,]*$",
}
_JSON = {"boolean": "boolean", "rate": "string", "date": "string", "ratio": "string"}


@cache
def keys() -> dict[str, Any]:
    """What each key of a pack's files means, as keys.yaml has it."""
    return _data("keys.yaml")


def report_parts() -> dict[str, Any]:
    """The parts of a report with their fields, as report.yaml has them."""
    return told_parts("report")


@cache
def told_parts(name: str) -> dict[str, Any]:
    """The parts of what a command answers with their fields, as its file has them."""
    return _data(f"{name}.yaml")


def _data(name: str) -> dict[str, Any]:
    data: dict[str, Any] = load_yaml(read_source(Path(__file__).with_name(name))).data
    return data


def words(known: Mapping[str, str]) -> Shape:
    """One of these words, each with what it means."""
    shape: Shape = {"enum": list(known)}
    if any(known.values()):
        shape["enumDescriptions"] = list(known.values())
    return shape


def suggested(known: Mapping[str, str], shape: Shape) -> Shape:
    """What the shape allows; of it an editor offers these words."""
    return {"anyOf": [words(known), shape]} if known else shape


def scalar(type_: str, choices: Iterable[str] = ()) -> Shape:
    """A value of a type of the rule language, as a person writes it in YAML.

    Editors read figures as numbers where the checker reads their text: both are taken.
    """
    if choices:
        return words(dict.fromkeys(choices, ""))
    if type_ == "outcome":
        return words(keys()["outcomes"])
    shape: Shape = {"type": _JSON.get(type_, ["string", "number"])}
    if type_ in _PATTERNS:
        shape["pattern"] = _PATTERNS[type_]
        shape["patternErrorMessage"] = f"{keys()['types'][type_]} is expected here."
    return shape


# Records -----------------------------------------------------------------------------------------


def record(kinds: Mapping[str, Kind], known: Mapping[str, Iterable[str]], *, closed: bool) -> Shape:
    """A record of facts: by its kind, the fields that it may have.

    `known` are the names that fields of the types index and term may hold, where they are known.
    Where it is not `closed`, a pack may have more kinds, of which nothing is said.
    """
    kind = words({name: kind.describes for name, kind in kinds.items()})
    if not closed:
        kind = {"anyOf": [kind, {"type": "string"}]}
    common = {name: _common(name) for name in COMMON}
    common["kind"] = kind | {"description": keys()["facts"]["kind"]}
    every = {name: field for each in kinds.values() for name, field in each.fields.items()}
    branches = []
    for name, each in kinds.items():
        fields = every | dict(each.fields) if name == CORRECTION else each.fields
        shape = _fields(each, fields, common, known)
        is_kind = {"properties": {"kind": {"const": name}}, "required": ["kind"]}
        branches.append({"if": is_kind, "then": shape})
    return {
        "type": "object",
        "required": list(NEEDED),
        "properties": common,
        "allOf": branches,
    }


def _common(name: str) -> Shape:
    type_ = "date" if name in ("date", "recorded") else "text"
    return scalar(type_) | {"description": keys()["facts"][name]}


def _fields(
    kind: Kind,
    fields: Mapping[str, Field],
    common: Mapping[str, Shape],
    known: Mapping[str, Iterable[str]],
) -> Shape:
    own = {name: _field(field, known) for name, field in fields.items()}
    required = [field.name for field in kind.fields.values() if field.required]
    shape: Shape = {
        "title": kind.name,
        "description": kind.describes,
        "properties": {**own, **{n: s for n, s in common.items() if n != "kind"}, "kind": {}},
        "required": required,
        "additionalProperties": False,
    }
    if kind.one_of:
        shape["anyOf"] = [{"required": [name]} for name in kind.one_of]
    return shape


def _field(field: Field, known: Mapping[str, Iterable[str]]) -> Shape:
    """A field's shape; what it tells, and what kind of value that is."""
    choices = field.choices or tuple(known.get(field.type, ()))
    says = f"{field.describes}." if field.describes else ""
    wanted = f"{keys()['types'][field.type]}."
    if field.of:
        wanted = f"The id of a record of the kind {' or '.join(field.of)}."
    return scalar(field.type, choices) | {"description": f"{says} {wanted}".strip()}


# The report, and answers of its kind --------------------------------------------------------------


def told_shape(answer: str, identity: str) -> Shape:
    """The whole of what a command answers, closed: every field that may stand in it, no other."""
    data = told_parts(answer)
    inner = data.get("inner", {})
    properties = {key: _entry_field(spec, inner, strict=True) for key, spec in data["head"].items()}
    properties["schema"]["const"] = identity
    for name, says in data.get("names", {}).items():
        text = {"type": "string"}
        properties[name] = {
            "type": "object", "description": f"{says}.", "additionalProperties": text,
        }  # fmt: skip
    for name, part in data["parts"].items():
        one = _entry(part["fields"], inner, strict=True)
        shape = {"type": "array", "items": one} if part.get("list") else one
        properties[name] = shape | {"description": f"{part['describes']}."}
    return {
        "type": "object",
        "required": [name for name in properties if not _optional(data, name)],
        "properties": properties,
        "additionalProperties": False,
    }


def _optional(data: Mapping[str, Any], name: str) -> bool:
    spec = data["head"].get(name) or data["parts"].get(name) or {}
    return bool(spec.get("optional"))


def entry(part: str, *, strict: bool) -> Shape:
    """One entry of a part of the report; every field must be there only where it is `strict`."""
    data = report_parts()
    return _entry(data["parts"][part]["fields"], data["inner"], strict=strict)


def _entry(fields: Mapping[str, Any], inner: Mapping[str, Any], *, strict: bool) -> Shape:
    shape: Shape = {
        "type": "object",
        "properties": {
            name: _entry_field(spec, inner, strict=strict) for name, spec in fields.items()
        },
        "additionalProperties": False,
    }
    if strict:
        shape["required"] = [name for name, spec in fields.items() if not spec.get("optional")]
    return shape


def _entry_field(spec: Mapping[str, Any], inner: Mapping[str, Any], *, strict: bool) -> Shape:
    if "fields" in spec:
        one = _entry(inner[spec["fields"]], inner, strict=strict)
    else:
        one = _value(spec, strict=strict)
    if spec.get("named"):
        one = {"type": "object", "additionalProperties": one}
    if spec.get("many"):
        one = {"type": "array", "items": one}
    if spec.get("null"):
        one = {"anyOf": [one, {"type": "null"}]}
    return one | {"description": f"{spec['describes']}."}


def _value(spec: Mapping[str, Any], *, strict: bool) -> Shape:
    """A report holds text alone where a case, written by hand, may hold a figure."""
    if spec["type"] == "count":
        return {"type": "integer", "minimum": 0}
    shape = scalar(spec["type"], spec.get("choices", ()))
    if strict and "enum" not in shape and spec["type"] != "boolean":
        shape["type"] = "string"
    return shape
