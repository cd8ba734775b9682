"""Mails: whatever their words hold, they have the headers that we give them, and no others."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import pytest
from tests.support.receivers.smtp_receiver import mail_server

from run_ledger.delivering.mails import MailRefusedError, Outbox, mail_of
from run_ledger.domain.delivery.deliveries import Letter

_HEADERS = {
    "From",
    "To",
    "Subject",
    "Message-ID",
    "X-Run-Ledger-Notice",
    "Auto-Submitted",
    "List-Id",
    "MIME-Version",
    "Content-Type",
}


@pytest.mark.parametrize(
    "hostile",
    [
        "=?utf-8?q?a=0ABcc:=20evil@evil.example?= b",
        "=?utf-8?q?a=0D=0ABcc:_evil@evil.example=0D=0A=0D=0Abody?=",
        "=?utf-8?b?YQ0KQmNjOiBldmlsQGV2aWwuZXhhbXBsZQ==?=",
        "Ä =?iso-8859-1?q?=0ABcc:_evil@evil.example?=",
        "==??utf-8?q?=0ABcc:_evil@evil.example?=",
        "=?utf-8?q?" + "=0A" * 200 + "?=",
        "plain",
        "é" * 80,
    ],
)
def test_no_name_makes_a_header(hostile: str) -> None:
    """An encoded word, which may hide the end of a line, stays what it looks like."""
    letter = Letter(hostile, "text\n", "<p>html</p>", {"List-Id": hostile})
    written = mail_of("ledger@acme.example", "n1-opened-ops", letter, ["a@acme.example"])
    parsed = message_from_bytes(written.as_bytes(), policy=policy.default)
    assert set(parsed) == _HEADERS
    shown = str(parsed["Subject"])
    assert shown.replace("= ?", "=?") == hostile
    assert "text" in parsed.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_the_id_stays_on_the_way() -> None:
    """Amazon SES puts its own ``Message-ID`` in the place of ours, and leaves other headers."""
    letter = Letter("fails", "text\n", "<p>html</p>")
    mail = mail_of("ledger@acme.example", "n1-opened-ops", letter, ["a@acme.example"])
    assert mail["X-Run-Ledger-Notice"] == "n1-opened-ops"


LETTER = Letter("fails", "text\n", "<p>html</p>", {"List-Unsubscribe": f"<https://x/{'y' * 90}>"})


def test_a_mail_server_of_this_machine_gets_it_too(tmp_path: Path) -> None:
    """Just as it lies in the outbox, for each of its recipients."""
    to = ["a@acme.example", "b@acme.example"]
    with mail_server() as server:
        Outbox(tmp_path, server.port).send("n1", LETTER, to)
    ((recipients, mail),) = server.got
    assert recipients == tuple(to)
    assert mail["X-Run-Ledger-Notice"] == "n1"
    assert mail["List-Unsubscribe"] == LETTER.headers["List-Unsubscribe"]
    lying = message_from_bytes((tmp_path / "n1.eml").read_bytes(), policy=policy.default)
    assert lying.items() == mail.items()


def test_what_a_mail_server_does_not_take_is_no_mail_sent(tmp_path: Path) -> None:
    """It says why, without an address; tried again, it is the same mail."""
    with mail_server() as server:
        outbox = Outbox(tmp_path, server.port)
        server.moods = ["451 later a@acme.example"]
        with pytest.raises(MailRefusedError, match=r"^the mail server answered 451$"):
            outbox.send("n1", LETTER, ["a@acme.example"])
        outbox.send("n1", LETTER, ["a@acme.example"])
        assert len(server.got) == 1
    with pytest.raises(MailRefusedError, match=r"^no mail server took it: Conn"):
        outbox.send("n1", LETTER, ["a@acme.example"])
    assert len([*tmp_path.iterdir()]) == 1
