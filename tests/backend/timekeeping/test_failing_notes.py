"""What the writer notes of messages that fail, and what that says of how far it has come."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.stand_in import Call, Dynamo, Fault, client_error
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.events.builders import job_update
from tests.support.readers import ledgers, log_lines

from run_ledger import logs, writer
from run_ledger.domain.incidents.watermarks import NOTED_SECONDS, SentProbe
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.items.probe_items import probe_key
from run_ledger.store.posting.ledger import Ledger
from run_ledger.store.timed.intake_reads import new_probe_id, read_failing

NOW = Instant(ledgers.NOW)
SENT_MS = 1_794_999_990_000


def _record(place: int, received: int = 1, **attributes: str) -> dict[str, Any]:
    event = job_update(job_id=f"job-{place}", event_id=f"e-{place}", status="running")
    known = {"ApproximateReceiveCount": str(received), "SentTimestamp": str(SENT_MS + place)}
    return {
        "messageId": f"m{place}",
        "body": json.dumps(event),
        "attributes": known | attributes,
    }


def _deliver(ledger: Ledger, *records: dict[str, Any]) -> list[str]:
    with log_lines.restored(), patch.object(writer, "_ledger", lambda: ledger):
        logs.configure("INFO", stage="tests", function="writer")
        answer = writer.handler({"Records": list(records)}, Context())
    assert answer is not None
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def _failing(store: Dynamo, later_seconds: int = 0) -> Instant | None:
    client: Any = ScriptedQuerying(store)
    return read_failing(client, NAMES.entries, Instant(NOW + later_seconds * MICROSECONDS))


def _transactions_fail(call: Call) -> Fault | None:
    def refuse(failed: Call) -> Any:
        raise client_error("AccessDeniedException", "injected", failed.operation)

    return refuse if "transact" in call.operation.lower() else None


def test_no_probe_takes_the_place_of_one_that_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once a writer goes on they come together, and each is to be found."""
    by_place: dict[str, list[UUID]] = {}
    while len(by_place) < 2 or all(len(found) < 2 for found in by_place.values()):
        one = uuid4()
        by_place.setdefault(probe_key(one.hex)["pk"]["S"], []).append(one)
    twins = next(found for found in by_place.values() if len(found) > 1)
    other = next(found[0] for found in by_place.values() if found is not twins)
    given = iter([twins[1], other])
    monkeypatch.setattr("run_ledger.store.timed.intake_reads.uuid.uuid4", lambda: next(given))
    assert new_probe_id([SentProbe(twins[0].hex, NOW)]) == other.hex


def test_what_succeeds_at_once_costs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """No note is written, so no event pays for it."""
    store = ledgers.empty_store()
    assert _deliver(ledgers.make_ledger(store), _record(1), _record(2)) == []
    assert _failing(store) is None
    capsys.readouterr()


def test_what_fails_is_noted_by_when_it_was_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """The oldest of a batch counts, for as long as it takes to come again."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store, _transactions_fail)
    assert sorted(_deliver(ledger, _record(5), _record(2), _record(9))) == ["m2", "m5", "m9"]
    assert _failing(store) == (SENT_MS + 2) * 1_000
    assert _failing(store, NOTED_SECONDS) == (SENT_MS + 2) * 1_000
    assert _failing(store, NOTED_SECONDS + 1) is None
    capsys.readouterr()


def test_what_comes_again_is_noted_before_it_is_tried(capsys: pytest.CaptureFixture[str]) -> None:
    """A writer that dies of it would say nothing afterwards."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store)
    noted: list[Instant | None] = []

    def post(*_: Any) -> Any:
        noted.append(_failing(store))
        raise KeyboardInterrupt

    with patch.object(ledger, "post", post), pytest.raises(KeyboardInterrupt):
        _deliver(ledger, _record(1), _record(4, received=2))
    assert noted == [(SENT_MS + 4) * 1_000]
    capsys.readouterr()


def test_a_message_without_a_time_holds_up_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """Better late than wrong."""
    store = ledgers.empty_store()
    broken = _record(1, received=3)
    del broken["attributes"]["SentTimestamp"]
    assert _deliver(ledgers.make_ledger(store), broken) == []
    assert _failing(store) == 0
    capsys.readouterr()
