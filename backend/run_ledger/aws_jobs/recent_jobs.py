"""Which jobs to look at: what the services list as recent, and what the ledger has as open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from run_ledger.domain.aws_jobs import (
    batch_jobs,
    bedrock_jobs,
    ecs_tasks,
    glue_runs,
    step_functions,
)
from run_ledger.domain.aws_jobs.facts import Facts
from run_ledger.domain.aws_jobs.job_rules import Names, Owned, is_about
from run_ledger.domain.aws_jobs.sighting_updates import KEY_TAG, SERVICE_TAG
from run_ledger.domain.instants import Instant
from run_ledger.store.lists.known_jobs import open_before, read_known_jobs

from .aws_account import AccountServices, reference_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_OPEN = 200
"""How many of a client's jobs that are open for long are asked about, the newest of them."""


class Listed(NamedTuple):
    """A job as its service lists it; ``is_whole`` says that a single look would tell no more."""

    service: str
    facts: Facts
    is_whole: bool


Look = tuple[str, Iterator[Listed]]


class RecentJobs:
    """What to look at, for the rules of all clients."""

    def __init__(self, account: AccountServices, jobs: tuple[DynamoDBClient, str]) -> None:
        """List by *account*; *jobs* is the client and the name of the table Jobs."""
        self._account = account
        self._dynamodb, self._table = jobs

    def looks(self, rules: Sequence[Owned], since: Instant) -> Iterator[Look]:
        """Give each look by its name, with the jobs since an instant, which are read lazily."""
        declared = {owned.rule.selector for owned in rules}
        every: tuple[tuple[str, set[str], Callable[[], Iterator[Listed]]], ...] = (
            (
                step_functions.SERVICE,
                {"state_machine"},
                lambda: self._executions(rules, since),
            ),
            (
                batch_jobs.SERVICE,
                {"batch_queue", "batch_definition"},
                lambda: self._batch(rules, since),
            ),
            (glue_runs.SERVICE, {"glue_job"}, lambda: self._glue(rules, since)),
            (ecs_tasks.SERVICE, {"ecs_family", "ecs_group"}, self._tasks),
            (bedrock_jobs.SERVICE, {"bedrock_job"}, lambda: self._bedrock(since)),
        )
        for service, selectors, listing in every:
            if declared & selectors:
                yield service, listing()
        yield "open for long", self._open(rules, since)

    def _executions(self, rules: Sequence[Owned], since: Instant) -> Iterator[Listed]:
        for machine in self._account.state_machines():
            if _is_declared(rules, step_functions.machine_names(machine)):
                for one in self._account.executions(machine, since):
                    yield Listed(step_functions.SERVICE, one, is_whole=False)

    def _batch(self, rules: Sequence[Owned], since: Instant) -> Iterator[Listed]:
        by_definition = any(owned.rule.selector == "batch_definition" for owned in rules)
        for queue in self._account.batch_queues():
            names = {"batch_queue": (queue.rpartition("/")[2], queue)}
            if by_definition or _is_declared(rules, names):
                for one in self._account.batch_jobs(queue, since):
                    yield Listed(batch_jobs.SERVICE, one, is_whole=True)

    def _glue(self, rules: Sequence[Owned], since: Instant) -> Iterator[Listed]:
        for job in self._account.glue_jobs():
            if _is_declared(rules, {"glue_job": (job,)}):
                for one in self._account.glue_runs(job, since):
                    yield Listed(glue_runs.SERVICE, one, is_whole=True)

    def _tasks(self) -> Iterator[Listed]:
        for one in self._account.ecs_tasks():
            yield Listed(ecs_tasks.SERVICE, one, is_whole=True)

    def _bedrock(self, since: Instant) -> Iterator[Listed]:
        for one in self._account.bedrock_jobs(since):
            yield Listed(bedrock_jobs.SERVICE, one, is_whole=True)

    def _open(self, rules: Sequence[Owned], since: Instant) -> Iterator[Listed]:
        """Give what the ledger has as queued or running since before: ends may have been lost."""
        for client_id in sorted({owned.client_id for owned in rules}):
            ids = open_before(self._dynamodb, self._table, client_id, since, MOST_OPEN)
            for job in read_known_jobs(self._dynamodb, self._table, ids).values():
                tags = job.latest("tags") or {}
                service, key = tags.get(SERVICE_TAG), tags.get(KEY_TAG)
                reference = reference_of(service, key) if service and key else None
                if service and reference is not None:
                    facts = self._account.look(service, reference)
                    if facts is not None:
                        yield Listed(service, facts, is_whole=True)


def _is_declared(rules: Sequence[Owned], names: Names) -> bool:
    return any(is_about(owned.rule, names) for owned in rules)
