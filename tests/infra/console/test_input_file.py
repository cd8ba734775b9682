"""A file that somebody names is read no further than files of its kind go."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from run_ledger_ops.clients import declaration
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.input_file import TooLarge, read_file


def test_the_limit_itself_is_allowed(tmp_path: Path) -> None:
    """A byte more is not."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")

    assert read_file(path, 5) == b"12345"
    with pytest.raises(TooLarge, match="larger than 4 bytes"):
        read_file(path, 4)


@pytest.mark.parametrize("name", ["/dev/zero", "sparse.yaml"])
def test_a_clients_file_without_end_costs_no_memory(tmp_path: Path, name: str) -> None:
    """A device, or a file of 100 GB of nothing, is refused within 300 MB of memory."""
    path = tmp_path / name  # an absolute name stays as it is
    if not path.exists():
        with path.open("wb") as file:
            file.truncate(100 * 1024**3)
    script = (
        "import resource, sys; from pathlib import Path\n"
        "resource.setrlimit(resource.RLIMIT_AS, (300 * 2**20, 300 * 2**20))\n"
        "from run_ledger_ops.clients import declaration\n"
        "try: declaration.read(Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    assert resource.getrlimit(resource.RLIMIT_AS)  # the platform has such a limit
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"OpsError {path} is larger than 4,194,304 bytes")


def test_a_large_clients_file_is_refused(tmp_path: Path) -> None:
    """With its limit."""
    path = tmp_path / "clients.yaml"
    path.write_bytes(b"#" * (4 * 1024**2 + 1))

    with pytest.raises(OpsError, match="larger than 4,194,304 bytes"):
        declaration.read(path)
