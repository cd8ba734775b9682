"""`run-ledger digest`: what would be sent, who gets it, and switching it off and on."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.events.builders import job_update
from tests.support.readers.reading import SETTINGS, House, Serial
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger import logs
from run_ledger.delivering.delivery_queue import NO_DELIVERIES
from run_ledger.digesting import digester
from run_ledger.digesting.digest_sender import DigestSender
from run_ledger.domain.instants import parse
from run_ledger.read.reader import Reader
from run_ledger.store.clients.digest_reads import read_digests, read_mail_channels
from run_ledger.store.digests.digest_records import DigestReader, DigestRecords
from run_ledger_ops import command
from run_ledger_ops.checks.digest_health import digests
from run_ledger_ops.checks.findings import Level

CLIENTS = """\
staff:
  channels:
    desk: {mail: [desk@ledger.example]}
  digest: weekly
clients:
  - id: acme
    name: Acme
    channels:
      ops: {mail: [a@acme.example, b@acme.example]}
      more: {mail: c@acme.example}
    digest: {every: daily, at: 08:00 Europe/Berlin, to: [ops]}
  - id: globex
    name: Globex
"""
NOW = parse("2026-11-23T08:00:00Z")


class Functions:
    """Lambda, with the digester alone."""

    def invoke(self, *, FunctionName: str, Qualifier: str, Payload: bytes) -> Any:  # noqa: N803
        """Answer as the function would."""
        assert (FunctionName, Qualifier) == ("the-digester", "live")
        try:
            answer: Any = digester.handler(json.loads(Payload), Context())
        except Exception as error:  # noqa: BLE001 - as Lambda does
            failure = json.dumps({"errorMessage": str(error)}).encode()
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(failure)}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> Iterator[System]:
    """Give a system with two clients, whose digester works on the same tables."""
    with deployed_system(monkeypatch, clients={"lambda": Functions()}) as found:
        found.outputs["DigesterFunctionName"] = "the-digester"
        reader = Reader(found.dynamodb, SETTINGS, Serial(), lambda: NOW)
        sender = DigestSender(
            reader,
            partial(read_mail_channels, found.dynamodb, NAMES.clients),
            DigestRecords(found.dynamodb, NAMES.incidents),
            NO_DELIVERIES,
            lambda: "A" * 43,
            "https://digests.example/digests/off",
            "https://ledger.example",
        )
        here = digester.Digester(partial(read_digests, found.dynamodb, NAMES.clients), sender)
        monkeypatch.setattr(digester, "_now", lambda: NOW)

        def begun() -> digester.Digester:
            logs.configure("INFO", stage="test", function="digester")
            return here

        monkeypatch.setattr(digester, "_digester", begun)
        path = tmp_path / "clients.yaml"
        path.write_text(CLIENTS)
        assert command.main(["clients", "apply", str(path), "--stage", STAGE]) == 0
        House(found.dynamodb, now=NOW).post(
            job_update(
                job_id="job-1",
                client_id="acme",
                pipeline="nightly",
                event_id="end",
                status="completed",
                result="failed",
                occurred_at="2026-11-22T12:00:00Z",
                delta={"cost_microusd": 1_234_567},
            )
        )
        capsys.readouterr()
        yield found


def run(*words: str) -> int:
    """Run `run-ledger digest` on the stage."""
    return command.main(["digest", *words, "--stage", STAGE])


@pytest.mark.usefixtures("system")
def test_show_prints_what_would_be_sent(capsys: pytest.CaptureFixture[str]) -> None:
    """The latest digest, or that of a day; as text or as JSON."""
    assert run("show", "--client", "acme") == 0
    out = capsys.readouterr().out
    assert "Acme, Sun 22 Nov: 1 of 1 job failed or timed out" in out
    assert "It cost 1.234567 USD" in out
    assert "- nightly: 1 of 1 failed, the day before 0 of 0 failed" in out
    assert "2 mail addresses get the digests of client acme." in out
    assert run("show", "--client", "acme", "--day", "2026-11-23", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["figures"]["work_before"]["failed"] == 1
    assert (shown["first_day"], shown["tz"]) == ("2026-11-23", "Europe/Berlin")
    assert run("show", "--client", "globex") == 0
    assert "Client globex declares no digest: nobody gets this." in capsys.readouterr().out


@pytest.mark.usefixtures("system")
def test_what_can_t_be_shown_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A client that nobody knows, and a day that is none."""
    assert run("show", "--client", "nobody") == 2
    assert "the digest can't be made" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run("show", "--client", "acme", "--day", "yesterday")
    assert "allowed: a day, as 2026-11-22" in capsys.readouterr().err


@pytest.mark.usefixtures("system")
def test_an_address_is_switched_off_and_on(capsys: pytest.CaptureFixture[str]) -> None:
    """The list says who gets digests; another address can't be switched."""
    assert run("list") == 0
    assert capsys.readouterr().out == (
        "staff: weekly at 08:00 UTC to all mail channels\n"
        "  desk@ledger.example by desk\n"
        "client acme: daily at 08:00 Europe/Berlin to ops\n"
        "  a@acme.example by ops\n"
        "  b@acme.example by ops\n"
    )
    assert run("off", "--client", "acme", "--address", "A@acme.example") == 0
    assert run("list", "--json") == 0
    out = capsys.readouterr().out
    (_, listed) = json.loads(out[out.index("{") :])["digests"]
    assert [one["switched_off_at"] is None for one in listed["addresses"]] == [False, True]
    assert [one["switched_off_by"] for one in listed["addresses"]] == ["operator", None]
    assert run("show", "--client", "acme") == 0
    out = capsys.readouterr().out
    assert "1 mail address gets" in out
    assert re.search(r"a@acme.example by ops, off since \S+Z by `run-ledger digest off`\n", out)
    assert run("on", "--client", "acme", "--address", "a@acme.example") == 0
    assert run("show", "--client", "acme") == 0
    assert "2 mail addresses get" in capsys.readouterr().out
    assert run("off", "--client", "acme", "--address", "c@acme.example") == 2
    assert "is no mail address of a digest" in capsys.readouterr().err


def test_staffs_digest_is_over_all_clients(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown, and switched off and on, by `--staff`; one of the two has to be said."""
    assert run("show", "--staff", "--day", "2026-11-22") == 0
    out = capsys.readouterr().out
    assert "All clients, Mon 16 Nov to Sun 22 Nov: 1 of 1 job failed or timed out" in out
    assert "Clients, worst first\n- acme: 1 of 1 failed, the week before 0 of 0 failed" in out
    assert "1 mail address gets the digests of staff." in out
    assert run("off", "--staff", "--address", "desk@ledger.example") == 0
    records = DigestRecords(system.dynamodb, NAMES.incidents)
    (off,) = records.switched_off("*")
    records.switch_on(DigestReader("*", off.address_digest))
    records.switch_off(DigestReader("*", off.address_digest), NOW, "link")
    looked_at: Any = SimpleNamespace(dynamodb=system.dynamodb, tables=NAMES)
    found = digests(looked_at)
    assert found.level is Level.WELL
    off_words = "off since 2026-11-23T08:00:00.000000Z by the link in a mail"
    assert found.words == (
        f"2 mail addresses of 2 digests; desk@ledger.example (staff), {off_words}"
    )
    assert run("on", "--staff", "--address", "desk@ledger.example") == 0
    assert "desk@ledger.example gets the digests of staff again." in capsys.readouterr().out
    assert records.switched_off("*") == []
    with pytest.raises(SystemExit):
        run("show")
    assert "one of the arguments --client --staff is required" in capsys.readouterr().err


def test_a_stage_that_tells_nobody_says_so(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the function is missing."""
    del system.outputs["DigesterFunctionName"]
    assert run("show", "--client", "acme") == 2
    assert "deploy it with Telling=true" in capsys.readouterr().err
