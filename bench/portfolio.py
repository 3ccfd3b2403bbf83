"""A made-up portfolio: batch with each engine, and what one would do without it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import Measured, measured

ROOT = Path(__file__).resolve().parent.parent
CHECKER = (sys.executable, "-m", "checker")
NOTE = "rules/second-amended-note"
SESSIONS = {
    "kept": "a session each",
    "deleted": "a session each, deleted when done",
    "one": "one session for all",
}
"""The ways to use durable-rules of `bench.as_documented`."""


@dataclass(frozen=True)
class Asked:
    """What is to be measured: sizes, engines, and how long the documented way may take."""

    contracts: int
    facts: int
    engines: tuple[str, ...]
    workers: int | None
    rivals: bool
    patience: float = 30.0


@dataclass(frozen=True)
class Made:
    """A portfolio that was made up for this, in a folder."""

    folder: Path
    contracts: int
    facts: int
    as_of: str
    took: Measured

    @property
    def files(self) -> tuple[str, str]:
        """Its tables."""
        return str(self.folder / "portfolio.parquet"), str(self.folder / "facts.parquet")


def compare(asked: Asked, folder: Path) -> None:
    """Prints how fast a portfolio of one note is checked, by whom, and whether they agree."""
    made = _made(asked, folder / "one", NOTE)
    _head(made, "one note")
    hand = None
    if asked.rivals:
        out = folder / "hand"
        hand = measured(
            (sys.executable, "-m", "bench.by_hand", made.files[1], made.as_of, str(out)), ROOT
        )
        print(_line("a script by hand, one process", made.contracts, made.facts, hand, hand))
    for engine in asked.engines:
        took = _batch(made, engine, asked.workers, folder / engine)
        print(_line(f"batch --engine {engine}", made.contracts, made.facts, took, hand))
        if hand is not None and took.code in (0, 1, 3):
            print(f"    {_agreement(folder / 'hand', folder / engine)}")
    for engine in asked.engines:
        print(_shares(made, engine, folder / f"{engine}-shares"))
    if asked.rivals:
        for way in SESSIONS:
            _documented(made, way, asked, folder, hand)


def mixed(asked: Asked, folder: Path) -> None:
    """Prints how fast a portfolio of all packs is checked."""
    made = _made(asked, folder / "all", None)
    _head(made, "all packs")
    for engine in asked.engines:
        took = _batch(made, engine, asked.workers, folder / f"all-{engine}")
        print(_line(f"batch --engine {engine}", made.contracts, made.facts, took, None))


def _made(asked: Asked, folder: Path, pack: str | None) -> Made:
    """Makes up a portfolio of one pack, or of all."""
    took = measured(
        (
            *CHECKER, "generate", "--contracts", str(asked.contracts), "--facts", str(asked.facts),
            "--seed", "1", "--out", str(folder), *(("--pack", pack) if pack else ()),
        ),
        ROOT,
    )  # fmt: skip
    if took.code:
        raise SystemExit(took.told)
    with duckdb.connect() as db:
        counted = db.execute("SELECT count(*) FROM read_parquet(?)",
                             [str(folder / "facts.parquet")]).fetchone()  # fmt: skip
    assert counted is not None
    as_of = took.told.split("as of ")[1].split()[0]
    return Made(folder, asked.contracts, counted[0], as_of, took)


def _batch(made: Made, engine: str, workers: int | None, out: Path) -> Measured:
    """A batch of the portfolio."""
    return measured(
        (
            *CHECKER, "batch", *made.files, "--as-of", made.as_of, "--out", str(out),
            "--engine", engine, "--progress", "none",
            *(("--workers", str(workers)) if workers is not None else ()),
        ),
        ROOT,
    )  # fmt: skip


def _shares(made: Made, engine: str, out: Path) -> str:
    """Where the time of a batch in one process goes."""
    took = measured(
        (sys.executable, "-m", "bench.shares", *made.files, made.as_of, engine, str(out)), ROOT
    )
    if took.code:
        return f"  where the time goes, {engine}: {_why(took)}"
    shares = json.loads(took.told.splitlines()[-1])
    told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    return f"  where the time goes, {engine}: {told}"


# What is printed ---------------------------------------------------------------------------------

_COLUMNS = ("seconds", "processor", "contracts/s", "facts/s", "peak MB", "by hand")


def _head(made: Made, of: str) -> None:
    print(
        f"a made-up portfolio of {of}: {made.contracts:,} contracts, {made.facts:,} facts "
        f"(made up in {made.took.seconds:.1f} s)"
    )
    print(f"  {'':44}" + "".join(f"{column:>13}" for column in _COLUMNS))


def _line(name: str, contracts: int, facts: int, took: Measured, hand: Measured | None) -> str:
    """One row: a time by hand is 1.00."""
    ratio = "" if hand is None else f"{took.seconds / hand.seconds:.2f} ×"
    cells = (
        f"{took.seconds:.1f}", f"{took.processor:.1f}", f"{contracts / took.seconds:,.0f}",
        f"{facts / took.seconds:,.0f}", f"{took.peak / 2**20:,.0f}", ratio,
    )  # fmt: skip
    failed = "" if took.code in (0, 1, 3) else f"  ({took.ending})"
    return f"  {name:44}" + "".join(f"{cell:>13}" for cell in cells) + failed


def _documented(made: Made, way: str, asked: Asked, folder: Path, hand: Measured | None) -> None:
    """Measures durable-rules as documented, on as many contracts as it survives."""
    out = folder / f"{way}.jsonl"
    took = measured(
        (
            sys.executable, "-m", "bench.as_documented", made.files[1], made.as_of,
            str(made.contracts), str(asked.patience), way, str(out),
        ),
        ROOT,
    )  # fmt: skip
    lines = list(_read(out))
    name = f"durable-rules as documented, {SESSIONS[way]}"
    print(f"  {name}")
    if not lines:
        print(f"    no contract was done: {_why(took)}")
        return
    done = lines[-1]
    seconds = max(done["seconds"], 1e-9)
    wrong = sum(line["expected"] != line["found"] or line["waived"][0] != line["waived"][1]
                for line in lines)  # fmt: skip
    ratio = ""
    if hand is not None:
        ratio = f", {seconds / done['contracts'] / (hand.seconds / made.contracts):.1f} × by hand"
    print(
        f"    {done['contracts']:,} of {made.contracts:,} contracts in {seconds:.1f} s: "
        f"{done['contracts'] / seconds:,.0f} contracts a second, "
        f"{done['asserted'] / seconds:,.0f} facts, {took.peak / 2**20:,.0f} MB{ratio}"
    )
    unhandled = sum(done["unhandled"].values())
    print(
        f"    {wrong:,} contracts with wrong defaults; it raised on {unhandled:,} facts, which no "
        f"rule looks for; {_why(took)}"
    )


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a file of JSON."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)


def _why(took: Measured) -> str:
    """How it ended, with its last word where it failed."""
    if took.code == 0:
        return "it came to its end"
    last = (took.told.strip().splitlines() or [""])[-1]
    return f"it ended with {took.ending}" + (f" ({last})" if last else "")


# Agreement ---------------------------------------------------------------------------------------

_OWED = "contract, id, due, last_day, amount, unpaid, state"
_BY_HAND = {
    "obligations": f"SELECT {_OWED} FROM read_csv('{{}}/obligations.csv', all_varchar = true)",
    "events of default": "SELECT contract, obligation, date, amount, waived "
    "FROM read_csv('{}/defaults.csv', all_varchar = true)",
}
_BY_BATCH = {
    "obligations": f"SELECT {_OWED} FROM read_parquet('{{}}/obligations.parquet')",
    "events of default": "SELECT contract, obligation, date, amount, outcome = 'waived' "
    "FROM read_parquet('{}/findings.parquet') WHERE rule = 'event-of-default'",
}


def differences(hand: Path, batch: Path) -> dict[str, tuple[int, int]]:
    """How many obligations and events of default there are by hand, and how many differ."""
    found = {}
    with duckdb.connect() as db:
        for what, query in _BY_HAND.items():
            one = f"SELECT COLUMNS(*)::VARCHAR FROM ({query.format(hand)})"
            other = f"SELECT COLUMNS(*)::VARCHAR FROM ({_BY_BATCH[what].format(batch)})"
            row = db.execute(
                f"SELECT (SELECT count(*) FROM ({one})), "
                f"(SELECT count(*) FROM ({one} EXCEPT ALL {other})) "
                f"+ (SELECT count(*) FROM ({other} EXCEPT ALL {one}))"
            ).fetchone()
            assert row is not None
            found[what] = (row[0], row[1])
    return found


def _agreement(hand: Path, batch: Path) -> str:
    """Whether the script by hand and a batch found the same obligations and events of default."""
    told = [
        f"{count:,} {what}, the same as by hand"
        if not differ
        else f"{differ:,} {what} that one of the two has otherwise"
        for what, (count, differ) in differences(hand, batch).items()
    ]
    return "; ".join(told)
