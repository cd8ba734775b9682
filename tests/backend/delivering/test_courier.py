"""The courier: each notice once by each channel, whatever receivers and functions do meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import boto3
import pytest
from standardwebhooks import Webhook
from tests.support.dynamo.tables import empty_tables
from tests.support.readers import log_lines
from tests.support.receivers.courier_stage import (
    CREDENTIALS,
    KEY,
    NOW,
    REGION,
    CourierStage,
    notice,
)
from tests.support.receivers.http_receiver import Mood, receiver

from run_ledger import courier, logs
from run_ledger.delivering.mails import SesPost
from run_ledger.domain import instants
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import Delivery, Letter, trials_of
from run_ledger.domain.instants import MICROSECONDS, Instant


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CourierStage]:
    """Give a stage whose courier the handler finds, and which notes what is put off."""
    with receiver() as here, empty_tables() as client:
        made = CourierStage(client, here, tmp_path)
        real = made.queue.put_off

        def put_off(receipt: str, seconds: int) -> None:
            made.put_off.append(seconds)
            made.hidden.append(receipt)
            real(receipt, seconds)

        def begun() -> courier.Courier:
            logs.configure("INFO", stage="test", function="courier")
            return made.courier()

        monkeypatch.setattr(made.queue, "put_off", put_off)
        monkeypatch.setattr(courier, "_courier", begun)
        yield made


def test_one_notice_by_each_kind_of_channel(stage: CourierStage) -> None:
    """One mail, one text, one webhook that the public library verifies."""
    stage.deliver(notice(channel="ops"), notice(channel="chat"), notice(channel="hook"))
    (mail,) = stage.folder.glob("outbox/*.eml")
    parsed = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert parsed["Subject"] == "acme / nightly fails"
    assert parsed["To"] == "ops@acme.example, on-call@acme.example"
    assert "no column <price>" in parsed.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "no column &lt;price&gt;" in parsed.get_body(("html",)).get_content()  # type: ignore[union-attr]
    chat, hook = stage.here.got
    assert chat.document["text"] == "acme / nightly fails"
    assert "webhook-id" not in chat.headers
    assert hook.headers["webhook-id"] == "n1-opened-hook"
    assert hook.document["data"]["error"]["message"] == "no column <price>"
    assert stage.put_off == []
    assert {one.channel for one in stage.records.standings() if one.worked_at} == {
        "ops",
        "chat",
        "hook",
    }


def test_the_library_verifies_what_comes(
    stage: CourierStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the time that it is sent: a receiver refuses what is five minutes old."""
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", Fixed)
    stage.deliver(notice())
    (hook,) = stage.here.got
    assert Webhook(KEY).verify(hook.body, dict(hook.headers))["type"] == "incident_opened"


class Fixed(__import__("datetime").datetime):  # type: ignore[misc]
    """A clock that stands at the tests' time."""

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        """Return the tests' time."""
        return cls.fromtimestamp(NOW / MICROSECONDS, tz)


def test_a_copy_of_a_message_is_not_sent_again(stage: CourierStage) -> None:
    """Nor is what the teller puts into the queue twice, as it was cut off before it noted it."""
    stage.deliver(notice(), notice())
    stage.deliver(notice())
    assert len(stage.here.got) == 1
    stage.deliver(notice(2))
    assert len(stage.here.got) == 2


def test_a_receiver_that_is_down_gets_it_later(stage: CourierStage) -> None:
    """With the same id; meanwhile the channel rests, and others get theirs."""
    stage.here.moods = [Mood(500), Mood(502)]
    stage.deliver(notice())
    assert stage.put_off == [10]
    (waiting,) = stage.records.waiting(5)
    assert (waiting.delivery_id, waiting.reason) == (
        "n1-opened-hook",
        "the receiver answered 500",
    )
    stage.deliver(notice(2), notice(3, "ops"))
    assert len(stage.here.got) == 1, "the channel rests"
    assert len(list(stage.folder.glob("outbox/*.eml"))) == 1
    stage.retry(15)
    assert len(stage.here.got) == 2, "one of the two asks, and the other waits on"
    stage.retry(600)
    assert {one.headers["webhook-id"] for one in stage.here.got} == {
        "n1-opened-hook",
        "n2-opened-hook",
    }
    assert not stage.records.waiting(5)
    standing = stage.records.standing("acme", "hook")
    assert (standing.failing_since, standing.paused_until) == (None, None)
    assert max(stage.put_off) <= 900


def test_what_a_receiver_asks_for_is_honoured(stage: CourierStage) -> None:
    """In seconds or as a date, at most an hour; nothing is sent before."""
    stage.here.moods = [Mood(429, {"Retry-After": "120"}), Mood(503, {"Retry-After": "99999"})]
    stage.deliver(notice())
    assert stage.put_off == [120]
    stage.retry(60)
    assert len(stage.here.got) == 1
    stage.retry(61)
    assert stage.put_off[-1] == 3_600
    stage.retry(3_601)
    assert len(stage.here.got) == 3


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("Wed, 18 Nov 2026 11:08:00 GMT", 0),
        ("Wed, 18 Nov 2026 20:00:00 GMT", 3_600),
        ("soon", 0),
        ("-5", 0),
        ("٣", 0),
        ("", 0),
        ("9" * 100, 3_600),
        (f"Wed, 18 Nov 2026 20:00:00 +{'9' * 20}", 0),
        (f"Wed, {'9' * 20} Nov 2026 20:00:00 GMT", 0),
    ],
)
def test_a_time_to_wait_is_read_or_left(stage: CourierStage, text: str, seconds: int) -> None:
    """Whatever stands there."""
    stage.now = instants.parse("2026-11-18T11:08:00Z")
    senders = stage.courier().deliverer._senders
    assert senders._seconds_asked(text) == seconds


@pytest.mark.parametrize("status", [301, 307, 400, 404])
def test_other_answers_are_tried_again_and_hold_up_nobody(stage: CourierStage, status: int) -> None:
    """A redirect leads nowhere, and a message that is not liked lets others pass."""
    stage.here.moods = [Mood(status, {"Location": "http://169.254.169.254/"})]
    stage.deliver(notice(), notice(2))
    assert [one.path for one in stage.here.got] == ["/hook", "/hook"]
    assert stage.put_off == [10]


def test_an_address_that_is_gone_switches_its_channel_off(stage: CourierStage) -> None:
    """Nobody asks it again, until the channel has another one, or a trial that it takes."""
    stage.here.moods = [Mood(410)]
    stage.deliver(notice())
    stage.deliver(notice(2))
    assert len(stage.here.got) == 1
    assert stage.records.standing("acme", "hook").off_at is not None
    given_up = stage.records.given_up(5)
    assert {one.delivery_id for one in given_up} == {"n1-opened-hook", "n2-opened-hook"}
    other = Channel(
        "hook", "webhook", address=f"{stage.here.url}2", signing_key=f"file:{stage.key}"
    )
    stage.declare(other)
    stage.deliver(notice(3))
    assert stage.records.standing("acme", "hook").off_at is None
    stage.here.moods = [Mood(410)]
    stage.deliver(notice(4))
    (trial,) = trials_of("acme", ["hook"], "t", NOW)
    stage.deliver(trial)
    assert stage.records.outcome(trial) == "delivered"
    assert stage.records.standing("acme", "hook").off_at is None


def test_a_trial_is_not_tried_again(stage: CourierStage) -> None:
    """Whoever asked for it is told why it did not come."""
    stage.here.moods = [Mood(500)]
    (trial,) = trials_of("acme", ["hook"], "t", NOW)
    stage.deliver(trial)
    assert stage.records.outcome(trial) == "the receiver answered 500"
    assert stage.put_off == []


def test_a_slow_receiver_holds_up_its_channel_alone(stage: CourierStage) -> None:
    """Its request is cut off, and the channel rests."""
    stage.here.moods = [Mood(drip=0.05)]
    stage.deliver(notice(), notice(2), notice(3, "ops"))
    assert len(stage.here.got) == 1
    assert len(list(stage.folder.glob("outbox/*.eml"))) == 1
    assert len(stage.put_off) == 2


def test_cut_off_after_sending_it_sends_again_with_the_same_id(
    stage: CourierStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what is promised: at least once, under one id."""

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stage.records, "note_delivered", killed)
    with pytest.raises(KeyboardInterrupt):
        stage.deliver(notice())
    monkeypatch.undo()
    again = stage.courier().deliverer
    assert again.handle(notice(), 2).outcome == "put_off", "the claim has not ended"
    stage.now = Instant(stage.now + 61 * MICROSECONDS)
    assert again.handle(notice(), 3).outcome == "delivered"
    assert again.handle(notice(), 4).outcome == "known"
    ids = [one.headers["webhook-id"] for one in stage.here.got]
    assert ids == ["n1-opened-hook"] * 2


def test_a_channel_that_was_removed_gets_nothing(stage: CourierStage) -> None:
    """And of another client's channel of that name nobody hears."""
    stage.deliver(notice(channel="none"), notice(2, client_id="hooli"))
    assert not stage.here.got
    assert {one.reason for one in stage.records.given_up(5)} == {
        "the channel is not declared any more"
    }


def test_secrets_that_can_t_be_read_are_said_so_without_them(stage: CourierStage) -> None:
    """The log has neither address nor key."""
    stage.key.write_text("whsec_tooshort")
    stage.deliver(notice())
    stage.declare(
        Channel(
            "hook", "slack", address="arn:aws:ssm:eu-central-1:123456789012:parameter/run-ledger/x"
        ),
    )
    stage.retry(60)
    assert not stage.here.got
    (waiting,) = stage.records.waiting(5)
    assert waiting.reason == "its secret can't be read: ParameterNotFound"


def test_secrets_come_from_where_they_are_kept(stage: CourierStage) -> None:
    """From SSM and from Secrets Manager, each by its ARN."""
    ssm: Any = boto3.client("ssm", region_name=REGION, **CREDENTIALS)
    ssm.put_parameter(Name="/run-ledger/prod/chat", Value=stage.here.url, Type="SecureString")
    manager: Any = boto3.client("secretsmanager", region_name=REGION, **CREDENTIALS)
    arn = manager.create_secret(Name="run-ledger/prod/key", SecretString=KEY)["ARN"]
    stage.declare(
        Channel(
            "hook",
            "webhook",
            address="arn:aws:ssm:eu-central-1:123456789012:parameter/run-ledger/prod/chat",
            signing_key=arn,
        )
    )
    stage.deliver(notice())
    assert len(stage.here.got) == 1


def test_ses_sends_mails(stage: CourierStage) -> None:
    """From the stage's sender; without one, or where SES refuses, they wait."""
    stage.post = SesPost(stage.ses, "")
    stage.deliver(notice(channel="ops"))
    stage.post = SesPost(stage.ses, "Run Ledger <ledger@acme.example>")
    stage.retry(60)
    assert "SES refused the mail" in stage.records.waiting(5)[0].reason
    stage.ses.create_email_identity(EmailIdentity="acme.example")
    stage.retry(600)
    assert not stage.records.waiting(5)
    assert stage.records.standing("acme", "ops").worked_at is not None


def test_a_letter_goes_by_mail_alone(stage: CourierStage) -> None:
    """With its own words and headers."""
    letter = Letter(
        "A week", "text\n", "<p>html</p>", {"List-Unsubscribe": "<https://l.example/x>"}
    )
    at = instants.text(NOW)
    stage.deliver(
        Delivery("digest-1-ops", "acme", "ops", "digest", at, letter=letter),
        Delivery("digest-1-chat", "acme", "chat", "digest", at, letter=letter),
    )
    (mail,) = stage.folder.glob("outbox/*.eml")
    parsed = message_from_bytes(mail.read_bytes(), policy=policy.default)
    assert (parsed["Subject"], parsed["List-Unsubscribe"]) == ("A week", "<https://l.example/x>")
    assert not stage.here.got
    assert stage.records.given_up(5)[0].reason == "a slack channel takes no letters"


def test_what_can_t_be_read_is_put_off(stage: CourierStage) -> None:
    """A later version may have written it."""
    stage.sqs.send_message(QueueUrl=stage.url, MessageBody='{"later": 1}')
    stage.take()
    assert stage.put_off == [10]


def test_a_line_of_metrics_says_what_was_done(
    stage: CourierStage, capsys: pytest.CaptureFixture[str]
) -> None:
    """And no line holds an address, a key or a producer's words."""
    stage.here.moods = [Mood(500)]
    stage.deliver(notice(), notice(2, "ops"))
    text = capsys.readouterr().out
    (line,) = [one for one in log_lines.read(text) if one["message"] == "delivered"]
    assert line["Delivered"] == 1
    assert log_lines.metrics_of(line) == {"NotDelivered": [1.0]}
    for secret in (stage.here.url, KEY, "acme.example", "price"):
        assert secret not in text


def test_what_a_copy_has_delivered_waits_no_longer(stage: CourierStage) -> None:
    """Though its first message failed: the copy is new to the queue, as a dead letter put back."""
    stage.here.moods = [Mood(500)]
    stage.deliver(notice())
    assert stage.records.waiting(5)
    stage.now = Instant(stage.now + 60 * MICROSECONDS)
    stage.deliver(notice())
    assert len(stage.here.got) == 2
    assert not stage.records.waiting(5)


def test_what_has_been_delivered_is_not_given_up(stage: CourierStage) -> None:
    """Where a copy comes after its channel was removed, or switched off by another notice."""
    stage.deliver(notice())
    stage.here.moods = [Mood(410)]
    stage.deliver(notice(2))
    stage.deliver(notice())
    stage.declare()
    stage.deliver(notice())
    assert {one.delivery_id for one in stage.records.given_up(5)} == {"n2-opened-hook"}


def test_one_message_that_breaks_the_courier_holds_up_no_other(
    stage: CourierStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put off, and becomes a dead letter in the end; those behind it are delivered."""

    def broken(*_: Any) -> None:
        raise RecursionError

    monkeypatch.setattr(stage.outbox, "send", broken)
    stage.deliver(notice(channel="ops"), notice(2))
    assert [one.headers["webhook-id"] for one in stage.here.got] == ["n2-opened-hook"]
    assert stage.put_off == [10]
