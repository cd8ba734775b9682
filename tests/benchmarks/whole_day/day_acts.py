"""What people do about incidents on a day, and what must be seen of that afterwards."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

from tests.support.events import builders

from .day_incidents import Cause, Incidents, microseconds

ACTS = ("mute", "resolve", "acknowledge")
NAMES = {"resolve": "Rosa", "acknowledge": "Ada", "mute": "Mo"}


class People:
    """Those who act: each time on an open incident on which nobody has acted."""

    def __init__(self, dice: random.Random, incidents: Incidents) -> None:
        """Let what they resolve be closed among *incidents*, which are those of clients."""
        self.done: dict[str, str] = {}
        """Which act each incident has seen, by its id."""
        self._dice = dice
        self._incidents = incidents
        self._acts = cycle(ACTS)

    def act(
        self,
        shown: Sequence[dict[str, Any]],
        cause_of: Callable[[dict[str, Any]], Cause],
        moment: str,
    ) -> str | None:
        """Act on one of the incidents that are *shown* as open; return the event, if any is left.

        An act comes to the ledger at once, at *moment*.
        """
        left = [one for one in shown if one["incident_id"] not in self.done]
        if not left:
            return None
        one, act = self._dice.choice(left), next(self._acts)
        self.done[one["incident_id"]] = act
        if act == "resolve":
            self._incidents.resolve(cause_of(one), microseconds(moment))
        detail = {
            "incident_id": one["incident_id"],
            "client_id": one["client_id"],
            "act": act,
            "event_id": f"act-{one['incident_id']}",
            "occurred_at": moment,
            "by": {"id": f"id-{act}", "name": NAMES[act]},
        }
        if act == "mute":
            detail |= {"text": "it is known", "until": "2026-12-24T00:00:00Z"}
        source = f"run-ledger/act/{one['client_id']}"
        return builders.text(
            builders.envelope(detail, detail_type="incident_update", time=moment, source=source)
        )
