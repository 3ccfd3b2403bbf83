"""The report: an evaluation at its close, as data of the published shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property, lru_cache
from itertools import chain, repeat
from operator import attrgetter
from typing import Any

from checker import __version__
from checker.account import Obligation, Split
from checker.accrual import Period
from checker.dates import Day, iso
from checker.evaluate import Evaluation, Result, Supposed
from checker.findings import Finding
from checker.language import show
from checker.model import Fact, Value
from checker.money import grouped, percent, plain

SCHEMA = "https://contract-compliance-checker.invalid/schema/report-1"
"""Names the shape; `.invalid` is the reserved domain that nobody can serve (RFC 2606)."""

BROKEN = ("breach", "event-of-default")
OPEN = ("needs-judgment", "needs-fact")

_quoted = json.encoder.encode_basestring


def report(result: Result) -> dict[str, Any]:
    """The report as plain data; money is text with two decimals, days are ISO dates."""
    evaluation, pack = result.evaluation, result.evaluation.pack
    findings = Findings(result).ordered()
    contracts = {fact.contract for fact in result.facts if fact.contract}
    return {
        "schema": SCHEMA,
        "contract": min(contracts) if contracts else pack.name,
        "pack": pack.name,
        "title": pack.title,
        "as_of": iso(result.as_of),
        "known_on": None if result.known_on is None else iso(result.known_on),
        "readings": dict(evaluation.terms.answers),
        "terms": _overridden(result),
        "amendments": [_amended(evaluation, n) for n in range(len(evaluation.terms.history))],
        "parties": {role: str(evaluation.state[role]) for role in pack.parties},
        "outcome": outcome(findings),
        "findings": findings,
        "obligations": obligations(result),
        "payments": [_payment(split) for split in evaluation.ledger.splits],
        "periods": _periods(evaluation),
        "balances": balances(evaluation),
        "powers": [_power(evaluation, name) for name in pack.powers],
        "missing": _missing(result),
        "warnings": _warnings(result),
        "next": _next(evaluation),
        "receipt": _receipt(result),
    }


def outcome(findings: Iterable[dict[str, Any]]) -> str:
    """`breach`, else `undetermined`, else `compliant`."""
    return overall({finding["outcome"] for finding in findings})


def overall(outcomes: Set[str]) -> str:
    """The outcome of all, where these are those of the findings."""
    if outcomes & set(BROKEN):
        return "breach"
    return "undetermined" if outcomes & set(OPEN) else "compliant"


def exit_code(data: dict[str, Any], fail_on: str) -> int:
    """1 for a breach, 3 for undetermined, 0 otherwise; `continuing` counts what is not cured."""
    broken = [f for f in data["findings"] if f["outcome"] in BROKEN]
    if fail_on == "continuing":
        broken = [f for f in broken if f["continuing"]]
    if broken:
        return 1
    return 3 if any(f["outcome"] in OPEN for f in data["findings"]) else 0


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By their days and names."""
    return sorted(findings, key=attrgetter("date", "id"))


class Findings:
    """The findings of a result as data, in the order of their days and names."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.owed = result.evaluation.ledger.obligations

    @cached_property
    def places(self) -> dict[str, int]:
        """Where the records stand among those in force."""
        return {fact.id: at for at, fact in enumerate(self.result.facts)}

    def ordered(self) -> list[dict[str, Any]]:
        """All of them."""
        return [self.one(finding) for finding in in_order(self.result.findings.values())]

    def one(self, finding: Finding) -> dict[str, Any]:
        """One of them."""
        evaluation = self.result.evaluation
        supposed = self.result.supposed.get(finding.about, ())
        return {
            "id": finding.id,
            "rule": finding.rule,
            "clause": finding.clause,
            "outcome": finding.outcome,
            "against": finding.against or None,
            "date": iso(finding.date),
            "amount": _plain(finding.amount),
            "obligation": self.obligation_of(finding),
            "continuing": evaluation.continuing(finding),
            "facts": self.facts_of(finding),
            "says": finding.says,
            "quote": finding.quote,
            "working": [*finding.working, *(_supposed(s) for s in supposed)],
            "provisional": finding.provisional,
            "revisions": self.revisions_of(finding),
        }

    def obligation_of(self, finding: Finding) -> str | None:
        """The id of the obligation that it is about, if it is one."""
        about = finding.about
        return about if about in self.owed else None

    def revisions_of(self, finding: Finding) -> list[dict[str, Any]]:
        """Later words on it, and who decided."""
        return [
            {
                "date": iso(revision.date),
                "outcome": revision.outcome,
                "says": revision.says,
                "facts": list(revision.facts),
                **self._decided(revision.facts),
            }
            for revision in finding.revisions
        ]

    def _decided(self, facts: Iterable[str]) -> dict[str, str | None]:
        """Who decided, why and on what, where a record behind a revision says it."""
        given = [self.result.facts[self.places[id_]] for id_ in facts if id_ in self.places]
        deed = next((f for f in given if "by" in f.values and "reason" in f.values), None)
        deed = deed or next((fact for fact in given if "by" in fact.values), None)
        values = {} if deed is None else deed.values
        about = values.get("about", values.get("of"))
        told = {"by": values.get("by"), "reason": values.get("reason"), "about": about}
        return {name: None if value is None else str(value) for name, value in told.items()}

    def facts_of(self, finding: Finding) -> list[str]:
        """The records that it rests on, in the order of their days."""
        if len(finding.facts) < 2:
            return list(finding.facts)
        places, facts = self.places, set(finding.facts)
        try:
            return sorted(facts, key=places.__getitem__)
        except KeyError:  # something that is no record stands last
            return sorted(facts, key=lambda fact: (places.get(fact, len(places)), fact))


def _supposed(supposed: Supposed) -> str:
    values = supposed.occurrence.values
    if "difference" not in values:
        return f"{supposed.supposition.says}: interest cannot be figured"
    principal, interest = int(values["principal"]), int(values.get("interest", 0))
    stated, figured = int(values["stated"]), int(values["figured"])
    return (
        f"{supposed.supposition.says}: {grouped(principal)} principal + {grouped(interest)} "
        f"interest = {grouped(principal + interest)}; "
        f"{grouped(stated)} − {grouped(figured)} = {grouped(stated - figured)}"
    )


def _overridden(result: Result) -> dict[str, str]:
    terms = result.evaluation.pack.terms
    return {
        name: show(value, terms[name].type) for name, value in sorted(result.choices.terms.items())
    }


def _amended(evaluation: Evaluation, number: int) -> dict[str, str]:
    amended = evaluation.terms.history[number]
    earlier = [a.value for a in evaluation.terms.history[:number] if a.term == amended.term]
    before = earlier[-1] if earlier else evaluation.pack.terms[amended.term].text
    return {
        "term": amended.term,
        "from": iso(amended.date),
        "before": before,
        "value": amended.value,
        "document": amended.document,
        "fact": amended.fact,
    }


def owed(result: Result) -> list[tuple[Obligation, str]]:
    """The obligations in the order in which they fell due, and the state of each."""
    fell_due = sorted(result.evaluation.ledger.obligations.values(), key=attrgetter("due"))
    return [(each, _state(each, result)) for each in fell_due]


def _state(obligation: Obligation, result: Result) -> str:
    state = obligation.state(result.as_of)
    if state == "defaulted" and obligation.id in result.doubtful:
        return "undetermined"  # whether it is in default waits for a fact
    return state


def in_grace(obligation: Obligation, state: str, day: Day) -> bool:
    """Whether it is due and within the days of grace."""
    return state == "due" and day > obligation.payable


def obligations(result: Result) -> list[dict[str, Any]]:
    """The obligations as data, in the order in which they fell due."""
    return [_obligation(each, state, result) for each, state in owed(result)]


def _obligation(obligation: Obligation, state: str, result: Result) -> dict[str, Any]:
    return {
        "id": obligation.id,
        "component": obligation.component,
        "clause": result.evaluation.pack.clause_of(obligation.component),
        "due": iso(obligation.due),
        "payable": iso(obligation.payable),
        "last_day": iso(obligation.last_day),
        "amount": plain(obligation.amount),
        "unpaid": plain(obligation.unpaid),
        "paid_on": None if obligation.paid_on is None else iso(obligation.paid_on),
        "state": state,
        "in_grace": in_grace(obligation, state, result.as_of),
        "cause": obligation.cause,
        "provisional": False,
    }


def _payment(split: Split) -> dict[str, Any]:
    return {
        "fact": split.fact,
        "date": iso(split.day),
        "amount": plain(split.amount),
        "interest": plain(split.interest),
        "principal": plain(split.principal),
        "prepaid": plain(split.prepaid),
        "accrued": plain(split.accrued),
        "costs": plain(split.costs),
        "charges": {name: plain(amount) for name, amount in split.charges.items()},
        "excess": plain(split.excess),
        "unapplied": plain(split.unapplied),
        "working": list(split.working),
        "provisional": split.period is not None,
        "trued_up_on": _trued_up(split),
    }


def _trued_up(split: Split) -> str | None:
    """When the period closed on whose provisional figure the split relied."""
    closed = split.period.closed_on if split.period is not None else None
    return None if closed is None else iso(closed)


def _periods(evaluation: Evaluation) -> list[dict[str, Any]]:
    accrual = evaluation.ledger.accrual
    return [
        _period(evaluation, p) for p in (*accrual.closed, accrual.as_if_closed(evaluation.today))
    ]


def _period(evaluation: Evaluation, period: Period) -> dict[str, Any]:
    fixing = period.fixing
    assert fixing is not None  # a closed period has its rate, and so has one seen as if closed
    return {
        "from": iso(period.start),
        "to": iso(period.due),
        "determined_on": iso(fixing.taken_on) if fixing.final else None,
        "index": fixing.reference or None,
        "observed": _percent(fixing.observed),
        "observed_on": None if fixing.observed_on is None else iso(fixing.observed_on),
        "margin": percent(fixing.margin + _last_added(period)),
        "cap": _percent(fixing.cap),
        "rate": None if fixing.base is None else percent(fixing.at(_last_added(period))),
        "rates": _rates(period),
        "interest": _plain(period.interest),
        "paid_on_account": plain(period.paid),
        "deferred": plain(period.deferred),
        "working": list(evaluation.ledger.working_of(period)),
        "provisional": not fixing.final,
    }


def _last_added(period: Period) -> int:
    return period.segments[-1].added if period.segments else 0


def _rates(period: Period) -> list[dict[str, str]]:
    """The stretches of days with their rates, where the days of a period have different ones."""
    fixing, stretches = period.fixing, list[tuple[int, int, int]]()
    for segment in period.segments:
        if stretches and stretches[-1][2] == segment.added:
            stretches[-1] = (stretches[-1][0], segment.until, segment.added)
        else:
            stretches.append((segment.since, segment.until, segment.added))
    if fixing is None or fixing.base is None or len(stretches) < 2:
        return []
    return [
        {"from": iso(since), "to": iso(until), "rate": percent(fixing.at(added))}
        for since, until, added in stretches
    ]


def balances(evaluation: Evaluation) -> dict[str, Any]:
    """What is owed and what may be drawn, at the close of the day."""
    return {name: _told(figure) for name, figure in figures(evaluation).items()}


def _told(figure: Any) -> Any:
    if isinstance(figure, Mapping):
        return {name: plain(cents) for name, cents in figure.items()}
    return figure if isinstance(figure, bool) else _plain(figure)


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """The balances in cents, and whether they are provisional."""
    position = evaluation.ledger.position(evaluation.today)
    return {
        "principal": position.principal,
        "principal_due": position.principal_due,
        "interest_due": position.interest_due,
        "accrued_interest": position.accrued,
        "interest_credit": position.credit,
        "costs_due": position.costs_due,
        "charges_due": position.charges_due,
        "total": position.total,
        "excess": sum(s.held for s in evaluation.ledger.surpluses),
        "available_to_draw": position.available,
        "per_diem": position.per_diem,
        "provisional": position.provisional,
    }


def _power(evaluation: Evaluation, name: str) -> dict[str, Any]:
    power = evaluation.pack.powers[name]
    state, since = evaluation.power(name)
    return {
        "id": name,
        "holder": power.holder,
        "clause": power.clause,
        "state": state,
        "since": None if since is None else iso(since),
        "says": power.says,
    }


def _missing(result: Result) -> list[dict[str, Any]]:
    """The facts that findings ask for, each once, with all that waits for it."""
    needs: dict[str, list[str]] = {}
    for finding in in_order(result.findings.values()):
        if finding.outcome != "needs-fact":
            continue
        for need in finding.needs or [revision.says for revision in finding.revisions[-1:]]:
            waiting = needs.setdefault(need, [])
            waiting += [finding.id, *_waiting(result.evaluation, finding)]
    return [
        {"fact": need, "needed_for": list(dict.fromkeys(waiting))}
        for need, waiting in needs.items()
    ]


def _warnings(result: Result) -> list[dict[str, str]]:
    """Records that speak of what has not occurred: no record, amount or finding bears that id."""
    evaluation, ledger = result.evaluation, result.evaluation.ledger
    known = {*ledger.obligations, *ledger.instalments.fallen, *(fact.id for fact in result.facts)}
    for id_, finding in result.findings.items():
        known |= {id_} if finding.outcome == "information" else {id_, finding.about}
    found = []
    for fact in result.facts:
        for name, field in evaluation.pack.kinds[fact.kind].fields.items():
            target = fact.values.get(name)
            if field.type != "target" or target is None:
                continue
            occasion, _, day = str(target).partition("/")
            came = occasion in evaluation.pack.occasions and day <= iso(result.as_of)
            if target not in known and not came:
                says = (
                    f"The {fact.kind} of {iso(fact.date)} is of {target}, and nothing of that id "
                    f"has occurred by {iso(result.as_of)}."
                )
                found.append({"fact": fact.id, "says": says})
    return found + list(_unheeded(result))


def _unheeded(result: Result) -> Iterator[dict[str, str]]:
    """Records of kinds that the pack does nothing with: the first of each kind stands for all."""
    kinds: dict[str, list[str]] = {}
    for fact in result.facts:
        if not result.evaluation.engines.heeds(fact.kind):
            kinds.setdefault(fact.kind, []).append(fact.id)
    for kind, ids in kinds.items():
        count = f"{len(ids)} record{'s' if len(ids) > 1 else ''} of that kind"
        says = f"Nothing in this pack looks for a {kind}: {count} had no effect."
        yield {"fact": ids[0], "says": says}


def _waiting(evaluation: Evaluation, finding: Finding) -> list[str]:
    """The obligation of a period that cannot be figured, and the payments left for want of it."""
    accrual = evaluation.ledger.accrual
    for period in (*accrual.closed, accrual.period):
        if period.obligation == finding.about:
            return [period.obligation, *(fact for _day, fact in period.starved)]
    return []


def _next(evaluation: Evaluation) -> list[dict[str, str]]:
    """What is due and can still be paid without default, what falls due next, and open windows."""
    found = [*_next_to_pay(evaluation), *_next_due(evaluation), *_open_windows(evaluation)]
    return sorted(found, key=lambda entry: (entry["date"], entry["id"], entry["what"]))


def _next_to_pay(evaluation: Evaluation) -> Iterator[dict[str, str]]:
    for o in evaluation.ledger.obligations.values():
        if o.unpaid and o.missed_on is None:
            yield {
                "date": iso(o.last_day),
                "what": "last day to pay",
                "id": o.id,
                "amount": plain(o.unpaid),
            }


def _next_due(evaluation: Evaluation) -> Iterator[dict[str, str]]:
    ledger, today, settled = evaluation.ledger, evaluation.today, evaluation.arrangement
    if ledger.accrual.principal:
        period = ledger.accrual.period
        yield {"date": iso(period.due), "what": "interest falls due", "id": period.obligation}
    matures = settled.matures
    if ledger.principal_not_due and matures is not None and matures > today:
        yield {
            "date": iso(matures),
            "what": "principal falls due",
            "id": f"principal/{iso(matures)}",
            "amount": plain(ledger.principal_not_due),
        }
    for fee in ledger.fees:
        day = fee.dates.next_after(max(today, fee.counted))
        yield {"date": iso(day), "what": "a fee falls due", "id": f"{fee.name}/{iso(day)}"}


def _open_windows(evaluation: Evaluation) -> Iterator[dict[str, str]]:
    """Findings with a last day that is still to come, and that nothing has answered."""
    for _day, _count, _rule, id_, values in evaluation.windows.pending:
        finding, until = evaluation.findings[id_], int(values["until"])
        if until >= evaluation.today and evaluation.unanswered(finding):
            yield {"date": iso(until), "what": "last day", "id": id_}


def _receipt(result: Result) -> dict[str, Any]:
    return {
        "checker": __version__,
        "engine": result.evaluation.engines.name,
        "facts_asserted": result.asserted,
        "matches": result.matches,
        "pack_sha256": result.evaluation.pack.sha256,
        "facts_sha256": facts_hash(result.facts),
    }


def facts_hash(facts: Iterable[Fact]) -> str:
    """The SHA-256 of the facts in force, in their order, as canonical JSON (RFC 8785), a line each.

    Names are of ASCII and values are text: for these, JSON with sorted keys and without blanks is
    canonical, its strings as Python's own encoder writes them.
    """
    lines = [f'{{"contract":{_quoted(f.contract)}{f.line_end or line_end(f)}' for f in facts]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def line_end(fact: Fact) -> str:
    """What follows the contract in the line of a fact."""
    values, names = fact.values, tuple(sorted(fact.values))
    told = [told_day(fact.date), told_value(fact.id), told_day(fact.recorded)]
    told += [told_value(fact.source), *[told_value(values[name]) for name in names], ""]
    return "".join(chain.from_iterable(zip(_between(fact.kind, names), told, strict=True)))


def line_ends(
    kind: str,
    common: Iterable[Iterable[str]],
    values: Mapping[str, Iterable[str]],
) -> Iterator[str]:
    """The same of many facts of one kind with the same fields, by columns of what is told of them.

    `common` are date, id, day of recording and source.
    """
    names = sorted(values)
    columns = (*common, *(values[name] for name in names), repeat(""))
    between = map(repeat, _between(kind, tuple(names)))
    return map("".join, zip(*chain.from_iterable(zip(between, columns, strict=True)), strict=False))


def told_value(value: Value) -> str:
    """A value as the lines hold it."""
    return _quoted(str(value))


def told_day(day: Day) -> str:
    """The date of a record, or the day of its recording, as the lines hold it."""
    return f'"{iso(day)}"'


_HOLE = "\0"  # JSON holds none


@lru_cache(1 << 12)
def _between(kind: str, names: Sequence[str]) -> Sequence[str]:
    """What stands before date, id, day of recording, source and the values, and behind them all."""
    values = f',"values":{{{",".join(f"{_quoted(name)}:{_HOLE}" for name in names)}}}}}\n'
    common = f',"date":{_HOLE},"id":{_HOLE},"kind":{_quoted(kind)},"recorded":{_HOLE},"source":'
    return f"{common}{_HOLE}{values}".split(_HOLE)


def _plain(cents: int | None) -> str | None:
    return None if cents is None else plain(cents)


def _percent(rate: int | None) -> str | None:
    return None if rate is None else percent(rate)
