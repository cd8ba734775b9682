"""What the proof costs: the read units of a job, by the walks that look at it, at listed prices."""

from __future__ import annotations

from math import ceil

from tests.benchmarks.figures import Figure

from . import prices
from .load import EVENTS_A_JOB, default_window, load

RATE, MOST_USD = 100, 0.05
# A read unit holds two started 4 KB that are read eventually consistent.
READ_BLOCK = 4_096
ROW_BYTES, ITEM_BYTES = 330, 1_500
# The walks of a day visit the day that a job was created on until it ends, and then another day of
# 24; once a day each of the days in reach is visited.
VISITS = 24 * 1.5 + 89
# A gigabyte of Lambda is 0.57 of a processor; reading and folding an event takes so long on one.
SECONDS_AN_EVENT = 0.0001
# The rows of a day are walked once when it is over, and before that each time that it has four
# times as many jobs. A walk lists the jobs of two days.
ROW_WALKS, LISTED_DAYS = 4 / 3, 2
# Some jobs are at work on two days.
DAYS_OF_A_JOB = 1.1


def read_units_of_a_job(events: int, entry_bytes: float) -> float:
    """Return the units for the rows that walks look at, the job's item and its entries."""
    listed = VISITS * ROW_BYTES / READ_BLOCK / 2
    log = ceil(events * entry_bytes / READ_BLOCK) / 2
    return listed + ceil(ITEM_BYTES / READ_BLOCK) / 2 + log


def read_units_of_its_rows(events: int, entry_bytes: float) -> float:
    """Return the units that a job takes when rows of totals are recounted."""
    listed = LISTED_DAYS * ROW_BYTES / READ_BLOCK / 2
    log = ceil(events * entry_bytes / READ_BLOCK) / 2
    return ROW_WALKS * DAYS_OF_A_JOB * (listed + ceil(ITEM_BYTES / READ_BLOCK) / 2 + log)


def usd_a_million(entry_bytes: float, events_a_job: int = EVENTS_A_JOB) -> float:
    """Return what proving a million events costs in USD, of jobs that have so many."""
    of_job = read_units_of_a_job(events_a_job, entry_bytes)
    units = (of_job + read_units_of_its_rows(events_a_job, entry_bytes)) / events_a_job
    seconds = SECONDS_AN_EVENT * (1 + ROW_WALKS * DAYS_OF_A_JOB)
    return units * prices.READ_UNIT + seconds * prices.GB_SECOND * prices.MILLION


def cost_per_million() -> Figure:
    """Work out what it costs to prove a million events, of jobs of 50."""
    entry_bytes = load(RATE, default_window()).entry_bytes
    return Figure(
        "proof_cost_per_million_usd",
        usd_a_million(entry_bytes),
        "USD",
        goal=MOST_USD,
        more_is_better=False,
        notes=(
            prices.SOURCE,
            f"{read_units_of_a_job(EVENTS_A_JOB, entry_bytes):.1f} read units a job",
            f"{read_units_of_its_rows(EVENTS_A_JOB, entry_bytes):.1f} for the rows that count it",
            *(
                f"jobs of {n} events: {usd_a_million(entry_bytes, n):.3f}"
                for n in (5, 10, 20, 22, 500)
            ),
        ),
    )
