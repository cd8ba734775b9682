"""`run-ledger rollback`: give the work back to the versions before the last deployment."""

import argparse

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import say, warn
from run_ledger_ops.deploying import artifacts, preflight, showing
from run_ledger_ops.deploying.artifacts import Bucket
from run_ledger_ops.deploying.preflight import AwsAccount
from run_ledger_ops.deploying.stacks import Stack, StackFailedError, Wanted
from run_ledger_ops.deploying.states import Way, meaning, way_on
from run_ledger_ops.recovering import versions
from run_ledger_ops.recovering.versions import Step

_FAILED = 1
_DESCRIPTION = """\
Take back the last deployment's versions of the functions: within seconds, the versions before, with
their code and settings, do all the work again. Tables, API, site and alarms stay as they are."""
_EPILOG = """\
examples:
  run-ledger rollback --stage prod --plan     says which versions would work again
  run-ledger rollback --stage prod            goes back to them

While a deployment is still under way, it is cancelled instead, and CloudFormation takes all of it
back. The next `run-ledger deploy` brings new versions in again, step by step. A second rollback
goes back one deployment further. A deployment that brought no new version of any function, as it
changed alarms or sign-in alone, is passed over: look at the versions by --plan first.

Exit code: 0 the versions before do the work; 1 they do, but CloudFormation could not be told, or
could not take back what it was at: the reasons are printed; 2 there is nothing to go back to, or
the command could not start."""


def add_to(commands: Words) -> None:
    """Add the command `rollback`."""
    parser = add_command(
        commands,
        "rollback",
        help="give the work back to the versions before the last deployment",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _rollback)
    parser.add_argument("--stage", metavar="NAME", required=True, help="name of the stage")
    parser.add_argument(
        "--region", metavar="NAME", help="AWS region of the stage (default: the environment's)"
    )
    parser.add_argument(
        "--artifacts-bucket",
        metavar="NAME",
        help="the bucket that the stage was deployed by, if it was named then",
    )
    parser.add_argument(
        "--plan", action="store_true", help="say what would be done, and change nothing"
    )


def _rollback(given: argparse.Namespace) -> int:
    account = preflight.find_account(given.region)
    stack = Stack(account.client("cloudformation"), f"run-ledger-{given.stage}")
    state = stack.state
    if state is None:
        raise OpsError(f"There is no stack {stack.name} in {account.id}, {account.region}.")
    if state == "UPDATE_IN_PROGRESS":
        return _cancel(stack, is_plan=given.plan)
    if way_on(state) is Way.WAIT:
        message = f"The stack {stack.name} is {state}: {meaning(state)}. Wait until that is done."
        raise OpsError(message)
    functions = account.client("lambda")
    steps = versions.steps_back(stack, functions)
    for step in steps:
        say(f"  {step.function}: version {step.present} -> {step.before}")
    if given.plan:
        say("Nothing was changed.")
        return 0
    versions.go_back(functions, steps)
    say("These versions do all the work now.")
    bucket = given.artifacts_bucket or artifacts.bucket_name(account.id, account.region)
    return _tell_stack(account, stack, given.stage, Bucket(account.client("s3"), bucket), steps)


def _cancel(stack: Stack, *, is_plan: bool) -> int:
    say(f"A deployment of {stack.name} is under way: it is cancelled and taken back.")
    if is_plan:
        say("Nothing was changed.")
        return 0
    try:
        with showing.progress("taking back", None) as show:
            stack.cancel_update(show)
    except StackFailedError as error:
        warn(f"run-ledger rollback: CloudFormation could not take it back. {error}")
        return _FAILED
    say("All is as it was before.")
    return 0


def _tell_stack(
    account: AwsAccount, stack: Stack, stage: str, bucket: Bucket, steps: list[Step]
) -> int:
    """Have the stack know where the aliases are; nothing else changes by that."""
    hint = (
        "Once the stack can be updated, `run-ledger deploy` brings new versions in. The same "
        "command again would go back one deployment further."
    )
    try:
        state = stack.state
        if way_on(state) is not Way.UPDATE:
            warn(f"The stack is {state}, so CloudFormation was not told. {hint}")
            return _FAILED
        processed = account.client("cloudformation").get_template(
            StackName=stack.name, TemplateStage="Processed"
        )["TemplateBody"]
        wanted = Wanted(
            artifacts.upload_template(bucket, versions.template_of(processed, steps)),
            dict.fromkeys(stack.parameters()),
            {"application": "run-ledger", "stage": stage},
        )
        change_set = stack.propose(wanted, creates=False)
        if change_set is not None:
            with showing.progress("telling CloudFormation", len(change_set.changes)) as show:
                stack.execute(change_set, show)
    except (OpsError, ClientError, BotoCoreError) as error:
        why = str(error) if isinstance(error, OpsError) else f"{explain(error)}."
        warn(f"run-ledger rollback: CloudFormation could not be told. {why}\n{hint}")
        return _FAILED
    return 0
