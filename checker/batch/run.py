"""A batch from request to results: plan, parts, each part evaluated, rows put together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import pyarrow.compute as pc

from checker.batch.cells import kept_rows, rows_of
from checker.batch.executors import Dask, Executor, Inline, Processes
from checker.batch.faults import Piece, finished
from checker.batch.intake import UNASSIGNED, Facts, Intake, Range, connected, ranges
from checker.batch.merge import merge, rewritten
from checker.batch.part import Done, Job, Task, evaluation
from checker.batch.plan import PLAN, Plan, Request, part_facts, parts_of, plan_of, read_plan
from checker.batch.portfolio import Contract, Portfolio, read_portfolio
from checker.batch.results import TABLES, Rules
from checker.batch.shared import asked_of, reach, shared_records
from checker.batch.sources import Finder, Reading, files
from checker.batch.store import (
    LOCK,
    Kept,
    Parts,
    cells_of,
    cells_whole,
    drop,
    locked,
    note_cells,
    put,
    writing,
)
from checker.batch.summary import Tables, as_html, as_json, baseline, named, of, safe, summary
from checker.batch.whole import inputs_of, whole
from checker.engines import ENGINES
from checker.model import Place, Problem, WrongInput, did_you_mean
from checker.report import report
from checker.source import render
from checker.text import render_text


class Watcher(Protocol):
    """Is told how far a batch has come."""

    def stage(self, what: str) -> None:
        """What is under way."""
        ...

    def begun(self, parts: int, contracts: int, parts_done: int, contracts_done: int) -> None:
        """How many parts and contracts there are, and how many were done before."""
        ...

    def part(self, contracts: int, facts: int, outcomes: Mapping[str, int]) -> None:
        """A part is done."""
        ...

    def beat(self) -> None:
        """Time goes by."""
        ...


@dataclass
class Ran:
    """What a batch came to; `kept`, how many parts were done before."""

    plan: Plan
    portfolio: Portfolio
    intake: Intake
    kept: int = 0
    summary: dict[str, Any] = field(default_factory=dict)

    def warnings(self) -> Iterator[str]:
        """What a person should know who believes that all facts were used."""
        intake = self.intake
        if intake.strange_contracts:
            some = ", ".join(list(intake.strangers)[:3])
            more = ", …" if intake.strange_contracts > 3 else ""
            yield (
                f"of {of(intake.strange_contracts, 'contract')} that the portfolio does not name"
                f" ({some}{more}), {of(intake.strange_facts, 'fact')} came in: they were left out"
            )


class Batch:
    """One run of a request in its directory."""

    def __init__(
        self, request: Request, watcher: Watcher, executor: Callable[[Job], Executor] | None = None
    ) -> None:
        """`executor` makes what runs the parts, where it is not for the request to say."""
        self.request, self.watcher = request, watcher
        self._make = executor or self._executor
        self.out, self.work = request.out, request.out / "work"
        self.cells = self.work / "cells"
        self.parts = Parts(self.out / "parts")
        self.earlier = Parts(self.out / "parts-before")
        self.earlier_keys: dict[str, Kept] = {}

    def run(self) -> Ran:
        """Everything; WrongInput where nothing can be evaluated, and then nothing is written."""
        self._refuse_foreign()
        fresh = not self.out.exists()
        try:
            with locked(self.out):
                return self._run()
        except WrongInput:
            if fresh:
                drop([self.out])
            raise

    def _run(self) -> Ran:
        try:
            ran, facts, asked = self._planned()
        except WrongInput:
            drop([self.work])
            raise
        finder = Finder(facts.inputs, self.request.columns)
        request = self.request
        self.earlier_keys = self.earlier.all()
        job = Job(
            request.as_of, request.known_on, request.engine, asked,
            tuple((each.path, each.suffix) for each in facts.inputs),
            frozenset(self.earlier_keys), ran.plan.key,
        )  # fmt: skip
        self._evaluate(ran, job, finder)
        self._put_together(ran)
        self._sum_up(ran, job)
        drop([self.work, self.earlier.folder])
        return ran

    # The plan -------------------------------------------------------------------------------------

    def _planned(self) -> tuple[Ran, Facts, Any]:
        """The plan, the facts cut into its parts, and what is asked of each pack."""
        request = self.request
        ENGINES[request.engine]([]).close()  # one that does not load is told before all else
        self.watcher.stage("reading the portfolio")
        portfolio = read_portfolio(request.portfolio, request.packs, request.columns)
        portfolio = _only(portfolio, request.contract)
        paths = files(request.facts)
        self.watcher.stage("reading the facts")
        with writing(self.work):
            self.work.mkdir(parents=True, exist_ok=True)
            kinds = [kind for pack in portfolio.packs.values() for kind in pack.kinds.values()]
            fields = frozenset(name for kind in kinds for name in kind.fields)
            connection = connected(self.work / "spill", max(1, request.workers))
            reading = Reading(fields, request.columns, self.work)
            facts = Facts(paths, reading, connection)
            plan = plan_of(request, portfolio, facts.inputs)
            before = read_plan(self.out)
            self._refuse_other(before, plan)
            intake = facts.count(portfolio)
            portfolio = _without_facts(portfolio, intake)
            target = request.part_facts or part_facts(intake.facts)
            same = before is not None and before["key"] == plan.key
            plan = replace(
                plan,
                parts=parts_of(before or {}) if same
                else tuple(ranges(portfolio, intake.counts, target)),
            )  # fmt: skip
            if not cells_whole(self.cells, plan.key):
                self.watcher.stage("cutting the facts into parts")
                drop([self.cells])
                facts.cut(
                    {part.number: part for part in plan.parts}, portfolio.contracts, self.cells
                )
                note_cells(self.cells, plan.key)
        asked = self._asked(portfolio, facts)
        if not same:
            self._make_way()
            put(self.out / PLAN, plan.as_text().encode())
        return Ran(plan, portfolio, intake), facts, asked

    def _refuse_foreign(self) -> None:
        """A directory that holds something else is not written to."""
        place = Place("--out", 1, 1, str(self.out))
        if self.out.exists() and not self.out.is_dir():
            raise WrongInput([Problem(place, "this is a file")])
        there = {each.name for each in self.out.iterdir()} if self.out.is_dir() else set()
        if there - {"work", LOCK} and read_plan(self.out) is None:
            message = "the directory holds something else: take an empty or a new one"
            raise WrongInput([Problem(place, message)])

    def _refuse_other(self, before: Mapping[str, Any] | None, plan: Plan) -> None:
        if before is None or self.request.resume:
            return
        which = "this" if before["key"] == plan.key else "another"
        message = f"the directory holds {which} batch already"
        hint = "with --resume it is completed, and what did not change is not done again"
        raise WrongInput([Problem(Place("--out", 1, 1, str(self.out)), message, hint)])

    def _make_way(self) -> None:
        """Another plan: outputs of the earlier go, and its parts wait to be taken up again."""
        drop(self._outputs())
        self.earlier.take(self.parts)

    def _outputs(self) -> Iterator[Path]:
        for name in (*TABLES, "summary"):
            yield from self.out.glob(f"{name}.*")
        yield self.out / "reports"
        yield self.out / "quarantine"

    def _asked(self, portfolio: Portfolio, facts: Facts) -> Any:
        request, packs = self.request, portfolio.packs
        names = [(each.path, each.suffix) for each in facts.inputs]
        finder = Finder(facts.inputs, request.columns)
        records = shared_records(cells_of(self.cells, UNASSIGNED), names, finder)
        return asked_of(packs, request.readings, request.terms, reach(records, packs))

    # Evaluation -----------------------------------------------------------------------------------

    def _evaluate(self, ran: Ran, job: Job, finder: Finder) -> None:
        plan, contracts = ran.plan, ran.portfolio.contracts
        self.parts.tidy()
        kept = {part.number: self.parts.read(part.number) for part in plan.parts}
        done = {number: part for number, part in kept.items() if part is not None}
        before = sum(len(plan.parts[number].contracts) for number in done)
        self.watcher.begun(len(plan.parts), len(contracts), len(done), before)
        ran.kept = len(done)
        largest_first = sorted(plan.parts, key=lambda part: (-part.facts, part.number))
        waiting = [self._task(p, contracts) for p in largest_first if p.number not in done]
        if not waiting:
            return
        executor = self._make(job)
        try:
            for number, pieces in finished(executor, waiting, self.watcher.beat):
                ran.kept += self._keep(ran, number, pieces, finder)
        finally:
            executor.close()

    def _task(self, part: Range, contracts: Sequence[Contract]) -> Task:
        own = tuple((number, contracts[number]) for number in part.contracts)
        return Task(part.number, part.pack, cells_of(self.cells, part.number), own, 0, len(own))

    def _executor(self, job: Job) -> Executor:
        if self.request.scheduler:
            return Dask(job, self.request.scheduler)
        if self.request.workers == 0:
            return Inline(job)
        return Processes(job, self.request.workers, self.request.memory)

    def _keep(self, ran: Ran, number: int, pieces: Sequence[Piece], finder: Finder) -> bool:
        """Writes a part from its pieces; true where it was done before, under another plan."""
        part = ran.plan.parts[number]
        keys = {came.key for _task, came in pieces if isinstance(came, Done) and not came.tables}
        for key in keys:
            note = self.earlier_keys[key].note
            self.parts.adopt(self.earlier_keys[key], number)
            self.watcher.part(len(part.contracts), note["facts"], note["outcomes"])
            return True
        packs = {
            word: Rules(pack.name, pack.currency, pack.sha256)
            for word, pack in ran.portfolio.packs.items()
        }
        made = whole(pieces, packs, finder)
        for contract, why in made.quarantined.items():
            self._quarantine(ran, part, contract, why)
        self.parts.write(number, made.tables, made.note())
        self.watcher.part(len(part.contracts), made.facts, made.outcomes)
        return False

    def _quarantine(self, ran: Ran, part: Range, name: str, why: str) -> None:
        """Puts a contract that could not be evaluated aside, with what came in of it."""
        contracts = ran.portfolio.contracts
        number = next(each for each in part.contracts if contracts[each].name == name)
        folder = self.out / "quarantine" / f"{number:08d}-{safe(name)}"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            table = kept_rows(cells_of(self.cells, part.number))
            lines = []
            if table is not None:
                own = table.filter(pc.equal(table.column("number"), number)).sort_by("position")
                for _position, cells in rows_of(own):
                    lines.append(json.dumps({"contract": name, **cells}, ensure_ascii=False) + "\n")
            put(folder / "facts.jsonl", "".join(lines).encode())
            put(folder / "contract.json", inputs_of(contracts[number], why, part.pack))

    # Results --------------------------------------------------------------------------------------

    def _put_together(self, ran: Ran) -> None:
        self.watcher.stage("putting the results together")
        drop(self._results())
        with writing(self.out):
            beside = {table: self.work / f"{table}.parquet" for table in TABLES}
            merge(ran.plan.parts, self._read, beside.__getitem__)
            if self.request.format == "parquet":
                for table, path in beside.items():
                    path.replace(self.out / f"{table}.parquet")
                return
            connection = connected(self.work / "spill", max(1, self.request.workers))
            for table, path in beside.items():
                target = self.work / f"{table}.{self.request.format}"
                rewritten(connection, table, path, target, self.request.format)
                target.replace(self.out / target.name)

    def _sum_up(self, ran: Ran, job: Job) -> None:
        """The summary, and the reports of the worst contracts."""
        request, plan = self.request, ran.plan
        intake = ran.intake
        head = {
            **{name: plan.data[name] for name in ("as_of", "known_on", "checker", "engine")},
            "plan": plan.key,
            "contracts": len(ran.portfolio.contracts),
            "facts": intake.facts,
            "strangers": {
                "contracts": intake.strange_contracts,
                "facts": intake.strange_facts,
                "some": list(intake.strangers),
            },
        }
        with writing(self.out):
            connection = connected(self.work / "spill", max(1, request.workers))
            earlier = None if request.baseline is None else baseline(connection, request.baseline)
            data = summary(Tables(connection, self.out), head, earlier)
            data["worst"] = named(data["worst"])
            self._reports(ran, job, data["worst"])
            put(self.out / "summary.html", as_html(data).encode())
            put(self.out / "summary.json", as_json(data).encode())
        ran.summary = data

    def _reports(self, ran: Ran, job: Job, worst: Sequence[Mapping[str, Any]]) -> None:
        """The single reports of some contracts, as `check` gives them."""
        drop([self.out / "reports"])
        if not worst:
            return
        (self.out / "reports").mkdir()
        contracts = ran.portfolio.contracts
        numbers = {contract.name: number for number, contract in enumerate(contracts)}
        part_of = {number: part for part in ran.plan.parts for number in part.contracts}
        for row in worst:
            number = numbers[row["contract"]]
            part = part_of[number]
            cells = cells_of(self.cells, part.number)
            one = ((number, contracts[number]),)
            data = report(evaluation(job, Task(part.number, part.pack, cells, one, 0, 1)))
            text_ = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
            put(self.out / f"{row['report']}.json", text_.encode())
            put(self.out / f"{row['report']}.txt", render_text(data).encode())

    def _results(self) -> Iterator[Path]:
        for name in (*TABLES, "summary"):
            yield from self.out.glob(f"{name}.*")

    def _read(self, number: int) -> Kept:
        kept = self.parts.read(number)
        if kept is None:
            raise OSError(f"part {number} was harmed since it was written: run again with --resume")
        return kept


def _only(portfolio: Portfolio, contract: str | None) -> Portfolio:
    """The portfolio, or the one contract of it that is asked for."""
    if contract is None:
        return portfolio
    found = tuple(each for each in portfolio.contracts if each.name == contract)
    if not found:
        names = [each.name for each in portfolio.contracts[:1000]]
        place = Place("--contract", 1, 1, contract)
        message = f"the portfolio has no contract '{contract}'"
        raise WrongInput([Problem(place, message, did_you_mean(contract, names))])
    return replace(portfolio, contracts=found)


def _without_facts(portfolio: Portfolio, intake: Intake) -> Portfolio:
    """Contracts of which no fact came are not evaluated: nothing known is not nothing owed."""
    judged = []
    for contract in portfolio.contracts:
        errors = contract.errors
        if contract.name not in intake.counts and not errors:
            place = portfolio.rows[contract.name].value("contract")
            message = f"no fact is of the contract '{contract.name}'"
            errors = (render(Problem(place, message)),)
        judged.append(replace(contract, errors=errors) if errors else contract)
    return replace(portfolio, contracts=tuple(judged), rows={})  # places are needed no more
