"""What events say of how pipelines should run, as items of the table Entries.

::

    pk = announced, sk = CLIENT#PIPELINE#PROJECT    no project where it is about all
    ord                                             when the event happened that says so, and its id
    said_at                                         the same time, an instant in microseconds
    cron, timezone, every, grace, max_duration      as the event has them; none where it takes back
    expires_at                                      when DynamoDB may drop it, in epoch seconds

The last event counts, by ``ord``: an item is put only over one whose ``ord`` is less. So events in
any order, and again, come to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from run_ledger.domain import instants
from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.vocabulary import JobUpdate
from run_ledger.domain.incidents.expectations import MOST_KEPT, Announcement
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import Item, to_item

ANNOUNCED = "announced"
ORDER = "ord"
_MEMBERS = ("cron", "timezone", "every", "grace", "max_duration")
_APART = 60 * MICROSECONDS
ATTRIBUTES = ("sk", "said_at", "expires_at", *_MEMBERS)


def announced_item(event: Event, now: Instant) -> Item | None:
    """Return the item of what *event* says of its pipeline's runs; None where it says nothing.

    What happened later than the bus heard of it counts as of then: a wrong clock must not have the
    last word for years. Who puts an event may say when the bus has it, too, so what is later than
    *now*, by the writer's clock, counts as of now; but for a minute, as no two clocks are the same.
    """
    update = event.update
    if not isinstance(update, JobUpdate) or update.expect is UNSET:
        return None
    sent_at = event.occurred_at if event.sent_at is None else _instant(event.sent_at)
    said_at = Instant(min(event.occurred_at, sent_at))
    if said_at - now > _APART:
        said_at = now
    one = msgspec.to_builtins(update.expect)
    values = {
        "pk": ANNOUNCED,
        "sk": "#".join((update.client_id, update.pipeline, one.get("project", ""))),
        ORDER: f"{instants.text(said_at)}#{event.event_id}",
        "said_at": said_at,
        "expires_at": max(0, (said_at + MOST_KEPT) // MICROSECONDS),
        **{name: one[name] for name in _MEMBERS if name in one},
    }
    return to_item(values)


def after_client(client_id: str) -> str:
    """Return a sort key that all items of a client stand before, and those of others behind."""
    return f"{client_id}$"  # the character after the one that ends an id


def from_announced_item(item: Mapping[str, Any]) -> Announcement:
    """Return what an item says; what it raises for one that is none, `UNREADABLE` names."""
    client_id, pipeline, project = item["sk"].split("#")
    members = {name: item[name] for name in _MEMBERS if name in item}
    return Announcement.of(client_id, pipeline, project or None, members, Instant(item["said_at"]))


def _instant(moment: Any) -> Instant:
    return instants.from_datetime(moment)
