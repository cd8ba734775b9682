"""Which call an answer belongs to: the same one seen again, or told in parts, counts once.

A call is known by the id that its answers carry. Chunks without an id belong together if the same
thread and task passes them one after another, they name the same model and input, and the output
does not shrink. Of calls with an id the latest `MOST_CALLS` are remembered.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from typing import NamedTuple

from run_ledger.emit.counting.usage_fields import CallReading
from run_ledger.emit.pricing.usage_totals import Usage

MOST_CALLS = 4096  # about 2 MB
_MOST_PLACES = 1024
_MOST_STREAMS = 8  # at once, of one thread and task

_Place = tuple[int, int]  # a thread, and the asyncio task in it


class _Call:
    """One call as it is known so far, and what it costs so far, in its meter's unit.

    ``model`` is the one that all this was told of.
    """

    __slots__ = (
        "begun_by",
        "cost",
        "has_sums",
        "is_ended",
        "is_stream",
        "model",
        "unpriced",
        "usage",
    )

    def __init__(self, reading: CallReading) -> None:
        self.usage = reading.usage
        self.begun_by = reading.kind
        self.is_stream = reading.kind != "whole"
        self.is_ended = reading.is_last
        self.has_sums = reading.kind == "sums"
        self.cost = 0
        self.unpriced = 0
        self.model: str | None = None


class Noted(NamedTuple):
    """A call after one more answer was noted, and its usage before; None if it is new."""

    call: _Call
    before: Usage | None


class CallLog:
    """The calls of one job. Only one thread at a time may use it."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, _Call] = OrderedDict()
        self._streams: OrderedDict[_Place, list[_Call]] = OrderedDict()  # of each, newest last

    def note(self, reading: CallReading) -> Noted | None:
        """Note *reading* and return the call that it belongs to; None for the end of an unknown."""
        call = self._known(reading)
        if call is None:
            if reading.kind == "end":
                return None
            call = _Call(reading)
            self._remember(call, reading)
            return Noted(call, None)
        before = call.usage
        call.usage = _added(before, reading) if reading.kind == "addend" else _most(before, reading)
        call.is_stream = call.is_stream or reading.kind != "whole"
        call.has_sums = call.has_sums or reading.kind == "sums"
        if reading.is_last and (reading.kind != "rest" or call.begun_by == "rest"):
            call.is_ended = True
        return Noted(call, before)

    def _known(self, reading: CallReading) -> _Call | None:
        if reading.call_id is not None:
            call = self._by_id.get(reading.call_id)
            return call if call is not None and _is_same(call, reading.usage) else None
        if reading.kind == "whole":
            return None
        near = self._streams.get(_place(), [])
        if reading.kind in {"chunk", "addend"}:
            return next((one for one in reversed(near) if _goes_on(one, reading.usage)), None)
        # A stream's later events may be passed by another thread than its first.
        anywhere = near or next(reversed(self._streams.values()), [])
        return next((one for one in reversed(anywhere) if _is_begun(one, reading)), None)

    def _remember(self, call: _Call, reading: CallReading) -> None:
        if reading.call_id is not None:
            self._by_id[reading.call_id] = call
            self._by_id.move_to_end(reading.call_id)
            if len(self._by_id) > MOST_CALLS:
                self._by_id.popitem(last=False)
        if call.is_stream:
            here = _place()
            near = self._streams.setdefault(here, [])
            near.append(call)
            del near[:-_MOST_STREAMS]
            self._streams.move_to_end(here)
            if len(self._streams) > _MOST_PLACES:
                self._streams.popitem(last=False)


def _place() -> _Place:
    """Return where this is called: whoever reads one stream reads it in one place."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no loop runs here
        task = None
    return threading.get_ident(), id(task) if task else 0


def _is_same(call: _Call, usage: Usage) -> bool:
    """Return whether an answer with the same id tells of *call*; some servers give ids twice."""
    known = call.usage
    if _differ(known.model, usage.model):
        return False
    if call.is_stream and not call.is_ended:
        return True
    if not (known.is_told and usage.is_told) or not known.input_tokens or not usage.input_tokens:
        return True
    grows = known.output_tokens <= usage.output_tokens
    if known.input_tokens == usage.input_tokens:
        return grows or call.is_stream
    return call.is_stream and grows and known.input_tokens <= usage.input_tokens


def _goes_on(call: _Call, usage: Usage) -> bool:
    """Return whether a chunk without an id goes on with *call*."""
    known = call.usage
    if call.is_ended or call.begun_by == "rest" or _differ(known.model, usage.model):
        return False
    fits = usage.input_tokens in {0, known.input_tokens} or not known.input_tokens
    return fits and (call.begun_by == "addend" or usage.output_tokens >= known.output_tokens)


def _is_begun(call: _Call, reading: CallReading) -> bool:
    """Return whether *reading*, which has no beginning of its own, may be the rest of *call*."""
    if reading.kind != "sums":
        return not call.is_ended
    known, usage = call.usage, reading.usage
    if call.has_sums or call.begun_by == "rest" or known.output_tokens > usage.output_tokens:
        return False
    if _differ(known.model, usage.model):
        return False
    return not known.input_tokens or known.input_tokens == usage.input_tokens


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _most(known: Usage, reading: CallReading) -> Usage:
    """Return what two answers of one call come to: each says the figures so far."""
    usage = reading.usage
    input_tokens = max(known.input_tokens, usage.input_tokens)
    read = max(known.cache_read_input_tokens, usage.cache_read_input_tokens)
    written = max(known.cache_write_input_tokens, usage.cache_write_input_tokens)
    written = min(written, input_tokens - read)
    hour = max(known.cache_write_hour_tokens, usage.cache_write_hour_tokens)
    return Usage(
        llm_calls=max(known.llm_calls, usage.llm_calls),
        llm_errors=max(known.llm_errors, usage.llm_errors),
        input_tokens=input_tokens,
        output_tokens=max(known.output_tokens, usage.output_tokens),
        cache_read_input_tokens=read,
        cache_write_input_tokens=written,
        model=known.model or usage.model,
        cache_write_hour_tokens=min(hour, written),
        input_audio_tokens=max(known.input_audio_tokens, usage.input_audio_tokens),
        output_audio_tokens=max(known.output_audio_tokens, usage.output_audio_tokens),
        web_searches=max(known.web_searches, usage.web_searches),
        tier=usage.tier or known.tier,
        is_told=known.is_told or usage.is_told,
        is_free=known.is_free or usage.is_free,
    )


def _added(known: Usage, reading: CallReading) -> Usage:
    """Return the sum of a chunk and those before it, unless it repeats what they said."""
    usage = reading.usage
    most = _most(known, reading)
    if usage.input_tokens and usage.input_tokens == known.input_tokens:
        return most
    return most._replace(
        input_tokens=known.input_tokens + usage.input_tokens,
        output_tokens=known.output_tokens + usage.output_tokens,
        cache_read_input_tokens=known.cache_read_input_tokens + usage.cache_read_input_tokens,
        cache_write_input_tokens=known.cache_write_input_tokens + usage.cache_write_input_tokens,
        cache_write_hour_tokens=known.cache_write_hour_tokens + usage.cache_write_hour_tokens,
        input_audio_tokens=known.input_audio_tokens + usage.input_audio_tokens,
        output_audio_tokens=known.output_audio_tokens + usage.output_audio_tokens,
    )
