"""`run-ledger emit`: one event from a shell script."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger.emit import RunLedger
from run_ledger.emit.counting.told_errors import error_document
from run_ledger.emit.identity import environment as around
from run_ledger.emit.identity.identifiers import named
from run_ledger.emit.identity.job_identities import JobIdentities
from run_ledger_ops.commands import emit_check
from run_ledger_ops.console import terminal
from run_ledger_ops.console.arguments import Words, add_command
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import say_json, warn
from run_ledger_ops.producer import options
from run_ledger_ops.producer.values import (
    change,
    model,
    one_of,
    pair,
    result,
    take_out_unusable,
    whole,
)

_NOT_SENT = 1
_JOB_STATUSES = ("queued", "running", "completed")
_PROJECT_STATUSES = ("active", "paused", "completed", "archived")
_SECONDS = 10.0
_DESCRIPTION = """\
Report to the ledger from a shell script: one event a call. It never makes the script fail: what the
bus does not take is kept and sent later, and mistakes are printed on standard error."""
_EPILOG = f"""\
examples:
  export RUN_LEDGER_CLIENT_ID=acme RUN_LEDGER_PROJECT_ID=catalogue
  run-ledger emit job --job nightly-7 --status running --total 5000
  run-ledger emit job --job nightly-7 --add records_ok=120 --add records_failed=2 --at upload
  run-ledger emit job --job nightly-7 --model gpt-4o --add llm_calls=12 --add input_tokens=9000
  run-ledger emit job --job nightly-7 --result failed --error "disk full"
  run-ledger emit job --job nightly-7 --expect "cron=0 2 * * *" --expect max_duration=2h
  run-ledger emit project --client acme --project catalogue --name Catalogue --jobs-expected 12
  run-ledger emit --check                                  does what I report arrive?

{options.CONFIGURATION}

Inside `run-ledger run` the job is the one that it runs, unless --job names another.

What is clearly meant is taken: 3.0 for 3, 1e3 for 1000, COMPLETED for completed. An option that
can't be understood is left out and named on standard error; the rest is reported.

Exit code: 0 for job and project, whatever becomes of the event and whatever is wrong with the
command line. With --strict: 1 if the event was kept for later, 2 if it is lost, breaks the
contract, or something of the command line could not be understood. `emit check --help` has those of
the check."""


def add_to(commands: Words) -> None:
    """Add `emit` to the command's words."""
    parser = add_command(
        commands,
        "emit",
        help="report an event from a script",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    kinds = parser.add_subparsers(title="what to report about", required=True, metavar="KIND")
    job = add_command(kinds, "job", help="a job", epilog=_EPILOG)
    options.add_owner(job)
    options.add_job(job)
    _add_job_words(job)
    project = add_command(kinds, "project", help="a project", epilog=_EPILOG)
    options.add_owner(project)
    _add_project_words(project)
    emit_check.add_to(kinds)
    makers: dict[argparse.ArgumentParser, Callable[[argparse.Namespace], dict[str, Any]]]
    makers = {job: _job, project: _project}
    for one, make in makers.items():
        _add_common(one)
        options.add_bus(one)
        kind = f"{'job' if one is job else 'project'}_update"
        one.set_defaults(run=_runner(kind, make))


def _add_job_words(parser: argparse.ArgumentParser) -> None:
    group = _add_report(parser)
    group.add_argument("--status", type=one_of(_JOB_STATUSES), metavar=_words(_JOB_STATUSES))
    group.add_argument(
        "--result",
        type=result,
        metavar=_words(RESULTS),
        help="how it ended; implies --status completed",
    )
    group.add_argument(
        "--model",
        type=model,
        metavar="NAME",
        help="the language model of which --add tells: it shows by model",
    )
    group.add_argument("--at", metavar="TEXT", help="the job's stage: the step that it is at")
    group.add_argument("--error", metavar="TEXT", help="why it failed; secrets are blanked")
    group.add_argument("--error-type", metavar="TEXT", help="type of the error (default: Error)")
    group.add_argument(
        "--fingerprint", metavar="TEXT", help="the error's group (default: by type and message)"
    )


def _add_project_words(parser: argparse.ArgumentParser) -> None:
    group = _add_report(parser)
    group.add_argument("--name", metavar="TEXT", help="name for people")
    group.add_argument("--owner", metavar="TEXT", help="who is responsible for it")
    group.add_argument(
        "--status", type=one_of(_PROJECT_STATUSES), metavar=_words(_PROJECT_STATUSES)
    )
    group.add_argument("--due-at", metavar="TIME", help="when, as 2026-11-22T14:15:00Z")
    group.add_argument("--jobs-expected", type=whole, metavar="N", help="how many jobs to expect")
    group.add_argument(
        "--tag", type=pair, action="append", metavar="NAME=TEXT", help="a tag; may repeat"
    )


def _add_report(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    group = parser.add_argument_group("what to report")
    group.add_argument(
        "--add", type=change, action="append", metavar="NAME=N", help="add to a counter"
    )
    return group


def _add_common(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the event")
    group.add_argument("--event-id", metavar="ID", help="the same for the same event, sent again")
    group.add_argument("--occurred-at", metavar="TIME", help="when, as 2026-11-22T14:15:00Z")
    group.add_argument(
        "--strict", action="store_true", help="let the exit code show what went wrong"
    )
    group.add_argument("--json", action="store_true", help="print what became of it as JSON")


def _runner(
    kind: str, make: Callable[[argparse.Namespace], dict[str, Any]]
) -> Callable[[argparse.Namespace], int]:
    def run(given: argparse.Namespace) -> int:
        try:
            code = terminal.answer("emit", lambda: _emit(given, kind, make))
        except Exception as error:  # noqa: BLE001 - whatever it is, the script goes on
            warn(f"run-ledger emit: nothing is reported: {type(error).__name__}: {error}")
            code = terminal.CANNOT
        return code if given.strict else 0

    return run


def after_mistake(words: Sequence[str]) -> int:
    """Return the exit code where the command line, *words*, can't be understood at all."""
    warn("run-ledger emit: nothing is reported")
    return terminal.CANNOT if "--strict" in words else 0


def _words(allowed: Sequence[str]) -> str:
    return f"{{{','.join(allowed)}}}"


def _emit(
    given: argparse.Namespace, kind: str, make: Callable[[argparse.Namespace], dict[str, Any]]
) -> int:
    """Send one event; return the exit code for what became of it."""
    left_out = take_out_unusable(given, "emit") + len(given.not_understood)
    detail = make(given)
    ledger = options.ledger_of(given, exit_seconds=_SECONDS)
    if not ledger.enabled:
        raise OpsError("there is no bus to report to: pass --bus, or set RUN_LEDGER_BUS.")
    event_id = ledger.send(kind, detail)
    is_safe = ledger.close(_SECONDS)
    outcome = _outcome(ledger, event_id, is_safe=is_safe)
    stats = ledger.stats()
    left_out += stats.invalid
    if given.json:
        say_json(
            {
                "event_id": event_id,
                "outcome": outcome,
                "left_out": left_out,
                "trouble": stats.last_error,
            }
        )
    if event_id is None or (given.strict and left_out):
        return terminal.CANNOT
    if outcome == "lost":
        warn("run-ledger emit: the event is lost: neither the bus nor the disk took it")
        return terminal.CANNOT
    return 0 if outcome == "accepted" else _NOT_SENT


def _outcome(ledger: RunLedger, event_id: str | None, *, is_safe: bool) -> str:
    stats = ledger.stats()
    if event_id is None:
        return "invalid"
    if stats.spooled:
        return "kept"
    return "accepted" if is_safe and not stats.refused else "lost"


def _job(given: argparse.Namespace) -> dict[str, Any]:
    """Return the detail of a job's event."""
    owner = JobIdentities().owner(given.client, given.project, given.pipeline)
    error = None
    if given.error is not None:
        error = error_document(given.error, given.error_type, fingerprint=given.fingerprint)
    status = given.status or ("completed" if given.result else None)
    return {
        **owner,
        **_which(given, tells_status=status is not None),
        "status": status,
        "result": given.result or ("succeeded" if status == "completed" else None),
        "name": given.name,
        "parent_job_id": given.parent,
        "stage": given.at,
        "records_total": given.total,
        "log_url": given.log_url,
        "heartbeat_seconds": given.heartbeat_seconds,
        "expect": options.expectation(given),
        "error": error,
        **_by_model(_common(given), given.model),
    }


def _by_model(common: dict[str, Any], name: str | None) -> dict[str, Any]:
    """Return what events have in common, with the changes of counters told by a model, if any."""
    if not name or not common["delta"]:
        return common
    return {**common, "delta": None, "delta_by_model": {name: common["delta"]}}


def _which(given: argparse.Namespace, *, tells_status: bool) -> dict[str, Any]:
    """Return job id and attempt: as given, those of `run-ledger run`, or the scheduler's.

    A job that --job names is at the scheduler's attempt where its status is told. What only adds to
    it may come from a helper that is tried again by itself, which must not begin an attempt.
    """
    enclosing, scheduled = around.enclosing_job(), around.scheduled_job()
    if given.job:
        if enclosing and enclosing.job_id == named(given.job):
            attempt: int | None = enclosing.attempt
        else:
            attempt = scheduled.attempt if scheduled and tells_status else None
        return {"job_id": given.job, "attempt": given.attempt or attempt}
    found = enclosing or scheduled
    if found is None or found.job_id is None or found.is_shared:
        raise OpsError("which job? Pass --job, the same in each call about it.")
    return {"job_id": found.job_id, "attempt": given.attempt or found.attempt}


def _project(given: argparse.Namespace) -> dict[str, Any]:
    """Return the detail of a project's event."""
    return {
        **JobIdentities().owner(given.client, given.project, None),
        "name": given.name,
        "owner": given.owner,
        "status": given.status,
        "due_at": given.due_at,
        "jobs_expected": given.jobs_expected,
        **_common(given),
    }


def _common(given: argparse.Namespace) -> dict[str, Any]:
    delta: dict[str, int] = {}
    for name, number in given.add or ():
        delta[name] = delta.get(name, 0) + number
    return {
        "delta": delta or None,
        "tags": dict(given.tag) if given.tag else None,
        "event_id": given.event_id,
        "occurred_at": given.occurred_at,
    }
