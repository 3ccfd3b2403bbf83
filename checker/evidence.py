"""The records on which findings rest, with their places in the files that people wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from checker.dates import iso
from checker.model import Fact


class Records:
    """Records by their ids, as they were given: corrected ones and corrections among them."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.by_id = {fact.id: fact for fact in facts}

    def of(self, ids: Iterable[str]) -> list[Fact]:
        """The records of these ids, as far as there are such."""
        return [self.by_id[id_] for id_ in dict.fromkeys(ids) if id_ in self.by_id]

    def behind(self, finding: Mapping[str, Any]) -> list[Fact]:
        """The records on which a finding of a report rests, the one to look at first.

        That is the record that it is about, else the latest of them.
        """
        found = self.of(finding["facts"])
        about = self.by_id.get(str(finding["id"]).rpartition("/")[2])
        latest = found[-1:] if about is None or about not in found else [about]
        return [*latest, *(fact for fact in found if fact not in latest)]


def described(fact: Fact) -> str:
    """A record in words: `a1, the advance of 2000-11-27`."""
    return f"{fact.id}, the {fact.kind} of {iso(fact.date)}"
