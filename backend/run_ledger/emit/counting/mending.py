"""What a pipeline gives, made to fit the contract, so that one bad value never costs an event.

Names become identifiers, texts are cut, whole floats and decimals become integers. What
can't be mended is left out, and the caller hears of each value that lost something, as an
`InvalidEvent`.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from run_ledger.domain import instants
from run_ledger.domain.contract.vocabulary import (
    ALLOWED,
    MAX_COUNT,
    MAX_DELTAS_PER_EVENT,
    MAX_TAGS,
    RESULTS,
)
from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.emit.counting.redaction import redacted
from run_ledger.emit.counting.told_errors import MAX_TEXT, error_members
from run_ledger.emit.identity.identifiers import named, text_of, to_identifier

_MAX_SHORT_TEXT = 128  # characters

OnInvalid = Callable[[InvalidEvent], None]


class Shortened(InvalidEvent):
    """A text was too long, and what the contract allows of it was kept."""


class Mending:
    """Makes the fields of one event fit; passes what is lost to *on_invalid*."""

    def __init__(self, on_invalid: OnInvalid) -> None:
        self._on_invalid = on_invalid
        self._rules: dict[str, Callable[[str, Any], Any]] = {
            **dict.fromkeys(("job_id", "project_id", "client_id", "pipeline"), _identifier),
            **dict.fromkeys(("attempt", "records_total", "heartbeat_seconds"), _integer),
            **dict.fromkeys(("name", "stage", "owner"), self._text),
            **dict.fromkeys(("occurred_at", "due_at"), _time),
            "parent_job_id": _identifier,
            "event_id": _event_id,
            "jobs_expected": _integer,
            "log_url": lambda _, value: redacted(text_of(value)),
            "result": lambda _, value: text_of(value) if isinstance(value, str) else value,
            "status": _word,
            "tags": self._tags,
            "error": self._error,
            "delta": self._delta,
        }

    def mend(self, detail: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of *detail* that have a value, each as the contract allows it.

        A value may still break a rule that only the contract's own check knows.
        """
        content = {}
        for name, value in detail.items():
            if value is None:
                continue
            try:
                mended = self._rules.get(name, _anything)(name, value)
            except InvalidEvent:  # strict mode raises what it hears of
                raise
            except Exception:  # noqa: BLE001 - a pipeline's value may be broken in any way
                self._refuse(name, value, ALLOWED.get(name, "what JSON can hold"))
            else:
                if mended is not None:
                    content[name] = mended
        self._end(content)
        return content

    def _end(self, content: dict[str, Any]) -> None:
        """Make status and result go together: an end is never lost for a misspelt result."""
        if "result" in content and content["result"] not in RESULTS:
            wrong = content.pop("result")
            self._refuse("result", wrong, ALLOWED["result"])
            if content.get("status") == "completed":
                words = f"the job ended with the result {shown(wrong)}; {ALLOWED['result']}"
                content["result"] = "failed"
                content.setdefault("error", {"type": "UnknownResult", "message": words})
        elif "result" in content and content.get("status") in ("queued", "running"):
            self._refuse("result", content.pop("result"), ALLOWED["result"])
        elif "result" in content and content.get("status") != "completed":
            if "status" in content:
                self._refuse("status", content["status"], "completed, as there is a result")
            content["status"] = "completed"

    def _refuse(self, field: str, got: object, allowed: str) -> None:
        self._on_invalid(
            InvalidEvent("invalid_field", field=f"detail.{field}", got=shown(got), allowed=allowed)
        )

    def _text(self, field: str, value: object, length: int = MAX_TEXT) -> str:
        text = text_of(value)
        if len(text) > length:
            allowed = f"at most {length} characters"
            self._on_invalid(
                Shortened(
                    "invalid_field",
                    field=_path(field),
                    got=f"{len(text)} characters",
                    allowed=allowed,
                )
            )
        return cut_text(text, length)

    def _tags(self, field: str, tags: Any) -> dict[str, str]:
        kept: dict[str, str] = {}
        for name, value in self._members(field, tags):
            key = self._text(f"{field} (a name)", name, _MAX_SHORT_TEXT)
            inner = f"{field}.{key}"
            if not key or (len(kept) >= MAX_TAGS and key not in kept):
                self._refuse(inner, value, ALLOWED[field])
            else:
                kept[key] = self._text(inner, value)
        return kept

    def _delta(self, field: str, delta: Any) -> dict[str, int]:
        kept: dict[str, int] = {}
        for name, value in self._members(field, delta):
            inner = f"{field}.{text_of(name)}"
            try:
                number = _integer(inner, value)
            except (TypeError, ValueError, ArithmeticError):
                number = None
            if number is None or len(kept) >= MAX_DELTAS_PER_EVENT:
                self._refuse(inner, value, ALLOWED[field])
            else:
                kept[text_of(name)] = number
        return kept

    def _error(self, field: str, error: Any) -> dict[str, Any]:
        """Return an error with both of its texts, whichever of them it lacks."""
        told = {"type": "Error", "message": "", "fingerprint": ""}
        others = {}
        for name, value in self._members(field, error):
            key = cut_text(name, _MAX_SHORT_TEXT)
            longest = _MAX_SHORT_TEXT if key == "fingerprint" else MAX_TEXT
            others[key] = self._text(f"{field}.{key}", value, longest)
            if key in told:
                told[key] = text_of(value)
                del others[key]
        return others | error_members(told["type"], told["message"], told["fingerprint"])

    def _members(self, field: str, holder: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the members of a mapping that have a value, and refuse what is none."""
        if not isinstance(holder, Mapping):
            raise TypeError(f"{field} is no mapping")
        for name, value in dict(holder).items():
            if value is not None:
                yield name, value


def cut_text(value: object, length: int = MAX_TEXT) -> str:
    """Return *value* as well-formed text of at most *length* characters."""
    text = text_of(value).encode("utf-8", "replace").decode()
    return text if len(text) <= length else text[: length - 1] + "…"


def _identifier(_: str, value: object) -> str | None:
    return named(value)


def _event_id(_: str, value: object) -> str | None:
    """Return an id that the contract allows, the same one for the same *value*."""
    text = text_of(value)
    is_well_formed = text.encode("utf-8", "replace") == text.encode("utf-8", "surrogatepass")
    fits = is_well_formed and len(text) <= _MAX_SHORT_TEXT
    return (text if fits else to_identifier(text)) or None


def _word(_: str, value: object) -> str:
    """Return a text that has to be one of some words."""
    if not isinstance(value, str):
        raise TypeError("no text")
    return text_of(value)


def whole_number(value: Any) -> int:
    """Return *value* as an integer, which a float or a decimal without a fraction is, too.

    Raises TypeError, ValueError or ArithmeticError where it is none.
    """
    if hasattr(value, "__index__") or not isinstance(value, numbers.Number):
        return operator.index(value)
    number: Any = value
    if not -MAX_COUNT <= number <= MAX_COUNT or number != int(number):
        raise ValueError("no whole number that the contract takes")
    return int(number)


def _integer(_: str, value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError("a truth value is no number")
    return whole_number(value)


def _time(_: str, value: Any) -> Any:
    """Return a datetime with a zone as text; any other *value* as it is."""
    if not isinstance(value, datetime):
        return text_of(value)
    if value.tzinfo is None:
        raise ValueError("a time without a zone")
    return instants.text(instants.from_datetime(value))


def _anything(_: str, value: Any) -> Any:
    """Return a *value* of which the contract says nothing, as JSON holds it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _path(field: str) -> str:
    """Return the path of a *field* for a message, on one line however its name is."""
    return f"detail.{shown(field)[1:-1]}"
