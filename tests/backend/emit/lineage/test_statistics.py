"""Figures of datasets: the last ones of each count, however events come."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.producers.lineage import folded_jobs

from run_ledger.domain.contract.vocabulary import MAX_PARTS_PER_EVENT
from run_ledger.emit.lineage import LineageAdapter, LineageRules, Owner

RULES = LineageRules(Owner("acme", "warehouse", "{name}"))
FIELDS = {"rowCount": "records_ok", "size": "output_bytes"}


def event(minute: int, outputs: list[Any], kind: str = "RUNNING") -> dict[str, Any]:
    """Make a run event with these datasets, at that minute."""
    return {
        "eventType": kind,
        "eventTime": f"2026-11-20T10:{minute:02}:00Z",
        "run": {"runId": "r1"},
        "job": {"namespace": "acme", "name": "load"},
        "outputs": outputs,
    }


def output(name: str, **figures: int) -> dict[str, Any]:
    """Make a dataset with these figures."""
    return {"namespace": "db", "name": name, "outputFacets": {"outputStatistics": figures}}


def details(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what a fresh adapter makes of these events, in this order."""
    adapter = LineageAdapter(RULES)
    found = [adapter.job_event(told) for told in events]
    return [one for one in found if one is not None]


def counters(sent: list[dict[str, Any]]) -> dict[str, int]:
    """Give the counters of the one job that updates come to, without zeros."""
    (job,) = folded_jobs(sent)
    return {name: value for name, value in job.counters.items() if value}


def last_words(events: list[dict[str, Any]]) -> dict[str, int]:
    """Count plainly: of each dataset and figure, the value of the latest event that tells it."""
    latest: dict[tuple[str, str], tuple[str, int]] = {}
    for told in events:
        for one in told["outputs"]:
            for field, value in one["outputFacets"]["outputStatistics"].items():
                key, word = (one["name"], FIELDS[field]), (told["eventTime"], value)
                latest[key] = max(latest.get(key, word), word)
    sums: dict[str, int] = {}
    for (_, counter), (_, value) in latest.items():
        sums[counter] = sums.get(counter, 0) + value
    return {name: value for name, value in sums.items() if value}


STATISTICS = st.dictionaries(st.sampled_from(sorted(FIELDS)), st.integers(0, 3), max_size=2)
OUTPUTS = st.dictionaries(st.sampled_from("ab"), STATISTICS, max_size=2).map(
    lambda named: [output(name, **figures) for name, figures in named.items()]
)
RUNS = st.lists(OUTPUTS, min_size=1, max_size=9).map(
    lambda told: [event(minute, outputs) for minute, outputs in enumerate(told)]
)


@given(RUNS, st.randoms(use_true_random=False))
def test_the_last_words_count_in_any_order(
    events: list[dict[str, Any]], dice: random.Random
) -> None:
    """Shuffled and repeated, by one adapter or told anew to others, the sums are the same."""
    expected = last_words(events)
    shuffled = [*events, *events]
    dice.shuffle(shuffled)

    assert counters(details(events)) == expected
    assert counters(details(shuffled)) == expected
    assert counters(details(events) + details(shuffled) + details(events[::-1])) == expected


def test_figures_that_come_back_count_again() -> None:
    """A dataset may have fewer rows, and then as many as before."""
    sent = details([event(at, [output("a", rowCount=n)]) for at, n in enumerate((5, 3, 5, 3, 5))])

    assert counters(sent) == {"records_ok": 5}
    assert len({one["event_id"] for one in sent}) == len(sent)


def test_older_names_and_places_are_read() -> None:
    """Early producers put statistics under `stats`, or among the dataset's own facets."""
    figures = {"rowCount": 5, "size": 7}
    for holder, name in (("facets", "stats"), ("facets", "outputStatistics"),
                         ("outputFacets", "stats")):  # fmt: skip
        sent = details([event(1, [{"namespace": "db", "name": "a", holder: {name: figures}}])])
        assert counters(sent) == {"records_ok": 5, "output_bytes": 7}


def test_datasets_without_names_are_told_apart_by_position() -> None:
    """Figures of what has no name count, too, and a repeat adds nothing."""
    nameless = [{"outputFacets": {"outputStatistics": {"rowCount": n}}} for n in (2, 3)]

    assert counters(details([event(1, nameless), event(2, nameless)])) == {"records_ok": 5}


def test_the_figures_of_a_run_do_not_begin_or_end_it() -> None:
    """They are told with the state, and change neither start nor end."""
    sent = details([event(9, [output("a", rowCount=5)], "COMPLETE")])
    (job,) = folded_jobs(sent)

    assert job.outcome == "succeeded"
    assert job.current.started_at is None


def test_very_many_datasets_are_told_in_one_event() -> None:
    """Some of a huge event's count as one; nothing is lost, and a repeat adds nothing."""
    many = [output(f"d{number}", rowCount=1) for number in range(3_000)]

    sent = details([event(1, many), event(2, many[::-1])])

    assert counters(sent) == {"records_ok": 3_000}
    assert [len(one["running_totals"]) for one in sent] == [MAX_PARTS_PER_EVENT] * 2


def test_what_a_retry_writes_comes_on_top() -> None:
    """Each attempt has parts of its own, as sums of deltas would."""
    facets = {"airflow": {"dagRun": {"run_id": "r"}, "taskInstance": {"map_index": -1}}}
    told = [event(minute, [output("a", rowCount=5)]) for minute in (1, 2)]
    for number, one in enumerate(told, 1):
        tries = {**facets["airflow"]["taskInstance"], "try_number": number}
        one["run"]["runId"] = f"r{number}"
        one["run"]["facets"] = {"airflow": {**facets["airflow"], "taskInstance": tries}}

    assert counters(details(told)) == {"records_ok": 10}


def test_the_end_has_the_last_word_of_its_time() -> None:
    """Clocks are coarse: what is told for the same time as the end, but not by it, is earlier."""
    running = event(1, [output("a", rowCount=9)])
    end = event(1, [output("a", rowCount=5)], "COMPLETE")

    assert counters(details([running, end])) == {"records_ok": 5}
    assert counters(details([end, running])) == {"records_ok": 5}
