"""Ids and names are checked as the contract says, although usual ones are read in a short way."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events.builders import decoded, job_update, text

from run_ledger.domain.contract.events import _is_identifier, decode
from run_ledger.domain.contract.vocabulary import JobUpdate
from run_ledger.domain.exceptions import InvalidEvent

IDS = ("job_id", "project_id", "client_id", "pipeline")
ids = st.text(st.sampled_from("aZ9._:-é /\n"), max_size=3) | st.sampled_from(
    ("a" * 128, "a" * 129, "job-1", "job-1\n")
)
names = st.sampled_from(("records_ok", "pages", "Pages", "_x", "n" * 40, "n" * 41, "records_ok\n"))


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(IDS, ids)),
    st.none() | st.dictionaries(names, st.integers(-3, 3) | st.just("1"), max_size=3),
)
def test_reading_is_as_strict_as_the_contract(
    fields: dict[str, str], delta: dict[str, Any] | None
) -> None:
    """An update is taken if a plain reader of the contract's words would take it, and not else."""
    is_right = all(re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", value) for value in fields.values())
    for name, change in (delta or {}).items():
        is_right &= bool(re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name)) and isinstance(change, int)
    envelope = job_update(**fields, **({} if delta is None else {"delta": delta}))
    if not is_right:
        with pytest.raises(InvalidEvent):
            decoded(envelope)
        return
    update = decoded(envelope).update
    told = msgspec.json.decode(msgspec.json.encode(envelope["detail"]), type=JobUpdate)
    assert msgspec.structs.asdict(update) == msgspec.structs.asdict(told)


def test_of_two_faults_the_first_is_named() -> None:
    """An id without its form is named, also where a later field could not be read at all."""
    with pytest.raises(InvalidEvent) as caught:
        decode(text(job_update(job_id="a b", attempt="second")))
    assert caught.value.field == "detail.job_id"


def test_no_long_text_is_remembered() -> None:
    """A producer that sends ids of 60 KB by the thousand costs no memory beyond its events."""
    _is_identifier.cache_clear()
    for number in range(50):
        with pytest.raises(InvalidEvent):
            decode(text(job_update(job_id=f"{number}" + "x" * 60_000)))
    assert _is_identifier.cache_info().currsize == 0
