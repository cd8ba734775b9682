"""What a run event says about a failure: an exception, or assertions that did not hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from run_ledger.emit.counting.stack_traces import (
    TracedException,
    exception_in,
    typed_message,
    without_trace,
)
from run_ledger.emit.counting.told_errors import error_members

from .facets import at, items, text

_NO_TYPE = "Error"
_FAILED_ASSERTION = "AssertionFailed"
_MOST_NAMED = 5
_ASSERTIONS = ("dataQualityAssertions", "greatExpectations_assertions")
_LONGEST_READ = 20_000  # characters of a message
_SHORT = 200  # characters of one part of a sentence


def error_of(event: Mapping[str, Any], facets: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the contract's ``error`` of a run that failed; None where the event tells nothing.

    For example ``{"type": "AssertionFailed", "message": "unique(id) failed on orders"}``.
    """
    exception = _exception(facets)
    assertions = _sentence(list(_failed(event, facets)))
    if exception is None and not assertions:
        return None
    kind, message = _NO_TYPE, ""
    if exception is not None:
        kind = exception.type
        message = exception.message
        if exception.cause:
            message = f"{message} (caused by {exception.cause})".strip()
    if assertions:
        kind = _FAILED_ASSERTION if kind == _NO_TYPE else kind
        message = f"{assertions}: {message}" if message else assertions
    return error_members(kind, message)


def reported_error(facets: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the ``error`` that a run which goes on reports, without what became of assertions."""
    return error_of({}, {"errorMessage": facets.get("errorMessage")})


def _exception(facets: Mapping[str, Any]) -> TracedException | None:
    """Return what the facet `errorMessage` tells in its message and its stack trace."""
    message = text(facets, "errorMessage", "message")[:_LONGEST_READ].strip()
    trace = text(facets, "errorMessage", "stackTrace")
    plain = without_trace(message)
    stated = typed_message(plain) or TracedException(_NO_TYPE, plain)
    traced = exception_in(trace) or exception_in(message)
    if traced is None:
        return stated if message else None
    if traced.message in stated.message or stated.message in traced.message:
        longer = max(stated.message, traced.message, key=len)
    else:
        longer = f"{stated.message}: {traced.message}"
    kind = traced.type if stated.type == _NO_TYPE else stated.type
    return TracedException(kind, longer, traced.cause)


def _failed(event: Mapping[str, Any], facets: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Give a phrase for each assertion that did not hold, and whether it only warns."""
    for side, own in (("inputs", "inputFacets"), ("outputs", "outputFacets")):
        for dataset in items(event, side):
            name = text(dataset, "name")[:_SHORT]
            for holder in (own, "facets"):
                for facet in _ASSERTIONS:
                    for one in items(dataset, holder, facet, "assertions"):
                        if at(one, "success") is False:
                            yield _phrase(one, name), _only_warns(one)
    for one in items(facets, "test", "tests"):
        if text(one, "status").lower() in {"fail", "failed", "error"}:
            yield _phrase(one, ""), _only_warns(one)


def _only_warns(assertion: Any) -> bool:
    return text(assertion, "severity").lower() == "warn"


def _phrase(assertion: Any, dataset: str) -> str:
    """Return what failed, such as ``unique(id) failed on orders, 3 instead of 0``."""
    kind = next(
        (
            found
            for found in (
                text(assertion, name) for name in ("assertion", "expectationType", "type", "name")
            )
            if found
        ),
        "assertion",
    )
    name = text(assertion, "name")
    column = text(assertion, "column") or text(assertion, "columnId")
    phrase = f"{kind[:_SHORT]}({column[:_SHORT]})" if column else kind[:_SHORT]
    if name and name != kind:
        phrase += f" {name[:_SHORT]}"
    phrase += f" failed on {dataset}" if dataset else " failed"
    expected, actual = text(assertion, "expected"), text(assertion, "actual")
    if expected and actual:
        phrase += f", {actual[:_SHORT]} instead of {expected[:_SHORT]}"
    return phrase


def _sentence(failed: list[tuple[str, bool]]) -> str:
    grave = [phrase for phrase, only_warns in failed if not only_warns]
    phrases = list(dict.fromkeys(grave or [phrase for phrase, _ in failed]))
    more = len(phrases) - _MOST_NAMED
    end = f"; and {more} more" if more > 0 else ""
    return "; ".join(phrases[:_MOST_NAMED]) + end
