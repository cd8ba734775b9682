"""Repairs of what an audit has found, by conditional writes, while writers go on writing.

*Items.* A posting always raises ``n``, so an item that is put (or deleted) on the condition that
``rev``, ``log``, ``era`` and ``n`` are as read replaces exactly what was judged. The revision moves
on, so that a writer that had read the wrong item reads again: of a job or project with a log, the
number of its last row does. An empty row takes that number, so that no writer does, should the item
be lost or put back. The era is another, so that no writer goes by what it remembers of rows.

*Rows.* A posting moves a row and what the entries say of it by the same amount. So the difference
between the two stays what it was found to be, whatever is posted, until it is added. It goes to a
shard that no writer uses, on the condition that its counts are as read: two audits, or a retry
after an answer that got lost, can't add it twice. In the same transaction the row over all of the
day says that its packed rows are to be made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from botocore.exceptions import ClientError

from run_ledger.domain.state.packed_rows import is_counted_by_hours
from run_ledger.domain.state.rollups import ALL, Row
from run_ledger.store.dynamo.attributes import Item, to_attribute, to_item
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.dynamo.expressions import ConditionBuilder, UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault, fault_of_code
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import job_items
from run_ledger.store.items.log_items import empty_item
from run_ledger.store.items.own_names import name_sets
from run_ledger.store.items.packed_items import MENDED
from run_ledger.store.items.rollup_items import key_of_shard

from .expected_items import Entries, Name, differing, instant, whole_number

AUDIT_SHARD = "audit"
# An expression holds 4 KB.
_ATTRIBUTES_A_CALL = 40
_GUARDS = ("rev", "log", "era", "n")
# Where one of them is put right, the job has ended, or otherwise than everybody thought.
_END = ("outcome", "ended_at", "fingerprint")


def mend_item(
    reading: Reading, name: Name, stored: Item | None, expected: Item | None, entries: Entries
) -> bool:
    """Put what is *expected* (None: nothing) in place of what is *stored*.

    *entries* are those that it is expected by. Returns False where the item is no longer as it was
    read.
    """
    condition = _unchanged(name, stored, expected or {})
    table = name.table(reading.tables)
    try:
        if expected is None:
            reading.client.delete_item(TableName=table, Key=name.key, **condition)
        else:
            item = expected | _bookkeeping(stored or {}, expected, entries)
            actions: list[Any] = [{"Put": {"TableName": table, "Item": item, **condition}}]
            if "log" in item:
                actions += empty_rows(reading, name, int(item["log"]["N"]), entries)
            reading.client.transact_write_items(TransactItems=actions)
    except ClientError as error:
        if fault(error) is Fault.CONDITION or _has_changed(error):
            return False
        raise
    return True


def empty_rows(reading: Reading, name: Name, number: int, entries: Entries) -> list[dict[str, Any]]:
    """Return the action that puts an empty row under *number* of the log that *entries* have.

    It lives as long as the last row; after a log whose rows are all gone there is none to put.
    """
    if not entries.rows:
        return []
    last = entries.rows[entries.last_row]
    row = empty_item(*name, number, received_at=last.received_at, expiry=last.expiry)
    absent = "attribute_not_exists(pk)"
    put = {"TableName": reading.tables.entries, "Item": row, "ConditionExpression": absent}
    return [{"Put": put}]


def _has_changed(error: ClientError) -> bool:
    """Return whether a transaction was cancelled as others were at its items, or have changed them.

    It may succeed once these are read again.
    """
    reasons: Any = error.response.get("CancellationReasons", [])
    faults = {fault_of_code(one["Code"]) for one in reasons if one["Code"] != "None"}
    return bool(faults) and faults <= {Fault.CONDITION, Fault.PASSING}


def mend_row(reading: Reading, row: Row, shard: Item | None, changes: Mapping[str, int]) -> bool:
    """Add *changes* to the audits' shard of *row*, which was read as *shard*.

    Returns False where another audit has changed it since.
    """
    table = reading.tables.rollups
    key = to_item({"pk": row.partition, "sk": f"{row.sort}#{AUDIT_SHARD}"})
    for portion in map(dict, portions(sorted(changes.items()), _ATTRIBUTES_A_CALL)):
        known = {name: whole_number((shard or {}).get(name)) for name in portion}
        update = UpdateBuilder()
        update.add(portion)
        for one, names in name_sets(portion).items():
            update.add_members(one, names)
        for name, count in known.items():
            update.require_exactly(name, None if count is None else to_attribute(count))
        actions: Any = [update.action(table, key)]
        if is_counted_by_hours(row.partition):
            actions.append(mark_of_repair(table, row.partition[-10:]))
        try:
            reading.client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            if not _has_changed(error):
                raise
            # This call may have taken effect when it was first sent, and the answer got lost.
            answer = reading.client.get_item(TableName=table, Key=key, ConsistentRead=True)
            now: Any = answer.get("Item", {})
            for name, change in portion.items():
                if whole_number(now.get(name)) != (known[name] or 0) + change:
                    return False
    return True


def mark_of_repair(table: str, day: str) -> dict[str, Any]:
    """Return the action after which the packed rows of a day hold no longer."""
    update = UpdateBuilder()
    set_mark_of_repair(update)
    return update.action(table, key_of_shard(Row(ALL, day), AUDIT_SHARD))


def set_mark_of_repair(update: UpdateBuilder) -> None:
    """Let an *update* of a day's row over all, in the shard of audits, be that mark, too."""
    update.set({MENDED: token_hex(8)})


def _unchanged(name: Name, stored: Item | None, expected: Item) -> dict[str, Any]:
    """Return the condition that the item is still the one that was judged."""
    if stored is None:
        return {"ConditionExpression": f"attribute_not_exists({name.kind}_id)"}
    wrong = {path.partition(".")[0] for path, _, _ in differing(stored, expected)}
    guarded = [*_GUARDS, *sorted(wrong - {*_GUARDS})[:_ATTRIBUTES_A_CALL]]
    condition = ConditionBuilder()
    for attribute in guarded:
        condition.require_exactly(attribute, stored.get(attribute))
    return condition.condition()


def _bookkeeping(stored: Item, expected: Item, entries: Entries) -> Item:
    """Return the attributes that do not follow from events: revision, ``seen`` and its slot.

    An item without its own ``seen`` gets the time at which the last entry came in.
    """
    known = instant(stored.get("seen"))
    seen = entries.last_received_at if known is None else known
    revision = _revision(stored, expected, entries)
    # The log may have begun anew unseen. Later than any era before, as long as a row lives.
    era = entries.last_received_at + next(iter(revision.values()))
    bookkeeping: dict[str, Any] = {"seen": seen, "era": era, **revision}
    if "job_id" in expected:
        bookkeeping["seen_slot"] = job_items.slot_of(seen)
        is_other_end = any(stored.get(name) != expected.get(name) for name in _END)
        if "ended_at" in expected and is_other_end:
            bookkeeping[job_items.TURNED] = next(iter(revision.values()))
    return to_item(bookkeeping)


def _revision(stored: Item, expected: Item, entries: Entries) -> dict[str, Any]:
    """Return the revision after *stored*: one that no writer knows and that no row has."""
    log = whole_number(stored.get("log"))
    if log is None and not entries.last_row:
        revision = whole_number(stored.get("rev"))
        if revision is None:
            # Higher than any revision of an earlier item that a writer may still know.
            revision = whole_number(expected["n"]) or 0
        return {"rev": revision + 1}
    old = {"old": True} if entries.has_old or "old" in stored else {}
    return {"log": max(log or 0, entries.last_row) + 1, **old}
