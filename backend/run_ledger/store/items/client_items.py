"""A client's profile and configuration as items of the table Clients.

================  ===================  =========================================================
pk                sk                   holds
================  ===================  =========================================================
client id         ``profile``          name, description, contact, tags, alerts, channels,
                                       channel_refs (of secrets), revision, updated_at
client id         ``param#NAME``       name, description, kind, value or secret_ref, updated_at
``clients``       client id            name, digest: the directory, which is read without a scan
``aws#jobs``      client id            rules: which jobs of AWS's services are the client's
``clients#…``     client id            expect, alerts: what is judged by time (``watched``)
``*``             ``profile``          alerts, channels, channel_refs, digest, revision: staff's
================  ===================  =========================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, field

from run_ledger.domain.aws_jobs.job_rules import AwsJobRule
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.domain.incidents.alert_rules import STAFF, AlertRule
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.store.dynamo.attributes import Item, to_item

from .keys import CLIENT_DIRECTORY, PARAMETER_PREFIX, PROFILE

ALERTS = "alerts"
CHANNELS = "channels"
DIGEST = "digest"
"""In the directory, so that one query finds all clients that have one; staff's in their item."""
CHANNEL_REFERENCES = "channel_refs"
PROFILE_ATTRIBUTES = (
    *("pk", "sk", "name", "description", "contact", "tags", ALERTS, CHANNELS, DIGEST, "revision"),
)
PARAMETER_ATTRIBUTES = ("kind", "value", "not_secret")
REFERENCE = "secret_ref"


class ClientProfile(Struct, frozen=True):
    """Who a client is."""

    name: str
    description: str = ""
    contact: str | None = None
    tags: dict[str, str] = field(default_factory=dict)


class ClientParameter(Struct, frozen=True):
    """One parameter: plain with a value, or a secret with a reference to where its value is kept.

    A secret whose ``secret_ref`` is None is one whose reference is withheld. ``not_secret`` says
    why a value that looks like a secret is not one.
    """

    name: str
    description: str = ""
    value: str | None = None
    secret_ref: str | None = None
    not_secret: str | None = None

    @property
    def is_secret(self) -> bool:
        """Return whether this is a secret."""
        return self.value is None


class ClientRecord(Struct, frozen=True):
    """A client and its whole configuration.

    ``aws_jobs`` says which jobs of AWS are its, ``alerts`` what people are told, ``channels`` how,
    and ``expect`` how its pipelines should run, each in order.
    """

    client_id: str
    profile: ClientProfile
    parameters: dict[str, ClientParameter]
    aws_jobs: tuple[AwsJobRule, ...] = ()
    alerts: tuple[AlertRule, ...] = ()
    channels: tuple[Channel, ...] = ()
    expect: tuple[Expectation, ...] = ()
    digest: DigestRule | None = None

    @property
    def is_of_staff(self) -> bool:
        """Return whether this is what staff declare for all clients: whom to tell, and how."""
        return self.client_id == STAFF


def staff_record(
    alerts: tuple[AlertRule, ...], channels: tuple[Channel, ...], digest: DigestRule | None = None
) -> ClientRecord:
    """Return what staff declare for all clients."""
    profile = ClientProfile("Staff")
    return ClientRecord(STAFF, profile, {}, alerts=alerts, channels=channels, digest=digest)


def from_items(client_id: str, items: Mapping[str, Mapping[str, Any]]) -> ClientRecord:
    """Return the client that the items hold; attributes may be missing in items made by hand."""
    profile = items[PROFILE]
    parameters = {}
    for key, item in items.items():
        if key.startswith(PARAMETER_PREFIX):
            name = key.removeprefix(PARAMETER_PREFIX)
            is_secret = item.get("kind") == "secret"
            parameters[name] = ClientParameter(
                name,
                str(item.get("description", "")),
                None if is_secret else str(item.get("value", "")),
                item.get("secret_ref") if is_secret else None,
                item.get("not_secret"),
            )
    return ClientRecord(
        client_id,
        ClientProfile(
            str(profile.get("name", "")),
            str(profile.get("description", "")),
            profile.get("contact"),
            dict(profile.get("tags") or {}),
        ),
        parameters,
        alerts=alert_rules_in(profile),
        channels=channels_in(profile),
    )


def alert_rules_in(profile: Mapping[str, Any]) -> tuple[AlertRule, ...]:
    """Return the rules that the attributes of a profile hold; raises ValidationError for others."""
    return msgspec.convert(profile.get(ALERTS) or [], tuple[AlertRule, ...])


def alert_values(alerts: Sequence[AlertRule]) -> list[dict[str, Any]]:
    """Return rules as plain values, each without what it leaves to the defaults."""
    return [msgspec.to_builtins(rule) for rule in alerts]


def channels_in(profile: Mapping[str, Any]) -> tuple[Channel, ...]:
    """Return the channels that the attributes of a profile hold, in their order.

    References are empty where the attributes have none. Raises ValidationError for others.
    """
    channels = msgspec.convert(profile.get(CHANNELS) or [], tuple[Channel, ...])
    references = msgspec.convert(profile.get(CHANNEL_REFERENCES) or {}, dict[str, dict[str, str]])
    return tuple(msgspec.structs.replace(one, **references.get(one.name, {})) for one in channels)


def digest_in(listing: Mapping[str, Any]) -> DigestRule | None:
    """Return the digest of a client's item in the directory, or of staff's own.

    Raises ValidationError for others.
    """
    return msgspec.convert(listing.get(DIGEST), DigestRule | None)


def listing_item(record: ClientRecord) -> Item:
    """Return the item of a client in the directory."""
    item = {"pk": CLIENT_DIRECTORY, "sk": record.client_id, "name": record.profile.name}
    digest = record.digest
    return to_item(item if digest is None else item | {DIGEST: msgspec.to_builtins(digest)})


def channel_values(channels: Sequence[Channel]) -> dict[str, Any]:
    """Return the attributes that hold *channels*: what may be seen, and references apart."""
    return {
        CHANNELS: [msgspec.to_builtins(one.without_references()) for one in channels],
        CHANNEL_REFERENCES: {one.name: one.references for one in channels if one.references},
    }


def parameter_item(client_id: str, parameter: ClientParameter, updated_at: str) -> Item:
    """Return the item of a parameter."""
    values: dict[str, Any] = {
        "pk": client_id,
        "sk": f"{PARAMETER_PREFIX}{parameter.name}",
        "name": parameter.name,
        "description": parameter.description,
        "kind": "secret" if parameter.is_secret else "plain",
        "updated_at": updated_at,
    }
    if parameter.value is None:
        values["secret_ref"] = parameter.secret_ref
    else:
        values["value"] = parameter.value
    if parameter.not_secret is not None:
        values["not_secret"] = parameter.not_secret
    return to_item(values)


def profile_values(profile: ClientProfile, updated_at: str) -> dict[str, Any]:
    """Return the attributes of a profile's item; None for a contact stands for none."""
    return {
        "name": profile.name,
        "description": profile.description,
        "contact": profile.contact,
        "tags": profile.tags,
        "updated_at": updated_at,
    }
