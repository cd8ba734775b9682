"""The methods of the protocol that are answered: who we are, which tools there are, and a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from run_ledger.questions.asking import Asking, Json
from run_ledger.questions.tool_results import SERVER_INFO, listed_tools, tool_result
from run_ledger.questions.tools import INSTRUCTIONS

from .protocol_versions import SERVER_INFO_KEY, STATELESS, SUPPORTED, negotiated
from .rpc_messages import INVALID_PARAMS, METHOD_NOT_FOUND, Call, RpcRefusal

_CAPABILITIES: Json = {"tools": {}}
# Which tools there are changes with a deployment alone, and is no secret.
_KEPT: Json = {"ttlMs": 300_000, "cacheScope": "public"}
_MOST_REPEATED = 40


def _initialize(call: Call, _: Asking) -> Json:
    return {
        "protocolVersion": negotiated(call.params.get("protocolVersion")),
        "capabilities": _CAPABILITIES,
        "serverInfo": dict(SERVER_INFO),
        "instructions": INSTRUCTIONS,
    }


def _discover(_: Call, __: Asking) -> Json:
    return {
        "supportedVersions": list(SUPPORTED),
        "capabilities": _CAPABILITIES,
        "instructions": INSTRUCTIONS,
    }


def _ping(_: Call, __: Asking) -> Json:
    return {}


def _list_tools(call: Call, _: Asking) -> Json:
    if call.params.get("cursor") is not None:
        raise RpcRefusal(INVALID_PARAMS, "cursor must be left out: all tools are on one page.")
    return {"tools": listed_tools()}


def _call_tool(call: Call, asking: Asking) -> Json:
    name, arguments = call.params.get("name"), call.params.get("arguments")
    if not isinstance(name, str):
        raise RpcRefusal(INVALID_PARAMS, "name must be a text, the name of a tool.")
    if not isinstance(arguments, dict | None):
        raise RpcRefusal(INVALID_PARAMS, "arguments must be an object.")
    return tool_result(asking, name, arguments or {})


Method = Callable[[Call, Asking], Json]
_TOOLS: Mapping[str, Method] = {"tools/list": _list_tools, "tools/call": _call_tool}
_OF_HANDSHAKES: Mapping[str, Method] = {"initialize": _initialize, "ping": _ping, **_TOOLS}
_STATELESS: Mapping[str, Method] = {"server/discover": _discover, **_TOOLS}
_KEPT_METHODS = ("server/discover", "tools/list")
KNOWN_METHODS = frozenset((*_OF_HANDSHAKES, *_STATELESS))


def result_of(call: Call, version: str, asking: Asking) -> Json:
    """Return the result of a request; raise RpcRefusal where it has none."""
    is_stateless = version in STATELESS
    methods = _STATELESS if is_stateless else _OF_HANDSHAKES
    method = methods.get(call.method)
    if method is None:
        raise RpcRefusal(
            METHOD_NOT_FOUND,
            f"There is no method {call.method[:_MOST_REPEATED]!r} in {version}; allowed: "
            f"{', '.join(methods)}.",
        )
    result = method(call, asking)
    if not is_stateless:
        return result
    kept = _KEPT if call.method in _KEPT_METHODS else {}
    info = {SERVER_INFO_KEY: dict(SERVER_INFO)}
    return {"resultType": "complete", **result, **kept, "_meta": info}
