"""Questions about a contract: the one evaluation, called again with something replaced."""

from checker.report import SCHEMA

QUESTIONS = ("cure", "explain", "payoff", "readings", "schedule", "verify", "what-if")
"""The questions whose answers have a schema, in checker/schema/<question>.yaml."""


def identity(question: str) -> str:
    """The name of the shape of a question's answer."""
    return SCHEMA.replace("/report-", f"/{question}-")
