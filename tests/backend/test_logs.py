"""Logs are JSON objects, one a line."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from run_ledger import logs


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Put the handlers and levels back that the test found."""
    root, ours = logging.getLogger(), logging.getLogger("run_ledger")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:], root.level, ours.level = before


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was logged, line by line."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_extra_fields_stand_beside_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    """What is given as extra becomes a member of the line."""
    logs.configure("INFO")
    logging.getLogger("run_ledger.api").info("answered", extra={"status": 200, "route": "/jobs"})
    (line,) = logged(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "run_ledger.api",
        "message": "answered",
        "status": 200,
        "route": "/jobs",
    }


def test_an_exception_is_text_on_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback does not spill over lines that no query could put together again."""
    logs.configure("INFO")
    try:
        int("first\nsecond")
    except ValueError:
        logging.getLogger("run_ledger.api").exception("failed")
    (line,) = logged(capsys)
    assert line["level"] == "ERROR"
    assert "ValueError: invalid literal" in line["exception"]


def test_no_extra_can_pretend_to_be_another_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The members that say when, how bad and whose can't be overwritten."""
    logs.configure("INFO")
    logging.getLogger("run_ledger").info("said", extra={"level": "DEBUG", "timestamp": "never"})
    (line,) = logged(capsys)
    assert line["level"] == "INFO"
    assert line["timestamp"] != "never"


def test_values_without_a_json_form_stand_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A log line never fails for what it is to say."""
    logs.configure("INFO")
    logging.getLogger("run_ledger").info("said", extra={"key": b"\xff", "odd": {"a": object}})
    (line,) = logged(capsys)
    assert line["key"] == "b'\\xff'"
    assert line["odd"] == {"a": "<class 'object'>"}


def test_libraries_keep_quiet_below_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG our own detail shows, and botocore's requests don't."""
    logs.configure("DEBUG")
    logging.getLogger("run_ledger.store").debug("ours")
    logging.getLogger("botocore.endpoint").debug("authorization: secret")
    logging.getLogger("botocore.endpoint").warning("pool is full")
    assert [line["message"] for line in logged(capsys)] == ["ours", "pool is full"]
