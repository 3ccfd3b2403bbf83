"""The answers to a contract's questions: one by one, and in every combination."""

from __future__ import annotations

import io
import json
import random
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from checker.cli import cli, main
from checker.commands.progress import covered
from checker.dates import parse_day
from checker.evaluate import Engines
from checker.facts import load_facts
from checker.inquiry import Inquiry
from checker.loader import load_pack
from checker.pack import Pack
from checker.questions.combinations import (
    Combinations,
    Told,
    count,
    explored,
    figures,
    stands,
)
from checker.questions.readings import labelled, readings
from checker.schema import schema
from checker.terms import Choices
from checker.timeline import last_date
from tests.agreement import history
from tests.product import NOTE, ROOT, as_facts, engines, pack
from tests.stories import stories
from tests.test_every_pack import bent, last_day, of_every_pack, vocabulary

rarely = settings(max_examples=3, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 100_000)
SAMPLED = 200
LATE = "second-amended-note/principal-three-days-late"


def told(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report without the answers that it was read with."""
    return {name: part for name, part in report.items() if name != "readings"}


def sampled(inquiry: Inquiry, dice: random.Random) -> dict[str, str]:
    questions = inquiry.pack.questions
    return {name: dice.choice(list(question.answers)) for name, question in questions.items()}


def asked(folder: Path, seed: int) -> Inquiry:
    facts, choices = bent(folder, seed)
    return Inquiry(pack(folder), engines(folder), facts, last_day(facts, seed), None, choices)


def of_story(title: str, **answers: str) -> Inquiry:
    story = ROOT / "fixtures" / title
    folder = ROOT / "rules" / story.parent.name
    (path,) = story.glob("facts.*")
    facts = load_facts([str(path)], vocabulary(folder))
    choices = Choices(readings=answers)
    return Inquiry(pack(folder), engines(folder), facts, last_date(facts, None), None, choices)


@cache
def all_of(title: str) -> tuple[Inquiry, dict[str, Any]]:
    inquiry = of_story(title)
    return inquiry, readings(inquiry, all_=True)


# What is shared ----------------------------------------------------------------------------------


@of_every_pack
@rarely
@given(seed=seeds)
def test_answers_that_are_not_told_apart_give_the_same_report(folder: Path, seed: int) -> None:
    inquiry, dice = asked(folder, seed), random.Random(seed)
    for _ in range(3):
        first = inquiry.read(sampled(inquiry, dice))
        report, same = first.report, first.result.evaluation.terms.indistinct
        for _ in range(6):
            other = first.read({name: dice.choice(sorted(each)) for name, each in same.items()})
            assert told(other.report) == told(report)


EARLY = parse_day("2003-01-31")
"""Looked at on this day, a history of the first note has seen maturity, and is not yet long."""

SEEDS = pytest.mark.parametrize("seed", [1, 5, 8])


@cache
def combined(seed: int) -> tuple[Inquiry, Combinations]:
    """A random history of the first note, in every combination."""
    records, _as_of, answers = history(seed)
    choices = Choices(readings=answers)
    inquiry = Inquiry(pack(NOTE), engines(NOTE), as_facts(records), EARLY, None, choices)
    return inquiry, explored(inquiry)


def agree(combinations: Combinations, report: Mapping[str, Any], answers: dict[str, str]) -> None:
    """All that is told of a combination is what a plain check with its answers reports."""
    whole = Told.of(report)
    told_ = combinations.told(answers)
    assert told_ == whole
    for one, other in ((told_.findings, whole.findings), (told_.owed, whole.owed)):
        assert list(one) == list(other)

    def at(nodes: Mapping[Any, int]) -> dict[Any, Any]:
        found = {name: combinations.diagrams.at(node, answers) for name, node in nodes.items()}
        return {name: value for name, value in found.items() if value is not None}

    amounts = {name: value for name, value in whole.figures.items() if value is not None}
    assert at(combinations.figures) == amounts
    assert at(combinations.findings) == whole.findings
    powers = {power["id"]: (power["state"], power["since"]) for power in report["powers"]}
    assert at(combinations.powers) == powers
    assert combinations.diagrams.at(combinations.outcome, answers) == report["outcome"]


@SEEDS
def test_every_combination_is_what_a_plain_check_with_its_answers_reports(seed: int) -> None:
    inquiry, combinations = combined(seed)
    dice = random.Random(seed)
    for _ in range(SAMPLED):
        answers = sampled(inquiry, dice)
        agree(combinations, inquiry.read(answers).report, answers)


@of_every_pack
@rarely
@given(seed=seeds)
def test_so_it_is_in_every_pack_over_histories_bent_at_random(folder: Path, seed: int) -> None:
    inquiry, dice = asked(folder, seed), random.Random(seed)
    combinations = explored(inquiry)
    for _ in range(25):
        answers = sampled(inquiry, dice)
        agree(combinations, inquiry.read(answers).report, answers)


AGAIN = ("reborrow-on-29-august", "reborrow-on-30-august", "reborrow-over-limit")


@pytest.mark.parametrize(
    "title",
    [
        *(f"second-amended-note/{story}" for story in AGAIN),
        "second-amended-note/maturity-amended-by-both",
        "instalment-note/partial-prepayment-in-inverse-order",
        "instalment-note/prepaid-in-the-third-year-and-after",
        "instalment-note/paid-off-in-one-sum",
    ],
)
def test_so_it_is_of_what_is_drawn_again_amended_or_late_for_years(title: str) -> None:
    inquiry, dice = of_story(title), random.Random(title)
    combinations = explored(inquiry)
    for _ in range(30):
        answers = sampled(inquiry, dice)
        agree(combinations, inquiry.read(answers).report, answers)


def test_what_may_be_drawn_again_parts_no_account() -> None:
    evaluations = {
        story: all_of(f"second-amended-note/{story}")[1]["evaluations"]
        for story in ("on-time", "reborrow-on-29-august")
    }
    assert len(set(evaluations.values())) == 1


BESIDES = """
  late-charge-besides:
    when:
      late: instalment-window-lapsed or final-window-lapsed where unpaid > 0.00 and late-on-final
    then:
      outcome: information
      against: borrower
      amount: 7.00
      charges: {of: late-charge, amount: 7.00}
    says: "{late.unpaid} was unpaid."
    words: any instalment
"""
CHARGES = "charges: {of: late-charge, amount: 7.00}"


def with_rules(tmp_path: Path, rules: str) -> Pack:
    """The instalment note with more rules in its clause of late charges."""
    folder = tmp_path / "instalment-note"
    shutil.copytree(ROOT / "rules" / "instalment-note", folder)
    with (folder / "7-late-charge.yaml").open("a", encoding="utf-8") as clause:
        clause.write(rules)
    return load_pack(folder)


@pytest.mark.parametrize("title", ["late-with-late-charge", "paid-off-in-one-sum"])
def test_so_it_is_where_two_rules_charge_the_same_under_some_answers(
    tmp_path: Path, title: str
) -> None:
    changed, dice = with_rules(tmp_path, BESIDES), random.Random(title)
    with Engines(changed) as both:
        inquiry = replace(of_story(f"instalment-note/{title}"), pack=changed, engines=both)
        combinations, sums = explored(inquiry), set[str]()
        for _ in range(30):
            answers = sampled(inquiry, dice)
            report = inquiry.read(answers).report
            agree(combinations, report, answers)
            sums |= {row["amount"] for row in report["obligations"] if "late" in row["id"]}
        assert len(sums) > 3


@pytest.mark.parametrize(
    ("title", "most"),
    [
        ("instalment-note/on-time", 16),
        ("instalment-note/prepaid-in-the-third-year-and-after", 30),
        ("revolving-note/quiet-quarters", 9),
        ("second-amended-note/on-time", 25),
    ],
)
def test_no_account_is_lived_for_a_charge_or_the_day_of_a_fixing_alone(
    title: str, most: int
) -> None:
    assert all_of(title)[1]["evaluations"] <= most


def instalments_of(*payments: tuple[str, str]) -> Inquiry:
    """1,800,000.00 drawn on the instalment note, and what was paid on it, up to December."""
    records = [
        {"id": "a1", "date": "2019-02-01", "kind": "advance", "amount": "1800000.00"},
        *(
            {"id": f"p{number}", "date": day, "kind": "payment", "amount": amount}
            for number, (day, amount) in enumerate(payments)
        ),
    ]
    folder = ROOT / "rules" / "instalment-note"
    of = pack(folder)
    return Inquiry(of, engines(folder), as_facts(records, of), DECEMBER, None, Choices())


DECEMBER = parse_day("2019-12-20")
MONTHLY = [
    (f"2019-{day}", "10800.00")
    for day in ("03-01", "04-01", "05-01", "06-03", "07-01", "08-01", "09-03", "10-01")
]


@pytest.mark.parametrize(
    ("payments", "cut"),
    [
        ([*MONTHLY, ("2019-10-28", "45000.00")], True),
        ([*MONTHLY, ("2019-10-28", "45000.00"), ("2019-11-25", "90000.00")], True),
        ([*MONTHLY[:5], ("2019-07-16", "25000.00")], True),  # its last day comes afterwards
        ([*MONTHLY, ("2019-10-28", "900.00"), ("2019-11-18", "1500.00")], False),
    ],
)
def test_so_it_is_where_a_payment_reaches_for_a_part_of_the_charges(
    tmp_path: Path, payments: list[tuple[str, str]], *, cut: bool
) -> None:
    """What is paid of one charge turns on whether another stood before it."""
    charges = "charges: {of: late-charge, amount: 7.00, due: late.due}"
    changed = with_rules(tmp_path, BESIDES.replace(CHARGES, charges))
    with Engines(changed) as both:
        inquiry = replace(instalments_of(*payments), pack=changed, engines=both)
        combinations, dice = explored(inquiry), random.Random(len(payments))
        accounts = [course.ledger for course in combinations.together.courses]
        same = [charges for account in accounts for charges in account.apart.values()]
        assert cut == any(
            one.amount == other.amount and one.facts[1:] != other.facts[1:]
            for charges in same
            for one in charges
            for other in charges
        )
        for _ in range(40):
            answers = sampled(inquiry, dice)
            agree(combinations, inquiry.read(answers).report, answers)


COMPETING = """
  failed:
    when: {failure: covenant-failure where late-on-final}
    then: {outcome: information, charges: {of: late-charge, amount: 20.00, due: failure.date}}
    says: "It failed."
    words: any instalment
  demanded:
    when: {demand: plea where option-survives-cure}
    then: {outcome: information, charges: {of: late-charge, amount: 70.00, due: demand.date}}
    says: "It was demanded."
    words: any instalment
  failed-before:
    when: {failure: covenant-failure where not option-survives-cure}
    then:
      outcome: information
      charges: {of: late-charge, amount: 70.00, due: failure.date - 1 day}
    says: "It had failed."
    words: any instalment
"""


@pytest.mark.parametrize("as_of", ["2019-02-08", "2019-02-09", "2019-02-25", "2019-04-05"])
def test_what_is_cut_stands_where_the_charge_stood(tmp_path: Path, as_of: str) -> None:
    changed = with_rules(tmp_path, COMPETING)
    paid = (("2019-02-08", "15.00"), ("2019-02-09", "65.00"), ("2019-03-20", "30.00"))
    records = [
        {"id": "a1", "date": "2019-02-01", "kind": "advance", "amount": "1000.00"},
        {"id": "f1", "date": "2019-02-05", "kind": "covenant-failure", "covenant": "liens"},
        {"id": "q1", "date": "2019-02-05", "kind": "plea", "what": "demand"},
        {"id": "q2", "date": "2019-02-05", "kind": "plea", "what": "demand"},
        *(
            {"id": f"p{number}", "date": day, "kind": "payment", "amount": amount}
            for number, (day, amount) in enumerate(paid)
        ),
    ]
    with Engines(changed) as both:
        facts, day = as_facts(records, changed), parse_day(as_of)
        inquiry = Inquiry(changed, both, facts, day, None, Choices())
        combinations, own = explored(inquiry), inquiry.report["readings"]
        for final, option in product(("final-too", "regular-only"), ("lapses", "survives")):
            answers = {**own, "late-final": final, "option-after-cure": option}
            agree(combinations, inquiry.read(answers).report, answers)


DUE_TODAY = """
  demanded:
    when: {demand: plea where late-on-final}
    then:
      outcome: information
      charges: {of: late-charge, amount: 100.00, due: demand.date + 12 days}
    says: "It was demanded."
    words: any instalment
  costs-charged:
    when: {incurred: costs where not late-on-final}
    then: {outcome: information, charges: {of: premium, amount: 5.00}}
    says: "Costs were incurred."
    words: any instalment
  costs-outstanding:
    when: {incurred: costs}
    then: {outcome: information, amount: balance.costs-due}
    says: "Costs are {balance.costs-due}."
    words: any instalment
"""


def test_a_charge_falls_due_at_its_time_of_the_day_whatever_else_is_charged(tmp_path: Path) -> None:
    """What is charged under other answers earlier on a day makes nothing fall due before it."""
    changed, dice = with_rules(tmp_path, DUE_TODAY), random.Random(12)
    records = [
        {"id": "d1", "date": "2019-02-08", "kind": "plea", "what": "demand"},
        {"id": "c1", "date": "2019-02-20", "kind": "costs", "amount": "40.00", "type": "other"},
    ]
    with Engines(changed) as both:
        facts, day = as_facts(records, changed), parse_day("2019-02-21")
        inquiry = Inquiry(changed, both, facts, day, None, Choices())
        combinations = explored(inquiry)
        for _ in range(20):
            answers = sampled(inquiry, dice)
            agree(combinations, inquiry.read(answers).report, answers)


def test_no_account_is_lived_for_which_charges_are_paid_where_the_same_is_paid_on_all() -> None:
    inquiry = instalments_of(*MONTHLY, ("2019-10-28", "45000.00"))
    explored(inquiry)
    assert inquiry.meter.evaluations <= 10  # each charge by itself would be 22


@SEEDS
def test_of_every_thing_the_combinations_are_counted_once(seed: int) -> None:
    inquiry, combinations = combined(seed)
    assert combinations.total == count(inquiry) == 13_824
    things = (combinations.findings, combinations.powers, combinations.figures)
    for node in [combinations.outcome, *(node for thing in things for node in thing.values())]:
        assert sum(combinations.sizes(node).values()) == 13_824


@SEEDS
def test_robust_findings_are_in_every_combination_and_the_others_are_not(seed: int) -> None:
    inquiry, combinations = combined(seed)
    dice = random.Random(seed)
    reports = [inquiry.read(sampled(inquiry, dice)).report for _ in range(SAMPLED)]
    found = [{f["id"]: stands(f) for f in report["findings"]} for report in reports]
    for finding in labelled(inquiry)["findings"]:
        same = [each.get(finding["id"]) == stands(finding) for each in found]
        sizes = combinations.sizes(combinations.findings[finding["id"]])
        assert finding["robust"] == (not finding["depends_on"]) == (len(sizes) == 1)
        assert all(same) or not finding["robust"]


@of_every_pack
def test_fewer_evaluations_are_made_than_there_are_combinations(folder: Path) -> None:
    story = stories(folder.name)[0]
    inquiry = of_story(f"{folder.name}/{story.name}")
    data = readings(inquiry, all_=True)
    assert data["evaluations"] == inquiry.meter.evaluations
    assert 1 < data["evaluations"] < count(inquiry)


# What is told of it ------------------------------------------------------------------------------


def matching(sets: list[dict[str, str]], answers: Mapping[str, str]) -> bool:
    return any(each.items() <= answers.items() for each in sets)


def test_the_sets_of_answers_bring_about_what_they_are_told_with() -> None:
    inquiry, data = all_of("second-amended-note/last-day-of-grace")
    dice = random.Random(7)
    for _ in range(60):
        answers = sampled(inquiry, dice)
        report = inquiry.read(answers).report
        found = {f["id"]: f for f in report["findings"]}
        for finding in data["findings"]:
            one = found.get(finding["id"])
            is_so = (one["outcome"], one["date"]) if one else (None, None)
            for when in finding["when"]:
                assert matching(when["sets"], answers) == (is_so == (when["outcome"], when["date"]))
        for outcome in data["outcomes"]:
            assert matching(outcome["sets"], answers) == (outcome["outcome"] == report["outcome"])
        amounts = figures(report)
        for figure in data["figures"]:
            value = amounts.get((figure["of"], figure["figure"]))
            if value is not None:
                ends = (int(figure[end].replace(".", "")) for end in ("lowest", "highest"))
                assert next(ends) <= value <= next(ends)


def test_the_sets_of_answers_are_minimal() -> None:
    inquiry, data = all_of("second-amended-note/last-day-of-grace")
    answers = {name: list(q.answers) for name, q in inquiry.pack.questions.items()}
    dice = random.Random(11)
    for outcome in data["outcomes"]:
        for each in outcome["sets"]:
            for left_out in each:
                rest = {name: answer for name, answer in each.items() if name != left_out}
                tried = (
                    {name: dice.choice(of) for name, of in answers.items()} | rest
                    for _ in range(300)
                )
                reports = (inquiry.read(one).report["outcome"] for one in tried)
                assert any(report != outcome["outcome"] for report in reports), each


@pytest.mark.parametrize("title", ["second-amended-note/last-day-of-grace"])
def test_all_combinations_are_counted_once_in_each_thing(title: str) -> None:
    _inquiry, data = all_of(title)
    assert data["combinations"] == 13_824
    assert sum(when["combinations"] for when in data["outcomes"]) == 13_824
    for finding in data["findings"]:
        if finding["when"]:
            assert sum(when["combinations"] for when in finding["when"]) == 13_824


def test_what_the_baseline_lacks_is_told_after_it_by_name() -> None:
    inquiry, data = all_of("instalment-note/late-with-late-charge")
    own = figures(inquiry.report)
    told_ = [(figure["of"], figure["figure"]) for figure in data["figures"]]
    lacking = [of for of, _name in told_[len(own) :]]
    assert told_[: len(own)] == list(own)
    assert lacking == sorted(lacking)
    assert len(set(lacking)) > 20


def test_each_answer_alone_is_what_a_plain_check_with_it_reports() -> None:
    inquiry = of_story(LATE)
    before = figures(inquiry.report)
    for question in readings(inquiry)["questions"]:
        for other in question["others"]:
            report = inquiry.read({question["question"]: other["answer"]}).report
            after = figures(report)
            moved = {
                (of, name)
                for of, name in {*before, *after}
                for one, new in [(before.get((of, name)), after.get((of, name)))]
                if one != new and (of == "balances" or (one or 0) != (new or 0))
            }
            assert {(m["of"], m["figure"]) for m in other["money"]} == moved
            assert other["outcome"] == report["outcome"]


def test_a_default_on_late_principal_turns_on_the_words_of_grace() -> None:
    default = "event-of-default/principal/2002-08-30"
    alone = readings(of_story(LATE))
    (found,) = [f for f in alone["findings"] if f["id"] == default]
    assert (found["date"], found["label"]) == ("2002-08-31", "reading-dependent")
    phrases = {on["phrase"] for on in found["depends_on"]}
    assert "or within five (5) calendar days thereafter" in phrases
    (question,) = [q for q in alone["questions"] if q["question"] == "grace-scope"]
    (other,) = question["others"]
    gone = {(change["id"], change["change"]) for change in other["findings"]}
    assert (default, "goes") in gone


def test_the_determination_of_the_rate_moves_the_interest_of_2001() -> None:
    questions = readings(of_story(LATE))["questions"]
    (question,) = [q for q in questions if q["question"] == "rate-determination"]
    assert question["phrase"] == "determined for the prior year on December 31"
    (other,) = question["others"]
    amount = ("interest/2001-12-31", "amount")
    (money,) = [m for m in other["money"] if (m["of"], m["figure"]) == amount]
    assert (money["before"], money["after"]) == ("862500.00", "1575000.00")
    assert money["says"] == "+712,500.00 due 2001-12-31 (interest)"


def test_without_combinations_a_finding_is_at_most_stable_alone() -> None:
    labels = {f["label"] for f in readings(of_story(LATE))["findings"]}
    assert labels == {"reading-dependent"} or "stable-alone" in labels
    assert "robust" not in labels


@of_every_pack
def test_every_answer_has_its_published_shape(folder: Path) -> None:
    validator = Draft7Validator(schema("readings"))
    for story in stories(folder.name)[:6]:
        data = readings(of_story(f"{folder.name}/{story.name}"))
        assert [error.message for error in validator.iter_errors(data)] == []


def test_every_combination_has_its_published_shape() -> None:
    _inquiry, data = all_of("second-amended-note/last-day-of-grace")
    assert [e.message for e in Draft7Validator(schema("readings")).iter_errors(data)] == []


# The commands ------------------------------------------------------------------------------------


FACTS = ROOT / "fixtures" / "second-amended-note" / "last-day-of-grace" / "facts.csv"


def test_check_labels_each_finding_by_all_readings() -> None:
    words = ["check", str(NOTE), str(FACTS), "--robustness", "--format"]
    data = json.loads(CliRunner().invoke(cli, [*words, "json"]).output)
    assert [e.message for e in Draft7Validator(schema("report")).iter_errors(data)] == []
    assert data["findings"]
    assert all(f["robust"] == (not f["depends_on"]) for f in data["findings"])
    text = CliRunner().invoke(cli, [*words, "text"]).output
    assert text.count("turns on how it is read") == sum(
        not f["robust"] and f["outcome"] != "information" for f in data["findings"]
    )


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_told_on_a_terminal_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with covered() as progress:
        assert progress is not None
        explored(of_story("second-amended-note/no-rate-at-all"), progress)
    told_, last = terminal.getvalue(), terminal.getvalue().split("\r")
    assert "all combinations up to 2001-06-29 of 2001-06-29, on 12 courses" in told_
    assert last[-1] == ""
    assert not last[-2].strip()


def test_progress_is_not_told_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with covered() as progress:
        assert progress is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--reading", "grace-scop=all-amounts"], "did you mean 'grace-scope'"),
        (["--reading", "grace-scope=all-amount"], "did you mean 'all-amounts'"),
        (["--as-of", "2001-02-30"], "2001-02-30"),
        (["--output", "html=x"], "unknown format 'html'"),
    ],
)
def test_wrong_input_is_told_with_its_place(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(["readings", str(NOTE), str(FACTS), *words])
    shown = capsys.readouterr()
    assert left.value.code == 2
    assert said in shown.err
    assert shown.out == ""
