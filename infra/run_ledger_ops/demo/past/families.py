"""A root job and all that belongs to it: alone, or with shards that share out its work."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from run_ledger_ops.demo.past import made_up_jobs
from run_ledger_ops.demo.past.catalogue import PROJECTS, DemoProject
from run_ledger_ops.demo.past.courses import AttemptEnd, draw_course
from run_ledger_ops.demo.past.job_events import JobEvents, SimulatedJob
from run_ledger_ops.demo.past.made_up_projects import project_id_at
from run_ledger_ops.demo.past.mishaps import shards_failed
from run_ledger_ops.demo.reporting.demo_events import NAME_PREFIX, DemoEvent

_DELIVERY_SHARE = 0.5
_HEARTBEAT_SECONDS = 3_600
_SHARD_PAUSE_SECONDS = (2.0, 15.0)
_COORDINATOR_HEARTBEATS = 30  # it speaks only when a shard ends


@dataclass(frozen=True, slots=True)
class Family:
    """All events of a root job and its shards, in the order of time.

    `afterwards` has what a person does about it many hours later.
    """

    project_id: str
    events: tuple[DemoEvent, ...]
    afterwards: tuple[DemoEvent, ...] = ()

    @property
    def begun_at(self) -> datetime:
        """When the first event happened."""
        return self.events[0].at

    @property
    def over_at(self) -> datetime:
        """When the last event happened."""
        return self.events[-1].at

    @property
    def job_ids(self) -> set[str]:
        """The jobs of the family."""
        return {event.detail["job_id"] for event in self.events}

    @property
    def jobs_done(self) -> int:
        """How many of its jobs succeeded in the end, or did so in part."""
        results = {event.detail["job_id"]: event.detail.get("result") for event in self.events}
        return sum(result in ("succeeded", "partial") for result in results.values())


def family(key: str, begun_at: datetime, number: str) -> Family:
    """Return a family made up from *key*: the same arguments give the same events.

    Its name says the batch's *number*.
    """
    dice = Random(key)  # noqa: S311 reproducible is what it has to be
    project = _draw_project(dice)
    root = _root_job(project, begun_at, hashlib.sha256(key.encode()).hexdigest()[:8], number)
    if dice.random() < project.pipeline.sharded_share:
        events = sorted(_coordinated(root, begun_at, dice), key=lambda event: event.at)
        return Family(root.project_id, tuple(events))
    course = draw_course(dice, may_fall_silent=True)
    told = tuple(made_up_jobs.live(root, begun_at, course, dice))
    if course[-1] is AttemptEnd.ABANDONED:
        return Family(root.project_id, told[:-1], told[-1:])
    return Family(root.project_id, told)


def _draw_project(dice: Random) -> DemoProject:
    is_delivery = dice.random() < _DELIVERY_SHARE
    return dice.choice([project for project in PROJECTS if project.is_delivery is is_delivery])


def _root_job(project: DemoProject, begun_at: datetime, mark: str, number: str) -> SimulatedJob:
    pipeline = project.pipeline
    return SimulatedJob(
        job_id=f"demo-{pipeline.code}-{begun_at:%Y%m%d-%H%M}-{mark}",
        project_id=project_id_at(project, begun_at),
        client_id=project.client_id,
        pipeline=pipeline,
        name=f"{NAME_PREFIX}{project.title}: {pipeline.task}, batch {number}",
        heartbeat_seconds=_HEARTBEAT_SECONDS,
    )


def _coordinated(root: SimulatedJob, begun_at: datetime, dice: Random) -> Iterator[DemoEvent]:
    """Give the events of a root job that only coordinates, and of the shards that do the work."""
    events = JobEvents(
        replace(root, heartbeat_seconds=root.heartbeat_seconds * _COORDINATOR_HEARTBEATS)
    )
    events.queued(begun_at)
    at = begun_at + made_up_jobs.seconds_between(dice, made_up_jobs.QUEUE_SECONDS)
    events.running(at)
    shards = dice.choice((2, 2, 3, 3, 4))
    endings: list[DemoEvent] = []
    for number in range(1, shards + 1):
        at += made_up_jobs.seconds_between(dice, _SHARD_PAUSE_SECONDS)
        shard = replace(
            root,
            job_id=f"{root.job_id}.{number}",
            name=f"{root.name}, shard {number} of {shards}",
            parent_job_id=root.job_id,
        )
        course = draw_course(dice, may_fall_silent=False)
        of_shard = made_up_jobs.live(shard, at, course, dice)
        endings.append(of_shard[-1])
        yield from of_shard
    endings.sort(key=lambda event: event.at)
    for ending in endings:
        events.add(ending.at + timedelta(milliseconds=200), 1, delta={"shards_ended": 1})
    results = [ending.detail["result"] for ending in endings]
    bad = sum(result != "succeeded" for result in results)
    over_at = endings[-1].at + timedelta(seconds=2)
    if bad == 0:
        events.completed(over_at, 1, "succeeded", None)
    else:
        result = "failed" if bad == shards else "partial"
        events.completed(over_at, 1, result, shards_failed(bad, shards))
    yield from events.events
