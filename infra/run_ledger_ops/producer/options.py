"""Options of the commands that report: whose work it is, which job, and which bus to report to."""

import argparse
import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.session import Session

from run_ledger.emit import RunLedger
from run_ledger.emit.delivery.bus import EventBridgeClient
from run_ledger.emit.identity import environment as around
from run_ledger_ops.console.arguments import USUAL_STACK_FILE
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.input_file import read_file
from run_ledger_ops.console.terminal import warn
from run_ledger_ops.producer.values import expected, pair, whole

_OF_A_STACK = (
    *("event_bus_name", "region", "aws_endpoint_url"),
    *("access_key_id", "secret_access_key"),
)
# As botocore declares its settings: name in the configuration, in the environment, default, type.
_NO_USER_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}

CONFIGURATION = """\
The bus is that of --bus, --stage or --stack, else RUN_LEDGER_BUS, else that of the local stack
which runs in this folder. Client, project and pipeline may come from RUN_LEDGER_CLIENT_ID,
RUN_LEDGER_PROJECT_ID and RUN_LEDGER_PIPELINE. What the bus does not take is kept in the spool, in
RUN_LEDGER_SPOOL or ~/.local/state/run-ledger/spool, and sent by the next command, the next program
or `run-ledger spool flush`."""


def add_owner(parser: argparse.ArgumentParser) -> None:
    """Add the options for whose work it is to *parser*."""
    group = parser.add_argument_group("whose work it is")
    group.add_argument("--client", metavar="ID", help="client id")
    group.add_argument("--project", metavar="ID", help="project id")


def add_job(
    parser: argparse.ArgumentParser,
    metavar: str = "ID",
    job: str = "job id, the same for every attempt at the same work",
) -> None:
    """Add the options for which job it is, and its first fields, to *parser*.

    *metavar* and *job* say what ``--job`` is.
    """
    group = parser.add_argument_group("which job it is")
    group.add_argument("--job", metavar=metavar, help=job)
    group.add_argument("--attempt", type=whole, metavar="N", help="the attempt's number, from 1")
    group.add_argument("--pipeline", metavar="ID", help="what kind of work it is")
    group.add_argument("--name", metavar="TEXT", help="name for people")
    group.add_argument("--parent", metavar="ID", help="id of the job that this one is a part of")
    group.add_argument("--total", type=whole, metavar="N", help="how many records there are")
    group.add_argument(
        "--tag", type=pair, action="append", metavar="NAME=TEXT", help="a tag; may repeat"
    )
    group.add_argument("--log-url", metavar="URL", help="where its log can be read")
    group.add_argument(
        "--heartbeat-seconds",
        type=whole,
        metavar="N",
        help="after so many seconds of silence the job counts as stalled",
    )
    group.add_argument(
        "--expect",
        type=expected,
        action="append",
        metavar="KEY=TEXT",
        help="how its pipeline should run from now on: cron, timezone, every, grace, max_duration "
        "or project, as in every=6h; may repeat; `nothing` takes it back",
    )


def expectation(given: argparse.Namespace) -> dict[str, str] | None:
    """Return what ``--expect`` says of a pipeline's runs; None where it says nothing."""
    members = dict(given.expect or ())
    if not members:
        return None
    return {name: text for name, text in members.items() if text}


def add_bus(parser: argparse.ArgumentParser) -> None:
    """Add the options for where events go to *parser*."""
    group = parser.add_argument_group("where")
    either = group.add_mutually_exclusive_group()
    either.add_argument("--bus", metavar="NAME", help="name or ARN of the event bus")
    either.add_argument("--stage", metavar="NAME", help="the bus of a deployed stage")
    either.add_argument(
        "--stack", type=Path, metavar="FILE", help="stack.json of a running local stack"
    )
    group.add_argument("--region", metavar="NAME", help="region of the bus")
    group.add_argument("--endpoint-url", metavar="URL", help="another address than AWS's")
    group.add_argument("--source", metavar="TEXT", help="who reports")
    group.add_argument(
        "--spool", metavar="DIR", help="folder for events that can't be sent now, or off"
    )


def ledger_of(given: argparse.Namespace, *, exit_seconds: float) -> RunLedger:
    """Return the ledger for the bus that the command line names; it may be without a bus.

    Raises OpsError where ``--stack`` names no file of a local stack: events never go elsewhere.
    """
    logging.basicConfig(format="run-ledger: %(message)s")
    logging.getLogger("run_ledger.emit.start").setLevel(logging.ERROR)  # the command says it
    bus, region, endpoint_url, client = given.bus, given.region, given.endpoint_url, None
    if given.stage:
        bus = f"run-ledger-{given.stage}"
    elif not bus and (given.stack or not around.value("BUS")):
        document = _local_stack(given.stack)
        if document:
            bus, region = document["event_bus_name"], document["region"]
            endpoint_url = document["aws_endpoint_url"]
            client = LocalClient(document)
    return RunLedger(
        bus,
        region=region,
        endpoint_url=endpoint_url,
        source=given.source or around.value("SOURCE") or "run-ledger.command",
        spool=given.spool,
        exit_seconds=exit_seconds,
        client=client,
    )


class LocalClient:
    """A client for the event bus of a local stack, whatever the user's AWS files are like.

    It is made at the first call, in the thread that calls.
    """

    def __init__(self, document: Mapping[str, str]) -> None:
        """Use address and credentials of *document*, the content of a stack.json."""
        self._document = document
        self._client: EventBridgeClient | None = None

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Send up to ten entries, as botocore does."""
        if self._client is None:
            self._client = self._made()
        return self._client.put_events(Entries=Entries)

    def describe_event_bus(self, *, Name: str) -> Mapping[str, Any]:  # noqa: N803
        """Look a bus up, as botocore does."""
        client: Any = self._client or self._made()
        self._client = client
        found: Mapping[str, Any] = client.describe_event_bus(Name=Name)
        return found

    def _made(self) -> EventBridgeClient:
        session = Session(session_vars=_NO_USER_FILES)
        session.set_credentials(
            self._document["access_key_id"], self._document["secret_access_key"]
        )
        client: Any = session.create_client(
            "events",
            region_name=self._document["region"],
            endpoint_url=self._document["aws_endpoint_url"],
            config=Config(
                connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}, proxies={}
            ),
        )
        typed: EventBridgeClient = client
        return typed


def read_stack(file: Path) -> dict[str, str]:
    """Return the content of a local stack's stack.json.

    Raises FileNotFoundError where it is not there, OpsError where it is something else.
    """
    try:
        document = json.loads(read_file(file))
        found = {name: document[name] for name in _OF_A_STACK}
        if not all(isinstance(value, str) for value in found.values()):
            raise TypeError("a value is no text")  # noqa: TRY301 - one message for all of it
    except FileNotFoundError:
        raise
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise OpsError(f"{file} is no stack.json of a local stack ({error}).") from error
    return found


def _local_stack(file: Path | None) -> dict[str, str] | None:
    """Return what *file* says, else the local stack of this folder; None where there is none."""
    try:
        return read_stack(file or USUAL_STACK_FILE)
    except (FileNotFoundError, OpsError) as error:
        if file is not None:
            raise OpsError(f"nothing is reported: {error}") from error
        if isinstance(error, OpsError):
            warn(f"run-ledger: {error}")
        return None
