"""Throttling as DynamoDB documents it: of a key, an index or a table, for a while or for ever.

TransactWriteItems is cancelled, and the reason of each action that is throttled says so: a write to
a table with capacity on demand ``ThrottlingError``, one to a provisioned table
``ProvisionedThroughputExceeded``; of a write that an index can't take, too (API reference,
"TransactionCanceledException"). A request may also fail as a whole with ThrottlingException,
ProvisionedThroughputExceededException or RequestLimitExceeded ("TransactWriteItems", errors).
BatchGetItem leaves throttled keys unprocessed, or fails where none can be processed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from tests.support.dynamo.stand_in import Key, Write, client_error
from tests.support.dynamo.tables import NAMES
from tests.support.stacks import templates


def any_key(key: Key) -> bool:
    """Return True: all of a table's keys are throttled."""
    return bool(key)


@dataclass(frozen=True)
class Throttle:
    """Some keys of a table, or of what one of its indexes takes in, throttled until some time."""

    table: str
    concerns: Callable[[Key], bool] = any_key
    index: str | None = None
    until: float = math.inf
    code: str = "ThrottlingError"
    whole: str | None = None
    """The code with which the whole request fails, instead of a reason of the action."""
    reads: bool = False
    """Whether it is reads that are throttled, not writes."""


@dataclass
class Throttled:
    """What is throttled, by a clock of seconds."""

    clock: Callable[[], float]
    throttles: list[Throttle] = field(default_factory=list)
    met: int = 0
    """How many writes and reads were throttled so far."""

    def judge(self, writes: Sequence[Write]) -> None:
        """Give the writes that are throttled this as their reason, or fail them all together.

        Raises ClientError where the request fails as a whole.
        """
        for write in writes:
            for one in self._on(write.table, write.key):
                if one.whole is not None:
                    self.met += 1
                    raise client_error(one.whole, "throttled", "TransactWriteItems")
        for write in writes:
            for one in self._on(write.table, write.key):
                if not one.reads and (one.index is None or _is_in_index(one.index, write)):
                    self.met += 1
                    write.code, write.message = one.code, "throttled"

    def of_read(self, table: str, key: Key) -> bool:
        """Return whether the reading of an item is throttled."""
        found = any(one.reads for one in self._on(table, key))
        self.met += found
        return found

    def _on(self, table: str, key: Key) -> list[Throttle]:
        now = self.clock()
        return [
            one
            for one in self.throttles
            if one.table == table and now < one.until and one.concerns(key)
        ]


def _is_in_index(index: str, write: Write) -> bool:
    """Return whether a write changes what *index* holds: only such a write uses its capacity."""
    names = _projected(write.table)[index]
    before, after = (
        {name: (item or {}).get(name) for name in names} for item in (write.old, write.new)
    )
    return before != after


@cache
def _projected(table: str) -> dict[str, list[str]]:
    """Return the attributes that each index of *table* holds, as the template has them."""
    kind = next(kind for kind, name in NAMES._asdict().items() if name == table)
    properties = templates.source()["Resources"][f"{kind.capitalize()}Table"]["Properties"]
    return {
        index["IndexName"]: [part["AttributeName"] for part in index["KeySchema"]]
        + index["Projection"].get("NonKeyAttributes", [])
        for index in properties["GlobalSecondaryIndexes"]
    }
