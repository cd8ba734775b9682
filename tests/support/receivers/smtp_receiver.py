"""A mail server on this machine that keeps what it takes, and refuses as the next mood says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from tests.support.stacks.local_stack import LOOPBACK, free_port

TAKEN = "250 OK"


class Mailed(NamedTuple):
    """A mail that came: whom the sender named to the server, and the mail itself."""

    recipients: tuple[str, ...]
    mail: EmailMessage

    @property
    def text(self) -> str:
        """Return its plain text."""
        body = self.mail.get_body(("plain",))
        return "" if body is None else str(body.get_content())


class MailServer:
    """The server: ``moods`` are answered one by one, and then all is taken."""

    def __init__(self, port: int) -> None:
        """Know its port."""
        self.port = port
        self.moods: list[str] = []
        self.got: list[Mailed] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail, or not; the library calls it by this name."""
        mood = self.moods.pop(0) if self.moods else TAKEN
        if mood == TAKEN:
            mail = message_from_bytes(envelope.content, policy=policy.default)
            self.got.append(Mailed(tuple(envelope.rcpt_tos), mail))
        return mood


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Give a server that runs."""
    server = MailServer(free_port())
    controller = Controller(server, hostname=LOOPBACK, port=server.port)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
