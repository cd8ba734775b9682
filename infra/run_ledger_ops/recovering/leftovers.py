"""Tables and pools of users that failed deployments made, and that are still there.

CloudFormation can't lift their protection from deletion, and keeps them when it deletes the stack
that they were made for. Nobody ever used them: what holds anything is never taken for a leftover.
"""

from typing import NamedTuple

from botocore.exceptions import ClientError

from run_ledger_ops.deploying import remains
from run_ledger_ops.deploying.preflight import AwsAccount
from run_ledger_ops.deploying.remains import Remains
from run_ledger_ops.deploying.stacks import Stack, StackEvent, is_of_the_stack
from run_ledger_ops.deploying.states import SETTLED, Way, way_on

_TABLE, _POOL = "AWS::DynamoDB::Table", "AWS::Cognito::UserPool"
_BEGUN = "Resource creation Initiated"
_NOT_THERE = {"ResourceNotFoundException"}


class Leftover(NamedTuple):
    """A table or pool by its type, and its name or id."""

    kind: str
    physical_id: str


def find(account: AwsAccount, stack: Stack) -> list[Leftover]:
    """Return what deployments of a stack made that failed since its last successful one.

    Left out is what belongs to the stack as it works now, what was taken over from an earlier
    stage, and what isn't empty.
    """
    found = _made_since_success(stack)
    if way_on(stack.state) in {Way.UPDATE, Way.ROLL_BACK, Way.CONTINUE_ROLLBACK}:
        found -= {
            Leftover(one["ResourceType"], one.get("PhysicalResourceId", ""))
            for one in stack.resources()
            if not one["ResourceStatus"].startswith("DELETE_")
        }
    return sorted(one for one in found if _is_empty(account, one))


def _made_since_success(stack: Stack) -> set[Leftover]:
    made: set[Leftover] = set()
    others: set[Leftover] = set()
    for event in stack.history():
        if is_of_the_stack(event):
            if event["ResourceStatus"] in SETTLED:
                break
            continue
        one = Leftover(event["ResourceType"], event.get("PhysicalResourceId", ""))
        if one.kind not in {_TABLE, _POOL} or not one.physical_id:
            continue
        if event["ResourceStatus"].startswith("IMPORT_"):
            others.add(one)
        elif _was_created(event):
            made.add(one)
    return made - others


def _was_created(event: StackEvent) -> bool:
    """Return whether this deployment made the resource, and did not find it there already."""
    is_begun = event.get("ResourceStatusReason") == _BEGUN
    return is_begun or event["ResourceStatus"] == "CREATE_COMPLETE"


def _is_empty(account: AwsAccount, one: Leftover) -> bool:
    """Return whether it is still there, with nothing in it."""
    try:
        if one.kind == _POOL:
            cognito = account.client("cognito-idp")
            return not cognito.list_users(UserPoolId=one.physical_id, Limit=1)["Users"]
        dynamodb = account.client("dynamodb")
        there = dynamodb.scan(TableName=one.physical_id, Limit=1, ConsistentRead=True)
        return not there["Items"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            return False
        raise


def unprotect(account: AwsAccount, found: list[Leftover]) -> None:
    """Let CloudFormation delete leftovers."""
    remains.unprotect(account, _as_remains(account, found))


def delete(account: AwsAccount, found: list[Leftover]) -> None:
    """Delete those leftovers that are still there."""
    remains.delete(account, _as_remains(account, found), lambda _: None)


def _as_remains(account: AwsAccount, found: list[Leftover]) -> Remains:
    there = [one for one in found if _is_empty(account, one)]
    dynamodb = account.client("dynamodb")
    return Remains(
        tuple(remains.table(dynamodb, one.physical_id) for one in there if one.kind == _TABLE),
        {one.physical_id: one.physical_id for one in there if one.kind == _POOL},
    )
