"""A client's digest: checked with clear words, kept, compared, and given back as declared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.store.clients.digest_reads import read_digests, read_mail_channels
from run_ledger_ops import command
from run_ledger_ops.clients.declaration import parse
from run_ledger_ops.clients.digest_declarations import digest_text
from run_ledger_ops.clients.text import text_of
from run_ledger_ops.console.exceptions import OpsError

Apply = Callable[..., tuple[int, str, str]]
CHANNELS = (
    "    channels:\n"
    "      ops: {mail: a@acme.example}\n"
    "      more: {mail: b@acme.example}\n"
    "      chat: {slack: file:/chat}\n"
)


def of_digest(digest: str, channels: str = CHANNELS) -> str:
    """Return a file of one client with this digest, which stands in its last line."""
    return f"clients:\n  - id: acme\n    name: Acme\n{channels}    digest: {digest}\n"


@pytest.mark.parametrize(
    ("digest", "rule", "words"),
    [
        ("daily", DigestRule("daily"), "daily at 08:00 UTC to all mail channels"),
        (
            "{every: weekly, at: 07:30 Europe/Berlin, to: [more], empty: true}",
            DigestRule("weekly", "07:30 Europe/Berlin", ("more",), empty=True),
            "weekly at 07:30 Europe/Berlin to more, on empty days, too",
        ),
        ("{every: daily, to: ops}", DigestRule("daily", to=("ops",)), "daily at 08:00 UTC to ops"),
        ("{every: daily, empty: false}", DigestRule("daily"), None),
    ],
)
def test_what_is_declared_comes_back(digest: str, rule: DigestRule, words: str | None) -> None:
    """As it was read, and as a line for people."""
    (record,) = parse(of_digest(digest), "f.yaml")
    assert record.digest == rule
    assert parse(text_of([record]), "again.yaml") == [record]
    assert words in (None, digest_text(rule))


@pytest.mark.parametrize(
    ("digest", "complaint"),
    [
        ("hourly", "acme.digest: got 'hourly'; allowed: daily or weekly"),
        ("[daily]", "acme.digest: allowed: "),
        ("{at: 08:00 UTC}", "acme.digest: every is missing"),
        ("{every: never}", "acme.digest.every: got 'never'; allowed: daily or weekly"),
        (
            "{every: daily, at: 8am}",
            "acme.digest.at: got '8am'; allowed: a time and a zone, such as 07:30 Europe/Berlin",
        ),
        ("{every: daily, at: 08:00 Mars/Base}", "acme.digest.at: got '08:00 Mars/Base'; allowed"),
        ("{every: daily, to: [chat]}", "acme.digest.to: got 'chat'; allowed: ops, more"),
        ("{every: daily, to: [ops, ops]}", "acme.digest.to: ops is there twice"),
        ("{every: daily, to: []}", "acme.digest.to: name at least one channel of the kind mail"),
        ("{every: daily, empty: 1}", "acme.digest.empty: allowed: true or false"),
        ("{every: daily, empty: yes}", "acme.digest.empty: allowed: true or false"),
        ("{every: daily, often: true}", "acme.digest: unknown key 'often'; allowed: every, at, to"),
    ],
)
def test_what_is_wrong_is_said(digest: str, complaint: str) -> None:
    """With the field and what is allowed, briefly."""
    with pytest.raises(OpsError) as refused:
        parse(of_digest(digest), "f.yaml")
    assert complaint in str(refused.value)
    assert len(str(refused.value)) <= 400


def test_a_digest_needs_a_mail_channel() -> None:
    """Nothing is accepted that would go nowhere."""
    with pytest.raises(OpsError, match=r"digest: it needs a channel of the kind mail"):
        parse(of_digest("daily", ""), "f.yaml")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system."""
    with deployed_system(monkeypatch) as found:
        yield found


@pytest.fixture
def apply(
    system: System,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Apply:
    """Give what applies a file, and returns the code, and what it printed."""

    def run(text: str, *options: str) -> tuple[int, str, str]:
        path = tmp_path / "clients.yaml"
        path.write_text(text)
        code = command.main(["clients", "apply", str(path), "--stage", STAGE, *options])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_a_digest_is_applied_changed_and_taken_away(system: System, apply: Apply) -> None:
    """One query finds the clients that have one; the change is shown."""
    code, out, _ = apply(of_digest("daily", CHANNELS.replace("file:/chat", SSM)))
    assert code == 0
    assert "+ digest: daily at 08:00 UTC to all mail channels" in out
    (found,) = read_digests(system.dynamodb, NAMES.clients)
    assert (found.client_id, found.rule) == ("acme", DigestRule("daily"))
    names = [one.name for one in read_mail_channels(system.dynamodb, NAMES.clients, "acme")]
    assert names == ["ops", "more"]

    _, out, _ = apply(of_digest("daily", CHANNELS.replace("file:/chat", SSM)))
    assert "no change" in out
    code, out, _ = apply(of_digest("weekly", CHANNELS.replace("file:/chat", SSM)), "--json")
    (change,) = json.loads(out)["clients"]
    assert change["digest"] == [
        {
            "what": "digest",
            "change": "changed",
            "details": ["weekly at 08:00 UTC to all mail channels"],
        }
    ]
    (found,) = read_digests(system.dynamodb, NAMES.clients)
    assert found.rule == DigestRule("weekly")
    _, out, _ = apply("clients:\n  - id: acme\n    name: Acme\n")
    assert "- digest" in out
    assert read_digests(system.dynamodb, NAMES.clients) == []


SSM = "arn:aws:ssm:eu-central-1:123456789012:parameter/run-ledger/test/chat"
