"""API Gateway's log role is looked at before it is set.

Stand-ins answer by the models of GetAccount ("cloudwatchRoleArn", absent where none is set) and
GetRole (NoSuchEntity), as in the API references of API Gateway and IAM.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.stacks.accounts import planned, stubbed

from run_ledger_ops.account_checks import log_role

ROLE = "arn:aws:iam::123456789012:role/service-role/somebody-elses"
Answer = dict[str, Any]


@pytest.fixture
def look() -> Callable[..., Any]:
    """Give a look at an account with this role set, that is there or gone or hidden."""

    def with_role(role: str | None, of_iam: str | None = None, **stage: Any) -> Any:
        apigateway, gateway_stub = stubbed("apigateway")
        iam, iam_stub = stubbed("iam")
        gateway_stub.add_response("get_account", {"cloudwatchRoleArn": role} if role else {})
        if of_iam:
            iam_stub.add_client_error("get_role", of_iam)
        elif role:
            described = {
                "Path": "/service-role/",
                "RoleName": "somebody-elses",
                "RoleId": "AROA1234567890123456",
                "Arn": ROLE,
                "CreateDate": "2026-01-01",
            }
            iam_stub.add_response("get_role", {"Role": described}, {"RoleName": "somebody-elses"})
        return log_role.look(apigateway, iam, planned(**stage))

    return with_role


def test_first_stage_of_an_account_sets_the_role(look: Callable[..., Any]) -> None:
    """Where GetAccount names none, and where the one it names is gone."""
    for found in (look(None), look(ROLE, "NoSuchEntity")):
        assert found.chosen == {"ManageApiGatewayAccount": "true"}
        assert not any(notice.blocks for notice in found.notices)


def test_somebody_elses_role_is_shared(look: Callable[..., Any]) -> None:
    """It stays, without a word; a role that may not be looked at is taken to be there."""
    for found in (look(ROLE), look(ROLE, "AccessDenied")):
        assert (found.chosen, found.notices) == ({}, ())


def test_somebody_elses_role_is_never_overwritten(look: Callable[..., Any]) -> None:
    """Who says to set it where there is one is told whose it is, before anything is done."""
    found = look(ROLE, values={"ManageApiGatewayAccount": "true"})
    (notice,) = found.notices
    assert notice.blocks
    assert ROLE in notice.text
    assert "ManageApiGatewayAccount=false" in notice.text


def test_stack_that_has_set_the_role_keeps_it() -> None:
    """Nothing is asked: an update leaves the setting as it is, even if others have set it since."""
    mine = planned(values={"ManageApiGatewayAccount": "true"}, present={"ApiGatewayAccount"})
    assert log_role.look(None, None, mine).notices == ()


def test_nobody_sets_the_role(look: Callable[..., Any]) -> None:
    """Told false, a first deployment would fail at the API's stage; a later one logs nothing."""
    said: Any = {"values": {"ManageApiGatewayAccount": "false"}}
    (first,) = look(None, **said).notices
    (later,) = look(None, present={"Api"}, **said).notices
    assert (first.blocks, later.blocks) == (True, False)
    assert "ManageApiGatewayAccount=true" in first.text
