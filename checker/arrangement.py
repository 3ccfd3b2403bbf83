"""What a pack settles about the ledger: each setting with its type, choices and meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, cast, overload

from checker.dates import (
    CALENDARS,
    CONVENTIONS,
    DAY_COUNTS,
    Day,
    Duration,
    Moved,
    Schedule,
    adjust,
    moved,
    works_everywhere,
)
from checker.money import Rounding

T = TypeVar("T")
U = TypeVar("U")

ACCRUED = "accrued"
"""Stands, in the order of what is due, for interest that is earned and not yet due."""

COMPONENTS = ("interest", "principal", "costs")
"""What is owed under every contract; a pack may declare charges and fees besides."""


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One thing that a pack settles about the ledger, by a literal or by the name of a term.

    `type` is a type of the rule language, or `components`: a list of component names. Where it is
    neither `optional` nor has a default, every pack must settle it.
    """

    path: str
    type: str
    describes: str
    choices: tuple[str, ...] = ()
    default: T | None = None
    optional: bool = False
    attribute: str = field(default="", init=False, compare=False)  # of an arrangement

    def __set_name__(self, owner: Any, attribute: str) -> None:
        """Remembers under which name an arrangement has it, frozen as it is otherwise."""
        object.__setattr__(self, "attribute", attribute)

    @overload
    def __get__(self, owner: None, kind: Any) -> Setting[T]: ...
    @overload
    def __get__(self, owner: Arrangement, kind: Any) -> T: ...
    def __get__(self, owner: Arrangement | None, kind: Any) -> Setting[T] | T:
        return self if owner is None else owner.settle(self.path, self.attribute)


class SettingReadings(Protocol):
    """What settings would be under other answers to the questions that bear on them."""

    def alternatives(self, path: str) -> Mapping[str, Any] | None:
        """A setting's value under each answer; None where no question bears on it."""

    def told_apart(self, path: str, results: Mapping[str, Any]) -> Any:
        """The result under the answer given; those with another are distinct from then on."""


class Open(Generic[T]):
    """What follows from a setting by each reading of it; which is so is asked when it counts.

    A decision that comes out the same by all of them is nothing that a reading bears on.
    """

    __slots__ = ("_ask", "_results")

    def __init__(self, results: Mapping[str, T], ask: Callable[[Mapping[str, Any]], Any]) -> None:
        """`ask` picks the result under the answer given."""
        self._results, self._ask = results, ask

    def decide(self, decision: Callable[[T], U]) -> U:
        """What follows from it in turn."""
        return cast(U, self._ask({a: decision(result) for a, result in self._results.items()}))

    def key(self) -> object:
        """Equal for what decides alike."""
        return tuple(self._results.items())


class Settled(Open[T]):
    """What follows from a setting by the only reading of it that anybody looks at."""

    __slots__ = ("_result",)

    def __init__(self, result: T) -> None:
        self._result = result

    def decide(self, decision: Callable[[T], U]) -> U:
        """What follows from it in turn."""
        return decision(self._result)

    def key(self) -> object:
        """Equal for what decides alike."""
        return self._result


class Arrangement:
    """The settings in force; each is looked up when the ledger needs it, and not before.

    `resolve` gives the present value of a setting by its path; `forget` is called when a term
    changed. `volatile` are the paths of settings that depend on state: they are not kept, but for
    those that `followers` names by what they follow, until `moved` is called with its name.
    `charges` and `fees` are the names of the pack's own components.
    """

    accrues_from = Setting[Day](
        "interest.accrues-from", "date", "The first day that earns interest."
    )
    day_count = Setting[str](
        "interest.day-count", "word", "How days become years.", choices=DAY_COUNTS
    )
    interest_due = Setting[Schedule](
        "interest.due", "schedule", "When interest falls due; each date closes a period."
    )
    due_convention = Setting[str](
        "interest.due-convention",
        "word",
        "How a due date moves to a business day, and with it the end of the period.",
        choices=CONVENTIONS,
        default="none",
    )
    due_calendar = Setting[str](
        "interest.due-calendar", "word", "Which days are business days for it.",
        choices=CALENDARS, default="federal-reserve",
    )  # fmt: skip
    closing_day = Setting[str](
        "interest.closing-day",
        "word",
        "Whether a due date's own interest belongs to the period that it closes.",
        choices=("excluded", "included"),
        default="excluded",
    )
    payable_on = Setting[Schedule | None](
        "interest.payable-on",
        "schedule",
        "The interest of a period falls due on the first of these dates after the period closes, "
        "if not on the day on which it closes.",
        optional=True,
    )
    also_closes_on = Setting[Day | None](
        "interest.also-closes-on",
        "date",
        "One more day on which a period closes and its interest falls due.",
        optional=True,
    )
    compounding = Setting[str](
        "interest.compounding",
        "word",
        "Whether unpaid interest earns interest: never, as principal from when it falls due, or "
        "by itself from the day after it was payable.",
        choices=("none", "when-due", "overdue"),
        default="none",
    )
    index = Setting[str | None](
        "rate.index", "index", "The external index that the rate follows.", optional=True
    )
    fixed = Setting[int | None](
        "rate.fixed", "rate", "The rate, where it follows no index.", optional=True
    )
    margin = Setting[int]("rate.margin", "rate", "What is added to the index.", default=0)
    daily_margin = Setting[int](
        "rate.daily-margin", "rate", "What is added besides, day by day as it stands.", default=0
    )
    look_back = Setting[Duration | None](
        "rate.look-back", "duration", "How long before its fixing the index is read.", optional=True
    )
    rounding = Setting[Rounding | None](
        "rate.rounding", "rounding", "To what the value of the index is rounded.", optional=True
    )
    index_floor = Setting[int | None](
        "rate.index-floor", "rate", "The least that the index counts for.", optional=True
    )
    floor = Setting[int | None]("rate.floor", "rate", "The least that the rate is.", optional=True)
    limits_on = Setting[str](
        "rate.limits-on",
        "word",
        "Whether floor and ceiling limit the whole rate of a day, or the rate to which the margin "
        "of the day is then added.",
        choices=("whole-rate", "before-daily-margin"),
        default="whole-rate",
    )
    ceiling = Setting[int | None](
        "rate.ceiling", "rate", "The most that the rate is by the contract.", optional=True
    )
    fallback = Setting[str | None](
        "rate.fallback", "index", "The index that serves where the first has no value.",
        optional=True,
    )  # fmt: skip
    stale_after = Setting[Duration | None](
        "rate.stale-after", "duration", "How long a value of the first index serves.", optional=True
    )
    fixing = Setting[str](
        "rate.fixing",
        "word",
        "Whether a period's rate is fixed at its end or at its beginning.",
        choices=("in-arrears", "in-advance"),
        default="in-advance",
    )
    fixing_dates = Setting[Schedule | None](
        "rate.fixing-dates", "schedule", "When the rate is fixed, if not with each period.",
        optional=True,
    )  # fmt: skip
    fixing_convention = Setting[str](
        "rate.fixing-convention",
        "word",
        "How a fixing date moves to a business day.",
        choices=CONVENTIONS,
        default="none",
    )
    fixing_calendar = Setting[str](
        "rate.fixing-calendar", "word", "Which days are business days for it.", choices=CALENDARS,
        default="every-day",
    )  # fmt: skip
    early_close = Setting[str](
        "rate.early-close",
        "word",
        "The rate of a period that closes before its fixing in arrears.",
        choices=("latest-observation", "last-determined"),
        default="latest-observation",
    )
    cap_taken = Setting[str](
        "rate.cap",
        "word",
        "When the lawful maximum is taken that limits the rate.",
        choices=("at-execution", "at-determination", "exempt"),
        default="exempt",
    )
    executed_on = Setting[Day | None](
        "rate.executed-on", "date", "The day of execution, for a cap taken then.", optional=True
    )
    catch_up = Setting[bool](
        "rate.catch-up",
        "boolean",
        "Whether what the lawful maximum cut off is made up in later periods.",
        default=False,
    )
    matures = Setting[Day | None](
        "principal.matures", "date", "When all principal falls due.", optional=True
    )
    instalments = Setting[str](
        "instalments.kind",
        "word",
        "Whether principal is repaid by level payments that hold the interest, by equal parts, "
        "or not by instalments.",
        choices=("none", "level", "equal-principal"),
        default="none",
    )
    instalment_amount = Setting[int | None](
        "instalments.amount", "money", "What each instalment comes to.", optional=True
    )
    amortised_over = Setting[Duration | None](
        "instalments.amortised-over",
        "duration",
        "Over how long principal would be repaid; it gives the amount where none is written.",
        optional=True,
    )
    instalments_first_on = Setting[Day | None](
        "instalments.first-on", "date", "When the first instalment of principal falls due.",
        optional=True,
    )  # fmt: skip
    prepaid_instalments = Setting[str](
        "instalments.prepaid",
        "word",
        "Which instalments prepaid principal stands for: the last, the next, or a part of each.",
        choices=("inverse-order", "next-first", "recast"),
        default="inverse-order",
    )
    commitment = Setting[int | None](
        "facility.commitment", "money", "How much may be advanced in the first place.",
        optional=True,
    )  # fmt: skip
    limit = Setting[int | None](
        "facility.limit", "money", "The most that may be outstanding.", optional=True
    )
    replenished_by = Setting[str](
        "facility.replenished-by",
        "word",
        "Which repaid principal may be drawn again.",
        choices=("nothing", "prepaid", "paid-while-accelerated", "any-repayment"),
        default="nothing",
    )
    redraw_until = Setting[Day | None](
        "facility.redraw-before", "date", "Drawing again is allowed before this day.", optional=True
    )
    order_due = Setting[tuple[str, ...]](
        "application.due",
        "components",
        "The order in which a payment discharges what is due; 'accrued' is interest that is earned "
        "and not yet due, where it comes before something that is due.",
    )
    order_prepayment = Setting[tuple[str, ...]](
        "application.prepayment", "components", "The order of what is left of a payment."
    )
    payable_convention = Setting[str](
        "deadline.payable-convention",
        "word",
        "How the day on which a due amount is payable moves to a business day.",
        choices=CONVENTIONS,
        default="none",
    )
    last_day_convention = Setting[str](
        "deadline.last-day-convention",
        "word",
        "How the last day of grace moves to a business day.",
        choices=CONVENTIONS,
        default="none",
    )
    deadline_calendar = Setting[str](
        "deadline.calendar", "word", "Which days are business days for deadlines.",
        choices=CALENDARS, default="every-day",
    )  # fmt: skip
    grace_interest = Setting[Duration]("grace.interest", "duration", "The grace of interest.")
    grace_principal = Setting[Duration]("grace.principal", "duration", "The grace of principal.")
    grace_costs = Setting[Duration]("grace.costs", "duration", "The grace of costs.")

    def __init__(
        self,
        resolve: Callable[[str], Any],
        charges: Iterable[str] = (),
        fees: Iterable[str] = (),
        volatile: frozenset[str] = frozenset(),
        readings: SettingReadings | None = None,
        followers: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._resolve, self._volatile, self._readings = resolve, volatile, readings
        self._followers = followers or {}
        self._fleeting = volatile.difference(*self._followers.values())
        self._known: dict[str, Any] = {}
        self._kept: set[str] = set()  # attributes that hold a value until it is forgotten
        self._dates: dict[str, Schedule | Moved] = {}
        self.fees = tuple(fees)
        self.components = (*COMPONENTS, *charges, *self.fees)

    def value(self, path: str) -> Any:
        """The setting's value in force, resolved when first asked for."""
        if path in self._known:
            return self._known[path]
        value = self._resolve(path)
        if path not in self._fleeting:
            self._known[path] = value
        return value

    def settle(self, path: str, attribute: str) -> Any:
        """The setting's value in force; from now on the attribute holds it by itself."""
        value = self.value(path)
        if path not in self._fleeting:
            self._keep(attribute, value)
        return value

    def _keep(self, attribute: str, value: object) -> None:
        vars(self)[attribute] = value
        self._kept.add(attribute)

    def decide(self, path: str, decision: Callable[[Any], T]) -> T:
        """What follows from a setting; where the same follows from all that it might be by other
        readings, nobody has asked how it is read."""
        if self._readings is None:
            return decision(self.value(path))
        return self.left_open(path, decision).decide(_as_it_is)

    def left_open(self, path: str, decision: Callable[[Any], T]) -> Open[T]:
        """The same, asked only when it is decided what follows from it in turn."""
        values = None if path in self._known else self._alternatives(path)
        if values is None or self._readings is None:
            return Settled(decision(self.value(path)))
        results = {answer: decision(value) for answer, value in values.items()}
        return Open(results, partial(self._readings.told_apart, path))

    def _alternatives(self, path: str) -> Mapping[str, Any] | None:
        if self._readings is None or path in self._volatile:
            return None
        return self._readings.alternatives(path)

    def all_days(self, path: str) -> list[Day]:
        """The days that a setting may be by any reading."""
        values = self._alternatives(path)
        found = [self.value(path)] if values is None else values.values()
        return [day for day in found if day is not None]

    def steady(self, *paths: str) -> bool:
        """Whether these settings change with the terms alone, and with no state."""
        return self._volatile.isdisjoint(paths)

    def forget(self) -> None:
        """Settings are resolved anew from now on."""
        self._known.clear()
        self._dates.clear()
        for attribute in self._kept:
            vars(self).pop(attribute, None)
        self._kept.clear()

    def moved(self, name: str) -> None:
        """The settings that follow a state or a power are resolved anew from now on."""
        for path in self._followers.get(name, ()):
            if path in self._known:
                del self._known[path]
                if path in SETTINGS:
                    vars(self).pop(SETTINGS[path].attribute, None)

    def adjusted(self, day: Day, convention: str, calendar: str) -> Day:
        """The day moved by the settings of these paths; neither matters where it stays anyhow."""
        if works_everywhere(day):
            return day
        return self.decide(
            convention,
            lambda way: day if way == "none" else self._moved(day, way, calendar),
        )

    def _moved(self, day: Day, way: str, calendar: str) -> Day:
        return self.decide(calendar, lambda name: adjust(day, way, name))

    def grace(self, component: str) -> Duration:
        """The grace of a component."""
        grace: Duration = self.value(f"grace.{component}")
        return grace

    @property
    def interest_dates(self) -> Schedule | Moved:
        """When interest falls due, moved to business days where the pack says so."""
        return self._dates.get("interest") or self.due_dates("interest")

    def due_dates(self, of: str) -> Schedule | Moved:
        """When interest or a fee falls due, of which this is the path."""
        dates = self._dates.get(of)
        if dates is None:
            paths = [f"{of}.{name}" for name in _DUE]
            due, convention, calendar = map(self.value, paths)
            dates = moved(due, convention, calendar)
            if self.steady(*paths):
                self._dates[of] = dates
        return dates


SETTINGS: dict[str, Setting[Any]] = {
    setting.path: setting for setting in vars(Arrangement).values() if isinstance(setting, Setting)
}

FIXING_SETTINGS = tuple(
    path for path in SETTINGS if path.startswith("rate.") and path != "rate.daily-margin"
)
"""The paths of the settings by which rates are fixed; what is added by the day is none of them."""

FEE_SETTINGS: dict[str, Setting[Any]] = {
    setting.path: setting
    for setting in (
        Setting[int]("rate", "rate", "The rate by the year, day by day as it stands."),
        Setting[str](
            "on",
            "word",
            "On which balance it accrues.",
            choices=("undrawn", "available", "principal", "commitment"),
        ),
        Setting[Schedule]("due", "schedule", "When what has accrued falls due."),
        Setting[str]("day-count", "word", "How days become years.", choices=DAY_COUNTS),
        Setting[Day]("from", "date", "The first day on which it accrues."),
        Setting[str](
            "due-convention",
            "word",
            "How a due date moves, and with it the end of the period.",
            choices=CONVENTIONS,
        ),
        Setting[str](
            "due-calendar", "word", "Which days are business days for it.", choices=CALENDARS
        ),
    )
}
"""What a pack settles about each of its fees; the paths stand below `fees.NAME`."""


def _as_it_is(value: T) -> T:
    return value


def moves_days(path: str) -> bool:
    """Whether the days on which something falls due follow from the setting of this path."""
    return path in _DAYS or (path.startswith("fees.") and path.rpartition(".")[2] in _FEE_DAYS)


_DUE = ("due", "due-convention", "due-calendar")
_DAYS = {*(f"interest.{name}" for name in _DUE), "interest.also-closes-on", "principal.matures"}
_FEE_DAYS = {*_DUE, "from"}


def grace_setting(component: str) -> Setting[Duration]:
    """The setting of the grace of a charge or a fee."""
    return Setting[Duration](f"grace.{component}", "duration", f"The grace of {component}.")
