"""OpenTelemetry's SDK, its exporters and public instrumentations against the door for spans.

Each case is a program of its own, in the environment that has these, which knows the door by
variables alone. It asks a stand-in for the models' servers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.support.llm.model_server import model_server
from tests.support.producers.buses import jobs_of
from tests.support.producers.traced_pipelines import (
    OPENAI_V2,
    OPENINFERENCE,
    OPENINFERENCE_ANTHROPIC,
    OPENINFERENCE_LANGCHAIN,
    OPENLLMETRY,
    OPENLLMETRY_ANTHROPIC,
    OPENLLMETRY_LANGCHAIN,
    run_pipeline,
)
from tests.support.readers.door_server import served_door
from tests.support.readers.reporting import ReportingHouse, reporting_house

pytestmark = pytest.mark.machine_clock

OWNER = "run_ledger.project_id=catalogue,run_ledger.job_id={trace_id}"
VARIABLES = {"OTEL_SERVICE_NAME": "enrich", "OTEL_RESOURCE_ATTRIBUTES": OWNER}
CHAT = {"llm_calls": 1, "input_tokens": 40, "output_tokens": 4, "cache_read_input_tokens": 32}
PLAIN_CHAT = {name: CHAT[name] for name in ("llm_calls", "input_tokens", "output_tokens")}
EMBEDDING = {"llm_calls": 1, "input_tokens": 6}
MESSAGE = {**CHAT, "input_tokens": 45, "output_tokens": 2, "cache_read_input_tokens": 30}


@pytest.fixture
def here() -> Iterator[ReportingHouse]:
    """Give a house."""
    with reporting_house() as house:
        yield house


@pytest.fixture
def door(here: ReportingHouse) -> Iterator[str]:
    """Give the address of its intake."""
    with served_door(here) as address:
        yield address


@pytest.fixture
def server() -> Iterator[str]:
    """Give the address of a server of models."""
    with model_server() as address:
        yield address


def added(*counters: Mapping[str, int]) -> dict[str, int]:
    """Return the sum of counters."""
    names = {name for one in counters for name in one}
    return {name: sum(one.get(name, 0) for one in counters) for name in names}


def only_job(here: ReportingHouse) -> tuple[str | None, dict[str, int]]:
    """Return what became of the one job that was reported, and its counters without its cost."""
    (job,) = jobs_of(here.bus.entries).values()
    counters = {
        name: value
        for name, value in job.counters.items()
        if name not in {"cost_microusd", "llm_calls_unpriced"}
    }
    return job.outcome, counters


CASES: list[tuple[list[str], list[str], dict[str, Any], dict[str, int]]] = [
    ([OPENAI_V2], ["chat", "embed"], {}, added(PLAIN_CHAT, EMBEDDING)),
    ([OPENAI_V2], ["chat", "embed"], {"exporter": "json"}, added(PLAIN_CHAT, EMBEDDING)),
    ([OPENLLMETRY], ["chat", "embed", "chat"], {}, added(CHAT, EMBEDDING, CHAT)),
    ([OPENLLMETRY], ["chat", "embed"], {"exporter": "json"}, added(CHAT, EMBEDDING)),
    ([OPENINFERENCE], ["chat", "embed"], {}, added(CHAT, EMBEDDING)),
    ([OPENLLMETRY_ANTHROPIC], ["message"], {}, MESSAGE),
    (
        [OPENINFERENCE_ANTHROPIC],
        ["message", "message"],
        {"exporter": "json"},
        added(MESSAGE, MESSAGE),
    ),
    ([OPENLLMETRY, OPENLLMETRY_ANTHROPIC], ["chat", "message"], {}, added(CHAT, MESSAGE)),
    # Two instrumentations of one call: in one request, then in one each.
    ([OPENINFERENCE_LANGCHAIN, OPENINFERENCE], ["langchain"], {}, CHAT),
    ([OPENINFERENCE_LANGCHAIN, OPENAI_V2], ["langchain"], {}, PLAIN_CHAT),
    ([OPENLLMETRY_LANGCHAIN], ["langchain"], {}, CHAT),
    ([OPENLLMETRY_LANGCHAIN, OPENLLMETRY], ["langchain"], {}, CHAT),
    ([OPENLLMETRY_LANGCHAIN, OPENLLMETRY], ["langchain"], {"at_once": True}, CHAT),
]


@pytest.mark.parametrize(("names", "calls", "setup", "wanted"), CASES)
def test_a_pipeline_s_calls_count_once(  # noqa: PLR0913, PLR0917 - what a case consists of
    here: ReportingHouse,
    door: str,
    server: str,
    names: list[str],
    calls: list[str],
    setup: dict[str, Any],
    wanted: dict[str, int],
) -> None:
    """For the job that its trace is, which ends with its root span; no agent's tokens count."""
    said = run_pipeline(
        door, here.key("acme"), names, VARIABLES, calls=calls, server=server, **setup
    )
    assert said == ""
    assert only_job(here) == ("succeeded", wanted)
    assert {entry["Source"] for entry in here.bus.entries} == {"run-ledger/client/acme"}


@pytest.mark.parametrize("at_once", [False, True])
def test_baggage_names_the_job_on_every_span(
    here: ReportingHouse, door: str, server: str, *, at_once: bool
) -> None:
    """So calls that come before their root, in requests of their own, have its job."""
    said = {"run_ledger.job_id": "nightly-7", "run_ledger.project_id": "catalogue"}
    setup: dict[str, Any] = {"calls": ["chat", "embed"], "server": server, "baggage": said}
    assert run_pipeline(door, here.key("acme"), [OPENAI_V2], {}, at_once=at_once, **setup) == ""
    assert only_job(here) == ("succeeded", added(PLAIN_CHAT, EMBEDDING))
    assert {json.loads(one["Detail"])["job_id"] for one in here.bus.entries} == {"nightly-7"}


@pytest.mark.parametrize(
    ("framework", "calls"), [(OPENLLMETRY_LANGCHAIN, 1), (OPENINFERENCE_LANGCHAIN, 2)]
)
def test_two_spans_of_one_call_in_two_requests(
    here: ReportingHouse, door: str, server: str, framework: str, calls: int
) -> None:
    """They have one event id where both tell the answer's id; where one does not, nobody knows."""
    names = [framework, OPENAI_V2]
    setup: dict[str, Any] = {"calls": ["langchain"], "server": server, "at_once": True}
    run_pipeline(door, here.key("acme"), names, VARIABLES, **setup)
    told = [json.loads(entry["Detail"]) for entry in here.bus.entries]
    counted = [one for one in told if "delta_by_model" in one]
    assert len(counted) == 2
    assert len({one["event_id"] for one in counted}) == calls
    assert len({one["occurred_at"] for one in counted}) == calls


def test_an_exporter_sends_again_and_logs_what_was_rejected(
    here: ReportingHouse, door: str, server: str
) -> None:
    """What the bus did not take comes again, as it was; another client's spans never pass."""
    here.bus.codes = ["ThrottlingException"]
    setup: dict[str, Any] = {"calls": ["chat", "chat"], "server": server}
    key = here.key("acme")
    assert "retrying in 2.00s" in run_pipeline(door, key, [OPENAI_V2], VARIABLES, **setup)
    assert only_job(here) == ("succeeded", added(PLAIN_CHAT, PLAIN_CHAT))
    taken = len(here.bus.entries)
    for more in ({"OTEL_RESOURCE_ATTRIBUTES": f"{OWNER},run_ledger.client_id=globex"}, {}):
        key = key if more else "rlk_0123456789abcdef_" + "A" * 43
        said = run_pipeline(door, key, [OPENAI_V2], {**VARIABLES, **more}, **setup)
        assert bool(said) == (not more)  # this exporter does not look into answers of 200
    assert len(here.bus.entries) == taken
