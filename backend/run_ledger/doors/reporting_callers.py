"""Who sends a request, and for which clients: by a report key, or by a machine's access token."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable, Unauthorized
from run_ledger.domain.instants import Instant
from run_ledger.domain.intake.key_texts import KEY_PREFIX, is_same, read_key
from run_ledger.domain.intake.reporters import (
    ReportingCaller,
    reporting_caller,
    reporting_machine,
)
from run_ledger.domain.intake.tokens import read_token, verified_claims
from run_ledger.store.clients.report_grants import read_report_grant, read_report_key
from run_ledger.store.dynamo.faults import Fault, fault

from .token_keys import TokenKeys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

A = TypeVar("A")
_BEARER = re.compile(r"[Bb]earer +(?P<credential>[^\s,]+)\s*")
_NO_KEY = "The report key is not one that is taken here."
_NOTHING = "The request needs a report key or an access token: Authorization: Bearer …"


class Callers:
    """The callers that a stack knows."""

    def __init__(
        self, client: DynamoDBClient, table: str, issuer: str, token_keys: TokenKeys
    ) -> None:
        """Look grants up in *table*, and take tokens of *issuer*, which signs by *token_keys*."""
        self._client = client
        self._table = table
        self._issuer = issuer
        self._token_keys = token_keys

    def find(self, authorization: str, now: Instant) -> ReportingCaller:
        """Return who sends a request with this header.

        Raises Unauthorized for nobody, Forbidden for somebody without a grant, and what a call of
        the store raises.
        """
        bearer = _BEARER.fullmatch(authorization)
        if bearer is None:
            raise Unauthorized(_NOTHING)
        credential = bearer["credential"]
        if credential.startswith(KEY_PREFIX):
            return self._by_key(credential)
        return self._by_token(credential, now)

    def _by_key(self, credential: str) -> ReportingCaller:
        shown = read_key(credential)
        if shown is None:
            raise Unauthorized(_NO_KEY)
        kept = in_time(lambda: read_report_key(self._client, self._table, shown.key_id))
        if kept is None or not is_same(shown.digest, kept.digest):
            raise Unauthorized(_NO_KEY)
        return reporting_caller(f"key#{kept.key_id}", kept.grant)

    def _by_token(self, credential: str, now: Instant) -> ReportingCaller:
        token = read_token(credential)
        claims: Mapping[str, Any] = verified_claims(token, self._token_keys.find(token.key_id))
        app_client_id = reporting_machine(claims, self._issuer, now)
        grant = in_time(lambda: read_report_grant(self._client, self._table, app_client_id))
        return reporting_caller(f"app#{app_client_id}", grant)


def in_time(call: Callable[[], A]) -> A:
    """Return what *call* returns; raises StoreUnavailable where DynamoDB refuses for the moment."""
    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        if fault(error) is Fault.PASSING:
            raise StoreUnavailable(str(error)) from error
        raise
