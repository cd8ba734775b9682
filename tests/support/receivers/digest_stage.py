"""A digester over a ledger in memory, with a queue, a courier and a post that only counts."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
from tests.support.dynamo.faults import Cut
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope
from tests.support.readers.declared import UPDATED_AT
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import House, Serial
from tests.support.recounts.views import reading_house

from run_ledger.delivering.channel_senders import ChannelSenders
from run_ledger.delivering.deliverer import Deliverer
from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.delivering.pinned_http import PinnedPoster
from run_ledger.delivering.references import References
from run_ledger.digesting.digest_sender import DigestSender
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import Letter, unpacked
from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.domain.instants import MICROSECONDS, Instant, parse
from run_ledger.read.reader import Reader
from run_ledger.store.clients.channel_reads import read_channel
from run_ledger.store.clients.digest_reads import read_digests, read_mail_channels
from run_ledger.store.deliveries.delivery_lanes import DeliveryLanes
from run_ledger.store.deliveries.delivery_records import DeliveryRecords
from run_ledger.store.digests.digest_records import LINK_SECRET_BYTES, DigestRecords
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.items.client_items import (
    DIGEST,
    ClientProfile,
    ClientRecord,
    channel_values,
    listing_item,
)

SITE = "https://ledger.example"
OFF_URL = "https://digests.example/digests/off"


class Cuts:
    """Passes calls on to *client*, and ends the process at one of them, before or after it."""

    def __init__(self, client: Any, calls: list[str], at: Callable[[int], str]) -> None:
        """Note calls in *calls*; *at* says of a number, from 1, where to cut: "" is nowhere."""
        self._client = client
        self._calls = calls
        self._at = at

    def __getattr__(self, name: str) -> Any:
        """Return the method, which may be the last one that is called."""
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            self._calls.append(name)
            where = self._at(len(self._calls))
            if where == "before":
                raise Cut
            answer = method(**arguments)
            if where == "after":
                raise Cut
            return answer

        return call


class _Deleting(Querying):
    """A client that can delete single items, too."""

    def delete_item(self, *, TableName: str, Key: Any) -> Any:  # noqa: N803
        """Delete an item, whether it is there or not."""
        place = (TableName, (Key["pk"]["S"], Key["sk"]["S"]))
        self._deleted.setdefault(place, [None]).append(None)
        return {}

    @property
    def _deleted(self) -> Any:
        return self._store._versions


class DigestStage:
    """A ledger whose clients have digests."""

    def __init__(self, envelopes: Iterable[Envelope], now: str) -> None:
        """Begin with what *envelopes* report, at the time *now*."""
        store = empty_store()
        self.store = store
        self.here: House = reading_house(envelopes, store=store)
        self.here.client = _Deleting(store)  # type: ignore[assignment]
        self.here.now = parse(now)
        self.bodies: list[str] = []
        self.refusals = 0
        self.mails: list[tuple[str, Letter, tuple[str, ...]]] = []

    @property
    def now(self) -> Instant:
        """The time that all have."""
        return Instant(self.here.now)

    def wait(self, minutes: int) -> None:
        """Let time pass."""
        self.here.now += minutes * 60 * MICROSECONDS

    def declare(
        self,
        client_id: str,
        rule: DigestRule | None,
        *channels: Channel,
        name: str | None = None,
    ) -> None:
        """Declare a client, or staff (``*``), with its channels."""
        called = client_id.title() if name is None else name
        record = ClientRecord(client_id, ClientProfile(called), {}, digest=rule)
        profile = {
            "pk": client_id,
            "sk": "profile",
            "name": called,
            "updated_at": UPDATED_AT,
            **channel_values(channels),
        }
        if record.is_of_staff and rule is not None:
            profile[DIGEST] = msgspec.to_builtins(rule)
        listed = [] if record.is_of_staff else [listing_item(record)]
        for item in (*listed, to_item(profile)):
            self.here.client.put_item(TableName=NAMES.clients, Item=item)

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: N803
        """Take messages, as SQS does, or not one of them."""
        if self.refusals:
            self.refusals -= 1
            return {"Successful": []}
        self.bodies += [one["MessageBody"] for one in Entries]
        return {"Successful": [{"Id": one["Id"]} for one in Entries]}

    def sender(self, at: Callable[[int], str] = lambda _: "") -> DigestSender:
        """Return a sender whose process ends at one of its calls."""
        calls: list[str] = []
        client, queue = Cuts(self.here.client, calls, at), Cuts(self, calls, at)
        reader = Reader(client, self.here.settings, Serial(), lambda: self.now)
        return DigestSender(
            reader,
            partial(read_mail_channels, client, NAMES.clients),
            DigestRecords(client, NAMES.incidents),
            DeliveryQueue(lambda: queue, "queue"),
            partial(secrets.token_urlsafe, LINK_SECRET_BYTES),
            OFF_URL,
            SITE,
        )

    def sweep(self, at: Callable[[int], str] = lambda _: "") -> dict[str, str]:
        """Let the schedule call; return what became of each client's digest."""
        sender = self.sender(at)
        return {
            one.client_id: sender.send_due(one.client_id, one.rule, lambda: 60.0)
            for one in read_digests(self.here.client, NAMES.clients)
            if one.rule is not None
        }

    def send(self, delivery_id: str, letter: Letter, recipients: Sequence[str]) -> None:
        """Take a mail, as the post."""
        self.mails.append((delivery_id, letter, tuple(recipients)))

    def take(self) -> list[str]:
        """Let the courier take all that lies in the queue, each twice."""
        client: Any = self.here.client
        senders = ChannelSenders(
            self, PinnedPoster(is_local=True), References(lambda _: None, is_local=True), SITE
        )
        find = partial(read_channel, client, NAMES.clients)
        records = DeliveryRecords(client, NAMES.incidents)
        lanes = DeliveryLanes(client, NAMES.incidents)
        deliverer = Deliverer(find, records, lanes, senders, lambda: self.now)
        return [deliverer.handle(unpacked(one), 1).outcome for one in (*self.bodies, *self.bodies)]
