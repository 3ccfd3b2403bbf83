"""What each format of the legal review report costs, beside `check` of the same contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.single import AS_OF, FACTS, small, spent_on
from checker.evaluate import Engines
from checker.inquiry import Inquiry
from checker.legal.build import build
from checker.legal.case import Case
from checker.legal.history import history
from checker.legal.html import render as as_html
from checker.legal.locale import Locale
from checker.legal.model import Report
from checker.legal.pdf import render as as_pdf
from checker.legal.speaker import Speaker
from checker.legal.word import render as as_word
from checker.questions.cure import cure
from checker.questions.readings import readings
from checker.report import report


def one_report(folder: Path) -> None:
    """What each format of the legal report costs, as a multiple of `check` of the same contract."""
    pack, facts = small(folder)
    print(f"the legal report of one contract of {FACTS} facts:")
    with Engines(pack) as engines:
        asked = Inquiry(pack, engines, facts, AS_OF)
        once = spent_on(lambda: json.dumps(report(replace(asked).result)))
        spent = spent_on(lambda: told(replace(asked)))
        print(f"  {'what it says':16} {spent / once:6.1f} times check (the questions it asks)")
        said = told(replace(asked))
        for name, layout in LAYOUTS.items():
            spent = spent_on(partial(layout, said))
            print(
                f"  {name:16} {spent / once:6.1f} times check, {len(layout(said)) / 1024:5.0f} kB"
            )


def told(asked: Inquiry) -> Report:
    """All that the report says, before it is laid out."""
    speaker = Speaker(Locale())
    paying = cure(asked, brief=True)
    return build(
        Case(asked, speaker, readings(asked), paying, history(asked), ("facts.csv",), "checker")
    )


LAYOUTS: dict[str, Callable[[Report], bytes]] = {"HTML": as_html, "PDF": as_pdf, "Word": as_word}
