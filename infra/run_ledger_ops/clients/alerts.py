"""The rules of the clients' file about what people are told: read, checked and written."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from run_ledger.domain.contract.vocabulary import IDENTIFIER_ALLOWED, is_identifier
from run_ledger.domain.exceptions import shown
from run_ledger.domain.incidents.alert_rules import (
    ALERT_WHATS,
    DEFAULT_GRACE_SECONDS,
    DEFAULT_LAST,
    DEFAULT_RATE_PERCENT,
    FEWEST_LAST,
    LEAST_GROWTH_SECONDS,
    LEAST_REMIND_SECONDS,
    MOST_AFTER,
    MOST_GRACE_SECONDS,
    MOST_GROWTH_SECONDS,
    MOST_LAST,
    MOST_REMIND_SECONDS,
    MOST_TAG_CHARACTERS,
    TIMED_WHATS,
    AlertRule,
    AlertWhat,
)
from run_ledger.domain.incidents.budgets import MICROUSD
from run_ledger.domain.lengths import length_text, seconds_in
from run_ledger.domain.quiet_hours import QUIET_ALLOWED, quiet_hours
from run_ledger_ops.clients.nodes import Checker

MOST_ALERTS = 50
_KEYS = (
    "what",
    "pipeline",
    "project",
    "after",
    "grace",
    "above_percent",
    "last",
    "tag",
    "remind",
    "growth",
    "quiet",
    "to",
    "month_usd",
)
_SHARES: dict[AlertWhat, int] = {"partial": 0, "error_rate": DEFAULT_RATE_PERCENT}
"""The share above which a rule asks if it does not say so itself."""
_OF_JOBS = tuple(what for what in ALERT_WHATS if what not in TIMED_WHATS)
_ONLY: dict[str, Sequence[AlertWhat]] = {
    # A project is due as a whole, and is one.
    "pipeline": tuple(what for what in ALERT_WHATS if what != "overdue"),
    "after": ("failed", "timed_out", "partial", "missed", "late", "too_long", "stalled"),
    # A schedule's grace stands beside the schedule.
    "grace": tuple(what for what in ALERT_WHATS if what not in ("missed", "late")),
    "above_percent": tuple(_SHARES),
    "last": ("error_rate",),
    "growth": ("failed", "timed_out", "partial"),
    "tag": _OF_JOBS,
    "month_usd": ("budget",),
}
"""Keys that say nothing beside some of the words."""


_USD = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?")


class _Lengths(NamedTuple):
    """Which lengths a key takes, in seconds, and which it has without."""

    least: int
    most: int
    otherwise: int
    text: str


_GRACE = _Lengths(
    0,
    MOST_GRACE_SECONDS,
    DEFAULT_GRACE_SECONDS,
    "a length such as 90s, 10m or 2h, at most 24h; 0s tells at once",
)
_TIMED_GRACE = _GRACE._replace(otherwise=0)
"""What time decides has waited long enough."""
_REMIND = _Lengths(
    LEAST_REMIND_SECONDS, MOST_REMIND_SECONDS, 0, "a length such as 4h, from 15m to 168h"
)
_GROWTH = _Lengths(
    LEAST_GROWTH_SECONDS, MOST_GROWTH_SECONDS, 0, "a length such as 30m, from 1m to 24h"
)


STAFF_WHATS = tuple(what for what in ALERT_WHATS if what != "budget")
"""What staff may be told of all clients."""


def read_alerts(
    checker: Checker,
    node: yaml.Node | None,
    path: str,
    channels: Collection[str],
    whats: Sequence[AlertWhat] = ALERT_WHATS,
) -> tuple[AlertRule, ...]:
    """Return the rules that *node* lists, with complaints to *checker* about what is wrong.

    *channels* are the names of the channels which rules may tell; *whats* are what they may be
    about.
    """
    listed = checker.members(node, path)
    if len(listed) > MOST_ALERTS:
        checker.add(
            listed[MOST_ALERTS], f"{path}: {len(listed)} of them; allowed: at most {MOST_ALERTS}"
        )
    rules: list[AlertRule] = []
    for number, member in enumerate(listed, 1):
        rule = _rule(checker, member, f"{path}[{number}]", channels, whats)
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
    parts = _document(rule)
    if rule.to is not None:
        parts["to"] = f"[{', '.join(rule.to)}]"
    return ", ".join(f"{name}: {value}" for name, value in parts.items())


def _rule(
    checker: Checker,
    node: yaml.Node,
    path: str,
    channels: Collection[str],
    whats: Sequence[AlertWhat],
) -> AlertRule | None:
    fields = checker.fields(node, path, _KEYS, ("what",))
    if "what" not in fields:
        return None
    given = checker.string(fields["what"], f"{path}.what")
    what = next((one for one in whats if one == given), None)
    if what is None:
        allowed = f"allowed: {', '.join(whats)}"
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
        _length(checker, fields.get("grace"), f"{path}.grace", _grace_of(what)),
        number("above_percent", 0, 99, _SHARES.get(what, 0)),
        last=number("last", FEWEST_LAST, MOST_LAST, DEFAULT_LAST),
        tag=_tag(checker, fields.get("tag"), f"{path}.tag"),
        remind_seconds=_length(checker, fields.get("remind"), f"{path}.remind", _REMIND),
        growth_seconds=_length(checker, fields.get("growth"), f"{path}.growth", _GROWTH),
        month_microusd=_budget(checker, node, fields, path) if what == "budget" else 0,
        quiet=_quiet(checker, fields.get("quiet"), f"{path}.quiet"),
        to=_told(checker, fields.get("to"), f"{path}.to", channels),
    )


def _told(
    checker: Checker, node: yaml.Node | None, path: str, channels: Collection[str]
) -> tuple[str, ...] | None:
    """Return the channels that a rule names; None where it names none, so that it tells all."""
    if node is None:
        return None
    found: list[str] = []
    for one in checker.members(node, path):
        name = checker.string(one, path)
        if name is not None and name not in channels:
            declared = ", ".join(channels) or "none, as no channels are declared beside it"
            checker.add(one, f"{path}: got {shown(name)}; allowed: {declared[:200]}")
        elif name in found:
            checker.add(one, f"{path}: {name} is there twice")
        elif name is not None:
            found.append(name)
    return tuple(found)


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


def _budget(checker: Checker, node: yaml.Node, fields: Mapping[str, yaml.Node], path: str) -> int:
    """Return a budget in millionths of a US dollar."""
    if "pipeline" in fields and "project" in fields:
        checker.add(node, f"{path}: a budget is that of a pipeline or of a project, not of both")
    given = fields.get("month_usd")
    text = given.value if isinstance(given, yaml.ScalarNode) else ""
    match = _USD.fullmatch(text)
    microusd = int(match[1]) * MICROUSD + int((match[2] or "").ljust(6, "0")) if match else 0
    if not microusd:
        allowed = "a sum in US dollars above 0, such as 500 or 12.5, in whole cents"
        checker.add(given or node, f"{path}.month_usd: allowed: {allowed}")
    return microusd


def _quiet(checker: Checker, node: yaml.Node | None, path: str) -> str | None:
    text = None if node is None else checker.string(node, path)
    if text is None:
        return None
    try:
        quiet_hours(text)
    except ValueError:
        checker.add(node, f"{path}: got {shown(text)}; allowed: {QUIET_ALLOWED}")
        return None
    return text


def _length(checker: Checker, node: yaml.Node | None, path: str, allowed: _Lengths) -> int:
    """Return a length in seconds."""
    text = None if node is None else checker.string(node, path)
    if text is None:
        return allowed.otherwise
    seconds = seconds_in(text)
    if seconds is None or not allowed.least <= seconds <= allowed.most:
        checker.add(node, f"{path}: got {shown(text)}; allowed: {allowed.text}")
        return allowed.otherwise
    return seconds


def _usd(microusd: int) -> int | float | None:
    """Return a budget as the file has it; None for none."""
    whole, rest = divmod(microusd, MICROUSD)
    return (microusd / MICROUSD if rest else whole) or None


def _grace_of(what: AlertWhat) -> _Lengths:
    return _TIMED_GRACE if what in TIMED_WHATS else _GRACE


def _document(rule: AlertRule) -> dict[str, Any]:
    values = {
        "pipeline": rule.pipeline,
        "project": rule.project,
        "tag": rule.tag,
        "after": None if rule.after == 1 else rule.after,
        "grace": _length_text(rule.grace_seconds, _grace_of(rule.what).otherwise),
        "above_percent": None
        if rule.above_percent == _SHARES.get(rule.what, 0)
        else rule.above_percent,
        "last": None if rule.last == DEFAULT_LAST else rule.last,
        "remind": _length_text(rule.remind_seconds, 0),
        "growth": _length_text(rule.growth_seconds, 0),
        "quiet": rule.quiet,
        "month_usd": _usd(rule.month_microusd),
        "to": None if rule.to is None else list(rule.to),
    }
    return {"what": rule.what} | {key: one for key, one in values.items() if one is not None}


def _length_text(seconds: int, otherwise: int) -> str | None:
    """Return a length as the file has it; None for the one that stands for itself."""
    return None if seconds == otherwise else length_text(seconds)
