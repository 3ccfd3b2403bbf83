"""Why, and why not: a finding, a rule, an amount, a period, a record, a power or a term."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any

from checker.dates import iso, parse_day
from checker.findings import Finding
from checker.inquiry import Inquiry
from checker.language import show
from checker.model import Fact, Place, Problem, WrongInput, did_you_mean
from checker.questions import identity
from checker.questions.cure import alternatives, moment_of
from checker.questions.hypothetical import row as payment_row
from checker.questions.hypothetical import words_of
from checker.questions.telling import Page, money, told
from checker.questions.tree import Seen, Watched, conditions, lacking, nearest, watch
from checker.rules import Rule
from checker.text import revised
from checker.timeline import effective

Data = dict[str, Any]

MOST = 3
"""How many applications of one rule are told whole."""


def explain(inquiry: Inquiry, id_: str) -> Data:
    """Why it is so, or why it is not; WrongInput where nothing bears the id."""
    return _Explained(inquiry).answer(id_)


@dataclass
class _Explained:
    inquiry: Inquiry

    @cached_property
    def report(self) -> Data:
        return self.inquiry.report

    @cached_property
    def facts(self) -> dict[str, Fact]:
        """The records in force."""
        asked = self.inquiry
        return {fact.id: fact for fact in effective(asked.facts, asked.as_of, asked.known_on)}

    @cached_property
    def findings(self) -> dict[str, Data]:
        return {found["id"]: found for found in self.report["findings"]}

    @cached_property
    def obligations(self) -> dict[str, Data]:
        return {row["id"]: row for row in self.report["obligations"]}

    @cached_property
    def periods(self) -> dict[str, Data]:
        """Interest periods by `period/` and the day that ends them."""
        return {f"period/{row['to']}": row for row in self.report["periods"]}

    @cached_property
    def rules(self) -> dict[str, list[Rule]]:
        """Rules by their own names, and by those under which their findings are told."""
        found: dict[str, list[Rule]] = {}
        for rule in self.inquiry.pack.rules.values():
            for name in dict.fromkeys((rule.under, rule.id)):
                found.setdefault(name, []).append(rule)
        return found

    # What is asked about --------------------------------------------------------------------------

    def answer(self, id_: str) -> Data:
        """The answer about whatever bears the id."""
        parts: Data = {
            "what": "", "says": [], "clause": None, "words": [], "figures": [], "working": [],
            "rules": [], "facts": [], "revisions": [], "turns_on": [], "avoided": [], "related": [],
        }  # fmt: skip
        parts |= self._parts(id_)
        report = self.report
        head = {name: report[name] for name in ("contract", "pack", "title", "as_of", "known_on")}
        return {"schema": identity("explain"), **head, "id": id_, **parts}

    def _parts(self, id_: str) -> Data:
        ledger = self.inquiry.result.evaluation.ledger
        rule, _, about = id_.partition("/")
        interest = id_.replace("interest/", "period/", 1)
        tellers: Sequence[tuple[bool, Callable[[str], Data]]] = (
            (id_ in self.findings, self._finding),
            (id_ in self.obligations, self._obligation),
            (id_ in ledger.instalments.fallen, self._instalment),
            (id_ in self.periods, self._period),
            (interest in self.periods, lambda _id: self._period(interest)),
            (id_ in self.facts, self._fact),
            (id_ in self.rules, self._rule),
            (id_ in self.inquiry.pack.powers, self._power),
            (id_ in self.inquiry.pack.terms, self._term),
            (rule in self.rules and self._known(about), self._absent),
        )
        for applies, tell in tellers:
            if applies:
                return tell(id_)
        known = list(self._ids())
        hint = did_you_mean(id_, known) or f"such ids are: {', '.join(known[:8])}, …"
        message = f"nothing bears the id '{id_}' at the close of {self.report['as_of']}"
        raise WrongInput([Problem(Place("ID", 1, 1, id_), message, hint)])

    def _known(self, about: str) -> bool:
        return about in self.obligations or about in self.facts or about in self.findings

    def _ids(self) -> Iterator[str]:
        pack, ledger = self.inquiry.pack, self.inquiry.result.evaluation.ledger
        yield from (*self.findings, *self.obligations, *self.periods, *self.facts, *self.rules)
        yield from (*pack.powers, *pack.terms, *ledger.instalments.fallen)

    # Findings and rules ---------------------------------------------------------------------------

    def _finding(self, id_: str) -> Data:
        told, found = self.findings[id_], self.inquiry.result.findings[id_]
        rules = list(self.rules.get(found.rule, []))
        rules += [self.inquiry.pack.rules[revision.rule] for revision in found.revisions]
        applied = [row for each in self._watched(rules) if (row := self._applied(each, found))]
        return {
            "what": "finding",
            "says": [told["says"], _outcome(told)],
            "clause": told["clause"],
            "words": [told["quote"]] if told["quote"] else [],
            "figures": _figures(told, ("outcome", "against", "date", "amount", "obligation")),
            "working": told["working"],
            "rules": applied,
            "facts": self._facts(found.facts),
            "revisions": told["revisions"],
            "turns_on": list(self._turns_on(lambda report: _stand(report, id_))),
            "avoided": [*self._paid_in_time(found), *_boundaries(applied)],
            "related": self._related(found.about, id_),
        }

    def _watched(self, rules: Iterable[Rule]) -> list[Watched]:
        return watch(self.inquiry, list({rule.id: rule for rule in rules}.values()))

    def _applied(self, watched: Watched, found: Finding) -> Data | None:
        """Where the rule applied to what the finding is about."""
        names = {found.about, found.id}
        bound = [
            each for each in watched.found()
            if any(names & set(map(str, seen.occurrence.values.values())) for seen in each.values())
        ]  # fmt: skip
        if not bound:
            return None
        return _rule_row(watched, bound[:MOST], fired=True)

    def _rule(self, id_: str) -> Data:
        """A rule: where it applied, or what came nearest."""
        watched = self._watched(self.rules[id_])
        found = [f for f in self.report["findings"] if f["rule"] == id_]
        rules = [self._rule_told(each, "") for each in watched]
        fired = sum(1 for each in watched for _ in each.found())
        own = [each.rule for each in watched if each.rule.id == id_] or [watched[0].rule]
        times = f"applied {fired} time{'' if fired == 1 else 's'}" if fired else "found nothing"
        return {
            "what": "rule",
            "says": [f"The rule {id_} {times} until the close of {self.report['as_of']}."],
            "clause": own[0].clause,
            "words": [rule.quote for rule in own if rule.quote],
            "rules": rules,
            "avoided": [] if fired else _boundaries(rules),
            "related": [{"id": each["id"], "says": each["says"]} for each in found],
        }

    def _absent(self, id_: str) -> Data:
        """A finding that was not made: its rule, over what it would have been about."""
        name, _, about = id_.partition("/")
        watched = self._watched(r for r in self.rules[name] if r.under == name and not r.revises)
        rules = [self._rule_told(each, about) for each in watched]
        return {
            "what": "no-finding",
            "says": [f"There is no {name} about {about} at the close of {self.report['as_of']}."],
            "clause": watched[0].rule.clause if watched else None,
            "words": [each.rule.quote for each in watched if each.rule.quote],
            "rules": rules,
            "facts": self._facts([about]) if about in self.facts else [],
            "avoided": _boundaries(rules),
            "related": self._related(about, id_),
        }

    @staticmethod
    def _rule_told(watched: Watched, about: str) -> Data:
        bound = [] if about else list(watched.found())
        if bound:
            return _rule_row(watched, bound[:MOST], fired=True)
        return _rule_row(watched, nearest(watched, about), fired=False)

    def _paid_in_time(self, found: Finding) -> Iterator[str]:
        """The payment that would have avoided a default in an amount."""
        owed = self.obligations.get(found.about)
        if owed is None or found.outcome == "met" or owed["last_day"] >= iso(found.date):
            return
        last = parse_day(owed["last_day"])
        amount = moment_of(self.inquiry.at(last), found.about)
        if amount is not None:
            yield f"a payment of {money(amount)} on {owed['last_day']}, the last day"

    # Amounts, periods, records --------------------------------------------------------------------

    def _obligation(self, id_: str) -> Data:
        row = self.obligations[id_]
        owed = self.inquiry.result.evaluation.ledger.obligations[id_]
        cause = f"by {row['cause']}" if row["cause"] != "incurred" else "when it was incurred"
        period = (
            self.periods.get(f"period/{row['due']}") if row["component"] == "interest" else None
        )
        working = list(owed.working)
        return {
            "what": "obligation",
            "says": [
                f"{money(row['amount'])} of {row['component']} fell due on {row['due']} {cause}; "
                f"{row['last_day']} is the last day to pay it.",
                f"At the close of {self.report['as_of']} it is {row['state']}, "
                f"{money(row['unpaid'])} unpaid.",
            ],
            "clause": row["clause"] or None,
            "figures": _figures(
                row, ("amount", "unpaid", "due", "payable", "last_day", "paid_on", "state")
            )
            + (_figures(period, _PERIOD) if period else []),
            "working": working or (period["working"] if period else []),
            "facts": self._facts(owed.facts),
            "turns_on": list(self._turns_on(lambda report: _owed(report, id_))),
            "related": self._related(id_, id_),
        }

    def _instalment(self, id_: str) -> Data:
        ledger = self.inquiry.result.evaluation.ledger
        whole = ledger.instalments.fallen[id_]
        parts = [owed for owed in ledger.obligations.values() if owed.instalment is whole]
        rows = [self.obligations[part.id] for part in parts]
        return {
            "what": "instalment",
            "says": [
                f"The instalment due {iso(whole.due)} is of {', '.join(r['id'] for r in rows)}."
            ],
            "figures": [figure for r in rows for figure in _figures(r, ("id", "amount", "unpaid"))],
            "working": [line for part in parts for line in part.working],
            "facts": self._facts(fact for part in parts for fact in part.facts),
            "related": self._related(id_, id_),
        }

    def _period(self, id_: str) -> Data:
        row = self.periods[id_]
        ledger = self.inquiry.result.evaluation.ledger
        periods = (*ledger.accrual.closed, ledger.accrual.as_if_closed(self.inquiry.as_of))
        period = next(each for each in periods if iso(each.due) == row["to"])
        rates = period.fixing.facts if period.fixing else ()
        state = "provisional" if row["provisional"] else f"final since {row['determined_on']}"
        return {
            "what": "period",
            "says": [
                f"From {row['from']} to {row['to']} interest is {money(row['interest'])}, {state}."
            ],
            "clause": self.inquiry.pack.clause_of("interest") or None,
            "figures": _figures(row, _PERIOD),
            "working": row["working"],
            "facts": self._facts((*period.facts, *rates)),
            "turns_on": list(self._turns_on(lambda report: _borne(report, row["from"]))),
            "related": self._related(period.obligation, id_),
        }

    def _fact(self, id_: str) -> Data:
        fact = self.facts[id_]
        if fact.kind == "payment":
            return self._payment(fact)
        return {
            "what": "fact",
            "says": [f"{id_} is a record of the kind {fact.kind}, dated {iso(fact.date)}."],
            "facts": self._facts([id_]),
            "related": self._resting(id_),
        }

    def _payment(self, fact: Fact) -> Data:
        split = payment_row(self.report, fact.id)
        assert split is not None  # a payment in force has its split
        on = self.inquiry.at(fact.date)
        before = on.with_facts(f for f in self.inquiry.facts if f.id != fact.id).report
        unpaid = {row["id"]: row["unpaid"] for row in before["obligations"]}
        served = [
            {
                "name": row["id"],
                "value": f"{money(unpaid[row['id']])} unpaid, then {money(row['unpaid'])}",
            }
            for row in on.report["obligations"]
            if unpaid.get(row["id"], row["unpaid"]) != row["unpaid"]
        ]
        arrangement = on.result.evaluation.ledger.arrangement
        due, ahead = ", ".join(arrangement.order_due), ", ".join(arrangement.order_prepayment)
        says = [f"{money(split['amount'])} was paid on {split['date']}.",
                f"What is due is paid in the order {due}; of what is left, {ahead}."]  # fmt: skip
        if designation := fact.values.get("designation"):
            says.append(f"The payer designated it to {designation}.")
        words = words_of(self.inquiry.pack, self.report, split)
        return {
            "what": "payment",
            "says": says,
            "clause": words[0]["clause"] if words else None,
            "words": [each["words"] for each in words],
            "figures": [*_figures(split, _SPLIT), *served],
            "working": split["working"],
            "facts": self._facts([fact.id]),
            "turns_on": list(self._turns_on(lambda report: _split(report, fact.id))),
            "related": self._resting(fact.id),
        }

    # Powers and terms -----------------------------------------------------------------------------

    def _power(self, id_: str) -> Data:
        power, evaluation = self.inquiry.pack.powers[id_], self.inquiry.result.evaluation
        state = evaluation.power(id_)[0]
        survives = bool(power.survives_cure.evaluate({}, evaluation.terms))
        ends = (
            "Cure does not end it."
            if survives
            else "It ends when nothing that it arose on continues."
        )
        arises = " or ".join(power.arises_on)
        found = [f for f in self.report["findings"] if f["rule"] in power.arises_on]
        used = [f.id for f in self.facts.values() if f.kind == power.exercised_by]
        return {
            "what": "power",
            "says": [power.says, f"It is {state}. It arises on {arises}. {ends}"],
            "clause": power.clause,
            "words": self._claimed(f"power {id_}"),
            "figures": [
                {"name": "state", "value": state},
                {"name": "holder", "value": power.holder},
            ],
            "facts": self._facts(used),
            "turns_on": list(self._turns_on(lambda report: _power_state(report, id_))),
            "related": [{"id": f["id"], "says": f["says"]} for f in found],
        }

    def _term(self, id_: str) -> Data:
        term, terms = self.inquiry.pack.terms[id_], self.inquiry.result.evaluation.terms
        value, signed = show(terms.lookup(id_), term.type), show(term.value, term.type)
        history = [each for each in terms.history if each.term == id_]
        question = terms.question_of(id_)
        by = "the contract as signed"
        if id_ in self.inquiry.choices.terms:
            by = "the user (--term)"
        if history:
            last = history[-1]
            by = f"the amendment {last.fact} of {iso(last.date)}, {last.document}"
        if question and show(terms.values[id_], term.type) != value:
            by = f"the reading {question}={terms.answers[question]}"
        under = terms.alternatives(id_) if question else {}
        return {
            "what": "term",
            "says": [f"{id_} is {value}, set by {by}."],
            "clause": term.clause or None,
            "words": list(term.words),
            "figures": [
                {"name": "at signing", "value": signed},
                {"name": "in force", "value": value},
            ]
            + ([{"name": "source", "value": term.source}] if term.source else []),
            "facts": self._facts(each.fact for each in history),
            "turns_on": [
                self._reading(str(question), answer, show(other, term.type))
                for answer, other in under.items()
                if show(other, term.type) != value
            ],
        }

    def _claimed(self, by: str) -> list[str]:
        return [claim.phrase for claim in self.inquiry.pack.claims if claim.by == by]

    # What it rests on -----------------------------------------------------------------------------

    def _facts(self, ids: Iterable[str]) -> list[Data]:
        """The records, with where they stand and what evidences them."""
        facts = [self.facts[id_] for id_ in dict.fromkeys(ids) if id_ in self.facts]
        return [
            {
                "id": fact.id,
                "kind": fact.kind,
                "date": iso(fact.date),
                "recorded": iso(fact.recorded),
                "source": fact.source or None,
                "place": f"{fact.place.file}:{fact.place.line}" if fact.place.file else None,
            }
            for fact in facts
        ]

    def _related(self, about: str, id_: str) -> list[Data]:
        """The other findings about the same."""
        findings = self.inquiry.result.findings
        return [
            {"id": found["id"], "says": found["says"]}
            for found in self.report["findings"]
            if findings[found["id"]].about == about and found["id"] != id_
        ]

    def _resting(self, fact: str) -> list[Data]:
        """The findings that rest on a record, or are revised by it."""
        return [
            {"id": found["id"], "says": found["says"]}
            for found in self.report["findings"]
            if fact in found["facts"] or any(fact in r["facts"] for r in found["revisions"])
        ]

    def _turns_on(self, look: Callable[[Data], str]) -> Iterator[Data]:
        """The other answers, each alone, under which it is otherwise."""
        as_it_is = look(self.report)
        for question, answer in alternatives(self.inquiry):
            instead = look(self.inquiry.read({question: answer}).report)
            if instead != as_it_is:
                yield self._reading(question, answer, instead)

    def _reading(self, question: str, answer: str, instead: str) -> Data:
        phrase = " ".join(self.inquiry.pack.questions[question].phrase.split())
        return {"question": question, "answer": answer, "phrase": phrase, "instead": instead}


# How a thing stands in a report ------------------------------------------------------------------

_PERIOD = (
    "from", "to", "determined_on", "index", "observed", "observed_on", "margin", "cap", "rate",
    "interest", "paid_on_account",
)  # fmt: skip
_SPLIT = ("amount", "interest", "principal", "prepaid", "costs", "excess", "unapplied")
_MONEY = ("amount", "unpaid", *_SPLIT, "paid_on_account")


def _figures(row: Mapping[str, Any], names: Iterable[str]) -> list[Data]:
    """Those figures of a row that there are."""
    return [
        {"name": name.replace("_", " "), "value": money(row[name]) if name in _MONEY else row[name]}
        for name in names
        if row[name] is not None
    ]


def _outcome(found: Data) -> str:
    against = f" against the {found['against']}" if found["against"] else ""
    going_on = "it continues" if found["continuing"] else "it does not continue"
    return f"Its outcome is {found['outcome']}{against}; {going_on}."


def _stand(report: Data, id_: str) -> str:
    found = next((f for f in report["findings"] if f["id"] == id_), None)
    if found is None:
        return "not found"
    amount = f", {money(found['amount'])}" if found["amount"] else ""
    return f"{found['outcome']} on {found['date']}{amount}"


def _owed(report: Data, id_: str) -> str:
    row = next((o for o in report["obligations"] if o["id"] == id_), None)
    if row is None:
        return "no such amount falls due"
    return f"{money(row['amount'])}, last day {row['last_day']}, {row['state']}"


def _borne(report: Data, start: str) -> str:
    row = next((p for p in report["periods"] if p["from"] == start), None)
    if row is None:
        return "no period begins then"
    return f"{money(row['interest'])} at {row['rate']} until {row['to']}"


def _split(report: Data, fact: str) -> str:
    row = payment_row(report, fact)
    if row is None:
        return "not applied"
    parts = ", ".join(f"{part} {money(row[part])}" for part in _SPLIT[1:] if row[part] != "0.00")
    return parts + (", provisional" if row["provisional"] else "")


def _power_state(report: Data, id_: str) -> str:
    row = next(power for power in report["powers"] if power["id"] == id_)
    return f"{row['state']} since {row['since']}" if row["since"] else str(row["state"])


# Rules as data -----------------------------------------------------------------------------------


def _rule_row(watched: Watched, bound: Sequence[Mapping[str, Seen]], *, fired: bool) -> Data:
    """A rule with what it looked at, each time with its conditions over it."""
    rule = watched.rule
    written = [
        {"alias": p.alias, "text": f"{'unless ' if p.negated else ''}{p.text}"}
        for p in watched.patterns
    ]
    return {
        "rule": rule.id,
        "clause": rule.clause,
        "fired": fired,
        "when": written,
        "looked_at": [_looked_at(watched, number, each) for number, each in enumerate(bound, 1)]
        or [_nothing(watched)],
    }


def _nothing(watched: Watched) -> Data:
    lacked = next((p for p in watched.patterns if not watched.shown(p)), watched.patterns[0])
    kinds = " or ".join(lacked.kinds)
    return {"number": 1, "lacks": f"nothing of the kind {kinds} was told", "seen": []}


def _looked_at(watched: Watched, number: int, bound: Mapping[str, Seen]) -> Data:
    seen, lacks = [], []
    for pattern in watched.patterns:
        if pattern.negated:
            continue
        own = bound.get(pattern.alias)
        if own is None:
            lacks.append(f"nothing of the kind {' or '.join(pattern.kinds)} was told")
            continue
        others = {alias: each for alias, each in bound.items() if alias != pattern.alias}
        rows = list(conditions(pattern.tree, own, others))
        if lacking(pattern.tree, own, others):
            lacks += [row["text"] for row in rows if not row["holds"] and not _joined(row)]
        day = own.occurrence.values.get("date")
        seen.append(
            {
                "alias": pattern.alias,
                "kind": own.occurrence.kind,
                "subject": own.subject,
                "date": iso(day) if isinstance(day, int) else None,
                "conditions": rows,
            }
        )
    return {"number": number, "lacks": "; ".join(lacks) or None, "seen": seen}


def _joined(row: Data) -> bool:
    return row["text"] in ("all of these", "any of these")


def _boundaries(rules: Iterable[Data]) -> list[str]:
    """By how much comparisons held or failed, the nearest of each rule."""
    found = []
    for rule in rules:
        for looked in rule["looked_at"][:1]:
            for seen in looked["seen"]:
                for row in seen["conditions"]:
                    if row["by"] is not None:
                        held = "held" if row["holds"] else "failed"
                        found.append(f"{seen['subject']}: {row['text']} {held} by {row['by']}")
    return list(dict.fromkeys(found))


# As text -----------------------------------------------------------------------------------------


def render(data: Data, out: IO[str] | None = None) -> str:
    """The answer as text."""
    return told(lambda page: _show(page, data), out)


def _show(page: Page, data: Data) -> None:
    known = f", as known on {data['known_on']}" if data["known_on"] else ""
    page.line(f"{data['title']}: {data['id']}", "bold")
    page.line(f"{data['what'].replace('-', ' ')}, at the close of {data['as_of']}{known}")
    page.line()
    for sentence in data["says"]:
        page.indented(sentence)
    for revision in data["revisions"]:
        page.indented(revised(revision), 2, "magenta")
    if data["words"]:
        page.heading(f"Words (clause {data['clause']})")
        for words in data["words"]:
            page.indented(f"“{words}”", 2, "italic")
    for rule in data["rules"]:
        _show_rule(page, rule)
    _show_figures(page, data)
    if data["turns_on"]:
        page.heading("Otherwise under another reading")
    for row in data["turns_on"]:
        page.indented(f"{row['question']}={row['answer']} (“{row['phrase']}”): {row['instead']}")
    for title, lines in (
        ("What would have changed it", data["avoided"]),
        ("See also", [f"{row['id']}: {row['says']}" for row in data["related"]]),
    ):
        if lines:
            page.heading(title)
        for line in lines:
            page.indented(line)


def _show_figures(page: Page, data: Data) -> None:
    if data["figures"]:
        page.heading("Figures")
    for row in data["figures"]:
        page.indented(f"{row['name']}: {row['value']}")
    if data["working"]:
        page.heading("Working")
    for line in data["working"]:
        page.indented(line)
    if data["facts"]:
        page.heading("Facts")
    for fact in data["facts"]:
        source = f"; {fact['source']}" if fact["source"] else ""
        place = f", {fact['place']}" if fact["place"] else ""
        page.indented(f"{fact['id']}: {fact['kind']} of {fact['date']}{place}{source}")


def _show_rule(page: Page, rule: Data) -> None:
    page.heading(f"Rule {rule['rule']} (clause {rule['clause']}), {_fired(rule)}")
    for pattern in rule["when"]:
        page.indented(f"{pattern['alias']}: {pattern['text']}")
    for looked in rule["looked_at"]:
        for seen in looked["seen"]:
            when = f" of {seen['date']}" if seen["date"] else ""
            page.indented(f"{seen['alias']} = {seen['kind']} {seen['subject']}{when}", 6)
            for row in seen["conditions"]:
                page.indented(_condition(row), 10 + 2 * row["level"], "" if row["holds"] else "red")
        if looked["lacks"]:
            page.indented(f"lacked: {looked['lacks']}", 6)


def _fired(rule: Data) -> str:
    return "which applied" if rule["fired"] else "which found nothing; the nearest:"


def _condition(row: Data) -> str:
    sides = " against ".join(side for side in (row["left"], row["right"]) if side is not None)
    by = f", by {row['by']}" if row["by"] is not None else ""
    return f"{'holds' if row['holds'] else 'fails'}  {row['text']}" + (
        f"  ({sides}{by})" if sides else ""
    )
