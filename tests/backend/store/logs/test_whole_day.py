"""A small day through all handlers differs in nothing from a recount, and what is wrong is named.

The day of a million events is a figure: `make bench ARGS="--only day_of_a_million_differences"`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.benchmarks.whole_day import day_replay
from tests.benchmarks.whole_day.day_incidents import Cause
from tests.benchmarks.whole_day.day_recount import DayRecount
from tests.benchmarks.whole_day.day_stand_ins import Troubles
from tests.benchmarks.whole_day.day_system import KILLED, THROTTLED, DaySystem
from tests.benchmarks.whole_day.day_traffic import FIRST, Day
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.sizing import rules
from tests.support.dynamo.tables import NAMES

from run_ledger.domain.state.packed_texts import as_packed, unpacked

EVENTS = 2_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_in_trouble_differs_in_nothing(seed: int) -> None:
    """Events come late, twice and out of order; functions are killed, refused, and stand still."""
    done = day_replay.replay(EVENTS, seed)

    assert done.first == ()
    assert done.differences == 0
    assert done.kills == len(KILLED) * day_replay.KILLS
    assert done.counts["deliveries"] > done.events > EVENTS // 2
    for name in ("ends", "acts", "refused calls", "incidents", "probes"):
        assert done.counts[name] > 0, name


@pytest.fixture(scope="module")
def lived() -> DaySystem:
    """Give a day that is over, without kills."""
    system = DaySystem(Day(EVENTS, 5, 1), 0, 300)
    system.live()
    system.store.told = lambda _: None  # what the tests write is no end of a job
    return system


def differences(system: DaySystem) -> list[str]:
    """Return what differs on the day."""
    with system.at_the_end() as invoke:
        return list(DayRecount(system, invoke).differences(lambda _: None))


@contextmanager
def one_more(system: DaySystem, table: str, attribute: str) -> Iterator[None]:
    """Add one to a number of the first item that has it."""
    (item, *_) = (one for one in system.store.items(table) if attribute in one)
    wrong = {**item, attribute: {"N": str(int(item[attribute]["N"]) + 1)}}
    client: Any = system.store.client()
    client.put_item(TableName=table, Item=wrong)
    try:
        yield
    finally:
        client.put_item(TableName=table, Item=item)


def test_a_day_without_kills_differs_in_nothing(lived: DaySystem) -> None:
    """So what the tests below name is what they have made wrong."""
    assert differences(lived) == []


def test_events_are_given_back_only_while_the_table_refuses(lived: DaySystem) -> None:
    """A writer that is refused for too long leaves them to the queue, and never else."""
    began = THROTTLED[0][0] + FIRST.timestamp()
    given_back = lived.stage.troubles.handed_back_at
    given_back += [began + 1, began - 1]
    try:
        assert differences(lived) == ["writer: gave events back at 10,799 seconds of the day"]
    finally:
        del given_back[-2:]


def test_what_writers_say_of_refusals_is_told_from_errors() -> None:
    """Whatever else a handler calls an error is one."""
    troubles = Troubles()
    for name, failure in (
        ("run_ledger.writer", "job a, event b: throttled for too long"),
        ("run_ledger.writer", "job a, event b: no access"),
        ("run_ledger.teller", "job a, event b: throttled for too long"),
    ):
        record = logging.makeLogRecord({"name": name, "msg": "failed", "failure": failure})
        troubles.emit(record)
    assert len(troubles.handed_back_at) == 1
    assert len(troubles.lines) == 2


@pytest.mark.parametrize(
    ("table", "attribute", "named"),
    [
        (NAMES.jobs, "c_records_ok", ("job ",)),
        (NAMES.projects, "c_records_ok", ("project project-",)),
        (NAMES.rollups, "c_cost_microusd", ("row (",)),
        (NAMES.rollups, "now_succeeded", ("row (",)),
    ],
)
def test_what_is_stored_wrongly_is_named(
    lived: DaySystem, table: str, attribute: str, named: tuple[str, ...]
) -> None:
    """One more of anything is a difference, in what is stored and in what is answered of it."""
    with one_more(lived, table, attribute):
        found = differences(lived)

    assert all(any(one.startswith(name) for one in found) for name in named), found


def test_a_wrong_total_of_a_client_is_in_answers_and_digest(lived: DaySystem) -> None:
    """The figures that people see are compared one by one, not only what they are made of."""
    rows = [one for one in lived.store.items(NAMES.rollups) if "ended_succeeded" in one]
    item = next(one for one in rows if one["pk"]["S"] == "client#client-00#2026-11-18")
    client: Any = lived.store.client()
    number = int(item["ended_succeeded"]["N"])
    client.put_item(
        TableName=NAMES.rollups, Item={**item, "ended_succeeded": {"N": str(number + 1)}}
    )
    try:
        found = differences(lived)
    finally:
        client.put_item(TableName=NAMES.rollups, Item=item)

    for name in ("row (", "overview 7d", "digest of client-00"):
        assert any(one.startswith(name) for one in found), (name, found)


def test_a_wrong_packed_row_is_in_answers(lived: DaySystem) -> None:
    """Trends of a day that is over go by what was packed of it, and are compared all the same."""
    packed = [one for one in lived.store.items(NAMES.rollups) if "p" in one]
    item = next(one for one in packed if one["pk"]["S"].startswith("hours#client#client-00"))
    counts = unpacked(item["p"]["B"])
    hours = [None if one is None else one + 1 for one in counts["created"]]
    wrong = as_packed({**counts, "created": hours})
    client: Any = lived.store.client()
    client.put_item(TableName=NAMES.rollups, Item={**item, "p": {"B": wrong}})
    try:
        found = differences(lived)
    finally:
        client.put_item(TableName=NAMES.rollups, Item=item)

    assert any(one.startswith("trends by pipeline") for one in found), found


@pytest.mark.parametrize("kind", ["daily", "hours"])
@pytest.mark.parametrize("owner", ["client", "models", "project"])
def test_a_packed_row_that_is_not_the_sum_of_hours_is_named(
    lived: DaySystem, owner: str, kind: str
) -> None:
    """Of hours of projects and models as well, which no answer that is compared is made of."""
    packed = [one for one in lived.store.items(NAMES.rollups) if "p" in one]
    item = next(one for one in packed if one["pk"]["S"].startswith(f"{kind}#{owner}#"))
    counts = unpacked(item["p"]["B"])
    name = min(counts)
    wrong = counts | {name: counts[name] + 1 if kind == "daily" else [*counts[name][1:], 1]}
    client: Any = lived.store.client()
    client.put_item(TableName=NAMES.rollups, Item={**item, "p": {"B": as_packed(wrong)}})
    try:
        found = differences(lived)
    finally:
        client.put_item(TableName=NAMES.rollups, Item=item)

    assert any(one.startswith(f"packed row ('{kind}#{owner}#") for one in found), found


def without_first_mail(system: DaySystem) -> None:
    """Lose a mail."""
    del system.outside.mails[0]


def with_first_mail_twice(system: DaySystem) -> None:
    """Send a mail twice."""
    system.outside.mails.append(system.outside.mails[0])


def with_unheard_incident(system: DaySystem) -> None:
    """Expect one more incident than there was."""
    cause = Cause("client-00", "pipeline-0", "failed", "of another kind")
    system.incidents.opened[cause] += 1


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (without_first_mail, "mails "),
        (with_first_mail_twice, "mails "),
        (with_unheard_incident, "incidents opened and closed"),
    ],
)
def test_what_people_are_told_wrongly_is_named(
    lived: DaySystem, change: Callable[[DaySystem], None], named: str
) -> None:
    """A notice too few, one too many, and an incident that nobody heard of."""
    mails, opened = list(lived.outside.mails), lived.incidents.opened.copy()
    change(lived)
    found = differences(lived)
    lived.outside.mails[:], lived.incidents.opened = mails, opened

    assert any(one.startswith(named) for one in found), found


def test_a_figure_that_differs_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run fails, and says what differs first; no figure runs the day again for that."""
    runs: list[int] = []
    wrong = day_replay.Replayed(9, {}, 0, {"all": 1.0}, 1.0, 2, ("job a", "job b"))

    class _Done:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None: ...

        def submit(self, _: Any, events: int) -> Any:
            runs.append(events)
            return self

        def result(self) -> day_replay.Replayed:
            return wrong

    monkeypatch.setattr(day_replay, "ProcessPoolExecutor", _Done)
    day_replay.choose(9)

    for figure in (day_replay.differences, day_replay.seconds):
        with pytest.raises(day_replay.DifferencesFound, match="2, of which the first is: job a"):
            figure()
    day_replay.choose(day_replay.EVENTS)
    assert runs == [9]


def test_the_fast_stand_in_holds_what_the_slow_one_does(lived: DaySystem) -> None:
    """Its partitions and the entries of its indexes are those that a look at all items gives."""
    slow, fast = Querying(lived.store), lived.stage.client

    def asked(client: Any, table: str, hash_name: str, partition: str, **more: Any) -> Any:
        return client._rows(
            {
                "TableName": table,
                "KeyConditionExpression": "#0 = :0",
                "ExpressionAttributeValues": {":0": {"S": partition}},
                **more,
            },
            hash_name,
        )

    places = 0
    for table, of_table in rules().items():
        items = lived.store.items(table)
        names = [
            (of_table.key[0], {}),
            *((one.keys[0], {"IndexName": one.name}) for one in of_table.indexes),
        ]
        for hash_name, more in names:
            for partition in sorted({one[hash_name]["S"] for one in items if hash_name in one}):
                found = asked(fast, table, hash_name, partition, **more)
                wanted = asked(slow, table, hash_name, partition, **more)
                assert sorted(map(str, found)) == sorted(map(str, wanted))
                places += len(found)
    assert places > EVENTS // 10
