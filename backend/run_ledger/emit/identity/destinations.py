"""Where events belong: a bus in one account and region, behind one address.

The account is known without asking anybody: from the ARN of the bus, from what the AWS SDK says of
its credentials, or from the instance whose role they are. Else the id of the access key stands for
it: the same key is the same account, another key may be another one. Nothing is guessed: events
whose account can't be told stay where they are until somebody says so.

Before the SDK has made its client, nobody knows all that. Until then events lie in a folder that is
named after the *evidence*: all settings and files of AWS from which the SDK will find it out. Where
the evidence is the same, so is the destination.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from run_ledger.emit.identity.environment import BusTarget

DESCRIPTION = "target.json"
_VERSION = 2
_NOT_IN_FOLDERS = re.compile(r"[^A-Za-z0-9._:-]")
_MOST_NAME = 60
_INSTANCE = Path("/sys/devices/virtual/dmi/id/board_asset_tag")  # as EC2 documents it
_KEY_MARK = "key:"
_GIVEN_CLIENT = "client"  # stands for the account where a client of another make is given


class Destination(Struct, frozen=True):
    """Where the events of one spool belong, as its folder says."""

    bus: str
    """Its name or ARN, as it is called."""
    region: str | None = None
    endpoint_url: str | None = None
    source: str = ""
    account: str | None = None
    """The number of the account, or what stands for it; None where it is not known."""
    version: int = 1
    """How much the folder says: those of version 1 do not say all."""

    @property
    def target(self) -> BusTarget:
        """Return what to call."""
        return BusTarget(self.bus, self.region, self.endpoint_url, self.source)

    @property
    def place(self) -> tuple[str, str | None, str | None, str | None]:
        """Return what makes two destinations the same one: name, account, region, address."""
        return (_short_name(self.bus), self.account, self.region, self.endpoint_url)

    @property
    def is_known(self) -> bool:
        """Return whether it is known to the last part."""
        return self.version >= _VERSION and None not in self.place

    @property
    def account_is_a_stand_in(self) -> bool:
        """Return whether another one may stand for the same account."""
        return self.account == _GIVEN_CLIENT or str(self.account).startswith(_KEY_MARK)

    def may_be(self, other: Destination) -> bool:
        """Return whether events for *other* may belong here: nothing that is known says no."""
        here, there = self.place, other.place
        if other.is_known and not other.account_is_a_stand_in:
            return here == there
        differs = [
            known is not None and known != ours for known, ours in zip(there, here, strict=True)
        ]
        return not (differs[0] or differs[2] or differs[3])


class SpoolPlan(Struct, frozen=True):
    """The folders of one ledger's spool, before and after its destination is known."""

    roots: list[Path]
    """Below which the folders lie; the first one that can be written to is used."""
    target: BusTarget
    evidence: str
    """Stands for all from which the SDK finds out the destination."""

    @property
    def first(self) -> Destination:
        """Return what is known of the destination at first."""
        target = self.target
        return Destination(
            target.bus, target.region, target.endpoint_url, target.source, version=_VERSION
        )

    @property
    def first_folders(self) -> list[Path]:
        """Return where events are put while the destination is not known."""
        name = _folder_name(self.target.bus, [self.evidence])
        return [root / f"{name}.unknown" for root in self.roots]

    def folders(self, destination: Destination) -> list[Path]:
        """Return where events for *destination* are put."""
        name = _folder_name(destination.bus, [part or "" for part in destination.place])
        return [root / name for root in self.roots]


def destination_of(target: BusTarget, client: object, credentials: object) -> Destination:
    """Return where *client*, the SDK's or one like it, sends the events for *target*.

    *credentials* are the SDK's, None for none. Raises whatever they raise when they are fetched.
    """
    meta = getattr(client, "meta", None)
    if meta is None:
        account: str | None = _GIVEN_CLIENT
    else:
        account = _account_of_arn(target.bus) or _account_of(credentials)
    return Destination(
        target.bus,
        getattr(meta, "region_name", None) or target.region or ("" if meta is None else None),
        getattr(meta, "endpoint_url", None)
        or target.endpoint_url
        or ("" if meta is None else None),
        target.source,
        account,
        _VERSION,
    )


def described(folder: Path) -> Destination | None:
    """Return the destination that *folder* says; None where it is no spool's folder."""
    try:
        return msgspec.json.decode((folder / DESCRIPTION).read_bytes(), type=Destination)
    except (OSError, msgspec.MsgspecError):
        return None


def digest_of(parts: Iterable[str | bytes]) -> str:
    """Return ten hex digits that stand for *parts*."""
    digest = hashlib.blake2b(digest_size=5)
    for part in parts:
        content = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(b"%d:" % len(content) + content)
    return digest.hexdigest()


def _folder_name(bus: str, parts: Sequence[str]) -> str:
    name = _NOT_IN_FOLDERS.sub("-", _short_name(bus))[:_MOST_NAME].strip(".")
    return f"{name}-{digest_of(parts)}"


def _short_name(bus: str) -> str:
    """Return the name of a bus, which may be given as ARN."""
    return bus.rpartition("/")[2] if bus.startswith("arn:") else bus


def _account_of_arn(bus: str) -> str | None:
    parts = bus.split(":")
    return parts[4] or None if parts[0] == "arn" and len(parts) > 5 else None  # noqa: PLR2004


def _account_of(credentials: object) -> str | None:
    """Return the account of the SDK's *credentials*, or what stands for it."""
    fetch = getattr(credentials, "get_frozen_credentials", None)
    if fetch is None:
        return None
    frozen = fetch()
    account = getattr(frozen, "account_id", None) or getattr(credentials, "account_id", None)
    if account:
        return str(account)
    if getattr(credentials, "method", None) == "iam-role" and (instance := _instance()):
        return f"instance:{instance}"  # which is in the same account for life
    key = getattr(frozen, "access_key", None)
    return f"{_KEY_MARK}{digest_of([str(key)])}" if key else None


def _instance() -> str | None:
    """Return the id of the EC2 instance that this is; None elsewhere."""
    try:
        text = _INSTANCE.read_text().strip()
    except (OSError, ValueError):
        return None
    return text if text.startswith("i-") else None
