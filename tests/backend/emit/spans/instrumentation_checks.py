"""The span processor under instrumentations that people use, over the SDKs that they instrument.

`test_opentelemetry.py` runs this file in an environment of its own. The SDKs talk to a server on
this machine.
"""

from __future__ import annotations

import importlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from tests.support.producers.traced import MODEL, Bench


class Answers(BaseHTTPRequestHandler):
    """Answers as OpenAI and Anthropic do."""

    def do_POST(self) -> None:
        """Answer a chat, an embedding or a message; below /broken each request fails."""
        self.rfile.read(int(self.headers["Content-Length"]))
        is_broken = self.path.startswith("/broken")
        body = {"error": {"message": "overloaded"}} if is_broken else self._body()
        content = json.dumps(body).encode()
        self.send_response(503 if is_broken else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _body(self) -> dict[str, Any]:
        if "embeddings" in self.path:
            vector = {"object": "embedding", "index": 0, "embedding": [0.1]}
            usage = {"prompt_tokens": 6, "total_tokens": 6}
            return {"object": "list", "model": MODEL, "data": [vector], "usage": usage}
        if "messages" in self.path:
            return {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "claude-sonnet-4-5",
                "content": [{"type": "text", "text": "ok"}],
                "stop_reason": "end_turn",
                "stop_sequence": None,
                "usage": {
                    "input_tokens": 10,
                    "output_tokens": 2,
                    "cache_read_input_tokens": 30,
                    "cache_creation_input_tokens": 5,
                },
            }
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": f"{MODEL}-2026-03-17",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "ok"},
                }
            ],
            "usage": {
                "prompt_tokens": 40,
                "completion_tokens": 4,
                "total_tokens": 44,
                "prompt_tokens_details": {"cached_tokens": 32},
            },
        }


@pytest.fixture
def server() -> Iterator[str]:
    """Give the address of a server that answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as one:
        thread = threading.Thread(target=one.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{one.server_port}"
        one.shutdown()
        thread.join()


def _openai(server: str) -> Any:
    return openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0)


def _chat(server: str) -> object:
    messages = [{"role": "user", "content": "hi"}]
    return _openai(server).chat.completions.create(model=MODEL, messages=messages)


def _embed(server: str) -> object:
    return _openai(server).embeddings.create(model=MODEL, input="hi", encoding_format="float")


def _message(server: str) -> object:
    client = anthropic.Anthropic(base_url=server, api_key="none", max_retries=0)
    messages = [{"role": "user", "content": "hi"}]
    return client.messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=messages)


def _langchain(server: str) -> object:
    model = ChatOpenAI(model=MODEL, base_url=f"{server}/v1", api_key="none", max_retries=0)
    return (ChatPromptTemplate.from_template("{text}") | model).invoke({"text": "hi"})


def _instrumentor(name: str) -> Any:
    module, _, kind = name.rpartition(".")
    return getattr(importlib.import_module(module), kind)()


OPENAI_V2 = "opentelemetry.instrumentation.openai_v2.OpenAIInstrumentor"
OPENLLMETRY = "opentelemetry.instrumentation.openai.OpenAIInstrumentor"
OPENLLMETRY_ANTHROPIC = "opentelemetry.instrumentation.anthropic.AnthropicInstrumentor"
OPENINFERENCE = "openinference.instrumentation.openai.OpenAIInstrumentor"
OPENINFERENCE_ANTHROPIC = "openinference.instrumentation.anthropic.AnthropicInstrumentor"
OPENINFERENCE_LANGCHAIN = "openinference.instrumentation.langchain.LangChainInstrumentor"
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
    ((OPENAI_V2,), _chat, PLAIN_CHAT_USED),
    ((OPENAI_V2,), _embed, EMBEDDING_USED),
    ((OPENLLMETRY,), _chat, CHAT_USED),
    ((OPENLLMETRY,), _embed, EMBEDDING_USED),
    ((OPENINFERENCE,), _chat, CHAT_USED),
    ((OPENINFERENCE,), _embed, EMBEDDING_USED),
    ((OPENLLMETRY_ANTHROPIC,), _message, MESSAGE_USED),
    ((OPENINFERENCE_ANTHROPIC,), _message, MESSAGE_USED),
    ((OPENINFERENCE_LANGCHAIN,), _langchain, CHAT_USED),
    ((OPENINFERENCE_LANGCHAIN, OPENINFERENCE), _langchain, CHAT_USED),
    ((OPENINFERENCE_LANGCHAIN, OPENAI_V2), _langchain, PLAIN_CHAT_USED),
]


@pytest.mark.parametrize(
    ("names", "call", "used"),
    CASES,
    ids=[f"{'+'.join(n.split('.')[-2] for n in names)}{call.__name__}" for names, call, _ in CASES],
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
    for name in names:
        _instrumentor(name).instrument(tracer_provider=bench.provider)
    with bench.job("well"):
        call(server)
    with bench.job("broken"), suppress(Exception):
        call(f"{server}/broken")
    return {job_id: bench.counters(job_id) for job_id in ("well", "broken")}
