"""The house keeps its floors: imports go downward, and one room alone knows the engine."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.product import ROOT

CHECKER = ROOT / "checker"
LAYERS = {
    0: {"money", "dates", "model"},
    1: {
        "source", "records", "language", "patterns", "engine", "compiled", "engines",
        "arrangement", "accrual", "ledger", "facts",
        "fees", "instalments", "account", "deadlines", "occasions",
        "timeline", "terms", "findings", "packfile",
        "rules", "pack", "desk", "rulebook", "loader", "evaluate",
    },
    2: {
        "report", "text", "stream", "starter", "inquiry", "evidence", "junit", "sarif",
        "report_junit",
        "cases", "cases.reading", "cases.recording", "cases.coverage", "cases.boundaries",
        "cases.writing", "cases.results", "cases.selection",
        "schema", "schema.files", "schema.shapes", "schema.sample",
        "lint", "lint.linting", "lint.desk", "lint.whole", "lint.logic", "lint.conditions",
    },
    3: {"cli", "__main__", "pytest_plugin", "commands"},
}  # fmt: skip
for room in ("batch", "generate", "legal", "questions"):
    LAYERS[2] |= {room, *(f"{room}.{path.stem}" for path in (CHECKER / room).glob("[a-z]*.py"))}
LAYERS[3] |= {f"commands.{path.stem}" for path in (CHECKER / "commands").glob("[a-z]*.py")}
OF = {module: layer for layer, modules in LAYERS.items() for module in modules}


def imports(module: str) -> set[str]:
    tree = ast.parse(modules()[module].read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "checker":
            found |= {alias.name for alias in node.names} - {"__version__"}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("checker."):
            found.add(str(node.module).removeprefix("checker."))
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("checker.")}
    return found


def modules() -> dict[str, Path]:
    """Every module by its name; a folder of modules by that of the folder."""
    found = {}
    for path in CHECKER.rglob("*.py"):
        inside = path.relative_to(CHECKER)
        parts = inside.parent.parts if path.name == "__init__.py" else inside.with_suffix("").parts
        if parts and parts[0] != "template":
            found[".".join(parts)] = path
    return found


def test_every_module_has_its_floor() -> None:
    assert set(modules()) == set(OF)


def test_imports_go_downward_only() -> None:
    upward = [
        (module, other) for module in OF for other in imports(module) if OF[other] > OF[module]
    ]
    assert upward == []


def test_imports_go_round_in_no_circle() -> None:
    waiting = {module: imports(module) for module in OF}
    while free := [module for module, others in waiting.items() if not others & set(waiting)]:
        for module in free:
            del waiting[module]
    assert waiting == {}


def test_one_module_alone_knows_the_engine() -> None:
    knowing = {
        module
        for module, path in modules().items()
        if re.search(r"^\s*(import|from) durable", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert knowing == {"engine"}


def test_every_module_says_in_one_sentence_what_it_is() -> None:
    for path in CHECKER.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = ast.get_docstring(tree) or ""
        assert words, path
        assert words.splitlines()[0].endswith("."), path
