"""Clients as operators declare them, read and written. The API's function does not use this.

Each write changes the ``revision`` of the client's profile, and is refused where the revision is no
longer the one that was read. So what two people apply at the same time never mixes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct, structs, to_builtins

from run_ledger.domain import instants
from run_ledger.domain.aws_jobs.job_rules import AwsJobRule
from run_ledger.domain.delivery.channels import with_channels
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.domain.incidents.watches import with_undeclared
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import from_item, to_attribute, to_item
from run_ledger.store.dynamo.batches import every_item, portions
from run_ledger.store.dynamo.expressions import (
    ConditionBuilder,
    QueryBuilder,
    UpdateBuilder,
    projection,
)
from run_ledger.store.dynamo.faults import Fault, fault, fault_of_code
from run_ledger.store.items.client_items import (
    ALERTS,
    CHANNEL_REFERENCES,
    DIGEST,
    PARAMETER_ATTRIBUTES,
    PROFILE_ATTRIBUTES,
    REFERENCE,
    ClientRecord,
    alert_values,
    channel_values,
    digest_in,
    from_items,
    listing_item,
    parameter_item,
    profile_values,
)
from run_ledger.store.items.keys import (
    AWS_JOBS,
    CLIENT_DIRECTORY,
    PARAMETER_PREFIX,
    PROFILE,
    WATCHED,
)

from . import watched_clients
from .aws_job_rules import ATTRIBUTES, rules_item, rules_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_READINGS = 5
_REFERENCES = (REFERENCE, CHANNEL_REFERENCES)
# A transaction takes a hundred: profile, directory, rules about jobs of AWS and what is judged by
# time are four.
_ACTIONS_BESIDE_FOUR = 96


class StoredClient(Struct, frozen=True):
    """What the table holds of a client; ``record`` is None where it is not declared."""

    client_id: str
    record: ClientRecord | None
    revision: str | None
    listed_as: str | None


class ClientRecords:
    """The declared clients of a table; what staff declare is kept as that of `STAFF`."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        clock: Callable[[], Instant],
        new_revision: Callable[[], str],
    ) -> None:
        """Work on *table*; *new_revision* returns another text at each call."""
        self._client = client
        self._table = table
        self._clock = clock
        self._new_revision = new_revision

    def directory(self) -> dict[str, str]:
        """Return the names of all declared clients by their ids, in the order of these."""
        items = self._query(CLIENT_DIRECTORY, ("sk", "name"))
        return {item["sk"]: str(item.get("name", "")) for item in items}

    def read(self, client_id: str, *, references: bool = True) -> StoredClient:
        """Return a client as it is at one instant; without *references*, no reference to a secret.

        Raises StoreUnavailable where the client changes during each of several readings.
        """
        names = (*PROFILE_ATTRIBUTES, *PARAMETER_ATTRIBUTES, *(_REFERENCES if references else []))
        for _ in range(_READINGS):
            # The profile is read first, and again as the last item of the query: a change shows.
            before = self._get(client_id, PROFILE, ("pk", "revision"))
            items = {item["sk"]: item for item in self._query(client_id, names)}
            profile = items.get(PROFILE)
            if _revision(before) == _revision(profile):
                break
        else:
            raise StoreUnavailable(f"client {client_id} is being changed all the time: try again")
        listed = self._get(CLIENT_DIRECTORY, client_id, ("name", DIGEST))
        asked = profile if client_id == STAFF else listed
        rules = rules_of(self._get(AWS_JOBS, client_id, ATTRIBUTES))
        watched = self._get(WATCHED, client_id, watched_clients.ATTRIBUTES)
        expect = watched_clients.expectations_of(watched)
        return StoredClient(
            client_id,
            None
            if profile is None
            else structs.replace(
                from_items(client_id, items),
                aws_jobs=rules,
                expect=expect,
                digest=digest_in(asked or {}),
            ),
            None if profile is None else profile.get("revision"),
            _listed_name(client_id, profile, listed),
        )

    def write(self, stored: StoredClient, wanted: ClientRecord | None) -> bool:
        """Replace *stored* by what is *wanted*, or delete it where that is None.

        Returns False where the client is no longer as it was read. A parameter that stays the same
        is not written, and keeps its ``updated_at``. Changes that don't fit into one transaction go
        into several, each with the same condition; if the process ends in between, doing it again
        writes the rest.
        """
        basis = wanted or stored.record
        if basis is None:
            return True
        updated_at = instants.text(self._clock())
        changes = self._parameter_changes(stored, wanted, updated_at)
        parts = portions(changes, _ACTIONS_BESIDE_FOUR) or [[]]
        for part in parts[:-1]:
            revision = self._new_revision()
            if not self._commit([self._guard(stored, wanted, revision, updated_at), *part]):
                return False
            rules = stored.record.aws_jobs if stored.record else ()
            # What lies beside the profile is written at the end.
            digest = stored.record.digest if stored.record else None
            record = structs.replace(basis, parameters={}, aws_jobs=rules, digest=digest)
            stored = StoredClient(stored.client_id, record, revision, stored.listed_as)
        return self._commit([*self._last_guard(stored, wanted, updated_at), *parts[-1]])

    def _last_guard(
        self, stored: StoredClient, wanted: ClientRecord | None, updated_at: str
    ) -> list[dict[str, Any]]:
        """Return the actions on profile and directory that end a write."""
        if wanted is None:
            return [
                self._deletion(stored.client_id, PROFILE, stored),
                self._deletion(CLIENT_DIRECTORY, stored.client_id),
                self._deletion(AWS_JOBS, stored.client_id),
                self._deletion(WATCHED, stored.client_id),
            ]
        guard = self._guard(stored, wanted, self._new_revision(), updated_at)
        actions = [
            guard,
            *self._rules_change(stored, wanted.aws_jobs),
            self._watched_change(wanted),
        ]
        digest = stored.record.digest if stored.record else None
        is_listed = (stored.listed_as, digest) == (wanted.profile.name, wanted.digest)
        if is_listed or wanted.is_of_staff:
            return actions
        return [*actions, {"Put": {"TableName": self._table, "Item": listing_item(wanted)}}]

    def _rules_change(
        self, stored: StoredClient, wanted: tuple[AwsJobRule, ...]
    ) -> list[dict[str, Any]]:
        """Return the action that makes the rules about jobs of AWS what is wanted."""
        before = stored.record.aws_jobs if stored.record else ()
        if before == wanted:
            return []
        if not wanted:
            return [self._deletion(AWS_JOBS, stored.client_id)]
        item = rules_item(stored.client_id, wanted)
        return [{"Put": {"TableName": self._table, "Item": item}}]

    def _watched_change(self, wanted: ClientRecord) -> dict[str, Any]:
        """Return the action that makes what is judged by time what is wanted."""
        names = [channel.name for channel in wanted.channels]
        # What is told without a rule tells all channels, so they have to be known with it.
        asked = with_undeclared(wanted.alerts) if wanted.expect and names else wanted.alerts
        alerts = [with_channels(rule, names) for rule in asked]
        item = watched_clients.watched_item(wanted.client_id, wanted.expect, alerts)
        if item is None:
            return self._deletion(WATCHED, wanted.client_id)
        return {"Put": {"TableName": self._table, "Item": item}}

    def _guard(
        self, stored: StoredClient, wanted: ClientRecord | None, revision: str, updated_at: str
    ) -> dict[str, Any]:
        """Return the action on the profile; its condition is that the client is as it was read."""
        update = UpdateBuilder()
        update.set({"revision": revision})
        before = stored.record.profile if stored.record else None
        if wanted is not None and wanted.profile != before:
            for name, value in profile_values(wanted.profile, updated_at).items():
                if value is None:
                    update.remove(name)
                else:
                    update.set({name: value})
        if wanted is not None:
            _tell_otherwise(update, stored.record, wanted)
        if stored.record is None:
            update.require_absent("pk")
        elif stored.revision is None:  # written by hand
            update.require_present("pk")
            update.require_absent("revision")
        else:
            update.require(("revision",), "=", stored.revision)
        return update.action(self._table, to_item({"pk": stored.client_id, "sk": PROFILE}))

    def _parameter_changes(
        self, stored: StoredClient, wanted: ClientRecord | None, updated_at: str
    ) -> list[dict[str, Any]]:
        before = stored.record.parameters if stored.record else {}
        after = wanted.parameters if wanted else {}
        gone = [
            self._deletion(stored.client_id, f"{PARAMETER_PREFIX}{name}")
            for name in before
            if name not in after
        ]
        items = [
            parameter_item(stored.client_id, parameter, updated_at)
            for name, parameter in after.items()
            if before.get(name) != parameter
        ]
        return gone + [{"Put": {"TableName": self._table, "Item": item}} for item in items]

    def _deletion(self, pk: str, sk: str, guarded: StoredClient | None = None) -> dict[str, Any]:
        delete: dict[str, Any] = {"TableName": self._table, "Key": to_item({"pk": pk, "sk": sk})}
        if guarded is not None:
            condition = ConditionBuilder()
            revision = None if guarded.revision is None else to_attribute(guarded.revision)
            condition.require_exactly("revision", revision)
            delete |= condition.condition()
        return {"Delete": delete}

    def _commit(self, actions: list[Any]) -> bool:
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            if _is_overtaken(error):
                return False
            raise
        return True

    def _get(self, pk: str, sk: str, names: tuple[str, ...]) -> dict[str, Any] | None:
        answer = self._client.get_item(
            TableName=self._table,
            Key=to_item({"pk": pk, "sk": sk}),
            ConsistentRead=True,
            **projection(names),
        )
        item = answer.get("Item")
        return None if item is None else from_item(item)

    def _query(self, pk: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
        request = QueryBuilder(self._table, "pk", pk).request(names, consistent=True)
        return [from_item(item) for item in every_item(self._client.query, request)]


def _tell_otherwise(
    update: UpdateBuilder, before: ClientRecord | None, wanted: ClientRecord
) -> None:
    """Let *update* change what people are told, and how, where that is another than *before*."""
    values: dict[str, Any] = {}
    if wanted.alerts != (before.alerts if before else ()):
        values[ALERTS] = alert_values(wanted.alerts)
    if wanted.channels != (before.channels if before else ()):
        values |= channel_values(wanted.channels)
    # That of a client lies in the directory.
    if wanted.is_of_staff and wanted.digest != (before.digest if before else None):
        values[DIGEST] = None if wanted.digest is None else to_builtins(wanted.digest)
    for name, value in values.items():
        if value:
            update.set({name: value})
        else:
            update.remove(name)


def _listed_name(
    client_id: str, profile: dict[str, Any] | None, listed: dict[str, Any] | None
) -> str | None:
    """Return the name in the directory; staff, who are no client, count as listed by their own."""
    found = profile if client_id == STAFF else listed
    return None if found is None else str(found.get("name", ""))


def _revision(profile: dict[str, Any] | None) -> tuple[bool, str | None]:
    return profile is not None, (profile or {}).get("revision")


def _is_overtaken(error: ClientError) -> bool:
    """Return whether a transaction was refused because somebody else wrote at the same time."""
    if fault(error) is not Fault.CANCELLED:
        return False
    reasons: Any = error.response.get("CancellationReasons", [])
    kinds = {fault_of_code(reason["Code"]) for reason in reasons if reason.get("Code") != "None"}
    return bool(kinds) and kinds <= {Fault.CONDITION, Fault.PASSING}
