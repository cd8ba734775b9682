"""What a stage holds and answers after a day, compared with a recount of all that was sent.

The recount makes the day's events again, client by client, so that a million of them need no
memory. Each difference is named by a text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
from tests.benchmarks.writer.recounted import Recount
from tests.support.readers import ledgers
from tests.support.readers.reading import STAFF, api_event, client_user
from tests.support.recounts.digests import work_in
from tests.support.recounts.views import ATTEMPT, RESULTS, Fact, facts, series

from run_ledger import api, sweeper
from run_ledger.digesting import digester
from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS
from run_ledger.domain.digests.digest_figures import WorkFigures
from run_ledger.domain.incidents.alert_rules import STAFF as STAFF_ID
from run_ledger.domain.instants import DAY, HOUR, MICROSECONDS, Instant, floor, later, text

from .day_acts import NAMES as PEOPLE
from .day_compaction import uncompacted, unlike_packed
from .day_schedules import STOPPED
from .day_stage import CHANNELS, address_of, now
from .day_system import HIDDEN_SECONDS, THROTTLED, DaySystem, cause_of
from .day_traffic import FIRST

_FROM, _TO = str(FIRST.date() - timedelta(days=1)), str(FIRST.date() + timedelta(days=3))
_BEHIND_SECONDS, _CATCHING_UP_SECONDS = 1_800, 3_600
"""How far the watermark may be behind in the end, and for how long after writers stood still."""
_MOST_OPEN = 100
"""A digest looks at so many open incidents; of more, it tells at least how many things they are."""
_CLOSE_TO = 0.05
"""How far percentiles may be off, as a share: they come from a histogram."""
Invoke = Callable[..., Any]


class DayRecount:
    """Compares one stage, when its day is over."""

    def __init__(self, system: DaySystem, invoke: Invoke) -> None:
        """Ask the handlers of *system* by *invoke*, under the day's clock."""
        self._system = system
        self._invoke = invoke
        self._wanted = Recount()
        self._facts: list[Fact] = []
        self._states: dict[str, Counter[str]] = {}
        self._told = system.told()
        self.events = 0
        """How many distinct events the day had, once they have been recounted."""

    def differences(self, progress: Callable[[float], None]) -> Iterator[str]:
        """Yield what differs; *progress* hears how much of the recount is done, from 0 to 1."""
        system, day = self._system, self._system.day
        yield from system.differences
        yield from (f"trouble: {line}" for line in system.stage.troubles.lines)
        yield from self._handed_back()
        yield from self._watermark()
        for number, client_id in enumerate(day.client_ids):
            events = day.events_of(number)
            self._wanted.take(events)
            self.events += len(events)
            mine = list(_condensed(facts(events)))
            self._facts += mine
            yield from self._of_client(client_id, mine)
            progress((number + 1) / len(day.client_ids))
        yield from self._wanted.differences(system.store)
        today = text(now())[:10]
        yield from uncompacted(system.store, today)
        yield from unlike_packed(system.store, self._wanted.rows, today)
        for job in self._wanted.jobs.values():
            states = self._states.setdefault(job["client_id"], Counter())
            states[job["result"] or job["status"]] += 1
        yield from self._trends(STAFF, self._facts, None, "hour")
        yield from self._trends(STAFF, self._facts, "client", "day")
        yield from self._overview("24h", 1)
        yield from self._overview("7d", 7)
        yield from self._digest_of_staff()
        yield from self._incidents()
        yield from self._digest_mails()
        yield from self._proof()
        yield from self._sweep()
        yield from self._rejections()

    # ------------------------------------------------------------------------- one client

    def _of_client(self, client_id: str, mine: list[Fact]) -> Iterator[str]:
        asking = client_user(client_id)
        yield from self._trends(asking, mine, "pipeline", "hour")
        yield from self._trends(asking, mine, "project", "day")
        yield from self._digest(client_id, mine, self._open(client_id))

    def _open(self, client_id: str | None = None) -> int:
        """Return how many incidents must be open, of all or as people of a client see them."""
        opened, closed = self._told
        return sum(
            opened[cause] - closed[cause]
            for cause in opened
            if client_id is None or (cause.client_id == client_id and not cause.of_staff)
        )

    def _digest_of_staff(self) -> Iterator[str]:
        """Compare staff's digest, which has clients where others have pipelines.

        What a client's rule and staff's both tell, it tells once.
        """
        counted = [
            replace(fact, client_id=STAFF_ID, pipeline=fact.client_id)
            for fact in self._facts
            if not fact.name.startswith("c_") or fact.name[2:] in KNOWN_COUNTERS
        ]
        opened, closed = self._told
        is_open = {one._replace(of_staff=False) for one in opened if opened[one] > closed[one]}
        yield from self._digest(STAFF_ID, counted, len(is_open))

    def _digest(self, client_id: str, mine: list[Fact], is_open: int) -> Iterator[str]:
        first = FIRST.date()
        asked = {"show": {"client_id": client_id, "day": str(first)}}
        shown = self._invoke("digester", digester.handler, asked)["figures"]
        one = timedelta(days=1)
        work, before = (
            work_in(mine, client_id, begin, begin + one, "UTC") for begin in (first, first - one)
        )
        yield from _unlike(f"digest of {client_id}", shown["work"], work.pop(None))
        yield from _unlike(f"digest of {client_id} before", shown["work_before"], before.pop(None))
        told = {one["name"]: one["work"] for one in shown["groups"]}
        for name in {**told, **work}:
            wanted = work.get(name, WorkFigures())
            yield from _unlike(f"digest of {client_id} {name}", told.get(name), wanted)
        listed = self._open(None if client_id == STAFF_ID else client_id)
        count, is_more = shown["incidents"]["count"], shown["incidents"]["at_least"]
        name = f"digest's incidents of {client_id}"
        yield from _unlike(f"{name} are more", is_more, listed > _MOST_OPEN)
        # Of those that it looks at, at most two are about the same.
        if not is_more or not _MOST_OPEN // 2 <= count <= is_open:
            yield from _unlike(name, count, is_open)

    # ------------------------------------------------------------------------- totals

    def _trends(
        self, asking: Mapping[str, Any], counted: list[Fact], group_by: str | None, interval: str
    ) -> Iterator[str]:
        field = {"client": "client_id", "project": "project_id", "pipeline": "pipeline"}
        key: Callable[[Fact], Any] = lambda fact: (  # noqa: E731 - it is one of several
            None if group_by is None else getattr(fact, field[group_by])
        )
        wanted = series(counted, key, DAY if interval == "day" else HOUR)
        if group_by is None:
            wanted = _with_known_counters(wanted)
        asked = {"from": _FROM, "to": _TO, "interval": interval}
        document = self._ask("/trends", asking, **asked, group_by=group_by)
        found = {
            next(iter(one["key"].values()), None): {point["at"]: point for point in one["points"]}
            for one in document["series"]
        }
        for group in {**wanted, **found}:
            points, expected = found.get(group, {}), wanted.get(group, {})
            for at in {**expected, **points}:
                name = f"trends by {group_by} {group} {interval} {at}"
                yield from _unlike_point(name, points.get(at), expected.get(at))

    def _overview(self, period: str, days: int) -> Iterator[str]:
        since = later(floor(now(), HOUR), -days * DAY)
        earlier = later(since, -days * DAY)
        done: dict[str, Counter[str]] = {}
        before: dict[str, Counter[str]] = {}
        for fact in self._facts:
            sums = done if fact.at >= since else before if fact.at >= earlier else {}
            sums.setdefault(fact.client_id, Counter())[fact.name] += fact.amount
        shown = self._ask("/overview", STAFF, period=period)
        clients = [one["client_id"] for one in shown["clients"]]
        yield from _unlike(
            f"clients of the overview {period}", clients, self._system.day.client_ids
        )
        for one in (*shown["clients"], shown["totals"]):
            mine = [one["client_id"]] if "client_id" in one else clients
            name = f"overview {period} {one.get('client_id', 'in all')}"
            states = _together(self._states, mine)
            yield from _unlike(f"{name} running", one["running"], states["running"])
            yield from _unlike(f"{name} queued", one["queued"], states["queued"])
            for which, sums in ((one, done), (one["previous"], before)):
                counted = _together(sums, mine)
                yield from _unlike(f"{name} created", which["created"], counted["created"])
                for figures, kind in ((which, ""), (which["attempts"], ATTEMPT)):
                    for result in RESULTS:
                        wanted = counted[f"{kind}{result}"]
                        yield from _unlike(f"{name} {kind}{result}", figures[result], wanted)
                counters = {
                    each: counted[f"c_{each}"] for each in KNOWN_COUNTERS if counted[f"c_{each}"]
                }
                yield from _unlike(f"{name} counters", which["counters"], counters)
        yield from _unlike(
            f"incidents of the overview {period}", shown["incidents"]["open"], self._open()
        )

    # ----------------------------------------------------------------- what people are told

    def _incidents(self) -> Iterator[str]:
        found = list(self._pages("/incidents"))
        acts = self._system.people.done
        opened = Counter(map(cause_of, found))
        closed = Counter(cause_of(one) for one in found if one["closed_at"] is not None)
        for cause in {**opened, **self._told.opened}:
            told = (opened[cause], closed[cause])
            wanted = (self._told.opened[cause], self._told.closed[cause])
            yield from _unlike(f"incidents opened and closed {tuple(cause)}", told, wanted)
        for one in found:
            yield from _unlike_acts(one, acts.get(one["incident_id"]))
        wanted_mails = {
            f"{one['incident_id']}-{turn}-{channel}"
            for one in found
            for turn in ("opened", "closed")
            for channel in CHANNELS
            if turn == "opened"
            or (one["closed_at"] is not None and acts.get(one["incident_id"]) != "mute")
        }
        sent = Counter(
            name for name, _, _ in self._system.outside.mails if not name.startswith("digest-")
        )
        for name in {**dict.fromkeys(wanted_mails), **sent}:
            yield from _unlike(f"mails {name}", sent[name], int(name in wanted_mails))

    def _digest_mails(self) -> Iterator[str]:
        sent = Counter(
            address
            for name, _, recipients in self._system.outside.mails
            if name.startswith("digest-daily-" + str(FIRST.date()))
            for address in recipients
        )
        owners = (STAFF_ID, *self._system.day.client_ids)
        wanted = {address_of(CHANNELS[0], one): 1 for one in owners}
        yield from _unlike("mails with digests", dict(sent), wanted)

    # --------------------------------------------------------------------- proof and the rest

    def _handed_back(self) -> Iterator[str]:
        """Compare when writers gave events back with when the table refused their calls."""
        for at in self._system.stage.troubles.handed_back_at:
            second = at - FIRST.timestamp()
            if not any(begin <= second < end + HIDDEN_SECONDS for begin, end in THROTTLED):
                yield f"writer: gave events back at {second:,.0f} seconds of the day"

    def _watermark(self) -> Iterator[str]:
        """Compare how far the intake is known to have come, and when it was behind."""
        watermark = self._system.watermark
        if watermark is None or now() - watermark > _BEHIND_SECONDS * MICROSECONDS:
            yield f"watermark: {watermark}, long after all was posted"
        behind = [at - FIRST.timestamp() for at in self._system.stage.troubles.behind_at]
        if not any(STOPPED[0] < at < STOPPED[1] for at in behind):
            yield "watermark: nobody heard that writers stood still"
        if self._system.looks_each_minute:
            yield from (
                f"watermark: behind at {at:,.0f} seconds of the day"
                for at in behind
                if not STOPPED[0] < at < STOPPED[1] + _CATCHING_UP_SECONDS
            )

    def _proof(self) -> Iterator[str]:
        shown = self._ask("/proof", STAFF)
        settled = later(floor(now(), HOUR), -HOUR)
        midnight = text(floor(settled, DAY))
        yield from _unlike("differences of the proof", shown["differences"], 0)
        yield from _unlike("proved to", shown["proved_to"], text(settled))
        for name in ("not_judged", "rows_not_judged"):
            yield from _unlike(f"{name} by the proof", shown[name], 0)
        if shown["rows_proved_to"] < midnight:
            yield f"rows are proved to {shown['rows_proved_to']} only"
        if shown["judged"] < self._system.day.jobs:
            yield f"only {shown['judged']} jobs were judged"

    def _sweep(self) -> Iterator[str]:
        self._invoke("sweeper", sweeper.handler, {})
        swept = self._system.stage.metrics["swept"]
        states = _together(self._states, self._states)
        # Nothing comes any more, so all that runs is silent for too long.
        wanted = {"Running": states["running"], "Stalled": states["running"]}
        for name, value in {**wanted, "Queued": states["queued"]}.items():
            yield from _unlike(f"{name} by the sweeper", swept.get(name), value)

    def _rejections(self) -> Iterator[str]:
        found = Counter(one.raw for one in ledgers.rejections(self._system.store))
        yield from _unlike("rejected events", found, Counter(self._system.day.garbage()))

    # ---------------------------------------------------------------------------- the read API

    def _ask(self, resource: str, asking: Mapping[str, Any], **parameters: Any) -> Any:
        given = {name: [value] for name, value in parameters.items() if value is not None}
        event = api_event(resource, asking, parameters=given)
        answer = self._invoke("api", api.handler, event)
        if answer["statusCode"] != 200:
            raise RuntimeError(f"{resource} {given}: {answer['statusCode']} {answer['body']}")
        return json.loads(answer["body"])

    def _pages(self, resource: str) -> Iterator[Any]:
        cursor = None
        while True:
            page = self._ask(resource, STAFF, limit="100", cursor=cursor)
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return


def _condensed(counted: Iterable[Fact]) -> Iterator[Fact]:
    """Yield facts that count the same, with what has no duration added up by hours."""
    sums: Counter[tuple[Any, ...]] = Counter()
    for fact in counted:
        if fact.seconds is not None:
            yield fact
        else:
            hour = floor(Instant(fact.at), HOUR)
            sums[hour, fact.client_id, fact.project_id, fact.pipeline, fact.name] += fact.amount
    yield from (Fact(*what, amount=amount) for what, amount in sums.items())


def _with_known_counters(wanted: Mapping[Any, Mapping[str, Any]]) -> dict[Any, dict[str, Any]]:
    """Return series without the counters that totals over all clients don't tell apart."""
    return {
        group: {
            at: {
                **point,
                "counters": {
                    name: value
                    for name, value in point["counters"].items()
                    if name in KNOWN_COUNTERS
                },
            }
            for at, point in points.items()
        }
        for group, points in wanted.items()
    }


def _unlike_point(name: str, found: Any, wanted: Any) -> Iterator[str]:
    if found is None or wanted is None:
        yield f"{name}: {'missing' if found is None else 'nothing happened then'}"
        return
    for which, figures, expected in (
        (name, found, wanted),
        (f"{name} attempts", found["attempts"], wanted["attempts"]),
    ):
        for each, value in expected.items():
            if each == "seconds":
                yield from _unlike_percentiles(which, figures, value)
            elif each != "attempts":
                yield from _unlike(f"{which} {each}", figures[each], value)


def _unlike_percentiles(name: str, figures: Mapping[str, Any], took: list[float]) -> Iterator[str]:
    for share in (50, 95):
        value = figures[f"duration_p{share}_seconds"]
        if not took:
            yield from _unlike(f"{name} p{share}", value, None)
            continue
        exact = took[max(1, -(-share * len(took) // 100)) - 1]
        if value is None or abs(value - exact) > max(0.001, _CLOSE_TO * exact):
            yield f"{name} p{share}: {value}, not {exact}"


def _unlike(name: str, found: Any, wanted: Any) -> Iterator[str]:
    if isinstance(wanted, WorkFigures):
        wanted = msgspec.to_builtins(wanted)
    if found != wanted:
        yield f"{name}: {found}, not {wanted}"


def _unlike_acts(shown: Mapping[str, Any], act: str | None) -> Iterator[str]:
    """Yield what an incident does not show of what somebody did about it."""
    name, is_closed = f"incident {shown['incident_id']}", shown["closed_at"] is not None
    by = PEOPLE[act] if act == "acknowledge" else None
    yield from _unlike(f"{name} acknowledged by", shown["acknowledged_by"], by)
    yield from _unlike(f"{name} muted", shown["muted"], act == "mute" and not is_closed)
    is_resolved = shown["closed_because"] == "resolved"
    yield from _unlike(f"{name} resolved", is_resolved, act == "resolve")


def _together(counts: Mapping[str, Counter[str]], names: Iterable[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for name in names:
        total.update(counts.get(name, {}))
    return total
