"""Random ledgers, filters and changes for lists of jobs, and a plain recount of the lists."""

from __future__ import annotations

import base64
import json
import random
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.dynamo.querying import Querying
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledgers
from tests.support.readers.reading import NOW, STAFF, House, Reply, client_user
from tests.support.recounts import recount

from run_ledger.domain.contract.fingerprints import fingerprint
from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger.domain.instants import parse, text

SECOND = 1_000_000
DAY = 86_400 * SECOND
MIDNIGHT = NOW - NOW % DAY
CLIENTS = ("a", "b", "c")
PROJECTS = ("p", "q")
PIPELINES = ("default", "enrich")
PARENTS = ("load-1", "nobody")
NAMES = ("load", "enrich", "enrich-x")
# Names and tags as people write them: letters whose case is another text, marks of their own.
TITLES = ("Straße 7", "STRASSE 8", "Cafe\u0301", "caf\u00e9", "ΟΔΟΣ", "enrich =1+1 <b>", "İzmir")
TEXTS = (
    "strasse",
    "STRAßE",
    "CAFÉ",
    "cafe",
    "οδοσ",
    "<B>",
    "ı",
    "i\u0307",
    "load",
    "E",
    "d-1",
    "%",
)
TAGS = (
    {"team": "search"},
    {"team": "Search", "a": "b:c"},
    {"a:b": "c"},
    {"a": "", "<i>": "'\u0000"},
    {"a": ":"},
)
ASKED_TAGS = ("team:search", "a:b:c", "a:", "a::", "<i>:'\u0000", "team:s", "nothing:here")
# Of a day several, midnights and ties among them; then days apart, and the distant past.
MOMENTS = (
    *(MIDNIGHT + offset for offset in (0, 1, 3_600 * SECOND, 3_600 * SECOND + 1)),
    *(MIDNIGHT - offset for offset in (1, 2, DAY, DAY, DAY + 1, 9 * DAY, 40 * DAY, 400 * DAY)),
)
CALLERS: tuple[tuple[Mapping[str, str], tuple[str, ...]], ...] = (
    (STAFF, CLIENTS),
    (STAFF, CLIENTS),
    (client_user("a"), ("a",)),
    (client_user("a", "c"), ("a", "c")),
    (client_user("elsewhere"), ()),
    ({"client_id": "everything", "sub": "everything"}, CLIENTS),
    ({"client_id": "only-b", "sub": "only-b"}, ("b",)),
)
# What failures say: nothing, the same in other words, and what their pipelines call the same.
ERRORS: tuple[dict[str, str] | None, ...] = (
    None,
    {"type": "Timeout", "message": "no answer in 31 s"},
    {"type": "Timeout", "message": "no answer in 5 s"},
    {"type": "E", "message": "m", "fingerprint": "f"},
    {"type": "E2", "message": "m2", "fingerprint": "f"},
    {"type": "E", "message": "m", "fingerprint": "none"},
    {"type": "E", "message": "m", "fingerprint": "ß OR (1 = 1)"},
)
TIMEOUT = fingerprint("Timeout", "no answer in 1 s")
FINGERPRINTS = ("none", "f", TIMEOUT, "ß OR (1 = 1)", "elsewhere")
Jobs = dict[str, dict[str, Any]]


@dataclass
class Books:
    """A ledger with a reader, and all events that it got."""

    dice: random.Random
    store: Any = field(default_factory=ledgers.empty_store)
    told: list[tuple[Envelope, int]] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    here: House = field(init=False)

    def __post_init__(self) -> None:
        """Make the house and its applications' grants."""
        self.querying = Querying(self.store)
        self.here = House(self.querying)  # type: ignore[arg-type]
        self.here.grant("everything", staff=True)
        self.here.grant("only-b", clients=["b"])

    def tell(self, **fields: Any) -> None:
        """Post an event of a job, whose client, project and pipeline follow from its id."""
        event = job_update(event_id=f"e{len(self.told)}", **whose(fields["job_id"]), **fields)
        self.told.append((event, self.here.now))
        self.seen[fields["job_id"]] = self.here.now
        self.here.post(event)

    def jobs(self) -> Jobs:
        """Return all jobs as they are now, by a recount of the events."""
        found = recount.recount_jobs(event for event, _ in self.told)
        for job_id, job in found.items():
            silence = self.here.now - self.seen[job_id]
            heartbeat = (job.pop("heartbeat_seconds") or 900) * SECOND
            job["stalled"] = job["status"] == "running" and silence > heartbeat
            job["last_seen_at"] = text(self.seen[job_id])
        return found

    def job_id(self) -> str:
        """Return the id of a job of the ledger, or of a new one."""
        return f"{self.dice.choice(NAMES)}-{self.dice.randrange(12)}"


def whose(job_id: str) -> dict[str, str]:
    """Return client, project and pipeline of a job: the same for the same id."""
    dice = random.Random(job_id)
    return {
        "client_id": dice.choice(CLIENTS),
        "project_id": dice.choice(PROJECTS),
        "pipeline": dice.choice(PIPELINES),
    }


def start(books: Books) -> None:
    """Post a job's first event, or an earlier event of a known job that arrives late."""
    moment = text(books.dice.choice(MOMENTS))
    status = books.dice.choice(("queued", "running", "running"))
    error = books.dice.choice((None, None, None, *ERRORS))
    books.tell(job_id=books.job_id(), occurred_at=moment, status=status, **_of(error))


def end(books: Books) -> None:
    """Post an attempt's end, perhaps of an attempt without other events."""
    moment = text(books.dice.choice(MOMENTS))
    result = books.dice.choice((*RESULTS, "succeeded", "failed"))
    attempt = books.dice.choice((1, 1, 2))
    books.tell(
        job_id=books.job_id(),
        occurred_at=moment,
        attempt=attempt,
        status="completed",
        result=result,
        **_of(books.dice.choice(ERRORS)),
    )


def again(books: Books) -> None:
    """Post a new attempt: the job has no result any more."""
    moment = text(books.dice.choice(MOMENTS))
    books.tell(job_id=books.job_id(), occurred_at=moment, attempt=2, status="running")


def _of(error: dict[str, str] | None) -> dict[str, Any]:
    return {"error": error} if error else {}


def count(books: Books) -> None:
    """Post a delta: the job is not stalled any more."""
    cost = books.dice.choice((None, 0, 5, 7, 7, -9))
    delta = {"records_ok": 1} | ({} if cost is None else {"cost_microusd": cost})
    books.tell(job_id=books.job_id(), occurred_at=text(NOW), delta=delta)


def say(books: Books) -> None:
    """Post a job's parent and heartbeat."""
    books.tell(
        job_id=books.job_id(),
        occurred_at=text(NOW + len(books.told)),
        parent_job_id=books.dice.choice(PARENTS),
        heartbeat_seconds=books.dice.choice((60, 900, 4_000)),
    )


def label(books: Books) -> None:
    """Post a job's name and tags."""
    books.tell(
        job_id=books.job_id(),
        occurred_at=text(NOW + len(books.told)),
        name=books.dice.choice(TITLES),
        tags=books.dice.choice(TAGS),
    )


def wait(books: Books) -> None:
    """Let time pass, so that running jobs stall."""
    books.here.now += books.dice.choice((1, 200, 700, 3_000)) * SECOND


CHANGES: tuple[Callable[[Books], None], ...] = (
    start,
    start,
    end,
    end,
    end,
    again,
    count,
    say,
    label,
    label,
    wait,
)


def filters(dice: random.Random) -> dict[str, str]:
    """Return some parameters that don't contradict each other."""
    chosen: dict[str, str] = {}
    for name, values in (
        ("client_id", CLIENTS),
        ("project_id", PROJECTS),
        ("pipeline", PIPELINES),
        ("parent_job_id", PARENTS),
        ("q", TEXTS),
        ("tag", ASKED_TAGS),
    ):
        if dice.random() < 0.2:
            chosen[name] = dice.choice(values)
    chosen |= dice.choice(
        (
            {},
            {},
            {"status": "running"},
            {"status": "queued"},
            {"status": "completed"},
            {"result": "failed"},
            {"result": "timed_out,failed"},
            {"stalled": "true"},
            {"stalled": "false"},
            {"status": "running", "stalled": "false"},
            *_of_ends(dice),
        )
    )
    if dice.random() < 0.3:
        since, until = sorted(dice.sample(sorted(set(MOMENTS)), 2))
        chosen |= dice.choice(
            ({"from": text(since)}, {"to": text(until)}, {"from": text(since), "to": text(until)})
        )
    if chosen.get("from", "") >= chosen.get("ended_to", "~"):
        del chosen["from"]
    return chosen


def _of_ends(dice: random.Random) -> Iterator[dict[str, str]]:
    """Yield some filters by the jobs' results and ends."""
    since, until = sorted(dice.sample(sorted(set(MOMENTS)), 2))
    failure = {"fingerprint": dice.choice(FINGERPRINTS)}
    yield failure
    yield {**failure, "result": dice.choice(("failed", "timed_out,partial"))}
    yield {**failure, "status": "completed", "ended_from": text(since)}
    yield {"ended_from": text(since), "ended_to": text(until)}
    yield {"ended_to": text(until), "result": "succeeded,failed"}


def _failure(job: Mapping[str, Any]) -> str | None:
    if job["result"] not in ("failed", "timed_out"):
        return None
    return job["error"]["fingerprint"] if job["error"] else "none"


def matches(job: Mapping[str, Any], parameters: Mapping[str, str]) -> bool:
    """Return whether the parameters ask for a job with this document."""
    tests: dict[str, Callable[[str], bool]] = {
        "stalled": lambda value: job["stalled"] is (value == "true"),
        "from": lambda value: parse(job["created_at"]) >= parse(value),
        "to": lambda value: parse(job["created_at"]) < parse(value),
        "q": lambda value: any(_folded(value) in _folded(job[name] or "") for name in _NAMED),
        "tag": lambda value: value in [":".join(tag) for tag in job["tags"].items()],
        "result": lambda value: job["result"] in value.split(","),
        "fingerprint": lambda value: _failure(job) == value,
        "ended_from": lambda value: (job["ended_at"] or "") >= value,
        "ended_to": lambda value: "" < (job["ended_at"] or "") < value,
    }
    return all(
        tests[name](value) if name in tests else job[name] == value
        for name, value in parameters.items()
    )


_NAMED = ("job_id", "name")


def _folded(value: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", value).casefold())


def sorted_by(sort: str, jobs: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return jobs with the longest or dearest first, the newest of equal ones before the others."""
    newest = sorted(jobs, key=place, reverse=True)
    values = [
        (job["duration_seconds"] if sort == "duration" else job["counters"].get("cost_microusd"))
        for job in newest
    ]
    known = [pair for pair in zip(values, newest, strict=True) if pair[0] is not None]
    unknown = [job for value, job in zip(values, newest, strict=True) if value is None]
    return [job for _, job in sorted(known, key=lambda pair: -pair[0])] + unknown


def place(job: Mapping[str, Any]) -> str:
    """Return a job's position in lists, for sorting."""
    return f"{job['created_at']}#{job['job_id']}"


def position(reply: Reply) -> str:
    """Return the position at which a page ends: below every job if it is the last page."""
    cursor = reply.json["next_cursor"]
    if cursor is None:
        return ""
    sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return str(json.loads(sealed[16:])[0])
