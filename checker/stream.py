"""Facts evaluated as they arrive: each finding told once as found, then as revised or withdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checker.dates import Day, iso
from checker.evaluate import Engines, Evaluation, Result, conclude
from checker.facts import Book, parse_line
from checker.findings import Finding
from checker.model import Fact, Problem, Vocabulary, WrongInput, did_you_mean
from checker.pack import Pack
from checker.report import Findings, in_order
from checker.source import decode
from checker.terms import Choices
from checker.timeline import effective, last_date


class Stream:
    """One contract whose facts arrive one by one; a later date closes the days before it.

    `result` is the evaluation at the last close, for the outcome at the end.
    """

    def __init__(
        self,
        pack: Pack,
        engines: Engines,
        vocabulary: Vocabulary,
        choices: Choices | None = None,
        *,
        as_of: Day | None = None,
        known_on: Day | None = None,
        contract: str | None = None,
    ) -> None:
        self.pack, self.engines, self.choices = pack, engines, choices or Choices()
        self.vocabulary, self.as_of, self.known_on = vocabulary, as_of, known_on
        self.contract = contract
        self._named: dict[str, Fact] = {}  # contracts named so far, and the first fact of each
        self._unnamed: Fact | None = None  # a fact of no contract, of a kind that is not shared
        self.book = Book(vocabulary, live=True)
        self.facts: list[Fact] = []
        self.result: Result | None = None
        self._closed: Day | None = None
        self._latest: Day | None = None  # the latest date that has arrived
        self._evaluation = Evaluation(pack, engines, self.choices)
        self._fed = 0  # how many of the facts the evaluation has lived through
        self._again: list[Day] = []  # days from whose close on all is evaluated anew
        self._told: dict[str, dict[str, Any]] = {}
        self._last: dict[str, tuple[Finding, bool]] = {}  # each finding told, and if it continued

    def take_line(self, line: bytes, number: int) -> Iterator[dict[str, Any]]:
        """Takes a line of JSON; WrongInput where it is no fact, or none that can stand."""
        text = decode(line, "-").text.rstrip("\n")
        if text.strip():
            yield from self.take(parse_line(text, "-", number, self.vocabulary))

    def take(self, fact: Fact) -> Iterator[dict[str, Any]]:
        """Takes a fact, and tells what its arrival settles."""
        if not self._mine(fact):
            return
        complete = self.book.add(fact)
        if self.book.problems:
            raise WrongInput(self.book.problems)
        for record in complete:
            if self.known_on is not None and record.recorded > self.known_on:
                continue
            self.facts.append(record)
            late = self._closed is not None and record.date <= self._closed
            if late or record.kind == "correction":
                # With a day of knowledge, a correction counts on every day one looks at.
                self._again.append(record.date if self.known_on is None else 0)
        if self.known_on is None or fact.recorded <= self.known_on:
            yield from self._arrived(fact.date)

    def _mine(self, fact: Fact) -> bool:
        """Whether a fact is of this contract; the first contract named is it, unless one was."""
        shared = self.vocabulary.kinds[fact.kind].shared
        if fact.contract:
            self._named.setdefault(fact.contract, fact)
        elif not shared and self._unnamed is None:
            self._unnamed = fact
        if len(self._named) > 1 and self._unnamed is not None:
            message = f"a {self._unnamed.kind} in a stream of many contracts needs its 'contract'"
            raise WrongInput([Problem(self._unnamed.place, message)])
        if self.contract is None and len(self._named) > 1:
            message = f"a second contract, '{fact.contract}': choose one with --contract"
            raise WrongInput([Problem(fact.place, message)])
        return fact.contract in ("", self.contract or fact.contract)

    def _arrived(self, day: Day) -> Iterator[dict[str, Any]]:
        if self._latest is not None and day > self._latest:
            yield from self.settle(day - 1)
        elif self._closed is not None and any(again <= self._closed for again in self._again):
            yield from self.settle(self._closed)
        self._latest = day if self._latest is None else max(self._latest, day)

    def finish(self) -> Iterator[dict[str, Any]]:
        """The input has ended: the days up to the as-of day are settled."""
        if problems := self.book.close():
            raise WrongInput(problems)
        if self.contract is not None and self._named and self.contract not in self._named:
            other = next(iter(self._named.values()))
            message = f"no record is of the contract '{self.contract}'"
            hint = did_you_mean(self.contract, self._named)
            raise WrongInput([Problem(other.place, message, hint)])
        if self.facts:
            yield from self.settle(self.as_of or last_date(self.facts, self.known_on))

    def settle(self, day: Day) -> Iterator[dict[str, Any]]:
        """Closes all days up to `day`, and tells what changed since the last close."""
        day = day if self.as_of is None else min(day, self.as_of)
        standing = effective(self.facts, day, self.known_on)
        back = self._closed is not None and day < self._closed
        if back or any(again <= day for again in self._again):
            self._evaluation.close()
            self._evaluation = Evaluation(self.pack, self.engines, self.choices)
            self._fed, self._last = 0, {}
            self._again = [again for again in self._again if again > day]
        self._evaluation.run(standing[self._fed :], day)
        self._fed, self._closed = len(standing), day
        self.result = conclude(self._evaluation, day, self.known_on, standing, self.choices)
        yield from self._changes(self.result, day)

    def _changes(self, result: Result, day: Day) -> Iterator[dict[str, Any]]:
        """What is new or otherwise than it was told; only that is made into data anew."""
        told, shown, last = self._told, Findings(result), self._last
        stands = {
            id_: (finding, self._evaluation.continuing(finding))
            for id_, finding in result.findings.items()
        }
        moved = [pair[0] for id_, pair in stands.items() if last.get(id_) != pair]
        for finding in in_order(moved):
            data = shown.one(finding)
            if told.get(finding.id) != data:
                change = "revised" if finding.id in told else "found"
                told[finding.id] = data
                yield {"change": change, "as_of": iso(day), **data}
        for id_ in [id_ for id_ in told if id_ not in stands]:
            del told[id_]
            yield {"change": "withdrawn", "as_of": iso(day), "id": id_}
        self._last = stands

    def close(self) -> None:
        """Ends the engine's session."""
        self._evaluation.close()
