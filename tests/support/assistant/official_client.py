"""Drives `run-ledger mcp` by the protocol's own client, in an environment that has it.

It reads ``{"arguments": […], "calls": [[tool, arguments], …]}`` from standard input, and prints
what the server says of itself, its tools, and the results of the calls, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from mcp import Client, StdioServerParameters

SECONDS = 60


async def main() -> None:
    """Connect as an assistant does: start the command, list its tools, call them."""
    wanted = json.load(sys.stdin)
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "run_ledger_ops.command", "mcp", *wanted["arguments"]],
        env=dict(os.environ),
    )
    async with Client(server, read_timeout_seconds=SECONDS) as client:
        listed = await client.list_tools()
        results = await asyncio.gather(
            *(client.call_tool(name, given) for name, given in wanted["calls"])
        )
        said: dict[str, Any] = {
            "name": client.server_info.name,
            "instructions": client.instructions,
            "tools": [tool.model_dump(mode="json") for tool in listed.tools],
            "results": [
                {
                    "is_error": bool(one.is_error),
                    "text": "".join(part.text for part in one.content),
                    "structured": one.structured_content,
                }
                for one in results
            ],
        }
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
