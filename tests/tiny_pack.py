"""A small pack in which nothing is amiss, and the same with parts of its files replaced."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from checker.packfile import Contract
from checker.source import Source, load_yaml

CONTRACT = """
contract: tiny-note
title: A tiny note
currency: USD
parties:
  maker: {name: Maker Co.}
  holder: {name: Holder LLC}
indices:
  base-rate: {describes: The rate that the interest follows}
"""
CLAUSE = """
clause: "1"
heading: All of it
text: |
  1. The Maker shall pay to the Holder One Thousand Dollars with interest at the base rate on
  June 30, 2025. Failure to pay any amount when due is a default.
terms:
  maturity: {value: 2025-06-30, words: "on June 30, 2025"}
falls-due: [interest, principal]
ledger:
  interest: {accrues-from: 2024-07-01, day-count: actual/365, due: every 30 June}
  rate: {index: base-rate, fixing-dates: every 30 June, executed-on: 2024-07-01}
  principal: {matures: maturity}
  facility: {commitment: "USD 1,000.00"}
  application: {due: [interest, principal, costs], prepayment: [interest, principal]}
  grace: {interest: 0 days, principal: 0 days, costs: 0 days}
rules:
  in-default:
    when: {missed: deadline}
    then: {outcome: event-of-default, against: maker}
    says: "{missed.unpaid} was unpaid at the close of {missed.last_day}."
    words: Failure to pay any amount
  paid-elsewhere:
    when: {paid: payment where payee != holder}
    then: {outcome: breach, against: maker}
    says: "{paid.amount} was paid to {paid.payee}."
    words: shall pay to the Holder
"""
CASES = """
given:
  drawn:
    - {id: r1, date: 2024-06-28, kind: rate, index: base-rate, value: 5.00%}
    - {id: a1, date: 2024-07-01, kind: advance, amount: "1,000.00"}
cases:
  - title: What is unpaid at the close of the day is in default.
    given: [drawn]
    as-of: 2025-07-01
    expect: {outcome: breach}
  - title: Before that day nothing is in default.
    given: [drawn]
    as-of: 2025-06-30
    expect: {absent: [in-default]}
  - title: A payment to somebody else is a breach.
    given: [drawn]
    facts: [{id: p1, date: 2024-12-02, kind: payment, amount: 1.00, payee: Somebody}]
    expect: {findings: [{id: paid-elsewhere/p1}]}
  - title: A payment to the holder is none.
    given: [drawn]
    facts: [{id: p1, date: 2024-12-02, kind: payment, amount: 1.00, payee: Holder LLC}]
    expect: {absent: [paid-elsewhere]}
"""


def write(folder: Path, parts: str = "") -> Path:
    """The small pack in a folder, with these parts of its files put in."""
    contract, clause, cases = (_data(text) for text in (CONTRACT, CLAUSE, CASES))
    given = _data(parts) if parts else {}
    clause["text"] += given.pop("text", "")
    cases["cases"] += given.pop("cases", [])
    of_contract = {field.alias for field in Contract.model_fields.values()} - {"unruled"}
    for key, value in given.items():
        target = contract if key in of_contract else cases if key == "given" else clause
        target[key] = _put(target.get(key), value)
    folder.mkdir(exist_ok=True)
    (folder / "note.txt").write_text(clause["text"], encoding="utf-8")
    for name, data in (("contract", contract), ("1-all", clause), ("1-all.cases", cases)):
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def _data(text: str) -> Any:
    """The text as packs are read: dates and amounts stay words."""
    return copy.deepcopy(load_yaml(Source("", text)).data)


def _put(old: Any, new: Any) -> Any:
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    return {**old, **{key: _put(old.get(key), value) for key, value in new.items()}}
