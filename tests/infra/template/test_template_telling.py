"""Teller and courier in the template: what they may do, and what comes to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.stacks.templates import FULL, properties, resources, rights_of, statements

from run_ledger.domain.contract.act_events import INCIDENT_UPDATE
from run_ledger.domain.incidents.causes import INCIDENT_CHANGED, INCIDENT_CLOSED, INCIDENT_OPENED
from run_ledger.domain.incidents.incident_events import SOURCE
from run_ledger.store.items.client_items import ALERTS, CHANNEL_REFERENCES, CHANNELS
from run_ledger.store.items.job_items import TURNED
from run_ledger.store.proof.frontier import PARTITION


def test_teller_keeps_incidents_and_tells_the_bus() -> None:
    """Of clients it reads the rules alone, of jobs the stream, and no source is its but ours."""
    assert rights_of("TellerRole", Telling="true") == {
        "TellerLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "IncidentsTable": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"},
        "IncidentsTable/index/by_due": {"dynamodb:Query"},
        "RollupsTable": {"dynamodb:Query"},
        "ClientsTable": {"dynamodb:Query"},
        "JobsTable/index/by_client": {"dynamodb:Query"},
        "JobsTable/index/by_client_project": {"dynamodb:Query"},
        "JobsTable/index/by_client_outcome": {"dynamodb:Query"},
        "ProjectsTable/index/by_due": {"dynamodb:Query"},
        "JobsTable": {"dynamodb:BatchGetItem"},
        "ProjectsTable": {"dynamodb:BatchGetItem"},
        "EntriesTable": {"dynamodb:GetItem", "dynamodb:Query"},
        "UpdatesQueue": {"sqs:GetQueueAttributes"},
        "UpdatesDeadLetterQueue": {"sqs:GetQueueAttributes"},
        "RuleDeadLetterQueue": {"sqs:GetQueueAttributes"},
        "Bus": {"events:PutEvents"},
        "DeliveriesQueue": {"sqs:SendMessage"},
        "TellerDeadLetterQueue": {"sqs:SendMessage"},
        "ActsQueue": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        "RejectionsTable": {"dynamodb:BatchWriteItem"},
    }
    of_role = {one["Sid"]: one for one in statements(properties("TellerRole", Telling="true"))}
    assert of_role["ReadStream"]["Resource"] == {"Fn::GetAtt": ["JobsTable", "StreamArn"]}
    assert of_role["Tell"]["Condition"] == {"ForAllValues:StringEquals": {"events:source": SOURCE}}
    mine = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [PARTITION]}}
    assert of_role["ReadProof"]["Condition"] == mine
    assert of_role["ReadAlerts"]["Condition"] == {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["pk", "sk", ALERTS, CHANNELS, "expect"]
        },
        "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }


def test_courier_notes_deliveries_and_reads_what_channels_need() -> None:
    """It changes no incident, sends mail from our address alone, and reads secrets by prefix."""
    of_role = {one["Sid"]: one for one in statements(properties("CourierRole", **FULL))}
    assert set(of_role) == {
        *("Log", "TakeDeliveries", "ReadChannels", "NoteDeliveries", "ReadSecretsOfChannels"),
        *("ReadParametersOfChannels", "SendMails", "UseCustomerKey"),
    }
    assert "SendMails" not in {
        one.get("Sid") for one in statements(properties("CourierRole", Telling="true"))
    }
    assert of_role["ReadChannels"]["Condition"] == {
        "ForAllValues:StringEquals": {
            "dynamodb:Attributes": ["pk", "sk", CHANNELS, CHANNEL_REFERENCES]
        },
        "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    }
    assert of_role["NoteDeliveries"]["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["delivery#*", "deliveries"]}
    }
    assert of_role["SendMails"]["Resource"] == {"Ref": "MailIdentityArn"}


@pytest.mark.parametrize("sender", ["ledger@example.com", "Run Ledger <ledger@example.com>"])
def test_mails_come_from_one_address(sender: str) -> None:
    """Whether the parameter has a name beside it or not."""
    (mails,) = [
        one for one in statements(properties("CourierRole", **FULL)) if one["Sid"] == "SendMails"
    ]
    condition = mails["Condition"]["StringEquals"]["ses:FromAddress"]
    text = json.dumps(condition).replace("${MailFrom}", sender)
    assert _solved(json.loads(text)) == "ledger@example.com"


def _solved(part: Any) -> Any:
    """Return what CloudFormation makes of a text that it cuts."""
    match part:
        case {"Fn::Select": [place, of]}:
            return _solved(of)[int(place)]
        case {"Fn::Split": [mark, of]}:
            return _solved(of).split(mark)
        case {"Fn::Sub": text}:
            return text
    return part


def test_the_stream_is_there_for_who_tells_alone() -> None:
    """It shows items as they are then, and what passes is marked as another end of a job."""
    assert "StreamSpecification" not in properties("JobsTable")
    assert "StreamSpecification" in properties("JobsTable", Push="true")
    told = properties("JobsTable", Telling="true")
    assert told["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    mappings = resources("AWS::Lambda::EventSourceMapping", Telling="true")
    mapping = mappings["TellerFunctionEnds"]
    assert mapping["FunctionName"] == {"Ref": "TellerFunctionAliaslive"}
    (pattern,) = mapping["FilterCriteria"]["Filters"]
    image = {"turned": {"N": [{"exists": True}]}}
    assert json.loads(pattern["Pattern"]) == {"dynamodb": {"NewImage": image}}
    assert TURNED in image


def test_no_rule_takes_an_incident() -> None:
    """Detail-types are those of events to us, so what is told comes back to nobody as one.

    The writer has those of producers, the teller people's acts.
    """
    taken = {
        name: set(rule["EventPattern"]["detail-type"])
        for name, rule in resources("AWS::Events::Rule", Telling="true").items()
        if "EventPattern" in rule
    }
    told = {INCIDENT_OPENED, INCIDENT_CHANGED, INCIDENT_CLOSED}
    assert not any(told & kinds for kinds in taken.values())
    assert taken.keys() == {"UpdatesRule", "ActsRule"}
    assert taken["ActsRule"] == {INCIDENT_UPDATE}
    assert INCIDENT_UPDATE not in taken["UpdatesRule"]
