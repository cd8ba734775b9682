"""The spool: safe before it says so, its user's alone, bounded, shared by processes."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.producers.buses import MoodyBus, WillingBus

from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery import spool as spool_module
from run_ledger.emit.delivery import spool_file
from run_ledger.emit.delivery.backlog import Backlog
from run_ledger.emit.delivery.bus import EventBus
from run_ledger.emit.delivery.draining import drain
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.spool import Spool
from run_ledger.emit.delivery.spool_folders import spool_folders
from run_ledger.emit.identity.environment import BusTarget

TARGET = '{"bus":"b","source":"s"}'


def events(*numbers: int) -> list[OutgoingEvent]:
    """Return events with these numbers."""
    return [OutgoingEvent(f"e{number}", "job_update", f'{{"n":{number}}}') for number in numbers]


def drained(folder: Path) -> list[str]:
    """Return the ids of what a next process would send, in its order."""
    bus = WillingBus()
    outcome = drain(Spool(folder), EventBus(BusTarget("b", None, None, "s"), bus))
    assert outcome.trouble is None
    return [f"e{one['n']}" for one in bus.details]


def only_file(folder: Path) -> Path:
    """Return the one file of events in *folder*."""
    (file,) = folder.glob("*.spool")
    return file


def test_what_was_put_there_is_found_by_the_next(tmp_path: Path) -> None:
    """In order, whole, and gone once it is sent."""
    spool = Spool(tmp_path / "b", TARGET)
    assert spool.append(events(1, 2))
    assert spool.append(events(3))
    spool.close()

    assert drained(tmp_path / "b") == ["e1", "e2", "e3"]
    assert list((tmp_path / "b").glob("*.spool")) == []


def test_a_living_process_keeps_its_file(tmp_path: Path) -> None:
    """Nobody else takes it before it is let go of."""
    spool = Spool(tmp_path, TARGET)
    spool.append(events(1))
    other = Spool(tmp_path, TARGET)
    other.append(events(2))
    other.close()

    assert drained(tmp_path) == ["e2"]
    spool.close()
    assert drained(tmp_path) == ["e1"]


def test_two_that_come_after_share_the_files(tmp_path: Path) -> None:
    """What one has taken over, the other leaves alone."""
    for number in range(2):
        spool = Spool(tmp_path, TARGET)
        spool.append(events(number))
        spool.close()
    one, other = Spool(tmp_path), Spool(tmp_path)
    first, second = next(one.orphans()), next(other.orphans())

    assert first.name != second.name
    assert next(Spool(tmp_path).orphans(), None) is None


@settings(max_examples=60)
@given(cut=st.integers(0, 400), garbage=st.binary(max_size=40))
def test_a_torn_tail_costs_nothing_but_itself(
    tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes
) -> None:
    """Wherever a crash cut the file, whatever it left: whole lines are found, nothing else is."""
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, TARGET)
    spool.append(events(0, 1, 2, 3))
    spool.close()
    file = only_file(folder)
    whole = file.read_bytes()
    kept = whole[: min(cut, len(whole))]
    file.write_bytes(kept + garbage)
    survivors = [f"e{number}" for number in range(kept.count(b"\n"))]

    found = drained(folder)

    # One more where just the line feed at its end is missing.
    assert found in (survivors, [*survivors, f"e{len(survivors)}"])
    assert list(folder.glob("*.spool")) == []


def test_garbled_lines_are_skipped_and_counted(tmp_path: Path) -> None:
    """A bit that flipped is found by the checksum; what follows is sent."""
    spool = Spool(tmp_path, TARGET)
    spool.append(events(1, 2, 3))
    spool.close()
    file = only_file(tmp_path)
    file.write_bytes(file.read_bytes().replace(b'"e2"', b'"e9"'))
    bus = WillingBus()

    outcome = drain(Spool(tmp_path), EventBus(BusTarget("b", None, None, "s"), bus))

    assert [one["n"] for one in bus.details] == [1, 3]
    assert (outcome.sent, outcome.dropped) == (2, 1)


def test_it_is_its_users_alone(tmp_path: Path) -> None:
    """Folders and files can be read by nobody else, whatever the umask."""
    before = os.umask(0)
    try:
        spool = Spool(tmp_path / "deep" / "er", TARGET)
        spool.append(events(1))
    finally:
        os.umask(before)

    for path in (tmp_path / "deep", *(tmp_path / "deep").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) in {0o700, 0o600}, path


@pytest.mark.parametrize("how", ["writable for others", "a link", "a file"])
def test_a_folder_that_others_could_write_to_is_refused(tmp_path: Path, how: str) -> None:
    """Events go only where nobody else can put, swap or read any."""
    folder = tmp_path / "b"
    if how == "a link":
        (tmp_path / "elsewhere").mkdir(0o700)
        folder.symlink_to(tmp_path / "elsewhere")
    elif how == "a file":
        folder.write_text("x")
    else:
        folder.mkdir()
        folder.chmod(0o777)

    with pytest.raises(OSError, match=r"spool|directory|symbolic"):
        Spool(folder, TARGET).append(events(1))


@pytest.mark.parametrize("make", [Path.symlink_to, lambda path, _: os.mkfifo(path)])
def test_what_is_no_plain_file_is_left_alone(
    tmp_path: Path, make: Callable[[Path, Path], None]
) -> None:
    """A link or a pipe under a spool file's name is neither followed nor waited for."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "b"
    folder.mkdir(0o700)
    make(folder / "1-abc.spool", victim)

    assert drained(folder) == []
    assert victim.read_text() == "precious"
    assert (folder / "1-abc.spool").is_symlink() or (folder / "1-abc.spool").exists()


def test_it_is_bounded_over_all_processes(tmp_path: Path) -> None:
    """What does not fit is refused, so that the newest stays in memory and the oldest on disk."""
    first = Spool(tmp_path, TARGET, max_bytes=1_000)
    second = Spool(tmp_path, TARGET, max_bytes=1_000)
    number = 0
    while (first if number % 2 else second).append(events(number)):
        number += 1
        assert number < 100

    assert sum(file.stat().st_size for file in tmp_path.glob("*.spool")) <= 1_000
    first.close()
    second.close()
    assert len(drained(tmp_path)) == number


def test_what_is_too_old_is_dropped_and_counted(tmp_path: Path) -> None:
    """The ledger knows repeats for so long; what is older might count twice."""
    spool = Spool(tmp_path, TARGET, clock=lambda: 1_000.0)
    spool.append(events(1))
    spool.close()
    bus = WillingBus()

    outcome = drain(
        Spool(tmp_path, clock=lambda: 1_000.0 + 31 * 86_400),
        EventBus(BusTarget("b", None, None, "s"), bus),
    )

    assert bus.entries == []
    assert (outcome.sent, outcome.dropped, outcome.trouble) == (0, 1, None)


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails in the middle, the file is as before."""
    spool = Spool(tmp_path, TARGET)
    spool.append(events(1))
    real, calls = os.write, []

    def write(descriptor: int, content: bytes) -> int:
        calls.append(1)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(descriptor, bytes(content)[:20])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(OSError, match="No space"):
            spool.append(events(2))
    assert len(calls) == 2
    assert spool.append(events(3))
    spool.close()
    assert drained(tmp_path) == ["e1", "e3"]


def test_a_file_that_another_thread_closes_meanwhile_holds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender's thread asks how large it is just when the program lets go of it."""
    spool = Spool(tmp_path, TARGET)
    spool.append(events(1))
    file = spool.own
    assert file
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        file.abandon()
        return real(descriptor)

    monkeypatch.setattr(os, "fstat", fstat)
    assert file.is_drained


def test_what_is_refused_for_ever_does_not_make_the_file_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that goes round and round is moved to a new file now and then."""
    monkeypatch.setattr(spool_module, "_WASTE_BYTES", 2_000)
    backlog = Backlog(Spool(tmp_path, TARGET), Health())
    assert backlog.write(events(1))
    for _ in range(200):
        batch = backlog.next_batch()
        assert batch
        assert backlog.write(batch.events)
        backlog.drop(batch)

    assert sum(file.stat().st_size for file in tmp_path.glob("*.spool")) < 4_000
    backlog.close()
    assert {*drained(tmp_path)} == {"e1"}


def test_a_new_file_is_never_taken_for_an_orphan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another process locks a file between its making and its locking, a new one is made."""
    real, taken = spool_file.fcntl.flock, []

    def flock(descriptor: int, how: int) -> None:
        if not taken:
            taken.append(only_file(tmp_path).name)
            raise BlockingIOError(11, "somebody has it")
        real(descriptor, how)

    monkeypatch.setattr(spool_file.fcntl, "flock", flock)
    spool = Spool(tmp_path, TARGET)

    assert spool.append(events(1))
    assert spool.own
    assert spool.own.name not in taken


def test_folders_tell_what_is_there(tmp_path: Path) -> None:
    """Events, files and who holds them, without taking anything; other things are passed over."""
    spool = Spool(tmp_path / "b", TARGET)
    spool.append(events(1, 2))
    other = Spool(tmp_path / "b", TARGET)
    other.append(events(3))
    other.close()
    (tmp_path / "stray").mkdir()
    (tmp_path / "note.txt").write_text("x")
    broken = tmp_path / "broken"
    broken.mkdir(0o700)
    (broken / "target.json").write_text("{")

    (folder,) = spool_folders(tmp_path)

    assert (folder.target.bus, folder.events, folder.files, folder.held) == ("b", 3, 2, 1)
    assert list(spool_folders(tmp_path / "nowhere")) == []


def test_part_of_a_batch_that_fails_is_kept(tmp_path: Path) -> None:
    """What the bus took of a batch is not sent again, the rest is."""
    spool = Spool(tmp_path, TARGET)
    spool.append(events(*range(20)))
    spool.close()
    moods = iter(["some", "well", "some"])
    bus = MoodyBus(lambda: next(moods, "well"))

    outcome = drain(
        Spool(tmp_path), EventBus(BusTarget("b", None, None, "s"), bus), sleep=lambda _: None
    )

    assert outcome.sent == 20
    assert sorted(one["n"] for one in bus.details) == list(range(20))
    assert len(bus.sent) < 35
