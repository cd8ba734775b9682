"""Sending what lies in the spools, while somebody waits: what `run-ledger spool flush` does."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from run_ledger.emit.delivery.backlog import Pile, Shelf
from run_ledger.emit.delivery.bus import Bus, BusTrouble, Target
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.spool import SUFFIX, Spool, glance_at, open_folder

_FIRST_PAUSE = 0.5
_TRIES = 4  # in a row that come to nothing


class Folder(NamedTuple):
    """One target's spool: where its events go, and what is in it."""

    path: Path
    target: Target
    files: int
    held: int
    """Files that living processes look after."""
    events: int
    size: int
    oldest_at: float | None

    @property
    def spool(self) -> Spool:
        """Return the spool, for taking things out of it."""
        return Spool(self.path, msgspec.json.encode(self.target._asdict()).decode())


class Drained(NamedTuple):
    """What came of one folder: events sent, and what stopped it, None where all was sent."""

    sent: int
    trouble: str | None
    dropped: int
    """Events too old, garbled, or refused by the bus for good."""


def folders(root: Path) -> Iterator[Folder]:
    """Give the spools below *root*; those of other users, and what is no spool, are left out."""
    if not root.is_dir():
        return
    for path in sorted(root.iterdir()):
        with suppress(OSError, msgspec.DecodeError):
            os.close(open_folder(path))
            stated = msgspec.json.decode((path / "target.json").read_bytes(), type=_Target)
            target = Target(stated.bus, stated.region, stated.endpoint_url, stated.source)
            yield _folder(path, target)


def _folder(path: Path, target: Target) -> Folder:
    glances = [
        glance
        for file in sorted(path.glob(f"*{SUFFIX}"))
        if (glance := glance_at(path, file.name)) is not None and glance.size
    ]
    oldest = [glance.oldest_at for glance in glances if glance.oldest_at is not None]
    return Folder(
        path,
        target,
        files=len(glances),
        held=sum(glance.is_held for glance in glances),
        events=sum(glance.events for glance in glances),
        size=sum(glance.size for glance in glances),
        oldest_at=min(oldest, default=None),
    )


class _Target(msgspec.Struct):
    bus: str
    source: str
    region: str | None = None
    endpoint_url: str | None = None


def drain(
    spool: Spool,
    bus: Bus,
    *,
    on_sent: Callable[[int], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    dice: random.Random | None = None,
) -> Drained:
    """Send what processes that are gone left in *spool*; give up when the bus takes nothing."""
    health = Health()
    shelf = Shelf(spool, health)
    dice = dice or random.Random()  # noqa: S311 - jitter is no secret
    sent, failures, trouble = 0, 0, None
    try:
        while failures < _TRIES and (pile := shelf.pile()) is not None:
            accepted, trouble = _send(shelf, pile, bus, health)
            sent += accepted
            on_sent(accepted)
            failures = 0 if accepted or trouble is None else failures + 1
            if failures:
                sleep(_FIRST_PAUSE * 2.0**failures * dice.uniform(0.5, 1.0))
    finally:
        shelf.let_go()
    counts = health.counts
    dropped = counts["expired"] + counts["lost"] + counts["refused"]
    return Drained(sent, trouble if failures else None, dropped)


def _send(shelf: Shelf, pile: Pile, bus: Bus, health: Health) -> tuple[int, str | None]:
    """Send one pile; return how many the bus took and what stood in the way of the rest."""
    if not pile.updates:
        shelf.done(pile)
        return 0, None
    try:
        outcome = bus.put(pile.updates)
    except BusTrouble as trouble:
        return 0, str(trouble)
    for update, words in outcome.refused:
        health.note_dropped("refused", 1, f"the bus refuses {update.event_id}: {words}")
    if not shelf.write(outcome.again):
        return len(outcome.accepted), health.last_error
    shelf.done(pile)
    return len(outcome.accepted), outcome.trouble if outcome.again else None
