"""Start the readers' processes before anybody waits for one.

A function's process takes a second to start, and few are at work at once (`READERS_AT_ONCE`). So as
many requests as that, at the same time, start all that there will be.
"""

import base64
import http.client
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from run_ledger_ops.local.edge.proxy import READERS_AT_ONCE
from run_ledger_ops.local.edge.renewal import TOKEN_PATH
from run_ledger_ops.local.machine.ports import LOOPBACK

_SECONDS = 60.0
_REQUEST = "/api/jobs?limit=1"


def warm_readers(port: int, client_id: str, client_secret: str, scope: str) -> list[int]:
    """Ask the API of a proxy's port as a program does, and return the statuses of its answers.

    Raises OSError or HTTPException where nobody answers, KeyError for an answer without a token.
    """
    pair = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
    form = urlencode({"grant_type": "client_credentials", "scope": scope})
    as_form = {
        "Authorization": f"Basic {pair}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    _, granted = _ask(port, "POST", TOKEN_PATH, form, as_form)
    headers = {"Authorization": f"Bearer {granted['access_token']}"}

    def ask(_: int) -> int:
        return _ask(port, "GET", _REQUEST, None, headers)[0]

    with ThreadPoolExecutor(READERS_AT_ONCE) as callers:
        return list(callers.map(ask, range(READERS_AT_ONCE)))


def are_well(statuses: list[int]) -> bool:
    """Return whether every answer was one of success."""
    return all(status == HTTPStatus.OK for status in statuses)


def _ask(
    port: int, method: str, path: str, body: str | None, headers: Mapping[str, str]
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_SECONDS)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
