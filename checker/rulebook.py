"""The rules of a pack: read from its clauses, compiled, and put in the order of their asking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checker import packfile
from checker.desk import Desk, File, Path_
from checker.language import TEXTS, Misspoken, Scope, Sentence, Typed, parse_sentence
from checker.model import Kind, Place, did_you_mean
from checker.pack import OWN_WORDS, State, plain_words
from checker.patterns import refused
from checker.rules import (
    Call,
    Charge,
    FieldTypes,
    PatternCompiler,
    Projections,
    Rule,
    Transfer,
    Vote,
    engine_rules,
    kinds_and_condition,
    resolve_text,
)
from checker.source import load_yaml, read_source

LAPSED = "-lapsed"
"""Follows the name of a rule that sets a last day: the kind that tells that it has passed."""


@dataclass(frozen=True)
class _Spot:
    """Where a rule stands, and what its expressions may speak of."""

    desk: Desk
    file: File
    path: Path_
    scope: Scope

    def typed(self, text: str, *types: str, at: Path_) -> Typed | None:
        """The expression at `at`, of one of the types; None where there is none, or a wrong one."""
        if not text:
            return None
        try:
            found = resolve_text(text, self.scope)
        except Misspoken as error:
            self.desk.misspoken(self.file, (*self.path, *at), text, error)
            return None
        if found.type not in types:
            place = self.file.place(*self.path, *at)
            self.desk.wrong(place, f"expected a {types[0]} here, not a {found.type}")
            return None
        return found

    def known(self, name: str, names: Iterable[str], what: str, at: Path_) -> bool:
        """Whether the name at `at` is one of these; a problem where it is not."""
        if name in names:
            return True
        message = f"unknown {what} '{name}'"
        self.desk.wrong(self.file.place(*self.path, *at), message, did_you_mean(name, names))
        return False

    def sentence(self, text: str, *at: str | int) -> Sentence | None:
        """The sentence at `at`; None where a hole of it means nothing."""
        words = plain_words(text)
        try:
            return parse_sentence(words, self.scope)
        except Misspoken as error:
            self.desk.misspoken(self.file, (*self.path, *at), words, error)
            return None


@dataclass
class RuleBook:
    """Reads the rules; `names` are what they may speak of besides the fields of facts."""

    desk: Desk
    contract: packfile.Contract
    kinds: Mapping[str, Kind]
    states: Mapping[str, State]
    names: FieldTypes
    own: Mapping[str, tuple[FieldTypes, str]]  # kinds that this pack's loop tells
    components: tuple[str, ...]
    projections: Projections = field(default_factory=Projections)

    def __post_init__(self) -> None:
        self.field_types = self._field_types()

    def _field_types(self) -> dict[str, FieldTypes]:
        kinds: dict[str, FieldTypes] = {}
        questions = tuple(name for file in self.desk.files for name in file.clause.judgments)
        for name, kind in self.kinds.items():
            fields = {f.name: (f.type, f.choices) for f in kind.fields.values()}
            fields |= {"id": ("fact", ()), "date": ("date", ()), "recorded": ("date", ())}
            fields |= {"kind": ("word", tuple(self.kinds))}
            if name == "judgment":
                fields["asked"] = ("word", (*questions, OWN_WORDS))
            kinds[name] = fields
        for name, (fields_, _named, _standing) in derived_kinds().items():
            typed = {f: self._of_component(field_) for f, field_ in fields_.items()}
            kinds[name] = {"date": ("date", ()), **typed}
        for name, (fields_, _named) in self.own.items():
            kinds[name] = {"date": ("date", ()), **fields_}
        kinds["finding"] = _finding_fields()
        firsts = {
            rule: kinds_and_condition(next(iter(part.when.values())))[0]
            for file in self.desk.files
            for rule, part in file.clause.rules.items()
            if rule not in kinds
        }

        def fields_of(kind: str, trail: tuple[str, ...]) -> FieldTypes:
            """A finding has its own fields, and those of what its rule first looked for."""
            if kind in kinds or kind in trail:
                return kinds.get(kind, {})
            inner = [fields_of(k, (*trail, kind)) for k in firsts.get(kind, ())]
            inherited = {name: field_ for fields in inner for name, field_ in fields.items()}
            return {**inherited, **_finding_fields()} if kind in firsts else {}

        def lapsed(kind: str) -> FieldTypes:
            more = {"until": ("date", ()), "unpaid": ("money", ())}
            return {**fields_of(kind.removesuffix(LAPSED), ()), **more}

        windows = [f"{rule}{LAPSED}" for rule in self.windows()]
        firsts |= dict.fromkeys(windows, ())  # what lapsed may be looked for first of all
        kinds |= {name: {} for name in windows}
        found = kinds | {rule: fields_of(rule, ()) for rule in firsts if rule not in kinds}
        return found | {name: lapsed(name) for name in windows}

    def windows(self) -> list[str]:
        """The rules that set a last day."""
        return [
            name
            for file in self.desk.files
            for name, part in file.clause.rules.items()
            if part.then.until
        ]

    def _lapses(self, name: str) -> bool:
        """Whether the name is the kind that tells that another rule's last day has passed."""
        return name.endswith(LAPSED) and name.removesuffix(LAPSED) in self.windows()

    def _of_component(self, field_: tuple[str, tuple[str, ...]]) -> tuple[str, tuple[str, ...]]:
        return ("word", self.components) if field_[0] == "component" else field_

    # Rules ----------------------------------------------------------------------------------------

    def rules(self) -> dict[str, Rule]:
        """All rules, those of the judgments included; problems go to the desk."""
        rules: dict[str, Rule] = {}
        for file, name, part in self.desk.once("rules"):
            taken = {*self.kinds, *derived_kinds(), *self.own, "finding"}
            if name in taken or self._lapses(name):
                self.desk.wrong(
                    self.desk.definition("rules", name), f"'{name}' is already a kind of fact"
                )
            rule = self._rule(file, name, part, ("rules", name))
            if rule is not None:
                rules[name] = rule
            self.desk.claim(file, part.words, f"rule {name}", "rules", name, "words")
        for file, question, judgment in self.desk.once("judgments"):
            rules |= self._judgment_rules(file, question, judgment)
            self.desk.claim(
                file, judgment.words, f"judgment {question}", "judgments", question, "words"
            )
        for file in self.desk.files:
            for number, entry in enumerate(file.clause.unruled):
                by = f"unruled: {plain_words(entry.because)}"
                self.desk.claim(file, [entry.phrase], by, "unruled", number, "phrase")
        return rules

    def _rule(
        self, file: File, name: str, part: packfile.RulePart, path: Path_, question: str = ""
    ) -> Rule | None:
        compiler = PatternCompiler(
            name,
            self.field_types,
            self.names,
            self.contract.currency,
            self.projections,
            self.contract.business_days,
        )
        before = len(self.desk.problems)
        patterns = (*part.when.values(), *part.unless.values())
        if self.desk.faulty & {kind for text in patterns for kind in kinds_and_condition(text)[0]}:
            self.desk.faulty.add(name)  # nothing can be said of what rests on a faulty definition
            return None
        alternatives = []
        for alias, text in part.when.items():
            try:
                alternatives.append(compiler.pattern(alias, text))
            except Misspoken as error:
                self.desk.misspoken(file, (*path, "when", alias), text, error)
                return None
        blocker, engine = "", engine_rules(name, alternatives, [])
        for alias, text in part.unless.items():
            try:
                unless = compiler.pattern(
                    alias, text, negated=True, beforehand=not _acts(part.then)
                )
                blocker = kinds_and_condition(text)[0][0]
                engine = engine_rules(name, alternatives, unless)
            except Misspoken as error:
                self.desk.misspoken(file, (*path, "unless", alias), text, error)
                return None
        made = self._conclusion(file, part, path, compiler)
        if len(self.desk.problems) > before:
            return None
        return Rule(
            **made,
            id=name,
            under=part.then.under or name,
            clause=file.clause.clause,
            aliases=dict(compiler.aliases),
            blocker=blocker,
            patterns=engine,
            boundaries=tuple(compiler.boundaries),
            question=question,
            when=dict(part.when),
            unless=dict(part.unless),
        )

    def _conclusion(
        self, file: File, part: packfile.RulePart, path: Path_, compiler: PatternCompiler
    ) -> dict[str, Any]:
        """What a rule concludes, by the names of the fields of `Rule`."""
        then, spot = part.then, _Spot(self.desk, file, path, compiler.scope())
        first, (kind, *_) = next(iter(compiler.aliases.items()))
        self._check_then(file, then, path, compiler)
        about = then.about or f"{first}.{self._named_by(kind)}"
        return {
            "outcome": then.outcome,
            "against": then.against,
            "about": spot.typed(about, "target", "fact", "word", "term", at=("then", "about")),
            "date": spot.typed(then.date, "date", at=("then", "date")),
            "amount": spot.typed(then.amount, "money", at=("then", "amount")),
            "says": spot.sentence(part.says, "says"),
            "needs": tuple(spot.sentence(text, "needs", i) for i, text in enumerate(part.needs)),
            "quote": " … ".join(plain_words(words) for words in part.words),
            "revises": then.revises,
            "accelerates": then.accelerates,
            "disregards": then.disregards,
            "amends": then.amends,
            "releases": spot.typed(then.releases, "target", at=("then", "releases")),
            "sets": self._sets(spot, then),
            "until": spot.typed(then.until, "date", at=("then", "until")),
            "cures": then.cures,
            **self._effects(spot, then),
        }

    def _effects(self, spot: _Spot, then: packfile.Then) -> dict[str, Any]:
        """Charges, calls, counts, votes and transfers, by the names of the fields of `Rule`."""
        made: dict[str, Any] = dict.fromkeys(("charges", "calls", "votes", "transfers"))
        made["counts"] = then.counts
        if then.counts:
            counters = self._named("counters")
            spot.known(then.counts, counters, "counter", ("then", "counts"))
        if (charge := then.charges) is not None:
            at = ("then", "charges")
            amount = spot.typed(charge.amount, "money", at=(*at, "amount"))
            due = spot.typed(charge.due, "date", at=(*at, "due"))
            if spot.known(charge.of, self._named("charges"), "charge", (*at, "of")) and amount:
                made["charges"] = Charge(charge.of, amount, due)
        if (call := then.calls) is not None:
            at = ("then", "calls")
            amount = spot.typed(call.amount, "money", at=(*at, "amount"))
            day = spot.typed(call.due, "date", at=(*at, "due"))
            made["calls"] = Call(amount, day) if amount and day else None
        return made | self._voices(spot, then)

    def _voices(self, spot: _Spot, then: packfile.Then) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if (vote := then.votes) is not None:
            at = ("then", "votes")
            of = spot.typed(vote.of, "target", "fact", "word", at=(*at, "for"))
            by = spot.typed(vote.by, "name", "text", at=(*at, "by"))
            if spot.known(vote.tally, self._named("tallies"), "tally", (*at, "in")) and of and by:
                made["votes"] = Vote(vote.tally, of, by)
        if (passing := then.transfers) is not None:
            at = ("then", "transfers")
            giver, taker = (
                spot.typed(text, "name", "text", at=(*at, key))
                for key, text in (("from", passing.giver), ("to", passing.taker))
            )
            share = spot.typed(passing.share, "rate", at=(*at, "share"))
            registers = self._named("registers")
            known = spot.known(passing.register_, registers, "register", (*at, "in"))
            if known and giver and taker and share:
                made["transfers"] = Transfer(passing.register_, giver, taker, share)
        return made

    def _named(self, section: str) -> set[str]:
        """The names that all clauses declare in a section."""
        return {name for file in self.desk.files for name in getattr(file.clause, section)}

    def _sets(self, spot: _Spot, then: packfile.Then) -> dict[str, Typed]:
        sets = {}
        for state, text in then.sets.items():
            at = ("then", "sets", state)
            if state not in self.states:
                keys, rule = spot.file.document.keys, spot.file.place(*spot.path)
                place = keys.get((*spot.path, *at), rule)
                self.desk.wrong(place, f"unknown state '{state}'", did_you_mean(state, self.states))
                continue
            value = self._state_value(spot, self.states[state], text, at)
            if value is not None:
                sets[state] = value
        return sets

    def _state_value(self, spot: _Spot, state: State, text: str, at: Path_) -> Typed | None:
        if text in state.choices:
            return Typed("word", frozenset(), lambda _f, _s: text, name=text, literal=True)
        texts = ("name", "word", "text", "index") if state.type in (*TEXTS, "names") else ()
        value = spot.typed(text, state.type, *texts, at=at)
        foreign = set(value.choices) - set(state.choices) if value and state.choices else set()
        if value and state.choices and (foreign or (value.type != "index" and not value.choices)):
            place = spot.file.place(*spot.path, *at)
            self.desk.wrong(place, f"expected one of: {', '.join(state.choices)}")
            return None
        return value

    def _check_then(
        self, file: File, then: packfile.Then, path: Path_, compiler: PatternCompiler
    ) -> None:
        """The aliases, the rule and the party that a conclusion names."""
        rules = self.rule_names()
        for effect, kinds, what in (
            ("revises", {*rules, "finding"}, "a finding"),
            ("accelerates", set(self.field_types), "a fact"),
            ("cures", {*rules, "finding"}, "a finding"),
            ("disregards", {"payment"}, "a payment"),
            ("amends", {"amendment"}, "an amendment"),
        ):
            alias, place = getattr(then, effect), file.place(*path, "then", effect)
            if alias and alias not in compiler.aliases:
                hint = did_you_mean(alias, compiler.aliases)
                self.desk.wrong(place, f"no pattern has the alias '{alias}'", hint)
            elif alias and not kinds.issuperset(compiler.aliases[alias]):
                named = " or ".join(compiler.aliases[alias])
                self.desk.wrong(place, f"'{effect}' is of {what}, and '{alias}' is a {named}")
        if then.under and then.under not in rules:
            self.desk.wrong(
                file.place(*path, "then", "under"),
                f"unknown rule '{then.under}'",
                did_you_mean(then.under, rules),
            )
        if then.against and then.against not in self.contract.parties:
            self.desk.wrong(
                file.place(*path, "then", "against"),
                f"'{then.against}' is no party",
                did_you_mean(then.against, self.contract.parties),
            )

    def rule_names(self) -> set[str]:
        """The names of the rules that the clauses write out."""
        return {name for file in self.desk.files for name in file.clause.rules}

    def _named_by(self, kind: str) -> str:
        if kind in derived_kinds():
            return derived_kinds()[kind][1]
        if kind in self.own:
            return self.own[kind][1]
        return "id" if kind in self.kinds else "about"

    def _judgment_rules(
        self, file: File, question: str, judgment: packfile.Judgment
    ) -> dict[str, Rule]:
        """One rule for each finding that may be judged and each answer: it revises the finding."""
        rules, known = {}, self.rule_names()
        path = ("judgments", question)
        for number, about in enumerate(judgment.about):
            if about not in known:
                self.desk.wrong(
                    file.place(*path, "about", number),
                    f"unknown rule '{about}'",
                    did_you_mean(about, known),
                )
                continue
            for answer, ruling in judgment.answers.items():
                part = packfile.RulePart.model_validate(
                    {
                        "when": {
                            "ruling": f"judgment where answer is '{answer}' and asked in "
                            f"({question}, {OWN_WORDS})",
                            "found": f"{about} where id == ruling.about or about == ruling.about",
                        },
                        "then": {
                            "outcome": ruling.outcome,
                            "revises": "found",
                            "releases": ruling.releases,
                            "about": "found.about",
                        },
                        "says": ruling.says,
                        "words": list(judgment.words),
                    }
                )
                name = f"{about}-judged-{answer}"
                made = self._rule(file, name, part, (*path, "answers", answer), question)
                if made is not None:
                    rules[name] = made
        return rules

    def standing(self, rules: Mapping[str, Rule]) -> frozenset[str]:
        """Rules that can only be asked at the close: on what is told then, or `unless` something.

        A rule that acts is asked in the loop whatever it says; it may not rest on such a rule.
        """
        standing = {name for name, rule in rules.items() if rule.blocker and not rule.acts}
        derived = {name for name, (_f, _n, late) in derived_kinds().items() if late}
        while True:
            late = standing | derived | {"finding"}
            more = {
                name for name, rule in rules.items() if name not in standing and late & rule.kinds
            }
            if not more:
                break
            standing |= more
        for name in sorted(standing):
            self._check_standing(rules[name], standing)
        self._check_cycles(rules)
        for at_close in (False, True):
            asked = [rule for name, rule in rules.items() if (name in standing) == at_close]
            for made, why in refused([each for rule in asked for each in rule.patterns]):
                name = made.rpartition("#")[0]
                self.desk.wrong(self._rule_place(rules[name]), f"the engine cannot ask this: {why}")
        return frozenset(standing)

    def _check_standing(self, rule: Rule, standing: set[str]) -> None:
        place = self._rule_place(rule)
        if rule.acts:
            self.desk.wrong(
                place, f"'{rule.id}' acts, but rests on what is known only at the close of a run"
            )
        if rule.blocker in standing or rule.blocker == "finding":
            self.desk.wrong(
                place, f"'unless' cannot look for '{rule.blocker}', which is found later"
            )

    def _check_cycles(self, rules: Mapping[str, Rule]) -> None:
        """A rule whose conclusion leads, within one step, to itself."""
        # A revision changes a finding in place and tells the rules nothing new.
        tellers: dict[str, list[str]] = {name: [name] for name in rules}
        for name, rule in rules.items():
            told = [rule.counts] if rule.counts else []
            told += [rule.votes.tally] if rule.votes else []
            told += ["transfer"] if rule.transfers else []
            for kind in told:
                tellers.setdefault(kind, []).append(name)
        feeds = {
            name: [
                teller
                for kind in (*sorted(rule.kinds), rule.blocker)
                for teller in tellers.get(kind, ())
            ]
            + (list(rules) if "finding" in rule.kinds and not rule.revises else [])
            for name, rule in rules.items()
        }
        done: set[str] = set()

        def visit(name: str, trail: tuple[str, ...]) -> None:
            if name in trail:
                circle = " → ".join([*trail[trail.index(name) :], name])
                self.desk.wrong(
                    self._rule_place(rules[name]), f"these rules rest on each other: {circle}"
                )
                return
            if name not in done:
                for other in feeds[name]:
                    visit(other, (*trail, name))
                done.add(name)

        for name in feeds:
            visit(name, ())

    def _rule_place(self, rule: Rule) -> Place:
        if rule.question:
            answer = rule.id.rpartition("-judged-")[2]
            return self.desk.definition("judgments", rule.question, "answers", answer)
        return self.desk.definition("rules", rule.id)


def _acts(then: packfile.Then) -> bool:
    named = (then.accelerates, then.disregards, then.amends, then.releases, then.until)
    made = (then.counts, then.cures, then.charges, then.calls, then.votes, then.transfers)
    return any(named) or any(made) or bool(then.sets)


_DERIVED: dict[str, tuple[FieldTypes, str, bool]] = {}


def derived_kinds() -> dict[str, tuple[FieldTypes, str, bool]]:
    """Kinds that the ledger tells: their fields, the field that names them, and if at the close."""
    if not _DERIVED:
        data = load_yaml(read_source(Path(__file__).with_name("kinds.yaml"))).data["derived"]
        for name, kind in data.items():
            fields = {
                f: (str(spec["type"]), tuple(spec.get("choices", ())))
                for f, spec in kind["fields"].items()
            }
            _DERIVED[name] = (fields, kind["named-by"], bool(kind.get("standing", False)))
    return _DERIVED


def _finding_fields() -> dict[str, tuple[str, tuple[str, ...]]]:
    return {
        "id": ("target", ()),
        "about": ("target", ()),
        "rule": ("target", ()),
        "clause": ("text", ()),
        "date": ("date", ()),
        "amount": ("money", ()),
        "outcome": ("word", packfile.OUTCOMES),
        "against": ("text", ()),
    }
