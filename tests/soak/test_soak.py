"""What a soak makes of its samples: growth is found, and what comes and goes is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.soak import __main__ as soak
from tests.soak.samples import Process, Sample, files_under, look, own_memory, role
from tests.soak.verdicts import MB, judge, table

AWS, READER, WRITER = "local AWS", "function reader", "function writer"


def sample(
    place: int, *, memory: float = 100, handles: int = 20, reader: float = 40, files: int = 50
) -> Sample:
    """Return the sample at *place*; sizes are in MB, and there is an event a second."""
    processes = (
        Process(AWS, int(memory * MB), handles),
        Process(READER, int(reader * MB), 12),
    )
    return Sample(place * 15.0, place * 15, processes, files, 10 * MB)


def not_flat(samples: list[Sample]) -> list[str]:
    """Return which figures grew by more than they may."""
    return [one.what for one in judge(samples) if not one.is_flat]


def test_a_steady_stack_is_flat() -> None:
    """Small changes up and down, and pools that fill in the first quarter, are no growth."""
    samples = [
        sample(n, memory=100 + n % 3 + min(n, 40), reader=40 + n % 2, handles=10 + min(n, 30))
        for n in range(240)
    ]
    assert not_flat(samples) == []


def test_memory_that_grows_is_found() -> None:
    """A function that keeps a megabyte every two minutes is named."""
    assert not_flat([sample(n, reader=40 + n / 8) for n in range(240)]) == [
        "function reader: memory"
    ]


def test_the_local_aws_may_grow_with_what_is_posted() -> None:
    """24 KB an event are its data; more is growth."""
    by_event = 15 / 1024
    assert not_flat([sample(n, memory=100 + 20 * by_event * n) for n in range(240)]) == []
    assert not_flat([sample(n, memory=100 + 60 * by_event * n) for n in range(240)]) == [
        "local AWS: memory"
    ]


def test_handles_and_files_that_grow_are_found() -> None:
    """A handle lost every five minutes shows after an hour; so does a file."""
    assert not_flat([sample(n, handles=20 + n // 20) for n in range(240)]) == ["local AWS: handles"]
    assert not_flat([sample(n, files=50 + n // 8) for n in range(240)]) == ["files of the state"]


def test_processes_that_come_and_go_are_judged_while_they_are_there() -> None:
    """A function that ran for a moment has no verdict, and makes no other one."""
    samples = [sample(n) for n in range(40)]
    extra = (*samples[12].processes, Process("function sweeper", 90 * MB, 9))
    samples[12] = Sample(180, 180, extra, 50, 10 * MB)
    assert not any("sweeper" in one.what for one in judge(samples))


def test_too_few_samples_have_no_verdict() -> None:
    """A short run says that it was short."""
    with pytest.raises(ValueError, match="11 samples, at least 12 are needed"):
        judge([sample(n) for n in range(11)])


def test_a_table_says_which_figure_is_not_flat() -> None:
    """Each figure has a line with both values."""
    lines = table(judge([sample(n, reader=40 + n) for n in range(40)])).splitlines()
    assert "| function reader: memory | 54.5 MB | 74.5 MB | 6.0 MB | **no** |" in lines
    assert "| local AWS: handles | 20 | 20 | 4 | yes |" in lines


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["python", "-m", "run_ledger_ops.command", "local", "--no-demo"], "run-ledger local"),
        (["python", "/x/program.py", "/s/journal.jsonl", "ministack"], "local AWS"),
        (["python", "/s/ministack-lambda-run-ledger-local-writer-ps/_worker.py"], WRITER),
        (["python", "/x/prepared_process.py", "/s/code", "9"], "functions' prepared process"),
        (["python", "-m", "streamlit", "run", "main.py"], "analysts' app"),
        (["/usr/bin/sleep", "1"], "sleep"),
    ],
)
def test_the_role_of_a_process(command: list[str], expected: str) -> None:
    """What a process does is read from its command line."""
    assert role(command) == expected


def test_memory_is_what_a_process_has_for_itself() -> None:
    """Shared pages count for nobody, in bytes."""
    rollup = "Rss: 90 kB\nPss: 50 kB\nShared_Clean: 40 kB\nPrivate_Clean: 4 kB\nPrivate_Dirty: 6 kB"
    assert own_memory(rollup) == 10 * 1024


def test_a_look_at_this_process(tmp_path: Path) -> None:
    """It has memory and handles; a folder has files, but for the code of functions."""
    (own,) = look([int(Path("/proc/self").resolve().name)])
    assert own.memory_bytes > MB
    assert own.handles > 2
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("pass")
    (tmp_path / "state.json").write_text("{}")
    assert files_under(tmp_path) == (1, 2)


def test_the_page_is_of_the_last_run() -> None:
    """docs/soak.md says how long the last run took, and that nothing grew."""
    page = soak.PAGE.read_text(encoding="utf-8")
    start, _, _ = soak.TEXT.partition("The last run: ")
    assert page.startswith(start)
    assert "| **no** |" not in page
    for figure in ("local AWS: memory", "run-ledger local: handles", "function writer: memory"):
        assert f"| {figure} |" in page
