"""Pages of several sorted partitions divide the whole list, whatever their sizes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.api.pages import Stretch, covers, days_down, merged

keys_of_partitions = st.lists(
    st.lists(st.integers(0, 60), unique=True, max_size=12), min_size=1, max_size=5
)


def key(number: int, partition: int) -> str:
    """Return a sort key; no two partitions share one."""
    return f"{number:03d}#{partition}"


@given(partitions=keys_of_partitions, limit=st.integers(1, 7), portion=st.integers(1, 8))
def test_pages_divide_the_rows(partitions: list[list[int]], limit: int, portion: int) -> None:
    """Each row comes once, in descending order, however little is read of each partition."""
    rows = [[key(number, at) for number in keys] for at, keys in enumerate(partitions)]
    start, given_out = None, []
    while True:
        stretches = []
        for partition in rows:
            left = sorted((k for k in partition if start is None or k < start), reverse=True)
            stretches.append(Stretch([(k, k) for k in left[:portion]], len(left) > portion))
        span = merged(stretches, limit, None)
        assert len(span.rows) <= limit
        given_out += [payload for _, payload in span.rows]
        if span.end is None:
            break
        assert start is None or span.end < start
        start = span.end

    assert given_out == sorted((k for keys in rows for k in keys), reverse=True)


@given(partitions=keys_of_partitions, limit=st.integers(1, 7))
def test_a_page_is_full_where_each_partition_was_read_beyond_it(
    partitions: list[list[int]], limit: int
) -> None:
    """Reading one row more than the limit of each partition is enough for a full page."""
    stretches = []
    for at, keys in enumerate(partitions):
        ordered = sorted((key(number, at) for number in keys), reverse=True)
        read = [(k, k) for k in ordered[: limit + 1]]
        stretches.append(Stretch(read, len(ordered) > limit + 1))
    total = sum(map(len, partitions))

    span = merged(stretches, limit, None)

    assert len(span.rows) == min(limit, total)
    assert (span.end is None) == (total <= limit)


def test_a_page_ends_where_the_partitions_that_were_read_do() -> None:
    """A page that took all there was goes on at the floor, below which others lie."""
    assert merged([Stretch([("b", 1)], goes_on=False)], 5, "a").end == "a"
    assert merged([], 5, None).end is None


def test_the_span_of_a_page_is_open_at_the_ends_of_the_list() -> None:
    """Positions become times; a day stands for its midnight."""
    page = covers("2026-11-22T10:00:00.000000Z#job", "2026-11-20")

    assert (page.to, page.from_) == ("2026-11-22T10:00:00.000000Z", "2026-11-20T00:00:00.000000Z")
    assert (covers(None, None).to, covers(None, None).from_) == (None, None)


def test_days_are_counted_down_over_the_ends_of_months_and_years() -> None:
    """Both ends belong to it, and a start before the end gives no day."""
    assert days_down("2028-03-01", "2028-02-28") == ["2028-03-01", "2028-02-29", "2028-02-28"]
    assert days_down("2027-01-01", "2026-12-31") == ["2027-01-01", "2026-12-31"]
    assert days_down("2026-12-30", "2026-12-31") == []
