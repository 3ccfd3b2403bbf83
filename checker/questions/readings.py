"""Readings: what of a report turns on how an ambiguous phrase is read, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeVar

from checker.facts import uncollected
from checker.inquiry import Inquiry
from checker.money import plain
from checker.pack import Question
from checker.questions import identity
from checker.questions.combinations import (
    Combinations,
    Data,
    Standing,
    Told,
    at_stake,
    count,
    explored,
    figures,
    stands,
    told,
)
from checker.questions.diagrams import Node
from checker.questions.together import Progress

T = TypeVar("T")

MOST_VALUES = 8
"""Of a figure with more values than these, the least and the greatest are told with their sets."""


@uncollected()
def readings(inquiry: Inquiry, progress: Progress | None = None, *, all_: bool = False) -> Data:
    """Every other answer alone beside the baseline; with `all_`, every combination as well."""
    if not all_:
        return _told(inquiry, None)
    with explored(inquiry, progress) as combined:
        return _told(inquiry, combined)


def _told(inquiry: Inquiry, combined: Combinations | None) -> Data:
    alone = _Alone(inquiry, combined)
    report = inquiry.report
    head = ("contract", "pack", "title", "as_of", "known_on", "outcome")
    every = _Every(inquiry, combined) if combined is not None else None
    questions = list(alone.questions())
    return {
        "schema": identity("readings"),
        **{name: report[name] for name in head},
        "readings": dict(report["readings"]),
        "covers": "each answer alone" if every is None else "every combination",
        "combinations": count(inquiry),
        "evaluations": inquiry.meter.evaluations,
        "questions": questions,
        "findings": alone.findings() if every is None else list(every.findings()),
        "outcomes": [] if every is None else every.outcomes(),
        "powers": [] if every is None else list(every.powers()),
        "figures": [] if every is None else list(every.figures()),
    }


@uncollected()
def labelled(inquiry: Inquiry, progress: Progress | None = None) -> Data:
    """The report, each finding labelled by all readings: whether it is robust, else what it is on.

    A finding is robust when its id, outcome, date and amount stand in every combination of answers.
    """
    report = dict(inquiry.report)
    with explored(inquiry, progress) as combined:
        every = _Every(inquiry, combined)
        asks = {found["id"]: every.questions_of(found["id"]) for found in report["findings"]}
    report["findings"] = [
        {**found, "robust": not asks[found["id"]], "depends_on": asks[found["id"]]}
        for found in report["findings"]
    ]
    return report


# Each answer alone -------------------------------------------------------------------------------


@dataclass
class _Alone:
    """The baseline, and each other answer alone; from the combinations where they are there."""

    inquiry: Inquiry
    combined: Combinations | None
    turned: dict[str, dict[str, int]] = field(default_factory=dict)  # finding -> question -> cents

    @cached_property
    def baseline(self) -> Told:
        return Told.of(self.inquiry.report)

    def told(self, question: str, answer: str) -> Told:
        """What is so with one question answered otherwise."""
        if self.combined is not None:
            return self.combined.told({**self.inquiry.report["readings"], question: answer})
        if answer in self.inquiry.result.evaluation.terms.indistinct[question]:
            return self.baseline
        return Told.of(self.inquiry.read({question: answer}).report)

    def questions(self) -> Iterator[Data]:
        """Every question, its phrase, and what each answer to it comes to."""
        for name, question in self.inquiry.pack.questions.items():
            own = self.inquiry.report["readings"][name]
            yield {
                "question": name,
                "clause": question.clause,
                "phrase": question.phrase,
                "asks": question.asks,
                "baseline": own,
                "because": question.answers[own],
                "others": [
                    self._other(question, answer) for answer in question.answers if answer != own
                ],
            }

    def _other(self, question: Question, answer: str) -> Data:
        before, after = self.baseline, self.told(question.name, answer)
        found = list[Data]()
        for id_, change, one, other in _changed(before.findings, after.findings):
            known = self.turned.setdefault(id_, {})
            by = abs(at_stake(other) - at_stake(one))
            known[question.name] = max(by, known.get(question.name, 0))
            found.append(_change(id_, change, one and one.told(), other and other.told()))
        owed = [_change(*each) for each in _changed(before.owed, after.owed)]
        money = list(_moved_money(before, after))
        return {
            "answer": answer,
            "because": question.answers[answer],
            "outcome": after.outcome,
            "changes": bool(found or owed or money or before.outcome != after.outcome),
            "findings": found,
            "obligations": owed,
            "money": money,
        }

    def findings(self) -> list[Data]:
        """The findings of the baseline and those that some answer alone brings about.

        Asked for when the questions have been told.
        """
        known = self.baseline.findings
        return [
            {
                "id": id_,
                **_where_it_is(known.get(id_)),
                "label": "reading-dependent" if id_ in self.turned else "stable-alone",
                "depends_on": [
                    {
                        "question": name,
                        "phrase": self.inquiry.pack.questions[name].phrase,
                        "by": plain(by),
                    }
                    for name, by in self.turned.get(id_, {}).items()
                ],
                "when": [],
            }
            for id_ in dict.fromkeys([*known, *self.turned])
        ]


_NOWHERE = {"outcome": None, "date": None, "amount": None}


def _where_it_is(finding: Standing | None) -> Data:
    return _NOWHERE if finding is None else finding.told()


def _changed(
    before: Mapping[str, T], after: Mapping[str, T]
) -> Iterator[tuple[str, str, T | None, T | None]]:
    """What appears, goes or moves, in the order of the baseline: as it was, and as it is."""
    for id_ in dict.fromkeys([*before, *after]):
        one, other = before.get(id_), after.get(id_)
        if one != other:
            change = "appears" if one is None else "goes" if other is None else "moves"
            yield id_, change, one, other


def _change(id_: str, change: str, before: Data | None, after: Data | None) -> Data:
    return {"id": id_, "change": change, "before": before, "after": after}


def _moved_money(before: Told, after: Told) -> Iterator[Data]:
    """The amounts that differ, each with a sentence that says by how much."""
    one, other = before.figures, after.figures
    due = {id_: row["due"] for told in (after, before) for id_, row in told.owed.items()}
    for of, name in dict.fromkeys([*one, *other]):
        old, new = one.get((of, name)), other.get((of, name))
        if old == new or (of != "balances" and (old or 0) == (new or 0)):
            continue
        spoken = name.replace("_", " ")
        by = plain((new or 0) - (old or 0))
        if of == "balances" and None in (old, new):
            says = f"{spoken} can{'not' if new is None else ''} be figured"
        else:
            says = _says(by, of, spoken, due.get(of))
        yield {
            "of": of, "figure": name, "before": told(old), "after": told(new), "by": by,
            "says": says,
        }  # fmt: skip


def _says(by: str, of: str, spoken: str, due: str | None) -> str:
    whole, _, rest = by.lstrip("-").partition(".")
    signed = f"{'-' if by.startswith('-') else '+'}{int(whole):,}.{rest}"
    if due is not None:
        component = of.partition("/")[0]
        return f"{signed} {'due' if spoken == 'amount' else 'unpaid, due'} {due} ({component})"
    return f"{signed} {spoken}" if of == "balances" else f"{signed} to {spoken} of {of}"


# Every combination -------------------------------------------------------------------------------


@dataclass
class _Every:
    """What each thing is under every combination of answers."""

    inquiry: Inquiry
    combined: Combinations
    depends: dict[Node, list[Data]] = field(default_factory=dict)

    def questions_of(self, id_: str) -> list[str]:
        """The questions on which a finding depends."""
        return self.combined.asks(self.combined.findings[id_])

    def outcomes(self) -> list[Data]:
        """The outcome of the whole, with the sets of answers that bring each about."""
        node = self.combined.outcome
        return [
            {"outcome": one, "combinations": size, "sets": self.combined.sets(node, [one])}
            for one, size in self.combined.sizes(node).items()
        ]

    def powers(self) -> Iterator[Data]:
        """Every power with its states."""
        for power in self.inquiry.report["powers"]:
            node = self.combined.powers[power["id"]]
            sizes = self.combined.sizes(node)
            yield {
                "id": power["id"],
                "state": power["state"],
                "since": power["since"],
                "robust": len(sizes) == 1,
                "depends_on": self._depends(node),
                "when": [
                    {"state": state, "since": since, "combinations": size,
                     "sets": self.combined.sets(node, [(state, since)])}
                    for (state, since), size in sizes.items()
                ],
            }  # fmt: skip

    def findings(self) -> Iterator[Data]:
        """Every finding that some combination has: first those of the baseline, in its order."""
        own = {found["id"]: stands(found) for found in self.inquiry.report["findings"]}
        for id_ in [*own, *sorted(self.combined.findings.keys() - own.keys())]:
            node = self.combined.findings[id_]
            depends = self._depends(node)
            yield {
                "id": id_,
                **_where_it_is(own.get(id_)),
                "label": "reading-dependent" if depends else "robust",
                "depends_on": depends,
                "when": list(self._when(node)) if depends else [],
            }

    def _when(self, node: Node) -> Iterator[Data]:
        """The outcomes and dates of a finding, the range of its amount, and when it is so."""
        kinds: dict[Any, list[Any]] = {}
        sizes = self.combined.sizes(node)
        for value in sizes:
            kinds.setdefault(None if value is None else value[:2], []).append(value)
        for of_kind in kinds.values():
            amounts = [v.amount for v in of_kind if v is not None and v.amount is not None]
            yield {
                **{name: _where_it_is(of_kind[0])[name] for name in ("outcome", "date")},
                "lowest": told(min(amounts, default=None)),
                "highest": told(max(amounts, default=None)),
                "combinations": sum(sizes[value] for value in of_kind),
                "sets": self.combined.sets(node, of_kind),
            }

    def figures(self) -> Iterator[Data]:
        """Every amount with its range: first those of the baseline, in its order."""
        own = figures(self.inquiry.report)
        functions = self.combined.figures
        for of, name in dict.fromkeys([*own, *sorted(functions, key=itemgetter(0))]):
            node = functions[of, name]
            sizes: dict[int | None, int] = self.combined.sizes(node)
            known = [value for value in sizes if value is not None]
            lowest, highest = min(known, default=None), max(known, default=None)
            yield {
                "of": of,
                "figure": name,
                "baseline": told(own.get((of, name))),
                "lowest": told(lowest),
                "highest": told(highest),
                "by": plain((highest or 0) - (lowest or 0)),
                "robust": len(sizes) == 1,
                "depends_on": self._depends(node),
                "when": list(self._values(node, sizes, lowest, highest)),
            }

    def _values(
        self,
        node: Node,
        sizes: Mapping[int | None, int],
        lowest: int | None,
        highest: int | None,
    ) -> Iterator[Data]:
        if len(sizes) == 1:
            return
        shown = set(sizes) if len(sizes) <= MOST_VALUES else {lowest, highest, None} & set(sizes)
        for value in sorted(shown, key=lambda v: (v is None, v or 0)):
            yield {
                "value": told(value),
                "combinations": sizes[value],
                "sets": self.combined.sets(node, [value]),
            }

    def _depends(self, node: Node) -> list[Data]:
        """The questions that make a difference, the widest first, and by how much each does."""
        if node not in self.depends:  # many a figure is the same function
            self.depends[node] = self._widths(node)
        return self.depends[node]

    def _widths(self, node: Node) -> list[Data]:
        widths = sorted(self.combined.widths(node).items(), key=lambda each: -each[1])
        return [
            {
                "question": name,
                "phrase": self.inquiry.pack.questions[name].phrase,
                "by": plain(by),
            }
            for name, by in widths
        ]
