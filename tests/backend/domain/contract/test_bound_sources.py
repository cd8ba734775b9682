"""A source that is bound to a client may report for that client, and for no other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from run_ledger.domain.contract.bound_sources import bound_source
from run_ledger.domain.contract.events import decode
from run_ledger.domain.exceptions import InvalidEvent

KINDS = {
    "job_update": {"job_id": "job-1", "project_id": "p-1"},
    "project_update": {"project_id": "p-1"},
}


def envelope(kind: str, source: str, client_id: str) -> str:
    """Return an event as the queue delivers it."""
    outer: dict[str, Any] = {"id": "1", "detail-type": kind, "time": "2026-11-22T14:15:00Z"}
    return json.dumps(
        {**outer, "source": source, "detail": {**KINDS[kind], "client_id": client_id}}
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "source", ["run-ledger/client/acme", "run-ledger", "run-ledger/clients/x", "x", ""]
)
def test_its_own_client_and_free_sources_pass(kind: str, source: str) -> None:
    """Any source that does not begin as bound ones do may report for every client."""
    assert decode(envelope(kind, source, "acme")).source == source


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bound_to", ["globex", "ACME", "acme ", "acm", "acme1", "", "acme/x"])
def test_another_client_is_rejected(kind: str, bound_to: str) -> None:
    """They are compared exactly, and the reason names the field and what is allowed."""
    with pytest.raises(InvalidEvent) as caught:
        decode(envelope(kind, f"run-ledger/client/{bound_to}", "acme"))
    assert (caught.value.reason, caught.value.field) == ("source_mismatch", "detail.client_id")
    assert repr(bound_to) in str(caught.value)


def test_a_bound_source_names_its_client() -> None:
    """Policies and producers write it so."""
    assert bound_source("acme") == "run-ledger/client/acme"
