"""When a client's people get a digest, as the clients' file declares it, and of which days.

Days are those of the digest's zone. A daily one is about the day before; a weekly one is sent on
Mondays, about the seven days before. Where clocks show its time twice, the first time counts; where
they leave it out, it is as much later as they leave out.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from msgspec import Struct

from run_ledger.domain.instants import HOUR, Duration, Instant

if TYPE_CHECKING:
    from run_ledger.domain.zones import Zone

DigestEvery = Literal["daily", "weekly"]
DIGEST_EVERY: tuple[DigestEvery, ...] = get_args(DigestEvery)
DEFAULT_AT = "08:00 UTC"
AT_ALLOWED = "a time and a zone, such as 07:30 Europe/Berlin"
SENT_UNTIL = Duration(12 * HOUR)
"""How much later than its time a digest is still sent, where nothing could send it before."""
_AT = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9]) ([A-Za-z0-9_+/-]{1,64})")
_ONE_DAY = timedelta(days=1)
_DAYS: dict[DigestEvery, int] = {"daily": 1, "weekly": 7}
_FIRST_YEAR, _LAST_YEAR = 1970, 9_000


class DigestRule(Struct, frozen=True, omit_defaults=True):
    """How often, when, by which mail channels; ``to`` is None for all of the client's.

    With ``empty`` it is also sent where nothing happened and nothing is wrong.
    """

    every: DigestEvery
    at: str = DEFAULT_AT
    to: tuple[str, ...] | None = None
    empty: bool = False


class SendingTime(NamedTuple):
    """A time of day on the clocks of a zone."""

    clock: time
    zone_name: str
    zone: Zone


class DigestPeriod(Struct, frozen=True):
    """The days from *first* to the one before *end*, in the zone named ``tz``."""

    every: DigestEvery
    first: date
    end: date
    tz: str

    @property
    def key(self) -> str:
        """Return what is the same for all digests about these days: ``daily#2026-11-22``."""
        return f"{self.every}#{self.first}"

    @property
    def last(self) -> date:
        """Return the last day."""
        return self.end - _ONE_DAY

    def previous(self) -> DigestPeriod:
        """Return as many days before these."""
        return DigestPeriod(self.every, self.first - (self.end - self.first), self.first, self.tz)


def sending_time(text: str) -> SendingTime:
    """Return the time of day that *text* names; raises ValueError where it names none."""
    from run_ledger.domain.zones import zone  # noqa: PLC0415 - most functions need no zones

    match = _AT.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return SendingTime(time(int(match[1]), int(match[2])), match[3], zone(match[3]))


def due_period(rule: DigestRule, now: Instant) -> DigestPeriod | None:
    """Return the days of the digest that is to be sent at *now*; None where none is.

    Whether it has been sent already is not known here.
    """
    at = sending_time(rule.at)
    today = at.zone.wall_clock(now).date()
    for day in (today, today - _ONE_DAY):
        if rule.every == "weekly" and day.weekday():
            continue
        due_at = at.zone.moment(datetime.combine(day, at.clock))
        if due_at <= now < due_at + SENT_UNTIL:
            return DigestPeriod(rule.every, day - _ONE_DAY * _DAYS[rule.every], day, at.zone_name)
    return None


def period_with(rule: DigestRule, day: date) -> DigestPeriod:
    """Return the days of the digest that *day* is told in; raises ValueError for a year far off."""
    if not _FIRST_YEAR < day.year < _LAST_YEAR:
        raise ValueError(str(day))
    first = day - _ONE_DAY * day.weekday() if rule.every == "weekly" else day
    tz = sending_time(rule.at).zone_name
    return DigestPeriod(rule.every, first, first + _ONE_DAY * _DAYS[rule.every], tz)


def period_before(rule: DigestRule, now: Instant) -> DigestPeriod:
    """Return the latest days of a digest that are over at *now*."""
    today = sending_time(rule.at).zone.wall_clock(now).date()
    return period_with(rule, today - _ONE_DAY * _DAYS[rule.every])
