"""Events of the check's own: one counts nowhere, the other is sent several times and counts once.

The second is of the client `run-ledger-check`, whose one job it is; staff see it in their lists.
"""

import json
import secrets
import time
from typing import Any

from run_ledger.emit.delivery.bus import EventBus
from run_ledger.emit.delivery.checking import check_bus
from run_ledger.emit.identity.environment import BusTarget
from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.checks.live.machine import Machine
from run_ledger_ops.console.target import Target

CLIENT_ID, JOB_ID, COUNTER = "run-ledger-check", "run-ledger-live-check", "live_checks"
# The queue may collect events for a minute before a writer gets them.
WAIT_SECONDS = 90.0
_PAUSE_SECONDS = 0.5
_COPIES = 3
_AFTERWARDS_SECONDS = 3.0  # beside the time for which the queue may collect


def event_arrives(system: Target, machine: Machine) -> Finding:
    """Send a probe over the bus; a machine sees by the API that it came."""
    bus = EventBus(BusTarget(system.outputs["BusName"]), system.client("events"))
    found = check_bus(bus, lambda probe_id: _has_come(machine, probe_id), WAIT_SECONDS)
    figures = {"probe_id": found.probe_id, "seconds": found.seconds}
    if found.has_arrived:
        words = f"a machine saw it by the API {found.seconds:.1f} s after it was sent"
        return Finding("event", Level.WELL, words, figures)
    return Finding("event", Level.WRONG, found.message, figures)


def _has_come(machine: Machine, probe_id: str) -> bool:
    return machine.ask(f"/probes/{probe_id}") is not None


def event_counts_once(system: Target, machine: Machine) -> Finding:
    """Send one event several times, as a replay would; it counts once, and no copy is rejected."""
    before = _counted(machine)
    sent = {
        "EventBusName": system.outputs["BusName"],
        "Source": "run-ledger.live-check",
        "DetailType": "job_update",
        "Detail": json.dumps(_detail()),
    }
    events = system.client("events")
    for _ in range(_COPIES):
        refused = [one for one in events.put_events(Entries=[sent])["Entries"] if _is_refused(one)]
        if refused:
            words = f"the bus refuses an event: {refused[0]['ErrorCode']}"
            return Finding("counted once", Level.WRONG, words, {})
    after = _wait_for_change(machine, before, _afterwards(system))
    figures = {"sent": _COPIES, "counted": after - before}
    if after - before == 1:
        words = f"an event that was sent {_COPIES} times counts once"
        return Finding("counted once", Level.WELL, words, figures)
    if after == before:
        words = (
            f"the event did not come within {WAIT_SECONDS:.0f} s: see `run-ledger rejected list`"
        )
        return Finding("counted once", Level.WRONG, words, figures)
    words = f"an event that was sent {_COPIES} times counts {after - before} times"
    return Finding("counted once", Level.WRONG, words, figures)


def _detail() -> dict[str, Any]:
    return {
        "event_id": f"live-check-{secrets.token_hex(8)}",
        "job_id": JOB_ID,
        "client_id": CLIENT_ID,
        "project_id": JOB_ID,
        "pipeline": JOB_ID,
        "name": "Live check of Run Ledger",
        "status": "completed",
        "result": "succeeded",
        "delta": {COUNTER: 1},
    }


def _is_refused(entry: dict[str, Any]) -> bool:
    return "ErrorCode" in entry


def _counted(machine: Machine) -> int:
    job = machine.ask(f"/jobs/{JOB_ID}")
    return int(job["counters"].get(COUNTER, 0)) if job else 0


def _afterwards(system: Target) -> float:
    """Return in how many seconds a copy would show that another poller of the queue has taken."""
    return _AFTERWARDS_SECONDS + float(system.parameters.get("BatchWindowSeconds", 0))


def _wait_for_change(machine: Machine, before: int, afterwards: float) -> int:
    """Return the counter once it has changed, and copies have had time to come; or as it was."""
    deadline = time.monotonic() + WAIT_SECONDS
    while _counted(machine) == before:
        if time.monotonic() > deadline:
            return before
        time.sleep(_PAUSE_SECONDS)
    time.sleep(afterwards)
    return _counted(machine)
