"""Clients as `run-ledger clients apply` declares them: items of the table Clients."""

from __future__ import annotations

from typing import Any

from tests.support.dynamo.tables import NAMES

from run_ledger.store.dynamo.attributes import to_item

UPDATED_AT = "2026-11-20T08:00:00.000000Z"


def declare(client: Any, client_id: str, /, **profile: Any) -> None:
    """Declare a client; *profile* holds name, description, contact, tags."""
    said = {"name": client_id.title(), "description": "", "tags": {}, **profile}
    for key, values in (
        ({"pk": client_id, "sk": "profile"}, {**said, "revision": 1, "updated_at": UPDATED_AT}),
        ({"pk": "clients", "sk": client_id}, {"name": said["name"]}),
    ):
        client.put_item(TableName=NAMES.clients, Item=to_item({**key, **values}))


def configure(client: Any, client_id: str, name: str, **said: Any) -> None:
    """Give a client a parameter: plain with ``value``, or secret with ``secret_ref``."""
    item = {
        "pk": client_id,
        "sk": f"param#{name}",
        "name": name,
        "description": f"About {name}.",
        "kind": "plain" if "value" in said else "secret",
        "updated_at": UPDATED_AT,
        **said,
    }
    client.put_item(TableName=NAMES.clients, Item=to_item(item))
