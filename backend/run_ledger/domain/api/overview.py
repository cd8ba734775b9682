"""What may be asked of ``/overview``: one client, or all that the caller may see."""

from __future__ import annotations

from typing import Any

from .parameters import Given, Parameter, check_names, identifier

_CLIENT_ID = identifier("client_id", "Only the figures of this client.")

OVERVIEW_PARAMETERS: tuple[Parameter[Any], ...] = (_CLIENT_ID,)


def overview_query(given: Given) -> str | None:
    """Return the client that the parameters of an overview name, None where they name none."""
    check_names(given, OVERVIEW_PARAMETERS)
    return _CLIENT_ID.of(given)
