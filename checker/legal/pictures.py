"""Pictures as SVG drawn by hand: what was owed over time, and when obligations fell due."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import Any

from checker.dates import Day, parse_day
from checker.legal.history import Point
from checker.legal.speaker import Speaker

FONT = "'Libertinus Serif', 'Times New Roman', Times, serif"
INK, SOFT, GRID, PALE = "#000000", "#595959", "#b3b3b3", "#e6e6e6"
WIDTH, LEFT, RIGHT = 540, 84, 14

PANEL = 104
ROW = 17
MOST_ROWS = 24
MANY = 40
"""Of more marks of one kind than these, each is drawn as a stroke."""

Row = Mapping[str, Any]

HATCH = (
    '<defs><pattern id="{name}" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<path d="M0 5L5 0" stroke="#000000" stroke-width="0.7"/></pattern></defs>'
)


@dataclass
class Canvas:
    """An SVG that grows; y goes downward, sizes are points."""

    name: str
    title: str
    description: str
    parts: list[str] = field(default_factory=list)

    def line(self, x1: float, y1: float, x2: float, y2: float, style: str = "") -> None:
        """A straight line."""
        style = style or f'stroke="{INK}" stroke-width="0.8"'
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'
        )

    def text(
        self, x: float, y: float, words: str, anchor: str = "start", size: float = 9.5
    ) -> None:
        """Words at a place."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'fill="{INK}">{escape(words)}</text>'
        )

    def box(self, x: float, y: float, width: float, height: float, style: str) -> None:
        """A rectangle; it is seen however narrow its time is."""
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1.5):.1f}" '
            f'height="{height:.1f}" {style}/>'
        )

    def path(self, points: Iterable[tuple[float, float]], style: str) -> None:
        """A line through points."""
        steps = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<polyline points="{steps}" {style}/>')

    def mark(self, shape: str, x: float, y: float) -> None:
        """One of the marks of the legend, around a place."""
        self.parts.append(_SHAPES[shape].format(x=round(x, 1), y=round(y, 1), ink=INK))

    def hatched(self, x: float, y: float, width: float, height: float) -> None:
        """A hatched box: days of grace."""
        style = f'fill="url(#{self.name}-hatch)" stroke="{INK}" stroke-width="0.4"'
        self.box(x, y, width, height, style)

    def svg(self, height: float) -> str:
        """The whole drawing, with its title and description."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'width="{WIDTH}" height="{height:.0f}" role="img" '
            f'aria-labelledby="{self.name}-title {self.name}-desc" font-family="{FONT}">'
            f'<title id="{self.name}-title">{escape(self.title)}</title>'
            f'<desc id="{self.name}-desc">{escape(self.description)}</desc>'
        )
        return f"{head}{HATCH.format(name=f'{self.name}-hatch')}{''.join(self.parts)}</svg>"


_SHAPES = {
    "advance": '<path transform="translate({x} {y})" d="M0 -4L4 4L-4 4Z" fill="{ink}"/>',
    "payment": '<path transform="translate({x} {y})" d="M0 4L4 -4L-4 -4Z" fill="#ffffff" '
    'stroke="{ink}" stroke-width="1"/>',
    "default": '<path transform="translate({x} {y})" d="M-4 -4L4 4M-4 4L4 -4" fill="none" '
    'stroke="{ink}" stroke-width="2.2"/>',
    "due": '<path transform="translate({x} {y})" d="M0 -6L0 6" stroke="{ink}" stroke-width="1.6"/>',
    "due-day": '<path transform="translate({x} {y})" d="M0 -7L0 7" stroke="{ink}" '
    'stroke-width="0.8" stroke-dasharray="3 2"/>',
    "paid": '<circle cx="{x}" cy="{y}" r="3.4" fill="{ink}"/>',
    "open": '<circle cx="{x}" cy="{y}" r="3.4" fill="#ffffff" stroke="{ink}" stroke-width="1.3"/>',
}


@dataclass(frozen=True)
class Scale:
    """Days along the width."""

    first: Day
    last: Day

    def x(self, day: float) -> float:
        """The place of a day's beginning."""
        share = (day - self.first) / max(1, self.last - self.first)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def ticks(self) -> Iterator[Day]:
        """Some six days that people would name: firsts of years or months, else every so many."""
        span = self.last - self.first
        for months in (1, 2, 3, 6, 12, 24, 60, 120, 240):
            found = list(_firsts(self.first, self.last, months))
            if len(found) <= 7 and span > 75:
                yield from found
                return
        step = max(1, -(-span // 5))
        yield from range(self.first, self.last + 1, step)


def _firsts(first: Day, last: Day, months: int) -> Iterator[Day]:
    begin = date.fromordinal(first)
    at = begin.year * 12 + begin.month - 1
    at -= at % months
    while True:
        day = date(at // 12, at % 12 + 1, 1).toordinal()
        if day > last:
            return
        if day >= first:
            yield day
        at += months


def nice_top(cents: int) -> int:
    """The least of 1, 2, 2.5 and 5 times a power of ten that is not below an amount, in cents."""
    top = 100
    while True:
        for factor in (10, 20, 25, 50):
            if top * factor // 10 >= cents:
                return top * factor // 10
        top *= 10


# What was owed -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Marks:
    """What is marked in the picture of what was owed."""

    advances: Sequence[Day]
    payments: Sequence[Day]
    obligations: Sequence[Row]
    defaults: Sequence[Day]


def owed(
    points: Sequence[Point], marks: Marks, speaker: Speaker, description: str
) -> tuple[str, int]:
    """Principal above, interest below, on one line of time; the SVG and its height."""
    canvas = Canvas("owed", "What was owed, day by day", description)
    scale = Scale(points[0].day, points[-1].day)
    upper, lanes = 22, 22 + PANEL + 10
    lower = lanes + 46
    bottom = lower + PANEL
    for row in marks.obligations:
        _window(canvas, scale, row, upper, bottom)
    _axis(canvas, speaker, upper, "Principal outstanding", max(p.principal for p in points))
    _axis(
        canvas,
        speaker,
        lower,
        "Interest unpaid, due or accrued",
        max(p.interest or 0 for p in points),
    )
    _principal(canvas, scale, points, upper)
    _interest(canvas, scale, points, lower)
    _lane(canvas, scale, marks.advances, "advance", lanes + 8)
    _lane(canvas, scale, marks.payments, "payment", lanes + 22)
    for day in marks.defaults:
        if scale.first <= day <= scale.last:
            canvas.mark("default", scale.x(day), bottom + 0)
    _days(canvas, scale, speaker, bottom)
    height = bottom + 52
    _legend(canvas, height - 10, ("advance", "payment", "due-day", "grace", "default"))
    return canvas.svg(height), height


def _axis(canvas: Canvas, speaker: Speaker, top: float, title: str, most: int) -> None:
    canvas.box(LEFT + 2, top - 16, 5.2 * len(title), 12, 'fill="#ffffff"')
    canvas.text(LEFT + 4, top - 6, title, size=10.5)
    for share in (0, 1, 2):
        y = top + PANEL - PANEL * share / 2
        canvas.line(LEFT, y, WIDTH - RIGHT, y, f'stroke="{GRID}" stroke-width="0.5"')
        amount = nice_top(most) * share // 2
        whole = (
            speaker.locale.count(amount // 100)
            if amount % 100 == 0
            else speaker.locale.money(amount)
        )
        canvas.text(LEFT - 5, y + 3, whole, "end")


def _principal(canvas: Canvas, scale: Scale, points: Sequence[Point], top: float) -> None:
    most = nice_top(max(p.principal for p in points))
    corners: list[tuple[float, float]] = []
    for point in points:
        y = top + PANEL - PANEL * point.principal / most
        if corners:
            corners.append((scale.x(point.day), corners[-1][1]))
        corners.append((scale.x(point.day), y))
    base = top + PANEL
    area = [(corners[0][0], base), *corners, (corners[-1][0], base)]
    canvas.path(area, f'fill="{PALE}" stroke="none"')
    canvas.path(corners, f'fill="none" stroke="{INK}" stroke-width="1.4"')


def _interest(canvas: Canvas, scale: Scale, points: Sequence[Point], top: float) -> None:
    most = nice_top(max(p.interest or 0 for p in points))
    stretch: list[tuple[float, float]] = []
    for point in [*points, Point(points[-1].day, 0, None)]:
        if point.interest is not None:
            stretch.append((scale.x(point.day), top + PANEL - PANEL * point.interest / most))
        elif stretch:  # from here on it cannot be figured, or it is the end
            canvas.path(stretch, f'fill="none" stroke="{INK}" stroke-width="1.4"')
            stretch = []


def _window(canvas: Canvas, scale: Scale, row: Row, top: float, bottom: float) -> None:
    due, payable, last = (parse_day(row[name]) for name in ("due", "payable", "last_day"))
    if scale.first <= due <= scale.last:
        x = scale.x(due)
        style = f'stroke="{INK}" stroke-width="0.8" stroke-dasharray="3 2"'
        canvas.line(x, top, x, bottom, style)
    if last > payable and payable < scale.last:
        x, end = scale.x(payable), scale.x(min(last + 1, scale.last))
        canvas.hatched(x, bottom - 9, end - x, 9)


def _lane(canvas: Canvas, scale: Scale, days: Sequence[Day], shape: str, y: float) -> None:
    inside = [day for day in dict.fromkeys(days) if scale.first <= day <= scale.last]
    for day in inside:
        if len(inside) <= MANY:
            canvas.mark(shape, scale.x(day), y)
        else:
            canvas.line(scale.x(day), y - 4, scale.x(day), y + 4)
    if inside:
        canvas.text(LEFT - 5, y + 3, {"advance": "advances", "payment": "payments"}[shape], "end")


def _days(canvas: Canvas, scale: Scale, speaker: Speaker, bottom: float) -> None:
    canvas.line(LEFT, bottom, WIDTH - RIGHT, bottom)
    free = 0.0
    for day in scale.ticks():
        x, words = scale.x(day), speaker.locale.short(day)
        canvas.line(x, bottom, x, bottom + 4)
        half = 2.6 * len(words)
        middle = min(max(x, LEFT + half), WIDTH - half - 2)
        if middle - half > free:  # a day that has no room is a tick alone
            canvas.text(middle, bottom + 17, words, "middle")
            free = middle + half + 4


_WORDS = {
    "advance": "advance",
    "payment": "payment",
    "due": "falls due",
    "due-day": "falls due",
    "grace": "days of grace",
    "default": "event of default",
    "paid": "paid in full",
    "open": "still unpaid",
}


def _legend(canvas: Canvas, y: float, shapes: Sequence[str]) -> None:
    x = float(LEFT)
    for shape in shapes:
        if shape == "grace":
            canvas.hatched(x - 4, y - 7, 12, 8)
        else:
            canvas.mark(shape, x, y - 3)
        canvas.text(x + 12, y, _WORDS[shape])
        x += 30 + 5.2 * len(_WORDS[shape])


# Obligations -------------------------------------------------------------------------------------


def told_of(rows: Sequence[Row]) -> list[Row]:
    """The obligations that are drawn: of too many, those unpaid or late first, then the latest."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    late = [row for row in rows if row["unpaid"] != "0.00" or row["state"] == "paid-after-default"]
    rest = [row for row in rows if row not in late]
    kept = (late[-MOST_ROWS:] + rest[::-1])[:MOST_ROWS]
    return [row for row in rows if row in kept]


def timeline(
    rows: Sequence[Row], as_of: Day, speaker: Speaker, description: str
) -> tuple[str, int]:
    """A line for every obligation, from the day it fell due; the SVG and its height."""
    canvas = Canvas("timeline", "When obligations fell due, and when they were met", description)
    first = min(parse_day(row["due"]) for row in rows)
    last = max(as_of, *(parse_day(row["last_day"]) for row in rows))
    lead = max(1, (last - first) // 40)
    scale = Scale(first - lead, last + lead)
    bottom = 12 + ROW * len(rows)
    for number, row in enumerate(rows):
        _obligation(canvas, scale, row, as_of, 12 + ROW * number + ROW / 2, speaker)
    if as_of < scale.last:
        x = scale.x(as_of)
        canvas.line(x, 8, x, bottom, f'stroke="{SOFT}" stroke-width="0.8" stroke-dasharray="1 2"')
        canvas.text(x, 6, "as of", "middle", 8.5)
    _days(canvas, scale, speaker, bottom)
    height = bottom + 48
    _legend(canvas, height - 8, ("due", "grace", "paid", "open", "default"))
    return canvas.svg(height), height


def _obligation(
    canvas: Canvas, scale: Scale, row: Row, as_of: Day, y: float, speaker: Speaker
) -> None:
    due, payable, last = (parse_day(row[name]) for name in ("due", "payable", "last_day"))
    canvas.text(LEFT - 5, y + 3, _label(speaker.id(row["id"])), "end", 8)
    paid = parse_day(row["paid_on"]) if row["paid_on"] else None
    end = max(due, paid if paid is not None else as_of)
    canvas.line(scale.x(due), y, scale.x(end), y, f'stroke="{INK}" stroke-width="1.2"')
    if last > payable:
        canvas.hatched(scale.x(payable), y - 4, scale.x(last + 1) - scale.x(payable), 8)
    canvas.mark("due", scale.x(due), y)
    if row["state"] in ("defaulted", "paid-after-default"):
        canvas.mark("default", scale.x(last + 1), y)
    if row["unpaid"] != "0.00":
        canvas.mark("open", scale.x(end), y)
    elif paid is not None:
        canvas.mark("paid", scale.x(paid), y)


def _label(id_: str) -> str:
    """An id that fits beside the picture; the table holds it whole."""
    return id_ if len(id_) <= 22 else f"{id_[:10]}…{id_[-10:]}"
