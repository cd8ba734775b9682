"""What stays when a stack is deleted, its tables and pool of users, and how to delete that."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from run_ledger_ops.deploying.preflight import AwsAccount
from run_ledger_ops.deploying.stacks import Stack

_GB = 1_000_000_000
# By list prices of us-east-1: storage, and continuous backups of what can be restored.
_USD_A_GB_MONTH = 0.25 + 0.20
_OBJECTS_A_CALL = 1_000


@dataclass(frozen=True)
class Table:
    """A table, with what DynamoDB counted in it within the last six hours."""

    name: str
    items: int
    size: int
    is_protected: bool


@dataclass(frozen=True)
class Remains:
    """Tables and pools of a stage."""

    tables: tuple[Table, ...]
    pools: dict[str, str]

    @property
    def any(self) -> bool:
        """Whether there is anything."""
        return bool(self.tables or self.pools)

    def lines(self) -> Iterator[str]:
        """Give a line of text for each table and pool."""
        for one in self.tables:
            size = one.size / _GB
            yield f"table {one.name}, about {one.items:,} items, {size:.2f} GB"
        for pool_id, name in self.pools.items():
            yield f"pool of users {name} ({pool_id})"

    def usd_a_month(self) -> float:
        """Return about how many US dollars a month it costs to keep them."""
        return sum(one.size for one in self.tables) / _GB * _USD_A_GB_MONTH


def table_names(dynamodb: Any, stage: str) -> Iterator[str]:
    """Give the names of a stage's tables, whether its stack is there or not."""
    for page in dynamodb.get_paginator("list_tables").paginate():
        yield from (name for name in page["TableNames"] if name.startswith(f"run-ledger-{stage}-"))


def find(account: AwsAccount, stage: str) -> Remains:
    """Return the tables and pools of a stage, whether its stack is there or not."""
    dynamodb, cognito = account.client("dynamodb"), account.client("cognito-idp")
    tables = [table(dynamodb, name) for name in table_names(dynamodb, stage)]
    pools = {
        pool["Id"]: pool["Name"]
        for page in cognito.get_paginator("list_user_pools").paginate(MaxResults=60)
        for pool in page["UserPools"]
        if pool["Name"] == f"run-ledger-{stage}"
    }
    return Remains(tuple(tables), pools)


def former_pools(account: AwsAccount, found: Remains, stack: Stack) -> Remains:
    """Return those pools of a stage that serve nobody: all but the one of its stack.

    A stage that comes back gets a new pool: nobody can sign in by an earlier one any more.
    """
    cognito = account.client("cognito-idp")
    there = stack.resources() if stack.state else []
    present = {one.get("PhysicalResourceId") for one in there}
    pools = {}
    for pool_id, name in found.pools.items():
        if pool_id not in present:
            pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
            pools[pool_id] = f"{name} of about {pool.get('EstimatedNumberOfUsers', 0)} people"
    return Remains((), pools)


def table(dynamodb: Any, name: str) -> Table:
    """Return a table as DynamoDB describes it."""
    described = dynamodb.describe_table(TableName=name)["Table"]
    return Table(
        described["TableName"],
        described.get("ItemCount", 0),
        described.get("TableSizeBytes", 0),
        bool(described.get("DeletionProtectionEnabled")),
    )


def unprotect(account: AwsAccount, found: Remains) -> None:
    """Let tables and pools be deleted. A pool loses its other settings by that, but no user."""
    dynamodb, cognito = account.client("dynamodb"), account.client("cognito-idp")
    for one in found.tables:
        if one.is_protected:
            dynamodb.update_table(TableName=one.name, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=one.name)
    for pool_id in found.pools:
        cognito.update_user_pool(UserPoolId=pool_id, DeletionProtection="INACTIVE")


def delete(account: AwsAccount, found: Remains, tell: Callable[[int], None]) -> None:
    """Delete tables and pools, their protection first, calling *tell* for each table."""
    dynamodb, cognito = account.client("dynamodb"), account.client("cognito-idp")
    unprotect(account, found)
    for one in found.tables:
        dynamodb.delete_table(TableName=one.name)
    for one in found.tables:
        dynamodb.get_waiter("table_not_exists").wait(TableName=one.name)
        tell(1)
    for pool_id in found.pools:
        _delete_pool(cognito, pool_id)


def _delete_pool(cognito: Any, pool_id: str) -> None:
    """Delete a pool; Cognito refuses that while it has sign-in pages."""
    pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    for domain in (pool.get("Domain"), pool.get("CustomDomain")):
        if domain:
            cognito.delete_user_pool_domain(UserPoolId=pool_id, Domain=domain)
    cognito.delete_user_pool(UserPoolId=pool_id)


def empty_bucket(s3: Any, bucket: str, tell: Callable[[int], None]) -> None:
    """Delete every version of every object, as a bucket goes only when it is empty."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        for start in range(0, len(keys), _OBJECTS_A_CALL):
            portion = keys[start : start + _OBJECTS_A_CALL]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": portion, "Quiet": True})
            tell(len(portion))
