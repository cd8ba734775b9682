"""The intake's OpenAPI document is what the code does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support.producers.otlp import as_json, chat
from tests.support.readers.api_examples import INTAKE_FILE
from tests.support.readers.reporting import reporting_house, run_event, sent

from run_ledger.domain.contract.vocabulary import MAX_DETAIL_BYTES
from run_ledger.domain.intake.bodies import MOST_BYTES, MOST_EVENTS
from run_ledger.doors.door_answers import DOOR_PROBLEMS
from run_ledger.doors.lineage_door import LINEAGE, LINEAGE_BATCH
from run_ledger.doors.trace_door import TRACES
from run_ledger.openapi.intake_document import intake_file_text

DOCUMENT: dict[str, Any] = json.loads(INTAKE_FILE.read_text("utf-8"))
OPERATION = DOCUMENT["paths"]["/events"]["post"]


def test_published_file() -> None:
    """If it is not what the code makes: ``python -m tests.support.readers.api_examples``."""
    assert INTAKE_FILE.read_text("utf-8") == intake_file_text()


def test_it_is_a_valid_document() -> None:
    """By the specification's own schema."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_problem_is_described() -> None:
    """Each that the function can answer, and those of the gateway."""
    ours = {str(kind.status) for kind in DOOR_PROBLEMS}
    assert OPERATION["responses"].keys() == {"202", "207", "502", "504", *ours}


@pytest.mark.parametrize("body", [sent({}), None])
def test_answers_fit_their_schema(body: str | None) -> None:
    """With the described members and no other; the example is taken."""
    content = OPERATION["requestBody"]["content"]["application/json"]
    components = json.loads(json.dumps(DOCUMENT["components"]))
    for shape in components["schemas"].values():
        shape["additionalProperties"] = False
    with reporting_house() as house:
        reply = house.send(house.key("acme"), body or json.dumps(content["example"]))
    assert reply.status == (202 if body is None else 207)
    schema = OPERATION["responses"][str(reply.status)]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": components}).validate(reply.json)


@pytest.mark.parametrize("path", [LINEAGE, LINEAGE_BATCH])
def test_answers_about_lineage_fit_their_schema(path: str) -> None:
    """And each problem of the function is described there, too."""
    operation = DOCUMENT["paths"][path]["post"]
    ours = {str(kind.status) for kind in DOOR_PROBLEMS}
    assert operation["responses"].keys() == {"200", "502", "504", *ours}
    components = json.loads(json.dumps(DOCUMENT["components"]))
    for shape in components["schemas"].values():
        shape["additionalProperties"] = False
    events = [run_event(), run_event(job={})]
    with reporting_house() as house:
        body = json.dumps(events[0] if path == LINEAGE else events)
        reply = house.send(house.key("acme"), body, path=path)
    assert reply.status == 200
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": components}).validate(reply.json)


def test_as_many_events_of_the_greatest_size_fit_in() -> None:
    """The limits of a body and those of an event agree."""
    assert MOST_EVENTS * (MAX_DETAIL_BYTES + 1_000) < MOST_BYTES


def test_answers_about_spans_fit_their_schema() -> None:
    """In JSON; and each problem of the function is described in both encodings."""
    operation = DOCUMENT["paths"][TRACES]["post"]
    ours = {str(kind.status) for kind in DOOR_PROBLEMS}
    assert operation["responses"].keys() == {"200", "502", "504", *ours}
    for answer in operation["responses"].values():
        assert answer["content"].keys() >= {"application/json", "application/x-protobuf"}
    components = json.loads(json.dumps(DOCUMENT["components"]))
    for shape in components["schemas"].values():
        shape["additionalProperties"] = False
    with reporting_house() as house:
        key = house.key("acme")
        bodies = [as_json([chat(1)]), as_json([chat(1)], {}), "{"]
        replies = [house.send(key, body, path=TRACES) for body in bodies]
    assert [reply.status for reply in replies] == [200, 200, 400]
    for reply in replies:
        described = operation["responses"][str(reply.status)]["content"]["application/json"]
        Draft202012Validator({**described["schema"], "components": components}).validate(reply.json)
