"""Serve the local AWS behind the front: `python program.py EVENT_FILE ministack`.

It is run as a script, by the Python of the environment that has the local AWS. It finds our modules
by itself, since a PYTHONPATH would reach the functions, too.
"""

import asyncio
import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[3])  # in place of this script's own folder

from run_ledger_ops.local.aws import corrections  # noqa: E402 - found by the line above
from run_ledger_ops.local.aws.event_file import EventFile  # noqa: E402
from run_ledger_ops.local.aws.front import Front  # noqa: E402

_KEEP_ALIVE_SECONDS = 75.0
# Items are kept, so a collection finds little, and visits more of them the more there are.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main() -> None:
    """Serve until a signal says to stop, whereupon the local AWS saves its state."""
    event_file, name = sys.argv[1:]
    corrections.apply(name)
    application: Any = importlib.import_module(f"{name}.app").app
    serve: Any = importlib.import_module("hypercorn.asyncio").serve
    config: Any = importlib.import_module("hypercorn.config").Config()
    config.bind = [f"{os.environ['BIND_HOST']}:{os.environ['GATEWAY_PORT']}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.loglevel = os.environ["LOG_LEVEL"]
    front = Front(application, EventFile(Path(event_file)), os.environ["MINISTACK_REGION"])
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])
    asyncio.run(serve(front, config))


if __name__ == "__main__":
    main()
