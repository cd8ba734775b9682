"""Programs under schedulers and queues of Python, as they are: Celery, Dagster, IPython, joblib.

``python -m tests.support.producers.orchestrators NAME FOLDER`` runs one in `.venvs/orchestrators`.
Its bus is a file in the folder, see `reporting.FileBus`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.producers.reporting import OWNER, ledger_in

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venvs/orchestrators/bin/python"


def command(name: str, folder: Path) -> list[str]:
    """Return the command that runs a program of this module."""
    return [str(PYTHON), "-m", __name__, name, str(folder)]


def environment() -> dict[str, str]:
    """Return the environment for it, in which no scheduler of the tests' own shows."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    quiet = {"DAGSTER_DISABLE_TELEMETRY": "yes", "C_FORCE_ROOT": "1"}
    return keep | quiet | {"PYTHONPATH": os.pathsep.join([str(ROOT / "backend"), str(ROOT)])}


def run(name: str, folder: Path) -> str:
    """Run a program to its end, and return what it printed."""
    done = subprocess.run(
        command(name, folder),
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.stdout


def celery_app(folder: str) -> Any:
    """Return an app whose queue is a folder and whose tasks report."""
    from celery import Celery  # type: ignore[import-not-found]  # noqa: PLC0415

    queue = Path(folder, "queue")
    queue.mkdir(exist_ok=True)
    folders = dict.fromkeys(("data_folder_in", "data_folder_out", "control_folder"), str(queue))
    app = Celery("enrich", broker="filesystem://")
    app.conf.update(
        broker_transport_options=folders,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
    )
    ledger = ledger_in(folder, interval_seconds=60)

    @app.task(
        name="flaky",
        bind=True,
        autoretry_for=(ConnectionError,),
        retry_kwargs={"max_retries": 2, "countdown": 0},
    )
    def flaky(task: Any) -> None:
        with ledger.job(**OWNER, name="flaky") as job:
            job.add(records_ok=1)
            if task.request.retries < 2:
                raise ConnectionError("not yet")

    @app.task(name="lost")
    def lost() -> None:
        killed = Path(folder, "killed")
        with ledger.job(**OWNER, name="lost") as job:
            job.add(records_ok=1)
            if not killed.exists():
                ledger.flush(30)
                killed.touch()
                os.kill(os.getpid(), signal.SIGKILL)

    @app.task(name="plain")
    def plain() -> None:
        with ledger.job(**OWNER, name="plain"), ledger.job(**OWNER, name="part of plain"):
            pass

    return app


def queue_tasks(folder: str) -> None:
    """Send the tasks, and print the id of each with its name."""
    app = celery_app(folder)
    for name in ("flaky", "plain", "plain", "lost"):
        sys.stdout.write(f"{name} {app.send_task(name).id}\n")


def work(folder: str) -> None:
    """Run a worker that forks one process for its tasks, until it is told to end."""
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING")
    celery_app(folder).worker_main(["worker", "--pool=prefork", "--concurrency=1", *quiet])


def dagster(folder: str) -> None:
    """Run a job of Dagster whose first op is tried again, and whose second is mapped."""
    import dagster as dg  # type: ignore[import-not-found]  # noqa: PLC0415

    ledger = ledger_in(folder)
    tries: list[int] = []

    @dg.op(retry_policy=dg.RetryPolicy(max_retries=2), out=dg.DynamicOut())
    def flaky() -> Any:
        with ledger.job(**OWNER, name="flaky"):
            tries.append(1)
            if len(tries) < 3:
                raise ConnectionError("not yet")
        yield dg.DynamicOutput(1, "one")
        yield dg.DynamicOutput(2, "two")

    @dg.op
    def each(number: int) -> None:
        with ledger.job(**OWNER, name=f"each {number}"):
            pass

    @dg.job
    def enrich() -> None:
        flaky().map(each)

    result = enrich.execute_in_process()
    ledger.close(30)
    sys.stdout.write(f"{result.run_id}\n")


def notebook(folder: str) -> None:
    """Run the cells of a notebook, one of them three times, and its first cell twice."""
    from IPython.core.interactiveshell import (  # type: ignore[import-not-found]  # noqa: PLC0415
        InteractiveShell,
    )

    setup = f"""
from tests.support.producers.reporting import OWNER, ledger_in
ledger = ledger_in({folder!r})
"""
    cell = """
with ledger.job(**OWNER, job_id="enrich"):
    if number == 0:
        raise ConnectionError("not yet")
with ledger.job(**OWNER, name="without an id"):
    pass
ledger.flush(30)
"""
    shell = InteractiveShell.instance()
    shell.run_cell(setup)
    for number in range(3):
        if number == 2:
            shell.run_cell(setup)
        shell.run_cell(f"number = {number}\n{cell}")
    shell.run_cell("ledger.close(30)")


def joblib(folder: str) -> None:
    """Fan out by joblib's threads inside a job."""
    from joblib import Parallel, delayed  # type: ignore[import-not-found]  # noqa: PLC0415

    ledger = ledger_in(folder)

    def part(number: int) -> None:
        with ledger.job(**OWNER, job_id=f"part-{number}"):
            pass

    with ledger.job(**OWNER, job_id="around"):
        Parallel(n_jobs=3, backend="threading")(delayed(part)(number) for number in range(6))
    ledger.close(30)


if __name__ == "__main__":
    programs = {one.__name__: one for one in (queue_tasks, work, dagster, notebook, joblib)}
    programs[sys.argv[1]](sys.argv[2])
