"""What runs parts: this process, processes of its own, or a Dask cluster; a plan knows no more."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from checker.batch.part import Done, Job, Task, run_part
from checker.engines import EnginesDiffer

CONNECTING = 10
"""Seconds that a scheduler has to answer."""

RESULT = 120
"""Seconds that a cluster has to hand over what it says it has."""

GONE = "the scheduler is gone"
PATIENCE = 60.0
"""Seconds that a cluster may be without workers."""

STILLBORN = 3
"""So many workers that die one after another before they are ready end the batch."""


class NoWorkersError(Exception):
    """Nothing can run parts any more; says why."""


@dataclass(frozen=True)
class Lost:
    """A task that its worker did not finish, and why."""

    reason: str


@dataclass(frozen=True)
class Halt:
    """What ends the batch: a fault that no other contract may be trusted after."""

    reason: str


class HaltedError(Exception):
    """The batch was ended by what a part found; says why."""


Came = tuple[Task, Done | Lost | Halt]


class Executor(Protocol):
    """Runs tasks in any order; a task that is lost is told, and no other is touched."""

    @property
    def slots(self) -> int:
        """How many tasks it is worth to have under way."""
        ...

    def submit(self, task: Task) -> None:
        """Takes a task."""
        ...

    def next(self, timeout: float | None = None) -> list[Came]:
        """What came of tasks: one at least, or none when the time is out."""
        ...

    def close(self) -> None:
        """Ends what it started."""
        ...


class Inline:
    """This process, one task at a time. A crash of it is a crash of all."""

    slots = 1

    def __init__(self, job: Job) -> None:
        self.job = job
        self.waiting: list[Task] = []

    def submit(self, task: Task) -> None:
        """Takes a task."""
        self.waiting.append(task)

    def next(self, timeout: float | None = None) -> list[Came]:  # noqa: ARG002  # never waits
        """Runs the task that waits longest."""
        task = self.waiting.pop(0)
        return [(task, _ran(self.job, task))]

    def close(self) -> None:
        """Nothing was started."""


def _ran(job: Job, task: Task) -> Done | Lost | Halt:
    try:
        return run_part(job, task)
    except MemoryError:
        return Lost("the memory did not suffice")
    except EnginesDiffer as error:
        return Halt(str(error))


# Processes ---------------------------------------------------------------------------------------


def _serve(connection: Connection, job: Job, memory: int) -> None:
    """A worker's life: tasks come, what came of them goes; it ends when nobody is there."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started it decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(None)  # ready
        while True:
            task = connection.recv()
            try:
                came: Any = _ran(job, task)
            except Exception as error:  # noqa: BLE001  # a fault of ours in the reading of a part
                came = Lost(f"{type(error).__name__}: {error}")
            connection.send(came)


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    ready: bool = False
    task: Task | None = None


class Processes:
    """Processes of this machine, each with a pipe of its own: a death costs one task."""

    def __init__(
        self, job: Job, count: int, memory: int = 0, serve: Callable[..., None] | None = None
    ) -> None:
        """`memory`: the bytes that a worker may have; `serve`: another life of a worker."""
        self.job, self.slots, self.memory = job, count, memory
        self._serve = serve or _serve
        self.waiting: list[Task] = []
        self.came: list[Came] = []
        self.stillborn = 0
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["checker.batch.part"])
        self.workers = [self._start() for _ in range(count)]

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=self._serve, args=(theirs, self.job, self.memory), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def submit(self, task: Task) -> None:
        """Takes a task."""
        self.waiting.append(task)
        self._feed()

    def _feed(self) -> None:
        for at, worker in enumerate(self.workers):
            if worker.ready and worker.task is None and self.waiting:
                worker.task = self.waiting.pop(0)
                try:
                    worker.connection.send(worker.task)
                except OSError:
                    self._died(at)

    def next(self, timeout: float | None = None) -> list[Came]:
        """Waits until a worker has something, or is dead."""
        if not self.came:
            self._wait(timeout)
        came, self.came = self.came, []
        return came

    def _wait(self, timeout: float | None) -> None:
        by_sign: dict[Any, int] = {}
        for at, worker in enumerate(self.workers):
            by_sign[worker.connection] = at
            by_sign[worker.process.sentinel] = at
        for at in sorted({by_sign[sign] for sign in wait(list(by_sign), timeout)}):
            self._hear(at)
        self._feed()

    def _hear(self, at: int) -> None:
        worker = self.workers[at]
        try:
            if not worker.connection.poll():
                raise EOFError  # its process has ended and left nothing
            came = worker.connection.recv()
        except (EOFError, OSError):
            self._died(at)
            return
        if not worker.ready:
            worker.ready, self.stillborn = True, 0
        elif worker.task is not None:
            self.came.append((worker.task, came))
            worker.task = None
            if isinstance(came, Lost):  # after a lack of memory a fresh process is safer
                worker.process.kill()
                self._replace(at)

    def _died(self, at: int) -> None:
        worker = self.workers[at]
        worker.process.join()
        if not worker.ready:
            self.stillborn += 1
            if self.stillborn >= STILLBORN:
                reason = _ended(worker.process.exitcode)
                raise NoWorkersError(f"workers end before they are ready ({reason})")
        if worker.task is not None:
            self.came.append((worker.task, Lost(_ended(worker.process.exitcode))))
        self._replace(at)

    def _replace(self, at: int) -> None:
        self.workers[at].connection.close()
        self.workers[at].process.join()
        self.workers[at] = self._start()

    def close(self) -> None:
        """Ends the workers."""
        for worker in self.workers:
            worker.connection.close()
            worker.process.kill()
        for worker in self.workers:
            worker.process.join()


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"the worker was ended by {signal.Signals(-code).name}"
    return f"the worker ended with code {code}"


# Dask --------------------------------------------------------------------------------------------


class Dask:
    """The workers of a Dask cluster. Parts go to them as bytes, and their results come back so:
    they need this program, and no files of ours."""

    def __init__(self, job: Job, address: str) -> None:
        try:
            from distributed import Client  # noqa: PLC0415  # an extra
        except ImportError as error:
            raise NoWorkersError(
                "a Dask cluster needs an extra: pip install"
                " 'contract-compliance-checker[distributed]'"
            ) from error
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # we say ourselves what is up
        try:
            self.client: Any = Client(address, timeout=CONNECTING, set_as_default=False)
        except (OSError, ValueError) as error:
            raise NoWorkersError(f"no scheduler answers at {address}") from error
        self.job = job
        self.running: dict[str, tuple[Any, Task]] = {}
        self.ended: SimpleQueue[str] = SimpleQueue()
        self._threads = self._count()
        self._since = time.monotonic()  # when there were workers last

    @property
    def slots(self) -> int:
        """How many threads the cluster had when it was last looked after."""
        return max(1, self._threads)

    def _count(self) -> int:
        info: Any = self.client.scheduler_info(n_workers=-1)
        return sum(int(worker["nthreads"]) for worker in info["workers"].values())

    def submit(self, task: Task) -> None:
        """Sends a task with its cells."""
        future = self.client.submit(_ran, self.job, task.carried(), pure=False, retries=0)
        self.running[future.key] = (future, task)
        future.add_done_callback(self._note)

    def _note(self, future: Any) -> None:
        self.ended.put(future.key)

    def next(self, timeout: float | None = None) -> list[Came]:
        """Waits until the cluster has finished something, or lost it."""
        try:
            key = self.ended.get(timeout=timeout)
        except Empty:
            self._look_after()
            return []
        future, task = self.running.pop(key)
        with _still_there():
            if future.status == "finished":
                return [(task, future.result(timeout=RESULT))]
            if future.status == "error":
                return [(task, Lost(_why(future.exception(timeout=RESULT))))]
        raise NoWorkersError(GONE)  # it alone cancels what we never did

    def _look_after(self) -> None:
        """A cluster without scheduler, or for long without workers, will finish nothing."""
        if self.client.status != "running":
            raise NoWorkersError(GONE)
        now = time.monotonic()
        with _still_there():
            self._threads = self._count()
        if self._threads:
            self._since = now
        elif now - self._since > PATIENCE:
            raise NoWorkersError(f"the cluster has had no workers for {PATIENCE:.0f} seconds")

    def close(self) -> None:
        """Lets the cluster go; it is not ours to end."""
        with contextlib.suppress(Exception):  # the scheduler may be gone
            self.client.cancel([future for future, _task in self.running.values()])
        with contextlib.suppress(Exception):
            self.client.close(timeout=CONNECTING)


@contextlib.contextmanager
def _still_there() -> Iterator[None]:
    """What fails in talking with a cluster says that its scheduler is gone."""
    try:
        yield
    except (OSError, TimeoutError, CancelledError) as error:
        raise NoWorkersError(GONE) from error


def _why(error: object) -> str:
    """What a cluster tells of a task that its workers did not survive."""
    if type(error).__name__ == "KilledWorker":
        return "workers of the cluster died over it"
    return f"{type(error).__name__}: {error}"


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))
