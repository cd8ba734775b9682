"""What goes wrong in the field, on a local AWS: afterwards nothing drifted and nothing is missing.

One deployed stage lives through all of it, in this order. After each trouble the audit computes
everything anew from the entries, and every event that the bus accepted is looked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from tests.support.dynamo.faulty_dynamodb import faulty_dynamodb
from tests.support.events import builders
from tests.support.recounts.recount import recount_jobs
from tests.support.stacks.loaded_stage import SECONDS, STAGE, Stage
from tests.support.stacks.local_cloud import PARAMETERS, environment, local_cloud
from tests.support.stacks.local_stack import ROOT, wait_for

from run_ledger.store.items.log_items import entries_of
from run_ledger.store.lists.job_lists import read_job
from run_ledger_ops import command
from run_ledger_ops.commands import deploy as deploy_command

pytestmark = pytest.mark.local_stack

# A message that a dead writer held comes back so soon; the template's 240 s would be a long test.
HELD_SECONDS = 8


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Deploy a stage by our own command, from a checkout of its own, with the proxy in front."""
    checkout = tmp_path_factory.mktemp("checkout")
    for name in ("infra", "backend", "static_site"):
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, checkout / name, ignore=left_out)
    with (
        local_cloud(tmp_path_factory.mktemp("state")) as cloud,
        faulty_dynamodb(cloud.endpoint_url) as dynamodb,
        pytest.MonkeyPatch.context() as patch,
    ):
        # The functions find their tables through the proxy; nothing of the template is changed.
        template = checkout / "infra" / "template.yaml"
        variables = "      Variables:\n"
        text = template.read_text().replace(
            variables, f"{variables}        AWS_ENDPOINT_URL_DYNAMODB: {dynamodb.url}\n", 1
        )
        template.write_text(text)
        for name, value in environment(cloud).items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        patch.setattr(deploy_command, "ROOT", checkout)
        patch.chdir(checkout)
        deployed = Stage(cloud, dynamodb, checkout)
        assert deploy(deployed) == 0
        deployed.tune(VisibilityTimeout=str(HELD_SECONDS))
        yield deployed


def deploy(stage: Stage) -> int:
    """Deploy the stage's checkout."""
    parameters = [f"{name}={value}" for name, value in PARAMETERS.items()]
    given = ["DeletionProtection=false", "BatchWindowSeconds=1", *parameters]
    return command.main(["deploy", "--stage", STAGE, "--no-check", *given])


@pytest.fixture(autouse=True)
def whole(stage: Stage, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Mend what the test broke, wait until the writers are done, and look at everything."""
    yield
    stage.dynamodb.fail()
    wait_for("the queue to be empty", lambda: stage.messages() == 0, SECONDS)
    assert_accounted_for(stage)
    capsys.readouterr()
    code = command.main(["audit", "--stage", STAGE, "--json"])
    assert code == 0, capsys.readouterr().out


def assert_accounted_for(stage: Stage) -> None:
    """Hold that each event is posted once, and that jobs are as a plain recount has them."""
    entries = Counter(
        (entry.detail["job_id"], entry.event_id)
        for item in stage.items("EntriesTable")
        for entry in entries_of(item)
    )
    wanted = {(one["detail"]["job_id"], one["detail"]["event_id"]) for one in stage.sent}
    assert entries == dict.fromkeys(wanted, 1)
    dynamodb, table = stage.client("dynamodb"), stage.outputs["JobsTable"]
    for job_id, expected in recount_jobs(stage.sent).items():
        stored = read_job(dynamodb, table, job_id)
        assert stored is not None
        assert stored.job.counters == expected["counters"], job_id
        assert stored.job.attempt == expected["attempt"], job_id


@contextlib.contextmanager
def load(stage: Stage) -> Iterator[Callable[[], int]]:
    """Put events all the while, and give how many were accepted so far."""
    enough = threading.Event()
    trouble: list[BaseException] = []
    before = len(stage.sent)

    def produce() -> None:
        try:
            while not enough.is_set():
                stage.put(stage.some(5))
                enough.wait(0.1)  # no more than the writers of a small machine can keep up with
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            trouble.append(error)

    producer = threading.Thread(target=produce)
    producer.start()
    try:
        yield lambda: len(stage.sent) - before
    finally:
        enough.set()
        producer.join()
    assert trouble == []


def wait_for_more(accepted: Callable[[], int]) -> None:
    """Wait until some more events were accepted."""
    goal = accepted() + 50
    wait_for("some more events", lambda: accepted() >= goal, SECONDS)


def test_deploying_twice_under_load_loses_and_doubles_nothing(stage: Stage) -> None:
    """Each time, another version takes over while events come in all along."""
    code = stage.checkout / "backend" / "run_ledger" / "__init__.py"
    functions = stage.client("lambda")

    def live() -> str:
        name = stage.outputs["WriterFunctionName"]
        return str(functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"])

    with load(stage) as accepted:
        for number in (2, 3):
            wait_for_more(accepted)
            code.write_text(f"{code.read_text()}\n# Change {number} of the code.\n")
            before = accepted()
            assert deploy(stage) == 0
            assert live() == str(number)
            assert accepted() > before
        wait_for_more(accepted)


def kill_writers(stage: Stage, killed: set[int]) -> set[int]:
    """Kill the writers that have messages in hand and were not killed yet, and return which."""
    held = "ApproximateNumberOfMessagesNotVisible"
    answer = stage.client("sqs").get_queue_attributes(
        QueueUrl=stage.queue_url(), AttributeNames=[held]
    )
    if answer["Attributes"][held] == "0":
        return set()
    victims = set(stage.writers()) - killed
    for process in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return victims


def test_writers_killed_in_the_middle(stage: Stage) -> None:
    """Their messages come back, and what they had committed is recognised."""
    killed: set[int] = set()
    with load(stage):
        for _ in range(3):
            killed |= wait_for("another writer", partial(kill_writers, stage, killed), SECONDS)
    assert len(killed) >= 3


@pytest.mark.parametrize(
    ("faults", "times"),
    [({"throttled": 0.3}, 20), ({"down": 0.2, "cut": 0.2}, 10), ({"hung": 0.1}, 3)],
    ids=["throttled", "down or cut off after the commit", "silent after the commit"],
)
def test_dynamodb_that_fails(stage: Stage, faults: dict[str, float], times: int) -> None:
    """Whatever the writer is told or not told, each event is posted once."""
    stage.dynamodb.fail(**faults)
    with load(stage) as accepted:
        wait_for(
            "each fault, several times",
            lambda: accepted() > 50 and all(stage.dynamodb.met[name] >= times for name in faults),
            SECONDS,
        )


def test_poison_is_put_aside(stage: Stage) -> None:
    """What breaks the contract is kept with its reason; its neighbours in the batch are posted."""
    sqs, url = stage.client("sqs"), stage.queue_url()
    poison = [
        "no JSON",
        "{}",
        "[" * 5_000,
        json.dumps(builders.job_update(job_id="job-1", delta={"records_ok": "many"})),
        json.dumps(builders.job_update(job_id="job-1", client_id="another", event_id="x")),
        json.dumps(builders.job_update(job_id="\u0000", event_id="y")),
        json.dumps({**builders.job_update(job_id="job-1"), "detail-type": "job_gossip"}),
    ]

    def kept() -> list[dict[str, Any]]:
        """Return the rejections; the table also has items that say which days have some."""
        return [one for one in stage.items("RejectionsTable") if "raw" in one]

    before = len(kept())
    for body in poison:
        sqs.send_message(QueueUrl=url, MessageBody=body)
    stage.put(stage.some(30))

    wait_for("the rejections", lambda: len(kept()) - before >= len(poison), SECONDS)
    assert {one["raw"]["S"] for one in kept()} >= set(poison)
    assert all(one["reason"]["S"] for one in kept())
    assert stage.messages("DlqUrl") == 0


def test_full_dead_letter_queue_is_redriven(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """While nothing can be stored all ends there; once it can, all comes back and counts once."""
    policy = {
        "deadLetterTargetArn": stage.client("sqs").get_queue_attributes(
            QueueUrl=stage.queue_url("DlqUrl"), AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
    }
    stage.tune(RedrivePolicy=json.dumps({**policy, "maxReceiveCount": 1}), VisibilityTimeout="1")
    stage.dynamodb.fail(down=1.0)
    lost = stage.some(60)
    stage.put(lost)
    wait_for("the dead letters", lambda: stage.messages("DlqUrl") == len(lost), SECONDS)
    stage.dynamodb.fail()
    held = str(HELD_SECONDS)
    stage.tune(RedrivePolicy=json.dumps({**policy, "maxReceiveCount": 10}), VisibilityTimeout=held)
    assert command.main(["redrive", "--stage", STAGE]) == 0
    assert f"writer: {len(lost)} messages moved" in capsys.readouterr().out
    assert stage.messages("DlqUrl") == 0


def test_replay_of_everything_changes_nothing(stage: Stage) -> None:
    """An archive sends a day again, each event marked as replayed: no item changes."""
    before = {name: _stable(stage.items(name)) for name in ("EntriesTable", "RollupsTable")}
    sqs, url = stage.client("sqs"), stage.queue_url()
    replayed = [
        {"Id": str(number), "MessageBody": json.dumps({**one, "replay-name": "day"})}
        for number, one in enumerate(stage.sent)
    ]
    for start in range(0, len(replayed), 10):
        sqs.send_message_batch(QueueUrl=url, Entries=replayed[start : start + 10])
    wait_for("the queue to be empty", lambda: stage.messages() == 0, SECONDS)
    after = {name: _stable(stage.items(name)) for name in before}
    assert after == before


def _stable(items: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True, default=bytes.hex) for item in items)


def test_damaged_table_is_restored_and_mended(stage: Stage) -> None:
    """As the runbook says: restored beside, switched while events wait, the rest mended."""
    dynamodb, functions = stage.client("dynamodb"), stage.client("lambda")
    table = stage.outputs["JobsTable"]
    beside = f"{table}-restored"
    wait_for("the queue to be empty", lambda: stage.messages() == 0, SECONDS)
    dynamodb.restore_table_to_point_in_time(
        SourceTableName=table, TargetTableName=beside, UseLatestRestorableTime=True
    )
    dynamodb.get_waiter("table_exists").wait(TableName=beside)
    # Posted after the restored second: entries have them, the restored table has not.
    stage.put(stage.some(20))
    wait_for("the queue to be empty", lambda: stage.messages() == 0, SECONDS)
    writer = f"{stage.outputs['WriterFunctionName']}:live"
    (mapping,) = functions.list_event_source_mappings(FunctionName=writer)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    stage.put(stage.some(20))
    made = dynamodb.create_backup(TableName=beside, BackupName="switch")
    dynamodb.delete_table(TableName=table)
    dynamodb.get_waiter("table_not_exists").wait(TableName=table)
    backup = made["BackupDetails"]["BackupArn"]
    dynamodb.restore_table_from_backup(TargetTableName=table, BackupArn=backup)
    dynamodb.get_waiter("table_exists").wait(TableName=table)
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    wait_for("the queue to be empty", lambda: stage.messages() == 0, SECONDS)
    assert command.main(["audit", "--stage", STAGE]) == 1
    assert command.main(["audit", "--stage", STAGE, "--repair"]) == 0
    # What came for jobs that were older than their log has waited, as dead letters at last.
    assert command.main(["redrive", "--stage", STAGE]) == 0


def test_everything_stopped_and_started_under_load(stage: Stage) -> None:
    """Events that were accepted before the stop are posted after the start; producers try again."""
    with load(stage) as accepted:
        wait_for_more(accepted)
        stage.cloud.restart()
        wait_for_more(accepted)
