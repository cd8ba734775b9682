"""Clocks that tests run under, besides this machine's own, and which tests those are.

A usual run notes which quick tests read the clock: those during which a line of this repository
asked for the time, and those whose program reads the zone (mark ``zone``).
``python -m tests.support.clocks`` then runs these under each clock of `CLOCKS`, so that a new test
that reads the clock is among them by itself.

Such a clock is Python's (``time``, ``datetime`` and whatever asks them), in the process that runs
the tests, from before the first import of a test, and it ticks. A zone is in the environment, too.
Programs that a test starts have the zone, but the machine's own time, as have the times of files.
What shares its time with them stays under the machine's clock (mark ``machine_clock``), as does
what needs a local stack or a browser.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from time_machine import travel

ROOT = Path(__file__).resolve().parents[2]
CLOCKS: dict[str, tuple[datetime | timedelta, str]] = {
    "some months on": (timedelta(days=97), "UTC"),
    "before midnight": (datetime(2027, 3, 31, 23, 58, 30, tzinfo=UTC), "UTC"),
    "leap day": (datetime(2028, 2, 29, 12, 0, tzinfo=UTC), "UTC"),
    "autumn night in Berlin": (datetime(2027, 10, 31, 0, 59, 30, tzinfo=UTC), "Europe/Berlin"),
    "spring night in New York": (datetime(2027, 3, 14, 6, 59, 30, tzinfo=UTC), "America/New_York"),
    "in Kolkata": (timedelta(), "Asia/Kolkata"),
    "in St John's": (timedelta(), "America/St_Johns"),
}
"""When a run begins, or how long after now, and the zone of the machine."""
_SIDE_BY_SIDE = os.cpu_count() or 1
_READERS = ROOT / ".run-ledger" / "clock-readers.txt"
_READ = ("reads_clock", True)
_MACHINES_OWN = ("local_stack", "browser", "machine_clock")


class Clock:
    """A plugin of pytest that sets the clock, and notes which tests read it."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._readers: set[str] = set()
        self._was_read = False
        self._name: str | None = config.getoption("clock")
        self._moment, zone = CLOCKS[self._name] if self._name else (timedelta(), None)
        if zone:
            os.environ["TZ"] = zone
            time.tzset()
        self._travel = travel(self._moment)
        self._traveller = self._travel.start()
        time_ns = self._traveller.time_ns

        def noting_time_ns() -> int:
            asker = sys._getframe(2).f_code.co_filename
            if asker.startswith(str(ROOT)) and "/.venv" not in asker:
                self._was_read = True
            return time_ns()

        self._traveller.time_ns = noting_time_ns  # type: ignore[method-assign]

    def pytest_unconfigure(self) -> None:
        """Leave the clock as it was."""
        self._travel.stop()

    def pytest_collection_finish(self) -> None:
        """Let the tests themselves begin at the moment, however long it took to find them."""
        self._was_read = False
        if isinstance(self._moment, datetime):
            self._traveller.move_to(self._moment)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        """Say whether a test read the clock, in this phase or in making what it shares."""
        report = yield
        reads = self._was_read or item.get_closest_marker("zone")
        if reads and not any(map(item.get_closest_marker, _MACHINES_OWN)):
            report.user_properties.append(_READ)
        self._was_read = False
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather what the tests, perhaps of other workers, say."""
        if _READ in report.user_properties:
            self._readers.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Keep the names of the tests that read the clock."""
        if not self._name and not hasattr(self._config, "workerinput"):
            _READERS.parent.mkdir(exist_ok=True)
            _READERS.write_text("\n".join(sorted(self._readers)))


def main() -> int:
    """Run the tests that read the clock under each clock; return how many clocks found a fault."""
    if not _READERS.read_text():
        return 0
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        return sum(pool.map(_run, CLOCKS))


def _run(clock: str) -> bool:
    """Run tests under a clock, say how it ended, and return whether they failed."""
    command = [sys.executable, "-m", "pytest", "-q", "--clock", clock, f"@{_READERS}"]
    few = {**os.environ, "HYPOTHESIS_PROFILE": "few"}  # it is the clock that is tried here
    done = subprocess.run(command, cwd=ROOT, env=few, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stdout.write(done.stdout + done.stderr)
    result = done.stdout.splitlines()[-1] if done.stdout else "no answer"
    sys.stdout.write(f"run-ledger: tests that read the clock, {clock}: {result}\n")
    sys.stdout.flush()
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
