"""JSON Schemas of the files that people write, for editors that complete, explain and check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from checker.arrangement import COMPONENTS, FEE_SETTINGS, SETTINGS, Setting
from checker.cases import NAMED_BY, CasesPart
from checker.dates import CALENDARS
from checker.facts import FIELD_TYPES, base_kinds
from checker.generate.habits import EVENTS, GeneratePart
from checker.language import TYPES
from checker.model import Step
from checker.pack import Pack
from checker.packfile import NAMES, Clause, Contract, TermPart
from checker.questions import QUESTIONS, identity
from checker.report import SCHEMA
from checker.schema.shapes import (
    Shape,
    entry,
    keys,
    record,
    scalar,
    suggested,
    told_shape,
    words,
)
from checker.source import load_yaml, read_source

FILES = ("contract", "clause", "cases", "generate", "facts", "report", *QUESTIONS)
"""What there is a schema for."""

DIALECT = "http://json-schema.org/draft-07/schema#"
_WRITTEN = ["string", "number", "boolean"]


def schema(name: str, pack: Pack | None = None) -> Shape:
    """The schema of one of `FILES`; with a pack, its own kinds, terms, readings, rules in it."""
    makers: dict[str, Callable[[Pack | None], Shape]] = {
        "contract": _contract,
        "clause": _clause,
        "cases": _cases,
        "generate": _generate,
        "facts": _facts,
        "report": lambda _pack: told_shape("report", SCHEMA),
    }
    if name in QUESTIONS:
        makers[name] = lambda _pack: told_shape(name, identity(name))
    titles = {
        "contract": "contract.yaml of a pack",
        "clause": "A clause file of a pack",
        "cases": "A file of cases of a pack",
        "generate": "generate.yaml of a pack",
        "facts": "Facts in YAML or JSON",
        "report": "The report as JSON",
        **{question: f"What `checker {question}` answers" for question in QUESTIONS},
    }
    head = {"$schema": DIALECT, "title": titles[name]}
    if pack is not None and name in ("clause", "cases", "facts"):
        head["title"] += f" ({pack.name})"
    return head | makers[name](pack)


def schema_texts(pack: Pack | None = None) -> dict[str, str]:
    """The schemas of all `FILES` as they are written, by the names of their files."""
    return {f"{name}.schema.json": as_json(schema(name, pack)) for name in FILES}


def as_json(shape: Shape) -> str:
    """A schema as it is written."""
    return json.dumps(shape, ensure_ascii=False, indent=1) + "\n"


# Models ------------------------------------------------------------------------------------------


class _AsWritten(GenerateJsonSchema):
    """Widens what a validator takes before the model does: figures as text, one phrase as a list.

    A validator is asked what it makes of a word and of `true`, so that none is named here.
    """

    def function_before_schema(self, schema: Any) -> Shape:
        inner: Shape = super().function_before_schema(schema)
        before = schema["function"]["function"]
        if before("word") == ["word"]:
            return {"anyOf": [inner["items"], inner]}
        return inner | {"type": _WRITTEN} if before(True) == "true" else inner


Suggestions = Mapping[str, Mapping[str, str]]


class _Described:
    """Puts the meaning of every key into a model's schema, and resolves its references."""

    def __init__(self, section: str, model: type[BaseModel], suggestions: Suggestions) -> None:
        self.describes: Mapping[str, str] = keys()[section]
        self.suggestions = suggestions
        self.raw = model.model_json_schema(by_alias=True, schema_generator=_AsWritten)

    def shape(self) -> Shape:
        """The whole model."""
        return self._node(self.raw, "")

    def _node(self, node: Shape, path: str) -> Shape:
        if "$ref" in node:
            node = self.raw["$defs"][node["$ref"].rpartition("/")[2]]
        if "anyOf" in node:
            some = [self._node(n, path) for n in node["anyOf"] if n.get("type") != "null"]
            return some[0] if len(some) == 1 else {"anyOf": some}
        kept = ("type", "enum", "const", "pattern", "minLength", "minItems", "maxItems",
                "minProperties", "maxProperties", "required")  # fmt: skip
        shape = {key: node[key] for key in kept if key in node}
        if node.get("enum") and set(node["enum"]) <= set(keys()["outcomes"]):
            shape |= words({word: keys()["outcomes"][word] for word in node["enum"]})
        if "items" in node:
            shape["items"] = self._node(node["items"], path)
        shape |= self._members(node, path)
        is_text = node.get("type") in ("string", _WRITTEN) and "enum" not in node
        return suggested(self.suggestions.get(path, {}), shape) if is_text else shape

    def _members(self, node: Shape, path: str) -> Shape:
        shape: Shape = {}
        if "properties" in node:
            shape["properties"] = {
                key: self._member(value, f"{path}.{key}".lstrip("."))
                for key, value in node["properties"].items()
            }
            shape["additionalProperties"] = False
        elif "patternProperties" in node:
            # Editors complete what stands under a name only if the names are told apart from it.
            ((pattern, value),) = node["patternProperties"].items()
            names = f"A name is of {NAMES}."
            shape["propertyNames"] = {"pattern": pattern, "patternErrorMessage": names}
            shape["additionalProperties"] = self._member(value, f"{path}.*")
        elif isinstance(node.get("additionalProperties"), dict):
            shape["additionalProperties"] = self._member(node["additionalProperties"], f"{path}.*")
        return shape

    def _member(self, node: Shape, path: str) -> Shape:
        shape = self._node(node, path)
        says = self.describes.get(path) or node.get("description")
        return shape | {"description": says} if says else shape


def undescribed(section: str) -> list[str]:
    """The keys of a file's model of which keys.yaml does not say what they mean."""
    models: dict[str, type[BaseModel]] = {
        "contract": Contract, "clause": Clause, "cases": CasesPart, "generate": GeneratePart,
    }  # fmt: skip
    described = _Described(section, models[section], {})
    settings = {f"fees.*.{path}" for path in FEE_SETTINGS}  # these say themselves what they mean

    def lacking(shape: Shape, path: str) -> Iterable[str]:
        for key, value in shape.get("properties", {}).items():
            inner = f"{path}.{key}".lstrip(".")
            if inner not in described.describes and inner not in settings:
                yield inner
            yield from lacking(value, inner)
        if isinstance(named := shape.get("additionalProperties"), dict):
            yield from lacking(named, f"{path}.*")
        for value in (shape.get("items"), *shape.get("anyOf", ())):
            yield from lacking(value, path) if value else ()

    return list(lacking(described.shape(), ""))


# contract.yaml -----------------------------------------------------------------------------------


def _contract(_pack: Pack | None) -> Shape:
    given = {name: kind.describes for name, kind in base_kinds().items()}
    suggestions = {"business-days": _bare(CALENDARS), "begins.*": given}
    shape = _Described("contract", Contract, suggestions).shape()
    described = shape["properties"]["facts"].get("description", "")
    shape["properties"]["facts"] = _kinds() | {"description": described}
    return shape


def _bare(names: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(names, "")


def _kinds() -> Shape:
    """Declarations of kinds of fact."""
    says = keys()["contract"]
    names = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    field = {
        "type": words(_bare(sorted(FIELD_TYPES))),
        "required": {"type": "boolean"},
        "choices": names,
        "may-be-zero": {"type": "boolean"},
        "of": names,
        "describes": {"type": "string"},
    }
    kind = {
        "describes": {"type": "string"},
        "step": words(_bare(step.name.lower() for step in Step)),
        "happens": {"type": "boolean"},
        "shared": {"type": "boolean"},
        "needs-one-of": names,
        "fields": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["type"],
                "properties": {
                    key: shape | {"description": says[f"facts.*.fields.*.{key}"]}
                    for key, shape in field.items()
                },
                "additionalProperties": False,
            },
        },
    }
    properties = {
        key: shape | {"description": says[f"facts.*.{key}"]} for key, shape in kind.items()
    }
    one = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"type": "object", "additionalProperties": one}


# A clause ----------------------------------------------------------------------------------------


@cache
def _told_kinds() -> dict[str, str]:
    """The kinds that the ledger tells, with their meanings."""
    path = Path(__file__).parent.with_name("kinds.yaml")
    derived: Mapping[str, Any] = load_yaml(read_source(path)).data["derived"]
    return {name: " ".join(kind["describes"].split()) for name, kind in derived.items()}


def _clause(pack: Pack | None) -> Shape:
    shape = _Described("clause", Clause, _clause_words(pack)).shape()
    says, properties = keys()["clause"], shape["properties"]
    components = pack.components if pack else COMPONENTS
    term = {"$ref": "#/definitions/term"}
    group = {"type": "object", "additionalProperties": term}
    properties["terms"] = group | {"description": says["terms"]}
    properties["ledger"] = _settings(components) | {"description": says["ledger"]}
    fee = properties["fees"]["additionalProperties"]["properties"]
    fee |= {path: _setting(setting, components) for path, setting in FEE_SETTINGS.items()}
    return shape | {"definitions": {"term": _term()}}


def _clause_words(pack: Pack | None) -> Suggestions:
    """The words that an editor offers at a key; those of a pack where it is known."""
    given = {name: kind.describes for name, kind in base_kinds().items()}
    told = {**given, **_told_kinds()}
    everywhere: Suggestions = {"state.*.type": _bare((*TYPES, "names"))}
    if pack is None:
        return {
            **everywhere,
            "falls-due": _bare(COMPONENTS),
            "rules.*.when.*": told,
            "rules.*.unless.*": told,
            "powers.*.exercised-by": given,
        }
    own = {name: kind.describes for name, kind in pack.kinds.items()}
    rules = {rule.id: rule.quote for rule in pack.rules.values() if not rule.question}
    told = {name: {**told, **own, **rules}.get(name, "") for name in pack.fields}
    parties = {role: party.name for role, party in pack.parties.items()}
    return {
        **everywhere,
        "falls-due": _bare(pack.components),
        "rules.*.when.*": told,
        "rules.*.unless.*": told,
        "rules.*.then.against": parties,
        "rules.*.then.under": rules,
        "rules.*.then.counts": _bare(pack.counters),
        "rules.*.then.votes.in": _bare(pack.tallies),
        "rules.*.then.transfers.in": _bare(pack.registers),
        "rules.*.then.charges.of": _bare(pack.charges),
        "powers.*.holder": parties,
        "powers.*.arises-on": rules,
        "powers.*.in-doubt-on": rules,
        "powers.*.exercised-by": own,
        "judgments.*.about": rules,
    }


def _term() -> Shape:
    """A value alone, a value with its words, or further terms under a common name."""
    described = {f"{key[len('terms.'):]}": text for key, text in keys()["clause"].items()
                 if key.startswith("terms.")}  # fmt: skip
    part = _Described("clause", TermPart, {"type": _bare(TYPES)}).shape()
    for key, shape in part["properties"].items():
        shape["description"] = described[key]
    group = {
        # What is not yet a term of its own may become one: its first key is offered.
        "properties": {"value": part["properties"]["value"]},
        "additionalProperties": {"$ref": "#/definitions/term"},
    }
    return {
        "type": [*_WRITTEN, "object"],
        "if": {"type": "object"},
        "then": {"if": {"required": ["value"]}, "then": part, "else": group},
    }


def _settings(components: Iterable[str]) -> Shape:
    """The settings of the ledger, nested as they are written."""
    says = keys()["ledger"]
    root: Shape = {"type": "object", "properties": {}, "additionalProperties": False}
    for setting in SETTINGS.values():
        node, steps = root, setting.path.split(".")
        for step in steps[:-1]:
            node = node["properties"].setdefault(
                step,
                {
                    "type": "object",
                    "description": says[step],
                    "properties": {},
                    "additionalProperties": False,
                },
            )
        node["properties"][steps[-1]] = _setting(setting, components)
    return root


def _setting(setting: Setting[Any], components: Iterable[str]) -> Shape:
    """A literal, the name of a term or state, or a list of values that hold under conditions."""
    says = keys()["ledger"]
    text: Shape = {"type": _WRITTEN if setting.type == "boolean" else ["string", "number"]}
    value = suggested(_bare(setting.choices), text)
    if setting.type == "components":
        value = {"type": "array", "items": suggested(_bare(components), {"type": "string"})}
    branch = {
        "type": "object",
        "required": ["value"],
        "properties": {
            "while": {"type": "string", "description": says["while"]},
            "value": value | {"description": says["value"]},
        },
        "additionalProperties": False,
    }
    branches = {"type": "array", "items": branch, "minItems": 1}
    kind = keys()["types"].get(setting.type, "")
    wanted = f"One of: {', '.join(setting.choices)}" if setting.choices else kind
    described = f"{setting.describes} {wanted}, or the name of a term or state."
    if setting.default is not None:
        described += f" Where nothing is said: {str(setting.default).lower()}."
    alternatives = [*value.get("anyOf", [value]), branches]
    return {"anyOf": alternatives, "description": described}


# What is made up ---------------------------------------------------------------------------------


def _generate(pack: Pack | None) -> Shape:
    kinds = pack.kinds if pack else base_kinds()
    events = {name: says for name, (says, _fields) in EVENTS.items()}
    told: Suggestions = {
        "habits.*.record": {name: kind.describes for name, kind in kinds.items()},
        **{f"habits.*.{how}": events for how in ("before", "after", "on")},
    }
    return _Described("generate", GeneratePart, told).shape()


# Cases and facts ---------------------------------------------------------------------------------


def _record(pack: Pack | None) -> Shape:
    kinds = pack.kinds if pack else base_kinds()
    known = {"index": tuple(pack.indices), "term": tuple(pack.terms)} if pack else {}
    return record(kinds, known, closed=pack is not None)


def _facts(pack: Pack | None) -> Shape:
    return {"type": "array", "items": _record(pack)}


def _cases(pack: Pack | None) -> Shape:
    shape = _Described("cases", CasesPart, {}).shape()
    records = {"type": "array", "items": {"$ref": "#/definitions/record"}}
    given, case = shape["properties"]["given"], shape["properties"]["cases"]["items"]
    given["additionalProperties"] |= records
    case["properties"]["facts"] |= records
    expect = case["properties"]["expect"]["properties"]
    for part, name in NAMED_BY.items():
        expect[part]["items"] = entry(part, strict=False) | {"required": [name]}
    expect["balances"] |= entry("balances", strict=False)
    if pack is not None:
        _know(pack, case["properties"], expect)
    return shape | {"definitions": {"record": _record(pack)}}


def _know(pack: Pack, case: Shape, expect: Shape) -> None:
    """Puts the names that the pack has into the schema of a case."""
    says = keys()["cases"]
    case["readings"] = _closed(
        {q.name: words(q.answers) | {"description": q.asks} for q in pack.questions.values()},
        says["cases.readings"],
    )
    case["terms"] = _closed(
        {t.name: {"type": _WRITTEN, "description": _of_term(t.type, t.text, t.words)}
         for t in pack.terms.values()},
        says["cases.terms"],
    )  # fmt: skip
    expect["parties"] = _closed(
        {r: scalar("text") | {"description": f"{p.name} at signing."}
         for r, p in pack.parties.items()},
        says["cases.expect.parties"],
    )  # fmt: skip
    rules = {rule.under: rule.quote for rule in pack.rules.values() if not rule.revises}
    found = "|".join(sorted(rules, key=len, reverse=True)).replace(".", r"\.")
    target = {"type": "string", "pattern": f"^({found})(/.*)?$",
              "patternErrorMessage": "No finding bears the name of such a rule."}  # fmt: skip
    expect["absent"]["items"] = {"anyOf": [words(rules), target]} if rules else {"type": "string"}
    expect["findings"]["items"]["properties"]["rule"] |= words(rules)
    powers = {power.id: power.says for power in pack.powers.values()}
    if powers:
        expect["powers"]["items"]["properties"]["id"] |= words(powers)


def _closed(properties: Shape, description: str) -> Shape:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": False,
    }


def _of_term(type_: str, text: str, phrases: Iterable[str]) -> str:
    said = " … ".join(phrases)
    return f"A {type_}, at signing {text}" + (f": “{said}”." if said else ".")
