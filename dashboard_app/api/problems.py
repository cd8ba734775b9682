"""What can go wrong between the app and the API, in words for the person who reads a page.

::

    ApiProblem
    ├── SignInEnded     the token has expired or is refused: sign in again
    ├── AccessRefused   the person is signed in, but in no group that may see this
    ├── NothingFound    there is no such thing, or this person may not see it
    ├── RequestRefused  the API refuses the request and names the parameter
    └── ApiUnavailable  the API gave no answer, or none that can be read
        └── TooManyRequests  the API takes no more requests at the moment
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TOO_MANY, _SERVER_ERROR = 429, 500


class ApiProblem(Exception):
    """An answer without data. `str` of it is for people; `advice` says what helps."""

    title = "The API gave no data"
    advice = "Try again."


class SignInEnded(ApiProblem):
    """The access token has expired or is not accepted."""

    title = "Your sign-in has ended"
    advice = "Sign in again; this page comes back as it is."


class AccessRefused(ApiProblem):
    """The person is known, but may not see this."""

    title = "You may not see this"
    advice = (
        "Ask an operator of the ledger to add you to the group of your client, or to staff; "
        "then sign out and in again."
    )


class NothingFound(ApiProblem):
    """There is no such thing, or it belongs to another client: the API does not say which."""

    title = "Nothing here"
    advice = "It may have been deleted, may never have existed, or may belong to another client."


class RequestRefused(ApiProblem):
    """The API refuses the request."""

    title = "The API can't answer this"
    advice = "Change the filters: a shorter period, by day instead of by hour, or a single client."


class ApiUnavailable(ApiProblem):
    """The API gave no answer, or none that can be read."""

    title = "The API does not answer"
    advice = "What was loaded before is still in your exports. Try again in a moment."


class TooManyRequests(ApiUnavailable):
    """The API takes no more requests at the moment, also after some pauses."""

    title = "The API has too many requests"
    advice = "What was loaded before is still in your exports. Wait a moment, then try again."


_BY_STATUS = {401: SignInEnded, 403: AccessRefused, 404: NothingFound, _TOO_MANY: TooManyRequests}


def problem_of(status: int, document: Mapping[str, Any]) -> ApiProblem:
    """Return the problem that an HTTP status and a problem document (RFC 9457) describe."""
    detail = str(document.get("detail") or document.get("title") or f"It answered {status}.")
    other = ApiUnavailable if status >= _SERVER_ERROR else RequestRefused
    return _BY_STATUS.get(status, other)(detail)
