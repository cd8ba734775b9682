"""What the surroundings say: settings, and the job that a scheduler or queue is running.

The only module of the producers' library that reads the environment.

=====================  ===============================================================
RUN_LEDGER_BUS         name or ARN of the event bus; without it nothing is reported
RUN_LEDGER_REGION      its region, else ``AWS_REGION``, else as the AWS SDK finds it
RUN_LEDGER_ENDPOINT_URL  another address than AWS's, else as the AWS SDK finds it
RUN_LEDGER_SOURCE      who reports (default ``run-ledger.emit``)
RUN_LEDGER_SPOOL       folder for what can't be sent, or ``off``
RUN_LEDGER_STRICT      ``1``: mistakes in calls raise, for tests
RUN_LEDGER_CLIENT_ID, RUN_LEDGER_PROJECT_ID, RUN_LEDGER_PIPELINE   what a call leaves out
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
from typing import NamedTuple

from run_ledger.emit.delivery.bus import Target

_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._:-]")
_MAX_ID = 128
_DIGEST = 10
_USUAL_SOURCE = "run-ledger.emit"
_NO = {"", "0", "false", "no", "off"}


class Scheduled(NamedTuple):
    """The job that a scheduler runs here, and the how-manieth try it is."""

    job_id: str | None
    attempt: int
    per_task: bool = False
    """Whether it belongs to the task at hand rather than to the process and its children."""


def value(name: str) -> str | None:
    """Return the environment's ``RUN_LEDGER_…`` of that name, None where there is none."""
    return os.environ.get(f"RUN_LEDGER_{name}") or None


def flag(name: str) -> bool:
    """Tell whether ``RUN_LEDGER_…`` of that name is switched on."""
    return (value(name) or "").lower() not in _NO


def target(
    bus: str | None, region: str | None, endpoint_url: str | None, source: str | None
) -> Target | None:
    """Return where events go, by what was given, else by the environment; None for nowhere."""
    name = bus or value("BUS")
    if not name:
        return None
    of_arn = name.split(":")[3] if name.startswith("arn:") and name.count(":") > 3 else None  # noqa: PLR2004
    return Target(
        bus=name,
        region=region or value("REGION") or of_arn or os.environ.get("AWS_REGION") or None,
        endpoint_url=endpoint_url or value("ENDPOINT_URL"),
        source=source or value("SOURCE") or _USUAL_SOURCE,
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


def spool_folder(root: Path, where: Target) -> Path:
    """Return the folder of one target: a readable name, and a digest that tells all apart."""
    seed = "\n".join([where.bus, where.region or "", where.endpoint_url or ""])
    digest = hashlib.blake2b(seed.encode(), digest_size=_DIGEST // 2).hexdigest()
    name = _NOT_IN_IDS.sub("-", where.bus.rpartition("/")[2])[:60].strip(".")
    return root / f"{name}-{digest}"


def is_lambda() -> bool:
    """Tell whether this is an AWS Lambda function, which is frozen between two calls."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def scheduled() -> Scheduled | None:
    """Return what the scheduler or queue says that runs this process or task; None for none."""
    environment = os.environ
    return _celery() or _stated(environment) or _airflow(environment) or _aws_batch(environment)


def enclosing() -> Scheduled | None:
    """Return the job of the ``run-ledger run`` that this process runs in; None for none."""
    job_id = value("PARENT_JOB_ID")
    return Scheduled(job_id, _count(value("PARENT_ATTEMPT")) or 1) if job_id else None


def identifier(text: str) -> str:
    """Return *text* as an id of the contract; what had to be changed gets a digest of it all."""
    plain = _NOT_IN_IDS.sub("-", text)
    if plain == text and len(text) <= _MAX_ID:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=_DIGEST // 2).hexdigest()
    return f"{plain[: _MAX_ID - _DIGEST - 1]}-{digest}"


def _stated(environment: Mapping[str, str]) -> Scheduled | None:
    """Return what RUN_LEDGER_… says: for Kubernetes, Step Functions and whatever else there is."""
    job_id = value("JOB_ID")
    attempt = _count(value("ATTEMPT")) or _count(value("RETRIES"), plus=1)
    if job_id is None and attempt is None:
        return None
    index = environment.get("JOB_COMPLETION_INDEX")  # of a pod of an indexed Kubernetes job
    if job_id is not None and index:
        job_id = f"{job_id}-{index}"
    return Scheduled(identifier(job_id) if job_id else None, attempt or 1)


def _aws_batch(environment: Mapping[str, str]) -> Scheduled | None:
    job_id = environment.get("AWS_BATCH_JOB_ID")
    if not job_id:
        return None
    return Scheduled(identifier(job_id), _count(environment.get("AWS_BATCH_JOB_ATTEMPT")) or 1)


def _airflow(environment: Mapping[str, str]) -> Scheduled | None:
    names = ("AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_DAG_RUN_ID", "AIRFLOW_CTX_TASK_ID")
    parts = [environment.get(name) for name in names]
    if not all(parts):
        return None
    job_id = identifier(":".join(filter(None, parts)))
    return Scheduled(job_id, _count(environment.get("AIRFLOW_CTX_TRY_NUMBER")) or 1)


def _celery() -> Scheduled | None:
    """Return the Celery task that runs in this thread, where Celery is imported at all."""
    state = sys.modules.get("celery._state")
    task = state.get_current_task() if state else None
    request = getattr(task, "request", None)
    job_id = getattr(request, "id", None)
    if not job_id:
        return None
    retries = getattr(request, "retries", 0)
    attempt = retries + 1 if isinstance(retries, int) and retries >= 0 else 1
    return Scheduled(identifier(str(job_id)), attempt, per_task=True)


def _count(text: str | None, plus: int = 0) -> int | None:
    """Return the number in *text*; None where there is none that makes an attempt."""
    if text is None or not text.isascii() or not text.isdecimal():
        return None
    number = int(text[:9]) + plus
    return number if number >= 1 else None
