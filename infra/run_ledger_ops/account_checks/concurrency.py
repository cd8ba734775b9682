"""How many functions may run at once in the account, and how many of these the writer may take.

New accounts often have ten. The writer's event source takes what it may while events wait, and the
reader, whose requests then are refused, is left with the rest.
"""

from collections.abc import Mapping
from typing import Any

from run_ledger_ops.account_checks.planned_stage import Looked, Notice, PlannedStage

SWEEPER = 1
READERS_LEAST = 4
"""So many requests at once the reader can always answer."""
_WRITERS_LEAST = 2  # what Lambda takes for MaximumConcurrency
_ASK = (
    "To ask AWS for more: `aws service-quotas request-service-quota-increase --service-code lambda "
    "--quota-code L-B99A9384 --desired-value 1000`, or Service Quotas, AWS Lambda, Concurrent "
    "executions"
)


def look(lambda_: Any, planned: PlannedStage) -> Looked:
    """Choose how many writers may run where the account has too few; nobody's choice is changed."""
    limit = lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    written = _writers(planned.template.resources)
    is_parameter = written in planned.template.parameters
    writers = int(planned.values[written] if is_parameter else written)
    left = limit - SWEEPER - writers
    if left >= READERS_LEAST:
        return Looked()
    fitting = max(limit - SWEEPER - READERS_LEAST, _WRITERS_LEAST)
    few = f"Lambda runs {limit} functions at once in this account and region, all together"
    if is_parameter and written not in planned.said and fitting < writers:
        text = f"{few}, so at most {fitting} writers run ({written}), not {writers}. {_ASK}."
        return Looked((Notice(text),), {written: str(fitting)})
    text = (
        f"{few}; {writers} writers would leave {max(left, 0)} to the reader, which refuses "
        f"requests then. "
    )
    smaller = f"Say {written}={fitting}. " if is_parameter and fitting < writers else ""
    return Looked((Notice(f"{text}{smaller}{_ASK}.", blocks=left < 1),))


def _writers(resources: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how many writers may run at once, as the template has it: a number or a parameter."""
    (source,) = resources["WriterFunction"]["Properties"]["Events"].values()
    return str(source["Properties"]["ScalingConfig"]["MaximumConcurrency"])
