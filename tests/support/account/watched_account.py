"""An account whose jobs are followed into a ledger in memory: events, looks, and what it has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.dynamo.querying import Querying
from tests.support.dynamo.stand_in import Dynamo
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import envelope
from tests.support.readers.ledgers import (
    NOW,
    assert_balanced,
    empty_store,
    make_ledger,
    post,
    rejections,
    stored_jobs,
)
from tests.support.readers.reporting import StandInBus

from run_ledger.aws_jobs.aws_account import AccountServices
from run_ledger.aws_jobs.follower import Follower, FollowReport, Means, Message
from run_ledger.aws_jobs.reconciler import Reconciler, ReconcileReport
from run_ledger.domain.aws_jobs.job_rules import AwsJobRule, Owned
from run_ledger.domain.instants import Instant
from run_ledger.domain.state.job import Job
from run_ledger.doors.event_bus import Bus

from .recorded_services import RecordedAccount

REGION, ACCOUNT = "us-east-1", "123456789012"
PLACE = f"{REGION}:{ACCOUNT}"
Event = Mapping[str, Any]


def rule(client_id: str = "acme", **more: Any) -> Owned:
    """Return a rule of a client: about all state machines that begin with ``orders``, or others."""
    selector = next((name for name in more if name in SELECTABLE), None)
    about = {"selector": "state_machine", "pattern": "orders*"}
    if selector is not None:
        about = {"selector": selector, "pattern": more.pop(selector)}
    return Owned(client_id, AwsJobRule(**{"project": "catalogue", **about, **more}))


SELECTABLE = (
    *("state_machine", "batch_queue", "batch_definition", "glue_job"),
    *("ecs_family", "ecs_group", "bedrock_job"),
)


@dataclass
class WatchedAccount:
    """The account, its rules, the bus and the ledger behind it."""

    rules: Sequence[Owned]
    services: RecordedAccount = field(default_factory=RecordedAccount)
    now: int = NOW
    bus: StandInBus = field(default_factory=StandInBus)
    store: Dynamo = field(default_factory=empty_store)

    def __post_init__(self) -> None:
        """Make follower and reconciler, as an instance of the function has."""
        client: Any = Querying(self.store)
        means = Means(
            rules=lambda: self.rules,
            account=AccountServices(self.services.client, PLACE),
            bus=Bus(self.bus, "bus"),
            jobs=(client, NAMES.jobs),
            place=PLACE,
            now=lambda: Instant(self.now),
        )
        self.follower = Follower(means)
        self.reconciler = Reconciler(means)
        self._posted = 0

    def follow(self, *events: Event | str, seconds: float = 60.0) -> FollowReport:
        """Hand over events of AWS, as the queue does, and let the ledger take what comes of it."""
        bodies = [one if isinstance(one, str) else json.dumps(one) for one in events]
        messages = [Message(f"m{number}", body) for number, body in enumerate(bodies)]
        report = self.follower.follow(messages, lambda: seconds)
        self.post()
        return report

    def reconcile(self, seconds: float = 60.0) -> ReconcileReport:
        """Look at recent jobs, and let the ledger take what comes of it."""
        report = self.reconciler.reconcile(lambda: seconds)
        self.post()
        return report

    def post(self) -> None:
        """Give the ledger what the bus has taken since."""
        new = self.bus.entries[self._posted :]
        self._posted = len(self.bus.entries)
        envelopes = [
            envelope(json.loads(one["Detail"]), detail_type=one["DetailType"], source=one["Source"])
            for one in new
        ]
        report = post(make_ledger(self.store), envelopes)
        assert not report.failed_message_ids
        assert [one.message for one in rejections(self.store)] == []

    @property
    def jobs(self) -> dict[str, Job]:
        """Return the ledger's jobs by their names; each is what a recount of its entries gives."""
        assert_balanced(self.store)
        return {str(one.job.latest("name")): one.job for one in stored_jobs(self.store).values()}

    @property
    def details(self) -> list[dict[str, Any]]:
        """Return the details of all events that the bus has taken."""
        return [json.loads(one["Detail"]) for one in self.bus.entries]
