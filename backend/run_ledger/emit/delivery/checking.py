"""A check of the way from here to the ledger, by a probe that goes all of it.

AWS takes events for a bus that doesn't exist, and drops them; so it does with events that no rule
passes on. That the bus took an event therefore says little. A probe is an event that goes over bus,
rule and queue to the writer, which keeps for a day that it came, and counts it nowhere.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from run_ledger.domain.contract.probes import PROBE
from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery.bus import BusUnavailable, EventBus, with_advice
from run_ledger.emit.delivery.health import words_of
from run_ledger.emit.delivery.read_api import CannotLook

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0  # seconds between two looks
_LONGEST_SECONDS = 600.0
_ACCOUNT = 4  # of the parts of an ARN

Look = Callable[[str], bool]


class CheckOutcome(Struct, frozen=True):
    """What a check found."""

    message: str
    """All of it in sentences, for people."""
    is_accepted: bool
    """Whether the bus took the probe, which it also does where nothing listens."""
    has_arrived: bool | None
    """Whether the probe came to the ledger; None where that could not be seen."""
    probe_id: str | None = None
    bus: str | None = None
    region: str | None = None
    account: str | None = None
    """The AWS account that the bus is in; None where it can't be looked up."""
    seconds: float | None = None
    """From sending to the first look that found it."""

    def __str__(self) -> str:
        """Return the message."""
        return self.message

    def as_dict(self) -> dict[str, Any]:
        """Return the parts by name."""
        return msgspec.structs.asdict(self)


NO_BUS = CheckOutcome(
    "There is no bus to report to: set RUN_LEDGER_BUS to its name, or start a local stack in this "
    "folder with `make run`.",
    is_accepted=False,
    has_arrived=None,
)
_NEEDS = (
    "Whether it came to the ledger can't be seen from here, and a bus also takes what nobody "
    "listens to: to see it, set RUN_LEDGER_API_URL to the address of the read API and "
    "RUN_LEDGER_TOKEN to a token for it, as `run-ledger token` prints, or let somebody who may "
    "read the stack run `run-ledger emit --check --stage NAME`."
)
_REASONS = (
    "Likely reasons: the bus is not the ledger's, but one of that name in another region or "
    "account; its rule passes on no probes, as that of a ledger older than them; the queue is far "
    "behind, or the writer fails (`run-ledger status` says so)."
)


def check_bus(bus: EventBus, look: Look | None, seconds: float) -> CheckOutcome:
    """Send a probe to *bus*, and *look* for at most *seconds* whether it has come.

    *look* gets the probe's id, and may raise CannotLook. Nothing is raised.
    """
    probe_id = secrets.token_urlsafe(18)
    found = CheckOutcome(
        "", is_accepted=False, has_arrived=None, probe_id=probe_id, bus=bus.target.bus,
        region=bus.target.region,
    )  # fmt: skip
    try:
        arn = (bus.find() or "").split(":")
        if len(arn) > _ACCOUNT:
            found = msgspec.structs.replace(found, region=arn[3], account=arn[_ACCOUNT] or None)
        trouble = _send(bus, probe_id)
    except BusUnavailable as error:
        trouble = str(error)
    there = _place(found)
    if trouble is not None:
        return _with(found, f"The probe can't be sent to {there}: {trouble}.")
    found = msgspec.structs.replace(found, is_accepted=True)
    if look is None:
        return _with(found, f"The bus took the probe: {there}. {_NEEDS}")
    return _wait(found, look, max(0.0, min(float(seconds), _LONGEST_SECONDS)))


def _send(bus: EventBus, probe_id: str) -> str | None:
    """Send a probe; return why the bus did not take it, None where it did."""
    detail = msgspec.json.encode({"probe_id": probe_id}).decode()
    outcome = bus.put([OutgoingEvent(probe_id, PROBE, detail)])
    if outcome.accepted:
        return None
    reason = outcome.refused[0][1] if outcome.refused else with_advice(outcome.trouble or "")
    return f"the bus refuses it: {reason}"


def _wait(found: CheckOutcome, look: Look, seconds: float) -> CheckOutcome:
    """Look again and again; return what was seen."""
    there = _place(found)
    started = time.monotonic()
    pause = _FIRST_PAUSE
    while True:
        try:
            has_come = look(found.probe_id or "")
        except CannotLook as error:
            words = f"The bus took the probe: {there}. Whether it came can't be seen: {error}."
            return _with(found, words)
        except Exception as error:  # noqa: BLE001 - the caller's own way to look
            words = f"The bus took the probe: {there}. Looking for it failed: {words_of(error)}."
            return _with(found, words)
        passed = time.monotonic() - started
        if has_come:
            found = msgspec.structs.replace(found, has_arrived=True, seconds=round(passed, 1))
            return _with(found, f"All is well: the probe came to the ledger over {there}.")
        if passed >= seconds:
            found = msgspec.structs.replace(found, has_arrived=False)
            return _with(
                found,
                f"The bus took the probe, but it did not come to the ledger within {seconds:.0f} "
                f"seconds: {there}. {_REASONS}",
            )
        time.sleep(min(pause, max(0.0, seconds - passed)))
        pause = min(_LONGEST_PAUSE, pause * 1.5)


def _with(found: CheckOutcome, words: str) -> CheckOutcome:
    return msgspec.structs.replace(found, message=words)


def _place(found: CheckOutcome) -> str:
    """Return which bus it is, in words."""
    region = f" in {found.region}" if found.region else ""
    account = f", account {found.account}" if found.account else ""
    return f"event bus {found.bus}{region}{account}"
