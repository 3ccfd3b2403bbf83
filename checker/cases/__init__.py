"""Cases: facts beside a clause with what the report must say of them, and what they cover."""

from checker.cases.reading import (
    NAMED_BY,
    SUFFIX,
    Case,
    CasesPart,
    Difference,
    case_report,
    cases_of,
    differences,
    load_cases,
    read_cases,
    run_case,
)

__all__ = [
    "NAMED_BY",
    "SUFFIX",
    "Case",
    "CasesPart",
    "Difference",
    "case_report",
    "cases_of",
    "differences",
    "load_cases",
    "read_cases",
    "run_case",
]
