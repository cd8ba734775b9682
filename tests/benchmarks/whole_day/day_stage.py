"""The handlers on a replayed day: what each works with, and how it finds that."""

from __future__ import annotations

import logging
import random
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest import mock

import msgspec
import time_machine
from tests.support.dynamo.streaming_store import StreamingClient
from tests.support.dynamo.tables import NAMES
from tests.support.readers.declared import UPDATED_AT
from tests.support.readers.reading import SETTINGS, Serial

from run_ledger import api, courier, metrics, prover, sweeper, teller, writer
from run_ledger.acts import ActTaker
from run_ledger.compacting import compactor
from run_ledger.delivering.channel_senders import ChannelSenders
from run_ledger.delivering.deliverer import Deliverer
from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.delivering.pinned_http import PinnedPoster
from run_ledger.delivering.references import References
from run_ledger.digesting import digester
from run_ledger.digesting.digest_sender import DigestSender
from run_ledger.domain.delivery.channels import Channel, with_channels
from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.domain.incidents.alert_rules import STAFF, AlertRule
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.instants import Instant
from run_ledger.doors.event_bus import Bus
from run_ledger.read.reader import Reader
from run_ledger.store.clients.channel_reads import read_channel
from run_ledger.store.clients.digest_reads import read_digests, read_mail_channels
from run_ledger.store.clients.watched_clients import watched_item
from run_ledger.store.deliveries.delivery_lanes import DeliveryLanes
from run_ledger.store.deliveries.delivery_records import DeliveryRecords
from run_ledger.store.digests.digest_records import LINK_SECRET_BYTES, DigestRecords
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.incidents.first_failures import FirstFailures
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.items.client_items import (
    ClientProfile,
    ClientRecord,
    alert_values,
    channel_values,
    listing_item,
)
from run_ledger.store.posting.ledger import Keeping, Ledger, Timing
from run_ledger.store.posting.rejections import RejectionStore
from run_ledger.store.proof.proving import prove
from run_ledger.timekeeping.intake_sweep import Queues
from run_ledger.timekeeping.time_keeper import TimeKeeper

from .day_stand_ins import Outside, Troubles
from .day_traffic import FIRST

CHANNELS = ("ops", "chat")
_SITE = "https://ledger.example"
_EVENTS, _DELIVERIES = "events", "deliveries"


def now() -> Instant:
    """Return the day's time, which a stage has set."""
    return Instant(time.time_ns() // 1_000)


class DayStage:
    """What the handlers of one stage work with."""

    def __init__(self, client: StreamingClient, outside: Outside) -> None:
        """Let all handlers share a *client* of DynamoDB, and what is *outside* of it."""
        self.client: Any = client
        self.outside = outside
        self.troubles = Troubles()
        self.metrics: dict[str, Mapping[str, Any]] = {}
        """The last values of each kind of line with metrics."""
        self.reader = Reader(self.client, SETTINGS, Serial(), now)
        self.writer: Ledger
        """The one that the handler finds; it is chosen before each invocation."""
        self.teller = self.new_teller()
        self.time_keeper: TimeKeeper | None = None
        """The one that judged last by time."""

    def declare(
        self,
        rules: Mapping[str, Sequence[AlertRule]],
        expected: Mapping[str, Sequence[Expectation]],
    ) -> None:
        """Declare what clients and staff are told by *rules*, and what is *expected* of runs.

        Each is told by two mail channels, and gets a digest.
        """
        digest = DigestRule("daily", "08:00 UTC", to=CHANNELS[:1])
        for owner, alerts in rules.items():
            channels = [Channel(one, "mail", (address_of(one, owner),)) for one in CHANNELS]
            profile = {
                "pk": owner,
                "sk": "profile",
                "name": owner.title(),
                "updated_at": UPDATED_AT,
                "alerts": alert_values(alerts),
                **channel_values(channels),
            }
            if owner == STAFF:
                profile["digest"] = msgspec.to_builtins(digest)
                listing = None
            else:
                name = ClientProfile(owner.title())
                listing = listing_item(ClientRecord(owner, name, {}, digest=digest))
            told = [with_channels(one, CHANNELS) for one in alerts]
            watched = watched_item(owner, expected.get(owner, ()), told)
            for item in (listing, to_item(profile), watched):
                if item is not None:
                    self.client.put_item(TableName=NAMES.clients, Item=item)

    def new_writer(self, seed: int) -> Ledger:
        """Return what a new environment of the writer works with."""
        keeping = Keeping(SETTINGS.entry_ttl_days, SETTINGS.rollup_shards)
        timing = Timing(now=now, pause=lambda _: None, dice=random.Random(seed))
        return Ledger(self.client, NAMES, keeping, timing=timing)

    def new_teller(self) -> teller.Teller:
        """Return what a new environment of the teller works with."""
        incidents = IncidentLedger(self.client, NAMES.incidents, now)
        rows = RowKeeper(self.client, NAMES.incidents, SETTINGS.entry_ttl_days)
        firsts = FirstFailures(self.client, NAMES.incidents, NAMES.rollups, now)
        bus = Bus(self.outside, "bus")
        made = teller.Teller(self.client, NAMES.clients, incidents, rows, bus, firsts=firsts)
        made.deliveries = self._deliveries()
        return made

    @contextmanager
    def found(self, waiting: Callable[[], int]) -> Iterator[time_machine.Coordinates]:
        """Let the handlers find this stage, and give its clock, which stands still.

        *waiting* says how many events the writers' queue holds.
        """
        tools = (SETTINGS, Serial())
        made: dict[Any, dict[str, Any]] = {
            writer: {"_ledger": lambda: self.writer},
            teller: {
                "_teller": lambda: self.teller,
                "_time_keeper": partial(self._new_time_keeper, waiting),
                "_act_taker": self._act_taker,
            },
            courier: {"_courier": self._courier},
            digester: {"_digester": self._digester},
            prover: {
                "_tools": lambda: tools,
                "dynamodb": lambda: self.client,
                "prove": partial(prove, pause=lambda _: None),
            },
            sweeper: {"_tools": lambda: tools, "dynamodb": lambda: self.client},
            compactor: {"_tools": lambda: tools, "dynamodb": lambda: self.client},
            api: {"_reader": lambda: self.reader},
            metrics: {"emit": self._emit},
        }
        log = logging.getLogger("run_ledger")
        before = (log.level, log.propagate)
        with ExitStack() as stack:
            for module, names in made.items():
                stack.enter_context(mock.patch.multiple(module, **names))
            log.addHandler(self.troubles)
            # The other lines would take more time than the handlers.
            log.setLevel(logging.ERROR)
            log.propagate = False
            try:
                yield stack.enter_context(time_machine.travel(FIRST, tick=False))
            finally:
                log.removeHandler(self.troubles)
                log.level, log.propagate = before

    def _new_time_keeper(self, waiting: Callable[[], int]) -> TimeKeeper:
        def count(urls: Any) -> int:
            return waiting() if _EVENTS in urls else 0

        bus = Bus(self.outside, "bus")
        queues = Queues(count, (_EVENTS,), ())
        self.time_keeper = TimeKeeper(self.client, NAMES, bus, queues, now)
        return self.time_keeper

    def _act_taker(self) -> ActTaker:
        days = SETTINGS.entry_ttl_days
        rejections = RejectionStore(
            self.client, NAMES.rejections, ttl_days=days, dice=random.Random(0)
        )
        incidents = IncidentLedger(self.client, NAMES.incidents, now)
        return ActTaker(incidents, RowKeeper(self.client, NAMES.incidents, days), rejections, now)

    def _courier(self) -> courier.Courier:
        poster, references = PinnedPoster(is_local=True), References(lambda _: None, is_local=True)
        senders = ChannelSenders(self.outside, poster, references, _SITE)
        find = partial(read_channel, self.client, NAMES.clients)
        records = DeliveryRecords(self.client, NAMES.incidents)
        lanes = DeliveryLanes(self.client, NAMES.incidents)
        return courier.Courier(Deliverer(find, records, lanes, senders, now), self._deliveries())

    def _digester(self) -> digester.Digester:
        sender = DigestSender(
            self.reader,
            partial(read_mail_channels, self.client, NAMES.clients),
            DigestRecords(self.client, NAMES.incidents),
            self._deliveries(),
            partial(secrets.token_urlsafe, LINK_SECRET_BYTES),
            f"{_SITE}/digests/off",
            _SITE,
        )
        return digester.Digester(partial(read_digests, self.client, NAMES.clients), sender)

    def _deliveries(self) -> DeliveryQueue:
        return DeliveryQueue(lambda: self.outside, _DELIVERIES)

    def _emit(self, message: str, units: Any, values: Mapping[str, Any], **more: Any) -> None:
        del units, more
        self.metrics[message] = values


def address_of(channel: str, client_id: str) -> str:
    """Return the address that a mail channel of a client or of staff leads to."""
    return f"{channel}@{'staff' if client_id == STAFF else client_id}.example"
