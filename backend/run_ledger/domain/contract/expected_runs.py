"""What an event says of how its pipeline should run: what its texts mean is checked here."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from run_ledger.domain.cron_lines import CronError, check_line
from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.domain.lengths import lengths_allowed, seconds_in

from .vocabulary import Expect, JobUpdate

MOST_GRACE_SECONDS = 86_400
LEAST_EVERY_SECONDS = 60
MOST_SECONDS = 366 * 86_400
ZONE_ALLOWED = "a name of the time zone database, such as Europe/Berlin or UTC"


def check_expect(update: JobUpdate) -> None:
    """Raise InvalidEvent, which names the member, where what is expected makes no sense."""
    one = update.expect
    if one is UNSET:
        return
    if one.project not in (UNSET, update.project_id):
        raise _invalid("project", one.project, "the event's own project_id; absent: all projects")
    _check_company(one)
    if one.cron is not UNSET:
        try:
            check_line(one.cron)
        except CronError as error:
            raise _invalid("cron", one.cron, str(error)) from error
    if one.timezone is not UNSET and not _is_zone(one.timezone):
        raise _invalid("timezone", one.timezone, ZONE_ALLOWED)
    _check_length("every", one.every, LEAST_EVERY_SECONDS, MOST_SECONDS)
    _check_length("grace", one.grace, 0, MOST_GRACE_SECONDS)
    _check_length("max_duration", one.max_duration, 1, MOST_SECONDS)


def _check_company(one: Expect) -> None:
    """Raise InvalidEvent where a member stands without the one that it is about."""
    if one.cron is not UNSET and one.every is not UNSET:
        raise _invalid("every", one.every, "it or cron, not both")
    if one.cron is UNSET and one.timezone is not UNSET:
        raise _invalid("timezone", one.timezone, "only beside cron")
    if one.cron is UNSET and one.every is UNSET and one.grace is not UNSET:
        raise _invalid("grace", one.grace, "only beside cron or every")


def _check_length(name: str, text: str | UnsetType, least: int, most: int) -> None:
    seconds = None if text is UNSET else seconds_in(text)
    if text is not UNSET and (seconds is None or not least <= seconds <= most):
        raise _invalid(name, text, lengths_allowed(least, most))


def _is_zone(name: str) -> bool:
    """Return whether a zone has this *name*, as far as this machine can tell.

    A producer's may not have the list of zones; then the writer looks.
    """
    from run_ledger.domain import zones  # noqa: PLC0415 - nothing else waits for it

    try:
        zones.zone(name)
    except ModuleNotFoundError:
        return True
    except ValueError:
        return False
    return True


def _invalid(name: str, got: object, allowed: str) -> InvalidEvent:
    return InvalidEvent(
        "invalid_field", field=f"detail.expect.{name}", got=shown(got), allowed=allowed
    )
