"""A client of the stand-in that can delete an item, too, on a condition."""

from __future__ import annotations

from typing import Any

from tests.support.dynamo.expressions import Expressions
from tests.support.dynamo.querying import PAGE_BYTES, Querying
from tests.support.dynamo.stand_in import Answer, Dynamo, client_error


class Deleting:
    """What a compactor calls."""

    def __init__(self, store: Dynamo, page_bytes: int = PAGE_BYTES) -> None:
        """Make a client of *store* whose answers hold so many bytes."""
        self._store = store
        self._client = Querying(store, page_bytes=page_bytes)

    def __getattr__(self, name: str) -> Any:
        """Return any other call of the stand-in's client."""
        return getattr(self._client, name)

    def delete_item(self, **request: Any) -> Answer:
        """Delete an item, if its condition holds."""
        write = self._store._begin(request, request["Key"], Expressions(request))
        if write.code != "None":
            raise client_error("ConditionalCheckFailedException", write.message, "DeleteItem")
        self._store._versions[write.table, write.key].append(None)
        self._store.commits += 1
        return {}
