"""What is remembered from one sweep to the next, as items of the table Incidents.

=============  ================================  ================================================
pk             sk                                holds
=============  ================================  ================================================
``#watches``   ``CLIENT#PIPELINE#PROJECT``       how far a schedule has been judged
``#levels``    ``CLIENT``                        the scopes of which a level may stand
``#intake``    ``watermark``                     how far the intake is known to have come
=============  ================================  ================================================

No client's id is empty, so no scope of an incident has such a key. Every write is on the condition
that the item's revision is the one that was read: of two sweeps at once, one goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.incidents.watches import Watch
from run_ledger.domain.incidents.watermarks import IntakeState
from run_ledger.domain.instants import DAY, MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import UNREADABLE, from_item, to_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import ConditionBuilder, QueryBuilder
from run_ledger.store.dynamo.faults import Fault, fault

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WATCHES, _LEVELS, _INTAKE = "#watches", "#levels", "#intake"
_WATERMARK = "watermark"

WatchKey = tuple[str, str, str]
"""A client, a pipeline, and a project: "" where it is about all."""


class KeptWatch(Struct, frozen=True):
    """A watch as read, with its item's revision; ``watch`` is None where it is unreadable."""

    revision: int
    watch: Watch | None
    is_dropped: bool = False


class OvertakenError(Exception):
    """Another sweep has changed an item since it was read."""


def watch_key(client_id: str, expectation: Expectation) -> WatchKey:
    """Return what the watch of a client's expectation is known by."""
    return client_id, expectation.pipeline, expectation.project or ""


class WatchLedger:
    """Watches, levels and the intake, in one table. All raise StoreUnavailable if that fails."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        """Keep them in *table*."""
        self._client = client
        self._table = table

    def watches(self) -> dict[WatchKey, KeptWatch]:
        """Return all watches."""
        found: dict[WatchKey, KeptWatch] = {}
        for item in self._items(_WATCHES):
            client_id, pipeline, project = item["sk"].split("#")
            if "watch" not in item:
                found[client_id, pipeline, project] = KeptWatch(item["rev"], None, is_dropped=True)
                continue
            try:
                watch = msgspec.convert(item["watch"], Watch)
            except (msgspec.ValidationError, *UNREADABLE):
                watch = None
            found[client_id, pipeline, project] = KeptWatch(item["rev"], watch)
        return found

    def is_idle(self) -> bool:
        """Return whether nothing is watched, and no level may stand."""
        watches = self.watches().values()
        return all(one.is_dropped for one in watches) and not any(
            scopes for _, scopes in self.levels().values()
        )

    def keep_watch(self, key: WatchKey, watch: Watch, revision: int) -> int:
        """Put a watch where its item has *revision*, 0 for none, and return the new one.

        Raises OvertakenError where it has another.
        """
        values = {"watch": msgspec.to_builtins(watch)}
        return self._put(_WATCHES, "#".join(key), values, revision)

    def drop_watch(self, key: WatchKey, revision: int, now: Instant) -> None:
        """Forget a watch, as `keep_watch` keeps it; its item expires a day later."""
        values = {"expires_at": (now + DAY) // MICROSECONDS}
        self._put(_WATCHES, "#".join(key), values, revision)

    def levels(self) -> dict[str, tuple[int, frozenset[str]]]:
        """Return by client the revision and the scopes' keys of which a level may stand."""
        return {
            item["sk"]: (item["rev"], frozenset(item["scopes"])) for item in self._items(_LEVELS)
        }

    def keep_levels(self, client_id: str, scopes: Collection[str], revision: int) -> int:
        """Put the scopes of a client, as `keep_watch` does."""
        return self._put(_LEVELS, client_id, {"scopes": sorted(scopes)}, revision)

    def intake(self) -> tuple[int, IntakeState]:
        """Return how far the intake is known to have come, with the item's revision."""
        for item in self._items(_INTAKE):
            try:
                return item["rev"], msgspec.convert(item["intake"], IntakeState)
            except (msgspec.ValidationError, *UNREADABLE):
                return item["rev"], IntakeState()
        return 0, IntakeState()

    def keep_intake(self, intake: IntakeState, revision: int) -> int:
        """Put the intake, as `keep_watch` does."""
        values = {"intake": msgspec.to_builtins(intake)}
        return self._put(_INTAKE, _WATERMARK, values, revision)

    def _items(self, partition: str) -> list[dict[str, Any]]:
        request = QueryBuilder(self._table, "pk", partition).request(consistent=True)
        try:
            return [from_item(item) for item in every_item(self._client.query, request)]
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error

    def _put(self, pk: str, sk: str, values: Mapping[str, Any], revision: int) -> int:
        condition = ConditionBuilder()
        if revision:
            condition.require(("rev",), "=", revision)
        else:
            condition.require_absent("pk")
        item = to_item({"pk": pk, "sk": sk, "rev": revision + 1, **values})
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition.condition())
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.CONDITION:
                raise OvertakenError from error
            raise StoreUnavailable(str(error)) from error
        return revision + 1
