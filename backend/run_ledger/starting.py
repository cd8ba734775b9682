"""A start without garbage collections, which would find nothing.

Importing boto3 and making a client creates some hundred thousand objects that stay for good. The
collector walks over them again and again meanwhile, for about a sixth of the time that a start
takes. So handlers import this module before all that is large, and say when they have started.
"""

from __future__ import annotations

import gc
from functools import cache

_USUAL = gc.get_threshold()
# More objects than a start creates. A process that never says that it has started, as one that
# imports a handler for its tests, collects more seldom, and that is all.
_BEYOND_A_START = 1_000_000

gc.set_threshold(_BEYOND_A_START)


@cache
def finished() -> None:
    """Collect as usual from now on, but leave what there is: it stays as long as the process."""
    gc.freeze()
    gc.set_threshold(*_USUAL)
