"""What a model is called: one name for it, whoever serves it and in whatever region."""

from __future__ import annotations

import re
from typing import NamedTuple

_BEDROCK = re.compile(
    r"^(?:(?P<region>[a-z]{2,6}(?:-[a-z]+)?)\.)?(?P<maker>ai21|amazon|anthropic|cohere|deepseek|"
    r"google|luma|meta|minimax|mistral|moonshot|moonshotai|nvidia|openai|qwen|stability|twelvelabs|"
    r"writer|xai|zai)\.(?P<name>.+)$"
)
# A snapshot is priced as its model: `-2025-04-14`, `-20250514`, `@001`, `-v1:0`, `-1:0`, `-latest`.
_SNAPSHOT = re.compile(
    r"(?:[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4}|latest|default|v\d+|\d(?=:))(?::\d+)?)*(?:\[1m\])?"
)
_VERSION_FIRST = re.compile(r"^claude-(\d+)-(\d+)-(opus|sonnet|haiku)(?![a-z])")
_GLOBAL = "global"


class ModelName(NamedTuple):
    """A model's name, taken apart; all in lower case."""

    whole: str
    """As it was given, such as ``bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0``."""
    served_by: tuple[str, ...]
    """What stands before it, such as ``("bedrock",)``."""
    last: str
    """Without that, such as ``eu.anthropic.claude-sonnet-4-5-20250929-v1:0``."""
    name: str
    """The model's own, such as ``claude-sonnet-4-5-20250929-v1:0``."""
    is_bedrock: bool
    region: str | None
    """The part of the world that a Bedrock profile serves from, such as ``eu``."""

    @property
    def is_regional(self) -> bool:
        """Return whether Bedrock serves it in a region, which costs more for some models."""
        return self.is_bedrock and self.region != _GLOBAL

    @property
    def is_free(self) -> bool:
        """Return whether its name says that it costs nothing, as OpenRouter's ``:free``."""
        return self.last.endswith(":free")


def parsed(model: str) -> ModelName:
    """Return *model* taken apart: an ARN, a path, a profile or a plain name."""
    whole = model.strip().lower()
    *before, last = whole.split("/")
    found = _BEDROCK.match(last)
    name = found["name"] if found else last
    if name.startswith("claude-"):  # OpenRouter writes 4.5, and formerly `claude-4.5-sonnet`
        name = re.sub(r"(?<=\d)\.(?=\d)", "-", name)
        name = _VERSION_FIRST.sub(r"claude-\3-\1-\2", name)
    region = found["region"] if found else None
    return ModelName(whole, tuple(before), last, name, found is not None, region)


def is_snapshot(rest: str) -> bool:
    """Return whether what follows a model's name only says which snapshot of it this is."""
    return _SNAPSHOT.fullmatch(rest) is not None
