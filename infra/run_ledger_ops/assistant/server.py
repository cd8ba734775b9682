"""The questions over standard input and output, by the protocol's own Python SDK.

The SDK is an extra (``pip install "run-ledger[ops,mcp]"``), so nothing but the command `mcp`
imports this module.
"""

import json
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server

from run_ledger.questions.asking import Asking, Refused
from run_ledger.questions.tools import INSTRUCTIONS, TOOLS, answer


def serve(asking: Callable[[], Asking]) -> None:
    """Answer questions until the input ends; *asking* is called for each, as time goes on."""
    anyio.run(_serve, server_of(asking))


def server_of(asking: Callable[[], Asking]) -> "Server[Any]":
    """Return the server, which any transport may run."""

    async def list_tools(_: Any, __: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    title=tool.title,
                    description=tool.about,
                    input_schema=tool.schema(),
                    annotations=types.ToolAnnotations(
                        read_only_hint=True, idempotent_hint=True, open_world_hint=False
                    ),
                )
                for tool in TOOLS.values()
            ]
        )

    async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        work = partial(answer, asking(), params.name, params.arguments or {})
        try:
            # The API is asked in a thread, so that pings and other questions go on meanwhile.
            found = await anyio.to_thread.run_sync(work)
        except Refused as refusal:
            return types.CallToolResult(content=[_text(str(refusal))], is_error=True)
        return types.CallToolResult(
            # for clients that don't read structured content
            content=[_text(json.dumps(found, ensure_ascii=False))],
            structured_content=found,
        )

    return Server(
        "run-ledger",
        version=version("run-ledger"),
        title="Run Ledger",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _serve(server: "Server[Any]") -> None:
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def _text(text: str) -> types.TextContent:
    return types.TextContent(type="text", text=text)
