"""Checks a stream of dated facts against the clauses of a signed contract."""

__version__ = "0.3.0"
