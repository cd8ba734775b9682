"""A bus that is posted to until it has everything, through PutEvents."""

from collections.abc import Callable, Sequence
from random import Random

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.emit.delivery.bus import EVENTS_PER_CALL, EventBridgeClient
from run_ledger_ops.demo.reporting.demo_events import DemoEvent

_LARGEST_ENTRY_BYTES = 64 * 1024
_PASSING_ERRORS = {"ThrottlingException", "InternalFailure"}
_FIRST_PAUSE_SECONDS = 0.25
_MOST_DOUBLINGS = 6  # 16 seconds

PutEntry = dict[str, str]


class PatientBus:
    """Posts events to a bus, and waits while the bus is down.

    An event that the bus could not take is posted again, with the same event id, until the bus
    takes it. Only an event that the bus refuses for good is dropped. Each is said once: that the
    bus is down, that it is up again, and each dropped event.
    """

    def __init__(
        self,
        client: EventBridgeClient,
        name: str,
        *,
        sleep: Callable[[float], None],
        dice: Random,
        say: Callable[[str], None],
    ) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep
        self._dice = dice
        self._say = say
        self._is_in_trouble = False

    def post(self, events: Sequence[DemoEvent]) -> None:
        """Post events in calls of ten, and return when the bus has them all."""
        for start in range(0, len(events), EVENTS_PER_CALL):
            entries = [event.entry(self._name) for event in events[start : start + EVENTS_PER_CALL]]
            _check_sizes(entries)
            self._post_entries(entries)

    def _post_entries(self, entries: list[PutEntry]) -> None:
        doublings = 0
        while True:
            entries, trouble = self._try(entries)
            self._note(trouble)
            if not entries:
                return
            # Full pauses would bring all that failed together back together.
            share = self._dice.uniform(0.5, 1.0)
            self._sleep(_FIRST_PAUSE_SECONDS * 2**doublings * share)
            doublings = min(doublings + 1, _MOST_DOUBLINGS)

    def _try(self, entries: list[PutEntry]) -> tuple[list[PutEntry], str | None]:
        """Post once; return the entries to post again, and why."""
        try:
            answer = self._client.put_events(Entries=entries)
        except ClientError as error:
            return entries, error.response["Error"]["Code"]
        except BotoCoreError as error:
            return entries, type(error).__name__
        if not answer["FailedEntryCount"]:
            return [], None
        again: list[PutEntry] = []
        trouble = None
        for entry, outcome in zip(entries, answer["Entries"], strict=True):
            code = outcome.get("ErrorCode")
            if code in _PASSING_ERRORS:
                again.append(entry)
                trouble = code
            elif code is not None:
                message = outcome.get("ErrorMessage", "no reason given")
                self._say(f"the bus refused an event for good ({code}: {message})")
        return again, trouble

    def _note(self, trouble: str | None) -> None:
        if trouble is not None and not self._is_in_trouble:
            self._say(f"the bus takes no events at the moment ({trouble}), trying on")
        if trouble is None and self._is_in_trouble:
            self._say("the bus takes events again")
        self._is_in_trouble = trouble is not None


def _check_sizes(entries: list[PutEntry]) -> None:
    for entry in entries:
        if len(entry["Detail"].encode()) >= _LARGEST_ENTRY_BYTES:
            raise ValueError(f"too large for an event: {entry['Detail'][:200]}")
