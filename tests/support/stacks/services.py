"""Stand-ins for services of AWS that behave as their documents say, one account's worth of each.

Requests are checked against the models of botocore: what it would not send is refused here, too.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator


@cache
def _shapes(service: str) -> dict[str, Any]:
    """Return the shapes of the requests that a service takes, by the client's method."""
    model = botocore.session.Session().get_service_model(service)
    return {
        xform_name(one): model.operation_model(one).input_shape for one in model.operation_names
    }


class Service:
    """Base of a client's stand-in: refuses what botocore would not send."""

    name = ""

    def __init__(self) -> None:
        """Load the model of the service."""
        self._shapes = _shapes(self.name)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        """Give a call of an operation that the stand-in has."""
        if operation.startswith("_") or operation not in self._shapes:
            raise AttributeError(operation)

        def call(**given: Any) -> Any:
            report = ParamValidator().validate(given, self._shapes[operation])
            if report.has_errors():
                raise ParamValidationError(report=report.generate_report())
            self.calls.append((operation, given))
            return getattr(self, f"_{operation}")(**given)

        return call

    def get_paginator(self, operation: str) -> Any:
        """Give a paginator whose only page is the operation's answer."""
        call = getattr(self, operation)
        return type("Paginator", (), {"paginate": lambda _, **given: iter([call(**given)])})()

    def get_waiter(self, _: str) -> Any:
        """Give a waiter for what is so already."""
        return type("Waiter", (), {"wait": lambda _, **__: None})()

    def _refuse(self, operation: str, message: str, code: str = "ValidationError") -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class DynamoDb(Service):
    """Tables by name: whether each is protected, and its items."""

    name = "dynamodb"

    def __init__(self) -> None:
        """Begin without tables."""
        super().__init__()
        self.tables: dict[str, dict[str, Any]] = {}

    def _find(self, name: str) -> dict[str, Any]:
        if name not in self.tables:
            raise self._refuse("DescribeTable", "not found", "ResourceNotFoundException")
        return self.tables[name]

    def _list_tables(self) -> Any:
        return {"TableNames": sorted(self.tables)}

    def _describe_table(self, TableName: str) -> Any:  # noqa: N803 - AWS's names
        is_protected = self._find(TableName)["protected"]
        return {"Table": {"TableName": TableName, "DeletionProtectionEnabled": is_protected}}

    def _scan(self, TableName: str, Limit: int, ConsistentRead: bool) -> Any:  # noqa: N803
        assert ConsistentRead
        return {"Items": self._find(TableName)["items"][:Limit]}

    def _update_table(self, TableName: str, DeletionProtectionEnabled: bool) -> None:  # noqa: N803
        self._find(TableName)["protected"] = DeletionProtectionEnabled

    def _delete_table(self, TableName: str) -> None:  # noqa: N803
        if self._find(TableName)["protected"]:
            raise self._refuse("DeleteTable", "Table is protected.", "ValidationException")
        del self.tables[TableName]


class Cognito(Service):
    """Pools by id: whether each is protected, its users and the domain of its sign-in pages."""

    name = "cognito-idp"

    def __init__(self) -> None:
        """Begin without pools."""
        super().__init__()
        self.pools: dict[str, dict[str, Any]] = {}

    def _find(self, pool: str) -> dict[str, Any]:
        if pool not in self.pools:
            raise self._refuse("DescribeUserPool", "not found", "ResourceNotFoundException")
        return self.pools[pool]

    def _list_user_pools(self, MaxResults: int) -> Any:  # noqa: N803
        return {"UserPools": [{"Id": one, "Name": "run-ledger-x"} for one in self.pools]}

    def _list_users(self, UserPoolId: str, Limit: int) -> Any:  # noqa: N803
        return {"Users": self._find(UserPoolId)["users"][:Limit]}

    def _describe_user_pool(self, UserPoolId: str) -> Any:  # noqa: N803
        domain = self._find(UserPoolId).get("domain")
        return {"UserPool": {"Id": UserPoolId, **({"Domain": domain} if domain else {})}}

    def _update_user_pool(self, UserPoolId: str, DeletionProtection: str) -> None:  # noqa: N803
        self._find(UserPoolId)["protected"] = DeletionProtection == "ACTIVE"

    def _delete_user_pool_domain(self, UserPoolId: str, Domain: str) -> None:  # noqa: N803
        assert self._find(UserPoolId).pop("domain") == Domain

    def _delete_user_pool(self, UserPoolId: str) -> None:  # noqa: N803
        pool = self._find(UserPoolId)
        if pool["protected"] or pool.get("domain"):
            raise self._refuse("DeleteUserPool", "protected, or has a domain")
        del self.pools[UserPoolId]


class S3(Service):
    """Buckets by name, with the keys in them."""

    name = "s3"

    def __init__(self) -> None:
        """Begin without buckets."""
        super().__init__()
        self.buckets: dict[str, list[str]] = {}

    def _list_object_versions(self, Bucket: str) -> Any:  # noqa: N803
        if Bucket not in self.buckets:
            raise self._refuse("ListObjectVersions", "no such bucket", "NoSuchBucket")
        return {"Versions": [{"Key": key, "VersionId": "1"} for key in self.buckets[Bucket]]}

    def _head_bucket(self, Bucket: str, ExpectedBucketOwner: str) -> None:  # noqa: N803
        assert ExpectedBucketOwner == "123456789012"
        if Bucket not in self.buckets:
            raise self._refuse("HeadBucket", "no such bucket", "404")

    def _delete_bucket(self, Bucket: str, ExpectedBucketOwner: str) -> None:  # noqa: N803
        assert ExpectedBucketOwner == "123456789012"
        assert self.buckets.pop(Bucket) == [], "S3 deletes empty buckets only"

    def _delete_objects(self, Bucket: str, Delete: Any) -> None:  # noqa: N803
        gone = {one["Key"] for one in Delete["Objects"]}
        self.buckets[Bucket] = [key for key in self.buckets[Bucket] if key not in gone]


class Lambda(Service):
    """Functions by name: their versions, and the one that the alias `live` gives work to."""

    name = "lambda"

    def __init__(self) -> None:
        """Begin without functions."""
        super().__init__()
        self.versions: dict[str, list[str]] = {}
        self.live: dict[str, str] = {}

    def _get_alias(self, FunctionName: str, Name: str) -> Any:  # noqa: N803
        assert Name == "live"
        return {"FunctionVersion": self.live[FunctionName]}

    def _list_versions_by_function(self, FunctionName: str) -> Any:  # noqa: N803
        return {"Versions": [{"Version": one} for one in ["$LATEST", *self.versions[FunctionName]]]}

    def _update_alias(self, **given: Any) -> None:
        if given["FunctionVersion"] not in self.versions[given["FunctionName"]]:
            raise self._refuse("UpdateAlias", "no such version", "ResourceNotFoundException")
        self.live[given["FunctionName"]] = given["FunctionVersion"]
