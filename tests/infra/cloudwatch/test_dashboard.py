"""The dashboard asks for what is there: fields that are logged, metrics that exist, places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote

import pytest
from tests.support.dynamo.faults import refused_with
from tests.support.dynamo.tables import NAMES
from tests.support.events import builders
from tests.support.events.builders import job_update
from tests.support.readers import log_lines
from tests.support.readers.log_lines import Line
from tests.support.readers.reading import NOW, SETTINGS, House, Serial, api_event, house
from tests.support.recounts.falsehoods import in_item
from tests.support.stacks.insights import Answer, NotUnderstood, ask
from tests.support.stacks.known_metrics import dimensions_of
from tests.support.stacks.templates import FULL, TEMPLATE, properties, resources, source

from run_ledger import api, logs, prover, sweeper, writer
from run_ledger.read.reader import Reader
from run_ledger.store.posting.ledger import Keeping, Ledger, Timing
from run_ledger_ops.cloudwatch import body, links
from run_ledger_ops.cloudwatch.queries import CLIENT, EVERY, QUERIES, RESULT, STATUS, Query

BODY = body.body()
WIDGETS = BODY["widgets"]
BY_NAME = pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
MINUTE = 60 * 1_000_000


class Context:
    """What Lambda tells a function of an invocation."""

    aws_request_id = "invocation-1"

    def get_remaining_time_in_millis(self) -> int:
        """Give half a minute."""
        return 30_000


class LongContext(Context):
    """What it tells the prover."""

    def get_remaining_time_in_millis(self) -> int:
        """Give ten minutes."""
        return 600_000


@pytest.fixture(scope="module")
def lines() -> dict[str, list[Line]]:
    """Give what the real handlers log of a day with some of everything, by function."""
    found = {}
    with house() as made:
        for function, run in (
            ("writer", write),
            ("reader", read),
            ("sweeper", sweep),
            ("prover", proof),
        ):
            with log_lines.captured() as written:
                logs.configure("INFO", stage="prod", function=function)
                run(made)
            found[function] = log_lines.read(written.getvalue())
    return found


def write(here: House) -> None:
    """Let the writer post jobs of two clients: ended in every way, repeated, rejected, failed."""
    failure = {"type": "RateLimitError", "message": "try later"}
    batch = [
        *(
            job_update(event_id=f"e-{r}", job_id=f"job-{r}", status="completed", result=r, **more)
            for r in ("succeeded", "partial", "failed", "cancelled", "timed_out")
            for more in [{"error": failure} if r in ("failed", "timed_out") else {}]
        ),
        job_update(event_id="r", job_id="other", client_id="client-2", status="running"),
        job_update(event_id="r", job_id="other", client_id="client-2", status="running"),
        job_update(event_id="old", job_id="old", status="running"),
        job_update(job_id="not an id"),
    ]
    timing = Timing(now=lambda: NOW - 60 * MINUTE)
    for client, envelopes in (
        (here.client, batch),
        (here.client, batch),
        (Refusing(), [job_update(event_id="f")]),
    ):
        ledger = Ledger(
            client,  # type: ignore[arg-type]
            SETTINGS.tables,
            Keeping(90, 8),
            timing=timing,
        )
        records = [
            {"messageId": str(number), "body": builders.text(one)}
            for number, one in enumerate(envelopes)
        ]
        with patch.object(writer, "_ledger", lambda ledger=ledger: ledger):
            writer.handler({"Records": records}, Context())


class Refusing:
    """A DynamoDB that nobody may use."""

    def __getattr__(self, name: str) -> Any:
        """Refuse every call."""
        return lambda **_: refused_with("AccessDeniedException")(_Call(name))  # type: ignore[arg-type]


class _Call:
    def __init__(self, operation: str) -> None:
        self.operation = operation


def read(here: House) -> None:
    """Let the reader answer a request, and refuse one."""
    reader = Reader(client=here.client, settings=SETTINGS, executor=Serial(), now=lambda: NOW)
    with patch.object(api, "_reader", lambda: reader):
        api.handler(api_event("/jobs"), Context())
        api.handler(api_event("/jobs", parameters={"limit": ["many"]}), Context())


def sweep(here: House) -> None:
    """Let the sweeper count."""
    with (
        patch.object(sweeper, "_tools", lambda: (SETTINGS, Serial())),
        patch.object(sweeper, "dynamodb", lambda: here.client),
        patch("time.time_ns", lambda: NOW * 1_000),
    ):
        sweeper.handler({}, Context())


def proof(here: House) -> None:
    """Let the prover recount what has settled, of which one job is falsified."""
    in_item(NAMES.jobs, "job-failed", n=9)(here.client)
    with (
        patch.object(prover, "_tools", lambda: (SETTINGS, Serial())),
        patch.object(prover, "dynamodb", lambda: here.client),
        patch("time.time_ns", lambda: (NOW + 120 * MINUTE) * 1_000),
    ):
        prover.handler({}, LongContext())


def asked(query: Query, lines: dict[str, list[Line]], **chosen: str) -> Answer:
    """Return the answer to *query* where *chosen* is chosen at the top of the dashboard."""
    text = query.text
    for pattern, name in ((CLIENT, "client"), (STATUS, "status"), (RESULT, "result")):
        text = text.replace(pattern, chosen.get(name, EVERY))
    return ask(text, lines[query.function])


def named(name: str) -> Query:
    """Return a query by its name."""
    (query,) = [query for query in QUERIES if query.name == name]
    return query


# --- queries --------------------------------------------------------------------------------------


@BY_NAME
def test_a_query_finds_something_and_every_field_of_it_is_logged(
    query: Query, lines: dict[str, list[Line]]
) -> None:
    """Each field that it shows, filters, adds or sorts by is on a line that it is about."""
    answer = asked(query, lines)
    assert answer.rows
    (about,) = re.findall(r"filter message (?:= '(\w+)'|in (\[.*?\]))", query.text)
    messages = {about[0]} if about[0] else set(re.findall(r"\w+", about[1]))
    logged = [line for line in lines[query.function] if line["message"] in messages]
    known = {name for line in logged for name in line} | {"@timestamp"}
    assert answer.fields <= known


def test_every_line_is_one_that_some_query_or_metric_is_about(
    lines: dict[str, list[Line]],
) -> None:
    """The day of the tests had some of everything."""
    assert {name: {line["message"] for line in found} for name, found in lines.items()} == {
        # the store that fails a message takes no note of that, either
        "writer": {"posted", "duplicate", "rejected", "failed", "failures not noted", "batch"},
        "reader": {"request"},
        "sweeper": {"running", "swept"},
        "prover": {"differs", "proved"},
    }


@BY_NAME
def test_what_is_chosen_filters(query: Query, lines: dict[str, list[Line]]) -> None:
    """A query with a client in it shows that client's lines; another one's, nothing."""
    if CLIENT not in query.text:
        assert STATUS not in query.text
        return
    assert asked(query, lines, client="client-1").rows
    assert not asked(query, lines, client="nobody").rows
    assert not asked(query, lines, client="client").rows, "a beginning is not the client"


def test_results_are_counted_once(lines: dict[str, list[Line]]) -> None:
    """Each attempt by how it ended, though every event came twice."""
    (row,) = asked(named("Ended attempts by result"), lines).rows
    counts = {name: count for name, count in row.items() if name != "bin(5m)"}
    assert set(counts) == {f"sum({name})" for name in body.RESULTS}
    assert set(counts.values()) == {1}
    (row,) = asked(named("Ended attempts by result"), lines, result="failed").rows
    assert (row["sum(failed)"], row["sum(succeeded)"]) == (1, 0)


def test_what_counts_attempts_is_called_so(lines: dict[str, list[Line]]) -> None:
    """A job that failed and was tried again stands there twice: its log has a line for each."""
    (failed,) = [line for line in lines["writer"] if line.get("turned_to") == "failed"]
    again = {"writer": [failed, {**failed, "attempt": 2}]}
    (row,) = asked(named("Ended attempts by result"), again).rows
    assert row["sum(failed)"] == 2
    (row,) = asked(named("Failed attempts by error"), again).rows
    assert row["attempts"] == 2


def test_failures_name_job_and_error(lines: dict[str, list[Line]]) -> None:
    """Those that failed or timed out, and no others."""
    rows = asked(named("Recent failed attempts"), lines).rows
    assert {(row["job_id"], row["error_type"]) for row in rows} == {
        ("job-failed", "RateLimitError"),
        ("job-timed_out", "RateLimitError"),
    }
    assert not asked(named("Recent failed attempts"), lines, result="succeeded").rows


def test_repeats_are_added_up(lines: dict[str, list[Line]]) -> None:
    """One within the first batch, all of the second."""
    assert sum(row["met_again"] for row in asked(named("Duplicates met"), lines).rows) == 9


def test_the_interpreter_says_what_it_does_not_know() -> None:
    """A query beyond it is no tested query."""
    for query in ("parse @message 'a'", "filter a > 1", "stats avg(a) by b", "filter a or b"):
        with pytest.raises(NotUnderstood):
            ask(query, [{"timestamp": "2026-11-22T15:00:00Z", "a": 1}])


# --- body -----------------------------------------------------------------------------------------


def test_the_template_holds_what_is_described_here() -> None:
    """After a change: ``python -m run_ledger_ops.cloudwatch``."""
    template = TEMPLATE.read_text()
    assert body.put_in_place(template) == template
    deployed = properties("Dashboard")["DashboardBody"]["Fn::Sub"]
    assert json.loads(deployed) == BODY
    with pytest.raises(ValueError, match="no place"):
        body.put_in_place("Resources: {}\n")


def test_what_is_substituted_is_there() -> None:
    """Each ``${…}`` names a parameter, a resource or what CloudFormation knows by itself."""
    names = set(re.findall(r"\$\{([^}]+)\}", body.text()))
    pseudo = {name for name in names if name.startswith("AWS::")}
    assert pseudo <= {"AWS::Region", "AWS::AccountId", "AWS::URLSuffix"}
    assert names - pseudo == {"Stage", "RunbookUrl", "UserPool", "SiteClient", "DashboardClient"}


def test_widgets_share_the_grid() -> None:
    """None lies on another or beyond the edge."""
    for one, other in combinations(WIDGETS, 2):
        assert (
            one["x"] + one["width"] <= other["x"]
            or other["x"] + other["width"] <= one["x"]
            or one["y"] + one["height"] <= other["y"]
            or other["y"] + other["height"] <= one["y"]
        )
    assert all(widget["x"] + widget["width"] <= 24 for widget in WIDGETS)


def test_variables_change_queries_and_no_more() -> None:
    """Each pattern is in some query, and its default lets everything through."""
    patterns = {variable["pattern"] for variable in BODY["variables"]}
    assert patterns == {CLIENT, STATUS, RESULT}
    for variable in BODY["variables"]:
        assert variable["defaultValue"] == EVERY
        users = [w for w in WIDGETS if variable["pattern"] in json.dumps(w)]
        assert users
        assert {widget["type"] for widget in users} == {"log"}


def metrics() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield namespace, name and dimensions of each metric on the dashboard."""
    for widget in WIDGETS:
        for namespace, name, *rest in widget["properties"].get("metrics", ()):
            pairs = [part for part in rest if isinstance(part, str)]
            yield namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True))


def test_every_metric_exists() -> None:
    """It is one of AWS's, with its dimensions, or one that a function of ours emits."""
    assert len(list(metrics())) > 40
    for namespace, name, dimensions in metrics():
        assert set(dimensions) in dimensions_of(namespace, name, dimensions), (namespace, name)


def test_metrics_are_of_our_resources() -> None:
    """Names in dimensions are those that the template gives."""
    given = {
        "AWS/SQS": ("AWS::SQS::Queue", "QueueName"),
        "AWS/DynamoDB": ("AWS::DynamoDB::Table", "TableName"),
    }
    given["AWS/Lambda"] = ("AWS::Lambda::Function", "FunctionName")
    for namespace, (kind, name) in given.items():
        ours = {one[name]["Fn::Sub"] for one in resources(kind, **FULL).values()}
        shown = {d[name] for space, _, d in metrics() if space == namespace}
        assert shown <= ours
        if namespace != "AWS/Lambda":
            assert shown == ours


def test_throttles_are_shown_of_tables_and_of_each_index() -> None:
    """A table's metrics leave its indexes out.

    They have the index's name beside the table's ("DynamoDB Metrics and dimensions").
    """
    table_and_index = ("TableName", "GlobalSecondaryIndexName")
    ours: set[tuple[str, ...]] = set()
    for table in resources("AWS::DynamoDB::Table", Push="true").values():
        name = table["TableName"]["Fn::Sub"]
        indexes = table.get("GlobalSecondaryIndexes", ())
        ours |= {(name,), *((name, index["IndexName"]) for index in indexes)}
    for metric in ("WriteThrottleEvents", "ReadThrottleEvents"):
        assert ours == {
            tuple(about[one] for one in table_and_index if one in about)
            for _, name, about in metrics()
            if name == metric
        }


def test_the_body_is_ascii() -> None:
    """CloudFormation gives a question mark for anything else.

    Reported as issue 814 of aws-cloudformation/cloudformation-coverage-roadmap. The runbook's
    address, which the body takes from a parameter, can't bring in any either.
    """
    assert TEMPLATE.read_text().isascii()
    pattern = re.compile(source()["Parameters"]["RunbookUrl"]["AllowedPattern"])
    assert pattern.match("https://wiki.example/run-ledger?page=[1]#alarms")
    for wrong in ("https://wiki.example/Läufe", "two words", 'a"b', "a\\b", ""):
        assert not pattern.match(wrong)


def test_queries_read_an_hour_unless_told_otherwise() -> None:
    """Each refresh runs them anew, over the time range that the dashboard opens with."""
    assert BODY["start"] == "-PT1H"


# --- links ----------------------------------------------------------------------------------------


def shown_links() -> dict[str, str]:
    """Return the links of the text widget, by their words."""
    (text,) = [w["properties"]["markdown"] for w in WIDGETS if w["type"] == "text"]
    return dict(re.findall(r"\[([^\]]+)\]\(([^)]+)\)", text))


def decoded(link: str) -> str:
    """Return what the console makes of the fragment of a link."""
    fragment = link.partition("#")[2].replace("$", "%").replace("%{", "${")
    return unquote(unquote(fragment))


def test_links_lead_to_every_log_group_queue_and_table() -> None:
    """By the names that the template gives them."""
    fragments = [decoded(link) for link in shown_links().values()]
    for group in resources("AWS::Logs::LogGroup").values():
        assert f"logsV2:log-groups/log-group/{group['LogGroupName']['Fn::Sub']}" in fragments
    for queue in resources("AWS::SQS::Queue").values():
        assert [one for one in fragments if one.endswith(f"/{queue['QueueName']['Fn::Sub']}")]
    for table in resources("AWS::DynamoDB::Table").values():
        assert f"table?name={table['TableName']['Fn::Sub']}" in fragments


@BY_NAME
def test_a_link_opens_the_query(query: Query) -> None:
    """The console finds the query's text and log group in the link, for every client."""
    detail = decoded(shown_links()[query.name])
    (text,) = re.findall(r"editorString~'(.*?)~source", detail)
    (group,) = re.findall(r"source~\(~'(.*?)\)\)$", detail)
    plain = query.text.replace(CLIENT, EVERY).replace(STATUS, EVERY).replace(RESULT, EVERY)
    assert unquote(text.replace("*", "%")) == plain
    assert unquote(group.replace("*", "%")) == links.function_log_group(query.function)
    assert detail.startswith("logsV2:logs-insights?queryDetail=~(end~0~start~-3600~")


def test_links_hold_nothing_that_ends_them() -> None:
    """No white space, parenthesis or quote, as Markdown would stop there."""
    for link in shown_links().values():
        assert re.fullmatch(r"[A-Za-z0-9:/?#&=%$.{}_*~-]+", link), link
