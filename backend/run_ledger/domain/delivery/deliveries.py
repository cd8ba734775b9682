"""What lies in the queue of deliveries: one thing to tell, by one channel of a client.

To send another kind of message by the same queue, put a `Delivery` there with a ``letter`` and an
id of its own, which is the same whenever the same letter is put there again:
`Delivery("digest-acme-2026-11-22-ops", "acme", "ops", "digest", at, letter=Letter(…))`. The courier
delivers it once, tries again as long as with all others, and notes when the channel worked. Only
channels of the kind ``mail`` take letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.incidents.alert_rules import IncidentScope
from run_ledger.domain.incidents.causes import CauseKey, IncidentNotice
from run_ledger.domain.incidents.incident_events import incident_detail
from run_ledger.domain.instants import Instant

TRIAL = "trial"
"""The kind of a message that somebody sends to see whether a channel works."""
LIST_UNSUBSCRIBE = "List-Unsubscribe"
"""The header with the address at which mail programs unsubscribe (RFC 2369, RFC 8058)."""


class Letter(Struct, frozen=True):
    """A mail whose words are ready; ``html`` has been escaped where it quotes anybody.

    ``headers`` are further ones, such as ``List-Unsubscribe``. Of the channel's recipients, only
    those of ``recipients`` get it; all do where it is empty.
    """

    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = {}
    recipients: tuple[str, ...] = ()


class Delivery(Struct, frozen=True, omit_defaults=True):
    """One thing to tell by one channel, under an id that is the same however often it comes.

    ``client_id`` says whose channel it is: a client's, or staff's (``*``).
    ``made_at`` is a time as text. What is told is either an incident's ``detail``, as events of the
    bus have it, or a ``letter``.
    """

    delivery_id: str
    client_id: str
    channel: str
    kind: str
    made_at: str
    detail: Mapping[str, Any] = {}
    letter: Letter | None = None


def deliveries_of(scope: IncidentScope, key: CauseKey, notice: IncidentNotice) -> list[Delivery]:
    """Return what tells *notice* by each channel of its incident: nothing if it is silent."""
    if notice.silent:
        return []
    detail = incident_detail(scope, key, notice)
    return [
        Delivery(
            delivery_id(notice.notice_id, channel),
            scope.listener,
            channel,
            notice.kind,
            instants.text(notice.at),
            detail,
        )
        for channel in notice.incident.to
    ]


def delivery_id(notice_id: str, channel: str) -> str:
    """Return the id of a notice on a channel; it has no full stop, which signatures go by."""
    return f"{notice_id.replace('.', '-')}-{channel}"


def trials_of(client_id: str, names: Iterable[str], mark: str, now: Instant) -> list[Delivery]:
    """Return a trial for each channel of *names*; *mark* tells it from all other trials."""
    at = instants.text(now)
    return [
        Delivery(f"trial-{mark}-{name}", client_id, name, TRIAL, at, {"client_id": client_id})
        for name in names
    ]


def packed(delivery: Delivery) -> str:
    """Return the body of the queue's message."""
    return msgspec.json.encode(delivery).decode()


def unpacked(body: str) -> Delivery:
    """Return the delivery of a message's body; raises msgspec.ValidationError for another."""
    try:
        return msgspec.json.decode(body, type=Delivery)
    except msgspec.DecodeError as error:
        raise msgspec.ValidationError(str(error)) from error
