"""All looks at an account before a stage is deployed to it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.account_checks import (
    certificate,
    cloudfront,
    concurrency,
    log_role,
    names,
    quotas,
    services,
    sign_in_host,
)
from run_ledger_ops.account_checks.planned_stage import Looked, Notice, PlannedStage
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying.deployment import Deployment, StageSettings
from run_ledger_ops.deploying.preflight import AwsAccount
from run_ledger_ops.deploying.stacks import ChangeSet

_THREADS = 8


def clear(
    account: AwsAccount,
    settings: StageSettings,
    deployment: Deployment,
    tell: Callable[[str], None],
) -> None:
    """Look at the account before *deployment*, and *tell* what was found and chosen.

    Raise OpsError where something would make the deployment fail. On a local AWS, which has no
    quotas and lets everybody in, nothing is looked at.
    """
    if not account.is_aws:
        return
    planned = PlannedStage(
        settings.stage,
        settings.template,
        deployment.values(),
        deployment.said(),
        frozenset(deployment.stack.resource_names()),
    )
    looked = look(account, planned)
    for notice in looked.notices:
        if not notice.blocks:
            tell(notice.text)
    _stop_at(looked)
    deployment.prefer(looked.chosen)


def clear_sign_in(
    account: AwsAccount,
    settings: StageSettings,
    deployment: Deployment,
    change_set: ChangeSet | None,
) -> None:
    """Look whether a stack that *change_set* creates can have its sign-in pages.

    Raise OpsError where it can't; the change set is withdrawn then.
    """
    if change_set is None or not change_set.creates or not account.is_aws:
        return
    description = deployment.stack.describe()
    if description is None:
        return
    prefix = sign_in_host.prefix_of(settings.stage, description["StackId"])
    looked = _safely("Sign-in", partial(sign_in_host.look, account.client("cognito-idp"), prefix))
    if any(notice.blocks for notice in looked.notices):
        deployment.stack.withdraw(change_set)
    _stop_at(looked)


def _stop_at(looked: Looked) -> None:
    reasons = [notice.text for notice in looked.notices if notice.blocks]
    if reasons:
        raise OpsError("\n".join(["nothing was deployed, as it would fail:", *reasons]))


def look(account: AwsAccount, planned: PlannedStage) -> Looked:
    """Look at everything, side by side; what can't be looked at is a notice, and no reason to stop.

    Nothing is changed in the account.
    """
    lock = Lock()

    def client(service: str) -> Any:
        with lock:  # a session makes one client at a time
            return account.client(service)

    acm = account.session.client("acm", region_name=certificate.REGION)
    looks: list[tuple[str, Callable[[], Looked]]] = [
        ("Names", partial(names.look, account.region, planned)),
        ("Services", partial(services.look, client, account.region, planned)),
        ("CloudFront", lambda: cloudfront.look(client("cloudfront"), planned)),
        ("Lambda", lambda: concurrency.look(client("lambda"), planned)),
        ("API Gateway", lambda: log_role.look(client("apigateway"), client("iam"), planned)),
        ("The certificate", partial(certificate.look, acm, planned)),
        ("Quotas", partial(quotas.look, client, planned)),
    ]
    with ThreadPoolExecutor(_THREADS) as pool:
        found = list(pool.map(lambda one: _safely(*one), looks))
    return Looked(
        tuple(notice for one in found for notice in one.notices),
        {name: value for one in found for name, value in one.chosen.items()},
    )


def _safely(what: str, look_at: Callable[[], Looked]) -> Looked:
    try:
        return look_at()
    except (ClientError, BotoCoreError) as error:
        return Looked((Notice(f"{what} could not be looked at: {explain(error)}."),))
