"""API Gateway's log role, which all APIs of an account and region share.

Whoever sets it takes it from the others, so it is looked at first: decision record 33.
"""

from typing import Any

from botocore.exceptions import ClientError

from run_ledger_ops.account_checks.planned_stage import Looked, Notice, PlannedStage

_MANAGES = "ManageApiGatewayAccount"
_SETTING = "ApiGatewayAccount"
_API = "Api"


def look(apigateway: Any, iam: Any, planned: PlannedStage) -> Looked:
    """Choose whether the stage sets the role: only where none is set, or one that is gone."""
    if _SETTING in planned.present:
        return Looked()
    role = apigateway.get_account().get("cloudwatchRoleArn") or ""
    is_there = bool(role) and _exists(iam, role)
    sets = planned.values[_MANAGES] == "true"
    if is_there and sets:
        text = (
            f"API Gateway writes the logs of this account and region by {role}, which this "
            f"deployment would take from its other APIs: say {_MANAGES}=false, and it is shared."
        )
        return Looked((Notice(text, blocks=True),))
    if is_there or sets:
        return Looked()
    state = f"the role {role}, which is gone" if role else "no role"
    if _MANAGES not in planned.said and _API not in planned.present:
        text = f"API Gateway has {state} to write logs by here: this deployment makes one for all."
        return Looked((Notice(text),), {_MANAGES: "true"})
    text = (
        f"API Gateway of this account and region has {state} to write logs by, without which a "
        f"first deployment fails, and a later one logs nothing: say {_MANAGES}=true, or have "
        "whoever looks after the account set one."
    )
    return Looked((Notice(text, blocks=_API not in planned.present),))


def _exists(iam: Any, role_arn: str) -> bool:
    """Return whether a role is there; one that may not be looked at is taken to be."""
    try:
        iam.get_role(RoleName=role_arn.rpartition("/")[2])
    except ClientError as error:
        return error.response["Error"]["Code"] != "NoSuchEntity"
    return True
