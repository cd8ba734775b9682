"""Which jobs of AWS's services belong to which client, as the clients' file declares it.

A rule names what runs the job by a pattern: of names, in which ``*`` stands for any characters, or
of ARNs if it begins with ``arn:``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

SELECTORS = (
    "state_machine",
    "batch_queue",
    "batch_definition",
    "glue_job",
    "ecs_family",
    "ecs_group",
    "bedrock_job",
)
"""What a pattern may be about."""


class AwsJobRule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Jobs of one kind that belong to one project of a client.

    ``pipeline`` is the name of what runs them where the rule gives none. ``counters`` are paths
    into an execution's output by the names of counters. With ``map_runs`` the items of a state
    machine's Map runs count as records. Of a task's containers, ``container`` alone decides.
    """

    selector: str
    pattern: str
    project: str
    pipeline: str | None = None
    counters: dict[str, str] = field(default_factory=dict)
    map_runs: bool = False
    container: str | None = None


class Owned(Struct, frozen=True):
    """A rule, and the client that it is declared for."""

    client_id: str
    rule: AwsJobRule


class JobOwner(Struct, frozen=True):
    """Whose a job is: ``found`` is None where no rule is about it, or where several clients are.

    ``rivals`` are the clients whose rules are about it where there is more than one: then the job
    is nobody's, as nothing may be shown to the wrong client.
    """

    found: Owned | None
    rivals: tuple[str, ...] = ()


Names = Mapping[str, Sequence[str]]
"""What patterns are held against: the names and ARNs of a job, by selector."""


def matches(pattern: str, name: str) -> bool:
    """Return whether *name* is one that *pattern* is about; this takes time as their lengths."""
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    *middle, last = rest
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        at = name.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def is_about(rule: AwsJobRule, names: Names) -> bool:
    """Return whether a rule is about the job that has these names and ARNs."""
    is_arn = rule.pattern.startswith("arn:")
    return any(
        matches(rule.pattern, name)
        for name in names.get(rule.selector, ())
        if name.startswith("arn:") == is_arn
    )


def owner_of(rules: Iterable[Owned], names: Names) -> JobOwner:
    """Return whose a job is: of one client's rules, the first that is about it counts."""
    found: dict[str, Owned] = {}
    for owned in rules:
        if is_about(owned.rule, names):
            found.setdefault(owned.client_id, owned)
    if len(found) > 1:
        return JobOwner(None, tuple(sorted(found)))
    return JobOwner(next(iter(found.values()), None))
