"""`run-ledger openlineage`: recorded events from files of any form become jobs."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.producers.buses import MoodyBus, WillingBus, served

from run_ledger_ops import command

Run = Callable[..., tuple[int, str, str]]
CLIENT = ("--client", "acme")


@pytest.fixture
def moods() -> list[str]:
    """Give the moods of the bus, one a call, then well."""
    return []


@pytest.fixture
def bus(moods: list[str]) -> WillingBus:
    """Give the bus behind HTTP."""
    return MoodyBus(lambda: moods.pop(0) if moods else "well")


@pytest.fixture
def run(
    bus: WillingBus,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Run]:
    """Give a way to run the command with that bus; it returns the exit code and what it said."""

    def say(*arguments: str) -> tuple[int, str, str]:
        code = command.main(("openlineage", *arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RUN_LEDGER_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("RUN_LEDGER_BUS", "the-bus")
    with served(bus) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield say


def event(run_id: str, kind: str = "COMPLETE", job_type: str = "JOB") -> dict[str, Any]:
    """Make a run event with five rows."""
    figures = {"outputFacets": {"outputStatistics": {"rowCount": 5}}}
    return {
        "eventType": kind,
        "eventTime": "2026-11-20T10:00:00Z",
        "run": {"runId": run_id},
        "job": {
            "namespace": "wh",
            "name": "sales.load",
            "facets": {"jobType": {"integration": "X", "jobType": job_type}},
        },
        "outputs": [{"namespace": "db", "name": "orders", **figures}],
    }


EVENTS = [event("a", "START"), event("a"), event("b")]
LINES = "".join(f"{json.dumps(one)}\n" for one in EVENTS)


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        "\ufeff\n" + LINES.replace("\n", "\r\n\n"),
        LINES.rstrip(),
        json.dumps(EVENTS),
        json.dumps(EVENTS, indent=2),
        "\n".join(json.dumps(one, indent=1) for one in EVENTS),
        "[\n" + LINES.strip().replace("\n", ",\n") + "\n]\n",
    ],
    ids=["lines", "bom", "no end", "array", "indented array", "one after the other", "an array's"],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_files_of_any_form_are_read(
    run: Run, bus: WillingBus, tmp_path: Path, text: str, *, is_packed: bool
) -> None:
    """One object a line, an array, or objects over several lines; as they are, or gzipped."""
    content = text.encode()
    (tmp_path / "events").write_bytes(gzip.compress(content) if is_packed else content)

    code, out, err = run("events", *CLIENT, "--pipeline", "{root}", "--tag", "from=file")

    assert (code, err) == (0, "")
    assert out.startswith("3 events read: 3 reported, 0 of types that are left out")
    assert {job_id: job.counters for job_id, job in bus.jobs.items()} == {
        "a": {"records_ok": 5},
        "b": {"records_ok": 5},
    }
    job = bus.jobs["a"]
    assert (job.client_id, job.project_id, job.pipeline) == ("acme", "wh", "sales")
    assert job.latest_values["tags"].value["from"] == "file"


def test_feeding_again_changes_nothing(run: Run, bus: WillingBus, tmp_path: Path) -> None:
    """Each event has the id that it had."""
    (tmp_path / "events").write_text(LINES)

    run("events", *CLIENT)
    before = dict(bus.jobs)
    code, _, _ = run("events", "events", *CLIENT)

    assert code == 0
    assert bus.jobs == before


def test_what_can_not_be_understood_is_named_and_the_rest_goes_on(
    run: Run, bus: WillingBus, tmp_path: Path
) -> None:
    """Each bad line stands with its file, its number and the reason."""
    timeless = {**event("t"), "eventTime": "soon"}
    bad = ["{broken", "7", json.dumps(timeless), '{"run": {}}', '{"x": "\ud800"}', "[" * 5_000]
    lines = [json.dumps(EVENTS[1]), *bad, json.dumps(EVENTS[2])]
    (tmp_path / "events").write_text("\n".join(lines), "utf-8", "surrogatepass")

    code, out, err = run("events", *CLIENT, "--json")

    said = json.loads(out)
    assert code == 1
    assert (said["read"], said["reported"], said["unusable"]) == (8, 2, 6)
    assert said["about_datasets_or_jobs"] == 0
    assert len(err.splitlines()) == 6
    assert "events, line 2: not JSON" in err
    assert "events, line 3: 7 is no object" in err
    assert "events, line 4: eventTime is 'soon'; allowed:" in err
    assert "events, line 5: run.runId is None; allowed: text" in err
    assert "events, line 6: " in err
    assert sorted(bus.jobs) == ["a", "b"]


def test_a_first_line_that_is_broken_costs_only_itself(
    run: Run, bus: WillingBus, tmp_path: Path
) -> None:
    """It might have begun a longer text, but the others are whole."""
    (tmp_path / "events").write_text('{"run": \n' + LINES)

    code, _, err = run("events", *CLIENT)

    assert code == 1
    assert "events, line 1: not JSON" in err
    assert sorted(bus.jobs) == ["a", "b"]


def test_a_torn_file_is_read_as_far_as_it_goes(run: Run, bus: WillingBus, tmp_path: Path) -> None:
    """What was packed and cut off says so."""
    packed = gzip.compress(LINES.encode() * 50)
    (tmp_path / "events.gz").write_bytes(packed[:-9])

    code, _, err = run("events.gz", *CLIENT)

    assert code == 1
    assert "events.gz, the end: the file breaks off" in err
    assert sorted(bus.jobs) == ["a", "b"]


def test_many_bad_lines_are_counted(run: Run, tmp_path: Path) -> None:
    """Twenty are shown."""
    (tmp_path / "events").write_text("no\n" * 50)

    code, _, err = run("events", *CLIENT)

    assert code == 1
    assert len(err.splitlines()) == 21
    assert "and 30 more such events" in err


def test_standard_input(run: Run, bus: WillingBus, monkeypatch: pytest.MonkeyPatch) -> None:
    """A minus stands for it; a dataset's event is counted."""
    lines = LINES + json.dumps({"eventTime": "x", "dataset": {}}) + "\n"
    stdin = io.TextIOWrapper(io.BytesIO(lines.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)

    code, out, _ = run("-", *CLIENT, "--json")

    assert code == 0
    assert json.loads(out)["about_datasets_or_jobs"] == 1
    assert sorted(bus.jobs) == ["a", "b"]


def test_types_are_left_out_and_options_come_from_the_transports_file(
    run: Run, bus: WillingBus, tmp_path: Path
) -> None:
    """What the command line says counts more than the file."""
    (tmp_path / "events").write_text(LINES + json.dumps(event("q", job_type="SQL")))
    (tmp_path / "openlineage.yml").write_text(
        "transport:\n  type: x\n  client_id: filed\n  tags: {a: b}\n  job_types: [JOB]\n"
    )

    code, out, _ = run("events", "--config", "openlineage.yml", "--project", "said", "--json")

    assert (code, json.loads(out)["left_out"]) == (0, 1)
    assert sorted(bus.jobs) == ["a", "b"]
    assert (bus.jobs["a"].client_id, bus.jobs["a"].project_id) == ("filed", "said")

    run("events", *CLIENT, "--job-types=-JOB")
    assert "q" in bus.jobs


def test_a_bus_that_is_down_keeps_events_on_disk(
    run: Run, bus: WillingBus, moods: list[str], tmp_path: Path
) -> None:
    """The exit code and the outcome say so; feeding again reports what was kept."""
    (tmp_path / "events").write_text(LINES)
    moods += ["down"] * 200

    code, out, err = run("events", *CLIENT, "--json")

    assert code == 1
    assert json.loads(out)["job_events_kept"] == 3
    assert "3 job events wait on disk" in err
    moods.clear()
    assert run("events", *CLIENT)[0] == 0
    assert bus.jobs["a"].counters == {"records_ok": 5}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere", *CLIENT), "nowhere is not there."),
        ((".", *CLIENT), ". can't be opened: Is a directory."),
        (("events",), "client_id is missing"),
        (("events", *CLIENT, "--tag", "x"), "--tag is 'x'; allowed: NAME=TEXT."),
        (("events", *CLIENT, "--config", "nowhere.yml"), "nowhere.yml can't be read"),
        (("events", *CLIENT, "--config", "other.yml"), "other.yml has no mapping `transport`."),
        (("events", *CLIENT, "--bus", "", "--job-types", ","), None),
    ],
)
def test_what_can_not_be_done_is_said(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str | None
) -> None:
    """In one sentence, with exit code 2; an empty list of types leaves nothing out."""
    (tmp_path / "events").write_text(LINES)
    (tmp_path / "other.yml").write_text("facets: {}")

    code, _, err = run(*arguments)

    if words is None:
        assert (code, err) == (0, "")
    else:
        assert code == 2
        assert err.startswith("run-ledger openlineage: ")
        assert words in err
        assert len(err.splitlines()) == 1
