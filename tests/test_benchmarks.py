"""The frame that figures are taken and reported in."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from tests.benchmarks import __main__ as bench
from tests.benchmarks.costs import idle, load, rates, table
from tests.benchmarks.figures import Figure
from tests.support.site import browser

FIGURE_KEYS = {"name", "value", "unit", "baseline", "ratio", "goal", "met"}


def test_a_report_says_what_was_measured_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report names machine, time and commit; each figure is in it and in the table."""
    slow = Figure("slow", 3.0, "ms", goal=2.0, more_is_better=False)
    monkeypatch.setattr(bench, "FIGURES", {"slow": lambda: slow, "other": lambda: slow})

    assert bench.main(["--only", "slow"], tmp_path / "state" / "bench.json") == 0

    report = json.loads((tmp_path / "state" / "bench.json").read_text())
    assert set(report) == {"machine", "at", "commit", "figures"}
    assert [set(figure) for figure in report["figures"]] == [FIGURE_KEYS]
    assert report["figures"][0] | {"met": False, "ratio": None} == report["figures"][0]
    assert "MISSED" in capsys.readouterr().out


def interrupted() -> Figure:
    """Press Ctrl-C while the figure is being taken."""
    os.kill(os.getpid(), signal.SIGINT)
    raise AssertionError("the interrupt did not arrive")


def broken() -> Figure:
    """Fail as a figure does whose stack did not start."""
    raise OSError("port 1 is taken\nand more of it")


def missing_of(report: Path) -> dict[str, str]:
    """Return what a report says is missing, and why."""
    return {one["name"]: one["why"] for one in json.loads(report.read_text())["missing"]}


def test_a_figure_that_fails_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are taken and kept, the failed one is named with its reason, and make fails."""
    taken = Figure("taken", 3.0, "ms")
    monkeypatch.setattr(
        bench, "FIGURES", {"one": lambda: taken, "broken": broken, "two": lambda: taken}
    )

    assert bench.main([], tmp_path / "bench.json") == 1

    report = json.loads((tmp_path / "bench.json").read_text())
    assert [set(figure) for figure in report["figures"]] == [FIGURE_KEYS, FIGURE_KEYS]
    assert missing_of(tmp_path / "bench.json") == {"broken": "OSError: port 1 is taken"}
    table = capsys.readouterr().out.splitlines()
    assert "MISSING" in table[-1]
    assert "port 1 is taken" in table[-1]


@pytest.mark.parametrize("on_ci", ["true", "false"])
def test_without_a_browser_the_figures_that_need_one_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_ci: str
) -> None:
    """Whether its absence skips a test or fails it, the other figures are kept."""
    monkeypatch.setenv("CI", on_ci)
    monkeypatch.setattr(browser, "CHROMIUM", tmp_path / "no-chromium")
    names = ["site_render_500_ms", "site_bytes_gzip"]

    assert bench.main(["--only", *names], tmp_path / "bench.json") == 1

    report = json.loads((tmp_path / "bench.json").read_text())
    assert [figure["name"] for figure in report["figures"]] == ["site_bytes_gzip"]
    assert "apt install chromium" in missing_of(tmp_path / "bench.json")["site_render_500_ms"]


def test_an_interrupt_keeps_what_was_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C the report holds the figures before it, and names those it never came to."""
    taken = Figure("taken", 3.0, "ms")
    figures = {"one": lambda: taken, "two": interrupted, "three": lambda: taken}
    monkeypatch.setattr(bench, "FIGURES", figures)

    # A program in the background of a shell has SIGINT ignored, and this is about one in front.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert bench.main([], tmp_path / "bench.json") == 130
    finally:
        signal.signal(signal.SIGINT, before)

    report = json.loads((tmp_path / "bench.json").read_text())
    assert [figure["name"] for figure in report["figures"]] == ["taken"]
    assert [*missing_of(tmp_path / "bench.json")] == ["two", "three"]


def test_an_unknown_figure_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name is no empty report."""
    with pytest.raises(SystemExit):
        bench.main(["--only", "nonsense"], tmp_path / "bench.json")

    assert "domain_events_per_cpu_second" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["many", "999", "-5000", "1e6"])
def test_a_day_of_too_few_events_is_refused(
    number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is no number, or too small for all to happen on the day, says what is allowed."""
    with pytest.raises(SystemExit):
        bench.main([f"--events={number}"], tmp_path / "bench.json")

    assert f"'{number}'; allowed: a number of at least 1000" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("figure", "ratio", "met"),
    [
        (Figure("a", 6.0, "x", baseline=3.0, goal=5.0), 2.0, True),
        (Figure("a", 4.0, "x", baseline=8.0, goal=5.0), 0.5, False),
        (Figure("a", 4.0, "x", goal=5.0, more_is_better=False), None, True),
        (Figure("a", 4.0, "x"), None, None),
        (Figure("a", 6.0, "x", baseline=3.0, goal=2.0, goal_is_ratio=True), 2.0, True),
        (Figure("a", 6.0, "x", baseline=4.0, goal=2.0, goal_is_ratio=True), 1.5, False),
    ],
)
def test_a_figure_knows_its_ratio_and_goal(
    figure: Figure, ratio: float | None, met: bool | None
) -> None:
    """Ratio is value over baseline; a goal is met from the side that is better."""
    assert (figure.ratio, figure.met) == (ratio, met)


def test_the_domain_figure_measures_something() -> None:
    """The figure runs, under the name that it is asked for by."""
    figure = bench.FIGURES["domain_events_per_cpu_second"]()

    assert figure.name == "domain_events_per_cpu_second"
    assert 0 < figure.value < (figure.baseline or 0)


def test_notes_stand_below_their_figure() -> None:
    """The table says what a figure was taken with."""
    figure = Figure("a", 1.0, "x", notes=("of a hundred events",))

    assert bench.row(figure).splitlines()[1].strip() == "of a hundred events"


def test_the_readme_shows_what_a_month_costs() -> None:
    """Its tables are those that are worked out from the measured units and the template.

    After a change of either, ``python -m tests.benchmarks.costs.table`` prints them.
    """
    readme = " ".join((bench.ROOT / "README.md").read_text().split())
    for shown in (table.by_rate(), table.when_idle(), table.of_tabs()):
        assert " ".join(shown.split()) in readme


def test_an_idle_stage_costs_no_more_than_its_goal() -> None:
    """Every alarm of the template and each metric that always has a value is in the bill."""
    assert idle.usd_per_month().met
    bill = {line.what: line.usd for line in idle.needed()}
    assert bill["alarms"] == pytest.approx(2.2)
    assert bill["own metrics"] == pytest.approx(0.3)


def test_the_window_decides_how_full_batches_are() -> None:
    """Five pollers collect, each for itself; two hundred events end the wait sooner."""
    few, many = load.load(1, 60), load.load(100, 60)
    assert (few.batch, few.delay_seconds) == (12, 60)
    assert (many.batch, many.delay_seconds) == (200, 10)
    assert load.load(1, 1).batch == 1
    assert rates.a_million(few) < rates.a_million(load.load(1, 1))


def test_a_bill_has_a_part_for_all_that_is_charged() -> None:
    """Whatever grows with the events grows in proportion, and what does not stays."""
    fifty, hundred = (rates.month(load.load(rate, 60)) for rate in (50, 100))
    for one, other in zip(fifty, hundred, strict=True):
        stays = one.what in {"alarms and metrics", "schedules", "compaction", "dashboard"}
        assert other.usd == pytest.approx(one.usd if stays else 2 * one.usd)
    assert rates.total(fifty, with_optional=True) > rates.total(fifty) > 0
