"""What falls due and when: the evaluation's own dates and figures, and a calendar of RFC 5545."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from icalendar import Calendar, Component

from checker.dates import iso, parse_day
from checker.inquiry import Inquiry
from checker.model import Fact, WrongInput
from checker.questions.calendar import calendar
from checker.questions.cure import cure
from checker.questions.schedule import WHAT, horizon, schedule
from tests.oracle import cents
from tests.product import NOTE, ROOT, as_facts, engines, pack
from tests.questions import golden_text, runs
from tests.test_cli import run
from tests.test_every_pack import bent, of_every_pack

__all__ = ["run"]  # the fixture that runs the command

STORIES = ROOT / "fixtures" / "second-amended-note"
Data = Mapping[str, Any]

BASE: list[dict[str, Any]] = [
    {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "15,000,000.00"},
    {"id": "r1", "date": "2000-12-29", "kind": "rate", "index": "lender-line-of-credit",
     "value": "9.50%"},
]  # fmt: skip


def note(as_of: str, *more: Data, **readings: str) -> Inquiry:
    asked = Inquiry(pack(NOTE), engines(NOTE), as_facts([*BASE, *more]), parse_day(as_of))
    return asked.read({name.replace("_", "-"): answer for name, answer in readings.items()})


def entries(data: Data, what: str) -> dict[str, Data]:
    return {row["id"]: row for row in data["entries"] if row["what"] == what}


# Figures and dates --------------------------------------------------------------------------------


def test_what_is_open_and_what_comes_stand_in_the_order_of_days() -> None:
    data = schedule(note("2001-01-03"), parse_day("2002-09-30"))
    told = [(row["date"], row["what"], row["id"], row["amount"], row["state"])
            for row in data["entries"]]  # fmt: skip
    assert told == [
        ("2000-12-31", "due", "interest/2000-12-31", "146712.33", "open"),
        ("2001-01-05", "last-day", "interest/2000-12-31", "146712.33", "open"),
        # 15,000,000.00 × 10.50%, at the rate observed so far
        ("2001-12-31", "due", "interest/2001-12-31", "1575000.00", "coming"),
        ("2001-12-31", "determination", "lender-line-of-credit/2001-12-31", None, "coming"),
        ("2002-01-05", "last-day", "interest/2001-12-31", "1575000.00", "coming"),
        ("2002-08-29", "cutoff", "term/reborrow-cutoff", None, "coming"),
        ("2002-08-30", "due", "principal/2002-08-30", "15000000.00", "coming"),
    ]
    assert {row["provisional"] for row in data["entries"] if row["amount"]} == {False, True}
    assert all(row["provisional"] == (row["state"] == "coming" and row["amount"] is not None)
               for row in data["entries"])  # fmt: skip


def test_a_maturity_beyond_the_horizon_is_told_with_what_is_outstanding() -> None:
    data = schedule(note("2001-01-03"), parse_day("2001-06-30"))
    (matures,) = entries(data, "maturity").values()
    assert (matures["date"], matures["amount"]) == ("2002-08-30", "15000000.00")
    assert entries(data, "due").keys() == {"interest/2000-12-31"}


def test_what_is_overdue_stays_so_and_interest_goes_on() -> None:
    data = schedule(note("2001-01-10"), parse_day("2001-12-31"))
    (overdue,) = entries(data, "overdue").values()
    assert (overdue["id"], overdue["date"]) == ("interest/2000-12-31", "2001-01-05")
    assert entries(data, "due")["interest/2001-12-31"]["amount"] == "1575000.00"


def test_a_reading_moves_the_last_day() -> None:
    until = parse_day("2002-09-30")
    plain = schedule(note("2002-01-03"), until)
    read = schedule(note("2002-01-03", grace_scope="all-amounts"), until)
    assert entries(plain, "due")["principal/2002-08-30"]["last_day"] == "2002-08-30"
    assert entries(read, "due")["principal/2002-08-30"]["last_day"] == "2002-09-04"
    assert entries(read, "last-day")["principal/2002-08-30"]["date"] == "2002-09-04"


def test_a_due_date_on_a_holiday_is_told_by_the_day_on_which_it_is_payable() -> None:
    data = schedule(note("2000-12-30", due_on_holiday="due-date"), parse_day("2001-01-31"))
    row = entries(data, "due")["interest/2000-12-31"]
    assert (row["date"], row["last_day"]) == ("2001-01-02", "2001-01-07")
    assert "It is due 2000-12-31." in row["says"]


def test_interest_that_cannot_be_figured_is_told_without_an_amount(run: Any) -> None:
    ran = run("schedule", NOTE, STORIES / "no-rate-at-all" / "facts.csv", "--format", "json")
    data = json.loads(ran.out)
    row = entries(data, "due")["interest/2001-12-31"]
    assert (row["amount"], row["last_day"], row["provisional"]) == (None, "2002-01-05", False)
    assert data["missing"]
    shown = run("schedule", NOTE, STORIES / "no-rate-at-all" / "facts.csv").out
    assert "cannot be figured" in shown


def test_windows_of_occasions_to_come_are_told_and_what_would_be_broken_by_then() -> None:
    run_ = ROOT / "fixtures" / "questions" / "schedule" / "statements-and-fees"
    data = json.loads(golden_text(run_, "json"))
    windows = {row["id"]: row for row in data["entries"] if row["what"] == "window"}
    first = windows["quarterly-statements-due/quarter-end/2024-06-30"]
    later = windows["quarterly-statements-due/quarter-end/2024-09-30"]
    # 45 calendar days after the end of the quarter
    assert (first["date"], first["state"]) == ("2024-08-14", "open")
    assert (later["date"], later["state"]) == ("2024-11-14", "coming")
    assert not any(id_.startswith("quarterly-statements-late") for id_ in windows)
    due = {row["id"]: row["broken_by_then"] for row in data["entries"] if row["what"] == "due"}
    assert due["interest/2024-08-01"] == []
    assert "quarterly-statements-late/quarter-end/2024-06-30" in due["interest/2024-09-03"]


def test_a_window_about_an_amount_that_was_paid_is_not_told(run: Any) -> None:
    story = ROOT / "fixtures" / "instalment-note" / "on-time" / "facts.csv"
    folder = ROOT / "rules" / "instalment-note"
    ran = run("schedule", folder, story, "--as-of", "2020-07-01", "--format", "json")
    windows = [row["id"] for row in json.loads(ran.out)["entries"] if row["what"] == "window"]
    assert "instalment-window/instalment/2020-07-01" not in windows
    assert "instalment-window/instalment/2020-08-01" in windows


SOME_DAYS = 100
often = settings(
    max_examples=15, deadline=None, derandomize=True, database=None,
    phases=[Phase.generate],  # each example is many evaluations: a failure is not made smaller
)  # fmt: skip
seeds = st.integers(0, 100_000)


def of_story(folder: Path, seed: int) -> Inquiry:
    """A story bent at random, looked at on one of its days."""
    facts, choices = bent(folder, seed)
    days = sorted({fact.date for fact in facts})
    own = pack(folder)
    inquiry = Inquiry(own, engines(folder), facts, days[seed % len(days)], None, choices)
    first = own.vocabulary({name: t.value for name, t in own.terms.items()}).not_before
    assume(inquiry.as_of >= min(first.values()))
    return inquiry


@of_every_pack
@often
@given(seed=seeds)
def test_what_comes_next_is_what_cure_and_the_report_say(folder: Path, seed: int) -> None:
    inquiry = of_story(folder, seed)
    data = schedule(inquiry, inquiry.as_of + SOME_DAYS)
    due = entries(data, "due")
    # Where something can still be paid in time, it is supposed here to be, and by cure not.
    in_time = any(row["what"] == "last day to pay" for row in inquiry.report["next"])
    for amount in [] if in_time else cure(inquiry)["amounts"]:
        if amount["state"] == "coming" and amount["due"] <= data["until"]:
            row = due[amount["id"]]
            assert (row["amount"], row["date"], row["last_day"]) == (
                amount["unpaid"], amount["payable"], amount["last_day"],
            )  # fmt: skip
    for row in inquiry.report["next"]:
        if row["what"] == "last day to pay":
            assert (due[row["id"]]["last_day"], due[row["id"]]["amount"]) == (
                row["date"], row["amount"],
            )  # fmt: skip


@of_every_pack
@often
@given(seed=seeds)
def test_whoever_pays_as_told_has_paid_on_time(folder: Path, seed: int) -> None:
    """Paid on the days and in the amounts told, each amount is paid just then, to the cent."""
    inquiry = of_story(folder, seed)
    inquiry = inquiry.with_facts([f for f in inquiry.facts if f.date <= inquiry.as_of])
    # What is open now, or waits for a fact, is served before what is to come.
    assume(all(row["unpaid"] == "0.00" for row in inquiry.report["obligations"]))
    assume(not inquiry.report["missing"])
    data = schedule(inquiry, inquiry.as_of + SOME_DAYS)
    days: dict[str, int] = {}
    told = [row for row in entries(data, "due").values() if row["date"] <= data["until"]]
    for row in told:
        assume(row["amount"] is not None)
        days[row["date"]] = days.get(row["date"], 0) + cents(row["amount"])
    paid = [Fact(f"paid {day}", "payment", parse_day(day), parse_day(day), 0, {"amount": amount})
            for day, amount in days.items()]  # fmt: skip
    after = inquiry.and_facts(paid).at(parse_day(data["until"])).report
    rows = {row["id"]: row for row in after["obligations"]}
    for row in told:
        assert (rows[row["id"]]["amount"], rows[row["id"]]["paid_on"]) == (
            row["amount"], row["date"],
        )  # fmt: skip


# The command --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("2000-12-30", "this day lies before the one"),
        ("2001-02-30", "the date 2001-02-30 does not exist"),
        ("soon", "not a date"),
    ],
)
def test_a_wrong_horizon_is_2(run: Any, until: str, words: str) -> None:
    facts = STORIES / "a-cent-short" / "facts.csv"
    ran = run("schedule", NOTE, facts, "--until", until, "--as-of", "2001-01-03")
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_a_horizon_that_is_too_far_is_2(run: Any) -> None:
    story = ROOT / "fixtures" / "instalment-note" / "on-time" / "facts.csv"
    ran = run("schedule", ROOT / "rules" / "instalment-note", story, "--until", "2299-12-31")
    assert (ran.code, ran.out) == (2, "")
    assert "more than 1,000 times by then" in ran.err
    with pytest.raises(WrongInput):
        schedule(note("2001-01-03"), parse_day("2001-01-03") + 10**6)


def test_a_horizon_of_today_tells_what_is_open(run: Any) -> None:
    facts = STORIES / "a-cent-short" / "facts.csv"
    day = ["--as-of", "2001-01-05", "--until", "2001-01-05", "--format", "json"]
    data = json.loads(run("schedule", NOTE, facts, *day).out)
    assert [row["amount"] for row in data["entries"] if row["state"] == "open"] == ["0.01", "0.01"]


def test_before_the_contract_nothing_can_be_asked(run: Any) -> None:
    facts = STORIES / "a-cent-short" / "facts.csv"
    assert run("schedule", NOTE, facts, "--as-of", "2000-01-01").code == 2


# The calendar -------------------------------------------------------------------------------------

ICS = [run_ for run_ in runs("schedule") if (run_ / "out.ics").exists()]


def test_there_are_calendars_enough() -> None:
    assert len(ICS) >= 2


def lines(text: str) -> list[str]:
    """The content lines of a calendar (RFC 5545, 3.1), its rules for lines asserted."""
    assert text.endswith("\r\n")
    physical = text.encode("utf-8").split(b"\r\n")[:-1]
    for line in physical:
        assert len(line) <= 75
        assert not set(line) & set(b"\r\n\x00\x0b\x0c\x1b\x7f")
        line.decode("utf-8")  # no character is cut in two
    return re.sub("\r\n[ \t]", "", text).split("\r\n")[:-1]


def events(text: str) -> list[Component]:
    whole = Calendar.from_ical(text)
    assert not whole.errors
    found = list(whole.walk("VEVENT"))
    assert all(not event.errors for event in found)
    return found


def holds_what_an_event_must(text: str) -> None:
    """3.6: the properties that must be there are there once, and components are closed."""
    content, open_ = lines(text), list[str]()
    assert (content[0], content[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    needed = {
        "VCALENDAR": {"VERSION", "PRODID"},
        "VEVENT": {"UID", "DTSTAMP", "DTSTART", "SUMMARY"},
        "VALARM": {"ACTION", "TRIGGER", "DESCRIPTION"},
    }
    seen: list[list[str]] = []
    for line in content:
        name, _, value = line.partition(":")
        if name == "BEGIN":
            open_.append(value)
            seen.append([])
        elif name == "END":
            names = seen.pop()
            assert open_.pop() == value
            assert needed[value] <= set(names)
            assert len(names) == len(set(names))
        else:
            assert re.fullmatch(r"[A-Z-]+(;[A-Z-]+=[^\";:,]+)*", name), name
            seen[-1].append(name.partition(";")[0])
    assert open_ == []


@pytest.mark.parametrize("run_", ICS, ids=lambda path: path.name)
def test_a_calendar_read_back_holds_every_entry(run_: Path) -> None:
    data, text = json.loads(golden_text(run_, "json")), golden_text(run_, "ics")
    holds_what_an_event_must(text)
    found = events(text)
    assert len(found) == len(data["entries"])
    for event, entry in zip(found, data["entries"], strict=True):
        day = date.fromisoformat(entry["date"])
        assert event.decoded("dtstart") == day
        assert (event.decoded("dtend") - day).days == 1
        assert event["dtstart"].params["VALUE"] == "DATE"
        assert entry["says"] in str(event["description"])
        assert event.decoded("dtstamp") == datetime.combine(
            date.fromisoformat(data["as_of"]), datetime.min.time(), UTC
        )
        if entry["what"] != "overdue":
            assert event.walk("VALARM")
    assert len({str(event["uid"]) for event in found}) == len(found)


def test_every_sort_of_entry_has_a_name_and_alarms() -> None:
    from checker.questions.calendar import ALARMS  # noqa: PLC0415  # only of this test
    from checker.questions.schedule import NAMES  # noqa: PLC0415

    assert set(WHAT) == set(ALARMS) == set(NAMES)


def test_the_same_answer_gives_the_same_bytes_and_a_later_one_the_same_ids(
    run: Any, tmp_path: Path
) -> None:
    facts, texts = STORIES / "a-cent-short" / "facts.csv", []
    for day in ("2001-01-03", "2001-01-03", "2001-01-04"):
        path = tmp_path / "out.ics"
        run("schedule", NOTE, facts, "--as-of", day, "--output", f"ics={path}")
        texts.append(path.read_bytes().decode("utf-8"))
    assert texts[0] == texts[1]
    first, later = events(texts[0]), events(texts[2])
    assert [str(e["uid"]) for e in first] == [str(e["uid"]) for e in later]
    assert all(
        int(str(a["sequence"])) < int(str(b["sequence"])) for a, b in zip(first, later, strict=True)
    )
    assert run("schedule", NOTE, facts, "--as-of", "2001-01-03", "--format", "ics").out == (
        texts[0].replace("\r\n", "\n") if "\r\n" not in texts[0] else texts[0]
    )


@settings(max_examples=40, deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=200),
    st.sampled_from(["", ";:,\\n\\", "BEGIN:VEVENT", "né 借 \N{RIGHT-TO-LEFT OVERRIDE}x"]),
)
def test_whatever_a_contract_is_called_it_is_told_as_words(name: str, more: str) -> None:
    data = schedule(note("2001-01-03"), parse_day("2001-02-28")) | {"contract": name + more}
    text = calendar(data)
    holds_what_an_event_must(text)
    found = events(text)
    assert len(found) == len(data["entries"])
    for event in found:
        assert (name + more) in str(event["summary"])


def test_a_day_of_the_answer_is_a_day() -> None:
    asked = note("2004-02-29")
    assert iso(horizon(asked)) == "2005-02-28"
