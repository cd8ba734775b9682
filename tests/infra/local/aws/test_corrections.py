"""What is corrected of ministack: whole batches, no endless memory, texts that are read once."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import Any

import pytest
from tests.support.stacks.local_stack import ROOT

from run_ledger_ops.local.aws.corrections import (
    Batches,
    LastRead,
    _each_once,
    _with_map_runs,
    _with_single_messages,
)

PYTHON = ROOT / ".venvs" / "local-cloud" / "bin" / "python"
TRIAL = """
import json, sys, time
sys.path.insert(0, "infra")
from ministack.services import dynamodb, eventbridge, sqs
texts = ["#a = :a AND begins_with(b, :b)", "((a = :a))", "size = :a", "a = ", "a BETWEEN :a AND :b"]
item = {"a": {"S": "1"}, "b": {"S": "12"}}
values = {":a": {"S": "1"}, ":b": {"S": "1"}}
def tried():
    outcomes = []
    for text in texts * 2:
        try:
            outcomes.append(dynamodb._evaluate_condition(text, item, values, {"#a": "a"}))
        except ValueError as error:
            outcomes.append(str(error))
    return outcomes
before = tried()
from run_ledger_ops.local.aws import corrections
corrections.apply("ministack")
sqs._queues["q"] = {
    "messages": [], "attributes": {"VisibilityTimeout": "30"}, "is_fifo": False
}
sqs._queues["q"]["messages"] += [
    {"id": str(n), "body": "", "receive_count": 0, "visible_at": 0, "sent_at": time.time(),
     "sys": {}, "receipt_handle": None, "attributes": {}, "message_attributes": {}}
    for n in range(250)
]
eventbridge._put_events({"Entries": [{"Source": "s", "DetailType": "d", "Detail": "{}"}]})
taken = [len(sqs._receive_messages_for_esm("q", 100)) for _ in range(3)]
print(json.dumps([before, tried(), taken, eventbridge._events_log_list()]))
"""
OTHER_PORT = """
import json, os, sys
sys.path.insert(0, "infra")
os.environ |= {"MINISTACK_HOST": "127.0.0.1", "MINISTACK_REGION": "eu-central-1"}
os.environ["GATEWAY_PORT"] = "5001"
from ministack.services import sqs
from run_ledger_ops.local.aws import corrections
corrections.apply("ministack")
arn, url = "arn:aws:sqs:eu-central-1:000000000000:q", "http://127.0.0.1:5000/000000000000/q"
queues = type(sqs._queues)()
queue = {"name": "q", "attributes": {"QueueArn": arn}}
queues.set_scoped("000000000000", "eu-central-1", url, queue)
sqs.load_persisted_state({"queues": queues})
looked_for = sqs._queue_url("q")
print(json.dumps([looked_for, looked_for in sqs._queues, sqs._queue_url("new")]))
"""
STREAMS = """
import json, sys
sys.path.insert(0, "infra")
from ministack.services import dynamodb, lambda_svc
from run_ledger_ops.local.aws import corrections
corrections.apply("ministack")
mapping = ("000000000000", "eu-central-1", "m")
kept = {"dynamodb_stream_positions": {mapping: 18000}, "kinesis_positions": {mapping: {"s": 7}}}
lambda_svc._restore_state(kept)
read = [store._data[mapping] for store in (
    lambda_svc._dynamodb_stream_positions, lambda_svc._kinesis_positions
)]
print(json.dumps([*read, "stream_records" in dynamodb.get_state()]))
"""


def test_conditions_are_judged_as_before_and_batches_are_whole() -> None:
    """In the local AWS itself, with texts that are right and texts that are wrong.

    Lambda's guide, "Using Lambda with Amazon SQS": a function gets up to the mapping's BatchSize.
    """
    if not PYTHON.exists():
        pytest.skip("the local AWS is not installed: run infra/tools/bootstrap.py local-cloud")
    done = subprocess.run([PYTHON, "-c", TRIAL], cwd=ROOT, capture_output=True, check=True)
    before, after, taken, remembered = json.loads(done.stdout)
    assert before == after
    assert {type(outcome) for outcome in before} == {bool, str}
    assert taken[:2] == [100, 100]
    assert remembered == []


def test_queue_is_found_after_a_start_on_another_port() -> None:
    """By the URL that it has: else no function would ever take what waits in it."""
    if not PYTHON.exists():
        pytest.skip("the local AWS is not installed: run infra/tools/bootstrap.py local-cloud")
    done = subprocess.run([PYTHON, "-c", OTHER_PORT], cwd=ROOT, capture_output=True, check=True)
    assert json.loads(done.stdout) == [
        "http://127.0.0.1:5000/000000000000/q",
        True,
        "http://127.0.0.1:5001/000000000000/new",
    ]


def test_streams_are_read_after_a_second_start() -> None:
    """Their records are not kept from one start to the next, so they are read from the first one.

    Else nobody is told until as many jobs have changed as before the start.
    """
    if not PYTHON.exists():
        pytest.skip("the local AWS is not installed: run infra/tools/bootstrap.py local-cloud")
    done = subprocess.run([PYTHON, "-c", STREAMS], cwd=ROOT, capture_output=True, check=True)
    assert json.loads(done.stdout) == [0, {"s": 7}, False]


class Queue:
    """A queue that gives three messages at most at a time, and notes when it was woken."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.woken = threading.Event()

    def take(self, queue_url: str, most: int) -> list[int]:
        """Take a few messages."""
        some = min(3, most, self.length)
        self.length -= some
        return [0] * some

    def batches(self, gathering_seconds: float) -> Batches:
        """Return what takes whole batches from it."""
        return Batches(self.take, lambda _: self.length, self.woken.set, gathering_seconds)


@pytest.mark.parametrize(
    ("service", "body", "named"),
    [
        ("states", b'{"mapRunArn": "arn:run"}', "arn:run"),
        ("states", b'{"mapRunArn": "arn:run", "executionArn": "arn:x"}', "arn:x"),
        ("states", b'{"mapRunArn": 7}', "*"),
        ("states", b"[]", "*"),
        ("states", b"", "*"),
        ("glue", b'{"mapRunArn": "arn:run"}', "*"),
    ],
)
def test_a_right_is_about_a_map_run(service: str, body: bytes, named: str) -> None:
    """As on AWS, where a policy may name which ones."""

    def before(_service: str, *request: Any) -> str:
        return "arn:x" if b"executionArn" in request[3] else "*"

    assert _with_map_runs(before)(service, "POST", "/", {}, body, {}, "r", "a") == named


def test_batch_is_as_large_as_the_mapping_allows() -> None:
    """However few messages the local AWS gives at a time."""
    batches = Queue(25).batches(0.0)
    assert [len(batches("q", 10)) for _ in range(4)] == [10, 10, 5, 0]


def test_lone_messages_gather_after_a_batch_and_a_full_batch_does_not_wait() -> None:
    """The first shows at once; those that follow come together, and somebody is woken for them."""
    queue = Queue(1)
    batches = queue.batches(3600.0)
    assert len(batches("q", 10)) == 1
    queue.length = 9
    assert batches("q", 10) == []
    queue.length = 10
    assert len(batches("q", 10)) == 10
    assert len(batches("of another function", 10)) == 0
    soon = Queue(1)
    batches = soon.batches(0.01)
    batches("q", 10)
    soon.length = 1
    while not batches("q", 10):
        assert soon.woken.wait(10)
    assert soon.length == 0


@pytest.mark.parametrize(
    ("service", "named", "right"),
    [
        ("sqs", "sqs:SendMessageBatch", "sqs:SendMessage"),
        ("sqs", "sqs:DeleteMessage", "sqs:DeleteMessage"),
        ("sqs", None, None),
        ("x", "x:PutBatch", "x:PutBatch"),
    ],
)
def test_a_right_to_several_messages_is_that_to_one(
    service: str, named: str | None, right: str | None
) -> None:
    """AWS has no right of its own for batches of messages."""
    assert _with_single_messages(lambda *_: named)(service, "POST", "/", {}, b"", {}) == right


def test_the_text_of_a_call_is_read_once() -> None:
    """Whoever reads it next gets the same; another text, though equal, is read anew."""
    reading = LastRead(json)
    text = b'{"a": 1}'
    assert reading.loads(text) is reading.loads(text)
    assert reading.loads(b'{"a": 2}') == {"a": 2}
    assert reading.loads(text) == {"a": 1}
    for _ in range(2):
        with pytest.raises(json.JSONDecodeError):
            reading.loads(b"{")
    assert reading.loads(text) == {"a": 1}
    assert reading.dumps([1]) == "[1]"


def test_each_table_of_a_transaction_is_judged_once() -> None:
    """In the order in which they come, so that the first refusal is the same."""
    checks = _each_once(lambda *asked: [(right, "table") for right in asked])
    assert checks("put", "update", "put") == [("put", "table"), ("update", "table")]
