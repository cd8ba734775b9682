"""Asks the read API for a digest's figures, by the reader itself, as one client or as staff.

The asking has the rights of the group of one client, as a person of that client has them by a
token. So a digest can't hold what its readers could not see on the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from run_ledger.assistants.reader_asking import ReaderAsking
from run_ledger.domain.api.access import CLIENT_GROUP, REQUIRED_SCOPE, STAFF_GROUP
from run_ledger.domain.digests.digest_figures import DigestAnswers
from run_ledger.domain.digests.digest_rules import DigestPeriod
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.domain.instants import MICROSECONDS
from run_ledger.questions.asking import InvalidQuestion, Json, path_of
from run_ledger.read.reader import Reader, Request

_SELF = "digests"
_ALL_CLIENTS: Json = {"client_id": STAFF, "name": None}
_MINUTE = 60
_MOST = "100"
_TARDY = ("missed", "late")


def asking_as(reader: Reader, client_id: str, seconds: float) -> ReaderAsking:
    """Return what asks *reader* as a person of *client_id* or staff, for *seconds* in all.

    No token outside this process is like the one that it makes up: its issuer is no user pool.
    """
    settings = structs.replace(reader.settings, issuer=_SELF)
    claims: Mapping[str, Any] = {
        "iss": _SELF,
        "sub": _SELF,
        "username": _SELF,
        "client_id": _SELF,
        "token_use": "access",
        "scope": REQUIRED_SCOPE,
        "cognito:groups": [STAFF_GROUP if client_id == STAFF else f"{CLIENT_GROUP}{client_id}"],
        "exp": reader.now() // MICROSECONDS + int(seconds) + _MINUTE,
    }
    request = Request("GET", "", {}, {}, "", claims, "", frozenset({_SELF}), "")
    asker = structs.replace(reader, settings=settings, sign_outs=None)
    return ReaderAsking(asker, request, seconds)


def digest_answers(ask: ReaderAsking, client_id: str, period: DigestPeriod) -> DigestAnswers:
    """Return what the API answers about the days of a digest.

    Raises Refused where it has no answer, or none in time, and ReaderCrashed where it fails.
    """
    of_staff = client_id == STAFF
    whose: Json = {} if of_staff else {"client_id": client_id}
    days, before = ({**whose, **_days(one)} for one in (period, period.previous()))
    grouped = {"group_by": "client" if of_staff else "pipeline"}
    trends = ask("/trends", days)
    when = {"from": trends["from"], "to": trends["to"]}
    listed = {**whose, "limit": _MOST}
    return DigestAnswers(
        client=_ALL_CLIENTS if of_staff else ask(path_of("clients", client_id), {}),
        trends=trends,
        trends_before=ask("/trends", before),
        groups=ask("/trends", {**days, **grouped}),
        groups_before=ask("/trends", {**before, **grouped}),
        errors=_new_errors(ask, {**listed, **when, "new": "true"}),
        overdue=ask("/projects", {**listed, "overdue": "true"}),
        incidents=_open_incidents(ask, listed),
        tardy=[ask("/incidents", {**listed, **when, "what": what}) for what in _TARDY],
    )


def _open_incidents(ask: ReaderAsking, listed: Json) -> Json:
    """Return what is wrong, that by which most jobs failed first.

    Where more is wrong than the API puts in such an order, what opened last comes first.
    """
    try:
        return ask("/incidents", {**listed, "sort": "jobs"})
    except InvalidQuestion:
        return ask("/incidents", {**listed, "state": "open"})


def _new_errors(ask: ReaderAsking, wanted: Json) -> Json | None:
    """Return the new errors; None where the client has more of them than the API can count."""
    try:
        return ask("/errors", wanted)
    except InvalidQuestion:
        return None


def _days(period: DigestPeriod) -> Json:
    return {
        "interval": "day",
        "from": str(period.first),
        "to": str(period.end),
        "tz": period.tz,
    }
