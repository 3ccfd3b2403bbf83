"""`checker lint`: what is amiss in packs, and what each lint means."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from checker.lint import Flaw, lints
from checker.lint import lint as lint_pack
from checker.model import Place, Problem, WrongInput, did_you_mean
from checker.source import render

WIDTH = 100


@click.command()
@click.argument("packs", nargs=-1, metavar="PACK...")
@click.option("--explain", metavar="ID", help="Tell what a lint finds, with examples.")
@click.option("--no-cases", is_flag=True, help="Leave out what takes running the cases.")
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def lint(
    packs: tuple[str, ...], explain: str | None, no_cases: bool, strict: bool, format_: str
) -> int:
    """Lints packs: what the loader refuses, and what is amiss in rules, words and cases.

    Exit codes: 0 nothing, 1 something is amiss (an error; with --strict a warning too), 2 wrong
    usage or a pack that does not load, 4 an internal fault.
    """
    if explain is not None:
        click.echo(explained(explain))
        return 0
    if not packs:
        raise click.UsageError("name a pack to lint, or a lint to --explain")
    found = [flaw for pack in packs for flaw in lint_pack(Path(pack), cases=not no_cases)]
    errors = sum(flaw.severity == "error" for flaw in found)
    if format_ == "json":
        click.echo(json.dumps(as_data(found), ensure_ascii=False, indent=1))
    else:
        for flaw in found:
            click.echo(as_text(flaw))
        click.echo(_counted(errors, len(found) - errors), err=True)
    if any(flaw.refused for flaw in found):
        return 2
    return 1 if errors or (strict and found) else 0


def as_text(flaw: Flaw) -> str:
    """A finding with its place, why it matters, and how it is mended."""
    hint = f"why: {flaw.lint.why}\n    mend: {flaw.lint.mend}"
    return render(Problem(flaw.place, f"{flaw.message} [{flaw.id}]", hint), flaw.severity)


def as_data(flaws: Sequence[Flaw]) -> dict[str, Any]:
    """The findings as data."""
    errors = sum(flaw.severity == "error" for flaw in flaws)
    return {
        "findings": [
            {
                "id": flaw.id,
                "severity": flaw.severity,
                "file": flaw.place.file,
                "line": flaw.place.line,
                "column": flaw.place.column,
                "excerpt": flaw.place.excerpt,
                "message": flaw.message,
                "why": flaw.lint.why,
                "mend": flaw.lint.mend,
            }
            for flaw in flaws
        ],
        "errors": errors,
        "warnings": len(flaws) - errors,
    }


def explained(name: str) -> str:
    """What a lint finds, why it matters, how it is mended, and examples; WrongInput if unknown."""
    known = lints()
    if name not in known:
        place = Place("--explain", 1, 1, name)
        hint = did_you_mean(name, known) or f"known: {', '.join(known)}"
        raise WrongInput([Problem(place, f"there is no lint '{name}'", hint)])
    lint_ = known[name]
    parts = (("Finds", lint_.finds), ("Why", lint_.why), ("Mend", lint_.mend))
    lines = [f"{lint_.id} ({lint_.severity})", ""]
    for title, text in parts:
        wrapped = textwrap.fill(
            text, WIDTH, initial_indent=f"{title:7}", subsequent_indent=" " * 7,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        lines.append(wrapped)
    for title, example in (("Bad", lint_.bad), ("Good", lint_.good)):
        lines += ["", f"{title}:", textwrap.indent(example, "    ")]
    return "\n".join(lines)


def _counted(errors: int, warnings: int) -> str:
    if not errors and not warnings:
        return "nothing is amiss"
    return f"{_number(errors, 'error')}, {_number(warnings, 'warning')}"


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
