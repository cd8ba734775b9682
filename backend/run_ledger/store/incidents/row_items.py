"""The row of an incident, as an item of the table Incidents.

::

    pk, sk                  incident#ID, incident
    rev                     the number of the last notice that it has
    scope, cause            keys of the item of its cause, see `incident_items`
    client_id, ck           keys of the index by_client: whose it is (a client's id, with a star
                            before it where it is staff's), and when it opened, with its id
    listed                  with ck, the keys of the index by_time: all incidents
    open_list, open_key     keys of the index by_open, while it is open: whose, then as ck
    began_at, opened_at,    instants
    closed_at
    because, jobs, job,     why it closed; how many jobs; the last of them; type and message
    error
    history                 its turns
    answers                 people's, see `incident_items`; absent until there are any
    expires_at              once it is closed

So nothing that a client's people ask for comes upon incidents of staff: no page, no cursor and no
count tells that there are any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from run_ledger.domain.incidents.alert_rules import STAFF, IncidentScope
from run_ledger.domain.incidents.causes import CauseKey
from run_ledger.domain.incidents.incident_acts import Answers
from run_ledger.domain.incidents.incident_rows import IncidentRow, IncidentTurn
from run_ledger.domain.instants import DAY, MICROSECONDS
from run_ledger.store.dynamo.attributes import Attribute, Item, from_item, to_item
from run_ledger.store.items.keys import creation_key

from .incident_items import (
    cause_key,
    cause_sort_key,
    from_answers,
    scope_key,
    scope_of,
    to_answers,
)

ROW = "incident"
ALL_INCIDENTS = "incidents"
OPEN_INCIDENTS = "open"
"""The one partition of the index ``by_open``: few incidents are open at a time."""


SHOWN = ("scope", "cause", "ck")
"""What rows of all three indexes hold beside their keys."""


class ListedIncident(NamedTuple):
    """A row of an index: ``position`` is when the incident opened, and its id."""

    position: str
    scope: IncidentScope
    key: CauseKey

    @property
    def incident_id(self) -> str:
        """Return the incident's id."""
        return self.position.partition("#")[2]


def row_key(incident_id: str) -> Item:
    """Return the key of an incident's row."""
    return to_item({"pk": f"incident#{incident_id}", "sk": ROW})


def listed_owners(clients: Iterable[str], *, with_staffs: bool) -> list[str]:
    """Return as whose the indexes list the incidents of *clients*, and staff's *with_staffs*."""
    kinds = (False, True) if with_staffs else (False,)
    return [_owner(one, of_staff=kind) for one in sorted(clients) for kind in kinds]


def _owner(client_id: str, *, of_staff: bool) -> str:
    return f"{STAFF}{client_id}" if of_staff else client_id


def open_prefix(owner: str) -> str:
    """Return what the sort keys of an owner's open incidents begin with."""
    return f"{owner}#"


def row_item(row: IncidentRow, kept_days: int) -> Item:
    """Return the item of *row*, which is kept so many days once it is closed."""
    position = creation_key(row.opened_at, row.incident_id)
    owner = _owner(row.scope.client_id, of_staff=row.scope.is_of_staff)
    values: dict[str, Any] = {
        "rev": row.number,
        "scope": scope_key(row.scope),
        "cause": cause_sort_key(row.key),
        "client_id": owner,
        "ck": position,
        "listed": ALL_INCIDENTS,
        "began_at": row.began_at,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
        "because": row.closed_because,
        "jobs": row.jobs,
        "job": row.last_job_id,
        "error": row.error,
        "history": [list(turn) for turn in row.history],
    }
    if row.answers != Answers():
        values["answers"] = from_answers(row.answers)
    if row.closed_at is None:
        open_key = f"{open_prefix(owner)}{position}"
        values |= {"open_list": OPEN_INCIDENTS, "open_key": open_key}
    else:
        values["expires_at"] = (row.closed_at + kept_days * DAY) // MICROSECONDS
    return row_key(row.incident_id) | to_item(values)


def row_in(item: Mapping[str, Attribute]) -> IncidentRow:
    """Return the row that an item holds; what it raises for another, `UNREADABLE` names."""
    values = from_item(item)
    error = values["error"]
    return IncidentRow(
        incident_id=values["pk"].partition("#")[2],
        scope=scope_of(values["scope"]),
        key=cause_key(values["cause"]),
        number=values["rev"],
        opened_at=values["opened_at"],
        began_at=values["began_at"],
        closed_at=values["closed_at"],
        closed_because=values["because"],
        jobs=values["jobs"],
        last_job_id=values["job"],
        error=None if error is None else (error[0], error[1]),
        history=tuple(IncidentTurn(*turn) for turn in values["history"]),
        answers=to_answers(values.get("answers")) or Answers(),
    )


def listed_in(item: Mapping[str, Attribute]) -> ListedIncident:
    """Return the incident that a row of an index names."""
    return ListedIncident(
        item["ck"]["S"], scope_of(item["scope"]["S"]), cause_key(item["cause"]["S"])
    )
