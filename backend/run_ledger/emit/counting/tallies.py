"""What one job or project has to report: sums, and the last word on each field.

A tally sleeps until something is said, then wakes: it is put in the sender's line once, and stays
with it for as long as there is something to tell. The caller first says and then looks whether
the tally sleeps; the sender first puts it to sleep and then looks what was said. So whichever comes
first, nothing that was said is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from run_ledger.domain import instants
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import Instant
from run_ledger.emit.counting.checks import Sums
from run_ledger.emit.counting.updates import MAX_NAMES_AN_EVENT, Update, make, now

Said = tuple[Instant, Any]


class Tally:
    """One job's or project's report in the making; any thread says, the sender takes."""

    __slots__ = (
        "__weakref__", "_last_stamp", "_said", "_sums", "_taken", "_wake",
        "asleep", "detail_type", "identity", "is_kept_alive", "seen_at", "silence",
    )  # fmt: skip

    def __init__(
        self,
        detail_type: str,
        identity: Mapping[str, Any],
        wake: Callable[[Tally], None],
        complain: Callable[[InvalidEvent], None],
    ) -> None:
        """Report about *identity*, the fields that each of its events carries."""
        self.detail_type = detail_type
        self.identity = dict(identity)
        self.asleep = True
        self.is_kept_alive = False
        self.silence = 0.0
        """Seconds after which a job that is kept alive says that it still runs."""
        self.seen_at = 0.0
        """When the sender last made an event of it, by the sender's clock."""
        self._wake = wake
        self._sums = Sums(complain)
        self._said: dict[str, Said] = {}
        self._taken: dict[str, Said] = {}
        self._last_stamp = Instant(0)

    def add(self, deltas: Mapping[str, int]) -> None:
        """Add to the sums; never waits."""
        self._sums.add(deltas)
        if self.asleep:
            self._wake(self)

    def say(self, field: str, value: Any) -> None:
        """Let *value* be the last word on *field*; None is a sign of life alone."""
        self._said[field] = (self.stamp(), value)
        if self.asleep:
            self._wake(self)

    def stamp(self) -> Instant:
        """Return the present instant, later than any that was given before."""
        self._last_stamp = max(now(), instants.later(self._last_stamp, 1))
        return self._last_stamp

    def forget(self) -> None:
        """Drop what was said so far: after a fork, that is the parent's to report."""
        self.asleep = True
        self.is_kept_alive = False
        self._sums.forget()
        self._taken = dict(self._said)

    def take(
        self,
        complain: Callable[[InvalidEvent], None],
        *,
        ending: Mapping[str, Any] | None = None,
        must_show: bool = False,
    ) -> list[Update]:
        """Return what is new as updates; only one thread at a time may take.

        *ending* goes into the first one, whatever else is new; *must_show* makes one in any case.
        """
        said = self._new_words()
        changes = self._sums.take()
        if not (said or changes or ending or must_show):
            return []
        stamp = max((at for at, _ in said.values()), default=None) or self.stamp()
        detail = {
            **self.identity,
            "occurred_at": instants.text(stamp),
            **{field: value for field, (_, value) in said.items() if value is not None},
            **(ending or {}),
        }
        names = sorted(changes)
        updates = [make(self.detail_type, _with(detail, changes, names), complain)]
        for start in range(MAX_NAMES_AN_EVENT, len(names), MAX_NAMES_AN_EVENT):
            more = {**self.identity, "occurred_at": instants.text(self.stamp())}
            updates.append(make(self.detail_type, _with(more, changes, names[start:]), complain))
        return [update for update in updates if update is not None]

    def _new_words(self) -> dict[str, Said]:
        """Return what was said since the last time; the same word said again is new as well."""
        fresh = {
            field: word
            for field, word in self._said.copy().items()
            if self._taken.get(field) is not word
        }
        self._taken.update(fresh)
        return fresh


def _with(
    detail: Mapping[str, Any], changes: Mapping[str, int], names: list[str]
) -> dict[str, Any]:
    """Return *detail* with the first of *names* in its delta, as many as one event takes."""
    delta = {name: changes[name] for name in names[:MAX_NAMES_AN_EVENT]}
    return {**detail, "delta": delta} if delta else dict(detail)
