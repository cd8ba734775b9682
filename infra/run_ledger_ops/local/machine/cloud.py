"""The local AWS: ministack as a child process, on the loopback address alone, IAM enforced."""

import http.client
import os
import time
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.local import aws
from run_ledger_ops.local.aws.front import NOT_KEPT
from run_ledger_ops.local.machine.child_process import ChildProcess
from run_ledger_ops.local.machine.ports import LOOPBACK
from run_ledger_ops.local.machine.state import StateFolder, clear_folder

REGION = "eu-central-1"
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105 - ministack's fixed root key, of use on this machine only

PROGRAM = Path(aws.__file__).with_name("program.py")

# What it writes to its log when it goes on without a part of its state, or ends without saving one.
_NOT_RESTORED = ("failed to load", "refusing to load", "Failed to restore")
_NOT_SAVED = ("failed to save", "error getting state")
# As long as functions' processes stay: few are let in at once, and each takes a second to start.
_WARM_SECONDS = 24 * 60 * 60
_READY_SECONDS = 60.0
_SAVE_SECONDS = 120.0


class LocalCloud:
    """One ministack: `start`, `stop`, and clients for it."""

    def __init__(
        self, python: Path, state: StateFolder, port: int, smtp_port: int | None = None
    ) -> None:
        self._python = python
        self._state = state
        self._smtp_port = smtp_port
        self.port = port
        self.endpoint_url = f"http://{LOOPBACK}:{port}"
        self._process: ChildProcess | None = None
        self._clients: list[Any] = []
        # Nothing that the environment says of other clouds counts here: neither a profile, nor
        # (below) a proxy, which would look for the loopback address on a machine of its own.
        own = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
        self._session: Any = boto3.session.Session(
            botocore_session=own,
            aws_access_key_id=ACCESS_KEY_ID,
            aws_secret_access_key=SECRET_ACCESS_KEY,
            region_name=REGION,
        )

    @property
    def _site_origin(self) -> str:
        port = self._state.settings.get("ports", {}).get("site", 0)
        return f"http://{LOOPBACK}:{port}"

    @property
    def exit_code(self) -> int | None:
        """The exit code of a local AWS that has ended, None while it runs."""
        return self._process.exit_code if self._process else None

    @property
    def failure(self) -> str | None:
        """What made it give up, in words that follow "the local AWS"; None where it didn't."""
        complaint = self._complaint((NOT_KEPT,))
        return complaint and f"gave up: {complaint}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        clear_folder(self._state.temporary)
        self._process = ChildProcess(
            [str(self._python), str(PROGRAM), str(self._state.journal), "ministack"],
            environment=self._environment(),
            log=self._state.logs / "local-aws.log",
            folder=self._state.root,
            kept_open=(self._state.lock_descriptor,),
        )
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            if self._process.exit_code is not None or time.monotonic() > deadline:
                words = self._process.last_words()
                self._process.stop(0)
                message = f"The local AWS did not start: {words} (see {self._process.log})."
                raise OpsError(message)
            time.sleep(0.05)
        self._check_restored()

    def restart(self) -> None:
        """Stop and start it, which makes it save its state."""
        self.stop()
        self.start()

    def abandon(self) -> None:
        """End it without saving what it has done since it last saved."""
        if self._process:
            self._process.kill()

    def stop(self) -> bool:
        """Stop it, which makes it save its state, and end its functions' processes.

        Return whether it saved; it does not where it never started, or had ended before.
        """
        for client in self._clients:
            client.close()
        self._clients.clear()
        if self._process is None or self._process.exit_code is not None:
            return False
        saved = self._process.stop(_SAVE_SECONDS)
        clear_folder(self._state.temporary)
        if not saved:
            message = (
                f"The local AWS did not save its state within {_SAVE_SECONDS:.0f} s and was ended: "
                f"what came after the last clean stop may be missing (see {self._process.log})."
            )
            raise OpsError(message)
        if complaint := self._complaint(_NOT_SAVED):
            message = f"The local AWS could not save all of its state: {complaint}"
            raise OpsError(message)
        return True

    def client(self, service: str) -> Any:
        """Make a client of one of its services; it is closed when the local AWS stops."""
        client: Any = self._session.client(
            service,
            endpoint_url=self.endpoint_url,
            config=Config(
                retries={"mode": "standard", "max_attempts": 4}, read_timeout=300, proxies={}
            ),
        )
        self._clients.append(client)
        return client

    def _check_restored(self) -> None:
        """End a local AWS that passed over a part of its state, before it can save over that."""
        if self._process and (complaint := self._complaint(_NOT_RESTORED)):
            self._process.kill()
            message = (
                f"The state folder {self._state.root} is damaged: {complaint}; "
                "move the folder away to start afresh."
            )
            raise OpsError(message)

    def _complaint(self, signs: tuple[str, ...]) -> str | None:
        """Return the first line of the log that has one of these signs in it."""
        if self._process is None or self._process.log is None:
            return None
        lines = self._process.log.read_text("utf-8", errors="replace").splitlines()
        return next((line for line in lines if any(sign in line for sign in signs)), None)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=2)
        try:
            connection.request("GET", "/_ministack/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def _environment(self) -> dict[str, str]:
        """Return its environment variables, which its functions inherit."""
        return {
            "PATH": os.defpath,
            "HOME": str(self._state.temporary),
            "TMPDIR": str(self._state.temporary),
            "LANG": "C.UTF-8",
            "LOG_LEVEL": "WARNING",
            "AUTH": "true",
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": REGION,
            "LAMBDA_WARM_TTL_SECONDS": str(_WARM_SECONDS),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self._state.cloud_data),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(self._state.cloud_objects),
            # By these the courier knows that it may lay mails down, and send to this machine.
            "RUN_LEDGER_OUTBOX": str(self._state.outbox),
            "RUN_LEDGER_SMTP_PORT": str(self._smtp_port or ""),
            "RUN_LEDGER_LOCAL_SITE": self._site_origin,
        }
