"""An editor that speaks JSON Schema completes, explains and checks the files of a pack."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from checker.loader import load_pack
from checker.schema import as_json, schema
from tests.external.lsp import Server
from tests.product import ROOT

HERE = "‸"
"""Stands in a text where the editor's cursor is, and is not written."""

NOTE = ROOT / "rules" / "second-amended-note"
WRITTEN = sorted((ROOT / "rules").glob("*/*.yaml")) + sorted(
    (ROOT / "checker" / "template").glob("*.yaml")
)


@dataclass
class Asked:
    """A document open in the editor, with the place of its cursor."""

    editor: Server
    path: Path
    line: int
    column: int
    problems: list[str]

    def completions(self) -> dict[str, str]:
        """What is offered at the cursor, with its description."""
        return self.editor.complete(self.path, self.line, self.column)

    def hover(self) -> str:
        """What is shown of the word at the cursor."""
        return self.editor.hover(self.path, self.line, self.column)


@dataclass
class Desk:
    """Opens documents of a pack in the editor."""

    editor: Server
    root: Path
    numbers: Iterator[int]

    def __call__(self, kind: str, text: str, schema_file: str = "") -> Asked:
        name = schema_file or f"{kind}.schema.json"
        text = f"# yaml-language-server: $schema=../.schema/{name}\n{text}"
        before, _, after = text.partition(HERE)
        path = self.root / "pack" / f"{next(self.numbers)}.yaml"
        problems = self.editor.open(path, before + after)
        lines = before.split("\n")
        messages = [problem["message"] for problem in problems]
        return Asked(self.editor, path, len(lines) - 1, len(lines[-1]), messages)


@pytest.fixture(scope="session")
def desk(editor: Server, workspace: Path) -> Desk:
    return Desk(editor, workspace, itertools.count(1))


CASE = """cases:
  - title: Interest is paid.
    expect: {outcome: compliant}
    facts:
"""
CLAUSE = """clause: "1"
heading: Loan
text: Borrower shall pay.
"""
RULE = (
    CLAUSE
    + """rules:
  paid:
    when: {paid: payment}
    then: {outcome: information}
    says: It was paid.
"""
)


# Completion ---------------------------------------------------------------------------------------


def test_a_field_of_a_payment_is_offered_in_a_record_with_its_description(desk: Desk) -> None:
    record = "      - id: p1\n        date: 2001-01-05\n        kind: payment\n        ‸\n"
    offered = desk("cases", CASE + record).completions()
    assert offered["designation"].startswith("What the payer said it was for.")
    assert "index" not in offered  # a field of another kind


def test_a_field_is_offered_in_a_record_in_braces(desk: Desk) -> None:
    record = "      - {id: p1, date: 2001-01-05, kind: payment, amount: 1.00, de‸}\n"
    assert "designation" in desk("cases", CASE + record).completions()


def test_kinds_of_fact_are_offered_with_what_they_tell(desk: Desk) -> None:
    offered = desk("cases", CASE + "      - id: p1\n        kind: ‸\n").completions()
    assert offered["payment"].startswith("Money paid on account of the contract.")


def test_the_words_of_a_field_are_offered(desk: Desk) -> None:
    record = "      - {id: p1, date: 2001-01-05, kind: payment, amount: 1.00, designation: ‸}\n"
    offered = desk("cases", CASE + record).completions()
    assert set(offered) == {"interest", "principal", "costs", "prepayment"}


def test_the_fields_of_a_finding_are_offered_where_a_case_expects_it(desk: Desk) -> None:
    text = "cases:\n  - title: One.\n    expect:\n      findings:\n        - id: a/b\n          ‸\n"
    offered = desk("cases", text).completions()
    assert {"outcome", "against", "says"} <= set(offered)
    assert offered["continuing"]


def test_the_keys_of_a_rule_are_offered(desk: Desk) -> None:
    offered = desk("clause", RULE + "    ‸\n").completions()
    assert offered["unless"].startswith("What must not be there")
    assert "when" not in offered  # it is there already


def test_outcomes_are_offered_with_what_they_mean(desk: Desk) -> None:
    text = RULE.replace("outcome: information", "outcome: ‸")
    assert desk("clause", text).completions()["breach"].startswith("A duty was broken.")


def test_kinds_are_offered_where_a_rule_looks_for_one(desk: Desk) -> None:
    offered = desk("clause", RULE.replace("{paid: payment}", "\n      paid: ‸")).completions()
    assert offered["payment"].startswith("Money paid on account of the contract.")
    assert offered["discharge"].startswith("A due amount has been paid in full.")


def test_settings_of_the_ledger_and_their_choices_are_offered(desk: Desk) -> None:
    offered = desk("clause", CLAUSE + "ledger:\n  interest:\n    ‸\n").completions()
    assert "day-count" in offered
    offered = desk("clause", CLAUSE + "ledger:\n  interest:\n    day-count: ‸\n").completions()
    assert "actual/360" in offered


def test_what_a_term_may_say_of_itself_is_offered(desk: Desk) -> None:
    term = "terms:\n  maturity:\n    value: 2001-01-05\n    ‸\n"
    assert {"words", "type", "source"} <= set(desk("clause", CLAUSE + term).completions())


def test_the_types_of_fields_are_offered_where_a_contract_declares_a_kind(desk: Desk) -> None:
    text = "facts:\n  sale:\n    fields:\n      what:\n        type: ‸\n"
    assert {"money", "text", "fact"} <= set(desk("contract", text).completions())


def test_what_a_pack_has_is_offered_by_its_own_schema(desk: Desk, workspace: Path) -> None:
    own = as_json(schema("cases", load_pack(NOTE)))
    (workspace / ".schema" / "own.schema.json").write_text(own, encoding="utf-8")
    record = "      - id: f1\n        date: 2001-01-05\n        kind: financing\n        ‸\n"
    offered = desk("cases", CASE + record, "own.schema.json").completions()
    assert "provider_kind" in offered
    text = CASE + "      []\n    readings:\n      ‸\n"
    offered = desk("cases", text, "own.schema.json").completions()
    assert offered["grace-scope"].startswith("Do the five days cover principal as well?")


# Checks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("clause", RULE + "    unles: {}\n", "Property unles is not allowed."),
        ("clause", CLAUSE + "ledger:\n  intrest: {}\n", "Property intrest is not allowed."),
        ("clause", CLAUSE + "terms:\n  a: {value: b, word: c}\n", "Property word is not allowed."),
        (
            "cases",
            CASE + "      - {id: p1, date: 2001-01-05, kind: payment, amount: 1.00, feee: 1.00}\n",
            "Property feee is not allowed.",
        ),
        (
            "cases",
            CASE + "      - {id: p1, date: 2001-01-05, kind: payment}\n",
            'Missing property "amount".',
        ),
        (
            "cases",
            CASE + "      - {id: r1, date: 2001-01-05, kind: rate, index: prime, value: 9.5 %}\n",
            "A rate with its percent sign, such as 9.50% is expected here.",
        ),
        ("contract", "partys: {}\n", "Property partys is not allowed."),
    ],
)
def test_what_is_wrong_is_flagged(desk: Desk, kind: str, text: str, message: str) -> None:
    assert message in desk(kind, text).problems


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_nothing_is_flagged_in_what_is_right(desk: Desk, path: Path) -> None:
    own = path.name.removesuffix(".yaml")
    name = own if own in ("contract", "generate") else "clause"
    kind = "cases" if path.name.endswith(".cases.yaml") else name
    assert desk(kind, path.read_text(encoding="utf-8")).problems == []


# Hover --------------------------------------------------------------------------------------------


def test_the_meaning_of_a_key_is_shown(desk: Desk) -> None:
    shown = desk("clause", RULE + "    wo‸rds: It was paid\n").hover()
    assert "The clause's own words that the rule serves." in shown


def test_the_meaning_of_a_setting_is_shown_with_its_choices(desk: Desk) -> None:
    text = CLAUSE + "ledger:\n  interest:\n    day-c‸ount: actual/365\n"
    shown = desk("clause", text).hover()
    assert "How days become years." in shown
    assert "30E/360" in shown


def test_the_meaning_of_a_field_of_a_fact_is_shown(desk: Desk) -> None:
    record = "      - {id: p1, date: 2001-01-05, kind: payment, amount: 1.00, fu‸nds: wire}\n"
    assert "The form of the money" in desk("cases", CASE + record).hover()
