"""A worker's life in which one contract is fatal, for the tests of what batch does then."""

from __future__ import annotations

import os
import signal
from multiprocessing.connection import Connection

from checker.batch import executors
from checker.batch.part import Done, Job, Task, run_part

GUILTY = "guilty"


def run_part_or_die(job: Job, task: Task) -> Done:
    """The part, unless the guilty contract is in it."""
    if _guilty(task):
        os.kill(os.getpid(), signal.SIGKILL)
    return run_part(job, task)


def run_part_or_starve(job: Job, task: Task) -> Done:
    """The part, but the guilty contract takes more memory than there may be."""
    if _guilty(task):
        bytearray(2 << 30)
    return run_part(job, task)


def _guilty(task: Task) -> bool:
    names = [contract.name for _number, contract in task.contracts[task.begin : task.end]]
    return any(GUILTY in name for name in names)


def serve(connection: Connection, job: Job, memory: int) -> None:
    """A worker that dies of the guilty contract."""
    setattr(executors, "run_part", run_part_or_die)  # noqa: B010  # in this process alone
    executors._serve(connection, job, memory)


def hungry(connection: Connection, job: Job, memory: int) -> None:
    """A worker whose memory does not suffice for the guilty contract."""
    setattr(executors, "run_part", run_part_or_starve)  # noqa: B010  # in this process alone
    executors._serve(connection, job, memory)


def stillborn(_connection: Connection, _job: Job, _memory: int) -> None:
    """A worker that ends before it is ready."""
    os._exit(7)
