"""Stand-ins for EventBridge, from willing to malicious, and what a ledger makes of their events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


class WillingBus:
    """A bus that takes everything and remembers it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.entries: list[Mapping[str, str]] = []
        self.calls = 0

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Take all entries."""
        self.calls += 1
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "x"} for _ in Entries]}

    @property
    def details(self) -> list[dict[str, Any]]:
        """Return what was taken, in order."""
        return [json.loads(entry["Detail"]) for entry in self.entries]
