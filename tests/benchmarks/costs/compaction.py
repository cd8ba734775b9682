"""What compaction costs: write units for each row of an hour and a day, and reads of each run."""

from __future__ import annotations

from tests.support.stacks.templates import source

from . import prices
from .load import CLIENTS

# Of each client, its row and that of its project.
ROWS_AN_HOUR = 2 * CLIENTS
# Emptied by a transaction, at two units, and deleted; the merged item is put by that transaction,
# and confirmed.
UNITS_A_SHARD, UNITS_A_ROW = 3, 3
# A day's hours, packed, have up to 2 KB, and their sum less than one.
UNITS_A_PACKED_ROW, HOURS_A_DAY = 3, 24
# A day's rows, half of them merged, strongly read; that and the day before until all is merged.
READ_UNITS_A_PARTITION, DAYS_A_RUN = 10, 1.5


def usd_a_month() -> float:
    """Return what compaction costs in USD a month, where writers use all shards of each row."""
    shards = source()["Parameters"]["RollupShards"]["Default"]
    rows = prices.HOURS_A_MONTH * ROWS_AN_HOUR
    written = rows * (UNITS_A_SHARD * shards + UNITS_A_ROW + UNITS_A_PACKED_ROW / HOURS_A_DAY)
    read = prices.HOURS_A_MONTH * DAYS_A_RUN * ROWS_AN_HOUR * READ_UNITS_A_PARTITION
    return (written * prices.WRITE_UNIT + read * prices.READ_UNIT) / prices.MILLION
