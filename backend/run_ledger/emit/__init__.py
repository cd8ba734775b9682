"""Reporting runs from a pipeline, in two lines that can't hurt it.

::

    from run_ledger.emit import RunLedger

    ledger = RunLedger()                       # the bus comes from RUN_LEDGER_BUS

    with ledger.job(client_id="acme", project_id="catalogue", records_total=len(records)) as job:
        for record in records:
            enrich(record)
            job.add(records_ok=1, input_tokens=812)

Leaving the block ends the job as succeeded; an exception ends it as failed, with its type and
message, and goes on up. ``async with`` does the same in a coroutine, ``@ledger.tracked(…)`` for
each call of a function.

**Cheap.** Counts are summed in the process and sent every five seconds, or with the start or end of
a job, ten events a call. `Job.add` takes about a microsecond and never waits.

**Harmless.** Nothing that the bus does raises into the pipeline or makes it wait. What the bus does
not take goes to a spool on disk and is sent from there, by this process, the next one or
``run-ledger spool flush``, under the same event id, so that nothing counts twice. At the end of
the program a few seconds at most are spent on the last events. `RunLedger.stats` says how it fares.

**What is promised.** When `RunLedger.flush` has returned True, all that was said before is with the
bus or fsynced in the spool, and no kill can take it away. By itself that happens every five seconds
and at the end of the program. What was said since then dies with a killed process, and the job is
shown as stalled, as it should be.

**Patterns.**

* *Many workers on one job:* pass the `Job` to them. Pickled, it arrives as a part that adds and
  never ends the job; `RunLedger.join` does the same by the job's id. Let a pool's workers end,
  by ``pool.close()`` and ``pool.join()``: to leave ``with Pool()`` kills them, and their last sums.
* *Retries:* the same ``job_id`` with the next ``attempt``; what AWS Batch, Airflow, Celery and
  Kubernetes say of the attempt is understood by itself.
* *Parts of a job:* a job inside a job's block is its part.
* *Long silence:* `Job.heartbeat` now and then, or ``keep_alive=True``.
* *AWS Lambda:* one ledger outside the handler; leaving a job's block sends what there is.
* *Language models:* `Job.usage` counts calls, errors, tokens and cost from an SDK's answer.
* *Airflow, dbt, Dagster:* `run_ledger.emit.openlineage`, by configuration alone.

**What not to send:** prompts, outputs, records, personal data, secrets. Everybody who may see a job
sees its names, tags and error messages. In errors, what obviously is a secret is blanked; that is a
net, not a proof.
"""

from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.emit.counting.prices import Price, Prices
from run_ledger.emit.delivery.health import Stats
from run_ledger.emit.jobs import Job, Project, current_job
from run_ledger.emit.ledger import RunLedger

__all__ = [
    "InvalidEvent",
    "Job",
    "Price",
    "Prices",
    "Project",
    "RunLedger",
    "Stats",
    "current_job",
]
