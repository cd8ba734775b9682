"""Sources that are bound to a client: ``run-ledger/client/acme`` may report for acme alone.

Any other source may report for every client. IAM can bind a producer to a source, by the condition
key ``events:source`` of ``events:PutEvents`` (Amazon EventBridge User Guide, "Using IAM policy
conditions"). The writer then compares the source with the client that the event names, exactly.
"""

from __future__ import annotations

from run_ledger.domain.exceptions import InvalidEvent, shown

_PREFIX = "run-ledger/client/"


def bound_source(client_id: str) -> str:
    """Return the source that may report for one client alone."""
    return f"{_PREFIX}{client_id}"


def check_source(source: str, client_id: str) -> None:
    """Raise InvalidEvent where *source* is bound to another client than *client_id*."""
    if source.startswith(_PREFIX) and source != bound_source(client_id):
        raise InvalidEvent(
            "source_mismatch",
            field="detail.client_id",
            got=shown(client_id),
            allowed=f"{source.removeprefix(_PREFIX)!r} alone, as the event's source is {source!r}",
        )
