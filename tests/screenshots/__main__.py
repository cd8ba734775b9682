"""Take pictures of what people see: `python -m tests.screenshots [--folder FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.browser import launched

from . import dashboard, site

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "screenshots"


def main(arguments: Sequence[str] | None = None) -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(prog='make screenshots ARGS="…"', description="Take pictures.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they go")
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        site.take_all(browser, folder)
        dashboard.take_all(browser, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
