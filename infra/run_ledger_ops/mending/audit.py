"""`run-ledger audit`: compare jobs and totals with the entries, and mend what differs."""

import argparse
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from msgspec import convert, to_builtins

from run_ledger.domain.exceptions import NotFound
from run_ledger.domain.state.recount import Drift
from run_ledger.store.audit.auditor import Findings, Found, Manner
from run_ledger.store.audit.reach import Reach
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.reading import Reading
from run_ledger_ops.checks.audit_file import AuditFile, Finding
from run_ledger_ops.checks.audits import audit, audit_in_ranges, patient_reading, reach_of
from run_ledger_ops.console import target, terminal
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import Progress, say, say_json, warn

_DRIFT = 1
_MOST_LABELS = 5
# What a long audit has found is in its file; so many lines of each kind are told.
_MOST_TOLD = 1_000
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

What can't be compared is listed, and is no difference: jobs that count more events than they have
entries left, sums in totals to which these may have added, and what changed all the time (run the
command again later). Totals of days older than the stack's EntryTtlDays are left out.

--repair corrects jobs and projects, and adds what totals lack. It takes nothing from a job for
want of entries, unless you vouch for these with --reach. It changes an item only if that is still
the same as when it was compared, so the writers can go on. It never changes entries.

A large ledger: --progress FILE goes through everything page by page, and keeps in FILE how far it
is and what it has found, so that the memory doesn't grow with the ledger. After an interruption,
run the same command again, with the same --reach, and it goes on; what it had mended since the
last page isn't listed.
Totals that change all the time, such as those of this hour, are not compared.

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
        help=(
            "vouch that all entries of the last DAYS days are kept: a younger job that lacks some "
            "is then wrong, and one without any never was; compare totals of these days alone"
        ),
    )
    parser.add_argument(
        "--progress",
        type=Path,
        metavar="FILE",
        help="go through everything page by page, from where FILE says that an earlier run ended",
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    target.add_options(parser)


def _audit(given: argparse.Namespace) -> int:
    if given.job and (given.first or given.last):
        raise OpsError("--from and --to choose among totals, and a job alone has none.")
    if given.first and given.last and given.first > given.last:
        raise OpsError("--from is after --to.")
    if given.progress and (given.job or given.client or given.project):
        raise OpsError("--progress is for an audit of everything, not of one job, client, project.")
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
    ttl_days = given.reach or system.entry_ttl_days
    reach = reach_of(ttl_days, terminal.clock, is_vouched=given.reach is not None)
    with Progress("jobs and projects recounted", None) as progress:
        manner = Manner(repair=given.repair, progress=progress.add)
        if given.progress is None:
            findings = audit(reading, scope, reach, manner)
        else:
            findings = _in_ranges(given.progress, reading, scope, reach, manner)
    if given.job and not findings.entities:
        raise NotFound(f"there is no job {given.job}, nor any entry of one.")
    if given.json:
        say_json(_document(findings))
    else:
        _say(findings)
    is_well = all(found.mended for found in findings.drifts) and not findings.unreadable
    return 0 if is_well else _DRIFT


def _in_ranges(
    path: Path,
    reading: Reading,
    scope: AuditScope,
    reach: Callable[[], Reach],
    manner: Manner,
) -> Findings:
    with AuditFile(path) as file:
        try:
            for number in audit_in_ranges(reading, file, scope, reach, manner):
                manner.progress(number)
        except BaseException:
            warn(f"Not at the end yet: the same command goes on, with --progress {path}")
            raise
        return _told(file)


def _told(file: AuditFile) -> Findings:
    """Return what a long audit has found, as much of each kind as is told."""
    drifts = [Found(convert(one, Drift), mended=False) for one in _first(file, "drift")]
    drifts += [Found(convert(one, Drift), mended=True) for one in _first(file, "mended")]
    return Findings(
        file.get("entities", 0),
        file.get("rows", 0),
        drifts,
        _first(file, "unreadable"),
        _first(file, "beyond"),
        _first(file, "undecided"),
    )


def _first(file: AuditFile, kind: Finding) -> list[Any]:
    """Return the first findings of one kind; where there are more, say so."""
    number = file.number_of(kind)
    if number > _MOST_TOLD:
        warn(f"Of {number:,} findings of the kind {kind!r}, the first {_MOST_TOLD:,} are told.")
    return list(islice(file.findings(kind), _MOST_TOLD))


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
    _warn_of("not compared, as entries are gone", findings.beyond_reach)
    _warn_of("not compared, as they changed all the time", findings.undecided)


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
