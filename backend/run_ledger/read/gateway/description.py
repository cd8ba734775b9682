"""The published description of an API, with the address that it is served at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

DESCRIPTION = "/openapi.json"
# The documents lie beside the package, in a checkout and in what Lambda unpacks.
_FOLDER = Path(__file__).resolve().parents[3]


def server_address(context: Mapping[str, Any]) -> str:
    """Return the address of the API that a request has come to, from its ``requestContext``.

    Where the gateway does not tell its domain, as the local one doesn't, it is the address's path.
    A description may name that: it counts from where the description itself was fetched.
    """
    domain = context.get("domainName")
    path = str(context.get("path", DESCRIPTION)).removesuffix(DESCRIPTION)
    return f"https://{domain}{path}" if domain else path or "/"


@lru_cache(4)
def served_description(file_name: str, address: str) -> Raw:
    """Return the text of the published document *file_name* with *address* as its only server."""
    document = msgspec.json.decode((_FOLDER / file_name).read_bytes())
    document["servers"] = [{"url": address, "description": "This stage."}]
    return Raw(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
