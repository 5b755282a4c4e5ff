"""Matching, whatever buyers are called: total, deaf to the order of rows, one customer for one buyer."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from include.pipelines.customers import Buyer, Match, match
from tests.unit.pipelines.labelled import OWN_ID, buyer_of, customers, labelled

FEW = settings(max_examples=30, deadline=None)
SAGE = customers()
KNOWN = [buyer_of(row) for _, row in labelled().iterrows()]
COLUMNS = list(SAGE.columns)

words = st.text(max_size=12) | st.sampled_from(
    ["", "Nova", "GmbH", "Co. KG", "#12", "North", "S. A.", "ß", "株式会社"]
)
names = st.lists(words, max_size=4).map(" ".join)
codes = st.text(max_size=8) | st.sampled_from(
    ["", "00-", "01-D3600", "98011-1204", "D-12209", "+1 (555) 010-7788"]
)
buyers = st.lists(
    st.builds(
        Buyer, source_id=st.sampled_from("abcdef"), name=names, email=codes, phone=codes, postal_code=codes,
        company=names, erp_number=codes, is_person=st.booleans(), merged_into=st.sampled_from(["", "a", "z"]),
    ),
    max_size=6, unique_by=lambda buyer: buyer.source_id,
)  # fmt: skip
rows = st.lists(
    st.tuples(st.sampled_from(["00", "01"]), codes, names, codes, codes, codes, st.sampled_from("AI"),
              st.sampled_from(["", "a", "z"])),
    max_size=6, unique_by=lambda row: row[:2],
)  # fmt: skip


def frame(told: list[tuple[str, ...]]) -> pd.DataFrame:
    return pd.DataFrame(told, columns=COLUMNS).astype("string[pyarrow]")


def told(hits: dict[str, Match]) -> dict[str, Match]:
    return dict(sorted(hits.items()))


@FEW
@given(buyers, rows)
def test_every_buyer_gets_exactly_one_answer(asked: list[Buyer], sage: list[tuple[str, ...]]) -> None:
    hits = match(asked, frame(sage), id_column=OWN_ID)
    assert set(hits) == {buyer.source_id for buyer in asked}
    for hit in hits.values():
        answers = [hit.customer is not None, bool(hit.doubt), bool(hit.same_as), hit.is_new]
        assert answers.count(True) == 1
        assert not hit.same_as or hits[hit.same_as].is_new
    assert {c.target_id for hit in hits.values() for c in hit.found} <= {f"{row[0]}-{row[1]}" for row in sage}


@FEW
@given(buyers, rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    asked: list[Buyer], sage: list[tuple[str, ...]], random: object
) -> None:
    before = match(asked, frame(sage), id_column=OWN_ID)
    random.shuffle(asked), random.shuffle(sage)
    assert told(match(asked, frame(sage), id_column=OWN_ID)) == told(before)


def test_nor_does_it_in_the_labelled_set() -> None:
    before = match(KNOWN, SAGE, id_column=OWN_ID)
    after = match(KNOWN[::-1], SAGE.iloc[::-1], id_column=OWN_ID)
    assert told(after) == told(before)


spellings = st.sampled_from(
    [
        "Nova Speicher GmbH",
        "NOVA SPEICHER GMBH",
        "Nova Speicher G.m.b.H.",
        "nova  speicher",
        "Nova Spiecher GmbH",
    ]
)


@FEW
@given(
    st.lists(st.tuples(spellings, st.sampled_from(["80331", "D-80331", "80 331"])), min_size=1, max_size=5)
)
def test_accounts_of_one_newcomer_make_one_customer(accounts: list[tuple[str, str]]) -> None:
    """One company, however its people spell it: one is created, no other."""
    asked = [
        Buyer(str(index), "Ann Lee", f"buyer{index}@nova.example", "", postal, company=name)
        for index, (name, postal) in enumerate(accounts)
    ]
    hits = match(asked, SAGE, id_column=OWN_ID)
    assert [source_id for source_id, hit in hits.items() if hit.is_new] == ["0"]


@FEW
@given(
    st.sampled_from([buyer for buyer in KNOWN if buyer.email.strip()]), st.integers(min_value=2, max_value=4)
)
def test_accounts_of_one_address_are_never_created_twice(buyer: Buyer, times: int) -> None:
    """Whoever it is, known or not: the same person's accounts get one answer, and at most one creation."""
    asked = [
        replace(buyer, source_id=f"{buyer.source_id}-{n}", email=buyer.email.upper()) for n in range(times)
    ]
    hits = match(asked, SAGE, id_column=OWN_ID)
    assert sum(hit.is_new for hit in hits.values()) <= 1
    assert len({hit.customer.target_id for hit in hits.values() if hit.customer}) <= 1


def test_what_was_created_is_found_the_next_time() -> None:
    """The second of two batches knows the customer whom the first one made, by whatever it told."""
    new = [
        b for b, r in zip(KNOWN, labelled().answer, strict=True) if r == "new" and b.email and b.postal_code
    ]
    assert len(new) > 40
    made = [("09", b.source_id, b.title, b.email, b.phone, b.postal_code, "A", "") for b in new]
    for buyer, row in zip(new, made, strict=True):
        hit = match([buyer], frame([row]), id_column=OWN_ID)[buyer.source_id]
        assert hit.customer is not None, buyer
