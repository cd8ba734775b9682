"""Counts every shape as the objects of the SDKs themselves, and asks the maintained prices.

Runs where both are installed. ``python sdk_objects.py`` prints JSON: under ``shapes`` the counters
of each shape with classes, or the error; under ``clients`` those of what clients return, and
whether what they stream is still there; under ``costs`` what `PRICED` costs, in micro-dollars.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # nothing is fetched
ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "backend"), str(ROOT)]

from tests.support.llm.shapes import PRICED, SHAPES, counted  # noqa: E402 the path comes first

from run_ledger.emit.pricing import maintained_prices  # noqa: E402 as above
from run_ledger.emit.pricing.example_prices import EXAMPLE_PRICES  # noqa: E402 as above
from run_ledger.emit.pricing.model_names import parsed  # noqa: E402 as above
from run_ledger.emit.pricing.prices import Price, Prices  # noqa: E402 as above
from run_ledger.emit.pricing.usage_totals import Usage  # noqa: E402 as above


def built(path: str | None, answer: Any) -> Any:
    """Return *answer* as an object of the class at *path*; itself where there is none."""
    if path is None:
        return answer
    module, _, name = path.rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    if module.startswith("cohere"):
        from cohere.core.unchecked_base_model import construct_type  # noqa: PLC0415

        return construct_type(type_=kind, object_=answer)
    if module.startswith(("openai", "anthropic", "groq", "together")):
        return kind.construct(**answer)  # as their clients do it
    if module.startswith(("agents", "pydantic_ai")):
        return kind(**_members(module, answer))
    return kind(**answer) if module.startswith("litellm") else kind.model_validate(answer)


def _members(module: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a dataclass is made with: objects where it holds objects."""
    members = dict(answer)
    if module == "pydantic_ai.messages":
        from pydantic_ai.usage import RequestUsage  # noqa: PLC0415

        members["usage"] = RequestUsage(**answer["usage"])
    if module == "agents" and "input_tokens_details" in answer:
        from openai.types.responses.response_usage import (  # noqa: PLC0415
            InputTokensDetails,
            OutputTokensDetails,
        )

        members["input_tokens_details"] = InputTokensDetails.construct(
            **answer["input_tokens_details"]
        )
        members["output_tokens_details"] = OutputTokensDetails.construct(
            **answer["output_tokens_details"]
        )
    return members


def main() -> None:
    """Print the counters of each shape that has classes."""
    found: dict[str, Any] = {}
    for name, shape in SHAPES.items():
        if "classes" not in shape:
            continue
        try:
            pairs = zip(shape["classes"], shape["answers"], strict=True)
            answers = [built(path, answer) for path, answer in pairs]
        except Exception as error:  # noqa: BLE001 the test shows it
            found[name] = f"{type(error).__name__}: {error}"
            continue
        found[name] = counted(answers, shape.get("model"))
    sys.stdout.write(json.dumps({"shapes": found, "clients": _clients(), "costs": _costs()}))


def _clients() -> dict[str, Any]:
    """Return what is counted of raw responses, as clients return them to a made-up server."""
    openai, anthropic, http = (
        importlib.import_module(one) for one in ("openai", "anthropic", "httpx2")
    )

    def serving(shape: str) -> Any:
        body = json.dumps(SHAPES[shape]["answers"][0]).encode()

        def answer(_request: Any) -> Any:
            return http.Response(
                200, content=iter([body]), headers={"Content-Type": "application/json"}
            )

        return http.Client(transport=http.MockTransport(answer))

    chats = openai.OpenAI(api_key="-", http_client=serving("openai-chat")).chat.completions
    claude = anthropic.Anthropic(api_key="-", http_client=serving("anthropic-message"))
    question: dict[str, Any] = {"model": "m", "messages": []}
    raw = chats.with_raw_response.create(**question)
    message = claude.messages.with_raw_response.create(max_tokens=1, **question)
    with chats.with_streaming_response.create(**question) as streamed:
        unread = counted([streamed])
        rest = streamed.read()
    invoked = _invoked()
    headers = counted([invoked])
    return {
        "openai raw": counted([raw]),
        "anthropic raw": counted([message]),
        "openai still to be read": [unread, len(rest) > 0],
        "bedrock invoke_model": [headers, invoked["body"].read().decode()],
    }


def _invoked() -> Any:
    """Return what `invoke_model` of boto3 returns, with its body unread."""
    boto3 = importlib.import_module("boto3")
    awsrequest = importlib.import_module("botocore.awsrequest")
    headers = {"input": "10", "output": "25"}
    sent = {f"x-amzn-bedrock-{kind}-token-count": count for kind, count in headers.items()}

    class Body(io.BytesIO):
        def stream(self, **_: Any) -> Any:
            yield self.read()

    client = boto3.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        aws_access_key_id="-",
        aws_secret_access_key="-",
    )
    client.meta.events.register(
        "before-send.bedrock-runtime.InvokeModel",
        lambda request, **_: awsrequest.AWSResponse(request.url, 200, sent, Body(b"the body")),
    )
    return client.invoke_model(modelId="m", body=b"{}")


def _examples_that_differ() -> dict[str, int | None]:
    """Return calls that the built-in table prices otherwise than the maintained one.

    Under ``compared`` stands how many models both know.
    """
    found: dict[str, int | None] = {"compared": 0}
    examples = Prices(maintained=False)
    for name in EXAMPLE_PRICES:
        model = next(filter(_is_maintained, _names(name)), None)
        found["compared"] += model is not None
        # The maintained table does not tell what Bedrock asks for long prompts.
        lengths = (1,) if name.startswith("regional.") else (1, 300)
        for tier, long in product((None, "batch", "flex", "priority"), lengths):
            usage = Usage(
                input_tokens=1000 * long,
                output_tokens=100,
                cache_read_input_tokens=300,
                cache_write_input_tokens=200 * ("claude" in name),
                cache_write_hour_tokens=100 * ("claude" in name),
                tier=tier,
            )
            if model is not None:
                ours = examples.cost(usage, model)
                theirs = maintained_prices.cost(usage, parsed(model))
                if ours is not None and theirs is not None and ours != theirs:
                    found[f"differs: {model} {tier} {long}"] = ours - theirs
    return found


def _names(name: str) -> list[str]:
    """Return names by which the maintained table may know a model of the built-in one."""
    for beginning, place in (("regional.", "eu.anthropic."), ("nova-", "amazon.nova-")):
        if name.startswith(beginning):
            rest = place + name.removeprefix(beginning)
            return [f"{rest}{end}" for end in ("-v1:0", "-20251001-v1:0", "-20250929-v1:0")]
    return [name, f"openai/{name}", f"amazon.{name}", f"{name}-20250514"]


def _is_maintained(model: str) -> bool:
    return maintained_prices.cost(Usage(input_tokens=1000), parsed(model)) is not None


def _costs() -> dict[str, float | None]:
    maintained_prices.present = lambda: datetime(2026, 11, 29, tzinfo=UTC)
    prices = Prices()
    own = Prices({"gpt-4.1-mini": Price(1_000_000, 0, 0)}, maintained=True)
    costs = {name: prices.cost(usage, model) for name, (model, usage) in PRICED.items()}
    costs |= _examples_that_differ()
    for name in ("gpt-4.1-mini", "claude-haiku-4-5"):
        costs[f"own {name}"] = own.cost(PRICED[name][1], name)
    return {name: cost and cost / 1_000_000 for name, cost in costs.items()}


if __name__ == "__main__":
    main()
