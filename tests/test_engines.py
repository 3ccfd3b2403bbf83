"""The engines give the same reports, and where they would not, or one is missing, that is said."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checker import cli, engine, engines
from checker.cases import Case, case_report, cases_of
from checker.compiled import COMPILED_NAME, CompiledRuleset
from checker.engine import ENGINE_NAME, Ruleset
from checker.engines import ENGINES, EnginesDiffer, Make, SideBySide
from checker.patterns import EngineRule, Match, MatchSession, Pattern, Record
from tests import product
from tests.naive import RecordingRuleset, RecordingSession
from tests.product import NOTE, ROOT, pack
from tests.stories import Run, runs, stories, title

STORY = ROOT / "fixtures" / "second-amended-note" / "default-and-acceleration" / "facts.csv"
PACKS = sorted(path.parent for path in (ROOT / "rules").glob("*/contract.yaml"))


def named(data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The engine that a report names, and all else of the report."""
    receipt = dict(data["receipt"])
    return receipt.pop("engine"), {**data, "receipt": receipt}


# The same reports ---------------------------------------------------------------------------------


def every_run() -> Iterator[Any]:
    for story in stories():
        for run in runs(story):
            yield pytest.param(run, id=f"{title(story)}: {run.name}")


@pytest.mark.parametrize("run", list(every_run()))
def test_the_engines_give_one_report_of_every_story(run: Run) -> None:
    durable, compiled = run.report(Ruleset), run.report(CompiledRuleset)
    assert durable["receipt"]["facts_asserted"] > 0
    assert named(durable) == (ENGINE_NAME, named(compiled)[1])
    assert named(compiled)[0] == COMPILED_NAME


@cache
def cases(folder: Path) -> list[Case]:
    return cases_of(pack(folder))


@pytest.mark.parametrize("folder", PACKS, ids=lambda path: path.name)
def test_the_engines_give_one_report_of_every_case(folder: Path) -> None:
    for case in cases(folder):
        durable, compiled = (
            case_report(pack(folder), product.engines(folder, make), case)
            for make in (Ruleset, CompiledRuleset)
        )
        assert named(durable)[1] == named(compiled)[1], case.title


# Through the command ------------------------------------------------------------------------------

QUESTIONS = {
    "check": (),
    "readings": (),
    "what-if": ("--pay", "2001-01-03=100.00"),
    "payoff": ("--on", "2001-06-30"),
    "cure": (),
    "explain": ("event-of-default/interest/2000-12-31",),
}


def ran(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        cli.main([str(word) for word in words])
    printed = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return left.value.code, printed.out, printed.err


def asked(capsys: pytest.CaptureFixture[str], command: str, *more: object) -> tuple[int, Any, str]:
    """The exit code, the data of the answer without its receipt, and the messages."""
    words = [command, NOTE, STORY, *QUESTIONS[command], "--format", "json", *more]
    code, out, err = ran(capsys, *words)
    data = json.loads(out) if out else None
    if command == "check" and data:
        del data["receipt"]
    return code, data, err


@pytest.mark.parametrize("command", QUESTIONS)
def test_every_question_is_answered_alike_by_every_engine(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = asked(capsys, command)
    assert expected[0] in (0, 1)
    assert expected[2] == ""
    used: list[str] = []
    for name in ENGINES:
        watched = _Watched(name, ENGINES[name], used)
        monkeypatch.setitem(engines.ENGINES, name, watched.make)
        assert asked(capsys, command, "--engine", name) == expected
        assert set(used) == {name}
        used.clear()


class _Watched:
    """Makes an engine, and notes that it was made."""

    def __init__(self, name: str, make: Make, used: list[str]) -> None:
        self.name, self.inner, self.used = name, make, used

    def make(self, rules: Sequence[EngineRule]) -> Any:
        self.used.append(self.name)
        return self.inner(rules)


@pytest.mark.parametrize(
    ("given", "named_so"),
    [
        ((), ENGINE_NAME),
        (("--engine", "durable"), ENGINE_NAME),
        (("--engine", "compiled"), COMPILED_NAME),
        (("--engine", "both"), f"{ENGINE_NAME} and {COMPILED_NAME}"),
    ],
)
def test_the_receipt_names_the_engine(
    given: tuple[str, ...], named_so: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _err = ran(capsys, "check", NOTE, STORY, "--format", "json", *given)
    receipt = json.loads(out)["receipt"]
    assert (code, receipt["engine"]) == (1, named_so)
    _code, text, _err = ran(capsys, "check", NOTE, STORY, *given)
    assert f", {named_so}; " in " ".join(text.split())


@pytest.mark.parametrize("name", ENGINES)
def test_cases_run_on_every_engine(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("test", NOTE, "-k", "last day of grace")
    code, out, _err = ran(capsys, *words, "--engine", name)
    assert (code, out) == (0, ran(capsys, *words)[1])
    boundaries = (*words, "--boundaries", "--clause", "5")
    assert ran(capsys, *boundaries, "--engine", name) == ran(capsys, *boundaries)


def test_no_command_makes_engines_but_those_that_were_asked_for() -> None:
    commands = (ROOT / "checker" / "commands").glob("*.py")
    making = [path.name for path in commands if "Engines(" in path.read_text("utf-8")]
    assert making == ["asked.py"]


def test_an_unknown_engine_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ran(capsys, "check", NOTE, STORY, "--engine", "compield")
    assert (code, out) == (2, "")
    assert "'durable', 'compiled', 'both'" in err


# A fault in one of two ----------------------------------------------------------------------------


class Faulty(RecordingRuleset):
    """An engine that loses its matches, doubles or turns them, from some match on."""

    name = "faulty"

    def __init__(self, rules: Sequence[EngineRule], fault: str, inner: Make) -> None:
        super().__init__(inner(rules))
        self.fault = fault

    def session(self) -> FaultySession:
        return FaultySession(self.inner.session(), self.fault)


class FaultySession(RecordingSession):
    def __init__(self, inner: MatchSession, fault: str) -> None:
        super().__init__(inner)
        self.fault = fault

    def add(self, records: Sequence[Record]) -> list[Match]:
        found = super().add(records)
        if self.matches >= 5 and found:
            if self.fault == "loses":
                return found[1:]
            if self.fault == "turns":
                return found[::-1]
            if self.fault == "doubles":
                return [*found, found[-1]]
            if self.fault == "counts":
                self.matches += 1
            if self.fault == "refuses":
                raise ValueError("a value that the other takes")
        return found


@pytest.mark.parametrize("fault", ["loses", "doubles", "counts", "refuses"])
@pytest.mark.parametrize("first", [True, False], ids=["the first", "the second"])
def test_a_fault_in_either_engine_stops_the_command_with_4(
    fault: str, first: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(rules: Sequence[EngineRule]) -> SideBySide:
        sound: Make = CompiledRuleset if first else Ruleset
        faulty: Make = lambda rules: Faulty(rules, fault, Ruleset)  # noqa: E731  # short and local
        return SideBySide(rules, *((faulty, sound) if first else (sound, faulty)))

    monkeypatch.setitem(engines.ENGINES, "both", make)
    code, out, err = ran(capsys, "check", NOTE, STORY, "--engine", "both")
    assert (code, out) == (4, "")
    assert err.startswith("checker: an internal fault; please report it:\n")
    assert "faulty" in err
    assert "differ on record" in err
    assert "Traceback" not in err


def test_what_two_engines_differ_in_is_told_with_the_records() -> None:
    rules = [EngineRule(name, (Pattern("x", "a"),)) for name in ("first", "second")]
    both = SideBySide(rules, CompiledRuleset, lambda rules: CompiledRuleset(rules[:1]))
    with both.session() as session, pytest.raises(EnginesDiffer) as told:
        session.add([Record("a", {"n": 5})])
    assert str(told.value) == (
        f"{COMPILED_NAME} and {COMPILED_NAME} differ on record 1 of what they were told:"
        f" {COMPILED_NAME} alone finds second (x 1). Told was: a {{'n': 5}}"
    )
    both.close()


def test_another_order_of_matches_is_a_difference() -> None:
    rules = [EngineRule(name, (Pattern("x", "a"),)) for name in ("first", "second")]
    both = SideBySide(rules, CompiledRuleset, lambda rules: Faulty(rules, "turns", Ruleset))
    session = both.session()
    assert len(session.add([Record("a", {})] * 2)) == 4  # below the fault
    with pytest.raises(EnginesDiffer, match="the same matches, not in one order"):
        session.add([Record("a", {})])
    session.close()
    both.close()


# Without durable-rules ----------------------------------------------------------------------------


@pytest.fixture
def without_durable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_durable", None)
    monkeypatch.setattr(engine, "_IMPORT_FAULT", "undefined symbol: PyEval_CallObject")


@pytest.mark.usefixtures("without_durable")
def test_without_durable_rules_the_compiled_engine_stands_in_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = ran(capsys, "check", NOTE, STORY, "--format", "json")
    assert (code, json.loads(out)["receipt"]["engine"]) == (
        1, f"{COMPILED_NAME} (durable-rules does not load)",
    )  # fmt: skip
    assert err.count("\n") == 1
    assert "does not load (undefined symbol: PyEval_CallObject)" in err
    assert "CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject" in err


@pytest.mark.usefixtures("without_durable")
@pytest.mark.parametrize("name", ["durable", "both"])
def test_an_engine_that_is_asked_for_and_does_not_load_is_not_replaced(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ran(capsys, "check", NOTE, STORY, "--engine", name)
    assert (code, out) == (4, "")
    assert "CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject" in err
    code, _out, err = ran(capsys, "check", NOTE, STORY, "--engine", "compiled")
    assert (code, err) == (1, "")


BLOCKED = """
import sys
sys.modules["durable_rules_engine"] = None
from importlib import metadata
real = metadata.version
def version(name):
    if name == "durable-rules":
        raise metadata.PackageNotFoundError(name)
    return real(name)
metadata.version = version
from checker.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize("command", QUESTIONS)
def test_where_durable_rules_was_never_installed_every_command_works(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _code, expected, _err = asked(capsys, command)
    words = [command, str(NOTE), str(STORY), *QUESTIONS[command], "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, *words],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    data = json.loads(done.stdout)
    if command == "check":
        assert data.pop("receipt")["engine"].startswith(COMPILED_NAME)
    assert data == expected
    assert done.stderr.startswith("checker: note: the compiled engine stands in, for durable-rules")
    assert done.stderr.count("\n") == 1
