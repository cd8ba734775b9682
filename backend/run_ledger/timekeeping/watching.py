"""All that is judged by time: what clients declare, what events say, and what staff want to hear.

What a client declares is read in one query, and so is what all events say; of a client that
declares no expectation, whose events do, also its rules and channels.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from run_ledger.domain.incidents.alert_rules import STAFF, AlertRule
from run_ledger.domain.incidents.expectations import Announcement, counting
from run_ledger.domain.incidents.watches import TOLD_WITHOUT_RULE
from run_ledger.domain.instants import Instant
from run_ledger.schedules import ScheduleError, slots
from run_ledger.store.clients.alert_reads import UnreadableAlertsError, read_alert_rules
from run_ledger.store.clients.announced_reads import read_announced
from run_ledger.store.clients.watched_clients import WatchedClient, read_watched
from run_ledger.store.dynamo.table_names import Tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_log = logging.getLogger(__name__)
_DEFAULTS = tuple(AlertRule(what, grace_seconds=0) for what in TOLD_WITHOUT_RULE)


class Watching(Struct, frozen=True):
    """What is judged by time of all ``clients``, but of the ``unreadable`` ones.

    ``staff`` are the rules by which staff hear of all clients.
    """

    clients: tuple[WatchedClient, ...] = ()
    unreadable: tuple[str, ...] = ()
    staff: tuple[AlertRule, ...] = ()

    @property
    def asks_for_time(self) -> bool:
        """Return whether anything goes by when jobs report."""
        return bool(self.staff) or any(one.asks_for_time for one in self.clients)


def read_watching(
    client: DynamoDBClient, tables: Tables, now: Instant, remaining_seconds: Callable[[], float]
) -> Watching:
    """Return all that is judged by time as it is *now*; raises StoreUnavailable."""
    declared, unreadable = read_watched(client, tables.clients)
    known = {one.client_id: one for one in declared}
    staff = known.pop(STAFF, WatchedClient(STAFF, (), ())).alerts
    failed = set(unreadable)
    for client_id, said in read_announced(client, tables.entries, now, remaining_seconds).items():
        if client_id in failed:
            continue
        mine = known.get(client_id, WatchedClient(client_id, (), ()))
        try:
            known[client_id] = _with_announced(client, tables.clients, mine, said, now)
        except (ScheduleError, UnreadableAlertsError):
            _log.exception("unreadable expectations", extra={"client_id": client_id})
            failed.add(client_id)
            known.pop(client_id, None)
    return Watching(tuple(known.values()), tuple(sorted(failed)), staff)


def _with_announced(
    client: DynamoDBClient,
    table: str,
    mine: WatchedClient,
    said: Sequence[Announcement],
    now: Instant,
) -> WatchedClient:
    """Return a client with what its events say, behind what it declares itself."""
    found, too_many = counting(said, mine.expect, now, slots)
    if too_many:
        extra = {"client_id": mine.client_id, "left_out": too_many}
        _log.warning("too many expectations", extra=extra)
    if not found:
        return mine
    if mine.expect:
        return structs.replace(mine, expect=(*mine.expect, *found))
    # Who declares no expectation has no rules kept for what is told without one.
    rules = read_alert_rules(client, table, mine.client_id, *_DEFAULTS)
    own, defaults = rules[: -len(_DEFAULTS)], rules[-len(_DEFAULTS) :]
    asked = {rule.what for rule in own}
    timed = [rule for rule in own if rule.is_timed]
    return WatchedClient(
        mine.client_id, found, (*timed, *(one for one in defaults if one.what not in asked))
    )
