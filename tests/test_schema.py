"""Schemas for editors: they know every key, fit every file of a pack, and flag what is wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from checker import facts
from checker.arrangement import SETTINGS
from checker.model import Step
from checker.packfile import OUTCOMES
from checker.schema import FILES, schema, schema_texts, shapes, undescribed
from checker.schema import files as schemas
from checker.schema.sample import facts_csv
from checker.source import load_yaml, read_source
from tests.product import ROOT, pack
from tests.test_cli import Ran, run

__all__ = ["run"]  # the fixture that runs the command

RULES = ROOT / "rules"
PACKS = sorted(path.parent for path in RULES.glob("*/contract.yaml"))
TEMPLATE = ROOT / "checker" / "template"
WRITTEN = [path for folder in (*PACKS, TEMPLATE) for path in sorted(folder.glob("*.yaml"))]
GOLDENS = sorted((ROOT / "fixtures").glob("*/*/report.json"))
OWN = RULES / "second-amended-note"


def kind_of(path: Path) -> str:
    if path.name == "contract.yaml":
        return "contract"
    if path.name == "generate.yaml":
        return "generate"
    return "cases" if path.name.endswith(".cases.yaml") else "clause"


def faults(shape: Mapping[str, Any], data: Any) -> list[str]:
    return [error.message for error in Draft7Validator(shape).iter_errors(data)]


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


# Meanings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("section", ["contract", "clause", "cases", "generate"])
def test_every_key_of_a_packs_files_has_its_meaning(section: str) -> None:
    assert undescribed(section) == []


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("contract", "parties.*.also"),
        ("clause", "rules.*.then.revises"),
        ("clause", "unruled.because"),
        ("cases", "cases.expect.absent"),
    ],
)
def test_a_key_without_its_meaning_is_found(
    monkeypatch: pytest.MonkeyPatch, section: str, key: str
) -> None:
    known = shapes.keys()
    less = {name: says for name, says in known[section].items() if name != key}
    monkeypatch.setattr(schemas, "keys", lambda: {**known, section: less})
    assert undescribed(section) == [key]


def keys_of(shape: Mapping[str, Any], path: str) -> Iterator[str]:
    """Every key of a schema, written as keys.yaml writes it."""
    inner = dict(shape.get("properties", {}))
    if isinstance(shape.get("additionalProperties"), dict):
        inner["*"] = shape["additionalProperties"]
    for key, value in inner.items():
        yield (at := f"{path}.{key}".lstrip("."))
        yield from keys_of(value, at)
    for value in (shape.get("items"), *shape.get("anyOf", ())):
        yield from keys_of(value, path) if value else ()


@pytest.mark.parametrize("section", ["contract", "clause", "cases", "generate"])
def test_no_meaning_is_kept_of_a_key_that_is_gone(section: str) -> None:
    shape = schema(section)
    known = set(keys_of(shape, ""))
    if section == "clause":
        part = shape["definitions"]["term"]["then"]["then"]
        known |= {f"terms.{key}" for key in part["properties"]}
    assert set(shapes.keys()[section]) - known == set()


def test_the_meanings_cover_kinds_fields_settings_steps_types_and_outcomes() -> None:
    one = schema("contract")["properties"]["facts"]["additionalProperties"]
    assert set(one["properties"]) == set(facts._KIND_KEYS)
    assert set(one["properties"]["fields"]["additionalProperties"]["properties"]) == set(
        facts._FIELD_KEYS
    )
    assert one["properties"]["step"]["enum"] == [step.name.lower() for step in Step]
    assert set(shapes.keys()["outcomes"]) == set(OUTCOMES)
    types = {*facts.FIELD_TYPES, *(setting.type for setting in SETTINGS.values())}
    assert types <= set(shapes.keys()["types"])


@pytest.mark.parametrize("path", SETTINGS)
def test_every_setting_stands_nested_in_the_schema_of_a_clause_with_its_meaning(path: str) -> None:
    node = schema("clause")["properties"]["ledger"]
    for step in path.split("."):
        assert node["description"]
        assert node["additionalProperties"] is False
        node = node["properties"][step]
    assert node["description"].startswith(SETTINGS[path].describes)
    words = [word for shape in node["anyOf"] for word in shape.get("enum", ())]
    assert words == list(SETTINGS[path].choices)


# What is written fits -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_the_schema_is_one_itself(name: str) -> None:
    Draft7Validator.check_schema(schema(name))
    Draft7Validator.check_schema(schema(name, pack(OWN)))


@pytest.mark.parametrize(("name", "text"), schema_texts().items())
def test_the_written_schemas_are_up_to_date(name: str, text: str) -> None:
    assert (RULES / ".schema" / name).read_text(encoding="utf-8") == text, "run `make schemas`"


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_a_file_of_a_pack_names_its_schema_first_and_fits_it(path: Path) -> None:
    first, _, _ = path.read_text(encoding="utf-8").partition("\n")
    name = f"../.schema/{kind_of(path)}.schema.json"
    assert first == f"# yaml-language-server: $schema={name}"
    if path.parent != TEMPLATE:
        assert (path.parent / name).exists()
    assert faults(schema(kind_of(path)), load_yaml(read_source(path)).data) == []


@pytest.mark.parametrize("path", WRITTEN, ids=named)
def test_a_file_of_a_pack_fits_the_schema_of_its_own_pack(path: Path) -> None:
    own = schema(kind_of(path), pack(path.parent))
    assert faults(own, load_yaml(read_source(path)).data) == []


@pytest.mark.parametrize("path", GOLDENS, ids=lambda path: path.parent.name)
def test_a_report_fits_its_schema(path: Path) -> None:
    assert faults(schema("report"), json.loads(path.read_text(encoding="utf-8"))) == []


def test_a_report_that_departs_from_its_shape_does_not_fit() -> None:
    def departs(change: Any) -> bool:
        data = json.loads(GOLDENS[0].read_text(encoding="utf-8"))
        change(data)
        return bool(faults(schema("report"), data))

    assert not departs(lambda data: data.update(title="Another"))
    assert departs(lambda data: data.update(more="x"))
    assert departs(lambda data: data.pop("next"))
    assert departs(lambda data: data["balances"].update(principal=1.5))
    assert departs(lambda data: data["balances"].update(principal="1,000.00 dollars"))
    assert departs(lambda data: data["findings"][0].update(outcome="fine"))
    assert departs(lambda data: data["findings"][0].pop("quote"))
    assert departs(lambda data: data.update(as_of="10 January"))


# What is wrong is flagged -------------------------------------------------------------------------

PAID = {"id": "p1", "date": "2001-01-05", "kind": "payment", "amount": "1.00"}


def recorded(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in {**PAID, **fields}.items() if value is not None}


@pytest.mark.parametrize(
    "record",
    [
        recorded(),
        recorded(amount=1),
        recorded(amount=0.5),
        recorded(amount="USD 1,000.00"),
        recorded(designation="interest", source="a letter", recorded="2001-01-06"),
        recorded(kind="rate", amount=None, index="lender-line-of-credit", value="9.5%"),
        recorded(kind="correction", amount="2.00", of="p0"),
        recorded(kind="correction", amount=None, of="p0", void=True),
        recorded(kind="statement", amount=None, total="1.00"),
    ],
)
def test_a_right_record_fits(record: Mapping[str, Any]) -> None:
    assert faults(schema("facts"), [record]) == []
    assert faults(schema("facts", pack(OWN)), [record]) == []


@pytest.mark.parametrize(
    "record",
    [
        recorded(id=None),
        recorded(date=None),
        recorded(date="5 January 2001"),
        recorded(kind=None),
        recorded(amount=None),
        recorded(amount="a lot"),
        recorded(amount="1.005"),
        recorded(designaton="interest"),
        recorded(designation="intrest"),
        recorded(index="lender-line-of-credit"),
        recorded(kind="rate", amount=None, index="lender-line-of-credit", value="9.5"),
        recorded(kind="rate", amount=None, index="lender-line-of-credit", value=9.5),
        recorded(kind="correction", amount=None, of="p0", void="yes"),
        recorded(kind="correction", amonut="2.00", amount=None, of="p0"),
        recorded(kind="statement", amount=None),
    ],
)
def test_a_wrong_record_is_flagged(record: Mapping[str, Any]) -> None:
    assert faults(schema("facts"), [record])
    assert faults(schema("facts", pack(OWN)), [record])


def test_what_a_pack_declares_is_known_in_its_own_schema_alone() -> None:
    own, other = schema("facts", pack(OWN)), schema("facts")
    right = recorded(kind="financing", amount=None, provider="A Bank", form="loan")
    for shape in (own, other):
        assert faults(shape, [right]) == []
    for wrong in (
        recorded(kind="financing", amount=None),  # without its provider
        {**right, "form": "gift"},
        {**right, "forms": "loan"},
        {**right, "kind": "finance"},
        recorded(kind="rate", amount=None, index="prime", value="9.5%"),
        recorded(kind="amendment", amount=None, document="d", term="maturty", value="x",
                 agreed_by="both"),
    ):  # fmt: skip
        assert faults(own, [wrong]), wrong
        assert faults(other, [wrong]) == [], wrong


def case(**parts: Any) -> dict[str, Any]:
    return {"cases": [{"title": "One.", "expect": {"outcome": "breach"}, **parts}]}


@pytest.mark.parametrize(
    ("parts", "by_pack_alone"),
    [
        ({"titel": "x"}, False),
        ({"expect": {"outcome": "broken"}}, False),
        ({"expect": {"findings": [{"outcome": "met"}]}}, False),
        ({"expect": {"findings": [{"id": "a/b", "outcom": "met"}]}}, False),
        ({"expect": {"balances": {"principle": "1.00"}}}, False),
        ({"facts": [recorded(amonut="1.00")]}, False),
        ({"readings": {"grace-scop": "all-amounts"}}, True),
        ({"readings": {"grace-scope": "all"}}, True),
        ({"terms": {"maturty": "2002-08-30"}}, True),
        ({"expect": {"absent": ["event-of-defalt"]}}, True),
        ({"expect": {"parties": {"borower": "A"}}}, True),
        ({"expect": {"powers": [{"id": "acelerate"}]}}, True),
    ],
)
def test_what_is_wrong_in_a_case_is_flagged(parts: Any, by_pack_alone: bool) -> None:
    assert faults(schema("cases", pack(OWN)), case(**parts))
    assert bool(faults(schema("cases"), case(**parts))) is not by_pack_alone


RULE = {"when": {"paid": "payment"}, "then": {"outcome": "information"}, "says": "Paid."}


def clause(**parts: Any) -> dict[str, Any]:
    return {"clause": "1", "heading": "Loan", "text": "1. LOAN.", **parts}


@pytest.mark.parametrize(
    "parts",
    [
        {"clause": 1},
        {"terms": {"margin": "1.00%", "days": 5, "open": True}},
        {"terms": {"grace": {"interest": {"value": "5 days", "words": "five"}, "costs": "none"}}},
        {"ledger": {"interest": {"day-count": "how-days-count"}}},
        {"ledger": {"rate": {"margin": [{"while": "late", "value": "2.00%"}, {"value": "1.00%"}]}}},
        {"ledger": {"application": {"due": ["interest", "principal"]}}},
        {"rules": {"paid": RULE | {"words": ["a", "b"]}}},
        {"rules": {"paid": RULE | {"words": "a"}}},
    ],
)
def test_a_right_clause_fits(parts: Any) -> None:
    assert faults(schema("clause"), clause(**parts)) == []


@pytest.mark.parametrize(
    "parts",
    [
        {"rule": {}},
        {"terms": {"margin": {"value": "1.00%", "word": "one percent"}}},
        {"terms": {"margin": ["1.00%"]}},
        {"ledger": {"interest": {"daycount": "actual/365"}}},
        {"ledger": {"intrest": {}}},
        {"ledger": {"rate": {"margin": [{"while": "late"}]}}},
        {"ledger": {"rate": {"margin": [{"when": "late", "value": "2.00%"}]}}},
        {"rules": {"Paid late": RULE}},
        {"rules": {"paid": RULE | {"unles": {}}}},
        {"rules": {"paid": RULE | {"then": {"outcome": "fine"}}}},
        {"rules": {"paid": {"when": {"paid": "payment"}, "says": "Paid."}}},
    ],
)
def test_what_is_wrong_in_a_clause_is_flagged(parts: Any) -> None:
    assert faults(schema("clause"), clause(**parts))


def offered(shape: Mapping[str, Any], *path: str) -> list[str]:
    """The words that a schema of a clause has at a place; `*` is a name that an author chooses."""
    node: Any = shape
    for step in path:
        node = node["additionalProperties"] if step == "*" else node["properties"][step]
    branches = [node, node.get("items", {}), *node.get("anyOf", ())]
    branches += [each for branch in branches for each in branch.get("anyOf", ())]
    return [word for branch in branches for word in branch.get("enum", ())]


def test_the_schema_of_a_clause_offers_the_names_that_its_pack_has() -> None:
    own, other = schema("clause", pack(OWN)), schema("clause")
    then = ("rules", "*", "then")
    assert set(offered(own, *then, "against")) == set(pack(OWN).parties)
    assert "event-of-default" in offered(own, "powers", "*", "arises-on")
    assert "financing" in offered(own, "powers", "*", "exercised-by")
    assert {"financing", "event-of-default", "deadline"} <= set(
        offered(own, "rules", "*", "when", "*")
    )
    assert "deadline" in offered(other, "rules", "*", "when", "*")
    assert offered(other, *then, "against") == []


@pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)
def test_the_components_of_a_pack_are_offered_in_its_orders(folder: Path) -> None:
    own = schema("clause", pack(folder))
    order = own["properties"]["ledger"]["properties"]["application"]["properties"]["due"]
    lists = [branch for branch in order["anyOf"] if "while" not in str(branch)]
    assert offered({"properties": {"due": lists[0]}}, "due") == list(pack(folder).components)
    assert set(pack(folder).components) <= set(offered(own, "falls-due"))


# The template of the facts ------------------------------------------------------------------------


@pytest.mark.parametrize("folder", [*PACKS, TEMPLATE], ids=lambda path: path.name)
def test_the_template_of_the_facts_has_a_row_of_every_kind_and_loads(
    folder: Path, tmp_path: Path, run: Any
) -> None:
    text = run("schema", folder, "--facts", "csv").out
    rows = list(csv.DictReader(io.StringIO(text)))
    unnamed = set()  # kinds of which no record can be: nothing is there that it could name
    unnamed |= set() if pack(folder).indices else {"rate"}
    unnamed |= set() if pack(folder).judgments else {"judgment"}
    assert {row["kind"] for row in rows} == set(pack(folder).kinds) - unnamed
    path = tmp_path / "facts.csv"
    path.write_text(text, encoding="utf-8")
    checked: Ran = run("check", folder, path)
    assert checked.code in (0, 1, 3), checked.err


def test_the_template_has_every_column() -> None:
    header = facts_csv(pack(OWN)).split("\n")[0].split(",")
    fields = {name for kind in pack(OWN).kinds.values() for name in kind.fields}
    assert header[:6] == ["id", "date", "recorded", "kind", "contract", "source"]
    assert set(header[6:]) == fields
    assert len(set(header)) == len(header)


def test_without_a_pack_the_template_has_the_kinds_that_every_contract_has() -> None:
    rows = csv.DictReader(io.StringIO(facts_csv()))
    assert [row["kind"] for row in rows] == list(facts.base_kinds())


# The command --------------------------------------------------------------------------------------


def test_the_command_prints_the_schema_of_a_clause_where_nothing_is_said(run: Any) -> None:
    assert json.loads(run("schema").out) == schema("clause")


@pytest.mark.parametrize("name", FILES)
def test_the_command_prints_the_schema_that_is_asked_for(run: Any, name: str) -> None:
    assert json.loads(run("schema", OWN, "--for", name).out) == schema(name, pack(OWN))


def test_the_command_writes_all_schemas(run: Any, tmp_path: Path) -> None:
    written = run("schema", "--output", tmp_path / "new").out.split()
    assert written == [str(tmp_path / "new" / name) for name in schema_texts()]
    assert {p.name: p.read_text(encoding="utf-8") for p in map(Path, written)} == schema_texts()


def test_the_command_refuses_two_wishes_at_once_and_folders_that_cannot_be(
    run: Any, tmp_path: Path
) -> None:
    ran = run("schema", "--for", "cases", "--facts", "csv")
    assert (ran.code, ran.out) == (2, "")
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = run("schema", "--output", tmp_path / "file")
    assert ran.code == 2
    assert "no folder can be made" in ran.err
