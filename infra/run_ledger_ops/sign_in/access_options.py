"""What somebody may see, as the command line says it: some clients, or all."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from run_ledger.domain.api.access import ACT_GROUP, CLIENT_GROUP, STAFF_GROUP
from run_ledger.domain.contract.vocabulary import IDENTIFIER_ALLOWED, is_identifier
from run_ledger.domain.exceptions import Forbidden, shown
from run_ledger.domain.intake.reporters import reporting_caller
from run_ledger_ops.console.exceptions import OpsError

_MOST_GROUP_CHARACTERS = 128  # Cognito's limit


class Access(Struct, frozen=True):
    """What somebody may see, or report for: all clients, or these ones.

    ``namespaces`` are those of OpenLineage, each with the client whose jobs are in it. Who
    ``acts`` may act on incidents, too.
    """

    is_staff: bool
    clients: tuple[str, ...] = ()
    namespaces: tuple[tuple[str, str], ...] = ()
    acts: bool = False

    @property
    def grant(self) -> dict[str, object]:
        """The grant of a system with this access, as the table Clients stores it."""
        clients = {"staff": True} if self.is_staff else {"clients": list(self.clients)}
        return {**clients, **({"namespaces": dict(self.namespaces)} if self.namespaces else {})}

    @property
    def groups(self) -> frozenset[str]:
        """The groups of a person with this access, as in ``{"client-acme"}``."""
        right = {ACT_GROUP} if self.acts else set()
        if self.is_staff:
            return frozenset({STAFF_GROUP} | right)
        return frozenset({f"{CLIENT_GROUP}{client}" for client in self.clients} | right)

    def __str__(self) -> str:
        """Return it in words."""
        seen = "all clients" if self.is_staff else ", ".join(self.clients)
        return f"{seen}, and act on their incidents" if self.acts else seen


def of_grant(grant: Mapping[str, Any] | None) -> Access | None:
    """Return the access that a stored grant gives, None where it gives none."""
    try:
        caller = reporting_caller("", grant)
    except Forbidden:
        return None
    clients = caller.scope.clients
    return Access(
        clients is None, tuple(sorted(clients or ())), tuple(sorted(caller.namespaces.items()))
    )


def add_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the options that `of` reads."""
    either = parser.add_mutually_exclusive_group(required=required)
    either.add_argument(
        "--client",
        action="append",
        metavar="ID",
        help="data of this client; you can give it several times",
    )
    either.add_argument("--staff", action="store_true", help="all data of all clients")


def add_namespaces(parser: argparse.ArgumentParser) -> None:
    """Add the option of namespaces, which `of` reads, too."""
    parser.add_argument(
        "--namespace",
        action="append",
        metavar="NAME=CLIENT",
        help="with --report: the client whose jobs are in OpenLineage's namespace NAME; a NAME "
        "that ends in * stands for all namespaces that begin so. You can give it several times, "
        "and need it only for more than one client",
    )


def of(given: argparse.Namespace) -> Access:
    """Return the access that the command line names; raises OpsError for an invalid id."""
    access = Access(is_staff=True) if given.staff else to_clients(given.client)
    told = getattr(given, "namespace", None) or ()
    return structs.replace(
        access,
        namespaces=tuple(sorted(_namespaces(told, access))),
        acts=getattr(given, "act", False),
    )


def _namespaces(told: Sequence[str], access: Access) -> Iterator[tuple[str, str]]:
    for one in told:
        namespace, _, client = one.rpartition("=")
        if not namespace or not is_identifier(client):
            raise OpsError(f"--namespace {shown(one)}: allowed: NAME=CLIENT.")
        if not access.is_staff and client not in access.clients:
            raise OpsError(
                f"--namespace {shown(one)}: allowed: a client that is named with --client, too."
            )
        yield namespace, client


def to_clients(clients: Sequence[str]) -> Access:
    """Return the access to *clients*, sorted; raises OpsError for an invalid id."""
    for client in clients:
        if not is_identifier(client):
            raise OpsError(f"--client {shown(client)}: allowed: {IDENTIFIER_ALLOWED}.")
    return Access(is_staff=False, clients=tuple(sorted(set(clients))))


def check_groups(access: Access) -> None:
    """Raise OpsError where a client's id is too long for the name of a group."""
    for group in access.groups:
        if len(group) > _MOST_GROUP_CHARACTERS:
            client = group.removeprefix(CLIENT_GROUP)
            raise OpsError(
                f"--client {shown(client)}: the group of a client is named {CLIENT_GROUP}ID, and "
                f"Cognito takes names of up to {_MOST_GROUP_CHARACTERS} characters, so an id that "
                f"people belong to has at most {_MOST_GROUP_CHARACTERS - len(CLIENT_GROUP)}."
            )
