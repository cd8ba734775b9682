"""The tables in moto, made from the definitions in the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws
from tests.support.stacks import templates

from run_ledger.store.dynamo.table_names import Tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAMES = Tables(
    entries="entries",
    jobs="jobs",
    projects="projects",
    clients="clients",
    rollups="rollups",
    rejections="rejections",
    incidents="incidents",
)
_DEFINED = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


@cache
def _definitions() -> Mapping[str, Any]:
    """Return what the template says of each table, by name."""
    resources = templates.source()["Resources"]
    definitions = {
        name: resources[f"{kind.capitalize()}Table"]["Properties"]
        for kind, name in NAMES._asdict().items()
    }
    return {
        name: {part: properties[part] for part in _DEFINED if part in properties}
        for name, properties in definitions.items()
    }


@contextmanager
def empty_tables() -> Iterator[DynamoDBClient]:
    """Give a client of a moto that has the seven tables, named `NAMES`, with nothing in them.

    moto is for one thread at a time.
    """
    with mock_aws():
        client = boto3.client(
            "dynamodb",
            region_name="eu-central-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        create_tables(client)
        yield client


def create_tables(client: DynamoDBClient) -> None:
    """Make the seven tables, named `NAMES`, where *client* leads."""
    for name, definition in _definitions().items():
        client.create_table(TableName=name, **definition)
