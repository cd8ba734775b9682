"""Through ``/mcp``, the scripted questions are answered as by ``run-ledger mcp``: as a recount."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from tests.support.readers import asked
from tests.support.readers.assistant_posts import call, message, post, stateless
from tests.support.readers.reading import House, house
from tests.support.readers.scripted_questions import ASKED

from run_ledger.questions.shaping import MOST_BYTES, NOTE
from run_ledger.questions.tool_results import SERVER_INFO, tool_result
from run_ledger.questions.tools import INSTRUCTIONS, TOOLS

CASES = [pytest.param(*one[1:], id=one[0]) for one in ASKED]


@pytest.fixture(scope="module")
def here() -> Iterator[House]:
    """Give the filled house, which no test changes."""
    with house() as made:
        asked.fill(made)
        yield made


@pytest.mark.parametrize(("tool", "given", "found", "right"), CASES)
def test_scripted_questions_are_answered(
    here: House, tool: str, given: dict[str, Any], found: Callable[[Any], Any], right: Any
) -> None:
    """With the same bytes as by standard input and output, in each era of the protocol."""
    assert asked.AT.tzinfo == UTC
    same = tool_result(asked.asking(here), tool, given)
    body, headers = stateless("tools/call", name=tool, arguments=given)
    for reply in (post(here, call(tool, given)), post(here, body, headers=headers)):
        assert reply.status == 200
        result = reply.json["result"]
        assert found(result["structuredContent"]) == right
        assert {name: result[name] for name in same} == same
        assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        assert result["structuredContent"]["note"] == NOTE
        assert len(result["content"][0]["text"].encode()) <= MOST_BYTES


@pytest.mark.parametrize(
    ("tool", "given", "words"),
    [
        ("explain_job", {"job_id": "no-such-job"}, "There is no such job"),
        ("find_jobs", {"limit": 0}, "limit"),
        ("find_jobs", {"cursor": "AAAA"}, "cursor"),
        ("delete_everything", {}, "There is no tool"),
        ("find_jobs", {"x" * 90_000: 1}, "allowed arguments"),
        ("x" * 90_000, {}, "There is no tool"),
        ("find_jobs", {"created_from": "x" * 90_000}, "created_from"),
        ("find_jobs", {"tag": "x" * 90_000}, "tag"),
        ("cost_by", {"since": "\u0001" * 64}, "since is no time"),
    ],
)
def test_refusals_are_results(here: House, tool: str, given: dict[str, Any], words: str) -> None:
    """An assistant reads them and asks again; they repeat little of what was sent."""
    result = post(here, call(tool, given)).json["result"]
    assert result["isError"] is True
    assert "structuredContent" not in result
    text = result["content"][0]["text"]
    assert words in text
    assert len(text) <= 400


def test_the_tools_are_those_of_the_command(here: House) -> None:
    """Each with its schema, and read-only; they may be kept for a while, in the version for it."""
    tools = post(here, message("tools/list")).json["result"]["tools"]
    assert [one["name"] for one in tools] == list(TOOLS)
    assert all(one["annotations"]["readOnlyHint"] is True for one in tools)
    assert all(one["inputSchema"]["additionalProperties"] is False for one in tools)
    body, headers = stateless("tools/list")
    result = post(here, body, headers=headers).json["result"]
    assert result["tools"] == tools
    assert (result["resultType"], result["cacheScope"]) == ("complete", "public")
    assert result["ttlMs"] > 0


def test_it_says_what_it_is(here: House) -> None:
    """The product's version, and how to ask."""
    document = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert document["project"]["version"] == SERVER_INFO["version"]
    hello = post(here, message("initialize", protocolVersion="2025-06-18")).json["result"]
    assert hello["serverInfo"] == SERVER_INFO
    assert hello["instructions"] == INSTRUCTIONS
    assert hello["capabilities"] == {"tools": {}}


def test_links_lead_to_the_stage_s_site(here: House) -> None:
    """Where the stage knows of none, there are none."""
    asking = call("explain_job", {"job_id": "job-1"})
    found = post(here, asking).json["result"]["structuredContent"]
    assert found["link"] == "https://ledger.example/#/jobs/job-1"
    for site in ("none", "", None):
        variables = {"people_clients": "site-app", "site": site}
        event = {"stageVariables": variables}
        bare = post(here, asking, **event).json["result"]["structuredContent"]
        assert bare["link"] is None
