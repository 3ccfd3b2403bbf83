"""What a pack settles about the ledger: each setting with its type, choices and meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from checker.dates import CALENDARS, CONVENTIONS, DAY_COUNTS, Day, Duration, Schedule

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One thing that a pack settles about the ledger, by a literal or by the name of a term.

    `type` is a type of the rule language, or `components`: a list of component names.
    """

    path: str
    type: str
    describes: str
    choices: tuple[str, ...] = ()
    default: T | None = None
    optional: bool = False

    @overload
    def __get__(self, owner: None, kind: Any) -> Setting[T]: ...
    @overload
    def __get__(self, owner: Arrangement, kind: Any) -> T: ...
    def __get__(self, owner: Arrangement | None, kind: Any) -> Setting[T] | T:
        return self if owner is None else owner.value(self.path)


class Arrangement:
    """The settings in force; each is looked up when the ledger needs it, and not before.

    `resolve` gives the present value of a setting by its path; `forget` is called when a term
    changed.
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
    closing_day = Setting[str](
        "interest.closing-day",
        "word",
        "Whether a due date's own interest belongs to the period that it closes.",
        choices=("excluded", "included"),
        default="excluded",
    )
    also_closes_on = Setting[Day | None](
        "interest.also-closes-on",
        "date",
        "One more day on which a period closes and its interest falls due.",
        optional=True,
    )
    index = Setting[str]("rate.index", "index", "The external index that the rate follows.")
    margin = Setting[int]("rate.margin", "rate", "What is added to the index.", default=0)
    fixing = Setting[str](
        "rate.fixing",
        "word",
        "Whether a period's rate is fixed at its end or at its beginning.",
        choices=("in-arrears", "in-advance"),
        default="in-advance",
    )
    fixing_dates = Setting[Schedule]("rate.fixing-dates", "schedule", "When the rate is fixed.")
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
    executed_on = Setting[Day](
        "rate.executed-on", "date", "The day of execution, for a cap taken then."
    )
    matures = Setting[Day]("principal.matures", "date", "When all principal falls due.")
    commitment = Setting[int](
        "facility.commitment", "money", "How much may be advanced in the first place."
    )
    replenished_by = Setting[str](
        "facility.replenished-by",
        "word",
        "Which repaid principal may be drawn again.",
        choices=("nothing", "prepaid", "paid-while-accelerated"),
        default="nothing",
    )
    redraw_until = Setting[Day | None](
        "facility.redraw-before", "date", "Drawing again is allowed before this day.", optional=True
    )
    order_due = Setting[tuple[str, ...]](
        "application.due", "components", "The order in which a payment discharges what is due."
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

    def __init__(self, resolve: Callable[[str], Any]) -> None:
        self._resolve = resolve
        self._known: dict[str, Any] = {}

    def value(self, path: str) -> Any:
        """The setting's value in force, resolved when first asked for."""
        if path not in self._known:
            self._known[path] = self._resolve(path)
        return self._known[path]

    def forget(self) -> None:
        """Settings are resolved anew from now on."""
        self._known.clear()

    def grace(self, component: str) -> Duration:
        """The grace of a component."""
        grace: Duration = self.value(f"grace.{component}")
        return grace


SETTINGS: dict[str, Setting[Any]] = {
    setting.path: setting for setting in vars(Arrangement).values() if isinstance(setting, Setting)
}
COMPONENTS = ("interest", "principal", "costs")
