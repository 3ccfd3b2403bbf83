"""What became of a pack's cases, as text, as data and as JUnit's XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import IO, Any

from checker.cases.coverage import Answered, Covered
from checker.cases.reading import Case, Difference
from checker.junit import Case as JunitCase
from checker.junit import Suite, junit

COLUMNS = ("case", "place", "what", "expected", "found")


@dataclass(frozen=True)
class Ran:
    """A case that was run, and where the report departs from what it expects."""

    case: Case
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of the cases of a pack, and what they cover where that was asked."""

    pack: str
    ran: tuple[Ran, ...]
    rules: tuple[Covered, ...] = ()
    answers: tuple[Answered, ...] = ()

    @property
    def failed(self) -> list[Ran]:
        """The cases whose report is another than they expect."""
        return [ran for ran in self.ran if ran.differences]

    @property
    def missing(self) -> list[str]:
        """What no case shows, in words."""
        lines = [line for covered in self.rules for line in covered.missing()]
        return lines + [line for answer in self.answers for line in answer.missing()]


# Data --------------------------------------------------------------------------------------------


def as_data(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain data, for JSON."""
    data: dict[str, Any] = {
        "pack": outcome.pack,
        "passed": len(outcome.ran) - len(outcome.failed),
        "failed": len(outcome.failed),
        "cases": [_case(ran) for ran in outcome.ran],
    }
    if outcome.rules or outcome.answers:
        data["coverage"] = {
            "rules": [_rule(covered) for covered in outcome.rules],
            "readings": [
                {"question": a.question, "answer": a.answer, "taken": a.taken or None,
                 "matters": a.matters or None}
                for a in outcome.answers
            ],
            "missing": outcome.missing,
        }  # fmt: skip
    return data


def _case(ran: Ran) -> dict[str, Any]:
    return {
        "title": ran.case.title,
        "file": ran.case.place.file,
        "line": ran.case.place.line,
        "passed": not ran.differences,
        "differences": [
            {"what": d.what, "expected": d.expected, "found": d.found} for d in ran.differences
        ],
    }


def _rule(covered: Covered) -> dict[str, Any]:
    return {
        "rule": covered.rule.id,
        "clause": covered.rule.clause,
        "fires": covered.fires or None,
        "silent": covered.silent or None,
        "boundaries": [
            {"alias": s.boundary.alias, "text": s.boundary.text, "inside": s.inside or None,
             "outside": s.outside or None}
            for s in covered.sides
        ],
    }  # fmt: skip


# Text --------------------------------------------------------------------------------------------


def as_text(outcome: Outcome, *, full: bool = False, out: IO[str] | None = None) -> str:
    """The outcome as text: failures as a table, the count, what is covered and what is missing.

    With `out`, a terminal, the table is drawn there; the rest is text all the same.
    """
    text = StringIO()
    target = out or text
    rows = [row for ran in outcome.failed for row in _rows(ran)]
    if rows and out is not None:
        _draw(rows, out)
    elif rows:
        text.write("".join(f"{line}\n" for line in aligned([COLUMNS, *rows])) + "\n")
    lines = [*_full(outcome), ""] if full else []
    for line in (*lines, *_summary(outcome)):
        target.write(f"{line}\n")
    return text.getvalue()


def _rows(ran: Ran) -> Iterator[tuple[str, ...]]:
    for difference in ran.differences:
        words = (difference.what, _shown(difference.expected), _shown(difference.found))
        yield tuple(map(safe, (ran.case.title, str(ran.case.place), *words)))


def _shown(value: object) -> str:
    """A value as it stands in YAML: the report's words for nothing, yes and no."""
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


def differences_text(case: Case, found: Sequence[Difference]) -> str:
    """Where a case stands, and what its report says otherwise, as a table."""
    rows = [(d.what, _shown(d.expected), _shown(d.found)) for d in found]
    safe_rows = [tuple(map(safe, row)) for row in rows]
    return "\n".join([str(case.place), *aligned([COLUMNS[2:], *safe_rows])])


def safe(text: str) -> str:
    """The text on one line, without what a terminal might take for a command."""
    folded = " ".join(text.split())
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in folded)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines, every column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _draw(rows: Iterable[Sequence[str]], out: IO[str]) -> None:
    """The table on a terminal; NO_COLOR is honoured by the console itself."""
    from rich import box  # noqa: PLC0415  # drawn seldom, and slow to import
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, show_lines=True)
    for name, style in zip(COLUMNS, ("bold", "dim", "", "green", "red"), strict=True):
        table.add_column(name, style=style, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console(file=out, highlight=False, emoji=False, markup=False).print(table)


def _summary(outcome: Outcome) -> Iterator[str]:
    failed = len(outcome.failed)
    yield f"{len(outcome.ran) - failed} passed, {failed} failed"
    if not outcome.rules and not outcome.answers:
        return
    sides = [side for covered in outcome.rules for side in covered.sides]
    counts = (
        ("rules that fire in a case", [r.fires for r in outcome.rules]),
        ("rules that a case leaves silent", [r.silent for r in outcome.rules]),
        ("sides of boundaries shown", [s for side in sides for s in (side.inside, side.outside)]),
        ("answers of readings taken", [a.taken for a in outcome.answers]),
        ("answers that change a report", [a.matters for a in outcome.answers]),
    )
    rows = [(f"  {words}", f"{sum(map(bool, shown))} of {len(shown)}") for words, shown in counts]
    yield "covered:"
    yield from aligned(rows)
    if outcome.missing:
        yield "missing:"
        yield from (f"  {safe(line)}" for line in outcome.missing)


def _full(outcome: Outcome) -> Iterator[str]:
    """Every rule, boundary and answer with the case that shows it."""
    rows = []
    for covered in outcome.rules:
        name = f"{covered.rule.clause} {covered.rule.id}"
        rows += [(name, "fires", covered.fires), (name, "is silent", covered.silent)]
        for side in covered.sides:
            rows.append((name, f"{side.boundary.text}: just true", side.inside))
            rows.append((name, f"{side.boundary.text}: just false", side.outside))
    for answer in outcome.answers:
        name = f"{answer.question}={answer.answer}"
        rows += [(name, "is taken", answer.taken), (name, "changes a report", answer.matters)]
    yield from aligned([(name, what, safe(title) or "NO CASE") for name, what, title in rows])


# JUnit -------------------------------------------------------------------------------------------


def as_junit(outcome: Outcome) -> str:
    """The outcome as JUnit's XML: a test case for each case, of the class of its file."""
    cases = [_junit_case(ran) for ran in outcome.ran]
    return junit(outcome.pack, [Suite(outcome.pack, cases)])


def _junit_case(ran: Ran) -> JunitCase:
    case = JunitCase(ran.case.stem, ran.case.title, ran.case.place)
    if not ran.differences:
        return case
    more = len(ran.differences) - 1
    message = f"{ran.differences[0]}{f' (and {more} more)' if more else ''}"
    text = "\n".join([str(ran.case.place), *map(str, ran.differences)])
    return replace(case, became="failure", message=message, type="difference", text=text)
