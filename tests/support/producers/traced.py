"""A program with tracing set up, and jobs on a bus that takes everything; needs OpenTelemetry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Sampler
from tests.support.llm.model_server import MODEL
from tests.support.producers.buses import WillingBus

from run_ledger.emit import Price, Prices, RunLedger
from run_ledger.emit.opentelemetry import RunLedgerSpanProcessor

PRICES = Prices({MODEL: Price(input=1_000_000, cached=100_000, output=2_000_000)})
TOKENS = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 2}
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": MODEL}
AGENT = {"gen_ai.operation.name": "invoke_agent"}


class Bench:
    """A provider with our processor, and a ledger on a bus that takes everything."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        """Set up tracing in one line, as a program does."""
        self.bus = WillingBus()
        self.ledger = RunLedger("bus", client=self.bus, spool="off", prices=PRICES)
        self.provider = TracerProvider(sampler=sampler)
        self.processor = RunLedgerSpanProcessor()
        self.provider.add_span_processor(self.processor)
        self.tracer = self.provider.get_tracer("tests")

    def job(self, job_id: str = "j") -> Any:
        """Return a job of the ledger."""
        return self.ledger.job(client_id="acme", project_id="p", job_id=job_id)

    def counters(self, job_id: str = "j") -> dict[str, int]:
        """Return what the job comes to, from the events that the bus took."""
        assert self.ledger.flush(20)
        counted = self.bus.jobs[job_id].counters
        return {name: value for name, value in counted.items() if "cost" not in name}

    @contextmanager
    def span(self, *said: dict[str, Any], **options: Any) -> Iterator[Any]:
        """Give a current span with attributes."""
        with self.tracer.start_as_current_span("span", **options) as span:
            for attributes in said:
                span.set_attributes(attributes)
            yield span
