"""Every sentence of the note is answered for: by a rule, a term, a reading, or with a reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from checker.loader import load_pack
from checker.pack import Claim, Pack, plain_words, sentences, unclaimed
from tests.product import pack
from tests.wrong_rules import CONTRACT, DEFAULT, LAW, PRINCIPAL, WAIVER, Edit, edited


def test_every_sentence_of_the_note_is_claimed() -> None:
    assert unclaimed(pack()) == []


def test_what_no_rule_serves_has_a_reason() -> None:
    unruled = [claim for claim in pack().claims if claim.by.startswith("unruled")]
    assert len(unruled) >= 8
    for claim in unruled:
        assert len(claim.by.removeprefix("unruled: ").split()) >= 2, claim


def test_every_claim_stands_word_for_word_in_its_clause() -> None:
    texts = {clause.clause: clause.text for clause in pack().clauses}
    for claim in pack().claims:
        assert claim.phrase in texts.get(claim.clause, plain_words(pack().note)), claim


def test_every_kind_of_claim_is_used() -> None:
    kinds = Counter(claim.by.partition(" ")[0].rstrip(":") for claim in pack().claims)
    assert set(kinds) == {"rule", "term", "reading", "power", "judgment", "payments", "unruled"}
    assert kinds["reading"] == len(pack().questions)


def without(chosen: Pack, *claims: Claim) -> Pack:
    return replace(chosen, claims=tuple(c for c in chosen.claims if c not in claims))


def test_a_pack_without_claims_claims_only_headings() -> None:
    bare = unclaimed(replace(pack(), claims=()))
    spans = [s for clause in pack().clauses for s in sentences(clause.text)]
    headings = 9 * 2  # "4." and "DEFAULT." of the nine numbered clauses
    outside = 2  # EXHIBIT 4.8, <PAGE>
    assert len(bare) == len(spans) - headings + outside


def test_a_claim_that_stands_alone_for_its_sentence_cannot_go() -> None:
    alone = [claim for claim in pack().claims if unclaimed(without(pack(), claim))]
    assert len(alone) >= 4
    for claim in alone:
        (left, *_) = unclaimed(without(pack(), claim))
        assert left.clause == claim.clause
        assert claim.phrase in left.words or left.words in claim.phrase


def test_a_sentence_stays_unclaimed_until_the_last_of_its_claims_goes() -> None:
    claims = [c for c in pack().claims if c.clause == "3"]
    assert len(claims) > 3
    for claim in claims:
        assert unclaimed(without(pack(), claim)) == []
    (left,) = unclaimed(without(pack(), *claims))
    assert left.words.startswith("All amounts payable hereunder")


REMOVED: list[tuple[str, Edit, str]] = [
    (
        "the heading of the exhibit",
        (
            CONTRACT,
            "  - phrase: EXHIBIT 4.8\n"
            "    because: the number of the exhibit in the filing that the text is taken from\n",
            "",
        ),
        "EXHIBIT 4.8",
    ),
    (
        "the page break",
        (CONTRACT, "  - phrase: <PAGE>\n    because: a page break of that filing\n", ""),
        "<PAGE>",
    ),
    (
        "what prepaid principal earns",
        (
            DEFAULT,
            "  - phrase: >-\n"
            "      Prepaid principal shall not accrue interest, however, re-borrowed principal"
            " shall accrue\n"
            "      interest, in the manner described above\n"
            "    because: the ledger does so for every balance, prepaid or re-borrowed; no act is"
            " asked\n",
            "",
        ),
        "Prepaid principal shall not accrue interest",
    ),
]


@pytest.mark.parametrize(
    ("edit", "words"), [(e, w) for _, e, w in REMOVED], ids=[n for n, *_ in REMOVED]
)
def test_a_reason_taken_out_of_a_copy_leaves_its_words_unclaimed(
    edit: Edit, words: str, tmp_path: Path
) -> None:
    (left,) = unclaimed(load_pack(edited(tmp_path, edit)))
    assert left.words.startswith(words)


def test_a_clause_of_words_only_is_unclaimed(tmp_path: Path) -> None:
    law = edited(tmp_path) / LAW
    law.write_text(law.read_text(encoding="utf-8").partition("\nreadings:\n")[0], encoding="utf-8")
    (left,) = unclaimed(load_pack(law.parent))
    assert left.clause == "7"
    assert left.words.startswith("This Note shall be governed by")


def test_a_clause_taken_out_of_a_copy_is_missed_whole(tmp_path: Path) -> None:
    copy = edited(tmp_path)
    (copy / "10-signature.yaml").unlink()
    (left,) = unclaimed(load_pack(copy))
    assert left.clause == ""
    assert left.words.startswith("Valence Technology, Inc., a Delaware Corporation")
    assert left.words.endswith("Vice President and Chief Financial Officer")


def test_a_sentence_put_into_note_and_clause_alike_is_missed(tmp_path: Path) -> None:
    words = "Lender shall send Borrower a card at Christmas."
    old = "extent permitted by law.\n"
    copy = edited(
        tmp_path,
        (WAIVER, f"  {old}", f"  {old.rstrip()} {words}\n"),
        ("note.txt", old, f"{old.rstrip()} {words}\n"),
    )
    assert [(left.clause, left.words) for left in unclaimed(load_pack(copy))] == [("6", words)]


def test_a_sentence_put_into_the_note_alone_is_missed(tmp_path: Path) -> None:
    words = "Lender shall send Borrower a card at Christmas."
    copy = edited(tmp_path, ("note.txt", "<PAGE>\n", f"<PAGE>\n\n{words}\n"))
    assert [(left.clause, left.words) for left in unclaimed(load_pack(copy))] == [("", words)]


def test_a_rule_that_goes_leaves_its_sentence_to_the_others(tmp_path: Path) -> None:
    copy = edited(tmp_path, (PRINCIPAL, "    words: without penalty\n", ""))
    assert unclaimed(load_pack(copy)) == []
