"""The span processor under instrumentations that people use, over the SDKs that they instrument.

`test_opentelemetry.py` runs this file in an environment of its own. The SDKs talk to a server on
this machine.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.support.llm.model_server import model_server
from tests.support.producers.instrumented import (
    OPENAI_V2,
    OPENINFERENCE,
    OPENINFERENCE_ANTHROPIC,
    OPENINFERENCE_LANGCHAIN,
    OPENLLMETRY,
    OPENLLMETRY_ANTHROPIC,
    chat,
    embed,
    instrument,
    langchain,
    message,
)
from tests.support.producers.traced import Bench


@pytest.fixture
def server() -> Iterator[str]:
    """Give the address of a server that answers."""
    with model_server() as address:
        yield address


CHAT_USED = {
    "llm_calls": 1,
    "input_tokens": 40,
    "output_tokens": 4,
    "cache_read_input_tokens": 32,
}
# This one does not tell cached tokens.
PLAIN_CHAT_USED = {"llm_calls": 1, "input_tokens": 40, "output_tokens": 4}
EMBEDDING_USED = {"llm_calls": 1, "input_tokens": 6}
MESSAGE_USED = {  # its model has no price here
    "llm_calls_unpriced": 1,
    "llm_calls": 1,
    "input_tokens": 45,
    "output_tokens": 2,
    "cache_read_input_tokens": 30,
}
Call = Callable[[str], object]
CASES: list[tuple[tuple[str, ...], Call, dict[str, int]]] = [
    ((OPENAI_V2,), chat, PLAIN_CHAT_USED),
    ((OPENAI_V2,), embed, EMBEDDING_USED),
    ((OPENLLMETRY,), chat, CHAT_USED),
    ((OPENLLMETRY,), embed, EMBEDDING_USED),
    ((OPENINFERENCE,), chat, CHAT_USED),
    ((OPENINFERENCE,), embed, EMBEDDING_USED),
    ((OPENLLMETRY_ANTHROPIC,), message, MESSAGE_USED),
    ((OPENINFERENCE_ANTHROPIC,), message, MESSAGE_USED),
    ((OPENINFERENCE_LANGCHAIN,), langchain, CHAT_USED),
    ((OPENINFERENCE_LANGCHAIN, OPENINFERENCE), langchain, CHAT_USED),
    ((OPENINFERENCE_LANGCHAIN, OPENAI_V2), langchain, PLAIN_CHAT_USED),
]


@pytest.mark.parametrize(
    ("names", "call", "used"),
    CASES,
    ids=[
        f"{'+'.join(n.split('.')[-2] for n in names)}_{call.__name__}" for names, call, _ in CASES
    ],
)
def test_instrumentations(
    server: str, names: tuple[str, ...], call: Call, used: dict[str, int], tmp_path: Path
) -> None:
    """Each instrumentation gives the SDK's own figures, once, and one failed call for a failure."""
    found = tmp_path / "found.json"

    child = os.fork()  # no instrumentation takes back all that it has patched
    if child == 0:
        try:
            found.write_text(json.dumps(_counted(server, names, call)))
        finally:
            os._exit(0)
    os.waitpid(child, 0)

    assert json.loads(found.read_text()) == {
        "well": used,
        "broken": {"llm_calls": 1, "llm_errors": 1},
    }


def _counted(server: str, names: tuple[str, ...], call: Call) -> dict[str, Any]:
    """Return what a job comes to whose call succeeds, and one whose call fails."""
    bench = Bench()
    instrument(names, bench.provider)
    with bench.job("well"):
        call(server)
    with bench.job("broken"), suppress(Exception):
        call(f"{server}/broken")
    return {job_id: bench.counters(job_id) for job_id in ("well", "broken")}
