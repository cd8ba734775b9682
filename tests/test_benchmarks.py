"""The frame that figures are taken and reported in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.benchmarks import __main__ as bench
from tests.benchmarks.figures import Figure
from tests.benchmarks.writer import cost

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


def test_an_unknown_figure_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name is no empty report."""
    with pytest.raises(SystemExit):
        bench.main(["--only", "nonsense"], tmp_path / "bench.json")

    assert "domain_events_per_cpu_second" in capsys.readouterr().err


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


def test_the_readme_shows_what_a_million_events_cost() -> None:
    """Its table is the one that is worked out from the measured units."""
    assert cost.table() in (bench.ROOT / "README.md").read_text()
