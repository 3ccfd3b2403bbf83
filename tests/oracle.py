"""A naive second opinion on the Second Amended Promissory Note, figured literally day by day.

It shares no code with the checker.  Comments in quotation marks are sentences of the page that
fixes the meaning of the note; "Chosen:" marks a place where that page leaves room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

Fact = dict[str, Any]

NOTE_DATE = date(2000, 11, 27)
MATURITY = date(2002, 8, 30)
# "The cutoff is its own date; an amendment of maturity does not move it unless it says so."
CUTOFF = date(2002, 8, 30)
LIMIT = 1_500_000_000  # cents
MARGIN = Fraction(1, 100)
GRACE_DAYS = 5
INDEX = "lender-line-of-credit"
PLACE = "10050 Bandley Drive, Cupertino, CA 95014"
HOLDER = "Baccarat Electronics, Inc."
ONE_DAY = timedelta(days=1)

# "the first answer is the default"
ANSWERS: dict[str, tuple[str, ...]] = {
    "rate-determination": ("in-arrears", "in-advance"),
    "early-close-rate": ("latest-observation", "last-determined"),
    "day-count": ("actual/365", "actual/360", "actual/actual"),
    "closing-day": ("excluded", "included"),
    "grace-scope": ("interest-and-other", "all-amounts"),
    "final-interest": ("next-december-31", "with-principal"),
    "due-on-holiday": ("as-written", "due-date", "due-date-and-last-day"),
    "reborrow-source": ("prepayments", "this-paragraph-only"),
    "option-after-cure": ("survives", "lapses"),
    "lawful-maximum": ("at-execution", "at-determination", "exempt"),
    "banking-calendar": ("federal-reserve", "federal-offices"),
    "acquisition-financing": ("equipment", "any"),
}


# --- money and rates ------------------------------------------------------------------------------


def cents(text: str) -> int:
    """Exact cents of "1234.56", "1,234.56" or "USD 1234.56"."""
    whole, _, part = text.replace("USD", "").replace(",", "").strip().partition(".")
    return int(whole or "0") * 100 + int((part + "00")[:2])


def money(amount: int | None) -> str | None:
    """Two decimals; None stays None, because nothing is guessed."""
    if amount is None:
        return None
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def percent(text: str) -> Fraction:
    """The exact fraction behind "9.50%"."""
    return Fraction(text.strip().rstrip("%")) / 100


def percent_text(rate: Fraction | None) -> str | None:
    """The rate as people write it, with at least two decimals."""
    if rate is None:
        return None
    digits = 2
    while (rate * 100 * 10**digits).denominator != 1:
        digits += 1
    scaled = int(rate * 100 * 10**digits)
    return f"{scaled // 10**digits}.{scaled % 10**digits:0{digits}d}%"


def half_up(amount: Fraction) -> int:
    """Rounded half up, to the cent."""
    return (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)


# --- days -----------------------------------------------------------------------------------------


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth Monday (0), Tuesday (1) ... of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


@cache
def holidays(year: int, calendar: str) -> frozenset[date]:
    """The days on which the federal holidays of one year are kept (one may lie in another year)."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= 2022:  # "Juneteenth from 2022"
        fixed.append(date(year, 6, 19))
    last_of_may = date(year, 5, 31)
    kept = {
        nth_weekday(year, 1, 0, 3),
        nth_weekday(year, 2, 0, 3),
        last_of_may - timedelta(days=last_of_may.weekday()),
        nth_weekday(year, 9, 0, 1),
        nth_weekday(year, 10, 0, 2),
        nth_weekday(year, 11, 3, 4),
    }
    for day in fixed:
        if day.weekday() == 6:  # "a Sunday one observed on Monday"
            kept.add(day + ONE_DAY)
        elif day.weekday() == 5 and calendar == "federal-offices":
            kept.add(day - ONE_DAY)  # "it is observed the Friday before"
        else:  # "a Saturday holiday is not moved"
            kept.add(day)
    return frozenset(kept)


def is_business_day(day: date, calendar: str = "federal-reserve") -> bool:
    """Neither a weekend nor a federal holiday as kept."""
    # The New Year's Day of the next year may be kept on this year's 31 December.
    return (
        day.weekday() < 5
        and day not in holidays(day.year, calendar)
        and day not in holidays(day.year + 1, calendar)
    )


def prior_business_day(day: date, calendar: str) -> date:
    """ "moved to the closest prior business day" (not moved where it is one)."""
    while not is_business_day(day, calendar):
        day -= ONE_DAY
    return day


def next_business_day(day: date) -> date:
    """ "the next Federal Reserve business day (whatever `banking-calendar` says)"."""
    while not is_business_day(day, "federal-reserve"):
        day += ONE_DAY
    return day


def interest_cents(
    earning: Mapping[date, int], start: date, end: date, rate: Fraction, day_count: str
) -> int:
    """Simple interest of the days from start to the day before end, rounded once, in sum."""
    # The balances are summed day by day; those of leap years apart, as their divisor may differ.
    common = leap = 0
    day = start
    while day < end:
        if day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0):
            leap += earning.get(day, 0)
        else:
            common += earning.get(day, 0)
        day += ONE_DAY
    if day_count == "actual/actual":  # "each day by the length of its calendar year"
        return half_up(rate * (Fraction(common, 365) + Fraction(leap, 366)))
    return half_up(rate * Fraction(common + leap, 360 if day_count == "actual/360" else 365))


# --- facts ----------------------------------------------------------------------------------------


def known_facts(facts: list[Fact], known_on: str | None) -> list[Fact]:
    """The facts as they are known, corrections carried out."""
    live = [dict(fact) for fact in facts]
    if known_on:
        # "`--known-on K` leaves out what was recorded after K."
        live = [f for f in live if (f.get("recorded") or f["date"]) <= known_on]
    by_id = {fact["id"]: fact for fact in live}
    corrections = [fact for fact in live if fact["kind"] == "correction"]
    corrections.sort(key=lambda f: f.get("recorded") or f["date"])  # stable: the file's order
    void: set[str] = set()

    def carry_out(correction: Fact) -> None:
        target = by_id.get(correction["of"])
        if correction["id"] in void or target is None:
            return
        if str(correction.get("void", "")).lower() == "true":
            void.add(target["id"])
        for name, value in correction.items():
            # Chosen: the fields that every record has are the correction's own, so a correction
            # cannot move a record to another date.
            if name not in {"id", "date", "kind", "of", "void", "recorded", "contract", "source"}:
                target[name] = value

    # A correction of a correction first, the last one before the others.
    for correction in reversed(corrections):
        if by_id.get(correction["of"], {}).get("kind") == "correction":
            carry_out(correction)
    # "A `correction` fact voids or replaces fields of an earlier record from its own `recorded`
    # date on."  Chosen: that is the date of knowledge, so one dated after `as_of` holds too.
    for correction in corrections:
        if by_id.get(correction["of"], {}).get("kind") != "correction":
            carry_out(correction)
    return [f for f in live if f["kind"] != "correction" and f["id"] not in void]


# --- the ledger -----------------------------------------------------------------------------------


@dataclass
class Obligation:
    """One amount that fell due."""

    id: str
    component: str
    due: date
    payable: date
    last_day: date
    amount: int
    unpaid: int
    accelerated: bool = False
    paid_on: date | None = None
    missed_on: date | None = None
    missed: int = 0
    in_doubt: bool = False


@dataclass
class Rate:
    """What one period's rate is on one day."""

    value: Fraction | None
    observed: Fraction | None
    observed_on: date | None
    cap: Fraction | None
    determined_on: date | None
    provisional: bool


@dataclass
class Ledger:
    """Everything that is known at one moment of the walk through the days."""

    answers: dict[str, str]
    observations: list[tuple[date, Fraction]]
    caps: list[tuple[date, Fraction]]
    principal: int = 0
    maturity: date = MATURITY
    matured: bool = False
    # the open period: its first day, and the 31 December that ends it
    start: date = NOTE_DATE
    december: date = date(2000, 12, 31)
    on_account: int = 0
    last_on_account: str | None = None
    stuck: bool = False
    starved: int = 0
    unknown_dues: list[date] = field(default_factory=list)
    advanced: int = 0
    reborrowed: int = 0
    reborrowable: int = 0
    place: str = PLACE
    holder: str = HOLDER
    former: list[tuple[str, str]] = field(default_factory=list)
    earning: dict[date, int] = field(default_factory=dict)
    obligations: list[Obligation] = field(default_factory=list)
    payments: list[dict[str, Any]] = field(default_factory=list)
    advances: list[dict[str, Any]] = field(default_factory=list)
    accelerations: list[dict[str, Any]] = field(default_factory=list)
    periods: list[dict[str, Any]] = field(default_factory=list)
    findings: dict[str, dict[str, Any]] = field(default_factory=dict)
    excess: dict[str, dict[str, Any]] = field(default_factory=dict)
    waivers: list[tuple[date, str, str]] = field(default_factory=list)
    needed_for: dict[str, list[str]] = field(default_factory=dict)
    # payments of the open period that were left unapplied because it had no rate
    lacking: list[tuple[date, str]] = field(default_factory=list)

    # -- findings

    def find(
        self,
        rule: str,
        about: str,
        outcome: str,
        against: str | None,
        day: date,
        amount: int | None,
        obligation: str | None = None,
    ) -> None:
        """Note a finding once; the same id found again changes nothing."""
        key = f"{rule}/{about}"
        self.findings.setdefault(
            key,
            {
                "id": key,
                "rule": rule,
                "outcome": outcome,
                "against": against,
                "date": day.isoformat(),
                "amount": money(amount),
                "obligation": obligation,
                "continuing": None,
            },
        )

    def is_waived(self, finding_id: str, obligation_id: str | None, against: str | None) -> bool:
        """Whether somebody other than the party in breach has forgiven it."""
        return any(
            of in (finding_id, obligation_id) and (not by or by != against)
            for _, of, by in self.waivers
        )

    def miss_rate(self, about: str, day: date, dependent: str) -> None:
        """ "the report names the missing fact (`rate-missing`, `needs-fact`)"."""
        self.find("rate-missing", about, "needs-fact", None, day, None, about)
        names = self.needed_for.setdefault(about, [])
        if dependent not in names:
            names.append(dependent)

    # -- interest

    def period_due(self) -> date:
        """When the open period falls due as things stand."""
        if self.answers["final-interest"] == "with-principal" and not self.matured:
            return min(self.december, self.maturity)
        return self.december

    def rate(self, day: date, closing: bool) -> Rate:
        """The rate of the open period as it is on a day, or as it is when it closes that day."""
        calendar = self.answers["banking-calendar"]
        own = prior_business_day(self.december, calendar)
        provisional = False
        if self.answers["rate-determination"] == "in-advance":
            # "Under `in-advance` the determination date is the 31 December before the period's
            # year, likewise moved; nothing is provisional then."
            taken = prior_business_day(date(self.december.year - 1, 12, 31), calendar)
        elif day >= own:
            # "From that day the period's rate is final."; "where the period's own determination
            # date has already come, its rate is final and this reading does not apply"
            taken = own
        elif closing and self.answers["early-close-rate"] == "last-determined":
            # "the value at the determination date of the preceding 31 December"
            taken = prior_business_day(date(day.year - 1, 12, 31), calendar)
        else:
            # "the latest value on the closing date, final"; before the determination date "on any
            # day t, the period's interest so far is figured at the latest value observed up to t"
            taken = day
            provisional = not closing
        observed_on, observed = self.latest(self.observations, taken)
        cap = None
        if self.answers["lawful-maximum"] == "at-execution":
            # "the value observed on or before the note date (a later one alone caps nothing)".
            cap = self.latest(self.caps, NOTE_DATE)[1]
        elif self.answers["lawful-maximum"] == "at-determination":
            # "by the day on which the period's rate is taken"
            cap = self.latest(self.caps, taken)[1]
        value = None
        if observed is not None:
            # "+ 1.00%, or the lawful maximum if less".
            value = observed + MARGIN if cap is None else min(observed + MARGIN, cap)
        return Rate(value, observed, observed_on, cap, None if provisional else taken, provisional)

    @staticmethod
    def latest(
        series: list[tuple[date, Fraction]], day: date
    ) -> tuple[date | None, Fraction | None]:
        """ "Observations are changes: a value holds until the next one."."""
        found: tuple[date | None, Fraction | None] = (None, None)
        for on, value in series:
            if on <= day:
                found = (on, value)
        return found

    def bears(self, end: date) -> bool:
        """Whether any principal has earned anything from the start of the period to before end."""
        day = self.start
        while day < end:
            if self.earning.get(day, 0):
                return True
            day += ONE_DAY
        return False

    def figure(self, end: date, rate: Rate) -> int | None:
        """Interest of the open period up to the day before end; None where no rate is known."""
        if not self.bears(end):
            return 0  # Chosen: where no principal was outstanding no rate is needed.
        if rate.value is None:
            return None
        return interest_cents(self.earning, self.start, end, rate.value, self.answers["day-count"])

    def describe(self, due: date, day: date, rate: Rate, interest: int | None, bears: bool) -> None:
        """Add the period to the report, with what is to be said about its rate."""
        self.periods.append(
            {
                "from": self.start.isoformat(),
                "to": due.isoformat(),
                "determined_on": rate.determined_on and rate.determined_on.isoformat(),
                "observed": percent_text(rate.observed),
                "observed_on": rate.observed_on and rate.observed_on.isoformat(),
                "margin": percent_text(MARGIN),
                "cap": percent_text(rate.cap),
                "rate": percent_text(rate.value),
                "interest": money(interest),
                "provisional": rate.provisional,
            }
        )
        if not bears:
            return
        about = f"interest/{due}"
        # Chosen: `rate-missing` is of the period as it turned out, and is dated the first day on
        # which a value was needed and lacking, be it by a payment before the period closed.
        for needed_on, payment in self.lacking:
            self.miss_rate(about, needed_on, payment)
        self.lacking = []
        if rate.observed_on is not None and rate.observed_on < self.start:
            # "A value older than the start of the period it is used for is the information finding
            # `rate-stale`."  Chosen: word for word, so under `in-advance` it is nearly always so.
            self.find("rate-stale", about, "information", None, day, None, about)
        if rate.cap is None and self.answers["lawful-maximum"] != "exempt":
            # "No `lawful-maximum` fact: no cap, information `cap-unknown`."  Chosen: none that the
            # reading may use.
            self.find("cap-unknown", about, "information", None, day, None, about)

    def close(self, day: date, end: date) -> None:
        """Close the open period on a day; its last day is the one before end."""
        if self.start >= end:
            return  # "A day already counted in a closed period is not counted again."
        rate = self.rate(day, closing=True)
        interest = self.figure(end, rate)
        self.describe(day, day, rate, interest, self.bears(end))
        about = f"interest/{day}"
        if interest is None:
            # "If no value was observed up to the day needed, interest cannot be figured"; "From
            # the first period that cannot be figured, every payment is `unapplied`"
            self.miss_rate(about, day, about)
            self.unknown_dues.append(self.last_day("interest", day)[1])
            self.stuck = True
            self.on_account = 0
        else:
            # "What falls due is the period's interest less what was already paid on account of it;
            # where nothing is left there is no obligation."
            if interest > self.on_account:
                self.fall_due("interest", about, day, interest - self.on_account)
            # "anything paid beyond it stands to the credit of later interest"
            self.on_account = max(0, self.on_account - interest)
            if self.principal == 0 and self.on_account:
                # "when a period closes with no principal outstanding, remaining credit becomes
                # `excess`".  Chosen: it is the excess of the last payment made on account.
                self.over_pay(self.last_on_account or "", day, self.on_account)
                self.on_account = 0
        self.start = end
        self.december = date(day.year, 12, 31)
        if self.december <= day:
            self.december = date(day.year + 1, 12, 31)

    # -- what is due

    def last_day(self, component: str, day: date) -> tuple[date, date]:
        """When an amount due on a day is payable, and the last day to pay it."""
        # "Grace: interest and other amounts, 5 calendar days after the due date ...; principal,
        # none."
        grace = GRACE_DAYS
        if component == "principal" and self.answers["grace-scope"] == "interest-and-other":
            grace = 0
        payable = day
        if self.answers["due-on-holiday"] != "as-written":
            # "payable on, and grace counted from, the next Federal Reserve business day ...;
            # accrual and the obligation's `due` unchanged"
            payable = next_business_day(day)
        last_day = payable + timedelta(days=grace)
        if self.answers["due-on-holiday"] == "due-date-and-last-day":
            last_day = next_business_day(last_day)  # "the last day of grace moves likewise"
        return payable, last_day

    def fall_due(
        self, component: str, about: str, day: date, amount: int, accelerated: bool = False
    ) -> None:
        """An amount falls due."""
        payable, last_day = self.last_day(component, day)
        self.obligations.append(
            Obligation(about, component, day, payable, last_day, amount, amount, accelerated)
        )

    def due(self, component: str) -> int:
        """What is due and unpaid of one component."""
        return sum(o.unpaid for o in self.obligations if o.component == component)

    def supports(self, obligation: Obligation) -> bool:
        """Whether this obligation's event of default, if any, supports the power to accelerate."""
        if obligation.missed_on is None or obligation.in_doubt:
            return False
        if self.is_waived(f"event-of-default/{obligation.id}", obligation.id, "borrower"):
            return False  # "it no longer supports a power"
        # "`survives`: late payment does not end the power · `lapses`: it ends when no event of
        # default is continuing"
        return self.answers["option-after-cure"] == "survives" or obligation.unpaid > 0

    def over_pay(self, fact: str, day: date, amount: int) -> None:
        """ "(6) A remainder is `excess`, to be refunded"."""
        entry = self.excess.setdefault(fact, {"date": day, "amount": 0, "held": 0})
        entry["amount"] += amount
        entry["held"] += amount

    def refund(self, amount: int) -> None:
        """ "a `refund` fact clears it" (oldest first)."""
        # Chosen: a refund beyond the excess of that day clears nothing that comes later, for
        # "Nothing looks ahead"; nor does what comes later move what it cleared.
        for entry in self.excess.values():
            part = min(amount, entry["held"])
            entry["held"] -= part
            amount -= part

    # -- the six steps

    def open_balance(self, fact: Fact, day: date) -> None:
        """What was owed when the records begin."""
        # Chosen: before anything else of its day; its principal counts as already advanced.
        principal = cents(fact.get("principal") or "0")
        self.principal += principal
        self.advanced += principal
        interest = cents(fact.get("interest") or "0")
        if interest:  # "interest counts as due that day"
            self.fall_due("interest", f"interest/{day}", day, interest)

    def amend(self, fact: Fact, day: date) -> None:
        """ "An `amendment` agreed by both parties changes the named term"."""
        if fact.get("agreed_by") != "both":
            # "one that is not agreed by both is a finding and changes nothing"
            self.find("amendment-not-agreed", fact["id"], "information", None, day, None)
        elif fact["term"] == "maturity":  # "from its effective date", which is the fact's own
            self.maturity = date.fromisoformat(fact["value"])
            if day < self.maturity:
                self.matured = False

    def step_2(self, facts: list[Fact], day: date) -> None:
        """ "Amounts fall due"; a last day that was yesterday is a missed deadline dated today."""
        for fact in facts:
            if fact["kind"] == "costs":  # "costs of collection, due when incurred"
                about = f"costs/{day}/{fact['id']}"
                self.fall_due("costs", about, day, cents(fact["amount"]))
        included = self.answers["closing-day"] == "included"
        # "A period's due date belongs to the **next** period"; under `included` "the due date's own
        # interest, on its opening balance, belongs to the amount due that day"
        end = day + ONE_DAY if included else day
        maturing = day >= self.maturity and not self.matured
        with_principal = self.answers["final-interest"] == "with-principal"
        # "`with-principal`: a period closes at maturity".
        if day == self.december or (maturing and with_principal):
            if included and self.start <= day:
                self.earning[day] = self.principal
            self.close(day, end)
        if maturing:
            self.matured = True
            # "all principal outstanding and not yet due, on 2002-08-30"
            rest = self.principal - self.due("principal")
            if rest:
                self.fall_due("principal", f"principal/{day}", day, rest)
        for obligation in self.obligations:
            if obligation.unpaid and obligation.last_day + ONE_DAY == day:
                # "Unpaid at the close of the last day: event of default, dated the next day"; "Any
                # shortfall, one cent included, is unpaid."
                obligation.missed_on = day
                obligation.missed = obligation.unpaid
                # Chosen: "nothing is guessed" and "the report is undetermined", so where all the
                # money left unapplied for want of a rate could have paid what is unpaid, nobody can
                # say that it was not paid.  More than that is unpaid whatever the rate was.
                obligation.in_doubt = obligation.unpaid <= self.starved

    def step_3(self, facts: list[Fact], day: date) -> None:
        """ "Notices, judgments, waivers; then elections (acceleration)."."""
        for fact in facts:
            if fact["kind"] == "waiver":
                self.waivers.append((day, fact["of"], str(fact.get("by") or "")))
            elif fact["kind"] == "place-of-payment":
                # "a written `place-of-payment` notice from the lender replaces it from its date; an
                # unwritten one does not"
                if str(fact.get("in_writing", "")).lower() == "true":
                    self.place = fact["place"]
            elif fact["kind"] == "assignment":
                # "an `assignment` changes the holder"
                notified = fact.get("notified") or "9999-12-31"
                self.former.append((self.holder, max(notified, fact["date"])))
                self.holder = fact["to"]
        for fact in facts:
            if fact["kind"] == "acceleration":
                self.accelerate(fact, day)

    def accelerate(self, fact: Fact, day: date) -> None:
        """ "its validity is judged by what is known that day"."""
        valid = any(self.supports(obligation) for obligation in self.obligations)
        self.accelerations.append({"fact": fact["id"], "date": day.isoformat(), "valid": valid})
        in_doubt = any(obligation.in_doubt for obligation in self.obligations)
        if not valid and (in_doubt or any(last < day for last in self.unknown_dues)):
            # Chosen: whether the power had arisen cannot be said either, nor where the last day has
            # passed to pay an interest that nobody can figure.  It is not exercised: "nothing is
            # guessed".
            kind = "acceleration-undetermined"
            self.find(kind, fact["id"], "needs-fact", "lender", day, None)
            return
        if not valid:
            # "An `acceleration` without an available power changes nothing in the ledger and is a
            # breach by the lender."
            self.find("acceleration-without-default", fact["id"], "breach", "lender", day, None)
            return
        # "It closes the interest period (the day itself belongs to the next) and makes due all
        # principal and accrued interest not yet due"
        self.close(day, day)
        rest = self.principal - self.due("principal")
        if rest:
            self.fall_due("principal", f"principal/{day}", day, rest, accelerated=True)

    def pay(self, fact: Fact, day: date) -> None:
        """One payment, split by the order of the page."""
        amount = cents(fact["amount"])
        split = {"interest": 0, "principal": 0, "costs": 0, "accrued": 0, "prepaid": 0}
        entry: dict[str, Any] = {"fact": fact["id"], "date": day.isoformat()}
        self.check_funds_and_place(fact, day)
        rate = self.rate(day, closing=False)
        # "the day of a payment does not [count]".
        so_far = self.figure(day, rate)
        applied = True
        # "A payment to the former holder counts until the borrower is notified (`notified`); after
        # that it is `unapplied` and `needs-judgment`".  Chosen: the day of the notice is after it
        # (notices come before payments); a payee who never held the note is let be.
        payee = fact.get("payee")
        told = [name for name, on in self.former if on <= day.isoformat()]
        if payee != self.holder and payee in told:
            self.find("payment-payee", fact["id"], "needs-judgment", None, day, amount)
            applied = False
        if applied and (self.stuck or so_far is None):
            # "every payment is `unapplied` and moves no balance".  Chosen: once one payment had to
            # be left unapplied for want of a rate, so is every later one.
            if so_far is None:
                self.lacking.append((day, fact["id"]))
            self.stuck = True
            self.starved += amount
            applied = False
        left = amount if applied else 0
        provisional = False
        if applied:
            left = self.pay_due(fact, day, left, split)
            rest = left  # "What is left is a prepayment"
            left = self.prepay(fact, left, so_far or 0, split)
            if left:
                self.over_pay(fact["id"], day, left)
            provisional = rate.provisional and rest > 0 and self.bears(day)
            interest = split["interest"] + split["accrued"]
            principal = split["principal"] + split["prepaid"]
            self.compare_booked(fact, day, interest, principal, rest > 0)
        # "a `fee` charged for it (over and above `amount`) is a breach by the lender": for a
        # prepayment.  Chosen: what is designated as one is one, even where it was left unapplied.
        prepaid = left > 0 or split["accrued"] + split["prepaid"] > 0
        fee = cents(fact.get("fee") or "0")
        if fee and (prepaid or fact.get("designation") == "prepayment"):
            self.find("prepayment-fee", fact["id"], "breach", "lender", day, fee)
        entry |= {
            "amount": money(amount),
            "interest": money(split["interest"] + split["accrued"]),
            "principal": money(split["principal"] + split["prepaid"]),
            "accrued": money(split["accrued"]),
            "prepaid": money(split["prepaid"]),
            "costs": money(split["costs"]),
            "excess": money(left),
            "unapplied": money(0 if applied else amount),
            "provisional": provisional,
            "rate": percent_text(rate.value),
        }
        self.payments.append(entry)

    def pay_due(self, fact: Fact, day: date, left: int, split: dict[str, int]) -> int:
        """Discharge what is due; gives back what is left."""
        # "(1) interest due, oldest first; (2) principal due, oldest first; (3) costs due, oldest
        # first"
        order = ["interest", "principal", "costs"]
        designation = fact.get("designation")
        if designation == "prepayment":
            return left  # "`prepayment` goes straight to (4)"
        if designation in order:  # "puts that component first among the amounts due"
            order.remove(designation)
            order.insert(0, designation)
        for component in order:
            due = [o for o in self.obligations if o.component == component and o.unpaid]
            for obligation in sorted(due, key=lambda o: o.due):
                part = min(left, obligation.unpaid)
                left -= part
                obligation.unpaid -= part
                split[component] += part
                if component == "principal":
                    self.principal -= part
                    if obligation.accelerated and part:
                        # "`this-paragraph-only`: only principal paid while due by acceleration".
                        self.add_room("this-paragraph-only", part)
                if obligation.unpaid == 0:
                    obligation.paid_on = day
        return left

    def prepay(self, fact: Fact, left: int, so_far: int, split: dict[str, int]) -> int:
        """Prepay with what is left; gives back what is left then."""
        # "(4) unpaid accrued interest, then (5) principal (this principal is *prepaid*)"; "the
        # rounding is of the period's total so far"
        split["accrued"] = min(left, max(0, so_far - self.on_account))
        if split["accrued"]:
            self.on_account += split["accrued"]
            self.last_on_account = fact["id"]
        left -= split["accrued"]
        # Chosen: principal already due is not prepaid, even by a payment designated `prepayment`.
        split["prepaid"] = min(left, self.principal - self.due("principal"))
        self.principal -= split["prepaid"]
        self.add_room("prepayments", split["prepaid"])
        return left - split["prepaid"]

    def add_room(self, source: str, amount: int) -> None:
        """Principal that may be re-borrowed, if this is the source that the reading names."""
        if self.answers["reborrow-source"] == source:
            self.reborrowable += amount

    def compare_booked(
        self, fact: Fact, day: date, interest: int, principal: int, is_prepayment: bool
    ) -> None:
        """The split that somebody booked against the split above."""
        differences = [
            abs(cents(fact[name]) - ours)
            for name, ours in (("applied_interest", interest), ("applied_principal", principal))
            if fact.get(name) not in (None, "")
        ]
        if not any(differences):
            return
        # "a difference in the prepayment part is a breach of clause 1 (`payment-misapplied`,
        # against the lender who booked it); a difference among amounts due is information".  A
        # payment with a prepayment part has paid all that is due or (designated so) none of it, so
        # that the difference can lie only in the prepayment part.
        outcome, against = ("breach", "lender") if is_prepayment else ("information", None)
        self.find("payment-misapplied", fact["id"], outcome, against, day, max(differences))

    def check_funds_and_place(self, fact: Fact, day: date) -> None:
        """ "A payment must be in immediately available funds, to the place of payment"."""
        checks = (("funds", "immediately-available"), ("place", self.place))
        for name, wanted in checks:
            given = fact.get(name)
            if given and " ".join(given.split()).lower() == " ".join(wanted.split()).lower():
                continue
            # "A record without `funds` or `place` is *not evidenced*: information, not a breach".
            outcome, against = ("breach", "borrower") if given else ("information", None)
            amount = cents(fact["amount"])
            self.find(f"payment-{name}", fact["id"], outcome, against, day, amount)

    def advance(self, fact: Fact, day: date) -> None:
        """One advance: how much of it is initial, how much re-borrowed, and whether it may be."""
        amount = cents(fact["amount"])
        # "Advances are initial until together they reach $15,000,000; what exceeds that (the
        # exceeding part of an advance alone) is re-borrowing"
        initial = min(amount, max(0, LIMIT - self.advanced))
        again = amount - initial
        over = 0
        late = day >= CUTOFF  # "Re-borrowing dated 2002-08-30 or later is a breach"
        if again and late:  # "(`reborrow-after-cutoff`, instead of the limit)"
            self.find("reborrow-after-cutoff", fact["id"], "breach", "borrower", day, again)
        elif again:
            # "allowed up to principal prepaid and not yet re-borrowed"
            over = max(0, again - self.room())
            if over:
                self.find("reborrow-over-limit", fact["id"], "breach", "borrower", day, over)
        self.advanced += amount
        # "Every re-borrowed dollar, a forbidden one included, counts as re-borrowed"
        self.reborrowed += again
        self.principal += amount  # "a forbidden advance is in the balance"
        if day >= self.maturity:
            # "Principal advanced on or after maturity is due when advanced
            # (`principal/<date>/<fact>`...)"
            about = f"principal/{day}/{fact['id']}"
            self.fall_due("principal", about, day, amount)
            if initial:
                # "An initial advance on or after maturity is information."
                kind = "advance-after-maturity"
                self.find(kind, fact["id"], "information", None, day, initial)
        self.advances.append(
            {
                "fact": fact["id"],
                "date": day.isoformat(),
                "initial": money(initial),
                "reborrowed": money(again),
                "over_limit": money(over),
                "after_cutoff": bool(again and late),
            }
        )

    def room(self) -> int:
        """ "the room is never below zero"."""
        return max(0, self.reborrowable - self.reborrowed)

    def live(self, facts: list[Fact], day: date) -> None:
        """One day, in the six steps of the page."""
        for fact in facts:
            if fact["kind"] == "opening-balance":
                self.open_balance(fact, day)
        # 1. "Observations of rates, corrections and amendments of this day take hold." (A rate is
        # looked up by its date, and corrections are carried out already.)
        for fact in facts:
            if fact["kind"] == "amendment":
                self.amend(fact, day)
        self.step_2(facts, day)
        self.step_3(facts, day)
        # 4. "Payments, in the order given."
        for fact in facts:
            if fact["kind"] == "payment":
                self.pay(fact, day)
            elif fact["kind"] == "refund":
                self.refund(cents(fact["amount"]))
        # 5. "Advances, in the order given."
        for fact in facts:
            if fact["kind"] == "advance":
                self.advance(fact, day)
        # 6. "Close: the closing principal balance earns this day's interest."
        if day >= NOTE_DATE and day >= self.start:
            self.earning[day] = self.principal

    def all_held(self) -> int:
        """All that was paid too much and not refunded."""
        return sum(entry["held"] for entry in self.excess.values())


# --- the report -----------------------------------------------------------------------------------


def state_of(obligation: Obligation) -> str:
    """One of the states of the page, at the close of the last day looked at."""
    if obligation.paid_on is None:
        if obligation.missed_on and obligation.in_doubt:
            return "undetermined"  # "and the report is undetermined"
        return "defaulted" if obligation.missed_on else "due"
    if obligation.paid_on <= obligation.payable:
        return "paid"
    return "paid-in-grace" if obligation.paid_on <= obligation.last_day else "paid-after-default"


def report_obligations(book: Ledger, end: date) -> list[dict[str, Any]]:
    """The obligations, and the findings that follow from them alone."""
    rows = []
    for o in book.obligations:
        state = state_of(o)
        if o.missed_on and o.in_doubt:
            kind = "default-undetermined"
            book.find(kind, o.id, "needs-fact", "borrower", o.missed_on, o.missed, o.id)
            book.findings[f"{kind}/{o.id}"]["continuing"] = o.unpaid > 0
        elif o.missed_on:
            kind = "event-of-default"
            book.find(kind, o.id, kind, "borrower", o.missed_on, o.missed, o.id)
            # "Each event of default is `continuing` until its amount is paid or the default is
            # waived."
            book.findings[f"{kind}/{o.id}"]["continuing"] = o.unpaid > 0
        if state == "paid-in-grace":
            assert o.paid_on is not None
            book.find("late-in-grace", o.id, "met-in-grace", None, o.paid_on, o.amount, o.id)
        rows.append(
            {
                "id": o.id,
                "component": o.component,
                "due": o.due.isoformat(),
                "last_day": o.last_day.isoformat(),
                "amount": money(o.amount),
                "unpaid": money(o.unpaid),
                "paid_on": o.paid_on.isoformat() if o.paid_on else None,
                "state": state,
                "in_grace": state == "due" and end > o.payable,
            }
        )
    return rows


def report_excess(book: Ledger) -> None:
    """ "A remainder is `excess`, to be refunded (`overpaid`; a `refund` fact clears it)"."""
    # Chosen: what was cleared is still told, but does not continue.
    for fact, entry in book.excess.items():
        book.find("overpaid", fact, "information", None, entry["date"], entry["amount"])
        book.findings[f"overpaid/{fact}"]["continuing"] = entry["held"] > 0


def report_balances(book: Ledger, end: date) -> dict[str, Any]:
    """The balances at the close of the last day; adds the open period."""
    tomorrow = end + ONE_DAY
    rate = book.rate(end, closing=False)
    earned = book.figure(tomorrow, rate)
    due = book.period_due()
    if end >= NOTE_DATE:
        book.describe(due, end, rate, earned, book.bears(tomorrow))
    if earned is None:
        book.miss_rate(f"interest/{due}", end, "accrued_interest")
    drawable = 0
    if end < book.maturity:  # Chosen: after maturity nothing of the limit may be drawn any more.
        drawable += max(0, LIMIT - book.advanced)
    if end < CUTOFF:
        drawable += book.room()
    per_diem = None if book.principal else 0
    if book.principal and rate.value is not None:
        year = {end: book.principal}
        per_diem = interest_cents(year, end, tomorrow, rate.value, book.answers["day-count"])
    # Chosen: once a period that closed cannot be figured, or a payment was left unapplied for want
    # of a rate, what is owed of interest is not known, however well later periods can be figured.
    lost = book.stuck or earned is None
    return {
        "principal": money(book.principal),
        "principal_due": money(book.due("principal")),
        "interest_due": money(None if book.stuck else book.due("interest")),
        "accrued_interest": money(None if lost else max(0, (earned or 0) - book.on_account)),
        "interest_credit": money(None if lost else max(0, book.on_account - (earned or 0))),
        "costs_due": money(book.due("costs")),
        "excess": money(book.all_held()),
        "available_to_draw": money(drawable),
        "per_diem": money(per_diem),
        "provisional": rate.provisional and book.bears(tomorrow),
    }


def walk(facts: list[Fact], end: date, answers: dict[str, str]) -> Ledger:
    """Live every day from the first to the last."""
    by_day: dict[date, list[Fact]] = {}
    observations: list[tuple[date, Fraction]] = []
    caps: list[tuple[date, Fraction]] = []
    first = NOTE_DATE
    for fact in facts:
        day = date.fromisoformat(fact["date"])
        if day > end:
            continue  # "`--as-of D` looks at the close of day D"
        if fact["kind"] == "rate":
            if fact["index"] == INDEX:
                observations.append((day, percent(fact["value"])))
            continue
        if fact["kind"] == "lawful-maximum":
            caps.append((day, percent(fact["value"])))
            continue
        if fact["kind"] in {"advance", "payment", "acceleration"} and day < NOTE_DATE:
            # "an advance, payment or acceleration dated earlier is refused"
            raise ValueError(f"{fact['id']} is dated before the note")
        by_day.setdefault(day, []).append(fact)
        first = min(first, day)
    observations.sort(key=lambda pair: pair[0])
    caps.sort(key=lambda pair: pair[0])
    book = Ledger(answers, observations, caps)
    day = first
    while day <= end:
        book.live(by_day.get(day, []), day)
        day += ONE_DAY
    return book


def evaluate(
    facts: list[Fact],
    as_of: str,
    readings: dict[str, str] | None = None,
    known_on: str | None = None,
) -> dict[str, Any]:
    """The report on these facts, in the shape of the checker's JSON report."""
    answers = {question: choices[0] for question, choices in ANSWERS.items()}
    for question, answer in (readings or {}).items():
        if answer not in ANSWERS[question]:
            raise ValueError(f"{answer} does not answer {question}")
        answers[question] = answer
    end = date.fromisoformat(as_of)
    book = walk(known_facts(facts, known_on), end, answers)
    obligations = report_obligations(book, end)
    balances = report_balances(book, end)
    report_excess(book)
    for finding in book.findings.values():
        # "A `waiver` forgives the default, never the amount: from its date the finding is
        # `waived`".
        amiss = finding["outcome"] in {"breach", "event-of-default"}
        if amiss and book.is_waived(finding["id"], finding["obligation"], finding["against"]):
            finding["outcome"] = "waived"
            finding["continuing"] = False
    findings = sorted(book.findings.values(), key=lambda f: (f["date"], f["id"]))
    outcomes = {finding["outcome"] for finding in findings}
    # "`breach` (an unwaived breach or event of default), else `undetermined` (`needs-judgment` or
    # `needs-fact`), else `compliant`"
    outcome = "compliant"
    if outcomes & {"breach", "event-of-default"}:
        outcome = "breach"
    elif outcomes & {"needs-judgment", "needs-fact"}:
        outcome = "undetermined"
    supporting = [o.missed_on for o in book.obligations if o.missed_on and book.supports(o)]
    return {
        "as_of": as_of,
        "known_on": known_on,
        "readings": answers,
        "outcome": outcome,
        "findings": findings,
        "obligations": obligations,
        "payments": book.payments,
        "advances": book.advances,
        "accelerations": book.accelerations,
        "periods": book.periods,
        "balances": balances,
        "powers": [
            {
                "id": "accelerate",
                "holder": "lender",
                "state": "available" if supporting else "unavailable",
                "since": min(supporting).isoformat() if supporting else None,
            }
        ],
        "missing": [
            {"fact": f"rate of {INDEX}", "period": about, "needed_for": names}
            for about, names in sorted(book.needed_for.items())
        ],
    }
