"""Events of many producers, mixed: few entities, few ids, some strangers, some garbage.

Identities and event ids collide now and then, which the ledger has to handle.
"""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st
from tests.support.events import builders, strategies
from tests.support.events.builders import Envelope

_JOBS = ("job-1", "job-1", "job-2")


@st.composite
def job_updates(draw: st.DrawFn) -> Envelope:
    """Give a job_update of one of few jobs, now and then with another client or pipeline."""
    job_id = draw(st.sampled_from(_JOBS))
    identity = {"client_id": "client-1", "project_id": f"project-{job_id[-1]}"}
    if draw(st.integers(0, 19)) == 19:
        identity |= draw(
            st.sampled_from(
                ({"client_id": "client-2"}, {"project_id": "other"}, {"pipeline": "p.1"})
            )
        )
    detail = {
        "job_id": job_id,
        **identity,
        "event_id": draw(_event_ids),
        **draw(strategies.job_details()),
    }
    if draw(st.booleans()):
        return builders.envelope(detail, time=draw(strategies.times()), envelope_id="e")
    return builders.envelope(detail | {"occurred_at": draw(strategies.times())}, envelope_id="e")


@st.composite
def project_updates(draw: st.DrawFn) -> Envelope:
    """Give a project_update of one project, now and then with another client."""
    detail = {
        "project_id": "project-1",
        "client_id": draw(st.sampled_from(("client-1",) * 19 + ("client-2",))),
        "event_id": draw(_event_ids),
        **draw(strategies.project_details()),
    }
    time = draw(strategies.times())
    return builders.envelope(detail, detail_type="project_update", time=time, envelope_id="e")


# Few enough that one is used twice now and then, for the same entity.
_event_ids = st.sampled_from([f"{letter}{digit}" for letter in "aZé" for digit in range(20)])
_garbage = st.sampled_from(
    (
        builders.envelope({}, detail_type="other", envelope_id="e"),
        builders.job_update(envelope_id="e", delta={"records_ok": 0.5}),
    )
)
_kinds = st.sampled_from((job_updates(),) * 15 + (project_updates(),) * 4 + (_garbage,))
# As the handler writes down an event that comes directly: so the same text is rejected either way.
raws = _kinds.flatmap(lambda kind: kind).map(lambda one: msgspec.json.encode(one).decode())
