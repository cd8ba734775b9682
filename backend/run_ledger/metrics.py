"""Metrics: log lines in CloudWatch's embedded metric format, so that metrics need no calls.

Queries of the logs can use each member of a line, and CloudWatch makes metrics of the members that
its member ``_aws`` names. The only dimensions are ``stage`` and ``function``, which every line has
(see `logs`): with a job or a client as a dimension, each would be a metric of its own to pay for.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Literal

from run_ledger.domain.instants import Instant

from . import logs

NAMESPACE = "RunLedger"
DIMENSIONS = ("stage", "function")
# CloudWatch takes this many values of one metric in one line.
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
    """Write one line that says *message*, with *values* in it and *extra* beside them.

    Those of *values* that *units* names are metrics: CloudWatch charges each of these by the hour
    in which it has a value, so only what an alarm or a chart reads is one. The others are for
    queries of the logs. A value that is an empty list is left out: having no value is not zero.
    *now* is in microseconds since 1970.
    """
    known = {name: _fitting(value) for name, value in values.items() if value != []}
    extra = {**(extra or {}), **known}
    metrics = [{"Name": name, "Unit": units[name]} for name in units if name in known]
    if metrics:
        directive = {"Namespace": NAMESPACE, "Dimensions": [DIMENSIONS], "Metrics": metrics}
        extra["_aws"] = {"Timestamp": now // 1_000, "CloudWatchMetrics": [directive]}
    _log.info(message, extra=extra)


def _fitting(value: Values) -> Values:
    return value if isinstance(value, (int, float)) else value[:MOST_VALUES]
