"""What turns on readings, powers, judgments and open questions, slips, and words not ruled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checker.legal.answer import effect, steps, steps_table
from checker.legal.case import Case, Data
from checker.legal.clauses import asks
from checker.legal.model import Block, Column, Paragraph, Section, Table, Text, joined, text
from checker.legal.speaker import NOTHING

MOST_SETS = 3
MOST_CHANGES = 6
"""How many changes of one kind another answer is told to bring; the question's JSON has all."""


def readings(case: Case) -> Section:
    """The readings matrix: each other answer alone, beside the report as it is read."""
    questions = case.readings["questions"]
    if not questions:
        words = "The rules take no words to be ambiguous."
        return Section(1, "7", "Readings", "readings", (Paragraph(text(words)),))
    covered = case.readings["covers"] == "every combination"
    count = case.speaker.locale.count(case.readings["combinations"])
    blocks: list[Block] = [
        Paragraph(text(
            "Where words can be read in more than one way, the report takes one reading and names "
            "it. Beside it stands every other answer, all else read as in this report.",
            f" All {count} combinations of answers were evaluated." if covered
            else f" There are {count} combinations of answers; here each is changed alone.",
        )),
        _matrix(case, questions),
    ]  # fmt: skip
    if covered:
        blocks.append(_combined(case))
    return Section(1, "7", "The readings", "readings", tuple(blocks))


def _matrix(case: Case, questions: Sequence[Data]) -> Table:
    say, rows = case.speaker, []
    for question in questions:
        cite = case.citations.cite(question["clause"], question["phrase"])
        head = text(f"“{say.verbatim(question['phrase'])}” ({cite}). ", question["asks"])
        rows.append((
            head, text(say.code(question["baseline"]), f": {say.prose(question['because'])}"),
            text("as in this report"),
        ))  # fmt: skip
        for other in question["others"]:
            told = text(say.code(other["answer"]), f": {say.prose(other['because'])}")
            rows.append((text(say.code(question["question"])), told, _changes(case, other)))
    columns = (Column("Words, and question", 34), Column("Read as", 33), Column("What changes", 33))
    return Table("Every question, with what each answer to it comes to", columns, tuple(rows))


def _changes(case: Case, other: Data) -> Text:
    if not other["changes"]:
        return text("nothing")
    moved = []
    for found in other["findings"][:MOST_CHANGES]:
        if found["change"] == "appears":
            moved.append(text("new: ", case.speaker.code(found["id"])))
        else:
            verb = "gone: " if found["change"] == "goes" else "changed: "
            moved.append(text(verb, case.finding(found["id"])))
    more = len(other["findings"]) - MOST_CHANGES
    tail = f"; and {case.speaker.locale.count(more)} findings more" if more > 0 else ""
    return text(effect(case, other), " " if moved else "", joined(moved, "; "), tail)


def _combined(case: Case) -> Table:
    """The outcome of the whole over every combination of answers."""
    say, rows = case.speaker, []
    for row in case.readings["outcomes"]:
        sets = [
            " and ".join(f"{question}={answer}" for question, answer in each.items()) or "always"
            for each in row["sets"][:MOST_SETS]
        ]
        more = " or otherwise" if len(row["sets"]) > MOST_SETS else ""
        rows.append((
            text(row["outcome"]), text(say.locale.count(row["combinations"])),
            text("; or ".join(sets), more),
        ))  # fmt: skip
    columns = (
        Column("Outcome", 20), Column("Combinations", 20, figures=True), Column("Whenever", 60),
    )  # fmt: skip
    return Table("The outcome in every combination of answers", columns, tuple(rows))


# Powers ------------------------------------------------------------------------------------------

_POWERS = {
    "not-arisen": "has not arisen",
    "available": "available",
    "lapsed": "lapsed",
    "undetermined": "cannot be said yet",
}


def powers(case: Case) -> Section:
    """What a party may do, and whether it may."""
    say, rows = case.speaker, []
    for power in case.report["powers"]:
        since = f" since {say.day(power['since'])}" if power["since"] else ""
        rows.append((
            text(say.code(power["id"])),
            text(f"the {power['holder']}"),
            text(case.citations.cite(power["clause"])),
            text(_POWERS.get(power["state"], power["state"]), since),
            text(say.prose(power["says"])),
        ))  # fmt: skip
    columns = (
        Column("Power", 16, code=True), Column("Of", 14), Column("Clause", 10), Column("State", 22),
        Column("What it is", 38),
    )  # fmt: skip
    told: Block = Paragraph(text("The rules give no party a power."))
    if rows:
        caption = "Powers, and their state on the day looked at"
        told = Table(caption, columns, tuple(rows), quiet=True)
    return Section(1, "8", "Powers", "powers", (told,))


# What people decided, and what is open -----------------------------------------------------------


def open_points(case: Case) -> list[Section]:
    """Judgments and waivers on record, open questions, missing facts, warnings, and next steps."""
    found = [Section(1, "9", "Judgments, waivers and open questions", "open", ())]
    parts = (
        ("Judgments and waivers on record", _decided(case), "None is on record."),
        ("Open questions", _open(case), "No question is open."),
        ("Missing facts", _missing(case), "No fact that was asked for is missing."),
        ("Warnings", _warnings(case), "None."),
        ("Next steps", _next(case), "Nothing is due, and nothing falls due."),
    )
    for number, (title, blocks, nothing) in enumerate(parts, start=1):
        told = tuple(blocks) or (Paragraph(text(nothing)),)
        anchor = "steps" if title == "Next steps" else f"open-{number}"
        found.append(Section(2, f"9.{number}", title, anchor, told))
    return found


def _decided(case: Case) -> Iterator[Block]:
    say, rows = case.speaker, []
    for fact in case.inquiry.result.facts:
        if fact.kind not in ("judgment", "waiver"):
            continue
        values = fact.values
        fields = case.inquiry.pack.kinds[fact.kind].fields
        about = str(values.get("about", values.get("of", "")))
        answer = case.value(fields.get("answer"), values["answer"]) if "answer" in values else ""
        by, reason = values.get("by"), values.get("reason")
        rows.append((
            text(say.short(fact.date)),
            text(fact.kind.capitalize(), " of ", _of(case, about), f": {answer}" if answer else ""),
            text(case.value(fields.get("by"), by) if by else NOTHING),
            text(say.typed(str(reason)) if reason else NOTHING),
        ))  # fmt: skip
    columns = (Column("Date", 15), Column("What", 35), Column("By", 20), Column("Reason", 30))
    if rows:
        caption = "Judgments and waivers, in the order of their days"
        yield Table(caption, columns, tuple(rows), quiet=True)


def _of(case: Case, about: str) -> Text:
    if about in case.numbers:
        return text(case.finding(about))
    return text(case.speaker.code(about))


def _open(case: Case) -> Iterator[Block]:
    for finding in case.gravest:
        if finding["outcome"] == "needs-judgment":
            question = asks(case, finding)
            yield Paragraph(
                text(
                    case.finding(finding["id"]), ": ", case.speaker.prose(finding["says"]),
                    f" {case.speaker.prose(question)}" if question else "",
                ),
                "item",
            )  # fmt: skip


def _missing(case: Case) -> Iterator[Block]:
    rows = tuple(
        (text(case.speaker.prose(entry["fact"])), _waiting(case, entry["needed_for"]))
        for entry in case.report["missing"]
    )
    if rows:
        columns = (Column("Fact", 50), Column("Needed for", 50))
        yield Table("Facts that were asked for", columns, rows, quiet=True)


def _waiting(case: Case, ids: Sequence[str]) -> Text:
    told = [_of(case, id_) for id_ in ids[:8]]
    return text(joined(told), f" and {len(ids) - 8} more" if len(ids) > 8 else "")


def _warnings(case: Case) -> Iterator[Block]:
    for warning in case.report["warnings"]:
        words = case.speaker.prose(warning["says"])
        yield Paragraph(text(case.speaker.code(warning["fact"]), f": {words}"), "item")


def _next(case: Case) -> Iterator[Block]:
    found = steps(case)
    if found:
        yield steps_table(case, found, "What to do next, what is late first", quiet=True)
    if manner := case.payer_words():
        yield Paragraph(text(f"Payments go {manner}."), "note")


# Slips, and words that nothing serves ------------------------------------------------------------


def slips(case: Case) -> Section:
    """Apparent slips of the text: shown, and none of them mended."""
    rows = tuple(
        (
            text(case.citations.cite(clause.clause, phrase)),
            text(f"“{case.speaker.verbatim(phrase)}”"),
            text(case.speaker.prose(note)),
        )
        for clause in case.inquiry.pack.clauses
        for phrase, note in clause.slips
    )
    columns = (Column("Where", 24), Column("Words", 34), Column("Remark", 42))
    told: Block = Paragraph(text("None was noticed."))
    if rows:
        told = Table("Apparent slips, none of them mended", columns, rows, quiet=True)
    return Section(1, "10", "Slips in the text", "slips", (told,))


def unruled(case: Case) -> Section:
    """The words that nothing in the rules serves, and why."""
    say = case.speaker
    found = [
        (case.citations.cite(clause.clause, phrase), phrase, because, bool(words.ruled))
        for words in case.citations.words.values()
        for clause in (words.clause,)
        for phrase, because in clause.unruled
    ]
    found += [("", phrase, because, False) for phrase, because in case.citations.outside()]
    rows = tuple(
        (
            text(cite or "outside the clauses"),
            text("[held back]" if say.hides and not known else f"“{say.verbatim(phrase)}”"),
            text(say.prose(because)),
        )
        for cite, phrase, because, known in found
    )
    columns = (Column("Where", 24), Column("Words", 40), Column("Why no rule serves them", 36))
    told: Block = Paragraph(text("Every word is served by something in the rules."))
    if rows:
        told = Table("Words that nothing in the rules serves", columns, rows, quiet=True)
    return Section(1, "11", "Words not ruled, and why", "unruled", (told,))
