"""Report keys as the command makes, lists and revokes them."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.intake.key_texts import ID_BYTES, SECRET_BYTES, ReportKey, new_key
from run_ledger.store.clients.report_grants import (
    StoredReportKey,
    delete_report_key,
    put_report_key,
    read_report_keys,
)
from run_ledger.store.clients.report_use import delete_use, read_last_use
from run_ledger_ops.console.target import Target
from run_ledger_ops.sign_in.access_options import Access, of_grant


class ListedKey(Struct, frozen=True):
    """A report key without its secret; `last_used_at` has whole hours, None before the first use.

    `access` is for whom it may report, None where its grant names nobody.
    """

    name: str
    key_id: str
    created_at: str
    access: Access | None
    last_used_at: str | None


def new_report_key() -> tuple[str, ReportKey]:
    """Return the text of a key that nobody can guess, and the key that it is read as."""
    return new_key(secrets.token_bytes(ID_BYTES), secrets.token_bytes(SECRET_BYTES))


def create(system: Target, name: str, wanted: Access) -> tuple[str, str]:
    """Make a key that may report for *wanted*; return its text, which is not kept, and its id."""
    text, key = new_report_key()
    put_report_key(
        system.dynamodb,
        system.tables.clients,
        StoredReportKey(
            key_id=key.key_id,
            name=name,
            digest=key.digest,
            created_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            grant=wanted.grant,
        ),
    )
    return text, key.key_id


def listed(system: Target) -> Iterator[ListedKey]:
    """Give all keys, by name."""
    table = system.tables.clients
    for key in sorted(read_report_keys(system.dynamodb, table), key=lambda key: key.name):
        used = read_last_use(system.dynamodb, table, f"key#{key.key_id}")
        hour = None if used is None else instants.text(used)[: len("2026-11-22T15")] + ":00:00Z"
        yield ListedKey(key.name, key.key_id, key.created_at, of_grant(key.grant), hour)


def remove(system: Target, key_id: str) -> None:
    """Revoke a key: it is worth nothing from the next request on."""
    delete_report_key(system.dynamodb, system.tables.clients, key_id)
    delete_use(system.dynamodb, system.tables.clients, f"key#{key_id}")
