"""Schemas of the documents that the API answers with, from their types and `fields`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from run_ledger.read.answers import ProblemDocument

from .endpoints import Endpoint
from .fields import FIELDS, SPECIAL

_SUFFIX = "Document"
_TIMES = frozenset({"at", "from", "to"})
_REF = "#/components/schemas/"
Schema = dict[str, Any]


def component_name(document: type[Struct], items: type[Struct] | None = None) -> str:
    """Return the name of a document's schema; a list's begins with that of its items: `JobList`."""
    name = document.__name__.removesuffix(_SUFFIX)
    return name if items is None else f"{component_name(items)}{name.removeprefix('Partial')}"


def reference(document: type[Struct], items: type[Struct] | None = None) -> Schema:
    """Return a reference to a document's schema."""
    return {"$ref": f"{_REF}{component_name(document, items)}"}


def components(endpoints: Iterable[Endpoint]) -> dict[str, Schema]:
    """Return the schemas of all that *endpoints* answer with, by name."""
    endpoints = list(endpoints)
    lists = {(one.document, one.items) for one in endpoints if one.items is not None}
    shapes = {ProblemDocument}.union(
        *({one.document, one.items or one.document} for one in endpoints)
    )
    ordered = sorted(shapes, key=lambda shape: shape.__name__)
    _, made = msgspec.json.schema_components(ordered, ref_template=f"{_REF}{{name}}")
    named = {name.removesuffix(_SUFFIX): schema for name, schema in made.items()}
    worded = {name: _worded(name, schema) for name, schema in named.items()}
    for document, items in lists:
        name = component_name(document, items)
        worded[name] = _list_of(worded[component_name(document)], reference(items), name)
    for document, _ in lists:
        worded.pop(component_name(document), None)
    return dict(sorted(worded.items()))


def _list_of(general: Schema, item: Schema, name: str) -> Schema:
    """Return the schema of a list of *item*, made of the *general* schema of lists."""
    properties = general["properties"]
    items = {**properties["items"], "items": item}
    return {**general, "title": name, "properties": {**properties, "items": items}}


def _worded(name: str, schema: Schema) -> Schema:
    """Return *schema* with the meaning of its members, and which are times."""
    properties = {
        member: _member(name, member, _renamed(about))
        for member, about in schema["properties"].items()
    }
    about = " ".join(schema["description"].replace("``", "`").split())
    return {**schema, "title": name, "description": about, "properties": properties}


def _member(name: str, member: str, schema: Schema) -> Schema:
    if member.endswith("_at") or member in _TIMES:
        schema = _as_time(schema)
    return {**schema, "description": SPECIAL.get((name, member)) or FIELDS[member]}


def _as_time(schema: Schema) -> Schema:
    if schema.get("type") == "string":
        return {**schema, "format": "date-time"}
    return {
        name: [_as_time(one) for one in part] if name == "anyOf" else part
        for name, part in schema.items()
    }


def _renamed(part: Any) -> Any:
    """Return *part* with its references by the names of `component_name`."""
    if isinstance(part, dict):
        return {name: _renamed(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_renamed(one) for one in part]
    is_reference = isinstance(part, str) and part.startswith(_REF)
    return part.removesuffix(_SUFFIX) if is_reference else part
