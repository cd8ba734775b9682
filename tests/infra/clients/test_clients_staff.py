"""What staff declare for all clients: checked, kept apart from clients, compared, given back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.domain.incidents.alert_rules import STAFF, AlertRule
from run_ledger.store.clients.alert_reads import read_alert_rules
from run_ledger.store.clients.channel_reads import read_channel
from run_ledger.store.clients.digest_reads import read_digests
from run_ledger_ops import command
from run_ledger_ops.clients.declaration import parse
from run_ledger_ops.console.exceptions import OpsError

SSM = "arn:aws:ssm:eu-central-1:123456789012:parameter/run-ledger/prod/chat"
CLIENTS = "clients:\n  - {id: acme, name: Acme}\n"
STAFFED = f"""\
staff:
  channels:
    desk: {{mail: [desk@ledger.example]}}
    chat: {{slack: '{SSM}'}}
  alerts:
    - {{what: failed, after: 3, to: [desk]}}
    - {{what: error_rate}}
  digest: {{every: weekly, to: [desk]}}
"""
Run = Callable[..., tuple[int, str, str]]


def test_it_stands_before_the_clients() -> None:
    """With rules and channels of the same form; a file may hold it alone."""
    staff, acme = parse(STAFFED + CLIENTS, "f.yaml")
    assert (staff.client_id, acme.client_id) == (STAFF, "acme")
    assert staff.alerts[0] == AlertRule("failed", after=3, to=("desk",))
    assert staff.digest == DigestRule("weekly", to=("desk",))
    assert staff.channels[0] == Channel("desk", "mail", ("desk@ledger.example",))
    assert parse(STAFFED, "f.yaml") == [staff]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("staff: {}\n", "staff: allowed: channels, alerts and digest; nothing is there"),
        ("staff: []\n", "staff: allowed: names with what belongs to each"),
        ("staff: {name: x}\n", "staff: unknown key 'name'; allowed: channels, alerts"),
        (
            "staff: {alerts: [{what: budget, month_usd: 5}]}\n",
            "got 'budget'; allowed: failed, timed_out, partial, error_rate, new_error",
        ),
        ("staff: {alerts: [{what: failed, to: [ops]}]}\n", "staff.alerts[1].to: got 'ops'"),
        ("staff: {channels: {X: {mail: a@b.example}}}\n", "staff.channels: got 'X'"),
        ("stuff: {}\n", "the file: unknown key 'stuff'; allowed: clients, staff"),
        ("{}\n", "the file: clients is missing"),
        ("clients:\n  - {id: '*', name: x}\n", "got '*'"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(text: str, said: str) -> None:
    """With the place, in at most 400 characters; no client takes the place of staff."""
    with pytest.raises(OpsError) as caught:
        parse(text, "f.yaml")
    assert said in str(caught.value)
    assert max(map(len, str(caught.value).splitlines())) <= 400


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed stage."""
    gateway = SimpleNamespace(
        meta=SimpleNamespace(endpoint_url="https://apigateway.eu-central-1.amazonaws.com")
    )
    with deployed_system(monkeypatch, clients={"apigateway": gateway}) as made:
        yield made


@pytest.fixture
def run(system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs `clients` with options and a file's text, and gives code and outputs."""
    assert system

    def ran(action: str, *options: str, text: str | None = None) -> tuple[int, str, str]:
        file = tmp_path / "clients.yaml"
        if text is not None:
            file.write_text(text)
        named = [] if text is None else [str(file)]
        code = command.main(["clients", action, *named, "--stage", STAGE, *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return ran


def keys(system: System) -> list[tuple[str, str]]:
    """Return the keys of all items that the table Clients has."""
    items = system.dynamodb.scan(TableName=NAMES.clients)["Items"]
    return [(item["pk"]["S"], item["sk"]["S"]) for item in items]


def test_it_is_applied_shown_and_given_back(run: Run, system: System) -> None:
    """Again changes nothing; it is read by its own key, and is no client of the directory."""
    code, out, _ = run("apply", text=STAFFED + CLIENTS)
    assert code == 0
    assert "+ staff (for all clients)" in out
    assert "+ channel desk: mail to desk@ledger.example" in out
    assert "+ alert: what: failed, after: 3, to: [desk]" in out
    assert SSM not in out
    code, out, _ = run("apply", text=STAFFED + CLIENTS)
    assert (code, out.splitlines()[-1]) == (0, "Nothing to change.")
    rules = read_alert_rules(system.dynamodb, NAMES.clients, STAFF)
    assert [rule.to for rule in rules] == [("desk",), ("desk", "chat")]
    chat = read_channel(system.dynamodb, NAMES.clients, STAFF, "chat")
    assert chat is not None
    assert chat.address == SSM
    listed = [sort for partition, sort in keys(system) if partition == "clients"]
    assert listed == ["acme"]

    exported = run("export")[1]
    assert yaml.safe_load(exported)["staff"]["channels"]["chat"] == {"slack": "withheld"}
    assert run("apply", text=exported)[1].splitlines()[-1] == "Nothing to change."
    assert (
        yaml.safe_load(run("export", "--references")[1])["staff"]
        == yaml.safe_load(STAFFED)["staff"]
    )
    assert "staff" not in yaml.safe_load(run("export", "acme")[1])


def test_a_change_of_it_and_its_end(run: Run, system: System) -> None:
    """A file without it leaves it as it is, unless it is to prune."""
    run("apply", text=STAFFED + CLIENTS)
    less = STAFFED.replace("    - {what: error_rate}\n", "")
    code, out, _ = run("apply", "--json", text=less + CLIENTS)
    change = json.loads(out)["clients"][0]
    assert (code, change["client_id"], change["change"]) == (0, STAFF, "changed")
    assert change["alerts"] == [
        {"what": "alert", "change": "removed", "details": ["what: error_rate"]}
    ]
    assert change["profile"] == change["digest"] == []
    code, out, _ = run("apply", text=less.replace("weekly", "daily") + CLIENTS)
    assert (code, "~ digest: daily at 08:00 UTC to desk" in out) == (0, True)
    (staffs,) = read_digests(system.dynamodb, NAMES.clients)
    assert (staffs.client_id, staffs.rule) == (STAFF, DigestRule("daily", to=("desk",)))
    assert run("apply", text=CLIENTS)[1].splitlines()[-1] == "Nothing to change."
    code, out, _ = run("apply", "--prune", text=CLIENTS)
    assert code != 0, "nobody has answered"
    assert read_alert_rules(system.dynamodb, NAMES.clients, STAFF)
    code, out, _ = run("apply", "--prune", "--yes", text=CLIENTS)
    assert (code, "- staff (for all clients)" in out) == (0, True)
    assert STAFF not in [partition for partition, _ in keys(system)]
    assert (
        run("apply", "--prune", "--yes", text=CLIENTS)[1].splitlines()[-1] == "Nothing to change."
    )


def test_channels_of_this_machine_are_for_a_local_stack(run: Run) -> None:
    """As those of clients are."""
    local = "staff: {channels: {hook: {webhook: http://127.0.0.1:9/x, signing_key: file:/k}}}\n"
    code, _, err = run("apply", text=local + CLIENTS)
    assert code != 0
    assert "staff.channels.hook: files and addresses of this machine" in err
