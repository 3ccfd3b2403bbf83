"""Each lint finds its bad examples and leaves the good ones alone; nothing is found for nothing."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from checker.cli import main
from checker.commands.lint import explained
from checker.commands.lint import lint as command
from checker.language import (
    Comparison,
    Condition,
    Expression,
    Literal,
    Name,
    Presence,
    Sum,
    parse_condition,
)
from checker.lint import Flaw, lint, lints
from checker.lint.conditions import Known, Reader, satisfiable
from checker.model import WrongInput
from tests.product import NOTE, ROOT
from tests.tiny_pack import write

IDS = list(lints())


def found(folder: Path, parts: str, name: str) -> list[Flaw]:
    """What is found in the small pack with these parts; the cases are run where they matter."""
    return lint(write(folder / "pack", parts), cases=name.endswith("-case"))


# Examples -----------------------------------------------------------------------------------------


def test_nothing_is_amiss_in_the_small_pack(tmp_path: Path) -> None:
    assert lint(write(tmp_path / "pack")) == []


def test_nothing_is_amiss_in_the_first_pack() -> None:
    assert lint(NOTE) == []


@pytest.mark.parametrize("name", IDS)
def test_the_bad_example_of_a_lint_is_found_by_it_alone(tmp_path: Path, name: str) -> None:
    assert {flaw.id for flaw in found(tmp_path, lints()[name].bad, name)} == {name}


@pytest.mark.parametrize("name", IDS)
def test_nothing_is_amiss_in_the_good_example_of_a_lint(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, lints()[name].good, name) == []


def test_every_lint_is_explained_and_every_explanation_is_of_a_lint() -> None:
    files = (ROOT / "checker" / "lint").glob("*.py")
    code = "".join(path.read_text(encoding="utf-8") for path in files)
    quoted = set(re.findall(r'"([a-z]+(?:-[a-z0-9]+)*)"', code))
    assert [name for name in IDS if name not in quoted] == []
    made = set(re.findall(r'Flaw\(\s*"([a-z0-9-]+)"', code))
    assert made <= set(IDS)
    assert all(part.severity in ("error", "warning") for part in lints().values())


# Further examples ---------------------------------------------------------------------------------

RULE = """
rules:
  noted:
    when: {%s}
    then: {outcome: %s}
    says: It is noted.
    words: any amount
"""


def rule(when: str, then: str = "information") -> str:
    """A further rule of the small pack."""
    return RULE % (when, then)


TWO = """
rules:
  one:
    when: {%s}
    then: {%s}
    says: One.
    words: any amount
  other:
    when: {%s}
    then: {%s}
    says: Other.
    words: %s
"""
ANY = "any amount"
MET, BREACH = "outcome: met", "outcome: breach, against: maker"
PAID = "p: payment where amount >= 5.00"
LITTLE = "q: payment where amount < 10.00"
DATED = """
facts:
  visit:
    describes: The holder visits the maker.
    fields:
      of: {type: word, choices: [house, shop], describes: What is visited}
      plain: {type: boolean, required: true, describes: Whether it was announced}
"""
FURTHER: list[tuple[str, str, str]] = [
    # what is asked, the parts, what is found (nothing where it is in order)
    ("less than nothing", rule("s: surplus where amount < 0.00"), "rule-never-fires"),
    ("a cent less than the least", rule("p: payment where amount < 0.01"), "rule-never-fires"),
    ("the least", rule("p: payment where amount <= 0.01"), ""),
    ("two words at once", rule("d: deadline where component is interest and "
     "component is principal"), "rule-never-fires"),
    ("a word and another's exclusion", rule("d: deadline where component is interest and component "
     "is not principal"), "condition-idle"),
    ("none of all words", DATED + rule("v: visit where of != house and of != shop"),
     "rule-never-fires"),
    ("a field that is always there", DATED + rule("v: visit where plain is absent"),
     "rule-never-fires"),
    ("a field that may be absent", DATED + rule("v: visit where of is absent"), ""),
    ("yes and no", DATED + rule("v: visit where plain and not plain"), "rule-never-fires"),
    ("absent and compared", rule("p: payment where fee is absent and fee > 1.00"),
     "rule-never-fires"),
    ("round in a circle", rule("p: period where start < end and end < missed_on and "
     "missed_on <= start"), "rule-never-fires"),
    ("a way round that is open", rule("p: period where start < end and end < missed_on"), ""),
    ("dates and lengths of time", rule("d: deadline where due > payable + 5 days and "
     "due < payable + 6 days"), "rule-never-fires"),
    ("months are of no fixed length", rule("d: deadline where due > payable + 1 month and "
     "due < payable + 32 days"), ""),
    ("across two facts", rule("p: payment where amount > 5.00, "
     "q: payment where amount > p.amount and amount < 5.00"), "rule-never-fires"),
    ("across two facts that may be", rule("p: payment where amount > 5.00, "
     "q: payment where amount > p.amount"), ""),
    ("an outcome that is never found", rule("f: paid-elsewhere where outcome is met"),
     "rule-never-fires"),
    ("an outcome that is found", rule("f: paid-elsewhere where outcome is breach"),
     "rule-always-fires"),
    ("a share of an amount", rule("s: allocation where fee > 5.00% of amount and "
     "fee < 5.00% of amount"), "rule-never-fires"),
    ("between two cents", rule("s: allocation where fee > 5.00% of amount and "
     "fee < 5.00% of amount + 0.01"), ""),
    ("the same on both sides", rule("p: payment where payee == payee"), "rule-always-fires"),
    ("one or the other", rule("p: payment where amount > 5.00 or amount <= 5.00"),
     "rule-always-fires"),
    ("one or not", DATED + rule("v: visit where plain or not plain"), "rule-always-fires"),
    ("there or not", rule("p: payment where fee is absent or fee is present"),
     "rule-always-fires"),
    ("there or of one name", rule("w: waiver where by is absent or by is holder"), ""),
    ("said for the reader's sake", rule("w: waiver where by is present and by != holder"), ""),
    ("a superfluous alternative", rule("p: payment where amount > 5.00 or amount > 8.00"),
     "condition-idle"),
    ("resting on what never fires", rule("s: surplus where amount < 0.00") + """\
  follows:
    when: {n: noted}
    then: {outcome: information}
    says: It follows.
    words: any amount
""", "rule-never-fires"),
    ("resting on a name that is told otherwise", TWO % (
        "p: payment where fee > 1.00", "outcome: information, under: in-default",
        "n: one", "outcome: information", ANY), "rule-never-fires"),
    ("unless something that never fires", rule("p: payment where fee < 0.00") + """\
  follows:
    when: {p: payment where fee > 1.00}
    unless: {n: noted}
    then: {outcome: information}
    says: It follows.
    words: any amount
""", "rule-never-fires unless-idle"),
    ("in another order, by other names", TWO % (
        "p: payment where fee > 1.00 and amount > 5.00, w: waiver where date == p.date",
        "outcome: information, about: w.id",
        "z: waiver, a: payment where date == z.date and amount > 5.00 and fee > 1.00",
        "outcome: information, about: z.id", ANY), ""),
    ("the same by other names", TWO % (
        "p: payment where fee > 1.00 and amount > 5.00", "outcome: information",
        "z: payment where amount > 5.00 and fee > 1.00", "outcome: information", ANY),
     "rule-duplicate"),
    ("the same with another effect", TWO % (
        "w: acceleration", "outcome: information",
        "z: acceleration", "outcome: information, accelerates: z", ANY), ""),
    ("opposite, and overlapping", TWO % (PAID, MET, LITTLE, BREACH, ANY), "rule-contradiction"),
    ("opposite, of other words", TWO % (PAID, MET, LITTLE, BREACH, "shall pay"), ""),
    ("opposite, and apart", TWO % (
        PAID, MET, "q: payment where amount < 5.00", BREACH, ANY), ""),
    ("opposite, of other fields", TWO % (
        PAID, MET, "q: payment where fee > 1.00", BREACH, ANY), ""),
    ("opposite, and one revises", TWO % (
        PAID, BREACH, "q: one", "outcome: met, revises: q", ANY), ""),
    ("under one name, and overlapping", TWO % (
        PAID, MET, LITTLE, "outcome: needs-fact, under: one", "shall pay"), "rule-contradiction"),
    ("under one name, told for information", TWO % (
        PAID, MET, LITTLE, "outcome: information, under: one", "shall pay"), ""),
    ("opposite, and one yields", TWO % (PAID, MET, LITTLE, BREACH, ANY) + """\
  third:
    when: {r: payment where amount < 10.00}
    unless: {done: one where id != r.id}
    then: {outcome: breach, against: maker}
    says: Third.
    words: shall pay
""", "rule-contradiction"),
    ("an order that leaves out what is due", "ledger: {application: {due: [interest, costs]}}",
     "obligation-nobody-bears"),
    ("an order of one state that leaves it out", """
state: {hard: {type: boolean, starts: false}}
ledger:
  application:
    due:
      - {while: hard, value: [interest, costs]}
      - {value: [costs, interest, principal]}
""", "obligation-nobody-bears"),
    ("no clause for principal", "falls-due: [interest]", "obligation-nobody-bears"),
    ("costs that a rule looks for, and no clause", rule("c: costs"), "obligation-nobody-bears"),
    ("costs by a clause, without a consequence", "falls-due: [interest, principal, costs]\n"
     "rules: {in-default: {when: {missed: deadline where component is not costs}}}",
     "deadline-without-consequence"),
    ("a window that lapses unseen", rule("p: payment where fee > 1.00",
     "information, until: p.date + 5 days"), "deadline-without-consequence"),
    ("a window whose end is seen", TWO % (
        "p: payment where fee > 1.00", "outcome: information, until: p.date + 5 days",
        "l: one-lapsed", "outcome: information", ANY), ""),
    ("a charge whose day passes unseen", """
charges: {late-charge: {describes: A charge}}
ledger: {application: {due: [interest, principal, costs, late-charge]}}
rules:
  in-default: {when: {missed: deadline where component is not late-charge}}
  charged:
    when: {p: payment where fee > 1.00}
    then: {outcome: information, charges: {of: late-charge, amount: 1.00}}
    says: It is charged.
    words: any amount
""", "deadline-without-consequence"),
    ("two answers alike", """
terms: {days: {value: 0 days}}
ledger: {grace: {interest: days}}
readings:
  how-many:
    phrase: any amount
    asks: How many?
    answers:
      none: {because: so}
      also-none: {because: so, set: {days: 0 days}}
      some: {because: so, set: {days: 3 days}}
""", "reading-changes-nothing"),
    ("only unused terms are set", """
terms: {days: {value: 0 days}}
readings:
  how-many:
    phrase: any amount
    asks: How many?
    answers:
      none: {because: so}
      some: {because: so, set: {days: 3 days}}
""", "reading-changes-nothing term-unused"),
    ("compounded in words alone", """
text: |
  Interest is compounded annually.
unruled: [{phrase: Interest is compounded annually., because: it is figured}]
""", "simple-beside-compounding"),
    ("compounded by a term that says none", """
text: |
  Interest is compounded annually.
terms: {how: {value: none, choices: [none, when-due], words: Interest is compounded annually.}}
ledger: {interest: {compounding: how}}
""", "simple-beside-compounding"),
    ("compounded in words and in figures", """
text: |
  Interest not paid when due is compounded annually.
unruled: [{phrase: Interest not paid when due is compounded annually., because: it is figured}]
ledger: {interest: {compounding: when-due}}
""", ""),
    ("not compounded in words", """
text: |
  Interest shall not be compounded.
unruled: [{phrase: Interest shall not be compounded., because: it is figured}]
""", ""),
    ("a rate in a setting", "ledger: {rate: {margin: 100.01%}}", "rate-over-100"),
    ("the whole", "ledger: {rate: {margin: 100.00%}}", ""),
    ("a rate in a condition", rule("r: rate where value > 150.00%"), "rate-over-100"),
    ("two problems of the loader", rule("p: paymnt") + "falls-due: [interst]", "load"),
    ("words outside every clause", "unruled: [{phrase: nowhere, because: so}]",
     "words-not-in-note"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "ids"), [f[1:] for f in FURTHER], ids=[f[0] for f in FURTHER])
def test_further_examples(tmp_path: Path, parts: str, ids: str) -> None:
    assert {flaw.id for flaw in found(tmp_path, parts, "")} == set(ids.split())


def test_words_that_stand_in_no_clause_are_found_in_the_note(tmp_path: Path) -> None:
    folder = write(tmp_path / "pack")
    note = folder / "note.txt"
    note.write_text(note.read_text(encoding="utf-8") + "\n  SIGNED BY\nnobody\n", encoding="utf-8")
    (flaw,) = lint(folder)
    assert (flaw.id, flaw.place.line, flaw.place.column) == ("sentence-unclaimed", 4, 3)
    assert flaw.place.excerpt == "  SIGNED BY"


def test_cases_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    folder = write(tmp_path / "pack", "cases: [{title: It expects nothing., expect: {}}]")
    flaws = lint(folder)
    assert {(f.id, Path(f.place.file).name) for f in flaws} == {("load", "1-all.cases.yaml")}
    assert lint(folder, cases=False) == []
    assert run(str(folder))[0] == 2


@pytest.mark.parametrize(
    ("name", "excerpt", "caret"),
    [
        ("rule-never-fires", "      more: surplus where amount > 500.00 and", "surplus"),
        ("rule-duplicate", "  late-again:", "late-again"),
        ("term-unused", "  late-after:", "late-after"),
        ("kind-unused", "  visit:", "visit"),
        ("reading-changes-nothing", "      some:", "some"),
        ("judgment-nobody-can-give", "    - paid-elsewhere", "- paid"),
        ("rate-over-100", "    value: 150.00%", "150.00%"),
    ],
)
def test_a_flaw_is_told_at_its_place(tmp_path: Path, name: str, excerpt: str, caret: str) -> None:
    (flaw,) = found(tmp_path, lints()[name].bad, name)
    place = flaw.place
    assert place.excerpt.startswith(excerpt)
    assert place.excerpt[place.column - 1 :].startswith(caret)


# The command --------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str, str]:
    """The exit code of the command, what it says, and what it says beside that."""
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return int(done.return_value), done.stdout, done.stderr


def test_a_pack_in_order_is_left_with_nothing(tmp_path: Path) -> None:
    code, said, beside = run(str(write(tmp_path / "pack")))
    assert (code, said, beside) == (0, "", "nothing is amiss\n")


def test_an_error_is_told_with_place_reason_and_remedy(tmp_path: Path) -> None:
    folder = write(tmp_path / "pack", lints()["rule-duplicate"].bad)
    code, said, beside = run("--no-cases", str(folder))
    assert (code, beside) == (1, "1 error, 0 warnings\n")
    first, excerpt, caret, why, mend = said.splitlines()
    assert re.fullmatch(r".*/1-all\.yaml:\d+:3: error: .* \[rule-duplicate\]", first)
    assert (excerpt, caret) == ("      late-again:", "      ^")
    assert why.startswith("    why: ")
    assert mend.startswith("    mend: ")


def test_a_warning_counts_where_it_is_asked_to(tmp_path: Path) -> None:
    folder = str(write(tmp_path / "pack", lints()["term-unused"].bad))
    assert run(folder)[0] == 0
    assert run("--strict", folder)[0] == 1


def test_a_pack_that_does_not_load_tells_all_its_problems(tmp_path: Path) -> None:
    folder = write(tmp_path / "pack", lints()["load"].bad)
    text = (folder / "1-all.yaml").read_text(encoding="utf-8")
    text = text.replace("words: shall pay to the Holder", "words: shall pay to nobody")
    (folder / "1-all.yaml").write_text(text, encoding="utf-8")
    code, said, beside = run(str(folder))
    assert (code, beside) == (2, "2 errors, 0 warnings\n")
    assert (said.count("[load]"), said.count("[words-not-in-note]")) == (1, 1)
    assert run(str(tmp_path / "nowhere"))[0] == 2


def test_several_packs_are_told_as_data(tmp_path: Path) -> None:
    one = write(tmp_path / "one", lints()["rule-duplicate"].bad)
    two = write(tmp_path / "two", lints()["term-unused"].bad)
    code, said, beside = run("--no-cases", "--format", "json", str(one), str(two))
    data = json.loads(said)
    assert (code, beside, data["errors"], data["warnings"]) == (1, "", 1, 1)
    told = [(f["id"], f["severity"], f["file"]) for f in data["findings"]]
    assert told == [
        ("rule-duplicate", "error", str(one / "1-all.yaml")),
        ("term-unused", "warning", str(two / "1-all.yaml")),
    ]
    assert set(data["findings"][0]) == {
        "id", "severity", "file", "line", "column", "excerpt", "message", "why", "mend",
    }  # fmt: skip


@pytest.mark.parametrize("name", IDS)
def test_an_explanation_holds_both_examples(name: str) -> None:
    code, said, _beside = run("--explain", name)
    assert code == 0
    assert said.startswith(f"{name} ({lints()[name].severity})\n")
    blocks = said.partition("\nBad:\n")[2].partition("\n\nGood:\n")
    for block, example in ((blocks[0], lints()[name].bad), (blocks[2], lints()[name].good)):
        assert [line[4:] for line in block.splitlines()] == example.splitlines()
    assert all(len(line) <= 100 for line in said.partition("\nBad:\n")[0].splitlines())


def test_an_unknown_lint_is_refused_with_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WrongInput) as wrong:
        explained("rule-never-fire")
    assert wrong.value.problems[0].hint == "did you mean 'rule-never-fires'?"
    for arguments in (["lint", "--explain", "rule-never-fire"], ["lint"]):
        with pytest.raises(SystemExit) as left:
            main(arguments)
        assert left.value.code == 2
    assert "did you mean 'rule-never-fires'?" in capsys.readouterr().err


# What conditions allow, against every choice of values --------------------------------------------

FIELDS = {
    "a": Known("money", least=0),
    "b": Known("money"),
    "w": Known("word", ("x", "y", "z")),
    "v": Known("word", ("x", "y", "z")),
    "f": Known("boolean"),
}
WORDS = (None, "x", "y", "z")
VALUES: dict[str, tuple[Any, ...]] = {
    "a": (None, *range(7)), "b": (None, *range(-3, 7)), "w": WORDS, "v": WORDS,
    "f": (None, True, False),
}  # fmt: skip


class _Fields:
    currency = "USD"

    def field(self, kind: str, name: str) -> Known | None:
        assert kind == "thing"
        return FIELDS.get(name)

    def name(self, name: str) -> Known | None:
        return None if name else Known("text")


def could_hold(condition: str) -> bool:
    reader = Reader(_Fields(), {"t": ("thing",)}, {"t": "t"})
    return any(satisfiable(b) for b in reader.alternatives("t", f"thing where {condition}"))


def choices(names: set[str]) -> Iterator[dict[str, Any]]:
    ordered = sorted(names)
    for values in itertools.product(*(VALUES[name] for name in ordered)):
        yield {k: v for k, v in zip(ordered, values, strict=True) if v is not None}


def value(side: Expression, fact: Mapping[str, Any]) -> Any:
    if isinstance(side, Literal):
        return side.value
    if isinstance(side, Sum):
        left, right = value(side.left, fact), value(side.right, fact)
        if left is None or right is None:
            return None
        return left + right if side.op == "+" else left - right
    assert isinstance(side, Name)
    return fact.get(side.text) if side.text in FIELDS else side.text


def holds(condition: Condition, fact: Mapping[str, Any], *, wanted: bool = True) -> bool:
    """Whether the condition, or its contrary, holds; nothing compares with what is absent."""
    if isinstance(condition, Presence):
        return ((condition.name.text in fact) == condition.present) == wanted
    if isinstance(condition, Comparison):
        left, right = value(condition.left, fact), value(condition.right, fact)
        if left is None or right is None:
            return False
        compared = {
            "==": left == right, "!=": left != right,
            **({} if isinstance(left, str) else {"<": left < right, "<=": left <= right,
               ">": left > right, ">=": left >= right}),
        }  # fmt: skip
        return bool(compared[condition.op]) == wanted
    if condition.op == "not":
        return holds(condition.parts[0], fact, wanted=not wanted)
    join = all if (condition.op == "and") == wanted else any
    return join(holds(part, fact, wanted=wanted) for part in condition.parts)


AMOUNTS = st.sampled_from(["a", "b"])
ORDERINGS = st.builds(
    "{} {} {}".format,
    AMOUNTS,
    st.sampled_from(["<", "<=", ">", ">=", "=="]),
    st.sampled_from(["a", "b", "0.00", "0.01", "0.02", "b + 0.01", "a - 0.01"]),
)
TESTS = st.one_of(
    ORDERINGS,
    st.builds("{} {} {}".format, st.sampled_from("wv"), st.sampled_from(["is", "is not"]),
              st.sampled_from("wvxyz")),
    st.sampled_from(["f", "not f", "w in (x, y)", "v not in (x, y)"]),
    st.builds("{} is {}".format, st.sampled_from("abwvf"), st.sampled_from(["present", "absent"])),
)  # fmt: skip
NESTED = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("({} and {})".format, inner, inner),
    ),
    max_leaves=5,
)


def possible(text: str) -> bool:
    condition = parse_condition(text, "USD")
    names = set(re.findall(r"\b[abwvf]\b", text))
    return any(holds(condition, fact) for fact in choices(names))


@given(NESTED)
def test_what_can_hold_of_no_fact_is_told_and_only_that(text: str) -> None:
    if possible(text):
        assert could_hold(text), text
    elif "not" not in text:  # several values that are shut out one by one are not counted up
        assert not could_hold(text), text


@given(st.lists(ORDERINGS, min_size=2, max_size=4).map(" and ".join))
def test_orderings_that_go_round_in_a_circle_are_told_and_only_those(text: str) -> None:
    assert could_hold(text) == possible(text), text
