"""Wrong rules as data: how a copy of the note's pack is spoiled, and how that is refused."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.product import NOTE

MARK = "‸"
"""Stands in a new text where the fault's place is, and is not written."""

PROMISE, PRINCIPAL, INTEREST = "0-promise.yaml", "1-principal.yaml", "2-interest.yaml"
PLACE, DEFAULT, SUBORDINATION = "3-place.yaml", "4-default.yaml", "5-subordination.yaml"
WAIVER, LAW, SUCCESSORS = "6-waiver.yaml", "7-law.yaml", "8-successors.yaml"
AGREEMENTS, CONTRACT, NOTE_TXT = "9-agreements.yaml", "contract.yaml", "note.txt"

Edit = tuple[str, str, str]
"""A file, the words in it that are replaced (they stand once; none: the end), and the new words."""


def edited(folder: Path, *edits: Edit) -> Path:
    """A copy of the note's pack in `folder`, with these edits."""
    copy = folder / "pack"
    if not copy.exists():
        shutil.copytree(NOTE, copy, ignore=shutil.ignore_patterns("*.cases.yaml"))
    for name, old, new in edits:
        path = copy / name
        text = path.read_text(encoding="utf-8")
        assert not old or text.count(old) == 1, (name, old, text.count(old))
        spoiled = text.replace(old, new) if old else text + new
        path.write_text(spoiled.replace(MARK, ""), encoding="utf-8")
    return copy


@dataclass(frozen=True)
class Wrong:
    """One edit, and the problem that it makes, at the mark in the new words or at `at`.

    `at` is a file and words that stand in it once, after the edit; `also` are words of the other
    problems, in order; `more` are edits that make no problem of their own.
    """

    name: str
    file: str
    old: str
    new: str
    message: str
    hint: str = ""
    at: tuple[str, str] = ("", "")
    also: tuple[str, ...] = ()
    more: tuple[Edit, ...] = ()


@dataclass(frozen=True)
class Broken:
    """A file of the pack with other bytes, or None where it is gone; `file` '' is the folder."""

    name: str
    file: str
    content: bytes | None
    line: int
    column: int
    message: str
    hint: str = ""


NEW_RULE = """
  another:
    when:
      paid: payment
    then: {outcome: information}
    says: Something was paid.
"""


def rule(text: str, after: str = "\nrules:\n") -> Edit:
    """An edit of clause 9 that puts a rule before its others."""
    return (AGREEMENTS, after, f"{after}{text.strip(chr(10))}\n\n")


WRONG = [
    # Names ----------------------------------------------------------------------------------------
    Wrong(
        "unknown kind of fact",
        DEFAULT,
        "missed: deadline where unpaid > unapplied",
        "missed: ‸dedline where unpaid > unapplied",
        "unknown kind of fact 'dedline'",
        "did you mean 'deadline'?",
    ),
    Wrong(
        "unknown field in a condition",
        DEFAULT,
        "missed: deadline where unpaid > unapplied",
        "missed: deadline where ‸unpayd > unapplied",
        "unknown name 'unpayd'",
        "did you mean 'unpaid'?",
    ),
    Wrong(
        "unknown field in a folded condition",
        PRINCIPAL,
        "allocation where (prepayment > 0 or excess > 0)\n",
        "allocation where (prepayment > 0\n        or ‸exces > 0)\n",
        "unknown name 'exces'",
        "did you mean 'excess'?",
    ),
    Wrong(
        "unknown field of an alias",
        DEFAULT,
        "outcome: event-of-default, against: borrower, amount: missed.unpaid, date",
        "outcome: event-of-default, against: borrower, amount: ‸missed.unpayd, date",
        "'missed' has no field 'unpayd'",
        "did you mean 'unpaid'?",
    ),
    Wrong(
        "unknown field in a folded sentence",
        DEFAULT,
        "{missed.last_day}, the last day to pay it.\n",
        "{‸missed.lastday}, the last day to pay it.\n",
        "'missed' has no field 'lastday'",
        "did you mean 'last_day'?",
    ),
    Wrong(
        "unknown field in a quoted sentence",
        PLACE,
        '"The payment of {paid.date} was made by {paid.funds}',
        '"The payment of {paid.date} was made by {‸paid.fundz}',
        "'paid' has no field 'fundz'",
        "did you mean 'funds'?",
    ),
    Wrong(
        "unknown name in a need",
        AGREEMENTS,
        "needs: the observations of the rate up to {said.date}",
        "needs: the observations of the rate up to {‸sayd.date}",
        "unknown name 'sayd.date'",
        "did you mean 'said.date'?",
    ),
    Wrong(
        "unknown term in a setting",
        PRINCIPAL,
        "matures: maturity",
        "matures: ‸maturty",
        "unknown name 'maturty'",
        "did you mean 'maturity'?",
    ),
    Wrong(
        "unknown term in a condition",
        PROMISE,
        "date >= maturity",
        "date >= ‸maturty",
        "unknown name 'maturty'",
        "did you mean 'maturity'?",
    ),
    Wrong(
        "reading sets an unknown term",
        DEFAULT,
        "set: {grace.principal: grace.interest}",
        "set: {‸grace.prinicpal: grace.interest}",
        "unknown term 'grace.prinicpal'",
        "did you mean 'grace.principal'?",
    ),
    Wrong(
        "reading's expression over an unknown term",
        DEFAULT,
        "set: {grace.principal: grace.interest}",
        "set: {grace.principal: ‸grace.intrest}",
        "unknown name 'grace.intrest'",
        "did you mean 'grace.interest'?",
    ),
    Wrong(
        "reading's answer is no choice of the term",
        INTEREST,
        "set: {day-count: actual/360}",
        "set: {day-count: ‸actual/361}",
        "'actual/361' is none of",
        "did you mean 'actual/36",
    ),
    Wrong(
        "unknown alias of an effect",
        DEFAULT,
        "revises: default}",
        "revises: ‸defalt}",
        "no pattern has the alias 'defalt'",
        "did you mean 'default'?",
    ),
    Wrong(
        "unknown alias in a join",
        DEFAULT,
        "where id == forgiven.of or about",
        "where id == ‸forgivn.of or about",
        "unknown name 'forgivn.of'",
        "did you mean 'forgiven.of'?",
    ),
    Wrong(
        "unknown setting",
        DEFAULT,
        "    interest: grace.interest\n",
        "    ‸intrest: grace.interest\n",
        "unknown setting 'grace.intrest'",
        "did you mean 'grace.interest'?",
        also=("no clause settles 'grace.interest'",),
    ),
    Wrong(
        "setting not settled",
        PRINCIPAL,
        "    prepayment: [interest, principal]\n",
        "",
        "no clause settles 'application.prepayment': The order of what is left of a payment.",
        at=("", ""),
    ),
    Wrong(
        "unknown state",
        PLACE,
        "sets: {place-in-force: notice.place}",
        "sets: {‸place-in-forse: notice.place}",
        "unknown state 'place-in-forse'",
        "did you mean 'place-in-force'?",
    ),
    Wrong(
        "unknown party",
        DEFAULT,
        "needs-fact, against: borrower,",
        "needs-fact, against: ‸borower,",
        "'borower' is no party",
        "did you mean 'borrower'?",
    ),
    Wrong(
        "unknown party to be paid",
        PLACE,
        "payments: {to: lender,",
        "payments: {to: ‸lendor,",
        "'lendor' is no party",
        "did you mean 'lender'?",
    ),
    Wrong(
        "unknown place of payment",
        PLACE,
        "place: place-in-force, funds",
        "place: ‸place-in-farce, funds",
        "unknown name 'place-in-farce'",
        "did you mean 'place-in-force'?",
    ),
    Wrong(
        "place of payment that is a date",
        PLACE,
        "place: place-in-force, funds",
        "place: ‸maturity, funds",
        "a name is expected here, not a date",
    ),
    Wrong(
        "funds that the clause does not speak of",
        PLACE,
        "funds: immediately available funds}",
        "funds: ‸ready money}",
        "the words 'ready money' do not stand in this clause",
    ),
    Wrong(
        "payments in two clauses",
        LAW,
        "\nreadings:\n",
        "\npayments: ‸{to: lender, place: lenders-address, funds: State of California}\n"
        "\nreadings:\n",
        "'payments' stands twice",
    ),
    Wrong(
        "unknown outcome",
        PLACE,
        "outcome: information, sets:",
        "outcome: ‸informaton, sets:",
        "'informaton' is not one of the words",
        "did you mean 'information'?",
    ),
    Wrong(
        "unknown key of a rule",
        PLACE,
        "    words: specified in writing by Lender\n",
        "    ‸wrods: specified in writing by Lender\n",
        "unknown key 'wrods'",
        "did you mean 'words'?",
    ),
    Wrong(
        "unknown key of a conclusion",
        PLACE,
        "{outcome: breach, against: borrower, amount: paid.amount}\n"
        '    says: "The payment of {paid.date} was made at',
        "{outcome: breach, against: borrower, ‸amuont: paid.amount}\n"
        '    says: "The payment of {paid.date} was made at',
        "unknown key 'amuont'",
        "did you mean 'amount'?",
    ),
    Wrong(
        "unknown key of a clause",
        LAW,
        "\nreadings:\n",
        "\n‸reading:\n",
        "unknown key 'reading'",
        "did you mean 'readings'?",
    ),
    Wrong(
        "unknown key of a term",
        PRINCIPAL,
        "    words: due and payable in full on August 30, 2002\n",
        "    ‸word: due and payable in full on August 30, 2002\n",
        "unknown key 'word'",
        "did you mean 'words'?",
    ),
    Wrong(
        "unknown key of the contract",
        CONTRACT,
        "\nindices:\n",
        "\n‸indexes:\n",
        "unknown key 'indexes'",
        "did you mean 'indices'?",
    ),
    Wrong(
        "missing key of a rule",
        PLACE,
        "    then: {outcome: information}\n    says: >-\n      The notice",
        "    says: >-\n      The notice",
        "the key 'then' is missing",
        at=(PLACE, "place-not-in-writing:"),
    ),
    Wrong(
        "unknown word of a field",
        PRINCIPAL,
        "owed: obligation where component is principal",
        "owed: obligation where component is ‸principle",
        "'principle' is none of the words that 'component' may be",
        "did you mean 'principal'?",
    ),
    Wrong(
        "unknown quoted word of a field",
        WAIVER,
        "pleaded: plea where what is not limitation",
        "pleaded: plea where what is not ‸'limitations'",
        "'limitations' is none of the words that 'what' may be",
        "did you mean 'limitation'?",
    ),
    Wrong(
        "unknown power",
        DEFAULT,
        "acceleration where power.accelerate is available",
        "acceleration where ‸power.acclerate is available",
        "unknown name 'power.acclerate'",
        "did you mean 'power.accelerate'?",
    ),
    Wrong(
        "unknown state of a power",
        DEFAULT,
        "acceleration where power.accelerate is available",
        "acceleration where power.accelerate is ‸availabel",
        "'availabel' is none of the words",
        "did you mean 'available'?",
    ),
    Wrong(
        "power on an unknown rule",
        DEFAULT,
        "arises-on: event-of-default",
        "arises-on: ‸event-of-defualt",
        "unknown name 'event-of-defualt'",
        "did you mean 'event-of-default'?",
    ),
    Wrong(
        "power of an unknown party",
        DEFAULT,
        "holder: lender",
        "holder: ‸lendr",
        "unknown name 'lendr'",
        "did you mean 'lender'?",
    ),
    Wrong(
        "power exercised by an unknown kind",
        DEFAULT,
        "exercised-by: acceleration",
        "exercised-by: ‸aceleration",
        "unknown name 'aceleration'",
        "did you mean 'acceleration'?",
    ),
    Wrong(
        "judgments about an unknown rule",
        SUBORDINATION,
        "about: [subordination-withheld, subordination-open]",
        "about: [subordination-withheld, ‸subordination-opened]",
        "unknown rule 'subordination-opened'",
        "did you mean 'subordination-open'?",
    ),
    Wrong(
        "judgments about a kind of fact",
        WAIVER,
        "about: [attorneys-fees]",
        "about: [‸costs]",
        "unknown rule 'costs'",
    ),
    Wrong(
        "finding told under an unknown rule",
        PLACE,
        "under: payment-place,",
        "under: ‸payment-plaze,",
        "unknown rule 'payment-plaze'",
        "did you mean 'payment-place'?",
    ),
    Wrong(
        "unknown index",
        INTEREST,
        "index: lender-line-of-credit",
        "index: ‸lenders-line-of-credit",
        "declares no index 'lenders-line-of-credit'",
        "did you mean 'lender-line-of-credit'?",
    ),
    Wrong(
        "unknown component",
        WAIVER,
        "falls-due: [costs]",
        "falls-due: [‸cost]",
        "nothing owed is called 'cost'",
        "did you mean 'costs'?",
    ),
    Wrong(
        "begins with an unknown term",
        CONTRACT,
        "  date-of-note: [",
        "  ‸date-of-noet: [",
        "unknown term 'date-of-noet'",
        "did you mean 'date-of-note'?",
    ),
    Wrong(
        "begins with a kind that is none",
        CONTRACT,
        "[advance, payment, refund,",
        "[advance, ‸paiment, refund,",
        "unknown kind 'paiment'",
        "did you mean 'payment'?",
    ),
    # Types, units and figures ---------------------------------------------------------------------
    Wrong(
        "unknown type of a field",
        CONTRACT,
        "in_writing: {type: boolean,",
        "in_writing: {type: ‸bolean,",
        "unknown type 'bolean'",
        "did you mean 'boolean'?",
    ),
    Wrong(
        "field of an unknown kind of fact",
        CONTRACT,
        "of: [financing],",
        "of: [‸financng],",
        "unknown kind 'financng'",
        "did you mean 'financing'?",
    ),
    Wrong(
        "kind that every pack has",
        CONTRACT,
        "\nfacts:\n",
        "\nfacts:\n  ‸payment: {describes: another one}\n",
        "the kind 'payment' is given already",
    ),
    Wrong(
        "unknown type of a term",
        PLACE,
        "    type: name\n",
        "    type: ‸nam\n",
        "unknown type 'nam'",
        "did you mean 'name'?",
    ),
    Wrong(
        "unknown type of a state",
        LAW,
        "\nreadings:\n",
        "\nstate:\n  told-of: {type: ‸nmae, starts: lender}\n\nreadings:\n",
        "unknown type 'nmae'",
        "did you mean 'name'?",
    ),
    Wrong(
        "unknown unit",
        DEFAULT,
        "      value: 5 calendar days\n      words: within",
        "      value: ‸5 calender days\n      words: within",
        "not a length of time: write 5 calendar days",
    ),
    Wrong(
        "wrong duration",
        DEFAULT,
        "      value: 0 calendar days\n",
        "      value: ‸five calendar days\n",
        "neither a figure nor a single word: give its type",
    ),
    Wrong(
        "length of time without end",
        DEFAULT,
        "    interest:\n      value: 5 calendar days",
        "    interest:\n      value: ‸9999 years",
        "a length of time has at most 999 years",
    ),
    Wrong(
        "date that is fixed as none",
        INTEREST,
        "accrues-from: date-of-note",
        "accrues-from: ‸final-interest-date",
        "'final-interest-date' may be none, which has no meaning here",
    ),
    Wrong(
        "reading that takes a fixed date away",
        INTEREST,
        "set: {final-interest-date: maturity}",
        "set: {final-interest-date: maturity, maturity: ‸none}",
        "unknown name 'none'",
    ),
    Wrong(
        "impossible date",
        PRINCIPAL,
        "value: 2002-08-30",
        "value: ‸2002-02-30",
        "the date 2002-02-30 does not exist",
    ),
    Wrong(
        "date with a short month",
        PRINCIPAL,
        "value: 2002-08-30",
        "value: ‸2002-8-30",
        "not a date: write it as 2001-06-29",
    ),
    Wrong(
        "rate without its sign",
        INTEREST,
        "value: 1.00%",
        "value: ‸1.00",
        "rate or money? write 1.00%",
    ),
    Wrong(
        "rate with too many decimals",
        INTEREST,
        "value: 1.00%",
        "value: ‸1.123456789%",
        "not a rate: write 9.50%",
    ),
    Wrong(
        "amount with a third decimal",
        PROMISE,
        "USD 15,000,000.00",
        "‸USD 15,000,000.001",
        "money has at most two decimals",
    ),
    Wrong(
        "amount in another currency",
        PROMISE,
        "USD 15,000,000.00",
        "‸EUR 15,000,000.00",
        "the contract is in USD, not in EUR",
    ),
    Wrong(
        "bad schedule",
        INTEREST,
        "interest-dates:\n    value: every 31 December",
        "interest-dates:\n    value: ‸every 31 Decembre",
        "not a day of the year: '31 decembre'",
    ),
    Wrong(
        "schedule on a day that its month lacks",
        INTEREST,
        "interest-dates:\n    value: every 31 December",
        "interest-dates:\n    value: ‸every 31 June",
        "June has no day 31",
    ),
    Wrong(
        "word that is no choice of its term",
        INTEREST,
        "value: in-arrears\n",
        "value: ‸in-arears\n",
        "'in-arears' is none of",
        "did you mean 'in-arrears'?",
    ),
    Wrong(
        "money compared with a date",
        DEFAULT,
        "missed: deadline where unpaid > unapplied",
        "missed: deadline where unpaid ‸> due",
        "a money and a date cannot stand around '>'",
    ),
    Wrong(
        "texts compared by their order",
        PLACE,
        "paid: payment where place != place-in-force",
        "paid: payment where place ‸< place-in-force",
        "a name and a name cannot stand around '<'",
    ),
    Wrong(
        "boolean that is not one",
        PLACE,
        "notice: place-of-payment where in_writing\n",
        "notice: place-of-payment where ‸place\n",
        "a name and a boolean cannot stand around '=='",
    ),
    Wrong(
        "sum of two dates",
        PROMISE,
        "date >= maturity",
        "date >= maturity ‸+ date-of-note",
        "a date + a date means nothing",
    ),
    Wrong(
        "amount that is a date",
        DEFAULT,
        "outcome: event-of-default, against: borrower, amount: missed.unpaid, date",
        "outcome: event-of-default, against: borrower, amount: ‸missed.due, date",
        "expected a money here, not a date",
    ),
    Wrong(
        "setting of another type",
        PRINCIPAL,
        "matures: maturity",
        "matures: ‸face",
        "a date is expected here, not a money",
    ),
    Wrong(
        "setting that may hold a word without meaning",
        INTEREST,
        "closing-day: closing-day",
        "closing-day: ‸early-close",
        "'early-close' may be 'last-determined', which has no meaning here",
    ),
    Wrong(
        "setting that holds nothing",
        PRINCIPAL,
        "matures: maturity",
        "matures:‸",
        "a date is expected here, not nothing",
    ),
    Wrong(
        "order with a component twice",
        PRINCIPAL,
        "due: [interest, principal, costs]",
        "due: ‸[interest, principal, interest]",
        "expected a list of some of: interest, principal, costs",
    ),
    Wrong(
        "state set to a date",
        PLACE,
        "sets: {place-in-force: notice.place}",
        "sets: {place-in-force: ‸notice.date}",
        "expected a name here, not a date",
    ),
    # The language ---------------------------------------------------------------------------------
    Wrong(
        "value missing",
        DEFAULT,
        "missed: deadline where unpaid > unapplied",
        "missed: deadline where unpaid >‸",
        "a value is missing here",
    ),
    Wrong(
        "parenthesis left open",
        SUBORDINATION,
        "and (by == sought.provider or by == sought.provider_kind)\n",
        "and (by == sought.provider or by == sought.provider_kind‸\n",
        "expected ')'",
    ),
    Wrong(
        "sign that is none",
        DEFAULT,
        "missed: deadline where unpaid > unapplied",
        "missed: deadline where unpaid ‸=> unapplied",
        "not understood: '=> unapplied'",
    ),
    Wrong(
        "brace left open",
        PLACE,
        "{paid.funds}, not in immediately",
        "‸{paid.funds, not in immediately",
        "this '{' stands alone",
    ),
    Wrong(
        "condition nested too deeply",
        DEFAULT,
        "missed: deadline where unpaid > unapplied",
        f"missed: deadline where {'(' * 40}‸(unpaid > unapplied{')' * 41}",
        "nested too deeply",
    ),
    Wrong(
        "alternatives without number",
        DEFAULT,
        "missed: deadline where unpaid > unapplied",
        "missed: deadline where ‸" + " and ".join(["(unpaid > unapplied or amount > 0)"] * 7),
        "too many alternatives",
    ),
    Wrong(
        "two facts on one side",
        SUBORDINATION,
        "withheld: subordination-withheld where request == given.request and date <= given.date",
        "withheld: subordination-withheld where given.date ‸> given.recorded",
        "one side of this pattern's own",
    ),
    Wrong(
        "presence of another fact's field",
        SUBORDINATION,
        "engaged: subordination-engaged where about == consent.request",
        "engaged: subordination-engaged where consent.conditions ‸is present",
        "only a field of this kind can be present or absent",
    ),
    # The shape of rules ---------------------------------------------------------------------------
    Wrong(
        "more than three patterns",
        *rule("""
  another:
    when: ‸{a: payment, b: advance, c: costs, d: refund}
    then: {outcome: information}
    says: Four things happened.
"""),
        "at most 3 may stand here",
    ),
    Wrong(
        "no pattern",
        *rule("""
  another:
    when: ‸{}
    then: {outcome: information}
    says: Nothing happened.
"""),
        "at least 1 must stand here",
    ),
    Wrong(
        "two 'unless'",
        SUBORDINATION,
        "      answered: subordination-answered where request == engaged.about\n",
        "      ‸answered: subordination-answered where request == engaged.about\n"
        "      more: payment\n",
        "at most 1 may stand here",
    ),
    Wrong(
        "'unless' with 'or'",
        SUBORDINATION,
        "      answered: subordination-answered where request == engaged.about\n",
        "      answered: ‸subordination-answered where request == engaged.about or date < today\n",
        "'unless' takes a condition without 'or'",
    ),
    Wrong(
        "'unless' of two kinds",
        SUBORDINATION,
        "      answered: subordination-answered where request == engaged.about\n",
        "      answered: ‸subordination-refusal or subordination-consent\n",
        "'unless' takes a condition without 'or'",
    ),
    Wrong(
        "'unless' that looks for what is found later",
        *rule("""
  ‸another:
    when:
      paid: payment
    unless:
      open: subordination-open
    then: {outcome: information}
    says: Something was paid.
"""),
        "'unless' cannot look for 'subordination-open', which is found later",
    ),
    Wrong(
        "rules that rest on each other",
        *rule("""
  ‸hen:
    when: {laid: egg}
    then: {outcome: information}
    says: A hen came out of an egg.

  egg:
    when: {out: hen}
    then: {outcome: information}
    says: An egg came out of a hen.
"""),
        "these rules rest on each other: hen → egg → hen",
    ),
    Wrong(
        "acting rule on what stands only at the close",
        *rule("""
  ‸another:
    when: {more: surplus}
    then: {outcome: information, sets: {place-in-force: lenders-address}}
    says: Something was paid too much.
"""),
        "'another' acts, but rests on what is known only at the close of a run",
    ),
    Wrong(
        "acting judgment on what stands only at the close",
        SUBORDINATION,
        "      unreasonable:\n        outcome: breach\n",
        "      ‸unreasonable:\n        outcome: breach\n        releases: found.about\n",
        "'subordination-open-judged-unreasonable' acts, but rests on what is known only",
    ),
    Wrong(
        "revision of what is no finding",
        PLACE,
        "then: {outcome: breach, against: borrower, amount: paid.amount}\n"
        '    says: "The payment of {paid.date} was made at',
        "then: {outcome: breach, against: borrower, revises: ‸paid}\n"
        '    says: "The payment of {paid.date} was made at',
        "'revises' is of a finding, and 'paid' is a payment",
    ),
    Wrong(
        "amendment that is none",
        AGREEMENTS,
        "deed: amendment where agreed_by is both\n",
        "deed: statement\n",
        "'amends' is of an amendment, and 'deed' is a statement",
        at=(AGREEMENTS, "deed}"),
        also=("has no field 'document'",),
    ),
    Wrong(
        "alias that is a term already",
        *rule("""
  another:
    when: {maturity: ‸payment}
    then: {outcome: information}
    says: Something was paid.
"""),
        "the alias 'maturity' already names something else",
    ),
    Wrong(
        "rule named as a kind of fact",
        *rule("""
  ‸surplus:
    when: {paid: payment}
    then: {outcome: information}
    says: Something was paid.
"""),
        "'surplus' is already a kind of fact",
    ),
    Wrong(
        "rule with capitals in its name",
        *rule("""
  ‸AnotherRule:
    when: {paid: payment}
    then: {outcome: information}
    says: Something was paid.
"""),
        "'AnotherRule' is no name: small letters and digits",
    ),
    Wrong(
        "sentence that is a list",
        *rule("""
  another:
    when: {paid: payment}
    then: {outcome: information}
    says: ‸[Something was paid.]
"""),
        "text is expected here",
    ),
    Wrong(
        "sentence that is empty",
        *rule("""
  another:
    when: {paid: payment}
    then: {outcome: information}
    says: ‸""
"""),
        "text is expected here, not nothing",
    ),
    Wrong(
        "rules as a list",
        WAIVER,
        "\njudgments:\n",
        "\nstate:\n  ‸- one\n\njudgments:\n",
        "a mapping is expected here",
    ),
    Wrong(
        "reading with one answer",
        INTEREST,
        """      last-determined:
        because: a rate is only ever determined on a 31 December, and the last such one stands
        set: {early-close: last-determined}
""",
        "",
        "at least 2 must stand here",
        at=(INTEREST, "latest-observation:\n        because"),
    ),
    Wrong(
        "two readings that set one term",
        INTEREST,
        "set: {final-interest-date: maturity}",
        "set: {final-interest-date: maturity, closing-day: ‸included}",
        "the reading 'closing-day' sets 'closing-day' already",
    ),
    Wrong(
        "setting given twice",
        PROMISE,
        "    commitment: face\n",
        "    commitment: face\n  principal:\n    matures: date-of-note\n",
        "the setting 'principal.matures' stands twice",
        "first at",
        at=(PRINCIPAL, "matures: maturity"),
    ),
    Wrong(
        "term named as a party",
        LAW,
        "\nreadings:\n",
        "\nterms:\n  ‸lender: 5.00%\n\nreadings:\n",
        "'lender' already names something else",
    ),
    Wrong(
        "term that no rule could name",
        LAW,
        "\nreadings:\n",
        "\nterms:\n  The Law: ‸5.00%\n\nreadings:\n",
        "'The Law' is no name",
    ),
    Wrong(
        "term twice, in two files",
        LAW,
        "\nreadings:\n",
        "\nterms:\n  margin: ‸5.00%\n\nreadings:\n",
        "the term 'margin' stands twice",
    ),
    Wrong(
        "rule twice, in two files",
        *rule("""
  event-of-default:
    when: {paid: payment}
    then: {outcome: information}
    says: Something was paid.
"""),
        "'event-of-default' stands twice",
        "4-default.yaml:",
        at=(AGREEMENTS, "when: {paid: payment}"),
    ),
    Wrong(
        "currency that is none",
        CONTRACT,
        "currency: USD",
        "currency: ‸dollars",
        "String should match pattern",
    ),
    # Words ----------------------------------------------------------------------------------------
    Wrong(
        "text that the note does not hold",
        LAW,
        "laws of the State of California, excluding",
        "laws of the State of Nevada, excluding",
        "these words do not stand in note.txt",
        "the State of Nevada,",
        at=(LAW, "|\n  7."),
        also=("the words 'the laws of the State of California'",),
    ),
    Wrong(
        "rule's words that the clause does not hold",
        PLACE,
        "words: specified in writing by Lender\n",
        "words: ‸specified by word of mouth\n",
        "the words 'specified by word of mouth' do not stand in this clause",
    ),
    Wrong(
        "term's words of another clause",
        PRINCIPAL,
        "words: due and payable in full on August 30, 2002\n",
        "words: ‸or if less\n",
        "the words 'or if less' do not stand in this clause",
    ),
    Wrong(
        "phrase of a reading that nobody wrote",
        LAW,
        "phrase: the laws of the State of California",
        "phrase: ‸the laws of the land",
        "the words 'the laws of the land' do not stand in this clause",
    ),
    Wrong(
        "power's words that the clause does not hold",
        DEFAULT,
        "words: at the option of Lender, be immediately collectible by Lender",
        "words: ‸at the option of Borrower",
        "the words 'at the option of Borrower' do not stand in this clause",
    ),
    Wrong(
        "unruled words that nobody wrote",
        LAW,
        "phrase: excluding conflict of laws principles",
        "phrase: ‸including conflict of laws",
        "the words 'including conflict of laws' do not stand in this clause",
    ),
    Wrong(
        "slip that the text does not have",
        DEFAULT,
        "phrase: under this paragraph",
        "phrase: ‸under that paragraph",
        "the words 'under that paragraph' do not stand in this clause",
    ),
    Wrong(
        "unruled words outside the note",
        CONTRACT,
        "phrase: EXHIBIT 4.8",
        "phrase: ‸EXHIBIT 4.9",
        "the words 'EXHIBIT 4.9' do not stand in note.txt",
    ),
    # YAML -----------------------------------------------------------------------------------------
    Wrong(
        "bracket left open",
        LAW,
        "set: {payable-day: following, last-day-of-grace: none}",
        "set: {payable-day: following, last-day-of-grace: none",
        "not YAML",
        at=(LAW, ":\n        because: the last day"),
    ),
    Wrong(
        "tab that indents",
        LAW,
        "    phrase: the laws",
        "‸\tphrase: the laws",
        "not YAML: found character that cannot start any token",
    ),
    Wrong(
        "key twice",
        PRINCIPAL,
        "\nfalls-due: [principal]\n",
        "\nfalls-due: [principal]\n‸terms: {}\n",
        "the key 'terms' stands twice",
        "first on line ",
    ),
    Wrong(
        "rule twice in a file",
        *rule(NEW_RULE + NEW_RULE.replace("another", "‸another")),
        "the key 'another' stands twice",
    ),
    Wrong(
        "anchor",
        PRINCIPAL,
        "value: 2002-08-30",
        "value: ‸&day 2002-08-30",
        "anchors and aliases are not allowed",
    ),
    Wrong(
        "alias of YAML",
        PRINCIPAL,
        "value: 2002-08-30",
        "value: ‸*day",
        "anchors and aliases are not allowed",
    ),
    Wrong(
        "tag", PRINCIPAL, "value: 2002-08-30", "value: ‸!!str 2002-08-30", "tags are not allowed"
    ),
    Wrong(
        "deep nesting",
        PRINCIPAL,
        "value: 2002-08-30",
        f"value: ‸{'[' * 100_000}",
        "nested too deeply",
    ),
    Wrong(
        "deep nesting of other brackets",
        PRINCIPAL,
        "value: 2002-08-30",
        f"value: {'{a: ' * 37}‸{'{a: ' * 40}1{'}' * 77}",
        "nested too deeply",
    ),
    Wrong(
        "two documents",
        LAW,
        'clause: "7"',
        'clause: "7"\n‸---\nclause: "8"',
        "a second document begins here",
    ),
    Wrong(
        "list of clauses",
        LAW,
        'clause: "7"\nheading: Governing law\n',
        "- a\n- b\n",
        "not YAML",
        at=(LAW, "text: |"),
    ),
]

BROKEN = [
    Broken(
        "UTF-8 that is broken", PLACE, b"clause: '3'\nheading: \xff\n", 2, 10, "byte 0xff is not"
    ),
    Broken("NUL", PLACE, b"clause: '3'\nhead\0ing: x\n", 2, 5, "a NUL byte stands here"),
    Broken("UTF-16", PLACE, "clause".encode("utf-16"), 1, 1, "byte 0xff is not UTF-8 text"),
    Broken("empty file", PLACE, b"", 1, 1, "the file is empty"),
    Broken("file of comments", PLACE, b"# nothing yet\n", 1, 1, "the file is empty"),
    Broken("list for a clause", PLACE, b"- clause\n", 1, 1, "a mapping is expected here"),
    Broken("word for a clause", PLACE, b"clause\n", 1, 1, "a mapping is expected here"),
    Broken("empty note", NOTE_TXT, b"", 1, 1, "note.txt is empty"),
    Broken(
        "note that is broken UTF-8", NOTE_TXT, b"SECOND\n AMENDED\xe9\n", 2, 9, "byte 0xe9 is not"
    ),
    Broken("missing note.txt", NOTE_TXT, None, 1, 1, "the contract's own words are missing"),
    Broken("missing contract.yaml", CONTRACT, None, 1, 1, "the pack has no contract.yaml"),
    Broken("empty contract.yaml", CONTRACT, b"", 1, 1, "the file is empty"),
]
