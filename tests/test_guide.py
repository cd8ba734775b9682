"""The README's guide to reporting: every example in it runs, and reports what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from openlineage.client import OpenLineageClient
from tests.support.producers.buses import WillingBus, served

from run_ledger import emit
from run_ledger.domain.state.job import Job
from run_ledger.emit.lineage import Owner
from run_ledger.emit.openlineage import RunLedgerTransport

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "README.md").read_text().split("## Report from a pipeline\n")[1].split("\n## ")[0]
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def run(folder: Path, *program: str) -> dict[str, Job]:
    """Run a program that finds its bus in the environment; give the jobs that it reports."""
    bus = WillingBus()
    with served(bus) as found:
        environment = {
            **os.environ,
            **found,
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("backend", "infra")),
            "RUN_LEDGER_BUS": "bus",
            "RUN_LEDGER_SPOOL": str(folder / "spool"),
            "RUN_LEDGER_STRICT": "1",
            # What a busy machine leaves in the spool is sent to the account that it was meant for.
            "AWS_ACCOUNT_ID": "123456789012",
        }
        # On a busy machine a process may end before it has sent all: the next one sends the rest.
        for words in (program, ("-m", "run_ledger_ops.command", "spool", "flush")):
            done = subprocess.run(
                [sys.executable, *words],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
    return bus.jobs


def run_example(folder: Path, number: int, more: str = "") -> list[Job]:
    """Run the guide's example of this number, and perhaps more after it."""
    script = folder / "example.py"
    script.write_text(EXAMPLES[number] + more)
    return list(run(folder, str(script)).values())


def test_the_first_job(tmp_path: Path) -> None:
    """Two lines report a job with its records, and that it succeeded."""
    (job,) = run_example(tmp_path, 0)

    assert job.outcome == "succeeded"
    assert job.counters == {"records_ok": 3}
    assert said(job)["records_total"] == 3
    assert (job.client_id, job.project_id, job.pipeline) == ("acme", "catalogue", "descriptions")


def test_many_workers_on_one_job(tmp_path: Path) -> None:
    """Workers in processes of their own add to one job, which ends once."""
    (job,) = run_example(tmp_path, 1)

    assert job.outcome == "succeeded"
    assert job.counters == {"records_ok": 42}


def test_retries_and_parts(tmp_path: Path) -> None:
    """Two attempts are one job; the job inside the second is its part."""
    job, part = sorted(run_example(tmp_path, 2), key=lambda one: one.attempt, reverse=True)

    assert (job.job_id, job.attempt, job.outcome) == ("refresh-2026-11-22", 2, "succeeded")
    first = job.attempts[1].ended
    assert first is not None
    assert first.error is not None
    assert first.error.type == "ConnectionError"
    assert said(part)["parent_job_id"] == job.job_id
    assert part.counters == {"records_ok": 3}


def test_what_is_told_by_model(tmp_path: Path) -> None:
    """An answer under its own name, and what one counts oneself; the job has the sums of both."""
    (job,) = run_example(tmp_path, 3)
    told = {name: dict(counters) for name, counters in job.counters_by_model.items()}

    assert set(told) == {"gpt-4o-mini", "our-own-model"}
    assert told["gpt-4o-mini"]["input_tokens"] == 90
    assert told["our-own-model"] == {"llm_calls": 1, "input_tokens": 812, "output_tokens": 40}
    assert job.counters["input_tokens"] == 90 + 812
    assert job.counters["llm_calls"] == 2
    assert job.counters["records_ok"] == 1


def test_a_model_told_from_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line tells by model, too."""
    (shown,) = re.findall(r"`run-ledger (emit job [^`]*--model [^`]*)`", GUIDE)
    program = "import sys; from run_ledger_ops.command import main; sys.exit(main(sys.argv[1:]))"
    monkeypatch.setenv("RUN_LEDGER_CLIENT_ID", "acme")
    monkeypatch.setenv("RUN_LEDGER_PROJECT_ID", "catalogue")

    (job,) = run(tmp_path, "-c", program, *shlex.split(shown), "--strict").values()

    assert {name: dict(one) for name, one in job.counters_by_model.items()} == {
        "our-own-model": {"llm_calls": 1}
    }
    assert job.counters == {"llm_calls": 1}


def test_language_models(tmp_path: Path) -> None:
    """The answer's tokens are counted, and priced by the table that was given."""
    (job,) = run_example(tmp_path, 4)

    assert job.counters == {
        "llm_calls": 1,
        "input_tokens": 1200,
        "cache_read_input_tokens": 1000,
        "output_tokens": 80,
        "cost_microusd": (200 * 400_000 + 1000 * 40_000 + 80 * 1_600_000) // 1_000_000,
    }


def test_a_lambda_function(tmp_path: Path) -> None:
    """Each call of the handler is a job of its own, and its answer is the handler's."""
    more = "\nassert handler({'Records': [1, 2]}, None) == 2\nhandler({'Records': []}, None)\n"
    jobs = run_example(tmp_path, 5, more)

    assert [job.outcome for job in jobs] == ["succeeded", "succeeded"]
    assert {job.pipeline for job in jobs} == {"on-upload"}
    assert len(EXAMPLES) == 6


def test_the_first_lines_of_the_librarys_own_words(tmp_path: Path) -> None:
    """What `help(run_ledger.emit)` shows first works, given records and something to do."""
    shown = (emit.__doc__ or "").split("::\n\n", 1)[1].split("\n\nLeaving", 1)[0]
    script = tmp_path / "example.py"
    script.write_text("records = [1, 2]\nenrich = str\n" + textwrap.dedent(shown))

    (job,) = run(tmp_path, str(script)).values()

    assert job.outcome == "succeeded"
    assert job.counters["records_ok"] == 2


def test_a_script_in_a_shell(tmp_path: Path) -> None:
    """The command line wraps any command as a job."""
    (shown,) = re.findall(r"`run-ledger (run [^`]*)COMMAND`", GUIDE)
    program = "import sys; from run_ledger_ops.command import main; sys.exit(main(sys.argv[1:]))"

    (job,) = run(tmp_path, "-c", program, *shlex.split(shown), "true").values()

    assert (job.outcome, job.client_id, job.project_id) == ("succeeded", "acme", "catalogue")


def test_openlineage_by_configuration_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shown file makes the client report to the ledger, by the rules that it says."""
    (shown,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "openlineage.yml").write_text(shown)
    monkeypatch.chdir(tmp_path)
    made = OpenLineageClient().transport

    assert isinstance(made, RunLedgerTransport)
    assert made._config.problem is None
    assert made._config.target == {"bus": yaml.safe_load(shown)["transport"]["bus"]}
    assert made._config.rules.owner == Owner("acme", "{namespace}")
    assert made._config.rules.owner_of("finance-eu").client_id == "globex"


def said(job: Job) -> Mapping[str, object]:
    """Give what the job says of itself, by field."""
    return {field: latest.value for field, latest in job.latest_values.items()}
