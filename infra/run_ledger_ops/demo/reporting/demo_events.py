"""An event of the demo and the form in which it goes to the bus."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SOURCE = "run-ledger.demo"
# Raise this when the simulation changes: the ledger would reject known ids with other contents.
GENERATION = 4
TAGS = {"demo": "true", "simulated": "true"}
NAME_PREFIX = "Demo · "


@dataclass(frozen=True, slots=True)
class DemoEvent:
    """One event: when it happened and what it says, as the event contract has it."""

    at: datetime
    detail_type: str
    detail: dict[str, Any]

    def entry(self, bus_name: str) -> dict[str, str]:
        """Return the entry of a PutEvents call that carries this event."""
        return {
            "Source": SOURCE,
            "DetailType": self.detail_type,
            "Detail": json.dumps(self.detail, ensure_ascii=False, separators=(",", ":")),
            "EventBusName": bus_name,
        }


def rfc3339(at: datetime) -> str:
    """Write a time in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
