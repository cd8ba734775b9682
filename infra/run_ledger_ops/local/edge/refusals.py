"""What the proxy itself answers under the API: problem documents, like those of the gateway."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

_HEADERS = {"Content-Type": "application/problem+json", "Cache-Control": "private, no-cache"}


@dataclass(frozen=True)
class Problem:
    """A problem document (RFC 9457) and its headers."""

    status: HTTPStatus
    name: str
    title: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The document."""
        document = {
            "type": f"urn:run-ledger:problem:{self.name}",
            "title": self.title,
            "status": self.status.value,
            "detail": self.detail,
        }
        return json.dumps(document, separators=(",", ":")).encode()

    def all_headers(self, added: Mapping[str, str]) -> dict[str, str]:
        """Return the headers of an answer, those that CloudFront adds to the API's among them."""
        return {**added, **_HEADERS, **self.headers}


BUSY = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable",
    "Not available at the moment",
    "Too many ask at once; try again in a moment.",
    {"Retry-After": "2"},
)
_NO_SUCH_METHOD = Problem(
    HTTPStatus.NOT_FOUND, "not-found", "Not found", "The API has no such path and method."
)


def problem(status: HTTPStatus, sentence: str, headers: Mapping[str, str]) -> Problem:
    """Return what the API answers where a request can't be passed on."""
    if status == HTTPStatus.NOT_IMPLEMENTED:
        return _NO_SUCH_METHOD  # as the gateway says of TRACE and of every other unknown method
    return Problem(
        status, status.phrase.lower().replace(" ", "-"), status.phrase, sentence, headers
    )
