"""Programs that report, for tests that fork, kill and end them.

``python -m tests.support.producers.reporting NAME FOLDER …`` runs one. Their bus is a file to which
accepted events are appended, so that a test can read it after a kill.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from run_ledger.emit import Job, RunLedger
from run_ledger.emit.delivery import sender

Entry = Mapping[str, str]
OWNER = {"client_id": "c", "project_id": "p"}


class FileBus:
    """A bus whose entries are lines of a file; with a seed, it fails in several ways."""

    def __init__(self, path: str, seed: int | None = None) -> None:
        """Append to *path*; without a *seed* nothing fails."""
        self._path = path
        self._dice = random.Random(seed) if seed is not None else None

    def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
        """Take some, all or no entries."""
        mood = self._dice.choice(["well", "down", "lost", "some"]) if self._dice else "well"
        if mood == "down":
            raise ConnectionError("nobody is there")
        results = []
        lines = b""
        for number, entry in enumerate(Entries):
            if mood == "some" and number % 2 == 0:
                results.append({"ErrorCode": "InternalFailure"})
            else:
                results.append({"EventId": "x"})
                lines += json.dumps(entry).encode() + b"\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, lines)
        os.close(descriptor)
        if mood == "lost":
            raise TimeoutError("no answer")
        return {"FailedEntryCount": 0, "Entries": results}


class Unreachable:
    """A bus that can't be reached."""

    def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
        """Raise, as for a refused connection."""
        raise ConnectionError("nobody is there")


class Silent:
    """A bus that never answers."""

    def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
        """Wait longer than the program runs."""
        time.sleep(3600)
        raise AssertionError("unreachable")


def taken(path: Path) -> list[Entry]:
    """Return the entries that a `FileBus` accepted."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def ledger_in(folder: str, **options: Any) -> RunLedger:
    """Return a ledger that reports to the file bus in *folder* and spools there."""
    options = {"client": FileBus(f"{folder}/bus"), "interval_seconds": 0.01, **options}
    return RunLedger("bus", spool=f"{folder}/spool", **options)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def busy(folder: str, seed: str) -> None:
    """Add for ever; print after each flush how much is safe, and keep in a file what was added."""
    sender._FIRST_DELAY, sender._LONGEST_DELAY = 0.0005, 0.005  # type: ignore[attr-defined]
    ledger = ledger_in(folder, client=FileBus(f"{folder}/bus", int(seed)))
    begun = os.open(f"{folder}/begun", os.O_WRONLY | os.O_CREAT, 0o600)
    with ledger.job(client_id="c", project_id="p", job_id="j") as job:
        done = 0
        while True:
            for _ in range(50):
                done += 1
                os.pwrite(begun, b"%020d" % done, 0)
                job.add(records_ok=1)
            if ledger.flush(30):
                say(str(done))


def exits(folder: str, how: str) -> None:
    """End the process inside a job's block in one of several ways, before any flush."""
    client = {"silently": Silent(), "unreachably": Unreachable()}.get(how)
    options = {"client": client} if client else {}
    if how == "dropped":  # nobody holds on to the ledger when the program ends
        with ledger_in(folder, interval_seconds=60).job(**OWNER, job_id="j") as job:
            job.add(records_ok=7)
        del job
        gc.collect()
        return
    ledger = ledger_in(folder, interval_seconds=60, exit_seconds=1, **options)
    with ledger.job(client_id="c", project_id="p", job_id="j") as job:
        job.add(records_ok=7)
        if how == "exit":
            sys.exit(3)
        if how == "raise":
            raise ValueError("no such record")
        if how == "interrupt":
            # what was started in a shell's background would not hear it
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        if how == "thread":  # a thread that goes on after the main one
            threading.Timer(0.2, lambda: job.add(records_ok=1)).start()


def stuck(folder: str, interval: str) -> None:
    """Start a job and add to it while the bus does not answer; then wait to be killed."""
    ledger = ledger_in(folder, client=Silent(), interval_seconds=float(interval))
    with ledger.job(client_id="c", project_id="p", job_id="j") as job:
        job.add(records_ok=5)
        say("added")
        time.sleep(3600)


def forks(folder: str) -> None:
    """Fork in a job's block while the parent has unsent deltas; both then end the block."""
    ledger = ledger_in(folder, interval_seconds=60)
    with ledger.job(client_id="c", project_id="p", job_id="j") as job:
        job.add(records_ok=100)
        child = os.fork()
        job.add(records_ok=1)
        if child:
            assert os.waitpid(child, 0)[1] == 0
        with ledger.job(client_id="c", project_id="p", job_id=f"own-{bool(child)}") as own:
            own.add(records_ok=5)


def _grandchild(job: Job, number: int) -> int:
    job.add(records_ok=number)
    return os.getpid()


_job_of_pool: list[Job] = []


def _inherited(number: int) -> None:
    _job_of_pool[0].add(records_ok=number)


def pools(folder: str, method: str) -> None:
    """Share a job with worker processes: as an argument, and by inheritance if forked."""
    context = multiprocessing.get_context(method)
    ledger = ledger_in(folder, client=None, interval_seconds=60)
    with ledger.job(client_id="c", project_id="p", job_id="j") as job:
        job.add(records_ok=1000)
        with ProcessPoolExecutor(2, mp_context=context) as executor:
            list(executor.map(_grandchild, [job] * 20, range(20)))
        with context.Pool(2) as pool:
            pool.starmap(_grandchild, [(job, number) for number in range(20)])
            pool.close()
            pool.join()
        with context.Pool(2) as pool:  # which ends its workers by SIGTERM
            pool.starmap(_grandchild, [(job, number) for number in range(20)])
        if method == "fork":
            _job_of_pool.append(job)
            workers = [context.Process(target=_inherited, args=(1,)) for _ in range(3)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()


if __name__ == "__main__":
    programs: dict[str, Callable[..., None]] = {
        "busy": busy,
        "exits": exits,
        "forks": forks,
        "stuck": stuck,
        "pools": pools,
    }
    programs[sys.argv[1]](*sys.argv[2:])
