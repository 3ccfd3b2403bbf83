"""Facts mean the same in every format, keep their order, and stand as their corrections say."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from checker.dates import iso, parse_day
from checker.facts import (
    Book,
    base_kinds,
    check_together,
    contradictions,
    facts_in,
    load_facts,
    load_kinds,
    parse_line,
)
from checker.model import Fact, Place, Step, WrongInput
from checker.money import percent, plain
from checker.records import parse_record, read_records
from checker.source import Source, decode, load_yaml
from checker.timeline import effective, last_date
from tests.wrong_facts import vocabulary

VOCABULARY = vocabulary()
DAY = parse_day("2001-01-02")


def facts_of(text: str, folder: Path, file: str = "facts.csv", **more: Any) -> list[Fact]:
    path = folder / file
    path.write_text(text, encoding="utf-8", newline="")
    return load_facts([str(path)], VOCABULARY, **more)


def problems_of(text: str, folder: Path, file: str = "facts.csv", **more: Any) -> list[str]:
    with pytest.raises(WrongInput) as caught:
        facts_of(text, folder, file, **more)
    return [problem.message for problem in caught.value.problems]


# Kinds


def test_the_given_kinds_are_read_with_their_steps_and_fields() -> None:
    kinds = base_kinds()
    assert len(kinds) == 15
    assert kinds["payment"].step is Step.PAYMENT
    assert kinds["judgment"].step is Step.NOTICE
    assert kinds["rate"].shared
    assert not kinds["payment"].shared
    assert kinds["payment"].happens
    assert not kinds["amendment"].happens
    assert kinds["payment"].fields["amount"].required
    assert kinds["payment"].fields["amount"].positive
    assert not kinds["payment"].fields["fee"].positive
    assert kinds["payment"].fields["designation"].choices[-1] == "prepayment"
    assert VOCABULARY.kinds["subordination-request"].fields["financing"].of == ("financing",)


@pytest.mark.parametrize(
    ("declared", "line", "column", "message", "hint"),
    [
        ("{stepp: notice}", 2, 10, "unknown key 'stepp'", "did you mean 'step'?"),
        ("{step: noon}", 2, 16, "unknown step 'noon'", "known:"),
        ("{happens: no}", 2, 19, "'happens' is true or false", ""),
        ("[5]", 2, 9, "a mapping is expected", ""),
        ("{fields: {a: {type: mony}}}", 2, 29, "unknown type 'mony'", "did you mean 'money'?"),
        ("{fields: {a: {}}}", 2, 22, "the field lacks its 'type'", ""),
        ("{fields: {a: {type: word}}}", 2, 22, "a word needs its 'choices'", ""),
        ("{fields: {a: {type: word, choices: [true]}}}", 2, 44, "is a list of words", "quotes"),
        ("{fields: {a: {type: word, choices: [x, x]}}}", 2, 44, "different words", ""),
        ("{fields: {a: {type: text, choices: [x]}}}", 2, 35, "belongs to the type word", ""),
        ("{fields: {a: {type: fact, of: [ple]}}}", 2, 40, "unknown kind 'ple'", "'plea'"),
        ("{fields: {a: {type: text, requird: true}}}", 2, 35, "unknown key", "'required'"),
        ("{fields: {date: {type: date}}}", 2, 19, "every record has 'date' already", ""),
        ("{fields: {A b: {type: date}}}", 2, 19, "small letters", ""),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_place(
    declared: str, line: int, column: int, message: str, hint: str
) -> None:
    document = load_yaml(Source("contract.yaml", f"facts:\n  plea: {declared}\n"))
    with pytest.raises(WrongInput) as caught:
        load_kinds(document, "facts", base_kinds())
    (problem,) = caught.value.problems
    assert (problem.place.line, problem.place.column) == (line, column)
    assert message in problem.message
    assert hint in problem.hint


def test_a_kind_is_declared_once() -> None:
    document = load_yaml(Source("contract.yaml", "facts:\n  payment: {step: close}\n"))
    with pytest.raises(WrongInput, match="the kind 'payment' is given already"):
        load_kinds(document, "facts", base_kinds())
    document = load_yaml(
        Source("contract.yaml", "facts:\n  payment: {fields: {amount: {type: money}}}\n")
    )
    with pytest.raises(WrongInput, match="the field 'amount' is given already"):
        load_kinds(document, "facts", base_kinds())


def test_a_given_kind_may_have_fields_of_the_packs_own() -> None:
    given = base_kinds()["payment"]
    text = "facts:\n  payment: {fields: {account: {type: name, describes: From where}}}\n"
    kinds = load_kinds(load_yaml(Source("contract.yaml", text)), "facts", base_kinds())
    assert set(kinds["payment"].fields) == {*given.fields, "account"}
    assert kinds["payment"].step == given.step


def test_nothing_declared_is_no_kind() -> None:
    document = load_yaml(Source("contract.yaml", "facts:\n  plea: {}\n"))
    assert load_kinds(document, "nothing") == {}


# Values


def test_values_are_typed_exactly(tmp_path: Path) -> None:
    text = (
        "\ufeffid,date,kind,amount,index,value,recorded,source,to,notified,fee\r\n"
        ' p1 ,2001-01-02,payment,"USD 1,234.56",,,2001-02-03,  Letter of May ,,,0\r\n'
        "r1,2001-01-03,rate,,lender-line-of-credit,9.50%,,,,,\r\n"
        "\r\n"
        ",,,\r\n"
        's1,2001-01-04,assignment,,,,,,"Berg, ""B"" &\r\nSons",2001-01-09\r\n'
    )
    paid, rate, assigned = facts_of(text, tmp_path)
    assert paid == Fact("p1", "payment", DAY, DAY + 32, 0, {"amount": 123456, "fee": 0},
                        source="Letter of May")  # fmt: skip
    assert rate.values == {"index": "lender-line-of-credit", "value": 950_000_000}
    assert assigned.values == {"to": 'Berg, "B" &\nSons', "notified": DAY + 7}
    assert [fact.recorded for fact in (rate, assigned)] == [DAY + 1, DAY + 2]
    assert [fact.place.line for fact in (paid, rate, assigned)] == [2, 3, 6]


def test_numbers_are_read_by_their_text(tmp_path: Path) -> None:
    line = '{"id": 7, "date": "2001-01-02", "kind": "payment", "amount": %s, "place": 12}'
    for text, cents in (("5", 500), ("5.1", 510), ("9007199254740993.01", None), ("0.10", 10)):
        if cents is None:
            with pytest.raises(WrongInput, match="too large"):
                parse_line(line % text, "-", 1, VOCABULARY)
        else:
            fact = parse_line(line % text, "-", 1, VOCABULARY)
            assert (fact.id, fact.values) == ("7", {"amount": cents, "place": "12"})
    listed = "- {id: 7, date: 2001-01-02, kind: payment, amount: 1.10, place: 012}"
    (fact,) = facts_of(listed, tmp_path, "facts.yml")
    assert (fact.id, fact.values) == ("7", {"amount": 110, "place": "012"})


def test_a_question_in_the_deciders_own_words_is_taken_if_its_answer_is_known() -> None:
    line = (
        '{"id": "j1", "date": "2001-01-02", "kind": "judgment", "by": "A", "reason": "B",'
        ' "about": "subordination-withheld/q1", "question": "%s", "answer": "%s"}'
    )
    for question in ("withheld-unreasonably", "Was it withheld unreasonably?"):
        fact = parse_line(line % (question, "reasonable"), "-", 1, VOCABULARY)
        assert fact.values["question"] == question
        with pytest.raises(WrongInput, match="no answer"):
            parse_line(line % (question, "perhaps"), "-", 1, VOCABULARY)


FLAT = st.dictionaries(
    st.text(max_size=8),
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(FLAT, st.booleans(), st.sampled_from(["", " ", "\t \r"]))
@example({'a"\\': "\n", "": "é"}, True, " ")
def test_a_line_of_json_is_read_as_json_says(
    record: dict[str, Any], ascii_only: bool, blank: str
) -> None:
    text = json.dumps(record, ensure_ascii=ascii_only, separators=(f"{blank},{blank}", f"{blank}:"))
    expected = {
        key: value if isinstance(value, bool) else str(value).strip()
        for key, value in record.items()
        if value is not None and str(value).strip()
    }
    read = parse_record(blank + text + blank, "-", 1)
    assert read.cells == expected
    for key in expected:
        at = read.value(key).column - 1
        decoded, _ = json.JSONDecoder().raw_decode(blank + text, at)
        assert decoded == record[key]


@given(st.text('{}[]",:\\ue019-+. truefalsn\n', max_size=30))
def test_what_json_refuses_is_refused(text: str) -> None:
    try:
        wanted = json.loads(text)
    except ValueError:
        wanted = None
    if isinstance(wanted, dict) and not any(isinstance(v, list | dict) for v in wanted.values()):
        return
    with pytest.raises(WrongInput):
        parse_record(text, "-", 1)


# Formats

TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=12
).map(lambda text: text.strip() or "x")
AMOUNTS = st.integers(1, 10**15).map(plain)
DAYS = st.integers(DAY, DAY + 9).map(iso)


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, str]]:
    """Records as words, of a few kinds and few days, so that days are shared."""
    records: list[dict[str, str]] = []
    for number in range(draw(st.integers(1, 8))):
        record = {"id": f"f{number}", "date": draw(DAYS)}
        kind = draw(st.sampled_from(["payment", "rate", "assignment", "correction", "financing"]))
        if kind == "correction" and records:
            record |= draw(corrections(records))
        elif kind == "rate":
            value = percent((parse_day(record["date"]) - DAY) * 10**7)
            record |= {"kind": kind, "index": "lender-line-of-credit", "value": value}
        elif kind == "assignment":
            record |= {"kind": kind, "to": draw(TEXTS), "notified": draw(DAYS)}
        elif kind == "financing":
            yes = draw(st.sampled_from(["true", "false"]))
            record |= {"kind": kind, "provider": draw(TEXTS), "conventional": yes}
        else:
            record |= {"kind": "payment", "amount": draw(AMOUNTS), "place": draw(TEXTS)}
        records.append(record)
    return records


@st.composite
def corrections(draw: st.DrawFn, records: list[dict[str, str]]) -> dict[str, str]:
    """A correction of an earlier record: it takes it back, or replaces a field that it has."""
    target = draw(st.sampled_from(records))
    root = target
    while root["kind"] == "correction":
        root = next(record for record in records if record["id"] == root["of"])
    made = {"kind": "correction", "of": target["id"]}
    if root["kind"] == "payment" and draw(st.booleans()):
        return made | {"amount": draw(AMOUNTS)}
    return made | {"void": "true"}


def written(records: Sequence[dict[str, str]], folder: Path) -> list[Path]:
    """The records as CSV, as JSON lines, as a JSON list and as YAML."""
    table = io.StringIO()
    writer = csv.DictWriter(table, list({key: 0 for record in records for key in record}))
    writer.writeheader()
    writer.writerows(records)
    texts = {
        "a.csv": table.getvalue(),
        "a.jsonl": "\n".join(map(json.dumps, records)),
        "a.json": json.dumps(records, indent=1),
        "a.yaml": yaml.safe_dump(list(records), allow_unicode=True),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in texts]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(histories())
def test_every_format_gives_the_same_facts(records: list[dict[str, str]]) -> None:
    with TemporaryDirectory() as folder:
        first, *others = (
            load_facts([str(path)], VOCABULARY) for path in written(records, Path(folder))
        )
    assert [fact.id for fact in first] == [record["id"] for record in records]
    for other in others:
        assert other == first


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_a_book_in_any_order_ends_with_the_facts_of_the_file(
    records: list[dict[str, str]], random: Any
) -> None:
    lines = list(enumerate(map(json.dumps, records)))
    in_order = Book(VOCABULARY)
    for number, line in lines:
        in_order.add(parse_line(line, "-", number, VOCABULARY))
    assert in_order.close() == []
    random.shuffle(lines)
    shuffled = Book(VOCABULARY, live=True)
    for number, line in lines:
        shuffled.add(parse_line(line, "-", number, VOCABULARY))
    assert shuffled.close() == []
    assert sorted(shuffled.facts, key=lambda fact: fact.order) == in_order.facts
    assert check_together(in_order.facts, VOCABULARY) == []


def test_records_of_one_day_keep_their_order(tmp_path: Path) -> None:
    rows = "".join(f"p{n},{iso(DAY + n % 3)},payment,{n + 1}\n" for n in range(30))
    facts = facts_of("id,date,kind,amount\n" + rows, tmp_path)
    assert [fact.order for fact in facts] == list(range(30))
    standing = effective(list(reversed(facts)), None, None)
    assert [fact.id for fact in standing] == [
        f"p{n}" for day in range(3) for n in range(day, 30, 3)
    ]


CELLS = st.text('ab ,"\n', max_size=5)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_the_column_of_a_cell_is_its_own(rows: list[tuple[str, ...]], end: str) -> None:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator=end)
    writer.writerows([("id", "date", "kind", "source"), *(("x", *row) for row in rows)])
    source = decode(table.getvalue().encode(), "facts.csv")
    records, problems = read_records(source, ".csv", ())
    assert len(records) == max(len(rows), 0)
    assert not problems or not rows
    for record in records:
        for name, cell in record.cells.items():
            place = record.value(name)
            written = "\n".join([place.excerpt[place.column - 1 :], *source.lines()[place.line :]])
            read = next(csv.reader(io.StringIO(written, newline=""), skipinitialspace=True))
            assert read[0].strip() == cell


SCRAPS = [*'",{}[]:\n\r\0\x1b\xe9', "id", "p1", "correction", "null", "1e9", "  ", "- ", "\ud800"]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(histories(), st.data())
def test_whatever_is_written_is_taken_or_refused_with_a_place(
    records: list[dict[str, str]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        for path in written(records, Path(folder)):
            text = path.read_text(encoding="utf-8")
            for _ in range(data.draw(st.integers(1, 3))):
                at, until = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
                cut = until if data.draw(st.booleans()) else at
                text = text[:at] + data.draw(st.sampled_from(SCRAPS)) + text[cut:]
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
            try:
                load_facts([str(path)], VOCABULARY)
            except WrongInput as wrong:
                for problem in wrong.problems:
                    assert problem.place.file == str(path)
                    assert problem.place.line >= 1
                    assert 1 <= problem.place.column <= max(len(problem.place.excerpt), 1) + 1 or (
                        not problem.place.excerpt
                    )


def test_facts_may_stand_inside_another_document() -> None:
    text = "case: It is paid\nfacts:\n- {id: p1, date: 2001-01-02, kind: payment, amount: 5}\n"
    document = load_yaml(Source("4-default.cases.yaml", text))
    (paid,) = facts_in(document, ("facts",), VOCABULARY)
    assert paid.values == {"amount": 500}
    assert str(paid.place) == "4-default.cases.yaml:3:3"
    with pytest.raises(WrongInput, match="1:7: a list of records is expected"):
        facts_in(document, ("case",), VOCABULARY)


def test_files_follow_one_another(tmp_path: Path) -> None:
    for name, text in (("a.csv", "id,date,kind,of,void\nc1,2001-01-02,correction,p1,true\n"),
                       ("b.csv", "id,date,kind,amount\np1,2001-01-02,payment,5\n")):  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    paths = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    facts = load_facts(paths, VOCABULARY)
    assert [(fact.id, fact.order) for fact in facts] == [("c1", 0), ("p1", 1)]
    assert effective(facts, None, None) == []


# Contracts

MANY = """id,date,kind,amount,index,value,contract
p1,2001-01-02,payment,5,,,north
p1,2001-01-02,payment,6,,,south
r1,2001-01-02,rate,,lender-line-of-credit,9%,
x1,2001-01-02,unheard-of,,,,south
"""


def test_a_contract_is_chosen_out_of_many_with_the_shared_records(tmp_path: Path) -> None:
    facts = facts_of(MANY, tmp_path, contract="north")
    assert [(fact.id, fact.contract, fact.order) for fact in facts] == [
        ("p1", "north", 0),
        ("r1", "north", 2),
    ]
    assert problems_of(MANY, tmp_path, contract="nort") == ["no record is of the contract 'nort'"]
    assert problems_of(MANY, tmp_path) == ["the facts are of 2 contracts: 'north', 'south'"]


def test_in_a_file_of_many_only_shared_records_lack_a_contract(tmp_path: Path) -> None:
    text = MANY + "p2,2001-01-02,payment,5,,,\n"
    messages = problems_of(text, tmp_path, contract="north")
    assert messages == ["a payment in a file of many contracts needs its 'contract'"]


def test_with_one_contract_everything_belongs_to_it(tmp_path: Path) -> None:
    text = "id,date,kind,amount,contract\np1,2001-01-02,payment,5,north\np2,2001-01-02,payment,5,\n"
    for chosen in (None, "north"):
        facts = facts_of(text, tmp_path, contract=chosen)
        assert [fact.contract for fact in facts] == ["north", "north"]


# Corrections


def fact(name: str, day: int = 0, recorded: int | None = None, **values: Any) -> Fact:
    kind = "correction" if "of" in values else "payment"
    at = DAY + day
    known = at if recorded is None else DAY + recorded
    return Fact(name, kind, at, known, int(name[1:]), values, place=Place("f", 1, 1))


def standing(facts: Sequence[Fact], known_on: int | None = None) -> dict[str, Any]:
    known = None if known_on is None else DAY + known_on
    return {each.id: each.values.get("amount") for each in effective(facts, None, known)}


P1, P2 = fact("p1", amount=5), fact("p2", amount=6)


def test_a_correction_holds_from_its_own_recorded_date() -> None:
    facts = [P1, fact("c3", 0, 4, of="p1", amount=7)]
    assert standing(facts, 3) == {"p1": 5}
    assert standing(facts, 4) == {"p1": 7}
    assert [each.values for each in effective(facts, DAY, None)] == [{"amount": 7}]
    assert P1.values == {"amount": 5}


def test_what_is_taken_back_leaves_no_trace_with_its_correction() -> None:
    facts = [P1, P2, fact("c3", 2, of="p1", void=True)]
    assert standing(facts) == {"p2": 6}
    assert standing(facts, 1) == {"p1": 5, "p2": 6}
    assert [each.id for each in effective(facts, DAY + 1, None)] == ["p1", "p2"]


def test_the_latest_replacement_wins_by_recorded_date_and_then_by_order() -> None:
    late, early = fact("c3", 0, 5, of="p1", amount=7), fact("c4", 0, 2, of="p1", amount=8)
    assert standing([P1, late, early]) == {"p1": 7}
    assert standing([P1, late, early], 4) == {"p1": 8}
    same = fact("c5", 0, 5, of="p1", amount=9)
    assert standing([same, P1, late, early]) == {"p1": 9}


def test_a_correction_may_itself_be_corrected_and_taken_back() -> None:
    chain = [P1, fact("c3", 1, of="p1", amount=7), fact("c4", 2, of="c3", amount=8)]
    assert standing(chain) == {"p1": 8}
    back = fact("c5", 3, of="c4", void=True)
    assert standing([*chain, back]) == {"p1": 7}
    assert standing([*chain, back, fact("c6", 4, of="c5", void=True)]) == {"p1": 8}
    assert standing([*chain, fact("c7", 3, of="c3", void=True)]) == {"p1": 5}
    gone = [P1, fact("c3", 1, of="p1", void=True)]
    assert standing([*gone, fact("c4", 2, of="c3", void=True)]) == {"p1": 5}
    assert standing([*gone, fact("c4", 2, of="c3", amount=9)]) == {"p1": 9}
    assert standing([*gone, fact("c4", 2, of="p1", amount=9)]) == {}


def test_a_chain_of_any_length_is_settled() -> None:
    chain = [fact(f"c{n}", of=f"c{n - 1}", void=True) for n in range(3, 5003)]
    facts = [P1, fact("c2", of="p1", void=True), *chain]
    assert standing(facts) == {}
    assert standing(facts[:-1]) == {"p1": 5}


def test_corrections_in_a_circle_change_nothing() -> None:
    circle = [fact("c3", of="c4", void=True), fact("c4", of="c3", void=True)]
    assert standing([P1, *circle]) == {"p1": 5}


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(histories(), st.integers(DAY, DAY + 9), st.integers(DAY, DAY + 9))
def test_what_was_not_known_has_no_effect(
    records: list[dict[str, str]], as_of: int, known_on: int
) -> None:
    book = Book(VOCABULARY)
    for number, record in enumerate(records):
        book.add(parse_line(json.dumps(record), "-", number, VOCABULARY))
    facts = [replace(each, recorded=each.date + each.order % 3) for each in book.facts]
    known = [each for each in facts if each.recorded <= known_on]
    kept = [each for each in known if each.date <= as_of or each.kind == "correction"]
    before = [each.values for each in facts]
    seen = effective(facts, as_of, known_on)
    assert seen == effective(kept, None, None)
    dated = [each for each in facts if each.date <= as_of]
    assert effective(facts, as_of, None) == effective(dated, None, None)
    assert seen == sorted(seen, key=lambda each: (each.date, each.order))
    assert all(each.kind != "correction" for each in seen)
    assert [each.values for each in facts] == before


def test_the_last_date_counts_corrections_and_not_what_they_take_back() -> None:
    facts = [P1, fact("p2", 9, amount=6), fact("c3", 4, of="p2", void=True)]
    assert last_date(facts[:2], None) == DAY + 9
    assert last_date([facts[0], facts[2]], None) == DAY + 4
    assert last_date(facts, None) == DAY + 4
    assert last_date([fact("p2", 3, 8, amount=1), P1], DAY + 5) == DAY
    assert last_date([P1], DAY - 5) == DAY - 5
    with pytest.raises(ValueError, match="empty"):
        last_date([], None)


def test_the_replacing_fields_are_typed_by_the_target(tmp_path: Path) -> None:
    text = (
        "id,date,kind,of,amount,value,index\nc2,2001-01-04,correction,c1,7.25,,\n"
        'c1,2001-01-03,correction,p1,"1,000",,\np1,2001-01-02,payment,,5,,\n'
        "r1,2001-01-02,rate,,,9%,lender-line-of-credit\nc3,2001-01-05,correction,r1,,8%,\n"
    )
    facts = facts_of(text, tmp_path)
    assert [each.id for each in facts] == ["c2", "c1", "p1", "r1", "c3"]
    assert facts[0].values == {"of": "c1", "amount": 725}
    assert facts[4].values == {"of": "r1", "value": 800_000_000}
    assert standing(facts)["p1"] == 725
    assert check_together(facts, VOCABULARY) == []


def test_only_what_stands_after_corrections_can_contradict(tmp_path: Path) -> None:
    rate = "lender-line-of-credit"
    text = (
        f"id,date,kind,index,value,of,void,amount\nr1,2001-01-02,rate,{rate},9%,,,\n"
        f"r2,2001-01-02,rate,{rate},8%,,,\nc1,2001-01-02,correction,,,r2,true,\n"
        f"r3,2001-01-02,rate,{rate},9.00%,,,\n"
        "p1,1999-01-02,payment,,,,,5\nc2,2001-01-02,correction,,,p1,true,\n"
    )
    facts = facts_of(text, tmp_path)
    assert [each.id for each in effective(facts, None, None)] == ["r1", "r3"]
    without = [each for each in facts if each.id not in ("c1", "c2")]
    assert len(contradictions(effective(without, None, None), VOCABULARY)) == 2


# Streams


def test_a_live_book_tells_at_once_what_cannot_stand() -> None:
    rate = '{"id": "%s", "date": "2001-01-02", "kind": "rate", "value": "%s", %s}'
    index = '"index": "lender-line-of-credit"'
    book = Book(VOCABULARY, live=True)
    for number, (name, value) in enumerate([("r1", "9%"), ("r2", "9.0%"), ("r3", "8%")]):
        assert book.problems == []
        book.add(parse_line(rate % (name, value, index), "-", number, VOCABULARY))
    (problem,) = book.problems
    assert "a second, different value" in problem.message
    assert problem.place.line == 2


def test_a_correction_waits_for_what_it_corrects() -> None:
    book = Book(VOCABULARY, live=True)
    line = '{"id": "c1", "date": "2001-01-03", "kind": "correction", "of": "p1", "amount": "7"}'
    assert book.add(parse_line(line, "-", 1, VOCABULARY)) == []
    paid = '{"id": "p1", "date": "2001-01-02", "kind": "payment", "amount": "5"}'
    done = book.add(parse_line(paid, "-", 2, VOCABULARY))
    assert [(each.id, each.values) for each in done] == [
        ("p1", {"amount": 500}),
        ("c1", {"of": "p1", "amount": 700}),
    ]
    assert book.close() == []


# Size


def test_a_hundred_thousand_rows_are_read_in_seconds(tmp_path: Path) -> None:
    rows = "".join(
        f'p{n},{iso(DAY + n % 7000)},payment,"{n + 1:,}.{n % 100:02d}",,,,,,\n'
        for n in range(100_000)
    )
    started = time.process_time()
    facts = facts_of("id,date,kind,amount,index,value,of,void,place,source\n" + rows, tmp_path)
    assert len(facts) == 100_000
    assert time.process_time() - started < 6  # four times what it takes, for slow machines
