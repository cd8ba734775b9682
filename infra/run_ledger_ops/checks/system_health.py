"""The state of a deployed system: one finding for each part."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain import instants
from run_ledger.domain.api.access import REQUIRED_SCOPE, STAFF_GROUP
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.store.proof.frontier import MOST_DIFFERING
from run_ledger_ops.checks.channel_health import QUEUE, channels
from run_ledger_ops.checks.dead_letters import look_at
from run_ledger_ops.checks.digest_health import digests
from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.checks.reader_rights import rights_of_reader
from run_ledger_ops.checks.second_factor import second_factor
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.target import Target
from run_ledger_ops.deploying import states

_OLD_SECONDS = 900
_DAY = timedelta(days=1)
_API_SECONDS = 30.0
_MOST_COUNTED = 200
_MOST_NAMED = 5
_REFUSED, _FINE = 401, 200
# As late as the prover itself calls it a failure.
_LATE = timedelta(hours=6)
_ROWS_LATE = _DAY + _LATE


def findings(system: Target, now: datetime) -> Iterator[Finding]:
    """Check each part in turn; one that can't be checked is `unknown`, and the others go on."""
    looks: list[tuple[str, Callable[[], Finding]]] = [
        ("stack", partial(_stack, system)),
        ("API", partial(_gate, "API", "GET", f"{system.reachable_api_url}/jobs")),
        ("secrets", partial(rights_of_reader, system)),
        ("second factor", partial(second_factor, system)),
        ("jobs", partial(_jobs, system, now)),
        ("rejected", partial(_rejected, system, now)),
        ("proof", partial(_proof, system, now)),
        ("queue", partial(_queue, system, now)),
        ("dead letters", partial(_dead_letters, system)),
        ("alarms", partial(_alarms, system)),
    ]
    if (intake := system.reachable_intake_url) is not None:
        looks.insert(2, ("intake", partial(_gate, "intake", "POST", f"{intake}/events")))
    if QUEUE in system.outputs:
        looks.insert(-2, ("channels", partial(channels, system)))
        looks.insert(-2, ("digests", partial(digests, system)))
    for part, look in looks:
        try:
            yield look()
        except (ClientError, BotoCoreError) as error:
            yield Finding(part, Level.UNKNOWN, f"can't be checked: {explain(error)}", {})
        except (HTTPException, OSError, ValueError, StoreUnavailable) as error:
            yield Finding(part, Level.UNKNOWN, f"can't be checked: {error}", {})


def _stack(system: Target) -> Finding:
    stack = system.client("cloudformation").describe_stacks(StackName=system.name)["Stacks"][0]
    state = stack["StackStatus"]
    at = stack.get("LastUpdatedTime") or stack["CreationTime"]
    since = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    level = Level.WELL if state in states.SETTLED else Level.LOOK
    if state.endswith("_FAILED"):
        level = Level.WRONG
    words = f"{state}, deployed {since}"
    words += "" if level is Level.WELL else f": {states.meaning(state)}"
    return Finding("stack", level, words, {"state": state, "deployed_at": at.isoformat()})


def _gate(part: str, method: str, url: str) -> Finding:
    started = time.perf_counter()
    status = _status(method, url)
    figures = {"status": status, "milliseconds": round((time.perf_counter() - started) * 1_000)}
    if status == _REFUSED:
        who = "no token" if part == "API" else "neither key nor token"
        words = f"answers in {figures['milliseconds']} ms, and refuses who has {who}"
        return Finding(part, Level.WELL, words, figures)
    words = f"answers {status} to a request without a token, where {_REFUSED} is due"
    return Finding(part, Level.WRONG, words, figures)


def _status(method: str, url: str) -> int:
    parts = urlsplit(url)
    makes = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = makes(parts.netloc, timeout=_API_SECONDS)
    try:
        connection.request(method, parts.path)
        return connection.getresponse().status
    finally:
        connection.close()


def _jobs(system: Target, now: datetime) -> Finding:
    status, overview = _ask(system, "/overview", now)
    if status != _FINE:
        return Finding("jobs", Level.WRONG, f"the reader answers {status}", {"status": status})
    totals = overview["totals"]
    failed = totals["failed"] + totals["timed_out"]
    stalled = "many" if totals["stalled"] is None else f"{totals['stalled']:,}"
    words = (
        f"{totals['running']:,} running, {stalled} stalled, {totals['queued']:,} queued; "
        f"in 24 h {totals['ended']:,} ended, {failed:,} failed or timed out; "
        f"last event {totals['last_event_at'] or 'never'}"
    )
    without = overview["left_out"]
    if without is not None:
        names = ", ".join(without["clients"][:_MOST_NAMED])
        words += f"; without {without['count']:,} clients, too many or too large: {names}"
    level = Level.WELL if totals["stalled"] == 0 and without is None else Level.LOOK
    hidden = ("hours", "previous")
    figures = {name: value for name, value in totals.items() if name not in hidden}
    return Finding("jobs", level, words, {**figures, "left_out": without})


def _rejected(system: Target, now: datetime) -> Finding:
    status, answer = _ask(system, "/rejections", now, limit=str(_MOST_COUNTED))
    if status != _FINE:
        return Finding("rejected", Level.WRONG, f"the reader answers {status}", {"status": status})
    since = instants.text(_instant(now - _DAY))
    number = sum(one["received_at"] >= since for one in answer["items"])
    is_more = number == len(answer["items"]) and answer["next_cursor"] is not None
    events = "event was" if number == 1 else "events were"
    words = f"{'at least ' if is_more else ''}{number:,} {events} rejected in 24 h"
    words += ": see `run-ledger rejected list`" if number else ""
    level = Level.LOOK if number else Level.WELL
    return Finding("rejected", level, words, {"rejected_24h": number, "is_more": is_more})


def _proof(system: Target, now: datetime) -> Finding:
    status, proof = _ask(system, "/proof", now)
    if status != _FINE:
        return Finding("proof", Level.WRONG, f"the reader answers {status}", {"status": status})
    names = ("proved_to", "rows_proved_to", "judged", "rows_judged", "differences")
    figures = {name: proof[name] for name in names}
    if proof["proved_to"] is None:
        return Finding("proof", Level.LOOK, "nothing is proved yet", figures)
    number = proof["differences"]
    at_least = "" if number < MOST_DIFFERING else "at least "
    rows = proof["rows_proved_to"]
    is_late = now - datetime.fromisoformat(proof["proved_to"]) > _LATE
    is_short = rows is not None and now - datetime.fromisoformat(rows) > _ROWS_LATE
    if not (proof["judged"] or number or is_late or is_short):
        words = "nothing is proved yet: a job is proved an hour after its last event"
        return Finding("proof", Level.WELL, words, figures)
    words = (
        f"proved to {proof['proved_to']}: {at_least}{number:,} "
        f"difference{'' if number == 1 else 's'} in {proof['judged']:,} jobs"
    )
    words += ", hours behind" if is_late else ""
    words += f", totals only to {rows}" if is_short else ""
    named = [f"{one['kind']} {one['id']}" for one in proof["differing"][:_MOST_NAMED]]
    words += f": {', '.join(named)}" if named else ""
    return Finding(
        "proof", Level.WRONG if number or is_late or is_short else Level.WELL, words, figures
    )


def _ask(system: Target, path: str, now: datetime, **parameters: str) -> tuple[int, Any]:
    """Ask the reader function itself, as API Gateway would for somebody of staff."""
    claims = {
        "iss": system.outputs["Issuer"],
        "sub": "run-ledger-status",
        "username": "run-ledger-status",
        "client_id": system.outputs["SiteClientId"],
        "token_use": "access",
        "scope": REQUIRED_SCOPE,
        "cognito:groups": STAFF_GROUP,
        "exp": str(int((now + _DAY).timestamp())),
    }
    event = {
        "httpMethod": "GET",
        "path": path,
        "resource": path,
        "headers": {},
        "queryStringParameters": parameters or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in parameters.items()},
        "pathParameters": None,
        "stageVariables": {"people_clients": system.outputs["SiteClientId"]},
        "requestContext": {
            "resourcePath": path,
            "httpMethod": "GET",
            "requestId": "run-ledger-status",
            "authorizer": {"claims": claims},
        },
    }
    called = system.client("lambda").invoke(
        FunctionName=system.outputs["ReaderFunctionName"],
        Qualifier="live",
        Payload=json.dumps(event).encode(),
    )
    answer = json.loads(called["Payload"].read())
    if "FunctionError" in called:
        raise ValueError(f"the reader fails: {answer.get('errorMessage', answer)}")
    return int(answer["statusCode"]), json.loads(answer["body"])


def _queue(system: Target, now: datetime) -> Finding:
    url = system.queue_url("QueueUrl")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = system.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    waiting, held = (int(counts[name]) for name in names)
    age = _age(system, url.rsplit("/", 1)[-1], now)
    words = f"{waiting:,} waiting, {held:,} with writers"
    words += f", the oldest {age:,} s old" if age is not None and waiting + held else ""
    level = Level.WRONG if waiting and (age or 0) > _OLD_SECONDS else Level.WELL
    figures = {"waiting": waiting, "held": held, "oldest_seconds": age}
    return Finding("queue", level, words, figures)


def _age(system: Target, queue: str, now: datetime) -> int | None:
    """Return the age of the oldest message in seconds, None where CloudWatch has no figure."""
    points = system.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - timedelta(minutes=10),
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return int(max(points, key=lambda one: one["Timestamp"])["Maximum"]) if points else None


def _dead_letters(system: Target) -> Finding:
    queues = {
        "writer": "DlqUrl",
        "rule": "RuleDlqUrl",
        "bus": "BusDlqUrl",
        "aws": "AwsJobsDlqUrl",
        "courier": "DeliveriesDlqUrl",
        "acts": "ActsDlqUrl",
    }
    found = {
        name: look_at(system.sqs, system.queue_url(output)).messages
        for name, output in queues.items()
        # The others are there with a customer's key, with jobs of AWS, and where a stage tells.
        if name in ("writer", "rule") or output in system.outputs
    }
    if not sum(found.values()):
        return Finding("dead letters", Level.WELL, "none", found)
    words = ", ".join(f"{messages:,} of the {name}'s" for name, messages in found.items())
    return Finding("dead letters", Level.WRONG, f"{words}: see `run-ledger redrive`", found)


def _alarms(system: Target) -> Finding:
    pages = system.client("cloudwatch").get_paginator("describe_alarms")
    alarms = [
        alarm
        for page in pages.paginate(AlarmNamePrefix=f"{system.name}-")
        for alarm in page["MetricAlarms"]
    ]
    ringing = sorted(one["AlarmName"] for one in alarms if one["StateValue"] == "ALARM")
    figures = {"alarms": len(alarms), "ringing": ringing}
    if ringing:
        return Finding("alarms", Level.WRONG, f"ringing: {', '.join(ringing)}", figures)
    return Finding("alarms", Level.WELL, f"none of {len(alarms)} rings", figures)


def _instant(at: datetime) -> Instant:
    return Instant(int(at.timestamp() * instants.MICROSECONDS))
