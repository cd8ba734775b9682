"""Whether a client has not had an error before: by the rows that its error groups are counted in.

It is new on a day of UTC as ``/errors`` says it: without a failure in the thirty days before. On
its first day, the pipeline whose failure is heard of first has it as a new one, as an item of the
table Incidents says, which only one can put:

==================  ==========  ============================================
pk                  sk          holds
==================  ==========  ============================================
``#new#CLIENT#FP``  ``first``   ``day``, and the ``pipeline``
==================  ==========  ============================================

To staff's rules it is new by itself: ``#new#*CLIENT#FP``.

Days are read one after the other, the newest first: an error that is known is nearly always known
from yesterday.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import NEW_AFTER_DAYS, IncidentScope, JobEnd
from run_ledger.domain.incidents.causes import Cause, CauseKey
from run_ledger.domain.instants import DAY, Duration, Instant, day, floor
from run_ledger.domain.state.rollups import ENDED, failures_row
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.dynamo.expressions import ConditionBuilder, QueryBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.rollup_items import counts_of, sort_of

from .incident_items import cause_in, cause_sort_key, expiry, scope_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_FIRST = "first"
_KEPT = Duration(40 * DAY)
_MOST_KNOWN = 10_000


class FirstFailures:
    """What tells new errors; it remembers those that are known."""

    def __init__(
        self,
        client: DynamoDBClient,
        incidents_table: str,
        rollups_table: str,
        now: Callable[[], Instant],
    ) -> None:
        """Read rows of *rollups_table*; who was first is kept in *incidents_table*."""
        self._client = client
        self._incidents = incidents_table
        self._rollups = rollups_table
        self._now = now
        self._known: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def is_new(self, end: JobEnd, scope: IncidentScope) -> bool:
        """Return whether a failure belongs to the incident of a new error in *scope*.

        It does while that is open, and it begins one; what fails after its end is not new any more.
        Raises StoreUnavailable where DynamoDB refuses.
        """
        fingerprint = end.fingerprint or ""
        cause = self._cause(scope, CauseKey("new_error", fingerprint))
        if cause is not None:
            mark = cause.marks.get(end.job_id)
            if mark is not None and mark.version + mark.counts > end.version:
                return True  # A replay: it is where it was, and changes nothing there.
            if cause.incident is not None or cause.due_at is not None:
                return True
        was_told = cause is not None and cause.incidents > 0
        partition = f"#new#{scope.owner or ''}{end.client_id}#{fingerprint}"
        return self._is_first(partition, end, fingerprint, was_told=was_told)

    def _cause(self, scope: IncidentScope, key: CauseKey) -> Cause | None:
        found = self._items(self._incidents, scope_key(scope), cause_sort_key(key), exact=True)
        return cause_in(found[0]) if found else None

    def _is_first(self, partition: str, end: JobEnd, fingerprint: str, *, was_told: bool) -> bool:
        """Return whether this pipeline has the error as a new one that day, and it is not over."""
        today = day(end.at)
        if (end.client_id, fingerprint, today) in self._known:
            return False
        first = self._items(self._incidents, partition, _FIRST, exact=True)
        if first and first[0]["day"]["S"] >= today:
            return bool(first[0]["pipeline"]["S"] == end.pipeline) and not was_told
        if self._has_failed_before(end, fingerprint):
            self._remember(end.client_id, fingerprint, today)
            return False
        return self._put_first(partition, end, today)

    def _remember(self, client_id: str, fingerprint: str, today: str) -> None:
        self._known[client_id, fingerprint, today] = None
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)

    def _has_failed_before(self, end: JobEnd, fingerprint: str) -> bool:
        """Return whether one of the days before counts a failure."""
        midnight = floor(end.at, DAY)
        for number in range(1, NEW_AFTER_DAYS + 1):
            before = midnight - number * DAY
            if before < 0:
                break
            row = failures_row(end.client_id, day(Instant(before)), fingerprint)
            shards = self._items(self._rollups, row.partition, f"{fingerprint}#", exact=False)
            counted = [counts_of(one) for one in shards if sort_of(one) == fingerprint]
            if sum(n for one in counted for name, n in one.items() if name.startswith(ENDED)) > 0:
                return True
        return False

    def _put_first(self, partition: str, end: JobEnd, today: str) -> bool:
        """Note whose failure was first; return whether it is this one's pipeline."""
        condition = ConditionBuilder()
        condition.require_if_present("day", "<", today)
        values = {"pk": partition, "sk": _FIRST, "day": today, "pipeline": end.pipeline}
        item = to_item(values | {"expires_at": expiry(self._now(), _KEPT)})
        try:
            self._client.put_item(TableName=self._incidents, Item=item, **condition.condition())
        except (ClientError, BotoCoreError) as error:
            if fault(error) is not Fault.CONDITION:
                raise StoreUnavailable(str(error)) from error
            (first,) = self._items(self._incidents, partition, _FIRST, exact=True)
            return bool(first["pipeline"]["S"] == end.pipeline)
        return True

    def _items(self, table: str, partition: str, sort: str, *, exact: bool) -> list[Item]:
        """Return the items of a partition whose sort key is *sort*, or begins with it."""
        query = QueryBuilder(table, "pk", partition)
        if exact:
            query.sort_equals("sk", sort)
        else:
            query.sort_prefix("sk", sort)
        try:
            answer: Any = self._client.query(**query.request(consistent=True))
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        found: list[Item] = answer["Items"]
        return found
