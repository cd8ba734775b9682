"""A bus for models of what is told: it takes, refuses, or does not answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.dynamo import faults


class TakingBus:
    """A bus that takes, refuses for the moment, or takes and does not answer, as it is told."""

    def __init__(self) -> None:
        """Begin with nothing taken."""
        self.taken: list[dict[str, Any]] = []
        self.moods: list[str] = []

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Take entries by the next mood."""
        mood = self.moods.pop(0) if self.moods else "willing"
        if mood == "busy":
            return {"Entries": [{"ErrorCode": "ThrottlingException"} for _ in Entries]}
        self.taken += [dict(entry) for entry in Entries]
        if mood == "silent":
            return faults.timed_out_before(None)  # type: ignore[arg-type]
        return {"Entries": [{"EventId": "e"} for _ in Entries]}
