"""A stand-in for the servers of language models, which answers as OpenAI and Anthropic do."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "gpt-5.4-mini"
_numbers = itertools.count(1)


class ModelAnswers(BaseHTTPRequestHandler):
    """Answers as OpenAI and Anthropic do, each answer with an id of its own."""

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
                "id": f"msg_{next(_numbers)}",
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
            "id": f"chatcmpl-{next(_numbers)}",
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


@contextmanager
def model_server() -> Iterator[str]:
    """Give the address of a server that answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), ModelAnswers) as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{one.server_port}"
        finally:
            one.shutdown()
            thread.join()
