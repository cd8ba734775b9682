"""The OpenAPI 3.1 document, put together from the code and the words beside it.

Paths and problems come from the reader's tables, parameters from the queries that check them, and
schemas from the documents that are encoded. Examples are answers that the reader gave: they are
passed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from run_ledger.domain.api.access import REQUIRED_SCOPE
from run_ledger.domain.api.parameters import IDENTIFIER_SCHEMA, QueryParameter
from run_ledger.read.reader import ASSISTANTS, ROUTES

from .assistant_operation import ASSISTANT_TAGS, assistant_operations
from .endpoints import ENDPOINTS, PATH_PARAMETERS, TAGS, Endpoint
from .other_responses import other_responses
from .prose import ABOUT, SECURITY, SERVERS
from .schemas import components, reference

_IN_PATH = re.compile(r"\{([a-z_]+)\}")
_HEADERS = {
    "ETag": (
        "A tag for what the answer says. Send it as `If-None-Match`, and get 304 while the answer "
        "is still the same. It is a weak tag, as the answer may be sent compressed."
    ),
    "Cache-Control": "An answer is for its caller alone, and has to be validated each time.",
    "Retry-After": "Seconds to wait before trying again.",
    "WWW-Authenticate": (
        "`Bearer`: the API wants an access token. Where API Gateway has let a token pass that the "
        "reader does not take, it calls this header `x-amzn-Remapped-WWW-Authenticate`: go by the "
        "status."
    ),
}


class Example(Struct, frozen=True):
    """An answer that the reader gave, and the request that it answers."""

    path: str
    status: int
    request: str
    answer: Any


def document(examples: Sequence[Example]) -> dict[str, Any]:
    """Return the whole document."""
    return {
        "openapi": "3.1.1",
        "info": ABOUT,
        "servers": SERVERS,
        "security": [{"sign_in": [REQUIRED_SCOPE]}],
        "tags": [
            {"name": name, "description": about}
            for name, about in {**TAGS, **ASSISTANT_TAGS}.items()
        ],
        "paths": {
            **{path: {"get": _operation(path, examples)} for path in ROUTES},
            ASSISTANTS: assistant_operations(),
        },
        "components": {
            "schemas": components(ENDPOINTS.values()),
            "headers": {name: _header(about) for name, about in _HEADERS.items()},
            "responses": {
                one.name: one.response([_shown(e) for e in examples if e.status == one.status])
                for one in other_responses()
            },
            "securitySchemes": {"sign_in": SECURITY},
        },
    }


def file_text(examples: Sequence[Example]) -> str:
    """Return the text of the file that the document is published in."""
    encoded = msgspec.json.encode(document(examples))
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _operation(path: str, examples: Sequence[Example]) -> dict[str, Any]:
    endpoint = ENDPOINTS[path]
    in_path = _IN_PATH.findall(path)
    parameters = [_path_parameter(name) for name in in_path]
    parameters += [_query_parameter(parameter) for parameter in endpoint.parameters]
    return {
        "operationId": ROUTES[path].__name__,
        "summary": endpoint.summary,
        "description": endpoint.about,
        "tags": [endpoint.tag],
        "parameters": [*parameters, _IF_NONE_MATCH],
        "responses": {
            "200": _success(endpoint, [e for e in examples if (e.path, e.status) == (path, 200)]),
            **{
                str(one.status): {"$ref": f"#/components/responses/{one.name}"}
                for one in other_responses()
                if in_path or not one.of_one_resource
            },
        },
    }


def _success(endpoint: Endpoint, examples: Sequence[Example]) -> dict[str, Any]:
    return {
        "description": "Found.",
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"} for name in ("ETag", "Cache-Control")
        },
        "content": {
            "application/json": {
                "schema": reference(endpoint.document, endpoint.items),
                **_examples(examples),
            }
        },
    }


def _examples(examples: Sequence[Example]) -> dict[str, Any]:
    """Return the member with *examples*; a path without any, as this document's own, has none."""
    shown = {f"example_{number}": _shown(one) for number, one in enumerate(examples, start=1)}
    return {"examples": shown} if shown else {}


def _shown(example: Example) -> dict[str, Any]:
    return {"summary": f"GET {example.request}", "value": example.answer}


def _query_parameter(parameter: QueryParameter[Any]) -> dict[str, Any]:
    is_several = parameter.schema.get("type") == "array"
    return {
        "name": parameter.name,
        "in": "query",
        "description": f"{parameter.about} Allowed: {parameter.allowed}.",
        "schema": parameter.schema,
        **({"style": "form", "explode": False} if is_several else {}),
    }


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": PATH_PARAMETERS[name],
        "schema": IDENTIFIER_SCHEMA,
    }


def _header(about: str) -> dict[str, Any]:
    return {"description": about, "schema": {"type": "string"}}


_IF_NONE_MATCH: Mapping[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an answer that you have; you get 304 while it is the same.",
    "schema": {"type": "string"},
}
