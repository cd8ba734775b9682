"""People's acts under every fault: each taken act counts once, and what it says holds.

The stream, the tellers, the table and the bus are those of the model of incidents; people act on
incidents meanwhile. Their acts come in any order, again, and to several tellers at once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.backend.store.incidents.test_incident_model import (
    GRACE,
    Environment,
    Telling,
    detail_of,
    notice_id_of,
)
from tests.support.dynamo.tables import NAMES

from run_ledger.domain import instants
from run_ledger.domain.contract.act_events import act_source
from run_ledger.domain.instants import MICROSECONDS, Instant

_numbers = st.integers(0, 40)
_ACT = "act-"


class Acting(Telling):
    """People who act while jobs end and tellers work."""

    def __init__(self) -> None:
        """Start with nothing done."""
        super().__init__()
        self.acts: list[dict[str, Any]] = []
        self.act_queue: list[int] = []

    @precondition(lambda self: self.rows)
    @rule(
        number=_numbers,
        name=st.sampled_from(("acknowledge", "mute", "unmute", "resolve", "resolve", "note")),
        ago=st.integers(0, 3),
        client=st.sampled_from(("acme", "acme", "acme", "globex")),
    )
    def act(self, number: int, name: str, ago: int, client: str) -> None:
        """Let somebody act on an incident, some seconds ago."""
        row = self.rows[sorted(self.rows)[number % len(self.rows)]]
        if row.scope.pipeline == "fresh":  # Whether an error of it is new, tellers may differ.
            return
        at = instants.text(Instant(self.now - ago * MICROSECONDS))
        said = {"event_id": f"{_ACT}{len(self.acts)}", "client_id": client, "act": name}
        said |= {"incident_id": row.incident_id, "occurred_at": at}
        if name in ("mute", "note"):
            said["text"] = "known"
        if name == "mute":
            said["until"] = instants.text(Instant(self.now + GRACE * (number % 3 + 1)))
        self.act_queue.append(len(self.acts))
        self.acts.append(said)

    @precondition(lambda self: self.acts)
    @rule(number=_numbers)
    def say_again(self, number: int) -> None:
        """Let an act come once more."""
        self.act_queue.append(number % len(self.acts))

    @precondition(lambda self: self.act_queue and self.idle)
    @rule(number=_numbers, length=st.integers(1, 3))
    def deliver_acts(self, number: int, length: int) -> None:
        """Give acts to an idle teller."""
        first = number % len(self.act_queue)
        self.invoke_acts(self.idle[number % len(self.idle)], self.act_queue[first : first + length])

    def invoke_acts(self, environment: Environment, numbers: list[int]) -> None:
        """Start an invocation with acts of the queue."""
        given = list(dict.fromkeys(numbers))
        environment.records = [f"{_ACT}{number}" for number in given]
        messages = [
            {"messageId": f"{_ACT}{one}", "body": _message(self.acts[one])} for one in given
        ]
        records = [{**one, "eventSource": "aws:sqs"} for one in messages]
        self.run(environment, {"Records": records})

    def take_report(self, environment: Environment) -> None:
        """Take off the queue the acts that an invocation has taken; of ends, see the model."""
        is_acts = bool(environment.records) and environment.records[0].startswith(_ACT)
        if not is_acts or environment.writer.is_working or environment.writer.error is not None:
            super().take_report(environment)
            return
        failed = {one["itemIdentifier"] for one in environment.writer.result["batchItemFailures"]}
        assert failed <= set(environment.records)
        for record in environment.records:
            number = int(record.removeprefix(_ACT))
            if record not in failed and number in self.act_queue:
                self.act_queue.remove(number)

    def deliver_the_rest(self) -> None:
        """Give all acts that are left, then all ends, and then all acts once more."""
        self.let_all_end()
        while len(self.late):
            self.late.land(0)
        self.bus.moods.clear()
        if self.act_queue:
            self.invoke_acts(self.environments[0], self.act_queue)
            self.let_all_end()
        super().deliver_the_rest()
        if self.acts:
            told = len(self.bus.taken)
            self.invoke_acts(self.environments[0], list(range(len(self.acts))))
            self.let_all_end()
            assert len(self.bus.taken) == told, "a repeated act is told of no more"

    def assert_told_what_is_wrong(self) -> None:
        """Assert that each act was taken once or rejected, and is told once if it was taken."""
        super().assert_told_what_is_wrong()
        told = {notice_id_of(entry): detail_of(entry) for entry in self.bus.taken}
        acts = [one for one in told.values() if one["act"]]
        assert Counter(one["act"]["event_id"] for one in acts) == Counter(self.taken())
        said = {one["event_id"]: one for one in self.acts}
        for one in acts:
            assert said[one["act"]["event_id"]]["incident_id"] == one["incident_id"]
            assert said[one["act"]["event_id"]]["client_id"] == "acme"
        turns = [turn.event_id for row in self.rows.values() for turn in row.history]
        assert Counter(filter(None, turns)) == Counter(self.taken())
        assert not any(row.answers.is_muted for row in self.rows.values() if not row.closed_at)

    def taken(self) -> set[str]:
        """Return the ids of the acts that were taken; each of the others was rejected."""
        items = self.store.items(NAMES.incidents)
        taken = {one["sk"]["S"] for one in items if one["pk"]["S"].startswith("act#")}
        rejections = [one for one in self.store.items(NAMES.rejections) if "raw" in one]
        rejected = {json.loads(one["raw"]["S"])["detail"]["event_id"] for one in rejections}
        assert {one["event_id"] for one in self.acts} == taken | rejected
        return taken

    def resolved(self) -> dict[tuple[str, str | None], int]:
        """Return when each cause was resolved last."""
        found: dict[tuple[str, str | None], int] = {}
        taken = self.taken()
        for one in self.acts:
            if one["act"] == "resolve" and one["event_id"] in taken:
                row = self.rows[one["incident_id"]]
                cause = (row.scope.pipeline, row.key.fingerprint)
                found[cause] = max(found.get(cause, 0), instants.parse(one["occurred_at"]))
        return found


def _message(detail: Mapping[str, Any]) -> str:
    outer = {"id": "bus-id", "detail-type": "incident_update"}
    source = act_source(str(detail["client_id"]))
    return json.dumps({**outer, "source": source, "time": "2026-11-22T14:15:00Z", "detail": detail})


TestActing = Acting.TestCase
TestActing.settings = settings(stateful_step_count=40)
