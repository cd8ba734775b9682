"""`run-ledger destroy`: delete a stage; its data stays unless `--with-data` is given."""

import argparse

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.aws_errors import explain, missing_rights
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import Progress, say, warn
from run_ledger_ops.deploying import artifacts, guided, preflight, remains
from run_ledger_ops.deploying.artifacts import Bucket
from run_ledger_ops.deploying.preflight import AwsAccount
from run_ledger_ops.deploying.remains import Remains
from run_ledger_ops.deploying.stacks import Stack, StackFailedError, names_of_stages
from run_ledger_ops.recovering import removal

_FAILED = 1
_DESCRIPTION = """\
Delete a stage: its event bus, queues, functions, API, sign-in pages, site, alarms and logs. Tables
and the pool of users stay, unless --with-data is given. The command asks twice before it begins."""
_EPILOG = """\
examples:
  run-ledger destroy --stage test               keeps tables and users
  run-ledger destroy --stage test --with-data   leaves nothing
  run-ledger destroy --stage test --with-data --confirm test     asks nothing, for scripts

Events that wait in the queues are lost: `run-ledger status` says whether the queues are empty.
`run-ledger deploy --stage NAME --adopt` brings a stage back that was deleted without its data; it
gets a new pool of users, so people have to be invited again. The pool from before then serves
nobody: `run-ledger destroy --stage NAME --former-pools` deletes such pools, and nothing else. The
bucket of the artefacts goes with the last stage that is destroyed with its data.

Exit code: 0 the stage is gone; 1 CloudFormation failed, and the reasons are printed; 2 the command
could not start."""


def add_to(commands: Words) -> None:
    """Add the command `destroy`."""
    parser = add_command(
        commands,
        "destroy",
        help="delete a stage; its data stays, unless you say otherwise",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _destroy)
    parser.add_argument("--stage", metavar="NAME", required=True, help="name of the stage")
    parser.add_argument(
        "--region", metavar="NAME", help="AWS region of the stage (default: the environment's)"
    )
    parser.add_argument("--with-data", action="store_true", help="delete tables and users, too")
    parser.add_argument(
        "--former-pools",
        action="store_true",
        help="delete only pools of users that the stage had before it was destroyed and came back",
    )
    parser.add_argument(
        "--confirm",
        metavar="NAME",
        help="the stage's name once more; then the command asks nothing",
    )


def _destroy(given: argparse.Namespace) -> int:
    account = preflight.find_account(given.region)
    stack = Stack(account.client("cloudformation"), f"run-ledger-{given.stage}")
    found = remains.find(account, given.stage)
    if given.former_pools:
        return _delete_former_pools(account, stack, found, given)
    description = stack.describe()
    if description is None and not (given.with_data and found.any):
        left = " What it left is still there: see --with-data." if found.any else ""
        raise OpsError(f"There is no stack {stack.name} in {account.id}, {account.region}.{left}")
    say(f"Account {account.id}, region {account.region}: the stage {given.stage} goes.")
    for line in found.lines():
        say(f"  {'deleted' if given.with_data else 'kept'}: {line}")
    what = "everything it knows" if given.with_data else "everything but its data"
    _confirm(given.stage, given.confirm, what)
    try:
        if description is not None:
            removal.take_down(account, stack, say)
            say(f"The stack {stack.name} is gone.")
    except StackFailedError as error:
        warn(f"run-ledger destroy: CloudFormation could not delete all of it. {error}")
        for right in missing_rights(str(error)):
            warn(f"Missing: {right}.")
        warn("Mend what the reasons name, and destroy it again.")
        return _FAILED
    found = remains.find(account, given.stage)
    if given.with_data:
        with Progress("deleting data", len(found.tables)) as bar:
            remains.delete(account, found, bar.add)
    _print_remains(account, found, with_data=given.with_data)
    return 0


def _delete_former_pools(
    account: AwsAccount, stack: Stack, found: Remains, given: argparse.Namespace
) -> int:
    former = remains.former_pools(account, found, stack)
    if not former.any:
        say(f"There is no pool from before of the stage {given.stage}.")
        return 0
    for line in former.lines():
        say(f"  deleted: {line}")
    _confirm(given.stage, given.confirm, "these pools")
    remains.delete(account, former, lambda _: None)
    return 0


def _confirm(stage: str, confirmed: str | None, what: str) -> None:
    if confirmed is not None:
        if confirmed != stage:
            raise OpsError(f"--confirm says {confirmed!r}, and the stage is {stage!r}.")
        return
    _ask(f"Type the stage's name to delete {what}: ", stage)
    _ask("Type it once more to begin: ", stage)


def _ask(prompt: str, wanted: str) -> None:
    if guided.read_line(prompt) != wanted:
        raise OpsError("That is not its name: nothing was done.")


def _print_remains(account: AwsAccount, found: Remains, *, with_data: bool) -> None:
    say("\nWhat remains:")
    if with_data:
        if found.tables:
            say("  DynamoDB keeps a last backup of each table that could be restored to a point in")
            say("  time, for 35 days and for nothing")
    else:
        for line in found.lines():
            say(f"  {line}")
        say(f"  together about {found.usd_a_month():.2f} USD a month, by prices of us-east-1")
    if not (with_data and _remove_bucket_of_last(account)):
        bucket = artifacts.bucket_name(account.id, account.region)
        say(f"  the bucket {bucket}, which other stages may use: some MB a version, cents a year")
    say("  API Gateway's role for access logs: one setting of the account, free")


def _remove_bucket_of_last(account: AwsAccount) -> bool:
    """Delete the bucket of the artefacts once no stage is left; return whether it is gone."""
    name = artifacts.bucket_name(account.id, account.region)
    bucket = Bucket(account.client("s3"), name, account.id)
    try:
        if names_of_stages(account.client("cloudformation")):
            return False
        if artifacts.exists(bucket):
            artifacts.remove(bucket)
    except (OpsError, ClientError, BotoCoreError) as error:
        why = str(error) if isinstance(error, OpsError) else f"{explain(error)}."
        warn(f"The bucket of artefacts could not be deleted. {why}")
        return False
    return True
