"""The tables in moto, made from the definitions in the template."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from moto import mock_aws
from tests.support import templates

from run_ledger.store.keys import Tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAMES = Tables(
    entries="entries",
    jobs="jobs",
    projects="projects",
    clients="clients",
    rollups="rollups",
    rejections="rejections",
)
_DEFINED = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")


@contextmanager
def empty_tables() -> Iterator[DynamoDBClient]:
    """Give a client of a moto that has the six tables, named `NAMES`, with nothing in them.

    moto is for one thread at a time.
    """
    with mock_aws():
        client = boto3.client(
            "dynamodb",
            region_name="eu-central-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        resources = templates.source()["Resources"]
        for kind, name in NAMES._asdict().items():
            properties = resources[f"{kind.capitalize()}Table"]["Properties"]
            client.create_table(
                TableName=name,
                **{part: properties[part] for part in _DEFINED if part in properties},
            )
        yield client
