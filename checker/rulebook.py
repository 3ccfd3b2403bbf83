"""The rules of a pack: read from its clauses, compiled, and put in the order of their asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checker import packfile
from checker.desk import Desk, File, Path_
from checker.language import Misspoken, Scope, Sentence, Typed, parse_sentence
from checker.model import Kind, Place, did_you_mean
from checker.pack import OWN_WORDS, State, plain_words
from checker.rules import (
    FieldTypes,
    PatternCompiler,
    Projections,
    Rule,
    engine_rules,
    kinds_and_condition,
    resolve_text,
)
from checker.source import load_yaml, read_source


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
        return found

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

        return kinds | {rule: fields_of(rule, ()) for rule in firsts}

    # Rules ----------------------------------------------------------------------------------------

    def rules(self) -> dict[str, Rule]:
        """All rules, those of the judgments included; problems go to the desk."""
        rules: dict[str, Rule] = {}
        for file, name, part in self.desk.once("rules"):
            if name in self.kinds or name in derived_kinds() or name == "finding":
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
            name, self.field_types, self.names, self.contract.currency, self.projections
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
        blocker, unless = "", []
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
        engine = engine_rules(name, alternatives, unless)
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
        }

    def _sets(self, spot: _Spot, then: packfile.Then) -> dict[str, Typed]:
        sets = {}
        for state, text in then.sets.items():
            at = ("then", "sets", state)
            if state not in self.states:
                keys, rule = spot.file.document.keys, spot.file.place(*spot.path)
                place = keys.get((*spot.path, *at), rule)
                self.desk.wrong(place, f"unknown state '{state}'", did_you_mean(state, self.states))
                continue
            value = spot.typed(text, self.states[state].type, "name", "word", "text", at=at)
            if value is not None:
                sets[state] = value
        return sets

    def _check_then(
        self, file: File, then: packfile.Then, path: Path_, compiler: PatternCompiler
    ) -> None:
        """The aliases, the rule and the party that a conclusion names."""
        rules = self.rule_names()
        for effect, kinds, what in (
            ("revises", {*rules, "finding"}, "a finding"),
            ("accelerates", set(self.kinds), "a fact that is given"),
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
        feeds = {
            name: [k for k in (*sorted(rule.kinds), rule.blocker) if k in rules]
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
    return bool(then.accelerates or then.disregards or then.amends or then.releases or then.sets)


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
