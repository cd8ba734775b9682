"""A pipeline whose tracing is set up by variables alone, in the environment that has an SDK.

`python -m tests.support.producers.traced_program SETUP`, where SETUP is JSON: which `names` to
instrument by, which `calls` to make to which `server` within an agent's span within a root span,
by which `exporter` and whether `at_once`, without batches. What `baggage` says stands on all spans.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import Any

from opentelemetry import baggage, context
from opentelemetry.exporter.otlp.json.http.trace_exporter import (
    OTLPSpanExporter as JSONSpanExporter,
)
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.processor.baggage import ALLOW_ALL_BAGGAGE_KEYS, BaggageSpanProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from tests.support.producers import instrumented

AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 1_000}


def main(setup: dict[str, Any]) -> None:
    """Run the pipeline."""
    exporter = {"protobuf": OTLPSpanExporter, "json": JSONSpanExporter}[setup["exporter"]]()
    processor = SimpleSpanProcessor if setup.get("at_once") else BatchSpanProcessor
    provider = TracerProvider()
    provider.add_span_processor(BaggageSpanProcessor(ALLOW_ALL_BAGGAGE_KEYS))
    provider.add_span_processor(processor(exporter))
    for name, value in setup.get("baggage", {}).items():
        context.attach(baggage.set_baggage(name, value))
    instrumented.instrument(setup["names"], provider)
    tracer = provider.get_tracer("pipeline")
    with (
        tracer.start_as_current_span("enrich"),
        tracer.start_as_current_span("invoke_agent", attributes=AGENT),
    ):
        for call in setup["calls"]:
            with suppress(Exception):
                getattr(instrumented, call)(setup["server"])
    provider.shutdown()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
