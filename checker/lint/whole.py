"""Lints of a pack as a whole: words, names, duties, readings, judgments, figures and cases."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from checker.arrangement import COMPONENTS
from checker.cases import Case, cases_of
from checker.cases.coverage import Covered, coverage
from checker.desk import File
from checker.language import TermValue
from checker.lint.conditions import alike, satisfiable
from checker.lint.desk import Bench, Flaw, Written, refused
from checker.model import Place, WrongInput
from checker.money import RATE_ONE, parse_rate
from checker.pack import Question, plain_words, unclaimed
from checker.source import Document

OPEN = frozenset({"needs-judgment", "needs-fact"})
WRONG = frozenset({"breach", "event-of-default"})
DECLARED = {"charges": "charge", "occasions": "occasion", "counters": "counter",
            "registers": "register", "tallies": "tally"}  # fmt: skip
"""Sections of a clause whose names rules are there to use, and what each declares."""

Path_ = tuple[str | int, ...]


def whole(bench: Bench) -> Iterator[Flaw]:
    """All that is wrong in the pack as a whole, its cases apart."""
    for look in (_sentences, _unused, _readings, _deadlines, _bearers, _judgments, _powers,
                 _compounding, _rates):  # fmt: skip
        yield from look(bench)


# Words --------------------------------------------------------------------------------------------


def _sentences(bench: Bench) -> Iterator[Flaw]:
    for rest in unclaimed(bench.pack):
        message = f"nothing in the pack answers for these words: '{_short(rest.words)}'"
        yield Flaw("sentence-unclaimed", _place_of(bench, rest.clause, rest.words), message)


def _short(words: str) -> str:
    return words if len(words) <= 100 else f"{words[:97]}…"


def _place_of(bench: Bench, clause: str, words: str) -> Place:
    """Where words of the document stand: in the clause's file, or else in the note itself."""
    if clause:
        file = bench.by_clause[clause]
        text = plain_words(file.clause.text)
        return file.document.within(("text",), text[: text.index(words)].rstrip())
    pattern = r"\s+".join(map(re.escape, words.split()))
    found = re.search(pattern, bench.note.text)
    if found is None:
        return bench.note.place(1)
    before = bench.note.text[: found.start()]
    return bench.note.place(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


# Names that nothing uses --------------------------------------------------------------------------


def _unused(bench: Bench) -> Iterator[Flaw]:
    """Terms, states, kinds, indices, parties and the like that nothing speaks of."""
    named = bench.named
    for name, term in bench.pack.terms.items():
        if name not in named and name not in bench.contract.begins:
            place = _key(bench.by_clause[term.clause].document, ("terms", *name.split(".")))
            yield Flaw("term-unused", place, f"nothing uses the term '{name}'")
    for file in bench.files:
        for name in file.clause.state:
            if name not in named:
                place = file.document.keys["state", name]
                yield Flaw("state-unused", place, f"nothing asks for the state '{name}'")
        for section, what in DECLARED.items():
            for name in getattr(file.clause, section):
                if name not in bench.named_by_rules:
                    place = file.document.keys[section, name]
                    message = f"no rule uses the {what} '{name}'"
                    yield Flaw("declared-unused", place, message)
    yield from _unused_of_contract(bench)


def _unused_of_contract(bench: Bench) -> Iterator[Flaw]:
    keys = bench.contract_document.keys
    pointed_at = {
        of
        for kind in bench.pack.kinds.values()
        for field in kind.fields.values()
        for of in field.of
        if kind.name != of
    }
    for name in bench.contract.facts:
        if name not in bench.named and name not in pointed_at:
            message = f"no rule looks for facts of the kind '{name}'"
            yield Flaw("kind-unused", keys["facts", name], message)
    for name in bench.contract.indices:
        if name not in bench.named:
            message = f"no setting names the index '{name}'"
            yield Flaw("index-unused", keys["indices", name], message)
    for name in bench.contract.parties:
        if name not in bench.named:
            message = f"nothing speaks of the party '{name}'"
            yield Flaw("party-unused", keys["parties", name], message)


def _key(document: Document, path: Path_) -> Place:
    return document.keys.get(path) or document.place(path)


# Readings -----------------------------------------------------------------------------------------


class _Signed:
    """The terms as they were signed."""

    def __init__(self, bench: Bench) -> None:
        self.values = {name: term.value for name, term in bench.pack.terms.items()}

    def lookup(self, name: str) -> TermValue:
        return self.values[name]


def _readings(bench: Bench) -> Iterator[Flaw]:
    """Readings of which two answers come to the same, or which only set what nothing uses."""
    for file in bench.files:
        for name in file.clause.readings:
            question, at = bench.pack.questions[name], ("readings", name)
            touched = {term for sets in question.sets.values() for term in sets}
            if touched and not touched & bench.named:
                message = f"nothing uses what '{name}' sets: {', '.join(sorted(touched))}"
                yield Flaw("reading-changes-nothing", file.document.keys[at], message)
                continue
            for answer, other in _same_answers(bench, question, touched):
                place = file.document.keys[(*at, "answers", other)]
                message = f"the answer '{other}' comes to the same as '{answer}'"
                yield Flaw("reading-changes-nothing", place, message)


def _same_answers(
    bench: Bench, question: Question, touched: Iterable[str]
) -> Iterator[tuple[str, str]]:
    signed, seen = _Signed(bench), dict[str, str]()
    for answer, sets in question.sets.items():
        value = {
            term: sets[term].evaluate({}, signed) if term in sets else signed.values[term]
            for term in sorted(touched)
        }
        first = seen.setdefault(repr(value), answer)
        if first != answer:
            yield first, answer


# What falls due -----------------------------------------------------------------------------------


def _deadlines(bench: Bench) -> Iterator[Flaw]:
    """What falls due, or has a last day, and nothing looks at its passing."""
    for file in bench.files:
        for path, component in _falling_due(file):
            if not any(_looks_at(bench, w, component) for w in bench.rules.values()):
                message = f"no rule looks at '{component}' that is unpaid after its last day"
                yield Flaw("deadline-without-consequence", _key(file.document, path), message)
    for name, written in bench.rules.items():
        lapsed = f"{name}-lapsed"
        if written.part.then.until and lapsed not in bench.looked_for:
            place = written.place("then", "until")
            message = f"no rule looks for '{lapsed}', so that nothing follows when the day passes"
            yield Flaw("deadline-without-consequence", place, message)


def _falling_due(file: File) -> Iterator[tuple[Path_, str]]:
    for number, component in enumerate(file.clause.falls_due):
        yield ("falls-due", number), component
    for section in ("charges", "fees"):
        for name in getattr(file.clause, section):
            if name not in file.clause.falls_due:
                yield (section, name), name


def _looks_at(bench: Bench, written: Written, component: str) -> bool:
    """Whether a rule looks for the passing of the last day to pay such an amount."""
    reader = bench.reader(written.rule)
    return any(
        satisfiable(
            {
                *branch,
                alike(f"{alias}.kind", "=deadline", same=True),
                alike(f"{alias}.component", f"={component}", same=True),
            }
        )
        for alias, text in written.patterns.items()
        if "deadline" in written.rule.aliases[alias]
        for branch in reader.alternatives(alias, text)
    )


def _bearers(bench: Bench) -> Iterator[Flaw]:
    """Amounts that no clause claims, and breaches that are nobody's."""
    due = {component for file in bench.files for _path, component in _falling_due(file)}
    # Costs come from facts alone: they matter where a rule looks for them.
    speaks_of = set(COMPONENTS) - ({"costs"} - bench.looked_for)
    for component in sorted(speaks_of - due):
        message = f"no clause says by 'falls-due' that {component} falls due under it"
        yield Flaw("obligation-nobody-bears", bench.contract_document.place(()), message)
    for name, written in bench.rules.items():
        if written.rule.outcome in WRONG and not written.rule.against:
            if written.rule.revises:
                continue  # the finding that it revises says whose it is
            message = f"'{name}' finds a {written.rule.outcome}, and does not say against whom"
            yield Flaw("obligation-nobody-bears", written.place("then", "outcome"), message)


# Judgments and powers -----------------------------------------------------------------------------


def _judgments(bench: Bench) -> Iterator[Flaw]:
    """Judgments that nothing asks for, and questions that no judgment answers."""
    answered = {about for j in bench.pack.judgments.values() for about in j.about}
    for file in bench.files:
        for name, judgment in file.clause.judgments.items():
            if not any(OPEN & bench.outcomes_of(about) for about in judgment.about):
                message = f"none of the rules that '{name}' is about leaves anything open"
                place = file.place("judgments", name, "about")
                yield Flaw("judgment-nobody-can-give", place, message)
    for name, written in bench.rules.items():
        rule = written.rule
        open_ = rule.outcome == "needs-judgment" and not rule.revises
        if open_ and not {name, rule.under} & answered and not _judged_by_rule(bench, name):
            message = f"no judgment answers what '{name}' leaves to a person"
            yield Flaw("question-without-judgment", written.place("then", "outcome"), message)


def _judged_by_rule(bench: Bench, name: str) -> bool:
    return any({"judgment", name} <= w.rule.kinds for w in bench.rules.values())


def _powers(bench: Bench) -> Iterator[Flaw]:
    for file in bench.files:
        for name, power in file.clause.powers.items():
            looked_for = any(power.exercised_by in w.rule.kinds for w in bench.rules.values())
            if not looked_for and f"power.{name}" not in bench.named:
                message = f"no rule looks for the {power.exercised_by} that exercises '{name}'"
                place = file.document.keys["powers", name]
                yield Flaw("power-without-exercise", place, message)


# Figures ------------------------------------------------------------------------------------------

_SIMPLE = re.compile(r"\bsimple (?:rate of )?interest\b|\binterest\b[^.;]*\bsimple\b", re.I)
_COMPOUND = re.compile(r"\bcompound(?:s|ed|ing)?\b", re.I)
_DENIED = re.compile(r"\b(?:not|no|never|without|nor)\s+(?:\w+\s+){0,3}compound\w*", re.I)


def _compounding(bench: Bench) -> Iterator[Flaw]:
    """A text that says simple or compounded, and a setting that says the other."""
    settings = [file.clause.ledger.get("interest", {}) for file in bench.files]
    chosen = [each["compounding"] for each in settings if "compounding" in each]
    compounds = any(_values(bench, value) != {"none"} for value in chosen)
    for file in bench.files:
        text = plain_words(file.clause.text)
        plain = _DENIED.search(text) or _SIMPLE.search(text)
        compound = _COMPOUND.search(_DENIED.sub(lambda m: " " * len(m[0]), text))
        said = plain if compounds else compound
        if said and not (plain and compound):
            place = file.document.within(("text",), text[: said.start()].rstrip())
            setting = "compounds interest" if compounds else "does not compound interest"
            message = f"the text says '{_short(said[0])}', and the ledger {setting}"
            yield Flaw("simple-beside-compounding", place, message)


def _values(bench: Bench, setting: Any) -> set[str]:
    """The words that a setting holds, those of terms as they were signed."""
    listed = [e.get("value") for e in setting] if isinstance(setting, list) else [setting]
    terms = bench.pack.terms
    return {str(terms[v].value if v in terms else v) for v in map(str, listed)}


_RATE = re.compile(r"(?<![\w.,])\d[\d.,]*%")


def _rates(bench: Bench) -> Iterator[Flaw]:
    """Rates over 100%, in terms, settings and rules."""
    for file in bench.files:
        for section in ("terms", "ledger", "rules", "fees", "registers", "readings", "state"):
            for path, text in _texts(file.document.data.get(section, {}), (section,)):
                for found in _RATE.finditer(text):
                    rate = _rate(found[0])
                    if rate is not None and rate > RATE_ONE:
                        place = file.document.within(path, text[: found.start()].rstrip())
                        yield Flaw("rate-over-100", place, f"{found[0]} is more than the whole")


def _rate(text: str) -> int | None:
    try:
        return parse_rate(text)
    except ValueError:
        return None


def _texts(data: Any, path: Path_) -> Iterator[tuple[Path_, str]]:
    """The texts in which something is settled; the words of the document are as they are."""
    if path[-1] in ("words", "phrase", "because", "asks", "describes", "source", "says", "needs"):
        return
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, (*path, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _texts(value, (*path, number))
    elif isinstance(data, str):
        yield path, data


# Cases --------------------------------------------------------------------------------------------


def shown(bench: Bench, dead: Collection[str] = ()) -> Iterator[Flaw]:
    """What no case shows; nothing of the rules that never fire, of which worse has been told."""
    try:
        cases = cases_of(bench.pack)
    except WrongInput as error:
        yield from map(refused, error.problems)
        return
    for covered in coverage(bench.pack, cases):
        rule = covered.rule
        if not {rule.id, *(rule.kinds if rule.question else ())} & set(dead):
            yield from _not_shown(bench, covered)
    yield from _never_chosen(bench, cases)


def _not_shown(bench: Bench, covered: Covered) -> Iterator[Flaw]:
    place = _rule_place(bench, covered)
    name = covered.rule.id
    if not covered.fires:
        yield Flaw("rule-without-case", place, f"no case makes '{name}' fire")
        return  # all its bounds lack their cases too
    if not covered.silent:
        yield Flaw("rule-without-case", place, f"no case that might leaves '{name}' silent")
    for side in covered.sides:
        shown_by = (("true", side.inside), ("false", side.outside))
        if lacking := " or ".join(word for word, case in shown_by if not case):
            message = f"no case has '{side.boundary.text}' {lacking} by the least distance"
            written = bench.rules.get(name)
            alias = side.boundary.alias
            section = "unless" if written and alias in written.part.unless else "when"
            at = written.place(section, alias) if written else place
            yield Flaw("boundary-without-case", at, message)


def _rule_place(bench: Bench, covered: Covered) -> Place:
    rule = covered.rule
    if rule.id in bench.rules:
        return bench.rules[rule.id].place()
    answer = rule.id.rpartition("-judged-")[2]
    return bench.desk.definition("judgments", rule.question, "answers", answer)


def _never_chosen(bench: Bench, cases: Iterable[Case]) -> Iterator[Flaw]:
    chosen = {pair for case in cases for pair in case.choices.readings.items()}
    for file in bench.files:
        for name, reading in file.clause.readings.items():
            for answer in list(reading.answers)[1:]:  # the first one stands where none is chosen
                if (name, answer) not in chosen:
                    place = file.document.keys["readings", name, "answers", answer]
                    message = f"no case takes the answer '{answer}' to '{name}'"
                    yield Flaw("reading-without-case", place, message)
