"""What a client expects of its pipelines: checked with clear words, kept, and given back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.incidents.watches import rule_about
from run_ledger.store.clients.watched_clients import WatchedClient, read_watched
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.items.client_items import ClientProfile, ClientRecord
from run_ledger_ops import command
from run_ledger_ops.clients.declaration import parse
from run_ledger_ops.clients.text import text_of
from run_ledger_ops.console.exceptions import OpsError


def of(key: str, *lines: str) -> str:
    """Return a file of one client that declares *lines*, from line 5 on."""
    listed = "".join(f"      - {line}\n" for line in lines)
    return f"clients:\n  - id: acme\n    name: Acme\n    {key}:\n{listed}"


def declared(*lines: str) -> tuple[Expectation, ...]:
    """Return what a file expects."""
    (record,) = parse(of("expect", *lines), "f.yaml")
    return record.expect


def test_all_that_can_be_said() -> None:
    """Two keys are enough; the rest has defaults."""
    assert declared(
        '{pipeline: nightly, cron: "0 2 * * *"}',
        '{pipeline: nightly, project: p, cron: "0 2 * * 1-5", timezone: Europe/Berlin, grace: 0s}',
        "{pipeline: feed, every: 7d, grace: 2h, max_duration: 90s}",
        "{pipeline: slow, max_duration: 3h}",
    ) == (
        Expectation("nightly", cron="0 2 * * *"),
        Expectation("nightly", "p", cron="0 2 * * 1-5", timezone="Europe/Berlin", grace_seconds=0),
        Expectation("feed", every_seconds=604_800, grace_seconds=7_200, max_duration_seconds=90),
        Expectation("slow", max_duration_seconds=10_800),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{cron: "0 2 * * *"}', "pipeline is missing"),
        ("{pipeline: a}", "give cron, every or max_duration"),
        ('{pipeline: a, cron: "0 2 * * *", every: 1h}', "every: not beside cron"),
        ("{pipeline: a, every: 1h, timezone: UTC}", "timezone: only beside cron"),
        ("{pipeline: a, max_duration: 1h, grace: 1m}", "grace: only beside cron or every"),
        ('{pipeline: a, cron: "0 2 * *"}', "cron: got '0 2 * *'; allowed: the five fields"),
        (
            '{pipeline: a, cron: "61 2 * * *"}',
            "got '61 2 * * *'; allowed: the five fields",
        ),
        ('{pipeline: a, cron: "0 0 30 2 *"}', "cron: got '0 0 30 2 *'; allowed:"),
        ('{pipeline: a, cron: "' + "0 " * 4_000 + '"}', "allowed: the five fields"),
        (
            '{pipeline: a, cron: "0 2 * * *", timezone: Mars/Base}',
            "timezone: got 'Mars/Base'; it is unknown; allowed: a name",
        ),
        ("{pipeline: a, every: 30s}", "every: got '30s'; allowed: a length such as"),
        ("{pipeline: a, every: 367d}", "from 1m to 366d"),
        ("{pipeline: a, every: 1w}", "every: got '1w'"),
        ("{pipeline: a, every: 1h, grace: 25h}", "grace: got '25h'"),
        ("{pipeline: a, max_duration: 0s}", "max_duration: got '0s'"),
        ("{pipeline: '#', every: 1h}", "pipeline: got '#'; allowed:"),
        ("{pipeline: a, project: a b, every: 1h}", "project: got 'a b'; allowed:"),
        ("{pipeline: a, evry: 1h, max_duration: 1h}", "unknown key 'evry'; allowed: pipeline"),
    ],
)
def test_what_is_wrong_is_said(line: str, said: str) -> None:
    """With its line, the key, and what is allowed; however long it is."""
    with pytest.raises(OpsError) as caught:
        declared(line)
    (_, complaint, *more) = str(caught.value).splitlines()
    assert complaint.startswith("  f.yaml:5: ")
    assert said in complaint
    assert not more
    assert len(complaint) <= 400


def test_a_list_has_a_limit_and_no_twins() -> None:
    """Two schedules of one pipeline can't both be right."""
    with pytest.raises(OpsError, match=r"expect\[2\]: the pipeline 'a' stands there before"):
        declared("{pipeline: a, every: 1h}", "{pipeline: a, every: 2h}")
    with pytest.raises(OpsError, match="51 of them; allowed: at most 50"):
        declared(*(f"{{pipeline: p{n}, every: 1h}}" for n in range(51)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{what: missed, grace: 1m}", "grace: only beside what: failed"),
        ("{what: late, grace: 1m}", "grace: only beside what: failed"),
        ("{what: overdue, pipeline: a}", "pipeline: only beside what: failed"),
        ("{what: overdue, after: 2}", "after: only beside what: failed"),
        ("{what: stalled, tag: 'a:b'}", "tag: only beside what: failed"),
        ("{what: too_long, last: 5}", "last: only beside what: error_rate"),
    ],
)
def test_rules_that_time_decides_take_what_they_can_use(line: str, said: str) -> None:
    """The rest would say nothing."""
    with pytest.raises(OpsError) as caught:
        parse(of("alerts", line), "f.yaml")
    assert said in str(caught.value)


_names = st.from_regex(r"[A-Za-z0-9._:-]{1,12}", fullmatch=True)
_seconds = st.integers(60, 366 * 86_400)
_expect = st.builds(
    lambda pipeline, project, schedule, grace, longest: Expectation(
        pipeline,
        project,
        *schedule,
        grace_seconds=grace if schedule[0] or schedule[2] else 300,
        max_duration_seconds=longest,
    ),
    _names,
    st.none() | _names,
    st.sampled_from(
        [("0 2 * * *", "Europe/Berlin", None), ("*/5 * * * *", "UTC", None), (None, "UTC", None)]
    )
    | st.tuples(st.none(), st.just("UTC"), _seconds),
    st.integers(0, 86_400),
    _seconds,
)
_timed = st.builds(
    lambda what, after, grace: AlertRule(
        what,
        after=1 if what == "overdue" else after,
        grace_seconds=0 if what in ("missed", "late") else grace,
    ),
    st.sampled_from(["missed", "late", "too_long", "stalled", "overdue"]),
    st.integers(1, 1_000),
    st.integers(0, 86_400),
)


@given(
    st.lists(_expect, max_size=5, unique_by=lambda one: (one.pipeline, one.project)),
    st.lists(_timed, unique=True, max_size=5),
)
def test_what_is_written_declares_the_same(
    expect: list[Expectation], alerts: list[AlertRule]
) -> None:
    """Names that YAML reads as numbers or words of its own come back as they were."""
    record = ClientRecord(
        "acme", ClientProfile("Acme"), {}, alerts=tuple(alerts), expect=tuple(expect)
    )
    assert parse(text_of([record]), "f.yaml") == [record]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with nothing in it."""
    with deployed_system(monkeypatch) as deployed:
        yield deployed


def test_changes_are_shown_and_kept(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For whoever judges by the time, with the rules that are his; the rest is not there."""

    def applied(text: str, *arguments: str) -> str:
        (tmp_path / "clients.yaml").write_text(text, "utf-8")
        file = str(tmp_path / "clients.yaml")
        assert command.main(["clients", "apply", file, *arguments, "--stage", STAGE]) == 0
        return capsys.readouterr().out

    def watched() -> tuple[WatchedClient, ...]:
        return read_watched(system.dynamodb, NAMES.clients)[0]

    first = of("expect", "{pipeline: a, every: 1h}", "{pipeline: b, every: 2h}")
    first += "    alerts: [{what: failed}, {what: stalled}]\n"
    out = applied(first)
    assert "    + expectation: pipeline: a, every: 1h\n" in out
    hourly, other = Expectation("a", every_seconds=3_600), Expectation("b", every_seconds=7_200)
    stalled = AlertRule("stalled", grace_seconds=0, to=())
    assert watched() == (WatchedClient("acme", (hourly, other), (stalled,)),)
    assert "Nothing to change." in applied(first)

    second = of("expect", "{pipeline: b, every: 2h}", "{pipeline: a, every: 30m}")
    out = applied(second, "--dry-run")
    assert "    ~ expectation: pipeline: a, every: 1h → pipeline: a, every: 30m\n" in out
    assert "- alert: what: stalled" in out
    assert '"what": "expectation"' in applied(second, "--json", "--dry-run")
    assert len(watched()[0].expect) == 2
    applied(second)
    assert watched()[0].alerts == ()
    turned = of("expect", "{pipeline: a, every: 30m}", "{pipeline: b, every: 2h}")
    assert "~ order of expectations" in applied(turned)

    out = applied("clients:\n  - id: acme\n    name: Acme\n")
    assert "- expectation: pipeline: a, every: 30m" in out
    assert watched() == ()


def test_what_needs_no_rule_tells_the_channels_of_the_client(
    system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of them, as a rule without ``to`` does; a rule that names some tells these."""
    text = of("expect", "{pipeline: a, every: 1h, max_duration: 2h}")
    text += "    channels: {ops: {mail: ops@acme.example}, boss: {mail: boss@acme.example}}\n"

    def told(alerts: str) -> dict[str, tuple[str, ...] | None]:
        (tmp_path / "clients.yaml").write_text(text + alerts, "utf-8")
        file = str(tmp_path / "clients.yaml")
        assert command.main(["clients", "apply", file, "--stage", STAGE]) == 0
        capsys.readouterr()
        (client,) = read_watched(system.dynamodb, NAMES.clients)[0]
        rules = {
            what: rule_about(what, client.expect[0], client.alerts, by_default=True)
            for what in ("missed", "too_long")
        }
        return {what: rule.to for what, rule in rules.items() if rule is not None}

    every = ("ops", "boss")
    assert told("") == {"missed": every, "too_long": every}
    assert told("    alerts: [{what: missed, to: [boss]}]\n") == {
        "missed": ("boss",),
        "too_long": every,
    }
    assert told("    alerts: [{what: missed, pipeline: b}]\n") == {"too_long": every}


def test_one_client_s_broken_item_is_not_another_s(system: System) -> None:
    """A later version, or a hand, has written it."""
    for client_id, expect in (("acme", [{"pipeline": 1}]), ("hooli", [{"pipeline": "a"}])):
        item = to_item({"pk": "clients#watched", "sk": client_id, "expect": expect})
        system.dynamodb.put_item(TableName=NAMES.clients, Item=item)
    found, unreadable = read_watched(system.dynamodb, NAMES.clients)
    assert unreadable == ("acme",)
    assert found == (WatchedClient("hooli", (Expectation("a"),), ()),)
