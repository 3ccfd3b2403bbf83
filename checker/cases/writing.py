"""Writes cases as people write them: YAML with one record or entry on a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

Entry = Mapping[str, Any]


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML might take for something else; dates are text here, and stay plain."""


_Dumper.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in found if not tag.endswith(":timestamp")]
    for letter, found in yaml.SafeDumper.yaml_implicit_resolvers.items()
}


def case_text(case: Entry, comment: str = "") -> str:
    """One case as an item of a file's `cases`; what is empty is left out."""
    lines = [f"  # {' '.join(comment.split())}"] if comment else []
    lines += _lines(case, "    ")
    first = 1 if comment else 0
    lines[first] = f"  - {lines[first][4:]}"
    return "".join(f"{line}\n" for line in lines)


def _lines(part: Entry, indent: str) -> Iterator[str]:
    for key, value in part.items():
        if isinstance(value, Mapping) and key == "expect":
            yield f"{indent}{key}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, Mapping) or (value and _plain(value)):
            if value:
                yield f"{indent}{key}: {_flow(value)}"
        elif isinstance(value, list):
            if value:
                yield f"{indent}{key}:"
                yield from (f"{indent}  - {_flow(item)}" for item in value)
        elif value is not None:
            yield f"{indent}{key}: {_flow(value)}"


def _plain(value: object) -> bool:
    """Whether it is a list of words, which stand in one line."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _flow(value: Any) -> str:
    """A value in one line."""
    plain: Any = dict(value) if isinstance(value, Mapping) else value
    if isinstance(value, Sequence) and not isinstance(value, str):
        plain = list(value)
    text = yaml.dump(
        plain,
        Dumper=_Dumper,
        default_flow_style=True,
        sort_keys=False,
        allow_unicode=True,
        width=1_000_000,
    )
    return text.removesuffix("...\n").strip()
