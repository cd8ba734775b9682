"""One message through one channel, and what came of it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec
from msgspec import Struct

from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import Delivery
from run_ledger.domain.delivery.message_texts import (
    letter_of,
    slack_message,
    teams_message,
    webhook_body,
)
from run_ledger.domain.delivery.wordings import wording_of

from .mails import MailRefusedError, Post
from .pinned_http import NoAnswerError, PinnedPoster, ReceiverAnswer, RefusedAddressError
from .references import References, UnreadableReferenceError
from .webhook_signing import webhook_headers

_TAKEN = range(200, 300)
_GONE = 410
_TOO_MANY, _SERVERS = 429, range(500, 600)
_MOST_WAIT_SECONDS = 3_600
_JSON = {"Content-Type": "application/json"}


class SendResult(Struct, frozen=True):
    """What came of sending once.

    ``delivered``; ``later``, where the message is tried again, and with ``rests`` the whole channel
    waits; ``never``; or ``gone``, where the receiver says that nobody is there any more.
    ``wait_seconds`` is how long the receiver asks to wait, 0 where it says nothing of it.
    """

    outcome: Literal["delivered", "later", "never", "gone"]
    reason: str = ""
    rests: bool = False
    wait_seconds: int = 0


DELIVERED = SendResult("delivered")


class ChannelSenders:
    """All kinds of channels, with what each needs."""

    def __init__(
        self,
        post: Post,
        poster: PinnedPoster,
        references: References,
        site_url: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Send mails by *post*, and all else by *poster*; *clock* gives seconds since 1970."""
        self._post = post
        self._poster = poster
        self._references = references
        self._site_url = site_url
        self._clock = clock

    def address_digest(self, channel: Channel) -> str:
        """Return what tells the address of *channel* from others, and does not give it away.

        Raises UnreadableReferenceError.
        """
        parts = channel.recipients or (self._references.read(channel.address),)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def send(self, delivery: Delivery, channel: Channel) -> SendResult:
        """Send a delivery, and return what came of it."""
        try:
            if channel.kind == "mail":
                return self._mailed(delivery, channel)
            if delivery.letter is not None:
                return SendResult("never", f"a {channel.kind} channel takes no letters")
            return self._posted(delivery, channel)
        except (MailRefusedError, UnreadableReferenceError, RefusedAddressError) as error:
            return SendResult("later", str(error))
        except NoAnswerError as error:
            return SendResult("later", str(error), rests=True)

    def _mailed(self, delivery: Delivery, channel: Channel) -> SendResult:
        letter = delivery.letter or letter_of(wording_of(delivery, self._site_url))
        recipients = [
            one for one in channel.recipients if one in letter.recipients or not letter.recipients
        ]
        if not recipients:
            return SendResult("never", "its recipient is not declared any more")
        self._post.send(delivery.delivery_id, letter, recipients)
        return DELIVERED

    def _posted(self, delivery: Delivery, channel: Channel) -> SendResult:
        url = self._references.read(channel.address)
        headers: Mapping[str, str] = {}
        if channel.kind == "webhook":
            body = webhook_body(delivery)
            key = self._references.read(channel.signing_key)
            try:
                headers = webhook_headers(delivery.delivery_id, int(self._clock()), body, key)
            except ValueError:
                return SendResult("later", "its signing key is none: whsec_ and base64")
        else:
            make = slack_message if channel.kind == "slack" else teams_message
            body = msgspec.json.encode(make(wording_of(delivery, self._site_url)))
        return self._judged(self._poster.post(url, body, {**_JSON, **headers}))

    def _judged(self, answer: ReceiverAnswer) -> SendResult:
        if answer.status in _TAKEN:
            return DELIVERED
        reason = f"the receiver answered {answer.status}"
        if answer.status == _GONE:
            return SendResult("gone", reason)
        rests = answer.status == _TOO_MANY or answer.status in _SERVERS
        wait = self._seconds_asked(answer.retry_after) if rests else 0
        return SendResult("later", reason, rests, wait)

    def _seconds_asked(self, text: str) -> int:
        """Return how long ``Retry-After`` asks to wait, at most an hour: seconds or a date."""
        if text.isascii() and text.isdecimal():
            return min(int(text[:9]), _MOST_WAIT_SECONDS)
        try:
            asked = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return 0
        until = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
        left = (until - datetime.fromtimestamp(self._clock(), UTC)).total_seconds()
        return int(min(max(left, 0), _MOST_WAIT_SECONDS))
