"""Run the site's unit tests under node's own test runner."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SITE_FOLDER = Path(__file__).parents[2] / "static_site"
UNIT_FOLDER = Path(__file__).parent / "unit"
MODULE_PACKAGE = '{"type": "module"}'


@pytest.mark.zone
def test_the_pure_modules_keep_their_promises(tmp_path: Path) -> None:
    """Every unit test passes under node.

    The site's files carry no package.json, as they are served as they lie there. Node wants one to
    take them for modules, so a copy is tested beside one.
    """
    node = shutil.which("node")
    if node is None:
        message = "node is missing: apt install nodejs"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    (tmp_path / "package.json").write_text(MODULE_PACKAGE)
    shutil.copytree(SITE_FOLDER, tmp_path / "static_site")
    unit = shutil.copytree(UNIT_FOLDER, tmp_path / "tests" / "static_site" / "unit")
    tests = sorted(str(file) for file in unit.rglob("*.test.js"))

    run = subprocess.run(
        [node, "--test", *tests], capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert tests
    assert run.returncode == 0, run.stdout + run.stderr
