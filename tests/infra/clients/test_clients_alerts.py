"""A client's alerts: checked with clear words, kept, compared, and given back as declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain.incidents.alert_rules import ALERT_WHATS, TIMED_WHATS, AlertRule
from run_ledger.domain.lengths import length_text
from run_ledger.store.clients.alert_reads import read_alert_rules
from run_ledger.store.items.client_items import ClientProfile, ClientRecord
from run_ledger_ops import command
from run_ledger_ops.clients.declaration import parse
from run_ledger_ops.clients.text import text_of
from run_ledger_ops.console.exceptions import OpsError

Apply = Callable[..., tuple[int, str, str]]


def of_alerts(*lines: str) -> str:
    """Return a file of one client whose alerts are *lines*, from line 5 on."""
    listed = "".join(f"      - {line}\n" for line in lines)
    return f"clients:\n  - id: acme\n    name: Acme\n    alerts:\n{listed}"


def declared(*lines: str) -> tuple[AlertRule, ...]:
    """Return the rules that a file declares."""
    (record,) = parse(of_alerts(*lines), "f.yaml")
    return record.alerts


def test_all_that_can_be_said() -> None:
    """Two lines are enough; the rest has defaults."""
    assert declared("what: failed", "what: timed_out") == (
        AlertRule("failed", after=1, grace_seconds=300),
        AlertRule("timed_out", after=1, grace_seconds=300),
    )
    assert declared(
        "{what: failed, pipeline: nightly, project: p.1, after: 3, grace: 2h}",
        "{what: partial, above_percent: 10, grace: 0s}",
        "{what: partial, grace: 90s}",
        "what: error_rate",
        "{what: budget, month_usd: 500}",
        '{what: budget, project: p, month_usd: "12.50", grace: 1h}',
        "{what: error_rate, above_percent: 0, last: 5}",
        '{what: failed, tag: "team:search"}',
        '{what: failed, remind: 4h, growth: 30m, quiet: "22:00-07:00 weekends Asia/Tokyo"}',
    ) == (
        AlertRule("failed", "nightly", "p.1", 3, 7_200),
        AlertRule("partial", above_percent=10, grace_seconds=0),
        AlertRule("partial", grace_seconds=90),
        AlertRule("error_rate", above_percent=20, last=20),
        AlertRule("budget", grace_seconds=0, month_microusd=500_000_000),
        AlertRule("budget", project="p", grace_seconds=3_600, month_microusd=12_500_000),
        AlertRule("error_rate", above_percent=0, last=5),
        AlertRule("failed", tag="team:search"),
        AlertRule(
            "failed",
            remind_seconds=14_400,
            growth_seconds=1_800,
            quiet="22:00-07:00 weekends Asia/Tokyo",
        ),
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{pipeline: nightly}", "acme.alerts[1]: what is missing"),
        ("failed", "acme.alerts[1]: allowed: names with what belongs to each"),
        ("{what: broken}", "what: got 'broken'; allowed: failed, timed_out, partial"),
        ("{what: 7}", "acme.alerts[1].what: YAML reads a number here"),
        ("{what: failed, whom: me}", "unknown key 'whom'; allowed: what, pipeline, project"),
        ("{what: failed, after: 0}", "after: allowed: a whole number from 1 to 1,000"),
        ("{what: failed, after: 1.5}", "after: allowed: a whole number from 1 to 1,000"),
        ("{what: failed, after: [1]}", "after: allowed: a whole number from 1 to 1,000"),
        ("{what: failed, after: 99999999999999999999}", "a whole number from 1 to 1,000"),
        ("{what: failed, grace: 5}", "grace: YAML reads a number here"),
        ("{what: failed, grace: 25h}", "grace: got '25h'; allowed: a length such as 90s"),
        ("{what: failed, grace: soon}", "grace: got 'soon'; allowed: a length such as 90s"),
        ("{what: failed, above_percent: 5}", "above_percent: only beside what: partial, error_"),
        ("{what: error_rate, above_percent: 100}", "a whole number from 0 to 99"),
        ("{what: error_rate, last: 1}", "last: allowed: a whole number from 2 to 100"),
        ("{what: error_rate, last: 101}", "last: allowed: a whole number from 2 to 100"),
        ("{what: partial, last: 10}", "last: only beside what: error_rate"),
        ("{what: error_rate, after: 2}", "after: only beside what: failed, timed_out, p"),
        ("{what: partial, above_percent: 100}", "a whole number from 0 to 99"),
        ("{what: failed, remind: 1m}", "remind: got '1m'; allowed: a length such as 4h, from 15m"),
        ("{what: failed, remind: 8d}", "remind: got '8d'; allowed: a length such as 4h, from 15m"),
        ("{what: failed, growth: 25h}", "growth: got '25h'; allowed: a length such as 30m, from"),
        ("{what: error_rate, growth: 1h}", "growth: only beside what: failed, timed_out, partial"),
        ('{what: failed, quiet: "at night"}', "quiet: got 'at night'; allowed: hours and a zone"),
        ('{what: failed, quiet: "22:00-07:00 Mars/Base"}', "quiet: got '22:00-07:00 Mars/Base'"),
        ('{what: failed, quiet: "24:00-07:00 UTC"}', "quiet: got '24:00-07:00 UTC'; allowed:"),
        ('{what: failed, quiet: "07:00-07:00 UTC"}', "quiet: got '07:00-07:00 UTC'; allowed:"),
        ("{what: new_error, after: 2}", "after: only beside what: failed, timed_out, partial"),
        ("{what: budget}", "month_usd: allowed: a sum in US dollars above 0, such as 500 or 12.5"),
        ("{what: budget, month_usd: 0.00}", "month_usd: allowed: a sum in US dollars above 0"),
        ("{what: budget, month_usd: 0.001}", "month_usd: allowed: a sum in US dollars above 0"),
        ("{what: budget, month_usd: -5}", "month_usd: allowed: a sum in US dollars above 0"),
        ("{what: budget, month_usd: [5]}", "month_usd: allowed: a sum in US dollars above 0"),
        ("{what: failed, month_usd: 5}", "month_usd: only beside what: budget"),
        ("{what: budget, month_usd: 5, tag: 'a:b'}", "tag: only beside what: failed, timed_out"),
        ("{what: budget, month_usd: 5, after: 2}", "after: only beside what: failed, timed_out"),
        ("{what: budget, month_usd: 5, pipeline: p, project: q}", "a budget is that of a pipeline"),
        ("{what: failed, tag: team}", "tag: got 'team'; allowed: a tag's name, a colon and"),
        ("{what: failed, tag: ':x'}", "tag: got ':x'; allowed: a tag's name, a colon and"),
        (f"{{what: failed, tag: 'a:{'x' * 5_000}'}}", "at most 128 characters"),
        ("{what: failed, pipeline: a b}", "pipeline: got 'a b'; allowed:"),
        ("{what: failed, project: '#'}", "project: got '#'; allowed:"),
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


def test_no_length_is_shown_in_the_smallest_unit() -> None:
    """As people write it."""
    assert [length_text(one) for one in (0, 90, 3_600, 86_400)] == ["0s", "90s", "1h", "24h"]


def test_a_list_has_a_limit_and_no_twins() -> None:
    """What stands there twice is a mistake."""
    with pytest.raises(OpsError, match=r"alerts\[2\]: the same stands there before"):
        declared("what: failed", "{what: failed, grace: 5m}")
    with pytest.raises(OpsError, match="51 of them; allowed: at most 50"):
        declared(*(f"{{what: failed, after: {n}}}" for n in range(1, 52)))


_names = st.none() | st.from_regex(r"[A-Za-z0-9._:-]{1,12}", fullmatch=True)
_rules = st.builds(
    lambda what, pipeline, project, after, grace, share, last, tag, wish: AlertRule(
        what,
        pipeline,
        project,
        1 if what in ("error_rate", "new_error") else after,
        grace,
        share if what in ("partial", "error_rate") else 0,
        last=last if what == "error_rate" else 20,
        tag=tag,
        remind_seconds=wish[0],
        growth_seconds=0 if what in ("error_rate", "new_error") else wish[1],
        quiet=wish[2],
    ),
    st.sampled_from([what for what in ALERT_WHATS if what not in TIMED_WHATS]),
    _names,
    _names,
    st.integers(1, 1_000),
    st.integers(0, 86_400),
    st.integers(0, 99),
    st.integers(2, 100),
    st.none() | st.from_regex(r"[ -~ä]{1,9}:[ -~ä]{0,9}", fullmatch=True),
    st.tuples(
        st.just(0) | st.integers(900, 604_800),
        st.just(0) | st.integers(60, 86_400),
        st.none() | st.sampled_from(["22:00-07:00 Europe/Berlin", "weekends UTC"]),
    ),
)


_budgets = st.builds(
    lambda pipeline, cents, wish: AlertRule(
        "budget", pipeline, grace_seconds=wish, month_microusd=cents * 10_000
    ),
    _names,
    st.integers(1, 99_999_999_999),
    st.integers(0, 86_400),
)


@given(st.lists(_rules | _budgets, unique=True, max_size=5))
def test_what_is_written_declares_the_same(rules: list[AlertRule]) -> None:
    """Names that YAML reads as numbers or words of its own come back as they were."""
    record = ClientRecord("acme", ClientProfile("Acme"), {}, alerts=tuple(rules))
    assert parse(text_of([record]), "f.yaml") == [record]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with nothing in it."""
    with deployed_system(monkeypatch) as deployed:
        yield deployed


@pytest.fixture
def apply(system: System, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Apply:
    """Give a way to apply a text; it returns the exit code and what was printed."""

    def applied(text: str, *arguments: str) -> tuple[int, str, str]:
        (tmp_path / "clients.yaml").write_text(text, "utf-8")
        file = str(tmp_path / "clients.yaml")
        code = command.main(["clients", "apply", file, *arguments, "--stage", STAGE])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return applied


def test_changes_are_shown_and_kept(system: System, apply: Apply) -> None:
    """A rule that changes goes and another comes; the second time nothing does."""
    first = of_alerts("what: failed", "{what: timed_out, after: 3}")
    code, out, err = apply(first)
    assert code == 0
    assert "    + alert: what: failed\n    + alert: what: timed_out, after: 3\n" in out
    assert "this stage tells nobody: deploy it with Telling=true" in err
    assert "Nothing to change." in apply(first)[1]
    kept = read_alert_rules(system.dynamodb, NAMES.clients, "acme")
    assert kept == (AlertRule("failed", to=()), AlertRule("timed_out", after=3, to=()))

    _, out, _ = apply(of_alerts("{what: timed_out, after: 2}", "what: failed"))
    assert "- alert: what: timed_out, after: 3" in out
    assert "+ alert: what: timed_out, after: 2" in out
    turned = of_alerts("what: failed", "{what: timed_out, after: 2}")
    assert "~ order of alerts" in apply(turned)[1]
    assert '"what": "alert"' in apply(first, "--json", "--dry-run")[1]

    _, out, err = apply("clients:\n  - id: acme\n    name: Acme\n")
    assert "- alert: what: failed" in out
    assert not err
    assert read_alert_rules(system.dynamodb, NAMES.clients, "acme") == ()
    assert read_alert_rules(system.dynamodb, NAMES.clients, "globex") == ()
