"""Where the spools may lie: the folders below which each bus gets one, and what is wrong with them.

Nothing here raises, whatever the system or the environment is like: where one folder can't be used,
another one is, and `SpoolPlaces.problem` says so.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import cast

from msgspec import Struct

from run_ledger.domain.exceptions import shown
from run_ledger.emit.identity import environment

_CHANGE = "Set RUN_LEDGER_SPOOL to a folder that this user may write to, or to off."


class SpoolPlaces(Struct, frozen=True):
    """The folders of all spools, the one to write to first."""

    roots: list[Path]
    """Empty where spooling is switched off, or no folder can be used."""
    problem: str | None = None
    """What is wrong with the folder that should be used, and what is used instead; None if it is
    fine."""


def spool_places(given: object = None) -> SpoolPlaces:
    """Return where spools lie.

    That is *given*, a path or ``"off"``, else ``RUN_LEDGER_SPOOL``, else the user's folder for
    state. Where that can't be used, it is a folder of the user's own among the temporary ones; so
    spools of earlier programs may lie there, too, unless a folder is named.
    """
    named = environment.value("SPOOL") if given is None or given == "" else given
    if named is not None and str(named).lower() == "off":
        return SpoolPlaces([])
    wanted, words = _wanted(named)
    if named is not None and wanted and _is_usable(wanted):
        return SpoolPlaces([wanted])
    temporary = _temporary()
    others = [temporary] if temporary and temporary != wanted else []
    if wanted and _is_usable(wanted):
        return SpoolPlaces([wanted, *others])
    if not others:
        text = f"{words} can't be used, nor can a temporary folder: what the bus does not take is"
        return SpoolPlaces([], f"{text} kept in memory alone. {_CHANGE}")
    if named is None and environment.is_lambda():
        return SpoolPlaces(others)  # where a temporary folder is all that there ever is
    return SpoolPlaces(
        others, f"{words} can't be used for events that wait: {others[0]} is used. {_CHANGE}"
    )


def _wanted(named: object) -> tuple[Path | None, str]:
    """Return the folder to use, and words for it; None where it can't be told which one it is."""
    try:
        if named is None:
            home = environment.state_home()
            if home.is_absolute():
                return home / "run-ledger" / "spool", f"the user's folder {home}"
            return None, "the user's home folder is not known, so it"
        text = os.fsdecode(cast("str", named))  # what is no path, it refuses
        folder = Path(os.path.expanduser(text)).absolute()  # noqa: PTH111
    except (OSError, TypeError, ValueError, RuntimeError):
        return None, f"the folder {shown(named)}"
    return folder, f"the folder {shown(text)}"


def _temporary() -> Path | None:
    """Return this user's own place among the temporary files; None where there can't be one."""
    try:
        folder = Path(tempfile.gettempdir()) / f"run-ledger-{_user()}" / "spool"
        is_stray = folder.parent.parent == Path.cwd()  # the last resort of `tempfile`
    except (OSError, ValueError):
        return None
    return folder if not is_stray and _is_usable(folder) else None


def _user() -> int:
    """Return the number of the user; 0 on a system without such numbers."""
    return os.geteuid() if hasattr(os, "geteuid") else 0


def _is_usable(folder: Path) -> bool:
    """Return whether *folder* is there, or can be made, and may be written to."""
    try:
        nearest = next((one for one in (folder, *folder.parents) if os.path.lexists(one)), None)
        return (
            "\0" not in str(folder)
            and nearest is not None
            and nearest.is_dir()
            and os.access(nearest, os.W_OK | os.X_OK)
        )
    except (OSError, ValueError):
        return False
