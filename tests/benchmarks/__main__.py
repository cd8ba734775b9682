"""Measure and report: `python -m tests.benchmarks [--only NAME…] [--events N]`.

Prints a table and writes `.run-ledger/bench.json`. A figure that can't be taken is named with the
reason in both, the others are taken all the same, and the exit code is 1 (130 after Ctrl-C).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from . import (
    cold_start,
    dashboard,
    emit,
    end_to_end,
    hidden,
    local_stack,
    noise,
    pushing,
    site,
    telling,
)
from .costs import idle, intake, proof, rates, reading
from .figures import Figure
from .reader import lists, overviews, trends
from .whole_day import day_replay
from .writer import domain, hot_job, recounted, stored, writer_cpu, writer_units

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / ".run-ledger" / "bench.json"
FEWEST_EVENTS = 1_000
INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended
INTERRUPTION = "interrupted before it was taken"
# pytest's outcomes are what a missing browser raises; they are no exceptions of the usual tree.
CANNOT_BE_TAKEN = (Exception, pytest.skip.Exception, pytest.fail.Exception)
FIGURES: dict[str, Callable[[], Figure]] = {
    "domain_events_per_cpu_second": domain.events_per_cpu_second,
    "writer_events_per_cpu_second": writer_cpu.events_per_cpu_second,
    "writer_events_per_cpu_second_stern": writer_cpu.stern_events_per_cpu_second,
    "writer_events_per_cpu_second_deltas": writer_cpu.deltas_per_cpu_second,
    "writer_calls_per_event": writer_units.calls_per_event,
    "writer_write_units_per_event": writer_units.write_units_per_event,
    "writer_write_units_per_event_stern": writer_units.write_units_per_event_stern,
    "writer_write_units_per_event_worst": writer_units.write_units_per_event_worst,
    "writer_read_units_per_event": writer_units.read_units_per_event,
    "told_p99_seconds": telling.seconds_to_tell,
    "told_write_units_per_outcome": telling.write_units_per_outcome,
    "told_incidents_of_10000_failures": telling.incidents_of_10000_failures,
    "stored_bytes_per_million_events": stored.bytes_per_million_events,
    "history_read_units_1000_events": stored.history_read_units,
    "recount_differences_million_events": recounted.differences_of_a_million,
    "day_of_a_million_differences": day_replay.differences,
    "day_of_a_million_seconds": day_replay.seconds,
    "day_of_a_million_memory_mb": day_replay.memory_mb,
    "hot_job_deltas_per_second": hot_job.deltas_per_second,
    "hot_job_write_units_per_second": hot_job.write_units_per_second,
    "end_to_end_events_per_second": end_to_end.events_per_second,
    "hidden_job_ms": hidden.over_absent,
    "noisy_visible_ms": noise.visible_over_quiet,
    "trends_read_units_30d": trends.read_units_30d,
    "trends_read_units_400d": trends.read_units_400d,
    "trends_read_units_400d_of_zone": trends.read_units_400d_of_zone,
    "trends_time_1m_over_10k": trends.time_1m_over_10k,
    "overview_calls_30_clients": overviews.calls_30_clients,
    "overview_read_units_30_clients": overviews.read_units_30_clients,
    "cold_start_writer": cold_start.writer,
    "cold_start_reader": cold_start.reader,
    "cold_start_intake": cold_start.intake,
    "list_rounds_max": lists.rounds_max,
    "list_read_units_over_least_max": lists.read_units_over_least_max,
    "list_time_1m_over_10k": lists.time_1m_over_10k,
    "jobs_page_cpu_ms": lists.page_cpu_ms,
    "cost_per_million_events_usd": rates.cost_per_million_events,
    **rates.figures(),
    "writer_write_units_per_event_single": rates.single_write_units,
    "idle_usd_per_month": idle.usd_per_month,
    "proof_cost_per_million_usd": proof.cost_per_million,
    "reading_share_of_writing": reading.reading_share,
    "intake_cost_per_million_usd": intake.cost_per_million,
    "site_bytes_compressed": site.bytes_compressed,
    "site_bytes_gzip": site.bytes_gzip,
    "site_first_view_bytes_max": site.first_view_bytes,
    "site_first_data_rounds": site.first_data_rounds,
    "site_render_500_ms": site.render_500_ms,
    "site_parts_500_ms": site.parts_500_ms,
    "site_update_50_ms": site.update_50_ms,
    "site_layout_shift": site.layout_shift,
    "overview_requests_idle_per_minute": site.overview_requests_idle,
    "overview_requests_busy_per_minute": site.overview_requests_busy,
    "event_to_screen_p50_ms": pushing.event_to_screen_p50_ms,
    "event_to_screen_p99_ms": pushing.event_to_screen_p99_ms,
    "pages_50_requests_idle_per_minute": pushing.requests_of_idle_pages,
    "pages_50_requests_busy_per_minute": pushing.requests_of_busy_pages,
    "dashboard_rerun_ms": dashboard.rerun_ms,
    "dashboard_first_view_ms": dashboard.first_view_ms,
    "emit_add_us": emit.add_us,
    "emit_events_per_million_adds": emit.events_per_million_adds,
    "emit_unreachable_bus_overhead": emit.unreachable_bus_overhead,
    **local_stack.FIGURES,
}


def main(arguments: Sequence[str] | None = None, report: Path = REPORT) -> int:
    """Take the figures that are asked for, and return the exit code.

    A goal that is not met is shown in the table; only a figure that is missing makes the code 1.
    """
    parser = argparse.ArgumentParser(prog='make bench ARGS="…"', description="Measure.")
    parser.add_argument("--only", nargs="+", choices=sorted(FIGURES), metavar="NAME")
    parser.add_argument(
        "--events",
        type=_number_of_events,
        default=day_replay.EVENTS,
        metavar="N",
        help=f"how many events the replayed day has, {day_replay.EVENTS:,} unless given",
    )
    given = parser.parse_args(arguments)
    names = given.only or list(FIGURES)
    day_replay.choose(given.events)
    figures: list[Figure] = []
    missing: dict[str, str] = {}
    try:
        take(names, figures, missing)
    except KeyboardInterrupt:
        left = names[len(figures) + len(missing) :]
        missing |= dict.fromkeys(left, INTERRUPTION)
    for name, why in missing.items():
        print(f"{name:40} {'MISSING':>14} {why}", flush=True)
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(document(figures, missing), indent=2) + "\n")
    return INTERRUPTED if INTERRUPTION in missing.values() else bool(missing)


def _number_of_events(text: str) -> int:
    """Return the number in *text*; a day has enough events for every kind of thing to happen."""
    if not text.isascii() or not text.isdecimal() or int(text) < FEWEST_EVENTS:
        raise argparse.ArgumentTypeError(f"{text!r}; allowed: a number of at least {FEWEST_EVENTS}")
    return int(text)


def take(names: Sequence[str], figures: list[Figure], missing: dict[str, str]) -> None:
    """Append each figure to *figures*, and put the reason into *missing* where one can't be taken.

    Raises KeyboardInterrupt; what was taken before is in *figures* then.
    """
    for number, name in enumerate(names, start=1):
        print(f"[{number}/{len(names)}] {name} …", file=sys.stderr, flush=True)
        try:
            figures.append(FIGURES[name]())
        except CANNOT_BE_TAKEN as error:
            text = str(error).strip() or "no message"
            missing[name] = f"{type(error).__name__}: {text.splitlines()[0]}"
            if isinstance(error, Exception):
                traceback.print_exception(error)
        else:
            print(row(figures[-1]), flush=True)


def row(figure: Figure) -> str:
    """Return the figure's line of the table, with its notes on lines below."""
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f} of {figure.baseline:,.6g}"
    goal = ""
    if figure.goal is not None:
        sign = "≥" if figure.more_is_better else "≤"
        times = " ×" if figure.goal_is_ratio else ""
        goal = f"goal {sign} {figure.goal:g}{times}: {'met' if figure.met else 'MISSED'}"
    line = f"{figure.name:40} {figure.value:>14,.6g} {figure.unit:16} {ratio:24} {goal}".rstrip()
    return "\n".join([line, *(f"    {note}" for note in figure.notes)])


def document(figures: Sequence[Figure], missing: Mapping[str, str]) -> dict[str, object]:
    """Return the report: the figures, the machine, the time and the commit.

    Only where a figure is missing, `"missing": [{"name": …, "why": …}]` says so.
    """
    lost = [{"name": name, "why": why} for name, why in missing.items()]
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=40"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return {
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.platform()}, Python "
        f"{platform.python_version()}",
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "commit": commit.stdout.strip() or None,
        "figures": [figure.as_json() for figure in figures],
    } | ({"missing": lost} if lost else {})


def processor() -> str:
    """Return the processor's name as the kernel gives it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
