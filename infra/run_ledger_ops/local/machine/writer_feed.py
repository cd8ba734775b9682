"""How many writers take events from the queue; a pause of them before the local AWS is stopped.

Each writer at work is a process, and a laptop has few cores for them. A stop in the middle of a
batch would be safe, but slow: the writers would try until their time is up to reach a local AWS
that no longer answers, and it waits for them before it ends.
"""

import time
from collections.abc import Callable

from run_ledger_ops.local.machine.cloud import LocalCloud

WRITERS_AT_ONCE = 2
"""As few as AWS allows. The template says eight, as many as totals have shards."""
_PATIENCE_SECONDS = 15.0
_EMPTYING_SECONDS = 120.0


def pause(cloud: LocalCloud, function_name: str, queue_url: str) -> None:
    """Stop the function from taking events, and wait up to 15 s for those that it has."""
    _enable(cloud, function_name, enabled=False)
    sqs = cloud.client("sqs")
    name = "ApproximateNumberOfMessagesNotVisible"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])
        if answer["Attributes"][name] == "0":
            return
        time.sleep(0.1)


def resume(cloud: LocalCloud, function_name: str) -> None:
    """Let the function take events again, if it was paused, in few processes at once."""
    _enable(cloud, function_name, enabled=True)


def wait_until_empty(cloud: LocalCloud, queue_url: str, tell: Callable[[int], None]) -> bool:
    """Wait until the queue has nothing more, and say whether it came to that in two minutes.

    Calls *tell* with the number of its messages, again and again.
    """
    sqs = cloud.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    deadline = time.monotonic() + _EMPTYING_SECONDS
    while time.monotonic() < deadline:
        answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)
        left = sum(int(answer["Attributes"][name]) for name in names)
        tell(left)
        if not left:
            return True
        time.sleep(0.2)
    return False


def _enable(cloud: LocalCloud, function_name: str, *, enabled: bool) -> None:
    functions = cloud.client("lambda")
    answer = functions.list_event_source_mappings(FunctionName=function_name)
    scaling = {"MaximumConcurrency": WRITERS_AT_ONCE}
    for mapping in answer["EventSourceMappings"]:
        is_enabled = mapping["State"] == "Enabled"
        if is_enabled != enabled or mapping.get("ScalingConfig") != scaling:
            functions.update_event_source_mapping(
                UUID=mapping["UUID"], Enabled=enabled, ScalingConfig=scaling
            )
