"""Take pictures of what people see: `python -m tests.screenshots [--only NAME…]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.site.browser import launched

from . import dashboard, site
from .album import Album

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "screenshots"
DESCRIPTION = """\
Take pictures of every view of the site and of the analysts' app, with made-up data, in chromium.
Their names say of what: site-overview-phone-dark, dashboard-trends-wide-light."""
EPILOG = """\
examples:
  make screenshots
  make screenshots ARGS="--only site-"
  make screenshots ARGS="--only site-job-phone site-*-print --folder pictures"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Take those that are asked for."""
    album = read(arguments)
    album.folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser:
        if album.wants_some("site-"):
            site.take_all(browser, album)
        if album.wants_some("dashboard-"):
            dashboard.take_all(browser, album)
    if not album.taken:
        print(f"No picture's name begins with {' or '.join(album.only)}.", file=sys.stderr)
        return 1
    print(f"{len(album.taken)} pictures are in {album.folder}")
    return 0


def read(arguments: Sequence[str] | None) -> Album:
    """Make the album that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog='make screenshots ARGS="…"',
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="those whose names begin so; * stands for anything",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they go")
    given = parser.parse_args(arguments)
    return Album(given.folder, given.only)


if __name__ == "__main__":
    sys.exit(main())
