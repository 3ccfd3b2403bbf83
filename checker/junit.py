"""JUnit's XML, as CI systems read it: suites of test cases, well formed whatever text they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from checker.model import Place

_UNFIT_FOR_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One test case. `became` is failure, error or skipped, with its message and type; or nothing.

    `text` is the body of what it became, or what a case that passed printed.
    """

    classname: str
    name: str
    place: Place | None = None
    became: str = ""
    message: str = ""
    type: str = ""
    text: str = ""


@dataclass(frozen=True)
class Suite:
    """Test cases under one name, with properties."""

    name: str
    cases: Sequence[Case]
    properties: Mapping[str, str] = field(default_factory=dict)


def junit(name: str, suites: Sequence[Suite]) -> str:
    """The suites as a document; the same suites give the same bytes, for no time is told."""
    counts = _counts([case for suite in suites for case in suite.cases])
    root = ElementTree.Element("testsuites", {"name": fit(name), **counts})
    for suite in suites:
        attributes = {"name": fit(suite.name), **_counts(suite.cases)}
        element = ElementTree.SubElement(root, "testsuite", attributes)
        if suite.properties:
            properties = ElementTree.SubElement(element, "properties")
            for key, value in suite.properties.items():
                ElementTree.SubElement(properties, "property", {"name": key, "value": fit(value)})
        for case in suite.cases:
            _add(element, case)
    ElementTree.indent(root)
    xml = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}\n'


def _counts(cases: Iterable[Case]) -> dict[str, str]:
    became = [case.became for case in cases]
    return {
        "tests": str(len(became)),
        "failures": str(became.count("failure")),
        "errors": str(became.count("error")),
        "skipped": str(became.count("skipped")),
    }


def _add(suite: ElementTree.Element, case: Case) -> None:
    attributes = {"classname": fit(case.classname), "name": fit(case.name)}
    if case.place is not None:
        attributes |= {"file": fit(case.place.file), "line": str(case.place.line)}
    element = ElementTree.SubElement(suite, "testcase", {**attributes, "time": "0"})
    if case.became:
        told = {"message": case.message, "type": case.type} if case.type else {
            "message": case.message
        }  # fmt: skip
        told = {key: fit(value) for key, value in told.items()}
        ElementTree.SubElement(element, case.became, told).text = fit(case.text) or None
    elif case.text:
        ElementTree.SubElement(element, "system-out").text = fit(case.text)


def fit(text: str) -> str:
    """The text without the characters that no XML document may hold."""
    return _UNFIT_FOR_XML.sub("\N{REPLACEMENT CHARACTER}", text)
