"""What is kept of each act, so that it counts once: an item of the table Incidents.

``pk`` is ``act#INCIDENT`` and ``sk`` the id of the act's event. It holds the event's digest, and
what was done, by whom, and when.
"""

from __future__ import annotations

from collections.abc import Mapping

from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.instants import DAY, Duration, Instant
from run_ledger.store.dynamo.attributes import Attribute, Item, from_item, to_item

from .incident_items import expiry, from_act

_KEPT = Duration(90 * DAY)
"""Far longer than an act may be delivered again."""


def act_key(incident_id: str, event_id: str) -> Item:
    """Return the key of an act's item."""
    return to_item({"pk": f"act#{incident_id}", "sk": event_id})


def act_item(incident_id: str, act: IncidentAct, digest: str, now: Instant) -> Item:
    """Return the item of an act of which the ledger hears *now*."""
    values = {"digest": digest, "act": from_act(act), "expires_at": expiry(now, _KEPT)}
    return act_key(incident_id, act.event_id) | to_item(values)


def digest_in(item: Mapping[str, Attribute]) -> str:
    """Return the digest that an act's item holds."""
    return str(from_item(item)["digest"])
