"""`run-ledger run`: any command as a job, which hardly notices."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.producers.buses import WillingBus, served
from tests.support.stacks.local_stack import wait_for

from run_ledger.domain.state.job import Job
from run_ledger.emit.identity.identifiers import to_identifier
from run_ledger_ops.producer.values import duration

ROOT = Path(__file__).resolve().parents[3]
MAIN = "import sys; from run_ledger_ops.command import main; sys.exit(main())"
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture(scope="module")
def bus() -> Iterator[WillingBus]:
    """Give a bus behind HTTP, and its address in the environment."""
    bus = WillingBus()
    with served(bus) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setenv("RUN_LEDGER_BUS", "b")
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "backend"), str(ROOT / "infra")]))
        yield bus


@pytest.fixture
def start(bus: WillingBus, tmp_path: Path) -> Start:
    """Give a way to start `run-ledger run`, with Python code or another command to run."""

    def start(
        *command: str,
        code: str | None = None,
        options: tuple[str, ...] = (),
        which: tuple[str, ...] = ("--job", tmp_path.name, "--attempt", "1"),
        **more: Any,
    ) -> subprocess.Popen[bytes]:
        if code is not None:
            command = (sys.executable, "-c", textwrap.dedent(code))
        words = ["run", "--client", "c", "--project", "p", *which, *options]
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, *words, "--spool", str(tmp_path), "--", *command],
            cwd=tmp_path,
            **streams,
        )

    return start


@pytest.fixture
def job(bus: WillingBus, tmp_path: Path) -> Callable[[], Job]:
    """Give a way to see what the ledger knows of the job."""
    return lambda: bus.jobs[tmp_path.name]


def test_a_job_by_name_is_new_each_time(start: Start, bus: WillingBus, tmp_path: Path) -> None:
    """Its id begins with the name, and standard error tells it; the name is what people read."""
    name = tmp_path.name
    told = [
        start("true", which=("--job", name)).communicate(timeout=60)[1].decode() for _ in range(2)
    ]

    mine = {job_id: job for job_id, job in bus.jobs.items() if job_id.startswith(f"{name}:")}
    assert len(mine) == 2
    for line in told:
        assert sum(f"run-ledger run: job {job_id}, a new one" in line for job_id in mine) == 1
    assert {(job.latest("name"), *job.attempts) for job in mine.values()} == {(name, 1)}


@pytest.mark.parametrize(
    ("scheduler", "job_id"),
    [
        ({"AWS_BATCH_JOB_ID": "4c2f:3", "AWS_BATCH_JOB_ATTEMPT": "2"}, "{name}:4c2f:3"),
        ({"RUN_LEDGER_JOB_ID": "exec-7", "RUN_LEDGER_RETRIES": "1"}, "{name}:exec-7"),
        ({"RUN_LEDGER_ATTEMPT": "2"}, "{name}"),
        (
            {
                "GITHUB_REPOSITORY_ID": "5",
                "GITHUB_RUN_ID": "16",
                "GITHUB_JOB": "enrich",
                "GITHUB_RUN_ATTEMPT": "2",
            },
            "{name}:5:16:enrich",
        ),
    ],
)
def test_a_schedulers_attempts_are_attempts_of_one_job(
    start: Start, bus: WillingBus, tmp_path: Path, scheduler: dict[str, str], job_id: str
) -> None:
    """What tries again says so, and standard error says which attempt it is."""
    name = tmp_path.name
    process = start("true", which=("--job", name), env={**os.environ, **scheduler})
    told = process.communicate(timeout=60)[1].decode()

    expected = to_identifier(job_id.format(name=name).removeprefix(f"{name}:"))
    expected = name if job_id == "{name}" else to_identifier(name, expected)
    assert list(bus.jobs[expected].attempts) == [2]
    assert f"job {expected}, attempt 2 as the scheduler says" in told


def error_of(job: Job) -> tuple[str, str] | None:
    """Return the error's type and message."""
    failure = job.current.error
    return (failure.type, failure.message) if failure else None


def test_a_command_is_a_job_and_its_output_its_own(start: Start, job: Callable[[], Job]) -> None:
    """Input, output and exit code pass through, byte for byte."""
    process = start(
        code="""
            import sys
            sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])
            sys.stderr.buffer.write(bytes(range(256)))
        """,
        stdin=subprocess.PIPE,
    )
    out, err = process.communicate(b"\x00\xffabc", timeout=60)

    assert (process.returncode, out, err) == (0, b"cba\xff\x00", bytes(range(256)))
    assert job().outcome == "succeeded"
    assert job().latest("name") == Path(sys.executable).name


def test_an_exception_ends_the_job(start: Start, job: Callable[[], Job]) -> None:
    """A program that ends with an exception ends its job with that, as one that reports itself."""
    start(
        code="""
            try:
                {}["price"]
            except KeyError as error:
                raise ValueError("no price, token=s3cr3tv4lue") from error
        """
    ).communicate(timeout=60)

    assert error_of(job()) == (
        "ValueError",
        "no price, token=[blanked] (caused by KeyError: 'price')",
    )


@pytest.mark.parametrize(
    ("options", "outcome", "error"),
    [
        ((), "failed", ("ExitCode3", "went wrong: token=[blanked]")),
        (("--partial-code", "3"), "partial", ("ExitCode3", "went wrong: token=[blanked]")),
        (("--partial-code", "4"), "failed", ("ExitCode3", "went wrong: token=[blanked]")),
    ],
)
def test_an_exit_code_becomes_a_result_and_passes_through(
    start: Start,
    job: Callable[[], Job],
    options: tuple[str, ...],
    outcome: str,
    error: tuple[str, str],
) -> None:
    """The last of what it said is the message, without the secret that it gave away."""
    process = start(
        code="import sys; print('went wrong: token=abcdefgh', file=sys.stderr); sys.exit(3)",
        options=options,
    )
    _, err = process.communicate(timeout=60)

    assert process.returncode == 3
    assert err == b"went wrong: token=abcdefgh\n"
    assert (job().outcome, error_of(job())) == (outcome, error)


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("SIGTERM", "cancelled"),
        ("SIGINT", "cancelled"),
        ("SIGHUP", "cancelled"),
        ("SIGKILL", "failed"),
        ("SIGABRT", "failed"),
    ],
)
def test_death_by_signal(start: Start, job: Callable[[], Job], name: str, outcome: str) -> None:
    """128 and the signal's number; those that ask to stop mean cancelled, others failed."""
    number = getattr(signal, name)
    # Python catches one of them itself, and whoever started the tests may have others ignored.
    fatal = "" if name == "SIGKILL" else f"signal.signal({int(number)}, signal.SIG_DFL);"
    process = start(code=f"import os, signal; {fatal} os.kill(os.getpid(), {int(number)})")
    process.communicate(timeout=60)

    assert process.returncode == 128 + number
    assert (job().outcome, error_of(job())) == (outcome, (name, f"ended by {name}"))


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_signals_are_passed_on(start: Start, job: Callable[[], Job], name: str) -> None:
    """The command gets them and decides; ending on one that asks to stop means cancelled."""
    process = start(
        code=f"""
            import signal, sys, time
            signal.signal(signal.{name}, lambda *_: (print("heard", flush=True), sys.exit(5)))
            print("ready", flush=True)
            while True: time.sleep(60)
        """
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(getattr(signal, name))
    out, _ = process.communicate(timeout=60)

    assert (out, process.returncode) == (b"heard\n", 5)
    assert job().outcome == ("failed" if name == "SIGUSR1" else "cancelled")


def test_time_runs_out(start: Start, job: Callable[[], Job]) -> None:
    """One that does not heed the request to end is killed."""
    process = start(
        code="""
            import signal, time
            signal.signal(signal.SIGTERM, lambda *_: print("not yet", flush=True))
            while True: time.sleep(60)
        """,
        options=("--timeout", "1s", "--kill-after", "1s"),
    )
    out, _ = process.communicate(timeout=60)

    assert (process.returncode, out) == (124, b"not yet\n")
    assert job().outcome == "timed_out"


@pytest.mark.parametrize(
    ("command", "code"), [(("./nothing-there",), 127), (("/etc/passwd",), 126)]
)
def test_what_cannot_be_started(
    start: Start, job: Callable[[], Job], command: tuple[str, ...], code: int
) -> None:
    """The codes that shells give, and a job that failed."""
    process = start(*command)
    _, err = process.communicate(timeout=60)

    assert process.returncode == code
    assert command[0].encode() in err
    assert job().outcome == "failed"


def test_a_terminal_stays_a_terminal(start: Start, job: Callable[[], Job]) -> None:
    """Programs go on telling colours where a person watches, and Ctrl-C reaches them once."""
    ours, theirs = pty.openpty()
    process = start(
        code="""
            import os, signal, sys, time
            heard = []
            for number in (signal.SIGINT, signal.SIGUSR1):
                signal.signal(number, lambda number, _: heard.append(number))
            print(os.isatty(2), os.get_terminal_size(2).columns > 0, file=sys.stderr, flush=True)
            print("ready", flush=True)
            while not heard: time.sleep(0.05)
            print("heard", flush=True)
            while signal.SIGUSR1 not in heard: time.sleep(0.05)
            print(heard.count(signal.SIGINT), flush=True)
        """,
        stdin=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )
    os.close(theirs)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    os.write(ours, b"\x03")
    assert process.stdout.readline() == b"heard\n"
    # Signals are taken in the order of their numbers: had it passed on the terminal's as well, it
    # would have done so before this one.
    process.send_signal(signal.SIGUSR1)
    assert process.stdout.readline() == b"1\n"
    process.communicate(timeout=60)
    shown = os.read(ours, 4096)
    os.close(ours)

    assert b"True" in shown
    assert process.returncode == 0
    assert job().outcome == "succeeded"


def test_what_comes_is_shown_at_once(start: Start) -> None:
    """Nothing is held back until the end."""
    process = start(
        code="""
            import sys
            print("first", file=sys.stderr, flush=True)
            sys.stdin.readline()
        """,
        stdin=subprocess.PIPE,
    )
    assert process.stderr
    assert process.stderr.readline() == b"first\n"
    process.communicate(b"\n", timeout=60)
    assert process.returncode == 0


def test_scripts_inside_add_to_the_job(start: Start, job: Callable[[], Job]) -> None:
    """`run-ledger emit job` without --job means the one around it; so does `join` in Python."""
    process = start(
        code="""
            import os, subprocess, sys
            from run_ledger.emit import RunLedger
            main = "import sys; from run_ledger_ops.command import main; sys.exit(main())"
            emit = [sys.executable, "-c", main, "emit", "job", "--strict"]
            subprocess.run([*emit, "--add", "records_ok=5"], check=True)
            ledger = RunLedger()
            ledger.join().add(records_ok=2)
            with ledger.job(job_id=os.environ["RUN_LEDGER_PARENT_JOB_ID"] + "-part"):
                pass
        """,
    )
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert job().counters == {"records_ok": 7}
    assert job().outcome == "succeeded"


def test_jobs_inside_are_its_parts(bus: WillingBus, start: Start, tmp_path: Path) -> None:
    """They name it as their parent."""
    start(
        code="""
            from run_ledger.emit import RunLedger
            with RunLedger().job(job_id="a-part-of-it"):
                pass
        """
    ).communicate(timeout=60)

    assert bus.jobs["a-part-of-it"].latest("parent_job_id") == tmp_path.name


def test_without_a_bus_the_command_runs_all_the_same(tmp_path: Path) -> None:
    """Reporting is no condition of working."""
    environment = {name: value for name, value in os.environ.items() if "RUN_LEDGER" not in name}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "backend"), str(ROOT / "infra")])
    done = subprocess.run(
        [
            *(sys.executable, "-c", MAIN, "run", "--client", "c", "--project", "p", "--"),
            *("sh", "-c", "echo worked; exit 4"),
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (4, "worked\n")
    assert "no bus" in done.stderr


def test_a_killed_wrapper_leaves_the_job_to_stall(
    start: Start, bus: WillingBus, tmp_path: Path
) -> None:
    """Nobody says that it ended, because nobody knows."""
    process = start(code="import sys; print('ready', flush=True); sys.stdin.read()", stdin=-1)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    wait_for("the start of the job", lambda: bus.jobs.get(tmp_path.name), 60)
    process.kill()
    process.communicate(timeout=60)

    assert bus.jobs[tmp_path.name].outcome == "running"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("30m", 1800), ("2h", 7200)]
)
def test_durations(text: str, seconds: int) -> None:
    """Seconds, minutes, hours, days."""
    assert duration(text) == seconds
