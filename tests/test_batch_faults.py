"""Batch when things die: workers, the command, the disk, a cluster; nothing lost or doubled."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from checker.batch.executors import Dask, Halt, Inline, Lost, NoWorkersError, Processes
from checker.batch.faults import finished
from checker.batch.part import Done, Task
from checker.batch.portfolio import Contract
from checker.batch.run import Batch
from checker.engines import EnginesDiffer
from checker.evaluate import evaluate
from tests import crashing
from tests.portfolios import AS_OF, Made, Silent, all_stories, files, made, read
from tests.product import ROOT
from tests.test_cli import run  # noqa: F401  # a fixture

NOTE = "second-amended-note"
SMALL = 30
"""Facts a part: dozens of parts, so that there is something to interrupt."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, dict[str, bytes]]:
    """A portfolio, and what a batch of it gives when nothing goes wrong."""
    folder = tmp_path_factory.mktemp("undisturbed")
    portfolio = all_stories(folder, times=1)
    portfolio.run(folder / "out", part_facts=SMALL)
    return portfolio, files(folder / "out")


def command(portfolio: Made, out: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "checker", "batch", str(portfolio.portfolio), str(portfolio.facts),
        "--as-of", AS_OF, "--out", str(out), "--packs", str(ROOT / "rules"), "--workers", "2",
        "--part-facts", str(SMALL), *more,
    ]  # fmt: skip


def children(of: int) -> list[int]:
    """The processes that descend from one: the server of forks, and the workers."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(path.parent.name)] = int(fields[1])
    found, fresh = [], [of]
    while fresh:
        fresh = [pid for pid, parent in parents.items() if parent in fresh]
        found += fresh
    return found


def workers(of: int) -> list[int]:
    """The workers of a batch: children of the server of forks."""
    mine = []
    for pid in children(of):
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent != of and b"forkserver" in line:
            mine.append(pid)
    return mine


# Tasks -------------------------------------------------------------------------------------------


class Scripted:
    """Loses every task in which a guilty contract is, and so many others at random."""

    slots = 2

    def __init__(self, guilty: set[int], unlucky: float, seed: int) -> None:
        self.guilty, self.unlucky, self.dice = guilty, unlucky, random.Random(seed)
        self.waiting: list[Task] = []
        self.ran = 0

    def submit(self, task: Task) -> None:
        self.waiting.append(task)

    def next(self, timeout: float | None = None) -> list[tuple[Task, Done | Lost | Halt]]:
        del timeout
        task = self.waiting.pop(self.dice.randrange(len(self.waiting)))
        self.ran += 1
        own = {number for number, _c in task.contracts[task.begin : task.end]}
        if own & self.guilty or self.dice.random() < self.unlucky:
            return [(task, Lost("died"))]
        return [(task, Done(task.number, task.begin, task.end, "key"))]

    def close(self) -> None:
        pass


def tasks(parts: int, contracts: int) -> list[Task]:
    numbered = [[(p * contracts + c, Contract(f"{p}-{c}", "", {})) for c in range(contracts)]
                for p in range(parts)]  # fmt: skip
    return [Task(p, "", (), tuple(own), 0, contracts) for p, own in enumerate(numbered)]


@pytest.mark.parametrize("seed", range(20))
def test_only_the_guilty_are_lost_and_every_contract_comes_once(seed: int) -> None:
    guilty = {3, 17, 18, 59}
    executor = Scripted(guilty, 0.02, seed)
    lost, came = set(), []
    for number, pieces in finished(executor, tasks(6, 10), lambda: None):
        for task, piece in pieces:
            own = [n for n, _c in task.contracts[task.begin : task.end]]
            assert task.number == number
            came += own
            if isinstance(piece, Lost):
                assert len(own) == 1
                lost |= set(own)
    assert sorted(came) == list(range(60))
    assert guilty <= lost
    assert len(lost - guilty) <= 1


def test_a_death_that_does_not_come_again_costs_nothing_but_time() -> None:
    executor = Scripted(set(), 0.0, 1)
    first = executor.next

    def once(timeout: float | None = None) -> list[tuple[Task, Done | Lost | Halt]]:
        executor.next = first  # type: ignore[method-assign]  # only the first is lost
        ((task, _done),) = first(timeout)
        return [(task, Lost("died"))]

    executor.next = once  # type: ignore[method-assign]
    pieces = [piece for _n, some in finished(executor, tasks(2, 8), lambda: None) for piece in some]
    assert [task.end - task.begin for task, _came in pieces] == [8, 8]
    assert executor.ran == 3


# Workers -----------------------------------------------------------------------------------------


def test_a_contract_that_kills_its_worker_is_found_and_put_aside(tmp_path: Path) -> None:
    drawn = {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "1000.00"}
    names = [f"C{n:02d}" for n in range(12)] + ["guilty one"]
    portfolio = made(
        tmp_path, [(name, NOTE) for name in names], [{**drawn, "contract": n} for n in names]
    )
    request = portfolio.request(tmp_path / "out")
    ran = Batch(request, Silent(), lambda job: Processes(job, 2, serve=crashing.serve)).run()
    outcomes = {row["contract"]: row["outcome"] for row in read(tmp_path / "out", "contracts")}
    assert outcomes.pop("guilty one") == "quarantined"
    assert set(outcomes.values()) == {"breach"}
    assert ran.summary["outcomes"]["quarantined"] == 1
    (folder,) = (tmp_path / "out" / "quarantine").iterdir()
    assert folder.name == "00000012-guilty_one"
    kept = [json.loads(line) for line in (folder / "facts.jsonl").read_text().splitlines()]
    assert kept == [{**drawn, "contract": "guilty one"}]
    why = json.loads((folder / "contract.json").read_text())
    assert why["why"] == "the worker was ended by SIGKILL"


def test_workers_that_do_not_start_end_the_batch(tmp_path: Path) -> None:
    drawn = {"contract": "A", "id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "1"}
    request = made(tmp_path, [("A", NOTE)], [drawn]).request(tmp_path / "out")
    make = Batch(request, Silent(), lambda job: Processes(job, 2, serve=crashing.stillborn))
    with pytest.raises(NoWorkersError, match="before they are ready"):
        make.run()


def test_too_little_memory_is_told_of_the_contract(tmp_path: Path) -> None:
    drawn = {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "1000.00"}
    names = ["A", "B", "guilty"]
    portfolio = made(
        tmp_path, [(name, NOTE) for name in names], [{**drawn, "contract": n} for n in names]
    )
    request = portfolio.request(tmp_path / "out")
    Batch(request, Silent(), lambda job: Processes(job, 1, 1 << 30, crashing.hungry)).run()
    rows = {row["contract"]: row for row in read(tmp_path / "out", "contracts")}
    assert [rows[name]["outcome"] for name in names] == ["breach", "breach", "quarantined"]
    assert rows["guilty"]["errors"] == ["not evaluated: the memory did not suffice"]


def test_workers_killed_at_random_moments_change_no_byte(
    undisturbed: tuple[Made, dict[str, bytes]], tmp_path: Path
) -> None:
    portfolio, expected = undisturbed
    dice = random.Random(5)
    process = subprocess.Popen(command(portfolio, tmp_path / "out"), stdout=subprocess.DEVNULL)
    killed = 0
    while process.poll() is None:
        time.sleep(dice.uniform(0.2, 0.5))
        if alive := workers(process.pid):
            try:
                os.kill(dice.choice(alive), signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
            time.sleep(1.5)  # a lone contract must not be struck twice by chance
    assert killed > 0
    assert process.returncode == 1
    assert files(tmp_path / "out") == expected


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_what_was_stopped_is_completed_to_the_same_bytes(
    undisturbed: tuple[Made, dict[str, bytes]], tmp_path: Path, how: signal.Signals
) -> None:
    portfolio, expected = undisturbed
    out = tmp_path / "out"
    process = subprocess.Popen(
        command(portfolio, out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while not list(out.glob("parts/[0-9]*/done.json")):
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(how)
    _out, err = process.communicate()
    if how is not signal.SIGKILL:
        assert process.returncode == 4
        assert "the same command with --resume completes the rest" in err
    assert not (out / "findings.parquet").exists()
    done = len(list(out.glob("parts/[0-9]*/done.json")))
    again = subprocess.run(command(portfolio, out, "--resume", "--progress", "plain"),
                           capture_output=True, text=True, check=False)  # fmt: skip
    assert again.returncode == 1, again.stderr
    assert f"{done} of " in again.stderr
    assert "parts were done before" in again.stderr
    assert files(out) == expected


@pytest.mark.parametrize("harm", ["flipped", "cut", "lost", "noteless"])
def test_parts_that_were_harmed_are_found_and_done_again(
    undisturbed: tuple[Made, dict[str, bytes]], tmp_path: Path, harm: str
) -> None:
    portfolio, expected = undisturbed
    portfolio.run(tmp_path / "out", part_facts=SMALL)
    dice = random.Random(harm)
    parts = sorted((tmp_path / "out" / "parts").iterdir())
    for part in dice.sample(parts, 3):
        path = part / ("done.json" if harm == "noteless" else "findings.arrow")
        data = bytearray(path.read_bytes())
        if harm == "lost":
            shutil.rmtree(part)
        elif harm == "flipped":
            data[dice.randrange(len(data))] ^= 0x40
            path.write_bytes(data)
        else:
            path.write_bytes(data[: dice.randrange(len(data))])
    ran = portfolio.run(tmp_path / "out", part_facts=SMALL, resume=True)
    assert ran.kept == len(parts) - 3
    assert files(tmp_path / "out") == expected


def test_cells_that_were_harmed_are_cut_again(
    undisturbed: tuple[Made, dict[str, bytes]], tmp_path: Path
) -> None:
    portfolio, expected = undisturbed

    class Stops(Inline):
        def submit(self, task: Task) -> None:
            if task.number % 5 == 4:
                raise KeyboardInterrupt
            super().submit(task)

    request = portfolio.request(tmp_path / "out", part_facts=SMALL)
    with pytest.raises(KeyboardInterrupt):
        Batch(request, Silent(), Stops).run()
    cells = sorted((tmp_path / "out" / "work" / "cells").glob("*.arrow"))
    for path in cells[::2]:
        path.write_bytes(path.read_bytes()[:-20])
    portfolio.run(tmp_path / "out", part_facts=SMALL, resume=True)
    assert files(tmp_path / "out") == expected


def test_engines_that_differ_end_the_batch(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Any,  # noqa: F811
) -> None:
    def differ(*_given: object, **_named: object) -> None:
        raise EnginesDiffer("one finds what the other does not")

    monkeypatch.setattr("checker.batch.part.evaluate", differ)
    drawn = {"contract": "A", "id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "1"}
    portfolio = made(tmp_path, [("A", NOTE)], [drawn])
    out = tmp_path / "out"
    ran = run("batch", portfolio.portfolio, portfolio.facts, "--as-of", AS_OF, "--out", out,
              "--engine", "both", "--workers", 0)  # fmt: skip
    assert ran.code == 4
    assert "error: one finds what the other does not" in ran.err
    assert not (out / "contracts.parquet").exists()


def test_a_fault_of_ours_in_one_contract_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(pack: Any, engines: Any, facts: Any, *given: Any, **named: Any) -> Any:
        if facts[0].contract == "B":
            raise ZeroDivisionError("ours")
        return evaluate(pack, engines, facts, *given, **named)

    monkeypatch.setattr("checker.batch.part.evaluate", fail)
    drawn = {"id": "a1", "date": "2000-11-27", "kind": "advance", "amount": "1.00"}
    portfolio = made(
        tmp_path, [(name, NOTE) for name in "ABC"], [{**drawn, "contract": n} for n in "ABC"]
    )
    portfolio.run(tmp_path / "out")
    rows = {row["contract"]: row for row in read(tmp_path / "out", "contracts")}
    assert [rows[name]["outcome"] for name in "ABC"] == ["breach", "quarantined", "breach"]
    assert rows["B"]["errors"] == ["not evaluated: ZeroDivisionError: ours"]
    (kept,) = (tmp_path / "out" / "quarantine").iterdir()
    assert "Traceback" in json.loads((kept / "contract.json").read_text())["why"]


# The disk ----------------------------------------------------------------------------------------


def mounts() -> bool:
    """Whether a small disk of our own can be had here."""
    done = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.skipif(not shutil.which("unshare") or not mounts(), reason="needs a disk of its own")
def test_a_full_disk_is_told_and_what_is_done_stays(
    undisturbed: tuple[Made, dict[str, bytes]], tmp_path: Path
) -> None:
    portfolio, expected = undisturbed
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    batch = " ".join(f"'{word}'" for word in command(portfolio, disk / "out", "--resume"))
    script = (
        f"mount -t tmpfs -o size=700k none {disk} || exit 90\n{batch} >{tmp_path}/1 2>&1\n"
        f"echo $? >>{tmp_path}/1\nmount -o remount,size=100m {disk} || exit 91\n"
        f"{batch} >{tmp_path}/2 2>&1\necho $? >>{tmp_path}/2\ncp -r {disk}/out {out}\n"
    )
    subprocess.run(["unshare", "-rm", "sh", "-c", script], check=True)
    first = (tmp_path / "1").read_text()
    assert "error: no space is left for" in first
    assert "--resume" in first
    assert first.endswith("\n4\n")
    assert (tmp_path / "2").read_text().endswith("\n1\n")
    assert files(out) == expected


# A cluster ---------------------------------------------------------------------------------------


@contextmanager
def cluster(count: int, folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A Dask cluster of separate processes: its address; the scheduler, and its workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    log = (folder / "cluster.log").open("wb")

    def start(*words: str) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        return subprocess.Popen(line, stdout=log, stderr=log, cwd=folder)

    running = [start("scheduler", "--host", "127.0.0.1", "--port", str(port))]
    running += [
        start("worker", address, "--nthreads", "1", "--local-directory", str(folder))
        for _ in range(count)
    ]
    try:
        yield address, running
    finally:
        for process in running[::-1]:
            process.terminate()
        for process in running:
            process.wait()
        log.close()


def test_a_cluster_gives_the_same_bytes_though_a_worker_dies(
    undisturbed: tuple[Made, dict[str, bytes]], tmp_path: Path
) -> None:
    portfolio, expected = undisturbed
    with cluster(2, tmp_path) as (address, running):
        line = command(portfolio, tmp_path / "out", "--scheduler", address)
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        while not list(tmp_path.glob("out/parts/[0-9]*/done.json")):
            time.sleep(0.02)
            assert process.poll() is None
        (worker, *_nanny) = children(running[1].pid)
        os.kill(worker, signal.SIGKILL)
        assert process.wait() == 1
    assert files(tmp_path / "out") == expected


def test_a_scheduler_that_goes_leaves_what_resumes_without_it(
    undisturbed: tuple[Made, dict[str, bytes]], tmp_path: Path
) -> None:
    portfolio, expected = undisturbed
    with cluster(2, tmp_path) as (address, running):
        line = command(portfolio, tmp_path / "out", "--scheduler", address)
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while not list(tmp_path.glob("out/parts/[0-9]*/done.json")):
            time.sleep(0.02)
            assert process.poll() is None
        running[0].kill()
        _out, err = process.communicate()
        assert process.returncode == 4, err
        assert b"the scheduler is gone" in err
    ran = portfolio.run(tmp_path / "out", part_facts=SMALL, resume=True)
    assert ran.kept > 0
    assert files(tmp_path / "out") == expected


def test_where_no_scheduler_is_it_is_said() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(NoWorkersError, match="no scheduler answers at tcp"):
        Dask(None, address)  # type: ignore[arg-type]  # it comes to no job
