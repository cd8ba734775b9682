"""Bodies of spans that nobody should send: each gets an answer that is described, and soon."""

from __future__ import annotations

import base64
import gzip
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from tests.support.producers.buses import jobs_of
from tests.support.producers.otlp import (
    JOB,
    JSON_TYPE,
    PROTOBUF_TYPE,
    as_json,
    as_protobuf,
    chat,
    refusal_text,
)
from tests.support.readers.reporting import Answered, ReportingHouse, reporting_house

from run_ledger.doors.trace_door import TRACES

GZIP = {"Content_Encoding": "gzip"}
EMPTY_SPANS = b'{"resourceSpans":[{"scopeSpans":[{"spans":[%s{}]}]}]}' % (b"{}," * 2_600_000)
EMPTY_ATTRIBUTES = b'{"resourceSpans":[{"resource":{"attributes":[%s{}]}}]}' % (b"{}," * 2_600_000)
ANYTHING: list[Any] = [None, 5, -1, 1.5, "x", "\x00", [], {}, [[]], {"a": {}}, [None], True]


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


def post(
    here: ReportingHouse, key: str, body: bytes | str, media_type: str, **more: str
) -> Answered:
    """Send a body to the door for spans."""
    return here.send(key, body, media_type, path=TRACES, **more)


def deep_value(levels: int) -> bytes:
    """Return a request whose span has a list within a list within a list."""
    value = AnyValue(string_value="x")
    inner = value.SerializeToString()
    for _ in range(levels):
        inner = _member(5, _member(1, inner))
    pair = _member(1, b"gen_ai.x") + _member(2, inner)
    return _member(1, _member(2, _member(2, _member(9, pair))))


def one_span(content: bytes) -> bytes:
    """Return a request with one span of this content."""
    return _member(1, _member(2, _member(2, content)))


def _member(number: int, content: bytes) -> bytes:
    size, length = len(content), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + content


BODIES: list[tuple[bytes, str, dict[str, str], int]] = [
    (b"{", JSON_TYPE, {}, 400),
    (b"", JSON_TYPE, {}, 400),
    (b"[]", JSON_TYPE, {}, 400),
    (b"\xff", JSON_TYPE, {}, 400),
    (b"[" * 1_000_000, JSON_TYPE, {}, 400),
    (b'{"resourceSpans":' * 100_000, JSON_TYPE, {}, 400),
    (b'{"x":' + b"[" * 1_000_000, JSON_TYPE, {}, 400),
    (b"\x0a\x05abc", PROTOBUF_TYPE, {}, 400),
    (b"{}", PROTOBUF_TYPE, {}, 400),
    (deep_value(10_000), PROTOBUF_TYPE, {}, 400),
    (b"x" * 4_000_001, PROTOBUF_TYPE, {}, 413),
    (b"x" * 6_000_000, JSON_TYPE, {}, 413),
    (gzip.compress(b" " * 9_000_000), JSON_TYPE, GZIP, 413),
    (gzip.compress(b"\x00" * 50_000_000), PROTOBUF_TYPE, GZIP, 413),
    (gzip.compress(_member(1, _member(2, b"\x12\x00" * 3_900_000))), PROTOBUF_TYPE, GZIP, 413),
    (gzip.compress(EMPTY_SPANS), JSON_TYPE, GZIP, 413),
    (b"{}", JSON_TYPE, GZIP, 400),
    (gzip.compress(b"{}")[:-3], JSON_TYPE, GZIP, 400),
    (b"", PROTOBUF_TYPE, {"Content_Encoding": "deflate"}, 415),
    (b"{}", "text/plain", {}, 415),
    (b"{}", "", {}, 415),
    (b"{}", "application/json; charset=utf-16", {}, 415),
    (b"{}", "application/grpc", {}, 415),
    (b"{}", "application/x-ndjson", {}, 415),
    (gzip.compress(b"\x0a\x00" * 3_900_000), PROTOBUF_TYPE, GZIP, 413),
    (gzip.compress(_member(1, b"\x12\x00" * 3_900_000)), PROTOBUF_TYPE, GZIP, 413),
    # Eight kilobytes, of which each part would take microseconds: attributes and events.
    (gzip.compress(_member(1, _member(1, b"\x0a\x00" * 3_900_000))), PROTOBUF_TYPE, GZIP, 413),
    (gzip.compress(one_span(b"\x4a\x00" * 3_900_000)), PROTOBUF_TYPE, GZIP, 413),
    (gzip.compress(one_span(b"\x5a\x00" * 3_900_000)), PROTOBUF_TYPE, GZIP, 413),
    (one_span((b"\x5a\x0a" + b"\x1a\x00" * 5) * 90_000), PROTOBUF_TYPE, {}, 413),
    (gzip.compress(EMPTY_ATTRIBUTES), JSON_TYPE, GZIP, 413),
]


@pytest.mark.parametrize(
    ("body", "media_type", "headers", "status"), BODIES, ids=map(str, range(len(BODIES)))
)
def test_a_body_that_cannot_be_read_is_refused(  # noqa: PLR0913, PLR0917 - what a request consists of
    here: ReportingHouse,
    key: str,
    body: bytes,
    media_type: str,
    headers: dict[str, str],
    status: int,
) -> None:
    """In the encoding of the request, with what is wrong, and nothing on the bus."""
    reply = post(here, key, body, media_type, **headers)
    expected = PROTOBUF_TYPE if media_type == PROTOBUF_TYPE else JSON_TYPE
    assert (reply.status, reply.headers["Content-Type"]) == (status, expected)
    text = refusal_text(reply.body, expected)
    assert 20 < len(text) < 410
    assert not here.bus.entries


def test_empty_requests_are_fine(here: ReportingHouse, key: str) -> None:
    """In each form that Protobuf's JSON has for nothing."""
    nothing: list[Any] = [{}, {"resourceSpans": None}, {"resourceSpans": []}]
    nothing += [{"resourceSpans": [{"scopeSpans": [{"spans": one}]}]} for one in (None, [])]
    for one in nothing:
        reply = post(here, key, json.dumps(one), JSON_TYPE)
        assert (reply.status, reply.body) == (200, "{}")
    assert post(here, key, b"", PROTOBUF_TYPE).status == 200


def test_protobuf_that_is_cut_or_changed_is_answered(here: ReportingHouse, key: str) -> None:
    """At each byte, and with bytes that fell down anywhere: never a fault of ours."""
    whole = as_protobuf([chat(1), {"id": 2, "failed": "x", "events": [("exception", {"a": 1})]}])
    dice = random.Random(5)
    bodies = [whole[:length] for length in range(len(whole))]
    for _ in range(400):
        changed = bytearray(whole)
        for _ in range(dice.choice([1, 2, 8])):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        bodies.append(bytes(changed))
    statuses = [post(here, key, body, PROTOBUF_TYPE).status for body in bodies]
    assert set(statuses) == {200, 400}


@pytest.mark.parametrize("member", ["resourceSpans", "scopeSpans", "spans", "attributes", "value"])
def test_json_of_other_shapes_is_answered(here: ReportingHouse, key: str, member: str) -> None:
    """Whatever stands where objects, lists and texts should: never a fault of ours."""
    for one in ANYTHING:
        content = json.loads(as_json([chat(1)]))

        def put(holder: Any, value: Any = one) -> None:
            if isinstance(holder, dict):
                for name, inner in holder.items():
                    if name == member:
                        holder[name] = value
                    else:
                        put(inner)
            for inner in holder if isinstance(holder, list) else ():
                put(inner)

        put(content)
        assert post(here, key, json.dumps(content), JSON_TYPE).status in {200, 400}


@pytest.mark.parametrize(
    "field",
    [
        *("traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano"),
        *("endTimeUnixNano", "events", "status"),
    ],
)
def test_members_of_other_types_are_answered(here: ReportingHouse, key: str, field: str) -> None:
    """Each member of a span, with anything in it."""
    for one in [*ANYTHING, 10**30, "10" * 20, "-1", 1e300, "\u00b2", [{"name": 5}], {"code": []}]:
        content = json.loads(as_json([chat(1)]))
        content["resourceSpans"][0]["scopeSpans"][0]["spans"][0][field] = one
        assert post(here, key, json.dumps(content), JSON_TYPE).status in {200, 400}


NUMBERS = [
    -5,
    10**12,
    2**63 - 1,
    -(2**63),
    float("nan"),
    float("inf"),
    1.5,
    True,
    "",
    "7.5",
    "-7",
    "²",
    "9" * 30,
    "many",
    [3],
]


@pytest.mark.parametrize("media_type", [JSON_TYPE, PROTOBUF_TYPE])
def test_numbers_that_are_none_of_tokens_count_nothing(
    here: ReportingHouse, key: str, media_type: str
) -> None:
    """The call counts, with tokens that nobody knows; what stands beside it counts as it is."""
    written = as_json if media_type == JSON_TYPE else as_protobuf
    for number in NUMBERS:
        here.bus.entries.clear()
        one = chat(1, attributes={"gen_ai.usage.input_tokens": number})
        assert post(here, key, written([one]), media_type).status == 200
        counters = jobs_of(here.bus.entries)["job-1"].counters
        assert (counters["llm_calls"], counters["output_tokens"]) == (1, 2)
        assert counters.get("input_tokens", 0) == 0


TEXTS = [
    "",
    " ",
    "\x00",
    "a" * 300,
    "\u202e\n\x1b[31m",
    "é/模型",
    "{trace_id}{trace_id}",
    "../..",
    "'",
]


@pytest.mark.parametrize("media_type", [JSON_TYPE, PROTOBUF_TYPE])
@pytest.mark.parametrize(
    "name",
    [f"run_ledger.{one}" for one in ("job_id", "project_id", "pipeline", "attempt", "result")]
    + ["run_ledger.parent_job_id", "run_ledger.name", "run_ledger.client_id"]
    + ["gen_ai.request.model", "gen_ai.response.id", "gen_ai.operation.name", "error.type"],
)
def test_hostile_texts_come_to_an_answer(
    here: ReportingHouse, key: str, name: str, media_type: str
) -> None:
    """A span is taken or rejected by itself; another in the same request is taken anyway."""
    written = as_json if media_type == JSON_TYPE else as_protobuf
    for text in TEXTS:
        here.bus.entries.clear()
        spans = [
            chat(1, attributes={name: text}),
            {"id": 2, "name": text, "attributes": {**JOB, name: text}, "failed": text},
            chat(3),
        ]
        reply = post(here, key, written(spans), media_type)
        assert reply.status == 200
        assert (
            len(base64.b64decode(reply.body) if media_type == PROTOBUF_TYPE else reply.body) < 600
        )
        assert any(f"{3:016x}" in entry["Detail"] for entry in here.bus.entries)
        assert {entry["Source"] for entry in here.bus.entries} == {"run-ledger/client/acme"}


def test_half_a_character_is_no_fault(here: ReportingHouse, key: str) -> None:
    """Which JSON can write."""
    for place in ("run_ledger.job_id", "gen_ai.request.model", "run_ledger.name"):
        spans = [
            chat(1, attributes={place: "half \ud800"}),
            {"id": 2, "attributes": {**JOB, place: "\ud800"}},
        ]
        assert post(here, key, as_json(spans), JSON_TYPE).status in {200, 400}


def test_secrets_in_errors_are_blanked(here: ReportingHouse, key: str) -> None:
    """As in every error that the library reports."""
    secret = "sk-proj-" + "a1B2c3D4" * 6
    event = ("exception", {"exception.type": "AuthError", "exception.message": f"bad key {secret}"})
    post(
        here,
        key,
        as_protobuf([{"id": 1, "attributes": JOB, "failed": "x", "events": [event]}]),
        PROTOBUF_TYPE,
    )
    (_, end) = [json.loads(entry["Detail"]) for entry in here.bus.entries]
    assert end["error"]["type"] == "AuthError"
    assert secret not in json.dumps(end)


def test_a_hundred_thousand_spans_are_read(here: ReportingHouse, key: str) -> None:
    """Within the body's limit: those that count nothing do no harm, and the call counts."""
    spans = [{"id": number, "parent": number - 1} for number in range(2, 100_000)]
    body = gzip.compress(as_protobuf([chat(1), *spans]))
    assert post(here, key, body, PROTOBUF_TYPE, **GZIP).status == 200
    assert len(here.bus.entries) == 1


def test_a_hundred_thousand_calls_are_refused(here: ReportingHouse, key: str) -> None:
    """Before anything is made of them."""
    attributes = {"gen_ai.operation.name": "chat"}
    spans = [{"id": number, "attributes": attributes} for number in range(1, 70_000)]
    body = gzip.compress(as_protobuf(spans))
    assert post(here, key, body, PROTOBUF_TYPE, **GZIP).status == 413
    assert not here.bus.entries
