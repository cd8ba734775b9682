"""Two tellers at one pipeline, call by call in every order: a failure and what heals it meet."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from tests.support.dynamo import faults
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.stand_in import Dynamo, Script
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writers import Writer
from tests.support.readers import ledgers

from run_ledger.domain.incidents.alert_rules import AlertRule, IncidentScope, JobEnd, Ruling
from run_ledger.domain.incidents.causes import CauseKey, IncidentNotice
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.incidents.incident_ledger import IncidentLedger

SCOPE = IncidentScope("acme", "nightly", None, "ended")
NOW = Instant(1_000 * MICROSECONDS)
CALLS = 7
"""How many calls two tellers take turns for, before one after the other ends its work."""


def ruling(kind: Any, job_id: str, at: int, rule: AlertRule | None = None) -> Ruling:
    """Return what a job's end is."""
    result = "failed" if rule else "succeeded"
    end = JobEnd(job_id, 1, "acme", "p", "nightly", result, Instant(at), "f" if rule else None)
    return Ruling(kind, end, rule)


def incidents(store: Dynamo, script: Script | None = None) -> IncidentLedger:
    """Return what keeps incidents, with calls that go through *script*."""
    client: Any = ScriptedQuerying(store, script)
    return IncidentLedger(client, NAMES.incidents, lambda: NOW, lambda _: None)


def raced(turns: tuple[int, ...], works: list[Ruling]) -> tuple[Dynamo, list[Writer]]:
    """Let a teller for each of *works* make its calls in the order of *turns*."""
    store = ledgers.empty_store()
    writers = [Writer() for _ in works]
    for writer, work in zip(writers, works, strict=True):
        ledger = incidents(store, writer.script)
        writer.start(lambda ledger=ledger, work=work: ledger.take(SCOPE, [work]))
    for turn in turns:
        if writers[turn].is_working:
            writers[turn].step()
    for writer in writers:
        writer.finish()
    return store, writers


def kinds(found: list[tuple[CauseKey, IncidentNotice]]) -> list[str]:
    """Return what there is to tell."""
    return [notice.kind.removeprefix("incident_") for _, notice in found]


@pytest.mark.parametrize("grace_seconds", [0, 60])
def test_a_failure_and_its_success_meet(grace_seconds: int) -> None:
    """Whoever writes last sees both: nothing stays open, and in grace nothing is told."""
    bad = ruling("bad", "a", 1, AlertRule("failed", grace_seconds=grace_seconds))
    good = ruling("good", "b", 2)
    for turns in product((0, 1), repeat=CALLS):
        store, writers = raced(turns, [bad, good])
        told = kinds(incidents(store).take(SCOPE))
        assert told in ([], [] if grace_seconds else ["opened", "closed"]), turns
        (cause,) = (item for item in store.items(NAMES.incidents) if item["sk"]["S"] != "good")
        assert (cause["jobs"], cause["incident"]) == ({"N": "0"}, {"NULL": True}), turns
        assert any(kinds(writer.result) == told for writer in writers), "somebody tells it at once"


def test_two_failures_at_once_are_one_incident() -> None:
    """Also the very first, whose item is not there yet; both count."""
    rule = AlertRule("failed", grace_seconds=0)
    works = [ruling("bad", "a", 1, rule), ruling("bad", "b", 2, rule)]
    for turns in product((0, 1), repeat=CALLS):
        store, _ = raced(turns, works)
        assert kinds(incidents(store).take(SCOPE)) == ["opened"], turns
        (cause,) = store.items(NAMES.incidents)
        assert cause["jobs"] == {"N": "2"}, turns


def test_a_cut_leaves_nothing_half_done() -> None:
    """Wherever it comes: what is given again opens the same one incident, and tells it."""
    rule = AlertRule("failed", grace_seconds=0)
    works = [ruling("bad", "a", 1, rule), ruling("good", "b", 2), ruling("bad", "c", 3, rule)]
    for calls in range(12):
        for fault in (faults.cut_before, faults.cut_after):
            store, writer = ledgers.empty_store(), Writer()
            ledger = incidents(store, writer.script)
            writer.start(lambda ledger=ledger: [ledger.take(SCOPE, [work]) for work in works])
            for _ in range(calls):
                if writer.is_working:
                    writer.step()
            if writer.is_working:
                writer.step(fault)
            again = [incidents(store).take(SCOPE, [work]) for work in works]
            ids = [notice.incident.incident_id for _, notice in again[-1]]
            assert kinds(again[-1]) == ["opened", "closed", "opened"]
            assert ids[0] == ids[1] != ids[2]


def test_a_scope_is_read_as_it_is() -> None:
    """A read that lags behind a write would miss what the other teller has just written."""
    recorder = faults.Recorder()
    rule = AlertRule("failed", grace_seconds=0)
    incidents(ledgers.empty_store(), recorder).take(SCOPE, [ruling("bad", "a", 1, rule)])
    assert recorder.operations == ["Query", "PutItem", "Query"]
    assert all(one.request["ConsistentRead"] for one in recorder.calls if "Query" in one.operation)
