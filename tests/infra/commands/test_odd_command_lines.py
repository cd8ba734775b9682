"""What is odd about a command line that reports costs what is odd, and never script or command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.producers.buses import WillingBus, served

from run_ledger_ops import command
from run_ledger_ops.producer.values import UnusableValue, change, duration, one_of, pair, whole

ROOT = Path(__file__).resolve().parents[3]
PATHS = os.pathsep.join(map(str, (ROOT / "backend", ROOT / "infra")))
MAIN = "import sys; from run_ledger_ops.command import main; sys.exit(main())"
OWNER = ("--client", "c", "--project", "p")
STACK = {
    "event_bus_name": "local-bus",
    "region": "eu-central-1",
    "access_key_id": "a",
    "secret_access_key": "b",
}


class Runner:
    """Runs the command in this process, with a bus behind HTTP and in a folder of its own."""

    def __init__(
        self,
        bus: WillingBus,
        folder: Path,
        environment: pytest.MonkeyPatch,
        said: Callable[[], tuple[str, str]],
    ) -> None:
        self.bus = bus
        self.folder = folder
        self.environment = environment
        self._said = said

    def __call__(self, *words: str) -> tuple[int, str]:
        """Return the exit code and what was printed and logged."""
        code = command.main(words)
        return code, "".join(self._said())


@pytest.fixture(scope="module")
def served_bus() -> Iterator[tuple[WillingBus, dict[str, str]]]:
    """Give a bus behind HTTP, and the environment of programs that report to it."""
    bus = WillingBus()
    with served(bus) as found:
        yield bus, {**found, "RUN_LEDGER_BUS": "the-bus"}


@pytest.fixture
def run(
    served_bus: tuple[WillingBus, dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Runner:
    """Give a way to run the command."""

    def said() -> tuple[str, str]:
        printed, logged = capfd.readouterr(), caplog.text
        caplog.clear()
        return printed.out + printed.err, logged

    bus, found = served_bus
    bus.entries.clear()
    monkeypatch.chdir(tmp_path)
    for name, value in {**found, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Runner(bus, tmp_path, monkeypatch, said)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("3.0", 3),
        ("1e3", 1000),
        (" 12 ", 12),
        ("+5", 5),
        ("-5.00", -5),
        ("1_000", 1000),
        ("1.5e1", 15),
        ("0", 0),
    ],
)
def test_a_whole_number_may_be_written_in_several_ways(text: str, number: int) -> None:
    """As programs print them that count in floating point."""
    assert whole(text) == number
    assert change(f"records_ok={text}") == ("records_ok", number)


@pytest.mark.parametrize(
    "text",
    ["", " ", "nan", "inf", "-inf", "3.5", "1,000", "0x10", "1e400", "12 13", "three", "1e-3"],
)
def test_what_is_no_whole_number_is_told_from_one(text: str) -> None:
    """Nothing is rounded and nothing guessed; a huge one takes no time."""
    assert isinstance(whole(text), UnusableValue)
    assert isinstance(change(f"records_ok={text}"), UnusableValue)


@pytest.mark.parametrize("text", ["=3", "records_ok", "", " =1"])
def test_a_change_has_a_name_and_a_number(text: str) -> None:
    """Else it can't be used."""
    assert isinstance(change(text), UnusableValue)


def test_words_and_tags() -> None:
    """Words in capitals or with hyphens are meant all the same; a tag has a name."""
    assert one_of(["timed_out"])(" Timed-Out ") == "timed_out"
    assert isinstance(one_of(["failed"])("faild"), UnusableValue)
    assert pair("a=b=c") == ("a", "b=c")
    assert isinstance(pair("a"), UnusableValue)
    assert duration("2H") == 7200
    assert isinstance(duration("soon"), UnusableValue)


def test_odd_values_cost_themselves_alone(run: Runner) -> None:
    """A script that ends at the first failing command goes on, and the rest is reported."""
    words = [
        *("--add", "records_ok=3.0", "--add", "records_failed=nan", "--add", "own="),
        *("--total", "1e3", "--attempt", "first", "--heartbeat-seconds", "1.5"),
        *("--status", "RUNNING", "--tag", "novalue", "--tag", "a=b", "--nonsense", "x"),
    ]
    code, said = run("emit", "job", *OWNER, "--job", "j", *words)

    (detail,) = run.bus.details
    assert code == 0
    assert detail["delta"] == {"records_ok": 3}
    assert (detail["records_total"], detail["status"]) == (1000, "running")
    assert (detail["tags"], "heartbeat_seconds" in detail) == ({"a": "b"}, False)
    for word in ("--add is left out: 'records_failed=nan'", "--attempt", "--tag", "--nonsense x"):
        assert word in said
    assert run("emit", "job", *OWNER, "--job", "j", "--total", "many", "--strict")[0] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["cron=0 2 * * *", "max_duration=2h"], {"cron": "0 2 * * *", "max_duration": "2h"}),
        (["every=6h", "hourly"], {"every": "6h"}),
        (["Nothing"], {}),
        ([], None),
        (["cron=never"], None),
    ],
)
def test_what_is_expected_of_a_pipeline(
    run: Runner, words: list[str], said: dict[str, str] | None
) -> None:
    """By keys and texts, or that it is nothing any more; what is wrong costs itself alone."""
    options = [option for word in words for option in ("--expect", word)]
    assert run("emit", "job", *OWNER, "--job", "j", *options)[0] == 0
    (detail,) = run.bus.details
    assert detail.get("expect") == said


def test_what_was_left_out_is_counted(run: Runner) -> None:
    """In the JSON that the command prints."""
    words = ("--add", "a=x", "--total", "y", "--log-url", "http://insecure", "--json")
    _, said = run("emit", "job", *OWNER, "--job", "j", *words)
    document, _ = json.JSONDecoder().raw_decode(said[said.index("{\n") :])  # a log may follow it

    assert document["left_out"] == 3
    assert document["outcome"] == "accepted"


def test_a_result_that_is_none_is_no_success(run: Runner) -> None:
    """The job has ended, so it shows as failed, and says why."""
    code, said = run("emit", "job", *OWNER, "--job", "j", "--status", "completed", "--result", "ok")

    assert code == 0
    assert run.bus.details[0]["result"] == "failed"
    assert run.bus.details[0]["error"]["type"] == "UnknownResult"
    assert "result" in said


@pytest.mark.parametrize(
    "words",
    [
        ("emit",),
        ("emit", "jbo"),
        ("emit", "job", "--job"),
        ("emit", "job", *OWNER, "--job", "j", "--bus", "b", "--stage", "s"),
        ("emit", "job", *OWNER, "--job", "j", "--stack", "nowhere"),
        ("emit", "job", *OWNER),
        ("emit", "project", "--due-at"),
    ],
)
def test_no_command_line_ends_a_script(run: Runner, words: tuple[str, ...]) -> None:
    """What can't be understood at all is told, and fails it only when strict."""
    code, said = run(*words)

    assert code == 0
    assert said
    assert run(*words, "--strict")[0] == 2


SURROUNDINGS: dict[str, dict[str, str]] = {
    "no such profile": {"AWS_PROFILE": "nobody"},
    "files that are none": {"AWS_CONFIG_FILE": "broken", "AWS_SHARED_CREDENTIALS_FILE": "broken"},
    "no home": {"HOME": "/dev/null"},
    "a spool that can't be": {"RUN_LEDGER_SPOOL": "/dev/null/spool"},
    "no bus": {"RUN_LEDGER_BUS": ""},
    "bus off": {"RUN_LEDGER_BUS": "off"},
}


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_the_command_runs_in_whatever_surroundings(run: Runner, name: str) -> None:
    """Its exit code is the command's, and what is wrong is a warning."""
    (run.folder / "broken").write_bytes(b"\xff\xfe[\0")
    for variable, value in SURROUNDINGS[name].items():
        run.environment.setenv(variable, value)

    code, said = run("run", *OWNER, "--job", "j", "--", "sh", "-c", "touch done; exit 7")

    assert (code, (run.folder / "done").exists()) == (7, True)
    assert said
    assert run("emit", "job", *OWNER, "--job", "j")[0] == 0


@pytest.mark.parametrize(
    "content",
    [None, "", "{", "[]", "7", "[" * 100_000, '{"event_bus_name": 7}', json.dumps(STACK)],
    ids=range(8),
)
@pytest.mark.parametrize("is_named", [True, False])
def test_a_stack_file_that_is_none_is_a_warning(
    run: Runner, content: str | None, is_named: bool
) -> None:
    """Missing, torn or something else: the command runs, and its events go nowhere else."""
    run.environment.delenv("RUN_LEDGER_BUS")
    file = run.folder / ".run-ledger" / "stack.json"
    file.parent.mkdir()
    if content is not None:
        file.write_text(content)
    named = ("--stack", str(file)) if is_named else ()

    code, said = run("run", *OWNER, *named, "--", "sh", "-c", "exit 7")

    assert code == 7
    assert "no stack.json" in said or "no bus" in said or "No such file" in said
    assert run.bus.entries == []


def test_the_local_stack_needs_no_aws_files(run: Runner) -> None:
    """Whatever the user's own are like: its address and credentials are in its file."""
    stack = {**STACK, "aws_endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
    run.environment.delenv("AWS_ENDPOINT_URL")
    (run.folder / "stack.json").write_text(json.dumps(stack))
    (run.folder / "broken").write_bytes(b"\xff\xfe[\0")
    run.environment.setenv("AWS_PROFILE", "nobody")
    run.environment.setenv("AWS_CONFIG_FILE", "broken")

    code, said = run("emit", "job", *OWNER, "--job", "j", "--stack", "stack.json", "--strict")

    assert (code, said) == (0, "")
    assert [entry["EventBusName"] for entry in run.bus.entries] == ["local-bus"]


@pytest.mark.parametrize(
    "words",
    [
        (*OWNER, "--timeout", "soon"),
        (*OWNER, "--kill-after", "never", "--timeout", "1h"),
        (*OWNER, "--partial-code", "x", "--total", "many", "--attempt", "0", "--tag", "t"),
        (*OWNER, "--clinet", "acme"),
        (*OWNER, "--bus", "b", "--stage", "s"),
        ("--client",),
        (),
    ],
)
def test_the_command_runs_whatever_stands_before_it(run: Runner, words: tuple[str, ...]) -> None:
    """Options that can't be used are left out, each with a warning."""
    code, said = run("run", *words, "--", "sh", "-c", "exit 7")

    assert code == 7
    assert said


@pytest.mark.parametrize("streams", ["2>&- >&-", "2>/dev/full", ">/dev/full"])
def test_output_may_be_closed_or_full(run: Runner, streams: str) -> None:
    """Warnings that nobody can read stop nothing either."""
    for words, code in (
        (["run", *OWNER, "--total", "many", "--", "sh", "-c", "exit 7"], 7),
        (["emit", "job", *OWNER, "--job", "j", "--total", "many", "--json"], 0),
    ):
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-c", MAIN, *words],
            env={**os.environ, "PYTHONPATH": PATHS},
            check=False,
        )
        assert done.returncode == code


def test_a_signal_without_a_name(run: Runner) -> None:
    """Real-time signals have numbers alone."""
    code, _ = run("run", *OWNER, "--job", "j", "--", "sh", "-c", "kill -40 $$")

    assert code == 128 + 40
    assert [job.outcome for job in run.bus.jobs.values()] == ["failed"]


@pytest.mark.parametrize(
    ("model", "name"), [("", None), (" ", None), ("a\n b", "a b"), ("m" * 200, "m" * 128)]
)
def test_a_model_without_a_fit_name_costs_no_event(
    run: Runner, model: str, name: str | None
) -> None:
    """A long name is cut, and without a name nothing is told by model; all is counted."""
    words = ("--job", "j", "--model", model, "--add", "llm_calls=2")
    assert run("emit", "job", *OWNER, *words) == (0, "")

    (job,) = run.bus.jobs.values()
    assert job.counters == {"llm_calls": 2}
    assert set(job.counters_by_model) == ({name} if name else set())
