"""The channels of the clients' file, by which people are told: read, checked and written."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from msgspec import structs

from run_ledger.domain.delivery.channels import (
    CHANNEL_KINDS,
    CHANNEL_NAME_ALLOWED,
    Channel,
    ChannelKind,
    is_channel_name,
)
from run_ledger.domain.exceptions import shown
from run_ledger_ops.clients.nodes import Checker
from run_ledger_ops.console.exceptions import OpsError

WITHHELD = "withheld"
MOST_CHANNELS = 20
MOST_RECIPIENTS = 20
_KEYS = (*CHANNEL_KINDS, "signing_key")
_MAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_MAIL_ALLOWED = "an e-mail address, as team@example.com"
_ARN = re.compile(
    r"arn:aws[a-z-]{0,20}:(?:"
    r"secretsmanager:[a-z]{2}[a-z0-9-]{3,30}:[0-9]{12}:secret:run-ledger/[A-Za-z0-9/_+=.@-]{1,500}"
    r"|ssm:[a-z]{2}[a-z0-9-]{3,30}:[0-9]{12}:parameter/run-ledger/[A-Za-z0-9_./-]{1,1000})"
)
_LOCAL = re.compile(r"file:/[^\s]{1,500}")
_LOOPBACK = re.compile(r"http://127\.0\.0\.1(:[0-9]{1,5})?(/[!-~]{0,500})?")
_URL = re.compile(r"https://[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?(/[!-~]{0,1000})?")
_REFERENCE_ALLOWED = (
    "the ARN of a secret in Secrets Manager (arn:aws:secretsmanager:REGION:ACCOUNT:secret:"
    "run-ledger/STAGE/NAME) or of an SSM parameter "
    "(arn:aws:ssm:REGION:ACCOUNT:parameter/run-ledger/STAGE/NAME)"
)
_SECRET_ALLOWED = f"{_REFERENCE_ALLOWED}; what stands here is not repeated, as it may be a secret"
_URL_ALLOWED = f"an https URL, or {_REFERENCE_ALLOWED}"


def read_channels(checker: Checker, node: yaml.Node | None, path: str) -> tuple[Channel, ...]:
    """Return the channels that *node* declares, with complaints to *checker* about the rest."""
    if node is None:
        return ()
    pairs = list(checker.pairs(node, path))
    if len(pairs) > MOST_CHANNELS:
        checker.add(node, f"{path}: {len(pairs)} of them; allowed: at most {MOST_CHANNELS}")
    channels = []
    for key, value in pairs:
        name = checker.string(key, f"{path}: a channel's name")
        if name is None:
            continue
        if not is_channel_name(name):
            checker.add(key, f"{path}: got {shown(name)}; allowed: {CHANNEL_NAME_ALLOWED}")
            continue
        channel = _channel(checker, value, f"{path}.{name}", name)
        if channel is not None:
            channels.append(channel)
    return tuple(channels)


def channels_as_document(channels: Sequence[Channel]) -> dict[str, Any]:
    """Return channels as the file declares them, with `withheld` for references that are absent."""
    return {one.name: dict(_values(one)) for one in channels}


def channel_text(channel: Channel) -> str:
    """Return a channel in one line, without a reference to a secret."""
    if channel.kind == "mail":
        return f"mail to {', '.join(channel.recipients)}"
    return f"{channel.kind} at {channel.without_references().address or 'a secret address'}"


def with_references(channel: Channel, stored: Channel | None) -> Channel:
    """Return *channel* with the stored references where it withholds them.

    Raises OpsError where nothing is stored that could stay as it is.
    """
    kept = stored.references if stored is not None and stored.kind == channel.kind else {}
    filled = structs.replace(
        channel,
        address=channel.address or kept.get("address", ""),
        signing_key=channel.signing_key or kept.get("signing_key", ""),
    )
    is_whole = filled.kind == "mail" or (
        filled.address and (filled.kind != "webhook" or filled.signing_key)
    )
    if not is_whole:
        raise OpsError(
            f"the channel {channel.name} withholds a reference, and there is none yet that could "
            "stay as it is: give its ARN."
        )
    return filled


def is_local_only(channel: Channel) -> bool:
    """Return whether a channel is for a local stack alone: its file, or an address there."""
    parts = (channel.address, channel.signing_key)
    return any(_LOCAL.fullmatch(part) or _LOOPBACK.fullmatch(part) for part in parts)


def _channel(checker: Checker, node: yaml.Node, path: str, name: str) -> Channel | None:
    fields = checker.fields(node, path, _KEYS, ())
    kinds: list[ChannelKind] = [kind for kind in CHANNEL_KINDS if kind in fields]
    if len(kinds) != 1:
        if isinstance(node, yaml.MappingNode):
            checker.add(node, f"{path}: allowed: one of {', '.join(CHANNEL_KINDS)}")
        return None
    (kind,) = kinds
    key = fields.get("signing_key")
    if (key is not None) != (kind == "webhook"):
        checker.add(node, f"{path}: signing_key belongs to a webhook, and each webhook needs one")
    if kind == "mail":
        return Channel(name, kind, _recipients(checker, fields[kind], f"{path}.mail"))
    address = _secret(checker, fields[kind], f"{path}.{kind}", is_webhook=kind == "webhook")
    signing_key = "" if key is None else _reference(checker, key, f"{path}.signing_key")
    return Channel(name, kind, address=address, signing_key=signing_key)


def _recipients(checker: Checker, node: yaml.Node, path: str) -> tuple[str, ...]:
    nodes = [node] if isinstance(node, yaml.ScalarNode) else checker.members(node, path)
    if not 1 <= len(nodes) <= MOST_RECIPIENTS:
        checker.add(node, f"{path}: {len(nodes)} addresses; allowed: 1 to {MOST_RECIPIENTS}")
    found = []
    for one in nodes:
        text = checker.string(one, path)
        if text is not None and not _MAIL.fullmatch(text):
            checker.add(one, f"{path}: got {shown(text)}; allowed: {_MAIL_ALLOWED}")
        elif text in found:
            checker.add(one, f"{path}: {text} is there twice")
        elif text is not None:
            found.append(text)
    return tuple(found)


def _secret(checker: Checker, node: yaml.Node, path: str, *, is_webhook: bool) -> str:
    """Return an address: a reference, or where it needs not be a secret, a URL."""
    text = checker.string(node, path)
    if text in (None, WITHHELD):
        return ""
    fits = _ARN.fullmatch(text) or _LOCAL.fullmatch(text) or _LOOPBACK.fullmatch(text)
    if is_webhook and not fits and _URL.fullmatch(text) and "?" not in text:
        return text
    if not fits:
        allowed = f"{_URL_ALLOWED}, as it may be a secret" if is_webhook else _SECRET_ALLOWED
        checker.add(node, f"{path}: allowed: {allowed}")
    return text


def _reference(checker: Checker, node: yaml.Node, path: str) -> str:
    text = checker.string(node, path)
    if text == WITHHELD:
        return ""
    if text is not None and not (_ARN.fullmatch(text) or _LOCAL.fullmatch(text)):
        checker.add(node, f"{path}: allowed: {_SECRET_ALLOWED}")
    return text or ""


def _values(channel: Channel) -> Iterator[tuple[str, Any]]:
    if channel.kind == "mail":
        yield "mail", list(channel.recipients)
        return
    yield channel.kind, channel.address or WITHHELD
    if channel.kind == "webhook":
        yield "signing_key", channel.signing_key or WITHHELD
