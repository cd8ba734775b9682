"""A real Airflow, with scheduler, LocalExecutor and OpenLineage provider, that reports to a bus.

    python -m tests.support.producers.airflow --runs 20

lets a DAG run twenty times and says what arrived. Each run has a task that fails at its first try,
a mapped task of two instances, a program that a task starts, and a task that fails for good.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.readers.door_server import served_door
from tests.support.readers.reporting import reporting_house

from run_ledger.domain.state.job import Job

from .buses import WillingBus, jobs_of, served

ROOT = Path(__file__).resolve().parents[3]
AIRFLOW = ROOT / ".venvs/airflow/bin/airflow"
NAMESPACE = "test-airflow"
TRIES = {"flaky": 2, "each [0]": 1, "each [1]": 1, "shell": 1, "broken": 1}
"""How often each task of the DAG is tried, by its name; all but `broken` report inside, too."""
REPORTING = {"flaky": 2, "each:0": 1, "each:1": 1, "shell": 1}

DAG = '''
import os
import sys
from datetime import datetime, timedelta

from airflow.sdk import dag, get_current_context, task

FIRST = datetime(2020, 2, 28, 22)
LAST = FIRST + timedelta(hours=int(os.environ["TEST_RUNS"]) - 1)
REPORT = """
from run_ledger.emit import RunLedger
with RunLedger() as ledger, ledger.job(client_id="inside", project_id="tasks") as job:
    job.add(records_ok=1)
"""


@dag(schedule="@hourly", start_date=FIRST, end_date=LAST, catchup=True, max_active_runs=4)
def enrich():
    @task(retries=1, retry_delay=timedelta(seconds=0))
    def flaky():
        exec(REPORT)
        if get_current_context()["ti"].try_number == 1:
            try:
                raise ConnectionError("down")
            except ConnectionError as error:
                raise RuntimeError("record 7") from error

    @task
    def each(number):
        exec(REPORT)

    @task.bash
    def shell():
        return f"{sys.executable} -c '{REPORT}'"

    @task(trigger_rule="all_done")
    def broken():
        raise KeyError("price")

    [flaky(), each.expand(number=[10, 20]), shell()] >> broken()


enrich()
'''


def attempts(runs: int) -> int:
    """Return how many attempts at jobs so many runs of the DAG come to, its own runs among them."""
    return runs * (1 + sum(TRIES.values()) + sum(REPORTING.values()))


def ended(jobs: Mapping[str, Job]) -> int:
    """Return how many attempts ended."""
    return sum(one.ended is not None for job in jobs.values() for one in job.attempts.values())


def jobs_of_runs(folder: Path, runs: int, seconds: float) -> dict[str, Job]:
    """Let the DAG run so often in a new Airflow in *folder*; return what arrived at the bus.

    That is when every attempt has ended, or after so many seconds.
    """
    bus = WillingBus()
    with served(bus) as found:
        return _run(folder, runs, seconds, found, lambda: bus.jobs)


def jobs_over_http(folder: Path, runs: int, seconds: float) -> dict[str, Job]:
    """Do as `jobs_of_runs`, but let OpenLineage report to the intake by its own HTTP transport."""
    bus = WillingBus()
    with reporting_house() as house, served_door(house) as url, served(bus) as found:
        transport = {
            "type": "http",
            "url": url,
            "auth": {"type": "api_key", "apiKey": house.key("lineage")},
            "compression": "gzip",
        }
        told = {"AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport)}
        return _run(
            folder, runs, seconds, {**found, **told}, lambda: bus.jobs | jobs_of(house.bus.entries)
        )


def _run(
    folder: Path,
    runs: int,
    seconds: float,
    bus: Mapping[str, str],
    arrived: Callable[[], dict[str, Job]],
) -> dict[str, Job]:
    with _airflow(folder, runs, bus) as processes:
        until = time.monotonic() + seconds
        while ended(arrived()) < attempts(runs) and time.monotonic() < until:
            for process in processes:
                assert process.poll() in (None, 0), logs(folder)
            time.sleep(0.5)
    return arrived()


def logs(folder: Path) -> str:
    """Return the end of what Airflow's programs wrote."""
    return "\n".join(
        f"{path.name}:\n{path.read_text('utf-8', 'replace')[-3_000:]}"
        for path in sorted(folder.glob("*.log"))
    )


@contextmanager
def _airflow(
    folder: Path, runs: int, bus: Mapping[str, str]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start what executes tasks, and stop it with all that it started."""
    (folder / "dags").mkdir()
    (folder / "dags/enrich.py").write_text(DAG)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = _environment(folder, runs, port) | bus
    with (folder / "db.log").open("wb") as log:
        migrate = [AIRFLOW, "db", "migrate"]
        subprocess.run(migrate, env=environment, stdout=log, stderr=log, check=True)
    programs = (["api-server", "--apps", "execution"], ["dag-processor"], ["scheduler"])
    processes = [_start(folder, environment, *program) for program in programs]
    try:
        yield processes
    finally:
        for process in reversed(processes):
            _stop(process)


def _start(folder: Path, environment: Mapping[str, str], *program: str) -> subprocess.Popen[bytes]:
    with (folder / f"{program[0]}.log").open("wb") as log:
        return subprocess.Popen(
            [AIRFLOW, *program], env=environment, stdout=log, stderr=log, start_new_session=True
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a program, and what is left of its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(folder: Path, runs: int, port: int) -> dict[str, str]:
    transport = {
        "type": "run_ledger.emit.openlineage.RunLedgerTransport",
        "client_id": "lineage",
        "pipeline": "{name}",
    }
    settings: dict[str, Any] = {
        "CORE__DAGS_FOLDER": folder / "dags",
        "CORE__LOAD_EXAMPLES": False,
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": 3,
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": False,
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": True,
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
        "API__HOST": "127.0.0.1",
        "API__PORT": port,
        "API__WORKERS": 1,
        "API__SECRET_KEY": "of this test",
        "API_AUTH__JWT_SECRET": "of this test and long enough " * 4,
        "SCHEDULER__ENABLE_HEALTH_CHECK": False,
        "USAGE_DATA_COLLECTION__ENABLED": False,
        "OPENLINEAGE__NAMESPACE": NAMESPACE,
        "OPENLINEAGE__TRANSPORT": json.dumps(transport),
    }
    return {
        **os.environ,
        **{f"AIRFLOW__{name}": str(value) for name, value in settings.items()},
        "AIRFLOW_HOME": str(folder),
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(ROOT / "backend"),
        "RUN_LEDGER_BUS": "bus",
        "RUN_LEDGER_SPOOL": str(folder / "spool"),
        "TEST_RUNS": str(runs),
    }


def main() -> int:
    """Let the DAG run as often as the command line says; return 0 if all attempts arrived."""
    parser = argparse.ArgumentParser(description="Let a real Airflow report to a bus.")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1_800)
    given = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        jobs = jobs_of_runs(Path(folder), given.runs, given.seconds)
    expected = attempts(given.runs)
    sys.stdout.write(
        f"{given.runs} runs: {ended(jobs)} of {expected} attempts arrived and ended, in "
        f"{len(jobs)} jobs, after {time.monotonic() - begun:.0f} s\n"
    )
    return 0 if ended(jobs) == expected else 1


if __name__ == "__main__":
    sys.exit(main())
