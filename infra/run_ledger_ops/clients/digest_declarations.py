"""The digest of a client in the clients' file: read, checked and written."""

from collections.abc import Sequence
from typing import Any

import yaml

from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.digests.digest_rules import (
    AT_ALLOWED,
    DEFAULT_AT,
    DIGEST_EVERY,
    DigestEvery,
    DigestRule,
    sending_time,
)
from run_ledger.domain.exceptions import shown
from run_ledger_ops.clients.nodes import Checker

_KEYS = ("every", "at", "to", "empty")
_EVERY_ALLOWED = f"allowed: {' or '.join(DIGEST_EVERY)}"
_BOOLEANS = {"true": True, "false": False}
_BOOLEAN = "tag:yaml.org,2002:bool"


def read_digest(
    checker: Checker, node: yaml.Node | None, path: str, channels: Sequence[Channel]
) -> DigestRule | None:
    """Return the digest that *node* declares, with complaints to *checker* about what is wrong.

    It goes by those of the client's *channels* that are of the kind mail.
    """
    if node is None:
        return None
    mails = [one.name for one in channels if one.kind == "mail"]
    if not mails:
        checker.add(node, f"{path}: it needs a channel of the kind mail, and none is declared")
    if isinstance(node, yaml.ScalarNode):
        every = _every(checker, node, path)
        return None if every is None else DigestRule(every)
    fields = checker.fields(node, path, _KEYS, ("every",))
    if "every" not in fields:
        return None
    every = _every(checker, fields["every"], f"{path}.every")
    at = _at(checker, fields.get("at"), f"{path}.at")
    to = _to(checker, fields.get("to"), f"{path}.to", mails)
    empty = _boolean(checker, fields.get("empty"), f"{path}.empty")
    return None if every is None else DigestRule(every, at, to, empty)


def digest_as_document(rule: DigestRule) -> dict[str, Any] | str:
    """Return a digest as the file declares it, without what it leaves to the defaults."""
    values: dict[str, Any] = {"every": rule.every}
    if rule.at != DEFAULT_AT:
        values["at"] = rule.at
    if rule.to is not None:
        values["to"] = list(rule.to)
    if rule.empty:
        values["empty"] = True
    return rule.every if len(values) == 1 else values


def digest_text(rule: DigestRule) -> str:
    """Return a digest in one line, such as ``daily at 08:00 UTC to ops``."""
    to = "all mail channels" if rule.to is None else ", ".join(rule.to)
    return f"{rule.every} at {rule.at} to {to}{', on empty days, too' if rule.empty else ''}"


def _every(checker: Checker, node: yaml.Node, path: str) -> DigestEvery | None:
    text = checker.string(node, path)
    every = next((one for one in DIGEST_EVERY if one == text), None)
    if every is None and text is not None:
        checker.add(node, f"{path}: got {shown(text)}; {_EVERY_ALLOWED}")
    return every


def _at(checker: Checker, node: yaml.Node | None, path: str) -> str:
    text = None if node is None else checker.string(node, path)
    if text is None:
        return DEFAULT_AT
    try:
        sending_time(text)
    except ValueError:
        checker.add(node, f"{path}: got {shown(text)}; allowed: {AT_ALLOWED}")
        return DEFAULT_AT
    return text


def _to(
    checker: Checker, node: yaml.Node | None, path: str, mails: Sequence[str]
) -> tuple[str, ...] | None:
    if node is None:
        return None
    found: list[str] = []
    listed = [node] if isinstance(node, yaml.ScalarNode) else checker.members(node, path)
    if not listed:
        checker.add(node, f"{path}: name at least one channel of the kind mail")
    for one in listed:
        name = checker.string(one, path)
        if name is not None and name not in mails:
            allowed = ", ".join(mails)[:200] or "a channel of the kind mail, and none is declared"
            checker.add(one, f"{path}: got {shown(name)}; allowed: {allowed}")
        elif name in found:
            checker.add(one, f"{path}: {name} is there twice")
        elif name is not None:
            found.append(name)
    return tuple(found)


def _boolean(checker: Checker, node: yaml.Node | None, path: str) -> bool:
    if node is None:
        return False
    is_boolean = isinstance(node, yaml.ScalarNode) and node.tag == _BOOLEAN
    if not is_boolean or node.value not in _BOOLEANS:
        checker.add(node, f"{path}: allowed: true or false")
        return False
    return _BOOLEANS[node.value]
