"""What the ledger's error is, for the facets by which a run tells why it failed."""

from __future__ import annotations

from typing import Any

import pytest
from openlineage.client.event_v2 import RunState
from openlineage.client.facet_v2 import error_message_run
from openlineage.client.serde import Serde
from tests.support.producers.lineage import run_event

from run_ledger.emit.lineage import LineageAdapter, LineageRules, Owner

RULES = LineageRules(Owner("acme", "warehouse", "{name}"))
PYTHON = 'Traceback (most recent call last):\n  File "enrich.py", line 3, in one\n    work()\n'
CHAINED = (
    f"{PYTHON}ConnectionResetError: closed\n\nThe above exception was the direct cause of the "
    f"following exception:\n\n{PYTHON}EnrichError: record 7\n"
)
JAVA = (
    "org.apache.spark.SparkException: Job aborted.\n\tat org.apache.spark.Job.run(Job.scala:1)\n"
    "Caused by: java.io.IOException: No space left\n\tat a.B.c(B.java:2)\n\t... 3 more\n"
)


def error_of(event: dict[str, Any]) -> Any:
    """Give the error in an event's update."""
    return LineageAdapter(RULES).job_event(event).get("error")


def failed(message: str, trace: str | None = None) -> dict[str, Any]:
    """Make the event of a run that failed with this facet."""
    facet = error_message_run.ErrorMessageRunFacet(message, "PYTHON", trace)
    return Serde.to_dict(run_event(RunState.FAIL, facets={"errorMessage": facet}))


@pytest.mark.parametrize(
    ("message", "trace", "kind", "text"),
    [
        ("ValueError: row 7 is broken", None, "ValueError", "row 7 is broken"),
        ("KeyError", None, "KeyError", ""),
        ("the disk is full: /data", None, "Error", "the disk is full: /data"),
        ("a.b.TimeoutException: none\n\tat a.b.C.d(C.java:1)", None, "a.b.TimeoutException",
         "none"),
        (f"{PYTHON}OSError: gone", None, "OSError", "gone"),
        ("boom\nTraceback (most recent call last):\n  File", None, "Error", "boom"),
        ("login failed: password=hunter2hunter2", None, "Error",
         "login failed: password=[blanked]"),
        ("down", f"{PYTHON}ConnectionError: down\n", "ConnectionError", "down"),
        ("", f"{PYTHON}KeyboardInterrupt\n", "KeyboardInterrupt", ""),
        ("Task failed with exception", f"{PYTHON}a.b.NoSuchKey: k7", "a.b.NoSuchKey",
         "Task failed with exception: k7"),
        ("record 7", CHAINED, "EnrichError",
         "record 7 (caused by ConnectionResetError: closed)"),
        ("Job aborted.", JAVA, "org.apache.spark.SparkException",
         "Job aborted. (caused by java.io.IOException: No space left)"),
        ("a.b.AnalysisException: no table", "at io.openlineage.Some.method(Some.java:13)",
         "a.b.AnalysisException", "no table"),
    ],
)  # fmt: skip
def test_type_message_and_cause_are_found(
    message: str, trace: str | None, kind: str, text: str
) -> None:
    """The type comes from the message or the trace, the cause from the trace; secrets don't."""
    assert error_of(failed(message, trace)) == {"type": kind, "message": text}


def test_a_facet_that_holds_nothing_is_no_error() -> None:
    """An empty message without a trace tells nothing, nor does anything that is no text."""
    assert error_of(failed(" \n", "")) is None
    event = failed("x")
    event["run"]["facets"]["errorMessage"] = {"message": ["x"], "stackTrace": {"a": 1}}
    assert error_of(event) is None


def with_assertions(holder: str, facet: str, *assertions: dict[str, Any]) -> dict[str, Any]:
    """Make the event of a run that failed, with assertions about its input `orders`."""
    event = Serde.to_dict(run_event(RunState.FAIL))
    named = {"namespace": "db", "name": "orders"}
    event["inputs"] = [{**named, holder: {facet: {"assertions": list(assertions)}}}]
    return event


@pytest.mark.parametrize(
    ("holder", "facet"),
    [
        ("inputFacets", "dataQualityAssertions"),
        ("facets", "dataQualityAssertions"),  # as older producers sent it
        ("inputFacets", "greatExpectations_assertions"),
    ],
)
def test_a_failed_assertion_is_named(holder: str, facet: str) -> None:
    """The error says which assertion failed, about which column of what; not those that held."""
    event = with_assertions(
        holder,
        facet,
        {"assertion": "not_null", "column": "name", "success": True},
        {"assertion": "unique", "column": "id", "success": False},
        {"assertion": "row_count", "success": False, "expected": "10", "actual": "9"},
    )

    assert error_of(event) == {
        "type": "AssertionFailed",
        "message": "unique(id) failed on orders; row_count failed on orders, 9 instead of 10",
    }


def test_assertions_that_only_warn_do_not_hide_those_that_fail() -> None:
    """Where one fails gravely, it alone is named; many are counted."""
    warned = {"assertion": "fresh", "success": False, "severity": "warn"}
    grave = {"assertion": "unique", "success": False, "severity": "error", "name": "ids"}
    holder, facet = "inputFacets", "dataQualityAssertions"

    assert error_of(with_assertions(holder, facet, warned, grave))["message"] == (
        "unique ids failed on orders"
    )
    assert error_of(with_assertions(holder, facet, warned))["message"] == "fresh failed on orders"
    many = [{"assertion": f"a{number}", "success": False} for number in range(8)]
    assert error_of(with_assertions(holder, facet, *many))["message"].endswith("; and 3 more")


def test_the_facet_of_test_runs_is_read() -> None:
    """Producers that don't attribute tests to datasets tell them with the run."""
    event = failed("Got 3 results, configured to fail if != 0")
    event["run"]["facets"]["test"] = {
        "tests": [{"name": "no_orphans", "status": "fail", "type": "custom_sql"}, None]
    }

    assert error_of(event) == {
        "type": "AssertionFailed",
        "message": "custom_sql no_orphans failed: Got 3 results, configured to fail if != 0",
    }


@pytest.mark.parametrize("kind", ["COMPLETE", "START", "RUNNING", "OTHER"])
def test_assertions_of_a_run_that_did_not_fail_are_no_error(kind: str) -> None:
    """A warning in a run that succeeds, or goes on, makes no failure of it."""
    event = with_assertions("inputFacets", "dataQualityAssertions", {"success": False})

    assert error_of(event | {"eventType": kind}) is None
