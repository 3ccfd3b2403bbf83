"""A pack loaded and checked: contract, clauses, terms, readings, settings, powers, rules."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from checker import packfile
from checker.arrangement import COMPONENTS, SETTINGS, Setting
from checker.facts import base_kinds, load_kinds
from checker.language import (
    TEXTS,
    TYPES,
    Misspoken,
    Scope,
    TermValue,
    Typed,
    infer_type,
    parse_expression,
    parse_literal,
    parse_sentence,
)
from checker.model import Kind, Place, Problem, Vocabulary, WrongInput, did_you_mean
from checker.rules import (
    FieldTypes,
    PatternCompiler,
    Projections,
    Rule,
    engine_rules,
    kinds_and_condition,
    resolve_text,
)
from checker.source import Document, Source, load_yaml, read_source

M = TypeVar("M", bound=BaseModel)
Path_ = tuple[str | int, ...]

POWER_STATES = ("not-arisen", "available", "lapsed", "undetermined")
OWN_WORDS = "in-own-words"
"""Stands for the question of a judgment that asks it in the decider's own words."""


@dataclass(frozen=True)
class Term:
    """A term of the contract: its type, its value at signing, and the words that fix it."""

    name: str
    type: str
    value: TermValue
    text: str
    choices: tuple[str, ...] = ()
    clause: str = ""
    words: tuple[str, ...] = ()
    source: str = ""

    def parse(self, text: str, currency: str) -> TermValue:
        """A value for this term as a person writes it; ValueError where it cannot be one.

        Only what the contract leaves open may be `none`.
        """
        if text == "none" and self.type != "word" and self.value is None:
            return None
        value = parse_literal(text, self.type, currency)
        if self.choices and value not in self.choices:
            raise ValueError(f"'{text}' is none of: {', '.join(self.choices)}")
        return value


@dataclass(frozen=True)
class Question:
    """A reading: the phrase, and for each answer which terms it sets to which expression."""

    name: str
    clause: str
    phrase: str
    asks: str
    answers: Mapping[str, str]  # answer -> because
    sets: Mapping[str, Mapping[str, Typed]]  # answer -> term -> expression

    @property
    def default(self) -> str:
        """The first answer."""
        return next(iter(self.answers))


@dataclass(frozen=True)
class Power:
    """A party's power: what it arises on, what exercises it, and whether cure ends it."""

    id: str
    clause: str
    holder: str
    arises_on: str
    in_doubt_on: str  # the rule that finds that it cannot be said whether it arose
    survives_cure: Typed
    exercised_by: str
    says: str


@dataclass(frozen=True)
class State:
    """Something in force over time, and the expression for what it is at first."""

    name: str
    type: str
    starts: Typed


@dataclass(frozen=True)
class Supposition:
    """Principal brought up to a figure from a day: a case put beside a stated figure."""

    name: str
    says: str
    principal: Typed
    since: Typed


@dataclass(frozen=True)
class Claim:
    """Words of the document that something in the pack answers for."""

    clause: str
    phrase: str
    by: str  # "rule event-of-default", "term maturity", "unruled: because …"


@dataclass(frozen=True)
class ClauseText:
    """A clause's number, heading and words."""

    clause: str
    heading: str
    text: str
    slips: tuple[tuple[str, str], ...] = ()
    unruled: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Party:
    """A role's name at signing and the other names it goes by."""

    role: str
    name: str
    also: tuple[str, ...]
    described: str


@dataclass(frozen=True)
class Pack:
    """All that is particular to one kind of contract, checked and compiled."""

    name: str
    title: str
    currency: str
    folder: str
    sha256: str
    note: str
    parties: Mapping[str, Party]
    kinds: Mapping[str, Kind]
    indices: tuple[str, ...]
    terms: Mapping[str, Term]
    questions: Mapping[str, Question]
    settings: Mapping[str, Typed | tuple[str, ...] | None]
    states: Mapping[str, State]
    powers: Mapping[str, Power]
    judgments: Mapping[str, packfile.Judgment]
    suppositions: Mapping[str, Supposition]
    clauses: tuple[ClauseText, ...]
    claims: tuple[Claim, ...]
    rules: Mapping[str, Rule]
    standing: frozenset[str]  # ids of the rules that are asked at the close of the as-of day
    projections: Projections
    falls_due: Mapping[str, str]  # component -> clause
    begins: Mapping[str, tuple[str, ...]]  # date term -> kinds refused before it

    @cached_property
    def order(self) -> dict[str, int]:
        """The rules' order of definition."""
        return {rule: number for number, rule in enumerate(self.rules)}

    def clause_of(self, component: str) -> str:
        """The clause by which amounts of a component fall due."""
        return self.falls_due.get(component, "")

    def vocabulary(self, terms: Mapping[str, TermValue]) -> Vocabulary:
        """What facts may say under these values of the terms."""
        not_before = {
            kind: day
            for term, kinds in self.begins.items()
            for kind in kinds
            if isinstance(day := terms[term], int)
        }
        return Vocabulary(
            currency=self.currency,
            kinds=self.kinds,
            indices=frozenset(self.indices),
            components=frozenset(COMPONENTS),
            rules=frozenset(self.rules),
            terms={name: self._term_parser(term) for name, term in self.terms.items()},
            not_before=not_before,
            answers={name: frozenset(j.answers) for name, j in self.judgments.items()},
        )

    def _term_parser(self, term: Term) -> Callable[[str], object]:
        return lambda text: term.parse(text, self.currency)


def plain_words(text: str) -> str:
    """The text with every run of blanks folded to one."""
    return " ".join(text.split())


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The spans of the sentences of a text whose blanks are folded."""
    start = 0
    for end in re.finditer(r"(?<=[.;:])\s+(?=[\"A-Z])", text):
        if end.start() > start:
            yield start, end.start()
        start = end.end()
    if start < len(text):
        yield start, len(text)


def load_pack(folder: Path) -> Pack:
    """The pack in `folder`; WrongInput carries every problem of every file, with its place."""
    if not folder.is_dir():
        place = Place(str(folder), 1, 1)
        what = "this is a file" if folder.exists() else "there is no such pack"
        raise WrongInput([Problem(place, f"{what}: a pack is a folder of rules")])
    return _Loader(folder).load()


@dataclass
class _File:
    document: Document
    clause: packfile.Clause

    def place(self, *path: str | int) -> Place:
        return self.document.place(path)


@dataclass
class _Loader:
    folder: Path
    problems: list[Problem] = field(default_factory=list)
    unreadable: set[str] = field(default_factory=set)
    faulty: set[str] = field(default_factory=set)  # names whose own definition is wrong
    files: list[_File] = field(default_factory=list)
    terms: dict[str, Term] = field(default_factory=dict)
    claims: list[Claim] = field(default_factory=list)
    projections: Projections = field(default_factory=Projections)
    falls_due: dict[str, str] = field(default_factory=dict)

    def load(self) -> Pack:
        sources, unread = self._sources(), False
        note = sources.pop("note.txt", None)
        if note is None and "note.txt" not in self.unreadable:
            self._file_problem("note.txt", "the contract's own words are missing: note.txt")
        if note is not None and not note.text.strip():
            self._file_problem("note.txt", "note.txt is empty: it holds the contract's own words")
            note = None
        contract_document = self._yaml(sources.pop("contract.yaml", None), "contract.yaml")
        contract = self._model(packfile.Contract, contract_document)
        for source in sources.values():
            document = self._yaml(source, source.name)
            clause = self._clause(document)
            if document is not None and clause is not None:
                self.files.append(_File(document, clause))
            unread |= clause is None
        if not sources and not self.problems:
            self._file_problem("", "the pack has no clause")
        # What the files mean together cannot be said where one of them is missing.
        if note is None or contract is None or contract_document is None or unread or not sources:
            raise WrongInput(self.problems)
        self.contract, self.contract_document = contract, contract_document
        return self._assemble(note)

    # Reading --------------------------------------------------------------------------------------

    def _sources(self) -> dict[str, Source]:
        found = {}
        paths = sorted(self.folder.glob("*.yaml"), key=_clause_order)
        for path in [self.folder / "note.txt", *paths]:
            if path.name.endswith(".cases.yaml") or not path.exists():
                continue
            try:
                found[path.name] = read_source(path)
            except WrongInput as error:
                self.problems += error.problems
                self.unreadable.add(path.name)
        return found

    def _yaml(self, source: Source | None, name: str) -> Document | None:
        if source is None:
            if name not in self.unreadable:
                self._file_problem(name, f"the pack has no {name}")
            return None
        try:
            return load_yaml(source)
        except WrongInput as error:
            self.problems += error.problems
            return None

    def _model(self, model: type[M], document: Document | None) -> M | None:
        if document is None:
            return None
        try:
            return model.model_validate(document.data)
        except ValidationError as error:
            self.problems += _pydantic_problems(document, model, error)
            return None

    def _clause(self, document: Document | None) -> packfile.Clause | None:
        """The clause, without those of its parts that are wrong in themselves."""
        if document is None:
            return None
        try:
            return packfile.Clause.model_validate(document.data)
        except ValidationError as error:
            self.problems += _pydantic_problems(document, packfile.Clause, error)
            rest = self._without(document.data, [e["loc"] for e in error.errors()])
        try:
            return packfile.Clause.model_validate(rest)
        except ValidationError:
            return None

    def _without(self, data: Any, wrong: Iterable[Path_]) -> Any:
        """The file's data without the named parts at fault, whose names are noted."""
        if not isinstance(data, dict):
            return data
        rest = {key: dict(part) if isinstance(part, dict) else part for key, part in data.items()}
        for section, *path in wrong:
            if path and isinstance(part := rest.get(str(section)), dict):
                part.pop(path[0], None)
                self.faulty.add(str(path[0]))
            else:
                rest.pop(str(section), None)
        return rest

    def _file_problem(self, name: str, message: str) -> None:
        self.problems.append(Problem(Place(str(self.folder / name), 1, 1), message))

    def _wrong(self, place: Place, message: str, hint: str = "") -> None:
        """Takes note of a problem, but not of one that only follows from another."""
        unknown = re.match(r"unknown .*'(.+)'$", message)
        if not (unknown and unknown[1] in self.faulty):
            self.problems.append(Problem(place, message, hint))

    def _misspoken(self, file: _File, path: Path_, text: str, error: Misspoken) -> None:
        place = file.document.within(path, text[: error.offset])
        self._wrong(place, error.message, error.hint)

    # Putting together -----------------------------------------------------------------------------

    def _assemble(self, note: Source) -> Pack:
        self.note = plain_words(note.text)
        self.clauses = self._clause_texts()
        self.kinds = self._kinds()
        self._collect_terms()
        self.states = self._states()
        self.questions = self._questions()
        settings = self._settings()
        self.names = self._names()
        self.field_types = self._field_types()
        rules = self._rules()
        standing = self._standing(rules)
        powers = self._powers()
        suppositions = self._suppositions()
        begins = self._begins()
        self._check_claims()
        if self.problems:
            raise WrongInput(self.problems)
        contract = self.contract
        return Pack(
            name=contract.contract,
            title=contract.title,
            currency=contract.currency,
            folder=str(self.folder),
            sha256=_hash(self.folder),
            note=note.text,
            parties={
                role: Party(role, party.name, tuple(party.also), party.described)
                for role, party in contract.parties.items()
            },
            kinds=self.kinds,
            indices=tuple(contract.indices),
            terms=self.terms,
            questions=self.questions,
            settings=settings,
            states=self.states,
            powers=powers,
            judgments=self._judgments(),
            suppositions=suppositions,
            clauses=self.clauses,
            claims=tuple(self.claims),
            rules=rules,
            standing=standing,
            projections=self.projections,
            falls_due=self.falls_due,
            begins=begins,
        )

    def _clause_texts(self) -> tuple[ClauseText, ...]:
        texts = []
        for file in self.files:
            clause, text = file.clause, plain_words(file.clause.text)
            if text not in self.note:
                self._wrong(
                    file.place("text"),
                    "these words do not stand in note.txt",
                    _where_it_departs(text, self.note),
                )
            slips = tuple((plain_words(s.phrase), plain_words(s.note)) for s in clause.slips)
            unruled = tuple((plain_words(u.phrase), plain_words(u.because)) for u in clause.unruled)
            texts.append(ClauseText(clause.clause, clause.heading, text, slips, unruled))
            for number, slip in enumerate(clause.slips):
                self._in_text(file, slip.phrase, "slips", number, "phrase")
        return tuple(texts)

    def _in_text(self, file: _File, phrase: str, *path: str | int) -> str:
        words = plain_words(phrase)
        if words not in plain_words(file.clause.text):
            self._wrong(file.place(*path), f"the words '{words}' do not stand in this clause")
        return words

    def _claim(self, file: _File, phrases: Iterable[str], by: str, *path: str | int) -> None:
        for phrase in phrases:
            words = self._in_text(file, phrase, *path)
            self.claims.append(Claim(file.clause.clause, words, by))

    def _kinds(self) -> dict[str, Kind]:
        kinds = base_kinds()
        if not self.contract.facts:
            return kinds
        try:
            return kinds | load_kinds(self.contract_document, "facts", kinds)
        except WrongInput as error:
            self.problems += error.problems
            self.faulty |= self.contract.facts.keys() - kinds.keys()
            return kinds

    def _once(self, part: str) -> Iterator[tuple[_File, str, Any]]:
        """The named parts of all clauses; a name that stands twice is a problem."""
        seen: dict[str, Place] = {}
        for file in self.files:
            for name, value in getattr(file.clause, part).items():
                place = file.place(part, name)
                if name in seen:
                    self._wrong(place, f"'{name}' stands twice", f"first at {seen[name]}")
                    continue
                seen[name] = place
                yield file, name, value

    # Terms, readings, settings --------------------------------------------------------------------

    def _collect_terms(self) -> None:
        for file in self.files:
            self._terms_under(file, file.clause.terms, ())

    def _terms_under(self, file: _File, data: Mapping[str, Any], path: tuple[str, ...]) -> None:
        for name, value in data.items():
            inner = (*path, name)
            if isinstance(value, dict) and "value" not in value:
                self._terms_under(file, value, inner)
            else:
                self._term(file, inner, value)

    def _term(self, file: _File, path: tuple[str, ...], value: Any) -> None:
        name, place = ".".join(path), file.place("terms", *path)
        given = value if isinstance(value, dict) else {"value": value}
        self.faulty.add(name)
        try:
            part = packfile.TermPart.model_validate(given)
        except ValidationError as error:
            at = ("terms", *path)
            self.problems += _pydantic_problems(file.document, packfile.TermPart, error, at)
            return
        if not re.fullmatch(packfile.ID, name):
            self._wrong(place, f"'{name}' is no name: {_NAMES}")
        if name in self.terms:
            self._wrong(place, f"the term '{name}' stands twice")
        if name in self.contract.parties or name == "today":
            key = file.document.keys["terms", *path]
            self._wrong(key, f"'{name}' already names something else")
            return
        try:
            type_ = part.type or ("word" if part.choices else infer_type(part.value))
        except ValueError as error:
            self._wrong(file.place("terms", *path, "value"), str(error))
            return
        if type_ not in TYPES:
            place = file.place("terms", *path, "type")
            self._wrong(place, f"unknown type '{type_}'", did_you_mean(type_, TYPES))
            return
        term = Term(
            name, type_, None, part.value, tuple(part.choices), file.clause.clause,
            tuple(plain_words(w) for w in part.words), part.source,
        )  # fmt: skip
        try:
            fixed = term.parse(part.value, self.contract.currency)
        except ValueError as error:
            hint = did_you_mean(part.value, part.choices) if part.choices else ""
            self._wrong(file.place("terms", *path, "value"), str(error), hint)
            return
        self.faulty.discard(name)
        self.terms[name] = Term(
            name, type_, fixed, part.value, term.choices, term.clause, term.words, part.source
        )
        self._claim(file, part.words, f"term {name}", "terms", *path, "words")

    def _term_scope(self) -> Scope:
        names = {name: (term.type, term.choices) for name, term in self.terms.items()}
        return Scope({}, names, self.contract.currency)

    def _questions(self) -> dict[str, Question]:
        found, setters = {}, dict[str, str]()
        for file, name, reading in self._once("readings"):
            sets: dict[str, dict[str, Typed]] = {}
            for answer, part in reading.answers.items():
                path = ("readings", name, "answers", answer, "set")
                sets[answer] = self._answer_sets(file, part.set, path)
                for term in sets[answer]:
                    if setters.setdefault(term, name) != name:
                        self._wrong(
                            file.place(*path, term),
                            f"the reading '{setters[term]}' sets '{term}' already",
                        )
            because = {a: plain_words(part.because) for a, part in reading.answers.items()}
            phrase = plain_words(reading.phrase)
            found[name] = Question(
                name, file.clause.clause, phrase, plain_words(reading.asks), because, sets
            )
            self._claim(file, [reading.phrase], f"reading {name}", "readings", name, "phrase")
        return found

    def _answer_sets(self, file: _File, given: Mapping[str, str], path: Path_) -> dict[str, Typed]:
        sets = {}
        for name, text in given.items():
            at = (*path, name)
            term = self.terms.get(name)
            if term is None:
                self._wrong(
                    file.document.keys.get(at, file.place(*at)),
                    f"unknown term '{name}'",
                    did_you_mean(name, self.terms),
                )
                continue
            open_ = term.value is None
            typed = self._value_for(text, term.type, term.choices, file, at, optional=open_)
            if typed is not None:
                sets[name] = typed
        return sets

    def _value_for(
        self,
        text: str,
        type_: str,
        choices: tuple[str, ...],
        file: _File,
        path: Path_,
        *,
        optional: bool = False,
    ) -> Typed | None:
        """An expression over terms, or a literal, that gives a value of the wanted type.

        Only where it is `optional` it may be `none`, or a term that is.
        """
        scope, place = self._term_scope(), file.place(*path)
        if text in self.faulty:
            return None
        try:
            if text == "none" and type_ != "word" and optional:
                typed = Typed(type_, frozenset(), lambda _f, _s: None, name="none", literal=True)
            elif text in self.terms or type_ not in ("schedule", "index", "text", "name", "word"):
                expected = Typed(type_, frozenset(), lambda _f, _s: None, choices, "it")
                typed = scope.resolve(parse_expression(text, scope.currency), expected)
            else:
                literal = parse_literal(text, type_, scope.currency)
                if choices and text not in choices:
                    raise ValueError(f"'{text}' is none of: {', '.join(choices)}")
                typed = Typed(type_, frozenset(), lambda _f, _s: literal, name=text, literal=True)
        except Misspoken as error:
            self._misspoken(file, path, text, error)
            return None
        except ValueError as error:
            self._wrong(place, str(error), did_you_mean(text, {*choices, *self.terms}))
            return None
        foreign = sorted(set(typed.choices) - set(choices)) if choices and not typed.literal else []
        if typed.type != type_:
            self._wrong(place, f"a {type_} is expected here, not a {typed.type}")
        elif foreign:
            self._wrong(place, f"'{text}' may be '{foreign[0]}', which has no meaning here")
        elif not optional and text in self.terms and self.terms[text].value is None:
            self._wrong(place, f"'{text}' may be none, which has no meaning here")
        else:
            return typed
        return None

    def _settings(self) -> dict[str, Typed | tuple[str, ...] | None]:
        found: dict[str, Typed | tuple[str, ...] | None] = {}
        first: dict[str, str] = {}
        for file in self.files:
            for component in file.clause.falls_due:
                self.falls_due[component] = file.clause.clause
            for path, value in _leaves(file.clause.ledger):
                name, at = ".".join(path), ("ledger", *path)
                place = file.document.keys.get(at, file.place(*at))
                setting = SETTINGS.get(name)
                if setting is None:
                    self._wrong(place, f"unknown setting '{name}'", did_you_mean(name, SETTINGS))
                    self.faulty.add(name)
                elif name in found:
                    self._wrong(place, f"the setting '{name}' stands twice", first[name])
                else:
                    first[name] = f"first at {place}"
                    found[name] = self._setting(setting, value, file, at)
        for name, setting in SETTINGS.items():
            if name not in found and setting.default is None and not setting.optional:
                self._file_problem("", f"no clause settles '{name}': {setting.describes}")
        return found

    def _setting(
        self, setting: Setting[Any], value: Any, file: _File, path: Path_
    ) -> Typed | tuple[str, ...] | None:
        place = file.place(*path)
        if setting.type == "components":
            wrong = [v for v in value if v not in COMPONENTS] if isinstance(value, list) else [""]
            if wrong or len(set(value)) != len(value):
                self._wrong(place, f"expected a list of some of: {', '.join(COMPONENTS)}")
                return None
            return tuple(value)
        if isinstance(value, list) or value is None:
            given = "nothing" if value is None else "a list"
            self._wrong(place, f"a {setting.type} is expected here, not {given}")
            return None
        text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
        if setting.type == "index" and text not in self.contract.indices:
            hint = did_you_mean(text, self.contract.indices)
            self._wrong(place, f"contract.yaml declares no index '{text}'", hint)
            return None
        return self._value_for(
            text, setting.type, setting.choices, file, path, optional=setting.optional
        )

    # Names and kinds of the rules -----------------------------------------------------------------

    def _states(self) -> dict[str, State]:
        scope = self._term_scope()
        names = dict.fromkeys(self.contract.parties, ("name", ())) | dict(scope.names)
        states = {}
        for role, party in self.contract.parties.items():
            name = party.name
            states[role] = State(role, "name", Typed("name", frozenset(), _constant(name)))
        for file, name, part in self._once("state"):
            at = ("state", name, "starts")
            known = (*TYPES, "names")
            try:
                starts = resolve_text(part.starts, Scope({}, names, scope.currency))
            except Misspoken as error:
                self._misspoken(file, at, part.starts, error)
                self.faulty.add(name)
                continue
            fits = starts.type == part.type or {starts.type, part.type} <= {*TEXTS, "names"}
            if part.type not in known:
                place = file.place("state", name, "type")
                self._wrong(place, f"unknown type '{part.type}'", did_you_mean(part.type, known))
            elif not fits:
                self._wrong(file.place(*at), f"a {part.type} is expected, not a {starts.type}")
            if name in names or name == "today":
                self._wrong(file.document.keys[at[:-1]], f"'{name}' already names something else")
            states[name] = State(name, part.type, starts)
        return states

    def _definition(self, *path: str) -> Place:
        """Where a named part of a clause is defined: its own name."""
        for file in self.files:
            if path in file.document.keys:
                return file.document.keys[path]
        return self.files[0].place()

    def _names(self) -> FieldTypes:
        """What rules may speak of besides facts: terms, state, powers and the day."""
        names: dict[str, tuple[str, tuple[str, ...]]] = {"today": ("date", ())}
        names |= {name: (term.type, term.choices) for name, term in self.terms.items()}
        names |= {name: (state.type, ()) for name, state in self.states.items()}
        for _file, name, _power in self._once("powers"):
            names[f"power.{name}"] = ("word", POWER_STATES)
        return names

    def _field_types(self) -> dict[str, FieldTypes]:
        kinds: dict[str, FieldTypes] = {}
        questions = tuple(name for file in self.files for name in file.clause.judgments)
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
            for file in self.files
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

    def _rules(self) -> dict[str, Rule]:
        rules: dict[str, Rule] = {}
        for file, name, part in self._once("rules"):
            if name in self.kinds or name in derived_kinds() or name == "finding":
                self._wrong(self._definition("rules", name), f"'{name}' is already a kind of fact")
            rule = self._rule(file, name, part, ("rules", name))
            if rule is not None:
                rules[name] = rule
            self._claim(file, part.words, f"rule {name}", "rules", name, "words")
        for file, question, judgment in self._once("judgments"):
            rules |= self._judgment_rules(file, question, judgment)
            self._claim(
                file, judgment.words, f"judgment {question}", "judgments", question, "words"
            )
        for file in self.files:
            for number, entry in enumerate(file.clause.unruled):
                by = f"unruled: {plain_words(entry.because)}"
                self._claim(file, [entry.phrase], by, "unruled", number, "phrase")
        return rules

    def _rule(
        self, file: _File, name: str, part: packfile.RulePart, path: Path_, question: str = ""
    ) -> Rule | None:
        compiler = PatternCompiler(
            name, self.field_types, self.names, self.contract.currency, self.projections
        )
        before = len(self.problems)
        patterns = (*part.when.values(), *part.unless.values())
        if self.faulty & {kind for text in patterns for kind in kinds_and_condition(text)[0]}:
            self.faulty.add(name)  # nothing can be said of what rests on a faulty definition
            return None
        alternatives = []
        for alias, text in part.when.items():
            try:
                alternatives.append(compiler.pattern(alias, text))
            except Misspoken as error:
                self._misspoken(file, (*path, "when", alias), text, error)
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
                self._misspoken(file, (*path, "unless", alias), text, error)
                return None
        engine = engine_rules(name, alternatives, unless)
        made = self._conclusion(file, part, path, compiler)
        if made is None or len(self.problems) > before:
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
        self,
        file: _File,
        part: packfile.RulePart,
        path: Path_,
        compiler: PatternCompiler,
    ) -> dict[str, Any] | None:
        scope, then = compiler.scope(), part.then
        first, (kind, *_) = next(iter(compiler.aliases.items()))

        def typed(text: str, *types: str, at: tuple[str | int, ...]) -> Typed | None:
            if not text:
                return None
            try:
                found = resolve_text(text, scope)
            except Misspoken as error:
                self._misspoken(file, (*path, *at), text, error)
                return None
            if found.type not in types:
                self._wrong(
                    file.place(*path, *at), f"expected a {types[0]} here, not a {found.type}"
                )
            return found

        def sentence(text: str, *at: str | int) -> Any:
            words = plain_words(text)
            try:
                return parse_sentence(words, scope)
            except Misspoken as error:
                self._misspoken(file, (*path, *at), words, error)
                return None

        self._check_then(file, then, path, compiler)
        sets = {}
        for state, text in then.sets.items():
            if state not in self.states:
                self._wrong(
                    file.document.keys.get((*path, "then", "sets", state), file.place(*path)),
                    f"unknown state '{state}'",
                    did_you_mean(state, self.states),
                )
                continue
            value = typed(
                text, self.states[state].type, "name", "word", "text", at=("then", "sets", state)
            )
            if value is not None:
                sets[state] = value
        about = then.about or f"{first}.{self._named_by(kind)}"
        quote = " … ".join(plain_words(words) for words in part.words)
        return {
            "outcome": then.outcome,
            "against": then.against,
            "about": typed(about, "target", "fact", "word", "term", at=("then", "about")),
            "date": typed(then.date, "date", at=("then", "date")),
            "amount": typed(then.amount, "money", at=("then", "amount")),
            "says": sentence(part.says, "says"),
            "needs": tuple(sentence(t, "needs", i) for i, t in enumerate(part.needs)),
            "quote": quote,
            "revises": then.revises,
            "accelerates": then.accelerates,
            "disregards": then.disregards,
            "amends": then.amends,
            "releases": typed(then.releases, "target", at=("then", "releases")),
            "sets": sets,
        }

    def _check_then(
        self, file: _File, then: packfile.Then, path: Path_, compiler: PatternCompiler
    ) -> None:
        """The aliases, the rule and the party that a conclusion names."""
        rules = self._rule_names()
        for effect, kinds, what in (
            ("revises", {*rules, "finding"}, "a finding"),
            ("accelerates", set(self.kinds), "a fact that is given"),
            ("disregards", {"payment"}, "a payment"),
            ("amends", {"amendment"}, "an amendment"),
        ):
            alias, place = getattr(then, effect), file.place(*path, "then", effect)
            if alias and alias not in compiler.aliases:
                hint = did_you_mean(alias, compiler.aliases)
                self._wrong(place, f"no pattern has the alias '{alias}'", hint)
            elif alias and not kinds.issuperset(compiler.aliases[alias]):
                named = " or ".join(compiler.aliases[alias])
                self._wrong(place, f"'{effect}' is of {what}, and '{alias}' is a {named}")
        if then.under and then.under not in rules:
            self._wrong(
                file.place(*path, "then", "under"),
                f"unknown rule '{then.under}'",
                did_you_mean(then.under, rules),
            )
        if then.against and then.against not in self.contract.parties:
            self._wrong(
                file.place(*path, "then", "against"),
                f"'{then.against}' is no party",
                did_you_mean(then.against, self.contract.parties),
            )

    def _rule_names(self) -> set[str]:
        return {name for file in self.files for name in file.clause.rules}

    def _named_by(self, kind: str) -> str:
        if kind in derived_kinds():
            return derived_kinds()[kind][1]
        return "id" if kind in self.kinds else "about"

    def _judgment_rules(
        self, file: _File, question: str, judgment: packfile.Judgment
    ) -> dict[str, Rule]:
        """One rule for each finding that may be judged and each answer: it revises the finding."""
        rules, known = {}, self._rule_names()
        path = ("judgments", question)
        for number, about in enumerate(judgment.about):
            if about not in known:
                self._wrong(
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

    def _standing(self, rules: Mapping[str, Rule]) -> frozenset[str]:
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
            self._wrong(
                place, f"'{rule.id}' acts, but rests on what is known only at the close of a run"
            )
        if rule.blocker in standing or rule.blocker == "finding":
            self._wrong(place, f"'unless' cannot look for '{rule.blocker}', which is found later")

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
                self._wrong(
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
            return self._definition("judgments", rule.question, "answers", answer)
        return self._definition("rules", rule.id)

    # Powers and the rest --------------------------------------------------------------------------

    def _powers(self) -> dict[str, Power]:
        found = {}
        rules = self._rule_names()
        for file, name, part in self._once("powers"):
            for key, known in (
                ("holder", self.contract.parties),
                ("arises-on", rules),
                ("in-doubt-on", rules),
                ("exercised-by", self.kinds),
            ):
                value = getattr(part, key.replace("-", "_"))
                if value and value not in known:
                    self._wrong(
                        file.place("powers", name, key),
                        f"unknown name '{value}'",
                        did_you_mean(value, known),
                    )
            at = ("powers", name, "survives-cure")
            survives = self._value_for(part.survives_cure, "boolean", (), file, at)
            self._claim(file, part.words, f"power {name}", "powers", name, "words")
            if survives is not None:
                found[name] = Power(
                    name,
                    file.clause.clause,
                    part.holder,
                    part.arises_on,
                    part.in_doubt_on,
                    survives,
                    part.exercised_by,
                    plain_words(part.says),
                )
        return found

    def _judgments(self) -> dict[str, packfile.Judgment]:
        return {name: judgment for _file, name, judgment in self._once("judgments")}

    def _suppositions(self) -> dict[str, Supposition]:
        found = {}
        for file, name, part in self._once("suppositions"):
            at = ("suppositions", name)
            principal = self._value_for(part.principal, "money", (), file, (*at, "principal"))
            since = self._value_for(part.since, "date", (), file, (*at, "since"))
            if principal is not None and since is not None:
                found[name] = Supposition(name, plain_words(part.says), principal, since)
        return found

    def _begins(self) -> dict[str, tuple[str, ...]]:
        for term, kinds in self.contract.begins.items():
            place = self.contract_document.keys["begins", term]
            if term not in self.terms:
                self._wrong(place, f"unknown term '{term}'", did_you_mean(term, self.terms))
            elif self.terms[term].type != "date":
                self._wrong(place, f"the term '{term}' is not a date")
            for number, kind in enumerate(kinds):
                if kind not in self.kinds:
                    place = self.contract_document.place(("begins", term, number))
                    self._wrong(place, f"unknown kind '{kind}'", did_you_mean(kind, self.kinds))
        return {term: tuple(kinds) for term, kinds in self.contract.begins.items()}

    def _check_claims(self) -> None:
        for number, entry in enumerate(self.contract.unruled):
            words = plain_words(entry.phrase)
            if words not in self.note:
                place = self.contract_document.place(("unruled", number, "phrase"))
                self._wrong(place, f"the words '{words}' do not stand in note.txt")
            by = f"unruled: {plain_words(entry.because)}"
            self.claims.append(Claim("", words, by))


@dataclass(frozen=True)
class Unclaimed:
    """A sentence, or a stretch outside all clauses, that nothing in the pack answers for."""

    clause: str
    words: str


def unclaimed(pack: Pack) -> list[Unclaimed]:
    """The sentences of the document that no rule, term, reading or reason claims."""
    found = []
    for clause in pack.clauses:
        spans = [
            (m.start(), m.end())
            for claim in pack.claims
            if claim.clause == clause.clause
            for m in re.finditer(re.escape(claim.phrase), clause.text)
        ]
        for start, end in sentences(clause.text):
            words = clause.text[start:end]
            is_heading = bool(re.fullmatch(r"\d+\.|[A-Z .]+\.", words))
            if not is_heading and not any(s < end and start < e for s, e in spans):
                found.append(Unclaimed(clause.clause, words))
    rest = plain_words(pack.note)
    for words in [c.text for c in pack.clauses] + [c.phrase for c in pack.claims if not c.clause]:
        rest = rest.replace(words, "\0", 1)
    found += [Unclaimed("", words.strip()) for words in rest.split("\0") if words.strip()]
    return found


# Helpers -----------------------------------------------------------------------------------------


def _acts(then: packfile.Then) -> bool:
    return bool(then.accelerates or then.disregards or then.amends or then.releases or then.sets)


def _constant(value: TermValue) -> Callable[[object, object], TermValue]:
    return lambda _facts, _surroundings: value


def _clause_order(path: Path) -> tuple[int, str]:
    number = re.match(r"\d+", path.name)
    return (int(number[0]) if number else 0, path.name)


def _leaves(data: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _hash(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir(), key=lambda p: p.name):
        counts = path.suffix == ".yaml" and not path.name.endswith(".cases.yaml")
        if counts or path.name == "note.txt":
            digest.update(f"{path.name}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _where_it_departs(text: str, note: str) -> str:
    words = text.split(" ")
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if " ".join(words[:middle]) in note else (low, middle - 1)
    departs = " ".join(words[max(0, low - 4) : low + 1])
    return f"they depart from it at '… {departs}'"


_NAMES = "small letters and digits, in words joined by hyphens or dots"
_SHAPES = {
    "string_type": "text is expected here",
    "string_too_short": "text is expected here, not nothing",
    "dict_type": "a mapping is expected here: names with what they hold",
    "model_type": "a mapping is expected here: names with what they hold",
    "list_type": "a list is expected here",
    "too_short": "at least {min_length} must stand here",
    "too_long": "at most {max_length} may stand here",
}


def _pydantic_problems(
    document: Document, model: type[BaseModel], error: ValidationError, at: Path_ = ()
) -> list[Problem]:
    return [_pydantic_problem(document, model, e, at) for e in error.errors()]


def _pydantic_problem(document: Document, model: type[BaseModel], error: Any, at: Path_) -> Problem:
    """What pydantic found, in the words of a person; `at` is where the model begins."""
    inner = tuple(part for part in error["loc"] if part != "[key]")
    loc, kind = (*at, *inner), error["type"]
    message, hint, place = str(error["msg"]), "", document.place(loc)
    if kind == "extra_forbidden":
        place = document.keys.get(loc, place)
        known = _keys_at(model, inner)
        message, hint = f"unknown key '{loc[-1]}'", did_you_mean(str(loc[-1]), known)
    elif kind == "missing":
        place = document.keys.get(loc[:-1], place)
        message = f"the key '{loc[-1]}' is missing"
    elif kind == "literal_error":
        expected = re.findall(r"'([^']*)'", str(error["ctx"]["expected"]))
        message = f"'{error['input']}' is not one of the words that may stand here"
        hint = did_you_mean(str(error["input"]), expected)
    elif kind == "string_pattern_mismatch":
        place = document.keys.get(loc, place) if "[key]" in error["loc"] else place
        names = packfile.ID in error["ctx"]["pattern"]
        message = f"'{error['input']}' is no name: {_NAMES}" if names else message
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
