"""Calls by the SDKs of language models, and the instrumentations that make spans of them.

For the environment that has these.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import anthropic
import openai
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from tests.support.llm.model_server import MODEL

OPENAI_V2 = "opentelemetry.instrumentation.openai_v2.OpenAIInstrumentor"
OPENLLMETRY = "opentelemetry.instrumentation.openai.OpenAIInstrumentor"
OPENLLMETRY_ANTHROPIC = "opentelemetry.instrumentation.anthropic.AnthropicInstrumentor"
OPENLLMETRY_LANGCHAIN = "opentelemetry.instrumentation.langchain.LangchainInstrumentor"
OPENINFERENCE = "openinference.instrumentation.openai.OpenAIInstrumentor"
OPENINFERENCE_ANTHROPIC = "openinference.instrumentation.anthropic.AnthropicInstrumentor"
OPENINFERENCE_LANGCHAIN = "openinference.instrumentation.langchain.LangChainInstrumentor"


def instrument(names: Iterable[str], provider: Any) -> None:
    """Let instrumentations make spans by *provider*; none takes back all that it has patched."""
    for name in names:
        module, _, kind = name.rpartition(".")
        getattr(importlib.import_module(module), kind)().instrument(tracer_provider=provider)


def chat(server: str) -> object:
    """Ask OpenAI's chat."""
    messages = [{"role": "user", "content": "hi"}]
    return _openai(server).chat.completions.create(model=MODEL, messages=messages)


def embed(server: str) -> object:
    """Ask OpenAI for an embedding."""
    return _openai(server).embeddings.create(model=MODEL, input="hi", encoding_format="float")


def message(server: str) -> object:
    """Ask Anthropic for a message."""
    client = anthropic.Anthropic(base_url=server, api_key="none", max_retries=0)
    messages = [{"role": "user", "content": "hi"}]
    return client.messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=messages)


def langchain(server: str) -> object:
    """Ask OpenAI's chat through LangChain."""
    model = ChatOpenAI(model=MODEL, base_url=f"{server}/v1", api_key="none", max_retries=0)
    return (ChatPromptTemplate.from_template("{text}") | model).invoke({"text": "hi"})


def _openai(server: str) -> Any:
    return openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0)
