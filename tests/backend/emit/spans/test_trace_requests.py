"""Which spans of a request count, whose job they are, and which root span is a job's run."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.producers.otlp import AGENT, CHAT, JOB, as_json, as_protobuf, chat, tokens

from run_ledger.emit.spans import TraceRequest, read_json, read_protobuf
from run_ledger.emit.spans.trace_requests import SpanEvents

TRACE = f"{1:032x}"
OF_TRACES = {"run_ledger.job_id": "nightly-{trace_id}", "service.name": "enrich"}
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        [
            *(f"run_ledger.{one}" for one in ("job_id", "project_id", "client_id", "attempt")),
            *(f"run_ledger.{one}" for one in ("result", "name", "parent_job_id", "pipeline")),
            *("gen_ai.operation.name", "gen_ai.request.model", "gen_ai.response.id", "error.type"),
            *("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "service.name"),
            *("openinference.span.kind", "llm.token_count.prompt", "exception.message"),
        ]
    ),
    st.one_of(
        st.text(max_size=9),
        st.sampled_from(["chat", "LLM", "invoke_agent", "gpt-4o"]),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.booleans(),
    ),
    max_size=6,
)
SPANS = st.fixed_dictionaries(
    {
        "id": st.integers(0, 5),
        "parent": st.integers(0, 5),
        "kind": st.integers(0, 7),
        "name": st.text(max_size=9),
        "began": st.integers(-(10**9), 10**9),
        "ended": st.integers(-(10**9), 10**9),
        "attributes": ATTRIBUTES,
    },
    optional={
        "failed": st.text(max_size=9),
        "events": st.lists(st.tuples(st.just("exception"), ATTRIBUTES), max_size=2),
    },
)
OWN_JOB = {"run_ledger.job_id": "job-9", "run_ledger.project_id": "p-1"}


def made(spans: list[dict[str, Any]], resource: dict[str, Any] | None = None) -> list[SpanEvents]:
    """Return what spans come to; the same in both encodings."""
    given = JOB if resource is None else resource
    requests = (read_json(as_json(spans, given).encode()), read_protobuf(as_protobuf(spans, given)))
    by_json, by_protobuf = (list(TraceRequest(one).events("acme")) for one in requests)
    assert by_json == by_protobuf
    return by_json


def counted(spans: list[dict[str, Any]]) -> list[int]:
    """Return the ids of the calls that count, in order of their ends."""
    return [int(detail["event_id"][-16:], 16) for one in made(spans) for detail in one.details]


def test_of_calls_within_calls_the_inner_one_counts() -> None:
    """Also with other spans between them, and in whichever order they stand."""
    spans = [chat(1, ended=9), {"id": 2, "parent": 1}, chat(3, parent=2, ended=8), chat(4, ended=9)]
    assert counted(spans) == [3, 4]
    assert counted(spans[::-1]) == [3, 4]


def test_an_inner_call_without_tokens_is_told_by_the_outer_one() -> None:
    """As of a stream whose usage only the framework knows; two that tell none are one call."""
    silent = {"id": 2, "parent": 1, "attributes": CHAT}
    assert counted([chat(1), silent]) == [1]
    assert len(counted([{"id": 1, "attributes": CHAT}, silent])) == 1


def test_spans_below_themselves_come_to_an_end() -> None:
    """No program writes such a tree, and nothing waits for it."""
    assert len(counted([chat(1, parent=1)])) == 1
    assert len(counted([chat(1, parent=2), chat(2, parent=1)])) == 1
    ring = [{"id": number, "parent": number % 50 + 1} for number in range(1, 51)]
    assert counted([*ring, chat(99, parent=7)]) == [99]


def test_a_span_that_stands_twice_counts_once() -> None:
    """By the trace's id and its own: the first one."""
    assert counted([chat(1), chat(1, given=99), chat(1, trace=2)]) == [1, 1]


def test_a_call_that_shares_its_id_with_another_span_counts() -> None:
    """As in traces that came from Zipkin, where both sides of a request have one id."""
    assert counted([{"id": 1, "kind": 2, "name": "POST"}, chat(1)]) == [1]
    assert counted([chat(1), {"id": 1, "kind": 2, "name": "POST"}]) == [1]


def by_scopes(*spans: dict[str, Any]) -> list[SpanEvents]:
    """Return what spans come to of which each is made by another instrumentation."""
    content = json.loads(as_json(spans))
    (of_resource,) = content["resourceSpans"]
    (of_scope,) = of_resource["scopeSpans"]
    of_resource["scopeSpans"] = [
        {"scope": {"name": f"scope-{number}"}, "spans": [span]}
        for number, span in enumerate(of_scope["spans"])
    ]
    return list(TraceRequest(read_json(json.dumps(content).encode())).events("acme"))


@pytest.mark.parametrize(
    ("outer", "inner", "calls"),
    [
        ("gpt-4o", "gpt-4o", 1),
        ("openai/gpt-4o", "gpt-4o", 1),
        ("gpt-4o", "GPT-4o-2024-08-06", 1),
        ("", "gpt-4o", 1),
        ("gpt-4o", "", 1),
        ("gpt-4o", "claude-sonnet-4-5", 2),
    ],
)
@pytest.mark.parametrize("outer_tokens", [tokens(10, 2), {}])
def test_calls_of_two_models_at_the_same_moment_are_two(
    outer: str, inner: str, calls: int, outer_tokens: dict[str, int]
) -> None:
    """Though one lies within the other in time; a model's name may be told shorter or longer."""
    models = [{**CHAT, "gen_ai.request.model": name} for name in (outer, inner)]
    found = by_scopes(
        {"id": 1, "began": 0, "ended": 900, "attributes": {**models[0], **outer_tokens}},
        {"id": 2, "began": 100, "ended": 800, "attributes": {**models[1], **tokens(10, 2)}},
    )
    assert len(found) == calls


def test_a_call_without_a_start_encloses_none() -> None:
    """Else each call before it would be taken for the same one."""
    content = json.loads(as_json([chat(1, ended=900)]))
    (of_scope,) = content["resourceSpans"][0]["scopeSpans"]
    of_scope["spans"][0]["startTimeUnixNano"] = "0"
    other = json.loads(as_json([chat(2, ended=300)]))["resourceSpans"][0]["scopeSpans"][0]
    content["resourceSpans"][0]["scopeSpans"].append({**other, "scope": {"name": "other"}})
    request = TraceRequest(read_json(json.dumps(content).encode()))
    assert len(list(request.events("acme"))) == 2


def test_a_failed_call_is_one() -> None:
    """By its status; a failed agent is none."""
    spans = [
        {"id": 1, "attributes": CHAT, "failed": "no"},
        {"id": 2, "attributes": AGENT, "failed": "no"},
    ]
    (one,) = made(spans)
    assert one.details[0]["delta_by_model"] == {"gpt-4o": {"llm_calls": 1, "llm_errors": 1}}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"traceId": "0" * 32}, "traceId is"),
        ({"traceId": "abc"}, "traceId is 'abc'; allowed: 32 hexadecimal digits"),
        ({"spanId": ""}, "spanId is ''; allowed: 16 hexadecimal digits"),
        ({"spanId": "g" * 16}, "spanId is"),
        ({"parentSpanId": "1"}, "parentSpanId is '1'; allowed: 16"),
        ({"endTimeUnixNano": None}, "endTimeUnixNano is 0; allowed: nanoseconds since 1970"),
        ({"endTimeUnixNano": -5}, "endTimeUnixNano is -5"),
    ],
)
def test_a_span_that_is_none_is_named(change: dict[str, Any], told: str) -> None:
    """With the field and what is allowed."""
    content = json.loads(as_json([chat(1)]))
    content["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= change
    (one,) = TraceRequest(read_json(json.dumps(content).encode())).events("acme")
    assert told in one.problem


@pytest.mark.parametrize(
    ("attributes", "resource", "told"),
    [
        ({}, {"service.name": "s"}, "no run_ledger.job_id; allowed: a job's id"),
        ({}, {"run_ledger.job_id": "j"}, "no run_ledger.project_id; allowed: a project's id"),
        (
            {},
            {"run_ledger.job_id": "j", "service.name": "unknown_service"},
            "no run_ledger.project_id",
        ),
        ({"run_ledger.client_id": "a/b"}, JOB, "run_ledger.client_id is 'a/b'; allowed: 1 to 128"),
        ({"run_ledger.attempt": 0}, JOB, "run_ledger.attempt is '0'; allowed: an integer from 1"),
        ({"run_ledger.attempt": "²"}, JOB, "run_ledger.attempt is '²'"),
        ({"run_ledger.attempt": "9" * 30}, JOB, "run_ledger.attempt is"),
    ],
)
def test_a_call_that_belongs_to_no_job_says_what_is_missing(
    attributes: dict[str, Any], resource: dict[str, Any], told: str
) -> None:
    """So that nobody looks for its tokens in vain."""
    (one,) = made([chat(1, attributes=attributes)], resource)
    assert told in one.problem
    assert len(one.problem) <= 400


def test_a_job_is_named_by_the_span_then_by_the_resource() -> None:
    """Ids from elsewhere become ids of the ledger; properties of OpenLLMetry are read, too."""
    attributes = {
        "traceloop.association.properties.run_ledger.job_id": "a/b",
        "run_ledger.pipeline": "nightly",
        "run_ledger.attempt": 2,
    }
    (one,) = made([chat(1, attributes=attributes)])
    detail = one.details[0]
    assert detail["job_id"].startswith("a-b-")
    assert (detail["project_id"], detail["pipeline"], detail["attempt"]) == ("p-1", "nightly", 2)
    (one,) = made([chat(1)], OF_TRACES)
    assert (one.details[0]["job_id"], one.details[0]["project_id"]) == (
        f"nightly-{TRACE}",
        "enrich",
    )


@pytest.mark.parametrize(
    ("value", "job_id"), [(7, "7"), (7.0, "7"), (1.5, "1.5"), (True, "True"), ("7", "7")]
)
def test_a_job_is_named_by_numbers_too(value: object, job_id: str) -> None:
    """A call never counts for the resource's job where the span names another one."""
    (one,) = made([chat(1, attributes={"run_ledger.job_id": value})])
    assert one.details[0]["job_id"] == job_id


def test_an_attempt_may_be_written_as_a_float() -> None:
    """If it is a whole number; else the call is rejected, and not counted for the first attempt."""
    (one,) = made([chat(1, attributes={"run_ledger.attempt": 2.0})])
    assert one.details[0]["attempt"] == 2
    (one,) = made([chat(1, attributes={"run_ledger.attempt": 2.5})])
    assert "run_ledger.attempt is '2.5'; allowed: an integer from 1" in one.problem


def test_a_root_span_is_a_run_where_it_names_the_job() -> None:
    """From its beginning to its end, with the name for people and the job that it is part of."""
    root = {
        "id": 1,
        "name": "enrich",
        "began": 0,
        "ended": 5_000,
        "attributes": {**OWN_JOB, "run_ledger.parent_job_id": "dag"},
    }
    (one,) = made([root, {"id": 2, "parent": 1, "attributes": OWN_JOB}])
    began, ended = one.details
    assert began | {"occurred_at": ""} == {
        "job_id": "job-9",
        "project_id": "p-1",
        "client_id": "acme",
        "status": "running",
        "name": "enrich",
        "parent_job_id": "dag",
        "occurred_at": "",
        "event_id": f"otel-{TRACE}-{1:016x}-began",
    }
    assert (ended["status"], ended["result"]) == ("completed", "succeeded")
    assert began["occurred_at"][17:19] == "00"
    assert ended["occurred_at"][17:19] == "05"


@pytest.mark.parametrize(
    ("span", "resource", "is_run"),
    [
        ({}, OF_TRACES, True),
        ({"kind": 2}, OF_TRACES, True),
        ({"kind": 3}, OF_TRACES, False),
        ({"parent": 7}, OF_TRACES, False),
        ({}, JOB, False),
        ({"attributes": OWN_JOB}, JOB, True),
        ({"attributes": {**OWN_JOB, **CHAT, **tokens(1, 1)}}, JOB, False),
        ({"attributes": {**OWN_JOB, **AGENT}}, JOB, True),
        ({}, {}, False),
    ],
)
def test_which_spans_are_runs(
    span: dict[str, Any], resource: dict[str, Any], *, is_run: bool
) -> None:
    """Roots alone, and no calls: neither of a model nor of another system."""
    found = made([{"id": 1, **span}], resource)
    assert any(len(one.details) == 2 for one in found) == is_run


@pytest.mark.parametrize(
    ("span", "result", "error"),
    [
        ({"failed": "boom"}, "failed", {"type": "Error", "message": "boom"}),
        (
            {
                "failed": "ValueError: x",
                "events": [
                    ("exception", {"exception.type": "KeyError", "exception.message": "first"}),
                    (
                        "exception",
                        {"exception.type": "ValueError", "exception.message": "no price"},
                    ),
                ],
            },
            "failed",
            {"type": "ValueError", "message": "no price"},
        ),
        ({"said": "partial"}, "partial", None),
        (
            {"said": "cancelled", "failed": "stopped"},
            "cancelled",
            {"type": "Error", "message": "stopped"},
        ),
    ],
)
def test_how_a_run_ends(span: dict[str, Any], result: str, error: dict[str, str] | None) -> None:
    """By its status and its last exception, or by what it says itself."""
    attributes = {**OWN_JOB, **({"run_ledger.result": span.pop("said")} if "said" in span else {})}
    (one,) = made([{"id": 1, "attributes": attributes, **span}])
    ended = one.details[1]
    assert (ended["result"], ended.get("error")) == (result, error)


def test_a_run_ends_no_earlier_than_it_began() -> None:
    """Whatever a clock did meanwhile: else the run would seem to have begun anew."""
    (one,) = made([{"id": 1, "began": 500, "ended": 100, "attributes": OWN_JOB}])
    began, ended = one.details
    assert began["occurred_at"] == ended["occurred_at"]


def test_an_unknown_result_is_refused_by_name() -> None:
    """Nothing of the run is sent then: it would never end."""
    (one,) = made([{"id": 1, "attributes": {**OWN_JOB, "run_ledger.result": "fine"}}])
    assert not one.details
    assert "run_ledger.result is 'fine'; allowed: one of" in one.problem


@given(st.lists(SPANS, max_size=6), ATTRIBUTES)
def test_whatever_spans_say_both_encodings_come_to_the_same(
    spans: list[dict[str, Any]], resource: dict[str, Any]
) -> None:
    """Without a fault; and each event is of another id, so that none stands for another one."""
    found = made(spans, {**JOB, **resource})
    ids = [detail["event_id"] for one in found for detail in one.details]
    assert len(set(ids)) == len(ids)
    assert all(bool(one.details) != bool(one.problem) for one in found)
