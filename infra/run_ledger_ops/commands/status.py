"""`run-ledger status`: say on one screen whether all is well."""

import argparse
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from run_ledger_ops.checks import system_health
from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.checks.live.live_check import all_findings
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.terminal import Progress, say, say_json

_UNWELL = 1
_COLOURS = {Level.WELL: "32", Level.LOOK: "33", Level.WRONG: "31", Level.UNKNOWN: "33"}
_DESCRIPTION = """\
Say on one screen whether all is well: the stack, the API, the intake where there is one, whether
the API's reader is kept from secrets, whether people are asked for a second factor, jobs, rejected
events, how far the figures are proved, the queue and the age of its messages, the channels by which
people are told and who gets digests, dead letters, alarms.
The command changes nothing.

With --probe it also tries what only a running system can show: a marked event comes over the bus
and a machine sees it by the API; an event that is sent several times counts once; people get a page
to sign in at; the dashboard's variables and queries work; an alarm fires and clears, which tells
those whom alarms tell. It makes an app client for that, and removes it. The event that counts is of
the client `run-ledger-check`, whose one job it is."""
_EPILOG = """\
examples:
  run-ledger status                      the local stack that runs in this folder
  run-ledger status --stage prod
  run-ledger status --stage prod --json
  run-ledger status --stage prod --probe after a deployment, or to be sure

infra/RUNBOOK.md says what each part means, where to look further and what to do.

Exit code: 0 nothing is wrong (have a look at parts marked `look`); 1 something is wrong, or could
not be checked; 2 there is no such system."""


def add_to(commands: Words) -> None:
    """Add the command `status`."""
    parser = add_command(
        commands,
        "status",
        help="say on one screen whether all is well",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _status)
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument(
        "--probe", action="store_true", help="also send events, and let an alarm fire and clear"
    )
    target.add_options(parser)


def _status(given: argparse.Namespace) -> int:
    system = target.find(given)
    found: list[Finding] = []
    with Progress("looking", None) as bar:
        looks = system_health.findings(system, datetime.now(UTC))
        for finding in all_findings(system) if given.probe else looks:
            found.append(finding)
            bar.add()
    is_well = all(one.is_fine for one in found)
    if given.json:
        say_json({"system": system.name, "is_well": is_well, "parts": by_part(found)})
    else:
        show(found)
        say(f"\n{system.name}: {verdict(found)}")
    return 0 if is_well else _UNWELL


def by_part(found: Iterable[Finding]) -> dict[str, dict[str, Any]]:
    """Return findings as JSON objects, by the part that they are about."""
    return {one.part: {"level": one.level, "words": one.words, **one.figures} for one in found}


def verdict(found: Iterable[Finding]) -> str:
    """Return in words how all of it is, with the parts that somebody should look at."""
    found = list(found)
    wrong = [one.part for one in found if not one.is_fine]
    to_see = [one.part for one in found if one.level is Level.LOOK]
    if wrong:
        return f"not all is well: {', '.join(wrong)}"
    return f"nothing is wrong; have a look at: {', '.join(to_see)}" if to_see else "all is well"


def show(found: Iterable[Finding]) -> None:
    """Print findings, a line each."""
    for one in found:
        say(f"{_marked(one.level)} {one.part:13} {one.words}")


def _marked(level: Level) -> str:
    text = f"{level:8}"
    return f"\x1b[{_COLOURS[level]}m{text}\x1b[0m" if sys.stdout.isatty() else text
