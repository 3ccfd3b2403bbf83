"""Mutation itself: what its operators change, what is caught, and whether arguments stand."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.mutation import SURVIVORS, argued, catch, changed, diff, fates, sample
from tests.mutation_operators import Mutant, mutants
from tests.product import NOTE

OPERATORS = {
    "sign", "day", "name", "bound", "unless", "where", "order", "answer", "cent", "rate",
    "outcome", "against", "then",
}  # fmt: skip


PACKS = sorted(path.parent for path in NOTE.parent.glob("*/contract.yaml"))


@cache
def all_of(pack: Path) -> dict[tuple[str, ...], str]:
    """The changed lines of every mutant of a pack, with its operator."""
    return {changed(diff(mutant)): mutant.operator for mutant in mutants(pack)}


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_a_few_mutants_of_a_pack_are_caught_or_argued(pack: Path) -> None:
    """The whole of it is `make mutate`; here one of nearly every operator, at a fixed seed."""
    known = argued(pack.name)
    seen = list(fates(sample(pack, 2000, 12), pack, workers=1, linting=False))
    survivors = ["\n".join(diff(fate.mutant)) for fate in seen
                 if not fate.caught and changed(diff(fate.mutant)) not in known]  # fmt: skip
    assert not survivors, "\n\n".join(survivors)
    assert len({fate.mutant.operator for fate in seen}) == 12


def test_what_is_not_changed_is_not_caught() -> None:
    text = (NOTE / "7-law.yaml").read_text(encoding="utf-8")
    assert (
        catch(Mutant("none", "7-law.yaml", text, f"{text}# the same\n"), NOTE, linting=False) == ""
    )


def test_a_sample_is_the_same_for_the_same_seed_and_turns_through_the_operators() -> None:
    first, again, other = (sample(NOTE, seed, 40) for seed in (5, 5, 6))
    assert first == again
    assert first != other
    assert {mutant.operator for mutant in first} == OPERATORS
    assert len({(mutant.file, mutant.new) for mutant in first}) == 40


@pytest.mark.parametrize(
    ("operator", "lines"),
    [
        ("sign", ("-value: 1.00%", "+value: -1.00%")),
        ("rate", ("-value: 1.00%", "+value: 1.01%")),
        ("cent", ("-value: USD 15,000,000.00", "+value: USD 14,999,999.99")),
        ("day", ("-value: 2002-08-30", "+value: 2002-08-31")),
        ("day", ("-value: 5 calendar days", "+value: 4 calendar days")),
        ("day", ("-value: every 31 December", "+value: every 30 December")),
        ("order", ("-due: [interest, principal, costs]", "+due: [principal, interest, costs]")),
        ("bound", ("-missed: deadline where unpaid > unapplied",
                   "+missed: deadline where unpaid >= unapplied")),
        ("name", ("-missed: deadline where unpaid > unapplied",
                  "+missed: deadline where unapplied > unapplied")),
        ("where", ("-back: repayment where beyond > 0", "+back: repayment")),
        ("where", ("-notice: place-of-payment where in_writing", "+notice: place-of-payment")),
        ("unless", ("-unless:", "-told: request-described where about == request.id")),
        ("answer", ("-actual/actual:",
                    "-because: each day belongs to a calendar year of its own length",
                    "-set: {day-count: actual/actual}")),
        ("outcome", ("-then: {outcome: needs-judgment, against: borrower}",
                     "+then: {outcome: needs-fact, against: borrower}")),
        ("against", ("-then: {outcome: needs-judgment, against: borrower}",
                     "+then: {outcome: needs-judgment, against: lender}")),
        ("then", ("-then: {outcome: information, amends: deed}", "+then: {outcome: information}")),
    ],
)  # fmt: skip
def test_an_operator_changes_one_place(operator: str, lines: tuple[str, ...]) -> None:
    found = [here for here, name in all_of(NOTE).items() if name == operator and here == lines]
    assert found


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_the_arguments_are_of_changes_that_are_still_made(pack: Path) -> None:
    known = argued(pack.name)
    assert known
    assert known <= set(all_of(pack))


def test_arguments_stand_under_the_heading_of_a_pack() -> None:
    text = SURVIVORS.read_text(encoding="utf-8")
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert sorted(headings) == [pack.name for pack in PACKS]
    assert "```diff" not in text.partition("\n## ")[0]


def test_a_deleted_condition_leaves_the_others(tmp_path: Path) -> None:
    copy = tmp_path / "pack"
    copy.mkdir()
    for path in NOTE.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    path = copy / "3-place.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace(
            "notice: place-of-payment where in_writing\n",
            "notice: place-of-payment where in_writing and (id is present or place is present)\n",
        ).replace("id is present or ", "date is today or "),
        encoding="utf-8",
    )
    found = {changed(diff(m))[-1] for m in mutants(copy) if m.operator == "where"}
    assert {
        "+notice: place-of-payment where (date is today or place is present)",
        "+notice: place-of-payment where in_writing",
        "+notice: place-of-payment where in_writing and ( place is present)",
        "+notice: place-of-payment where in_writing and (date is today )",
    } <= found
