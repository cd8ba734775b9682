"""The package: `pip install run-ledger` brings what reporting needs, and no more."""

from __future__ import annotations

import email
import os
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
    installed: Path, code: str, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run *code* with the package alone, beside what it depends on."""
    return subprocess.run(
        [sys.executable, "-c", GUARD + textwrap.dedent(code), *arguments],
        cwd=installed,
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
        ran = run(installed, code, "run", *owner, "--", "true", environment=environment)
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
