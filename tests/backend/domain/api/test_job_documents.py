"""A job's document says what a recount of its events says."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from tests.support.events import strategies
from tests.support.events.builders import Envelope, decoded_all
from tests.support.recounts.recount import recount_job

from run_ledger.domain.api.jobs import job_document
from run_ledger.domain.instants import LATEST, text
from run_ledger.domain.state.job import fold

OUTSIDE = ("stalled", "last_seen_at")


@given(strategies.job_histories())
def test_a_document_agrees_with_a_recount(envelopes: list[Envelope]) -> None:
    """Every member of it but the two that need a clock."""
    job = fold(None, decoded_all(envelopes))

    shown: dict[str, Any] = msgspec.to_builtins(job_document(job, last_seen_at=0, now=0))

    counted = recount_job(envelopes)
    heartbeat = counted.pop("heartbeat_seconds") or 900
    assert {name: value for name, value in shown.items() if name not in OUTSIDE} == counted
    assert shown["last_seen_at"] == text(0)
    for now in (heartbeat * 1_000_000, heartbeat * 1_000_000 + 1, LATEST):
        late = job_document(job, last_seen_at=0, now=now)
        silent = now > heartbeat * 1_000_000
        assert late.stalled is (silent and late.status == "running")
