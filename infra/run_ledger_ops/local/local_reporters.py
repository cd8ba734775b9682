"""Who may report over HTTP to a local stack: its machine for all clients, a key for one."""

from datetime import UTC, datetime

from run_ledger.domain.intake.key_texts import read_key
from run_ledger.store.clients.report_grants import (
    StoredReportKey,
    put_report_grant,
    put_report_key,
    read_report_grant,
    read_report_key,
)
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.local.machine.cloud import LocalCloud
from run_ledger_ops.local.people import CLIENT_PERSON_CLIENT_ID
from run_ledger_ops.sign_in.access_options import Access, to_clients
from run_ledger_ops.sign_in.report_keys import new_report_key

_NAME = "local"


def new_key_text() -> str:
    """Return the text of a key that nobody can guess."""
    return new_report_key()[0]


def apply(cloud: LocalCloud, table: str, app_client_id: str, report_key: str) -> None:
    """Let the stack's machine report for all, and *report_key* for one client, if none may yet."""
    dynamodb = cloud.client("dynamodb")
    if read_report_grant(dynamodb, table, app_client_id) is None:
        put_report_grant(dynamodb, table, app_client_id, Access(is_staff=True).grant)
    key = read_key(report_key)
    if key is None:
        raise OpsError("The report key in the state folder is none; move the folder away.")
    if read_report_key(dynamodb, table, key.key_id) is None:
        put_report_key(
            dynamodb,
            table,
            StoredReportKey(
                key_id=key.key_id,
                name=_NAME,
                digest=key.digest,
                created_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                grant=to_clients([CLIENT_PERSON_CLIENT_ID]).grant,
            ),
        )
