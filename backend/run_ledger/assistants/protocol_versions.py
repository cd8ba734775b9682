"""The protocol's versions, and what the headers of a request have to say in each.

Until 2025, a client began with a handshake (``initialize``), which needs no memory of ours: its
later requests name the version in a header. Since 2026, each request stands for itself. It says its
version in ``_meta`` and repeats in headers what its body says, so that neither can be believed
alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from run_ledger.questions.asking import Json

from .rpc_messages import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    UNSUPPORTED_VERSION,
    Call,
    RpcRefusal,
)

BATCHED = "2025-03-26"
"""The one version that has batches, and what a request without a version's header is of."""
HANDSHAKES = (BATCHED, "2025-06-18", "2025-11-25")
STATELESS = ("2026-07-28",)
SUPPORTED = (*reversed(STATELESS), *reversed(HANDSHAKES))
VERSION_HEADER, METHOD_HEADER, NAME_HEADER = "mcp-protocol-version", "mcp-method", "mcp-name"
_PREFIX = "io.modelcontextprotocol/"
_VERSION_KEY, _CAPABILITIES_KEY = f"{_PREFIX}protocolVersion", f"{_PREFIX}clientCapabilities"
SERVER_INFO_KEY = f"{_PREFIX}serverInfo"
_NAMED = "tools/call"
_ENCODED = re.compile(r"=\?base64\?(.*)\?=")
_MOST_REPEATED = 40

Headers = Mapping[str, str]


def negotiated(asked: object) -> str:
    """Return the version for a client that begins with a handshake and asks for one."""
    return asked if isinstance(asked, str) and asked in HANDSHAKES else HANDSHAKES[-1]


def version_of(headers: Headers) -> str:
    """Return the version that a request's header names; raise RpcRefusal for an unknown one."""
    named = headers[VERSION_HEADER] or BATCHED
    if named not in SUPPORTED:
        raise RpcRefusal(
            UNSUPPORTED_VERSION,
            f"The protocol version {named[:_MOST_REPEATED]!r} is not spoken here; allowed: "
            f"{', '.join(SUPPORTED)}.",
            {"supported": list(SUPPORTED), "requested": named[:_MOST_REPEATED]},
        )
    return named


def says_its_version(call: Call) -> bool:
    """Return whether a request says in its body which version it is of."""
    return _VERSION_KEY in _meta(call)


def check_envelope(call: Call, headers: Headers) -> None:
    """Raise RpcRefusal unless a request of a stateless version says all that it has to say."""
    meta = _meta(call)
    missing = [name for name in (_VERSION_KEY, _CAPABILITIES_KEY) if name not in meta]
    if missing:
        raise RpcRefusal(INVALID_PARAMS, f"params._meta must hold {' and '.join(missing)}.")
    if not isinstance(meta[_CAPABILITIES_KEY], dict):
        raise RpcRefusal(INVALID_PARAMS, f"params._meta.{_CAPABILITIES_KEY} must be an object.")
    name = call.params.get("name") if call.method == _NAMED else None
    for header, said in (
        (VERSION_HEADER, meta[_VERSION_KEY]),
        (METHOD_HEADER, call.method),
        (NAME_HEADER, name),
    ):
        if said is not None and _decoded(headers[header]) != said:
            raise RpcRefusal(
                HEADER_MISMATCH,
                f"The header {header} must say the same as the body of the request.",
            )


def _meta(call: Call) -> Json:
    found = call.params.get("_meta")
    return found if isinstance(found, dict) else {}


def _decoded(value: str) -> str | None:
    """Return what a header says, which may be written in base64; None if it says nothing."""
    encoded = _ENCODED.fullmatch(value)
    if encoded is None:
        return value
    try:
        return base64.b64decode(encoded[1], validate=True).decode()
    except (binascii.Error, ValueError):
        return None
