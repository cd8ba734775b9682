"""An entry keeps the version of the rule that made its error's fingerprint, and recounts use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import Envelope
from tests.support.recounts.audits import audit, drifts, post, rows, said
from tests.support.recounts.recount import recount_rollups

from run_ledger.domain.contract.events import decode
from run_ledger.domain.contract.fingerprints import fingerprint
from run_ledger.store.items.log_items import entries_of
from run_ledger.store.posting.entities import Layout

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY_ERROR = {"type": "KeyError", "message": "'price'"}
OLD, NEW = fingerprint("KeyError", "'price'", 1), fingerprint("KeyError", "'price'", 2)


@pytest.fixture
def client() -> Iterator[DynamoDBClient]:
    """Give empty tables."""
    with empty_tables() as tables:
        yield tables


def failure(job_id: str, **error: str) -> Envelope:
    """Return the end of a job that a KeyError made fail."""
    error = {**KEY_ERROR, **error}
    return said(job_id, "10:00:00", status="completed", result="failed", error=error)


def post_as_before(client: Any, envelope: Envelope) -> None:
    """Post an event as a ledger did that knew rule 1 alone."""
    post(client, [envelope], decoding=lambda one: decode(one, fingerprint_version=1))


def entry_versions(client: DynamoDBClient) -> dict[str, int]:
    """Return the version that each entry names."""
    items: list[Any] = client.scan(TableName=NAMES.entries)["Items"]
    entries = [entry for item in items for entry in entries_of(item)]
    return {entry.event_id: entry.fingerprint_version for entry in entries}


def groups(client: DynamoDBClient) -> set[str]:
    """Return the fingerprints under which failures are counted."""
    return {sort for partition, sort in rows(client) if partition.startswith("failures#")}


def test_old_groups_keep_their_ids(client: DynamoDBClient) -> None:
    """What was taken in by rule 1 stays in its group; what comes now is grouped by rule 2."""
    old, new = failure("job-old"), failure("job-new")
    post_as_before(client, old)
    post(client, [new])
    assert OLD != NEW
    assert groups(client) == {OLD, NEW}
    assert rows(client) == recount_rollups([{**old, "fingerprint_version": 1}, new])
    assert not audit(client).drifts


def test_only_entries_whose_fingerprint_was_made_name_a_version(client: DynamoDBClient) -> None:
    """Others need none, and an entry of before has none, which means the first."""
    post(
        client,
        [
            failure("made"),
            failure("given", fingerprint="mine"),
            said("none", "10:00:00", status="completed", result="failed"),
        ],
    )
    post_as_before(client, failure("old"))
    assert entry_versions(client) == {
        "made@10:00:00": 2,
        "given@10:00:00": 1,
        "none@10:00:00": 1,
        "old@10:00:00": 1,
    }


def test_an_old_event_that_is_sent_again_is_a_duplicate(client: DynamoDBClient) -> None:
    """Its digest is the same; nothing moves to another group."""
    post_as_before(client, failure("job-old"))
    before = rows(client)
    post(client, [failure("job-old")])
    assert rows(client) == before
    assert not audit(client).drifts


def test_a_repair_gives_the_old_fingerprint_back(client: DynamoDBClient) -> None:
    """A job whose item is lost is made again from its entries as it was."""
    post_as_before(client, failure("job-old"))
    before = client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-old"}})["Item"]
    client.delete_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-old"}})
    assert drifts(audit(client, repair=True))
    after = client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-old"}})["Item"]
    assert after["fingerprint"] == before["fingerprint"] == {"S": OLD}
    assert after["at"] == before["at"]
    assert groups(client) == {OLD}


@pytest.mark.parametrize("version", [{"N": "99"}, {"N": "0"}, {"S": "2"}, {"BOOL": True}])
def test_an_entry_of_an_unknown_rule_is_said_to_be_unreadable(
    client: DynamoDBClient, version: Any
) -> None:
    """An audit guesses nothing about what a later release has written."""
    post(client, [failure("job-new")], layout=Layout.ROWS)
    key = {"pk": {"S": "job#job-new"}, "sk": {"S": "job-new@10:00:00"}}
    entry = client.get_item(TableName=NAMES.entries, Key=key)["Item"]
    client.put_item(TableName=NAMES.entries, Item={**entry, "fingerprint_version": version})
    findings = audit(client)
    assert findings.unreadable
    assert not findings.drifts
