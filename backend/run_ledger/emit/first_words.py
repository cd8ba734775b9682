"""What a program hears when it makes its first ledger: where its reports go, or that they don't.

It is logged once a process for each target. That nothing is reported is a warning, as is a bus that
nobody named; where a bus was named, it is an info, which Python shows only to those who ask for it,
and a person at a terminal sees it all the same.
"""

from __future__ import annotations

import logging
import sys

from run_ledger.emit.identity import environment
from run_ledger.emit.identity.environment import BusTarget
from run_ledger.emit.identity.local_stack import StackDocument

_log = logging.getLogger("run_ledger.emit.start")
_said: set[str] = set()


def say_where(target: BusTarget | None, stack: StackDocument | None, bus: object = None) -> None:
    """Log where reports go; once, and not in workers, whose parent has said it.

    *bus* is what the program named, which may say that nothing is to be reported.
    """
    if environment.is_worker():
        return
    if target is None:
        if not environment.is_off(bus):
            _say_once(
                logging.WARNING,
                "nothing is reported: no event bus is named. Set RUN_LEDGER_BUS, or "
                "RunLedger(bus=…), to the name of the ledger's bus; start a local stack in this "
                "folder with `make run`; or set RUN_LEDGER_BUS=off to switch this warning off",
            )
    elif stack is not None:
        shown = f" ({stack.site_url})" if stack.site_url else ""
        _say_once(
            logging.WARNING,
            f"reports go to the local stack that runs in this folder{shown}, as no event bus is "
            "named. Set RUN_LEDGER_BUS to the name of another bus, or to off",
        )
    else:
        region = f" in {target.region}" if target.region else ""
        there = f" at {target.endpoint_url}" if target.endpoint_url else ""
        level = logging.WARNING if _is_watched() else logging.INFO
        _say_once(
            level,
            f"reports go to the event bus {target.bus}{region}{there}; `run-ledger emit --check` "
            "says whether they arrive",
        )


def _say_once(level: int, words: str) -> None:
    if words not in _said:
        _said.add(words)
        _log.log(level, words)


def _is_watched() -> bool:
    """Return whether a person starts this program line by line."""
    return hasattr(sys, "ps1") or "ipykernel" in sys.modules
