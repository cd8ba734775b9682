"""A ledger in the layout of old goes on in logs, while writers of both settings are at work."""

from __future__ import annotations

import pytest
from tests.support.dynamo.faults import Recorder
from tests.support.dynamo.stand_in import Answer, Call, Dynamo
from tests.support.events.builders import Envelope, decoded, job_update, project_update
from tests.support.readers import ledgers
from tests.support.readers.ledgers import NAMES, NOW, TTL_DAYS, assert_balanced, make_ledger, post

from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.items.entry_items import entry_item
from run_ledger.store.posting.entities import Layout
from run_ledger.store.posting.ledger import Keeping, Ledger

ROWS = Keeping(TTL_DAYS, ledgers.SHARDS, Layout.ROWS)
OLD = [
    job_update(event_id="1", status="running", delta={"records_ok": 1}),
    job_update(event_id="2", delta={"records_ok": 1}),
    project_update(event_id="3", name="first"),
]
NEW = [job_update(event_id="4", delta={"records_ok": 1}), project_update(event_id="5", name="next")]


def rows_writer(store: Dynamo, seed: int = 0) -> Ledger:
    """Return a writer of this release that keeps events by themselves."""
    return make_ledger(store, seed=seed, keeping=ROWS)


def begun() -> Dynamo:
    """Return a store with a job and a project in the layout of old."""
    store = ledgers.empty_store()
    post(rows_writer(store), OLD)
    return store


def partitions(store: Dynamo) -> set[str]:
    """Return what the partition keys of Entries begin with."""
    return {item["pk"]["S"].partition("#")[0] for item in store.items(NAMES.entries)}


def item_of(store: Dynamo, job_id: str = "job-1") -> Item:
    """Return a job's item."""
    (item,) = [one for one in store.items(NAMES.jobs) if one["job_id"]["S"] == job_id]
    return item


def test_rows_are_what_the_release_before_wrote() -> None:
    """An entry by event, no log, and a revision: whoever goes back to that release reads them."""
    store = begun()
    assert partitions(store) == {"job", "project"}
    keys = {(item["pk"]["S"], item["sk"]["S"]) for item in store.items(NAMES.entries)}
    assert keys == {("job#job-1", "1"), ("job#job-1", "2"), ("project#project-1", "3")}
    assert {"rev", "log", "old"} & {*item_of(store)} == {"rev"}
    assert_balanced(store)


def test_an_old_job_goes_on_in_a_log() -> None:
    """Nothing of it is written anew, and what comes again of before is known."""
    store = begun()
    old_entries = store.items(NAMES.entries)
    report = post(make_ledger(store), [*OLD, *NEW])
    assert (report.duplicates, len(report.postings)) == (3, 2)
    assert [item for item in store.items(NAMES.entries) if item in old_entries] == old_entries
    assert partitions(store) == {"job", "project", "log"}
    item = item_of(store)
    assert "rev" not in item
    assert (item["log"], item["old"]) == ({"N": "1"}, {"BOOL": True})
    assert_balanced(store)


def test_what_was_known_under_an_id_decides_after_the_switch() -> None:
    """Another content under the id of an old entry is refused."""
    store = begun()
    report = post(make_ledger(store), [job_update(event_id="2", delta={"records_ok": 5})])
    assert [one["reason"] for one in report.rejections] == ["event_id_reused"]
    assert_balanced(store)


@pytest.mark.parametrize("keeps_ids", [True, False])
def test_receipts_of_old_are_heeded(*, keeps_ids: bool) -> None:
    """A replay of what came without an id before the switch counts nothing after it."""
    store = ledgers.empty_store()
    one = job_update(delta={"records_ok": 1})
    post(rows_writer(store), [one])
    replayed = {**one, "replay-name": "r", "id": one["id"] if keeps_ids else "another"}
    post(make_ledger(store), [job_update(event_id="moves it on", name="a")])
    report = post(make_ledger(store), [replayed])
    assert report.duplicates == 1
    assert_balanced(store)


def test_back_to_rows_goes_on_in_the_log_where_there_is_one() -> None:
    """So whoever switches back doubles nothing, and later jobs are as before."""
    store = begun()
    post(make_ledger(store), NEW)
    again = post(rows_writer(store), [*OLD, *NEW])
    assert (again.duplicates, again.postings) == (5, [])
    later = [job_update(event_id="6", name="b"), job_update(event_id="7", job_id="job-2")]
    post(rows_writer(store), later)
    assert item_of(store)["log"] == {"N": "2"}
    assert {"rev", "log"} & {*item_of(store, "job-2")} == {"rev"}
    assert_balanced(store)


def test_rows_are_not_written_beside_the_log_of_a_job_whose_item_is_lost() -> None:
    """Whoever keeps events by themselves hands it back to the queue, as all others do."""
    store = ledgers.empty_store()
    post(make_ledger(store), [NEW[0]])
    store._versions[NAMES.jobs, ("job-1",)].append(None)
    commits = store.commits
    report = post(rows_writer(store), [NEW[0], job_update(event_id="6", name="b")])
    assert len(report.failed_message_ids) == 2
    assert {"its item is older than its last row" in one for one in report.failures} == {True}
    assert store.commits == commits
    # A job that never was is begun.
    assert not post(rows_writer(store), [job_update(event_id="7", job_id="job-2")]).failures


def test_a_job_that_another_writer_has_just_begun_is_no_lost_one() -> None:
    """Between the readings of the item and of the log it is made: so it is read again."""
    store = ledgers.empty_store()

    def other_first(call: Call) -> Answer:
        post(make_ledger(store, seed=1), [NEW[0]])
        return call.perform()

    script = Recorder(None, other_first)
    report = post(make_ledger(store, script, keeping=ROWS), [job_update(event_id="6", name="b")])
    assert (report.failures, report.cancelled) == ([], 0)
    assert_balanced(store)


@pytest.mark.parametrize("first", ["log", "rows"])
def test_writers_of_both_settings_meet(first: str) -> None:
    """Both remember the job; the one that is late reads on and finds what the other wrote."""
    store = begun()
    logs, rows = make_ledger(store, seed=1), rows_writer(store, seed=2)
    both = [job_update(event_id="both", delta={"records_ok": 1})]
    turns = [logs, rows] if first == "log" else [rows, logs]
    for ledger in turns:
        post(ledger, [job_update(event_id=f"warm-{id(ledger)}", delta={"records_ok": 1})])
    counted = [post(ledger, both).duplicates for ledger in turns * 2]
    assert counted == [0, 1, 1, 1]
    assert_balanced(store)


def test_a_delta_of_the_release_before_is_noticed() -> None:
    """It raises no revision, but the number of events: the move to the log begins again."""
    store = begun()
    mine: list[Envelope] = [job_update(event_id="late", delta={"records_ok": 1})]

    def release_before_first(call: Call) -> Answer:
        entry = entry_item(decoded(mine[0]), received_at=NOW, ttl_days=TTL_DAYS)
        added = {
            "TableName": NAMES.jobs,
            "Key": {"job_id": {"S": "job-1"}},
            "UpdateExpression": "ADD n :one, c_records_ok :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        call.store.perform(
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": NAMES.entries, "Item": entry}},
                    {"Update": added},
                ]
            },
        )
        return call.perform()

    report = post(make_ledger(store, Recorder(None, None, release_before_first)), mine)
    assert (report.cancelled, report.duplicates) == (1, 1)
    assert item_of(store)["c_records_ok"] == {"N": "3"}
    assert len(ledgers.entries(store)) == 4
