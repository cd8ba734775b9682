"""The reader tries what it must not read, and tells what DynamoDB made of it.

The stand-in answers as documented: a call that the policy does not allow ends in an
AccessDeniedException, and IAM compares `dynamodb:Select` with the parameter Select of a query or
scan ("Using IAM policy conditions for fine-grained access control", Amazon DynamoDB Developer
Guide).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from run_ledger.store.clients.forbidden_reads import read_rights

TABLE = "clients"


class JudgedClient:
    """A client whose calls IAM judges by the policy of the template, or by a laxer one."""

    def __init__(self, *, looks_at_select: bool = True, lets_in: bool = True) -> None:
        """Judge by what a query selects, and let those in that name their attributes."""
        self.looks_at_select = looks_at_select
        self.lets_in = lets_in

    def query(self, **request: Any) -> Mapping[str, Any]:
        """Answer with no rows, or refuse."""
        names = request.get("ExpressionAttributeNames", {}).values()
        selects = request.get("Select") == "SPECIFIC_ATTRIBUTES" or not self.looks_at_select
        return self._judge("Query", self.lets_in and selects and "secret_ref" not in names)

    def get_item(self, **_: Any) -> Mapping[str, Any]:
        """Refuse, as no statement allows it."""
        return self._judge("GetItem", allowed=False)

    def scan(self, **_: Any) -> Mapping[str, Any]:
        """Refuse, as no statement allows it."""
        return self._judge("Scan", allowed=False)

    def _judge(self, call: str, allowed: bool) -> Mapping[str, Any]:
        if not allowed:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, call)
        return {"Items": []}


def rights(client: Any) -> Any:
    """Return what the reader finds out."""
    return read_rights(client, TABLE)


def test_all_is_refused_that_the_policy_forbids() -> None:
    """The one read that the API needs is answered, and no other."""
    found = rights(JudgedClient())
    assert found.is_let_in
    assert len(found.forbidden) == 6
    assert found.answered == []


def test_a_condition_that_does_not_hold_is_found() -> None:
    """Where IAM did not compare what is selected, reads without names would be answered."""
    found = rights(JudgedClient(looks_at_select=False))
    assert found.answered == ["a query that names no attributes", "a query for all attributes"]


def test_a_policy_that_lets_nothing_through_is_found() -> None:
    """Then the API could not show any client."""
    assert not rights(JudgedClient(lets_in=False)).is_let_in


def test_other_trouble_is_no_refusal() -> None:
    """A throttled call says nothing about rights."""

    class Throttled(JudgedClient):
        def _judge(self, call: str, allowed: bool) -> Mapping[str, Any]:
            code = "ProvisionedThroughputExceededException"
            raise ClientError({"Error": {"Code": code}}, call)

    with pytest.raises(ClientError):
        rights(Throttled())
