"""The watermark: the instant up to which everything that the bus took has been posted.

Nothing says so directly. A queue keeps no order, its counts are of a moment ago, and a message that
a writer failed with is hidden for minutes, while others pass it. So each minute a probe goes the
way of all events, and a look says which have come, how many messages wait, and which
messages are known to have failed. From these follow two arguments, and the better one counts:

- *Nothing waits.* A look has found no message that waits or is being posted, after a probe had
  come, and the next look, half a minute later or more, none but the probes sent since. Then all
  that was taken before the probe was sent is posted.
- *The probe was not alone.* Where messages always wait, those sent long before a probe that has
  come are posted: longer before than any probe of the last minutes took, and than a message is
  hidden after a writer was stopped with it.

Neither goes beyond a probe that has not come, or a message that is known to have failed, and while
dead letters lie anywhere the watermark stays where it is. It never goes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, structs

from run_ledger.domain.instants import MICROSECONDS, Instant

HIDDEN_SECONDS = 240
"""How long the writer's queue hides a message that a writer has taken: the template says so."""
NOTED_SECONDS = HIDDEN_SECONDS + 120
"""How long a note counts that messages failed: by then they have come again, or are noted anew."""
MOST_PROBES = 20
_BETWEEN_LOOKS = 30 * MICROSECONDS
_BEHIND = (HIDDEN_SECONDS + 60) * MICROSECONDS
_OVERDUE_AFTER = 300 * MICROSECONDS
"""So long after a probe that has not come another is sent."""
_SETTLING = 600 * MICROSECONDS
"""How long a probe counts that was slow: a backlog is not posted in its order."""
_LOST_AFTER = 3_600 * MICROSECONDS
_LOST_BEHIND = 3


class SentProbe(NamedTuple):
    """A probe, an instant before the bus took it, and when it came; None while it has not."""

    probe_id: str
    sent_at: Instant
    arrived_at: Instant | None = None


class IntakeState(Struct, frozen=True):
    """How far the intake is known to have come.

    ``watermark`` is None until anything is known. ``probes`` are under way, or of use to the next
    look. ``empty_at`` is when an earlier look found that nothing waits, None if the last one did
    not. ``begun_at`` is when the first look began.
    """

    watermark: Instant | None = None
    probes: tuple[SentProbe, ...] = ()
    empty_at: Instant | None = None
    begun_at: Instant | None = None

    @property
    def under_way(self) -> tuple[SentProbe, ...]:
        """Return the probes that have not come."""
        return tuple(one for one in self.probes if one.arrived_at is None)

    def is_behind_by(self, seconds: float, now: Instant) -> bool:
        """Return whether the watermark, or else the first look, is so many seconds ago."""
        known = self.begun_at if self.watermark is None else self.watermark
        return known is not None and now - known > seconds * MICROSECONDS

    def may_probe(self, now: Instant) -> bool:
        """Return whether a further probe is of use, and not too many are under way.

        One at a time, so that looks find an empty queue; but more where one stays away.
        """
        is_awaited = any(now - one.sent_at < _OVERDUE_AFTER for one in self.under_way)
        return not is_awaited and len(self.probes) < MOST_PROBES


class IntakeLook(NamedTuple):
    """What one look saw at ``at``.

    ``waiting`` messages are in the writer's queue, in whatever state, ``dead`` ones in all queues
    of dead letters. ``arrived`` says when probes came, by their ids. ``failing`` is when the oldest
    message was sent that is known to have failed, None without one.
    """

    at: Instant
    waiting: int
    dead: int
    arrived: Mapping[str, Instant]
    failing: Instant | None = None


def looked(intake: IntakeState, look: IntakeLook) -> IntakeState:
    """Return what is known after *look*."""
    probes = [
        one._replace(arrived_at=look.arrived.get(one.probe_id, one.arrived_at))
        for one in intake.probes
    ]
    probes = [one for one in probes if not _is_lost(one, probes, look)]
    under_way = [one for one in probes if one.arrived_at is None]
    first = min((one.sent_at for one in under_way), default=look.at)
    is_empty = _is_empty(intake, look, len(under_way))
    slow = [one for one in probes if one.arrived_at is not None and _is_recent(one, look)]
    slowest = max(map(_took, slow), default=0)
    reached = [
        _reached(one, intake, slowest, is_empty=is_empty) for one in probes if one.sent_at < first
    ]
    limits = [first, look.at, *([] if look.failing is None else [look.failing])]
    found = min(max(reached), *limits) if reached else None
    watermark = intake.watermark
    if found is not None and not look.dead:
        watermark = Instant(max(found, watermark or found))
    of_use = [
        one
        for one in probes
        if one.arrived_at is None
        or watermark is None
        or one.sent_at > watermark
        or _is_recent(one, look)
    ]
    return IntakeState(
        watermark,
        _few(of_use),
        _empty_at(intake, look),
        look.at if intake.begun_at is None else intake.begun_at,
    )


def with_probe(intake: IntakeState, probe: SentProbe) -> IntakeState:
    """Return *intake* once *probe* has been sent."""
    return structs.replace(intake, probes=(*intake.probes, probe))


def _is_empty(intake: IntakeState, look: IntakeLook, under_way: int) -> bool:
    """Return whether nothing but probes has waited since the look before, long enough ago."""
    if intake.empty_at is None or look.at - intake.empty_at < _BETWEEN_LOOKS:
        return False
    return look.waiting <= under_way


def _took(probe: SentProbe) -> int:
    return 0 if probe.arrived_at is None else max(0, probe.arrived_at - probe.sent_at)


def _is_recent(probe: SentProbe, look: IntakeLook) -> bool:
    return probe.arrived_at is not None and look.at - probe.arrived_at < _SETTLING


def _reached(probe: SentProbe, intake: IntakeState, slowest: int, *, is_empty: bool) -> Instant:
    """Return up to when all is posted, as the arrival of *probe* and this look tell.

    *slowest* is how long any probe took that has come of late.
    """
    arrived_at = probe.sent_at if probe.arrived_at is None else probe.arrived_at
    if is_empty and intake.empty_at is not None and arrived_at <= intake.empty_at:
        return probe.sent_at
    return Instant(probe.sent_at - max(_took(probe), slowest) - _BEHIND)


def _is_lost(probe: SentProbe, probes: Sequence[SentProbe], look: IntakeLook) -> bool:
    """Return whether a probe will not be found any more: its place was taken by another's."""
    if probe.arrived_at is not None:
        return False
    passed = sum(one.sent_at > probe.sent_at for one in probes if one.arrived_at is not None)
    return look.at - probe.sent_at > _LOST_AFTER and passed >= _LOST_BEHIND


def _empty_at(intake: IntakeState, look: IntakeLook) -> Instant | None:
    if look.waiting:
        return None
    if intake.empty_at is not None and look.at - intake.empty_at < _BETWEEN_LOOKS:
        return intake.empty_at
    return look.at


def _few(probes: Sequence[SentProbe]) -> tuple[SentProbe, ...]:
    """Return *probes* without so many of those that came that there is room for the next one."""
    come = [one for one in probes if one.arrived_at is not None]
    gone = set(come[: max(0, len(probes) - MOST_PROBES + 1)])
    return tuple(one for one in probes if one not in gone)
