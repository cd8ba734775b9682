"""`run-ledger deploy`: build, deploy and publish a stage."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.account_checks import account as account_looks
from run_ledger_ops.account_checks import cloudfront
from run_ledger_ops.checkout import ROOT
from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.checks.live.live_check import all_findings
from run_ledger_ops.commands import status
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.aws_errors import explain, missing_rights
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import Progress, say, say_json, warn
from run_ledger_ops.deploying import guided, plans, preflight, remains, saved_answers, showing
from run_ledger_ops.deploying import template as templates
from run_ledger_ops.deploying.deployment import Deployment, StageSettings
from run_ledger_ops.deploying.preflight import AwsAccount
from run_ledger_ops.deploying.saved_answers import SavedAnswers
from run_ledger_ops.deploying.site import Upload
from run_ledger_ops.deploying.stacks import ChangeSet, StackFailedError
from run_ledger_ops.recovering.recovery import Recovery

_FAILED, _NOT_WELL = 1, 3
_CHECK = "live check"
_DESCRIPTION = """\
Deploy a stage of Run Ledger to an AWS account: build the functions, upload them, create or update
the stack by a change set, upload the site. You can run it again at any time: it changes only what
differs. Several stages can share one account and region; each has its own data."""
_EPILOG = """\
examples:
  run-ledger deploy --guided                       asks, and saves the answers in run-ledger.toml
  run-ledger deploy --stage prod --plan            says what would change, in plain words
  run-ledger deploy --stage prod                   deploys
  run-ledger deploy --stage test --region eu-west-1 DeletionProtection=false LogLevel=DEBUG

A parameter that stands neither here nor in run-ledger.toml keeps the value of the last deployment.
The first deployment takes the template's default, but on AWS GradualRollout is then true. `--plan`
changes nothing in the stack; it only uploads bundle and template to the bucket for artefacts, where
CloudFormation reads them.

First the command looks at the account, which takes seconds: if AWS would refuse something, nothing
is made, and it says what helps.

Whatever state a failed or interrupted deployment left the stack in, deploying again gets on from
there: it waits for what CloudFormation is at, takes back what failed, and removes what a failed
first deployment made. Tables and pool of users refuse to be deleted once a first deployment is
complete, unless DeletionProtection=false.

It ends with a live check, as `run-ledger status --probe` makes it, but for the alarm: a marked
event has to come through and to count once, and so on.

Exit code: 0 it is deployed, or there was nothing to do; 1 CloudFormation failed, and the reasons
are printed; 2 the command could not start the deployment, or could not see it through, and says
which; 3 it is deployed, and the live check found something wrong, or could not look."""


def add_to(commands: Words) -> None:
    """Add the command `deploy`."""
    parser = add_command(
        commands,
        "deploy",
        help="deploy a stage to an AWS account, or update it",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _deploy)
    parser.add_argument("--stage", metavar="NAME", help="name of the stage (default: prod)")
    parser.add_argument("--region", metavar="NAME", help="AWS region (default: the environment's)")
    parser.add_argument(
        "--guided", action="store_true", help="ask for what is needed, and save the answers"
    )
    parser.add_argument(
        "--plan", action="store_true", help="say what would change, and change nothing"
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    parser.add_argument("--no-check", action="store_true", help="make no live check at the end")
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="take over the tables that a destroyed stage of this name left",
    )
    parser.add_argument(
        "--skip-failed",
        action="store_true",
        help="leave as it is what can't be rolled back after an update that failed",
    )
    parser.add_argument(
        "--artifacts-bucket",
        metavar="NAME",
        help="existing bucket for bundles and template (default: one that is made for the account)",
    )
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        default=saved_answers.USUAL_FILE,
        help="file with the saved answers (default: %(default)s)",
    )
    parser.add_argument(
        "parameters",
        nargs="*",
        metavar="NAME=VALUE",
        help="parameters of infra/template.yaml",
    )


def _deploy(given: argparse.Namespace) -> int:
    preflight.check_tools()
    template = templates.read(ROOT / "infra" / "template.yaml")
    stages = saved_answers.load(given.answers)
    stage = given.stage or "prod"
    assigned = _assignments(given.parameters)

    def known_of(name: str) -> SavedAnswers:
        saved = stages.get(name, SavedAnswers())
        return SavedAnswers(
            saved.region if given.region is None else given.region,
            saved.artifacts_bucket if given.artifacts_bucket is None else given.artifacts_bucket,
            {**saved.parameters, **assigned},
        )

    known = known_of(stage)
    if given.guided:
        stage, known = guided.ask(stage, known_of, template)
        saved_answers.save(given.answers, {**stages, stage: known})
        warn(f"The answers are saved in {given.answers}.")
    preflight.check_stage(stage, template)
    template.check(known.parameters)
    account = preflight.find_account(known.region)
    settings = StageSettings(
        stage=stage,
        template=template,
        parameters=known.parameters,
        site_folder=ROOT / "static_site",
        cache=ROOT / ".run-ledger" / "cache",
        artifacts_bucket=known.artifacts_bucket,
        adopts=given.adopt,
    )
    tell: Callable[[str], None] = warn if given.json else say
    tell(f"Account {account.id}, region {account.region}, as {account.identity}.")
    return _carry_out(Deployment(settings, account, tell), settings, account, given)


def _carry_out(
    deployment: Deployment, settings: StageSettings, account: AwsAccount, given: argparse.Namespace
) -> int:
    tell: Callable[[str], None] = warn if given.json else say
    recovery = Recovery(account, deployment.stack, settings.stage, tell)
    try:
        if given.plan:
            recovery.check()
        else:
            recovery.bring_round(skips_failed=given.skip_failed)
    except StackFailedError as error:
        warn(f"run-ledger deploy: CloudFormation could not bring the stack round. {error}")
        _tell_help(error)
        return _FAILED
    way = deployment.check()
    account_looks.clear(account, settings, deployment, tell)
    deployment.build()
    template_url = deployment.upload()
    change_set = deployment.propose(template_url, way)
    account_looks.clear_sign_in(account, settings, deployment, change_set)
    words = plans.in_words(change_set.changes) if change_set else ["The stack is as it should be."]
    if given.plan:
        if change_set:
            deployment.stack.withdraw(change_set)
        _show_plan(words, change_set, as_json=given.json)
        return 0
    for line in words:
        tell(line)
    try:
        if change_set:
            _execute(deployment, change_set, template_url)
            tell(f"The stack {settings.stack_name} is deployed.")
    except StackFailedError as error:
        warn(f"run-ledger deploy: CloudFormation could not do it. {error}")
        _tell_help(error)
        warn(recovery.after_failure())
        return _FAILED
    return _finish(deployment, settings, account, change_set, given)


def _finish(
    deployment: Deployment,
    settings: StageSettings,
    account: AwsAccount,
    change_set: ChangeSet | None,
    given: argparse.Namespace,
) -> int:
    """Upload the site, say what is there, and try it; return the exit code."""
    tell: Callable[[str], None] = warn if given.json else say
    outputs = deployment.stack.outputs()
    with Progress("uploading the site", None) as bar:
        uploaded = deployment.publish_site(outputs, bar.add)
    try:
        deployment.tidy()
    except (ClientError, BotoCoreError) as error:
        tell(f"Bundles that no stage needs any more are still there: {explain(error)}.")
    if settings.adopts:
        found = remains.find(account, settings.stage)
        for line in remains.former_pools(account, found, deployment.stack).lines():
            tell(f"Serves nobody any more: {line}. See `run-ledger destroy --former-pools`.")
    if not given.json:
        _print_outcome(settings, outputs, change_set, uploaded)
    live = None if given.no_check else _live_findings(settings.stage, account)
    if given.json:
        outcome = _outcome(settings, account, outputs, change_set, uploaded)
        say_json(outcome | ({} if live is None else {"live_check": status.by_part(live)}))
    else:
        status.show(live or ())
    return 0 if live is None or all(one.is_fine for one in live) else _NOT_WELL


def _live_findings(stage: str, account: AwsAccount) -> list[Finding]:
    """Do what only a deployed system can; those whom alarms tell are not disturbed by it."""
    found = []
    try:
        with Progress("trying it", None) as bar:
            for finding in all_findings(target.deployed(stage, account.region), with_alarm=False):
                found.append(finding)
                bar.add()
    except (ClientError, BotoCoreError) as error:
        words = f"can't go on: {explain(error)}"
        found.append(Finding(_CHECK, Level.UNKNOWN, words, {}))
    except OpsError as error:
        found.append(Finding(_CHECK, Level.UNKNOWN, f"can't go on: {error}", {}))
    return found


def _tell_help(error: StackFailedError) -> None:
    for right in missing_rights(str(error)):
        warn(f"Missing: {right}.")
    if cloudfront.is_refusal(str(error)):
        warn(f"{cloudfront.ASK}.")


def _execute(deployment: Deployment, change_set: ChangeSet, template_url: str) -> None:
    """Execute a change set, and protect what a first one has made; raises StackFailedError."""
    with showing.progress("deploying", len(change_set.changes)) as show:
        deployment.execute(change_set, show)
    if change_set.creates:
        with showing.progress("protecting", None) as show:
            deployment.protect(template_url, show)


def _assignments(words: list[str]) -> dict[str, str]:
    found = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator or not name:
            raise OpsError(f"{word!r} is no NAME=VALUE of a parameter.")
        if name == "Stage":
            raise OpsError("Say the stage's name by --stage.")
        found[name] = value
    return found


def _show_plan(words: list[str], change_set: ChangeSet | None, *, as_json: bool) -> None:
    if as_json:
        say_json({"changes": list(change_set.changes) if change_set else []})
        return
    for line in words:
        say(line)
    say("Nothing was changed. The site and its config.json are compared when it is deployed.")


def _outcome(
    settings: StageSettings,
    account: AwsAccount,
    outputs: Mapping[str, str],
    change_set: ChangeSet | None,
    uploaded: Upload,
) -> dict[str, Any]:
    return {
        "stage": settings.stage,
        "account": account.id,
        "region": account.region,
        "changed": len(change_set.changes) if change_set else 0,
        "site": {"written": uploaded.written, "removed": uploaded.removed},
        "outputs": dict(outputs),
    }


def _print_outcome(
    settings: StageSettings,
    outputs: Mapping[str, str],
    change_set: ChangeSet | None,
    uploaded: Upload,
) -> None:
    if uploaded.changed:
        number = len(uploaded.written)
        say(f"The site: {number} files written, {len(uploaded.removed)} removed.")
    elif not change_set:
        there = "The site is as it should be, too" if "SiteUrl" in outputs else "There is no site"
        say(f"{there}: nothing to do.")
    say(f"\n  site       {outputs.get('SiteUrl', 'none (Site=false)')}")
    say(f"  API        {outputs['ApiUrl']}")
    if "McpUrl" in outputs:
        say(f"  assistants {outputs['McpUrl']}")
    if "IntakeUrl" in outputs:
        say(f"  intake     {outputs['IntakeUrl']}")
    say(f"  event bus  {outputs['BusName']}\n")
    target = outputs.get("SiteTarget", "")
    if target and target not in outputs["SiteUrl"]:
        host = outputs["SiteUrl"].removeprefix("https://")
        say(f"The DNS record of {host} has to lead to {target}: CNAME, or an alias of Route 53.\n")
    if change_set and change_set.creates:
        stage = f"--stage {settings.stage}"
        say("Next:")
        say(f"  run-ledger users invite YOU@EXAMPLE.COM --staff {stage}   who sees all clients")
        say(f"  run-ledger clients apply FILE {stage}                     your clients")
        say(f"  run-ledger status {stage}                                 is all well?")
