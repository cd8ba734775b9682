"""Responses other than 200: 304, and the problems of the reader and of the gateway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from run_ledger.read.answers import PROBLEM_KINDS, ProblemDocument, ProblemKind

from .schemas import reference


class OtherResponse(Struct, frozen=True, kw_only=True):
    """One status; ``of_one_resource`` is true where only paths with an id in them have it."""

    status: int
    name: str
    about: str
    headers: Sequence[str] = ()
    of_one_resource: bool = False

    def response(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the OpenAPI response object, with *examples*."""
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
    400: "A parameter is wrong, and `parameter` names it. A cursor of another path, other filters "
    "or another caller is a wrong parameter, too.",
    401: "The request has no valid access token.",
    403: "The token's holder may not see this: the token lacks the scope, or its holder has been "
    "given no access yet.",
    404: "There is no such thing, or you may not see it: both get the same answer.",
    500: "Something failed on our side.",
    503: "The ledger's store does not answer at the moment. An answer is never incomplete: you get "
    "all of it, or this.",
}


def other_responses() -> list[OtherResponse]:
    """Return all responses other than 200, sorted by status."""
    ours = [_response_of(kind) for kind in PROBLEM_KINDS if kind.status in _ABOUT]
    return sorted([_NOT_MODIFIED, *ours, *_GATEWAY], key=lambda one: one.status)


def _response_of(kind: ProblemKind) -> OtherResponse:
    return OtherResponse(
        status=kind.status,
        name=_camel(kind.name),
        about=_ABOUT[kind.status],
        headers=tuple(kind.headers),
        of_one_resource=kind.status == _NOT_FOUND,
    )


_NOT_FOUND = 404
_NOT_MODIFIED = OtherResponse(
    status=304,
    name="NotModified",
    about="The answer is still the one that `If-None-Match` names.",
    headers=("ETag",),
)
# Of API Gateway itself; the template says what they look like.
_GATEWAY = (
    OtherResponse(
        status=429,
        name="Throttled",
        about="All callers together have sent too many requests.",
        headers=("Retry-After",),
    ),
    OtherResponse(status=502, name="NoAnswer", about="The reader could not be reached."),
    OtherResponse(status=504, name="NoAnswerInTime", about="The reader did not answer in time."),
)


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("-"))
