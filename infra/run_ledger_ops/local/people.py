"""Who may sign in on a local stack, and which clients it knows.

The people and clients are made up. Passwords are random, made at the first start and kept in the
state folder, so that a later start finds the same ones.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from run_ledger_ops.local.cloud import LocalCloud

_AMBIGUOUS = str.maketrans("", "", "-_")


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in: what they are called, and the one group that says what they see."""

    role: str
    email: str
    group: str


@dataclass(frozen=True)
class Parameter:
    """A parameter of a client's configuration: plain with a value, or a reference to a secret."""

    name: str
    description: str
    value: str | None = None
    secret_ref: str | None = None


@dataclass(frozen=True)
class DemoClient:
    """A made-up client and its configuration."""

    client_id: str
    name: str
    parameters: tuple[Parameter, ...]


CLIENT_PERSON_CLIENT_ID = "acme"
PEOPLE = (
    Person("staff", "staff@run-ledger.example", "staff"),
    Person("client", "someone@acme.example", f"client-{CLIENT_PERSON_CLIENT_ID}"),
)


def _configuration(client_id: str, confidence: str, model: str) -> tuple[Parameter, ...]:
    secret = f"arn:aws:secretsmanager:eu-central-1:000000000000:secret:{client_id}/warehouse"
    return (
        Parameter("confidence_threshold", "Matches below this go to a person", confidence),
        Parameter("model", "Language model for the matching stage", model),
        Parameter("warehouse_password", "Login of the export", secret_ref=secret),
    )


CLIENTS = (
    DemoClient("acme", "Acme Retail (demo)", _configuration("acme", "0.85", "demo-medium")),
    DemoClient("globex", "Globex Energy (demo)", _configuration("globex", "0.90", "demo-large")),
    DemoClient(
        "initech", "Initech Software (demo)", _configuration("initech", "0.80", "demo-small")
    ),
)


def new_password() -> str:
    """Make a password that the pool's policy accepts and that is easy to copy."""
    return f"{secrets.token_urlsafe(12).translate(_AMBIGUOUS)}-Aa1"


def invite(cloud: LocalCloud, pool_id: str, passwords: Mapping[str, str]) -> None:
    """Make the people and their groups, as far as they are not there; set their passwords."""
    cognito = cloud.client("cognito-idp")
    for person in PEOPLE:
        _unless(
            "GroupExistsException", cognito.create_group, UserPoolId=pool_id, GroupName=person.group
        )
        attributes = [
            {"Name": "email", "Value": person.email},
            {"Name": "email_verified", "Value": "true"},
        ]
        _unless(
            "UsernameExistsException",
            cognito.admin_create_user,
            UserPoolId=pool_id,
            Username=person.email,
            UserAttributes=attributes,
            MessageAction="SUPPRESS",
        )
        cognito.admin_set_user_password(
            UserPoolId=pool_id,
            Username=person.email,
            Password=passwords[person.role],
            Permanent=True,
        )
        cognito.admin_add_user_to_group(
            UserPoolId=pool_id, Username=person.email, GroupName=person.group
        )


def client_items(app_client_id: str, at: datetime) -> list[dict[str, dict[str, Any]]]:
    """Give the items of the Clients table: demo clients, and the machine's grant to see all."""
    updated_at = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    items = [_strings(pk=f"app#{app_client_id}", sk="grant") | {"staff": {"BOOL": True}}]
    for client in CLIENTS:
        items.append(_strings(pk=client.client_id, sk="profile", name=client.name))
        for parameter in client.parameters:
            item = _strings(
                pk=client.client_id,
                sk=f"param#{parameter.name}",
                name=parameter.name,
                description=parameter.description,
                updated_at=updated_at,
            )
            if parameter.secret_ref is None:
                item |= _strings(kind="plain", value=parameter.value or "")
            else:
                item |= _strings(kind="secret", secret_ref=parameter.secret_ref)
            items.append(item)
    return items


def apply_clients(cloud: LocalCloud, table: str, app_client_id: str) -> None:
    """Write the demo clients and the machine's grant, leaving alone what is there already."""
    dynamodb = cloud.client("dynamodb")
    for item in client_items(app_client_id, datetime.now(UTC)):
        _unless(
            "ConditionalCheckFailedException",
            dynamodb.put_item,
            TableName=table,
            Item=item,
            ConditionExpression="attribute_not_exists(pk)",
        )


def _strings(**attributes: str) -> dict[str, dict[str, Any]]:
    return {name: {"S": value} for name, value in attributes.items()}


def _unless(allowed: str, call: Any, **arguments: Any) -> None:
    """Make a call that may find its work done already."""
    try:
        call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] != allowed:
            raise
