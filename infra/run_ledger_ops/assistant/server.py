"""The questions over standard input and output, by the protocol's own Python SDK.

The SDK is an extra (``pip install "run-ledger[ops,mcp]"``), so nothing but the command `mcp`
imports this module.
"""

import asyncio
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server

from run_ledger.questions.asking import Asking, Json
from run_ledger.questions.tool_results import SERVER_INFO, listed_tools, tool_result
from run_ledger.questions.tools import INSTRUCTIONS

_AT_ONCE = 16


def serve(asking: Callable[[], Asking]) -> None:
    """Answer questions until the input ends; *asking* is called for each, as time goes on.

    An interrupt ends the process at once: the thread that waits for input would not hear of it, and
    there is nothing to tidy up.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(_serve, server_of(asking))


def server_of(asking: Callable[[], Asking]) -> "Server[Any]":
    """Return the server, which any transport may run."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def list_tools(_: Any, __: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[types.Tool.model_validate(tool) for tool in listed_tools()]
        )

    async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        work = partial(tool_result, asking(), params.name, params.arguments or {})
        async with turns:
            return types.CallToolResult.model_validate(await _in_thread(work))

    return Server(
        SERVER_INFO["name"],
        version=SERVER_INFO["version"],
        title=SERVER_INFO["title"],
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def _in_thread(work: Callable[[], Json]) -> Json:
    """Return what *work* returns or raise what it raises; pings and other questions go on.

    The end of the process does not wait for the thread: it may be waiting for a person to sign in.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[Json] = loop.create_future()

    def settle(found: Json | None, error: BaseException | None) -> None:
        if answered.done():  # nobody waits any more
            return
        if error is None:
            answered.set_result(found or {})
        else:
            answered.set_exception(error)

    def run() -> None:
        found: Json | None = None
        error: BaseException | None = None
        try:
            found = work()
        except Exception as raised:  # noqa: BLE001 - it is raised where the answer is awaited
            error = raised
        with suppress(RuntimeError):  # the loop has ended, and with it whoever asked
            loop.call_soon_threadsafe(settle, found, error)

    threading.Thread(target=run, daemon=True).start()
    return await answered


async def _serve(server: "Server[Any]") -> None:
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
