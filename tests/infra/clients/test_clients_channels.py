"""A client's channels: checked with clear words, kept, compared, and given back as declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.store.clients.alert_reads import read_alert_rules
from run_ledger.store.clients.channel_reads import read_channel
from run_ledger_ops import command
from run_ledger_ops.clients.declaration import parse
from run_ledger_ops.clients.text import text_of
from run_ledger_ops.console.exceptions import OpsError

SSM = "arn:aws:ssm:eu-central-1:123456789012:parameter/run-ledger/prod/chat"
MANAGER = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:run-ledger/prod/key-AbCdEf"
URL = "https://hooks.acme.example/ledger"
Apply = Callable[..., tuple[int, str, str]]


def of_channels(*lines: str, alerts: str = "") -> str:
    """Return a file of one client whose channels are *lines*, from line 5 on."""
    listed = "".join(f"      {line}\n" for line in lines)
    return f"clients:\n  - id: acme\n    name: Acme\n    channels:\n{listed}{alerts}"


def declared(*lines: str) -> tuple[Channel, ...]:
    """Return the channels that a file declares."""
    (record,) = parse(of_channels(*lines), "f.yaml")
    return record.channels


ALL = (
    "ops: {mail: [a@acme.example, b@acme.example]}",
    f"chat: {{slack: '{SSM}'}}",
    f"room: {{teams: '{MANAGER}'}}",
    f"hook: {{webhook: '{URL}', signing_key: '{MANAGER}'}}",
    f"secret-hook: {{webhook: '{SSM}', signing_key: '{MANAGER}'}}",
)


def test_all_kinds() -> None:
    """In their order, and one address needs no list."""
    assert declared(*ALL) == (
        Channel("ops", "mail", ("a@acme.example", "b@acme.example")),
        Channel("chat", "slack", address=SSM),
        Channel("room", "teams", address=MANAGER),
        Channel("hook", "webhook", address=URL, signing_key=MANAGER),
        Channel("secret-hook", "webhook", address=SSM, signing_key=MANAGER),
    )
    assert declared("ops: {mail: a@acme.example}")[0].recipients == ("a@acme.example",)
    here = "hook: {webhook: http://127.0.0.1:9000/x, signing_key: file:/tmp/key}"
    assert declared(here)[0].address == "http://127.0.0.1:9000/x"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Ops: {mail: a@acme.example}", "got 'Ops'; allowed: 1 to 32 lower-case letters"),
        ("ops: {}", "acme.channels.ops: allowed: one of mail, slack, teams, webhook"),
        ("ops: {mail: a@b.example, slack: x}", "allowed: one of mail, slack, teams, webhook"),
        ("ops: a@b.example", "acme.channels.ops: allowed: names with what belongs to each"),
        ("ops: {fax: '7'}", "unknown key 'fax'; allowed: mail, slack, teams, webhook, signing_key"),
        ("ops: {mail: nobody}", "mail: got 'nobody'; allowed: an e-mail address"),
        ("ops: {mail: 'a@b.example, c@d.example'}", "allowed: an e-mail address"),
        ('ops: {mail: "a@b.example\\nBcc: c@d.example"}', "allowed: an e-mail address"),
        ("ops: {mail: []}", "0 addresses; allowed: 1 to 20"),
        ("ops: {mail: [a@b.example, a@b.example]}", "a@b.example is there twice"),
        ("chat: {slack: https://hooks.slack.com/services/T/B/x}", "as it may be a secret"),
        ("chat: {slack: env:CHAT}", "chat.slack: allowed: the ARN of a secret in Secrets Manager"),
        (f"hook: {{webhook: '{URL}', signing_key: env:KEY}}", "signing_key: allowed: the ARN of"),
        (f"chat: {{slack: '{SSM.replace('run-ledger', 'other')}'}}", "parameter/run-ledger/STAGE"),
        (f"chat: {{slack: '{SSM}', signing_key: '{SSM}'}}", "signing_key belongs to a webhook"),
        (f"hook: {{webhook: '{URL}'}}", "each webhook needs one"),
        (f"hook: {{webhook: '{URL}', signing_key: whsec_c2VjcmV0}}", "as it may be a secret"),
        (f"hook: {{webhook: http://a.example/, signing_key: '{SSM}'}}", "an https URL, or the ARN"),
        (f"hook: {{webhook: '{URL}?token=x', signing_key: '{SSM}'}}", "an https URL, or the ARN"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(line: str, said: str) -> None:
    """With the line, in at most 400 characters, and never what may be a secret."""
    with pytest.raises(OpsError) as caught:
        declared(line)
    text = str(caught.value)
    assert said in text
    assert "f.yaml:5:" in text
    assert "whsec_" not in text
    assert "services/T/B" not in text
    assert max(map(len, text.splitlines())) <= 400


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("[none]", "acme.alerts[1].to: got 'none'; allowed: ops"),
        ("[ops, ops]", "acme.alerts[1].to: ops is there twice"),
        ("ops", "acme.alerts[1].to: allowed: a list"),
    ],
)
def test_a_rule_names_channels_that_there_are(to: str, said: str) -> None:
    """Each once."""
    alerts = f"    alerts:\n      - {{what: failed, to: {to}}}\n"
    with pytest.raises(OpsError, match=r"."):
        parse(of_channels(ALL[0], alerts=alerts), "f.yaml")
    with pytest.raises(OpsError) as caught:
        parse(of_channels(ALL[0], alerts=alerts), "f.yaml")
    assert said in str(caught.value)


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed stage."""
    with deployed_system(monkeypatch) as made:
        yield made


@pytest.fixture
def apply(system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Apply:
    """Return what applies a text, and gives exit code, output and warnings."""
    assert system

    def applied(text: str, *options: str) -> tuple[int, str, str]:
        path = tmp_path / "clients.yaml"
        path.write_text(text)
        code = command.main(["clients", "apply", str(path), "--stage", STAGE, *options])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return applied


def test_channels_are_kept_and_given_back(
    system: System, apply: Apply, capsys: pytest.CaptureFixture[str]
) -> None:
    """References are shown to those who ask for them alone, and withheld ones stay."""
    alerts = "    alerts:\n      - what: failed\n      - {what: timed_out, to: [ops]}\n"
    text = of_channels(*ALL, alerts=alerts)
    code, out, _ = apply(text)
    assert code == 0
    assert "+ channel ops: mail to a@acme.example, b@acme.example" in out
    assert f"+ channel hook: webhook at {URL}" in out
    assert "+ channel chat: slack at a secret address" in out
    assert "arn:" not in out
    names = ("ops", "chat", "room", "hook", "secret-hook")
    rules = read_alert_rules(system.dynamodb, NAMES.clients, "acme")
    assert rules == (AlertRule("failed", to=names), AlertRule("timed_out", to=("ops",)))
    kept = [read_channel(system.dynamodb, NAMES.clients, "acme", name) for name in names]
    assert tuple(kept) == declared(*ALL)
    assert "Nothing to change." in apply(text)[1]
    for options, shown in (((), "withheld"), (("--references",), SSM)):
        assert command.main(["clients", "export", "--stage", STAGE, *options]) == 0
        exported = capsys.readouterr().out
        assert shown in exported
        assert ("arn:" in exported) == bool(options)
        assert "Nothing to change." in apply(exported)[1]
    assert text_of(parse(text, "f.yaml")) == text_of(parse(exported, "f.yaml"))


def test_what_changes_is_shown(system: System, apply: Apply) -> None:
    """A channel by its name; another reference without it."""
    apply(of_channels(ALL[0], ALL[1]))
    other = ALL[1].replace("/chat", "/other")
    _, out, _ = apply(of_channels("ops: {mail: c@acme.example}", other))
    assert "~ channel ops: mail to c@acme.example" in out
    assert "~ channel chat: slack at a secret address; another reference" in out
    _, out, _ = apply(of_channels(ALL[0]))
    assert "- channel chat" in out
    assert read_channel(system.dynamodb, NAMES.clients, "acme", "chat") is None


def test_withheld_is_nothing_to_begin_with(apply: Apply) -> None:
    """Where no reference is kept that could stay as it is."""
    code, _, err = apply(of_channels("chat: {slack: withheld}"))
    assert code == 2
    assert "channel chat withholds a reference" in err


@pytest.mark.parametrize(
    "line",
    [
        "chat: {slack: http://127.0.0.1:9000/x}",
        "chat: {teams: file:/tmp/address}",
        f"chat: {{webhook: '{URL}', signing_key: file:/tmp/key}}",
    ],
)
def test_a_deployed_stage_has_no_channels_of_this_machine(
    system: System, apply: Apply, line: str
) -> None:
    """They are a local stack's, and nothing is written."""
    code, _, err = apply(of_channels(line))
    assert code == 2
    assert "acme.channels.chat: files and addresses of this machine are for a local stack" in err
    assert read_channel(system.dynamodb, NAMES.clients, "acme", "chat") is None


@pytest.mark.parametrize(
    "case",
    [
        ({}, ALL[:1], "nobody is told by acme.channels.ops: deploy it with MailIdentityArn=ARN"),
        ({}, (ALL[0], "on-call: {mail: c@acme.example}"), "by acme.channels.ops and 1 more: "),
        ({"MailFrom": ""}, ALL, "this stage sends no mail"),
        ({"MailFrom": "ledger@acme.example"}, ALL, ""),
        ({}, ALL[1:], ""),
    ],
)
def test_mail_channels_need_a_stage_that_sends_mail(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    case: tuple[dict[str, str], tuple[str, ...], str],
) -> None:
    """Whoever declares them is told so at once, and they are kept."""
    parameters, lines, said = case
    path = tmp_path / "clients.yaml"
    path.write_text(of_channels(*lines))
    with deployed_system(monkeypatch, parameters=parameters) as system:
        assert command.main(["clients", "apply", str(path), "--stage", STAGE]) == 0
        name = lines[0].partition(":")[0]
        assert read_channel(system.dynamodb, NAMES.clients, "acme", name) is not None
    err = capsys.readouterr().err
    assert said in err if said else "mail" not in err
