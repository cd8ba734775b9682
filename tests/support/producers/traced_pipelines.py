"""Starts pipelines whose tracing is set up by variables alone, against a door for spans."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venvs" / "opentelemetry" / "bin" / "python"
SECONDS = 120
OPENAI_V2 = "opentelemetry.instrumentation.openai_v2.OpenAIInstrumentor"
OPENLLMETRY = "opentelemetry.instrumentation.openai.OpenAIInstrumentor"
OPENLLMETRY_ANTHROPIC = "opentelemetry.instrumentation.anthropic.AnthropicInstrumentor"
OPENLLMETRY_LANGCHAIN = "opentelemetry.instrumentation.langchain.LangchainInstrumentor"
OPENINFERENCE = "openinference.instrumentation.openai.OpenAIInstrumentor"
OPENINFERENCE_ANTHROPIC = "openinference.instrumentation.anthropic.AnthropicInstrumentor"
OPENINFERENCE_LANGCHAIN = "openinference.instrumentation.langchain.LangChainInstrumentor"


def run_pipeline(
    door: str, key: str, names: Sequence[str], variables: Mapping[str, str], **setup: Any
) -> str:
    """Run `traced_program` to its end, and return what its logs say.

    *variables* are added to those that name the *door*, an address that ends in ``/``, and the key.
    """
    settings = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    settings |= {
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "backend"))),
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{door}v1/traces",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"Authorization=Bearer%20{key}",
        **variables,
    }
    text = json.dumps({"names": names, "exporter": "protobuf", **setup})
    done = subprocess.run(
        [PYTHON, "-W", "ignore", "-m", "tests.support.producers.traced_program", text],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return done.stderr
