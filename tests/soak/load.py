"""A light load: an event a second, an event that breaks the contract a minute, and readers."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.support.stacks.local_stack import LocalStack

SECONDS_A_STEP = 1.0
_STEPS_A_JOB = 20
_STEPS_A_READ = 3
_STEPS_A_BAD_EVENT = 60
_STEPS_A_TOKEN = 600
_PATHS = (
    "/overview",
    "/jobs?limit=50",
    "/trends?interval=hour",
    "/errors",
    "/projects",
    "/clients",
    "/rejections",
    "/jobs?status=running",
)


class LightLoad:
    """Sends and reads, a step a second."""

    def __init__(self, stack: LocalStack) -> None:
        """Start with nothing sent."""
        self.events = 0
        self.reads = 0
        self.failed_reads = 0
        self._stack = stack
        self._bus = stack.client("events")
        self._token = stack.machine_token()
        self._steps = 0

    def step(self) -> None:
        """Send the step's event, and read something in every third step."""
        self._send(self._detail())
        if self._steps % _STEPS_A_BAD_EVENT == 0:
            self._send({"job_id": f"soak-bad-{self._steps}"})
        if self._steps % _STEPS_A_TOKEN == _STEPS_A_TOKEN - 1:
            self._token = self._stack.machine_token()
        if self._steps % _STEPS_A_READ == 0:
            self._read(_PATHS[self._steps // _STEPS_A_READ % len(_PATHS)])
        self._steps += 1

    def _detail(self) -> dict[str, Any]:
        """Return the next event of the job at hand: it begins, counts and ends."""
        number, step = divmod(self._steps, _STEPS_A_JOB)
        detail: dict[str, Any] = {
            "event_id": f"soak-{self._steps}",
            "job_id": f"soak-{number}",
            "client_id": f"client-{number % 5}",
            "project_id": f"project-{number % 10}",
            "delta": {"records_ok": 10, "llm_calls": 1, "input_tokens": 900},
        }
        if step == 0:
            detail["status"] = "running"
        elif step == _STEPS_A_JOB - 1:
            failed = number % 10 == 0
            detail |= {"status": "completed", "result": "failed" if failed else "succeeded"}
            if failed:
                detail["error"] = {"type": "TimeoutError", "message": "no answer in 30 s"}
        return detail

    def _send(self, detail: dict[str, Any]) -> None:
        entry = {
            "EventBusName": self._stack.document["event_bus_name"],
            "Source": "soak",
            "DetailType": "job_update",
            "Detail": json.dumps(detail),
        }
        self._bus.put_events(Entries=[entry])
        self.events += 1

    def _read(self, path: str) -> None:
        status, _ = self._stack.get(path, self._token)
        self.reads += 1
        self.failed_reads += status != 200


def run(load: LightLoad, until: float) -> None:
    """Take a step a second until the monotonic clock shows *until*."""
    while (now := time.monotonic()) < until:
        load.step()
        time.sleep(max(0.0, now + SECONDS_A_STEP - time.monotonic()))
