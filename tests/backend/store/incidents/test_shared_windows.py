"""One window of a pipeline's last ended jobs serves error rates and what fails there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo import faults
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.stand_in import Dynamo, Script
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writers import Writer
from tests.support.readers import ledgers

from run_ledger.domain.incidents.alert_rules import AlertRule, IncidentScope, JobEnd, rulings_on
from run_ledger.domain.incidents.causes import IncidentNotice, Standing
from run_ledger.domain.incidents.error_rates import SPARE_MARKS
from run_ledger.domain.incidents.judging import judged_scope
from run_ledger.domain.incidents.marks.job_marks import MOST_GOOD_BEYOND, EndedMark, job_digest
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.incidents.incident_items import scope_key
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.window_items import WINDOW, window_item

ENDED = IncidentScope("acme", "nightly", None, "ended")
RATE = ENDED._replace(family="rate")
FAILED = AlertRule("failed", grace_seconds=0)
RULES = (AlertRule("error_rate", grace_seconds=0, above_percent=99, last=5), FAILED)
NOW = Instant(1_000 * MICROSECONDS)
CALLS = 11


def end(job_id: str, result: str, at: int, version: int = 1) -> JobEnd:
    """Return how a job has ended."""
    fingerprint = "f" if result == "failed" else None
    return JobEnd(job_id, version, "acme", "p", "nightly", result, Instant(at), fingerprint)


def incidents(store: Dynamo, script: Script | None = None) -> IncidentLedger:
    """Return what keeps incidents, with calls that go through *script*."""
    client: Any = ScriptedQuerying(store, script)
    return IncidentLedger(client, NAMES.incidents, lambda: NOW, lambda _: None)


def taken(ledger: IncidentLedger, one: JobEnd) -> list[IncidentNotice]:
    """Take an end as the teller does: error rates first; return what there is to tell."""
    rulings = rulings_on(RULES, one)
    ledger.take(RATE, [rulings[RATE]])
    return [notice for _, notice in ledger.take(ENDED, [rulings[ENDED]])]


def kinds(notices: Sequence[IncidentNotice]) -> list[str]:
    """Return what there is to tell."""
    return [notice.kind.removeprefix("incident_") for notice in notices]


def test_a_good_end_is_written_once() -> None:
    """Whatever rules ask for it."""
    recorder = faults.Recorder()
    ledger = incidents(ledgers.empty_store(), recorder)
    assert taken(ledger, end("a", "succeeded", 1)) == []
    assert recorder.operations.count("PutItem") == 1
    assert taken(ledger, end("a", "succeeded", 1)) == []
    assert recorder.operations.count("PutItem") == 1, "and a repeat not at all"


def test_a_failure_and_its_success_meet() -> None:
    """Call by call in every order: nothing stays open, and each teller does its part."""
    ends = [end("a", "failed", 1), end("b", "succeeded", 2)]
    for turns in product((0, 1), repeat=CALLS):
        store = ledgers.empty_store()
        writers = [Writer() for _ in ends]
        for writer, one in zip(writers, ends, strict=True):
            ledger = incidents(store, writer.script)
            writer.start(lambda ledger=ledger, one=one: taken(ledger, one))
        for turn in turns:
            if writers[turn].is_working:
                writers[turn].step()
        for writer in writers:
            writer.finish()
        told = kinds([notice for _, notice in incidents(store).take(ENDED)])
        assert told in ([], ["opened", "closed"]), turns


def test_what_a_good_job_becomes_is_known_without_the_window() -> None:
    """A job that succeeded fails after all: also where only what fails hears of it."""
    store = ledgers.empty_store()
    taken(incidents(store), end("a", "failed", 1))
    assert kinds(taken(incidents(store), end("b", "succeeded", 2))) == ["opened", "closed"]
    rulings = rulings_on((FAILED,), end("b", "failed", 3, version=2))
    told = incidents(store).take(ENDED, [rulings[ENDED]])
    assert kinds([notice for _, notice in told]) == ["opened", "closed", "opened"]
    assert told[-1][1].jobs == 2, "both have failed since the last good job, of which there is none"


def test_the_last_good_jobs_stay_in_a_window_though_many_fail() -> None:
    """So a failure that is heard of late opens nothing, if a job has succeeded since."""
    store = ledgers.empty_store()
    ledger = incidents(store)
    for number in range(2 * MOST_GOOD_BEYOND):
        taken(ledger, end(f"good-{number}", "succeeded", 10 + number))
    for number in range(2 * (RULES[0].last + SPARE_MARKS)):
        taken(ledger, end(f"bad-{number}", "failed", 100 + number))
    good = {job_digest(f"good-{number}") for number in range(2 * MOST_GOOD_BEYOND)}
    kept = {bytes(one) for one in ledger._read(RATE).standing.window} & good
    assert len(kept) == MOST_GOOD_BEYOND
    other = JobEnd("late", 1, "acme", "p", "nightly", "failed", Instant(12), "g")
    before = store.commits
    assert [one.notice_id for one in taken(ledger, other)]
    causes = ledger._read(ENDED).standing.causes
    (late,) = [cause for key, cause in causes.items() if key.fingerprint == "g"]
    assert late.incident is None
    assert late.jobs == 0
    assert store.commits == before + 1, "its mark alone"
    taken(ledger, end("good-0", "succeeded", 10))
    assert store.commits == before + 1, "a repeat of what was forgotten changes nothing"


def test_a_window_of_an_earlier_version_is_read() -> None:
    """It lay beside the causes of error rates."""
    store = ledgers.empty_store()
    window = {
        job_digest(f"job-{number}"): EndedMark(1, Instant(number), counts=True, has_failed=True)
        for number in range(4)
    }
    item = window_item(RATE, window, 7, NOW) | to_item({"pk": scope_key(RATE)})
    store.client().put_item(TableName=NAMES.incidents, Item=item)
    ledger = incidents(store)
    rulings = rulings_on(RULES, end("job-4", "failed", 4))
    told = ledger.take(RATE, [rulings[RATE]])
    assert kinds([notice for _, notice in told]) == ["opened"], "all of five have failed"
    before = store.commits
    assert ledger.take(RATE, [rulings[RATE]]) == told
    assert store.commits == before
    assert [one["rev"]["N"] for one in store.items(NAMES.incidents) if one["sk"]["S"] == WINDOW]


_ends = st.lists(
    st.tuples(
        st.sampled_from("abcd"),
        st.sampled_from(("failed", "succeeded", "cancelled", "partial")),
        st.integers(1, 6),
    ),
    max_size=12,
)


@given(_ends, st.data())
def test_what_fails_is_the_same_with_and_without_a_window(
    found: list[tuple[str, str, int]], data: st.DataObject
) -> None:
    """As jobs end one way and another, with repeats, and where the window has not heard of some.

    The stream has the ends of one job in their order.
    """
    versions: dict[str, int] = {}
    ends = []
    for job_id, result, at in found:
        versions[job_id] = versions.get(job_id, 0) + 1
        ends.append(end(job_id, result, at, versions[job_id]))
    order = []
    for number, one in enumerate(ends):
        order.append(one)
        if number % 2:
            order.append(data.draw(st.sampled_from(ends[: number + 1])))
    alone, beside, rate = Standing(), Standing(), Standing()
    for one in order:
        rulings = rulings_on(RULES, one)
        alone = judged_scope(ENDED, alone, [rulings[ENDED]], NOW)
        if data.draw(st.integers(0, 3)):
            rate = judged_scope(RATE, rate, [rulings[RATE]], NOW)
        beside = Standing(beside.good, beside.causes, rate.window)
        beside = judged_scope(ENDED, beside, [rulings[ENDED]], NOW)
        assert beside.good_at == alone.good_at
        assert beside.causes == alone.causes
        assert judged_scope(ENDED, beside, [rulings[ENDED]], NOW) == beside
