"""What calls used: what a price is for."""

from __future__ import annotations

from typing import NamedTuple


class Usage(NamedTuple):
    """What calls of a language model used; `input_tokens` includes both kinds of cached tokens."""

    llm_calls: int = 1
    llm_errors: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    model: str | None = None
    cache_write_hour_tokens: int = 0
    """Of those written to a cache, the ones that it keeps for an hour: they cost more."""
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    web_searches: int = 0
    """That the provider made for the model, and asks money for."""
    tier: str | None = None
    """How it was served, where that changes the price: ``batch``, ``flex``, ``priority`` …"""
    is_told: bool = True
    """Whether the answer tells tokens: a call without has a cost that nobody knows."""
    is_free: bool = False
