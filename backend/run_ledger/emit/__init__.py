"""Report jobs from a pipeline, in two lines that can't harm it.

::

    from run_ledger.emit import RunLedger

    ledger = RunLedger()       # the bus is RUN_LEDGER_BUS, else that of this folder's local stack

    with ledger.job(client_id="acme", project_id="catalogue", records_total=len(records)) as job:
        for record in records:
            enrich(record)
            job.add(records_ok=1, input_tokens=812)

Leaving the block ends the job as succeeded. An exception ends it as failed, with its type and
message, and goes on up. ``async with`` does the same in a coroutine, ``@ledger.tracked(…)`` for
each call of a function.

**Cheap.** Deltas are summed in the process and sent every five seconds, or with the start or end of
a job, ten events a call. `Job.add` takes about a microsecond and never waits.

**Harmless.** Nothing that the bus does raises into the pipeline or makes it wait. What the bus does
not take stays in a spool on disk. This process, the next one or ``run-ledger spool flush`` sends it
from there with the same event id, so that nothing counts twice. At the end of the program a few
seconds at most are spent on the last events. `RunLedger.stats` shows how reporting works.

**What is promised.** When `RunLedger.flush` has returned True, everything reported before is with
the bus or fsynced in the spool, and no kill can take it away. By itself that happens every five
seconds, for the start and the end of a job within milliseconds, and at the end of the program: all
is written to disk before it is sent, so a bus that does not answer makes no difference.

**What a kill takes.** SIGKILL, a lack of memory, ``os._exit`` and a SIGTERM that the program does
not handle take what was added since then, for five seconds at most; the job is shown as stalled,
as it should be. A job that began in the very milliseconds before may be missing. No signal
handlers are installed in your program: to keep all, end on SIGTERM as on any error, for instance
by ``signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))``. Workers of `multiprocessing` are the
exception, see below. A container's disk may end with it: then what the bus did not take in time is
gone, unless ``RUN_LEDGER_SPOOL`` is on a volume. What a dead process left on a disk is sent by the
next one that reports to the same bus in the same account, region and address, or by
``run-ledger spool flush``.

**Does it arrive?** AWS takes events for a bus that doesn't exist, and drops them. Where it can be
seen that the bus isn't there, events wait on disk and a warning says so; `RunLedger.check` and
``run-ledger emit --check`` send a probe all the way to the ledger.

**Patterns.**

* *Many workers on one job:* pass the `Job` to them. Pickled, it arrives as a joined job, which adds
  and never ends the job; `RunLedger.join` does the same by the job's id. At its end ``with Pool()``
  sends SIGTERM to its workers: they put their last sums on disk first, and the next process sends
  them. Call ``pool.close()`` and ``pool.join()`` before, to have everything at once.
* *Retries:* a `Job` is one attempt at a job. A retry has the same ``job_id`` and the next
  ``attempt``. Schedulers such as AWS Batch, Airflow and Celery say both by themselves, see
  ``docs/schedulers.md``. An id that is used again without an attempt is logged.
* *Names from outside:* any ``job_id``, such as Airflow's run ids, becomes an id of the ledger, the
  same one each time. A value that the contract does not allow is left out or cut, and counted.
* *Parts of a job:* a job inside a job's block is its part, also in the threads of a pool to which
  that block submits work. A thread that you start by yourself needs ``parent_job_id=job.job_id``.
* *Long silence:* `Job.heartbeat` now and then, or ``keep_alive=True``.
* *AWS Lambda:* one ledger outside the handler; leaving a job's block sends what there is.
* *Language models:* `Job.usage` counts calls, errors, tokens and cost from an SDK's answer, and
  tells them by model, under the name that the answer gives. So does `Job.add` with ``model``, where
  you count yourself. Report each change once: what is reported by model counts for the job, too.
* *OpenTelemetry:* `run_ledger.emit.opentelemetry` counts the calls of language models in spans.
* *Airflow, dbt, Dagster:* `run_ledger.emit.openlineage`, by configuration alone.

**What not to send:** prompts, outputs, records, personal data, secrets. Everybody who may see a job
sees its names, tags and error messages. Obvious secrets in errors are blanked, but not every secret
is obvious.

**How an add reaches the bus.** `Job.add` calls `Accumulator.add`, which adds to its `Counters`. The
first add after a pause calls `Sender.add_accumulator`, which puts the accumulator in the queue. The
sender's thread collects: `Accumulator.take_events` turns deltas and latest values into events.
`Backlog.write_ahead` puts them on disk, `EventBus.put` sends them, and `Backlog.shorten_ahead`
drops from the disk what the bus has. What the bus did not take, `Backlog.write` moves from memory
to the spool; `Backlog.next_batch` gives it back to be sent again, and `Backlog.drop` removes it.

**Who imports whom.** `pricing`; `identity`; `counting`; `delivery`; `reporter`; `jobs`; `tracking`;
`ledger`. Each may import only those to its left in this list. The domain stands left of all. Beside
them, `thread_pools` serves `jobs`, and `first_words` serves `ledger`. Users import `opentelemetry`
(with `spans`) and `openlineage` (with `lineage`) themselves; nothing else here imports them.
"""

from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.emit.delivery.checking import CheckOutcome
from run_ledger.emit.delivery.health import Stats
from run_ledger.emit.jobs import Job, Project, current_job
from run_ledger.emit.ledger import RunLedger
from run_ledger.emit.pricing.price import Price
from run_ledger.emit.pricing.prices import Prices

__all__ = [
    "CheckOutcome",
    "InvalidEvent",
    "Job",
    "Price",
    "Prices",
    "Project",
    "RunLedger",
    "Stats",
    "current_job",
]
