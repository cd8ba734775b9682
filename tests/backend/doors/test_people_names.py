"""What people are called who act, by Cognito's own answers (moto)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from run_ledger.domain.exceptions import DoorUnavailable, Unauthorized
from run_ledger.doors import people_names
from run_ledger.doors.people_names import PeopleNames

REGION = "eu-central-1"


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    """Give a user pool with kim in it, which the intake finds."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        client = boto3.client("cognito-idp", region_name=REGION)
        pool_id = client.create_user_pool(PoolName="people")["UserPool"]["Id"]
        attributes = [{"Name": "email", "Value": "kim@acme.example"}]
        client.admin_create_user(UserPoolId=pool_id, Username="kim", UserAttributes=attributes)
        monkeypatch.setattr(people_names, "user_pools", lambda: client)
        yield client, pool_id


def test_somebody_is_called_by_their_address(pool: tuple[Any, str]) -> None:
    """And is asked for once: the name stays, as an act is signed by it."""
    client, pool_id = pool
    names = PeopleNames(pool_id)
    assert names.find("kim") == "kim@acme.example"
    client.admin_delete_user(UserPoolId=pool_id, Username="kim")
    assert names.find("kim") == "kim@acme.example"


def test_whoever_is_gone_may_not_act(pool: tuple[Any, str]) -> None:
    """A token outlives its person by up to an hour."""
    with pytest.raises(Unauthorized, match="nobody any more"):
        PeopleNames(pool[1]).find("robin")


def test_somebody_without_an_address_is_called_by_the_user_name(pool: tuple[Any, str]) -> None:
    """So that the history always says who it was."""
    client, pool_id = pool
    client.admin_create_user(UserPoolId=pool_id, Username="nameless")
    assert PeopleNames(pool_id).find("nameless") == "nameless"


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "TooManyRequestsException"}}, "AdminGetUser"),
        EndpointConnectionError(endpoint_url="https://cognito.example"),
    ],
)
def test_a_pool_that_does_not_answer_is_to_be_asked_again(
    pool: tuple[Any, str], monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """Nobody is called by a wrong name for that, and nothing of it is kept."""
    client, pool_id = pool
    names = PeopleNames(pool_id)

    def fail(**_: Any) -> Any:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(client, "admin_get_user", fail)
        with pytest.raises(DoorUnavailable):
            names.find("kim")
    assert names.find("kim") == "kim@acme.example"


def test_not_all_names_are_kept(pool: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An instance of the function lives for hours, and its memory is bounded."""
    client, pool_id = pool
    monkeypatch.setattr(people_names, "_MOST_KEPT", 2)
    names = PeopleNames(pool_id)
    for number in range(5):
        client.admin_create_user(UserPoolId=pool_id, Username=f"p-{number}")
        assert names.find(f"p-{number}") == f"p-{number}"
    assert len(names._known) <= 2
