"""The files of a pack as pydantic models: what may stand in them, and how a fault is told."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from checker.dates import CALENDARS
from checker.model import Problem, did_you_mean, unknown_key
from checker.source import Document

Path_ = tuple[str | int, ...]

OUTCOMES = (
    "met",
    "met-in-grace",
    "breach",
    "event-of-default",
    "needs-judgment",
    "needs-fact",
    "waived",
    "not-applicable",
    "information",
)
Outcome = Literal[
    "met",
    "met-in-grace",
    "breach",
    "event-of-default",
    "needs-judgment",
    "needs-fact",
    "waived",
    "not-applicable",
    "information",
]
ID = r"[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*"
Id = Annotated[str, StringConstraints(pattern=f"^{ID}$")]
AnswerId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9A-Z][a-zA-Z0-9./-]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]


def means(name: str) -> bool:
    """Whether a file of that name says anything of what the contract means.

    Cases and what `checker generate` makes up stand beside it: they are no part of the pack's hash.
    """
    return not name.endswith((".cases.yaml", "generate.yaml"))


def is_clause(name: str) -> bool:
    """Whether a YAML file of that name holds a clause."""
    return means(name) and name != "contract.yaml"


def _as_text(value: object) -> object:
    """Literals arrive as YAML resolved them; the rule language reads them by their text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Written = Annotated[Text, BeforeValidator(_as_text)]
Phrases = Annotated[list[Text], BeforeValidator(_as_list)]


class Part(BaseModel):
    """A part of a pack's file; keys are written with hyphens, and no unknown key passes."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )


class Party(Part):
    """Somebody who is bound or entitled: the name at signing, and other names used for them."""

    name: Text
    also: list[Text] = []
    described: str = ""


class TermPart(Part):
    """A figure, date, length of time, schedule or choice that the contract fixes."""

    value: Written
    type: str = ""
    choices: list[Text] = []
    words: Phrases = []
    source: str = ""
    describes: str = ""


class Answer(Part):
    """One way to read a phrase: why, and which terms it sets, by expressions over terms."""

    because: Text
    set: dict[str, Written] = {}


class Reading(Part):
    """A phrase that can be read in more than one way; the first answer is the default."""

    phrase: Text
    asks: Text
    answers: dict[AnswerId, Answer] = Field(min_length=2)


class ChargePart(Part):
    """An amount of a charge that falls due on a conclusion."""

    of: Id
    amount: Written
    due: str = Field(default="", description="When it falls due; without it, that day.")


class CallPart(Part):
    """Principal that is to be repaid by a day."""

    amount: Written
    due: Written


class VotePart(Part):
    """A party's voice on something, weighed by the register of a tally."""

    tally: Id = Field(alias="in")
    of: Written = Field(alias="for", description="What is voted on.")
    by: Written = Field(description="Who votes.")


class TransferPart(Part):
    """A share that passes from one party to another in a register."""

    register_: Id = Field(alias="in")
    giver: Written = Field(alias="from")
    taker: Written = Field(alias="to")
    share: Written


class Then(Part):
    """What a rule concludes: a finding, or a finding's new outcome, and what the ledger does."""

    outcome: Outcome
    under: str = Field(default="", description="The rule under whose name the finding is told.")
    against: str = ""
    about: str = ""
    date: str = ""
    amount: str = ""
    revises: str = Field(default="", description="Alias of a finding whose outcome this replaces.")
    accelerates: str = Field(default="", description="Alias of the election that makes all due.")
    disregards: str = Field(default="", description="Alias of a payment that is not applied.")
    releases: str = Field(default="", description="The obligation whose unpaid rest is not owed.")
    amends: str = Field(default="", description="Alias of the amendment that takes effect.")
    sets: dict[str, Written] = Field(
        default={}, description="State variables and their new values."
    )
    until: str = Field(
        default="", description="The last day to do what is found wanting; then it has lapsed."
    )
    charges: ChargePart | None = Field(default=None, description="A charge that falls due.")
    calls: CallPart | None = Field(default=None, description="Principal to be repaid by a day.")
    counts: str = Field(default="", description="The counter that counts this finding.")
    votes: VotePart | None = Field(default=None, description="A party's voice in a tally.")
    cures: str = Field(default="", description="Alias of a finding that no longer continues.")
    transfers: TransferPart | None = Field(
        default=None, description="A share that passes from one party to another."
    )


class RulePart(Part):
    """Patterns over facts and what follows from them; `words` are the clause's own."""

    when: dict[Id, Text] = Field(min_length=1, max_length=3)
    unless: dict[Id, Text] = Field(default={}, max_length=1)
    then: Then
    says: Text
    words: Phrases = []
    needs: Phrases = []


class Ruling(Part):
    """What follows from one answer of a judgment."""

    outcome: Outcome
    says: Text
    releases: str = ""


class Judgment(Part):
    """A question that a person must answer, about findings of the named rules."""

    asks: Text
    about: list[Id] = Field(min_length=1)
    answers: dict[Id, Ruling] = Field(min_length=2)
    words: Phrases = []


class Power(Part):
    """What a party may do once a rule has found something, and until when."""

    holder: Text
    arises_on: Annotated[list[Id], BeforeValidator(_as_list)] = Field(min_length=1)
    in_doubt_on: str = ""
    survives_cure: Written = "true"
    exercised_by: str = Field(
        default="", description="The kind of fact that exercises it; none where it works by itself."
    )
    words: Phrases = []
    says: Text


class StatePart(Part):
    """Something in force over time, changed by rules that set it."""

    type: str = "name"
    choices: list[Text] = []
    starts: Written


class ChargeComponent(Part):
    """A component of what is owed besides interest, principal and costs."""

    describes: Text
    grace: Written = "0 days"


class FeePart(Part):
    """A charge that accrues by the day on a balance, and falls due by a schedule."""

    describes: Text
    rate: Any
    on: Any
    due: Any
    day_count: Any = "actual/360"
    from_: Any = Field(alias="from")
    due_convention: Any = "none"
    due_calendar: Any = "every-day"
    grace: Written = "0 days"


class OccasionPart(Part):
    """Days on which rules are asked."""

    on: Text
    from_: Written = Field(alias="from", description="The first occasion comes after this day.")
    describes: Text


class CounterPart(Part):
    """How many findings were counted in the length of time that ends on a day."""

    within: Written
    describes: Text


class RegisterPart(Part):
    """Who holds which share of something; the shares are 100% together."""

    starts: dict[str, Written] = Field(min_length=1)
    describes: Text


class TallyPart(Part):
    """What those who voted for something hold together."""

    register_: Id = Field(alias="register")
    describes: Text


class PaymentsPart(Part):
    """To whom, where and in what funds payments are to be made; `funds` are the clause's words."""

    to: Id
    place: Written
    funds: Text


class Unruled(Part):
    """Words that no rule serves, and why."""

    phrase: Text
    because: Text


class Slip(Part):
    """An apparent slip of the text, shown and not mended."""

    phrase: Text
    note: Text


class Supposition(Part):
    """A case put beside a statement that cannot be reconciled: principal brought up to a figure."""

    says: Text
    principal: Text
    since: Text


class Clause(Part):
    """One clause: its words, and below them what they do."""

    clause: Written
    heading: Text
    text: Text
    terms: dict[str, Any] = {}
    readings: dict[Id, Reading] = {}
    falls_due: list[Id] = Field(
        default=[], description="The components that fall due under this clause."
    )
    ledger: dict[str, Any] = {}
    charges: dict[Id, ChargeComponent] = {}
    fees: dict[Id, FeePart] = {}
    occasions: dict[Id, OccasionPart] = {}
    counters: dict[Id, CounterPart] = {}
    registers: dict[Id, RegisterPart] = {}
    tallies: dict[Id, TallyPart] = {}
    state: dict[Id, StatePart] = {}
    powers: dict[Id, Power] = {}
    payments: PaymentsPart | None = None
    rules: dict[Id, RulePart] = {}
    judgments: dict[Id, Judgment] = {}
    suppositions: dict[Id, Supposition] = {}
    unruled: list[Unruled] = []
    slips: list[Slip] = []


class Index(Part):
    """An external series that people observe."""

    describes: Text


class Contract(Part):
    """What is particular to the contract as a whole: parties, indices, kinds of fact of its own."""

    contract: Id
    title: Text
    currency: Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
    business_days: Literal[CALENDARS] = "federal-reserve"  # type: ignore[valid-type]  # the tuple
    parties: dict[Id, Party] = Field(min_length=1)
    indices: dict[Id, Index] = {}
    facts: dict[str, Any] = {}
    begins: dict[str, list[str]] = Field(
        default={}, description="Terms that are dates, and the kinds refused before them."
    )
    unruled: list[Unruled] = []


# What is wrong in a file -------------------------------------------------------------------------

NAMES = "small letters and digits, in words joined by hyphens or dots"
_SHAPES = {
    "string_type": "text is expected here",
    "string_too_short": "text is expected here, not nothing",
    "dict_type": "a mapping is expected here: names with what they hold",
    "model_type": "a mapping is expected here: names with what they hold",
    "list_type": "a list is expected here",
    "too_short": "at least {min_length} must stand here",
    "too_long": "at most {max_length} may stand here",
}


def model_problems(
    document: Document, model: type[BaseModel], error: ValidationError, at: Path_ = ()
) -> list[Problem]:
    """What is wrong in a document against a model, each with its place and a suggestion."""
    return [_model_problem(document, model, e, at) for e in error.errors()]


def _model_problem(document: Document, model: type[BaseModel], error: Any, at: Path_) -> Problem:
    """What pydantic found, in the words of a person; `at` is where the model begins."""
    inner = tuple(part for part in error["loc"] if part != "[key]")
    loc, kind = (*at, *inner), error["type"]
    message, hint, place = str(error["msg"]), "", document.place(loc)
    if kind == "extra_forbidden":
        place = document.keys.get(loc, place)
        known = _keys_at(model, inner)
        message, hint = f"unknown key '{loc[-1]}'", unknown_key(str(loc[-1]), known)
    elif kind == "missing":
        place = document.keys.get(loc[:-1], place)
        message = f"the key '{loc[-1]}' is missing"
    elif kind == "literal_error":
        expected = re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))
        message = f"'{error['input']}' is not one of the words that may stand here"
        hint = did_you_mean(str(error["input"]), expected)
    elif kind == "string_pattern_mismatch":
        place = document.keys.get(loc, place) if "[key]" in error["loc"] else place
        names = ID in error["ctx"]["pattern"]
        message = f"'{error['input']}' is no name: {NAMES}" if names else message
    elif kind in _SHAPES:
        message = _SHAPES[kind].format(**error.get("ctx", {}))
    return Problem(place, message, hint)


def _keys_at(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """The keys that the schema allows where an unknown one stands."""
    schema = model.model_json_schema(by_alias=True)
    node = schema
    for part in loc[:-1]:
        node = _resolve(schema, node)
        if isinstance(part, int):
            node = node.get("items", {})
        else:
            inner = node.get("properties", {}).get(part)
            named = iter(node.get("patternProperties", {}).values())
            node = inner or next(named, None) or node.get("additionalProperties") or {}
    return list(_resolve(schema, node).get("properties", {}))


def _resolve(schema: Any, node: Any) -> Any:
    return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
