"""What packed rows hold can be read as long as they live, and nothing else is taken for it."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from run_ledger.domain.state.packed_texts import as_packed, unpacked

TOLD: dict[str, Any] = {
    "created": 3,
    "h_93": 2,
    "c_records_ok": 120,
    "b_llm_calls large": [None, 4],
}
STORED = bytes.fromhex(
    "78f90d2f61fbab46a98372128bd25395aca2c11d0093581db4e21698077410c5ab31ac0830aa05005f7d16d7"
)
"""The same as the first version has written it."""


def test_what_was_written_is_read() -> None:
    """Also what was compressed without the names that most rows have."""
    assert unpacked(STORED) == TOLD
    assert unpacked(as_packed(TOLD)) == TOLD
    assert unpacked(zlib.compress(json.dumps(TOLD).encode())) == TOLD


def test_names_take_little() -> None:
    """A row would otherwise consist of them."""
    told = {"created": 3, "ended_succeeded": 3, "c_records_ok": 120, "h_93": 2, "h_95": 1}
    assert len(as_packed(told)) < len(zlib.compress(json.dumps(told).encode(), 9)) * 0.7


@pytest.mark.parametrize("spoilt", [b"", b"x", STORED[:-3], STORED[:-1] + b"x", STORED + b"x"])
def test_what_is_cut_or_altered_is_refused(spoilt: bytes) -> None:
    """Whoever reads it raises, rather than to count something else."""
    with pytest.raises(ValueError, match="packed row"):
        unpacked(spoilt)
