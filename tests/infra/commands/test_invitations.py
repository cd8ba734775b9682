"""Whoever is invited learns where to sign in: by our mail through SES, or by what we print.

SES is a stub on botocore's model of its API ("SendEmail" of the Amazon SES API v2); what Cognito
does without it is documented under "Email settings for Amazon Cognito user pools": 50 mails a day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger_ops import command
from run_ledger_ops.sign_in.invitations import Welcome

ANN = "ann@acme.example"
SITE = "https://site.example/"
IDENTITY = "arn:aws:ses:eu-west-1:123456789012:identity/ours.example"
SENDER = "Run Ledger <ledger@ours.example>"
Open = Callable[..., System]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Give a way to have a stage with parameters and clients of more services."""
    with ExitStack() as stack:

        def make(**more: Any) -> System:
            return stack.enter_context(deployed_system(monkeypatch, has_pool=True, **more))

        yield make


def invite(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Invite Ann; return the exit code and what was printed."""
    code = command.main(["users", "invite", ANN, *arguments, "--stage", STAGE])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_without_ses_the_rest_is_printed(
    deployed: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    """The address, what to send, and how many mails Cognito sends."""
    deployed(parameters={"Mfa": "ON"})
    for arguments in (("--client", "acme"), ("--resend",)):
        code, out, _ = invite(capsys, *arguments)
        assert code == 0
        assert f"Site: {SITE}" in out
        assert f"Sign in as {ANN}, with the temporary password" in out
        assert "authenticator app" in out
        assert "at most 50 mails a day" in out
        assert "MailIdentityArn" in out


def test_with_ses_our_mail_names_the_site(
    deployed: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cognito sends none; the password is in the mail, and nowhere on screen."""
    ses: Any = boto3.client("sesv2", region_name="eu-west-1")
    stub = Stubber(ses)
    sent: list[dict[str, Any]] = []
    ses.meta.events.register(
        "provide-client-params.sesv2.*", lambda params, **_: sent.append(params)
    )
    for _ in range(2):
        stub.add_response("send_email", {"MessageId": "1"}, None)
    stub.activate()
    system = deployed(
        parameters={"MailIdentityArn": IDENTITY, "MailFrom": SENDER, "Mfa": "OFF"},
        clients={"sesv2": ses},
    )
    made: list[dict[str, Any]] = []
    system.cognito.meta.events.register(
        "provide-client-params.cognito-idp.AdminCreateUser", lambda params, **_: made.append(params)
    )
    printed = "".join(invite(capsys, "--client", "acme")[1:] + invite(capsys, "--resend")[1:])
    (creation,) = made
    assert creation["MessageAction"] == "SUPPRESS"
    passwords = [
        re.findall(r"the password (\S+)\. ", one["Content"]["Simple"]["Body"]["Text"]["Data"])[0]
        for one in sent
    ]
    assert passwords[0] == creation["TemporaryPassword"]
    assert len({*passwords}) == 2
    assert not any(password in printed for password in passwords)
    for one in sent:
        assert one["FromEmailAddress"] == SENDER
        assert one["FromEmailAddressIdentityArn"] == IDENTITY
        assert one["Destination"] == {"ToAddresses": [ANN]}
        text = one["Content"]["Simple"]["Body"]["Text"]["Data"]
        assert f"Site: {SITE}" in text
        assert "authenticator" not in text
    assert f"Sent a mail from {SENDER}." in printed
    stub.assert_no_pending_responses()


def test_a_mail_that_ses_refuses_is_said_and_can_be_sent_again(
    deployed: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in the sandbox of SES, where each address has to be verified."""
    ses: Any = boto3.client("sesv2", region_name="eu-west-1")
    stub = Stubber(ses)
    stub.add_client_error(
        "send_email", "MessageRejected", "Email address is not verified.", expected_params=None
    )
    stub.activate()
    deployed(parameters={"MailIdentityArn": IDENTITY, "MailFrom": SENDER}, clients={"sesv2": ses})
    code, _, complaint = invite(capsys, "--client", "acme")
    assert code == 2
    assert "the mail was not sent" in complaint
    assert "is not verified" in complaint
    assert "--resend" in complaint


@pytest.mark.parametrize("arguments", [("--client", "acme"), ("--resend",)])
def test_the_limit_of_a_day_is_explained(
    deployed: Open,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    """What Cognito says is passed on, with what the limit is and what helps."""
    system = deployed()
    if "--resend" in arguments:
        invite(capsys, "--client", "acme")

    def refuse(**_: Any) -> Any:
        message = "Exceeded daily email limit for the operation or the account."
        error: Any = {"Error": {"Code": "LimitExceededException", "Message": message}}
        raise ClientError(error, "AdminCreateUser")

    monkeypatch.setattr(system.cognito, "admin_create_user", refuse)
    code, _, complaint = invite(capsys, *arguments)
    assert code == 2
    assert "Exceeded daily email limit" in complaint
    assert "at most 50 mails a day" in complaint


def test_a_stage_without_a_site_names_the_app_alone() -> None:
    """Where nothing can be opened, no address is made up."""
    app = Welcome(None, "https://app.example/", has_second_factor=True)
    assert "Site:" not in app.text(ANN, None)
    assert "Analysts' app: https://app.example/" in app.text(ANN, None)
    assert "://" not in Welcome(None, None, has_second_factor=True).text(ANN, None)
