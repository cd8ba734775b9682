"""The OpenAPI document is what the code does; its examples are answers that the reader gives."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.support.readers.api_examples import FILE, REQUESTS, examples
from tests.support.readers.reading import House, house

from run_ledger.openapi.document import file_text
from run_ledger.openapi.endpoints import ENDPOINTS
from run_ledger.read.gateway.description import DESCRIPTION
from run_ledger.read.reader import ASSISTANTS, ROUTES


@cache
def published() -> dict[str, Any]:
    """Return the document as published."""
    document: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return document


def operation(path: str) -> dict[str, Any]:
    """Return what the document says of one path."""
    found: dict[str, Any] = published()["paths"][path]["get"]
    return found


def validator(schema: Any) -> Draft202012Validator:
    """Return a validator that finds the document's components, and knows no other members."""
    components = json.loads(json.dumps(published()["components"]))
    for shape in components["schemas"].values():
        shape["additionalProperties"] = False
    return Draft202012Validator({**schema, "components": components})


def test_published_file() -> None:
    """The file is what the code makes; if not: ``python -m tests.support.readers.api_examples``."""
    assert FILE.read_text("utf-8") == file_text(examples())


def test_it_is_a_valid_document() -> None:
    """By the specification's own schema, references and examples of parameters included."""
    OpenAPIV31SpecValidator(published()).validate()


def test_every_path_is_described_and_asked() -> None:
    """The reader's table, the words and the examples name the same paths."""
    described = published()["paths"].keys() - {ASSISTANTS}
    assert ROUTES.keys() == ENDPOINTS.keys() == described == REQUESTS.keys()


@pytest.mark.parametrize("path", [path for path in ROUTES if path != DESCRIPTION])
def test_examples_fit_their_schema(path: str) -> None:
    """Each path but this document's own shows answers, with the described members and no other."""
    content = operation(path)["responses"]["200"]["content"]["application/json"]
    assert content["examples"]
    for example in content["examples"].values():
        validator(content["schema"]).validate(example["value"])


def test_lists_show_something() -> None:
    """An example of a list has items."""
    for path in ROUTES:
        if ENDPOINTS[path].items is not None:
            content = operation(path)["responses"]["200"]["content"]["application/json"]
            assert content["examples"]["example_1"]["value"]["items"]


@pytest.mark.parametrize("path", ROUTES)
def test_every_refusal_is_described(path: str) -> None:
    """With a shape, and an example of each that the reader itself gives."""
    statuses = {"200", "304", "400", "401", "403", "429", "500", "502", "503", "504"}
    responses = operation(path)["responses"]
    assert responses.keys() == statuses | ({"404"} if "{" in path else set())
    for status, response in responses.items():
        if status in {"200", "304"}:
            continue
        described = published()["components"]["responses"][response["$ref"].split("/")[-1]]
        (content,) = described["content"].values()
        assert described["headers"]["Cache-Control"]
        assert ("examples" in content) == (status in {"400", "401", "403", "404", "503"})
        for example in content.get("examples", {}).values():
            assert example["value"]["status"] == int(status)
            validator(content["schema"]).validate(example["value"])


@pytest.mark.parametrize("path", ROUTES)
def test_described_parameters_are_those_that_are_checked(path: str, here: House) -> None:
    """Asked for one that there isn't, the reader names those that there are."""
    described = [one["name"] for one in operation(path)["parameters"] if one["in"] == "query"]
    reply = here.get(path, path=REQUESTS[path][0][0], no_such="1")
    known = reply.json["detail"].partition("known ones: ")[2]
    assert reply.status == 400
    assert described == [name for name in known.split(", ") if name]


@pytest.fixture(scope="module")
def here() -> Any:
    """Give a house with nothing in it."""
    with house() as made:
        yield made


def test_every_member_is_explained() -> None:
    """Members, parameters, paths: each has a sentence."""
    schemas = published()["components"]["schemas"]
    assert all(schema["description"] for schema in schemas.values())
    assert all(m["description"] for s in schemas.values() for m in s["properties"].values())
    for path in ROUTES:
        said = operation(path)
        assert all(one["description"] for one in (said, *said["parameters"]))
        assert said["summary"]
        assert len(said["tags"]) == 1
        assert said["tags"][0] in {tag["name"] for tag in published()["tags"]}


def test_no_word_is_left_over() -> None:
    """What nothing answers with any more is explained no more."""
    from run_ledger.openapi import fields  # noqa: PLC0415 - only this test needs it

    schemas = published()["components"]["schemas"]
    members = {(name, member) for name, s in schemas.items() for member in s["properties"]}
    special = set(fields.SPECIAL)
    assert special <= members
    assert set(fields.FIELDS) <= {member for _, member in members - special}


def test_the_document_fits_its_own_schema() -> None:
    """It is the answer of one of its paths, too."""
    content = operation(DESCRIPTION)["responses"]["200"]["content"]["application/json"]
    validator(content["schema"]).validate(published())
