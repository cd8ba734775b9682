"""What is answered instead of a document: 304, and problems of the reader and of the gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from run_ledger.read.answers import KINDS, Kind, ProblemDocument

from .schemas import reference


class Refusal(Struct, frozen=True, kw_only=True):
    """One status; ``of_one_thing`` where only a path that names one thing has it."""

    status: int
    name: str
    about: str
    headers: Sequence[str] = ()
    of_one_thing: bool = False

    def response(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the response object, with *examples*."""
        made: dict[str, Any] = {
            "description": self.about,
            "headers": {
                name: {"$ref": f"#/components/headers/{name}"}
                for name in ("Cache-Control", *self.headers)
            },
        }
        if self.status >= _FIRST_PROBLEM:
            numbered = {f"example_{number}": one for number, one in enumerate(examples, start=1)}
            made["content"] = {
                "application/problem+json": {
                    "schema": reference(ProblemDocument),
                    **({"examples": numbered} if numbered else {}),
                }
            }
        return made


_FIRST_PROBLEM = 400
_ABOUT = {
    400: "A parameter is wrong; `parameter` names it. A cursor that is not one for this path, "
    "these filters and this caller is a wrong parameter, too.",
    401: "No valid access token.",
    403: "The token's holder may not see this: the token lacks the scope, or nobody has given its "
    "holder any access yet.",
    404: "There is no such thing, or it is not one that you may see: both look the same.",
    500: "Something failed on our side.",
    503: "The ledger's store does not answer at the moment. Nothing was left out silently: an "
    "answer is whole, or it is this.",
}


def refusals() -> list[Refusal]:
    """Return all of them, by status."""
    ours = [_refusal(kind) for kind in KINDS if kind.status in _ABOUT]
    return sorted([_NOT_MODIFIED, *ours, *_GATEWAY], key=lambda one: one.status)


def _refusal(kind: Kind) -> Refusal:
    return Refusal(
        status=kind.status,
        name=_camel(kind.name),
        about=_ABOUT[kind.status],
        headers=tuple(kind.headers),
        of_one_thing=kind.status == _NOT_FOUND,
    )


_NOT_FOUND = 404
_NOT_MODIFIED = Refusal(
    status=304,
    name="NotModified",
    about="The answer that `If-None-Match` names still holds.",
    headers=("ETag",),
)
# Of API Gateway itself; the template says what they look like.
_GATEWAY = (
    Refusal(
        status=429,
        name="Throttled",
        about="Too many requests, of all callers together.",
        headers=("Retry-After",),
    ),
    Refusal(status=502, name="NoAnswer", about="The reader could not be reached."),
    Refusal(status=504, name="NoAnswerInTime", about="The reader did not answer in time."),
)


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))
