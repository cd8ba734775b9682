"""Spans over HTTP: what counts of them, once, and what their exporters hear."""

from __future__ import annotations

import base64
import gzip
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceResponse,
)
from tests.support.producers.buses import jobs_of
from tests.support.producers.otlp import (
    AGENT,
    CHAT,
    JOB,
    JSON_TYPE,
    PROTOBUF_TYPE,
    TOOL,
    Spans,
    as_json,
    as_protobuf,
    chat,
    nested_agents,
    refusal_text,
    tokens,
)
from tests.support.readers.reporting import Answered, ReportingHouse, reporting_house

from run_ledger.domain.instants import MICROSECONDS
from run_ledger.doors.trace_door import MOST_EVENTS_OF_SPANS, TRACES

BACKEND = Path(__file__).resolve().parents[3] / "backend"
ENCODINGS = [JSON_TYPE, PROTOBUF_TYPE]
ONE_CALL = {"llm_calls": 1, "input_tokens": 10, "output_tokens": 2, "cost_microusd": 45}


@pytest.fixture
def here() -> Iterator[ReportingHouse]:
    """Give a house in which a caller may send as much as a test needs."""
    with reporting_house() as house:
        house.events_per_second = 100_000
        yield house


@pytest.fixture
def key(here: ReportingHouse) -> str:
    """Give a key that may report for acme."""
    return here.key("acme")


def export(
    here: ReportingHouse,
    key: str | None,
    spans: Spans,
    resource: Mapping[str, Any] = JOB,
    media_type: str = PROTOBUF_TYPE,
) -> Answered:
    """Send spans in one request."""
    written = as_json if media_type == JSON_TYPE else as_protobuf
    return here.send(key, written(spans, resource), media_type, path=TRACES)


def told(answered: Answered) -> tuple[int, str]:
    """Return how many spans were rejected, and why."""
    if answered.headers["Content-Type"] == JSON_TYPE:
        partial = answered.json.get("partialSuccess", {})
        return int(partial.get("rejectedSpans", 0)), partial.get("errorMessage", "")
    reply = ExportTraceServiceResponse.FromString(base64.b64decode(answered.body))
    assert reply.HasField("partial_success") == bool(answered.body)
    return reply.partial_success.rejected_spans, reply.partial_success.error_message


def reason(answered: Answered) -> str:
    """Return the message of a refusal."""
    return refusal_text(answered.body, answered.headers["Content-Type"])


def counters(here: ReportingHouse, job_id: str = "job-1") -> dict[str, int]:
    """Return what a job comes to by the events that the bus took."""
    return dict(jobs_of(here.bus.entries)[job_id].counters)


@pytest.mark.parametrize("seed", range(8))
def test_nested_agents_are_the_sum_of_their_leaves(
    here: ReportingHouse, key: str, seed: int
) -> None:
    """However spans come: in any order, in one or many requests, in both encodings, twice."""
    dice = random.Random(seed)
    spans = nested_agents() * 2
    dice.shuffle(spans)
    most = dice.choice([1, 3, 30])
    while spans:
        some, spans = spans[:most], spans[most:]
        assert told(export(here, key, some, media_type=dice.choice(ENCODINGS))) == (0, "")
    found = counters(here)
    assert {name: found[name] for name in ("llm_calls", "input_tokens", "output_tokens")} == {
        "llm_calls": 3,
        "input_tokens": 70,
        "output_tokens": 6,
    }


def test_both_encodings_packed_or_not_come_to_the_same(here: ReportingHouse, key: str) -> None:
    """To the byte: so a retry by another exporter counts once as well."""
    spans = [*nested_agents(), chat(30, failed="overloaded"), {"id": 31, "name": "http"}]
    sent: list[list[Any]] = []
    for media_type, written in (
        (JSON_TYPE, as_json(spans).encode()),
        (PROTOBUF_TYPE, as_protobuf(spans)),
    ):
        for coding, body in (("", written), ("gzip", gzip.compress(written))):
            here.bus.entries.clear()
            headers = {"Content_Encoding": coding} if coding else {}
            assert here.send(key, body, media_type, path=TRACES, **headers).status == 200
            sent.append(list(here.bus.entries))
    assert sent[0] == sent[1] == sent[2] == sent[3]
    assert len(sent[0]) == 4


CONVENTIONS: Sequence[tuple[dict[str, Any], dict[str, int]]] = [
    (
        {
            **CHAT,
            **tokens(10, 2),
            "gen_ai.provider.name": "openai",
            "gen_ai.usage.cache_read.input_tokens": 4,
        },
        {"llm_calls": 1, "input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 4},
    ),
    (
        {
            "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o",
            "gen_ai.usage.prompt_tokens": 10,
            "gen_ai.usage.completion_tokens": 2,
        },
        {"llm_calls": 1, "input_tokens": 10, "output_tokens": 2},
    ),
    (
        {"gen_ai.operation.name": "text_completion", "gen_ai.response.model": "m", **tokens(3, 1)},
        {"llm_calls": 1, "input_tokens": 3, "output_tokens": 1},
    ),
    (
        {"gen_ai.operation.name": "generate_content", "gen_ai.request.model": "m", **tokens(3, 1)},
        {"llm_calls": 1, "input_tokens": 3, "output_tokens": 1},
    ),
    (
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.request.model": "m",
            "gen_ai.usage.input_tokens": 9,
        },
        {"llm_calls": 1, "input_tokens": 9},
    ),
    (
        {
            "llm.request.type": "chat",
            "gen_ai.request.model": "gpt-4o",
            "llm.usage.prompt_tokens": 5,
            "llm.usage.completion_tokens": 1,
        },
        {"llm_calls": 1, "input_tokens": 5, "output_tokens": 1},
    ),
    (
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o",
            "llm.token_count.prompt": 5,
            "llm.token_count.completion": 1,
        },
        {"llm_calls": 1, "input_tokens": 5, "output_tokens": 1},
    ),
    (  # Spring AI by Micrometer
        {
            **CHAT,
            "gen_ai.usage.input_tokens": "10",
            "gen_ai.usage.output_tokens": "2",
            "gen_ai.usage.total_tokens": "12",
        },
        {"llm_calls": 1, "input_tokens": 10, "output_tokens": 2},
    ),
    # Pydantic AI: an agent's run, by two versions, with the tokens of all its calls
    ({"gen_ai.agent.name": "a", "model_name": "gpt-4o", "agent_name": "a", **tokens(9, 9)}, {}),
    ({"agent_name": "a", "model_name": "gpt-4o", "logfire.msg": "a run", **tokens(9, 9)}, {}),
    (
        {**CHAT, **tokens(10, 2), "gen_ai.agent.name": "a"},
        {"llm_calls": 1, "input_tokens": 10, "output_tokens": 2},
    ),
    ({**AGENT, **tokens(9, 9)}, {}),
    ({**TOOL, **tokens(9, 9)}, {}),
    ({"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 5}, {}),
    ({"traceloop.span.kind": "workflow", "gen_ai.usage.prompt_tokens": 5}, {}),
    ({"http.request.method": "POST"}, {}),
]


@pytest.mark.parametrize("media_type", ENCODINGS)
@pytest.mark.parametrize(("attributes", "wanted"), CONVENTIONS)
def test_each_convention_is_read(
    here: ReportingHouse,
    key: str,
    attributes: dict[str, Any],
    wanted: dict[str, int],
    media_type: str,
) -> None:
    """The present names and those of before; agents, tools and other spans are no calls."""
    span = {"id": 1, "attributes": {**attributes, "gen_ai.response.finish_reasons": ["stop"]}}
    assert told(export(here, key, [span], media_type=media_type)) == (0, "")
    found = counters(here) if wanted else {}
    uncounted = ("cost_microusd", "llm_calls_unpriced")
    assert {name: one for name, one in found.items() if name not in uncounted} == wanted
    assert bool(here.bus.entries) == bool(wanted)


def test_a_call_is_counted_by_its_model_with_its_cost(here: ReportingHouse, key: str) -> None:
    """For the job that its resource names, with the client bound by the source."""
    export(here, key, [chat(1)])
    (entry,) = here.bus.entries
    assert (entry["Source"], entry["DetailType"]) == ("run-ledger/client/acme", "job_update")
    detail = json.loads(entry["Detail"])
    assert detail.pop("occurred_at").endswith("Z")
    assert detail == {
        "job_id": "job-1",
        "project_id": "p-1",
        "client_id": "acme",
        "event_id": f"otel-{1:032x}-{1:016x}",
        "delta_by_model": {"gpt-4o": ONE_CALL},
    }


def test_two_spans_of_one_answer_beside_each_other_count_once(
    here: ReportingHouse, key: str
) -> None:
    """As some frameworks' spans don't stand above the SDK's; servers that repeat ids lose none."""
    same = {"attributes": {"gen_ai.response.id": "answer"}}
    outer, inner = chat(1, began=0, ended=400, **same), chat(2, began=10, ended=390, **same)
    export(here, key, [outer, inner])
    assert counters(here) == ONE_CALL
    for one in (outer, inner):
        export(here, key, [one])
    assert counters(here) == ONE_CALL
    here.bus.entries.clear()
    export(here, key, [chat(1, began=0, ended=100, **same), chat(2, began=100, ended=200, **same)])
    assert counters(here)["llm_calls"] == 2


@pytest.mark.parametrize("media_type", ENCODINGS)
def test_a_span_beyond_the_grant_is_rejected_and_said(
    here: ReportingHouse, key: str, media_type: str
) -> None:
    """Beside others that are taken; in the words for a client that there is not."""
    spans = [
        chat(1),
        chat(2, attributes={"run_ledger.client_id": "globex"}),
        chat(3, attributes={"run_ledger.client_id": "no such"}),
        {"id": 4, "attributes": {"run_ledger.client_id": "globex"}},  # counts nothing anyway
    ]
    number, message = told(export(here, key, spans, media_type=media_type))
    assert number == 2
    assert "detail.client_id: got 'globex'; allowed: a client that this caller may" in message
    assert "run_ledger.client_id is 'no such'; allowed: 1 to 128 of the characters" in message
    assert [json.loads(one["Detail"])["client_id"] for one in here.bus.entries] == ["acme"]


def test_a_grant_of_several_clients_needs_a_name(here: ReportingHouse) -> None:
    """On the span or the resource; the span's own counts."""
    key = here.key("acme", "globex")
    assert told(export(here, key, [chat(1)]))[0] == 1
    resource = {**JOB, "run_ledger.client_id": "globex"}
    own = chat(2, attributes={"run_ledger.client_id": "acme", "run_ledger.job_id": "job-2"})
    assert told(export(here, key, [chat(1), own], resource)) == (0, "")
    assert [entry["Source"].rpartition("/")[2] for entry in here.bus.entries] == ["globex", "acme"]


@pytest.mark.parametrize("media_type", ENCODINGS)
def test_a_bus_that_does_not_take_all_is_told_so_that_exporters_try_again(
    here: ReportingHouse, key: str, media_type: str
) -> None:
    """503 with a pause, even if part was taken: the whole comes again, and counts once."""
    spans = [chat(number) for number in range(1, 13)]
    here.bus.failure = ConnectTimeoutError(endpoint_url="https://bus.test")
    reply = export(here, key, spans, media_type=media_type)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
    assert reply.headers["Content-Type"] == media_type
    assert "send the same again" in reason(reply)
    here.bus.failure = None
    here.bus.codes = ["ThrottlingException", *[None] * 11]
    assert export(here, key, spans, media_type=media_type).status == 503
    assert export(here, key, spans, media_type=media_type).status == 200
    assert counters(here)["llm_calls"] == 12
    short = here.send(key, as_json(spans), path=TRACES, seconds=1.0)
    assert short.status == 503


def test_what_the_bus_refuses_for_good_is_rejected(here: ReportingHouse, key: str) -> None:
    """Sending it again would not help."""
    here.bus.codes = ["MalformedDetail"]
    number, message = told(export(here, key, [chat(1), chat(2)]))
    assert (number, "the bus refuses it: MalformedDetail" in message) == (1, True)


def test_a_caller_that_sends_too_much_is_held_back(here: ReportingHouse, key: str) -> None:
    """Each call counts, and a hundred other spans as one; the answer says for how long."""
    here.events_per_second = 1
    assert export(here, key, [chat(number) for number in range(1, 10)]).status == 200
    assert export(here, key, [{"id": number} for number in range(1, 101)]).status == 200
    reply = export(here, key, [{"id": 1}])
    assert reply.status == 429
    assert 1 <= int(reply.headers["Retry-After"]) <= 10
    assert "Too many events" in reason(reply)
    assert len(here.bus.entries) == 9


def test_a_batch_of_runs_as_the_page_advises_passes_the_limit_of_a_caller(
    here: ReportingHouse, key: str
) -> None:
    """By the template's own figure: five hundred root spans, of which each is a run."""
    here.events_per_second = 100
    resource = {**JOB, "run_ledger.job_id": "{trace_id}"}
    spans = [{"id": number, "trace": number} for number in range(1, 502)]
    assert export(here, key, spans, resource).status == 413
    assert told(export(here, key, spans[:500], resource)) == (0, "")
    assert len(here.bus.entries) == 1_000
    assert export(here, key, [{"id": 1}]).status == 429


def test_a_request_has_bounds(here: ReportingHouse, key: str) -> None:
    """No more events than the bus takes in a request's time; then none is taken."""
    spans = [chat(number) for number in range(1, MOST_EVENTS_OF_SPANS + 2)]
    assert told(export(here, key, spans[1:])) == (0, "")
    assert len(here.bus.entries) == MOST_EVENTS_OF_SPANS
    here.bus.entries.clear()
    reply = export(here, key, spans)
    assert (reply.status, "1001 events; allowed: at most 1000" in reason(reply)) == (413, True)
    here.events_per_second = 10  # it would never be taken, however often it comes
    reply = export(here, key, spans[:101])
    assert (reply.status, "101 events; allowed: at most 100" in reason(reply)) == (413, True)
    here.now += 10 * MICROSECONDS  # a window of its own
    assert export(here, key, spans[:100]).status == 200
    here.bus.entries.clear()
    assert told(export(here, key, [])) == (0, "")
    assert not here.bus.entries


def test_the_log_says_what_came(here: ReportingHouse, key: str) -> None:
    """How many spans and events, and no text of theirs."""
    reply = export(
        here, key, [*nested_agents(), chat(40, attributes={"run_ledger.client_id": "x"})]
    )
    figures = {
        name: reply.log[name] for name in ("spans", "events", "accepted", "rejected", "retry")
    }
    assert figures == {"spans": 11, "events": 3, "accepted": 3, "rejected": 1, "retry": 0}


def loaded_by(code: str) -> list[str]:
    """Return the modules that are loaded after *code*."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(BACKEND)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_who_sends_no_spans_does_not_wait_for_what_reads_them() -> None:
    """The function starts without it, and spans in JSON need nothing of Protobuf."""
    loaded = loaded_by("import run_ledger.intake")
    assert "run_ledger.doors.trace_door" in loaded
    foreign = ("run_ledger.emit", "google", "opentelemetry")
    assert not [name for name in loaded if name.startswith(foreign)]
    loaded = loaded_by("from run_ledger.emit import spans\nspans.read_json(b'{}')")
    assert not [name for name in loaded if name.startswith(("google", "opentelemetry"))]
    assert "google.protobuf" in loaded_by(
        "from run_ledger.emit import spans\nspans.read_protobuf(b'')"
    )
