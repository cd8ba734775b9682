"""Metrics: a log line in CloudWatch's embedded metric format, so that no call is made for them.

A line's members are figures to whoever queries the logs, and CloudWatch makes metrics of those that
its ``_aws`` member names. The dimensions are ``stage`` and ``function``, which every line carries
(see `logs`), and no others: each job or client as a dimension would be a metric to pay for.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Literal

from run_ledger.domain.instants import Instant

from . import logs

NAMESPACE = "RunLedger"
DIMENSIONS = ("stage", "function")
# CloudWatch takes as many values of one metric in one line.
MOST_VALUES = 100

Unit = Literal["Count", "Milliseconds", "Seconds"]
Values = int | float | Sequence[float]

_log = logging.getLogger(logs.METRICS)


def emit(
    message: str,
    units: Mapping[str, Unit],
    values: Mapping[str, Values],
    *,
    now: Instant,
    extra: Mapping[str, object] | None = None,
) -> None:
    """Write one line that says *message*, with *values* as metrics and *extra* beside them.

    A metric without a value, which an empty list is, is left out: that is no zero. *now* is in
    microseconds since 1970.
    """
    told = {name: _fitting(values[name]) for name in units if values.get(name, []) != []}
    metrics = [{"Name": name, "Unit": units[name]} for name in told]
    directive = {"Namespace": NAMESPACE, "Dimensions": [DIMENSIONS], "Metrics": metrics}
    about = {"Timestamp": now // 1_000, "CloudWatchMetrics": [directive]}
    _log.info(message, extra={**(extra or {}), **told, "_aws": about})


def _fitting(value: Values) -> Values:
    return value if isinstance(value, (int, float)) else value[:MOST_VALUES]
