"""The back-fill as it reaches a ledger, over stops and repeats."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.demo.past.back_fill import BackFill
from run_ledger_ops.demo.past.memory import Memory, Past, recall
from run_ledger_ops.demo.reporting.demo_events import DemoEvent
from run_ledger_ops.demo.reporting.local_ledger import read_ledger

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
    """A bus that takes everything, until it dies, and a clock."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW
        self.posted: list[DemoEvent] = []
        self.dies = False
        self.stack = folder / "stack.json"
        self.stack.write_text(json.dumps(STACK))

    def post(self, events: Sequence[DemoEvent]) -> None:
        """Take events; dying, take half of them."""
        if self.dies:
            self.posted.extend(events[: (len(events) + 1) // 2])
            raise Ended
        self.posted.extend(events)

    def start(self) -> BackFill:
        """Start the demo, with what it remembers."""
        return BackFill(self, recall(self.stack, read_ledger(self.stack)), lambda: self.now)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a world at NOW with a stack file and no memory."""
    return World(tmp_path)


def tell_past(world: World, past: Past = PAST) -> list[DemoEvent]:
    """Back-fill and give what was posted."""
    before = len(world.posted)
    number = world.start().post(past, lambda done, total: None)
    assert number == len(world.posted) - before
    return world.posted[before:]


def test_the_past_is_told_and_remembered(world: World) -> None:
    """After a back-fill the memory on disk covers it and every later start, not an earlier one."""
    tell_past(world)
    told = world.start().memory.past
    assert told == PAST
    assert told.covers(replace(PAST, first_day=date(2026, 3, 4)))
    assert not told.covers(replace(PAST, first_day=date(2026, 3, 2)))
    assert not told.covers(replace(PAST, seed=2))


def test_telling_the_past_again_adds_no_new_event(world: World) -> None:
    """A repeated back-fill has the ids and the contents of the first."""
    assert tell_past(world) == tell_past(world)


def test_projects_are_carried_on_at_a_later_start(world: World) -> None:
    """A week later the projects' later life is told, and of jobs just who cancelled them."""
    events = tell_past(world)
    told = {event.detail["event_id"] for event in events}
    known = {event.detail.get("job_id") for event in events}
    world.now += timedelta(days=7)
    world.posted.clear()
    world.start().carry_on(PAST)
    jobs = {event.detail["job_id"] for event in world.posted if "job_id" in event.detail}
    assert jobs <= known
    assert {event.detail.get("result", "cancelled") for event in world.posted} == {"cancelled"}
    assert {event.detail["event_id"] for event in world.posted} - told


def test_a_past_cut_short_is_not_remembered(world: World) -> None:
    """Only a complete back-fill counts as told."""
    world.dies = True
    with pytest.raises(Ended):
        tell_past(world)
    assert world.start().memory.past is None


def test_progress_comes_to_its_end(world: World) -> None:
    """Progress rises from call to call and ends with all events posted."""
    seen: list[tuple[int, int]] = []
    number = world.start().post(PAST, lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (number, number)


def test_the_memory_belongs_to_one_ledger(world: World) -> None:
    """A stack that was built anew has been told nothing."""
    tell_past(world)
    world.stack.write_text(json.dumps(STACK | {"issuer": "https://issuer.example/pool_2"}))
    assert world.start().memory.past is None


@pytest.mark.parametrize("text", ["", "[]", '{"ledger": 1}', "\x00", '{"ledger": null}'])
def test_a_broken_memory_is_none(world: World, text: str) -> None:
    """What can't be read is as good as forgotten; nothing is lost by telling it again."""
    world.stack.with_name("demo.json").write_text(text)
    memory = world.start().memory
    assert memory.past is None


def test_a_memory_of_this_ledger_with_broken_contents_is_none(world: World) -> None:
    """The ledger's name alone does not make a memory."""
    tell_past(world)
    path = world.stack.with_name("demo.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"past": {"seed": 1}}))
    assert world.start().memory.past is None


def test_memory_leaves_no_draft_behind(world: World) -> None:
    """The folder holds the stack file and the memory alone."""
    tell_past(world)
    assert sorted(path.name for path in world.stack.parent.iterdir()) == [
        "demo.json",
        "stack.json",
    ]


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    """That nothing can be remembered is one clear sentence."""
    memory = Memory(tmp_path / "gone" / "demo.json", "ledger")
    with pytest.raises(OpsError, match=r"cannot write .*demo\.json \(No such file or directory\)"):
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
    with pytest.raises(OpsError, match=complaint):
        read_ledger(world.stack)
