"""How a local stack lets its writers take events: few at once, and none while it stops."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from run_ledger_ops.local.machine import writer_feed
from run_ledger_ops.local.machine.cloud import LocalCloud


class Lambda:
    """A Lambda with one mapping, which notes its updates."""

    def __init__(self, **mapping: Any) -> None:
        self.mapping = {"UUID": "m", **mapping}
        self.updates: list[dict[str, Any]] = []

    def list_event_source_mappings(self, FunctionName: str) -> Any:  # noqa: N803
        """Give the mapping."""
        return {"EventSourceMappings": [self.mapping]}

    def update_event_source_mapping(self, **update: Any) -> None:
        """Note an update."""
        self.updates.append(update)


def resume(functions: Lambda) -> list[dict[str, Any]]:
    """Resume the intake and return the updates that this took."""
    writer_feed.resume(cast("LocalCloud", SimpleNamespace(client=lambda _: functions)), "writer")
    return functions.updates


def test_few_writers_are_at_work_at_once() -> None:
    """Two, the least that Lambda's API reference allows for MaximumConcurrency."""
    scaling = {"MaximumConcurrency": 2}
    wanted = {"UUID": "m", "Enabled": True, "ScalingConfig": scaling}
    assert resume(Lambda(State="Enabled", ScalingConfig={"MaximumConcurrency": 8})) == [wanted]
    assert resume(Lambda(State="Disabled", ScalingConfig=scaling)) == [wanted]
    assert resume(Lambda(State="Enabled", ScalingConfig=scaling)) == []
