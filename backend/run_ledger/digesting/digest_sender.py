"""Sends each digest that is due: once for each client and period, to each mail address.

Its letters have ids made of client, days and address. So however often a digest is made, the
courier sends each letter once; then it is noted that nothing is to be done any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from msgspec import Struct

from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.domain import instants
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import Delivery
from run_ledger.domain.digests.digest_figures import DigestFigures, digest_figures
from run_ledger.domain.digests.digest_letters import DigestWords, digest_letter, digest_words
from run_ledger.domain.digests.digest_rules import DigestPeriod, DigestRule, due_period
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.questions.asking import Refused
from run_ledger.read.reader import Reader
from run_ledger.store.digests.digest_records import (
    DigestReader,
    DigestRecords,
    address_digest,
)

from .digest_inquiry import asking_as, digest_answers

DIGEST_KIND = "digest"
"""The kind of a digest's deliveries."""
DigestOutcome = Literal["not_due", "known", "empty", "nobody", "sent"]
_FIGURES_SECONDS = 25.0


class MadeDigest(NamedTuple):
    """A digest before it is a mail."""

    figures: DigestFigures
    words: DigestWords


class Recipient(NamedTuple):
    """A mail address, and a channel that has it."""

    channel: str
    address: str


class DigestSender(Struct, frozen=True):
    """What digests are made and sent with.

    ``channels`` gives a client's mail channels, ``new_secret`` what nobody can guess. The links by
    which digests are switched off begin with ``off_url``. ``site_url`` is empty where there is no
    site.
    """

    reader: Reader
    channels: Callable[[str], list[Channel]]
    records: DigestRecords
    queue: DeliveryQueue
    new_secret: Callable[[], str]
    off_url: str
    site_url: str = ""

    def make(self, client_id: str, period: DigestPeriod) -> MadeDigest:
        """Make a digest, whether it is due or not; raises StoreUnavailable where it can't."""
        try:
            ask = asking_as(self.reader, client_id, _FIGURES_SECONDS)
            figures = digest_figures(digest_answers(ask, client_id, period))
        except Refused as refusal:
            raise StoreUnavailable(f"the API has no figures: {refusal}") from refusal
        return MadeDigest(figures, digest_words(figures, period, self.site_url))

    def send_due(
        self, client_id: str, rule: DigestRule, remaining_seconds: Callable[[], float]
    ) -> DigestOutcome:
        """Send the digest of a client that is due now, unless that has been done.

        Raises StoreUnavailable where not all of it could be done; it may be done again.
        """
        now = self.reader.now()
        period = due_period(rule, now)
        if period is None:
            return "not_due"
        if self.records.is_done(client_id, period):
            return "known"
        outcome = self._sent(client_id, rule, period, remaining_seconds)
        self.records.note_done(client_id, period, outcome, now)
        return outcome

    def _sent(
        self,
        client_id: str,
        rule: DigestRule,
        period: DigestPeriod,
        remaining_seconds: Callable[[], float],
    ) -> Literal["empty", "nobody", "sent"]:
        recipients = list(self.recipients(client_id, rule))
        if not recipients:
            return "nobody"
        made = self.make(client_id, period)
        if made.figures.is_empty and not rule.empty:
            return "empty"
        deliveries = [self._delivery(client_id, period, made.words, one) for one in recipients]
        if len(self.queue.put(deliveries, remaining_seconds)) < len(deliveries):
            raise StoreUnavailable("the queue did not take all letters of a digest")
        return "sent"

    def recipients(self, client_id: str, rule: DigestRule) -> Iterator[Recipient]:
        """Give who gets a digest: each address once, without those that have switched it off."""
        seen = {one.address_digest for one in self.records.switched_off(client_id)}
        for channel in self.channels(client_id):
            if rule.to is not None and channel.name not in rule.to:
                continue
            for address in channel.recipients:
                if address_digest(address) not in seen:
                    seen.add(address_digest(address))
                    yield Recipient(channel.name, address)

    def _delivery(
        self, client_id: str, period: DigestPeriod, words: DigestWords, recipient: Recipient
    ) -> Delivery:
        now = self.reader.now()
        footer = (
            f"This {period.every} digest comes by the channel {recipient.channel} of "
            f"{'staff' if client_id == STAFF else f'client {client_id}'}."
        )
        secret = self.new_secret()
        reader = DigestReader(client_id, address_digest(recipient.address))
        self.records.keep_link(secret, reader, now)
        return Delivery(
            _delivery_id(client_id, period, recipient.address),
            client_id,
            recipient.channel,
            DIGEST_KIND,
            instants.text(now),
            letter=digest_letter(words, footer, f"{self.off_url}?link={secret}", recipient.address),
        )


def _delivery_id(client_id: str, period: DigestPeriod, address: str) -> str:
    """Return an id that is the same for the same client, days and address."""
    parts = f"{client_id}\n{period.key}\n{address.lower()}"
    digest = hashlib.sha256(parts.encode()).hexdigest()
    return f"digest-{period.every}-{period.first}-{digest[:24]}"
