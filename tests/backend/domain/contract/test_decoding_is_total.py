"""Whatever comes in, there is an event or a refusal that can be shown; never anything else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import Envelope, envelope, job_detail, project_detail

from run_ledger.domain.contract.events import Event, decode
from run_ledger.domain.contract.vocabulary import JobUpdate, ProjectUpdate
from run_ledger.domain.exceptions import InvalidEvent

REASONS = {
    "bad_json",
    "too_large",
    "unknown_detail_type",
    "unknown_schema_version",
    "invalid_field",
}
FIELDS = sorted({*JobUpdate.__struct_fields__, *ProjectUpdate.__struct_fields__, "more"})

wild_texts = st.text(st.characters(), max_size=8) | st.sampled_from(
    ("", "$", "`", "delta", "`$.delta`", "a.b", "[...]", "\n", "x" * 2000, "2026-11-22T14:15:00Z")
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from((2**53, 2**63, 2**64, -(2**63) - 1, 10**400))
    | st.floats()
    | wild_texts
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(wild_texts, inner, max_size=3),
    max_leaves=6,
)


def outcome(content: bytes | str) -> Event | InvalidEvent:
    """Return what *content* decodes to, having looked at what a refusal says."""
    try:
        return decode(content)
    except InvalidEvent as error:
        refusal = error
    assert refusal.reason in REASONS
    assert refusal.field
    assert refusal.allowed
    assert len(refusal.field) <= 140
    assert len(refusal.got or "") <= 120
    assert len(str(refusal)) <= 400
    assert str(refusal).isprintable()
    str(refusal).encode()
    return refusal


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    """Bytes."""
    outcome(content)


@given(st.text(st.characters(), max_size=200))
def test_any_text(content: str) -> None:
    """Text, with lone surrogates."""
    outcome(content)


@given(values)
def test_any_json(content: Any) -> None:
    """JSON, or what Python takes for it: NaN and Infinity too."""
    outcome(json.dumps(content))


@given(
    st.dictionaries(
        st.sampled_from(("id", "detail-type", "source", "time", "detail", "version")), values
    ),
    st.sampled_from(("job_update", "project_update")),
)
def test_any_envelope(wrong: dict[str, Any], kind: str) -> None:
    """Envelopes with anything in them."""
    outcome(json.dumps({**envelope({}, detail_type=kind), **wrong}))


@given(
    st.dictionaries(st.sampled_from(FIELDS), values, min_size=1, max_size=3),
    st.sampled_from((("job_update", job_detail()), ("project_update", project_detail()))),
)
def test_any_detail(wrong: dict[str, Any], right: tuple[str, dict[str, Any]]) -> None:
    """Details with anything in them."""
    kind, detail = right
    outcome(json.dumps(envelope({**detail, **wrong}, detail_type=kind)))


@given(
    st.sampled_from(("delta", "tags", "error")),
    st.dictionaries(wild_texts | st.sampled_from(("type", "message")), values, max_size=4),
)
def test_any_members(field: str, members: dict[str, Any]) -> None:
    """Objects with any members; a refusal begins with the object's name."""
    result = outcome(json.dumps(envelope(job_detail(**{field: members}))))
    if isinstance(result, InvalidEvent) and result.reason == "invalid_field":
        assert result.field.startswith(f"detail.{field}")


@given(
    strategies.job_histories(max_size=1) | strategies.project_histories(max_size=1),
    st.data(),
)
def test_any_damage(history: list[Envelope], data: st.DataObject) -> None:
    """Events with some bytes cut out or put in."""
    content = json.dumps(history[0], ensure_ascii=False).encode()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(start + 3, len(content))))
    outcome(content[:start] + data.draw(st.binary(max_size=3)) + content[end:])


@given(strategies.job_histories() | strategies.project_histories())
def test_histories_of_these_tests_are_valid(history: list[Envelope]) -> None:
    """What the strategies call events are events."""
    assert all(isinstance(outcome(json.dumps(one)), Event) for one in history)
