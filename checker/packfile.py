"""The files of a pack as pydantic models: what may stand in them, and in which form."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

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
    sets: dict[str, str] = Field(default={}, description="State variables and their new values.")


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
    arises_on: Id
    in_doubt_on: str = ""
    survives_cure: Written = "true"
    exercised_by: Text
    words: Phrases = []
    says: Text


class StatePart(Part):
    """Something in force over time, changed by rules that set it."""

    type: str = "name"
    starts: Text


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
    falls_due: list[Literal["interest", "principal", "costs"]] = Field(
        default=[], description="The components that fall due under this clause."
    )
    ledger: dict[str, Any] = {}
    state: dict[Id, StatePart] = {}
    powers: dict[Id, Power] = {}
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
    parties: dict[Id, Party] = Field(min_length=1)
    indices: dict[Id, Index] = {}
    facts: dict[str, Any] = {}
    begins: dict[str, list[str]] = Field(
        default={}, description="Terms that are dates, and the kinds refused before them."
    )
    unruled: list[Unruled] = []
