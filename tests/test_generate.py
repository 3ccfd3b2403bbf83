"""Made-up portfolios: valid input for any pack, plausible, and the same for the same seed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from checker.evaluate import Result
from checker.generate.habits import load_habits
from checker.generate.outline import outline
from checker.loader import load_pack
from checker.model import WrongInput
from tests.made_up import Portfolio, portfolio
from tests.product import ROOT
from tests.test_cli import run
from tests.tiny_pack import write as written

__all__ = ["run"]  # the fixture that runs the command

PACKS = sorted(path.parent for path in (ROOT / "rules").glob("*/contract.yaml"))
CONTRACTS, FACTS = 200, 9_000


EVERYWHERE = {
    "kept", "paid on time", "paid in grace", "paid after a default", "defaulted", "prepaid",
    "payment", "advance", "waiver", "correction", "refund",
}  # fmt: skip
SOMEWHERE = {
    "a little too little", "costs", "judgment", "reborrowed: met", "reborrow-over-limit: breach",
    "reborrow-after-cutoff: breach", "late-in-grace: met-in-grace", "event-of-default: waived",
    "accelerated: information", "acceleration-without-default: breach", "payment-funds: breach",
    "payment-misapplied: breach",
}  # fmt: skip
IN = {
    "second-amended-note": SOMEWHERE,
    "instalment-note": {"late-charge-due: information", "premium-due: met"},
    "revolving-note": {"draw-requested: met"},
}
"""What must occur in a portfolio of each pack, besides what occurs everywhere."""


def seen(made: Portfolio) -> Counter[str]:
    """What occurs in a portfolio, and how often; its evaluation refuses what is wrong input."""
    found = Counter[str]()
    for contract, result in made.results():
        found.update(fact.kind for fact in contract.facts)
        found += looked_at(result)
    return found


def looked_at(result: Result) -> Counter[str]:
    ledger, findings = result.evaluation.ledger, result.findings.values()
    found = Counter(f"{finding.rule}: {finding.outcome}" for finding in findings)
    broken = any(finding.outcome in ("breach", "event-of-default") for finding in findings)
    found["kept"] += not broken
    found["prepaid"] += sum(split.prepaid > 0 for split in ledger.splits)
    names = {"paid": "paid on time", "paid-in-grace": "paid in grace",
             "paid-after-default": "paid after a default"}  # fmt: skip
    for obligation in ledger.obligations.values():
        state = obligation.state(result.as_of)
        found[names.get(state, state)] += 1
        found["obligations"] += 1
    for finding in findings:
        owed = ledger.obligations.get(finding.about)
        if finding.rule == "event-of-default" and owed is not None:
            found["a little too little"] += 0 < (finding.amount or 0) <= owed.amount // 50
    return found


# Valid, and rich ---------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_every_contract_is_valid_and_what_happens_to_loans_happens(
    pack: Path, tmp_path: Path
) -> None:
    """One test for all of it: evaluating hundreds of contracts is what takes time."""
    made = portfolio(pack, CONTRACTS, FACTS, tmp_path)
    found = seen(made)
    always = {h.kind for h in load_habits(made.pack).all if h.how in ("every", "before")}
    wanted = EVERYWHERE | IN.get(pack.name, set()) | always
    assert [name for name in sorted(wanted) if not found[name]] == []
    # most people keep what they promised
    assert found["kept"] > CONTRACTS // 2
    in_time = found["paid on time"] + found["paid in grace"]
    assert in_time > found["obligations"] * 9 // 10
    assert found["paid on time"] > found["obligations"] // 2
    # about so many facts as were asked for
    own = sum(len(contract.facts) - len(made.shared) for contract in made.contracts)
    assert abs(own - FACTS) < FACTS // 6
    # observations are shared, and of one index there is one a day
    days = [(record["index"], record["date"]) for record in made.shared if record["index"]]
    assert len(set(days)) == len(days)
    assert {index for index, _day in days} == set(made.pack.indices)


def test_some_contracts_have_a_size_of_their_own(tmp_path: Path) -> None:
    made = portfolio(PACKS[0], 30, 300, tmp_path)
    assert 0 < len([c for c in made.contracts if c.choices.terms]) < 30


# The same for the same seed ----------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_whatever_the_workers(run: Any, tmp_path: Path) -> None:
    folders = {}
    for name, seed, workers in (("one", 1, 1), ("two", 1, 2), ("other", 2, 1)):
        folders[name] = tmp_path / name
        ran = run(
            "generate", "--contracts", 600, "--facts", 6000, "--seed", seed, "--workers", workers,
            "--out", folders[name],
        )  # fmt: skip
        assert ran.code == 0, ran.err
    for table in ("portfolio.parquet", "facts.parquet"):
        one, two, other = ((folders[name] / table).read_bytes() for name in folders)
        assert one == two
        assert one != other
    assert {path.name for path in folders["one"].iterdir()} == {
        "portfolio.parquet",
        "facts.parquet",
    }


def test_tables_hold_money_dates_and_every_contract_of_every_pack(run: Any, tmp_path: Path) -> None:
    ran = run("generate", "--contracts", 60, "--facts", 600, "--out", tmp_path / "new")
    assert "60 contracts" in ran.out
    facts, contracts = (str(tmp_path / "new" / f"{t}.parquet") for t in ("facts", "portfolio"))
    with duckdb.connect() as db:
        described = "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(?))"
        types = dict(db.execute(described, [facts]).fetchall())
        packs = db.execute("SELECT DISTINCT pack FROM read_parquet(?)", [contracts]).fetchall()
        strangers = db.execute(
            "SELECT count(*) FROM read_parquet(?) WHERE contract IS NOT NULL AND contract NOT IN "
            "(SELECT contract FROM read_parquet(?))",
            [facts, contracts],
        ).fetchone()
    assert types["amount"] == "DECIMAL(18,2)"
    assert types["date"] == "DATE"
    assert types["void"] == "BOOLEAN"
    assert types["value"] == "VARCHAR"
    assert {Path(name).name for (name,) in packs} == {pack.name for pack in PACKS}
    assert strangers == (0,)


# Any pack ----------------------------------------------------------------------------------------


def test_a_pack_that_says_nothing_of_it_is_made_up_as_well(tmp_path: Path) -> None:
    folder = written(tmp_path / "tiny")
    small = portfolio(folder, 40, 400, tmp_path / "out")
    states = Counter[str]()
    for _contract, result in small.results():
        states.update(o.state(result.as_of) for o in result.evaluation.ledger.obligations.values())
    assert states["paid"] > 40


def test_the_outline_has_the_periods_of_the_contract_without_a_gap() -> None:
    for pack in PACKS:
        spans = outline(load_pack(pack), 1).spans
        assert len(spans) > 2
        assert all(one.end == other.start for one, other in pairwise(spans))


# Wrong habits ------------------------------------------------------------------------------------

HABIT = """habits:
  certificate:
    record: plea
    once: true
    fields: {what: demand}
"""
PLEA = "facts: {plea: {fields: {what: {type: word, required: true, choices: [demand, protest]}}}}"


def test_a_habit_that_is_right_is_taken(tmp_path: Path) -> None:
    assert len(habits(tmp_path, HABIT).all) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("record: plea", "record: pleas", "unknown kind 'pleas'"),
        ("once: true", "onec: true", "unknown key 'onec'"),
        ("once: true", "once: true\n    every: every 31 December", "one of every, before,"),
        ("once: true", "before: advances", "unknown event 'advances'"),
        ("once: true", "on: prepayment", "a plea is not the record of 'prepayment'"),
        ("once: true", "every: 31 December", "not a schedule"),
        ("once: true", "after: default\n    days: soon", "not a number of days"),
        ("once: true", "after: default\n    days: 9 to 3 days", "the lesser number of days"),
        ("once: true", "once: true\n    share: some", "not a rate"),
        ("once: true", "after: default\n    where: default.of > 3", "cannot stand around"),
        (
            "once: true",
            "after: default\n    where: default.size > 3",
            "unknown name 'default.size'",
        ),
        ("what: demand", "what: demnd", "'demnd' is none of"),
        ("what: demand", "who: demand", "a plea has no field 'who'"),
        ("{what: demand}", "{}", "a plea needs its 'what'"),
        ("certificate:", "advance:", "this is the name of an event"),
    ],
)
def test_a_wrong_habit_is_told_with_its_place(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    assert old in HABIT
    with pytest.raises(WrongInput) as wrong:
        habits(tmp_path, HABIT.replace(old, new, 1))
    assert any(message in problem.message for problem in wrong.value.problems)
    assert all(problem.place.line > 1 for problem in wrong.value.problems)


def test_habits_that_go_with_one_another_without_end_are_refused(tmp_path: Path) -> None:
    circle = "habits:\n" + "".join(
        f"  {one}: {{record: plea, after: {other}, fields: {{what: demand}}}}\n"
        for one, other in (("a", "b"), ("b", "c"), ("c", "a"))
    )
    with pytest.raises(WrongInput) as wrong:
        habits(tmp_path, circle)
    assert {problem.place.line for problem in wrong.value.problems} == {2, 3, 4}


def habits(folder: Path, text: str) -> Any:
    pack = load_pack(written(folder / "tiny", PLEA))
    (folder / "tiny" / "generate.yaml").write_text(text, encoding="utf-8")
    return load_habits(pack)


def test_lint_tells_what_is_wrong_in_habits(run: Any, tmp_path: Path) -> None:
    folder = written(tmp_path / "tiny")
    (folder / "generate.yaml").write_text(HABIT, encoding="utf-8")
    ran = run("lint", folder, "--no-cases")
    assert ran.code == 2
    assert "generate.yaml:3:13" in ran.out


def test_what_cannot_be_written_or_found_is_refused(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    asked = ("generate", "--contracts", 1, "--facts", 10, "--out")
    assert "'" + str(tmp_path / "file") + "' is not a folder" in run(*asked, tmp_path / "file").err
    ran = run(*asked, tmp_path / "out", "--pack", tmp_path / "none")
    assert ran.code == 2
    assert "there is no such pack" in ran.err
    assert not (tmp_path / "out").exists()
    monkeypatch.chdir(tmp_path)
    assert "there is no pack in rules/" in run(*asked, tmp_path / "out").err
