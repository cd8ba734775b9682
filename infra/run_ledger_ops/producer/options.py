"""Options of the commands that report: whose work it is, which job, and which bus to report to."""

import argparse
import json
import logging
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.session import Session

from run_ledger.emit import RunLedger
from run_ledger.emit.delivery.bus import EventBridgeClient
from run_ledger.emit.identity import environment as around
from run_ledger_ops.console.arguments import USUAL_STACK_FILE
from run_ledger_ops.console.exceptions import OpsError

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


def add_job(parser: argparse.ArgumentParser) -> None:
    """Add the options for which job it is, and its first fields, to *parser*."""
    group = parser.add_argument_group("which job it is")
    group.add_argument(
        "--job", metavar="ID", help="job id, the same for every attempt at the same work"
    )
    group.add_argument("--attempt", type=int, metavar="N", help="the attempt's number, from 1")
    group.add_argument("--pipeline", metavar="ID", help="what kind of work it is")
    group.add_argument("--name", metavar="TEXT", help="name for people")
    group.add_argument("--parent", metavar="ID", help="id of the job that this one is a part of")
    group.add_argument("--total", type=int, metavar="N", help="how many records there are")
    group.add_argument(
        "--tag", type=pair, action="append", metavar="NAME=TEXT", help="a tag; may repeat"
    )
    group.add_argument("--log-url", metavar="URL", help="where its log can be read")
    group.add_argument(
        "--heartbeat-seconds",
        type=int,
        metavar="N",
        help="after so many seconds of silence the job counts as stalled",
    )


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


def pair(text: str) -> tuple[str, str]:
    """Read ``name=text`` from the command line."""
    name, sign, value = text.partition("=")
    if not name or not sign:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=TEXT")
    return name, value


def change(text: str) -> tuple[str, int]:
    """Read ``name=integer`` from the command line."""
    name, value = pair(text)
    try:
        return name, int(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{value!r} in {text!r} is no integer") from error


def ledger_of(given: argparse.Namespace, *, exit_seconds: float) -> RunLedger:
    """Return the ledger for the bus that the command line names; it may be without a bus."""
    logging.basicConfig(format="run-ledger: %(message)s")
    bus, region, endpoint_url, client = given.bus, given.region, given.endpoint_url, None
    if given.stage:
        bus = f"run-ledger-{given.stage}"
    elif not bus and (given.stack or not around.value("BUS")):
        document = _local_stack(given.stack)
        if document:
            bus, region = document["event_bus_name"], document["region"]
            endpoint_url = document["aws_endpoint_url"]
            client = local_client(document)
    return RunLedger(
        bus,
        region=region,
        endpoint_url=endpoint_url,
        source=given.source or around.value("SOURCE") or "run-ledger.command",
        spool=given.spool,
        exit_seconds=exit_seconds,
        client=client,
    )


def local_client(document: dict[str, Any]) -> EventBridgeClient:
    """Return a client for the event bus of a local stack."""
    session = Session()
    session.set_credentials(document["access_key_id"], document["secret_access_key"])
    client: Any = session.create_client(
        "events",
        region_name=document["region"],
        endpoint_url=document["aws_endpoint_url"],
        config=Config(
            connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}, proxies={}
        ),
    )
    typed: EventBridgeClient = client
    return typed


def _local_stack(file: Path | None) -> dict[str, Any] | None:
    try:
        document = json.loads((file or USUAL_STACK_FILE).read_text("utf-8"))
        wanted = ("event_bus_name", "region", "aws_endpoint_url", "access_key_id")
        if not all(isinstance(document[name], str) for name in wanted):
            raise TypeError("a value is no text")  # noqa: TRY301 - one message for all of it
    except (OSError, ValueError, KeyError, TypeError) as error:
        if file is None:
            return None
        raise OpsError(f"{file} is no stack.json of a local stack ({error}).") from error
    return dict(document)
