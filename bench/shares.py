"""Where the time of a batch goes: reading, ledger, engine, writing, in one process.

    python -m bench.shares PORTFOLIO FACTS AS-OF ENGINE OUT

Prints one line of JSON: the share of each, of all seconds of the processor.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.clock import Clock, TimedRuleset
from checker import cli
from checker.batch import part, results, run
from checker.patterns import EngineRule, Matcher

EVALUATION = ((part, "evaluate"),)
WRITING = (
    (results.Rows, "add"), (results.Rows, "tables"), (part, "as_bytes"),
    (run.Batch, "_put_together"), (run.Batch, "_sum_up"),
)  # fmt: skip
"""What of a batch is writing: rows of results, their tables, the files, the summary."""


def timed(clock: Clock, what: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The same call, its time counted."""

    def counted(*args: Any, **named: Any) -> Any:
        with clock.of(what):
            return call(*args, **named)

    return counted


def main(portfolio: str, facts: str, as_of: str, engine: str, out: str) -> None:
    """Runs a batch in this process and prints the shares."""
    clock = Clock()
    make = part.ENGINES[engine]

    def making(rules: Sequence[EngineRule]) -> Matcher:
        return TimedRuleset(make(rules), clock)

    # The bench alone reaches into a batch.
    part.ENGINES[engine] = making
    for what, calls in (("evaluation", EVALUATION), ("writing", WRITING)):
        for owner, name in calls:
            setattr(owner, name, timed(clock, what, getattr(owner, name)))
    command = [
        "batch", portfolio, facts, "--as-of", as_of, "--out", out, "--engine", engine,
        "--workers", "0", "--progress", "none",
    ]  # fmt: skip
    started = time.process_time()
    with contextlib.suppress(SystemExit):  # a breach ends it with 1; a fault is told, and no time
        cli.main(command)
    spent = time.process_time() - started
    parts = {
        "engine": clock.spent["engine"],
        "ledger": clock.spent["evaluation"] - clock.spent["engine"],
        "writing": clock.spent["writing"],
    }
    shares = {"reading": spent - sum(parts.values()), **parts}
    print(json.dumps({name: seconds / spent for name, seconds in shares.items()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
