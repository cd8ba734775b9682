"""The ways by which people of a client are told, as the clients' file declares them.

An example: `Channel("chat", "slack", address="arn:aws:ssm:…:parameter/run-ledger/prod/chat")`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, get_args

from msgspec import Struct, structs

from run_ledger.domain.incidents.alert_rules import AlertRule

ChannelKind = Literal["mail", "slack", "teams", "webhook"]
CHANNEL_KINDS: tuple[ChannelKind, ...] = get_args(ChannelKind)
CHANNEL_NAME_ALLOWED = "1 to 32 lower-case letters, digits and hyphens, a letter first"
_CHANNEL_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


class Channel(Struct, frozen=True, omit_defaults=True):
    """One way by which people are told.

    A mail goes to ``recipients``. All others have an ``address``: an https URL, or a reference to
    the secret that is one. ``signing_key`` is the reference to a webhook's key. References are
    empty where they are withheld.
    """

    name: str
    kind: ChannelKind
    recipients: tuple[str, ...] = ()
    address: str = ""
    signing_key: str = ""

    @property
    def references(self) -> dict[str, str]:
        """Return what refers to secrets, by the names of these fields."""
        parts = {"address": self.address, "signing_key": self.signing_key}
        return {name: part for name, part in parts.items() if part and not _is_url(part)}

    def without_references(self) -> Channel:
        """Return what everybody may see who may see the client's configuration."""
        return structs.replace(self, **dict.fromkeys(self.references, ""))


def _is_url(text: str) -> bool:
    return text.startswith(("https://", "http://"))


def is_channel_name(text: str) -> bool:
    """Return whether *text* may name a channel: it is a part of delivery ids."""
    return _CHANNEL_NAME.fullmatch(text) is not None


def with_channels(rule: AlertRule, names: Collection[str]) -> AlertRule:
    """Return *rule* with the channels that it tells, where *names* are all that are declared.

    A rule that names none tells them all; what it names and is not declared any more is left out.
    """
    told = names if rule.to is None else [name for name in rule.to if name in names]
    return structs.replace(rule, to=tuple(told))
