"""A report as somebody hands it in: a JSON file, or a PDF that carries the report and its facts."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from checker.model import Place, Problem, WrongInput
from checker.questions.since import report_in
from checker.records import READERS
from checker.source import decode

Data = dict[str, Any]

REPORT = "report.json"
"""The attachment of a PDF that is the report, just as `check --format json` prints it."""


@dataclass(frozen=True)
class Submitted:
    """A report with what came with it: `files` are the facts attached to a PDF, by their names.

    `others` are the names of attachments that are neither.
    """

    name: str
    kind: str  # json or pdf
    sha256: str
    report: Data
    files: Mapping[str, bytes] = field(default_factory=dict)
    others: tuple[str, ...] = ()


def submitted(path: str) -> Submitted:
    """The report in a file, JSON or PDF by what it holds; WrongInput where it holds none."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        message = f"cannot be read: {(error.strerror or str(error)).lower()}"
        raise WrongInput([Problem(Place(path, 1, 1), message)]) from error
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(b"PK\x03\x04") or data.lstrip().startswith(b"<"):
        message = "a page or a document holds no report as data"
        hint = "verify the report as JSON, or the PDF that carries it"
        raise WrongInput([Problem(Place(path, 1, 1), message, hint)])
    if not data.startswith(b"%PDF-"):
        return Submitted(path, "json", digest, report_in(decode(data, path)))
    attached = _attached(data, path)
    if REPORT not in attached:
        message = f"the PDF carries no {REPORT}, so there is nothing in it to verify"
        hint = f"it carries {', '.join(attached)}" if attached else "it carries no file at all"
        raise WrongInput([Problem(Place(path, 1, 1), message, hint)])
    report = report_in(decode(attached.pop(REPORT), f"{path}/{REPORT}"))
    files = {name: text for name, text in attached.items() if _holds_facts(name)}
    others = tuple(name for name in attached if name not in files)
    return Submitted(path, "pdf", digest, report, files, others)


def _holds_facts(name: str) -> bool:
    return PurePath(name).suffix.lower() in READERS


def _attached(data: bytes, path: str) -> dict[str, bytes]:
    """The files attached to a PDF by their plain names; WrongInput where two bear one name."""
    found: dict[str, bytes] = {}
    for name, content in _read(data, path):
        if name in found:
            message = f"two files named '{name}' are attached: which of them counts is not known"
            raise WrongInput([Problem(Place(path, 1, 1), message)])
        found[name] = content
    return found


def _read(data: bytes, path: str) -> Iterator[tuple[str, bytes]]:
    from pypdf import PdfReader  # noqa: PLC0415  # slow to import, and needed for a PDF alone

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it mends is no concern of ours
    try:
        files = [
            (PurePath(each.alternative_name or each.name).name, each.content)
            for each in PdfReader(io.BytesIO(data)).attachment_list
        ]
    except Exception as error:  # a broken PDF may raise anything in its reader
        message = f"the PDF cannot be read: {error or type(error).__name__}"
        raise WrongInput([Problem(Place(path, 1, 1), message)]) from error
    yield from files
