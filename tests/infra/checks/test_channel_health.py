"""What the status says of channels: by the records of a courier with a real receiver."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables

from run_ledger.domain import instants
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import Delivery
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.deliveries.delivery_records import DeliveryRecords
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.items.client_items import channel_values
from run_ledger_ops.checks.channel_health import channels
from run_ledger_ops.checks.findings import Level

NOW = Instant(1_795_000_000 * MICROSECONDS)
LATER = Instant(NOW + 60 * MICROSECONDS)


@dataclasses.dataclass
class System:
    """As much of a deployed system as is asked."""

    dynamodb: Any
    tables: Any = NAMES


@pytest.fixture
def system() -> Iterator[Any]:
    """Give a system in which nothing was told, with a client of two channels."""
    with empty_tables() as client:
        declare(client, "ops", "hook")
        yield System(client)


def declare(client: Any, *names: str) -> None:
    """Let the client have these channels."""
    channels_of = [Channel(name, "webhook", address="https://a.example") for name in names]
    profile = {"pk": "acme", "sk": "profile", **channel_values(channels_of)}
    client.put_item(TableName=NAMES.clients, Item=to_item(profile))


def delivery(number: int, channel: str, at: Instant = NOW) -> Delivery:
    """Return a delivery that was made at *at*."""
    made = instants.text(at)
    return Delivery(f"n{number}-{channel}", "acme", channel, "incident_opened", made)


def test_channels_that_nobody_used(system: Any) -> None:
    """It says how to try them."""
    finding = channels(system)
    assert (finding.level, finding.figures["oldest_waiting_at"]) == (Level.WELL, None)
    assert "run-ledger alerts test" in finding.words


def test_channels_that_work_and_fail(system: Any) -> None:
    """Each that fails is named with since when and why, and the oldest notice with its age."""
    records = DeliveryRecords(system.dynamodb, NAMES.incidents)
    records.note_delivered(delivery(1, "ops"), NOW, has_waited=False)
    assert channels(system).words == "1 of 1 work"
    records.note_waiting(delivery(3, "hook", LATER), "no answer: timeout", LATER, None)
    records.note_waiting(delivery(2, "hook"), "the receiver answered 500", LATER, None)
    finding = channels(system)
    assert finding.level is Level.LOOK
    assert finding.figures["oldest_waiting_at"] == instants.text(NOW)
    assert finding.words == (
        f"1 of 2 work; acme hook fails since {instants.text(LATER)} (the receiver answered 500), "
        f"never worked; 2 notices wait, the oldest since {instants.text(NOW)}"
    )
    for number, at in ((2, NOW), (3, LATER)):
        records.note_delivered(delivery(number, "hook", at), LATER, has_waited=True)
    assert channels(system).words == "2 of 2 work"


def test_a_channel_that_is_off_is_wrong(system: Any) -> None:
    """Staff are to give it another address."""
    records = DeliveryRecords(system.dynamodb, NAMES.incidents)
    gone = delivery(1, "hook")
    records.note_delivered(delivery(9, "hook"), NOW, has_waited=False)
    records.switch_off(gone, "digest", "the receiver answered 410", LATER)
    records.note_given_up(gone, "the receiver answered 410", LATER)
    finding = channels(system)
    assert finding.level is Level.WRONG
    assert f"acme hook off since {instants.text(LATER)}" in finding.words
    assert f"last worked {instants.text(NOW)}" in finding.words
    assert "given up, newest: acme hook" in finding.words


def test_a_channel_that_was_removed_is_wrong_no_longer(system: Any) -> None:
    """Whether it was off or failed: there is nothing left to mend."""
    records = DeliveryRecords(system.dynamodb, NAMES.incidents)
    records.switch_off(delivery(1, "hook"), "digest", "the receiver answered 410", NOW)
    records.note_given_up(delivery(1, "hook"), "the receiver answered 410", NOW)
    records.note_delivered(delivery(2, "ops"), NOW, has_waited=False)
    declare(system.dynamodb, "ops")
    finding = channels(system)
    assert (finding.level, finding.words.partition(";")[0]) == (Level.WELL, "1 of 1 work")
