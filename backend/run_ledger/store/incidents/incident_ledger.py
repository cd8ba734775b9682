"""Keeping incidents: each change of a cause commits by itself, with what there is to tell of it.

Two functions may work on one scope at once. A cause's item is put on the condition that its
revision is as it was read, and so are the marks of good jobs. After every write the
scope is read again, consistently, until there is nothing left to change: of one that notes a
failure and another that notes a success, whichever writes last sees both.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct, structs

from run_ledger.domain import instants
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import IncidentScope, Ruling
from run_ledger.domain.incidents.causes import (
    CauseKey,
    IncidentNotice,
    Standing,
    without_notices,
)
from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.incidents.incident_rows import IncidentRow
from run_ledger.domain.incidents.judging import acted, judged_scope
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import UNREADABLE, Item, to_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import ConditionBuilder, QueryBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.keys import BY_DUE

from .act_items import act_item, act_key, digest_in
from .incident_items import (
    DUE_CAUSES,
    GOOD,
    cause_in,
    cause_item,
    cause_key,
    cause_sort_key,
    good_item,
    marks_in,
    scope_key,
    scope_of,
)
from .window_items import WINDOW, beside, window_in, window_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Change = Callable[[Standing, Instant], Standing]
"""Makes something of what is kept of a scope, at an instant."""
_TRIES = 12
_LONGEST_PAUSE_SECONDS = 0.2
_MOST_DUE = 500
_MOST_WAITING = 50
_NO_PEACE = "a pipeline's incidents are being changed all the time"


class _Kept(Struct, frozen=True):
    """A scope as it was read, with the revision of each item by its sort key."""

    standing: Standing
    revisions: Mapping[str, int]


def _kept_in(items: Iterable[Item]) -> _Kept:
    by_key = {item["sk"]["S"]: item for item in items}
    good = marks_in(by_key[GOOD]) if GOOD in by_key else {}
    window = window_in(by_key[WINDOW]) if WINDOW in by_key else {}
    shared = (GOOD, WINDOW)
    causes = {cause_key(sort): cause_in(by_key[sort]) for sort in by_key if sort not in shared}
    revisions = {sort: int(item["rev"]["N"]) for sort, item in by_key.items()}
    return _Kept(Standing(good, causes, window), revisions)


class _OvertakenError(Exception):
    """Somebody else has changed an item since it was read."""


class IncidentLedger:
    """The causes of all scopes in one table."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        now: Callable[[], Instant],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep causes in *table*; *pause* waits for so many seconds where others write, too."""
        self._client = client
        self._table = table
        self._now = now
        self._pause = pause

    def take(
        self, scope: IncidentScope, rulings: Sequence[Ruling] = ()
    ) -> list[tuple[CauseKey, IncidentNotice]]:
        """Take *rulings* on a scope, and return all notices of it that nobody has given away yet.

        Raises StoreUnavailable as `change` does: some of the rulings may have been taken, and all
        of them may be given again.
        """
        return self.change(scope, lambda kept, now: judged_scope(scope, kept, rulings, now))

    def change(self, scope: IncidentScope, change: Change) -> list[tuple[CauseKey, IncidentNotice]]:
        """Keep what *change* makes of a scope, and return the notices of it that still wait.

        What it has made it must leave as it is, asked again. Raises StoreUnavailable
        where DynamoDB refuses, what is kept can't be read, or others write all the time.
        """
        for _ in range(_TRIES):
            kept = self._read(scope)
            after = change(kept.standing, self._now())
            if after == kept.standing:
                return [
                    (key, notice) for key, cause in after.causes.items() for notice in cause.notices
                ]
            self._has_written(scope, kept, after)
        raise StoreUnavailable(_NO_PEACE)

    def act(
        self, row: IncidentRow, act: IncidentAct, digest: str
    ) -> Literal["taken", "repeated", "reused", "closed"]:
        """Take an act on the incident of *row*, once by its event's id; return what became of it.

        ``reused`` says that another act, of another *digest*, has its id; ``closed`` that the
        incident is not open any more. Raises StoreUnavailable as `take` does, and where too much of
        the incident waits to be told.
        """
        for _ in range(_TRIES):
            known = self._known(row, act, digest)
            if known is not None:
                return known
            kept, now = self._read(row.scope), self._now()
            cause = kept.standing.causes.get(row.key)
            heard = structs.replace(act, at=min(act.at, now))
            after = None if cause is None else acted(cause, row.incident_id, heard, now)
            if after is None:
                # A call that was given up may have taken this very act in between.
                return self._known(row, act, digest) or "closed"
            if len(after.notices) > _MOST_WAITING:
                raise StoreUnavailable("too much of an incident waits to be told")
            revision = kept.revisions[cause_sort_key(row.key)]
            item = cause_item(row.scope, row.key, after, revision + 1, now)
            if self._has_acted(item, revision, act_item(row.incident_id, heard, digest, now)):
                return "taken"
        raise StoreUnavailable(_NO_PEACE)

    def _known(
        self, row: IncidentRow, act: IncidentAct, digest: str
    ) -> Literal["repeated", "reused"] | None:
        """Return what an act is that was taken before under its id; None where none was."""
        key = act_key(row.incident_id, act.event_id)
        try:
            answer: Any = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        if "Item" not in answer:
            return None
        return "repeated" if digest_in(answer["Item"]) == digest else "reused"

    def _has_acted(self, cause: Item, known: int, act: Item) -> bool:
        """Put a cause and an act together; return False where somebody else was first."""
        unchanged, is_new = ConditionBuilder(), ConditionBuilder()
        unchanged.require(("rev",), "=", known)
        is_new.require_absent("pk")
        puts: Any = [
            {"Put": {"TableName": self._table, "Item": item, **condition.condition()}}
            for item, condition in ((cause, unchanged), (act, is_new))
        ]
        try:
            self._client.transact_write_items(TransactItems=puts)
        except (ClientError, BotoCoreError) as error:
            if fault(error) is not Fault.CANCELLED:
                raise StoreUnavailable(str(error)) from error
            self._pause(random.uniform(0, _LONGEST_PAUSE_SECONDS))  # noqa: S311 - no secret
            return False
        return True

    def note_given(self, scope: IncidentScope, notice_ids: Collection[str]) -> None:
        """Note that notices have been given away; raises StoreUnavailable as `change` does."""
        for _ in range(_TRIES):
            kept = self._read(scope)
            after = without_notices(kept.standing, notice_ids)
            if after == kept.standing or self._has_written(scope, kept, after):
                return
        raise StoreUnavailable(_NO_PEACE)

    def failing(self, scope: IncidentScope) -> set[str]:
        """Return the jobs that fail now by any cause of a scope; raises StoreUnavailable."""
        return {
            job_id
            for cause in self._read(scope).standing.causes.values()
            for job_id, mark in cause.marks.items()
            if mark.counts
        }

    def due_scopes(self) -> list[IncidentScope]:
        """Return the scopes that are due now: a grace is over, or a notice was left lying.

        Raises StoreUnavailable where DynamoDB refuses.
        """
        query = QueryBuilder(self._table, "due_list", DUE_CAUSES, index=BY_DUE)
        query.sort_between("due", below=instants.text(Instant(self._now() + 1)))
        try:
            answer: Any = self._client.query(**query.request(["pk"], limit=_MOST_DUE))
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        return [scope_of(key) for key in dict.fromkeys(item["pk"]["S"] for item in answer["Items"])]

    def _read(self, scope: IncidentScope) -> _Kept:
        query = QueryBuilder(self._table, "pk", scope_key(scope))
        try:
            items = list(every_item(self._client.query, query.request(consistent=True)))
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        try:
            kept = _kept_in(items)
            return kept if scope.family != "rate" else self._with_window(scope, kept)
        except UNREADABLE as error:
            raise StoreUnavailable(f"what is kept of {scope_key(scope)} can't be read") from error

    def _with_window(self, scope: IncidentScope, kept: _Kept) -> _Kept:
        """Return what is *kept* of a scope of error rates with its window, which lies elsewhere.

        What an earlier version has left here is a part of it.
        """
        key = to_item({"pk": scope_key(beside(scope)), "sk": WINDOW})
        try:
            answer: Any = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        window = dict(kept.standing.window)
        revisions = {sort: number for sort, number in kept.revisions.items() if sort != WINDOW}
        if "Item" in answer:
            revisions[WINDOW] = int(answer["Item"]["rev"]["N"])
            for job, mark in window_in(answer["Item"]).items():
                window[job] = max(mark, window.get(job, mark))
        return _Kept(structs.replace(kept.standing, window=window), revisions)

    def _has_written(self, scope: IncidentScope, kept: _Kept, after: Standing) -> bool:
        """Put what differs, item by item; after a pause, return False where others were first."""
        now = self._now()
        try:
            if after.good != kept.standing.good:
                revision = kept.revisions.get(GOOD, 0)
                self._put(good_item(scope, after.good, revision + 1, now), revision)
            if after.window != kept.standing.window:
                revision = kept.revisions.get(WINDOW, 0)
                self._put(window_item(scope, after.window, revision + 1, now), revision)
            for key, cause in after.causes.items():
                if cause != kept.standing.causes.get(key):
                    revision = kept.revisions.get(cause_sort_key(key), 0)
                    self._put(cause_item(scope, key, cause, revision + 1, now), revision)
        except _OvertakenError:
            self._pause(random.uniform(0, _LONGEST_PAUSE_SECONDS))  # noqa: S311 - no secret
            return False
        return True

    def _put(self, item: Item, known: int) -> None:
        """Put an item on the condition that its revision is *known*; 0 where there was none."""
        condition = ConditionBuilder()
        if known:
            condition.require(("rev",), "=", known)
        else:
            condition.require_absent("pk")
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition.condition())
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.CONDITION:
                raise _OvertakenError from error
            raise StoreUnavailable(str(error)) from error
