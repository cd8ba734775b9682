"""What the writer does with probes: it keeps for a day that they came, and counts them nowhere."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.faults import Recorder, refused_with
from tests.support.dynamo.stand_in import Dynamo
from tests.support.events import builders
from tests.support.events.builders import job_update
from tests.support.readers import ledgers, log_lines
from tests.support.readers.ledgers import NOW

from run_ledger import logs, writer
from run_ledger.domain.contract.probes import Probe, is_probe_id, read_probe
from run_ledger.domain.instants import parse
from run_ledger.store.audit.expected_items import name_of
from run_ledger.store.items.probe_items import KEPT_SECONDS, SLOTS, probe_key
from run_ledger.store.lists.arrival_reads import read_arrival

ENTRIES = ledgers.NAMES.entries
PROBE = "3Jc9mB0yQkWv6sXe_4tLhA"


class Context:
    """What Lambda tells a function of an invocation."""

    aws_request_id = "invocation-1"

    def get_remaining_time_in_millis(self) -> int:
        """Give 30 seconds."""
        return 30_000


def probe(probe_id: Any = PROBE, **detail: Any) -> dict[str, Any]:
    """Return a probe as the queue delivers it."""
    return {
        "id": "envelope-1",
        "detail-type": "probe",
        "source": "tests",
        "time": "2026-11-22T14:15:00Z",
        "detail": {"probe_id": probe_id, **detail},
    }


def deliver(
    store: Dynamo, *envelopes: Any, faults: tuple[Any, ...] = (), deliveries: int = 1
) -> Any:
    """Let the handler take a batch, whose messages have been delivered so many times."""
    ledger = ledgers.make_ledger(store, Recorder(*faults))
    records = [
        {
            "messageId": f"m{place}",
            "body": json.dumps(one),
            "attributes": {"ApproximateReceiveCount": str(deliveries)},
        }
        for place, one in enumerate(envelopes)
    ]
    with log_lines.restored(), patch.object(writer, "_ledger", lambda: ledger):
        logs.configure("INFO", stage="tests", function="writer")
        return writer.handler({"Records": records}, Context())


def everything(store: Dynamo) -> list[Any]:
    """Return all items of all tables."""
    names = ledgers.NAMES
    return [item for name in names for item in store.items(name)]


def test_a_probe_that_came_is_kept_for_a_day() -> None:
    """It is found by its id, with the bus's time and the writer's; nothing else is written."""
    store = ledgers.empty_store()

    assert deliver(store, probe(), probe()) == {"batchItemFailures": []}

    arrival = read_arrival(store.client(), ENTRIES, PROBE, NOW)
    assert arrival is not None
    assert (arrival.sent_at, arrival.received_at) == (parse("2026-11-22T14:15:00Z"), NOW)
    (item,) = everything(store)
    assert int(item["expires_at"]["N"]) == NOW // 1_000_000 + KEPT_SECONDS
    assert name_of(item["pk"]["S"]) is None  # so that no audit takes it for a job's entry
    assert read_arrival(store.client(), ENTRIES, "another-probes-id", NOW) is None


def test_probes_hold_up_no_event(capsys: pytest.CaptureFixture[str]) -> None:
    """The events beside it are posted, and the batch's figures are theirs alone."""
    store = ledgers.empty_store()
    events = [json.loads(builders.text(job_update(event_id=f"e{number}"))) for number in range(2)]

    deliver(store, events[0], probe(), events[1])

    assert sorted(item["pk"]["S"].partition("#")[0] for item in store.items(ENTRIES)) == [
        *("log", "probe")
    ]
    lines = {line["message"]: line for line in log_lines.read(capsys.readouterr().out)}
    assert lines["batch"]["Messages"] == 2
    assert lines["batch"]["Rejected"] == 0
    assert lines["probes"]["kept"] == 1
    assert PROBE not in json.dumps(lines)


@pytest.mark.parametrize("bad", [None, 7, "short", "a" * 65, "with blank in the id", ["x"] * 20])
def test_a_probe_without_a_proper_id_is_dropped(bad: Any) -> None:
    """Nobody could ask for it, and it is no broken event of a job."""
    store = ledgers.empty_store()

    assert deliver(store, probe(bad), {**probe(), "detail": bad}) == {"batchItemFailures": []}

    assert everything(store) == []


def test_a_flood_of_probes_fills_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    """Of each batch a few are kept, in a fixed number of items, whatever their ids."""
    store = ledgers.empty_store()

    deliver(store, *(probe(f"flood-of-probes-{number}") for number in range(200)))

    assert len(everything(store)) <= 10
    assert '"left_out":190' in capsys.readouterr().out.replace(" ", "")
    slots = {probe_key(f"flood-of-probes-{number}")["pk"]["S"] for number in range(20_000)}
    assert len(slots) == SLOTS


def test_a_probe_that_cannot_be_kept_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Its sender does not find it; the queue does not deliver it again."""
    store = ledgers.empty_store()

    answer = deliver(store, probe(), faults=(refused_with("AccessDeniedException"),))

    assert answer == {"batchItemFailures": []}
    assert "probe not kept" in capsys.readouterr().out


def test_a_probe_comes_again_after_a_refusal_that_passes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Else what time decides would wait an hour for it; the events beside it have not failed."""
    store = ledgers.empty_store()
    other = "another-probes-id"
    refused = (refused_with("ThrottlingException"),)

    answer = deliver(store, probe(), job_update(), probe(other), faults=refused)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}, {"itemIdentifier": "m2"}]}
    lines = {line["message"]: line for line in log_lines.read(capsys.readouterr().out)}
    assert lines["batch"]["Failed"] == 0
    assert "probe not kept" in lines


def test_a_probe_that_is_refused_twice_does_not_come_again() -> None:
    """No probe lies among the dead letters, where it would hold up more than it tells."""
    store = ledgers.empty_store()

    answer = deliver(store, probe(), faults=(refused_with("ThrottlingException"),), deliveries=2)

    assert answer == {"batchItemFailures": []}
    assert everything(store) == []


@given(st.text(max_size=70))
def test_only_short_plain_ids_are_ids(text: str) -> None:
    """An id is 16 to 64 letters, digits, underscores and hyphens."""
    plain = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")

    assert is_probe_id(text) == (16 <= len(text) <= 64 and set(text) <= plain)


def test_other_events_are_no_probes() -> None:
    """A probe is told by its detail type alone; a time beyond the calendar is none."""
    assert read_probe("no JSON") is None
    assert read_probe(b"\xff") is None
    assert read_probe(json.dumps({**probe(), "detail-type": "job_update"})) is None
    late = {**probe(), "time": "9999-12-31T23:59:59-01:00"}
    assert read_probe(json.dumps(late)) == Probe(PROBE, None)
