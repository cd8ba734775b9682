"""The documented rules of what writes cost, on examples."""

from __future__ import annotations

from typing import Any

import pytest
from tests.benchmarks.costs import partitions
from tests.benchmarks.writer import mixes
from tests.benchmarks.writer.writer_units import counted_by_local_aws, metered
from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.sizing import Index, started_kb, table_units
from tests.support.stacks.templates import ROOT

ENTRY = {"id": {"S": "1"}, "status": {"S": "running"}, "name": {"S": "n"}}
BY_STATUS = Index("by_status", ("status",), frozenset({"id", "status", "name"}))


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "Zoë"}, 4),  # bytes of UTF-8, not characters
        ({"N": "27"}, 2),  # a byte for each two digits, and one
        ({"N": "-27"}, 3),  # and one for the sign
        ({"N": "27000000"}, 2),  # zeros at the end cost nothing
        ({"B": b"\x00\x01\x02"}, 3),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"L": [{"S": "ab"}]}, 6),  # three, and one for each element
        ({"M": {"k": {"S": "ab"}}}, 7),
        ({"M": {}}, 3),
    ],
)
def test_an_attribute_is_as_large_as_documented(value: dict[str, Any], size: int) -> None:
    """Name and value count, with an overhead for lists and maps."""
    assert item_bytes({"name": value}) == len("name") + size


@pytest.mark.parametrize(("size", "units"), [(3, 1), (1024, 1), (1025, 2), (3.5 * 1024, 4)])
def test_each_started_kb_is_a_unit(size: float, units: int) -> None:
    """An item of 3.5 KB takes four units, as in AWS's own example."""
    assert started_kb({"a": {"S": "x" * (int(size) - 1)}}) == units


def test_the_larger_of_before_and_after_is_paid_and_a_transaction_twice() -> None:
    """Shrinking an item costs what it was."""
    large, small = {"a": {"S": "x" * 1500}}, {"a": {"S": "x"}}

    assert table_units(large, small, transactional=False) == 2
    assert table_units(None, large, transactional=True) == 4


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, ENTRY, 1),
        (ENTRY, None, 1),
        (ENTRY, ENTRY | {"name": {"S": "m"}}, 1),
        (ENTRY, ENTRY | {"status": {"S": "completed"}}, 2),
        (ENTRY, ENTRY | {"count": {"N": "7"}}, 0),
        (ENTRY, {"id": {"S": "1"}}, 1),
        (None, {"id": {"S": "1"}}, 0),
    ],
    ids=["come", "gone", "projected", "moved", "not projected", "left", "never in"],
)
def test_an_index_costs_what_changes_in_it(before: Any, after: Any, units: int) -> None:
    """Nothing where its entry stays the same; two where the entry moves."""
    assert BY_STATUS.write_units(before, after) == units


def test_counting_costs_no_index_write() -> None:
    """Deltas of known jobs leave every index as it is."""
    start, _ = metered(mixes.deltas_only("sized", 0))
    all_of_it, _ = metered(mixes.deltas_only("sized", 3))

    for place, units in all_of_it.write_units.items():
        assert "/" not in place or units == start.write_units[place]


@pytest.mark.local_stack
def test_the_local_aws_counts_the_same() -> None:
    """What the rules say of the usual mix, table by table and index by index."""
    meter, _ = metered(mixes.usual("units"))

    assert counted_by_local_aws() == {place: n for place, n in meter.write_units.items() if n}


def test_the_page_shows_how_full_each_partition_is() -> None:
    """Its table is what template and rules give.

    After a change of either, ``python -m tests.benchmarks.costs.partitions`` prints it.
    """
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert partitions.table() in page
    names = {one.name for one in partitions.partitions()}
    for name in ("a job's log", "totals", "index by day", "index by outcome", "rejections"):
        assert any(name in one for one in names), name


def test_ten_thousand_events_a_second_fit_over_five_hundred_jobs() -> None:
    """No partition of what was accepted is full then, and the first to be has room left."""
    first = partitions.first_to_give_way()
    assert first.name == "index by outcome"
    assert first.full_at > 10_000
    assert all(one.full_at > 10_000 for one in partitions.partitions()[:-1])


def test_no_partition_of_one_job_is_full_at_ten_thousand_events_a_second() -> None:
    """In full batches its item and the first partition of its log take four times as many."""
    assert partitions.most_events_of_one_job() > 4 * 10_000
