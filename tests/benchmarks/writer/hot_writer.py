"""One of the writers that share a hot job: the real handler in a process of its own.

`python -m tests.benchmarks.writer.hot_writer NUMBER DELTAS` makes its deltas, writes "ready", waits
for a line, and posts the deltas in batches of 100. It posts those that failed again, as SQS does,
and writes one line at the end that sums up its log.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout
from itertools import islice
from typing import Any

from tests.support.dynamo.writer_process import Context

from run_ledger.writer import handler

from . import mixes

BATCH = 100


def main() -> None:
    """Post this writer's share."""
    number, deltas = int(sys.argv[1]), int(sys.argv[2])
    waiting = list(mixes.hot(number, deltas))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    log = io.StringIO()
    with redirect_stdout(log):
        while waiting:
            records = iter(waiting)
            waiting = []
            while batch := list(islice(records, BATCH)):
                waiting += _post(batch)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    cancelled = sum(line.get("Cancelled", 0) for line in lines)
    counts = {
        "messages": sum(line.get("Messages", 0) for line in lines),
        "cancelled": cancelled,
        # All events are of one job, so a transaction that commits is one posting.
        "transactions": cancelled + sum(line["message"] == "posted" for line in lines),
    }
    sys.stdout.write(json.dumps(counts) + "\n")


def _post(batch: mixes.Batch) -> mixes.Batch:
    """Post a batch, and return the records that have to be posted again."""
    answer: Any = handler({"Records": batch}, Context())
    failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
    return [record for record in batch if record["messageId"] in failed]


if __name__ == "__main__":
    main()
