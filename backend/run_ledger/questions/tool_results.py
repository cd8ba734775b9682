"""The tools and their answers as members of the protocol's messages, whatever carries these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from .asking import Asking, Json, Refused
from .tools import TOOLS, answer

SERVER_INFO: Mapping[str, str] = {
    "name": "run-ledger",
    "title": "Run Ledger",
    "version": "0.1.0",
}
"""What a server says of itself."""


def listed_tools() -> list[Json]:
    """Return each tool with its schema, and that it reads alone."""
    return [
        {
            "name": tool.name,
            "title": tool.title,
            "description": tool.about,
            "inputSchema": tool.schema(),
            "annotations": {
                "readOnlyHint": True,
                "idempotentHint": True,
                "openWorldHint": False,
            },
        }
        for tool in TOOLS.values()
    ]


def tool_result(asking: Asking, name: str, arguments: Mapping[str, Any]) -> Json:
    """Return what a call of the tool *name* results in; a refusal is a result, too.

    An assistant reads it, and may ask again. The answer is structured, and the same as text for
    clients that read no other.
    """
    try:
        found = answer(asking, name, arguments)
    except Refused as refusal:
        return {"content": [_text(str(refusal))], "isError": True}
    return {
        "content": [_text(msgspec.json.encode(found).decode())],
        "structuredContent": found,
        "isError": False,
    }


def _text(text: str) -> Json:
    return {"type": "text", "text": text}
