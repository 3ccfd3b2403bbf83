"""Wrong facts as data: what each file holds, and the place and words by which it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from checker.dates import parse_day
from checker.facts import base_kinds, load_kinds
from checker.model import Vocabulary
from checker.source import Source, load_yaml

PACK_KINDS = """
facts:
  financing:
    fields:
      provider: {type: name, required: true}
      of: {type: word, choices: [equipment, business, other]}
      conventional: {type: boolean}
  subordination-request:
    fields:
      financing: {type: fact, of: [financing]}
      by: {type: name}
"""


def vocabulary() -> Vocabulary:
    """A small one, of names that the note's own pack has as well."""
    given = base_kinds()
    own = load_kinds(load_yaml(Source("contract.yaml", PACK_KINDS)), "facts", given)
    begins = dict.fromkeys(("advance", "payment", "acceleration"), parse_day("2000-11-27"))
    return Vocabulary(
        currency="USD",
        kinds=given | own,
        indices=frozenset({"lender-line-of-credit"}),
        components=frozenset({"interest", "principal", "costs"}),
        rules=frozenset({"event-of-default", "subordination-withheld"}),
        terms={"maturity": parse_day},
        not_before=begins,
        answers={"withheld-unreasonably": frozenset({"unreasonable", "reasonable"})},
    )


@dataclass(frozen=True)
class Wrong:
    """One wrong file, and the first of its problems; `also` are words of the others, in order.

    `content` is None where there is no such file, and "directory" where a folder has its name.
    `excerpt` is how the shown line begins; empty where no line can be shown.
    """

    name: str
    file: str
    content: bytes | Callable[[], bytes] | str | None
    line: int
    column: int
    message: str
    excerpt: str
    also: tuple[str, ...] = ()
    hint: str = ""


HEADER = "id,date,kind,amount,index,value,of,void,recorded,contract,source"
GOOD = "a1,2000-11-27,advance,5000.00"


def _csv(name: str, rows: str, line: int, column: int, message: str, **more: object) -> Wrong:
    """A CSV file whose second line is a good record; `rows` begin on its third."""
    lines = f"{HEADER}\n{GOOD}\n{rows}\n".split("\n")
    return _wrong(name, "facts.csv", lines, line, column, message, more)


def _jsonl(name: str, rows: str, line: int, column: int, message: str, **more: object) -> Wrong:
    return _wrong(name, "facts.jsonl", rows.split("\n"), line, column, message, more)


def _json(name: str, text: str, line: int, column: int, message: str, **more: object) -> Wrong:
    return _wrong(name, "facts.json", text.split("\n"), line, column, message, more)


def _yaml(name: str, text: str, line: int, column: int, message: str, **more: object) -> Wrong:
    return _wrong(name, "facts.yaml", text.split("\n"), line, column, message, more)


def _wrong(
    name: str,
    file: str,
    lines: list[str],
    line: int,
    column: int,
    message: str,
    more: dict[str, object],
) -> Wrong:
    content = "\n".join(lines).encode()
    return Wrong(name, file, content, line, column, message, lines[line - 1], **more)  # type: ignore[arg-type]


def _payment(amount: str, **fields: str) -> str:
    pairs = "".join(f', "{key}": {value}' for key, value in fields.items())
    return f'{{"id": "p1", "date": "2001-01-02", "kind": "payment", "amount": {amount}{pairs}}}'


AMOUNT = len(_payment(""))  # the column of a payment's amount

VALUES = [
    _csv("an unknown kind", "p1,2001-01-02,paymnt,5", 3, 15, "unknown kind 'paymnt'",
         hint="did you mean 'payment'?"),
    _csv("no kind", "p1,2001-01-02,,5", 3, 15, "no 'kind'"),
    _csv("no id", ",2001-01-02,payment,5", 3, 1, "no 'id'"),
    _csv("no date", "p1,,payment,5", 3, 4, "no 'date'"),
    _csv("a blank field that is required", "p1,2001-01-02,payment, ,", 3, 24,
         "the payment has no 'amount'"),
    _csv("a date that does not exist", "p1,2001-02-29,payment,5", 3, 4, "does not exist"),
    _csv("a date of another form", "p1,02/01/2001,payment,5", 3, 4, "write it as 2001-06-29"),
    _csv("a date of long ago", "p1,0001-01-01,payment,5", 3, 4, "between 1900"),
    _csv("a date and a time", "p1,2001-01-02T10:00,payment,5", 3, 4, "not a date"),
    _csv("an amount with three decimals", "p1,2001-01-02,payment,5.001", 3, 23,
         "at most two decimals"),
    _csv("an amount with an underscore", "p1,2001-01-02,payment,1_000", 3, 23,
         "not an amount of money"),
    _csv("an amount with an exponent", "p1,2001-01-02,payment,1e3", 3, 23,
         "not an amount of money"),
    _csv("an amount in other digits", "p1,2001-01-02,payment,١٢٣", 3, 23,
         "not an amount of money"),
    _csv("an amount with a dollar sign", "p1,2001-01-02,payment,$5", 3, 23,
         "not an amount of money"),
    _csv("commas in the wrong places", 'p1,2001-01-02,payment,"1,00,000.00"', 3, 23,
         "not an amount of money"),
    _csv("another currency", "p1,2001-01-02,payment,EUR 5.00", 3, 23, "in USD, not in EUR"),
    _csv("thirty digits", "p1,2001-01-02,payment," + "9" * 30, 3, 23, "too large"),
    _csv("five thousand digits", "p1,2001-01-02,payment," + "9" * 5000, 3, 23, "too long"),
    _csv("a payment of nothing", "p1,2001-01-02,payment,0.00", 3, 23, "more than zero"),
    _csv("a negative payment", "p1,2001-01-02,payment,-5", 3, 23, "more than zero"),
    _csv("a rate without its sign", "r1,2001-01-02,rate,,lender-line-of-credit,9.50", 3, 43,
         "write 9.50%"),
    _csv("an unknown index", "r1,2001-01-02,rate,,lender-line-of-credt,9.50%", 3, 21,
         "unknown index", hint="did you mean 'lender-line-of-credit'?"),
    _csv("a field of another kind", "p1,2001-01-02,payment,5,,9.50%", 3, 26,
         "field 'value' belongs to kind 'rate', not to 'payment'"),
    _csv("a field of another kind behind a quoted cell", 'p1,2001-01-02,payment,"5,000.00",,9%',
         3, 35, "belongs to kind 'rate'"),
    _csv("recorded before it happened", "p1,2001-01-02,payment,5,,,,,2001-01-01", 3, 29,
         "before it happened"),
    _csv("an id with a slash", "interest/1,2001-01-02,payment,5", 3, 1, "without '/'"),
    _csv("an id of two words", "p 1,2001-01-02,payment,5", 3, 1, "one word"),
    _csv("an id with a control character", "p\x07,2001-01-02,payment,5", 3, 1, "one word"),
    _csv("an id that is too long", "p" * 201 + ",2001-01-02,payment,5", 3, 1, "200 characters"),
    _csv("a control character in text", "p1,2001-01-02,payment,5,,,,,,,a\x1b[31m", 3, 31,
         "U+001B is not allowed"),
    _csv("a text that is too long", "p1,2001-01-02,payment,5,,,,,,," + "x" * 20_001, 3, 31,
         "longer than 20,000"),
    _jsonl("a word that is not a choice", _payment("5", designation='"intrest"'), 1, AMOUNT + 18,
           "not one of the words", hint="did you mean 'interest'?"),
    _jsonl("an unknown field", _payment("5", amout="6"), 1, AMOUNT + 3, "unknown field 'amout'",
           hint="did you mean 'amount'?"),
    _jsonl("a number with three decimals", _payment("5.001"), 1, AMOUNT, "at most two decimals"),
    _jsonl("a number with an exponent", _payment("5e2"), 1, AMOUNT, "not an amount of money"),
    _jsonl("true for an amount", _payment("true"), 1, AMOUNT, "a money is expected"),
    _jsonl("true for text", _payment("5", source="true"), 1, AMOUNT + 13, "text is expected"),
    _jsonl("no amount but null", _payment("null"), 1, AMOUNT, "the payment has no 'amount'"),
    _jsonl("half of a surrogate pair", _payment("5", source=r'"\ud800"'), 1, AMOUNT + 13, "U+D800"),
    _yaml("a boolean that is a word", "- {id: f1, date: 2001-01-02, kind: financing,\n"
          "   provider: A Bank, conventional: yes}", 2, 36, "neither true nor false"),
    _yaml("a YAML number with three decimals",
          "- {id: p1, date: 2001-01-02, kind: payment, amount: 5.001}", 1, 53,
          "at most two decimals"),
    _jsonl("an amendment of an unknown term",
           '{"id": "m1", "date": "2001-01-02", "kind": "amendment", "document": "No. 8",'
           ' "agreed_by": "both", "term": "maturty", "value": "2005-09-30"}', 1, 107,
           "unknown term", hint="did you mean 'maturity'?"),
    _jsonl("an amendment to a value that the term cannot have",
           '{"id": "m1", "date": "2001-01-02", "kind": "amendment", "document": "No. 8",'
           ' "agreed_by": "both", "term": "maturity", "value": "2005-09-31"}', 1, 128,
           "does not exist"),
]  # fmt: skip


def _judgment(about: str, question: str, answer: str) -> str:
    return (
        f'{{"about": "{about}", "question": "{question}", "answer": "{answer}", "by": "M. Ito",'
        ' "reason": "She says so", "id": "j1", "date": "2001-01-02", "kind": "judgment"}'
    )


def _rate(name: str, value: str, date: str = "2001-01-02") -> str:
    return f"{name},{date},rate,,lender-line-of-credit,{value}"


TOGETHER = [
    _csv("an id that stands twice", "a1,2001-01-02,payment,5", 3, 1, "the id 'a1' stands twice",
         hint="first at "),
    _csv("a correction of nothing", "c1,2001-01-02,correction,,,,a2,true", 3, 29,
         "no record has the id 'a2'", hint="known: a1, c1"),
    _csv("a correction of itself", "c1,2001-01-02,correction,,,,c1,true", 3, 29,
         "cannot correct itself"),
    _csv("corrections in a circle",
         "c1,2001-01-02,correction,,,,c2,true\nc2,2001-01-02,correction,,,,c1,true", 3, 29,
         "comes to correct itself"),
    _csv("a correction that corrects nothing", "c1,2001-01-02,correction,,,,a1", 3, 1,
         "neither takes the record back nor replaces"),
    _csv("a correction that takes back and replaces", "c1,2001-01-02,correction,6,,,a1,true", 3,
         26, "not both"),
    _csv("a correction with a field that its target lacks",
         "c1,2001-01-02,correction,,,9%,a1", 3, 28, "belongs to kind 'rate', not to 'advance'"),
    _csv("a correction with an amount that is none", "c1,2001-01-02,correction,1e3,,,a1", 3, 26,
         "not an amount of money"),
    _csv("a correction that is neither true nor false", "c1,2001-01-02,correction,,,,a1,yes", 3,
         32, "neither true nor false"),
    _csv("a waiver of an unknown record", "w1,2001-01-02,waiver,,,,a2", 3, 25,
         "no record has the id 'a2'"),
    _csv("a waiver of an unknown rule", "w1,2001-01-02,waiver,,,,event-of-defalt/interest", 3, 25,
         "no finding or obligation", hint="did you mean 'event-of-default'?"),
    _csv("two values of one index on one day",
         f"{_rate('r1', '9.50%')}\n{_rate('r2', '9.25%')}", 4, 43,
         "a second, different value of 'lender-line-of-credit' on 2001-01-02"),
    _csv("two values of one index on one day by a correction",
         f"{_rate('r1', '9.5%')}\n{_rate('r2', '9.5%')}\nc1,2001-01-03,correction,,,9%,r2", 4, 43,
         "a second, different value"),
    _csv("a payment before the contract", "p1,2000-11-26,payment,5", 3, 4,
         "the first payment is of 2000-11-27 or later", hint="opening-balance"),
    _jsonl("two opening balances",
           '{"id": "o1", "date": "2001-01-02", "kind": "opening-balance", "principal": 5}\n'
           '{"id": "o2", "date": "2001-01-03", "kind": "opening-balance", "principal": 5}', 2, 44,
           "a second opening balance"),
    _jsonl("a payment before the opening balance",
           '{"id": "o1", "date": "2001-01-03", "kind": "opening-balance", "principal": 5}\n'
           + _payment("5"), 2, 22, "before the opening balance of 2001-01-03"),
    _jsonl("a request for a financing that is none",
           '{"id": "q1", "date": "2001-01-02", "kind": "subordination-request",'
           ' "financing": "p1"}\n' + _payment("5"), 1, 82, "'p1' is a payment"),
    _jsonl("an answer to another question", _judgment("event-of-default/x",
           "withheld-unreasonably", "maybe"), 1, 80, "is no answer to the question"),
    _jsonl("an answer to no question", _judgment("event-of-default/x", "Is it so?",
           "unreasonabel"), 1, 68, "is no answer to any question",
           hint="did you mean 'unreasonable'?"),
    _csv("facts of several contracts",
         "p1,2001-01-02,payment,5,,,,,,north\np2,2001-01-02,payment,5,,,,,,south", 4, 30,
         "2 contracts: 'north', 'south'", hint="--contract"),
]  # fmt: skip

FORMS = [
    _csv("too many cells", "p1,2001-01-02,payment,5,,,,,,,,6", 3, 32,
         "the row has 12 cells, the header has 11"),
    _csv("a quote that is never closed", 'p1,2001-01-02,payment,"5\np2,2001-01-03,payment,6', 3,
         23, "never closed"),
    _csv("a quote inside a quoted cell", 'p1,2001-01-02,payment,5,,,,,,,"the "note" of May"', 3,
         37, "after a quoted cell comes a comma"),
    _csv("a wrong cell below a cell of two lines",
         'p1,2001-01-02,payment,5,,,,,,,"two\nlines"\np2,2001-01-02,payment,x', 5, 23,
         "not an amount of money"),
    _csv("a wrong cell behind a cell of two lines",
         'p1,2001-01-02,payment,"5\n0",,9%', 3, 23, "not an amount of money",
         also=("belongs to kind 'rate'",)),
    _csv("a carriage return alone", "p1,2001-01-02,payment,5\rp2,2001-01-03,payment,6", 3, 24,
         "a carriage return stands here"),
    _csv("all of several errors", "p1,2001-13-02,paymnt,5\np2,2001-01-02,payment,1e3\n"
         "a1,2001-01-02,payment,5\nc1,2001-01-02,correction,,,,a7,true", 3, 4, "does not exist",
         also=("unknown kind", "not an amount", "stands twice", "no record has the id 'a7'")),
    Wrong("a column twice", "facts.csv", b"id,date,kind,amount,amount\n", 1, 21,
          "the column 'amount' stands twice", "id,date,kind"),
    Wrong("an unknown column", "facts.csv", b"id,date,kind,amout\np1,2001-01-02,payment,5\n", 1,
          14, "unknown column 'amout'", "id,date", ("no 'amount'",), "did you mean 'amount'?"),
    Wrong("a column without a name", "facts.csv", b"id,date,,kind\n", 1, 9,
          "column 3 has no name", "id,date,,kind"),
    Wrong("no column for the kind", "facts.csv", b"id,date,amount\np1,2001-01-02,5\n", 1, 1,
          "the header lacks the column 'kind'", "id,date,amount"),
    Wrong("no header", "facts.csv", b"p1,2001-01-02,payment\n", 1, 1,
          "the first line is not a header", "p1,",
          ("unknown column", "unknown column", "unknown column")),
    Wrong("a header and no facts", "facts.csv", b"id,date,kind\n\n", 1, 1, "holds no facts",
          "id,date,kind"),
    Wrong("an empty file", "facts.csv", b"", 1, 1, "is empty", ""),
    Wrong("an empty file of JSON lines", "facts.jsonl", b"\n\n", 1, 1, "is empty", ""),
    Wrong("an empty YAML file", "facts.yaml", b"", 1, 1, "is empty", ""),
    Wrong("an empty list", "facts.json", b"[]", 1, 1, "holds no facts", "[]"),
    Wrong("bytes that are not UTF-8", "facts.csv",
          b"id,date,kind,source\np1,2001-01-02,acceleration,caf\xe9\n", 2, 31, "not UTF-8", ""),
    Wrong("a NUL byte", "facts.csv", b"id,date,kind\np1\0,2001-01-02,payment\n", 2, 3, "NUL", ""),
    Wrong("a line of a hundred megabytes", "facts.csv", lambda: b"x" * 100_000_000, 1, 1,
          "longer than 1,000,000 characters", "xxxx"),
    Wrong("a line of a hundred megabytes of JSON", "facts.jsonl", lambda: b"[" * 100_000_000, 1, 1,
          "longer than 1,000,000 characters", "[[[["),
    Wrong("a missing file", "missing.csv", None, 1, 1, "no such file", ""),
    Wrong("a folder", "folder.csv", "directory", 1, 1, "is a directory", ""),
    Wrong("an unknown suffix", "facts.xlsx", b"PK", 1, 1, "facts are not read from .xlsx", "",
          (), "known: .csv"),
    Wrong("more than a thousand problems", "facts.csv",
          lambda: b"id,date,kind\n" + b"p1,2001-01-02,paymnt\n" * 5000, 2, 15, "unknown kind",
          "p1,2001", ("unknown kind",) * 999 + ("1,000 problems and perhaps more",)),
    _jsonl("a line that is no object", _payment("5") + '\n["p2"]', 2, 1, "a JSON object in braces"),
    _jsonl("a field twice", _payment('5, "amount": 6'), 1, AMOUNT + 3,
           "the field 'amount' stands twice"),
    _jsonl("not a number", _payment("NaN"), 1, AMOUNT, "'NaN' is not a JSON value"),
    _jsonl("minus infinity", _payment("-Infinity"), 1, AMOUNT, "'-Infinity' is not a JSON value"),
    _jsonl("digits of another script", _payment("١٢٣"), 1, AMOUNT, "a value is expected"),
    _jsonl("an object in a field", _payment('{"of": 5}'), 1, AMOUNT, "more than a single value"),
    _jsonl("brackets without end", _payment("[" * 100_000), 1, AMOUNT, "more than a single value"),
    _jsonl("a string without end", '{"id": "p1, ', 1, 8, "unterminated string"),
    _jsonl("two records on one line", _payment("5") + _payment("6"), 1, AMOUNT + 2,
           "one line is one"),
    _jsonl("a comma too many", '{"id": "p1",}', 1, 13, "a field's name in double quotes"),
    _jsonl("a comma too few", '{"id": "p1" "date": "2001-01-02"}', 1, 13, "a comma or a closing"),
    _jsonl("two broken lines", "{\n" + _payment("5") + "\n{]", 1, 2, "field's name",
           also=("field's name",)),
    _json("an object for a list", _payment("5"), 1, 1, "a list of records is expected"),
    _json("a record that is none", f"[{_payment('5')},\n  6]", 2, 3, "a record is expected"),
    _json("a list without end", f"[{_payment('5')}\n", 2, 1, "the closing bracket is expected"),
    _json("a wrong amount on its own line",
          f'[{_payment("5")},\n  {{"id": "p2", "date": "2001-01-02",\n'
          '   "kind": "payment", "amount": "x"}]', 3, 33, "not an amount of money"),
    _yaml("a statement of nothing", "- {id: s1, date: 2001-01-02, kind: statement}", 1, 36,
          "the statement has none of 'total' or 'principal' or 'interest'"),
    _yaml("a mapping for a list", "id: p1\ndate: 2001-01-02\n", 1, 1,
          "a list of records is expected"),
    _yaml("a YAML record that is none", "- p1\n", 1, 3, "a record is expected"),
    _yaml("a YAML list in a field", "- {id: p1, date: 2001-01-02, kind: payment, amount: [5]}", 1,
          53, "more than a single value"),
    _yaml("a YAML key twice", "- id: p1\n  date: 2001-01-02\n  id: p2\n", 3, 3,
          "the key 'id' stands twice"),
    _yaml("a YAML anchor", "- &p {id: p1}\n- *p\n", 1, 3, "anchors"),
    _yaml("YAML brackets without end", "[" * 100_000, 1, 1, "nested too deeply"),
    _yaml("text that is not YAML", "- id: p1\n  date: [2001\n", 3, 1, "not YAML"),
]  # fmt: skip

WRONG = [*VALUES, *TOGETHER, *FORMS]
