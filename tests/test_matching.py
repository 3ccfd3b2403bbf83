"""Under every combination, matching finds what an engine session of its own records finds."""

from __future__ import annotations

from itertools import product

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checker.patterns import EngineRule, Join, Pattern, Record, Test
from checker.questions.diagrams import Diagrams
from checker.questions.matching import Matching
from tests.naive import NaiveSession

ANSWERS = {"one": ("a", "b"), "two": ("x", "y", "z")}
WORLDS = [dict(zip(ANSWERS, each, strict=True)) for each in product(*ANSWERS.values())]
FIELDS = ("n", "m")

kinds = st.sampled_from(["paid", "due"])
numbers = st.integers(0, 2)
conditions = st.fixed_dictionaries(
    {name: st.sets(st.sampled_from(of), min_size=1) for name, of in ANSWERS.items()}
)
records = st.tuples(
    conditions, st.builds(Record, kinds, st.dictionaries(st.sampled_from(FIELDS), numbers))
)


@st.composite
def patterns(draw: st.DrawFn, alias: str, earlier: list[str]) -> Pattern:
    ops = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    tests = draw(st.lists(st.builds(Test, st.sampled_from(FIELDS), ops, numbers), max_size=1))
    joins = []
    if earlier:
        fields, others = st.sampled_from(FIELDS), st.sampled_from(earlier)
        joins = draw(st.lists(st.builds(Join, fields, ops, others, fields), max_size=2))
    return Pattern(alias, draw(kinds), tuple(tests), tuple(joins))


@st.composite
def rules(draw: st.DrawFn) -> list[EngineRule]:
    found = []
    for number in range(draw(st.integers(1, 3))):
        aliases = ["p", "q", "r"][: draw(st.integers(1, 3))]
        positive = [draw(patterns(alias, aliases[:at])) for at, alias in enumerate(aliases)]
        unless = draw(patterns("u", aliases)) if draw(st.booleans()) else None
        found.append(EngineRule(f"rule#{number}", tuple(positive), unless))
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rules=rules(),
    batches=st.lists(st.lists(records, max_size=5), max_size=3),
)
def test_every_combination_has_the_matches_of_its_own_records(
    rules: list[EngineRule], batches: list[list[tuple[dict[str, set[str]], Record]]]
) -> None:
    diagrams = Diagrams(ANSWERS)
    matching = Matching(rules, diagrams)
    naive = [NaiveSession(rules) for _world in WORLDS]
    places: list[list[int]] = [[] for _world in WORLDS]  # of each one's own records among all
    told = 0
    for batch in batches:
        wheres = []
        for boxes, _record in batch:
            where = diagrams.always
            for question, answers in boxes.items():
                where = diagrams.both(where, diagrams.answered(question, answers))
            wheres.append(where)
        found = matching.add([(w, record) for w, (_b, record) in zip(wheres, batch, strict=True)])
        for world, session, own in zip(WORLDS, naive, places, strict=True):
            here = [at for at, where in enumerate(wheres) if diagrams.at(where, world)]
            own += [told + at for at in here]
            expected = {
                (match.rule, tuple(own[at] for at in match.facts.values()))
                for match in session.add([batch[at][1] for at in here])
            }
            under = [
                (match.rule, match.places) for match in found if diagrams.at(match.condition, world)
            ]
            assert len(under) == len(set(under))
            assert set(under) == expected
        told += len(batch)
