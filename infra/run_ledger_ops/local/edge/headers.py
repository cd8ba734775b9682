"""Headers and targets of what passes through the proxy: which go on, and which come back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}


@dataclass(frozen=True)
class Upstream:
    """Where a request goes on: the path there, and the host name that it is asked under."""

    path: str
    host: str | None = None
    added_headers: Mapping[str, str] = field(default_factory=dict)
    compressed_from: int | None = None


def is_inner(target: str) -> bool:
    """Return whether a request target is one of the local AWS's own pages.

    It answers these under every host name and to everybody: they show what lies in the queues and
    can reset all of it. No page of the site begins like them.
    """
    path = unquote(target.partition("?")[0])
    return path.startswith("/_") or path == "/health"


def is_signed(target: str) -> bool:
    """Return whether a request target carries an AWS signature, as a presigned URL does."""
    query = target.partition("?")[2]
    return any(_is_of_aws(name) for name, _ in parse_qsl(query, keep_blank_values=True))


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers that are meant for the far end, without those of one connection."""
    headers = list(headers)
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for token in value.split(",")
    }
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP | named]


def answer_headers(headers: Iterable[tuple[str, str]], upstream: Upstream) -> list[tuple[str, str]]:
    """Return the headers to answer with: those that CloudFront adds stand in place of others."""
    added = {name.lower() for name in upstream.added_headers}
    kept = [(name, value) for name, value in end_to_end(headers) if name.lower() not in added]
    return [*kept, *upstream.added_headers.items()]


def compressed_headers(headers: Iterable[tuple[str, str]], length: int) -> list[tuple[str, str]]:
    """Return the headers of an answer whose body was compressed to so many bytes."""
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    return [
        *kept,
        ("Content-Encoding", "gzip"),
        ("Vary", "Accept-Encoding"),
        ("Content-Length", str(length)),
    ]


def takes_gzip(accept_encoding: str | None) -> bool:
    """Return whether a viewer takes compressed answers: by name or by `*`, unless with `q=0`."""
    for part in (accept_encoding or "").lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if coding in {"gzip", "*"}:
            return not weight or weight.strip("0.") != ""
    return False


def request_headers(
    headers: Iterable[tuple[str, str]], upstream: Upstream, host: str
) -> dict[str, str]:
    """Return the headers to ask upstream with: as CloudFront would, over HTTPS to the viewer.

    What makes a call of AWS of a request stays behind: the local AWS would answer it under any
    path. So does what says which page asks, since the local AWS itself answers no page.
    """
    kept = {
        name.title(): value
        for name, value in end_to_end(headers)
        if not name.lower().startswith("x-forwarded-")
        and name.lower() not in {"content-length", "origin"}
        and not name.lower().startswith("sec-fetch-")
        and not _is_of_aws(name)
        and not (name.lower() == "authorization" and value.strip().upper().startswith("AWS"))
    }
    return kept | {"Host": upstream.host or host, "X-Forwarded-Proto": "https"}


def quote_target(target: str) -> str:
    """Make a request target safe to send on, whatever bytes the viewer put into it."""
    return quote(target, safe="%/:?#[]@!$&'()*+,;=-._~")


def _is_of_aws(name: str) -> bool:
    return name.strip().lower().replace("_", "-").startswith("x-amz")
