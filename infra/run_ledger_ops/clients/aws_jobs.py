"""The part `aws_jobs` of a client in the clients' file: which jobs of AWS's services are its."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from run_ledger.domain.aws_jobs.job_rules import SELECTORS, AwsJobRule
from run_ledger.domain.aws_jobs.output_counters import PATH_ALLOWED, steps_of
from run_ledger.domain.aws_jobs.sighting_updates import ITEM_COUNTERS
from run_ledger.domain.contract.vocabulary import (
    IDENTIFIER_ALLOWED,
    MAX_DELTAS_PER_EVENT,
    is_identifier,
)
from run_ledger.domain.exceptions import shown
from run_ledger.store.items.client_items import ClientRecord
from run_ledger_ops.clients.nodes import Checker

MOST_RULES = 100
_MACHINE, _TASKS = "state_machine", ("ecs_family", "ecs_group")
_OPTIONS = ("project", "pipeline", "counters", "map_runs", "container")
_PATTERN = re.compile(r"[!-~]{1,256}")
_PATTERN_ALLOWED = (
    "a name or an ARN of 1 to 256 visible ASCII characters, in which * stands for any others, and "
    "which is more than *"
)
_COUNTER = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CONTAINER = re.compile(r"[A-Za-z0-9_-]{1,255}")


def aws_job_rules(checker: Checker, node: yaml.Node | None, path: str) -> tuple[AwsJobRule, ...]:
    """Return the rules that *node* declares; *checker* takes what is wrong with it."""
    members = checker.members(node, path)
    if len(members) > MOST_RULES:
        text = f"{path}: {len(members)} of them; allowed: at most {MOST_RULES}"
        checker.add(members[MOST_RULES], text)
    rules: dict[tuple[str, str], AwsJobRule] = {}
    for number, member in enumerate(members, 1):
        rule = _Rule(checker, member, f"{path}[{number}]").read()
        if rule is None:
            continue
        about = (rule.selector, rule.pattern)
        if about in rules:
            checker.add(member, f"{path}: {rule.selector} {shown(rule.pattern)} is there twice")
        rules.setdefault(about, rule)
    return tuple(rules.values())


def shared_patterns(records: Iterable[ClientRecord]) -> Iterator[str]:
    """Give a complaint of each pattern that several clients declare: no job may be of two."""
    owners: dict[tuple[str, str], str] = {}
    for record in records:
        for rule in record.aws_jobs:
            first = owners.setdefault((rule.selector, rule.pattern), record.client_id)
            if first != record.client_id:
                yield (
                    f"{record.client_id}.aws_jobs: {rule.selector} {shown(rule.pattern)} is "
                    f"declared for {first}, too; allowed: for one client"
                )


def aws_job_document(rule: AwsJobRule) -> dict[str, Any]:
    """Return a rule as the file has it."""
    values: dict[str, Any] = {
        rule.selector: rule.pattern,
        "project": rule.project,
        "pipeline": rule.pipeline,
        "counters": dict(rule.counters),
        "map_runs": rule.map_runs,
        "container": rule.container,
    }
    return {name: value for name, value in values.items() if value}


class _Rule:
    """One member of the list."""

    def __init__(self, checker: Checker, node: yaml.Node, path: str) -> None:
        self._checker, self._node, self._path = checker, node, path
        self._fields = checker.fields(node, path, (*SELECTORS, *_OPTIONS), ("project",))

    def read(self) -> AwsJobRule | None:
        """Return the rule, None after a complaint that leaves none."""
        chosen = [name for name in SELECTORS if name in self._fields]
        if len(chosen) != 1:
            if isinstance(self._node, yaml.MappingNode):
                allowed = ", ".join(SELECTORS)
                self._complain(self._node, "", f"give one of {allowed}, and only one")
            return None
        selector = chosen[0]
        pattern = self._matching(selector, _PATTERN, _PATTERN_ALLOWED)
        if pattern is not None and not pattern.strip("*"):
            self._complain(self._fields[selector], selector, f"allowed: {_PATTERN_ALLOWED}")
        self._only_beside("counters", selector, (_MACHINE,))
        self._only_beside("map_runs", selector, (_MACHINE,))
        self._only_beside("container", selector, _TASKS)
        counters, map_runs = self._counters(), self._is_yes("map_runs")
        for name in sorted(counters.keys() & ITEM_COUNTERS) if map_runs else ():
            text = "map_runs counts it, too; allowed: one of the two, or it would count twice"
            self._complain(self._fields["counters"], f"counters.{name}", text)
        return AwsJobRule(
            selector=selector,
            pattern=pattern or "",
            project=self._identifier("project") or "",
            pipeline=self._identifier("pipeline"),
            counters=counters,
            map_runs=map_runs,
            container=self._matching(
                "container", _CONTAINER, "1 to 255 of the characters A-Z a-z 0-9 _ -"
            ),
        )

    def _counters(self) -> dict[str, str]:
        node, counters = self._fields.get("counters"), {}
        if node is None:
            return {}
        pairs = list(self._checker.pairs(node, f"{self._path}.counters"))
        if len(pairs) > MAX_DELTAS_PER_EVENT:
            text = f"{len(pairs)} of them; allowed: at most {MAX_DELTAS_PER_EVENT}"
            self._complain(node, "counters", text)
        for key, value in pairs:
            name = self._checker.string(key, f"{self._path}.counters: a counter's name")
            place = self._checker.string(value, f"{self._path}.counters.{shown(name)}")
            if name is not None and not _COUNTER.fullmatch(name):
                allowed = "a small letter, then at most 39 small letters, digits and _"
                self._complain(key, "counters", f"got {shown(name)}; allowed: {allowed}")
            elif name is not None and place is not None and steps_of(place) is None:
                self._complain(value, f"counters.{name}", f"allowed: {PATH_ALLOWED}")
            elif name is not None and place is not None:
                counters[name] = place
        return counters

    def _is_yes(self, name: str) -> bool:
        node = self._fields.get(name)
        is_scalar = isinstance(node, yaml.ScalarNode)
        said = node.value.lower() if is_scalar and node is not None else None
        if node is not None and said not in ("yes", "no", "true", "false"):
            self._complain(node, name, "allowed: yes or no")
        return said in ("yes", "true")

    def _identifier(self, name: str) -> str | None:
        node = self._fields.get(name)
        text = None if node is None else self._checker.string(node, f"{self._path}.{name}")
        if text is not None and not is_identifier(text):
            self._complain(node, name, f"got {shown(text)}; allowed: {IDENTIFIER_ALLOWED}")
        return text

    def _matching(self, name: str, form: re.Pattern[str], allowed: str) -> str | None:
        node = self._fields.get(name)
        text = None if node is None else self._checker.string(node, f"{self._path}.{name}")
        if text is not None and not form.fullmatch(text):
            self._complain(node, name, f"allowed: {allowed}")
        return text

    def _only_beside(self, name: str, selector: str, allowed: tuple[str, ...]) -> None:
        if name in self._fields and selector not in allowed:
            self._complain(self._fields[name], name, f"only beside {' or '.join(allowed)}")

    def _complain(self, node: yaml.Node | None, name: str, text: str) -> None:
        self._checker.add(node, f"{self._path}{f'.{name}' if name else ''}: {text}")
