"""What a lawyer changes in the YAML and nowhere else: each edit with its figures worked out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from checker.engine import Ruleset
from checker.loader import load_pack
from checker.model import WrongInput
from checker.pack import unclaimed
from checker.patterns import Matcher
from tests.product import check
from tests.wrong_rules import (
    CONTRACT,
    DEFAULT,
    INTEREST,
    PLACE,
    PRINCIPAL,
    PROMISE,
    WAIVER,
    Edit,
    edited,
    rule,
)

INDEX = "lender-line-of-credit"
Report = Mapping[str, Any]


def fact(name: str, date: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "date": date, "kind": kind, **fields}


def rate(name: str, date: str, value: str, index: str = INDEX) -> dict[str, Any]:
    return fact(name, date, "rate", index=index, value=value)


def pay(name: str, date: str, amount: str, **fields: Any) -> dict[str, Any]:
    return fact(name, date, "payment", amount=amount, **fields)


def fresh(rules: Any) -> Matcher:
    return Ruleset(rules)


@dataclass
class Edited:
    """A copy of the pack, asked as the pack itself is."""

    folder: Path

    def __call__(
        self,
        facts: Sequence[Mapping[str, Any]],
        as_of: str,
        readings: Mapping[str, str] | None = None,
    ) -> Report:
        return check(facts, as_of, readings, folder=self.folder, make=fresh)


DRAWN = fact("a1", "2000-11-27", "advance", amount="15,000,000.00")
FIRST = rate("r1", "2000-12-29", "9.50%")
OPENED = (DRAWN, FIRST)


def pick(data: Report, part: str, *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(entry[field] for field in fields) for entry in data[part]]


def dues(data: Report) -> list[tuple[Any, ...]]:
    return pick(data, "obligations", "id", "last_day", "amount")


def findings(data: Report) -> dict[str, str]:
    return {finding["id"]: finding["outcome"] for finding in data["findings"]}


# Readings ----------------------------------------------------------------------------------------

MARGIN: Edit = (
    INTEREST,
    "\nreadings:\n",
    """
readings:
  margin:
    phrase: one percent (1%) over the interest rate
    asks: Is the margin one percent, or that and the quarter that the lender's bank adds?
    answers:
      one-percent:
        because: the figure is written twice, in words and in digits
        set: {margin: 1.00%}
      with-the-quarter:
        because: the lender pays its bank a quarter more than the line's rate
        set: {margin: margin + 0.25%}
""",
)


def test_a_thirteenth_reading_is_asked_and_answered(tmp_path: Path) -> None:
    asked = Edited(edited(tmp_path, MARGIN))
    plain, more = (
        asked(OPENED, "2001-01-06", {"margin": a}) for a in ("one-percent", "with-the-quarter")
    )
    assert asked(OPENED, "2001-01-06")["readings"]["margin"] == "one-percent"
    assert len(plain["readings"]) == len(check(OPENED, "2001-01-06")["readings"]) + 1
    # 9.50% + 1.00% = 10.50%: 15,000,000.00 × 10.50% × 34 / 365 = 146,712.33
    assert pick(plain, "periods", "rate")[0] == ("10.50%",)
    assert dues(plain) == [("interest/2000-12-31", "2001-01-05", "146712.33")]
    # 9.50% + 1.25% = 10.75%: 15,000,000.00 × 10.75% × 34 / 365 = 150,205.48
    assert pick(more, "periods", "rate")[0] == ("10.75%",)
    assert dues(more) == [("interest/2000-12-31", "2001-01-05", "150205.48")]


def test_a_reading_over_a_new_term_turns_a_rule(tmp_path: Path) -> None:
    """A term of its own says whether a check will do; a rule of the clause asks for it."""
    copy = edited(
        tmp_path,
        (
            PLACE,
            "\nstate:\n",
            """
  check-will-do: false

readings:
  good-funds:
    phrase: immediately available funds
    asks: Is a check on the lender's own bank immediately available?
    answers:
      no-check: {because: a check must be collected first, set: {check-will-do: false}}
      any-check: {because: the same bank pays it at once, set: {check-will-do: true}}

state:
""",
        ),
        (
            PLACE,
            "payment where funds not in",
            "payment where not (check-will-do and funds is 'check') and funds not in",
        ),
    )
    story = (*OPENED, pay("p1", "2001-01-02", "146,712.33", funds="check"))
    asked = Edited(copy)
    assert findings(asked(story, "2001-01-02"))["payment-funds/p1"] == "breach"
    kind = asked(story, "2001-01-02", {"good-funds": "any-check"})
    assert "payment-funds/p1" not in findings(kind)


# Terms -------------------------------------------------------------------------------------------


def test_seven_days_of_grace(tmp_path: Path) -> None:
    grace: Edit = (
        DEFAULT,
        "    interest:\n      value: 5 calendar days",
        "    interest:\n      value: 7 calendar days",
    )
    asked = Edited(edited(tmp_path, grace))
    # due Sunday 31 December 2000, and seven days: Sunday 7 January 2001 is the last day
    assert dues(asked(OPENED, "2001-01-07")) == [("interest/2000-12-31", "2001-01-07", "146712.33")]
    assert "event-of-default/interest/2000-12-31" not in findings(asked(OPENED, "2001-01-07"))
    (default,) = [f for f in asked(OPENED, "2001-01-08")["findings"] if "default" in f["id"]]
    assert (default["date"], default["amount"]) == ("2001-01-08", "146712.33")
    paid = (*OPENED, pay("p1", "2001-01-07", "146,712.33"))
    assert (
        findings(asked(paid, "2001-01-08"))["late-in-grace/interest/2000-12-31"] == "met-in-grace"
    )
    # the reading gives principal what interest has: due Friday 30 August 2002, until 6 September
    wide = asked(OPENED, "2002-09-01", {"grace-scope": "all-amounts"})
    assert ("principal/2002-08-30", "2002-09-06", "15000000.00") in dues(wide)


def test_grace_in_business_days(tmp_path: Path) -> None:
    grace: Edit = (
        DEFAULT,
        "    interest:\n      value: 5 calendar days",
        "    interest:\n      value: 3 business days",
    )
    # Monday 1 January 2001 is a holiday: 2, 3 and 4 January are the three business days
    asked = Edited(edited(tmp_path, grace))
    assert dues(asked(OPENED, "2001-01-04")) == [("interest/2000-12-31", "2001-01-04", "146712.33")]


QUARTERS = "every 31 March, 30 June, 30 September and 31 December"


@pytest.mark.parametrize("schedule", [QUARTERS, "every 3 months from 2000-12-31"])
def test_interest_by_quarters(schedule: str, tmp_path: Path) -> None:
    year = "value: every 31 December"
    asked = Edited(
        edited(
            tmp_path,
            (INTEREST, f"interest-dates:\n    {year}", f"interest-dates:\n    value: {schedule}"),
            (
                INTEREST,
                f"determination-dates:\n    {year}",
                f"determination-dates:\n    value: {schedule}",
            ),
        )
    )
    data = asked(
        (
            *OPENED,
            rate("r2", "2001-03-30", "8.00%"),  # a Friday; 31 March 2001 is a Saturday
            rate("r3", "2001-04-02", "7.00%"),  # the Monday after: it is too late for March
            rate("r4", "2001-06-29", "6.00%"),  # 30 June 2001 is a Saturday too
        ),
        "2001-07-02",
    )
    # 27 November to 31 December, 34 days at 10.50%: 146,712.33
    # 31 December to 31 March, 90 days at 9.00%: 1,350,000.00 × 90 / 365 = 332,876.7123
    # 31 March to 30 June, 91 days at 7.00%: 1,050,000.00 × 91 / 365 = 261,780.8219
    # 30 June to 2 July, that day counted: 3 days at 7.00%: 8,630.1370
    assert dues(data) == [
        ("interest/2000-12-31", "2001-01-05", "146712.33"),
        ("interest/2001-03-31", "2001-04-05", "332876.71"),
        ("interest/2001-06-30", "2001-07-05", "261780.82"),
    ]
    assert pick(data, "periods", "to", "determined_on", "rate", "interest") == [
        ("2000-12-31", "2000-12-29", "10.50%", "146712.33"),
        ("2001-03-31", "2001-03-30", "9.00%", "332876.71"),
        ("2001-06-30", "2001-06-29", "7.00%", "261780.82"),
        ("2001-09-30", None, "7.00%", "8630.14"),
    ]


@pytest.mark.parametrize("schedule", ["every month on the 31st", "every 1 months from 2000-12-31"])
def test_interest_by_months_whose_end_is_kept(schedule: str, tmp_path: Path) -> None:
    old = "interest-dates:\n    value: every 31 December"
    asked = Edited(edited(tmp_path, (INTEREST, old, f"interest-dates:\n    value: {schedule}")))
    story = (rate("r0", "1999-12-31", "9.50%"), DRAWN)
    data = asked(story, "2001-02-28", {"rate-determination": "in-advance"})
    # a day is 15,000,000.00 × 10.50% / 365 = 4,315.0685: 27 to 30 November are 3 days, to
    # 31 December 31, to 31 January 31, to 28 February 28
    assert dues(data) == [
        ("interest/2000-11-30", "2000-12-05", "12945.21"),
        ("interest/2000-12-31", "2001-01-05", "133767.12"),
        ("interest/2001-01-31", "2001-02-05", "133767.12"),
        ("interest/2001-02-28", "2001-03-05", "120821.92"),
    ]


@pytest.mark.parametrize(
    ("convention", "first", "open_"),
    [
        # US: 27 November to 31 December are 4 + 30 = 34 days, the 31st staying where the start is
        # not the 30th or 31st; 31 December to 11 January are 30 + 11 − 30 = 11
        ("30/360", "148750.00", "48125.00"),
        # European: the 31st is the 30th, so 33 days and 11
        ("30E/360", "144375.00", "48125.00"),
        # actual: 34 days and 11 over 360, 15,000,000.00 × 10.50% / 360 = 4,375.00 a day
        ("actual/360", "148750.00", "48125.00"),
    ],
)
def test_another_day_count(convention: str, first: str, open_: str, tmp_path: Path) -> None:
    old = "day-count:\n    value: actual/365"
    day_count: Edit = (INTEREST, old, f"day-count:\n    value: {convention}")
    data = Edited(edited(tmp_path, day_count))(OPENED, "2001-01-10")
    assert pick(data, "periods", "interest") == [(first,), (open_,)]


def test_thirty_days_a_month_as_the_default_reading(tmp_path: Path) -> None:
    answer: Edit = (
        INTEREST,
        "      actual/365:\n        because: a year has",
        "      30/360:\n"
        "        because: bonds are figured so\n"
        "        set: {day-count: 30/360}\n"
        "      actual/365:\n        because: a year has",
    )
    asked = Edited(edited(tmp_path, answer))
    assert dues(asked(OPENED, "2000-12-31"))[0][2] == "148750.00"  # 34 days over 360
    assert dues(asked(OPENED, "2000-12-31", {"day-count": "actual/365"}))[0][2] == "146712.33"


def test_another_index(tmp_path: Path) -> None:
    asked = Edited(
        edited(
            tmp_path,
            (CONTRACT, f"  {INDEX}:\n", "  prime-of-the-house-bank:\n"),
            (INTEREST, f"index: {INDEX}", "index: prime-of-the-house-bank"),
        )
    )
    observed = rate("r1", "2000-12-29", "9.50%", "prime-of-the-house-bank")
    data = asked((DRAWN, observed), "2000-12-31")
    assert dues(data) == [("interest/2000-12-31", "2001-01-05", "146712.33")]
    with pytest.raises(WrongInput, match="unknown index"):
        asked(OPENED, "2000-12-31")
    missing = asked((DRAWN,), "2000-12-31")["missing"]
    assert missing
    assert all("prime-of-the-house-bank" in entry["fact"] for entry in missing)


def test_a_second_index_that_nothing_follows_changes_nothing(tmp_path: Path) -> None:
    second: Edit = (CONTRACT, "\nindices:\n", "\nindices:\n  libor: {describes: another one}\n")
    asked = Edited(edited(tmp_path, second))
    data = asked((*OPENED, rate("r2", "2000-12-29", "6.40%", "libor")), "2000-12-31")
    assert dues(data) == [("interest/2000-12-31", "2001-01-05", "146712.33")]


COSTS = fact("c1", "2000-12-31", "costs", amount="5,000.00", type="other")


def split(data: Report) -> tuple[Any, ...]:
    return pick(data, "payments", "interest", "principal", "accrued", "prepaid", "costs")[-1]


def test_costs_before_interest(tmp_path: Path) -> None:
    story = (*OPENED, COSTS, pay("p1", "2001-01-02", "6,000.00"))
    # interest first: all of it; costs first: 5,000.00, and the rest to interest
    assert split(check(story, "2001-01-02")) == ("6000.00", "0.00", "0.00", "0.00", "0.00")
    order: Edit = (
        PRINCIPAL,
        "due: [interest, principal, costs]",
        "due: [costs, interest, principal]",
    )
    data = Edited(edited(tmp_path, order))(story, "2001-01-02")
    assert split(data) == ("1000.00", "0.00", "0.00", "0.00", "5000.00")
    assert data["balances"]["interest_due"] == "145712.33"


def test_principal_before_interest_in_a_prepayment(tmp_path: Path) -> None:
    story = (
        *OPENED,
        pay("p1", "2000-12-31", "146,712.33"),
        pay("p2", "2001-01-10", "1,000,000.00"),
    )
    # ten days from 31 December: 15,000,000.00 × 10.50% × 10 / 365 = 43,150.68
    plain = ("43150.68", "956849.32", "43150.68", "956849.32", "0.00")
    assert split(check(story, "2001-01-10")) == plain
    words = "prepayment: [interest, principal]"
    order: Edit = (PRINCIPAL, words, "prepayment: [principal, interest]")
    data = Edited(edited(tmp_path, order))(story, "2001-01-10")
    assert split(data) == ("0.00", "1000000.00", "0.00", "1000000.00", "0.00")
    # and the day itself at 14,000,000.00: 43,150.6849 + 4,027.3973 = 47,178.08
    assert data["balances"]["accrued_interest"] == "47178.08"


def test_another_cutoff(tmp_path: Path) -> None:
    story = (
        *OPENED,
        pay("p1", "2000-12-31", "146,712.33"),
        pay("p2", "2001-01-01", "1,004,315.07"),  # a day's interest, and 1,000,000.00 prepaid
        fact("a2", "2002-06-30", "advance", amount="400,000.00"),
        fact("a3", "2002-07-01", "advance", amount="400,000.00"),
    )
    before = findings(check(story, "2002-07-01"))
    assert (before["reborrowed/a2"], before["reborrowed/a3"]) == ("met", "met")
    cutoff: Edit = (
        DEFAULT,
        "reborrow-cutoff:\n    value: 2002-08-30",
        "reborrow-cutoff:\n    value: 2002-07-01",
    )
    after = findings(Edited(edited(tmp_path, cutoff))(story, "2002-07-01"))
    assert after["reborrowed/a2"] == "met"
    assert after["reborrow-after-cutoff/a3"] == "breach"
    assert "reborrowed/a3" not in after


def test_a_cutoff_reckoned_from_maturity(tmp_path: Path) -> None:
    cutoff: Edit = (DEFAULT, "redraw-before: reborrow-cutoff", "redraw-before: maturity - 3 months")
    data = Edited(edited(tmp_path, cutoff))
    story = (*OPENED, pay("p1", "2000-12-31", "1,146,712.33"))
    # three months before 30 August 2002 is 30 May: what was prepaid may be drawn until the 29th
    assert data(story, "2002-05-29")["balances"]["available_to_draw"] == "1000000.00"
    assert data(story, "2002-05-30")["balances"]["available_to_draw"] == "0.00"


def test_a_smaller_face(tmp_path: Path) -> None:
    face: Edit = (PROMISE, "value: USD 15,000,000.00", "value: USD 12,000,000.00")
    data = Edited(edited(tmp_path, face))(OPENED, "2000-11-27")
    # 3,000,000.00 of the 15,000,000.00 are beyond the face, and nothing was prepaid
    (over,) = [f for f in data["findings"] if f["rule"] == "reborrow-over-limit"]
    assert (over["amount"], over["outcome"]) == ("3000000.00", "breach")


# Rules -------------------------------------------------------------------------------------------

AUDIT: Edit = (
    CONTRACT,
    "\nfacts:\n",
    """
facts:
  audit:
    describes: Somebody audits the borrower's books.
    fields:
      by: {type: name, required: true, describes: Who}
      shortfall: {type: money, may-be-zero: true, describes: What is lacking}
""",
)


def test_a_new_kind_of_fact_with_a_rule_of_its_own(tmp_path: Path) -> None:
    audited = rule("""
  audit-shortfall:
    when:
      report: audit where shortfall >= 1,000.00 and by != borrower
    then: {outcome: breach, against: borrower, amount: report.shortfall}
    says: "{report.by} found on {report.date} that {report.shortfall} is lacking."
    words: form the entire agreement between the parties
""")
    asked = Edited(edited(tmp_path, AUDIT, audited))
    audits = (
        fact("u1", "2001-01-02", "audit", by="Deloitte", shortfall="999.99"),
        fact("u2", "2001-01-03", "audit", by="Deloitte", shortfall="1,000.00"),
        fact("u3", "2001-01-04", "audit", by="VALENCE TECHNOLOGY INC", shortfall="5,000.00"),
    )
    data = asked((*OPENED, *audits), "2001-01-04")
    (found,) = [f for f in data["findings"] if f["rule"] == "audit-shortfall"]
    assert (found["id"], found["amount"], found["date"]) == (
        "audit-shortfall/u2",
        "1000.00",
        "2001-01-03",
    )
    assert found["says"] == "Deloitte found on 2001-01-03 that 1,000.00 is lacking."
    assert found["quote"] == "form the entire agreement between the parties"
    with pytest.raises(WrongInput, match="lacking"):
        asked((*OPENED, fact("u4", "2001-01-02", "audit", by="x", lacking="1.00")), "2001-01-04")


def test_a_new_rule_that_joins_three_facts(tmp_path: Path) -> None:
    """A default, costs of its collection after it, and a payment that covers those alone."""
    joined = (
        WAIVER,
        "\nrules:\n",
        """
rules:
  costs-before-debt:
    when:
      default: event-of-default where component is interest
      bill: costs where date >= default.date
      paid: payment where amount == bill.amount and date > bill.date
    then: {outcome: information, against: borrower, about: paid.id, amount: paid.amount}
    says: >-
      {paid.amount}, the costs of {bill.date}, was paid on {paid.date} while the interest due
      {default.due} was in default.
    words: shall pay all costs of collection when incurred

""",
    )
    asked = Edited(edited(tmp_path, joined))
    story = (
        *OPENED,
        fact("c1", "2001-01-05", "costs", amount="700.00", type="other"),  # before the default
        fact("c2", "2001-01-06", "costs", amount="800.00", type="other"),  # on its day
        pay("p1", "2001-01-06", "800.00"),  # not after the bill
        pay("p2", "2001-01-09", "800.00"),
        pay("p3", "2001-01-10", "700.00"),
        pay("p4", "2001-01-11", "800.01"),
    )
    data = asked(story, "2001-01-11")
    (found,) = [f for f in data["findings"] if f["rule"] == "costs-before-debt"]
    assert (found["id"], found["amount"]) == ("costs-before-debt/p2", "800.00")
    assert set(found["facts"]) >= {"a1", "c2", "p2"}
    paid_first = (*OPENED, pay("p0", "2000-12-31", "146,712.33"), *story[2:])
    assert not [i for i in findings(asked(paid_first, "2001-01-11")) if "costs-before" in i]


UNREFUNDED = rule("""
  costs-not-mentioned:
    when:
      bill: costs
    unless:
      told: statement where date >= bill.date
    then: {outcome: needs-fact, about: bill.id, amount: bill.amount}
    says: "No statement since {bill.date} shows the costs of {bill.amount}."
    words: form the entire agreement between the parties
    needs: a statement of what is owed since {bill.date}
""")


def test_a_new_rule_with_unless(tmp_path: Path) -> None:
    asked = Edited(edited(tmp_path, UNREFUNDED))
    bare = asked((*OPENED, COSTS), "2001-01-02")
    assert findings(bare)["costs-not-mentioned/c1"] == "needs-fact"
    wanted = "a statement of what is owed since 2000-12-31"
    assert (wanted, ["costs-not-mentioned/c1"]) in pick(bare, "missing", "fact", "needed_for")
    early = (*OPENED, fact("s0", "2000-12-30", "statement", principal="15,000,000.00"), COSTS)
    assert "costs-not-mentioned/c1" in findings(asked(early, "2001-01-02"))
    later = (*OPENED, COSTS, fact("s1", "2001-01-02", "statement", principal="15,000,000.00"))
    assert "costs-not-mentioned/c1" in findings(asked(later, "2001-01-01"))
    assert "costs-not-mentioned/c1" not in findings(asked(later, "2001-01-02"))


def test_a_rule_on_a_finding_of_a_rule_that_stands_further_down(tmp_path: Path) -> None:
    """The order of rules in a file means nothing: fields of a finding are known before it."""
    first = rule("""
  large-costs-twice:
    when:
      found: large-costs where component is costs
    then: {outcome: information, about: found.about}
    says: "{found.amount} fell due on {found.due}."

  large-costs:
    when:
      owed: obligation where amount >= 5,000.00 and component is costs
    then: {outcome: information, amount: owed.amount}
    says: "{owed.amount} is a large cost."
""")
    again = rule("""
  large-costs-thrice:
    when:
      found: large-costs-twice where due is present
    then: {outcome: information, about: found.about}
    says: "What fell due on {found.due}."
""")
    data = Edited(edited(tmp_path, first, again))((*OPENED, COSTS), "2000-12-31")
    told = {f["rule"]: f["says"] for f in data["findings"] if f["rule"].startswith("large")}
    assert told == {
        "large-costs": "5,000.00 is a large cost.",
        "large-costs-twice": "5,000.00 fell due on 2000-12-31.",
        "large-costs-thrice": "What fell due on 2000-12-31.",
    }


def test_a_rule_taken_out(tmp_path: Path) -> None:
    text = (edited(tmp_path) / PRINCIPAL).read_text(encoding="utf-8")
    start = text.index("  prepayment-fee:\n")
    whole = text[start : text.index("\n\n", start) + 2]
    asked = Edited(edited(tmp_path, (PRINCIPAL, whole, "")))
    story = (*OPENED, pay("p1", "2000-12-31", "200,000.00", fee="5.00"))
    assert findings(check(story, "2000-12-31"))["prepayment-fee/p1"] == "breach"
    assert "prepayment-fee/p1" not in findings(asked(story, "2000-12-31"))


# Suppositions ------------------------------------------------------------------------------------

STATED = (*OPENED, fact("s1", "2001-01-10", "statement", principal="16,000,000.00"))
HALF = (
    fact("a1", "2000-11-27", "advance", amount="5,000,000.00"),
    FIRST,
    fact("s1", "2000-12-31", "statement", principal="15,000,000.00"),
)


def suppositions(data: Report) -> list[str]:
    (finding,) = [f for f in data["findings"] if f["rule"] == "statement-differs"]
    return [line for line in finding["working"] if line.startswith("If ")]


def test_a_supposition_is_told_and_can_be_taken_out(tmp_path: Path) -> None:
    assert len(suppositions(check(HALF, "2000-12-31"))) == 1
    text = (edited(tmp_path) / PROMISE).read_text(encoding="utf-8")
    whole = text[text.index("suppositions:\n") : text.index("unruled:\n")]
    copy = edited(tmp_path, (PROMISE, whole, ""))
    assert load_pack(copy).suppositions == {}
    assert suppositions(Edited(copy)(HALF, "2000-12-31")) == []
    assert unclaimed(load_pack(copy)) == []


def test_another_supposition(tmp_path: Path) -> None:
    more: Edit = (
        PROMISE,
        "suppositions:\n",
        "suppositions:\n"
        "  twelve-million:\n"
        "    says: If 12,000,000.00 had been outstanding from 15 December\n"
        "    principal: USD 12,000,000.00\n"
        "    since: date-of-note + 18 days\n",
    )
    first, _whole = suppositions(Edited(edited(tmp_path, more))(HALF, "2000-12-31"))
    # 16 days from 15 December: 5,000,000.00 × 18 and 12,000,000.00 × 16 days at 10.50%:
    # 525,000 × 18 / 365 + 1,260,000 × 16 / 365 = 25,890.4110 + 55,232.8767 = 81,123.29
    assert first == (
        "If 12,000,000.00 had been outstanding from 15 December: "
        "12,000,000.00 principal + 81,123.29 interest = 12,081,123.29; "
        "15,000,000.00 − 12,000,000.00 = 3,000,000.00"
    )
