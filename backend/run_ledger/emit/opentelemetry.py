"""A span processor of OpenTelemetry: what calls of language models used, for the current job.

One line, wherever the program sets up its tracing::

    provider.add_span_processor(RunLedgerSpanProcessor())

and every instrumentation of a model's SDK counts for the job in whose block its span begins: calls,
failed calls, tokens and cost, by the same rule as `Job.usage`. Don't pass the same answers to
`Job.usage` as well: they would count twice. ``pip install run-ledger[opentelemetry]``.

**Which spans count.** `run_ledger.emit.counting.span_usage` says which conventions are read, and
`run_ledger.emit.spans.span_tree` which of a tree's spans count. A sampler that drops spans drops
their counts; spans that are recorded count, whether they are sampled or not. Some instrumentations
of frameworks don't make their spans current, so that the SDK's own span is not below theirs: a call
that encloses another instrumentation's call of the same job with the same tokens is that one.

**Which job.** The current one when the span begins; else that of the parent span, as where a thread
pool passes on OpenTelemetry's context alone; else the processor's own. A call outside of all of
them counts for no job: it is counted in `RunLedgerSpanProcessor.stats`, and logged once.

Nothing here raises into the program, waits or calls anybody.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from run_ledger.emit.counting.span_usage import (
    SpanReading,
    attributes_of,
    read_span,
)
from run_ledger.emit.delivery import process_hooks
from run_ledger.emit.jobs import Job, current_job
from run_ledger.emit.spans.span_tree import SpanKey, SpanTree
from run_ledger.emit.spans.told_calls import ToldCall, ToldCalls

_log = logging.getLogger("run_ledger.emit.opentelemetry")
_MOST_REMEMBERED = 200  # calls that another instrumentation may tell once more


@dataclass
class SpanStats:
    """What became of the spans that one processor saw end."""

    counted: int = 0
    """Calls that were counted for a job."""
    outside_jobs: int = 0
    """Calls that belong to no job."""
    without_usage: int = 0
    """Calls that told no tokens, and no span above them did."""
    lost: int = 0
    """Spans whose beginning was not seen or is no longer kept, so that their job is unknown."""
    faults: int = 0
    """Errors inside this module, which were kept from the program."""

    def as_dict(self) -> dict[str, int]:
        """Return the figures by name."""
        return asdict(self)


class RunLedgerSpanProcessor(SpanProcessor):
    """Counts what spans of language models tell, for the job in whose block they begin."""

    def __init__(self, job: Job | None = None) -> None:
        """Count for *job* what begins outside of any job's block."""
        self._job = job
        self._stats = SpanStats()
        self._said: set[str] = set()
        self._begin()
        process_hooks.watch_fork(self)

    def _begin(self) -> None:
        self._lock = threading.RLock()  # a span may end in a finaliser, in the middle of this
        self._tree = SpanTree(self._count)
        self._inherited: frozenset[SpanKey] = frozenset()
        self._told = ToldCalls(_MOST_REMEMBERED)

    def stats(self) -> SpanStats:
        """Return what became of the spans so far."""
        return SpanStats(**asdict(self._stats))

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        """Note the job that the span belongs to."""
        try:
            key = _key(span.context)
            if key is None:
                return
            parent = _key(span.parent)
            is_remote = bool(span.parent and span.parent.is_remote)
            with self._lock:
                is_remote = is_remote or parent in self._inherited
                above = self._tree.owner_of(parent)
                job = current_job() or (above.owner if above else None) or self._job
                scope = span.instrumentation_scope
                call = ToldCall(job, scope.name if scope else "", span.start_time or 0)
                self._tree.start(key, parent, call, is_remote=is_remote)
        except Exception as error:  # noqa: BLE001 - a program must not suffer from its report
            self._note_fault(error)

    def on_end(self, span: ReadableSpan) -> None:
        """Count what the span tells, once it is certain that no span below tells it."""
        try:
            key = _key(span.context)
            if key is None:
                return
            attributes = attributes_of(span)
            reading = read_span(attributes) if attributes is not None else None
            with self._lock:
                call = self._tree.owner_of(key)
                if call is not None:
                    call.ended_ns = span.end_time or 0
                is_known = self._tree.end(key, reading) or key in self._inherited
                if not is_known and reading is not None:
                    self._lose()
        except Exception as error:  # noqa: BLE001 - as above
            self._note_fault(error)

    def shutdown(self) -> None:
        """Count what was held back because spans below it are still open."""
        try:
            with self._lock:
                self._tree.settle_all()
        except Exception as error:  # noqa: BLE001 - as above
            self._note_fault(error)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002
        """Return True: what has ended is with its job, whose ledger sends it in its own time."""
        return True

    def after_fork(self) -> None:
        """Begin anew in a forked child: what was open is counted by the parent process."""
        inherited = frozenset(self._tree.clear()) | self._inherited
        self._begin()
        self._inherited = inherited

    def _count(self, call: ToldCall, reading: SpanReading) -> None:
        call.learn(reading)
        if reading.is_call and self._told.is_repeat(call):
            return
        if call.owner is None:
            self._stats.outside_jobs += 1
            self._say_once("a call of a language model outside of any job's block is not counted")
            return
        if reading.has_usage or reading.has_failed:
            call.owner.usage(reading.attributes)
            self._stats.counted += 1
        else:
            call.owner.add(llm_calls=1, llm_calls_unpriced=1)
            self._stats.without_usage += 1
            self._say_once("a call of a language model told no tokens")

    def _lose(self) -> None:
        self._stats.lost += 1
        self._say_once("a span whose start was not seen is not counted")

    def _note_fault(self, error: Exception) -> None:
        self._stats.faults += 1
        self._say_once(f"counting spans failed inside: {type(error).__name__}: {error}")

    def _say_once(self, words: str) -> None:
        if words not in self._said and len(self._said) < 10:  # noqa: PLR2004 - enough to read
            self._said.add(words)
            _log.warning("%s (further ones are only counted, in stats())", words)


def _key(context: Any) -> SpanKey | None:
    return SpanKey(context.trace_id, context.span_id) if context is not None else None
