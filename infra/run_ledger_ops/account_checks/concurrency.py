"""How many functions may run at once in the account, and how many of these the writer may take.

New accounts often have ten. The writer's event source takes what it may while events wait, and the
reader, whose requests then are refused, is left with the rest.
"""

from typing import Any

from run_ledger_ops.account_checks.planned_stage import Looked, Notice, PlannedStage
from run_ledger_ops.deploying.template import TemplateParameter

WRITERS = "WriterConcurrency"
"""The parameter that says how many writers run at once, at most."""
SWEEPER = 1
READERS_LEAST = 4
"""How many requests at once the reader must always be able to answer."""
_ASK = (
    "To ask AWS for more: `aws service-quotas request-service-quota-increase --service-code lambda "
    "--quota-code L-B99A9384 --desired-value 1000`, or Service Quotas, AWS Lambda, Concurrent "
    "executions"
)


def look(lambda_: Any, planned: PlannedStage) -> Looked:
    """Choose how many writers may run where the account has too few; nobody's choice is changed."""
    limit = lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    writers = int(planned.values[WRITERS])
    left = limit - SWEEPER - writers
    if left >= READERS_LEAST:
        return Looked()
    fitting = _most(planned.template.parameters[WRITERS], limit - SWEEPER - READERS_LEAST)
    few = f"Lambda runs {limit} functions at once in this account and region, all together"
    if WRITERS not in planned.said and fitting < writers:
        text = f"{few}, so at most {fitting} writers run ({WRITERS}), not {writers}. {_ASK}."
        return Looked((Notice(text),), {WRITERS: str(fitting)})
    text = (
        f"{few}; {writers} writers would leave {max(left, 0)} to the reader, which refuses "
        f"requests then. "
    )
    smaller = f"Say {WRITERS}={fitting}. " if fitting < writers else ""
    return Looked((Notice(f"{text}{smaller}{_ASK}.", blocks=left < 1),))


def _most(parameter: TemplateParameter, most: int) -> int:
    """Return the greatest number that the parameter may have, up to *most*; else the least."""
    numbers = sorted(map(int, parameter.allowed))
    return max((number for number in numbers if number <= most), default=numbers[0])
