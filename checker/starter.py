"""A pack to begin with: a short note with rules and cases that explain themselves."""

from __future__ import annotations

import re
from pathlib import Path

from checker.model import Place, Problem, WrongInput
from checker.packfile import ID, NAMES

NAME = "my-note"
"""Stands for the pack's name in the files of the template."""

TEMPLATE = Path(__file__).with_name("template")


def starter(name: str, folder: Path) -> dict[str, str]:
    """The texts of a new pack of this name, by the names of their files.

    `folder` is where it will stand: the commands that its comments show name that folder.
    WrongInput says why nothing may bear the name.
    """
    if not re.fullmatch(ID, name):
        message = f"'{name}' is no name for a pack"
        raise WrongInput([Problem(Place("NAME", 1, 1, name), message, f"a name is of {NAMES}")])
    texts = {}
    for path in sorted(TEMPLATE.iterdir()):
        text = path.read_text(encoding="utf-8")
        texts[path.name] = text.replace(f".../{NAME}", folder.as_posix()).replace(NAME, name)
    return texts
