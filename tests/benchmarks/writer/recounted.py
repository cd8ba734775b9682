"""Post a million events under trouble, and compare all that is stored with all that was sent.

Four writers take batches in turns, of events that come late, out of order and twice. Now and then a
call fails, has no answer although it took effect, or ends its writer, which begins anew. Memories
are small, so that writers forget jobs in between. What the ledger then holds is compared with a
recount that shares no code with it, and remembers of each event only what it adds up to.
"""

from __future__ import annotations

import hashlib
import json
import random
import resource
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.figures import Figure
from tests.support.dynamo import faults
from tests.support.dynamo.stand_in import Call, Dynamo, Fault
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope
from tests.support.readers import ledgers
from tests.support.recounts import recount
from tests.support.recounts.documents import job_document, project_document

from run_ledger.store.items.log_items import entries_of
from run_ledger.store.posting.ledger import Keeping, Ledger

from . import long_traffic

EVENTS = 1_000_000
WRITERS = 4
BATCH = 100
MEMORY_BYTES = 3_000_000
# One call in so many goes wrong.
CALLS_A_FAULT = 50
_FAULTS: tuple[Fault, ...] = (
    faults.refused_with("ThrottlingException"),
    faults.failing_action(1, "TransactionConflict"),
    faults.timed_out_before,
    faults.timed_out_after,
    faults.cut_before,
    faults.cut_after,
)
_MOST_HASH = 1 << 128
Contents = dict[tuple[str, str], tuple[int, int]]
"""By kind and id of a job or project: how many events it has, and a sum of their digests."""


@dataclass
class Recount:
    """What the ledger must hold of all that was sent."""

    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    contents: Contents = field(default_factory=dict)

    def take(self, events: Iterable[Envelope]) -> None:
        """Take in *events*, all there are of their jobs and projects."""
        sent = list(events)
        self.jobs |= recount.recount_jobs(sent)
        by_project: dict[str, list[Envelope]] = {}
        for one in sent:
            detail, is_job = one["detail"], one["detail-type"] == "job_update"
            kind, name = ("job", detail["job_id"]) if is_job else ("project", detail["project_id"])
            _note(self.contents, (kind, name), detail.get("event_id", one["id"]), detail)
            if not is_job:
                by_project.setdefault(name, []).append(one)
        for name, those in by_project.items():
            self.projects[name] = recount.recount_project(those)
        for key, counts in recount.recount_rollups(sent).items():
            self.rows.setdefault(key, Counter()).update(counts)

    def differences(self, store: Dynamo) -> list[str]:
        """Return what *store* holds otherwise, by name."""
        jobs = {name: job_document(one.job) for name, one in ledgers.stored_jobs(store).items()}
        projects = {
            name: project_document(one.project)
            for name, one in ledgers.stored_projects(store).items()
        }
        contents: Contents = {}
        for item in store.items(NAMES.entries):
            for entry in entries_of(item):
                _, kind, name, *_ = item["pk"]["S"].split("#")
                _note(contents, (kind, name), entry.event_id, entry.detail)
        return [
            *_unlike("job", jobs, self.jobs),
            *_unlike("project", projects, self.projects),
            *_unlike("row", ledgers.rollups(store), recount.without_zeros(self.rows)),
            *_unlike("events of", contents, self.contents),
        ]


@dataclass(frozen=True)
class Outcome:
    """What became of so many *events*."""

    events: int
    deliveries: int
    faults: int
    differences: list[str]
    seconds: float
    peak_mb: float


def differences_of_a_million() -> Figure:
    """Count what is stored otherwise than a recount of a million events gives."""
    outcome = recounted(EVENTS)
    return Figure(
        "recount_differences_million_events",
        len(outcome.differences),
        "differences",
        goal=0,
        more_is_better=False,
        notes=(
            f"{outcome.events:,} events, {outcome.deliveries:,} deliveries to {WRITERS} writers",
            f"{outcome.faults:,} calls went wrong",
            f"{outcome.seconds:,.0f} CPU seconds with the recount, {outcome.peak_mb:,.0f} MB",
            *outcome.differences[:5],
        ),
    )


def recounted(events: int, seed: int = 1) -> Outcome:
    """Post at least so many *events*, and compare."""
    started = time.process_time()
    dice, store, wanted = random.Random(seed), ledgers.empty_store(), Recount()
    house = _House(store, dice)
    sent, deliveries, number = 0, 0, 0
    while sent < events:
        made = long_traffic.generation(number, dice)
        texts = long_traffic.delivered(made, dice)
        house.post(texts)
        wanted.take(made)
        sent, deliveries, number = sent + len(made), deliveries + len(texts), number + 1
    return Outcome(
        sent,
        deliveries,
        house.faults,
        wanted.differences(store),
        time.process_time() - started,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000,
    )


class _House:
    """Writers that take batches in turns, and the queue that hands back what failed."""

    def __init__(self, store: Dynamo, dice: random.Random) -> None:
        self.faults = 0
        self._store = store
        self._dice = dice
        self._writers = [self._anew() for _ in range(WRITERS)]

    def post(self, texts: list[str]) -> None:
        """Post *texts*, each until a writer says that it is done."""
        waiting = texts
        while waiting:
            left: list[str] = []
            for start in range(0, len(waiting), BATCH):
                left += self._post(waiting[start : start + BATCH])
            waiting = left

    def _post(self, batch: list[str]) -> list[str]:
        """Return what has to be delivered again."""
        place = self._dice.randrange(WRITERS)
        try:
            report = ledgers.post(self._writers[place], batch)
        except faults.Cut:
            self._writers[place] = self._anew()
            return batch
        assert not report.rejected, report.rejected
        return [batch[int(message_id[1:])] for message_id in sorted(report.failed_message_ids)]

    def _anew(self) -> Ledger:
        keeping = Keeping(ledgers.TTL_DAYS, ledgers.SHARDS, memory_bytes=MEMORY_BYTES)
        seed = self._dice.randrange(1 << 30)
        return ledgers.make_ledger(self._store, self._script, seed=seed, keeping=keeping)

    def _script(self, _: Call) -> Fault | None:
        if self._dice.randrange(CALLS_A_FAULT):
            return None
        self.faults += 1
        return self._dice.choice(_FAULTS)


def _note(
    contents: Contents, name: tuple[str, str], event_id: str, detail: Mapping[str, Any]
) -> None:
    text = json.dumps([event_id, detail], sort_keys=True).encode()
    digest = int.from_bytes(hashlib.sha256(text).digest()[:16], "big")
    count, total = contents.get(name, (0, 0))
    contents[name] = count + 1, (total + digest) % _MOST_HASH


def _unlike(what: str, stored: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> list[str]:
    names = {**stored, **wanted}
    return [f"{what} {name}" for name in names if stored.get(name) != wanted.get(name)]
