"""The back-fill and the stream as they reach a ledger, over stops, pauses and repeats."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from run_ledger_ops.demo.events import DemoEvent
from run_ledger_ops.demo.memory import DemoError, Memory, Past, read_ledger, recall
from run_ledger_ops.demo.show import Show
from run_ledger_ops.demo.timetable import LONGEST_FAMILY, stream

NOW = datetime(2026, 3, 5, 14, 30, 12, tzinfo=UTC)
PAST = Past(seed=1, first_day=date(2026, 3, 3))
STACK = {
    "aws_endpoint_url": "http://127.0.0.1:4566",
    "region": "eu-west-1",
    "access_key_id": "key",
    "secret_access_key": "not shown",
    "event_bus_name": "ledger",
    "issuer": "https://issuer.example/pool_1",
}


class Ended(BaseException):
    """The simulated time is over."""


class World:
    """A bus that takes everything and a clock that goes on when somebody sleeps."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.ends_at = NOW
        self.posted: list[DemoEvent] = []
        self.dies_in_posts: int | None = None
        self.hold_up = timedelta(0)
        self.stack = folder / "stack.json"
        self.stack.write_text(json.dumps(STACK))

    def post(self, events: Sequence[DemoEvent]) -> None:
        """Take events, after holding them up if told so; dying, take half of them."""
        self.now += self.hold_up
        self.hold_up = timedelta(0)
        if self.dies_in_posts is not None and events:
            self.dies_in_posts -= 1
            if self.dies_in_posts == 0:
                self.posted.extend(events[: (len(events) + 1) // 2])
                raise Ended
        self.posted.extend(events)

    def sleep(self, seconds: float) -> None:
        """Let time go by, until it is over."""
        self.now += timedelta(seconds=seconds)
        if self.now > self.ends_at:
            raise Ended

    def show(self, seed: int = 1) -> Show:
        """Start the demo, with what it remembers."""
        return Show(
            bus=self,
            memory=recall(self.stack, read_ledger(self.stack)),
            seed=seed,
            jobs_per_minute=2.0,
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    def run(self, duration: timedelta) -> None:
        """Let the stream go on for so long, in a process of its own so to say."""
        self.ends_at = self.now + duration
        show = self.show()
        with pytest.raises(Ended):
            show.go_on()

    def jobs(self) -> dict[str, dict[str, DemoEvent]]:
        """Give what the ledger knows of each job: its events by id."""
        jobs: dict[str, dict[str, DemoEvent]] = defaultdict(dict)
        for event in self.posted:
            if event.detail_type == "job_update":
                jobs[event.detail["job_id"]][event.detail["event_id"]] = event
        return jobs

    def unfinished(self) -> set[str]:
        """Give the jobs whose last event is no end."""
        return {
            job_id
            for job_id, events in self.jobs().items()
            if max(events.values(), key=lambda event: event.at).detail.get("status") != "completed"
        }


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a world at NOW with a stack file and no memory."""
    return World(tmp_path)


def tell_past(world: World, past: Past = PAST) -> list[DemoEvent]:
    """Back-fill and give what was posted."""
    before = len(world.posted)
    number = world.show().back_fill(past, lambda done, total: None)
    assert number == len(world.posted) - before
    return world.posted[before:]


def test_the_past_is_told_and_remembered(world: World) -> None:
    """After a back-fill the memory on disk covers it and every later start, not an earlier one."""
    tell_past(world)
    told = world.show().memory.past
    assert told == PAST
    assert told.covers(replace(PAST, first_day=date(2026, 3, 4)))
    assert not told.covers(replace(PAST, first_day=date(2026, 3, 2)))
    assert not told.covers(replace(PAST, seed=2))


def test_telling_the_past_again_adds_no_new_event(world: World) -> None:
    """A repeated back-fill has the ids and the contents of the first."""
    assert tell_past(world) == tell_past(world)


def test_a_past_cut_short_is_not_remembered(world: World) -> None:
    """Only a complete back-fill counts as told."""
    world.dies_in_posts = 1
    with pytest.raises(Ended):
        tell_past(world)
    assert world.show().memory.past is None


def test_progress_comes_to_its_end(world: World) -> None:
    """Progress rises from call to call and ends with all events posted."""
    seen: list[tuple[int, int]] = []
    number = world.show().back_fill(PAST, lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (number, number)


def test_the_stream_begins_with_some_jobs_under_way(world: World) -> None:
    """The first look at a new ledger shows running jobs, of projects that are known."""
    world.run(timedelta(seconds=2))
    assert len(world.unfinished()) > 2
    projects = {
        event.detail["project_id"]
        for event in world.posted
        if event.detail_type == "project_update"
    }
    assert {event.detail["project_id"] for event in world.posted} == projects


def test_events_are_posted_when_they_happen(world: World) -> None:
    """Nothing is posted before its time, and what is posted is the stream without a gap."""
    world.run(timedelta(minutes=30))
    since = NOW - timedelta(minutes=3)
    jobs = [event for event in world.posted if event.detail_type == "job_update"]
    whole = takewhile(lambda event: event.at < NOW + timedelta(minutes=30), stream(since, 1, 2.0))
    assert jobs == [event for event in whole if event.detail_type == "job_update"]


@pytest.mark.parametrize("pause", [timedelta(seconds=20), timedelta(hours=1), timedelta(days=3)])
def test_jobs_that_ran_at_a_stop_go_on_at_the_next_start(world: World, pause: timedelta) -> None:
    """Whatever was under way is finished, and the same event never differs from before."""
    world.run(timedelta(minutes=20))
    interrupted = world.unfinished()
    assert interrupted
    world.now += pause
    world.run(LONGEST_FAMILY)
    assert not interrupted & world.unfinished()
    assert_no_event_ever_differs(world)


def test_jobs_go_on_after_several_short_runs(world: World) -> None:
    """What an earlier run began is not forgotten by the run after the next."""
    for _ in range(5):
        world.run(timedelta(seconds=45))
        world.now += timedelta(minutes=2)
    begun = set(world.jobs())
    world.run(LONGEST_FAMILY)
    assert not begun & world.unfinished()
    assert_no_event_ever_differs(world)


def test_nothing_new_begins_in_a_pause(world: World) -> None:
    """While the demo was off no job was queued, except by what had been begun."""
    world.run(timedelta(minutes=20))
    world.now += timedelta(hours=5)
    world.run(timedelta(minutes=20))
    begun = [
        min(event.at for event in events.values())
        for job_id, events in world.jobs().items()
        if "." not in job_id
    ]
    quiet_from, quiet_until = NOW + timedelta(minutes=24), NOW + timedelta(hours=5, minutes=16)
    assert not [at for at in begun if quiet_from < at < quiet_until]


@pytest.mark.parametrize("post", [2, 60])
def test_a_stop_in_the_middle_of_posting_leaves_no_orphan(world: World, post: int) -> None:
    """Jobs whose first events got through before the stop are finished later."""
    world.dies_in_posts = post
    world.run(timedelta(minutes=10))
    assert world.now < NOW + timedelta(minutes=10)
    orphans = world.unfinished()
    assert orphans
    world.dies_in_posts = None
    world.now += timedelta(hours=1)
    world.run(LONGEST_FAMILY)
    assert not orphans & world.unfinished()


def test_a_long_hold_up_is_not_made_up_for(world: World) -> None:
    """After hours of a bus that is down, or a sleeping machine, there is no flood of events."""
    show = world.show()
    world.ends_at = NOW + timedelta(minutes=20)
    with pytest.raises(Ended):
        show.go_on()
    interrupted, before = world.unfinished(), len(world.posted)
    world.hold_up = timedelta(hours=9)
    world.ends_at = world.now + world.hold_up + timedelta(minutes=1)
    with pytest.raises(Ended):
        show.go_on()
    assert len(world.posted) - before < 1_000
    assert not interrupted & world.unfinished()


def test_a_clock_set_back_does_not_silence_the_demo(world: World) -> None:
    """What was remembered of the future is forgotten, and jobs begin as ever."""
    world.run(timedelta(minutes=10))
    world.posted.clear()
    world.now = NOW - timedelta(days=2)
    world.run(timedelta(minutes=10))
    assert len(world.jobs()) > 10


def test_the_memory_belongs_to_one_ledger(world: World) -> None:
    """A stack that was built anew has been told nothing."""
    tell_past(world)
    world.stack.write_text(json.dumps(STACK | {"issuer": "https://issuer.example/pool_2"}))
    assert world.show().memory.past is None


@pytest.mark.parametrize("text", ["", "[]", '{"ledger": 1}', "\x00", '{"ledger": null}'])
def test_a_broken_memory_is_none(world: World, text: str) -> None:
    """What can't be read is as good as forgotten; nothing is lost by telling it again."""
    world.stack.with_name("demo.json").write_text(text)
    memory = world.show().memory
    assert memory.past is None
    assert memory.windows == ()


def test_a_memory_of_this_ledger_with_broken_contents_is_none(world: World) -> None:
    """The ledger's name alone does not make a memory."""
    tell_past(world)
    path = world.stack.with_name("demo.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"windows": [{"since": "x"}]}))
    assert world.show().memory.past is None


def test_memory_leaves_no_draft_behind(world: World) -> None:
    """The folder holds the stack file and the memory alone."""
    world.run(timedelta(minutes=1))
    assert sorted(path.name for path in world.stack.parent.iterdir()) == [
        "demo.json",
        "stack.json",
    ]


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    """That nothing can be remembered is one clear sentence."""
    memory = Memory(tmp_path / "gone" / "demo.json", "ledger")
    with pytest.raises(DemoError, match=r"cannot write .*demo\.json \(No such file or directory\)"):
        memory.save()


def test_a_stack_file_is_read(world: World) -> None:
    """The ledger is where the file says, and its secret does not show."""
    ledger = read_ledger(world.stack)
    assert ledger.endpoint_url == "http://127.0.0.1:4566"
    assert ledger.bus_name == "ledger"
    assert "not shown" not in repr(ledger)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is not JSON"),
        ("[]", "is not the description of a stack"),
        (json.dumps({**STACK, "region": 1} | {"issuer": None}).replace("issuer", "x"), "'issuer'"),
    ],
)
def test_a_bad_stack_file_is_explained(world: World, text: str, complaint: str) -> None:
    """Each way in which the file can be wrong gives a sentence that says so."""
    world.stack.write_text(text)
    with pytest.raises(DemoError, match=complaint):
        read_ledger(world.stack)


def assert_no_event_ever_differs(world: World) -> None:
    """Compare the events that were posted under the same id."""
    contents: dict[str, DemoEvent] = {}
    for event in world.posted:
        assert contents.setdefault(event.detail["event_id"], event) == event
