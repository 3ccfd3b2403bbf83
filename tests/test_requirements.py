"""What is installed without durable-rules is all that is installed with it, but for that."""

from __future__ import annotations

import tomllib

from tests.product import ROOT


def test_the_list_without_durable_rules_is_the_list_without_durable_rules() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (ROOT / "requirements-without-durable-rules.txt").read_text("utf-8").splitlines()
    listed = [line for line in lines if not line.startswith("#")]
    (durable,) = (need for need in project["dependencies"] if need not in listed)
    assert durable.startswith("durable-rules")
    assert listed == [need for need in project["dependencies"] if need != durable]
