"""Loads a pack from its folder: every problem of every file at once, or a pack that is whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from checker import packfile
from checker.account import BALANCES
from checker.arrangement import (
    ACCRUED,
    COMPONENTS,
    FEE_SETTINGS,
    SETTINGS,
    Setting,
    grace_setting,
)
from checker.desk import Desk, File, Path_
from checker.facts import base_kinds, load_kinds
from checker.language import (
    TEXTS,
    TYPES,
    Circumstance,
    Misspoken,
    Scope,
    TermValue,
    Typed,
    circumstance,
    infer_type,
    parse_expression,
    parse_literal,
)
from checker.model import Kind, Place, Problem, WrongInput, did_you_mean
from checker.money import RATE_ONE, parse_rate
from checker.pack import (
    POWER_STATES,
    Charge,
    Chosen,
    Claim,
    ClauseText,
    Counter,
    Manner,
    Occasion,
    Pack,
    Party,
    Power,
    Question,
    Register,
    State,
    Supposition,
    Tally,
    Term,
    Varying,
    plain_words,
)
from checker.rulebook import RuleBook, derived_kinds
from checker.rules import FieldTypes, resolve_text
from checker.source import Document, Source, load_yaml, read_source


def load_pack(folder: Path) -> Pack:
    """The pack in `folder`; WrongInput carries every problem of every file, with its place."""
    if not folder.is_dir():
        place = Place(str(folder), 1, 1)
        what = "this is a file" if folder.exists() else "there is no such pack"
        raise WrongInput([Problem(place, f"{what}: a pack is a folder of rules")])
    return _Loader(folder).load()


@dataclass
class _Told:
    """Reads what the loop itself tells the rules: occasions, counts, registers and tallies."""

    loader: _Loader

    def _value(self, text: str, type_: str, file: File, *path: str) -> Typed | None:
        return self.loader._value_for(text, type_, (), file, path)  # of one room

    def declared(self) -> dict[str, Any]:
        """All of it, by the names of the fields of `Pack`."""
        return {
            "occasions": self.occasions(),
            "counters": self.counters(),
            "registers": self.registers(),
            "tallies": self.tallies(),
        }

    def occasions(self) -> dict[str, Occasion]:
        """Dates by a schedule."""
        found = {}
        for file, name, part in self.loader.desk.once("occasions"):
            at = ("occasions", name)
            on = self._value(part.on, "schedule", file, *at, "on")
            since = self._value(part.from_, "date", file, *at, "from")
            if on is not None and since is not None:
                described = plain_words(part.describes)
                found[name] = Occasion(name, file.clause.clause, on, since, described)
        return found

    def counters(self) -> dict[str, Counter]:
        """Findings counted within a length of time."""
        found = {}
        for file, name, part in self.loader.desk.once("counters"):
            within = self._value(part.within, "duration", file, "counters", name, "within")
            if within is not None:
                described = plain_words(part.describes)
                found[name] = Counter(name, file.clause.clause, within, described)
        return found

    def registers(self) -> dict[str, Register]:
        """Shares of parties, 100% together."""
        found, desk = {}, self.loader.desk
        for file, name, part in desk.once("registers"):
            shares, place = {}, file.document.keys["registers", name]
            for holder, text in part.starts.items():
                try:
                    shares[holder] = int(parse_rate(text))
                except ValueError as error:
                    desk.wrong(file.place("registers", name, "starts", holder), str(error))
            if len(shares) == len(part.starts) and sum(shares.values()) != RATE_ONE:
                desk.wrong(place, f"the shares of '{name}' are not 100.00% together")
            described = plain_words(part.describes)
            found[name] = Register(name, file.clause.clause, shares, described)
        return found

    def tallies(self) -> dict[str, Tally]:
        """Votes weighed by a register."""
        found, desk = {}, self.loader.desk
        registers = {name for file in desk.files for name in file.clause.registers}
        for file, name, part in desk.once("tallies"):
            if part.register_ not in registers:
                place = file.place("tallies", name, "register")
                hint = did_you_mean(part.register_, registers)
                desk.wrong(place, f"unknown register '{part.register_}'", hint)
            described = plain_words(part.describes)
            found[name] = Tally(name, file.clause.clause, part.register_, described)
        return found

    def kinds(self) -> dict[str, tuple[FieldTypes, str]]:
        """The kinds of fact that these tell, with the field that names them."""
        fields: dict[str, tuple[FieldTypes, str]] = {}
        shapes: dict[str, tuple[FieldTypes, str]] = {
            "occasions": (
                {"id": ("target", ()), "start": ("date", ()), "number": ("number", ())}, "id",
            ),
            "counters": ({"of": ("target", ()), "count": ("number", ())}, "of"),
            "tallies": (
                {"of": ("target", ()), "by": ("name", ()), "share": ("rate", ())}, "of",
            ),
        }  # fmt: skip
        desk = self.loader.desk
        for section, shape in shapes.items():
            for file in desk.files:
                for name in getattr(file.clause, section):
                    if name in self.loader.kinds or name in derived_kinds() or name in fields:
                        place = file.document.keys[section, name]
                        desk.wrong(place, f"'{name}' is already a kind of fact")
                    fields[name] = shape
        return fields


@dataclass
class _Loader:
    folder: Path
    desk: Desk = field(default_factory=Desk)
    unreadable: set[str] = field(default_factory=set)
    terms: dict[str, Term] = field(default_factory=dict)
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
        contract = self.desk.model(packfile.Contract, contract_document)
        for source in sources.values():
            document = self._yaml(source, source.name)
            clause = self.desk.clause(document)
            if document is not None and clause is not None:
                self.desk.files.append(File(document, clause))
            unread |= clause is None
        if not sources and not self.desk.problems:
            self._file_problem("", "the pack has no clause")
        # What the files mean together cannot be said where one of them is missing.
        if note is None or contract is None or contract_document is None or unread or not sources:
            raise WrongInput(self.desk.problems)
        self.contract, self.contract_document = contract, contract_document
        return self._assemble(note)

    # Reading --------------------------------------------------------------------------------------

    def _sources(self) -> dict[str, Source]:
        found = {}
        paths = sorted(self.folder.glob("*.yaml"), key=_clause_order)
        for path in [self.folder / "note.txt", *paths]:
            if not packfile.means(path.name) or not path.exists():
                continue
            try:
                found[path.name] = read_source(path)
            except WrongInput as error:
                self.desk.problems += error.problems
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
            self.desk.problems += error.problems
            return None

    def _file_problem(self, name: str, message: str) -> None:
        self.desk.problems.append(Problem(Place(str(self.folder / name), 1, 1), message))

    # Putting together -----------------------------------------------------------------------------

    def _assemble(self, note: Source) -> Pack:
        self.note = plain_words(note.text)
        self.clauses = self._clause_texts()
        self.kinds = self._kinds()
        self._collect_terms()
        self.states = self._states()
        self.questions = self._questions()
        self.charges = self._charges()
        settings = self._settings()
        told = _Told(self)
        own, told_of = told.kinds(), told.declared()
        components = (*COMPONENTS, *self.charges)
        book = RuleBook(
            self.desk, self.contract, self.kinds, self.states, self._names(), own, components
        )
        rules = book.rules()
        standing = book.standing(rules)
        rest = self._rest(book)
        self._check_claims()
        if self.desk.problems:
            raise WrongInput(self.desk.problems)
        contract = self.contract
        return Pack(
            name=contract.contract,
            title=contract.title,
            currency=contract.currency,
            business_days=contract.business_days,
            folder=str(self.folder),
            sha256=_hash(self.folder),
            note=note.text,
            parties=self._parties(),
            kinds=self.kinds,
            indices={n: plain_words(index.describes) for n, index in contract.indices.items()},
            terms=self.terms,
            questions=self.questions,
            settings=settings,
            volatile=self._volatile(settings),
            charges=self.charges,
            **told_of,
            states=self.states,
            **rest,
            clauses=self.clauses,
            claims=tuple(self.desk.claims),
            rules=rules,
            standing=standing,
            projections=book.projections,
            names=book.names,
            fields=book.field_types,
            falls_due=self.falls_due,
        )

    def _rest(self, book: RuleBook) -> dict[str, Any]:
        """What is said about rules, amounts and judgments, by the names of the fields of `Pack`."""
        return {
            "powers": self._powers(book.rule_names()),
            "judgments": self._judgments(),
            "suppositions": self._suppositions(),
            "begins": self._begins(),
            "payments": self._payments(),
        }

    def _parties(self) -> dict[str, Party]:
        return {
            role: Party(role, party.name, tuple(party.also), party.described)
            for role, party in self.contract.parties.items()
        }

    def _clause_texts(self) -> tuple[ClauseText, ...]:
        texts = []
        for file in self.desk.files:
            clause, text = file.clause, plain_words(file.clause.text)
            if text not in self.note:
                self.desk.wrong(
                    file.place("text"),
                    "these words do not stand in note.txt",
                    _where_it_departs(text, self.note),
                )
            slips = tuple((plain_words(s.phrase), plain_words(s.note)) for s in clause.slips)
            unruled = tuple((plain_words(u.phrase), plain_words(u.because)) for u in clause.unruled)
            texts.append(ClauseText(clause.clause, clause.heading, text, slips, unruled))
            for number, slip in enumerate(clause.slips):
                self.desk.in_text(file, slip.phrase, "slips", number, "phrase")
        return tuple(texts)

    def _kinds(self) -> dict[str, Kind]:
        kinds = base_kinds()
        if not self.contract.facts:
            return kinds
        try:
            return kinds | load_kinds(self.contract_document, "facts", kinds)
        except WrongInput as error:
            self.desk.problems += error.problems
            self.desk.faulty |= self.contract.facts.keys() - kinds.keys()
            return kinds

    # Terms, readings, settings --------------------------------------------------------------------

    def _collect_terms(self) -> None:
        for file in self.desk.files:
            self._terms_under(file, file.clause.terms, ())

    def _terms_under(self, file: File, data: Mapping[str, Any], path: tuple[str, ...]) -> None:
        for name, value in data.items():
            inner = (*path, name)
            if isinstance(value, dict) and "value" not in value:
                self._terms_under(file, value, inner)
            else:
                self._term(file, inner, value)

    def _term(self, file: File, path: tuple[str, ...], value: Any) -> None:
        name, place = ".".join(path), file.place("terms", *path)
        given = value if isinstance(value, dict) else {"value": value}
        self.desk.faulty.add(name)
        try:
            part = packfile.TermPart.model_validate(given)
        except ValidationError as error:
            at = ("terms", *path)
            self.desk.problems += packfile.model_problems(
                file.document, packfile.TermPart, error, at
            )
            return
        if not re.fullmatch(packfile.ID, name):
            self.desk.wrong(place, f"'{name}' is no name: {packfile.NAMES}")
        if name in self.terms:
            self.desk.wrong(place, f"the term '{name}' stands twice")
        if name in self.contract.parties or name == "today":
            key = file.document.keys["terms", *path]
            self.desk.wrong(key, f"'{name}' already names something else")
            return
        try:
            type_ = part.type or ("word" if part.choices else infer_type(part.value))
        except ValueError as error:
            self.desk.wrong(file.place("terms", *path, "value"), str(error))
            return
        if type_ not in TYPES:
            place = file.place("terms", *path, "type")
            self.desk.wrong(place, f"unknown type '{type_}'", did_you_mean(type_, TYPES))
            return
        term = Term(
            name, type_, None, part.value, tuple(part.choices), file.clause.clause,
            tuple(plain_words(w) for w in part.words), part.source, plain_words(part.describes),
        )  # fmt: skip
        try:
            fixed = term.parse(part.value, self.contract.currency)
        except ValueError as error:
            hint = did_you_mean(part.value, part.choices) if part.choices else ""
            self.desk.wrong(file.place("terms", *path, "value"), str(error), hint)
            return
        self.desk.faulty.discard(name)
        self.terms[name] = replace(term, value=fixed)
        self.desk.claim(file, part.words, f"term {name}", "terms", *path, "words")

    def _term_scope(self) -> Scope:
        return self._scope({name: (term.type, term.choices) for name, term in self.terms.items()})

    def _scope(self, names: FieldTypes) -> Scope:
        return Scope({}, names, self.contract.currency, self.contract.business_days)

    def _questions(self) -> dict[str, Question]:
        found, setters = {}, dict[str, str]()
        for file, name, reading in self.desk.once("readings"):
            sets: dict[str, dict[str, Typed]] = {}
            for answer, part in reading.answers.items():
                path = ("readings", name, "answers", answer, "set")
                sets[answer] = self._answer_sets(file, part.set, path)
                for term in sets[answer]:
                    if setters.setdefault(term, name) != name:
                        self.desk.wrong(
                            file.place(*path, term),
                            f"the reading '{setters[term]}' sets '{term}' already",
                        )
            because = {a: plain_words(part.because) for a, part in reading.answers.items()}
            phrase = plain_words(reading.phrase)
            found[name] = Question(
                name, file.clause.clause, phrase, plain_words(reading.asks), because, sets
            )
            self.desk.claim(file, [reading.phrase], f"reading {name}", "readings", name, "phrase")
        return found

    def _answer_sets(self, file: File, given: Mapping[str, str], path: Path_) -> dict[str, Typed]:
        sets = {}
        for name, text in given.items():
            at = (*path, name)
            term = self.terms.get(name)
            if term is None:
                self.desk.wrong(
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
        file: File,
        path: Path_,
        *,
        optional: bool = False,
        states: bool = False,
    ) -> Typed | None:
        """An expression over terms (and `states`), or a literal, of the wanted type.

        Only where it is `optional` it may be `none`, or a term that is.
        """
        scope, place = self._term_scope(), file.place(*path)
        if states:
            scope = self._scope(self._names())
        named = text in scope.names
        if text in self.desk.faulty:
            return None
        try:
            if text == "none" and type_ != "word" and optional:
                typed = Typed(type_, frozenset(), lambda _f, _s: None, name="none", literal=True)
            elif named or type_ not in (*_WHOLE, "index", "text", "name", "word"):
                expected = Typed(type_, frozenset(), lambda _f, _s: None, choices, "it")
                typed = scope.resolve(parse_expression(text, scope.currency), expected)
            else:
                literal = parse_literal(text, type_, scope.currency)
                if choices and text not in choices:
                    raise ValueError(f"'{text}' is none of: {', '.join(choices)}")
                typed = Typed(type_, frozenset(), lambda _f, _s: literal, name=text, literal=True)
        except Misspoken as error:
            self.desk.misspoken(file, path, text, error)
            return None
        except ValueError as error:
            self.desk.wrong(place, str(error), did_you_mean(text, {*choices, *self.terms}))
            return None
        foreign = sorted(set(typed.choices) - set(choices)) if choices and not typed.literal else []
        if typed.type != type_ and {typed.type, type_} != {"word", "index"}:
            self.desk.wrong(place, f"a {type_} is expected here, not a {typed.type}")
        elif foreign:
            self.desk.wrong(place, f"'{text}' may be '{foreign[0]}', which has no meaning here")
        elif not optional and text in self.terms and self.terms[text].value is None:
            self.desk.wrong(place, f"'{text}' may be none, which has no meaning here")
        else:
            return typed
        return None

    def _charges(self) -> dict[str, Charge]:
        """The pack's own components of what is owed: charges, then fees."""
        found = {}
        for section in ("charges", "fees"):
            for file, name, part in self.desk.once(section):
                if name in (*COMPONENTS, ACCRUED, "instalment") or name in found:
                    key = file.document.keys[section, name]
                    self.desk.wrong(key, f"'{name}' already names something that is owed")
                described = plain_words(part.describes)
                found[name] = Charge(name, file.clause.clause, described, section == "fees")
        return found

    def _settings(self) -> dict[str, Chosen]:
        found: dict[str, Chosen] = {}
        first: dict[str, str] = {}
        for file in self.desk.files:
            for number, component in enumerate(file.clause.falls_due):
                self.falls_due[component] = file.clause.clause
                known = (*COMPONENTS, *self.charges)
                if component not in known:
                    place = file.place("falls-due", number)
                    hint = did_you_mean(component, known)
                    self.desk.wrong(place, f"nothing owed is called '{component}'", hint)
            for path, value in _leaves(file.clause.ledger):
                name, at = ".".join(path), ("ledger", *path)
                place = file.document.keys.get(at, file.place(*at))
                setting = SETTINGS.get(name)
                if setting is None:
                    self.desk.wrong(
                        place, f"unknown setting '{name}'", did_you_mean(name, SETTINGS)
                    )
                    self.desk.faulty.add(name)
                elif name in found:
                    self.desk.wrong(place, f"the setting '{name}' stands twice", first[name])
                else:
                    first[name] = f"first at {place}"
                    found[name] = self._chosen(setting, value, file, at)
            found |= self._charge_settings(file)
        self._check_settled(found)
        return found

    def _charge_settings(self, file: File) -> dict[str, Chosen]:
        """The grace of a clause's charges and fees, and the other settings of its fees."""
        found: dict[str, Chosen] = {}
        for section in ("charges", "fees"):
            for name, part in getattr(file.clause, section).items():
                at = (section, name, "grace")
                found[f"grace.{name}"] = self._chosen(grace_setting(name), part.grace, file, at)
        for name, fee in file.clause.fees.items():
            given = fee.model_dump(by_alias=True)
            for key, setting in FEE_SETTINGS.items():
                path = ("fees", name, key)
                found[f"fees.{name}.{key}"] = self._chosen(setting, given[key], file, path)
        return found

    def _check_settled(self, found: Mapping[str, Chosen]) -> None:
        """What every pack settles, and what hangs together."""
        for name, setting in SETTINGS.items():
            if name not in found and setting.default is None and not setting.optional:
                self._file_problem("", f"no clause settles '{name}': {setting.describes}")
        if ("rate.index" in found) == ("rate.fixed" in found):
            how = "not both" if "rate.index" in found else "no clause does"
            self._file_problem("", f"settle either 'rate.index' or 'rate.fixed': {how}")
        order = found.get("application.due")
        orders = [order] if not isinstance(order, Varying) else [
            *(value for _condition, value in order.cases), order.otherwise
        ]  # fmt: skip
        for component in (*COMPONENTS, *self.charges):
            if any(isinstance(each, tuple) and component not in each for each in orders):
                message = f"an order of application never reaches '{component}'"
                self._file_problem("", f"{message}: see 'application.due'")

    def _volatile(self, settings: Mapping[str, Chosen]) -> frozenset[str]:
        """The settings that depend on state, and not on terms alone."""
        return frozenset(
            path
            for path, chosen in settings.items()
            if isinstance(chosen, Varying)
            or (isinstance(chosen, Typed) and chosen.names - set(self.terms))
        )

    def _chosen(self, setting: Setting[Any], value: Any, file: File, path: Path_) -> Chosen:
        """A setting's value, or its values by state: a list, of which the last has no `while`."""
        cases = value if isinstance(value, list) and value else []
        if not any(isinstance(case, dict) for case in cases):
            return self._setting(setting, value, file, path)
        made = []
        for number, case in enumerate(cases):
            at, last = (*path, number), number == len(cases) - 1
            wanted = {"value"} if last else {"while", "value"}
            if not isinstance(case, dict) or set(case) != wanted:
                keys = "'value' alone" if last else "'while' and 'value'"
                self.desk.wrong(file.place(*at), f"expected {keys} here")
                return None
            condition = None if last else self._circumstance(case["while"], file, (*at, "while"))
            made.append((condition, self._setting(setting, case["value"], file, (*at, "value"))))
        known = tuple((condition, value) for condition, value in made if condition is not None)
        return Varying(known, made[-1][1])

    def _circumstance(self, text: Any, file: File, path: Path_) -> Circumstance | None:
        scope = self._scope(self._names())
        try:
            return circumstance(str(text), scope)
        except Misspoken as error:
            self.desk.misspoken(file, path, str(text), error)
            return None

    def _setting(
        self, setting: Setting[Any], value: Any, file: File, path: Path_
    ) -> Typed | tuple[str, ...] | None:
        place = file.place(*path)
        if setting.type == "components":
            known = (*COMPONENTS, *self.charges)
            known += (ACCRUED,) if setting.path == "application.due" else ()
            wrong = [v for v in value if v not in known] if isinstance(value, list) else [""]
            if wrong or len(set(value)) != len(value):
                self.desk.wrong(place, f"expected a list of some of: {', '.join(known)}")
                return None
            return tuple(value)
        if isinstance(value, list | dict) or value is None:
            given = "nothing" if value is None else "a list"
            self.desk.wrong(place, f"a {setting.type} is expected here, not {given}")
            return None
        text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
        indices = tuple(self.contract.indices)
        if setting.type == "index" and text not in (*indices, *self.terms, *self.states):
            hint = did_you_mean(text, indices)
            self.desk.wrong(place, f"contract.yaml declares no index '{text}'", hint)
            return None
        return self._value_for(
            text,
            setting.type,
            indices if setting.type == "index" else setting.choices,
            file,
            path,
            optional=setting.optional,
            states=True,
        )

    # Names and kinds of the rules -----------------------------------------------------------------

    def _states(self) -> dict[str, State]:
        names = dict.fromkeys(self.contract.parties, ("name", ())) | dict(self._term_scope().names)
        states = {}
        for role, party in self.contract.parties.items():
            name = party.name
            states[role] = State(role, "name", Typed("name", frozenset(), _constant(name)))
        for file, name, part in self.desk.once("state"):
            at = ("state", name, "starts")
            known = (*TYPES, "names")
            try:
                starts = self._start(part, names)
            except Misspoken as error:
                self.desk.misspoken(file, at, part.starts, error)
                self.desk.faulty.add(name)
                continue
            fits = starts.type == part.type or {starts.type, part.type} <= {*TEXTS, "names"}
            if part.type not in known:
                place = file.place("state", name, "type")
                self.desk.wrong(
                    place, f"unknown type '{part.type}'", did_you_mean(part.type, known)
                )
            elif not fits:
                self.desk.wrong(file.place(*at), f"a {part.type} is expected, not a {starts.type}")
            if name in names or name == "today":
                self.desk.wrong(
                    file.document.keys[at[:-1]], f"'{name}' already names something else"
                )
            states[name] = State(name, part.type, starts, tuple(part.choices))
        return states

    def _start(self, part: packfile.StatePart, names: FieldTypes) -> Typed:
        """What a state is at first: one of its choices, or an expression over terms and parties."""
        if part.starts in part.choices:
            return Typed(part.type, frozenset(), _constant(part.starts), name="", literal=True)
        return resolve_text(part.starts, self._scope(names))

    def _names(self) -> FieldTypes:
        """What rules may speak of besides facts: terms, state, powers and the day."""
        names: dict[str, tuple[str, tuple[str, ...]]] = {"today": ("date", ())}
        names |= {name: (term.type, term.choices) for name, term in self.terms.items()}
        names |= {name: (state.type, state.choices) for name, state in self.states.items()}
        names |= dict.fromkeys(BALANCES, ("money", ()))
        for _file, name, _power in self.desk.once("powers"):
            names[f"power.{name}"] = ("word", POWER_STATES)
        return names

    # Powers and the rest --------------------------------------------------------------------------

    def _powers(self, rules: set[str]) -> dict[str, Power]:
        found = {}
        for file, name, part in self.desk.once("powers"):
            for key, known in (
                ("holder", self.contract.parties),
                ("in-doubt-on", rules),
                ("exercised-by", self.kinds),
            ):
                value = getattr(part, key.replace("-", "_"))
                if value and value not in known:
                    self.desk.wrong(
                        file.place("powers", name, key),
                        f"unknown name '{value}'",
                        did_you_mean(value, known),
                    )
            for number, rule in enumerate(part.arises_on):
                if rule not in rules:
                    place = file.place("powers", name, "arises-on")
                    several = file.document.places.get(("powers", name, "arises-on", number))
                    self.desk.wrong(
                        several or place, f"unknown name '{rule}'", did_you_mean(rule, rules)
                    )
            at = ("powers", name, "survives-cure")
            survives = self._value_for(part.survives_cure, "boolean", (), file, at)
            self.desk.claim(file, part.words, f"power {name}", "powers", name, "words")
            if survives is not None:
                found[name] = Power(
                    name,
                    file.clause.clause,
                    part.holder,
                    tuple(part.arises_on),
                    part.in_doubt_on,
                    survives,
                    part.exercised_by,
                    plain_words(part.says),
                )
        return found

    def _payments(self) -> Manner | None:
        """How payments are to be made, which one clause may say."""
        found, first = None, ""
        for file in self.desk.files:
            part, place = file.clause.payments, file.place("payments")
            if part is None:
                continue
            if first:
                self.desk.wrong(place, "'payments' stands twice", f"first at {first}")
                continue
            first = str(place)
            if part.to not in self.contract.parties:
                hint = did_you_mean(part.to, self.contract.parties)
                self.desk.wrong(file.place("payments", "to"), f"'{part.to}' is no party", hint)
            self.desk.claim(file, [part.funds], "payments", "payments", "funds")
            at = ("payments", "place")
            places = [name for name, (type_, _) in self._names().items() if type_ == "name"]
            if part.place not in self._names():
                hint = did_you_mean(part.place, places)
                self.desk.wrong(file.place(*at), f"unknown name '{part.place}'", hint)
                continue
            where = self._value_for(part.place, "name", (), file, at, states=True)
            if where is not None:
                found = Manner(file.clause.clause, part.to, where, plain_words(part.funds))
        return found

    def _judgments(self) -> dict[str, packfile.Judgment]:
        return {name: judgment for _file, name, judgment in self.desk.once("judgments")}

    def _suppositions(self) -> dict[str, Supposition]:
        found = {}
        for file, name, part in self.desk.once("suppositions"):
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
                self.desk.wrong(place, f"unknown term '{term}'", did_you_mean(term, self.terms))
            elif self.terms[term].type != "date":
                self.desk.wrong(place, f"the term '{term}' is not a date")
            for number, kind in enumerate(kinds):
                if kind not in self.kinds:
                    place = self.contract_document.place(("begins", term, number))
                    self.desk.wrong(place, f"unknown kind '{kind}'", did_you_mean(kind, self.kinds))
        return {term: tuple(kinds) for term, kinds in self.contract.begins.items()}

    def _check_claims(self) -> None:
        for number, entry in enumerate(self.contract.unruled):
            words = plain_words(entry.phrase)
            if words not in self.note:
                place = self.contract_document.place(("unruled", number, "phrase"))
                self.desk.wrong(place, f"the words '{words}' do not stand in note.txt")
            by = f"unruled: {plain_words(entry.because)}"
            self.desk.claims.append(Claim("", words, by))


_WHOLE = ("schedule", "rounding")
"""Types whose literals are not words of the rule language."""


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
        counts = path.suffix == ".yaml" and packfile.means(path.name)
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
