"""Staff's rules over all clients: judged beside each client's own, told by staff's channels."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backend.store.incidents.test_teller import FAILED, Stage, begun_stage
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.tables import NAMES

from run_ledger.acts import ActTaker
from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.domain.contract.act_events import act_source
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.incidents.alert_rules import STAFF, AlertRule, Family, IncidentScope
from run_ledger.domain.incidents.drift import DRIFT_SCOPE, Drifting
from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.instants import Instant
from run_ledger.store.clients.alert_reads import read_alert_rules
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.incidents.incident_items import scope_key, scope_of
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.items.client_items import alert_values, channel_values
from run_ledger.store.posting.rejections import RejectionStore

AT_ONCE = AlertRule("failed", grace_seconds=0)


class Queue:
    """The queue of deliveries, in memory."""

    def __init__(self) -> None:
        """Begin empty."""
        self.bodies: list[dict[str, Any]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        """Take messages, as SQS."""
        assert QueueUrl == "queue"
        self.bodies += [json.loads(one["MessageBody"]) for one in Entries]
        return {"Successful": [{"Id": one["Id"]} for one in Entries]}

    @property
    def heard(self) -> list[tuple[str, str, str]]:
        """Return whose channel hears what."""
        return [(one["client_id"], one["channel"], one["kind"][9:]) for one in self.bodies]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Give a stage whose teller the handler finds."""
    with begun_stage() as made:
        yield made


@pytest.fixture
def queue(stage: Stage) -> Queue:
    """Give the queue that the stage's teller fills."""
    made = Queue()
    stage.teller.deliveries = DeliveryQueue(lambda: made, "queue")
    return made


def declare(stage: Stage, owner: str, channels: Sequence[str], *rules: AlertRule) -> None:
    """Let a client, or staff, have channels and rules."""
    kept = channel_values([Channel(name, "mail", ("a@b.example",)) for name in channels])
    profile = {"pk": owner, "sk": "profile", "alerts": alert_values(rules), **kept}
    values = {name: value for name, value in profile.items() if value}
    stage.store.client().put_item(TableName=NAMES.clients, Item=to_item(values))


def fail(stage: Stage, job_id: str, minute: int, **fields: Any) -> None:
    """Let a job fail, and the teller hear of it."""
    stage.report(job_id, minute, **{**FAILED, **fields})
    assert stage.deliver() == []


def succeed(stage: Stage, job_id: str, minute: int) -> None:
    """Let a job succeed, and the teller hear of it."""
    stage.report(job_id, minute, status="completed", result="succeeded")
    assert stage.deliver() == []


def test_staff_hear_of_a_client_without_rules(stage: Stage, queue: Queue) -> None:
    """By their own channels; the incident is the client's, and says that staff's rule asked."""
    declare(stage, STAFF, ["desk"], AT_ONCE)
    fail(stage, "a", 1)
    succeed(stage, "b", 2)
    assert queue.heard == [(STAFF, "desk", "opened"), (STAFF, "desk", "closed")]
    ((_, opened), (_, closed)) = stage.told
    assert (opened["client_id"], opened["of_staff"]) == ("client-1", True)
    assert opened["incident_id"] == closed["incident_id"]


def test_each_is_told_once_by_their_own_channels(stage: Stage, queue: Queue) -> None:
    """Also where channels have the same name; by two incidents, which close together."""
    declare(stage, STAFF, ["ops"], AT_ONCE)
    declare(stage, "client-1", ["ops", "chat"], AT_ONCE)
    fail(stage, "a", 1)
    assert stage.deliver() == [], "a repeat"
    fail(stage, "b", 2)
    succeed(stage, "c", 3)
    assert sorted(queue.heard) == sorted(
        (owner, channel, kind)
        for owner, channel in ((STAFF, "ops"), ("client-1", "ops"), ("client-1", "chat"))
        for kind in ("opened", "closed")
    )
    assert len({one["delivery_id"] for one in queue.bodies}) == 6
    assert {(one["incident_id"], one["of_staff"]) for _, one in stage.told} == {
        (one["incident_id"], one["of_staff"]) for _, one in stage.told[:2]
    }


def test_what_silences_a_client_silences_no_staff(stage: Stage, queue: Queue) -> None:
    """Neither its quiet hours, nor rules that ask later or tell nobody."""
    declare(stage, STAFF, ["desk"], AT_ONCE)
    night = AlertRule("failed", grace_seconds=0, quiet="00:00-23:59 UTC", to=())
    declare(stage, "client-1", ["ops"], night, AlertRule("failed", after=1_000))
    fail(stage, "a", 1)
    assert queue.heard == [(STAFF, "desk", "opened")]


def test_what_silences_staff_silences_no_client(stage: Stage, queue: Queue) -> None:
    """Nor does a rule that somebody has damaged, of one or the other."""
    declare(stage, STAFF, ["desk"], AlertRule("failed", grace_seconds=0, to=()))
    declare(stage, "client-1", ["ops"], AT_ONCE)
    fail(stage, "a", 1)
    assert queue.heard == [("client-1", "ops", "opened")]
    broken = {"pk": STAFF, "sk": "profile", "alerts": [{"what": "unheard-of"}]}
    stage.store.client().put_item(TableName=NAMES.clients, Item=to_item(broken))
    fail(stage, "b", 2, error={"type": "OSError", "message": "x", "fingerprint": "other"})
    assert queue.heard[1:] == [("client-1", "ops", "opened")]
    assert stage.teller.unreadable > 0


def test_a_mute_of_the_client_s_incident_is_not_that_of_staff_s(stage: Stage, queue: Queue) -> None:
    """Acts name one incident; resolving it closes that one alone."""
    declare(stage, STAFF, ["desk"], AT_ONCE)
    declare(stage, "client-1", ["ops"], AT_ONCE)
    fail(stage, "a", 1)
    (mine,) = (one for _, one in stage.told if not one["of_staff"])
    client: Any = ScriptedQuerying(stage.store, None)
    row = RowKeeper(client, NAMES.incidents, 90).find(mine["incident_id"])
    assert row is not None
    act = IncidentAct("e", "resolve", Instant(stage.now), "person#1", "kim")
    assert stage.teller._incidents.act(row, act, "0" * 32) == "taken"
    stage.teller.tell(row.scope, (), 60.0)
    assert queue.heard[2:] == [("client-1", "ops", "closed")]
    succeed(stage, "b", 2)
    assert queue.heard[3:] == [(STAFF, "desk", "closed")]


def test_acts_name_whose_incident_it_is(stage: Stage, queue: Queue) -> None:
    """Who acts for a client does nothing to staff's incident, nor staff's right to a client's."""
    declare(stage, STAFF, ["desk"], AT_ONCE)
    declare(stage, "client-1", ["ops"], AT_ONCE)
    fail(stage, "a", 1)
    stage.teller.read_drifting = lambda: [Drifting("job-1", "differs")]
    stage.sweep(60)
    whose = {(one["what"], one["of_staff"]): one["incident_id"] for _, one in stage.told}
    assert [*whose] == [("failed", False), ("failed", True), ("differs", True)]
    client: Any = ScriptedQuerying(stage.store, None)
    rejections = RejectionStore(client, NAMES.rejections, ttl_days=90, dice=random.Random(1))
    rows = RowKeeper(client, NAMES.incidents, 90)
    taker = ActTaker(stage.teller._incidents, rows, rejections, lambda: Instant(stage.now))

    def taken(client_id: str, incident_id: str) -> bool:
        said = {"client_id": client_id, "incident_id": incident_id, "act": "acknowledge"}
        envelope = {
            "id": f"{client_id} {incident_id}",
            "detail-type": "incident_update",
            "source": act_source(client_id),
            "time": "2026-11-22T14:15:00Z",
            "detail": said,
        }
        record = {"messageId": "m", "body": json.dumps(envelope)}
        scopes, again = taker.take([record], lambda: 60.0)
        assert again == []
        return bool(scopes)

    for (_, is_of_staff), incident_id in whose.items():
        assert taken("*", incident_id) is is_of_staff
        assert taken("client-1", incident_id) is not is_of_staff
        assert not taken("client-2", incident_id)
    kept = [item.get("reason", {}).get("S") for item in stage.store.items(NAMES.rejections)]
    assert kept.count("unknown_incident") == 2 * 3
    answered = [rows.find(incident_id) for incident_id in whose.values()]
    for row in answered:
        assert row is not None
        stage.teller.tell(row.scope, (), 60.0)
    for incident_id in whose.values():
        row = rows.find(incident_id)
        assert row is not None
        assert row.answers.acknowledged is not None


def test_an_error_is_new_to_both(stage: Stage, queue: Queue) -> None:
    """That one was told of it makes it no known one for the other; a known one is for neither."""
    new = AlertRule("new_error", grace_seconds=0)
    declare(stage, STAFF, ["desk"], new)
    declare(stage, "client-1", ["ops"], new)
    fail(stage, "a", 1)
    succeed(stage, "b", 2)
    fail(stage, "c", 3)
    assert sorted(queue.heard) == [
        (STAFF, "desk", "closed"),
        (STAFF, "desk", "opened"),
        ("client-1", "ops", "closed"),
        ("client-1", "ops", "opened"),
    ]


def test_error_rates_of_both_are_judged_apart(stage: Stage, queue: Queue) -> None:
    """Each by the window that its own rule asks for."""
    declare(stage, STAFF, ["desk"], AlertRule("error_rate", grace_seconds=0, last=2))
    declare(stage, "client-1", ["ops"], AlertRule("error_rate", grace_seconds=0, last=3))
    fail(stage, "a", 1)
    fail(stage, "b", 2)
    assert queue.heard == [(STAFF, "desk", "opened")]
    fail(stage, "c", 3)
    assert queue.heard[1:] == [("client-1", "ops", "opened")]


def test_staff_s_rules_are_read_once_a_batch(stage: Stage) -> None:
    """However many ends and clients it has; a schedule's invocation does not read them."""
    declare(stage, STAFF, ["desk"], AT_ONCE)
    for number in range(5):
        stage.report(f"job-{number}", number, **FAILED)
    asked: list[str] = []

    def read(client: Any, table: str, owner: str, *more: AlertRule) -> tuple[AlertRule, ...]:
        asked.append(owner)
        return read_alert_rules(client, table, owner, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("run_ledger.teller.read_alert_rules", read)
        assert stage.deliver() == []
        assert asked == ["client-1", STAFF]
        stage.sweep(60)
        assert asked == ["client-1", STAFF]


def test_what_differs_is_told_by_staff_s_channels(stage: Stage, queue: Queue) -> None:
    """All that they have then; with none, on the bus alone."""
    differing = [Drifting("job-1", "differs")]
    stage.teller.read_drifting = lambda: differing
    stage.sweep(60)
    assert queue.heard == []
    declare(stage, STAFF, ["desk", "chat"], AlertRule("failed", to=()))
    differing = [*differing, Drifting("job-2", "differs")]
    stage.sweep(60)
    stage.sweep(60)
    assert queue.heard == [(STAFF, "desk", "opened"), (STAFF, "chat", "opened")]
    differing = []
    stage.sweep(60)
    assert queue.heard[2:] == [(STAFF, "desk", "closed"), (STAFF, "chat", "closed")]
    assert [one["of_staff"] for _, one in stage.told] == [True] * 4


@given(
    st.from_regex(r"[A-Za-z0-9._:-]{1,8}", fullmatch=True),
    st.sampled_from(["ended", "partial", "rate", "differs"]),
    st.none() | st.just("p"),
    st.none() | st.sampled_from(["a:b", "a#:b#*", "*:*"]),
    st.sampled_from([None, STAFF]),
)
def test_keys_of_scopes(
    name: str, family: Family, project: str | None, tag: str | None, owner: str | None
) -> None:
    """Each comes back from its key, and no other has that."""
    scope = IncidentScope(name, name, project, family, tag, owner)
    assert scope_of(scope_key(scope)) == scope
    assert scope_key(scope) != scope_key(scope._replace(owner=None if owner else STAFF))
    assert scope_of(scope_key(DRIFT_SCOPE)) == DRIFT_SCOPE
