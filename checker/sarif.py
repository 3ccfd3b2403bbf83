"""The report as SARIF 2.1.0, for viewers that show results beside the lines that brought them."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from checker import __version__
from checker.evidence import Records, described
from checker.model import Fact
from checker.pack import Pack
from checker.report import BROKEN, OPEN
from checker.rules import Rule
from checker.text import money, revised

Data = Mapping[str, Any]
Object = dict[str, Any]

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "%SRCROOT%"
"""The name by which viewers know the folder that relative addresses start from."""

_KINDS = {"needs-judgment": "review", "needs-fact": "open"}
_LONGEST_SNIPPET = 1_000


def report_sarif(data: Data, pack: Pack, facts: Iterable[Fact], code: int) -> str:
    """The report as the text of a SARIF log; `code` is the exit code of the command.

    Results are what is broken, what is open, and what is waived, as suppressed; what was kept is
    none, and stands in the JSON report. Addresses are relative to the folder of the command, and
    nothing of the time or the machine is told, so the same report gives the same bytes.
    """
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_Run(data, pack, facts).run(code)]}
    return json.dumps(log, ensure_ascii=False, indent=1) + "\n"


class _Run:
    """One run: the report of one contract."""

    def __init__(self, data: Data, pack: Pack, facts: Iterable[Fact]) -> None:
        self.data, self.pack = data, pack
        self.records = Records(facts)
        # A rule stands under the name of its findings; its own definition comes before others.
        rules = sorted(pack.rules.values(), key=lambda rule: rule.id != rule.under)
        self.rules: dict[str, Rule] = {}
        for rule in rules:
            if not rule.revises:
                self.rules.setdefault(rule.under, rule)
        self.order = {name: number for number, name in enumerate(self.rules)}
        self.states = {row["id"]: row["change"] for row in self._changes()}

    def _changes(self) -> list[Data]:
        """What changed of the findings since an earlier report, where that was asked."""
        changes: Data = self.data.get("changes", {})
        return list(changes.get("findings", ()))

    def run(self, code: int) -> Object:
        """The run as it stands in the log."""
        data = self.data
        driver = {
            "name": "checker",
            "version": __version__,
            "rules": [self._rule(name, rule) for name, rule in self.rules.items()],
        }
        invocation: Object = {"executionSuccessful": True, "exitCode": code}
        if data["warnings"]:
            invocation["toolExecutionNotifications"] = [
                {"level": "warning", "message": _text(warning["says"]),
                 "locations": self._locations([warning["fact"]])}
                for warning in data["warnings"]
            ]  # fmt: skip
        about = "The folder in which the command was run."
        return {
            "tool": {"driver": driver},
            "automationDetails": {"id": f"checker/{data['contract']}/{data['as_of']}"},
            "invocations": [invocation],
            "originalUriBaseIds": {ROOT: {"description": {"text": about}}},
            "columnKind": "unicodeCodePoints",
            "results": [*self._results(), *self._gone()],
            "properties": {
                name: data[name]
                for name in ("title", "contract", "as_of", "known_on", "outcome", "readings",
                             "terms", "balances", "receipt")
            },
        }  # fmt: skip

    # Rules ----------------------------------------------------------------------------------------

    def _rule(self, name: str, rule: Rule) -> Object:
        clause = next((c for c in self.pack.clauses if c.clause == rule.clause), None)
        heading = f"clause {rule.clause}" + (f", {clause.heading}" if clause else "")
        words = rule.quote or (clause.text if clause else heading)
        text = clause.text if clause else heading
        help_ = f"{self.pack.title}, {heading}: {text}"
        # Elsewhere stars and brackets in the contract's words would be read as marks.
        markdown = f"**{_plain(self.pack.title)}, {_plain(heading)}**\n\n> {_plain(text)}"
        pascal = "".join(part.capitalize() for part in re.split(r"\W+", name))
        return {
            "id": name,
            # a name that is the id again is to be left out (3.49.7)
            **({"name": pascal} if pascal.casefold() != name.casefold() else {}),
            "shortDescription": {"text": f"{name.replace('-', ' ').capitalize()} ({heading})."},
            "fullDescription": {"text": words},
            "help": {"text": help_, "markdown": markdown},
            "defaultConfiguration": {"level": "error" if rule.outcome in BROKEN else "none"},
            "properties": {"clause": rule.clause, "outcome": rule.outcome},
        }

    # Results --------------------------------------------------------------------------------------

    def _results(self) -> Iterator[Object]:
        for finding in self.data["findings"]:
            if finding["outcome"] in (*BROKEN, *OPEN, "waived"):
                yield self._result(finding)

    def _result(self, finding: Data) -> Object:
        kind = _KINDS.get(finding["outcome"], "fail")
        behind = [fact.id for fact in self.records.behind(finding)]
        later = [fact for revision in finding["revisions"] for fact in revision["facts"]]
        result: Object = {
            "ruleId": finding["rule"],
            "ruleIndex": self.order.get(finding["rule"], -1),
            "kind": kind,
            "level": "error" if kind == "fail" else "none",
            "message": _text(_message(finding)),
            "locations": self._locations(behind[:1]) or self._file(),
            "relatedLocations": self._related([*behind[1:], *later]),
            "partialFingerprints": {"findingId/v1": self._fingerprint(finding["id"])},
            "properties": {
                **{name: value for name, value in finding.items() if name not in ("rule", "facts")},
                "facts": finding["facts"],
            },
        }
        if finding["outcome"] == "waived":
            result["suppressions"] = list(self._suppressions(finding))
        if "changes" in self.data:
            states = {"new": "new", "changed": "updated"}
            change = self.states.get(finding["id"], "")
            result["baselineState"] = states.get(change, "unchanged")
        return {name: value for name, value in result.items() if value != []}

    def _gone(self) -> Iterator[Object]:
        """The findings of the earlier report that are no longer found."""
        for row in self._changes():
            was_told = str(row["before"]).startswith((*BROKEN, *OPEN, "waived"))
            if row["change"] == "gone" and was_told:
                rule = row["id"].partition("/")[0]
                yield {
                    "ruleId": rule,
                    "ruleIndex": self.order.get(rule, -1),
                    "kind": "fail",
                    "level": "error",
                    "message": _text(f"{row['id']} is gone; it was {row['before']}."),
                    "partialFingerprints": {"findingId/v1": self._fingerprint(row["id"])},
                    "baselineState": "absent",
                }

    def _suppressions(self, finding: Data) -> Iterator[Object]:
        """Who waived it, when and why, with the record that says so."""
        for revision in finding["revisions"]:
            if revision["outcome"] == "waived":
                suppression: Object = {
                    "kind": "external",
                    "status": "accepted",
                    "justification": revised(revision),
                    "properties": {name: revision[name] for name in ("date", "by", "reason")},
                }
                if at := self._locations(revision["facts"][-1:]):
                    suppression["location"] = at[0]
                yield suppression

    def _fingerprint(self, finding: str) -> str:
        """The same for a finding of this contract on every day and machine, whatever its amount."""
        return hashlib.sha256(f"{self.data['contract']}\n{finding}".encode()).hexdigest()[:32]

    # Places ---------------------------------------------------------------------------------------

    def _locations(self, ids: Iterable[str]) -> list[Object]:
        return [_location(fact) for fact in self.records.of(ids)]

    def _related(self, ids: Iterable[str]) -> list[Object]:
        return [{"id": at, **where} for at, where in enumerate(self._locations(ids), start=1)]

    def _file(self) -> list[Object]:
        """Where no record stands behind a finding: the first of the files, as a whole."""
        files = (fact.place.file for fact in self.records.by_id.values())
        first = next((file for file in files if file != "-"), None)
        return [] if first is None else [{"physicalLocation": {"artifactLocation": _at(first)}}]


def _message(finding: Data) -> str:
    against = f", against the {finding['against']}" if finding["against"] else ""
    amount = f", {money(finding['amount'])}" if finding["amount"] else ""
    lines = [finding["says"], *(revised(revision) for revision in finding["revisions"])]
    words = f" “{finding['quote']}”" if finding["quote"] else ""
    outcome = finding["outcome"]
    lines.append(
        f"{outcome}: clause {finding['clause']}, {finding['date']}{against}{amount}.{words}"
    )
    return "\n".join(lines)


_LINK = re.compile(r"\[[^\[\]]*\]\(")
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|!~])")


def _text(text: str) -> Object:
    """The words as a message: braces and links in them are words, no placeholders or links."""
    doubled = text.replace("{", "{{").replace("}", "}}")
    return {"text": _LINK.sub(lambda found: found.group().replace("[", r"\[").replace("]", r"\]"),
                              doubled)}  # fmt: skip


def _plain(text: str) -> str:
    """The words as Markdown that shows them just so."""
    return _MARKS.sub(r"\\\1", text)


def _location(fact: Fact) -> Object:
    place = fact.place
    location: Object = {
        "logicalLocations": [{"name": fact.id, "kind": "record"}],
        "message": _text(described(fact)),
    }
    if place.file and place.file != "-":
        region: Object = {"startLine": place.line, "startColumn": place.column}
        if place.excerpt and len(place.excerpt) <= _LONGEST_SNIPPET:
            region["snippet"] = {"text": place.excerpt}
        location["physicalLocation"] = {"artifactLocation": _at(place.file), "region": region}
    return location


def _at(file: str) -> Object:
    """The address of a file, relative to the folder of the command wherever it was named from."""
    path = os.path.relpath(file) if os.path.isabs(file) else os.path.normpath(file)  # noqa: PTH117  # no path object goes up by `..`
    return {"uri": quote(PurePath(path).as_posix()), "uriBaseId": ROOT}
