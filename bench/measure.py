"""Runs a command and tells what it took: time, processor time and memory, its children's too."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
EVERY = 0.05  # seconds between two looks at the memory


@dataclass(frozen=True)
class Measured:
    """What a command took: seconds, seconds of processors, bytes at its highest, its exit code."""

    seconds: float
    processor: float
    peak: int
    code: int
    told: str

    @property
    def ending(self) -> str:
        """How it ended, where that is not as it should."""
        return f"killed by signal {-self.code}" if self.code < 0 else f"exit code {self.code}"


def measured(command: Sequence[str], folder: Path) -> Measured:
    """Runs a command to its end in a folder."""
    before = _processor()
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        peak = 0
        told: list[str] = []
        while True:
            try:
                out, _err = process.communicate(timeout=EVERY)
            except subprocess.TimeoutExpired:
                peak = max(peak, _memory(process.pid))
                continue
            told.append(out)
            break
    seconds = time.perf_counter() - started
    return Measured(seconds, _processor() - before, peak, process.returncode, "".join(told))


def _processor() -> float:
    """Seconds of processors of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _memory(root: int) -> int:
    """The bytes of a process and all that come of it; what they share counts once."""
    of: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*"):
        try:
            stat = (path / "stat").read_text(encoding="utf-8")
        except OSError:  # it ended meanwhile
            continue
        parent = int(stat.rpartition(")")[2].split()[1])
        of.setdefault(parent, []).append(int(path.name))
    family = [root]
    for process in family:  # grows while it is walked
        family += of.get(process, [])
    return sum(_own(process) for process in family)


def _own(process: int) -> int:
    """The bytes of one process, its part of what it shares with others."""
    try:
        for line in (PROC / str(process) / "smaps_rollup").read_text(encoding="utf-8").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        pages = int((PROC / str(process) / "statm").read_text(encoding="utf-8").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except OSError:  # it ended meanwhile, or is not ours to look at
        return 0
