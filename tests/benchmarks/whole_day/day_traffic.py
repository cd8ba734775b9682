"""A day of many clients' jobs, made up: what happens, and when the queue hears of it.

All follows from the seed. A job can be made again by its number, so that nobody has to remember a
million events. Jobs begin on the day and go on for two hours at most; an event is on its way for
some seconds, for minutes, or comes hours late; some come twice.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.support.events import builders
from tests.support.events.builders import Envelope

from .day_schedules import HOURLY, DueProject, Run, details_of, due_project, runs

FIRST = datetime(2026, 11, 18, tzinfo=UTC)
"""When the day begins: a Wednesday."""
DAY_SECONDS = 86_400
EVENTS_A_JOB = 50
PROJECTS, PIPELINES = 4, 3
"""Of each client."""
_SIZES = (5, 20, 50, 125)
_LATE_SECONDS, _AGAIN_SECONDS = 3 * 3_600, 2 * 3_600
LAST_SECONDS = DAY_SECONDS + 7_200 + _LATE_SECONDS + _AGAIN_SECONDS
"""How long after the beginning of the day the last event comes at the latest."""
_COUNTERS = ("records_ok", "records_failed", "llm_calls", "input_tokens", "cost_microusd")
_GOOD, _BAD = (
    ("succeeded", "succeeded", "succeeded", "partial", "cancelled"),
    (
        "failed",
        "failed",
        "timed_out",
    ),
)
_MODELS = ("large", "small", "vendor/tiny:2")
_GARBAGE = "{} is no event"


class Arrival(NamedTuple):
    """A message of the queue: when it comes, in seconds of the day, and what it says."""

    second: float
    text: str


@dataclass(frozen=True)
class Day:
    """A day of about so many *events*."""

    events: int
    clients: int
    seed: int

    @property
    def jobs(self) -> int:
        """Return how many jobs begin on the day."""
        return max(1, self.events // EVENTS_A_JOB)

    @property
    def client_ids(self) -> list[str]:
        """Return the clients."""
        return [f"client-{number:02}" for number in range(self.clients)]

    def jobs_of(self, client: int) -> range:
        """Return the numbers of a client's jobs."""
        return range(client, self.jobs, self.clients)

    def begins_at(self, number: int) -> float:
        """Return the second of the day at which a job begins."""
        return self._dice("begin", number).uniform(0, DAY_SECONDS)

    def events_of_job(self, number: int) -> list[Envelope]:
        """Return the distinct events of a job, in their order."""
        return list(self._job(number, self._dice("job", number)))

    def events_of_projects(self, client: int) -> list[Envelope]:
        """Return the distinct project updates of a client."""
        dice = self._dice("projects", client)
        return [one for place in range(PROJECTS) for one in self._project(client, place, dice)]

    def events_of(self, client: int) -> list[Envelope]:
        """Return all distinct events of a client."""
        return [
            *self.events_of_projects(client),
            *self.events_on_schedule(client),
            *(one for number in self.jobs_of(client) for one in self.events_of_job(number)),
        ]

    def garbage(self) -> list[str]:
        """Return texts that are no events, each different."""
        return [_GARBAGE.format(number) for number in range(max(1, self.jobs // 200))]

    def arrivals_of_job(self, number: int) -> list[Arrival]:
        """Return when the queue gets the events of a job, those that come twice twice."""
        return self._delivered(self.events_of_job(number), self._dice("way", number))

    def other_arrivals(self) -> list[Arrival]:
        """Return when the queue gets what belongs to no job."""
        dice = self._dice("others", 0)
        found = [Arrival(dice.uniform(0, DAY_SECONDS), text) for text in self.garbage()]
        for client in range(self.clients):
            found += self._delivered(self.events_of_projects(client), dice)
            found += self._delivered(self.events_on_schedule(client), dice, is_prompt=True)
        return found

    def is_timed(self, client: int) -> bool:
        """Return whether a client has runs that are asked for, and a project that is due."""
        return client % 2 == 0

    def runs_of(self, client: int) -> list[Run]:
        """Return the runs that are asked for of a client."""
        return runs(client, self._dice("runs", client)) if self.is_timed(client) else []

    def due_project_of(self, client: int) -> DueProject | None:
        """Return a client's project that is due, if it has one."""
        return due_project(self._dice("due", client)) if self.is_timed(client) else None

    def events_on_schedule(self, client: int) -> list[Envelope]:
        """Return the distinct events of a client's runs that are asked for, and what is due."""
        dice = self._dice("schedule", client)
        found = []
        for run in self.runs_of(client):
            identity = {
                "job_id": f"{HOURLY}-{client:02}-{run.slot}",
                "client_id": self.client_ids[client],
                "project_id": f"project-{client:02}-0",
                "pipeline": HOURLY,
                "attempt": 1,
            }
            found += [
                _at(second, {**identity, "event_id": event_id, **told}, "job_update", dice)
                for second, event_id, told in details_of(run)
            ]
        due = self.due_project_of(client)
        if due is not None:
            whose = {"project_id": due_id(client), "client_id": self.client_ids[client]}
            due_at = _text(FIRST + timedelta(seconds=due.due))
            told = {**whose, "event_id": "event-0", "due_at": due_at}
            found.append(_at(3_600, told, "project_update", dice))
            if due.completed is not None:
                told = {**whose, "event_id": "event-1", "status": "completed"}
                found.append(_at(due.completed, told, "project_update", dice))
        return found

    def _dice(self, what: str, number: int) -> random.Random:
        return random.Random(f"{self.seed} {what} {number}")

    def _delivered(
        self, events: list[Envelope], dice: random.Random, *, is_prompt: bool = False
    ) -> list[Arrival]:
        found = []
        for one in events:
            sent = (datetime.fromisoformat(one["time"]) - FIRST).total_seconds()
            way = dice.random()
            longest = 20 if is_prompt or way < 0.9 else 600 if way < 0.98 else _LATE_SECONDS
            came = sent + dice.uniform(0, longest)
            found.append(Arrival(came, json.dumps(one)))
            if dice.random() < 0.04:
                again = dict(one)
                if "event_id" in one["detail"] and dice.random() < 0.5:
                    again["id"] = f"{dice.getrandbits(128):032x}"  # sent again by its producer
                found.append(Arrival(came + dice.uniform(0, _AGAIN_SECONDS), json.dumps(again)))
        return found

    def _job(self, number: int, dice: random.Random) -> Iterator[Envelope]:
        client = number % self.clients
        identity = {
            "job_id": f"job-{number:06}",
            "client_id": self.client_ids[client],
            "project_id": f"project-{client:02}-{dice.randrange(PROJECTS)}",
            "pipeline": f"pipeline-{dice.randrange(PIPELINES)}",
        }
        size, attempt = dice.choice(_SIZES), 1
        moment = FIRST + timedelta(seconds=round(self.begins_at(number), 3))
        step_seconds = dice.uniform(60, 7_000) / size
        kind = (client + dice.randrange(2)) % 5
        never_ends = dice.random() < 0.02
        ends_at = size - 1
        retry_at = dice.randrange(size // 2, size) if dice.random() < 0.15 else -1
        for step in range(size):
            detail = {**identity, "attempt": attempt, **_told(step, dice)}
            if step in (retry_at, ends_at) and not never_ends:
                fails = step == retry_at or dice.random() < (0.3 if client % 5 == 0 else 0.06)
                detail |= _end(kind, dice) if fails else _good_end(dice)
                attempt += 1
            if dice.random() < 0.98:
                detail |= {"event_id": f"event-{step}", "occurred_at": _text(moment)}
            envelope_id = f"{dice.getrandbits(128):032x}"
            yield builders.envelope(detail, envelope_id=envelope_id, time=_text(moment))
            moment += timedelta(milliseconds=1 + int(dice.uniform(0, 1_000) * step_seconds))

    def _project(self, client: int, place: int, dice: random.Random) -> Iterator[Envelope]:
        for step in range(4):
            moment = FIRST + timedelta(seconds=dice.randrange(DAY_SECONDS))
            detail: dict[str, Any] = {
                "project_id": f"project-{client:02}-{place}",
                "client_id": self.client_ids[client],
                "event_id": f"event-{step}",
                "occurred_at": _text(moment),
                "delta": {"records_ok": dice.randrange(9)},
            }
            if dice.random() < 0.5:
                detail |= {"owner": f"owner-{step}", "jobs_expected": dice.randrange(1_000)}
            yield builders.envelope(
                detail,
                detail_type="project_update",
                envelope_id=f"{dice.getrandbits(128):032x}",
                time=_text(moment),
            )


def due_id(client: int) -> str:
    """Return the id of a client's project that is due."""
    return f"project-{client:02}-due"


def _at(second: float, detail: dict[str, Any], detail_type: str, dice: random.Random) -> Envelope:
    moment = _text(FIRST + timedelta(seconds=second))
    return builders.envelope(
        {**detail, "occurred_at": moment},
        detail_type=detail_type,
        envelope_id=f"{dice.getrandbits(128):032x}",
        time=moment,
    )


def _told(step: int, dice: random.Random) -> dict[str, Any]:
    if step == 0:
        status = "queued" if dice.random() < 0.2 else "running"
        return {"status": status, "stage": "read", "name": "Nightly", "tags": {"team": "a"}}
    told: dict[str, Any] = {"delta": {name: dice.randrange(5_000) for name in _COUNTERS}}
    way = dice.random()
    if way < 0.05:
        told["delta"][f"own_{dice.randrange(20)}"] = dice.randrange(-5, 50)
    elif way < 0.1:
        told["delta_by_model"] = {dice.choice(_MODELS): {"llm_calls": 1, "input_tokens": step}}
    elif way < 0.13:
        told |= {"stage": f"stage-{dice.randrange(4)}", "records_total": dice.randrange(10_000)}
    elif way < 0.15:
        told["running_totals"] = {f"part-{dice.randrange(3)}": {"output_tokens": step}}
    return told


def _good_end(dice: random.Random) -> dict[str, Any]:
    return {"status": "completed", "result": dice.choice(_GOOD)}


def _end(kind: int, dice: random.Random) -> dict[str, Any]:
    end: dict[str, Any] = {"status": "completed", "result": dice.choice(_BAD)}
    if dice.random() < 0.9:
        end["error"] = {"type": f"Kind{kind}Error", "message": f"kind {'abcde'[kind]} went wrong"}
    return end


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
