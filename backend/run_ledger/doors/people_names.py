"""What people are called: their e-mail address, which an access token does not hold."""

from __future__ import annotations

from functools import cache
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import DoorUnavailable, Unauthorized
from run_ledger.store.dynamo.connection import client_config

_MOST_KEPT = 1_000


@cache
def user_pools() -> Any:
    """Return the client of Cognito that the handler uses, made when somebody acts first."""
    return boto3.client("cognito-idp", config=client_config(read_timeout=3, attempts=2))


class PeopleNames:
    """The names of a pool's people; whoever was found once is known from then on."""

    def __init__(self, pool_id: str) -> None:
        """Ask for people of the pool *pool_id*."""
        self._pool_id = pool_id
        self._known: dict[str, str] = {}

    def find(self, username: str) -> str:
        """Return the address of the person with a user name.

        Raises Unauthorized where there is nobody, and DoorUnavailable where Cognito doesn't answer.
        """
        if username not in self._known:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[username] = self._ask(username)
        return self._known[username]

    def _ask(self, username: str) -> str:
        try:
            user = user_pools().admin_get_user(UserPoolId=self._pool_id, Username=username)
        except ClientError as error:
            if error.response["Error"]["Code"] == "UserNotFoundException":
                raise Unauthorized("There is nobody any more whose token this is.") from error
            raise DoorUnavailable("the user pool does not answer") from error
        except BotoCoreError as error:
            raise DoorUnavailable("the user pool does not answer") from error
        told = {one["Name"]: one["Value"] for one in user.get("UserAttributes", [])}
        return str(told.get("email") or username)
