"""The parts of the live check, in order, and what it leaves out where it runs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.checks import system_health
from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.checks.live.alarm_trial import alarm_fires
from run_ledger_ops.checks.live.arrival import event_arrives, event_counts_once
from run_ledger_ops.checks.live.dashboard_trial import dashboard_resolves
from run_ledger_ops.checks.live.machine import Machine, MachineRefused
from run_ledger_ops.checks.live.sign_in_page import page_answers
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target

_ON_AWS = (
    "that a mail of an alarm arrives; a replay from the archive, which begins ten minutes after an "
    "event (the same event was sent again instead)"
)
_ON_A_LOCAL_AWS = (
    "CloudFront, TLS, mails, a replay from the archive, and how AWS itself judges IAM conditions "
    "and log queries: a local AWS has them in part or not at all"
)


def all_findings(system: Target, *, with_alarm: bool = True) -> Iterator[Finding]:
    """Look at each part of the system, and then do what only a running one can."""
    yield from system_health.findings(system, datetime.now(UTC))
    yield from live_findings(system, with_alarm=with_alarm)


def live_findings(system: Target, *, with_alarm: bool = True) -> Iterator[Finding]:
    """Check each part in turn; one that can't be checked is `unknown`, and the others go on.

    With *with_alarm*, one alarm fires and clears, which tells those whom alarms tell.
    """
    machine = Machine(system)
    try:
        parts: list[tuple[str, Callable[[], Finding]]] = [
            ("event", partial(event_arrives, system, machine)),
            ("counted once", partial(event_counts_once, system, machine)),
            ("sign-in page", partial(page_answers, system)),
            ("dashboard", partial(dashboard_resolves, system)),
        ]
        if with_alarm:
            parts.append(("alarm", partial(alarm_fires, system)))
        for part, look in parts:
            yield _found(part, look)
    finally:
        trouble = machine.leave()
    if trouble:
        yield Finding("clean-up", Level.WRONG, trouble, {})
    yield _left_out(system, with_alarm=with_alarm)


def _found(part: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (ClientError, BotoCoreError) as error:
        return Finding(part, Level.UNKNOWN, f"can't be checked: {explain(error)}", {})
    except MachineRefused as error:
        return Finding(part, Level.WRONG, str(error), {})
    except (HTTPException, OSError, ValueError, OpsError) as error:
        return Finding(part, Level.UNKNOWN, f"can't be checked: {error}", {})


def _left_out(system: Target, *, with_alarm: bool) -> Finding:
    words = _ON_A_LOCAL_AWS if system.is_local else _ON_AWS
    if not with_alarm:
        words = f"an alarm (`run-ledger status --probe` tries one); {words}"
    return Finding("not checked", Level.LOOK, words, {})
