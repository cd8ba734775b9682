"""Metrics are log lines that CloudWatch takes figures from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.readers import log_lines

from run_ledger import logs, metrics

NOW = 1_795_000_000_000_000


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    with log_lines.restored():
        yield


def test_a_line_names_its_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    """The namespace, two dimensions, and each metric with its unit; the rest is for queries."""
    logs.configure("INFO", stage="prod", function="writer")
    metrics.emit("batch", {"Posted": "Count"}, {"Posted": 3}, now=NOW, extra={"job_id": "job-1"})
    (line,) = log_lines.read(capsys.readouterr().out)
    assert log_lines.metrics_of(line) == {"Posted": [3]}
    assert line["_aws"] == {
        "Timestamp": NOW // 1000,
        "CloudWatchMetrics": [
            {
                "Namespace": "RunLedger",
                "Dimensions": [["stage", "function"]],
                "Metrics": [{"Name": "Posted", "Unit": "Count"}],
            }
        ],
    }
    assert (line["stage"], line["function"], line["job_id"]) == ("prod", "writer", "job-1")


@pytest.mark.parametrize("level", ["DEBUG", "WARNING", "ERROR"])
def test_metrics_come_at_every_level(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A stage that logs errors alone is watched all the same."""
    logs.configure(level, stage="prod", function="writer")
    metrics.emit("batch", {"Posted": "Count"}, {"Posted": 0}, now=NOW)
    (line,) = log_lines.read(capsys.readouterr().out)
    assert log_lines.metrics_of(line) == {"Posted": [0]}


def test_what_has_no_value_is_no_metric(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing measured is not zero."""
    logs.configure("INFO", stage="prod", function="writer")
    units: dict[str, metrics.Unit] = {"WriteMs": "Milliseconds", "Posted": "Count", "Late": "Count"}
    metrics.emit("batch", units, {"WriteMs": [], "Posted": 0}, now=NOW)
    (line,) = log_lines.read(capsys.readouterr().out)
    assert log_lines.metrics_of(line) == {"Posted": [0]}
    assert "WriteMs" not in line


def test_what_no_unit_names_is_no_metric(capsys: pytest.CaptureFixture[str]) -> None:
    """It is in the line, for queries; a line without any metric has no directive."""
    logs.configure("INFO", stage="prod", function="writer")
    metrics.emit("batch", {"Posted": "Count"}, {"Posted": 2, "Calls": 3}, now=NOW)
    metrics.emit("request", {}, {"Calls": 3}, now=NOW)
    one, other = log_lines.read(capsys.readouterr().out)
    assert log_lines.metrics_of(one) == {"Posted": [2]}
    assert (one["Calls"], other["Calls"]) == (3, 3)
    assert "_aws" not in other


def test_a_line_holds_as_many_values_as_cloudwatch_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A hundred values of one metric; CloudWatch would refuse all of them for one more."""
    logs.configure("INFO", stage="prod", function="writer")
    metrics.emit("batch", {"WriteMs": "Milliseconds"}, {"WriteMs": [1.5] * 250}, now=NOW)
    (line,) = log_lines.read(capsys.readouterr().out)
    assert log_lines.metrics_of(line) == {"WriteMs": [1.5] * 100}
