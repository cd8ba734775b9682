"""Back-off by key: what DynamoDB throttles or another writer holds waits, and nothing else does.

A key stands for what can be in trouble by itself: a job or project (its entries, its item and its
places in the indexes), a rollup row, the reading of an item, or a transaction that failed as a
whole. A key is in trouble from its first failure until something with it was written. The times
after which it is tried again are random and grow ("full jitter"), each key's by its own failures.

A writer whose patience with a throttled key is over hands its events back to the queue, as it keeps
all that comes after them waiting. What is in trouble is remembered from batch to batch, so that a
key which stays throttled costs a writer this patience once, and each later batch little.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass

Key = Hashable

PATIENCE_SECONDS = 5.0
"""How long a batch waits for a key that is throttled."""
PATIENCE_AFTERWARDS_SECONDS = 1.0
"""How long it waits for one that was throttled in an earlier batch and not written since."""
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0
_MOST_KEYS = 1_000


@dataclass(slots=True)
class _Trouble:
    failures: int = 0
    next_try_at: float = 0.0
    throttled_since: float | None = None


def longest_pause(failures: int) -> float:
    """Return the longest pause, in seconds, after so many *failures* before the last one."""
    doubled: float = _FIRST_PAUSE_SECONDS * 2 ** min(failures, 10)
    return min(_LONGEST_PAUSE_SECONDS, doubled)


class Waits:
    """The keys in trouble of one writer. All times are seconds of its *clock*."""

    def __init__(self, dice: random.Random, clock: Callable[[], float]) -> None:
        """Begin with no key in trouble."""
        self._dice = dice
        self._clock = clock
        self._troubles: OrderedDict[Key, _Trouble] = OrderedDict()
        self._batch_began = clock()

    def begin_batch(self) -> None:
        """Let every key be tried at once, with the patience of a new batch."""
        self._batch_began = self._clock()
        for trouble in self._troubles.values():
            trouble.next_try_at = 0.0

    def note_failure(self, keys: Iterable[Key], *, is_throttled: bool) -> None:
        """Let *keys* wait: keys that failed together, and as often, for the same time.

        Those that were in trouble longest ago are forgotten beyond a limit.
        """
        now, part = self._clock(), self._dice.random()
        for key in keys:
            trouble = self._troubles.setdefault(key, _Trouble())
            self._troubles.move_to_end(key)
            trouble.next_try_at = now + part * longest_pause(trouble.failures)
            trouble.failures += 1
            if is_throttled and trouble.throttled_since is None:
                trouble.throttled_since = now
        while len(self._troubles) > _MOST_KEYS:
            self._troubles.popitem(last=False)

    def note_success(self, keys: Iterable[Key]) -> None:
        """Note that these keys are in no trouble any more."""
        if self._troubles:
            for key in keys:
                self._troubles.pop(key, None)

    def in_trouble(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Return those of *keys* that are in trouble."""
        if not self._troubles:
            return frozenset()
        return frozenset(key for key in keys if key in self._troubles)

    def seconds_until_due(self, keys: Iterable[Key]) -> float:
        """Return after how many seconds something that has all *keys* may be tried, 0 for now."""
        if not self._troubles:
            return 0.0
        due_at = max((self._troubles[key].next_try_at for key in self.in_trouble(keys)), default=0)
        return max(0.0, due_at - self._clock())

    def given_up(self, keys: Iterable[Key]) -> frozenset[Key]:
        """Return those of *keys* for which this batch's patience is over."""
        return frozenset(key for key in self.in_trouble(keys) if self._is_over(key))

    def _is_over(self, key: Key) -> bool:
        since = self._troubles[key].throttled_since
        if since is None:
            return False
        is_old = since < self._batch_began
        patience = PATIENCE_AFTERWARDS_SECONDS if is_old else PATIENCE_SECONDS
        return self._clock() - max(since, self._batch_began) >= patience
