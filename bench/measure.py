"""Runs a command and tells what it took: time, processor time and memory, its children's too."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
EVERY = 0.05  # seconds between two looks at the processes
TICKS = os.sysconf("SC_CLK_TCK")


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
    started = time.perf_counter()
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        peak, spent = 0, dict[int, float]()
        while True:
            try:
                told, _err = process.communicate(timeout=EVERY)
                break
            except subprocess.TimeoutExpired:
                family = _family(process.pid, spent)
                peak = max(peak, sum(_own(member) for member in family))
    seconds = time.perf_counter() - started
    return Measured(seconds, sum(spent.values()), peak, process.returncode, told)


def _family(root: int, spent: dict[int, float]) -> list[int]:
    """A process and all that come of it; `spent` takes the seconds of processors of each.

    They are taken from what is alive: a worker that was killed is waited for by nobody.
    """
    of: dict[int, list[int]] = {}
    times: dict[int, float] = {}
    for path in PROC.glob("[0-9]*"):
        try:
            stat = (path / "stat").read_text(encoding="utf-8")
        except OSError:  # it ended meanwhile
            continue
        fields = stat.rpartition(")")[2].split()
        of.setdefault(int(fields[1]), []).append(int(path.name))
        times[int(path.name)] = (int(fields[11]) + int(fields[12])) / TICKS
    family = [root]
    for process in family:  # grows while it is walked
        family += of.get(process, [])
    spent.update((process, times[process]) for process in family if process in times)
    return family


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
