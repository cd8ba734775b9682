"""What stands for AWS on a replayed day: a bus, a queue of deliveries, a post, and sudden ends.

All calls of a function, of DynamoDB too, go through here, so that a kill may come between any two.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from tests.support.dynamo import faults
from tests.support.dynamo.stand_in import Call, Fault
from tests.support.events import builders

from run_ledger.domain.contract.probes import PROBE
from run_ledger.domain.delivery.deliveries import Letter

_MOST_CALLS_BEFORE_A_KILL = 12


class Kills:
    """When functions are killed: before or after a call, which takes effect in the second case."""

    def __init__(self, dice: random.Random, seconds: Mapping[str, Sequence[float]]) -> None:
        """Kill functions, by their names, at *seconds* of the day or soon after."""
        self.done: Counter[str] = Counter()
        self._dice = dice
        self._seconds = {name: sorted(some) for name, some in seconds.items()}
        self._function = ""
        self._calls_left: int | None = None

    def begin(self, function: str, second: float) -> None:
        """Begin an invocation, in which a call will be the last if it is time for that.

        An invocation with fewer calls comes to its end, and the next one is in danger.
        """
        due = self._seconds.get(function)
        is_due = bool(due) and due is not None and due[0] <= second
        self._function = function
        self._calls_left = self._dice.randrange(1, _MOST_CALLS_BEFORE_A_KILL) if is_due else None

    def end(self) -> None:
        """End an invocation: what is called from now on belongs to none."""
        self._calls_left = None

    def script(self, _: Call) -> Fault | None:
        """Return what becomes of a call of DynamoDB."""
        if not self._is_last():
            return None
        return self._dice.choice((faults.cut_before, faults.cut_after))

    def call(self, made: Callable[[], Any]) -> Any:
        """Make another call, or be killed before or after it."""
        is_last = self._is_last()
        if is_last and self._dice.random() < 0.5:
            raise faults.Cut
        answer = made()
        if is_last:
            raise faults.Cut
        return answer

    def _is_last(self) -> bool:
        if self._calls_left is None:
            return False
        self._calls_left -= 1
        if self._calls_left:
            return False
        self._seconds[self._function].pop(0)
        self.done[self._function] += 1
        return True


class Throttling:
    """Refusals of a function's transactions for a while, as DynamoDB gives them for one action.

    Other calls that are throttled the SDK makes again by itself.
    """

    def __init__(
        self, dice: random.Random, spans: Sequence[tuple[float, float]], share: float
    ) -> None:
        """Refuse a *share* of them in *spans*, from and to a second of the day."""
        self.met = 0
        self._dice = dice
        self._spans = spans
        self._share = share
        self._is_on = False

    def begin(self, second: float) -> None:
        """Begin an invocation of the function."""
        self._is_on = any(begin <= second < end for begin, end in self._spans)

    def end(self) -> None:
        """End it."""
        self._is_on = False

    def script(self, call: Call) -> Fault | None:
        """Return what becomes of a call of DynamoDB."""
        is_safe = not self._is_on or call.operation != "TransactWriteItems"
        if is_safe or self._dice.random() >= self._share:
            return None
        self.met += 1
        return faults.failing_action(self._dice.randrange(100), "ThrottlingError")


class Outside:
    """The bus, the queue of deliveries and the post, with the methods of their clients."""

    def __init__(self, kills: Kills) -> None:
        """Begin with nothing; any call may be the last of its function by *kills*."""
        self.mails: list[tuple[str, Letter, tuple[str, ...]]] = []
        self.deliveries: list[str] = []
        self.events: Counter[str] = Counter()
        """How many events of each type the bus has taken."""
        self.probes: list[str] = []
        """Those of them that its rule brings to the queue of events, as it brings them."""
        self._kills = kills

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Take entries, as the bus does."""
        answer: Mapping[str, Any] = self._kills.call(partial(self._take_entries, Entries))
        return answer

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: N803
        """Take messages, as the queue of deliveries does."""
        del QueueUrl
        return self._kills.call(partial(self._take_messages, Entries))

    def send(self, delivery_id: str, letter: Letter, recipients: Sequence[str]) -> None:
        """Take a mail, as the post does."""
        self.mails.append((delivery_id, letter, tuple(recipients)))

    def _take_entries(self, entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
        self.events.update(one["DetailType"] for one in entries)
        self.probes += [
            builders.text(
                builders.envelope(
                    json.loads(one["Detail"]), detail_type=PROBE, source=one["Source"]
                )
            )
            for one in entries
            if one["DetailType"] == PROBE
        ]
        return {"Entries": [{"EventId": "e"} for _ in entries]}

    def _take_messages(self, entries: Sequence[Any]) -> Any:
        self.deliveries += [one["MessageBody"] for one in entries]
        return {"Successful": [{"Id": one["Id"]} for one in entries]}


_WRITER = "run_ledger.writer"


class Troubles(logging.Handler):
    """Keeps what handlers call an error: on such a day there is none but what is made to be."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__(logging.ERROR)
        self.lines: list[str] = []
        self.behind_at: list[float] = []
        """When it was said that the intake is behind, in seconds since 1970."""
        self.handed_back_at: list[float] = []
        """When a writer gave an event back to the queue, as too many of its calls were refused."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        failure = getattr(record, "failure", "")
        if str(failure).startswith("the intake is behind"):
            self.behind_at.append(time.time())
        elif record.name == _WRITER and str(failure).endswith(": throttled for too long"):
            self.handed_back_at.append(time.time())
        else:
            self.lines.append(f"{record.name}: {record.getMessage()} {failure}".rstrip())
