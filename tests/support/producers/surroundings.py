"""A program that reports in surroundings where something is broken; each in a process of its own.

``python -m tests.support.producers.surroundings FOLDER`` prints for each name of `CASES` what came
of it, as JSON: ``{"home a file": {"code": 0, "stats": {…}, "said": "…"}, …}``.
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import botocore.session  # imported here once: the children then start in no time

from run_ledger.emit import RunLedger

NOBODY = 65534
OWNER = {"client_id": "c", "project_id": "p"}
REFUSING = "http://127.0.0.1:9"
USUAL = {
    "RUN_LEDGER_BUS": "bus",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ENDPOINT_URL": REFUSING,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}


class Silent:
    """An object that has no text."""

    def __str__(self) -> str:
        """Fail."""
        raise ValueError("no text")

    __repr__ = __str__


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def _foreign_home() -> None:
    """Have a home that this user can't enter, as in a container that runs as another user."""
    home = Path("closed")
    home.mkdir(0o700)
    os.environ["HOME"] = str(home.absolute())
    if os.geteuid():
        home.chmod(0)
    else:
        _become_nobody()


def _no_threads() -> None:
    if not os.geteuid():
        os.environ["HOME"] = tempfile.mkdtemp(dir=Path.cwd().parent)
        os.chown(os.environ["HOME"], NOBODY, NOBODY)
        _become_nobody()
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def _no_writing() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _no_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))


def _no_folder_at_all() -> None:
    tempfile.tempdir = None
    _set(HOME="/dev/null/home", TMPDIR="/dev/null/tmp")
    tempfile._candidate_tempdir_list = list  # type: ignore[attr-defined]


def _deleted_folder() -> None:
    gone = Path("gone").absolute()
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    _set(RUN_LEDGER_SPOOL="spool")


def _files(config: bytes, credentials: bytes = b"") -> None:
    Path("config").write_bytes(config)
    Path("credentials").write_bytes(credentials)
    _set(AWS_CONFIG_FILE="config", AWS_SHARED_CREDENTIALS_FILE="credentials")
    del os.environ["AWS_ACCESS_KEY_ID"]


def _set(**variables: str) -> None:
    os.environ.update(variables)


def _unset(*names: str) -> None:
    for name in names:
        os.environ.pop(name, None)


Options = Mapping[str, Any]
CASES: dict[str, Callable[[], Options | None]] = {
    "nothing": lambda: None,
    "no bus": lambda: _unset("RUN_LEDGER_BUS"),
    "home that can't be entered": _foreign_home,
    "home unset": lambda: _unset("HOME"),
    "home empty": lambda: _set(HOME=""),
    "home relative": lambda: _set(HOME="somewhere"),
    "home a file": lambda: _set(HOME="/etc/passwd"),
    "no folder at all": _no_folder_at_all,
    "folder deleted": _deleted_folder,
    "nothing can be written": _no_writing,
    "no file can be opened": _no_files,
    "no threads": _no_threads,
    "spool below a file": lambda: _set(RUN_LEDGER_SPOOL="/dev/null/spool"),
    "spool of no bytes that are text": lambda: os.environb.update(
        {b"RUN_LEDGER_SPOOL": os.fsencode(Path.cwd()) + b"/\xff"}
    ),
    "spool a number": lambda: {"spool": 7},
    "spool with a null": lambda: {"spool": "a\0b"},
    "spool a list": lambda: {"spool": ["a"]},
    "bus of no bytes that are text": lambda: os.environb.update({b"RUN_LEDGER_BUS": b"b\xff"}),
    "bus a number": lambda: {"bus": 7},
    "bus without a text": lambda: {"bus": Silent()},
    "source a number": lambda: {"source": 7, "region": 3},
    "strict maybe": lambda: _set(RUN_LEDGER_STRICT="maybe"),
    "attempt without a number": lambda: _set(RUN_LEDGER_ATTEMPT="second"),
    "retries that are none": lambda: _set(RUN_LEDGER_RETRIES="-1"),
    "no region": lambda: _unset("AWS_DEFAULT_REGION"),
    "region that is none": lambda: _set(RUN_LEDGER_REGION="not a region"),
    "address that is none": lambda: _set(RUN_LEDGER_ENDPOINT_URL="nonsense"),
    "no credentials": lambda: _unset("AWS_ACCESS_KEY_ID"),
    "half of the credentials": lambda: _unset("AWS_SECRET_ACCESS_KEY"),
    "no such profile": lambda: _set(AWS_PROFILE="nobody"),
    "config that is none": lambda: _files(b"\xff\xfe[\0"),
    "config a folder": lambda: _set(AWS_CONFIG_FILE="/etc", AWS_SHARED_CREDENTIALS_FILE="/etc"),
    "credentials that are none": lambda: _files(b"[default]\nregion=x", b"nonsense\n=\n"),
    "a program for credentials": lambda: _files(b"[default]\ncredential_process = /nonexistent\n"),
    "intervals that are none": lambda: {"interval_seconds": "soon", "exit_seconds": None},
    "intervals without end": lambda: {"interval_seconds": float("inf"), "exit_seconds": -1},
    "intervals that are no number": lambda: {"interval_seconds": float("nan")},
    "a client that is none": lambda: {"client": object()},
}


def report(options: Options) -> dict[str, Any]:
    """Do everything once that a pipeline does; return the ledger's figures."""
    ledger = RunLedger(**options)

    @ledger.tracked(**OWNER)
    def work() -> int:
        return 7

    with ledger.job(**OWNER, job_id="j", tags={"a": "b"}) as job:
        job.add(records_ok=1)
        job.add(records_ok=Silent())  # type: ignore[arg-type]
        job.usage(Silent())
        job.stage(Silent())  # type: ignore[arg-type]
        job.describe(name=Silent(), tags=Silent())
        job.total("many")  # type: ignore[arg-type]
        job.heartbeat()
    assert work() == 7
    ledger.job(tags=Silent()).start().end()  # type: ignore[arg-type]
    ledger.join(**OWNER, job_id="j").add(records_ok=1)
    ledger.project(**OWNER).update(name="p", delta={"x": 1})
    ledger.send("job_update", {**OWNER, "job_id": "j", "status": "running"})
    ledger.flush(0.1)
    ledger.deliver(0.1)
    ledger.close("soon")  # type: ignore[arg-type]
    ledger.flush(float("nan"))
    return ledger.stats().as_dict()


def _child(change: Callable[[], Options | None], out: int) -> None:
    """Report in changed surroundings and write what came of it to *out*."""
    code, stats = 1, {}
    try:
        os.environ.update(USUAL)
        stats = report(change() or {})
        atexit._run_exitfuncs()
        code = 0
    finally:
        os.write(out, json.dumps({"code": code, "stats": stats}, default=str).encode())


def outcome(name: str, folder: Path) -> dict[str, Any]:
    """Return what came of one case, which runs in a child."""
    folder.mkdir(mode=0o755)
    said = os.open(folder / "said", os.O_RDWR | os.O_CREAT, 0o600)
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.chdir(folder)
            os.dup2(said, 2)
            os.close(reading)
            _child(CASES[name], writing)
        except BaseException as error:  # noqa: BLE001 - it must not become the parent
            sys.__excepthook__(type(error), error, error.__traceback__)
        finally:
            os._exit(0)
    os.close(writing)
    started = time.monotonic()
    with os.fdopen(reading, "rb") as pipe:
        came = json.loads(pipe.read() or b"{}")
    os.wait()
    came["seconds"] = time.monotonic() - started
    return {**came, "said": (folder / "said").read_text("utf-8", "replace")}


if __name__ == "__main__":
    assert botocore.session
    root = Path(sys.argv[1])
    root.chmod(0o755)
    found = {name: outcome(name, root / f"case-{number}") for number, name in enumerate(CASES)}
    sys.stdout.write(json.dumps(found))
