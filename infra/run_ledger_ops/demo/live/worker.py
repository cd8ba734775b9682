"""One of the demo's pipelines as a process of its own: `python -m run_ledger_ops.demo.live.worker`.

    python -m run_ledger_ops.demo.live.worker STACK_FILE PIPELINE SECONDS_BETWEEN_JOBS

It runs jobs until SIGINT or SIGTERM. The job under way then ends as cancelled, and what the bus has
not taken by then waits in a spool beside the stack file for the next start.
"""

import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from run_ledger.emit import RunLedger
from run_ledger_ops.demo.live.runner import PIPELINES, Runner
from run_ledger_ops.demo.reporting.demo_events import SOURCE
from run_ledger_ops.demo.reporting.local_ledger import events_client, read_ledger
from run_ledger_ops.demo.reporting.stop import Stop, StoppedError

SPOOL = "demo-spool"
_FAREWELL_SECONDS = 1.5
_FIRST_JOB_SECONDS = 20.0
_BUSY_SHARE = (0.6, 0.9)  # of the time between two jobs' beginnings


def main(arguments: Sequence[str]) -> int:
    """Run the jobs of one pipeline until asked to stop."""
    stack, key, between = Path(arguments[0]), arguments[1], float(arguments[2])
    stop = Stop()
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    target = read_ledger(stack)
    ledger = RunLedger(
        target.bus_name,
        region=target.region,
        endpoint_url=target.endpoint_url,
        source=SOURCE,
        spool=stack.with_name(SPOOL),
        client=events_client(target),
    )
    dice = Random()  # noqa: S311 varies sizes and pauses, keeps no secret
    runner = Runner(PIPELINES[key], ledger, sleep=stop.sleep, dice=dice)
    try:
        runner.introduce()
        # So that not all pipelines begin at once, and the first is at work when somebody looks.
        stop.sleep(min(between, _FIRST_JOB_SECONDS) * dice.random())
        while True:
            now = datetime.now(UTC)
            begun_at = time.monotonic()
            runner.run(int(now.timestamp() / between), now, between * dice.uniform(*_BUSY_SHARE))
            stop.sleep(max(0.0, between - (time.monotonic() - begun_at)))
    except StoppedError:
        ledger.close(_FAREWELL_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
