"""What a batch keeps in its directory: parts that are whole or not there, and outputs likewise."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from checker.batch.results import TABLES
from checker.model import Place, Problem, WrongInput

CELLS = "cells.json"


LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps a directory to one batch; WrongInput where another is at work in it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            place = Place("--out", 1, 1, str(folder))
            message = "another batch is at work in this directory"
            raise WrongInput([Problem(place, message)]) from error
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


class DiskFull(Exception):
    """Nothing more can be written; what is whole stays so."""


@contextmanager
def writing(what: Path) -> Iterator[None]:
    """Tells a full disk from other faults."""
    try:
        yield
    except OSError as error:
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            raise DiskFull(f"no space is left for {what}") from error
        raise
    except Exception as error:
        if "No space left" in str(error) or "quota exceeded" in str(error).lower():
            raise DiskFull(f"no space is left for {what}") from error
        raise


def put(path: Path, data: bytes) -> None:
    """Writes a file beside its place and renames it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with writing(path):
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Kept:
    """A part that is done: where it stands, and what its note says."""

    folder: Path
    note: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The hash of all that came into it."""
        return str(self.note["key"])

    def table(self, name: str, columns: Sequence[int] | None = None) -> Any:
        """One of its tables; with `columns`, only those at these places."""
        options = pa.ipc.IpcReadOptions(included_fields=columns, use_threads=False)
        with pa.memory_map(str(self.folder / f"{name}.arrow")) as file:
            return pa.ipc.open_stream(file, options=options).read_all()


class Parts:
    """The parts of a batch's directory that are done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _of(self, number: int) -> Path:
        return self.folder / f"{number:06d}"

    def read(self, number: int) -> Kept | None:
        """A part, if it is whole: every table is there, with the hash that its note tells."""
        return self._whole(self._of(number))

    def all(self) -> dict[str, Kept]:
        """All that are whole, by their keys."""
        folders = sorted(self.folder.glob("[0-9]*")) if self.folder.is_dir() else []
        kept = [whole for folder in folders if (whole := self._whole(folder))]
        return {each.key: each for each in kept}

    def _whole(self, folder: Path) -> Kept | None:
        try:
            note = json.loads((folder / "done.json").read_text(encoding="utf-8"))
            for name in TABLES:
                if sha256_of(folder / f"{name}.arrow") != note["sha256"][name]:
                    return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Kept(folder, note)

    def tidy(self) -> None:
        """Removes what was left half-written."""
        drop(self.folder.glob(".*"))

    def write(self, number: int, tables: Mapping[str, bytes], note: Mapping[str, Any]) -> Kept:
        """Writes a part whole, or not at all."""
        beside = self.folder / f".{number:06d}.{os.getpid()}"
        shutil.rmtree(beside, ignore_errors=True)
        with writing(self._of(number)):
            beside.mkdir(parents=True)
            hashes = {name: hashlib.sha256(data).hexdigest() for name, data in tables.items()}
            full = {**note, "sha256": hashes}
            for name, data in tables.items():
                put(beside / f"{name}.arrow", data)
            text = json.dumps(full, ensure_ascii=False, indent=1, sort_keys=True)
            put(beside / "done.json", text.encode())
            self._place(beside, number)
        return Kept(self._of(number), full)

    def _place(self, beside: Path, number: int) -> None:
        target = self._of(number)
        if target.exists():
            shutil.rmtree(target)
        beside.replace(target)

    def adopt(self, kept: Kept, number: int) -> None:
        """Takes up a part that was done under another plan."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._place(kept.folder, number)

    def take(self, other: Parts) -> None:
        """Takes over the parts of another store that may serve a later plan, and empties it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for key, kept in other.all().items():
            target = self.folder / f"0-{key}"
            if kept.note["reusable"] and not target.exists():
                kept.folder.replace(target)
        drop([other.folder])


def note_cells(folder: Path, plan: str) -> None:
    """Notes that the cells of all parts stand in a folder, with the hash of every file."""
    hashes = {path.name: sha256_of(path) for path in sorted(folder.glob("*.arrow"))}
    data = {"plan": plan, "sha256": hashes}
    put(folder.parent / CELLS, json.dumps(data, indent=1).encode())


def cells_whole(folder: Path, plan: str) -> bool:
    """Whether the cells of all parts of a plan stand there, unharmed."""
    try:
        data = json.loads((folder.parent / CELLS).read_text(encoding="utf-8"))
        if data["plan"] != plan:
            return False
        return all(sha256_of(folder / name) == hash_ for name, hash_ in data["sha256"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def cells_of(folder: Path, part: int) -> tuple[str, ...]:
    """The files with the cells of a part: one, or none where no record is of it."""
    path = cell_file(folder, part)
    return (str(path),) if path.exists() else ()


def cell_file(folder: Path, part: int) -> Path:
    """Where the cells of a part stand."""
    return folder / f"{part}.arrow"


def drop(paths: Iterable[Path]) -> None:
    """Removes files and folders, if they are there."""
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
