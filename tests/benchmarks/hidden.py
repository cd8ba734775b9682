"""Whether the time of an answer tells another client's job from one that never was.

Somebody of one client asks the local stack for a job of another client, for a very large one of
another client, and for one that doesn't exist, in turns. All three are answered 404 after the same
calls; the rest is what DynamoDB needs to hand over an item.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.support.readers.ledger_http import get, personal_tokens
from tests.support.stacks.local_stack import LocalStack, local_stack, wait_for

from .figures import Figure

ROUNDS = 150
_ATTEMPTS = 90
_ERROR = {"type": "t" * 1000, "message": "m" * 1000}
_SMALL, _LARGE, _ABSENT = "hidden-small", "hidden-large", "never-was"


def over_absent() -> Figure:
    """Measure the answers in turns; the value is the median for a job of usual size."""
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder)) as stack:
        _fill(stack)
        scope = f"openid email {stack.document['scope']}"
        token = personal_tokens(stack.document, "client", scope)["access_token"]
        times: dict[str, list[float]] = {name: [] for name in (_SMALL, _LARGE, _ABSENT)}
        for _ in range(ROUNDS):
            for name, taken in times.items():
                started = time.perf_counter()
                status = get(stack.document, f"/jobs/{name}", token).status_code
                taken.append(time.perf_counter() - started)
                if status != 404:
                    raise AssertionError(f"{name} was answered {status}")
    middle = {name: statistics.median(taken) * 1_000 for name, taken in times.items()}
    low, _, high = (one * 1_000 for one in statistics.quantiles(times[_ABSENT], n=4))
    return Figure(
        "hidden_job_ms",
        middle[_SMALL],
        "ms",
        middle[_ABSENT],
        goal=1.1,
        more_is_better=False,
        goal_is_ratio=True,
        notes=(
            f"a job of some 190 KB: {middle[_LARGE]:.1f} ms",
            f"half of the answers for what isn't there: {low:.1f}–{high:.1f} ms",
        ),
    )


def _fill(stack: LocalStack) -> None:
    """Post two jobs of another client than the caller's."""
    ids = {"client_id": "globex", "project_id": "p"}
    details: list[dict[str, Any]] = [{"job_id": _SMALL, **ids, "status": "running"}]
    details += [
        {"job_id": _LARGE, **ids, "attempt": number, "error": _ERROR}
        for number in range(1, _ATTEMPTS + 1)
    ]
    bus = stack.client("events")
    for first in range(0, len(details), 10):
        entries = [
            {
                "EventBusName": stack.document["event_bus_name"],
                "Source": "bench",
                "DetailType": "job_update",
                "Detail": json.dumps(detail),
            }
            for detail in details[first : first + 10]
        ]
        bus.put_events(Entries=entries)
    table = stack.client("dynamodb")

    def is_posted() -> bool:
        request = {"TableName": stack.document["tables"]["jobs"], "Key": {"job_id": {"S": _LARGE}}}
        item = table.get_item(**request).get("Item")
        return item is not None and int(item["n"]["N"]) == _ATTEMPTS

    wait_for("the jobs", is_posted, 120)
