"""Decision diagrams say of every combination what plain tables say of it."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checker.questions.diagrams import Diagrams, Node

ANSWERS = {"one": ("a", "b"), "two": ("x", "y", "z"), "three": ("n", "o")}
WORLDS = [dict(zip(ANSWERS, each, strict=True)) for each in product(*ANSWERS.values())]
OWN = WORLDS[0]

tables = st.lists(st.booleans(), min_size=len(WORLDS), max_size=len(WORLDS))
values = st.lists(st.sampled_from(["p", "q", None]), min_size=len(WORLDS), max_size=len(WORLDS))
often = settings(max_examples=150, deadline=None)


def condition(diagrams: Diagrams, table: list[bool]) -> Node:
    """The combinations for which a table says yes, put together one by one."""
    found = diagrams.never
    for world, yes in zip(WORLDS, table, strict=True):
        one = diagrams.always
        for question, answer in world.items():
            one = diagrams.both(one, diagrams.answered(question, [answer]))
        found = diagrams.either(found, one) if yes else found
    return found


def function(diagrams: Diagrams, table: list[Any]) -> Node:
    """The function that a table gives the values of."""
    found = diagrams.leaf(None)
    for value in ("p", "q"):
        where = condition(diagrams, [each == value for each in table])
        found = diagrams.choose(where, diagrams.leaf(value), found)
    return found


@often
@given(one=tables, other=tables)
def test_conditions_are_joined_as_tables_are(one: list[bool], other: list[bool]) -> None:
    diagrams = Diagrams(ANSWERS)
    a, b = condition(diagrams, one), condition(diagrams, other)
    for at, world in enumerate(WORLDS):
        assert diagrams.at(diagrams.both(a, b), world) == (one[at] and other[at])
        assert diagrams.at(diagrams.either(a, b), world) == (one[at] or other[at])
        assert diagrams.at(diagrams.without(a, b), world) == (one[at] and not other[at])
    assert (a == b) == (one == other)


@often
@given(table=tables)
def test_the_nearest_combination_is_one_and_differs_as_late_as_can_be(table: list[bool]) -> None:
    diagrams = Diagrams(ANSWERS)
    if any(table):
        near = diagrams.nearest(condition(diagrams, table), OWN)
        assert table[WORLDS.index(dict(near))]
        assert table[0] == (near == OWN)


@often
@given(table=values)
def test_a_function_counts_asks_and_is_mapped_as_its_table_is(table: list[str | None]) -> None:
    diagrams = Diagrams(ANSWERS)
    node = function(diagrams, table)
    assert [diagrams.at(node, world) for world in WORLDS] == table
    assert diagrams.sizes(node) == {value: table.count(value) for value in set(table)}
    by_world = {tuple(world.values()): value for world, value in zip(WORLDS, table, strict=True)}
    turning = [
        name
        for place, (name, answers) in enumerate(ANSWERS.items())
        if any(
            by_world[world] != by_world[(*world[:place], answer, *world[place + 1 :])]
            for world in by_world
            for answer in answers
        )
    ]
    assert diagrams.asks(node) == turning
    mapped = diagrams.mapped(node, lambda value: value == "p")
    assert mapped == condition(diagrams, [value == "p" for value in table])


@often
@given(table=st.lists(st.integers(-3, 3), min_size=len(WORLDS), max_size=len(WORLDS)))
def test_numbers_are_as_far_apart_as_in_their_table(table: list[int]) -> None:
    diagrams = Diagrams(ANSWERS)
    node = diagrams.leaf(0)
    for number in set(table):
        where = condition(diagrams, [each == number for each in table])
        node = diagrams.choose(where, diagrams.leaf(number), node)
    found = diagrams.widths(node)
    for question in ANSWERS:
        alike = [
            (one, other)
            for one, this in zip(table, WORLDS, strict=True)
            for other, that in zip(table, WORLDS, strict=True)
            if all(this[name] == that[name] for name in ANSWERS if name != question)
        ]
        assert found.get(question, 0) == max(abs(one - other) for one, other in alike)


@often
@given(table=tables)
def test_the_smallest_sets_cover_what_holds_and_none_could_be_smaller(table: list[bool]) -> None:
    diagrams = Diagrams(ANSWERS)
    names = tuple(ANSWERS)
    found = diagrams.smallest(condition(diagrams, table))
    sets = [{names[level]: answer for level, answer in each} for each in found]

    def holds(part: dict[str, str]) -> bool:
        whole = [yes for w, yes in zip(WORLDS, table, strict=True) if part.items() <= w.items()]
        return all(whole)

    for world, yes in zip(WORLDS, table, strict=True):
        assert yes == any(each.items() <= world.items() for each in sets)
    for each in sets:
        assert holds(each)
        assert not any(holds({k: v for k, v in each.items() if k != left}) for left in each)
