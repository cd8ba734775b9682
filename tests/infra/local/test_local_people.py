"""What a local stack puts in by itself, and what of it a later start leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import System, deployed_system

from run_ledger.domain.api.access import EVERYTHING, granted
from run_ledger.store.clients.grants import delete_grant, put_grant
from run_ledger.store.clients.reads import read_grant
from run_ledger_ops.clients.changes import client_records
from run_ledger_ops.local import people

PASSWORDS = {"staff": "Correct-horse-1", "client": "Correct-horse-2"}


class Cloud:
    """Gives a system's clients as the local AWS does."""

    def __init__(self, system: System) -> None:
        self._clients = {"dynamodb": system.dynamodb, "cognito-idp": system.cognito}

    def client(self, service: str) -> Any:
        """Give the client of a service."""
        return self._clients[service]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with nothing in it."""
    with deployed_system(monkeypatch, has_pool=True) as deployed:
        yield deployed


def start(system: System) -> None:
    """Do what each start of a local stack does."""
    cloud: Any = Cloud(system)
    people.invite(cloud, system.pool_id, PASSWORDS)
    people.apply_clients(cloud, NAMES.clients, "machine")


def test_people_clients_and_the_machine_are_put_in(system: System) -> None:
    """People may sign in without a mail, the machine sees all, the demo's clients are declared."""
    start(system)
    for person in people.PEOPLE:
        one: Any = {"UserPoolId": system.pool_id, "Username": person.email}
        assert system.cognito.admin_get_user(**one)["UserStatus"] == "CONFIRMED"
        groups = system.cognito.admin_list_groups_for_user(**one)["Groups"]
        assert sorted(group["GroupName"] for group in groups) == [*person.groups]
    assert granted(read_grant(system.dynamodb, NAMES.clients, "machine")) == EVERYTHING
    directory = client_records(system.dynamodb, NAMES.clients).directory()
    assert people.CLIENT_PERSON_CLIENT_ID in directory
    assert len(directory) == 3


def test_what_was_changed_since_stays(system: System) -> None:
    """A later start changes neither clients nor the machine's grant."""
    start(system)
    records = client_records(system.dynamodb, NAMES.clients)
    stored = records.read("acme")
    assert stored.record is not None
    del stored.record.parameters["model"]
    assert records.write(records.read("acme"), stored.record)
    put_grant(system.dynamodb, NAMES.clients, "machine", {"clients": ["acme"]})
    before = system.contents()
    start(system)
    assert system.contents() == before
    delete_grant(system.dynamodb, NAMES.clients, "machine")
    start(system)
    assert system.contents() != before
