"""The prefix of the sign-in pages' host name, which is one for all accounts of a region.

It has the last part of the stack's id in it, so it is known once CloudFormation has named the
stack, before anything is made.
"""

from typing import Any

from run_ledger_ops.account_checks.planned_stage import Looked, Notice


def prefix_of(stage: str, stack_id: str) -> str:
    """Return the prefix that the template composes for a stage in a stack."""
    return f"run-ledger-{stage}-{stack_id.split('/')[2].split('-')[4]}"


def look(cognito: Any, prefix: str) -> Looked:
    """Say if somebody has the prefix; a new stack would get another one."""
    found = cognito.describe_user_pool_domain(Domain=prefix).get("DomainDescription", {})
    if not found.get("UserPoolId"):
        return Looked()
    text = f"The prefix {prefix} of Cognito's sign-in pages is taken: deploy again for another."
    return Looked((Notice(text, blocks=True),))
