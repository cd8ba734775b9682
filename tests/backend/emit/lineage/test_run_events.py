"""What OpenLineage's run events come to in the ledger, made with the public client's classes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openlineage.client.event_v2 import RunEvent, RunState
from openlineage.client.serde import Serde
from tests.support.producers.lineage import (
    NAME,
    NAMESPACE,
    PARENT_RUN_ID,
    RUN_ID,
    decoded,
    described,
    folded,
    output,
    run_event,
)

from run_ledger.domain import instants
from run_ledger.emit.identity.identifiers import to_identifier
from run_ledger.emit.lineage import (
    LineageAdapter,
    LineageRules,
    Owner,
    UnusableEvent,
    read_rules,
)

RULES = LineageRules(Owner("acme", "warehouse", "{name}"))


def details_of(*events: RunEvent, rules: LineageRules = RULES) -> list[dict[str, Any]]:
    """Give all updates for these events, in this order."""
    adapter = LineageAdapter(rules)
    found = [adapter.job_event(Serde.to_dict(event)) for event in events]
    return [one for one in found if one is not None]


def only(event: RunEvent, rules: LineageRules = RULES) -> dict[str, Any]:
    """Give the state update of an event."""
    detail = LineageAdapter(rules).job_event(Serde.to_dict(event))
    assert detail is not None
    return detail


def life(end: RunState = RunState.COMPLETE) -> list[RunEvent]:
    """Give a run that starts, says twice how many rows it has written so far, and ends."""
    return [
        run_event(RunState.START, "2020-12-17T03:00:00.000Z"),
        run_event(RunState.RUNNING, "2020-12-17T03:10:00.000Z", rows=100),
        run_event(RunState.RUNNING, "2020-12-17T03:20:00.000Z", rows=250),
        run_event(end, "2020-12-17T03:30:00.000Z", rows=300),
    ]


def test_a_run_becomes_a_job() -> None:
    """The run's id, its times, its names and its rows are the job's, the rows counted once."""
    job = folded(details_of(*life()))

    assert job.job_id == RUN_ID
    assert (job.client_id, job.project_id, job.pipeline) == ("acme", "warehouse", NAME)
    assert job.outcome == "succeeded"
    assert job.counters == {"records_ok": 300, "output_files": 1}
    (attempt,) = job.attempts.values()
    assert attempt.started_at == instants.parse("2020-12-17T03:00:00Z")
    assert attempt.ended_at == instants.parse("2020-12-17T03:30:00Z")


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (RunState.START, "running"),
        (RunState.RUNNING, "running"),
        (RunState.OTHER, "queued"),
        (None, "queued"),
        (RunState.COMPLETE, "succeeded"),
        (RunState.FAIL, "failed"),
        (RunState.ABORT, "cancelled"),
    ],
)
def test_each_kind_of_event_has_its_meaning(state: RunState | None, outcome: str) -> None:
    """The six kinds, and none, say what their spec means by them."""
    detail = only(run_event(state))

    assert folded([detail]).outcome == outcome


def test_any_order_and_any_repeats_come_to_the_same() -> None:
    """Updates that arrive in any order, some of them twice, fold to one and the same job."""
    details = details_of(*life(RunState.FAIL))
    expected = folded(details)
    dice = random.Random(7)

    for _ in range(200):
        again = [*dice.sample(details, len(details)), *dice.sample(details, 2)]
        assert folded(again) == expected


def test_a_repeated_event_is_the_same_update() -> None:
    """Telling an event again gives the same id and the same content, in another process as well."""
    assert details_of(*life()) == details_of(*life())
    ids = [one["event_id"] for one in details_of(*life())]
    assert len(set(ids)) == len(ids)


def test_statistics_of_all_datasets_are_summed_once_each() -> None:
    """Rows, bytes and files of outputs and inputs add up; a dataset listed twice counts once."""
    event = described(RunState.COMPLETE)
    event.outputs = [output("a", 10, 1000), output("b", 5, 200), output("b", 7, 300)]
    job = folded(details_of(event))

    assert job.counters == {
        "records_ok": 17,
        "output_bytes": 1300,
        "output_files": 2,
        "input_records": 12,
        "input_bytes": 3400,
    }


@pytest.mark.parametrize("rows", [-1, 2**53 + 1, "12", True, 1.5, None, [3]])
def test_statistics_that_are_no_counts_are_left_out(rows: Any) -> None:
    """Nonsense in a facet costs the facet, not the event."""
    event = Serde.to_dict(run_event(RunState.COMPLETE, rows=1))
    event["outputs"][0]["outputFacets"]["outputStatistics"] = {"rowCount": rows, "size": 8}
    detail = LineageAdapter(RULES).job_event(event)

    assert detail is not None
    assert list(detail["running_totals"].values()) == [{"output_bytes": 8}]


def test_what_a_run_says_of_itself_is_kept() -> None:
    """Parent, nominal times, engine, kind, tags, attempt and log are found where they are told."""
    detail = only(described(RunState.START), RULES._replace(tags={"stage": "prod"}))

    assert detail["parent_job_id"] == PARENT_RUN_ID
    assert detail["attempt"] == 2
    assert detail["log_url"] == "https://airflow.example/dags/myjob/log?try=2"
    assert detail["heartbeat_seconds"] == 86_400
    assert detail["name"] == NAME
    assert detail["tags"] == {
        "stage": "prod",
        "namespace": NAMESPACE,
        "engine": "Airflow 2.5.0",
        "integration": "AIRFLOW",
        "job_type": "TASK",
        "nominal_start": "2020-12-17T03:00:00.000Z",
        "nominal_end": "2020-12-17T04:00:00.000Z",
        "pii": "true",
    }
    assert "tags" not in only(described(RunState.COMPLETE))
    assert only(described(RunState.START), RULES._replace(airflow_attempts=False))["attempt"] == 1


def test_an_error_has_its_type_and_no_stack_trace() -> None:
    """The message facet becomes the error; its trace stays where it is."""
    detail = only(described(RunState.FAIL))

    assert detail["error"] == {
        "type": "org.apache.spark.sql.AnalysisException",
        "message": "Table or view not found: t",
    }
    assert "SomeClass" not in repr(detail)
    assert "error" not in only(described(RunState.COMPLETE))


@pytest.mark.parametrize(
    "url",
    [
        *("http://airflow.example/log", "https://", "javascript:alert(1)", "https://a b", 7, None),
        *("https://user:secret@airflow.example/log", "https://a.example/" + "x" * 1024),
        "https://a.example/\n",
    ],
)
def test_a_log_address_is_https_without_a_password_or_absent(url: Any) -> None:
    """What the contract would refuse, or what would show a password, is left out."""
    facets = {"airflow": {"taskInstance": {"log_url": url}}}

    assert "log_url" not in only(run_event(RunState.START, facets=facets))


@pytest.mark.parametrize(
    ("namespace", "client_id", "project_id", "pipeline"),
    [
        ("acme-prod", "acme", "nightly", "myjob.mytask"),
        ("team-a", "teams", "team-a", "myjob"),
        ("team-blue-1", "blue", "team-blue-1", "all"),
        ("elsewhere", "general", "elsewhere", "myjob.mytask"),
        ("spark://x", "general", to_identifier("spark://x"), "myjob.mytask"),
    ],
)
def test_namespaces_say_whose_a_job_is(
    namespace: str, client_id: str, project_id: str, pipeline: str
) -> None:
    """An exact namespace counts before the longest beginning, and that before the general rule."""
    rules = LineageRules(
        Owner("general"),
        {
            "acme-prod": Owner("acme", "nightly"),
            "team-*": Owner("teams", pipeline="{root}"),
            "team-blue-*": Owner("blue", pipeline="all"),
        },
    )
    detail = only(run_event(RunState.START, namespace=namespace), rules)

    assert (detail["client_id"], detail["project_id"], detail["pipeline"]) == (
        client_id,
        project_id,
        pipeline,
    )


def test_braces_in_a_name_are_only_a_name() -> None:
    """What a job is called is filled in once and never read as a pattern itself."""
    detail = only(run_event(RunState.START, name="{namespace}{0.__class__}"))

    assert detail["pipeline"] == to_identifier("{namespace}{0.__class__}")


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def cut(event: dict[str, Any]) -> None:
        for name in path[:-1]:
            event = event[name]
        del event[path[-1]]

    return cut


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("run", "runId"), "run.runId is None"),
        (("job", "name"), "job.name is None"),
        (("job", "namespace"), "job.namespace is None"),
        (("run",), "run.runId is None"),
        (("job",), "job.namespace is None"),
    ],
)
def test_what_must_be_there_is_named(path: tuple[str, ...], named: str) -> None:
    """An event without an identity is refused in a sentence that names the field."""
    event = Serde.to_dict(run_event(RunState.START))
    _without(*path)(event)

    with pytest.raises(UnusableEvent, match=named):
        LineageAdapter(RULES).job_event(event)


def test_no_client_for_a_namespace_is_said() -> None:
    """Where only some namespaces have a client, the others are refused by name."""
    with pytest.raises(UnusableEvent, match="no client_id for the namespace 'my-scheduler"):
        only(run_event(RunState.START), LineageRules(namespaces={"a": Owner("acme")}))


KEYS = st.sampled_from(
    [
        *("parent", "run", "runId", "facets", "job", "errorMessage", "message", "nominalTime"),
        *("nominalStartTime", "processing_engine", "name", "version", "tags", "key", "value"),
        *("airflow", "taskInstance", "try_number", "log_url", "outputStatistics", "rowCount"),
        *("outputFacets", "inputFacets", "jobType", "integration", "size", "somebodys_own"),
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


@given(
    ANYTHING,
    st.dictionaries(KEYS, ANYTHING, max_size=5),
    st.lists(st.dictionaries(KEYS, ANYTHING, max_size=3), max_size=3),
    st.text(st.characters(), min_size=1, max_size=200),
    st.sampled_from(["START", "COMPLETE", "FAIL", "nonsense"]),
)
def test_hostile_events_come_to_updates_that_the_ledger_takes(
    jobs: Any, facets: dict[str, Any], datasets: list[Any], text: str, kind: str
) -> None:
    """Whatever facets, datasets and names hold, each update is one that the contract allows."""
    event = Serde.to_dict(run_event(RunState.START))
    event |= {"eventType": kind, "outputs": datasets, "inputs": datasets}
    event["run"] = {"runId": text, "facets": facets}
    event["job"] = {"namespace": text, "name": text, "facets": jobs}

    found = LineageAdapter(RULES).job_event(event)

    assert found is not None
    (update,) = decoded([found])
    assert update.event_id == found["event_id"]


def test_an_event_without_a_usable_time_is_refused() -> None:
    """It never gets the present, as then a repeat would be another event."""
    event = Serde.to_dict(run_event(RunState.COMPLETE, rows=3)) | {"eventTime": None}

    with pytest.raises(UnusableEvent, match="eventTime is None"):
        LineageAdapter(RULES).job_event(event)


def typed(run_id: str, job_type: str | None, state: RunState = RunState.START) -> dict[str, Any]:
    """Make an event of a run whose job is of this type."""
    event = Serde.to_dict(run_event(state))
    event["run"]["runId"] = run_id
    if job_type is not None:
        event["job"]["facets"] = {"jobType": {"integration": "DBT", "jobType": job_type}}
    return event


@pytest.mark.parametrize(
    ("job_types", "taken"),
    [
        (None, ["JOB", "MODEL", "SQL"]),
        (["JOB", "model"], ["JOB", "MODEL"]),
        (["-SQL"], ["JOB", "MODEL"]),
        (["JOB", "SQL", "-sql"], ["JOB"]),
        ("-SQL, -MODEL", ["JOB"]),
    ],
)
def test_types_of_jobs_may_be_left_out(job_types: Any, taken: list[str]) -> None:
    """Only the types that are named, or all but those with a minus, become jobs."""
    rules = read_rules({"client_id": "acme", "job_types": job_types})
    adapter = LineageAdapter(rules)

    found = [one for one in ("JOB", "MODEL", "SQL") if adapter.job_event(typed(one, one))]

    assert found == taken


def test_a_run_that_was_left_out_stays_out() -> None:
    """Its later events need not repeat the type; what tells no type is reported."""
    adapter = LineageAdapter(read_rules({"client_id": "acme", "job_types": ["-SQL"]}))

    assert adapter.job_event(typed("a", "SQL")) is None
    assert adapter.job_event(typed("a", None, RunState.COMPLETE)) is None
    assert adapter.job_event(typed("b", None))


def test_a_run_that_tells_more_after_its_end_has_not_begun_anew() -> None:
    """Engines send what they know late; a run that starts again says so by START."""
    told = [
        run_event(RunState.START, "2020-12-17T03:00:00.000Z"),
        run_event(RunState.COMPLETE, "2020-12-17T03:10:00.000Z"),
        run_event(RunState.RUNNING, "2020-12-17T03:11:00.000Z"),
    ]
    begun_anew = run_event(RunState.START, "2020-12-17T04:00:00.000Z")

    assert folded(details_of(*told)).restarted_at is None
    assert folded(details_of(*told, begun_anew)).restarted_at is not None
