"""Upgrades: what earlier versions wrote is brought up to this one, job by job.

An earlier version counted no retries in rollups, and kept neither the latest event that says
running nor the earliest end of an attempt. Writers bring up what they change. This goes through all
jobs, a page after the other, and brings up the rest. A job's item and its rows change in one
transaction, on the condition that the item is as it was read, as every posting changes it: so
writers go on meanwhile, and an upgrade that was interrupted can begin again anywhere.

What an attempt's events say is taken from the entries, as far as these account for all of the
job. Whatever else differs from the entries is for an audit.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct, structs

from run_ledger.domain.state import job as jobs
from run_ledger.domain.state.job import Attempt, Job
from run_ledger.domain.state.rollups import ALL, counted_next, state_differences
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.dynamo.expressions import UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.job_items import TURNED, StoredJob, from_job_item, state_attributes

from .calls import read_entries, read_items, read_page_of_jobs
from .expected_items import Entries, Name, entries_in
from .repairs import AUDIT_SHARD, empty_rows, set_mark_of_repair

PAGE = 100
_TRIES = 20
_LONGEST_PAUSE_SECONDS = 0.1


class UpgradeStep(Struct, frozen=True):
    """How far an upgrade is after a page of jobs.

    ``upgraded`` jobs of the page's ``jobs`` were changed. ``left`` are the ids of those that
    can't be read, or that changed whenever they were to be written. ``last`` is the page's last
    job, from which an upgrade can go on; it is None at the end.
    """

    jobs: int
    upgraded: int
    left: Sequence[str]
    last: str | None


def upgrade(
    reading: Reading, after: str | None = None, *, pause: Callable[[float], None] = time.sleep
) -> Iterator[UpgradeStep]:
    """Bring up all jobs after *after* in the table's order; yield after each page.

    *pause* waits for so many seconds, before a job is tried again that others have changed.
    """
    while True:
        items, after = read_page_of_jobs(reading, after, PAGE)
        yield _upgrade_page(reading, items, after, pause)
        if after is None:
            return


def _upgrade_page(
    reading: Reading, items: Sequence[Item], last: str | None, pause: Callable[[float], None]
) -> UpgradeStep:
    names = [Name("job", item["job_id"]["S"]) for item in items]
    entries = read_entries(reading, names, dict(zip(names, items, strict=True)))
    upgraded, left = 0, []
    for name, item in zip(names, items, strict=True):
        try:
            upgraded += _upgrade_job(reading, name, item, entries[name], pause)
        except (KeyError, TypeError, ValueError, _AlwaysChangesError):
            left.append(name.entity_id)
    return UpgradeStep(len(items), upgraded, left, last)


class _AlwaysChangesError(Exception):
    """A job was changed by others whenever it was to be written."""


def _upgrade_job(
    reading: Reading,
    name: Name,
    item: Item,
    entries: Sequence[Item],
    pause: Callable[[float], None],
) -> bool:
    """Bring up one job and its rows; return whether there was anything to bring up."""
    changed = False
    for _ in range(_TRIES):
        stored = from_job_item(item)
        found = entries_in(name, entries)
        after = _completed(stored, _folded(stored, found))
        retries_after = counted_next(after, stored.retries_from)
        if after == stored.job and retries_after == stored.retries_from:
            return changed
        done = _write(reading, name, stored, after, found)
        changed |= done
        item = read_items(reading, [name])[name]
        if not done:
            pause(random.uniform(0, _LONGEST_PAUSE_SECONDS))  # noqa: S311 - no secret
            entries = read_entries(reading, [name], {name: item})[name]
    raise _AlwaysChangesError


def _folded(stored: StoredJob, entries: Entries) -> Job | None:
    """Return the job by its entries, None where some of them are gone or can't be read."""
    events = entries.events
    return jobs.fold(None, events) if events and len(events) == stored.entries else None


def _completed(stored: StoredJob, folded: Job | None) -> Job:
    """Return the stored job with what *folded* knows of its attempts beyond it."""
    if folded is None:
        return stored.job
    attempts = {
        number: known if (known := folded.attempts.get(number)) and _agree(known, one) else one
        for number, one in stored.job.attempts.items()
    }
    return structs.replace(stored.job, attempts=attempts)


def _agree(one: Attempt, other: Attempt) -> bool:
    """Return whether two attempts are the same in what every version has kept."""
    return (one.started_at, one.ended, one.reported) == (
        other.started_at,
        other.ended,
        other.reported,
    )


def _write(reading: Reading, name: Name, stored: StoredJob, after: Job, entries: Entries) -> bool:
    """Change the item and its rows together; return False where the item has changed."""
    retries_after = counted_next(after, stored.retries_from)
    attributes = state_attributes(after, retries_from=retries_after)
    update = UpdateBuilder()
    revision = "log" if stored.in_log else "rev"
    update.require((revision,), "=", stored.revision)
    update.require(("n",), "=", stored.entries)
    update.set(
        {key: attributes[key] for key in ("at", "m") if key in attributes}
        | {revision: stored.revision + 1}
    )
    update.remove(TURNED)
    actions = [update.action(reading.tables.jobs, name.key)]
    if stored.in_log:
        actions += empty_rows(reading, name, stored.revision + 1, entries)
    differences = state_differences(
        stored.job, after, retries_before=stored.retries_from, retries_after=retries_after
    )
    for row, counts in differences.items():
        addition = UpdateBuilder()
        addition.add(counts)
        if row.partition == ALL:
            set_mark_of_repair(addition)
        key = to_item({"pk": row.partition, "sk": f"{row.sort}#{AUDIT_SHARD}"})
        actions.append(addition.action(reading.tables.rollups, key))
    try:
        reading.client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
    except (ClientError, BotoCoreError) as error:
        # Where an answer got lost, the item is found changed, and is judged again.
        if fault(error) in (Fault.CANCELLED, Fault.PASSING):
            return False
        raise
    return True
