"""Tasks to their end, whatever dies: tried again, then halved, till the guilty one is alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checker.batch.executors import Executor, Halt, HaltedError, Lost
from checker.batch.part import Done, Task

Piece = tuple[Task, Done | Lost]


@dataclass
class _Open:
    """A part of which some contracts are still out."""

    missing: int
    pieces: list[Piece]


def finished(
    executor: Executor, tasks: Iterable[Task], heartbeat: Callable[[], None]
) -> Iterator[tuple[int, list[Piece]]]:
    """Runs all tasks; gives each part when it is whole: its pieces, in the order of contracts.

    A piece that is Lost is of one contract, with which a worker died twice. `heartbeat` is called
    now and then, also while nothing comes.
    """
    coming = iter(tasks)
    again: list[Task] = []  # what was lost once, or is half of it
    tried: set[tuple[int, int, int]] = set()
    parts: dict[int, _Open] = {}
    under_way = 0
    while True:
        while under_way < executor.slots * 2:
            task = again.pop() if again else next(coming, None)
            if task is None:
                break
            parts.setdefault(task.number, _Open(task.end - task.begin, []))
            executor.submit(task)
            under_way += 1
        if not under_way:
            return
        for task, came in executor.next(timeout=0.5):
            under_way -= 1
            if isinstance(came, Halt):
                raise HaltedError(came.reason)
            if isinstance(came, Lost) and (more := _once_more(task, tried)):
                again += more
                continue
            part = parts[task.number]
            part.pieces.append((task, came))
            part.missing -= task.end - task.begin
            if part.missing == 0:
                del parts[task.number]
                yield task.number, sorted(part.pieces, key=lambda piece: piece[0].begin)
        heartbeat()


def _once_more(task: Task, tried: set[tuple[int, int, int]]) -> list[Task]:
    """What to try after a loss: the same again, then its halves; nothing for a lone contract."""
    which = (task.number, task.begin, task.end)
    if which not in tried:
        tried.add(which)
        return [task]
    if task.end - task.begin == 1:
        return []
    return list(task.halves())[::-1]
