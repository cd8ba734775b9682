"""The rules of the clients' file about what people are told: read, checked and written."""

import re
from collections.abc import Sequence
from typing import Any

import yaml

from run_ledger.domain.contract.vocabulary import IDENTIFIER_ALLOWED, is_identifier
from run_ledger.domain.exceptions import shown
from run_ledger.domain.incidents.alert_rules import (
    ALERT_WHATS,
    DEFAULT_GRACE_SECONDS,
    DEFAULT_LAST,
    DEFAULT_RATE_PERCENT,
    FEWEST_LAST,
    MOST_AFTER,
    MOST_GRACE_SECONDS,
    MOST_LAST,
    MOST_TAG_CHARACTERS,
    AlertRule,
    AlertWhat,
)
from run_ledger_ops.clients.nodes import Checker

MOST_ALERTS = 50
_KEYS = ("what", "pipeline", "project", "after", "grace", "above_percent", "last", "tag")
_SHARES: dict[AlertWhat, int] = {"partial": 0, "error_rate": DEFAULT_RATE_PERCENT}
"""The share above which a rule asks if it does not say so itself."""
_ONLY: dict[str, Sequence[AlertWhat]] = {
    "after": ("failed", "timed_out", "partial"),
    "above_percent": tuple(_SHARES),
    "last": ("error_rate",),
}
"""Keys that say nothing beside some of the words."""
_LENGTH = re.compile(r"([0-9]{1,6})([smh])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600}
_GRACE_ALLOWED = "a length such as 90s, 10m or 2h, at most 24h; 0s tells at once"


def read_alerts(checker: Checker, node: yaml.Node | None, path: str) -> tuple[AlertRule, ...]:
    """Return the rules that *node* lists, with complaints to *checker* about what is wrong."""
    listed = checker.members(node, path)
    if len(listed) > MOST_ALERTS:
        checker.add(
            listed[MOST_ALERTS], f"{path}: {len(listed)} of them; allowed: at most {MOST_ALERTS}"
        )
    rules: list[AlertRule] = []
    for number, member in enumerate(listed, 1):
        rule = _rule(checker, member, f"{path}[{number}]")
        if rule in rules:
            checker.add(member, f"{path}[{number}]: the same stands there before")
        elif rule is not None:
            rules.append(rule)
    return tuple(rules)


def alerts_as_document(alerts: Sequence[AlertRule]) -> list[dict[str, Any]]:
    """Return rules as the file declares them, each without what it leaves to the defaults."""
    return [_document(rule) for rule in alerts]


def alert_text(rule: AlertRule) -> str:
    """Return a rule in one line, such as ``what: failed, pipeline: nightly, after: 3``."""
    return ", ".join(f"{name}: {value}" for name, value in _document(rule).items())


def _rule(checker: Checker, node: yaml.Node, path: str) -> AlertRule | None:
    fields = checker.fields(node, path, _KEYS, ("what",))
    if "what" not in fields:
        return None
    given = checker.string(fields["what"], f"{path}.what")
    what = next((one for one in ALERT_WHATS if one == given), None)
    if what is None:
        allowed = f"allowed: {', '.join(ALERT_WHATS)}"
        if given is not None:
            checker.add(fields["what"], f"{path}.what: got {shown(given)}; {allowed}")
        return None
    for key, value in fields.items():
        if what not in _ONLY.get(key, ALERT_WHATS):
            checker.add(value, f"{path}.{key}: only beside what: {', '.join(_ONLY[key])}")

    def number(key: str, low: int, high: int, otherwise: int) -> int:
        if key not in fields:
            return otherwise
        return checker.whole_number(fields[key], f"{path}.{key}", low, high)

    return AlertRule(
        what,
        _name(checker, fields.get("pipeline"), f"{path}.pipeline"),
        _name(checker, fields.get("project"), f"{path}.project"),
        number("after", 1, MOST_AFTER, 1),
        _grace(checker, fields.get("grace"), f"{path}.grace"),
        number("above_percent", 0, 99, _SHARES.get(what, 0)),
        last=number("last", FEWEST_LAST, MOST_LAST, DEFAULT_LAST),
        tag=_tag(checker, fields.get("tag"), f"{path}.tag"),
    )


def _name(checker: Checker, node: yaml.Node | None, path: str) -> str | None:
    text = None if node is None else checker.string(node, path)
    if text is not None and not is_identifier(text):
        checker.add(node, f"{path}: got {shown(text)}; allowed: {IDENTIFIER_ALLOWED}")
        return None
    return text


def _tag(checker: Checker, node: yaml.Node | None, path: str) -> str | None:
    text = None if node is None else checker.string(node, path)
    if text is not None and (":" not in text[1:] or len(text) > MOST_TAG_CHARACTERS):
        checker.add(
            node,
            f"{path}: got {shown(text)}; allowed: a tag's name, a colon and its value, such as "
            f"team:search, at most {MOST_TAG_CHARACTERS} characters",
        )
        return None
    return text


def _grace(checker: Checker, node: yaml.Node | None, path: str) -> int:
    """Return a length in seconds."""
    text = None if node is None else checker.string(node, path)
    if text is None:
        return DEFAULT_GRACE_SECONDS
    match = _LENGTH.fullmatch(text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else MOST_GRACE_SECONDS + 1
    if seconds > MOST_GRACE_SECONDS:
        checker.add(node, f"{path}: got {shown(text)}; allowed: {_GRACE_ALLOWED}")
        return DEFAULT_GRACE_SECONDS
    return seconds


def _document(rule: AlertRule) -> dict[str, Any]:
    values: dict[str, Any] = {"what": rule.what}
    if rule.pipeline is not None:
        values["pipeline"] = rule.pipeline
    if rule.project is not None:
        values["project"] = rule.project
    if rule.tag is not None:
        values["tag"] = rule.tag
    if rule.after != 1:
        values["after"] = rule.after
    if rule.grace_seconds != DEFAULT_GRACE_SECONDS:
        values["grace"] = _length(rule.grace_seconds)
    if rule.above_percent != _SHARES.get(rule.what, 0):
        values["above_percent"] = rule.above_percent
    if rule.last != DEFAULT_LAST:
        values["last"] = rule.last
    return values


def _length(seconds: int) -> str:
    unit = next(unit for unit in "hms" if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"
