"""A local stack for tests: started in a folder of its own on free ports, stopped without a trace.

with local_stack(tmp_path) as stack:
    stack.client("events").put_events(…)
    stack.get("/jobs", token=stack.machine_token())
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import urllib3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[3]
LOOPBACK = "127.0.0.1"

HTTP = urllib3.PoolManager(retries=False)

T = TypeVar("T")


def wait_for(what: str, look: Callable[[], T | None], seconds: float) -> T:
    """Look until there is a result, and return it; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.05)
    return seen


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on.

    It is below those that Linux gives by itself, so that no connection takes it in the meantime.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            return port


@dataclass
class LocalStack:
    """A running (or starting, or ended) `run-ledger local` and the way to talk to it."""

    process: subprocess.Popen[str]
    state: Path
    earlier: int | None = None
    document: dict[str, Any] = field(default_factory=dict)

    def wait_until_ready(self, seconds: float = 180) -> LocalStack:
        """Wait for `stack.json` and read it."""

        def look() -> str | None:
            if self.process.poll() is not None:
                raise AssertionError(f"the local stack ended: {self.process.communicate()}")
            file = self.state / "stack.json"
            there = file.exists() and file.stat().st_mtime_ns != self.earlier
            return file.read_text("utf-8") if there else None

        self.document = json.loads(wait_for("the local stack", look, seconds))
        return self

    def client(self, service: str, retries: int = 3) -> Any:
        """Make a client of one of its services, which tries a failed call so often again."""
        return boto3.client(
            service,
            endpoint_url=self.document["aws_endpoint_url"],
            region_name=self.document["region"],
            aws_access_key_id=self.document["access_key_id"],
            aws_secret_access_key=self.document["secret_access_key"],
            config=Config(retries={"mode": "standard", "total_max_attempts": 1 + retries}),
        )

    def machine_token(self) -> str:
        """Fetch an access token of the machine client."""
        pair = f"{self.document['machine_client_id']}:{self.document['machine_client_secret']}"
        form = {"grant_type": "client_credentials", "scope": self.document["scope"]}
        answer = HTTP.request(
            "POST",
            self.document["token_url"],
            body=urllib.parse.urlencode(form),
            headers={
                "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            timeout=30,
        )
        token: str = answer.json()["access_token"]
        return token

    def get(self, path: str, token: str | None = None) -> tuple[int, Any]:
        """Ask the API and give the status and the decoded answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.document['api_url']}{path}"
        answer = HTTP.request("GET", url, headers=headers, timeout=60)
        return answer.status, answer.json()

    def processes(self) -> set[int]:
        """Return the ids of the process and of all its descendants."""
        parents = {pid: parent for pid in _pids() if (parent := _parent(pid))}
        family = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        return family

    def processes_that_run(self, program: str) -> list[int]:
        """Return the ids whose command line ends in this word; `ministack` is the local AWS."""
        return [pid for pid in self.processes() if _command(pid)[-1:] == [program]]

    def stop(self, number: int = signal.SIGTERM, seconds: float = 240) -> tuple[str, str]:
        """Send a signal, wait for the end and give what was written to stdout and stderr."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=seconds)


def start_local_stack(
    state: Path, *arguments: str, ports: bool = True, dashboard: bool = False
) -> LocalStack:
    """Start a local stack without waiting for it; `ports` chooses free ones."""
    file = state / "stack.json"
    earlier = file.stat().st_mtime_ns if file.exists() else None
    chosen = ["--port", str(free_port()), "--aws-port", str(free_port())] if ports else []
    app = ["--dashboard-port", str(free_port())] if dashboard else ["--no-dashboard"]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "run_ledger_ops.command", "local", "--no-demo", *app),
            *("--state", str(state), *chosen, *arguments),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "infra", ROOT / "backend"))),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return LocalStack(process, state, earlier)


@contextmanager
def local_stack(state: Path, *arguments: str, dashboard: bool = False) -> Iterator[LocalStack]:
    """Start a fresh local stack, wait until it is ready, and stop it afterwards."""
    stack = start_local_stack(state, *arguments, dashboard=dashboard)
    try:
        yield stack.wait_until_ready()
    finally:
        if stack.process.poll() is None:
            stack.stop()


def is_running(pid: int) -> bool:
    """Return whether a process runs, and is not only waiting to be reaped."""
    try:
        return _stat(pid)[0] != "Z"
    except OSError:
        return False


def listening_addresses(pids: set[int]) -> set[tuple[str, int]]:
    """Give the addresses on which these processes listen, as Linux tells them in /proc."""
    inodes = {_socket_inode(link) for pid in pids for link in _descriptors(pid)}
    listening = "0A"
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == listening and fields[9] in inodes:
                address, _, port = fields[1].partition(":")
                words = [address[i : i + 8] for i in range(0, len(address), 8)]
                packed = b"".join(bytes.fromhex(word)[::-1] for word in words)
                found.add((socket.inet_ntop(family, packed), int(port, 16)))
    return found


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _stat(pid: int) -> list[str]:
    """Return what follows the program's name in /proc/PID/stat: state, parent and so on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _parent(pid: int) -> int | None:
    try:
        return int(_stat(pid)[1])
    except OSError:
        return None


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().strip("\0").split("\0")
    except OSError:
        return []


def _descriptors(pid: int) -> list[str]:
    try:
        return [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:  # it has ended
        return []


def _socket_inode(link: str) -> str | None:
    return link.removeprefix("socket:[").removesuffix("]") if link.startswith("socket:[") else None
