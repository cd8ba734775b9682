"""Functions that falsify a ledger's items and rows on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.dynamo.tables import NAMES

from run_ledger.domain.state.packed_texts import as_packed, unpacked
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo.attributes import bytes_of, to_attribute, to_item
from run_ledger.store.items.log_items import entries_of

Falsify = Callable[[Any], None]


def in_item(table: str, key: str, **values: Any) -> Falsify:
    """Return a function that sets attributes of an item; None removes one.

    The item's key is the one attribute *key*.
    """

    def falsify(client: Any) -> None:
        (name,) = (part["AttributeName"] for part in _key_schema(client, table))
        item = client.get_item(TableName=table, Key={name: {"S": key}})["Item"]
        client.put_item(TableName=table, Item=_changed(item, values))

    return falsify


def in_row(partition: str, sort: str, **changes: int) -> Falsify:
    """Return a function that adds to one shard of a row, or makes the shard."""

    def falsify(client: Any) -> None:
        names = {f"#{number}": name for number, name in enumerate(changes)}
        values = {
            f":{number}": {"N": str(change)} for number, change in enumerate(changes.values())
        }
        client.update_item(
            TableName=NAMES.rollups,
            Key=to_item({"pk": partition, "sk": f"{sort}#1"}),
            UpdateExpression="ADD "
            + ", ".join(f"#{number} :{number}" for number in range(len(changes))),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    return falsify


def without_row(partition: str, sort: str) -> Falsify:
    """Return a function that deletes all shards of a row."""

    def falsify(client: Any) -> None:
        for shard in range(3):
            key = to_item({"pk": partition, "sk": f"{sort}#{shard}"})
            client.delete_item(TableName=NAMES.rollups, Key=key)

    return falsify


def in_packed_row(row: Row, name: str, change: int, hour: int = 0) -> Falsify:
    """Return a function that adds to a count of a packed row, of one *hour* if it has these."""

    def falsify(client: Any) -> None:
        key = to_item({"pk": row.partition, "sk": f"{row.sort}#packed"})
        item = client.get_item(TableName=NAMES.rollups, Key=key)["Item"]
        told = unpacked(bytes_of(item["p"]))
        if isinstance(told[name], list):
            told[name][hour] = (told[name][hour] or 0) + change
        else:
            told[name] += change
        changed = {**item, "p": {"B": as_packed(told)}}
        client.put_item(TableName=NAMES.rollups, Item=changed)

    return falsify


def spoilt_packed_row(row: Row) -> Falsify:
    """Return a function that spoils a packed row, so that nobody can read what it counts."""

    def falsify(client: Any) -> None:
        key = to_item({"pk": row.partition, "sk": f"{row.sort}#packed"})
        item = client.get_item(TableName=NAMES.rollups, Key=key)["Item"]
        client.put_item(TableName=NAMES.rollups, Item={**item, "p": {"B": b"x"}})

    return falsify


def without_packed_row(row: Row) -> Falsify:
    """Return a function that deletes a packed row."""
    return without_item(NAMES.rollups, pk=row.partition, sk=f"{row.sort}#packed")


def without_item(table: str, **key: str) -> Falsify:
    """Return a function that deletes an item."""
    return lambda client: client.delete_item(TableName=table, Key=to_item(key))


def without_entry(event_id: str) -> Falsify:
    """Return a function that deletes the row, or entry of old, with this event."""

    def falsify(client: Any) -> None:
        item = entry_with(client, event_id)
        client.delete_item(TableName=NAMES.entries, Key={"pk": item["pk"], "sk": item["sk"]})

    return falsify


def with_unreadable_entry(event_id: str) -> Falsify:
    """Return a function that spoils the row, or entry of old, with this event."""

    def falsify(client: Any) -> None:
        item = entry_with(client, event_id)
        spoilt = {"events": {"B": b"\1?"}} if "events" in item else {"detail": {"S": "{"}}
        client.put_item(TableName=NAMES.entries, Item={**item, **spoilt})

    return falsify


def entry_with(client: Any, event_id: str) -> dict[str, Any]:
    """Return the item of the table Entries that holds this event."""
    items: list[dict[str, Any]] = client.scan(TableName=NAMES.entries)["Items"]
    (found,) = (
        item for item in items if event_id in [entry.event_id for entry in entries_of(item)]
    )
    return found


def copy_of_job(job_id: str) -> Falsify:
    """Return a function that makes an item of a job that never existed, like job-2."""

    def falsify(client: Any) -> None:
        item = client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-2"}})["Item"]
        client.put_item(TableName=NAMES.jobs, Item={**item, "job_id": {"S": job_id}})

    return falsify


def in_attempt(**values: Any) -> Falsify:
    """Return a function that changes the first attempt of job-1."""

    def falsify(client: Any) -> None:
        item = client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})["Item"]
        attempts = item["at"]["M"]
        attempts["1"] = {"M": _changed(attempts["1"]["M"], values)}
        client.put_item(TableName=NAMES.jobs, Item=item)

    return falsify


def _changed(item: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    changed = item | {name: to_attribute(value) for name, value in values.items()}
    return {name: value for name, value in changed.items() if values.get(name, value) is not None}


def _key_schema(client: Any, table: str) -> list[dict[str, str]]:
    schema: list[dict[str, str]] = client.describe_table(TableName=table)["Table"]["KeySchema"]
    return schema
