"""`run-ledger run`: any command as a job."""

import argparse
import os
import signal
from collections.abc import Sequence

from run_ledger.emit import Job, RunLedger
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import CANNOT, warn
from run_ledger_ops.producer import options
from run_ledger_ops.producer.last_words import read_last_words
from run_ledger_ops.producer.process import CouldNotStart, ProcessEnd, run_command
from run_ledger_ops.producer.run_identity import run_identity
from run_ledger_ops.producer.values import duration, take_out_unusable, whole

_EXIT_SECONDS = 5.0
_KILL_AFTER = 10
_TIMED_OUT = 124  # what timeout(1) gives
_STOPPED_BY = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT}
_DESCRIPTION = """\
Run a command as a job. Its exit code becomes the job's result and this command's exit code. The
exception that it ends with (of Python, Java, .NET, Node, Go, Rust, Ruby or PHP), or else the last
lines of its standard error, becomes the error, with secrets blanked. Its input and output stay as
they are without this command, and signals are passed on. While it runs, the job is reported as
alive."""
_EPILOG = f"""\
examples:
  run-ledger run --client acme --project catalogue -- ./nightly.sh --full
  run-ledger run --client acme --project catalogue --timeout 2h --partial-code 3 -- make report

Inside the command, `run-ledger emit job --add records_ok=5` adds to its job, and so does
`RunLedger().join()` in Python; jobs of `RunLedger().job()` become its parts.

With --job NAME, each run is a new job: its id begins with NAME and the time, and is printed on
standard error. Under a scheduler, the id is NAME and the scheduler's id, so that all its attempts
belong to one job. With --attempt as well, NAME is the job's id. Without --job, the id is the
scheduler's, or a new one.

Result: succeeded for exit code 0, partial for a --partial-code, failed for others; cancelled when
one of the signals INT, TERM, HUP and QUIT ended it or was passed on before it ended; timed_out
after --timeout; failed for other signals.

{options.CONFIGURATION}

Exit code: the command's; 128 + N when signal N ended it, 124 after --timeout, 126 or 127 when it
can't be started or found. The command runs even if something before the -- can't be understood, or
if there is no way to report: standard error says so. Without a command it is 2."""


def add_to(commands: Words) -> None:
    """Add `run` to the command's words."""
    parser = add_command(
        commands,
        "run",
        help="run any command as a job",
        usage="run-ledger run --client ID --project ID [options] -- COMMAND [ARGUMENT ...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _run)
    options.add_owner(parser)
    options.add_job(parser, "NAME", "name of the work: each run is a new job, see below")
    group = parser.add_argument_group("how to run it")
    group.add_argument(
        "--timeout", type=duration, metavar="TIME", help="end it after this time: 90s, 30m, 2h"
    )
    group.add_argument(
        "--kill-after",
        type=duration,
        metavar="TIME",
        default=_KILL_AFTER,
        help="kill it if it still runs this time after --timeout (default: 10s)",
    )
    group.add_argument(
        "--partial-code",
        type=whole,
        action="append",
        metavar="N",
        help="an exit code that means that some of the work was done; may repeat",
    )
    options.add_bus(parser)
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)


def after_mistake(command: Sequence[str]) -> int:
    """Run *command*, of which nothing can be reported, and return the exit code."""
    if not command:
        return CANNOT
    warn("run-ledger run: the command runs, and nothing is reported about it")
    return _work(command, RunLedger("off").job(), None)


def _run(given: argparse.Namespace) -> int:
    """Run the command and report it."""
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    if not command:
        raise OpsError("which command? Write it after --, as in: run-ledger run … -- ./nightly.sh")
    take_out_unusable(given, "run")
    ledger = _ledger(given)
    code = _work(command, _job(ledger, given, command), given)
    ledger.close(_EXIT_SECONDS)
    return code


def _ledger(given: argparse.Namespace) -> RunLedger:
    """Return the ledger of the command line, or one that does nothing: the command has to run."""
    try:
        ledger = options.ledger_of(given, exit_seconds=_EXIT_SECONDS)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the command
        warn(f"run-ledger run: {error}")
        return RunLedger("off")
    if not ledger.enabled:
        warn("run-ledger run: there is no bus to report to: pass --bus, or set RUN_LEDGER_BUS.")
    return ledger


def _work(command: Sequence[str], job: Job, given: argparse.Namespace | None) -> int:
    """Run *command* as *job*, and return its exit code."""
    try:
        ended = run_command(
            command,
            environment={**os.environ, **_variables(job)},
            without=("RUN_LEDGER_JOB_ID", "RUN_LEDGER_ATTEMPT", "RUN_LEDGER_RETRIES"),
            when_started=job.start,
            timeout=given.timeout if given else None,
            kill_after=(given.kill_after if given else None) or _KILL_AFTER,
        )
    except CouldNotStart as error:
        warn(f"run-ledger run: {error}")
        job.start()
        job.fail(str(error))
        code = error.code
    else:
        code = _conclude(job, ended, (given.partial_code if given else None) or [])
    job.end()
    return code


def _job(ledger: RunLedger, given: argparse.Namespace, command: Sequence[str]) -> Job:
    which = run_identity(given.job, given.attempt)
    if ledger.enabled and which.words:
        warn(f"run-ledger run: {which.words}")
    program = os.path.basename(command[0])  # noqa: PTH119 - a word, no path of ours
    name = given.name or (given.job if which.words else program)
    return ledger.job(
        client_id=given.client,
        project_id=given.project,
        job_id=which.job_id,
        pipeline=given.pipeline,
        attempt=which.attempt,
        name=name,
        parent_job_id=given.parent,
        records_total=given.total,
        tags=dict(given.tag) if given.tag else None,
        log_url=given.log_url,
        heartbeat_seconds=given.heartbeat_seconds,
        expect=options.expectation(given),
        keep_alive=True,
    )


def _variables(job: Job) -> dict[str, str]:
    """Return the environment variables by which the command's own reports find their job."""
    names = {
        "client_id": "RUN_LEDGER_CLIENT_ID",
        "project_id": "RUN_LEDGER_PROJECT_ID",
        "pipeline": "RUN_LEDGER_PIPELINE",
        "job_id": "RUN_LEDGER_PARENT_JOB_ID",
        "attempt": "RUN_LEDGER_PARENT_ATTEMPT",
    }
    return {names[field]: str(value) for field, value in job.identity.items()}


def _conclude(job: Job, ended: ProcessEnd, partial_codes: list[int]) -> int:
    """Report how the job ended, and return the exit code."""
    failure, words = read_last_words(ended.last_words)
    if ended.timed_out:
        job.time_out(words or "it took longer than it may", error_type="Timeout")
        return _TIMED_OUT
    if ended.signal is not None:
        name = _signal_name(ended.signal)
        if ended.signal in _STOPPED_BY:
            job.cancel(words or f"ended by {name}", error_type=name)
        else:
            job.fail(words or f"ended by {name}", error_type=name)
        return 128 + ended.signal
    if ended.code and ended.passed_on in _STOPPED_BY:
        job.cancel(words or f"exit code {ended.code}", error_type=ended.passed_on.name)
    elif ended.code in partial_codes:
        job.partial(words or None, error_type=failure or f"ExitCode{ended.code}")
    elif ended.code:
        kind = failure or f"ExitCode{ended.code}"
        told = words or ("" if failure else f"exit code {ended.code}")
        job.fail(told, error_type=kind)
    return ended.code


def _signal_name(number: int) -> str:
    """Return the name of a signal, such as ``SIGTERM``; ``SIG40`` for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
