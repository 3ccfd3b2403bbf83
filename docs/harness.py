"""Examples of the guide: parts of a pack put into a small whole one, and what they give."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from checker.cases import Difference, case_report, differences, read_cases
from checker.evaluate import Engines
from checker.loader import load_pack
from checker.model import Place, Problem, WrongInput
from checker.packfile import Contract
from checker.source import Document, Source, load_yaml, read_source

HERE = Path(__file__).parent
EXAMPLES = HERE / "examples"
AROUND = HERE / "around.yaml"
"""The pack that every example is put into."""

KEYS = ("of", "says", "pack", "facts", "as-of", "readings", "terms", "expect")


@dataclass(frozen=True)
class Example:
    """One example as it is written: `of` are the primitives that it shows.

    `pack`, `facts` and `expect` are YAML as the page shows it, comments included.
    """

    id: str
    of: tuple[str, ...]
    says: str
    pack: str
    facts: str
    expect: str
    chosen: Mapping[str, Any]  # as-of, readings, terms
    place: Place

    @property
    def document(self) -> Document:
        """Its part of a pack."""
        return load_yaml(Source(f"example {self.id}", self.pack))


@dataclass(frozen=True)
class Ran:
    """What an example gave: its report, and where that departs from what it expects."""

    report: Mapping[str, Any]
    differences: tuple[Difference, ...]


@cache
def examples() -> tuple[Example, ...]:
    """All examples of the reference, file by file."""
    return tuple(e for path in sorted(EXAMPLES.glob("*.yaml")) for e in read_examples(path))


def read_examples(path: Path) -> Iterator[Example]:
    """The examples of one file; WrongInput names a key that no example has."""
    document = load_yaml(read_source(path))
    for name, part in document.data.items():
        for key in part:
            if key not in KEYS:
                place = document.keys[name, key]
                raise WrongInput([Problem(place, f"an example has no key '{key}'")])
        yield Example(
            id=name,
            of=tuple(part["of"]),
            says=" ".join(part["says"].split()),
            pack=part.get("pack", "{}\n"),
            facts=part["facts"],
            expect=part["expect"],
            chosen={key: part[key] for key in ("as-of", "readings", "terms") if key in part},
            place=document.keys[(name,)],
        )


def run(example: Example) -> Ran:
    """Runs an example in the small pack; WrongInput where its part cannot stand there."""
    with tempfile.TemporaryDirectory() as folder:
        pack = load_pack(write_pack(Path(folder) / "example", example.document.data))
        facts, expect = (_data(text) for text in (example.facts, example.expect))
        case = {"title": example.says, "facts": facts, **example.chosen, "expect": expect}
        text = yaml.safe_dump({"cases": [case]}, sort_keys=False, allow_unicode=True)
        (read,) = read_cases(pack, load_yaml(Source(f"example {example.id}", text)))
        with Engines(pack) as engines:
            report = case_report(pack, engines, read)
    return Ran(report, tuple(differences(read, report)))


def write_pack(folder: Path, parts: Mapping[str, Any]) -> Path:
    """The small pack in a folder, with these parts of its files put in."""
    around = _data(AROUND.read_text(encoding="utf-8"))
    contract, clause = around["contract.yaml"], around["1-all.yaml"]
    of_contract = {field.alias for field in Contract.model_fields.values()}
    for key, value in parts.items():
        target = contract if key in of_contract and key != "unruled" else clause
        target[key] = _put(target.get(key), value)
    folder.mkdir()
    (folder / "note.txt").write_text(clause["text"], encoding="utf-8")
    for name, data in (("contract.yaml", contract), ("1-all.yaml", clause)):
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _data(text: str) -> Any:
    """The text as packs are read: dates and amounts stay words."""
    return copy.deepcopy(load_yaml(Source("", text)).data)


def _put(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    merged = {**old, **{key: _put(old.get(key), value) for key, value in new.items()}}
    # A rate follows an index or is fixed: an example that says one takes the other away.
    if "fixed" in old and "index" in new:
        del merged["fixed"]
    return merged
