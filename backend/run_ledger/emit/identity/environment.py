"""What the environment says: settings, and the job that a scheduler or queue runs here.

No other module of the producers' library reads the environment.

=====================  ===============================================================
RUN_LEDGER_BUS         name or ARN of the event bus; without it that of the local stack
                       which runs in the current folder; with ``off`` nothing is reported
RUN_LEDGER_STACK       the ``stack.json`` of a local stack elsewhere, or ``off`` to use none
RUN_LEDGER_REGION      region of the bus, else ``AWS_REGION``, else as the AWS SDK finds it
RUN_LEDGER_ENDPOINT_URL  another address than AWS's, else as the AWS SDK finds it
RUN_LEDGER_SOURCE      who reports (default ``run-ledger.emit``)
RUN_LEDGER_SPOOL       folder for events that can't be sent now, or ``off``
RUN_LEDGER_API_URL, RUN_LEDGER_TOKEN   the read API and a token for it, by which
                       `RunLedger.check` sees whether its probe has come
RUN_LEDGER_STRICT      ``1``: mistakes in calls raise; for tests
RUN_LEDGER_CLIENT_ID, RUN_LEDGER_PROJECT_ID, RUN_LEDGER_PIPELINE   defaults for calls
RUN_LEDGER_JOB_ID, RUN_LEDGER_ATTEMPT or RUN_LEDGER_RETRIES        the job, from any scheduler
RUN_LEDGER_PARENT_JOB_ID   the job that this process's jobs are parts of; set, with
RUN_LEDGER_PARENT_ATTEMPT  its attempt, by ``run-ledger run`` for what it runs
=====================  ===============================================================
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from msgspec import Struct

from run_ledger.domain.exceptions import shown
from run_ledger.emit.identity.identifiers import to_identifier
from run_ledger.emit.identity.schedulers import (
    STATED_ATTEMPT,
    STATED_RETRIES,
    ScheduledJob,
    attempt_of,
    job_of_environment,
    job_of_task_queue,
)

# What they say changes from call to call, and not where events go; nor does a token or a secret,
# which belongs to its key.
_AWS_VOLATILE = ("AWS_LAMBDA_", "AWS_XRAY_", "AWS_EXECUTION_ENV", "AWS_SESSION_TOKEN", "AWS_SECRET")
_DEFAULT_SOURCE = "run-ledger.emit"
_YES, _NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
_first_process = os.getpid()


class BusTarget(Struct, frozen=True):
    """Where events go: the event bus, and who reports as their ``source``."""

    bus: str
    region: str | None = None
    endpoint_url: str | None = None
    source: str = _DEFAULT_SOURCE


def value(name: str) -> str | None:
    """Return the environment's ``RUN_LEDGER_…`` of that name, None where there is none."""
    return os.environ.get(f"RUN_LEDGER_{name}") or None


def flag(name: str) -> bool | None:
    """Return whether ``RUN_LEDGER_…`` of that name is on; None where it says neither on nor off."""
    text = (value(name) or "").strip().lower()
    return True if text in _YES else False if text in _NO else None


def target(
    bus: str | None, region: str | None, endpoint_url: str | None, source: str | None
) -> BusTarget | None:
    """Return where events go: as given, else as the environment says; None without a bus.

    Bytes that are no text become question marks: AWS knows no such names.
    """
    name = _text(bus or value("BUS"))
    if not name or name.lower() == "off":
        return None
    of_arn = name.split(":")[3] if name.startswith("arn:") and name.count(":") > 3 else None  # noqa: PLR2004
    return BusTarget(
        bus=name,
        region=_text(region or value("REGION") or of_arn or os.environ.get("AWS_REGION")),
        endpoint_url=_text(endpoint_url or value("ENDPOINT_URL")),
        source=_text(source or value("SOURCE")) or _DEFAULT_SOURCE,
    )


def is_off(bus: object = None) -> bool:
    """Return whether *bus*, else the environment, says that nothing is to be reported."""
    return (_text(bus or value("BUS")) or "").lower() == "off"


def has_bus(bus: str | None) -> bool:
    """Return whether a bus is named, by *bus* or the environment."""
    return _text(bus or value("BUS")) is not None


def _text(given: object) -> str | None:
    """Return *given* as well-formed text without spaces around it; None where that is empty."""
    return str(given or "").encode("utf-8", "replace").decode().strip() or None


def state_home() -> Path:
    """Return the user's folder for what programs keep; relative where no home is known."""
    return Path(
        os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")  # noqa: PTH111
    )


def aws_evidence() -> list[bytes]:
    """Return all from which the AWS SDK finds out region, address and credentials of a bus.

    These are its variables and the contents of its files. Where a program gives the credentials,
    each call returns something else: nobody knows what the program will say the next time.
    """
    evidence = [
        f"{name}={text}".encode("utf-8", "surrogateescape")
        for name, text in sorted(os.environ.items())
        if name.startswith("AWS_") and not name.startswith(_AWS_VOLATILE)
    ]
    for name, usual in (
        ("AWS_CONFIG_FILE", "~/.aws/config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
    ):
        path = os.path.expanduser(os.environ.get(name) or usual)  # noqa: PTH111
        try:
            content = Path(path).read_bytes()
        except (OSError, ValueError) as error:
            content = type(error).__name__.encode()
        evidence.append(content)
        if b"credential_process" in content:
            evidence.append(os.urandom(16))
    return evidence


def attempt_problem() -> str | None:
    """Return what is wrong with the attempt that the environment states; None if it is fine."""
    for name, first in ((STATED_ATTEMPT, 1), (STATED_RETRIES, 0)):
        text = os.environ.get(name, "").strip()
        if text and attempt_of(text, first) is None:
            return f"{name} is {shown(text)}: it is left out; allowed: an integer from {first}"
    return None


def is_lambda() -> bool:
    """Return whether this is an AWS Lambda function, which is frozen between two calls."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def is_worker() -> bool:
    """Return whether another Python process started or forked this one as a worker."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    is_started = bool(multiprocessing and multiprocessing.parent_process())
    return is_started or os.getpid() != _first_process


def scheduled_job() -> ScheduledJob | None:
    """Return the job that a scheduler or queue runs in this process or task; None for none."""
    return job_of_task_queue() or job_of_environment(os.environ)


def enclosing_job() -> ScheduledJob | None:
    """Return the job of the ``run-ledger run`` that this process runs in; None for none."""
    job_id = value("PARENT_JOB_ID")
    attempt = attempt_of(value("PARENT_ATTEMPT")) or 1
    return ScheduledJob(to_identifier(job_id), attempt) if job_id else None


def is_inside_run() -> bool:
    """Return whether a ``run-ledger run`` has started this process, and has its scheduler's id."""
    return value("PARENT_JOB_ID") is not None and value("PARENT_ATTEMPT") is not None
