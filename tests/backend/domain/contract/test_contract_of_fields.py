"""Every field of both events: what is taken, what is refused, and what the refusal says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.backend.domain.contract.field_tables import (
    BUILDERS,
    JOB_FIELDS,
    NO_STRINGS,
    PROJECT_FIELDS,
)
from tests.support.events.builders import (
    CLIENT_ID,
    JOB_ID,
    PROJECT_ID,
    Envelope,
    decoded,
    job_update,
    project_update,
    without,
)

from run_ledger.domain.exceptions import InvalidEvent, shown


def refused(envelope: Envelope) -> InvalidEvent:
    """Return the error that decoding *envelope* ends with."""
    with pytest.raises(InvalidEvent) as caught:
        decoded(envelope)
    return caught.value


def _cases(fields: dict[str, Any], which: int) -> list[Any]:
    return [
        pytest.param(name, value, id=f"{name}={shown(value)[:40]}")
        for name, row in fields.items()
        for value in row[which]
    ]


@pytest.mark.parametrize(("field", "value"), _cases(JOB_FIELDS, 0))
def test_job_takes(field: str, value: Any) -> None:
    """A job_update with a value at the edge of what is allowed is taken."""
    assert decoded(job_update(**{field: value})).kind == "job"


@pytest.mark.parametrize(("field", "value"), _cases(PROJECT_FIELDS, 0))
def test_project_takes(field: str, value: Any) -> None:
    """A project_update with a value at the edge of what is allowed is taken."""
    assert decoded(project_update(**{field: value})).kind == "project"


@pytest.mark.parametrize(("field", "value"), _cases(JOB_FIELDS, 1))
def test_job_refuses(field: str, value: Any) -> None:
    """A job_update with a value beyond it is refused, by field, value and what is allowed."""
    error = refused(job_update(**{field: value}))
    assert (error.reason, error.field) == ("invalid_field", f"detail.{field}")
    assert _same_value(error, value)
    assert JOB_FIELDS[field][2] in error.allowed


@pytest.mark.parametrize(("field", "value"), _cases(PROJECT_FIELDS, 1))
def test_project_refuses(field: str, value: Any) -> None:
    """A project_update with a value beyond it is refused, by field, value and what is allowed."""
    error = refused(project_update(**{field: value}))
    assert (error.reason, error.field) == ("invalid_field", f"detail.{field}")
    assert _same_value(error, value)
    assert PROJECT_FIELDS[field][2] in error.allowed


def _same_value(error: InvalidEvent, value: Any) -> bool:
    """Return whether *error* shows *value*: times outside the years as read, all else as sent."""
    return error.got == shown(value) or (
        isinstance(value, str) and error.got == shown(value.replace("Z", "+00:00"))
    )


@pytest.mark.parametrize(("build", "detail", "field", "got"), BUILDERS)
def test_member_of_an_object_is_named(
    build: Any, detail: dict[str, Any], field: str, got: str | None
) -> None:
    """A bad member of error, delta or tags is named, and what stood there is shown."""
    error = refused(build(**detail))
    assert (error.reason, error.field, error.got) == ("invalid_field", f"detail.{field}", got)


@pytest.mark.parametrize("field", ["job_id", "project_id", "client_id"])
def test_job_misses(field: str) -> None:
    """Without one of its three identities a job_update is refused; the refusal names it."""
    whole = job_update()
    error = refused({**whole, "detail": without(whole["detail"], field)})
    assert (error.reason, error.field, error.got) == ("invalid_field", f"detail.{field}", None)
    assert "it is missing" in str(error)


@pytest.mark.parametrize("field", ["project_id", "client_id"])
def test_project_misses(field: str) -> None:
    """Without one of its two identities a project_update is refused; the refusal names it."""
    whole = project_update()
    error = refused({**whole, "detail": without(whole["detail"], field)})
    assert (error.reason, error.field, error.got) == ("invalid_field", f"detail.{field}", None)


@pytest.mark.parametrize("result", ["succeeded", "partial", "failed", "cancelled", "timed_out"])
def test_completed_has_a_result(result: str) -> None:
    """Every result is taken with completed."""
    event = decoded(job_update(status="completed", result=result))
    assert event.update.status == "completed"


@pytest.mark.parametrize("bad", [*NO_STRINGS[1:], "", "done", "Failed", "failed\n"])
def test_no_such_result(bad: Any) -> None:
    """Anything else is refused, naming result and what is allowed."""
    error = refused(job_update(status="completed", result=bad))
    assert (error.reason, error.field, error.got) == (
        "invalid_field",
        "detail.result",
        shown(bad),
    )
    assert "succeeded, partial, failed, cancelled, timed_out" in error.allowed


def test_completed_without_result() -> None:
    """The refusal says that result is missing."""
    error = refused(job_update(status="completed"))
    assert (error.field, error.got) == ("detail.result", None)
    assert "with status completed" in error.allowed


@pytest.mark.parametrize("status", [{}, {"status": "queued"}, {"status": "running"}])
def test_result_without_completed(status: dict[str, str]) -> None:
    """A result with another status, or none, is refused."""
    error = refused(job_update(result="failed", **status))
    assert (error.reason, error.field, error.got) == ("invalid_field", "detail.result", "'failed'")


@pytest.mark.parametrize("build", [job_update, project_update])
@pytest.mark.parametrize("version", [0, 2, -1, 2**70])
def test_unknown_schema_version(build: Any, version: int) -> None:
    """Another version is refused as such."""
    error = refused(build(schema_version=version))
    assert (error.reason, error.field, error.got) == (
        "unknown_schema_version",
        "detail.schema_version",
        str(version),
    )


def test_unknown_version_goes_before_its_fields() -> None:
    """What a later version has made of a field is not held against the event."""
    error = refused(job_update(schema_version=2, delta=[["records_ok", 1]]))
    assert error.reason == "unknown_schema_version"


def test_unknown_fields_are_kept() -> None:
    """A field that the contract does not know is ignored, and is kept in the detail."""
    event = decoded(job_update(colour="blue", more={"deep": [1, None]}))
    assert b'"colour": "blue"' in event.detail
    assert b'"more": {"deep": [1, null]}' in event.detail
    assert not hasattr(event.update, "colour")


def test_least_job_update() -> None:
    """Absent fields take what the contract gives them, and the envelope's id and time."""
    event = decoded(job_update(envelope_id="bus-1", time="2026-11-22T00:00:00Z"))
    assert (event.kind, event.entity_id, event.event_id) == ("job", JOB_ID, "bus-1")
    assert event.occurred_at == 1_795_305_600_000_000
    assert event.order == (1, 1_795_305_600_000_000, "bus-1")
    assert (event.update.client_id, event.update.project_id) == (CLIENT_ID, PROJECT_ID)
    assert event.update.pipeline == "default"


def test_detail_speaks_before_the_envelope() -> None:
    """The producer's event_id and occurred_at are taken, whatever the bus says."""
    event = decoded(
        job_update(envelope_id="bus-1", event_id="mine", occurred_at="2026-11-22T01:00:00.5+01:00")
    )
    assert (event.event_id, event.envelope_id) == ("mine", "bus-1")
    assert event.occurred_at == 1_795_305_600_500_000


def test_decimals_beyond_microseconds_are_rounded() -> None:
    """A producer with nanoseconds loses no event by them."""
    event = decoded(job_update(occurred_at="1970-01-01T00:00:00.0000015001Z"))
    assert event.occurred_at == 2
