"""Every kind of wrong rule is refused with its file, its place and what may have been meant."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from checker.loader import load_pack
from checker.model import Problem, WrongInput
from checker.source import render
from tests.product import NOTE
from tests.wrong_rules import (
    AGREEMENTS,
    BROKEN,
    CONTRACT,
    DEFAULT,
    INTEREST,
    LAW,
    MARK,
    NOTE_TXT,
    PLACE,
    PRINCIPAL,
    WRONG,
    Broken,
    Wrong,
    edited,
)


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(WrongInput) as caught:
        load_pack(folder)
    return caught.value.problems


def expected_place(wrong: Wrong, pack: Path) -> str:
    """Where the mark stood in the new words, or where `at` says; else the folder."""
    name, words = wrong.at
    text = (pack / (name or wrong.file)).read_text(encoding="utf-8")
    if not name and MARK in wrong.new:
        before, _, after = wrong.new.partition(MARK)
        index = text.index(before + after) + len(before)
    elif name:
        assert text.count(words) == 1, words
        index = text.index(words) + len(words) - len(words.lstrip("\n"))
    else:
        return f"{pack}:1:1"
    line = text.count("\n", 0, index) + 1
    return f"{pack / (name or wrong.file)}:{line}:{index - text.rfind(chr(10), 0, index)}"


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_wrong_rule_is_refused_with_its_place(wrong: Wrong, tmp_path: Path) -> None:
    pack = edited(tmp_path, (wrong.file, wrong.old, wrong.new), *wrong.more)
    started = time.process_time()
    found = problems(pack)
    assert time.process_time() - started < 5
    place = expected_place(wrong, pack)
    here = [p for p in found if str(p.place) == place and wrong.message in p.message]
    assert here, (place, [render(p) for p in found])
    assert wrong.hint in here[0].hint
    others = [p for p in found if p is not here[0]]
    assert len(others) == len(wrong.also), [render(p) for p in others]
    for other, words in zip(others, wrong.also, strict=True):
        assert words in other.message
    assert f"{place}: error: " in render(here[0])
    assert all(c.isprintable() for c in here[0].message)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_file_that_cannot_be_read_is_refused(broken: Broken, tmp_path: Path) -> None:
    path = edited(tmp_path) / broken.file
    if broken.content is None:
        path.unlink()
    else:
        path.write_bytes(broken.content)
    (only,) = problems(path.parent)
    assert str(only.place) == f"{path}:{broken.line}:{broken.column}"
    assert broken.message in only.message
    assert broken.hint in only.hint


def test_a_pack_is_a_folder_that_exists(tmp_path: Path) -> None:
    (missing,) = problems(tmp_path / "nowhere")
    assert str(missing.place) == f"{tmp_path / 'nowhere'}:1:1"
    assert missing.message == "there is no such pack: a pack is a folder of rules"
    (tmp_path / "file.yaml").write_text("clause: x\n", encoding="utf-8")
    (file,) = problems(tmp_path / "file.yaml")
    assert file.message == "this is a file: a pack is a folder of rules"


def test_a_folder_without_a_clause_is_no_pack(tmp_path: Path) -> None:
    for name in ("contract.yaml", "note.txt"):
        shutil.copy(NOTE / name, tmp_path)
    (only,) = problems(tmp_path)
    assert (str(only.place), only.message) == (f"{tmp_path}:1:1", "the pack has no clause")


def test_an_empty_folder_lacks_its_note_and_its_contract(tmp_path: Path) -> None:
    assert [Path(p.place.file).name for p in problems(tmp_path)] == ["contract.yaml", "note.txt"]


def test_a_clause_file_that_is_a_folder_is_told(tmp_path: Path) -> None:
    pack = edited(tmp_path)
    (pack / "99-more.yaml").mkdir()
    (only,) = problems(pack)
    assert (str(only.place), only.message) == (
        f"{pack / '99-more.yaml'}:1:1",
        "cannot be read: is a directory",
    )


def test_faults_of_several_files_are_told_at_once(tmp_path: Path) -> None:
    pack = edited(
        tmp_path,
        (PRINCIPAL, "value: 2002-08-30", "value: 2002-02-30"),
        (INTEREST, "    margin: margin", "    margn: margin"),
        (PLACE, "    words: immediately available funds", "    wrods: immediately available"),
        (DEFAULT, "holder: lender", "holder: lendr"),
        (LAW, "phrase: the laws of the State", "phrase: the law of the State"),
        (AGREEMENTS, "deed.document}, agreed", "deed.paper}, agreed"),
        (CONTRACT, "  date-of-note: [", "  date-of-noet: ["),
    )
    assert [(Path(p.place.file).name, p.message) for p in problems(pack)] == [
        ("1-principal.yaml", "the date 2002-02-30 does not exist"),
        ("2-interest.yaml", "unknown setting 'rate.margn'"),
        ("3-place.yaml", "unknown key 'wrods'"),
        ("4-default.yaml", "unknown name 'lendr'"),
        (
            "7-law.yaml",
            "the words 'the law of the State of California' do not stand in this clause",
        ),
        ("9-agreements.yaml", "'deed' has no field 'paper'"),
        ("contract.yaml", "unknown term 'date-of-noet'"),
    ]


def test_files_that_are_not_yaml_are_told_together_with_wrong_keys_of_others(
    tmp_path: Path,
) -> None:
    pack = edited(
        tmp_path,
        (PRINCIPAL, "value: 2002-08-30", "value: &day 2002-08-30"),
        (INTEREST, 'clause: "2"', 'clause: "2'),
        (LAW, "\nreadings:\n", "\nreading:\n"),
        (CONTRACT, "currency: USD", "curency: USD"),
    )
    (pack / NOTE_TXT).unlink()
    found = problems(pack)
    assert {(Path(p.place.file).name, p.message.partition(":")[0]) for p in found} == {
        ("1-principal.yaml", "anchors and aliases are not allowed"),
        ("2-interest.yaml", "not YAML"),
        ("7-law.yaml", "unknown key 'reading'"),
        ("contract.yaml", "unknown key 'curency'"),
        ("contract.yaml", "the key 'currency' is missing"),
        ("note.txt", "the contract's own words are missing"),
    }


def test_the_wrong_rules_have_names_of_their_own() -> None:
    names = [wrong.name for wrong in WRONG] + [broken.name for broken in BROKEN]
    assert len(set(names)) == len(names) >= 100


def test_the_pack_itself_has_no_fault(tmp_path: Path) -> None:
    assert load_pack(edited(tmp_path)).sha256 == load_pack(NOTE).sha256
