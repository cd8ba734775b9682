"""Mails: made of letters, and given to Amazon SES or, on a laptop, laid into a folder."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.delivery.deliveries import LIST_UNSUBSCRIBE, Letter

NOTICE_HEADER = "X-Run-Ledger-Notice"
"""The header of a mail that has the id of its delivery, whoever sends it."""


_LOCAL_SENDER = "ledger@run-ledger.invalid"
_LOOPBACK = "127.0.0.1"
_SMTP_SECONDS = 10.0


class MailRefusedError(Exception):
    """A mail was not taken; the message says why, without an address."""


class Post(Protocol):
    """Whatever takes mails."""

    def send(self, delivery_id: str, letter: Letter, recipients: Sequence[str]) -> None:
        """Take a mail; raises MailRefusedError where it is not taken."""


class _MailPolicy(EmailPolicy):
    """Writes addresses for mail programs on one line, as folded ones come encoded.

    RFC 8058 wants the header signed as it stands, and few mail programs decode it.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header as it is sent."""
        if name == LIST_UNSUBSCRIBE:
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_SMTP = _MailPolicy(linesep="\r\n")


def mail_of(
    sender: str, delivery_id: str, letter: Letter, recipients: Sequence[str]
) -> EmailMessage:
    """Return a letter as a message that has its id in it, the same whenever it is sent again.

    Amazon SES puts a ``Message-ID`` of its own in the place of ours, so a header beside it has the
    id, too.
    """
    name, address = parseaddr(sender)
    mail = EmailMessage(policy=_SMTP)
    mail["From"] = Address(name or "Run Ledger", addr_spec=address)
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = _unencoded(letter.subject)
    mail["Message-ID"] = f"<{delivery_id}@{address.rpartition('@')[2]}>"
    mail[NOTICE_HEADER] = delivery_id
    mail["Auto-Submitted"] = "auto-generated"
    for header, value in letter.headers.items():
        mail[header] = _unencoded(value)
    mail.set_content(letter.text)
    mail.add_alternative(letter.html, subtype="html")
    return mail


def _unencoded(text: str) -> str:
    """Return *text* with no encoded word in it, as such a word may hide the end of a line.

    The library decodes such words, and would write what was hidden in them as headers of the mail.
    """
    return text.replace("=?", "= ?")


class SesPost:
    """Amazon SES, by an identity of the account's."""

    def __init__(self, client: Any, sender: str) -> None:
        """Send by *client* from *sender*; an empty one has no mails sent."""
        self._client = client
        self._sender = sender

    def send(self, delivery_id: str, letter: Letter, recipients: Sequence[str]) -> None:
        """Give a mail to SES; raises MailRefusedError where it is not taken."""
        if not self._sender:
            raise MailRefusedError("the stage has no sender: it needs MailIdentityArn and MailFrom")
        mail = mail_of(self._sender, delivery_id, letter, recipients)
        try:
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": list(recipients)},
                Content={"Raw": {"Data": mail.as_bytes()}},
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "Unknown")
            raise MailRefusedError(f"SES refused the mail: {code}") from error
        except BotoCoreError as error:
            raise MailRefusedError(f"SES did not answer: {type(error).__name__}") from error


class Outbox:
    """A folder in which mails lie, on a laptop, whose local AWS sends none.

    A mail server of that machine may get them, too.
    """

    def __init__(self, folder: Path, smtp_port: int | None = None) -> None:
        """Lay mails into *folder*, which is made where it is missing."""
        self._folder = folder
        self._smtp_port = smtp_port

    def send(self, delivery_id: str, letter: Letter, recipients: Sequence[str]) -> None:
        """Write a mail, as a whole or not at all; the same one replaces itself."""
        mail = mail_of(_LOCAL_SENDER, delivery_id, letter, recipients)
        whole = self._folder / f"{delivery_id}.eml"
        part = whole.with_suffix(".part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part.write_bytes(mail.as_bytes())
            part.replace(whole)
        except OSError as error:
            raise MailRefusedError(f"the outbox can't be written: {error.strerror}") from error
        if self._smtp_port is not None:
            _hand_over(mail, recipients, self._smtp_port)


def _hand_over(mail: EmailMessage, recipients: Sequence[str], port: int) -> None:
    """Give a mail to the mail server of this machine."""
    try:
        with smtplib.SMTP(_LOOPBACK, port, timeout=_SMTP_SECONDS) as server:
            refused = server.sendmail(_LOCAL_SENDER, list(recipients), mail.as_bytes())
    except smtplib.SMTPResponseException as error:
        raise MailRefusedError(f"the mail server answered {error.smtp_code}") from error
    except OSError as error:  # of smtplib, too
        raise MailRefusedError(f"no mail server took it: {type(error).__name__}") from error
    if refused:
        codes = ", ".join(sorted({str(code) for code, _ in refused.values()}))
        raise MailRefusedError(f"the mail server refused recipients: {codes}")
