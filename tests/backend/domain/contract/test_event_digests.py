"""A digest tells a repeat from another event under the same id."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import Envelope, decoded, job_update

from run_ledger.domain.contract.events import decode

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def shuffled(content: Any, data: st.DataObject) -> Any:
    """Return *content* with the members of all its objects in another order."""
    if isinstance(content, dict):
        names = data.draw(st.permutations(sorted(content)))
        return {name: shuffled(content[name], data) for name in names}
    if isinstance(content, list):
        return [shuffled(one, data) for one in content]
    return content


@given(strategies.job_histories(max_size=1), values, st.data())
def test_writing_changes_nothing(history: list[Envelope], more: Any, data: st.DataObject) -> None:
    """Other white space, order of members and escapes, another envelope: the same digest."""
    detail = {**history[0]["detail"], "more": more}
    one = decoded({**history[0], "detail": detail})
    rewritten = json.dumps(
        {**history[0], "source": "another", "detail": shuffled(detail, data)},
        indent=data.draw(st.sampled_from((None, 0, 1))),
        ensure_ascii=data.draw(st.booleans()),
    )
    assert decode(rewritten).digest == one.digest


@given(values, values)
def test_any_change_shows(one: Any, other: Any) -> None:
    """Another value anywhere makes another digest, in fields that nobody knows, too."""
    assume(json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True))
    assert decoded(job_update(more=one)).digest != decoded(job_update(more=other)).digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"attempt": 1}, {}),
        ({"pipeline": "default"}, {}),
        ({"more": 1}, {"more": 1.5}),
        ({"more": 1}, {"more": True}),
        ({"more": None}, {}),
        ({"more": 1}, {"more": "1"}),
        ({"more": [1, 2]}, {"more": [2, 1]}),
        ({"more": 2**63}, {"more": 2**63 + 1}),
        ({"more": "é"}, {"more": "e\u0301"}),
        ({"occurred_at": "2026-11-22T00:00:00Z"}, {"occurred_at": "2026-11-22T01:00:00+01:00"}),
    ],
)
def test_what_is_not_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Content counts as sent: a default that is said is not one that is left out."""
    assert decoded(job_update(**one)).digest != decoded(job_update(**other)).digest


def test_digest_is_for_ever() -> None:
    """Entries hold digests, so that of an event never changes."""
    event = decoded(job_update(event_id="e1", delta={"records_ok": 1}, more=[1.5, "é", None]))
    assert event.digest.hex() == "5d0cc813a038be7102f469adb0203f16"
