"""A start without garbage collections, which would find nothing to collect.

Importing boto3 and making a client creates some hundred thousand objects that stay as long as the
process. Meanwhile the collector visits them again and again, for about a sixth of the time that a
start takes. So handlers import this module before any large one, and call `finished` at the end.
"""

from __future__ import annotations

import gc
from functools import cache

_USUAL = gc.get_threshold()
# More objects than a start creates. A process that never calls `finished`, such as a test that
# imports a handler, collects less often, and nothing else changes.
_BEYOND_A_START = 1_000_000

gc.set_threshold(_BEYOND_A_START)


@cache
def finished() -> None:
    """Collect as usual from now on, without the objects of the start, which stay anyway."""
    gc.freeze()
    gc.set_threshold(*_USUAL)
