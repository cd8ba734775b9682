"""A null says nothing, as if its field were left out; and a refused event names its job."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import (
    Envelope,
    decoded,
    job_detail,
    job_update,
    project_update,
    text,
    without,
)

from run_ledger.domain.contract.events import decode
from run_ledger.domain.contract.vocabulary import JobUpdate, ProjectUpdate
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.state.job import fold

REQUIRED = {"job_id", "project_id", "client_id"}
JOB_OPTIONAL = sorted({*JobUpdate.__struct_fields__} - REQUIRED)
PROJECT_OPTIONAL = sorted({*ProjectUpdate.__struct_fields__} - REQUIRED)
ENDED = {"status": "completed", "result": "failed", "occurred_at": "2026-11-20T10:00:00Z"}


def refusal(content: str) -> InvalidEvent:
    """Return the error that decoding *content* ends with."""
    with pytest.raises(InvalidEvent) as caught:
        decode(content)
    return caught.value


def nothing_said(envelope: Envelope, fields: list[str]) -> Envelope:
    """Return *envelope* with null in *fields* that its detail does not have."""
    nulls = {field: None for field in fields if field not in envelope["detail"]}
    return {**envelope, "detail": {**envelope["detail"], **nulls}}


@given(strategies.job_histories(max_size=2), st.sets(st.sampled_from(JOB_OPTIONAL)))
def test_null_and_absent_are_one_event(history: list[Envelope], fields: set[str]) -> None:
    """The same update and the same digest, so that the other form of an event is a repeat."""
    for envelope in history:
        plain, with_nulls = decoded(envelope), decoded(nothing_said(envelope, sorted(fields)))
        assert (with_nulls.update, with_nulls.digest) == (plain.update, plain.digest)
        assert (with_nulls.occurred_at, with_nulls.event_id) == (plain.occurred_at, plain.event_id)


@given(strategies.project_histories(max_size=2), st.sets(st.sampled_from(PROJECT_OPTIONAL)))
def test_of_a_project_too(history: list[Envelope], fields: set[str]) -> None:
    """The same holds for a project's events."""
    for envelope in history:
        plain, with_nulls = decoded(envelope), decoded(nothing_said(envelope, sorted(fields)))
        assert (with_nulls.update, with_nulls.digest) == (plain.update, plain.digest)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ({"tags": {"a": "b", "c": None, "": None}}, {"tags": {"a": "b"}}),
        ({"tags": {"c": None}}, {"tags": {}}),
        ({"delta": {"records_ok": 1, "Bad Name": None}}, {"delta": {"records_ok": 1}}),
        ({"tags": {**{f"t{n}": "x" for n in range(64)}, "u": None}},
         {"tags": {f"t{n}": "x" for n in range(64)}}),
        ({"error": {"type": "E", "message": "m", "fingerprint": None}, **ENDED},
         {"error": {"type": "E", "message": "m"}, **ENDED}),
        ({"error": None, **ENDED}, ENDED),
        ({"result": None, "status": None}, {}),
        ({"event_id": None, "schema_version": None, "occurred_at": None}, {}),
    ],
)  # fmt: skip
def test_a_null_among_members_is_left_out(sent: dict[str, Any], meant: dict[str, Any]) -> None:
    """Of tags, counters and an error, with the same digest as without it."""
    one, other = decoded(job_update(**sent)), decoded(job_update(**meant))

    assert (one.update, one.digest) == (other.update, other.digest)


def test_a_null_changes_no_state() -> None:
    """A job keeps its tags when a later event says null."""
    events = [
        decoded(job_update(event_id="1", tags={"a": "b"}, name="n")),
        decoded(job_update(event_id="2", tags=None, name=None, error=None)),
    ]
    job = fold(None, events)

    assert (job.latest("tags"), job.latest("name")) == ({"a": "b"}, "n")


@pytest.mark.parametrize(
    ("detail", "field"),
    [
        ({"client_id": None}, "detail.client_id"),
        ({"project_id": None}, "detail.project_id"),
        ({"error": {"type": "E", "message": None}, **ENDED}, "detail.error.message"),
        ({"error": {"type": None, "message": None}, **ENDED}, "detail.error.type"),
        ({"status": "completed", "result": None}, "detail.result"),
        ({"tags": [None]}, "detail.tags"),
    ],
)
def test_a_null_where_a_value_is_needed_is_refused(detail: dict[str, Any], field: str) -> None:
    """And the refusal names the field and the job."""
    error = refusal(text(job_update(**{"job_id": "case-1", **detail})))

    assert (error.field, error.about) == (field, "job case-1")
    assert str(error).endswith("; in an event of job case-1")


def test_what_is_kept_is_what_was_sent() -> None:
    """An entry holds the event whole, with its nulls."""
    assert json.loads(decoded(job_update(name=None)).detail)["name"] is None


def test_an_unknown_field_stays_as_it_is() -> None:
    """What the contract does not know, it does not change: null there is a value."""
    assert decoded(job_update(own=None)).digest != decoded(job_update()).digest


IDENTITY = '"job_id": "case-2", "project_id": "p", "client_id": "c"'


@pytest.mark.parametrize(
    "detail",
    [
        "{" + IDENTITY + ', "own": NaN}',
        "{" + IDENTITY + ', "own": 1e999}',
        "{" + IDENTITY + ', "name": "a\nb"}',
        "{" + IDENTITY + ', "log_url": "http://x"}',
        "{" + IDENTITY + ', "own": "' + "x" * 70_000 + '"}',
        "{" + IDENTITY + ', "schema_version": 2}',
        "{" + IDENTITY + ', "own": ' + "9" * 5000 + "}",
        "{" + IDENTITY + ', "own": ' + "[" * 40 + "]" * 40 + "}",
        json.dumps("{" + IDENTITY + "}"),
    ],
    ids=ascii,
)
def test_a_refused_event_names_its_job(detail: str) -> None:
    """Whatever is wrong with it, and although the strict decoder can't read it."""
    whole = '{"id": "e", "detail-type": "job_update", "source": "s", "detail": ' + detail + "}"

    assert refusal(whole).about == "job case-2"


@pytest.mark.parametrize(
    ("job_id", "about"),
    [
        (42, "job 42"),
        ("no such id", "job 'no such id'"),
        ("two\nlines", "job 'two\\nlines'"),
        (None, "project p"),
        ([], "job []"),
    ],
)
def test_an_id_that_is_none_is_shown_on_one_line(job_id: Any, about: str) -> None:
    """So people find the producer that sent it."""
    assert refusal(text(job_update(job_id=job_id, project_id="p"))).about == about


def test_what_names_nothing_is_about_nothing() -> None:
    """Text that is no JSON, and an event without ids."""
    assert refusal("{").about is None
    assert refusal(text({**job_update(), "detail": {}})).about is None
    assert refusal(text({**job_update(), "detail": [1]})).about is None
    bad_project = project_update(project_id="p", status="sleeping")
    assert refusal(text(bad_project)).about == "project p"
    assert refusal(text({**job_update(), "detail": without(job_detail(), "client_id")})).about
