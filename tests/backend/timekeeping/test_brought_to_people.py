"""What time decides, brought to people: from what jobs report to mail, text and signed webhook.

The writer's ledger, the teller, its queue and the courier are real; a receiver of this test takes
what comes by HTTP, and mails lie in an outbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from tests.backend.timekeeping.test_budget_sweep import USD
from tests.backend.timekeeping.test_nights_of_changes import CHANGES, NIGHTLY, evening
from tests.backend.timekeeping.test_time_keeper import Stage
from tests.support.dynamo.tables import empty_tables
from tests.support.readers import log_lines
from tests.support.receivers.courier_stage import KEY, CourierStage
from tests.support.receivers.http_receiver import receiver

from run_ledger import courier, logs, teller
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.instants import MICROSECONDS, Instant

TO = ("ops", "chat", "hook")
MISSED = AlertRule("missed", grace_seconds=0, to=TO)
BUDGET = AlertRule("budget", grace_seconds=0, month_microusd=100 * USD, to=TO)
HALF = "50% of 100 USD in 2026-11"
WHY = "costs were corrected, or the budget was changed"
Told = tuple[str, str]
"""A kind of notice, and its first words."""


class People:
    """Who is told by three channels of what a stage's teller decides."""

    def __init__(self, stage: Stage, brought: CourierStage) -> None:
        """Let the teller's queue be the courier's."""
        self.stage, self.brought = stage, brought
        chat, hook = (f"{brought.here.url}/{name}" for name in ("chat", "hook"))
        brought.declare(
            Channel("ops", "mail", ("ops@acme.example",)),
            Channel("chat", "slack", address=chat),
            Channel("hook", "webhook", address=hook, signing_key=f"file:{brought.key}"),
            client_id="client-1",
        )
        stage.teller.deliveries = brought.queue

    def told(self) -> list[Told]:
        """Bring what waits; return its kinds, by the webhooks, with the words of chat and mail.

        The public library verifies each webhook, at the time at which it comes.
        """
        self.brought.now = self.stage.now
        self.brought.take()
        got, outbox = self.brought.here.got, self.brought.folder / "outbox"
        kinds = [
            Webhook(KEY).verify(one.body, dict(one.headers))["type"]
            for one in got
            if one.path.endswith("hook/hook")
        ]
        texts = [one.document["text"] for one in got if one.path.endswith("chat")]
        mails = [
            message_from_bytes(one.read_bytes(), policy=policy.default)
            for one in outbox.glob("*.eml")
        ]
        assert sorted(str(one["Subject"]) for one in mails) == sorted(texts)
        for one in outbox.glob("*.eml"):
            one.unlink()
        got.clear()
        return [*zip(kinds, texts, strict=True)]


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """Give a stage whose handlers find teller and courier."""
    with log_lines.restored(), receiver() as here, empty_tables() as client:
        stage = Stage()
        brought = CourierStage(client, here, tmp_path)

        def begun() -> Any:
            logs.configure("INFO", stage="test", function="courier")
            return brought.courier()

        class Clock(datetime):
            """The clock of who verifies webhooks."""

            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Clock:
                return cls.fromtimestamp(stage.now / MICROSECONDS, tz)

        monkeypatch.setattr("standardwebhooks.webhooks.datetime", Clock)
        monkeypatch.setattr(teller, "_time_keeper", lambda: stage.keeper)
        monkeypatch.setattr(courier, "_courier", begun)
        yield People(stage, brought)


@CHANGES
def test_a_nightly_run_that_is_missed_as_clocks_change(people: People, asked: Instant) -> None:
    """One mail, one text and one webhook say so, and one each that it runs again."""
    evening(people.stage, asked)
    people.stage.declare(NIGHTLY, alerts=(MISSED,))
    people.stage.pass_minutes(15)
    assert people.told() == []
    people.stage.pass_minutes(81)
    assert people.told() == [("incident_opened", "client-1 / nightly did not run")]
    people.stage.report("by-hand", "nightly")
    people.stage.pass_minutes(5)
    assert people.told() == [
        ("incident_closed", "Over: client-1 / nightly runs again"),
    ]


def test_a_budget_that_a_correction_crosses_and_uncrosses(people: People) -> None:
    """What one job is known to have cost goes up and down; 49 USD are not half of the 100."""
    people.stage.declare(alerts=(BUDGET,))
    for usd, told in (
        (49, []),
        (2, [("incident_opened", f"client-1 reached {HALF}")]),
        (-10, [("incident_closed", f"Over: client-1 is below {HALF} again: {WHY}")]),
        (8, []),
        (1, [("incident_opened", f"client-1 reached {HALF}")]),
    ):
        spent = {"cost_microusd": usd * USD}
        people.stage.report("job", "nightly", delta=spent)
        people.stage.pass_minutes(6)
        assert people.told() == told, usd
