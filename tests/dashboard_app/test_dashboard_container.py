"""The container file's own steps, as far as they go without a container engine."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import requests
from tests.support.stacks.local_stack import LOOPBACK, ROOT, free_port, wait_for

CONTAINERFILE = ROOT / "dashboard_app" / "Containerfile"
SECRETS = """
[auth]
redirect_uri = "https://analysts.example.com/oauth2callback"
cookie_secret = "0123456789abcdef0123456789abcdef"
client_id = "an-app"
client_secret = "not-a-secret"
server_metadata_url = "https://ledger.example.com/.well-known/openid-configuration"
[run_ledger]
api_url = "https://ledger.example.com/api"
"""


def _steps() -> dict[str, list[str]]:
    """Return what each kind of instruction says, in order, with continued lines joined."""
    steps: dict[str, list[str]] = {}
    for line in CONTAINERFILE.read_text("utf-8").replace("\\\n", " ").splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            steps.setdefault(name, []).append(rest.strip())
    return steps


def test_its_command_serves_from_what_it_copies(tmp_path: Path) -> None:
    """What is copied is enough: a server starts in a folder with nothing else, and is healthy."""
    steps = _steps()
    for copy in steps["COPY"]:
        source, target = copy.split()
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / "srv" / target)
    secrets_file = tmp_path / "secrets.toml"
    secrets_file.write_text(SECRETS, "utf-8")
    (environment,) = steps["ENV"]
    said = dict(one.split("=", 1) for one in shlex.split(environment))
    assert said["PYTHONPATH"] == steps["WORKDIR"][0]
    port = free_port()
    (command,) = steps["CMD"]
    told = " ".join(json.loads(command))
    for theirs, ours in (
        ("python ", f"{shlex.quote(sys.executable)} "),
        ("address=0.0.0.0", f"address={LOOPBACK}"),
        ("port=8501", f"port={port}"),
        ("/run/secrets/secrets.toml", shlex.quote(str(secrets_file))),
    ):
        assert theirs in told
        told = told.replace(theirs, ours, 1)

    with subprocess.Popen(
        shlex.split(told),
        cwd=tmp_path / "srv",
        env=os.environ | said | {"PYTHONPATH": str(tmp_path / "srv"), "HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            wait_for(f"a healthy server: {told}", lambda: _healthy(port), 90)
        finally:
            server.terminate()
            printed, _ = server.communicate(timeout=30)
    assert "Traceback" not in printed


def _healthy(port: int) -> bool:
    try:
        return requests.get(f"http://{LOOPBACK}:{port}/_stcore/health", timeout=5).text == "ok"
    except (requests.ConnectionError, requests.Timeout):
        return False


def test_it_installs_what_the_lock_pins() -> None:
    """With hashes, wheels alone, and nobody's root."""
    steps = _steps()
    (install,) = steps["RUN"]
    assert "infra/locks/dashboard.txt ." in steps["COPY"]
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} < set(shlex.split(install))
    assert install.endswith("-r dashboard.txt")
    (user,) = steps["USER"]
    assert int(user.split(":")[0]) > 0
