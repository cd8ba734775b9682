"""The writer's handler, as Lambda invokes it: what it makes of what it is given."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from tests.support.dynamo.faults import Recorder, refused_with
from tests.support.dynamo.stand_in import Dynamo
from tests.support.readers import ledgers

from run_ledger import writer
from run_ledger.domain.exceptions import StoreUnavailable

DETAIL = {
    "event_id": "e1",
    "job_id": "job-1",
    "project_id": "project-1",
    "client_id": "client-1",
    "status": "running",
}
ENVELOPE = {
    "id": "envelope-1",
    "detail-type": "job_update",
    "source": "tests",
    "time": "2026-11-22T14:15:00Z",
}


class Context:
    """Stands for Lambda's context: there is time enough."""

    def get_remaining_time_in_millis(self) -> int:
        """Give 30 seconds."""
        return 30_000


def invoke(store: Dynamo, event: dict[str, Any], *faults: Any) -> dict[str, Any] | None:
    """Invoke the handler on *store*."""
    ledger = ledgers.make_ledger(store, Recorder(*faults))
    with patch.object(writer, "_ledger", lambda: ledger):
        return writer.handler(event, Context())


def test_a_direct_event_is_posted() -> None:
    """EventBridge may invoke the function without a queue between."""
    store = ledgers.empty_store()
    assert invoke(store, {**ENVELOPE, "detail": DETAIL}) is None
    assert [entry.event_id for entry in ledgers.entries(store)] == ["e1"]


@pytest.mark.parametrize(
    "detail",
    [
        {**DETAIL, "cost": 10**400, "attempt": 10**400},
        {**DETAIL, "status": "sleeping"},
        None,
        "\ud800",
    ],
)
def test_a_direct_event_that_breaks_the_contract_is_kept_as_rejected(detail: Any) -> None:
    """Even one that no JSON in UTF-8 can hold: Lambda would try it twice more and drop it."""
    store = ledgers.empty_store()
    assert invoke(store, {**ENVELOPE, "detail": detail}) is None
    [rejection] = ledgers.rejections(store)
    assert "envelope-1" in rejection.raw
    rejection.raw.encode()
    assert ledgers.entries(store) == []


@pytest.mark.parametrize("more", [{"name": "cut \ud800"}, {"\udfff": 1}])
def test_a_direct_event_with_half_a_character_is_posted(more: dict[str, Any]) -> None:
    """No UTF-8 can hold it: the replacement character stands for it."""
    store = ledgers.empty_store()
    assert invoke(store, {**ENVELOPE, "detail": {**DETAIL, **more}}) is None
    [entry] = ledgers.entries(store)
    assert "\ufffd" in str(entry.detail)


def test_a_direct_event_that_cannot_be_posted_is_an_error() -> None:
    """So Lambda delivers it again."""
    with pytest.raises(StoreUnavailable, match="job job-1, event e1"):
        invoke(
            ledgers.empty_store(),
            {**ENVELOPE, "detail": DETAIL},
            refused_with("AccessDeniedException"),
        )


def test_an_empty_batch_is_a_success() -> None:
    """There is nothing to fail."""
    assert invoke(ledgers.empty_store(), {"Records": []}) == {"batchItemFailures": []}
