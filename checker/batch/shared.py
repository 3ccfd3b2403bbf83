"""What reaches every contract of a pack: its files, the choices, records without contract."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from checker.batch.cells import FILE_BITS, Cell, kept_rows, rows_of
from checker.batch.part import TEXT_FILES, Asked, PackFiles, Shared
from checker.batch.sources import Finder
from checker.batch.tables import record
from checker.facts import judged
from checker.language import TermValue
from checker.model import Place, Problem, WrongInput, did_you_mean
from checker.pack import Pack
from checker.records import Record

Packs = Mapping[str, Pack]


def asked_of(
    packs: Packs, readings: Sequence[str], terms: Sequence[str], shared: Mapping[str, list[Shared]]
) -> dict[str, Asked]:
    """What is asked of the contracts of each pack; WrongInput where no pack knows a choice."""
    problems: list[Problem] = []
    chosen = _choices("--reading", readings, packs, _answer, problems)
    valued = _choices("--term", terms, packs, _term, problems)
    if problems:
        raise WrongInput(problems)
    return {
        word: Asked(PackFiles.of(pack), chosen[word], valued[word], tuple(shared.get(word, ())))
        for word, pack in packs.items()
    }


def _choices(
    option: str,
    given: Iterable[str],
    packs: Packs,
    judge: Callable[[Pack, str, str], str | None],
    problems: list[Problem],
) -> dict[str, dict[str, str]]:
    """`NAME=VALUE` by the packs that know the name."""
    chosen: dict[str, dict[str, str]] = {word: {} for word in packs}
    for text in given:
        name, equals, value = text.partition("=")
        place = Place(option, 1, 1, text)
        known = {word: pack for word, pack in packs.items() if name in _known(option, pack)}
        if not equals:
            problems.append(Problem(place, f"write it as {name or 'NAME'}=VALUE"))
        elif not known:
            names = {each for pack in packs.values() for each in _known(option, pack)}
            problems.append(Problem(place, f"unknown name '{name}'", did_you_mean(name, names)))
        for word, pack in known.items() if equals else ():
            if wrong := judge(pack, name, value):
                problems.append(Problem(Place(option, 1, len(name) + 2, text), wrong))
            elif chosen[word].setdefault(name, value) != value:
                message = f"'{name}' is given twice, with different values"
                problems.append(Problem(place, message))
    return chosen


def _known(option: str, pack: Pack) -> Iterable[str]:
    return pack.questions if option == "--reading" else pack.terms


def _answer(pack: Pack, name: str, value: str) -> str | None:
    answers = pack.questions[name].answers
    return None if value in answers else f"'{name}' has no answer '{value}' in '{pack.name}'"


def _term(pack: Pack, name: str, value: str) -> str | None:
    try:
        pack.terms[name].parse(value, pack.currency)
    except ValueError as error:
        return str(error)
    return None


# Records without a contract ----------------------------------------------------------------------


def shared_records(
    paths: Iterable[str], files: Sequence[tuple[str, str]], finder: Finder
) -> list[tuple[int, Record]]:
    """The records of cells that name no contract, with their positions, in their order."""
    table = kept_rows(paths)
    if table is None:
        return []
    return [
        (position, _placed(position, cells, files, finder))
        for position, cells in rows_of(table.sort_by("position"))
        if cells  # a row of commas is no record
    ]


def _placed(
    position: int, cells: dict[str, Cell], files: Sequence[tuple[str, str]], finder: Finder
) -> Record:
    file, row = position >> FILE_BITS, position & ((1 << FILE_BITS) - 1)
    path, suffix = files[file]
    if suffix not in TEXT_FILES:
        return record(path, row + 1, cells)
    find = partial(_find, finder, file, row)
    return Record(cells, finder.place(file, row, "", key=False), find)


def _find(finder: Finder, file: int, row: int, _place: Place, name: str, key: bool) -> Place:
    return finder.place(file, row, name, key)


def reach(records: Sequence[tuple[int, Record]], packs: Packs) -> dict[str, list[Shared]]:
    """The records that every contract of a pack has, by pack; WrongInput where one reaches none.

    A record goes to the packs that declare its kind shared; an observation of an index, to those
    of them that know the index, if any does.
    """
    problems: list[Problem] = []
    mine: dict[str, list[tuple[int, Record]]] = {word: [] for word in packs}
    for position, given in records:
        kind = given.cells.get("kind")
        sharing = [
            word for word, p in packs.items() if kind in p.kinds and p.kinds[str(kind)].shared
        ]
        if not sharing and any(kind in pack.kinds for pack in packs.values()):
            message = f"a {kind} in a file of many contracts needs its 'contract'"
            problems.append(Problem(given.value("contract"), message))
            continue
        sharing = sharing or [next(iter(packs))]  # it is wrong in all alike: one says so
        knowing = [word for word in sharing if _knows(packs[word], given)]
        for word in knowing or sharing:
            mine[word].append((position, given))
    for word, some in mine.items():
        try:
            if some:
                judged([each for _position, each in some], vocabulary_of(packs[word]), "")
        except WrongInput as error:
            problems += [each for each in error.problems if each not in problems]
    if problems:
        raise WrongInput(problems)
    return {word: [Shared(p, dict(r.cells)) for p, r in some] for word, some in mine.items()}


def vocabulary_of(pack: Pack) -> Any:
    """What facts may say by the terms of the pack itself."""
    values: dict[str, TermValue] = {name: term.value for name, term in pack.terms.items()}
    return pack.vocabulary(values)


def _knows(pack: Pack, given: Record) -> bool:
    fields = pack.kinds[kind].fields if (kind := str(given.cells.get("kind"))) in pack.kinds else {}
    named = [given.cells.get(f.name) for f in fields.values() if f.type == "index"]
    return all(name in pack.indices for name in named)
