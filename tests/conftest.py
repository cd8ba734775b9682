"""What holds for every test: no real AWS account is in reach, and a skip is never silent.

How much hypothesis tries is here, too: enough for every push, more on demand
(``HYPOTHESIS_PROFILE``). And how workers share the tests of a whole run (``-n auto``): a file at
a time, the longest first, and what looks at the same started stack in one worker.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser
from tests.support.clocks import CLOCKS, Clock
from tests.support.site.browser import launched
from xdist.scheduler import LoadScopeScheduling

CI = os.environ.get("CI") == "true"
WORKERS = 1 + (os.cpu_count() or 1)  # one more than processors: tests of a whole system wait a lot
ONE_STACK = "tests/end_to_end/"  # whose files look at one started stack, but for these
OWN_STACK = ("test_airflow.py", "test_disasters.py", "test_public_tool.py")

settings.register_profile(
    "push",
    max_examples=100,
    deadline=None,  # the clock of a shared machine proves nothing
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("push"), max_examples=3_000)
settings.register_profile("few", settings.get_profile("push"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "push"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests run under another clock than the machine's."""
    parser.addoption("--clock", choices=CLOCKS, help="run tests that read the clock under another")


def pytest_configure(config: pytest.Config) -> None:
    """Hide the AWS account of whoever runs the tests, from these and the processes they start."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    config.pluginmanager.register(Clock(config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note each skipped test; on CI it fails instead, as nothing may go untested there."""
    report = yield
    refuse_skip(report, item.nodeid)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Do the same for a module that skips itself whole."""
    report = yield
    refuse_skip(report, collector.nodeid)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport, name: str) -> None:
    """Turn a skip into a failure on CI, into a line of the closing summary elsewhere."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if CI:
        report.outcome = "failed"
        report.longrepr = f"{name} was skipped, which CI does not allow: {reason}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what this run did not test."""
    if skipped := terminalreporter.getreports("skipped"):
        terminalreporter.section("NOT TESTED on this machine", red=True, bold=True)
        for report in skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            terminalreporter.line(f"{report.nodeid}: {reason}", yellow=True)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Give a whole run workers; the tests of named files are sooner done without."""
    return WORKERS if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Let workers take tests by what they share."""
    return Scheduling(config, log)


class Scheduling(LoadScopeScheduling):
    """Gives workers a file at a time, and all files that look at one started stack to one."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return ONE_STACK if file.startswith(ONE_STACK) and not file.endswith(OWN_STACK) else file


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with what needs a started system, so that none is left with it alone."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("local_stack") is None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give one browser for all tests of a file.

    Not longer: as long as Playwright is started, an event loop runs in this thread, and a later
    file's ``asyncio.run`` would be refused.
    """
    with launched() as browser:
        yield browser
