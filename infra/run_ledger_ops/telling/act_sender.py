"""One person's acts on incidents, sent to the intake."""

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.http import opener

_SECONDS = 40
_MOST_BYTES = 1_000_000
_MOST_WORDS = 400
_ATTEMPTS = 3
_USUAL_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1, 10
_AGAIN = frozenset({429, 500, 502, 503, 504})
_RIGHT = (
    "The right is `act`: whoever runs this ledger gives it by `run-ledger users invite EMAIL "
    "--client ID --act`. Then sign in again."
)


class ActSender:
    """Sends acts with a person's access token, again where nobody knows what became of one."""

    def __init__(
        self, intake_url: str, token: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Send to the intake at *intake_url*, waiting by *pause*."""
        self._url = f"{intake_url.rstrip('/')}/events"
        self._token = token
        self._pause = pause

    def send(self, detail: Mapping[str, Any]) -> None:
        """Send one act, with an ``event_id`` of its own, so that it counts once.

        Raise OpsError where it is refused, or where the intake takes nothing at the moment.
        """
        event = {"detail_type": "incident_update", "detail": detail}
        body = json.dumps({"events": [event]}).encode()
        for left in reversed(range(_ATTEMPTS)):
            status, headers, document = self._answer(body)
            if status == HTTPStatus.ACCEPTED:
                return
            if status not in _AGAIN or not left:
                break
            self._pause(_pause_of(headers.get("Retry-After")))
        raise OpsError(_words(status, document))

    def _answer(self, body: bytes) -> tuple[int, Mapping[str, str], Mapping[str, Any]]:
        request = urllib.request.Request(  # noqa: S310 - `own_token` has checked the address
            self._url,
            body,
            {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with opener(self._url).open(request, timeout=_SECONDS) as answer:
                return answer.status, dict(answer.headers), _document(answer.read(_MOST_BYTES))
        except HTTPError as error:
            with error:
                return error.code, dict(error.headers), _refusal(error)
        except (HTTPException, OSError) as error:
            raise OpsError(f"the intake can't be reached ({error}): try again.") from error


def _refusal(error: HTTPError) -> Mapping[str, Any]:
    try:
        return _document(error.read(_MOST_BYTES))
    except (HTTPException, OSError):  # the connection broke in the middle: its status is known
        return {}


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _pause_of(retry_after: str | None) -> float:
    if retry_after is None or not retry_after.isdecimal():
        return _USUAL_PAUSE_SECONDS
    return min(int(retry_after[:6]), _LONGEST_PAUSE_SECONDS)


def _words(status: int, document: Mapping[str, Any]) -> str:
    """Return why an act was not taken, and what to do."""
    detail = str(document.get("detail") or "")[:_MOST_WORDS]
    if status == HTTPStatus.MULTI_STATUS:
        results = document.get("results")
        first = results[0] if isinstance(results, list) and results else None
        error = first.get("error") if isinstance(first, dict) else None
        why = error.get("message") if isinstance(error, dict) else None
        return f"the intake refuses it: {str(why or 'it does not say why')[:_MOST_WORDS]}"
    if status == HTTPStatus.UNAUTHORIZED:
        return f"the intake refuses the token: {detail or 'sign in again.'}"
    if status == HTTPStatus.FORBIDDEN:
        return f"{detail or 'you may not act on incidents.'} {_RIGHT}"
    if status in _AGAIN:
        return f"the intake takes nothing at the moment ({status}): try again."
    return f"the intake answers {status}: {detail or 'is it the intake of this ledger?'}"
