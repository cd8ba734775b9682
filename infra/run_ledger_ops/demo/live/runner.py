"""The demo's live jobs: each takes a batch of records through one of the real pipelines.

The work itself takes a moment. It is spread over the time of the job, as if the records came from a
slow source, so that there is something to watch and the machine stays idle.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random

from run_ledger.emit import Job, RunLedger
from run_ledger_ops.demo.pipelines import contacts, products, suppliers
from run_ledger_ops.demo.pipelines.record_batches import (
    BatchError,
    LeftToPerson,
    RecordBatch,
    RecordError,
    SkippedRecord,
    open_batch,
)
from run_ledger_ops.demo.reporting.demo_events import NAME_PREFIX

TAGS = {"demo": "true", "records": "made up"}
_HEARTBEAT_SECONDS = 120
_RETRY_SHARE = 0.1  # of a job's time, before it is tried again
_SMALLEST, _LARGEST = 40, 120  # records of a delivery
_MOST_IN_BLOCK = 16
_EVERY_NEW_EXPORT = 9
_EVERY_COARSE = 5

Fields = Mapping[str, str]
RecordStep = Callable[[Fields], str | dict[str, str] | None]


@dataclass(frozen=True, slots=True)
class DemoPipeline:
    """A pipeline at work for one client.

    `open` takes the job's number, the batch's size and the attempt's number, from 1. It returns the
    batch of records and the function that handles each of them.
    """

    key: str
    client_id: str
    project: str
    owner: str
    pipeline: str
    task: str
    open: Callable[[int, int, int], tuple[RecordBatch, RecordStep]]

    @property
    def project_id(self) -> str:
        """The project under which its jobs run."""
        return f"demo-{self.client_id}-{self.key}"


def _contacts(number: int, size: int, _attempt: int) -> tuple[RecordBatch, RecordStep]:
    name = contacts.FILE if (number + 1) % _EVERY_NEW_EXPORT else contacts.NEW_EXPORT
    return open_batch(name, contacts.COLUMNS, number * size, size), contacts.normalised


def _suppliers(number: int, size: int, attempt: int) -> tuple[RecordBatch, RecordStep]:
    """Compare many candidates in some jobs, to find typing errors in the second letter.

    That may be too many for the first attempt; the second compares fewer.
    """
    is_wide = not (number + 1) % _EVERY_COARSE and attempt == 1
    master = suppliers.Master(suppliers.COARSE if is_wide else suppliers.FINE, _MOST_IN_BLOCK)
    return open_batch(suppliers.FILE, suppliers.COLUMNS, number * size, size), master.match


def _products(number: int, size: int, _attempt: int) -> tuple[RecordBatch, RecordStep]:
    new = products.TOTAL - products.LABELLED
    begin = products.LABELLED + number * size % new
    classifier = products.Classifier()
    whole = open_batch(products.FILE, products.COLUMNS, begin, min(size, products.TOTAL - begin))
    return whole, classifier.category


PIPELINES = {
    line.key: line
    for line in (
        DemoPipeline("contacts", "acme", "Contacts", "Noor Haddad", "contact-normalisation",
             "normalise contacts", _contacts),
        DemoPipeline("suppliers", "globex", "Supplier register", "Ines Moreau", "supplier-matching",
             "match suppliers", _suppliers),
        DemoPipeline("products", "initech", "Parts catalogue", "Mei Tanaka", "title-classification",
             "classify titles", _products),
    )
}  # fmt: skip


class Runner:
    """Runs the jobs of a pipeline, one after the other."""

    def __init__(
        self, line: DemoPipeline, ledger: RunLedger, *, sleep: Callable[[float], None], dice: Random
    ) -> None:
        self._line = line
        self._ledger = ledger
        self._sleep = sleep
        self._dice = dice
        self._done = 0  # records of the job at hand

    def introduce(self) -> None:
        """Report the project, which may be known already."""
        project = self._ledger.project(
            client_id=self._line.client_id, project_id=self._line.project_id
        )
        project.update(
            name=f"{NAME_PREFIX}{self._line.project}",
            owner=f"{self._line.owner} (demo)",
            status="active",
            tags=TAGS,
        )

    def run(self, number: int, at: datetime, seconds: float) -> None:
        """Run a job in about *seconds* seconds; if the first attempt fails, make a second.

        The second attempt goes on at the record where the first one stopped.
        """
        line = self._line
        size = self._dice.randrange(_SMALLEST, _LARGEST)
        job_id = f"demo-{line.key}-{at:%Y%m%d-%H%M%S}-{self._dice.randrange(16**4):04x}"
        self._done = 0
        for attempt, share in ((1, 0.7), (2, 0.2)):
            with suppress(BatchError, suppliers.BlockTooLargeError):
                with self._job(job_id, attempt, f"{line.task}, batch {number % 10_000}") as job:
                    opened, answer = line.open(number, size, attempt)
                    job.total(len(opened.lines))
                    self._work(job, opened, answer, seconds * share)
                return
            self._sleep(seconds * _RETRY_SHARE)

    def _job(self, job_id: str, attempt: int, task: str) -> Job:
        line = self._line
        return self._ledger.job(
            job_id=job_id,
            attempt=attempt,
            client_id=line.client_id,
            project_id=line.project_id,
            pipeline=line.pipeline,
            name=f"{NAME_PREFIX}{line.project}: {task}",
            heartbeat_seconds=_HEARTBEAT_SECONDS,
            tags=TAGS,
        )

    def _work(self, job: Job, opened: RecordBatch, answer: RecordStep, seconds: float) -> None:
        job.stage("read and answer")
        pause = seconds / len(opened.lines)
        for line in opened.lines[self._done :]:
            count(job, opened, line, answer)
            self._done += 1
            self._sleep(pause * self._dice.uniform(0.5, 1.5))


def count(job: Job, opened: RecordBatch, line: bytes, answer: RecordStep) -> None:
    """Handle one record, and count the result."""
    try:
        found = answer(opened.fields(line))
    except LeftToPerson:
        job.add(records_skipped=1, left_to_a_person=1)
    except SkippedRecord:
        job.add(records_skipped=1)
    except RecordError as error:
        job.add(records_failed=1)
        job.partial(error)
    else:
        job.add({"records_ok": 1, **({"without_match": 1} if found is None else {})})
