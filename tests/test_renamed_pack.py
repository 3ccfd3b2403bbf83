"""The checker knows nothing of this note: another one, changed throughout, is read the same way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from checker.engine import Ruleset
from checker.loader import load_pack
from checker.pack import plain_words, unclaimed
from checker.packfile import means
from checker.patterns import Matcher
from checker.records import read_records
from checker.source import load_yaml, read_source
from tests.histories import random_history
from tests.product import NOTE, ROOT, check, pack

Record = dict[str, Any]

YEARS = 28  # 10,227 days: between 1901 and 2099 the same weekdays and the same leap years
MARGIN = 25  # hundredths of a per cent on the margin, and off every observation
NAMES = {
    "Valence": "Quartz Optics",
    "Baccarat": "Whist",
    "Berg & Berg Enterprises": "Harbor & Sons Partners",
    "10050 Bandley Drive, Cupertino, CA 95014": "7 Wharf Street, Monterey, CA 93940",
    "San Jose, California": "Reno, Nevada",
    "Jay L. King": "Ada M. Rook",
    "Second Amended Promissory Note": "Third Restated Note",
    "SECOND AMENDED PROMISSORY NOTE": "THIRD RESTATED NOTE",
    "second-amended-note": "third-restated-note",
    "lender-line-of-credit": "prime-of-the-house-bank",
    "place-of-payment": "address-for-money",
    "financing": "outside-funding",
    "subordination-request": "ranking-asked",
    "subordination-consent": "ranking-granted",
    "subordination-refusal": "ranking-denied",
    "plea": "objection",
}
SCALED = {
    "$15,000,000": "$45,000,000",
    "Fifteen Million": "Forty-Five Million",
    "15,000,000.00": "45,000,000.00",
}
CLAUSES = {"Promise": "Opening", "Signature": "Closing"} | {str(n): f"{n}0" for n in range(1, 10)}
RULES = {name: f"rule-{number}" for number, name in enumerate(pack().rules)} | {
    name: f"rule-of-{number}"
    for number, name in enumerate(
        f"{about}-judged-{answer}"
        for judgment in pack().judgments.values()
        for about in judgment.about
        for answer in judgment.answers
    )
}
MONTHS = "January February March April May June July August September October November December"
_ISO = re.compile(r"(?<!\d)(\d{4})(?=-\d\d-\d\d(?!\d))")
_WRITTEN = re.compile(rf"((?:{'|'.join(MONTHS.split())}) \d{{1,2}}, )(\d{{4}})")
_NUMBER = re.compile(r"(?<![\w])([1-9])\. (?=[A-Z]{4})")
_AMOUNT = re.compile(r"\d[\d,]*\.(?:\d{4}|\d\d)(?![\d%])")
_RATE = re.compile(r"\d+\.\d+(?=%)")
_NAME = re.compile(
    "|".join(rf"(?<![\w-]){re.escape(name)}(?![\w-])" for name in sorted(NAMES, key=len)[::-1])
)


def renamed(text: str) -> str:
    """The text with every name, date and clause number changed."""
    text = _NAME.sub(lambda found: NAMES[found.group()], text)
    text = _ISO.sub(lambda found: str(int(found[1]) + YEARS), text)
    text = _WRITTEN.sub(lambda found: f"{found[1]}{int(found[2]) + YEARS}", text)
    return _NUMBER.sub(r"\g<1>0. ", text)


def multiplied(text: str, factor: int) -> str:
    """The text with its amounts multiplied, and grouped as sentences have them."""

    def product(found: re.Match[str]) -> str:
        whole, _, part = found.group().replace(",", "").partition(".")
        units = int(whole + part) * factor
        return f"{units // 10 ** len(part):,}.{units % 10 ** len(part):0{len(part)}d}"

    return _AMOUNT.sub(product, text) if factor != 1 else text


def lowered(text: str) -> str:
    """The text with its rates a quarter lower."""
    return _RATE.sub(
        lambda found: f"{float(found.group()) - MARGIN / 100:.3f}".rstrip("0").ljust(4, "0"), text
    )


def everywhere(change: Callable[[str], str], data: Any) -> Any:
    """The data with all its texts, keys too, changed."""
    if isinstance(data, Mapping):
        return {change(key): everywhere(change, value) for key, value in data.items()}
    if isinstance(data, list):
        return [everywhere(change, item) for item in data]
    return change(data) if isinstance(data, str) else data


# The pack ----------------------------------------------------------------------------------------


def in_pattern(text: str) -> str:
    """A pattern with the rules that it looks for under their new names."""
    kinds, where, rest = text.partition(" where ")
    return " or ".join(RULES.get(kind, kind) for kind in kinds.split(" or ")) + where + rest


def of_rule(data: Record) -> Record:
    then = dict(data["then"])
    if "under" in then:
        then["under"] = RULES[then["under"]]
    patterns: Record = {
        part: {alias: in_pattern(text) for alias, text in data[part].items()}
        for part in ("when", "unless")
        if part in data
    }
    return {**data, **patterns, "then": then}


def of_clause(data: Record, factor: int) -> Record:
    data["clause"] = CLAUSES[data["clause"]]
    data["rules"] = {RULES[name]: of_rule(rule) for name, rule in data.get("rules", {}).items()}
    for power in data.get("powers", {}).values():
        for key in ("arises-on", "in-doubt-on"):
            power[key] = RULES[power[key]]
    for judgment in data.get("judgments", {}).values():
        judgment["about"] = [RULES[name] for name in judgment["about"]]
    if "margin" in (terms := data.get("terms", {})):
        terms["margin"]["value"] = f"{1 + MARGIN / 100:.2f}%"
    return dict(everywhere(partial(scaled, factor=factor), data))


def scaled(text: str, factor: int) -> str:
    for old, new in SCALED.items() if factor == 3 else ():
        text = text.replace(old, new)
    return text


def changed(text: str, factor: int) -> str:
    return scaled(renamed(plain_words(text)), factor)


def other_pack(folder: Path, factor: int) -> Path:
    """A pack in which everything that is the note's own has changed."""
    folder.mkdir()
    note = (NOTE / "note.txt").read_text(encoding="utf-8")
    (folder / "note.txt").write_text(changed(note, factor), encoding="utf-8")
    for path in NOTE.glob("*.yaml"):
        if not means(path.name):
            continue
        data = everywhere(lambda t: renamed(plain_words(t)), load_yaml(read_source(path)).data)
        name = path.name
        if name != "contract.yaml":
            name = f"{int(name.partition('-')[0]) + 30}-part.yaml"
            data = of_clause(data, factor)
        (folder / name).write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return folder


Other = tuple[Path, int]
"""Another pack, and what its amounts are multiplied by."""


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Other:
    return other_pack(tmp_path_factory.mktemp("packs") / "other", 3), 3


@pytest.fixture(scope="module")
def same_amounts(tmp_path_factory: pytest.TempPathFactory) -> Other:
    """For figures that are rounded: three times them is another rounding."""
    return other_pack(tmp_path_factory.mktemp("packs") / "same-amounts", 1), 1


# Facts and reports -------------------------------------------------------------------------------

AMOUNTS = {
    "amount", "principal", "interest", "total", "fee", "applied_interest", "applied_principal",
}  # fmt: skip


def about(text: str) -> str:
    """A finding's id under its rule's new name."""
    head, slash, rest = text.partition("/")
    return RULES.get(head, head) + slash + rest if slash else text


def other_fact(record: Mapping[str, Any], factor: int) -> Record:
    """The same fact in the other world."""
    fact: Record = {}
    for name, value in record.items():
        if not isinstance(value, str):
            fact[renamed(name)] = value
        elif name in AMOUNTS:
            fact[name] = multiplied(value if "." in value else f"{value}.00", factor)
        elif name in ("of", "about"):
            fact[name] = renamed(about(value))
        elif name == "value" and record["kind"] == "rate":
            fact[name] = lowered(value)
        else:
            fact[renamed(name)] = renamed(value)
    return fact


def other_finding(finding: Record, factor: int) -> Record:
    says = multiplied(finding["says"], factor)
    says = re.sub(r"[a-z][a-z-]*(?=/)", lambda found: RULES.get(found.group(), found.group()), says)
    return {
        **finding,
        "id": about(finding["id"]),
        "rule": RULES[finding["rule"]],
        "clause": CLAUSES[finding["clause"]],
        "quote": scaled(finding["quote"], factor),
        "says": lowered(says) if finding["rule"] == "rate-stale" else says,
        "revisions": [
            {**revision, "about": revision["about"] and about(revision["about"])}
            for revision in finding["revisions"]
        ],
    }


def other_report(data: Record, factor: int) -> Record:
    """The report as it must be in the other world; lists of findings in the order of ids."""
    data = json.loads(json.dumps(data))
    del data["receipt"]
    data["findings"] = [other_finding(finding, factor) for finding in data["findings"]]
    for entry in (*data["obligations"], *data["powers"]):
        entry["clause"] = CLAUSES[entry["clause"]]
    for period in data["periods"]:
        period["margin"] = "1.25%"
        period["observed"] = period["observed"] and lowered(period["observed"])
    for missing in data["missing"]:
        missing["needed_for"] = [about(name) for name in missing["needed_for"]]
    return in_order(figures(everywhere(renamed, data), factor))


SENTENCES = {"says", "working", "quote"}


def figures(data: Any, factor: int, key: str = "") -> Any:
    """The data with its amounts multiplied; only sentences group their digits."""
    if isinstance(data, dict):
        return {name: figures(value, factor, name) for name, value in data.items()}
    if isinstance(data, list):
        return [figures(item, factor, key) for item in data]
    if not isinstance(data, str) or key == "says":
        return data
    found = multiplied(data, factor)
    return found if key in SENTENCES else found.replace(",", "") if found != data else found


def in_order(data: Record) -> Record:
    data["findings"] = sorted(data["findings"], key=lambda finding: str(finding["id"]))
    for entry in data["missing"]:
        entry["needed_for"] = sorted(entry["needed_for"])
    data["missing"] = sorted(data["missing"], key=lambda entry: str(entry["fact"]))
    return data


def fresh(rules: Any) -> Matcher:
    return Ruleset(rules)


def compare(
    records: Sequence[Mapping[str, Any]],
    as_of: str,
    other: Other,
    readings: Mapping[str, str] | None = None,
) -> Record:
    """Both evaluations, which must be each other's image; gives the plain one."""
    folder, factor = other
    facts = [other_fact(record, factor) for record in records]
    plain = check(records, as_of, readings)
    data = check(facts, renamed(as_of), readings, folder=folder, make=fresh)
    asserted = data.pop("receipt")["facts_asserted"]
    assert asserted == plain["receipt"]["facts_asserted"]
    assert in_order(data) == other_report(plain, factor)
    return plain


# Stories whose figures are exact: 14,600,000.00 at 10.50% is 4,200.00 a day, at 5.75% 2,300.00 ---


def fact(name: str, date: str, kind: str, **fields: Any) -> Record:
    return {"id": name, "date": date, "kind": kind, **fields}


INDEX = "lender-line-of-credit"
PLACE = "10050 Bandley Drive, Cupertino, CA 95014"
DRAWN = fact("a1", "2000-11-27", "advance", amount="14,600,000.00")
RATES = (
    fact("r1", "2000-12-29", "rate", index=INDEX, value="9.50%"),
    fact("r2", "2001-12-31", "rate", index=INDEX, value="4.75%"),
    fact("r3", "2002-12-31", "rate", index=INDEX, value="4.25%"),
)
OPENED = (DRAWN, *RATES)


def pay(name: str, date: str, amount: str, **fields: Any) -> Record:
    return fact(name, date, "payment", amount=amount, **fields)


FIRST = pay("p1", "2001-01-02", "142,800.00", funds="wire", place=PLACE,
            payee="Baccarat Electronics, Inc.")  # 34 days of 4,200.00  # fmt: skip
STORIES: dict[str, tuple[tuple[Record, ...], str]] = {
    "default, waiver and acceleration": (
        (
            *OPENED,
            fact("w1", "2001-01-08", "waiver", of="event-of-default/interest/2000-12-31",
                 by="Baccarat", reason="goodwill"),
            fact("x1", "2001-01-10", "acceleration", by="lender"),
            pay("p1", "2001-01-12", "142,800.00", funds="check", place="Valence, at its office"),
            fact("x2", "2003-01-10", "acceleration", by="Baccarat Electronics, Inc."),
        ),
        "2003-02-01",
    ),
    "acceleration on a default": (
        (
            *OPENED,
            fact("x1", "2001-01-10", "acceleration"),  # 10 days of 4,200.00 are due with it
            pay("p1", "2001-01-11", "184,800.00"),
            pay("p2", "2001-02-01", "7,300,000.00"),
            fact("c1", "2001-02-02", "costs", amount="700.00", type="attorneys-fees"),
            fact("j1", "2001-03-01", "judgment", about="attorneys-fees/c1", by="the court",
                 question="fees-reasonable", answer="reasonable", reason="they were usual"),
        ),
        "2001-06-01",
    ),
    "prepayment, re-borrowing and the cutoff": (
        (
            *OPENED,
            FIRST,
            # 180 days of 4,200.00 are 756,000.00; 1,460,000.00 is prepaid
            pay("p2", "2001-06-29", "2,216,000.00", applied_interest="0.00",
                applied_principal="2,216,000.00", fee="10.00"),
            fact("a2", "2001-10-01", "advance", amount="730,000.00"),
            fact("a3", "2002-01-15", "advance", amount="1,460,000.00"),
            fact("a4", "2002-08-30", "advance", amount="73,000.00"),
            fact("s1", "2002-09-02", "statement", principal="15,403,000.00"),
            pay("p3", "2002-10-01", "20,000,000.00"),
            fact("b1", "2002-10-02", "refund", amount="100.00"),
        ),
        "2002-12-31",
    ),
    "another holder, another place, another maturity": (
        (
            *OPENED,
            FIRST,
            fact("n1", "2001-02-01", "place-of-payment", place="1 Market Street", in_writing=True),
            fact("s1", "2001-03-01", "assignment", to="Berg & Berg Enterprises",
                 notified="2001-03-02"),
            pay("p2", "2001-12-31", "100.00", payee="Baccarat Electronics", place=PLACE),
            pay("p3", "2001-12-31", "200.00", payee="Berg & Berg Enterprises", place=PLACE),
            fact("m1", "2002-02-11", "amendment", document="Amendment No. 8", term="maturity",
                 value="2005-09-30", agreed_by="both"),
            fact("m2", "2002-02-12", "amendment", document="Amendment No. 9", term="maturity",
                 value="2006-09-30", agreed_by="lender"),
            fact("o1", "2002-03-01", "plea", what="presentment"),
        ),
        "2002-09-30",
    ),
    "subordination": (
        (
            *OPENED,
            fact("f1", "2001-03-01", "financing", provider="Silicon Valley Bank",
                 provider_kind="bank", form="loan", secured_by="inventory", conventional=True),
            fact("q1", "2001-03-02", "subordination-request", financing="f1", by="bank"),
            fact("d1", "2001-03-09", "subordination-refusal", request="q1", reason="none"),
            fact("q2", "2001-04-02", "subordination-request", financing="f1", by="Valence"),
            fact("q3", "2001-05-02", "subordination-request", financing="f1", by="bank"),
            fact("g1", "2001-05-09", "subordination-consent", request="q3"),
            fact("j1", "2001-06-01", "judgment", about="d1", question="withheld-unreasonably",
                 answer="unreasonable", by="the court", reason="no reason was given"),
        ),
        "2001-06-02",
    ),
    "no rate at all": (
        (
            DRAWN,
            pay("p1", "2001-01-02", "1.00"),
            fact("s1", "2002-09-02", "statement", total="15,000,000.00"),
        ),
        "2003-01-10",
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES)
def test_another_note_gives_the_report_changed_alike(story: str, other: Other) -> None:
    records, as_of = STORIES[story]
    plain = compare(records, as_of, other)
    assert len(plain["findings"]) >= 3


def test_the_exact_stories_are_not_idle() -> None:
    found: set[str] = set()
    for records, as_of in STORIES.values():
        found |= {finding["rule"] for finding in check(records, as_of)["findings"]}
    assert len(found) >= 25


FACTS = sorted((ROOT / "fixtures" / NOTE.name).glob("*/facts.*"))


@pytest.mark.parametrize("path", FACTS, ids=lambda path: path.parent.name)
def test_every_story_is_told_alike_of_another_note(path: Path, same_amounts: Other) -> None:
    fields = {name for kind in pack().kinds.values() for name in kind.fields}
    records, problems = read_records(read_source(path), path.suffix, fields)
    assert not problems
    compare([record.cells for record in records], "", same_amounts)


@pytest.mark.parametrize("seed", range(9000, 9040))
def test_random_histories_are_told_alike_of_another_note(seed: int, same_amounts: Other) -> None:
    records, as_of, readings = random_history(seed)
    compare(records, as_of, same_amounts, readings)


# The other note ----------------------------------------------------------------------------------


def test_nothing_of_this_note_is_left_in_the_other(other: Other) -> None:
    folder, _factor = other
    text = "\n".join(p.read_text(encoding="utf-8") for p in sorted(folder.iterdir()))
    left = [
        "valence",
        "baccarat",
        "line-of-credit",
        "bandley",
        "subordination-request",
        "cupertino",
    ]
    left += ["2000-11-27", "2002-08-30", "November 27, 2000", "August 30, 2002", "1.00%"]
    left += ["15,000,000", "Fifteen"]
    assert [word for word in left if word.lower() in text.lower()] == []
    assert not set(load_pack(folder).rules) & set(load_pack(NOTE).rules)
    assert not {c.clause for c in load_pack(folder).clauses} & {c.clause for c in pack().clauses}
    assert {path.name for path in folder.iterdir()} & {p.name for p in NOTE.iterdir()} == {
        "contract.yaml",
        "note.txt",
    }


def test_the_other_note_is_claimed_whole(other: Other) -> None:
    assert unclaimed(load_pack(other[0])) == []


OF_THIS_NOTE = r"valence|baccarat|12-31|08-30|subordinat|line-of-credit"


def test_nothing_of_this_note_stands_in_the_checker() -> None:
    files = [p for p in sorted((ROOT / "checker").rglob("*")) if p.suffix in (".py", ".yaml")]
    assert {"kinds.yaml", "pack.py", "ledger.py"} <= {path.name for path in files}
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(OF_THIS_NOTE, line, re.IGNORECASE)
    ]
    assert found == []
