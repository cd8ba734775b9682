"""A machine of the check's own: it asks the API as another system would, and is gone afterwards."""

import base64
import json
import time
import urllib.request
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.checks.live.http_opener import opener
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.target import Target
from run_ledger_ops.sign_in import app_clients
from run_ledger_ops.sign_in.access_options import Access
from run_ledger_ops.sign_in.app_clients import App

NAME = "run-ledger-live-check"
_TRIES, _PAUSE_SECONDS = 10, 1.0
_ANSWER_SECONDS = 30.0
_NOT_FOUND = 404


class MachineRefused(Exception):
    """The system refuses a machine that has a grant; the message says where and how."""


class Machine:
    """Asks the API by client credentials; its app client and its grant last until it leaves."""

    def __init__(self, system: Target) -> None:
        self._system = system
        self._app: App | None = None
        self._token: str | None = None

    def leave(self) -> str | None:
        """Remove the grant and the app client, also those that an interrupted check left.

        Return what could not be removed and how to remove it; None if nothing is left.
        """
        if self._app is None:
            return None
        try:
            self._remove_all()
        except (ClientError, BotoCoreError) as error:
            return f"the app {NAME} is left ({explain(error)}): `run-ledger apps remove {NAME}`"
        return None

    def ask(self, path: str) -> Any:
        """Return the API's document at *path*; None where it has none.

        Raises MachineRefused for any other refusal, OSError where nobody answers.
        """
        self._token = self._token or self._new_token()
        request = urllib.request.Request(  # noqa: S310 - an address of the stack's own
            f"{self._system.reachable_api_url}{path}",
            headers={"Authorization": f"Bearer {self._token}", "Accept": "application/json"},
        )
        try:
            return json.loads(_answer(self._system, request))
        except HTTPError as refusal:
            if refusal.code == _NOT_FOUND:
                return None
            words = f"the API answers {refusal.code} to a machine that may see everything"
            raise MachineRefused(words) from refusal

    def _new_token(self) -> str:
        self._remove_all()
        self._app = app_clients.create(self._system, NAME, self._system.outputs["Scope"])
        app_clients.grant(self._system, self._app, Access(is_staff=True, clients=()))
        pair = f"{self._app.client_id}:{self._app.client_secret}"
        form = {"grant_type": "client_credentials", "scope": self._system.outputs["Scope"]}
        request = urllib.request.Request(  # noqa: S310 - an address of the stack's own
            self._system.reachable_token_url,
            urlencode(form).encode(),
            {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
        )
        for tries_left in reversed(range(_TRIES)):  # a new app client takes a moment to be known
            try:
                return str(json.loads(_answer(self._system, request))["access_token"])
            except HTTPError as refusal:
                if not tries_left:
                    words = f"the token endpoint answers {refusal.code} to a new app client"
                    raise MachineRefused(words) from refusal
                time.sleep(_PAUSE_SECONDS)
        raise AssertionError("unreachable: the last try returns or raises")

    def _remove_all(self) -> None:
        for client_id in app_clients.ids_of(self._system, NAME):
            app_clients.remove(self._system, client_id)


def _answer(system: Target, request: urllib.request.Request) -> bytes:
    with opener(is_local=system.is_local).open(request, timeout=_ANSWER_SECONDS) as answer:
        body: bytes = answer.read()
    return body
