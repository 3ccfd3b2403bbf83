"""The guide is true: commands print what it says, examples give what they say, all is shown."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from checker.arrangement import FEE_SETTINGS, SETTINGS
from checker.dates import CALENDARS, CONVENTIONS, DAY_COUNTS
from checker.language import TYPES
from checker.source import Source, load_yaml
from docs.blocks import Block, Desk, blocks, is_true, pages
from docs.harness import EXAMPLES, Example, examples, run
from docs.primitives import declared, meanings, primitives, uses, uses_in_packs
from docs.reference import choices, homes, recipes, showing
from docs.reference import pages as generated
from tests.product import ROOT

DOCS = ROOT / "docs"
EVERY = (*examples(), *recipes())

# Commands ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.path:
            desk.write(block)
            continue
        for command, shown in block.steps:
            printed = desk.run(command)
            assert is_true(shown, printed), f"$ {command}\n{printed}"


def test_every_command_that_a_page_shows_is_run() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        ran = sum(len(block.steps) for block in blocks(text))
        assert len(re.findall(r"^\$ ", text, flags=re.MULTILINE)) == ran, page.name


def test_the_tutorial_ends_in_a_pack_that_passes(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for block in blocks((DOCS / "tutorial.md").read_text(encoding="utf-8")):
        if block.path:
            desk.write(block)
        else:
            for command, _shown in block.steps:
                desk.run(command)
    assert "0 failed" in desk.run("checker test rules/harbour-note --strict")
    assert desk.code == 0
    assert desk.run("checker lint rules/harbour-note --strict") == "nothing is amiss\n"


def test_an_output_that_is_not_so_is_noticed() -> None:
    assert is_true("a\n…\nc\n", "a\nb\nb\nc\n")
    assert is_true("a … c\n…\n", "a b c\nd\n")
    assert not is_true("a\n…\nc\n", "a\nb\n")
    assert not is_true("a\n", "a\nb\n")


def test_the_quoted_files_of_the_packs_stand_there() -> None:
    """What a page quotes of a pack or its facts is in one of the files, line by line."""
    text = (DOCS / "readings-and-judgments.md").read_text(encoding="utf-8")
    folders = [ROOT / "rules" / "second-amended-note", ROOT / "fixtures" / "second-amended-note"]
    files = [p.read_text(encoding="utf-8") for f in folders for p in f.rglob("*.yaml")]
    quoted = re.findall(r"^```yaml\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)
    assert len(quoted) == 3
    for block in quoted:
        first, _, rest = block.partition("\n")
        assert any(rest in file and first in file for file in files), block


# Examples ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", EVERY, ids=lambda example: example.id)
def test_an_example_gives_what_it_says(example: Example) -> None:
    assert [str(difference) for difference in run(example).differences] == []


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.id)
def test_an_example_uses_what_it_is_said_to_show(example: Example) -> None:
    facts = load_yaml(Source("facts", example.facts)).data
    used = {primitive for primitive, _ in uses(example.document, declared([example.document.data]))}
    used |= {f"kind {fact['kind']}" for fact in facts}
    assert set(example.of) <= used


def test_every_example_has_a_name_of_its_own() -> None:
    names = Counter(example.id for example in EVERY)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(recipes()) >= 12


def test_an_example_with_a_figure_shows_how_it_is_worked_out() -> None:
    """An amount that stands in no fact and in no part of the pack has a comment above it."""
    lacking = []
    for example in EVERY:
        given = (example.facts + example.pack).replace(",", "")
        amounts = set(re.findall(r'"(\d+\.\d\d)"', example.expect)) - {"0.00"}
        if any(amount not in given for amount in amounts) and "#" not in example.expect:
            lacking.append(example.id)
    assert lacking == []


# Primitives --------------------------------------------------------------------------------------


@pytest.mark.parametrize("primitive", primitives(), ids=lambda primitive: primitive.id)
def test_a_primitive_has_an_example(primitive: object) -> None:
    assert showing(primitive)  # type: ignore[arg-type]  # parametrize gives objects


def test_every_example_has_a_home_on_a_page() -> None:
    assert set(homes()) == {example.id for example in examples()}


def test_the_words_of_the_code_have_their_meaning() -> None:
    said = meanings()
    assert set(said["day-count"]) == set(DAY_COUNTS)
    assert set(said["calendar"]) == set(CALENDARS)
    assert set(said["convention"]) == set(CONVENTIONS)
    assert set(said["type"]) == {*TYPES, "names"}
    shared = (DAY_COUNTS, CALENDARS, CONVENTIONS)
    settings = {**SETTINGS, **{f"fees.{path}": s for path, s in FEE_SETTINGS.items()}}
    of_code = {
        path: set(s.choices)
        for path, s in settings.items()
        if s.choices and s.choices not in shared
    }
    assert {path: set(words) for path, words in choices().items()} == of_code


def test_no_two_primitives_have_the_same_anchor() -> None:
    anchors = Counter(primitive.anchor for primitive in primitives())
    assert [anchor for anchor, count in anchors.items() if count > 1] == []


def test_where_the_packs_use_a_primitive_is_a_line_that_does() -> None:
    found = uses_in_packs()
    for primitive, word in (("then revises", "revises"), ("operator is absent", "is absent"),
                            ("setting interest.day-count", "day-count")):  # fmt: skip
        assert found[primitive]
        for use in found[primitive]:
            lines = (ROOT / "rules" / use.pack / use.file).read_text(encoding="utf-8").splitlines()
            rule = "\n".join(lines[use.line - 1 : use.line + 5])
            assert word in rule, use


def test_nearly_every_primitive_is_told_where_it_is_used() -> None:
    unused = [p.id for p in primitives() if p.id not in uses_in_packs()]
    assert len(unused) < len(primitives()) / 8, unused


# Pages -------------------------------------------------------------------------------------------


def test_the_generated_pages_hold_every_primitive_and_setting() -> None:
    text = "\n".join(generated().values())
    for primitive in primitives():
        assert f"{{ #{primitive.anchor} }}" in text
    for recipe in recipes():
        assert f"{{ #{recipe.id} }}" in text


def test_the_guide_builds_without_a_warning_and_without_the_network(tmp_path: Path) -> None:
    site = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr
    built = sorted(site.rglob("*.html"))
    assert {path.stem for path in built} >= {"tutorial", "recipes", "limits", "settings", "facts"}
    for path in built:
        fetched = re.findall(
            r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"?(https?:|//)[^>]*>",
            path.read_text(encoding="utf-8"),
        )
        assert fetched == [], path.name


def test_the_picture_can_be_read_by_those_who_do_not_see_it() -> None:
    root = ElementTree.parse(DOCS / "loop.svg").getroot()
    svg = "{http://www.w3.org/2000/svg}"
    for name in ("title", "desc"):
        part = root.find(f"{svg}{name}")
        assert part is not None
        assert (part.text or "").strip()
        assert part.get("id") in str(root.get("aria-labelledby")).split()


def test_every_file_of_examples_is_read() -> None:
    """Each block of an example stands in one of the files, and none is left aside."""
    files = {example.place.file for example in examples()}
    assert {Path(file).name for file in files} == {path.name for path in EXAMPLES.glob("*")}


def test_a_block_that_is_added_keeps_what_stood_before(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write(Block("a.yaml", False, "one: 1\n", (0, 0)))
    desk.write(Block("a.yaml", True, "two: 2\n", (0, 0)))
    assert desk.run("cat a.yaml") == "one: 1\ntwo: 2\n"
