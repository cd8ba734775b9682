"""`run-ledger audit`: compare jobs and totals with the entries, and mend what differs."""

import argparse
from collections.abc import Sequence
from typing import Any

from msgspec import to_builtins

from run_ledger.domain.exceptions import NotFound
from run_ledger.store.audit.auditor import Findings, Found, Manner
from run_ledger.store.audit.scopes import AuditScope
from run_ledger_ops.checks.audits import audit, patient_reading
from run_ledger_ops.console import target, terminal
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import Progress, say, say_json, warn

_DRIFT = 1
_MOST_LABELS = 5
_DESCRIPTION = """\
Compute jobs, projects and totals again from the entries, and report where the stored ones differ.
The system can go on working meanwhile: a difference that lasts only for a moment isn't reported."""
_EPILOG = """\
what is compared:
  (no option)   all jobs, all projects, all totals; also jobs of which only the entries are left
  --job J       the job's state and counters; totals need the other jobs, too
  --client C    the client's jobs and projects, and its totals by hour and of failures
  --project P   the project, its jobs, and its totals by hour
  --from --to   only totals of these days (UTC, both included); all jobs, as each may have reported
                on any day

What can't be compared is listed, and is no difference: jobs and totals that are older than the
oldest entries (see --reach), and what changed all the time (run the command again later).

--repair corrects jobs and projects, and adds what totals lack. It changes an item only if that is
still the same as when it was compared, so the writers can go on. It never changes entries.

Exit code: 0 nothing differs, or all of it was mended; 1 something differs; 2 an error."""


def add_to(commands: Words) -> None:
    """Add the command `audit`."""
    parser = add_command(
        commands,
        "audit",
        help="compare jobs and totals with the entries, and mend what differs",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _audit)
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--job", metavar="ID", help="only this job")
    either.add_argument("--client", metavar="ID", help="only this client's data")
    either.add_argument("--project", metavar="ID", help="only this project and its jobs")
    parser.add_argument(
        "--from", dest="first", type=terminal.day, metavar="DAY", help="totals from this day on"
    )
    parser.add_argument(
        "--to", dest="last", type=terminal.day, metavar="DAY", help="totals up to this day"
    )
    parser.add_argument("--repair", action="store_true", help="mend what differs")
    parser.add_argument(
        "--reach",
        type=terminal.positive,
        metavar="DAYS",
        help="how many days entries have been kept (default: the stack's EntryTtlDays)",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    target.add_options(parser)


def _audit(given: argparse.Namespace) -> int:
    if given.job and (given.first or given.last):
        raise OpsError("--from and --to choose among totals, and a job alone has none.")
    if given.first and given.last and given.first > given.last:
        raise OpsError("--from is after --to.")
    system = target.find(given)
    now = terminal.clock()
    scope = AuditScope(
        now=now,
        job_id=given.job,
        client_id=given.client,
        project_id=given.project,
        first_day=given.first,
        last_day=given.last,
    )
    reading = patient_reading(system.dynamodb, system.tables, system.executor)
    with Progress("jobs and projects recounted", None) as progress:
        manner = Manner(repair=given.repair, progress=progress.add)
        findings = audit(reading, scope, given.reach or system.entry_ttl_days, manner)
    if given.job and not findings.entities:
        raise NotFound(f"there is no job {given.job}, nor any entry of one.")
    if given.json:
        say_json(_document(findings))
    else:
        _say(findings)
    is_well = all(found.mended for found in findings.drifts) and not findings.unreadable
    return 0 if is_well else _DRIFT


def _document(findings: Findings) -> dict[str, Any]:
    return {
        "jobs_and_projects": findings.entities,
        "totals": findings.rows,
        "drifts": [
            {**to_builtins(found.drift), "mended": found.mended} for found in findings.drifts
        ],
        "unreadable_entries": findings.unreadable,
        "beyond_reach": findings.beyond_reach,
        "undecided": findings.undecided,
    }


def _say(findings: Findings) -> None:
    for found in findings.drifts:
        say(_in_words(found))
    for label in findings.unreadable:
        say(f"{label}: the entry holds no event of it, so what it counts is not certain")
    drifts = len(findings.drifts)
    mended = sum(found.mended for found in findings.drifts)
    say(
        f"Compared {findings.entities:,} jobs and projects, and {findings.rows:,} rollups: "
        + (f"{drifts:,} differences, {mended:,} mended." if drifts else "no difference.")
    )
    _warn_of("older than the entries, not compared", findings.beyond_reach)
    _warn_of("changed all the time, not compared", findings.undecided)


def _in_words(found: Found) -> str:
    drift = found.drift
    where = f"{drift.kind} {drift.key}"
    if drift.attribute:
        where += f", {drift.attribute}"
    stored = "nothing" if drift.stored is None else drift.stored
    recounted = "nothing" if drift.recounted is None else drift.recounted
    end = "; mended" if found.mended else ""
    return f"{where}: stored {stored}, from the entries {recounted}{end}"


def _warn_of(what: str, labels: Sequence[str]) -> None:
    if labels:
        more = ", …" if len(labels) > _MOST_LABELS else ""
        warn(f"{len(labels):,} {what}: {', '.join(labels[:_MOST_LABELS])}{more}")
