"""Drives ``/mcp`` by the protocol's own client, in an environment that has it.

It reads ``{"url": …, "mode": …, "token": …, "machine": …, "calls": [[tool, arguments], …]}`` from
standard input, and prints what the server says of itself, its tools, and the results of the calls,
as JSON. A machine is an app client's id and secret and the issuer of its tokens: the client finds
out from the URL alone where to get one.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import httpx2
from mcp import Client
from mcp.client.auth.extensions.client_credentials import ClientCredentialsOAuthProvider
from mcp.client.streamable_http import streamable_http_client

SECONDS = 120


class Storage:
    """Keeps a token for as long as the process."""

    def __init__(self) -> None:
        """Know none yet."""
        self.tokens: Any = None
        self.client: Any = None

    async def get_tokens(self) -> Any:
        """Return the token."""
        return self.tokens

    async def set_tokens(self, tokens: Any) -> None:
        """Keep a token."""
        self.tokens = tokens

    async def get_client_info(self) -> Any:
        """Return what is known of the app client."""
        return self.client

    async def set_client_info(self, client_info: Any) -> None:
        """Keep it."""
        self.client = client_info


def http_client(wanted: dict[str, Any]) -> httpx2.AsyncClient:
    """Return a client of HTTP that signs in by itself, or has a token."""
    if "machine" in wanted:
        machine = wanted["machine"]
        provider = ClientCredentialsOAuthProvider(
            wanted["url"],
            Storage(),
            machine["client_id"],
            machine["client_secret"],
            issuer=machine["issuer"],
        )
        return httpx2.AsyncClient(auth=provider, timeout=SECONDS)
    headers = {"Authorization": f"Bearer {wanted['token']}"}
    return httpx2.AsyncClient(headers=headers, timeout=SECONDS)


async def main() -> None:
    """Connect as an assistant does: by a URL; list the tools and call them."""
    wanted = json.load(sys.stdin)
    async with http_client(wanted) as http:
        transport = streamable_http_client(wanted["url"], http_client=http)
        client = Client(transport, mode=wanted["mode"], read_timeout_seconds=SECONDS)
        async with client:
            listed = await client.list_tools()
            results = [await client.call_tool(name, given) for name, given in wanted["calls"]]
            said: dict[str, Any] = {
                "version": client.protocol_version,
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
