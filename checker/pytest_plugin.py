"""A plugin of pytest that collects the cases of packs: each is an item under its own title."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # pytest loads this module wherever it runs: the rest is imported when needed
    from checker.cases import Case, Difference
    from checker.evaluate import Engines
    from checker.pack import Pack

_SUFFIX = ".cases.yaml"


class Differs(Exception):
    """The report on a case is another one than it expects."""

    def __init__(self, case: Case, differences: list[Difference]) -> None:
        super().__init__(case.title)
        self.case, self.differences = case, differences


class _Packs:
    """The packs of this run, each loaded once, with its engines."""

    def __init__(self) -> None:
        self._packs: dict[Path, Pack] = {}
        self._engines: dict[Path, Engines] = {}

    def pack(self, folder: Path) -> Pack:
        from checker.loader import load_pack  # noqa: PLC0415

        if folder not in self._packs:
            self._packs[folder] = load_pack(folder)
        return self._packs[folder]

    def engines(self, folder: Path) -> Engines:
        from checker.evaluate import Engines  # noqa: PLC0415

        if folder not in self._engines:
            self._engines[folder] = Engines(self.pack(folder))
        return self._engines[folder]

    def close(self) -> None:
        """Frees what the engines hold."""
        for engines in self._engines.values():
            engines.close()


_PACKS = pytest.StashKey[_Packs]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A collector for a file of cases that stands in a pack; nothing for any other file."""
    if file_path.name.endswith(_SUFFIX) and file_path.with_name("contract.yaml").is_file():
        return CaseFile.from_parent(parent, path=file_path)
    return None


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Says so where durable-rules does not load and another engine ran the cases."""
    if config.stash.get(_PACKS, None) is not None:
        from checker.engines import stand_in_notice  # noqa: PLC0415

        if notice := stand_in_notice():
            terminalreporter.write_line(f"checker: note: {notice}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Frees what the engines of the packs hold."""
    packs = config.stash.get(_PACKS, None)
    if packs is not None:
        packs.close()


class CaseFile(pytest.File):
    """A file of cases beside a clause."""

    @cached_property
    def packs(self) -> _Packs:
        """The packs of this run."""
        return self.config.stash.setdefault(_PACKS, _Packs())

    def collect(self) -> Iterator[CaseItem]:
        """Its cases; a pack or a file that is wrong is told with all its problems."""
        from checker.cases import load_cases  # noqa: PLC0415
        from checker.model import WrongInput  # noqa: PLC0415
        from checker.source import render  # noqa: PLC0415

        try:
            cases = load_cases(self.packs.pack(self.path.parent), self.path)
        except WrongInput as error:
            problems = "\n".join(render(problem) for problem in error.problems)
            raise self.CollectError(problems) from error
        for case in cases:
            yield CaseItem.from_parent(self, name=case.title, case=case)


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, case: Case, **named: object) -> None:
        super().__init__(**named)  # type: ignore[arg-type]  # pytest's own arguments
        self.case = case

    def runtest(self) -> None:
        """Runs the case; what differs is raised."""
        from checker.cases import run_case  # noqa: PLC0415

        assert isinstance(self.parent, CaseFile)  # it is made there alone
        packs, folder = self.parent.packs, self.path.parent
        found = run_case(packs.pack(folder), packs.engines(folder), self.case)
        if found:
            raise Differs(self.case, found)

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,
    ) -> Any:
        """The table of what differs; any other fault as pytest tells it."""
        if not isinstance(excinfo.value, Differs):
            return super().repr_failure(excinfo, style)
        from checker.cases.results import differences_text  # noqa: PLC0415

        return differences_text(excinfo.value.case, excinfo.value.differences)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case stands, and the head of what is told of its failure."""
        return self.path, self.case.place.line - 1, f"case: {self.name}"
