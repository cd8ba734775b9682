"""Query parameters: what each takes, checked and described in one place.

`base_query` shows how a query is made of parameters. A parameter checks what callers send, and the
OpenAPI document takes its words from it, so limits and choices can't drift apart::

    status = choice("status", "Only projects in this state.", ("active", "paused"))
    status.of({"status": ["active"]})  # "active"
    status.of({"status": ["gone"]})  # raises InvalidQuery
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Generic, TypeVar

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.contract.vocabulary import (
    IDENTIFIER_ALLOWED,
    IDENTIFIER_PATTERN,
    is_identifier,
)
from run_ledger.domain.exceptions import InvalidQuery, shown
from run_ledger.domain.instants import Instant

Given = Mapping[str, Sequence[str]]
T = TypeVar("T")
MOST_CURSOR_CHARACTERS = 2_048
MOST_SHORT_CHARACTERS = 128
# The longest name and value that an event may give a tag, and the colon between them.
MOST_TAG_CHARACTERS = 128 + 1 + 1_024
IDENTIFIER_SCHEMA: Mapping[str, Any] = {"type": "string", "pattern": f"^{IDENTIFIER_PATTERN}$"}
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = (
    rf"{_DAY}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(\.[0-9]{{1,9}})?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})"
)


_ALLOWED_TIME = "an RFC 3339 time with a zone, as 2026-11-22T14:15:00Z"
_TIME_SCHEMA: Mapping[str, Any] = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}


_is_digits = re.compile(r"[0-9]{1,9}").fullmatch
_is_day = re.compile(_DAY).fullmatch
_is_time = re.compile(_TIME).fullmatch


class QueryParameter(Struct, Generic[T], frozen=True):
    """One query parameter.

    ``about`` says what it is for. ``allowed`` says in words what it takes, ``schema`` in JSON
    Schema. ``parse`` returns the value of a text, and raises ValueError where it is not allowed.
    """

    name: str
    about: str
    allowed: str
    schema: Mapping[str, Any]
    parse: Callable[[str], T]

    def of(self, given: Given) -> T | None:
        """Return the parameter's value in *given*, None where it is absent.

        Raises InvalidQuery for a text that it doesn't take, and where it is given repeatedly.
        """
        texts = given.get(self.name, ())
        if len(texts) > 1:
            raise InvalidQuery(self.name, "it is given more than once")
        if not texts:
            return None
        try:
            return self.parse(texts[0])
        except ValueError as error:
            message = f"got {shown(texts[0])}; allowed: {self.allowed}"
            raise InvalidQuery(self.name, message) from error


def identifier(name: str, about: str) -> QueryParameter[str]:
    """Return a parameter that takes an id, or the beginning of ids: both have the same form."""

    def parse(text: str) -> str:
        if not is_identifier(text):
            raise ValueError(text)
        return text

    return QueryParameter(name, about, IDENTIFIER_ALLOWED, IDENTIFIER_SCHEMA, parse)


def choice(name: str, about: str, choices: Sequence[str]) -> QueryParameter[str]:
    """Return a parameter that takes one of *choices*."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(text)
        return text

    return QueryParameter(
        name,
        about,
        f"one of {', '.join(choices)}",
        {"type": "string", "enum": list(choices)},
        parse,
    )


def order(name: str, about: str, usual: str, others: Sequence[str]) -> QueryParameter[str | None]:
    """Return a parameter that takes the *usual* order of a list, which is None, or another."""
    one_of = choice(name, about, (usual, *others))

    def parse(text: str) -> str | None:
        return None if text == usual else one_of.parse(text)

    schema = {**one_of.schema, "default": usual}
    return QueryParameter(name, about, one_of.allowed, schema, parse)


def choices(name: str, about: str, choices: Sequence[str]) -> QueryParameter[tuple[str, ...]]:
    """Return a parameter that takes one or several of *choices*, joined by commas.

    Its value is a tuple in the order of *choices*: ``"b,a"`` becomes ``("a", "b")``.
    """

    def parse(text: str) -> tuple[str, ...]:
        given = text.split(",")
        if not set(given) <= set(choices) or len(set(given)) < len(given):
            raise ValueError(text)
        return tuple(one for one in choices if one in given)

    return QueryParameter(
        name,
        about,
        f"one or, with commas between them, several of {', '.join(choices)}",
        {
            "type": "array",
            "items": {"type": "string", "enum": list(choices)},
            "minItems": 1,
            "uniqueItems": True,
        },
        parse,
    )


def short_text(name: str, about: str) -> QueryParameter[str]:
    """Return a parameter that takes any text of up to `MOST_SHORT_CHARACTERS`."""

    def parse(text: str) -> str:
        if not 1 <= len(text) <= MOST_SHORT_CHARACTERS:
            raise ValueError(text)
        text.encode()  # UnicodeEncodeError, a ValueError, for half a surrogate pair
        return text

    return QueryParameter(
        name,
        about,
        f"1 to {MOST_SHORT_CHARACTERS} characters",
        {"type": "string", "minLength": 1, "maxLength": MOST_SHORT_CHARACTERS},
        parse,
    )


def tag_text(name: str, about: str) -> QueryParameter[str]:
    """Return a parameter that takes a tag: its name, a colon and its value, which may be empty."""

    def parse(text: str) -> str:
        if ":" not in text[1:] or len(text) > MOST_TAG_CHARACTERS:
            raise ValueError(text)
        text.encode()  # UnicodeEncodeError, a ValueError, for half a surrogate pair
        return text

    return QueryParameter(
        name,
        about,
        f"a tag's name, a colon and its value, at most {MOST_TAG_CHARACTERS} characters, as "
        "team:search",
        {"type": "string", "pattern": r"^[\s\S]+:", "maxLength": MOST_TAG_CHARACTERS},
        parse,
    )


def flag(name: str, about: str) -> QueryParameter[bool]:
    """Return a parameter that takes ``true`` or ``false``."""

    def parse(text: str) -> bool:
        if text not in ("true", "false"):
            raise ValueError(text)
        return text == "true"

    return QueryParameter(name, about, "true or false", {"type": "boolean"}, parse)


def time_or_date(name: str, about: str) -> QueryParameter[Instant]:
    """Return a parameter that takes a time; a date stands for its first moment in UTC."""

    def parse(text: str) -> Instant:
        if _is_day(text):
            return instants.midnight(text)
        if not _is_time(text):
            raise ValueError(text)
        return instants.parse(text)

    return QueryParameter(name, about, f"{_ALLOWED_TIME}, or a date in UTC", _TIME_SCHEMA, parse)


def time_or_local_date(name: str, about: str) -> QueryParameter[Instant | date]:
    """Return a parameter that takes a time, or a date in the zone of the parameter ``tz``."""

    def parse(text: str) -> Instant | date:
        if _is_day(text):
            return date.fromisoformat(text)
        if not _is_time(text):
            raise ValueError(text)
        return instants.parse(text)

    return QueryParameter(
        name, about, f"{_ALLOWED_TIME}, or a date in the zone of tz", _TIME_SCHEMA, parse
    )


def limit(default: int, most: int) -> QueryParameter[int]:
    """Return the parameter that says how many items a page has at most."""

    def parse(text: str) -> int:
        if not _is_digits(text) or not 1 <= int(text) <= most:
            raise ValueError(text)
        return int(text)

    return QueryParameter(
        "limit",
        "The most items on the page. A page with fewer may still not be the last.",
        f"an integer from 1 to {most}",
        {"type": "integer", "minimum": 1, "maximum": most, "default": default},
        parse,
    )


def _cursor(text: str) -> str:
    if not 1 <= len(text) <= MOST_CURSOR_CHARACTERS:
        raise ValueError(text)
    return text


CURSOR = QueryParameter(
    name="cursor",
    about=(
        "The `next_cursor` of the page before: this page begins after it. It is opaque, and good "
        "only for the same path, filters and caller; `limit` may change from page to page."
    ),
    allowed=f"the next_cursor of a page, at most {MOST_CURSOR_CHARACTERS} characters",
    schema={"type": "string", "minLength": 1, "maxLength": MOST_CURSOR_CHARACTERS},
    parse=_cursor,
)
