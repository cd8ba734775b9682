"""Delete a stack, with what keeps CloudFormation from it."""

from collections.abc import Callable

from botocore.exceptions import ClientError

from run_ledger_ops.console.terminal import Progress
from run_ledger_ops.deploying import remains, showing
from run_ledger_ops.deploying.preflight import AwsAccount
from run_ledger_ops.deploying.stacks import Stack, StackFailedError
from run_ledger_ops.recovering import leftovers

_SITE_BUCKET = "SiteBucket"


def take_down(account: AwsAccount, stack: Stack, say: Callable[[str], None]) -> None:
    """Delete a stack, and what its failed deployments left; raises StackFailedError.

    Tables and pools that are in use stay. What CloudFormation could not delete is tried a second
    time: what it waited for may be gone by then.
    """
    stack.wait()
    if stack.state is None:
        return
    unused = leftovers.find(account, stack)
    leftovers.unprotect(account, unused)
    try:
        _delete(account, stack)
    except StackFailedError as error:
        say(f"{error}\nTrying once more …")
        _delete(account, stack)
    leftovers.delete(account, unused)


def _delete(account: AwsAccount, stack: Stack) -> None:
    for resource in stack.resources():
        bucket = resource.get("PhysicalResourceId")
        if resource["LogicalResourceId"] == _SITE_BUCKET and bucket:
            _empty(account, bucket)
    with showing.progress("deleting", None) as show:
        stack.delete(show)


def _empty(account: AwsAccount, bucket: str) -> None:
    try:
        with Progress("emptying the site's bucket", None) as bar:
            remains.empty_bucket(account.client("s3"), bucket, bar.add)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
