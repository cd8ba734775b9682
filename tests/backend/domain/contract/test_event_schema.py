"""The published JSON Schema is what the code says, and tells events apart as the decoder does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.backend.domain.contract.field_tables import BUILDERS, JOB_FIELDS, PROJECT_FIELDS
from tests.support.events import strategies
from tests.support.events.builders import Envelope, decoded, job_update, project_update, without

from run_ledger.domain.contract.schema import file_name, file_text, schemas
from run_ledger.domain.contract.vocabulary import IncidentUpdate, JobUpdate, ProjectUpdate
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger_ops.deploying import event_schemas

VALIDATORS = {kind: Draft202012Validator(schema) for kind, schema in schemas().items()}

# Where the two differ, as `DIFFERENCES` in the code says; each is tested to do so.
DECODER_ALONE_REFUSES: tuple[Any, ...] = (
    1.0,
    "2026-02-29T00:00:00Z",
    "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01",
    "9999-12-31T23:59:59.9999999Z",
)
DECODER_ALONE_TAKES = (
    "2026-11-22 14:15:00Z",
    "2026-11-22t14:15:00z",
    "2026-11-22T14:15:00+0100",
)


def decoder_takes(envelope: Envelope) -> bool:
    """Return whether the decoder takes *envelope*."""
    try:
        decoded(envelope)
    except InvalidEvent:
        return False
    return True


def schema_takes(envelope: Envelope) -> bool:
    """Return whether the schema takes the detail of *envelope*."""
    return bool(VALIDATORS[envelope["detail-type"]].is_valid(envelope["detail"]))


def cases(*, alike: bool) -> list[Any]:
    """Return the envelopes of all field tables, those that schema and decoder are alike about."""
    return [
        build(**{field: value})
        for build, fields in ((job_update, JOB_FIELDS), (project_update, PROJECT_FIELDS))
        for field, (good, bad, _) in fields.items()
        for value in (*good, *bad)
        if any(_same(value, known) for known in DECODER_ALONE_REFUSES) != alike
    ]


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other  # 1.0 is not 1 here


@pytest.mark.parametrize("detail_type", sorted(schemas()))
def test_published_file(detail_type: str) -> None:
    """The file is as ``python -m run_ledger_ops.deploying.event_schemas`` writes it."""
    published = event_schemas.FOLDER / file_name(detail_type)
    assert published.read_text(encoding="utf-8") == file_text(schemas()[detail_type])


def test_writing(tmp_path: Path) -> None:
    """The command writes one file an event, and those alone are published."""
    event_schemas.write(tmp_path / "new")
    written = sorted(path.name for path in (tmp_path / "new").iterdir())
    kinds = ("incident_update", "job_update", "project_update")
    assert written == [f"{kind}.v1.schema.json" for kind in kinds]
    assert sorted(path.name for path in event_schemas.FOLDER.iterdir()) == written


@pytest.mark.parametrize("detail_type", sorted(schemas()))
def test_schema_is_one(detail_type: str) -> None:
    """It is a valid schema of its draft, and describes every field."""
    schema = schemas()[detail_type]
    Draft202012Validator.check_schema(schema)
    contracts = {
        "job_update": JobUpdate,
        "project_update": ProjectUpdate,
        "incident_update": IncidentUpdate,
    }
    assert set(schema["properties"]) == set(contracts[detail_type].__struct_fields__)
    assert all(field["description"] for field in schema["properties"].values())


@pytest.mark.parametrize("envelope", cases(alike=True))
def test_fields_are_told_apart_alike(envelope: Envelope) -> None:
    """What each field takes and refuses is the same to both."""
    assert schema_takes(envelope) == decoder_takes(envelope)


@pytest.mark.parametrize(("build", "detail", "field", "got"), BUILDERS)
def test_members_are_told_apart_alike(
    build: Any, detail: dict[str, Any], field: str, got: str | None
) -> None:
    """What error, delta and tags may not hold is the same to both."""
    envelope = build(**detail)
    assert schema_takes(envelope) == (got == "1.0")
    assert not decoder_takes(envelope)


@pytest.mark.parametrize("envelope", cases(alike=False))
def test_what_the_decoder_alone_refuses(envelope: Envelope) -> None:
    """The known differences on one side."""
    assert schema_takes(envelope)
    assert not decoder_takes(envelope)


@pytest.mark.parametrize("written", DECODER_ALONE_TAKES)
def test_what_the_decoder_alone_takes(written: str) -> None:
    """The known differences on the other."""
    assert decoder_takes(job_update(occurred_at=written))
    assert not schema_takes(job_update(occurred_at=written))


@pytest.mark.parametrize("status", [None, "queued", "running", "completed"])
@pytest.mark.parametrize("result", [None, "succeeded", "failed"])
def test_result_goes_with_completed(status: str | None, result: str | None) -> None:
    """Both want a result with completed and refuse it otherwise."""
    said = {"status": status, "result": result}
    envelope = job_update(**{name: value for name, value in said.items() if value})
    assert (
        schema_takes(envelope)
        == decoder_takes(envelope)
        == ((status == "completed") == bool(result))
    )


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("build", [job_update, project_update])
def test_version(build: Any, version: int) -> None:
    """Both know one version."""
    envelope = build(schema_version=version)
    assert schema_takes(envelope) == decoder_takes(envelope) == (version == 1)


@given(strategies.job_histories(max_size=3) | strategies.project_histories(max_size=3))
def test_valid_events_are_valid(history: list[Envelope]) -> None:
    """Whatever history the other tests make is valid by the schema, too."""
    assert all(schema_takes(one) for one in history)


@given(strategies.job_histories(max_size=1), st.data())
def test_missing_fields_are_told_apart_alike(history: list[Envelope], data: st.DataObject) -> None:
    """Without any one of its fields an event is valid to both or to neither."""
    detail = history[0]["detail"]
    name = data.draw(st.sampled_from(sorted(detail)))
    envelope = {**history[0], "detail": without(detail, name)}
    assert schema_takes(envelope) == decoder_takes(envelope)


def test_schema_speaks_json() -> None:
    """Its patterns mean the same in every language: none names digits or words of all scripts."""
    text = json.dumps(schemas())
    assert "\\\\d" not in text
    assert "\\\\w" not in text
