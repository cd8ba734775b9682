"""The commands that mend, on the running system: rejected, redrive, audit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.events.builders import job_update, text
from tests.support.stacks.local_stack import LocalStack, local_stack, wait_for

from run_ledger.store.items.log_items import entries_of, log_key
from run_ledger_ops import command

pytestmark = pytest.mark.local_stack

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Give a running stack."""
    with local_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture
def run(stack: LocalStack, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run a command on the stack; it returns the exit code and what was printed."""

    def ledger(*arguments: str) -> tuple[int, str]:
        code = command.main([*arguments, "--stack", str(stack.state / "stack.json")])
        return code, capsys.readouterr().out

    return ledger


def entries(stack: LocalStack, job_id: str) -> int:
    """Return how many events of a job have been posted."""
    answer = stack.client("dynamodb").query(
        TableName=stack.document["tables"]["entries"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"log#job#{job_id}#0"}},
        ConsistentRead=True,
    )
    return sum(len(entries_of(item)) for item in answer["Items"])


def open_rejections(run: Run) -> list[dict[str, Any]]:
    """Return the rejected events that are listed."""
    documents: list[dict[str, Any]] = json.loads(run("rejected", "list", "--json")[1])
    return documents


def test_dead_letters_come_back_and_count_once(stack: LocalStack, run: Run) -> None:
    """Sent to the dead-letter queue twice and redriven twice, an event is posted once."""
    bodies = [
        text(job_update(job_id="dead", envelope_id=f"e{number}", delta={"records_ok": 1}))
        for number in range(12)
    ]
    sqs = stack.client("sqs")
    for body in [*bodies, *bodies]:
        sqs.send_message(QueueUrl=stack.document["dlq_url"], MessageBody=body)
    assert "writer: 24 messages, oldest 20" in run("redrive", "--dry-run")[1]
    others = ("rule", "aws", "courier", "acts")
    moved = "writer: 12 messages moved\n" + "".join(f"{one}: 0 messages moved\n" for one in others)
    assert run("redrive", "--max", "12") == (0, moved)
    assert run("redrive") == (0, moved)
    wait_for("the entries", lambda: entries(stack, "dead") == 12, 60)
    wait_for("the audit's agreement", lambda: run("audit", "--job", "dead")[0] == 0, 60)


def test_rejected_events_are_replayed(stack: LocalStack, run: Run) -> None:
    """What stays wrong is listed again; what has been put right is posted, under its own id."""
    bad = text(job_update(job_id="bad", status="sleeping", envelope_id="bad"))
    stray = text(job_update(job_id="late", client_id="other", envelope_id="stray"))
    sqs, dynamodb = stack.client("sqs"), stack.client("dynamodb")
    url = stack.document["queue_url"]
    sqs.send_message(QueueUrl=url, MessageBody=text(job_update(job_id="late", envelope_id="e1")))
    wait_for("the job", lambda: entries(stack, "late") == 1, 60)
    for body in (bad, stray):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    wait_for("both rejections", lambda: len(open_rejections(run)) == 2, 60)
    # As if the first event had never been there.
    tables = stack.document["tables"]
    dynamodb.delete_item(TableName=tables["jobs"], Key={"job_id": {"S": "late"}})
    first = log_key("job", "late", 1)
    dynamodb.delete_item(TableName=tables["entries"], Key=first)

    assert run("rejected", "replay", "--all")[0] == 0
    wait_for("the stray event", lambda: entries(stack, "late") == 1, 60)
    wait_for("the bad event", lambda: [one["raw"] for one in open_rejections(run)] == [bad], 60)
    (left,) = open_rejections(run)
    assert run("rejected", "discard", left["rejection_id"])[0] == 0
    assert open_rejections(run) == []
    assert run("audit", "--repair", "--reach", "36500")[0] == 0  # the events' day gets ever older
    assert run("audit", "--reach", "36500")[0] == 0


def test_false_books_are_mended(stack: LocalStack, run: Run) -> None:
    """A wrong item, a missing one and a wrong row are found and mended on the real tables."""
    sqs, dynamodb = stack.client("sqs"), stack.client("dynamodb")
    for job_id in ("a", "b"):
        for number in range(3):
            event = job_update(job_id=job_id, envelope_id=f"e{number}", delta={"pages": 2})
            sqs.send_message(QueueUrl=stack.document["queue_url"], MessageBody=text(event))
    wait_for("the entries", lambda: entries(stack, "a") + entries(stack, "b") == 6, 60)
    tables = stack.document["tables"]
    one: Any = {":one": {"N": "1"}}
    dynamodb.update_item(
        TableName=tables["jobs"],
        Key={"job_id": {"S": "a"}},
        UpdateExpression="ADD c_pages :one",
        ExpressionAttributeValues=one,
    )
    dynamodb.delete_item(TableName=tables["jobs"], Key={"job_id": {"S": "b"}})
    dynamodb.update_item(
        TableName=tables["rollups"],
        Key={"pk": {"S": "all"}, "sk": {"S": "2026-11-22#0"}},
        UpdateExpression="ADD created :one",
        ExpressionAttributeValues=one,
    )
    code, out = run("audit", "--json", "--reach", "36500")
    assert code == 1
    found = {(drift["kind"], drift["key"]) for drift in json.loads(out)["drifts"]}
    assert found == {("job", "a"), ("job", "b"), ("row", "all 2026-11-22")}
    assert run("audit", "--repair", "--reach", "36500")[0] == 0
    assert run("audit", "--reach", "36500")[0] == 0
