"""Which job, attempt and parent a run has, above all where Airflow tells of tries."""

from __future__ import annotations

from typing import Any

import pytest

from run_ledger.domain.contract.vocabulary import is_identifier
from run_ledger.emit.identity.identifiers import to_identifier
from run_ledger.emit.lineage import (
    LineageAdapter,
    LineageRules,
    Owner,
    UnusableEvent,
    read_rules,
    without_run,
)

RULES = LineageRules(Owner("acme", "warehouse", "{name}"))
DAG_RUN = "scheduled__2026-11-20T10:00:00+00:00"


def task(  # noqa: PLR0913 a try has that many parts
    run_id: str,
    number: int | None = 1,
    *,
    map_index: int | None = None,
    dag_run: dict[str, Any] | None = None,
    namespace: str = "acme",
    name: str = "enrich.one",
    facets: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make an event of an Airflow task's try, as its provider sends it."""
    instance = {"try_number": number, "map_index": map_index}
    airflow = {
        "dag": {"dag_id": "enrich"},
        "dagRun": {"run_id": DAG_RUN} if dag_run is None else dag_run,
        "task": {"task_id": "one", "mapped": map_index is not None},
        "taskInstance": {key: value for key, value in instance.items() if value is not None},
    }
    return {
        "eventType": "START",
        "eventTime": "2026-11-20T10:00:00Z",
        "run": {"runId": run_id, "facets": {"airflow": airflow, **(facets or {})}},
        "job": {"namespace": namespace, "name": name},
    }


def child(parent: dict[str, Any]) -> dict[str, Any]:
    """Make an event of a run, such as dbt's, that names its parent."""
    return {
        "eventType": "START",
        "eventTime": "2026-11-20T10:00:00Z",
        "run": {"runId": "child", "facets": {"parent": parent}},
        "job": {"namespace": "dbt", "name": "models"},
    }


def of(*events: dict[str, Any], rules: LineageRules = RULES) -> list[tuple[str, int]]:
    """Give job id and attempt of each event, by one adapter."""
    adapter = LineageAdapter(rules)
    found = [adapter.job_event(event) for event in events]
    return [(one["job_id"], one["attempt"]) for one in found]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"dag_run": {"logical_date": "2026-11-20T10:00:00+00:00"}},
        {"dag_run": {"execution_date": "2026-11-20T10:00:00+00:00"}},
        {"dag_run": {}, "facets": {"parent": {"run": {"runId": "d"}}}},
        {"dag_run": {}, "facets": {"parentRun": {"run": {"runId": "d"}}}},
        {"dag_run": {}, "facets": {"airflowDagRun": {"dagRun": {"run_id": DAG_RUN}}}},
        {"map_index": 3},
    ],
)
def test_tries_of_a_task_are_attempts_of_one_job(more: dict[str, Any]) -> None:
    """Whatever tells which DAG run it was, in older and newer providers."""
    (first, one), (second, two) = of(task("a", 1, **more), task("b", 2, **more))

    assert first == second
    assert is_identifier(first)
    assert (one, two) == (1, 2)


def test_what_is_different_is_another_job() -> None:
    """Map index, DAG run, name and namespace all tell jobs apart, however they are spelt."""
    events = [
        task("a"),
        task("b", map_index=0),
        task("c", map_index=1),
        task("d", dag_run={"run_id": "manual__1"}),
        task("e", name="enrich.two"),
        task("f", namespace="globex"),
        task("g", namespace='acme","enrich.one'),
    ]

    assert len(dict(of(*events))) == len(events)


def test_names_of_mapped_tasks_tell_them_apart() -> None:
    """The map index stands after the name, and not in the pipeline."""
    state = LineageAdapter(RULES).job_event(task("a", map_index=7))

    assert (state["name"], state["pipeline"]) == ("enrich.one [7]", "enrich.one")


def test_instances_that_can_not_be_told_apart_are_not_mixed() -> None:
    """A provider that tells of a mapped task, but no map index, leaves each run a job."""
    event = task("a")
    event["run"]["facets"]["airflow"]["task"]["mapped"] = True

    assert of(event) == [("a", 1)]


def test_without_a_try_number_a_run_is_a_job() -> None:
    """Nothing says then which runs belong together; nor where attempts are switched off."""
    assert of(task("a", None)) == [("a", 1)]
    assert of(task("a", 2), rules=RULES._replace(airflow_attempts=False)) == [("a", 1)]
    for word in ("False", "no", "0"):  # as an environment says it
        rules = read_rules({"client_id": "acme", "airflow_attempts": word})
        assert of(task("a", 2), rules=rules) == [("a", 1)]


@pytest.mark.parametrize(
    "event",
    [
        *({}, {"level": "info", "msg": "done"}, {"events": [task("a")]}, {"job": "nightly"}),
        {"eventType": "START", "eventTime": "2026-11-20T10:00:00Z", "job": task("a")["job"]},
    ],
)
def test_what_is_no_event_is_told_and_not_taken_for_one_without_a_run(
    event: dict[str, Any],
) -> None:
    """Only an event about a dataset or a job alone is left out as such."""
    assert without_run(event) is None
    with pytest.raises(UnusableEvent, match=r"run\.runId"):
        LineageAdapter(RULES).job_event(event)
    assert without_run({"eventTime": "2026-11-20T10:00:00Z", "job": {"name": "x"}}) == "job"


def test_a_later_event_of_a_try_needs_no_facet() -> None:
    """The transport knows which job the run is."""
    start, end = task("a", 2), task("a", 2)
    end["run"]["facets"] = {}

    (first, one), (second, two) = of(start, end)

    assert (first, one) == (second, two)


def ending(event: dict[str, Any], version: str | None = None) -> dict[str, Any]:
    """Make *event* the end of its try, told by Airflow of that version."""
    event["eventType"] = "COMPLETE"
    if version:
        engine = {"name": "Airflow", "version": version}
        event["run"]["facets"]["processing_engine"] = engine
    return event


def test_a_run_is_one_try_whatever_its_end_counts() -> None:
    """Airflow before 2.10 has counted on when a task succeeds; the run is the same one."""
    (job_id, one), end = of(task("a", 1), ending(task("a", 2)))

    assert (job_id, one) == end
    assert of(task("b", 2), ending(task("b", 3)), task("c", 3))[1:] == [(job_id, 2), (job_id, 3)]


@pytest.mark.parametrize(
    ("version", "number"),
    [("2.9.3", 1), ("2.3.0+composer", 1), ("2.10.0", 2), ("2.11.0", 2), ("3.3.0", 2), ("new", 2)],
)
def test_an_end_that_is_told_alone_counts_by_the_version_of_airflow(
    version: str, number: int
) -> None:
    """Another process has told the start; a failure is told before Airflow counts on."""
    failure = ending(task("a", 2), version) | {"eventType": "FAIL"}

    assert [attempt for _, attempt in of(ending(task("a", 2), version))] == [number]
    assert [attempt for _, attempt in of(failure)] == [2]


def test_one_run_of_several_mapped_instances_tells_them_apart() -> None:
    """An early provider gave all instances of a mapped task one run id."""
    events = [task("a", map_index=0), task("a", map_index=1)]

    assert len(dict(of(*events))) == len(events)


def parent_of(event: dict[str, Any], *before: dict[str, Any], rules: LineageRules = RULES) -> Any:
    """Give the parent of an event's job, reported after others."""
    adapter = LineageAdapter(rules)
    for other in before:
        adapter.job_event(other)
    return adapter.job_event(event).get("parent_job_id")


def test_the_parent_is_read_by_both_names() -> None:
    """A run that is called its own parent has none."""
    newer = child({"run": {"runId": "p"}})
    older = child({})
    older["run"]["facets"] = {"parentRun": {"run": {"runId": "p/1"}}}

    assert parent_of(newer) == "p"
    assert parent_of(older) == to_identifier("p/1")
    newer["run"]["facets"] = {"parent": {"run": {}}, **older["run"]["facets"]}
    assert parent_of(newer) == to_identifier("p/1")
    assert parent_of(child({"run": {"runId": "child"}})) is None
    for broken in ({}, {"run": None}, {"run": {"runId": 7}}, {"job": {"name": "x"}}):
        assert parent_of(child(broken)) is None


def test_what_runs_inside_a_task_is_a_part_of_it_or_of_its_dag_run() -> None:
    """The task's job is known where its try was reported here; the DAG run is named anyway."""
    parent = {
        "run": {"runId": "try-2"},
        "job": {"namespace": "acme", "name": "enrich.one"},
        "root": {"run": {"runId": "dag-run"}, "job": {"namespace": "acme", "name": "enrich"}},
    }
    ((job_id, _),) = of(task("try-2", 2))

    assert parent_of(child(parent), task("try-2", 2)) == job_id
    assert parent_of(child(parent)) == "dag-run"
    spark = {**parent, "job": {"namespace": "acme", "name": "some_app"}}
    assert parent_of(child(spark)) == "try-2"
    assert parent_of(child(parent), rules=RULES._replace(airflow_attempts=False)) == "try-2"
