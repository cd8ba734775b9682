"""Who may sign in on a local stack, and which clients it knows.

The people and clients are made up. Passwords are random, made at the first start and kept in the
state folder, so that a later start finds the same ones. What they stand for is put in by the very
code of `run-ledger users`, `apps` and `clients`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from run_ledger.store.clients.grants import put_grant
from run_ledger.store.clients.reads import read_grant
from run_ledger_ops.clients import declaration
from run_ledger_ops.clients.changes import client_records
from run_ledger_ops.local.machine.cloud import LocalCloud
from run_ledger_ops.sign_in.access_options import Access, to_clients
from run_ledger_ops.sign_in.user_pool import People

DEMO_CLIENTS = Path(__file__).resolve().parents[1] / "demo" / "clients.yaml"


@dataclass(frozen=True)
class LocalPerson:
    """Somebody who may sign in: what they are called, and what they see."""

    role: str
    email: str
    access: Access

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups that say what they see, and that they may act, sorted."""
        return tuple(sorted(self.access.groups))


CLIENT_PERSON_CLIENT_ID = "acme"
PEOPLE = (
    LocalPerson("staff", "staff@run-ledger.example", Access(is_staff=True, acts=True)),
    LocalPerson(
        "client",
        "someone@acme.example",
        structs.replace(to_clients([CLIENT_PERSON_CLIENT_ID]), acts=True),
    ),
)


def invite(cloud: LocalCloud, pool_id: str, passwords: Mapping[str, str]) -> None:
    """Make the people and their groups, as far as they are not there; set their passwords."""
    people = People(cloud.client("cognito-idp"), pool_id)
    for person in PEOPLE:
        people.invite(person.email, person.access, by_mail=False)
        people.set_password(person.email, passwords[person.role])


def apply_clients(cloud: LocalCloud, table: str, app_client_id: str) -> None:
    """Let the stack's machine see all, and declare the demo clients that are not declared yet.

    What somebody has applied over them since stays as it is.
    """
    dynamodb = cloud.client("dynamodb")
    if read_grant(dynamodb, table, app_client_id) is None:
        put_grant(dynamodb, table, app_client_id, Access(is_staff=True).grant)
    records = client_records(dynamodb, table)
    for declared in declaration.read(DEMO_CLIENTS):
        stored = records.read(declared.client_id)
        if stored.record is None:
            records.write(stored, declared)
