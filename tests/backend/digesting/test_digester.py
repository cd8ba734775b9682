"""The digester's handler: one client's trouble is not another's, and its role has what it needs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.backend.digesting.test_digest_sender import DAILY, DUE, OPS, work
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.readers import log_lines
from tests.support.readers.reading import CountingClient, Serial
from tests.support.receivers.digest_stage import OFF_URL, DigestStage
from tests.support.stacks.templates import FULL, properties, statements

from run_ledger import logs
from run_ledger.digesting import digester
from run_ledger.digesting.digest_sender import DigestSender
from run_ledger.read.reader import Reader
from run_ledger.store.clients.digest_reads import read_digests, read_mail_channels
from run_ledger.store.digests.digest_records import DigestRecords
from run_ledger.store.dynamo.attributes import to_item


class Invocation(Context):
    """One with the digester's time."""

    def get_remaining_time_in_millis(self) -> int:
        """Give five minutes."""
        return 300_000


def called(stage: DigestStage, monkeypatch: pytest.MonkeyPatch, client: Any = None) -> Any:
    """Call the handler, as the schedule does."""
    client = client or stage.here.client
    reader = Reader(client, stage.here.settings, Serial(), lambda: stage.now)
    sender = DigestSender(
        reader,
        lambda client_id: read_mail_channels(client, NAMES.clients, client_id),
        DigestRecords(client, NAMES.incidents),
        stage.sender().queue,
        stage.sender().new_secret,
        OFF_URL,
    )

    def begun() -> digester.Digester:
        logs.configure("INFO", stage="test", function="digester")
        return digester.Digester(lambda: read_digests(client, NAMES.clients), sender)

    monkeypatch.setattr(digester, "_digester", begun)
    return digester.handler({"source": "aws.events"}, Invocation())


def test_one_that_fails_keeps_no_other_from_being_sent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The function fails all the same, so that an alarm rings; no line has an address."""
    stage = DigestStage([work(), work("globex")], DUE)
    broken = {"pk": "clients", "sk": "aaa", "name": "A", "digest": {"every": "sometimes"}}
    stage.here.client.put_item(TableName=NAMES.clients, Item=to_item(broken))
    stage.declare("acme", DAILY, OPS)
    stage.declare("globex", DAILY, OPS)
    # The channels of globex can't be read.
    profile = {"pk": "globex", "sk": "profile", "channels": [{"kind": "pigeon"}]}
    stage.here.client.put_item(TableName=NAMES.clients, Item=to_item(profile))
    with pytest.raises(digester.DigestsFailed, match="2 digests"):
        called(stage, monkeypatch)
    assert len(stage.bodies) == 2
    printed = capsys.readouterr().out
    lines = log_lines.read(printed)
    assert {line.get("client_id") for line in lines if line["level"] == "ERROR"} == {
        "aaa",
        "globex",
    }
    assert "@" not in printed


def test_the_role_has_what_a_digest_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of DynamoDB, by table and index, is allowed; and what is written is digests'."""
    stage = DigestStage([work()], DUE)
    stage.declare("acme", DAILY, OPS)
    stage.declare("*", DAILY, OPS)
    counting: Any = CountingClient(stage.here.client)
    assert called(stage, monkeypatch, counting) == {"sent": 2}
    asked = set()
    for name, request in counting.requests:
        action = "".join(part.capitalize() for part in name.split("_"))
        for table in request.get("RequestItems", {request.get("TableName"): None}):
            asked.add((action, table, request.get("IndexName")))
    tables = {name: f"{kind.capitalize()}Table" for kind, name in NAMES._asdict().items()}
    allowed = set()
    for statement in statements(properties("DigesterRole", **FULL)):
        if statement["Effect"] == "Allow":
            for resource in listed(statement["Resource"]):
                allowed |= {(one, str(resource)) for one in listed(statement["Action"])}
    for action, table, index in asked:
        arn = f"${{{tables[table]}.Arn}}/index/{index}" if index else f"'{tables[table]}', 'Arn'"
        assert [1 for one, what in allowed if one == f"dynamodb:{action}" and arn in what], (
            action,
            table,
            index,
        )


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and what stands alone as one of one."""
    return value if isinstance(value, list) else [value]
