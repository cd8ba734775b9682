"""How a pipeline should run, as its client declares it: when, and how long.

An example: `Expectation("nightly", cron="0 2 * * *", timezone="Europe/Berlin")` asks for a run
each night, which begins at two o'clock on the clocks of Berlin, or up to five minutes later.
"""

from __future__ import annotations

from msgspec import Struct

DEFAULT_GRACE_SECONDS = 300
MOST_GRACE_SECONDS = 86_400
LEAST_EVERY_SECONDS = 60
MOST_SECONDS = 366 * 86_400
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


class Expectation(Struct, frozen=True, omit_defaults=True):
    """What is expected of the runs of one pipeline, perhaps in one project alone.

    Either ``cron``, five fields read on the clocks of ``timezone``, or ``every_seconds``, the
    longest time from one run to the next, or none of both. ``grace_seconds`` is how late a run may
    begin. A job may run for ``max_duration_seconds``, None for as long as it takes.
    """

    pipeline: str
    project: str | None = None
    cron: str | None = None
    timezone: str = "UTC"
    every_seconds: int | None = None
    grace_seconds: int = DEFAULT_GRACE_SECONDS
    max_duration_seconds: int | None = None

    @property
    def has_schedule(self) -> bool:
        """Return whether runs are asked for at some time."""
        return self.cron is not None or self.every_seconds is not None


def length_text(seconds: int) -> str:
    """Return a length as the file has it, in the largest exact unit; a day is ``24h``."""
    if seconds == 0:
        return "0s"
    units = [unit for unit in _UNITS if unit != "d" or seconds > _UNITS["d"]]
    unit = next(unit for unit in units if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"
