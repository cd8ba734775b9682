"""The package: `pip install run-ledger` brings what reporting needs, and no more."""

from __future__ import annotations

import email
import json
import os
import re
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
from tests.support.producers.buses import WillingBus, served

ROOT = Path(__file__).resolve().parents[2]
# Imports that only fail where something other than the package's own dependencies is asked for.
GUARD = """
import sys
ALLOWED = {"run_ledger", "run_ledger_ops", "msgspec", "botocore",  # and what botocore needs:
           "jmespath", "dateutil", "six", "urllib3"}
class Guard:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in ALLOWED or top in sys.stdlib_module_names or top.startswith("_"):
            return None
        raise ModuleNotFoundError(f"{top} is not installed", name=top)
sys.meta_path.insert(0, Guard())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and unpack it, as pip does."""
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(
    folder: Path,
    code: str,
    *arguments: str,
    environment: dict[str, str] | None = None,
    package: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run *code* in *folder* with the package alone, beside what it depends on."""
    installed = package or folder
    return subprocess.run(
        [sys.executable, "-c", GUARD + textwrap.dedent(code), *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(installed), **(environment or {})},
        check=False,
        capture_output=True,
        text=True,
    )


def test_it_depends_on_two_packages(installed: Path) -> None:
    """One talks to AWS, one checks events; the rest is an extra."""
    (metadata,) = installed.glob("*.dist-info/METADATA")
    needs = email.message_from_string(metadata.read_text()).get_all("Requires-Dist") or []

    assert sorted(one.partition(">")[0] for one in needs if "extra ==" not in one) == [
        "botocore",
        "msgspec",
    ]
    assert any("extra == 'ops'" in one and one.startswith("boto3") for one in needs)


def test_its_metadata_is_whole(installed: Path) -> None:
    """It says what it is, how it may be used, and that it has types; its text stands alone."""
    (file,) = installed.glob("*.dist-info/METADATA")
    metadata = email.message_from_string(file.read_text())
    text = str(metadata.get_payload())

    for field in ("Summary", "Keywords", "License-Expression", "License-File", "Requires-Python"):
        assert metadata[field], field
    assert "Typing :: Typed" in (metadata.get_all("Classifier") or [])
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert (installed / "run_ledger" / "py.typed").exists()
    links = re.findall(r"(?:\]\(|(?:src|href)=[\"'])([^)\s\"']+)", text)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert "on no package index yet" in text


def _first_lines(metadata: str) -> str:
    """Return the first example in the package's text, as it stands there."""
    return metadata.split("```python\n")[1].split("```", maxsplit=1)[0]


def test_the_first_lines_say_that_nothing_is_reported(installed: Path, tmp_path: Path) -> None:
    """Verbatim, with no bus in reach: the program works, and hears how to name a bus."""
    (file,) = installed.glob("*.dist-info/METADATA")

    done = run(tmp_path, _first_lines(file.read_text()), package=installed)

    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing is reported" in done.stderr
    assert "RUN_LEDGER_BUS" in done.stderr
    silent = run(
        tmp_path,
        _first_lines(file.read_text()),
        package=installed,
        environment={"RUN_LEDGER_BUS": "off"},
    )
    assert (silent.returncode, silent.stderr) == (0, "")


def test_the_first_lines_find_the_local_stack(installed: Path, tmp_path: Path) -> None:
    """Verbatim, beside a stack.json: they report to its bus with its credentials, and say so."""
    bus = WillingBus()
    (file,) = installed.glob("*.dist-info/METADATA")
    with served(bus) as found:
        stack = {
            "event_bus_name": "run-ledger-local",
            "region": "us-east-1",
            "aws_endpoint_url": found["AWS_ENDPOINT_URL"],
            "access_key_id": "local",
            "secret_access_key": "local",
            "site_url": "http://127.0.0.1:8080/",
        }
        (tmp_path / ".run-ledger").mkdir()
        (tmp_path / ".run-ledger" / "stack.json").write_text(json.dumps(stack))
        environment = {"RUN_LEDGER_SPOOL": str(tmp_path / "spool"), "AWS_PROFILE": "no-such"}
        done = run(
            tmp_path, _first_lines(file.read_text()), package=installed, environment=environment
        )

    assert done.returncode == 0, done.stderr
    assert "reports go to the local stack" in done.stderr
    (job,) = bus.jobs.values()
    assert (job.outcome, dict(job.counters)) == ("succeeded", {"records_ok": 1})
    assert {entry["EventBusName"] for entry in bus.entries} == {"run-ledger-local"}


def test_reporting_needs_no_more(installed: Path, tmp_path: Path) -> None:
    """A job is reported over HTTP by the unpacked wheel."""
    bus = WillingBus()
    code = """
        from run_ledger.emit import RunLedger
        with RunLedger("b", spool=sys.argv[1]) as ledger:
            with ledger.job(client_id="c", project_id="p", job_id="j") as job:
                job.add(records_ok=1)
        assert ledger.stats().accepted, ledger.stats()
    """
    with served(bus) as environment:
        done = run(installed, code, str(tmp_path), environment=environment)

    assert done.returncode == 0, done.stderr
    assert bus.jobs["j"].outcome == "succeeded"


def test_the_commands_that_report_need_no_more(installed: Path, tmp_path: Path) -> None:
    """And the others say what they need."""
    bus = WillingBus()
    code = "from run_ledger_ops.command import main; sys.exit(main())"
    owner = ["--client", "c", "--project", "p", "--job", "j", "--bus", "b"]
    with served(bus) as variables:
        environment = {**variables, "RUN_LEDGER_SPOOL": str(tmp_path)}
        emitted = run(installed, code, "emit", "job", *owner, "--strict", environment=environment)
        attempt = (*owner, "--attempt", "1")
        ran = run(installed, code, "run", *attempt, "--", "true", environment=environment)
        listed = run(installed, code, "spool", "list", environment=environment)
    other = run(installed, code, "audit", "--stage", "prod")
    helped = run(installed, code, "--help")

    assert (emitted.returncode, emitted.stderr) == (0, "")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (listed.returncode, bus.jobs["j"].outcome) == (0, "succeeded")
    assert other.returncode == 2
    assert 'pip install "run-ledger[ops]"' in other.stderr
    assert helped.returncode == 0
    assert "run-ledger[ops]" in helped.stdout
