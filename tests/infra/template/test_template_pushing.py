"""The pusher in the template: off unless asked for, what it may do, and what comes to it."""

from __future__ import annotations

import json

import pytest
from tests.support.stacks.templates import (
    FULL,
    properties,
    resources,
    rights_of,
    statements,
    transformed,
)

from run_ledger.store.deliveries.delivery_records import is_of_notices
from run_ledger.store.incidents.row_items import ROW
from run_ledger.store.items.keys import PARAMETER_PREFIX, PROFILE

STREAMS = {"JobsTable", "ProjectsTable", "IncidentsTable", "ClientsTable"}
FILTERED = {"PusherFunctionIncidents", "PusherFunctionClients"}


def test_nothing_of_it_is_there_where_it_is_off() -> None:
    """No socket, no table, no function, no stream: a stage without push pays nothing for it."""
    present = transformed()["Resources"]
    added = {name for name in transformed(Push="true")["Resources"] if name not in present}
    assert {"PushApi", "ListenersTable", "PusherFunction", "NotPushedAlarm"} <= added
    assert not [name for name in STREAMS if "StreamSpecification" in present[name]["Properties"]]
    assert "push" not in json.dumps(properties("Distribution"))


def test_the_pusher_keeps_listeners_and_speaks_to_its_own_sockets() -> None:
    """Of the ledger it reads the streams, and who was signed out; it writes its own table alone."""
    rights = rights_of("PusherRole", Push="true")
    assert {what: may for what, may in rights.items() if "execute-api" not in what} == {
        "PusherLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "ListenersTable": {"dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"},
        "ClientsTable": {"dynamodb:Query"},
    }
    of_role = {one["Sid"]: one for one in statements(properties("PusherRole", **FULL))}
    assert of_role["ReadStreams"]["Resource"] == [
        {"Fn::GetAtt": [table, "StreamArn"]}
        for table in ("JobsTable", "ProjectsTable", "IncidentsTable", "ClientsTable")
    ]
    keys = {"dynamodb:LeadingKeys": ["people#signed-out"]}
    assert of_role["ReadSignOuts"]["Condition"] == {"ForAllValues:StringEquals": keys}
    assert of_role["SpeakToPages"]["Action"] == "execute-api:ManageConnections"


@pytest.mark.parametrize("telling", ["true", "false"])
def test_each_change_comes_once_in_a_second_and_shard(telling: str) -> None:
    """Deltas, too: rows of incidents and what is shown of clients are told from items beside."""
    mappings = resources("AWS::Lambda::EventSourceMapping", Push="true", Telling=telling)
    mine = {n: m for n, m in mappings.items() if n.startswith("PusherFunction")}
    assert {m["EventSourceArn"]["Fn::GetAtt"][0] for m in mine.values()} == STREAMS
    for name, mapping in mine.items():
        assert mapping["MaximumBatchingWindowInSeconds"] == 1
        assert mapping["BatchSize"] == 10_000
        assert mapping["StartingPosition"] == "LATEST"
        assert mapping["FunctionName"] == {"Ref": "PusherFunctionAliaslive"}
        assert ("FilterCriteria" in mapping) is (name in FILTERED)


def test_of_incidents_only_what_pages_show_wakes_the_pusher() -> None:
    """Their rows, and how notices come through; not what the teller keeps beside them."""
    mappings = resources("AWS::Lambda::EventSourceMapping", Push="true")
    filters = mappings["PusherFunctionIncidents"]["FilterCriteria"]["Filters"]
    rows, notices = (json.loads(one["Pattern"])["dynamodb"]["Keys"] for one in filters)
    assert rows == {"sk": {"S": [ROW]}}
    (partition,) = notices["pk"]["S"]
    assert is_of_notices({"pk": {"S": partition}, "sk": {"S": "channel#acme#mail"}})


def test_of_clients_only_what_pages_show_wakes_the_pusher() -> None:
    """By the keys of all items of the table: the intake, say, writes to it at each request."""
    stream = properties("ClientsTable", Push="true")["StreamSpecification"]
    assert stream == {"StreamViewType": "KEYS_ONLY"}
    mappings = resources("AWS::Lambda::EventSourceMapping", Push="true")
    (one,) = mappings["PusherFunctionClients"]["FilterCriteria"]["Filters"]
    assert json.loads(one["Pattern"]) == {
        "dynamodb": {"Keys": {"sk": {"S": [PROFILE, {"prefix": PARAMETER_PREFIX}]}}}
    }


def test_sockets_are_opened_at_the_sites_own_address() -> None:
    """So the content security policy needs no other origin; without a site there is none."""
    site = properties("Distribution", Push="true")["DistributionConfig"]
    (behavior,) = [one for one in site["CacheBehaviors"] if one["TargetOriginId"] == "push"]
    stage = properties("PushStage", Push="true")["StageName"]
    assert behavior["PathPattern"] == f"/{stage}"
    assert behavior["ViewerProtocolPolicy"] == "https-only"
    assert "Distribution" not in transformed(Push="true", Site="false")["Resources"]


def test_a_socket_is_asked_for_two_things_alone() -> None:
    """To join, and that it has closed; whatever else a page sends calls no function."""
    routes = resources("AWS::ApiGatewayV2::Route", Push="true").values()
    assert {route["RouteKey"] for route in routes} == {"join", "$disconnect"}
    api = properties("PushApi", Push="true")
    assert api["ProtocolType"] == "WEBSOCKET"
    assert api["RouteSelectionExpression"] == "$request.body.action"


def test_sockets_are_throttled() -> None:
    """As the read API is, so that nobody has the pusher called without end."""
    settings = properties("PushStage", Push="true")["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "ApiRequestsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ApiBurst"}


def test_what_sockets_do_is_logged_for_a_time() -> None:
    """As requests of the API are: no addresses of people, and no messages."""
    log = properties("PushStage", Push="true")["AccessLogSettings"]
    group = log["DestinationArn"]["Fn::GetAtt"][0]
    retention = properties(group, Push="true")["RetentionInDays"]
    assert retention == {"Ref": "LogRetentionDays"}
    assert "identity" not in log["Format"]
