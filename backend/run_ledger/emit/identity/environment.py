"""What the environment says: settings, and the job that a scheduler or queue runs here.

No other module of the producers' library reads the environment.

=====================  ===============================================================
RUN_LEDGER_BUS         name or ARN of the event bus; without it, nothing is reported
RUN_LEDGER_REGION      its region, else ``AWS_REGION``, else as the AWS SDK finds it
RUN_LEDGER_ENDPOINT_URL  another address than AWS's, else as the AWS SDK finds it
RUN_LEDGER_SOURCE      who reports (default ``run-ledger.emit``)
RUN_LEDGER_SPOOL       folder for events that can't be sent now, or ``off``
RUN_LEDGER_STRICT      ``1``: mistakes in calls raise; for tests
RUN_LEDGER_CLIENT_ID, RUN_LEDGER_PROJECT_ID, RUN_LEDGER_PIPELINE   defaults for calls
RUN_LEDGER_JOB_ID, RUN_LEDGER_ATTEMPT or RUN_LEDGER_RETRIES        the job, from any scheduler
RUN_LEDGER_PARENT_JOB_ID   the job that this process's jobs are parts of; set, with
RUN_LEDGER_PARENT_ATTEMPT  its attempt, by ``run-ledger run`` for what it runs
=====================  ===============================================================
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import is_identifier
from run_ledger.emit.identity.identifiers import to_identifier

_NOT_IN_FOLDERS = re.compile(r"[^A-Za-z0-9._:-]")
_DIGEST_BYTES = 5
_DEFAULT_SOURCE = "run-ledger.emit"
_NO = {"", "0", "false", "no", "off"}
_first_process = os.getpid()


class BusTarget(Struct, frozen=True):
    """Where events go: the event bus, and who reports as their ``source``."""

    bus: str
    region: str | None = None
    endpoint_url: str | None = None
    source: str = _DEFAULT_SOURCE


class ScheduledJob(Struct, frozen=True):
    """The job that a scheduler runs here, and the attempt's number, from 1."""

    job_id: str | None
    attempt: int
    per_task: bool = False
    """Whether it belongs to the task at hand rather than to the process and its children."""


def value(name: str) -> str | None:
    """Return the environment's ``RUN_LEDGER_…`` of that name, None where there is none."""
    return os.environ.get(f"RUN_LEDGER_{name}") or None


def flag(name: str) -> bool:
    """Return whether the environment's ``RUN_LEDGER_…`` of that name is switched on."""
    return (value(name) or "").lower() not in _NO


def target(
    bus: str | None, region: str | None, endpoint_url: str | None, source: str | None
) -> BusTarget | None:
    """Return where events go: as given, else as the environment says; None without a bus."""
    name = bus or value("BUS")
    if not name:
        return None
    of_arn = name.split(":")[3] if name.startswith("arn:") and name.count(":") > 3 else None  # noqa: PLR2004
    return BusTarget(
        bus=name,
        region=region or value("REGION") or of_arn or os.environ.get("AWS_REGION") or None,
        endpoint_url=endpoint_url or value("ENDPOINT_URL"),
        source=source or value("SOURCE") or _DEFAULT_SOURCE,
    )


def spool_root(given: str | Path | None = None) -> Path | None:
    """Return the folder of all spools, None where spooling is switched off.

    That is *given*, else ``RUN_LEDGER_SPOOL``, else the user's folder for state; where that can't
    be written to, as on AWS Lambda, a folder of the user's own among the temporary ones.
    """
    text = str(given) if given is not None else value("SPOOL")
    if text is not None:
        return None if text.lower() == "off" else Path(text).absolute()
    state = os.environ.get("XDG_STATE_HOME")
    home = Path(state) if state else Path(os.path.expanduser("~")) / ".local" / "state"  # noqa: PTH111
    nearest = next(folder for folder in [home, *home.absolute().parents] if folder.exists())
    if home.is_absolute() and os.access(nearest, os.W_OK | os.X_OK):
        return home / "run-ledger" / "spool"
    return Path(tempfile.gettempdir()) / f"run-ledger-{os.geteuid()}" / "spool"


def spool_folder(root: Path, where: BusTarget) -> Path:
    """Return the folder of one target: a readable name, and a digest that makes it unique."""
    seed = "\n".join([where.bus, where.region or "", where.endpoint_url or ""])
    digest = hashlib.blake2b(seed.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    name = _NOT_IN_FOLDERS.sub("-", where.bus.rpartition("/")[2])[:60].strip(".")
    return root / f"{name}-{digest}"


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
    environment = os.environ
    return _celery() or _stated(environment) or _airflow(environment) or _aws_batch(environment)


def enclosing_job() -> ScheduledJob | None:
    """Return the job of the ``run-ledger run`` that this process runs in; None for none."""
    job_id = value("PARENT_JOB_ID")
    return ScheduledJob(job_id, _count(value("PARENT_ATTEMPT")) or 1) if job_id else None


def _stated(environment: Mapping[str, str]) -> ScheduledJob | None:
    """Return the job that RUN_LEDGER_… names: for Kubernetes, Step Functions and any other."""
    job_id = value("JOB_ID")
    attempt = _count(value("ATTEMPT")) or _count(value("RETRIES"), plus=1)
    if job_id is None and attempt is None:
        return None
    index = environment.get("JOB_COMPLETION_INDEX")  # of a pod of an indexed Kubernetes job
    if job_id is not None and index:
        job_id = f"{job_id}-{index}"
    if job_id is not None and not is_identifier(job_id):  # an id that was made here stays itself
        job_id = to_identifier(job_id)
    return ScheduledJob(job_id, attempt or 1)


def _aws_batch(environment: Mapping[str, str]) -> ScheduledJob | None:
    job_id = environment.get("AWS_BATCH_JOB_ID")
    if not job_id:
        return None
    return ScheduledJob(
        to_identifier(job_id), _count(environment.get("AWS_BATCH_JOB_ATTEMPT")) or 1
    )


def _airflow(environment: Mapping[str, str]) -> ScheduledJob | None:
    names = ("AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_DAG_RUN_ID", "AIRFLOW_CTX_TASK_ID")
    parts = [environment.get(name) for name in names]
    if not all(parts):
        return None
    job_id = to_identifier(":".join(filter(None, parts)))
    return ScheduledJob(job_id, _count(environment.get("AIRFLOW_CTX_TRY_NUMBER")) or 1)


def _celery() -> ScheduledJob | None:
    """Return the Celery task that runs in this thread, where Celery is imported at all."""
    state = sys.modules.get("celery._state")
    task = state.get_current_task() if state else None
    request = getattr(task, "request", None)
    job_id = getattr(request, "id", None)
    if not job_id:
        return None
    retries = getattr(request, "retries", 0)
    attempt = retries + 1 if isinstance(retries, int) and retries >= 0 else 1
    return ScheduledJob(to_identifier(str(job_id)), attempt, per_task=True)


def _count(text: str | None, plus: int = 0) -> int | None:
    """Return the number in *text* and *plus*; None where that is no attempt's number."""
    if text is None or not text.isascii() or not text.isdecimal():
        return None
    number = int(text[:9]) + plus
    return number if number >= 1 else None
