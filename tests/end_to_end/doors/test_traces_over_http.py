"""OTLP over HTTP to the running system: an SDK's exporter reports, and the ledger has the job."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import given
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from schemathesis.generation import GenerationMode
from tests.end_to_end.doors.test_intake_over_http import HELD, job_of, some_times
from tests.support.llm.model_server import model_server
from tests.support.producers.otlp import (
    JSON_TYPE,
    PROTOBUF_TYPE,
    as_json,
    as_protobuf,
    chat,
    nested_agents,
    refusal_text,
)
from tests.support.producers.traced_pipelines import (
    OPENAI_V2,
    OPENLLMETRY,
    OPENLLMETRY_ANTHROPIC,
    run_pipeline,
)
from tests.support.readers.api_examples import INTAKE_FILE
from tests.support.readers.ledger_http import Stack, get, machine_token, until

pytestmark = pytest.mark.local_stack

SECONDS = 120
SCHEMA = schemathesis.openapi.from_dict(json.loads(INTAKE_FILE.read_text("utf-8")))
PAGE = Path(__file__).resolve().parents[3] / "docs" / "opentelemetry.md"
COUNTED = ("llm_calls", "input_tokens", "output_tokens")


def post(
    stack: Stack, body: bytes | str, media_type: str = PROTOBUF_TYPE, **headers: str
) -> requests.Response:
    """Send a body by the key for acme."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(
        f"{stack['intake_url']}/v1/traces",
        data=body,
        headers={
            "Authorization": f"Bearer {stack['report_key']}",
            "Content-Type": media_type,
            **more,
        },
        timeout=SECONDS,
    )


def counted(stack: Stack, job_id: str, wanted: Mapping[str, int]) -> dict[str, Any]:
    """Wait until a job has these counters, and return it."""
    token = machine_token(stack)
    path = f"/jobs/{job_id}"

    def is_right() -> bool:
        answer = get(stack, path, token)
        found = answer.json()["counters"] if answer.ok else {}
        return {name: found.get(name) for name in wanted} == wanted

    until(path, SECONDS, is_right)
    return job_of(stack, job_id, token)


def shown_variables(stack: Stack) -> dict[str, str]:
    """Return the variables that the page shows, for this stack."""
    shown = re.findall(r'^export (\w+)="?(.*?)"?$', PAGE.read_text("utf-8"), re.MULTILINE)
    variables = dict(shown)
    assert len(variables) == 3
    address, header = list(variables)[:2]
    variables[address] = stack["intake_url"] + variables[address].partition("/intake")[2]
    variables[header] = variables[header].replace("rlk_…", stack["report_key"])
    return variables


@pytest.mark.parametrize("exporter", ["protobuf", "json"])
def test_three_variables_make_a_traced_program_s_run_a_job(stack: Stack, exporter: str) -> None:
    """As the page shows them: with its calls by model, and no agent's tokens."""
    variables = {**shown_variables(stack), "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION": "gzip"}
    variables["OTEL_RESOURCE_ATTRIBUTES"] += f",run_ledger.pipeline=traced-{exporter}"
    with model_server() as server:
        said = run_pipeline(
            "",
            "",
            [OPENLLMETRY, OPENLLMETRY_ANTHROPIC],
            variables,
            calls=["chat", "embed", "message", "chat"],
            server=server,
            exporter=exporter,
        )
    assert said == ""
    token = machine_token(stack)
    path = f"/jobs?client_id=acme&pipeline=traced-{exporter}"
    until(path, SECONDS, lambda: len(get(stack, path, token).json()["items"]) == 1)
    (listed,) = get(stack, path, token).json()["items"]
    job = counted(
        stack, listed["job_id"], {"llm_calls": 4, "input_tokens": 131, "output_tokens": 10}
    )
    assert (job["project_id"], job["name"], job["client_id"]) == ("catalogue", "enrich", "acme")
    until(path, SECONDS, lambda: job_of(stack, listed["job_id"], token)["result"] == "succeeded")
    calls = {model: one["llm_calls"] for model, one in job["counters_by_model"].items()}
    assert sum(calls.values()) == 4
    assert len(calls) == 3


def test_any_order_twice_and_at_once_come_to_the_same(stack: Stack) -> None:
    """Eight exporters send one trace's spans, each in an order and in requests of its own."""
    resource = {"run_ledger.job_id": "traced-often", "run_ledger.project_id": "traces"}
    spans = nested_agents()

    def report(number: int) -> set[int]:
        mine = random.Random(number).sample(spans, len(spans))
        most = (1, 3, len(mine))[number % 3]
        statuses = set()
        for start in range(0, len(mine), most):
            some = mine[start : start + most]
            if number % 2:
                answer = post(stack, as_json(some, resource), JSON_TYPE)
            else:
                packed = gzip.compress(as_protobuf(some, resource))
                answer = post(stack, packed, Content_Encoding="gzip")
            statuses.add(answer.status_code)
        return statuses

    with ThreadPoolExecutor(8) as callers:
        assert set.union(*callers.map(report, range(8))) == {200}
    wanted = dict(zip(COUNTED, (3, 70, 6), strict=True))
    counted(stack, "traced-often", wanted)
    path = "/jobs/traced-often/entries?limit=100"
    assert len(get(stack, path, machine_token(stack)).json()["items"]) == 3
    assert get(stack, "/rejections?limit=100", machine_token(stack)).text.count("traced-often") == 0


def test_answers_are_in_the_request_s_encoding(stack: Stack) -> None:
    """Also those that are no text, through the gateway."""
    other = chat(1, attributes={"run_ledger.client_id": "globex"})
    answer = post(stack, as_protobuf([other]))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, PROTOBUF_TYPE)
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert partial.rejected_spans == 1
    assert "detail.client_id: got 'globex'" in partial.error_message
    answer = post(stack, b"\x0a\x05abc")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, PROTOBUF_TYPE)
    encoded = base64.b64encode(answer.content).decode()
    assert "ExportTraceServiceRequest" in refusal_text(encoded, PROTOBUF_TYPE)
    answer = post(stack, b"", Authorization="Bearer rlk_none")
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, PROTOBUF_TYPE)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_wrong_key_is_heard_of_by_the_program(stack: Stack) -> None:
    """Its exporter logs it; the program goes on."""
    with model_server() as server:
        said = run_pipeline(
            f"{stack['intake_url']}/", "rlk_none", [OPENAI_V2], {}, calls=["chat"], server=server
        )
    assert "401" in said


@pytest.mark.parametrize("mode", GenerationMode)
def test_whatever_is_sent_is_answered_as_described(stack: Stack, mode: GenerationMode) -> None:
    """Good requests and bad ones: no failure, no status, header or member not described."""
    token = machine_token(stack, stack["report_scope"])

    @some_times
    @given(case=SCHEMA["/v1/traces"]["POST"].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer: requests.Response = case.call(
            base_url=stack["intake_url"],
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
        case.validate_response(answer, checks=HELD)

    ask()
