"""The handlers' log lines, read back and checked against CloudWatch's metric format."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from run_ledger import logs, metrics

Line = dict[str, Any]


@contextmanager
def restored() -> Iterator[None]:
    """Put handlers, levels and common members of log lines back as they were."""
    loggers = [logging.getLogger(name) for name in (None, "run_ledger", logs.METRICS)]
    before = [(logger, logger.handlers[:], logger.level) for logger in loggers]
    common = dict(logs._common)
    try:
        yield
    finally:
        for logger, handlers, level in before:
            logger.handlers[:] = handlers
            logger.setLevel(level)
        logs._common.clear()
        logs._common.update(common)


def read(output: str) -> list[Line]:
    """Return the lines of *output*, each a JSON object."""
    return [json.loads(line) for line in output.splitlines()]


def metrics_of(line: Line) -> dict[str, list[float]]:
    """Return the metrics that CloudWatch reads from *line*, with their values.

    Fails if CloudWatch would read none, by AWS's own rules on the page of the embedded metric
    format.
    """
    about = line["_aws"]
    assert isinstance(about["Timestamp"], int)
    assert len(str(about["Timestamp"])) == 13, "milliseconds since 1970"
    (directive,) = about["CloudWatchMetrics"]
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    assert directive["Namespace"] == metrics.NAMESPACE
    for dimensions in directive["Dimensions"]:
        assert len(dimensions) <= 30
        assert all(isinstance(line[name], str) and line[name] for name in dimensions)
    assert 0 < len(directive["Metrics"]) <= 100
    found = {}
    for metric in directive["Metrics"]:
        assert metric["Unit"] in {"Count", "Milliseconds", "Seconds"}
        value = line[metric["Name"]]
        values = value if isinstance(value, list) else [value]
        assert 0 < len(values) <= 100
        assert all(type(one) in (int, float) for one in values), metric
        found[metric["Name"]] = values
    return found


@contextmanager
def captured() -> Iterator[io.StringIO]:
    """Give what handlers write from here on, where pytest's fixtures can't be used."""
    with restored(), redirect_stdout(io.StringIO()) as written:
        yield written
