"""Clause by clause: the words with what carries rules marked, what they do, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checker.language import Sentence, show
from checker.legal.case import OUTCOMES, Case, Data
from checker.legal.citations import Claimed, Words, clause_label
from checker.legal.model import (
    LINE,
    Block,
    Column,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    joined,
    text,
)
from checker.pack import OWN_WORDS
from checker.text import revised

TOLD = ("event-of-default", "breach", "needs-judgment", "needs-fact", "waived", "met-in-grace")
"""Findings with these outcomes are told one by one, the others in a table."""

MOST_TOLD = 20
"""How many findings of a clause are told one by one; the rest stands in its table."""

MOST_LINES = 14
"""How many lines of a finding's working are told; the JSON report holds all."""


def clauses(case: Case) -> list[Section]:
    """Every clause, with its findings beneath."""
    intro = (
        "The words stand as they do in the document. Words in ",
        Span("this mark", "marked"),
        " are served by something in the rules, told under the letter behind them; ",
        Span("these", "unruled"),
        " are not, for the reason told in ",
        Span("part 11", "", "unruled"),
        ".",
    )
    first = Section(1, "3", "Clause by clause", "clauses", (Paragraph(text(*intro), "note"),))
    found = [first]
    for number, words in enumerate(case.citations.words.values(), start=1):
        found += _clause(case, words, f"3.{number}")
    return found


def _clause(case: Case, words: Words, number: str) -> Iterator[Section]:
    clause = words.clause
    label = clause_label(clause)
    title = label if label == clause.heading else f"{label} {clause.heading}"
    findings = case.by_clause.get(clause.clause, [])
    told = [finding for finding in findings if finding["outcome"] in TOLD][:MOST_TOLD]
    rest = [finding for finding in findings if finding not in told]
    blocks: list[Block] = [Paragraph(_words(case, words), "words")]
    if words.ruled:
        blocks.append(_served(case, words))
    if not findings:
        blocks.append(Paragraph(text("Nothing was found under this clause.")))
    if rest and not told:
        blocks.append(_table(case, rest, label, quiet=False))
    yield Section(2, number, title, f"clause-{number}", tuple(blocks))
    for finding in told:
        yield _finding(case, finding)
    if rest and told:
        anchor = f"also-{number}"
        more = _table(case, rest, label, quiet=True)
        yield Section(3, "", f"Also found under {label}", anchor, (more,))


def _words(case: Case, words: Words) -> Text:
    """The words; without amounts and names where these are hidden.

    Words that nothing serves, a signature say, may name anybody: hidden, they are held back.
    """
    if not case.speaker.hides:
        return words.marked()
    if not words.ruled:
        return text(Span("[These words carry no rule, and may name somebody: held back]", "soft"))
    return text(case.speaker.verbatim(words.clause.text))


# What the words do -------------------------------------------------------------------------------


def _served(case: Case, words: Words) -> Table:
    rows = tuple(
        (
            text(claimed.letter),
            text(f"“{case.speaker.verbatim(claimed.phrase)}”"),
            joined([_does(case, by) for by in claimed.by], LINE),
        )
        for claimed in _once(words.ruled)
    )
    label = clause_label(words.clause)
    columns = (Column("", 5), Column("Words", 40), Column("What they do", 55))
    return Table(f"What the words of {label} do", columns, rows)


def _once(ruled: Sequence[Claimed]) -> Sequence[Claimed]:
    return [claimed for claimed in ruled if claimed.by]


_HEADS = OUTCOMES | {"information": "Noted", "met": "Kept", "met-in-grace": "Kept within grace"}


def _does(case: Case, by: str) -> Text:
    """What stands behind words: a rule, a term, a reading, a judgment, a power or the manner."""
    kind, _, name = by.partition(" ")
    pack, say = case.inquiry.pack, case.speaker
    if kind == "rule":
        rule = pack.rules[name]
        against = f" by the {rule.against}" if rule.against and rule.outcome == "breach" else ""
        head = f"{_HEADS[rule.outcome]}{against}, where: "
        return text(Span(head, "strong"), say.prose(_blanks(rule.says)))
    if kind == "term":
        value = case.inquiry.result.evaluation.terms.values[name]
        return text(say.code(name), f" is {say.prose(show(value, pack.terms[name].type))}.")
    if kind == "reading":
        answer = case.report["readings"][name]
        question = pack.questions[name]
        head = f"{question.asks} Read as "
        return text(head, say.code(answer), f": {say.prose(question.answers[answer])}.")
    if kind == "judgment" and name in pack.judgments:
        return text(Span("For a person to judge: ", "strong"), say.prose(pack.judgments[name].asks))
    if kind == "power" and name in pack.powers:
        power = pack.powers[name]
        return text(Span(f"Power of the {power.holder}: ", "strong"), say.prose(power.says))
    manner = case.payer_words()
    return text(f"Payments go {manner}." if manner else by)


def _blanks(sentence: Sentence) -> str:
    """A rule's sentence with its holes named: `[unpaid] of the interest due [due]`."""
    named = [f"[{_spoken(hole.name)}]" for hole in sentence.holes]
    pairs = zip(sentence.pieces, [*named, ""], strict=True)
    return "".join(piece + name for piece, name in pairs)


def _spoken(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").replace(".", " ") or "…"


# What was found ----------------------------------------------------------------------------------


def _finding(case: Case, finding: Data) -> Section:
    """One finding: the sentence, the arithmetic, the words and the records behind it."""
    say, number = case.speaker, case.numbers[finding["id"]]
    blocks: list[Block] = [Paragraph(text(say.prose(finding["says"])))]
    blocks += [Paragraph(text(say.prose(line)), "formula") for line in _lines(finding["working"])]
    blocks += [Paragraph(text(say.prose(revised(r))), "item") for r in finding["revisions"]]
    rows = tuple((text(label), value) for label, value in _about(case, finding))
    columns = (Column("What", 14), Column("Which", 86))
    name = f"Finding {say.locale.count(number)}"
    caption = f"{name}: how it stands, and what is behind it"
    blocks.append(Table(caption, columns, rows, bare=True, quiet=True))
    title = f"{OUTCOMES[finding['outcome']]}, {say.day(finding['date'])}"
    return Section(3, name, title, f"finding-{number}", tuple(blocks))


def _lines(working: Sequence[str]) -> list[str]:
    if len(working) <= MOST_LINES:
        return list(working)
    left = len(working) - MOST_LINES
    return [*working[: MOST_LINES - 1], f"… {left:,} lines more, in the JSON report …", working[-1]]


def _about(case: Case, finding: Data) -> Iterator[tuple[str, Text]]:
    say = case.speaker
    if finding["against"]:
        yield "Against", text(f"the {finding['against']}")
    if finding["amount"]:
        mark = " (at a provisional rate)" if finding["provisional"] else ""
        yield "Amount", text(say.money(finding["amount"]), mark)
    if finding["outcome"] == "event-of-default":
        yield "State", text("continuing" if finding["continuing"] else "no longer continuing")
    if finding["quote"]:
        cite = case.citations.cite(finding["clause"], finding["quote"])
        yield "Words", text(f"“{say.verbatim(finding['quote'])}” ({cite})")
    if finding["facts"]:
        yield "Records", case.records(finding["facts"])
    turning = case.turns_on.get(finding["id"])
    if turning:
        yield "Turns on", joined([_turn(case, on) for on in turning], "; ")
    yield "Id", text(say.code(finding["id"]))


def _turn(case: Case, on: Data) -> Text:
    by = f", by as much as {case.speaker.money(on['by'])}" if on["by"] != "0.00" else ""
    words = f"“{case.speaker.verbatim(on['phrase'])}” ("
    return text(words, Span(on["question"], "code", "readings"), f"){by}")


def _table(case: Case, findings: Sequence[Data], label: str, *, quiet: bool) -> Table:
    """Findings a line each: all that is kept, for information, or many of one kind."""
    say = case.speaker
    rows = []
    for finding in findings:
        number = case.numbers[finding["id"]]
        asides = [say.cell(line) for line in finding["working"]] if len(findings) <= 24 else []
        asides += [say.cell(revised(revision)) for revision in finding["revisions"]]
        aside = Span(f" ({'; '.join(asides)})" if asides else "", "soft")
        rows.append((
            text(Span(say.locale.count(number), at=f"finding-{number}")),
            text(say.short(finding["date"])),
            text(
                Span(f"{OUTCOMES[finding['outcome']]}. ", "strong"), say.cell(finding["says"]),
                aside,
            ),
            joined([say.code(fact) for fact in finding["facts"][:6]]),
        ))  # fmt: skip
    columns = (
        Column("No.", 7, figures=True), Column("Date", 14), Column("What was found", 61),
        Column("Records", 18, code=True),
    )  # fmt: skip
    return Table(f"What was found under {label}", columns, tuple(rows), quiet=quiet)


def asks(case: Case, finding: Data) -> str:
    """The question of a finding that a person must judge; of its own words where none is named."""
    for name, judgment in case.inquiry.pack.judgments.items():
        if name != OWN_WORDS and finding["rule"] in judgment.about:
            return judgment.asks
    return ""
