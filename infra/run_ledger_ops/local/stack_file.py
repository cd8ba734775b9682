"""What a running stack tells people (a text) and programs (`stack.json`)."""

import json
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from run_ledger.store.dynamo.table_names import Tables
from run_ledger_ops.checkout import ROOT
from run_ledger_ops.deploying.resource_metadata import (
    MCP_PATH,
    resource_objects,
    sign_in_object,
)
from run_ledger_ops.deploying.site import SiteObject, config_of
from run_ledger_ops.local.machine import cloud
from run_ledger_ops.local.people import CLIENT_PERSON_CLIENT_ID, PEOPLE


@dataclass(frozen=True)
class Running:
    """The facts about a running stack."""

    endpoint_url: str
    site_origin: str
    dashboard_url: str | None
    outputs: dict[str, str]
    queue_url: str
    dlq_url: str
    machine_client_secret: str
    passwords: dict[str, str]
    report_key: str
    outbox: Path
    outbox_path: str


def stack_document(running: Running) -> dict[str, Any]:
    """Return the content of `stack.json`."""
    outputs = running.outputs
    users: dict[str, dict[str, str]] = {
        person.role: {"email": person.email, "password": running.passwords[person.role]}
        for person in PEOPLE
    }
    users["client"]["client_id"] = CLIENT_PERSON_CLIENT_ID
    return {
        "aws_endpoint_url": running.endpoint_url,
        "region": cloud.REGION,
        "access_key_id": cloud.ACCESS_KEY_ID,
        "secret_access_key": cloud.SECRET_ACCESS_KEY,
        "event_bus_name": outputs["BusName"],
        "api_url": f"{running.site_origin}/api",
        "mcp_url": f"{running.site_origin}{MCP_PATH}",
        "site_url": f"{running.site_origin}/",
        "dashboard_url": running.dashboard_url,
        "token_url": f"{running.site_origin}/oauth2/token",
        "authorize_url": f"{running.site_origin}/oauth2/authorize",
        "jwks_url": f"{running.endpoint_url}/{outputs['UserPoolId']}/.well-known/jwks.json",
        "issuer": outputs["Issuer"],
        "site_client_id": outputs["SiteClientId"],
        "machine_client_id": outputs["MachineClientId"],
        "machine_client_secret": running.machine_client_secret,
        "scope": outputs["Scope"],
        "act_scope": outputs["ActScope"],
        "users": users,
        "queue_url": running.queue_url,
        "dlq_url": running.dlq_url,
        "intake_url": f"{running.site_origin}/intake",
        "push_url": f"{running.site_origin.replace('http', 'ws', 1)}/push",
        "report_scope": outputs["ReportScope"],
        "report_key": running.report_key,
        "outbox": str(running.outbox),
        "outbox_url": f"{running.site_origin}{running.outbox_path}",
        "tables": {name: outputs[f"{name.capitalize()}Table"] for name in Tables._fields},
    }


def site_config(running: Running, *, demo: bool) -> dict[str, object]:
    """Return the site's `config.json`."""
    return {**config_of(running.outputs, "local", running.site_origin), "demo": demo}


def sign_in_documents(origin: str, scope: str) -> tuple[SiteObject, ...]:
    """Return the documents that lead an assistant to the sign-in of the same origin."""
    return (*resource_objects(origin, origin, scope), sign_in_object(origin, scope))


def example_command(running: Running) -> str:
    """Return a command line that posts an event, to paste into a shell."""
    detail = {
        "job_id": "my-first-job",
        "project_id": "try-out",
        "client_id": CLIENT_PERSON_CLIENT_ID,
        "status": "running",
        "delta": {"records_ok": 3},
    }
    entry = {
        "EventBusName": running.outputs["BusName"],
        "Source": "my.pipeline",
        "DetailType": "job_update",
        "Detail": json.dumps(detail, separators=(",", ":")),
    }
    command = [
        *("env", f"AWS_ACCESS_KEY_ID={cloud.ACCESS_KEY_ID}"),
        f"AWS_SECRET_ACCESS_KEY={cloud.SECRET_ACCESS_KEY}",
        f"AWS_DEFAULT_REGION={cloud.REGION}",
        *(_aws(), "events", "put-events", "--endpoint-url", running.endpoint_url),
        *("--entries", json.dumps([entry], separators=(",", ":"))),
    ]
    return shlex.join(command)


def _aws() -> str:
    """Return the AWS command line: the user's own, or the one that `make run` brings along."""
    own = ROOT / ".venvs" / "aws" / "bin" / "aws"
    return str(own) if own.exists() and not shutil.which("aws") else "aws"


def readiness(running: Running, stack_file: Path, *, demo: bool) -> str:
    """Return the text that says that the stack is ready, and how to use it."""
    digest = "  (a digest of yesterday comes within a minute)" if demo else ""
    logins = [
        f"{person.email}  {running.passwords[person.role]}  (groups {', '.join(person.groups)})"
        for person in PEOPLE
    ]
    dashboard = [f"  Analysts' app  {running.dashboard_url}"] if running.dashboard_url else []
    lines = [
        "",
        "Run Ledger is ready, on this machine alone.",
        "",
        f"  Site           {running.site_origin}/",
        f"  API            {running.site_origin}/api",
        f"  Intake         {running.site_origin}/intake",
        f"  Assistants     {running.site_origin}{MCP_PATH}",
        f"  Mails          {running.site_origin}{running.outbox_path}{digest}",
        *dashboard,
        f"  Sign in as     {logins[0]}",
        *(f"                 {login}" for login in logins[1:]),
        f"  Local AWS      {running.endpoint_url}  (region {cloud.REGION})",
        f"  Programs       {stack_file}",
        "",
        "Post an event:",
        "",
        f"  {example_command(running)}",
        "",
        "Ctrl-C stops everything and keeps what it holds for the next start.",
    ]
    return "\n".join(lines)
