"""Workers that are forked from a prepared process: like new processes that have imported."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.support.stacks.local_stack import is_running, wait_for

from run_ledger_ops.local.aws import forked_workers, prepared_process
from run_ledger_ops.local.aws.forked_workers import ForkedWorkers

pytestmark = pytest.mark.skipif(
    not forked_workers.are_possible(), reason="workers are forked on Linux alone"
)

SCRIPT = """
import gc, json, os, signal, sys
imported = "function" in sys.modules
sys.path.insert(0, os.getcwd())
try:
    import function
    said = function.SAID
except Exception as error:
    said = repr(error)
print(json.dumps({
    "imported": imported, "said": said, "folder": os.getcwd(), "argv": sys.argv,
    "environment": dict(os.environ), "parent": os.getppid(), "pid": os.getpid(),
    "collects_after": gc.get_threshold()[0],
    "chld": signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL,
    "handles": sorted(os.listdir("/proc/self/fd"), key=int)[:-1],
}), flush=True)
print("to the log", file=sys.stderr)
for line in sys.stdin:
    print(line.strip()[::-1], flush=True)
"""

Start = Callable[..., Any]


class Place:
    """A folder for code, and one for each worker that links to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.code = root / "code"
        self.code.mkdir()
        (self.code / "function.py").write_text("SAID = 'imported'")
        self.script = root / "_worker.py"
        self.script.write_text(SCRIPT)

    def worker_folder(self) -> Path:
        """Make a folder with links to the code."""
        folder = self.root / f"worker-{len(list(self.root.iterdir()))}"
        folder.mkdir()
        for member in self.code.iterdir():
            (folder / member.name).symlink_to(member)
        return folder


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a place with code."""
    return Place(tmp_path)


@pytest.fixture
def start(place: Place) -> Iterator[Start]:
    """Return what starts workers in the way of the local AWS; they are ended with the test."""
    workers = ForkedWorkers()
    with ExitStack() as ended:
        ended.callback(workers._end)

        def start_one(**environment: str) -> Any:
            worker = workers.Popen(
                [sys.executable, str(place.script)],
                cwd=str(place.worker_folder()),
                env={"_HANDLER": "function.handler", **environment},
                stdin=workers.PIPE,
                stdout=workers.PIPE,
                stderr=workers.PIPE,
                text=True,
                bufsize=1,
            )
            ended.callback(leave, worker)
            return worker

        yield start_one


def leave(worker: Any) -> None:
    """End a worker, and close what leads to it."""
    if worker.stdout.closed:
        return
    worker.kill()
    worker.wait(10)
    for name in ("stdin", "stdout", "stderr", "_handle"):
        if stream := getattr(worker, name, None):
            stream.close()


def said(worker: Any) -> dict[str, Any]:
    """Return what a worker says of itself."""
    found: dict[str, Any] = json.loads(worker.stdout.readline())
    return found


def test_a_worker_is_a_process_of_its_own_that_has_imported(start: Start, place: Place) -> None:
    """It has its own folder, arguments and environment, and nothing of the prepared process's."""
    worker = start(TABLE="jobs")
    seen = said(worker)
    assert (seen["imported"], seen["said"], seen["chld"]) == (True, "imported", True)
    assert Path(seen["folder"]).name.startswith("worker-")
    assert seen["argv"] == [str(place.script)]
    assert seen["environment"] == {"_HANDLER": "function.handler", "TABLE": "jobs"}
    assert seen["handles"] == ["0", "1", "2"]
    assert seen["pid"] == worker.pid
    assert worker.stderr.readline() == "to the log\n"
    worker.stdin.write("abc\n")
    assert worker.stdout.readline() == "cba\n"


def test_a_workers_command_line_is_that_of_a_started_one(start: Start, place: Place) -> None:
    """People who look at processes see which function one runs."""
    worker = start()
    said(worker)
    line = Path(f"/proc/{worker.pid}/cmdline").read_text().strip("\0").split("\0")
    assert line == [sys.executable, str(place.script)]


def test_workers_have_one_parent(start: Start) -> None:
    """The second is forked from the process that was prepared for the first."""
    first, second = said(start()), said(start())
    assert first["parent"] == second["parent"] != os.getpid()
    assert first["pid"] != second["pid"]


def test_the_end_of_input_ends_a_worker(start: Start) -> None:
    """So no worker outlives the local AWS, even where that is killed."""
    worker = start()
    said(worker)
    assert worker.poll() is None
    worker.stdin.close()
    assert worker.wait(10) == 0
    assert worker.poll() == 0
    assert not is_running(worker.pid)


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_a_worker_can_be_ended(start: Start, end: str) -> None:
    """Its end is noticed, its output ends, and to end it again is no fault."""
    worker = start()
    said(worker)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.01)
    getattr(worker, end)()
    worker.wait(10)
    assert worker.stdout.read() == ""
    worker.terminate()  # once more
    assert not Path(f"/proc/{worker.pid}").exists()


def test_workers_collect_garbage_as_usual(start: Start, place: Place) -> None:
    """Functions put it off while they start; one that does not would collect none for ever."""
    (place.code / "function.py").write_text("import gc; SAID = gc.set_threshold(1_000_001)")
    seen = said(start())
    assert (seen["imported"], seen["collects_after"] < 100_000) == (True, True)


def test_a_killed_prepared_process_is_replaced(start: Start) -> None:
    """Its workers go on, and the next one has a new parent."""
    first = start()
    before = said(first)
    os.kill(before["parent"], signal.SIGKILL)
    wait_for("its end", lambda: not is_running(before["parent"]), 10)
    after = said(start())
    assert (after["imported"], after["parent"] != before["parent"]) == (True, True)
    assert first.poll() is None
    first.stdin.write("abc\n")
    assert first.stdout.readline() == "cba\n"


def test_code_that_cant_be_imported_is_the_workers_to_tell(start: Start, place: Place) -> None:
    """The prepared process stays, and serves functions that are well."""
    (place.code / "function.py").write_text("raise ValueError('broken')")
    first = said(start())
    assert (first["imported"], first["said"]) == (False, "ValueError('broken')")
    assert said(start())["parent"] == first["parent"]


def test_new_code_has_a_prepared_process_of_its_own(start: Start, place: Place) -> None:
    """The one with the old code ends, and its workers stay."""
    old = start()
    before = said(old)
    place.code = place.root / "new"
    place.code.mkdir()
    (place.code / "function.py").write_text("SAID = 'new'")
    assert said(start())["said"] == "new"
    assert not is_running(before["parent"])
    assert old.poll() is None


def test_workers_that_have_ended_leave_no_handles(start: Start) -> None:
    """Neither here nor in the prepared process."""

    def come_and_go() -> int:
        worker = start()
        parent = int(said(worker)["parent"])
        leave(worker)
        return parent

    parent = come_and_go()
    before = handles(os.getpid()), handles(parent)
    for _ in range(3):
        come_and_go()
    assert (handles(os.getpid()), handles(parent)) == before


def handles(pid: int) -> int:
    """Count the open handles of a process."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_where_none_can_be_forked_a_new_process_is_started(
    start: Start, place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The stack is as useful as before, and the log says why it is slower."""
    broken = place.root / "broken.py"
    broken.write_text("raise SystemExit(1)")
    monkeypatch.setattr(prepared_process, "__file__", str(broken))
    with caplog.at_level(logging.WARNING):
        seen = said(start())
    assert (seen["parent"], seen["said"]) == (os.getpid(), "imported")
    assert "No worker could be forked" in caplog.text


def test_other_programs_are_started_as_they_were(place: Place) -> None:
    """A function in another language, say."""
    started = ForkedWorkers().Popen(["/bin/echo", "hi"], cwd=str(place.root), env={}, stdout=-1)
    assert started.communicate()[0] == b"hi\n"


def test_functions_learn_the_name_of_their_handler() -> None:
    """AWS tells it in a variable, beside the credentials."""
    variables = forked_workers.with_handler(lambda config: {"AWS_ACCESS_KEY_ID": config["Role"]})
    assert variables({"Role": "r", "Handler": "writer.handler"}) == {
        "AWS_ACCESS_KEY_ID": "r",
        "_HANDLER": "writer.handler",
    }
