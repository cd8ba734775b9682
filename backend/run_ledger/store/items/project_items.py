"""A project as an item of the table Projects.

::

    project_id, client_id     identity
    log, old, rev, era        as in a job's item
    ck                        sort key of the index by_client; created_at is in it
    due_list, due             keys of the index by_due, while somebody waits for the project
    said, c_NAME, own, n,     as in a job's item
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.instants import Instant
from run_ledger.domain.state.project import Project
from run_ledger.store.dynamo.attributes import Attribute, from_item

from . import keys
from .job_items import from_latest_values, place_in_log, shown_counters, to_latest_values
from .own_names import OF_ENTITIES, Held, held


class StoredProject(Struct, frozen=True):
    """A project as read, with what does not follow from its events alone."""

    project: Project
    revision: int
    last_seen_at: Instant
    entries: int
    held: Held = Held()
    in_log: bool = True
    has_old: bool = False
    era: int = 0


def state_attributes(project: Project) -> dict[str, Any]:
    """Return all attributes that a change of state sets: everything but key, sums, ``seen``."""
    attributes = {
        "client_id": project.client_id,
        "ck": keys.creation_key(project.created_at, project.project_id),
        "said": from_latest_values(project.latest_values),
    }
    if project.awaited_at is not None:
        due = keys.due_key(project.awaited_at, project.project_id)
        attributes |= {"due_list": keys.DUE_LIST, "due": due}
    return attributes


def gone_attributes(attributes: Mapping[str, Any]) -> list[str]:
    """Return what a change of state to these *attributes* removes."""
    return [name for name in ("due_list", "due") if name not in attributes]


def from_project_item(item: Mapping[str, Attribute]) -> StoredProject:
    """Return the project that an item of the table holds."""
    values = from_item(item)
    project = Project(
        project_id=values["project_id"],
        client_id=values["client_id"],
        created_at=keys.created_at(values["ck"]),
        latest_values=to_latest_values(values["said"]),
        counters=shown_counters(values),
    )
    held_names = held(item, OF_ENTITIES)
    place = place_in_log(item)
    return StoredProject(
        project, place.revision, values["seen"], values["n"], held_names, *place[1:]
    )
