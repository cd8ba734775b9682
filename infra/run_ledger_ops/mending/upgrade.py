"""`run-ledger upgrade`: bring up to date what earlier versions have written."""

import argparse

from run_ledger.store.audit.crowded_items import make_room
from run_ledger.store.audit.upgrades import upgrade
from run_ledger_ops.checks.audits import patient_reading
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.terminal import Progress, say, say_json, warn

_LEFT = 1
_MOST_LABELS = 5
_DESCRIPTION = """\
Bring jobs and totals that an earlier version has written up to this version, once after an update.
Until then the counts of jobs include attempts that were retried before the update, and totals with
very many counters of a producer's own may take no more."""
_EPILOG = """\
The command goes through all jobs, a page at a time, and needs little memory. A job and its totals
change together, and only if the job is still as it was read, so the writers can go on. A job that
is up to date stays as it is: after an interruption, run the command again, or pass the job that it
named to --after, to go on from there. Entries are never changed. Afterwards, `run-ledger audit`
says whether anything differs.

Exit code: 0 everything is up to date; 1 some jobs are left, and are named; 2 an error."""


def add_to(commands: Words) -> None:
    """Add the command `upgrade`."""
    parser = add_command(
        commands,
        "upgrade",
        help="bring up to date what an earlier version has written",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _upgrade)
    parser.add_argument(
        "--after", metavar="JOB", help="go on after this job, which an earlier run has named"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    target.add_options(parser)


def _upgrade(given: argparse.Namespace) -> int:
    system = target.find(given)
    reading = patient_reading(system.dynamodb, system.tables, system.executor)
    jobs = upgraded = 0
    left: list[str] = []
    reached, is_done = given.after, False
    try:
        with Progress("jobs looked through", None) as bar:
            for step in upgrade(reading, given.after):
                jobs, upgraded = jobs + step.jobs, upgraded + step.upgraded
                left += step.left
                reached, is_done = step.last, step.last is None
                bar.add(step.jobs)
    finally:
        if not is_done and reached is not None:
            warn(f"Not at the end yet. To go on: run-ledger upgrade --after {reached}")
    with Progress("pages of items looked through", None) as bar:
        crowded = 0
        for changed in make_room(reading):
            crowded += changed
            bar.add()
    if given.json:
        say_json({"jobs": jobs, "upgraded": upgraded, "crowded": crowded, "left": left})
    else:
        say(f"Looked through {jobs:,} jobs: {upgraded:,} brought up to date.")
        if crowded:
            say(f"Made room in {crowded:,} items that held more own counters than are kept.")
    if left:
        more = ", …" if len(left) > _MOST_LABELS else ""
        warn(
            f"{len(left):,} left, as they can't be read or changed all the time: "
            f"{', '.join(left[:_MOST_LABELS])}{more}. Run `run-ledger audit` on them."
        )
    return _LEFT if left else 0
