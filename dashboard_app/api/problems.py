"""What can go wrong between the app and the API, in words for whoever looks at a page.

::

    ApiProblem
    ├── SignInEnded     the token is no good any more: sign in again
    ├── Forbidden       signed in, and not let in: an administrator helps
    ├── NotFound        not there, or not for this person to see
    ├── BadQuestion     the API does not take what was asked; it names the parameter
    └── Unavailable     no answer, or none that can be read: later it may work
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _SERVER_ERROR = 401, 403, 404, 500
_TOO_MANY = 429


class ApiProblem(Exception):
    """An answer that holds no data; `str` is for people, `advice` says what helps."""

    title = "The API gave no data"
    advice = "Try again."


class SignInEnded(ApiProblem):
    """The access token has expired or is not accepted."""

    title = "Your sign-in has ended"
    advice = "Sign in again; this page comes back as it is."


class Forbidden(ApiProblem):
    """The person is known, and may not see this."""

    title = "You may not see this"
    advice = (
        "Ask whoever runs the ledger to put you into the group of your client, or into staff; "
        "then sign out and in again."
    )


class NotFound(ApiProblem):
    """There is no such thing, or it is somebody else's: the API doesn't tell which."""

    title = "Nothing here"
    advice = "It may be gone, never have been, or belong to somebody else."


class BadQuestion(ApiProblem):
    """The API refuses what was asked."""

    title = "The API can't answer this"
    advice = "Change the filters: a shorter span, by day instead of by hour, or a single client."


class Unavailable(ApiProblem):
    """The API did not answer, or with nothing that can be read."""

    title = "The API does not answer"
    advice = "What was loaded before is still in your exports. Try again in a moment."


def problem_of(status: int, document: Mapping[str, Any]) -> ApiProblem:
    """Return the problem that an answer's status and problem document speak of."""
    said = str(document.get("detail") or document.get("title") or f"It answered {status}.")
    if status == _UNAUTHORIZED:
        return SignInEnded(said)
    if status == _FORBIDDEN:
        return Forbidden(said)
    if status == _NOT_FOUND:
        return NotFound(said)
    if status == _TOO_MANY or status >= _SERVER_ERROR:
        return Unavailable(said)
    return BadQuestion(said)
