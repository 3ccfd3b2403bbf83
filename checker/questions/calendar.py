"""The schedule as a calendar (RFC 5545): an all-day event for each entry, with its alarms."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Alarm, Calendar, Event

from checker import __version__
from checker.dates import FIRST_DAY, parse_day
from checker.questions.schedule import NAMES
from checker.questions.telling import money

Data = Mapping[str, Any]

_NINE = timedelta(hours=9)
_WEEK_BEFORE = timedelta(days=-7) + _NINE
_DAY_BEFORE = timedelta(days=-1) + _NINE
ALARMS: Mapping[str, tuple[timedelta, ...]] = {
    "overdue": (),
    "due": (_WEEK_BEFORE, _DAY_BEFORE),
    "last-day": (_DAY_BEFORE, _NINE),
    "window": (_WEEK_BEFORE, _DAY_BEFORE, _NINE),
    "cutoff": (_WEEK_BEFORE, _DAY_BEFORE, _NINE),
    "determination": (_NINE,),
    "maturity": (timedelta(days=-30) + _NINE, _WEEK_BEFORE, _DAY_BEFORE),
    "date": (_DAY_BEFORE,),
    "occasion": (_NINE,),
}
"""When each sort of entry reminds: from the beginning of its day, so at nine of that or another."""


def calendar(data: Data) -> str:
    """The schedule as the text of an .ics file, its lines as RFC 5545 has them.

    The time stamps are those of the day looked at and the ids those of the entries, so the same
    answer gives the same bytes, and a later one, taken in, replaces what it tells anew.
    """
    whole = Calendar()
    whole.add("version", "2.0")
    whole.add("prodid", f"-//contract-compliance-checker//checker {__version__}//EN")
    whole.add("calscale", "GREGORIAN")
    whole.add("method", "PUBLISH")
    whole.add("x-wr-calname", _title(data))
    for entry in data["entries"]:
        whole.add_component(_event(data, entry))
    return str(whole.to_ical().decode("utf-8"))


def _title(data: Data) -> str:
    named = "" if data["contract"] == data["pack"] else f", {data['contract']}"
    return f"{data['title']}{named}"


def _event(data: Data, entry: Data) -> Event:
    day = date.fromisoformat(entry["date"])
    seen = date.fromisoformat(data["as_of"])
    summary = _summary(entry)
    event = Event()
    event.add("uid", str(uuid.uuid5(uuid.NAMESPACE_URL, _identity(data, entry))))
    event.add("dtstamp", datetime(seen.year, seen.month, seen.day, tzinfo=UTC))
    event.add("sequence", parse_day(data["as_of"]) - FIRST_DAY)
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", f"{summary} ({_title(data)})")
    event.add("description", _description(entry))
    event.add("categories", [NAMES[entry["what"]]])
    event.add("status", "TENTATIVE" if entry["provisional"] else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    for trigger in ALARMS[entry["what"]]:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", trigger)
        event.add_component(alarm)
    return event


def _identity(data: Data, entry: Data) -> str:
    return f"{data['schema']}/{data['pack']}/{data['contract']}/{entry['what']}/{entry['id']}"


def _summary(entry: Data) -> str:
    amount = f" {money(entry['amount'])}" if entry["amount"] else ""
    marked = ", as things stand" if entry["provisional"] else ""
    of = entry["component"] or entry["id"]
    return f"{NAMES[entry['what']].capitalize()}: {of}{amount}{marked}"


def _description(entry: Data) -> str:
    lines = [entry["says"]]
    if entry["words"]:
        lines.append(f"“{entry['words']}”")
    clause = f"Clause {entry['clause']}, " if entry["clause"] else ""
    lines.append(f"{clause}{entry['id']}")
    if entry["provisional"]:
        lines.append(
            "As things stand: if each amount is paid on the day on which it is payable, with what "
            "the contract has paid before it, nothing else is done, and rates stay as observed."
        )
    if entry["broken_by_then"]:
        lines.append(f"By then, if nothing else is done: {', '.join(entry['broken_by_then'])}.")
    return "\n".join(lines)
