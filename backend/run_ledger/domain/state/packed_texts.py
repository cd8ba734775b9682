"""What packed rows count, as compressed JSON.

Each row is compressed by itself, so the names of its counts would be most of it. `_NAMES` holds
what these begin with: zlib then writes them as places in it. The text must stay as it is, as what
was written with it can't be read without it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

_COUNTERS = (
    "cache_read_input_tokens",
    "cost_microusd",
    "input_tokens",
    "llm_calls",
    "llm_calls_unpriced",
    "llm_errors",
    "other_counters",
    "output_tokens",
    "records_failed",
    "records_ok",
    "records_skipped",
)
_RESULTS = ("cancelled", "failed", "partial", "succeeded", "timed_out")
_NAMES = "".join(
    [
        ",null" * 24,
        *(f'"retried_{one}":' for one in _RESULTS),
        *(f'"hr_{number}":' for number in range(60, 200)),
        *(f'"b_{one} ' for one in _COUNTERS),
        *(f'"c_{one}":' for one in _COUNTERS),
        '"created":',
        *(f'"ended_{one}":' for one in _RESULTS),
        *(f',"h_{number}":' for number in range(60, 200)),
        ',"started":',
    ]
).encode()


def as_packed(told: Mapping[str, Any]) -> bytes:
    """Return *told* compressed."""
    text = json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
    compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, 9, zdict=_NAMES)
    return compressor.compress(text) + compressor.flush()


def unpacked(packed: bytes) -> Any:
    """Return what was packed, in a form that compares; raises ValueError where nothing was."""
    decompressor = zlib.decompressobj(zdict=_NAMES)
    try:
        text = decompressor.decompress(packed) + decompressor.flush()
    except zlib.error as error:
        raise ValueError("what a packed row counts can't be read") from error
    if not decompressor.eof or decompressor.unused_data:
        raise ValueError("what a packed row counts is cut, or has more behind it")
    return json.loads(text)
