"""How a question asks the read API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from msgspec import Struct

Json = dict[str, Any]
Query = Mapping[str, str | None]


_MOST_REPEATED = 40


class Refused(Exception):
    """The API, or this question, refuses; the text says why and what is allowed."""


class InvalidQuestion(Refused):
    """The API finds fault with the question: of one that is rightly put, that it is too much."""


class Ask(Protocol):
    """Asks the read API as one caller."""

    def __call__(self, path: str, query: Query) -> Json:
        """Return the document at *path*; members of *query* that are None are left out.

        Raise `Refused` where the API does not answer with one.
        """


class Asking(Struct, frozen=True):
    """Who asks what, and when: *site* is the site's address with a slash at its end, or None."""

    ask: Ask
    now: datetime
    site: str | None = None

    def asked(self, path: str, query: Query, names: Mapping[str, str]) -> Json:
        """Return what `ask` does; *names* maps the API's parameters to the question's arguments.

        Raise `Refused` in words of the question, whose caller does not know the parameters.
        """
        try:
            return self.ask(path, query)
        except Refused as refusal:
            parameter, colon, words = str(refusal).partition(":")
            if not colon or parameter not in names:
                raise
            called = ", ".join(f"{old} is {new} here" for old, new in names.items())
            raise Refused(f"{names[parameter]}:{words} ({called})") from refusal

    def link(self, place: str) -> str | None:
        """Return the address of a place of the site, such as ``jobs/job-1``, or None."""
        return None if self.site is None else f"{self.site}#/{place}"

    def job_link(self, job_id: str) -> str | None:
        """Return the address of a job's page."""
        return self.link(f"jobs/{quote(job_id, safe='')}")


def repeated(text: str) -> str:
    """Return what was given as a refusal repeats it: quoted, and cut where it is long."""
    is_long = len(text) > _MOST_REPEATED
    return f"{text[:_MOST_REPEATED]!r}{'…' if is_long else ''}"


def path_of(*parts: str) -> str:
    """Return the path of a resource, as ``path_of("jobs", "a:b")`` returns ``/jobs/a%3Ab``."""
    return "".join(f"/{quote(part, safe='')}" for part in parts)
