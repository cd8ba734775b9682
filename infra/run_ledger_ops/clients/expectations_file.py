"""The part `expect` of a client in the clients' file: when its pipelines should run."""

from collections.abc import Sequence
from typing import Any

import yaml

from run_ledger.domain.contract.expected_runs import (
    LEAST_EVERY_SECONDS,
    MOST_GRACE_SECONDS,
    MOST_SECONDS,
)
from run_ledger.domain.contract.vocabulary import IDENTIFIER_ALLOWED, is_identifier
from run_ledger.domain.exceptions import shown
from run_ledger.domain.incidents.expectations import (
    DEFAULT_GRACE_SECONDS,
    MOST_EXPECTATIONS,
    Expectation,
)
from run_ledger.domain.lengths import length_text, lengths_allowed, seconds_in
from run_ledger.schedules import ScheduleError, check_cron, zone
from run_ledger_ops.clients.nodes import Checker

_KEYS = ("pipeline", "project", "cron", "timezone", "every", "grace", "max_duration")


def read_expectations(
    checker: Checker, node: yaml.Node | None, path: str
) -> tuple[Expectation, ...]:
    """Return what *node* expects of pipelines, with complaints to *checker* about what is wrong."""
    listed = checker.members(node, path)
    if len(listed) > MOST_EXPECTATIONS:
        text = f"{path}: {len(listed)} of them; allowed: at most {MOST_EXPECTATIONS}"
        checker.add(listed[MOST_EXPECTATIONS], text)
    found: dict[tuple[str, str | None], Expectation] = {}
    for number, member in enumerate(listed, 1):
        one = _Member(checker, f"{path}[{number}]").expectation(member)
        if one is None:
            continue
        about = (one.pipeline, one.project)
        if about in found:
            name = shown(one.pipeline)
            checker.add(member, f"{path}[{number}]: the pipeline {name} stands there before")
        found.setdefault(about, one)
    return tuple(found.values())


def expectations_as_document(expect: Sequence[Expectation]) -> list[dict[str, Any]]:
    """Return expectations as the file declares them, each without what is left to the defaults."""
    return [_document(one) for one in expect]


def expectation_text(one: Expectation) -> str:
    """Return an expectation in one line, such as ``pipeline: nightly, cron: 0 2 * * *``."""
    return ", ".join(f"{name}: {value}" for name, value in _document(one).items())


class _Member:
    """Reads one member of the list."""

    def __init__(self, checker: Checker, path: str) -> None:
        self._checker = checker
        self._path = path

    def expectation(self, node: yaml.Node) -> Expectation | None:
        checker, path = self._checker, self._path
        fields = checker.fields(node, path, _KEYS, ("pipeline",))
        pipeline = self._name(fields.get("pipeline"), "pipeline")
        cron, every = fields.get("cron"), fields.get("every")
        if cron is not None and every is not None:
            checker.add(every, f"{path}.every: not beside cron; give one of them")
        if "timezone" in fields and cron is None:
            checker.add(fields["timezone"], f"{path}.timezone: only beside cron")
        if "grace" in fields and cron is None and every is None:
            checker.add(fields["grace"], f"{path}.grace: only beside cron or every")
        asked = {"cron", "every", "max_duration"} & fields.keys()
        if pipeline is not None and not asked:
            checker.add(node, f"{path}: give cron, every or max_duration; nothing is expected yet")
        if pipeline is None or not asked:
            return None
        grace = self._seconds(fields.get("grace"), "grace", 0, MOST_GRACE_SECONDS)
        return Expectation(
            pipeline,
            self._name(fields.get("project"), "project"),
            self._checked(cron, "cron", check_cron),
            self._checked(fields.get("timezone"), "timezone", zone) or "UTC",
            self._seconds(every, "every", LEAST_EVERY_SECONDS, MOST_SECONDS),
            DEFAULT_GRACE_SECONDS if grace is None else grace,
            self._seconds(fields.get("max_duration"), "max_duration", 1, MOST_SECONDS),
        )

    def _name(self, node: yaml.Node | None, field: str) -> str | None:
        text = None if node is None else self._checker.string(node, f"{self._path}.{field}")
        if text is not None and not is_identifier(text):
            allowed = f"got {shown(text)}; allowed: {IDENTIFIER_ALLOWED}"
            self._checker.add(node, f"{self._path}.{field}: {allowed}")
            return None
        return text

    def _checked(self, node: yaml.Node | None, field: str, check: Any) -> str | None:
        text = None if node is None else self._checker.string(node, f"{self._path}.{field}")
        if text is None:
            return None
        try:
            check(text)
        except ScheduleError as error:
            self._checker.add(node, f"{self._path}.{field}: got {shown(text)}; {error}")
            return None
        return text

    def _seconds(self, node: yaml.Node | None, field: str, low: int, high: int) -> int | None:
        text = None if node is None else self._checker.string(node, f"{self._path}.{field}")
        if text is None:
            return None
        seconds = seconds_in(text)
        if seconds is None or not low <= seconds <= high:
            self._checker.add(
                node,
                f"{self._path}.{field}: got {shown(text)}; allowed: {lengths_allowed(low, high)}",
            )
            return None
        return seconds


def _document(one: Expectation) -> dict[str, Any]:
    values: dict[str, Any] = {"pipeline": one.pipeline}
    if one.project is not None:
        values["project"] = one.project
    if one.cron is not None:
        values["cron"] = one.cron
        if one.timezone != "UTC":
            values["timezone"] = one.timezone
    if one.every_seconds is not None:
        values["every"] = length_text(one.every_seconds)
    if one.grace_seconds != DEFAULT_GRACE_SECONDS:
        values["grace"] = length_text(one.grace_seconds)
    if one.max_duration_seconds is not None:
        values["max_duration"] = length_text(one.max_duration_seconds)
    return values
