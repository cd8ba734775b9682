"""By rule 1, errors that differ only in numbers, ids and quotes share a fingerprint, for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from run_ledger.domain.contract.fingerprint_rule_1 import normalised
from run_ledger.domain.contract.fingerprints import fingerprint

ALIKE = [
    ("row 17 of 2000 is bad", "row 1 of 3 is bad"),
    ("took 9 ms", "took 12345678 ms"),
    ("took 1,234.5 s", "took 0.25 s"),
    ("took 12345678.5 s", "took 0.25 s"),
    ("offset -5 is invalid", "offset 12 is invalid"),
    ("loss is 1e-05", "loss is 0.3"),
    ("HTTP 429 after 3 tries", "HTTP 500 after 11 tries"),
    ("timeout after 5s", "timeout after 12.5s"),
    ("at 2026-11-22T14:15:00Z", "at 2025-01-02T03:04:05.678Z"),
    ("no route to 10.0.0.1:443", "no route to 192.168.17.200:8080"),
    (
        "record 550e8400-e29b-41d4-a716-446655440000 is gone",
        "record 123E4567-E89B-12D3-A456-426614174000 is gone",
    ),
    ("object at 0x7f13dc3847c0", "object at 0x10A"),
    ("commit deadbeef01 is gone", "commit 12345678 is gone"),
    ("job_3f2a9c1b failed", "job_99aa00ff failed"),
    (
        "overloaded (request id: req_011CSHoEeqs5C35K2UUqR7Fy)",
        "overloaded (request id: req_018EeWyXxfu5pfWkrYcMdjWG)",
    ),
    ("task 01ARZ3NDEKTSV4RRFFQ69G5FAV died", "task 01BX5ZZKBKACTAV9WEVGEMMVRZ died"),
    ("no key 'name'", "no key 'a b c'"),
    ('no key "name"', 'no key ""'),
    ("can't open 'a.txt'", "can't open 'b c.txt'"),
    ("the client's key 'x' isn't known", "the client's key 'y z' isn't known"),
    ("GET https://a.test/b?c=1 failed", "GET http://d.test failed"),
    ("no file /tmp/a1/b.csv", "no file /var/lib/x/y/z.csv"),
    ("GET 'https://a.test' failed: 'x'", "GET 'https://b.test/c' failed: 'y z'"),
    ("can't decode b'\\xff'", "can't decode b'\\x80 a'"),
    ("waited -5s", "waited 0.5s"),
    ("two  spaces\n", "two spaces"),
    ("Bad Input", "bad input"),
]
UNLIKE = [
    ("bad row", "bad column"),
    ("row 17 is bad", "row 17 is good"),
    ("no key 'name'", "no key name"),
    ("", "x"),
    ("text_embedding_3_large is gone", "text_embedding_3_small is gone"),
    ("can't open it", "can't close it"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_alike(one: str, other: str) -> None:
    """Messages that differ in what varies share a fingerprint."""
    assert normalised(one) == normalised(other)
    assert fingerprint("E", one, 1) == fingerprint("E", other, 1)


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_unlike(one: str, other: str) -> None:
    """Messages that differ in their words do not."""
    assert fingerprint("E", one, 1) != fingerprint("E", other, 1)


def test_type_counts() -> None:
    """The same message under another type is another error."""
    assert fingerprint("ValueError", "x", 1) != fingerprint("KeyError", "x", 1)


def test_form() -> None:
    """A fingerprint is 16 hexadecimal digits, the same in every process and release."""
    assert fingerprint("ValueError", "row 17 is bad", 1) == "6475ea6d4a264a29"


@given(st.integers(), st.integers(), st.uuids(), st.uuids())
def test_numbers_and_ids_vary(one: int, other: int, an_id: object, another_id: object) -> None:
    """Any numbers and any ids may stand in a message."""
    assert fingerprint("E", f"row {one} of {an_id}: {other} left", 1) == fingerprint(
        "E", f"row {other} of {another_id}: {one} left", 1
    )


HOSTILE = ("a", "0", "a0", "'", '"', "/", "/a", "-", ".", "1.", ",1", " ", "0x", "https://", "e-")


@settings(deadline=timedelta(seconds=2))  # linear work takes a thousandth of that
@given(
    st.sampled_from(("", "'", '"', "0x", "x", "/", "deadbeef-")),
    st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=4).map("".join),
    st.sampled_from(("", "!", "g", "'", ":")),
)
def test_work_is_bounded(start: str, unit: str, end: str) -> None:
    """No rule goes wild on a message of full length that has it try and fail all along."""
    normalised(start + (unit * 1024)[:1024] + end)


@given(st.text(alphabet=st.sampled_from("a0x-/'\". :,\ne"), max_size=200))
def test_total(message: str) -> None:
    """Any message has a normal form: one line, without space around it or digits in it."""
    normal = normalised(message)
    assert normal == " ".join(normal.split())
    assert not any(character.isdigit() for character in normal)
