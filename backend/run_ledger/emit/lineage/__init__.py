"""From the run events of OpenLineage to job events, without OpenLineage's own client.

`LineageAdapter` is the way in: it is given run events as JSON objects and returns job events. The
transport for OpenLineage's client and the command `run-ledger openlineage` both use it.
"""

from .facets import UnusableEvent, without_run
from .rules import JobTypes, LineageRules, Owner, read_rules
from .run_events import LineageAdapter

__all__ = [
    "JobTypes",
    "LineageAdapter",
    "LineageRules",
    "Owner",
    "UnusableEvent",
    "read_rules",
    "without_run",
]
