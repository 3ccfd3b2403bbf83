"""Lints of a pack: what the loader refuses, and what a careful reviewer would want mended."""

from checker.lint.desk import Flaw, Lint, lints
from checker.lint.linting import lint

__all__ = ["Flaw", "Lint", "lint", "lints"]
