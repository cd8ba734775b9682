"""What the site's modules hand each other is checked by types."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SITE_FOLDER = ROOT / "static_site"
WRONG = [
    ("components/job/job-table.js", "job.project_id", "job.projectId", "'projectId'"),
    ("components/figures/hour-chart.js", "hour.ended", "hour.ended_24h", "'ended_24h'"),
    ("views/errors-view.js", "group.first_seen_at", "group.first_seen", "'first_seen'"),
]


@pytest.fixture(autouse=True)
def _need_npm() -> None:
    if shutil.which("npm") is None:
        message = "npm is missing: apt install nodejs npm"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)


def check(folder: Path) -> tuple[int, str]:
    """Check the types of the scripts in a folder; return the exit status and what was said."""
    run = subprocess.run(
        [ROOT / "infra/tools/check-javascript", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def test_the_site_has_the_shapes_that_it_expects() -> None:
    """The check that `make check` runs has nothing to say."""
    assert check(SITE_FOLDER) == (0, "")


def test_a_wrong_member_name_is_found(tmp_path: Path) -> None:
    """A field that the API's answer does not have is an error, wherever it is used."""
    shutil.copytree(SITE_FOLDER, tmp_path / "site")
    for name, right, wrong, _ in WRONG:
        file = tmp_path / "site" / name
        text = file.read_text()
        assert right in text, name
        file.write_text(text.replace(right, wrong))

    status, said = check(tmp_path / "site")

    assert status != 0
    for name, _, _, member in WRONG:
        assert any(
            name in line and f"Property {member} does not exist" in line
            for line in said.splitlines()
        ), (name, said)
