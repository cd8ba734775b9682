"""A job's item is marked by each change that ends the job, or ends it otherwise, and by no other.

The mark is what the filter of the table's stream goes by (see the template's TellerFunction).
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.tables import NAMES
from tests.support.events import traffic
from tests.support.events.builders import job_update
from tests.support.readers import ledgers

from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.incidents.job_ends import job_end
from run_ledger.store.items.job_items import TURNED, from_job_item
from run_ledger.store.posting.entities import Layout
from run_ledger.store.posting.ledger import Keeping


def ended(item: Item | None) -> Any:
    """Return how the job's present attempt has ended, None where it has not."""
    if item is None:
        return None
    job = from_job_item(item).job
    return job.current.ended and (job.attempt, job.current.ended)


@given(
    st.lists(st.lists(traffic.raws, min_size=1, max_size=4), max_size=8),
    st.sampled_from(Layout),
)
def test_the_mark_is_set_by_another_end_alone(batches: list[list[str]], layout: Layout) -> None:
    """Also by two changes in one batch, by events that come late, and in both layouts."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store, keeping=Keeping(90, 3, layout))
    before: dict[str, Item] = {}
    for batch in batches:
        ledgers.post(ledger, batch)
        after = {item["job_id"]["S"]: item for item in store.items(NAMES.jobs)}
        for job_id, item in after.items():
            if item == before.get(job_id):
                continue
            turned = ended(item) is not None and ended(item) != ended(before.get(job_id))
            assert (TURNED in item) == turned
            assert (job_end(item) is not None) == turned
        before = after


def test_the_end_that_a_mark_tells() -> None:
    """Its version grows with each, across the change of layouts, and never lies in the future."""
    store = ledgers.empty_store()
    seen = []
    story = (
        (Layout.ROWS, {"status": "completed", "result": "failed", "error": _ERROR}),
        (Layout.LOG, {"status": "completed", "result": "succeeded"}),
        (Layout.LOG, {"attempt": 2, "status": "completed", "result": "timed_out"}),
    )
    for number, (layout, fields) in enumerate(story):
        ledger = ledgers.make_ledger(store, keeping=Keeping(90, 3, layout))
        at = f"2026-11-22T10:0{number}:00Z" if number < 2 else "2099-01-01T00:00:00Z"
        ledgers.post(ledger, [job_update(occurred_at=at, event_id=f"e{number}", **fields)])
        (item,) = store.items(NAMES.jobs)
        end = job_end(item)
        assert end is not None
        seen.append(end)
    assert [end.result for end in seen] == ["failed", "succeeded", "timed_out"]
    assert seen[0].version < seen[1].version < seen[2].version
    assert (seen[0].fingerprint, seen[0].error) == ("fp", ("ValueError", "row 17 is bad"))
    assert seen[2].fingerprint == "none"
    assert seen[2].at == ledgers.NOW


def test_a_change_by_an_earlier_version_is_no_end() -> None:
    """It leaves the mark, and raises the revision that the mark names."""
    store = ledgers.empty_store()
    done = job_update(event_id="e", status="completed", result="failed")
    ledgers.post(ledgers.make_ledger(store), [done])
    (item,) = store.items(NAMES.jobs)
    assert job_end(item) is not None
    assert job_end({**item, "log": {"N": "2"}}) is None


def test_an_end_after_the_item_was_lost_is_a_later_one() -> None:
    """Its log begins with 1 again, in a later era."""
    store, later = ledgers.empty_store(), str(ledgers.NOW + 1_000_000)
    ledger = ledgers.make_ledger(store)
    for number, result in enumerate(("failed", "succeeded", "failed")):
        fields = {"status": "completed", "result": result, "attempt": number + 1}
        ledgers.post(ledger, [job_update(event_id=f"e{number}", **fields)])
    (item,) = store.items(NAMES.jobs)
    first = {"N": "1"}
    before, after = (
        job_end(item),
        job_end({**item, "log": first, TURNED: first, "era": {"N": later}}),
    )
    assert before is not None
    assert after is not None
    assert before.version < after.version


_ERROR = {"type": "ValueError", "message": "row 17 is bad", "fingerprint": "fp"}
