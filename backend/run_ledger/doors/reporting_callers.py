"""Who sends a request, and for which clients: by a report key, or by an access token."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.api.access import Trust, issued_at
from run_ledger.domain.exceptions import StoreUnavailable, Unauthorized
from run_ledger.domain.instants import Instant
from run_ledger.domain.intake.key_texts import KEY_PREFIX, is_same, read_key
from run_ledger.domain.intake.reporters import (
    ReportingCaller,
    acting_caller,
    is_persons,
    reporting_caller,
    reporting_machine,
)
from run_ledger.domain.intake.tokens import read_token, verified_claims
from run_ledger.store.clients.report_grants import read_report_grant, read_report_key
from run_ledger.store.clients.sign_outs import read_sign_outs
from run_ledger.store.dynamo.faults import Fault, fault

from .people_names import PeopleNames
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
        self,
        client: DynamoDBClient,
        table: str,
        issuer: str,
        token_keys: TokenKeys,
        names: PeopleNames,
    ) -> None:
        """Look grants up in *table*, and take tokens of *issuer*, which signs by *token_keys*.

        *names* tells what people are called who act.
        """
        self._client = client
        self._table = table
        self._issuer = issuer
        self._token_keys = token_keys
        self._names = names

    def find(
        self, authorization: str, now: Instant, people_clients: frozenset[str]
    ) -> ReportingCaller:
        """Return who sends a request with this header; people sign in by *people_clients*.

        Raises Unauthorized for nobody, Forbidden for somebody without a grant, and what a call of
        the store raises.
        """
        bearer = _BEARER.fullmatch(authorization)
        if bearer is None:
            raise Unauthorized(_NOTHING)
        credential = bearer["credential"]
        if credential.startswith(KEY_PREFIX):
            return self._by_key(credential)
        return self._by_token(credential, now, people_clients)

    def _by_key(self, credential: str) -> ReportingCaller:
        shown = read_key(credential)
        if shown is None:
            raise Unauthorized(_NO_KEY)
        kept = in_time(lambda: read_report_key(self._client, self._table, shown.key_id))
        if kept is None or not is_same(shown.digest, kept.digest):
            raise Unauthorized(_NO_KEY)
        return reporting_caller(f"key#{kept.key_id}", kept.grant)

    def _by_token(
        self, credential: str, now: Instant, people_clients: frozenset[str]
    ) -> ReportingCaller:
        token = read_token(credential)
        claims: Mapping[str, Any] = verified_claims(token, self._token_keys.find(token.key_id))
        if is_persons(claims):
            return self._acting(claims, now, Trust(self._issuer, people_clients))
        app_client_id = reporting_machine(claims, self._issuer, now)
        grant = in_time(lambda: read_report_grant(self._client, self._table, app_client_id))
        return reporting_caller(f"app#{app_client_id}", grant)

    def _acting(self, claims: Mapping[str, Any], now: Instant, trust: Trust) -> ReportingCaller:
        """Return the person of a token, unless they were signed out since it was issued."""
        caller = acting_caller(claims, trust, now, self._names.find)
        ended = in_time(lambda: read_sign_outs(self._client, self._table, now))
        ended_at = ended.get(str(claims.get("sub")))
        if ended_at is not None and (issued_at(claims) or 0) < ended_at:
            raise Unauthorized("You were signed out. Sign in again.")
        return caller


def in_time(call: Callable[[], A]) -> A:
    """Return what *call* returns; raises StoreUnavailable where DynamoDB refuses for the moment."""
    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        if fault(error) is Fault.PASSING:
            raise StoreUnavailable(str(error)) from error
        raise
