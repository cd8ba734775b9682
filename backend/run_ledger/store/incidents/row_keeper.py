"""Keeping the rows of incidents: each notice carries its incident's row on, once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import IncidentScope
from run_ledger.domain.incidents.causes import CauseKey, IncidentNotice
from run_ledger.domain.incidents.incident_rows import IncidentRow, row_after
from run_ledger.store.dynamo.attributes import UNREADABLE
from run_ledger.store.dynamo.expressions import ConditionBuilder
from run_ledger.store.dynamo.faults import Fault, fault

from .row_items import row_in, row_item, row_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TRIES = 12


class RowKeeper:
    """The rows of all incidents in one table."""

    def __init__(self, client: DynamoDBClient, table: str, kept_days: int) -> None:
        """Keep rows in *table*: those of closed incidents for so many days."""
        self._client = client
        self._table = table
        self._kept_days = kept_days

    def keep(
        self,
        scope: IncidentScope,
        notices: Iterable[tuple[CauseKey, IncidentNotice]],
        seconds_left: Callable[[], float],
    ) -> None:
        """Carry on the rows of the incidents that *notices* are about, in their order.

        A notice may be given again: it changes nothing then. Raises StoreUnavailable where DynamoDB
        refuses, a row can't be read or is changed all the time, or no time is left.
        """
        for key, notice in notices:
            if seconds_left() <= 0:
                raise StoreUnavailable("no time is left for the rows of this pipeline's incidents")
            self._keep_one(scope, key, notice)

    def _keep_one(self, scope: IncidentScope, key: CauseKey, notice: IncidentNotice) -> None:
        # The first notice mostly finds no row, so nothing is read for it.
        row = None if notice.number == 1 else self.find(notice.incident.incident_id)
        for _ in range(_TRIES):
            after = row_after(row, scope, key, notice)
            if after == row or self._has_put(after, row):
                return
            row = self.find(notice.incident.incident_id)
        raise StoreUnavailable("an incident's row is being changed all the time")

    def find(self, incident_id: str) -> IncidentRow | None:
        """Return the row of an incident, None where there is none; raises as `keep` does."""
        key = row_key(incident_id)
        try:
            answer: Any = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        try:
            return row_in(answer["Item"]) if "Item" in answer else None
        except UNREADABLE as error:
            raise StoreUnavailable(f"the row of incident {incident_id} can't be read") from error

    def _has_put(self, row: IncidentRow, known: IncidentRow | None) -> bool:
        """Put *row* in place of the *known* one; return False where somebody else was first."""
        condition = ConditionBuilder()
        if known is None:
            condition.require_absent("pk")
        else:
            condition.require(("rev",), "=", known.number)
        item = row_item(row, self._kept_days)
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition.condition())
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.CONDITION:
                return False
            raise StoreUnavailable(str(error)) from error
        return True
