"""Prices from genai-prices, a table that others maintain (`pip install run-ledger[prices]`).

The package finds a model by rules such as "begins with". Such a rule would price a model that it
does not know yet as one with a shorter name; here the rest of a name may only be a date or version.
A tier that the table has no price for makes the price unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

from run_ledger.emit.pricing.model_names import ModelName, is_snapshot
from run_ledger.emit.pricing.usage_totals import Usage

_UNITS_PER_USD = 10**12  # millionths of a micro-dollar
_PROVIDERS = {  # by what stands before a model's name, where the package's own names differ
    "azure_ai": "azure",
    "bedrock": "aws",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "models": "google",
    "publishers": "google",
    "together_ai": "together",
    "vertex_ai": "google",
    "vertex_ai_beta": "google",
    "xai": "x-ai",
}
_WHOLE_PATH = {"openrouter", "together", "fireworks", "groq", "novita", "cloudflare"}
_REGION = "us"  # stands for regions that the table does not name


def present() -> datetime:
    """Return the present time: the table knows since when a price counts."""
    return datetime.now(UTC)


def is_installed() -> bool:
    """Return whether the table can be asked."""
    return _snapshot() is not None


def cost(usage: Usage, model: ModelName) -> int | None:
    """Return the cost of *usage* in millionths of a micro-dollar; None where it is not known."""
    found = _found(model)
    if found is None:
        return None
    provider, info = found
    now = present()
    context = _context(info, provider, usage.tier, now)
    if context is None:
        return None
    calls = max(1, usage.llm_calls)  # of a sum, the average call decides about long input
    try:
        price = info.calc_price(
            _usage(usage, calls), provider, price_context=context, genai_request_timestamp=now
        )
    except (ValueError, LookupError):  # a kind of tokens that the table can't tell apart
        return None
    return int(price.total_price * calls * _UNITS_PER_USD)


@cache
def _snapshot() -> Any:
    try:
        from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 an extra, and large
    except ImportError:
        return None
    return get_snapshot()


@lru_cache(maxsize=512)
def _found(model: ModelName) -> tuple[Any, Any] | None:
    """Return the provider and the model in the table; None where it has none of that name."""
    snapshot = _snapshot()
    for provider, name in _references(model) if snapshot else ():
        try:
            found = snapshot.find_provider_model(name, None, provider, None)
        except LookupError:
            continue
        if _is_meant(found[1].match, name):
            return found[0], found[1]
    return None


def _references(model: ModelName) -> Iterator[tuple[str | None, str]]:
    """Yield what the table may have the model under: a provider, None for any, and a name."""
    if model.is_bedrock:
        yield "aws", model.last
        if model.region:
            rest = model.last.removeprefix(f"{model.region}.")
            yield "aws", f"{_REGION}.{rest}"
            yield "aws", rest
        return
    if model.served_by:
        first = model.served_by[0]
        provider = _PROVIDERS.get(first, first)
        if provider in _WHOLE_PATH:
            yield provider, model.whole.partition("/")[2]
        yield provider, model.last
        yield provider, model.name
        if provider in _WHOLE_PATH:
            return  # these set prices of their own
    yield None, model.last
    yield None, model.name


def _is_meant(rule: Any, name: str) -> bool:
    """Return whether a rule of the table means *name*, and not only a beginning of it."""
    for member in ("or_", "and_"):
        rules = getattr(rule, member, None)
        if rules is not None:
            return rule.is_match(name) and any(_is_meant(one, name) for one in rules)
    for member in ("starts_with", "contains"):
        text = getattr(rule, member, None)
        if text is not None:
            return text in name and is_snapshot(name.partition(text)[2])
    return bool(rule.is_match(name))


def _context(info: Any, provider: Any, tier: str | None, now: datetime) -> Mapping[str, str] | None:
    """Return how to ask for the price of *tier*; None where the table has none."""
    if tier is None:
        return {}
    kinds = ("processing",) if tier == "batch" else ("service_tier", "speed")
    told = [
        dict(variant.when)
        for variant in info.price_variants or ()
        if variant.constraint is None or variant.constraint.active(now)
    ]
    if any(info is one for one in provider.models):
        return next(({kind: tier} for kind in kinds if {kind: tier} in told), None)
    return None


def _usage(usage: Usage, calls: int) -> Any:
    from genai_prices import Usage as TheirUsage  # noqa: PLC0415 as above

    counts = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_input_tokens,
        "cache_write_tokens": usage.cache_write_input_tokens,
        "cache_write_1h_tokens": usage.cache_write_hour_tokens,
        "input_audio_tokens": usage.input_audio_tokens,
        "output_audio_tokens": usage.output_audio_tokens,
        "web_searches": usage.web_searches,
    }
    return TheirUsage(**{name: count // calls for name, count in counts.items() if count})
